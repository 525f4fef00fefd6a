/* Calls verbs for a test that lives a year: one JSON object a line on standard input, one on standard output.
 *
 *   {"at": 1767225600, "as": "cus", "verb": "loan out", "args": {…}, "secret": "…", "lang": "es", "dry": false}
 *   {"status": 5, "rule": "U4", "word": "refused", "what": {…}, "hint": {…}, "answer": {…}, "said": […], "us": 812}
 *
 * "at" is what the clock says, in seconds; "as" may be absent (then "os" is the account of the process). "peer"
 * makes of "os" the account of the station's socket: failed attempts count then. Every secret that is asked for is
 * "secret". Usage: year_driver STORE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/session.h"
#include "api/verbs.h"
#include "base/cleanup.h"
#include "base/json.h"

#define SECRET "correct horse battery"

struct driver {
        int64_t now;
        const char *secret;
};

static int64_t look_at_clock(void *context) {
        struct driver *driver = context;

        /* Every look takes a microsecond, so that nothing happens twice at one time. */
        return driver->now++;
}

static int answer_secret(void *context, const char *purpose, struct text prompt, struct secret **ret,
                         struct error *err) {
        const struct driver *driver = context;
        const char *secret = strcmp(purpose, "master") == 0 ? SECRET : driver->secret;

        (void) prompt;
        return secret_copy(secret, strlen(secret), ret, err);
}

static int call(struct driver *driver, const char *folder, const json_t *line, json_t **ret_answer,
                json_t **ret_said, struct error *err) {
        const struct clock clock = { .now = look_at_clock, .context = driver };
        const struct act_ui ui = { .context = driver, .ask_secret = answer_secret };
        const char *os = json_text(line, "os"), *lang = json_text(line, "lang");
        const struct session_options options = { .folder = folder,
                                                 .as = json_text(line, "as"),
                                                 .os_user = os ? os : "year",
                                                 .peer = json_flag(line, "peer"),
                                                 .lang = lang && strcmp(lang, "es") == 0 ? LANG_ES : LANG_EN,
                                                 .dry_run = json_flag(line, "dry"),
                                                 .clock = &clock,
                                                 .ui = &ui };
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_free_ char *noun = strdup(json_text_or_empty(line, "verb"));
        char *space = noun ? strchr(noun, ' ') : NULL;
        const struct verb *verb;
        int r;

        if (space)
                *space++ = '\0';
        verb = noun ? verb_find(noun, space) : NULL;
        if (!verb)
                return fail(err, ERR_USAGE, "No hay tal verbo.", "There is no such verb.");
        r = session_open(&options, &session, err);
        return r < 0 ? r : session_call(session, verb, json_object_get(line, "args"), ret_answer, ret_said, err);
}

static int64_t stopwatch(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t) ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

static json_t *answer_line(struct driver *driver, const char *folder, const char *text) {
        _cleanup_json_ json_t *line = json_loads(text, 0, NULL), *answer = NULL, *said = NULL;
        struct error err = { 0 };
        int64_t start = stopwatch();
        int r = ERR_USAGE;

        if (line) {
                driver->now = json_int(line, "at", 0) * SECOND;
                driver->secret = json_text(line, "secret") ? json_text(line, "secret") : SECRET;
                r = call(driver, folder, line, &answer, &said, &err);
        }
        return json_pack("{s:i, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:O?, s:O?, s:I}", "status", -r, "rule",
                         err.rule, "word", r < 0 ? error_word(r) : "done", "what", "es", err.what[LANG_ES], "en",
                         err.what[LANG_EN], "hint", "es", err.hint[LANG_ES], "en", err.hint[LANG_EN], "answer",
                         answer, "said", said, "us", (json_int_t) (stopwatch() - start));
}

int main(int argc, char **argv) {
        _cleanup_free_ char *text = NULL;
        struct driver driver = { 0 };
        size_t size = 0;

        if (argc != 2 || secret_arena_start(NULL) < 0) {
                (void) fprintf(stderr, "usage: year_driver STORE\n");
                return 2;
        }
        while (getline(&text, &size, stdin) > 0) {
                _cleanup_json_ json_t *answer = answer_line(&driver, argv[1], text);

                if (!answer || json_dumpf(answer, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF ||
                    fflush(stdout) == EOF)
                        return 1;
        }
        return 0;
}
