#include "keys/kept.h"

#include <errno.h>
#include <keyutils.h>
#include <string.h>

enum { TOKEN_MOST = 1024 };

/* Whoever possesses the session keyring: nobody else of the same account, and not root by its name alone. */
static const key_perm_t possessor = KEY_POS_VIEW | KEY_POS_READ | KEY_POS_WRITE | KEY_POS_SEARCH | KEY_POS_SETATTR;

/* The keyring's own number: adding to KEY_SPEC_SESSION_KEYRING would begin a new session keyring when the process
 * has only the account's, and that would end with it. */
static key_serial_t keyring(void) {
        return (key_serial_t) keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
}

int kept_put(const char *name, const struct secret *token, int64_t until, int64_t seconds, struct error *err) {
        _cleanup_secret_ struct secret *payload = NULL;
        key_serial_t ring = keyring(), key = -1;
        int r;

        if (token->size > TOKEN_MOST)
                return fail(err, ERR_USAGE, "Secreto demasiado largo.", "The secret is too long.");
        r = secret_new(sizeof until + token->size, &payload, err);
        if (r < 0)
                return r;
        memcpy(payload->data, &until, sizeof until);
        memcpy(payload->data + sizeof until, token->data, token->size);
        (void) kept_drop(name);
        if (ring >= 0)
                key = add_key("user", name, payload->data, payload->size, ring);
        if (key < 0 || keyctl_set_timeout(key, (unsigned) seconds) < 0 || keyctl_setperm(key, possessor) < 0) {
                int no = errno;

                (void) kept_drop(name);
                return fail_errno(err, no, "El núcleo no guarda la llave", "The kernel does not keep the key");
        }
        return 0;
}

int kept_get(const char *name, struct secret **ret_token, int64_t *ret_until, struct error *err) {
        _cleanup_secret_ struct secret *payload = NULL;
        key_serial_t key = (key_serial_t) keyctl_search(KEY_SPEC_SESSION_KEYRING, "user", name, 0);
        const size_t head = sizeof *ret_until;
        long n;
        int r;

        if (key < 0)
                return ERR_NOT_FOUND;
        r = secret_new(head + TOKEN_MOST, &payload, err);
        if (r < 0)
                return r;
        n = keyctl_read(key, (char *) payload->data, payload->size);
        if (n <= (long) head || n > (long) payload->size)
                return ERR_NOT_FOUND;
        memcpy(ret_until, payload->data, head);
        return ret_token ? secret_copy(payload->data + head, (size_t) n - head, ret_token, err) : 0;
}

bool kept_drop(const char *name) {
        key_serial_t key = (key_serial_t) keyctl_search(KEY_SPEC_SESSION_KEYRING, "user", name, 0);

        if (key < 0)
                return false;
        if (keyctl_revoke(key) == 0)
                (void) keyctl_unlink(key, keyring());
        return true;
}
