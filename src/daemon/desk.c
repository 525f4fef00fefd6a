/* The socket: who connects gets a worker of their own, up to a number that leaves room for everybody else. The
 * guard takes the connection's credentials from the kernel and never a byte from the connection. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/guard.h"
#include "wire/wire.h"

/* One account gets no more than half: who opens connections without end shuts out nobody but themselves. */
enum { CLIENTS = 512, CLIENTS_EACH = 256, BACKLOG = 512, PAUSE_US = 200000 };

/* Workers that are ready for whoever connects next: a person who types a command does not wait for one to be made.
 * They are made one at a time, when a verdict is not kept waiting. */
enum { FRESH = 6, REFILL_US = 50000, REFILL_LATE_US = 5000000 };

struct client {
        struct client *next;
        struct guard *guard;
        uint64_t number;
        bool fresh; /* it has no client yet */
        struct child *child;
        struct worker_context context;
        struct order_flow flow;
};

static void refill_later(struct guard *guard, uint64_t after) {
        if (guard->stopping || !guard->refill || guard->fresh_n >= FRESH)
                return;
        (void) sd_event_source_set_time_relative(guard->refill, after);
        (void) sd_event_source_set_enabled(guard->refill, SD_EVENT_ONESHOT);
}

static void on_ended(void *context, struct child *child, int status) {
        struct client *client = context, **at = &client->guard->clients;
        struct guard *guard = client->guard;

        (void) child;
        while (*at != client)
                at = &(*at)->next;
        *at = client->next;
        if (client->fresh) {
                guard->fresh_n--;
                refill_later(guard, REFILL_LATE_US);
                free(client);
                return;
        }
        guard->clients_n--;
        if (client->context.medium[0])
                log_line(status ? LOG_WARNING : LOG_INFO, "%s: el trabajo reanudado ha terminado (%d)",
                         "%s: the resumed job has ended (%d)", client->context.medium, status);
        orders_worker_ended(guard, client->number);
        devices_worker_ended(guard, client->number);
        /* It may have made the store, or made room in it. */
        devices_retry_now(guard);
        free(client);
        if (guard->stopping && guard->clients_n == 0 && !guard->openings)
                (void) sd_event_exit(guard->event, 0);
}

/* Its sender waits for an answer. */
static void refuse_order(const struct client *client) {
        static const struct order_told told = { .result = -EPERM };

        log_line(LOG_WARNING, "%s: pide una orden que no está en la tabla",
                 "%s: asks for a command that is in no table",
                 client->context.medium[0] ? client->context.medium : "mpsid-worker");
        desk_say(client->guard, client->number, &told, sizeof told);
}

static void on_message(void *context, struct child *child, const void *data, size_t n, int passed) {
        struct client *client = context;
        struct mapping_asks mapping;
        struct worker_asks asks;
        struct order_asks order;

        (void) child;
        if (!client->fresh && order_asks_sane(data, n, &order)) {
                orders_wish(client->guard, &order, passed, client->number, client->context.peer.uid,
                            client->context.medium, &client->flow);
                return;
        }
        close_fd(&passed);
        if (client->fresh)
                return;
        if (n == sizeof order)
                refuse_order(client);
        if (n == sizeof mapping && !client->context.medium[0]) {
                memcpy(&mapping, data, n);
                mappings_wish(client->guard, &mapping, client->number, client->context.peer.uid);
        }
        if (n != sizeof asks)
                return;
        memcpy(&asks, data, n);
        asks.path[sizeof asks.path - 1] = '\0';
        devices_set_gate(client->guard, &asks, client->number);
}

static int serve(void *context, int fd, int extra) {
        return worker_run(&((struct client *) context)->context, fd, extra);
}
static int resume(void *context, int fd, int extra) {
        (void) extra;
        return worker_resume(&((struct client *) context)->context, fd);
}

static const struct child_kind worker_kind = {
        .name = "mpsid-worker",
        .run = serve,
        .message = on_message,
        .ended = on_ended,
        .message_max = sizeof(struct mapping_asks), /* the largest of the wishes */
};
_Static_assert(sizeof(struct mapping_asks) > sizeof(struct order_asks) &&
                       sizeof(struct order_asks) > sizeof(struct worker_asks),
               "wishes are told by their size");
static const struct child_kind fresh_kind = {
        .name = "mpsid-fresh",
        .run = serve,
        .message = on_message,
        .ended = on_ended,
        .message_max = sizeof(struct mapping_asks),
};
static const struct child_kind resume_kind = {
        .name = "mpsid-job",
        .run = resume,
        .message = on_message,
        .ended = on_ended,
        .message_max = sizeof(struct order_asks),
};

static int start(struct guard *guard, const struct child_kind *kind, const struct worker_context *context, int fd) {
        struct client *client = calloc(1, sizeof *client);
        struct error err = { 0 };

        if (!client)
                return ERR_FAILED;
        client->guard = guard;
        client->number = ++guard->workers;
        client->context = *context;
        client->context.store = guard->store;
        client->context.account = &guard->account;
        client->context.lang = guard->options->lang;
        client->fresh = kind == &fresh_kind;
        if (child_start(guard->event, kind, client, fd, &client->child, &err) < 0) {
                log_problem(LOG_ERR, "mpsid", &err);
                free(client);
                return ERR_FAILED;
        }
        client->next = guard->clients;
        guard->clients = client;
        if (client->fresh)
                guard->fresh_n++;
        else
                guard->clients_n++;
        return 0;
}

/* On failure the next connection is tried for again: it is no trouble of anybody's. */
static int on_refill(sd_event_source *source, uint64_t now, void *context) {
        const struct worker_context nobody = { .store = NULL };
        struct guard *guard = context;

        (void) source, (void) now;
        if (!guard->stopping && guard->fresh_n < FRESH && start(guard, &fresh_kind, &nobody, -1) == 0)
                refill_later(guard, REFILL_US);
        return 0;
}

/* To one that waits, or to one that is made for it. */
static int employ(struct guard *guard, const struct worker_context *context, int fd) {
        refill_later(guard, REFILL_US);
        for (struct client *client = guard->clients; client; client = client->next) {
                if (!client->fresh || child_pass(client->child, &context->peer, sizeof context->peer, fd, NULL) < 0)
                        continue;
                client->fresh = false;
                client->context.peer = context->peer;
                guard->fresh_n--;
                guard->clients_n++;
                return 0;
        }
        return start(guard, &worker_kind, context, fd);
}

static size_t connections_of(const struct guard *guard, uid_t uid) {
        size_t n = 0;

        for (const struct client *client = guard->clients; client; client = client->next)
                n += !client->fresh && !client->context.medium[0] && client->context.peer.uid == uid;
        return n;
}

static void turn_away(int fd) {
        struct error err = { 0 };
        _cleanup_json_ json_t *body = NULL;

        (void) fail(&err, ERR_BUSY, "El puesto atiende ya a demasiados clientes.",
                    "The station is serving too many clients already.");
        (void) hint(&err, "Repita la orden dentro de un momento.", "Run the command again in a moment.");
        body = error_to_json(&err);
        (void) wire_send_json(fd, WIRE_ERROR, body, 0, NULL);
}

/* Without a free descriptor the connection stays where it is, and would wake the guard again at once, for ever. */
static void pause_accepting(struct guard *guard) {
        (void) sd_event_source_set_enabled(guard->accepting, SD_EVENT_OFF);
        (void) sd_event_source_set_time_relative(guard->pause, PAUSE_US);
        (void) sd_event_source_set_enabled(guard->pause, SD_EVENT_ONESHOT);
}

static int on_pause_over(sd_event_source *source, uint64_t now, void *context) {
        struct guard *guard = context;

        (void) source, (void) now;
        if (guard->accepting)
                (void) sd_event_source_set_enabled(guard->accepting, SD_EVENT_ON);
        return 0;
}

static int on_connection(sd_event_source *source, int listening, uint32_t events, void *context) {
        struct guard *guard = context;
        struct worker_context worker = { .store = NULL };
        socklen_t size = sizeof worker.peer;
        _cleanup_close_ int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

        (void) source, (void) events;
        if (fd < 0) {
                if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                        pause_accepting(context);
                return 0;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &worker.peer, &size) < 0)
                return 0;
        if (guard->stopping || guard->clients_n >= CLIENTS ||
            connections_of(guard, worker.peer.uid) >= CLIENTS_EACH || employ(guard, &worker, fd) < 0)
                turn_away(fd);
        return 0;
}

static int listen_on(const char *path, int *ret, struct error *err) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        mode_t mask;
        int r;

        if (strlen(path) >= sizeof address.sun_path)
                return fail(err, ERR_USAGE, "La ruta del socket es demasiado larga.",
                            "The socket's path is too long.");
        (void) strncpy(address.sun_path, path, sizeof address.sun_path - 1);
        (void) unlink(path); /* of one that died: two guards would not get this far, for want of the store's lock */
        mask = umask(0);     /* anybody may ask; the registry says who gets an answer */
        r = fd < 0 ? -1 : bind(fd, (const struct sockaddr *) &address, sizeof address);
        (void) umask(mask);
        if (r < 0 || listen(fd, BACKLOG) < 0)
                return fail_errno(err, errno, "No se puede escuchar en «%s»", "“%s” can't be listened on", path);
        *ret = TAKE_FD(fd);
        return 0;
}

int desk_start(struct guard *guard, struct error *err) {
        int n = sd_listen_fds(1), r = 0;

        guard->listening = -1;
        if (n > 1)
                return fail(err, ERR_USAGE, "systemd pasa %d sockets y se espera uno.",
                            "systemd hands %d sockets over, and one is expected.", n);
        if (n == 1 && sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, 1) <= 0)
                return fail(err, ERR_USAGE, "Lo que systemd pasa no es un socket Unix que escuche.",
                            "What systemd hands over is no listening Unix socket.");
        if (n == 1)
                guard->listening = SD_LISTEN_FDS_START;
        else if (guard->options->socket)
                r = listen_on(guard->options->socket, &guard->listening, err);
        if (r < 0 || guard->listening < 0)
                return r;
        r = sd_event_add_time_relative(guard->event, &guard->pause, CLOCK_MONOTONIC, 0, 0, on_pause_over, guard);
        if (r >= 0)
                r = sd_event_source_set_enabled(guard->pause, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(guard->event, &guard->refill, CLOCK_MONOTONIC, REFILL_US, 0,
                                               on_refill, guard);
        if (r >= 0)
                r = sd_event_add_io(guard->event, &guard->accepting, guard->listening, EPOLLIN, on_connection,
                                    guard);
        return r < 0 ? fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start") : 0;
}

void desk_resume(struct guard *guard, const char *medium, const char *device) {
        struct worker_context job = { .store = NULL };

        for (const struct client *client = guard->clients; client; client = client->next)
                if (strcmp(client->context.medium, medium) == 0)
                        return;
        (void) snprintf(job.medium, sizeof job.medium, "%s", medium);
        (void) snprintf(job.device, sizeof job.device, "%s", device);
        log_line(LOG_NOTICE, "%s: se reanuda el trabajo sobre %s", "%s: the job on %s is resumed", device, medium);
        (void) start(guard, &resume_kind, &job, -1);
}

void desk_say(struct guard *guard, uint64_t worker, const void *told, size_t n) {
        for (struct client *client = guard->clients; client; client = client->next)
                if (client->number == worker)
                        (void) child_send(client->child, told, n, NULL);
}

void desk_tell(struct guard *guard, uint64_t worker, const struct worker_told *told) {
        desk_say(guard, worker, told, sizeof *told);
}

bool desk_stop(struct guard *guard) {
        sd_event_source_disable_unref(guard->accepting);
        guard->accepting = NULL;
        for (struct client *client = guard->clients; client; client = client->next)
                child_stop(client->child);
        return guard->clients_n == 0;
}

void desk_done(struct guard *guard) {
        sd_event_source_disable_unref(guard->accepting);
        sd_event_source_disable_unref(guard->pause);
        sd_event_source_disable_unref(guard->refill);
        while (guard->clients) {
                struct client *client = guard->clients;

                guard->clients = client->next;
                child_abandon(client->child);
                free(client);
        }
        close_fd(&guard->listening);
}
