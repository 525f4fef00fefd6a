#include "forward/network.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "forward/resolve.h"
#include "siem/marks.h"

#define MS ((uint64_t) 1000)
#define CONNECT_TIME (20000 * MS)
#define END_TIME (5000 * MS)
#define BACKOFF_MIN (1000 * MS)
#define BACKOFF_MAX (60000 * MS)
#define ACK_LOOK_MIN (5 * MS)
#define ACK_LOOK_MAX (1000 * MS)

enum state {
        STATE_IDLE,    /* the peer closed when all was said: connects again when there is more */
        STATE_WAITING, /* after trouble */
        STATE_RESOLVING,
        STATE_CONNECTING,
        STATE_HANDSHAKE,
        STATE_OPEN,
        STATE_ENDING, /* the peer said good-bye; what its kernel says last tells whether it had read everything */
};

struct network {
        struct network_options options;
        struct keeper keeper;
        struct marks marks;
        SSL_CTX *tls;
        char name[300]; /* host:port */
        enum state state;
        struct link link;
        int resolve_fd;
        struct addrinfo *addresses, *address;
        sd_event_source *io, *timer, *ack_timer;
        uint64_t backoff, ack_look;
        char *out; /* framed messages, of which `sent` bytes are written */
        size_t out_n, out_size, sent;
        bool out_anew;             /* they start the ledger again */
        struct siem_place next;    /* after what is in `out` */
        struct siem_place known;   /* the furthest that was acknowledged of this ledger */
        char station[64];          /* whose ledger `next` is in */
        bool more, asked;          /* the reader has more; it was asked since the connection came up */
        bool resent_due;           /* the record about a lost cursor goes first */
        char said[ERROR_TEXT_MAX]; /* trouble that was told already */
};

static int on_io(sd_event_source *source, int fd, uint32_t events, void *context);
static void start(struct network *network);
static void look_at_acknowledgements(struct network *network);

static void set_timer(sd_event_source *timer, uint64_t delay) {
        (void) sd_event_source_set_time_relative(timer, delay);
        (void) sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void drop_io(struct network *network) {
        network->io = sd_event_source_disable_unref(network->io);
}

static int watch(struct network *network, int fd, uint32_t events) {
        int r;

        drop_io(network);
        r = sd_event_add_io(network->options.event, &network->io, fd, events, on_io, network);
        return r;
}

/* Half of it is left to chance, so that many stations do not come back at once. */
static uint64_t jitter(uint64_t delay) {
        uint32_t chance = 0;

        if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != sizeof chance)
                chance = 0;
        return delay / 2 + delay / 2 * (chance >> 16) / 65536;
}

static void wait_and_retry(struct network *network) {
        network->state = STATE_WAITING;
        network->backoff = network->backoff ? network->backoff * 2 : BACKOFF_MIN;
        if (network->backoff > BACKOFF_MAX)
                network->backoff = BACKOFF_MAX;
        set_timer(network->timer, jitter(network->backoff));
}

/* --- acknowledgements ---------------------------------------------------------------------------------- */

static void keep_cursor(struct network *network) {
        struct siem_cursor *cursor = &network->keeper.cursor;

        network->keeper.lost = false;
        cursor->done = network->marks.done;
        cursor->again = network->marks.base;
        cursor->broken = false;
        cursor->time = clock_now(&clock_system);
        memcpy(cursor->station, network->station, sizeof cursor->station);
        keeper_changed(&network->keeper);
}

static void look_at_acknowledgements(struct network *network) {
        if (!marks_acknowledge(&network->marks, link_acknowledged(&network->link), now_boottime()))
                return;
        network->ack_look = ACK_LOOK_MIN;
        network->backoff = 0; /* it takes what it is sent */
        keep_cursor(network);
}

static int on_ack_timer(sd_event_source *source, uint64_t now, void *context) {
        struct network *network = context;

        (void) source, (void) now;
        if (network->state != STATE_OPEN)
                return 0;
        look_at_acknowledgements(network);
        if (!marks_in_flight(&network->marks))
                return 0;
        network->ack_look = network->ack_look * 2 < ACK_LOOK_MAX ? network->ack_look * 2 : ACK_LOOK_MAX;
        set_timer(network->ack_timer, network->ack_look);
        return 0;
}

/* --- the end of a connection -------------------------------------------------------------------------- */

static void tell(struct network *network, const struct error *err) {
        if (strcmp(network->said, err->what[LANG_EN]) == 0)
                return;
        (void) snprintf(network->said, sizeof network->said, "%s", err->what[LANG_EN]);
        log_problem(LOG_WARNING, network->name, err);
}

static void rewind_to_cursor(struct network *network, bool orderly) {
        network->next = marks_break(&network->marks, orderly, now_boottime());
        network->known = network->marks.done;
        (void) snprintf(network->station, sizeof network->station, "%s", network->keeper.cursor.station);
        network->out_n = network->sent = 0;
        network->out_anew = false;
        network->resent_due = network->keeper.lost;
}

static void end(struct network *network, bool orderly, const struct error *err) {
        bool was_open = network->state == STATE_OPEN || network->state == STATE_ENDING, nothing_left;

        drop_io(network);
        (void) sd_event_source_set_enabled(network->timer, SD_EVENT_OFF);
        link_close(&network->link);
        nothing_left = was_open && network->asked && !network->more && network->sent == network->out_n &&
                       !marks_in_flight(&network->marks);
        if (was_open)
                rewind_to_cursor(network, orderly);
        if (was_open && !orderly && network->marks.base.seq != network->marks.done.seq) {
                network->keeper.cursor.broken = true;
                network->keeper.cursor.again = network->marks.base;
                keeper_changed(&network->keeper);
        }
        if (orderly)
                log_line(LOG_INFO, "%s: el SIEM ha cerrado la conexión", "%s: the SIEM closed the connection",
                         network->name);
        else
                tell(network, err);
        if (nothing_left && orderly)
                network->state = STATE_IDLE;
        else
                wait_and_retry(network);
}

/* A peer may say good-bye with our bytes unread in its kernel, which then resets the connection instead of ending
 * it (RFC 2525, 2.17): only an end after everything was acknowledged is one in order. */
static void ending(struct network *network) {
        struct error err = { 0 };
        int r = link_ended(&network->link, &err);

        if (r == LINK_AGAIN)
                return;
        look_at_acknowledgements(network);
        if (r == LINK_ENDED && marks_in_flight(&network->marks))
                r = fail(&err, ERR_FAILED, "El SIEM ha cerrado la conexión.", "The SIEM closed the connection.");
        end(network, r == LINK_ENDED, &err);
}

static void begin_to_end(struct network *network) {
        network->state = STATE_ENDING;
        link_good_bye(&network->link);
        (void) sd_event_source_set_io_events(network->io, EPOLLIN);
        set_timer(network->timer, END_TIME);
        ending(network);
}

/* --- sending ------------------------------------------------------------------------------------------ */

static int append(void *context, const struct siem_record *record) {
        struct network *network = context;
        const struct siem_origin *origin = network->options.origin;
        _cleanup_free_ char *message = NULL;
        char count[24];
        size_t n = 0, count_n;
        int r = network->options.settings->cef ? siem_format_cef(origin, record, &message, &n, NULL)
                                               : siem_format_rfc5424(origin, record, &message, &n, NULL);

        if (r < 0)
                return fail_memory(NULL);
        /* RFC 6587, 3.4.1 and RFC 5425, 4.3: the number of bytes, a space, the message. */
        count_n = (size_t) snprintf(count, sizeof count, "%zu ", n);
        if (network->out_n + count_n + n > network->out_size) {
                size_t size = 2 * (network->out_n + count_n + n);
                char *larger = realloc(network->out, size);

                if (!larger)
                        return fail_memory(NULL);
                network->out = larger;
                network->out_size = size;
        }
        memcpy(network->out + network->out_n, count, count_n);
        memcpy(network->out + network->out_n + count_n, message, n);
        network->out_n += count_n + n;
        return 0;
}

/* The next batch into `out`. */
static int fill(struct network *network, struct error *err) {
        struct reader *reader = network->options.reader;
        struct siem_place place = network->next;
        struct siem_record record;
        struct reading reading = { .n = 0 };
        int r = reader_open(reader, err);

        network->out_n = network->sent = 0;
        if (r == 0 && network->resent_due) {
                reader_resent(reader, &record);
                r = append(network, &record);
        }
        if (r == 0)
                r = reader_read(reader, network->station, &network->known, &place, append, network, &reading, err);
        if (r < 0) {
                network->out_n = 0;
                return err->code ? r : fail_memory(err);
        }
        network->asked = true;
        network->resent_due = false;
        network->more = reading.more;
        network->out_anew = reading.anew;
        if (reading.anew)
                network->known = (struct siem_place){ 0 };
        network->next = place;
        (void) snprintf(network->station, sizeof network->station, "%s", reader->store.station.name);
        if (!network->more)
                reader_close(reader);
        return 0;
}

static void all_written(struct network *network) {
        const struct mark mark = { .end = network->next,
                                   .offset = link_written(&network->link),
                                   .bytes = network->out_n,
                                   .anew = network->out_anew };

        (void) marks_add(&network->marks, &mark);
        network->out_n = network->sent = 0;
        if (sd_event_source_get_enabled(network->ack_timer, NULL) == 0) {
                network->ack_look = ACK_LOOK_MIN;
                set_timer(network->ack_timer, network->ack_look);
        }
}

/* Writes until the socket is full or one batch is through. EPOLLOUT stays asked for while there is more. */
static void pump(struct network *network) {
        struct error err = { 0 };
        uint32_t events = EPOLLIN;
        ssize_t n = 0;

        look_at_acknowledgements(network);
        if (network->sent == network->out_n && network->marks.n - network->marks.acked < MARKS_MAX - 1 &&
            fill(network, &err) < 0) {
                network->options.on_trouble(network->options.context, &err);
                (void) sd_event_source_set_io_events(network->io, EPOLLIN);
                return;
        }
        while (network->sent < network->out_n) {
                n = link_write(&network->link, network->out + network->sent, network->out_n - network->sent, &err);
                if (n <= 0)
                        break;
                network->sent += (size_t) n;
        }
        if (n < 0) {
                end(network, false, &err);
                return;
        }
        if (network->out_n && network->sent == network->out_n)
                all_written(network);
        if ((network->out_n && network->link.wants_write) || (!network->out_n && network->more))
                events |= EPOLLOUT;
        (void) sd_event_source_set_io_events(network->io, events);
}

/* --- the beginning of a connection -------------------------------------------------------------------- */

static void try_next_address(struct network *network, const struct error *why) {
        struct error err = why ? *why : (struct error){ 0 };

        drop_io(network);
        link_close(&network->link);
        for (; network->address; network->address = network->address->ai_next) {
                const struct addrinfo *address = network->address;

                if (link_start(&network->link, address->ai_addr, address->ai_addrlen, &err) == 0 &&
                    watch(network, network->link.fd, EPOLLOUT) >= 0) {
                        network->state = STATE_CONNECTING;
                        set_timer(network->timer, CONNECT_TIME);
                        return;
                }
                link_close(&network->link);
        }
        end(network, false, &err);
}

static void start(struct network *network) {
        const struct siem_settings *settings = network->options.settings;
        struct error err = { 0 };

        if (resolve_start(settings->host, settings->port, &network->resolve_fd, &err) < 0 ||
            watch(network, network->resolve_fd, EPOLLIN) < 0) {
                end(network, false, &err);
                return;
        }
        network->state = STATE_RESOLVING;
}

static void opened(struct network *network) {
        network->state = STATE_OPEN;
        network->asked = network->more = false;
        network->said[0] = '\0';
        (void) sd_event_source_set_enabled(network->timer, SD_EVENT_OFF);
        if (network->options.settings->tls)
                log_line(LOG_INFO, "%s: conectado con %s, %s", "%s: connected with %s, %s", network->name,
                         SSL_get_version(network->link.ssl), SSL_get_cipher(network->link.ssl));
        else
                log_line(LOG_INFO, "%s: conectado sin TLS", "%s: connected without TLS", network->name);
        pump(network);
}

static void handshake(struct network *network) {
        struct error err = { 0 };
        int r = link_handshake(&network->link, &err);

        if (r < 0)
                end(network, false, &err);
        else if (r == LINK_DONE)
                opened(network);
        else
                (void) sd_event_source_set_io_events(network->io, network->link.wants_write ? EPOLLOUT : EPOLLIN);
}

static void connected(struct network *network) {
        const struct siem_settings *settings = network->options.settings;
        struct error err = { 0 };
        int r = link_connected(&network->link, &err);

        if (r < 0) {
                network->address = network->address->ai_next;
                try_next_address(network, &err);
                return;
        }
        if (!settings->tls) {
                opened(network);
                return;
        }
        network->state = STATE_HANDSHAKE;
        r = link_tls_start(&network->link, network->tls, settings->host, &err);
        if (r < 0)
                end(network, false, &err);
        else
                handshake(network);
}

static void resolved(struct network *network) {
        struct error err = { 0 };
        int r;

        drop_io(network);
        if (network->addresses)
                freeaddrinfo(network->addresses);
        network->addresses = NULL;
        r = resolve_finish(network->resolve_fd, &network->addresses, &err);
        network->resolve_fd = -1;
        network->address = network->addresses;
        if (r < 0)
                end(network, false, &err);
        else
                try_next_address(network, NULL);
}

static void ready(struct network *network, uint32_t events) {
        struct error err = { 0 };
        int r = LINK_AGAIN;

        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                r = link_drain(&network->link, &err);
        if (r == LINK_ENDED) {
                begin_to_end(network);
        } else if (r < 0) {
                look_at_acknowledgements(network);
                end(network, false, &err);
        } else if ((events & EPOLLOUT) || network->sent < network->out_n) {
                pump(network);
        }
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *context) {
        struct network *network = context;

        (void) source, (void) fd;
        switch (network->state) {
        case STATE_RESOLVING: resolved(network); break;
        case STATE_CONNECTING: connected(network); break;
        case STATE_HANDSHAKE: handshake(network); break;
        case STATE_OPEN: ready(network, events); break;
        case STATE_ENDING: ending(network); break;
        case STATE_IDLE:
        case STATE_WAITING: break;
        }
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t now, void *context) {
        struct network *network = context;
        struct error err = { 0 };

        (void) source, (void) now;
        if (network->state == STATE_WAITING) {
                start(network);
        } else if (network->state != STATE_IDLE) {
                (void) fail(&err, ERR_FAILED, "El SIEM no contesta.", "The SIEM does not answer.");
                if (network->state == STATE_CONNECTING) {
                        network->address = network->address->ai_next;
                        try_next_address(network, &err);
                } else {
                        end(network, false, &err);
                }
        }
        return 0;
}

void network_wake(struct network *network) {
        if (network->state == STATE_IDLE)
                start(network);
        else if (network->state == STATE_OPEN && network->sent < network->out_n)
                network->more = true; /* looked at when what is under way is written */
        else if (network->state == STATE_OPEN)
                pump(network);
}

/* --- life --------------------------------------------------------------------------------------------- */

static int make_timers(struct network *network) {
        sd_event *event = network->options.event;
        int r = sd_event_add_time_relative(event, &network->timer, CLOCK_BOOTTIME, 0, 0, on_timer, network);

        if (r >= 0)
                r = sd_event_source_set_enabled(network->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &network->ack_timer, CLOCK_BOOTTIME, 0, 0, on_ack_timer,
                                               network);
        if (r >= 0)
                r = sd_event_source_set_enabled(network->ack_timer, SD_EVENT_OFF);
        return r;
}

/* What was acknowledged just before this program ended may be lost with a receiver that ended too. */
static void go_on_from_cursor(struct network *network) {
        const struct siem_cursor *cursor = &network->keeper.cursor;
        int64_t age = clock_now(&clock_system) - cursor->time;

        network->marks.done = cursor->done;
        network->marks.base = age > (int64_t) AGAIN_TIME && !cursor->broken ? cursor->done : cursor->again;
        rewind_to_cursor(network, false);
}

int network_new(const struct network_options *options, struct network **ret, struct error *err) {
        const struct siem_settings *settings = options->settings;
        struct network *network = calloc(1, sizeof *network);
        int r;

        if (!network)
                return fail_memory(err);
        network->options = *options;
        network->resolve_fd = -1;
        network->link.fd = -1;
        (void) snprintf(network->name, sizeof network->name, "%.255s:%s", settings->host, settings->port);
        r = settings->tls ? link_tls_context(settings, &network->tls, err) : 0;
        if (!settings->tls)
                log_line(LOG_WARNING, "%s: sin TLS, cualquiera en la red lee los eventos y puede alterarlos (X6)",
                         "%s: without TLS anybody on the network reads the events and can alter them (X6)",
                         network->name);
        if (r == 0)
                r = keeper_open(&network->keeper, options->event, options->state, SIEM_CURSOR_NETWORK, err);
        if (r == 0 && make_timers(network) < 0)
                r = fail_memory(err);
        if (r < 0) {
                network_free(network);
                return r;
        }
        go_on_from_cursor(network);
        start(network);
        *ret = network;
        return 0;
}

void network_free(struct network *network) {
        if (!network)
                return;
        if (network->state == STATE_OPEN)
                look_at_acknowledgements(network);
        drop_io(network);
        link_close(&network->link);
        if (network->resolve_fd >= 0)
                (void) close(network->resolve_fd);
        if (network->addresses)
                freeaddrinfo(network->addresses);
        (void) sd_event_source_disable_unref(network->timer);
        (void) sd_event_source_disable_unref(network->ack_timer);
        keeper_close(&network->keeper);
        SSL_CTX_free(network->tls);
        free(network->out);
        free(network);
}
