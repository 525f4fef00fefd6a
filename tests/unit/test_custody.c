/* Custody through the verbs, on a store and images of its own: U1, U2, U3, U4, U9, X1, X2, T5, C3, and their
 * answers. */
#include "unit/store.h"

#include "base/file.h"
#include "custody/custody.h"
#include "ledger/ledger.h"

static struct test_store store;
static char image[96], other_image[96], medium[16], other[16];

/* The error's rule and code when a verb must not work. */
#define must_refuse(code, rule_id, person, noun, name, ...)                                                        \
        do {                                                                                                       \
                struct error _e;                                                                                   \
                int _r = test_call(&store, (person), (noun), (name), NULL, &_e, __VA_ARGS__);                      \
                if (_r != (code) || strcmp(_e.rule, (rule_id)) != 0)                                               \
                        fail_msg("%s %s: %d [%s] instead of %d [%s]: %s", (noun), (name), _r, _e.rule, (code),     \
                                 (rule_id), _e.what[LANG_EN]);                                                     \
                assert_true(_e.what[LANG_ES][0] && _e.what[LANG_EN][0]);                                           \
        } while (0)

static json_t *answer_of(const char *person, const char *noun, const char *name, const char *key,
                         const char *value) {
        json_t *answer = NULL;
        struct error err;

        if (test_call(&store, person, noun, name, &answer, &err, "{s:s*}", key, value) < 0)
                fail_msg("%s %s: %s", noun, name, err.what[LANG_EN]);
        return answer;
}

static void expect_medium(const char *id, const char *key, const char *value) {
        _cleanup_json_ json_t *answer = answer_of("sara", "media", "show", "medium", id);

        assert_string_equal(json_text_or_empty(answer, key), value);
}

static void expect_loan(const char *id, const char *key, const char *value) {
        _cleanup_json_ json_t *answer = answer_of("sara", "loan", "show", "loan", id);

        assert_string_equal(json_text_or_empty(answer, key), value);
}

static void day_later(char out[DATE_TEXT], int days) {
        date_of(store.now + days * DAY, out);
}

/* Requests for ana, and gives the loan's number. */
static void request(const char *id, int days, char ret[16]) {
        _cleanup_json_ json_t *answer = NULL;
        char due[DATE_TEXT];
        struct error err;

        day_later(due, days);
        if (test_call(&store, "ana", "loan", "request", &answer, &err, "{s:s, s:s, s:s, s:s, s:s}", "medium", id,
                      "to", "ana", "reason", "Sesión clínica", "due", due, "location", "Planta 2") < 0)
                fail_msg("loan request: %s", err.what[LANG_EN]);
        (void) snprintf(ret, 16, "%s", json_text(answer, "loan"));
}

static int group_setup(void **state) {
        char until[DATE_TEXT];

        (void) state;
        test_store_make(&store);
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "ana", "full-name", "Ana Ríos",
                    "roles", "user");
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "both", "full-name",
                    "Owner and custodian", "roles", "owner,custodian,user");
        day_later(until, 29);
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s, s:s}", "name", "aud", "full-name",
                    "Auditor", "roles", "auditor", "expires", until);
        test_image(&store, "one", 32 << 20, image);
        test_image(&store, "two", 32 << 20, other_image);
        test_register(&store, image, "CONFIDENCIAL", "MEDIA", medium);
        test_register(&store, other_image, "INTERNO", "MEDIA", other);
        return 0;
}

static int group_teardown(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

static void u2_codes_survive_a_scanner(void **state) {
        static const char *const bad[] = { "",
                                           "HQ-S03-A12-E04-P23",
                                           "H-S03-A12-E04-P023",
                                           "HQXYZ-S03-A12-E04-P023",
                                           "HQ-S03-A12-E04-Q023",
                                           "HQ-S0A-A12-E04-P023",
                                           "HQ-S03-A12-E04-P0234",
                                           "HQ-S03-A12-P023-E04" };
        char code[LOCATION_CODE] = "untouched";
        struct error err;

        (void) state;
        assert_int_equal(location_code_parse("HQ-S03-A12-E04-P023", code, &err), 0);
        assert_string_equal(code, "HQ-S03-A12-E04-P023");
        assert_int_equal(location_code_parse("hq's03'a12'e04'p023", code, &err), 0);
        assert_string_equal(code, "HQ-S03-A12-E04-P023");
        assert_int_equal(location_code_parse("HOS2S03A12E04P023", code, &err), 0);
        assert_string_equal(code, "HOS2-S03-A12-E04-P023");
        for (size_t i = 0; i < COUNT(bad); i++) {
                assert_int_equal(location_code_parse(bad[i], code, &err), ERR_USAGE);
                assert_string_equal(err.rule, "U2");
        }
        assert_string_equal(code, "HOS2-S03-A12-E04-P023");
}

static void u1_u2_places(void **state) {
        _cleanup_json_ json_t *place = NULL, *list = NULL;
        const char *add = "{s:s, s:s, s:s, s:s, s:i}";

        (void) state;
        must_refuse(ERR_REFUSED, "U1", "cus", "location", "add", add, "code", "HQ-S03-A12-E04-P001", "kind",
                    "fire-cabinet", "level", "ALTA", "section", "SECRETO", "capacity", 1);
        must_refuse(ERR_DENIED, "X1", "ana", "location", "add", add, "code", "HQ-S03-A12-E04-P001", "kind", "vault",
                    "level", "ALTA", "section", "SECRETO", "capacity", 1);
        test_expect(0, &store, "cus", "location", "add", add, "code", "HQ-S03-A12-E04-P001", "kind", "fire-cabinet",
                    "level", "MEDIA", "section", "CONFIDENCIAL", "capacity", 1);
        test_expect(ERR_CONFLICT, &store, "cus", "location", "add", add, "code", "hqs03a12e04p001", "kind",
                    "fire-cabinet", "level", "MEDIA", "section", "CONFIDENCIAL", "capacity", 1);
        test_expect(0, &store, "cus", "location", "add", add, "code", "HQ-S03-A12-E04-P002", "kind",
                    "locked-cabinet", "level", "BASICA", "section", "INTERNO", "capacity", 1);
        must_refuse(ERR_REFUSED, "U1", "cus", "media", "move", "{s:s, s:s}", "medium", other, "location",
                    "HQ-S03-A12-E04-P002");
        must_refuse(ERR_REFUSED, "U2", "cus", "media", "move", "{s:s, s:s}", "medium", other, "location",
                    "HQ-S03-A12-E04-P001");
        test_expect(ERR_NOT_FOUND, &store, "cus", "media", "move", "{s:s, s:s}", "medium", other, "location",
                    "HQ-S03-A12-E04-P999");
        must_refuse(ERR_DENIED, "X1", "oto", "media", "move", "{s:s, s:s}", "medium", medium, "location",
                    "HQ-S03-A12-E04-P001");
        test_expect(0, &store, "cus", "media", "move", "{s:s, s:s}", "medium", medium, "location",
                    "HQ'S03'A12'E04'P001");
        test_expect(ERR_CONFLICT, &store, "cus", "media", "move", "{s:s, s:s}", "medium", medium, "location",
                    "HQ-S03-A12-E04-P001");
        expect_medium(medium, "location", "HQ-S03-A12-E04-P001");
        place = answer_of("ana", "location", "show", "code", "HQS03A12E04P001");
        assert_int_equal(json_int(place, "occupied", -1), 1);
        list = answer_of("ana", "location", "list", "section", "CONFIDENCIAL");
        assert_int_equal(json_array_size(json_object_get(list, "rows")), 1);
}

static void u2_capacity(void **state) {
        char third_image[96], third[16];

        (void) state;
        test_image(&store, "three", 32 << 20, third_image);
        test_register(&store, third_image, "CONFIDENCIAL", "MEDIA", third);
        must_refuse(ERR_REFUSED, "U2", "cus", "media", "move", "{s:s, s:s}", "medium", third, "location",
                    "HQ-S03-A12-E04-P001");
        expect_medium(third, "location", "");
}

static void encrypted(void **state) {
        (void) state;
        test_expect(0, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s, s:b}", "medium", medium, "device", image,
                    "confirm", medium, "no-fill", 1);
}

static void c3_unencrypted_stays(void **state) {
        char loan[16], due[DATE_TEXT];

        (void) state;
        day_later(due, 7);
        request(medium, 7, loan);
        assert_string_equal(loan, "P000001");
        test_expect(0, &store, "olga", "loan", "approve", "{s:s}", "loan", loan);
        must_refuse(ERR_REFUSED, "C3", "cus", "loan", "out", "{s:s, s:s, s:s, s:s}", "loan", loan, "seal", "S-0001",
                    "device", image, "supervisor", "sara");
        expect_loan(loan, "state", "approved");
        expect_medium(medium, "state", "in-custody");
}

static void u3_x1_who_decides(void **state) {
        char due[DATE_TEXT], own_image[96], own[16];
        const char *ask = "{s:s, s:s, s:s, s:s, s:s}";
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        day_later(due, 7);
        /* One loan at a time. */
        must_refuse(ERR_CONFLICT, "U3", "ana", "loan", "request", ask, "medium", medium, "to", "ana", "reason", "r",
                    "due", due, "location", "x");
        must_refuse(ERR_DENIED, "X1", "aud", "loan", "request", ask, "medium", other, "to", "aud", "reason", "r",
                    "due", due, "location", "x");
        /* The owner asks for her own medium, and may not approve it; nor may another owner. */
        test_image(&store, "own", 32 << 20, own_image);
        test_register(&store, own_image, "INTERNO", "BASICA", own);
        test_expect(0, &store, "olga", "loan", "request", ask, "medium", own, "to", "olga", "reason", "r", "due",
                    due, "location", "x");
        must_refuse(ERR_DENIED, "X1", "olga", "loan", "approve", "{s:s}", "loan", "P000002");
        must_refuse(ERR_DENIED, "U3", "both", "loan", "approve", "{s:s}", "loan", "P000002");
        must_refuse(ERR_DENIED, "X1", "cus", "loan", "approve", "{s:s}", "loan", "P000002");
        test_expect(0, &store, "olga", "loan", "refuse", "{s:s, s:s}", "loan", "P000002", "reason", "r");
        /* A refused loan frees the medium, and stays refused. */
        request(other, 7, own);
        test_expect(0, &store, "olga", "loan", "refuse", "{s:s, s:s}", "loan", own, "reason", "No procede");
        must_refuse(ERR_CONFLICT, "U3", "olga", "loan", "approve", "{s:s}", "loan", own);
        must_refuse(ERR_CONFLICT, "U3", "cus", "loan", "out", "{s:s, s:s}", "loan", own, "seal", "S-0009");
        assert_int_equal(test_call(&store, "olga", "loan", "approve", &answer, &err, "{s:s}", "loan", "P999999"),
                         ERR_NOT_FOUND);
}

static void u3_hand_over(void **state) {
        (void) state;
        must_refuse(ERR_REFUSED, "U3", "cus", "loan", "out", "{s:s, s:s, s:s}", "loan", "P000001", "seal", "S-0001",
                    "supervisor", "sara");
        /* CONFIDENCIAL: not without somebody who watches. */
        must_refuse(ERR_REFUSED, "U3", "cus", "loan", "out", "{s:s, s:s, s:s}", "loan", "P000001", "seal", "S-0001",
                    "device", image);
        must_refuse(ERR_REFUSED, "S6", "cus", "loan", "out", "{s:s, s:s, s:s, s:s}", "loan", "P000001", "seal",
                    "S-0001", "device", other_image, "supervisor", "sara");
        must_refuse(ERR_USAGE, "T5", "cus", "loan", "out", "{s:s, s:s, s:s}", "loan", "P000001", "seal", "--",
                    "device", image);
        must_refuse(ERR_DENIED, "X1", "ana", "loan", "out", "{s:s, s:s, s:s}", "loan", "P000001", "seal", "S-0001",
                    "device", image);
        must_refuse(ERR_DENIED, "X1", "cus", "loan", "out", "{s:s, s:s, s:s, s:s}", "loan", "P000001", "seal",
                    "S-0001", "device", image, "supervisor", "ana");
        must_refuse(ERR_CONFLICT, "U3", "cus", "loan", "in", "{s:s, s:s, s:s}", "loan", "P000001", "seal", "S-0001",
                    "condition", "x");
        test_expect(0, &store, "cus", "loan", "out", "{s:s, s:s, s:s, s:s}", "loan", medium, "seal", "S-0001",
                    "device", image, "supervisor", "sara");
        expect_medium(medium, "state", "on-loan");
        expect_medium(medium, "holder", "ana");
        expect_loan("P000001", "state", "out");
        must_refuse(ERR_CONFLICT, "U3", "cus", "loan", "out", "{s:s, s:s, s:s}", "loan", "P000001", "seal",
                    "S-0002", "device", image);
        test_expect(ERR_CONFLICT, &store, "cus", "media", "move", "{s:s, s:s}", "medium", medium, "location",
                    "HQ-S03-A12-E04-P001");
}

static void u3_return_as_it_left(void **state) {
        (void) state;
        test_expect(ERR_USAGE, &store, "cus", "loan", "in", "{s:s, s:s, s:s}", "loan", "P000001", "condition",
                    "bien", "device", image);
        must_refuse(ERR_REFUSED, "U3", "cus", "loan", "in", "{s:s, s:s, s:s}", "loan", "P000001", "condition",
                    "bien", "seal", "S-0001");
        test_expect(0, &store, "cus", "loan", "in", "{s:s, s:s, s:s, s:s}", "loan", medium, "condition", "bien",
                    "seal", "s'0001", "device", image);
        expect_loan("P000001", "integrity", "intact");
        expect_medium(medium, "state", "in-custody");
        expect_medium(medium, "holder", "");
        expect_medium(medium, "location", "HQ-S03-A12-E04-P001");
}

/* Lends to ana with a seal, to be returned in some days. */
static void lend(const char *seal, int days, char ret[16]) {
        request(medium, days, ret);
        test_expect(0, &store, "olga", "loan", "approve", "{s:s}", "loan", ret);
        test_expect(0, &store, "cus", "loan", "out", "{s:s, s:s, s:s, s:s}", "loan", ret, "seal", seal, "device",
                    image, "supervisor", "sara");
}

static size_t open_incidents(json_t **ret_first) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;
        const json_t *rows;

        assert_int_equal(test_call(&store, "aud", "incident", "list", &answer, &err, "{s:b}", "open", 1), 0);
        rows = json_object_get(answer, "rows");
        if (ret_first)
                *ret_first = json_incref(json_array_get(rows, 0));
        return json_array_size(rows);
}

static void t5_seal_never_twice(void **state) {
        char loan[16];

        (void) state;
        request(medium, 7, loan);
        test_expect(0, &store, "olga", "loan", "approve", "{s:s}", "loan", loan);
        must_refuse(ERR_REFUSED, "T5", "cus", "loan", "out", "{s:s, s:s, s:s, s:s}", "loan", loan, "seal", "s 0001",
                    "device", image, "supervisor", "sara");
        test_expect(0, &store, "cus", "loan", "out", "{s:s, s:s, s:s, s:s}", "loan", loan, "seal", "S-0002",
                    "device", image, "supervisor", "sara");
        assert_int_equal(open_incidents(NULL), 0);
}

static void t5_u9_seal_differs(void **state) {
        _cleanup_json_ json_t *incident = NULL, *closed = NULL;
        char due[DATE_TEXT];
        const char *id;

        (void) state;
        test_expect(0, &store, "cus", "loan", "in", "{s:s, s:s, s:s, s:s}", "loan", medium, "condition", "rozado",
                    "seal", "S-0003", "device", image);
        assert_int_equal(open_incidents(&incident), 1);
        id = json_text(incident, "id");
        assert_string_equal(id, "N000001");
        assert_string_equal(json_text(incident, "kind"), "seal");
        /* Flagged: no more loans of it until the security administrator closes it. */
        day_later(due, 7);
        must_refuse(ERR_CONFLICT, "U9", "ana", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", medium,
                    "to", "ana", "reason", "r", "due", due, "location", "x");
        must_refuse(ERR_DENIED, "X1", "cus", "incident", "close", "{s:s, s:s}", "incident", id, "resolution",
                    "nada");
        test_expect(0, &store, "cus", "incident", "note", "{s:s, s:s}", "incident", "n'000001", "text", "Revisado");
        test_expect(0, &store, "sara", "incident", "close", "{s:s, s:s}", "incident", id, "resolution",
                    "Precinto roto");
        test_expect(ERR_CONFLICT, &store, "sara", "incident", "close", "{s:s, s:s}", "incident", id, "resolution",
                    "x");
        test_expect(ERR_CONFLICT, &store, "cus", "incident", "note", "{s:s, s:s}", "incident", id, "text", "x");
        closed = answer_of("aud", "incident", "show", "incident", id);
        assert_string_equal(json_text(closed, "closed_by"), "sara");
        assert_int_equal(json_array_size(json_object_get(closed, "notes")), 1);
}

static void flip(const char *path, off_t offset) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        unsigned char byte = 0;

        assert_true(fd >= 0 && pread(fd, &byte, 1, offset) == 1);
        byte ^= 1;
        assert_true(pwrite(fd, &byte, 1, offset) == 1 && close(fd) == 0);
}

static void u3_header_changed(void **state) {
        _cleanup_json_ json_t *incident = NULL;
        char loan[16];

        (void) state;
        lend("S-0010", 7, loan);
        flip(image, 0x8000 + 100); /* in the key-slot area */
        test_expect(0, &store, "cus", "loan", "in", "{s:s, s:s, s:s, s:s}", "loan", loan, "condition", "bien",
                    "seal", "S-0010", "device", image);
        flip(image, 0x8000 + 100);
        expect_loan(loan, "integrity", "changed");
        assert_int_equal(open_incidents(&incident), 1);
        assert_string_equal(json_text(incident, "kind"), "header");
        assert_string_equal(json_text(incident, "subject"), loan);
        test_expect(0, &store, "sara", "incident", "close", "{s:s, s:s}", "incident", json_text(incident, "id"),
                    "resolution", "Restaurada");
}

/* Another disk, and one that can't be read: recorded with an incident, never refused into silence. */
static void u3_stranger_and_unreadable(void **state) {
        _cleanup_json_ json_t *incident = NULL, *second = NULL;
        char loan[16];

        (void) state;
        lend("S-0011", 7, loan);
        test_expect(0, &store, "cus", "loan", "in", "{s:s, s:s, s:s, s:s}", "loan", loan, "condition", "bien",
                    "seal", "S-0011", "device", other_image);
        assert_int_equal(open_incidents(&incident), 1);
        assert_string_equal(json_text(incident, "kind"), "header");
        test_expect(0, &store, "sara", "incident", "close", "{s:s, s:s}", "incident", json_text(incident, "id"),
                    "resolution", "Era otro disco");
        lend("S-0012", 7, loan);
        test_expect(0, &store, "cus", "loan", "in", "{s:s, s:s, s:b, s:b}", "loan", loan, "condition", "roto",
                    "no-seal", 1, "unreadable", 1);
        assert_int_equal(open_incidents(&second), 1);
        test_expect(0, &store, "sara", "incident", "close", "{s:s, s:s}", "incident", json_text(second, "id"),
                    "resolution", "Cable");
}

static void u4_overdue_extended_blocked(void **state) {
        _cleanup_json_ json_t *list = NULL;
        char loan[16], due[DATE_TEXT], late[DATE_TEXT], past[DATE_TEXT];
        const char *ask = "{s:s, s:s, s:s, s:s, s:s}";
        struct error err;

        (void) state;
        lend("S-0020", 3, loan);
        store.now += 5 * DAY;
        day_later(due, 7);
        day_later(past, -1);
        must_refuse(ERR_REFUSED, "U4", "oto", "loan", "request", ask, "medium", other, "to", "ana", "reason", "r",
                    "due", due, "location", "x");
        must_refuse(ERR_REFUSED, "U4", "oto", "loan", "request", ask, "medium", other, "to", "oto", "reason", "r",
                    "due", past, "location", "x");
        assert_int_equal(test_call(&store, "cus", "loan", "list", &list, &err, "{s:b}", "overdue", 1), 0);
        assert_int_equal(json_array_size(json_object_get(list, "rows")), 1);
        assert_true(json_flag(json_array_get(json_object_get(list, "rows"), 0), "overdue"));
        must_refuse(ERR_DENIED, "X1", "ana", "loan", "extend", "{s:s, s:s, s:s}", "loan", loan, "due", due,
                    "reason", "r");
        must_refuse(ERR_REFUSED, "U4", "olga", "loan", "extend", "{s:s, s:s, s:s}", "loan", loan, "due", past,
                    "reason", "r");
        test_expect(0, &store, "olga", "loan", "extend", "{s:s, s:s, s:s}", "loan", loan, "due", due, "reason",
                    "r");
        expect_loan(loan, "due", due);
        request(other, 7, late);
        /* Blocked between approval and hand-over. */
        test_expect(0, &store, "olga", "loan", "approve", "{s:s}", "loan", late);
        test_expect(0, &store, "sara", "person", "block", "{s:s, s:s}", "name", "ana", "reason", "Baja");
        must_refuse(ERR_REFUSED, "X4", "cus", "loan", "out", "{s:s, s:s, s:s}", "loan", late, "seal", "S-0021",
                    "device", other_image);
        test_expect(0, &store, "olga", "loan", "refuse", "{s:s, s:s}", "loan", late, "reason", "Bloqueada");
        must_refuse(ERR_REFUSED, "X4", "oto", "loan", "request", ask, "medium", other, "to", "ana", "reason", "r",
                    "due", due, "location", "x");
}

static void u9_breach_needs_assessment(void **state) {
        _cleanup_json_ json_t *breach = NULL;
        int64_t opened, deadline;
        struct error err;

        (void) state;
        assert_int_equal(test_call(&store, "oto", "incident", "open", &breach, &err, "{s:s, s:s, s:[s]}", "kind",
                                   "breach", "what", "Copia hallada en la calle", "media", other),
                         0);
        assert_int_equal(time_parse(json_text(breach, "opened"), &opened), 0);
        assert_int_equal(time_parse(json_text(breach, "deadline"), &deadline), 0);
        assert_true(deadline - opened == BREACH_NOTICE);
        must_refuse(ERR_REFUSED, "U9", "sara", "incident", "close", "{s:s, s:s}", "incident",
                    json_text(breach, "id"), "resolution", "x");
        test_expect(0, &store, "sara", "incident", "close", "{s:s, s:s, s:s}", "incident", json_text(breach, "id"),
                    "resolution", "x", "assessment", "Cifrada: no se notifica");
        must_refuse(ERR_DENIED, "X1", "aud", "incident", "open", "{s:s, s:s}", "kind", "other", "what", "x");
}

static void dry_run_changes_nothing(void **state) {
        const struct session_options options = { .folder = store.folder,
                                                 .as = "cus",
                                                 .os_user = "t",
                                                 .lang = LANG_EN,
                                                 .dry_run = true,
                                                 .clock = &store.clock,
                                                 .ui = &store.ui };
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *args = NULL, *answer = NULL;
        struct error err;

        (void) state;
        args = json_pack("{s:s, s:s, s:s, s:s, s:i}", "code", "HQ-S09-A12-E04-P001", "kind", "vault", "level",
                         "ALTA", "section", "SECRETO", "capacity", 1);
        assert_int_equal(session_open(&options, &session, &err), 0);
        assert_int_equal(session_call(session, verb_find("location", "add"), args, &answer, NULL, &err), 0);
        test_expect(ERR_NOT_FOUND, &store, "cus", "location", "show", "{s:s}", "code", "HQ-S09-A12-E04-P001");
}

static void receipt_is_written(void **state) {
        char path[96], bad[96];
        struct stat st;

        (void) state;
        (void) snprintf(path, sizeof path, "%s/receipt.pdf", store.root);
        (void) snprintf(bad, sizeof bad, "%s/none/receipt.pdf", store.root);
        test_expect(0, &store, "cus", "loan", "show", "{s:s, s:s}", "loan", "P000001", "receipt", path);
        assert_true(stat(path, &st) == 0 && st.st_size > 5000);
        test_expect(ERR_FAILED, &store, "cus", "loan", "show", "{s:s, s:s}", "loan", "P000001", "receipt", bad);
}

/* X2: every row of these tables is explained by the events. */
static void x2_ledger_explains_state(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        if (test_call(&store, "aud", "ledger", "verify", &answer, &err, "{}") < 0)
                fail_msg("ledger verify: %s", err.what[LANG_EN]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(u2_codes_survive_a_scanner),
                cmocka_unit_test(u1_u2_places),
                cmocka_unit_test(u2_capacity),
                cmocka_unit_test(c3_unencrypted_stays),
                cmocka_unit_test(encrypted),
                cmocka_unit_test(u3_x1_who_decides),
                cmocka_unit_test(u3_hand_over),
                cmocka_unit_test(u3_return_as_it_left),
                cmocka_unit_test(t5_seal_never_twice),
                cmocka_unit_test(t5_u9_seal_differs),
                cmocka_unit_test(u3_header_changed),
                cmocka_unit_test(u3_stranger_and_unreadable),
                cmocka_unit_test(u4_overdue_extended_blocked),
                cmocka_unit_test(u9_breach_needs_assessment),
                cmocka_unit_test(dry_run_changes_nothing),
                cmocka_unit_test(receipt_is_written),
                cmocka_unit_test(x2_ledger_explains_state),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
