/* Whole wipes by firmware, through the verbs, on a device that answers from tests/unit/firmware_device.h: what it
 * offers and refuses (S2), what it did and what it only acknowledged (S4, S5), and how a job that was cut off ends
 * (S7). */
#include "unit/store.h"

#include <sys/wait.h>

#include "base/file.h"
#include "unit/firmware_device.h"

enum { SIZE = 2 << 20 };
static struct test_store store;
static struct loop loop;
static char id[16];
static const char *under = "/tmp";

static void fresh(const char *kind, const char *classification) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        loop_make(&loop, under, SIZE, "HISTORIA-CLINICA");
        fake_on(&loop, SIZE);
        if (test_call(&store, "cus", "media", "register", &answer, &err, "{s:s, s:s, s:s, s:s, s:s, s:s, s:i}",
                      "device", loop.device, "kind", kind, "classification", classification, "category", "MEDIA",
                      "owner", "olga", "expires", "2036-01-01", "retention", 30) < 0)
                fail_msg("media register: %s", err.what[LANG_EN]);
        (void) snprintf(id, sizeof id, "%s", json_text_or_empty(answer, "id"));
}

static void over(void) {
        passthrough_by(NULL);
        loop_done(&loop);
}

static int wipe(const char *verb, const char *method, json_t **ret, struct error *err) {
        return method ? test_call(&store, "oto", "wipe", verb, ret, err, "{s:s, s:s, s:s, s:s}", "medium", id,
                                  "device", loop.device, "confirm", id, "method", method)
                      : test_call(&store, "oto", "wipe", verb, ret, err, "{s:s, s:s, s:s}", "medium", id, "device",
                                  loop.device, "confirm", id);
}

static void must(int code, const char *rule, const char *verb, const char *method) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;
        int r = wipe(verb, method, &answer, &err);

        if (r != code || strcmp(err.rule, rule) != 0)
                fail_msg("%s %s: %d [%s] %s", verb, method ? method : "", r, err.rule, err.what[LANG_EN]);
}

static bool holds_marker(void) {
        _cleanup_free_ char *bytes = NULL;
        size_t n;
        struct error err;

        assert_int_equal(file_read(loop.image, SIZE, &bytes, &n, &err), 0);
        return memmem(bytes, n, "HISTORIA-CLINICA", 16) != NULL;
}

static void path_of_point(char out[128]) {
        (void) snprintf(out, 128, "%s/work/wipe-%s.firmware", store.folder, id);
}

static void is_state(const char *state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        assert_int_equal(test_call(&store, "oto", "media", "show", &answer, &err, "{s:s}", "medium", id), 0);
        assert_string_equal(json_text_or_empty(answer, "state"), state);
}

/* --- each method
 * -------------------------------------------------------------------------------------------------- */

static const struct method {
        const char *kind, *classification, *method;
        enum passthrough_kind device;
        bool ata;
        const char *technique, *level, *status; /* what the device status must name */
        bool whole;
} methods[] = {
        { "ssd", "PUBLICO", "secure-erase", PASSTHROUGH_SCSI, true, "ata-security-erase", "clear", "WORD128=0021",
          true },
        { "hdd", "INTERNO", "secure-erase-enhanced", PASSTHROUGH_SCSI, true, "ata-security-erase-enhanced", "purge",
          "WORD128=0021", false },
        { "hdd", "INTERNO", "sanitize-overwrite", PASSTHROUGH_SCSI, true, "ata-sanitize-overwrite", "purge",
          "COUNT=8000", true },
        { "ssd", "INTERNO", "sanitize-block", PASSTHROUGH_SCSI, true, "ata-sanitize-block", "purge", "COUNT=8000",
          true },
        { "ssd", "INTERNO", "sanitize-crypto", PASSTHROUGH_SCSI, true, "ata-sanitize-crypto", "purge", "COUNT=8000",
          false },
        { "ssd", "CONFIDENCIAL", "sanitize-crypto-block", PASSTHROUGH_SCSI, true, "ata-sanitize-block", "purge",
          "COUNT=8000", true },
        { "hdd", "INTERNO", "sanitize-overwrite", PASSTHROUGH_SCSI, false, "scsi-sanitize-overwrite", "purge",
          "0/00/00", true },
        { "ssd", "INTERNO", "sanitize-block", PASSTHROUGH_SCSI, false, "scsi-sanitize-block", "purge", "0/00/00",
          true },
        { "ssd", "INTERNO", "sanitize-crypto", PASSTHROUGH_SCSI, false, "scsi-sanitize-crypto", "purge", "0/00/00",
          false },
        { "hdd", "PUBLICO", "format", PASSTHROUGH_SCSI, false, "scsi-format", "clear", "0/00/00", true },
        { "ssd", "INTERNO", "sanitize-block", PASSTHROUGH_NVME, false, "nvme-sanitize-block", "purge", "SSTAT=0001",
          true },
        { "ssd", "PUBLICO", "sanitize-overwrite", PASSTHROUGH_NVME, false, "nvme-sanitize-overwrite", "purge",
          "SSTAT=0001", true },
        { "ssd", "INTERNO", "sanitize-crypto", PASSTHROUGH_NVME, false, "nvme-sanitize-crypto", "purge",
          "SSTAT=0001", false },
        { "ssd", "PUBLICO", "format", PASSTHROUGH_NVME, false, "nvme-format", "clear", "STATUS=0000", true },
        { "ssd", "PUBLICO", "format-crypto", PASSTHROUGH_NVME, false, "nvme-format-crypto", "clear", "STATUS=0000",
          false },
};

static void method(const struct method *m) {
        _cleanup_json_ json_t *answer = NULL;
        const json_t *techniques;
        struct error err;
        char path[128];
        int r;

        fresh(m->kind, m->classification);
        fake.kind = m->device;
        fake.ata = m->ata;
        r = wipe("run", m->method, &answer, &err);
        if (r < 0)
                fail_msg("%s (%s): [%s] %s", m->method, m->technique, err.rule, err.what[LANG_EN]);
        techniques = json_object_get(answer, "techniques");
        assert_string_equal(json_string_value(json_array_get(techniques, json_array_size(techniques) - 1)),
                            m->technique);
        assert_string_equal(json_text_or_empty(answer, "reached_level"), m->level);
        if (!strstr(json_text_or_empty(answer, "device_status"), m->status))
                fail_msg("%s: %s", m->technique, json_text_or_empty(answer, "device_status"));
        assert_string_equal(json_text_or_empty(json_object_get(answer, "verification"), "kind"),
                            m->whole ? "full" : "markers");
        assert_false(holds_marker());
        assert_false(fake.enabled);
        path_of_point(path);
        assert_int_equal(access(path, F_OK), -1);
        is_state("sanitized");
        test_expect(0, &store, "tia", "wipe", "verify", "{s:s, s:s}", "medium", id, "device", loop.device);
        over();
}

static void test_methods(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        for (size_t i = 0; i < COUNT(methods); i++)
                method(&methods[i]);
}

/* The certificate names the technique and the device's own status; one of markers says that it is. */
static void test_certificate(void **state) {
        static const struct {
                const char *method, *read;
        } cases[] = { { "sanitize-block", "full" }, { "sanitize-crypto", "markers" } };

        (void) state;
        LOOP_OR_SKIP();
        for (size_t i = 0; i < COUNT(cases); i++) {
                _cleanup_json_ json_t *answer = NULL, *twin = NULL;
                char pdf[96], path[96];
                struct error err;

                fresh("ssd", "INTERNO");
                must(0, "", "run", cases[i].method);
                if (test_call(&store, "oto", "certificate", "issue", &answer, &err, "{s:s, s:s}", "medium", id,
                              "supervisor", "cus") < 0)
                        fail_msg("certificate issue: [%s] %s", err.rule, err.what[LANG_EN]);
                (void) snprintf(pdf, sizeof pdf, "%s/%s.pdf", store.root, cases[i].read);
                (void) snprintf(path, sizeof path, "%s/%s.json", store.root, cases[i].read);
                test_expect(0, &store, "sara", "certificate", "export", "{s:s, s:s, s:s}", "certificate", id, "out",
                            pdf, "twin", path);
                twin = json_load_file(path, 0, NULL);
                assert_string_equal(json_text_or_empty(json_object_get(twin, "verification"), "kind"),
                                    cases[i].read);
                assert_non_null(strstr(json_text_or_empty(twin, "device_status"), "COUNT=8000"));
                over();
        }
}

/* S5: a device that acknowledges everything and does nothing, as QEMU's disks and cheap bridges do. */
static void test_liars(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        for (size_t i = 0; i < COUNT(methods); i++) {
                fresh(methods[i].kind, methods[i].classification);
                fake.kind = methods[i].device;
                fake.ata = methods[i].ata;
                fake.lies = true;
                must(ERR_VERIFY, "S5", "run", methods[i].method);
                is_state("unsanitized");
                over();
        }
}

static void test_wipe_verify_reads_it_again(void **state) {
        int fd;

        (void) state;
        LOOP_OR_SKIP();
        fresh("ssd", "INTERNO");
        must(0, "", "run", "sanitize-block");
        fd = open(loop.device, O_RDWR | O_CLOEXEC);
        assert_int_equal(pwrite(fd, "x", 1, 1 << 20), 1);
        fsync(fd);
        close(fd);
        test_expect(ERR_VERIFY, &store, "tia", "wipe", "verify", "{s:s, s:s}", "medium", id, "device", loop.device);
        is_state("unsanitized");
        over();
}

/* --- what is refused
 * ------------------------------------------------------------------------------------------------ */

static void test_refused(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        fresh("ssd", "INTERNO");
        fake.sanitize_word = 0x9000; /* block erase only */
        must(ERR_REFUSED, "S2", "run", "sanitize-crypto");
        must(ERR_REFUSED, "S1", "run", "secure-erase"); /* a Clear on flash */
        must(ERR_REFUSED, "S1", "run", "discard");
        fake.denied = true;
        must(ERR_REFUSED, "S2", "run", "sanitize-block");
        fake.denied = false;
        fake.kind = PASSTHROUGH_NONE;
        must(ERR_REFUSED, "S2", "run", "sanitize-block");
        fake.kind = PASSTHROUGH_NVME;
        fake.namespaces = 2; /* S6: the other one is not the medium that was approved */
        must(ERR_REFUSED, "S6", "run", "sanitize-block");
        fake.namespaces = 0;
        must(ERR_REFUSED, "S6", "run", "sanitize-block");
        assert_int_equal(fake.orders, 0);
        assert_true(holds_marker());
        is_state("in-custody");
        over();
        fresh("hdd", "CONFIDENCIAL"); /* seven passes are the house's own rule there */
        must(ERR_REFUSED, "S1", "run", "sanitize-overwrite");
        over();
}

static void test_frozen(void **state) {
        struct error err;

        (void) state;
        LOOP_OR_SKIP();
        fresh("ssd", "PUBLICO");
        fake.frozen = true;
        assert_int_equal(wipe("run", "secure-erase", NULL, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S2");
        assert_non_null(strstr(err.hint[LANG_EN], "uspend"));
        assert_non_null(strstr(err.hint[LANG_ES], "uspenda"));
        fake.frozen = false;
        fake.enabled = true; /* somebody else's password */
        must(ERR_REFUSED, "S2", "run", "secure-erase");
        assert_int_equal(fake.orders, 0);
        over();
}

/* A bridge that passes the old form only: 28-bit commands get through, SANITIZE doesn't. */
static void test_bridge(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        fresh("ssd", "PUBLICO");
        fake.attentions = 2;
        fake.only_twelve = true;
        must(ERR_REFUSED, "S2", "run", "sanitize-block");
        must(0, "", "run", "secure-erase");
        over();
}

/* --- what goes wrong
 * ------------------------------------------------------------------------------------------------ */

static void test_failure_is_reported(void **state) {
        static const struct {
                enum passthrough_kind kind;
                bool ata;
        } devices[] = { { PASSTHROUGH_SCSI, true }, { PASSTHROUGH_SCSI, false }, { PASSTHROUGH_NVME, false } };

        (void) state;
        LOOP_OR_SKIP();
        for (size_t i = 0; i < COUNT(devices); i++) {
                fresh("ssd", "INTERNO");
                fake.kind = devices[i].kind;
                fake.ata = devices[i].ata;
                fake.fails = true;
                must(ERR_VERIFY, "", "run", "sanitize-block");
                is_state("unsanitized");
                fake.fails = false; /* a new order is the way out of the failed state */
                must(0, "", "run", "sanitize-block");
                is_state("sanitized");
                over();
        }
}

static void test_erase_that_fails_leaves_no_password(void **state) {
        char path[128];

        (void) state;
        LOOP_OR_SKIP();
        fresh("ssd", "PUBLICO");
        fake.fails_erase = true;
        must(ERR_VERIFY, "", "run", "secure-erase");
        assert_false(fake.enabled);
        path_of_point(path);
        assert_int_equal(access(path, F_OK), -1);
        over();
}

/* S5: what HPA and DCO hide is no part of what was wiped, whoever wiped it. */
static void test_hidden_areas(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        fresh("hdd", "PUBLICO");
        fake.native += 2048;
        fake.configured += 4096;
        must(ERR_VERIFY, "S5", "run", "single");
        is_state("unsanitized");
        must(ERR_VERIFY, "S5", "run", "sanitize-overwrite");
        /* From INTERNO on it is opened first; a disk that doesn't let it be done is refused, and not written to. */
        fresh("hdd", "INTERNO");
        fake.native += 2048;
        must(ERR_REFUSED, "S5", "run", "dod");
        is_state("unsanitized");
        over();
}

/* --- cut off
 * -------------------------------------------------------------------------------------------------------- */

static void die_in(const char *method) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
                struct error err;

                (void) wipe("run", method, NULL, &err);
                _exit(0);
        }
        assert_true(child > 0 && waitpid(child, &status, 0) == child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 9);
}

/* The password is on disk, and only for its owner, before the device has it; with it the device is opened again. */
static void test_power_loss_in_mid_erase(void **state) {
        char path[128];
        struct stat st;

        (void) state;
        LOOP_OR_SKIP();
        for (int again = 0; again < 2; again++) {
                fresh("ssd", "PUBLICO");
                fake.dies_erasing = true;
                die_in("secure-erase");
                assert_true(fake.enabled && fake.locked);
                path_of_point(path);
                assert_int_equal(stat(path, &st), 0);
                assert_int_equal(st.st_mode & 0777, 0600);
                fake.dies_erasing = false;
                if (again) { /* given up: the next wipe of the medium, of any kind, takes the password away */
                        test_expect(0, &store, "oto", "wipe", "cancel", "{s:s, s:s}", "medium", id, "reason",
                                    "bay");
                        assert_int_equal(access(path, F_OK), 0);
                        must(0, "", "run", "complement");
                } else {
                        fake.frozen = true; /* by the boot: it waits for the remedy */
                        must(ERR_CONFLICT, "", "resume", NULL);
                        fake.frozen = false;
                        must(0, "", "resume", NULL);
                        assert_int_equal(fake.orders, 2);
                }
                assert_true(fake.unlocks == 1 && !fake.enabled && !fake.locked);
                assert_int_equal(access(path, F_OK), -1);
                is_state("sanitized");
                over();
        }
}

/* A SANITIZE goes on through everything: it is found under way and followed, not ordered again. */
static void test_crash_in_mid_sanitize(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        for (int ended = 0; ended < 2; ended++) {
                fresh("ssd", "INTERNO");
                fake.dies_asked = true;
                die_in("sanitize-block");
                fake.dies_asked = false;
                assert_int_equal(fake.orders, 1);
                while (ended && fake_works())
                        ;
                must(0, "", "resume", NULL);
                assert_int_equal(fake.orders, 1);
                is_state("sanitized");
                assert_false(holds_marker());
                over();
        }
}

static void test_nobody_waits(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        fresh("ssd", "INTERNO");
        store.cancelled = true;
        must(ERR_BUSY, "", "run", "sanitize-block");
        store.cancelled = false;
        is_state("unsanitized");
        must(0, "", "resume", NULL);
        assert_int_equal(fake.orders, 1);
        over();
}

/* --- without firmware
 * ------------------------------------------------------------------------------------------------ */

static void test_discard(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        LOOP_OR_SKIP();
        fresh("ssd", "PUBLICO");
        passthrough_by(NULL); /* the loop device as it is: no firmware, and zeros after a discard */
        assert_int_equal(wipe("run", "discard", &answer, &err), 0);
        assert_string_equal(json_text_or_empty(answer, "reached_level"), "clear");
        assert_string_equal(json_text_or_empty(answer, "device_status"), "BLKDISCARD: 0");
        assert_false(holds_marker());
        over();
}

static void test_plan(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        json_t *row;
        size_t i, offered = 0;
        struct error err;

        (void) state;
        LOOP_OR_SKIP();
        fresh("ssd", "PUBLICO");
        assert_int_equal(test_call(&store, "oto", "wipe", "plan", &answer, &err, "{s:s, s:s}", "medium", id,
                                   "device", loop.device),
                         0);
        json_array_foreach(json_object_get(answer, "techniques"), i, row) {
                bool ata = strncmp(json_text_or_empty(row, "technique"), "ata-", 4) == 0;

                if (!json_flag(row, "by_device"))
                        continue;
                if (json_flag(row, "offered") != ata &&
                    strcmp(json_text_or_empty(row, "technique"), "block-discard"))
                        fail_msg("%s: %s", json_text_or_empty(row, "technique"), json_text_or_empty(row, "why"));
                offered += json_flag(row, "offered");
                assert_true(json_flag(row, "offered") || strcmp(json_text_or_empty(row, "rule"), "S2") == 0);
                if (strcmp(json_text_or_empty(row, "technique"), "ata-security-erase") == 0)
                        assert_int_equal(json_int(row, "seconds", 0), 6000);
        }
        assert_true(offered >= 5);
        row = json_object_get(json_object_get(answer, "firmware"), "ata");
        assert_string_equal(json_text_or_empty(row, "sanitize_state"), "idle");
        over();
}

static int setup(void **state) {
        (void) state;
        if (access("/dev/shm", W_OK) ==
            0) { /* thirty wipes: every sync of store and medium would wait for a disk */
                under = "/dev/shm";
                (void) setenv("TMPDIR", under, 1);
        }
        if (loop_possible())
                test_store_make(&store);
        return 0;
}

static int teardown(void **state) {
        (void) state;
        if (loop_possible())
                test_store_drop(&store);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_methods),
                cmocka_unit_test(test_certificate),
                cmocka_unit_test(test_liars),
                cmocka_unit_test(test_wipe_verify_reads_it_again),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_frozen),
                cmocka_unit_test(test_bridge),
                cmocka_unit_test(test_failure_is_reported),
                cmocka_unit_test(test_erase_that_fails_leaves_no_password),
                cmocka_unit_test(test_hidden_areas),
                cmocka_unit_test(test_power_loss_in_mid_erase),
                cmocka_unit_test(test_crash_in_mid_sanitize),
                cmocka_unit_test(test_nobody_waits),
                cmocka_unit_test(test_discard),
                cmocka_unit_test(test_plan),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
