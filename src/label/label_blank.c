/* `media preprint`: codes on stickers before their media come; `media claim` binds them (registry/blank.c). */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "label/label_job.h"
#include "label/verbs.h"
#include "registry/blank.h"
#include "registry/medium_id.h"

static int add_blank(struct act *act, struct label_job *job, int64_t number, struct error *err) {
        struct label label = { .blank = true };

        medium_id_format(act->site, number, label.id);
        memcpy(label.code, label.id, sizeof label.id);
        date_of(act_now(act), label.created);
        (void) snprintf(label.organisation, sizeof label.organisation, "%s",
                        act->organisation ? act->organisation : "");
        return label_job_add(job, &label, NULL, true, json_object(), err);
}

int label_run_preprint(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(label_job_done) struct label_job job = { 0 };
        const char *design = json_text(args, "design") ? json_text(args, "design") : "blank";
        const char *again = json_text(args, "again");
        int64_t count = json_int(args, "count", 0), first = 0;
        _cleanup_json_ json_t *rows = json_array();
        char subject[MEDIUM_ID_TEXT];
        struct fact fact = { 0 };
        int r = label_job_open(act, args, design, (size_t) count, &job, err);

        if (r == 0)
                r = again ? blank_again(act, again, count, subject, &fact, &first, err)
                          : blank_reservation(act, count, subject, &fact, &first, err);
        for (int64_t i = 0; r == 0 && i < count; i++)
                r = add_blank(act, &job, first + i, err);
        if (r == 0)
                r = label_job_deliver_blank(act, args, &job, &fact, err);
        json_decref(fact.data);
        if (r < 0)
                return r;
        for (size_t i = 0; i < job.n; i++)
                (void) json_array_append_new(rows, json_pack("{s:s}", "code", job.labels[i].id));
        act_say(act, "Códigos reservados: de %s a %s.", "Codes reserved: %s to %s.", job.labels[0].id,
                job.labels[job.n - 1].id);
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}
