/* What stands between a medium and its first write: udev's rules, mpsi-gate, its mode, and who could get past. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "doctor/internal.h"

enum { OWN_FOLDERS = 3 }; /* of udev_folders: those whose files win over a package's */

static bool is_rule(const char *name) {
        size_t n = strlen(name);

        return n > 6 && strcmp(name + n - 6, ".rules") == 0;
}

static const struct shipped *find_shipped(const struct doctor_context *context, const char *name) {
        for (const struct shipped *file = context->shipped; file->name; file++)
                if (strcmp(file->name, name) == 0)
                        return file;
        return NULL;
}

static bool same(const struct doctor_context *context, const char *path, const struct shipped *file) {
        char digest[65];

        return root_digest(context, path, digest) && strcmp(digest, file->digest) == 0;
}

void check_udev_rules(struct doctor *d) {
        bool any = false;

        for (const struct shipped *file = d->context->shipped; file->name; file++) {
                char path[ROOT_PATH];

                if (!is_rule(file->name))
                        continue;
                any = true;
                if (!root_find(d->context, udev_folders + OWN_FOLDERS - 1, file->name, path))
                        found(d, SEVERITY_FAIL, "falta la regla de udev %s", "udev rule %s is missing", file->name);
                else if (!same(d->context, path, file))
                        found(d, SEVERITY_FAIL, "«%s» no es la del paquete", "“%s” is not the package's", path);
        }
        if (!any)
                found(d, SEVERITY_FAIL, "este programa se compiló sin reglas de udev",
                      "this program was built without udev rules");
}

/* A later rule of anybody's can undo what ours set. */
static int look_at_rule(void *data, const char *path, const char *name) {
        static const char *const touched[] = { "MPSI_GATE", "UDISKS_IGNORE", "UDISKS_AUTO", "SYSTEMD_READY",
                                               "last_rule" };
        struct doctor *d = data;
        const struct shipped *file = find_shipped(d->context, name);
        _cleanup_free_ char *text = NULL;

        if (file) {
                if (!same(d->context, path, file))
                        found(d, SEVERITY_FAIL, "«%s» tapa la regla del paquete", "“%s” masks the package's rule",
                              path);
                return 0;
        }
        text = root_text(d->context, path);
        for (size_t i = 0; text && i < COUNT(touched); i++)
                if (strstr(text, touched[i])) {
                        found(d, SEVERITY_WARN, "«%s» toca %s", "“%s” touches %s", path, touched[i]);
                        break;
                }
        return 0;
}

void check_udev_overrides(struct doctor *d) {
        for (size_t i = 0; i < OWN_FOLDERS; i++)
                (void) root_each(d->context, udev_folders[i], ".rules", look_at_rule, d);
}

/* --- mpsi-gate ----------------------------------------------------------------------------------------------- */

bool gate_program_path(const struct doctor_context *context, char out[ROOT_PATH]) {
        char rule[ROOT_PATH];
        _cleanup_free_ char *text = root_find(context, udev_folders, BASELINE_RULE, rule) ? root_text(context, rule)
                                                                                          : NULL;

        for (char *save = NULL, *line = text ? strtok_r(text, "\n", &save) : NULL; line;
             line = strtok_r(NULL, "\n", &save)) {
                const char *at = *line == '#' ? NULL : strstr(line, "PROGRAM"),
                           *quote = at ? strchr(at, '"') : NULL;
                int n = quote ? (int) strcspn(quote + 1, " \"") : 0;

                if (n <= 0 || n > 400)
                        continue;
                /* udev looks for a bare name in its own folder. */
                (void) snprintf(out, ROOT_PATH, "%s%.*s", quote[1] == '/' ? "" : "/usr/lib/udev/", n, quote + 1);
                return true;
        }
        return false;
}

/* Its exit status, -errno, or -ETIME. Nothing of ours goes with it. */
static int run_program(const char *path) {
        char name[] = "mpsi-gate", version[] = "--version";
        char *argv[] = { name, version, NULL }, *envp[] = { NULL };
        posix_spawn_file_actions_t actions;
        pid_t pid;
        int status = 0, r;

        if (posix_spawn_file_actions_init(&actions) != 0)
                return -ENOMEM;
        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
        if (r == 0)
                r = posix_spawn(&pid, path, &actions, NULL, argv, envp);
        (void) posix_spawn_file_actions_destroy(&actions);
        if (r != 0)
                return -r;
        for (int waited = 0; waitpid(pid, &status, WNOHANG) == 0; waited += 10) {
                const struct timespec step = { 0, 10 * 1000000L };

                if (waited >= 3000) {
                        (void) kill(pid, SIGKILL);
                        (void) waitpid(pid, &status, 0);
                        return -ETIME;
                }
                (void) nanosleep(&step, NULL);
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Whether somebody else than the system could replace what is there. */
static bool writable_by_others(const struct doctor_context *context, const struct stat *st) {
        return st->st_uid != context->system_uid || (st->st_mode & 022);
}

static bool folder_is_sound(struct doctor *d, const char *path) {
        char folder[ROOT_PATH];
        struct stat st;

        (void) snprintf(folder, sizeof folder, "%.*s", (int) (strrchr(path, '/') - path), path);
        if (root_stat(d->context, folder, &st) == 0 && !writable_by_others(d->context, &st))
                return true;
        found(d, SEVERITY_FAIL, "otros pueden escribir en la carpeta «%s»", "others can write to folder “%s”",
              folder);
        return false;
}

void check_gate_program(struct doctor *d) {
        char path[ROOT_PATH], full[ROOT_PATH];
        struct stat st;
        int r;

        if (!gate_program_path(d->context, path)) {
                found(d, SEVERITY_FAIL, "ninguna regla de udev llama a mpsi-gate", "no udev rule calls mpsi-gate");
                return;
        }
        if (root_stat(d->context, path, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
                found(d, SEVERITY_FAIL, "«%s» no está o no es un programa", "“%s” is missing or no program", path);
                return;
        }
        if (writable_by_others(d->context, &st)) {
                found(d, SEVERITY_FAIL, "«%s» no es de root o lo pueden escribir otros",
                      "“%s” is not root's or others can write it", path);
                return; /* it is not for us to run */
        }
        if (!folder_is_sound(d, path))
                return;
        r = root_path(d->context, path, full) ? run_program(full) : -ENAMETOOLONG;
        if (r == -EACCES || r == -EPERM)
                found(d, SEVERITY_INFO, "«%s» no se puede probar desde esta cuenta",
                      "“%s” can't be tried from this account", path);
        else if (r != 0)
                found(d, SEVERITY_FAIL, "«%s --version» falla (%d)", "“%s --version” fails (%d)", path, r);
}

/* --- configuration ------------------------------------------------------------------------------------------- */

static struct config *load_config(struct doctor *d, struct error *err) {
        struct config *config = NULL;
        char path[ROOT_PATH];

        if (!root_path(d->context, STATION_CONFIG, path) || config_load(path, &config, err) < 0)
                return NULL;
        return config;
}

void check_gate_mode(struct doctor *d) {
        struct error err = { 0 };
        _cleanup_config_ struct config *config = load_config(d, &err);
        const char *mode = config_text(config, "gate", "mode", "enforce");

        if (!config)
                found_error(d, SEVERITY_FAIL, &err);
        else if (strcmp(mode, "audit") == 0)
                found(d, SEVERITY_WARN, "la puerta solo anota (mode = audit): no cierra nada",
                      "the gate only records (mode = audit): it closes nothing");
        else if (strcmp(mode, "enforce") != 0)
                found(d, SEVERITY_FAIL, "«mode = %.40s» no se entiende", "“mode = %.40s” is not understood", mode);
}

void check_udevd(struct doctor *d) {
        struct stat st;

        if (root_stat(d->context, "/run/udev/control", &st) < 0 || !S_ISSOCK(st.st_mode))
                found(d, SEVERITY_FAIL, "systemd-udevd no está en marcha: nada cierra lo que se conecta",
                      "systemd-udevd is not running: nothing closes what is plugged in");
}

void check_automounters(struct doctor *d) {
        static const struct {
                const char *name, *path;
                bool hidden; /* heeds UDISKS_IGNORE */
        } mounters[] = {
                { "udisks2", "/usr/libexec/udisks2/udisksd", true },
                { "udisks2", "/usr/lib/udisks2/udisksd", true },
                { "udiskie", "/usr/bin/udiskie", true },
                { "usbmount", "/usr/share/usbmount/usbmount", false },
                { "autofs", "/usr/sbin/automount", false },
                { "udevil", "/usr/bin/udevil", false },
                { "pmount", "/usr/bin/pmount", false },
        };
        char path[ROOT_PATH];
        bool hides = root_find(d->context, udev_folders, "90-mpsi-hide.rules", path);

        for (size_t i = 0; i < COUNT(mounters); i++) {
                if (!root_has(d->context, mounters[i].path))
                        continue;
                if (mounters[i].hidden && hides)
                        found(d, SEVERITY_INFO, "%s está instalado; las reglas le ocultan los soportes",
                              "%s is installed; the rules hide media from it", mounters[i].name);
                else if (mounters[i].hidden)
                        found(d, SEVERITY_FAIL, "%s está instalado y nada le oculta los soportes",
                              "%s is installed and nothing hides media from it", mounters[i].name);
                else
                        found(d, SEVERITY_WARN, "%s está instalado y no atiende a lo que se le oculta",
                              "%s is installed and does not heed what is hidden from it", mounters[i].name);
        }
}

static int look_at_hub(void *data, const char *path, const char *name) {
        struct doctor *d = data;
        char file[ROOT_PATH + 32], value[32];

        if (strncmp(name, "usb", 3) != 0)
                return 0;
        (void) snprintf(file, sizeof file, "%s/authorized_default", path);
        if (!root_line(d->context, file, value, sizeof value) || strcmp(value, "1") != 0)
                return 0;
        found(d, SEVERITY_INFO, "el USB autoriza todo lo que se conecta: la puerta decide solo sobre discos",
              "USB authorises whatever is plugged in: the gate decides on disks only");
        return 1; /* the others are alike */
}

void check_usb(struct doctor *d) {
        (void) root_each(d->context, "/sys/bus/usb/devices", "", look_at_hub, d);
}
