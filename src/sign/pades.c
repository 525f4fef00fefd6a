#include "sign/pades.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "sign/appearance.h"
#include "sign/cms.h"
#include "sign/pades_parts.h"
#include "sign/pdf_text.h"

enum { SIG, APPEARANCE, WIDGET, PAGE, CATALOG, PARTS };

/* One update being written after the file so far. */
struct update {
        const uint8_t *before;
        size_t before_n;
        struct pdf_text out;
        uint32_t numbers[PARTS];
        size_t offsets[PARTS];  /* in the whole file */
        size_t range, contents; /* where the placeholders are, in the update's text */
};

static void begin(struct update *u, int part) {
        u->offsets[part] = u->before_n + u->out.n;
        pdf_add(&u->out, "%" PRIu32 " 0 obj\n", u->numbers[part]);
}

/* The room that the message is put into. */
static void add_zeros(struct pdf_text *out) {
        char zeros[1024];

        memset(zeros, '0', sizeof zeros);
        for (size_t i = 0; i < 2 * (size_t) PADES_CONTENTS; i += sizeof zeros)
                pdf_add_bytes(out, zeros, sizeof zeros);
}

static void add_sig(struct update *u, const struct pades_request *request) {
        char when[TIME_TEXT], name[128];

        time_format(request->moment, when);
        begin(u, SIG);
        pdf_add(&u->out, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached\n/ByteRange ");
        u->range = u->out.n;
        pdf_add(&u->out, "%-*s\n/Contents ", PADES_RANGE_WIDTH, "[0 0 0 0]");
        u->contents = u->out.n;
        pdf_add(&u->out, "<");
        add_zeros(&u->out);
        pdf_add(&u->out, ">\n/M (D:%.4s%.2s%.2s%.2s%.2s%.2sZ)", when, when + 5, when + 8, when + 11, when + 14,
                when + 17);
        certificate_subject(request->certificate, "commonName", name, sizeof name);
        pdf_add_utf8(&u->out, "Name", name);
        pdf_add_utf8(&u->out, "Reason", request->reason);
        pdf_add_utf8(&u->out, "Location", request->location);
        pdf_add(&u->out, " >>\nendobj\n");
}

static int add_appearance(struct update *u, const struct pades_request *request, const struct pdf_box *box,
                          struct error *err) {
        int64_t width = box->right - box->left, height = box->top - box->bottom;
        _cleanup_free_ char *stream = NULL, *dictionary = appearance_dictionary(width, height);
        size_t n;
        int r = appearance_draw(request->certificate, request->moment, request->lang, width, height, &stream, &n,
                                err);

        if (r < 0)
                return r;
        if (!dictionary)
                return fail_memory(err);
        begin(u, APPEARANCE);
        pdf_add(&u->out, "<< %s /Length %zu >>\nstream\n", dictionary, n);
        pdf_add_bytes(&u->out, stream, n);
        pdf_add(&u->out, "\nendstream\nendobj\n");
        return 0;
}

static void add_widget(struct update *u, const struct pades_request *request, const struct pdf_box *box) {
        char corner[4][24];

        thousandths_format(box->left, corner[0]);
        thousandths_format(box->bottom, corner[1]);
        thousandths_format(box->right, corner[2]);
        thousandths_format(box->top, corner[3]);
        begin(u, WIDGET);
        /* F 132: printed, and locked against moving. */
        pdf_add(&u->out,
                "<< /Type /Annot /Subtype /Widget /FT /Sig /F 132 /T (%s) /V %" PRIu32 " 0 R /P %" PRIu32
                " 0 R /Rect [%s %s %s %s] /AP << /N %" PRIu32 " 0 R >> >>\nendobj\n",
                request->field, u->numbers[SIG], u->numbers[PAGE], corner[0], corner[1], corner[2], corner[3],
                u->numbers[APPEARANCE]);
}

static void add_list(struct update *u, const char *key, const struct pdf_value *before, uint32_t more) {
        pdf_add(&u->out, " /%s [", key);
        for (size_t i = 0; before && i < before->items_n; i++) {
                pdf_add_value(&u->out, before->items[i]);
                pdf_add(&u->out, " ");
        }
        pdf_add(&u->out, "%" PRIu32 " 0 R]", more);
}

static int array_of(struct pdf *pdf, size_t revision, const struct pdf_value *dict, const char *key,
                    const struct pdf_value **ret, struct error *err) {
        const struct pdf_value *list;
        int r = pdf_resolve(pdf, revision, pdf_get(dict, key), &list, err);

        if (r < 0)
                return r;
        if (list && list->type != PDF_ARRAY)
                return fail(err, ERR_VERIFY, "El PDF tiene una lista que no lo es.",
                            "The PDF has a list that is none.");
        *ret = list;
        return 0;
}

static int add_page(struct update *u, struct pdf *pdf, size_t last, struct error *err) {
        struct pdf_object page;
        const struct pdf_value *annots;
        int r = pdf_object(pdf, last, u->numbers[PAGE], &page, err);

        if (r == 0)
                r = array_of(pdf, last, page.value, "Annots", &annots, err);
        if (r < 0)
                return r;
        if (!pdf_is_name(pdf_get(page.value, "Type"), "Page"))
                return fail(err, ERR_VERIFY, "El lugar de la firma no está en una página.",
                            "The signature's place is not on a page.");
        begin(u, PAGE);
        pdf_add_dict_except(&u->out, page.value, (const char *const[]){ "Annots", NULL });
        add_list(u, "Annots", annots, u->numbers[WIDGET]);
        pdf_add(&u->out, " >>\nendobj\n");
        return 0;
}

static int add_catalog(struct update *u, struct pdf *pdf, size_t last, const struct pdf_object *catalog,
                       struct error *err) {
        const struct pdf_value *form, *fields;
        int r = pdf_resolve(pdf, last, pdf_get(catalog->value, "AcroForm"), &form, err);

        if (r == 0)
                r = array_of(pdf, last, form, "Fields", &fields, err);
        if (r < 0)
                return r;
        begin(u, CATALOG);
        pdf_add_dict_except(&u->out, catalog->value, (const char *const[]){ "AcroForm", NULL });
        pdf_add(&u->out, " /AcroForm << /SigFlags 3");
        add_list(u, "Fields", fields, u->numbers[WIDGET]);
        pdf_add(&u->out, " >> >>\nendobj\n");
        return 0;
}

static void add_xref(struct update *u, uint32_t size, const struct pdf_revision *last) {
        size_t xref;
        bool done[PARTS] = { false };
        const struct pdf_value *root = pdf_get(last->trailer, "Root"), *info = pdf_get(last->trailer, "Info");

        xref = u->before_n + u->out.n;
        pdf_add(&u->out, "xref\n");
        for (int i = 0; i < PARTS; i++) { /* five at most: the smallest that is left, each time */
                int least = -1;

                for (int p = 0; p < PARTS; p++)
                        if (!done[p] && (least < 0 || u->numbers[p] < u->numbers[least]))
                                least = p;
                done[least] = true;
                pdf_add(&u->out, "%" PRIu32 " 1\n%010zu 00000 n \n", u->numbers[least], u->offsets[least]);
        }
        pdf_add(&u->out, "trailer\n<< /Size %" PRIu32 " /Root %" PRId64 " 0 R", size, root->number);
        if (info && info->type == PDF_REF)
                pdf_add(&u->out, " /Info %" PRId64 " 0 R", info->number);
        pdf_add(&u->out, " /Prev %zu >>\nstartxref\n%zu\n%%%%EOF\n", last->xref, xref);
}

static int field_is_new(struct pdf *pdf, size_t last, const struct pdf_object *catalog, const char *field,
                        struct error *err) {
        const struct pdf_value *form, *fields;
        int r = pdf_resolve(pdf, last, pdf_get(catalog->value, "AcroForm"), &form, err);

        if (r == 0)
                r = array_of(pdf, last, form, "Fields", &fields, err);
        for (size_t i = 0; r == 0 && fields && i < fields->items_n; i++) {
                const struct pdf_value *widget, *name;

                r = pdf_resolve(pdf, last, fields->items[i], &widget, err);
                name = r == 0 ? pdf_get(widget, "T") : NULL;
                if (name && name->type == PDF_STRING && strcmp((const char *) name->bytes, field) == 0)
                        return fail(err, ERR_CONFLICT, "El documento ya tiene la firma «%s».",
                                    "The document already has the signature \"%s\".", field);
        }
        return r;
}

static int number_parts(struct update *u, struct pdf *pdf, size_t last, const struct pades_request *request,
                        struct pdf_box *box, uint32_t *ret_size, struct error *err) {
        const struct pdf_value *size = pdf_get(pdf_revision(pdf, last)->trailer, "Size");
        struct pdf_object catalog;
        int r = pdf_catalog(pdf, last, &catalog, err);

        if (r == 0)
                r = field_is_new(pdf, last, &catalog, request->field, err);
        if (r < 0)
                return r;
        r = pdf_signature_box(pdf, request->field, box, err);
        if (r == ERR_NOT_FOUND) { /* no place for it: a signature that is not drawn */
                *box = (struct pdf_box){ 0 };
                r = pdf_first_page(pdf, &box->page, err);
        }
        if (r < 0)
                return r;
        if (box->page >= size->number || catalog.number >= size->number || box->page == catalog.number)
                return fail(err, ERR_VERIFY, "El PDF no tiene catálogo y páginas como debe.",
                            "The PDF does not have its catalogue and pages as it should.");
        for (int i = SIG; i <= WIDGET; i++)
                u->numbers[i] = (uint32_t) size->number + (uint32_t) i;
        u->numbers[PAGE] = box->page;
        u->numbers[CATALOG] = catalog.number;
        *ret_size = (uint32_t) size->number + 3;
        return 0;
}

static int write_update(struct update *u, struct pdf *pdf, const struct pades_request *request, struct error *err) {
        size_t last = pdf_revisions(pdf) - 1;
        struct pdf_object catalog;
        struct pdf_box box;
        uint32_t size;
        int r = number_parts(u, pdf, last, request, &box, &size, err);

        if (r == 0)
                r = pdf_catalog(pdf, last, &catalog, err);
        if (r < 0)
                return r;
        add_sig(u, request);
        r = add_appearance(u, request, &box, err);
        if (r < 0)
                return r;
        add_widget(u, request, &box);
        r = add_page(u, pdf, last, err);
        if (r == 0)
                r = add_catalog(u, pdf, last, &catalog, err);
        if (r < 0)
                return r;
        add_xref(u, size, pdf_revision(pdf, last));
        return u->out.failed ? fail_memory(err) : 0;
}

/* Fills in the byte range, signs what it covers, and puts the signature into its place. */
static int fill(uint8_t *file, size_t n, const struct update *u, const struct pades_request *request,
                struct error *err) {
        size_t open = u->before_n + u->contents, close = open + 2 + 2 * (size_t) PADES_CONTENTS;
        struct cms_content content = { { file, file + close }, { open, n - close } };
        char range[PADES_RANGE_WIDTH + 1], text[PADES_RANGE_WIDTH + 1];
        _cleanup_free_ uint8_t *der = NULL;
        _cleanup_free_ char *hex = NULL;
        size_t der_n;
        int r;

        if (snprintf(range, sizeof range, "[0 %zu %zu %zu]", open, close, n - close) >= (int) sizeof range)
                return fail(err, ERR_FAILED, "El PDF es demasiado grande.", "The PDF is too big.");
        (void) snprintf(text, sizeof text, "%-*s", PADES_RANGE_WIDTH, range);
        memcpy(file + u->before_n + u->range, text, PADES_RANGE_WIDTH);
        r = cms_sign(&content, request->key, request->certificate, &der, &der_n, err);
        if (r < 0)
                return r;
        if (der_n > PADES_CONTENTS)
                return fail(err, ERR_FAILED, "La firma no cabe en su lugar.",
                            "The signature does not fit its place.");
        hex = malloc(2 * der_n + 1);
        if (!hex)
                return fail_memory(err);
        hex_encode(der, der_n, hex);
        memcpy(file + open + 1, hex, 2 * der_n);
        return 0;
}

static bool field_name_fits(const char *field) {
        return !str_empty(field) && strlen(field) <= 32 &&
               field[strspn(field, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

int pades_sign(const void *pdf, size_t n, const struct pades_request *request, uint8_t **ret, size_t *ret_n,
               struct error *err) {
        _cleanup_(pdf_closep) struct pdf *file = NULL;
        struct update update = { .before = pdf, .before_n = n };
        _cleanup_free_ uint8_t *out = NULL;
        int r;

        if (!field_name_fits(request->field) ||
            !utf8_valid(request->reason ? request->reason : "", request->reason ? strlen(request->reason) : 0))
                return fail(err, ERR_USAGE, "La firma no tiene un nombre válido.",
                            "The signature does not have a valid name.");
        r = pdf_open(pdf, n, &file, err);
        if (r == 0)
                r = write_update(&update, file, request, err);
        if (r == 0) {
                out = malloc(n + update.out.n);
                r = out ? 0 : fail_memory(err);
        }
        if (r == 0) {
                memcpy(out, pdf, n);
                memcpy(out + n, update.out.text, update.out.n);
                r = fill(out, n + update.out.n, &update, request, err);
        }
        free(update.out.text);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(out);
        *ret_n = n + update.out.n;
        return 0;
}

int pades_count(const void *pdf, size_t n, struct error *err) {
        _cleanup_(pdf_closep) struct pdf *file = NULL;
        int r = pdf_open(pdf, n, &file, err);

        return r < 0 ? r : (int) pdf_revisions(file) - 1;
}
