/* Shared by the files of this room only. */
#pragma once

#include <sys/stat.h>

#include "base/config.h"
#include "doctor/doctor.h"
#include "policy/baseline.h"
#include "policy/station.h"

/* --- the station's files (root.c) ----------------------------------------------------------------------------- */

/* A file that this build installs: its name, and the SHA-256 of its bytes. */
struct shipped {
        const char *name, *digest;
};
extern const struct shipped shipped_files[]; /* shipped.c; ends with a row without a name */

struct doctor_context {
        const char *root;  /* before every path: "" on a station, the test's own folder in a test */
        uid_t system_uid;  /* who must own rules, units and programs */
        const char *store; /* the installed station's store: any other one is a desk's own */
        const struct shipped *shipped;
        int (*space)(const char *path, int64_t *ret_free, int64_t *ret_total); /* 0 or -errno */
        int (*synchronised)(void);                                             /* 1, 0 or -errno */
};

enum { ROOT_PATH = 4096, ROOT_VALUE = 200, ROOT_TEXT_MAX = 64 << 20 };

/* The path under the root; false when it is too long. */
bool root_path(const struct doctor_context *context, const char *path, char out[ROOT_PATH]);
bool root_has(const struct doctor_context *context, const char *path);
/* What the name itself is, links not followed; -errno. */
int root_lstat(const struct doctor_context *context, const char *path, struct stat *ret);
int root_stat(const struct doctor_context *context, const char *path, struct stat *ret);
/* A whole file, also one of /proc whose size is said to be 0; NULL and errno. The caller frees. */
char *root_text(const struct doctor_context *context, const char *path);
/* The first line; false (and out empty) when it can't be read. */
bool root_line(const struct doctor_context *context, const char *path, char *out, size_t size);
bool root_digest(const struct doctor_context *context, const char *path, char out[65]);
/* Each name in a folder that ends in `suffix`, in the order of their bytes, with its path. A folder that is not
 * there is empty. Stops at non-zero and gives it. */
int root_each(const struct doctor_context *context, const char *folder, const char *suffix,
              int (*each)(void *data, const char *path, const char *name), void *data);
/* The first of these folders (NULL at the end) that has the name; false when none. */
bool root_find(const struct doctor_context *context, const char *const *folders, const char *name,
               char out[ROOT_PATH]);

/* In the order in which the first wins. */
extern const char *const udev_folders[], *const unit_folders[], *const program_folders[];
extern const char *const program_names[];

/* --- findings (doctor.c) ------------------------------------------------------------------------------------- */

struct check;

struct doctor {
        struct act *act;
        const struct doctor_context *context;
        const struct check *check; /* whose turn it is */
        json_t *rows;
        unsigned counts[SEVERITIES];
        unsigned found; /* by this check */
        bool no_memory;
};

struct check {
        const char *id, *rule;
        struct text sound;  /* what is so when nothing is found */
        struct text remedy; /* what to do about a warning or a failure */
        void (*run)(struct doctor *doctor);
};
extern const struct check station_checks[];
extern const size_t station_checks_n;

void found(struct doctor *doctor, enum severity severity, const char *es, const char *en, ...)
        __attribute__((format(printf, 3, 5), format(printf, 4, 5)));
/* What a function of another room complained of; forgets the error. */
void found_error(struct doctor *doctor, enum severity severity, const struct error *err);

/* All checks, in the table's order: {verdict, ok, info, warn, fail, rows: [{check, severity, rule, what, remedy}]}.
 * ERR_VERIFY (and *ret set all the same) when any fails. */
int doctor_run(struct act *act, const struct doctor_context *context, json_t **ret, struct error *err);

void check_udev_rules(struct doctor *doctor);
void check_udev_overrides(struct doctor *doctor);
void check_gate_program(struct doctor *doctor);
void check_gate_mode(struct doctor *doctor);
void check_udevd(struct doctor *doctor);
void check_mpsid(struct doctor *doctor);
void check_units(struct doctor *doctor);
void check_programs(struct doctor *doctor);
void check_automounters(struct doctor *doctor);
void check_foreign_mounts(struct doctor *doctor);
void check_usb(struct doctor *doctor);
void check_store(struct doctor *doctor);
void check_recovery(struct doctor *doctor);
void check_space(struct doctor *doctor);
void check_vault(struct doctor *doctor);
void check_key_age(struct doctor *doctor);
void check_certificates(struct doctor *doctor);
void check_ledger(struct doctor *doctor);
void check_clock_back(struct doctor *doctor);
void check_backup(struct doctor *doctor);
void check_jobs(struct doctor *doctor);
void check_siem(struct doctor *doctor);
void check_baseline(struct doctor *doctor);
void check_clock(struct doctor *doctor);
void check_swap(struct doctor *doctor);
void check_kernel(struct doctor *doctor);
void check_core_dumps(struct doctor *doctor);
void check_secure_boot(struct doctor *doctor);
void check_tpm(struct doctor *doctor);

/* Where the installed rule runs the gate: the path of its PROGRAM; false when no rule names one. */
bool gate_program_path(const struct doctor_context *context, char out[ROOT_PATH]);

/* --- the baseline -------------------------------------------------------------------------------------------- */

enum { BASELINE_ID = 16 };
#define BASELINE_RULE "10-mpsi-gate.rules"

struct baseline {
        char id[BASELINE_ID];                      /* B000001 */
        char digest[65];                           /* of the map, which is an attachment */
        int64_t keys, recorded, approved, checked; /* microseconds; 0 never */
        char state[16], recorded_by[40], approved_by[40], reason[801];
};
extern const struct schema baseline_schema;
extern const struct event_type baseline_events[];
enum { BASELINE_EVENTS = 4 };

/* The present configuration as an object of texts (snapshot.c). */
int baseline_snapshot(const struct doctor_context *context, json_t **ret, struct error *err);

/* id NULL: the one in force. ERR_NOT_FOUND. */
int baseline_load(struct db *db, const char *id, struct baseline *ret, struct error *err);
/* Its map, held against the digest that the ledger knows. */
int baseline_map(struct act *act, const struct baseline *baseline, json_t **ret, struct error *err);
/* rows: [{key, deviation: missing|changed|added, critical, expected, actual}]. */
int baseline_compare(json_t *expected, json_t *actual, struct baseline_counts *ret, json_t **ret_rows,
                     struct error *err);

/* The present configuration against the baseline in force, as baseline_check_run() answers, recording nothing. */
int baseline_drift(struct act *act, const struct doctor_context *context, json_t **ret, struct error *err);
/* {rows}: the baselines, newest first; or the checks with the KPIs that each had. */
int baseline_rows(struct db *db, bool checks, json_t **ret, struct error *err);
/* Takes a snapshot and records it: in force at once when there is none, else waiting for approval. */
int baseline_record(struct act *act, const struct doctor_context *context, const char *reason, json_t **ret,
                    struct error *err);
