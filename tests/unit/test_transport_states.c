/* T3, T4, T6: every verb of a shipment tried in every state, through the verbs themselves; what the state does not
 * allow is refused and changes nothing. */
#include "unit/store.h"

#include "base/file.h"
#include "policy/shipping.h"
#include "registry/medium.h"
#include "transport/transport.h"

static struct test_store store;
static char media[5][16], file[96];

static void label(const char *id) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct error err;

        assert_int_equal(medium_apply_label(act->db, id, "valid", 1, &err), 0);
}

static void register_paper(const char *serial, char ret[16]) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        assert_int_equal(test_call(&store, "cus", "media", "register", &answer, &err,
                                   "{s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "kind", "tape", "classification",
                                   "INTERNO", "category", "BASICA", "owner", "olga", "expires", "2036-01-01",
                                   "retention", 3650, "serial", serial),
                         0);
        (void) snprintf(ret, 16, "%s", json_text(answer, "id"));
        label(ret);
}

static int group_setup(void **state) {
        static const char *const signers[] = { "cus", "rec" };
        struct error err;

        (void) state;
        test_store_make(&store);
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "rec", "full-name", "R", "roles",
                    "user");
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "fede", "full-name", "F",
                    "roles", "security");
        for (size_t i = 0; i < COUNT(signers); i++)
                test_expect(0, &store, "sara", "person", "enrol", "{s:s}", "name", signers[i]);
        for (size_t i = 0; i < COUNT(media); i++) {
                char serial[8];

                (void) snprintf(serial, sizeof serial, "T%zu", i);
                register_paper(serial, media[i]);
        }
        (void) snprintf(file, sizeof file, "%s/paper.txt", store.root);
        assert_int_equal(file_write(file, "paper", 5, 0600, &err), 0);
        return 0;
}

static int group_teardown(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

/* One call of each verb by who may make it, sound but for the state. */
static int call(enum shipment_act act, const char *shipment, const char *medium, const char *seal,
                struct error *err) {
        const char *verb = shipment_acts[act].verb;

        switch (act) {
        case SHIP_PACK:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:[s,s,s,s], s:[s], s:b}",
                                 "shipment", shipment, "level", "foam", "rigid-container", "security-seal",
                                 "outer-pack", "seal", seal, "label-checked", 1);
        case SHIP_AUTHORISE:
                return test_call(&store, "olga", "ship", verb, NULL, err, "{s:s}", "shipment", shipment);
        case SHIP_DISPATCH:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:[s]}", "shipment", shipment,
                                 "seal", seal);
        case SHIP_PICKUP:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:[s], s:s, s:s}", "shipment",
                                 shipment, "seal", seal, "company", "C", "courier", "c");
        case SHIP_TRACK:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:s}", "shipment", shipment,
                                 "event", "e");
        case SHIP_DELIVER:
                return test_call(&store, "rec", "ship", verb, NULL, err, "{s:s, s:[s]}", "shipment", shipment,
                                 "seal", seal);
        case SHIP_CONFIRM:
                return test_call(&store, "rec", "ship", verb, NULL, err, "{s:s, s:[s]}", "shipment", shipment,
                                 "media", medium);
        case SHIP_LOST:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:s}", "shipment", shipment,
                                 "circumstances", "c");
        case SHIP_CANCEL:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:s}", "shipment", shipment,
                                 "reason", "r");
        case SHIP_DOCUMENT:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:s, s:s, s:s}", "shipment",
                                 shipment, "kind", "other", "reference", "r", "file", file);
        case SHIP_NOTICE:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:s}", "shipment", shipment, "by",
                                 "b");
        case SHIP_GPS:
                return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s, s:s}", "shipment", shipment, "file",
                                 file);
        case SHIP_REVIEW:
                return test_call(&store, "fede", "ship", verb, NULL, err, "{s:s, s:s, s:s}", "shipment", shipment,
                                 "outcome", "justified", "note", "n");
        case SHIP_BREACH: return test_call(&store, "cus", "ship", verb, NULL, err, "{s:s}", "shipment", shipment);
        case SHIPMENT_ACTS: break;
        }
        fail_msg("no such act");
        return 0;
}

static enum shipment_state state_of(const char *shipment, size_t *ret_checkpoints) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        assert_int_equal(test_call(&store, "sara", "ship", "show", &answer, &err, "{s:s}", "shipment", shipment),
                         0);
        *ret_checkpoints = json_array_size(json_object_get(answer, "checkpoints"));
        return (enum shipment_state) term_parse(shipment_state_terms, SHIPMENT_STATES, json_text(answer, "state"));
}

/* Everything that this state does not allow, at once. */
static void try_the_others(const char *shipment, const char *medium, enum shipment_state expected) {
        size_t before, after;

        assert_int_equal(state_of(shipment, &before), expected);
        for (int act = 0; act < SHIPMENT_ACTS; act++) {
                struct error err;
                int r;

                if (shipment_acts[act].from & 1U << expected)
                        continue;
                r = call((enum shipment_act) act, shipment, medium, "X-999", &err);
                if (r != ERR_CONFLICT || strcmp(err.rule, shipment_acts[act].rule) != 0)
                        fail_msg("“ship %s” in “%s”: %d [%s] %s", shipment_acts[act].verb,
                                 shipment_state_terms[expected].code, r, err.rule, err.what[LANG_EN]);
                assert_int_equal(state_of(shipment, &after), expected);
                assert_int_equal(before, after);
        }
}

static void create(const char *medium, const char *emergency, char ret[16]) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        assert_int_equal(test_call(&store, "cus", "ship", "create", &answer, &err,
                                   "{s:s, s:s, s:s, s:[s], s:s, s:s, s:i, s:s, s:s*}", "from", "N", "to", "S",
                                   "recipient", "rec", "media", medium, "method", "standard-courier", "route", "r",
                                   "limit", 24, "reason", "r", "emergency", emergency),
                         0);
        (void) snprintf(ret, 16, "%s", json_text(answer, "shipment"));
}

struct step {
        enum shipment_act act;
        enum shipment_state after;
};
static const struct step whole_way[] = {
        { SHIP_PACK, SHIPMENT_PACKED },         { SHIP_AUTHORISE, SHIPMENT_AUTHORISED },
        { SHIP_DISPATCH, SHIPMENT_DISPATCHED }, { SHIP_PICKUP, SHIPMENT_PICKED_UP },
        { SHIP_TRACK, SHIPMENT_IN_TRANSIT },    { SHIP_TRACK, SHIPMENT_IN_TRANSIT },
        { SHIP_DELIVER, SHIPMENT_DELIVERED },   { SHIP_CONFIRM, SHIPMENT_CONFIRMED },
};

static void walk(const char *medium, const char *seal, size_t steps, char shipment[16]) {
        create(medium, NULL, shipment);
        try_the_others(shipment, medium, SHIPMENT_CREATED);
        for (size_t i = 0; i < steps; i++) {
                struct error err;

                if (call(whole_way[i].act, shipment, medium, seal, &err) < 0)
                        fail_msg("ship %s: %s", shipment_acts[whole_way[i].act].verb, err.what[LANG_EN]);
                try_the_others(shipment, medium, whole_way[i].after);
        }
}

static void t4_the_whole_way(void **state) {
        char shipment[16];

        (void) state;
        walk(media[0], "S-101", COUNT(whole_way), shipment);
}

/* Lost from each state that is on the way. */
static void t4_t7_lost(void **state) {
        char shipment[16];
        struct error err;

        (void) state;
        for (size_t n = 3; n < 7; n += 3) { /* dispatched, and in transit */
                const char *medium = media[n / 3];

                walk(medium, n == 3 ? "S-201" : "S-202", n, shipment);
                assert_int_equal(call(SHIP_LOST, shipment, medium, "", &err), 0);
                try_the_others(shipment, medium, SHIPMENT_LOST);
        }
}

static void t4_cancelled(void **state) {
        char shipment[16];
        struct error err;

        (void) state;
        for (size_t n = 0; n <= 2; n++) {
                walk(media[3], n == 1 ? "S-301" : "S-302", n, shipment);
                assert_int_equal(call(SHIP_CANCEL, shipment, media[3], "", &err), 0);
                try_the_others(shipment, media[3], SHIPMENT_CANCELLED);
        }
}

/* What is due is what is not done yet; a drill's is marked. */
struct seen {
        unsigned kinds, overdue;
        int stop_after;
};
static int see(void *context, const struct shipment_due *due) {
        struct seen *seen = context;

        if (strcmp(due->shipment, "E000007") != 0)
                return 0;
        seen->kinds |= 1U << due->kind;
        seen->overdue |= (unsigned) due->overdue << due->kind;
        return --seen->stop_after == 0 ? 42 : 0;
}

static struct seen due_now(int stop_after, int expected) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct seen seen = { .stop_after = stop_after };
        struct error err;

        assert_int_equal(shipment_due(act->db, store.now, see, &seen, &err), expected);
        return seen;
}

static void t6_due_by_the_clock(void **state) {
        char shipment[16];
        struct error err;
        struct seen seen;
        bool drill = true;

        (void) state;
        create(media[3], "Trasplante", shipment);
        assert_string_equal(shipment, "E000007");
        assert_int_equal(call(SHIP_PACK, shipment, media[3], "S-401", &err), 0);
        assert_int_equal(call(SHIP_AUTHORISE, shipment, media[3], "", &err), 0);
        assert_int_equal(call(SHIP_NOTICE, shipment, media[3], "", &err), 0);
        assert_true(due_now(0, 0).kinds == 1U << DUE_REVIEW);
        /* Packed again: neither the authorisation nor what came of it holds. */
        assert_int_equal(call(SHIP_PACK, shipment, media[3], "S-402", &err), 0);
        assert_true(due_now(0, 0).kinds == 0);
        assert_int_equal(call(SHIP_AUTHORISE, shipment, media[3], "", &err), 0);
        assert_int_equal(call(SHIP_DISPATCH, shipment, media[3], "S-402", &err), 0);
        seen = due_now(0, 0);
        assert_true(seen.kinds == (1U << DUE_NOTICE | 1U << DUE_LIMIT | 1U << DUE_REVIEW) && seen.overdue == 0);
        (void) due_now(1, 42);
        store.now += 25 * 3600 * SECOND;
        seen = due_now(0, 0);
        assert_true(seen.overdue == (1U << DUE_NOTICE | 1U << DUE_LIMIT));
        store.now += 3 * DAY;
        seen = due_now(0, 0);
        assert_true(seen.overdue == (1U << DUE_NOTICE | 1U << DUE_LIMIT | 1U << DUE_REVIEW));
        assert_int_equal(call(SHIP_NOTICE, shipment, media[3], "", &err), 0);
        assert_int_equal(call(SHIP_REVIEW, shipment, media[3], "", &err), 0);
        seen = due_now(0, 0);
        assert_true(seen.kinds == 1U << DUE_LIMIT);
        {
                _cleanup_(session_closep) struct session *session = NULL;
                struct act *act = test_act(&store, "sara", &session);

                assert_int_equal(shipment_is_drill(act->db, shipment, &drill, &err), 0);
                assert_false(drill);
                assert_int_equal(shipment_is_drill(act->db, "P000001", &drill, &err), 0);
                assert_false(drill);
        }
}

/* T4: an authorisation that ran out while the shipment waited. */
static void t4_courier_expired(void **state) {
        char shipment[16], today[DATE_TEXT];
        struct error err;

        (void) state;
        create(media[4], NULL, shipment);
        assert_int_equal(call(SHIP_PACK, shipment, media[4], "S-501", &err), 0);
        assert_int_equal(call(SHIP_AUTHORISE, shipment, media[4], "", &err), 0);
        assert_int_equal(call(SHIP_DISPATCH, shipment, media[4], "S-501", &err), 0);
        date_of(store.now, today);
        test_expect(0, &store, "sara", "courier", "authorise", "{s:s, s:s, s:s, s:s, s:s, s:s}", "courier", "c",
                    "full-name", "C C", "company", "C", "document", "d", "file", file, "expires", today);
        store.now += DAY;
        assert_int_equal(test_call(&store, "cus", "ship", "pickup", NULL, &err, "{s:s, s:[s], s:s, s:s, s:s}",
                                   "shipment", shipment, "seal", "S-501", "company", "C", "courier", "C", "receipt",
                                   "R-1"),
                         ERR_REFUSED);
        assert_string_equal(err.rule, "T4");
        date_of(store.now, today);
        test_expect(0, &store, "sara", "courier", "authorise", "{s:s, s:s, s:s, s:s, s:s, s:s}", "courier", "c",
                    "full-name", "C C", "company", "C", "document", "d", "file", file, "expires", today);
        test_expect(0, &store, "cus", "ship", "pickup", "{s:s, s:[s], s:s, s:s, s:s}", "shipment", shipment, "seal",
                    "S-501", "company", "C", "courier", "C", "receipt", "R-1");
}

/* X2: the rows are what the events say, but for the labels that this test put there itself. */
static void x2_ledger_explains_state(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct error err;

        (void) state;
        assert_true(db_exec(act->db, &err, "UPDATE medium SET label_state = 'none', label_revision = 0", "") > 0);
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
        test_expect(0, &store, "sara", "ledger", "replay", "{}");
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(t4_the_whole_way),   cmocka_unit_test(t4_t7_lost),
                cmocka_unit_test(t4_cancelled),       cmocka_unit_test(t6_due_by_the_clock),
                cmocka_unit_test(t4_courier_expired), cmocka_unit_test(x2_ledger_explains_state),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
