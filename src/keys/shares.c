#include "keys/shares.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/str.h"
#include "policy/rule.h"
#include "sign/openssl.h"

const char shares_algorithm[] = "shamir-gf256";

/* --- GF(2^8), AES's polynomial ------------------------------------------------------------------------------- */

/* Neither branches nor tables: time and cache say nothing about the operands. */
static uint8_t gf_multiply(uint8_t a, uint8_t b) {
        unsigned product = 0, power = a;

        for (unsigned bit = 0; bit < 8; bit++) {
                product ^= power & (0U - ((unsigned) b >> bit & 1U));
                power = power << 1 ^ (0x11bU & (0U - (power >> 7 & 1U)));
        }
        return (uint8_t) product;
}

/* a^254, which is 1/a: the group has 255 elements. */
static uint8_t gf_inverse(uint8_t a) {
        uint8_t result = 1, square = a;

        for (unsigned bit = 1; bit < 8; bit++) {
                square = gf_multiply(square, square);
                result = gf_multiply(result, square);
        }
        return result;
}

/* --- splitting and combining --------------------------------------------------------------------------------- */

void share_done(struct share *share) {
        secret_free(share->value);
        *share = (struct share){ .value = NULL };
}

static bool size_allowed(size_t n) {
        return n >= SHARE_SECRET_LEAST && n <= SHARE_SECRET_MOST && n % 16 == 0;
}

static bool numbers_allowed(unsigned threshold, unsigned total) {
        return threshold >= SHARES_LEAST && threshold <= total && total <= SHARES_MOST;
}

/* The polynomial's value at x; coefficient k of byte i stands at [(k - 1) * size + i], the 0th is the secret's. */
static void evaluate(const struct secret *secret, const struct secret *coefficients, unsigned threshold, uint8_t x,
                     uint8_t *out) {
        const size_t size = secret->size;

        for (size_t i = 0; i < size; i++) {
                uint8_t y = 0;

                for (unsigned k = threshold - 1; k > 0; k--)
                        y = gf_multiply(y, x) ^ coefficients->data[(k - 1) * size + i];
                out[i] = gf_multiply(y, x) ^ secret->data[i];
        }
}

int shares_split(const struct secret *secret, unsigned threshold, unsigned total,
                 const uint8_t ceremony[SHARE_CEREMONY], struct share *ret, struct error *err) {
        _cleanup_secret_ struct secret *coefficients = NULL;
        unsigned made = 0;
        int r;

        if (!numbers_allowed(threshold, total) || !size_allowed(secret->size))
                return fail(err, ERR_USAGE, "Un reparto es de %d a %d partes y basta con 2 o más de ellas.",
                            "A key is split into %d to %d shares of which 2 or more are enough.", SHARES_LEAST,
                            SHARES_MOST);
        r = secret_random((threshold - 1) * secret->size, &coefficients, err);
        for (; r == 0 && made < total; made++) {
                struct share share = { .index = (uint8_t) (made + 1),
                                       .threshold = (uint8_t) threshold,
                                       .total = (uint8_t) total };

                r = secret_new(secret->size, &share.value, err);
                if (r < 0)
                        break;
                memcpy(share.ceremony, ceremony, SHARE_CEREMONY);
                evaluate(secret, coefficients, threshold, share.index, share.value->data);
                ret[made] = share;
        }
        while (r < 0 && made > 0)
                share_done(&ret[--made]);
        return r;
}

static bool belong_together(const struct share *shares, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (shares[i].index == 0 || shares[i].index > shares[0].total ||
                    shares[i].threshold != shares[0].threshold || shares[i].total != shares[0].total ||
                    shares[i].value->size != shares[0].value->size ||
                    memcmp(shares[i].ceremony, shares[0].ceremony, SHARE_CEREMONY) != 0)
                        return false;
                for (size_t k = 0; k < i; k++)
                        if (shares[k].index == shares[i].index)
                                return false;
        }
        return true;
}

/* Lagrange's factor of share i at 0: the product of x_k / (x_k - x_i). */
static uint8_t factor(const struct share *shares, size_t n, size_t i) {
        uint8_t product = 1;

        for (size_t k = 0; k < n; k++)
                if (k != i)
                        product = gf_multiply(product, gf_multiply(shares[k].index,
                                                                   gf_inverse(shares[k].index ^ shares[i].index)));
        return product;
}

int shares_combine(const struct share *shares, size_t n, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *secret = NULL;
        size_t threshold = n ? shares[0].threshold : SHARES_LEAST;
        int r;

        if (n < threshold || n < SHARES_LEAST)
                return fail(err, ERR_USAGE, "Hay %zu partes y hacen falta %zu.",
                            "There are %zu shares and %zu are needed.", n, threshold);
        if (!belong_together(shares, n))
                return fail(err, ERR_VERIFY, "Las partes no son del mismo reparto o se repiten.",
                            "The shares are not of one ceremony, or one is there twice.");
        r = secret_new(shares[0].value->size, &secret, err);
        for (size_t i = 0; r == 0 && i < threshold; i++) {
                uint8_t by = factor(shares, threshold, i);

                for (size_t b = 0; b < secret->size; b++)
                        secret->data[b] ^= gf_multiply(by, shares[i].value->data[b]);
        }
        if (r == 0)
                *ret = TAKE_PTR(secret);
        return r;
}

/* --- which belongs ------------------------------------------------------------------------------------------- */

static int fault_error(const struct deal *deal, const struct share *share, enum share_fault fault,
                       struct error *err) {
        static const struct text says[SHARE_FAULTS] = {
                [SHARE_FOREIGN] = { "es de otra ceremonia", "is of another ceremony" },
                [SHARE_DUPLICATE] = { "ya se ha dado", "was given already" },
                [SHARE_WRONG] = { "no es la que se entregó: no casa con su compromiso",
                                  "is not the one that was handed out: it does not match its commitment" },
        };
        char ceremony[SHARE_CEREMONY_TEXT];

        hex_encode(share->ceremony, SHARE_CEREMONY, ceremony);
        if (fault == SHARE_FOREIGN) /* its number means nobody here */
                return refuse(err, ERR_VERIFY, "C5.1", "La parte %u (ceremonia %s) %s%.0s.",
                              "Share %u (ceremony %s) %.0s%s.", share->index, ceremony, says[fault].es,
                              says[fault].en);
        return refuse(err, ERR_VERIFY, "C5.1", "La parte %u, de %s, %s%.0s.", "Share %u, of %s, %.0s%s.",
                      share->index, deal->holders[share->index - 1], says[fault].es, says[fault].en);
}

int share_judge(const struct deal *deal, const struct share *share, const struct share *others, size_t n,
                enum share_fault *ret_fault, struct error *err) {
        enum share_fault fault = SHARE_GOOD;
        char commitment[SHA256_TEXT];
        int r;

        if (memcmp(share->ceremony, deal->ceremony, SHARE_CEREMONY) != 0)
                fault = SHARE_FOREIGN;
        else if (share->index == 0 || share->index > deal->total)
                return refuse(err, ERR_VERIFY, "C5.1", "Esta ceremonia no tiene parte %u.",
                              "This ceremony has no share %u.", share->index);
        for (size_t i = 0; fault == SHARE_GOOD && i < n; i++)
                if (others[i].index == share->index)
                        fault = SHARE_DUPLICATE;
        if (fault == SHARE_GOOD) {
                r = share_commitment(share, commitment, err);
                if (r < 0)
                        return r;
                if (strcmp(commitment, deal->commitments[share->index - 1]) != 0)
                        fault = SHARE_WRONG;
        }
        if (ret_fault)
                *ret_fault = fault;
        return fault == SHARE_GOOD ? 0 : fault_error(deal, share, fault, err);
}

int share_read_of(const struct deal *deal, const char *typed, size_t n, struct share *ret, struct error *err) {
        unsigned claimed = 0;
        int r = share_read(typed, n, ret, &claimed, err);

        if (r != ERR_VERIFY)
                return r;
        if (claimed == 0 || claimed > deal->total)
                return refuse(err, ERR_VERIFY, "C5.1",
                              "La parte está dañada o mal leída, y ni su número se puede leer.",
                              "The share is damaged or misread, and not even its number can be read.");
        return refuse(err, ERR_VERIFY, "C5.1", "La parte %u, de %s, está dañada o mal leída.",
                      "Share %u, of %s, is damaged or misread.", claimed, deal->holders[claimed - 1]);
}
