/* The room's tables: its verbs, and the event that a label was printed (L10). */
#include "base/cleanup.h"
#include "label/verbs.h"

static int apply_printed(struct db *db, const struct event *event, struct error *err) {
        return medium_apply_label(db, event->subject, "valid", json_int(event->data, "revision", 0), err);
}

static const struct event_type events[] = {
        { "label.printed", apply_printed },
};

int label_run_designs(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_free_ char *folder = act_path(act, NULL, "labels");
        _cleanup_json_ json_t *rows = json_array();
        char **names = NULL;
        int r = folder ? label_design_list(folder, &names, err) : fail_memory(err);

        (void) args;
        for (size_t i = 0; r == 0 && names[i]; i++) {
                _cleanup_(label_design_freep) struct label_design *design = NULL;
                double width = 0, height = 0;
                const char *name = "";
                int on_sheet = 0;

                r = label_design_load(folder, names[i], &design, err);
                if (r < 0)
                        break;
                label_design_describe(design, act->lang, &name, &width, &height, &on_sheet);
                /* Tenths of a millimetre as integers: no reals in answers. */
                if (json_array_append_new(rows,
                                          json_pack("{s:s, s:s, s:i, s:i, s:i}", "design", names[i], "name", name,
                                                    "width_tenths_mm", (int) (width * 10 + 0.5), "height_tenths_mm",
                                                    (int) (height * 10 + 0.5), "on_sheet", on_sheet)) < 0)
                        r = fail_memory(err);
        }
        label_names_free(names);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

static const struct term resolutions[] = {
        { "203", { "203 ppp", "203 dpi" } },
        { "300", { "300 ppp", "300 dpi" } },
        { "600", { "600 ppp", "600 dpi" } },
};

static const struct param print_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("soportes, por cualquiera de sus nombres", "media, by any of their names"), 0, 0, NULL, 0 },
        { "design", PARAM_NAME, 0, HELP("diseño (standard)", "design (standard)"), 0, 0, NULL, 0 },
        { "format", PARAM_TERM, 0,
          HELP("formato; si falta, el del nombre del fichero", "format; else the file name's"), 0, 0,
          label_format_terms, LABEL_FORMATS },
        { "dpi", PARAM_TERM, 0, HELP("resolución de la impresora (203)", "the printer's resolution (203)"), 0, 0,
          resolutions, COUNT(resolutions) },
        { "out", PARAM_OUTPUT, PARAM_REQUIRED | PARAM_REPEATED,
          HELP("fichero; varios salen de la misma revisión", "file; several are of one revision"), 0, 0, NULL, 0 },
        { "mono", PARAM_FLAG, 0, HELP("solo blanco y negro", "black and white only"), 0, 0, NULL, 0 },
        { "sheet", PARAM_FLAG, 0, HELP("en hojas A4 de pegatinas (PDF)", "on A4 sheets of stickers (PDF)"), 0, 0,
          NULL, 0 },
        { "first", PARAM_INT, 0, HELP("primera pegatina libre de la hoja", "first free sticker of the sheet"), 1,
          2500, NULL, 0 },
};

static const struct param scan_params[] = {
        { "text", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("texto leído", "scanned text"), 0, 400, NULL,
          0 },
        { "certificate", PARAM_INPUT, 0,
          HELP("certificado (PEM) de la estación que imprimió", "certificate (PEM) of the station that printed"), 0,
          0, NULL, 0 },
};

static const struct param verify_params[] = {
        { "text", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("texto leído", "scanned text"), 0, 400, NULL,
          0 },
        { "certificate", PARAM_INPUT, PARAM_REQUIRED,
          HELP("certificado (PEM) de la estación que imprimió", "certificate (PEM) of the station that printed"), 0,
          0, NULL, 0 },
};

static const struct column verify_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "signature", HELP("FIRMA", "SIGNATURE") },
        { "revision", HELP("REVISIÓN", "REVISION") },
        { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
        { "category", HELP("CATEGORÍA", "CATEGORY") },
        { "expires", HELP("CADUCIDAD", "EXPIRY") },
};

static const struct column print_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "revision", HELP("REVISIÓN", "REVISION") },
        { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
};

static const struct column designs_columns[] = {
        { "design", HELP("DISEÑO", "DESIGN") },
        { "name", HELP("NOMBRE", "NAME") },
        { "on_sheet", HELP("POR HOJA", "ON A SHEET") },
};

static const struct column scan_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },      { "how", HELP("HALLADO POR", "FOUND BY") },
        { "signature", HELP("FIRMA", "SIGNATURE") },  { "label", HELP("ETIQUETA", "LABEL") },
        { "revision", HELP("REVISIÓN", "REVISION") }, { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
        { "state", HELP("ESTADO", "STATE") },         { "location", HELP("UBICACIÓN", "LOCATION") },
};

static const struct verb verbs[] = {
        { .noun = "label",
          .name = "print",
          .roles = ROLE_ANY & ~(unsigned) ROLE_AUDITOR,
          .flags = VERB_WRITES,
          .help = HELP("Imprime la etiqueta de uno o varios soportes, con su código firmado y leído de vuelta",
                       "Prints the label of one or several media, its code signed and read back"),
          PARAMS(print_params),
          COLUMNS(print_columns),
          .run = label_run_print },
        { .noun = "label",
          .name = "designs",
          .roles = ROLE_ANY,
          .help = HELP("Enumera los diseños de etiqueta", "Lists the label designs"),
          COLUMNS(designs_columns),
          .run = label_run_designs },
        { .noun = "label",
          .name = "scan",
          .roles = ROLE_ANY,
          .help = HELP("Qué soporte es, si la firma vale y si la etiqueta es la vigente",
                       "Which medium it is, whether the signature holds and whether the label is the current one"),
          PARAMS(scan_params),
          COLUMNS(scan_columns),
          .run = label_run_scan },
        { .noun = "label",
          .name = "verify",
          .roles = ROLE_ANY,
          .flags = VERB_NO_STORE,
          .help = HELP(
                  "Comprueba la firma de una etiqueta sin almacén ni conexión, con el certificado de la estación",
                  "Checks a label's signature without a store or a connection, with the station's certificate"),
          PARAMS(verify_params),
          COLUMNS(verify_columns),
          .run = label_run_verify },
};

const struct room label_room = {
        .verbs = verbs, .verbs_n = COUNT(verbs), .events = events, .events_n = COUNT(events)
};
