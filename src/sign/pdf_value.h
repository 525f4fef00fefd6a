/* The syntax below the file's structure: tokens and values. Private to the PDF reader. */
#pragma once

#include "sign/pdf.h"

struct pdf_arena {
        struct pdf_chunk *chunks;
        size_t used; /* bytes handed out, bounded */
};

struct pdf_cursor {
        const uint8_t *data;
        size_t at, end;
        struct pdf_arena *arena;
};

void *pdf_alloc(struct pdf_arena *arena, size_t n); /* zeroed; NULL when the bound is reached */
void pdf_arena_done(struct pdf_arena *arena);

bool pdf_is_space(uint8_t c);
void pdf_skip(struct pdf_cursor *c); /* white space and comments */
/* Takes a word if it comes next and ends there. */
bool pdf_word(struct pdf_cursor *c, const char *word);
/* An unsigned integer of at most 10 digits. */
bool pdf_unsigned(struct pdf_cursor *c, uint64_t *ret);
/* NULL on a syntax error. */
struct pdf_value *pdf_parse(struct pdf_cursor *c, int depth);
