/* X5, X1, K2: the baseline of a station's configuration, its approval by a second person, and drift. */
#include "unit/station_root.h"

static struct station_root station;

static int make_station(void **state) {
        (void) state;
        test_store_make(&station.store);
        test_expect(0, &station.store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "sam", "full-name",
                    "Sam", "roles", "security");
        root_make(&station);
        return 0;
}

static int drop_station(void **state) {
        (void) state;
        (void) close(station.listener);
        test_store_drop(&station.store);
        return 0;
}

static int record(const char *who, char ret_id[BASELINE_ID], struct error *err) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&station.store, who, &session);
        _cleanup_json_ json_t *answer = NULL;
        int r = baseline_record(act, &station.context, "a reason", &answer, err);

        if (r == 0)
                (void) snprintf(ret_id, BASELINE_ID, "%s", json_text(answer, "baseline"));
        return r;
}

/* As mpsid does it: nobody in particular acts. */
static int check(json_t **ret, struct error *err) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&station.store, NULL, &session);

        return baseline_check_run(act, &station.context, ret, err);
}

static int64_t events_of(const char *type) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&station.store, "sara", &session);
        struct error err;
        int64_t n = 0;

        assert_int_equal(db_int(act->db, &n, &err, "SELECT count(*) FROM event WHERE type = ?", "s", type), 0);
        return n;
}

static bool due(void) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&station.store, "sara", &session);
        struct error err;
        bool is = false;

        assert_int_equal(baseline_check_due(act, &is, &err), 0);
        return is;
}

static void without_a_baseline_nothing_is_compared(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        assert_int_equal(check(&answer, &err), ERR_NOT_FOUND);
        assert_string_equal(err.rule, "X5");
        assert_int_equal(events_of("baseline.checked"), 0);
        assert_false(due());
        test_expect(ERR_NOT_FOUND, &station.store, "sara", "baseline", "show", "{}");
}

static void the_first_is_in_force_at_once(void **state) {
        _cleanup_json_ json_t *answer = NULL, *shown = NULL;
        char id[BASELINE_ID];
        struct error err;

        (void) state;
        assert_int_equal(record("sara", id, &err), 0);
        assert_string_equal(id, "B000001");
        assert_int_equal(check(&answer, &err), 0);
        assert_string_equal(json_text(answer, "level"), "none");
        assert_int_equal(json_int(answer, "coverage", -1), 100);
        assert_int_equal(json_int(answer, "drift_rate", -1), 0);
        assert_int_equal(json_int(answer, "key_coverage", -1), 10000);
        assert_true(json_int(answer, "keys", 0) > 20);
        assert_int_equal(events_of("baseline.drift"), 0);
        assert_int_equal(test_call(&station.store, "olga", "baseline", "show", &shown, &err, "{}"), 0);
        assert_int_equal(json_array_size(json_object_get(shown, "rows")), json_int(answer, "keys", 0));
        /* Nothing has changed: there is nothing to approve. */
        assert_int_equal(record("sara", id, &err), ERR_CONFLICT);
}

/* --- drift ---------------------------------------------------------------------------------------------------- */

static void rule_byte(void) {
        root_put(&station, "/usr/lib/udev/rules.d/10-mpsi-gate.rules", GATE_RULE " ");
}
static void rule_mode(void) {
        root_put_mode(&station, "/usr/lib/udev/rules.d/90-mpsi-hide.rules", HIDE_RULE, 0666);
}
static void rule_added(void) {
        root_put(&station, "/run/udev/rules.d/70-x.rules", "x\n");
}
static void unit_removed(void) {
        root_remove(&station, "/usr/lib/systemd/system/mpsid.service");
}
static void unit_disabled(void) {
        root_remove(&station, "/etc/systemd/system/multi-user.target.wants/mpsid.service");
}
static void drop_in_added(void) {
        root_put(&station, "/etc/systemd/system/mpsid.service.d/z.conf", "[Service]\n");
}
static void program_changed(void) {
        root_put_mode(&station, "/usr/bin/mpsid", "daemom", 0755);
}
static void config_changed(void) {
        root_put(&station, STATION_CONFIG, "[gate]\nmode = audit\n");
}
static void member_added(void) {
        root_put(&station, "/etc/group", "root:x:0:\ndisk:x:6:eva\nmpsi:x:990:ana\n");
}
static void second_root(void) {
        char text[128];

        (void) snprintf(text, sizeof text,
                        "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nmpsi:x:%u:990::/var/lib/"
                        "mpsi:/bin/false\n",
                        (unsigned) getuid());
        root_put(&station, "/etc/passwd", text);
}
static void sysctl_changed(void) {
        root_put(&station, "/proc/sys/kernel/kptr_restrict", "0\n");
}
static void boot_line_changed(void) {
        root_put(&station, "/proc/cmdline", "root=/dev/sda2 init=/bin/sh\n");
}
static void mount_changed(void) {
        root_put(&station, "/proc/1/mountinfo", "21 1 8:2 / / rw,noatime - ext4 /dev/sda2 rw\n");
}
static void package_updated(void) {
        root_put(&station, "/var/lib/dpkg/status", "Package: udev\nStatus: install ok installed\nVersion: 252.2\n");
}
static void mounter_installed(void) {
        root_put(&station, "/var/lib/dpkg/status",
                 "Package: udev\nStatus: install ok installed\nVersion: 252.1\n\n"
                 "Package: autofs\nStatus: install ok installed\nVersion: 5\n");
}

static const struct {
        void (*drift)(void);
        const char *key, *deviation, *level;
} drifts[] = {
        { rule_byte, "rule:/usr/lib/udev/rules.d/10-mpsi-gate.rules", "changed", "critical" },
        { rule_mode, "rule:/usr/lib/udev/rules.d/90-mpsi-hide.rules", "changed", "critical" },
        { rule_added, "rule:/run/udev/rules.d/70-x.rules", "added", "critical" },
        { unit_removed, "unit:/usr/lib/systemd/system/mpsid.service", "missing", "critical" },
        { unit_disabled, "unit:/etc/systemd/system/multi-user.target.wants/mpsid.service", "missing", "critical" },
        { drop_in_added, "unit:/etc/systemd/system/mpsid.service.d/z.conf", "added", "critical" },
        { program_changed, "program:/usr/bin/mpsid", "changed", "critical" },
        { config_changed, "config:" STATION_CONFIG, "changed", "critical" },
        { member_added, "account:group disk", "changed", "critical" },
        { second_root, "account:user toor", "added", "critical" },
        { sysctl_changed, "kernel:kernel.kptr_restrict", "changed", "alert" },
        { boot_line_changed, "kernel:command-line", "changed", "alert" },
        { mount_changed, "mount:/", "changed", "alert" },
        { package_updated, "package:udev", "changed", "alert" },
        { mounter_installed, "package:autofs", "added", "alert" },
};

static void each_drift_is_found_named_and_recorded(void **state) {
        (void) state;
        for (size_t i = 0; i < COUNT(drifts); i++) {
                _cleanup_json_ json_t *answer = NULL;
                int64_t before = events_of("baseline.drift");
                const json_t *rows;
                struct error err;

                root_make(&station);
                drifts[i].drift();
                assert_int_equal(check(&answer, &err), 0);
                rows = json_object_get(answer, "rows");
                if (json_array_size(rows) != 1 ||
                    strcmp(json_text(json_array_get(rows, 0), "key"), drifts[i].key) != 0)
                        fail_msg("case %zu: %s", i, json_dumps(rows, 0));
                assert_string_equal(json_text(json_array_get(rows, 0), "deviation"), drifts[i].deviation);
                assert_string_equal(json_text(answer, "level"), drifts[i].level);
                assert_int_equal(json_int(answer, "drift_rate", 0), 100);
                assert_int_equal(json_int(answer, drifts[i].deviation, 0), 1);
                assert_int_equal(json_int(answer, "key_drift", 0), 10000 / json_int(answer, "keys", 1));
                assert_int_equal(events_of("baseline.drift"), before + 1);
        }
        root_make(&station);
}

/* --- two people ----------------------------------------------------------------------------------------------- */

static void x1_a_change_waits_for_a_second_person(void **state) {
        _cleanup_json_ json_t *before = NULL, *after = NULL, *changes = NULL;
        char id[BASELINE_ID];
        struct error err;

        (void) state;
        root_make(&station);
        package_updated();
        assert_int_equal(record("sara", id, &err), 0);
        assert_string_equal(id, "B000002");
        /* The old one stays in force until then. */
        assert_int_equal(check(&before, &err), 0);
        assert_string_equal(json_text(before, "baseline"), "B000001");
        assert_string_equal(json_text(before, "level"), "alert");
        assert_int_equal(test_call(&station.store, "sam", "baseline", "show", &changes, &err, "{s:s, s:b}",
                                   "baseline", id, "changes", 1),
                         0);
        assert_int_equal(json_array_size(json_object_get(changes, "rows")), 1);
        test_expect(ERR_DENIED, &station.store, "sara", "baseline", "approve", "{s:s}", "baseline", id);
        test_expect(ERR_DENIED, &station.store, "oto", "baseline", "approve", "{s:s}", "baseline", id);
        test_expect(0, &station.store, "sam", "baseline", "approve", "{s:s}", "baseline", "b2");
        test_expect(ERR_CONFLICT, &station.store, "olga", "baseline", "approve", "{s:s}", "baseline", id);
        assert_int_equal(check(&after, &err), 0);
        assert_string_equal(json_text(after, "baseline"), "B000002");
        assert_string_equal(json_text(after, "level"), "none");
}

static void a_newer_record_takes_the_place_of_the_waiting_one(void **state) {
        char third[BASELINE_ID], fourth[BASELINE_ID];
        struct error err;

        (void) state;
        root_make(&station);
        config_changed();
        assert_int_equal(record("sara", third, &err), 0);
        sysctl_changed();
        assert_int_equal(record("sam", fourth, &err), 0);
        test_expect(ERR_CONFLICT, &station.store, "olga", "baseline", "approve", "{s:s}", "baseline", third);
        test_expect(0, &station.store, "sara", "baseline", "approve", "{s:s}", "baseline", fourth);
        test_expect(0, &station.store, "sara", "ledger", "replay", "{}");
}

static void x5_who_may(void **state) {
        (void) state;
        test_expect(ERR_DENIED, &station.store, "oto", "baseline", "record", "{s:s}", "reason", "x");
        test_expect(ERR_DENIED, &station.store, "olga", "baseline", "check", "{}");
        test_expect(ERR_DENIED, &station.store, "cus", "baseline", "show", "{}");
        test_expect(ERR_DENIED, &station.store, "cus", "doctor", "", "{}");
        test_expect(ERR_USAGE, &station.store, "sara", "baseline", "record", "{}");
        test_expect(ERR_USAGE, &station.store, "sara", "baseline", "approve", "{s:s}", "baseline", "X1");
        test_expect(ERR_NOT_FOUND, &station.store, "sam", "baseline", "approve", "{s:s}", "baseline", "B9");
}

static void a_check_is_due_after_a_day(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        assert_int_equal(check(&answer, &err), 0);
        assert_false(due());
        station.store.now += DAY;
        assert_true(due());
}

/* X2: the map on disk is not believed when it is not what the ledger knows. */
static void an_altered_map_is_refused(void **state) {
        _cleanup_json_ json_t *shown = NULL, *answer = NULL, *drift = NULL;
        struct error err;
        char path[192], *text;
        size_t n;
        FILE *file;

        (void) state;
        assert_int_equal(test_call(&station.store, "sara", "baseline", "show", &shown, &err, "{}"), 0);
        (void) snprintf(path, sizeof path, "%s/attachments/%s", station.store.folder, json_text(shown, "digest"));
        file = fopen(path, "r+e");
        assert_non_null(file);
        text = malloc(1 << 16);
        n = fread(text, 1, 1 << 16, file);
        assert_true(n > 10);
        text[n - 3] ^= 1;
        rewind(file);
        assert_int_equal(fwrite(text, 1, n, file), n);
        assert_int_equal(fclose(file), 0);
        free(text);
        assert_int_equal(check(&answer, &err), ERR_VERIFY);
        assert_string_equal(err.rule, "X5");
        test_expect(ERR_VERIFY, &station.store, "sara", "baseline", "show", "{}");
        /* And it can be replaced. */
        {
                char id[BASELINE_ID];

                assert_int_equal(record("sara", id, &err), 0);
                test_expect(0, &station.store, "sam", "baseline", "approve", "{s:s}", "baseline", id);
                assert_int_equal(check(&drift, &err), 0);
                assert_string_equal(json_text(drift, "level"), "none");
        }
}

/* The findings come with the error: what a program needs when something drifted. */
static void the_answer_comes_with_the_error(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        /* The verbs look at this machine, which is not the station of the test. */
        assert_int_equal(test_call(&station.store, "sara", "baseline", "drift", &answer, &err, "{}"), ERR_VERIFY);
        assert_true(json_array_size(json_object_get(answer, "rows")) > 0);
        assert_string_equal(json_text(answer, "level"), "critical");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(without_a_baseline_nothing_is_compared),
                cmocka_unit_test(the_first_is_in_force_at_once),
                cmocka_unit_test(each_drift_is_found_named_and_recorded),
                cmocka_unit_test(x1_a_change_waits_for_a_second_person),
                cmocka_unit_test(a_newer_record_takes_the_place_of_the_waiting_one),
                cmocka_unit_test(x5_who_may),
                cmocka_unit_test(a_check_is_due_after_a_day),
                cmocka_unit_test(the_answer_comes_with_the_error),
                cmocka_unit_test(an_altered_map_is_refused),
        };

        return cmocka_run_group_tests(tests, make_station, drop_station);
}
