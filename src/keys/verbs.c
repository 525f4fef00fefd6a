/* key status, key escrow */
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "keys/internal.h"

static int add_summary(struct act *act, json_t *rows, struct error *err) {
        _cleanup_rows_ struct rows *query = NULL;
        int r = db_query(act->db, &query, err,
                         "SELECT kind, state, algorithm, count(*), min(created), max(created) FROM crypto_key"
                         " GROUP BY kind, state, algorithm ORDER BY kind, state, algorithm",
                         "");

        while (r == 0) {
                char first[TIME_TEXT], last[TIME_TEXT];

                r = rows_next(query, err);
                if (r <= 0)
                        return r;
                r = 0;
                time_format(rows_int(query, 4), first);
                time_format(rows_int(query, 5), last);
                (void) json_array_append_new(
                        rows, json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "kind", rows_text(query, 0), "state",
                                        rows_text(query, 1), "algorithm", rows_text(query, 2), "count",
                                        (json_int_t) rows_int(query, 3), "oldest", first, "newest", last));
        }
        return r;
}

/* Live in the ledger, but without a row in the vault: those media can only be opened by their recovery slot. */
static int live_media_keys(struct act *act, int64_t *ret, struct error *err) {
        return db_int(act->db, ret, err,
                      "SELECT count(*) FROM crypto_key WHERE state = 'live' AND kind <> 'master'", "");
}

int keys_count(struct act *act, int64_t *ret_vault, int64_t *ret_live, struct error *err) {
        _cleanup_(db_closep) struct db *vault = NULL;
        int64_t envelopes;
        int r = vault_open(act->folder, DB_READ, &vault, err);

        if (r == 0)
                r = vault_count(vault, ret_vault, &envelopes, err);
        return r < 0 ? r : live_media_keys(act, ret_live, err);
}

int keys_master_age(struct act *act, enum master_age *ret, int64_t *ret_due, struct error *err) {
        int64_t created = 0;
        int r = db_int(act->db, &created, err,
                       "SELECT created FROM crypto_key WHERE id = 'master' ORDER BY version DESC LIMIT 1", "");

        if (r == 0)
                *ret = master_judge_age(created, act_now(act), ret_due);
        return r;
}

/* Until when the vault is unlocked, and when its master key is due (C5). */
static int say_master(struct act *act, int64_t version, char unlocked[TIME_TEXT], bool *ret_unlocked,
                      char due[DATE_TEXT], struct error *err) {
        enum master_age age = MASTER_FRESH;
        int64_t until = 0, at = 0;
        int r = keys_unlocked_until(act, version, &until, err);

        if (r == 0)
                r = keys_master_age(act, &age, &at, err);
        if (r < 0)
                return r;
        date_of(at, due);
        *unlocked = '\0';
        if (until > 0) {
                time_format_local(until, unlocked);
                act_say(act, "La bóveda está abierta hasta %s.", "The vault is unlocked until %s.", unlocked);
                time_format(until, unlocked);
        }
        if (age == MASTER_OVERDUE)
                act_say(act, "La clave maestra debía renovarse el %s (C5): «mpsi key ceremony».",
                        "The master key was due for renewal on %s (C5): “mpsi key ceremony”.", due);
        else if (age == MASTER_DUE_SOON)
                act_say(act, "La clave maestra debe renovarse antes del %s (C5).",
                        "The master key is due for renewal on %s (C5).", due);
        *ret_unlocked = until > 0;
        return 0;
}

static int run_status(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(db_closep) struct db *vault = NULL;
        _cleanup_free_ char *provider = NULL, *parameters = NULL;
        _cleanup_json_ json_t *rows = json_array();
        int64_t version = 0, keys = 0, envelopes = 0, live = 0;
        char unlocked[TIME_TEXT], due[DATE_TEXT];
        bool is_unlocked = false;
        int r = vault_open(act->folder, DB_READ, &vault, err);

        (void) args;
        if (r == 0)
                r = vault_get_master(vault, &version, &provider, &parameters, err);
        if (r == 0)
                r = vault_count(vault, &keys, &envelopes, err);
        if (r == 0)
                r = live_media_keys(act, &live, err);
        if (r == 0)
                r = add_summary(act, rows, err);
        if (r < 0)
                return r;
        if (keys < live)
                act_say(act, "Faltan %lld claves vivas en la bóveda: restaure su copia.",
                        "%lld live keys are missing from the vault: restore its backup.",
                        (long long) (live - keys));
        if (keys > live)
                act_say(act, "La bóveda guarda %lld claves que el registro no da por vivas.",
                        "The vault holds %lld keys that the ledger does not count as live.",
                        (long long) (keys - live));
        r = say_master(act, version, unlocked, &is_unlocked, due, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:O}", "provider", provider, "unlocked",
                         is_unlocked, "until", unlocked, "master_due", due, "master_version", (json_int_t) version,
                         "vault_keys", (json_int_t) keys, "envelopes", (json_int_t) envelopes, "live_keys",
                         (json_int_t) live, "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

/* C4: the newest live key's envelope as a file, for the holder of the recovery key. It is a copy that a later
 * crypto erase can't reach, so it is counted. */
static int run_escrow(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *medium = json_text(args, "medium"), *out = json_text(args, "out");
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_json_ json_t *data = NULL;
        _cleanup_free_ uint8_t *der = NULL;
        char ref[KEY_REF_TEXT], digest[SHA256_TEXT];
        int64_t version = 0;
        size_t n;
        int r = db_int(
                act->db, &version, err,
                "SELECT version FROM crypto_key WHERE medium = ? AND state = 'live' ORDER BY version DESC LIMIT 1",
                "s", medium);

        if (r == ERR_NOT_FOUND)
                return fail(err, r, "El soporte %s no tiene clave viva.", "Medium %s has no live key.", medium);
        if (r == 0 && !key_ref_format(medium, version, ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        if (r == 0)
                r = keys_open(act, &keys, err);
        if (r == 0)
                r = keys_escrow_envelope(keys, ref, &der, &n, err);
        if (r == 0 && sha256_text(der, n, digest) < 0)
                return fail_memory(err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:I, s:s}", "id", medium, "version", (json_int_t) version, "sha256", digest);
        /* On record before the file is there: an export that then fails is one too many, never one too few. */
        r = data ? act_record_one(act, "key.envelope-exported", medium, data, err) : fail_memory(err);
        if (r == 0 && !act->dry_run)
                r = file_write(out, der, n, 0600, err);
        if (r < 0)
                return r;
        act_say(act, "Sobre de %s en «%s». Se abre con la clave de recuperación: openssl cms -decrypt -inform DER.",
                "Envelope of %s in “%s”. It opens with the recovery key: openssl cms -decrypt -inform DER.", ref,
                out);
        *ret = json_pack("{s:s, s:s, s:s}", "key", ref, "out", out, "sha256", digest);
        return *ret ? 0 : fail_memory(err);
}

static const struct param escrow_params[] = {
        { .name = "medium",
          .type = PARAM_MEDIUM,
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
          .help = HELP("el soporte", "the medium") },
        { .name = "out",
          .type = PARAM_OUTPUT,
          .flags = PARAM_REQUIRED,
          .help = HELP("fichero del sobre (CMS en DER)", "file of the envelope (CMS in DER)") },
};

static const struct column escrow_columns[] = {
        { "key", HELP("Clave", "Key") },
        { "out", HELP("Sobre", "Envelope") },
        { "sha256", HELP("SHA-256", "SHA-256") },
};

static const struct term key_kind_terms[] = {
        { "master", { "maestra", "master" } },
        { "kek", { "de cifrado de claves", "key-encryption key" } },
        { "medium", { "de un soporte", "of a medium" } },
        { "tape-set", { "de un juego de cintas", "of a set of tapes" } },
};
static const struct term key_state_terms[] = {
        { "live", { "en uso", "live" } },
        { "destroyed", { "destruida", "destroyed" } },
};
static const struct column status_columns[] = {
        { "kind", CODES("Tipo", "Kind", key_kind_terms) }, { "state", CODES("Estado", "State", key_state_terms) },
        { "algorithm", HELP("Envoltura", "Wrap") },        { "count", HELP("Claves", "Keys") },
        { "oldest", HELP("Primera", "Oldest") },           { "newest", HELP("Última", "Newest") },
};

static const struct param unlock_params[] = {
        { .name = "minutes",
          .type = PARAM_INT,
          .help = HELP("cuántos minutos queda abierta (480)", "how many minutes it stays unlocked (480)"),
          .min = 1,
          .max = 1440 },
};

static const struct column unlock_columns[] = {
        { "provider", HELP("Proveedor", "Provider") },
        { "until", HELP("Abierta hasta", "Unlocked until") },
};

static const struct column lock_columns[] = { { "was_unlocked", HELP("Estaba abierta", "Was unlocked") } };

static const struct column reseal_columns[] = { { "provider", HELP("Proveedor", "Provider") },
                                                { "pcrs", HELP("Registros", "Registers") } };

static const struct param rotate_params[] = {
        { .name = "master", .type = PARAM_FLAG, .help = HELP("también la clave maestra", "the master key too") },
        { .name = "destroy-old",
          .type = PARAM_FLAG,
          .help = HELP(
                  "destruir en su HSM la clave maestra anterior: las copias de seguridad de antes se restauran "
                  "después "
                  "solo con la clave de recuperación",
                  "destroy the old master key in its HSM: backups of before are restored afterwards only with the "
                  "recovery key") },
        KEY_PROVIDER_PARAMS,
};

static const struct column rotate_columns[] = {
        { "rotation", HELP("Rotación", "Rotation") },    { "provider", HELP("Proveedor", "Provider") },
        { "master_version", HELP("Maestra", "Master") }, { "kek_version", HELP("KEK", "KEK") },
        { "rewrapped", HELP("Claves", "Keys") },
};

const struct verb key_verbs[6] = {
        { .noun = "key",
          .name = "status",
          .roles = ROLE_SECURITY | ROLE_OPERATOR | ROLE_AUDITOR,
          .flags = VERB_READS,
          .help = HELP("Estado de las claves: proveedor, versiones, vivas, destruidas y en custodia",
                       "State of the keys: provider, versions, live, destroyed and escrowed"),
          COLUMNS(status_columns),
          .run = run_status },
        { .noun = "key",
          .name = "escrow",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Da el sobre con la clave de recuperación de un soporte",
                       "Gives the envelope with a medium's recovery key"),
          PARAMS(escrow_params),
          COLUMNS(escrow_columns),
          .run = run_escrow },
        { .noun = "key",
          .name = "unlock",
          .roles = ROLE_SECURITY | ROLE_OPERATOR,
          .flags = VERB_WRITES,
          .help = HELP("Abre la bóveda de claves por un tiempo: lo que sigue ya no pregunta",
                       "Unlocks the vault for a time: what follows does not ask"),
          PARAMS(unlock_params),
          COLUMNS(unlock_columns),
          .run = key_run_unlock },
        { .noun = "key",
          .name = "lock",
          .roles = ROLE_SECURITY | ROLE_OPERATOR,
          .flags = VERB_WRITES,
          .help = HELP("Cierra la bóveda de claves", "Locks the vault"),
          COLUMNS(lock_columns),
          .run = key_run_lock },
        { .noun = "key",
          .name = "rotate",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Cambia la KEK, y con --master la clave maestra, y envuelve de nuevo todas las claves",
                       "Changes the KEK, and with --master the master key, and wraps all keys anew"),
          PARAMS(rotate_params),
          COLUMNS(rotate_columns),
          .run = key_run_rotate },
        { .noun = "key",
          .name = "reseal",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Sella de nuevo la clave maestra en el TPM, como está ahora el equipo",
                       "Seals the master key in the TPM anew, to the machine as it is now"),
          COLUMNS(reseal_columns),
          .run = key_run_reseal },
};

const struct room keys_room = { .schema = &keys_schema,
                                .verbs = key_verbs,
                                .verbs_n = COUNT(key_verbs),
                                .events = key_events,
                                .events_n = COUNT(key_events) };
