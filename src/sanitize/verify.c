/* A second look at a sanitized medium, at any later time and best by another person: every byte against what the
 * job's last pass left, from the seed that its record keeps. */
#include <string.h>

#include "base/str.h"
#include "device/gate.h"
#include "policy/rule.h"
#include "sanitize/job.h"

static const struct technique *technique_of(const struct sanitization_record *record) {
        const json_t *name;
        size_t i;

        json_array_foreach(json_object_get(record->ended_data, "techniques"), i,
                           name) for (size_t t = 0; t < TECHNIQUES;
                                      t++) if (techniques[t]->passes_n > 0 &&
                                               strcmp(techniques[t]->name,
                                                      json_string_value(name) ? json_string_value(name) : "") ==
                                                       0) return techniques[t];
        return NULL;
}

static int show(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        struct job *job = context;
        struct progress progress = { .subject = job->medium.id,
                                     .step = SAYS_VERIFY,
                                     .done = (uint64_t) done,
                                     .total = (uint64_t) overwrite->size,
                                     .eta = -1 };

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
        job->overwrite.context = job;
        job->overwrite.progress = show;
        if (!job->overwrite.technique) /* keys or firmware: that no header is back is looked at by the caller */
                return job_firmware_verify(job, record->ended_data, err);
        if (hex_decode(json_text_or_empty(record->ended_data, "seed"), job->overwrite.seed, SEED_SIZE) < 0)
                return fail(err, ERR_FAILED, "El registro de %s no trae la semilla.",
                            "The record of %s has no seed.", record->job);
        r = device_open(&job->facts, DEVICE_OPEN_DIRECT, &job->fd, err);
        if (r == 0)
                r = act_pause(job->act, err);
        if (r < 0)
                return r;
        job->overwrite.fd = job->fd;
        r = overwrite_verify(&job->overwrite, err);
        if (act_resume(job->act, &trouble) < 0) {
                if (r == 0 && err)
                        *err = trouble;
                return trouble.code;
        }
        return r;
}

static int record_verified(struct job *job, const struct sanitization_record *record, bool holds, json_t **ret,
                           struct error *err) {
        json_t *data = json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:o, s:s}", "job", record->job, "holds", holds,
                                 "identity", identity_terms[job->identity].code, "luks_header",
                                 job->facts.luks_version ? "present" : "absent", "bytes",
                                 (json_int_t) job->overwrite.verified, "differing_bytes",
                                 (json_int_t) job->overwrite.unverified.bytes, "areas",
                                 areas_to_json(&job->overwrite.unverified, 1000), "same_person",
                                 strcmp(record->operator, job->act->person) == 0 ? "yes" : "no");
        int r = data ? act_record_one(job->act, "sanitization.verified", job->medium.id, data, err)
                     : fail_memory(err);

        if (r < 0)
                json_decref(data);
        else
                *ret = data;
        return r;
}

int job_verify(struct job *job, json_t **ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        bool holds;
        int r = job_lock(job, err);

        if (r == 0)
                r = sanitization_last(job->act->db, job->medium.id, &record, err);
        if (r < 0)
                return r;
        if (record.state != SANITIZATION_SANITIZED)
                return fail(err, ERR_CONFLICT, "El último borrado de %s está «%s»: no hay qué verificar.",
                            "The last wipe of %s is “%s”: there is nothing to verify.", job->medium.id,
                            sanitization_state_terms[record.state].code);
        r = read_back(job, &record, err);
        if (r < 0)
                return r;
        holds = job->overwrite.unverified.n == 0 && job->facts.luks_version == 0;
        r = record_verified(job, &record, holds, ret, err);
        if (r < 0 || holds)
                return r;
        json_decref(*ret);
        *ret = NULL;
        return refuse(err, ERR_VERIFY, "S4", "%s ya no contiene lo que dejó el borrado: %lld bytes distintos.",
                      "%s no longer holds what the wipe left: %lld bytes differ.", job->medium.id,
                      (long long) job->overwrite.unverified.bytes);
}
