#include "encrypt/rekey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "device/gate.h"
#include "encrypt/crypt.h"
#include "policy/rule.h"

static const struct text cannot_rekey = { "No se puede recifrar el soporte", "The medium can't be re-encrypted" };

struct run {
        struct act *act;
        const char *medium;
        struct rekey_progress *progress;
        struct timespec began;
        uint64_t began_at;
        bool cancelled;
};

static uint64_t rate_of(const struct run *run, uint64_t done) {
        struct timespec now;
        double seconds;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        seconds = (double) (now.tv_sec - run->began.tv_sec) + (double) (now.tv_nsec - run->began.tv_nsec) / 1e9;
        return seconds > 0.2 && done > run->began_at ? (uint64_t) ((double) (done - run->began_at) / seconds) : 0;
}

/* After each hot zone: what it tells is durable. Anything but 0 stops there, in order. */
static int show(uint64_t size, uint64_t offset, void *context) {
        struct run *run = context;
        struct progress progress = { .subject = run->medium,
                                     .step = { "recifrando", "re-encrypting" },
                                     .done = offset,
                                     .total = size,
                                     .eta = -1 };

        if (run->progress->total == 0)
                run->began_at = offset;
        *run->progress = (struct rekey_progress){ .done = offset, .total = size };
        progress.rate = rate_of(run, offset);
        if (progress.rate)
                progress.eta = (int64_t) ((size - offset) / progress.rate);
        act_progress(run->act, &progress);
        run->cancelled = run->cancelled || act_cancelled(run->act);
        return run->cancelled ? 1 : 0;
}

/* Flash may tear a sector that was good before: the journal holds what is being written. A spinning disk writes
 * whole sectors, and checksums of the old ones are enough to tell which were written. */
static const char *resilience_of(const struct target *target) {
        return target->medium.kind == KIND_HDD && target->device.rotational ? "checksum" : "journal";
}

/* The new volume key holds the data: a cut may have left slots of the old one. */
static bool is_done(struct crypt_device *device) {
        return crypt_reencrypt_status(device, NULL) == CRYPT_REENCRYPT_NONE &&
               crypt_keyslot_status(device, SLOT_MACHINE) == CRYPT_SLOT_ACTIVE;
}

static int begin(struct crypt_device *device, const struct target *target, const struct secret *machine) {
        const struct crypt_params_luks2 luks2 = { .sector_size = (uint32_t) crypt_get_sector_size(device) };
        const struct crypt_params_reencrypt params = { .mode = CRYPT_REENCRYPT_REENCRYPT,
                                                       .direction = CRYPT_REENCRYPT_FORWARD,
                                                       .resilience = resilience_of(target),
                                                       .hash = "sha256",
                                                       .luks2 = &luks2 };
        const struct crypt_params_reencrypt resume = { .resilience = params.resilience,
                                                       .hash = params.hash,
                                                       .luks2 = &luks2,
                                                       .flags = CRYPT_REENCRYPT_RESUME_ONLY };
        const char *secret = (const char *) machine->data;
        /* Its own digests are of keys, not of words: unless told so libcryptsetup tries for seconds how long a
         * guess of one could be made to take. */
        int r = crypt_set_pbkdf_type(device, &luks_slot_pbkdf);

        if (r < 0)
                return r;
        if (crypt_reencrypt_status(device, NULL) != CRYPT_REENCRYPT_NONE)
                return crypt_reencrypt_init_by_passphrase(device, NULL, secret, machine->size, CRYPT_ANY_SLOT,
                                                          SLOT_MACHINE, "aes", "xts-plain64", &resume);
        return crypt_reencrypt_init_by_passphrase(device, NULL, secret, machine->size, SLOT_OLD_MACHINE,
                                                  SLOT_MACHINE, "aes", "xts-plain64", &params);
}

/* A header that was exchanged while the medium was away gets no key: it is judged before libcryptsetup, which
 * checks its own state against the volume keys, goes on with it. */
static int refuse_header(const struct target *target, const struct luks_facts *facts, struct error *err) {
        _cleanup_encryption_ struct encryption encryption = { 0 };
        struct luks_verdict verdict;
        int r = encryption_load(target->act->db, target->medium.id, &encryption, err);

        if (r < 0)
                return r;
        if (strcmp(facts->uuid, encryption.header.uuid) != 0)
                return refuse(err, ERR_REFUSED, "C2", "La cabecera es otra: UUID %s, registrado %s.",
                              "The header is another one: UUID %s, registered %s.", facts->uuid,
                              encryption.header.uuid);
        luks_judge(facts, target->medium.category, &encryption.header, &verdict);
        return encrypt_refuse(&verdict, err);
}

/* All data are under the new volume key, and only the commit is missing. libcryptsetup 2.6.1 takes this state for
 * the first one and would encrypt everything once more: it must not see it. */
static bool is_all_new(const struct luks_facts *facts) {
        bool whole = false;

        for (size_t i = 0; i < facts->segments_n; i++)
                whole = whole || (facts->segments[i].number == 0 && facts->segments[i].size == 0);
        for (size_t i = 0; whole && i < facts->digests_n; i++)
                if (facts->digests[i].segments & 1 && facts->digests[i].slots >> SLOT_MACHINE & 1)
                        return true;
        return false;
}

static bool has_slot(const struct luks_facts *facts, int number) {
        for (size_t i = 0; i < facts->slots_n; i++)
                if (facts->slots[i].number == number)
                        return true;
        return false;
}

/* The last step that libcryptsetup can't take again by itself. */
static int commit(int fd, const struct luks_copy *header, const struct secret *machine, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy last = { 0 };
        int r = luks_commit_rekey(header, &last, err);

        if (r == 0)
                r = luks_try_slot(&last, SLOT_MACHINE, machine, err);
        return r == 0 ? luks_rewrite(fd, header, &last, err) : r;
}

/* What a cut left, before libcryptsetup sees it. */
static int make_whole(const struct target *target, int fd, const struct secret *machine, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy header = { 0 };
        int r = luks_recover(fd, LUKS_DATA_OFFSET, &header, err);

        if (r == 0)
                r = refuse_header(target, &header.facts, err);
        if (r == 0)
                r = luks_mend(fd, &header, err);
        if (r == 0 && header.facts.requirements[0] &&
            (is_all_new(&header.facts) || !has_slot(&header.facts, SLOT_OLD_MACHINE)))
                r = commit(fd, &header, machine, err);
        return r;
}

/* A hot zone that was being written is written again from its journal, or told by its checksums. By itself: what it
 * leaves is looked at before anything goes on, since it may have been the last zone. */
static int recover_zone(int fd, const struct secret *machine, struct error *err) {
        const struct crypt_params_reencrypt recovery = { .flags = CRYPT_REENCRYPT_RECOVERY };
        _cleanup_crypt_ struct crypt_device *device = NULL;
        struct crypt_words words = { "" };
        int r = luks_device_init(fd, &words, &device);

        if (r == 0)
                r = crypt_load(device, CRYPT_LUKS2, NULL);
        if (r == 0)
                r = crypt_set_pbkdf_type(device, &luks_slot_pbkdf);
        if (r == 0 && crypt_reencrypt_status(device, NULL) == CRYPT_REENCRYPT_CRASH)
                r = crypt_reencrypt_init_by_passphrase(device, NULL, (const char *) machine->data, machine->size,
                                                       CRYPT_ANY_SLOT, CRYPT_ANY_SLOT, NULL, NULL, &recovery);
        return r < 0 ? luks_device_fail(err, r, &words, cannot_rekey) : 0;
}

static int drop_old_slots(struct crypt_device *device) {
        static const int old[] = { SLOT_OLD_MACHINE, SLOT_OLD_RECOVERY };
        int r = 0;

        for (size_t i = 0; r == 0 && i < COUNT(old); i++)
                if (crypt_keyslot_status(device, old[i]) != CRYPT_SLOT_INACTIVE)
                        r = crypt_keyslot_destroy(device, old[i]);
        return r;
}

static int reencrypt(const struct target *target, int fd, const struct secret *machine, struct run *run,
                     struct error *err) {
        _cleanup_crypt_ struct crypt_device *device = NULL;
        struct crypt_words words = { "" };
        int r = luks_device_init(fd, &words, &device);

        if (r == 0)
                r = crypt_load(device, CRYPT_LUKS2, NULL);
        if (r < 0)
                return luks_device_fail(err, r, &words, cannot_rekey);
        if (!is_done(device)) {
                r = begin(device, target, machine);
                if (r >= 0 && !is_done(device))
                        r = crypt_reencrypt_run(device, show, run);
                if (run->cancelled && !is_done(device))
                        return fail(err, ERR_CONFLICT, "Recifrado interrumpido: lo hecho queda hecho.",
                                    "Re-encryption stopped: what is done stays done.");
        }
        if (r >= 0 && !is_done(device))
                r = -EIO;
        if (r >= 0)
                r = drop_old_slots(device);
        return r < 0 ? luks_device_fail(err, r, &words, cannot_rekey) : 0;
}

/* Nobody else may come between: the block-device lock stays while the kernel's claim changes hands. */
static int lock_only(struct target *target, int *ret, struct error *err) {
        _cleanup_close_ int fd = -1;
        int r = luks_open_direct(target->device.path, O_RDWR, &fd, err);

        if (r == 0)
                r = device_check_fd(&target->device, fd, err);
        if (r < 0)
                return r;
        close_fd(&target->fd);
        if (device_lock(fd) < 0)
                return fail(err, ERR_BUSY, "Otro programa tiene bloqueado «%s».", "Another program locks “%s”.",
                            target->device.path);
        r = gate_lift(&target->device, &target->lifted, err);
        if (r == 0)
                *ret = TAKE_FD(fd);
        return r;
}

int rekey_run(struct target *target, const struct secret *machine, struct rekey_progress *ret, struct error *err) {
        struct run run = { .act = target->act, .medium = target->medium.id, .progress = ret };
        _cleanup_close_ int fd = -1;
        int r;

        *ret = (struct rekey_progress){ 0 };
        r = lock_only(target, &fd, err);
        if (r < 0)
                return r;
        /* Its own locks would wait for ours, and want a folder in /run that only root makes. */
        (void) crypt_metadata_locking(NULL, 0);
        (void) clock_gettime(CLOCK_MONOTONIC, &run.began);
        r = make_whole(target, fd, machine, err);
        if (r == 0)
                r = recover_zone(fd, machine, err);
        if (r == 0)
                r = make_whole(target, fd, machine, err);
        if (r == 0)
                r = reencrypt(target, fd, machine, &run, err);
        act_progress_end(target->act);
        if (r < 0)
                return r;
        close_fd(&fd);
        return device_open_lifted(&target->device, &target->lifted, &target->fd, err);
}
