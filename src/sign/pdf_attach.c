#include "sign/pdf_attach.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "sign/pdf_text.h"

enum { ATTACHMENTS_MAX = 512 };

static int odd(struct error *err, const char *es, const char *en) {
        return fail(err, ERR_VERIFY, "%s%.0s", "%.0s%s", es, en);
}

/* --- writing ------------------------------------------------------------------------------------------------ */

/* The document being written: where each object stands, by its number. */
struct rewrite {
        struct pdf *pdf;
        const struct pdf_finish *finish;
        struct pdf_text out;
        size_t *offsets;
        uint32_t numbers, room; /* /Size so far, and of offsets */
};

static uint32_t begin(struct rewrite *w, uint32_t number) {
        w->offsets[number] = w->out.n;
        pdf_add(&w->out, "%" PRIu32 " 0 obj\n", number);
        return number;
}

/* Every object but the catalogue, byte for byte. */
static int copy_objects(struct rewrite *w, uint32_t catalog, struct error *err) {
        const struct pdf_revision *original = pdf_revision(w->pdf, 0);

        for (size_t i = 0; i < original->entries_n; i++) {
                const struct pdf_entry *entry = &original->entries[i];
                struct pdf_object object;
                int r;

                if (!entry->offset || entry->number == catalog)
                        continue;
                r = pdf_object(w->pdf, 0, entry->number, &object, err);
                if (r < 0)
                        return r;
                w->offsets[entry->number] = w->out.n;
                pdf_add_bytes(&w->out, pdf_bytes(w->pdf) + object.start, object.end - object.start);
        }
        return 0;
}

/* A name with what a name can't hold as #XX: "application#2fjson". */
static void add_name(struct pdf_text *out, const char *text) {
        pdf_add(out, "/");
        for (const uint8_t *p = (const uint8_t *) text; *p; p++)
                if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' ||
                    *p == '.' || *p == '+')
                        pdf_add_bytes(out, p, 1);
                else
                        pdf_add(out, "#%02x", *p);
}

/* Two objects: the stream and what names it. Returns the second's number. */
static uint32_t add_file(struct rewrite *w, const struct pdf_attachment *file) {
        uint32_t stream = w->numbers++, named = w->numbers++;
        char when[TIME_TEXT];

        time_format(w->finish->moment, when);
        (void) begin(w, stream);
        pdf_add(&w->out, "<< /Type /EmbeddedFile /Subtype ");
        add_name(&w->out, file->media_type);
        pdf_add(&w->out, " /Params << /Size %zu /ModDate (D:%.4s%.2s%.2s%.2s%.2s%.2sZ) >> /Length %zu >>\nstream\n",
                file->n, when, when + 5, when + 8, when + 11, when + 14, when + 17, file->n);
        pdf_add_bytes(&w->out, file->data, file->n);
        pdf_add(&w->out, "\nendstream\nendobj\n");
        (void) begin(w, named);
        pdf_add(&w->out, "<< /Type /Filespec /F (%s) /UF (%s)", file->name, file->name);
        pdf_add_utf8(&w->out, "Desc", file->description);
        pdf_add(&w->out, " /AFRelationship /%s /EF << /F %" PRIu32 " 0 R /UF %" PRIu32 " 0 R >> >>\nendobj\n",
                file->relation, stream, stream);
        return named;
}

static int compare_names(const void *a, const void *b) {
        const struct pdf_attachment *const *left = a, *const *right = b;

        return strcmp((*left)->name, (*right)->name);
}

/* ISO 32000-1 7.9.6: the names of a tree's leaf are in order. */
static int sorted(const struct pdf_finish *finish, const struct pdf_attachment ***ret, struct error *err) {
        const struct pdf_attachment **list = calloc(finish->attachments_n + 1, sizeof(struct pdf_attachment *));

        if (!list)
                return fail_memory(err);
        for (size_t i = 0; i < finish->attachments_n; i++)
                list[i] = &finish->attachments[i];
        qsort(list, finish->attachments_n, sizeof *list, compare_names);
        for (size_t i = 0; i < finish->attachments_n; i++)
                if (!file_name_safe(list[i]->name) || (i > 0 && strcmp(list[i - 1]->name, list[i]->name) == 0)) {
                        free(list);
                        return fail(err, ERR_USAGE, "Un adjunto no tiene un nombre válido y único.",
                                    "An attachment does not have a valid name of its own.");
                }
        *ret = list;
        return 0;
}

static void add_names(struct rewrite *w, const struct pdf_value *before, const struct pdf_attachment **files,
                      const uint32_t *objects) {
        size_t n = w->finish->attachments_n;

        pdf_add(&w->out, " /Names ");
        if (before && before->type == PDF_DICT)
                pdf_add_dict_except(&w->out, before, (const char *const[]){ "EmbeddedFiles", NULL });
        else
                pdf_add(&w->out, "<<");
        if (n) {
                pdf_add(&w->out, " /EmbeddedFiles << /Names [");
                for (size_t i = 0; i < n; i++)
                        pdf_add(&w->out, " (%s) %" PRIu32 " 0 R", files[i]->name, objects[i]);
                pdf_add(&w->out, " ] >>");
        }
        pdf_add(&w->out, " >>");
}

static int add_catalog(struct rewrite *w, const struct pdf_object *catalog, const struct pdf_attachment **files,
                       const uint32_t *objects, struct error *err) {
        static const char *const ours[] = { "Names",    "Lang",       "AF",
                                            "Version",  "MarkInfo",   "ViewerPreferences",
                                            "AcroForm", "OpenAction", "AA",
                                            NULL };
        const struct pdf_value *names;
        int r = pdf_resolve(w->pdf, 0, pdf_get(catalog->value, "Names"), &names, err);

        if (r < 0)
                return r;
        (void) begin(w, catalog->number);
        pdf_add_dict_except(&w->out, catalog->value, ours);
        add_names(w, names, files, objects);
        pdf_add(&w->out, " /Lang (%s) /ViewerPreferences << /DisplayDocTitle true >>", w->finish->lang);
        if (pdf_get(catalog->value, "StructTreeRoot"))
                pdf_add(&w->out, " /MarkInfo << /Marked true >>");
        if (w->finish->attachments_n) {
                pdf_add(&w->out, " /AF [");
                for (size_t i = 0; i < w->finish->attachments_n; i++)
                        pdf_add(&w->out, " %" PRIu32 " 0 R", objects[i]);
                pdf_add(&w->out, " ]");
        }
        pdf_add(&w->out, " >>\nendobj\n");
        return 0;
}

/* Numbers that nothing uses would be freed entries, which the reader refuses: each run of used ones is a section.
 */
static void add_table(struct rewrite *w) {
        const struct pdf_value *info = pdf_get(pdf_revision(w->pdf, 0)->trailer, "Info");
        const struct pdf_value *root = pdf_get(pdf_revision(w->pdf, 0)->trailer, "Root");
        size_t xref = w->out.n;

        pdf_add(&w->out, "xref\n");
        for (uint32_t from = 0, to; from < w->numbers; from = to) {
                to = from + 1;
                if (from && !w->offsets[from])
                        continue;
                while (to < w->numbers && w->offsets[to])
                        to++;
                pdf_add(&w->out, "%" PRIu32 " %" PRIu32 "\n", from, to - from);
                for (uint32_t i = from; i < to; i++)
                        pdf_add(&w->out, i ? "%010zu 00000 n \n" : "%010zu 65535 f \n", w->offsets[i]);
        }
        pdf_add(&w->out, "trailer\n<< /Size %" PRIu32 " /Root %" PRId64 " 0 R", w->numbers, root->number);
        if (info && info->type == PDF_REF)
                pdf_add(&w->out, " /Info %" PRId64 " 0 R", info->number);
        pdf_add(&w->out, " >>\nstartxref\n%zu\n%%%%EOF\n", xref);
}

static int rewrite(struct rewrite *w, const struct pdf_attachment **files, struct error *err) {
        uint32_t objects[ATTACHMENTS_MAX];
        struct pdf_object catalog;
        int r = pdf_catalog(w->pdf, 0, &catalog, err);

        if (r < 0)
                return r;
        /* 2.0 knows AF; every reader of 1.7 reads past it. The second line tells programs that this is binary. */
        pdf_add(&w->out, "%%PDF-1.7\n%%\xb5\xed\xae\xfb\n");
        r = copy_objects(w, catalog.number, err);
        for (size_t i = 0; r == 0 && i < w->finish->attachments_n; i++)
                objects[i] = add_file(w, files[i]);
        if (r == 0)
                r = add_catalog(w, &catalog, files, objects, err);
        if (r < 0)
                return r;
        add_table(w);
        return w->out.failed ? fail_memory(err) : 0;
}

int pdf_finish(const void *pdf, size_t n, const struct pdf_finish *finish, uint8_t **ret, size_t *ret_n,
               struct error *err) {
        _cleanup_(pdf_closep) struct pdf *file = NULL;
        _cleanup_free_ const struct pdf_attachment **files = NULL;
        _cleanup_free_ size_t *offsets = NULL;
        struct rewrite w = { .finish = finish };
        int r = pdf_open(pdf, n, &file, err);

        if (r < 0)
                return r;
        if (pdf_revisions(file) != 1)
                return fail(err, ERR_CONFLICT, "El documento ya está firmado.", "The document is signed already.");
        if (finish->attachments_n > ATTACHMENTS_MAX)
                return fail(err, ERR_USAGE, "Demasiados adjuntos.", "Too many attachments.");
        r = sorted(finish, &files, err);
        if (r < 0)
                return r;
        w.pdf = file;
        w.numbers = (uint32_t) pdf_get(pdf_revision(file, 0)->trailer, "Size")->number;
        w.room = w.numbers + 2 * (uint32_t) finish->attachments_n;
        w.offsets = offsets = calloc(w.room, sizeof *offsets);
        r = offsets ? rewrite(&w, files, err) : fail_memory(err);
        if (r < 0) {
                free(w.out.text);
                return r;
        }
        *ret = (uint8_t *) w.out.text;
        *ret_n = w.out.n;
        return 0;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

static bool text_is(const struct pdf_value *value, const struct pdf_value *name) {
        return value && value->type == PDF_STRING && value->bytes_n == name->bytes_n &&
               memcmp(value->bytes, name->bytes, name->bytes_n) == 0;
}

/* The stream of one file, in clear, whose two names agree. */
static int read_file(struct pdf *pdf, const struct pdf_value *name, const struct pdf_value *reference,
                     struct pdf_object *ret, struct error *err) {
        const struct pdf_value *named, *where;
        int r = pdf_resolve(pdf, 0, reference, &named, err);

        if (r < 0)
                return r;
        where = pdf_get(pdf_get(named, "EF"), "F");
        if (!pdf_is_name(pdf_get(named, "Type"), "Filespec") || !text_is(pdf_get(named, "F"), name) ||
            !text_is(pdf_get(named, "UF"), name) || !where || where->type != PDF_REF ||
            !pdf_is_ref_to(pdf_get(pdf_get(named, "EF"), "UF"), (uint32_t) where->number))
                return odd(err, "Un adjunto del PDF no es como debe.",
                           "An attachment of the PDF is not as it should be.");
        r = pdf_object(pdf, 0, (uint32_t) where->number, ret, err);
        if (r < 0)
                return r;
        if (!ret->stream || !pdf_is_name(pdf_get(ret->value, "Type"), "EmbeddedFile") ||
            pdf_get(ret->value, "Filter") || pdf_get(ret->value, "F"))
                return odd(err, "Un adjunto del PDF no está en claro.",
                           "An attachment of the PDF does not stand in clear.");
        return 0;
}

int pdf_attachments(struct pdf *pdf,
                    int (*each)(void *context, const char *name, const void *data, size_t n, struct error *err),
                    void *context, struct error *err) {
        const struct pdf_value *names, *tree, *list, *before = NULL, *related;
        struct pdf_object catalog, file;
        int r = pdf_catalog(pdf, 0, &catalog, err);

        if (r == 0)
                r = pdf_resolve(pdf, 0, pdf_get(catalog.value, "Names"), &names, err);
        if (r == 0)
                r = pdf_resolve(pdf, 0, pdf_get(names, "EmbeddedFiles"), &tree, err);
        if (r < 0)
                return r;
        related = pdf_get(catalog.value, "AF");
        if (!tree)
                return related ? odd(err, "El PDF nombra adjuntos que no tiene.",
                                     "The PDF names attachments that it does not have.")
                               : 0;
        list = pdf_get(tree, "Names");
        if (tree->type != PDF_DICT || tree->items_n != 2 || !list || list->type != PDF_ARRAY || list->items_n % 2 ||
            list->items_n > 2 * (size_t) ATTACHMENTS_MAX || !related || related->type != PDF_ARRAY ||
            related->items_n != list->items_n / 2)
                return odd(err, "Los adjuntos del PDF no están como deben.",
                           "The PDF's attachments are not as they should be.");
        for (size_t i = 0; i + 1 < list->items_n; i += 2) {
                const struct pdf_value *name = list->items[i];

                if (name->type != PDF_STRING || strlen((const char *) name->bytes) != name->bytes_n ||
                    !file_name_safe((const char *) name->bytes) ||
                    !pdf_equal(list->items[i + 1], related->items[i / 2]) ||
                    (before && strcmp((const char *) before->bytes, (const char *) name->bytes) >= 0))
                        return odd(err, "Los nombres de los adjuntos del PDF no son como deben.",
                                   "The names of the PDF's attachments are not as they should be.");
                before = name;
                r = read_file(pdf, name, list->items[i + 1], &file, err);
                if (r == 0)
                        r = each(context, (const char *) name->bytes, file.stream, file.stream_n, err);
                if (r != 0)
                        return r;
        }
        return 0;
}
