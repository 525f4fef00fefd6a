/* The counter's screen as text, without the terminal. */
#pragma once

#include "counter/counter.h"

struct counter_look {
        int width, height; /* characters, lines */
        enum lang lang;
        bool colour;
        int64_t now;        /* microseconds */
        const json_t *desk; /* the answer of `counter`: who serves, where */
        const char *typed;  /* what is being typed */
        const char *prompt; /* a secret is asked for, or NULL */
};

/* The whole screen as lines that end in CR LF, but for the last; none wider, and no more, than the look says. NULL
 * when memory is out. */
char *counter_draw(const struct counter *counter, const struct counter_look *look);
