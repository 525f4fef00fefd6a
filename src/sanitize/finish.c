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
        json_t *forensic, *attachments, *calibration;
};

static void verdict_done(struct verdict *verdict) {
        json_decref(verdict->forensic);
        json_decref(verdict->attachments);
        json_decref(verdict->calibration);
}

/* S4 after a crypto erase: nothing opens, nothing is left of the header, and it counts only under its conditions.
 */
static bool keys_are_gone(const json_t *evidence) {
        return json_flag(evidence, "area_verified") && !json_flag(evidence, "header_found_after");
}

static enum sanitize_level level_reached(const struct job *job, const struct verdict *verdict) {
        enum sanitize_level reached = LEVEL_NONE;

        for (size_t i = 0; i < job->plan.steps_n; i++) {
                bool keys = job->plan.steps[i] == &technique_crypto_erase;
                bool counts = keys ? verdict->keys_erased && json_flag(job->evidence, "counts")
                              : job->plan.steps[i]->firmware ? verdict->obeyed
                                                             : verdict->overwritten;
                enum sanitize_level level = job->plan.steps[i]->reaches[job->medium.kind];

                if (counts && level > reached)
                        reached = level;
        }
        return reached;
}

/* A file of the report, kept by its digest; certificates take it from there. */
static int attach(struct job *job, struct verdict *verdict, const char *extension, const char *media_type,
                  struct text says, const void *data, size_t n, struct error *err) {
        _cleanup_free_ char *name = str_format("%s-%s", job->id, extension);
        char digest[65];
        int r = name ? act_attach(job->act, data, n, digest, err) : fail_memory(err);

        if (r < 0)
                return r;
        return json_array_append_new(verdict->attachments,
                                     json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "sha256", digest,
                                               "media_type", media_type, "es", says.es, "en", says.en))
                       ? fail_memory(err)
                       : 0;
}

static int attach_report(struct job *job, const struct forensic *forensic, struct verdict *verdict,
                         struct error *err) {
        _cleanup_free_ uint8_t *picture = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        int r = json_canonical(verdict->forensic, &text, err);

        if (r == 0)
                r = attach(job, verdict, "forensic.json", "application/json",
                           (struct text){ "comprobación forense, con su mapa", "forensic check, with its map" },
                           text, strlen(text), err);
        if (r == 0)
                r = forensic_picture(forensic, job->id, &picture, &n, err);
        return r < 0 ? r
                     : attach(job, verdict, "entropy.png", "image/png",
                              (struct text){ "mapa de entropía del soporte", "entropy map of the medium" }, picture,
                              n, err);
}

/* By the last pass, or by the device's own erase, of which only a constant can be known. */
static enum forensic_left what_is_left(const struct job *job) {
        const struct technique *technique = job->overwrite.technique;

        if (technique)
                return technique->passes[technique->passes_n - 1].fill != FILL_BYTE ? LEFT_RANDOM : LEFT_CONSTANT;
        if (plan_uses_firmware(&job->plan))
                return job->firmware.whole ? LEFT_CONSTANT : LEFT_UNKNOWN;
        return LEFT_RANDOM; /* the ciphertext of keys that are gone */
}

/* S4, from CONFIDENCIAL on: the check and its technical report. */
static int look_for_remains(struct job *job, enum forensic_left left, struct verdict *verdict, struct error *err) {
        _cleanup_forensic_ struct forensic forensic = { 0 };
        int r = forensic_check(job->fd, &job->facts, job->overwrite.seed, left, &forensic, err);

        if (r < 0)
                return r;
        verdict->looked_clean = forensic.passed;
        verdict->forensic = forensic_to_json(&forensic);
        verdict->attachments = json_array();
        if (!verdict->forensic || !verdict->attachments)
                return fail_memory(err);
        return attach_report(job, &forensic, verdict, err);
}

/* Whether the last read-back saw all that it was to see. */
static bool verified_enough(const struct overwrite *overwrite) {
        int64_t wanted = overwrite->sampled ? overwrite->samples.bytes : overwrite->size;

        return wanted > 0 && overwrite->verified == wanted;
}

static int judge(struct job *job, struct verdict *ret, struct error *err) {
        const struct overwrite *overwrite = &job->overwrite;
        const struct technique *technique = overwrite->technique;
        _cleanup_(verdict_done) struct verdict verdict = { .looked_clean = true };
        int r = forensic_markers(job->fd, job->facts.size, verdict.markers, err);

        verdict.changed = strcmp(verdict.markers, job->markers) != 0;
        verdict.keys_erased = !plan_erases_keys(&job->plan) || keys_are_gone(job->evidence);
        verdict.overwritten = !technique || (overwrite->unwritten.n == 0 && overwrite->unverified.n == 0 &&
                                             verified_enough(overwrite));
        verdict.obeyed = !plan_uses_firmware(&job->plan) || !job->firmware.unclean;
        if (r == 0)
                r = sanitization_calibration(job->act->db, job->id, &verdict.calibration, err);
        if (r == 0 && job->plan.demand->forensic) {
                r = look_for_remains(job, what_is_left(job), &verdict, err);
        }
        if (r < 0)
                return r;
        verdict.reached = level_reached(job, &verdict);
        *ret = verdict;
        verdict = (struct verdict){ 0 };
        return 0;
}

static bool is_sanitized(const struct job *job, const struct verdict *verdict) {
        bool must_change = plan_erases_keys(&job->plan); /* a fixed pattern may have been there before */

        return verdict->keys_erased && verdict->overwritten && verdict->obeyed && verdict->looked_clean &&
               device_hidden_bytes(&job->facts.firmware) == 0 && (verdict->changed || !must_change) &&
               verdict->reached >= job->plan.demand->level;
}

/* What a sample did not read, and constants that the device seems not to write. */
static void add_limits(const struct job *job, const struct verdict *verdict, json_t *list) {
        static const struct text unread = {
                "lo que quedó fuera de la muestra: se leyó al menos el 10 %, no el soporte entero",
                "what lies outside of the sample: at least 10 % was read, not the whole medium"
        };
        static const struct text elided = { "las pasadas constantes: el dispositivo las acusa tan deprisa que "
                                            "quizá no las escribe; solo cuenta la "
                                            "aleatoria",
                                            "the constant passes: the device acknowledges them so fast that it may "
                                            "not write them; only the random "
                                            "one counts" };
        bool constants = json_flag(verdict->calibration, "zeros_elided") ||
                         json_flag(verdict->calibration, "constant_elided");

        if (job->overwrite.technique && job->overwrite.sampled)
                (void) json_array_append_new(list, json_pack("{s:s, s:s}", "es", unread.es, "en", unread.en));
        if (constants)
                (void) json_array_append_new(list, json_pack("{s:s, s:s}", "es", elided.es, "en", elided.en));
}

static json_t *limits(const struct job *job, const struct verdict *verdict) {
        json_t *list = json_array();

        for (size_t i = 0; list && i < job->plan.steps_n; i++) {
                const struct text text = job->plan.steps[i]->does_not_reach;

                (void) json_array_append_new(list, json_pack("{s:s, s:s}", "es", text.es, "en", text.en));
        }
        if (list)
                add_limits(job, verdict, list);
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
                (void) json_array_append_new(list, json_string(job->plan.steps[i]->name));
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
        return json_pack("{s:s, s:I, s:I, s:o*}", "kind", verify_kind_terms[job->verify].code, "bytes",
                         (json_int_t) overwrite->verified, "differing_bytes",
                         (json_int_t) overwrite->unverified.bytes, "sampling",
                         overwrite->sampled ? sampling_to_json(&overwrite->samples, overwrite->size,
                                                               overwrite->block, overwrite->sample_seed)
                                            : NULL);
}

static json_t *device(const struct device_facts *f) {
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "path", f->path, "vendor", f->vendor, "model",
                         f->model, "serial", f->serial, "wwn", f->wwn, "bus", f->bus, "size", (json_int_t) f->size,
                         "logical_block", (json_int_t) f->logical_block);
}

/* As text; null where it is not known, as after a checkpoint of an earlier version. */
static json_t *passes_ended(const struct job *job) {
        _cleanup_json_ json_t *moments = checkpoint_passed(job);
        json_t *list = json_array();

        for (size_t i = 0; list && i < json_array_size(moments); i++) {
                int64_t moment = json_integer_value(json_array_get(moments, i));
                char text[TIME_TEXT];

                time_format(moment, text);
                (void) json_array_append_new(list, moment ? json_string(text) : json_null());
        }
        return list;
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
        timing_look(&job->timing, act_now(job->act));
        hex_encode(job->overwrite.seed, SEED_SIZE, seed);
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o}", "job", job->id, "result",
                         is_sanitized(job, verdict) ? "sanitized" : "not-sanitized", "scheme",
                         scheme_terms[job->plan.scheme].code, "demanded_level",
                         sanitize_level_terms[job->plan.demand->level].code, "reached_level",
                         sanitize_level_terms[verdict->reached].code, "classification",
                         classification_terms[job->medium.classification].code, "techniques", technique_names(job),
                         "verification", verification(job), "areas_not_reached",
                         areas_to_json(&unreached, AREAS_LISTED), "areas_count", (json_int_t) unreached.n,
                         "bytes_not_reached", (json_int_t) unreached.bytes, "limits", limits(job, verdict));
        more = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:I, s:O*, s:O*, s:O*, "
                         "s:O*, s:o*, s:o}",
                         "device", device(&job->facts), "identity", identity_terms[job->identity].code,
                         "device_status", "no-firmware-command", "tool", "mpsi", "tool_version", MPSI_VERSION,
                         "seed", seed, "seed_commitment", job->commitment, "markers_before", job->markers,
                         "markers_after", verdict->markers, "markers_differ", verdict->changed, "finished_by",
                         job->act->person, "station", job->act->station, "rate_bytes_per_second",
                         (json_int_t) job_rate(job), "evidence", job->evidence, "forensic", verdict->forensic,
                         "attachments", verdict->attachments, "calibration", verdict->calibration, "clock",
                         timing_to_json(&job->timing), "passes_ended", passes_ended(job));
        if (!data || !more || json_object_update(data, more) ||
            json_object_set_new(data, "temperature", watch_temperature(job)) < 0)
                return fail_memory(err);
        r = job_firmware_describe(job, data, err);
        if (r == 0)
                r = job_hidden_describe(job, data, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(data);
        return 0;
}

static void say_clock(struct job *job, const json_t *data) {
        int64_t jump = json_int(json_object_get(data, "clock"), "jump_seconds", 0);
        char text[TIMING_TEXT];

        timing_text(jump, text);
        if (jump)
                act_say(job->act,
                        "El reloj del puesto cambió durante el borrado (%s): las horas del registro son las que "
                        "marcaba, y el "
                        "certificado lo dirá.",
                        "The station's clock was changed during the wipe (%s): the record's times are what it "
                        "said, and the "
                        "certificate will say so.",
                        text);
}

static int answer(struct job *job, const json_t *data, const struct verdict *verdict, json_t **ret,
                  struct error *err) {
        if (!is_sanitized(job, verdict))
                return refuse(err, ERR_VERIFY, "S5",
                              "%s NO queda saneado: %lld bytes sin alcanzar; nivel «%s%.0s», exigido «%s%.0s».",
                              "%s is NOT sanitized: %lld bytes not reached; level “%.0s%s”, demanded “%.0s%s”.",
                              job->medium.id, (long long) json_int(data, "bytes_not_reached", 0),
                              sanitize_level_terms[verdict->reached].name.es,
                              sanitize_level_terms[verdict->reached].name.en,
                              sanitize_level_terms[job->plan.demand->level].name.es,
                              sanitize_level_terms[job->plan.demand->level].name.en);
        if (json_flag(json_object_get(data, "calibration"), "constant_elided") &&
            job->overwrite.technique->passes[job->overwrite.technique->passes_n - 1].fill == FILL_BYTE)
                act_say(job->act,
                        "El dispositivo parece no escribir bytes constantes: repita con un método que acabe en un "
                        "patrón "
                        "aleatorio, como «--method dod».",
                        "The device seems not to write constant bytes: repeat with a method that ends with a "
                        "random "
                        "pattern, such as “--method dod”.");
        say_clock(job, data);
        job->lifted = false; /* nothing is left to protect; the gate judges it anew when it sees it */
        act_say(job->act,
                "%s saneado y verificado: %s%.0s, nivel %s%.0s. Falta su certificado: «mpsi certificate issue».",
                "%s sanitized and verified: %.0s%s, level %.0s%s. Its certificate is next: “mpsi certificate "
                "issue”.",
                job->medium.id, scheme_terms[job->plan.scheme].name.es, scheme_terms[job->plan.scheme].name.en,
                sanitize_level_terms[verdict->reached].name.es, sanitize_level_terms[verdict->reached].name.en);
        *ret = json_deep_copy(data);
        return 0;
}

/* It reads the medium for seconds: others write to the store meanwhile. */
static int judge_unlocked(struct job *job, struct verdict *verdict, struct error *err) {
        struct error trouble = { 0 };
        int r = act_pause(job->act, err);

        if (r < 0)
                return r;
        r = judge(job, verdict, err);
        if (watch_lock(job, &trouble) == 0)
                return r;
        if (err)
                *err = trouble;
        return trouble.code;
}

int job_finish(struct job *job, json_t **ret, struct error *err) {
        _cleanup_(verdict_done) struct verdict verdict = { 0 };
        _cleanup_json_ json_t *data = NULL;
        int r = judge_unlocked(job, &verdict, err);

        if (r == 0 && is_sanitized(job, &verdict))
                job_hidden_keep(job);
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
        return pace_mean(&job->watch.pace);
}
