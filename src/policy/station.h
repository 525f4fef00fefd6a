/* What is wanted of the station itself (OP.EXP.2, C10, X2, X7): kernel parameters, room on disks, ages. Data for
 * `doctor`, to be corrected here by an organisation that knows better. */
#pragma once

#include <stdint.h>

#include "policy/terms.h"

/* How a finding of a check stands. */
enum severity {
        SEVERITY_OK,
        SEVERITY_INFO, /* worth knowing, nothing to mend */
        SEVERITY_WARN,
        SEVERITY_FAIL,
        SEVERITIES
};
extern const struct term severity_terms[SEVERITIES];

/* A file under /proc/sys whose number must lie in least..most. A kernel that lacks it is not judged. */
struct kernel_parameter {
        const char *name; /* as sysctl writes it */
        int64_t least, most;
        enum severity severity; /* when it does not */
        const char *rule;
        struct text why;
};
extern const struct kernel_parameter kernel_parameters[];
extern const size_t kernel_parameters_n;

/* Room left on the file system of a path: below either number is a finding. */
struct space_demand {
        const char *path; /* NULL: the store */
        int64_t warn_bytes, fail_bytes;
        int64_t warn_percent, fail_percent;
};
extern const struct space_demand space_demands[];
extern const size_t space_demands_n;
enum severity space_judge(const struct space_demand *demand, int64_t free, int64_t total);

/* Something that must happen again and again, or that ends: days. */
enum station_term { TERM_CERTIFICATE, TERM_BACKUP, TERM_BASELINE_CHECK, TERM_SIEM, STATION_TERMS };
struct term_demand {
        const char *rule;
        int warn_days, fail_days; /* a certificate: left; else: since the last time */
};
extern const struct term_demand term_demands[STATION_TERMS];
/* left: microseconds until the end. */
enum severity term_judge_left(enum station_term term, int64_t left);
/* age: microseconds since the last time, negative when it never was. */
enum severity term_judge_age(enum station_term term, int64_t age);
