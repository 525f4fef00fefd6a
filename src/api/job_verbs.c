#include "api/job_verbs.h"

#include <stdio.h>

static const struct column columns[] = {
        { "subject", HELP("Soporte", "Medium") },
        { "verb", HELP("Trabajo", "Job") },
        { "person", HELP("De quién", "Whose") },
        { "doing", HELP("Paso", "Step") },
        { "percent", HELP("%", "%") },
        { "rate", HELP("Bytes/s", "Bytes/s") },
        { "left", HELP("Falta", "Left") },
};

/* What a person reads, beside the numbers. */
static void add_words(const struct act *act, json_t *row) {
        int64_t done = json_int(row, "done", 0), total = json_int(row, "total", 0), eta = json_int(row, "eta", -1);
        const char *step = json_text_or_empty(json_object_get(row, "step"), act->lang == LANG_EN ? "en" : "es");
        char left[32] = "";

        if (eta >= 0)
                (void) snprintf(left, sizeof left, "%lld:%02lld:%02lld", (long long) eta / 3600,
                                (long long) eta / 60 % 60, (long long) eta % 60);
        (void) json_object_set_new(row, "percent", json_integer(total > 0 ? done * 100 / total : 0));
        (void) json_object_set_new(row, "doing", json_string(step));
        (void) json_object_set_new(row, "left", json_string(left));
}

static int list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = NULL;
        json_t *row;
        size_t i;
        int r = act_jobs(act, &rows, err);

        (void) args;
        if (r < 0)
                return r;
        json_array_foreach(rows, i, row) add_words(act, row);
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb verbs[] = {
        { "job", "list", ROLE_ANY, VERB_READS,
          HELP("trabajos en marcha: cuánto llevan y cuánto les falta",
               "jobs under way: how far they are and how long they still take"),
          COLUMNS(columns), .run = list },
};

const struct room job_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
