#include "encrypt/token.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/rule.h"
#include "sign/algorithm.h"
#include "sign/identity.h"

static const char domain[] = "mpsi luks token 1\n";

/* The digest that names the volume key of the data segment, "" when there is none. */
static const char *volume_digest(const struct luks_facts *facts) {
        for (size_t i = 0; i < facts->digests_n; i++)
                if (facts->segments_n && facts->digests[i].segments >> facts->segments[0].number & 1)
                        return facts->digests[i].value_digest;
        return "";
}

/* While the volume key is changed the token names one of two: the old one until the new one holds all data. */
static bool names_volume(const struct luks_facts *facts, const char *digest) {
        bool between = strcmp(facts->requirements, luks_reencryption) == 0;

        if (strcmp(digest, volume_digest(facts)) == 0)
                return true;
        for (size_t i = 0; between && i < facts->digests_n; i++)
                if (strcmp(facts->digests[i].value_digest, digest) == 0)
                        return true;
        return false;
}

/* What is signed: the token's canonical text without its signature, after a text that no other signature of the
 * station begins with. */
static int signed_text(const json_t *token, char **ret, struct error *err) {
        _cleanup_json_ json_t *bare = json_copy((json_t *) (uintptr_t) token);
        _cleanup_free_ char *canonical = NULL;
        char *text;
        int r;

        if (!bare)
                return fail_memory(err);
        (void) json_object_del(bare, "signature");
        r = json_canonical(bare, &canonical, err);
        if (r < 0)
                return r;
        text = str_format("%s%s", domain, canonical);
        if (!text)
                return fail_memory(err);
        *ret = text;
        return 0;
}

static int add_signature(json_t *token, EVP_PKEY *key, struct error *err) {
        _cleanup_free_ char *text = NULL, *encoded = NULL;
        _cleanup_free_ uint8_t *signature = NULL;
        size_t n;
        int r = signed_text(token, &text, err);

        if (r == 0)
                r = sign_bytes(key, text, strlen(text), &signature, &n, err);
        if (r < 0)
                return r;
        encoded = base64_encode(signature, n);
        if (!encoded || json_object_set_new(token, "signature", json_string(encoded)) < 0)
                return fail_memory(err);
        return 0;
}

int token_make(void *context, const struct luks_facts *facts, json_t **ret, struct error *err) {
        const struct token_context *about = context;
        const struct medium *medium = about->medium;
        _cleanup_json_ json_t *token = NULL;
        char created[TIME_TEXT];
        int r;

        if (!about->act->station_key)
                return fail(err, ERR_FAILED, "Falta la clave de firma del puesto.",
                            "The station's signing key is missing.");
        time_format(act_now(about->act), created);
        token = json_pack("{s:s, s:[], s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "mpsi",
                          "keyslots", "version", 1, "id", medium->id, "classification",
                          classification_terms[medium->classification].code, "category",
                          category_terms[medium->category].code, "expires", medium->expires, "key", about->key_ref,
                          "created", created, "station", about->act->station, "uuid", facts->uuid, "volume",
                          volume_digest(facts), "algorithm", signature_algorithm);
        if (!token)
                return fail_memory(err);
        r = add_signature(token, about->act->station_key, err);
        if (r == 0)
                *ret = TAKE_PTR(token);
        return r;
}

int token_verify(const json_t *token, const struct luks_facts *facts, const char *station_certificate,
                 struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_free_ uint8_t *signature = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r;

        if (json_int(token, "version", 0) != 1)
                return refuse(err, ERR_REFUSED, "C7", "El testigo es de una versión desconocida.",
                              "The token is of an unknown version.");
        r = signature_algorithm_check(json_text_or_empty(token, "algorithm"), err);
        if (r < 0)
                return r;
        if (strcmp(json_text_or_empty(token, "uuid"), facts->uuid) != 0 ||
            !names_volume(facts, json_text_or_empty(token, "volume")))
                return fail(err, ERR_VERIFY, "El testigo es de otro soporte.", "The token is another medium's.");
        if (base64_decode(json_text_or_empty(token, "signature"), &signature, &n) < 0)
                return fail(err, ERR_VERIFY, "El testigo no lleva firma.", "The token has no signature.");
        r = certificate_from_pem(station_certificate ? station_certificate : "", &certificate, err);
        if (r == 0 && signed_text(token, &text, err) < 0)
                return fail(err, ERR_VERIFY, "El testigo no es válido.", "The token is not valid.");
        return r == 0 ? verify_bytes_with(certificate, text, strlen(text), signature, n, err) : r;
}

/* What the medium's header says and the registry says otherwise: an old token after a change of the registry. */
static void compare(const json_t *token, const char *key, const char *registered, struct luks_verdict *verdict) {
        const char *said = json_text_or_empty(token, key);

        if (strcmp(said, registered) != 0)
                luks_verdict_add(verdict, 0, "L7", -1, LUKS_WARN, "el testigo dice %s «%.40s»; el registro, «%s»",
                                 "the token says %s “%.40s”; the registry says “%s”", key, said, registered);
}

void token_judge(const struct luks_facts *facts, const struct medium *medium, const char *station_certificate,
                 struct luks_verdict *verdict) {
        struct error why;
        int r;

        if (!facts->token) {
                if (medium && medium->key_id[0])
                        luks_verdict_add(verdict, 0, "L7", -1, LUKS_REFUSE, "falta el testigo firmado",
                                         "the signed token is missing");
                return;
        }
        r = token_verify(facts->token, facts, station_certificate, &why);
        if (r == ERR_REFUSED) { /* not a forgery: nobody here can tell */
                luks_verdict_add(verdict, 0, "C7", -1, LUKS_REFUSE,
                                 "el testigo es de una versión o un algoritmo desconocidos, «%.40s»",
                                 "the token is of an unknown version or algorithm, “%.40s”",
                                 json_text_or_empty(facts->token, "algorithm"));
                return;
        }
        if (r < 0) {
                luks_verdict_add(verdict, 0, "L7", -1, LUKS_REFUSE, "la firma del testigo no vale",
                                 "the token's signature does not hold");
                return;
        }
        if (!medium)
                return;
        if (strcmp(json_text_or_empty(facts->token, "id"), medium->id) != 0) {
                luks_verdict_add(verdict, 0, "L7", -1, LUKS_REFUSE, "el testigo es del soporte «%.40s»",
                                 "the token is medium “%.40s”'s", json_text_or_empty(facts->token, "id"));
                return;
        }
        compare(facts->token, "classification", classification_terms[medium->classification].code, verdict);
        compare(facts->token, "category", category_terms[medium->category].code, verdict);
        compare(facts->token, "expires", medium->expires, verdict);
        compare(facts->token, "key", medium->key_id, verdict);
}
