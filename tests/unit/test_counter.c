/* The counter without a terminal: what the desk asks for and calls in which order (U1 to U4, U6, U8), and what the
 * screen shows. */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "counter/draw.h"

#define T0 (INT64_C(1795000000) * SECOND)

/* --- the desk --------------------------------------------------------------------------------------------------
 */

#define MEDIUM "HQ00000001V"
#define OTHER_MEDIUM "HQ00000002T"
#define PLACE "HQ-S03-A12-E04-P001"

static struct counter desk;
static int64_t now;

static int setup(void **state) {
        (void) state;
        now = T0;
        counter_begin(&desk, LANG_EN, 7, now);
        return 0;
}

static int teardown(void **state) {
        (void) state;
        counter_end(&desk);
        return 0;
}

static void scan(const char *text) {
        now += 3 * SECOND;
        counter_scan(&desk, text, SCAN_SOUND, now);
}

static void expect_call(const char *noun, const char *name) {
        if (!desk.call.noun || strcmp(desk.call.noun, noun) != 0 || strcmp(desk.call.name, name) != 0)
                fail_msg("the call is %s %s, not %s %s; “%s”", desk.call.noun ? desk.call.noun : "none",
                         desk.call.name ? desk.call.name : "", noun, name, desk.view.sentence);
}

static void expect_arg(const char *name, const char *value) {
        assert_string_equal(json_text_or_empty(desk.call.args, name), value);
}

static void answer(const char *noun, const char *name, json_t *with) {
        expect_call(noun, name);
        counter_answer(&desk, 0, with, NULL, NULL, false, now);
        json_decref(with);
}

static void refused(const char *noun, const char *name, int code, const char *rule) {
        struct error err = { 0 };

        expect_call(noun, name);
        (void) fail(&err, code, "no puede ser", "it may not be");
        (void) error_by_rule(&err, rule, "mp.si.3");
        counter_answer(&desk, code, NULL, NULL, &err, false, now);
}

static void expect_view(enum counter_tone tone, const char *word) {
        if (desk.view.tone != tone || strcmp(desk.view.word, word) != 0 || desk.call.noun)
                fail_msg("“%s” (%d) instead of “%s”; %s; call %s", desk.view.word, (int) desk.view.tone, word,
                         desk.view.sentence, desk.call.noun ? desk.call.noun : "none");
}

static json_t *medium(const char *id, const char *state, const char *classification) {
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "state", state, "classification",
                         classification, "category", "MEDIA", "kind", "tape", "location", PLACE, "owner", "olga");
}

static json_t *loan(const char *state, const char *borrower) {
        return json_pack("{s:s, s:s, s:s, s:s, s:s}", "loan", "P000001", "state", state, "borrower", borrower,
                         "due", "2026-12-24", "medium", MEDIUM);
}

static void look(const char *id, const char *state, const char *classification, json_t *its_loan) {
        answer("label", "scan", json_pack("{s:s, s:s, s:s}", "medium", id, "how", "id", "label", "current"));
        answer("media", "show", medium(id, state, classification));
        if (its_loan)
                answer("loan", "show", its_loan);
        else
                refused("loan", "show", ERR_NOT_FOUND, "");
}

static void scan_medium(const char *state, json_t *its_loan) {
        scan(MEDIUM);
        look(MEDIUM, state, "INTERNO", its_loan);
}

static void scan_person(const char *name, bool overdue, bool enrolled) {
        char typed_name[40];

        (void) snprintf(typed_name, sizeof typed_name, "@%s", name);
        scan(typed_name);
        answer("person", "show",
               json_pack("{s:s, s:s, s:b}", "name", name, "full_name", name, "enrolled", (int) enrolled));
        if (desk.call.noun && strcmp(desk.call.name, "overdue") == 0)
                answer("loan", "overdue",
                       overdue ? json_pack("{s:[{s:s}]}", "rows", "loan", "P000009") : json_pack("{s:[]}", "rows"));
}

static void lend(void) {
        scan_medium("in-custody", loan("approved", "uli"));
        scan_person("uli", false, false);
        scan("S-0001");
        answer("loan", "out", loan("out", "uli"));
}

static void test_loan_in_three_scans(void **state) {
        (void) state;
        scan_medium("in-custody", loan("approved", "uli"));
        expect_view(TONE_ASK, "OUT");
        scan_person("uli", false, false);
        expect_view(TONE_ASK, "OUT");
        scan("s'0001"); /* the Spanish keyboard's */
        expect_call("loan", "out");
        expect_arg("loan", "P000001");
        expect_arg("seal", "S0001");
        assert_null(json_object_get(desk.call.args, "sign"));
        answer("loan", "out", loan("out", "uli"));
        expect_view(TONE_DONE, "LENT");
        assert_non_null(strstr(desk.acts[0].text, "P000001: " MEDIUM " handed to uli"));
        assert_int_equal(desk.bells, 1);
        /* The person first does as well. */
        scan("CANCEL");
        now += 60 * SECOND;
        scan_person("uli", false, true);
        expect_view(TONE_ASK, "PERSON");
        scan_medium("in-custody", loan("approved", "uli"));
        scan("S-0002");
        expect_call("loan", "out");
        assert_true(json_flag(desk.call.args, "sign"));
}

static void test_without_a_pin_it_is_signed_on_paper(void **state) {
        struct error err = { 0 };

        (void) state;
        scan_person("uli", false, true);
        scan_medium("in-custody", loan("approved", "uli"));
        scan("S-0001");
        expect_call("loan", "out");
        (void) fail(&err, ERR_USAGE, "sin PIN", "no PIN");
        counter_answer(&desk, ERR_USAGE, NULL, NULL, &err, true, now);
        expect_call("loan", "out");
        assert_null(json_object_get(desk.call.args, "sign"));
        answer("loan", "out", loan("out", "uli"));
        expect_view(TONE_DONE, "LENT");
}

static void test_supervision(void **state) {
        (void) state;
        scan(MEDIUM);
        look(MEDIUM, "in-custody", "CONFIDENCIAL", loan("approved", "uli"));
        scan_person("uli", false, false);
        assert_int_equal(desk.ask, ASK_SUPERVISOR);
        scan_person("oto", false, false);
        assert_int_equal(desk.ask, ASK_SEAL);
        assert_string_equal(json_text(desk.person, "name"), "uli");
        scan("S-0001");
        expect_arg("supervisor", "oto");
        /* X1: who may not supervise is asked for anew, and the seal stays. */
        refused("loan", "out", ERR_DENIED, "X1");
        expect_view(TONE_REFUSED, "NO");
        scan_person("tia", false, false);
        expect_call("loan", "out");
        expect_arg("supervisor", "tia");
        expect_arg("seal", "S0001");
}

static void test_a_used_seal_is_asked_for_anew(void **state) {
        (void) state;
        scan_medium("in-custody", loan("approved", "uli"));
        scan_person("uli", false, false);
        scan("S-0001");
        refused("loan", "out", ERR_REFUSED, "T5");
        assert_int_equal(desk.ask, ASK_SEAL);
        scan("S-0002");
        expect_call("loan", "out");
        expect_arg("seal", "S0002");
}

static void test_refusals_of_the_desk(void **state) {
        (void) state;
        scan_medium("in-custody", loan("approved", "rosa"));
        scan_person("uli", false, false);
        expect_view(TONE_REFUSED, "NOT THEIRS");
        assert_int_equal(desk.bells, 3);
        assert_null(desk.medium);
        scan_medium("in-custody", loan("approved", "uli"));
        scan_person("uli", true, false);
        expect_view(TONE_REFUSED, "OVERDUE");
        scan_medium("lost", NULL);
        expect_view(TONE_REFUSED, "LOST");
        scan_medium("in-transit", NULL);
        expect_view(TONE_REFUSED, "SHIPPED");
        scan_medium("destroyed", NULL);
        expect_view(TONE_REFUSED, "IS NO MORE");
        scan("OUT");
        scan_medium("on-loan", loan("out", "uli"));
        expect_view(TONE_REFUSED, "NO");
        scan("IN");
        scan_medium("in-custody", NULL);
        expect_view(TONE_REFUSED, "NO");
}

static void test_return(void **state) {
        (void) state;
        scan_medium("on-loan", loan("out", "uli"));
        expect_view(TONE_ASK, "IN");
        scan("S-0001");
        assert_int_equal(desk.ask, ASK_CONDITION);
        scan("MPSIGOOD");
        expect_call("loan", "in");
        expect_arg("seal", "S0001");
        expect_arg("condition", "In good condition");
        answer("loan", "in", loan("returned", "uli"));
        expect_view(TONE_DONE, "RETURNED");
        scan("UNDO");
        expect_view(TONE_REFUSED, "UNDO");
        now += 60 * SECOND;
        scan_medium("on-loan", loan("out", "uli"));
        scan("MPSINOSEAL");
        scan("cracked case");
        expect_call("loan", "in");
        assert_true(json_flag(desk.call.args, "no-seal"));
        expect_arg("condition", "cracked case");
        answer("loan", "in", json_pack("{s:s, s:s}", "loan", "P000001", "incident", "N000001"));
        expect_view(TONE_REFUSED, "INCIDENT");
}

static void test_a_device_is_looked_for(void **state) {
        json_t *disk = medium(MEDIUM, "in-custody", "INTERNO");

        (void) state;
        (void) json_object_set_new(disk, "kind", json_string("ssd"));
        scan(MEDIUM);
        answer("label", "scan", json_pack("{s:s, s:s}", "medium", MEDIUM, "how", "id"));
        answer("media", "show", json_incref(disk));
        answer("loan", "show", loan("approved", "uli"));
        scan_person("uli", false, false);
        scan("S-0001");
        answer("device", "list", json_pack("{s:[]}", "rows"));
        expect_view(TONE_ASK, "CONNECT");
        scan(MEDIUM);
        answer("label", "scan", json_pack("{s:s, s:s}", "medium", MEDIUM, "how", "id"));
        answer("media", "show", disk);
        answer("loan", "show", loan("approved", "uli"));
        answer("device", "list", json_pack("{s:[{s:s, s:s}]}", "rows", "medium", MEDIUM, "path", "/dev/sdx"));
        expect_call("loan", "out");
        expect_arg("device", "/dev/sdx");
        expect_arg("seal", "S0001");
}

static void test_a_loan_is_asked_for(void **state) {
        (void) state;
        scan_medium("in-custody", NULL);
        expect_view(TONE_ASK, "IN CUSTODY");
        scan_person("uli", false, false);
        expect_view(TONE_ASK, "NO LOAN");
        scan("NO");
        expect_view(TONE_READY, "READY");
        scan_person("uli", false, false);
        scan_medium("in-custody", NULL);
        scan("MPSIYES");
        assert_int_equal(desk.ask, ASK_REASON);
        scan("restore of ward 3");
        expect_call("loan", "request");
        expect_arg("to", "uli");
        expect_arg("reason", "restore of ward 3");
        answer("loan", "request", loan("requested", "uli"));
        expect_view(TONE_NOTE, "WAIT");
        assert_non_null(strstr(desk.view.sentence, "olga"));
        assert_non_null(strstr(desk.view.sentence, "loan approve P000001"));
}

static void test_the_same_scan_twice_counts_once(void **state) {
        (void) state;
        counter_scan(&desk, MEDIUM, SCAN_SOUND, now += SECOND);
        look(MEDIUM, "in-custody", "INTERNO", loan("approved", "uli"));
        counter_scan(&desk, MEDIUM, SCAN_SOUND, now += SECOND / 2);
        assert_null(desk.call.noun);
        assert_true(desk.view.repeated);
        scan_person("uli", false, false);
        assert_false(desk.view.repeated);
        scan("S-0001");
        answer("loan", "out", loan("out", "uli"));
        counter_scan(&desk, "S-0001", SCAN_SOUND, now += SECOND / 2);
        assert_null(desk.call.noun);
        /* The medium once more, while it is handed over: it does not come back. */
        scan(MEDIUM);
        answer("label", "scan", json_pack("{s:s, s:s}", "medium", MEDIUM, "how", "id"));
        answer("media", "show", medium(MEDIUM, "on-loan", "INTERNO"));
        expect_view(TONE_NOTE, "DONE");
        counter_scan(&desk, "CANCEL", SCAN_SOUND, now);
        counter_scan(&desk, "CANCEL", SCAN_SOUND, now);
        assert_false(desk.view.repeated);
        /* Whoever means it says so. */
        scan("IN");
        scan_medium("on-loan", loan("out", "uli"));
        expect_view(TONE_ASK, "IN");
}

static void test_undo(void **state) {
        (void) state;
        scan("UNDO");
        expect_view(TONE_NOTE, "UNDO");
        lend();
        scan("MPSIUNDO");
        expect_call("loan", "in");
        expect_arg("seal", "S0001");
        answer("loan", "in", loan("returned", "uli"));
        expect_view(TONE_DONE, "UNDONE");
        scan("UNDO");
        expect_view(TONE_REFUSED, "UNDO");
        now += 60 * SECOND;
        scan_medium("in-custody", NULL);
        scan("HQ-S03-A12-E04-P002");
        expect_call("media", "move");
        answer("media", "move",
               json_pack("{s:s, s:s, s:s}", "medium", MEDIUM, "location", "HQ-S03-A12-E04-P002", "from", PLACE));
        expect_view(TONE_DONE, "MOVED");
        now += 301 * SECOND;
        scan("UNDO");
        expect_view(TONE_REFUSED, "UNDO"); /* too late */
        now -= 200 * SECOND;
        scan("MPSIUNDO");
        expect_call("media", "move");
        expect_arg("location", PLACE);
}

static void test_another_desk_was_first(void **state) {
        (void) state;
        scan_medium("in-custody", loan("approved", "uli"));
        scan_person("uli", false, false);
        scan("S-0001");
        refused("loan", "out", ERR_CONFLICT, "U3");
        answer("loan", "show",
               json_pack("{s:s, s:s, s:s, s:s, s:s}", "loan", "P000001", "state", "out", "borrower", "uli",
                         "handed_by", "pepa", "handed", "2026-11-23T14:43:00Z"));
        expect_view(TONE_REFUSED, "OTHER DESK");
        assert_non_null(strstr(desk.view.sentence, "pepa"));
        /* A conflict that is nobody's act is told as it is: an open incident. */
        scan_medium("in-custody", loan("approved", "uli"));
        scan_person("uli", false, false);
        scan("S-0002");
        refused("loan", "out", ERR_CONFLICT, "U9");
        answer("loan", "show", loan("approved", "uli"));
        expect_view(TONE_REFUSED, "NO");
        assert_string_equal(desk.view.sentence, "it may not be");
        /* A store that is busy is asked again, and not for ever. */
        scan_medium("in-custody", loan("approved", "uli"));
        scan_person("uli", false, false);
        scan("S-0003");
        refused("loan", "out", ERR_BUSY, "");
        refused("loan", "out", ERR_BUSY, "");
        refused("loan", "out", ERR_BUSY, "");
        expect_view(TONE_REFUSED, "BUSY");
}

static void test_readings_of_a_name(void **state) {
        (void) state;
        scan("WD'1"); /* WD-1 of a US scanner */
        expect_arg("text", "WD'1");
        refused("label", "scan", ERR_NOT_FOUND, "");
        expect_arg("text", "WD-1");
        answer("label", "scan", json_pack("{s:s, s:s}", "medium", MEDIUM, "how", "serial"));
        refused("label", "scan", ERR_NOT_FOUND, "");
        answer("label", "scan", json_pack("{s:s, s:s}", "medium", OTHER_MEDIUM, "how", "serial"));
        expect_view(TONE_REFUSED, "AMBIGUOUS");
        scan("nobody's");
        while (desk.call.noun)
                refused("label", "scan", ERR_NOT_FOUND, "");
        expect_view(TONE_REFUSED, "UNKNOWN");
}

static void test_stocktake(void **state) {
        (void) state;
        scan("MPSISTOCKTAKE");
        answer("stocktake", "show", json_pack("{s:[]}", "rows"));
        scan(MEDIUM);
        expect_view(TONE_REFUSED, "COUNT"); /* a place first */
        scan(PLACE);
        assert_int_equal(desk.ask, ASK_START);
        scan("MPSIYES");
        expect_arg("area", "HQ-S03-A12");
        answer("stocktake", "start", json_pack("{s:s}", "stocktake", "R000001"));
        answer("stocktake", "scan", json_pack("{s:[{s:s, s:s}]}", "rows", "result", "location", "location", PLACE));
        scan(MEDIUM);
        answer("stocktake", "scan",
               json_pack("{s:[{s:s, s:s, s:s}]}", "rows", "result", "found", "location", PLACE, "medium", MEDIUM));
        expect_view(TONE_DONE, "IN PLACE");
        scan(OTHER_MEDIUM);
        answer("stocktake", "scan",
               json_pack("{s:[{s:s, s:s, s:s}]}", "rows", "result", "misplaced", "location", PLACE, "medium",
                         OTHER_MEDIUM));
        expect_view(TONE_REFUSED, "MISPLACED");
        assert_int_equal(desk.counted, 2);
        scan("UNDO");
        expect_view(TONE_REFUSED, "UNDO");
        scan("MPSIDONE");
        scan("MPSIYES");
        expect_arg("stocktake", "R000001");
        answer("stocktake", "finish",
               json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "stocktake", "R000001", "expected", 2, "found", 1,
                         "misplaced", 1, "missing", 1, "unknown", 0));
        expect_view(TONE_REFUSED, "LOOK INTO");
        assert_int_equal(desk.mode, MODE_DESK);
}

static void test_move_and_locate(void **state) {
        (void) state;
        scan("MOVE");
        scan(MEDIUM);
        assert_null(desk.call.noun); /* a place first */
        scan(PLACE);
        scan(MEDIUM);
        expect_arg("location", PLACE);
        refused("media", "move", ERR_REFUSED, "U2"); /* another section */
        expect_view(TONE_REFUSED, "NO");
        scan(OTHER_MEDIUM);
        answer("media", "move",
               json_pack("{s:s, s:s, s:s}", "medium", OTHER_MEDIUM, "location", PLACE, "from", ""));
        expect_view(TONE_DONE, "MOVED");
        scan("LOCATE");
        scan(MEDIUM);
        answer("media", "locate",
               json_pack("{s:s, s:s, s:s, s:i}", "medium", MEDIUM, "search", "L000001", "location", PLACE, "target",
                         1800));
        expect_view(TONE_ASK, "LOOKING");
        scan(OTHER_MEDIUM);
        answer("media", "scan", json_pack("{s:s}", "medium", OTHER_MEDIUM));
        expect_view(TONE_REFUSED, "ANOTHER");
        scan(MEDIUM);
        answer("media", "scan", json_pack("{s:s, s:i}", "medium", MEDIUM, "seconds", 42));
        expect_view(TONE_DONE, "FOUND");
}

static void test_access(void **state) {
        json_t *access = json_pack("{s:[{s:s, s:s, s:s, s:s, s:[]}]}", "rows", "access", "A000001", "area",
                                   "HQ-S03", "section", "SECRETO", "category", "ALTA", "media");

        (void) state;
        scan("ENTER");
        scan("@uli");
        answer("person", "show", json_pack("{s:s, s:s, s:b}", "name", "uli", "full_name", "uli", "enrolled", 0));
        answer("access", "list", json_incref(access));
        assert_int_equal(desk.ask, ASK_CREDENTIAL);
        scan("MPSIBIOCARD");
        assert_int_equal(desk.ask, ASK_SUPERVISOR);
        scan("@oto");
        answer("person", "show", json_pack("{s:s}", "name", "oto"));
        assert_int_equal(desk.ask, ASK_PAPER);
        scan("HOJA 7");
        expect_call("access", "enter");
        expect_arg("credential", "biometric-card");
        expect_arg("supervisor", "oto");
        expect_arg("paper", "HOJA 7");
        answer("access", "enter", json_pack("{s:s, s:s}", "access", "A000001", "area", "HQ-S03"));
        expect_view(TONE_DONE, "GO IN");
        scan("LEAVE");
        scan("@uli");
        answer("person", "show", json_pack("{s:s, s:s, s:b}", "name", "uli", "full_name", "uli", "enrolled", 1));
        answer("access", "list", access);
        expect_call("access", "leave");
        assert_true(json_flag(desk.call.args, "sign"));
        refused("access", "leave", ERR_REFUSED, "U3");
        expect_view(TONE_REFUSED, "NO");
        scan("ENTER");
        scan("@oto");
        answer("person", "show", json_pack("{s:s, s:s}", "name", "oto", "full_name", "oto"));
        answer("access", "list", json_pack("{s:[]}", "rows"));
        expect_view(TONE_REFUSED, "NO");
}

static void test_what_nobody_ends_is_put_aside(void **state) {
        (void) state;
        scan_person("uli", false, false);
        assert_false(counter_tick(&desk, now + 30 * SECOND));
        assert_true(counter_tick(&desk, now + 91 * SECOND));
        assert_null(desk.person);
        expect_view(TONE_READY, "READY");
        lend();
        assert_true(counter_tick(&desk, now + 31 * SECOND));
        expect_view(TONE_READY, "READY");
        scan_person("uli", false, false);
        counter_escape(&desk, now);
        assert_null(desk.person);
}

/* --- any order -------------------------------------------------------------------------------------------------
 */

static uint32_t random_state = 12345;

static unsigned pick(unsigned n) {
        random_state = random_state * 1664525 + 1013904223;
        return (random_state >> 8) % n;
}

static json_t *any_answer(void) {
        static const char *const states[] = { "in-custody", "on-loan",    "lost",       "approved",   "out",
                                              "requested",  "open",       "\x1b[2J",    "authorised", "dispatched",
                                              "picked-up",  "in-transit", "quarantined" };
        json_t *with = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:s, s:s, s:s}]}", "id", MEDIUM,
                                 "medium", MEDIUM, "state", states[pick(COUNT(states))], "loan", "P000001",
                                 "borrower", pick(2) ? "uli" : "rosa", "name", "uli", "full_name",
                                 "Uli \x1b]0;pwned\x07 \u202e", "rows", "result", pick(2) ? "found" : "location",
                                 "medium", MEDIUM, "stocktake", "R000001", "area", "HQ-S03-A12", "state", "open");
        json_t *shipment = json_pack("{s:s, s:s, s:s, s:[{s:s}, {s:s}], s:{s:{}}, s:[s]}", "shipment", "E000001",
                                     "recipient", "\x1b[2J", "tracking", "gps-escort", "seals", "plain", "S1",
                                     "plain", "S2", "indicators", "tilt", "incidents", "N000001");

        if (pick(2))
                (void) json_object_del(shipment, "incidents");
        (void) json_object_update_new(with, shipment);
        return with;
}

static void expect_sound_screen(int width, int height, bool colour) {
        _cleanup_json_ json_t *who = json_pack("{s:s, s:s, s:s}", "full_name", "\x1b[31mAna\u202e", "person", "ana",
                                               "organisation", "H\x07");
        const struct counter_look look = { .width = width,
                                           .height = height,
                                           .lang = LANG_ES,
                                           .colour = colour,
                                           .now = now,
                                           .desk = who,
                                           .typed = "\x1b[2J" };
        _cleanup_free_ char *text = counter_draw(&desk, &look);
        int lines = 1, cells = 0;

        assert_non_null(text);
        for (const char *at = text; *at; at++) {
                if (*at == '\n') {
                        lines++;
                        cells = 0;
                } else if (*at == '\033') { /* ours: colours only */
                        assert_true(colour && at[1] == '[');
                        at += strcspn(at, "m");
                        assert_int_equal(*at, 'm');
                } else if (*at != '\r') {
                        assert_true((unsigned char) *at >= ' ' && *at != 0x7f);
                        cells += ((unsigned char) *at & 0xc0) != 0x80;
                        assert_true(cells <= width);
                }
        }
        assert_null(strstr(text, "\u202e"));
        if (lines > height)
                fail_msg("%d lines of %d", lines, height);
}

static void test_every_order(void **state) {
        static const char *const texts[] = { MEDIUM, OTHER_MEDIUM, PLACE,      "@uli",    "@oto", "S-0001",
                                             "WD'1", "restore",    "\xc3\x91", "E000001", "18.5" };

        (void) state;
        for (int i = 0; i < 60000; i++) {
                char code[COUNTER_CODE_TEXT];
                const char *text = texts[pick(COUNT(texts))];

                if (pick(2)) {
                        enum counter_command command = (enum counter_command) pick(COMMAND_QUIT);

                        counter_code_text(command, code);
                        text = code;
                }
                now += pick(5) * SECOND;
                counter_scan(&desk, text, pick(30) ? SCAN_SOUND : SCAN_CONTROL, now);
                for (int calls = 0; desk.call.noun; calls++) {
                        static const int codes[] = { ERR_REFUSED, ERR_NOT_FOUND, ERR_CONFLICT,
                                                     ERR_BUSY,    ERR_DENIED,    ERR_USAGE };
                        _cleanup_json_ json_t *with = any_answer();
                        struct error err = { 0 };
                        int r = pick(3) ? 0 : codes[pick(COUNT(codes))];

                        assert_true(calls < 40); /* nothing goes round in a circle */
                        assert_non_null(desk.call.args);
                        (void) fail(&err, r ? r : ERR_FAILED, "no \x1b[2J", "no \x1b[2J");
                        counter_answer(&desk, r, r ? NULL : with, NULL, &err, pick(10) == 0, now);
                }
                assert_true(*desk.view.word && *desk.view.sentence);
                assert_true(text_is_plain(desk.view.sentence) && text_is_plain(desk.acts[0].text));
                if (pick(40) == 0)
                        (void) counter_tick(&desk, now += pick(120) * SECOND);
                if (i % 50 == 0) {
                        expect_sound_screen(80, 24, true);
                        expect_sound_screen((int) pick(120) + 1, (int) pick(40) + 1, false);
                }
        }
}

static void test_words_fit_a_small_terminal(void **state) {
        struct counter_look look = { .width = 80, .height = 24, .lang = LANG_ES, .now = now };
        _cleanup_free_ char *small = NULL, *text = counter_draw(&desk, &look);

        (void) state;
        assert_non_null(strstr(text, "██████")); /* large */
        look.height = 12;
        look.width = 40;
        small = counter_draw(&desk, &look);
        assert_null(strstr(small, "█"));
        assert_non_null(strstr(small, "READY"));
}

/* --- shipments (T4, T5) ----------------------------------------------------------------------------------------
 */

static json_t *shipment(const char *state, const char *tracking, const char *indicators) {
        json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:[s], s:[{s:s}, {s:s}], s:{}}", "shipment", "E000001",
                                "state", state, "recipient", "rosa", "tracking", tracking, "media", MEDIUM, "seals",
                                "plain", "S1001", "plain", "S1002", "indicators");

        for (const char *at = indicators; *at; at += strlen(at) + 1)
                (void) json_object_set_new(json_object_get(one, "indicators"), at, json_object());
        return one;
}

static void bring(const char *state, const char *tracking, const char *indicators) {
        scan("R-110-019.E000001.0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF");
        expect_arg("shipment", "E000001");
        answer("ship", "show", shipment(state, tracking, indicators));
}

static void t4_t5_a_shipment_leaves(void **state) {
        (void) state;
        bring("authorised", "tracking-signature", "shock\0temperature\0");
        expect_view(TONE_ASK, "SHIPMENT");
        assert_non_null(strstr(desk.view.sentence, "DISPATCH"));
        scan("MPSIDELIVER"); /* out of order: said, and nothing is called */
        expect_view(TONE_REFUSED, "NO");
        scan("MPSIDISPATCH");
        assert_int_equal(desk.ask, ASK_SEAL);
        scan("MPSIDONE"); /* no seal at all is not said so */
        assert_int_equal(desk.ask, ASK_SEAL);
        scan("s-1001");
        scan("S1001"); /* the same one is no second */
        assert_int_equal(desk.ask, ASK_SEAL);
        assert_int_equal(desk.bells, 2);
        scan("E000001"); /* where a seal is asked for, it is a seal */
        assert_int_equal(desk.ask, ASK_INDICATOR);
        scan("MPSIGOOD");
        scan("much");
        assert_int_equal(desk.ask, ASK_INDICATOR);
        scan("18.5");
        expect_call("ship", "dispatch");
        expect_arg("shipment", "E000001");
        expect_arg("shock", "ok");
        assert_null(json_object_get(desk.call.args, "temperature"));
        assert_string_equal(json_string_value(json_array_get(json_object_get(desk.call.args, "reading"), 0)),
                            "temperature=18.5");
        assert_int_equal(json_array_size(json_object_get(desk.call.args, "seal")), 2);
        assert_null(json_object_get(desk.call.args, "sign")); /* the verb signs by itself */
        answer("ship", "dispatch", shipment("dispatched", "tracking-signature", ""));
        expect_view(TONE_DONE, "DONE");
        assert_int_equal(desk.mode, MODE_DESK);
}

static void t4_who_does_not_sign_does_it_again(void **state) {
        struct error err = { 0 };

        (void) state;
        bring("dispatched", "tracking-signature", "");
        scan("PICKUP");
        scan("S1001");
        scan("MPSIDONE"); /* one is missing: the verb says what that means */
        scan("Blindados SA");
        scan("m-77");
        scan("R-0042");
        expect_call("ship", "pickup");
        expect_arg("company", "Blindados SA");
        expect_arg("courier", "m-77");
        expect_arg("receipt", "R-0042");
        (void) fail(&err, ERR_USAGE, "no", "no");
        counter_answer(&desk, ERR_USAGE, NULL, NULL, &err, true, now);
        assert_int_equal(desk.view.tone, TONE_REFUSED);
        scan("MPSIPICKUP"); /* what was read is still there */
        expect_call("ship", "pickup");
        expect_arg("receipt", "R-0042");
        json_t *found = shipment("picked-up", "tracking-signature", "");
        (void) json_object_set_new(found, "incidents", json_pack("[s]", "N000007"));
        answer("ship", "pickup", found);
        expect_view(TONE_REFUSED, "INCIDENT");
        assert_non_null(strstr(desk.view.sentence, "N000007"));
}

static void t4_on_its_way_and_there(void **state) {
        struct error err = { 0 };

        (void) state;
        bring("picked-up", "gps-escort", "tilt\0");
        scan("MPSITRACK");
        assert_int_equal(desk.ask, ASK_POSITION);
        scan("40.4,-3.7");
        scan("MPSIGOOD");
        expect_call("ship", "track");
        expect_arg("position", "40.4,-3.7");
        expect_arg("event", "On its way");
        assert_true(json_is_true(json_object_get(desk.call.args, "sign")));
        (void) fail(&err, ERR_USAGE, "no", "no");
        counter_answer(&desk, ERR_USAGE, NULL, NULL, &err, true, now); /* nobody signs: it is noted all the same */
        expect_call("ship", "track");
        assert_null(json_object_get(desk.call.args, "sign"));
        answer("ship", "track", shipment("in-transit", "gps-escort", "tilt\0"));
        expect_view(TONE_DONE, "DONE");
        bring("in-transit", "gps-escort", "tilt\0");
        assert_non_null(strstr(desk.view.sentence, "DELIVER"));
        scan("MPSIDELIVER");
        scan("S1001");
        scan("S1002");
        scan("MPSIDAMAGED");
        expect_call("ship", "deliver");
        expect_arg("tilt", "tripped");
        refused("ship", "deliver", ERR_DENIED, "T4");
        expect_view(TONE_REFUSED, "NO");
        assert_int_equal(desk.mode, MODE_DESK);
        bring("delivered", "gps-escort", "tilt\0");
        expect_view(TONE_ASK, "SHIPMENT");
        assert_non_null(strstr(desk.view.sentence, "CONFIRM"));
        scan("E000009"); /* no shipment: a serial number, then */
        refused("ship", "show", ERR_NOT_FOUND, "");
        expect_call("label", "scan");
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                DESK(test_loan_in_three_scans),
                DESK(t4_t5_a_shipment_leaves),
                DESK(t4_who_does_not_sign_does_it_again),
                DESK(t4_on_its_way_and_there),
                DESK(test_without_a_pin_it_is_signed_on_paper),
                DESK(test_supervision),
                DESK(test_a_used_seal_is_asked_for_anew),
                DESK(test_refusals_of_the_desk),
                DESK(test_return),
                DESK(test_a_device_is_looked_for),
                DESK(test_a_loan_is_asked_for),
                DESK(test_the_same_scan_twice_counts_once),
                DESK(test_undo),
                DESK(test_another_desk_was_first),
                DESK(test_readings_of_a_name),
                DESK(test_stocktake),
                DESK(test_move_and_locate),
                DESK(test_access),
                DESK(test_what_nobody_ends_is_put_aside),
                DESK(test_every_order),
                DESK(test_words_fit_a_small_terminal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
