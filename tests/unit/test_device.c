/* Facts, identity, guards and the gate, on real loop devices. Proves S6, C3 (the gate's ioctl), L1 (identity). */
#include "unit/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "device/facts.h"
#include "device/gate.h"
#include "device/identity.h"
#include "device/text.h"

enum { MIB = 1 << 20 };

static struct device_facts facts_of(const char *path, const char *store) {
        struct device_facts facts;
        struct error err = { 0 };

        assert_int_equal(device_facts_read(path, store, &facts, &err), 0);
        return facts;
}

static void test_text(void **state) {
        char out[16];

        (void) state;
        device_text("  WD\x1b[31m  Blue\n ", out, sizeof out);
        assert_string_equal(out, "WD?[31m Blue?");
        device_text("bad\xff\xc3(", out, sizeof out);
        assert_string_equal(out, "bad?"
                                 "?(");
        device_text("\xe2\x80\xae"
                    "evil",
                    out, sizeof out); /* a direction override */
        assert_string_equal(out, "???evil");
        device_text("ñandúñandúñandú", out, sizeof out);
        assert_true(utf8_valid(out, strlen(out)));
        device_text_encoded("USB\\x20\\x20DISK\\x1b", out, sizeof out);
        assert_string_equal(out, "USB DISK?");
        device_text(NULL, out, sizeof out);
        assert_string_equal(out, "");
}

/* S6: two that differ anywhere stay different. */
static void test_identity_text(void **state) {
        char a[128], b[128], same[128], long_a[70000], long_b[70000];

        (void) state;
        device_text_identity("  WD-123  45 ", a, sizeof a);
        assert_string_equal(a, "WD-123 45");
        memset(long_a, 'A', sizeof long_a - 1);
        long_a[sizeof long_a - 1] = '\0';
        memcpy(long_b, long_a, sizeof long_b);
        long_b[sizeof long_b - 2] = 'B';
        device_text_identity(long_a, a, sizeof a);
        device_text_identity(long_b, b, sizeof b);
        device_text_identity(long_a, same, sizeof same);
        assert_string_not_equal(a, b);
        assert_string_equal(a, same);
        assert_int_equal(strlen(a), sizeof a - 1);
        device_text_identity("odd\x01", a, sizeof a);
        device_text_identity("odd\x02", b, sizeof b);
        assert_string_not_equal(a, b);
        assert_true(text_is_plain(a));
        long_a[127] = '\0'; /* just fits */
        device_text_identity(long_a, a, sizeof a);
        assert_string_equal(a, long_a);
        for (size_t i = 0; i < 60; i++)
                memcpy(long_a + 2 * i + 1, "ñ", 2);
        memcpy(long_a + 121, "ñññññ", sizeof "ñññññ");
        device_text_identity(long_a, a, sizeof a);
        assert_true(text_is_plain(a));
}

static void test_no_device(void **state) {
        struct device_facts facts;
        struct error err = { 0 };

        (void) state;
        assert_int_equal(device_facts_read("/dev/no-such-node", NULL, &facts, &err), ERR_NOT_FOUND);
        assert_int_equal(device_facts_read("/dev/null", NULL, &facts, &err), ERR_USAGE);
        assert_int_equal(device_facts_read("/tmp", NULL, &facts, &err), ERR_USAGE);
        assert_true(strlen(err.what[LANG_ES]) > 0 && strlen(err.what[LANG_EN]) > 0);
}

static void test_blank_loop(void **state) {
        struct device_facts facts;
        struct error err = { 0 };
        struct loop loop;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/dev/shm", 8 * MIB, NULL);
        facts = facts_of(loop.device, NULL);
        assert_string_equal(facts.path, loop.device);
        assert_string_equal(facts.name, loop.device + 5);
        assert_int_equal(facts.size, 8 * MIB);
        assert_int_equal(facts.logical_block, 512);
        assert_false(facts.image || facts.partition || facts.system || facts.mounted || facts.held || facts.swap);
        assert_string_equal(facts.filesystem, "");
        assert_true(facts.diskseq > 0);
        assert_non_null(strchr(facts.insertion, ':'));
        assert_int_equal(facts.kind, facts.rotational ? KIND_HDD : KIND_SSD);
        assert_int_equal(device_refuse_in_use(&facts, &err), 0);
        loop_done(&loop);
}

/* The image behind a loop device counts as held; a copy of it that nobody uses doesn't. */
static void test_image(void **state) {
        struct device_facts facts;
        struct error err = { 0 };
        struct loop loop;

        (void) state;
        LOOP_OR_SKIP();
        loop_image(&loop, "/tmp", 4 * MIB, NULL);
        facts = facts_of(loop.image, NULL);
        assert_true(facts.image);
        assert_false(facts.held);
        assert_int_equal(facts.size, 4 * MIB);
        assert_int_equal(strncmp(facts.insertion, "image:", 6), 0);
        assert_int_equal(device_refuse_in_use(&facts, &err), 0);
        loop_attach(&loop, false);
        facts = facts_of(loop.image, NULL);
        assert_true(facts.held);
        assert_string_equal(facts.holder, loop.device + 5);
        assert_int_equal(device_refuse_in_use(&facts, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S6");
        assert_non_null(strstr(err.what[LANG_EN], loop.device + 5));
        loop_done(&loop);
}

static void test_mounted(void **state) {
        struct device_facts facts;
        struct error err = { 0 };
        struct loop loop, inner;
        char point[80], command[64];
        int fd;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 16 * MIB, NULL);
        (void) snprintf(command, sizeof command, "mkfs.ext4 -q -L PRUEBA %s", loop.device);
        assert_int_equal(system(command), 0);
        facts = facts_of(loop.device, NULL);
        assert_string_equal(facts.filesystem, "ext4");
        assert_string_equal(facts.filesystem_label, "PRUEBA");
        (void) snprintf(point, sizeof point, "%s/point", loop.folder);
        assert_int_equal(mkdir(point, 0700), 0);
        assert_int_equal(mount(loop.device, point, "ext4", 0, NULL), 0);
        facts = facts_of(loop.device, NULL);
        assert_true(facts.mounted);
        assert_string_equal(facts.holder, point);
        assert_int_equal(device_refuse_in_use(&facts, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S6");
        assert_non_null(strstr(err.what[LANG_ES], point));
        /* The kernel says so too: an exclusive opening fails, whatever our reading of mounts was. */
        facts.mounted = false;
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE, &fd, &err), ERR_BUSY);
        facts = facts_of(loop.image, NULL);
        assert_true(facts.held && facts.mounted);
        assert_string_equal(facts.holder, point);
        /* The store on that file system makes the loop, its image, and an image inside the store a system's. */
        facts = facts_of(loop.device, point);
        assert_true(facts.system);
        facts = facts_of(loop.image, point);
        assert_true(facts.system);
        assert_int_equal(device_refuse_in_use(&facts, &err), ERR_REFUSED);
        (void) snprintf(inner.image, sizeof inner.image, "%s/i", point);
        fd = open(inner.image, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, MIB), 0);
        close(fd);
        facts = facts_of(inner.image, point);
        assert_true(facts.system);
        facts = facts_of(inner.image, NULL);
        assert_false(facts.system);
        assert_int_equal(umount(point), 0);
        (void) rmdir(point);
        loop_done(&loop);
}

static void test_swap(void **state) {
        struct device_facts facts;
        struct error err = { 0 };
        struct loop loop;
        char command[64];

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 4 * MIB, NULL);
        (void) snprintf(command, sizeof command, "mkswap -q %s", loop.device);
        assert_int_equal(system(command), 0);
        (void) snprintf(command, sizeof command, "swapon %s 2>/dev/null", loop.device);
        if (system(command) != 0) {
                print_message("SKIPPED: this kernel gives no swap\n");
                loop_done(&loop);
                skip();
        }
        facts = facts_of(loop.device, NULL);
        (void) snprintf(command, sizeof command, "swapoff %s", loop.device);
        assert_int_equal(system(command), 0);
        assert_true(facts.swap);
        assert_true(facts.system); /* the running system's memory lies on it */
        assert_int_equal(device_refuse_in_use(&facts, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S6");
        loop_done(&loop);
}

/* The disk of / is the system's, whatever it is; so is what lies under the store. */
static void test_system_disk(void **state) {
        struct device_facts facts;
        struct error err = { 0 };
        struct stat st;
        char link[64], folder[PATH_MAX]; /* as realpath() asks */

        (void) state;
        assert_int_equal(stat("/", &st), 0);
        (void) snprintf(link, sizeof link, "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
        if (!realpath(link, folder)) {
                print_message("SKIPPED: / lies on no block device here\n");
                skip();
        }
        (void) snprintf(link, sizeof link, "/dev/%s", strrchr(folder, '/') + 1);
        facts = facts_of(link, NULL);
        assert_true(facts.system && facts.mounted);
        assert_int_equal(device_refuse_in_use(&facts, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S6");
        assert_string_equal(err.ens, "mp.si.5");
}

static void test_gate(void **state) {
        struct device_facts facts;
        struct error err = { 0 };
        struct loop loop;
        bool read_only;
        int fd;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", MIB, NULL);
        assert_int_equal(gate_get(loop.device, &read_only, &err), 0);
        assert_false(read_only);
        assert_int_equal(gate_set(loop.device, true, &err), 0);
        assert_int_equal(gate_get(loop.device, &read_only, &err), 0);
        assert_true(read_only);
        facts = facts_of(loop.device, NULL);
        assert_true(facts.read_only);
        assert_int_equal(device_refuse_in_use(&facts, &err), ERR_REFUSED);
        fd = open(loop.device, O_RDWR | O_CLOEXEC);
        assert_true(fd < 0 || pwrite(fd, "x", 1, 0) < 0 || fsync(fd) < 0);
        if (fd >= 0)
                close(fd);
        assert_int_equal(gate_set(loop.device, false, &err), 0);
        facts = facts_of(loop.device, NULL);
        assert_false(facts.read_only);
        loop_done(&loop);
}

/* As mpsid's hand: it looks whether the device is free, and closes it under its own lock. */
static pid_t close_under_lock(const char *path) {
        int ready[2], fd;
        pid_t child;
        char byte;

        assert_int_equal(pipe(ready), 0);
        child = fork();
        if (child == 0) {
                fd = open(path, O_RDONLY | O_CLOEXEC);
                if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0 || write(ready[1], "x", 1) != 1)
                        _exit(1);
                (void) usleep(300000);
                _exit(gate_set(path, true, NULL) < 0);
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        close(ready[1]);
        return child;
}

/* C3 S6: what mpsid closes between an act's lifting and its lock is lifted again. */
static void test_lifted_again(void **state) {
        struct device_facts facts;
        struct error err = { 0 };
        struct loop loop;
        bool lifted = false;
        int fd = -1, status = -1;
        pid_t child;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", MIB, NULL);
        facts = facts_of(loop.device, NULL);
        child = close_under_lock(loop.device);
        assert_int_equal(device_open_lifted(&facts, &lifted, &fd, &err), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_true(lifted);
        assert_int_equal(gate_get(loop.device, &lifted, &err), 0);
        assert_false(lifted);
        close(fd);
        loop_done(&loop);
}
/* What was approved must be what is opened: another medium behind the same node, or another size, is refused. */
static void test_path_swap(void **state) {
        struct device_facts facts, other_facts;
        struct error err = { 0 };
        struct loop loop, other;
        char alias[96];
        int fd;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", MIB, NULL);
        loop_make(&other, "/tmp", MIB, NULL);
        facts = facts_of(loop.device, NULL);
        other_facts = facts_of(other.device, NULL);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE | DEVICE_OPEN_DIRECT, &fd, &err), 0);
        assert_int_equal(device_check_fd(&facts, fd, &err), 0);
        assert_int_equal(device_check_fd(&other_facts, fd, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S6");
        close(fd);
        /* A node of the approved name that leads elsewhere. */
        (void) snprintf(alias, sizeof alias, "%s/node", loop.folder);
        assert_int_equal(symlink(other.device, alias), 0);
        (void) snprintf(facts.path, sizeof facts.path, "%s", alias);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE, &fd, &err), ERR_REFUSED);
        (void) unlink(alias);
        /* The same node, its medium taken out and put back: another insertion. */
        facts = facts_of(loop.device, NULL);
        assert_int_equal(ioctl(loop.control, LOOP_CLR_FD), 0);
        close(loop.control);
        loop_attach(&loop, false);
        (void) snprintf(facts.path, sizeof facts.path, "%s", loop.device);
        (void) snprintf(facts.name, sizeof facts.name, "%s", loop.device + 5);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE, &fd, &err), ERR_REFUSED);
        /* Grown behind our back. */
        facts = facts_of(loop.device, NULL);
        assert_int_equal(truncate(loop.image, 2 * MIB), 0);
        assert_int_equal(ioctl(loop.control, LOOP_SET_CAPACITY), 0);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE, &fd, &err), ERR_REFUSED);
        loop_done(&other);
        loop_done(&loop);
}

static void test_open_is_exclusive(void **state) {
        struct device_facts facts;
        struct error err = { 0 };
        struct loop loop;
        int first, second;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", MIB, NULL);
        facts = facts_of(loop.device, NULL);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE, &first, &err), 0);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE, &second, &err), ERR_BUSY);
        assert_true(device_is_locked(loop.device));
        close(first);
        assert_false(device_is_locked(loop.device));
        loop_detach(&loop);
        facts = facts_of(loop.image, NULL);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE, &first, &err), 0);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE, &second, &err), ERR_BUSY);
        close(first);
        loop_done(&loop);
}

static int match(const struct device_facts *facts, struct known_identity known, enum identity *ret) {
        struct error err = { 0 };
        int r = identity_match(facts, &known, ret, &err);

        if (r < 0)
                assert_string_equal(err.rule, "S6");
        return r;
}

static void test_identity(void **state) {
        struct device_facts facts = { .path = "/dev/x",
                                      .size = 1000,
                                      .serial = "S1",
                                      .wwn = "0xABC",
                                      .luks_uuid = "u-1",
                                      .insertion = "boot:7" };
        struct device_facts blank = { .path = "/dev/y", .size = 1000, .insertion = "boot:7" };
        enum identity got = IDENTITY_NONE;

        (void) state;
        assert_int_equal(match(&facts, (struct known_identity){ "u-1", "0xabc", "S1", "boot:6", 1000, 0 }, &got),
                         0);
        assert_int_equal(got, IDENTITY_LUKS_UUID);
        assert_int_equal(match(&facts, (struct known_identity){ "", "0xabc", "S1", "", 1000, 0 }, &got), 0);
        assert_int_equal(got, IDENTITY_WWN);
        assert_int_equal(match(&facts, (struct known_identity){ "", "", "S1", "", 0, 0 }, &got), 0);
        assert_int_equal(got, IDENTITY_SERIAL);
        assert_int_equal(match(&blank, (struct known_identity){ "u-1", "", "", "boot:7", 1000, 0 }, &got), 0);
        assert_int_equal(got, IDENTITY_INSERTION);
        /* A header copied onto another disk: its LUKS UUID agrees, the serial doesn't. */
        assert_int_equal(match(&facts, (struct known_identity){ "u-1", "", "S2", "", 1000, 0 }, &got), ERR_REFUSED);
        assert_int_equal(match(&facts, (struct known_identity){ "u-2", "0xabc", "S1", "", 1000, 0 }, &got),
                         ERR_REFUSED);
        /* S5: a disk whose hidden areas were opened is as big as that, too. */
        assert_int_equal(match(&facts, (struct known_identity){ "u-1", "", "", "", 999, 1000 }, &got), 0);
        assert_int_equal(match(&facts, (struct known_identity){ "u-1", "", "", "", 999, 998 }, &got), ERR_REFUSED);
        assert_int_equal(match(&facts, (struct known_identity){ "u-1", "0xabc", "S1", "", 999, 0 }, &got),
                         ERR_REFUSED);
        assert_int_equal(match(&blank, (struct known_identity){ "", "", "", "boot:8", 1000, 0 }, &got),
                         ERR_REFUSED);
        assert_int_equal(match(&blank, (struct known_identity){ "", "", "", "", 0, 0 }, &got), ERR_REFUSED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_identity_text),
                cmocka_unit_test(test_no_device),
                cmocka_unit_test(test_blank_loop),
                cmocka_unit_test(test_image),
                cmocka_unit_test(test_mounted),
                cmocka_unit_test(test_swap),
                cmocka_unit_test(test_system_disk),
                cmocka_unit_test(test_gate),
                cmocka_unit_test(test_path_swap),
                cmocka_unit_test(test_open_is_exclusive),
                cmocka_unit_test(test_lifted_again),
                cmocka_unit_test(test_identity),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
