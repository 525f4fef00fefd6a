#include "sanitize/firmware_job.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "device/gate.h"
#include "sanitize/firmware_wait.h"
#include "sanitize/job.h"

enum { POINT_MAX = 1 << 18 };

void firmware_job_done(struct firmware_job *firmware) {
        json_decref(firmware->steps);
        areas_done(&firmware->unreached);
}

/* --- the file
 * ----------------------------------------------------------------------------------------------------- */

static char *point_path(const struct job *job) {
        return checkpoint_path(job->act, job->medium.id, "firmware");
}

/* With the password (NULL: none is set), which must be on disk before the device gets it. */
static int save(struct job *job, const uint8_t *password, struct error *err) {
        _cleanup_free_ char *path = point_path(job), *text = NULL;
        const struct firmware_job *f = &job->firmware;
        char seed[2 * SEED_SIZE + 1], kept[ATA_PASSWORD + 1] = "";
        _cleanup_json_ json_t *point = NULL;
        int r;

        if (password)
                memcpy(kept, password, ATA_PASSWORD);
        hex_encode(job->overwrite.seed, SEED_SIZE, seed);
        point = json_pack("{s:s, s:s, s:I, s:b, s:b, s:O?, s:s, s:s}", "job", job->id, "seed", seed, "done",
                          (json_int_t) f->done, "ordered", f->ordered, "unclean", f->unclean, "steps", f->steps,
                          "serial", job->facts.firmware.ata.serial, "password", kept);
        explicit_bzero(kept, sizeof kept);
        if (!path || !point)
                return fail_memory(err);
        r = json_canonical(point, &text, err);
        if (r == 0)
                r = file_write(path, text, strlen(text), 0600, err);
        if (text)
                explicit_bzero(text, strlen(text));
        return r;
}

static int load(const struct job *job, json_t **ret, struct error *err) {
        _cleanup_free_ char *path = point_path(job), *text = NULL;
        size_t n;
        int r;

        if (!path)
                return fail_memory(err);
        if (access(path, F_OK) < 0 && errno == ENOENT)
                return ERR_NOT_FOUND;
        r = file_read(path, POINT_MAX, &text, &n, err);
        if (r == 0)
                r = json_parse(text, n, ret, err);
        if (text)
                explicit_bzero(text, n);
        return r;
}

/* What was read back after the last step that an earlier process came to the end of. */
static void take_last(struct job *job, const json_t *steps) {
        const json_t *last = json_array_size(steps) > 0 ? json_array_get(steps, json_array_size(steps) - 1) : NULL;
        const char *status = json_text_or_empty(last, "status");

        if (!last)
                return;
        job->firmware.read = json_int(last, "read_bytes", 0);
        job->firmware.whole = json_int(last, "byte", -1) >= 0;
        (void) snprintf(job->firmware.status, sizeof job->firmware.status, "%s", status);
}

int job_firmware_load(struct job *job, struct error *err) {
        _cleanup_json_ json_t *point = NULL;
        const json_t *steps;
        int r = load(job, &point, err);

        if (r < 0)
                return r;
        if (strcmp(json_text_or_empty(point, "job"), job->id) != 0)
                return ERR_NOT_FOUND;
        steps = json_object_get(point, "steps");
        if (hex_decode(json_text_or_empty(point, "seed"), job->overwrite.seed, SEED_SIZE) < 0 ||
            json_int(point, "done", -1) < 0)
                return fail(err, ERR_FAILED, "El punto de control del firmware de %s está dañado.",
                            "The firmware's checkpoint of %s is damaged.", job->medium.id);
        job->firmware.done = (size_t) json_int(point, "done", 0);
        job->firmware.ordered = json_flag(point, "ordered");
        job->firmware.unclean = json_flag(point, "unclean");
        json_decref(job->firmware.steps);
        job->firmware.steps = json_is_array(steps) ? json_deep_copy(steps) : NULL;
        take_last(job, steps);
        return 0;
}

bool job_firmware_keeps_password(const struct job *job) {
        _cleanup_json_ json_t *point = NULL;

        return load(job, &point, NULL) == 0 && *json_text_or_empty(point, "password");
}

void job_firmware_forget(const struct job *job) {
        _cleanup_free_ char *path = point_path(job);
        _cleanup_json_ json_t *point = NULL;

        if (!path || load(job, &point, NULL) < 0 || *json_text_or_empty(point, "password"))
                return;
        (void) unlink(path);
}

/* --- the password
 * -------------------------------------------------------------------------------------------------- */

static int keep_password(void *context, const uint8_t password[ATA_PASSWORD], struct error *err) {
        return save(context, password, err);
}

static void forget_password(void *context) {
        (void) save(context, NULL, NULL);
}

static struct firmware_run run_of(struct job *job) {
        return (struct firmware_run){ .fd = job->fd,
                                      .facts = &job->facts,
                                      .progress = -1,
                                      .context = job,
                                      .keep_password = keep_password,
                                      .forget_password = forget_password };
}

/* The file of an earlier job of this medium is no point to go on from: only its password counts. */
int job_firmware_release(struct job *job, struct error *err) {
        struct firmware_run run = run_of(job);
        _cleanup_json_ json_t *point = NULL;
        const char *password;
        bool was = false;
        int r = load(job, &point, err);

        if (r < 0)
                return r == ERR_NOT_FOUND ? 0 : r;
        password = json_text_or_empty(point, "password");
        if (strlen(password) != ATA_PASSWORD)
                return 0;
        if (!job->facts.firmware.ata_answers ||
            strcmp(json_text_or_empty(point, "serial"), job->facts.firmware.ata.serial) != 0)
                return fail(err, ERR_CONFLICT,
                            "Un borrado anterior de %s dejó puesta una contraseña ATA, y «%s» no contesta como "
                            "aquel disco.",
                            "An earlier wipe of %s left an ATA password set, and “%s” does not answer as that disk "
                            "did.",
                            job->medium.id, job->facts.path);
        r = firmware_release(&run, (const uint8_t *) password, &was, err);
        if (r < 0)
                return r;
        if (was)
                act_say(job->act, "Se ha quitado la contraseña ATA que dejó puesta un borrado interrumpido de %s.",
                        "The ATA password that an interrupted wipe of %s had left set was taken away.",
                        job->medium.id);
        return 0;
}

/* --- one step
 * ------------------------------------------------------------------------------------------------------ */

static int reached(void *context, int64_t offset, struct error *err) {
        struct job *job = context;

        return firmware_progress(job, (struct text) SAYS_VERIFY, offset, job->facts.size, -1, true, err);
}

/* What others read before must not answer for the device now. */
static void drop_page_cache(const struct job *job) {
        (void) ioctl(job->fd, BLKFLSBUF, 0);
        (void) posix_fadvise(job->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int note(struct job *job, const struct technique *technique, const struct firmware_run *run, int64_t began,
                const struct firmware_look *look, int64_t differing, struct error *err) {
        static const char *const leaves[] = { "byte", "pattern", "changed" };
        json_t *step = json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:I, s:I, s:i, s:b, s:b}", "technique",
                                 technique->name, "status", run->status, "leaves",
                                 leaves[technique->firmware->leaves], "began", (json_int_t) began, "ended",
                                 (json_int_t) act_now(job->act), "markers", (int) look->markers, "markers_survived",
                                 (int) look->survived, "read_bytes", (json_int_t) look->read, "differing_bytes",
                                 (json_int_t) differing, "byte",
                                 technique->firmware->leaves == LEAVES_CHANGED ? -1 : (int) look->byte,
                                 "recognised", look->recognised, "clean", look->clean);

        if (!job->firmware.steps)
                job->firmware.steps = json_array();
        if (!step || !job->firmware.steps || json_array_append_new(job->firmware.steps, step) < 0)
                return fail_memory(err);
        return 0;
}

/* Whether the device has already done it: by its own word, and the markers that were written before are gone. */
static bool is_done(struct job *job, const struct firmware_run *run) {
        struct firmware_look look = { 0 };

        return job->firmware.ordered && run->completed &&
               firmware_markers_left(job->fd, &job->facts, job->overwrite.seed, &look, NULL) == 0 &&
               look.survived == 0;
}

/* What is under way on the device when we come: ours of before a crash, or somebody else's. *ret_over when ours is.
 */
static int settle(struct job *job, const struct technique *technique, struct firmware_run *run, bool *ret_over,
                  struct error *err) {
        struct error trouble = { 0 };
        bool done = true;
        int r;

        *ret_over = false;
        if (!technique->firmware->poll)
                return 0;
        r = technique->firmware->poll(run, &done, &trouble);
        if (r == 0 && !done) {
                act_say(job->act, "«%s» estaba ya haciendo un borrado de su firmware: se espera a que acabe.",
                        "“%s” was at a firmware erase already: it is waited for.", job->facts.path);
                r = firmware_follow(job, technique, run, &trouble);
                run->completed = run->completed || r == 0; /* SCSI has no word for it but that it is idle again */
        }
        /* A failure that is not of our order is what a new order ends. */
        if (r < 0 && (job->firmware.ordered || r == ERR_BUSY || r == ERR_NOT_FOUND)) {
                if (err)
                        *err = trouble;
                return r;
        }
        *ret_over = is_done(job, run);
        return 0;
}

/* A job that goes on after a boot may find the disk frozen, or itself without the right to ask: no failure of the
 * device, and no end of the job. */
static int still_offered(struct job *job, const struct technique *technique, struct error *err) {
        struct error why = { 0 };

        if (technique->offered(&job->medium, &job->facts, &why) == 0)
                return 0;
        why.code = ERR_CONFLICT;
        if (err)
                *err = why;
        return ERR_CONFLICT;
}

static int do_step(struct job *job, const struct technique *technique, struct error *err) {
        struct firmware_run run = run_of(job);
        struct firmware_look look = { 0 };
        int64_t began = act_now(job->act), before = job->firmware.unreached.bytes;
        bool over = false;
        int r = settle(job, technique, &run, &over, err);

        if (r == 0 && !over)
                r = still_offered(job, technique, err);
        if (r == 0 && !over)
                r = firmware_mark(job->fd, &job->facts, job->overwrite.seed, err);
        if (r == 0 && !over) {
                job->firmware.ordered = true;
                r = save(job, NULL, err);
        }
        if (r == 0 && !over)
                r = firmware_order(job, technique, &run, err);
        (void) memcpy(job->firmware.status, run.status, sizeof run.status);
        if (r < 0)
                return r;
        drop_page_cache(job);
        r = firmware_look(job->fd, &job->facts, job->overwrite.seed, technique->firmware->leaves, job, reached,
                          &job->firmware.unreached, &look, err);
        if (r == 0)
                r = note(job, technique, &run, began, &look, job->firmware.unreached.bytes - before, err);
        if (r < 0)
                return r;
        job->firmware.ordered = false;
        job->firmware.done++;
        job->firmware.unclean = job->firmware.unclean || !look.clean;
        job->firmware.read = look.read;
        job->firmware.whole = technique->firmware->leaves != LEAVES_CHANGED;
        return save(job, NULL, err);
}

static int do_steps(struct job *job, struct error *err) {
        size_t number = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < job->plan.steps_n && !job->firmware.unclean; i++) {
                const struct technique *technique = job->plan.steps[i];

                if (technique->firmware && number++ >= job->firmware.done)
                        r = do_step(job, technique, err);
        }
        return r;
}

int job_firmware(struct job *job, struct error *err) {
        struct error trouble = { 0 };
        int r;

        if (!plan_uses_firmware(&job->plan))
                return 0;
        r = act_pause(job->act, err);
        if (r < 0)
                return r;
        r = do_steps(job, err);
        if (watch_lock(job, &trouble) < 0) {
                if (r == 0 && err)
                        *err = trouble;
                return trouble.code;
        }
        return r;
}

/* --- what is recorded
 * --------------------------------------------------------------------------------------------- */

int job_firmware_describe(const struct job *job, json_t *data, struct error *err) {
        const struct firmware_job *f = &job->firmware;
        bool used = plan_uses_firmware(&job->plan);
        const char *status = !used ? "no-firmware-command" : f->status[0] ? f->status : "not-ordered";

        if (json_object_set_new(data, "device_status", json_string(status)) < 0 ||
            (f->steps && json_object_set(data, "firmware", f->steps) < 0))
                return fail_memory(err);
        return 0;
}

json_t *job_firmware_verification(const struct job *job) {
        return json_pack("{s:s, s:I, s:I}", "kind", job->firmware.whole ? "full" : "markers", "bytes",
                         (json_int_t) job->firmware.read, "differing_bytes",
                         (json_int_t) job->firmware.unreached.bytes);
}

int job_firmware_verify(struct job *job, const json_t *ended, struct error *err) {
        const json_t *steps = json_object_get(ended, "firmware");
        const json_t *last = json_array_get(steps, json_array_size(steps) > 0 ? json_array_size(steps) - 1 : 0);
        struct engine engine = { .fd = job->fd,
                                 .size = job->facts.size,
                                 .block = (size_t) job->facts.logical_block,
                                 .context = job,
                                 .reached = reached };
        struct pattern pattern = { .byte = (uint8_t) json_int(last, "byte", 0) };
        int r;

        if (!last || json_int(last, "byte", -1) < 0)
                return 0; /* nobody knows what it holds: that no header is back is looked at by the caller */
        r = device_open(&job->facts, DEVICE_OPEN_DIRECT, &job->fd, err);
        if (r < 0)
                return r;
        engine.fd = job->fd;
        r = engine_verify(&engine, &pattern, 0, &job->overwrite.unverified, err);
        if (r == 0)
                job->overwrite.verified = job->facts.size;
        return r;
}
