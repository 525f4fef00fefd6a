/* The present configuration as a map of texts: "<kind>:<name>" to a value or to a file's digest, mode and owner.
 * What is in it is what could open the station, not everything that is on it. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/str.h"
#include "doctor/internal.h"

struct snapshot {
        const struct doctor_context *context;
        json_t *map;
        const char *kind;   /* of what root_each() finds */
        const char *prefix; /* only names that start so; "" for all */
        bool no_memory;
};

static void put(struct snapshot *s, const char *kind, const char *name, const char *value) {
        _cleanup_free_ char *key = str_format("%s:%s", kind, name);
        char digest[SHA256_TEXT];

        /* A name that is no text can't be a key: it is told by its digest. */
        if (key && !text_is_plain(key)) {
                if (sha256_text(name, strlen(name), digest) < 0)
                        s->no_memory = true;
                free(key);
                key = str_format("%s:sha256-%s", kind, digest);
        }
        if (!utf8_valid(value, strlen(value))) {
                if (sha256_text(value, strlen(value), digest) < 0)
                        s->no_memory = true;
                value = digest;
        }
        if (!key || json_object_set_new(s->map, key, json_string(value)) < 0)
                s->no_memory = true;
}

/* A file as its digest, mode and owner; a link as what it points to. Nothing when it is not there. */
static void put_file(struct snapshot *s, const char *kind, const char *path) {
        char full[ROOT_PATH], target[ROOT_PATH], value[ROOT_PATH + 16], digest[SHA256_TEXT];
        struct stat st;
        ssize_t n;

        if (root_lstat(s->context, path, &st) < 0 || !root_path(s->context, path, full))
                return;
        if (S_ISLNK(st.st_mode)) {
                n = readlink(full, target, sizeof target - 1);
                (void) snprintf(value, sizeof value, "link:%.*s", n > 0 ? (int) n : 0, target);
        } else if (S_ISREG(st.st_mode)) {
                bool readable = root_digest(s->context, path, digest);

                (void) snprintf(value, sizeof value, "%s%s %04o %u:%u", readable ? "sha256:" : "unreadable",
                                readable ? digest : "", (unsigned) (st.st_mode & 07777), (unsigned) st.st_uid,
                                (unsigned) st.st_gid);
        } else {
                (void) snprintf(value, sizeof value, "folder %04o %u:%u", (unsigned) (st.st_mode & 07777),
                                (unsigned) st.st_uid, (unsigned) st.st_gid);
        }
        put(s, kind, path, value);
}

static int put_found(void *data, const char *path, const char *name) {
        struct snapshot *s = data;

        if (strncmp(name, s->prefix, strlen(s->prefix)) == 0)
                put_file(s, s->kind, path);
        return 0;
}

static void put_folder(struct snapshot *s, const char *kind, const char *folder, const char *suffix) {
        s->kind = kind;
        s->prefix = "";
        (void) root_each(s->context, folder, suffix, put_found, s);
}

/* On a merged /usr, /lib is a link: its files would be there twice. */
static bool is_twice(const struct doctor_context *context, const char *folder) {
        struct stat one, other;
        char under_usr[ROOT_PATH];

        if (strncmp(folder, "/lib/", 5) != 0)
                return false;
        (void) snprintf(under_usr, sizeof under_usr, "/usr%s", folder);
        return root_stat(context, folder, &one) == 0 && root_stat(context, under_usr, &other) == 0 &&
               one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static void put_rules(struct snapshot *s) {
        for (size_t i = 0; udev_folders[i]; i++) {
                if (is_twice(s->context, udev_folders[i]))
                        continue;
                if (strncmp(udev_folders[i], "/usr/lib", 8) != 0 && strncmp(udev_folders[i], "/lib", 4) != 0) {
                        put_folder(s, "rule", udev_folders[i], ".rules"); /* everybody's: they can undo ours */
                        continue;
                }
                for (const struct shipped *file = s->context->shipped; file->name; file++) {
                        char path[ROOT_PATH];

                        (void) snprintf(path, sizeof path, "%s/%s", udev_folders[i], file->name);
                        put_file(s, "rule", path);
                }
        }
}

static void put_unit(struct snapshot *s, const char *name) {
        static const char *const wanted_by[] = { "multi-user.target", "sockets.target", "timers.target" };
        char path[ROOT_PATH];

        for (size_t i = 0; unit_folders[i]; i++) {
                if (is_twice(s->context, unit_folders[i]))
                        continue;
                (void) snprintf(path, sizeof path, "%s/%s", unit_folders[i], name);
                put_file(s, "unit", path);
                (void) snprintf(path, sizeof path, "%s/%s.d", unit_folders[i], name);
                put_folder(s, "unit", path, ".conf");
        }
        for (size_t i = 0; i < COUNT(wanted_by); i++) {
                (void) snprintf(path, sizeof path, "/etc/systemd/system/%s.wants/%s", wanted_by[i], name);
                put_file(s, "unit", path);
        }
}

static void put_files(struct snapshot *s) {
        static const struct {
                const char *kind, *folder, *suffix;
        } folders[] = {
                { "config", "/etc/mpsi", "" },
                { "system", "/etc/modprobe.d", ".conf" },
                { "system", "/etc/modules-load.d", ".conf" },
                { "system", "/etc/polkit-1/rules.d", ".rules" },
                { "system", "/etc/ssh/sshd_config.d", ".conf" },
                { "system", "/etc/sudoers.d", "" },
                { "system", "/etc/sysctl.d", ".conf" },
        };
        static const char *const files[] = { "/etc/crypttab",  "/etc/fstab",       "/etc/ssh/sshd_config",
                                             "/etc/sudoers",   "/etc/sysctl.conf", "/etc/udev/udev.conf",
                                             "/etc/login.defs" };

        for (size_t i = 0; i < COUNT(folders); i++)
                put_folder(s, folders[i].kind, folders[i].folder, folders[i].suffix);
        for (size_t i = 0; i < COUNT(files); i++)
                put_file(s, "system", files[i]);
        for (size_t n = 0; program_names[n]; n++)
                for (size_t i = 0; program_folders[i]; i++) {
                        char path[ROOT_PATH];

                        (void) snprintf(path, sizeof path, "%s/%s", program_folders[i], program_names[n]);
                        put_file(s, "program", path);
                }
}

static void put_line(struct snapshot *s, const char *name, const char *path) {
        char value[ROOT_PATH];

        if (root_line(s->context, path, value, sizeof value))
                put(s, "kernel", name, value);
}

static void put_kernel(struct snapshot *s) {
        _cleanup_free_ char *text = root_text(s->context, "/proc/cmdline");
        char digest[SHA256_TEXT];

        for (size_t i = 0; i < kernel_parameters_n; i++) {
                char path[160] = "/proc/sys/";
                size_t n = strlen(path);

                (void) snprintf(path + n, sizeof path - n, "%s", kernel_parameters[i].name);
                for (char *c = path + n; *c; c++)
                        if (*c == '.')
                                *c = '/';
                put_line(s, kernel_parameters[i].name, path);
        }
        put_line(s, "kernel.core_pattern", "/proc/sys/kernel/core_pattern");
        put_line(s, "release", "/proc/sys/kernel/osrelease");
        /* Somebody may have put there what does not belong into a record kept for ten years (C10). */
        if (text && sha256_text(text, strlen(text), digest) == 0)
                put(s, "kernel", "command-line", digest);
}

/* Where media could be mounted, or programs run from; a device's number may change, its options must not. */
static void put_mounts(struct snapshot *s) {
        static const char *const wanted[] = { "/",    "/boot", "/dev", "/dev/shm", "/home",      "/media",
                                              "/mnt", "/run",  "/tmp", "/var",     "/var/lib",   "/var/tmp",
                                              "/usr", "/proc", "/srv", "/opt",     STATION_STORE };
        _cleanup_free_ char *first = root_text(s->context, "/proc/1/mountinfo");
        _cleanup_free_ char *own = first ? NULL : root_text(s->context, "/proc/self/mountinfo");

        for (const char *line = first ? first : own; line && *line;
             line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                const char *dash = strstr(line, " - ");
                char where[256], options[512], type[64], value[600];

                if (!dash || sscanf(line, "%*d %*d %*s %*s %255s %511s", where, options) != 2 ||
                    sscanf(dash + 3, "%63s", type) != 1)
                        continue;
                (void) snprintf(value, sizeof value, "%s %s", type, options);
                for (size_t i = 0; i < COUNT(wanted); i++)
                        if (strcmp(where, wanted[i]) == 0)
                                put(s, "mount", where, value);
        }
}

/* dpkg's status: paragraphs of "Package:", "Status:", "Version:" lines. */
static void put_packages(struct snapshot *s) {
        static const char *const wanted[] = {
                "mpsi",        "autofs",       "cryptsetup-bin", "gvfs",     "libblkid1",      "libcryptsetup12",
                "libjansson4", "libsqlite3-0", "libssl3",        "libudev1", "openssh-server", "pmount",
                "polkitd",     "sudo",         "systemd",        "udev",     "udevil",         "udiskie",
                "udisks2",     "usbmount"
        };
        _cleanup_free_ char *text = root_text(s->context, "/var/lib/dpkg/status");
        char name[128] = "", version[128] = "";
        bool installed = false;
        char *save = NULL;

        /* strtok would swallow the empty line that ends a paragraph; the next Package: ends it too. */
        for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
                if (sscanf(line, "Package: %127s", name) == 1)
                        installed = false;
                else if (strncmp(line, "Status: ", 8) == 0)
                        installed = strstr(line, " installed") != NULL;
                else if (installed && sscanf(line, "Version: %127s", version) == 1)
                        for (size_t i = 0; i < COUNT(wanted); i++)
                                if (strcmp(name, wanted[i]) == 0)
                                        put(s, "package", name, version);
        }
}

/* --- accounts ------------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void put_group(struct snapshot *s, const struct group *group) {
        char value[2048], name[80];
        size_t n = 0, used;

        while (group->gr_mem[n])
                n++;
        qsort(group->gr_mem, n, sizeof *group->gr_mem, by_text);
        used = (size_t) snprintf(value, sizeof value, "%u:", (unsigned) group->gr_gid);
        for (size_t i = 0; i < n && used < sizeof value; i++)
                used += (size_t) snprintf(value + used, sizeof value - used, "%s%s", i ? "," : "",
                                          group->gr_mem[i]);
        (void) snprintf(name, sizeof name, "group %.60s", group->gr_name);
        put(s, "account", name, value);
}

/* Who can reach disks or the store past mpsid: these groups, every account with number 0, and the station's own. */
static void put_accounts(struct snapshot *s) {
        static const char *const groups[] = { STATION_USER, "adm",  "disk", "floppy",
                                              "plugdev",    "root", "sudo", "wheel" };
        _cleanup_fclose_ FILE *group_file = NULL, *account_file = NULL;
        struct group *group;
        struct passwd *account;
        char path[ROOT_PATH], name[80], value[512];

        if (root_path(s->context, "/etc/group", path))
                group_file = fopen(path, "re");
        while (group_file && (group = fgetgrent(group_file)))
                for (size_t i = 0; i < COUNT(groups); i++)
                        if (strcmp(group->gr_name, groups[i]) == 0)
                                put_group(s, group);
        if (root_path(s->context, "/etc/passwd", path))
                account_file = fopen(path, "re");
        while (account_file && (account = fgetpwent(account_file)))
                if (account->pw_uid == 0 || strcmp(account->pw_name, STATION_USER) == 0) {
                        (void) snprintf(name, sizeof name, "user %.60s", account->pw_name);
                        (void) snprintf(value, sizeof value, "%u:%u:%.200s:%.200s", (unsigned) account->pw_uid,
                                        (unsigned) account->pw_gid, account->pw_dir, account->pw_shell);
                        put(s, "account", name, value);
                }
}

int baseline_snapshot(const struct doctor_context *context, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *map = json_object();
        struct snapshot snapshot = { .context = context, .map = map };

        if (!map)
                return fail_memory(err);
        put_rules(&snapshot);
        for (const struct shipped *file = context->shipped; file->name; file++)
                if (!strstr(file->name, ".rules"))
                        put_unit(&snapshot, file->name);
        put_unit(&snapshot, "systemd-udevd.service");
        put_files(&snapshot);
        put_kernel(&snapshot);
        put_mounts(&snapshot);
        put_packages(&snapshot);
        put_accounts(&snapshot);
        if (snapshot.no_memory)
                return fail_memory(err);
        *ret = TAKE_PTR(map);
        return 0;
}
