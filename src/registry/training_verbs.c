/* `person train`, `person training`, `report awareness` (A3). */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "base/str.h"
#include "print/form.h"
#include "registry/person.h"
#include "registry/training.h"

/* --- a course ---------------------------------------------------------------------------------------------- */

static int judge_days(const char *day, const char *today, const char *wanted, struct error *err) {
        if (strcmp(day, today) > 0)
                return fail(err, ERR_USAGE, "El curso del %s aún no se ha dado.",
                            "The course of %s has not been held yet.", day);
        if (wanted && strcmp(wanted, day) < 0)
                return fail(err, ERR_USAGE, "Un curso del %s no puede acabar el %s.",
                            "A course of %s can't end on %s.", day, wanted);
        return 0;
}

static int run_train(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *code = json_text(args, "training"), *wanted = json_text(args, "until");
        enum training training = code ? (enum training) term_parse(training_terms, TRAININGS, code)
                                      : TRAINING_GENERAL;
        const char *name = json_text(args, "name"), *day = json_text(args, "day");
        char today[DATE_TEXT], until[DATE_TEXT];
        _cleanup_json_ json_t *data = NULL;
        int r;

        date_of(act_now(act), today);
        if (!day)
                day = today;
        r = judge_days(day, today, wanted, err);
        if (r < 0)
                return r;
        training_until(training, day, wanted, until);
        data = json_pack("{s:s, s:s, s:s, s:s, s:I}", "course", json_text(args, "course"), "training",
                         training_terms[training].code, "day", day, "until", until, "hours",
                         json_int(args, "hours", training_demands[training].hours));
        r = data ? act_record_one(act, "person.trained", name, data, err) : fail_memory(err);
        if (r < 0)
                return r;
        act_say(act, "%s: %lld h que cuentan hasta el %s.", "%s: %lld h that count until %s.", name,
                (long long) json_int(data, "hours", 0), until);
        *ret = json_pack("{s:s, s:s, s:I, s:s, s:s}", "name", name, "training", training_terms[training].code,
                         "hours", (json_int_t) json_int(data, "hours", 0), "day", day, "until", until);
        return *ret ? 0 : fail_memory(err);
}

/* --- the register ------------------------------------------------------------------------------------------ */

struct listing {
        struct act *act;
        json_t *rows;
};

static int add(void *context, const char *name, unsigned roles, enum training training,
               const struct training_result *result) {
        const struct listing *listing = context;
        const struct training_demand *demand = &training_demands[training];
        const struct term *standing = &training_standing_terms[result->standing];
        _cleanup_person_ struct person person = { 0 };
        char text[64], es[ROLES_TEXT], en[ROLES_TEXT];
        json_t *row;

        if (person_load(listing->act->db, name, &person, NULL) < 0)
                return 0;
        roles_format(roles, text);
        roles_named(roles, LANG_ES, es);
        roles_named(roles, LANG_EN, en);
        row = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}}",
                "name", name, "full_name", person.full_name, "roles", text, "training",
                training_terms[training].code, "training_text", text_in(demand->content, listing->act->lang),
                "hours", (json_int_t) result->hours, "wanted", (json_int_t) demand->hours, "months",
                (json_int_t) demand->months, "until", result->until, "standing", standing->code, "content", "es",
                demand->content.es, "en", demand->content.en, "standing_text", "es", standing->name.es, "en",
                standing->name.en, "roles_text", "es", es, "en", en);
        return json_array_append_new(listing->rows, row) < 0 ? ERR_FAILED : 0;
}

static json_t *form_head(struct act *act, const char *number) {
        _cleanup_person_ struct person person = { 0 };

        if (person_load(act->db, act->person, &person, NULL) < 0)
                return NULL;
        return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "number", number, "organisation", act->organisation,
                         "site", act->site, "station", act->station, "issued", (json_int_t) act_now(act),
                         "issued_by", person.full_name);
}

static int read_register(struct act *act, const json_t *args, struct report *report, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        struct listing listing = { act, rows };
        int r = rows ? training_each(act, json_text(args, "name"), add, &listing, err) : fail_memory(err);

        if (r < 0)
                return r;
        report->data = form_head(act, report->number);
        report->answer = json_pack("{s:O}", "rows", rows);
        (void) snprintf(report->es, sizeof report->es, "Registro de formación");
        (void) snprintf(report->en, sizeof report->en, "Training register");
        return report->data && report->answer && json_object_set(report->data, "trainings", rows) == 0
                       ? 0
                       : fail_memory(err);
}

static int run_training(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_report_ struct report report = { .form = "training-register", .lang = act->lang };
        int r = report_make(act, args, read_register, &report, err);

        if (r == 0)
                *ret = TAKE_PTR(report.answer);
        return r;
}

/* --- awareness --------------------------------------------------------------------------------------------- */

/* Their text is that of forms/ID.ini, for an organisation to edit. */
static const struct term sheet_terms[] = {
        { "awareness-classification", { "guía rápida de clasificación", "quick classification guide" } },
        { "awareness-transport", { "lista de comprobación de transporte", "transport checklist" } },
        { "awareness-reminder", { "recordatorio para la pared", "reminder for the wall" } },
};

/* The four levels as the source document describes them. */
static json_t *levels(void) {
        static const struct {
                struct text colour, what, example;
        } rows[CLASSIFICATIONS] = {
                [CLASS_PUBLICO] = { { "Verde", "Green" },
                                    { "Sin restricciones de acceso", "Open to anybody" },
                                    { "Material promocional, información general",
                                      "Promotional material, general information" } },
                [CLASS_INTERNO] = { { "Amarillo", "Yellow" },
                                    { "Uso interno de la organización", "For use inside the organisation" },
                                    { "Procedimientos, configuraciones, documentación técnica",
                                      "Procedures, configurations, technical documents" } },
                [CLASS_CONFIDENCIAL] = { { "Naranja", "Orange" },
                                         { "Datos de salud protegidos", "Protected health data" },
                                         { "Imágenes médicas, diagnósticos, tratamientos",
                                           "Medical images, diagnoses, treatments" } },
                [CLASS_SECRETO] = { { "Rojo", "Red" },
                                    { "Información extremadamente sensible", "Extremely sensitive information" },
                                    { "Datos genéticos, historiales psiquiátricos completos",
                                      "Genetic data, whole psychiatric histories" } },
        };
        json_t *list = json_array();

        for (int c = CLASSIFICATIONS; c-- > 0;)
                (void) json_array_append_new(
                        list,
                        json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}}", "code",
                                  classification_terms[c].code, "level", "es", classification_terms[c].name.es,
                                  "en", classification_terms[c].name.en, "colour", "es", rows[c].colour.es, "en",
                                  rows[c].colour.en, "what", "es", rows[c].what.es, "en", rows[c].what.en,
                                  "example", "es", rows[c].example.es, "en", rows[c].example.en));
        return list;
}

static int run_awareness(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *sheet = json_text(args, "sheet"), *out = json_text(args, "pdf");
        _cleanup_free_ char *forms = act_path(act, NULL, "forms");
        _cleanup_json_ json_t *data = form_head(act, "");
        int r = forms && data && json_object_set_new(data, "levels", levels()) == 0 &&
                                json_object_set_new(data, "always", json_true()) == 0
                        ? 0
                        : fail_memory(err);

        if (r == 0 && !act->dry_run)
                r = form_to_pdf(forms, sheet, act->lang, data, out, err);
        if (r == 0)
                *ret = json_pack("{s:s, s:s}", "sheet", sheet, "pdf", out);
        return r;
}

/* --- the table --------------------------------------------------------------------------------------------- */

static const struct param train_params[] = {
        { "name", PARAM_PERSON, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("persona", "person"), 0, 0, NULL, 0 },
        { "course", PARAM_TEXT, PARAM_REQUIRED, HELP("curso", "course"), 0, 100, NULL, 0 },
        { "training", PARAM_TERM, 0,
          HELP("a qué formación cuenta (general)", "which training it counts for (general)"), 0, 0, training_terms,
          TRAININGS },
        { "hours", PARAM_INT, 0,
          HELP("horas (las que pide esa formación)", "hours (those that the training wants)"), 1, 1000, NULL, 0 },
        { "day", PARAM_DATE, 0, HELP("día en que se dio (hoy)", "day on which it was held (today)"), 0, 0, NULL,
          0 },
        { "until", PARAM_DATE, 0,
          HELP("deja de contar ese día, si es antes de lo que dice la norma",
               "stops counting on that day, if sooner than the rule says"),
          0, 0, NULL, 0 },
};
static const struct param training_params[] = {
        { "name", PARAM_PERSON, PARAM_POSITIONAL, HELP("solo esta persona", "this person only"), 0, 0, NULL, 0 },
        REPORT_PARAMS,
};
static const struct param awareness_params[] = {
        { "sheet", PARAM_TERM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("hoja", "sheet"), 0, 0, sheet_terms,
          COUNT(sheet_terms) },
        { "pdf", PARAM_OUTPUT, PARAM_REQUIRED, HELP("fichero PDF", "PDF file"), 0, 0, NULL, 0 },
};
static const struct column training_columns[] = {
        { "name", HELP("PERSONA", "PERSON") },
        { "training", CODES("FORMACIÓN", "TRAINING", training_terms) },
        { "training_text", HELP("CONTENIDO", "CONTENT") },
        { "hours", HELP("HORAS", "HOURS") },
        { "wanted", HELP("DE", "OF") },
        { "months", HELP("EN MESES", "IN MONTHS") },
        { "until", HELP("HASTA", "UNTIL") },
        { "standing", CODES("ESTADO", "STANDING", training_standing_terms) },
};

enum { STAFF = ROLE_OWNER | ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY };

static const struct verb verbs[] = {
        { "person", "train", ROLE_SECURITY, VERB_WRITES, HELP("Anota una formación", "Records a training"),
          PARAMS(train_params), .run = run_train },
        { "person", "training", STAFF | ROLE_AUDITOR, VERB_WRITES | VERB_BULK,
          HELP("Quién tiene qué formación, y hasta cuándo (A3)", "Who has which training, and until when (A3)"),
          PARAMS(training_params), COLUMNS(training_columns), .run = run_training },
        { "report", "awareness", ROLE_ANY, VERB_READS,
          HELP("Hoja de concienciación para imprimir (A3)", "Awareness sheet to be printed (A3)"),
          PARAMS(awareness_params), .run = run_awareness },
};

const struct room training_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
