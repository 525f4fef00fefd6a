/* The machine under the station: clock, swap, kernel, firmware. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "doctor/internal.h"

void check_clock(struct doctor *d) {
        int state = d->context->synchronised();

        /* A service that may not touch the clock may not ask the kernel about it either (systemd's ProtectClock=).
         */
        if (state < 0 && root_has(d->context, "/run/systemd/timesync/synchronized"))
                return;
        if (state == 0)
                found(d, SEVERITY_WARN, "el reloj no está sincronizado", "the clock is not synchronised");
        else if (state < 0)
                found(d, state == -EPERM ? SEVERITY_INFO : SEVERITY_WARN,
                      "no se puede saber si el reloj está sincronizado (%s)",
                      "whether the clock is synchronised can't be told (%s)", strerror(-state));
}

/* --- swap ---------------------------------------------------------------------------------------------------- */

enum { DEPTH_MAX = 8 };

struct layers {
        const struct doctor_context *context;
        int depth;
        bool plain; /* some part of it is not encrypted */
};

static int look_below(void *data, const char *path, const char *name);

/* dm-crypt's own mark, or everything below it has that mark. `folder` is a path under the root. */
static bool is_encrypted(const struct doctor_context *context, const char *folder, int depth) {
        struct layers layers = { .context = context, .depth = depth };
        char path[ROOT_PATH + 32], uuid[128];

        (void) snprintf(path, sizeof path, "%s/dm/uuid", folder);
        if (root_line(context, path, uuid, sizeof uuid) && strncmp(uuid, "CRYPT-", 6) == 0)
                return true;
        (void) snprintf(path, sizeof path, "%s/slaves", folder);
        layers.plain = true;
        if (depth < DEPTH_MAX)
                (void) root_each(context, path, "", look_below, &layers);
        return !layers.plain;
}

static int look_below(void *data, const char *path, const char *name) {
        struct layers *layers = data;

        (void) name;
        layers->plain = !is_encrypted(layers->context, path, layers->depth + 1);
        return layers->plain; /* one part in clear is enough */
}

static bool swap_is_encrypted(const struct doctor_context *context, const char *source, const char *kind) {
        char folder[ROOT_PATH], full[ROOT_PATH], real[PATH_MAX];
        struct stat st;

        if (strcmp(kind, "file") == 0) {
                if (root_stat(context, source, &st) < 0)
                        return false;
                (void) snprintf(folder, sizeof folder, "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
                return is_encrypted(context, folder, 0);
        }
        if (strncmp(source, "/dev/zram", 9) == 0)
                return true;                                          /* memory, not a disk */
        if (root_path(context, source, full) && realpath(full, real)) /* /dev/mapper/swap is a link to /dev/dm-0 */
                (void) snprintf(folder, sizeof folder, "/sys/class/block%s", strrchr(real, '/'));
        else
                (void) snprintf(folder, sizeof folder, "/sys/class/block%s", strrchr(source, '/'));
        return is_encrypted(context, folder, 0);
}

void check_swap(struct doctor *d) {
        _cleanup_free_ char *text = root_text(d->context, "/proc/swaps");
        char source[512], kind[32];

        for (const char *line = text ? strchr(text, '\n') : NULL; line && line[1]; line = strchr(line + 1, '\n'))
                if (sscanf(line + 1, "%500s %30s", source, kind) == 2 && *source == '/' &&
                    !swap_is_encrypted(d->context, source, kind))
                        found(d, SEVERITY_WARN, "el intercambio «%s» no está cifrado", "swap “%s” is not encrypted",
                              source);
}

/* --- kernel -------------------------------------------------------------------------------------------------- */

void check_core_dumps(struct doctor *d) {
        char pattern[256];

        if (root_line(d->context, "/proc/sys/kernel/core_pattern", pattern, sizeof pattern) && *pattern == '|')
                found(d, SEVERITY_WARN, "la memoria de un programa que cae va a «%.100s», que la guarda",
                      "the memory of a program that crashes goes to “%.100s”, which keeps it", pattern + 1);
}

static void check_parameter(struct doctor *d, const struct kernel_parameter *wanted) {
        char path[160] = "/proc/sys/", text[64], *end;
        size_t n = strlen(path);
        long long value;

        (void) snprintf(path + n, sizeof path - n, "%s", wanted->name);
        for (char *c = path + n; *c; c++)
                if (*c == '.')
                        *c = '/';
        if (!root_line(d->context, path, text, sizeof text))
                return; /* this kernel has no such thing */
        errno = 0;
        value = strtoll(text, &end, 10);
        if (errno == 0 && end != text && value >= wanted->least && value <= wanted->most)
                return;
        found(d, wanted->severity, "%s es %s y se quiere %lld%s: %s%.0s", "%s is %s, wanted is %lld%s: %.0s%s",
              wanted->name, text, (long long) wanted->least, wanted->most > wanted->least ? "+" : "",
              wanted->why.es, wanted->why.en);
}

void check_kernel(struct doctor *d) {
        for (size_t i = 0; i < kernel_parameters_n; i++)
                check_parameter(d, &kernel_parameters[i]);
}

/* The EFI variable: four bytes of attributes, then 1 when Secure Boot is on (UEFI 3.3). */
void check_secure_boot(struct doctor *d) {
        static const char variable[] = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
        _cleanup_fclose_ FILE *file = NULL;
        unsigned char value[5] = { 0 };
        char path[ROOT_PATH];

        if (root_path(d->context, variable, path))
                file = fopen(path, "re");
        if (!file)
                found(d, SEVERITY_INFO, "el puesto no tiene arranque seguro, o no se puede leer",
                      "the station has no Secure Boot, or it can't be read");
        else if (fread(value, 1, sizeof value, file) != sizeof value || value[4] != 1)
                found(d, SEVERITY_INFO, "el arranque seguro está apagado", "Secure Boot is off");
}

void check_tpm(struct doctor *d) {
        char version[16];

        if (!root_line(d->context, "/sys/class/tpm/tpm0/tpm_version_major", version, sizeof version))
                found(d, SEVERITY_INFO, "no hay TPM", "there is no TPM");
        else if (strcmp(version, "2") != 0)
                found(d, SEVERITY_INFO, "el TPM es de la versión %s", "the TPM is of version %s", version);
}
