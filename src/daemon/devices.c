/* What is plugged in. Each device goes round: looked at (probe), judged (judge), put into force (hand). Whatever
 * fails on the way leaves it as the first moment left it: closed. */
#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/device.h"
#include "daemon/hand.h"
#include "device/sysfs.h"

/* A hub with sixteen docks is looked at together; more at once only get into each other's way. */
enum {
        PROBES = 16,
        PROBE_MS = (PROBE_SECONDS + 1) * 1000,
        RETRY_FIRST_S = 1,
        RETRY_LAST_S = 60,
        SLOW_FIRST_S = 15,
        SLOW_LAST_S = 900
};

static void go_on(struct guard *guard);
static const struct child_kind probe_kind;

static struct device *find(struct guard *guard, const char *name) {
        for (struct device *device = guard->devices; device; device = device->next)
                if (!device->gone && strcmp(device->name, name) == 0)
                        return device;
        return NULL;
}

static bool is_named(const struct guard *guard, const char *name) {
        for (size_t i = 0; i < guard->options->patterns_n; i++)
                if (fnmatch(guard->options->patterns[i], name, 0) == 0)
                        return true;
        return false;
}

void device_release_hold(struct device *device) {
        const struct hand hand = { .does = HAND_RELEASE };

        if (device->hold < 0)
                return;
        (void) hand_start(device->guard->event, &hand, device->hold, NULL);
        close_fd(&device->hold);
}

static void drop(struct device *device) {
        struct device **at = &device->guard->devices;

        while (*at != device)
                at = &(*at)->next;
        *at = device->next;
        if (device->guard->asking == device)
                device->guard->asking = NULL;
        device_release_hold(device);
        free(device->content);
        free(device);
}

/* One that is due sooner stays due: who fails all the time puts nobody else off. */
static void wake_at(struct guard *guard, uint64_t at) {
        uint64_t due = 0;
        int enabled = SD_EVENT_OFF;

        (void) sd_event_source_get_enabled(guard->retry, &enabled);
        if (enabled != SD_EVENT_OFF && sd_event_source_get_time(guard->retry, &due) >= 0 && due <= at)
                return;
        (void) sd_event_source_set_time(guard->retry, at);
        (void) sd_event_source_set_enabled(guard->retry, SD_EVENT_ONESHOT);
}

static uint64_t now_us(struct guard *guard) {
        uint64_t now;

        return sd_event_now(guard->event, CLOCK_MONOTONIC, &now) < 0 ? 0 : now;
}

static void wake_later(struct guard *guard) {
        if (!guard->retry_after)
                guard->retry_after = RETRY_FIRST_S * 1000000ULL;
        wake_at(guard, now_us(guard) + guard->retry_after);
}

/* It did not answer, or showed no size: once more after a while, longer each time. */
static void look_later(struct device *device, pid_t lost) {
        device->patience_s = device->patience_s ? device->patience_s * 2 : SLOW_FIRST_S;
        device->patience_s = device->patience_s < SLOW_LAST_S ? device->patience_s : SLOW_LAST_S;
        device->look_at = now_us(device->guard) + device->patience_s * 1000000ULL;
        device->lost = lost;
        wake_at(device->guard, device->look_at);
}

/* Whether its time has come. A look that is still stuck in the kernel is no reason to lose another one. */
static bool look_is_due(struct device *device) {
        if (!device->look_at || device->gone)
                return false;
        if (device->look_at > now_us(device->guard)) {
                wake_at(device->guard, device->look_at);
        } else if (!device->lost || (kill(device->lost, 0) < 0 && errno == ESRCH)) {
                device->look_at = 0;
                return true;
        } else {
                look_later(device, device->lost);
        }
        return false;
}

void device_retry_later(struct guard *guard, struct device *device) {
        device->unjudged = true;
        wake_later(guard);
}

void devices_missed(struct guard *guard) {
        guard->missed = true;
        wake_later(guard);
}

/* The judge judges what it knows of whenever the registry changes: what is gone must not be among it. */
static void tell_gone(struct device *device) {
        struct guard *guard = device->guard;
        struct judge_request *request = guard->judge ? calloc(1, sizeof *request) : NULL;

        device->untold = guard->judge != NULL;
        if (request) {
                request->asks = JUDGE_REMOVED;
                (void) snprintf(request->name, sizeof request->name, "%s", device->name);
                device->untold = child_send(guard->judge, request, sizeof *request, NULL) < 0;
        }
        free(request);
        if (device->untold)
                wake_later(guard);
}

static void rest(struct device *device) {
        device->stage = STAGE_REST;
        free(device->content);
        device->content = NULL;
        if (device->probe)
                return; /* its end comes here again */
        if (device->gone) {
                if (!device->untold)
                        drop(device);
        } else if (device->again) {
                device->again = false;
                device->stage = STAGE_WAITS;
        }
}

/* --- looking -----------------------------------------------------------------------------------------------------
 */

/* A reader or a loop device whose medium is gone. The node stays closed: the next medium in it is new. A loop
 * device is anybody's next; only ours stays so. */
static void medium_gone(struct device *device, int64_t diskseq) {
        /* The empty node only: what has been put in it since is another insertion, and closed. */
        struct hand hand = { .does = HAND_OPEN, .diskseq = diskseq };

        if (device->known && device->guard->enforce && strncmp(device->name, "loop", 4) == 0) {
                (void) snprintf(hand.path, sizeof hand.path, "%s", device->path);
                (void) hand_start(device->guard->event, &hand, -1, NULL);
        }
        if (device->known)
                tell_gone(device);
        device_release_hold(device);
        device->known = device->judged = false;
        device->facts.insertion[0] = '\0';
}

static void on_outside(struct device *device, const struct probe_outside *outside) {
        bool same = strcmp(device->facts.insertion, outside->facts.insertion) == 0;

        device->empty = outside->empty;
        if (outside->there && outside->facts.size == 0)
                medium_gone(device, outside->facts.diskseq);
        if (!outside->concerned)
                return;
        if (!same) {
                device_release_hold(device);
                device->judged = false;
                device->verdict = GATE_READ_ONLY;
        }
        device->facts = outside->facts;
        device->known = true;
        if (outside->failed)
                log_line(LOG_ERR, "%s: no se puede proteger contra escritura", "%s: can't be made read-only",
                         device->path);
}

static void on_probe_message(void *context, struct child *child, const void *data, size_t n, int passed) {
        struct device *device = context;
        enum probe_part part = 0;

        (void) child;
        close_fd(&passed);
        if (n < sizeof part)
                return;
        memcpy(&part, data, sizeof part);
        /* Said once, while it has read nothing yet: a medium that has taken it over is still this device. */
        if (part == PROBE_OUTSIDE && n == sizeof(struct probe_outside) && !device->answered) {
                struct probe_outside *outside = malloc(n);

                if (outside) {
                        memcpy(outside, data, n);
                        on_outside(device, outside);
                        device->answered = true;
                        /* Else it stays as it is until the process has ended, which points here. */
                        if (outside->concerned)
                                device->stage = STAGE_READ;
                }
                free(outside);
        } else if (part == PROBE_CONTENT && n == sizeof(struct probe_content) && device->stage == STAGE_READ &&
                   !device->content) {
                device->content_n = probe_used(data, n);
                device->content = malloc(device->content_n); /* not looked into here */
                if (device->content)
                        memcpy(device->content, data, device->content_n);
                else
                        device->again = true; /* no memory: what it says of itself is still to be heard */
                device->look_at = device->patience_s = 0;
                go_on(device->guard); /* its ending takes a millisecond in which it can be judged */
        }
}

static void on_probe_end(void *context, struct child *child, int status) {
        struct device *device = context;
        struct guard *guard = device->guard;
        bool stuck = !device->answered && status == 128 + SIGKILL;

        guard->probing--;
        if (status)
                log_line(LOG_WARNING, "%s: no responde (%d)", "%s: does not answer (%d)", device->path, status);
        if (stuck || (device->stage == STAGE_READ && !device->content))
                look_later(device, child_pid(child));
        else if (device->empty)
                look_later(device, 0);
        device->probe = NULL;
        /* Before its first word nothing is known of it: then it is as closed as udev's rule has left it. */
        if (device->stage == STAGE_PROBED) {
                device->stage = STAGE_REST;
                if (!device->answered && !stuck && !device->gone)
                        device_retry_later(guard, device);
        }
        if (device->stage == STAGE_REST || (device->stage == STAGE_READ && device->gone))
                rest(device);
        go_on(guard);
        /* For the next one, while nobody waits; without it that one waits for a fork. */
        (void) child_ready(guard->event, &probe_kind, guard, &guard->probe, NULL);
        hand_ready(guard->event);
}

/* What differs from one look to the next. */
struct look {
        char path[DEVICE_FIELD], insertion[DEVICE_FIELD];
        bool named;
};

/* Forked ahead: what it takes along of the guard stays as it is. */
static int probe(void *context, int fd, int extra) {
        const struct guard *guard = context;
        struct probe_order order = { .store = guard->store, .account = &guard->account, .enforce = guard->enforce };
        struct look look;

        (void) extra;
        (void) privileges_prepare_reader(NULL); /* else it is made when it is needed */
        if (recv(fd, &look, sizeof look, 0) != (ssize_t) sizeof look)
                return 0; /* the guard has ended */
        order.path = look.path;
        order.named = look.named;
        memcpy(order.insertion, look.insertion, sizeof order.insertion);
        return probe_run(&order, fd);
}

static const struct child_kind probe_kind = {
        .name = "mpsid-probe",
        .run = probe,
        .message = on_probe_message,
        .ended = on_probe_end,
        .limit_ms = PROBE_MS,
        .message_max = sizeof(struct probe_content) > sizeof(struct probe_outside) ? sizeof(struct probe_content)
                                                                                   : sizeof(struct probe_outside),
};

static void look(struct device *device) {
        struct guard *guard = device->guard;
        struct look look = { .named = device->named };
        struct error err = { 0 };
        int r = -1;

        (void) snprintf(look.path, sizeof look.path, "%s", device->path);
        (void) snprintf(look.insertion, sizeof look.insertion, "%s", device->facts.insertion);
        device->unjudged = device->answered = device->empty = false;
        device->stage = STAGE_PROBED;
        /* The one that was ready may have been killed. */
        for (int i = 0; i < 2 && r < 0; i++) {
                r = child_ready(guard->event, &probe_kind, guard, &guard->probe, &err);
                if (r == 0)
                        r = child_take(&guard->probe, device, &look, sizeof look, &device->probe, &err);
        }
        if (r == 0) {
                guard->probing++;
                return;
        }
        log_problem(LOG_ERR, device->path, &err);
        device->stage = STAGE_REST;
        device_retry_later(guard, device);
}

/* --- judging -----------------------------------------------------------------------------------------------------
 */

static void ask_judge(struct device *device) {
        struct guard *guard = device->guard;
        struct judge_request *request = calloc(1, sizeof *request);
        struct error err = { 0 };
        int r = request ? 0 : fail_memory(&err);

        if (r == 0) {
                request->asks = JUDGE_DEVICE;
                request->facts = device->facts;
                request->silent = !device->content;
                if (device->content)
                        memcpy(&request->content, device->content, device->content_n);
                r = child_send(guard->judge, request, sizeof *request, &err);
        }
        free(request);
        if (r == 0) {
                device->stage = STAGE_JUDGED;
                device->untold = false; /* of an insertion before: it knows better now */
                guard->asking = device;
                return;
        }
        log_problem(LOG_ERR, device->path, &err);
        device_retry_later(guard, device);
        rest(device);
}

static void on_verdict(struct device *device, const struct judge_reply *reply) {
        struct guard *guard = device->guard;
        enum lang lang = guard->options->lang;
        bool registered = reply->medium[0];
        bool moves = !device->judged || device->verdict != reply->verdict || device->registered != registered;

        if (reply->error) {
                if (strcmp(device->complaint, reply->line[lang]) != 0)
                        log_line(LOG_ERR, "%s", "%s", reply->line[lang]);
                (void) snprintf(device->complaint, sizeof device->complaint, "%s", reply->line[lang]);
                device_retry_later(guard, device);
                return;
        }
        device->complaint[0] = '\0';
        if (reply->recorded)
                log_line(reply->verdict == GATE_ACCEPT ? LOG_INFO : LOG_WARNING, "%s", "%s", reply->line[lang]);
        device->verdict = reply->verdict;
        device->registered = registered;
        device->judged = true;
        /* A look says that nobody is at work on it. */
        if (reply->unfinished && reply->locked && !device->waiting)
                log_line(LOG_WARNING, "%s: la rotación de %s espera a «mpsi key unlock»",
                         "%s: the rotation of %s waits for “mpsi key unlock”", device->path, reply->medium);
        device->waiting = reply->unfinished && reply->locked;
        if (reply->asked && reply->unfinished && !reply->locked && guard->enforce && !device->opened_by &&
            strcmp(device->resumed, device->facts.insertion) != 0) {
                (void) snprintf(device->resumed, sizeof device->resumed, "%s", device->facts.insertion);
                /* A hold taken now would keep the job off. It is closed as new, and held when the job does not
                 * come. */
                device_enforce_later(device);
                desk_resume(guard, reply->medium, device->path);
        } else if (moves || reply->recorded) {
                device_enforce(device);
        } else {
                guard->retry_after = 0;
        }
}

static void on_judge_message(void *context, struct child *child, const void *data, size_t n, int passed) {
        struct guard *guard = context;
        struct judge_reply reply;
        struct device *device;

        (void) child;
        close_fd(&passed);
        if (!judge_reply_sane(data, n, &reply))
                return;
        if (reply.closed) {
                mappings_recorded(guard, reply.name, reply.error);
                return;
        }
        if (reply.about_job) {
                orders_judged(guard, &reply);
                return;
        }
        device = find(guard, reply.name);
        if (device && device->known && strcmp(device->facts.insertion, reply.insertion) == 0) {
                on_verdict(device, &reply);
                if (!reply.error)
                        mappings_judged(guard, device->name, reply.standing, reply.asked);
        }
        if (reply.asked && guard->asking && strcmp(guard->asking->name, reply.name) == 0) {
                device = guard->asking;
                guard->asking = NULL;
                rest(device);
        }
        go_on(guard);
}

/* Without a judge everything stays as it is: closed. */
static void on_judge_end(void *context, struct child *child, int status) {
        struct guard *guard = context;

        (void) child;
        guard->judge = NULL;
        mappings_new_judge(guard);
        orders_judged(guard, NULL);
        if (guard->stopping)
                return;
        log_line(LOG_ERR, "el proceso que juzga ha terminado (%d)", "the judging process has ended (%d)", status);
        if (guard->asking) {
                struct device *device = guard->asking;

                guard->asking = NULL;
                device_retry_later(guard, device);
                rest(device);
        }
        for (struct device *device = guard->devices, *next; device; device = next) {
                next = device->next;
                device->untold = false; /* the new one knows none of them */
                if (device->gone && device->stage == STAGE_REST)
                        rest(device);
                else if (device->known && !device->gone)
                        device_retry_later(guard, device);
        }
        wake_later(guard);
}

static int judge(void *context, int fd, int extra) {
        (void) extra;
        return judge_run(&((struct guard *) context)->judge_context, fd);
}

static const struct child_kind judge_kind = {
        .name = "mpsid-judge",
        .run = judge,
        .message = on_judge_message,
        .ended = on_judge_end,
        .message_max = sizeof(struct judge_reply),
};

static bool have_judge(struct guard *guard) {
        struct error err = { 0 };

        if (guard->judge)
                return true;
        if (child_start(guard->event, &judge_kind, guard, -1, &guard->judge, &err) == 0) {
                guard->judge_context.first = false;
                return true;
        }
        log_problem(LOG_ERR, "mpsid", &err);
        return false;
}

/* --- the round
 * ----------------------------------------------------------------------------------------------------- */

/* False while the judge is too far behind to hear of anything. */
static bool tell_all_gone(struct guard *guard) {
        for (struct device *device = guard->devices, *next; device; device = next) {
                next = device->next;
                if (!device->untold)
                        continue;
                tell_gone(device);
                if (device->untold)
                        return false;
                if (device->gone && device->stage == STAGE_REST)
                        rest(device);
        }
        return true;
}

static void go_on(struct guard *guard) {
        bool told = tell_all_gone(guard);

        for (struct device *device = guard->devices; device && guard->probing < PROBES; device = device->next)
                if (device->stage == STAGE_WAITS && !device->probe)
                        look(device);
        for (struct device *device = guard->devices, *next; device && told && !guard->asking; device = next) {
                next = device->next; /* asking in vain may end it */
                if (device->stage != STAGE_READ || (device->probe && !device->content))
                        continue;
                if (device->gone) {
                        rest(device);
                        continue;
                }
                if (!have_judge(guard)) {
                        device_retry_later(guard, device);
                        rest(device);
                        continue;
                }
                ask_judge(device);
        }
}

static struct device *get(struct guard *guard, const char *name, const char *path) {
        struct device *device = find(guard, name);

        if (!device) {
                device = calloc(1, sizeof *device);
                if (!device)
                        return NULL;
                device->guard = guard;
                device->hold = -1;
                device->named = is_named(guard, name);
                (void) snprintf(device->name, sizeof device->name, "%s", name);
                device->next = guard->devices;
                guard->devices = device;
        }
        (void) snprintf(device->path, sizeof device->path, "%s", path);
        return device;
}

static void once_more(struct device *device) {
        if (device->stage == STAGE_REST)
                device->stage = STAGE_WAITS;
        else if (device->stage != STAGE_WAITS)
                device->again = true;
}

static void came(struct guard *guard, const char *path) {
        const char *slash = strrchr(path, '/');
        struct device *device = slash ? get(guard, slash + 1, path) : NULL;

        if (device)
                once_more(device);
        else
                devices_missed(guard);
}

static void went(struct guard *guard, const char *name) {
        struct device *device = find(guard, name);

        if (!device)
                return;
        device->gone = true;
        device_release_hold(device);
        if (device->known)
                tell_gone(device);
        if (device->stage == STAGE_REST || device->stage == STAGE_WAITS)
                rest(device);
}

void devices_event(struct guard *guard, const struct monitor_event *event) {
        if (event->action == MONITOR_REMOVED)
                went(guard, event->name);
        else
                came(guard, event->path);
        go_on(guard);
}

static void came_each(void *context, const char *path) {
        came(context, path);
}

int devices_look_at_all(struct guard *guard, struct error *err) {
        int r;

        guard->missed = false;
        r = monitor_enumerate(came_each, guard, err);
        /* What was removed while messages were lost. */
        for (struct device *device = guard->devices, *next; r == 0 && device; device = next) {
                next = device->next;
                if (!device->gone && access(device->path, F_OK) < 0)
                        went(guard, device->name);
        }
        if (r < 0)
                devices_missed(guard);
        go_on(guard);
        return r;
}

static int on_retry(sd_event_source *source, uint64_t now, void *context) {
        struct guard *guard = context;

        (void) source, (void) now;
        guard->retry_after = guard->retry_after * 2 > RETRY_LAST_S * 1000000ULL ? RETRY_LAST_S * 1000000ULL
                                                                                : guard->retry_after * 2;
        devices_retry_now(guard);
        return 0;
}

void devices_retry_now(struct guard *guard) {
        struct error err = { 0 };

        if (!have_judge(guard))
                wake_later(guard);
        if (guard->missed && devices_look_at_all(guard, &err) < 0)
                log_problem(LOG_ERR, "udev", &err);
        for (struct device *device = guard->devices; device; device = device->next)
                if (look_is_due(device) || ((device->unjudged || device->waiting) && !device->gone)) {
                        device->unjudged = false;
                        once_more(device);
                }
        go_on(guard);
}

/* --- for workers -----------------------------------------------------------------------------------------------
 */

struct wish {
        struct guard *guard;
        uint64_t worker;
};

static void on_wish(void *context, struct hand *hand, int result, int held) {
        struct wish *wish = context;
        struct worker_told told = { .result = 0 };
        struct error err = { 0 };

        close_fd(&held);
        if (result) {
                told.result = fail_errno(&err, result, "No se puede cambiar la protección de escritura de «%s»",
                                         "The write protection of “%s” can't be changed", hand->path);
                memcpy(told.what, err.what, sizeof told.what);
        }
        desk_tell(wish->guard, wish->worker, &told);
        free(wish);
}

static int find_for(struct guard *guard, const char *path, struct device **ret, struct error *err) {
        for (struct device *device = guard->devices; device; device = device->next)
                if (!device->gone && device->known && strcmp(device->path, path) == 0) {
                        *ret = device;
                        return 0;
                }
        return fail(err, ERR_DENIED, "«%.100s» no está al alcance de la compuerta de este puesto.",
                    "“%.100s” is not within reach of this station's gate.", path);
}

void devices_set_gate(struct guard *guard, const struct worker_asks *asks, uint64_t worker) {
        struct worker_told told = { .result = 0 };
        struct wish *wish = malloc(sizeof *wish);
        struct error err = { 0 };
        struct device *device;
        int r = wish ? find_for(guard, asks->path, &device, &err) : fail_memory(&err);

        if (r == 0) {
                struct hand hand = { .does = asks->read_only ? HAND_CLOSE : HAND_OPEN,
                                     .diskseq = device->facts.diskseq,
                                     .done = on_wish,
                                     .context = wish };

                (void) snprintf(hand.path, sizeof hand.path, "%s", device->path);
                *wish = (struct wish){ guard, worker };
                /* While it works there, verdicts wait; afterwards the device is looked at again. */
                device->opened_by = asks->read_only ? 0 : worker;
                if (asks->read_only) {
                        once_more(device);
                } else {
                        device_release_hold(device);
                        tell_gone(device); /* what the judge has read of it is of before */
                }
                r = hand_start(guard->event, &hand, -1, &err);
        }
        if (r == 0) {
                go_on(guard);
                return;
        }
        free(wish);
        told.result = r;
        memcpy(told.what, err.what, sizeof told.what);
        desk_tell(guard, worker, &told);
}

void devices_worker_ended(struct guard *guard, uint64_t worker) {
        for (struct device *device = guard->devices; device; device = device->next) {
                if (device->opened_by != worker)
                        continue;
                device->opened_by = 0;
                device->judged = false; /* so that the verdict is put into force again */
                once_more(device);
        }
        go_on(guard);
}

/* --- for mappings */

int devices_for_mapping(struct guard *guard, const char *path, struct device_facts *ret, struct error *err) {
        struct device *device;
        int r = find_for(guard, path, &device, err);

        if (r < 0)
                return r;
        if (device->opened_by)
                return fail(err, ERR_BUSY, "«%s» está en uso.", "“%s” is in use.", path);
        if (device->judged && device->verdict == GATE_REFUSE)
                return fail(err, ERR_REFUSED, "«%s» está rechazado.", "“%s” is refused.", path);
        *ret = device->facts;
        return 0;
}

void devices_look_again(struct guard *guard, const char *name) {
        struct device *device = find(guard, name);

        if (!device || guard->stopping)
                return;
        device->judged = false; /* so that the verdict is put into force again */
        once_more(device);
        go_on(guard);
}

int devices_for_order(struct guard *guard, const char *path, bool empty, struct device_facts *ret,
                      struct error *err) {
        struct device *device = NULL;
        int r = find_for(guard, path, &device, err);

        if (r < 0 && empty)
                device = find(guard, path + strlen("/dev/"));
        if (r < 0 && !device)
                return r;
        *ret = r == 0 ? device->facts : (struct device_facts){ .size = 0 };
        (void) snprintf(ret->path, sizeof ret->path, "%s", device->path);
        return 0;
}

bool devices_ask_job(struct guard *guard, const struct device_facts *facts, uid_t uid, const char *medium,
                     uint64_t worker) {
        struct judge_request *request = have_judge(guard) ? calloc(1, sizeof *request) : NULL;
        bool asked = false;

        if (request) {
                request->asks = JUDGE_JOB;
                request->facts = *facts;
                request->uid = uid;
                request->worker = worker;
                (void) snprintf(request->medium, sizeof request->medium, "%s", medium);
                asked = child_send(guard->judge, request, sizeof *request, NULL) == 0;
        }
        free(request);
        return asked;
}

bool devices_tell_closed(struct guard *guard, const char *medium, enum opening_end why) {
        struct judge_request *request = have_judge(guard) ? calloc(1, sizeof *request) : NULL;
        bool told = false;

        if (request) {
                request->asks = JUDGE_CLOSED;
                request->why = why;
                (void) snprintf(request->name, sizeof request->name, "%s", medium);
                told = child_send(guard->judge, request, sizeof *request, NULL) == 0;
        }
        free(request);
        return told;
}

/* --- start and end
 * ------------------------------------------------------------------------------------------------- */

int devices_start(struct guard *guard, struct error *err) {
        int r = sd_event_add_time_relative(guard->event, &guard->retry, CLOCK_MONOTONIC, 0, 0, on_retry, guard);

        if (r >= 0)
                r = sd_event_source_set_enabled(guard->retry, SD_EVENT_OFF);
        if (r < 0)
                return fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start");
        guard->judge_context = (struct judge_context){ .store = guard->store,
                                                       .account = &guard->account,
                                                       .lang = guard->options->lang,
                                                       .enforce = guard->enforce,
                                                       .first = true };
        if (!have_judge(guard)) /* it keeps the baseline too, without any device */
                wake_later(guard);
        return devices_look_at_all(guard, err);
}

void devices_done(struct guard *guard) {
        sd_event_source_disable_unref(guard->retry);
        if (guard->judge)
                child_abandon(guard->judge);
        while (guard->devices) {
                struct device *device = guard->devices;

                guard->devices = device->next;
                if (device->probe)
                        child_abandon(device->probe);
                close_fd(&device->hold);
                free(device->content);
                free(device);
        }
}
