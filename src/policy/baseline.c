#include "policy/baseline.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/families.h"

static const struct rule rules[] = {
        { "X5",
          "op.exp.2",
          { "El puesto tiene registrada la base de su configuración, y lo que se desvía de ella se detecta.",
            "The station has its configuration's baseline on record, and what drifts from it is detected." },
          { "Deshaga el cambio, o regístrelo con «mpsi baseline record» y pida su aprobación a otra persona.",
            "Undo the change, or record it with “mpsi baseline record” and ask another person to approve it." } },
};

const struct rule_family baseline_rules = { rules, COUNT(rules) };

const struct baseline_kind baseline_kinds[] = {
        { "rule", true, { "reglas de udev", "udev rules" } },
        { "unit", true, { "unidades de systemd y sus añadidos", "systemd units and their drop-ins" } },
        { "program", true, { "programas de mpsi", "mpsi's programs" } },
        { "config", true, { "configuración de mpsi", "mpsi's configuration" } },
        { "account", true, { "cuentas y grupos que alcanzan los discos", "accounts and groups that reach disks" } },
        { "kernel", false, { "núcleo y sus parámetros", "the kernel and its parameters" } },
        { "system", false, { "configuración del sistema", "the system's configuration" } },
        { "mount", false, { "opciones de montaje", "mount options" } },
        { "package", false, { "versiones de paquetes", "package versions" } },
};
const size_t baseline_kinds_n = COUNT(baseline_kinds);

const struct baseline_kind *baseline_kind_of(const char *key) {
        size_t n = strcspn(key, ":");

        for (size_t i = 0; i < COUNT(baseline_kinds); i++)
                if (strlen(baseline_kinds[i].code) == n && strncmp(baseline_kinds[i].code, key, n) == 0)
                        return &baseline_kinds[i];
        return NULL;
}

const struct term drift_level_terms[DRIFT_LEVELS] = {
        [DRIFT_NONE] = { "none", { "ninguna", "none" } },
        [DRIFT_ALERT] = { "alert", { "alerta", "alert" } },
        [DRIFT_CRITICAL] = { "critical", { "crítica", "critical" } },
};

/* The first deviation alerts; one of a critical kind, or over 5 % of the keys, is critical at once. */
const struct baseline_threshold baseline_thresholds[] = {
        { "key-drift", 0, 500, false, "OP.EXP.2 5.1" },
        { "critical-keys", 0, 0, false, "OP.EXP.2 5.1" },
        { "key-coverage", 10000, 9500, true, "OP.EXP.2 KPI" },
};
const size_t baseline_thresholds_n = COUNT(baseline_thresholds);

static int64_t share(int64_t part, int64_t whole, int64_t scale, int64_t of_nothing) {
        return whole > 0 ? part * scale / whole : of_nothing;
}

void baseline_kpis(const struct baseline_counts *counts, struct baseline_kpis *ret) {
        int64_t off = counts->missing + counts->changed + counts->added;

        *ret = (struct baseline_kpis){
                .drift_rate = off > 0 ? 100 : 0,
                .coverage = counts->keys > 0 ? 100 : 0,
                .key_drift = share(off, counts->keys, 10000, off > 0 ? 10000 : 0),
                .key_coverage = share(counts->now - counts->added, counts->now, 10000, 0),
        };
}

enum drift_level baseline_judge(const struct baseline_counts *counts) {
        struct baseline_kpis kpis;
        enum drift_level level = DRIFT_NONE;

        baseline_kpis(counts, &kpis);
        const int64_t values[] = { kpis.key_drift, counts->critical, kpis.key_coverage };

        _Static_assert(COUNT(values) == COUNT(baseline_thresholds), "a value for each threshold");
        for (size_t i = 0; i < COUNT(baseline_thresholds); i++) {
                const struct baseline_threshold *row = &baseline_thresholds[i];

                if (row->below ? values[i] < row->critical : values[i] > row->critical)
                        return DRIFT_CRITICAL;
                if (row->below ? values[i] < row->alert : values[i] > row->alert)
                        level = DRIFT_ALERT;
        }
        return level;
}

int baseline_judge_approval(const char *approver, const char *recorder, struct error *err) {
        if (strcmp(approver, recorder) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s registró esa base y no puede aprobarla.",
                              "%s recorded that baseline and can't approve it.", approver);
        return 0;
}
