#include "encrypt/crypt.h"

#include <stdio.h>
#include <string.h>

#include "encrypt/copy.h"
#include "encrypt/mac.h"

/* 64 random bytes need no stretching (row 9), and PBKDF2 is in CCN-STIC 807's table where Argon2 is not. 1000 is
 * the least that the format allows. */
const struct crypt_pbkdf_type luks_slot_pbkdf = {
        .type = CRYPT_KDF_PBKDF2, .hash = "sha256", .iterations = 1000, .flags = CRYPT_PBKDF_NO_BENCHMARK
};

static void keep_words(int level, const char *message, void *context) {
        struct crypt_words *words = context;

        if (level == CRYPT_LOG_ERROR) {
                (void) snprintf(words->text, sizeof words->text, "%s", message);
                words->text[strcspn(words->text, "\n")] = '\0';
        }
}

int luks_device_fail(struct error *err, int r, const struct crypt_words *words, struct text what) {
        struct error said;

        /* The library speaks English; its words are quoted in both languages. */
        (void) fail(&said, ERR_FAILED, "%s: %s (%s).", "%s: %s (%s).", what.es, words->text, strerror(-r));
        (void) fail(err, ERR_FAILED, "%s", "%s", said.what[LANG_ES]);
        if (err)
                (void) snprintf(err->what[LANG_EN], ERROR_TEXT_MAX, "%s: %s (%s).", what.en, words->text,
                                strerror(-r));
        return ERR_FAILED;
}

int luks_device_init(int fd, struct crypt_words *words, struct crypt_device **ret) {
        char path[32];
        int r;

        (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        r = crypt_init(ret, path);
        if (r == 0)
                crypt_set_log_callback(*ret, keep_words, words);
        return r;
}

int luks_put_token(struct crypt_device *device, int fd, luks_token_make make, void *context, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy so_far = { 0 };
        _cleanup_json_ json_t *token = NULL;
        _cleanup_free_ char *text = NULL;
        int r = luks_copy_read(fd, false, &so_far, err);

        if (r == 0)
                r = make(context, &so_far.facts, &token, err);
        if (r == 0)
                r = json_canonical(token, &text, err);
        if (r < 0)
                return r;
        r = crypt_token_json_set(device, CRYPT_ANY_TOKEN, text);
        return r < 0 ? fail_errno(err, -r, "El testigo no cabe en la cabecera", "The token does not fit the header")
                     : 0;
}

static int make_mac(void *context, const struct luks_facts *facts, json_t **ret, struct error *err) {
        return header_mac_token(facts, facts->seqid + 1, context, ret, err);
}

int luks_put_mac(struct crypt_device *device, int fd, const struct secret *machine, struct error *err) {
        return luks_put_token(device, fd, make_mac, (void *) (uintptr_t) machine, err);
}
