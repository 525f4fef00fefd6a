#include "siem/message.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { FIELD_MAX = 256, TEXT_MAX = 1024, CEF_DATA_MAX = 4000 };

/* clang-format off */
const struct siem_field_names siem_fields[SIEM_FIELDS] = {
        [SIEM_STATION]    = { "station",    "cs1",        "station",    "MPSI_STATION" },
        [SIEM_SEQ]        = { "seq",        "externalId", NULL,         "MPSI_SEQ" },
        [SIEM_HASH]       = { "hash",       "cs2",        "hash",       "MPSI_HASH" },
        [SIEM_ACTOR]      = { "actor",      "suser",      NULL,         "MPSI_ACTOR" },
        [SIEM_OS_USER]    = { "osUser",     "cs3",        "osUser",     "MPSI_OS_USER" },
        [SIEM_SUBJECT]    = { "subject",    "cs4",        "subject",    "MPSI_SUBJECT" },
        [SIEM_VERB]       = { "verb",       "act",        NULL,         "MPSI_VERB" },
        [SIEM_OUTCOME]    = { "outcome",    "outcome",    NULL,         "MPSI_OUTCOME" },
        [SIEM_RULE]       = { "rule",       "cs5",        "rule",       "MPSI_RULE" },
        [SIEM_SIZE]       = { "size",       "cn1",        "size",       "MPSI_SIZE" },
        [SIEM_CHECKPOINT] = { "checkpoint", "cs6",        "checkpoint", "MPSI_CHECKPOINT" },
};
/* clang-format on */

/* A growing text with a limit that what is written in one go stays below. */
struct out {
        char *text;
        size_t n, size;
        bool out_of_memory;
};

static void put_n(struct out *out, const char *text, size_t n) {
        if (out->n + n + 1 > out->size) {
                size_t size = 2 * out->size + n + 1024;
                char *larger = realloc(out->text, size);

                if (!larger) {
                        out->out_of_memory = true;
                        return;
                }
                out->text = larger;
                out->size = size;
        }
        memcpy(out->text + out->n, text, n);
        out->n += n;
        out->text[out->n] = '\0';
}

static void put(struct out *out, const char *text) {
        put_n(out, text, strlen(text));
}

/* What must not stand in a line: controls (C0, DEL, C1), line and paragraph separators, and what turns the reading
 * direction around, which would let a text show what it does not say. */
static bool forbidden(const unsigned char *s, size_t n) {
        if (n == 1)
                return s[0] < 0x20 || s[0] == 0x7f;
        if (n == 2)
                return s[0] == 0xc2 && s[1] < 0xa0;
        if (n != 3 || s[0] != 0xe2)
                return false;
        return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
               (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

static unsigned code_of(const unsigned char *s, size_t n) {
        if (n == 1)
                return s[0];
        return n == 2 ? (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu)
                      : (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
}

enum escape { ESCAPE_NONE, ESCAPE_SD, ESCAPE_CEF_HEADER, ESCAPE_CEF_VALUE };

/* RFC 5424, 6.3.3; CEF's header and extension. */
static const char *const escaped[] = {
        [ESCAPE_NONE] = "",
        [ESCAPE_SD] = "\"\\]",
        [ESCAPE_CEF_HEADER] = "|\\",
        [ESCAPE_CEF_VALUE] = "=\\",
};

/* One character of text as it may stand there; gives how many bytes of text it was. piece holds 16. */
static size_t piece_of(const char *text, size_t left, enum escape escape, char *piece) {
        const unsigned char *s = (const unsigned char *) text;
        const char *backslash = escape == ESCAPE_NONE ? "\\" : "\\\\";
        size_t n = utf8_one(text, left);

        if (n == 0) {
                (void) snprintf(piece, 16, "\xef\xbf\xbd"); /* U+FFFD */
                return 1;
        }
        if (escape == ESCAPE_CEF_VALUE && (*text == '\n' || *text == '\r'))
                (void) snprintf(piece, 16, "\\%c", *text == '\n' ? 'n' : 'r');
        else if (forbidden(s, n))
                (void) snprintf(piece, 16, "%su%04x", backslash, code_of(s, n));
        else
                (void) snprintf(piece, 16, "%s%.*s", n == 1 && strchr(escaped[escape], *text) ? "\\" : "", (int) n,
                                text);
        return n;
}

/* Writes text, escaped, in at most `limit` bytes with the marker that says it was cut. */
static void put_escaped(struct out *out, const char *text, enum escape escape, size_t limit, const char *marker) {
        size_t start = out->n, left = strlen(text), room, fits = out->n, n;
        char piece[16];

        if (limit < strlen(marker))
                return;
        room = limit - strlen(marker);
        for (; left > 0; text += n, left -= n) {
                n = piece_of(text, left, escape, piece);
                if (out->n - start <= room)
                        fits = out->n;
                if (out->n - start + strlen(piece) > limit) {
                        out->n = fits;
                        put(out, marker);
                        return;
                }
                put(out, piece);
        }
}

static int finish(struct out *out, char **ret, size_t *ret_n, struct error *err) {
        put(out, ""); /* an empty text is one too */
        if (out->out_of_memory) {
                free(out->text);
                return fail_memory(err);
        }
        *ret = out->text;
        *ret_n = out->n;
        return 0;
}

static const char *cut_marker(enum lang lang) {
        return text_in((struct text){ "…[cortado: entero en el libro]", "…[cut: whole in the ledger]" }, lang);
}

/* PRINTUSASCII of RFC 5424 (33 to 126), at most `max`; "-" when nothing is left. */
static void put_name(struct out *out, const char *text, size_t max) {
        size_t n = 0;

        for (; *text && n < max; text++, n++)
                put_n(out, *text > 32 && *text < 127 ? text : "?", 1);
        if (n == 0)
                put(out, "-");
}

/* <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID and a space. */
static void put_header(struct out *out, const struct siem_origin *origin, const struct siem_record *record) {
        char text[TIME_TEXT], number[32];

        (void) snprintf(number, sizeof number, "<%d>1 ", origin->facility * 8 + record->level->severity);
        put(out, number);
        /* A time of day that has no four-digit year is a damaged event's. */
        if (record->time < 0 || record->time >= (int64_t) 253402300800 * SECOND)
                (void) snprintf(text, sizeof text, "-");
        else
                time_format(record->time, text);
        put(out, text);
        put(out, " ");
        put_name(out, origin->host, 255);
        (void) snprintf(number, sizeof number, " mpsi %ld ", origin->pid);
        put(out, number);
        put_name(out, record->type, 32);
        put(out, " ");
}

static const char *name_of(const struct siem_record *record, enum lang lang) {
        const char *name = text_in(record->level->name, lang);

        return name ? name : record->type;
}

/* "name: subject, actor: why", each cut to a length. */
static void put_line(struct out *out, const struct siem_record *record, enum lang lang, enum escape escape) {
        const char *subject = record->value[SIEM_SUBJECT], *actor = record->value[SIEM_ACTOR];
        const char *why = text_in(record->why, lang);

        put_escaped(out, name_of(record, lang), escape, FIELD_MAX, "…");
        if (!str_empty(subject)) {
                put(out, ": ");
                put_escaped(out, subject, escape, FIELD_MAX, "…");
        }
        if (!str_empty(actor) && strcmp(actor, "-") != 0) {
                put(out, str_empty(subject) ? ": " : ", ");
                put_escaped(out, actor, escape, FIELD_MAX, "…");
        }
        if (!str_empty(why)) {
                put(out, ": ");
                put_escaped(out, why, escape, TEXT_MAX, "…");
        }
}

int siem_format_rfc5424(const struct siem_origin *origin, const struct siem_record *record, char **ret,
                        size_t *ret_n, struct error *err) {
        struct out out = { 0 };

        put_header(&out, origin, record);
        put(&out, "[mpsi@32473");
        for (size_t i = 0; i < SIEM_FIELDS; i++) {
                if (str_empty(record->value[i]))
                        continue;
                put(&out, " ");
                put(&out, siem_fields[i].sd);
                put(&out, "=\"");
                put_escaped(&out, record->value[i], ESCAPE_SD, i == SIEM_CHECKPOINT ? TEXT_MAX : FIELD_MAX, "…");
                put(&out, "\"");
        }
        put(&out, "] \xef\xbb\xbf"); /* the byte-order mark that says UTF-8 */
        put_line(&out, record, origin->lang, ESCAPE_NONE);
        if (record->data) {
                put(&out, " ");
                put_escaped(&out, record->data, ESCAPE_NONE, SIEM_MESSAGE_MAX - out.n, cut_marker(origin->lang));
        }
        return finish(&out, ret, ret_n, err);
}

static void put_cef_value(struct out *out, const char *key, const char *value, size_t limit, enum lang lang) {
        if (str_empty(value))
                return;
        put(out, " ");
        put(out, key);
        put(out, "=");
        put_escaped(out, value, ESCAPE_CEF_VALUE, limit, limit > TEXT_MAX ? cut_marker(lang) : "…");
}

static void put_cef_extension(struct out *out, const struct siem_origin *origin, const struct siem_record *record) {
        char number[32], label[32];

        (void) snprintf(number, sizeof number, "rt=%lld", (long long) (record->time / 1000));
        put(out, number);
        put_cef_value(out, "dvchost", origin->host, FIELD_MAX, origin->lang);
        for (size_t i = 0; i < SIEM_FIELDS; i++) {
                const struct siem_field_names *names = &siem_fields[i];

                if (str_empty(record->value[i]))
                        continue;
                if (names->cef_label) {
                        (void) snprintf(label, sizeof label, "%sLabel", names->cef);
                        put_cef_value(out, label, names->cef_label, FIELD_MAX, origin->lang);
                }
                put_cef_value(out, names->cef, record->value[i], i == SIEM_CHECKPOINT ? TEXT_MAX : FIELD_MAX,
                              origin->lang);
        }
        put_cef_value(out, "reason", text_in(record->why, origin->lang), TEXT_MAX, origin->lang);
        put(out, " msg=");
        put_line(out, record, origin->lang, ESCAPE_CEF_VALUE);
        if (record->data) { /* never beside a checkpoint */
                size_t left = SIEM_MESSAGE_MAX - out->n - strlen(" cs6Label=data cs6=");

                put(out, " cs6Label=data");
                put_cef_value(out, "cs6", record->data, left < CEF_DATA_MAX ? left : CEF_DATA_MAX, origin->lang);
        }
}

int siem_format_cef(const struct siem_origin *origin, const struct siem_record *record, char **ret, size_t *ret_n,
                    struct error *err) {
        struct out out = { 0 };
        char number[16];

        put_header(&out, origin, record);
        put(&out, "- CEF:0|mpsi|mpsi|" MPSI_VERSION "|");
        put_escaped(&out, record->type, ESCAPE_CEF_HEADER, FIELD_MAX, "…");
        put(&out, "|");
        put_escaped(&out, name_of(record, origin->lang), ESCAPE_CEF_HEADER, FIELD_MAX, "…");
        (void) snprintf(number, sizeof number, "|%d|", record->level->cef);
        put(&out, number);
        put_cef_extension(&out, origin, record);
        return finish(&out, ret, ret_n, err);
}

int siem_format_line(enum lang lang, const struct siem_record *record, char **ret, size_t *ret_n,
                     struct error *err) {
        struct out out = { 0 };

        put_line(&out, record, lang, ESCAPE_NONE);
        return finish(&out, ret, ret_n, err);
}

/* A text, or an object of both languages. */
static struct text both(const json_t *data, const char *key) {
        const json_t *value = json_object_get(data, key);

        if (json_is_string(value))
                return (struct text){ json_string_value(value), json_string_value(value) };
        return (struct text){ json_text(value, "es"), json_text(value, "en") };
}

void siem_record_event(struct siem_record *record, const struct ledger_entry *entry, const json_t *data) {
        const struct event *event = &entry->event;

        *record = (struct siem_record){
                .type = event->type,
                .time = event->time,
                .level = siem_level(event->type, data),
                .why = both(data, "why"),
                .data = entry->data,
        };
        if (!record->why.es)
                record->why = both(data, "reason");
        (void) snprintf(record->seq, sizeof record->seq, "%lld", (long long) event->seq);
        hex_encode(entry->hash, SHA256_SIZE, record->hash);
        record->value[SIEM_STATION] = event->station;
        record->value[SIEM_SEQ] = record->seq;
        record->value[SIEM_HASH] = record->hash;
        record->value[SIEM_ACTOR] = event->actor;
        record->value[SIEM_OS_USER] = event->os_user;
        record->value[SIEM_SUBJECT] = event->subject;
        record->value[SIEM_VERB] = json_text(data, "verb");
        record->value[SIEM_OUTCOME] = json_text(data, "outcome");
        if (!record->value[SIEM_OUTCOME])
                record->value[SIEM_OUTCOME] = json_text(data, "verdict");
        record->value[SIEM_RULE] = json_text(data, "rule");
}

int siem_facility(const char *name) {
        static const char *const names[] = { "kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                             "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                             "ntp",    "audit",  "alert",  "clock",  "local0",   "local1",
                                             "local2", "local3", "local4", "local5", "local6",   "local7" };

        for (int i = 0; i < (int) COUNT(names); i++)
                if (strcmp(names[i], name) == 0)
                        return i;
        return ERR_USAGE;
}
