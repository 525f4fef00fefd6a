/* A station that is in order, as a folder: what `doctor` and the baseline look at, with a store of the test's own.
 */
#pragma once

#include "unit/store.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/digest.h"
#include "base/str.h"
#include "doctor/internal.h"

#define GATE_RULE                                                                                                  \
        "# closes what comes\nSUBSYSTEM==\"block\", PROGRAM==\"/usr/lib/mpsi/mpsi-gate $devnode\", "               \
        "ENV{MPSI_GATE}=\"closed\"\n"
#define HIDE_RULE "ENV{MPSI_GATE}==\"closed\", ENV{UDISKS_IGNORE}=\"1\", ENV{SYSTEMD_READY}=\"0\"\n"
#define UNIT "[Service]\nExecStart=/usr/bin/mpsid\n[Install]\nWantedBy=multi-user.target\n"
#define PLUGGED "/sys/devices/pci0/usb1/1-1/block/sdb"

struct station_root {
        struct test_store store;
        char root[64];
        char digests[3][SHA256_TEXT];
        struct shipped shipped[4];
        struct doctor_context context;
        int listener;
};

/* What the machine says of itself; a test changes it. */
static int64_t test_room = 1 << 30;
static int test_synchronised = 1;

static inline int test_space(const char *path, int64_t *ret_free, int64_t *ret_total) {
        (void) path;
        *ret_free = test_room;
        *ret_total = (int64_t) 1 << 40;
        return test_room < 0 ? -5 : 0;
}

static inline int test_clock(void) {
        return test_synchronised;
}

/* The folders above a path under the root. */
static inline void root_folders(const struct station_root *r, const char *path, char out[256]) {
        (void) snprintf(out, 256, "%s%s", r->root, path);
        for (char *slash = strchr(out + strlen(r->root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void) mkdir(out, 0755);
                *slash = '/';
        }
}

static inline void root_put_mode(const struct station_root *r, const char *path, const char *text, mode_t mode) {
        char full[256];
        int fd;

        root_folders(r, path, full);
        fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text));
        assert_int_equal(fchmod(fd, mode), 0);
        (void) close(fd);
}

static inline void root_put(const struct station_root *r, const char *path, const char *text) {
        root_put_mode(r, path, text, 0644);
}

static inline void root_remove(const struct station_root *r, const char *path) {
        char full[256];

        (void) snprintf(full, sizeof full, "%s%s", r->root, path);
        assert_int_equal(remove(full), 0);
}

static inline void root_link(const struct station_root *r, const char *path, const char *target) {
        char full[256];

        root_folders(r, path, full);
        assert_int_equal(symlink(target, full), 0);
}

static inline int root_listen(const struct station_root *r, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char full[256];

        root_folders(r, path, full);
        assert_true(strlen(full) < sizeof address.sun_path);
        memcpy(address.sun_path, full, strlen(full) + 1);
        assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof address), 0);
        assert_int_equal(listen(fd, 4), 0);
        return fd;
}

static inline void root_ship(struct station_root *r, size_t i, const char *name, const char *text,
                             const char *folder) {
        char path[128];

        assert_int_equal(sha256_text(text, strlen(text), r->digests[i]), 0);
        r->shipped[i] = (struct shipped){ name, r->digests[i] };
        (void) snprintf(path, sizeof path, "%s/%s", folder, name);
        root_put(r, path, text);
}

static inline void root_put_kernel(const struct station_root *r) {
        for (size_t i = 0; i < kernel_parameters_n; i++) {
                char path[160], value[32];

                (void) snprintf(path, sizeof path, "/proc/sys/%s", kernel_parameters[i].name);
                for (char *c = path; *c; c++)
                        *c = *c == '.' ? '/' : *c;
                (void) snprintf(value, sizeof value, "%lld\n", (long long) kernel_parameters[i].least);
                root_put(r, path, value);
        }
        root_put(r, "/proc/sys/kernel/core_pattern", "core\n");
        root_put(r, "/proc/sys/kernel/osrelease", "6.1.0-30-amd64\n");
        root_put(r, "/proc/cmdline", "root=/dev/sda2 quiet\n");
        root_put(r, "/proc/swaps", "Filename Type Size Used Priority\n/dev/dm-0 partition 1000 0 -2\n");
        root_put(r, "/sys/class/block/dm-0/dm/uuid", "CRYPT-PLAIN-swap\n");
        root_put(r, "/sys/class/tpm/tpm0/tpm_version_major", "2\n");
        root_put(r, "/sys/bus/usb/devices/usb1/authorized_default", "0\n");
}

/* The system's disk sda, and a stick sdb with a partition. */
static inline void root_put_disks(const struct station_root *r) {
        root_put(r, "/sys/devices/pci0/ata1/block/sda/removable", "0\n");
        root_put(r, "/sys/devices/pci0/ata1/block/sda/dev", "8:0\n");
        root_put(r, "/sys/devices/pci0/ata1/block/sda/sda2/partition", "2\n");
        root_put(r, PLUGGED "/removable", "1\n");
        root_put(r, PLUGGED "/dev", "8:16\n");
        root_put(r, PLUGGED "/sdb1/partition", "1\n");
        root_link(r, "/sys/dev/block/8:2", "../../devices/pci0/ata1/block/sda/sda2");
        root_link(r, "/sys/dev/block/8:17", "../../devices/pci0/usb1/1-1/block/sdb/sdb1");
        root_put(r, "/proc/1/mountinfo", "21 1 8:2 / / rw,relatime - ext4 /dev/sda2 rw,errors=remount-ro\n");
}

static inline void root_put_efi(const struct station_root *r, unsigned char on) {
        const unsigned char value[5] = { 6, 0, 0, 0, on };
        char full[256];
        int fd;

        root_folders(r, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", full);
        fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_int_equal(write(fd, value, sizeof value), sizeof value);
        (void) close(fd);
}

/* Everything in order; called again after a test broke it. */
static inline void root_make(struct station_root *r) {
        char passwd[128];

        (void) snprintf(r->root, sizeof r->root, "%s/root", r->store.root);
        (void) nftw(r->root, test_store_remove, 16, FTW_DEPTH | FTW_PHYS);
        assert_int_equal(mkdir(r->root, 0755), 0);
        memset(r->shipped, 0, sizeof r->shipped);
        root_ship(r, 0, "10-mpsi-gate.rules", GATE_RULE, "/usr/lib/udev/rules.d");
        root_ship(r, 1, "90-mpsi-hide.rules", HIDE_RULE, "/usr/lib/udev/rules.d");
        root_ship(r, 2, "mpsid.service", UNIT, "/usr/lib/systemd/system");
        root_link(r, "/etc/systemd/system/multi-user.target.wants/mpsid.service",
                  "/usr/lib/systemd/system/mpsid.service");
        root_put_mode(r, "/usr/lib/mpsi/mpsi-gate", "#!/bin/sh\n[ \"$1\" = --version ]\n", 0755);
        root_put_mode(r, "/usr/bin/mpsi", "program", 0755);
        root_put_mode(r, "/usr/bin/mpsid", "daemon", 0755);
        root_put(r, STATION_CONFIG, "[gate]\nmode = enforce\n");
        (void) snprintf(passwd, sizeof passwd,
                        "root:x:0:0::/root:/bin/sh\nmpsi:x:%u:990::/var/lib/mpsi:/bin/false\n",
                        (unsigned) getuid());
        root_put(r, "/etc/passwd", passwd);
        root_put(r, "/etc/group", "root:x:0:\ndisk:x:6:\nmpsi:x:990:ana\n");
        root_put(r, "/var/lib/dpkg/status",
                 "Package: udev\nStatus: install ok installed\nVersion: 252.1\n\n"
                 "Package: autofs\nStatus: deinstall ok config-files\nVersion: 5\n");
        root_put_kernel(r);
        root_put_disks(r);
        root_put_efi(r, 1);
        if (r->listener > 0)
                (void) close(r->listener);
        (void) close(root_listen(r, "/run/udev/control"));
        r->listener = root_listen(r, STATION_SOCKET);
        r->context = (struct doctor_context){ .root = r->root,
                                              .system_uid = getuid(),
                                              .store = r->store.folder,
                                              .shipped = r->shipped,
                                              .space = test_space,
                                              .synchronised = test_clock };
        test_room = (int64_t) 1 << 39;
        test_synchronised = 1;
}
