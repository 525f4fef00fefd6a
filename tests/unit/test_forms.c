/* Forms (A2, T3, S8, X8): each described form renders in both languages, with all data, with none, with hostile
 * data. */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "print/form.h"
#include "print/form_parts.h"

static const char *const ids[] = { "R-110-019", "R-110-020",    "R-110-021", "R-110-022",
                                   "R-110-023", "loan-receipt", "stocktake" };
static char folder[] = "/tmp/mpsi-forms-XXXXXX";

static char *in_folder(const char *name) {
        return str_format("%s/%s", folder, name);
}

/* What an independent program reads in a file; the caller frees. */
static char *text_of(const char *path) {
        _cleanup_free_ char *command = str_format("pdftotext -layout '%s' -", path);
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n), *pipe = popen(command, "r");
        int c;

        assert_non_null(pipe);
        while ((c = fgetc(pipe)) != EOF)
                (void) fputc(c, out);
        assert_int_equal(pclose(pipe), 0);
        (void) fclose(out);
        return text;
}

static int pages_of(const char *path) {
        _cleanup_free_ char *command = str_format("qpdf --check '%s' >/dev/null && qpdf --show-npages '%s'", path,
                                                  path);
        FILE *pipe = popen(command, "r");
        int pages = 0;

        assert_non_null(pipe);
        assert_int_equal(fscanf(pipe, "%d", &pages), 1);
        assert_int_equal(pclose(pipe), 0);
        return pages;
}

static json_t *sample(const char *id) {
        _cleanup_free_ char *path = str_format("%s/data/forms/%s.json", TESTS_DIR, id);
        _cleanup_free_ char *text = NULL;
        size_t n;
        json_t *data = NULL;
        struct error err;

        assert_int_equal(file_read(path, 1 << 20, &text, &n, &err), 0);
        assert_int_equal(json_parse(text, n, &data, &err), 0);
        return data;
}

static void each_form_renders_its_sample(void **state) {
        (void) state;
        for (size_t i = 0; i < COUNT(ids); i++)
                for (int lang = 0; lang < LANGS; lang++) {
                        _cleanup_json_ json_t *data = sample(ids[i]);
                        _cleanup_free_ char *path = str_format("%s/%s.%d.pdf", folder, ids[i], lang);
                        _cleanup_free_ char *text = NULL;
                        struct error err = { 0 };

                        assert_int_equal(form_to_pdf(NULL, ids[i], (enum lang) lang, data, path, &err), 0);
                        text = text_of(path);
                        assert_non_null(strstr(text, "Hospital Universitario"));
                        assert_non_null(strstr(text, json_text(data, "number")));
                        assert_non_null(strstr(text, "HQ00000042K"));
                        assert_non_null(strstr(text, "SHA-256"));
                        assert_non_null(strstr(text, lang == LANG_EN ? "Signature" : "Firma"));
                        assert_true(pages_of(path) >= 1);
                }
}

static void absent_members_print_as_blank_lines(void **state) {
        (void) state;
        for (size_t i = 0; i < COUNT(ids); i++) {
                _cleanup_json_ json_t *data = json_object();
                _cleanup_free_ char *path = str_format("%s/%s.blank.pdf", folder, ids[i]);
                struct error err = { 0 };

                assert_int_equal(form_to_pdf(NULL, ids[i], LANG_ES, data, path, &err), 0);
                assert_true(pages_of(path) >= 1);
        }
}

/* Every member is replaced by something that it should not be. */
static json_t *twisted(const json_t *value, int how) {
        switch (how) {
        case 0: return json_integer(INT64_MIN);
        case 1: {
                char text[20001];

                memset(text, 'W', sizeof text - 1);
                text[sizeof text - 1] = '\0';
                return json_string(text);
        }
        case 2: return json_pack("[[s], {s:[s]}, n, b]", "a", "es", "b", 1);
        case 3:
                return json_string("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe4\xb8\xad\xe6\x96\x87\xf0\x9f\x98\x80 "
                                   "e\xcc\x81\n\t\x1b[0m");
        default: return json_is_object(value) ? json_array() : json_object();
        }
}

static void hostile_data_never_break_a_form(void **state) {
        (void) state;
        for (size_t i = 0; i < COUNT(ids); i++)
                for (int how = 0; how < 5; how++) {
                        _cleanup_json_ json_t *data = sample(ids[i]);
                        _cleanup_free_ char *path = in_folder("hostile.pdf");
                        struct error err = { 0 };
                        const char *key;
                        json_t *value;
                        void *next;

                        json_object_foreach_safe(data, next, key, value) {
                                if (json_is_array(value) && how % 2) {
                                        json_t *row;
                                        size_t k;

                                        json_array_foreach(value, k, row) {
                                                const char *cell;
                                                json_t *old;
                                                void *after;

                                                json_object_foreach_safe(row, after, cell, old)(void)
                                                        json_object_set_new(row, cell, twisted(old, how));
                                        }
                                } else {
                                        (void) json_object_set_new(data, key, twisted(value, how));
                                }
                        }
                        assert_int_equal(form_to_pdf(NULL, ids[i], LANG_EN, data, path, &err), 0);
                        assert_true(pages_of(path) >= 1);
                }
}

static json_t *inventory(size_t n) {
        json_t *data = json_pack("{s:s, s:s, s:I}", "organisation", "Hospital", "number", "2026-1", "total",
                                 (json_int_t) n);
        json_t *media = json_array();

        for (size_t i = 0; i < n; i++) {
                char id[32], serial[32];

                (void) snprintf(id, sizeof id, "HQ%08zu", i);
                (void) snprintf(serial, sizeof serial, "S%zu", i * 7919);
                (void) json_array_append_new(media, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "kind", "hdd",
                                                              "classification", "SECRETO", "serial", serial,
                                                              "owner_name", i % 2 ? "=cmd()" : "Ana \"la\" Jefa"));
        }
        (void) json_object_set_new(data, "media", media);
        return data;
}

static void long_tables_repeat_their_header(void **state) {
        _cleanup_json_ json_t *data = inventory(500);
        _cleanup_free_ char *path = in_folder("long.pdf"), *text = NULL;
        struct error err = { 0 };
        int pages, headers = 0;

        (void) state;
        assert_int_equal(form_to_pdf(NULL, "R-110-022", LANG_ES, data, path, &err), 0);
        pages = pages_of(path);
        assert_true(pages > 5);
        text = text_of(path);
        for (const char *at = text; (at = strstr(at, "Propietario")); at++)
                headers++;
        assert_true(headers >= pages - 1);
        assert_non_null(strstr(text, "HQ00000499"));
        for (int page = 1; page <= pages; page++) {
                _cleanup_free_ char *number = str_format("%d / %d", page, pages);

                assert_non_null(strstr(text, number));
        }
}

static void csv_is_quoted_and_disarms_formulas(void **state) {
        _cleanup_json_ json_t *data = inventory(2);
        _cleanup_free_ char *path = in_folder("table.csv"), *text = NULL;
        struct error err = { 0 };
        size_t n;

        (void) state;
        assert_int_equal(form_to_csv(NULL, "R-110-022", LANG_EN, data, path, &err), 0);
        assert_int_equal(file_read(path, 1 << 20, &text, &n, &err), 0);
        assert_non_null(strstr(text, "\"No.\",\"Medium\",\"Kind\""));
        assert_non_null(
                strstr(text, "\r\n\"1\",\"HQ00000000\",\"hard disk\",\"SECRET\",\"\",\"Ana \"\"la\"\" Jefa\""));
        assert_non_null(strstr(text, "\"'=cmd()\""));
}

static void an_organisations_own_form_comes_first(void **state) {
        static const char own[] = "[form]\nid = R-110-020\ntitle.es = La nuestra\n[text a]\ntext.es = Uno\n  dos\n";
        _cleanup_free_ char *path = in_folder("R-110-020.ini"), *pdf = in_folder("own.pdf"), *text = NULL;
        _cleanup_json_ json_t *data = json_object();
        struct error err = { 0 };

        (void) state;
        assert_int_equal(file_write(path, own, strlen(own), 0600, &err), 0);
        assert_int_equal(form_to_pdf(folder, "R-110-020", LANG_EN, data, pdf, &err), 0);
        text = text_of(pdf);
        assert_non_null(strstr(text, "La nuestra"));
        assert_non_null(strstr(text, "Uno dos"));
        assert_int_equal(unlink(path), 0);
}

static void bad_descriptions_are_refused_with_a_reason(void **state) {
        static const char *const bad[] = {
                "",
                "[form]\nid = x\n",
                "[form]\nid = x\ntitle.es = y\n[pie a]\nfield = a | b | c\n",
                "[form]\nid = x\ntitle.es = y\n[fields a]\n",
                "[form]\nid = x\ntitle.es = y\n[fields a]\nfield = a\n",
                "[form]\nid = x\ntitle.es = y\n[fields a]\ncolumns = 0\nfield = a | b | c\n",
                "[form]\nid = x\ntitle.es = y\n[table a]\ncolumn = a | b | c | -5\n",
                "[form]\nid = x\ntitle.es = y\n[fields a]\nfield = a | b | c | purple\n",
                "no ini at all\n",
                "\xff\xfe",
        };
        struct error err;
        struct form *form = NULL;
        _cleanup_json_ json_t *data = json_object();

        (void) state;
        for (size_t i = 0; i < COUNT(bad); i++) {
                memset(&err, 0, sizeof err);
                assert_true(form_parse(bad[i], strlen(bad[i]), &form, &err) == ERR_USAGE || i == 3);
                form_free(form);
                form = NULL;
        }
        assert_int_equal(form_to_pdf(NULL, "../forms/R-110-020", LANG_ES, data, "/tmp/x.pdf", &err), ERR_USAGE);
        assert_int_equal(form_to_pdf(NULL, "R-110-099", LANG_ES, data, "/tmp/x.pdf", &err), ERR_NOT_FOUND);
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
                cmocka_unit_test(each_form_renders_its_sample),
                cmocka_unit_test(absent_members_print_as_blank_lines),
                cmocka_unit_test(hostile_data_never_break_a_form),
                cmocka_unit_test(long_tables_repeat_their_header),
                cmocka_unit_test(csv_is_quoted_and_disarms_formulas),
                cmocka_unit_test(an_organisations_own_form_comes_first),
                cmocka_unit_test(bad_descriptions_are_refused_with_a_reason),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
