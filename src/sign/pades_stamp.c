/* Time-stamps put into the last signature of a file: nothing covers that signature's own message yet, so its place
 * can take the token without breaking anything. Level B-T (ETSI EN 319 142-1). */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "sign/cms.h"
#include "sign/pades.h"
#include "sign/pades_parts.h"
#include "sign/pdf.h"
#include "sign/timestamp.h"

/* Where the last signature's message stands in the file. */
struct place {
        uint8_t *der;             /* a copy, to be freed */
        size_t der_n, open, room; /* open: of the "<"; room: bytes that it may take */
};

static int find_place(const uint8_t *data, size_t n, struct place *ret, struct error *err) {
        _cleanup_(pdf_closep) struct pdf *pdf = NULL;
        const struct pdf_value *size, *contents;
        struct pdf_object sig;
        size_t last;
        int r = pdf_open(data, n, &pdf, err);

        if (r < 0)
                return r;
        last = pdf_revisions(pdf) - 1;
        size = last ? pdf_get(pdf_revision(pdf, last - 1)->trailer, "Size") : NULL;
        if (!size)
                return fail(err, ERR_VERIFY, "El documento no está firmado.", "The document is not signed.");
        r = pdf_object(pdf, last, (uint32_t) size->number, &sig, err);
        if (r < 0)
                return r;
        contents = pdf_get(sig.value, "Contents");
        if (!contents || contents->type != PDF_STRING || contents->raw_n != 2 + 2 * contents->bytes_n ||
            contents->raw[0] != '<' || contents->bytes_n < 4 || contents->bytes[0] != 0x30 ||
            contents->bytes[1] != 0x82)
                return fail(err, ERR_VERIFY, "La última firma no es PAdES.", "The last signature is not PAdES.");
        ret->open = (size_t) (contents->raw - data);
        ret->room = contents->bytes_n;
        ret->der_n = 4 + ((size_t) contents->bytes[2] << 8 | contents->bytes[3]);
        if (ret->der_n > ret->room)
                return fail(err, ERR_VERIFY, "La última firma no es PAdES.", "The last signature is not PAdES.");
        ret->der = malloc(ret->der_n);
        if (!ret->der)
                return fail_memory(err);
        memcpy(ret->der, contents->bytes, ret->der_n);
        return 0;
}

int pades_stamp_query(const void *pdf, size_t n, uint8_t **ret, size_t *ret_n, struct error *err) {
        _cleanup_cms_parts_ struct cms_parts parts = { 0 };
        struct place place;
        int r = find_place(pdf, n, &place, err);
        _cleanup_free_ uint8_t *der = r == 0 ? place.der : NULL;

        if (r == 0)
                r = cms_parts(der, place.der_n, &parts, err);
        if (r < 0)
                return r;
        if (parts.token)
                return fail(err, ERR_CONFLICT, "La firma ya tiene su sello de tiempo.",
                            "The signature has its time-stamp already.");
        return timestamp_query(parts.signature, parts.signature_n, ret, ret_n, err);
}

int pades_stamp(const void *pdf, size_t n, const uint8_t *query, size_t query_n, const uint8_t *answer,
                size_t answer_n, X509_STORE *trust, uint8_t **ret, struct timestamp *ret_stamp, struct error *err) {
        _cleanup_cms_parts_ struct cms_parts parts = { 0 };
        _cleanup_free_ uint8_t *token = NULL, *stamped = NULL, *out = NULL;
        struct timestamp stamp;
        struct place place;
        size_t token_n, stamped_n;
        int r = find_place(pdf, n, &place, err);
        _cleanup_free_ uint8_t *der = r == 0 ? place.der : NULL;
        _cleanup_free_ char *hex = NULL;

        if (r == 0)
                r = cms_parts(der, place.der_n, &parts, err);
        if (r == 0)
                r = timestamp_token(query, query_n, answer, answer_n, &token, &token_n, err);
        if (r == 0)
                r = timestamp_check(token, token_n, parts.signature, parts.signature_n, trust, &stamp, err);
        if (r == 0)
                r = cms_stamp(der, place.der_n, token, token_n, &stamped, &stamped_n, err);
        if (r < 0)
                return r;
        if (stamped_n > place.room)
                return fail(err, ERR_REFUSED, "El sello de tiempo no cabe junto a la firma.",
                            "The time-stamp does not fit beside the signature.");
        hex = malloc(2 * stamped_n + 1);
        out = malloc(n);
        if (!hex || !out)
                return fail_memory(err);
        memcpy(out, pdf, n);
        hex_encode(stamped, stamped_n, hex);
        memcpy(out + place.open + 1, hex, 2 * stamped_n);
        *ret = TAKE_PTR(out);
        *ret_stamp = stamp;
        return 0;
}
