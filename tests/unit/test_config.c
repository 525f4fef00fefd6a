/* The station's configuration file. */
#include <string.h>

#include "base/config.h"
#include "unit/test.h"

static int parse(const char *text, struct config **ret) {
        struct error err = { 0 };
        int r = config_parse(text, strlen(text), ret, &err);

        assert_true(r == 0 || err.what[LANG_ES][0]);
        return r;
}

static void reads_sections_and_keys(void **state) {
        _cleanup_config_ struct config *config = NULL;

        (void) state;
        assert_int_equal(parse("# comentario\n[gate]\nmode = audit\nbuses = usb mmc\n[siem]\nhost=\n", &config), 0);
        assert_string_equal(config_text(config, "gate", "mode", "enforce"), "audit");
        assert_string_equal(config_text(config, "gate", "buses", ""), "usb mmc");
        assert_string_equal(config_text(config, "siem", "host", "none"), "none");
        assert_null(config_text(config, "siem", "port", NULL));
        assert_null(config_text(NULL, "siem", "port", NULL));
}

static void refuses_what_it_does_not_understand(void **state) {
        struct config *config = NULL;
        char line[5000];

        (void) state;
        memset(line, 'x', sizeof line);
        memcpy(line, "[a]\nb=", 6);
        line[sizeof line - 1] = '\0';
        assert_int_equal(parse("[gate]\nnonsense\n", &config), ERR_USAGE);
        assert_int_equal(parse("[gate]\nmode=a\nmode=b\n", &config), ERR_USAGE);
        assert_int_equal(parse("[gate]\nmode=\xff\n", &config), ERR_USAGE);
        assert_int_equal(parse(line, &config), ERR_USAGE);
        assert_null(config);
}

static void a_missing_file_is_empty(void **state) {
        _cleanup_config_ struct config *config = NULL;
        struct error err = { 0 };

        (void) state;
        assert_int_equal(config_load("/nonexistent/mpsi.conf", &config, &err), 0);
        assert_null(config_text(config, "gate", "mode", NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_sections_and_keys),
                cmocka_unit_test(refuses_what_it_does_not_understand),
                cmocka_unit_test(a_missing_file_is_empty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
