#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "verifier/verifier.h"

int say(struct says *why, int status, const char *es, const char *en, ...) {
        va_list arguments;

        va_start(arguments, en);
        (void) vsnprintf(why->es, sizeof why->es, es, arguments);
        va_end(arguments);
        va_start(arguments, en);
        (void) vsnprintf(why->en, sizeof why->en, en, arguments);
        va_end(arguments);
        return status;
}

/* What each technique leaves behind, from docs/sanitization.md: a constant, or the stream of its pass number `pass`
 * (from 0). Erased keys leave nothing that could be computed. */
static const struct {
        const char *name;
        bool leaves, stream;
        uint8_t plain, pass;
} techniques[] = {
        { "overwrite-single", true, false, 0x55, 0 }, { "dod-5220.22-m", true, true, 0, 2 },
        { "dod-5220.22-m-ece", true, true, 0, 6 },    { "overwrite-complement", true, true, 0xff, 0 },
        { "crypto-erase", false, false, 0, 0 },
};

static const char *text_of(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

static int take_text(const json_t *object, const char *key, char *out, size_t size, struct says *why) {
        const char *text = text_of(object, key);

        if (!*text || strlen(text) >= size)
                return say(why, EXIT_USAGE, "Al registro le falta «%s».", "The record lacks “%s”.", key);
        memcpy(out, text, strlen(text) + 1);
        return 0;
}

static int digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_seed(const json_t *record, uint8_t seed[SEED_BYTES], struct says *why) {
        const char *text = text_of(record, "seed");

        if (strlen(text) != (size_t) 2 * SEED_BYTES)
                return say(why, EXIT_USAGE, "El registro no trae la semilla.", "The record has no seed.");
        for (size_t i = 0; i < SEED_BYTES; i++) {
                int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return say(why, EXIT_USAGE, "La semilla no es hexadecimal.",
                                   "The seed is not hexadecimal.");
                seed[i] = (uint8_t) (high << 4 | low);
        }
        return 0;
}

/* The job bound itself to the seed before it wrote the first byte. */
static int check_commitment(const struct expected *expected, const uint8_t seed[SEED_BYTES], struct says *why) {
        uint8_t digest[32];
        char text[65];
        unsigned n = 0;

        if (EVP_Digest(seed, SEED_BYTES, digest, &n, EVP_sha256(), NULL) != 1)
                return say(why, EXIT_FAILED, "Falló SHA-256.", "SHA-256 failed.");
        for (size_t i = 0; i < sizeof digest; i++)
                (void) snprintf(text + 2 * i, 3, "%02x", digest[i]);
        if (strcmp(text, expected->commitment) != 0)
                return say(why, EXIT_DIFFERS, "La semilla no es la que se comprometió antes de borrar.",
                           "The seed is not the one that was committed to before the wipe.");
        return 0;
}

/* The key of a pass: SHA-256 over a label of 16 bytes, the seed and the pass's number. */
static int derive_key(const uint8_t seed[SEED_BYTES], uint8_t pass, uint8_t key[KEY_BYTES], struct says *why) {
        static const char label[16] = "mpsi overwrite";
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                    EVP_DigestUpdate(context, label, sizeof label) == 1 &&
                    EVP_DigestUpdate(context, seed, SEED_BYTES) == 1 && EVP_DigestUpdate(context, &pass, 1) == 1 &&
                    EVP_DigestFinal_ex(context, key, NULL) == 1;

        EVP_MD_CTX_free(context);
        return good ? 0 : say(why, EXIT_FAILED, "Falló SHA-256.", "SHA-256 failed.");
}

/* What a technique leaves; pass counts from 0. */
struct leaving {
        bool leaves, stream;
        uint8_t plain, pass;
};

/* The house's own passes are the name itself: "custom:00,ff,random,verify". What the last one that wrote left. */
static bool find_custom(const char *name, struct leaving *ret) {
        uint8_t pass = 0;

        if (strncmp(name, "custom:", 7) != 0)
                return false;
        for (name += 7; *name; pass++) {
                size_t n = strcspn(name, ",");

                if (n == 6 && strncmp(name, "random", n) == 0)
                        *ret = (struct leaving){ true, true, 0, pass };
                else if (n == 10 && pass > 0 && strncmp(name, "complement", n) == 0)
                        *ret = (struct leaving){ true, true, 0xff, (uint8_t) (pass - 1) };
                else if (n == 2 && digit(name[0]) >= 0 && digit(name[1]) >= 0)
                        *ret = (struct leaving){ true, false, (uint8_t) (digit(name[0]) << 4 | digit(name[1])), 0 };
                else if (n != 6 || strncmp(name, "verify", n) != 0)
                        return false;
                name += n + (name[n] == ',');
        }
        return pass > 0;
}

static bool find_technique(const char *name, struct leaving *ret) {
        for (size_t t = 0; t < sizeof techniques / sizeof techniques[0]; t++)
                if (strcmp(techniques[t].name, name) == 0) {
                        *ret = (struct leaving){ techniques[t].leaves, techniques[t].stream, techniques[t].plain,
                                                 techniques[t].pass };
                        return true;
                }
        return find_custom(name, ret);
}

/* A technique of a later version may leave anything: better no answer than a wrong one. */
static int take_techniques(const json_t *record, const uint8_t seed[SEED_BYTES], struct expected *expected,
                           struct says *why) {
        const json_t *list = json_object_get(record, "techniques");
        struct leaving last = { .leaves = false };

        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *name = json_string_value(json_array_get(list, i));
                struct leaving found = { .leaves = false };

                if (!name || strlen(name) >= sizeof expected->technique || !find_technique(name, &found))
                        return say(why, EXIT_CONFLICT,
                                   "El registro nombra una técnica que este programa no conoce.",
                                   "The record names a technique that this program does not know.");
                if (!found.leaves)
                        continue;
                last = found;
                memcpy(expected->technique, name, strlen(name) + 1);
        }
        if (!last.leaves)
                return say(why, EXIT_CONFLICT, "Ese borrado no dejó ningún patrón que se pueda comparar.",
                           "That wipe left no pattern that could be compared.");
        expected->stream = last.stream;
        expected->plain = last.plain;
        return expected->stream ? derive_key(seed, last.pass, expected->key, why) : 0;
}

/* Where a twin and a record of `wipe show` differ. */
static int take_names(const json_t *root, const json_t **ret_record, struct expected *expected, struct says *why) {
        const char *format = text_of(root, "format");
        int r;

        if (strcmp(format, "mpsi-sanitization/1") == 0) {
                *ret_record = json_object_get(root, "finished");
                r = take_text(root, "job", expected->job, sizeof expected->job, why);
                return r ? r : take_text(root, "medium", expected->medium, sizeof expected->medium, why);
        }
        if (strcmp(format, "mpsi-certificate/1") != 0 && strcmp(format, "mpsi-certificate/2") != 0)
                return say(why, EXIT_USAGE, "Ni certificado ni registro de un borrado.",
                           "Neither a certificate's twin nor the record of a wipe.");
        if (strcmp(text_of(root, "kind"), "sanitization") != 0)
                return say(why, EXIT_CONFLICT, "El certificado no es de un borrado.",
                           "The certificate is not of a wipe.");
        if (json_object_get(root, "media"))
                return say(why, EXIT_CONFLICT,
                           "El certificado es de varios soportes: use el registro de uno, «mpsi wipe show --out».",
                           "The certificate is of many media: use the record of one, “mpsi wipe show --out”.");
        *ret_record = root;
        r = take_text(root, "number", expected->certificate, sizeof expected->certificate, why);
        if (r == 0)
                r = take_text(root, "source", expected->job, sizeof expected->job, why);
        return r ? r
                 : take_text(json_object_get(root, "medium"), "id", expected->medium, sizeof expected->medium, why);
}

static int take_all(const json_t *root, struct expected *expected, struct says *why) {
        const json_t *record = NULL, *size;
        uint8_t seed[SEED_BYTES];
        int r = take_names(root, &record, expected, why);

        if (r)
                return r;
        size = json_object_get(json_object_get(record, "device"), "size");
        if (!json_is_integer(size) || json_integer_value(size) <= 0)
                return say(why, EXIT_USAGE, "Al registro le falta el tamaño del soporte.",
                           "The record lacks the medium's size.");
        expected->size = json_integer_value(size);
        r = take_text(record, "seed_commitment", expected->commitment, sizeof expected->commitment, why);
        if (r == 0)
                r = take_seed(record, seed, why);
        if (r == 0)
                r = check_commitment(expected, seed, why);
        return r ? r : take_techniques(record, seed, expected, why);
}

int record_parse(const char *text, size_t n, struct expected *ret, struct says *why) {
        struct expected expected = { 0 };
        json_error_t trouble;
        json_t *root;
        int r;

        if (n > RECORD_MAX)
                return say(why, EXIT_USAGE, "El registro es demasiado grande.", "The record is too large.");
        root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &trouble);
        if (!root)
                return say(why, EXIT_USAGE, "El registro no es JSON: línea %d, %s.",
                           "The record is not JSON: line %d, %s.", trouble.line, trouble.text);
        r = take_all(root, &expected, why);
        json_decref(root);
        if (r == 0)
                *ret = expected;
        return r;
}
