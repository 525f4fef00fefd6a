/* A second look at a sanitized medium, at any later time and best by another person: its bytes against what the
 * job's last pass left, from the seed that its record keeps. */
#include <string.h>

#include "base/str.h"
#include "device/gate.h"
#include "policy/rule.h"
#include "sanitize/job.h"
#include "sanitize/look.h"

static const struct technique *technique_of(const struct sanitization_record *record) {
        const json_t *name;
        size_t i;

        json_array_foreach(json_object_get(record->ended_data, "techniques"), i, name) {
                const struct technique *technique = json_string_value(name)
                                                            ? technique_named(json_string_value(name))
                                                            : NULL;

                if (technique && technique->passes_n > 0)
                        return technique;
        }
        return NULL;
}

static int show(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        struct job *job = context;
        struct progress progress = { .subject = job->medium.id,
                                     .step = SAYS_VERIFY,
                                     .done = (uint64_t) done,
                                     .total = (uint64_t) overwrite->size,
                                     .eta = -1 };

        if (overwrite->sampled)
                progress.step = (struct text) SAYS_SAMPLE;
        act_progress(job->act, &progress);
        return act_cancelled(job->act)
                       ? fail(err, ERR_BUSY, "Verificación interrumpida.", "Verification interrupted.")
                       : 0;
}

static int read_back(struct job *job, const struct sanitization_record *record, struct error *err) {
        struct error trouble = { 0 };
        int r;

        job->overwrite.technique = technique_of(record);
        job->overwrite.size = job->facts.size;
        job->overwrite.block = (size_t) job->facts.logical_block;
        job->overwrite.sampled = job->verify == VERIFY_SAMPLE;
        job->overwrite.context = job;
        job->overwrite.progress = show;
        if (!job->overwrite.technique) /* keys or firmware: that no header is back is looked at by the caller */
                return job_firmware_verify(job, record->ended_data, err);
        if (hex_decode(json_text_or_empty(record->ended_data, "seed"), job->overwrite.seed, SEED_SIZE) < 0)
                return fail(err, ERR_FAILED, "El registro de %s no trae la semilla.",
                            "The record of %s has no seed.", record->job);
        r = job_sample_seed(job, err);
        if (r == 0)
                r = device_open(&job->facts, DEVICE_OPEN_DIRECT, &job->fd, err);
        if (r == 0)
                r = act_pause(job->act, err);
        if (r < 0)
                return r;
        job->overwrite.fd = job->fd;
        r = overwrite_verify(&job->overwrite, err);
        if (watch_lock(job, &trouble) < 0) {
                if (r == 0 && err)
                        *err = trouble;
                return trouble.code;
        }
        return r;
}

static json_t *describe(const struct job *job, const struct sanitization_record *record, bool holds) {
        const struct overwrite *overwrite = &job->overwrite;
        bool same = look_same_person(record, job->act->person);

        return json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:o, s:s, s:s, s:s, s:s, s:b, s:o*}", "job", record->job,
                         "holds", holds, "identity", identity_terms[job->identity].code, "luks_header",
                         job->facts.luks_version ? "present" : "absent", "bytes", (json_int_t) overwrite->verified,
                         "differing_bytes", (json_int_t) overwrite->unverified.bytes, "areas",
                         areas_to_json(&overwrite->unverified, 1000), "same_person", same ? "yes" : "no", "kind",
                         overwrite->technique                     ? verify_kind_terms[job->verify].code
                         : overwrite->verified == job->facts.size ? "full"
                                                                  : "header",
                         "tool", "mpsi", "tool_version", MPSI_VERSION, "other", !same, "sampling",
                         overwrite->technique && overwrite->sampled
                                 ? sampling_to_json(&overwrite->samples, overwrite->size, overwrite->block,
                                                    overwrite->sample_seed)
                                 : NULL);
}

int job_verify(struct job *job, json_t **ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        _cleanup_json_ json_t *data = NULL;
        bool holds;
        int r = job_lock(job, err);

        if (r == 0)
                r = sanitization_last(job->act->db, job->medium.id, &record, err);
        if (r == 0)
                r = look_demand_sanitized(&record, err);
        if (r == 0)
                r = verification_judge(record.classification, job->verify, err);
        if (r == 0)
                r = read_back(job, &record, err);
        if (r < 0)
                return r;
        holds = job->overwrite.unverified.n == 0 && job->facts.luks_version == 0;
        data = describe(job, &record, holds);
        r = data ? act_record_one(job->act, "sanitization.verified", job->medium.id, data, err) : fail_memory(err);
        if (r < 0)
                return r;
        if (!holds)
                return look_refuse(job->medium.id, job->overwrite.unverified.bytes, err);
        *ret = TAKE_PTR(data);
        return 0;
}
