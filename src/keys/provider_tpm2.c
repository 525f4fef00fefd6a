/* A master key sealed by the station's TPM to the state of its boot, and under a recovery passphrase too: a
 * firmware update that changes the registers loses no medium. The TPM is spoken to in a process apart (isolate.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/isolate.h"
#include "keys/provider.h"
#include "keys/soft.h"
#include "keys/tpm2.h"

enum { TPM_SECONDS = 30 };

enum op { OP_SEAL, OP_UNSEAL };

struct order {
        const json_t *options; /* or what was sealed */
        const struct secret *key;
};

static void serve(void *context, struct isolate_message *m) {
        const struct order *order = context;
        _cleanup_secret_ struct secret *key = NULL;
        _cleanup_json_ json_t *sealed = NULL;
        _cleanup_free_ char *text = NULL;

        /* tpm2-tss says on stderr what we say ourselves, in our words. */
        (void) setenv("TSS2_LOG", "all+NONE", 1);
        if (m->op == OP_UNSEAL) {
                m->result = tpm2_unseal(order->options, &key, &m->err);
        } else {
                m->result = tpm2_seal(order->options, order->key, &sealed, &m->err);
                if (m->result == 0)
                        m->result = json_canonical(sealed, &text, &m->err);
        }
        if (m->result < 0)
                return;
        m->n = key ? key->size : strlen(text);
        if (m->n > sizeof m->bytes) {
                m->result = fail(&m->err, ERR_FAILED, "El TPM contesta demasiado.", "The TPM answers too much.");
                return;
        }
        memcpy(m->bytes, key ? (const void *) key->data : text, m->n);
}

static int ask(enum op op, const struct order *order, struct secret **ret_room, struct error *err) {
        _cleanup_secret_ struct secret *room = NULL;
        struct order context = *order;
        struct isolated *isolated = NULL;
        int r = isolate_message_new((int) op, &room, err);

        if (r == 0)
                r = isolate_start(serve, &context, &isolated, err);
        if (r == 0)
                r = isolate_call(isolated, isolate_message_of(room), TPM_SECONDS, err);
        isolate_end(isolated);
        if (r == 0)
                *ret_room = TAKE_PTR(room);
        return r;
}

int provider_tpm2_seal(const json_t *options, const struct secret *key, json_t **ret, struct error *err) {
        const struct order order = { options, key };
        _cleanup_secret_ struct secret *room = NULL;
        int r = ask(OP_SEAL, &order, &room, err);

        return r < 0 ? r
                     : json_parse((const char *) isolate_message_of(room)->bytes, isolate_message_of(room)->n, ret,
                                  err);
}

static int create(const char *ref, const struct provider_wish *wish, json_t **ret_parameters, char commitment[65],
                  struct error *err) {
        _cleanup_secret_ struct secret *made = NULL;
        _cleanup_json_ json_t *sealed = NULL, *recovery = NULL;
        const struct secret *master = wish->key;
        int r = soft_passphrase_check(wish->secret, err);

        if (r == 0 && !master) {
                r = secret_random(WRAP_KEY, &made, err);
                master = made;
        }
        if (r == 0)
                r = key_commitment("master", ref, master, commitment, err);
        if (r == 0)
                r = soft_seal(json_text(wish->options, "kdf"), wish->secret, master, &recovery, err);
        if (r == 0)
                r = provider_tpm2_seal(wish->options, master, &sealed, err);
        if (r < 0)
                return r;
        *ret_parameters = json_pack("{s:O, s:O}", "tpm", sealed, "recovery", recovery);
        return *ret_parameters ? 0 : fail_memory(err);
}

static int open_session(const json_t *parameters, const struct secret *secret, void **ret_session,
                        struct error *err) {
        const struct order order = { json_object_get(parameters, "tpm"), NULL };
        _cleanup_secret_ struct secret *room = NULL;
        struct secret *master = NULL;
        int r;

        if (secret)
                r = soft_unseal(json_object_get(parameters, "recovery"), secret, &master, err);
        else {
                r = ask(OP_UNSEAL, &order, &room, err);
                if (r == 0)
                        r = secret_copy(isolate_message_of(room)->bytes, WRAP_KEY, &master, err);
        }
        if (r == 0)
                *ret_session = master;
        return r;
}

const struct key_provider key_provider_tpm2 = {
        .name = "tpm2",
        .title = { "TPM 2.0 del puesto", "the station's TPM 2.0" },
        .prompt = { "Frase de recuperación de la clave maestra", "Recovery passphrase of the master key" },
        .new_prompt = { "Frase de recuperación nueva de la clave maestra: ",
                        "New recovery passphrase of the master key: " },
        .silent = true,
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
