#include "policy/labelling.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/families.h"

static const struct rule rules[] = {
        { "L1",
          "mp.si.1",
          { "Todo soporte lleva identificador, fechas, propietario, clasificación, categoría, tipo y conservación.",
            "Every medium has an ID, dates, an owner, a classification, a category, a kind and a retention "
            "period." },
          { "Complete el dato que falta y repita la orden.",
            "Supply what is missing and run the command again." } },
        { "L2",
          "mp.si.1",
          { "Una etiqueta sin lo que su categoría exige no se imprime.",
            "A label that lacks what its category demands is not printed." },
          { "Registre el dato que falta con «media register» y vuelva a imprimir.",
            "Record what is missing with “media register” and print again." } },
        { "L3",
          "mp.si.1",
          { "La clasificación se marca con color, palabra, letra y trama.",
            "Classification is marked by colour, word, letter and pattern." },
          { "Use un diseño con una banda [band].", "Use a design that has a [band]." } },
        { "L4",
          "mp.si.1, RGPD 9",
          { "Los datos de salud se clasifican al menos CONFIDENCIAL; rebajar una clasificación exige al "
            "propietario y un motivo.",
            "Health data are classified CONFIDENCIAL at least; lowering a classification needs the information "
            "owner and a reason." },
          { "Clasifique el soporte CONFIDENCIAL o SECRETO.", "Classify the medium CONFIDENCIAL or SECRETO." } },
        { "L5",
          "mp.si.1",
          { "Lo que identifica a un soporte cabe entero en su etiqueta.",
            "What identifies a medium fits on its label whole." },
          { "Elija un diseño mayor con «--design», o amplíe el elemento en el diseño.",
            "Choose a larger design with “--design”, or enlarge the element in the design." } },
        { "L6",
          "mp.si.1",
          { "Todo QR se lee de vuelta antes de imprimirse, con módulos de al menos 3 puntos.",
            "Every QR is read back before it is printed, with modules of 3 dots at least." },
          { "Elija un diseño con un QR mayor o una resolución más alta.",
            "Choose a design with a larger QR or a higher resolution." } },
        { "L10",
          "mp.si.1",
          { "Un cambio de clasificación, propietario o caducidad anula la etiqueta impresa; la que se borra con el "
            "tiempo se renueva en plazo.",
            "A changed classification, owner or expiry makes the printed label void; one that fades is renewed in "
            "time." },
          { "Imprima y pegue una etiqueta nueva con «label print» y destruya la antigua.",
            "Print and stick a new label with “label print” and destroy the old one." } },
};

const struct rule_family labelling_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term label_item_terms[LABEL_ITEMS] = {
        [LABEL_ID] = { "id", { "el identificador", "the ID" } },
        [LABEL_CREATED] = { "created", { "la fecha de alta", "the creation date" } },
        [LABEL_OWNER] = { "owner", { "el propietario", "the owner" } },
        [LABEL_CLASSIFICATION] = { "classification", { "la clasificación", "the classification" } },
        [LABEL_QR] = { "qr", { "el código QR o de barras", "the QR code or barcode" } },
        [LABEL_EXPIRES] = { "expires", { "la fecha de caducidad", "the expiry date" } },
        [LABEL_EPC] = { "epc", { "el EPC de RFID", "the RFID EPC" } },
        [LABEL_TAMPER] = { "tamper", { "el número del indicador de manipulación", "the tamper-indicator number" } },
        [LABEL_SIGNATURE] = { "signature", { "la firma digital", "the digital signature" } },
};

unsigned labelling_demands(enum category category) {
        static const unsigned basica = 1U << LABEL_ID | 1U << LABEL_CREATED | 1U << LABEL_OWNER,
                              media = 1U << LABEL_CLASSIFICATION | 1U << LABEL_QR | 1U << LABEL_EXPIRES,
                              alta = 1U << LABEL_EPC | 1U << LABEL_TAMPER | 1U << LABEL_SIGNATURE;

        return basica | (category >= CATEGORY_MEDIA ? media : 0) | (category >= CATEGORY_ALTA ? alta : 0);
}

void labelling_list(unsigned items, enum lang lang, char *out, size_t size) {
        size_t used = 0;

        out[0] = '\0';
        for (unsigned i = 0; i < LABEL_ITEMS && used < size; i++)
                if (items & 1U << i)
                        used += (size_t) snprintf(out + used, size - used, "%s%s", used ? ", " : "",
                                                  text_in(label_item_terms[i].name, lang));
        utf8_trim(out);
}

int labelling_judge(const char *id, enum category category, const char *design, unsigned known, unsigned shown,
                    struct error *err) {
        unsigned demanded = labelling_demands(category), lacks = demanded & ~known, hides = demanded & ~shown;
        char es[256], en[256];

        if (lacks) {
                labelling_list(lacks, LANG_ES, es, sizeof es);
                labelling_list(lacks, LANG_EN, en, sizeof en);
                return refuse(err, ERR_REFUSED, "L2", "A %s (categoría %s) le falta: %s%.0s.",
                              "%s (category %s) lacks: %.0s%s.", id, category_terms[category].name.es, es, en);
        }
        if (!hides)
                return 0;
        labelling_list(hides, LANG_ES, es, sizeof es);
        labelling_list(hides, LANG_EN, en, sizeof en);
        (void) refuse(err, ERR_REFUSED, "L2", "El diseño «%s» no muestra entero en %s: %s%.0s.",
                      "Design “%s” does not show whole on %s: %.0s%s.", design, id, es, en);
        return hint(err, "Elija otro diseño con «--design» («label designs» los enumera).",
                    "Choose another design with “--design” (“label designs” lists them).");
}

const struct classification_guide classification_guides[CLASSIFICATIONS] = {
        [CLASS_PUBLICO] = { { "verde", "green" },
                            { "Sin restricciones de acceso.", "No restriction of access." },
                            { "Material promocional, información general.", "Promotional material, general "
                                                                            "information." },
                            { "No lo pierda; bórrelo antes de reutilizarlo.",
                              "Do not lose it; wipe it before it is "
                              "used again." } },
        [CLASS_INTERNO] = { { "amarillo", "yellow" },
                            { "Uso interno de la organización.", "Internal use by the organisation." },
                            { "Procedimientos, configuraciones, documentación técnica.",
                              "Procedures, configurations, technical documentation." },
                            { "No sale del centro sin autorización.",
                              "It does not leave without authorisation." } },
        [CLASS_CONFIDENCIAL] = { { "naranja", "orange" },
                                 { "Datos de salud protegidos.", "Protected health data." },
                                 { "Imágenes médicas, diagnósticos, tratamientos.", "Medical images, diagnoses, "
                                                                                    "treatments." },
                                 { "Siempre cifrado; préstamo y envío, registrados.",
                                   "Always encrypted; loans and shipments on record." } },
        [CLASS_SECRETO] = { { "rojo", "red" },
                            { "Información extremadamente sensible.", "Extremely sensitive information." },
                            { "Datos genéticos, historiales psiquiátricos completos.",
                              "Genetic data, whole psychiatric records." },
                            { "Siempre cifrado y precintado; acceso de los autorizados por nombre.",
                              "Always encrypted and sealed; access by those authorised by name." } },
};

const struct term label_process_terms[LABEL_PROCESSES] = {
        [PROCESS_THERMAL] = { "direct-thermal", { "térmica directa", "direct thermal" } },
        [PROCESS_TRANSFER] = { "thermal-transfer", { "transferencia térmica", "thermal transfer" } },
        [PROCESS_LASER] = { "laser", { "láser", "laser" } },
        [PROCESS_INKJET] = { "inkjet", { "chorro de tinta", "inkjet" } },
};

int labelling_life(enum label_process process) {
        static const int days[LABEL_PROCESSES] = {
                [PROCESS_THERMAL] = 365,
                [PROCESS_TRANSFER] = 5 * 365,
                [PROCESS_LASER] = 5 * 365,
                [PROCESS_INKJET] = 2 * 365,
        };

        return days[process];
}

const struct classification_mark classification_marks[CLASSIFICATIONS] = {
        [CLASS_PUBLICO] = { 0.16, 0.62, 0.28, "P", SHAPE_CIRCLE, PATTERN_EMPTY },
        [CLASS_INTERNO] = { 1.00, 0.84, 0.00, "I", SHAPE_SQUARE, PATTERN_DOTS },
        [CLASS_CONFIDENCIAL] = { 0.96, 0.51, 0.12, "C", SHAPE_DIAMOND, PATTERN_STRIPES },
        [CLASS_SECRETO] = { 0.83, 0.10, 0.13, "S", SHAPE_OCTAGON, PATTERN_SOLID },
};
