/* X3: messages for a SIEM, their escaping, the cursor and what is sent again. */
#include <sys/stat.h>
#include <syslog.h>

#include "base/str.h"
#include "siem/cursor.h"
#include "siem/marks.h"
#include "siem/message.h"
#include "siem/settings.h"
#include "unit/store.h"

static const struct siem_origin origin = { .host = "desk-1.example", .pid = 42, .facility = 13, .lang = LANG_EN };

struct sample {
        struct ledger_entry entry;
        json_t *data;
        char *text;
};

static void sample_make(struct sample *sample, const char *type, const char *subject, const char *data) {
        *sample = (struct sample){ .entry = { .event = { .seq = 7,
                                                         .time = (int64_t) 1795000000 * SECOND + 42,
                                                         .station = "desk-1",
                                                         .actor = "sara",
                                                         .os_user = "root",
                                                         .type = type,
                                                         .subject = subject },
                                              .data = data,
                                              .hash = { 0xab, 0xcd } } };
        sample->data = json_loads(data, 0, NULL);
}

static char *formatted(const struct sample *sample, bool cef) {
        struct siem_record record;
        struct error err;
        char *text = NULL;
        size_t n = 0;

        siem_record_event(&record, &sample->entry, sample->data);
        assert_int_equal(cef ? siem_format_cef(&origin, &record, &text, &n, &err)
                             : siem_format_rfc5424(&origin, &record, &text, &n, &err),
                         0);
        assert_int_equal(strlen(text), n);
        assert_true(n <= SIEM_MESSAGE_MAX);
        assert_true(text_is_plain(strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text));
        return text;
}

static void says_an_event_as_rfc5424(void **state) {
        struct sample sample;
        _cleanup_free_ char *text = NULL;

        (void) state;
        sample_make(&sample, "act.refused", "HQ00000001V",
                    "{\"outcome\":\"refused\",\"rule\":\"U3\",\"verb\":\"loan out\",\"why\":\"no\"}");
        text = formatted(&sample, false);
        assert_string_equal(
                text, "<108>1 2026-11-18T11:06:40.000042Z desk-1.example mpsi 42 act.refused [mpsi@32473 "
                      "station=\"desk-1\" "
                      "seq=\"7\" hash=\"abcd000000000000000000000000000000000000000000000000000000000000\" "
                      "actor=\"sara\" "
                      "osUser=\"root\" subject=\"HQ00000001V\" verb=\"loan out\" outcome=\"refused\" rule=\"U3\"] "
                      "\xef\xbb\xbf"
                      "Act refused: HQ00000001V, sara: no "
                      "{\"outcome\":\"refused\",\"rule\":\"U3\",\"verb\":\"loan out\",\"why\":\"no\"}");
        json_decref(sample.data);
}

static void says_an_event_as_cef(void **state) {
        struct sample sample;
        _cleanup_free_ char *text = NULL;

        (void) state;
        sample_make(&sample, "device.judged", "-",
                    "{\"verdict\":\"read-only\",\"rule\":\"C3\",\"why\":{\"en\":\"not encrypted\",\"es\":\"sin "
                    "cifrar\"}}");
        text = formatted(&sample, true);
        assert_string_equal(
                text,
                "<108>1 2026-11-18T11:06:40.000042Z desk-1.example mpsi 42 device.judged - "
                "CEF:0|mpsi|mpsi|" MPSI_VERSION "|device.judged|Medium kept read-only|6|rt=1795000000000 "
                "dvchost=desk-1.example cs1Label=station cs1=desk-1 externalId=7 cs2Label=hash "
                "cs2=abcd000000000000000000000000000000000000000000000000000000000000 suser=sara "
                "cs3Label=osUser cs3=root cs4Label=subject cs4=- outcome=read-only cs5Label=rule cs5=C3 "
                "reason=not encrypted msg=Medium kept read-only: -, sara: not encrypted cs6Label=data "
                "cs6={\"verdict\":\"read-only\",\"rule\":\"C3\",\"why\":{\"en\":\"not encrypted\",\"es\":\"sin "
                "cifrar\"}}");
        json_decref(sample.data);
}

static void escapes_what_would_break_out(void **state) {
        struct sample sample;
        _cleanup_free_ char *syslog = NULL, *cef = NULL;

        (void) state;
        sample_make(&sample, "x|y\\z", "a\"b\\c]d=e|f\ng\r\x1b[31m\x7f\xc2\x85\xe2\x80\xae\xff", "{}");
        syslog = formatted(&sample, false);
        assert_non_null(strstr(syslog, "subject=\"a\\\"b\\\\c\\]d=e|f\\\\u000ag\\\\u000d\\\\u001b[31m\\\\u007f\\\\"
                                       "u0085\\\\u202e\xef\xbf\xbd\"]"));
        cef = formatted(&sample, true);
        assert_non_null(strstr(cef, "|x\\|y\\\\z|x\\|y\\\\z|3|"));
        assert_non_null(
                strstr(cef, " cs4=a\"b\\\\c]d\\=e|f\\ng\\r\\\\u001b[31m\\\\u007f\\\\u0085\\\\u202e\xef\xbf\xbd "));
        assert_null(strchr(cef, '\n'));
        json_decref(sample.data);
}

/* 64 kB of whatever is worst: the message is cut, says so, and is still one whole line. */
static void cuts_what_is_too_long(void **state) {
        static const char *const worst[] = {
                "a", "\"", "=", "\x01", "\xc3\xb1", "\xf0\x9f\x98\x80", "\xff", "]\\"
        };

        (void) state;
        for (size_t i = 0; i < COUNT(worst); i++) {
                size_t each = strlen(worst[i]), n = 65536 / each;
                _cleanup_free_ char *long_text = calloc(1, n * each + 1), *syslog = NULL, *cef = NULL;
                struct sample sample;

                for (size_t k = 0; k < n; k++)
                        memcpy(long_text + k * each, worst[i], each);
                sample_make(&sample, long_text, long_text, "{}");
                sample.entry.event.actor = sample.entry.event.station = sample.entry.event.os_user = long_text;
                sample.entry.data = long_text;
                syslog = formatted(&sample, false);
                cef = formatted(&sample, true);
                assert_non_null(strstr(syslog, "…[cut: whole in the ledger]"));
                assert_non_null(strstr(cef, "…[cut: whole in the ledger]"));
                json_decref(sample.data);
        }
}

/* What fits to the byte is not cut. */
static void cuts_at_the_limit_only(void **state) {
        struct sample sample;
        char data[SIEM_MESSAGE_MAX + 1];
        _cleanup_free_ char *empty = NULL, *full = NULL, *over = NULL;
        size_t room;

        (void) state;
        sample_make(&sample, "report.made", "-", "{}");
        json_decref(sample.data);
        sample.data = NULL;
        sample.entry.data = "";
        empty = formatted(&sample, false);
        room = SIEM_MESSAGE_MAX - strlen(empty);
        memset(data, 'x', sizeof data);
        data[room] = '\0';
        sample.entry.data = data;
        full = formatted(&sample, false);
        assert_int_equal(strlen(full), SIEM_MESSAGE_MAX);
        assert_null(strstr(full, "…[cut"));
        data[room] = 'x';
        data[room + 1] = '\0';
        over = formatted(&sample, false);
        assert_int_equal(strlen(over), SIEM_MESSAGE_MAX);
        assert_non_null(strstr(over, "x…[cut: whole in the ledger]"));
}

static void a_damaged_time_is_nil(void **state) {
        static const int64_t times[] = { -1, INT64_MIN, INT64_MAX, (int64_t) 253402300800 * SECOND };

        (void) state;
        for (size_t i = 0; i < COUNT(times); i++) {
                _cleanup_free_ char *text = NULL;
                struct sample sample;

                sample_make(&sample, "report.made", "-", "{}");
                sample.entry.event.time = times[i];
                text = formatted(&sample, false);
                assert_int_equal(strncmp(text, "<110>1 - desk-1.example ", 24), 0);
                json_decref(sample.data);
        }
}

static int severity(const char *type, const char *data) {
        _cleanup_json_ json_t *json = json_loads(data, 0, NULL);

        return siem_level(type, json)->severity;
}

static void grades_events(void **state) {
        (void) state;
        assert_int_equal(severity("act.refused", "{}"), LOG_WARNING);
        assert_int_equal(severity("incident.opened", "{}"), LOG_ERR);
        assert_int_equal(severity("shipment.lost", "{}"), LOG_CRIT);
        assert_int_equal(severity("ledger.tampered", "{}"), LOG_CRIT);
        assert_int_equal(severity("device.judged", "{\"verdict\":\"refuse\"}"), LOG_WARNING);
        assert_int_equal(severity("device.judged", "{\"verdict\":\"accept\"}"), LOG_INFO);
        assert_int_equal(severity("device.judged", "{\"verdict\":5}"), LOG_WARNING);
        assert_int_equal(severity("access.locked", "{}"), LOG_ERR);
        assert_int_equal(severity("access.alert", "{}"), LOG_WARNING);
        assert_int_equal(severity("loan.refused", "{}"), LOG_WARNING);
        assert_int_equal(severity("medium.registered", "{}"), LOG_INFO);
        assert_int_equal(severity("something.new", "{}"), LOG_INFO);
        for (size_t i = 0; i < siem_levels_n; i++) {
                assert_in_range(siem_levels[i].severity, LOG_CRIT, LOG_INFO);
                assert_in_range(siem_levels[i].cef, 0, 10);
                assert_true(!siem_levels[i].name.es == !siem_levels[i].name.en);
        }
}

static void every_refusal_of_the_catalogue_is_a_warning(void **state) {
        (void) state;
        for (size_t i = 0; i < rooms_n; i++)
                for (size_t k = 0; k < rooms[i]->events_n; k++) {
                        const char *name = rooms[i]->events[k].name;

                        if (strstr(name, "refused") || strstr(name, "failed") || strstr(name, "lost"))
                                if (siem_level(name, NULL)->severity > LOG_WARNING)
                                        fail_msg("%s is no warning", name);
                }
}

/* X1: people read what happened to a medium, and a SIEM's screen the same words. */
static void every_event_has_a_name(void **state) {
        (void) state;
        for (size_t i = 0; i < rooms_n; i++)
                for (size_t k = 0; k < rooms[i]->events_n; k++) {
                        const char *type = rooms[i]->events[k].name;

                        if (!siem_level(type, NULL)->name.es)
                                fail_msg("%s has no name", type);
                }
        /* Who locks the vault in the evening is no attacker. */
        assert_int_equal(siem_level("key.locked", NULL)->severity, LOG_NOTICE);
}

static void keeps_a_cursor(void **state) {
        struct siem_cursor cursor = { .station = "desk-1",
                                      .done = { .seq = 9, .hash = { 1, 2, 3 }, .checkpoint = 8 },
                                      .again = { .seq = 4, .hash = { 4 }, .checkpoint = 3 },
                                      .broken = true,
                                      .time = 77 },
                           read = { 0 };
        static const char *const damaged[] = {
                "",
                "{",
                "null",
                "{\"station\":\"d\"}",
                "\xff\xfe",
                "{\"again\":{\"checkpoint\":0,\"hash\":\"zz\",\"seq\":0},\"done\":{\"checkpoint\":0,\"hash\":"
                "\"00\","
                "\"seq\":0},\"station\":\"d\",\"time\":0}",
        };
        char folder[] = "/tmp/mpsi-test-XXXXXX", path[64];
        struct error err;

        (void) state;
        assert_non_null(mkdtemp(folder));
        (void) snprintf(path, sizeof path, "%s/network", folder);
        assert_int_equal(siem_cursor_load(path, &read, &err), ERR_NOT_FOUND);
        assert_int_equal(siem_cursor_save(path, &cursor, &err), 0);
        assert_int_equal(siem_cursor_load(path, &read, &err), 0);
        assert_string_equal(read.station, "desk-1");
        assert_memory_equal(&cursor.done, &read.done, sizeof cursor.done);
        assert_memory_equal(&cursor.again, &read.again, sizeof cursor.again);
        assert_true(read.broken && read.time == 77);
        for (size_t i = 0; i < COUNT(damaged); i++) {
                FILE *file = fopen(path, "we");

                assert_non_null(file);
                assert_true(fputs(damaged[i], file) >= 0 && fclose(file) == 0);
                assert_int_equal(siem_cursor_load(path, &read, &err), ERR_VERIFY);
        }
        /* A disk that takes no more leaves the old one. */
        assert_int_equal(siem_cursor_save(path, &cursor, &err), 0);
        assert_int_equal(siem_cursor_save("/dev/full/x", &cursor, &err), ERR_FAILED);
        assert_int_equal(siem_cursor_load(path, &read, &err), 0);
        (void) unlink(path);
        (void) rmdir(folder);
}

static void the_state_folder_stands_beside_the_store(void **state) {
        _cleanup_free_ char *one = siem_state_folder("/var/lib/mpsi/store"),
                            *two = siem_state_folder("/var/lib/mpsi/store//");

        (void) state;
        assert_string_equal(one, "/var/lib/mpsi/store-siem");
        assert_string_equal(two, "/var/lib/mpsi/store-siem");
}

static int settings_of(const char *text, struct siem_settings *ret) {
        static struct config *config; /* the settings borrow from it */
        struct error err = { 0 };
        int r;

        config_free(config);
        config = NULL;
        assert_int_equal(config_parse(text, strlen(text), &config, &err), 0);
        r = siem_settings_read(config, ret, &err);
        assert_true(r == 0 || (err.what[LANG_ES][0] && err.what[LANG_EN][0]));
        if (r < 0) {
                config_free(config);
                config = NULL;
        }
        return r;
}

static void reads_settings_strictly(void **state) {
        struct siem_settings settings;

        (void) state;
        assert_int_equal(settings_of("", &settings), 0);
        assert_null(settings.host);
        assert_true(settings.tls && settings.journal && !settings.cef);
        assert_int_equal(
                settings_of("[siem]\nhost=a\nport=1\ntransport=tcp\nformat=cef\nfacility=local3\n", &settings), 0);
        assert_true(!settings.tls && settings.cef && settings.facility == 19);
        assert_int_equal(settings_of("[siem]\nhots=a\n", &settings), ERR_USAGE);
        assert_int_equal(settings_of("[siem]\ntransport=udp\n", &settings), ERR_USAGE);
        assert_int_equal(settings_of("[siem]\nport=0\n", &settings), ERR_USAGE);
        assert_int_equal(settings_of("[siem]\nport=65536\n", &settings), ERR_USAGE);
        assert_int_equal(settings_of("[siem]\nport=6514x\n", &settings), ERR_USAGE);
        assert_int_equal(settings_of("[siem]\nfacility=local8\n", &settings), ERR_USAGE);
        assert_int_equal(settings_of("[siem]\nclient-key=/k\n", &settings), ERR_USAGE);
        assert_int_equal(settings_of("[siem]\ntransport=tcp\nca=/ca\n", &settings), ERR_USAGE);
        assert_int_equal(settings_of("[siem]\nverify=no\n", &settings), ERR_USAGE); /* X6: no way round */
        assert_int_equal(settings_of("", &settings), 0);
}

static struct siem_place at(int64_t seq) {
        return (struct siem_place){ .seq = seq, .checkpoint = seq };
}

static void add_mark(struct marks *marks, int64_t seq, uint64_t offset, size_t bytes, bool anew) {
        const struct mark mark = { .end = at(seq), .offset = offset, .bytes = bytes, .anew = anew };

        assert_true(marks_add(marks, &mark));
}

static void sends_again_what_a_killed_receiver_may_have_lost(void **state) {
        struct marks *marks = calloc(1, sizeof *marks);

        (void) state;
        assert_non_null(marks);
        add_mark(marks, 10, 1000, 1000, false);
        add_mark(marks, 20, 2000, 1000, false);
        assert_false(marks_acknowledge(marks, 999, 1));
        assert_true(marks_acknowledge(marks, 1000, 1));
        assert_int_equal(marks->done.seq, 10);
        assert_true(marks_in_flight(marks));
        assert_int_equal(marks_break(marks, false, 2).seq, 0); /* broken: from before what was acknowledged */
        add_mark(marks, 10, 1000, 1000, false);
        add_mark(marks, 20, 2000, 1000, false);
        assert_true(marks_acknowledge(marks, 2000, 3));
        assert_int_equal(marks->done.seq, 20);
        assert_int_equal(marks_break(marks, true, 4).seq, 20); /* in order: from after it */
        free(marks);
}

static void an_old_acknowledgement_is_taken_as_read(void **state) {
        struct marks *marks = calloc(1, sizeof *marks);
        uint64_t now = 1;

        (void) state;
        assert_non_null(marks);
        add_mark(marks, 10, 1000, 1000, false);
        assert_true(marks_acknowledge(marks, 1000, now));
        now += AGAIN_TIME + 1;
        add_mark(marks, 20, 2000, 1000, false);
        assert_true(marks_acknowledge(marks, 2000, now));
        assert_int_equal(marks_break(marks, false, now).seq, 10);
        /* A peer that breaks each connection soon may have kept nothing, however often it does so. */
        for (int i = 0; i < 9; i++) {
                add_mark(marks, 20, 1000, 1000, false);
                assert_true(marks_acknowledge(marks, 1000, now));
                now += AGAIN_TIME / 2;
                assert_int_equal(marks_break(marks, false, now).seq, 10);
        }
        free(marks);
}

static void the_volume_sent_again_is_bounded(void **state) {
        struct marks *marks = calloc(1, sizeof *marks);
        uint64_t offset = 0;
        int64_t seq = 0;

        (void) state;
        assert_non_null(marks);
        for (int i = 0; i < 3 * MARKS_MAX; i++) {
                add_mark(marks, ++seq, offset += 100000, 100000, false);
                assert_true(marks_acknowledge(marks, offset, 1));
        }
        assert_in_range(seq - marks_break(marks, false, 2).seq, 83, 86); /* 8 MiB of 100 kB */
        for (int i = 0; i < MARKS_MAX; i++)
                add_mark(marks, ++seq, (uint64_t) i + 1, 1, false);
        assert_false(marks_add(marks, &(struct mark){ .end = at(seq + 1) }));
        assert_true(marks_acknowledge(marks, 1, 3));
        add_mark(marks, ++seq, MARKS_MAX + 1, 1, false);
        free(marks);
}

static void a_ledger_from_its_start_moves_the_cursor_back(void **state) {
        struct marks *marks = calloc(1, sizeof *marks);

        (void) state;
        assert_non_null(marks);
        marks->done = marks->base = at(100);
        add_mark(marks, 50, 1000, 1000, true);
        assert_true(marks_acknowledge(marks, 1000, 1));
        assert_int_equal(marks->done.seq, 50);
        assert_int_equal(marks->base.seq, 0);
        assert_int_equal(marks_break(marks, false, 2).seq, 0);
        free(marks);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(says_an_event_as_rfc5424),
                cmocka_unit_test(says_an_event_as_cef),
                cmocka_unit_test(escapes_what_would_break_out),
                cmocka_unit_test(cuts_what_is_too_long),
                cmocka_unit_test(cuts_at_the_limit_only),
                cmocka_unit_test(a_damaged_time_is_nil),
                cmocka_unit_test(grades_events),
                cmocka_unit_test(every_refusal_of_the_catalogue_is_a_warning),
                cmocka_unit_test(every_event_has_a_name),
                cmocka_unit_test(keeps_a_cursor),
                cmocka_unit_test(the_state_folder_stands_beside_the_store),
                cmocka_unit_test(reads_settings_strictly),
                cmocka_unit_test(sends_again_what_a_killed_receiver_may_have_lost),
                cmocka_unit_test(an_old_acknowledgement_is_taken_as_read),
                cmocka_unit_test(the_volume_sent_again_is_bounded),
                cmocka_unit_test(a_ledger_from_its_start_moves_the_cursor_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
