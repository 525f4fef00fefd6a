#include "registry/blank.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "device/facts.h"
#include "registry/medium_id.h"
#include "registry/proposal.h"
#include "registry/registry.h"

static const char *const states[] = {
        [BLANK_NONE] = "", [BLANK_RESERVED] = "reserved", [BLANK_CLAIMED] = "claimed", [BLANK_VOID] = "void"
};
enum { NUMBER_MOST = 99999999 };

/* --- events ----------------------------------------------------------------------------------------------- */

static int apply_reserved(struct db *db, const struct event *event, struct error *err) {
        int64_t first = json_int(event->data, "first", 0), count = json_int(event->data, "count", 0);
        int r = 0;

        for (int64_t i = 0; r >= 0 && i < count; i++) {
                char id[MEDIUM_ID_TEXT];

                medium_id_format(json_text_or_empty(event->data, "site"), first + i, id);
                r = db_exec(db, err, "INSERT INTO blank(id, number, state, reserved) VALUES(?, ?, 'reserved', ?)",
                            "sii", id, first + i, event->time);
        }
        return r < 0 ? r : 0;
}

static int set_state(struct db *db, const struct event *event, enum blank_state state, struct error *err) {
        int r = db_exec(db, err, "UPDATE blank SET state = ? WHERE id = ? AND state = 'reserved'", "ss",
                        states[state], event->subject);

        if (r == 0)
                return fail(err, ERR_CONFLICT, "%.40s no es un código reservado.", "%.40s is no reserved code.",
                            event->subject);
        return r < 0 ? r : 0;
}

static int apply_claimed(struct db *db, const struct event *event, struct error *err) {
        return set_state(db, event, BLANK_CLAIMED, err);
}

static int apply_voided(struct db *db, const struct event *event, struct error *err) {
        return set_state(db, event, BLANK_VOID, err);
}

static const struct event_type events[] = {
        { "blank.reserved", apply_reserved },
        { "blank.claimed", apply_claimed },
        { "blank.voided", apply_voided },
        { "blank.reprinted", NULL },
};

/* --- for others ------------------------------------------------------------------------------------------- */

int blank_find(struct db *db, const char *text, enum blank_state *ret, char ret_id[MEDIUM_ID_TEXT],
               struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char normal[64];
        int r;

        medium_id_normalise(text, normal, sizeof normal);
        *ret = BLANK_NONE;
        if (!medium_id_valid(normal))
                return 0;
        r = db_query(db, &rows, err, "SELECT state FROM blank WHERE id = ?", "s", normal);
        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        memcpy(ret_id, normal, strlen(normal) + 1);
        for (size_t i = BLANK_RESERVED; r > 0 && i < COUNT(states); i++)
                if (strcmp(rows_text(rows, 0), states[i]) == 0)
                        *ret = (enum blank_state) i;
        return 0;
}

int blank_reservation(struct act *act, int64_t count, char subject[MEDIUM_ID_TEXT], struct fact *ret,
                      int64_t *ret_first, struct error *err) {
        int64_t first;
        int r = media_next_number(act, &first, err);

        if (r < 0)
                return r;
        if (first + count - 1 > NUMBER_MOST)
                return fail(err, ERR_CONFLICT, "No quedan tantos números.",
                            "There are not that many numbers left.");
        medium_id_format(act->site, first, subject);
        *ret = (struct fact){ "blank.reserved", subject,
                              json_pack("{s:I, s:I, s:s}", "first", (json_int_t) first, "count", (json_int_t) count,
                                        "site", act->site) };
        *ret_first = first;
        return ret->data ? 0 : fail_memory(err);
}

static int find_reserved(struct act *act, const char *code, char id[MEDIUM_ID_TEXT], int64_t *ret_number,
                         struct error *err) {
        enum blank_state state;
        int r = blank_find(act->db, code, &state, id, err);

        if (r < 0)
                return r;
        if (state == BLANK_NONE) {
                (void) fail(err, ERR_NOT_FOUND, "«%.60s» no es un código reservado de esta estación.",
                            "“%.60s” is no reserved code of this station.", code);
                return hint(err, "Los códigos se reservan con «media preprint».",
                            "Codes are reserved with “media preprint”.");
        }
        if (state != BLANK_RESERVED)
                return fail(err, ERR_CONFLICT, "El código %s ya está %s%.0s.", "Code %s is %.0s%s already.", id,
                            state == BLANK_CLAIMED ? "asignado a un soporte" : "anulado",
                            state == BLANK_CLAIMED ? "a medium's" : "void");
        return db_int(act->db, ret_number, err, "SELECT number FROM blank WHERE id = ?", "s", id);
}

int blank_again(struct act *act, const char *code, int64_t count, char subject[MEDIUM_ID_TEXT], struct fact *ret,
                int64_t *ret_first, struct error *err) {
        int64_t first = 0, there = 0;
        int r = find_reserved(act, code, subject, &first, err);

        if (r == 0)
                r = db_int(act->db, &there, err,
                           "SELECT count(*) FROM blank WHERE number >= ? AND number < ? AND state = 'reserved'",
                           "ii", first, first + count);
        if (r == 0 && there != count)
                r = fail(err, ERR_CONFLICT, "De los %lld códigos desde %s solo %lld siguen reservados.",
                         "Of the %lld codes from %s on only %lld are still reserved.", (long long) count, subject,
                         (long long) there);
        if (r < 0)
                return r;
        *ret = (struct fact){ "blank.reprinted", subject,
                              json_pack("{s:I, s:I}", "first", (json_int_t) first, "count", (json_int_t) count) };
        *ret_first = first;
        return ret->data ? 0 : fail_memory(err);
}

/* --- media claim ------------------------------------------------------------------------------------------ */

int media_run_claim(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *device = json_text(args, "device");
        struct device_facts facts = { 0 };
        _cleanup_json_ json_t *effective = NULL;
        struct fact both[2] = { 0 };
        char id[MEDIUM_ID_TEXT];
        int64_t number = 0;
        int r = find_reserved(act, json_text(args, "code"), id, &number, err);

        if (r == 0 && device)
                r = media_device(act, device, &facts, err);
        if (r == 0)
                r = proposal_in_registration(act, args, device ? &facts : NULL, &effective, err);
        if (r == 0)
                r = media_registration(act, effective, device ? &facts : NULL, number, NULL, &both[0], err);
        both[1] = (struct fact){ "blank.claimed", id, NULL };
        if (r == 0 && strcmp(both[0].subject, id) != 0)
                r = fail(err, ERR_CONFLICT, "El código %s es de otra sede.", "Code %s is another site's.", id);
        if (r == 0)
                r = act_record(act, both, COUNT(both), err);
        if (r == 0) {
                act_say(act,
                        "El código %s es ahora de este soporte: imprima su etiqueta completa con «label print».",
                        "Code %s is this medium's now: print its whole label with “label print”.", id);
                *ret = json_pack("{s:s}", "id", id);
        }
        free((char *) (uintptr_t) both[0].subject);
        json_decref(both[0].data);
        return r;
}

const struct room blank_room = { .events = events, .events_n = COUNT(events) };
