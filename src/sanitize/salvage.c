#include "sanitize/salvage.h"

enum { STEP = 16 }; /* each look is at pieces of a sixteenth */

static int hopeless(const struct areas *areas, struct error *err) {
        return fail(err, ERR_VERIFY, "El soporte falla en demasiadas zonas (%zu, %lld bytes): no se puede borrar.",
                    "The medium fails in too many areas (%zu, %lld bytes): it can't be wiped.", areas->n,
                    (long long) areas->bytes);
}

int salvage_failed(struct salvage *salvage, int64_t offset, int64_t n, int64_t took, struct areas *later,
                   int64_t *ret_next, struct error *err) {
        int64_t skip = salvage->streak ? 2 * salvage->streak : n;
        int r;

        if (skip > salvage->size - offset)
                skip = salvage->size - offset;
        salvage->streak = skip;
        salvage->lost += took;
        r = areas_add(later, offset, skip, err);
        if (r < 0)
                return r;
        if (later->n > SALVAGE_STRETCHES || salvage->lost > SALVAGE_PASS_TIME)
                return hopeless(later, err);
        *ret_next = offset + skip;
        return 0;
}

/* One piece. What fails goes to `failing`; a single block is tried some times more before that. */
static int look(struct salvage *salvage, int64_t offset, int64_t n, struct areas *failing, int64_t *lost,
                bool *ret_bad, struct error *err) {
        int tries = n <= (int64_t) salvage->block ? SALVAGE_TRIES : 1, r = 1;

        for (int i = 0; r == 1 && i < tries && *lost <= SALVAGE_STRETCH_TIME; i++) {
                int64_t took = 0;

                r = salvage->attempt(salvage->context, offset, (size_t) n, &took, err);
                if (r == 1) {
                        salvage->lost += took;
                        *lost += took;
                }
        }
        if (r < 0)
                return r;
        *ret_bad = r == 1;
        return *ret_bad ? areas_add(failing, offset, n, err) : 0;
}

/* One stretch in pieces of this size, from its start; when its time is up, from its end to the first piece that
 * fails. What is left between, untried, goes to `unreached`. */
static int look_through(struct salvage *salvage, const struct area *area, int64_t piece, struct areas *failing,
                        struct areas *unreached, struct error *err) {
        int64_t at = area->start, end = area->start + area->length, lost = 0, none = 0;
        bool bad = false;
        int r = 0;

        while (r == 0 && at < end && lost <= SALVAGE_STRETCH_TIME) {
                int64_t n = end - at < piece ? end - at : piece;

                r = look(salvage, at, n, failing, &lost, &bad, err);
                at += n;
                if (failing->n > SALVAGE_STRETCHES || salvage->lost > SALVAGE_PASS_TIME)
                        break;
        }
        for (bad = false; r == 0 && at < end && !bad && salvage->lost <= SALVAGE_PASS_TIME;) {
                int64_t start = (end - 1) / piece * piece;

                if (start < at)
                        start = at;
                r = look(salvage, start, end - start, failing, &none, &bad, err);
                end = start;
        }
        return r < 0 ? r : areas_add(unreached, at, end - at, err);
}

static int look_again(struct salvage *salvage, const struct areas *todo, int64_t piece, struct areas *failing,
                      struct areas *unreached, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < todo->n; i++) {
                r = look_through(salvage, &todo->list[i], piece, failing, unreached, err);
                if (r == 0 &&
                    (failing->n + unreached->n > SALVAGE_STRETCHES || salvage->lost > SALVAGE_PASS_TIME)) {
                        for (size_t k = i + 1; r == 0 && k < todo->n; k++)
                                r = areas_add(failing, todo->list[k].start, todo->list[k].length, err);
                        return r < 0 ? r : 1;
                }
        }
        return r;
}

int salvage_rest(struct salvage *salvage, struct areas *later, struct areas *unreached, struct error *err) {
        _cleanup_areas_ struct areas todo = { 0 };
        int64_t piece = (int64_t) salvage->request;
        int r = areas_join(&todo, later, err);

        /* Wide first: what is sound around the bad blocks is reached before time is spent on them. */
        while (r == 0 && todo.n > 0) {
                _cleanup_areas_ struct areas failing = { 0 };
                bool last = piece <= (int64_t) salvage->block;

                r = look_again(salvage, &todo, piece, &failing, unreached, err);
                if (r >= 0 && (last || r == 1)) {
                        int joined = areas_join(unreached, &failing, err);

                        if (joined < 0 || r == 1)
                                return joined < 0 ? joined : hopeless(unreached, err);
                        break;
                }
                areas_done(&todo);
                todo = failing;
                failing = (struct areas){ 0 };
                piece = piece / STEP / (int64_t) salvage->block * (int64_t) salvage->block;
                if (piece < (int64_t) salvage->block)
                        piece = (int64_t) salvage->block;
        }
        if (r == 0)
                areas_done(later);
        return r;
}
