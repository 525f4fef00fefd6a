/* The text of a label's code (L6, C6): signed, read however a scanner garbles it, refused when altered. */
#include "unit/test.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "label/label_text.h"
#include "registry/medium_id.h"
#include "sign/identity.h"

static EVP_PKEY *key, *other_key;
static char *certificate, *other_certificate;

static int make_keys(void **state) {
        EVP_PKEY *ca_key = NULL;
        X509 *ca = NULL, *x509 = NULL;
        const struct identity_request request = { .common_name = "custodia-1",
                                                  .use = CERTIFICATE_STATION,
                                                  .curve = CURVE_P256,
                                                  .not_before = 1795446000 * SECOND,
                                                  .not_after = 1895446000 * SECOND };
        struct error err;
        int r = identity_make_ca("Hospital", 10, request.not_before, &ca_key, &ca, &err);

        (void) state;
        if (r == 0)
                r = identity_issue(ca_key, ca, &request, &key, &x509, &err);
        if (r == 0)
                r = certificate_to_pem(x509, &certificate, &err);
        X509_free(x509);
        x509 = NULL;
        if (r == 0)
                r = identity_issue(ca_key, ca, &request, &other_key, &x509, &err);
        if (r == 0)
                r = certificate_to_pem(x509, &other_certificate, &err);
        X509_free(x509);
        X509_free(ca);
        EVP_PKEY_free(ca_key);
        return r;
}

static int drop_keys(void **state) {
        (void) state;
        EVP_PKEY_free(key);
        EVP_PKEY_free(other_key);
        free(certificate);
        free(other_certificate);
        return 0;
}

static struct label_text sample(const char *site, int64_t number) {
        struct label_text text = { .classification = CLASS_SECRETO,
                                   .category = CATEGORY_ALTA,
                                   .expires = "2030-02-28",
                                   .revision = 7,
                                   .check = { 0xab, 0xcd } };

        medium_id_format(site, number, text.id);
        return text;
}

static void what_is_made_is_read_back_and_verified(void **state) {
        static const char *const sites[] = { "HQ", "CPD", "XKCD" };
        static const char *const dates[] = { "", "2000-01-02", "2026-11-23", "2179-06-06" };

        (void) state;
        for (size_t s = 0; s < COUNT(sites); s++)
                for (size_t d = 0; d < COUNT(dates); d++)
                        for (int class = 0; class < CLASSIFICATIONS; class ++) {
                                struct label_text text = sample(sites[s], 42), read;
                                char out[LABEL_TEXT_SIZE];
                                struct error err = { 0 };

                                text.classification = (enum classification) class;
                                text.category = (enum category)(class % CATEGORIES);
                                text.revision = class == 0 ? 0 : class == 1 ? LABEL_REVISION_MAX : class;
                                (void) snprintf(text.expires, sizeof text.expires, "%s", dates[d]);
                                assert_int_equal(label_text_make(&text, key, out, &err), 0);
                                assert_true(strlen(out) <= 122); /* QR version 8 at level H */
                                for (const char *p = out; *p; p++)
                                        assert_true(isdigit((unsigned char) *p) || isupper((unsigned char) *p));
                                assert_int_equal(label_text_parse(out, &read, &err), 0);
                                assert_true(read.is_signed);
                                assert_string_equal(read.id, text.id);
                                assert_string_equal(read.expires, text.expires);
                                assert_int_equal(read.classification, text.classification);
                                assert_int_equal(read.category, text.category);
                                assert_int_equal(read.revision, text.revision);
                                assert_memory_equal(read.check, text.check, 2);
                                assert_int_equal(label_text_verify(&read, certificate, &err), 0);
                                assert_int_equal(label_text_verify(&read, other_certificate, &err), ERR_VERIFY);
                        }
}

static void a_scanner_on_another_keyboard_changes_nothing(void **state) {
        struct label_text text = sample("HQ", 42), read;
        char out[LABEL_TEXT_SIZE], garbled[3 * LABEL_TEXT_SIZE];
        struct error err;
        size_t n = 0;

        (void) state;
        assert_int_equal(label_text_make(&text, key, out, &err), 0);
        for (const char *p = out; *p; p++) {
                garbled[n++] = (char) tolower((unsigned char) *p);
                garbled[n++] = "'\r\n -"[(p - out) % 5];
        }
        garbled[n] = '\0';
        assert_int_equal(label_text_parse(garbled, &read, &err), 0);
        assert_int_equal(label_text_verify(&read, certificate, &err), 0);
}

static void any_changed_character_is_found(void **state) {
        struct label_text text = sample("HQ", 42), read;
        char out[LABEL_TEXT_SIZE];
        struct error err;

        (void) state;
        assert_int_equal(label_text_make(&text, key, out, &err), 0);
        for (size_t i = 0; out[i]; i++) {
                char kept = out[i];

                out[i] = kept == 'Z' ? 'Y' : kept == '9' ? 'A' : (char) (kept + 1);
                if (label_text_parse(out, &read, &err) == 0)
                        assert_int_equal(label_text_verify(&read, certificate, &err), ERR_VERIFY);
                out[i] = kept;
        }
        /* Another medium's ID before a good signature. */
        medium_id_format("HQ", 43, text.id);
        memcpy(out, text.id, strlen(text.id));
        assert_int_equal(label_text_parse(out, &read, &err), 0);
        assert_int_equal(label_text_verify(&read, certificate, &err), ERR_VERIFY);
}

static void hostile_texts_are_refused(void **state) {
        struct label_text text = sample("HQ", 42), read, untouched;
        char out[LABEL_TEXT_SIZE], long_text[5000];
        struct error err;

        (void) state;
        memset(&untouched, 0x5a, sizeof untouched);
        read = untouched;
        assert_int_equal(label_text_make(&text, key, out, &err), 0);
        assert_int_equal(label_text_parse("", &read, &err), ERR_USAGE);
        assert_int_equal(label_text_parse("HQ00000042", &read, &err), ERR_USAGE);
        assert_int_equal(label_text_parse("HQ000000420", &read, &err), ERR_USAGE);
        assert_int_equal(label_text_parse("\xff\xfe\x01", &read, &err), ERR_USAGE);
        memset(long_text, 'Z', sizeof long_text - 1);
        long_text[sizeof long_text - 1] = '\0';
        assert_int_equal(label_text_parse(long_text, &read, &err), ERR_USAGE);
        memcpy(long_text, out, strlen(out));
        assert_int_equal(label_text_parse(long_text, &read, &err), ERR_USAGE);
        memset(out + strlen(text.id), 'Z', LABEL_SIGNED_TEXT); /* over 2^560 */
        assert_int_equal(label_text_parse(out, &read, &err), ERR_USAGE);
        out[strlen(out) - 1] = '\0';
        assert_int_equal(label_text_parse(out, &read, &err), ERR_USAGE);
        assert_memory_equal(&read, &untouched, sizeof read);
        assert_int_equal(label_text_parse(text.id, &read, &err), 0);
        assert_false(read.is_signed);
        assert_int_equal(label_text_verify(&read, certificate, &err), ERR_VERIFY);
}

static void what_does_not_fit_is_refused(void **state) {
        struct label_text text = sample("HQ", 42);
        char out[LABEL_TEXT_SIZE];
        struct error err;

        (void) state;
        text.revision = LABEL_REVISION_MAX + 1;
        assert_int_equal(label_text_make(&text, key, out, &err), ERR_USAGE);
        text = sample("HQ", 42);
        (void) snprintf(text.expires, sizeof text.expires, "2179-06-07");
        assert_int_equal(label_text_make(&text, key, out, &err), ERR_USAGE);
        (void) snprintf(text.expires, sizeof text.expires, "1999-12-31");
        assert_int_equal(label_text_make(&text, key, out, &err), ERR_USAGE);
        text = sample("HQ", 42);
        text.id[10] = text.id[10] == 'A' ? 'B' : 'A';
        assert_int_equal(label_text_make(&text, key, out, &err), ERR_USAGE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_made_is_read_back_and_verified),
                cmocka_unit_test(a_scanner_on_another_keyboard_changes_nothing),
                cmocka_unit_test(any_changed_character_is_found),
                cmocka_unit_test(hostile_texts_are_refused),
                cmocka_unit_test(what_does_not_fit_is_refused),
        };

        return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
