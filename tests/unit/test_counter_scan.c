/* What a scanner's bytes are: on a US and a Spanish layout, with every ending, from a hand, and hostile ones. */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "counter/scan.h"

#define T0 (INT64_C(1795000000) * SECOND)
#define MS INT64_C(1000)

/* --- what a Spanish keyboard makes of a US scanner -------------------------------------------------------------
 */

/* By hand, from the two keyboards: the character on the US key, and what the same key gives in Spain. */
static const struct {
        char us;
        const char *es;
} layouts[] = {
        { '`', "º" }, { '~', "ª" }, { '!', "!" }, { '@', "\"" }, { '#', "·" }, { '$', "$" }, { '%', "%" },
        { '^', "&" }, { '&', "/" }, { '*', "(" }, { '(', ")" },  { ')', "=" }, { '-', "'" }, { '_', "?" },
        { '=', "¡" }, { '+', "¿" }, { '[', "`" }, { '{', "^" },  { ']', "+" }, { '}', "*" }, { '\\', "ç" },
        { '|', "Ç" }, { ';', "ñ" }, { ':', "Ñ" }, { '\'', "´" }, { '"', "¨" }, { ',', "," }, { '<', ";" },
        { '.', "." }, { '>', ":" }, { '/', "-" }, { '?', "_" },  { 'a', "a" }, { 'Z', "Z" }, { '7', "7" },
};

static void on_spanish(const char *us, char *out) {
        *out = '\0';
        for (; *us; us++) {
                const char *es = NULL;
                char same[2] = { *us, '\0' };

                for (size_t i = 0; i < COUNT(layouts); i++)
                        if (layouts[i].us == *us)
                                es = layouts[i].es;
                (void) strcat(out, es ? es : same);
        }
}

static void test_layout_is_undone(void **state) {
        static const char *const texts[] = { "WD-WCC4N/7:K;1", "https://example.org/a?b=c&d=e#f", "S/N:0001-22_x",
                                             "HQ-S03-A12-E04-P023", "[1]{2}\\|'\"<>~`^*()+=@" };

        (void) state;
        for (size_t i = 0; i < COUNT(texts); i++) {
                char es[512], caps[SCAN_TEXT], back[SCAN_TEXT];
                struct scan scan;
                bool found = false;

                on_spanish(texts[i], es);
                scan_undo_layout(es, back);
                assert_string_equal(back, texts[i]);
                /* Caps Lock on: one of the readings is what the scanner sent. */
                scan_undo_caps(es, caps);
                assert_true(scan_read(caps, &scan));
                for (size_t k = 0; k < scan.tries_n; k++)
                        found |= strcmp(scan.tries[k], texts[i]) == 0;
                assert_true(found);
        }
}

/* A dead key takes the vowel that follows it. */
static void test_dead_keys(void **state) {
        char back[SCAN_TEXT];

        (void) state;
        scan_undo_layout("ábàcâdäe", back);
        assert_string_equal(back, "'ab[ac{ad\"ae");
}

static void test_letters_and_digits_need_no_reading(void **state) {
        struct scan scan;

        (void) state;
        assert_true(scan_read("HQ00000001V", &scan));
        assert_int_equal(scan.kind, SCAN_OTHER);
        assert_string_equal(scan.tries[0], "HQ00000001V");
        assert_true(scan_read("hq's03'a12'e04'p023", &scan));
        assert_int_equal(scan.kind, SCAN_PLACE);
        assert_string_equal(scan.text, "HQ-S03-A12-E04-P023");
        assert_true(scan_read(" mpsiout ", &scan));
        assert_int_equal(scan.kind, SCAN_COMMAND);
        assert_int_equal(scan.command, COMMAND_OUT);
        assert_true(scan_read("deshacer", &scan) && scan.kind == SCAN_COMMAND && scan.command == COMMAND_UNDO);
        assert_true(scan_read("MPSIOUTX", &scan) && scan.kind == SCAN_OTHER);
        assert_true(scan_read("@uli", &scan) && scan.kind == SCAN_NAME);
        assert_true(scan_read("K00000112345678A", &scan) &&
                    scan.kind == SCAN_OTHER); /* its check character is wrong */
        assert_false(scan_read("", &scan));
        assert_false(scan_read("    ", &scan));
        for (int i = 0; i < COMMANDS; i++) {
                char text[COUNTER_CODE_TEXT];

                counter_code_text((enum counter_command) i, text);
                assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), strlen(text));
                assert_int_equal(counter_command_of(text), i);
        }
}

/* --- bytes -----------------------------------------------------------------------------------------------------
 */

/* Types bytes, `gap` apart; counts the lines that end and keeps the last one. */
struct typist {
        struct scan_input input;
        char line[SCAN_MAX + 1];
        enum scan_fault fault;
        int lines, escapes, interrupts;
        int64_t now;
};

static void take_key(struct typist *typist, enum scan_key key) {
        if (key == KEY_LINE) {
                typist->fault = scan_input_take(&typist->input, typist->line);
                typist->lines++;
        }
        typist->escapes += key == KEY_ESCAPE;
        typist->interrupts += key == KEY_INTERRUPT;
}

static void type_bytes(struct typist *typist, const char *bytes, size_t n, int64_t gap) {
        for (size_t i = 0; i < n; i++) {
                typist->now += gap;
                if (gap >= 20 * MS)
                        take_key(typist, scan_input_pause(&typist->input, typist->now));
                take_key(typist, scan_input_byte(&typist->input, (unsigned char) bytes[i], typist->now));
        }
}

static void rest(struct typist *typist, int64_t time) {
        typist->now += time;
        take_key(typist, scan_input_pause(&typist->input, typist->now));
}

static struct typist typed(const char *bytes, size_t n, int64_t gap, int64_t pause) {
        struct typist typist = { .now = T0 };

        type_bytes(&typist, bytes, n, gap);
        rest(&typist, pause);
        return typist;
}

static void test_endings(void **state) {
        static const char *const ends[] = { "\r", "\n", "\t", "\r\n", "" };

        (void) state;
        for (size_t i = 0; i < COUNT(ends); i++) {
                char text[64];
                struct typist typist = { .now = T0 };

                (void) snprintf(text, sizeof text, "HQ00000001V%s", ends[i]);
                for (int k = 1; k <= 3; k++) {
                        type_bytes(&typist, text, strlen(text), 2 * MS);
                        rest(&typist, 200 * MS);
                        assert_int_equal(typist.lines, k);
                        assert_string_equal(typist.line, "HQ00000001V");
                        assert_int_equal(typist.fault, SCAN_SOUND);
                }
        }
}

/* A hand is never cut off, and corrects itself. */
static void test_hand(void **state) {
        struct typist typist = typed("SALXI", 5, 150 * MS, 5 * SECOND);

        (void) state;
        assert_int_equal(typist.lines, 0);
        type_bytes(&typist, "\x7f\x7fIDA\r", 6, 150 * MS);
        assert_int_equal(typist.lines, 1);
        assert_string_equal(typist.line, "SALIDA");
        typist = typed("\xc3\x91\x7f"
                       "A\r",
                       5, 150 * MS, 0);
        assert_string_equal(typist.line, "A");
        /* A name in place of a card: from a hand, never from a code that anybody can print. */
        typist = typed("@uli\r", 5, 150 * MS, 0);
        assert_true(typist.fault == SCAN_SOUND && strcmp(typist.line, "@uli") == 0);
        typist = typed("@uli\r", 5, 2 * MS, 0);
        assert_true(typist.lines == 1 && typist.fault == SCAN_UNTYPED && !*typist.line);
        typist = typed("\r\n\r\t", 4, 2 * MS, SECOND);
        assert_int_equal(typist.lines, 0);
}

static void test_hostile_bytes(void **state) {
        static const struct {
                const char *bytes;
                size_t n;
                enum scan_fault fault;
        } cases[] = {
                { "HQ\0000001\r", 8, SCAN_CONTROL },
                { "HQ\x1b[2J0001\r", 11, SCAN_CONTROL },
                { "\x1b[2JHQ00000001V\r", 16, SCAN_CONTROL },
                { "\x1b]0;title\x07\r", 11, SCAN_CONTROL },
                { "\x03QUIT\r", 6, SCAN_CONTROL },
                { "HQ\x03"
                  "01\r",
                  6, SCAN_CONTROL },
                { "\x04HQ0001\r", 8, SCAN_CONTROL },
                { "\xff\xfe\xfd\xfc\r", 5, SCAN_BYTES },
                { "HQ\xc3\r", 4, SCAN_BYTES },
                { "HQ\xc2\x9b"
                  "2J\r",
                  7, SCAN_CONTROL },
                { "HQ\xe2\x80\xae"
                  "1\r",
                  7, SCAN_CONTROL },
        };
        _cleanup_free_ char *much = malloc(70000);
        struct typist typist;

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                typist = typed(cases[i].bytes, cases[i].n, 1 * MS, 300 * MS);
                if (typist.lines != 1 || typist.fault != cases[i].fault || *typist.line || typist.interrupts)
                        fail_msg("case %zu: %d lines, fault %d, “%s”", i, typist.lines, (int) typist.fault,
                                 typist.line);
                /* The next one is whole again. */
                type_bytes(&typist, "HQ00000001V\r", 12, i % 2 ? 101 * MS : MS);
                assert_int_equal(typist.fault, SCAN_SOUND);
                assert_string_equal(typist.line, "HQ00000001V");
        }
        assert_non_null(much);
        memset(much, 'A', 70000);
        typist = typed(much, 70000, 10, 300 * MS); /* no ending at all */
        assert_true(typist.lines == 1 && typist.fault == SCAN_LONG);
}

static void test_lone_keys(void **state) {
        struct typist typist = typed("\x1b", 1, MS, 200 * MS);

        (void) state;
        assert_int_equal(typist.escapes, 1);
        typist = typed("\x1b[A", 3, MS, 200 * MS); /* an arrow */
        assert_true(typist.escapes == 0 && typist.lines == 0);
        type_bytes(&typist, "MPSIUNDO\r", 9, MS);
        assert_true(typist.lines == 1 && typist.fault == SCAN_SOUND);
        typist = typed("\x03", 1, MS, 200 * MS);
        assert_int_equal(typist.interrupts, 1);
        assert_int_equal(scan_input_wait(&typist.input, typist.now), -1);
}

/* C10: what is no PIN, whatever the layout made of it; and what may be one. */
static void c10_a_code_is_no_secret(void **state) {
        static const struct {
                const char *text;
                bool so_far, whole;
        } rows[] = {
                { "HQ00000001V", true, true },
                { "hq00000001v", true, true },
                { "HQ00000001VABCDEFGH", true, true }, /* a label's text */
                { "HQ00000001X", false, false },       /* another check character */
                { "HQ-S03-A12-E04-P001", true, true },
                { "HQ'S03'A12'E04'P001", true, true },
                { "E000001", false, true },
                { "R-110-019.E000001.0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", true,
                  true },
                { "MPSIGOOD", true, true },
                { "BIEN", false, false },
                { "4711", false, false },
                { "a-long-enough-secret", false, false },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct scan scan;

                assert_true(scan_read(rows[i].text, &scan));
                if (scan_is_code(&scan, false) != rows[i].so_far || scan_is_code(&scan, true) != rows[i].whole)
                        fail_msg("%s", rows[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(c10_a_code_is_no_secret),
                cmocka_unit_test(test_layout_is_undone),
                cmocka_unit_test(test_dead_keys),
                cmocka_unit_test(test_letters_and_digits_need_no_reading),
                cmocka_unit_test(test_endings),
                cmocka_unit_test(test_hand),
                cmocka_unit_test(test_hostile_bytes),
                cmocka_unit_test(test_lone_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
