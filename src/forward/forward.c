#include "forward/forward.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "forward/journal.h"
#include "forward/network.h"

#define RETRY_MIN ((uint64_t) 1000000)
#define RETRY_MAX (60 * RETRY_MIN)

struct forward {
        const struct forward_options *options;
        sd_event *event;
        sd_event_source *watch, *turn, *retry;
        struct reader reader;
        struct siem_origin origin;
        struct journal *journal;
        struct network *network;
        uint64_t delay; /* of the next retry; 0: all is well */
        bool troubled;  /* in this turn */
        char host[256], said[ERROR_TEXT_MAX];
};

/* A turn is taken once the loop is through with what is due, however often it was asked for. */
static void ask_for_turn(struct forward *forward) {
        (void) sd_event_source_set_enabled(forward->turn, SD_EVENT_ONESHOT);
}

static void on_trouble(void *context, const struct error *err) {
        struct forward *forward = context;

        forward->troubled = true;
        if (strcmp(forward->said, err->what[LANG_EN]) != 0)
                log_problem(LOG_WARNING, forward->options->store, err);
        (void) snprintf(forward->said, sizeof forward->said, "%s", err->what[LANG_EN]);
        forward->delay = forward->delay ? forward->delay * 2 : RETRY_MIN;
        if (forward->delay > RETRY_MAX)
                forward->delay = RETRY_MAX;
        (void) sd_event_source_set_time_relative(forward->retry, forward->delay);
        (void) sd_event_source_set_enabled(forward->retry, SD_EVENT_ONESHOT);
}

/* A commit of the station ends in a write to `checkpoint`. */
static int on_change(sd_event_source *source, const struct inotify_event *event, void *context) {
        struct forward *forward = context;

        (void) source;
        if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))
                forward->watch = sd_event_source_disable_unref(forward->watch);
        else if (!(event->mask & IN_Q_OVERFLOW) && (!event->len || strcmp(event->name, "checkpoint") != 0))
                return 0;
        ask_for_turn(forward);
        return 0;
}

static int watch_store(struct forward *forward, struct error *err) {
        int r;

        if (forward->watch)
                return 0;
        r = sd_event_add_inotify(forward->event, &forward->watch, forward->options->store,
                                 IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
                                 on_change, forward);
        return r < 0 ? fail_errno(err, -r, "No se puede vigilar «%s»", "“%s” can't be watched",
                                  forward->options->store)
                     : 0;
}

static int on_turn(sd_event_source *source, void *context) {
        struct forward *forward = context;
        struct error err = { 0 };
        bool more = false;
        int r = watch_store(forward, &err);

        (void) source;
        forward->troubled = false;
        if (r == 0)
                r = reader_open(&forward->reader, &err);
        if (r == 0)
                forward->origin.lang = forward->reader.store.station.lang;
        if (r == 0 && forward->journal)
                r = journal_pump(forward->journal, &more, &err);
        if (r < 0)
                on_trouble(forward, &err);
        if (forward->network)
                network_wake(forward->network);
        if (more)
                ask_for_turn(forward);
        else
                reader_close(&forward->reader); /* an idle program holds no file of the store */
        if (!forward->troubled && forward->delay) {
                forward->delay = 0;
                forward->said[0] = '\0';
                log_line(LOG_INFO, "vuelve a funcionar", "working again");
        }
        return 0;
}

static int on_retry(sd_event_source *source, uint64_t now, void *context) {
        (void) source, (void) now;
        ask_for_turn(context);
        return 0;
}

static int add_sources(struct forward *forward) {
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        (void) signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2) */
        r = sd_event_add_signal(forward->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(forward->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_defer(forward->event, &forward->turn, on_turn, forward);
        if (r >= 0)
                r = sd_event_add_time_relative(forward->event, &forward->retry, CLOCK_BOOTTIME, 0, 0, on_retry,
                                               forward);
        if (r >= 0)
                r = sd_event_source_set_enabled(forward->retry, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_set_watchdog(forward->event, true);
        return r;
}

static int make(struct forward *forward, struct error *err) {
        const struct forward_options *options = forward->options;
        const struct network_options network = { .event = forward->event,
                                                 .settings = &options->settings,
                                                 .state = options->state,
                                                 .origin = &forward->origin,
                                                 .reader = &forward->reader,
                                                 .on_trouble = on_trouble,
                                                 .context = forward };
        int r = dir_make(options->state, 0750, err);

        if (r == 0 && options->settings.journal)
                r = journal_new(forward->event, options->state, &forward->origin, &forward->reader,
                                &forward->journal, err);
        if (r == 0 && options->settings.host)
                r = network_new(&network, &forward->network, err);
        return r;
}

static int run(struct forward *forward, struct error *err) {
        int r = sd_event_new(&forward->event);

        if (r >= 0)
                r = add_sources(forward);
        if (r < 0)
                return fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start");
        r = make(forward, err);
        if (r < 0)
                return r;
        (void) sd_notify(0, "READY=1");
        log_line(LOG_INFO, "en marcha: almacén %s", "running: store %s", forward->options->store);
        r = sd_event_loop(forward->event);
        (void) sd_notify(0, "STOPPING=1");
        return r < 0 ? fail_errno(err, -r, "El bucle de sucesos ha fallado", "The event loop failed") : 0;
}

int forward_run(const struct forward_options *options, struct error *err) {
        struct forward forward = {
                .options = options,
                .reader = { .folder = options->store },
                .origin = { .pid = (long) getpid(), .facility = options->settings.facility, .lang = options->lang },
        };
        int r;

        if (gethostname(forward.host, sizeof forward.host - 1) < 0)
                forward.host[0] = '\0';
        forward.origin.host = forward.host;
        r = run(&forward, err);
        network_free(forward.network);
        journal_free(forward.journal);
        reader_close(&forward.reader);
        sd_event_source_unref(forward.watch);
        sd_event_source_unref(forward.turn);
        sd_event_source_unref(forward.retry);
        sd_event_unref(forward.event);
        return r;
}
