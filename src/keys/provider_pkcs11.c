/* A master key in an HSM, by PKCS#11. The master key and the KEK are handles in a process apart (isolate.h), which
 * loads the vendor's module; what crosses are the PIN, wrapped bytes, and the secrets of media. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/pkcs11.h"
#include "keys/provider.h"
#include "policy/rule.h"
#include "sign/pkcs11_module.h"

/* A smart card makes a key in seconds; what takes longer hangs. */
enum { HSM_SECONDS = 20 };

enum op { OP_CREATE, OP_OPEN, OP_KEK_CREATE, OP_KEK_OPEN, OP_WRAP, OP_UNWRAP, OP_ERASE };

struct hsm {
        struct isolated *isolated;
        struct secret *pin; /* what is kept with the kernel */
        bool used[PKCS11_KEKS];
};

/* Which of the child's KEKs it is. */
struct hsm_kek {
        int slot;
};

/* --- in the process apart
 * ------------------------------------------------------------------------------------------- */

static int with_commitment(struct pkcs11 *token, CK_OBJECT_HANDLE key, const char *kind,
                           struct isolate_message *m) {
        return pkcs11_commitment(token, key, kind, m->ref, m->commitment, &m->err);
}

static int create_in_child(struct pkcs11 *token, struct isolate_message *m) {
        int r = pkcs11_login(token, &m->err);

        if (r == 0)
                r = *token->id ? pkcs11_find_master(token, &m->err)
                               : pkcs11_make_master(token, m->n ? m->bytes : NULL, &m->err);
        if (r == 0)
                r = with_commitment(token, token->master, "master", m);
        m->n = (size_t) snprintf((char *) m->bytes, sizeof m->bytes, "%s\n%s", token->id, token->serial);
        return r;
}

static int kek_in_child(struct pkcs11 *token, struct isolate_message *m) {
        int r = m->op == OP_KEK_CREATE ? pkcs11_make_kek(token, m->bytes, &m->n, &m->err)
                                       : pkcs11_open_kek(token, m->bytes, m->n, &m->err);

        return r < 0 ? r : with_commitment(token, token->keks[token->slot], "kek", m);
}

/* In and out share the message's room. */
static int secret_in_child(struct pkcs11 *token, struct isolate_message *m) {
        _cleanup_secret_ struct secret *in = NULL;
        int r = secret_copy(m->bytes, m->n, &in, &m->err);

        if (r == 0 && m->op == OP_WRAP)
                r = pkcs11_wrap(token, token->keks[token->slot], in->data, in->size, CKK_GENERIC_SECRET, m->bytes,
                                &m->n, &m->err);
        else if (r == 0)
                r = pkcs11_unwrap(token, in->data, in->size, m->bytes, &m->n, &m->err);
        if (r < 0) { /* for the second try */
                memcpy(m->bytes, in ? in->data : m->bytes, in ? in->size : 0);
                m->n = in ? in->size : 0;
        }
        return r;
}

static int one(struct pkcs11 *token, struct isolate_message *m) {
        int r;

        token->slot = m->slot;

        switch ((enum op) m->op) {
        case OP_CREATE: return create_in_child(token, m);
        case OP_OPEN: r = pkcs11_login(token, &m->err); return r < 0 ? r : pkcs11_find_master(token, &m->err);
        case OP_KEK_CREATE:
        case OP_KEK_OPEN: return kek_in_child(token, m);
        case OP_WRAP:
        case OP_UNWRAP: return secret_in_child(token, m);
        case OP_ERASE: return pkcs11_erase_master(token, &m->err);
        }
        return fail(&m->err, ERR_USAGE, "Petición desconocida.", "Unknown request.");
}

/* A session that the HSM dropped in mid-act is opened again once, with the PIN that was right before. */
static void serve(void *context, struct isolate_message *m) {
        struct pkcs11 *token = context;

        m->result = one(token, m);
        if (m->result == 0 || m->op == OP_CREATE || m->op == OP_OPEN || !pkcs11_session_lost(token))
                return;
        m->result = pkcs11_login(token, &m->err);
        if (m->result == 0)
                m->result = pkcs11_find_master(token, &m->err);
        for (token->slot = 0; m->result == 0 && token->slot < PKCS11_KEKS; token->slot++) {
                const struct secret *wrapped = token->wrapped_keks[token->slot];

                if (wrapped)
                        m->result = pkcs11_open_kek(token, wrapped->data, wrapped->size, &m->err);
        }
        if (m->result == 0)
                m->result = one(token, m);
}

/* --- here
 * ----------------------------------------------------------------------------------------------------------- */

static void hsm_free(struct hsm *hsm) {
        if (!hsm)
                return;
        isolate_end(hsm->isolated);
        secret_free(hsm->pin);
        free(hsm);
}
DEFINE_CLEANUP(struct hsm, hsm_free)

static int check_algorithm(const char *algorithm, struct error *err) {
        if (strcmp(algorithm, "aes256-wrap") != 0)
                return refuse(err, ERR_REFUSED, "C6", "El HSM no envuelve con «%.40s».",
                              "The HSM does not wrap by “%.40s”.", algorithm);
        return 0;
}

static int token_of(const json_t *options, struct pkcs11 *ret, struct error *err) {
        const char *module = json_text(options, "module"), *label = json_text(options, "token"),
                   *id = json_text_or_empty(options, "object"), *serial = json_text_or_empty(options, "serial");
        int r = pkcs11_module_check(module, err);

        if (r < 0)
                return r;
        if (!label || strlen(label) >= sizeof ret->token || strlen(module) >= sizeof ret->module ||
            strlen(id) >= sizeof ret->id || strlen(serial) >= sizeof ret->serial)
                return fail(err, ERR_USAGE, "Falta la etiqueta del token PKCS#11, o algo es demasiado largo.",
                            "The PKCS#11 token's label is missing, or something is too long.");
        (void) snprintf(ret->module, sizeof ret->module, "%s", module);
        (void) snprintf(ret->token, sizeof ret->token, "%s", label);
        (void) snprintf(ret->serial, sizeof ret->serial, "%s", serial);
        (void) snprintf(ret->id, sizeof ret->id, "%s", id);
        return 0;
}

static int start(const json_t *options, const struct secret *pin, struct hsm **ret, struct error *err) {
        _cleanup_(hsm_freep) struct hsm *hsm = calloc(1, sizeof *hsm);
        struct pkcs11 token = { .session = CK_INVALID_HANDLE };
        int r = hsm ? token_of(options, &token, err) : fail_memory(err);

        if (r == 0)
                r = secret_copy(pin->data, pin->size, &hsm->pin, err);
        if (r < 0)
                return r;
        token.pin = hsm->pin;
        r = isolate_start(serve, &token, &hsm->isolated, err);
        if (r == 0)
                *ret = TAKE_PTR(hsm);
        return r;
}

static int call(struct hsm *hsm, enum op op, int slot, const char *ref, const void *bytes, size_t n,
                struct secret **ret_room, struct error *err) {
        _cleanup_secret_ struct secret *room = NULL;
        struct isolate_message *m;
        int r = isolate_message_new((int) op, &room, err);

        if (r < 0)
                return r;
        m = isolate_message_of(room);
        if (n > sizeof m->bytes)
                return fail(err, ERR_USAGE, "Longitud de clave no válida.", "Invalid length of a key.");
        (void) snprintf(m->ref, sizeof m->ref, "%s", ref ? ref : "");
        if (n)
                memcpy(m->bytes, bytes, n);
        m->n = n;
        m->slot = slot;
        r = isolate_call(hsm->isolated, m, HSM_SECONDS, err);
        if (r == 0)
                *ret_room = TAKE_PTR(room);
        return r;
}

static int create(const char *ref, const struct provider_wish *wish, json_t **ret_parameters, char commitment[65],
                  struct error *err) {
        _cleanup_(hsm_freep) struct hsm *hsm = NULL;
        _cleanup_secret_ struct secret *room = NULL;
        struct isolate_message *m;
        char id[65] = "", serial[17] = "";
        int r;

        if (wish->key && (wish->key->size != WRAP_KEY || *json_text_or_empty(wish->options, "object")))
                return fail(err, ERR_USAGE, "Una clave que ya está en el HSM no se reparte.",
                            "A key that is in the HSM already is not split.");
        r = start(wish->options, wish->secret, &hsm, err);
        if (r == 0)
                r = call(hsm, OP_CREATE, 0, ref, wish->key ? wish->key->data : NULL,
                         wish->key ? wish->key->size : 0, &room, err);
        if (r < 0)
                return r;
        m = isolate_message_of(room);
        m->bytes[sizeof m->bytes - 1] = '\0';
        if (sscanf((const char *) m->bytes, "%64[0-9a-f]\n%16[^\n]", id, serial) < 1)
                return fail(err, ERR_FAILED, "El HSM no dice qué clave es.",
                            "The HSM does not say which key it is.");
        for (size_t n = strlen(serial); n > 0 && serial[n - 1] == ' ';)
                serial[--n] = '\0';
        (void) snprintf(commitment, 65, "%s", m->commitment);
        /* A key that custodians can make again is known by what they will make, not by what the HSM does with it.
         */
        r = wish->key ? key_commitment("master", ref, wish->key, commitment, err) : 0;
        if (r < 0)
                return r;
        *ret_parameters = json_pack("{s:s, s:s, s:s, s:s, s:s}", "module", json_text(wish->options, "module"),
                                    "token", json_text(wish->options, "token"), "serial", serial, "object", id,
                                    "algorithm", wrap_algorithm);
        return *ret_parameters ? 0 : fail_memory(err);
}

static int open_session(const json_t *parameters, const struct secret *secret, void **ret_session,
                        struct error *err) {
        _cleanup_(hsm_freep) struct hsm *hsm = NULL;
        _cleanup_secret_ struct secret *room = NULL;
        int r = check_algorithm(json_text_or_empty(parameters, "algorithm"), err);

        if (r == 0)
                r = start(parameters, secret, &hsm, err);
        if (r == 0)
                r = call(hsm, OP_OPEN, 0, NULL, NULL, 0, &room, err);
        if (r == 0)
                *ret_session = TAKE_PTR(hsm);
        return r;
}

static int keep(void *session, struct secret **ret_token, struct error *err) {
        const struct hsm *hsm = session;

        return secret_copy(hsm->pin->data, hsm->pin->size, ret_token, err);
}

static void close_session(void *session) {
        hsm_free(session);
}

static int erase(void *session, struct error *err) {
        _cleanup_secret_ struct secret *room = NULL;

        return call(session, OP_ERASE, 0, NULL, NULL, 0, &room, err);
}

static int kek(struct hsm *hsm, enum op op, const char *algorithm, const char *ref, uint8_t *wrapped, size_t *n,
               char commitment[65], void **ret_kek, struct error *err) {
        _cleanup_secret_ struct secret *room = NULL;
        struct hsm_kek *made;
        struct isolate_message *m;
        int slot = hsm->used[0] ? 1 : 0, r = check_algorithm(algorithm, err);

        if (r == 0 && hsm->used[slot])
                return fail(err, ERR_CONFLICT, "Demasiadas KEK a la vez.", "Too many KEKs at once.");
        if (r == 0)
                r = call(hsm, op, slot, ref, wrapped, op == OP_KEK_OPEN ? *n : 0, &room, err);
        if (r < 0)
                return r;
        m = isolate_message_of(room);
        made = calloc(1, sizeof *made);
        if (!made)
                return fail_memory(err);
        (void) snprintf(commitment, 65, "%s", m->commitment);
        if (op == OP_KEK_CREATE) {
                *n = m->n;
                memcpy(wrapped, m->bytes, m->n);
        }
        hsm->used[slot] = true;
        made->slot = slot;
        *ret_kek = made;
        return 0;
}

static int kek_create(void *session, const char *algorithm, const char *ref, uint8_t out[WRAPPED_MAX],
                      size_t *ret_n, char commitment[65], void **ret_kek, struct error *err) {
        return kek(session, OP_KEK_CREATE, algorithm, ref, out, ret_n, commitment, ret_kek, err);
}

static int kek_open(void *session, const char *algorithm, const char *ref, const uint8_t *wrapped, size_t n,
                    char commitment[65], void **ret_kek, struct error *err) {
        uint8_t copy[64];

        if (n > sizeof copy)
                return fail(err, ERR_VERIFY, "La clave guardada está dañada.", "The stored key is damaged.");
        memcpy(copy, wrapped, n);
        return kek(session, OP_KEK_OPEN, algorithm, ref, copy, &n, commitment, ret_kek, err);
}

static void kek_close(void *session, void *closed) {
        struct hsm *hsm = session;

        hsm->used[((const struct hsm_kek *) closed)->slot] = false;
        free(closed);
}

static int wrap(void *session, void *under, const char *algorithm, const struct secret *secret,
                uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err) {
        _cleanup_secret_ struct secret *room = NULL;
        int r = check_algorithm(algorithm, err);

        if (r == 0)
                r = call(session, OP_WRAP, ((const struct hsm_kek *) under)->slot, NULL, secret->data, secret->size,
                         &room, err);
        if (r < 0)
                return r;
        *ret_n = isolate_message_of(room)->n;
        memcpy(out, isolate_message_of(room)->bytes, *ret_n);
        return 0;
}

static int unwrap(void *session, void *under, const char *algorithm, const uint8_t *wrapped, size_t n,
                  struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *room = NULL;
        int r = check_algorithm(algorithm, err);

        if (r == 0)
                r = call(session, OP_UNWRAP, ((const struct hsm_kek *) under)->slot, NULL, wrapped, n, &room, err);
        return r < 0 ? r : secret_copy(isolate_message_of(room)->bytes, isolate_message_of(room)->n, ret, err);
}

const struct key_provider key_provider_pkcs11 = {
        .name = "pkcs11",
        .title = { "HSM por PKCS#11", "HSM by PKCS#11" },
        .prompt = { "PIN del HSM", "PIN of the HSM" },
        .hsm = true,
        .counts = true,
        .create = create,
        .open = open_session,
        .keep = keep,
        .reopen = open_session,
        .close = close_session,
        .erase = erase,
        .kek_create = kek_create,
        .kek_open = kek_open,
        .kek_close = kek_close,
        .wrap = wrap,
        .unwrap = unwrap,
};
