#include "sign/pdf_value.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 24, CHUNK = 64 * 1024, ARENA_MAX = 256 * 1024 * 1024, NUMBER_DIGITS_MAX = 15 };

struct pdf_chunk {
        struct pdf_chunk *next;
        size_t size, used;
        _Alignas(16) uint8_t bytes[];
};

void *pdf_alloc(struct pdf_arena *arena, size_t n) {
        struct pdf_chunk *chunk = arena->chunks;
        void *p;

        n = (n + 15) & ~(size_t) 15;
        if (n > ARENA_MAX || arena->used + n > ARENA_MAX)
                return NULL;
        if (!chunk || chunk->size - chunk->used < n) {
                size_t size = n > CHUNK ? n : CHUNK;

                chunk = calloc(1, sizeof *chunk + size);
                if (!chunk)
                        return NULL;
                chunk->size = size;
                chunk->next = arena->chunks;
                arena->chunks = chunk;
        }
        p = chunk->bytes + chunk->used;
        chunk->used += n;
        arena->used += n;
        return p;
}

void pdf_arena_done(struct pdf_arena *arena) {
        while (arena->chunks) {
                struct pdf_chunk *next = arena->chunks->next;

                free(arena->chunks);
                arena->chunks = next;
        }
}

bool pdf_is_space(uint8_t c) {
        return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}

static bool is_delimiter(uint8_t c) {
        return c && strchr("()<>[]{}/%", c);
}

static bool ends_word(const struct pdf_cursor *c) {
        return c->at >= c->end || pdf_is_space(c->data[c->at]) || is_delimiter(c->data[c->at]);
}

void pdf_skip(struct pdf_cursor *c) {
        while (c->at < c->end) {
                if (pdf_is_space(c->data[c->at])) {
                        c->at++;
                } else if (c->data[c->at] == '%') {
                        while (c->at < c->end && c->data[c->at] != '\n' && c->data[c->at] != '\r')
                                c->at++;
                } else {
                        return;
                }
        }
}

bool pdf_word(struct pdf_cursor *c, const char *word) {
        size_t n = strlen(word), start = c->at;

        if (c->end - c->at < n || memcmp(c->data + c->at, word, n) != 0)
                return false;
        c->at += n;
        if (ends_word(c))
                return true;
        c->at = start;
        return false;
}

bool pdf_unsigned(struct pdf_cursor *c, uint64_t *ret) {
        size_t start = c->at;
        uint64_t value = 0;

        while (c->at < c->end && c->data[c->at] >= '0' && c->data[c->at] <= '9' && c->at - start < 10)
                value = value * 10 + (uint64_t) (c->data[c->at++] - '0');
        if (c->at == start || !ends_word(c)) {
                c->at = start;
                return false;
        }
        *ret = value;
        return true;
}

static int hex_value(uint8_t c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_name(struct pdf_cursor *c, struct pdf_value *value) {
        size_t start = ++c->at;

        while (!ends_word(c))
                c->at++;
        value->type = PDF_NAME;
        value->bytes = pdf_alloc(c->arena, c->at - start + 1);
        if (!value->bytes)
                return false;
        for (size_t i = start; i < c->at; i++) {
                uint8_t byte = c->data[i];

                if (byte == '#') {
                        int high = i + 2 < c->at ? hex_value(c->data[i + 1]) : -1;
                        int low = i + 2 < c->at ? hex_value(c->data[i + 2]) : -1;

                        if (high < 0 || low < 0 || (high | low) == 0)
                                return false;
                        byte = (uint8_t) (high << 4 | low);
                        i += 2;
                }
                value->bytes[value->bytes_n++] = byte;
        }
        return true;
}

static bool parse_hex(struct pdf_cursor *c, struct pdf_value *value) {
        size_t start = ++c->at, digits = 0;

        while (c->at < c->end && c->data[c->at] != '>')
                c->at++;
        if (c->at >= c->end)
                return false;
        value->type = PDF_STRING;
        value->bytes = pdf_alloc(c->arena, (c->at - start) / 2 + 2);
        if (!value->bytes)
                return false;
        for (size_t i = start; i < c->at; i++) {
                int digit = hex_value(c->data[i]);

                if (pdf_is_space(c->data[i]))
                        continue;
                if (digit < 0)
                        return false;
                value->bytes[digits / 2] = (uint8_t) (digits % 2 ? value->bytes[digits / 2] | digit : digit << 4);
                digits++;
        }
        c->at++;
        value->bytes_n = (digits + 1) / 2;
        return true;
}

/* One escape after a backslash; gives the byte, -1 for none, -2 for an error. */
static int escape(struct pdf_cursor *c) {
        static const char from[] = "nrtbf()\\", to[] = "\n\r\t\b\f()\\";
        uint8_t byte;
        const char *at;

        if (c->at >= c->end)
                return -2;
        byte = c->data[c->at++];
        at = byte ? strchr(from, byte) : NULL;
        if (at)
                return (uint8_t) to[at - from];
        if (byte == '\r' && c->at < c->end && c->data[c->at] == '\n')
                c->at++;
        if (byte == '\r' || byte == '\n')
                return -1;
        if (byte >= '0' && byte <= '7') {
                int value = byte - '0';

                for (int i = 0; i < 2 && c->at < c->end && c->data[c->at] >= '0' && c->data[c->at] <= '7'; i++)
                        value = value * 8 + c->data[c->at++] - '0';
                return value & 0xff;
        }
        return byte;
}

static bool parse_literal(struct pdf_cursor *c, struct pdf_value *value) {
        size_t end = c->at + 1;
        int nested = 1;

        for (; end < c->end && nested; end++) { /* find the end, for the size */
                if (c->data[end] == '\\')
                        end++;
                else if (c->data[end] == '(')
                        nested++;
                else if (c->data[end] == ')')
                        nested--;
        }
        if (nested || end > c->end)
                return false;
        value->type = PDF_STRING;
        value->bytes = pdf_alloc(c->arena, end - c->at);
        if (!value->bytes)
                return false;
        c->at++;
        while (c->at < end - 1) {
                int byte = c->data[c->at++];

                if (byte == '\\')
                        byte = escape(c);
                if (byte == -2)
                        return false;
                if (byte >= 0)
                        value->bytes[value->bytes_n++] = (uint8_t) byte;
        }
        c->at = end;
        return true;
}

static bool parse_items(struct pdf_cursor *c, struct pdf_value *value, const char *close, int depth) {
        size_t room = 0, close_n = strlen(close);

        for (;;) {
                struct pdf_value *item;

                pdf_skip(c);
                if (c->end - c->at >= close_n && memcmp(c->data + c->at, close, close_n) == 0) {
                        c->at += close_n;
                        return true;
                }
                if (value->items_n == room) {
                        struct pdf_value **more;

                        room = room ? 2 * room : 8;
                        more = pdf_alloc(c->arena, room * sizeof *more);
                        if (!more)
                                return false;
                        if (value->items_n)
                                memcpy(more, value->items, value->items_n * sizeof *more);
                        value->items = more;
                }
                item = pdf_parse(c, depth + 1);
                if (!item)
                        return false;
                value->items[value->items_n++] = item;
        }
}

/* Keys are names and none comes twice: readers disagree on which of two counts. */
static bool dict_is_sound(const struct pdf_value *dict) {
        if (dict->items_n % 2)
                return false;
        for (size_t i = 0; i < dict->items_n; i += 2) {
                if (dict->items[i]->type != PDF_NAME || i > 512)
                        return false;
                for (size_t j = 0; j < i; j += 2)
                        if (pdf_equal(dict->items[i], dict->items[j]))
                                return false;
        }
        return true;
}

static bool parse_number(struct pdf_cursor *c, struct pdf_value *value) {
        bool negative = false, fraction = false;
        int digits = 0, decimals = 0;

        if (c->data[c->at] == '-' || c->data[c->at] == '+')
                negative = c->data[c->at++] == '-';
        for (; !ends_word(c); c->at++) {
                uint8_t byte = c->data[c->at];

                if (byte == '.' && !fraction) {
                        fraction = true;
                        continue;
                }
                if (byte < '0' || byte > '9' || ++digits > NUMBER_DIGITS_MAX)
                        return false;
                if (fraction && decimals >= 3)
                        continue;
                value->number = value->number * 10 + byte - '0';
                decimals += fraction;
        }
        if (digits == 0)
                return false;
        for (; fraction && decimals < 3; decimals++)
                value->number *= 10;
        if (negative)
                value->number = -value->number;
        value->type = PDF_NUMBER;
        value->integer = !fraction;
        return true;
}

/* "12 0 R": only generation 0, since nothing here ever frees an object. */
static bool parse_reference(struct pdf_cursor *c, struct pdf_value *value) {
        size_t start = c->at;
        uint64_t number, generation;

        if (pdf_unsigned(c, &number) && number > 0 && number <= UINT32_MAX) {
                pdf_skip(c);
                if (pdf_unsigned(c, &generation) && generation == 0) {
                        pdf_skip(c);
                        if (pdf_word(c, "R")) {
                                value->type = PDF_REF;
                                value->number = (int64_t) number;
                                return true;
                        }
                }
        }
        c->at = start;
        return false;
}

static bool parse_into(struct pdf_cursor *c, struct pdf_value *value, int depth) {
        uint8_t byte = c->data[c->at];

        if (byte == '/')
                return parse_name(c, value);
        if (byte == '(')
                return parse_literal(c, value);
        if (byte == '[') {
                c->at++;
                value->type = PDF_ARRAY;
                return parse_items(c, value, "]", depth);
        }
        if (byte == '<' && c->end - c->at >= 2 && c->data[c->at + 1] == '<') {
                c->at += 2;
                value->type = PDF_DICT;
                return parse_items(c, value, ">>", depth) && dict_is_sound(value);
        }
        if (byte == '<')
                return parse_hex(c, value);
        if (pdf_word(c, "true") || pdf_word(c, "false")) {
                value->type = PDF_BOOL;
                value->number = byte == 't';
                return true;
        }
        if (pdf_word(c, "null"))
                return true;
        return parse_reference(c, value) || parse_number(c, value);
}

struct pdf_value *pdf_parse(struct pdf_cursor *c, int depth) {
        struct pdf_value *value;

        pdf_skip(c);
        if (c->at >= c->end || depth > DEPTH_MAX)
                return NULL;
        value = pdf_alloc(c->arena, sizeof *value);
        if (!value)
                return NULL;
        value->raw = c->data + c->at;
        if (!parse_into(c, value, depth))
                return NULL;
        value->raw_n = (size_t) (c->data + c->at - value->raw);
        return value;
}

const struct pdf_value *pdf_get(const struct pdf_value *dict, const char *key) {
        if (!dict || dict->type != PDF_DICT)
                return NULL;
        for (size_t i = 0; i < dict->items_n; i += 2)
                if (pdf_is_name(dict->items[i], key))
                        return dict->items[i + 1];
        return NULL;
}

bool pdf_is_name(const struct pdf_value *value, const char *name) {
        return value && value->type == PDF_NAME && value->bytes_n == strlen(name) &&
               memcmp(value->bytes, name, value->bytes_n) == 0;
}

bool pdf_is_ref_to(const struct pdf_value *value, uint32_t number) {
        return value && value->type == PDF_REF && value->number == (int64_t) number;
}

int64_t pdf_thousandths(const struct pdf_value *value) {
        if (!value || value->type != PDF_NUMBER || value->number > INT64_C(1000000000000) ||
            value->number < -INT64_C(1000000000000))
                return 0;
        return value->integer ? value->number * 1000 : value->number;
}

static bool equal_dicts(const struct pdf_value *a, const struct pdf_value *b) {
        for (size_t i = 0; i < a->items_n; i += 2)
                if (!pdf_equal(a->items[i + 1], pdf_get(b, (const char *) a->items[i]->bytes)))
                        return false;
        return true;
}

bool pdf_equal(const struct pdf_value *a, const struct pdf_value *b) {
        if (!a || !b)
                return a == b;
        if (a->type != b->type || a->items_n != b->items_n || a->bytes_n != b->bytes_n)
                return false;
        if (a->type == PDF_DICT)
                return equal_dicts(a, b);
        for (size_t i = 0; i < a->items_n; i++)
                if (!pdf_equal(a->items[i], b->items[i]))
                        return false;
        if (a->type == PDF_NUMBER)
                return a->raw_n == b->raw_n && memcmp(a->raw, b->raw, a->raw_n) == 0;
        return a->number == b->number && (a->bytes_n == 0 || memcmp(a->bytes, b->bytes, a->bytes_n) == 0);
}

bool pdf_equal_except(const struct pdf_value *a, const struct pdf_value *b, const char *key) {
        size_t left = 0, right = 0;

        if (a->type != PDF_DICT || b->type != PDF_DICT)
                return false;
        for (size_t i = 0; i < b->items_n; i += 2)
                right += !pdf_is_name(b->items[i], key);
        for (size_t i = 0; i < a->items_n; i += 2) {
                if (pdf_is_name(a->items[i], key))
                        continue;
                left++;
                if (!pdf_equal(a->items[i + 1], pdf_get(b, (const char *) a->items[i]->bytes)))
                        return false;
        }
        return left == right;
}
