/* Taking a backup apart: every member by its name, size and digest, then the manifest and who signed it. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/internal.h"
#include "base/file.h"
#include "base/str.h"
#include "sign/algorithm.h"
#include "sign/identity.h"

enum { BLOCK = 1 << 18, SMALL = 32 * 1024, SUMS_MAX = 256 << 20 };

/* Members that are kept in memory too. */
struct kept {
        const char *name;
        uint64_t limit;
        char *data; /* with a NUL behind */
        size_t n;
};
enum { KEPT_SUMS, KEPT_MANIFEST, KEPT_SIGNATURE, KEPT_STATION, KEPT_CA, KEPT };

struct unpacking {
        struct act *act;
        const char *into;
        bool all;
        struct opened *opened;
        struct entries entries;
        struct kept kept[KEPT];
        struct secret *station_key;
        EVP_MD_CTX *digest;
        uint8_t *block;
};

static void unpacking_done(struct unpacking *u) {
        opened_free(u->opened);
        entries_done(&u->entries);
        for (size_t i = 0; i < KEPT; i++)
                free(u->kept[i].data);
        secret_free(u->station_key);
        EVP_MD_CTX_free(u->digest);
        if (u->block)
                OPENSSL_cleanse(u->block, BLOCK);
        free(u->block);
}

void backup_done(struct backup *backup) {
        json_decref(backup->manifest);
        EVP_PKEY_free(backup->station_key);
        X509_free(backup->station_certificate);
        *backup = (struct backup){ 0 };
}

/* --- the recovery key ---------------------------------------------------------------------------------------- */

static int recovery_certificate(struct act *act, const char *key_path, const char *certificate_path, X509 **ret,
                                struct error *err) {
        const char *dot = strrchr(key_path, '.');
        _cleanup_free_ char *beside = str_format("%.*s.crt", dot ? (int) (dot - key_path) : (int) strlen(key_path),
                                                 key_path);

        if (!beside)
                return fail_memory(err);
        if (certificate_path || access(beside, F_OK) == 0 || !act->recovery_certificate)
                return certificate_load(certificate_path ? certificate_path : beside, ret, err);
        return certificate_from_pem(act->recovery_certificate, ret, err);
}

int backup_recovery_load(struct act *act, const char *key_path, const char *certificate_path, EVP_PKEY **ret_key,
                         X509 **ret_certificate, struct error *err) {
        static const struct text prompt = { "Contraseña de la clave de recuperación: ",
                                            "Passphrase of the recovery key: " };
        _cleanup_free_ char *usual = act_path(act, "recovery", "recovery.key");
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_secret_ struct secret *passphrase = NULL;
        int r;

        if (!usual)
                return fail_memory(err);
        if (!key_path)
                key_path = usual;
        if (access(key_path, F_OK) < 0) {
                (void) fail(err, ERR_NOT_FOUND, "No está la clave de recuperación «%s».",
                            "The recovery key “%s” is not there.", key_path);
                return hint(err, "Tráigala de donde se guarda y diga dónde está con --key.",
                            "Bring it from where it is kept and say where it is with --key.");
        }
        r = recovery_certificate(act, key_path, certificate_path, &certificate, err);
        if (r == 0)
                r = act_ask_secret(act, "recovery", prompt, &passphrase, err);
        if (r == 0)
                r = identity_key_load(key_path, passphrase, &key, err);
        if (r == 0 && !certificate_matches(certificate, key))
                r = fail(err, ERR_VERIFY, "El certificado de recuperación no es el de esa clave.",
                         "The recovery certificate is not that key's.");
        if (r < 0)
                return r;
        *ret_key = TAKE_PTR(key);
        *ret_certificate = TAKE_PTR(certificate);
        return 0;
}

/* --- members ------------------------------------------------------------------------------------------------- */

/* "name" or "folder/name" of plain names: nothing that could leave the folder. */
static bool name_sound(const char *name) {
        const char *slash = strchr(name, '/');
        char folder[TAR_NAME] = "";

        if (!slash)
                return file_name_safe(name);
        memcpy(folder, name, (size_t) (slash - name));
        return file_name_safe(folder) && file_name_safe(slash + 1);
}

static bool must_be_written(const struct unpacking *u, const char *name) {
        return u->all || strcmp(name, "registry.db") == 0 || strcmp(name, "vault.db") == 0 ||
               strcmp(name, "checkpoint") == 0;
}

static int open_target(const struct unpacking *u, const struct tar_member *member, int *ret, struct error *err) {
        const char *slash = strchr(member->name, '/');
        _cleanup_free_ char *path = str_format("%s/%s", u->into, member->name);
        _cleanup_free_ char *folder =
                slash ? str_format("%s/%.*s", u->into, (int) (slash - member->name), member->name) : NULL;
        int r;

        if (!path || (slash && !folder))
                return fail_memory(err);
        r = folder ? dir_make(folder, 0750, err) : 0;
        if (r < 0)
                return r;
        *ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t) member->mode & 0770);
        return *ret < 0 ? fail_errno(err, errno, "No se puede crear «%s»", "“%s” can't be created", path) : 0;
}

static int progress(struct unpacking *u, struct error *err) {
        struct progress progress = { .subject = "backup", .step = { "descifrando", "decrypting" }, .eta = -1 };

        progress.done = opened_done(u->opened, &progress.total);
        act_progress(u->act, &progress);
        return act_cancelled(u->act) ? fail(err, ERR_FAILED, "Cancelado.", "Cancelled.") : 0;
}

/* The content of one member: to `fd` (or nowhere: -1), to `keep` (or NULL), and digested. */
static int take_bytes(struct unpacking *u, const struct tar_member *member, int fd, uint8_t *keep,
                      char digest[SHA256_TEXT], struct error *err) {
        uint8_t raw[SHA256_SIZE];
        int r = 0;

        if (EVP_DigestInit_ex(u->digest, EVP_sha256(), NULL) != 1)
                return fail_memory(err);
        for (uint64_t at = 0; r == 0 && at < member->size;) {
                size_t n = member->size - at < BLOCK ? (size_t) (member->size - at) : BLOCK;

                r = opened_read(u->opened, u->block, n, err);
                if (r == 0 && EVP_DigestUpdate(u->digest, u->block, n) != 1)
                        r = fail_memory(err);
                if (r == 0 && keep)
                        memcpy(keep + at, u->block, n);
                if (r == 0 && fd >= 0) {
                        r = write_all(fd, u->block, n);
                        if (r < 0)
                                r = fail_errno(err, -r, "No se puede escribir «%s»", "“%s” can't be written",
                                               member->name);
                }
                if (r == 0)
                        r = progress(u, err);
                at += n;
        }
        if (r == 0)
                r = opened_read(u->opened, u->block, (size_t) (tar_padded(member->size) - member->size), err);
        if (r < 0)
                return r;
        if (EVP_DigestFinal_ex(u->digest, raw, NULL) != 1)
                return fail_memory(err);
        hex_encode(raw, sizeof raw, digest);
        return 0;
}

/* Where in memory a member is kept, or NULL. */
static int find_keep(struct unpacking *u, const struct tar_member *member, uint8_t **ret, struct error *err) {
        *ret = NULL;
        if (strcmp(member->name, "station.key") == 0 && member->size > 0 && member->size <= SMALL &&
            !u->station_key) {
                int r = secret_new((size_t) member->size, &u->station_key, err);

                *ret = r == 0 ? u->station_key->data : NULL;
                return r;
        }
        for (size_t i = 0; i < KEPT; i++) {
                struct kept *kept = &u->kept[i];

                if (strcmp(kept->name, member->name) != 0)
                        continue;
                if (kept->data || member->size > kept->limit)
                        return fail(err, ERR_VERIFY, "«%s» sobra en la copia o es demasiado grande.",
                                    "“%s” is one too many in the backup, or too large.", member->name);
                kept->data = calloc(1, (size_t) member->size + 1);
                if (!kept->data)
                        return fail_memory(err);
                kept->n = (size_t) member->size;
                *ret = (uint8_t *) kept->data;
        }
        return 0;
}

static int take_member(struct unpacking *u, const struct tar_member *member, struct error *err) {
        const bool listed = strcmp(member->name, sums_name) != 0 && strcmp(member->name, manifest_name) != 0 &&
                            strcmp(member->name, signature_name) != 0;
        _cleanup_close_ int fd = -1;
        char digest[SHA256_TEXT];
        struct entry *entry;
        uint8_t *keep = NULL;
        int r = find_keep(u, member, &keep, err);

        if (r == 0 && listed && must_be_written(u, member->name))
                r = open_target(u, member, &fd, err);
        if (r == 0)
                r = take_bytes(u, member, fd, keep, digest, err);
        if (r == 0 && listed) {
                r = entries_add(&u->entries, member->name, member->size, member->mode, &entry, err);
                if (r == 0)
                        memcpy(entry->digest, digest, sizeof digest);
        }
        return r;
}

static int take_all(struct unpacking *u, struct error *err) {
        struct tar_member member;
        uint8_t block[TAR_BLOCK];
        int r;

        for (;;) {
                r = opened_read(u->opened, block, sizeof block, err);
                if (r < 0)
                        return r;
                r = tar_parse(block, &member);
                if (r == 0)
                        break;
                if (r < 0 || !name_sound(member.name))
                        return fail(err, ERR_VERIFY, "El contenido de la copia está mal formado.",
                                    "The backup's content is malformed.");
                r = take_member(u, &member, err);
                if (r < 0)
                        return r;
        }
        r = opened_read(u->opened, block, sizeof block, err);
        if (r == 0 && tar_parse(block, &member) != 0)
                r = fail(err, ERR_VERIFY, "El contenido de la copia está mal formado.",
                         "The backup's content is malformed.");
        return r < 0 ? r : opened_finish(u->opened, err);
}

/* --- the manifest -------------------------------------------------------------------------------------------- */

/* Line by line, so that what differs can be named. */
static int check_sums(const struct unpacking *u, const json_t *manifest, struct error *err) {
        const struct kept *sums = &u->kept[KEPT_SUMS];
        const char *at = sums->data;
        char digest[SHA256_TEXT];

        if (sha256_text(sums->data, sums->n, digest) < 0)
                return fail_memory(err);
        if (strcmp(digest, json_text_or_empty(manifest, "files_sha256")) != 0)
                return fail(err, ERR_VERIFY, "La lista de ficheros de la copia no es la que firmó el puesto.",
                            "The backup's list of files is not the one that the station signed.");
        for (size_t i = 0; i < u->entries.n; i++) {
                const struct entry *entry = &u->entries.rows[i];
                const size_t n = strlen(entry->name);

                if (strlen(at) < 2 * SHA256_SIZE + 2 + n + 1 || memcmp(at, entry->digest, 2 * SHA256_SIZE) != 0 ||
                    memcmp(at + 2 * SHA256_SIZE, "  ", 2) != 0 ||
                    memcmp(at + 2 * SHA256_SIZE + 2, entry->name, n) != 0 || at[2 * SHA256_SIZE + 2 + n] != '\n')
                        return fail(err, ERR_VERIFY, "«%s» no es el fichero que se copió.",
                                    "“%s” is not the file that was backed up.", entry->name);
                at += 2 * SHA256_SIZE + 2 + n + 1;
        }
        if (*at || json_int(manifest, "files", -1) != (json_int_t) u->entries.n ||
            json_int(manifest, "bytes", -1) != (int64_t) entries_bytes(&u->entries))
                return fail(err, ERR_VERIFY, "Faltan ficheros en la copia.", "Files are missing from the backup.");
        return 0;
}

/* Whom to believe: the recovery certificate is in its holder's hands, so the authority that issued it is the
 * organisation's; that authority's station signed the manifest. */
static int check_signers(const struct unpacking *u, X509 *recovery, struct backup *b, struct error *err) {
        const struct kept *manifest = &u->kept[KEPT_MANIFEST], *signature = &u->kept[KEPT_SIGNATURE];
        const char *ca_text = u->kept[KEPT_CA].data, *station_text = u->kept[KEPT_STATION].data;
        _cleanup_(X509_freep) X509 *ca = NULL;
        int r = ca_text && station_text ? certificate_from_pem(ca_text, &ca, err)
                                        : fail(err, ERR_VERIFY, "Faltan certificados en la copia.",
                                               "The backup lacks certificates.");

        if (r == 0)
                r = certificate_from_pem(station_text, &b->station_certificate, err);
        if (r == 0)
                r = certificate_trusted(recovery, ca, CERTIFICATE_RECOVERY, b->created, err);
        if (r == 0)
                r = certificate_trusted(b->station_certificate, ca, CERTIFICATE_STATION, b->created, err);
        if (r == 0)
                r = verify_bytes_with(b->station_certificate, manifest->data, manifest->n,
                                      (const uint8_t *) signature->data, signature->n, err);
        return r;
}

static int read_manifest(const struct unpacking *u, struct backup *b, struct error *err) {
        const struct kept *manifest = &u->kept[KEPT_MANIFEST];
        int r;

        if (!u->kept[KEPT_SUMS].data || !manifest->data || !u->kept[KEPT_SIGNATURE].data)
                return fail(err, ERR_VERIFY, "La copia no tiene manifiesto firmado.",
                            "The backup has no signed manifest.");
        r = json_parse(manifest->data, manifest->n, &b->manifest, err);
        if (r < 0 || strcmp(json_text_or_empty(b->manifest, "format"), container_format) != 0)
                return fail(err, ERR_VERIFY, "El manifiesto de la copia no se entiende.",
                            "The backup's manifest is not understood.");
        r = signature_algorithm_of(b->manifest, err);
        if (r < 0)
                return r;
        b->created = json_int(b->manifest, "time", 0);
        b->files = json_int(b->manifest, "files", 0);
        b->station = json_text_or_empty(b->manifest, "station");
        b->checkpoint = json_text_or_empty(b->manifest, "checkpoint");
        (void) snprintf(b->recipient, sizeof b->recipient, "%s", json_text_or_empty(b->manifest, "recipient"));
        return 0;
}

static int take_station_key(struct unpacking *u, struct backup *b, struct error *err) {
        int r = u->station_key ? identity_key_from_pem(u->station_key->data, u->station_key->size, NULL,
                                                       &b->station_key, err)
                               : ERR_VERIFY;

        if (r < 0 || !certificate_matches(b->station_certificate, b->station_key))
                return fail(err, ERR_VERIFY, "La clave del puesto que va en la copia no es la de su certificado.",
                            "The station's key in the backup is not its certificate's.");
        return 0;
}

int backup_unpack(struct act *act, const char *file, EVP_PKEY *key, X509 *recovery, const char *into, bool all,
                  struct backup *ret, struct error *err) {
        _cleanup_(unpacking_done) struct unpacking u = {
                .act = act,
                .into = into,
                .all = all,
                .kept = { [KEPT_SUMS] = { .name = sums_name, .limit = SUMS_MAX },
                          [KEPT_MANIFEST] = { .name = manifest_name, .limit = SMALL },
                          [KEPT_SIGNATURE] = { .name = signature_name, .limit = TAR_BLOCK },
                          [KEPT_STATION] = { .name = "station.crt", .limit = SMALL },
                          [KEPT_CA] = { .name = "org/ca.crt", .limit = SMALL } },
        };
        int r = opened_start(file, recovery, key, &u.opened, ret->sha256, &ret->size, err);

        if (r < 0)
                return r;
        u.digest = EVP_MD_CTX_new();
        u.block = malloc(BLOCK);
        if (!u.digest || !u.block)
                return fail_memory(err);
        r = take_all(&u, err);
        if (r == 0)
                r = read_manifest(&u, ret, err);
        if (r == 0)
                r = check_signers(&u, recovery, ret, err);
        if (r == 0)
                r = check_sums(&u, ret->manifest, err);
        if (r == 0)
                r = take_station_key(&u, ret, err);
        if (r == 0)
                ret->number = json_int(ret->manifest, "number", 0);
        return r;
}
