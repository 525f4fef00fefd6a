#include "policy/station.h"

#include "base/cleanup.h"
#include "base/clock.h"

const struct term severity_terms[SEVERITIES] = {
        [SEVERITY_OK] = { "ok", { "bien", "sound" } },
        [SEVERITY_INFO] = { "info", { "nota", "note" } },
        [SEVERITY_WARN] = { "warn", { "aviso", "warning" } },
        [SEVERITY_FAIL] = { "fail", { "fallo", "failure" } },
};

#define ANY INT64_MAX
const struct kernel_parameter kernel_parameters[] = {
        { "kernel.randomize_va_space",
          2,
          2,
          SEVERITY_FAIL,
          "X5",
          { "sin ella un fallo de memoria se explota a la primera",
            "without it a memory fault is exploited at the first try" } },
        { "kernel.yama.ptrace_scope",
          1,
          ANY,
          SEVERITY_WARN,
          "C10",
          { "un proceso podría leer las claves de otro de la misma cuenta",
            "a process could read the keys of another of the same account" } },
        { "fs.suid_dumpable",
          0,
          0,
          SEVERITY_WARN,
          "C10",
          { "un programa con privilegios dejaría su memoria en disco al caer",
            "a privileged program would leave its memory on disk when it crashes" } },
        { "kernel.kptr_restrict",
          1,
          ANY,
          SEVERITY_WARN,
          "X5",
          { "las direcciones del núcleo ayudan a atacarlo", "the kernel's addresses help to attack it" } },
        { "kernel.dmesg_restrict",
          1,
          ANY,
          SEVERITY_WARN,
          "X5",
          { "los mensajes del núcleo nombran dispositivos y direcciones",
            "the kernel's messages name devices and addresses" } },
        { "kernel.unprivileged_bpf_disabled",
          1,
          ANY,
          SEVERITY_WARN,
          "X5",
          { "cualquiera podría cargar programas en el núcleo", "anybody could load programs into the kernel" } },
        { "kernel.kexec_load_disabled",
          1,
          1,
          SEVERITY_INFO,
          "X5",
          { "root podría arrancar otro núcleo sin pasar por el arranque seguro",
            "root could start another kernel past Secure Boot" } },
        { "kernel.unprivileged_userns_clone",
          0,
          0,
          SEVERITY_INFO,
          "X5",
          { "un usuario sin privilegios alcanza más código del núcleo",
            "an unprivileged user reaches more of the kernel's code" } },
        { "fs.protected_symlinks",
          1,
          1,
          SEVERITY_WARN,
          "X5",
          { "un enlace en /tmp desviaría lo que otro escribe",
            "a link in /tmp would divert what another writes" } },
        { "fs.protected_hardlinks",
          1,
          1,
          SEVERITY_WARN,
          "X5",
          { "un enlace retendría un fichero que se creía borrado",
            "a link would keep a file that was thought to be gone" } },
};
const size_t kernel_parameters_n = COUNT(kernel_parameters);

#define MB ((int64_t) 1000000)
/* The ledger keeps ten years (X2): when there is no room, nothing may be written, and the gate refuses. */
const struct space_demand space_demands[] = {
        { NULL, 2000 * MB, 200 * MB, 10, 2 },
        { "/var", 1000 * MB, 100 * MB, 5, 1 },
        { "/run", 20 * MB, 2 * MB, 10, 2 },
};
const size_t space_demands_n = COUNT(space_demands);

/* Of a large disk a small share is plenty, and of a small one few bytes: both numbers must be undercut. */
enum severity space_judge(const struct space_demand *demand, int64_t free, int64_t total) {
        int64_t percent = total > 0 ? free / (total / 100 > 0 ? total / 100 : 1) : 0;

        if (free < demand->fail_bytes && percent < demand->fail_percent)
                return SEVERITY_FAIL;
        return free < demand->warn_bytes && percent < demand->warn_percent ? SEVERITY_WARN : SEVERITY_OK;
}

const struct term_demand term_demands[STATION_TERMS] = {
        [TERM_CERTIFICATE] = { "C6", 60, 0 },
        [TERM_BACKUP] = { "X7", 8, 30 },
        [TERM_BASELINE_CHECK] = { "X5", 2, 30 },
        [TERM_SIEM] = { "X3", 1, 3 },
};

enum severity term_judge_left(enum station_term term, int64_t left) {
        const struct term_demand *demand = &term_demands[term];

        if (left <= demand->fail_days * DAY)
                return SEVERITY_FAIL;
        return left < demand->warn_days * DAY ? SEVERITY_WARN : SEVERITY_OK;
}

enum severity term_judge_age(enum station_term term, int64_t age) {
        const struct term_demand *demand = &term_demands[term];

        if (age < 0)
                return SEVERITY_WARN;
        if (age > demand->fail_days * DAY)
                return SEVERITY_FAIL;
        return age > demand->warn_days * DAY ? SEVERITY_WARN : SEVERITY_OK;
}
