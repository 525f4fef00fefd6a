/* This program's lines on stderr, with the priority that the journal understands when stderr is the journal. */
#pragma once

#include <syslog.h>

#include "base/error.h"

void say_lang(enum lang lang);
void say(int priority, const char *es, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* "subject: what hint". */
void say_problem(int priority, const char *subject, const struct error *err);
