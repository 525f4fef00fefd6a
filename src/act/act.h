/* What every act has at hand, and the two rows that a room offers to the rest: verbs and event types.
 *
 * An act is one call of one verb by one person. Its handler decides (policy), records facts with act_record(),
 * which appends them to the ledger, applies them to the tables, signs and commits in one transaction, and
 * answers with JSON. It never prints. */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "ledger/event.h"
#include "policy/terms.h"
#include "store/db.h"

struct ledger;
struct act;
struct verb;
struct alert_family; /* act/alert.h */

/* The store's single-writer lock, as the session holds it. */
struct act_lock {
        void *context;
        int (*take)(void *context, struct error *err);
        void (*give)(void *context);
        /* Attempts of one account to open a key go one by one, each counted before the next (X4): true when another
         * had to be waited for, without the writer's lock. The turn ends with the call. */
        int (*turn)(void *context, bool *ret_waited, struct error *err);
};

/* How far a long job is; `total` 0 means unknown. */
struct progress {
        const char *subject;  /* the medium's ID */
        struct text step;     /* what is being done */
        uint64_t done, total; /* bytes */
        uint64_t rate;        /* bytes a second, 0 unknown */
        int64_t eta;          /* seconds left, -1 unknown */
        unsigned part, parts; /* the step's number of so many; parts 0: one step only */
        int temperature;      /* of the device, °C; 0 unknown */
        uint64_t errors;      /* bytes that could not be reached so far */
        bool waiting;         /* it is paused until the device has cooled */
};

/* What only the edge can do: ask the person. Functions may be NULL: then there is nobody to ask. */
struct act_ui {
        void *context;
        /* purpose: "master", "organisation", "recovery", "pin:NAME". Never from arguments or the environment. */
        int (*ask_secret)(void *context, const char *purpose, struct text prompt, struct secret **ret,
                          struct error *err);
        /* One typed line; the caller frees it. */
        int (*ask_line)(void *context, struct text prompt, char **ret, struct error *err);
        /* Shows a secret to the person, and to nobody and nothing else, and returns once they have noted it. */
        int (*show_secret)(void *context, const struct secret *secret, struct error *err);
        void (*progress)(void *context, const struct progress *progress);
        bool (*cancelled)(void *context);
};

struct act {
        const char *folder; /* the store's folder */
        struct db *db;      /* registry.db */
        struct ledger *ledger;
        const struct clock *clock;
        const char *station; /* the station's name */
        const char *site;    /* the site's letters in media IDs */
        const char *organisation;
        const char *person; /* who acts */
        unsigned roles;     /* what they hold */
        const char *os_user;
        const char *const *os_groups; /* names of the account's groups, as the socket's peer has them; else none */
        size_t os_groups_n;
        bool proved;    /* the person opened their own key with its PIN */
        enum lang lang; /* of documents made by this act, unless a parameter says otherwise */
        bool dry_run;   /* decide and say, change nothing */
        bool resumes;   /* the station goes on with what was cut off, and begins nothing */
        bool recorded;  /* this call has recorded a fact: it can't be begun again as if nothing had happened */
        const struct act_ui *ui;
        json_t *said;                     /* array of {es, en}: lines for people, beside the answer */
        EVP_PKEY *station_key;            /* P-256: checkpoints, labels, tokens; NULL in a verb that only reads */
        const char *station_certificate;  /* PEM */
        const char *ca_certificate;       /* PEM: the organisation's own authority */
        const char *recovery_certificate; /* PEM: recipient of escrow envelopes */
        const struct act_lock *lock;      /* the writer's lock, for act_pause() */
        struct act_key *keys;             /* that this call has opened: act_key() */
        bool away;                        /* between act_pause() and act_resume() */
        bool again;                       /* the call is to begin again: others wrote while act_key() was away */
        json_t *held;                     /* reports to be recorded together: report_hold() */
        int64_t held_seq;
        const struct verb *verb; /* under way; NULL outside of one */
        int job_fd;              /* of act_progress(); 0: none */
        int64_t job_shown;
};

static inline int64_t act_now(const struct act *act) {
        return clock_now(act->clock);
}

/* Records facts in one transaction. In a dry run they are checked, applied and rolled back. */
int act_record(struct act *act, const struct fact *facts, size_t n, struct error *err);
static inline int act_record_one(struct act *act, const char *type, const char *subject, json_t *data,
                                 struct error *err) {
        const struct fact fact = { type, subject, data };

        return act_record(act, &fact, 1, err);
}

/* A line for the person: what was done, what to do next. */
void act_say(struct act *act, const char *es, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

/* The same for a line whose two texts are there already. */
void act_say_text(struct act *act, struct text line);

/* ERR_USAGE with a hint when there is nobody to ask and no --secret was given. */
int act_ask_secret(struct act *act, const char *purpose, struct text prompt, struct secret **ret,
                   struct error *err);

/* A secret that is being set: asked for twice, both must be the same; at least `min` bytes. */
int act_ask_new_secret(struct act *act, const char *purpose, struct text prompt, size_t min, struct secret **ret,
                       struct error *err);

/* C8: shows a secret once on the person's own terminal. ERR_USAGE when there is none. Whoever waits for it should
 * have let other writers in (act_pause). */
int act_show_secret(struct act *act, const struct secret *secret, struct error *err);

/* S6: the person types the medium's ID. `confirm` is the verb's --confirm (may be NULL: then it is asked for);
 * `shown` is what they are about to destroy. ERR_REFUSED by S6 when it differs or nobody can type it. */
int act_confirm(struct act *act, const char *confirm, const char *id, struct text shown, struct error *err);

/* Tells whoever waits, and leaves it for act_jobs() until act_progress_end(). */
void act_progress(struct act *act, const struct progress *progress);
void act_progress_end(struct act *act);
/* What long acts of all processes on this store are doing: an array of {subject, verb, person, step, done, total,
 * rate, eta, time}. */
int act_jobs(const struct act *act, json_t **ret, struct error *err);
bool act_cancelled(const struct act *act);

/* A long job lets other writers in while it works on hardware: between these two no record may be made.
 * After act_resume() all state must be read again. */
int act_pause(struct act *act, struct error *err);
int act_resume(struct act *act, struct error *err);

/* A key that takes its time to open: a derivation, a card, somebody who looks for their PIN. `open` runs while
 * other writers are let in, and once in a call for each `name`. Whatever one of them has changed meanwhile, nothing
 * is decided on what was there before: the handler then fails, and its call begins again with the key at hand.
 * Where something was recorded already, `open` keeps the lock. The caller frees *ret. */
int act_key(struct act *act, const char *name, int (*open)(void *context, EVP_PKEY **ret, struct error *err),
            void *context, EVP_PKEY **ret, struct error *err);
void act_keys_forget(struct act *act);

/* A path in the store's folder: act_path(act, "attachments", name). New string or NULL. */
char *act_path(const struct act *act, const char *folder, const char *name);

/* Copies a file's bytes into attachments/ under its SHA-256 and gives that digest. limit in bytes. */
int act_attach_file(struct act *act, const char *path, size_t limit, char ret_digest[65], struct error *err);
int act_attach(struct act *act, const void *data, size_t n, char ret_digest[65], struct error *err);
/* For many at once, from any thread, after act_attach_begin(): a descriptor, which the caller closes. They are
 * durable once fs_sync() of it has ended, and not to be recorded before. */
int act_attach_begin(const struct act *act, struct error *err);
int act_attach_loose(const struct act *act, const void *data, size_t n, char ret_digest[65], struct error *err);

/* --- verbs ----------------------------------------------------------------------------------------------- */

enum param_type {
        PARAM_TEXT,   /* plain UTF-8 of one line, at most `max` characters (0: 200) */
        PARAM_INT,    /* min .. max */
        PARAM_FLAG,   /* true or absent */
        PARAM_DATE,   /* YYYY-MM-DD */
        PARAM_TERM,   /* one of terms[0..terms_n), stored as its code */
        PARAM_MEDIUM, /* any of a medium's names; the handler gets the ID */
        PARAM_PERSON, /* an existing person's name */
        PARAM_NAME,   /* a new name: [a-z0-9._-], 1 to 32 */
        PARAM_DEVICE, /* a block device or an image file */
        PARAM_INPUT,  /* a path to read */
        PARAM_OUTPUT, /* a path to write */
};

enum param_flags {
        PARAM_REQUIRED = 1,
        PARAM_POSITIONAL = 2,
        PARAM_REPEATED = 4, /* the handler gets an array */
        PARAM_NEW = 8,      /* of a PARAM_OUTPUT: what is there is never written over */
        PARAM_SECRET = 16,  /* of a PARAM_OUTPUT: holds a secret, and is on no disk but the caller's; the handler
                               writes  it with file_write_new() */
        PARAM_FOLDER = 32,  /* of a PARAM_OUTPUT: a folder, or a file .tar; over the socket the latter only */
};

struct param {
        const char *name; /* as in JSON and --name */
        enum param_type type;
        unsigned flags;
        struct text help;
        int64_t min, max;
        const struct term *terms;
        size_t terms_n;
};

/* What a column is called. One that holds codes names their terms: people read the names, data keep the codes. */
struct column_heading {
        const char *es, *en;
        const struct term *terms;
        size_t terms_n;
};

/* A column of an answer's rows, or a member of an answer, for tables and the documented shape. */
struct column {
        const char *key;
        struct column_heading title;
};

static inline const char *column_title(const struct column *column, enum lang lang) {
        return lang == LANG_EN ? column->title.en : column->title.es;
}

enum verb_flags {
        VERB_READS = 0,
        VERB_WRITES = 1,      /* takes the store's writer lock */
        VERB_NO_STORE = 2,    /* works without a store (init, certificate verify): act->db is NULL */
        VERB_DESTRUCTIVE = 4, /* has the parameter `confirm` */
        VERB_BULK = 8,        /* A4: its files hold whole tables, and all that it writes is the record of them: an
                                 auditor calls it without its PARAM_OUTPUTs only */
        VERB_LOCAL = 32,      /* makes or reads folders of the caller's machine: not for a station's socket */
        VERB_ANY_STORE = 16,  /* as any other verb where there is a store, as VERB_NO_STORE where there is none */
};

struct verb {
        const char *noun, *name; /* name "" for a bare noun such as init */
        unsigned roles;          /* any of these may call it; ROLE_ANY: everybody known */
        unsigned flags;
        struct text help;
        const struct param *params;
        size_t params_n;
        /* Of answer["rows"][i], or of the answer itself when it has no rows. */
        const struct column *columns;
        size_t columns_n;
        /* args holds only checked parameters. On success *ret is a new object (or untouched for {}). */
        int (*run)(struct act *act, const json_t *args, json_t **ret, struct error *err);
};

/* What a room offers; api/catalogue.c lists the rooms. */
struct room {
        const struct schema *schema; /* NULL: no tables */
        const struct verb *verbs;
        size_t verbs_n;
        const struct event_type *events;
        size_t events_n;
};

/* Spares repetition in the tables of parameters. */
#define HELP(spanish, english)                                                                                     \
        { .es = (spanish), .en = (english) }
/* The title of a column whose values are codes of a table of terms. */
#define CODES(spanish, english, table)                                                                             \
        { .es = (spanish), .en = (english), .terms = (table), .terms_n = sizeof(table) / sizeof((table)[0]) }
#define PARAMS(table) .params = (table), .params_n = sizeof(table) / sizeof((table)[0])
#define COLUMNS(table) .columns = (table), .columns_n = sizeof(table) / sizeof((table)[0])
