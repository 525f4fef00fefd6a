#include "sanitize/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/str.h"
#include "device/gate.h"
#include "encrypt/encrypt.h"
#include "policy/rule.h"
#include "sanitize/finish.h"
#include "sanitize/forensic.h"

#define DURABLE_EVERY (3 * SECOND)

/* --- starting --------------------------------------------------------------------------------------------------
 */

static int new_seed(struct job *job, struct error *err) {
        if (getrandom(job->overwrite.seed, SEED_SIZE, 0) != SEED_SIZE)
                return fail_errno(err, errno, "El núcleo no da números aleatorios",
                                  "The kernel gives no random bytes");
        return 0;
}

static void prepare(struct job *job) {
        job->overwrite.technique = plan_overwrites(&job->plan);
        job->overwrite.size = job->facts.size;
        job->overwrite.block = (size_t) job->facts.logical_block;
        job->overwrite.durable_every = DURABLE_EVERY;
        job->overwrite.sampled = job->verify == VERIFY_SAMPLE;
}

/* What the typed ID is about to destroy. */
static int confirm(struct job *job, const char *typed, struct error *err) {
        const struct device_facts *f = &job->facts;
        const char *label = f->filesystem_label;
        _cleanup_free_ char *disk_es = device_facts_described(f, LANG_ES);
        _cleanup_free_ char *disk_en = device_facts_described(f, LANG_EN);
        _cleanup_free_ char *es = str_format(
                "Se va a BORRAR %s, en %s: %s, %s%s%s%s.\nTeclee el identificador: ", job->medium.id, f->path,
                medium_kind_terms[job->medium.kind].name.es, disk_es ? disk_es : "", *label ? ", etiqueta «" : "",
                label, *label ? "»" : "");
        _cleanup_free_ char *en = str_format(
                "About to WIPE %s, at %s: %s, %s%s%s%s.\nType its ID: ", job->medium.id, f->path,
                medium_kind_terms[job->medium.kind].name.en, disk_en ? disk_en : "", *label ? ", label “" : "",
                label, *label ? "”" : "");

        if (!disk_es || !disk_en || !es || !en)
                return fail_memory(err);
        if (device_hidden_bytes(&f->firmware) > 0 && sanitize_opens_hidden(job->medium.classification))
                act_say(job->act, "%s oculta %lld bytes (HPA, AMA o DCO): se abren y se borran también (S5).",
                        "%s hides %lld bytes (HPA, AMA or DCO): they are opened and wiped too (S5).", f->path,
                        (long long) device_hidden_bytes(&f->firmware));
        else if (device_hidden_bytes(&f->firmware) > 0)
                act_say(job->act, "%s oculta %lld bytes (HPA, AMA o DCO): no quedará saneado (S5).",
                        "%s hides %lld bytes (HPA, AMA or DCO): it will not end sanitized (S5).", f->path,
                        (long long) device_hidden_bytes(&f->firmware));
        return act_confirm(job->act, typed, job->medium.id, (struct text){ es, en }, err);
}

static int record_started(struct job *job, int64_t number, struct error *err) {
        _cleanup_json_ json_t *data = plan_to_json(&job->plan, job->facts.size);
        _cleanup_json_ json_t *more = NULL;

        more = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:b, s:s}", "job", job->id,
                         "number", (json_int_t) number, "classification",
                         classification_terms[job->medium.classification].code, "kind",
                         medium_kind_terms[job->medium.kind].code, "identity", identity_terms[job->identity].code,
                         "insertion", job->facts.insertion, "seed_commitment", job->commitment, "markers_before",
                         job->markers, "key_id", job->medium.key_id, "device", device_facts_to_json(&job->facts),
                         "tool", "mpsi", "tool_version", MPSI_VERSION, "gate_lifted", job->gated, "verify",
                         verify_kind_terms[job->verify].code);
        if (!data || !more || json_object_update(data, more) ||
            json_object_set_new(data, "capabilities", device_firmware_to_json(&job->facts)) < 0)
                return fail_memory(err);
        return act_record_one(job->act, "sanitization.started", job->medium.id, data, err);
}

/* --- steps -------------------------------------------------------------------------------------------------------
 */

/* Keys first: whatever happens to the passes afterwards, what is left is ciphertext that nobody can open. The
 * device stays claimed and locked by our descriptor meanwhile, so the path can't come to mean another one. */
static int erase_keys(struct job *job, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        int r = encrypt_crypto_erase(job->act, &job->medium, job->facts.path, job->id, &job->evidence, err);

        if (r == 0)
                r = device_check_fd(&job->facts, job->fd, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:O}", "job", job->id, "evidence", job->evidence);
        if (!data)
                return fail_memory(err);
        return act_record_one(job->act, "sanitization.keys-erased", job->medium.id, data, err);
}

/* Called at durable points, and at the start of the next pass when one has ended. */
static int save(void *context, const struct overwrite *overwrite, struct error *err) {
        struct job *job = context;

        if (overwrite->offset == 0 && overwrite->pass > 0 && overwrite->pass <= COUNT(job->passed))
                job->passed[overwrite->pass - 1] = act_now(job->act);
        return checkpoint_save(job, err);
}

/* The long part, with the store's lock given back so that the desk goes on working. */
static int run_passes(struct job *job, struct error *err) {
        struct error trouble = { 0 };
        int r;

        if (!job->overwrite.technique)
                return 0;
        watch_start(job);
        job->overwrite.fd = job->fd;
        job->overwrite.context = job;
        job->overwrite.save = save;
        job->overwrite.progress = watch_progress;
        r = checkpoint_save(job, err);
        if (r == 0)
                r = act_pause(job->act, err);
        if (r < 0)
                return r;
        r = overwrite_run(&job->overwrite, err);
        if (watch_lock(job, &trouble) < 0) {
                if (r == 0 && err)
                        *err = trouble;
                return trouble.code;
        }
        return r;
}

/* A job that stops before its end: what is recorded depends on who stopped it. The first error is the answer. */
static int record_stop(struct job *job, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        _cleanup_areas_ struct areas unreached = { 0 };
        struct error why = err ? *err : (struct error){ .code = ERR_FAILED }, trouble = { 0 };
        const char *type = why.code == ERR_VERIFY || why.code == ERR_REFUSED ? "sanitization.failed"
                           : job->cancel_asked                               ? "sanitization.cancelled"
                                                                             : "sanitization.interrupted";

        (void) areas_join(&unreached, &job->overwrite.unwritten, NULL);
        (void) areas_join(&unreached, &job->overwrite.unverified, NULL);
        (void) areas_join(&unreached, &job->overwrite.later, NULL);
        data = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:I, s:o}", "job", job->id, "reason_es",
                         why.what[LANG_ES], "reason_en", why.what[LANG_EN], "word", error_word(why.code), "pass",
                         (json_int_t) job->overwrite.pass, "offset", (json_int_t) job->overwrite.offset,
                         "reached_level", "none", "areas_count", (json_int_t) unreached.n, "bytes_not_reached",
                         (json_int_t) unreached.bytes, "areas_not_reached", areas_to_json(&unreached, 1000));
        if (data && plan_uses_firmware(&job->plan))
                (void) job_firmware_describe(job, data, NULL);
        if (!data || act_record_one(job->act, type, job->medium.id, data, &trouble) < 0)
                return why.code;
        if (strcmp(type, "sanitization.interrupted") == 0)
                (void) hint(err, "Siga con «mpsi wipe resume %s».", "Go on with “mpsi wipe resume %s”.",
                            job->medium.id);
        else
                checkpoint_remove(job);
        return why.code;
}

static int run_steps(struct job *job, json_t **ret, struct error *err) {
        int r = 0;

        if (plan_erases_keys(&job->plan) && !job->evidence)
                r = erase_keys(job, err);
        if (r == 0)
                r = job_hidden_open(job, err);
        if (r == 0)
                prepare(job); /* the whole size */
        if (r == 0 && job->overwrite.offset > job->overwrite.size)
                r = refuse(err, ERR_REFUSED, "S7", "«%s» no mide lo que medía en el último punto asegurado.",
                           "“%s” is not the size it was at the last durable point.", job->facts.path);
        if (r == 0)
                r = job_firmware(job, err);
        if (r == 0)
                r = job_calibrate(job, err);
        if (r == 0)
                r = job_sample_seed(job, err);
        if (r == 0)
                r = run_passes(job, err);
        if (r == 0)
                r = device_check_fd(&job->facts, job->fd, err);
        if (r < 0)
                return record_stop(job, err);
        return job_finish(job, ret, err);
}

/* --- run and resume --------------------------------------------------------------------------------------------
 */

static int refuse_second_job(struct job *job, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record last = { 0 };
        int r = sanitization_last(job->act->db, job->medium.id, &last, err);

        if (r == ERR_NOT_FOUND)
                return 0;
        if (r < 0 || (last.state != SANITIZATION_RUNNING && last.state != SANITIZATION_INTERRUPTED))
                return r;
        (void) fail(err, ERR_CONFLICT, "El soporte %s tiene un borrado a medias (%s).",
                    "Medium %s has an unfinished wipe (%s).", job->medium.id, last.job);
        return hint(err, "«mpsi wipe resume %s» sigue; «mpsi wipe cancel %s» lo abandona.",
                    "“mpsi wipe resume %s” goes on; “mpsi wipe cancel %s” gives it up.", job->medium.id,
                    job->medium.id);
}

/* The first reads of a disk that may be dying, or never answer: nobody else's writing waits for them. Whoever
 * changed the medium meanwhile was first. */
static int read_markers(struct job *job, struct error *err) {
        struct error trouble = { 0 };
        struct medium now;
        int r = act_pause(job->act, err);

        if (r < 0)
                return r;
        r = forensic_markers(job->fd, job->facts.size, job->markers, err);
        if (watch_lock(job, &trouble) < 0) {
                if (r == 0 && err)
                        *err = trouble;
                return trouble.code;
        }
        if (r == 0)
                r = medium_load(job->act->db, job->medium.id, &now, err);
        if (r == 0 && (now.state != job->medium.state || now.classification != job->medium.classification))
                r = fail(err, ERR_CONFLICT, "El soporte %s acaba de cambiar.", "Medium %s has just changed.",
                         job->medium.id);
        return r;
}

int job_run(struct job *job, const char *typed, json_t **ret, struct error *err) {
        int64_t count = 0;
        int r = job_lock(job, err);

        if (r == 0)
                r = refuse_second_job(job, err);
        if (r == 0)
                r = sanitization_count(job->act->db, job->medium.id, &count, err);
        if (r == 0)
                r = confirm(job, typed, err);
        if (r == 0)
                r = device_open_lifted(&job->facts, &job->lifted, &job->fd, err);
        if (r == 0)
                r = job_firmware_release(job, err);
        if (r == 0)
                r = new_seed(job, err);
        if (r == 0 && sha256_text(job->overwrite.seed, SEED_SIZE, job->commitment) < 0)
                r = fail(err, ERR_FAILED, "Falló SHA-256.", "SHA-256 failed.");
        if (r == 0)
                r = read_markers(job, err);
        if (r < 0)
                return r;
        (void) snprintf(job->id, sizeof job->id, "%s-W%lld", job->medium.id, (long long) count + 1);
        prepare(job);
        checkpoint_remove(job);
        timing_start(&job->timing, act_now(job->act), 0);
        r = record_started(job, count + 1, err);
        return r < 0 ? r : run_steps(job, ret, err);
}

/* The plan of a job under way is the one that was approved and recorded, not what policy would say now. */
static int load_plan(struct job *job, const struct sanitization_record *record, struct error *err) {
        const json_t *steps = json_object_get(record->started_data, "steps"), *step;
        size_t i;

        job->plan = (struct plan){ .demand = sanitize_demand(record->kind, record->classification),
                                   .scheme = record->scheme };
        job->plan.reaches = LEVEL_NONE;
        json_array_foreach(steps, i, step) {
                const struct technique *technique = technique_named(json_text_or_empty(step, "technique"));

                if (!technique || job->plan.steps_n == PLAN_STEPS)
                        return fail(err, ERR_FAILED,
                                    "El trabajo %s nombra una técnica que este programa no conoce.",
                                    "Job %s names a technique that this program does not know.", record->job);
                job->plan.steps[job->plan.steps_n++] = technique;
        }
        job->verify = strcmp(json_text_or_empty(record->started_data, "verify"), "sample") == 0 ? VERIFY_SAMPLE
                                                                                                : VERIFY_FULL;
        (void) snprintf(job->markers, sizeof job->markers, "%s",
                        json_text_or_empty(record->started_data, "markers_before"));
        (void) snprintf(job->commitment, sizeof job->commitment, "%s",
                        json_text_or_empty(record->started_data, "seed_commitment"));
        return 0;
}

static int unfinished(struct act *act, const char *medium, struct sanitization_record *ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record last = { 0 };
        int r = sanitization_last(act->db, medium, &last, err);

        if (r < 0)
                return r;
        if (last.state != SANITIZATION_RUNNING && last.state != SANITIZATION_INTERRUPTED)
                return refuse(err, ERR_CONFLICT, "S7", "El último borrado de %s está «%s%.0s».",
                              "The last wipe of %s is “%.0s%s”.", medium,
                              sanitization_state_terms[last.state].name.es,
                              sanitization_state_terms[last.state].name.en);
        *ret = last;
        last = (struct sanitization_record){ 0 };
        return 0;
}

static int same_size(struct job *job, const struct sanitization_record *record, struct error *err) {
        const json_t *device = json_object_get(record->started_data, "device");

        if (json_int(device, "size", -1) == job->facts.size ||
            (job->medium.whole_size > 0 && job->facts.size == job->medium.whole_size))
                return 0;
        return refuse(err, ERR_REFUSED, "S7", "«%s» no mide lo que medía al empezar el trabajo %s.",
                      "“%s” is not the size it was when job %s started.", job->facts.path, record->job);
}

/* Where to go on: the checkpoint, or the first pass with a new seed when it was lost. */
static int find_point(struct job *job, struct error *err) {
        bool firmware = plan_uses_firmware(&job->plan);
        struct error trouble = { .code = ERR_NOT_FOUND };

        if (firmware && job_firmware_load(job, &trouble) == 0 && !job->overwrite.technique)
                return 0;
        if (!firmware && (!job->overwrite.technique || checkpoint_load(job, &trouble) == 0))
                return 0;
        if (firmware && job->overwrite.technique && checkpoint_load(job, &trouble) == 0)
                return 0;
        if (trouble.code != ERR_NOT_FOUND) {
                if (err)
                        *err = trouble;
                return trouble.code;
        }
        if (new_seed(job, err) < 0 || sha256_text(job->overwrite.seed, SEED_SIZE, job->commitment) < 0)
                return ERR_FAILED;
        act_say(job->act, "No queda punto de control: se empieza por la primera pasada.",
                "No checkpoint is left: starting from the first pass.");
        return 0;
}

static int record_resumed(struct job *job, struct error *err) {
        _cleanup_json_ json_t *data = json_pack(
                "{s:s, s:I, s:I, s:s, s:s, s:s, s:s}", "job", job->id, "pass", (json_int_t) job->overwrite.pass,
                "offset", (json_int_t) job->overwrite.offset, "identity", identity_terms[job->identity].code,
                "insertion", job->facts.insertion, "path", job->facts.path, "seed_commitment", job->commitment);

        if (!data)
                return fail_memory(err);
        return act_record_one(job->act, "sanitization.resumed", job->medium.id, data, err);
}

int job_resume(struct job *job, const char *typed, json_t **ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        int r = job_lock(job, err);

        if (r == 0)
                r = unfinished(job->act, job->medium.id, &record, err);
        if (r == 0)
                r = same_size(job, &record, err);
        if (r == 0)
                r = load_plan(job, &record, err);
        if (r == 0)
                r = sanitization_evidence(job->act->db, record.job, &job->evidence, err);
        if (r == 0)
                r = confirm(job, typed, err);
        if (r < 0)
                return r;
        (void) snprintf(job->id, sizeof job->id, "%s", record.job);
        prepare(job);
        timing_start(&job->timing, act_now(job->act), record.started);
        r = find_point(job, err);
        if (r == 0)
                r = device_open_lifted(&job->facts, &job->lifted, &job->fd, err);
        if (r == 0)
                r = job_firmware_release(job, err);
        if (r == 0)
                r = record_resumed(job, err);
        return r < 0 ? r : run_steps(job, ret, err);
}

int job_cancel(struct act *act, const char *medium, const char *reason, bool *ret_asked, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        _cleanup_job_ struct job job = { .act = act, .fd = -1, .lock = -1 };
        _cleanup_free_ char *path = checkpoint_path(act, medium, "cancel");
        _cleanup_json_ json_t *data = NULL;
        int r = unfinished(act, medium, &record, err);

        if (r < 0)
                return r;
        (void) snprintf(job.medium.id, sizeof job.medium.id, "%s", medium);
        r = job_lock(&job, err);
        if (r == ERR_BUSY && path) {
                _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

                if (fd < 0)
                        return fail_errno(err, errno, "No se puede avisar al trabajo", "The job can't be told");
                *ret_asked = true;
                return 0;
        }
        data = json_pack("{s:s, s:s, s:s}", "job", record.job, "reason", reason ? reason : "", "reached_level",
                         "none");
        if (r == 0 && !data)
                r = fail_memory(err);
        if (r == 0)
                r = act_record_one(act, "sanitization.cancelled", medium, data, err);
        if (r == 0) {
                checkpoint_remove(&job);
                *ret_asked = false;
                if (job_firmware_keeps_password(&job))
                        act_say(act,
                                "El disco de %s puede tener aún la contraseña ATA de este borrado: el próximo "
                                "«mpsi "
                                "wipe run» se la quita.",
                                "The disk of %s may still have this wipe's ATA password: the next “mpsi wipe run” "
                                "takes "
                                "it away.",
                                medium);
        }
        return r;
}
