#include "print/typeset.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <stdint.h>
#include <string.h>

/* Latin with its extensions, and the punctuation that Spanish and English texts use: one glyph a character, no
 * marks to place. */
enum {
        LATIN_FIRST = 0x20,
        LATIN_END = 0x250,
        PUNCTUATION_FIRST = 0x2010,
        PUNCTUATION_END = 0x2028,
        SLOTS = LATIN_END - LATIN_FIRST + PUNCTUATION_END - PUNCTUATION_FIRST,
        FONTS_MAX = 96,
        GLYPHS_MAX = 512,
};

struct font {
        struct style style;
        PangoFontDescription *description;
        cairo_scaled_font_t *scaled;
        double ascent, descent;
        uint16_t glyph[SLOTS]; /* 0: the font has none, or not asked yet */
        bool asked[SLOTS];
        float advance[SLOTS];
};

struct typesetter {
        PangoContext *context;
        PangoLayout *layout;
        struct font *fonts[FONTS_MAX];
        size_t fonts_n;
        size_t next; /* the font that gives way when all places are taken */
};

static const struct {
        const char *families;
        PangoWeight weight;
} faces[FACES] = {
        [FACE_SANS] = { "Liberation Sans,DejaVu Sans,sans-serif", PANGO_WEIGHT_NORMAL },
        [FACE_BOLD] = { "Liberation Sans,DejaVu Sans,sans-serif", PANGO_WEIGHT_BOLD },
        [FACE_MONO] = { "Liberation Mono,DejaVu Sans Mono,monospace", PANGO_WEIGHT_NORMAL },
        [FACE_MONO_BOLD] = { "Liberation Mono,DejaVu Sans Mono,monospace", PANGO_WEIGHT_BOLD },
};

static void font_free(struct font *font) {
        if (!font)
                return;
        pango_font_description_free(font->description);
        cairo_scaled_font_destroy(font->scaled);
        free(font);
}

void typesetter_free(struct typesetter *ts) {
        if (!ts)
                return;
        for (size_t i = 0; i < ts->fonts_n; i++)
                font_free(ts->fonts[i]);
        g_clear_object(&ts->layout);
        g_clear_object(&ts->context);
        free(ts);
}

int typesetter_new(cairo_t *cr, bool crisp, struct typesetter **ret, struct error *err) {
        struct typesetter *ts = calloc(1, sizeof *ts);
        cairo_font_options_t *options = cairo_font_options_create();

        if (!ts) {
                cairo_font_options_destroy(options);
                return fail_memory(err);
        }
        ts->context = pango_cairo_create_context(cr);
        pango_cairo_context_set_resolution(ts->context, 72);
        cairo_font_options_set_antialias(options, crisp ? CAIRO_ANTIALIAS_NONE : CAIRO_ANTIALIAS_DEFAULT);
        cairo_font_options_set_hint_style(options, crisp ? CAIRO_HINT_STYLE_FULL : CAIRO_HINT_STYLE_NONE);
        cairo_font_options_set_hint_metrics(options, crisp ? CAIRO_HINT_METRICS_ON : CAIRO_HINT_METRICS_OFF);
        pango_cairo_context_set_font_options(ts->context, options);
        cairo_font_options_destroy(options);
        pango_context_set_round_glyph_positions(ts->context, crisp);
        ts->layout = pango_layout_new(ts->context);
        pango_layout_set_single_paragraph_mode(ts->layout, TRUE);
        *ret = ts;
        return 0;
}

static struct font *font_load(struct typesetter *ts, struct style style) {
        struct font *font = calloc(1, sizeof *font);
        cairo_font_extents_t extents;
        PangoFont *loaded;

        if (!font)
                return NULL;
        font->style = style;
        font->description = pango_font_description_new();
        pango_font_description_set_family_static(font->description, faces[style.face].families);
        pango_font_description_set_weight(font->description, faces[style.face].weight);
        pango_font_description_set_absolute_size(font->description, style.size * PANGO_SCALE);
        loaded = pango_context_load_font(ts->context, font->description);
        if (loaded) {
                font->scaled = cairo_scaled_font_reference(
                        pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(loaded)));
                cairo_scaled_font_extents(font->scaled, &extents);
                font->ascent = extents.ascent;
                font->descent = extents.descent;
                g_object_unref(loaded);
        } else { /* no font at all on this machine: keep the geometry sane */
                font->ascent = style.size * 0.9;
                font->descent = style.size * 0.2;
        }
        return font;
}

/* The font of a style. Sizes go in quarter points, so that shrinking doesn't breed fonts. */
static struct font *font_of(struct typesetter *ts, struct style style) {
        struct font *font;

        style.size = fmax(1, floor(style.size * 4 + 1e-6) / 4);
        for (size_t i = 0; i < ts->fonts_n; i++)
                if (ts->fonts[i]->style.face == style.face && fabs(ts->fonts[i]->style.size - style.size) < 0.01)
                        return ts->fonts[i];
        font = font_load(ts, style);
        if (!font)
                return ts->fonts_n ? ts->fonts[0] : NULL;
        if (ts->fonts_n < FONTS_MAX) {
                ts->fonts[ts->fonts_n++] = font;
        } else {
                font_free(ts->fonts[ts->next]);
                ts->fonts[ts->next] = font;
                ts->next = (ts->next + 1) % FONTS_MAX;
        }
        return font;
}

double type_ascent(struct typesetter *ts, struct style style) {
        const struct font *font = font_of(ts, style);

        return font ? font->ascent : style.size;
}

double type_descent(struct typesetter *ts, struct style style) {
        const struct font *font = font_of(ts, style);

        return font ? font->descent : 0;
}

/* Reads one character of valid UTF-8; bytes that are none count as one unknown character each. */
static uint32_t next_character(const char *text, size_t n, size_t *used) {
        const unsigned char *p = (const unsigned char *) text;

        *used = 1;
        if (p[0] < 0x80)
                return p[0];
        if (p[0] >= 0xc2 && p[0] < 0xe0 && n >= 2) {
                *used = 2;
                return (uint32_t) (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        }
        if (p[0] >= 0xe0 && p[0] < 0xf0 && n >= 3) {
                *used = 3;
                return (uint32_t) (p[0] & 0x0f) << 12 | (uint32_t) (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        }
        if (p[0] >= 0xf0 && p[0] < 0xf5 && n >= 4)
                *used = 4;
        return 0xfffd;
}

static int slot_of(uint32_t character) {
        if (character >= LATIN_FIRST && character < LATIN_END && character != 0x7f &&
            (character < 0x80 || character >= 0xa0) && character != 0xad)
                return (int) (character - LATIN_FIRST);
        if (character >= PUNCTUATION_FIRST && character < PUNCTUATION_END)
                return (int) (LATIN_END - LATIN_FIRST + character - PUNCTUATION_FIRST);
        return -1;
}

/* Asks the font about one character, once. */
static void ask_glyph(struct font *font, int slot, const char *text, size_t used) {
        cairo_glyph_t buffer[2], *glyphs = buffer;
        int n = COUNT(buffer);
        cairo_text_extents_t extents;

        font->asked[slot] = true;
        if (!font->scaled || cairo_scaled_font_text_to_glyphs(font->scaled, 0, 0, text, (int) used, &glyphs, &n,
                                                              NULL, NULL, NULL) != CAIRO_STATUS_SUCCESS)
                return;
        if (n == 1 && glyphs[0].index <= UINT16_MAX) {
                cairo_scaled_font_glyph_extents(font->scaled, glyphs, 1, &extents);
                font->glyph[slot] = (uint16_t) glyphs[0].index;
                font->advance[slot] = (float) extents.x_advance;
        }
        if (glyphs != buffer)
                cairo_glyph_free(glyphs);
}

/* The character's slot when this font can draw it alone, else -1. */
static int glyph_slot(struct font *font, const char *text, size_t n, size_t *used) {
        int slot = slot_of(next_character(text, n, used));

        if (slot < 0)
                return -1;
        if (!font->asked[slot])
                ask_glyph(font, slot, text, *used);
        return font->glyph[slot] ? slot : -1;
}

/* The width when every character is in the tables, else a negative number. */
static double simple_width(struct font *font, const char *text, size_t n) {
        double width = 0;

        for (size_t i = 0, used; i < n; i += used) {
                int slot = glyph_slot(font, text + i, n - i, &used);

                if (slot < 0)
                        return -1;
                width += (double) font->advance[slot];
        }
        return width;
}

static void layout_set(struct typesetter *ts, const struct font *font, const char *text, size_t n) {
        pango_layout_set_font_description(ts->layout, font->description);
        pango_layout_set_width(ts->layout, -1);
        pango_layout_set_text(ts->layout, text, (int) n);
}

double type_width(struct typesetter *ts, struct style style, const char *text, size_t n) {
        struct font *font = font_of(ts, style);
        double width = font ? simple_width(font, text, n) : 0;
        int pango_width;

        if (width >= 0)
                return width;
        layout_set(ts, font, text, n);
        pango_layout_get_size(ts->layout, &pango_width, NULL);
        return (double) pango_width / PANGO_SCALE;
}

bool type_lacks(struct typesetter *ts, struct style style, const char *text) {
        struct font *font = font_of(ts, style);
        size_t n = strlen(text);

        if (!font || simple_width(font, text, n) >= 0)
                return false;
        layout_set(ts, font, text, n);
        return pango_layout_get_unknown_glyphs_count(ts->layout) > 0;
}

void type_draw(struct typesetter *ts, cairo_t *cr, struct style style, double x, double y, const char *text,
               size_t n) {
        struct font *font = font_of(ts, style);
        cairo_glyph_t glyphs[GLYPHS_MAX];
        size_t count = 0;

        if (!font)
                return;
        for (size_t i = 0, used; i < n; i += used) {
                int slot = glyph_slot(font, text + i, n - i, &used);

                if (slot < 0 || count == GLYPHS_MAX) {
                        layout_set(ts, font, text + i, n - i);
                        cairo_move_to(cr, x, y);
                        pango_cairo_show_layout_line(cr, pango_layout_get_line_readonly(ts->layout, 0));
                        break;
                }
                glyphs[count++] = (cairo_glyph_t){ font->glyph[slot], x, y };
                x += (double) font->advance[slot];
        }
        if (count == 0)
                return;
        cairo_set_scaled_font(cr, font->scaled);
        cairo_show_glyphs(cr, glyphs, (int) count);
}

void type_draw_kerned(struct typesetter *ts, cairo_t *cr, struct style style, double x, double y,
                      const char *text) {
        struct font *font = font_of(ts, style);

        if (!font)
                return;
        layout_set(ts, font, text, strlen(text));
        cairo_move_to(cr, x, y);
        pango_cairo_show_layout_line(cr, pango_layout_get_line_readonly(ts->layout, 0));
}

/* Width of one character; characters outside the tables ask pango. */
static double character_width(struct typesetter *ts, struct font *font, const char *text, size_t n, size_t *used) {
        int slot = glyph_slot(font, text, n, used), width;

        if (slot >= 0)
                return (double) font->advance[slot];
        layout_set(ts, font, text, *used);
        pango_layout_get_size(ts->layout, &width, NULL);
        return (double) width / PANGO_SCALE;
}

/* The line that starts at `start`: its length, and where the next one starts. */
static struct line break_one(struct typesetter *ts, struct font *font, const char *text, size_t n, size_t start,
                             double width, size_t *ret_next) {
        double at = 0;
        size_t space = 0, i = start; /* space: the last place to break, 0 none */

        while (i < n && text[i] != '\n') {
                size_t used;
                double advance = character_width(ts, font, text + i, n - i, &used);

                if (text[i] == ' ') {
                        space = i;
                } else if (at + advance > width + 1e-6 && i > start) {
                        if (space > start) {
                                *ret_next = space + 1;
                                return (struct line){ start, space - start };
                        }
                        *ret_next = i;
                        return (struct line){ start, i - start };
                }
                at += advance;
                i += used;
        }
        *ret_next = i < n ? i + 1 : n;
        return (struct line){ start, i - start };
}

size_t type_break(struct typesetter *ts, struct style style, const char *text, double width, struct line *lines,
                  size_t max, bool *ret_whole) {
        struct font *font = font_of(ts, style);
        size_t n = strlen(text), at = 0, count = 0;

        if (!font) {
                lines[0] = (struct line){ 0, n };
                return 1;
        }
        do
                lines[count++] = break_one(ts, font, text, n, at, width, &at);
        while (at < n && count < max);
        if (ret_whole)
                *ret_whole = at >= n;
        return count;
}

static double aligned(enum align align, double x, double room, double used) {
        if (align == ALIGN_RIGHT)
                return x + room - used;
        return align == ALIGN_CENTRE ? x + (room - used) / 2 : x;
}

/* The bytes of a text that fit in front of an ellipsis. */
static size_t cut_to(struct typesetter *ts, struct style style, const char *text, size_t n, double width) {
        size_t at = 0;

        for (size_t used; at < n; at += used) {
                (void) next_character(text + at, n - at, &used);
                if (type_width(ts, style, text, at + used) > width)
                        break;
        }
        while (at > 0 && text[at - 1] == ' ')
                at--;
        return at;
}

bool type_fit(struct typesetter *ts, cairo_t *cr, struct style style, double least, enum align align, double x,
              double y, double width, const char *text) {
        size_t n = strlen(text), kept;
        double wanted = type_width(ts, style, text, n), dots;

        while (wanted > width && style.size > least) {
                style.size = fmax(least, fmin(style.size - 0.25, floor(style.size * width / wanted * 4) / 4));
                wanted = type_width(ts, style, text, n);
        }
        if (wanted <= width) {
                type_draw(ts, cr, style, aligned(align, x, width, wanted), y, text, n);
                return true;
        }
        dots = type_width(ts, style, "…", strlen("…"));
        kept = cut_to(ts, style, text, n, width - dots);
        wanted = type_width(ts, style, text, kept);
        x = aligned(align, x, width, wanted + dots);
        type_draw(ts, cr, style, x, y, text, kept);
        type_draw(ts, cr, style, x + wanted, y, "…", strlen("…"));
        return false;
}
