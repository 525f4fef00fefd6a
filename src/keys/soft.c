/* A master key and its KEKs in locked memory. */
#include "keys/soft.h"

int soft_keep(void *session, struct secret **ret_token, struct error *err) {
        const struct secret *master = session;

        return secret_copy(master->data, master->size, ret_token, err);
}

int soft_reopen(const json_t *parameters, const struct secret *token, void **ret_session, struct error *err) {
        struct secret *master;
        int r;

        (void) parameters;
        if (token->size != WRAP_KEY)
                return fail(err, ERR_DENIED, "La llave guardada no sirve.", "The kept key does not serve.");
        r = secret_copy(token->data, token->size, &master, err);
        if (r == 0)
                *ret_session = master;
        return r;
}

void soft_close(void *session) {
        secret_free(session);
}

int soft_kek_create(void *session, const char *algorithm, const char *ref, uint8_t out[WRAPPED_MAX], size_t *ret_n,
                    char commitment[65], void **ret_kek, struct error *err) {
        _cleanup_secret_ struct secret *kek = NULL;
        int r = secret_random(WRAP_KEY, &kek, err);

        if (r == 0)
                r = wrap_key(algorithm, session, kek, out, ret_n, err);
        if (r == 0)
                r = key_commitment("kek", ref, kek, commitment, err);
        if (r == 0)
                *ret_kek = TAKE_PTR(kek);
        return r;
}

int soft_kek_open(void *session, const char *algorithm, const char *ref, const uint8_t *wrapped, size_t n,
                  char commitment[65], void **ret_kek, struct error *err) {
        _cleanup_secret_ struct secret *kek = NULL;
        int r = unwrap_key(algorithm, session, wrapped, n, &kek, err);

        if (r == 0 && kek->size != WRAP_KEY)
                return fail(err, ERR_VERIFY, "La clave guardada está dañada.", "The stored key is damaged.");
        if (r == 0)
                r = key_commitment("kek", ref, kek, commitment, err);
        if (r == 0)
                *ret_kek = TAKE_PTR(kek);
        return r;
}

void soft_kek_close(void *session, void *kek) {
        (void) session;
        secret_free(kek);
}

int soft_wrap(void *session, void *kek, const char *algorithm, const struct secret *secret,
              uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err) {
        (void) session;
        return wrap_key(algorithm, kek, secret, out, ret_n, err);
}

int soft_unwrap(void *session, void *kek, const char *algorithm, const uint8_t *wrapped, size_t n,
                struct secret **ret, struct error *err) {
        (void) session;
        return unwrap_key(algorithm, kek, wrapped, n, ret, err);
}
