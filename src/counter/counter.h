/* The counter's desk as a state machine: a scan, a verb's answer or some time goes in; what is shown and which verb
 * is to be called next comes out. It calls nothing, reads no clock and draws nothing. */
#pragma once

#include "base/json.h"
#include "counter/scan.h"

enum counter_mode { MODE_DESK, MODE_MOVE, MODE_LOCATE, MODE_STOCKTAKE, MODE_ENTER, MODE_LEAVE, MODE_SHIP };

/* What the next scan is taken for, when it could be several things. */
enum counter_ask {
        ASK_NOTHING,
        ASK_PERSON,
        ASK_MEDIUM,
        ASK_PLACE,
        ASK_SEAL,
        ASK_SUPERVISOR,
        ASK_CONDITION,
        ASK_REQUEST, /* yes or no: request a loan */
        ASK_REASON,  /* a text */
        ASK_START,   /* yes or no: begin a stocktake */
        ASK_FINISH,  /* yes or no: end it */
        ASK_CREDENTIAL,
        ASK_PAPER, /* the number of the sheet that was signed */
        ASK_ACT,   /* what is done with a shipment */
        ASK_INDICATOR,
        ASK_COMPANY,
        ASK_COURIER,
        ASK_RECEIPT,
        ASK_EVENT,
        ASK_POSITION,
        ASK_CONTENT, /* a medium that a shipment holds */
        ASK_MISSING, /* yes or no: the others are missing */
};

enum counter_tone { TONE_READY, TONE_ASK, TONE_DONE, TONE_NOTE, TONE_REFUSED };

enum { COUNTER_LINES = 5, COUNTER_ACTS = 5, COUNTER_WORD = 32, COUNTER_TEXT = 512 };

struct counter_view {
        enum counter_tone tone;
        char word[COUNTER_WORD];        /* shown large */
        char sentence[COUNTER_TEXT];    /* what to do next */
        char lines[COUNTER_LINES][160]; /* who, what, where; "" ends them */
        bool help;                      /* the codes are listed instead of the lines */
        bool repeated;                  /* the last scan was read twice */
};

/* What was done or refused. */
struct counter_act {
        int64_t time; /* 0: none yet */
        enum counter_tone tone;
        char text[200];
};

/* A verb to be called; its answer goes to counter_answer(). */
struct counter_call {
        const char *noun, *name; /* NULL: none */
        json_t *args;
        int purpose;
};

enum undo_kind { UNDO_NOTHING, UNDO_MOVE, UNDO_OUT, UNDO_NEVER };

struct ship_step;

struct counter {
        enum lang lang;
        int64_t days; /* of a loan that is asked for here */
        enum counter_mode mode;
        enum counter_ask ask;
        int want; /* COMMAND_OUT, COMMAND_IN, or -1: whatever fits */
        struct counter_view view;
        struct counter_act acts[COUNTER_ACTS]; /* the newest first */
        struct counter_call call;
        unsigned bells; /* to be rung; the edge sets it back */
        bool quit;

        /* What is on the desk. */
        json_t *person, *medium, *label, *loan, *access; /* answers of the verbs, or NULL */
        json_t *seen, *open;                             /* media put back on the way out; open stocktakes */
        bool all_seen;                                   /* no more media are put back */
        char overdue[16];                                /* the person's overdue loan, or "" */
        char place[40], seal[64], supervisor[64], condition[64], credential[24], paper[64], reason[204],
                device[200];
        /* A shipment, its checkpoint and what it needs; said: arguments of the verb so far. */
        json_t *shipment, *said;
        const struct ship_step *step;
        bool all_sealed, no_receipt;
        char content[24]; /* the medium in it that was scanned last */
        bool all_read, no_place;
        bool no_seal, on_paper; /* on_paper: nobody gave a PIN */
        struct error conflict;  /* why another desk was first */

        /* What was scanned and is still looked up. */
        struct scan scan;
        size_t tried;

        /* A stocktake. */
        char stocktake[16], area[40];
        int64_t counted, counting_since;

        /* The last act, and how it is countered. */
        enum undo_kind undo;
        json_t *undo_args;
        char undo_why[200]; /* why it can't be: UNDO_NEVER */
        int64_t undo_until;

        char done[16]; /* the medium of the last loan or return */
        int64_t done_time;

        char last[SCAN_MAX + 1];   /* the last scan, to tell when it is read twice */
        int64_t last_time, active; /* active: when something happened last */
        int retries;
};

void counter_begin(struct counter *counter, enum lang lang, int64_t days, int64_t now);
void counter_end(struct counter *counter);
/* A line from the scanner or the keyboard, or why there is none. */
void counter_scan(struct counter *counter, const char *line, enum scan_fault fault, int64_t now);
/* The answer to counter->call: r is what the verb returned; answer and said may be NULL. no_pin: a PIN was asked
 * for and nobody gave it. */
void counter_answer(struct counter *counter, int r, const json_t *answer, const json_t *said,
                    const struct error *err, bool no_pin, int64_t now);
/* The escape key. */
void counter_escape(struct counter *counter, int64_t now);
/* Time has gone by: what nobody ended is put aside. True when something changed. */
bool counter_tick(struct counter *counter, int64_t now);

/* A text from the store as it may be shown: no control character, no escape sequence, no change of direction. */
void counter_plain(const char *text, char *out, size_t size);
