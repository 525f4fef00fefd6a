/* Many media at once. Each is wiped by a job and a process of its own, so that no trouble of one is another's: what
 * is here only finds them and looks whether every one of them may be wiped before the first is begun. */
#include "sanitize/batch.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "device/monitor.h"
#include "sanitize/house.h"
#include "sanitize/job.h"
#include "sanitize/rack.h"

enum { PATIENCE_MS = 5000 };

/* --- which device a medium is in -------------------------------------------------------------------------------
 */

struct search {
        struct act *act;
        const char *medium;
        char path[DEVICE_FIELD];
        int found;
};

static void look_at(void *context, const char *path) {
        struct search *search = context;
        struct device_facts facts;
        char id[MEDIUM_ID_TEXT];
        bool silent;

        if (device_facts_patient(path, search->act->folder, PATIENCE_MS, &facts, &silent, NULL) < 0 || silent ||
            facts.size <= 0 || facts.system || medium_of_device(search->act->db, &facts, id, NULL, NULL) < 0 ||
            strcmp(id, search->medium) != 0)
                return;
        search->found++;
        (void) snprintf(search->path, sizeof search->path, "%s", facts.path);
}

static int find_device(struct act *act, const char *medium, char ret[DEVICE_FIELD], struct error *err) {
        struct search search = { .act = act, .medium = medium };
        int r = monitor_enumerate(look_at, &search, err);

        if (r < 0)
                return r;
        if (search.found != 1) {
                (void) fail(err, ERR_NOT_FOUND, "%s: lo parecen %d dispositivos.", "%s: %d devices look like it.",
                            medium, search.found);
                return hint(err, "Diga cuál es: %s=/dev/…", "Say which one it is: %s=/dev/…", medium);
        }
        memcpy(ret, search.path, sizeof search.path);
        return 0;
}

/* "MEDIUM=DEVICE", a medium that is found among the devices, or a device whose medium is looked up. */
static int resolve(struct act *act, const char *item, char ret_id[MEDIUM_ID_TEXT], char ret_device[DEVICE_FIELD],
                   struct error *err) {
        const char *equals = strchr(item, '=');
        _cleanup_free_ char *name = equals ? strndup(item, (size_t) (equals - item)) : strdup(item);
        const char *device = equals ? equals + 1 : *item == '/' ? item : NULL;
        int r = name ? medium_resolve(act->db, name, ret_id, NULL, err) : fail_memory(err);

        if (r < 0)
                return r;
        if (!device)
                return find_device(act, ret_id, ret_device, err);
        if (*device != '/' || strlen(device) >= DEVICE_FIELD)
                return fail(err, ERR_USAGE, "«%.60s» no es SOPORTE=DISPOSITIVO.", "“%.60s” is not MEDIUM=DEVICE.",
                            item);
        (void) snprintf(ret_device, DEVICE_FIELD, "%s", device);
        return 0;
}

/* --- whether each may be wiped ---------------------------------------------------------------------------------
 */

static int check_state(struct job *job, bool resume, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record last = { 0 };
        int r = sanitization_last(job->act->db, job->medium.id, &last, err);
        bool open = r == 0 && (last.state == SANITIZATION_RUNNING || last.state == SANITIZATION_INTERRUPTED);

        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        if (open == resume)
                return 0;
        if (resume)
                return fail(err, ERR_CONFLICT, "El soporte %s no tiene ningún borrado a medias.",
                            "Medium %s has no unfinished wipe.", job->medium.id);
        (void) fail(err, ERR_CONFLICT, "El soporte %s tiene un borrado a medias (%s).",
                    "Medium %s has an unfinished wipe (%s).", job->medium.id, last.job);
        return hint(err, "Sígalo con --resume.", "Go on with it: --resume.");
}

static int check_one(struct act *act, const json_t *args, const char *item, json_t *row, struct error *err) {
        _cleanup_job_ struct job job = { .fd = -1, .lock = -1 };
        const struct device_facts *f = &job.facts;
        char id[MEDIUM_ID_TEXT], device[DEVICE_FIELD];
        bool resume = json_flag(args, "resume");
        _cleanup_json_ json_t *more = NULL;
        int r = resolve(act, item, id, device, err);

        if (r == 0)
                r = job_guard(act, id, device, &job, err);
        if (r == 0)
                r = check_state(&job, resume, err);
        if (r == 0)
                r = job_lock(&job, err);
        if (r == 0 && !resume)
                r = house_plan(act, &job.medium, f, args, &job.plan, err);
        if (r < 0)
                return r;
        more = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:I}", "medium", id, "device", f->path, "vendor",
                         f->vendor, "model", f->model, "serial", f->serial, "kind",
                         medium_kind_terms[job.medium.kind].code, "size", (json_int_t) f->size, "label",
                         f->filesystem_label, "bytes", (json_int_t) plan_work(&job.plan, f->size));
        if (!more || json_object_update(row, more) < 0 ||
            (!resume && json_object_set_new(row, "method", json_string(scheme_terms[job.plan.scheme].code)) < 0))
                return fail_memory(err);
        return 0;
}

static bool is_twice(const json_t *rows, size_t at) {
        const json_t *row = json_array_get(rows, at);

        for (size_t i = 0; i < at; i++) {
                const json_t *other = json_array_get(rows, i);

                if (*json_text_or_empty(row, "medium") &&
                    (strcmp(json_text_or_empty(row, "medium"), json_text_or_empty(other, "medium")) == 0 ||
                     strcmp(json_text_or_empty(row, "device"), json_text_or_empty(other, "device")) == 0))
                        return true;
        }
        return false;
}

/* Adds the row of one medium; why it may not be wiped stands in it. */
static int add_one(struct act *act, const json_t *args, const char *item, json_t *rows, struct error *ret_why,
                   struct error *err) {
        _cleanup_json_ json_t *row = json_pack("{s:s}", "item", item);
        struct error why = { 0 };
        int r = row ? check_one(act, args, item, row, &why) : ERR_FAILED;

        if (!row || json_array_append(rows, row) < 0)
                return fail_memory(err);
        if (r == 0 && is_twice(rows, json_array_size(rows) - 1))
                r = fail(&why, ERR_USAGE, "«%s» está dos veces.", "“%s” is there twice.", item);
        if (r == 0)
                return 0;
        (void) json_object_set_new(row, "barred", json_string(why.what[act->lang]));
        (void) json_object_set_new(row, "rule", json_string(why.rule));
        if (!ret_why->code)
                *ret_why = why;
        return 0;
}

int batch_check(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        struct error why = { 0 };
        const json_t *item;
        size_t i;
        int r = rows ? 0 : fail_memory(err);

        if (r == 0 && !act->dry_run) {
                (void) fail(err, ERR_USAGE, "Un lote lo lleva la orden mpsi, con un «wipe run» por soporte.",
                            "A batch is carried by the command mpsi, with a “wipe run” for each medium.");
                return hint(err, "Pida el ensayo: dice si todos pueden borrarse.",
                            "Ask for the dry run: it says whether all may be wiped.");
        }
        json_array_foreach(json_object_get(args, "media"), i, item) {
                if (r == 0)
                        r = add_one(act, args, json_string_value(item), rows, &why, err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", rows);
        if (!*ret)
                return fail_memory(err);
        if (why.code && err)
                *err = why;
        return why.code ? why.code : 0;
}

int rack_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int64_t since = act_now(act) - json_int(args, "hours", 12) * 3600 * SECOND;
        _cleanup_json_ json_t *live = NULL, *records = NULL, *rows = NULL;
        json_t *row;
        size_t i;
        int r = act_jobs(act, &live, err);

        if (r == 0)
                r = sanitization_recent(act->db, since, &records, err);
        if (r < 0)
                return r;
        rows = rack_rows(live, records, act_now(act));
        json_array_foreach(rows, i, row) {
                const json_t *step = json_object_get(row, "step");
                enum rack_state state = (enum rack_state) json_int(row, "rank", 0);

                (void) json_object_set_new(row, "state_text",
                                           json_string(text_in(rack_state_terms[state].name, act->lang)));
                if (step)
                        (void) json_object_set_new(
                                row, "doing",
                                json_string(json_text_or_empty(step, act->lang == LANG_EN ? "en" : "es")));
        }
        *ret = rows ? json_pack("{s:s, s:O}", "station", act->station ? act->station : "", "rows", rows) : NULL;
        return *ret ? 0 : fail_memory(err);
}
