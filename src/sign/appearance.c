#include "sign/appearance.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

enum { LINE_BYTES = 128, STREAM_MAX = 4096, SMALLEST = 4000 };

/* Widths of Helvetica for 0x20 .. 0x7e in thousandths of the size (Adobe's metrics of the standard 14 fonts). */
static const uint16_t widths[95] = {
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
        556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
        611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
        667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
        222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584,
};

/* UTF-8 to WinAnsi: Latin-1 as it is, the dash and the euro; anything else becomes '?'. */
static void to_winansi(const char *utf8, char *out, size_t size) {
        size_t n = 0;

        for (const uint8_t *p = (const uint8_t *) utf8; *p && n + 1 < size;) {
                if (*p < 0x80) {
                        out[n++] = (char) *p++;
                } else if ((*p == 0xc2 || *p == 0xc3) && p[1]) {
                        out[n++] = (char) ((*p == 0xc3 ? 0x40 : 0) + p[1]);
                        p += 2;
                } else {
                        out[n++] = '?';
                        for (p++; (*p & 0xc0) == 0x80; p++)
                                ;
                }
        }
        out[n] = '\0';
}

static int64_t text_width(const char *text, int64_t size, bool bold) {
        int64_t units = 0;

        for (const uint8_t *p = (const uint8_t *) text; *p; p++)
                units += *p >= 0x20 && *p < 0x7f ? widths[*p - 0x20] : (*p >= 0xe0 ? 556 : 722);
        return units * size / 1000 * (bold ? 108 : 100) / 100;
}

struct pen {
        char text[STREAM_MAX];
        size_t n;
};

static void put(struct pen *pen, const char *text) {
        size_t n = strlen(text);

        if (pen->n + n < sizeof pen->text) {
                memcpy(pen->text + pen->n, text, n);
                pen->n += n;
                pen->text[pen->n] = '\0';
        }
}

static void put_number(struct pen *pen, int64_t thousandths) {
        char text[24];

        thousandths_format(thousandths, text);
        put(pen, text);
        put(pen, " ");
}

static void put_string(struct pen *pen, const char *winansi) {
        char byte[8];

        put(pen, "(");
        for (const uint8_t *p = (const uint8_t *) winansi; *p; p++) {
                if (*p == '(' || *p == ')' || *p == '\\')
                        (void) snprintf(byte, sizeof byte, "\\%c", *p);
                else if (*p < 0x20 || *p > 0x7e)
                        (void) snprintf(byte, sizeof byte, "\\%03o", *p);
                else
                        (void) snprintf(byte, sizeof byte, "%c", *p);
                put(pen, byte);
        }
        put(pen, ")");
}

struct line {
        char text[LINE_BYTES];
        int64_t size; /* thousandths of a point */
        bool bold;
        const char *colour;
};

/* A line that is too wide gets smaller; what is still too wide is cut. */
static void draw_line(struct pen *pen, struct line *line, int64_t x, int64_t y, int64_t room) {
        while (line->size > SMALLEST && text_width(line->text, line->size, line->bold) > room)
                line->size -= 250;
        while (strlen(line->text) > 3 && text_width(line->text, line->size, line->bold) > room)
                line->text[strlen(line->text) - 1] = '\0';
        put(pen, line->colour);
        put(pen, line->bold ? " rg /B " : " rg /R ");
        put_number(pen, line->size);
        put(pen, "Tf 1 0 0 1 ");
        put_number(pen, x);
        put_number(pen, y);
        put(pen, "Tm ");
        put_string(pen, line->text);
        put(pen, " Tj\n");
}

static int fill_lines(X509 *certificate, int64_t moment, enum lang lang, struct line lines[5], struct error *err) {
        static const struct text by = { "Firmado electrónicamente por", "Electronically signed by" };
        static const char dark[] = "0.07 0.15 0.32", grey[] = "0.35 0.38 0.44";
        char value[LINE_BYTES], when[TIME_TEXT], fingerprint[SHA256_TEXT], text[LINE_BYTES + 40];
        int r = certificate_fingerprint(certificate, fingerprint, err);

        if (r < 0)
                return r;
        to_winansi(text_in(by, lang), lines[0].text, LINE_BYTES);
        certificate_subject(certificate, "commonName", value, sizeof value);
        to_winansi(value, lines[1].text, LINE_BYTES);
        certificate_subject(certificate, "title", value, sizeof value);
        if (str_empty(value))
                certificate_subject(certificate, "organizationName", value, sizeof value);
        to_winansi(value, lines[2].text, LINE_BYTES);
        time_format(moment, when);
        (void) snprintf(text, sizeof text, "%.10s %.8s UTC", when, when + 11);
        to_winansi(text, lines[3].text, LINE_BYTES);
        (void) snprintf(text, sizeof text, "SHA-256 %.8s %.8s %.8s %.8s", fingerprint, fingerprint + 8,
                        fingerprint + 16, fingerprint + 24);
        to_winansi(text, lines[4].text, LINE_BYTES);
        for (int i = 0; i < 5; i++) {
                static const int64_t sizes[5] = { 5500, 9000, 6500, 6500, 4750 };

                lines[i].size = sizes[i];
                lines[i].bold = i == 1;
                lines[i].colour = i == 0 || i == 4 ? grey : dark;
        }
        return 0;
}

int appearance_draw(X509 *certificate, int64_t moment, enum lang lang, int64_t width, int64_t height, char **ret,
                    size_t *ret_n, struct error *err) {
        static const int64_t leading[5] = { 6000, 9000, 7250, 7250, 5500 }; /* above each baseline: 35 points */
        struct line lines[5] = { 0 };
        struct pen pen = { .n = 0 };
        int64_t scale = 1000, y = height;
        char *text;
        int r = fill_lines(certificate, moment, lang, lines, err);

        if (r < 0)
                return r;
        pen.text[0] = '\0';
        if (width > 0 && height > 0) {
                if (height < 40000)
                        scale = height * 1000 / 40000;
                put(&pen, "q 0.16 0.35 0.66 rg 0 0 1.5 ");
                put_number(&pen, height);
                put(&pen, "re f\nBT\n");
                y = height - (height - 36500 * scale / 1000) / 2;
                for (int i = 0; i < 5; i++) {
                        y -= leading[i] * scale / 1000;
                        lines[i].size = lines[i].size * scale / 1000;
                        draw_line(&pen, &lines[i], 5000, y, width - 7000);
                }
                put(&pen, "ET\nQ\n");
        }
        text = strdup(pen.text);
        if (!text)
                return fail_memory(err);
        *ret = text;
        *ret_n = pen.n;
        return 0;
}

char *appearance_dictionary(int64_t width, int64_t height) {
        char w[24], h[24];

        thousandths_format(width, w);
        thousandths_format(height, h);
        return str_format(
                "/Type /XObject /Subtype /Form /FormType 1 /BBox [0 0 %s %s] /Resources << /Font << "
                "/R << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> "
                "/B << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >> "
                ">> >>",
                w, h);
}

void thousandths_format(int64_t value, char out[24]) {
        const char *sign = value < 0 ? "-" : "";
        int64_t absolute = value < 0 ? -value : value;

        if (absolute % 1000)
                (void) snprintf(out, 24, "%s%" PRId64 ".%03" PRId64, sign, absolute / 1000, absolute % 1000);
        else
                (void) snprintf(out, 24, "%s%" PRId64, sign, absolute / 1000);
}
