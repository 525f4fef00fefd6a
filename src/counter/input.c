/* Bytes of a terminal to lines. Escape sequences and control characters are no part of any code: a text that holds
 * one is not believed. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "counter/scan.h"

/* A scanner sends a character in a few milliseconds; the fastest typist needs some fifty. */
enum { HAND_US = 60000, PAUSE_US = 120000, SHORTEST = 4, ESCAPE_MOST = 32 };

static void put(struct scan_input *input, unsigned char byte) {
        if (input->n < SCAN_MAX)
                input->line[input->n++] = (char) byte;
        else
                input->too_long = true;
}

static bool is_empty(const struct scan_input *input) {
        return input->n == 0 && !input->too_long && !input->control;
}

/* ESC, then [ or O, then up to the letter that ends it. A sequence within a scan taints it; by itself it is a key
 * that we have no use for. */
static void in_escape(struct scan_input *input, unsigned char byte) {
        bool opens = input->escape == 1 && (byte == '[' || byte == 'O');

        if (!opens && (input->escape == 1 || (byte >= 0x40 && byte <= 0x7e) || input->escape >= ESCAPE_MOST))
                input->escape = 0;
        else
                input->escape++;
}

static void erase_one(struct scan_input *input) {
        while (input->n > 0 && ((unsigned char) input->line[input->n - 1] & 0xc0) == 0x80)
                input->n--;
        input->n -= input->n > 0;
}

/* What comes on the heels of a control key or an escape sequence came from the scanner with it. */
static void taint(struct scan_input *input, int64_t now) {
        input->control |= (input->alone || input->escaped) && now - input->last <= HAND_US;
        input->alone = 0;
        input->escaped = false;
}

static void take_control(struct scan_input *input, unsigned char byte, bool first) {
        if (first && (byte == 0x03 || byte == 0x04 || byte == 0x0c))
                input->alone = byte;
        else
                input->control = true;
}

enum scan_key scan_input_byte(struct scan_input *input, unsigned char byte, int64_t now) {
        bool after_cr = input->cr, ends = byte == '\n' || byte == '\r' || byte == '\t', first;

        if (!input->escape && !ends)
                taint(input, now);
        first = is_empty(input);
        if (!first && !input->escape && now - input->last > HAND_US)
                input->hand = true;
        input->last = now;
        input->cr = byte == '\r';
        if (input->escape) {
                in_escape(input, byte);
                input->escaped = input->escape == 0;
        } else if (ends) {
                return first || (byte == '\n' && after_cr) ? KEY_NONE : KEY_LINE;
        } else if (byte == 0x1b) {
                input->escape = 1;
                input->control |= !first;
        } else if (byte == 0x08 || byte == 0x7f) {
                erase_one(input);
                input->hand = input->n > 0;
        } else if (byte < 0x20) {
                take_control(input, byte, first);
        } else {
                put(input, byte);
        }
        return KEY_NONE;
}

static enum scan_key alone_key(struct scan_input *input) {
        unsigned char byte = input->alone;

        input->alone = 0;
        return byte == 0x03 ? KEY_INTERRUPT : byte == 0x04 ? KEY_END : KEY_REDRAW;
}

enum scan_key scan_input_pause(struct scan_input *input, int64_t now) {
        int64_t quiet = now - input->last;

        if (input->escape && quiet >= HAND_US) {
                bool lone = input->escape == 1 && is_empty(input);

                input->escape = 0;
                return lone ? KEY_ESCAPE : KEY_NONE;
        }
        if (input->alone && quiet > HAND_US)
                return alone_key(input);
        if (is_empty(input) || input->hand || quiet < PAUSE_US)
                return KEY_NONE;
        if (input->n < SHORTEST && !input->control && !input->too_long) {
                input->hand = true; /* a hand that begins slowly */
                return KEY_NONE;
        }
        return KEY_LINE;
}

int scan_input_wait(const struct scan_input *input, int64_t now) {
        bool key = input->escape || input->alone;
        int64_t until = input->last + (key ? HAND_US + 1 : PAUSE_US);

        if (!key && (is_empty(input) || input->hand))
                return -1;
        return until <= now ? 0 : (int) ((until - now + 999) / 1000);
}

enum scan_fault scan_input_take(struct scan_input *input, char out[SCAN_MAX + 1]) {
        enum scan_fault fault = input->too_long ? SCAN_LONG : input->control ? SCAN_CONTROL : SCAN_SOUND;
        const int64_t last = input->last;
        const bool cr = input->cr;

        input->line[input->n] = '\0';
        if (fault == SCAN_SOUND && !utf8_valid(input->line, input->n))
                fault = SCAN_BYTES;
        if (fault == SCAN_SOUND && !text_is_plain(input->line))
                fault = SCAN_CONTROL;
        if (fault == SCAN_SOUND && *input->line == '@' && !input->hand)
                fault = SCAN_UNTYPED;
        memcpy(out, input->line, input->n + 1);
        if (fault != SCAN_SOUND)
                *out = '\0';
        *input = (struct scan_input){ .last = last, .cr = cr };
        return fault;
}
