#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "device/gate.h"
#include "sanitize/batch.h"
#include "sanitize/house.h"
#include "sanitize/job.h"
#include "sanitize/look.h"
#include "sanitize/offers.h"
#include "sanitize/validate.h"

static const struct param plan_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "device", PARAM_DEVICE, 0, HELP("dispositivo en que está puesto", "device that it is plugged in as"), 0,
          0, NULL, 0 },
};
static const struct param run_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "device", PARAM_DEVICE, PARAM_REQUIRED,
          HELP("dispositivo en que está puesto", "device that it is plugged in as"), 0, 0, NULL, 0 },
        { "method", PARAM_TERM, 0, HELP("método; sin él, el de la matriz", "method; by default the matrix's"), 0, 0,
          scheme_terms, SCHEMES },
        { "pattern", PARAM_NAME, 0,
          HELP("patrón de sobrescritura de la casa", "one of the house's own overwriting patterns"), 0, 0, NULL,
          0 },
        { "verify", PARAM_TERM, 0,
          HELP("cuánto se relee al final; sin decirlo, todo", "how much is read back at the end; by default all"),
          0, 0, verify_kind_terms, VERIFY_KINDS },
        { "confirm", PARAM_TEXT, 0, HELP("identificador del soporte, tecleado", "the medium's ID, typed"), 0, 40,
          NULL, 0 },
};
static const struct param resume_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "device", PARAM_DEVICE, PARAM_REQUIRED,
          HELP("dispositivo en que está puesto", "device that it is plugged in as"), 0, 0, NULL, 0 },
        { "confirm", PARAM_TEXT, 0, HELP("identificador del soporte, tecleado", "the medium's ID, typed"), 0, 40,
          NULL, 0 },
};
static const struct param verify_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "device", PARAM_DEVICE, 0, HELP("dispositivo en que está puesto", "device that it is plugged in as"), 0,
          0, NULL, 0 },
        { "verify", PARAM_TERM, 0, HELP("cuánto se relee; sin decirlo, todo", "how much is read; by default all"),
          0, 0, verify_kind_terms, VERIFY_KINDS },
        { "import", PARAM_INPUT, 0,
          HELP("en vez de leer: resultado de mpsi-verify-wipe", "instead of reading: a result of mpsi-verify-wipe"),
          0, 0, NULL, 0 },
};
static const struct param validate_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "decision", PARAM_TERM, PARAM_REQUIRED, HELP("qué se decide", "what is decided"), 0, 0, validation_terms,
          VALIDATIONS },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct param due_params[] = {
        { "all", PARAM_FLAG, 0, HELP("también los que no tocan", "those that are not due too"), 0, 0, NULL, 0 },
};
static const struct param show_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "out", PARAM_OUTPUT, 0,
          HELP("fichero JSON, también para mpsi-verify-wipe", "JSON file, for mpsi-verify-wipe as well"), 0, 0,
          NULL, 0 },
};
static const struct param status_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_POSITIONAL, HELP("soporte; sin él, todos", "medium; by default all"), 0, 0,
          NULL, 0 },
};
static const struct param cancel_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct param batch_params[] = {
        { "media", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("SOPORTE=DISPOSITIVO, o uno de los dos", "MEDIUM=DEVICE, or one of the two"), 0, 1000, NULL, 0 },
        { "method", PARAM_TERM, 0,
          HELP("método de todos; sin él, el de la matriz", "method of all; by default the matrix's"), 0, 0,
          scheme_terms, SCHEMES },
        { "pattern", PARAM_NAME, 0,
          HELP("patrón de sobrescritura de la casa", "one of the house's own overwriting patterns"), 0, 0, NULL,
          0 },
        { "confirm", PARAM_TEXT, PARAM_REPEATED,
          HELP("identificador de uno de los soportes, tecleado", "the ID of one of the media, typed"), 0, 40, NULL,
          0 },
        { "confirm-file", PARAM_INPUT, 0,
          HELP("fichero con los identificadores, uno por línea", "file with the IDs, one a line"), 0, 0, NULL, 0 },
        { "at-once", PARAM_INT, 0, HELP("cuántos a la vez; los demás esperan", "how many at once; the others wait"),
          1, 256, NULL, 0 },
        { "resume", PARAM_FLAG, 0, HELP("sigue borrados a medias", "goes on with unfinished wipes"), 0, 0, NULL,
          0 },
};
static const struct param pattern_params[] = {
        { "name", PARAM_NAME, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("nombre del patrón", "the pattern's name"), 0,
          0, NULL, 0 },
        { "passes", PARAM_TEXT, 0,
          HELP("pasadas, en orden: dos cifras hexadecimales, random, complement o verify",
               "passes, in order: two hexadecimal digits, random, complement or verify"),
          0, 400, NULL, 0 },
        { "retire", PARAM_FLAG, 0, HELP("ya no se usa", "it is used no more"), 0, 0, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct param rack_params[] = {
        { "hours", PARAM_INT, 0, HELP("terminados en las últimas horas (12)", "ended in the last hours (12)"), 0,
          720, NULL, 0 },
        { "once", PARAM_FLAG, 0, HELP("una sola vez, sin pantalla", "only once, without a screen"), 0, 0, NULL, 0 },
};

static const struct term reading_terms[] = {
        { "full", { "completa", "full" } },
        { "sample", { "por muestreo", "sampled" } },
        { "header", { "de la cabecera", "of the header" } },
        { "markers", { "de las marcas", "of the markers" } },
};
/* Or who did it. */
static const struct term second_terms[] = { { "due", { "pendiente", "due" } } };
static const struct column plan_columns[] = {
        { "method", HELP("Método", "Method") },
        { "name", HELP("Nombre", "Name") },
        { "accepted", HELP("Aceptado", "Accepted") },
        { "preferred", HELP("De la matriz", "Matrix's") },
        { "level", CODES("Nivel", "Level", sanitize_level_terms) },
        { "steps", HELP("Técnicas", "Techniques") },
        { "bytes", HELP("Bytes", "Bytes") },
        { "seconds", HELP("Segundos", "Seconds") },
        { "rule", HELP("Lo impide", "Barred by") },
};
static const struct column run_columns[] = {
        { "job", HELP("Trabajo", "Job") },
        { "result", CODES("Resultado", "Result", sanitization_state_terms) },
        { "scheme", CODES("Método", "Method", scheme_terms) },
        { "demanded_level", CODES("Nivel exigido", "Demanded level", sanitize_level_terms) },
        { "reached_level", CODES("Nivel alcanzado", "Reached level", sanitize_level_terms) },
        { "bytes_not_reached", HELP("Sin alcanzar", "Not reached") },
};
static const struct column status_columns[] = {
        { "job", HELP("Trabajo", "Job") },
        { "medium", HELP("Soporte", "Medium") },
        { "state", CODES("Estado", "State", sanitization_state_terms) },
        { "scheme", CODES("Método", "Method", scheme_terms) },
        { "pass", HELP("Pasada", "Pass") },
        { "offset", HELP("Byte", "Byte") },
        { "alive", HELP("En marcha", "Alive") },
        { "reached", CODES("Nivel", "Level", sanitize_level_terms) },
        { "verification", CODES("Verificación", "Verification", reading_terms) },
        { "second", CODES("Segunda lectura", "Second look", second_terms) },
        { "validation", CODES("Validación", "Validation", validation_terms) },
        { "operator", HELP("Operador", "Operator") },
        { "started", HELP("Empezado", "Started") },
        { "ended", HELP("Terminado", "Ended") },
};
static const struct column verify_columns[] = {
        { "job", HELP("Trabajo", "Job") },
        { "kind", CODES("Lectura", "Reading", reading_terms) },
        { "holds", HELP("Se mantiene", "Holds") },
        { "bytes", HELP("Bytes leídos", "Bytes read") },
        { "differing_bytes", HELP("Bytes distintos", "Differing bytes") },
};
static const struct column validate_columns[] = {
        { "medium", HELP("Soporte", "Medium") },
        { "job", HELP("Trabajo", "Job") },
        { "decision", CODES("Decisión", "Decision", validation_terms) },
        { "person", HELP("Persona", "Person") },
};
static const struct column due_columns[] = {
        { "job", HELP("Trabajo", "Job") },       { "medium", HELP("Soporte", "Medium") },
        { "ended", HELP("Terminado", "Ended") }, { "operator", HELP("Operador", "Operator") },
        { "due", HELP("Toca", "Due") },          { "second", HELP("Segunda lectura", "Second look") },
};
static const struct column show_columns[] = {
        { "job", HELP("Trabajo", "Job") },
        { "medium", HELP("Soporte", "Medium") },
        { "state", CODES("Estado", "State", sanitization_state_terms) },
        { "reached", CODES("Nivel", "Level", sanitize_level_terms) },
        { "operator", HELP("Operador", "Operator") },
};
static const struct column cancel_columns[] = {
        { "medium", HELP("Soporte", "Medium") },
        { "asked", HELP("Pedido al proceso", "Asked of the process") },
};

static const struct column batch_columns[] = {
        { "item", HELP("Pedido", "Asked") },
        { "medium", HELP("Soporte", "Medium") },
        { "device", HELP("Dispositivo", "Device") },
        { "model", HELP("Modelo", "Model") },
        { "serial", HELP("Serie", "Serial") },
        { "size", HELP("Tamaño", "Size") },
        { "method", CODES("Método", "Method", scheme_terms) },
        { "result", CODES("Resultado", "Result", sanitization_state_terms) },
        { "barred", HELP("Lo impide", "Barred by") },
        { "rule", HELP("Regla", "Rule") },
};
static const struct column pattern_columns[] = {
        { "name", HELP("Patrón", "Pattern") },
        { "passes", HELP("Pasadas", "Passes") },
};
static const struct column patterns_columns[] = {
        { "name", HELP("Patrón", "Pattern") },
        { "passes", HELP("Pasadas", "Passes") },
        { "person", HELP("Aprobado por", "Approved by") },
        { "time", HELP("Desde", "Since") },
        { "reason", HELP("Motivo", "Reason") },
};
static const struct column rack_columns[] = {
        { "state_text", HELP("Estado", "State") },
        { "medium", HELP("Soporte", "Medium") },
        { "device", HELP("Dispositivo", "Device") },
        { "model", HELP("Modelo", "Model") },
        { "serial", HELP("Serie", "Serial") },
        { "doing", HELP("Paso", "Step") },
        { "percent", HELP("%", "%") },
        { "rate", HELP("Bytes/s", "Bytes/s") },
        { "eta", HELP("Segundos", "Seconds") },
        { "temperature", HELP("°C", "°C") },
        { "errors", HELP("Bytes sin alcanzar", "Bytes not reached") },
};

/* --- plan ---------------------------------------------------------------------------------------------------- */

/* What the device reads per second: one honest measurement of at most 64 MiB, for the estimate. */
static int64_t measure(struct act *act, const struct device_facts *facts) {
        _cleanup_close_ int fd = -1;
        _cleanup_areas_ struct areas unreached = { 0 };
        struct pattern zeros = { 0 };
        int64_t size = facts->size < (INT64_C(64) << 20) ? facts->size : INT64_C(64) << 20, began, took;
        struct engine engine = { .size = size, .block = (size_t) facts->logical_block };

        if (!facts->size || device_open(facts, DEVICE_OPEN_DIRECT, &fd, NULL) < 0)
                return 0;
        engine.fd = fd;
        began = act_now(act);
        if (engine_verify(&engine, &zeros, 0, &unreached, NULL) < 0)
                return 0;
        took = act_now(act) - began;
        return took > 0 ? (int64_t) ((double) size * SECOND / (double) took) : 0;
}

struct plan_question {
        struct act *act;
        const struct job *job;
        const struct device_facts *facts; /* or NULL */
        int64_t rate;
        json_t *rows;
};

static json_t *step_names(const struct plan *plan) {
        json_t *list = json_array();

        for (size_t i = 0; list && i < plan->steps_n; i++)
                (void) json_array_append_new(list, json_string(plan->steps[i]->name));
        return list;
}

/* The verdict on one scheme, or on one of the house's patterns (`passes`). */
static json_t *plan_row(const struct plan_question *question, enum scheme_id scheme, const char *passes) {
        const struct act *act = question->act;
        const struct job *job = question->job;
        const struct device_facts *facts = question->facts;
        struct plan plan = { 0 };
        struct error why = { 0 };
        bool accepted = (passes ? plan_custom(&job->medium, facts, passes, &plan, &why)
                                : plan_scheme(&job->medium, facts, scheme, &plan, &why)) == 0;
        bool preferred = sanitize_demand(job->medium.kind, job->medium.classification)->preferred == scheme;
        int64_t work = accepted && facts ? plan_work(&plan, facts->size) : 0, own;
        json_t *row = json_pack("{s:s, s:s, s:b, s:b, s:s, s:s}", "method", scheme_terms[scheme].code, "name",
                                text_in(scheme_terms[scheme].name, act->lang), "accepted", accepted, "preferred",
                                preferred, "why", why.what[act->lang], "rule", why.rule);

        if (row && accepted) {
                (void) json_object_set_new(row, "level", json_string(sanitize_level_terms[plan.reaches].code));
                (void) json_object_set_new(row, "steps", step_names(&plan));
                (void) json_object_set_new(row, "plan", plan_to_json(&plan, facts ? facts->size : 0));
        }
        if (row && accepted && facts) {
                (void) json_object_set_new(row, "bytes", json_integer(work));
                own = plan_firmware_seconds(&plan, facts);
                if (question->rate && own >= 0)
                        (void) json_object_set_new(row, "seconds", json_integer(work / question->rate + 1 + own));
        }
        return row;
}

static int add_pattern(void *context, const char *name, const char *passes) {
        struct plan_question *question = context;
        json_t *row = plan_row(question, SCHEME_CUSTOM, passes);

        (void) json_object_set_new(row, "pattern", json_string(name));
        (void) json_object_set_new(row, "method", json_sprintf("custom --pattern %s", name));
        return json_array_append_new(question->rows, row) < 0 ? ERR_FAILED : 0;
}

static int plan_rows(struct plan_question *question, struct error *err) {
        for (int scheme = 0; scheme < SCHEMES; scheme++)
                if (scheme != SCHEME_CUSTOM)
                        (void) json_array_append_new(question->rows,
                                                     plan_row(question, (enum scheme_id) scheme, NULL));
        return house_patterns(question->act->db, add_pattern, question, err);
}

static void tell(void *context, struct text line) {
        act_say_text(context, line);
}

static void say_plan(struct act *act, const struct job *job, const struct device_facts *facts) {
        const struct sanitize_demand *demand = sanitize_demand(job->medium.kind, job->medium.classification);

        act_say(act, "%s (%s%.0s, %s): la matriz S1 exige «%s», nivel %s%.0s.",
                "%s (%.0s%s, %s): matrix S1 demands “%s”, level %.0s%s.", job->medium.id,
                medium_kind_terms[job->medium.kind].name.es, medium_kind_terms[job->medium.kind].name.en,
                classification_terms[job->medium.classification].code,
                act->lang == LANG_ES ? demand->method.es : demand->method.en,
                sanitize_level_terms[demand->level].name.es, sanitize_level_terms[demand->level].name.en);
        if (demand->schemes == 0)
                act_say(act,
                        "Ningún método de este programa basta: solicite la destrucción con «mpsi destroy request "
                        "%s».",
                        "No method of this program is enough: request destruction with “mpsi destroy request %s”.",
                        job->medium.id);
        if (facts) {
                device_firmware_say(facts, act, tell);
                offers_say(act, &job->medium, facts);
        }
        if (facts && facts->kind != job->medium.kind)
                act_say(act, "El dispositivo parece «%s%.0s»; manda el tipo registrado.",
                        "The device looks like “%.0s%s”; the registered kind decides.",
                        medium_kind_terms[facts->kind].name.es, medium_kind_terms[facts->kind].name.en);
}

static int plan(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_job_ struct job job = { .fd = -1, .lock = -1 };
        const char *device = json_text(args, "device");
        const struct device_facts *facts = device ? &job.facts : NULL;
        const struct sanitize_demand *demand;
        struct plan_question question = { .act = act, .job = &job, .facts = facts };
        json_t *answer;
        int r = job_guard(act, json_text(args, "medium"), device, &job, err);

        if (r < 0)
                return r;
        demand = sanitize_demand(job.medium.kind, job.medium.classification);
        question.rate = facts && demand->schemes ? measure(act, facts) : 0;
        question.rows = json_array();
        r = demand->schemes ? plan_rows(&question, err) : 0;
        if (r < 0) {
                json_decref(question.rows);
                return r;
        }
        answer = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o}", "medium", job.medium.id, "kind",
                           medium_kind_terms[job.medium.kind].code, "classification",
                           classification_terms[job.medium.classification].code, "demanded_method",
                           text_in(demand->method, act->lang), "demanded_level",
                           sanitize_level_terms[demand->level].code, "preferred",
                           demand->schemes ? scheme_terms[demand->preferred].code : "", "destroy_only",
                           demand->schemes == 0, "forensic", demand->forensic, "rows", question.rows);
        if (!answer)
                return fail_memory(err);
        (void) json_object_set_new(answer, "techniques", offers_to_json(act, &job.medium, facts));
        if (facts) {
                (void) json_object_set_new(answer, "device", device_facts_to_json(facts));
                (void) json_object_set_new(answer, "identity", json_string(identity_terms[job.identity].code));
                (void) json_object_set_new(answer, "firmware", device_firmware_to_json(facts));
        }
        say_plan(act, &job, facts);
        *ret = answer;
        return 0;
}

/* --- the rest ------------------------------------------------------------------------------------------------- */

static enum verify_kind verify_kind_of(const json_t *args) {
        const char *code = json_text(args, "verify");

        return code ? (enum verify_kind) term_parse(verify_kind_terms, VERIFY_KINDS, code) : VERIFY_FULL;
}

static int run(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_job_ struct job job = { .fd = -1, .lock = -1 };
        int r = job_guard(act, json_text(args, "medium"), json_text(args, "device"), &job, err);

        job.verify = verify_kind_of(args);
        if (r == 0)
                r = verification_judge(job.medium.classification, job.verify, err);
        if (r == 0)
                r = house_plan(act, &job.medium, &job.facts, args, &job.plan, err);
        if (r < 0)
                return r;
        if (act->dry_run) {
                *ret = plan_to_json(&job.plan, job.facts.size);
                return *ret ? 0 : fail_memory(err);
        }
        return job_run(&job, json_text(args, "confirm"), ret, err);
}

static int resume(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_job_ struct job job = { .fd = -1, .lock = -1 };
        int r = job_guard(act, json_text(args, "medium"), json_text(args, "device"), &job, err);

        if (r < 0)
                return r;
        if (act->dry_run)
                return fail(err, ERR_USAGE, "Reanudar un borrado no se ensaya.", "Resuming a wipe has no dry run.");
        return job_resume(&job, json_text(args, "confirm"), ret, err);
}

static int verify(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_job_ struct job job = { .fd = -1, .lock = -1 };
        const char *medium = json_text(args, "medium"), *device = json_text(args, "device");
        const char *import = json_text(args, "import");
        int r;

        if (!device == !import)
                return fail(err, ERR_USAGE, "Diga --device o --import, uno de los dos.",
                            "Say --device or --import, one of the two.");
        if (import)
                return job_verify_import(act, medium, import, ret, err);
        r = job_guard(act, medium, device, &job, err);
        job.verify = verify_kind_of(args);
        return r < 0 ? r : job_verify(&job, ret, err);
}

static int cancel(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *medium = json_text(args, "medium");
        bool asked = false;
        int r = job_cancel(act, medium, json_text(args, "reason"), &asked, err);

        if (r < 0)
                return r;
        if (asked)
                act_say(act,
                        "Se ha pedido al proceso que borra %s que pare. Lo que su firmware ya ha empezado no se "
                        "puede "
                        "parar: espera a que acabe.",
                        "The process that wipes %s was asked to stop. What its firmware has begun can't be "
                        "stopped: it "
                        "waits for its end.",
                        medium);
        *ret = json_pack("{s:s, s:b}", "medium", medium, "asked", asked);
        return *ret ? 0 : fail_memory(err);
}

/* Adds where a running job is. */
static void add_point(struct act *act, json_t *row) {
        _cleanup_free_ char *path = checkpoint_path(act, json_text_or_empty(row, "medium"), "json"), *text = NULL;
        struct job probe = { .act = act, .fd = -1, .lock = -1 };
        _cleanup_json_ json_t *point = NULL;
        size_t n;

        (void) strncpy(probe.medium.id, json_text_or_empty(row, "medium"), sizeof probe.medium.id - 1);
        (void) json_object_set_new(row, "alive", json_boolean(job_lock(&probe, NULL) == ERR_BUSY));
        job_done(&probe);
        if (!path || file_read(path, 1 << 20, &text, &n, NULL) < 0 || json_parse(text, n, &point, NULL) < 0 ||
            strcmp(json_text_or_empty(point, "job"), json_text_or_empty(row, "job")) != 0)
                return;
        (void) json_object_set_new(row, "pass", json_integer(json_int(point, "pass", 0) + 1));
        (void) json_object_set_new(row, "offset", json_integer(json_int(point, "offset", 0)));
        (void) json_object_set_new(row, "size", json_integer(json_int(point, "size", 0)));
}

/* Who read each of a year's wipes again, or that somebody should (S4.2), by job. */
static int seconds_by_job(struct act *act, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *looks = NULL, *by_job = json_object();
        const json_t *rows;
        int r = by_job ? look_due(act, true, &looks, err) : fail_memory(err);

        if (r < 0)
                return r;
        rows = json_object_get(looks, "rows");
        for (size_t i = 0; i < json_array_size(rows); i++) {
                const json_t *look = json_array_get(rows, i);
                const char *second = json_flag(look, "due") ? "due" : json_text_or_empty(look, "second");

                if (json_object_set_new(by_job, json_text_or_empty(look, "job"), json_string(second)))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(by_job);
        return 0;
}

static int status(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = NULL, *seconds = NULL;
        json_t *row, *second;
        size_t i;
        int r = sanitization_rows(act->db, json_text(args, "medium"), &rows, err);

        if (r == 0)
                r = seconds_by_job(act, &seconds, err);
        if (r < 0)
                return r;
        json_array_foreach(rows, i, row) {
                const char *state = json_text_or_empty(row, "state");

                if (strcmp(state, "running") == 0 || strcmp(state, "interrupted") == 0)
                        add_point(act, row);
                second = json_object_get(seconds, json_text_or_empty(row, "job"));
                if (second)
                        (void) json_object_set(row, "second", second);
        }
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

#define WIPES (ROLE_OPERATOR | ROLE_SECURITY | ROLE_CUSTODIAN)
/* Each look of an auditor is recorded (A4), and a screen looks every second: they have `wipe status`. */
#define LOOKS (ROLE_ANY & ~ROLE_AUDITOR)

static const struct verb sanitize_verbs[] = {
        { "wipe", "plan", ROLE_ANY, VERB_READS,
          HELP("qué borrado exige la norma y cuáles admite el dispositivo",
               "which sanitization policy demands, and which the device allows"),
          PARAMS(plan_params), COLUMNS(plan_columns), plan },
        { "wipe", "run", WIPES, VERB_WRITES | VERB_DESTRUCTIVE,
          HELP("borra y verifica un soporte", "wipes a medium and verifies it"), PARAMS(run_params),
          COLUMNS(run_columns), run },
        { "wipe", "status", ROLE_ANY, VERB_READS, HELP("trabajos de borrado", "wipe jobs"), PARAMS(status_params),
          COLUMNS(status_columns), status },
        { "wipe", "cancel", WIPES, VERB_WRITES,
          HELP("abandona un borrado; el soporte queda sin sanear", "gives up a wipe; the medium stays unsanitized"),
          PARAMS(cancel_params), COLUMNS(cancel_columns), cancel },
        { "wipe", "resume", WIPES, VERB_WRITES | VERB_DESTRUCTIVE,
          HELP("sigue un borrado desde su último punto asegurado",
               "goes on with a wipe from its last durable point"),
          PARAMS(resume_params), COLUMNS(run_columns), resume },
        { "wipe", "verify", WIPES, VERB_WRITES,
          HELP("relee el soporte y lo compara con lo que dejó el borrado",
               "reads the medium again and compares it with what the wipe left"),
          PARAMS(verify_params), COLUMNS(verify_columns), verify },
        { "wipe", "validate", ROLE_SECURITY | ROLE_CUSTODIAN | ROLE_OWNER, VERB_WRITES,
          HELP("acepta un borrado, lo hace repetir o lo eleva, con firma propia",
               "accepts a wipe, has it repeated or escalates it, under a signature of one's own"),
          PARAMS(validate_params), COLUMNS(validate_columns), wipe_validate },
        { "wipe", "due", ROLE_ANY, VERB_READS,
          HELP("qué borrados toca que relea otro, y qué parte lo está",
               "which wipes somebody else should read again, and what share was"),
          PARAMS(due_params), COLUMNS(due_columns), wipe_due },
        { "wipe", "show", ROLE_ANY, VERB_READS,
          HELP("todo lo registrado del último borrado de un soporte",
               "all that is on record of a medium's last wipe"),
          PARAMS(show_params), COLUMNS(show_columns), wipe_show },
        { "wipe", "batch", WIPES, VERB_READS | VERB_DESTRUCTIVE,
          HELP("borra muchos soportes a la vez, con un trabajo para cada uno",
               "wipes many media at once, with a job for each"),
          PARAMS(batch_params), COLUMNS(batch_columns), batch_check },
        { "wipe", "pattern", ROLE_SECURITY, VERB_WRITES,
          HELP("aprueba un patrón de sobrescritura de la casa, o lo retira",
               "approves an overwriting pattern of the house's own, or retires it"),
          PARAMS(pattern_params), COLUMNS(pattern_columns), house_set },
        { "wipe", "patterns", ROLE_ANY, VERB_READS,
          HELP("patrones de sobrescritura de la casa", "the house's own overwriting patterns"),
          .columns = patterns_columns, .columns_n = COUNT(patterns_columns), .run = house_list },
        { "wipe", "rack", LOOKS, VERB_READS,
          HELP("pantalla viva de todos los trabajos del puesto", "live screen of all jobs of the station"),
          PARAMS(rack_params), COLUMNS(rack_columns), rack_show },
};

const struct room sanitize_room = { .schema = &sanitize_schema,
                                    .verbs = sanitize_verbs,
                                    .verbs_n = COUNT(sanitize_verbs),
                                    .events = sanitize_events,
                                    .events_n = SANITIZE_EVENTS };
