#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "api/session.h"
#include "base/str.h"
#include "daemon/log.h"
#include "daemon/present.h"
#include "device/gate.h"
#include "device/monitor.h"

/* How often it looks whether the registry changed under devices that are present. */
enum { REVIEW_SECONDS = 1 };

struct daemon {
        const struct daemon_options *options;
        sd_event *event;
        struct monitor *monitor;
        struct present *present;
        struct stat witness; /* of the store's newest checkpoint, when all was judged last */
        bool again;          /* something could not be judged: try at the next review */
};

static bool is_watched(const struct daemon *daemon, const char *name) {
        for (size_t i = 0; i < daemon->options->patterns_n; i++)
                if (fnmatch(daemon->options->patterns[i], name, 0) == 0)
                        return true;
        return daemon->options->patterns_n == 0;
}

/* A refused device is held as well, so that nothing mounts it, not even read-only. Somebody else may hold it. */
static void hold(const struct daemon *daemon, struct present *entry, const struct device_facts *facts) {
        bool wanted = entry->judgement.answer.verdict == GATE_REFUSE && !daemon->options->audit_only;

        if (!wanted && entry->hold_fd >= 0) {
                (void) close(entry->hold_fd);
                entry->hold_fd = -1;
        }
        if (wanted && entry->hold_fd < 0)
                entry->hold_fd = open(facts->path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
}

static void report(const struct device_facts *facts, const struct gate_judgement *judgement, enum lang lang) {
        const struct gate_answer *answer = &judgement->answer;

        log_line(answer->verdict == GATE_ACCEPT ? LOG_INFO : LOG_WARNING, "%s %s: %s %s %s %s",
                 "%s %s: %s %s %s %s", facts->path, judgement->medium,
                 text_in(gate_verdict_terms[answer->verdict].name, lang), answer->rule, text_in(answer->why, lang),
                 judgement->detail[lang]);
}

/* Judges, enforces, and records what is new. The device was closed before; only what is on record opens it. */
static int judge(struct daemon *daemon, struct present *entry, const struct device_facts *facts,
                 struct error *err) {
        const struct session_options options = { .folder = daemon->options->store, .lang = daemon->options->lang };
        _cleanup_(session_closep) struct session *session = NULL;
        struct gate_judgement judgement;
        struct act *act;
        int r = session_open(&options, &session, err);

        if (r == 0)
                r = session_act(session, &act, err);
        if (r == 0)
                r = gate_judge(act, facts, &judgement, err);
        if (r < 0 || present_same(entry, facts, &judgement))
                return r;
        r = act_resume(act, err); /* takes the writer's lock */
        if (r < 0)
                return r;
        /* An encryption or a wipe locks its device before it gives the writer's lock back: from here on nobody
         * starts one. What is at work already has opened the gate itself; it is judged when that is over. */
        if (!gate_concerns(facts)) {
                daemon->again = true;
                return act_pause(act, err);
        }
        r = gate_record(act, facts, &judgement, daemon->options->audit_only, err);
        (void) act_pause(act, NULL);
        if (r < 0)
                return r;
        entry->judgement = judgement;
        (void) snprintf(entry->insertion, sizeof entry->insertion, "%s", facts->insertion);
        hold(daemon, entry, facts);
        report(facts, &judgement, daemon->options->lang);
        return 0;
}

static void look_at(struct daemon *daemon, const char *path) {
        struct device_facts facts;
        struct present *entry;
        struct error err = { 0 };
        bool fresh;

        if (device_facts_read(path, daemon->options->store, &facts, &err) < 0) {
                if (err.code != ERR_NOT_FOUND)
                        log_problem(LOG_WARNING, path, &err);
                return;
        }
        if (!is_watched(daemon, facts.name))
                return;
        if (facts.size == 0) {
                /* A reader or loop device whose medium is gone: the next one is judged for itself. */
                if (present_find(daemon->present, facts.name) && !daemon->options->audit_only)
                        (void) gate_set(facts.path, false, NULL);
                present_remove(&daemon->present, facts.name);
        }
        if (!gate_concerns(&facts))
                return;
        entry = present_get(&daemon->present, facts.name);
        if (!entry)
                return;
        fresh = strcmp(entry->insertion, facts.insertion) != 0;
        /* Nothing may write between the plug-in and the verdict. */
        if (fresh && !daemon->options->audit_only && gate_set(facts.path, true, &err) < 0)
                log_problem(LOG_ERR, path, &err);
        if (judge(daemon, entry, &facts, &err) < 0) {
                daemon->again = true;
                log_problem(LOG_ERR, path, &err);
        }
}

static void look_at_each(void *context, const char *path) {
        look_at(context, path);
}

/* Everything that is there: at the start, after messages were lost, and when the registry has changed. */
static int look_at_all(struct daemon *daemon, struct error *err) {
        _cleanup_free_ char *path = str_format("%s/checkpoint", daemon->options->store);
        struct stat witness = { 0 };
        int r;

        if (!path)
                return fail_memory(err);
        (void) stat(path, &witness);
        daemon->again = false;
        r = monitor_enumerate(look_at_each, daemon, err);
        if (r == 0)
                daemon->witness = witness;
        return r;
}

static int on_device(sd_event_source *source, int fd, uint32_t events, void *context) {
        struct daemon *daemon = context;
        struct monitor_event event;
        struct error err = { 0 };
        int r;

        (void) source, (void) fd, (void) events;
        while ((r = monitor_next(daemon->monitor, &event, &err)) > 0) {
                if (event.action == MONITOR_OVERFLOW) {
                        log_line(LOG_WARNING, "se perdieron avisos de udev: se mira todo otra vez",
                                 "messages of udev were lost: everything is looked at again");
                        if (look_at_all(daemon, &err) < 0)
                                log_problem(LOG_ERR, "udev", &err);
                } else if (event.action == MONITOR_REMOVED) {
                        present_remove(&daemon->present, event.name);
                } else {
                        look_at(daemon, event.path);
                }
        }
        if (r < 0)
                log_problem(LOG_ERR, "udev", &err);
        return 0;
}

/* A medium that was registered, encrypted, returned or found since has a new verdict without a new plug-in. */
static int on_review(sd_event_source *source, uint64_t now, void *context) {
        struct daemon *daemon = context;
        _cleanup_free_ char *path = str_format("%s/checkpoint", daemon->options->store);
        struct stat witness = { 0 };
        struct error err = { 0 };

        if (path && stat(path, &witness) == 0 &&
            (daemon->again || witness.st_ino != daemon->witness.st_ino ||
             witness.st_mtim.tv_sec != daemon->witness.st_mtim.tv_sec ||
             witness.st_mtim.tv_nsec != daemon->witness.st_mtim.tv_nsec))
                if (look_at_all(daemon, &err) < 0)
                        log_problem(LOG_ERR, "udev", &err);
        (void) sd_event_source_set_time(source, now + REVIEW_SECONDS * (uint64_t) 1000000);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int add_sources(struct daemon *daemon) {
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        /* Without a handler of ours both signals end the loop. */
        r = sd_event_add_signal(daemon->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(daemon->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_io(daemon->event, NULL, monitor_fd(daemon->monitor), EPOLLIN, on_device, daemon);
        if (r >= 0)
                r = sd_event_add_time_relative(daemon->event, NULL, CLOCK_MONOTONIC,
                                               REVIEW_SECONDS * (uint64_t) 1000000, 0, on_review, daemon);
        return r;
}

static int run(struct daemon *daemon, struct error *err) {
        int r = sd_event_new(&daemon->event);

        if (r < 0)
                return fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start");
        /* The monitor first: what is plugged in during the enumeration is not lost, at worst judged twice. */
        r = monitor_new(&daemon->monitor, err);
        if (r < 0)
                return r;
        r = add_sources(daemon);
        if (r < 0)
                return fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start");
        r = look_at_all(daemon, err);
        if (r < 0)
                return r;
        (void) sd_notify(0, "READY=1");
        log_line(LOG_INFO, "en marcha: almacén %s", "running: store %s", daemon->options->store);
        r = sd_event_loop(daemon->event);
        (void) sd_notify(0, "STOPPING=1");
        if (r < 0)
                return fail_errno(err, -r, "El bucle de sucesos ha fallado", "The event loop failed");
        return 0;
}

/* A store that can't be opened is a reason not to start, rather than to fail at each device. */
static int check_store(const struct daemon_options *options, struct error *err) {
        const struct session_options session_options = { .folder = options->store, .lang = options->lang };
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act;
        int r = session_open(&session_options, &session, err);

        return r < 0 ? r : session_act(session, &act, err);
}

int daemon_run(const struct daemon_options *options, struct error *err) {
        struct daemon daemon = { .options = options };
        int r = check_store(options, err);

        if (r == 0)
                r = run(&daemon, err);
        present_free(&daemon.present);
        monitor_free(daemon.monitor);
        sd_event_unref(daemon.event);
        return r;
}
