/* The header MAC (row 11; C7): what it covers, under which key, and what the judge makes of it. */
#include "unit/luks_headers.h"

#include <stdio.h>
#include <string.h>

#include "encrypt/format.h"
#include "encrypt/mac.h"

#define made good[CATEGORY_MEDIA]

/* Computed apart from the product: HKDF-SHA256 and HMAC-SHA256 by Python's hmac over the text that
 * docs/cryptography.md describes, of a machine secret of 64 bytes 0x00 .. 0x3f. */
static void it_is_what_the_documentation_says(void **state) {
        struct luks_facts facts = { .state = LUKS_VERSION_2, .uuid = "12345678-1234-4234-8234-123456789abc" };
        _cleanup_secret_ struct secret *fixed = NULL;
        char mac[65], digest[65];
        struct error err;

        (void) state;
        memset(facts.body_digest, 'a', 64);
        assert_int_equal(secret_new(64, &fixed, &err), 0);
        for (size_t i = 0; i < 64; i++)
                fixed->data[i] = (uint8_t) i;
        assert_int_equal(header_mac_make(&facts, 7, fixed, mac, digest, &err), 0);
        assert_string_equal(digest, "af106c4fd288f3e11e067a8add914e60827fe49de330f500d69d35a657a5ed27");
        assert_string_equal(mac, "c226347b03abec0cce8a6f7e85c96a06a3e6c9cc29629965bc3360f3c23be992");
}

static void the_header_that_we_make_has_one_that_holds(void **state) {
        char digest[65];
        struct error err;

        (void) state;
        assert_true(made.facts.mac.present);
        assert_string_equal(made.facts.mac.algorithm, "hmac-sha256");
        assert_int_equal(header_mac_verify(&made.facts, machine, &err), 0);
        assert_int_equal(header_canonical(&made.facts, made.facts.seqid, digest, &err), 0);
        assert_string_equal(digest, made.facts.canonical);
}

static void nothing_else_verifies_it(void **state) {
        struct luks_facts facts = made.facts;
        struct error err;

        (void) state;
        assert_int_equal(header_mac_verify(&facts, recovery, &err), ERR_VERIFY);
        facts.seqid++;
        assert_int_equal(header_mac_verify(&facts, machine, &err), ERR_VERIFY);
        facts = made.facts;
        facts.body_digest[0] = facts.body_digest[0] == 'a' ? 'b' : 'a';
        assert_int_equal(header_mac_verify(&facts, machine, &err), ERR_VERIFY);
        facts = made.facts;
        facts.uuid[0] = facts.uuid[0] == 'a' ? 'b' : 'a';
        assert_int_equal(header_mac_verify(&facts, machine, &err), ERR_VERIFY);
        facts = made.facts;
        facts.mac.value[63] = facts.mac.value[63] == 'a' ? 'b' : 'a';
        assert_int_equal(header_mac_verify(&facts, machine, &err), ERR_VERIFY);
        facts = made.facts;
        facts.mac.present = false;
        assert_int_equal(header_mac_verify(&facts, machine, &err), ERR_NOT_FOUND);
        facts = made.facts;
        facts.state = LUKS_COPIES_DIFFER;
        assert_int_equal(header_mac_verify(&facts, machine, &err), ERR_VERIFY);
}

/* C7: an algorithm of tomorrow is said to be unknown, not taken for a forgery. */
static void an_unknown_algorithm_is_refused_as_such(void **state) {
        struct luks_facts facts = made.facts;
        struct luks_verdict verdict;
        struct error err;

        (void) state;
        (void) snprintf(facts.mac.algorithm, sizeof facts.mac.algorithm, "hmac-sha3-512");
        assert_int_equal(header_mac_verify(&facts, machine, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "C7");
        assert_non_null(strstr(err.what[LANG_EN], "hmac-sha3-512"));
        luks_judge(&facts, CATEGORY_MEDIA, NULL, &verdict);
        assert_int_equal(verdict.findings_n, 1);
        assert_string_equal(verdict.findings[0].rule, "C7");
        assert_int_equal(verdict.decision, LUKS_REFUSE);
}

/* Row 11, as the one who has no key judges it. */
static struct luks_known registered(void) {
        struct luks_known known = { .seqid = made.facts.seqid, .slots_n = made.facts.slots_n };

        (void) snprintf(known.uuid, sizeof known.uuid, "%s", made.facts.uuid);
        memcpy(known.canonical, made.facts.canonical, sizeof known.canonical);
        memcpy(known.mac, made.facts.mac.value, sizeof known.mac);
        for (size_t i = 0; i < known.slots_n; i++) {
                known.slots[i].number = made.facts.slots[i].number;
                known.slots[i].use = i == 0 ? LUKS_USE_MACHINE : LUKS_USE_RECOVERY;
                memcpy(known.slots[i].salt_digest, made.facts.slots[i].salt_digest, 65);
        }
        return known;
}

static void expect(const struct luks_facts *facts, const struct luks_known *known, const char *says,
                   enum luks_decision media, enum luks_decision alta) {
        static struct luks_verdict verdict;

        luks_judge(facts, CATEGORY_MEDIA, known, &verdict);
        if (verdict.decision != media || verdict.findings_n != (*says ? 1 : 0) ||
            (*says && (verdict.findings[0].row != 11 || !strstr(verdict.findings[0].en, says))))
                fail_msg("“%s”: %zu findings, “%s”", says, verdict.findings_n, verdict.findings[0].en);
        luks_judge(facts, CATEGORY_ALTA, known, &verdict);
        /* Its key is MEDIA's: rows 4 and 5 speak too. */
        for (size_t i = 0; i < verdict.findings_n; i++)
                if (verdict.findings[i].row == 11)
                        assert_int_equal(verdict.findings[i].decision, alta);
}

static void row_11_compares_digest_and_token(void **state) {
        struct luks_known known = registered();
        struct luks_facts facts = made.facts;

        (void) state;
        expect(&facts, &known, "", LUKS_ACCEPT, LUKS_ACCEPT);
        facts.seqid--;
        expect(&facts, &known, "older header", LUKS_READ_ONLY, LUKS_REFUSE);
        facts = made.facts;
        facts.canonical[0] = facts.canonical[0] == 'a' ? 'b' : 'a';
        expect(&facts, &known, "not the registered one (seqid", LUKS_READ_ONLY, LUKS_REFUSE);
        facts = made.facts;
        facts.mac.value[0] = facts.mac.value[0] == 'a' ? 'b' : 'a';
        expect(&facts, &known, "authentication is not the registered", LUKS_READ_ONLY, LUKS_REFUSE);
        facts = made.facts;
        memset(&facts.mac, 0, sizeof facts.mac);
        expect(&facts, &known, "is missing", LUKS_READ_ONLY, LUKS_REFUSE);
        /* Media of before have none on record: a warning, and no more. */
        known.mac[0] = known.canonical[0] = '\0';
        expect(&facts, &known, "before there was", LUKS_WARN, LUKS_WARN);
        expect(&made.facts, &known, "before there was", LUKS_WARN, LUKS_WARN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_is_what_the_documentation_says),
                cmocka_unit_test(the_header_that_we_make_has_one_that_holds),
                cmocka_unit_test(nothing_else_verifies_it),
                cmocka_unit_test(an_unknown_algorithm_is_refused_as_such),
                cmocka_unit_test(row_11_compares_digest_and_token),
        };

        return cmocka_run_group_tests(tests, make_headers, drop_headers);
}
