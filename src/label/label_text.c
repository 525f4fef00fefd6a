#include "label/label_text.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "registry/medium_id.h"
#include "sign/identity.h"

enum { SIZE = LABEL_CONTENT_SIZE + LABEL_SIGNATURE_SIZE, DAYS_MAX = 65535 };

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char purpose[] = "mpsi-label-1:";

/* --- base 36 --------------------------------------------------------------------------------------------- */

/* 36^6 fits in 32 bits, so six digits come out of each division of the whole number. */
static void to_text(const uint8_t bytes[SIZE], char out[LABEL_SIGNED_TEXT + 1]) {
        enum { WORDS = (SIZE + 3) / 4 };
        static const uint64_t six_digits = UINT64_C(36) * 36 * 36 * 36 * 36 * 36;
        uint32_t number[WORDS] = { 0 };
        int at = LABEL_SIGNED_TEXT;

        for (int i = 0; i < SIZE; i++) {
                int from_end = SIZE - 1 - i;

                number[WORDS - 1 - from_end / 4] |= (uint32_t) bytes[i] << from_end % 4 * 8;
        }
        while (at > 0) {
                uint64_t rest = 0;

                for (int w = 0; w < WORDS; w++) {
                        rest = rest << 32 | number[w];
                        number[w] = (uint32_t) (rest / six_digits);
                        rest %= six_digits;
                }
                for (int i = 0; i < 6 && at > 0; i++, rest /= 36)
                        out[--at] = digits[rest % 36];
        }
        out[LABEL_SIGNED_TEXT] = '\0';
}

/* False when the number is larger than the bytes can hold: then no label of ours wrote it. */
static bool from_text(const char *text, uint8_t out[SIZE]) {
        memset(out, 0, SIZE);
        for (int i = 0; i < LABEL_SIGNED_TEXT; i++) {
                const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
                unsigned carry;

                if (!digit)
                        return false;
                carry = (unsigned) (digit - digits);
                for (int b = SIZE - 1; b >= 0; b--) {
                        carry += out[b] * 36U;
                        out[b] = (uint8_t) carry;
                        carry >>= 8;
                }
                if (carry)
                        return false;
        }
        return true;
}

/* --- content --------------------------------------------------------------------------------------------- */

static int days_of(const char *date, unsigned *ret, struct error *err) {
        int64_t moment, epoch;

        if (!*date) {
                *ret = 0;
                return 0;
        }
        if (date_parse(date, &moment) < 0 || date_parse("2000-01-01", &epoch) < 0 || moment <= epoch ||
            (moment - epoch) / DAY > DAYS_MAX)
                return fail(err, ERR_USAGE, "La caducidad %s no cabe en el código de una etiqueta.",
                            "The expiry %s does not fit in a label's code.", date);
        *ret = (unsigned) ((moment - epoch) / DAY);
        return 0;
}

static int pack(const struct label_text *text, uint8_t out[LABEL_CONTENT_SIZE], struct error *err) {
        unsigned days, facts;
        int r = days_of(text->expires, &days, err);

        if (r < 0)
                return r;
        if (text->revision < 0 || text->revision > LABEL_REVISION_MAX)
                return fail(err, ERR_USAGE, "La revisión %lld no cabe en el código de una etiqueta.",
                            "Revision %lld does not fit in a label's code.", (long long) text->revision);
        facts = (unsigned) text->classification << 14 | (unsigned) text->category << 12 | (unsigned) text->revision;
        out[0] = (uint8_t) (days >> 8);
        out[1] = (uint8_t) days;
        out[2] = (uint8_t) (facts >> 8);
        out[3] = (uint8_t) facts;
        out[4] = text->check[0];
        out[5] = text->check[1];
        return 0;
}

static bool unpack(const uint8_t in[SIZE], struct label_text *text) {
        unsigned days = (unsigned) in[0] << 8 | in[1], facts = (unsigned) in[2] << 8 | in[3];
        int64_t epoch;

        if ((facts >> 12 & 3) >= CATEGORIES || date_parse("2000-01-01", &epoch) < 0)
                return false;
        text->is_signed = true;
        text->classification = (enum classification)(facts >> 14);
        text->category = (enum category)(facts >> 12 & 3);
        text->revision = facts & LABEL_REVISION_MAX;
        if (days)
                date_of(epoch + days * DAY, text->expires);
        memcpy(text->check, in + 4, sizeof text->check);
        memcpy(text->signature, in + LABEL_CONTENT_SIZE, LABEL_SIGNATURE_SIZE);
        return true;
}

/* --- text ------------------------------------------------------------------------------------------------ */

/* The ID that the text starts with: its letters say where it ends. */
static size_t leading_id(const char *text, char out[MEDIUM_ID_TEXT]) {
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + 9;

        if (n > 13 || strlen(text) < n)
                return 0;
        memcpy(out, text, n);
        out[n] = '\0';
        return medium_id_valid(out) ? n : 0;
}

int label_text_parse(const char *scanned, struct label_text *ret, struct error *err) {
        struct label_text text = { 0 };
        char plain[LABEL_TEXT_SIZE + 8];
        uint8_t bytes[SIZE];
        size_t n = str_scanned(scanned, plain, sizeof plain),
               id = n < sizeof plain ? leading_id(plain, text.id) : 0;

        if (id == 0)
                return fail(err, ERR_USAGE, "El texto no es de una etiqueta de mpsi.",
                            "The text is not of a label of mpsi.");
        if (n != id && (n != id + LABEL_SIGNED_TEXT || !from_text(plain + id, bytes) || !unpack(bytes, &text))) {
                (void) fail(err, ERR_USAGE, "El código de la etiqueta de %s está incompleto o alterado.",
                            "The code of the label of %s is incomplete or altered.", text.id);
                return hint(err, "Léalo otra vez, o teclee solo el identificador.",
                            "Scan it again, or type the ID alone.");
        }
        *ret = text;
        return 0;
}

/* What is signed. */
static size_t message(const struct label_text *text, const uint8_t content[LABEL_CONTENT_SIZE],
                      uint8_t out[sizeof purpose + MEDIUM_ID_TEXT + LABEL_CONTENT_SIZE]) {
        size_t n = sizeof purpose - 1, id = strlen(text->id);

        memcpy(out, purpose, n);
        memcpy(out + n, text->id, id);
        memcpy(out + n + id, content, LABEL_CONTENT_SIZE);
        return n + id + LABEL_CONTENT_SIZE;
}

int label_text_make(const struct label_text *content, EVP_PKEY *key, char ret[LABEL_TEXT_SIZE], struct error *err) {
        uint8_t bytes[SIZE], signed_bytes[sizeof purpose + MEDIUM_ID_TEXT + LABEL_CONTENT_SIZE];
        _cleanup_free_ uint8_t *der = NULL;
        size_t n, id = strlen(content->id);
        int r = pack(content, bytes, err);

        if (r < 0)
                return r;
        if (!medium_id_valid(content->id))
                return fail(err, ERR_USAGE, "«%s» no es un identificador de soporte.", "“%s” is no ID of a medium.",
                            content->id);
        if (signature_raw_size(key) != LABEL_SIGNATURE_SIZE)
                return fail(err, ERR_USAGE, "Las etiquetas se firman con una clave P-256.",
                            "Labels are signed with a P-256 key.");
        n = message(content, bytes, signed_bytes);
        r = sign_bytes(key, signed_bytes, n, &der, &n, err);
        if (r == 0)
                r = signature_to_raw(der, n, bytes + LABEL_CONTENT_SIZE, LABEL_SIGNATURE_SIZE, err);
        if (r < 0)
                return r;
        memcpy(ret, content->id, id);
        to_text(bytes, ret + id);
        return 0;
}

int label_text_verify(const struct label_text *text, const char *certificate, struct error *err) {
        uint8_t content[LABEL_CONTENT_SIZE], signed_bytes[sizeof purpose + MEDIUM_ID_TEXT + LABEL_CONTENT_SIZE];
        _cleanup_(X509_freep) X509 *x509 = NULL;
        _cleanup_free_ uint8_t *der = NULL;
        size_t n, der_n;
        int r;

        if (!text->is_signed)
                return fail(err, ERR_VERIFY, "El código de %s no está firmado.", "The code of %s is not signed.",
                            text->id);
        r = pack(text, content, err);
        if (r == 0)
                r = certificate_from_pem(certificate, &x509, err);
        if (r == 0)
                r = signature_from_raw(text->signature, LABEL_SIGNATURE_SIZE, &der, &der_n, err);
        if (r < 0)
                return r;
        n = message(text, content, signed_bytes);
        if (verify_bytes_with(x509, signed_bytes, n, der, der_n, NULL) < 0)
                return fail(err, ERR_VERIFY, "La firma de la etiqueta de %s no es válida.",
                            "The signature of the label of %s does not hold.", text->id);
        return 0;
}
