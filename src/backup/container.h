/* mpsi-backup/1: one file that ordinary tools open (docs/backup.md).
 *
 * Outside it is a tar of four members: `mpsi-backup` (what this is, in clear text), `keys.cms` (64 random bytes in
 * an envelope to the recovery certificate), `content.enc` and `mac`. The first 32 bytes of the keys encrypt the
 * content with AES-256 in CTR mode, counter from zero, as `openssl enc -aes-256-ctr` does; the other 32 are the key
 * of an HMAC with SHA-256 over every byte of the file before the last TAIL bytes, which hold it. The content is a
 * tar too. Encrypt then MAC: nothing is decrypted before the whole file is known to be as it was written, so that a
 * byte changed, moved, cut off or added anywhere is found first. */
#pragma once

#include "backup/tar.h"
#include "base/digest.h"
#include "base/secret.h"
#include "sign/openssl.h"

enum { CONTAINER_ABOUT_MAX = 4096, CONTAINER_TAIL = 4 * TAR_BLOCK };
extern const char container_format[]; /* "mpsi-backup/1" */

/* --- writing ------------------------------------------------------------------------------------------------- */

struct sealing;

/* Begins `path`.part; the content will be exactly content_size bytes. `about` is text of lines. */
int sealing_start(const char *path, const char *about, int64_t time, X509 *recipient, uint64_t content_size,
                  struct sealing **ret, struct error *err);
int sealing_write(struct sealing *sealing, const void *data, size_t n, struct error *err);
/* Ends the file, syncs it and gives it its name, which must not be there or be an empty file. */
int sealing_finish(struct sealing *sealing, char ret_digest[SHA256_TEXT], int64_t *ret_size, struct error *err);
/* Removes what was not finished. */
void sealing_free(struct sealing *sealing);
DEFINE_CLEANUP(struct sealing, sealing_free)

/* --- reading ------------------------------------------------------------------------------------------------- */

struct opened;

/* Opens the envelope and checks the whole file. ERR_VERIFY: not a backup, not for this key, or not as it was
 * written. Where the file could be read, ret_digest and *ret_size are set even then. */
int opened_start(const char *path, X509 *recipient, EVP_PKEY *key, struct opened **ret,
                 char ret_digest[SHA256_TEXT], int64_t *ret_size, struct error *err);
/* The next n bytes of the content. ERR_VERIFY when there are fewer. */
int opened_read(struct opened *opened, void *data, size_t n, struct error *err);
/* How much of the content was read. */
uint64_t opened_done(const struct opened *opened, uint64_t *ret_total);
/* All was read, and it was what opened_start checked. */
int opened_finish(struct opened *opened, struct error *err);
void opened_free(struct opened *opened);
DEFINE_CLEANUP(struct opened, opened_free)
