/* The locks before a destructive write: the medium's state and the person's role, the device's identity and uses.
 * The typed ID is the third; job.c asks for it when all of this holds. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/file.h"
#include "device/gate.h"
#include "device/twin.h"
#include "policy/rule.h"
#include "sanitize/job.h"

void job_done(struct job *job) {
        overwrite_done(&job->overwrite);
        firmware_job_done(&job->firmware);
        if (job->lifted)
                (void) gate_set(job->facts.path, true, NULL);
        json_decref(job->evidence);
        close_fd(&job->fd);
        close_fd(&job->lock);
}

static int guard_state(const struct medium *medium, struct error *err) {
        if (medium_is_here(medium->state))
                return 0;
        (void) fail(err, ERR_CONFLICT, "El soporte %s está «%s%.0s»: no se puede borrar.",
                    "Medium %s is “%.0s%s”: it can't be wiped.", medium->id,
                    medium_state_terms[medium->state].name.es, medium_state_terms[medium->state].name.en);
        return hint(err, "Devuélvalo antes a custodia.", "Return it to custody first.");
}

/* X1: what holds CONFIDENCIAL data or more is wiped by an operator or the security administrator. */
static int guard_role(const struct act *act, const struct medium *medium, struct error *err) {
        if (medium->classification < CLASS_CONFIDENCIAL || act->roles & (ROLE_OPERATOR | ROLE_SECURITY))
                return 0;
        return refuse(err, ERR_DENIED, "X1",
                      "Un soporte %s solo lo borra un operador TI o el administrador de seguridad.",
                      "A medium classified %s is wiped by an IT operator or the security administrator only.",
                      classification_terms[medium->classification].code);
}

/* A disk that was at a SANITIZE when the kernel last asked for its size shows none until somebody has it asked
 * again. */
static int read_device(const char *device, const char *store, struct device_facts *ret, struct error *err) {
        int r = device_facts_read(device, store, ret, err);
        _cleanup_close_ int fd = r == 0 && !ret->image && ret->size == 0
                                         ? open(ret->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                                         : -1;

        if (fd < 0 || device_rescan(fd, ret, NULL) < 0 || ret->size == 0)
                return r;
        close_fd(&fd);
        return device_facts_read(device, store, ret, err);
}

int job_guard(struct act *act, const char *medium, const char *device, struct job *ret, struct error *err) {
        struct job job = { .act = act, .fd = -1, .lock = -1 };
        int r = medium_load(act->db, medium, &job.medium, err);

        if (r == 0)
                r = guard_state(&job.medium, err);
        if (r == 0)
                r = guard_role(act, &job.medium, err);
        if (r == 0 && device) {
                const struct known_identity known = {
                        job.medium.luks_uuid, job.medium.wwn,  job.medium.serial,
                        job.medium.insertion, job.medium.size, job.medium.whole_size
                };

                r = read_device(device, act->folder, &job.facts, err);
                if (r == 0)
                        r = identity_match(&job.facts, &known, &job.identity, err);
                if (r == 0)
                        r = device_refuse_twin(&job.facts, &known, job.identity, err);
                /* Read-only is how the gate leaves a medium that isn't fit for use: a wipe is the remedy. */
                job.gated = job.facts.read_only && !job.facts.image;
                job.facts.read_only = job.facts.read_only && job.facts.image;
                if (r == 0)
                        r = device_refuse_in_use(&job.facts, err);
                if (r == 0)
                        device_firmware_read(&job.facts);
        }
        if (r < 0)
                return r;
        *ret = job;
        return 0;
}

int job_lock(struct job *job, struct error *err) {
        _cleanup_free_ char *path = checkpoint_path(job->act, job->medium.id, "lock");
        _cleanup_free_ char *folder = act_path(job->act, NULL, "work");
        _cleanup_close_ int fd = -1;
        int r;

        if (!path || !folder)
                return fail_memory(err);
        r = dir_make(folder, 0700, err);
        if (r < 0)
                return r;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", path);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return fail(err, ERR_BUSY, "El soporte %s ya se está borrando.",
                            "Medium %s is being wiped already.", job->medium.id);
        job->lock = TAKE_FD(fd);
        return 0;
}
