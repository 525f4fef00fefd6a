/* Where labels go but into files: a print queue (IPP: CUPS's or a printer's own), or a label printer's port 9100.
 * Private to the room.
 *
 * A printer that is absent, jammed or silent ends in an error within the time given, and what it took until then is
 * told. The work is done in a process of its own: neither a name server nor a printer's answer reaches this one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "print/label.h"

enum { PRINTER_TEXT = 256, PRINTER_PORT = 9100, PRINTER_IPP_PORT = 631, PRINTER_SECONDS = 30 };

struct printer {
        bool tcp;   /* else IPP */
        bool local; /* IPP by the CUPS of this machine */
        int port;
        char text[PRINTER_TEXT]; /* as it was named, and as it is recorded */
        char host[PRINTER_TEXT];
        char path[PRINTER_TEXT]; /* of IPP: "/ipp/print", "/printers/NAME" */
};

/* "cups:NAME", "ipp://HOST[:PORT]/PATH", "tcp:HOST[:PORT]". ERR_USAGE. */
int printer_parse(const char *text, struct printer *ret, struct error *err);
/* What it prints when no format is asked for. */
enum label_format printer_format(const struct printer *printer);

struct print_job {
        const void *data;
        size_t n;
        enum label_format format;
        const char *title;
        double width, height; /* mm, of one page */
        int seconds;          /* how long in all */
};

/* What the printer took of it. */
struct printed {
        size_t taken;   /* bytes that it acknowledged; IPP: all or nothing */
        char job[24];   /* the queue's number, or "" */
        char state[40]; /* "completed", "queued", "taken", … */
};

/* ERR_FAILED when not all of it was taken; *ret is then meaningful too. */
int printer_send(const struct printer *printer, const struct print_job *job, struct printed *ret,
                 struct error *err);

/* Within the process of its own. */
int printer_send_tcp(const struct printer *printer, const struct print_job *job, struct printed *ret,
                     struct error *err);
int printer_send_ipp(const struct printer *printer, const struct print_job *job, struct printed *ret,
                     struct error *err);

/* What a label printer says of itself (~HS: three lines between STX and ETX). Bits; 0 when it has nothing against
 * printing, or has not said it all. */
enum printer_fault { FAULT_PAPER = 1, FAULT_PAUSE = 2, FAULT_HEAD = 4, FAULT_RIBBON = 8 };
unsigned printer_status_parse(const char *answer, size_t n);
