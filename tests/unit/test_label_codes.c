/* Designs for tiny media and for scanners of lines (L2, L5, L6): Data Matrix and Code 128 read back by other
 * programs, sheets as they are sold, and what is wrong with a design said by line and key. */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "print/label.h"

static char folder[] = "/tmp/mpsi-codes-XXXXXX";

/* As long as an ID with its signature is. */
static const char code[] =
        "HQ00000042K0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJ"
        "KLMNOPQRSTUVWXYZ01";

static struct label sample(enum classification classification, enum category category) {
        struct label label = {
                .classification = classification,
                .category = category,
                .kind = KIND_SSD,
                .id = "HQ00000042K",
                .created = "2026-01-15",
                .expires = "2028-01-15",
                .owner = "Dra. Carmen Núñez de Arce",
                .organisation = "Hospital Universitario Quirós",
                .model = "PSSD T7 Shield",
                .serial = "S6XNNS0T900123X",
                .epc = "3034257BF7194E4000001A85",
                .tamper = "TE-0042117",
                .key_mark = "3F2A91C0",
                .revision = 2,
        };

        memcpy(label.code, code, sizeof code);
        return label;
}

/* All that a command prints; the caller frees. */
static char *said_by(const char *command) {
        FILE *pipe = popen(command, "r");
        char text[4096];
        size_t n;

        assert_non_null(pipe);
        n = fread(text, 1, sizeof text - 1, pipe);
        text[n] = '\0';
        (void) pclose(pipe);
        while (n > 0 && text[n - 1] == '\n')
                text[--n] = '\0';
        return strdup(text);
}

static int try_write(const char *name, struct label *label, enum label_format format, struct label_look look,
                     const char *path, struct error *err) {
        _cleanup_(label_design_freep) struct label_design *design = NULL;
        int r = label_design_load(NULL, name, &design, err);

        if (r == 0)
                r = labels_write(design, label, 1, format, &look, path, err);
        labels_done(label, 1);
        return r;
}

static void reads(const char *program, const char *path, const char *expected) {
        _cleanup_free_ char *command = str_format("%s '%s' 2>/dev/null", program, path), *said = said_by(command);

        assert_string_equal(said, expected);
}

#define ZBAR_QR "zbarimg -q --raw -Sdisable -Sqrcode.enable"
#define ZBAR_128 "zbarimg -q --raw -Sdisable -Scode128.enable"
#define DMTX "dmtxread -N1 -m3000"

static void every_code_is_read_by_another_program(void **state) {
        static const struct {
                const char *design;
                enum category most;
                int dpi;
                const char *first, *first_says, *second, *second_says;
        } cases[] = {
                { "microsd", CATEGORY_MEDIA, 203, DMTX, "HQ00000042K", NULL, NULL },
                { "microsd", CATEGORY_MEDIA, 300, DMTX, "HQ00000042K", NULL, NULL },
                { "m2", CATEGORY_ALTA, 203, DMTX, code, NULL, NULL },
                { "m2", CATEGORY_ALTA, 600, DMTX, code, NULL, NULL },
                { "barcode", CATEGORY_ALTA, 203, ZBAR_128, "HQ00000042K", DMTX, code },
                { "barcode", CATEGORY_ALTA, 300, ZBAR_128, "HQ00000042K", DMTX, code },
                { "l7160", CATEGORY_ALTA, 203, ZBAR_QR, code, NULL, NULL },
                { "l6009", CATEGORY_ALTA, 300, ZBAR_QR, code, NULL, NULL },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++)
                for (int mono = 0; mono < 2; mono++) {
                        struct label label = sample((enum classification)(i % CLASSIFICATIONS), cases[i].most);
                        struct label_look look = { .lang = mono ? LANG_EN : LANG_ES,
                                                   .dpi = cases[i].dpi,
                                                   .mono = mono };
                        _cleanup_free_ char *path = str_format("%s/%s-%d-%d.png", folder, cases[i].design,
                                                               cases[i].dpi, mono);
                        struct error err = { 0 };

                        if (try_write(cases[i].design, &label, LABEL_PNG, look, path, &err) < 0)
                                print_error("%s: %s\n", cases[i].design, err.what[LANG_EN]);
                        assert_int_equal(err.code, 0);
                        reads(cases[i].first, path, cases[i].first_says);
                        if (cases[i].second)
                                reads(cases[i].second, path, cases[i].second_says);
                }
}

static void tiny_codes_survive_turning(void **state) {
        struct label label = sample(CLASS_INTERNO, CATEGORY_MEDIA);
        struct label_look look = { .lang = LANG_ES, .dpi = 300, .mono = true };
        _cleanup_free_ char *path = str_format("%s/tiny.png", folder),
                            *turned = str_format("%s/turned.png", folder);
        _cleanup_free_ char *command = str_format("convert '%s' -resize 200%% -background white -rotate 15 '%s'",
                                                  path, turned);
        struct error err = { 0 };

        (void) state;
        assert_int_equal(try_write("microsd", &label, LABEL_PNG, look, path, &err), 0);
        assert_int_equal(system(command), 0);
        reads(DMTX, turned, "HQ00000042K");
}

/* L2: what a tiny design can't show is refused by name, not left out. */
static void a_tiny_design_is_not_for_alta(void **state) {
        struct label label = sample(CLASS_SECRETO, CATEGORY_ALTA), strange = sample(CLASS_INTERNO, CATEGORY_BASICA);
        struct label_look look = { .lang = LANG_ES, .dpi = 300 };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(try_write("microsd", &label, LABEL_PNG, look, NULL, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "L2");
        assert_non_null(strstr(err.what[LANG_EN], "the digital signature"));
        /* An owner whose name no font here has would stand there as nothing. */
        (void) snprintf(strange.owner, sizeof strange.owner, "\xf3\xb0\x80\x80\xf3\xb0\x80\x81");
        assert_int_equal(try_write("standard", &strange, LABEL_PNG, look, NULL, &err), ERR_REFUSED);
        assert_non_null(strstr(err.what[LANG_EN], "the owner"));
}

static void vector_formats_read_too(void **state) {
        static const char *const designs[] = { "m2", "barcode" };

        (void) state;
        for (size_t i = 0; i < COUNT(designs); i++) {
                struct label label = sample(CLASS_CONFIDENCIAL, CATEGORY_ALTA);
                struct label_look look = { .lang = LANG_ES, .dpi = 300 };
                _cleanup_free_ char *pdf = str_format("%s/%s.pdf", folder, designs[i]);
                _cleanup_free_ char *svg = str_format("%s/%s.svg", folder, designs[i]);
                _cleanup_free_ char *draw = str_format(
                        "pdftoppm -r 300 -png -singlefile '%s' '%s' && rsvg-convert -d "
                        "300 -p 300 -o '%s.png' '%s'",
                        pdf, pdf, svg, svg);
                _cleanup_free_ char *pdf_png = str_format("%s.png", pdf), *svg_png = str_format("%s.png", svg);
                struct error err = { 0 };

                assert_int_equal(try_write(designs[i], &label, LABEL_PDF, look, pdf, &err), 0);
                assert_int_equal(try_write(designs[i], &label, LABEL_SVG, look, svg, &err), 0);
                assert_int_equal(system(draw), 0);
                reads(DMTX, pdf_png, code);
                reads(DMTX, svg_png, code);
        }
}

static void sheets_place_their_stickers(void **state) {
        _cleanup_(label_stock_freep) struct label_stock *stock = NULL, *small = NULL;
        _cleanup_(label_design_freep) struct label_design *design = NULL;
        _cleanup_free_ char *path = str_format("%s/sheet.pdf", folder), *command = NULL, *said = NULL;
        struct label_look look = { .lang = LANG_ES, .dpi = 300, .sheet = true, .first = 20 };
        struct label labels[3];
        struct error err = { 0 };
        char **names = NULL;

        (void) state;
        assert_int_equal(label_stock_list(NULL, &names, &err), 0);
        for (size_t i = 0; names[i]; i++) {
                _cleanup_(label_stock_freep) struct label_stock *each = NULL;

                assert_int_equal(label_stock_load(NULL, names[i], &each, &err), 0);
        }
        label_names_free(names);
        assert_int_equal(label_stock_load(NULL, "L7160", &stock, &err), 0);
        assert_int_equal(label_stock_load(NULL, "L4731", &small, &err), 0);
        assert_int_equal(label_design_load(NULL, "compact", &design, &err), 0);
        for (size_t i = 0; i < COUNT(labels); i++) {
                labels[i] = sample(CLASS_INTERNO, CATEGORY_ALTA);
                (void) snprintf(labels[i].id, sizeof labels[i].id, "HQ%08zuX", i);
                (void) snprintf(labels[i].code, sizeof labels[i].code, "HQ%08zuX%.100s", i, code);
        }
        look.stock = small;
        assert_int_equal(labels_write(design, labels, COUNT(labels), LABEL_PDF, &look, path, &err), ERR_USAGE);
        assert_non_null(strstr(err.what[LANG_EN], "25.4"));
        look.stock = stock;
        look.offset_x = 1.5;
        look.offset_y = -0.5;
        assert_int_equal(labels_write(design, labels, COUNT(labels), LABEL_PDF, &look, path, &err), 0);
        labels_done(labels, COUNT(labels));
        /* Stickers 20 and 21 of the first page, 1 of the second; 254 dpi: ten dots a millimetre. */
        command = str_format(
                "pdftoppm -r 254 -png '%s' '%s' && zbarimg -q --raw -Sdisable -Sqrcode.enable '%s-1.png' | "
                "wc -l && convert '%s-2.png' -crop 745x400+0+0 -trim -format '%%X %%Y' info:",
                path, path, path, path);
        said = said_by(command);
        {
                int codes = 0, x = 0, y = 0;

                assert_int_equal(sscanf(said, "%d %d %d", &codes, &x, &y), 3);
                assert_int_equal(codes, 2);
                /* left 7.25, half of what the sticker is wider, the code's box at 0.4 and its quiet zone, the
                 * offset */
                assert_in_range(x, 145, 175);
                assert_in_range(y, 210, 240);
        }
}

static void what_is_wrong_is_told_by_line_and_key(void **state) {
        static const char head[] = "[label]\nname.es = x\nwidth = 50\nheight = 30\n";
        const struct {
                const char *more, *where;
        } cases[] = {
                { "[text a]\nvalue = a\nx = dos\n", "Line 7, x: " },
                { "[text a]\nvalue = a\nbold = maybe\n", "Line 7, bold: " },
                { "[text a]\nvalue = a\nwhen = ALTISIMA\n", "Line 7, when: " },
                { "[text a]\nvalue = a\nwhen = ALTA !epc MEDIA SECRETO owner\n", "Line 7, when: " },
                { "[text a]\nvalue = a\ncolour = red\n", "Line 7, colour: " },
                { "[band]\nwidth = 5\nheight = 5\n[text b]\nvalue = a\nx = 45\nwidth = 10\nheight = 5\n",
                  "Line 8: [text b]" },
                { "[band]\nwidth = 5\nheight = 5\n[text b]\nvalue = {password}\nwidth = 10\nheight = 5\n",
                  "Line 8: [text b]" },
                { "[datamatrix]\nwidth = 9\nheight = 9\n[band]\nwidth = 50\nheight = 5\n", "Line 5: [band]" },
                { "[image]\nwidth = 9\nheight = 9\nfile = ../x.png\n", "Line 5: [image]" },
                { "[datamatrix]\nwidth = 9\nheight = 9\ncontent = all\n", "Line 8, content: " },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                _cleanup_(label_design_freep) struct label_design *design = NULL;
                _cleanup_free_ char *text = str_format("%s%s", head, cases[i].more);
                struct error err = { 0 };

                assert_int_equal(label_design_parse("bad", text, strlen(text), &design, &err), ERR_USAGE);
                if (strncmp(err.what[LANG_EN], cases[i].where, strlen(cases[i].where)) != 0)
                        print_error("%s\nis not: %s\n", err.what[LANG_EN], cases[i].where);
                assert_memory_equal(err.what[LANG_EN], cases[i].where, strlen(cases[i].where));
                assert_true(strlen(err.what[LANG_ES]) > 0);
        }
}

/* What stands on a label by `when`: told by what it then lacks. */
static void conditions_go_by_category_classification_and_field(void **state) {
        static const char text[] =
                "[label]\nname.es = x\nwidth = 60\nheight = 30\n[text a]\nvalue = {id} {created}\n"
                "width = 60\nheight = 5\n[text b]\nvalue = {owner}\ny = 6\nwidth = 60\nheight = 5\n"
                "when = CONFIDENCIAL !ALTA tamper\n";
        const struct {
                enum classification classification;
                const char *tamper;
                int r;
        } cases[] = {
                { CLASS_CONFIDENCIAL, "T-1", 0 },
                { CLASS_SECRETO, "T-1", 0 },
                { CLASS_INTERNO, "T-1", ERR_REFUSED },
                { CLASS_SECRETO, "", ERR_REFUSED },
        };
        _cleanup_(label_design_freep) struct label_design *design = NULL;
        const struct label_look look = { .lang = LANG_ES, .dpi = 203 };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(label_design_parse("own", text, strlen(text), &design, &err), 0);
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct label label = sample(cases[i].classification, CATEGORY_BASICA);

                (void) snprintf(label.tamper, sizeof label.tamper, "%s", cases[i].tamper);
                assert_int_equal(labels_write(design, &label, 1, LABEL_PNG, &look, NULL, &err), cases[i].r);
                labels_done(&label, 1);
        }
}

static int make_folder(void **state) {
        (void) state;
        return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
        _cleanup_free_ char *command = str_format("rm -r '%s'", folder);

        (void) state;
        return getenv("MPSI_KEEP") ? 0 : system(command);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_code_is_read_by_another_program),
                cmocka_unit_test(tiny_codes_survive_turning),
                cmocka_unit_test(a_tiny_design_is_not_for_alta),
                cmocka_unit_test(vector_formats_read_too),
                cmocka_unit_test(sheets_place_their_stickers),
                cmocka_unit_test(what_is_wrong_is_told_by_line_and_key),
                cmocka_unit_test(conditions_go_by_category_classification_and_field),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
