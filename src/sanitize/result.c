/* `wipe verify --import`: what mpsi-verify-wipe found on a medium, maybe on a machine without a store. The file is
 * no proof of itself: what is recorded is that this person hands it in, and its digest. */
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "policy/rule.h"
#include "sanitize/job.h"
#include "sanitize/look.h"

enum { RESULT_MAX = 1 << 20 };
#define CLOCKS_APART (10 * 60 * SECOND) /* of two machines */

struct result {
        json_t *json;
        char *text;
        size_t n;
        enum verify_kind kind;
        int64_t bytes, differing, started, finished;
        bool holds;
};

static void result_done(struct result *result) {
        json_decref(result->json);
        free(result->text);
}

static int malformed(const char *member, struct error *err) {
        return fail(err, ERR_USAGE, "El fichero no es un resultado de mpsi-verify-wipe: «%s».",
                    "The file is no result of mpsi-verify-wipe: “%s”.", member);
}

static bool is_text(const json_t *json, const char *member, const char *value) {
        return strcmp(json_text_or_empty(json, member), value) == 0;
}

static int read_result(const char *path, struct result *ret, struct error *err) {
        struct result *f = ret;
        int kind;
        int r = file_read(path, RESULT_MAX, &f->text, &f->n, err);

        if (r == 0)
                r = json_parse(f->text, f->n, &f->json, err);
        if (r < 0)
                return r;
        if (!is_text(f->json, "format", "mpsi-verification/1") || !is_text(f->json, "tool", "mpsi-verify-wipe"))
                return malformed("format", err);
        kind = term_parse(verify_kind_terms, VERIFY_KINDS, json_text_or_empty(f->json, "kind"));
        if (kind < 0)
                return malformed("kind", err);
        if (time_parse(json_text_or_empty(f->json, "started"), &f->started) < 0 ||
            time_parse(json_text_or_empty(f->json, "finished"), &f->finished) < 0 || f->finished < f->started)
                return malformed("finished", err);
        f->kind = (enum verify_kind) kind;
        f->bytes = json_int(f->json, "bytes", -1);
        f->differing = json_int(f->json, "differing_bytes", -1);
        if (f->bytes < 0 || f->differing < 0 || f->differing > f->bytes)
                return malformed("bytes", err);
        f->holds = json_flag(f->json, "holds");
        if (f->holds != (f->differing == 0))
                return malformed("holds", err);
        return 0;
}

/* A sample must be what its seed gives: a shorter look is not the rule's. */
static int expected_bytes(const struct result *f, int64_t size, int64_t *ret, struct error *err) {
        _cleanup_areas_ struct areas places = { 0 };
        uint8_t seed[SAMPLING_SEED];
        int64_t block = json_int(f->json, "block", 0);
        int r;

        if (f->kind == VERIFY_FULL) {
                *ret = size;
                return 0;
        }
        if (hex_decode(json_text_or_empty(f->json, "sample_seed"), seed, sizeof seed) < 0 || block < 512 ||
            block > 65536)
                return malformed("sample_seed", err);
        r = sampling_places(size, (size_t) block, seed, &places, err);
        if (r == 0)
                *ret = places.bytes;
        return r;
}

/* Of this wipe of this medium, whole by its kind, after the wipe and not in the future. */
static int judge_result(struct act *act, const struct sanitization_record *record, const struct result *f,
                        struct error *err) {
        const json_t *ended = record->ended_data;
        int64_t size = json_int(json_object_get(ended, "device"), "size", -1), wanted = 0;
        int r;

        if (!is_text(f->json, "job", record->job) || !is_text(f->json, "medium", record->medium) ||
            !is_text(f->json, "seed_commitment", json_text_or_empty(ended, "seed_commitment")) ||
            json_int(f->json, "size", -2) != size)
                return refuse(err, ERR_REFUSED, "S4.2", "El resultado es de otro borrado que %s.",
                              "The result is of another wipe than %s.", record->job);
        if (f->started + CLOCKS_APART < record->ended || f->finished - CLOCKS_APART > act_now(act))
                return refuse(err, ERR_REFUSED, "S4.2",
                              "El resultado no es de después del borrado %s y de antes de "
                              "ahora.",
                              "The result is not of after wipe %s and before now.", record->job);
        r = expected_bytes(f, size, &wanted, err);
        if (r == 0 && f->bytes != wanted)
                return refuse(err, ERR_REFUSED, "S4.2", "El resultado cubre %lld bytes y la regla pide %lld.",
                              "The result covers %lld bytes, and the rule wants %lld.", (long long) f->bytes,
                              (long long) wanted);
        return r;
}

static int refuse_twice(struct act *act, const char *digest, struct error *err) {
        int64_t seen = 0;
        int r = db_int(act->db, &seen, err, "SELECT count(*) FROM sanitization_look WHERE result = ?", "s", digest);

        if (r < 0 || seen == 0)
                return r;
        return fail(err, ERR_CONFLICT, "Ese resultado ya está registrado.", "That result is on record already.");
}

static int record_result(struct act *act, const struct sanitization_record *record, const struct result *f,
                         json_t **ret, struct error *err) {
        const json_t *areas = json_object_get(f->json, "areas");
        _cleanup_json_ json_t *data = NULL;
        char digest[65];
        int r = act_attach(act, f->text, f->n, digest, err);

        if (r == 0)
                r = refuse_twice(act, digest, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:b, s:I, s:I, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "job", record->job,
                         "holds", f->holds, "bytes", (json_int_t) f->bytes, "differing_bytes",
                         (json_int_t) f->differing, "same_person",
                         look_same_person(record, act->person) ? "yes" : "no", "kind",
                         verify_kind_terms[f->kind].code, "tool", "mpsi-verify-wipe", "tool_version",
                         json_text_or_empty(f->json, "tool_version"), "other", 1, "result_file", digest, "ran_by",
                         json_text_or_empty(f->json, "ran_by"), "started", json_text_or_empty(f->json, "started"),
                         "finished", json_text_or_empty(f->json, "finished"));
        if (!data || (json_is_array(areas) && json_array_size(areas) <= 1000 &&
                      json_object_set_new(data, "areas", json_deep_copy(areas))))
                return fail_memory(err);
        r = act_record_one(act, "sanitization.verified", record->medium, data, err);
        if (r == 0)
                *ret = TAKE_PTR(data);
        return r;
}

int job_verify_import(struct act *act, const char *medium, const char *path, json_t **ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        _cleanup_(result_done) struct result result = { 0 };
        _cleanup_json_ json_t *data = NULL;
        struct medium row;
        int r = medium_load(act->db, medium, &row, err);

        if (r == 0)
                r = sanitization_last(act->db, row.id, &record, err);
        if (r == 0)
                r = look_demand_sanitized(&record, err);
        if (r == 0 && row.state != MEDIUM_SANITIZED)
                r = fail(err, ERR_CONFLICT, "El soporte %s está «%s%.0s»: ya no guarda lo que dejó el borrado.",
                         "Medium %s is “%.0s%s”: it no longer holds what the wipe left.", row.id,
                         medium_state_terms[row.state].name.es, medium_state_terms[row.state].name.en);
        if (r == 0)
                r = read_result(path, &result, err);
        if (r == 0)
                r = verification_judge(record.classification, result.kind, err);
        if (r == 0)
                r = judge_result(act, &record, &result, err);
        if (r == 0)
                r = record_result(act, &record, &result, &data, err);
        if (r < 0)
                return r;
        if (!result.holds)
                return look_refuse(row.id, result.differing, err);
        *ret = TAKE_PTR(data);
        return 0;
}
