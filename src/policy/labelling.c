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
        { "L4",
          "mp.si.1, RGPD 9",
          { "Los datos de salud se clasifican al menos CONFIDENCIAL; rebajar una clasificación exige al "
            "propietario y un motivo.",
            "Health data are classified CONFIDENCIAL at least; lowering a classification needs the information "
            "owner and a reason." },
          { "Clasifique el soporte CONFIDENCIAL o SECRETO.", "Classify the medium CONFIDENCIAL or SECRETO." } },
};

const struct rule_family labelling_rules = { rules, sizeof rules / sizeof rules[0] };
