/* The acts on a tape set's key: made, given to the backup system, destroyed. */
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "keys/tape_set.h"
#include "policy/tapes.h"
#include "sign/envelope.h"
#include "sign/identity.h"

/* --- create, add -----------------------------------------------------------------------------------------------
 */

/* C4: registered tapes in hand that no other set has; the set's category is that of its strictest tape. */
static int check_tapes(struct act *act, const json_t *tapes, enum category *category, struct error *err) {
        const json_t *item;
        size_t i;

        json_array_foreach(tapes, i, item) {
                _cleanup_free_ char *set = NULL;
                struct medium medium;
                int r = medium_load(act->db, json_string_value(item), &medium, err);

                for (size_t k = 0; r == 0 && k < i; k++)
                        if (json_equal(json_array_get(tapes, k), item))
                                return fail(err, ERR_USAGE, "La cinta %s se indica dos veces.",
                                            "Tape %s is named twice.", medium.id);
                if (r == 0)
                        r = tape_set_of(act->db, medium.id, &set, err);
                if (r == 0)
                        r = tape_judge_member(medium.id, medium.kind, set, err);
                if (r < 0)
                        return r;
                if (medium.state != MEDIUM_IN_CUSTODY && medium.state != MEDIUM_SANITIZED)
                        return fail(err, ERR_CONFLICT, "La cinta %s está «%s%.0s» y no en custodia.",
                                    "Tape %s is “%.0s%s” and not in custody.", medium.id,
                                    medium_state_terms[medium.state].name.es,
                                    medium_state_terms[medium.state].name.en);
                r = medium_refuse_doomed(&medium, err);
                if (r < 0)
                        return r;
                if (medium.category > *category)
                        *category = medium.category;
        }
        return 0;
}

/* C1, as for a medium: ALTA wants its keys under an HSM. */
static int refuse_weak(const struct act *act, const struct keys *keys, enum category category, const char *waiver,
                       struct error *err) {
        if (category != CATEGORY_ALTA || keys_provider_is_hsm(keys))
                return 0;
        if (!waiver)
                return refuse(err, ERR_REFUSED, "C1", "La clave maestra de este almacén es de software (%s).",
                              "This store's master key is a software one (%s).", keys_provider(keys));
        if (!(act->roles & ROLE_SECURITY))
                return refuse(err, ERR_DENIED, "C1",
                              "%s no es administrador de seguridad y no puede dar la excepción.",
                              "%s is no security administrator and can't give the exception.", act->person);
        return 0;
}

enum { TAPES_MAX = 512 };

/* {tape.joined} for each, behind what is there. The caller releases the data of facts[*n ..]. */
static int join_facts(const json_t *tapes, const char *name, const char *key, enum category category,
                      struct fact *facts, size_t *n, struct error *err) {
        const json_t *item;
        size_t i;

        json_array_foreach(tapes, i, item) {
                json_t *data = json_pack("{s:s, s:s, s:s}", "set", name, "key", key, "category",
                                         category_terms[category].code);

                if (!data)
                        return fail_memory(err);
                facts[(*n)++] = (struct fact){ "tape.joined", json_string_value(item), data };
        }
        return 0;
}

static int record_joined(struct act *act, struct fact *facts, size_t n, size_t own, int r, struct error *err) {
        if (r == 0)
                r = act_record(act, facts, n, err);
        for (size_t i = own; i < n; i++)
                json_decref(facts[i].data);
        return r;
}

static int refuse_many(const json_t *tapes, struct error *err) {
        if (json_array_size(tapes) > TAPES_MAX)
                return fail(err, ERR_USAGE, "Un juego lleva %d cintas a lo sumo de una vez.",
                            "A set takes %d tapes at most at a time.", TAPES_MAX);
        return 0;
}

static int refuse_name(struct act *act, const char *name, struct error *err) {
        struct tape_set set;
        int r = tape_set_load(act->db, name, &set, err);

        if (r == ERR_NOT_FOUND)
                return 0;
        return r < 0 ? r
                     : fail(err, ERR_CONFLICT, "Ya hay un juego «%s», y su nombre no se usa otra vez.",
                            "There is a set “%s” already, and its name is not used again.", name);
}

static int create(struct act *act, const json_t *args, struct keys *keys, enum category category,
                  struct error *err) {
        const char *name = json_text(args, "set");
        const json_t *tapes = json_object_get(args, "tape");
        _cleanup_medium_key_ struct medium_key key = { .ref = "" };
        _cleanup_json_ json_t *data = NULL;
        struct fact facts[TAPES_MAX + 2];
        char id[KEY_REF_TEXT];
        size_t n = 2;
        int r;

        if (!tape_set_key_id(name, id))
                return fail(err, ERR_USAGE, "Nombre demasiado largo.", "The name is too long.");
        const struct key_wish wish = { "tape-set", id, NULL, TAPE_KEY_SIZE };

        /* Durable in the vault before it is on record: a crash leaves a key that nobody knows, never a set without
         * one. */
        r = keys_create(keys, &wish, &key, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "set", name, "key", key.ref, "category",
                         category_terms[category].code, "note", json_text(args, "note"), "waiver",
                         json_text(args, "waiver"));
        if (!data)
                return fail_memory(err);
        facts[0] = (struct fact){ "key.created", id, key.fact_data };
        facts[1] = (struct fact){ "tapeset.created", id, data };
        r = join_facts(tapes, name, key.ref, category, facts, &n, err);
        return record_joined(act, facts, n, 2, r, err);
}

int tape_set_run_create(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "set");
        const json_t *tapes = json_object_get(args, "tape");
        enum category category = CATEGORY_BASICA;
        _cleanup_keys_ struct keys *keys = NULL;
        int r = refuse_name(act, name, err);

        if (r == 0)
                r = refuse_many(tapes, err);
        if (r == 0)
                r = check_tapes(act, tapes, &category, err);
        if (r < 0 || act->dry_run)
                return r;
        r = keys_open_unlocked(act, &keys, err);
        if (r == 0)
                r = refuse_weak(act, keys, category, json_text(args, "waiver"), err);
        if (r == 0)
                r = create(act, args, keys, category, err);
        if (r < 0)
                return r;
        act_say(act, "Juego «%s» con clave propia. Désela al sistema de copias con «tapeset export %s».",
                "Set “%s” with a key of its own. Give it to the backup system with “tapeset export %s”.", name,
                name);
        return tape_set_to_json(act->db, name, true, ret, err);
}

int tape_set_run_add(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "set");
        const json_t *tapes = json_object_get(args, "tape");
        _cleanup_keys_ struct keys *keys = NULL;
        struct fact facts[TAPES_MAX];
        struct tape_set set;
        enum category before;
        size_t n = 0;
        int r = tape_set_load(act->db, name, &set, err);

        if (r == 0)
                r = tape_set_need_live(&set, err);
        if (r == 0)
                r = refuse_many(tapes, err);
        before = r == 0 ? set.category : CATEGORY_ALTA;
        if (r == 0)
                r = check_tapes(act, tapes, &set.category, err);
        if (r == 0)
                r = keys_open(act, &keys, err);
        /* What was let through for the set holds for its next tapes too. */
        if (r == 0 && before < CATEGORY_ALTA)
                r = refuse_weak(act, keys, set.category, NULL, err);
        if (r < 0)
                return r;
        r = join_facts(tapes, name, set.key, set.category, facts, &n, err);
        r = record_joined(act, facts, n, 0, r, err);
        return r < 0 ? r : tape_set_to_json(act->db, name, true, ret, err);
}

/* --- export ----------------------------------------------------------------------------------------------------
 */

static int judge_certificate(struct act *act, X509 *certificate, char name[128], struct error *err) {
        EVP_PKEY *key = X509_get0_pubkey(certificate);
        const uint32_t usage = X509_get_key_usage(certificate);
        struct tape_recipient recipient = { .name = name, .curve = "" };
        int64_t from, to, now = act_now(act);
        char curve[32] = "";
        int r = certificate_validity(certificate, &from, &to, err);

        if (r < 0)
                return r;
        certificate_subject(certificate, "commonName", name, 128);
        recipient.valid_now = from <= now && now < to;
        recipient.rsa = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
        recipient.bits = key ? EVP_PKEY_get_bits(key) : 0;
        recipient.may_encrypt = usage & (recipient.rsa ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT);
        if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
            EVP_PKEY_get_utf8_string_param(key, "group", curve, sizeof curve, NULL) == 1)
                recipient.curve = strcmp(curve, "prime256v1") == 0  ? "P-256"
                                  : strcmp(curve, "secp384r1") == 0 ? "P-384"
                                                                    : "";
        return tape_judge_recipient(&recipient, err);
}

static int record_export(struct act *act, const struct tape_set *set, X509 *certificate, const char *name,
                         const char *digest, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char fingerprint[SHA256_TEXT], id[KEY_REF_TEXT];
        int r = certificate_fingerprint(certificate, fingerprint, err);

        if (r < 0)
                return r;
        (void) tape_set_key_id(set->name, id);
        data = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "set", set->name, "key", set->key, "number",
                         (json_int_t) set->exports + 1, "recipient", name, "certificate", fingerprint, "sha256",
                         digest, "algorithm", "cms");
        return data ? act_record_one(act, "tapeset.exported", id, data, err) : fail_memory(err);
}

int tape_set_run_export(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *out = json_text(args, "out");
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_secret_ struct secret *key = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_free_ uint8_t *der = NULL;
        char name[128] = "", digest[SHA256_TEXT];
        struct tape_set set;
        size_t n = 0;
        int r = tape_set_load(act->db, json_text(args, "set"), &set, err);

        if (r == 0)
                r = tape_set_need_live(&set, err);
        if (r == 0)
                r = certificate_load(json_text(args, "certificate"), &certificate, err);
        if (r == 0)
                r = judge_certificate(act, certificate, name, err);
        if (r < 0 || act->dry_run)
                return r;
        r = keys_open_unlocked(act, &keys, err);
        if (r == 0)
                r = keys_secret(keys, "tape-set", set.key, &key, err);
        if (r == 0)
                r = envelope_seal_for(certificate, key, &der, &n, err);
        if (r == 0 && sha256_text(der, n, digest) < 0)
                return fail_memory(err);
        /* On record before the file is there: an export that then fails is one too many, never one too few. */
        if (r == 0)
                r = record_export(act, &set, certificate, name, digest, err);
        if (r == 0)
                r = file_write(out, der, n, 0600, err);
        if (r < 0)
                return r;
        act_say(act, "Clave del juego «%s» en «%s», para «%s». No la guarde con las cintas.",
                "Key of set “%s” in “%s”, for “%s”. Don't keep it with the tapes.", set.name, out, name);
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s}", "set", set.name, "key", set.key, "recipient", name, "out",
                         out, "sha256", digest);
        return *ret ? 0 : fail_memory(err);
}

/* --- destroy ---------------------------------------------------------------------------------------------------
 */

/* A key that was exported is gone only when its other copies are: whoever destroyed those says so, by name. */
static json_t *destroyed_data(const struct tape_set *set, const json_t *args, const json_t *evidence,
                              bool *ret_counts) {
        const char *copies = json_text(args, "copies-destroyed");

        *ret_counts = set->exports == 0 || copies;
        return json_pack("{s:s, s:s, s:s, s:I, s:s*, s:b, s:s, s:O}", "set", set->name, "key", set->key, "reason",
                         json_text(args, "reason"), "exports", (json_int_t) set->exports, "copies", copies,
                         "counts", (int) *ret_counts, "encrypted_by", "backup-system", "evidence", evidence);
}

static int record_destroyed(struct act *act, const struct tape_set *set, const json_t *args, const json_t *evidence,
                            bool *ret_counts, struct error *err) {
        _cleanup_json_ json_t *data = destroyed_data(set, args, evidence, ret_counts), *shown = NULL;
        struct fact *facts = NULL;
        char id[KEY_REF_TEXT];
        const json_t *tape;
        size_t i, n = 1;
        int r = tape_set_to_json(act->db, set->name, true, &shown, err);

        if (r < 0)
                return r;
        (void) tape_set_key_id(set->name, id);
        facts = calloc(json_array_size(json_object_get(shown, "tapes")) + 1, sizeof *facts);
        if (!facts || !data) {
                free(facts);
                return fail_memory(err);
        }
        facts[0] = (struct fact){ "tapeset.destroyed", id, data };
        json_array_foreach(json_object_get(shown, "tapes"), i, tape) {
                json_t *about = json_pack("{s:s, s:s, s:b, s:I}", "set", set->name, "key", set->key, "counts",
                                          (int) *ret_counts, "exports", (json_int_t) set->exports);

                if (about)
                        facts[n++] = (struct fact){ "tape.key-destroyed", json_text(tape, "medium"), about };
        }
        r = act_record(act, facts, n, err);
        for (i = 1; i < n; i++)
                json_decref(facts[i].data);
        free(facts);
        return r;
}

int tape_set_run_destroy(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const struct text shown = {
                "Lo que las cintas del juego guardan no se podrá leer nunca más. Teclee el nombre del juego",
                "What the set's tapes hold can never be read again. Type the set's name"
        };
        _cleanup_json_ json_t *evidence = NULL, *started = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        char id[KEY_REF_TEXT], typed[40];
        struct tape_set set;
        bool counts = false;
        int r = tape_set_load(act->db, json_text(args, "set"), &set, err);

        if (r == 0)
                r = tape_set_need_live(&set, err);
        if (r < 0)
                return r;
        (void) str_scanned(set.name, typed, sizeof typed);
        (void) tape_set_key_id(set.name, id);
        r = act_confirm(act, json_text(args, "confirm"), typed, shown, err);
        if (r < 0 || act->dry_run)
                return r;
        started = json_pack("{s:s, s:s, s:s}", "set", set.name, "key", set.key, "reason",
                            json_text(args, "reason"));
        r = started ? act_record_one(act, "tapeset.destroy-started", id, started, err) : fail_memory(err);
        if (r == 0)
                r = keys_open(act, &keys, err);
        /* Repeated after a crash it finds nothing left to destroy, and records what is missing. */
        if (r == 0)
                r = keys_destroy_medium(keys, id, NULL, json_text(args, "reason"), &evidence, err);
        if (r == 0)
                r = record_destroyed(act, &set, args, evidence, &counts, err);
        if (r < 0)
                return r;
        if (!counts)
                act_say(act,
                        "La clave se exportó %lld veces: mientras el sistema de copias tenga la suya, las cintas "
                        "se pueden leer. Dígalo con --copies-destroyed cuando no la tenga.",
                        "The key was exported %lld times: as long as the backup system has its copy, the tapes can "
                        "be read. State it with --copies-destroyed once it has not.",
                        (long long) set.exports);
        act_say(act, "Destruya o desmagnetice las cintas como pide S1: esto es una prueba más, no lo sustituye.",
                "Destroy or degauss the tapes as S1 demands: this is evidence beside it, not instead of it.");
        return tape_set_to_json(act->db, set.name, true, ret, err);
}
