/* What travels inside a certificate's PDF: the twin, the ledger's proofs, photos, reports, the provider's own
 * certificate. The twin names each by its SHA-256, the page prints it, and the signatures cover all of it. */
#include "certify/attachments.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "policy/rule.h"
#include "print/form.h"
#include "sign/pdf_attach.h"

/* --- what a file is ------------------------------------------------------------------------------------------- */

struct media_type {
        size_t at, n;
        const char *bytes, *name, *extension;
};

static const struct media_type media_types[] = {
        { 0, 5, "%PDF-", "application/pdf", "pdf" },
        { 0, 3, "\xff\xd8\xff", "image/jpeg", "jpg" },
        { 0, 8, "\x89PNG\r\n\x1a\n", "image/png", "png" },
        { 8, 4, "WEBP", "image/webp", "webp" },
        { 0, 4, "II*\0", "image/tiff", "tif" },
        { 0, 4, "MM\0*", "image/tiff", "tif" },
        { 4, 8, "ftypheic", "image/heic", "heic" },
        { 4, 8, "ftypheix", "image/heic", "heic" },
        { 4, 8, "ftypmif1", "image/heif", "heif" },
        { 4, 8, "ftypavif", "image/avif", "avif" },
        { 0, 1, "{", "application/json", "json" },
};

static const struct media_type *media_type_of(const char *data, size_t n) {
        static const struct media_type text = { .name = "text/plain", .extension = "txt" },
                                       binary = { .name = "application/octet-stream", .extension = "bin" };

        for (size_t i = 0; i < COUNT(media_types); i++)
                if (n >= media_types[i].at + media_types[i].n &&
                    memcmp(data + media_types[i].at, media_types[i].bytes, media_types[i].n) == 0)
                        return &media_types[i];
        return utf8_valid(data, n) ? &text : &binary;
}

/* --- the list in the twin ------------------------------------------------------------------------------------- */

struct gathering {
        struct act *act;
        json_t *list;
        int64_t total; /* bytes that are embedded so far */
};

/* One file of attachments/. What would make the document too big is named by its digest only, and says so. */
static int add(struct gathering *g, const char *stem, const char *digest, const char *relation, const char *es,
               const char *en, struct error *err) {
        _cleanup_free_ char *data = NULL, *name = NULL;
        const struct media_type *type;
        bool fits;
        size_t n;
        int r = certify_attachment(g->act, digest, &data, &n, err);

        if (r < 0)
                return r;
        type = media_type_of(data, n);
        name = str_format(strrchr(stem, '.') ? "%s" : "%s.%s", stem, type->extension);
        if (!name)
                return fail_memory(err);
        fits = g->total + (int64_t) n <= EMBEDDED_MAX_BYTES;
        g->total += fits ? (int64_t) n : 0;
        return json_array_append_new(g->list,
                                     json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:b}", "name", name, "sha256",
                                               digest, "bytes", (json_int_t) n, "media_type", type->name,
                                               "relation", relation, "es", es, "en", en, "embedded", fits))
                       ? fail_memory(err)
                       : 0;
}

/* The ledger's proof of one medium's act, as `ledger prove` writes it. */
static int add_proof(struct gathering *g, const json_t *of, struct error *err) {
        const char *medium = json_text_or_empty(json_object_get(of, "medium"), "id");
        _cleanup_free_ char *text = NULL, *stem = str_format("ledger-proof-%s.json", medium);
        char digest[SHA256_TEXT];
        int r = stem ? json_canonical(json_object_get(json_object_get(of, "ledger"), "proof"), &text, err)
                     : fail_memory(err);

        if (r == 0)
                r = act_attach(g->act, text, strlen(text), digest, err);
        return r < 0 ? r
                     : add(g, stem, digest, "Data", "Prueba de inclusión en el registro",
                           "Inclusion proof of the ledger", err);
}

static int add_photos(struct gathering *g, const json_t *twin, struct error *err) {
        const json_t *photos = json_object_get(twin, "photos"), *photo;
        size_t counts[2] = { 0, 0 }, i;

        json_array_foreach(photos, i, photo) {
                bool after = strcmp(json_text_or_empty(photo, "moment"), "after") == 0;
                const char *name = json_text_or_empty(photo, "name");
                _cleanup_free_ char *stem = str_format("photo-%s-%zu", after ? "after" : "before", ++counts[after]);
                _cleanup_free_ char *es = str_format("Foto de %s (%s)", after ? "después" : "antes", name),
                                    *en = str_format("Photo %s (%s)", after ? "after" : "before", name);
                int r = stem && es && en
                                ? add(g, stem, json_text_or_empty(photo, "sha256"), "Supplement", es, en, err)
                                : fail_memory(err);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* What the sanitization left in attachments/: [{name, sha256, media_type, es, en}]. A batch has its names by
 * medium. */
static int add_left(struct gathering *g, const json_t *of, bool batch, struct error *err) {
        const char *medium = json_text_or_empty(json_object_get(of, "medium"), "id");
        const json_t *left = json_object_get(of, "files"), *file;
        size_t i;

        json_array_foreach(left, i, file) {
                const char *given = json_text_or_empty(file, "name");
                _cleanup_free_ char *stem = batch ? str_format("%s-%s", medium, given) : strdup(given);
                int r = stem ? 0 : fail_memory(err);

                if (r == 0 && !file_name_safe(stem))
                        r = fail(err, ERR_VERIFY, "El nombre de un adjunto no es válido.",
                                 "The name of an attachment is not valid.");
                if (r == 0)
                        r = add(g, stem, json_text_or_empty(file, "sha256"), "Supplement",
                                json_text_or_empty(file, "es"), json_text_or_empty(file, "en"), err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_act(struct gathering *g, const json_t *of, bool batch, struct error *err) {
        int r = add_proof(g, of, err);

        return r < 0 ? r : add_left(g, of, batch, err);
}

int certify_attachments(struct act *act, json_t *twin, struct error *err) {
        const char *report = json_text(json_object_get(twin, "forensic"), "report");
        const char *provider = json_text(json_object_get(twin, "provider"), "certificate");
        const json_t *media = json_object_get(twin, "media"), *one;
        struct gathering g = { .act = act, .list = json_array() };
        size_t i;
        int r = g.list && json_object_set_new(twin, "attachments", g.list) == 0 ? 0 : fail_memory(err);

        if (r == 0 && !media)
                r = add_act(&g, twin, false, err);
        json_array_foreach(media, i, one) {
                if (r == 0)
                        r = add_act(&g, one, true, err);
        }
        if (r == 0 && report)
                r = add(&g, "forensic-report", report, "Supplement", "Informe forense", "Forensic report", err);
        if (r == 0 && provider)
                r = add(&g, "provider-certificate", provider, "Supplement", "Certificado del proveedor",
                        "The provider's own certificate", err);
        return r < 0 ? r : add_photos(&g, twin, err);
}

/* --- the PDF -------------------------------------------------------------------------------------------------- */

void certify_twin_name(const char *number, char out[TWIN_NAME]) {
        (void) snprintf(out, TWIN_NAME, "R-110-021-%s.json", number);
}

struct embedding {
        struct pdf_attachment *files;
        char **data; /* of the files that were read for this */
        size_t n;
};

static void embedding_done(struct embedding *e) {
        for (size_t i = 0; e->data && i < e->n; i++)
                free(e->data[i]);
        free(e->data);
        free(e->files);
}
#define _cleanup_embedding_ _cleanup_(embedding_done)

static int read_files(struct act *act, const json_t *twin, enum lang lang, struct embedding *e, struct error *err) {
        const json_t *list = json_object_get(twin, "attachments"), *item;
        size_t i;

        e->files = calloc(json_array_size(list) + 1, sizeof *e->files);
        e->data = calloc(json_array_size(list) + 1, sizeof *e->data);
        if (!e->files || !e->data)
                return fail_memory(err);
        json_array_foreach(list, i, item) {
                struct pdf_attachment *file = &e->files[e->n];
                int r;

                if (!json_flag(item, "embedded"))
                        continue;
                *file = (struct pdf_attachment){ .name = json_text(item, "name"),
                                                 .description = json_text(item, lang == LANG_EN ? "en" : "es"),
                                                 .media_type = json_text(item, "media_type"),
                                                 .relation = json_text(item, "relation") };
                r = certify_attachment(act, json_text(item, "sha256"), &e->data[e->n], &file->n, err);
                if (r < 0)
                        return r;
                file->data = e->data[e->n++];
        }
        return 0;
}

int certify_pdf(struct act *act, const json_t *twin, const char *text, const char *form, char ret_digest[65],
                struct error *err) {
        enum lang lang = certify_lang(act);
        _cleanup_embedding_ struct embedding e = { 0 };
        struct pdf_finish finish = { .lang = lang == LANG_EN ? "en" : "es", .moment = act_now(act) };
        _cleanup_free_ uint8_t *out = NULL;
        _cleanup_free_ char *plain = NULL;
        char name[TWIN_NAME];
        size_t plain_n, n;
        int r = file_read(form, CERTIFICATE_MAX_BYTES, &plain, &plain_n, err);

        if (r == 0)
                r = read_files(act, twin, lang, &e, err);
        if (r < 0)
                return r;
        certify_twin_name(json_text_or_empty(twin, "number"), name);
        e.files[e.n] = (struct pdf_attachment){ .name = name,
                                                .description = lang == LANG_EN ? "Machine-readable twin"
                                                                               : "Gemelo legible por máquina",
                                                .media_type = "application/json",
                                                .relation = "Alternative",
                                                .data = text,
                                                .n = strlen(text) };
        finish.attachments = e.files;
        finish.attachments_n = e.n + 1;
        r = pdf_finish(plain, plain_n, &finish, &out, &n, err);
        return r < 0 ? r : act_attach(act, out, n, ret_digest, err);
}

/* --- verifying ------------------------------------------------------------------------------------------------ */

struct found {
        json_t *files; /* name: {sha256, bytes} */
        const char *twin_name;
        char *twin;
        size_t twin_n;
};

static int take_found(void *context, const char *name, const void *data, size_t n, struct error *err) {
        struct found *f = context;
        char digest[SHA256_TEXT];

        if (sha256_text(data, n, digest) < 0 ||
            json_object_set_new(f->files, name, json_pack("{s:s, s:I}", "sha256", digest, "bytes", (json_int_t) n)))
                return fail_memory(err);
        if (strcmp(name, f->twin_name) != 0)
                return 0;
        f->twin = strndup(data, n);
        f->twin_n = n;
        return f->twin ? 0 : fail_memory(err);
}

int certify_embedded(const void *pdf, size_t n, const char *number, json_t **ret_files, char **ret_twin,
                     size_t *ret_n, struct error *err) {
        _cleanup_(pdf_closep) struct pdf *file = NULL;
        _cleanup_json_ json_t *files = json_object();
        char name[TWIN_NAME];
        struct found f = { .files = files, .twin_name = name };
        int r = files ? pdf_open(pdf, n, &file, err) : fail_memory(err);

        certify_twin_name(number, name);
        if (r == 0)
                r = pdf_attachments(file, take_found, &f, err);
        if (r < 0) {
                free(f.twin);
                return r;
        }
        *ret_files = TAKE_PTR(files);
        *ret_twin = f.twin;
        *ret_n = f.twin_n;
        return 0;
}

int certify_check_embedded(const json_t *files, const json_t *twin, const char *number, json_t **ret,
                           struct error *err) {
        const json_t *list = json_object_get(twin, "attachments"), *item;
        _cleanup_json_ json_t *report = json_array();
        char name[TWIN_NAME];
        size_t i, embedded = 1;

        if (!report)
                return fail_memory(err);
        certify_twin_name(number, name);
        json_array_foreach(list, i, item) {
                const char *digest = json_text_or_empty(item, "sha256");
                const json_t *there = json_object_get(files, json_text_or_empty(item, "name"));
                bool inside = json_flag(item, "embedded");

                embedded += inside;
                if (inside && (!there || strcmp(json_text_or_empty(there, "sha256"), digest) != 0))
                        return refuse(err, ERR_VERIFY, "S9", "El adjunto %s no es el que nombra el certificado.",
                                      "Attachment %s is not the one that the certificate names.",
                                      json_text_or_empty(item, "name"));
                if (json_array_append_new(report, json_pack("{s:s, s:s, s:s}", "name",
                                                            json_text_or_empty(item, "name"), "sha256", digest,
                                                            "result", inside ? "valid" : "by-digest-only")))
                        return fail_memory(err);
        }
        if (!json_object_get(files, name) || json_object_size(files) != embedded)
                return refuse(err, ERR_VERIFY, "S9", "El PDF lleva otros adjuntos que los que nombra su gemelo.",
                              "The PDF holds other attachments than those that its twin names.");
        *ret = TAKE_PTR(report);
        return 0;
}
