#include "daemon/mapping.h"

#include <errno.h>
#include <keyutils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/guard.h"

/* Twice what libdevmapper and udev take on a slow machine; one that waits for a dead disk is left to itself. */
enum { HAND_MS = 20000, TICK_MIN_S = 1, TICK_MAX_S = 30 };

struct opening {
        struct opening *next;
        char medium[MAPPING_MEDIUM], disk[64];
        bool read_only;
        bool found;   /* it was there when this guard began */
        bool working; /* a hand is at it */
        bool closed;  /* it is gone, and not on record yet */
        bool told;    /* the judge has been told */
        bool must;    /* it has to be closed: tried again until it is */
        enum mapping_cut cut;
        enum opening_end why;
        uint64_t work, used_at; /* what sysfs counted, and when that last changed */
        uint64_t again_at;      /* not closed as it has to be: when that is tried again */
        unsigned failures;
};

/* One call of a hand, for a worker or, with 0, for the guard itself. */
struct errand {
        struct guard *guard;
        uint64_t worker;
        enum opening_end why;
        struct mapping_asks asks;
        struct worker_told told;
};

static void close_one(struct guard *guard, struct opening *opening, enum mapping_cut cut, enum opening_end why);

void mappings_join_keyring(void) {
        /* Without one each child would make its own, and none would find another's key. */
        if (keyctl_join_session_keyring(NULL) < 0)
                log_line(LOG_WARNING, "el núcleo no da un llavero: los soportes cifrados no se abrirán",
                         "the kernel gives no keyring: encrypted media will not be opened");
}

static uint64_t now_of(struct guard *guard) {
        uint64_t now = 0;

        (void) sd_event_now(guard->event, CLOCK_MONOTONIC, &now);
        return now;
}

static struct opening *find(const struct guard *guard, const char *medium) {
        for (struct opening *each = guard->openings; each; each = each->next)
                if (strcmp(each->medium, medium) == 0)
                        return each;
        return NULL;
}

static void drop(struct guard *guard, struct opening *opening) {
        struct opening **at = &guard->openings;
        char disk[sizeof opening->disk];

        while (*at != opening)
                at = &(*at)->next;
        *at = opening->next;
        memcpy(disk, opening->disk, sizeof disk);
        free(opening);
        /* Its verdict is put into force again: the gate was open for as long as the medium was. */
        devices_look_again(guard, disk);
        if (guard->stopping && !guard->openings && guard->clients_n == 0)
                (void) sd_event_exit(guard->event, 0);
}

static bool note(void *context, const struct mapping *mapping) {
        struct guard *guard = context;
        struct opening *opening = find(guard, mapping->medium);

        if (!opening) {
                opening = calloc(1, sizeof *opening);
                if (!opening)
                        return false;
                opening->next = guard->openings;
                guard->openings = opening;
                opening->used_at = now_of(guard);
        }
        (void) snprintf(opening->medium, sizeof opening->medium, "%s", mapping->medium);
        (void) snprintf(opening->disk, sizeof opening->disk, "%s", mapping->disk);
        opening->read_only = mapping->read_only;
        return true;
}

bool mappings_writable(const struct guard *guard, const char *disk) {
        for (const struct opening *each = guard->openings; each; each = each->next)
                if (!each->closed && !each->read_only && strcmp(each->disk, disk) == 0)
                        return true;
        return false;
}

/* What did not go at once goes soon, or less and less often: udev looks into a mapping for a moment and keeps it
 * busy, and a judge that has only just begun hears nothing yet. */
static void try_again(struct guard *guard, struct opening *opening) {
        uint64_t wait = opening->failures < 5 ? 1ULL << opening->failures : (uint64_t) TICK_MAX_S;
        uint64_t tick = UINT64_MAX;

        opening->failures++;
        opening->again_at = now_of(guard) + wait * 1000000;
        (void) sd_event_source_get_time(guard->tick, &tick);
        if (opening->again_at < tick)
                (void) sd_event_source_set_time(guard->tick, opening->again_at);
}

/* --- on record -------------------------------------------------------------------------------------------------
 */

static void tell(struct guard *guard, struct opening *opening) {
        if (!opening->told)
                opening->told = devices_tell_closed(guard, opening->medium, opening->why);
        if (!opening->told)
                try_again(guard, opening);
}

static void ended(struct guard *guard, struct opening *opening, enum opening_end why) {
        opening->closed = true;
        opening->why = why;
        log_line(LOG_NOTICE, "%s: cerrado (%s%.0s)", "%s: locked (%.0s%s)", opening->medium,
                 opening_end_terms[why].name.es, opening_end_terms[why].name.en);
        tell(guard, opening);
}

void mappings_recorded(struct guard *guard, const char *medium, int error) {
        struct opening *opening = find(guard, medium);

        if (!opening || !opening->closed)
                return;
        opening->told = false;
        if (error)
                try_again(guard, opening); /* is told again then */
        else
                drop(guard, opening);
}

void mappings_new_judge(struct guard *guard) {
        for (struct opening *each = guard->openings; each; each = each->next) {
                each->told = false;
                if (each->closed)
                        try_again(guard, each);
        }
}

/* --- hands -----------------------------------------------------------------------------------------------------
 */

static int run(void *context, int fd, int extra) {
        const struct errand *errand = context;
        struct worker_told told = { .result = 0 };
        struct error err = { 0 };

        (void) extra;
        told.result = errand->asks.asks == MAPPING_ASKS_OPEN
                              ? mapping_open(&errand->asks.plan, &err)
                              : mapping_close(errand->asks.plan.medium, errand->asks.cut, &err);
        memcpy(told.what, err.what, sizeof told.what);
        memcpy(told.hint, err.hint, sizeof told.hint);
        return child_answer(fd, &told, sizeof told, -1) < 0;
}

static void on_message(void *context, struct child *child, const void *data, size_t n, int passed) {
        struct errand *errand = context;

        (void) child;
        close_fd(&passed);
        if (n == sizeof errand->told)
                memcpy(&errand->told, data, n);
}

static void on_opened(struct errand *errand) {
        struct guard *guard = errand->guard;
        struct opening *opening;

        mapping_each(note, guard);
        opening = find(guard, errand->asks.plan.medium);
        if (!opening)
                return;
        opening->working = false;
        log_line(LOG_NOTICE, "%s: abierto en %s para la cuenta %u", "%s: open on %s for account %u",
                 opening->medium, opening->disk, (unsigned) errand->asks.plan.uid);
        /* Whoever waited is told that it failed: so it has to. */
        if (errand->told.result < 0)
                close_one(guard, opening, MAPPING_FLUSH, END_LOST);
        else if (guard->stopping)
                close_one(guard, opening, MAPPING_FLUSH, END_STOP);
}

static void on_closed(struct errand *errand) {
        struct guard *guard = errand->guard;
        struct opening *opening = find(guard, errand->asks.plan.medium);

        if (!opening)
                return;
        opening->working = false;
        if (errand->told.result == ERR_BUSY)
                opening->used_at = now_of(guard); /* somebody has it open after all */
        if (errand->told.result < 0 && errand->told.result != ERR_NOT_FOUND) {
                if (errand->told.result != ERR_BUSY)
                        log_line(LOG_ERR, "%s: no se puede cerrar: %s", "%s: can't be locked: %s", opening->medium,
                                 errand->told.what[guard->options->lang]);
                if (opening->must)
                        try_again(guard, opening);
                return;
        }
        /* A worker records what it asked for; the judge finds it done, or does it when that one has died. */
        ended(guard, opening, errand->worker ? END_LOCK : errand->why);
}

static void on_end(void *context, struct child *child, int status) {
        struct errand *errand = context;
        struct error err = { 0 };

        (void) child;
        if (status) {
                errand->told.result = fail(&err, ERR_FAILED, "El núcleo o udev no contestan.",
                                           "The kernel or udev do not answer.");
                memcpy(errand->told.what, err.what, sizeof errand->told.what);
        }
        if (errand->worker)
                desk_tell(errand->guard, errand->worker, &errand->told);
        if (errand->asks.asks == MAPPING_ASKS_OPEN)
                on_opened(errand);
        else
                on_closed(errand);
        free(errand);
}

static const struct child_kind kind = {
        .name = "mpsid-mapper",
        .run = run,
        .message = on_message,
        .ended = on_end,
        .outlived = free,
        .limit_ms = HAND_MS,
        .message_max = sizeof(struct worker_told),
};

static int send_out(struct guard *guard, const struct errand *what, struct error *err) {
        struct errand *errand = malloc(sizeof *errand);
        struct child *child;
        int r;

        if (!errand)
                return fail_memory(err);
        *errand = *what;
        errand->guard = guard;
        r = child_start(guard->event, &kind, errand, -1, &child, err);
        if (r < 0)
                free(errand);
        return r;
}

static void close_one(struct guard *guard, struct opening *opening, enum mapping_cut cut, enum opening_end why) {
        struct errand errand = { .why = why, .asks = { .asks = MAPPING_ASKS_CLOSE, .cut = cut } };
        struct error err = { 0 };

        if (opening->working || opening->closed)
                return;
        memcpy(errand.asks.plan.medium, opening->medium, sizeof errand.asks.plan.medium);
        opening->why = why;
        opening->cut = cut;
        opening->must = cut != MAPPING_ASK;
        if (send_out(guard, &errand, &err) == 0)
                opening->working = true;
        else
                log_problem(LOG_ERR, opening->medium, &err);
}

/* --- wishes ----------------------------------------------------------------------------------------------------
 */

static int prepare(struct guard *guard, struct errand *errand, struct error *err) {
        struct mapping_plan *plan = &errand->asks.plan;
        struct device_facts facts;
        struct opening *opening;
        int r;

        plan->medium[sizeof plan->medium - 1] = plan->path[sizeof plan->path - 1] =
                plan->key[sizeof plan->key - 1] = '\0';
        opening = find(guard, plan->medium);
        if (opening && opening->working)
                return fail(err, ERR_BUSY, "El soporte %s se está abriendo o cerrando.",
                            "Medium %s is being opened or locked.", plan->medium);
        if (errand->asks.asks == MAPPING_ASKS_CLOSE)
                return 0;
        r = devices_for_mapping(guard, plan->path, &facts, err);
        if (r < 0)
                return r;
        plan->diskseq = facts.diskseq;
        return mapping_check(plan, facts.size, err);
}

void mappings_wish(struct guard *guard, const struct mapping_asks *asks, uint64_t worker, uid_t uid) {
        struct errand errand = { .worker = worker, .asks = *asks };
        struct opening *opening;
        struct error err = { 0 };
        int r;

        errand.asks.plan.uid = uid;
        r = prepare(guard, &errand, &err);
        if (r == 0)
                r = send_out(guard, &errand, &err);
        opening = find(guard, errand.asks.plan.medium);
        if (r == 0 && opening)
                opening->working = true;
        if (r == 0)
                return;
        errand.told.result = r;
        memcpy(errand.told.what, err.what, sizeof err.what);
        desk_tell(guard, worker, &errand.told);
}

static int (*ask_guard)(const void *asks, size_t n, struct error *err);

static int open_by_guard(const struct mapping_plan *plan, struct error *err) {
        struct mapping_asks asks = { .asks = MAPPING_ASKS_OPEN, .plan = *plan };

        return ask_guard(&asks, sizeof asks, err);
}

static int close_by_guard(const char *medium, enum mapping_cut cut, struct error *err) {
        struct mapping_asks asks = { .asks = MAPPING_ASKS_CLOSE, .cut = cut };

        (void) snprintf(asks.plan.medium, sizeof asks.plan.medium, "%s", medium);
        return ask_guard(&asks, sizeof asks, err);
}

void mappings_by_guard(int (*ask)(const void *asks, size_t n, struct error *err)) {
        static const struct mapping_power power = { open_by_guard, close_by_guard };

        ask_guard = ask;
        mapping_by(&power);
}

/* --- what ends them --------------------------------------------------------------------------------------------
 */

void mappings_event(struct guard *guard, const struct monitor_event *event) {
        if (event->action != MONITOR_REMOVED)
                return;
        for (struct opening *each = guard->openings; each; each = each->next)
                if (strcmp(each->disk, event->name) == 0)
                        close_one(guard, each, MAPPING_DROP, END_REMOVED);
}

void mappings_judged(struct guard *guard, const char *disk, enum opening_standing standing, bool asked) {
        for (struct opening *each = guard->openings; each; each = each->next) {
                if (strcmp(each->disk, disk) != 0)
                        continue;
                if (standing == OPENING_ENDS_NOW)
                        close_one(guard, each, MAPPING_FLUSH, END_VERDICT);
                /* The guard before this one died while it was made: nobody has been told that it is open. */
                else if (standing == OPENING_NONE && asked && each->found)
                        close_one(guard, each, MAPPING_FLUSH, END_LOST);
        }
}

static void look_at(struct guard *guard, struct opening *opening, uint64_t now) {
        struct mapping mapping;

        if (opening->closed) {
                tell(guard, opening);
                return;
        }
        if (opening->working || now < opening->again_at)
                return;
        if (!mapping_find(opening->medium, &mapping)) {
                ended(guard, opening, END_LOST); /* somebody else's hand */
        } else if (!mapping.disk[0]) {
                close_one(guard, opening, MAPPING_DROP, END_REMOVED);
        } else if (opening->must) {
                close_one(guard, opening, opening->cut, opening->why);
        } else if (mapping.work != opening->work) {
                opening->work = mapping.work;
                opening->used_at = now;
        } else if (guard->idle_us && now >= opening->used_at + guard->idle_us) {
                close_one(guard, opening, MAPPING_ASK, END_IDLE);
        }
}

static int on_tick(sd_event_source *source, uint64_t time, void *context) {
        struct guard *guard = context;
        uint64_t every = guard->idle_us / 4, next;

        (void) time;
        every = every < TICK_MIN_S * 1000000ULL || guard->stopping ? TICK_MIN_S * 1000000ULL : every;
        every = every > TICK_MAX_S * 1000000ULL || !guard->idle_us ? TICK_MAX_S * 1000000ULL : every;
        for (struct opening *each = guard->openings; each; each = each->next)
                look_at(guard, each, now_of(guard));
        next = now_of(guard) + every;
        for (struct opening *each = guard->openings; each; each = each->next)
                if (each->again_at > now_of(guard) && each->again_at < next)
                        next = each->again_at;
        (void) sd_event_source_set_time(source, next);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* --- start and end ---------------------------------------------------------------------------------------------
 */

int mappings_start(struct guard *guard, struct error *err) {
        int64_t seconds = 0;
        int r = opening_idle(config_text(guard->config, "unlock", "idle", NULL), &seconds, err);

        if (r < 0)
                return r;
        guard->idle_us = (uint64_t) seconds * 1000000;
        mapping_each(note, guard);
        for (struct opening *each = guard->openings; each; each = each->next) {
                each->found = true;
                log_line(LOG_NOTICE, "%s: sigue abierto en %s", "%s: is open on %s still", each->medium,
                         each->disk);
        }
        r = sd_event_add_time_relative(guard->event, &guard->tick, CLOCK_MONOTONIC, 0, 0, on_tick, guard);
        return r < 0 ? fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start") : 0;
}

bool mappings_stop(struct guard *guard) {
        for (struct opening *each = guard->openings; each; each = each->next)
                close_one(guard, each, MAPPING_FLUSH, END_STOP);
        if (guard->openings) {
                (void) sd_event_source_set_time_relative(guard->tick, TICK_MIN_S * 1000000ULL);
                (void) sd_event_source_set_enabled(guard->tick, SD_EVENT_ONESHOT);
        }
        return !guard->openings;
}

void mappings_done(struct guard *guard) {
        sd_event_source_disable_unref(guard->tick);
        while (guard->openings) {
                struct opening *opening = guard->openings;

                guard->openings = opening->next;
                free(opening);
        }
}
