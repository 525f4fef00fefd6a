#include "sanitize/firmware_wait.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_MS = 50, MOST_MS = 5000, DEAF_MOST = 10, SHOW_MS = 250 };

static void pause_ms(int ms) {
        const struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

        (void) nanosleep(&time, NULL);
}

int firmware_progress(struct job *job, struct text step, int64_t done, int64_t total, int64_t eta, bool stops,
                      struct error *err) {
        _cleanup_free_ char *cancel = checkpoint_path(job->act, job->medium.id, "cancel");
        struct progress progress = { .subject = job->medium.id,
                                     .step = step,
                                     .done = (uint64_t) done,
                                     .total = (uint64_t) total,
                                     .eta = eta };

        act_progress(job->act, &progress);
        if (!stops)
                return 0;
        job->cancel_asked = cancel && access(cancel, F_OK) == 0;
        if (job->cancel_asked)
                return fail(err, ERR_CONFLICT, "El borrado de %s fue cancelado por otra persona.",
                            "The wipe of %s was cancelled by somebody.", job->medium.id);
        if (act_cancelled(job->act))
                return fail(err, ERR_BUSY, "Borrado de %s interrumpido.", "Wipe of %s interrupted.",
                            job->medium.id);
        return 0;
}

static void show(struct job *job, const struct technique *technique, int64_t done, int64_t of, int64_t eta) {
        int64_t size = job->facts.size, behind = of > 0 ? size / of * done + size % of * done / of : 0;

        (void) firmware_progress(job, technique->says, behind < size ? behind : size, of > 0 ? size : 0, eta, false,
                                 NULL);
}

/* --- a command that comes back only at the end
 * -------------------------------------------------------------------- */

struct waiter {
        const struct technique *technique;
        struct firmware_run *run;
        struct error err;
        int r;
};

static void *order(void *argument) {
        struct waiter *waiter = argument;

        waiter->r = waiter->technique->firmware->start(waiter->run, &waiter->err);
        return NULL;
}

static bool joined(pthread_t thread) {
        struct timespec until;

        (void) clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += SHOW_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* Nothing can stop it, so nobody is listened to until it comes back. */
static int wait_for_command(struct job *job, const struct technique *technique, struct firmware_run *run,
                            struct error *err) {
        struct waiter waiter = { .technique = technique, .run = run };
        int64_t began = act_now(job->act),
                says = technique->firmware->seconds ? technique->firmware->seconds(run->facts) : 0;
        pthread_t thread;

        if (pthread_create(&thread, NULL, order, &waiter) != 0)
                return fail(err, ERR_FAILED, "No se puede crear un hilo.", "A thread can't be created.");
        while (!joined(thread)) {
                int64_t took = (act_now(job->act) - began) / SECOND;

                show(job, technique, took < says ? took : says, says, took < says ? says - took : -1);
        }
        if (waiter.r < 0 && err)
                *err = waiter.err;
        return waiter.r;
}

/* --- one that is followed
 * ------------------------------------------------------------------------------------------ */

static int left_alone(const struct job *job, struct error *err) {
        return fail(
                err, ERR_BUSY,
                "Nadie espera ya al borrado de %s, pero el dispositivo sigue con él: no se puede parar.",
                "Nobody waits for the wipe of %s any more, but the device goes on with it: it can't be stopped.",
                job->medium.id);
}

/* A command that nobody waits for any more has not failed: what came of it the device says to whoever resumes. */
static int unless_left(struct job *job, int r, struct error *err) {
        return r == ERR_VERIFY && act_cancelled(job->act) ? left_alone(job, err) : r;
}

static int64_t eta_of(struct job *job, const struct firmware_run *run, int64_t began, int first) {
        int64_t took = act_now(job->act) - began, went = run->progress - first;

        return run->progress >= 0 && first >= 0 && went > 0 ? took / went * (65536 - run->progress) / SECOND : -1;
}

int firmware_follow(struct job *job, const struct technique *technique, struct firmware_run *run,
                    struct error *err) {
        int64_t began = act_now(job->act);
        int ms = FIRST_MS, deaf = 0, first = -1;

        for (;;) {
                bool done = false;
                int r = technique->firmware->poll(run, &done, err);

                if (r == ERR_VERIFY || r == ERR_NOT_FOUND || (r < 0 && ++deaf >= DEAF_MOST))
                        return r;
                if (r == 0 && done)
                        return 0;
                if (r == 0) {
                        deaf = 0;
                        first = first < 0 ? run->progress : first;
                        show(job, technique, run->progress, run->progress >= 0 ? 65536 : 0,
                             eta_of(job, run, began, first));
                }
                if (act_cancelled(job->act))
                        return left_alone(job, err);
                pause_ms(ms);
                ms = ms * 2 < MOST_MS ? ms * 2 : MOST_MS;
        }
}

int firmware_order(struct job *job, const struct technique *technique, struct firmware_run *run,
                   struct error *err) {
        int r;

        if (technique->firmware->waits)
                return unless_left(job, wait_for_command(job, technique, run, err), err);
        r = unless_left(job, technique->firmware->start(run, err), err);
        return r < 0 ? r : firmware_follow(job, technique, run, err);
}
