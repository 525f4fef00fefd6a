/* S7: how long a job still takes, how warm a disk may become, what the screen of many jobs shows first. */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "device/temperature.h"
#include "policy/heat.h"
#include "sanitize/pace.h"
#include "sanitize/rack.h"

#define GB INT64_C(1000000000)

/* --- pace -------------------------------------------------------------------------------------------------------
 */

/* Runs a pass from `from` at a steady rate, told every half second; returns the time. */
static int64_t steady(struct pace *pace, const struct technique *technique, size_t pass, int64_t from, int64_t to,
                      int64_t rate, int64_t now) {
        for (int64_t at = from; at < to; at += rate / 2, now += SECOND / 2)
                pace_note(pace, technique, pass, at, now);
        pace_note(pace, technique, pass, to, now);
        return now;
}

static void assert_about(int64_t value, int64_t wanted, int percent) {
        if (llabs(value - wanted) * 100 > wanted * percent)
                fail_msg("%lld is not about %lld", (long long) value, (long long) wanted);
}

static void test_eta_across_passes_of_different_speed(void **state) {
        struct pace pace = { 0 };
        const int64_t size = 100 * GB;
        int64_t now;

        (void) state;
        assert_int_equal(pace_eta(&pace, &technique_dod, size), -1);
        now = steady(&pace, &technique_dod, 0, 0, 50 * GB, GB / 10, SECOND); /* 100 MB/s, three writes and a read */
        assert_about(pace_rate(&pace, &technique_dod), GB / 10, 2);
        assert_about(pace_eta(&pace, &technique_dod, size), 3500, 3);
        now = steady(&pace, &technique_dod, 0, 50 * GB, size, GB / 10, now);
        now = steady(&pace, &technique_dod, 1, 0, size, GB / 10, now);
        now = steady(&pace, &technique_dod, 2, 0, size, GB / 10, now);
        now = steady(&pace, &technique_dod, 3, 0, 20 * GB, GB / 5, now); /* reading is twice as fast */
        assert_about(pace_rate(&pace, &technique_dod), GB / 5, 2);
        assert_about(pace_eta(&pace, &technique_dod, size), 400, 3);
        (void) now;
}

/* A disk slows down to its inner tracks: the estimate follows within some seconds, and does not jump at a hiccup.
 */
static void test_rate_is_smoothed(void **state) {
        struct pace pace = { 0 };
        int64_t now = steady(&pace, &technique_single, 0, 0, 20 * GB, GB / 5, SECOND);

        (void) state;
        now += 3 * SECOND / 2; /* nothing for a while */
        pace_note(&pace, &technique_single, 0, 20 * GB + GB / 100, now);
        assert_about(pace_rate(&pace, &technique_single), GB / 5, 15);
        now = steady(&pace, &technique_single, 0, 20 * GB + GB / 100, 26 * GB, GB / 10, now);
        assert_about(pace_rate(&pace, &technique_single), GB / 10, 10);
}

/* A pause and a resumed session are no time of the job's, and what earlier sessions measured counts at once. */
static void test_pace_after_pause_and_resume(void **state) {
        struct pace pace = { 0 }, resumed = { 0 };
        int64_t now = steady(&pace, &technique_single, 0, 0, 10 * GB, GB / 10, SECOND);

        (void) state;
        pace_rest(&pace);
        now += 3600 * SECOND;
        now = steady(&pace, &technique_single, 0, 10 * GB, 20 * GB, GB / 10, now);
        assert_about(pace_mean(&pace), GB / 10, 2);
        memcpy(resumed.done, pace.done, sizeof resumed.done);
        pace_note(&resumed, &technique_single, 0, 20 * GB, now + 100 * SECOND);
        assert_about(pace_eta(&resumed, &technique_single, 100 * GB), 1800, 3);
}

/* --- temperature ------------------------------------------------------------------------------------------------
 */

static void test_temperature_text(void **state) {
        static const struct {
                const char *text;
                bool good;
                int celsius;
        } cases[] = {
                { "41000\n", true, 41 },   { "41001\n", true, 42 },
                { "0\n", true, 0 },        { "-5500\n", true, -5 },
                { "200000", true, 200 },   { "200001\n", false, 0 },
                { "-61000\n", false, 0 },  { "", false, 0 },
                { "\n", false, 0 },        { "-\n", false, 0 },
                { "41 000\n", false, 0 },  { "0x41\n", false, 0 },
                { "41000\n\n", false, 0 }, { "99999999999999999999", false, 0 },
                { "41000 C", false, 0 },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                int celsius = 0;

                assert_int_equal(temperature_parse(cases[i].text, strlen(cases[i].text), &celsius), cases[i].good);
                assert_int_equal(celsius, cases[i].celsius);
        }
        assert_false(temperature_parse("41\0000", 5, &(int){ 0 }));
}

static void put(const char *root, const char *path, const char *text) {
        char full[256];
        FILE *file;

        (void) snprintf(full, sizeof full, "%s%s", root, path);
        for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void) mkdir(full, 0755);
                *slash = '/';
        }
        file = fopen(full, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

#define SDA "/sys/class/block/sda/device/hwmon/hwmon3"
#define NVME "/sys/class/block/nvme0n1/device/hwmon1"
#define SHARED "/sys/class/block/nvme1n1/device/nvme1/hwmon5"

static void test_sensors_are_found(void **state) {
        char root[] = "/tmp/mpsi-sys-XXXXXX", remove[64];
        struct temperature_sensor sensor = { .most = 99 };
        int celsius = 0;

        (void) state;
        assert_non_null(mkdtemp(root));
        put(root, SDA "/name", "drivetemp\n");
        put(root, SDA "/temp1_input", "38000\n");
        put(root, SDA "/temp1_max", "60000\n");
        put(root, SDA "/temp1_crit", "65000\n");
        put(root, NVME "/name", "nvme\n");
        put(root, NVME "/temp1_input", "44850\n");
        put(root, NVME "/temp1_max", "nonsense\n");
        put(root, SHARED "/temp1_input", "30850\n");
        put(root, "/sys/class/block/sdb/device/model", "no sensor\n");
        assert_true(temperature_find(root, "sda", &sensor));
        assert_string_equal(sensor.name, "drivetemp");
        assert_int_equal(sensor.most, 60);
        assert_int_equal(sensor.critical, 65);
        assert_true(temperature_read(&sensor, &celsius));
        assert_int_equal(celsius, 38);
        put(root, SDA "/temp1_input", "\n"); /* a disk that is going away */
        assert_false(temperature_read(&sensor, &celsius));
        assert_true(temperature_find(root, "nvme0n1", &sensor));
        assert_int_equal(sensor.most, 0);
        assert_true(temperature_read(&sensor, &celsius));
        assert_int_equal(celsius, 45);
        assert_true(temperature_find(root, "nvme1n1", &sensor));
        assert_false(temperature_find(root, "sdb", &sensor));
        assert_false(temperature_find(root, "sdc", &sensor));
        assert_false(temperature_find(root, "", &sensor)); /* an image has no kernel name */
        assert_false(temperature_find(root, "sd*", &sensor));
        assert_false(temperature_find(root, "../block/sda", &sensor));
        (void) snprintf(remove, sizeof remove, "rm -r %s", root);
        assert_int_equal(system(remove), 0);
}

static void test_limits(void **state) {
        struct heat_limit limit = heat_limit(KIND_HDD, 0, 0, 0);

        (void) state;
        assert_int_equal(limit.celsius, 55);
        assert_int_equal(limit.source, HEAT_TABLE);
        limit = heat_limit(KIND_SSD, 77, 84, 0);
        assert_int_equal(limit.celsius, 77);
        assert_int_equal(limit.source, HEAT_DEVICE);
        limit = heat_limit(KIND_SSD, 77, 84, 60);
        assert_int_equal(limit.celsius, 60);
        assert_int_equal(limit.source, HEAT_STATION);
        limit = heat_limit(KIND_HDD, 60, 65, 80); /* never what the disk calls critical */
        assert_int_equal(limit.celsius, 60);
        assert_int_equal(limit.source, HEAT_DEVICE);
        limit = heat_limit(KIND_HDD, 255, 0, 0); /* what no disk means */
        assert_int_equal(limit.celsius, 55);
        assert_int_equal(heat_configured(NULL), 0);
        assert_int_equal(heat_configured("50"), 50);
        assert_int_equal(heat_configured("50 C"), 50);
        assert_int_equal(heat_configured("29"), -1);
        assert_int_equal(heat_configured("86"), -1);
        assert_int_equal(heat_configured("hot"), -1);
        assert_int_equal(heat_configured("50 F"), -1);
}

static void test_waits_with_relief(void **state) {
        const struct heat_limit limit = { 55, HEAT_TABLE }, none = { 0, HEAT_TABLE };

        (void) state;
        assert_false(heat_waits(false, 54, limit));
        assert_true(heat_waits(false, 55, limit));
        assert_true(heat_waits(true, 51, limit));
        assert_false(heat_waits(true, 50, limit));
        assert_false(heat_waits(false, 90, none));
}

/* --- the rack ---------------------------------------------------------------------------------------------------
 */

static json_t *live(const char *medium, int64_t eta, int64_t errors, bool waiting, int64_t time) {
        return json_pack("{s:s, s:s, s:I, s:I, s:I, s:b, s:I, s:I, s:I}", "subject", medium, "verb", "wipe run",
                         "eta", (json_int_t) eta, "errors", (json_int_t) errors, "temperature", (json_int_t) 40,
                         "waiting", waiting, "time", (json_int_t) time, "done", (json_int_t) 30, "total",
                         (json_int_t) 120);
}

static json_t *record(const char *medium, const char *state) {
        return json_pack("{s:s, s:s, s:s, s:s}", "medium", medium, "state", state, "model", "M", "job", "J");
}

static void assert_row(const json_t *rows, size_t i, const char *medium, const char *state) {
        assert_string_equal(json_text_or_empty(json_array_get(rows, i), "medium"), medium);
        assert_string_equal(json_text_or_empty(json_array_get(rows, i), "state"), state);
}

static void test_trouble_comes_first(void **state) {
        const int64_t now = 1000 * SECOND;
        _cleanup_json_ json_t *jobs = json_pack("[o, o, o, o, o, o]", live("SLOW", 900, 0, false, now),
                                                live("FAST", 10, 0, false, now), live("BAD", 500, 4096, false, now),
                                                live("WARM", 100, 0, true, now), live("DUMB", -1, 0, false, now),
                                                live("STUCK", 5, 0, false, now - 100 * SECOND));
        _cleanup_json_ json_t *records = json_pack(
                "[o, o, o, o, o, o, o]", record("AGAIN", "failed"), record("SLOW", "running"),
                record("DONE", "sanitized"), record("LEFT", "not-sanitized"), record("CUT", "running"),
                record("OFF", "cancelled"), record("AGAIN", "sanitized")); /* wiped anew */
        _cleanup_json_ json_t *rows = rack_rows(jobs, records, now);

        (void) state;
        assert_int_equal(json_array_size(rows), 11);
        assert_row(rows, 0, "LEFT", "not-sanitized");
        assert_row(rows, 1, "CUT", "stopped");
        assert_row(rows, 2, "STUCK", "stalled");
        assert_row(rows, 3, "BAD", "errors");
        assert_row(rows, 4, "WARM", "hot");
        assert_row(rows, 5, "FAST", "working");
        assert_row(rows, 6, "SLOW", "working");
        assert_row(rows, 7, "DUMB", "working");
        assert_row(rows, 8, "OFF", "cancelled");
        assert_row(rows, 9, "AGAIN", "sanitized");
        assert_row(rows, 10, "DONE", "sanitized");
        assert_int_equal(json_int(json_array_get(rows, 5), "percent", -1), 25);
        assert_int_equal(json_int(json_array_get(rows, 5), "temperature", -1), 40);
        assert_string_equal(json_text_or_empty(json_array_get(rows, 6), "model"), "M");
}

static void test_rack_of_nothing(void **state) {
        _cleanup_json_ json_t *none = json_array(), *rows = rack_rows(none, none, 0);

        (void) state;
        assert_int_equal(json_array_size(rows), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_eta_across_passes_of_different_speed),
                cmocka_unit_test(test_rate_is_smoothed),
                cmocka_unit_test(test_pace_after_pause_and_resume),
                cmocka_unit_test(test_temperature_text),
                cmocka_unit_test(test_sensors_are_found),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_waits_with_relief),
                cmocka_unit_test(test_trouble_comes_first),
                cmocka_unit_test(test_rack_of_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
