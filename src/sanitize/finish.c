#include "sanitize/finish.h"

#include <string.h>

#include "base/str.h"
#include "device/gate.h"
#include "policy/rule.h"
#include "sanitize/forensic.h"

enum { AREAS_LISTED = 1000 };

struct verdict {
        bool keys_erased;  /* or none were to be */
        bool overwritten;  /* or nothing was to be */
        bool obeyed;       /* what the firmware did is what it should be, or it was not asked to */
        bool looked_clean; /* forensic check passed, or none was demanded */
        bool changed;      /* markers differ */
        enum sanitize_level reached;
        char markers[65];
        json_t *forensic;
};

static void verdict_done(struct verdict *verdict) {
        json_decref(verdict->forensic);
}

/* S4 after a crypto erase: nothing opens, nothing is left of the header, and it counts only under its conditions.
 */
static bool keys_are_gone(const json_t *evidence) {
        return json_flag(evidence, "area_verified") && !json_flag(evidence, "header_found_after");
}

static enum sanitize_level level_reached(const struct job *job, const struct verdict *verdict) {
        enum sanitize_level reached = LEVEL_NONE;

        for (size_t i = 0; i < job->plan.steps_n; i++) {
                bool keys = job->plan.steps[i] == TECHNIQUE_CRYPTO_ERASE;
                bool counts = keys ? verdict->keys_erased && json_flag(job->evidence, "counts")
                              : techniques[job->plan.steps[i]]->firmware ? verdict->obeyed
                                                                         : verdict->overwritten;
                enum sanitize_level level = techniques[job->plan.steps[i]]->reaches[job->medium.kind];

                if (counts && level > reached)
                        reached = level;
        }
        return reached;
}

static int judge(struct job *job, struct verdict *ret, struct error *err) {
        const struct overwrite *overwrite = &job->overwrite;
        const struct technique *technique = overwrite->technique;
        struct verdict verdict = { .looked_clean = true };
        int r = forensic_markers(job->fd, job->facts.size, verdict.markers, err);

        verdict.changed = strcmp(verdict.markers, job->markers) != 0;
        verdict.keys_erased = !plan_erases_keys(&job->plan) || keys_are_gone(job->evidence);
        verdict.overwritten = !technique || (overwrite->unwritten.n == 0 && overwrite->unverified.n == 0 &&
                                             overwrite->verified == job->facts.size);
        verdict.obeyed = !plan_uses_firmware(&job->plan) || !job->firmware.unclean;
        if (r == 0 && job->plan.demand->forensic) {
                bool random = technique ? technique->passes[technique->passes_n - 1].fill != FILL_BYTE
                                        : !plan_uses_firmware(&job->plan);

                r = forensic_check(job->fd, &job->facts, overwrite->seed, random, &verdict.forensic,
                                   &verdict.looked_clean, err);
        }
        if (r < 0)
                return r;
        verdict.reached = level_reached(job, &verdict);
        *ret = verdict;
        return 0;
}

static bool is_sanitized(const struct job *job, const struct verdict *verdict) {
        bool must_change = plan_erases_keys(&job->plan); /* a fixed pattern may have been there before */

        return verdict->keys_erased && verdict->overwritten && verdict->obeyed && verdict->looked_clean &&
               device_hidden_bytes(&job->facts.firmware) == 0 && (verdict->changed || !must_change) &&
               verdict->reached >= job->plan.demand->level;
}

static json_t *limits(const struct job *job) {
        json_t *list = json_array();

        for (size_t i = 0; list && i < job->plan.steps_n; i++) {
                const struct text text = techniques[job->plan.steps[i]]->does_not_reach;

                (void) json_array_append_new(list, json_pack("{s:s, s:s}", "es", text.es, "en", text.en));
        }
        if (list && device_hidden_unknown(&job->facts.firmware))
                (void) json_array_append_new(
                        list,
                        json_pack("{s:s, s:s}", "es", "zonas ocultas: el disco no contestó sobre HPA, AMA o DCO",
                                  "en", "hidden areas: the disk did not answer about HPA, AMA or DCO"));
        return list;
}

static json_t *technique_names(const struct job *job) {
        json_t *list = json_array();

        for (size_t i = 0; list && i < job->plan.steps_n; i++)
                (void) json_array_append_new(list, json_string(techniques[job->plan.steps[i]]->name));
        return list;
}

static json_t *verification(const struct job *job) {
        const struct overwrite *overwrite = &job->overwrite;

        if (!overwrite->technique && plan_uses_firmware(&job->plan))
                return job_firmware_verification(job);
        if (!overwrite->technique)
                return json_pack("{s:s, s:I, s:I}", "kind", "header", "bytes",
                                 (json_int_t) json_int(job->evidence, "area_bytes", 0), "differing_bytes",
                                 (json_int_t) 0);
        return json_pack("{s:s, s:I, s:I}", "kind", "full", "bytes", (json_int_t) overwrite->verified,
                         "differing_bytes", (json_int_t) overwrite->unverified.bytes);
}

static json_t *device(const struct device_facts *f) {
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "path", f->path, "vendor", f->vendor, "model",
                         f->model, "serial", f->serial, "wwn", f->wwn, "bus", f->bus, "size", (json_int_t) f->size,
                         "logical_block", (json_int_t) f->logical_block);
}

/* All that a certificate will say of the act. */
static int describe(struct job *job, const struct verdict *verdict, json_t **ret, struct error *err) {
        _cleanup_areas_ struct areas unreached = { 0 };
        _cleanup_json_ json_t *data = NULL, *more = NULL;
        int64_t hidden = device_hidden_bytes(&job->facts.firmware);
        char seed[2 * SEED_SIZE + 1];
        int r = areas_join(&unreached, &job->overwrite.unwritten, err);

        if (r == 0)
                r = areas_join(&unreached, &job->overwrite.unverified, err);
        if (r == 0)
                r = areas_join(&unreached, &job->firmware.unreached, err);
        /* What HPA or DCO hide lies behind the end that the device shows (S5). */
        if (r == 0 && hidden > 0)
                r = areas_add(&unreached, job->facts.size, hidden, err);
        if (r < 0)
                return r;
        hex_encode(job->overwrite.seed, SEED_SIZE, seed);
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o}", "job", job->id, "result",
                         is_sanitized(job, verdict) ? "sanitized" : "not-sanitized", "scheme",
                         scheme_terms[job->plan.scheme].code, "demanded_level",
                         sanitize_level_terms[job->plan.demand->level].code, "reached_level",
                         sanitize_level_terms[verdict->reached].code, "classification",
                         classification_terms[job->medium.classification].code, "techniques", technique_names(job),
                         "verification", verification(job), "areas_not_reached",
                         areas_to_json(&unreached, AREAS_LISTED), "areas_count", (json_int_t) unreached.n,
                         "bytes_not_reached", (json_int_t) unreached.bytes, "limits", limits(job));
        more = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:I, s:O*, s:O*}", "device",
                         device(&job->facts), "identity", identity_terms[job->identity].code, "device_status",
                         "no-firmware-command", "tool", "mpsi", "tool_version", MPSI_VERSION, "seed", seed,
                         "seed_commitment", job->commitment, "markers_before", job->markers, "markers_after",
                         verdict->markers, "markers_differ", verdict->changed, "finished_by", job->act->person,
                         "station", job->act->station, "rate_bytes_per_second", (json_int_t) job_rate(job),
                         "evidence", job->evidence, "forensic", verdict->forensic);
        if (!data || !more || json_object_update(data, more))
                return fail_memory(err);
        r = job_firmware_describe(job, data, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(data);
        return 0;
}

static int answer(struct job *job, const json_t *data, const struct verdict *verdict, json_t **ret,
                  struct error *err) {
        if (!is_sanitized(job, verdict))
                return refuse(err, ERR_VERIFY, "S5",
                              "%s NO queda saneado: %lld bytes sin alcanzar; nivel «%s», exigido «%s».",
                              "%s is NOT sanitized: %lld bytes not reached; level “%s”, demanded “%s”.",
                              job->medium.id, (long long) json_int(data, "bytes_not_reached", 0),
                              sanitize_level_terms[verdict->reached].code,
                              sanitize_level_terms[job->plan.demand->level].code);
        job->lifted = false; /* nothing is left to protect; the gate judges it anew when it sees it */
        act_say(job->act, "%s saneado (%s, nivel %s), verificado; falta su certificado: «mpsi certificate issue».",
                "%s sanitized (%s, level %s), verified; its certificate is next: “mpsi certificate issue”.",
                job->medium.id, scheme_terms[job->plan.scheme].code, sanitize_level_terms[verdict->reached].code);
        *ret = json_deep_copy(data);
        return 0;
}

int job_finish(struct job *job, json_t **ret, struct error *err) {
        _cleanup_(verdict_done) struct verdict verdict = { 0 };
        _cleanup_json_ json_t *data = NULL;
        int r = judge(job, &verdict, err);

        if (r == 0)
                r = describe(job, &verdict, &data, err);
        if (r == 0)
                r = act_record_one(job->act, "sanitization.finished", job->medium.id, data, err);
        if (r < 0)
                return r;
        checkpoint_remove(job);
        return answer(job, data, &verdict, ret, err);
}

int64_t job_rate(const struct job *job) {
        int64_t moved = job->overwrite.technique
                                ? overwrite_work(job->overwrite.technique, job->facts.size) - job->work_before
                                : 0;

        return job->passes_took > 0 ? (int64_t) ((double) moved * SECOND / (double) job->passes_took) : 0;
}
