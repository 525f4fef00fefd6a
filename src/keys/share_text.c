/* Shares as text and as words. Bytes: format, scheme, ceremony, number, threshold, total, size, value. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/str.h"
#include "keys/shares.h"
#include "keys/words.h"
#include "policy/rule.h"
#include "sign/openssl.h"

enum { FORMAT = 1, SCHEME_SHAMIR_GF256 = 1, CHECK = 4, TEXT_MOST = 192, AT_INDEX = 2 + SHARE_CEREMONY };

static const char prefix[] = "MPSISHARE", base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char checksum_label[] = "mpsi share 1", commitment_label[] = "mpsi share commitment 1";

static int labelled_digest(const char *label, size_t label_n, const uint8_t *bytes, size_t n,
                           uint8_t out[SHA256_SIZE], struct error *err) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();

        if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
            EVP_DigestUpdate(context, label, label_n) != 1 || EVP_DigestUpdate(context, bytes, n) != 1 ||
            EVP_DigestFinal_ex(context, out, NULL) != 1)
                return fail_openssl(err, "No se puede calcular SHA-256", "SHA-256 can't be computed");
        return 0;
}

/* All that a share says, with room for the checksum behind it. */
static int to_bytes(const struct share *share, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *bytes = NULL;
        int r = secret_new(SHARE_HEAD + share->value->size + CHECK, &bytes, err);

        if (r < 0)
                return r;
        bytes->data[0] = FORMAT;
        bytes->data[1] = SCHEME_SHAMIR_GF256;
        memcpy(bytes->data + 2, share->ceremony, SHARE_CEREMONY);
        bytes->data[AT_INDEX] = share->index;
        bytes->data[AT_INDEX + 1] = share->threshold;
        bytes->data[AT_INDEX + 2] = share->total;
        bytes->data[AT_INDEX + 3] = (uint8_t) share->value->size;
        memcpy(bytes->data + SHARE_HEAD, share->value->data, share->value->size);
        *ret = TAKE_PTR(bytes);
        return 0;
}

/* Bytes whose checksum was right. */
static int from_bytes(const uint8_t *bytes, size_t n, struct share *ret, struct error *err) {
        struct share share = { .value = NULL };
        int r;

        if (bytes[0] != FORMAT || bytes[1] != SCHEME_SHAMIR_GF256)
                return refuse(err, ERR_REFUSED, "C6", "Reparto de claves desconocido (formato %u, esquema %u).",
                              "Unknown scheme of shares (format %u, scheme %u).", bytes[0], bytes[1]);
        share.index = bytes[AT_INDEX];
        share.threshold = bytes[AT_INDEX + 1];
        share.total = bytes[AT_INDEX + 2];
        if (bytes[AT_INDEX + 3] != n - SHARE_HEAD || share.threshold < SHARES_LEAST ||
            share.threshold > share.total || share.total > SHARES_MOST || share.index == 0 ||
            share.index > share.total)
                return fail(err, ERR_VERIFY, "La parte dice números imposibles.",
                            "The share says impossible numbers.");
        memcpy(share.ceremony, bytes + 2, SHARE_CEREMONY);
        r = secret_copy(bytes + SHARE_HEAD, n - SHARE_HEAD, &share.value, err);
        if (r == 0)
                *ret = share;
        return r;
}

int share_commitment(const struct share *share, char ret[SHA256_TEXT], struct error *err) {
        _cleanup_secret_ struct secret *bytes = NULL;
        uint8_t digest[SHA256_SIZE];
        int r = to_bytes(share, &bytes, err);

        if (r == 0)
                r = labelled_digest(commitment_label, sizeof commitment_label, bytes->data, bytes->size - CHECK,
                                    digest, err);
        if (r == 0)
                hex_encode(digest, sizeof digest, ret);
        return r;
}

/* --- base32 (RFC 4648, without padding) ---------------------------------------------------------------------- */

static size_t base32_length(size_t n) {
        return (8 * n + 4) / 5;
}

static void base32_encode(const uint8_t *bytes, size_t n, char *out) {
        unsigned held = 0, bits = 0;

        for (size_t i = 0; i < n; i++) {
                held = (held << 8 | bytes[i]) & 0xfffU;
                for (bits += 8; bits >= 5; bits -= 5)
                        *out++ = base32[held >> (bits - 5) & 31U];
        }
        if (bits)
                *out++ = base32[held << (5 - bits) & 31U];
}

/* False when a character is none of the alphabet's, or the bits left over aren't 0. */
static bool base32_decode(const char *text, size_t length, uint8_t *out, size_t n) {
        unsigned held = 0, bits = 0;
        size_t used = 0;
        bool good = true;

        for (size_t i = 0; i < length; i++) {
                const char *at = memchr(base32, text[i], sizeof base32 - 1);

                good = good && at;
                held = (held << 5 | (at ? (unsigned) (at - base32) : 0U)) & 0xfffU;
                bits += 5;
                if (bits >= 8 && used < n) {
                        bits -= 8;
                        out[used++] = (uint8_t) (held >> bits & 0xffU);
                }
        }
        return good && used == n && (held & ((1U << bits) - 1)) == 0;
}

/* --- text ---------------------------------------------------------------------------------------------------- */

int share_to_text(const struct share *share, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *bytes = NULL, *text = NULL;
        uint8_t digest[SHA256_SIZE];
        size_t n, length;
        int r = to_bytes(share, &bytes, err);

        if (r < 0)
                return r;
        n = bytes->size - CHECK;
        r = labelled_digest(checksum_label, sizeof checksum_label, bytes->data, n, digest, err);
        memcpy(bytes->data + n, digest, CHECK);
        length = sizeof prefix - 1 + base32_length(bytes->size);
        if (r == 0)
                r = secret_new(length + 1, &text, err);
        if (r < 0)
                return r;
        memcpy(text->data, prefix, sizeof prefix - 1);
        base32_encode(bytes->data, bytes->size, (char *) text->data + sizeof prefix - 1);
        text->size = length;
        *ret = TAKE_PTR(text);
        return 0;
}

int share_to_words(const struct share *share, enum lang lang, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *bytes = NULL;
        int r = to_bytes(share, &bytes, err);

        return r < 0 ? r : words_encode(bytes->data, bytes->size - CHECK, lang, ret, err);
}

/* text: letters and digits only, behind the prefix. */
static int read_text(const char *text, size_t length, struct share *ret, unsigned *ret_claimed, struct error *err) {
        _cleanup_secret_ struct secret *bytes = NULL;
        uint8_t digest[SHA256_SIZE];
        size_t n = 5 * length / 8;
        bool good;
        int r;

        if (n < SHARE_HEAD + SHARE_SECRET_LEAST + CHECK || n > SHARE_BYTES_MOST + CHECK)
                return fail(err, ERR_VERIFY, "La parte está cortada o le sobra algo.",
                            "The share is cut short or too long.");
        r = secret_new(n, &bytes, err);
        if (r < 0)
                return r;
        good = base32_decode(text, length, bytes->data, n);
        r = labelled_digest(checksum_label, sizeof checksum_label, bytes->data, n - CHECK, digest, err);
        if (r < 0)
                return r;
        if (!good || CRYPTO_memcmp(digest, bytes->data + n - CHECK, CHECK) != 0) {
                *ret_claimed = bytes->data[AT_INDEX];
                return fail(err, ERR_VERIFY, "La suma de control de la parte no casa.",
                            "The share's checksum does not match.");
        }
        return from_bytes(bytes->data, n - CHECK, ret, err);
}

static int read_words(const char *typed, size_t length, struct share *ret, struct error *err) {
        int r = ERR_USAGE;

        for (size_t size = SHARE_SECRET_LEAST; r == ERR_USAGE && size <= SHARE_SECRET_MOST; size += 16) {
                _cleanup_secret_ struct secret *bytes = NULL;

                if (words_in(typed, length) != words_count(SHARE_HEAD + size))
                        continue;
                r = words_decode(typed, length, SHARE_HEAD + size, &bytes, err);
                return r < 0 ? r : from_bytes(bytes->data, bytes->size, ret, err);
        }
        return fail(err, ERR_USAGE, "Eso no es una parte: ni su texto ni sus %zu palabras.",
                    "That is no share: neither its text nor its %zu words.", words_count(SHARE_HEAD + 32));
}

int share_read(const char *typed, size_t n, struct share *ret, unsigned *ret_claimed, struct error *err) {
        char plain[TEXT_MOST];
        size_t length = 0;
        int r;

        *ret_claimed = 0;
        for (size_t i = 0; i < n && length < sizeof plain; i++) {
                char c = typed[i] >= 'a' && typed[i] <= 'z' ? (char) (typed[i] - 'a' + 'A') : typed[i];

                if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
                        plain[length++] = c;
        }
        if (length >= sizeof prefix - 1 && memcmp(plain, prefix, sizeof prefix - 1) == 0)
                r = read_text(plain + sizeof prefix - 1, length - (sizeof prefix - 1), ret, ret_claimed, err);
        else
                r = read_words(typed, n, ret, err);
        OPENSSL_cleanse(plain, sizeof plain);
        return r;
}
