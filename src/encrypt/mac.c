#include "encrypt/mac.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "policy/rule.h"
#include "sign/openssl.h"

DEFINE_CLEANUP(EVP_KDF, EVP_KDF_free)
DEFINE_CLEANUP(EVP_KDF_CTX, EVP_KDF_CTX_free)

enum { MAC_KEY = 32, CANONICAL_MAX = 256 };

const char header_mac_algorithm[] = "hmac-sha256";

/* Also what the MAC begins with, so that a MAC of one version is none of another. */
static const char domain[] = "mpsi luks header mac 1";

/* Written out rather than dumped: three members, in the order of their names, none of which needs an escape (the
 * UUID is a plain text without quotes, which the check makes sure of). */
static int canonical_text(const struct luks_facts *facts, uint64_t seqid, char out[CANONICAL_MAX],
                          struct error *err) {
        int n;

        if (facts->state != LUKS_VERSION_2 || !facts->body_digest[0] || strpbrk(facts->uuid, "\"\\"))
                return fail(err, ERR_VERIFY, "No hay una cabecera LUKS2 íntegra que autenticar.",
                            "There is no whole LUKS2 header to authenticate.");
        n = snprintf(out, CANONICAL_MAX, "{\"body\":\"%s\",\"seqid\":\"%" PRIu64 "\",\"uuid\":\"%s\"}",
                     facts->body_digest, seqid, facts->uuid);
        return n > 0 && n < CANONICAL_MAX ? 0 : fail_memory(err);
}

int header_canonical(const struct luks_facts *facts, uint64_t seqid, char ret_digest[65], struct error *err) {
        char text[CANONICAL_MAX];
        int r = canonical_text(facts, seqid, text, err);

        if (r < 0)
                return r;
        return sha256_text(text, strlen(text), ret_digest) < 0 ? fail_memory(err) : 0;
}

static int derive_key(const struct secret *machine, struct secret **ret, struct error *err) {
        _cleanup_(EVP_KDF_freep) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
        _cleanup_(EVP_KDF_CTX_freep) EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
        _cleanup_secret_ struct secret *key = NULL;
        char hash[] = "SHA256";
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, machine->data, machine->size),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) (uintptr_t) domain,
                                                  sizeof domain - 1),
                OSSL_PARAM_construct_end(),
        };
        int r = secret_new(MAC_KEY, &key, err);

        if (r < 0)
                return r;
        if (!context || EVP_KDF_derive(context, key->data, key->size, params) != 1)
                return fail_openssl(err, "No se puede derivar la clave de la cabecera",
                                    "The header's key can't be derived");
        *ret = TAKE_PTR(key);
        return 0;
}

int header_mac_make(const struct luks_facts *facts, uint64_t seqid, const struct secret *machine, char ret_mac[65],
                    char ret_digest[65], struct error *err) {
        _cleanup_secret_ struct secret *key = NULL;
        char text[CANONICAL_MAX], covered[sizeof domain + CANONICAL_MAX], digest[65];
        uint8_t mac[SHA256_SIZE];
        size_t size = 0;
        int r = canonical_text(facts, seqid, text, err), n;

        if (r == 0)
                r = header_canonical(facts, seqid, digest, err);
        if (r == 0)
                r = derive_key(machine, &key, err);
        if (r < 0)
                return r;
        n = snprintf(covered, sizeof covered, "%s\n%s", domain, text);
        if (n <= 0 || (size_t) n >= sizeof covered ||
            !EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key->data, key->size, (const uint8_t *) covered,
                       (size_t) n, mac, sizeof mac, &size) ||
            size != sizeof mac)
                return fail_openssl(err, "No se puede autenticar la cabecera", "The header can't be authenticated");
        hex_encode(mac, sizeof mac, ret_mac);
        memcpy(ret_digest, digest, sizeof digest);
        return 0;
}

int header_mac_token(const struct luks_facts *facts, uint64_t seqid, const struct secret *machine, json_t **ret,
                     struct error *err) {
        char mac[65], digest[65];
        int r = header_mac_make(facts, seqid, machine, mac, digest, err);
        json_t *token;

        if (r < 0)
                return r;
        token = json_pack("{s:s, s:[], s:i, s:s, s:s}", "type", HEADER_MAC_TOKEN, "keyslots", "version", 1,
                          "algorithm", header_mac_algorithm, "mac", mac);
        if (!token)
                return fail_memory(err);
        *ret = token;
        return 0;
}

int header_mac_verify(const struct luks_facts *facts, const struct secret *machine, struct error *err) {
        char mac[65], digest[65];
        int r;

        if (!facts->mac.present)
                return fail(err, ERR_NOT_FOUND, "La cabecera no lleva autenticación.",
                            "The header holds no authentication.");
        if (strcmp(facts->mac.algorithm, header_mac_algorithm) != 0)
                return refuse(err, ERR_REFUSED, "C7", "Autenticación de cabecera desconocida «%.40s».",
                              "Unknown authentication of a header “%.40s”.", facts->mac.algorithm);
        r = header_mac_make(facts, facts->seqid, machine, mac, digest, err);
        if (r < 0)
                return r;
        if (CRYPTO_memcmp(mac, facts->mac.value, sizeof mac - 1) != 0)
                return fail(err, ERR_VERIFY, "La cabecera no es la que se escribió: su autenticación no vale.",
                            "The header is not the one that was written: its authentication does not hold.");
        return 0;
}
