/* Where rooms meet: what one room's act forbids another, and what no act of anybody's may do. */
#include "unit/store.h"

#include "base/file.h"

static struct test_store store;

#define must_refuse(code, rule_id, person, noun, name, ...)                                                        \
        do {                                                                                                       \
                struct error _e;                                                                                   \
                int _r = test_call(&store, (person), (noun), (name), NULL, &_e, __VA_ARGS__);                      \
                if (_r != (code) || strcmp(_e.rule, (rule_id)) != 0)                                               \
                        fail_msg("%s %s: %d [%s] instead of %d [%s]: %s", (noun), (name), _r, _e.rule, (code),     \
                                 (rule_id), _e.what[LANG_EN]);                                                     \
                assert_true(_e.what[LANG_ES][0] && _e.what[LANG_EN][0]);                                           \
        } while (0)

static int setup(void **state) {
        (void) state;
        test_store_make(&store);
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "uli", "full-name", "Uli",
                    "roles", "user");
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "pia", "full-name", "Pía",
                    "roles", "owner");
        return 0;
}

static int teardown(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

/* A tape of olga's. */
static void register_tape(const char *classification, const char *serial, char ret[16]) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        if (test_call(&store, "cus", "media", "register", &answer, &err, "{s:s, s:s, s:s, s:s, s:s, s:i, s:s}",
                      "kind", "tape", "classification", classification, "category", "BASICA", "owner", "olga",
                      "expires", "2036-01-01", "retention", 100, "serial", serial) < 0)
                fail_msg("media register: %s", err.what[LANG_EN]);
        (void) snprintf(ret, 16, "%s", json_text(answer, "id"));
}

static void expect_state(const char *medium, const char *state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        assert_int_equal(test_call(&store, "cus", "media", "show", &answer, &err, "{s:s}", "medium", medium), 0);
        assert_string_equal(json_text(answer, "state"), state);
}

static void lend(const char *medium, const char *seal) {
        test_expect(0, &store, "uli", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", medium, "to", "uli",
                    "reason", "r", "due", "2030-01-01", "location", "CPD");
        test_expect(0, &store, "olga", "loan", "approve", "{s:s}", "loan", medium);
        test_expect(0, &store, "cus", "loan", "out", "{s:s, s:s}", "loan", medium, "seal", seal);
}

static void photo(const char *name, char ret[96]) {
        struct error err;

        (void) snprintf(ret, 96, "%s/%s", store.root, name);
        assert_int_equal(file_write(ret,
                                    "\x89PNG\r\n\x1a\n0123456789012345678901234567890123456789012345678901234567",
                                    66, 0600, &err),
                         0);
}

/* S8: what was lent when it was approved is not here, and can't be destroyed until it is back. */
static void what_is_lent_is_not_destroyed(void **state) {
        char medium[16], before[96];

        (void) state;
        register_tape("PUBLICO", "D-1", medium);
        test_expect(0, &store, "oto", "destroy", "request", "{s:s, s:s, s:s}", "medium", medium, "reason", "r",
                    "method", "shred");
        lend(medium, "S-0001");
        test_expect(0, &store, "olga", "destroy", "approve", "{s:s}", "destruction", medium);
        must_refuse(ERR_CONFLICT, "S12", "olga", "loan", "extend", "{s:s, s:s, s:s}", "loan", medium, "due",
                    "2030-01-20", "reason", "r");
        photo("before.png", before);
        must_refuse(ERR_CONFLICT, "S8", "oto", "destroy", "execute",
                    "{s:s, s:s, s:[s], s:[s], s:[s], s:s, s:s, s:s, s:b, s:s}", "destruction", medium, "supervisor",
                    "cus", "seen", "D-1", "before", before, "after", before, "remains", "1", "equipment", "e",
                    "place", "p", "complete", 1, "confirm", medium);
        expect_state(medium, "on-loan");
        test_expect(0, &store, "cus", "loan", "in", "{s:s, s:s, s:s}", "loan", medium, "seal", "S-0001",
                    "condition", "c");
        expect_state(medium, "in-custody");
}

static void ask_for_loan(int code, const char *medium) {
        test_expect(code, &store, "uli", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", medium, "to",
                    "uli", "reason", "r", "due", "2030-01-01", "location", "CPD");
}

#define SHIPMENT                                                                                                   \
        "{s:s, s:s, s:s, s:[s], s:s, s:s, s:i, s:s}", "from", "Norte", "to", "Sur", "recipient", "uli", "media",   \
                medium, "method", "standard-courier", "route", "A-4", "limit", 24, "reason", "r"
#define PACKING                                                                                                    \
        "{s:s, s:[s, s, s, s, s, s], s:[s], s:b}", "shipment", "E000001", "level", "encrypted-medium",             \
                "antistatic-bag", "foam", "rigid-container", "security-seal", "outer-pack", "seal", "T-0001",      \
                "label-checked", 1

/* S12: once its destruction is approved a medium neither leaves nor is put to use, at whatever step the loan or the
 * shipment was; an approval that is withdrawn frees it again. */
static void what_is_to_be_destroyed_stays(void **state) {
        char medium[16], label[96];

        (void) state;
        register_tape("PUBLICO", "X-1", medium);
        (void) snprintf(label, sizeof label, "%s/x.zpl", store.root);
        test_expect(0, &store, "cus", "label", "print", "{s:[s], s:[s]}", "medium", medium, "out", label);
        test_expect(0, &store, "oto", "destroy", "request", "{s:s, s:s, s:s}", "medium", medium, "reason", "r",
                    "method", "shred");
        ask_for_loan(0, medium); /* asked for is not approved yet */
        test_expect(0, &store, "cus", "ship", "create", SHIPMENT);
        test_expect(0, &store, "olga", "destroy", "approve", "{s:s}", "destruction", medium);

        must_refuse(ERR_CONFLICT, "S12", "olga", "loan", "approve", "{s:s}", "loan", medium);
        must_refuse(ERR_CONFLICT, "S12", "cus", "ship", "pack", PACKING);
        test_expect(0, &store, "olga", "loan", "refuse", "{s:s, s:s}", "loan", medium, "reason", "r");
        must_refuse(ERR_CONFLICT, "S12", "uli", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", medium,
                    "to", "uli", "reason", "r", "due", "2030-01-01", "location", "CPD");
        must_refuse(ERR_CONFLICT, "S12", "oto", "tapeset", "create", "{s:s, s:[s]}", "set", "juego", "tape",
                    medium);
        must_refuse(ERR_DENIED, "S8", "pia", "destroy", "refuse", "{s:s, s:s}", "destruction", medium, "reason",
                    "r");

        /* Withdrawn: it is as it was, up to the hand-over; approved again between two steps of each. */
        test_expect(0, &store, "olga", "destroy", "refuse", "{s:s, s:s}", "destruction", medium, "reason", "r");
        ask_for_loan(0, medium);
        test_expect(0, &store, "olga", "loan", "approve", "{s:s}", "loan", medium);
        test_expect(0, &store, "cus", "ship", "pack", PACKING);
        test_expect(0, &store, "oto", "destroy", "request", "{s:s, s:s, s:s}", "medium", medium, "reason", "r",
                    "method", "shred");
        test_expect(0, &store, "olga", "destroy", "approve", "{s:s}", "destruction", medium);
        must_refuse(ERR_CONFLICT, "S12", "cus", "loan", "out", "{s:s, s:s}", "loan", medium, "seal", "T-0002");
        must_refuse(ERR_CONFLICT, "S12", "olga", "ship", "authorise", "{s:s}", "shipment", "E000001");
        test_expect(0, &store, "olga", "destroy", "refuse", "{s:s, s:s}", "destruction", medium, "reason", "r");
        test_expect(0, &store, "olga", "ship", "authorise", "{s:s}", "shipment", "E000001");
        test_expect(0, &store, "oto", "destroy", "request", "{s:s, s:s, s:s}", "medium", medium, "reason", "r",
                    "method", "shred");
        test_expect(0, &store, "olga", "destroy", "approve", "{s:s}", "destruction", medium);
        must_refuse(ERR_CONFLICT, "S12", "cus", "ship", "dispatch", "{s:s, s:[s]}", "shipment", "E000001", "seal",
                    "T-0001");
        test_expect(0, &store, "cus", "ship", "cancel", "{s:s, s:s}", "shipment", "E000001", "reason", "r");
        must_refuse(ERR_CONFLICT, "S12", "cus", "ship", "create", SHIPMENT);
        test_expect(0, &store, "olga", "destroy", "refuse", "{s:s, s:s}", "destruction", medium, "reason", "r");
        must_refuse(ERR_CONFLICT, "S8", "olga", "destroy", "refuse", "{s:s, s:s}", "destruction", medium, "reason",
                    "r");
        test_expect(0, &store, "cus", "loan", "out", "{s:s, s:s}", "loan", medium, "seal", "T-0002");
        test_expect(0, &store, "sara", "ledger", "replay", "{}");
}

/* L4, X1: nobody takes a medium to lower it; it is given by its owner, a custodian or the administrator. */
static void nobody_takes_a_medium(void **state) {
        char medium[16];

        (void) state;
        register_tape("SECRETO", "O-1", medium);
        must_refuse(ERR_DENIED, "X1", "pia", "media", "classify", "{s:s, s:s, s:s}", "medium", medium, "owner",
                    "pia", "reason", "r");
        must_refuse(ERR_DENIED, "X1", "pia", "media", "classify", "{s:s, s:s, s:s}", "medium", medium, "expires",
                    "2035-01-01", "reason", "r");
        test_expect(0, &store, "sara", "person", "grant", "{s:s, s:s, s:s}", "name", "cus", "roles", "owner",
                    "reason", "r");
        must_refuse(ERR_DENIED, "X1", "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", medium, "owner",
                    "cus", "reason", "r");
        must_refuse(ERR_DENIED, "L4", "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", medium,
                    "classification", "INTERNO", "reason", "r");
        test_expect(0, &store, "sara", "person", "revoke", "{s:s, s:s, s:s}", "name", "cus", "roles", "owner",
                    "reason", "r");
        test_expect(0, &store, "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", medium, "owner", "pia",
                    "reason", "se jubila");
        test_expect(0, &store, "pia", "media", "classify", "{s:s, s:s, s:s}", "medium", medium, "classification",
                    "INTERNO", "reason", "r");
        test_expect(0, &store, "pia", "media", "classify", "{s:s, s:s, s:s}", "medium", medium, "owner", "olga",
                    "reason", "vuelve");
}

#define TAPE "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s}"
#define TAPE_NAMED(expiry, serial, epc, tamper)                                                                    \
        TAPE, "kind", "tape", "classification", "PUBLICO", "category", "ALTA", "owner", "olga", "expires", expiry, \
                "retention", 10, "serial", serial, "epc", epc, "tamper", tamper

/* L1: serial number, EPC and tamper indicator name one medium. */
static void a_name_is_of_one_medium(void **state) {
        (void) state;
        test_expect(0, &store, "cus", "media", "register", TAPE_NAMED("2036-01-01", "N-1", "AAAA", "TI-1"));
        must_refuse(ERR_CONFLICT, "", "cus", "media", "register", TAPE_NAMED("2036-01-01", "N-1", "BBBB", "TI-2"));
        must_refuse(ERR_CONFLICT, "", "cus", "media", "register", TAPE_NAMED("2036-01-01", "N-2", "AAAA", "TI-2"));
        must_refuse(ERR_CONFLICT, "", "cus", "media", "register", TAPE_NAMED("2036-01-01", "N-2", "BBBB", "TI-1"));
        test_expect(0, &store, "cus", "media", "register", TAPE_NAMED("2036-01-01", "N-2", "BBBB", "TI-2"));
        must_refuse(ERR_CONFLICT, "", "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", "N-2", "epc", "AAAA",
                    "reason", "r");
        must_refuse(ERR_CONFLICT, "", "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", "N-2", "tamper",
                    "TI-1", "reason", "r");
        test_expect(0, &store, "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", "N-2", "tamper", "TI-3",
                    "reason", "r");
}

/* L1, L10: a change changes something, and not into what a registration refuses. */
static void a_change_changes_something(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        char medium[16], label[96];
        struct error err;

        (void) state;
        register_tape("PUBLICO", "C-1", medium);
        (void) snprintf(label, sizeof label, "%s/label.zpl", store.root);
        test_expect(0, &store, "cus", "label", "print", "{s:[s], s:[s]}", "medium", medium, "out", label);
        must_refuse(ERR_CONFLICT, "", "cus", "media", "classify", "{s:s, s:s}", "medium", medium, "reason", "r");
        must_refuse(ERR_CONFLICT, "", "cus", "media", "classify", "{s:s, s:s, s:s, s:s}", "medium", medium,
                    "classification", "PUBLICO", "owner", "olga", "reason", "r");
        must_refuse(ERR_REFUSED, "L1", "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", medium, "expires",
                    "2020-02-29", "reason", "r");
        assert_int_equal(test_call(&store, "cus", "media", "show", &answer, &err, "{s:s}", "medium", medium), 0);
        assert_string_equal(json_text(answer, "label_state"), "valid");
}

/* L1, X4: an owner who can't act would decide on nothing. */
static void an_owner_can_act(void **state) {
        (void) state;
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s, s:s}", "name", "exo", "full-name", "Exo",
                    "roles", "owner", "expires", "2020-01-01");
        must_refuse(ERR_REFUSED, "X4", "cus", "media", "register", "{s:s, s:s, s:s, s:s, s:s, s:i}", "kind", "tape",
                    "classification", "PUBLICO", "category", "BASICA", "owner", "exo", "expires", "2036-01-01",
                    "retention", 10);
        must_refuse(ERR_REFUSED, "X4", "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", "C-1", "owner",
                    "exo", "reason", "r");
        must_refuse(ERR_REFUSED, "L1", "cus", "media", "classify", "{s:s, s:s, s:s}", "medium", "C-1", "owner",
                    "uli", "reason", "r");
}

/* X1: what an owner requested or would receive they don't approve; they may end it, since nobody else can. */
static void an_owner_ends_what_they_asked_for(void **state) {
        char medium[16];

        (void) state;
        register_tape("PUBLICO", "Q-1", medium);
        test_expect(0, &store, "olga", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", medium, "to",
                    "uli", "reason", "r", "due", "2030-01-01", "location", "CPD");
        must_refuse(ERR_DENIED, "X1", "olga", "loan", "approve", "{s:s}", "loan", medium);
        must_refuse(ERR_DENIED, "U3", "pia", "loan", "refuse", "{s:s, s:s}", "loan", medium, "reason", "r");
        test_expect(0, &store, "olga", "loan", "refuse", "{s:s, s:s}", "loan", medium, "reason", "r");
        test_expect(0, &store, "uli", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", medium, "to",
                    "olga", "reason", "r", "due", "2030-01-01", "location", "CPD");
        must_refuse(ERR_DENIED, "X1", "olga", "loan", "approve", "{s:s}", "loan", medium);
        test_expect(0, &store, "olga", "loan", "refuse", "{s:s, s:s}", "loan", medium, "reason", "r");
        lend(medium, "Q-0001");
}

/* X4, U4: who supervises a hand-over is somebody who may act, and is trained. */
static void a_supervisor_can_act(void **state) {
        char medium[16];

        (void) state;
        register_tape("CONFIDENCIAL", "V-1", medium);
        test_expect(0, &store, "uli", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", medium, "to", "uli",
                    "reason", "r", "due", "2030-01-01", "location", "CPD");
        test_expect(0, &store, "olga", "loan", "approve", "{s:s}", "loan", medium);
        test_expect(0, &store, "sara", "person", "block", "{s:s, s:s}", "name", "oto", "reason", "r");
        must_refuse(ERR_REFUSED, "X4", "cus", "loan", "out", "{s:s, s:s, s:s}", "loan", medium, "seal", "V-0001",
                    "supervisor", "oto");
        test_expect(0, &store, "sara", "person", "unblock", "{s:s, s:s}", "name", "oto", "reason", "r");
        test_expect(0, &store, "sara", "person", "train", "{s:s, s:s, s:s, s:s}", "name", "oto", "course", "c",
                    "day", "2025-01-01", "until", "2026-01-01");
        must_refuse(ERR_REFUSED, "U4", "cus", "loan", "out", "{s:s, s:s, s:s}", "loan", medium, "seal", "V-0001",
                    "supervisor", "oto");
        test_expect(0, &store, "cus", "loan", "out", "{s:s, s:s, s:s}", "loan", medium, "seal", "V-0001",
                    "supervisor", "tia");
}

/* A medium named twice in one call, by two of its names, and words that are none. */
static void slips_are_told(void **state) {
        char medium[16];

        (void) state;
        register_tape("PUBLICO", "W-1", medium);
        must_refuse(ERR_USAGE, "", "uli", "incident", "open", "{s:s, s:s, s:[s, s]}", "kind", "damage", "what", "w",
                    "media", medium, "W-1");
        must_refuse(ERR_USAGE, "", "uli", "access", "request", "{s:[s, s], s:s}", "medium", medium, medium,
                    "reason", "r");
        must_refuse(ERR_USAGE, "", "uli", "incident", "open", "{s:s, s:s}", "kind", "damage", "what", "   ");
        must_refuse(ERR_USAGE, "", "sara", "person", "add", "{s:s, s:s, s:s}", "name", "eva", "full-name", " ",
                    "roles", "user");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_lent_is_not_destroyed),
                cmocka_unit_test(what_is_to_be_destroyed_stays),
                cmocka_unit_test(nobody_takes_a_medium),
                cmocka_unit_test(a_name_is_of_one_medium),
                cmocka_unit_test(a_change_changes_something),
                cmocka_unit_test(an_owner_can_act),
                cmocka_unit_test(an_owner_ends_what_they_asked_for),
                cmocka_unit_test(a_supervisor_can_act),
                cmocka_unit_test(slips_are_told),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
