/* How far long acts are: told to whoever waits, and left in the store's work/ for whoever asks. The file is work,
 * not record: it is written without sync, and one whose process is gone (its lock is free) says nothing. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "act/act.h"
#include "base/file.h"
#include "base/str.h"

enum { PAGE_MAX = 4096 };
#define PUBLISH_EVERY SECOND

static json_t *describe(const struct act *act, const struct progress *p, int64_t now) {
        _cleanup_free_ char *verb = act->verb ? str_format("%s %s", act->verb->noun, act->verb->name) : strdup("");

        return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}",
                         "subject", p->subject, "verb", verb ? verb : "", "person", act->person ? act->person : "-",
                         "step", "es", p->step.es, "en", p->step.en, "done", (json_int_t) p->done, "total",
                         (json_int_t) p->total, "rate", (json_int_t) p->rate, "eta", (json_int_t) p->eta, "time",
                         (json_int_t) now, "part", (json_int_t) p->part, "parts", (json_int_t) p->parts,
                         "temperature", (json_int_t) p->temperature, "errors", (json_int_t) p->errors, "waiting",
                         p->waiting);
}

static void publish(struct act *act, const struct progress *p) {
        int64_t now = act_now(act);
        _cleanup_json_ json_t *says = NULL;
        _cleanup_free_ char *text = NULL;

        if (act->dry_run || (act->job_fd > 0 && now >= act->job_shown && now - act->job_shown < PUBLISH_EVERY))
                return;
        if (act->job_fd <= 0) {
                _cleanup_free_ char *name = str_format("job-%ld.json", (long) getpid());
                _cleanup_free_ char *path = name ? act_path(act, "work", name) : NULL;

                act->job_fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640) : -1;
                if (act->job_fd <= 0)
                        return;
                (void) flock(act->job_fd, LOCK_EX | LOCK_NB);
        }
        says = describe(act, p, now);
        text = says ? json_dumps(says, JSON_COMPACT) : NULL;
        if (!text || strlen(text) >= PAGE_MAX)
                return;
        act->job_shown = now;
        if (ftruncate(act->job_fd, 0) == 0)
                (void) pwrite_all(act->job_fd, text, strlen(text), 0);
}

void act_progress(struct act *act, const struct progress *progress) {
        if (act->ui && act->ui->progress)
                act->ui->progress(act->ui->context, progress);
        publish(act, progress);
}

void act_progress_end(struct act *act) {
        _cleanup_free_ char *name = act->job_fd > 0 ? str_format("job-%ld.json", (long) getpid()) : NULL;
        _cleanup_free_ char *path = name ? act_path(act, "work", name) : NULL;

        if (path)
                (void) unlink(path);
        if (act->job_fd > 0)
                (void) close(act->job_fd);
        act->job_fd = 0;
}

/* What one file says, if its writer lives. Half a text, between two writings, is no answer either. */
static json_t *read_job(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        char text[PAGE_MAX];
        json_t *says = NULL;
        ssize_t n;

        if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
                return NULL;
        n = pread_all(fd, text, sizeof text, 0);
        if (n <= 0 || json_parse(text, (size_t) n, &says, NULL) < 0)
                return NULL;
        return says;
}

int act_jobs(const struct act *act, json_t **ret, struct error *err) {
        _cleanup_free_ char *folder = act_path(act, NULL, "work");
        _cleanup_closedir_ DIR *dir = folder ? opendir(folder) : NULL;
        _cleanup_json_ json_t *rows = json_array();
        const struct dirent *entry;

        if (!folder || !rows)
                return fail_memory(err);
        while (dir && (entry = readdir(dir))) {
                _cleanup_free_ char *path = NULL;
                json_t *row;

                if (strncmp(entry->d_name, "job-", 4) != 0)
                        continue;
                path = act_path(act, "work", entry->d_name);
                row = path ? read_job(path) : NULL;
                if (row && json_array_append_new(rows, row) < 0)
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(rows);
        return 0;
}
