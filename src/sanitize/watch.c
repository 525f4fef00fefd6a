#include "sanitize/watch.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "sanitize/job.h"

#define SHOW_EVERY (SECOND / 4)
#define LOOK_EVERY (10 * SECOND) /* drivetemp asks the disk itself, between its writes */
#define WAIT_STEP (SECOND / 2)
enum { LOCK_TRIES = 360 }; /* of ten seconds: an hour */

int watch_lock(struct job *job, struct error *err) {
        struct error trouble = { 0 };
        int r = ERR_BUSY;

        for (int i = 0; r == ERR_BUSY && i < LOCK_TRIES; i++)
                r = act_resume(job->act, &trouble);
        if (r < 0 && err)
                *err = trouble;
        return r;
}

void watch_start(struct job *job) {
        _cleanup_config_ struct config *config = NULL;
        struct watch *watch = &job->watch;
        int configured;

        if (!temperature_find("", job->facts.name, &watch->sensor)) {
                act_say(job->act, "«%s» no dice su temperatura: no se vigila.",
                        "“%s” does not tell its temperature: it is not watched.", job->facts.path);
                return;
        }
        (void) config_load(STATION_CONFIG, &config, NULL);
        configured = heat_configured(config_text(config, "wipe", "pause-at", NULL));
        if (configured < 0)
                act_say(job->act, "[wipe] pause-at no se entiende: vale el límite del dispositivo.",
                        "[wipe] pause-at is not understood: the device's own limit holds.");
        watch->limit = heat_limit(job->medium.kind, watch->sensor.most, watch->sensor.critical,
                                  configured < 0 ? 0 : configured);
}

/* --- telling -----------------------------------------------------------------------------------------------------
 */

static void show(struct job *job, const struct overwrite *overwrite, int64_t done) {
        const struct watch *watch = &job->watch;
        const struct technique *technique = overwrite->technique;
        struct progress progress = {
                .subject = job->medium.id,
                .step = technique->passes[overwrite->pass].says,
                .part = (unsigned) overwrite->pass + 1,
                .parts = (unsigned) technique->passes_n,
                .done = (uint64_t) ((int64_t) overwrite->pass * overwrite->size + done),
                .total = (uint64_t) overwrite_work(technique, overwrite->size),
                .rate = watch->waiting ? 0 : (uint64_t) pace_rate(&watch->pace, technique),
                .eta = pace_eta(&watch->pace, technique, overwrite->size),
                .temperature = watch->known ? watch->celsius : 0,
                .errors = (uint64_t) (overwrite->unwritten.bytes + overwrite->unverified.bytes +
                                      overwrite->later.bytes),
                .waiting = watch->waiting,
        };

        if (overwrite->sampled && overwrite->pass + 1 == technique->passes_n)
                progress.step = (struct text) SAYS_SAMPLE;
        if (watch->waiting)
                progress.step = (struct text){ "en pausa hasta que se enfríe", "paused until it has cooled" };
        act_progress(job->act, &progress);
}

static int asked_to_stop(struct job *job, struct error *err) {
        _cleanup_free_ char *cancel = checkpoint_path(job->act, job->medium.id, "cancel");

        job->cancel_asked = cancel && access(cancel, F_OK) == 0;
        if (job->cancel_asked)
                return fail(err, ERR_CONFLICT, "El borrado de %s fue cancelado por otra persona.",
                            "The wipe of %s was cancelled by somebody.", job->medium.id);
        if (act_cancelled(job->act))
                return fail(err, ERR_BUSY, "Borrado de %s interrumpido.", "Wipe of %s interrupted.",
                            job->medium.id);
        return 0;
}

/* --- temperature -------------------------------------------------------------------------------------------------
 */

static void look(struct watch *watch) {
        int celsius;

        watch->known = temperature_read(&watch->sensor, &celsius);
        if (!watch->known) {
                watch->waiting = false; /* a sensor that says nothing more keeps nobody waiting */
                return;
        }
        watch->celsius = celsius;
        if (celsius > watch->warmest)
                watch->warmest = celsius;
        watch->waiting = heat_waits(watch->waiting, celsius, watch->limit);
}

/* That it waits and goes on is a fact for the record; if the store is not to be had the job's end tells it as well.
 */
static void record_heat(struct job *job) {
        const struct watch *watch = &job->watch;
        _cleanup_json_ json_t *data = json_pack(
                "{s:s, s:b, s:i, s:i, s:s}", "job", job->id, "waiting", watch->waiting, "celsius", watch->celsius,
                "limit", watch->limit.celsius, "limit_from", heat_source_terms[watch->limit.source].code);

        if (!data || act_resume(job->act, NULL) < 0)
                return;
        (void) act_record_one(job->act, "sanitization.temperature", job->medium.id, data, NULL);
        (void) act_pause(job->act, NULL);
}

static int cool_down(struct job *job, const struct overwrite *overwrite, int64_t done, struct error *err) {
        const struct timespec step = { WAIT_STEP / SECOND, WAIT_STEP % SECOND * 1000 };
        struct watch *watch = &job->watch;
        int64_t began = engine_clock();
        int r = 0;

        watch->pauses++;
        record_heat(job);
        while (r == 0 && watch->waiting) {
                show(job, overwrite, done);
                (void) nanosleep(&step, NULL);
                look(watch);
                r = asked_to_stop(job, err);
        }
        watch->paused += engine_clock() - began;
        pace_rest(&watch->pace);
        if (r == 0)
                record_heat(job);
        return r;
}

int watch_progress(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        struct job *job = context;
        struct watch *watch = &job->watch;
        int64_t now = engine_clock();
        int r;

        if (now - watch->shown < SHOW_EVERY && done < overwrite->size)
                return 0;
        watch->shown = now;
        timing_look(&job->timing, act_now(job->act));
        pace_note(&watch->pace, overwrite->technique, overwrite->pass, done, now);
        if (*watch->sensor.folder && (!watch->looked || now - watch->looked >= LOOK_EVERY)) {
                watch->looked = now;
                look(watch);
        }
        show(job, overwrite, done);
        r = asked_to_stop(job, err);
        return r == 0 && watch->waiting ? cool_down(job, overwrite, done, err) : r;
}

/* --- what is kept ------------------------------------------------------------------------------------------------
 */

json_t *watch_temperature(const struct job *job) {
        const struct watch *watch = &job->watch;

        if (!watch->warmest)
                return json_null();
        return json_pack("{s:s, s:i, s:i, s:s, s:I, s:I}", "sensor", watch->sensor.name, "warmest", watch->warmest,
                         "limit", watch->limit.celsius, "limit_from", heat_source_terms[watch->limit.source].code,
                         "pauses", (json_int_t) watch->pauses, "paused_seconds",
                         (json_int_t) (watch->paused / SECOND));
}

json_t *watch_to_json(const struct watch *watch) {
        const struct pace *pace = &watch->pace;

        return json_pack("{s:[I, I], s:[I, I], s:i, s:I, s:I}", "wrote", (json_int_t) pace->done[PASS_WRITE].bytes,
                         (json_int_t) pace->done[PASS_WRITE].took, "read",
                         (json_int_t) pace->done[PASS_VERIFY].bytes, (json_int_t) pace->done[PASS_VERIFY].took,
                         "warmest", watch->warmest, "pauses", (json_int_t) watch->pauses, "paused",
                         (json_int_t) watch->paused);
}

static void read_pair(const json_t *pair, int64_t *ret_bytes, int64_t *ret_took) {
        json_int_t bytes = json_integer_value(json_array_get(pair, 0));
        json_int_t took = json_integer_value(json_array_get(pair, 1));

        if (bytes > 0 && took > 0) {
                *ret_bytes = bytes;
                *ret_took = took;
        }
}

void watch_from_json(const json_t *kept, struct watch *ret) {
        int64_t warmest = json_int(kept, "warmest", 0), pauses = json_int(kept, "pauses", 0);
        int64_t paused = json_int(kept, "paused", 0);

        read_pair(json_object_get(kept, "wrote"), &ret->pace.done[PASS_WRITE].bytes,
                  &ret->pace.done[PASS_WRITE].took);
        read_pair(json_object_get(kept, "read"), &ret->pace.done[PASS_VERIFY].bytes,
                  &ret->pace.done[PASS_VERIFY].took);
        ret->warmest = warmest > 0 && warmest < 1000 ? (int) warmest : 0;
        ret->pauses = pauses > 0 ? pauses : 0;
        ret->paused = paused > 0 ? paused : 0;
}
