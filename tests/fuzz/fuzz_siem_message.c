/* An event of any content as messages for a SIEM: one line of valid text within the limit, and nothing that breaks
 * out of where it stands. The input is station, actor, os_user, type, subject and data, each ended by NUL. */
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "siem/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds) {
        if (!holds)
                __builtin_trap();
}

/* RFC 5424, 6.3: the end of the element is the first unescaped "]" after values in quotes. */
static void check_structured_data(const char *text) {
        const char *p = strstr(text, " [mpsi@32473");
        bool quoted = false;

        need(p != NULL);
        for (p += 2; *p && (quoted || *p != ']'); p++) {
                if (quoted && *p == '\\') {
                        need(p[1] == '"' || p[1] == '\\' || p[1] == ']');
                        p++;
                } else if (*p == '"') {
                        quoted = !quoted;
                } else {
                        need(!quoted || *p != ']');
                }
        }
        need(*p == ']' && strncmp(p, "] \xef\xbb\xbf", 5) == 0);
}

/* Seven pipes, and in the extension an "=" only after a key of ours. */
static void check_cef(const char *text) {
        const char *p = strstr(text, " - CEF:0|");
        int pipes = 0;

        need(p != NULL);
        for (p += 3; *p && pipes < 7; p++) {
                if (*p == '\\') {
                        need(p[1] == '|' || p[1] == '\\');
                        p++;
                } else if (*p == '|') {
                        pipes++;
                }
        }
        need(pipes == 7 && strncmp(p, "rt=", 3) == 0);
        for (; *p; p++) {
                if (*p == '\\') {
                        need(p[1] == '=' || p[1] == '\\' || p[1] == 'n' || p[1] == 'r');
                        p++;
                } else if (*p == '=') {
                        need((p[-1] >= 'a' && p[-1] <= 'z') || (p[-1] >= '0' && p[-1] <= '9'));
                }
        }
}

static const char *next_text(char **at, const char *end) {
        char *text = *at < end ? *at : NULL;

        if (text)
                *at += strlen(text) + 1;
        return text ? text : "";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct siem_origin origin = { .host = "desk", .pid = 1, .facility = 13, .lang = LANG_ES };
        _cleanup_free_ char *copy = malloc(size + 1), *message = NULL, *cef = NULL, *line = NULL;
        _cleanup_json_ json_t *json = NULL;
        struct ledger_entry entry = { .event = { .seq = (int64_t) size } };
        struct siem_record record;
        char *at = copy;
        size_t n;

        if (!copy)
                return 0;
        memcpy(copy, data, size);
        copy[size] = '\0';
        entry.event.time = size >= 8 ? (int64_t) ((uint64_t) data[7] << 56 | (uint64_t) data[6] << 42) : 0;
        entry.event.station = next_text(&at, copy + size);
        entry.event.actor = next_text(&at, copy + size);
        entry.event.os_user = next_text(&at, copy + size);
        entry.event.type = next_text(&at, copy + size);
        entry.event.subject = next_text(&at, copy + size);
        entry.data = next_text(&at, copy + size);
        json = json_loads(entry.data, 0, NULL);
        siem_record_event(&record, &entry, json);
        need(siem_format_rfc5424(&origin, &record, &message, &n, NULL) == 0 && n == strlen(message));
        need(n <= SIEM_MESSAGE_MAX && text_is_plain(message));
        check_structured_data(message);
        need(siem_format_cef(&origin, &record, &cef, &n, NULL) == 0 && n == strlen(cef));
        need(n <= SIEM_MESSAGE_MAX && text_is_plain(cef));
        check_cef(cef);
        need(siem_format_line(LANG_EN, &record, &line, &n, NULL) == 0 && text_is_plain(line));
        return 0;
}
