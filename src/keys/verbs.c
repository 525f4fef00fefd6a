/* key status */
#include <string.h>

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

static int run_status(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(db_closep) struct db *vault = NULL;
        _cleanup_free_ char *provider = NULL, *parameters = NULL;
        _cleanup_json_ json_t *rows = json_array();
        int64_t version = 0, keys = 0, envelopes = 0, live = 0;
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
                act_say(act, "Faltan %lld claves vivas en la cámara: restaure su copia.",
                        "%lld live keys are missing from the vault: restore its backup.",
                        (long long) (live - keys));
        if (keys > live)
                act_say(act, "La cámara guarda %lld claves que el registro no da por vivas.",
                        "The vault holds %lld keys that the ledger does not count as live.",
                        (long long) (keys - live));
        *ret = json_pack("{s:s, s:I, s:I, s:I, s:I, s:O}", "provider", provider, "master_version",
                         (json_int_t) version, "vault_keys", (json_int_t) keys, "envelopes", (json_int_t) envelopes,
                         "live_keys", (json_int_t) live, "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

static const struct column status_columns[] = {
        { "kind", { "Tipo", "Kind" } },           { "state", { "Estado", "State" } },
        { "algorithm", { "Envoltura", "Wrap" } }, { "count", { "Claves", "Keys" } },
        { "oldest", { "Primera", "Oldest" } },    { "newest", { "Última", "Newest" } },
};

const struct verb key_verbs[1] = {
        { .noun = "key",
          .name = "status",
          .roles = ROLE_SECURITY | ROLE_OPERATOR | ROLE_AUDITOR,
          .flags = VERB_READS,
          .help = HELP("Estado de las claves: proveedor, versiones, vivas, destruidas y en custodia",
                       "State of the keys: provider, versions, live, destroyed and escrowed"),
          COLUMNS(status_columns),
          .run = run_status },
};

const struct room keys_room = { .schema = &keys_schema,
                                .verbs = key_verbs,
                                .verbs_n = COUNT(key_verbs),
                                .events = key_events,
                                .events_n = COUNT(key_events) };
