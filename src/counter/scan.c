/* What a scan may be, and what a Spanish keyboard made of what a scanner of a US one sent. */
#include "counter/scan.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/custody.h"
#include "registry/badge.h"
#include "registry/medium.h"
#include "registry/medium_id.h"

/* The key of a US keyboard that a scanner pressed, by what the Spanish layout gave for it. The dead keys ´ ` ^ ¨
 * stand by themselves here, and in the letter that they were put on below. */
static const struct {
        const char *es;
        char us;
} keys[] = {
        { "º", '`' },  { "ª", '~' }, { "'", '-' }, { "?", '_' },  { "¡", '=' }, { "¿", '+' }, { "`", '[' },
        { "^", '{' },  { "+", ']' }, { "*", '}' }, { "ç", '\\' }, { "Ç", '|' }, { "ñ", ';' }, { "Ñ", ':' },
        { "´", '\'' }, { "¨", '"' }, { ";", '<' }, { ":", '>' },  { "-", '/' }, { "_", '?' }, { "\"", '@' },
        { "·", '#' },  { "&", '^' }, { "/", '&' }, { "(", '*' },  { ")", '(' }, { "=", ')' },
};

/* Letters that a dead key was put on: the US character of the dead key, then the letter. */
static const struct {
        const char *es;
        const char us[3];
} composed[] = {
        { "á", "'a" },  { "é", "'e" },  { "í", "'i" },  { "ó", "'o" },  { "ú", "'u" },  { "ý", "'y" },
        { "à", "[a" },  { "è", "[e" },  { "ì", "[i" },  { "ò", "[o" },  { "ù", "[u" },  { "â", "{a" },
        { "ê", "{e" },  { "î", "{i" },  { "ô", "{o" },  { "û", "{u" },  { "ä", "\"a" }, { "ë", "\"e" },
        { "ï", "\"i" }, { "ö", "\"o" }, { "ü", "\"u" }, { "ÿ", "\"y" }, { "Á", "'A" },  { "É", "'E" },
        { "Í", "'I" },  { "Ó", "'O" },  { "Ú", "'U" },  { "Ý", "'Y" },  { "À", "[A" },  { "È", "[E" },
        { "Ì", "[I" },  { "Ò", "[O" },  { "Ù", "[U" },  { "Â", "{A" },  { "Ê", "{E" },  { "Î", "{I" },
        { "Ô", "{O" },  { "Û", "{U" },  { "Ä", "\"A" }, { "Ë", "\"E" }, { "Ï", "\"I" }, { "Ö", "\"O" },
        { "Ü", "\"U" },
};

/* Two letters that Caps Lock exchanges. */
static const struct {
        const char *lower, *upper;
} cases[] = { { "ñ", "Ñ" }, { "ç", "Ç" }, { "á", "Á" }, { "é", "É" }, { "í", "Í" }, { "ó", "Ó" },
              { "ú", "Ú" }, { "à", "À" }, { "è", "È" }, { "ì", "Ì" }, { "ò", "Ò" }, { "ù", "Ù" },
              { "â", "Â" }, { "ê", "Ê" }, { "î", "Î" }, { "ô", "Ô" }, { "û", "Û" }, { "ä", "Ä" },
              { "ë", "Ë" }, { "ï", "Ï" }, { "ö", "Ö" }, { "ü", "Ü" } };

static bool is_char(const char *text, size_t n, const char *other) {
        return strlen(other) == n && memcmp(text, other, n) == 0;
}

/* What stands for the character in `buffer`; its length. */
static size_t on_us(const char *text, size_t n, char buffer[8]) {
        for (size_t i = 0; i < COUNT(keys); i++)
                if (is_char(text, n, keys[i].es)) {
                        buffer[0] = keys[i].us;
                        return 1;
                }
        for (size_t i = 0; i < COUNT(composed); i++)
                if (is_char(text, n, composed[i].es)) {
                        memcpy(buffer, composed[i].us, 2);
                        return 2;
                }
        memcpy(buffer, text, n);
        return n;
}

static size_t other_case(const char *text, size_t n, char buffer[8]) {
        memcpy(buffer, text, n);
        if (n == 1 && ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z')))
                buffer[0] ^= 0x20;
        for (size_t i = 0; i < COUNT(cases); i++) {
                if (is_char(text, n, cases[i].lower))
                        memcpy(buffer, cases[i].upper, n);
                else if (is_char(text, n, cases[i].upper))
                        memcpy(buffer, cases[i].lower, n);
        }
        return n;
}

static void each_char(const char *text, char out[SCAN_TEXT], size_t (*turn)(const char *, size_t, char *)) {
        size_t to = 0;

        for (size_t at = 0, left = strlen(text), n; left > 0; at += n, left -= n) {
                char buffer[8];
                size_t made;

                n = utf8_one(text + at, left);
                if (n == 0 || to + sizeof buffer >= SCAN_TEXT)
                        break;
                made = turn(text + at, n, buffer);
                memcpy(out + to, buffer, made);
                to += made;
        }
        out[to] = '\0';
}

void scan_undo_layout(const char *text, char out[SCAN_TEXT]) {
        each_char(text, out, on_us);
}

void scan_undo_caps(const char *text, char out[SCAN_TEXT]) {
        each_char(text, out, other_case);
}

static void add_try(struct scan *scan, const char *text) {
        for (size_t i = 0; i < scan->tries_n; i++)
                if (strcmp(scan->tries[i], text) == 0)
                        return;
        (void) snprintf(scan->tries[scan->tries_n++], SCAN_TEXT, "%s", text);
}

/* E000001, or R-110-019.E000001.DIGEST as the form has it. */
static bool is_shipment(struct scan *scan) {
        const size_t form = sizeof "R110019" - 1;
        const char *at = strncmp(scan->plain, "R110019", form) == 0 ? scan->plain + form : scan->plain;
        const bool whole = at == scan->plain ? strlen(at) == 7 : strlen(at) == 7 + 64;

        if (!whole || *at != 'E' || strspn(at + 1, "0123456789") < 6)
                return false;
        (void) snprintf(scan->shipment, sizeof scan->shipment, "%.7s", at);
        return true;
}

bool scan_read(const char *line, struct scan *ret) {
        static _Thread_local char turned[SCAN_TEXT], both[SCAN_TEXT];
        size_t n = strnlen(line, SCAN_MAX), start = strspn(line, " ");
        char place[LOCATION_CODE];
        int command;

        *ret = (struct scan){ .kind = SCAN_OTHER };
        while (n > start && line[n - 1] == ' ')
                n--;
        if (n <= start)
                return false;
        memcpy(ret->text, line + start, n - start);
        (void) str_scanned(ret->text, ret->plain, sizeof ret->plain);
        add_try(ret, ret->text);
        scan_undo_layout(ret->text, turned);
        add_try(ret, turned);
        scan_undo_caps(ret->text, turned);
        add_try(ret, turned);
        scan_undo_layout(turned, both);
        add_try(ret, both);
        /* A PIN goes through here too, to be told from a code. */
        explicit_bzero(turned, sizeof turned);
        explicit_bzero(both, sizeof both);
        command = counter_command_of(ret->plain);
        if (command >= 0) {
                ret->kind = SCAN_COMMAND;
                ret->command = (enum counter_command) command;
        } else if (badge_text_valid(ret->plain)) {
                ret->kind = SCAN_CARD;
        } else if (*ret->text == '@' && ret->text[1]) {
                ret->kind = SCAN_NAME;
        } else if (location_code_parse(ret->text, place, NULL) == 0) {
                ret->kind = SCAN_PLACE;
                (void) snprintf(ret->text, sizeof ret->text, "%s", place);
        } else if (is_shipment(ret)) {
                ret->kind = SCAN_SHIPMENT;
        }
        return true;
}

bool scan_is_medium(const struct scan *scan) {
        size_t n = strspn(scan->plain, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + 9;
        char id[MEDIUM_ID_TEXT];

        if (n >= sizeof id || strlen(scan->plain) < n)
                return false;
        (void) snprintf(id, sizeof id, "%.*s", (int) n, scan->plain);
        return medium_id_valid(id);
}

bool scan_is_code(const struct scan *scan, bool whole) {
        switch (scan->kind) {
        case SCAN_CARD:
        case SCAN_PLACE: return true;
        case SCAN_SHIPMENT: return whole || strlen(scan->plain) > 7; /* the form's, not a number that goes on */
        case SCAN_COMMAND: return strncmp(scan->plain, COUNTER_PREFIX, sizeof COUNTER_PREFIX - 1) == 0;
        default: return scan_is_medium(scan);
        }
}
