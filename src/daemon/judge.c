#include "daemon/judge.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/session.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "daemon/transfer.h"
#include "doctor/doctor.h"
#include "encrypt/encrypt.h"
#include "keys/keys.h"
#include "ledger/ledger.h"
#include "registry/person.h"
#include "sanitize/sanitize.h"

/* Several facts come together: the registry is looked at again this long after the first. */
enum { CALM_MS = 100, BASELINE_MS = 3600 * 1000 };

/* What is plugged in, as it was read last: most of what could be read is not there. */
struct known {
        struct known *next;
        enum gate_verdict verdict;
        bool judged;
        char name[DEVICE_FIELD];
        struct judge_request *request; /* without its last zeros */
        size_t request_n;
};

struct judge {
        const struct judge_context *context;
        int fd, changes;
        struct session *session;
        struct known *known;
        struct judge_request *again; /* a known one's, whole */
        int64_t seen;                /* size of the ledger when all was judged */
        bool stale;                  /* what is on record as open may not be */
        int64_t baseline_at;         /* when the station's configuration is looked at next, in milliseconds */
        int64_t due;                 /* when it is looked at again, in milliseconds; 0: nothing changed */
};

static int64_t now_ms(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct known **find(struct judge *judge, const char *name) {
        struct known **at = &judge->known;

        while (*at && strcmp((*at)->name, name) != 0)
                at = &(*at)->next;
        return at;
}

static void forget(struct judge *judge, const char *name) {
        struct known **at = find(judge, name), *known = *at;

        if (!known)
                return;
        *at = known->next;
        free(known->request);
        free(known);
}

static void remember(struct judge *judge, const struct judge_request *request) {
        size_t n = probe_used(request, sizeof *request);
        struct known *known;

        forget(judge, request->facts.name);
        known = calloc(1, sizeof *known);
        if (known)
                known->request = malloc(n);
        if (!known || !known->request) {
                free(known);
                return; /* judged once all the same, but not again when the registry changes */
        }
        memcpy(known->request, request, n);
        known->request_n = n;
        (void) snprintf(known->name, sizeof known->name, "%s", request->facts.name);
        known->next = judge->known;
        judge->known = known;
}

/* --- the store -------------------------------------------------------------------------------------------------
 */

/* Every fact that anybody records changes the checkpoint beside the database. The folder is watched too: the store
 * may not be there yet. */
static void watch(struct judge *judge) {
        _cleanup_free_ char *path = str_format("%s/checkpoint", judge->context->store);

        if (judge->changes < 0)
                judge->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (judge->changes < 0 || !path)
                return;
        (void) inotify_add_watch(judge->changes, path, IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF);
        (void) inotify_add_watch(judge->changes, judge->context->store, IN_MOVED_TO | IN_CREATE | IN_ONLYDIR);
}

static int act_of(struct judge *judge, struct act **ret, struct error *err) {
        const struct session_options options = { .folder = judge->context->store, .lang = judge->context->lang };
        bool opens = !judge->session;
        int r = opens ? session_open(&options, &judge->session, err) : 0;

        if (r == 0)
                r = session_act(judge->session, ret, err);
        if (r == 0 && opens) {
                watch(judge); /* it was not there to be watched before */
                db_fold_later((*ret)->db);
        }
        /* A store that was replaced, or is not there yet, is opened anew the next time. */
        if (r < 0) {
                session_close(judge->session);
                judge->session = NULL;
        }
        return r;
}

/* --- judging ----------------------------------------------------------------------------------------------------
 */

static void put_line(const struct device_facts *facts, const struct gate_judgement *judgement,
                     struct judge_reply *reply) {
        const struct gate_answer *answer = &judgement->answer;

        for (enum lang lang = LANG_ES; lang < LANGS; lang++) {
                (void) snprintf(reply->line[lang], sizeof reply->line[lang], "%s %s: %s %s %s %s %s %s",
                                facts->path, judgement->medium,
                                text_in(gate_verdict_terms[answer->verdict].name, lang), answer->rule,
                                text_in(answer->why, lang), judgement->detail[lang], facts->model, facts->serial);
                utf8_trim(reply->line[lang]);
        }
}

static bool cut_off(struct act *act, const char *medium, bool *ret_locked) {
        _cleanup_sanitization_ struct sanitization_record last = { 0 };
        enum rotation_kind kind;
        char person[40];

        if (!*medium)
                return false;
        if (encrypt_rotation_unfinished(act->db, medium, person, &kind, NULL) == 0 && *person) {
                *ret_locked = !keys_open_unasked(act);
                return true;
        }
        return sanitization_last(act->db, medium, &last, NULL) == 0 &&
               (last.state == SANITIZATION_RUNNING || last.state == SANITIZATION_INTERRUPTED);
}

static int newest_event(struct act *act, int64_t *ret, struct error *err) {
        return db_int(act->db, ret, err, "SELECT coalesce(max(seq), 0) FROM event", "");
}

static int record(struct judge *judge, struct act *act, const struct device_facts *facts,
                  const struct gate_judgement *judgement, struct error *err) {
        int64_t before = 0, after = 0;
        int r = act_resume(act, err); /* takes the writer's lock */

        if (r < 0)
                return r;
        r = newest_event(act, &before, err);
        if (r == 0)
                r = gate_record(act, facts, judgement, judge->context->enforce, err);
        if (r == 0)
                r = newest_event(act, &after, err);
        (void) act_pause(act, NULL);
        /* Our own facts are no change of the registry, unless somebody else's came before them. */
        if (r == 0 && judge->seen == before)
                judge->seen = after;
        return r;
}

static int decide(struct judge *judge, const struct judge_request *request, struct judge_reply *reply,
                  struct error *err) {
        struct luks_facts header = request->content.header;
        const struct gate_content content = { .header = &header,
                                              .unreadable = request->silent || request->content.unreadable };
        struct device_facts facts = request->facts;
        struct gate_judgement judgement;
        struct act *act;
        int r = act_of(judge, &act, err), known = 0;

        if (r < 0)
                return r;
        if (!request->silent)
                probe_merge(&request->content, &facts);
        if (request->content.token_n)
                (void) json_parse(request->content.token, request->content.token_n, &header.token, NULL);
        r = gate_judge(act, &facts, &content, &judgement, err);
        json_decref(header.token);
        if (r == 0)
                r = known = gate_on_record(act, &facts, &judgement, err);
        if (r == 0)
                r = record(judge, act, &facts, &judgement, err);
        if (r < 0)
                return r;
        reply->recorded = known == 0;
        reply->verdict = judgement.answer.verdict;
        reply->unfinished = cut_off(act, judgement.medium, &reply->locked);
        r = opening_stands(act, &facts, &judgement, &reply->standing, err);
        if (r < 0)
                return r;
        (void) snprintf(reply->medium, sizeof reply->medium, "%s", judgement.medium);
        put_line(&facts, &judgement, reply);
        return 0;
}

static void answer(struct judge *judge, const struct judge_request *request, bool asked) {
        struct known *known = *find(judge, request->facts.name);
        struct judge_reply reply = { .asked = asked };
        struct error err = { 0 };

        (void) snprintf(reply.name, sizeof reply.name, "%s", request->facts.name);
        (void) snprintf(reply.insertion, sizeof reply.insertion, "%s", request->facts.insertion);
        reply.error = decide(judge, request, &reply, &err);
        if (reply.error)
                for (enum lang lang = LANG_ES; lang < LANGS; lang++)
                        (void) snprintf(reply.line[lang], sizeof reply.line[lang], "%s: %s %s", request->facts.path,
                                        err.what[lang], err.hint[lang]);
        if (!asked && !reply.error && known && known->judged && known->verdict == reply.verdict &&
            !reply.recorded && reply.standing != OPENING_ENDS_NOW)
                return;
        if (known) {
                known->judged = !reply.error;
                known->verdict = reply.verdict;
        }
        (void) child_answer(judge->fd, &reply, sizeof reply, -1);
}

/* What was registered, encrypted, returned or found since has a new verdict without a new plug-in. Our own records
 * change nothing. */
static void judge_again(struct judge *judge) {
        struct act *act;
        int64_t size = 0;

        judge->due = 0;
        if (act_of(judge, &act, NULL) < 0 || newest_event(act, &size, NULL) < 0)
                size = -1;
        else
                db_fold(act->db); /* it is calm now */
        if (size == judge->seen)
                return;
        judge->seen = size; /* what is recorded from here on is seen, or seen again */
        for (struct known *known = judge->known; known; known = known->next) {
                memset(judge->again, 0, sizeof *judge->again);
                memcpy(judge->again, known->request, known->request_n);
                answer(judge, judge->again, false);
        }
}

/* --- what was open
 * ------------------------------------------------------------------------------------------------
 */

static int record_closed(struct judge *judge, const char *medium, enum opening_end why, struct error *err) {
        struct act *act;
        int r = act_of(judge, &act, err);

        if (r == 0)
                r = act_resume(act, err);
        if (r < 0)
                return r;
        r = medium ? opening_closed(act, medium, why, err) : opening_reconcile(act, err);
        (void) act_pause(act, NULL);
        return r;
}

static void on_closed(struct judge *judge, const struct judge_request *request) {
        struct judge_reply reply = { .closed = true };
        struct error err = { 0 };

        (void) snprintf(reply.name, sizeof reply.name, "%s", request->name);
        reply.error = record_closed(judge, request->name, request->why, &err);
        if (reply.error)
                log_problem(LOG_ERR, request->name, &err);
        (void) child_answer(judge->fd, &reply, sizeof reply, -1);
}

/* --- whose wipe a device is under
 * ----------------------------------------------------------------------------------
 */

/* A job that the station resumes has no client: it is known by its medium. */
static bool is_theirs(struct act *act, const struct judge_request *request, const char *medium,
                      const char *person) {
        const struct passwd *entry = *request->medium ? NULL : getpwuid(request->uid);
        _cleanup_(person_done) struct person whose = { 0 };

        if (*request->medium)
                return strcmp(request->medium, medium) == 0;
        return entry && person_by_os_user(act->db, entry->pw_name, &whose, NULL) == 0 &&
               strcmp(whose.name, person) == 0;
}

/* The medium is found by what the guard knows of the device from outside, and by its insertion, which is on record
 * since the job's start. */
static int job_on(struct judge *judge, const struct judge_request *request, enum job_standing *ret,
                  struct error *err) {
        const struct luks_facts nothing = { 0 };
        const struct gate_content content = { .header = &nothing, .unreadable = true };
        char person[SANITIZATION_PERSON] = "";
        struct gate_judgement judgement;
        struct act *act;
        bool here = false;
        int r = act_of(judge, &act, err);

        if (r == 0)
                r = gate_judge(act, &request->facts, &content, &judgement, err);
        if (r < 0)
                return r;
        r = *judgement.medium
                    ? sanitization_at_work(act->db, judgement.medium, request->facts.insertion, person, &here, err)
                    : ERR_NOT_FOUND;
        if (r == ERR_NOT_FOUND) {
                *ret = JOB_NONE;
                return 0;
        }
        if (r == 0)
                *ret = here && is_theirs(act, request, judgement.medium, person) ? JOB_HERE : JOB_BEFORE;
        return r;
}

static void on_job(struct judge *judge, const struct judge_request *request) {
        struct judge_reply reply = { .about_job = true, .worker = request->worker };
        struct error err = { 0 };

        (void) snprintf(reply.name, sizeof reply.name, "%s", request->facts.name);
        (void) snprintf(reply.insertion, sizeof reply.insertion, "%s", request->facts.insertion);
        reply.error = job_on(judge, request, &reply.job, &err);
        if (reply.error)
                log_problem(LOG_ERR, request->facts.path, &err);
        (void) child_answer(judge->fd, &reply, sizeof reply, -1);
}

/* C5: a key that grows old is said once, whether or not its medium is here. */
static void keep_rotation(struct judge *judge) {
        struct error err = { 0 };
        struct act *act;
        int r = act_of(judge, &act, &err);

        if (r == 0)
                r = act_resume(act, &err);
        if (r < 0)
                return; /* somebody is writing: at the next look */
        r = encrypt_alert_due(act, &err);
        (void) act_pause(act, NULL);
        if (r < 0)
                log_problem(LOG_ERR, "rotation", &err);
}

/* --- the station's own configuration (X5)
 * -------------------------------------------------------------------------- */

/* Compared with its baseline once a day; whether it is due, the ledger knows. */
static void keep_baseline(struct judge *judge) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err = { 0 };
        struct act *act;
        bool due = false;
        int r;

        judge->baseline_at = now_ms() + BASELINE_MS;
        keep_rotation(judge);
        if (act_of(judge, &act, NULL) < 0 || baseline_check_due(act, &due, NULL) < 0 || !due)
                return;
        r = act_resume(act, &err);
        if (r < 0)
                return; /* somebody is writing: in an hour */
        r = baseline_check_run(act, &doctor_station, &answer, &err);
        (void) act_pause(act, NULL);
        if (r < 0)
                log_problem(LOG_ERR, "baseline", &err);
        else if (json_array_size(json_object_get(answer, "rows")) > 0)
                log_line(
                        LOG_WARNING,
                        "la configuración del puesto se desvía de su base (%s): vea «mpsi baseline drift»",
                        "the station's configuration has drifted from its baseline (%s): see “mpsi baseline drift”",
                        json_text_or_empty(answer, "level"));
}

/* --- the loop ---------------------------------------------------------------------------------------------------
 */

/* False when the guard is gone. */
static bool on_request(struct judge *judge, struct judge_request *request) {
        ssize_t n = recv(judge->fd, request, sizeof *request, 0);

        if (n < 0 && errno == EINTR)
                return true;
        if (n != (ssize_t) sizeof *request)
                return n > 0;
        if (request->asks == JUDGE_REMOVED) {
                forget(judge, request->name);
        } else if (request->asks == JUDGE_CLOSED) {
                on_closed(judge, request);
        } else if (request->asks == JUDGE_JOB) {
                on_job(judge, request);
        } else {
                struct probe_content content;

                if (!request->silent && !probe_content_sane(&request->content, sizeof content, &request->content))
                        request->silent = true;
                if (request->silent)
                        memset(&request->content, 0, sizeof request->content);
                remember(judge, request);
                answer(judge, request, true);
        }
        return true;
}

static void on_change(struct judge *judge) {
        char buffer[4096];

        while (read(judge->changes, buffer, sizeof buffer) > 0)
                ;
        watch(judge); /* the file may be another one now */
        if (!judge->due)
                judge->due = now_ms() + CALM_MS;
}

int judge_run(const struct judge_context *context, int fd) {
        struct judge_request *request = malloc(sizeof *request);
        struct judge judge = { .context = context,
                               .fd = fd,
                               .changes = -1,
                               .seen = -1,
                               .again = malloc(sizeof *request),
                               .stale = context->first };
        struct error err = { 0 };

        if (!request || !judge.again || privileges_drop(judge.context->account, &err) < 0 ||
            secret_arena_start(&err) < 0)
                return 1;
        if (context->first)
                transfer_clean(context->store);
        watch(&judge);
        for (;;) {
                struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
                                         { .fd = judge.changes, .events = POLLIN } };
                int64_t next = judge.due && judge.due < judge.baseline_at ? judge.due : judge.baseline_at;
                int64_t left = next - now_ms();
                int n = poll(fds, 2, left < 0 ? 0 : (int) left);

                if (n < 0 && errno != EINTR)
                        return 1;
                /* Of a guard before, that could not say so. */
                if (judge.stale && record_closed(&judge, NULL, END_LOST, NULL) == 0)
                        judge.stale = false;
                if (judge.due && now_ms() >= judge.due)
                        judge_again(&judge);
                if (now_ms() >= judge.baseline_at)
                        keep_baseline(&judge);
                if (n > 0 && fds[1].revents)
                        on_change(&judge);
                if (n > 0 && fds[0].revents && !on_request(&judge, request))
                        return 0;
        }
}

bool judge_reply_sane(const void *data, size_t n, struct judge_reply *ret) {
        if (n != sizeof *ret)
                return false;
        memcpy(ret, data, n);
        if ((unsigned) ret->verdict >= GATE_VERDICTS || (unsigned) ret->standing > OPENING_ENDS_NOW ||
            (unsigned) ret->job >= JOB_STANDINGS)
                return false;
        ret->name[sizeof ret->name - 1] = ret->insertion[sizeof ret->insertion - 1] = '\0';
        ret->medium[sizeof ret->medium - 1] = '\0';
        for (enum lang lang = LANG_ES; lang < LANGS; lang++)
                ret->line[lang][sizeof ret->line[lang] - 1] = '\0';
        return true;
}
