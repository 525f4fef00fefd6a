#include "daemon/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/guard.h"

/* How long jobs get to come to a durable point; systemd's own patience is longer (TimeoutStopSec). */
enum { STOP_SECONDS = 15 };

static int on_device(sd_event_source *source, int fd, uint32_t events, void *context) {
        struct guard *guard = context;
        struct monitor_event event;
        struct error err = { 0 };
        int r;

        (void) source, (void) fd, (void) events;
        while ((r = monitor_next(guard->monitor, &event, &err)) > 0) {
                if (event.action != MONITOR_OVERFLOW) {
                        mappings_event(guard, &event);
                        devices_event(guard, &event);
                        continue;
                }
                log_line(LOG_WARNING, "se perdieron avisos de udev: se mira todo otra vez",
                         "messages of udev were lost: everything is looked at again");
                if (devices_look_at_all(guard, &err) < 0)
                        log_problem(LOG_ERR, "udev", &err);
        }
        if (r < 0) {
                log_problem(LOG_ERR, "udev", &err);
                devices_missed(guard); /* the message that could not be taken */
        }
        return 0;
}

static int on_stop_limit(sd_event_source *source, uint64_t now, void *context) {
        (void) now, (void) context;
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *context) {
        struct guard *guard = context;
        bool idle;

        (void) source, (void) info;
        if (guard->stopping)
                return 0;
        guard->stopping = true;
        (void) sd_notify(0, "STOPPING=1");
        idle = desk_stop(guard);
        if (mappings_stop(guard) && idle)
                return sd_event_exit(guard->event, 0);
        (void) sd_event_add_time_relative(guard->event, NULL, CLOCK_MONOTONIC, STOP_SECONDS * 1000000ULL, 0,
                                          on_stop_limit, NULL);
        return 0;
}

static int add_sources(struct guard *guard) {
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        r = sd_event_add_signal(guard->event, NULL, SIGTERM, on_stop, guard);
        if (r >= 0)
                r = sd_event_add_signal(guard->event, NULL, SIGINT, on_stop, guard);
        if (r >= 0)
                r = sd_event_add_io(guard->event, NULL, monitor_fd(guard->monitor), EPOLLIN, on_device, guard);
        if (r >= 0)
                r = sd_event_set_watchdog(guard->event, true);
        return r;
}

static int run(struct guard *guard, struct error *err) {
        int r = sd_event_new(&guard->event);

        if (r < 0)
                return fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start");
        /* The monitor first: what is plugged in during the enumeration is not lost, at worst judged twice. */
        r = monitor_new(&guard->monitor, err);
        if (r < 0)
                return r;
        r = add_sources(guard);
        if (r < 0)
                return fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start");
        r = mappings_start(guard, err);
        if (r == 0)
                r = devices_start(guard, err);
        if (r == 0)
                r = desk_start(guard, err);
        if (r < 0)
                return r;
        (void) sd_notify(0, "READY=1");
        log_line(LOG_INFO, "en marcha: almacén %s%s", "running: store %s%s", guard->store,
                 guard->enforce ? "" : " (audit)");
        r = sd_event_loop(guard->event);
        if (r < 0)
                return fail_errno(err, -r, "El bucle de sucesos ha fallado", "The event loop failed");
        return 0;
}

/* A guard that misreads its configuration guards: it does not start open. */
static int configure(struct guard *guard, struct error *err) {
        const char *mode, *account = guard->options->account;
        int r = guard->options->config ? config_load(guard->options->config, &guard->config, err) : 0;

        if (r < 0)
                return r;
        guard->store = guard->options->store ? guard->options->store
                                             : config_text(guard->config, "station", "store", STATION_STORE);
        mode = config_text(guard->config, "gate", "mode", "enforce");
        if (strcmp(mode, "enforce") != 0 && strcmp(mode, "audit") != 0)
                return fail(err, ERR_USAGE, "[gate] mode es enforce o audit, no «%.40s».",
                            "[gate] mode is enforce or audit, not “%.40s”.", mode);
        guard->enforce = !guard->options->audit_only && strcmp(mode, "enforce") == 0;
        return account_find(account ? account : config_text(guard->config, "station", "account", NULL),
                            &guard->account, err);
}

/* A client costs two descriptors, so that the usual limit of 1024 would be reached before the limit of clients. */
static void raise_descriptors(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
}

int daemon_run(const struct daemon_options *options, struct error *err) {
        const struct rlimit none = { 0, 0 };
        struct guard guard = { .options = options, .listening = -1 };
        int r = configure(&guard, err);

        (void) setrlimit(RLIMIT_CORE, &none); /* its children inherit this and hold secrets (C10) */
        raise_descriptors();
        mappings_join_keyring();
        if (r == 0)
                r = run(&guard, err);
        desk_done(&guard);
        mappings_done(&guard);
        orders_done(&guard);
        devices_done(&guard);
        children_done();
        monitor_free(guard.monitor);
        sd_event_unref(guard.event);
        config_free(guard.config);
        return r;
}
