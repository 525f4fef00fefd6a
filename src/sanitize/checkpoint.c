/* The durable point of a running job. Work state: if it is lost, the job starts again from its first pass, and
 * nothing that the ledger knows is lost. The seed is no secret: it only tells the pattern that is on the medium. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "sanitize/job.h"

enum { CHECKPOINT_MAX = 1 << 20 };

char *checkpoint_path(const struct act *act, const char *medium, const char *extension) {
        _cleanup_free_ char *name = str_format("wipe-%s.%s", medium, extension);

        return name ? act_path(act, "work", name) : NULL;
}

json_t *checkpoint_passed(const struct job *job) {
        const struct technique *technique = job->overwrite.technique;
        json_t *list = json_array();

        for (size_t i = 0; list && technique && i < technique->passes_n && i < COUNT(job->passed); i++)
                (void) json_array_append_new(list, json_integer((json_int_t) job->passed[i]));
        return list;
}

static void load_passed(const json_t *list, struct job *job) {
        for (size_t i = 0; i < COUNT(job->passed) && i < json_array_size(list); i++)
                job->passed[i] = json_integer_value(json_array_get(list, i));
}

int checkpoint_save(const struct job *job, struct error *err) {
        _cleanup_free_ char *path = checkpoint_path(job->act, job->medium.id, "json"), *text = NULL;
        const struct overwrite *overwrite = &job->overwrite;
        _cleanup_json_ json_t *point = NULL;
        char seed[2 * SEED_SIZE + 1];
        int r;

        hex_encode(overwrite->seed, SEED_SIZE, seed);
        point = json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "job", job->id,
                          "technique", overwrite->technique ? overwrite->technique->name : "", "pass",
                          (json_int_t) overwrite->pass, "offset", (json_int_t) overwrite->offset, "size",
                          (json_int_t) overwrite->size, "seed", seed, "unwritten",
                          areas_to_json(&overwrite->unwritten, SIZE_MAX), "unverified",
                          areas_to_json(&overwrite->unverified, SIZE_MAX), "later",
                          areas_to_json(&overwrite->later, SIZE_MAX), "watch", watch_to_json(&job->watch), "time",
                          (json_int_t) act_now(job->act), "jump", (json_int_t) job->timing.jump, "passed",
                          checkpoint_passed(job));
        if (!path || !point)
                return fail_memory(err);
        r = json_canonical(point, &text, err);
        return r < 0 ? r : file_write(path, text, strlen(text), 0600, err);
}

static int damaged(const char *path, struct error *err) {
        return fail(err, ERR_FAILED, "El punto de control «%s» está dañado.", "The checkpoint “%s” is damaged.",
                    path);
}

int checkpoint_load(struct job *job, struct error *err) {
        _cleanup_free_ char *path = checkpoint_path(job->act, job->medium.id, "json"), *text = NULL;
        struct overwrite *overwrite = &job->overwrite;
        _cleanup_json_ json_t *point = NULL;
        int64_t pass, offset, size;
        size_t n;
        int r;

        if (!path)
                return fail_memory(err);
        r = file_read(path, CHECKPOINT_MAX, &text, &n, err);
        if (r == 0)
                r = json_parse(text, n, &point, err);
        if (r < 0)
                return r;
        if (strcmp(json_text_or_empty(point, "job"), job->id) != 0)
                return fail(err, ERR_NOT_FOUND, "El punto de control es de otro trabajo.",
                            "The checkpoint is another job's.");
        pass = json_int(point, "pass", -1);
        offset = json_int(point, "offset", -1);
        size = json_int(point, "size",
                        -1); /* a power loss hides again what had been opened: the job opens it anew */
        if (!overwrite->technique ||
            strcmp(json_text_or_empty(point, "technique"), overwrite->technique->name) != 0 || pass < 0 ||
            pass > (int64_t) overwrite->technique->passes_n || offset < 0 || offset > size ||
            (size != overwrite->size && size != job->medium.whole_size) ||
            hex_decode(json_text_or_empty(point, "seed"), overwrite->seed, SEED_SIZE) < 0)
                return damaged(path, err);
        r = areas_from_json(json_object_get(point, "unwritten"), &overwrite->unwritten, err);
        if (r == 0)
                r = areas_from_json(json_object_get(point, "unverified"), &overwrite->unverified, err);
        if (r == 0)
                r = areas_from_json(json_object_get(point, "later"), &overwrite->later, err);
        if (r < 0)
                return r;
        watch_from_json(json_object_get(point, "watch"), &job->watch);
        load_passed(json_object_get(point, "passed"), job);
        job->timing.jump = json_int(point, "jump", 0);
        timing_start(&job->timing, act_now(job->act), json_int(point, "time", 0));
        overwrite->pass = (size_t) pass;
        overwrite->offset = offset;
        /* All passes done, but not recorded: the last verification is done again, so that its result is this run's.
         */
        if (overwrite->pass == overwrite->technique->passes_n) {
                overwrite->pass--;
                overwrite->offset = 0;
        }
        return 0;
}

void checkpoint_remove(const struct job *job) {
        _cleanup_free_ char *point = checkpoint_path(job->act, job->medium.id, "json");
        _cleanup_free_ char *cancel = checkpoint_path(job->act, job->medium.id, "cancel");

        if (point)
                (void) unlink(point);
        if (cancel)
                (void) unlink(cancel);
        job_firmware_forget(job);
}
