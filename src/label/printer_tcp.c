/* A label printer's port 9100: bytes in, and with ZPL a question about paper and head first. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "label/printer.h"

enum { ANSWER_MS = 1500, ANSWER_MAX = 512, CONNECT_MS = 10000 };

static int64_t now_ms(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool wait_for(int fd, short events, int64_t until) {
        struct pollfd ready = { .fd = fd, .events = events };
        int64_t left = until - now_ms();

        return poll(&ready, 1, left > 0 ? (int) left : 0) > 0;
}

/* Connects to one address; the errno of what went wrong, or 0. */
static int connect_to(const struct addrinfo *address, int64_t until, int *ret) {
        _cleanup_close_ int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int no = 0;
        socklen_t size = sizeof no;

        if (fd < 0)
                return errno;
        if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
                if (errno != EINPROGRESS)
                        return errno;
                if (!wait_for(fd, POLLOUT, until))
                        return ETIMEDOUT;
                if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &no, &size) < 0 || no)
                        return no ? no : EIO;
        }
        *ret = TAKE_FD(fd);
        return 0;
}

static int open_port(const struct printer *printer, int64_t until, int *ret, struct error *err) {
        struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *list = NULL;
        char port[8];
        int no = EHOSTUNREACH, r;

        (void) snprintf(port, sizeof port, "%d", printer->port);
        r = getaddrinfo(printer->host, port, &hints, &list);
        if (r != 0)
                return fail(err, ERR_FAILED, "No se conoce la impresora %s: %s.", "Printer %s is not known: %s.",
                            printer->text, gai_strerror(r));
        for (const struct addrinfo *address = list; address && no; address = address->ai_next)
                no = connect_to(address, now_ms() + CONNECT_MS < until ? now_ms() + CONNECT_MS : until, ret);
        freeaddrinfo(list);
        if (no) {
                (void) fail_errno(err, no, "No se llega a la impresora %s", "Printer %s can't be reached",
                                  printer->text);
                return hint(err, "Mire si está encendida y conectada.", "See whether it is on and connected.");
        }
        return 0;
}

/* --- what it says of itself ------------------------------------------------------------------------------- */

/* The `index`-th field of a line that starts behind STX, as a digit; -1 when there is none. */
static int field(const char *line, size_t n, int index) {
        for (size_t i = 0; i < n; i++)
                if (index > 0)
                        index -= line[i] == ',';
                else
                        return line[i] >= '0' && line[i] <= '9' ? line[i] - '0' : -1;
        return -1;
}

unsigned printer_status_parse(const char *answer, size_t n) {
        /* Zebra's ZPL II guide, ~HS: which line, which field. */
        static const struct {
                int line, index;
                enum printer_fault fault;
        } flags[] = { { 0, 1, FAULT_PAPER }, { 0, 2, FAULT_PAUSE }, { 1, 2, FAULT_HEAD }, { 1, 3, FAULT_RIBBON } };
        unsigned faults = 0;
        int line = 0;

        for (size_t i = 0; i < n; line++) {
                const char *start = memchr(answer + i, '\x02', n - i), *end;

                end = start ? memchr(start, '\x03', n - (size_t) (start - answer)) : NULL;
                if (!end)
                        break;
                for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++)
                        if (flags[f].line == line &&
                            field(start + 1, (size_t) (end - start - 1), flags[f].index) == 1)
                                faults |= flags[f].fault;
                i = (size_t) (end - answer) + 1;
        }
        return faults;
}

static int refuse_faults(const struct printer *printer, unsigned faults, struct error *err) {
        static const struct text words[] = { { " sin papel", " no paper" },
                                             { " en pausa", " paused" },
                                             { " cabezal abierto", " head open" },
                                             { " sin cinta", " no ribbon" } };
        char es[80] = "", en[80] = "";

        if (!faults)
                return 0;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
                if (faults & 1U << i) {
                        (void) strncat(es, words[i].es, sizeof es - strlen(es) - 1);
                        (void) strncat(en, words[i].en, sizeof en - strlen(en) - 1);
                }
        return fail(err, ERR_FAILED, "La impresora %s dice:%s%.0s.", "Printer %s says:%.0s%s.", printer->text, es,
                    en);
}

/* One that does not answer is believed to be well: not every printer knows the question. */
static int ask_status(const struct printer *printer, int fd, int64_t until, struct error *err) {
        static const char question[] = "~HS\r\n";
        char answer[ANSWER_MAX];
        size_t n = 0;
        int64_t patience = now_ms() + ANSWER_MS;

        if (patience > until)
                patience = until;
        if (!wait_for(fd, POLLOUT, until) ||
            send(fd, question, sizeof question - 1, MSG_NOSIGNAL) != (ssize_t) sizeof question - 1)
                return fail(err, ERR_FAILED, "La impresora %s no toma nada.", "Printer %s takes nothing.",
                            printer->text);
        while (n < sizeof answer && wait_for(fd, POLLIN, patience)) {
                ssize_t got = recv(fd, answer + n, sizeof answer - n, 0);
                int ends = 0;

                if (got <= 0)
                        break;
                n += (size_t) got;
                for (size_t i = 0; i < n; i++)
                        ends += answer[i] == '\x03';
                if (ends >= 3)
                        break;
        }
        return refuse_faults(printer, printer_status_parse(answer, n), err);
}

/* --- sending ---------------------------------------------------------------------------------------------- */

/* What the printer has not acknowledged yet; -1: it can't be told. */
static int unacknowledged(int fd) {
        int left = 0;

        return ioctl(fd, SIOCOUTQ, &left) < 0 ? -1 : left;
}

static void note_taken(int fd, size_t sent, struct printed *ret) {
        int left = unacknowledged(fd);

        ret->taken = left >= 0 && (size_t) left <= sent ? sent - (size_t) left : 0;
}

static int stopped(const struct printer *printer, const struct print_job *job, const struct printed *printed,
                   int no, struct error *err) {
        return fail_errno(err, no, "La impresora %s tomó %zu de %zu bytes", "Printer %s took %zu of %zu bytes",
                          printer->text, printed->taken, job->n);
}

/* A printer without paper stops taking; one that is switched off stops acknowledging. */
static int send_all(const struct printer *printer, const struct print_job *job, int fd, int64_t until,
                    struct printed *ret, struct error *err) {
        const char *data = job->data;
        size_t sent = 0;

        while (sent < job->n) {
                ssize_t n = send(fd, data + sent, job->n - sent, MSG_NOSIGNAL);

                if (n > 0) {
                        sent += (size_t) n;
                        continue;
                }
                if (n < 0 && errno != EAGAIN && errno != EINTR)
                        return stopped(printer, job, ret, errno, err);
                note_taken(fd, sent, ret);
                if (!wait_for(fd, POLLOUT, until))
                        return stopped(printer, job, ret, ETIMEDOUT, err);
        }
        while (unacknowledged(fd) > 0) {
                struct pollfd hung = { .fd = fd };

                note_taken(fd, sent, ret);
                if (now_ms() >= until)
                        return stopped(printer, job, ret, ETIMEDOUT, err);
                if (poll(&hung, 1, 20) > 0 && hung.revents & (POLLERR | POLLNVAL))
                        return stopped(printer, job, ret, ECONNRESET, err);
        }
        ret->taken = sent;
        return 0;
}

/* What lay in the connection when the printer ended it is not printed. */
static int end_well(const struct printer *printer, const struct print_job *job, int fd, struct printed *ret,
                    struct error *err) {
        int no = 0;
        socklen_t size = sizeof no;

        (void) shutdown(fd, SHUT_WR);
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &no, &size) == 0 && no) {
                ret->taken = 0;
                return stopped(printer, job, ret, no, err);
        }
        (void) snprintf(ret->state, sizeof ret->state, "taken");
        return 0;
}

int printer_send_tcp(const struct printer *printer, const struct print_job *job, struct printed *ret,
                     struct error *err) {
        int64_t until = now_ms() + (int64_t) job->seconds * 1000;
        _cleanup_close_ int fd = -1;
        int r = open_port(printer, until, &fd, err);

        if (r == 0 && job->format == LABEL_ZPL)
                r = ask_status(printer, fd, until, err);
        if (r == 0)
                r = send_all(printer, job, fd, until, ret, err);
        if (r == 0)
                r = end_well(printer, job, fd, ret, err);
        return r;
}
