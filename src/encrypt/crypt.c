#include "encrypt/crypt.h"

#include <stdio.h>
#include <string.h>

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
