/* Each check of `doctor` (X5, C3, C4, C10, X2, X7): a station in order, and one that breaks just it. */
#include "unit/station_root.h"

#include "backup/backup.h"
#include "siem/cursor.h"

static struct station_root station;

static int make_station(void **state) {
        char path[96];

        (void) state;
        (void) umask(027); /* as the programs set it */
        test_store_make(&station.store);
        (void) snprintf(path, sizeof path, "%s/recovery/recovery.key", station.store.folder);
        assert_int_equal(remove(path), 0);
        assert_int_equal(chmod(station.store.folder, 0700), 0);
        root_make(&station);
        return 0;
}

static int drop_station(void **state) {
        (void) state;
        (void) close(station.listener);
        test_store_drop(&station.store);
        return 0;
}

static int examine(json_t **ret) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&station.store, "sara", &session);
        struct error err = { 0 };
        int r = doctor_run(act, &station.context, ret, &err);

        assert_true(r == 0 || (r == ERR_VERIFY && err.what[LANG_ES][0] && err.hint[LANG_EN][0]));
        return r;
}

/* The worst severity of a check's rows. */
static int worst(const json_t *answer, const char *check) {
        const json_t *row;
        int severity = -1;
        size_t i;

        json_array_foreach(json_object_get(answer, "rows"), i,
                           row) if (strcmp(json_text(row, "check"), check) == 0) {
                int one = term_parse(severity_terms, SEVERITIES, json_text(row, "severity"));

                severity = one > severity ? one : severity;
                assert_true(*json_text(row, "what") && *json_text(row, "rule"));
                assert_true(one < SEVERITY_WARN || *json_text(row, "remedy"));
        }
        assert_true(severity >= 0);
        return severity;
}

/* What a sound station says: nothing to mend but what a test can't have. */
static int sound(const char *check) {
        if (strcmp(check, "backup") == 0 || strcmp(check, "baseline") == 0)
                return SEVERITY_WARN; /* none was made yet */
        /* It tells their digests; and no SIEM is configured. */
        return strcmp(check, "programs") == 0 || strcmp(check, "siem") == 0 ? SEVERITY_INFO : SEVERITY_OK;
}

static void a_sound_station_has_nothing_to_mend(void **state) {
        _cleanup_json_ json_t *answer = NULL;

        (void) state;
        root_make(&station);
        assert_int_equal(examine(&answer), 0);
        for (size_t i = 0; i < station_checks_n; i++)
                if (worst(answer, station_checks[i].id) != sound(station_checks[i].id))
                        fail_msg("%s: %d", station_checks[i].id, worst(answer, station_checks[i].id));
        assert_string_equal(json_text(answer, "verdict"), "warn");
}

/* --- one thing broken ---------------------------------------------------------------------------------------- */

#define BREAK(name, ...)                                                                                           \
        static void name(void) {                                                                                   \
                __VA_ARGS__;                                                                                       \
        }
#define IN_STORE(path, name) (void) snprintf(path, sizeof path, "%s/%s", station.store.folder, name)

BREAK(rule_missing, root_remove(&station, "/usr/lib/udev/rules.d/90-mpsi-hide.rules"))
BREAK(rule_changed, root_put(&station, "/usr/lib/udev/rules.d/10-mpsi-gate.rules", GATE_RULE "# \n"))
BREAK(rule_masked, root_link(&station, "/etc/udev/rules.d/10-mpsi-gate.rules", "/dev/null"))
BREAK(rule_replaced, root_put(&station, "/run/udev/rules.d/90-mpsi-hide.rules", "# nothing\n"))
BREAK(rule_undone, root_put(&station, "/etc/udev/rules.d/99-local.rules", "ENV{UDISKS_IGNORE}=\"0\"\n"))
BREAK(rule_harmless, root_put(&station, "/etc/udev/rules.d/50-printer.rules", "MODE=\"0660\"\n"))
BREAK(gate_missing, root_remove(&station, "/usr/lib/mpsi/mpsi-gate"))
BREAK(gate_fails, root_put_mode(&station, "/usr/lib/mpsi/mpsi-gate", "#!/bin/sh\nexit 3\n", 0755))
BREAK(gate_folder_open, {
        char folder[96];

        (void) snprintf(folder, sizeof folder, "%s/usr/lib/mpsi", station.root);
        assert_int_equal(chmod(folder, 0777), 0);
})
BREAK(gate_audit, root_put(&station, STATION_CONFIG, "[gate]\nmode = audit\n"))
BREAK(gate_nonsense, root_put(&station, STATION_CONFIG, "[gate]\nmode = maybe\n"))
BREAK(config_broken, root_put(&station, STATION_CONFIG, "[gate]\nnonsense\n"))
BREAK(udevd_down, root_remove(&station, "/run/udev/control"))
BREAK(mpsid_down, {
        (void) close(station.listener);
        station.listener = 0;
})
BREAK(unit_missing, root_remove(&station, "/usr/lib/systemd/system/mpsid.service"))
BREAK(unit_replaced, root_put(&station, "/etc/systemd/system/mpsid.service", UNIT "# ours\n"))
BREAK(unit_drop_in, root_put(&station, "/etc/systemd/system/mpsid.service.d/x.conf", "[Service]\nUser=root\n"))
BREAK(unit_disabled, root_remove(&station, "/etc/systemd/system/multi-user.target.wants/mpsid.service"))
BREAK(program_missing, root_remove(&station, "/usr/bin/mpsid"))
BREAK(program_open, root_put_mode(&station, "/usr/bin/mpsi", "program", 0775))
BREAK(usbmount, root_put(&station, "/usr/share/usbmount/usbmount", "#!/bin/sh\n"))
BREAK(udisks_hidden, root_put(&station, "/usr/libexec/udisks2/udisksd", "x"))
BREAK(stick_mounted, root_put(&station, "/proc/1/mountinfo",
                              "21 1 8:2 / / rw,relatime - ext4 /dev/sda2 rw\n"
                              "40 21 8:17 / /media/stick rw,nosuid - vfat /dev/sdb1 rw\n"))
BREAK(stick_mounted_ro, root_put(&station, "/proc/1/mountinfo",
                                 "21 1 8:2 / / rw,relatime - ext4 /dev/sda2 rw\n"
                                 "40 21 8:17 / /media/stick ro,nosuid - vfat /dev/sdb1 ro\n"))
/* Through a mapping of somebody else's making. */
BREAK(stick_mapped, {
        root_link(&station, "/sys/devices/virtual/block/dm-1/slaves/sdb1",
                  "../../../../pci0/usb1/1-1/block/sdb/sdb1");
        root_link(&station, "/sys/dev/block/254:1", "../../devices/virtual/block/dm-1");
        root_put(&station, "/proc/1/mountinfo",
                 "21 1 8:2 / / rw - ext4 /dev/sda2 rw\n40 21 254:1 / /mnt rw - ext4 /dev/mapper/x rw\n");
})
BREAK(system_on_stick, root_put(&station, "/proc/1/mountinfo",
                                "21 1 8:17 / / rw,relatime - ext4 /dev/sdb1 rw\n"
                                "22 21 8:17 / /home rw,relatime - ext4 /dev/sdb1 rw\n"))
BREAK(usb_open, root_put(&station, "/sys/bus/usb/devices/usb1/authorized_default", "1\n"))
BREAK(swap_plain, root_put(&station, "/sys/class/block/dm-0/dm/uuid", "LVM-abc\n"))
BREAK(swap_on_crypt, {
        root_put(&station, "/sys/class/block/dm-0/dm/uuid", "LVM-abc\n");
        root_put(&station, "/sys/class/block/dm-1/dm/uuid", "CRYPT-LUKS2-x\n");
        root_link(&station, "/sys/class/block/dm-0/slaves/dm-1", "../../dm-1");
})
BREAK(swap_half_on_crypt, {
        swap_on_crypt();
        root_put(&station, "/sys/class/block/sda3/partition", "3\n");
        root_link(&station, "/sys/class/block/dm-0/slaves/sda3", "../../sda3");
})
BREAK(swap_file, root_put(&station, "/proc/swaps", "Filename Type Size Used Priority\n/swapfile file 1 0 -2\n"))
BREAK(core_pipe, root_put(&station, "/proc/sys/kernel/core_pattern", "|/usr/lib/systemd/systemd-coredump %P\n"))
BREAK(aslr_off, root_put(&station, "/proc/sys/kernel/randomize_va_space", "0\n"))
BREAK(ptrace_open, root_put(&station, "/proc/sys/kernel/yama/ptrace_scope", "0\n"))
BREAK(parameter_absent, root_remove(&station, "/proc/sys/kernel/yama/ptrace_scope"))
BREAK(secure_boot_off, root_put_efi(&station, 0))
BREAK(tpm_old, root_put(&station, "/sys/class/tpm/tpm0/tpm_version_major", "1\n"))
/* Configured, and nothing was sent yet; or the SIEM is away for some days; or it knows more than the ledger. */
static void siem_at(int64_t seq, int64_t days) {
        struct siem_cursor cursor = { .station = "desk" };
        struct error err;
        char folder[80], path[96];

        root_put(&station, STATION_CONFIG, "[siem]\nhost = siem.example\n");
        cursor.done.seq = cursor.again.seq = seq;
        cursor.time = station.store.now - days * DAY;
        (void) snprintf(folder, sizeof folder, "%s-siem", station.store.folder);
        (void) mkdir(folder, 0700);
        (void) snprintf(path, sizeof path, "%s/" SIEM_CURSOR_NETWORK, folder);
        assert_int_equal(siem_cursor_save(path, &cursor, &err), 0);
}
BREAK(siem_never, root_put(&station, STATION_CONFIG, "[siem]\nhost = siem.example\n"))
BREAK(siem_behind, siem_at(1, 0))
BREAK(siem_away, siem_at(1, 2))
BREAK(siem_gone, siem_at(1, 4))
BREAK(siem_ahead, siem_at(1000000, 0))
BREAK(siem_mistyped, root_put(&station, STATION_CONFIG, "[siem]\nhots = siem.example\n"))
BREAK(disk_low, test_room = 1000 * 1000000LL)
BREAK(disk_full, test_room = 1000000)
BREAK(disk_unknown, test_room = -1)
BREAK(clock_free, test_synchronised = 0)
BREAK(clock_unknown, test_synchronised = -5)
BREAK(clock_forbidden, test_synchronised = -1)
BREAK(clock_forbidden_but_kept, {
        test_synchronised = -1;
        root_put(&station, "/run/systemd/timesync/synchronized", "");
})
BREAK(store_group, assert_int_equal(chmod(station.store.folder, 0750), 0))
BREAK(store_open_to_all, {
        char path[96];

        IN_STORE(path, "people");
        assert_int_equal(chmod(path, 0755), 0);
})
BREAK(store_without_account, root_put(&station, "/etc/passwd", "root:x:0:0::/root:/bin/sh\n"))
BREAK(store_of_another, root_put(&station, "/etc/passwd", "mpsi:x:4242:990::/:/bin/false\n"))
BREAK(vault_open_to_group, {
        char path[96];

        IN_STORE(path, "vault.db");
        assert_int_equal(chmod(path, 0640), 0);
})
BREAK(recovery_left, {
        char path[96];
        int fd;

        IN_STORE(path, "recovery/recovery.key");
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        (void) close(fd);
})
BREAK(certificates_old, station.store.now += (3 * 365 - 30) * DAY)
BREAK(certificates_over, station.store.now += (3 * 365 + 1) * DAY)
BREAK(master_due, station.store.now += 340 * DAY)
BREAK(master_overdue, station.store.now += 366 * DAY)
BREAK(clock_back, station.store.now -= DAY)

static const struct {
        void (*break_it)(void);
        const char *check;
        enum severity severity;
        const char *also; /* a check that can't but see it too */
} breakages[] = {
        { rule_missing, "udev-rules", SEVERITY_FAIL, NULL },
        { rule_changed, "udev-rules", SEVERITY_FAIL, NULL },
        { rule_masked, "udev-overrides", SEVERITY_FAIL, "gate-program" },
        { rule_replaced, "udev-overrides", SEVERITY_FAIL, NULL },
        { rule_undone, "udev-overrides", SEVERITY_WARN, NULL },
        { rule_harmless, "udev-overrides", SEVERITY_OK, NULL },
        { gate_missing, "gate-program", SEVERITY_FAIL, "programs" },
        { gate_fails, "gate-program", SEVERITY_FAIL, NULL },
        { gate_folder_open, "gate-program", SEVERITY_FAIL, NULL },
        { gate_audit, "gate-mode", SEVERITY_WARN, NULL },
        { gate_nonsense, "gate-mode", SEVERITY_FAIL, NULL },
        { config_broken, "gate-mode", SEVERITY_FAIL, "siem" },
        { udevd_down, "udevd", SEVERITY_FAIL, NULL },
        { mpsid_down, "mpsid", SEVERITY_FAIL, NULL },
        { unit_missing, "units", SEVERITY_FAIL, NULL },
        { unit_replaced, "units", SEVERITY_FAIL, NULL },
        { unit_drop_in, "units", SEVERITY_WARN, NULL },
        { unit_disabled, "units", SEVERITY_WARN, NULL },
        { program_missing, "programs", SEVERITY_FAIL, NULL },
        { program_open, "programs", SEVERITY_FAIL, NULL },
        { usbmount, "automounters", SEVERITY_WARN, NULL },
        { udisks_hidden, "automounters", SEVERITY_INFO, NULL },
        { stick_mounted, "foreign-mounts", SEVERITY_FAIL, NULL },
        { stick_mounted_ro, "foreign-mounts", SEVERITY_OK, NULL },
        { stick_mapped, "foreign-mounts", SEVERITY_FAIL, NULL },
        { system_on_stick, "foreign-mounts", SEVERITY_OK, NULL },
        { usb_open, "usb-authorized", SEVERITY_INFO, NULL },
        { swap_plain, "swap", SEVERITY_WARN, NULL },
        { swap_on_crypt, "swap", SEVERITY_OK, NULL },
        { swap_half_on_crypt, "swap", SEVERITY_WARN, NULL },
        { swap_file, "swap", SEVERITY_WARN, NULL },
        { core_pipe, "core-dumps", SEVERITY_WARN, NULL },
        { aslr_off, "kernel", SEVERITY_FAIL, NULL },
        { ptrace_open, "kernel", SEVERITY_WARN, NULL },
        { parameter_absent, "kernel", SEVERITY_OK, NULL },
        { secure_boot_off, "secure-boot", SEVERITY_INFO, NULL },
        { tpm_old, "tpm", SEVERITY_INFO, NULL },
        { siem_never, "siem", SEVERITY_WARN, NULL },
        { siem_behind, "siem", SEVERITY_INFO, NULL },
        { siem_away, "siem", SEVERITY_WARN, NULL },
        { siem_gone, "siem", SEVERITY_FAIL, NULL },
        { siem_ahead, "siem", SEVERITY_FAIL, NULL },
        { siem_mistyped, "siem", SEVERITY_FAIL, NULL },
        { disk_low, "space", SEVERITY_WARN, NULL },
        { disk_full, "space", SEVERITY_FAIL, NULL },
        { disk_unknown, "space", SEVERITY_WARN, NULL },
        { clock_free, "clock", SEVERITY_WARN, NULL },
        { clock_unknown, "clock", SEVERITY_WARN, NULL },
        { clock_forbidden, "clock", SEVERITY_INFO, NULL },
        { clock_forbidden_but_kept, "clock", SEVERITY_OK, NULL },
        { store_group, "store", SEVERITY_WARN, NULL },
        { store_open_to_all, "store", SEVERITY_FAIL, NULL },
        { store_without_account, "store", SEVERITY_FAIL, NULL },
        { store_of_another, "store", SEVERITY_FAIL, NULL },
        { vault_open_to_group, "vault", SEVERITY_FAIL, NULL },
        { recovery_left, "recovery-key", SEVERITY_WARN, NULL },
        { certificates_old, "certificates", SEVERITY_WARN, "key-age" },
        { certificates_over, "certificates", SEVERITY_FAIL, "key-age" },
        { master_due, "key-age", SEVERITY_WARN, NULL },
        { master_overdue, "key-age", SEVERITY_FAIL, NULL },
        { clock_back, "clock-back", SEVERITY_FAIL, NULL },
};

static void mend_store(int64_t now) {
        char path[96];

        station.store.now = now;
        assert_int_equal(chmod(station.store.folder, 0700), 0);
        IN_STORE(path, "people");
        assert_int_equal(chmod(path, 0750), 0);
        IN_STORE(path, "vault.db");
        assert_int_equal(chmod(path, 0600), 0);
        IN_STORE(path, "recovery/recovery.key");
        (void) remove(path);
        (void) snprintf(path, sizeof path, "%s-siem/" SIEM_CURSOR_NETWORK, station.store.folder);
        (void) remove(path);
}

static void each_breakage_is_found_and_only_it(void **state) {
        int64_t now = station.store.now;

        (void) state;
        for (size_t i = 0; i < COUNT(breakages); i++) {
                _cleanup_json_ json_t *answer = NULL;
                bool fails;
                int r;

                root_make(&station);
                breakages[i].break_it();
                r = examine(&answer);
                if (worst(answer, breakages[i].check) != (int) breakages[i].severity)
                        fail_msg("case %zu, %s: %d", i, breakages[i].check, worst(answer, breakages[i].check));
                fails = breakages[i].severity == SEVERITY_FAIL ||
                        (breakages[i].also && worst(answer, breakages[i].also) == SEVERITY_FAIL);
                assert_int_equal(r, fails ? ERR_VERIFY : 0);
                for (size_t c = 0; c < station_checks_n; c++) {
                        const char *id = station_checks[c].id;

                        if (strcmp(id, breakages[i].check) == 0 ||
                            (breakages[i].also && strcmp(id, breakages[i].also) == 0))
                                continue;
                        if (worst(answer, id) != sound(id))
                                fail_msg("case %zu, %s also breaks %s: %d", i, breakages[i].check, id,
                                         worst(answer, id));
                }
                mend_store(now);
        }
}

/* Without the hiding rules a mounter that heeds them sees every stick. */
static void c3_udisks_without_hiding_rules(void **state) {
        _cleanup_json_ json_t *answer = NULL;

        (void) state;
        root_make(&station);
        udisks_hidden();
        rule_missing();
        assert_int_equal(examine(&answer), ERR_VERIFY);
        assert_int_equal(worst(answer, "automounters"), SEVERITY_FAIL);
}

/* A registered medium that is mounted is no alarm. */
static void c3_a_registered_stick_is_known_by_its_serial(void **state) {
        _cleanup_json_ json_t *answer = NULL;

        (void) state;
        root_make(&station);
        test_expect(0, &station.store, "cus", "media", "register", "{s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "kind",
                    "ssd", "classification", "INTERNO", "category", "BASICA", "owner", "olga", "expires",
                    "2036-01-01", "retention", 3650, "serial", "STICK-77");
        root_put(&station, "/run/udev/data/b8:16", "S:disk/by-id/x\nE:ID_SERIAL_SHORT=STICK-77\nE:ID_BUS=usb\n");
        stick_mounted();
        assert_int_equal(examine(&answer), 0);
        assert_int_equal(worst(answer, "foreign-mounts"), SEVERITY_INFO);
}

/* X7: the age of the newest backup that was found whole; one that was not, and one that nobody tried, are none. */
static void x7_backups_age(void **state) {
        const struct schema *const schemas[] = { backup_room.schema };
        static const struct {
                int64_t days;
                enum severity severity;
        } rows[] = { { 1, SEVERITY_OK }, { 10, SEVERITY_WARN }, { 40, SEVERITY_FAIL } };

        (void) state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                _cleanup_(db_closep) struct db *db = NULL;
                _cleanup_json_ json_t *found_rows = json_array();
                struct act act = { .clock = &station.store.clock };
                struct doctor doctor = { .act = &act, .check = &station_checks[0], .rows = found_rows };
                struct error err;

                assert_int_equal(db_open("", DB_SCRATCH, &db, &err), 0);
                assert_int_equal(db_migrate(db, schemas, 1, &err), 0);
                assert_int_equal(
                        db_exec(db, &err,
                                "INSERT INTO backup (number, created, created_by, sha256, size, files, recipient, "
                                "checkpoint, verified, result) SELECT column1, ?2 - column2 * ?3, 'sara', '', 1, "
                                "1, "
                                "'', '', ?2, column3 FROM (VALUES (1, ?1, 'whole'), (2, 0, 'damaged'), (3, 0, "
                                "NULL))",
                                "iii", rows[i].days, station.store.now, (int64_t) DAY),
                        3);
                act.db = db;
                check_backup(&doctor);
                assert_int_equal(doctor.counts[rows[i].severity], rows[i].severity == SEVERITY_OK ? 0 : 1);
                assert_int_equal(doctor.found, rows[i].severity == SEVERITY_OK ? 0 : 1);
                json_decref(act.said);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_sound_station_has_nothing_to_mend),
                cmocka_unit_test(each_breakage_is_found_and_only_it),
                cmocka_unit_test(c3_udisks_without_hiding_rules),
                cmocka_unit_test(c3_a_registered_stick_is_known_by_its_serial),
                cmocka_unit_test(x7_backups_age),
        };

        return cmocka_run_group_tests(tests, make_station, drop_station);
}
