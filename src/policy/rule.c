#include "policy/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

const struct rule *rule_find(const char *id) {
        for (size_t f = 0; f < rule_families_n; f++)
                for (size_t i = 0; i < rule_families[f]->n; i++)
                        if (strcmp(rule_families[f]->rules[i].id, id) == 0)
                                return &rule_families[f]->rules[i];
        return NULL;
}

static void say(char out[ERROR_TEXT_MAX], const char *format, va_list args, const char *rule_says)
        __attribute__((format(printf, 2, 0)));

static void say(char out[ERROR_TEXT_MAX], const char *format, va_list args, const char *rule_says) {
        size_t used;

        (void) vsnprintf(out, ERROR_TEXT_MAX, format, args);
        used = strlen(out);
        (void) snprintf(out + used, ERROR_TEXT_MAX - used, " %s", rule_says);
        utf8_trim(out);
}

int refuse(struct error *err, int code, const char *rule_id, const char *es, const char *en, ...) {
        const struct rule *rule = rule_find(rule_id);
        va_list args, again;

        if (!err)
                return code;
        memset(err, 0, sizeof *err);
        err->code = code;
        va_start(args, en);
        va_copy(again, args);
        say(err->what[LANG_ES], es, args, rule ? rule->says.es : "");
        say(err->what[LANG_EN], en, again, rule ? rule->says.en : "");
        va_end(again);
        va_end(args);
        if (!rule)
                return code;
        (void) snprintf(err->hint[LANG_ES], ERROR_TEXT_MAX, "%s", rule->remedy.es);
        (void) snprintf(err->hint[LANG_EN], ERROR_TEXT_MAX, "%s", rule->remedy.en);
        return error_by_rule(err, rule->id, rule->ens);
}
