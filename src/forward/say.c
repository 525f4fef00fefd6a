#include "forward/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum lang chosen = LANG_ES;

void say_lang(enum lang lang) {
        chosen = lang;
}

static void prefix(int priority) {
        if (getenv("JOURNAL_STREAM"))
                (void) fprintf(stderr, "<%d>", priority);
        else
                (void) fputs("mpsi-siem: ", stderr);
}

void say(int priority, const char *es, const char *en, ...) {
        va_list args;

        prefix(priority);
        va_start(args, en);
        (void) vfprintf(stderr, chosen == LANG_EN ? en : es, args);
        va_end(args);
        (void) fputc('\n', stderr);
}

void say_problem(int priority, const char *subject, const struct error *err) {
        prefix(priority);
        (void) fprintf(stderr, "%s: %s", subject, err->what[chosen]);
        if (err->hint[chosen][0])
                (void) fprintf(stderr, " %s", err->hint[chosen]);
        (void) fputc('\n', stderr);
}
