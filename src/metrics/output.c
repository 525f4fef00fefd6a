#include "metrics/output.h"

#include <string.h>

#include "base/str.h"
#include "policy/rule.h"
#include "print/form.h"

bool output_wanted(const json_t *args) {
        return json_text(args, "pdf") || json_text(args, "csv") || json_text(args, "out");
}

/* By --format and --out, which go together: both kinds of figures, so that one file is enough. */
static int write_openmetrics(struct act *act, const json_t *args, const json_t *kpis, const json_t *metrics,
                             int64_t moment, struct error *err) {
        const char *out = json_text(args, "out");

        if (!out != !json_text(args, "format"))
                return fail(err, ERR_USAGE, "«--format» y «--out» van juntos.",
                            "“--format” and “--out” go together.");
        return out && !act->dry_run ? openmetrics_write(act, kpis, metrics, moment, out, err) : 0;
}

int output_kpis(struct act *act, const json_t *args, const json_t *answer, struct error *err) {
        _cleanup_json_ json_t *metrics = NULL;
        struct period period = { 0 };
        int64_t moment = 0;
        int r = 0;

        (void) time_parse(json_text_or_empty(answer, "moment"), &moment);
        period = (struct period){ .from = moment / DAY, .to = moment / DAY, .moment = moment };
        if (json_text(args, "out"))
                r = report_metrics(act, &period, &metrics, err);
        return r < 0 ? r : write_openmetrics(act, args, json_object_get(answer, "rows"), metrics, moment, err);
}

int output_metrics(struct act *act, const json_t *args, const json_t *answer, struct error *err) {
        static const struct period_demand year = { .months = 12 };
        _cleanup_json_ json_t *kpis = NULL, *until = json_pack("{s:O*}", "to", json_object_get(args, "to"));
        struct period period;
        int64_t moment = 0;
        int r = until ? 0 : fail_memory(err);

        (void) time_parse(json_text_or_empty(answer, "moment"), &moment);
        if (r == 0 && json_text(args, "out"))
                r = period_of(act, until, &year, &period, err);
        if (r == 0 && json_text(args, "out"))
                r = report_kpis(act, &period, NULL, &kpis, err);
        return r < 0 ? r : write_openmetrics(act, args, kpis, json_object_get(answer, "rows"), moment, err);
}
