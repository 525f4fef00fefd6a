#include "print/description.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

int description_find(const char *folder, const char *kind, const char *id, char **ret, struct error *err) {
        const char *const roots[] = { folder, MPSI_DATA_DIR, MPSI_SOURCE_DIR };

        if (!file_name_safe(id))
                return fail(err, ERR_USAGE, "«%s» no es un nombre válido.", "“%s” is not a valid name.", id);
        for (size_t i = 0; i < COUNT(roots); i++) {
                _cleanup_free_ char *path = NULL;

                if (!roots[i])
                        continue;
                path = i == 0 ? str_format("%s/%s.ini", roots[i], id)
                              : str_format("%s/%s/%s.ini", roots[i], kind, id);
                if (!path)
                        return fail_memory(err);
                if (access(path, F_OK) == 0) {
                        *ret = TAKE_PTR(path);
                        return 0;
                }
        }
        return fail(err, ERR_NOT_FOUND, "No existe «%s.ini» en la carpeta «%s».",
                    "There is no “%s.ini” in folder “%s”.", id, kind);
}

/* The text a line at a time, as inih wants it, and which line that is. */
struct lines {
        const char *at;
        int number;
};

static char *next_line(char *buffer, int size, void *stream) {
        struct lines *lines = stream;
        size_t n = strcspn(lines->at, "\n"), whole = n + (lines->at[n] == '\n');

        if (!*lines->at)
                return NULL;
        lines->number++;
        if (whole >= (size_t) size) /* check_lines() has refused it */
                whole = (size_t) size - 1;
        memcpy(buffer, lines->at, whole);
        buffer[whole] = '\0';
        lines->at += n + (lines->at[n] == '\n');
        return buffer;
}

struct reading {
        int (*take)(void *context, const char *section, const char *key, const char *value, struct error *err);
        void *context;
        struct error *err;
        struct lines lines;
        int code;
};

/* One language's: what does not fit is cut at a character. */
static void put_before(const char *word, int line, const char *key, char what[ERROR_TEXT_MAX]) {
        char head[80];
        size_t n, room;

        (void) snprintf(head, sizeof head, "%s %d%s%.40s: ", word, line, *key ? ", " : "", key);
        utf8_trim(head);
        n = strlen(head);
        room = ERROR_TEXT_MAX - 1 - n;
        what[room] = '\0';
        memmove(what + n, what, strlen(what) + 1);
        memcpy(what, head, n);
        utf8_trim(what);
}

int description_blame(int line, const char *key, struct error *err) {
        if (!err)
                return ERR_USAGE;
        put_before("Línea", line, key, err->what[LANG_ES]);
        put_before("Line", line, key, err->what[LANG_EN]);
        return err->code;
}

static int on_value(void *user, const char *section, const char *key, const char *value) {
        struct reading *reading = user;

        if (reading->code == 0)
                reading->code = reading->take(reading->context, section, key, value, reading->err);
        if (reading->code == ERR_USAGE)
                (void) description_blame(reading->lines.number, key, reading->err);
        return reading->code == 0;
}

/* inih cuts lines at its buffer (200 bytes) without a word, so length is checked first. */
static int check_lines(const char *text, size_t n, struct error *err) {
        int number = 1;

        if (!utf8_valid(text, n))
                return fail(err, ERR_USAGE, "La descripción no es UTF-8 válido.",
                            "The description is not valid UTF-8.");
        for (size_t start = 0, i = 0; i <= n; i++) {
                if (i < n && text[i] != '\n')
                        continue;
                if (i - start > DESCRIPTION_LINE)
                        return fail(err, ERR_USAGE, "La línea %d pasa de %d bytes.", "Line %d is over %d bytes.",
                                    number, DESCRIPTION_LINE);
                start = i + 1;
                number++;
        }
        return 0;
}

int description_parse(const char *text, size_t n,
                      int (*take)(void *context, const char *section, const char *key, const char *value,
                                  struct error *err),
                      void *context, struct error *err) {
        struct reading reading = { take, context, err, { text, 0 }, 0 };
        int r = check_lines(text, n, err);

        if (r < 0)
                return r;
        r = ini_parse_stream(next_line, &reading.lines, on_value, &reading);
        if (reading.code < 0)
                return reading.code;
        if (r != 0)
                return fail(err, ERR_USAGE, "La línea %d no se entiende.", "Line %d can't be understood.", r);
        return 0;
}
