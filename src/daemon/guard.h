/* The guard's own state, shared by the files of this room that run in it. */
#pragma once

#include <systemd/sd-event.h>

#include "base/config.h"
#include "daemon/child.h"
#include "daemon/daemon.h"
#include "daemon/judge.h"
#include "daemon/mapping.h"
#include "daemon/orders.h"
#include "daemon/privileges.h"
#include "daemon/worker.h"
#include "device/monitor.h"

struct device;
struct client;
struct opening;
struct errand;

struct guard {
        const struct daemon_options *options;
        struct config *config;
        const char *store;
        struct account account;
        bool enforce;
        sd_event *event;
        struct monitor *monitor;
        /* devices.c */
        struct device *devices;
        size_t probing;        /* looks under way */
        struct child *probe;   /* waits for the next one; NULL: it is yet to be forked */
        struct child *judge;   /* NULL while there is none */
        struct device *asking; /* whose verdict is awaited */
        struct judge_context judge_context;
        sd_event_source *retry; /* one-shot, off when nothing is pending */
        uint64_t retry_after;   /* microseconds; doubles up to a minute */
        bool missed;            /* something came that is not among the devices: all is to be looked at again */
        /* desk.c */
        int listening;
        sd_event_source *accepting, *pause;
        struct client *clients;
        size_t clients_n, fresh_n; /* workers with a client or a job, and those that wait for one */
        sd_event_source *refill;
        uint64_t workers; /* how many there were: the last one's number */
        bool stopping;
        /* mapping.c */
        struct opening *openings;
        sd_event_source *tick;
        uint64_t idle_us; /* 0: never */
        /* orders.c */
        struct errand *errands;
};

/* devices.c: everything that is plugged in. */
int devices_start(struct guard *guard, struct error *err);
void devices_event(struct guard *guard, const struct monitor_event *event);
/* Everything that is there: at the start and after messages were lost. */
int devices_look_at_all(struct guard *guard, struct error *err);
/* A message of udev was lost, or there was no memory for it: everything is looked at soon. */
void devices_missed(struct guard *guard);
/* What could not be judged is tried again now. */
void devices_retry_now(struct guard *guard);
/* A worker's wish about a device's write protection; desk_tell() gives it the outcome. While it has a device open
 * its verdict waits. */
void devices_set_gate(struct guard *guard, const struct worker_asks *asks, uint64_t worker);
/* The worker has ended: what it had opened is looked at and put into force again. */
void devices_worker_ended(struct guard *guard, uint64_t worker);
/* For mappings: the facts of a device that may be opened now; its verdict into force again; a closing on record
 * (false: the judge is not there, or too far behind). */
int devices_for_mapping(struct guard *guard, const char *path, struct device_facts *ret, struct error *err);
/* For orders: the facts of a device that the gate has a say on (`empty`: or that shows no medium: its path alone);
 * and the judge is asked what wipe it is under (false: there is no judge, or it is too far behind), whose answer
 * goes to orders_judged(). */
int devices_for_order(struct guard *guard, const char *path, bool empty, struct device_facts *ret,
                      struct error *err);
bool devices_ask_job(struct guard *guard, const struct device_facts *facts, uid_t uid, const char *medium,
                     uint64_t worker);
void devices_look_again(struct guard *guard, const char *name);
bool devices_tell_closed(struct guard *guard, const char *medium, enum opening_end why);
void devices_done(struct guard *guard);

/* desk.c: the socket and its clients. */
int desk_start(struct guard *guard, struct error *err);
/* A job that a crash or an unplug cut off goes on, without a client. */
void desk_resume(struct guard *guard, const char *medium, const char *device);
/* The outcome of a wish; a worker that has ended since hears nothing. */
void desk_tell(struct guard *guard, uint64_t worker, const struct worker_told *told);
/* The same in another shape. */
void desk_say(struct guard *guard, uint64_t worker, const void *told, size_t n);
/* Asks all workers to come to a durable point. True when there is none left. */
bool desk_stop(struct guard *guard);
void desk_done(struct guard *guard);
