/* The access register, stocktakes, searches and the environment through the verbs, on a store of its own, each act
 * out of order too: U3, U5, U6, U7, U8, X1, X4, K2, A2. */
#include "unit/peer.h"

#include "base/file.h"
#include "base/str.h"
#include "custody/custody.h"
#include "custody/environment.h"

#define ROOM "HQ-S03"
#define PLACE_1 ROOM "-A12-E04-P001"
#define PLACE_2 ROOM "-A12-E04-P002"
#define VAULT "HQ-S01-A01-E01-P001"

static struct test_store store;
static char tapes[6][16], secret[16];

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

#define done(person, noun, name, ...) test_expect(0, &store, (person), (noun), (name), __VA_ARGS__)

static json_t *answer_of(const char *person, const char *noun, const char *name, const char *key,
                         const char *value) {
        json_t *answer = NULL;
        struct error err;

        if (test_call(&store, person, noun, name, &answer, &err, "{s:s*}", key, value) < 0)
                fail_msg("%s %s: %s", noun, name, err.what[LANG_EN]);
        return answer;
}

static void expect_member(const char *noun, const char *key, const char *id, const char *member,
                          const char *value) {
        _cleanup_json_ json_t *answer = answer_of("sara", noun, "show", key, id);

        assert_string_equal(json_text_or_empty(answer, member), value);
}

static int64_t count(const char *noun, const char *id, const char *member) {
        _cleanup_json_ json_t *answer = answer_of("sara", noun, "show", noun, id);

        return json_int(answer, member, -1);
}

static size_t open_incidents(const char *kind) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;
        const json_t *row;
        size_t i, n = 0;

        assert_int_equal(test_call(&store, "sara", "incident", "list", &answer, &err, "{s:b}", "open", 1), 0);
        json_array_foreach(json_object_get(answer, "rows"), i, row) {
                n += strcmp(json_text_or_empty(row, "kind"), kind) == 0;
        }
        return n;
}

/* After each test: nothing but what the events say is in the tables. */
static int whole(void **state) {
        (void) state;
        done("sara", "ledger", "verify", "{}");
        return 0;
}

static void tape(const char *serial, const char *class, const char *category, const char *tamper, char ret[16]) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        if (test_call(&store, "cus", "media", "register", &answer, &err,
                      "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s*}", "kind", "tape", "classification", class,
                      "category", category, "owner", "olga", "expires", "2040-01-01", "retention", 3650, "serial",
                      serial, "model", "LTO-8", "tamper", tamper) < 0)
                fail_msg("media register: %s", err.what[LANG_EN]);
        (void) snprintf(ret, 16, "%s", json_text(answer, "id"));
}

static void place(const char *code, const char *kind, const char *level, const char *section) {
        done("cus", "location", "add", "{s:s, s:s, s:s, s:s, s:i}", "code", code, "kind", kind, "level", level,
             "section", section, "capacity", 10);
}

static int group_setup(void **state) {
        static const char *const people[][2] = { { "uli", "user" }, { "dan", "custodian" }, { "other", "owner" } };

        (void) state;
        test_store_make(&store);
        for (size_t i = 0; i < COUNT(people); i++)
                done("sara", "person", "add", "{s:s, s:s, s:s}", "name", people[i][0], "full-name", people[i][0],
                     "roles", people[i][1]);
        done("sara", "person", "enrol", "{s:s}", "name", "uli");
        done("sara", "person", "enrol", "{s:s}", "name", "cus");
        place(PLACE_1, "fire-cabinet", "MEDIA", "CONFIDENCIAL");
        place(PLACE_2, "fire-cabinet", "MEDIA", "CONFIDENCIAL");
        place(VAULT, "vault", "ALTA", "SECRETO");
        for (int i = 0; i < 6; i++) {
                char serial[8];

                (void) snprintf(serial, sizeof serial, "T%d", i);
                tape(serial, "CONFIDENCIAL", "MEDIA", i == 1 ? "TI-000001" : NULL, tapes[i]);
                done("cus", "media", "move", "{s:s, s:s}", "medium", tapes[i], "location", PLACE_1);
        }
        tape("S1", "SECRETO", "ALTA", NULL, secret);
        done("cus", "media", "move", "{s:s, s:s}", "medium", secret, "location", VAULT);
        return 0;
}

static int group_teardown(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

/* --- access ------------------------------------------------------------------------------------------------ */

#define ENTER "{s:s, s:s, s:s*, s:s*}"

static void enter(const char *id, const char *supervisor) {
        done("cus", "access", "enter", ENTER, "access", id, "credential", "electronic-lock", "supervisor",
             supervisor, "paper", "H-1");
}

static void u3_u7_in_their_order(void **state) {
        (void) state;
        test_expect(ERR_USAGE, &store, "uli", "access", "request", "{s:s}", "reason", "r");
        test_expect(ERR_NOT_FOUND, &store, "uli", "access", "request", "{s:s, s:s}", "area", "HQ-S09", "reason",
                    "r");
        must_refuse(ERR_USAGE, "U2", "uli", "access", "request", "{s:s, s:s}", "area", "a place", "reason", "r");
        done("uli", "access", "request", "{s:s, s:s}", "area", "hq's03", "reason", "Climatización");
        expect_member("access", "access", "A000001", "level", "room");
        expect_member("access", "access", "A000001", "section", "CONFIDENCIAL");
        /* Nothing before its turn. */
        must_refuse(ERR_CONFLICT, "U7", "cus", "access", "enter", ENTER, "access", "A000001", "credential",
                    "electronic-lock", "supervisor", "oto", "paper", "H-1");
        must_refuse(ERR_CONFLICT, "U7", "cus", "access", "leave", "{s:s, s:s}", "access", "A000001", "paper",
                    "H-1");
        /* Only who owns something there decides, and nobody for themselves. */
        must_refuse(ERR_DENIED, "U3", "other", "access", "approve", "{s:s}", "access", "A000001");
        must_refuse(ERR_DENIED, "X1", "uli", "access", "approve", "{s:s}", "access", "A000001");
        done("olga", "access", "request", "{s:s, s:s}", "area", ROOM, "reason", "propio");
        must_refuse(ERR_DENIED, "X1", "olga", "access", "approve", "{s:s}", "access", "A000002");
        done("olga", "access", "approve", "{s:s, s:s}", "access", "a'000001", "note", "mañanas");
        must_refuse(ERR_CONFLICT, "U7", "olga", "access", "approve", "{s:s}", "access", "A000001");
        /* Withdrawn until the entry, and then no more. */
        done("olga", "access", "refuse", "{s:s, s:s}", "access", "A000001", "reason", "aún no");
        must_refuse(ERR_CONFLICT, "U7", "cus", "access", "enter", ENTER, "access", "A000001", "credential",
                    "electronic-lock", "supervisor", "oto", "paper", "H-1");
        must_refuse(ERR_CONFLICT, "U7", "olga", "access", "refuse", "{s:s, s:s}", "access", "A000001", "reason",
                    "x");
        test_expect(ERR_NOT_FOUND, &store, "cus", "access", "show", "{s:s}", "access", "A000099");
        test_expect(ERR_USAGE, &store, "cus", "access", "show", "{s:s}", "access", "P000001");
}

static void u3_entry_and_exit(void **state) {
        (void) state;
        done("uli", "access", "request", "{s:s, s:s}", "area", ROOM, "reason", "Climatización");
        done("olga", "access", "approve", "{s:s}", "access", "A000003");
        must_refuse(ERR_REFUSED, "U1", "cus", "access", "enter", ENTER, "access", "A000003", "credential", "key",
                    "supervisor", "oto", "paper", "H-1");
        must_refuse(ERR_REFUSED, "U3", "cus", "access", "enter", ENTER, "access", "A000003", "credential",
                    "electronic-lock", "supervisor", NULL, "paper", "H-1");
        must_refuse(ERR_REFUSED, "U3", "cus", "access", "enter", ENTER, "access", "A000003", "credential",
                    "electronic-lock", "supervisor", "oto", "paper", NULL);
        must_refuse(ERR_DENIED, "X1", "uli", "access", "enter", ENTER, "access", "A000003", "credential",
                    "electronic-lock", "supervisor", "oto", "paper", "H-1");
        done("cus", "access", "enter", "{s:s, s:s, s:s, s:b}", "access", "A000003", "credential", "electronic-lock",
             "supervisor", "cus", "sign", 1);
        must_refuse(ERR_CONFLICT, "U7", "cus", "access", "enter", ENTER, "access", "A000003", "credential",
                    "electronic-lock", "supervisor", "oto", "paper", "H-1");
        must_refuse(ERR_CONFLICT, "U7", "olga", "access", "refuse", "{s:s, s:s}", "access", "A000003", "reason",
                    "x");
        must_refuse(ERR_REFUSED, "U3", "cus", "access", "leave", "{s:s}", "access", "A000003");
        done("cus", "access", "leave", "{s:s, s:s}", "access", "A000003", "paper", "H-000012");
        must_refuse(ERR_CONFLICT, "U7", "cus", "access", "leave", "{s:s, s:s}", "access", "A000003", "paper",
                    "H-1");

        _cleanup_json_ json_t *access = answer_of("sara", "access", "show", "access", "A000003");
        const json_t *signatures = json_object_get(access, "signatures");

        assert_int_equal(json_array_size(signatures), 2);
        assert_string_equal(json_text(json_array_get(signatures, 0), "standing"), "valid");
        assert_string_equal(json_text(json_array_get(signatures, 0), "person"), "uli");
        assert_string_equal(json_text(json_array_get(signatures, 1), "standing"), "paper");
}

/* A signature that was moved to another access does not hold there. */
static void u3_signature_is_of_this_access(void **state) {
        _cleanup_json_ json_t *access = NULL;

        (void) state;
        test_tamper(&store, "UPDATE custody_signature SET subject = 'A000001' WHERE subject = 'A000003' AND step = "
                            "'entry'");
        access = answer_of("sara", "access", "show", "access", "A000001");
        assert_string_equal(json_text(json_array_get(json_object_get(access, "signatures"), 0), "standing"),
                            "invalid");
        test_expect(ERR_VERIFY, &store, "sara", "ledger", "verify", "{}");
        test_tamper(&store, "UPDATE custody_signature SET subject = 'A000003' WHERE subject = 'A000001'");
}

static void u3_media_are_put_back(void **state) {
        (void) state;
        done("uli", "access", "request", "{s:[s, s], s:s, s:s}", "medium", tapes[0], tapes[1], "reason", "Lectura",
             "for", "oto");
        expect_member("access", "access", "A000004", "area", PLACE_1);
        expect_member("access", "access", "A000004", "level", "medium");
        must_refuse(ERR_DENIED, "U3", "other", "access", "approve", "{s:s}", "access", "A000004");
        done("olga", "access", "approve", "{s:s}", "access", "A000004");
        must_refuse(ERR_DENIED, "X1", "cus", "access", "enter", ENTER, "access", "A000004", "credential",
                    "biometric-card", "supervisor", "oto", "paper", "H-2");
        enter("A000004", "tia");
        /* The one with a tamper indicator is not waved through. */
        must_refuse(ERR_REFUSED, "U3", "cus", "access", "leave", "{s:s, s:s, s:[s, s]}", "access", "A000004",
                    "paper", "H-2", "medium", tapes[0], tapes[1]);
        test_expect(ERR_USAGE, &store, "cus", "access", "leave", "{s:s, s:s, s:[s]}", "access", "A000004", "paper",
                    "H-2", "tamper", "no-equals-sign");
        char pair[64];

        (void) snprintf(pair, sizeof pair, "%s=TI-000001", tapes[1]);
        done("cus", "access", "leave", "{s:s, s:s, s:[s], s:[s]}", "access", "A000004", "paper", "H-2", "medium",
             tapes[0], "tamper", pair);
        expect_member("access", "access", "A000004", "integrity", "intact");
        assert_int_equal(open_incidents("not-located") + open_incidents("header"), 0);
}

static void u3_u9_what_is_missing_or_changed(void **state) {
        char pair[64];

        (void) state;
        done("uli", "access", "request", "{s:[s, s], s:s}", "medium", tapes[0], tapes[1], "reason", "Lectura");
        done("olga", "access", "approve", "{s:s}", "access", "A000005");
        enter("A000005", "tia");
        (void) snprintf(pair, sizeof pair, "%s=TI-000009", tapes[1]);
        done("cus", "access", "leave", "{s:s, s:s, s:[s]}", "access", "A000005", "paper", "H-3", "tamper", pair);
        expect_member("access", "access", "A000005", "integrity", "missing");
        assert_int_equal(open_incidents("not-located"), 1);
        assert_int_equal(open_incidents("header"), 1);
        done("sara", "incident", "close", "{s:s, s:s}", "incident", "N000001", "resolution", "x");
        done("sara", "incident", "close", "{s:s, s:s}", "incident", "N000002", "resolution", "x");
}

/* SECRETO and ALTA: the custodian who opens is not the second person. */
static void x1_two_people_for_the_vault(void **state) {
        (void) state;
        done("uli", "access", "request", "{s:[s], s:s}", "medium", secret, "reason", "Lectura");
        done("olga", "access", "approve", "{s:s}", "access", "A000006");
        must_refuse(ERR_REFUSED, "U1", "cus", "access", "enter", ENTER, "access", "A000006", "credential",
                    "electronic-lock", "supervisor", "tia", "paper", "H-4");
        must_refuse(ERR_DENIED, "X1", "cus", "access", "enter", ENTER, "access", "A000006", "credential",
                    "biometric-card", "supervisor", "cus", "paper", "H-4");
        done("cus", "access", "enter", ENTER, "access", "A000006", "credential", "biometric-card", "supervisor",
             "dan", "paper", "H-4");
        done("cus", "access", "leave", "{s:s, s:s, s:[s]}", "access", "A000006", "paper", "H-4", "medium", secret);
}

/* An approval ends, and whoever may not act any more does not enter on it. */
static void u3_x4_lapsed_and_blocked(void **state) {
        char until[DATE_TEXT];

        (void) state;
        date_of(store.now + DAY, until);
        done("uli", "access", "request", "{s:s, s:s, s:s}", "area", ROOM, "reason", "r", "until", until);
        done("olga", "access", "approve", "{s:s}", "access", "A000007");
        must_refuse(ERR_REFUSED, "U3", "uli", "access", "request", "{s:s, s:s, s:s}", "area", ROOM, "reason", "r",
                    "until", "2020-01-01");
        must_refuse(ERR_REFUSED, "U3", "uli", "access", "request", "{s:s, s:s, s:s}", "area", ROOM, "reason", "r",
                    "until", "2099-01-01");
        done("sara", "person", "block", "{s:s, s:s}", "name", "uli", "reason", "Baja");
        must_refuse(ERR_REFUSED, "X4", "cus", "access", "enter", ENTER, "access", "A000007", "credential",
                    "electronic-lock", "supervisor", "oto", "paper", "H-5");
        done("sara", "person", "unblock", "{s:s, s:s}", "name", "uli", "reason", "Alta");
        store.now += 2 * DAY;
        must_refuse(ERR_REFUSED, "U3", "cus", "access", "enter", ENTER, "access", "A000007", "credential",
                    "electronic-lock", "supervisor", "oto", "paper", "H-5");
}

static void a2_register_as_form(void **state) {
        _cleanup_free_ char *csv = NULL;
        char path[96], pdf[96];
        size_t n;

        (void) state;
        (void) snprintf(path, sizeof path, "%s/register.csv", store.root);
        (void) snprintf(pdf, sizeof pdf, "%s/register.pdf", store.root);
        done("cus", "report", "R-110-023", "{s:s, s:s}", "csv", path, "pdf", pdf);
        assert_int_equal(file_read(path, 1 << 20, &csv, &n, NULL), 0);
        assert_non_null(strstr(csv, "A000003"));
        assert_non_null(strstr(csv, "H-000012"));
        assert_null(strstr(csv, "A000001")); /* nobody went in on it */
        must_refuse(ERR_DENIED, "X1", "uli", "report", "R-110-023", "{}");
        test_expect(ERR_USAGE, &store, "cus", "report", "R-110-023", "{s:s, s:s}", "from", "2026-12-01", "to",
                    "2026-11-01");
}

/* --- stocktakes -------------------------------------------------------------------------------------------- */

static const char *scan_as(const char *person, const char *text) {
        static char result[40];
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        if (test_call(&store, person, "stocktake", "scan", &answer, &err, "{s:[s]}", "text", text) < 0)
                fail_msg("stocktake scan %s: %s", text, err.what[LANG_EN]);
        (void) snprintf(result, sizeof result, "%s",
                        json_text(json_array_get(json_object_get(answer, "rows"), 0), "result"));
        return result;
}

static int64_t query(const char *sql) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        int64_t n = -1;

        assert_int_equal(db_int(act->db, &n, NULL, sql, ""), 0);
        return n;
}

static int64_t events(void) {
        return query("SELECT count(*) FROM event");
}

static void u6_place_first_then_media(void **state) {
        (void) state;
        must_refuse(ERR_CONFLICT, "U6", "cus", "stocktake", "scan", "{s:[s]}", "text", PLACE_1);
        must_refuse(ERR_CONFLICT, "U6", "cus", "stocktake", "finish", "{}");
        must_refuse(ERR_DENIED, "X1", "oto", "stocktake", "start", "{s:s}", "area", ROOM);
        test_expect(ERR_NOT_FOUND, &store, "cus", "stocktake", "start", "{s:s}", "area", "HQ-S77");
        done("cus", "stocktake", "start", "{s:s}", "area", ROOM);
        must_refuse(ERR_CONFLICT, "U6", "dan", "stocktake", "start", "{s:s}", "area", "HQ");
        must_refuse(ERR_CONFLICT, "U6", "dan", "stocktake", "start", "{s:s}", "area", ROOM "-A12");
        must_refuse(ERR_CONFLICT, "U6", "cus", "stocktake", "scan", "{s:[s]}", "text", tapes[0]);
        must_refuse(ERR_CONFLICT, "U6", "cus", "stocktake", "scan", "{s:[s]}", "text", VAULT); /* of another room */
        assert_string_equal(scan_as("cus", "hqs03a12e04p001"), "location");
        assert_string_equal(scan_as("cus", tapes[0]), "found");
        assert_string_equal(scan_as("cus", "T1"), "found"); /* by its serial number */
        assert_string_equal(scan_as("cus", "cualquier cosa"), "unknown");
        assert_string_equal(scan_as("cus", "HQ-S03-A99-E99-P999"), "unknown"); /* no place of ours */
}

/* The same scan again changes nothing and is not even recorded. */
static void u6_the_same_scan_twice(void **state) {
        int64_t before = events();

        (void) state;
        assert_string_equal(scan_as("cus", tapes[0]), "duplicate");
        assert_string_equal(scan_as("cus", PLACE_1), "location");
        assert_int_equal(events(), before);
        assert_string_equal(scan_as("cus", "cualquier cosa"), "unknown"); /* kept once */
}

/* Each clerk stands at a place of their own. */
static void u6_two_clerks(void **state) {
        (void) state;
        must_refuse(ERR_CONFLICT, "U6", "oto", "stocktake", "scan", "{s:[s]}", "text", tapes[2]);
        assert_string_equal(scan_as("oto", PLACE_2), "location");
        assert_string_equal(scan_as("cus", tapes[2]), "found");
        assert_string_equal(scan_as("oto", tapes[3]), "misplaced");
        assert_string_equal(scan_as("oto", secret), "misplaced");
        /* Seen again, elsewhere: the newer scan counts. */
        assert_string_equal(scan_as("oto", tapes[2]), "misplaced");
        assert_string_equal(scan_as("cus", tapes[2]), "found");
}

static void u6_lent_meanwhile_is_not_missing(void **state) {
        char due[DATE_TEXT];

        (void) state;
        date_of(store.now + 7 * DAY, due);
        done("uli", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", tapes[4], "to", "uli", "reason", "r",
             "due", due, "location", "x");
        done("olga", "loan", "approve", "{s:s}", "loan", tapes[4]);
        done("cus", "loan", "out", "{s:s, s:s, s:s, s:b}", "loan", tapes[4], "seal", "S-0001", "supervisor", "oto",
             "sign", 1);
        assert_string_equal(scan_as("cus", tapes[4]), "unexpected");
}

static void u6_k2_result(void **state) {
        (void) state;
        done("cus", "stocktake", "finish", "{s:b}", "sign", 1);
        assert_int_equal(count("stocktake", "R000001", "expected"), 5);
        assert_int_equal(count("stocktake", "R000001", "found"), 3);
        assert_int_equal(count("stocktake", "R000001", "misplaced"), 2); /* T3, and the one of the vault */
        assert_int_equal(count("stocktake", "R000001", "missing"), 1);   /* T5 */
        assert_int_equal(count("stocktake", "R000001", "unknown"), 2);
        assert_int_equal(open_incidents("not-located"), 1);
        must_refuse(ERR_CONFLICT, "U6", "cus", "stocktake", "finish", "{s:s}", "stocktake", "R000001");
        must_refuse(ERR_CONFLICT, "U6", "cus", "stocktake", "scan", "{s:[s], s:s}", "text", PLACE_1, "stocktake",
                    "R000001");

        _cleanup_json_ json_t *shown = answer_of("sara", "stocktake", "show", "stocktake", "R000001");

        assert_string_equal(json_text(json_array_get(json_object_get(shown, "signatures"), 0), "standing"),
                            "valid");
        assert_string_equal(json_text(json_array_get(json_object_get(shown, "rows"), 0), "result"), "missing");
        assert_string_equal(json_text(json_array_get(json_object_get(shown, "rows"), 0), "medium"), tapes[5]);
}

static size_t findings(const char *rule, const char *subject) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;
        const json_t *row;
        size_t i, n = 0;
        int r = test_call(&store, "cus", "custody", "check", &answer, &err, "{}");

        if (r != 0 && r != ERR_VERIFY)
                fail_msg("custody check: %s", err.what[LANG_EN]);
        json_array_foreach(json_object_get(answer, "rows"), i, row) {
                assert_true(*json_text(row, "what_es") && *json_text(row, "what_en"));
                n += strcmp(json_text(row, "rule"), rule) == 0 && strcmp(json_text(row, "subject"), subject) == 0;
        }
        return n;
}

/* Missing once is one incident; three more make the metric critical; what turns up is missing no more. */
static void k2_u6_missing_and_found_again(void **state) {
        (void) state;
        assert_int_equal(findings("K2", tapes[5]), 1);
        assert_int_equal(findings("U6", tapes[3]), 1);
        done("cus", "stocktake", "start", "{s:s}", "area", ROOM);
        done("cus", "stocktake", "finish", "{s:s}", "paper", "H-77");
        assert_int_equal(count("stocktake", "R000002", "missing"), 5);
        assert_int_equal(open_incidents("not-located"), 2); /* of the four that were not missing yet */
        assert_int_equal(
                query("SELECT count(*) FROM event WHERE type = 'alert.not-located' AND subject = 'R000002' AND "
                      "json_extract(data, '$.level') = 'critical'"),
                1);
        done("oto", "media", "scan", "{s:s, s:s}", "text", "T5", "location", PLACE_1);
        assert_int_equal(findings("K2", tapes[5]), 0);
        assert_int_equal(findings("K2", tapes[0]), 1);
        done("oto", "media", "scan", "{s:s, s:s}", "text", tapes[3], "location", PLACE_1);
        assert_int_equal(findings("U6", tapes[3]), 0);
        done("cus", "media", "move", "{s:s, s:s}", "medium", tapes[0], "location", PLACE_2);
        assert_int_equal(findings("K2", tapes[0]), 0);
}

/* --- time to locate ---------------------------------------------------------------------------------------- */

static void u8_the_clock(void **state) {
        _cleanup_json_ json_t *found = NULL, *history = NULL;
        const json_t *event, *data = NULL;
        struct error err;
        size_t i;

        (void) state;
        done("olga", "media", "locate", "{s:s}", "medium", tapes[0]);
        must_refuse(ERR_CONFLICT, "U8", "uli", "media", "locate", "{s:s}", "medium", tapes[0]);
        store.now += 31 * 60 * SECOND;
        assert_int_equal(findings("U8", tapes[0]), 1);
        assert_int_equal(test_call(&store, "oto", "media", "scan", &found, &err, "{s:s}", "text", "T0"), 0);
        assert_in_range(json_int(found, "seconds", 0), 31 * 60, 31 * 60 + 5);
        assert_int_equal(findings("U8", tapes[0]), 0);
        history = answer_of("sara", "media", "history", "medium", tapes[0]);
        json_array_foreach(json_object_get(history, "rows"), i, event) {
                if (strcmp(json_text(event, "type"), "medium.located") == 0)
                        data = json_object_get(event, "data");
        }
        assert_true(data && !json_flag(data, "met") && json_int(data, "target", 0) == 1800);
        /* A stocktake's scan stops it too, once. */
        done("olga", "media", "locate", "{s:s}", "medium", secret);
        done("cus", "stocktake", "start", "{s:s}", "area", "HQ-S01");
        done("cus", "stocktake", "scan", "{s:[s, s, s]}", "text", VAULT, secret, secret);
        done("cus", "stocktake", "finish", "{}");
        done("olga", "media", "locate", "{s:s}", "medium", secret); /* it could not, were the first still running */
        done("oto", "media", "scan", "{s:s}", "text", secret);
}

/* --- environment ------------------------------------------------------------------------------------------- */

static void u5_by_hand(void **state) {
        (void) state;
        assert_int_equal(findings("U5", ROOM), 1); /* never measured */
        done("oto", "env", "record", "{s:s, s:s, s:s, s:s}", "location", ROOM, "temperature", "20,5", "humidity",
             "45", "field", "3");
        assert_int_equal(findings("U5", ROOM), 0);
        test_expect(ERR_USAGE, &store, "oto", "env", "record", "{s:s}", "location", ROOM);
        test_expect(ERR_USAGE, &store, "oto", "env", "record", "{s:s, s:s}", "location", ROOM, "temperature",
                    "warm");
        must_refuse(ERR_REFUSED, "U5", "oto", "env", "record", "{s:s, s:s}", "location", ROOM, "temperature",
                    "-127");
        test_expect(ERR_NOT_FOUND, &store, "oto", "env", "record", "{s:s, s:s}", "location", "HQ-S55",
                    "temperature", "20");
        must_refuse(ERR_DENIED, "X1", "uli", "env", "record", "{s:s, s:s}", "location", ROOM, "temperature", "20");
        done("oto", "env", "record", "{s:s, s:s}", "location", ROOM, "temperature", "26");
        assert_int_equal(findings("U5", ROOM), 1);
        assert_int_equal(open_incidents("environment"), 0);
        done("oto", "env", "record", "{s:s, s:s}", "location", ROOM, "temperature", "31");
        assert_int_equal(open_incidents("environment"), 1);
        done("oto", "env", "record", "{s:s, s:s}", "location", ROOM, "temperature", "32");
        assert_int_equal(open_incidents("environment"), 1);
        done("oto", "env", "record", "{s:s, s:s}", "location", ROOM, "temperature", "21");
        assert_int_equal(findings("U5", ROOM), 0);
        store.now += 25 * 3600 * SECOND;
        assert_int_equal(findings("U5", ROOM), 1); /* silent for a day */
}

static void u5_makers_limits(void **state) {
        (void) state;
        test_expect(ERR_USAGE, &store, "cus", "env", "limits", "{s:s, s:s, s:s}", "model", "LTO-8", "temperature",
                    "30", "source", "x");
        test_expect(ERR_USAGE, &store, "cus", "env", "limits", "{s:s, s:s, s:s}", "model", "LTO-8", "temperature",
                    "30..20", "source", "x");
        done("oto", "env", "record", "{s:s, s:s}", "location", ROOM, "temperature", "23");
        done("cus", "env", "limits", "{s:s, s:s, s:s}", "model", "LTO-8", "temperature", "16..22.5", "source",
             "hoja");
        {
                _cleanup_json_ json_t *shown = answer_of("sara", "env", "show", "location", NULL);

                assert_string_equal(json_text(json_array_get(json_object_get(shown, "rows"), 0), "gravity"),
                                    "alert");
        }
        done("cus", "env", "limits", "{s:s, s:s, s:s}", "model", "LTO-8", "temperature", "16..25", "source",
             "hoja 2");
        {
                _cleanup_json_ json_t *shown = answer_of("sara", "env", "show", "location", NULL);

                assert_string_equal(json_text(json_array_get(json_object_get(shown, "rows"), 0), "gravity"),
                                    "info");
        }
}

static void write_file(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static int import(const char *text, bool follow, int64_t *ret_new, struct error *err) {
        _cleanup_json_ json_t *answer = NULL;
        char path[96];
        int r;

        (void) snprintf(path, sizeof path, "%s/sensor.csv", store.root);
        write_file(path, text);
        memset(err, 0, sizeof *err);
        r = test_call(&store, "oto", "env", "import", &answer, err, "{s:s, s:s, s:b}", "file", path, "location",
                      ROOM "-A12", "follow", (int) follow);
        *ret_new = json_int(answer, "new", -1);
        return r;
}

static void u5_files_and_sensors(void **state) {
#define HEAD "time,temperature,humidity,battery\n"
#define ROWS "2026-11-01T10:00:00Z,20.5,45,3.1\n2026-11-01T12:10:00+02:00,20.6,,3.1\n"
        struct error err;
        int64_t n;

        (void) state;
        assert_int_equal(import(HEAD ROWS, false, &n, &err), 0);
        assert_int_equal(n, 2);
        /* Again: harmless. Otherwise at the same moment: not. */
        assert_int_equal(import(HEAD ROWS, false, &n, &err), 0);
        assert_int_equal(n, 0);
        assert_int_equal(import(HEAD "2026-11-01T10:10:00Z,25,,\n", false, &n, &err), ERR_USAGE);
        /* One bad row and nothing is recorded; a sensor's file goes on without it, and without the line that it is
         * still writing. */
        assert_int_equal(
                import(HEAD ROWS "2026-11-01T10:20:00Z,nan,,\n2026-11-01T10:30:00Z,21,,\n", false, &n, &err),
                ERR_USAGE);
        assert_int_equal(import(HEAD ROWS
                                "2026-11-01T10:20:00Z,nan,,\n2026-11-01T10:30:00Z,21,,\n2026-11-01T10:40:00Z,2",
                                true, &n, &err),
                         0);
        assert_int_equal(n, 1);
        assert_int_equal(import(HEAD ROWS "2026-11-01T10:30:00Z,21,,\n2026-11-01T10:40:00Z,22,,\n", true, &n, &err),
                         0);
        assert_int_equal(n, 1);
        assert_int_equal(import("time,battery\n2026-11-01T10:30:00Z,21\n", true, &n, &err), ERR_USAGE);
        assert_int_equal(import(HEAD "2026-11-01 10:30:00,21,,\n", false, &n, &err), ERR_USAGE); /* which zone? */
        assert_int_equal(import(HEAD "2099-11-01T10:30:00Z,21,,\n", false, &n, &err), ERR_USAGE);
        assert_int_equal(import(HEAD "2026-02-29T10:30:00Z,21,,\n", false, &n, &err), ERR_USAGE);
}

static void u5_moments(void **state) {
        static const struct {
                const char *text, *utc;
        } good[] = { { "2028-02-29T23:30:00-01:00", "2028-03-01T00:30:00.000000Z" },
                     /* The hour that Spain has twice: the offset says which. */
                     { "2026-10-25 02:30:00+02:00", "2026-10-25T00:30:00.000000Z" },
                     { "2026-10-25 02:30+0100", "2026-10-25T01:30:00.000000Z" },
                     { "2026-11-27 14:05:09.250Z", "2026-11-27T14:05:09.000000Z" } };
        static const char *const bad[] = { "",
                                           "2026-11-27",
                                           "2026-11-27T25:00:00Z",
                                           "2026-11-27T10:00:00",
                                           "2026-11-27T10:00:00+25:00",
                                           "2026-11-27T10:00:00Zulu",
                                           "2027-02-29T10:00Z" };
        char text[TIME_TEXT];
        int64_t moment = 7;
        int offset = 60;

        (void) state;
        for (size_t i = 0; i < COUNT(good); i++) {
                assert_int_equal(reading_time_parse(good[i].text, NULL, &moment, NULL), 0);
                time_format(moment, text);
                assert_string_equal(text, good[i].utc);
        }
        moment = 7;
        for (size_t i = 0; i < COUNT(bad); i++)
                assert_int_equal(reading_time_parse(bad[i], NULL, &moment, NULL), ERR_USAGE);
        assert_int_equal(moment, 7);
        assert_int_equal(reading_time_parse("2026-11-27T10:00:00", &offset, &moment, NULL), 0);
        time_format(moment, text);
        assert_string_equal(text, "2026-11-27T09:00:00.000000Z");
}

static void u5_charts(void **state) {
        char pdf[96], png[96];
        _cleanup_free_ char *data = NULL, *picture = NULL;
        size_t n;

        (void) state;
        (void) snprintf(pdf, sizeof pdf, "%s/chart.pdf", store.root);
        (void) snprintf(png, sizeof png, "%s/chart.png", store.root);
        done("uli", "env", "show", "{s:s, s:s, s:s}", "location", ROOM "-A12", "pdf", pdf, "png", png);
        assert_int_equal(file_read(pdf, 1 << 24, &data, &n, NULL), 0);
        assert_int_equal(memcmp(data, "%PDF", 4), 0);
        assert_int_equal(file_read(png, 1 << 24, &picture, &n, NULL), 0);
        assert_int_equal(memcmp(picture + 1, "PNG", 3), 0);
        test_expect(ERR_NOT_FOUND, &store, "uli", "env", "show", "{s:s}", "location", "HQ-S01");
}

/* --- the daily check --------------------------------------------------------------------------------------- */

static void u6_daily_check(void **state) {
        (void) state;
        must_refuse(ERR_DENIED, "X1", "oto", "custody", "check", "{}");
        /* A medium classified anew stands in the wrong section. */
        done("olga", "media", "classify", "{s:s, s:s, s:s}", "medium", tapes[1], "classification", "SECRETO",
             "reason", "r");
        assert_int_equal(findings("U2", tapes[1]), 1);
        store.now += 20 * DAY;
        assert_int_equal(findings("U4", tapes[4]), 1); /* overdue */
        {
                _cleanup_json_ json_t *overdue = answer_of("sara", "loan", "overdue", "to", NULL);
                const json_t *row = json_array_get(json_object_get(overdue, "rows"), 0);

                assert_string_equal(json_text(row, "gravity"), "critical");
                assert_true(json_int(row, "days", 0) >= 7);
        }
        done("uli", "access", "request", "{s:s, s:s}", "area", ROOM, "reason", "r");
        done("olga", "access", "approve", "{s:s}", "access", "A000008");
        enter("A000008", "tia");
        assert_int_equal(findings("U3", "A000008"), 0);
        store.now += 9 * 3600 * SECOND;
        assert_int_equal(findings("U3", "A000008"), 1);
}

/* What was changed behind the events' back shows in the check, before anybody verifies the ledger. */
static void u6_state_against_facts(void **state) {
        (void) state;
        assert_int_equal(findings("U6", tapes[4]), 0);
        test_tamper(&store, "UPDATE medium SET state = 'in-custody' WHERE serial = 'T4'");
        assert_int_equal(findings("U6", tapes[4]), 1);
        test_tamper(&store, "UPDATE medium SET state = 'on-loan' WHERE serial = 'T4'");
}

static void replay_gives_the_same_bytes(void **state) {
        (void) state;
        done("sara", "ledger", "replay", "{}");
}

int main(void) {
#define STEP(function) cmocka_unit_test_teardown(function, whole)
        const struct CMUnitTest tests[] = {
                STEP(u3_u7_in_their_order),
                STEP(u3_entry_and_exit),
                STEP(u3_signature_is_of_this_access),
                STEP(u3_media_are_put_back),
                STEP(u3_u9_what_is_missing_or_changed),
                STEP(x1_two_people_for_the_vault),
                STEP(u3_x4_lapsed_and_blocked),
                STEP(a2_register_as_form),
                STEP(u6_place_first_then_media),
                STEP(u6_the_same_scan_twice),
                STEP(u6_two_clerks),
                STEP(u6_lent_meanwhile_is_not_missing),
                STEP(u6_k2_result),
                STEP(k2_u6_missing_and_found_again),
                STEP(u8_the_clock),
                STEP(u5_by_hand),
                STEP(u5_makers_limits),
                STEP(u5_files_and_sensors),
                STEP(u5_moments),
                STEP(u5_charts),
                STEP(u6_daily_check),
                STEP(u6_state_against_facts),
                STEP(replay_gives_the_same_bytes),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
