/* Destruction and certificates through the verbs: S1, S5, S8, S9, S10, X1, X2, and the documents that result. */
#include "unit/store.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "policy/destruction.h"

static struct test_store store;
static char image[96], medium[16];

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

static void in_root(const char *name, char out[96]) {
        (void) snprintf(out, 96, "%s/%s", store.root, name);
}

/* A file that begins as a JPEG does; each text makes another photo. */
static void photo(const char *name, const char *text, char out[96]) {
        char data[256] = "\xff\xd8\xff\xe0JFIF";
        struct error err;

        (void) snprintf(data + 8, sizeof data - 8, "%s", text);
        in_root(name, out);
        assert_int_equal(file_write(out, data, sizeof data, 0600, &err), 0);
}

/* A command in the test's folder; its exit status. */
static int run(const char *command) {
        _cleanup_free_ char *line = str_format("cd %s && (%s) >out 2>&1", store.root, command);

        return system(line);
}

static int setup(void **state) {
        static const char *const enrolled[] = { "oto", "tia", "cus", "olga" };

        (void) state;
        test_store_make(&store);
        for (size_t i = 0; i < COUNT(enrolled); i++)
                test_expect(0, &store, "sara", "person", "enrol", "{s:s}", "name", enrolled[i]);
        test_image(&store, "disk", 4 << 20, image);
        test_register(&store, image, "SECRETO", "ALTA", medium);
        return 0;
}

static int teardown(void **state) {
        (void) state;
        if (!getenv("KEEP"))
                test_store_drop(&store);
        return 0;
}

static void request(char ret[32]) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        if (test_call(&store, "cus", "destroy", "request", &answer, &err, "{s:s, s:s, s:s}", "medium", medium,
                      "reason", "Fin de vida útil", "method", "shred") < 0)
                fail_msg("destroy request: %s", err.what[LANG_EN]);
        (void) snprintf(ret, 32, "%s", json_text(answer, "destruction"));
}

static const char *report; /* the forensic report of the next execution */

static int execute(const char *person, const char *supervisor, const char *seen, const char *before,
                   const char *after, const char *remains, struct error *err) {
        return test_call(&store, person, "destroy", "execute", NULL, err,
                         "{s:s, s:s, s:s, s:[s], s:[s], s:s*, s:i, s:s*, s:s, s:s, s:b, s:s}", "destruction",
                         medium, "supervisor", supervisor, "seen", seen, "before", before, "after", after,
                         "remains", remains, "fragments", 12, "report", report, "equipment",
                         "HSM Powerline HDS 230", "place", "CPD sótano 3", "complete", 1, "confirm", medium);
}

#define must_not_execute(code, rule_id, ...)                                                                       \
        do {                                                                                                       \
                struct error _e = { 0 };                                                                           \
                int _r = execute(__VA_ARGS__, &_e);                                                                \
                if (_r != (code) || strcmp(_e.rule, (rule_id)) != 0)                                               \
                        fail_msg("%d [%s] instead of %d [%s]: %s", _r, _e.rule, (code), (rule_id),                 \
                                 _e.what[LANG_EN]);                                                                \
        } while (0)

/* X1, S8: who requests does not approve; only the medium's own owner decides. */
static void the_owner_decides(void **state) {
        char id[32];

        (void) state;
        must_refuse(ERR_NOT_FOUND, "", "olga", "destroy", "approve", "{s:s}", "destruction", medium);
        must_refuse(ERR_DENIED, "X1", "olga", "destroy", "request", "{s:s, s:s, s:s}", "medium", medium, "reason",
                    "x", "method", "shred");
        request(id);
        must_refuse(ERR_CONFLICT, "S8", "oto", "destroy", "request", "{s:s, s:s, s:s}", "medium", medium, "reason",
                    "x", "method", "melt");
        must_refuse(ERR_DENIED, "X1", "cus", "destroy", "approve", "{s:s}", "destruction", id);
        test_expect(0, &store, "sara", "person", "grant", "{s:s, s:s, s:s}", "name", "tia", "roles", "owner",
                    "reason", "x");
        must_refuse(ERR_DENIED, "S8", "tia", "destroy", "approve", "{s:s}", "destruction", id);
        test_expect(0, &store, "olga", "destroy", "refuse", "{s:s, s:s}", "destruction", id, "reason",
                    "Aún se usa");
        must_refuse(ERR_CONFLICT, "S8", "olga", "destroy", "approve", "{s:s}", "destruction", id);
}

/* S1: the matrix; the method itself must do for the medium. */
static void the_method_must_do(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(destruction_judge_method(KIND_HDD, CLASS_SECRETO, DESTRUCTION_SHRED, &err), 0);
        assert_int_equal(destruction_judge_method(KIND_TAPE, CLASS_SECRETO, DESTRUCTION_SHRED, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S1");
        assert_int_equal(destruction_judge_method(KIND_OPTICAL, CLASS_SECRETO, DESTRUCTION_INCINERATE, &err), 0);
        assert_int_equal(destruction_judge_method(KIND_PAPER, CLASS_PUBLICO, DESTRUCTION_MELT, &err), ERR_REFUSED);
}

/* S10: shredding < 2 mm², disintegration < 0.5 mm²; paper by DIN 66399. */
static void remains_are_measured(void **state) {
        static const struct {
                const char *text;
                int64_t area;
        } areas[] = { { "1.5", 150 }, { "1,50", 150 }, { "2", 200 },        { "1.999", 200 }, { "1.990", 199 },
                      { "0", 0 },     { "", -2 },      { ".5", -2 },        { "1.", -2 },     { "1.5.5", -2 },
                      { "-1", -2 },   { "1e3", -2 },   { "9999999999", -2 } };
        static const struct {
                enum medium_kind kind;
                enum classification classification;
                enum destruction_method method;
                int64_t area;
                int code;
        } cases[] = {
                { KIND_SSD, CLASS_SECRETO, DESTRUCTION_SHRED, 199, 0 },
                { KIND_SSD, CLASS_SECRETO, DESTRUCTION_SHRED, 200, ERR_REFUSED },
                { KIND_SSD, CLASS_PUBLICO, DESTRUCTION_SHRED, AREA_NONE, ERR_REFUSED },
                { KIND_SSD, CLASS_PUBLICO, DESTRUCTION_DISINTEGRATE, 49, 0 },
                { KIND_SSD, CLASS_PUBLICO, DESTRUCTION_DISINTEGRATE, 50, ERR_REFUSED },
                { KIND_SSD, CLASS_PUBLICO, DESTRUCTION_MELT, AREA_NONE, 0 },
                { KIND_SSD, CLASS_PUBLICO, DESTRUCTION_MELT, 100, ERR_USAGE },
                { KIND_PAPER, CLASS_SECRETO, DESTRUCTION_SHRED, 500, 0 },
                { KIND_PAPER, CLASS_SECRETO, DESTRUCTION_SHRED, 501, ERR_REFUSED },
                { KIND_PAPER, CLASS_CONFIDENCIAL, DESTRUCTION_SHRED, 16000, 0 },
                { KIND_PAPER, CLASS_CONFIDENCIAL, DESTRUCTION_SHRED, 16001, ERR_REFUSED },
        };
        struct error err;

        (void) state;
        for (size_t i = 0; i < COUNT(areas); i++) {
                int64_t area = -2;

                assert_int_equal(area_parse(areas[i].text, &area), areas[i].area == -2 ? ERR_USAGE : 0);
                assert_int_equal(area, areas[i].area);
        }
        for (size_t i = 0; i < COUNT(cases); i++) {
                int r = destruction_judge_remains(cases[i].kind, cases[i].classification, cases[i].method,
                                                  cases[i].area, &err);

                assert_int_equal(r, cases[i].code);
                if (r == ERR_REFUSED)
                        assert_string_equal(err.rule, "S10");
        }
}

/* S4: from CONFIDENCIAL on, fragments and a report. */
static void what_is_destroyed_is_examined(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(destruction_judge_forensic(CLASS_INTERNO, DESTRUCTION_SHRED, 0, false, &err), 0);
        assert_int_equal(destruction_judge_forensic(CLASS_CONFIDENCIAL, DESTRUCTION_SHRED, 9, false, &err),
                         ERR_REFUSED);
        assert_string_equal(err.rule, "S4");
        assert_int_equal(destruction_judge_forensic(CLASS_CONFIDENCIAL, DESTRUCTION_SHRED, 0, true, &err),
                         ERR_REFUSED);
        assert_int_equal(destruction_judge_forensic(CLASS_CONFIDENCIAL, DESTRUCTION_SHRED, 1, true, &err), 0);
        assert_int_equal(destruction_judge_forensic(CLASS_SECRETO, DESTRUCTION_INCINERATE, 0, true, &err), 0);
}

static void expect_state(const char *wanted) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        assert_int_equal(test_call(&store, "sara", "media", "show", &answer, &err, "{s:s}", "medium", medium), 0);
        assert_string_equal(json_text_or_empty(answer, "state"), wanted);
}

/* S8: approved, two people, the right medium, photos, remains. Nothing is recorded until all of it holds. */
static void execution_has_conditions(void **state) {
        char id[32], before[96], after[96], same[96];
        static char text[96]; /* the report outlives this test */

        (void) state;
        photo("before.jpg", "entero", before);
        photo("after.jpg", "triturado", after);
        photo("same.jpg", "entero", same);
        in_root("notes.txt", text);
        assert_int_equal(run("seq 100 > notes.txt"), 0);
        must_not_execute(ERR_CONFLICT, "S8", "oto", "sara", medium, before, after, "1.2");
        request(id);
        must_not_execute(ERR_CONFLICT, "S8", "oto", "sara", medium, before, after, "1.2");
        test_expect(0, &store, "olga", "destroy", "approve", "{s:s, s:s}", "destruction", id, "note", "Conforme");
        must_not_execute(ERR_DENIED, "X1", "oto", "oto", medium, before, after, "1.2");
        must_not_execute(ERR_DENIED, "S8", "oto", "tia", medium, before, after, "1.2");
        must_not_execute(ERR_DENIED, "X1", "cus", "sara", medium, before, after, "1.2"); /* no operator */
        must_not_execute(ERR_REFUSED, "S10", "oto", "sara", medium, before, after, "2.0");
        must_not_execute(ERR_REFUSED, "S10", "oto", "sara", medium, before, after, NULL);
        must_not_execute(ERR_REFUSED, "S8", "oto", "sara", medium, before, text, "1.2");
        must_not_execute(ERR_REFUSED, "S8", "oto", "sara", medium, before, same, "1.2");
        must_not_execute(ERR_NOT_FOUND, "", "oto", "sara", "HQ00000099Z", before, after, "1.2");
        must_not_execute(ERR_NOT_FOUND, "", "oto", "sara", medium, before, "/nowhere.jpg", "1.2");
        must_not_execute(ERR_REFUSED, "S4", "oto", "sara", medium, before, after, "1.2");
        report = text;
        expect_state("in-custody");
        must_not_execute(0, "", "oto", "sara", medium, before, after, "1.2");
        expect_state("destroyed");
        must_refuse(ERR_CONFLICT, "S8", "cus", "destroy", "request", "{s:s, s:s, s:s}", "medium", medium, "reason",
                    "x", "method", "melt");
}

static int issue(const char *supervisor, json_t **ret, struct error *err) {
        return test_call(&store, "oto", "certificate", "issue", ret, err, "{s:s, s:s*}", "medium", medium,
                         "supervisor", supervisor);
}

/* S9: one number, no gap; the documents are bound to it by digest. */
static void a_certificate_is_issued_once(void **state) {
        _cleanup_json_ json_t *answer = NULL, *twin = NULL;
        _cleanup_free_ char *text = NULL, *path = NULL;
        char digest[SHA256_TEXT], form[96];
        struct error err;
        size_t n;

        (void) state;
        assert_int_equal(issue("cus", &answer, &err), ERR_REFUSED); /* sara was there, not cus */
        if (issue(NULL, &answer, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_string_equal(json_text(answer, "number"), "HQ-2026-000001");
        assert_string_equal(json_text(answer, "state"), "unsigned");
        assert_int_equal(issue(NULL, NULL, &err), ERR_CONFLICT);
        path = str_format("%s/attachments/%s", store.folder, json_text(answer, "twin"));
        assert_int_equal(file_read(path, 1 << 20, &text, &n, &err), 0);
        assert_int_equal(sha256_text(text, n, digest), 0);
        assert_string_equal(digest, json_text(answer, "twin"));
        assert_int_equal(json_parse(text, n, &twin, &err), 0);
        assert_string_equal(json_text(twin, "kind"), "destruction");
        assert_string_equal(json_text(twin, "remains_mm2"), "1.20");
        assert_int_equal(json_array_size(json_object_get(twin, "photos")), 2);
        assert_string_equal(json_text(json_object_get(twin, "medium"), "classification"), "SECRETO");
        assert_true(json_is_object(json_object_get(json_object_get(twin, "ledger"), "proof")));
        in_root("r020.pdf", form);
        test_expect(0, &store, "sara", "destroy", "show", "{s:s, s:s}", "destruction", medium, "out", form);
        assert_int_equal(run("pdftotext -layout r020.pdf text && grep -q R-110-020 text && "
                             "grep -q 'Fin de vida útil' text && grep -q olga text"),
                         0);
}

#define SIGN_ARGS(role) "{s:s, s:s}", "certificate", "hq 2026'000001", "role", (role)

/* X1, S9: the right person, in order. */
static void signatures_have_an_order(void **state) {
        (void) state;
        must_refuse(ERR_CONFLICT, "S9", "sara", "certificate", "sign", SIGN_ARGS("supervisor"));
        must_refuse(ERR_DENIED, "X1", "sara", "certificate", "sign", SIGN_ARGS("executor"));
        test_expect(0, &store, "oto", "certificate", "sign", SIGN_ARGS("executor"));
        must_refuse(ERR_DENIED, "X1", "oto", "certificate", "sign", SIGN_ARGS("supervisor"));
        must_refuse(ERR_CONFLICT, "S9", "oto", "certificate", "sign", SIGN_ARGS("executor"));
        must_refuse(ERR_CONFLICT, "S9", "sara", "certificate", "sign", SIGN_ARGS("seal"));
        test_expect(0, &store, "sara", "certificate", "sign", SIGN_ARGS("supervisor"));
        must_refuse(ERR_DENIED, "X1", "oto", "certificate", "sign", SIGN_ARGS("seal"));
        test_expect(0, &store, "sara", "certificate", "sign", SIGN_ARGS("seal"));
        must_refuse(ERR_CONFLICT, "S9", "sara", "certificate", "sign", SIGN_ARGS("seal"));
}

/* Offline: no store, the organisation's public certificate, the twin. */
static int verify_offline(const char *file, const char *ca, const char *twin, json_t **ret, struct error *err) {
        const struct session_options options = {
                .folder = "/nonexistent", .os_user = "court", .lang = LANG_EN, .clock = &store.clock
        };
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *args = json_pack("{s:s, s:s*, s:s*}", "file", file, "ca", ca, "twin", twin);
        int r = session_open(&options, &session, err);

        return r < 0 ? r : session_call(session, verb_find("certificate", "verify"), args, ret, NULL, err);
}

static void export(const char *id, const char *pdf, const char *twin) {
        test_expect(0, &store, "sara", "certificate", "export", "{s:s, s:s, s:s}", "certificate", id, "out", pdf,
                    "twin", twin);
}

static void the_document_verifies(void **state) {
        _cleanup_json_ json_t *answer = NULL, *with_store = NULL;
        char pdf[96], twin[96], ca[96];
        struct error err;

        (void) state;
        in_root("c.pdf", pdf);
        in_root("c.json", twin);
        (void) snprintf(ca, sizeof ca, "%s/org/ca.crt", store.folder);
        export(medium, pdf, twin);
        if (verify_offline(pdf, ca, twin, &answer, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_string_equal(json_text(answer, "number"), "HQ-2026-000001");
        assert_string_equal(json_text(answer, "ledger"), "valid");
        assert_string_equal(json_text(answer, "registry"), "absent");
        assert_int_equal(json_array_size(json_object_get(answer, "rows")), 3);
        if (test_call(&store, NULL, "certificate", "verify", &with_store, &err, "{s:s}", "file", pdf) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_string_equal(json_text(with_store, "registry"), "valid");
        assert_string_equal(json_text(with_store, "twin"), "valid");
        assert_int_equal(run("qpdf --check c.pdf && test $(pdfsig -nocert c.pdf | grep -c 'Signature is Valid') = "
                             "3"),
                         0);
        assert_int_equal(run("pdftotext -layout c.pdf text && grep -q HQ-2026-000001 text && grep -q SECRETO text "
                             "&& grep -q 'Sara Gil' text && grep -q Ejecutor text"),
                         0);
}

/* A twin with other facts, bytes after the end, an empty file, no certificate to trust. */
static void a_changed_document_does_not(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        char pdf[96], twin[96], ca[96], bad[96];
        struct error err;

        (void) state;
        in_root("c.pdf", pdf);
        in_root("bad.json", twin);
        in_root("bad.pdf", bad);
        (void) snprintf(ca, sizeof ca, "%s/org/ca.crt", store.folder);
        assert_int_equal(verify_offline(pdf, NULL, NULL, &answer, &err), ERR_USAGE);
        assert_int_equal(run("sed s/1[.]20/0.20/ c.json > bad.json && ! cmp -s c.json bad.json"), 0);
        assert_int_equal(verify_offline(pdf, ca, twin, &answer, &err), ERR_VERIFY);
        assert_int_equal(run("cp c.pdf bad.pdf && printf ' ' >> bad.pdf"), 0);
        assert_int_equal(verify_offline(bad, ca, NULL, &answer, &err), ERR_VERIFY);
        assert_int_equal(verify_offline(image, ca, NULL, &answer, &err), ERR_VERIFY);
        assert_null(answer);
}

/* S5, S9: a wiped medium has its certificate too, with the next number; revoking is an event, and another follows.
 */
static void a_wipe_is_certified(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        char disk[96], id[16], pdf[96], twin[96];
        struct error err;

        (void) state;
        test_image(&store, "wiped", 2 << 20, disk);
        test_register(&store, disk, "INTERNO", "MEDIA", id);
        must_refuse(ERR_NOT_FOUND, "", "oto", "certificate", "issue", "{s:s, s:s}", "medium", id, "supervisor",
                    "sara");
        test_expect(0, &store, "oto", "wipe", "run", "{s:s, s:s, s:s, s:s}", "medium", id, "device", disk, "method",
                    "dod", "confirm", id);
        must_refuse(ERR_DENIED, "X1", "oto", "certificate", "issue", "{s:s, s:s}", "medium", id, "supervisor",
                    "oto");
        must_refuse(ERR_USAGE, "", "oto", "certificate", "issue", "{s:s}", "medium", id);
        if (test_call(&store, "oto", "certificate", "issue", &answer, &err, "{s:s, s:s}", "medium", id,
                      "supervisor", "cus") < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_string_equal(json_text(answer, "number"), "HQ-2026-000002");
        test_expect(0, &store, "oto", "certificate", "sign", "{s:s, s:s}", "certificate", id, "role", "executor");
        test_expect(0, &store, "cus", "certificate", "sign", "{s:s, s:s}", "certificate", id, "role", "supervisor");
        test_expect(0, &store, "sara", "certificate", "sign", "{s:s, s:s}", "certificate", id, "role", "seal");
        in_root("wiped.pdf", pdf);
        in_root("wiped.json", twin);
        export(id, pdf, twin);
        test_expect(0, &store, NULL, "certificate", "verify", "{s:s}", "file", pdf);
        assert_int_equal(run("pdftotext -layout wiped.pdf text && grep -q 'DoD 5220.22-M' text && grep -q Clear "
                             "text"),
                         0);
        test_expect(0, &store, "sara", "certificate", "revoke", "{s:s, s:s}", "certificate", id, "reason",
                    "Error en el destino");
        test_expect(ERR_VERIFY, &store, NULL, "certificate", "verify", "{s:s}", "file", pdf);
        must_refuse(ERR_CONFLICT, "S9", "sara", "certificate", "revoke", "{s:s, s:s}", "certificate", id, "reason",
                    "x");
        test_expect(0, &store, "oto", "certificate", "issue", "{s:s, s:s}", "medium", id, "supervisor", "cus");
        test_expect(0, &store, "sara", "certificate", "show", "{s:s}", "certificate", "HQ2026000003");
}

/* A wipe as the ledger could know it, without the wiping: {result, scheme, level, areas, forensic}. */
static void pretend_wipe(const char *id, int number, const char *classification, const char *result,
                         const char *scheme, const char *level, json_t *areas, json_t *forensic) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_free_ char *job = str_format("%s-W%d", id, number);
        struct act *act = test_act(&store, "oto", &session);
        _cleanup_json_ json_t *started = json_pack(
                "{s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "job", job, "number", number, "scheme", scheme,
                "demanded_level", "clear", "classification", classification, "kind", "hdd", "insertion", "");
        _cleanup_json_ json_t *finished = json_pack("{s:s, s:s, s:s, s:o, s:i, s:{s:i}, s:o*}", "job", job,
                                                    "result", result, "reached_level", level, "areas_not_reached",
                                                    areas, "bytes_not_reached", (int) json_array_size(areas) * 512,
                                                    "verification", "differing_bytes", 0, "forensic", forensic);
        const struct fact facts[] = { { "sanitization.started", id, started },
                                      { "sanitization.finished", id, finished } };
        struct error err;

        if (act_record(act, facts, 2, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
}

#define CERTIFY(id) "{s:s, s:s}", "medium", (id), "supervisor", "sara"

/* S5, S4, S1: what was not reached, not looked at or not strong enough is never certified. */
static void a_wipe_that_fell_short_is_not_certified(void **state) {
        char disk[96], id[16];

        (void) state;
        test_image(&store, "short", 1 << 20, disk);
        test_register(&store, disk, "CONFIDENCIAL", "MEDIA", id);
        pretend_wipe(id, 1, "CONFIDENCIAL", "not-sanitized", "dod-ece", "clear", json_array(), NULL);
        must_refuse(ERR_REFUSED, "S5", "oto", "certificate", "issue", CERTIFY(id));
        pretend_wipe(id, 2, "CONFIDENCIAL", "sanitized", "dod-ece", "clear", json_pack("[[i, i]]", 512, 512),
                     json_pack("{s:b}", "passed", 1));
        must_refuse(ERR_REFUSED, "S5", "oto", "certificate", "issue", CERTIFY(id));
        pretend_wipe(id, 3, "CONFIDENCIAL", "sanitized", "dod-ece", "clear", json_array(), NULL);
        must_refuse(ERR_REFUSED, "S4", "oto", "certificate", "issue", CERTIFY(id));
        pretend_wipe(id, 4, "CONFIDENCIAL", "sanitized", "dod-ece", "clear", json_array(),
                     json_pack("{s:b}", "passed", 0));
        must_refuse(ERR_REFUSED, "S4", "oto", "certificate", "issue", CERTIFY(id));
        pretend_wipe(id, 5, "CONFIDENCIAL", "sanitized", "single", "clear", json_array(),
                     json_pack("{s:b}", "passed", 1));
        must_refuse(ERR_REFUSED, "S1", "oto", "certificate", "issue", CERTIFY(id));
        pretend_wipe(id, 6, "CONFIDENCIAL", "sanitized", "dod-ece", "none", json_array(),
                     json_pack("{s:b}", "passed", 1));
        must_refuse(ERR_REFUSED, "S1", "oto", "certificate", "issue", CERTIFY(id));
        pretend_wipe(id, 7, "CONFIDENCIAL", "sanitized", "dod-ece", "clear", json_array(),
                     json_pack("{s:b}", "passed", 1));
        test_expect(0, &store, "oto", "certificate", "issue", CERTIFY(id));
}

/* S9: a document that changed in the store is not signed. */
static void a_changed_attachment_is_not_signed(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        _cleanup_free_ char *path = NULL;
        struct error err;

        (void) state;
        assert_int_equal(test_call(&store, "sara", "certificate", "show", &answer, &err, "{s:s}", "certificate",
                                   "HQ-2026-000004"),
                         0);
        path = str_format("%s/attachments/%s", store.folder, json_text(answer, "pdf"));
        assert_int_equal(file_write(path, "%PDF-1.5 another", 16, 0600, &err), 0);
        must_refuse(ERR_VERIFY, "S9", "oto", "certificate", "sign", "{s:s, s:s}", "certificate", "HQ-2026-000004",
                    "role", "executor");
}

/* X2: the tables are what the events say. */
static void the_ledger_explains_all(void **state) {
        (void) state;
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_owner_decides),
                cmocka_unit_test(the_method_must_do),
                cmocka_unit_test(remains_are_measured),
                cmocka_unit_test(what_is_destroyed_is_examined),
                cmocka_unit_test(execution_has_conditions),
                cmocka_unit_test(a_certificate_is_issued_once),
                cmocka_unit_test(signatures_have_an_order),
                cmocka_unit_test(the_document_verifies),
                cmocka_unit_test(a_changed_document_does_not),
                cmocka_unit_test(a_wipe_is_certified),
                cmocka_unit_test(a_wipe_that_fell_short_is_not_certified),
                cmocka_unit_test(a_changed_attachment_is_not_signed),
                cmocka_unit_test(the_ledger_explains_all),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
