/* What the package installs and runs: mpsid, units, programs; and the baseline. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "doctor/internal.h"

void check_mpsid(struct doctor *d) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char path[ROOT_PATH];

        if (fd < 0 || !root_path(d->context, STATION_SOCKET, path) || strlen(path) >= sizeof address.sun_path) {
                found(d, SEVERITY_WARN, "no se puede preguntar a mpsid", "mpsid can't be asked");
                return;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (connect(fd, (const struct sockaddr *) &address, sizeof address) == 0)
                return;
        if (errno == EACCES || errno == EPERM)
                found(d, SEVERITY_INFO, "mpsid está, pero esta cuenta no puede hablarle",
                      "mpsid is there, but this account may not talk to it");
        else
                found(d, SEVERITY_FAIL, "mpsid no responde en «%s»", "mpsid does not answer at “%s”",
                      STATION_SOCKET);
}

/* --- units --------------------------------------------------------------------------------------------------- */

static int found_drop_in(void *data, const char *path, const char *name) {
        struct doctor *d = data;

        (void) name;
        found(d, SEVERITY_WARN, "«%s» cambia la unidad", "“%s” changes the unit", path);
        return 0;
}

static bool is_unit(const char *name) {
        static const char *const suffixes[] = { ".service", ".socket", ".timer", ".target", ".path" };
        const char *dot = strrchr(name, '.');

        for (size_t i = 0; dot && i < COUNT(suffixes); i++)
                if (strcmp(dot, suffixes[i]) == 0)
                        return true;
        return false;
}

/* Whether a unit that says WantedBy= has been enabled. */
static void check_enabled(struct doctor *d, const char *path, const char *name) {
        _cleanup_free_ char *text = root_text(d->context, path);
        const char *wanted = text ? strstr(text, "\nWantedBy=") : NULL;
        char target[128], link[ROOT_PATH];

        if (!wanted || sscanf(wanted, "\nWantedBy=%100s", target) != 1)
                return;
        (void) snprintf(link, sizeof link, "/etc/systemd/system/%s.wants/%s", target, name);
        if (!root_has(d->context, link))
                found(d, strncmp(name, "mpsid.", 6) == 0 ? SEVERITY_WARN : SEVERITY_INFO,
                      "%s no está habilitada: no arranca con el puesto",
                      "%s is not enabled: it does not start with the station", name);
}

void check_units(struct doctor *d) {
        for (const struct shipped *file = d->context->shipped; file->name; file++) {
                char path[ROOT_PATH], folder[ROOT_PATH], digest[65];

                if (!is_unit(file->name))
                        continue;
                if (!root_find(d->context, unit_folders, file->name, path)) {
                        found(d, SEVERITY_FAIL, "falta la unidad %s", "unit %s is missing", file->name);
                        continue;
                }
                if (!root_digest(d->context, path, digest) || strcmp(digest, file->digest) != 0)
                        found(d, SEVERITY_FAIL, "«%s» no es la del paquete", "“%s” is not the package's", path);
                else
                        check_enabled(d, path, file->name);
                for (size_t i = 0; unit_folders[i]; i++) {
                        (void) snprintf(folder, sizeof folder, "%s/%s.d", unit_folders[i], file->name);
                        (void) root_each(d->context, folder, ".conf", found_drop_in, d);
                }
        }
}

void check_programs(struct doctor *d) {
        for (size_t i = 0; program_names[i]; i++) {
                char path[ROOT_PATH], digest[65];
                struct stat st;

                if (!root_find(d->context, program_folders, program_names[i], path) ||
                    root_stat(d->context, path, &st) < 0) {
                        found(d, SEVERITY_FAIL, "el programa %s no está instalado", "program %s is not installed",
                              program_names[i]);
                        continue;
                }
                if (st.st_uid != d->context->system_uid || (st.st_mode & 022))
                        found(d, SEVERITY_FAIL, "«%s» no es de root o lo pueden escribir otros",
                              "“%s” is not root's or others can write it", path);
                else if (root_digest(d->context, path, digest))
                        found(d, SEVERITY_INFO, "«%s» tiene el SHA-256 %s", "“%s” has the SHA-256 %s", path,
                              digest);
                else
                        found(d, SEVERITY_WARN, "«%s» no se puede leer", "“%s” can't be read", path);
        }
}

/* --- baseline ------------------------------------------------------------------------------------------------ */

static void report_drift(struct doctor *d, const struct baseline *baseline, const struct baseline_counts *counts) {
        enum drift_level level = baseline_judge(counts);

        if (level != DRIFT_NONE)
                found(d, level == DRIFT_CRITICAL ? SEVERITY_FAIL : SEVERITY_WARN,
                      "la configuración se desvía de la base %s: %lld claves faltan, %lld cambian, %lld se añaden",
                      "the configuration drifts from baseline %s: %lld keys missing, %lld changed, %lld added",
                      baseline->id, (long long) counts->missing, (long long) counts->changed,
                      (long long) counts->added);
}

void check_baseline(struct doctor *d) {
        _cleanup_json_ json_t *expected = NULL, *now = NULL, *rows = NULL;
        struct baseline_counts counts;
        struct baseline baseline;
        struct error err = { 0 };
        enum severity severity;
        int r = baseline_load(d->act->db, NULL, &baseline, &err);

        if (r == ERR_NOT_FOUND) {
                found(d, SEVERITY_WARN, "no hay base de la configuración: regístrela con «mpsi baseline record»",
                      "there is no baseline of the configuration: record it with “mpsi baseline record”");
                return;
        }
        if (r == 0)
                r = baseline_map(d->act, &baseline, &expected, &err);
        if (r == 0)
                r = baseline_snapshot(d->context, &now, &err);
        if (r == 0)
                r = baseline_compare(expected, now, &counts, &rows, &err);
        if (r < 0) {
                found_error(d, SEVERITY_FAIL, &err);
                return;
        }
        report_drift(d, &baseline, &counts);
        severity = term_judge_age(TERM_BASELINE_CHECK,
                                  act_now(d->act) - (baseline.checked ? baseline.checked : baseline.recorded));
        if (severity != SEVERITY_OK)
                found(d, severity, "la base %s no se comprueba desde hace días",
                      "baseline %s has not been checked for days", baseline.id);
}
