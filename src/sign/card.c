/* OpenSSL 3.0 takes a key whose signing is ours by its EC_KEY_METHOD, which it calls deprecated without having
 * anything in its place short of a provider. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sign/card.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "policy/rule.h"
#include "sign/card_parts.h"
#include "sign/pkcs11_module.h"

enum { WAIT_MILLISECONDS = 20000, POINT_384 = 97 };

struct card {
        int fd;
        pid_t pid;
};

static void card_end(struct card *card) {
        if (!card)
                return;
        (void) close(card->fd);
        (void) kill(card->pid, SIGKILL);
        while (waitpid(card->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        free(card);
}

static int receive(const struct card *card, struct card_message *message, struct error *err) {
        struct pollfd wait = { .fd = card->fd, .events = POLLIN };

        if (poll(&wait, 1, WAIT_MILLISECONDS) != 1 ||
            recv(card->fd, message, sizeof *message, 0) != (ssize_t) sizeof *message)
                return fail(err, ERR_FAILED, "La tarjeta no responde.", "The card does not answer.");
        if (message->result < 0 && err)
                *err = message->err;
        return message->result;
}

static int start(const struct card_place *place, const struct secret *pin, struct card **ret, struct error *err) {
        struct card *card = calloc(1, sizeof *card);
        int pair[2];

        if (!card)
                return fail_memory(err);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
                free(card);
                return fail_errno(err, errno, "No se puede crear un proceso aparte",
                                  "No process apart can be made");
        }
        card->fd = pair[0];
        card->pid = fork();
        if (card->pid == 0)
                card_serve(pair[1], place, pin);
        (void) close(pair[1]);
        if (card->pid < 0) {
                int no = errno;

                (void) close(pair[0]);
                free(card);
                return fail_errno(err, no, "No se puede crear un proceso aparte", "No process apart can be made");
        }
        *ret = card;
        return 0;
}

/* --- as a key of OpenSSL -------------------------------------------------------------------------------------- */

static int card_index(void);

static ECDSA_SIG *sign_digest(const unsigned char *digest, int n, const BIGNUM *unused_inverse,
                              const BIGNUM *unused_r, EC_KEY *key) {
        const struct card *card = EC_KEY_get_ex_data(key, card_index());
        static struct card_message message;
        ECDSA_SIG *pair;
        BIGNUM *r, *s;

        (void) unused_inverse;
        (void) unused_r;
        if (!card || n < 0 || n > CARD_BYTES)
                return NULL;
        message.n = (size_t) n;
        memcpy(message.bytes, digest, message.n);
        if (send(card->fd, &message, sizeof message, MSG_NOSIGNAL) != (ssize_t) sizeof message ||
            receive(card, &message, NULL) < 0 || message.n == 0 || message.n % 2 || message.n > CARD_BYTES)
                return NULL;
        pair = ECDSA_SIG_new();
        r = BN_bin2bn(message.bytes, (int) message.n / 2, NULL);
        s = BN_bin2bn(message.bytes + message.n / 2, (int) message.n / 2, NULL);
        if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
                BN_free(r);
                BN_free(s);
                ECDSA_SIG_free(pair);
                return NULL;
        }
        return pair;
}

static int sign_der(int type, const unsigned char *digest, int n, unsigned char *out, unsigned *ret_n,
                    const BIGNUM *inverse, const BIGNUM *r, EC_KEY *key) {
        ECDSA_SIG *pair = sign_digest(digest, n, inverse, r, key);
        int size;

        (void) type;
        if (!pair)
                return 0;
        size = i2d_ECDSA_SIG(pair, &out);
        ECDSA_SIG_free(pair);
        *ret_n = size > 0 ? (unsigned) size : 0;
        return size > 0;
}

static void free_card(void *parent, void *card, CRYPTO_EX_DATA *data, int index, long argl, void *argp) {
        (void) parent;
        (void) data;
        (void) index;
        (void) argl;
        (void) argp;
        card_end(card);
}

static int card_index(void) {
        static int index = -1;

        if (index < 0)
                index = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, free_card);
        return index;
}

static const EC_KEY_METHOD *card_method(void) {
        static EC_KEY_METHOD *method;

        if (!method) {
                method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
                if (method)
                        EC_KEY_METHOD_set_sign(method, sign_der, NULL, sign_digest);
        }
        return method;
}

/* The public half with the card behind it; takes the card when it succeeds. */
static int make_key(struct card *card, const uint8_t *point, size_t n, EVP_PKEY **ret, struct error *err) {
        EC_KEY *key = EC_KEY_new_by_curve_name(n == POINT_384 ? NID_secp384r1 : NID_X9_62_prime256v1);
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *made = EVP_PKEY_new();
        int index = card_index();

        if (!key || !made || index < 0 || !card_method() || EC_KEY_oct2key(key, point, n, NULL) != 1 ||
            EC_KEY_set_method(key, card_method()) != 1 || EVP_PKEY_assign_EC_KEY(made, key) != 1) {
                EC_KEY_free(key);
                return fail_openssl(err, "La clave de la tarjeta no se entiende", "The card's key can't be read");
        }
        if (EC_KEY_set_ex_data(key, index, card) != 1)
                return fail_memory(err);
        *ret = TAKE_PTR(made);
        return 0;
}

int card_open(struct card_place *place, const struct secret *pin, EVP_PKEY **ret, struct error *err) {
        _cleanup_free_ struct card_message *message = calloc(1, sizeof *message);
        struct card *card = NULL;
        int r = message ? pkcs11_module_check(place->module, err) : fail_memory(err);

        if (r == 0)
                r = start(place, pin, &card, err);
        if (r == 0)
                r = receive(card, message, err);
        if (r == 0)
                r = make_key(card, message->bytes, message->n, ret, err);
        if (r < 0) {
                card_end(card);
                return r;
        }
        *place = message->place;
        return 0;
}

bool card_is(const EVP_PKEY *key) {
        const EC_KEY *inner = EVP_PKEY_get0_EC_KEY(key);

        return inner && EC_KEY_get_method(inner) == card_method();
}

json_t *card_place_to_json(const struct card_place *place) {
        return json_pack("{s:s, s:s, s:s, s:s}", "module", place->module, "token", place->token, "serial",
                         place->serial, "id", place->id);
}

int card_place_from_json(const json_t *json, struct card_place *ret, struct error *err) {
        struct card_place place;
        const struct {
                const char *key;
                char *out;
                size_t size;
        } members[] = { { "module", place.module, sizeof place.module },
                        { "token", place.token, sizeof place.token },
                        { "serial", place.serial, sizeof place.serial },
                        { "id", place.id, sizeof place.id } };

        for (size_t i = 0; i < COUNT(members); i++)
                if (snprintf(members[i].out, members[i].size, "%s", json_text_or_empty(json, members[i].key)) >=
                    (int) members[i].size)
                        return fail(err, ERR_USAGE, "«%s» es demasiado largo.", "“%s” is too long.",
                                    members[i].key);
        *ret = place;
        return 0;
}
