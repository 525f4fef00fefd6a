/* Inclusion and consistency proofs (RFC 6962, 2.1.1 and 2.1.2) from what is stored, and their check offline. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/str.h"
#include "ledger/internal.h"

/* The largest power of two below n (n > 1). */
static uint64_t split(uint64_t n) {
        return (uint64_t) 1 << (63 - __builtin_clzll(n - 1));
}

/* MTH(D[low:high]). */
static int range_hash(struct ledger *ledger, uint64_t low, uint64_t high, uint8_t out[SHA256_SIZE],
                      struct error *err) {
        uint8_t left[SHA256_SIZE], right[SHA256_SIZE];
        uint64_t n = high - low, k;
        int r;

        if ((n & (n - 1)) == 0)
                return stored_node(ledger, __builtin_ctzll(n), low / n, out, err);
        k = split(n);
        r = range_hash(ledger, low, low + k, left, err);
        if (r == 0)
                r = range_hash(ledger, low + k, high, right, err);
        if (r == 0 && hash_node(ledger->hasher, left, right, out) < 0)
                r = fail_memory(err);
        return r;
}

static int add_hash(struct ledger *ledger, uint64_t low, uint64_t high, json_t *path, struct error *err) {
        uint8_t hash[SHA256_SIZE];
        char text[SHA256_TEXT];
        int r = range_hash(ledger, low, high, hash, err);

        if (r < 0)
                return r;
        hex_encode(hash, sizeof hash, text);
        return json_array_append_new(path, json_string(text)) < 0 ? fail_memory(err) : 0;
}

/* PATH(m, D[low:high]). */
static int inclusion(struct ledger *ledger, uint64_t index, uint64_t low, uint64_t high, json_t *path,
                     struct error *err) {
        uint64_t k;
        int r;

        if (high - low == 1)
                return 0;
        k = split(high - low);
        if (index < low + k) {
                r = inclusion(ledger, index, low, low + k, path, err);
                return r < 0 ? r : add_hash(ledger, low + k, high, path, err);
        }
        r = inclusion(ledger, index, low + k, high, path, err);
        return r < 0 ? r : add_hash(ledger, low, low + k, path, err);
}

/* SUBPROOF(m, D[low:high], whole). */
static int consistency(struct ledger *ledger, uint64_t m, uint64_t low, uint64_t high, bool whole, json_t *path,
                       struct error *err) {
        uint64_t k;
        int r;

        if (m == high)
                return whole ? 0 : add_hash(ledger, low, high, path, err);
        k = split(high - low);
        if (m <= low + k) {
                r = consistency(ledger, m, low, low + k, whole, path, err);
                return r < 0 ? r : add_hash(ledger, low + k, high, path, err);
        }
        r = consistency(ledger, m, low + k, high, false, path, err);
        return r < 0 ? r : add_hash(ledger, low, low + k, path, err);
}

int ledger_checkpoint(struct ledger *ledger, char **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char body[CHECKPOINT_BODY];
        size_t root_n, n;
        const void *root, *signature;
        char *text;
        int r = db_query(ledger->db, &rows, err,
                         "SELECT size, root, time, signature FROM checkpoint ORDER BY size DESC LIMIT 1", "");

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        root = r ? rows_blob(rows, 1, &root_n) : NULL;
        if (!root || root_n != SHA256_SIZE)
                return fail(err, ERR_NOT_FOUND, "El libro no tiene aún punto de control.",
                            "The ledger has no checkpoint yet.");
        checkpoint_body(ledger->station, (uint64_t) rows_int(rows, 0), root, rows_int(rows, 2), body);
        signature = rows_blob(rows, 3, &n);
        text = checkpoint_text(body, signature, n);
        if (!text)
                return fail_memory(err);
        *ret = text;
        return 0;
}

static int stored_event_text(struct ledger *ledger, int64_t seq, char **ret, size_t *ret_n, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct event event;
        int r = db_query(ledger->db, &rows, err,
                         "SELECT seq, time, station, actor, os_user, type, subject, data FROM event WHERE seq = ?",
                         "i", seq);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "No hay evento %lld.", "There is no event %lld.", (long long) seq);
        event = (struct event){ .seq = seq,
                                .time = rows_int(rows, 1),
                                .station = rows_text(rows, 2),
                                .actor = rows_text(rows, 3),
                                .os_user = rows_text(rows, 4),
                                .type = rows_text(rows, 5),
                                .subject = rows_text(rows, 6) };
        return event_text(&event, rows_text(rows, 7), ret, ret_n, err);
}

int ledger_prove(struct ledger *ledger, int64_t seq, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *path = json_array();
        _cleanup_free_ char *checkpoint = NULL, *text = NULL;
        json_t *proof;
        size_t n;
        int r = ledger_refresh(ledger, err);

        if (r < 0)
                return r;
        if (!path)
                return fail_memory(err);
        r = stored_event_text(ledger, seq, &text, &n, err);
        if (r == 0)
                r = ledger_checkpoint(ledger, &checkpoint, err);
        if (r == 0)
                r = inclusion(ledger, (uint64_t) seq - 1, 0, ledger->tree.size, path, err);
        if (r < 0)
                return r;
        proof = json_pack("{s:s, s:s, s:I, s:O}", "checkpoint", checkpoint, "event", text, "index",
                          (json_int_t) (seq - 1), "path", path);
        if (!proof)
                return fail_memory(err);
        *ret = proof;
        return 0;
}

int ledger_prove_consistency(struct ledger *ledger, int64_t old_size, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *path = json_array();
        _cleanup_free_ char *checkpoint = NULL;
        json_t *proof;
        int r = ledger_refresh(ledger, err);

        if (r < 0)
                return r;
        if (!path)
                return fail_memory(err);
        if (old_size < 1 || (uint64_t) old_size > ledger->tree.size)
                return fail(err, ERR_NOT_FOUND, "El libro tiene %lld eventos, no %lld.",
                            "The ledger has %lld events, not %lld.", (long long) ledger->tree.size,
                            (long long) old_size);
        r = ledger_checkpoint(ledger, &checkpoint, err);
        if (r == 0)
                r = consistency(ledger, (uint64_t) old_size, 0, ledger->tree.size, true, path, err);
        if (r < 0)
                return r;
        proof = json_pack("{s:s, s:I, s:O}", "checkpoint", checkpoint, "old_size", (json_int_t) old_size, "path",
                          path);
        if (!proof)
                return fail_memory(err);
        *ret = proof;
        return 0;
}

static int certificate_key(const char *pem, EVP_PKEY **ret, struct error *err) {
        BIO *bio = BIO_new_mem_buf(pem, -1);
        X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
        EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;

        X509_free(certificate);
        BIO_free(bio);
        if (!key)
                return fail(err, ERR_USAGE, "El certificado del puesto no se puede leer.",
                            "The station's certificate can't be read.");
        *ret = key;
        return 0;
}

static int read_path(const json_t *proof, uint8_t (**ret)[SHA256_SIZE], size_t *ret_n, struct error *err) {
        const json_t *array = json_object_get(proof, "path");
        size_t n = json_array_size(array);
        uint8_t(*path)[SHA256_SIZE];

        if (!json_is_array(array) || n > TREE_LEVELS + 1)
                return fail(err, ERR_USAGE, "La prueba no tiene camino.", "The proof has no path.");
        path = calloc(n + 1, sizeof *path);
        if (!path)
                return fail_memory(err);
        for (size_t i = 0; i < n; i++) {
                const char *text = json_string_value(json_array_get(array, i));

                if (!text || hex_decode(text, path[i], SHA256_SIZE) < 0) {
                        free(path);
                        return fail(err, ERR_USAGE, "El camino de la prueba está mal escrito.",
                                    "The proof's path is malformed.");
                }
        }
        *ret = path;
        *ret_n = n;
        return 0;
}

static int check_consistency(struct ledger *ledger, const json_t *proof, uint64_t old_size,
                             const uint8_t old_root[SHA256_SIZE], uint64_t *ret_size, struct error *err) {
        uint8_t root[SHA256_SIZE];
        uint8_t(*path)[SHA256_SIZE] = NULL;
        size_t path_n;
        int r = ledger_checkpoint_verify(json_text(proof, "checkpoint"), ledger->public_key, ret_size, root, err);

        if (r == 0)
                r = read_path(proof, &path, &path_n, err);
        if (r < 0)
                return r;
        r = tree_check_consistency(ledger->hasher, old_size, old_root, *ret_size, root,
                                   (const uint8_t(*)[SHA256_SIZE]) path, path_n);
        free(path);
        return r < 0 ? fail(err, ERR_VERIFY,
                            "El libro no contiene el punto de control de tamaño %llu: se ha reescrito.",
                            "The ledger does not contain the checkpoint of size %llu: it was rewritten.",
                            (unsigned long long) old_size)
                     : 0;
}

int ledger_contains(struct ledger *ledger, const char *older, int64_t *ret_newer, struct error *err) {
        _cleanup_json_ json_t *proof = NULL;
        uint8_t old_root[SHA256_SIZE];
        uint64_t old_size = 0, size = 0;
        int r = ledger_checkpoint_verify(older, ledger->public_key, &old_size, old_root, err);

        if (r == 0)
                r = ledger_prove_consistency(ledger, (int64_t) old_size, &proof, err);
        if (r == ERR_NOT_FOUND)
                return fail(
                        err, ERR_VERIFY,
                        "El libro tiene %llu eventos y el puesto firmó un punto de control de %llu: se ha "
                        "restaurado una copia antigua o se han borrado los últimos.",
                        "The ledger has %llu events and the station signed a checkpoint of %llu: an old copy was "
                        "restored or the last ones were deleted.",
                        (unsigned long long) ledger->tree.size, (unsigned long long) old_size);
        if (r == 0)
                r = check_consistency(ledger, proof, old_size, old_root, &size, err);
        if (r == 0)
                *ret_newer = (int64_t) (size - old_size);
        return r;
}

static int check_proof(const json_t *proof, EVP_PKEY *key, struct hasher *hasher, struct error *err) {
        const char *checkpoint = json_text(proof, "checkpoint"), *text = json_text(proof, "event");
        int64_t index = json_int(proof, "index", -1);
        uint8_t root[SHA256_SIZE], leaf[SHA256_SIZE];
        uint8_t(*path)[SHA256_SIZE] = NULL;
        size_t path_n;
        uint64_t size;
        int r;

        if (!checkpoint || !text || index < 0)
                return fail(err, ERR_USAGE, "No es una prueba del libro.", "Not a proof of the ledger.");
        r = ledger_checkpoint_verify(checkpoint, key, &size, root, err);
        if (r == 0)
                r = read_path(proof, &path, &path_n, err);
        if (r < 0)
                return r;
        r = hash_leaf(hasher, text, strlen(text), leaf);
        if (r == 0)
                r = tree_check_inclusion(hasher, leaf, (uint64_t) index, size, (const uint8_t(*)[SHA256_SIZE]) path,
                                         path_n, root);
        free(path);
        return r < 0 ? fail(err, ERR_VERIFY, "El evento no está en el libro que firmó el puesto.",
                            "The event is not in the ledger that the station signed.")
                     : 0;
}

int ledger_proof_verify(const json_t *proof, const char *station_certificate, struct error *err) {
        struct hasher *hasher = NULL;
        EVP_PKEY *key = NULL;
        int r = certificate_key(station_certificate, &key, err);

        if (r == 0)
                r = hasher_new(&hasher, err);
        if (r == 0)
                r = check_proof(proof, key, hasher, err);
        hasher_free(hasher);
        EVP_PKEY_free(key);
        return r;
}
