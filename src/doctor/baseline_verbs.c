#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "doctor/internal.h"

/* "b 2", "B000002" or what a scanner made of it. */
static const struct term baseline_state_terms[] = {
        { "pending", { "por aprobar", "to be approved" } },
        { "in-force", { "en vigor", "in force" } },
        { "superseded", { "sustituida", "superseded" } },
};

static int parse_id(const char *text, char ret[BASELINE_ID], struct error *err) {
        char plain[BASELINE_ID];
        size_t n = str_scanned(text, plain, sizeof plain);

        if (n < 2 || n >= sizeof plain || plain[0] != 'B' || strspn(plain + 1, "0123456789") != n - 1)
                return fail(err, ERR_USAGE, "«%s» no es el número de una base, como B000001.",
                            "“%s” is not the number of a baseline, such as B000001.", text);
        (void) snprintf(ret, BASELINE_ID, "B%06d", atoi(plain + 1));
        return 0;
}

/* The present configuration must differ from what is in force: an approval of nothing teaches to approve anything.
 */
static int check_differs(struct act *act, const struct baseline *in_force, json_t *map, struct error *err) {
        _cleanup_json_ json_t *old = NULL, *rows = NULL;
        struct baseline_counts counts;
        int r = baseline_map(act, in_force, &old, err);

        if (r == ERR_VERIFY || r == ERR_NOT_FOUND)
                return 0; /* what was in force is lost or altered: a new one must be possible */
        if (r == 0)
                r = baseline_compare(old, map, &counts, &rows, err);
        if (r == 0 && json_array_size(rows) == 0)
                return fail(err, ERR_CONFLICT, "La configuración es la de la base vigente, %s.",
                            "The configuration is that of the baseline in force, %s.", in_force->id);
        return r;
}

int baseline_record(struct act *act, const struct doctor_context *context, const char *reason, json_t **ret,
                    struct error *err) {
        _cleanup_json_ json_t *map = NULL, *data = NULL;
        _cleanup_free_ char *text = NULL;
        struct baseline in_force;
        char id[BASELINE_ID], digest[65];
        int64_t number = 0;
        int r = baseline_load(act->db, NULL, &in_force, NULL);
        bool first = r == ERR_NOT_FOUND;

        if (r < 0 && !first)
                return baseline_load(act->db, NULL, &in_force, err);
        r = baseline_snapshot(context, &map, err);
        if (r == 0 && !first)
                r = check_differs(act, &in_force, map, err);
        if (r == 0)
                r = json_canonical(map, &text, err);
        if (r == 0)
                r = act_attach(act, text, strlen(text), digest, err);
        if (r == 0)
                r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM baseline", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "B%06lld", (long long) number);
        data = json_pack("{s:I, s:s, s:I, s:s, s:b}", "number", (json_int_t) number, "digest", digest, "keys",
                         (json_int_t) json_object_size(map), "reason", reason, "in_force", first);
        r = data ? act_record_one(act, "baseline.recorded", id, data, err) : fail_memory(err);
        if (r < 0)
                return r;
        if (first)
                act_say(act, "La base %s (%zu claves) queda en vigor.", "Baseline %s (%zu keys) is in force.", id,
                        json_object_size(map));
        else
                act_say(act, "La base %s espera a que otra persona la apruebe: mpsi baseline approve %s",
                        "Baseline %s waits for another person's approval: mpsi baseline approve %s", id, id);
        *ret = json_pack("{s:s, s:s, s:s, s:I}", "baseline", id, "state", first ? "in-force" : "pending", "digest",
                         digest, "keys", (json_int_t) json_object_size(map));
        return *ret ? 0 : fail_memory(err);
}

static int run_record(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return baseline_record(act, &doctor_station, json_text(args, "reason"), ret, err);
}

static int run_approve(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL, *map = NULL;
        char id[BASELINE_ID];
        struct baseline baseline;
        int r = parse_id(json_text(args, "baseline"), id, err);

        if (r == 0)
                r = baseline_load(act->db, id, &baseline, err);
        if (r < 0)
                return r;
        if (strcmp(baseline.state, "pending") != 0)
                return fail(err, ERR_CONFLICT, "La base %s no espera aprobación («%s%.0s»).",
                            "Baseline %s does not wait for approval (“%.0s%s”).", id,
                            TERM_NAMES(baseline_state_terms, baseline.state));
        r = baseline_judge_approval(act->person, baseline.recorded_by, err);
        if (r == 0)
                r = baseline_map(act, &baseline, &map, err); /* what is approved is what was recorded */
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s}", "digest", baseline.digest, "note", json_text_or_empty(args, "note"));
        r = data ? act_record_one(act, "baseline.approved", id, data, err) : fail_memory(err);
        if (r < 0)
                return r;
        act_say(act, "La base %s queda en vigor.", "Baseline %s is in force.", id);
        *ret = json_pack("{s:s, s:s}", "baseline", id, "state", "in-force");
        return *ret ? 0 : fail_memory(err);
}

/* --- reading ------------------------------------------------------------------------------------------------- */

static int add_keys(json_t *map, json_t *rows) {
        const char *key;
        json_t *value;
        int r = 0;

        json_object_foreach(map, key, value)
                r |= json_array_append_new(rows, json_pack("{s:s, s:O}", "key", key, "value", value));
        return r;
}

static int by_key(const void *a, const void *b) {
        return strcmp(json_text_or_empty(*(json_t *const *) a, "key"),
                      json_text_or_empty(*(json_t *const *) b, "key"));
}

/* jansson keeps the order of insertion; people look for a key by its name. */
static int sort_rows(json_t *rows, json_t **ret, struct error *err) {
        size_t n = json_array_size(rows);
        _cleanup_free_ json_t **list = calloc(n + 1, sizeof(json_t *));
        json_t *sorted = json_array();
        int r = 0;

        if (!list || !sorted) {
                json_decref(sorted);
                return fail_memory(err);
        }
        for (size_t i = 0; i < n; i++)
                list[i] = json_array_get(rows, i);
        qsort(list, n, sizeof(json_t *), by_key);
        for (size_t i = 0; i < n; i++)
                r |= json_array_append(sorted, list[i]);
        if (r < 0) {
                json_decref(sorted);
                return fail_memory(err);
        }
        *ret = sorted;
        return 0;
}

/* Against what is in force: what an approval would change. */
static int changes(struct act *act, json_t *map, json_t **ret_rows, struct error *err) {
        _cleanup_json_ json_t *old = NULL;
        struct baseline in_force;
        struct baseline_counts counts;
        int r = baseline_load(act->db, NULL, &in_force, err);

        if (r == 0)
                r = baseline_map(act, &in_force, &old, err);
        return r < 0 ? r : baseline_compare(old, map, &counts, ret_rows, err);
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *map = NULL, *rows = NULL, *sorted = NULL;
        char id[BASELINE_ID], recorded[TIME_TEXT];
        struct baseline baseline;
        int r = json_text(args, "baseline") ? parse_id(json_text(args, "baseline"), id, err) : 0;

        if (r == 0)
                r = baseline_load(act->db, json_text(args, "baseline") ? id : NULL, &baseline, err);
        if (r == 0)
                r = baseline_map(act, &baseline, &map, err);
        if (r == 0 && json_flag(args, "changes"))
                r = changes(act, map, &rows, err);
        else if (r == 0) {
                rows = json_array();
                r = rows && add_keys(map, rows) == 0 ? 0 : fail_memory(err);
        }
        if (r == 0)
                r = sort_rows(rows, &sorted, err);
        if (r < 0)
                return r;
        time_format_local(baseline.recorded, recorded);
        act_say(act, "%s «%s%.0s», %lld claves; la registró %s el %s: %s. Aprobada por: %s",
                "%s “%.0s%s”, %lld keys; recorded by %s on %s: %s. Approved by: %s", baseline.id,
                TERM_NAMES(baseline_state_terms, baseline.state), (long long) baseline.keys, baseline.recorded_by,
                recorded, baseline.reason, baseline.approved_by[0] ? baseline.approved_by : "–");
        time_format(baseline.recorded, recorded);
        *ret = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:O}", "baseline", baseline.id, "state",
                         baseline.state, "digest", baseline.digest, "keys", (json_int_t) baseline.keys, "reason",
                         baseline.reason, "recorded", recorded, "recorded_by", baseline.recorded_by, "approved_by",
                         baseline.approved_by, "rows", sorted);
        return *ret ? 0 : fail_memory(err);
}

/* --- drift --------------------------------------------------------------------------------------------------- */

/* The answer goes on to the caller with the error (exit status 6). */
static int conclude(struct act *act, json_t *answer, struct error *err) {
        const char *level = json_text_or_empty(answer, "level"), *id = json_text_or_empty(answer, "baseline");
        const json_t *rows = json_object_get(answer, "rows"), *row;
        size_t i;

        if (json_array_size(rows) == 0) {
                act_say(act, "La configuración es la de la base %s (%lld claves).",
                        "The configuration is that of baseline %s (%lld keys).", id,
                        (long long) json_int(answer, "keys", 0));
                return 0;
        }
        json_array_foreach(rows, i, row) {
                const char *deviation = json_text_or_empty(row, "deviation");
                bool missing = strcmp(deviation, "missing") == 0, added = strcmp(deviation, "added") == 0;

                if (i == 20)
                        break;
                act_say(act, "✗ %s: %s%.0s%s", "✗ %s: %.0s%s%s", json_text_or_empty(row, "key"),
                        missing ? "falta"
                        : added ? "se ha añadido"
                                : "ha cambiado",
                        missing ? "missing"
                        : added ? "added"
                                : "changed",
                        json_flag(row, "critical") ? " (!)" : "");
        }
        return refuse(
                err, ERR_VERIFY, "X5",
                "La configuración se desvía de la base %s: %lld claves faltan, %lld cambian, %lld se añaden (%s).",
                "The configuration drifts from baseline %s: %lld keys missing, %lld changed, %lld added (%s).", id,
                (long long) json_int(answer, "missing", 0), (long long) json_int(answer, "changed", 0),
                (long long) json_int(answer, "added", 0), level);
}

static int run_check(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int r = baseline_check_run(act, &doctor_station, ret, err);

        (void) args;
        return r < 0 ? r : conclude(act, *ret, err);
}

static int run_drift(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int r = baseline_drift(act, &doctor_station, ret, err);

        (void) args;
        return r < 0 ? r : conclude(act, *ret, err);
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return baseline_rows(act->db, json_flag(args, "checks"), ret, err);
}

/* --- table --------------------------------------------------------------------------------------------------- */

static const struct param record_params[] = {
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct param approve_params[] = {
        { "baseline", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("número de la base, como B000002", "the baseline's number, such as B000002"), 0, 20, NULL, 0 },
        { "note", PARAM_TEXT, 0, HELP("nota", "note"), 0, 200, NULL, 0 },
};
static const struct param show_params[] = {
        { "baseline", PARAM_TEXT, PARAM_POSITIONAL,
          HELP("número de la base; sin él, la vigente", "the baseline's number; by default the one in force"), 0,
          20, NULL, 0 },
        { "changes", PARAM_FLAG, 0,
          HELP("solo lo que cambia de la vigente", "only what it changes in the one in force"), 0, 0, NULL, 0 },
};
static const struct param list_params[] = {
        { "checks", PARAM_FLAG, 0, HELP("las comprobaciones, con sus indicadores", "the checks, with their KPIs"),
          0, 0, NULL, 0 },
};

static const struct term deviation_terms[] = {
        { "missing", { "falta", "missing" } },
        { "changed", { "cambiada", "changed" } },
        { "added", { "añadida", "added" } },
};
static const struct column record_columns[] = {
        { "baseline", HELP("BASE", "BASELINE") },
        { "state", CODES("ESTADO", "STATE", baseline_state_terms) },
        { "keys", HELP("CLAVES", "KEYS") },
        { "digest", HELP("SHA-256", "SHA-256") },
};
static const struct column show_columns[] = {
        { "key", HELP("CLAVE", "KEY") },
        { "value", HELP("VALOR", "VALUE") },
        { "deviation", CODES("CAMBIO", "CHANGE", deviation_terms) },
        { "critical", HELP("CRÍTICA", "CRITICAL") },
        { "expected", HELP("ANTES", "BEFORE") },
        { "actual", HELP("DESPUÉS", "AFTER") },
};
static const struct column drift_columns[] = {
        { "key", HELP("CLAVE", "KEY") },
        { "deviation", CODES("DESVIACIÓN", "DEVIATION", deviation_terms) },
        { "critical", HELP("CRÍTICA", "CRITICAL") },
        { "expected", HELP("BASE", "BASELINE") },
        { "actual", HELP("AHORA", "NOW") },
};
static const struct column list_columns[] = {
        { "baseline", HELP("BASE", "BASELINE") },
        { "state", CODES("ESTADO", "STATE", baseline_state_terms) },
        { "time", HELP("FECHA", "TIME") },
        { "by", HELP("QUIÉN", "WHO") },
        { "approved_by", HELP("APROBÓ", "APPROVED") },
        { "reason", HELP("MOTIVO", "REASON") },
        { "level", CODES("NIVEL", "LEVEL", drift_level_terms) },
        { "keys", HELP("CLAVES", "KEYS") },
        { "missing", HELP("FALTAN", "MISSING") },
        { "changed", HELP("CAMBIAN", "CHANGED") },
        { "added", HELP("AÑADIDAS", "ADDED") },
        { "drift_rate", HELP("DESVÍO %", "DRIFT %") },
        { "coverage", HELP("COBERTURA %", "COVERAGE %") },
};

enum { READERS = ROLE_SECURITY | ROLE_OWNER | ROLE_OPERATOR | ROLE_AUDITOR };

static const struct verb verbs[] = {
        { "baseline", "record", ROLE_SECURITY, VERB_WRITES,
          HELP("Registra la configuración del puesto como base (la segunda y siguientes esperan aprobación)",
               "Records the station's configuration as baseline (the second and later wait for approval)"),
          PARAMS(record_params), COLUMNS(record_columns), .run = run_record },
        { "baseline", "approve", ROLE_SECURITY | ROLE_OWNER, VERB_WRITES,
          HELP("Aprueba una base que registró otra persona, y la pone en vigor",
               "Approves a baseline that another person recorded, and puts it in force"),
          PARAMS(approve_params), COLUMNS(record_columns), .run = run_approve },
        { "baseline", "show", READERS, VERB_READS,
          HELP("Muestra una base, clave por clave", "Shows a baseline, key by key"), PARAMS(show_params),
          COLUMNS(show_columns), .run = run_show },
        { "baseline", "list", READERS, VERB_READS,
          HELP("Las bases registradas, o sus comprobaciones", "The baselines on record, or their checks"),
          PARAMS(list_params), COLUMNS(list_columns), .run = run_list },
        { "baseline", "drift", READERS, VERB_READS,
          HELP("Compara la configuración con la base vigente sin registrar nada",
               "Compares the configuration with the baseline in force, recording nothing"),
          COLUMNS(drift_columns), .run = run_drift },
        { "baseline", "check", ROLE_SECURITY | ROLE_OPERATOR, VERB_WRITES,
          HELP("Compara la configuración con la base vigente y registra el resultado",
               "Compares the configuration with the baseline in force and records the result"),
          COLUMNS(drift_columns), .run = run_check },
};

const struct room baseline_room = { .schema = &baseline_schema,
                                    .verbs = verbs,
                                    .verbs_n = COUNT(verbs),
                                    .events = baseline_events,
                                    .events_n = BASELINE_EVENTS };
