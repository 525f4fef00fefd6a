/* The master key from shares (C4): rehearsed, so that it is known to work, or restored when its passphrase is lost.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "keys/ceremony_parts.h"
#include "keys/soft.h"
#include "policy/ceremony.h"

/* --- gathering ----------------------------------------------------------------------------------------------- */

/* before: what was wrong with the last one, or no error. */
static int ask_share(struct act *act, const struct deal *deal, size_t n, const struct error *before,
                     struct secret **ret, struct error *err) {
        _cleanup_free_ char *purpose = str_format("share:%zu", n + 1);
        _cleanup_free_ char *es = str_format(
                "%s%sParte %zu de %u (lea el código o teclee las palabras): ", before->what[LANG_ES],
                *before->what[LANG_ES] ? "\n" : "", n + 1, deal->threshold);
        _cleanup_free_ char *en = str_format(
                "%s%sShare %zu of %u (scan the code or type the words): ", before->what[LANG_EN],
                *before->what[LANG_EN] ? "\n" : "", n + 1, deal->threshold);

        return purpose && es && en ? act_ask_secret(act, purpose, (struct text){ es, en }, ret, err)
                                   : fail_memory(err);
}

static int one_share(struct act *act, const struct deal *deal, struct share *shares, size_t n, struct error *err) {
        const int64_t tries = ceremony_limits[CEREMONY_TRIES].value;
        struct error wrong = { 0 };
        int r = 0;

        for (int64_t attempt = 0; attempt < tries; attempt++) {
                _cleanup_secret_ struct secret *typed = NULL;

                r = ask_share(act, deal, n, &wrong, &typed, err);
                if (r < 0)
                        return r;
                memset(&wrong, 0, sizeof wrong);
                r = share_read_of(deal, (const char *) typed->data, typed->size, &shares[n], &wrong);
                if (r == 0) {
                        r = share_judge(deal, &shares[n], shares, n, NULL, &wrong);
                        if (r < 0)
                                share_done(&shares[n]);
                }
                if (r != ERR_VERIFY && r != ERR_USAGE)
                        break;
        }
        if (r < 0 && err)
                *err = wrong;
        return r;
}

int ceremony_gather(struct act *act, const struct deal *deal, struct secret **ret_key, json_t **ret_numbers,
                    struct error *err) {
        struct share shares[SHARES_MOST] = { { .value = NULL } };
        _cleanup_json_ json_t *numbers = json_array();
        size_t n = 0;
        int r = 0;

        for (; r == 0 && n < deal->threshold; n += r == 0) {
                r = one_share(act, deal, shares, n, err);
                if (r == 0 && json_array_append_new(numbers, json_integer(shares[n].index)) < 0)
                        r = fail_memory(err);
        }
        if (r == 0)
                r = shares_combine(shares, n, ret_key, err);
        for (size_t i = 0; i < SHARES_MOST; i++)
                share_done(&shares[i]);
        if (r == 0)
                *ret_numbers = TAKE_PTR(numbers);
        return r;
}

/* --- what the key is ----------------------------------------------------------------------------------------- */

struct recovered {
        struct deal deal;
        char id[SHARE_CEREMONY_TEXT];
        int64_t version, in_use; /* of the ceremony; of the vault */
        struct secret *key;
        json_t *numbers;
};

static void recovered_done(struct recovered *recovered) {
        secret_free(recovered->key);
        json_decref(recovered->numbers);
}
#define _cleanup_recovered_ _cleanup_(recovered_done)

static int matches(const struct secret *key, int64_t version, const char *wanted, bool *ret, struct error *err) {
        char ref[KEY_REF_TEXT], commitment[65];
        int r = key_ref_format(master_id, version, ref)
                        ? key_commitment("master", ref, key, commitment, err)
                        : fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");

        *ret = r == 0 && strcmp(commitment, wanted) == 0;
        return r;
}

/* The ceremony's key, and the one in use: a key that was replaced since opens nothing. */
static int check(struct act *act, struct recovered *recovered, const char *commitment, struct error *err) {
        char live[65];
        enum key_state state = KEY_UNKNOWN;
        bool same = false;
        int r = matches(recovered->key, recovered->version, commitment, &same, err);

        if (r == 0 && !same)
                return refuse(err, ERR_VERIFY, "C5.1", "De las partes sale otra clave que la que consta.",
                              "The shares give another key than the one on record.");
        if (r == 0)
                r = db_int(
                        act->db, &recovered->in_use, err,
                        "SELECT coalesce(max(version), 0) FROM crypto_key WHERE id = 'master' AND state = 'live'",
                        "");
        if (r == 0)
                r = key_registered(act->db, master_id, recovered->in_use, &state, live, err);
        if (r == 0)
                r = matches(recovered->key, recovered->in_use, live, &same, err);
        if (r == 0 && !same)
                return refuse(
                        err, ERR_VERIFY, "C5.1",
                        "Las partes son buenas, pero de master.%lld; está en vigor master.%lld, que no es ella.",
                        "The shares are good, but of master.%lld; master.%lld is in force, which is another.",
                        (long long) recovered->version, (long long) recovered->in_use);
        return r;
}

static int recover(struct act *act, const char *ceremony, struct recovered *ret, struct error *err) {
        char commitment[65];
        int r = ceremony_load(act->db, ceremony, &ret->deal, &ret->version, commitment, err);

        if (r < 0)
                return r;
        hex_encode(ret->deal.ceremony, SHARE_CEREMONY, ret->id);
        /* Nothing is written while shares are typed. */
        r = act_pause(act, err);
        if (r == 0) {
                int again;

                r = ceremony_gather(act, &ret->deal, &ret->key, &ret->numbers, err);
                again = act_resume(act, r < 0 ? NULL : err);
                r = r < 0 ? r : again;
        }
        return r < 0 ? r : check(act, ret, commitment, err);
}

static json_t *fact_of(const struct recovered *recovered) {
        return json_pack("{s:s, s:I, s:I, s:O}", "ceremony", recovered->id, "version",
                         (json_int_t) recovered->version, "in_use", (json_int_t) recovered->in_use, "shares",
                         recovered->numbers);
}

int ceremony_rehearse(struct act *act, const char *ceremony, json_t **ret, struct error *err) {
        _cleanup_recovered_ struct recovered recovered = { .key = NULL };
        _cleanup_json_ json_t *fact = NULL;
        int r = recover(act, ceremony, &recovered, err);

        if (r < 0)
                return r;
        fact = fact_of(&recovered);
        r = fact ? act_record_one(act, "key.rehearsed", master_id, fact, err) : fail_memory(err);
        if (r < 0)
                return r;
        act_say(act, "Ensayo bueno: de esas partes sale la clave maestra en vigor. Nada ha cambiado.",
                "Good rehearsal: those shares give the master key in force. Nothing has changed.");
        *ret = TAKE_PTR(fact);
        return 0;
}

/* --- restoring ----------------------------------------------------------------------------------------------- */

/* Of a KEK that an HSM made, the ledger knows what the HSM gives of it: its wrapping of zeros
 * (pkcs11_commitment()). */
static int kek_open_of_hsm(void *session, const char *algorithm, const char *ref, const uint8_t *wrapped, size_t n,
                           char commitment[65], void **ret_kek, struct error *err) {
        static const uint8_t zeros[WRAP_KEY];
        _cleanup_secret_ struct secret *kek = NULL, *content = NULL, *seen = NULL;
        uint8_t out[WRAPPED_MAX];
        void *opened = NULL;
        size_t out_n;
        int r = soft_kek_open(session, algorithm, ref, wrapped, n, commitment, &opened, err);

        kek = opened;
        if (r == 0)
                r = secret_copy(zeros, sizeof zeros, &content, err);
        if (r == 0)
                r = wrap_key(wrap_algorithm, kek, content, out, &out_n, err);
        if (r == 0)
                r = secret_copy(out, out_n, &seen, err);
        if (r == 0)
                r = key_commitment("kek", ref, seen, commitment, err);
        if (r == 0)
                *ret_kek = TAKE_PTR(kek);
        return r;
}

static const struct key_provider from_hsm = {
        .name = "software",
        .close = soft_close,
        .kek_create = soft_kek_create,
        .kek_open = kek_open_of_hsm,
        .kek_close = soft_kek_close,
        .wrap = soft_wrap,
        .unwrap = soft_unwrap,
};

/* What wraps the KEK is AES key wrap whoever does it, so the key itself opens it: its provider may be gone. */
static int open_with(struct act *act, const struct secret *key, struct keys **ret, struct error *err) {
        _cleanup_keys_ struct keys *keys = NULL;
        struct secret *session = NULL;
        int r = keys_open(act, &keys, err);

        if (r == 0)
                r = secret_copy(key->data, key->size, &session, err);
        if (r < 0)
                return r;
        keys->provider = keys->provider->hsm ? &from_hsm : &key_provider_software;
        keys->session = session;
        r = keys_open_kek(keys, err);
        if (r == 0)
                *ret = TAKE_PTR(keys);
        return r;
}

/* Under what it is set again; the software store unless something else is named. */
static int set_again(struct act *act, const json_t *args, struct keys *keys, const struct recovered *recovered,
                     struct error *err) {
        const char *named = json_text(args, "provider"), *provider = named ? named : key_provider_software.name;
        _cleanup_secret_ struct secret *secret = NULL;
        _cleanup_json_ json_t *options = keys_options(args), *fact = fact_of(recovered);
        int64_t count = 0;
        int r = options && fact ? keys_ask_master(act, provider, "new-master", &secret, err) : fail_memory(err);

        if (r == 0)
                r = act_record_one(act, "key.restored", master_id, fact, err);
        if (r == 0) {
                const struct keys_master master = {
                        .provider = provider, .options = options, .secret = secret, .key = recovered->key
                };

                r = keys_master_replace(keys, &master, &count, err);
        }
        return r;
}

int ceremony_restore(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_recovered_ struct recovered recovered = { .key = NULL };
        _cleanup_keys_ struct keys *keys = NULL;
        int r = recover(act, json_text(args, "ceremony"), &recovered, err);

        if (r == 0)
                r = open_with(act, recovered.key, &keys, err);
        if (r == 0)
                r = set_again(act, args, keys, &recovered, err);
        if (r < 0)
                return r;
        act_say(act, "La clave maestra queda puesta de nuevo; las partes siguen valiendo.",
                "The master key is set again; the shares stay good.");
        *ret = fact_of(&recovered);
        return *ret ? 0 : fail_memory(err);
}
