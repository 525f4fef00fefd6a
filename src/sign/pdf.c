#include "sign/pdf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "sign/pdf_value.h"

enum { REVISIONS_MAX = 64, TAIL_MAX = 64, XREF_ENTRY = 20, TREE_DEPTH_MAX = 16, FILE_MAX = 1 << 30 };

struct pdf {
        const uint8_t *data;
        size_t n;
        struct pdf_arena arena;
        struct pdf_revision revisions[REVISIONS_MAX];
        size_t revisions_n;
};

static int broken(struct error *err, const char *es, const char *en) {
        return fail(err, ERR_VERIFY, "%s%.0s", "%.0s%s", es, en);
}

static struct pdf_cursor cursor_at(struct pdf *pdf, size_t at) {
        return (struct pdf_cursor){ pdf->data, at < pdf->n ? at : pdf->n, pdf->n, &pdf->arena };
}

/* One line break, and nothing else. */
static bool take_eol(struct pdf_cursor *c) {
        if (c->at < c->end && c->data[c->at] == '\r')
                c->at++;
        if (c->at >= c->end || c->data[c->at] != '\n')
                return false;
        c->at++;
        return true;
}

/* "nnnnnnnnnn ggggg n \n": exactly 20 bytes. */
static bool take_entry(struct pdf_cursor *c, uint32_t number, struct pdf_entry *ret) {
        const uint8_t *e = c->data + c->at;
        uint64_t offset = 0;

        if (c->end - c->at < XREF_ENTRY || e[10] != ' ' || e[16] != ' ' || (e[17] != 'n' && e[17] != 'f') ||
            !((e[18] == ' ' && e[19] == '\n') || (e[18] == '\r' && e[19] == '\n')))
                return false;
        for (int i = 0; i < 16; i++) {
                if (i == 10)
                        continue;
                if (e[i] < '0' || e[i] > '9')
                        return false;
                if (i < 10)
                        offset = offset * 10 + (uint64_t) (e[i] - '0');
                else if (e[17] == 'n' && e[i] != '0')
                        return false; /* generations other than 0 don't occur */
        }
        if (e[17] == 'n' && (offset == 0 || offset >= c->end || number == 0))
                return false;
        if (e[17] == 'f' && number != 0)
                return false; /* nothing is ever freed */
        ret->number = number;
        ret->offset = e[17] == 'n' ? (size_t) offset : 0;
        c->at += XREF_ENTRY;
        return true;
}

static bool take_section(struct pdf_cursor *c, struct pdf_revision *revision, size_t *room) {
        uint64_t first, count;

        if (!pdf_unsigned(c, &first) || c->at >= c->end || c->data[c->at++] != ' ' || !pdf_unsigned(c, &count) ||
            !take_eol(c) || count == 0 || count > (c->end - c->at) / XREF_ENTRY || first > UINT32_MAX - count)
                return false;
        if (revision->entries_n + count > *room) {
                struct pdf_entry *more;

                *room = revision->entries_n + count + 16;
                more = pdf_alloc(c->arena, *room * sizeof *more);
                if (!more)
                        return false;
                if (revision->entries_n)
                        memcpy(more, revision->entries, revision->entries_n * sizeof *more);
                revision->entries = more;
        }
        for (uint64_t i = 0; i < count; i++) {
                struct pdf_entry *entry = &revision->entries[revision->entries_n];

                if (!take_entry(c, (uint32_t) (first + i), entry))
                        return false;
                if (revision->entries_n && entry[-1].number >= entry->number)
                        return false; /* in rising order, none twice */
                revision->entries_n++;
        }
        return true;
}

static bool take_trailer(struct pdf_cursor *c, struct pdf_revision *revision) {
        uint64_t xref;

        if (!pdf_word(c, "trailer"))
                return false;
        revision->trailer = pdf_parse(c, 0);
        if (!revision->trailer || revision->trailer->type != PDF_DICT)
                return false;
        pdf_skip(c);
        if (!pdf_word(c, "startxref") || !take_eol(c) || !pdf_unsigned(c, &xref) || xref != revision->xref ||
            !take_eol(c))
                return false;
        if (c->end - c->at < 5 || memcmp(c->data + c->at, "%%EOF", 5) != 0)
                return false;
        c->at += 5;
        if (!take_eol(c))
                return false;
        revision->end = c->at;
        return true;
}

static int read_revision(struct pdf *pdf, size_t xref, struct pdf_revision *revision, struct error *err) {
        struct pdf_cursor c = cursor_at(pdf, xref);
        size_t room = 0;

        *revision = (struct pdf_revision){ .xref = xref };
        if (!pdf_word(&c, "xref") || !take_eol(&c))
                return broken(err, "El PDF no tiene una tabla de referencias donde la anuncia.",
                              "The PDF has no cross-reference table where it says.");
        while (c.at < c.end && c.data[c.at] >= '0' && c.data[c.at] <= '9')
                if (!take_section(&c, revision, &room))
                        return broken(err, "La tabla de referencias del PDF está dañada.",
                                      "The PDF's cross-reference table is damaged.");
        if (!take_trailer(&c, revision))
                return broken(err, "El final de una revisión del PDF está dañado.",
                              "The end of a revision of the PDF is damaged.");
        return 0;
}

/* The file ends with "startxref\nN\n%%EOF\n" and nothing after it. */
static int last_xref(const struct pdf *pdf, size_t *ret, struct error *err) {
        size_t tail = pdf->n < TAIL_MAX ? pdf->n : TAIL_MAX;
        const uint8_t *start = pdf->data + pdf->n - tail, *found = NULL;
        uint64_t value = 0;

        for (size_t i = 0; i + 10 <= tail; i++)
                if (memcmp(start + i, "startxref\n", 10) == 0)
                        found = start + i + 10;
        for (; found && found < pdf->data + pdf->n && *found >= '0' && *found <= '9' && value < FILE_MAX; found++)
                value = value * 10 + (uint64_t) (*found - '0');
        if (!found || value >= pdf->n)
                return broken(err, "El PDF no acaba como debe, o hay algo detrás de su final.",
                              "The PDF does not end as it should, or something follows its end.");
        *ret = (size_t) value;
        return 0;
}

/* Newest first, by /Prev; then turned round. Each starts where the one before ends. */
static int read_revisions(struct pdf *pdf, struct error *err) {
        size_t xref, n = 0;
        int r = last_xref(pdf, &xref, err);

        while (r == 0) {
                const struct pdf_value *previous;

                if (n == REVISIONS_MAX)
                        return broken(err, "El PDF tiene demasiadas revisiones.",
                                      "The PDF has too many revisions.");
                r = read_revision(pdf, xref, &pdf->revisions[n++], err);
                if (r < 0)
                        return r;
                previous = pdf_get(pdf->revisions[n - 1].trailer, "Prev");
                if (!previous)
                        break;
                if (!previous->integer || previous->number <= 0 || (size_t) previous->number >= xref)
                        return broken(err, "Las revisiones del PDF no se encadenan.",
                                      "The PDF's revisions don't follow one another.");
                xref = (size_t) previous->number;
        }
        if (r < 0)
                return r;
        for (size_t i = 0; i < n / 2; i++) {
                struct pdf_revision other = pdf->revisions[i];

                pdf->revisions[i] = pdf->revisions[n - 1 - i];
                pdf->revisions[n - 1 - i] = other;
        }
        pdf->revisions_n = n;
        return 0;
}

/* /Size is above every object there is, so that the next numbers are free. */
static bool size_is_true(const struct pdf_revision *revision) {
        const struct pdf_value *size = pdf_get(revision->trailer, "Size");

        return size && size->integer && size->number > 0 && size->number < INT32_MAX && revision->entries_n &&
               revision->entries[revision->entries_n - 1].number < size->number;
}

static int check_layout(struct pdf *pdf, struct error *err) {
        size_t end = 0;

        for (size_t i = 0; i < pdf->revisions_n; i++) {
                struct pdf_revision *revision = &pdf->revisions[i];

                revision->start = end;
                if (revision->xref <= end || revision->end <= revision->xref)
                        return broken(err, "Las revisiones del PDF se solapan.", "The PDF's revisions overlap.");
                for (size_t e = 0; e < revision->entries_n; e++)
                        if (revision->entries[e].offset && (revision->entries[e].offset < revision->start ||
                                                            revision->entries[e].offset >= revision->xref))
                                return broken(err, "Un objeto del PDF está fuera de su revisión.",
                                              "An object of the PDF lies outside its revision.");
                if (!size_is_true(revision))
                        return broken(err, "El PDF no dice cuántos objetos tiene.",
                                      "The PDF does not say how many objects it has.");
                if (pdf_get(revision->trailer, "XRefStm") || pdf_get(revision->trailer, "Encrypt"))
                        return broken(err, "El PDF usa referencias ocultas o cifrado.",
                                      "The PDF uses hidden references or encryption.");
                end = revision->end;
        }
        if (end != pdf->n)
                return broken(err, "Hay algo detrás del final del PDF.", "Something follows the PDF's end.");
        return 0;
}

int pdf_open(const void *data, size_t n, struct pdf **ret, struct error *err) {
        _cleanup_(pdf_closep) struct pdf *pdf = NULL;
        int r;

        if (n < 32 || n > FILE_MAX || memcmp(data, "%PDF-1.", 7) != 0)
                return broken(err, "No es un PDF.", "Not a PDF.");
        pdf = calloc(1, sizeof *pdf);
        if (!pdf)
                return fail_memory(err);
        pdf->data = data;
        pdf->n = n;
        r = read_revisions(pdf, err);
        if (r == 0)
                r = check_layout(pdf, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(pdf);
        return 0;
}

void pdf_close(struct pdf *pdf) {
        if (!pdf)
                return;
        pdf_arena_done(&pdf->arena);
        free(pdf);
}

size_t pdf_revisions(const struct pdf *pdf) {
        return pdf->revisions_n;
}

const struct pdf_revision *pdf_revision(const struct pdf *pdf, size_t index) {
        return &pdf->revisions[index];
}

const uint8_t *pdf_bytes(const struct pdf *pdf) {
        return pdf->data;
}

static int compare_entries(const void *a, const void *b) {
        const struct pdf_entry *left = a, *right = b;

        return left->number < right->number ? -1 : left->number > right->number;
}

/* The stream's bytes after its dictionary; its length may be another object of the same revision or before. */
static int take_stream(struct pdf *pdf, size_t revision, struct pdf_cursor *c, struct pdf_object *object,
                       struct error *err) {
        const struct pdf_value *length = pdf_get(object->value, "Length");
        int r;

        if (length && length->type == PDF_REF) {
                struct pdf_object other;

                if (length->number == (int64_t) object->number)
                        length = NULL;
                else {
                        r = pdf_object(pdf, revision, (uint32_t) length->number, &other, err);
                        if (r < 0)
                                return r;
                        length = other.stream ? NULL : other.value;
                }
        }
        if (!length || !length->integer || length->number < 0 || !take_eol(c) ||
            (uint64_t) length->number > c->end - c->at)
                return broken(err, "Un flujo del PDF no tiene su longitud.",
                              "A stream of the PDF lacks its length.");
        object->stream = c->data + c->at;
        object->stream_n = (size_t) length->number;
        c->at += object->stream_n;
        pdf_skip(c);
        if (!pdf_word(c, "endstream"))
                return broken(err, "Un flujo del PDF no acaba donde dice.",
                              "A stream of the PDF does not end where it says.");
        pdf_skip(c);
        return 0;
}

static int read_object(struct pdf *pdf, size_t revision, const struct pdf_entry *entry, struct pdf_object *object,
                       struct error *err) {
        struct pdf_cursor c = cursor_at(pdf, entry->offset);
        uint64_t number, generation;

        /* Within the revision that holds it: an object can't reach into a later one. */
        for (size_t i = 0; i <= revision; i++)
                if (entry->offset < pdf->revisions[i].end) {
                        c.end = pdf->revisions[i].xref;
                        break;
                }
        *object = (struct pdf_object){ .number = entry->number, .start = entry->offset };
        if (!pdf_unsigned(&c, &number) || number != entry->number || c.at >= c.end || c.data[c.at++] != ' ' ||
            !pdf_unsigned(&c, &generation) || generation != 0 || c.at >= c.end || c.data[c.at++] != ' ' ||
            !pdf_word(&c, "obj"))
                return broken(err, "Un objeto del PDF no está donde dice la tabla.",
                              "An object of the PDF is not where the table says.");
        object->value = pdf_parse(&c, 0);
        if (!object->value)
                return broken(err, "Un objeto del PDF no se entiende.",
                              "An object of the PDF can't be understood.");
        pdf_skip(&c);
        if (object->value->type == PDF_DICT && pdf_word(&c, "stream")) {
                int r = take_stream(pdf, revision, &c, object, err);

                if (r < 0)
                        return r;
        }
        if (!pdf_word(&c, "endobj") || !take_eol(&c))
                return broken(err, "Un objeto del PDF no acaba como debe.",
                              "An object of the PDF does not end as it should.");
        object->end = c.at;
        return 0;
}

int pdf_object(struct pdf *pdf, size_t revision, uint32_t number, struct pdf_object *ret, struct error *err) {
        const struct pdf_entry wanted = { .number = number };

        for (size_t i = revision + 1; i-- > 0;) {
                const struct pdf_revision *in = &pdf->revisions[i];
                const struct pdf_entry *entry = in->entries_n ? bsearch(&wanted, in->entries, in->entries_n,
                                                                        sizeof wanted, compare_entries)
                                                              : NULL;

                if (entry && entry->offset)
                        return read_object(pdf, revision, entry, ret, err);
        }
        return broken(err, "Falta un objeto del PDF.", "An object of the PDF is missing.");
}

int pdf_resolve(struct pdf *pdf, size_t revision, const struct pdf_value *value, const struct pdf_value **ret,
                struct error *err) {
        struct pdf_object object;
        int r;

        if (!value || value->type != PDF_REF) {
                *ret = value;
                return 0;
        }
        r = pdf_object(pdf, revision, (uint32_t) value->number, &object, err);
        if (r < 0)
                return r;
        *ret = object.value;
        return 0;
}

int pdf_catalog(struct pdf *pdf, size_t revision, struct pdf_object *ret, struct error *err) {
        const struct pdf_value *root = pdf_get(pdf->revisions[revision].trailer, "Root");
        struct pdf_object object;
        int r;

        if (!root || root->type != PDF_REF)
                return broken(err, "El PDF no tiene catálogo.", "The PDF has no catalogue.");
        r = pdf_object(pdf, revision, (uint32_t) root->number, &object, err);
        if (r < 0)
                return r;
        if (object.value->type != PDF_DICT || !pdf_is_name(pdf_get(object.value, "Type"), "Catalog"))
                return broken(err, "El PDF no tiene catálogo.", "The PDF has no catalogue.");
        *ret = object;
        return 0;
}

int pdf_first_page(struct pdf *pdf, uint32_t *ret, struct error *err) {
        struct pdf_object object;
        const struct pdf_value *next;
        int r = pdf_catalog(pdf, 0, &object, err);

        if (r < 0)
                return r;
        next = pdf_get(object.value, "Pages");
        for (int depth = 0; depth < TREE_DEPTH_MAX && next && next->type == PDF_REF; depth++) {
                const struct pdf_value *kids;

                r = pdf_object(pdf, 0, (uint32_t) next->number, &object, err);
                if (r < 0)
                        return r;
                if (pdf_is_name(pdf_get(object.value, "Type"), "Page")) {
                        *ret = object.number;
                        return 0;
                }
                r = pdf_resolve(pdf, 0, pdf_get(object.value, "Kids"), &kids, err);
                if (r < 0)
                        return r;
                next = kids && kids->type == PDF_ARRAY && kids->items_n ? kids->items[0] : NULL;
        }
        return broken(err, "El PDF no tiene páginas.", "The PDF has no pages.");
}

/* [page /XYZ left top zoom] with the size in the name. */
static bool box_from(const struct pdf_value *name, const struct pdf_value *destination, const char *field,
                     struct pdf_box *ret) {
        const char *text = (const char *) name->bytes;
        char wanted[80];
        int prefix = snprintf(wanted, sizeof wanted, "sign:%s:", field);
        unsigned width, height;
        char rest;

        if (prefix < 0 || (size_t) prefix >= sizeof wanted || strncmp(text, wanted, (size_t) prefix) != 0 ||
            strlen(text) != name->bytes_n || name->bytes_n > 128 ||
            sscanf(text + prefix, "%4u:%4u%c", &width, &height, &rest) != 2 || !width || !height)
                return false;
        if (!destination || destination->type != PDF_ARRAY || destination->items_n < 4 ||
            destination->items[0]->type != PDF_REF || !pdf_is_name(destination->items[1], "XYZ"))
                return false;
        ret->page = (uint32_t) destination->items[0]->number;
        ret->left = pdf_thousandths(destination->items[2]);
        ret->top = pdf_thousandths(destination->items[3]);
        ret->right = ret->left + (int64_t) width * 1000;
        ret->bottom = ret->top - (int64_t) height * 1000;
        return true;
}

static int find_box(struct pdf *pdf, const struct pdf_value *node, const char *field, int depth,
                    struct pdf_box *ret, struct error *err) {
        const struct pdf_value *names, *kids;
        int r = pdf_resolve(pdf, 0, node, &node, err);

        if (r < 0)
                return r;
        names = pdf_get(node, "Names");
        for (size_t i = 0; names && names->type == PDF_ARRAY && i + 1 < names->items_n; i += 2) {
                const struct pdf_value *destination;

                if (names->items[i]->type != PDF_STRING)
                        continue;
                r = pdf_resolve(pdf, 0, names->items[i + 1], &destination, err);
                if (r < 0)
                        return r;
                if (destination && destination->type == PDF_DICT)
                        destination = pdf_get(destination, "D");
                if (box_from(names->items[i], destination, field, ret))
                        return 0;
        }
        kids = pdf_get(node, "Kids");
        for (size_t i = 0; kids && kids->type == PDF_ARRAY && i < kids->items_n && depth < 3; i++) {
                r = find_box(pdf, kids->items[i], field, depth + 1, ret, err);
                if (r != ERR_NOT_FOUND)
                        return r;
        }
        return ERR_NOT_FOUND;
}

int pdf_signature_box(struct pdf *pdf, const char *field, struct pdf_box *ret, struct error *err) {
        struct pdf_object catalog;
        const struct pdf_value *names;
        int r = pdf_catalog(pdf, 0, &catalog, err);

        if (r == 0)
                r = pdf_resolve(pdf, 0, pdf_get(catalog.value, "Names"), &names, err);
        if (r < 0)
                return r;
        return find_box(pdf, pdf_get(names, "Dests"), field, 0, ret, err);
}
