/* PDF text being written: shared by what finishes a document and what signs it. Private to the room. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sign/pdf_value.h"

/* Grows; once memory is out it stays failed, and what is added is dropped. */
struct pdf_text {
        char *text;
        size_t n, room;
        bool failed;
};

void pdf_add_bytes(struct pdf_text *out, const void *data, size_t n);
void pdf_add(struct pdf_text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pdf_add_value(struct pdf_text *out, const struct pdf_value *value);
/* " /KEY <feff...>": a text string, UTF-16BE with its mark in hexadecimal (ISO 32000-1 7.9.2.2); nothing when the
 * text is empty. */
void pdf_add_utf8(struct pdf_text *out, const char *key, const char *utf8);
/* "<<" and a dictionary as it was, but for the keys of a NULL-terminated list; its end is the caller's to write. */
void pdf_add_dict_except(struct pdf_text *out, const struct pdf_value *dict, const char *const *keys);
