/* The lines of a program that runs by itself, on stderr, with the priority that the journal understands when stderr
 * is the journal. For programs only: the library never prints. */
#pragma once

#include <stdbool.h>
#include <syslog.h>

#include "base/error.h"

/* `program` stands before each line where stderr is no journal. */
void log_start(const char *program, enum lang lang);
/* The language of the first of LC_ALL, LC_MESSAGES and LANG that is set; Spanish where none is. */
enum lang log_lang_of_locale(void);
/* Of --lang; false when it is neither "es" nor "en". */
bool log_lang_of_option(const char *text, enum lang *ret);

void log_line(int priority, const char *es, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* "subject: what hint". */
void log_problem(int priority, const char *subject, const struct error *err);
