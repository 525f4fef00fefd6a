/* The station's files, under a root that only a test sets. Reading only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "base/digest.h"
#include "doctor/internal.h"

/* /lib is /usr/lib on Debian 12; elsewhere it may still be its own folder. */
const char *const udev_folders[] = { "/etc/udev/rules.d",     "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
                                     "/usr/lib/udev/rules.d", "/lib/udev/rules.d", NULL };
const char *const unit_folders[] = { "/etc/systemd/system",           "/run/systemd/system",
                                     "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
                                     "/lib/systemd/system",           NULL };
const char *const program_folders[] = {
        "/usr/bin",          "/usr/sbin",     "/usr/local/bin",      "/usr/local/sbin",         "/usr/lib/mpsi",
        "/usr/libexec/mpsi", "/usr/lib/udev", "/usr/local/lib/mpsi", "/usr/local/libexec/mpsi", NULL
};
const char *const program_names[] = { "mpsi", "mpsid", "mpsi-gate", NULL };

static int space_of(const char *path, int64_t *ret_free, int64_t *ret_total) {
        struct statvfs st;

        if (statvfs(path, &st) < 0)
                return -errno;
        *ret_free = (int64_t) (st.f_bavail * st.f_frsize);
        *ret_total = (int64_t) (st.f_blocks * st.f_frsize);
        return 0;
}

/* The kernel's own opinion, whatever daemon keeps the time. */
static int clock_synchronised(void) {
        struct timex state = { 0 };

        if (adjtimex(&state) < 0)
                return -errno;
        return !(state.status & STA_UNSYNC);
}

const struct doctor_context doctor_station = {
        .root = "",
        .system_uid = 0,
        .store = STATION_STORE,
        .shipped = shipped_files,
        .space = space_of,
        .synchronised = clock_synchronised,
};

bool root_path(const struct doctor_context *context, const char *path, char out[ROOT_PATH]) {
        return snprintf(out, ROOT_PATH, "%s%s", context->root, path) < ROOT_PATH;
}

int root_lstat(const struct doctor_context *context, const char *path, struct stat *ret) {
        char full[ROOT_PATH];

        if (!root_path(context, path, full))
                return -ENAMETOOLONG;
        return lstat(full, ret) < 0 ? -errno : 0;
}

int root_stat(const struct doctor_context *context, const char *path, struct stat *ret) {
        char full[ROOT_PATH];

        if (!root_path(context, path, full))
                return -ENAMETOOLONG;
        return stat(full, ret) < 0 ? -errno : 0;
}

bool root_has(const struct doctor_context *context, const char *path) {
        struct stat st;

        return root_lstat(context, path, &st) == 0;
}

char *root_text(const struct doctor_context *context, const char *path) {
        char full[ROOT_PATH];
        _cleanup_close_ int fd = root_path(context, path, full) ? open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                                                                : -1;
        _cleanup_free_ char *text = NULL;
        size_t n = 0, size = 0;

        while (fd >= 0 && n < ROOT_TEXT_MAX) {
                ssize_t got;

                if (size - n < 4096) {
                        char *more = realloc(text, size ? 2 * size : 8192);

                        if (!more)
                                return NULL;
                        text = more;
                        size = size ? 2 * size : 8192;
                }
                got = read(fd, text + n, size - n - 1);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return NULL;
                n += (size_t) got;
                text[n] = '\0';
                if (got == 0)
                        return TAKE_PTR(text);
        }
        return NULL;
}

bool root_line(const struct doctor_context *context, const char *path, char *out, size_t size) {
        _cleanup_free_ char *text = root_text(context, path);

        out[0] = '\0';
        if (!text)
                return false;
        text[strcspn(text, "\n")] = '\0';
        (void) snprintf(out, size, "%s", text);
        return true;
}

bool root_digest(const struct doctor_context *context, const char *path, char out[65]) {
        char full[ROOT_PATH];

        return root_path(context, path, full) && sha256_file(full, out, NULL) == 0;
}

static void names_free(struct dirent **names, int n) {
        for (int i = 0; i < n; i++)
                free(names[i]);
        free(names);
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

int root_each(const struct doctor_context *context, const char *folder, const char *suffix,
              int (*each)(void *data, const char *path, const char *name), void *data) {
        size_t length = strlen(suffix);
        struct dirent **names = NULL;
        char full[ROOT_PATH];
        int n = root_path(context, folder, full) ? scandir(full, &names, NULL, by_bytes) : -1, r = 0;

        for (int i = 0; i < n && r == 0; i++) {
                const char *name = names[i]->d_name;
                size_t has = strlen(name);
                char path[ROOT_PATH];

                if (name[0] == '.' || has <= length || strcmp(name + has - length, suffix) != 0)
                        continue;
                if (snprintf(path, sizeof path, "%s/%s", folder, name) < ROOT_PATH)
                        r = each(data, path, name);
        }
        names_free(names, n);
        return r;
}

bool root_find(const struct doctor_context *context, const char *const *folders, const char *name,
               char out[ROOT_PATH]) {
        for (; *folders; folders++) {
                (void) snprintf(out, ROOT_PATH, "%s/%s", *folders, name);
                if (root_has(context, out))
                        return true;
        }
        return false;
}
