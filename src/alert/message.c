/* What is sent: JSON for a program, a message for people. It leaves the house, so it has identifiers and what the
 * product itself says, and nothing that people typed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alert/news.h"
#include "base/digest.h"
#include "base/str.h"

int alert_news_json(const struct act *act, const json_t *news, char **ret, struct error *err) {
        _cleanup_json_ json_t *message = json_pack("{s:s, s:s, s:s, s:O}", "format", "mpsi-alerts/1", "station",
                                                   act->station, "organisation", act->organisation, "news", news);
        _cleanup_free_ char *text = NULL;
        int r = message ? json_canonical(message, &text, err) : fail_memory(err);

        if (r < 0)
                return r;
        *ret = str_format("%s\n", text);
        return *ret ? 0 : fail_memory(err);
}

static size_t count(const json_t *news, const char *member, const char *value) {
        size_t n = 0, i;
        const json_t *item;

        json_array_foreach(news, i, item) n += strcmp(json_text_or_empty(item, member), value) == 0;
        return n;
}

/* One encoded word (RFC 2047): what is in it can be no header, whatever the station is called. */
static char *subject_of(const struct act *act, const json_t *news) {
        enum { WORD_BYTES = 39 }; /* with “Subject: ” a line of 76 */
        size_t ended = count(news, "news", alert_news_terms[NEWS_ENDED].code), n = json_array_size(news) - ended;
        char text[WORD_BYTES + 1];
        _cleanup_free_ char *encoded = NULL;

        (void) snprintf(text, sizeof text,
                        act->lang == LANG_EN ? "mpsi: %zu alerts, %zu ended (%s" : "mpsi: %zu alertas, %zu fin (%s",
                        n, ended, act->station);
        if (strlen(text) == WORD_BYTES)
                text[WORD_BYTES - 1] = '\0';
        utf8_trim(text);
        memcpy(text + strlen(text), ")", 2);
        encoded = base64_encode(text, strlen(text));
        return encoded ? str_format("=?UTF-8?B?%s?=", encoded) : NULL;
}

static void write_item(FILE *out, const json_t *item, enum lang lang) {
        bool en = lang == LANG_EN;
        int news = term_parse(alert_news_terms, ALERT_NEWS, json_text_or_empty(item, "news"));
        int level = term_parse(gravity_terms, GRAVITIES, json_text_or_empty(item, "level"));

        (void) fprintf(out, "[%s, %s] %s\n    %s\n",
                       text_in(gravity_terms[level < 0 ? GRAVITY_ALERT : level].name, lang),
                       text_in(alert_news_terms[news < 0 ? NEWS_NEW : news].name, lang),
                       json_text_or_empty(item, "key"), json_text_or_empty(item, en ? "what_en" : "what_es"));
        if (news != NEWS_ENDED)
                (void) fprintf(out, "    %s\n", json_text_or_empty(item, en ? "todo_en" : "todo_es"));
        (void) fprintf(out, "    %s %s · %s\n\n", en ? "since" : "desde", json_text_or_empty(item, "since"),
                       json_text_or_empty(item, "rule"));
}

static int body_of(const struct act *act, const json_t *news, char **ret, struct error *err) {
        static const enum alert_news order[] = { NEWS_NEW, NEWS_RISEN, NEWS_ENDED };
        _cleanup_free_ char *text = NULL;
        const json_t *item;
        size_t n = 0, i;
        FILE *out = open_memstream(&text, &n);

        if (!out)
                return fail_memory(err);
        (void) fprintf(out, "%s · %s\n\n", act->organisation, act->station);
        for (size_t k = 0; k < COUNT(order); k++)
                json_array_foreach(news, i, item) {
                        if (strcmp(json_text_or_empty(item, "news"), alert_news_terms[order[k]].code) == 0)
                                write_item(out, item, act->lang);
                }
        (void) fprintf(out, "%s\n",
                       act->lang == LANG_EN ? "mpsi alert list shows them all."
                                            : "mpsi alert list las muestra todas.");
        if (fclose(out) != 0)
                return fail_memory(err);
        *ret = base64_encode(text, strlen(text));
        return *ret ? 0 : fail_memory(err);
}

/* Of the news that it carries: sent again after a crash it is the same one. */
static int message_id(const json_t *news, char ret[33], struct error *err) {
        _cleanup_free_ char *ids = NULL;
        char digest[SHA256_TEXT];
        const json_t *item;
        size_t n = 0, i;
        FILE *out = open_memstream(&ids, &n);

        if (!out)
                return fail_memory(err);
        json_array_foreach(news, i, item)(void) fprintf(out, "%s\n", json_text_or_empty(item, "id"));
        if (fclose(out) != 0 || sha256_text(ids, n, digest) < 0)
                return fail_memory(err);
        (void) snprintf(ret, 33, "%.32s", digest);
        return 0;
}

static void write_headers(FILE *out, const struct act *act, const struct alert_settings *settings,
                          const char *subject, const char *id) {
        static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        time_t now = (time_t) (act_now(act) / SECOND);
        struct tm tm = { 0 };

        (void) gmtime_r(&now, &tm);
        (void) fprintf(out, "From: %s\r\nTo: ", settings->from);
        for (size_t i = 0; i < settings->to_n; i++)
                (void) fprintf(out, "%s%s", i ? ",\r\n " : "", settings->to[i]);
        (void) fprintf(out, "\r\nSubject: %s\r\n", subject);
        (void) fprintf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * tm.tm_wday, tm.tm_mday,
                       months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        (void) fprintf(out,
                       "Message-ID: <%s@mpsi.invalid>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
                       id);
        (void) fprintf(out, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
}

int alert_news_mail(const struct act *act, const json_t *news, const struct alert_settings *settings, char **ret,
                    struct error *err) {
        enum { LINE = 76 };
        _cleanup_free_ char *body = NULL, *subject = subject_of(act, news), *text = NULL;
        char id[33];
        size_t n = 0;
        FILE *out;
        int r = subject ? body_of(act, news, &body, err) : fail_memory(err);

        if (r == 0)
                r = message_id(news, id, err);
        if (r < 0)
                return r;
        out = open_memstream(&text, &n);
        if (!out)
                return fail_memory(err);
        write_headers(out, act, settings, subject, id);
        for (const char *at = body; *at; at += strnlen(at, LINE))
                (void) fprintf(out, "%.*s\r\n", LINE, at);
        if (fclose(out) != 0)
                return fail_memory(err);
        *ret = TAKE_PTR(text);
        return 0;
}
