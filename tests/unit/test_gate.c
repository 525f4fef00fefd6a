/* The gate on what the judge of headers found (C2, C3, U9), on image files. */
#include "unit/store.h"

#include "device/facts.h"
#include "encrypt/encrypt.h"
#include "gate/gate.h"

enum { IMAGE = 24 << 20 };

static struct test_store store;

static int make(void **state) {
        (void) state;
        test_store_make(&store);
        return 0;
}

static int drop(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

static int64_t count(struct act *act, const char *sql, const char *value) {
        int64_t n = -1;

        assert_int_equal(db_int(act->db, &n, NULL, sql, "s", value), 0);
        return n;
}

static int64_t incidents(struct act *act, const char *id) {
        return count(act, "SELECT count(*) FROM incident WHERE kind = 'header' AND subject = ?", id);
}

/* A registered, encrypted image: its facts, and its header as a probe reads it. */
static void encrypted(const char *name, const char *category, char id[16], struct device_facts *facts,
                      struct luks_facts *header) {
        char image[96];
        int fd;

        test_image(&store, name, IMAGE, image);
        test_register(&store, image, "SECRETO", category, id);
        test_expect(0, &store, "sara", "encrypt", "run", "{s:s, s:s, s:s, s:s, s:b}", "medium", id, "device", image,
                    "confirm", id, "waiver", "No HSM here", "no-fill", 1);
        assert_int_equal(device_facts_read(image, NULL, facts, NULL), 0);
        fd = open(image, O_RDONLY | O_CLOEXEC);
        assert_int_equal(encrypt_read_header(fd, header, NULL), 0);
        (void) close(fd);
}

static void judge(struct act *act, const struct device_facts *facts, const struct luks_facts *header,
                  enum gate_verdict verdict, const char *rule, bool incident) {
        const struct gate_content content = { .header = header };
        struct gate_judgement judgement;
        struct error err;

        if (gate_judge(act, facts, &content, &judgement, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_int_equal(judgement.answer.verdict, verdict);
        assert_string_equal(judgement.answer.rule, rule);
        assert_int_equal(judgement.header_incident, incident);
        if (gate_record(act, facts, &judgement, true, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
}

/* Row 11: in ALTA an older header is refused and an incident; while that is open there is no other one. */
static void an_older_header_of_ALTA_is_an_incident(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_luks_facts_ struct luks_facts header = { 0 };
        struct device_facts facts;
        struct act *act;
        char id[16];

        (void) state;
        encrypted("alta", "ALTA", id, &facts, &header);
        act = test_act(&store, "oto", &session);
        judge(act, &facts, &header, GATE_ACCEPT, "", false);
        assert_int_equal(incidents(act, id), 0);
        header.seqid--;
        judge(act, &facts, &header, GATE_REFUSE, "C2", true);
        assert_int_equal(incidents(act, id), 1);
        judge(act, &facts, &header, GATE_REFUSE, "C2", true);
        assert_int_equal(incidents(act, id), 1);
        assert_int_equal(count(act, "SELECT count(*) FROM event WHERE type = 'device.judged' AND subject = ?", id),
                         3);
        test_expect(0, &store, "sara", "incident", "close", "{s:s, s:s}", "incident", "N000001", "resolution",
                    "It was our backup of the header");
        header.seqid++;
        judge(act, &facts, &header, GATE_ACCEPT, "", false);
        /* The MAC of the header is another one: the same. */
        header.mac.value[0] ^= 1;
        judge(act, &facts, &header, GATE_REFUSE, "C2", true);
        assert_int_equal(incidents(act, id), 2);
}

/* In MEDIA it can be read, and nobody's attention is asked for. */
static void an_older_header_of_MEDIA_is_read_only(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_luks_facts_ struct luks_facts header = { 0 };
        struct device_facts facts;
        struct act *act;
        char id[16];

        (void) state;
        encrypted("media", "MEDIA", id, &facts, &header);
        act = test_act(&store, "oto", &session);
        header.canonical[0] ^= 1;
        judge(act, &facts, &header, GATE_READ_ONLY, "C2", false);
        assert_int_equal(incidents(act, id), 0);
}

/* C6: the store's profile is asked for at each verdict, not when the store was opened. */
static void the_profile_counts_at_once(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_luks_facts_ struct luks_facts header = { 0 };
        struct device_facts facts;
        struct luks_verdict verdict;
        struct medium medium;
        struct act *act;
        struct error err;
        char id[16];

        (void) state;
        encrypted("profile", "MEDIA", id, &facts, &header);
        act = test_act(&store, "oto", &session);
        assert_int_equal(medium_load(act->db, id, &medium, &err), 0);
        /* A slot that nobody registered, dear enough. */
        header.slots[1].number = 5;
        (void) snprintf(header.slots[1].kdf, sizeof header.slots[1].kdf, "argon2id");
        header.slots[1].kdf_time = 4;
        header.slots[1].kdf_memory = 1 << 20;
        assert_int_equal(encrypt_judge_facts(act, &medium, &header, &verdict, &err), 0);
        assert_int_equal(verdict.slots[5].decision, LUKS_WARN);
        test_expect(0, &store, "sara", "encrypt", "profile", "{s:s, s:s}", "profile", "strict-807", "reason",
                    "Audit");
        assert_int_equal(encrypt_judge_facts(act, &medium, &header, &verdict, &err), 0);
        assert_int_equal(verdict.slots[5].decision, LUKS_REFUSE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_older_header_of_ALTA_is_an_incident),
                cmocka_unit_test(an_older_header_of_MEDIA_is_read_only),
                cmocka_unit_test(the_profile_counts_at_once),
        };

        return cmocka_run_group_tests(tests, make, drop);
}
