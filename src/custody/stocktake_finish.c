/* `stocktake finish`: what was not found, counted, signed, and an incident when the first one is missing (U6, K2).
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/stocktake.h"

enum { PIECE = 500, PIECES_MAX = 4000 };

struct tally {
        struct act *act;
        const char *stocktake;
        struct error *err;
        int64_t expected, found, misplaced, missing, unknown;
        json_t *gone;     /* [{medium, location}] */
        json_t *new_gone; /* IDs that were not missing before */
};

static int seen_at(struct tally *tally, const char *medium, char ret[LOCATION_CODE]) {
        _cleanup_free_ char *location = NULL;
        int r = db_text(tally->act->db, &location, tally->err,
                        "SELECT location FROM stocktake_seen WHERE stocktake = ? AND medium = ?", "ss",
                        tally->stocktake, medium);

        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        (void) snprintf(ret, LOCATION_CODE, "%s", location ? location : "");
        return 0;
}

static int add_missing(struct tally *tally, const struct medium *medium) {
        int64_t since;
        int r = db_int(tally->act->db, &since, tally->err, "SELECT since FROM not_located WHERE medium = ?", "s",
                       medium->id);

        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        tally->missing++;
        if (json_array_append_new(tally->gone,
                                  json_pack("{s:s, s:s}", "medium", medium->id, "location", medium->location)) ||
            (r == ERR_NOT_FOUND && json_array_append_new(tally->new_gone, json_string(medium->id))))
                return fail_memory(tally->err);
        return 0;
}

/* A medium is expected where it is kept now: what was lent or moved while people were counting is no longer. */
static int count_medium(void *context, const struct medium *medium) {
        struct tally *tally = context;
        char location[LOCATION_CODE];
        int r;

        if (!medium_is_here(medium->state))
                return 0;
        tally->expected++;
        r = seen_at(tally, medium->id, location);
        if (r < 0)
                return r;
        if (!*location)
                return add_missing(tally, medium);
        tally->found += strcmp(location, medium->location) == 0;
        return 0;
}

/* What was seen and does not lie where the registry has it, strangers from other areas among them. */
static int count_seen(struct tally *tally) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(tally->act->db, &rows, tally->err,
                         "SELECT medium, location FROM stocktake_seen WHERE stocktake = ?", "s", tally->stocktake);

        if (r < 0)
                return r;
        while ((r = rows_next(rows, tally->err)) > 0) {
                struct medium medium;

                r = medium_load(tally->act->db, rows_text(rows, 0), &medium, tally->err);
                if (r < 0)
                        return r;
                tally->misplaced += strcmp(medium.location, rows_text(rows, 1)) != 0;
        }
        if (r < 0)
                return r;
        return db_int(tally->act->db, &tally->unknown, tally->err,
                      "SELECT count(*) FROM stocktake_unknown WHERE stocktake = ?", "s", tally->stocktake);
}

/* The incident, once: media that were missing before are in theirs already. */
static int add_incident(struct tally *tally, struct custody_facts *facts) {
        const struct incident_draft draft = { INCIDENT_NOT_LOCATED, tally->stocktake, tally->new_gone };
        const json_t *first = json_array_get(tally->new_gone, 0);

        if (!first)
                return 0;
        return custody_facts_incident(
                tally->act, facts, &draft, tally->err, "El recuento %s no encontró %zu soportes: %s%s.",
                "Stocktake %s did not find %zu media: %s%s.", tally->stocktake, json_array_size(tally->new_gone),
                json_string_value(first), json_array_size(tally->new_gone) > 1 ? "…" : "");
}

/* K2: more than one not located is an alert, more than three critical. */
static int add_alert(struct tally *tally, struct custody_facts *facts) {
        int64_t known;
        enum gravity gravity;
        int r = not_located_count(tally->act->db, &known, tally->err);

        if (r < 0)
                return r;
        known += (int64_t) json_array_size(tally->new_gone);
        gravity = not_located_gravity(known);
        if (gravity < GRAVITY_ALERT || json_array_size(tally->new_gone) == 0)
                return 0;
        return custody_facts_add(facts, "alert.not-located", tally->stocktake,
                                 json_pack("{s:I, s:s, s:s}", "media", (json_int_t) known, "level",
                                           gravity_terms[gravity].code, "rule", "K2"),
                                 tally->err);
}

static int add_pieces(struct tally *tally, struct custody_facts *facts) {
        size_t n = json_array_size(tally->gone);

        for (size_t start = 0; start < n; start += PIECE) {
                json_t *piece = json_array();
                int r;

                for (size_t i = start; i < n && i < start + PIECE; i++)
                        (void) json_array_append(piece, json_array_get(tally->gone, i));
                r = custody_facts_add(facts, "stocktake.missed", tally->stocktake,
                                      json_pack("{s:o}", "media", piece), tally->err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_result(struct tally *tally, const json_t *args, const json_t *stocktake,
                      struct custody_facts *facts) {
        struct act *act = tally->act;
        _cleanup_json_ json_t *data = NULL, *statement = NULL;
        int r = 0;

        data = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s}", "area", json_text(stocktake, "area"), "expected",
                         (json_int_t) tally->expected, "found", (json_int_t) tally->found, "misplaced",
                         (json_int_t) tally->misplaced, "missing", (json_int_t) tally->missing, "unknown",
                         (json_int_t) tally->unknown, "signer", act->person);
        if (!data)
                return fail_memory(tally->err);
        if (json_text(args, "paper") && json_object_set(data, "paper", json_object_get(args, "paper")))
                return fail_memory(tally->err);
        if (json_flag(args, "sign") && !act->dry_run) {
                r = custody_statement(act, "mpsi-stocktake-1", tally->stocktake, "finish", act->person, &statement,
                                      tally->err);
                if (r == 0 && (json_object_update_missing(statement, data) ||
                               json_object_set(statement, "media", tally->gone)))
                        r = fail_memory(tally->err);
                if (r == 0)
                        r = custody_sign(act, act->person, "U6", statement, data, tally->err);
        }
        return r < 0 ? r
                     : custody_facts_add(facts, "stocktake.finished", tally->stocktake, TAKE_PTR(data), tally->err);
}

static void say_result(struct act *act, const struct tally *tally, const struct custody_facts *facts) {
        act_say(act,
                "Recuento %s: %lld de %lld en su sitio, %lld fuera de sitio, %lld sin localizar, %lld "
                "desconocidos.",
                "Stocktake %s: %lld of %lld where they belong, %lld misplaced, %lld not located, %lld unknown.",
                tally->stocktake, (long long) tally->found, (long long) tally->expected,
                (long long) tally->misplaced, (long long) tally->missing, (long long) tally->unknown);
        custody_facts_say(act, facts);
}

static int tally_up(struct tally *tally, const json_t *stocktake, struct error *err) {
        int r;

        if (!tally->gone || !tally->new_gone)
                return fail_memory(err);
        r = medium_each_in(tally->act->db, json_text(stocktake, "area"), count_medium, tally, err);
        return r < 0 ? r : count_seen(tally);
}

int stocktake_run_finish(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *stocktake = NULL, *gone = json_array(), *new_gone = json_array();
        _cleanup_custody_facts_ struct custody_facts facts = { 0 };
        struct tally tally = { .act = act, .err = err, .gone = gone, .new_gone = new_gone };
        size_t pieces;
        int r = stocktake_find_open(act, json_text(args, "stocktake"), &stocktake, err);

        if (r < 0)
                return r;
        tally.stocktake = json_text(stocktake, "stocktake");
        r = tally_up(&tally, stocktake, err);
        if (r < 0)
                return r;
        pieces = (json_array_size(gone) + PIECE - 1) / PIECE;
        if (pieces > PIECES_MAX)
                return fail(err, ERR_REFUSED, "Faltan %zu soportes: cuente por salas o armarios.",
                            "%zu media are missing: count by rooms or cabinets.", json_array_size(gone));
        r = custody_facts_new(3 + pieces, &facts, err);
        if (r == 0)
                r = add_alert(&tally, &facts);
        if (r == 0)
                r = add_pieces(&tally, &facts);
        if (r == 0)
                r = add_result(&tally, args, stocktake, &facts);
        if (r == 0)
                r = add_incident(&tally, &facts);
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r < 0 || act->dry_run)
                return r;
        say_result(act, &tally, &facts);
        return stocktake_load(act, tally.stocktake, ret, err);
}
