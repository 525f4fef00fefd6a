/* The screen of `wipe rack`: what is drawn, without the terminal. */
#pragma once

#include "base/error.h"
#include "base/json.h"

struct rack_look {
        int width, height, scroll; /* characters, lines, rows that are above the first one shown */
        enum lang lang;
        bool colour;
        int64_t now;         /* microseconds */
        const char *trouble; /* why the rows are old ones, or NULL */
};

/* The whole screen as lines that end in CR LF, none wider or more than the look says. `answer` is the verb's; NULL
 * when there was none yet. *ret_scroll is the look's, moved to where there is something. NULL when memory is out.
 */
char *rack_draw(const json_t *answer, const struct rack_look *look, int *ret_scroll);
