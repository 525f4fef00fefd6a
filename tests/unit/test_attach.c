/* Files inside a PDF (S9): written so that others read them, read so that nothing else passes for one; and sizes of
 * remains (S10) and papers of providers (S11) as pure verdicts. */
#include "unit/test.h"

#include <cairo/cairo-pdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "policy/destruction.h"
#include "policy/provider.h"
#include "policy/shredding.h"
#include "sign/pdf_attach.h"

static const int64_t NOW = INT64_C(1795000000) * SECOND;
static const char binary[] = "%PDF-1.4\0endstream endobj\nxref\n0 1\nstartxref\n1\n%%EOF\n";

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned n) {
        return fwrite(data, 1, n, closure) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void draw(uint8_t **ret, size_t *ret_n) {
        char *data = NULL;
        FILE *out = open_memstream(&data, ret_n);
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(collect, out, 595, 842);
        cairo_t *cr = cairo_create(surface);

        cairo_tag_begin(cr, "P", NULL);
        cairo_move_to(cr, 60, 80);
        cairo_show_text(cr, "Certificado");
        cairo_tag_end(cr, "P");
        cairo_tag_begin(cr, CAIRO_TAG_DEST, "name='sign:executor:150:48' x=50 y=700");
        cairo_tag_end(cr, CAIRO_TAG_DEST);
        cairo_show_page(cr);
        cairo_destroy(cr);
        cairo_surface_destroy(surface);
        assert_int_equal(fclose(out), 0);
        *ret = (uint8_t *) data;
}

/* What the writer makes of these attachments. */
static int finish(const struct pdf_attachment *files, size_t n, uint8_t **ret, size_t *ret_n, struct error *err) {
        const struct pdf_finish wanted = { .lang = "es", .moment = NOW, .attachments = files, .attachments_n = n };
        _cleanup_free_ uint8_t *plain = NULL;
        size_t plain_n;

        draw(&plain, &plain_n);
        return pdf_finish(plain, plain_n, &wanted, ret, ret_n, err);
}

static int count(void *context, const char *name, const void *data, size_t n, struct error *err) {
        size_t *found = context;

        (void) err;
        (*found)++;
        if (strcmp(name, "b.bin") == 0 && (n != sizeof binary || memcmp(data, binary, n) != 0))
                fail_msg("other bytes");
        return 0;
}

static int read_all(const void *pdf, size_t n, size_t *found, struct error *err) {
        _cleanup_(pdf_closep) struct pdf *file = NULL;
        int r = pdf_open(pdf, n, &file, err);

        *found = 0;
        return r < 0 ? r : pdf_attachments(file, count, found, err);
}

static const struct pdf_attachment three[] = {
        { "z.json", "Gemelo · twin", "application/json", "Alternative", "{}", 2 },
        { "b.bin", "", "application/octet-stream", "Supplement", binary, sizeof binary },
        { "empty.txt", "nada", "text/plain", "Data", "", 0 },
};

static void what_is_put_in_comes_out(void **state) {
        char folder[] = "/tmp/mpsi-attach-XXXXXX";
        _cleanup_free_ char *path = NULL, *command = NULL;
        _cleanup_free_ uint8_t *pdf = NULL;
        struct error err = { 0 };
        size_t n, found;

        (void) state;
        assert_int_equal(finish(three, 3, &pdf, &n, &err), 0);
        assert_int_equal(read_all(pdf, n, &found, &err), 0);
        assert_int_equal(found, 3);
        assert_non_null(mkdtemp(folder));
        path = str_format("%s/a.pdf", folder);
        assert_int_equal(file_write(path, pdf, n, 0600, &err), 0);
        command = str_format("cd %s && qpdf --check a.pdf >out && pdfdetach -list a.pdf >list && "
                             "test \"$(grep -cE ': (b.bin|empty.txt|z.json)$' list)\" = 3 && "
                             "pdfinfo a.pdf | grep -q 'Tagged: *yes'; r=$?; rm -rf %s; exit $r",
                             folder, folder);
        assert_int_equal(system(command), 0);
        free(TAKE_PTR(pdf));
        assert_int_equal(finish(NULL, 0, &pdf, &n, &err), 0);
        assert_int_equal(read_all(pdf, n, &found, &err), 0);
        assert_int_equal(found, 0);
}

static void names_are_safe_and_once(void **state) {
        static const char *const bad[] = { "", "a/b", "../x", ".x", "a b", "(", "ñ" };
        struct pdf_attachment files[2] = { three[0], three[0] };
        uint8_t *pdf = NULL;
        struct error err;
        size_t n;

        (void) state;
        assert_int_equal(finish(files, 2, &pdf, &n, &err), ERR_USAGE);
        for (size_t i = 0; i < COUNT(bad); i++) {
                files[1].name = bad[i];
                assert_int_equal(finish(files, 2, &pdf, &n, &err), ERR_USAGE);
        }
        assert_null(pdf);
}

/* The same length in another's place, so that the file's table still holds. */
static void expect_odd(const uint8_t *pdf, size_t n, const char *was, const char *is) {
        _cleanup_free_ uint8_t *bad = malloc(n);
        uint8_t *at;
        struct error err = { 0 };
        size_t found;

        assert_int_equal(strlen(was), strlen(is));
        memcpy(bad, pdf, n);
        at = memmem(bad, n, was, strlen(was));
        if (!at)
                fail_msg("no “%s”", was);
        memcpy(at, is, strlen(is));
        if (read_all(bad, n, &found, &err) != ERR_VERIFY)
                fail_msg("“%s” passes for “%s”", is, was);
        assert_true(err.what[LANG_ES][0] && err.what[LANG_EN][0]);
}

static void what_is_otherwise_is_refused(void **state) {
        _cleanup_free_ uint8_t *pdf = NULL, *again = NULL;
        const struct pdf_finish wanted = { .lang = "es", .moment = NOW };
        struct error err;
        size_t n, again_n;

        (void) state;
        assert_int_equal(finish(three, 3, &pdf, &n, &err), 0);
        expect_odd(pdf, n, "/F (b.bin)", "/F (c.bin)");
        expect_odd(pdf, n, "/UF (b.bin)", "/UF (c.bin)");
        expect_odd(pdf, n, "/Type /EmbeddedFile", "/Type /EmbeddedFilo");
        expect_odd(pdf, n, "/Params <<", "/Filter <<");
        expect_odd(pdf, n, "/AF [", "/AG [");
        expect_odd(pdf, n, "Names [ (b.bin)", "Names [ (z.bin)");
        expect_odd(pdf, n, "/EmbeddedFiles <<", "/EmbeddedFilos <<");
        assert_int_equal(pdf_finish("%PDF-1.5 nothing", 16, &wanted, &again, &again_n, &err), ERR_VERIFY);
}

/* S10: the standard's table by kind, and the stricter of it and the house's limit. */
static void remains_have_a_level(void **state) {
        (void) state;
        assert_int_equal(shred_class(KIND_SSD), 'E');
        assert_int_equal(shred_level(KIND_PAPER, 32000), 3);
        assert_int_equal(shred_level(KIND_PAPER, 32001), 2);
        assert_int_equal(shred_level(KIND_PAPER, 500), 7);
        assert_int_equal(shred_level(KIND_PAPER, 999999), 0);
        assert_int_equal(shred_level(KIND_TAPE, 999999), 0);
        assert_int_equal(shred_level(KIND_SSD, 199), 5);
        assert_int_equal(shred_level(KIND_SSD, 100), 6);
        assert_int_equal(shred_level(KIND_HDD, 120), 7);
        assert_int_equal(shred_area(KIND_HDD, 1), -1);
        assert_int_equal(shred_area(KIND_OPTICAL, 8), -1);
        assert_true(shred_unconfirmed(KIND_HDD) && !shred_unconfirmed(KIND_PAPER));
        for (int kind = 0; kind < MEDIUM_KINDS; kind++)
                for (int level = 0; level < CLASSIFICATIONS; level++) {
                        int64_t limit = destruction_area_limit((enum medium_kind) kind, (enum classification) level,
                                                               DESTRUCTION_SHRED);

                        assert_true(shred_level((enum medium_kind) kind, limit) >=
                                    shred_demanded((enum medium_kind) kind, (enum classification) level));
                }
}

/* S11: the last day still counts. */
static void papers_end(void **state) {
        const char *expires[PAPERS] = { "2027-06-01", "2027-06-01", "2027-06-01", "2027-06-01", "2027-06-01" };
        struct error err;

        (void) state;
        assert_int_equal(paper_judge(NULL, "2026-11-27"), STANDING_MISSING);
        assert_int_equal(paper_judge("2026-11-26", "2026-11-27"), STANDING_EXPIRED);
        assert_int_equal(paper_judge("2026-11-27", "2026-11-27"), STANDING_SOON);
        assert_int_equal(paper_judge("2027-01-25", "2026-11-27"), STANDING_SOON);
        assert_int_equal(paper_judge("2027-01-26", "2026-11-27"), STANDING_VALID);
        assert_int_equal(provider_judge("x", expires, "2027-06-01", &err), 0);
        assert_int_equal(provider_judge("x", expires, "2027-06-02", &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S11");
        expires[PAPER_INSURANCE] = NULL;
        assert_int_equal(provider_judge("x", expires, "2026-11-27", &err), ERR_REFUSED);
        assert_non_null(strstr(err.what[LANG_EN], "liability insurance"));
        assert_int_equal(provider_standing(expires, "2026-11-27"), STANDING_MISSING);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_put_in_comes_out),
                cmocka_unit_test(names_are_safe_and_once),
                cmocka_unit_test(what_is_otherwise_is_refused),
                cmocka_unit_test(remains_have_a_level),
                cmocka_unit_test(papers_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
