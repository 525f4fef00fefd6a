/* PAdES (S9): three signatures in order on a PDF of cairo, read by pdfsig, qpdf and openssl, and every way to
 * tamper with it that we know refused by our own verifier. */
#include "unit/test.h"

#include <cairo/cairo-pdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "sign/identity.h"
#include "sign/pades.h"
#include "sign/pades_parts.h"
#include "sign/pdf.h"

static const int64_t NOW = INT64_C(1795000000) * SECOND;
static char folder[] = "/tmp/mpsi-pades-XXXXXX";

enum { EXECUTOR, SUPERVISOR, ORGANISATION, FIELDS };
static const char *const fields[FIELDS] = { "executor", "supervisor", "organisation" };
static const struct pades_expected certificate = { fields, FIELDS, true, "organisation", NULL };

struct signer {
        EVP_PKEY *key;
        X509 *certificate;
};

/* Two authorities of the same name, their people, and one document signed three times. */
static struct {
        EVP_PKEY *ca_key, *foreign_key;
        X509 *ca, *foreign;
        struct signer people[FIELDS], strangers[FIELDS];
        uint8_t *plain, *signed_once, *signed_twice, *whole;
        size_t plain_n, once_n, twice_n, whole_n;
} t;

static struct signer issue(EVP_PKEY *ca_key, X509 *ca, int who) {
        static const char *const names[FIELDS] = { "Ana López (turno de noche)", "José Muñoz Ibáñez",
                                                   "Hospital Quirónsalud" };
        static const char *const accounts[FIELDS] = { "ana", "jose", NULL };
        const struct identity_request request = {
                .common_name = names[who],
                .account = accounts[who],
                .organisation = "Hospital Quirónsalud",
                .title = who == ORGANISATION ? NULL : "Técnica de sistemas",
                .use = who == ORGANISATION ? CERTIFICATE_SEAL : CERTIFICATE_PERSON,
                .curve = who == SUPERVISOR ? CURVE_P256 : CURVE_P384,
                .not_before = NOW - DAY,
                .not_after = NOW + 365 * DAY,
        };
        struct signer signer;
        struct error err;

        assert_int_equal(identity_issue(ca_key, ca, &request, &signer.key, &signer.certificate, &err), 0);
        return signer;
}

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned n) {
        FILE *out = closure;

        return fwrite(data, 1, n, out) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* A document of `pages` with the three boxes on its last page. */
static void draw(int pages, bool boxes, uint8_t **ret, size_t *ret_n) {
        char *data = NULL;
        FILE *out = open_memstream(&data, ret_n);
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(collect, out, 595.276, 841.89);
        cairo_t *cr = cairo_create(surface);

        for (int page = 1; page <= pages; page++) {
                _cleanup_free_ char *text = str_format("Certificado de destrucción, página %d", page);

                cairo_set_font_size(cr, 14);
                cairo_move_to(cr, 60, 80);
                cairo_show_text(cr, text);
                for (int i = 0; boxes && page == pages && i < FIELDS; i++) {
                        _cleanup_free_ char *tag = str_format("name='sign:%s:150:48' x=%d y=700", fields[i],
                                                              50 + 165 * i);

                        cairo_tag_begin(cr, CAIRO_TAG_DEST, tag);
                        cairo_tag_end(cr, CAIRO_TAG_DEST);
                        cairo_rectangle(cr, 50 + 165 * i, 700, 150, 48);
                        cairo_set_line_width(cr, 0.5);
                        cairo_stroke(cr);
                }
                cairo_show_page(cr);
        }
        cairo_destroy(cr);
        cairo_surface_finish(surface);
        assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
        cairo_surface_destroy(surface);
        assert_int_equal(fclose(out), 0);
        *ret = (uint8_t *) data;
}

static int sign_at(const void *pdf, size_t n, const struct signer *signer, const char *field, int64_t moment,
                   uint8_t **ret, size_t *ret_n, struct error *err) {
        const struct pades_request request = {
                .key = signer->key,
                .certificate = signer->certificate,
                .field = field,
                .reason = "Certificado HQ-2026-000001: ejecución",
                .location = "CPD sótano 3",
                .moment = moment,
                .lang = LANG_ES,
        };

        return pades_sign(pdf, n, &request, ret, ret_n, err);
}

static void sign(const void *pdf, size_t n, const struct signer *signer, int field, uint8_t **ret, size_t *ret_n) {
        struct error err = { 0 };

        assert_int_equal(sign_at(pdf, n, signer, fields[field], NOW + field * 60 * SECOND, ret, ret_n, &err), 0);
}

static int verify(const void *pdf, size_t n, struct error *err) {
        _cleanup_json_ json_t *report = NULL;

        return pades_verify(pdf, n, t.ca, &certificate, &report, err);
}

static void expect_refused(const void *pdf, size_t n, const char *says) {
        struct error err = { 0 };

        assert_int_equal(verify(pdf, n, &err), ERR_VERIFY);
        if (!strstr(err.what[LANG_EN], says))
                fail_msg("said \"%s\", not \"%s\"", err.what[LANG_EN], says);
        assert_true(strlen(err.rule) > 0);
}

static void save(const char *name, const void *data, size_t n) {
        _cleanup_free_ char *path = str_format("%s/%s", folder, name);
        struct error err;

        assert_int_equal(file_write(path, data, n, 0600, &err), 0);
}

static int run(const char *command) {
        _cleanup_free_ char *line = str_format("cd %s && (%s) >out 2>&1", folder, command);

        return system(line);
}

static uint8_t *copy(const void *data, size_t n, size_t more) {
        uint8_t *out = malloc(n + more);

        assert_non_null(out);
        memcpy(out, data, n);
        return out;
}

static void three_signatures_verify(void **state) {
        _cleanup_json_ json_t *report = NULL;
        struct error err = { 0 };
        json_t *first, *last;

        (void) state;
        if (pades_verify(t.whole, t.whole_n, t.ca, &certificate, &report, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_int_equal(json_array_size(json_object_get(report, "signatures")), 3);
        first = json_array_get(json_object_get(report, "signatures"), 0);
        last = json_array_get(json_object_get(report, "signatures"), 2);
        assert_string_equal(json_text(first, "account"), "ana");
        assert_string_equal(json_text(first, "name"), "Ana López (turno de noche)");
        assert_string_equal(json_text(first, "reason"), "Certificado HQ-2026-000001: ejecución");
        assert_string_equal(json_text(last, "account"), "");
        assert_int_equal(json_int(last, "bytes", 0), t.whole_n);
        assert_int_equal(json_int(report, "original_bytes", 0), t.plain_n);
        assert_int_equal(pades_count(t.whole, t.whole_n, &err), 3);
        assert_int_equal(pades_count(t.plain, t.plain_n, &err), 0);
}

/* Independent readers: poppler (NSS), qpdf and openssl. */
static void others_verify_it_too(void **state) {
        static const char *const checks[] = {
                "qpdf --check whole.pdf",
                "pdfsig -nocert whole.pdf > sig && test $(grep -c 'Signature is Valid' sig) = 3",
                "test $(grep -c 'Signature Type: ETSI.CAdES.detached' sig) = 3",
                "grep -q 'Signed Ranges: .* - '$(stat -c %s whole.pdf) sig || "
                "grep -q \"$(stat -c %s whole.pdf)\\]\" sig",
                "test $(grep -c 'Total document signed' sig) = 1",
        };

        (void) state;
        for (size_t i = 0; i < COUNT(checks); i++)
                if (run(checks[i]) != 0) {
                        (void) run("cat sig out");
                        fail_msg("%s", checks[i]);
                }
}

static void openssl_verifies_each_message(void **state) {
        _cleanup_(pdf_closep) struct pdf *pdf = NULL;
        struct error err;

        (void) state;
        assert_int_equal(pdf_open(t.whole, t.whole_n, &pdf, &err), 0);
        for (size_t i = 1; i < pdf_revisions(pdf); i++) {
                const struct pdf_value *size = pdf_get(pdf_revision(pdf, i - 1)->trailer, "Size"), *contents;
                struct pdf_object sig;
                uint8_t *content;
                size_t open, close, end = pdf_revision(pdf, i)->end;

                assert_int_equal(pdf_object(pdf, i, (uint32_t) size->number, &sig, &err), 0);
                contents = pdf_get(sig.value, "Contents");
                open = (size_t) (contents->raw - t.whole);
                close = open + contents->raw_n;
                content = copy(t.whole, open, end - close);
                memcpy(content + open, t.whole + close, end - close);
                save("content", content, open + end - close);
                save("cms.der", contents->bytes, 4 + ((size_t) contents->bytes[2] << 8 | contents->bytes[3]));
                free(content);
                assert_int_equal(run("openssl cms -verify -cades -binary -inform DER -in cms.der -content content "
                                     "-CAfile ca.pem -attime 1795000500 -out /dev/null"),
                                 0);
                assert_int_equal(run("openssl cms -cmsout -print -inform DER -in cms.der > print && "
                                     "grep -q signingCertificateV2 print && ! grep -q signingTime print"),
                                 0);
        }
}

/* One bit changed in every 97th byte, and in every 5th of the last signature's update, whose message nothing later
 * covers. MPSI_EXHAUSTIVE=1 tries each byte of that update (a minute). */
static void any_changed_byte_is_refused(void **state) {
        _cleanup_free_ uint8_t *bad = copy(t.whole, t.whole_n, 0);
        struct error err;
        const uint8_t *contents = memmem(t.whole + t.twice_n, t.whole_n - t.twice_n, "/Contents <", 11);
        size_t from = (size_t) (contents - t.whole);

        (void) state;
        for (size_t i = 0; i < t.whole_n; i++) {
                /* The zeros that fill the place are all alike: every 97th of them too. */
                bool padding = i > from + 11 + 4000 && i < from + 11 + 2 * PADES_CONTENTS - 8;
                size_t step = i < t.twice_n || padding ? 97 : getenv("MPSI_EXHAUSTIVE") ? 1 : 5;

                if (i % step)
                        continue;
                bad[i] ^= (uint8_t) (1U << (i % 8));
                if (verify(bad, t.whole_n, &err) != ERR_VERIFY)
                        fail_msg("byte %zu of %zu changed unseen", i, t.whole_n);
                bad[i] = t.whole[i];
        }
        assert_int_equal(verify(bad, t.whole_n, &err), 0);
}

static void letters_of_the_digits_count(void **state) {
        _cleanup_free_ uint8_t *bad = copy(t.whole, t.whole_n, 0);
        const uint8_t *contents = memmem(t.whole + t.twice_n, t.whole_n - t.twice_n, "/Contents <", 11);
        size_t i = (size_t) (contents - t.whole) + 11;

        (void) state;
        while (bad[i] < 'a')
                i++;
        bad[i] = (uint8_t) (bad[i] - 'a' + 'A');
        expect_refused(bad, t.whole_n, "not written as it should be");
}

static void a_cut_signature_is_missed(void **state) {
        (void) state;
        expect_refused(t.signed_twice, t.twice_n, "has 2 signatures and needs 3");
        expect_refused(t.signed_once, t.once_n, "has 1 signatures");
        expect_refused(t.plain, t.plain_n, "has 0 signatures");
        for (size_t cut = 1; cut < t.whole_n - t.twice_n; cut += 31) {
                struct error err;

                assert_int_equal(verify(t.whole, t.whole_n - cut, &err), ERR_VERIFY);
        }
}

static void junk_at_the_end_is_refused(void **state) {
        static const char *const junk[] = { "\n", " ", "%", "%%EOF\n", "startxref\n0\n%%EOF\n", "\0" };

        (void) state;
        for (size_t i = 0; i < COUNT(junk); i++) {
                size_t n = strlen(junk[i]) ? strlen(junk[i]) : 1;
                _cleanup_free_ uint8_t *bad = copy(t.whole, t.whole_n, n);
                struct error err;

                memcpy(bad + t.whole_n, junk[i], n);
                assert_int_equal(verify(bad, t.whole_n + n, &err), ERR_VERIFY);
        }
}

/* An incremental update that is well formed in every respect but is no signature: what pdfsig lets through. */
static void append_update(const char *object, uint32_t number, uint8_t **ret, size_t *ret_n) {
        const char *start = memmem(t.whole + t.twice_n, t.whole_n - t.twice_n, "trailer", 7), *previous;
        _cleanup_free_ char *trailer = strndup(start, t.whole_n - (size_t) ((const uint8_t *) start - t.whole));
        _cleanup_free_ char *tail = NULL;
        unsigned size, root, info, prev;
        size_t xref = t.whole_n + strlen(object);

        assert_int_equal(sscanf(trailer, "trailer\n<< /Size %u /Root %u 0 R /Info %u 0 R /Prev %u", &size, &root,
                                &info, &prev),
                         4);
        previous = strstr(trailer, "startxref\n");
        prev = (unsigned) strtoul(previous + 10, NULL, 10);
        tail = str_format(
                "%sxref\n%u 1\n%010zu 00000 n \ntrailer\n<< /Size %u /Root %u 0 R /Info %u 0 R /Prev %u >>\n"
                "startxref\n%zu\n%%%%EOF\n",
                object, number, t.whole_n, size, root, info, prev, xref);
        *ret = copy(t.whole, t.whole_n, strlen(tail));
        memcpy(*ret + t.whole_n, tail, strlen(tail));
        *ret_n = t.whole_n + strlen(tail);
}

static void a_replaced_page_is_refused(void **state) {
        _cleanup_(pdf_closep) struct pdf *pdf = NULL;
        _cleanup_free_ uint8_t *bad = NULL;
        _cleanup_free_ char *object = NULL;
        size_t n;
        uint32_t page;
        struct error err;

        (void) state;
        assert_int_equal(pdf_open(t.whole, t.whole_n, &pdf, &err), 0);
        assert_int_equal(pdf_first_page(pdf, &page, &err), 0);
        object = str_format("%u 0 obj\n<< /Type /Page /Parent 1 0 R /MediaBox [ 0 0 595 842 ] >>\nendobj\n", page);
        append_update(object, page, &bad, &n);
        save("replaced.pdf", bad, n);
        /* The attack is real: others read the file without complaint, and pdfsig still calls the signatures valid.
         */
        assert_int_equal(run("qpdf --check replaced.pdf"), 0);
        assert_int_equal(run("test $(pdfsig -nocert replaced.pdf | grep -c 'Signature is Valid') = 3"), 0);
        expect_refused(bad, n, "An update");
}

/* The same, signed by a person of the house: a fourth signature over another page. */
static void a_replaced_page_under_a_signature_is_refused(void **state) {
        static const char *const four[] = { "executor", "supervisor", "organisation", "more" };
        static const struct pades_expected expected = { four, 4, false, NULL, NULL };
        _cleanup_free_ uint8_t *bad = NULL, *more = NULL;
        _cleanup_json_ json_t *report = NULL;
        char *at;
        size_t n, more_n;
        struct error err;

        (void) state;
        append_update("2 0 obj\n<< /Type /Page /Parent 1 0 R >>\nendobj\n", 2, &bad, &n);
        assert_int_equal(sign_at(bad, n, &t.people[SUPERVISOR], "more", NOW + DAY, &more, &more_n, &err), 0);
        assert_int_equal(pades_verify(more, more_n, t.ca, &expected, &report, &err), ERR_VERIFY);
        free(TAKE_PTR(more));
        /* And a signature's own update that changes the page it stands on: rotated. */
        assert_int_equal(
                sign_at(t.whole, t.whole_n, &t.people[SUPERVISOR], "more", NOW + DAY, &more, &more_n, &err), 0);
        at = memmem(more + t.whole_n, more_n - t.whole_n, "/MediaBox [ 0 0 595", 19);
        assert_non_null(at);
        memcpy(at, "/MediaBox [ 0 0 594", 19);
        assert_int_equal(pades_verify(more, more_n, t.ca, &expected, &report, &err), ERR_VERIFY);
        assert_non_null(strstr(err.what[LANG_EN], "changes a page"));
}

static void foreign_and_expired_signers_are_refused(void **state) {
        _cleanup_free_ uint8_t *bad = NULL, *late = NULL;
        _cleanup_json_ json_t *report = NULL;
        size_t n;
        struct error err;

        (void) state;
        sign(t.signed_twice, t.twice_n, &t.strangers[ORGANISATION], ORGANISATION, &bad, &n);
        expect_refused(bad, n, "does not come from the organisation's authority");
        assert_int_equal(pades_verify(t.whole, t.whole_n, t.foreign, &certificate, &report, &err), ERR_VERIFY);
        assert_int_equal(sign_at(t.signed_twice, t.twice_n, &t.people[ORGANISATION], "organisation",
                                 NOW + 366 * DAY, &late, &n, &err),
                         0);
        expect_refused(late, n, "not valid at that moment");
        free(TAKE_PTR(late));
        assert_int_equal(sign_at(t.signed_twice, t.twice_n, &t.people[ORGANISATION], "organisation", NOW - SECOND,
                                 &late, &n, &err),
                         0);
        expect_refused(late, n, "older than the one before it");
}

static void one_person_cannot_be_two(void **state) {
        _cleanup_free_ uint8_t *two = NULL, *bad = NULL, *wrong = NULL;
        size_t n, bad_n;
        struct error err;

        (void) state;
        sign(t.signed_once, t.once_n, &t.people[EXECUTOR], SUPERVISOR, &two, &n);
        sign(two, n, &t.people[ORGANISATION], ORGANISATION, &bad, &bad_n);
        expect_refused(bad, bad_n, "has signed twice");
        assert_int_equal(verify(bad, bad_n, &err), ERR_VERIFY);
        assert_string_equal(err.rule, "X1");
        /* A person's key in the seal's place. */
        sign(t.signed_twice, t.twice_n, &t.people[EXECUTOR], ORGANISATION, &wrong, &n);
        expect_refused(wrong, n, "not by whom it should be");
        free(TAKE_PTR(wrong));
        assert_int_equal(sign_at(t.signed_once, t.once_n, &t.people[EXECUTOR], "executor", NOW, &wrong, &n, &err),
                         ERR_CONFLICT);
}

static void the_order_counts(void **state) {
        _cleanup_free_ uint8_t *one = NULL, *two = NULL, *three = NULL;
        size_t n1, n2, n3;

        (void) state;
        sign(t.plain, t.plain_n, &t.people[EXECUTOR], EXECUTOR, &one, &n1);
        sign(one, n1, &t.people[ORGANISATION], ORGANISATION, &two, &n2);
        struct error err;

        assert_int_equal(sign_at(two, n2, &t.people[SUPERVISOR], "supervisor", NOW + DAY, &three, &n3, &err), 0);
        expect_refused(three, n3, "must be \"supervisor\"");
}

static void big_and_boxless_documents_work(void **state) {
        uint8_t *pdf, *one, *two, *three;
        size_t n, n1, n2, n3;
        struct error err = { 0 };

        (void) state;
        for (int pages = 1; pages <= 400; pages += 399) {
                draw(pages, pages > 1, &pdf, &n);
                sign(pdf, n, &t.people[EXECUTOR], EXECUTOR, &one, &n1);
                sign(one, n1, &t.people[SUPERVISOR], SUPERVISOR, &two, &n2);
                sign(two, n2, &t.people[ORGANISATION], ORGANISATION, &three, &n3);
                if (verify(three, n3, &err) < 0)
                        fail_msg("%s", err.what[LANG_EN]);
                save("big.pdf", three, n3);
                assert_int_equal(run("qpdf --check big.pdf && "
                                     "test $(pdfsig -nocert big.pdf | grep -c 'Signature is Valid') = 3"),
                                 0);
                free(pdf);
                free(one);
                free(two);
                free(three);
        }
}

static void malformed_files_are_refused(void **state) {
        static const char *const files[] = {
                "",
                "%PDF-1.5\n",
                "%PDF-1.5\nstartxref\n0\n%%EOF\n",
                "%PDF-1.5\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< >>\nstartxref\n9\n%%EOF\n",
                "%PDF-1.5\nxref\n0 4294967295\n0000000000 65535 f \ntrailer\n<< >>\nstartxref\n9\n%%EOF\n",
                "%PDF-1.5\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Prev 9 >>\nstartxref\n9\n%%EOF\n",
                "%PDF-1.5\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<< /Root 1 0 R "
                ">>\nstartxref\n9\n"
                "%%EOF\n",
                "%PDF-1.5\n1 0 obj\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\nendobj\nxref\n0 "
                "2\n"
                "0000000000 65535 f \n0000000009 00000 n \ntrailer\n<< /Root 1 0 R >>\nstartxref\n86\n%%EOF\n",
        };
        struct error err;

        (void) state;
        for (size_t i = 0; i < COUNT(files); i++) {
                /* Just as long as it is, so that a read past its end is seen. */
                _cleanup_free_ uint8_t *exact = copy(files[i], strlen(files[i]), 1);
                uint8_t *shorter = realloc(exact, strlen(files[i]) ? strlen(files[i]) : 1);

                assert_non_null(shorter);
                exact = shorter;
                assert_int_equal(verify(exact, strlen(files[i]), &err), ERR_VERIFY);
        }
}

static int setup(void **state) {
        struct error err;
        _cleanup_free_ char *ca = NULL;

        (void) state;
        if (!mkdtemp(folder) || identity_make_ca("Hospital", 10, NOW - DAY, &t.ca_key, &t.ca, &err) < 0 ||
            identity_make_ca("Hospital", 10, NOW - DAY, &t.foreign_key, &t.foreign, &err) < 0)
                return -1;
        for (int i = 0; i < FIELDS; i++) {
                t.people[i] = issue(t.ca_key, t.ca, i);
                t.strangers[i] = issue(t.foreign_key, t.foreign, i);
        }
        draw(2, true, &t.plain, &t.plain_n);
        sign(t.plain, t.plain_n, &t.people[EXECUTOR], EXECUTOR, &t.signed_once, &t.once_n);
        sign(t.signed_once, t.once_n, &t.people[SUPERVISOR], SUPERVISOR, &t.signed_twice, &t.twice_n);
        sign(t.signed_twice, t.twice_n, &t.people[ORGANISATION], ORGANISATION, &t.whole, &t.whole_n);
        save("whole.pdf", t.whole, t.whole_n);
        ca = str_format("%s/ca.pem", folder);
        return certificate_save(ca, t.ca, &err);
}

static int teardown(void **state) {
        _cleanup_free_ char *line = str_format("rm -rf %s", folder);

        (void) state;
        for (int i = 0; i < FIELDS; i++) {
                EVP_PKEY_free(t.people[i].key);
                X509_free(t.people[i].certificate);
                EVP_PKEY_free(t.strangers[i].key);
                X509_free(t.strangers[i].certificate);
        }
        EVP_PKEY_free(t.ca_key);
        EVP_PKEY_free(t.foreign_key);
        X509_free(t.ca);
        X509_free(t.foreign);
        free(t.plain);
        free(t.signed_once);
        free(t.signed_twice);
        free(t.whole);
        return getenv("KEEP") ? 0 : system(line);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(three_signatures_verify),
                cmocka_unit_test(others_verify_it_too),
                cmocka_unit_test(openssl_verifies_each_message),
                cmocka_unit_test(any_changed_byte_is_refused),
                cmocka_unit_test(letters_of_the_digits_count),
                cmocka_unit_test(a_cut_signature_is_missed),
                cmocka_unit_test(junk_at_the_end_is_refused),
                cmocka_unit_test(a_replaced_page_is_refused),
                cmocka_unit_test(a_replaced_page_under_a_signature_is_refused),
                cmocka_unit_test(foreign_and_expired_signers_are_refused),
                cmocka_unit_test(one_person_cannot_be_two),
                cmocka_unit_test(the_order_counts),
                cmocka_unit_test(big_and_boxless_documents_work),
                cmocka_unit_test(malformed_files_are_refused),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
