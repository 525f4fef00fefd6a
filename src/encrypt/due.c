/* encrypt due: which volume keys are old, which media are at hand, and the alert about those that are not (C5). */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "device/facts.h"
#include "device/monitor.h"
#include "encrypt/rotation.h"

/* --- what is present -------------------------------------------------------------------------------------------
 */

struct presence {
        struct act *act;
        json_t *devices; /* medium: node */
};

static void look(void *context, const char *path) {
        struct presence *presence = context;
        struct device_facts facts;
        char id[MEDIUM_ID_TEXT];

        /* Not opened: who only lists needs no right to it. */
        if (device_facts_outside(path, presence->act->folder, &facts, NULL) == 0 && facts.size > 0 &&
            medium_of_device(presence->act->db, &facts, id, NULL, NULL) == 0)
                (void) json_object_set_new(presence->devices, id, json_string(path));
}

/* --- each medium -----------------------------------------------------------------------------------------------
 */

typedef int (*each_medium)(void *context, const struct medium *medium, const struct encryption *encryption,
                           const struct rotation_state *state, struct error *err);

static int visit(struct act *act, const char *id, each_medium each, void *context, struct error *err) {
        _cleanup_encryption_ struct encryption encryption = { 0 };
        struct rotation_state state;
        struct medium medium;
        int r = medium_load(act->db, id, &medium, err);

        if (r == 0)
                r = encryption_load(act->db, id, &encryption, err);
        if (r < 0)
                return r;
        if (medium.state == MEDIUM_DESTROYED || medium.state == MEDIUM_RETIRED)
                return 0;
        rotation_state_of(act, &medium, &encryption, &state);
        return state.standing == ROTATION_EXEMPT ? 0 : each(context, &medium, &encryption, &state, err);
}

/* Whose key was made at `made` or before, the oldest first. The IDs are read before any medium is: what is recorded
 * meanwhile disturbs no reading. */
static int for_each(struct act *act, int64_t made, each_medium each, void *context, struct error *err) {
        _cleanup_json_ json_t *ids = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        const json_t *id;
        size_t i;
        int r = db_query(act->db, &rows, err,
                         "SELECT medium FROM encryption WHERE rekeyed <= ? AND state IN ('done', 'rekeying')"
                         " ORDER BY rekeyed, medium",
                         "i", made);

        while (r >= 0 && (r = rows_next(rows, err)) == 1)
                if (json_array_append_new(ids, json_string(rows_text(rows, 0))) < 0)
                        return fail_memory(err);
        json_array_foreach(ids, i, id) if (r >= 0) r = visit(act, json_string_value(id), each, context, err);
        return r < 0 ? r : 0;
}

/* Keys made since are not to be told of yet: of a large registry only the old ones are looked at. */
static int64_t due_when_made(const struct act *act) {
        return act_now(act) - (rotation_policy.volume_key_days - rotation_policy.warning_days) * DAY;
}

/* --- the list --------------------------------------------------------------------------------------------------
 */

struct listing {
        struct act *act;
        const json_t *devices;
        json_t *rows;
        bool all;
        int64_t soon, overdue, absent;
};

static void say(struct listing *listing, const struct medium *medium, const struct rotation_state *state,
                const char *device) {
        char due[DATE_TEXT];

        date_of(state->due, due);
        if (state->standing != ROTATION_OVERDUE && state->standing != ROTATION_SOON)
                return;
        if (!*device)
                act_say(listing->act,
                        "%s: su clave de volumen es para renovar el %s y no está conectado: tráigalo.",
                        "%s: its volume key is due on %s, and it is not plugged in: fetch it.", medium->id, due);
        else if (state->standing == ROTATION_OVERDUE)
                act_say(listing->act,
                        "%s: su clave de volumen venció el %s. Use «mpsi encrypt rotate %s %s --kind volume».",
                        "%s: its volume key has been overdue since %s. Use “mpsi encrypt rotate %s %s --kind "
                        "volume”.",
                        medium->id, due, medium->id, device);
        else
                act_say(listing->act,
                        "%s: su clave de volumen vence el %s. Use «mpsi encrypt rotate %s %s --kind volume».",
                        "%s: its volume key is due on %s. Use “mpsi encrypt rotate %s %s --kind volume”.",
                        medium->id, due, medium->id, device);
}

static int add(void *context, const struct medium *medium, const struct encryption *encryption,
               const struct rotation_state *state, struct error *err) {
        struct listing *listing = context;
        const char *device = json_text_or_empty(listing->devices, medium->id);
        char due[DATE_TEXT], made[DATE_TEXT], waived[DATE_TEXT] = "";
        json_t *row;

        if (state->standing == ROTATION_CURRENT && !listing->all)
                return 0;
        date_of(state->due, due);
        date_of(encryption->rekeyed, made);
        if (state->waived_until)
                date_of(state->waived_until, waived);
        listing->soon += state->standing == ROTATION_SOON;
        listing->overdue += state->standing == ROTATION_OVERDUE;
        listing->absent += !*device && state->standing != ROTATION_CURRENT;
        row = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:b, s:s, s:s, s:s, s:b}", "medium", medium->id,
                        "standing", rotation_standing_terms[state->standing].code, "standing_text",
                        text_in(rotation_standing_terms[state->standing].name, listing->act->lang), "made", made,
                        "age_days", (json_int_t) ((act_now(listing->act) - encryption->rekeyed) / DAY), "due", due,
                        "device", device, "present", *device != '\0', "location", medium->location, "waived_until",
                        waived, "waived_by", state->waived_by, "rekeying", encryption->header.reencrypting);
        if (!row || json_array_append_new(listing->rows, row) < 0)
                return fail_memory(err);
        say(listing, medium, state, device);
        return 0;
}

int encrypt_due(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *devices = json_object(), *rows = json_array();
        struct presence presence = { act, devices };
        struct listing listing = { .act = act, .devices = devices, .rows = rows, .all = json_flag(args, "all") };
        int r;

        if (!devices || !rows)
                return fail_memory(err);
        /* Without udev nothing is seen to be present: the list is still right about ages. */
        (void) monitor_enumerate(look, &presence, NULL);
        r = for_each(act, listing.all ? INT64_MAX : due_when_made(act), add, &listing, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O, s:I, s:I, s:I}", "rows", rows, "due_soon", (json_int_t) listing.soon, "overdue",
                         (json_int_t) listing.overdue, "absent", (json_int_t) listing.absent);
        return *ret ? 0 : fail_memory(err);
}

/* --- the alert -------------------------------------------------------------------------------------------------
 */

int rotation_apply_alerted(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE encryption SET alerted = ? WHERE medium = ?", "ss",
                        json_text_or_empty(event->data, "standing"), event->subject);

        return r < 0 ? r : 0;
}

static int alert(void *context, const struct medium *medium, const struct encryption *encryption,
                 const struct rotation_state *state, struct error *err) {
        struct act *act = context;
        const char *standing = rotation_standing_terms[state->standing].code;
        _cleanup_json_ json_t *data = NULL;
        char due[DATE_TEXT];

        if ((state->standing != ROTATION_SOON && state->standing != ROTATION_OVERDUE) ||
            strcmp(encryption->alerted, standing) == 0)
                return 0;
        date_of(state->due, due);
        data = json_pack("{s:s, s:s, s:s, s:s}", "standing", standing, "due", due, "key", medium->key_id,
                         "location", medium->location);
        return data ? act_record_one(act, "encryption.rotation-due", medium->id, data, err) : fail_memory(err);
}

int encrypt_alert_due(struct act *act, struct error *err) {
        return for_each(act, due_when_made(act), alert, act, err);
}

struct counts {
        int64_t soon, overdue;
};

static int count(void *context, const struct medium *medium, const struct encryption *encryption,
                 const struct rotation_state *state, struct error *err) {
        struct counts *counts = context;

        (void) medium, (void) encryption, (void) err;
        counts->soon += state->standing == ROTATION_SOON;
        counts->overdue += state->standing == ROTATION_OVERDUE;
        return 0;
}

int encrypt_count_due(struct act *act, int64_t *ret_soon, int64_t *ret_overdue, struct error *err) {
        struct counts counts = { 0 };
        int r = for_each(act, due_when_made(act), count, &counts, err);

        if (r == 0) {
                *ret_soon = counts.soon;
                *ret_overdue = counts.overdue;
        }
        return r;
}

int encrypt_rotation_standing(struct act *act, const struct medium *medium, enum rotation_standing *ret,
                              int64_t *ret_due, struct error *err) {
        _cleanup_encryption_ struct encryption encryption = { 0 };
        struct rotation_state state;
        int r = encryption_load(act->db, medium->id, &encryption, err);

        if (r < 0)
                return r;
        rotation_state_of(act, medium, &encryption, &state);
        *ret = state.standing;
        *ret_due = state.due;
        return 0;
}
