/* Labels (L2, L3, L5, L6): content by category, marks, formats, codes that an independent reader reads in bad
 * prints. */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "print/label.h"

static char folder[] = "/tmp/mpsi-labels-XXXXXX";

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

static char *in_folder(const char *name) {
        return str_format("%s/%s", folder, name);
}

/* The first line that a command prints; the caller frees. */
static char *said_by(const char *command) {
        FILE *pipe = popen(command, "r");
        char line[4096] = "";

        assert_non_null(pipe);
        if (!fgets(line, sizeof line, pipe))
                line[0] = '\0';
        (void) pclose(pipe);
        line[strcspn(line, "\n")] = '\0';
        return strdup(line);
}

static void write_as(const char *design_name, struct label *label, enum label_format format, struct label_look look,
                     const char *path) {
        _cleanup_(label_design_freep) struct label_design *design = NULL;
        struct error err = { 0 };

        assert_int_equal(label_design_load(NULL, design_name, &design, &err), 0);
        if (labels_write(design, label, 1, format, &look, path, &err) != 0)
                print_error("%s: %s\n", design_name, err.what[LANG_EN]);
        assert_int_equal(err.code, 0);
        labels_done(label, 1);
}

static const char *const designs[] = { "standard", "compact", "large" };

static void every_design_shows_every_category_and_class(void **state) {
        (void) state;
        for (size_t d = 0; d < COUNT(designs); d++)
                for (int class = 0; class < CLASSIFICATIONS; class ++)
                        for (int category = 0; category < CATEGORIES; category++)
                                for (int dpi = 203; dpi <= 300; dpi += 97)
                                        for (int mono = 0; mono < 2; mono++) {
                                                struct label label = sample((enum classification) class,
                                                                            (enum category) category);
                                                struct label_look look = { .lang = LANG_ES,
                                                                           .dpi = dpi,
                                                                           .mono = mono };
                                                _cleanup_free_ char *path = str_format(
                                                        "%s/%s-%d-%d-%d-%s.png", folder, designs[d], class,
                                                        category, dpi, mono ? "bw" : "colour");
                                                _cleanup_free_ char *command = str_format(
                                                        "zbarimg -q --raw -Sdisable -Sqrcode.enable '%s'", path);
                                                _cleanup_free_ char *read = NULL;

                                                write_as(designs[d], &label, LABEL_PNG, look, path);
                                                if (category != CATEGORY_ALTA || mono)
                                                        continue;
                                                read = said_by(command);
                                                assert_string_equal(read, code);
                                        }
}

/* L6: 203 dpi, turned by 15°, scaled to 70 %, 2 % of the dots flipped. */
static void damaged_prints_still_read(void **state) {
        static const char *const damage[] = {
                "-rotate 15",
                "-resize 70%",
                "SPECKLE",
        };

        (void) state;
        for (size_t d = 0; d < COUNT(designs); d++)
                for (int mono = 0; mono < 2; mono++) {
                        struct label label = sample(CLASS_SECRETO, CATEGORY_ALTA);
                        struct label_look look = { .lang = LANG_ES, .dpi = 203, .mono = mono };
                        _cleanup_free_ char *path = in_folder("plain.png"), *bad = in_folder("damaged.png");

                        write_as(designs[d], &label, LABEL_PNG, look, path);
                        for (size_t i = 0; i < COUNT(damage); i++) {
                                _cleanup_free_ char *make = NULL, *command = NULL, *read = NULL;

                                if (strcmp(damage[i], "SPECKLE") == 0)
                                        make = str_format(
                                                "convert '%s' -colorspace Gray \\( +clone -seed 7 -fill gray50 "
                                                "-colorize 100 +noise Random -channel G -separate -threshold "
                                                "98%% \\) -compose Difference -composite '%s'",
                                                path, bad);
                                else
                                        make = str_format("convert '%s' -background white %s '%s'", path, damage[i],
                                                          bad);
                                assert_int_equal(system(make), 0);
                                command = str_format("zbarimg -q --raw -Sdisable -Sqrcode.enable '%s'", bad);
                                read = said_by(command);
                                if (strcmp(read, code) != 0)
                                        print_error("%s mono %d %s\n", designs[d], mono, damage[i]);
                                assert_string_equal(read, code);
                        }
                }
}

static void pdf_svg_and_sheets_read_too(void **state) {
        struct label label = sample(CLASS_CONFIDENCIAL, CATEGORY_MEDIA);
        struct label_look look = { .lang = LANG_ES, .dpi = 203, .first = 1 };
        _cleanup_free_ char *pdf = in_folder("label.pdf"), *svg = in_folder("label.svg"),
                            *sheet = in_folder("sheet.pdf");
        _cleanup_free_ char *command = NULL, *read = NULL, *check = NULL, *again = NULL, *size = NULL,
                            *sizes = NULL;
        struct label many[30];
        struct error err = { 0 };
        _cleanup_(label_design_freep) struct label_design *design = NULL;

        (void) state;
        write_as("standard", &label, LABEL_PDF, look, pdf);
        write_as("standard", &label, LABEL_SVG, look, svg);
        command = str_format("pdftoppm -r 203 -png -singlefile '%s' '%s' && qpdf --check '%s' >/dev/null && "
                             "zbarimg -q --raw -Sdisable -Sqrcode.enable '%s.png'",
                             pdf, pdf, pdf, pdf);
        read = said_by(command);
        assert_string_equal(read, code);
        free(command);
        free(read);
        command = str_format("rsvg-convert -d 203 -p 203 -o '%s.png' '%s' && zbarimg -q --raw -Sdisable "
                             "-Sqrcode.enable '%s.png'",
                             svg, svg, svg);
        read = said_by(command);
        assert_string_equal(read, code);
        size = str_format("pdfinfo '%s' | grep 'Page size'", pdf);
        sizes = said_by(size);
        assert_non_null(strstr(sizes, "198.425 x 104.882"));
        look.sheet = true;
        look.first = 3;
        for (size_t i = 0; i < COUNT(many); i++) {
                many[i] = sample((enum classification)(i % CLASSIFICATIONS), CATEGORY_ALTA);
                (void) snprintf(many[i].id, sizeof many[i].id, "HQ%08zuX", i);
                (void) snprintf(many[i].code, sizeof many[i].code, "HQ%08zuX%.100s", i, code);
        }
        assert_int_equal(label_design_load(NULL, "standard", &design, &err), 0);
        assert_int_equal(labels_write(design, many, COUNT(many), LABEL_PDF, &look, sheet, &err), 0);
        labels_done(many, COUNT(many));
        check = str_format("pdftoppm -r 300 -png '%s' '%s' && zbarimg -q --raw -Sdisable -Sqrcode.enable "
                           "'%s'-*.png | sort -u | wc -l",
                           sheet, sheet, sheet);
        again = said_by(check);
        assert_string_equal(again, "30");
}

/* The dots inside ^GFA, decoded by this test itself, hold the code. */
static void zpl_holds_the_same_dots_and_writes_the_tag(void **state) {
        struct label label = sample(CLASS_INTERNO, CATEGORY_ALTA);
        struct label_look look = { .lang = LANG_ES, .dpi = 203 };
        _cleanup_free_ char *path = in_folder("label.zpl"), *pbm = in_folder("label.pbm"), *text = NULL,
                            *command = NULL, *read = NULL;
        int bytes, total, row;
        const char *graphic;
        struct error err;
        size_t n;
        FILE *out;

        (void) state;
        write_as("standard", &label, LABEL_ZPL, look, path);
        assert_int_equal(file_read(path, 1 << 20, &text, &n, &err), 0);
        assert_memory_equal(text, "^XA\n", 4);
        assert_non_null(strstr(text, "^RFW,H,2,12,1^FD3034257BF7194E4000001A85^FS"));
        graphic = strstr(text, "^GFA,");
        assert_non_null(graphic);
        assert_int_equal(sscanf(graphic, "^GFA,%d,%d,%d,", &bytes, &total, &row), 3);
        for (int comma = 0; comma < 4; graphic++)
                comma += *graphic == ',';
        out = fopen(pbm, "w");
        (void) fprintf(out, "P4\n%d %d\n", row * 8, total / row);
        for (int i = 0; i < total; i++) {
                uint8_t byte;

                char pair[3] = { graphic[2 * i], graphic[2 * i + 1], '\0' };

                assert_int_equal(hex_decode(pair, &byte, 1), 0);
                (void) fputc(byte, out);
        }
        assert_int_equal(fclose(out), 0);
        assert_memory_equal(graphic + 2 * total, "^FS\n^XZ\n", 8);
        command = str_format("zbarimg -q --raw -Sdisable -Sqrcode.enable '%s'", pbm);
        read = said_by(command);
        assert_string_equal(read, code);
}

static void each_lack_is_named(void **state) {
        _cleanup_(label_design_freep) struct label_design *design = NULL;
        struct label_look look = { .lang = LANG_ES, .dpi = 203 };
        _cleanup_free_ char *path = in_folder("refused.pdf");
        const struct {
                enum category least;
                size_t offset;
                const char *named;
        } lacks[] = {
                { CATEGORY_BASICA, offsetof(struct label, created), "the creation date" },
                { CATEGORY_BASICA, offsetof(struct label, owner), "the owner" },
                { CATEGORY_MEDIA, offsetof(struct label, expires), "the expiry date" },
                { CATEGORY_MEDIA, offsetof(struct label, code), "the QR code" },
                { CATEGORY_ALTA, offsetof(struct label, epc), "the RFID EPC" },
                { CATEGORY_ALTA, offsetof(struct label, tamper), "the tamper-indicator number" },
                { CATEGORY_ALTA, offsetof(struct label, key_mark), "the digital signature" },
        };

        (void) state;
        assert_int_equal(label_design_load(NULL, "standard", &design, NULL), 0);
        for (size_t i = 0; i < COUNT(lacks); i++)
                for (int category = 0; category < CATEGORIES; category++) {
                        struct label label = sample(CLASS_SECRETO, (enum category) category);
                        struct error err = { 0 };
                        int r, demanded = (enum category) category >= lacks[i].least;

                        *((char *) &label + lacks[i].offset) = '\0';
                        r = labels_write(design, &label, 1, LABEL_PDF, &look, path, &err);
                        assert_int_equal(r, demanded ? ERR_REFUSED : 0);
                        if (demanded) {
                                assert_string_equal(err.rule, "L2");
                                assert_non_null(strstr(err.what[LANG_EN], lacks[i].named));
                        }
                        labels_done(&label, 1);
                }
}

static void a_design_that_hides_or_crowds_is_refused(void **state) {
        static const char no_band[] =
                "[label]\nname.es = Sin banda\nwidth = 60\nheight = 30\n[qr]\nx = 1\ny = 1\nwidth = "
                "22\nheight = 22\n[text a]\nvalue = {id} {created} {expires} {owner}\nx = 24\ny = "
                "2\nwidth = 36\nheight = 20\nlines = 5\n";
        static const char tiny[] =
                "[label]\nname.es = Mini\nwidth = 40\nheight = 20\n[band]\nx = 0\ny = 0\nwidth = 40\n"
                "height = 3\n[qr]\nx = 0\ny = 4\nwidth = 12\nheight = 12\n[text a]\nvalue = "
                "{id} {created} {expires} {owner}\nx = 13\ny = 4\nwidth = 20\nheight = 12\nlines = 4\n";
        static const char narrow[] =
                "[label]\nname.es = Estrecha\nwidth = 60\nheight = 30\n[text a]\nvalue = {id}\nx = 1\n"
                "y = 1\nwidth = 8\nheight = 3\nsize = 8\nleast = 7\n[text b]\nvalue = {created} "
                "{owner}\nx = 1\ny = 8\nwidth = 50\nheight = 4\n";
        const struct {
                const char *text;
                enum category category;
                const char *rule, *named;
        } cases[] = {
                { no_band, CATEGORY_MEDIA, "L2", "the classification" },
                { tiny, CATEGORY_MEDIA, "L6", "does not fit" },
                { narrow, CATEGORY_BASICA, "L2", "the ID" },
        };
        struct label_look look = { .lang = LANG_ES, .dpi = 203 };
        _cleanup_free_ char *path = in_folder("crowded.png");

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                _cleanup_(label_design_freep) struct label_design *design = NULL;
                struct label label = sample(CLASS_INTERNO, cases[i].category);
                struct error err = { 0 };

                assert_int_equal(label_design_parse("own", cases[i].text, strlen(cases[i].text), &design, &err), 0);
                assert_int_equal(labels_write(design, &label, 1, LABEL_PNG, &look, path, &err), ERR_REFUSED);
                assert_string_equal(err.rule, cases[i].rule);
                assert_non_null(strstr(err.what[LANG_EN], cases[i].named));
                labels_done(&label, 1);
        }
}

static void long_names_stay_inside(void **state) {
        struct label label = sample(CLASS_CONFIDENCIAL, CATEGORY_ALTA), plain = label;
        struct label_look look = { .lang = LANG_ES, .dpi = 203, .mono = true };

        (void) state;
        for (size_t d = 0; d < COUNT(designs); d++) {
                _cleanup_free_ char *path = str_format("%s/long-%s.png", folder, designs[d]);
                _cleanup_free_ char *command = str_format("convert '%s' -shave 1x1 -trim -format '%%w %%h' info:",
                                                          path);
                _cleanup_free_ char *said = NULL;

                label = plain;
                (void) snprintf(label.owner, sizeof label.owner,
                                "María de las Mercedes Fernández-Villaverde y Gutiérrez de la Concha, Jefa de "
                                "Servicio ñÑáÁ");
                memset(label.model, 'W', sizeof label.model - 1);
                memset(label.organisation, 'M', sizeof label.organisation - 1);
                write_as(designs[d], &label, LABEL_PNG, look, path);
                said = said_by(command);
                assert_true(strlen(said) > 0);
        }
}

static void bad_designs_are_refused(void **state) {
        static const char *const bad[] = {
                "",
                "[label]\nname.es = x\nwidth = 5\nheight = 5\n",
                "[label]\nname.es = x\nwidth = 50\nheight = 30\n[blob]\nx = 1\n",
                "[label]\nname.es = x\nwidth = 50\nheight = 30\n[text a]\nvalue = {password}\nwidth = 10\nheight = "
                "5\n",
                "[label]\nname.es = x\nwidth = 50\nheight = 30\n[text a]\nvalue = {id\nwidth = 10\nheight = 5\n",
                "[label]\nname.es = x\nwidth = 50\nheight = 30\n[text a]\nvalue = a\nx = 45\nwidth = 10\nheight = "
                "5\n",
                "[label]\nname.es = x\nwidth = 50\nheight = 30\n[band]\nwidth = 50\nheight = 10\n[qr]\ny = "
                "9\nwidth = 20\nheight = 20\n",
                "[label]\nname.es = x\nwidth = -50\nheight = 30\n",
                "[label]\nname.es = x\nwidth = 1e9\nheight = 30\n",
                "[label]\nname.es = x\nwidth = 70\nheight = 37\n[sheet]\ncolumns = 4\nrows = 8\n[band]\nwidth = "
                "5\nheight = 5\n",
        };

        (void) state;
        for (size_t i = 0; i < COUNT(bad); i++) {
                struct label_design *design = NULL;
                struct error err = { 0 };

                assert_int_equal(label_design_parse("bad", bad[i], strlen(bad[i]), &design, &err), ERR_USAGE);
                assert_true(strlen(err.what[LANG_ES]) > 0);
        }
}

static void marks_differ_in_black_and_white(void **state) {
        (void) state;
        for (int a = 0; a < CLASSIFICATIONS; a++)
                for (int b = a + 1; b < CLASSIFICATIONS; b++) {
                        assert_int_not_equal(classification_marks[a].pattern, classification_marks[b].pattern);
                        assert_int_not_equal(classification_marks[a].shape, classification_marks[b].shape);
                        assert_string_not_equal(classification_marks[a].letter, classification_marks[b].letter);
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
                cmocka_unit_test(every_design_shows_every_category_and_class),
                cmocka_unit_test(damaged_prints_still_read),
                cmocka_unit_test(pdf_svg_and_sheets_read_too),
                cmocka_unit_test(zpl_holds_the_same_dots_and_writes_the_tag),
                cmocka_unit_test(each_lack_is_named),
                cmocka_unit_test(a_design_that_hides_or_crowds_is_refused),
                cmocka_unit_test(long_names_stay_inside),
                cmocka_unit_test(bad_designs_are_refused),
                cmocka_unit_test(marks_differ_in_black_and_white),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
