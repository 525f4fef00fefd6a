/* The room's table of verbs. */
#include "base/cleanup.h"
#include "label/label_job.h"
#include "label/verbs.h"

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

static const struct param print_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("soportes, por cualquiera de sus nombres", "media, by any of their names"), 0, 0, NULL, 0 },
        { "design", PARAM_NAME, 0, HELP("diseño (standard)", "design (standard)"), 0, 0, NULL, 0 },
        LABEL_JOB_PARAMS,
};

static const struct param reprint_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("soportes, por cualquiera de sus nombres", "media, by any of their names"), 0, 0, NULL, 0 },
        { "reason", PARAM_TEXT, 0, HELP("por qué se repite", "why it is repeated"), 0, 200, NULL, 0 },
        { "design", PARAM_NAME, 0, HELP("diseño (el que tenía)", "design (the one it had)"), 0, 0, NULL, 0 },
        LABEL_JOB_PARAMS,
};

static const struct param preprint_params[] = {
        { "count", PARAM_INT, PARAM_REQUIRED, HELP("cuántos códigos", "how many codes"), 1, 5000, NULL, 0 },
        { "again", PARAM_TEXT, 0,
          HELP("repite códigos reservados, desde este", "repeats reserved codes, from this one on"), 0, 160, NULL,
          0 },
        { "design", PARAM_NAME, 0, HELP("diseño (blank)", "design (blank)"), 0, 0, NULL, 0 },
        LABEL_JOB_PARAMS,
};

static const struct param void_params[] = {
        { "medium", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("soporte, por cualquiera de sus nombres, o código reservado",
               "medium, by any of its names, or a reserved code"),
          0, 400, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};

static const struct param due_params[] = {
        { "days", PARAM_INT, 0,
          HELP("también las que vencen en tantos días (30)", "also those due within so many days (30)"), 0, 3650,
          NULL, 0 },
        { "after", PARAM_TEXT, 0, HELP("desde el siguiente a este identificador", "from the one after this ID"), 0,
          15, NULL, 0 },
        { "limit", PARAM_INT, 0, HELP("cuántas, 200 si no se dice", "how many, 200 unless said"), 1, 1000, NULL,
          0 },
};

static const struct param legend_params[] = {
        { "out", PARAM_OUTPUT, PARAM_REQUIRED, HELP("fichero PDF", "PDF file"), 0, 0, NULL, 0 },
};

static const struct param calibrate_params[] = {
        { "stock", PARAM_TEXT, PARAM_REQUIRED, HELP("hoja de pegatinas", "sheet of stickers"), 0, 40, NULL, 0 },
        { "out", PARAM_OUTPUT, PARAM_REQUIRED, HELP("fichero PDF", "PDF file"), 0, 0, NULL, 0 },
        { "offset", PARAM_TEXT, 0, HELP("X,Y en mm, para comprobarlo", "X,Y in mm, to check it"), 0, 20, NULL, 0 },
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

static const struct term signature_terms[] = {
        { "valid", { "válida", "valid" } },
        { "absent", { "sin firma", "not signed" } },
};
/* What is scanned against the registry, and why a label is due. */
static const struct term standing_terms[] = {
        { "current", { "vigente", "current" } },
        { "void", { "anulada", "void" } },
        { "unsent", { "sin confirmar", "not confirmed" } },
        { "superseded", { "anterior", "superseded" } },
        { "unknown", { "no consta", "not on record" } },
        { "unsigned", { "no lo dice", "does not say" } },
};
static const struct term cause_terms[] = {
        { "none", { "sin etiqueta", "no label" } },
        { "void", { "anulada", "void" } },
        { "unsent", { "sin confirmar", "not confirmed" } },
        { "fading", { "caduca", "fading" } },
};
static const struct term queue_terms[] = {
        { "queued", { "en cola", "queued" } },
        { "completed", { "impresa", "printed" } },
        { "aborted", { "abortada", "aborted" } },
        { "taken", { "recibida", "taken" } },
};
static const struct column verify_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "signature", CODES("FIRMA", "SIGNATURE", signature_terms) },
        { "revision", HELP("REVISIÓN", "REVISION") },
        { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
        { "category", HELP("CATEGORÍA", "CATEGORY") },
        { "expires", HELP("CADUCIDAD", "EXPIRY") },
};

static const struct column print_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "revision", HELP("REVISIÓN", "REVISION") },
        { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
        { "copies", HELP("COPIAS", "COPIES") },
        { "renew", HELP("RENOVAR", "RENEW") },
        { "job", HELP("TRABAJO", "JOB") },
        { "job_state", CODES("COLA", "QUEUE", queue_terms) },
};

static const struct column preprint_columns[] = { { "code", HELP("CÓDIGO", "CODE") } };

static const struct column void_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "label_state", CODES("ETIQUETA", "LABEL", medium_label_terms) },
};

static const struct column due_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "cause", CODES("CAUSA", "CAUSE", cause_terms) },
        { "renew", HELP("RENOVAR", "RENEW") },
        { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
        { "location", HELP("UBICACIÓN", "LOCATION") },
        { "printer", HELP("IMPRESORA", "PRINTER") },
        { "problem", HELP("PROBLEMA", "PROBLEM") },
};

static const struct column sheets_columns[] = {
        { "stock", HELP("HOJA", "SHEET") },
        { "name", HELP("NOMBRE", "NAME") },
        { "on_sheet", HELP("POR HOJA", "ON A SHEET") },
};

static const struct column file_columns[] = { { "file", HELP("FICHERO", "FILE") } };

static const struct column designs_columns[] = {
        { "design", HELP("DISEÑO", "DESIGN") },
        { "name", HELP("NOMBRE", "NAME") },
        { "on_sheet", HELP("POR HOJA", "ON A SHEET") },
};

static const struct column scan_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "how", CODES("HALLADO POR", "FOUND BY", medium_name_terms) },
        { "signature", CODES("FIRMA", "SIGNATURE", signature_terms) },
        { "label", CODES("ETIQUETA", "LABEL", standing_terms) },
        { "revision", HELP("REVISIÓN", "REVISION") },
        { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
        { "state", CODES("ESTADO", "STATE", medium_state_terms) },
        { "location", HELP("UBICACIÓN", "LOCATION") },
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
          .name = "reprint",
          .roles = ROLE_ANY & ~(unsigned) ROLE_AUDITOR,
          .flags = VERB_WRITES,
          .help = HELP("Repite la etiqueta vigente, o la que no llegó a salir, con el mismo código",
                       "Repeats the current label, or one that did not come out, with the same code"),
          PARAMS(reprint_params),
          COLUMNS(print_columns),
          .run = label_run_reprint },
        { .noun = "label",
          .name = "void",
          .roles = ROLE_OWNER | ROLE_CUSTODIAN | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Anula una etiqueta perdida o estropeada, o un código reservado",
                       "Makes a lost or spoilt label void, or a reserved code"),
          PARAMS(void_params),
          COLUMNS(void_columns),
          .run = label_run_void },
        { .noun = "label",
          .name = "due",
          .roles = ROLE_ANY,
          .help = HELP("Qué etiquetas hay que imprimir: nunca impresas, anuladas, sin salir o que se borran",
                       "Which labels have to be printed: never printed, void, not come out, or fading"),
          PARAMS(due_params),
          COLUMNS(due_columns),
          .run = label_run_due },
        { .noun = "label",
          .name = "sheets",
          .roles = ROLE_ANY,
          .help = HELP("Enumera las hojas de pegatinas", "Lists the sheets of stickers"),
          COLUMNS(sheets_columns),
          .run = label_run_sheets },
        { .noun = "label",
          .name = "calibrate",
          .roles = ROLE_ANY,
          .help = HELP("Página para ver cuánto se desvía la impresora de una hoja de pegatinas",
                       "A page that shows how far the printer misses a sheet of stickers"),
          PARAMS(calibrate_params),
          COLUMNS(file_columns),
          .run = label_run_calibrate },
        { .noun = "label",
          .name = "legend",
          .roles = ROLE_ANY,
          .help = HELP("Hoja para el tablón: cómo se lee una etiqueta",
                       "A sheet for the wall: how to read a label"),
          PARAMS(legend_params),
          COLUMNS(file_columns),
          .run = label_run_legend },
        { .noun = "media",
          .name = "preprint",
          .roles = ROLE_CUSTODIAN | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Reserva códigos y los imprime antes de que lleguen sus soportes",
                       "Reserves codes and prints them before their media come"),
          PARAMS(preprint_params),
          COLUMNS(preprint_columns),
          .run = label_run_preprint },
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

const struct room label_room = { .schema = &label_schema,
                                 .verbs = verbs,
                                 .verbs_n = COUNT(verbs),
                                 .events = label_events,
                                 .events_n = LABEL_EVENTS };
