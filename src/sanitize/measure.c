/* The measurement before the passes, as a step of a job. */
#include <errno.h>
#include <sys/random.h>

#include "sanitize/calibrate.h"
#include "sanitize/job.h"

int job_sample_seed(struct job *job, struct error *err) {
        if (getrandom(job->overwrite.sample_seed, SAMPLING_SEED, 0) != SAMPLING_SEED)
                return fail_errno(err, errno, "El núcleo no da números aleatorios",
                                  "The kernel gives no random bytes");
        return 0;
}

/* The constant that the technique writes, other than zero; -1 when it writes no constant at all. */
static int constant_of(const struct technique *technique) {
        int constant = -1;

        for (size_t i = 0; technique && i < technique->passes_n; i++)
                if (technique->passes[i].act == PASS_WRITE && technique->passes[i].fill == FILL_BYTE)
                        constant = technique->passes[i].byte ? technique->passes[i].byte
                                   : constant < 0            ? 0xff
                                                             : constant;
        return constant;
}

/* With the store's lock given back: a slow stick takes some seconds. What can't be measured is no failure of the
 * job: the passes meet the same device. */
static int measure(struct job *job, uint8_t constant, struct calibration *ret, bool *ret_done, struct error *err) {
        int r = act_pause(job->act, err);

        if (r < 0)
                return r;
        *ret_done = calibrate(job->fd, job->facts.size, constant, ret, NULL) == 0;
        return act_resume(job->act, err);
}

int job_calibrate(struct job *job, struct error *err) {
        int constant = constant_of(job->overwrite.technique);
        _cleanup_json_ json_t *before = NULL, *data = NULL;
        struct calibration calibration;
        bool done = false;
        int r;

        /* Later on it would spoil what a pass has written already. */
        if (constant < 0 || job->overwrite.pass > 0 || job->overwrite.offset > 0)
                return 0;
        r = sanitization_calibration(job->act->db, job->id, &before, err);
        if (r == 0 && !before)
                r = measure(job, (uint8_t) constant, &calibration, &done, err);
        if (r < 0 || before || !done)
                return r;
        data = calibration_to_json(&calibration);
        if (!data || json_object_set_new(data, "job", json_string(job->id)))
                return fail_memory(err);
        return act_record_one(job->act, "sanitization.calibrated", job->medium.id, data, err);
}
