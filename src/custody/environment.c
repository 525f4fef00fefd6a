#include "custody/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { BATCH = 1000 };

/* --- reading what is written ------------------------------------------------------------------------------- */

static bool digits(const char *text, size_t n, int *ret) {
        int value = 0;

        for (size_t i = 0; i < n; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return false;
                value = value * 10 + (text[i] - '0');
        }
        *ret = value;
        return true;
}

bool reading_offset_parse(const char *text, int *ret) {
        int hours, minutes, sign = *text == '-' ? -1 : 1;

        if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
                *ret = 0;
                return true;
        }
        if ((*text != '+' && *text != '-') || !digits(text + 1, 2, &hours))
                return false;
        text += 3;
        text += *text == ':';
        if (!digits(text, 2, &minutes) || text[2] || hours > 14 || minutes > 59)
                return false;
        *ret = sign * (hours * 60 + minutes);
        return true;
}

/* "14:05", "14:05:09", "14:05:09.123"; gives what follows. */
static const char *parse_clock(const char *text, int64_t *ret) {
        int hour, minute, second = 0;

        if (strlen(text) < 5 || !digits(text, 2, &hour) || text[2] != ':' || !digits(text + 3, 2, &minute))
                return NULL;
        text += 5;
        if (*text == ':') {
                if (strlen(text) < 3 || !digits(text + 1, 2, &second))
                        return NULL;
                text += 3;
                if (*text == '.' || *text == ',')
                        text += 1 + strspn(text + 1, "0123456789");
        }
        if (hour > 23 || minute > 59 || second > 59)
                return NULL;
        *ret = ((int64_t) hour * 3600 + minute * 60 + second) * SECOND;
        return text;
}

int reading_time_parse(const char *text, const int *offset, int64_t *ret, struct error *err) {
        char date[11] = "";
        const char *rest = NULL;
        int64_t day, clock;
        int zone;

        if (strlen(text) > 11 && (text[10] == 'T' || text[10] == ' ')) {
                memcpy(date, text, 10);
                rest = date_parse(date, &day) == 0 ? parse_clock(text + 11, &clock) : NULL;
        }
        if (!rest || (*rest && !reading_offset_parse(rest, &zone)))
                return fail(err, ERR_USAGE, "«%.40s» no es un momento, como 2026-11-27T14:05:00Z.",
                            "“%.40s” is no moment, such as 2026-11-27T14:05:00Z.", text);
        if (!*rest && !offset)
                return fail(err, ERR_USAGE, "«%.40s» no dice su zona horaria; dígala con --offset +01:00.",
                            "“%.40s” does not say its time zone; say it with --offset +01:00.", text);
        *ret = day + clock - (int64_t) (*rest ? zone : *offset) * 60 * SECOND;
        return 0;
}

int reading_set(struct reading *reading, enum quantity quantity, const char *text, struct error *err) {
        const struct text name = quantity_terms[quantity].name;
        int64_t value;

        if (!environment_parse(text, &value))
                return fail(err, ERR_USAGE, "%s%.0s: «%.40s» no es un número.", "%.0s%s: “%.40s” is no number.",
                            name.es, name.en, text);
        if (!environment_sane(quantity, value))
                return refuse(err, ERR_REFUSED, "U5", "%s%.0s de %.20s %s: ningún sensor mide eso; está averiado.",
                              "%.0s%s of %.20s %s: no sensor measures that; it is broken.", name.es, name.en, text,
                              environment_demands[quantity].unit);
        reading->values[quantity] = value;
        reading->has[quantity] = true;
        return 0;
}

/* --- rows -------------------------------------------------------------------------------------------------- */

static void from_row(const struct rows *rows, struct reading *ret) {
        *ret = (struct reading){ .time = rows_int(rows, 1) };
        (void) snprintf(ret->area, sizeof ret->area, "%s", rows_text(rows, 0));
        for (int q = 0; q < QUANTITIES; q++) {
                ret->has[q] = !rows_null(rows, 2 + q);
                ret->values[q] = ret->has[q] ? rows_int(rows, 2 + q) : 0;
        }
}

#define READING_COLUMNS "area, time, temperature, humidity, field"

int reading_before(struct db *db, const char *area, int64_t moment, struct reading *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT " READING_COLUMNS " FROM environment_reading WHERE area = ? AND time < ? ORDER BY "
                         "time DESC LIMIT 1",
                         "si", area, moment);

        if (r == 0)
                r = rows_next(rows, err);
        if (r > 0)
                from_row(rows, ret);
        return r > 0 ? 0 : r < 0 ? r : ERR_NOT_FOUND;
}

int reading_each_place(struct db *db, int (*each)(void *context, const struct reading *reading), void *context,
                       struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "WITH RECURSIVE place(name) AS (SELECT min(area) FROM environment_reading UNION ALL "
                         "SELECT (SELECT min(area) FROM environment_reading WHERE area > place.name) FROM place "
                         "WHERE place.name IS NOT NULL) "
                         "SELECT " READING_COLUMNS " FROM place JOIN environment_reading AS r ON r.area = "
                         "place.name AND r.time = (SELECT max(time) FROM environment_reading WHERE area = "
                         "place.name) ORDER BY area",
                         "");

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                struct reading reading;

                from_row(rows, &reading);
                r = each(context, &reading);
        }
        return r;
}

int reading_known(struct db *db, const struct reading *reading, struct error *err) {
        struct reading there;
        int r = reading_before(db, reading->area, reading->time + 1, &there, err);
        char moment[TIME_TEXT];

        if (r == ERR_NOT_FOUND || (r == 0 && there.time != reading->time))
                return 0;
        if (r < 0)
                return r;
        for (int q = 0; q < QUANTITIES; q++)
                if (there.has[q] != reading->has[q] || there.values[q] != reading->values[q]) {
                        time_format(reading->time, moment);
                        return fail(err, ERR_CONFLICT, "De %s a las %s ya consta otra lectura.",
                                    "Of %s at %s another reading is on record.", reading->area, moment);
                }
        return 1;
}

/* --- judging ----------------------------------------------------------------------------------------------- */

struct limits_search {
        struct act *act;
        struct environment_limits *limits;
        struct error *err;
        char last[MEDIUM_FIELD]; /* model looked at last: media of one shelf are often the same */
};

static int tighten(void *context, const struct medium *medium) {
        struct limits_search *search = context;
        _cleanup_rows_ struct rows *rows = NULL;
        int r;

        if (!*medium->model || strcmp(medium->model, search->last) == 0)
                return 0;
        (void) snprintf(search->last, sizeof search->last, "%s", medium->model);
        r = db_query(search->act->db, &rows, search->err,
                     "SELECT quantity, least, most FROM environment_limit WHERE model = ?", "s", medium->model);
        while (r == 0 && (r = rows_next(rows, search->err)) > 0) {
                int q = term_parse(quantity_terms, QUANTITIES, rows_text(rows, 0));
                struct range *range = q < 0 ? NULL : &search->limits->ranges[q];

                r = 0;
                if (!range)
                        continue;
                if (rows_int(rows, 1) > range->least) {
                        range->least = rows_int(rows, 1);
                        (void) snprintf(search->limits->models[q][0], MEDIUM_FIELD, "%s", medium->model);
                }
                if (rows_int(rows, 2) < range->most) {
                        range->most = rows_int(rows, 2);
                        (void) snprintf(search->limits->models[q][1], MEDIUM_FIELD, "%s", medium->model);
                }
        }
        return r;
}

int environment_limits_load(struct act *act, const char *area, struct environment_limits *ret, struct error *err) {
        struct limits_search search = { .act = act, .limits = ret, .err = err };
        int64_t any;
        int r;

        memset(ret, 0, sizeof *ret);
        for (int q = 0; q < QUANTITIES; q++)
                ret->ranges[q] = (struct range){ INT64_MIN, INT64_MAX };
        r = db_int(act->db, &any, err, "SELECT count(*) FROM environment_limit", "");
        return r < 0 || any == 0 ? r : medium_each_in(act->db, area, tighten, &search, err);
}

enum gravity reading_gravity(const struct reading *reading, const struct environment_limits *limits,
                             enum quantity *ret_quantity) {
        enum gravity worst = GRAVITY_NONE;

        for (int q = 0; q < QUANTITIES; q++) {
                enum gravity own, model;

                if (!reading->has[q])
                        continue;
                own = environment_gravity((enum quantity) q, reading->values[q]);
                model = environment_gravity_of_model(&limits->ranges[q], reading->values[q]);
                if (model > own)
                        own = model;
                if (own <= worst)
                        continue;
                worst = own;
                if (ret_quantity)
                        *ret_quantity = (enum quantity) q;
        }
        return worst;
}

/* --- recording --------------------------------------------------------------------------------------------- */

static json_t *value_json(const struct reading *reading, int q) {
        return reading->has[q] ? json_integer((json_int_t) reading->values[q]) : json_null();
}

static int add_batch(const struct reading *readings, size_t n, struct custody_facts *facts, struct error *err) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(list, json_pack("[I, o, o, o]", (json_int_t) readings[i].time,
                                                          value_json(&readings[i], QUANTITY_TEMPERATURE),
                                                          value_json(&readings[i], QUANTITY_HUMIDITY),
                                                          value_json(&readings[i], QUANTITY_FIELD)))) {
                        json_decref(list);
                        return fail_memory(err);
                }
        return custody_facts_add(facts, "environment.measured", readings[0].area,
                                 json_pack("{s:o}", "readings", list), err);
}

/* K2: an alert when it gets worse than it was, not with each reading that is as bad. */
static int add_alert(struct act *act, const struct reading *reading, enum gravity gravity, enum quantity quantity,
                     const struct environment_limits *limits, struct custody_facts *facts, struct error *err) {
        const struct incident_draft draft = { INCIDENT_ENVIRONMENT, reading->area, NULL };
        const struct text name = quantity_terms[quantity].name;
        const char *unit = environment_demands[quantity].unit, *model = "";
        char value[24], moment[TIME_TEXT], open[INCIDENT_ID];
        int r;

        environment_format(reading->values[quantity], value);
        time_format(reading->time, moment);
        if (reading->values[quantity] < limits->ranges[quantity].least)
                model = limits->models[quantity][0];
        else if (reading->values[quantity] > limits->ranges[quantity].most)
                model = limits->models[quantity][1];
        r = custody_facts_add(facts, "environment.alert", reading->area,
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "quantity", quantity_terms[quantity].code,
                                        "value", value, "time", moment, "level", gravity_terms[gravity].code,
                                        "model", model, "rule", "U5"),
                              err);
        if (r < 0)
                return r;
        act_say(act, "%s%.0s: %s, %s%.0s %s %s%s%s.", "%.0s%s: %s, %.0s%s %s %s%s%s.",
                gravity_terms[gravity].name.es, gravity_terms[gravity].name.en, reading->area, name.es, name.en,
                value, unit, *model ? ", " : "", model);
        if (gravity < GRAVITY_CRITICAL)
                return 0;
        r = incident_open_about(act->db, reading->area, open, err);
        if (r != ERR_NOT_FOUND)
                return r;
        return custody_facts_incident(act, facts, &draft, err, "%s: %s%.0s de %s %s a las %s.",
                                      "%s: %.0s%s of %s %s at %s.", reading->area, name.es, name.en, value, unit,
                                      moment);
}

/* The worst of one place's new readings against what was there before them. */
static int judge_place(struct act *act, const struct reading *readings, size_t n, struct custody_facts *facts,
                       struct error *err) {
        enum gravity before = GRAVITY_NONE, worst = GRAVITY_NONE;
        enum quantity quantity = QUANTITY_TEMPERATURE;
        struct environment_limits limits;
        const struct reading *worst_one = NULL;
        struct reading earlier;
        int r = environment_limits_load(act, readings[0].area, &limits, err);

        if (r == 0)
                r = reading_before(act->db, readings[0].area, readings[0].time, &earlier, err);
        if (r == 0)
                before = reading_gravity(&earlier, &limits, NULL);
        else if (r != ERR_NOT_FOUND)
                return r;
        for (size_t i = 0; i < n; i++) {
                enum quantity one;
                enum gravity gravity = reading_gravity(&readings[i], &limits, &one);

                if (gravity <= worst)
                        continue;
                worst = gravity;
                quantity = one;
                worst_one = &readings[i];
        }
        if (!worst_one || worst < GRAVITY_ALERT || worst <= before)
                return 0;
        return add_alert(act, worst_one, worst, quantity, &limits, facts, err);
}

int readings_record(struct act *act, const struct reading *readings, size_t n, struct error *err) {
        _cleanup_custody_facts_ struct custody_facts facts = { 0 };
        size_t places = 0;
        int r = 0;

        for (size_t i = 0; i < n; i++)
                places += i == 0 || strcmp(readings[i].area, readings[i - 1].area) != 0;
        if (n == 0)
                return 0;
        r = custody_facts_new(n / BATCH + 3 * places + 1, &facts, err);
        for (size_t start = 0, end; r == 0 && start < n; start = end) {
                for (end = start + 1; end < n && strcmp(readings[end].area, readings[start].area) == 0;)
                        end++;
                for (size_t at = start; r == 0 && at < end; at += BATCH)
                        r = add_batch(readings + at, end - at < BATCH ? end - at : BATCH, &facts, err);
                if (r == 0)
                        r = judge_place(act, readings + start, end - start, &facts, err);
        }
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r == 0)
                custody_facts_say(act, &facts);
        return r;
}

/* --- events ------------------------------------------------------------------------------------------------ */

static int apply_one(struct db *db, const struct event *event, const json_t *row, struct error *err) {
        static const char *const sql = "INSERT INTO environment_reading (area, time, temperature, humidity, field) "
                                       "VALUES (?1, ?2, nullif(?3, ?6), nullif(?4, ?6), nullif(?5, ?6))";
        int64_t values[QUANTITIES];
        int r;

        for (size_t q = 0; q < QUANTITIES; q++) {
                const json_t *value = json_array_get(row, 1 + q);

                values[q] = json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
        }
        r = db_exec(db, err, sql, "siiiii", event->subject, (int64_t) json_integer_value(json_array_get(row, 0)),
                    values[QUANTITY_TEMPERATURE], values[QUANTITY_HUMIDITY], values[QUANTITY_FIELD],
                    (int64_t) INT64_MIN);
        return r < 0 ? r : 0;
}

static int apply_measured(struct db *db, const struct event *event, struct error *err) {
        const json_t *row;
        size_t i;

        json_array_foreach(json_object_get(event->data, "readings"), i, row) {
                int r = apply_one(db, event, row, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_limited(struct db *db, const struct event *event, struct error *err) {
        const json_t *item;
        size_t i;
        int r = db_exec(db, err, "DELETE FROM environment_limit WHERE model = ?", "s", event->subject);

        if (r < 0)
                return r;
        json_array_foreach(json_object_get(event->data, "limits"), i, item) {
                r = db_exec(db, err,
                            "INSERT INTO environment_limit (model, quantity, least, most) VALUES (?, ?, ?, ?)",
                            "ssii", event->subject, json_text(item, "quantity"), json_int(item, "least", 0),
                            json_int(item, "most", 0));
                if (r < 0)
                        return r;
        }
        return 0;
}

const struct event_type environment_events[] = {
        { "environment.measured", apply_measured },
        { "environment.alert", NULL },
        { "environment.limited", apply_limited },
};
_Static_assert(COUNT(environment_events) == ENVIRONMENT_EVENTS, "all events are offered");
