/* `wipe pattern`, `wipe patterns`: what the house overwrites with when none of the named schemes is what its own
 * rules ask for. A name stands for passes; a job records the passes themselves, so a name may be given new ones
 * later. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sanitize/house.h"
#include "sanitize/sanitize.h"

static int load(struct db *db, const char *name, char passes[CUSTOM_NAME], struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT passes FROM sanitization_pattern WHERE name = ?", "s", name);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0) {
                (void) fail(err, ERR_NOT_FOUND, "No consta ningún patrón «%s».", "No pattern “%s” is on record.",
                            name);
                return hint(err, "«mpsi wipe patterns» los lista; «mpsi wipe pattern» aprueba otro.",
                            "“mpsi wipe patterns” lists them; “mpsi wipe pattern” approves another.");
        }
        (void) snprintf(passes, CUSTOM_NAME, "%s", rows_text(rows, 0));
        return 0;
}

int house_plan(struct act *act, const struct medium *medium, const struct device_facts *facts, const json_t *args,
               struct plan *ret, struct error *err) {
        const char *name = json_text(args, "pattern"), *method = json_text(args, "method");
        bool custom = method && strcmp(method, scheme_terms[SCHEME_CUSTOM].code) == 0;
        char passes[CUSTOM_NAME];
        int r;

        if (!name && custom)
                return fail(err, ERR_USAGE, "Diga con --pattern qué patrón de la casa.",
                            "Say with --pattern which of the house's patterns.");
        if (!name)
                return plan_make(medium, facts, method, ret, err);
        if (method && !custom)
                return fail(err, ERR_USAGE, "--pattern es un método: no lo acompañe de otro.",
                            "--pattern is a method: give no other one with it.");
        r = load(act->db, name, passes, err);
        if (r == 0)
                r = plan_custom(medium, facts, passes, ret, err);
        if (r == 0)
                (void) snprintf(ret->pattern, sizeof ret->pattern, "%s", name);
        return r;
}

int house_patterns(struct db *db, int (*each)(void *context, const char *name, const char *passes), void *context,
                   struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT name, passes FROM sanitization_pattern ORDER BY name", "");

        while (r == 0 && (r = rows_next(rows, err)) == 1)
                r = each(context, rows_text(rows, 0), rows_text(rows, 1));
        return r;
}

int house_apply_set(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT OR REPLACE INTO sanitization_pattern (name, passes, person, reason, time)"
                        " VALUES (?, ?, ?, ?, ?)",
                        "ssssi", event->subject, json_text_or_empty(event->data, "passes"), event->actor,
                        json_text_or_empty(event->data, "reason"), event->time);

        return r < 0 ? r : 0;
}

int house_apply_retired(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "DELETE FROM sanitization_pattern WHERE name = ?", "s", event->subject);

        return r < 0 ? r : 0;
}

static int retire(struct act *act, const char *name, const char *reason, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = json_pack("{s:s}", "reason", reason);
        char passes[CUSTOM_NAME];
        int r = data ? load(act->db, name, passes, err) : fail_memory(err);

        if (r == 0)
                r = act_record_one(act, "sanitization.pattern-retired", name, data, err);
        if (r < 0)
                return r;
        act_say(act, "El patrón «%s» ya no se usa; los borrados hechos con él siguen valiendo.",
                "Pattern “%s” is used no more; wipes made with it stay good.", name);
        *ret = json_pack("{s:s, s:s}", "name", name, "passes", "");
        return *ret ? 0 : fail_memory(err);
}

int house_set(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "name"), *passes = json_text(args, "passes");
        const char *reason = json_text(args, "reason");
        _cleanup_json_ json_t *data = NULL;
        const struct technique *technique;
        int r;

        if (!passes == !json_flag(args, "retire"))
                return fail(err, ERR_USAGE, "Diga --passes o --retire, uno de los dos.",
                            "Say --passes or --retire, one of the two.");
        if (!passes)
                return retire(act, name, reason, ret, err);
        r = technique_custom(passes, &technique, err);
        if (r < 0)
                return r;
        passes = technique->name + strlen(CUSTOM_PREFIX);
        data = json_pack("{s:s, s:s}", "passes", passes, "reason", reason);
        r = data ? act_record_one(act, "sanitization.pattern-set", name, data, err) : fail_memory(err);
        if (r < 0)
                return r;
        act_say(act, "Patrón «%s»: %s (nivel Clear). Dónde basta lo dice «mpsi wipe plan».",
                "Pattern “%s”: %s (level Clear). “mpsi wipe plan” says where it is enough.", name, passes);
        *ret = json_pack("{s:s, s:s}", "name", name, "passes", passes);
        return *ret ? 0 : fail_memory(err);
}

int house_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(act->db, &rows, err,
                         "SELECT name, passes, person, reason, time FROM sanitization_pattern ORDER BY name", "");

        (void) args;
        while (r == 0 && (r = rows_next(rows, err)) == 1) {
                char time[TIME_TEXT];

                time_format(rows_int(rows, 4), time);
                if (json_array_append_new(list,
                                          json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", rows_text(rows, 0),
                                                    "passes", rows_text(rows, 1), "person", rows_text(rows, 2),
                                                    "reason", rows_text(rows, 3), "time", time)))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

bool sanitization_enough(const struct sanitization_record *record, enum medium_kind kind,
                         enum classification classification) {
        const struct sanitize_demand *demand = sanitize_demand(kind, classification);
        const json_t *name;
        size_t i;

        if (record->scheme != SCHEME_CUSTOM)
                return sanitize_scheme_enough(demand, record->scheme);
        json_array_foreach(json_object_get(record->ended_data, "techniques"), i, name) {
                const struct technique *technique = json_string_value(name)
                                                            ? technique_named(json_string_value(name))
                                                            : NULL;

                if (technique && plan_custom_enough(demand, technique))
                        return true;
        }
        return false;
}
