#include "sign/pdf_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void pdf_add_bytes(struct pdf_text *out, const void *data, size_t n) {
        if (out->failed)
                return;
        if (out->n + n + 1 > out->room) {
                size_t room = 2 * (out->n + n + 1);
                char *more = realloc(out->text, room);

                if (!more) {
                        out->failed = true;
                        return;
                }
                out->text = more;
                out->room = room;
        }
        memcpy(out->text + out->n, data, n);
        out->n += n;
        out->text[out->n] = '\0';
}

void pdf_add(struct pdf_text *out, const char *format, ...) {
        char *text = NULL;
        va_list args;
        int n;

        va_start(args, format);
        n = vasprintf(&text, format, args);
        va_end(args);
        if (n < 0) {
                out->failed = true;
                return;
        }
        pdf_add_bytes(out, text, (size_t) n);
        free(text);
}

void pdf_add_value(struct pdf_text *out, const struct pdf_value *value) {
        pdf_add_bytes(out, value->raw, value->raw_n);
}

void pdf_add_utf8(struct pdf_text *out, const char *key, const char *utf8) {
        const uint8_t *p = (const uint8_t *) utf8;

        if (str_empty(utf8))
                return;
        pdf_add(out, " /%s <feff", key);
        while (*p) {
                uint32_t c = *p++;
                int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

                c &= more ? 0x3fU >> more : 0x7fU;
                while (more-- > 0)
                        c = c << 6 | (*p++ & 0x3fU);
                if (c >= 0x10000)
                        pdf_add(out, "%04x%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
                else
                        pdf_add(out, "%04x", c);
        }
        pdf_add(out, ">");
}

void pdf_add_dict_except(struct pdf_text *out, const struct pdf_value *dict, const char *const *keys) {
        pdf_add(out, "<<");
        for (size_t i = 0; i + 1 < dict->items_n; i += 2) {
                size_t k = 0;

                while (keys[k] && !pdf_is_name(dict->items[i], keys[k]))
                        k++;
                if (keys[k])
                        continue;
                pdf_add(out, " ");
                pdf_add_value(out, dict->items[i]);
                pdf_add(out, " ");
                pdf_add_value(out, dict->items[i + 1]);
        }
}
