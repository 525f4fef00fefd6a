#include "api/session.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/caller.h"
#include "api/store.h"
#include "base/file.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "sign/identity.h"

enum { LOCK_WAIT_MS = 10000, LOCK_STEP_MS = 20 };

struct session {
        char *folder, *as, *os_user;
        struct store store; /* closed while store.db is NULL */
        struct act act;
        struct act_lock lock;
        struct caller caller;
        int lock_fd;
        dev_t device; /* of the database that is open */
        ino_t inode;
        bool installs;
        bool turn; /* this account's, of trying a secret */
};

static char *process_user(void) {
        const struct passwd *entry = getpwuid(getuid());

        return entry ? strdup(entry->pw_name) : str_format("uid-%u", (unsigned) getuid());
}

/* flock, so that the kernel gives it back when the process dies. */
static int take_lock(void *context, struct error *err) {
        struct session *session = context;
        _cleanup_free_ char *path = str_format("%s/lock", session->folder);
        const struct timespec step = { 0, LOCK_STEP_MS * 1000000L };

        if (!path)
                return fail_memory(err);
        if (session->lock_fd < 0)
                session->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
        if (session->lock_fd < 0)
                return fail_errno(err, errno, "No se puede escribir en el almacén «%s»",
                                  "The store “%s” can't be written", session->folder);
        for (int waited = 0; flock(session->lock_fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return fail_errno(err, errno, "No se puede bloquear el almacén",
                                          "The store can't be locked");
                if (waited >= LOCK_WAIT_MS) {
                        (void) fail(err, ERR_BUSY, "Otro proceso está escribiendo en el almacén.",
                                    "Another process is writing the store.");
                        return hint(err, "Espere a que termine y repita la orden.",
                                    "Wait until it ends and run the command again.");
                }
                (void) nanosleep(&step, NULL);
        }
        return 0;
}

static void give_lock(void *context) {
        struct session *session = context;

        if (session->lock_fd >= 0)
                (void) flock(session->lock_fd, LOCK_UN);
}

/* A byte of the lock file for each account, or for some together. */
static int lock_turn(const struct session *session, short type) {
        struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };

        for (const char *c = session->os_user; *c; c++)
                range.l_start = (range.l_start * 31 + (unsigned char) *c) % 0x7fffffff;
        return fcntl(session->lock_fd, F_OFD_SETLK, &range);
}

static int take_turn(void *context, bool *ret_waited, struct error *err) {
        struct session *session = context;
        const struct timespec step = { 0, LOCK_STEP_MS * 1000000L };

        if (!session->caller.peer || session->turn)
                return 0;
        for (int waited = 0; lock_turn(session, F_WRLCK) < 0; waited += LOCK_STEP_MS) {
                if (errno != EAGAIN && errno != EACCES && errno != EINTR)
                        return fail_errno(err, errno, "No se puede bloquear el almacén",
                                          "The store can't be locked");
                if (waited >= LOCK_WAIT_MS)
                        return fail(err, ERR_BUSY, "Otro intento de esta cuenta no ha terminado.",
                                    "Another attempt of this account has not ended.");
                give_lock(session); /* or who has the turn could not end it */
                *ret_waited = true;
                (void) nanosleep(&step, NULL);
        }
        session->turn = true;
        return *ret_waited ? take_lock(session, err) : 0;
}

static void end_turn(struct session *session) {
        if (session->turn)
                (void) lock_turn(session, F_UNLCK);
        session->turn = false;
}

int session_open(const struct session_options *options, struct session **ret, struct error *err) {
        _cleanup_(session_closep) struct session *session = NULL;

        if (options->peer && (options->as || !options->os_user))
                return fail(err, ERR_USAGE,
                            "A través del puesto actúa la cuenta que se conecta, y nadie en su nombre.",
                            "At the station the account that connects acts, and nobody in its name.");
        session = calloc(1, sizeof *session);
        if (!session)
                return fail_memory(err);
        session->lock_fd = -1;
        session->folder = strdup(options->folder);
        session->as = options->as ? strdup(options->as) : NULL;
        session->os_user = options->os_user ? strdup(options->os_user) : process_user();
        if (!session->folder || !session->os_user || (options->as && !session->as))
                return fail_memory(err);
        session->caller.peer = options->peer;
        session->installs = options->installs;
        session->lock = (struct act_lock){ session, take_lock, give_lock, take_turn };
        session->act = (struct act){
                .folder = session->folder,
                .clock = options->clock ? options->clock : &clock_system,
                .os_user = session->os_user,
                .os_groups = options->peer ? options->os_groups : NULL,
                .os_groups_n = options->peer ? options->os_groups_n : 0,
                .lang = options->lang,
                .dry_run = options->dry_run,
                .resumes = options->resumes,
                .ui = options->ui,
                .lock = &session->lock,
        };
        *ret = TAKE_PTR(session);
        return 0;
}

void session_close(struct session *session) {
        if (!session)
                return;
        store_close(&session->store);
        caller_done(&session->caller);
        json_decref(session->act.said);
        if (session->lock_fd >= 0)
                (void) close(session->lock_fd);
        free(session->folder);
        free(session->as);
        free(session->os_user);
        free(session);
}

/* Whether the store that is open is the one that the folder holds, and no other one nor none: what is recorded in a
 * file that was removed is recorded nowhere. */
static bool store_is_there(const struct session *session) {
        _cleanup_free_ char *path = str_format("%s/registry.db", session->folder);
        struct stat st;

        return path && stat(path, &st) == 0 && st.st_dev == session->device && st.st_ino == session->inode;
}

static void note_store(struct session *session) {
        _cleanup_free_ char *path = str_format("%s/registry.db", session->folder);
        struct stat st = { 0 };

        if (path && stat(path, &st) == 0) {
                session->device = st.st_dev;
                session->inode = st.st_ino;
        }
}

static int open_store(struct session *session, bool writes, struct error *err) {
        struct act *act = &session->act;
        int r;

        if (session->store.db && (!writes || session->store.key) && store_is_there(session)) {
                if (writes)
                        db_look_end(session->store.db); /* what is decided on is what is there now */
                else
                        db_look(session->store.db);
                return 0;
        }
        store_close(&session->store);
        r = store_open(session->folder, act->clock, writes, &session->store, err);
        if (r < 0)
                return r;
        note_store(session);
        session->caller.category = session->store.station.category;
        act->db = session->store.db;
        act->ledger = session->store.ledger;
        act->station = session->store.station.name;
        act->site = session->store.station.site;
        act->organisation = session->store.station.organisation;
        act->station_key = session->store.key;
        act->station_certificate = session->store.station.certificate;
        act->ca_certificate = session->store.station.ca_certificate;
        act->recovery_certificate = session->store.station.recovery_certificate;
        if (!writes)
                db_look(session->store.db);
        return 0;
}

static void look_no_more(struct session *session) {
        if (session->store.db)
                db_look_end(session->store.db);
}

/* A refusal is an event too (X2); trouble in recording it must not hide the refusal itself. */
static void record_refusal(struct session *session, const struct verb *verb, const json_t *args,
                           const struct error *why) {
        if (session->act.dry_run && !session->caller.peer)
                return;
        if (open_store(session, true, NULL) == 0)
                (void) caller_refused(&session->caller, &session->act, verb, args, why, NULL);
}

/* Who acts, and whether they may. */
static int admit(struct session *session, const struct verb *verb, const json_t *args, struct error *err) {
        int r = caller_identify(&session->caller, &session->act, session->as, err);

        return r < 0 ? r : caller_authorise(&session->caller, &session->act, verb, args, err);
}

/* Through the socket, whoever is not admitted does not get as far as waiting for the writer's lock. */
static int admit_first(struct session *session, const struct verb *verb, const json_t *args, struct error *err) {
        int r = open_store(session, false, err);

        if (r == 0)
                r = admit(session, verb, args, err);
        if (r == ERR_DENIED || r == ERR_REFUSED)
                record_refusal(session, verb, args, err);
        return r;
}

/* A4: an auditor gets no answer that could not be recorded. The others' accesses are noted as well as can be. */
static int record_access(struct session *session, const struct verb *verb, const json_t *args, json_t *answer,
                         struct error *err) {
        bool auditor = session->act.roles & ROLE_AUDITOR;
        int r = 0;

        if (auditor || caller_has_news(&session->caller, &session->act))
                r = open_store(session, true, err);
        if (r == 0 && auditor)
                r = caller_audited(&session->act, verb, args, answer, err);
        if (r == 0 && caller_has_news(&session->caller, &session->act))
                (void) caller_noted(&session->caller, &session->act, NULL);
        return auditor ? r : 0;
}

/* Whether the verb is for no store, or for none where there is none. */
static bool without_store(const struct session *session, const struct verb *verb) {
        _cleanup_free_ char *registry = NULL;

        if (!(verb->flags & VERB_ANY_STORE))
                return verb->flags & VERB_NO_STORE;
        registry = str_format("%s/registry.db", session->folder);
        return registry && access(registry, F_OK) < 0 && errno == ENOENT;
}

/* What works without a store works without a registered person: in a local store, and for making one. */
static bool needs_nobody(const struct session *session, const struct verb *verb) {
        return without_store(session, verb) &&
               (!session->caller.peer || (session->installs && verb->flags & VERB_WRITES));
}

static int run_without_store(struct session *session, const struct verb *verb, const json_t *args, json_t **ret,
                             struct error *err) {
        _cleanup_json_ json_t *checked = NULL;
        int r = args_check(verb, args, NULL, &checked, err);

        return r < 0 ? r : verb->run(&session->act, checked, ret, err);
}

static int run_in_store(struct session *session, const struct verb *verb, const json_t *args, json_t **ret,
                        struct error *err) {
        bool storeless = verb->flags & VERB_NO_STORE;
        _cleanup_json_ json_t *checked = NULL;
        int r = open_store(session, verb->flags & VERB_WRITES, err);

        if (r == 0)
                r = admit(session, verb, args, err);
        if (r == 0)
                r = args_check(verb, args, storeless ? NULL : session->act.db, &checked, err);
        if (r == 0)
                r = verb->run(&session->act, checked, ret, err);
        if (r == 0 && !*ret && !(*ret = json_object()))
                r = fail_memory(err);
        if (r == ERR_DENIED || r == ERR_REFUSED)
                record_refusal(session, verb, checked ? checked : args, err);
        return r < 0 ? r : record_access(session, verb, checked, *ret, err);
}

static int run(struct session *session, const struct verb *verb, const json_t *args, json_t **ret,
               struct error *err) {
        _cleanup_json_ json_t *answer = NULL;
        int r = needs_nobody(session, verb) ? run_without_store(session, verb, args, &answer, err)
                                            : run_in_store(session, verb, args, &answer, err);

        /* What does not hold is told row by row, beside the error that sums it up. */
        if ((r == ERR_VERIFY || r == ERR_REFUSED) && answer)
                *ret = TAKE_PTR(answer);
        if (r < 0)
                return r;
        *ret = answer ? TAKE_PTR(answer) : json_object();
        return *ret ? 0 : fail_memory(err);
}

static void forget_said(struct session *session) {
        json_decref(session->act.said);
        session->act.said = NULL;
}

/* From the beginning for as long as others write while a key is opened. Each key is opened once, which ends it. */
static int run_through(struct session *session, const struct verb *verb, const json_t *args, json_t **ret,
                       struct error *err) {
        struct act *act = &session->act;
        int r;

        do {
                act->recorded = act->away = act->again = false;
                forget_said(session);
                if (err)
                        *err = (struct error){ 0 };
                r = run(session, verb, args, ret, err);
        } while (r < 0 && act->again && !act->recorded);
        return r;
}

int session_admit(struct session *session, const struct verb *verb, const json_t *args, struct error *err) {
        struct error trouble = { 0 };
        int r = needs_nobody(session, verb) ? 0 : admit_first(session, verb, args, &trouble);

        look_no_more(session);
        if (r < 0 && err)
                *err = trouble;
        return r;
}

int session_call(struct session *session, const struct verb *verb, const json_t *args, json_t **ret_answer,
                 json_t **ret_said, struct error *err) {
        struct error trouble = { 0 };
        bool locked = false;
        int r = 0;

        forget_said(session);
        session->act.verb = verb;
        session->act.proved = false;
        if (session->caller.peer && verb->flags & VERB_WRITES && !needs_nobody(session, verb))
                r = admit_first(session, verb, args, &trouble);
        if (r == 0 && verb->flags & VERB_WRITES && !without_store(session, verb)) {
                struct stat st;

                /* Without a store there is nothing to lock; opening it says what is wrong. */
                if (stat(session->folder, &st) == 0) {
                        r = take_lock(session, &trouble);
                        locked = r == 0;
                }
        }
        if (r == 0)
                r = run_through(session, verb, args, ret_answer, &trouble);
        act_keys_forget(&session->act);
        look_no_more(session);
        act_progress_end(&session->act);
        if (locked)
                give_lock(session);
        end_turn(session);
        if (ret_said)
                *ret_said = TAKE_PTR(session->act.said);
        if (r < 0 && err)
                *err = trouble;
        return r;
}

const struct act *session_act_now(const struct session *session) {
        return &session->act;
}

int session_act(struct session *session, struct act **ret, struct error *err) {
        int r = open_store(session, true, err);

        if (r == 0 && (session->as || session->caller.peer))
                r = caller_identify(&session->caller, &session->act, session->as, err);
        if (r == 0)
                *ret = &session->act;
        return r;
}
