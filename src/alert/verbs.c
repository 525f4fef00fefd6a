/* `alert list`, `alert acknowledge`, `alert sources`. */
#include <stdio.h>
#include <string.h>

#include "alert/internal.h"
#include "base/str.h"
#include "policy/rule.h"

enum { KEY_MAX = 200 };

/* --- events ------------------------------------------------------------------------------------------------ */

static const char *const scripts[] = {
        "CREATE TABLE alert_acknowledgement ("
        "  key TEXT PRIMARY KEY, level TEXT NOT NULL, time INTEGER NOT NULL, until INTEGER NOT NULL,"
        "  person TEXT NOT NULL, reason TEXT NOT NULL"
        ") STRICT, WITHOUT ROWID;",

        /* Those that still hold. */
        "CREATE INDEX alert_acknowledgement_until ON alert_acknowledgement (until);",
};
static const char *const state_tables[] = { "alert_acknowledgement", NULL };

static const struct schema schema = {
        .room = "alert", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

static int apply_acknowledged(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT OR REPLACE INTO alert_acknowledgement (key, level, time, until, person, reason) "
                        "VALUES (?, ?, ?, ?, ?, ?)",
                        "ssiiss", event->subject, json_text(event->data, "level"), event->time,
                        json_int(event->data, "until", 0), event->actor, json_text(event->data, "reason"));

        return r < 0 ? r : 0;
}

static const struct event_type events[] = { { "alert.acknowledged", apply_acknowledged } };

/* --- list -------------------------------------------------------------------------------------------------- */

static bool wanted(const json_t *row, const json_t *args) {
        const char *level = json_text(args, "level"), *role = json_text(args, "for");
        unsigned roles = 0;
        int bit = role ? term_parse(role_terms, ROLES, role) : 0;

        (void) roles_parse(json_text_or_empty(row, "for"), &roles);
        return (!level || strcmp(level, json_text_or_empty(row, "level")) == 0) && (!role || roles & (1U << bit)) &&
               (!json_flag(args, "open") || !json_text(row, "acknowledged_by"));
}

static int filter(const json_t *list, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        json_int_t alert = 0, critical = 0, open = 0;
        json_t *row;
        size_t i;

        json_array_foreach(list, i, row) {
                bool grave = strcmp(json_text_or_empty(row, "level"), gravity_terms[GRAVITY_CRITICAL].code) == 0;

                if (!wanted(row, args))
                        continue;
                alert += !grave;
                critical += grave;
                open += !json_text(row, "acknowledged_by");
                if (json_array_append(rows, row) < 0)
                        return fail_memory(err);
        }
        *ret = json_pack("{s:I, s:I, s:I, s:O}", "critical", critical, "alert", alert, "open", open, "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

/* It ends well whatever it finds; with --check, as a monitor wants it, what nobody has acknowledged is ERR_VERIFY.
 */
static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = NULL;
        int64_t open;
        int r = alerts_list(act, &list, err);

        if (r == 0)
                r = filter(list, args, ret, err);
        if (r < 0)
                return r;
        open = json_int(*ret, "open", 0);
        act_say(act, "%lld críticas, %lld alertas; %lld sin acusar.",
                "%lld critical, %lld alerts; %lld not acknowledged.", (long long) json_int(*ret, "critical", 0),
                (long long) json_int(*ret, "alert", 0), (long long) open);
        if (!json_flag(args, "check") || open == 0)
                return 0;
        return fail(err, ERR_VERIFY, "Hay %lld alertas sin acusar.", "%lld alerts are not acknowledged.",
                    (long long) open);
}

/* --- acknowledge ------------------------------------------------------------------------------------------- */

static const json_t *find(const json_t *list, const char *key) {
        const json_t *row;
        size_t i;

        json_array_foreach(list, i, row) {
                if (strcmp(json_text_or_empty(row, "key"), key) == 0)
                        return row;
        }
        return NULL;
}

static int judge(const struct act *act, const json_t *row, int64_t days, struct error *err) {
        int level = term_parse(gravity_terms, GRAVITIES, json_text_or_empty(row, "level"));
        unsigned roles = 0;

        (void) roles_parse(json_text_or_empty(row, "for"), &roles);
        if (!(act->roles & roles))
                return refuse(err, ERR_DENIED, "X1", "La alerta %s es cosa de: %s.", "Alert %s is for: %s.",
                              json_text(row, "key"), json_text(row, "for"));
        if (days <= alert_quiet_days[level])
                return 0;
        (void) fail(err, ERR_USAGE, "Una alerta de nivel «%s%.0s» se acusa por %lld días como mucho.",
                    "An alert of level “%.0s%s” is acknowledged for %lld days at most.",
                    gravity_terms[level].name.es, gravity_terms[level].name.en,
                    (long long) alert_quiet_days[level]);
        return hint(err, "Sin --days se acusa por ese tiempo.", "Without --days it is acknowledged for that time.");
}

static int run_acknowledge(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *key = json_text(args, "alert");
        _cleanup_json_ json_t *list = NULL, *data = NULL;
        int64_t days = json_int(args, "days", 0), until;
        char moment[TIME_TEXT];
        const json_t *row;
        int r = alerts_list(act, &list, err);

        if (r < 0)
                return r;
        row = find(list, key);
        if (!row) {
                (void) fail(err, ERR_NOT_FOUND, "No hay ahora ninguna alerta «%.80s».",
                            "There is no alert “%.80s” now.", key);
                return hint(err, "Vea «mpsi alert list».", "See “mpsi alert list”.");
        }
        r = judge(act, row, days, err);
        if (r < 0)
                return r;
        if (!days)
                days = alert_quiet_days[term_parse(gravity_terms, GRAVITIES, json_text(row, "level"))];
        until = act_now(act) + days * DAY;
        data = json_pack("{s:s, s:I, s:s}", "level", json_text(row, "level"), "until", (json_int_t) until, "reason",
                         json_text(args, "reason"));
        r = data ? act_record_one(act, "alert.acknowledged", key, data, err) : fail_memory(err);
        if (r < 0)
                return r;
        time_format_local(until, moment);
        act_say(act, "Acusada hasta %s; si cambia de nivel, vuelve antes.",
                "Acknowledged until %s; if its level changes it is back sooner.", moment);
        time_format(until, moment);
        *ret = json_pack("{s:s, s:s, s:s}", "key", key, "level", json_text(row, "level"), "until", moment);
        return *ret ? 0 : fail_memory(err);
}

/* --- sources ----------------------------------------------------------------------------------------------- */

static json_t *threshold(const struct alert_source *source, int64_t value) {
        return source->unit == ALERT_GRADE ? json_null() : json_integer((json_int_t) value);
}

static json_t *source_row(const struct alert_source *source, enum lang lang) {
        char roles[64];

        roles_format(source->roles, roles);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s}", "source", source->id, "rule",
                         source->rule, "what", text_in(source->what, lang), "what_es", source->what.es, "what_en",
                         source->what.en, "for", roles, "alert", threshold(source, source->levels.alert),
                         "critical", threshold(source, source->levels.critical), "unit",
                         source->unit == DAY    ? "d"
                         : source->unit == HOUR ? "h"
                                                : "");
}

static int run_sources(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        int r = 0;

        (void) args;
        for (size_t f = 0; f < alert_families_n; f++)
                for (size_t i = 0; i < alert_families[f]->n; i++)
                        r |= json_array_append_new(rows, source_row(&alert_families[f]->sources[i], act->lang));
        *ret = r == 0 ? json_pack("{s:O}", "rows", rows) : NULL;
        return *ret ? 0 : fail_memory(err);
}

/* --- the table --------------------------------------------------------------------------------------------- */

static const struct term level_terms[] = {
        { "alert", { "alerta", "alert" } },
        { "critical", { "crítica", "critical" } },
};

static const struct param list_params[] = {
        { "level", PARAM_TERM, 0, HELP("solo las de este nivel", "only those of this level"), 0, 0, level_terms,
          COUNT(level_terms) },
        { "for", PARAM_TERM, 0, HELP("solo las que tocan a este rol", "only those that are for this role"), 0, 0,
          role_terms, ROLES },
        { "open", PARAM_FLAG, 0, HELP("solo las que nadie ha acusado", "only those that nobody has acknowledged"),
          0, 0, NULL, 0 },
        { "check", PARAM_FLAG, 0,
          HELP("termina con 6 si queda alguna sin acusar", "ends with 6 if any is not acknowledged"), 0, 0, NULL,
          0 },
};
static const struct param acknowledge_params[] = {
        { "alert", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("clave de la alerta", "the alert's key"), 0,
          KEY_MAX, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("por qué se deja estar", "why it is left as it is"), 0, 300,
          NULL, 0 },
        { "days", PARAM_INT, 0, HELP("días que vale el acuse", "days that it holds"), 1, 365, NULL, 0 },
};
static const struct column list_columns[] = {
        { "level", CODES("NIVEL", "LEVEL", level_terms) },
        { "key", HELP("ALERTA", "ALERT") },
        { "since", HELP("DESDE", "SINCE") },
        { "what", HELP("QUÉ PASA", "WHAT") },
        { "todo", HELP("QUÉ HACER", "WHAT TO DO") },
        { "for", CODES("QUIÉN", "WHO", role_words) },
        { "acknowledged_by", HELP("ACUSADA POR", "ACKNOWLEDGED BY") },
};
static const struct column acknowledge_columns[] = {
        { "key", HELP("ALERTA", "ALERT") },
        { "level", CODES("NIVEL", "LEVEL", level_terms) },
        { "until", HELP("HASTA", "UNTIL") },
};
static const struct column source_columns[] = {
        { "source", HELP("FUENTE", "SOURCE") },
        { "rule", HELP("REGLA", "RULE") },
        { "what", HELP("QUÉ", "WHAT") },
        { "alert", HELP("ALERTA DESDE", "ALERT FROM") },
        { "critical", HELP("CRÍTICA DESDE", "CRITICAL FROM") },
        { "unit", HELP("UNIDAD", "UNIT") },
        { "for", CODES("QUIÉN", "WHO", role_words) },
};

enum { STAFF = ROLE_OWNER | ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY };

static const struct verb verbs[] = {
        { "alert", "list", STAFF | ROLE_AUDITOR, VERB_READS,
          HELP("Lo que necesita a alguien, lo crítico primero", "What needs somebody, the critical first"),
          PARAMS(list_params), COLUMNS(list_columns), .run = run_list },
        { "alert", "acknowledge", STAFF, VERB_WRITES,
          HELP("Acusa una alerta por un tiempo, con un motivo", "Acknowledges an alert for a time, with a reason"),
          PARAMS(acknowledge_params), COLUMNS(acknowledge_columns), .run = run_acknowledge },
        { "alert", "sources", STAFF | ROLE_AUDITOR, VERB_READS,
          HELP("De dónde salen las alertas y con qué umbrales",
               "Where alerts come from, and with which thresholds"),
          COLUMNS(source_columns), .run = run_sources },
};

const struct room alert_room = {
        .schema = &schema, .verbs = verbs, .verbs_n = COUNT(verbs), .events = events, .events_n = COUNT(events)
};
