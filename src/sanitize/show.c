/* `wipe show` and `wipe due`: what is on record of a finished wipe, and who should look at what again. */
#include <string.h>

#include "base/file.h"
#include "sanitize/look.h"
#include "sanitize/validate.h"
#include "store/json.h"

static int looks_of(struct db *db, const char *job, json_t **ret, struct error *err) {
        static const char *const members[] = { "kind",  "tool",  "person",          "other",
                                               "holds", "bytes", "differing_bytes", "result_file",
                                               "time",  "seq" };
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(db, &rows, err,
                         "SELECT kind, tool, person, other, holds, bytes, differing, result, time, seq"
                         " FROM sanitization_look WHERE job = ? ORDER BY seq",
                         "s", job);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, members, "sssffiisti")))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

static int write_record(const char *path, const json_t *record, struct error *err) {
        _cleanup_free_ char *text = NULL;
        int r = json_canonical(record, &text, err);

        return r < 0 ? r : file_write(path, text, strlen(text), 0640, err);
}

int wipe_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        _cleanup_json_ json_t *looks = NULL, *validation = NULL, *answer = NULL;
        int r = sanitization_last(act->db, json_text(args, "medium"), &record, err);

        if (r == 0)
                r = looks_of(act->db, record.job, &looks, err);
        if (r == 0)
                r = sanitization_validation(act->db, record.job, &validation, err);
        if (r < 0)
                return r;
        answer = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:s, s:O?, s:O?, s:O, s:O?}", "format", "mpsi-sanitization/1", "job",
                record.job, "medium", record.medium, "state", sanitization_state_terms[record.state].code,
                "reached", sanitize_level_terms[record.reached].code, "operator", record.operator, "started",
                record.started_data, "finished", record.ended_data, "looks", looks, "validation", validation);
        if (!answer)
                return fail_memory(err);
        if (json_text(args, "out"))
                r = write_record(json_text(args, "out"), answer, err);
        if (r == 0)
                *ret = TAKE_PTR(answer);
        return r;
}

int wipe_due(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int r = look_due(act, json_flag(args, "all"), ret, err);
        int64_t permille;

        if (r < 0)
                return r;
        permille = json_int(*ret, "permille", 0);
        act_say(act,
                "Releídos enteros por otros en un año: %lld de %lld (%lld,%lld %%; se piden %lld, el 20 %%). Tocan "
                "ahora: %lld.",
                "Read again whole by others in a year: %lld of %lld (%lld.%lld %%; %lld are asked for, 20 %%). Due "
                "now: "
                "%lld.",
                (long long) json_int(*ret, "looked", 0), (long long) json_int(*ret, "wipes", 0),
                (long long) permille / 10, (long long) permille % 10, (long long) json_int(*ret, "wanted", 0),
                (long long) json_int(*ret, "due", 0));
        return 0;
}
