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

#include "api/store.h"
#include "base/file.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "policy/rule.h"
#include "registry/person.h"
#include "registry/station.h"
#include "sign/identity.h"

enum { LOCK_WAIT_MS = 10000, LOCK_STEP_MS = 20 };

struct session {
        char *folder, *as, *os_user;
        struct store store; /* closed while store.db is NULL */
        struct act act;
        struct act_lock lock;
        struct person person;
        int lock_fd;
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

int session_open(const struct session_options *options, struct session **ret, struct error *err) {
        _cleanup_(session_closep) struct session *session = calloc(1, sizeof *session);

        if (!session)
                return fail_memory(err);
        session->lock_fd = -1;
        session->folder = strdup(options->folder);
        session->as = options->as ? strdup(options->as) : NULL;
        session->os_user = options->os_user ? strdup(options->os_user) : process_user();
        if (!session->folder || !session->os_user || (options->as && !session->as))
                return fail_memory(err);
        session->lock = (struct act_lock){ session, take_lock, give_lock };
        session->act = (struct act){
                .folder = session->folder,
                .clock = options->clock ? options->clock : &clock_system,
                .os_user = session->os_user,
                .lang = options->lang,
                .dry_run = options->dry_run,
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
        person_done(&session->person);
        json_decref(session->act.said);
        if (session->lock_fd >= 0)
                (void) close(session->lock_fd);
        free(session->folder);
        free(session->as);
        free(session->os_user);
        free(session);
}

static int open_store(struct session *session, bool writes, struct error *err) {
        struct act *act = &session->act;
        int r;

        if (session->store.db && (!writes || session->store.key))
                return 0;
        store_close(&session->store);
        r = store_open(session->folder, act->clock, writes, &session->store, err);
        if (r < 0)
                return r;
        act->db = session->store.db;
        act->ledger = session->store.ledger;
        act->station = session->store.station.name;
        act->site = session->store.station.site;
        act->organisation = session->store.station.organisation;
        act->station_key = session->store.key;
        act->station_certificate = session->store.station.certificate;
        act->ca_certificate = session->store.station.ca_certificate;
        act->recovery_certificate = session->store.station.recovery_certificate;
        return 0;
}

/* Who acts: --as in a local store, else the person whose operating-system account it is. */
static int identify(struct session *session, struct error *err) {
        struct act *act = &session->act;
        int r;

        person_done(&session->person);
        act->person = NULL;
        act->roles = 0;
        r = session->as ? person_load(act->db, session->as, &session->person, err)
                        : person_by_os_user(act->db, session->os_user, &session->person, err);
        if (r == ERR_NOT_FOUND) {
                (void) fail(err, ERR_DENIED, "Nadie registrado actúa como «%s».", "Nobody registered acts as “%s”.",
                            session->as ? session->as : session->os_user);
                (void) error_by_rule(err, "X1", "op.acc.3");
                return hint(err, "Diga quién actúa con --as NOMBRE, o pida el alta al administrador de seguridad.",
                            "Say who acts with --as NAME, or ask the security administrator to be added.");
        }
        if (r < 0)
                return r;
        act->person = session->person.name;
        act->roles = session->person.roles;
        return 0;
}

static int authorise(const struct session *session, const struct verb *verb, struct error *err) {
        const struct person *person = &session->person;
        char today[DATE_TEXT], roles[64];

        date_of(act_now(&session->act), today);
        if (person->blocked)
                return refuse(err, ERR_DENIED, "X4", "La cuenta de %s está bloqueada.",
                              "The account of %s is blocked.", person->name);
        if (person->expires[0] && strcmp(person->expires, today) < 0)
                return refuse(err, ERR_DENIED, "X4", "La cuenta de %s caducó el %s.",
                              "The account of %s expired on %s.", person->name, person->expires);
        if (verb->roles & person->roles)
                return 0;
        roles_format(verb->roles, roles);
        return refuse(err, ERR_DENIED, "X1", "%s no puede hacer «%s %s»: hace falta el rol %s.",
                      "%s may not do “%s %s”: it takes the role %s.", person->name, verb->noun, verb->name, roles);
}

/* A refusal is an event too (X2); trouble in recording it must not hide the refusal itself. */
static void record_refusal(struct session *session, const struct verb *verb, const json_t *args,
                           const struct error *why) {
        const char *subject = json_text(args, "medium");
        _cleanup_free_ char *name = str_format("%s%s%s", verb->noun, *verb->name ? " " : "", verb->name);
        _cleanup_json_ json_t *data = NULL;
        char asked[64];

        if (!name || session->act.dry_run)
                return;
        (void) snprintf(asked, sizeof asked, "%s",
                        subject               ? subject
                        : session->act.person ? session->act.person
                                              : "-");
        utf8_trim(asked);
        data = json_pack("{s:s, s:s, s:s, s:s}", "verb", name, "outcome", error_word(why->code), "rule", why->rule,
                         "why", why->what[LANG_ES]);
        if (data && open_store(session, true, NULL) == 0)
                (void) act_record_one(&session->act, "act.refused", asked, data, NULL);
}

static int run(struct session *session, const struct verb *verb, const json_t *args, json_t **ret,
               struct error *err) {
        bool writes = verb->flags & VERB_WRITES;
        _cleanup_json_ json_t *checked = NULL, *answer = NULL;
        int r;

        if (verb->flags & VERB_NO_STORE) {
                r = args_check(verb, args, NULL, &checked, err);
                if (r == 0)
                        r = verb->run(&session->act, checked, &answer, err);
                if (r == 0)
                        *ret = answer ? TAKE_PTR(answer) : json_object();
                return r;
        }
        r = open_store(session, writes, err);
        if (r == 0)
                r = identify(session, err);
        if (r == 0)
                r = authorise(session, verb, err);
        if (r == 0)
                r = args_check(verb, args, session->act.db, &checked, err);
        if (r == 0)
                r = verb->run(&session->act, checked, &answer, err);
        if (r == ERR_DENIED || r == ERR_REFUSED)
                record_refusal(session, verb, checked ? checked : args, err);
        /* What does not hold is told row by row, beside the error that sums it up. */
        if (r == ERR_VERIFY && answer)
                *ret = TAKE_PTR(answer);
        if (r < 0)
                return r;
        *ret = answer ? TAKE_PTR(answer) : json_object();
        return *ret ? 0 : fail_memory(err);
}

int session_call(struct session *session, const struct verb *verb, const json_t *args, json_t **ret_answer,
                 json_t **ret_said, struct error *err) {
        struct error trouble = { 0 };
        bool locked = false;
        int r = 0;

        json_decref(session->act.said);
        session->act.said = NULL;
        if (verb->flags & VERB_WRITES && !(verb->flags & VERB_NO_STORE)) {
                struct stat st;

                /* Without a store there is nothing to lock; opening it says what is wrong. */
                if (stat(session->folder, &st) == 0) {
                        r = take_lock(session, &trouble);
                        locked = r == 0;
                }
        }
        if (r == 0)
                r = run(session, verb, args, ret_answer, &trouble);
        if (locked)
                give_lock(session);
        if (ret_said)
                *ret_said = TAKE_PTR(session->act.said);
        if (r < 0 && err)
                *err = trouble;
        return r;
}

int session_act(struct session *session, struct act **ret, struct error *err) {
        int r = open_store(session, true, err);

        if (r == 0 && session->as)
                r = identify(session, err);
        if (r == 0)
                *ret = &session->act;
        return r;
}
