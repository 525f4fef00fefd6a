#include "act/alert_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { ALERT_TEXT = 400 };

struct act *alerts_act(const struct alerts *alerts) {
        return alerts->act;
}

const struct alert_source *alerts_source(const struct alerts *alerts) {
        return alerts->source;
}

int64_t alert_horizon(const struct alerts *alerts) {
        const struct alert_levels *levels = &alerts->source->levels;
        int64_t least = levels->alert < levels->critical ? levels->alert : levels->critical;

        return act_now(alerts->act) - least * alerts->source->unit;
}

void alert_horizon_day(const struct alerts *alerts, char out[DATE_TEXT]) {
        date_of(alert_horizon(alerts), out);
}

/* The source's advice with the object in it. */
static void fill_in(const char *todo, const char *object, char out[ALERT_TEXT]) {
        size_t n = 0;

        for (const char *mark; (mark = strstr(todo, "{}")) && n < ALERT_TEXT; todo = mark + 2)
                n += (size_t) snprintf(out + n, ALERT_TEXT - n, "%.*s%s", (int) (mark - todo), todo, object);
        if (n < ALERT_TEXT)
                (void) snprintf(out + n, ALERT_TEXT - n, "%s", todo);
        utf8_trim(out);
}

static int add(struct alerts *alerts, const char *object, enum gravity level, int64_t since,
               char texts[LANGS][ALERT_TEXT], struct error *err) {
        const struct alert_source *source = alerts->source;
        enum lang lang = alerts->act->lang;
        char todo[LANGS][ALERT_TEXT], roles[64], moment[TIME_TEXT];
        json_t *row;

        fill_in(source->todo.es, object, todo[LANG_ES]);
        fill_in(source->todo.en, object, todo[LANG_EN]);
        roles_format(source->roles, roles);
        time_format(since, moment);
        row = json_pack("{s:s++, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "key",
                        source->id, "/", object, "source", source->id, "source_text", text_in(source->what, lang),
                        "rule", source->rule, "object", object, "level", gravity_terms[level].code, "since", moment,
                        "what", texts[lang], "what_es", texts[LANG_ES], "what_en", texts[LANG_EN], "todo",
                        todo[lang], "todo_es", todo[LANG_ES], "todo_en", todo[LANG_EN], "for", roles, "since_us",
                        (json_int_t) since);
        return json_array_append_new(alerts->rows, row) < 0 ? fail_memory(err) : 0;
}

/* The last row of a source that has more to tell. */
static int add_rest(struct alerts *alerts, enum gravity level, struct error *err) {
        char texts[LANGS][ALERT_TEXT] = { "y más como estas, que no se muestran",
                                          "and more like these, which are not shown" };
        int r = add(alerts, "*", level, act_now(alerts->act), texts, err);

        return r < 0 ? r : 1;
}

static int raise_text(struct alerts *alerts, const char *object, enum gravity level, int64_t since,
                      struct error *err, const char *es, const char *en, va_list args)
        __attribute__((format(printf, 6, 0), format(printf, 7, 0)));

static int raise_text(struct alerts *alerts, const char *object, enum gravity level, int64_t since,
                      struct error *err, const char *es, const char *en, va_list args) {
        char texts[LANGS][ALERT_TEXT];
        va_list again;

        if (level < GRAVITY_ALERT)
                return 0;
        if (alerts->found++ == ALERTS_A_SOURCE)
                return add_rest(alerts, level, err);
        va_copy(again, args);
        (void) vsnprintf(texts[LANG_ES], ALERT_TEXT, es, args);
        (void) vsnprintf(texts[LANG_EN], ALERT_TEXT, en, again);
        va_end(again);
        utf8_trim(texts[LANG_ES]);
        utf8_trim(texts[LANG_EN]);
        return add(alerts, object, level, since, texts, err);
}

static int raise_due(struct alerts *alerts, const char *object, int64_t due, struct error *err, const char *es,
                     const char *en, va_list args) __attribute__((format(printf, 5, 0), format(printf, 6, 0)));

static int raise_due(struct alerts *alerts, const char *object, int64_t due, struct error *err, const char *es,
                     const char *en, va_list args) {
        const struct alert_source *source = alerts->source;
        enum gravity level = alert_level(&source->levels, alert_past(due, act_now(alerts->act), source->unit));

        return raise_text(alerts, object, level, alert_since(due, source->unit, &source->levels, level), err, es,
                          en, args);
}

int alert_due(struct alerts *alerts, const char *object, int64_t due, struct error *err, const char *es,
              const char *en, ...) {
        va_list args;
        int r;

        va_start(args, en);
        r = raise_due(alerts, object, due, err, es, en, args);
        va_end(args);
        return r;
}

int alert_ends(struct alerts *alerts, const char *object, const char *date, struct error *err, const char *es,
               const char *en, ...) {
        int64_t due;
        va_list args;
        int r;

        if (alert_day_over(date, &due) < 0)
                return fail(err, ERR_VERIFY, "«%.20s» no es una fecha.", "“%.20s” is not a date.", date);
        va_start(args, en);
        r = raise_due(alerts, object, due, err, es, en, args);
        va_end(args);
        return r;
}

int alert_raise(struct alerts *alerts, const char *object, int64_t measure, int64_t since, struct error *err,
                const char *es, const char *en, ...) {
        va_list args;
        int r;

        va_start(args, en);
        r = raise_text(alerts, object, alert_level(&alerts->source->levels, measure), since, err, es, en, args);
        va_end(args);
        return r;
}

int alerts_ask(struct alerts *alerts, const struct alert_source *source, struct error *err) {
        char texts[LANGS][ALERT_TEXT];
        struct error trouble = { 0 };
        int r;

        alerts->source = source;
        alerts->found = 0;
        r = source->query(alerts, &trouble);
        if (r >= 0)
                return 0;
        (void) snprintf(texts[LANG_ES], ALERT_TEXT, "no se puede comprobar: %.300s", trouble.what[LANG_ES]);
        (void) snprintf(texts[LANG_EN], ALERT_TEXT, "it can't be checked: %.300s", trouble.what[LANG_EN]);
        utf8_trim(texts[LANG_ES]);
        utf8_trim(texts[LANG_EN]);
        return add(alerts, "-", GRAVITY_CRITICAL, act_now(alerts->act), texts, err);
}
