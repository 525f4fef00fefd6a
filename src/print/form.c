#include "print/form.h"

#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "print/form_parts.h"
#include "print/output.h"

static const double A4_SHORT = 210 * POINTS_PER_MM, A4_LONG = 297 * POINTS_PER_MM, MARGIN = 48, TOP = 42, FOOT = 62;

static int place_all(struct sheet *sheet) {
        int r = sheet_first(sheet);

        for (size_t i = 0; r == 0 && i < sheet->form->blocks_n; i++) {
                const struct form_block *block = &sheet->form->blocks[i];

                if (!block->when || form_present(form_member(sheet->data, block->when)))
                        r = block->kind->place(sheet, block);
        }
        if (r == 0)
                sheet_last(sheet);
        sheet->pages = sheet->page;
        return r;
}

/* The given digest, or that of the data's canonical form; none when the data have no canonical form. */
static void take_digest(struct sheet *sheet) {
        const char *given = json_text(sheet->data, "digest");
        _cleanup_free_ char *canonical = NULL;

        if (sheet->form->unnumbered)
                sheet->digest[0] = '\0';
        else if (given)
                (void) snprintf(sheet->digest, sizeof sheet->digest, "%s", given);
        else if (json_canonical(sheet->data, &canonical, NULL) < 0 ||
                 sha256_text(canonical, strlen(canonical), sheet->digest) < 0)
                sheet->digest[0] = '\0';
        utf8_trim(sheet->digest);
}

static void describe(cairo_surface_t *surface, const struct sheet *sheet) {
        const char *title = sheet->form->title[sheet->lang] ? sheet->form->title[sheet->lang]
                                                            : sheet->form->title[LANG_ES];
        _cleanup_free_ char *full = str_format("%s %s %s", sheet->form->id, title,
                                               json_text_or_empty(sheet->data, "number"));

        if (full)
                cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, full);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR,
                                       json_text_or_empty(sheet->data, "organisation"));
        if (sheet->form->measure)
                cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, sheet->form->measure);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "mpsi " MPSI_VERSION);
}

static double scale_of(const struct form *form) {
        return form->scale > 0 ? form->scale / 100.0 : 1;
}

static int render(struct sheet *sheet, cairo_surface_t *surface, struct error *err) {
        cairo_t *cr = cairo_create(surface);
        int r = typesetter_new(cr, false, &sheet->ts, err);

        sheet->cr = cr;
        cairo_scale(cr, scale_of(sheet->form), scale_of(sheet->form));
        if (r == 0) {
                r = place_all(sheet);
                sheet->draw = true;
                /* One root above all (ISO 32000-2 14.8.4.3), which stays open from page to page. */
                if (sheet->form->tagged)
                        cairo_tag_begin(cr, "Document", NULL);
                if (r == 0)
                        r = place_all(sheet);
                if (sheet->form->tagged)
                        cairo_tag_end(cr, "Document");
                if (r < 0)
                        r = fail(err, r, "No se puede componer el formulario %s.", "Form %s can't be composed.",
                                 sheet->form->id);
        }
        cairo_destroy(cr);
        return r == 0 ? output_finish(surface, err) : r;
}

int form_to_pdf(const char *forms, const char *id, enum lang lang, const json_t *data, const char *path,
                struct error *err) {
        _cleanup_(form_freep) struct form *form = NULL;
        _cleanup_(output_done) struct output out = { 0 };
        _cleanup_free_ struct sheet *sheet = calloc(1, sizeof *sheet);
        cairo_surface_t *surface;
        int r;

        if (!sheet)
                return fail_memory(err);
        if (!json_is_object(data))
                return fail(err, ERR_USAGE, "Los datos del formulario no son un objeto.",
                            "The form's data are no object.");
        r = form_load(forms, id, &form, err);
        if (r < 0)
                return r;
        sheet->form = form;
        sheet->data = data;
        sheet->lang = lang;
        sheet->width = (form->landscape ? A4_LONG : A4_SHORT) / scale_of(form);
        sheet->height = (form->landscape ? A4_SHORT : A4_LONG) / scale_of(form);
        sheet->left = form->landscape ? 36 : MARGIN;
        sheet->right = sheet->width - sheet->left;
        sheet->top = form->landscape ? 34 : TOP;
        sheet->bottom = sheet->height - (form->landscape ? 52 : FOOT);
        take_digest(sheet);
        surface = cairo_pdf_surface_create_for_stream(output_write, &out, form->landscape ? A4_LONG : A4_SHORT,
                                                      form->landscape ? A4_SHORT : A4_LONG);
        describe(surface, sheet);
        r = render(sheet, surface, err);
        cairo_surface_destroy(surface);
        typesetter_free(sheet->ts);
        return r == 0 ? output_save(&out, path, err) : r;
}

/* A cell that a spreadsheet would take for a formula gets an apostrophe in front. */
static void csv_cell(FILE *out, const char *text) {
        bool formula = *text && strchr("=+@\t\r", *text);
        bool minus = text[0] == '-' && !(text[1] >= '0' && text[1] <= '9') && text[1];

        (void) fputc('"', out);
        if (formula || minus)
                (void) fputc('\'', out);
        for (; *text; text++) {
                if (*text == '"')
                        (void) fputc('"', out);
                (void) fputc(*text, out);
        }
        (void) fputc('"', out);
}

static const struct form_block *main_table(const struct form *form) {
        const struct form_block *first = NULL;

        for (size_t i = 0; i < form->blocks_n; i++) {
                if (form->blocks[i].kind != &form_kind_table)
                        continue;
                if (form->blocks[i].main)
                        return &form->blocks[i];
                if (!first)
                        first = &form->blocks[i];
        }
        return first;
}

static void csv_row(FILE *out, const struct form_block *table, const json_t *row, size_t number, enum lang lang,
                    char *buffer) {
        for (size_t i = 0; i < table->items_n; i++) {
                const struct form_item *item = &table->items[i];

                if (i > 0)
                        (void) fputc(',', out);
                if (!row)
                        csv_cell(out, item->label[lang]);
                else if (strcmp(item->member, "#") == 0)
                        (void) fprintf(out, "\"%zu\"", number + 1);
                else /* bytes stay a number: a table is for computing with */
                        csv_cell(out, form_value(form_member(row, item->member),
                                                 item->show == SHOW_SIZE ? SHOW_TEXT : item->show, lang, buffer));
        }
        (void) fputs("\r\n", out);
}

int form_to_csv(const char *forms, const char *id, enum lang lang, const json_t *data, const char *path,
                struct error *err) {
        _cleanup_(form_freep) struct form *form = NULL;
        _cleanup_free_ char *text = NULL, *buffer = malloc(FORM_TEXT);
        const struct form_block *table;
        const json_t *row, *rows;
        size_t n = 0, i;
        FILE *out;
        int r = form_load(forms, id, &form, err);

        if (r < 0)
                return r;
        table = main_table(form);
        if (!table || !table->rows)
                return fail(err, ERR_USAGE, "El formulario %s no tiene tabla.", "Form %s has no table.", id);
        out = buffer ? open_memstream(&text, &n) : NULL;
        if (!out)
                return fail_memory(err);
        csv_row(out, table, NULL, 0, lang, buffer);
        rows = form_member(data, table->rows);
        json_array_foreach(rows, i, row) {
                csv_row(out, table, row, i, lang, buffer);
        }
        if (fclose(out) != 0)
                return fail_memory(err);
        return file_write(path, text, n, 0640, err);
}
