/* The software master key: 32 random bytes, wrapped under a passphrase. */
#include "keys/provider.h"
#include "keys/soft.h"

static int create(const char *ref, const struct provider_wish *wish, json_t **ret_parameters, char commitment[65],
                  struct error *err) {
        _cleanup_secret_ struct secret *made = NULL;
        const struct secret *master = wish->key;
        int r = soft_passphrase_check(wish->secret, err);

        if (r == 0 && !master) {
                r = secret_random(WRAP_KEY, &made, err);
                master = made;
        }
        if (r == 0)
                r = key_commitment("master", ref, master, commitment, err);
        return r < 0 ? r : soft_seal(json_text(wish->options, "kdf"), wish->secret, master, ret_parameters, err);
}

static int open_session(const json_t *parameters, const struct secret *secret, void **ret_session,
                        struct error *err) {
        struct secret *master;
        int r = soft_unseal(parameters, secret, &master, err);

        if (r == 0)
                *ret_session = master;
        return r;
}

const struct key_provider key_provider_software = {
        .name = "software",
        .title = { "almacén de claves en software", "software key store" },
        .prompt = { "Frase de la clave maestra", "Passphrase of the master key" },
        .new_prompt = { "Contraseña nueva de la clave maestra: ", "New passphrase of the master key: " },
        .create = create,
        .open = open_session,
        .keep = soft_keep,
        .reopen = soft_reopen,
        .close = soft_close,
        .kek_create = soft_kek_create,
        .kek_open = soft_kek_open,
        .kek_close = soft_kek_close,
        .wrap = soft_wrap,
        .unwrap = soft_unwrap,
};
