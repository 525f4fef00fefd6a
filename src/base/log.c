#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *program = "mpsi";
static enum lang chosen = LANG_ES;

void log_start(const char *name, enum lang lang) {
        program = name;
        chosen = lang;
}

enum lang log_lang_of_locale(void) {
        static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

        for (size_t i = 0; i < COUNT(names); i++) {
                const char *value = getenv(names[i]);

                if (value && *value)
                        return strncmp(value, "en", 2) == 0 ? LANG_EN : LANG_ES;
        }
        return LANG_ES;
}

bool log_lang_of_option(const char *text, enum lang *ret) {
        bool english = strcmp(text, "en") == 0;

        if (!english && strcmp(text, "es") != 0)
                return false;
        *ret = english ? LANG_EN : LANG_ES;
        return true;
}

static void prefix(int priority) {
        if (getenv("JOURNAL_STREAM"))
                (void) fprintf(stderr, "<%d>", priority);
        else
                (void) fprintf(stderr, "%s: ", program);
}

void log_line(int priority, const char *es, const char *en, ...) {
        va_list args;

        prefix(priority);
        va_start(args, en);
        (void) vfprintf(stderr, chosen == LANG_EN ? en : es, args);
        va_end(args);
        (void) fputc('\n', stderr);
}

void log_problem(int priority, const char *subject, const struct error *err) {
        prefix(priority);
        (void) fprintf(stderr, "%s: %s", subject, err->what[chosen]);
        if (err->hint[chosen][0])
                (void) fprintf(stderr, " %s", err->hint[chosen]);
        (void) fputc('\n', stderr);
}
