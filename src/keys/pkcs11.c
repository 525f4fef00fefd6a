#include "keys/pkcs11.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/rule.h"
#include "sign/pkcs11_module.h"

enum { SLOTS_MOST = 64, ID_BYTES = 8 };

static CK_RV last; /* of the last call that failed; this process serves one token */

/* --- what went wrong
 * ----------------------------------------------------------------------------------------------- */

static const struct {
        CK_RV rv;
        int code;
        struct text what;
} troubles[] = {
        { CKR_PIN_INCORRECT, ERR_DENIED, { "El PIN del HSM no es correcto", "The HSM's PIN is wrong" } },
        { CKR_PIN_LEN_RANGE, ERR_DENIED, { "El PIN del HSM no es correcto", "The HSM's PIN is wrong" } },
        { CKR_PIN_INVALID, ERR_DENIED, { "El PIN del HSM no es correcto", "The HSM's PIN is wrong" } },
        { CKR_PIN_LOCKED, ERR_CONFLICT, { "El PIN del HSM está bloqueado", "The HSM's PIN is locked" } },
        { CKR_PIN_EXPIRED, ERR_CONFLICT, { "El PIN del HSM ha caducado", "The HSM's PIN has expired" } },
        { CKR_USER_PIN_NOT_INITIALIZED, ERR_CONFLICT, { "El HSM no tiene PIN todavía", "The HSM has no PIN yet" } },
        { CKR_DEVICE_REMOVED, ERR_FAILED, { "El HSM se ha desconectado", "The HSM was disconnected" } },
        { CKR_TOKEN_NOT_PRESENT, ERR_FAILED, { "El HSM no está conectado", "The HSM is not connected" } },
        { CKR_DEVICE_MEMORY, ERR_FAILED, { "El HSM no tiene sitio", "The HSM has no room" } },
        { CKR_MECHANISM_INVALID, ERR_REFUSED, { "El HSM no sabe AES Key Wrap", "The HSM has no AES Key Wrap" } },
        { CKR_WRAPPED_KEY_INVALID,
          ERR_VERIFY,
          { "La clave guardada no se desenvuelve: es otra o está alterada",
            "The stored key does not unwrap: it is another one or was altered" } },
        { CKR_WRAPPED_KEY_LEN_RANGE, ERR_VERIFY, { "La clave guardada está dañada", "The stored key is damaged" } },
};

static int trouble(struct error *err, CK_RV rv, const char *call) {
        last = rv;
        for (size_t i = 0; i < COUNT(troubles); i++)
                if (troubles[i].rv == rv)
                        return fail(err, troubles[i].code, "%s%.0s (PKCS#11 %s: 0x%lx).",
                                    "%.0s%s (PKCS#11 %s: 0x%lx).", troubles[i].what.es, troubles[i].what.en, call,
                                    rv);
        return fail(err, ERR_FAILED, "El HSM falla (PKCS#11 %s: 0x%lx).", "The HSM failed (PKCS#11 %s: 0x%lx).",
                    call, rv);
}

bool pkcs11_session_lost(struct pkcs11 *token) {
        bool lost = last == CKR_SESSION_HANDLE_INVALID || last == CKR_SESSION_CLOSED ||
                    last == CKR_USER_NOT_LOGGED_IN;

        last = CKR_OK;
        if (lost)
                token->session = token->master = CK_INVALID_HANDLE;
        return lost;
}

/* --- module and token
 * ---------------------------------------------------------------------------------------------- */

static int load(struct pkcs11 *token, struct error *err) {
        CK_C_INITIALIZE_ARGS arguments = { .flags = CKF_OS_LOCKING_OK };
        CK_RV rv;
        int r;

        if (token->calls)
                return 0;
        r = pkcs11_module_load(token->module, &token->calls, err);
        if (r < 0)
                return r;
        rv = token->calls->C_Initialize(&arguments);
        return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? 0 : trouble(err, rv, "C_Initialize");
}

static int find_token(struct pkcs11 *token, CK_SLOT_ID *ret, CK_FLAGS *ret_flags, struct error *err) {
        CK_SLOT_ID slots[SLOTS_MOST];
        CK_ULONG n = SLOTS_MOST;
        CK_RV rv = token->calls->C_GetSlotList(CK_TRUE, slots, &n);

        if (rv != CKR_OK)
                return trouble(err, rv, "C_GetSlotList");
        for (CK_ULONG i = 0; i < n; i++) {
                CK_TOKEN_INFO info;

                if (token->calls->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
                    !pkcs11_padded_equal(info.label, sizeof info.label, token->token) ||
                    (*token->serial &&
                     !pkcs11_padded_equal(info.serialNumber, sizeof info.serialNumber, token->serial)))
                        continue;
                if (!*token->serial)
                        (void) snprintf(token->serial, sizeof token->serial, "%.16s",
                                        (const char *) info.serialNumber);
                *ret = slots[i];
                *ret_flags = info.flags;
                return 0;
        }
        (void) fail(err, ERR_FAILED, "El HSM «%s» no está conectado.", "The HSM “%s” is not connected.",
                    token->token);
        return hint(err, "Conéctelo y repita: nada se ha perdido.", "Connect it and repeat: nothing is lost.");
}

/* A wrong try more may be the last one: it is for the HSM's own tools, where the person sees how many are left. */
static int check_tries(CK_FLAGS flags, struct error *err) {
        if (flags & CKF_USER_PIN_LOCKED)
                (void) fail(err, ERR_CONFLICT, "El PIN del HSM está bloqueado.", "The HSM's PIN is locked.");
        else if (flags & CKF_USER_PIN_FINAL_TRY)
                (void) fail(err, ERR_CONFLICT, "Al PIN del HSM le queda un solo intento: no se gasta aquí.",
                            "The HSM's PIN has one try left: it is not spent here.");
        else
                return 0;
        return hint(err, "Compruebe o desbloquee el PIN con las herramientas del HSM.",
                    "Check or unblock the PIN with the HSM's own tools.");
}

int pkcs11_login(struct pkcs11 *token, struct error *err) {
        CK_SLOT_ID slot;
        CK_FLAGS flags;
        CK_RV rv;
        int r = load(token, err);

        if (r == 0)
                r = find_token(token, &slot, &flags, err);
        if (r == 0)
                r = check_tries(flags, err);
        if (r < 0)
                return r;
        rv = token->calls->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &token->session);
        if (rv != CKR_OK)
                return trouble(err, rv, "C_OpenSession");
        rv = token->calls->C_Login(token->session, CKU_USER, token->pin->data, token->pin->size);
        return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? 0 : trouble(err, rv, "C_Login");
}

/* --- keys
 * ---------------------------------------------------------------------------------------------------------- */

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;
static CK_ULONG key_bytes = WRAP_KEY;
static CK_MECHANISM key_wrap = { CKM_AES_KEY_WRAP, NULL, 0 };
static char master_label[] = "mpsi master"; /* of one that was made here */

static bool attribute_is(struct pkcs11 *token, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, CK_BBOOL wanted) {
        CK_BBOOL value = !wanted;
        CK_ATTRIBUTE attribute = { type, &value, sizeof value };

        return token->calls->C_GetAttributeValue(token->session, key, &attribute, 1) == CKR_OK && value == wanted;
}

int pkcs11_find_master(struct pkcs11 *token, struct error *err) {
        uint8_t id[32];
        const size_t n = strlen(token->id) / 2;
        CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &secret_class, sizeof secret_class },
                                  { CKA_KEY_TYPE, &aes, sizeof aes },
                                  { CKA_TOKEN, &yes, sizeof yes },
                                  { CKA_ID, id, n } };
        CK_OBJECT_HANDLE found[2];
        CK_ULONG count = 0;
        CK_RV rv;

        if (n == 0 || n > sizeof id || hex_decode(token->id, id, n) < 0)
                return fail(err, ERR_USAGE, "CKA_ID no válido.", "Invalid CKA_ID.");
        rv = token->calls->C_FindObjectsInit(token->session, wanted, COUNT(wanted));
        if (rv == CKR_OK) {
                rv = token->calls->C_FindObjects(token->session, found, COUNT(found), &count);
                (void) token->calls->C_FindObjectsFinal(token->session);
        }
        if (rv != CKR_OK)
                return trouble(err, rv, "C_FindObjects");
        if (count != 1) {
                (void) fail(err, ERR_NOT_FOUND, "La clave maestra (CKA_ID %s) no está una vez en el HSM, sino %lu.",
                            "The master key (CKA_ID %s) is in the HSM not once but %lu times.", token->id, count);
                return hint(err, "Restáurela en el HSM desde la copia de su fabricante.",
                            "Restore it in the HSM from the vendor's backup.");
        }
        if (!attribute_is(token, found[0], CKA_SENSITIVE, CK_TRUE) ||
            !attribute_is(token, found[0], CKA_EXTRACTABLE, CK_FALSE))
                return refuse(err, ERR_REFUSED, "C1", "La clave del HSM puede salir de él.",
                              "The HSM's key can leave it.");
        token->master = found[0];
        return 0;
}

int pkcs11_make_master(struct pkcs11 *token, const uint8_t *value, struct error *err) {
        CK_MECHANISM generate = { CKM_AES_KEY_GEN, NULL, 0 };
        uint8_t id[ID_BYTES];
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &secret_class, sizeof secret_class },
                { CKA_KEY_TYPE, &aes, sizeof aes },
                { CKA_TOKEN, &yes, sizeof yes },
                { CKA_PRIVATE, &yes, sizeof yes },
                { CKA_SENSITIVE, &yes, sizeof yes },
                { CKA_EXTRACTABLE, &no, sizeof no },
                { CKA_WRAP, &yes, sizeof yes },
                { CKA_UNWRAP, &yes, sizeof yes },
                { CKA_ENCRYPT, &no, sizeof no },
                { CKA_DECRYPT, &no, sizeof no },
                { CKA_LABEL, master_label, sizeof master_label - 1 },
                { CKA_ID, id, sizeof id },
                { CKA_VALUE_LEN, &key_bytes, sizeof key_bytes },
        };
        CK_RV rv;

        if (RAND_bytes(id, sizeof id) != 1)
                return fail(err, ERR_FAILED, "El generador aleatorio no responde.", "The random generator failed.");
        hex_encode(id, sizeof id, token->id);
        if (value) {
                template[COUNT(template) - 1] = (CK_ATTRIBUTE){ CKA_VALUE, (void *) (uintptr_t) value, WRAP_KEY };
                rv = token->calls->C_CreateObject(token->session, template, COUNT(template), &token->master);
                if (rv == CKR_OK)
                        return 0;
                (void) trouble(err, rv, "C_CreateObject");
                return hint(
                        err, "Si el HSM no admite claves de fuera, use «mpsi key rotate --master» sin ceremonia.",
                        "If the HSM takes no key from outside, use “mpsi key rotate --master” without a ceremony.");
        }
        rv = token->calls->C_GenerateKey(token->session, &generate, template, COUNT(template), &token->master);
        return rv == CKR_OK ? 0 : trouble(err, rv, "C_GenerateKey");
}

int pkcs11_erase_master(struct pkcs11 *token, struct error *err) {
        char label[sizeof master_label] = "";
        CK_ATTRIBUTE attribute = { CKA_LABEL, label, sizeof label };
        CK_RV rv = token->calls->C_GetAttributeValue(token->session, token->master, &attribute, 1);

        if (rv != CKR_OK || attribute.ulValueLen != sizeof master_label - 1 ||
            memcmp(label, master_label, sizeof master_label - 1) != 0)
                return fail(err, ERR_CONFLICT, "La clave estaba en el HSM antes que mpsi: no se borra.",
                            "The key was in the HSM before mpsi: it is not destroyed.");
        rv = token->calls->C_DestroyObject(token->session, token->master);
        if (rv != CKR_OK)
                return trouble(err, rv, "C_DestroyObject");
        token->master = CK_INVALID_HANDLE;
        return 0;
}

int pkcs11_wrap(struct pkcs11 *token, CK_OBJECT_HANDLE under, const uint8_t *secret, size_t n, CK_KEY_TYPE type,
                uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err) {
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &secret_class, sizeof secret_class },
                { CKA_KEY_TYPE, &type, sizeof type },
                { CKA_TOKEN, &no, sizeof no },
                { CKA_SENSITIVE, &no, sizeof no },
                { CKA_EXTRACTABLE, &yes, sizeof yes },
                { CKA_VALUE, (void *) (uintptr_t) secret, n },
        };
        CK_OBJECT_HANDLE object;
        CK_ULONG size = WRAPPED_MAX;
        CK_RV rv = token->calls->C_CreateObject(token->session, template, COUNT(template), &object);

        if (rv != CKR_OK)
                return trouble(err, rv, "C_CreateObject");
        rv = token->calls->C_WrapKey(token->session, &key_wrap, under, object, out, &size);
        (void) token->calls->C_DestroyObject(token->session, object);
        if (rv != CKR_OK)
                return trouble(err, rv, "C_WrapKey");
        *ret_n = size;
        return 0;
}

int pkcs11_unwrap(struct pkcs11 *token, const uint8_t *wrapped, size_t n, uint8_t out[WRAPPED_MAX], size_t *ret_n,
                  struct error *err) {
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &secret_class, sizeof secret_class },
                { CKA_KEY_TYPE, &generic, sizeof generic },
                { CKA_TOKEN, &no, sizeof no },
                { CKA_SENSITIVE, &no, sizeof no },
                { CKA_EXTRACTABLE, &yes, sizeof yes },
        };
        CK_ATTRIBUTE value = { CKA_VALUE, out, WRAPPED_MAX };
        CK_OBJECT_HANDLE object;
        CK_RV rv = token->calls->C_UnwrapKey(token->session, &key_wrap, token->keks[token->slot],
                                             (CK_BYTE *) (uintptr_t) wrapped, n, template, COUNT(template),
                                             &object);

        /* Some modules say of altered bytes only that something failed. */
        if (rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_ENCRYPTED_DATA_INVALID)
                rv = CKR_WRAPPED_KEY_INVALID;
        if (rv != CKR_OK)
                return trouble(err, rv, "C_UnwrapKey");
        rv = token->calls->C_GetAttributeValue(token->session, object, &value, 1);
        (void) token->calls->C_DestroyObject(token->session, object);
        if (rv != CKR_OK)
                return trouble(err, rv, "C_GetAttributeValue");
        *ret_n = value.ulValueLen;
        return 0;
}

int pkcs11_commitment(struct pkcs11 *token, CK_OBJECT_HANDLE key, const char *kind, const char *ref, char ret[65],
                      struct error *err) {
        static const uint8_t zeros[WRAP_KEY];
        _cleanup_secret_ struct secret *value = NULL;
        uint8_t out[WRAPPED_MAX];
        size_t n;
        int r = pkcs11_wrap(token, key, zeros, sizeof zeros, CKK_AES, out, &n, err);

        if (r == 0)
                r = secret_copy(out, n, &value, err);
        return r < 0 ? r : key_commitment(kind, ref, value, ret, err);
}

static int remember_kek(struct pkcs11 *token, const uint8_t *wrapped, size_t n, struct error *err) {
        struct secret *copy;
        int r;

        if (token->wrapped_keks[token->slot] && token->wrapped_keks[token->slot]->data == wrapped)
                return 0;
        r = secret_copy(wrapped, n, &copy, err);
        if (r < 0)
                return r;
        secret_free(token->wrapped_keks[token->slot]);
        token->wrapped_keks[token->slot] = copy;
        return 0;
}

int pkcs11_open_kek(struct pkcs11 *token, const uint8_t *wrapped, size_t n, struct error *err) {
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &secret_class, sizeof secret_class },
                { CKA_KEY_TYPE, &aes, sizeof aes },
                { CKA_TOKEN, &no, sizeof no },
                { CKA_PRIVATE, &yes, sizeof yes },
                { CKA_SENSITIVE, &yes, sizeof yes },
                { CKA_EXTRACTABLE, &no, sizeof no },
                { CKA_WRAP, &yes, sizeof yes },
                { CKA_UNWRAP, &yes, sizeof yes },
        };
        CK_RV rv = token->calls->C_UnwrapKey(token->session, &key_wrap, token->master,
                                             (CK_BYTE *) (uintptr_t) wrapped, n, template, COUNT(template),
                                             &token->keks[token->slot]);

        if (rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_ENCRYPTED_DATA_INVALID)
                rv = CKR_WRAPPED_KEY_INVALID;
        return rv == CKR_OK ? remember_kek(token, wrapped, n, err) : trouble(err, rv, "C_UnwrapKey");
}

/* Made extractable for the moment in which the master key wraps it, then opened as one that stays. */
int pkcs11_make_kek(struct pkcs11 *token, uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err) {
        CK_MECHANISM generate = { CKM_AES_KEY_GEN, NULL, 0 };
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &secret_class, sizeof secret_class },
                { CKA_KEY_TYPE, &aes, sizeof aes },
                { CKA_VALUE_LEN, &key_bytes, sizeof key_bytes },
                { CKA_TOKEN, &no, sizeof no },
                { CKA_PRIVATE, &yes, sizeof yes },
                { CKA_SENSITIVE, &yes, sizeof yes },
                { CKA_EXTRACTABLE, &yes, sizeof yes },
        };
        CK_OBJECT_HANDLE made;
        CK_ULONG size = WRAPPED_MAX;
        CK_RV rv = token->calls->C_GenerateKey(token->session, &generate, template, COUNT(template), &made);

        if (rv != CKR_OK)
                return trouble(err, rv, "C_GenerateKey");
        rv = token->calls->C_WrapKey(token->session, &key_wrap, token->master, made, out, &size);
        (void) token->calls->C_DestroyObject(token->session, made);
        if (rv != CKR_OK)
                return trouble(err, rv, "C_WrapKey");
        *ret_n = size;
        return pkcs11_open_kek(token, out, size, err);
}
