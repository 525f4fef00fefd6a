#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static void format_both(char out[LANGS][ERROR_TEXT_MAX], const char *es, const char *en, va_list args)
        __attribute__((format(printf, 2, 0), format(printf, 3, 0)));

static void format_both(char out[LANGS][ERROR_TEXT_MAX], const char *es, const char *en, va_list args) {
        va_list again;

        va_copy(again, args);
        (void) vsnprintf(out[LANG_ES], ERROR_TEXT_MAX, es, args);
        (void) vsnprintf(out[LANG_EN], ERROR_TEXT_MAX, en, again);
        va_end(again);
        for (int lang = 0; lang < LANGS; lang++)
                utf8_trim(out[lang]);
}

static void start(struct error *err, int code) {
        memset(err, 0, sizeof *err);
        err->code = code;
}

int fail(struct error *err, int code, const char *es, const char *en, ...) {
        va_list args;

        if (!err)
                return code;
        start(err, code);
        va_start(args, en);
        format_both(err->what, es, en, args);
        va_end(args);
        return code;
}

int fail_errno(struct error *err, int no, const char *es, const char *en, ...) {
        va_list args;

        if (!err)
                return ERR_FAILED;
        start(err, ERR_FAILED);
        va_start(args, en);
        format_both(err->what, es, en, args);
        va_end(args);
        for (int lang = 0; lang < LANGS; lang++) {
                size_t used = strlen(err->what[lang]);

                (void) snprintf(err->what[lang] + used, ERROR_TEXT_MAX - used, ": %s", strerror(no));
                utf8_trim(err->what[lang]);
        }
        if (no == ENOSPC || no == EDQUOT)
                (void) hint(err, "Libere espacio en el disco del almacén y repita la orden.",
                            "Free space on the store's disk and run the command again.");
        return ERR_FAILED;
}

int fail_memory(struct error *err) {
        return fail(err, ERR_FAILED, "No queda memoria.", "Out of memory.");
}

int hint(struct error *err, const char *es, const char *en, ...) {
        va_list args;

        if (!err)
                return ERR_FAILED;
        va_start(args, en);
        format_both(err->hint, es, en, args);
        va_end(args);
        return err->code;
}

int error_by_rule(struct error *err, const char *rule, const char *ens) {
        if (!err)
                return ERR_REFUSED;
        (void) snprintf(err->rule, sizeof err->rule, "%s", rule);
        (void) snprintf(err->ens, sizeof err->ens, "%s", ens);
        return err->code;
}

const char *error_word(int code) {
        switch (code) {
        case 0: return "done";
        case ERR_USAGE: return "usage";
        case ERR_DENIED: return "denied";
        case ERR_NOT_FOUND: return "not-found";
        case ERR_REFUSED: return "refused";
        case ERR_VERIFY: return "not-verified";
        case ERR_CONFLICT: return "conflict";
        case ERR_BUSY: return "busy";
        default: return "failed";
        }
}
