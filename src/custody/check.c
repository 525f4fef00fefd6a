/* `custody check`: the daily verification (U6) - what is recorded against what custody demands, as a list by rule.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "custody/environment.h"
#include "custody/stocktake.h"
#include "store/json.h"

enum { OPEN_STOCKTAKE_HOURS = 24 };

struct check {
        struct act *act;
        struct error *err;
        const char *area;
        json_t *rows;
        int64_t by_gravity[GRAVITIES];
        /* Of the media's places: the one that is being filled. */
        struct place place;
        char code[LOCATION_CODE];
        bool known; /* there is such a place */
        int64_t media, present;
};

static int add(struct check *check, const char *rule, enum gravity gravity, const char *subject, const char *es,
               const char *en, ...) __attribute__((format(printf, 5, 7), format(printf, 6, 7)));

static int add(struct check *check, const char *rule, enum gravity gravity, const char *subject, const char *es,
               const char *en, ...) {
        char texts[LANGS][ERROR_TEXT_MAX];
        va_list args, again;

        va_start(args, en);
        va_copy(again, args);
        (void) vsnprintf(texts[LANG_ES], sizeof texts[0], es, args);
        (void) vsnprintf(texts[LANG_EN], sizeof texts[0], en, again);
        va_end(again);
        va_end(args);
        utf8_trim(texts[LANG_ES]);
        utf8_trim(texts[LANG_EN]);
        check->by_gravity[gravity]++;
        return json_array_append_new(check->rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "rule", rule,
                                                            "gravity", gravity_terms[gravity].code, "subject",
                                                            subject, "what_es", texts[LANG_ES], "what_en",
                                                            texts[LANG_EN], "what", texts[check->act->lang]))
                       ? fail_memory(check->err)
                       : 0;
}

/* --- media and their places -------------------------------------------------------------------------------- */

static int end_place(struct check *check) {
        if (!check->known || check->media <= check->place.capacity)
                return 0;
        return add(check, "U2", GRAVITY_ALERT, check->code, "tiene %lld soportes y caben %lld",
                   "holds %lld media and has room for %lld", (long long) check->media,
                   (long long) check->place.capacity);
}

/* Media come in the order of their places. */
static int begin_place(struct check *check, const char *code) {
        struct error trouble = { 0 };
        int r = end_place(check);

        if (r < 0)
                return r;
        (void) snprintf(check->code, sizeof check->code, "%.*s", LOCATION_CODE - 1, code);
        check->media = 0;
        check->known = false;
        if (!*code)
                return 0;
        r = location_load(check->act->db, check->code, NULL, &check->place, &trouble);
        if (r == ERR_NOT_FOUND)
                return add(check, "U2", GRAVITY_ALERT, check->code,
                           "no existe y hay soportes que la tienen por sitio",
                           "does not exist and media have it as their place");
        if (r < 0 && check->err)
                *check->err = trouble;
        check->known = r == 0;
        return r;
}

/* What the registry says of a medium against the loans. */
static int check_state(struct check *check, const struct medium *medium) {
        int64_t out = 0;
        int r = db_int(check->act->db, &out, check->err,
                       "SELECT count(*) FROM loan WHERE medium = ? AND state = 'out'", "s", medium->id);

        if (r < 0 || (out > 0) == (medium->state == MEDIUM_ON_LOAN))
                return r;
        return add(check, "U6", GRAVITY_CRITICAL, medium->id, "está «%s%.0s» y tiene %lld préstamos sin devolver",
                   "is “%.0s%s” and has %lld loans not returned", medium_state_terms[medium->state].name.es,
                   medium_state_terms[medium->state].name.en, (long long) out);
}

static int check_medium(void *context, const struct medium *medium) {
        struct check *check = context;
        struct error why = { 0 };
        bool present = medium_is_here(medium->state);
        int r = 0;

        if (strcmp(check->code, medium->location) != 0)
                r = begin_place(check, medium->location);
        if (r == 0)
                r = check_state(check, medium);
        if (r < 0)
                return r;
        check->media++;
        check->present += present;
        if (present && !*medium->location)
                return add(check, "U2", GRAVITY_ALERT, medium->id, "está en custodia y no tiene ubicación",
                           "is in custody and has no location");
        if (!check->known)
                return 0;
        struct place place = check->place;

        place.code = check->code;
        place.occupied = 0; /* room is the place's own finding */
        if (custody_judge_placement(&place, medium->id, medium->category, medium->classification, &why) < 0)
                r = add(check, why.rule, GRAVITY_ALERT, medium->id, "%s: nivel %s, sección %s; es %s, %s",
                        "%s: level %s, section %s; it is %s, %s", check->code, category_terms[place.level].code,
                        classification_terms[place.section].code, category_terms[medium->category].code,
                        classification_terms[medium->classification].code);
        return r;
}

static int check_media(struct check *check) {
        int r = medium_each_in(check->act->db, check->area, check_medium, check, check->err);

        return r < 0 ? r : end_place(check);
}

/* --- the rest ---------------------------------------------------------------------------------------------- */

/* Whether a medium has its place in the area that is checked. */
static int is_there(struct check *check, const char *id, bool *ret) {
        struct medium medium;
        int r = medium_load(check->act->db, id, &medium, check->err);

        *ret = r == 0 && custody_area_holds(check->area, medium.location);
        return r;
}

static int check_loans(struct check *check) {
        _cleanup_rows_ struct rows *rows = NULL;
        char today[DATE_TEXT];
        int r;

        date_of(act_now(check->act), today);
        r = db_query(
                check->act->db, &rows, check->err,
                "SELECT id, medium, borrower, due FROM loan WHERE state = 'out' AND due < ? ORDER BY due, number",
                "s", today);
        while (r == 0 && (r = rows_next(rows, check->err)) > 0) {
                int64_t days = 0;
                const struct loan_escalation *row = loan_escalation_of(rows_text(rows, 3), today, &days);
                bool there;

                r = is_there(check, rows_text(rows, 1), &there);
                if (r == 0 && row && there)
                        r = add(check, "U4", row->gravity, rows_text(rows, 1),
                                "%s: vencido hace %lld días, lo tiene %s; avisar a %s%.0s",
                                "%s: overdue by %lld days, %s has it; tell %.0s%s", rows_text(rows, 0),
                                (long long) days, rows_text(rows, 2), row->tell.es, row->tell.en);
        }
        return r;
}

static int check_visitors(struct check *check) {
        const int64_t limit = custody_access_limits[ACCESS_INSIDE_HOURS].value;
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                check->act->db, &rows, check->err,
                "SELECT id, person, area FROM custody_access WHERE state = 'inside' AND entered < ? ORDER BY "
                "entered",
                "i", (int64_t) (act_now(check->act) - limit * 3600 * SECOND));

        while (r == 0 && (r = rows_next(rows, check->err)) > 0)
                r = custody_area_holds(check->area, rows_text(rows, 2))
                            ? add(check, "U3", GRAVITY_ALERT, rows_text(rows, 0),
                                  "%s lleva más de %lld horas dentro de %s sin salida registrada",
                                  "%s has been for over %lld hours in %s without an exit on record",
                                  rows_text(rows, 1), (long long) limit, rows_text(rows, 2))
                            : 0;
        return r;
}

static int check_not_located(struct check *check) {
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t count;
        int r = not_located_count(check->act->db, &count, check->err);

        if (r == 0)
                r = db_query(check->act->db, &rows, check->err,
                             "SELECT medium, stocktake FROM not_located ORDER BY since, medium", "");
        while (r == 0 && (r = rows_next(rows, check->err)) > 0) {
                bool there;

                r = is_there(check, rows_text(rows, 0), &there);
                if (r == 0 && there)
                        r = add(check, "K2", not_located_gravity(count), rows_text(rows, 0),
                                "sin localizar desde el recuento %s", "not located since stocktake %s",
                                rows_text(rows, 1));
        }
        return r;
}

/* What was seen elsewhere by the newest scan of it. */
static int check_misplaced(struct check *check) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(check->act->db, &rows, check->err,
                         "SELECT medium, location, source FROM medium_seen ORDER BY location, medium", "");

        while (r == 0 && (r = rows_next(rows, check->err)) > 0) {
                struct medium medium;

                r = medium_load(check->act->db, rows_text(rows, 0), &medium, check->err);
                if (r < 0 || strcmp(medium.location, rows_text(rows, 1)) == 0 ||
                    !custody_area_holds(check->area, rows_text(rows, 1)))
                        continue;
                r = add(check, "U6", GRAVITY_ALERT, medium.id, "se vio en %s (%s) y su sitio es %s",
                        "was seen at %s (%s) and belongs at %s", rows_text(rows, 1), rows_text(rows, 2),
                        *medium.location ? medium.location : "-");
        }
        return r;
}

static int check_stocktakes(struct check *check) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(check->act->db, &rows, check->err,
                         "SELECT id, area FROM stocktake WHERE state = 'open' AND started < ? ORDER BY number", "i",
                         (int64_t) (act_now(check->act) - (int64_t) OPEN_STOCKTAKE_HOURS * 3600 * SECOND));

        while (r == 0 && (r = rows_next(rows, check->err)) > 0)
                r = add(check, "U6", GRAVITY_INFO, rows_text(rows, 0),
                        "el recuento de %s lleva más de %d horas abierto",
                        "the stocktake of %s has been open for over %d hours", rows_text(rows, 1),
                        OPEN_STOCKTAKE_HOURS);
        return r;
}

static int check_searches(struct check *check) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                check->act->db, &rows, check->err,
                "SELECT id, medium, target FROM medium_search WHERE ended IS NULL AND ? - started > target * "
                "1000000 ORDER BY +number", /* +: those that are open, not all in order */
                "i", act_now(check->act));

        while (r == 0 && (r = rows_next(rows, check->err)) > 0) {
                bool there;

                r = is_there(check, rows_text(rows, 1), &there);
                if (r == 0 && there)
                        r = add(check, "U8", GRAVITY_ALERT, rows_text(rows, 1),
                                "se busca (%s) desde hace más de %lld min",
                                "is being looked for (%s) for over %lld min", rows_text(rows, 0),
                                (long long) rows_int(rows, 2) / 60);
        }
        return r;
}

static int check_reading(void *context, const struct reading *reading) {
        struct check *check = context;
        enum quantity quantity = QUANTITY_TEMPERATURE;
        struct environment_limits limits;
        enum gravity gravity;
        char value[24];
        int r;

        if (!custody_area_holds(check->area, reading->area))
                return 0;
        r = environment_limits_load(check->act, reading->area, &limits, check->err);
        if (r < 0)
                return r;
        if (act_now(check->act) - reading->time > (int64_t) ENVIRONMENT_SILENT_HOURS * 3600 * SECOND)
                return add(check, "U5", GRAVITY_ALERT, reading->area, "sin lecturas desde hace más de %d horas",
                           "no readings for over %d hours", ENVIRONMENT_SILENT_HOURS);
        gravity = reading_gravity(reading, &limits, &quantity);
        if (gravity == GRAVITY_NONE)
                return 0;
        environment_format(reading->values[quantity], value);
        return add(check, "U5", gravity, reading->area, "%s%.0s: %s %s", "%.0s%s: %s %s",
                   quantity_terms[quantity].name.es, quantity_terms[quantity].name.en, value,
                   environment_demands[quantity].unit);
}

/* U5: a room where media are kept and that nobody ever measured. */
static int check_unmeasured(struct check *check) {
        _cleanup_rows_ struct rows *rows = NULL;
        char end[LOCATION_CODE + 1];
        int r;

        /* All codes in the area lie before its own with '.', the character after '-'. */
        (void) snprintf(end, sizeof end, "%s%s", check->area, *check->area ? "." : "~");
        r = db_query(
                check->act->db, &rows, check->err,
                "SELECT DISTINCT substr(code, 1, length(code) - 13) FROM location WHERE code >= ? AND code < ? "
                "ORDER BY 1",
                "ss", check->area, end);

        while (r == 0 && (r = rows_next(rows, check->err)) > 0) {
                const char *room = rows_text(rows, 0);
                int64_t any;

                r = db_int(check->act->db, &any, check->err,
                           "SELECT EXISTS (SELECT 1 FROM environment_reading WHERE area = ?1 OR (area > ?1 || '-' "
                           "AND area < ?1 || '.'))",
                           "s", room);
                if (r == 0 && any == 0 && custody_area_holds(check->area, room))
                        r = add(check, "U5", GRAVITY_INFO, room, "no se ha medido nunca su ambiente",
                                "its environment was never measured");
        }
        return r;
}

static int check_environment(struct check *check) {
        int r = reading_each_place(check->act->db, check_reading, check, check->err);

        return r < 0 ? r : check_unmeasured(check);
}

/* --- the verb ---------------------------------------------------------------------------------------------- */

static int (*const checks[])(struct check *check) = {
        check_media,     check_loans,      check_visitors, check_not_located,
        check_misplaced, check_stocktakes, check_searches, check_environment,
};

static int record(struct check *check) {
        _cleanup_json_ json_t *data = json_pack("{s:s, s:I, s:I, s:I, s:I}", "area", check->area, "media",
                                                (json_int_t) check->present, "info",
                                                (json_int_t) check->by_gravity[GRAVITY_INFO], "alert",
                                                (json_int_t) check->by_gravity[GRAVITY_ALERT], "critical",
                                                (json_int_t) check->by_gravity[GRAVITY_CRITICAL]);

        if (!data)
                return fail_memory(check->err);
        return act_record_one(check->act, "custody.checked", *check->area ? check->area : check->act->site, data,
                              check->err);
}

/* It is done whatever it finds; what is an alert or more makes it end with ERR_VERIFY, so that a timer sees it. */
static int run_check(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        char area[LOCATION_CODE] = "";
        struct check check = { .act = act, .err = err, .area = area, .rows = rows };
        int64_t grave;
        int r = 0;

        if (json_text(args, "area"))
                r = custody_area_parse(json_text(args, "area"), area, NULL, err);
        for (size_t i = 0; r == 0 && i < COUNT(checks); i++)
                r = checks[i](&check);
        if (r == 0)
                r = record(&check);
        if (r < 0)
                return r;
        act_say(act, "%lld soportes en custodia; %zu hallazgos.", "%lld media in custody; %zu findings.",
                (long long) check.present, json_array_size(rows));
        *ret = json_pack("{s:I, s:O}", "media", (json_int_t) check.present, "rows", rows);
        if (!*ret)
                return fail_memory(err);
        grave = check.by_gravity[GRAVITY_ALERT] + check.by_gravity[GRAVITY_CRITICAL];
        if (grave == 0)
                return 0;
        (void) fail(err, ERR_VERIFY, "%lld hallazgos son alertas, %lld de ellos críticos.",
                    "%lld findings are alerts, %lld of them critical.", (long long) grave,
                    (long long) check.by_gravity[GRAVITY_CRITICAL]);
        return error_by_rule(err, "U6", "mp.si.3");
}

static const struct param check_params[] = {
        { "area", PARAM_TEXT, PARAM_POSITIONAL, HELP("solo este lugar", "this place only"), 0, 40, NULL, 0 },
};
static const struct column check_columns[] = {
        { "rule", HELP("REGLA", "RULE") },
        { "gravity", CODES("GRAVEDAD", "GRAVITY", gravity_terms) },
        { "subject", HELP("ASUNTO", "SUBJECT") },
        { "what", HELP("QUÉ", "WHAT") },
};

static const struct verb check_verbs[] = {
        { "custody", "check", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Verificación diaria de la custodia, por reglas (U6)",
               "Daily verification of custody, by rules (U6)"),
          PARAMS(check_params), COLUMNS(check_columns), .run = run_check },
};

static int apply_checked(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "INSERT OR REPLACE INTO custody_check (subject, time) VALUES (?, ?)", "si",
                        event->subject, event->time);

        return r < 0 ? r : 0;
}

static const struct event_type check_events[] = { { "custody.checked", apply_checked } };

const struct room custody_check_room = {
        .verbs = check_verbs, .verbs_n = COUNT(check_verbs), .events = check_events, .events_n = COUNT(check_events)
};
