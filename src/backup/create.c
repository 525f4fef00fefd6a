/* backup create: everything that changes is read, or pinned, while no other writer is in the store; what takes long
 * is read afterwards, with the lock given back. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/internal.h"
#include "base/file.h"
#include "base/str.h"
#include "keys/keys.h"
#include "ledger/ledger.h"
#include "sign/algorithm.h"
#include "sign/identity.h"

enum { BLOCK = 1 << 18, SIGNATURE_ROOM = TAR_BLOCK };

struct creation {
        struct act *act;
        const char *out;
        int lock_fd, work_lock_fd;
        char *work, *copy;      /* the private folder, and the registry's snapshot in it */
        struct db *registry;    /* pinned */
        struct entries entries; /* what goes in */
        json_t *manifest;
        char *checkpoint;
        int64_t number, created;
        char recipient[SHA256_TEXT];
        struct sealing *sealing;
        EVP_MD_CTX *digest;
        uint8_t *block;
        uint64_t done, total;
        struct error *err;
};

static void creation_done(struct creation *c) {
        db_close(c->registry);
        sealing_free(c->sealing);
        if (c->work)
                (void) private_folder_wipe(c->work, NULL);
        free(c->work);
        free(c->copy);
        entries_done(&c->entries);
        json_decref(c->manifest);
        free(c->checkpoint);
        EVP_MD_CTX_free(c->digest);
        if (c->block)
                OPENSSL_cleanse(c->block, BLOCK);
        free(c->block);
        close_fd(&c->lock_fd);
        close_fd(&c->work_lock_fd);
}

/* Two at once would take the same number. */
static int take_turn(struct creation *c, struct error *err) {
        _cleanup_free_ char *path = act_path(c->act, "work", "backup.lock");

        if (!path)
                return fail_memory(err);
        c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
        if (c->lock_fd < 0)
                return fail_errno(err, errno, "No se puede escribir «%s»", "“%s” can't be written", path);
        if (flock(c->lock_fd, LOCK_EX | LOCK_NB) == 0)
                return 0;
        (void) fail(err, ERR_BUSY, "Ya se está haciendo una copia de este almacén.",
                    "A backup of this store is being made already.");
        return hint(err, "Espere a que termine.", "Wait until it ends.");
}

/* A backup that lies in the store dies with it, and would go into the next one. */
static int check_place(const struct creation *c, struct error *err) {
        _cleanup_free_ char *copy = strdup(c->out), *folder = NULL, *store = NULL;
        size_t n;

        if (!copy)
                return fail_memory(err);
        folder = realpath(dirname(copy), NULL);
        store = realpath(c->act->folder, NULL);
        if (!folder || !store)
                return fail_errno(err, errno, "No se puede escribir «%s»", "“%s” can't be written", c->out);
        n = strlen(store);
        if (strncmp(folder, store, n) == 0 && (folder[n] == '/' || !folder[n]))
                return fail(err, ERR_USAGE, "La copia no puede estar dentro del almacén.",
                            "A backup can't lie inside the store.");
        return 0;
}

/* --- one member ---------------------------------------------------------------------------------------------- */

static int report(struct creation *c, struct text step, uint64_t n) {
        struct progress progress = { .subject = "backup", .step = step, .total = c->total, .eta = -1 };

        c->done += n;
        progress.done = c->done;
        act_progress(c->act, &progress);
        return act_cancelled(c->act) ? fail(c->err, ERR_FAILED, "Copia cancelada.", "Backup cancelled.") : 0;
}

static int put(struct creation *c, const void *data, size_t n, struct error *err) {
        static const struct text step = { "cifrando", "encrypting" };
        int r = sealing_write(c->sealing, data, n, err);

        return r < 0 ? r : report(c, step, n);
}

static int put_header(struct creation *c, const char *name, uint64_t size, unsigned mode, struct error *err) {
        struct tar_member member = { .size = size, .mode = mode, .time = c->created / SECOND };
        uint8_t block[TAR_BLOCK];
        int n = snprintf(member.name, sizeof member.name, "%s", name), r;

        if (n < 0 || (size_t) n >= sizeof member.name)
                return fail(err, ERR_USAGE, "El nombre de fichero «%.200s» es demasiado largo para una copia.",
                            "File name “%.200s” is too long for a backup.", name);
        r = tar_header(&member, block, err);
        return r < 0 ? r : put(c, block, sizeof block, err);
}

static int put_padding(struct creation *c, uint64_t size, struct error *err) {
        static const uint8_t zeros[TAR_BLOCK];

        return put(c, zeros, (size_t) (tar_padded(size) - size), err);
}

static int put_text(struct creation *c, const char *name, const void *data, size_t n, struct error *err) {
        int r = put_header(c, name, n, 0640, err);

        if (r == 0)
                r = put(c, data, n, err);
        return r < 0 ? r : put_padding(c, n, err);
}

static int put_bytes(struct creation *c, int fd, const struct entry *entry, struct error *err) {
        uint8_t after;

        for (uint64_t at = 0; at < entry->size;) {
                size_t want = entry->size - at < BLOCK ? (size_t) (entry->size - at) : BLOCK;
                ssize_t n = pread_all(fd, c->block, want, (off_t) at);
                int r;

                if (n < 0)
                        return fail_errno(err, (int) -n, "No se puede leer «%s»", "“%s” can't be read",
                                          entry->name);
                if ((size_t) n < want)
                        return fail(err, ERR_CONFLICT, "«%s» ha cambiado mientras se copiaba.",
                                    "“%s” changed while it was copied.", entry->name);
                if (EVP_DigestUpdate(c->digest, c->block, want) != 1)
                        return fail_memory(err);
                r = put(c, c->block, want, err);
                if (r < 0)
                        return r;
                at += want;
        }
        if (pread_all(fd, &after, 1, (off_t) entry->size) != 0)
                return fail(err, ERR_CONFLICT, "«%s» ha cambiado mientras se copiaba.",
                            "“%s” changed while it was copied.", entry->name);
        return 0;
}

static int put_file(struct creation *c, struct entry *entry, const char *path, struct error *err) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        const char *base = strchr(entry->name, '/');
        uint8_t raw[SHA256_SIZE];
        int r;

        if (fd < 0)
                return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", path);
        if (EVP_DigestInit_ex(c->digest, EVP_sha256(), NULL) != 1)
                return fail_memory(err);
        r = put_header(c, entry->name, entry->size, entry->mode, err);
        if (r == 0)
                r = put_bytes(c, fd, entry, err);
        if (r == 0)
                r = put_padding(c, entry->size, err);
        if (r < 0)
                return r;
        if (EVP_DigestFinal_ex(c->digest, raw, NULL) != 1)
                return fail_memory(err);
        hex_encode(raw, sizeof raw, entry->digest);
        /* The backup is faithful, but somebody should know. */
        if (strncmp(entry->name, "attachments/", 12) == 0 && base && strcmp(base + 1, entry->digest) != 0)
                act_say(c->act, "El adjunto %s no es el que dice su nombre: está dañado.",
                        "Attachment %s is not what its name says: it is damaged.", base + 1);
        return 0;
}

/* --- the plan: with the writer's lock ------------------------------------------------------------------------ */

static int make_manifest(struct creation *c, const char *sums, size_t n, char **ret, struct error *err) {
        char digest[SHA256_TEXT];

        if (sha256_text(sums, n, digest) < 0)
                return fail_memory(err);
        json_decref(c->manifest);
        c->manifest = json_pack(
                "{s:s, s:s, s:I, s:s, s:I, s:I, s:s, s:s, s:I, s:s, s:s, s:s}", "format", container_format,
                "algorithm", signature_algorithm, "number", (json_int_t) c->number, "checkpoint", c->checkpoint,
                "files", (json_int_t) c->entries.n, "bytes", (json_int_t) entries_bytes(&c->entries),
                "files_sha256", digest, "station", c->act->station, "time", (json_int_t) c->created, "organisation",
                c->act->organisation, "recipient", c->recipient, "version", MPSI_VERSION);
        return c->manifest ? json_canonical(c->manifest, ret, err) : fail_memory(err);
}

/* How large the content will be: all sizes are known, and a signature takes one block whatever its length. */
static int content_size(struct creation *c, uint64_t *ret, struct error *err) {
        _cleanup_free_ char *sums = NULL, *manifest = NULL;
        size_t n = 0;
        int r = entries_sums(&c->entries, &sums, &n, err);

        if (r == 0)
                r = make_manifest(c, sums, n, &manifest, err);
        if (r < 0)
                return r;
        *ret = 3 * TAR_BLOCK + tar_padded(n) + tar_padded(strlen(manifest)) + SIGNATURE_ROOM + 2 * TAR_BLOCK;
        for (size_t i = 0; i < c->entries.n; i++)
                *ret += TAR_BLOCK + tar_padded(c->entries.rows[i].size);
        return 0;
}

static int pin(struct creation *c, int64_t *ret_size, struct error *err) {
        _cleanup_free_ char *path = act_path(c->act, NULL, "registry.db");
        int r = path ? db_open(path, DB_READ, &c->registry, err) : fail_memory(err);

        if (r == 0)
                r = db_pin(c->registry, ret_size, err);
        if (r == 0)
                r = ledger_checkpoint(c->act->ledger, &c->checkpoint, err);
        if (r == 0)
                r = backup_newest(c->act->db, &c->number, err);
        c->number++;
        c->created = act_now(c->act);
        return r;
}

static int plan(struct creation *c, struct error *err) {
        _cleanup_(X509_freep) X509 *recipient = NULL;
        _cleanup_free_ char *about = NULL;
        char when[TIME_TEXT];
        int64_t registry = 0;
        uint64_t size = 0;
        int r = backup_recipient(c->act, &recipient, c->recipient, err);

        if (r == 0)
                r = pin(c, &registry, err);
        if (r == 0)
                r = entries_collect(c->act, (uint64_t) registry, &c->entries, err);
        if (r == 0)
                r = content_size(c, &size, err);
        if (r < 0 || c->act->dry_run)
                return r;
        c->total = size;
        time_format(c->created, when);
        about = str_format("%s\nstation: %s\nnumber: %lld\ncreated: %s\nrecipient: %s\n", container_format,
                           c->act->station, (long long) c->number, when, c->recipient);
        if (!about)
                return fail_memory(err);
        return sealing_start(c->out, about, c->created / SECOND, recipient, size, &c->sealing, err);
}

static int put_entries(struct creation *c, bool later, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < c->entries.n; i++) {
                struct entry *entry = &c->entries.rows[i];
                _cleanup_free_ char *path = NULL;

                if (entry->later != later)
                        continue;
                path = strcmp(entry->name, "registry.db") == 0 ? strdup(c->copy)
                                                               : act_path(c->act, NULL, entry->name);
                r = path ? put_file(c, entry, path, err) : fail_memory(err);
        }
        return r;
}

/* --- the long part: without the lock ------------------------------------------------------------------------- */

static int copying(void *context, int64_t done, int64_t total) {
        static const struct text step = { "copiando el registro", "copying the registry" };
        struct creation *c = context;

        (void) done;
        (void) total;
        return report(c, step, 0);
}

static int copy_registry(struct creation *c, struct error *err) {
        int r = private_folder_make(c->act, &c->work, &c->work_lock_fd, err);

        if (r < 0)
                return r;
        c->copy = str_format("%s/registry.db", c->work);
        if (!c->copy)
                return fail_memory(err);
        r = db_copy(c->registry, c->copy, copying, c, err);
        db_close(TAKE_PTR(c->registry)); /* from here on the store's journal may shrink again */
        return r;
}

static int put_manifest(struct creation *c, struct error *err) {
        static const uint8_t end[2 * TAR_BLOCK];
        _cleanup_free_ char *sums = NULL, *manifest = NULL;
        _cleanup_free_ uint8_t *signature = NULL;
        size_t n = 0, signature_n = 0;
        int r = entries_sums(&c->entries, &sums, &n, err);

        if (r == 0)
                r = make_manifest(c, sums, n, &manifest, err);
        if (r == 0)
                r = sign_bytes(c->act->station_key, manifest, strlen(manifest), &signature, &signature_n, err);
        if (r == 0)
                r = put_text(c, sums_name, sums, n, err);
        if (r == 0)
                r = put_text(c, manifest_name, manifest, strlen(manifest), err);
        if (r == 0)
                r = put_text(c, signature_name, signature, signature_n, err);
        return r == 0 ? put(c, end, sizeof end, err) : r;
}

/* The vault is only read while nobody can write it; so are the small files. */
static int write_all_parts(struct creation *c, char digest[SHA256_TEXT], int64_t *ret_size, struct error *err) {
        int r = keys_vault_settle(c->act->folder, err);

        if (r == 0)
                r = plan(c, err);
        if (r < 0 || c->act->dry_run)
                return r;
        r = put_entries(c, false, err);
        if (r == 0)
                r = act_pause(c->act, err);
        if (r == 0)
                r = copy_registry(c, err);
        if (r == 0)
                r = put_entries(c, true, err);
        if (r == 0)
                r = put_manifest(c, err);
        return r == 0 ? sealing_finish(c->sealing, digest, ret_size, err) : r;
}

static int record(struct creation *c, const char *digest, int64_t size, struct error *err) {
        char subject[24];
        _cleanup_json_ json_t *data = json_pack("{s:I, s:s, s:I, s:s, s:s, s:I, s:I}", "number",
                                                (json_int_t) c->number, "sha256", digest, "size", (json_int_t) size,
                                                "checkpoint", c->checkpoint, "recipient", c->recipient, "files",
                                                (json_int_t) c->entries.n, "taken", (json_int_t) c->created);

        (void) snprintf(subject, sizeof subject, "%lld", (long long) c->number);
        return data ? act_record_one(c->act, "backup.created", subject, data, err) : fail_memory(err);
}

int run_backup_create(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(creation_done) struct creation c = {
                .act = act, .out = json_text(args, "out"), .lock_fd = -1, .work_lock_fd = -1, .err = err
        };
        char digest[SHA256_TEXT] = "";
        int64_t size = 0;
        int r = take_turn(&c, err);

        c.digest = EVP_MD_CTX_new();
        c.block = malloc(BLOCK);
        if (r == 0 && (!c.digest || !c.block))
                r = fail_memory(err);
        if (r == 0)
                r = check_place(&c, err);
        if (r == 0)
                r = write_all_parts(&c, digest, &size, err);
        if (r == 0 && !act->dry_run) {
                r = act_resume(act, err);
                if (r == 0)
                        r = record(&c, digest, size, err);
                /* What the register does not know is no backup of it. */
                if (r < 0)
                        (void) unlink(c.out);
        }
        if (r < 0)
                return r;
        act_say(act, "Copia %lld: %zu ficheros. Llévela fuera de este equipo.",
                "Backup %lld: %zu files. Take it away from this machine.", (long long) c.number, c.entries.n);
        *ret = json_pack("{s:I, s:s, s:s, s:I, s:I, s:s}", "number", (json_int_t) c.number, "out", c.out, "sha256",
                         digest, "size", (json_int_t) size, "files", (json_int_t) c.entries.n, "recipient",
                         c.recipient);
        return *ret ? 0 : fail_memory(err);
}
