#include "label/printer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { GRACE_MS = 3000 };

static int not_understood(const char *text, struct error *err) {
        (void) fail(err, ERR_USAGE, "«%.100s» no es una impresora.", "“%.100s” is no printer.", text);
        return hint(err, "Escriba cups:COLA, ipp://HOST[:PUERTO]/RUTA o tcp:HOST[:PUERTO].",
                    "Write cups:QUEUE, ipp://HOST[:PORT]/PATH or tcp:HOST[:PORT].");
}

/* HOST, HOST:PORT or [ADDRESS]:PORT, up to `n` characters. */
static bool take_host(const char *text, size_t n, struct printer *printer) {
        bool bracket = n > 0 && text[0] == '[';
        const char *end = bracket ? memchr(text, ']', n) : memchr(text, ':', n), *port;
        const char *host = text + bracket;
        size_t length = end ? (size_t) (end - host) : n;
        int number = 0, digits = 0;

        if ((bracket && !end) || length == 0 || length >= sizeof printer->host)
                return false;
        port = end ? end + bracket : text + n;
        memcpy(printer->host, host, length);
        printer->host[length] = '\0';
        for (size_t i = 0; i < length; i++)
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_%:",
                            printer->host[i]))
                        return false;
        if (port == text + n)
                return true;
        if (*port != ':')
                return false;
        for (port++; port < text + n && digits < 6; port++, digits++) {
                if (*port < '0' || *port > '9')
                        return false;
                number = number * 10 + (*port - '0');
        }
        printer->port = number;
        return digits > 0 && number > 0 && number < 65536 && port == text + n;
}

static bool take_queue(const char *name, struct printer *printer) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@";

        if (!*name || strlen(name) > 127 || strspn(name, letters) != strlen(name))
                return false;
        printer->local = true;
        (void) snprintf(printer->host, sizeof printer->host, "localhost");
        (void) snprintf(printer->path, sizeof printer->path, "/printers/%s", name);
        return true;
}

int printer_parse(const char *text, struct printer *ret, struct error *err) {
        struct printer printer = { 0 };
        bool good = false;

        if (strlen(text) >= sizeof printer.text || !text_is_plain(text))
                return not_understood(text, err);
        memcpy(printer.text, text, strlen(text) + 1);
        if (strncmp(text, "tcp:", 4) == 0) {
                printer.tcp = true;
                printer.port = PRINTER_PORT;
                good = take_host(text + 4, strlen(text + 4), &printer);
        } else if (strncmp(text, "cups:", 5) == 0) {
                good = take_queue(text + 5, &printer);
        } else if (strncmp(text, "ipp://", 6) == 0) {
                size_t n = strcspn(text + 6, "/");

                printer.port = PRINTER_IPP_PORT;
                (void) snprintf(printer.path, sizeof printer.path, "%s", text[6 + n] ? text + 6 + n : "/ipp/print");
                good = take_host(text + 6, n, &printer) && !strpbrk(printer.path, " \"\\");
        }
        if (!good)
                return not_understood(text, err);
        *ret = printer;
        return 0;
}

enum label_format printer_format(const struct printer *printer) {
        return printer->tcp ? LABEL_ZPL : LABEL_PDF;
}

/* --- a process of its own --------------------------------------------------------------------------------- */

struct report {
        int r;
        struct printed printed;
        struct error err;
};
_Static_assert(sizeof(struct report) <= 4096, "a report fits into a pipe in one piece");

_Noreturn static void be_sender(const struct printer *printer, const struct print_job *job, int to) {
        struct report report = { 0 };

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) signal(SIGPIPE, SIG_IGN);
        /* The store's lock and the database stay the parent's. */
        if (dup2(to, 3) < 0 || close_range(4, ~0U, 0) < 0)
                _exit(1);
        report.r = (printer->tcp ? printer_send_tcp : printer_send_ipp)(printer, job, &report.printed, &report.err);
        if (write(3, &report, sizeof report) != (ssize_t) sizeof report)
                _exit(1);
        _exit(0);
}

static bool await(int fd, int ms) {
        struct pollfd said = { .fd = fd, .events = POLLIN };
        int n;

        do
                n = poll(&said, 1, ms);
        while (n < 0 && errno == EINTR);
        return n > 0;
}

/* Bits of another process: texts end. */
static void take_report(struct report *report, struct printed *ret) {
        report->printed.job[sizeof report->printed.job - 1] = '\0';
        report->printed.state[sizeof report->printed.state - 1] = '\0';
        if (!text_is_plain(report->printed.job))
                report->printed.job[0] = '\0';
        if (!text_is_plain(report->printed.state))
                report->printed.state[0] = '\0';
        for (int lang = 0; lang < LANGS; lang++) {
                report->err.what[lang][ERROR_TEXT_MAX - 1] = report->err.hint[lang][ERROR_TEXT_MAX - 1] = '\0';
                utf8_trim(report->err.what[lang]);
                utf8_trim(report->err.hint[lang]);
        }
        *ret = report->printed;
}

int printer_send(const struct printer *printer, const struct print_job *job, struct printed *ret,
                 struct error *err) {
        _cleanup_close_ int from = -1, to = -1;
        struct report report;
        bool in_time, whole;
        int ends[2];
        pid_t sender;

        *ret = (struct printed){ 0 };
        if (pipe2(ends, O_CLOEXEC) < 0)
                return fail_errno(err, errno, "No se puede imprimir", "Can't print");
        from = ends[0];
        to = ends[1];
        sender = fork();
        if (sender == 0)
                be_sender(printer, job, to);
        if (sender < 0)
                return fail_errno(err, errno, "No se puede crear un proceso", "A process can't be made");
        close_fd(&to);
        in_time = await(from, job->seconds * 1000 + GRACE_MS);
        whole = in_time && read(from, &report, sizeof report) == (ssize_t) sizeof report;
        if (!in_time)
                (void) kill(sender, SIGKILL);
        while (waitpid(sender, NULL, 0) < 0 && errno == EINTR)
                continue;
        if (!whole)
                return fail(err, ERR_FAILED, "%s no contesta en %d s.", "%s has not answered for %d s.",
                            printer->text, job->seconds);
        take_report(&report, ret);
        if (report.r < 0 && err)
                *err = report.err;
        return report.r;
}
