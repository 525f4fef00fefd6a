#include <errno.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "policy/rule.h"
#include "sign/card_parts.h"
#include "sign/pkcs11_module.h"

enum { SLOTS_MOST = 64, KEYS_MOST = 16, POINT_384 = 97, POINT_256 = 65 };

struct token {
        const struct secret *pin;
        struct card_place place;
        CK_FUNCTION_LIST *calls;
        CK_SESSION_HANDLE session;
        CK_OBJECT_HANDLE key;
};

static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY, public_class = CKO_PUBLIC_KEY;
static CK_KEY_TYPE ec = CKK_EC;

static const struct {
        CK_RV rv;
        int code;
        struct text what;
} troubles[] = {
        { CKR_PIN_INCORRECT, ERR_DENIED, { "El PIN de la tarjeta no es correcto", "The card's PIN is wrong" } },
        { CKR_PIN_LEN_RANGE, ERR_DENIED, { "El PIN de la tarjeta no es correcto", "The card's PIN is wrong" } },
        { CKR_PIN_INVALID, ERR_DENIED, { "El PIN de la tarjeta no es correcto", "The card's PIN is wrong" } },
        { CKR_PIN_LOCKED, ERR_CONFLICT, { "El PIN de la tarjeta está bloqueado", "The card's PIN is locked" } },
        { CKR_PIN_EXPIRED, ERR_CONFLICT, { "El PIN de la tarjeta ha caducado", "The card's PIN has expired" } },
        { CKR_DEVICE_REMOVED, ERR_FAILED, { "Se ha sacado la tarjeta", "The card was taken out" } },
        { CKR_TOKEN_NOT_PRESENT, ERR_FAILED, { "No está la tarjeta", "The card is not there" } },
};

static int trouble(struct error *err, CK_RV rv, const char *call) {
        for (size_t i = 0; i < COUNT(troubles); i++)
                if (troubles[i].rv == rv)
                        return fail(err, troubles[i].code, "%s%.0s (PKCS#11 %s: 0x%lx).",
                                    "%.0s%s (PKCS#11 %s: 0x%lx).", troubles[i].what.es, troubles[i].what.en, call,
                                    rv);
        return fail(err, ERR_FAILED, "La tarjeta falla (PKCS#11 %s: 0x%lx).",
                    "The card failed (PKCS#11 %s: 0x%lx).", call, rv);
}

static int load_module(struct token *t, struct error *err) {
        CK_C_INITIALIZE_ARGS arguments = { .flags = CKF_OS_LOCKING_OK };
        int r = pkcs11_module_load(t->place.module, &t->calls, err);
        CK_RV rv;

        if (r < 0)
                return r;
        rv = t->calls->C_Initialize(&arguments);
        return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? 0 : trouble(err, rv, "C_Initialize");
}

static int find_slot(struct token *t, CK_SLOT_ID *ret, CK_FLAGS *ret_flags, struct error *err) {
        CK_SLOT_ID slots[SLOTS_MOST];
        CK_ULONG n = SLOTS_MOST;
        CK_RV rv = t->calls->C_GetSlotList(CK_TRUE, slots, &n);

        if (rv != CKR_OK)
                return trouble(err, rv, "C_GetSlotList");
        for (CK_ULONG i = 0; i < n; i++) {
                CK_TOKEN_INFO info;
                size_t length = sizeof info.serialNumber;

                if (t->calls->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
                    !pkcs11_padded_equal(info.label, sizeof info.label, t->place.token) ||
                    (*t->place.serial &&
                     !pkcs11_padded_equal(info.serialNumber, sizeof info.serialNumber, t->place.serial)))
                        continue;
                while (length && info.serialNumber[length - 1] == ' ')
                        length--;
                (void) snprintf(t->place.serial, sizeof t->place.serial, "%.*s", (int) length,
                                (const char *) info.serialNumber);
                *ret = slots[i];
                *ret_flags = info.flags;
                return 0;
        }
        (void) fail(err, ERR_FAILED, "No está la tarjeta «%s».", "Card “%s” is not there.", t->place.token);
        return hint(err, "Ponga la tarjeta en el lector y repita.", "Put the card into the reader and repeat.");
}

/* One wrong try more may be the last: it is for the card's own tools, where the person sees how many are left. */
static int check_tries(CK_FLAGS flags, struct error *err) {
        if (flags & CKF_USER_PIN_LOCKED)
                (void) fail(err, ERR_CONFLICT, "El PIN de la tarjeta está bloqueado.", "The card's PIN is locked.");
        else if (flags & CKF_USER_PIN_FINAL_TRY)
                (void) fail(err, ERR_CONFLICT, "Al PIN de la tarjeta le queda un solo intento: no se gasta aquí.",
                            "The card's PIN has one try left: it is not spent here.");
        else
                return 0;
        return hint(err, "Compruebe o desbloquee el PIN con las herramientas de la tarjeta.",
                    "Check or unblock the PIN with the card's own tools.");
}

static int login(struct token *t, struct error *err) {
        CK_SLOT_ID slot;
        CK_FLAGS flags;
        CK_RV rv;
        int r = find_slot(t, &slot, &flags, err);

        if (r == 0)
                r = check_tries(flags, err);
        if (r < 0)
                return r;
        rv = t->calls->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &t->session);
        if (rv != CKR_OK)
                return trouble(err, rv, "C_OpenSession");
        rv = t->calls->C_Login(t->session, CKU_USER, t->pin->data, t->pin->size);
        return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? 0 : trouble(err, rv, "C_Login");
}

/* Objects of a class and the EC type, with the ID when it is known. */
static int find(struct token *t, CK_OBJECT_CLASS *class, CK_OBJECT_HANDLE *ret, CK_ULONG *n, struct error *err) {
        uint8_t id[32];
        CK_ATTRIBUTE wanted[3] = { { CKA_CLASS, class, sizeof *class }, { CKA_KEY_TYPE, &ec, sizeof ec } };
        CK_ULONG wanted_n = 2;
        CK_RV rv;

        if (*t->place.id) {
                size_t bytes = strlen(t->place.id) / 2;

                if (bytes > sizeof id || hex_decode(t->place.id, id, bytes) < 0)
                        return fail(err, ERR_USAGE, "El identificador de la clave no es hexadecimal.",
                                    "The key's ID is not hexadecimal.");
                wanted[wanted_n++] = (CK_ATTRIBUTE){ CKA_ID, id, bytes };
        }
        rv = t->calls->C_FindObjectsInit(t->session, wanted, wanted_n);
        if (rv == CKR_OK) {
                rv = t->calls->C_FindObjects(t->session, ret, KEYS_MOST, n);
                (void) t->calls->C_FindObjectsFinal(t->session);
        }
        return rv == CKR_OK ? 0 : trouble(err, rv, "C_FindObjects");
}

static int find_key(struct token *t, struct error *err) {
        CK_OBJECT_HANDLE keys[KEYS_MOST];
        CK_BBOOL signs = CK_FALSE;
        uint8_t id[32];
        CK_ATTRIBUTE get[] = { { CKA_ID, id, sizeof id }, { CKA_SIGN, &signs, sizeof signs } };
        CK_ULONG n = 0;
        int r = find(t, &private_class, keys, &n, err);

        if (r < 0)
                return r;
        if (n != 1)
                return fail(err, n ? ERR_USAGE : ERR_NOT_FOUND,
                            "La tarjeta tiene %lu claves ECDSA de esas y hace falta una: diga cuál con --card-key.",
                            "The card has %lu such ECDSA keys and one is needed: say which with --card-key.", n);
        if (t->calls->C_GetAttributeValue(t->session, keys[0], get, 2) != CKR_OK || !signs ||
            get[0].ulValueLen > sizeof id)
                return refuse(err, ERR_REFUSED, "C6", "La clave de la tarjeta no firma.",
                              "The card's key does not sign.");
        hex_encode(id, get[0].ulValueLen, t->place.id);
        t->key = keys[0];
        return 0;
}

/* CKA_EC_POINT: a DER OCTET STRING of the uncompressed point (PKCS#11 2.3.3); some tokens leave the string out. */
static int read_point(struct token *t, struct card_message *answer, struct error *err) {
        CK_OBJECT_HANDLE keys[KEYS_MOST];
        CK_ULONG n = 0;
        uint8_t point[CARD_BYTES];
        CK_ATTRIBUTE get = { CKA_EC_POINT, point, sizeof point };
        const uint8_t *at = point;
        size_t size;
        int r = find(t, &public_class, keys, &n, err);

        if (r < 0)
                return r;
        if (n < 1 || t->calls->C_GetAttributeValue(t->session, keys[0], &get, 1) != CKR_OK)
                return fail(err, ERR_NOT_FOUND, "La tarjeta no enseña la clave pública.",
                            "The card does not show the public key.");
        size = get.ulValueLen;
        if (size > 2 && point[0] == 0x04 && point[1] == size - 2) {
                at += 2;
                size -= 2;
        }
        if ((size != POINT_384 && size != POINT_256) || *at != 0x04)
                return refuse(err, ERR_REFUSED, "C6", "La clave de la tarjeta no es ECDSA P-256 ni P-384.",
                              "The card's key is neither ECDSA P-256 nor P-384.");
        memcpy(answer->bytes, at, size);
        answer->n = size;
        return 0;
}

static int sign(struct token *t, struct card_message *message, struct error *err) {
        CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
        uint8_t digest[CARD_BYTES];
        CK_ULONG n = sizeof message->bytes, digest_n = message->n;
        CK_RV rv;

        memcpy(digest, message->bytes, digest_n);
        rv = t->calls->C_SignInit(t->session, &ecdsa, t->key);
        if (rv == CKR_OK)
                rv = t->calls->C_Sign(t->session, digest, digest_n, message->bytes, &n);
        if (rv != CKR_OK)
                return trouble(err, rv, "C_Sign");
        message->n = n;
        return 0;
}

static bool answer(struct card_message *message) {
        return send(3, message, sizeof *message, MSG_NOSIGNAL) == (ssize_t) sizeof *message;
}

_Noreturn void card_serve(int fd, const struct card_place *place, const struct secret *pin) {
        static struct card_message message;
        struct token token = { .pin = pin, .place = *place };

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) signal(SIGINT, SIG_IGN);
        if (dup2(fd, 3) < 0 || close_range(4, ~0U, 0) < 0)
                _exit(1);
        message.result = load_module(&token, &message.err);
        if (message.result == 0)
                message.result = login(&token, &message.err);
        if (message.result == 0)
                message.result = find_key(&token, &message.err);
        if (message.result == 0)
                message.result = read_point(&token, &message, &message.err);
        message.place = token.place;
        while (answer(&message) && message.result == 0) {
                ssize_t n;

                do
                        n = recv(3, &message, sizeof message, 0);
                while (n < 0 && errno == EINTR);
                if (n != (ssize_t) sizeof message || message.n > sizeof message.bytes)
                        break;
                message.result = sign(&token, &message, &message.err);
        }
        if (token.session)
                (void) token.calls->C_Finalize(NULL);
        _exit(0);
}
