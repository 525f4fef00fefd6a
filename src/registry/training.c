#include "registry/training.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "registry/person.h"

/* Events of before the register say neither which training nor on which day: then it is the general one, of that
 * day. */
int training_apply(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        const char *day = json_text(data, "day"), *training = json_text(data, "training");
        char recorded[DATE_TEXT];
        int r;

        date_of(event->time, recorded);
        r = db_exec(db, err,
                    "INSERT INTO training (seq, person, training, course, hours, day, until, recorded_by) VALUES "
                    "(?, ?, ?, "
                    "?, ?, ?, ?, ?)",
                    "isssisss", event->seq, event->subject, training ? training : "general",
                    json_text_or_empty(data, "course"), json_int(data, "hours", 1), day ? day : recorded,
                    json_text_or_empty(data, "until"), event->actor);
        return r < 0 ? r : 0;
}

/* The newest courses are enough: older ones count no more. */
static int load(struct db *db, const char *person, enum training training,
                struct training_record records[TRAINING_RECORDS], size_t *ret_n, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        size_t n = 0;
        int r = db_query(
                db, &rows, err,
                "SELECT day, until, hours FROM training WHERE person = ? AND training = ? ORDER BY day DESC, seq "
                "DESC LIMIT ?",
                "ssi", person, training_terms[training].code, (int64_t) TRAINING_RECORDS);

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                struct training_record *record = &records[n++];

                (void) snprintf(record->day, sizeof record->day, "%s", rows_text(rows, 0));
                (void) snprintf(record->until, sizeof record->until, "%s", rows_text(rows, 1));
                record->hours = rows_int(rows, 2);
                r = 0;
        }
        if (r == 0)
                *ret_n = n;
        return r;
}

static int judge(struct act *act, const char *person, int64_t granted, enum training training, size_t *ret_n,
                 struct training_result *ret, struct error *err) {
        struct training_record records[TRAINING_RECORDS];
        struct training_case facts = {
                .training = training, .records = records, .granted = granted, .now = act_now(act)
        };
        int r = load(act->db, person, training, records, &facts.n, err);

        if (r < 0)
                return r;
        training_judge(&facts, ret);
        *ret_n = facts.n;
        return 0;
}

int training_standing(struct act *act, const char *person, enum training training, struct training_result *ret,
                      struct error *err) {
        int64_t granted = 0;
        size_t n;
        int r = db_int(act->db, &granted, err, "SELECT granted FROM account WHERE name = ?", "s", person);

        return r < 0 ? r : judge(act, person, granted, training, &n, ret, err);
}

int training_each(struct act *act, const char *person,
                  int (*each)(void *context, const char *person, unsigned roles, enum training training,
                              const struct training_result *result),
                  void *context, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char today[DATE_TEXT];
        int r;

        date_of(act_now(act), today);
        r = db_query(act->db, &rows, err,
                     "SELECT name, roles, granted FROM person JOIN account USING (name) WHERE NOT blocked AND "
                     "(expires = '' "
                     "OR expires >= ?1) AND (?2 IS NULL OR name = ?2) ORDER BY name",
                     "ss", today, person);
        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                unsigned roles = 0;

                r = 0;
                (void) roles_parse(rows_text(rows, 1), &roles);
                for (int t = 0; r == 0 && t < TRAININGS; t++) {
                        struct training_result result;
                        size_t n = 0;

                        r = judge(act, rows_text(rows, 0), rows_int(rows, 2), (enum training) t, &n, &result, err);
                        if (r == 0 && (n || roles & training_demands[t].roles))
                                r = each(context, rows_text(rows, 0), roles, (enum training) t, &result);
                }
        }
        return r;
}
