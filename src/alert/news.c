#include "alert/news.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"

enum { STATE_MAX = 32 << 20, NEWS_ID = 17, RETRY_MOST = 60 /* minutes */ };

char *alert_state_folder(const char *store) {
        size_t n = strlen(store);

        while (n > 1 && store[n - 1] == '/')
                n--;
        return str_format("%.*s-alert", (int) n, store);
}

/* --- the file ---------------------------------------------------------------------------------------------- */

json_t *alert_state_new(void) {
        return json_pack("{s:{}, s:{s:[], s:i, s:i}, s:{s:[], s:i, s:i}}", "told", "hook", "waiting", "failed", 0,
                         "next", 0, "mail", "waiting", "failed", 0, "next", 0);
}

static bool is_whole(const json_t *state) {
        bool whole = json_is_object(json_object_get(state, "told"));

        for (int c = 0; c < ALERT_CHANNELS; c++) {
                const json_t *channel = json_object_get(state, alert_channel_names[c]);

                whole = whole && json_is_array(json_object_get(channel, "waiting")) &&
                        json_is_integer(json_object_get(channel, "failed")) &&
                        json_is_integer(json_object_get(channel, "next"));
        }
        return whole;
}

int alert_state_load(const char *path, json_t **ret, struct error *err) {
        _cleanup_free_ char *text = NULL;
        _cleanup_json_ json_t *state = NULL;
        size_t n;
        int r = file_read(path, STATE_MAX, &text, &n, err);

        if (r < 0)
                return r;
        if (json_parse(text, n, &state, NULL) < 0 || !is_whole(state))
                return fail(err, ERR_VERIFY, "«%s» no se entiende.", "“%s” can't be understood.", path);
        *ret = TAKE_PTR(state);
        return 0;
}

int alert_state_save(const char *path, const json_t *state, struct error *err) {
        _cleanup_free_ char *text = NULL;
        int r = json_canonical(state, &text, err);

        return r < 0 ? r : file_write(path, text, strlen(text), 0600, err);
}

/* --- what is news ------------------------------------------------------------------------------------------ */

static enum gravity level_of(const json_t *row) {
        int level = term_parse(gravity_terms, GRAVITIES, json_text_or_empty(row, "level"));

        return level < 0 ? GRAVITY_NONE : (enum gravity) level;
}

/* The same news has the same ID, so that who gets it twice knows it. */
static int news_id(const json_t *row, enum alert_news news, char ret[NEWS_ID]) {
        _cleanup_free_ char *text = str_format("%s\n%s\n%s\n%s", json_text_or_empty(row, "key"),
                                               alert_news_terms[news].code, json_text_or_empty(row, "level"),
                                               json_text_or_empty(row, "since"));
        char digest[SHA256_TEXT];

        if (!text || sha256_text(text, strlen(text), digest) < 0)
                return -1;
        (void) snprintf(ret, NEWS_ID, "%.16s", digest);
        return 0;
}

/* What an alert's row says to people outside; nothing that anybody wrote about it. */
static json_t *news_item(const json_t *row, enum alert_news news, int64_t now) {
        static const char *const members[] = { "key",     "source",  "rule",    "level",   "since",
                                               "what_es", "what_en", "todo_es", "todo_en", "for" };
        char id[NEWS_ID], moment[TIME_TEXT];
        json_t *item;
        int r = 0;

        time_format(now, moment);
        if (news_id(row, news, id) < 0)
                return NULL;
        item = json_pack("{s:s, s:s, s:s}", "id", id, "news", alert_news_terms[news].code, "time", moment);
        for (size_t i = 0; item && i < COUNT(members); i++)
                r |= json_object_set_new(item, members[i], json_string(json_text_or_empty(row, members[i])));
        if (r < 0) {
                json_decref(item);
                return NULL;
        }
        return item;
}

/* What still waits about the same alert is overtaken: a channel that is long down has one item an alert. */
static int put(json_t *waiting, json_t *item) {
        for (size_t i = json_array_size(waiting); i-- > 0;)
                if (strcmp(json_text_or_empty(json_array_get(waiting, i), "key"), json_text(item, "key")) == 0)
                        (void) json_array_remove(waiting, i);
        return json_array_append(waiting, item);
}

struct taking {
        json_t *state, *told;
        const struct alert_settings *settings;
        int64_t now;
        size_t changes;
};

static int tell(struct taking *taking, const json_t *row, enum alert_news news, struct error *err) {
        _cleanup_json_ json_t *item = news_item(row, news, taking->now);

        if (!item)
                return fail_memory(err);
        for (int c = 0; c < ALERT_CHANNELS; c++)
                if (alert_settings_have(taking->settings, (enum alert_channel) c) &&
                    put(json_object_get(json_object_get(taking->state, alert_channel_names[c]), "waiting"), item) <
                            0)
                        return fail_memory(err);
        return 0;
}

/* What it said last is kept for the day on which it ends. */
static int remember(struct taking *taking, const json_t *row, struct error *err) {
        _cleanup_json_ json_t *item = news_item(row, NEWS_NONE, taking->now);

        return item && json_object_set(taking->told, json_text(row, "key"), item) == 0 ? 0 : fail_memory(err);
}

static int take_row(struct taking *taking, const json_t *row, struct error *err) {
        const json_t *before = json_object_get(taking->told, json_text_or_empty(row, "key"));
        enum gravity told = before ? level_of(before) : GRAVITY_NONE, level = level_of(row);
        enum alert_news news = alert_news(told, level, taking->settings->least);
        int r = news == NEWS_NONE ? 0 : tell(taking, row, news, err);

        /* A level that fell, too: when it rises again that is news again. */
        if (r == 0 && (news != NEWS_NONE || (before && level != told))) {
                taking->changes++;
                r = remember(taking, row, err);
        }
        return r;
}

static int take_ended(struct taking *taking, const json_t *present, const json_t *cut, struct error *err) {
        _cleanup_json_ json_t *before = json_copy(taking->told);
        const char *key;
        json_t *row;
        int r = before ? 0 : fail_memory(err);

        json_object_foreach(before, key, row) {
                /* Of a list that was cut nobody knows what is no longer in it. */
                if (r < 0 || json_object_get(present, key) ||
                    json_object_get(cut, json_text_or_empty(row, "source")))
                        continue;
                r = tell(taking, row, NEWS_ENDED, err);
                taking->changes++;
                (void) json_object_del(taking->told, key);
        }
        return r;
}

int alert_news_take(json_t *state, const json_t *list, const struct alert_settings *settings, int64_t now,
                    size_t *ret, struct error *err) {
        struct taking taking = { state, json_object_get(state, "told"), settings, now, 0 };
        _cleanup_json_ json_t *present = json_object(), *cut = json_object();
        json_t *row;
        size_t i;
        int r = present && cut ? 0 : fail_memory(err);

        json_array_foreach(list, i, row) {
                const char *object = json_text_or_empty(row, "object"), *source = json_text_or_empty(row, "source");

                if (r < 0)
                        break;
                if (json_object_set(present, json_text_or_empty(row, "key"), row) < 0 ||
                    ((strcmp(object, "*") == 0 || strcmp(object, "-") == 0) &&
                     json_object_set(cut, source, row) < 0))
                        r = fail_memory(err);
                if (r == 0)
                        r = take_row(&taking, row, err);
        }
        if (r == 0)
                r = take_ended(&taking, present, cut, err);
        if (r == 0)
                *ret = taking.changes;
        return r;
}

/* --- deliveries -------------------------------------------------------------------------------------------- */

const json_t *alert_news_waiting(const json_t *state, enum alert_channel channel, int64_t now) {
        const json_t *of = json_object_get(state, alert_channel_names[channel]);
        const json_t *waiting = json_object_get(of, "waiting");
        int64_t next = json_int(of, "next", 0);

        /* A clock that was set back must not make anybody wait for it to come round. */
        if (json_array_size(waiting) == 0 || (now < next && next - now <= (int64_t) RETRY_MOST * 60 * SECOND))
                return NULL;
        return waiting;
}

static int set_channel(json_t *state, enum alert_channel channel, int64_t failed, int64_t next, struct error *err) {
        json_t *of = json_object_get(state, alert_channel_names[channel]);

        return json_object_set_new(of, "failed", json_integer((json_int_t) failed)) == 0 &&
                               json_object_set_new(of, "next", json_integer((json_int_t) next)) == 0
                       ? 0
                       : fail_memory(err);
}

int alert_news_delivered(json_t *state, enum alert_channel channel, struct error *err) {
        json_t *of = json_object_get(state, alert_channel_names[channel]);

        if (json_object_set_new(of, "waiting", json_array()) < 0)
                return fail_memory(err);
        return set_channel(state, channel, 0, 0, err);
}

int alert_news_failed(json_t *state, enum alert_channel channel, int64_t now, struct error *err) {
        int64_t failed = json_int(json_object_get(state, alert_channel_names[channel]), "failed", 0);
        int64_t minutes = failed < 6 ? (int64_t) 1 << failed : RETRY_MOST;

        return set_channel(state, channel, failed + 1, now + minutes * 60 * SECOND, err);
}
