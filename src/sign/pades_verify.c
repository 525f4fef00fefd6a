#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"
#include "policy/rule.h"
#include "sign/appearance.h"
#include "sign/cms.h"
#include "sign/pades.h"
#include "sign/pades_parts.h"
#include "sign/pdf.h"
#include "sign/timestamp.h"

enum { OBJECTS_OF_A_SIGNATURE = 5 };

/* One revision under examination. */
struct check {
        struct pdf *pdf;
        size_t revision;
        X509 *ca;
        struct pdf_object catalog, page, widget, sig, appearance;
        const char *field;
        struct pdf_box box;
        int64_t moment;
        X509 *signer;
        X509_STORE *tsa;
        bool stamped;
        struct timestamp stamp;
        struct error *err;
};

#define BROKEN(check, es, en) refuse((check)->err, ERR_VERIFY, "S9", "%s%.0s", "%.0s%s", es, en)

/* Only keys of the list, each of them at most once (the reader sees to that). */
static bool only_keys(const struct pdf_value *dict, const char *const *keys) {
        if (!dict || dict->type != PDF_DICT)
                return false;
        for (size_t i = 0; i < dict->items_n; i += 2) {
                size_t k = 0;

                while (keys[k] && !pdf_is_name(dict->items[i], keys[k]))
                        k++;
                if (!keys[k])
                        return false;
        }
        return true;
}

static bool is_list_plus_one(const struct pdf_value *before, const struct pdf_value *after, uint32_t more) {
        size_t n = before ? before->items_n : 0;

        if ((before && before->type != PDF_ARRAY) || !after || after->type != PDF_ARRAY ||
            after->items_n != n + 1 || !pdf_is_ref_to(after->items[n], more))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!pdf_equal(before->items[i], after->items[i]))
                        return false;
        return true;
}

/* The objects follow one another without a byte between, up to the table; nothing hides in gaps. */
static int check_tiles(struct check *c) {
        const struct pdf_revision *revision = pdf_revision(c->pdf, c->revision);
        size_t at = revision->start;

        if (revision->entries_n != OBJECTS_OF_A_SIGNATURE)
                return BROKEN(c, "Una actualización del PDF trae algo más que una firma.",
                              "An update of the PDF brings something else than a signature.");
        for (size_t done = 0; done < revision->entries_n; done++) {
                struct pdf_object object;
                size_t i = 0;
                int r;

                while (i < revision->entries_n && revision->entries[i].offset != at)
                        i++;
                if (i == revision->entries_n)
                        return BROKEN(c, "Hay bytes ocultos entre los objetos del PDF.",
                                      "There are hidden bytes between the PDF's objects.");
                r = pdf_object(c->pdf, c->revision, revision->entries[i].number, &object, c->err);
                if (r < 0)
                        return r;
                at = object.end;
        }
        if (at != revision->xref)
                return BROKEN(c, "Hay bytes ocultos antes de la tabla del PDF.",
                              "There are hidden bytes before the PDF's table.");
        return 0;
}

static int check_trailer(struct check *c) {
        static const char *const keys[] = { "Size", "Root", "Info", "Prev", NULL };
        const struct pdf_value *now = pdf_revision(c->pdf, c->revision)->trailer;
        const struct pdf_value *before = pdf_revision(c->pdf, c->revision - 1)->trailer;
        const struct pdf_value *size = pdf_get(before, "Size"), *grown = pdf_get(now, "Size");

        if (!only_keys(now, keys) || !pdf_equal(pdf_get(now, "Root"), pdf_get(before, "Root")) ||
            !pdf_equal(pdf_get(now, "Info"), pdf_get(before, "Info")) || !size || !grown || !size->integer ||
            !grown->integer || size->number < 1 || size->number > INT32_MAX || grown->number != size->number + 3)
                return BROKEN(c, "Una actualización cambia el documento.", "An update changes the document.");
        return 0;
}

/* Whether the object is new in this revision: 0, 1, 2 after the old size. */
static bool is_new(const struct check *c, uint32_t number, int64_t which) {
        const struct pdf_value *size = pdf_get(pdf_revision(c->pdf, c->revision - 1)->trailer, "Size");

        return (int64_t) number == size->number + which;
}

static int load_parts(struct check *c) {
        const struct pdf_value *size = pdf_get(pdf_revision(c->pdf, c->revision - 1)->trailer, "Size");
        uint32_t first = (uint32_t) size->number;
        const struct pdf_value *page;
        int r = pdf_object(c->pdf, c->revision, first, &c->sig, c->err);

        if (r == 0)
                r = pdf_object(c->pdf, c->revision, first + 1, &c->appearance, c->err);
        if (r == 0)
                r = pdf_object(c->pdf, c->revision, first + 2, &c->widget, c->err);
        if (r == 0)
                r = pdf_catalog(c->pdf, c->revision, &c->catalog, c->err);
        if (r < 0)
                return r;
        page = pdf_get(c->widget.value, "P");
        if (!page || page->type != PDF_REF)
                return BROKEN(c, "Una firma no está en ninguna página.", "A signature is on no page.");
        r = pdf_object(c->pdf, c->revision, (uint32_t) page->number, &c->page, c->err);
        if (r < 0)
                return r;
        /* All five are written in this update; being five distinct numbers, there is no sixth. */
        for (int i = 0; i < OBJECTS_OF_A_SIGNATURE; i++) {
                const struct pdf_object *parts[] = { &c->sig, &c->appearance, &c->widget, &c->page, &c->catalog };

                if (parts[i]->start < pdf_revision(c->pdf, c->revision)->start)
                        return BROKEN(c, "Una actualización del PDF no es una firma.",
                                      "An update of the PDF is no signature.");
        }
        if (!is_new(c, c->sig.number, 0) || c->page.number >= first || c->catalog.number >= first ||
            c->page.number == c->catalog.number)
                return BROKEN(c, "Una actualización del PDF no es una firma.",
                              "An update of the PDF is no signature.");
        return 0;
}

static int check_catalog(struct check *c) {
        static const char *const keys[] = { "SigFlags", "Fields", NULL };
        struct pdf_object before;
        const struct pdf_value *form = pdf_get(c->catalog.value, "AcroForm"), *old, *flags;
        int r = pdf_catalog(c->pdf, c->revision - 1, &before, c->err);

        if (r < 0)
                return r;
        old = pdf_get(before.value, "AcroForm");
        flags = pdf_get(form, "SigFlags");
        if (!pdf_equal_except(before.value, c->catalog.value, "AcroForm") || !only_keys(form, keys) || !flags ||
            !flags->integer || flags->number != 3 ||
            !is_list_plus_one(pdf_get(old, "Fields"), pdf_get(form, "Fields"), c->widget.number))
                return BROKEN(c, "Una actualización cambia el catálogo del documento.",
                              "An update changes the document's catalogue.");
        return 0;
}

static int check_page(struct check *c) {
        struct pdf_object before;
        const struct pdf_value *annots;
        int r = pdf_object(c->pdf, c->revision - 1, c->page.number, &before, c->err);

        if (r == 0)
                r = pdf_resolve(c->pdf, c->revision - 1, pdf_get(before.value, "Annots"), &annots, c->err);
        if (r < 0)
                return r;
        if (!pdf_is_name(pdf_get(c->page.value, "Type"), "Page") || c->page.stream ||
            !pdf_equal_except(before.value, c->page.value, "Annots") ||
            !is_list_plus_one(annots, pdf_get(c->page.value, "Annots"), c->widget.number))
                return BROKEN(c, "Una actualización cambia una página.", "An update changes a page.");
        return 0;
}

/* The drawn signature stays inside the box that the original reserved for its name; without a box it is not drawn.
 */
static int check_widget(struct check *c) {
        static const char *const keys[] = { "Type", "Subtype", "FT", "F", "T", "V", "P", "Rect", "AP", NULL };
        static const char *const normal[] = { "N", NULL };
        const struct pdf_value *w = c->widget.value, *name = pdf_get(w, "T"), *rect = pdf_get(w, "Rect");
        const struct pdf_value *flags = pdf_get(w, "F");
        int64_t corners[4];
        int r;

        if (!only_keys(w, keys) || c->widget.stream || !pdf_is_name(pdf_get(w, "Subtype"), "Widget") ||
            !pdf_is_name(pdf_get(w, "FT"), "Sig") || !pdf_is_ref_to(pdf_get(w, "V"), c->sig.number) ||
            !only_keys(pdf_get(w, "AP"), normal) ||
            !pdf_is_ref_to(pdf_get(pdf_get(w, "AP"), "N"), c->appearance.number) || !name ||
            name->type != PDF_STRING || !flags || flags->number != 132 || !rect || rect->type != PDF_ARRAY ||
            rect->items_n != 4)
                return BROKEN(c, "El campo de una firma no es como debe.",
                              "A signature's field is not as it should be.");
        c->field = (const char *) name->bytes;
        if (strlen(c->field) != name->bytes_n || !text_is_plain(c->field))
                return BROKEN(c, "El campo de una firma no es como debe.",
                              "A signature's field is not as it should be.");
        r = pdf_signature_box(c->pdf, c->field, &c->box, c->err);
        if (r == ERR_NOT_FOUND)
                c->box = (struct pdf_box){ .page = c->page.number };
        else if (r < 0)
                return r;
        for (int i = 0; i < 4; i++)
                corners[i] = pdf_thousandths(rect->items[i]);
        if (c->box.page != c->page.number || corners[0] != c->box.left || corners[1] != c->box.bottom ||
            corners[2] != c->box.right || corners[3] != c->box.top)
                return BROKEN(c, "Una firma está dibujada fuera de su recuadro.",
                              "A signature is drawn outside its box.");
        return 0;
}

static int check_contents(struct check *c, const uint8_t **ret_der, size_t *ret_n) {
        const struct pdf_value *contents = pdf_get(c->sig.value, "Contents");
        const uint8_t *der;
        char digits[3];
        size_t n, room;

        if (!contents || contents->type != PDF_STRING ||
            (contents->bytes_n != PADES_CONTENTS && contents->bytes_n != PADES_CONTENTS_WAS) ||
            contents->raw_n != 2 + 2 * contents->bytes_n || contents->raw[0] != '<')
                return BROKEN(c, "El lugar de una firma no mide lo que debe.",
                              "A signature's place does not have its measure.");
        der = contents->bytes;
        room = contents->bytes_n;
        if (der[0] != 0x30 || der[1] != 0x82) /* a message of ours has 256 to 16384 bytes */
                return BROKEN(c, "Una firma no es un mensaje CMS.", "A signature is no CMS message.");
        n = 4 + ((size_t) der[2] << 8 | der[3]);
        for (size_t i = 0; i < room; i++) {
                if (i >= n && der[i])
                        return BROKEN(c, "Hay algo detrás de una firma.", "Something follows a signature.");
                hex_encode(der + i, 1, digits);
                if (memcmp(contents->raw + 1 + 2 * i, digits, 2) != 0)
                        return BROKEN(c, "Una firma no está escrita como debe.",
                                      "A signature is not written as it should be.");
        }
        if (n > room)
                return BROKEN(c, "Una firma no cabe en su lugar.", "A signature does not fit its place.");
        *ret_der = der;
        *ret_n = n;
        return 0;
}

/* From 0 to the end of this revision, and the gap is exactly /Contents. */
static int check_range(struct check *c, struct cms_content *ret) {
        const struct pdf_value *range = pdf_get(c->sig.value, "ByteRange");
        const struct pdf_value *contents = pdf_get(c->sig.value, "Contents");
        const uint8_t *data = pdf_bytes(c->pdf);
        size_t open = (size_t) (contents->raw - data), close = open + contents->raw_n;
        size_t end = pdf_revision(c->pdf, c->revision)->end;
        const size_t wanted[4] = { 0, open, close, end - close };

        if (!range || range->type != PDF_ARRAY || range->items_n != 4)
                return BROKEN(c, "Una firma no dice qué cubre.", "A signature does not say what it covers.");
        for (int i = 0; i < 4; i++)
                if (!range->items[i]->integer || range->items[i]->number < 0 ||
                    (size_t) range->items[i]->number != wanted[i])
                        return BROKEN(c, "Una firma no cubre todo el documento.",
                                      "A signature does not cover the whole document.");
        *ret = (struct cms_content){ { data, data + close }, { open, end - close } };
        return 0;
}

/* (D:YYYYMMDDHHMMSSZ) */
static int check_moment(struct check *c) {
        const struct pdf_value *when = pdf_get(c->sig.value, "M");
        const char *d = when && when->type == PDF_STRING && when->bytes_n == 17 ? (const char *) when->bytes : NULL;
        char text[TIME_TEXT];
        int64_t moment;

        if (!d || strncmp(d, "D:", 2) != 0 || d[16] != 'Z')
                return BROKEN(c, "Una firma no dice cuándo se hizo.", "A signature does not say when it was made.");
        (void) snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", d + 2, d + 6, d + 8, d + 10, d + 12,
                        d + 14);
        if (time_parse(text, &moment) < 0)
                return BROKEN(c, "Una firma no dice cuándo se hizo.", "A signature does not say when it was made.");
        if (moment < c->moment)
                return BROKEN(c, "Una firma es anterior a la que la precede.",
                              "A signature is older than the one before it.");
        c->moment = moment;
        return 0;
}

static int check_appearance(struct check *c) {
        int64_t width = c->box.right - c->box.left, height = c->box.top - c->box.bottom;

        for (int lang = 0; lang < LANGS; lang++) {
                _cleanup_free_ char *stream = NULL, *dictionary = appearance_dictionary(width, height),
                                    *whole = NULL;
                size_t n;
                int r = appearance_draw(c->signer, c->moment, (enum lang) lang, width, height, &stream, &n, c->err);

                if (r < 0)
                        return r;
                whole = dictionary ? str_format("<< %s /Length %zu >>", dictionary, n) : NULL;
                if (!whole)
                        return fail_memory(c->err);
                if (c->appearance.stream && c->appearance.stream_n == n &&
                    memcmp(c->appearance.stream, stream, n) == 0 && c->appearance.value->raw_n == strlen(whole) &&
                    memcmp(c->appearance.value->raw, whole, strlen(whole)) == 0)
                        return 0;
        }
        return BROKEN(c, "Lo dibujado en una firma no es lo que dice su certificado.",
                      "What is drawn in a signature is not what its certificate says.");
}

/* A time-stamp that is there is about this signature and whole; one that is trusted was made while the signer's
 * certificate was valid. */
static int check_stamp(struct check *c, const uint8_t *der, size_t n) {
        _cleanup_cms_parts_ struct cms_parts parts = { 0 };
        int r = cms_parts(der, n, &parts, c->err);

        c->stamped = r == 0 && parts.token;
        if (r < 0 || !parts.token)
                return r;
        r = timestamp_check(parts.token, parts.token_n, parts.signature, parts.signature_n, c->tsa, &c->stamp,
                            c->err);
        if (r == 0 && c->stamp.trusted)
                r = certificate_trusted(c->signer, c->ca, CERTIFICATE_PERSON, c->stamp.moment, c->err);
        return r;
}

static int check_signature(struct check *c) {
        static const char *const keys[] = { "Type", "Filter", "SubFilter", "ByteRange", "Contents",
                                            "M",    "Name",   "Reason",    "Location",  NULL };
        struct cms_content content;
        const uint8_t *der;
        size_t n;
        int r;

        if (!only_keys(c->sig.value, keys) || c->sig.stream ||
            !pdf_is_name(pdf_get(c->sig.value, "SubFilter"), "ETSI.CAdES.detached"))
                return BROKEN(c, "Una firma no es PAdES.", "A signature is not PAdES.");
        r = check_contents(c, &der, &n);
        if (r == 0)
                r = check_range(c, &content);
        if (r == 0)
                r = check_moment(c);
        if (r == 0)
                r = cms_verify(&content, der, n, &c->signer, c->err);
        if (r == 0)
                r = certificate_trusted(c->signer, c->ca, CERTIFICATE_PERSON, c->moment, c->err);
        if (r == 0)
                r = check_stamp(c, der, n);
        if (r < 0)
                return c->err && *c->err->rule ? r : error_by_rule(c->err, "S9", "mp.si.5");
        return check_appearance(c);
}

/* The original must be a plain document, so that nothing in it passes for a signature or fills a field later. */
static int check_original(struct check *c) {
        struct pdf_object catalog;
        int r = pdf_catalog(c->pdf, 0, &catalog, c->err);

        if (r < 0)
                return r;
        if (pdf_get(catalog.value, "AcroForm") || pdf_get(catalog.value, "OpenAction") ||
            pdf_get(catalog.value, "AA") || pdf_get(pdf_revision(c->pdf, 0)->trailer, "Prev"))
                return BROKEN(c, "El documento original trae formularios o acciones.",
                              "The original document has forms or actions.");
        return 0;
}

/* A text string as UTF-8 for the report: UTF-16BE with its mark, or ASCII. New reference. */
static json_t *text_of(const struct pdf_value *value) {
        char out[512];
        size_t n = 0;

        if (!value || value->type != PDF_STRING || value->bytes_n < 2 || value->bytes[0] != 0xfe ||
            value->bytes[1] != 0xff)
                return json_null();
        for (size_t i = 2; i + 1 < value->bytes_n && n + 8 < sizeof out; i += 2) {
                uint32_t unit = (uint32_t) value->bytes[i] << 8 | value->bytes[i + 1];

                if (unit >= 0xd800 && unit < 0xdc00 && i + 3 < value->bytes_n) {
                        unit = 0x10000 + ((unit - 0xd800) << 10) +
                               (((uint32_t) value->bytes[i + 2] << 8 | value->bytes[i + 3]) & 0x3ff);
                        i += 2;
                }
                if (unit < 0x80) {
                        out[n++] = (char) unit;
                } else if (unit < 0x800) {
                        out[n++] = (char) (0xc0 | unit >> 6);
                        out[n++] = (char) (0x80 | (unit & 0x3f));
                } else {
                        if (unit >= 0x10000) {
                                out[n++] = (char) (0xf0 | unit >> 18);
                                out[n++] = (char) (0x80 | (unit >> 12 & 0x3f));
                        } else {
                                out[n++] = (char) (0xe0 | unit >> 12);
                        }
                        out[n++] = (char) (0x80 | (unit >> 6 & 0x3f));
                        out[n++] = (char) (0x80 | (unit & 0x3f));
                }
        }
        out[n] = '\0';
        return utf8_valid(out, n) && text_is_plain(out) ? json_stringn(out, n) : json_null();
}

static json_t *stamp_report(const struct check *c) {
        char when[TIME_TEXT];

        if (!c->stamped)
                return json_null();
        time_format(c->stamp.moment, when);
        return json_pack("{s:s, s:s, s:s, s:b}", "time", when, "authority", c->stamp.authority, "fingerprint",
                         c->stamp.fingerprint, "trusted", c->stamp.trusted);
}

static json_t *report_of(struct check *c, struct error *err) {
        char name[128], account[64], title[128], organisation[128], when[TIME_TEXT], fingerprint[SHA256_TEXT];
        _cleanup_free_ char *pem = NULL;
        const char *digest = key_digest_name(X509_get0_pubkey(c->signer));

        if (certificate_fingerprint(c->signer, fingerprint, err) < 0 ||
            certificate_to_pem(c->signer, &pem, err) < 0)
                return NULL;
        certificate_subject(c->signer, "commonName", name, sizeof name);
        certificate_subject(c->signer, "userId", account, sizeof account);
        certificate_subject(c->signer, "title", title, sizeof title);
        certificate_subject(c->signer, "organizationName", organisation, sizeof organisation);
        time_format(c->moment, when);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:I, s:o}", "field", c->field, "name",
                         name, "account", account, "title", title, "organisation", organisation, "time", when,
                         "reason", text_of(pdf_get(c->sig.value, "Reason")), "algorithm",
                         digest && strcmp(digest, "SHA384") == 0 ? "ECDSA P-384 SHA-384" : "ECDSA P-256 SHA-256",
                         "fingerprint", fingerprint, "certificate", pem, "bytes",
                         (json_int_t) pdf_revision(c->pdf, c->revision)->end, "timestamp", stamp_report(c));
}

static int check_revision(struct check *c, json_t *signatures) {
        json_t *report;
        int r = check_trailer(c);

        if (r == 0)
                r = check_tiles(c);
        if (r == 0)
                r = load_parts(c);
        if (r == 0)
                r = check_catalog(c);
        if (r == 0)
                r = check_page(c);
        if (r == 0)
                r = check_widget(c);
        if (r == 0)
                r = check_signature(c);
        if (r == 0) {
                report = report_of(c, c->err);
                r = report && json_array_append_new(signatures, report) == 0 ? 0 : fail_memory(c->err);
        }
        X509_free(TAKE_PTR(c->signer));
        return r;
}

/* X1: who executes does not supervise; neither does a key sign twice. */
static int check_people(const json_t *signatures, const struct pades_expected *expected, struct error *err) {
        size_t i, j;
        json_t *a, *b;

        json_array_foreach(signatures, i, a) json_array_foreach(signatures, j, b) {
                const char *left = json_text_or_empty(a, "account"), *right = json_text_or_empty(b, "account");

                if (j <= i)
                        continue;
                if (strcmp(json_text_or_empty(a, "field"), json_text_or_empty(b, "field")) == 0)
                        return refuse(err, ERR_VERIFY, "S9", "Dos firmas ocupan el mismo campo.",
                                      "Two signatures fill the same field.");
                if (expected->distinct &&
                    (strcmp(json_text_or_empty(a, "fingerprint"), json_text_or_empty(b, "fingerprint")) == 0 ||
                     (*left && strcmp(left, right) == 0)))
                        return refuse(err, ERR_VERIFY, "X1", "«%s» ha firmado dos veces.",
                                      "\"%s\" has signed twice.", json_text_or_empty(a, "name"));
        }
        return 0;
}

static int check_fields(const json_t *signatures, const struct pades_expected *expected, struct error *err) {
        size_t n = json_array_size(signatures);

        if (n != expected->fields_n)
                return refuse(err, ERR_VERIFY, "S9", "El documento tiene %zu firmas y necesita %zu.",
                              "The document has %zu signatures and needs %zu.", n, expected->fields_n);
        for (size_t i = 0; expected->fields && i < n; i++) {
                const json_t *signature = json_array_get(signatures, i);
                const char *field = json_text_or_empty(signature, "field");
                bool seal = expected->seal && strcmp(expected->seal, expected->fields[i]) == 0;

                if (strcmp(field, expected->fields[i]) != 0)
                        return refuse(err, ERR_VERIFY, "S9", "La firma %zu es «%s» y debe ser «%s».",
                                      "Signature %zu is \"%s\" and must be \"%s\".", i + 1, field,
                                      expected->fields[i]);
                /* People have an account in their certificate and the seal has none. */
                if (seal == (*json_text_or_empty(signature, "account") != '\0'))
                        return refuse(err, ERR_VERIFY, "S9", "La firma «%s» no es de quien debe.",
                                      "The signature \"%s\" is not by whom it should be.", field);
        }
        return check_people(signatures, expected, err);
}

int pades_verify(const void *pdf, size_t n, X509 *ca, const struct pades_expected *expected, json_t **ret_report,
                 struct error *err) {
        _cleanup_(pdf_closep) struct pdf *file = NULL;
        _cleanup_json_ json_t *signatures = json_array();
        struct check check = { .ca = ca, .tsa = expected->tsa, .moment = INT64_MIN, .err = err };
        char digest[SHA256_TEXT], original[SHA256_TEXT];
        json_t *report;
        int r = pdf_open(pdf, n, &file, err);

        if (r < 0)
                return error_by_rule(err, "S9", "mp.si.5");
        if (!signatures)
                return fail_memory(err);
        check.pdf = file;
        r = check_original(&check);
        for (check.revision = 1; r == 0 && check.revision < pdf_revisions(file); check.revision++)
                r = check_revision(&check, signatures);
        if (r == 0)
                r = check_fields(signatures, expected, err);
        if (r < 0)
                return err && *err->rule ? r : error_by_rule(err, "S9", "mp.si.5");
        if (sha256_text(pdf, n, digest) < 0 || sha256_text(pdf, pdf_revision(file, 0)->end, original) < 0)
                return fail_openssl(err, "No se puede resumir el documento", "The document can't be digested");
        report = json_pack("{s:s, s:s, s:I, s:O}", "digest", digest, "original_digest", original, "original_bytes",
                           (json_int_t) pdf_revision(file, 0)->end, "signatures", signatures);
        if (!report)
                return fail_memory(err);
        *ret_report = report;
        return 0;
}
