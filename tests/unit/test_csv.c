/* Spreadsheets as people have them. */
#include "unit/test.h"

#include <string.h>

#include "base/csv.h"

static void spanish_excel_is_read(void **state) {
        static const char text[] = "\xef\xbb\xbfserie;nota\r\nA1;\"dos; \"\"tres\"\"\r\nlíneas\"\r\n\r\nA2\r\n";
        _cleanup_csv_ struct csv csv = { 0 };
        struct error err;

        (void) state;
        assert_int_equal(csv_parse(text, sizeof text - 1, &csv, &err), 0);
        assert_int_equal(csv.rows, 3);
        assert_int_equal(csv.columns, 2);
        assert_string_equal(csv_cell(&csv, 0, 1), "nota");
        assert_string_equal(csv_cell(&csv, 1, 1), "dos; \"tres\"\r\nlíneas");
        assert_string_equal(csv_cell(&csv, 2, 0), "A2");
        assert_string_equal(csv_cell(&csv, 2, 1), "");
        assert_int_equal(csv.lines[2], 5);
}

static void latin_9_becomes_utf8(void **state) {
        static const char text[] = "a,b\nse\xf1"
                                   "al,10 \xa4\n";
        _cleanup_csv_ struct csv csv = { 0 };
        struct error err;

        (void) state;
        assert_int_equal(csv_parse(text, sizeof text - 1, &csv, &err), 0);
        assert_string_equal(csv_cell(&csv, 1, 0), "señal");
        assert_string_equal(csv_cell(&csv, 1, 1), "10 €");
}

static void bad_files_are_said_to_be_bad(void **state) {
        static const struct {
                const char *text;
                size_t n;
                const char *says;
        } bad[] = {
                { "", 0, "empty" },
                { "\n\n", 2, "empty" },
                { "a,b\n\"x", 6, "Line 2" },
                { "a,b\n1,2,3\n", 10, "3 cells" },
                { "a,b\n\"x\"y,2\n", 11, "closing quote" },
                { "a\0b", 3, "NUL" },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(bad); i++) {
                struct csv csv = { 0 };
                struct error err;

                assert_int_equal(csv_parse(bad[i].text, bad[i].n, &csv, &err), ERR_USAGE);
                assert_non_null(strstr(err.what[LANG_EN], bad[i].says));
                assert_null(csv.text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(spanish_excel_is_read),
                cmocka_unit_test(latin_9_becomes_utf8),
                cmocka_unit_test(bad_files_are_said_to_be_bad),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
