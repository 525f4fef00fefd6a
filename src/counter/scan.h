/* What a scanner typed: bytes to scans, and a scan to what it may be. Pure: the time is handed in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/counter.h"

enum { SCAN_MAX = 400, SCAN_TRIES = 4, SCAN_TEXT = 2 * SCAN_MAX + 1 };

/* --- bytes to lines ------------------------------------------------------------------------------------------ */

enum scan_fault {
        SCAN_SOUND,
        SCAN_LONG,    /* more than any code holds */
        SCAN_CONTROL, /* control characters or escape sequences in it */
        SCAN_BYTES,   /* no UTF-8 */
        SCAN_UNTYPED, /* @name from a scanner: anybody can print that, so it is for hands only */
};

enum scan_key { KEY_NONE, KEY_LINE, KEY_ESCAPE, KEY_INTERRUPT, KEY_END, KEY_REDRAW };

/* A scanner ends its text with CR, LF, both, TAB, or with nothing: then the text is whole once it came as fast as
 * no hand types and nothing follows for a moment. */
struct scan_input {
        char line[SCAN_MAX + 1];
        size_t n;
        bool too_long, control, hand; /* hand: typed, so it waits for Enter */
        int escape;                   /* 0, or how much of an escape sequence was read */
        bool escaped;                 /* one has just ended */
        unsigned char alone;          /* a control key that nothing has followed yet, or 0 */
        int64_t last;                 /* moment of the last byte, in microseconds */
        bool cr;                      /* the last byte was a CR: an LF after it ends nothing */
};

/* Takes one byte. KEY_LINE: `line` is whole (see scan_input_take). */
enum scan_key scan_input_byte(struct scan_input *input, unsigned char byte, int64_t now);
/* Time has gone by: the end of a text without an end, or a lone escape key. */
enum scan_key scan_input_pause(struct scan_input *input, int64_t now);
/* Milliseconds after which scan_input_pause() is wanted; -1: none. */
int scan_input_wait(const struct scan_input *input, int64_t now);
/* Moves the line out and begins a new one. */
enum scan_fault scan_input_take(struct scan_input *input, char out[SCAN_MAX + 1]);

/* --- a line to what it may be -------------------------------------------------------------------------------- */

enum scan_kind {
        SCAN_COMMAND,  /* a printed or typed command */
        SCAN_CARD,     /* a person's card */
        SCAN_NAME,     /* @name, typed */
        SCAN_PLACE,    /* a location's code */
        SCAN_SHIPMENT, /* its number, or the code of its form R-110-019; a seal or serial number may look like one
                        */
        SCAN_OTHER,    /* a medium by any of its names, a seal, a free text */
};

struct scan {
        enum scan_kind kind;
        enum counter_command command;
        char text[SCAN_MAX + 1];  /* as it was read */
        char plain[SCAN_MAX + 1]; /* upper case, [A-Z0-9] only */
        char shipment[16];        /* of a SCAN_SHIPMENT: E000001 */
        /* What the scanner may have sent, the likeliest first: as read, with the keyboard's layout undone, with
         * Caps Lock undone, with both. No two are the same. */
        char tries[SCAN_TRIES][SCAN_TEXT];
        size_t tries_n;
};

/* false: nothing in it. */
bool scan_read(const char *line, struct scan *ret);

/* It begins with a medium's whole ID: typed, or the text of its label. */
bool scan_is_medium(const struct scan *scan);
/* It is one of our codes, and so no secret of anybody's: a medium, a card, a place, a shipment, a printed command.
 * `whole`: it was ended; else it is what there is so far, and what may go on is none yet. */
bool scan_is_code(const struct scan *scan, bool whole);

/* What a scanner that thinks of a US keyboard sent, when a Spanish layout made `text` of it. out holds SCAN_TEXT.
 */
void scan_undo_layout(const char *text, char out[SCAN_TEXT]);
/* The letters' case turned around, as Caps Lock does. */
void scan_undo_caps(const char *text, char out[SCAN_TEXT]);
