/* `audit start`: the population as it is now, a seed, and the sample that they give. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "custody/custody.h"
#include "ledger/ledger.h"
#include "programme/internal.h"

struct starting {
        enum audit_kind kind;
        enum category category;
        char id[AUDIT_ID], area[LOCATION_CODE], digest[SHA256_TEXT], seed[2 * AUDIT_SEED + 1];
        int64_t number, size;
        json_t *population, *sample, *criteria;
};

static void starting_done(struct starting *s) {
        json_decref(s->population);
        json_decref(s->sample);
        json_decref(s->criteria);
}

/* One of a kind, category and scope at a time: nobody draws again until they like the sample. */
static int refuse_second(struct act *act, const struct starting *s, struct error *err) {
        _cleanup_free_ char *other = NULL;
        int r = db_text(act->db, &other, err,
                        "SELECT id FROM audit WHERE kind = ? AND category = ? AND scope = ? AND state = 'open'",
                        "sss", audit_kind_terms[s->kind].code, category_terms[s->category].code, s->area);

        if (r == ERR_NOT_FOUND)
                return 0;
        return r < 0 ? r
                     : refuse(err, ERR_CONFLICT, "A1", "La auditoría %s, del mismo tipo y alcance, está abierta.",
                              "Audit %s, of the same kind and scope, is open.", other);
}

/* Shipments and destructions since the last audit of them was closed. */
static int since_last(struct act *act, const struct starting *s, int64_t *ret, struct error *err) {
        int r = db_int(act->db, ret, err,
                       "SELECT max(started) FROM audit WHERE kind = ? AND category = ? AND state = 'closed' HAVING "
                       "max(started) IS NOT NULL",
                       "ss", audit_kind_terms[s->kind].code, category_terms[s->category].code);

        if (r == ERR_NOT_FOUND) {
                *ret = 0;
                return 0;
        }
        return r;
}

static int draw(struct act *act, struct starting *s, struct error *err) {
        _cleanup_free_ char *text = NULL;
        uint8_t seed[AUDIT_SEED];
        int64_t n = (int64_t) json_array_size(s->population);
        int r = audit_population_text(s->population, &text, err);

        if (r == 0)
                r = act_attach(act, text, strlen(text), s->digest, err);
        if (r < 0)
                return r;
        if (RAND_bytes(seed, sizeof seed) != 1)
                return fail(err, ERR_FAILED, "No hay números aleatorios.", "There are no random numbers.");
        hex_encode(seed, sizeof seed, s->seed);
        s->size = audit_programme[s->kind].whole ? n : audit_sample_size(n, s->category);
        return audit_draw(s->seed, s->population, s->size, &s->sample, err);
}

static int list_criteria(struct starting *s, struct error *err) {
        s->criteria = json_array();
        for (size_t i = 0; i < audit_criteria_n; i++)
                if (audit_criteria[i].kind == s->kind &&
                    json_array_append_new(s->criteria, json_string(audit_criteria[i].code)))
                        return fail_memory(err);
        return s->criteria ? 0 : fail_memory(err);
}

static int add_drawn(struct starting *s, const json_t *subjects, const char *what, int64_t first,
                     struct fact *facts, size_t *n, struct error *err) {
        size_t all = json_array_size(subjects);

        for (size_t at = 0; at < all; at += AUDIT_PIECE) {
                json_t *piece = json_array();

                for (size_t i = at; i < all && i < at + AUDIT_PIECE; i++)
                        (void) json_array_append(piece, json_array_get(subjects, i));
                facts[*n] = (struct fact){ "audit.drawn", s->id,
                                           json_pack("{s:I, s:s, s:o}", "first",
                                                     (json_int_t) (first + (int64_t) at), "what", what, "subjects",
                                                     piece) };
                if (!facts[(*n)++].data)
                        return fail_memory(err);
        }
        return 0;
}

static const char *what_of(enum audit_kind kind) {
        return kind == AUDIT_TRANSPORT ? "shipment" : kind == AUDIT_DESTRUCTION ? "destruction" : "medium";
}

static int record(struct act *act, const json_t *args, struct starting *s, struct error *err) {
        const struct audit_sampling *rule = &audit_sampling[s->category];
        bool whole = audit_programme[s->kind].whole;
        size_t most = 4 + json_array_size(s->sample) / AUDIT_PIECE, n = 0;
        _cleanup_free_ struct fact *facts = calloc(most, sizeof *facts);
        int r = 0;

        if (!facts)
                return fail_memory(err);
        facts[n++] = (struct fact){ "audit.started", s->id,
                                    json_pack("{s:I, s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:s*}", "number",
                                              (json_int_t) s->number, "kind", audit_kind_terms[s->kind].code,
                                              "category", category_terms[s->category].code, "scope", s->area,
                                              "population", (json_int_t) json_array_size(s->population), "digest",
                                              s->digest, "seed", s->seed, "sample", (json_int_t) s->size,
                                              "confidence", (json_int_t) (whole ? 100 : rule->confidence),
                                              "tolerated", (json_int_t) (whole ? 0 : rule->tolerated), "note",
                                              json_text(args, "note")) };
        if (!facts[0].data)
                r = fail_memory(err);
        if (r == 0)
                r = add_drawn(s, s->sample, what_of(s->kind), 1, facts, &n, err);
        if (r == 0)
                r = add_drawn(s, s->criteria, "criterion", s->size + 1, facts, &n, err);
        if (r == 0)
                r = act_record(act, facts, n, err);
        for (size_t i = 0; i < n; i++)
                json_decref(facts[i].data);
        return r;
}

static int prepare(struct act *act, const json_t *args, struct starting *s, struct error *err) {
        int64_t from = 0;
        int r = 0;

        s->kind = (enum audit_kind) term_parse(audit_kind_terms, AUDIT_KINDS, json_text(args, "kind"));
        s->category = (enum category) term_parse(category_terms, CATEGORIES, json_text(args, "category"));
        if (json_text(args, "area"))
                r = custody_area_parse(json_text(args, "area"), s->area, NULL, err);
        if (r == 0 && *s->area && (s->kind == AUDIT_TRANSPORT || s->kind == AUDIT_DESTRUCTION))
                r = fail(err, ERR_USAGE, "Los envíos y las destrucciones no son de un lugar: quite --area.",
                         "Shipments and destructions are of no place: leave --area out.");
        if (r == 0)
                r = refuse_second(act, s, err);
        if (r == 0)
                r = since_last(act, s, &from, err);
        if (r == 0)
                r = audit_population(act, s->kind, s->category, s->area, from, &s->population, err);
        if (r == 0)
                r = audit_judge_start(s->kind, s->category, (int64_t) json_array_size(s->population), err);
        if (r == 0)
                r = db_int(act->db, &s->number, err, "SELECT coalesce(max(number), 0) + 1 FROM audit", "");
        if (r < 0)
                return r;
        (void) snprintf(s->id, sizeof s->id, "U%06lld", (long long) s->number);
        r = draw(act, s, err);
        return r < 0 ? r : list_criteria(s, err);
}

int audit_run_start(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(starting_done) struct starting s = { 0 };
        int r = prepare(act, args, &s, err);

        if (r == 0)
                r = record(act, args, &s, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act,
                "Auditoría %s: %lld de %zu, y %zu aspectos del proceso. Anote lo visto con «mpsi audit check %s "
                "…».",
                "Audit %s: %lld of %zu, and %zu aspects of the process. Record what is seen with “mpsi audit check "
                "%s "
                "…”.",
                s.id, (long long) s.size, json_array_size(s.population), json_array_size(s.criteria), s.id);
        return audit_load(act, s.id, ret, err);
}
