#include "daemon/worker.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/session.h"
#include "api/store.h"
#include "base/log.h"
#include "base/str.h"
#include "daemon/mapping.h"
#include "daemon/orders.h"
#include "daemon/transfer.h"
#include "device/gate.h"
#include "encrypt/encrypt.h"
#include "policy/access.h"
#include "policy/rule.h"
#include "sanitize/sanitize.h"
#include "wire/wire.h"

enum {
        FIRST_MS = 10000,         /* a client that connects says what it wants */
        IDLE_MS = 15 * 60 * 1000, /* between two requests */
        REST_MS = 10000,          /* a message that has begun comes to its end */
        ASK_MS = 5 * 60 * 1000,   /* a person looks for their PIN */
        ANSWER_MS = 60000,        /* a client takes what it asked for */
        LINGER_MS = 2000,
        LINGER_STEP_MS = 100,
        SECRETS_MAX = 8,
        GROUPS_MAX = 64,
};

/* What the client was asked and answered, kept for the call that begins again. */
struct reply_kept {
        char *asked; /* purpose and prompt */
        struct secret *secret;
        char *line;
};

struct worker {
        const struct worker_context *context;
        int guard, client; /* client -1: gone; the act goes on without it */
        struct session *session;
        struct act_ui ui;
        char *os_user, *work;
        const char *groups[GROUPS_MAX];
        size_t groups_n;
        enum lang lang;
        bool dry_run;
        struct reply_kept kept[SECRETS_MAX];
        size_t kept_n;
        int64_t began; /* CLOCK_BOOTTIME, which nobody sets */
        bool warn;     /* the session ends soon */
        char *wanted;  /* what is to be asked before the call begins again: {purpose, prompt} */
        bool wants_line;
};

static int guard_fd = -1; /* gate_set_by() has no context: a process has one guard */

/* The guard says nothing more: it ends, or is dead. What is under way comes to a durable point. */
static bool is_stopping(void) {
        char byte;

        return recv(guard_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int await_answer(void *told, size_t size) {
        ssize_t n;

        do
                n = recv(guard_fd, told, size, 0);
        while (n < 0 && errno == EINTR);
        return n == 0 ? -ECANCELED : n == (ssize_t) size ? 0 : -EPROTO;
}

static int converse(const void *asks, size_t size, struct error *err) {
        struct worker_told told;

        if (child_answer(guard_fd, asks, size, -1) < 0)
                return fail(err, ERR_FAILED, "mpsid no atiende.", "mpsid does not listen.");
        if (await_answer(&told, sizeof told) < 0)
                return fail(err, ERR_FAILED, "mpsid no contesta.", "mpsid does not answer.");
        if (told.result == 0)
                return 0;
        (void) fail(err, told.result, "%s", "%s", told.what[LANG_ES]);
        if (err) {
                memcpy(err->what, told.what, sizeof err->what);
                memcpy(err->hint, told.hint, sizeof err->hint);
        }
        return told.result;
}

/* -ECANCELED: the guard ends, and what it was asked goes on without it. */
static int order(const void *asks, size_t size, int passed, void *told, size_t told_size) {
        int r = child_answer(guard_fd, asks, size, passed);

        return r < 0 ? r : await_answer(told, told_size);
}

/* The guard has the power over a device's write protection; a worker asks. */
static int ask_guard(const char *path, bool read_only, struct error *err) {
        struct worker_asks asks = { .read_only = read_only };

        (void) snprintf(asks.path, sizeof asks.path, "%s", path);
        return converse(&asks, sizeof asks, err);
}

/* --- asking the client ------------------------------------------------------------------------------------------
 */

static char *question(const char *purpose, struct text prompt) {
        _cleanup_json_ json_t *asks = json_pack("{s:s, s:{s:s, s:s}}", "purpose", purpose, "prompt", "es",
                                                prompt.es, "en", prompt.en);

        return asks ? json_dumps(asks, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

static struct reply_kept *kept(struct worker *worker, const char *asked) {
        for (size_t i = 0; i < worker->kept_n; i++)
                if (strcmp(worker->kept[i].asked, asked) == 0)
                        return &worker->kept[i];
        return NULL;
}

static void forget_replies(struct worker *worker) {
        for (size_t i = 0; i < worker->kept_n; i++) {
                free(worker->kept[i].asked);
                free(worker->kept[i].line);
                secret_free(worker->kept[i].secret);
        }
        worker->kept_n = 0;
        free(worker->wanted);
        worker->wanted = NULL;
}

/* Nobody's writing waits while a person looks for their PIN: the call ends here without having done anything, gives
 * the writer's lock back, and begins again once the answer is there. Should it have recorded a fact already, it
 * must be asked now. */
static int want(struct worker *worker, const char *asked, bool line, struct error *err) {
        free(worker->wanted);
        worker->wanted = strdup(asked);
        worker->wants_line = line;
        return worker->wanted ? fail(err, ERR_BUSY, "Se espera a la persona.", "Waiting for the person.")
                              : fail_memory(err);
}

static int take_reply(struct worker *worker, struct wire_frame *frame, const char *asked, struct error *err) {
        struct reply_kept *reply = &worker->kept[worker->kept_n];
        _cleanup_json_ json_t *says = NULL;
        int r = 0;

        if (frame->type == WIRE_SECRET && !worker->wants_line) {
                reply->secret = TAKE_PTR(frame->secret);
        } else if (frame->type == WIRE_LINE && worker->wants_line) {
                r = wire_json(frame, &says, err);
                if (r == 0 && !(reply->line = strdup(json_text_or_empty(says, "line"))))
                        r = fail_memory(err);
        } else if (frame->type == WIRE_NOTHING) {
                r = wire_json(frame, &says, err);
                if (r == 0) {
                        wire_error(says, err);
                        r = err && err->code ? err->code : ERR_USAGE;
                }
        } else {
                r = fail(err, ERR_USAGE, "El cliente contesta otra cosa.", "The client answers something else.");
        }
        if (r < 0)
                return r;
        reply->asked = strdup(asked);
        if (!reply->asked) {
                free(reply->line);
                secret_free(reply->secret);
                *reply = (struct reply_kept){ 0 };
                return fail_memory(err);
        }
        worker->kept_n++;
        return 0;
}

static int ask_client(struct worker *worker, struct error *err) {
        _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };
        _cleanup_free_ char *asked = TAKE_PTR(worker->wanted);
        int r;

        if (worker->kept_n == SECRETS_MAX)
                return fail(err, ERR_FAILED, "Demasiadas preguntas.", "Too many questions.");
        if (worker->client < 0)
                return fail(err, ERR_USAGE, "No hay a quién preguntar.", "There is nobody to ask.");
        r = wire_send(worker->client, worker->wants_line ? WIRE_ASK_LINE : WIRE_ASK_SECRET, asked, strlen(asked),
                      -1, ANSWER_MS, err);
        if (r == 0)
                r = wire_receive(worker->client, WIRE_REQUEST_MAX, ASK_MS, &frame, err);
        return r < 0 ? r : take_reply(worker, &frame, asked, err);
}

/* The reply that is kept, or the one that is asked for now when the call can't begin again. */
static int reply_to(struct worker *worker, const char *purpose, struct text prompt, bool line,
                    struct reply_kept **ret, struct error *err) {
        _cleanup_free_ char *asked = question(purpose, prompt);
        const struct act *act;
        int r;

        if (!asked)
                return fail_memory(err);
        *ret = kept(worker, asked);
        if (*ret)
                return 0;
        r = want(worker, asked, line, err);
        act = session_act_now(worker->session);
        if (act->recorded) {
                r = ask_client(worker, err);
                *ret = kept(worker, asked);
        }
        return r;
}

static int ask_secret(void *context, const char *purpose, struct text prompt, struct secret **ret,
                      struct error *err) {
        struct reply_kept *reply;
        int r = reply_to(context, purpose, prompt, false, &reply, err);

        return r < 0 ? r : secret_copy(reply->secret->data, reply->secret->size, ret, err);
}

static int ask_line(void *context, struct text prompt, char **ret, struct error *err) {
        struct reply_kept *reply;
        int r = reply_to(context, "line", prompt, true, &reply, err);

        if (r < 0)
                return r;
        *ret = strdup(reply->line);
        return *ret ? 0 : fail_memory(err);
}

/* C8: straight to the client that asked, which has the person's terminal; kept for no second call. */
static int show_secret(void *context, const struct secret *secret, struct error *err) {
        _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };
        _cleanup_json_ json_t *says = NULL;
        struct worker *worker = context;
        int r;

        if (worker->client < 0)
                return fail(err, ERR_USAGE, "No hay a quién mostrarla.", "There is nobody to show it to.");
        r = wire_send(worker->client, WIRE_SECRET, secret->data, secret->size, -1, ANSWER_MS, err);
        if (r == 0)
                r = wire_receive(worker->client, WIRE_REQUEST_MAX, ASK_MS, &frame, err);
        if (r < 0)
                return r;
        if (frame.type == WIRE_LINE)
                return 0;
        if (frame.type != WIRE_NOTHING)
                return fail(err, ERR_USAGE, "El cliente contesta otra cosa.", "The client answers something else.");
        r = wire_json(&frame, &says, err);
        if (r == 0) {
                wire_error(says, err);
                r = err && err->code ? err->code : ERR_USAGE;
        }
        return r;
}

/* --- long acts ---------------------------------------------------------------------------------------------------
 */

static void lose_client(struct worker *worker) {
        close_fd(&worker->client);
}

/* A client that does not keep up is let go: what it half received can't be mended. */
static void progress(void *context, const struct progress *p) {
        struct worker *worker = context;
        _cleanup_json_ json_t *says = NULL;

        if (worker->client < 0)
                return;
        says = json_pack("{s:s, s:{s:s, s:s}, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "subject", p->subject,
                         "step", "es", p->step.es, "en", p->step.en, "done", (json_int_t) p->done, "total",
                         (json_int_t) p->total, "rate", (json_int_t) p->rate, "eta", (json_int_t) p->eta, "part",
                         (json_int_t) p->part, "parts", (json_int_t) p->parts, "temperature",
                         (json_int_t) p->temperature, "errors", (json_int_t) p->errors, "waiting", p->waiting);
        if (wire_send_json(worker->client, WIRE_PROGRESS, says, 0, NULL) < 0)
                lose_client(worker);
}

/* Only the station's end stops a job: one whose client goes away belongs to the station. `wipe cancel` gives it up.
 */
static bool is_cancelled(void *context) {
        (void) context;
        return is_stopping();
}

/* --- requests ----------------------------------------------------------------------------------------------------
 */

static int open_session(struct worker *worker, struct error *err) {
        const struct session_options options = { .folder = worker->context->store,
                                                 .os_user = worker->os_user,
                                                 .os_groups = worker->groups,
                                                 .os_groups_n = worker->groups_n,
                                                 .peer = true,
                                                 .installs = worker->context->peer.uid == 0,
                                                 .lang = worker->lang,
                                                 .dry_run = worker->dry_run,
                                                 .ui = &worker->ui };

        session_close(worker->session);
        worker->session = NULL;
        return session_open(&options, &worker->session, err);
}

static int call(struct worker *worker, const struct verb *verb, const json_t *arguments, json_t **ret_answer,
                json_t **ret_said, struct error *err) {
        int r;

        for (;;) {
                json_decref(*ret_said);
                *ret_said = NULL;
                r = session_call(worker->session, verb, arguments, ret_answer, ret_said, err);
                if (r == 0 || !worker->wanted)
                        break;
                r = ask_client(worker, err);
                if (r < 0)
                        break;
        }
        forget_replies(worker);
        return r;
}

static const struct verb *verb_of(const char *text) {
        _cleanup_free_ char *noun = strdup(text);
        char *space = noun ? strchr(noun, ' ') : NULL;

        if (space)
                *space++ = '\0';
        return noun ? verb_find(noun, space) : NULL;
}

static int run_request(struct worker *worker, struct transfer *transfer, const json_t *request, json_t **ret_answer,
                       json_t **ret_said, struct error *err) {
        const char *name = json_text_or_empty(request, "verb");
        const struct verb *verb = verb_of(name);
        _cleanup_json_ json_t *arguments = json_deep_copy(json_object_get(request, "arguments"));
        enum lang lang = strcmp(json_text_or_empty(request, "lang"), "en") == 0 ? LANG_EN : LANG_ES;
        bool dry_run = json_flag(request, "dry_run");
        int r = 0;

        if (!verb)
                return fail(err, ERR_USAGE, "No hay verbo «%.60s».", "There is no verb “%.60s”.", name);
        if (verb->flags & VERB_LOCAL) {
                (void) fail(err, ERR_USAGE, "«%s» no se hace a través del puesto.",
                            "“%s” is not done by way of the station.", name);
                return hint(err, "Hágalo en el propio equipo, con --store.",
                            "Do it on the machine itself, with --store.");
        }
        if (!worker->session || lang != worker->lang || dry_run != worker->dry_run) {
                worker->lang = lang;
                worker->dry_run = dry_run;
                r = open_session(worker, err);
        }
        if (r == 0 && arguments && !json_is_object(arguments))
                r = fail(err, ERR_USAGE, "Los argumentos no son un objeto JSON.",
                         "The arguments are no JSON object.");
        /* Whoever may not do it has nothing copied for it. */
        if (r == 0)
                r = session_admit(worker->session, verb, arguments, err);
        if (r == 0 && arguments)
                r = transfer_arguments(transfer, worker->work, verb, arguments, err);
        return r < 0 ? r : call(worker, verb, arguments, ret_answer, ret_said, err);
}

static void add_warning(json_t *body) {
        json_t *said = json_object_get(body, "said");

        if (!said && json_object_set_new(body, "said", json_array()) == 0)
                said = json_object_get(body, "said");
        (void) json_array_append_new(said,
                                     json_pack("{s:s, s:s}", "es", "Esta sesión está a punto de terminar (X4).",
                                               "en", "This session is about to end (X4)."));
}

static int send_result(struct worker *worker, struct transfer *transfer, int result, const json_t *answer,
                       const json_t *said, const struct error *trouble) {
        _cleanup_json_ json_t *body = result < 0 ? error_to_json(trouble) : json_object();
        _cleanup_json_ json_t *theirs = NULL;
        int r = body ? 0 : ERR_FAILED;

        if (worker->client < 0)
                return ERR_FAILED;
        if (body && result == 0)
                r = transfer_send(transfer, worker->client, ANSWER_MS, NULL);
        if (r == 0 && answer)
                r = json_object_set(body, "answer", (json_t *) (uintptr_t) answer);
        if (r == 0 && said)
                r = json_object_set(body, "said", (json_t *) (uintptr_t) said);
        if (r == 0 && worker->warn)
                add_warning(body);
        theirs = r == 0 ? transfer_texts(transfer, body) : NULL;
        return theirs ? wire_send_json(worker->client, result < 0 ? WIRE_ERROR : WIRE_ANSWER, theirs, ANSWER_MS,
                                       NULL)
                      : ERR_FAILED;
}

/* Closing with bytes unread would take the answer back: what still comes is thrown away for a moment. */
static void let_finish(int fd) {
        char waste[4096];
        int left = LINGER_MS;

        (void) shutdown(fd, SHUT_WR);
        for (struct pollfd more = { .fd = fd, .events = POLLIN }; left > 0 && poll(&more, 1, LINGER_STEP_MS) >= 0;
             left -= LINGER_STEP_MS)
                while (recv(fd, waste, sizeof waste, MSG_DONTWAIT) > 0)
                        ;
}

/* One request with its files. Negative when the connection is over. */
static int serve_one(struct worker *worker, int timeout_ms) {
        _cleanup_transfer_ struct transfer transfer = { 0 };
        _cleanup_json_ json_t *request = NULL, *answer = NULL, *said = NULL;
        struct error err = { 0 };
        int r = 0;

        while (r == 0 && !request) {
                _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };

                r = wire_receive(worker->client, WIRE_REQUEST_MAX, timeout_ms, &frame, &err);
                timeout_ms = REST_MS;
                if (r == ERR_NOT_FOUND)
                        return r;
                if (r == 0 && frame.type == WIRE_FILE)
                        r = transfer_take(&transfer, &frame, &err);
                else if (r == 0 && frame.type == WIRE_REQUEST)
                        r = wire_json(&frame, &request, &err);
                else if (r == 0)
                        r = fail(&err, ERR_USAGE, "Ese mensaje no es una petición.", "That message is no request.");
        }
        if (r < 0) { /* what comes after a broken message can't be understood either */
                if (send_result(worker, &transfer, r, NULL, NULL, &err) == 0)
                        let_finish(worker->client);
                return r;
        }
        r = run_request(worker, &transfer, request, &answer, &said, &err);
        return send_result(worker, &transfer, r, answer, said, &err);
}

/* --- the process -------------------------------------------------------------------------------------------------
 */

static void find_groups(struct worker *worker, const struct passwd *entry) {
        gid_t ids[GROUPS_MAX];
        int n = GROUPS_MAX;

        if (!entry || getgrouplist(entry->pw_name, entry->pw_gid, ids, &n) < 0)
                return; /* more than anybody has reason to be in: none of them counts */
        for (int i = 0; i < n; i++) {
                const struct group *group = getgrgid(ids[i]);
                const char *name = group ? strdup(group->gr_name) : NULL;

                if (name)
                        worker->groups[worker->groups_n++] = name;
        }
}

/* Who is served: the account at the other end, its name and its groups. */
static int meet(struct worker *worker, const struct worker_context *context, struct error *err) {
        const struct passwd *entry = getpwuid(context->peer.uid);

        worker->context = context;
        worker->os_user = entry ? strdup(entry->pw_name) : str_format("uid-%u", (unsigned) context->peer.uid);
        if (!worker->os_user)
                return fail_memory(err);
        if (entry)
                find_groups(worker, entry);
        return 0;
}

static int prepare(struct worker *worker, const struct worker_context *context, int guard, struct error *err) {
        worker->context = context;
        worker->guard = guard_fd = guard;
        worker->lang = context->lang;
        worker->ui = (struct act_ui){ .context = worker,
                                      .ask_secret = ask_secret,
                                      .ask_line = ask_line,
                                      .show_secret = show_secret,
                                      .progress = progress,
                                      .cancelled = is_cancelled };
        worker->work = transfer_folder(context->store);
        if (!worker->work)
                return fail_memory(err);
        (void) umask(077); /* the store is the account's and nobody else's */
        gate_set_by(ask_guard);
        mappings_by_guard(converse);
        orders_by_guard(order);
        return privileges_drop(context->account, err);
}

static int64_t since_boot(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_BOOTTIME, &now);
        return (int64_t) now.tv_sec * SECOND + now.tv_nsec / 1000;
}

/* X4: a connection is a session, and ends like one. */
static bool session_over(struct worker *worker) {
        enum session_age age = session_limit_check(worker->began, since_boot());

        worker->warn = age == SESSION_WARN;
        return age == SESSION_OVER;
}

/* False when nothing comes, or the guard ends: a quiet client keeps no station from stopping. */
static bool await_request(struct worker *worker, int timeout_ms) {
        struct pollfd fds[2] = { { .fd = worker->client, .events = POLLIN },
                                 { .fd = worker->guard, .events = POLLIN | POLLRDHUP } };
        int n;

        do
                n = poll(fds, 2, timeout_ms);
        while (n < 0 && errno == EINTR);
        return n > 0 && !fds[1].revents;
}

/* What every first answer needs is made once: OpenSSL's tables, the libraries' symbols. Nothing stays open: the
 * store may be another one when somebody comes. */
static void warm_up(const struct worker_context *context) {
        struct store store;

        if (store_open(context->store, &clock_system, false, &store, NULL) == 0)
                store_close(&store);
}

/* The client that the guard hands over, and who it is; -1 when the guard ends without one. */
static int await_client(int guard, struct ucred *ret_peer) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct ucred peer = { .pid = 0 };
        struct iovec part = { .iov_base = &peer, .iov_len = sizeof peer };
        struct msghdr message = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
        };
        const struct cmsghdr *header;
        int client = -1;
        ssize_t n;

        do
                n = recvmsg(guard, &message, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        header = n == (ssize_t) sizeof peer ? CMSG_FIRSTHDR(&message) : NULL;
        if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
                memcpy(&client, CMSG_DATA(header), sizeof client);
        if (client >= 0)
                *ret_peer = peer;
        return client;
}

int worker_run(const struct worker_context *context, int guard, int client) {
        struct worker_context served = *context;
        struct worker worker = { .client = client };
        struct error err = { 0 };
        int timeout_ms = FIRST_MS;

        if (prepare(&worker, context, guard, &err) < 0 || secret_no_dumps(&err) < 0)
                return 1; /* two hundred clients that only read need no arena each: it comes with the first secret
                           */
        if (client < 0) {
                warm_up(context);
                worker.client = await_client(guard, &served.peer);
                if (worker.client < 0)
                        return 0;
                (void) prctl(PR_SET_NAME, "mpsid-worker", 0, 0, 0);
        }
        if (meet(&worker, &served, &err) < 0)
                return 1;
        worker.began = since_boot();
        while (worker.client >= 0 && !session_over(&worker) && await_request(&worker, timeout_ms) &&
               serve_one(&worker, REST_MS) >= 0)
                timeout_ms = IDLE_MS;
        session_close(worker.session);
        return 0;
}

/* Whoever started the job and typed its ID answers for it; the station only goes on. A rotation's kind, or NULL: it
 * is a wipe. */
static int who_started(struct worker *worker, char out[40], const char **ret_rotation, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record last = { 0 };
        const struct session_options options = { .folder = worker->context->store, .os_user = "mpsid" };
        _cleanup_(session_closep) struct session *session = NULL;
        enum rotation_kind kind;
        struct act *act;
        int r = session_open(&options, &session, err);

        if (r == 0)
                r = session_act(session, &act, err);
        if (r == 0)
                r = encrypt_rotation_unfinished(act->db, worker->context->medium, out, &kind, err);
        *ret_rotation = r == 0 && *out ? rotation_kind_terms[kind].code : NULL;
        if (r < 0 || *ret_rotation)
                return r;
        r = sanitization_last(act->db, worker->context->medium, &last, err);
        if (r == 0)
                (void) snprintf(out, 40, "%s", last.operator);
        return r;
}

int worker_resume(const struct worker_context *context, int guard) {
        struct worker worker = { .client = -1 };
        char person[40];
        const struct session_options options = { .folder = context->store,
                                                 .as = person,
                                                 .os_user = "mpsid",
                                                 .resumes = true,
                                                 .lang = context->lang,
                                                 .ui = &worker.ui };
        _cleanup_json_ json_t *arguments = json_pack("{s:s, s:s}", "medium", context->medium, "device",
                                                     context->device);
        const char *rotation = NULL;
        _cleanup_json_ json_t *answer = NULL, *said = NULL;
        struct error err = { 0 };
        int r = arguments ? prepare(&worker, context, guard, &err) : ERR_FAILED;

        if (r == 0)
                r = meet(&worker, context, &err);
        if (r == 0)
                r = secret_arena_start(&err);
        if (r == 0)
                r = who_started(&worker, person, &rotation, &err);
        if (r == 0)
                r = session_open(&options, &worker.session, &err);
        if (r == 0 && (rotation ? json_object_set_new(arguments, "kind", json_string(rotation))
                                : json_object_set_new(arguments, "confirm", json_string(context->medium))) < 0)
                r = fail_memory(&err);
        if (r == 0)
                r = session_call(worker.session,
                                 rotation ? verb_find("encrypt", "rotate") : verb_find("wipe", "resume"), arguments,
                                 &answer, &said, &err);
        session_close(worker.session);
        if (r < 0)
                log_problem(LOG_WARNING, context->medium, &err);
        return -r;
}
