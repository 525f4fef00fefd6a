/* The stock of seals (T5): batches as they were received, and numbers that were spoilt. A number is used once for
 * ever, whatever it was used for; where a stock is kept, a seal from outside of it is none of ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/json.h"
#include "transport/internal.h"

enum { BATCH_MAX = 100000 };

/* --- events ------------------------------------------------------------------------------------------------- */

static int apply_received(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(db, err,
                        "INSERT INTO seal_batch (number, prefix, first, last, digits, supplier, received, person) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        "isiiisis", json_int(d, "number", 0), json_text(d, "prefix"), json_int(d, "first", 0),
                        json_int(d, "last", 0), json_int(d, "digits", 0), json_text(d, "supplier"), event->time,
                        json_text(d, "person"));

        return r < 0 ? r : 0;
}

static int apply_spoilt(struct db *db, const struct event *event, struct error *err) {
        return custody_apply_seal(db, event->subject, json_text(event->data, "number"), "spoilt", event->time, err);
}

static const struct event_type seal_events[] = {
        { "seal.received", apply_received },
        { "seal.spoilt", apply_spoilt },
};

/* --- the stock ---------------------------------------------------------------------------------------------- */

/* A plain number's letters and its last digits: "S0092" is "S" and 92 of 4 digits. False without digits. */
static bool split(const char *plain, char prefix[SEAL_TEXT], int64_t *ret, size_t *ret_digits) {
        size_t n = strlen(plain), at = n;

        while (at > 0 && n - at < 15 && strchr("0123456789", plain[at - 1]))
                at--;
        if (at == n)
                return false;
        (void) snprintf(prefix, SEAL_TEXT, "%.*s", (int) at, plain);
        *ret = strtoll(plain + at, NULL, 10);
        *ret_digits = n - at;
        return true;
}

int seal_refuse_stranger(struct db *db, const char *plain, struct error *err) {
        int64_t batches = 0, there = 0, number = 0;
        char prefix[SEAL_TEXT] = "";
        size_t digits = 0;
        int r = db_int(db, &batches, err, "SELECT count(*) FROM seal_batch", "");

        if (r < 0 || batches == 0)
                return r;
        if (split(plain, prefix, &number, &digits))
                r = db_int(
                        db, &there, err,
                        "SELECT count(*) FROM seal_batch WHERE prefix = ? AND digits = ? AND ? BETWEEN first AND "
                        "last",
                        "sii", prefix, (int64_t) digits, number);
        if (r < 0 || there > 0)
                return r;
        return refuse(err, ERR_REFUSED, "T5", "El precinto %s no es de ningún lote recibido.",
                      "Seal %s is of no batch that was received.", plain);
}

/* --- verbs -------------------------------------------------------------------------------------------------- */

static const struct param receive_params[] = {
        { "first", PARAM_TEXT, PARAM_REQUIRED, HELP("primer número, como S-1001", "first number, such as S-1001"),
          0, 40, NULL, 0 },
        { "last", PARAM_TEXT, PARAM_REQUIRED, HELP("último número", "last number"), 0, 40, NULL, 0 },
        { "supplier", PARAM_TEXT, PARAM_REQUIRED, HELP("quién los suministra", "who supplies them"), 0, 120, NULL,
          0 },
        { "to", PARAM_PERSON, PARAM_REQUIRED, HELP("custodio a quien se entregan", "custodian who gets them"), 0, 0,
          NULL, 0 },
};
static const struct param spoil_params[] = {
        { "seal", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("precinto", "seal"), 0, 40, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct column list_columns[] = {
        { "batch", HELP("LOTE", "BATCH") },
        { "first", HELP("DESDE", "FROM") },
        { "last", HELP("HASTA", "TO") },
        { "count", HELP("PRECINTOS", "SEALS") },
        { "supplier", HELP("SUMINISTRA", "SUPPLIER") },
        { "person", HELP("ENTREGADO A", "HANDED TO") },
        { "received", HELP("RECIBIDO", "RECEIVED") },
};

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const char *const members[] = {
                "batch", "first", "last", "count", "supplier", "person", "received"
        };
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err,
                         "SELECT number, printf('%s%0*d', prefix, digits, first), printf('%s%0*d', prefix, digits, "
                         "last), last - first + 1, supplier, person, received FROM seal_batch ORDER BY number",
                         "");

        (void) args;
        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, members, "ississt")))
                        r = fail_memory(err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

struct batch {
        char prefix[SEAL_TEXT];
        int64_t first, last;
        size_t digits;
};

static int parse_batch(const json_t *args, struct batch *ret, struct error *err) {
        char first[SEAL_TEXT], last[SEAL_TEXT], prefix[SEAL_TEXT];
        size_t digits;
        int r = transport_seal_plain(json_text(args, "first"), first, err);

        if (r == 0)
                r = transport_seal_plain(json_text(args, "last"), last, err);
        if (r < 0)
                return r;
        if (split(first, ret->prefix, &ret->first, &ret->digits) && split(last, prefix, &ret->last, &digits) &&
            strcmp(prefix, ret->prefix) == 0 && digits == ret->digits && ret->first <= ret->last &&
            ret->last - ret->first < BATCH_MAX)
                return 0;
        return refuse(err, ERR_USAGE, "T5", "De %s a %s no va ningún lote de hasta %d precintos.",
                      "From %s to %s there is no batch of up to %d seals.", first, last, BATCH_MAX);
}

static int run_receive(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        struct batch batch;
        int64_t overlap = 0, number = 0;
        char id[24];
        int r = parse_batch(args, &batch, err);

        if (r == 0)
                r = db_int(
                        act->db, &overlap, err,
                        "SELECT count(*) FROM seal_batch WHERE prefix = ? AND digits = ? AND first <= ? AND last "
                        ">= ?",
                        "siii", batch.prefix, (int64_t) batch.digits, batch.last, batch.first);
        if (r == 0 && overlap > 0)
                return refuse(err, ERR_CONFLICT, "T5", "Alguno de esos números ya se recibió.",
                              "One of those numbers was received already.");
        if (r == 0)
                r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM seal_batch", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "%lld", (long long) number);
        data = json_pack("{s:I, s:s, s:I, s:I, s:I, s:s, s:s}", "number", (json_int_t) number, "prefix",
                         batch.prefix, "first", (json_int_t) batch.first, "last", (json_int_t) batch.last, "digits",
                         (json_int_t) batch.digits, "supplier", json_text(args, "supplier"), "person",
                         json_text(args, "to"));
        r = data ? act_record_one(act, "seal.received", id, data, err) : fail_memory(err);
        return r < 0 || act->dry_run ? r : run_list(act, args, ret, err);
}

static int run_spoil(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char plain[SEAL_TEXT];
        int r = transport_seal_plain(json_text(args, "seal"), plain, err);

        (void) ret;
        if (r == 0)
                r = custody_seal_refuse_used(act->db, plain, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s}", "number", json_text(args, "seal"), "reason", json_text(args, "reason"));
        r = data ? act_record_one(act, "seal.spoilt", plain, data, err) : fail_memory(err);
        if (r == 0)
                act_say(act, "El precinto %s no se usará nunca.", "Seal %s will never be used.", plain);
        return r;
}

static const struct verb seal_verbs[] = {
        { "seal", "receive", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Anota un lote de precintos y a quién se entrega (T5)",
               "Notes a batch of seals and who gets it (T5)"),
          PARAMS(receive_params), COLUMNS(list_columns), .run = run_receive },
        { "seal", "spoil", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Da por inútil un precinto sin usar (T5)", "Makes an unused seal void (T5)"), PARAMS(spoil_params),
          .run = run_spoil },
        { "seal", "list", ROLE_ANY, VERB_READS, HELP("Lista los lotes de precintos", "Lists the batches of seals"),
          .columns = list_columns, .columns_n = COUNT(list_columns), .run = run_list },
};

const struct room seal_room = {
        .verbs = seal_verbs, .verbs_n = COUNT(seal_verbs), .events = seal_events, .events_n = COUNT(seal_events)
};
