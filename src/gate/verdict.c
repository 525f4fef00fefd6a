/* The newest verdict on each device node: a state table, so that it is recorded once an insertion, whoever
 * restarts, and that whoever stands at the desk is told it without the device being touched again. */
#include "base/str.h"
#include "gate/internal.h"

int gate_apply_judged(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data, *why = json_object_get(data, "why"),
                     *detail = json_object_get(data, "detail");
        int r = db_exec(db, err,
                        "INSERT OR REPLACE INTO device_verdict(device, insertion, medium, verdict, rule, why_es, "
                        "why_en, detail_es, detail_en, time) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        "sssssssssi", json_text(data, "device"), json_text(data, "insertion"),
                        json_text(data, "medium"), json_text(data, "verdict"), json_text(data, "rule"),
                        json_text(why, "es"), json_text(why, "en"), json_text(detail, "es"),
                        json_text(detail, "en"), event->time);

        return r < 0 ? r : 0;
}

static int newest(struct db *db, const struct device_facts *facts, struct rows **ret, struct error *err) {
        int r = db_query(db, ret, err,
                         "SELECT medium, verdict, rule, why_es, why_en, detail_es, detail_en FROM device_verdict "
                         "WHERE device = ? AND insertion = ?",
                         "ss", facts->path, facts->insertion);

        return r < 0 ? r : rows_next(*ret, err);
}

int gate_on_record(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement,
                   struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = str_empty(facts->insertion) ? 0 : newest(act->db, facts, &rows, err);

        if (r <= 0)
                return r;
        return strcmp(rows_text(rows, 0), judgement->medium) == 0 &&
               strcmp(rows_text(rows, 1), gate_verdict_terms[judgement->answer.verdict].code) == 0 &&
               strcmp(rows_text(rows, 2), judgement->answer.rule) == 0 &&
               strcmp(rows_text(rows, 5), judgement->detail[LANG_ES]) == 0;
}

int gate_recorded(struct db *db, const struct device_facts *facts, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = newest(db, facts, &rows, err);

        if (r <= 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}}", "verdict", rows_text(rows, 1), "rule",
                         rows_text(rows, 2), "why", "es", rows_text(rows, 3), "en", rows_text(rows, 4), "detail",
                         "es", rows_text(rows, 5), "en", rows_text(rows, 6));
        return *ret ? 0 : fail_memory(err);
}
