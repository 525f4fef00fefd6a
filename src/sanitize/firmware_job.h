/* The steps of a job that the device carries out itself. Private to the room. */
#pragma once

#include "base/json.h"
#include "sanitize/areas.h"
#include "sanitize/firmware.h"

struct job;

struct firmware_job {
        size_t done;   /* of the plan's firmware steps */
        bool ordered;  /* the next one was ordered of the device, maybe by an earlier process */
        bool unclean;  /* what one of them left is not what it should be */
        bool whole;    /* every byte was read back */
        int64_t read;  /* bytes compared by the last one */
        json_t *steps; /* what is recorded of each */
        char status[FIRMWARE_STATUS];
        struct areas unreached;
};

/* What an earlier process of this job left in work/wipe-MEDIUM.firmware, its seed too. ERR_NOT_FOUND: nothing. */
int job_firmware_load(struct job *job, struct error *err);
/* Takes away a password that an interrupted erase, of this job or an earlier one, left on the device. */
int job_firmware_release(struct job *job, struct error *err);
/* Carries out what is left of the firmware steps, and looks at what they left. */
int job_firmware(struct job *job, struct error *err);
/* Adds `firmware` and `device_status` to what is recorded at the end. */
int job_firmware_describe(const struct job *job, json_t *data, struct error *err);
/* The record's `verification` when the device did it. New reference. */
json_t *job_firmware_verification(const struct job *job);
/* Whether a password that a wipe of this medium set may still be on the device: the file holds it. */
bool job_firmware_keeps_password(const struct job *job);
/* Removes the file, unless a password is still in it. */
void job_firmware_forget(const struct job *job);
void firmware_job_done(struct firmware_job *firmware);

/* `wipe verify` of a job whose last step was the firmware's: every byte again, where it is known what it must be.
 */
int job_firmware_verify(struct job *job, const json_t *ended, struct error *err);
