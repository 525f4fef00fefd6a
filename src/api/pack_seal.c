/* What makes a pack checkable without mpsi: where the signatures lie, the list of digests, and the seal on it. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/pack_parts.h"
#include "backup/tar.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "sign/identity.h"

enum { CERTIFICATE_BYTES = 64 << 20, FILE_BYTES = 1 << 30 };

static int add_line(struct pack *pack, char *line, struct error *err) {
        _cleanup_free_ char *mine = line, *before = pack->signatures;

        pack->signatures = mine ? str_format("%s%s\n", before ? before : "", mine) : NULL;
        return pack->signatures ? 0 : fail_memory(err);
}

/* Our own files: each signature wrote "/ByteRange [0 LENGTH OFFSET LENGTH" once, padded. */
static int note_ranges(struct pack *pack, const char *pdf, size_t n, const char *name, const json_t *certificate,
                       struct error *err) {
        static const char mark[] = "/ByteRange [";
        const json_t *signatures = json_object_get(certificate, "signatures");
        const char *at = pdf, *end = pdf + n;
        size_t found = 0;

        while ((at = memmem(at, (size_t) (end - at), mark, sizeof mark - 1))) {
                long long first, length, second, rest;
                int64_t moment = act_now(pack->act);
                int r;

                at += sizeof mark - 1;
                (void) time_parse(json_text_or_empty(json_array_get(signatures, found++), "time"), &moment);
                if (sscanf(at, "%lld %lld %lld %lld", &first, &length, &second, &rest) != 4 || first != 0)
                        return fail(err, ERR_VERIFY, "No se entienden las firmas de %s.",
                                    "The signatures of %s are not understood.", name);
                r = add_line(pack,
                             str_format("pdf %s/%s %lld %lld %lld %lld", pack_part_rows[PACK_CERTIFICATES].folder,
                                        name, length, second, rest, (long long) (moment / SECOND)),
                             err);
                if (r < 0)
                        return r;
        }
        return found ? 0
                     : add_line(pack, str_format("unsigned %s/%s", pack_part_rows[PACK_CERTIFICATES].folder, name),
                                err);
}

int pack_note_signatures(struct pack *pack, const char *path, const char *name, const json_t *certificate,
                         struct error *err) {
        _cleanup_free_ char *pdf = NULL;
        size_t n;
        int r = file_read(path, CERTIFICATE_BYTES, &pdf, &n, err);

        return r < 0 ? r : note_ranges(pack, pdf, n, name, certificate, err);
}

/* --- the manifest ----------------------------------------------------------------------------------------------
 */

static int by_path(const void *a, const void *b) {
        return strcmp(json_text_or_empty(*(const json_t *const *) a, "path"),
                      json_text_or_empty(*(const json_t *const *) b, "path"));
}

static int manifest_line(struct pack *pack, const json_t *file, FILE *out, struct error *err) {
        const char *name = json_text_or_empty(file, "path");
        _cleanup_free_ char *path = str_format("%s/%s", pack->folder, name);
        char digest[SHA256_TEXT];
        struct stat st;
        int r = path ? sha256_file(path, digest, err) : fail_memory(err);

        if (r < 0)
                return r;
        if (stat(path, &st) == 0)
                pack->bytes += st.st_size;
        (void) fprintf(out, "%s  %s\n", digest, name);
        return 0;
}

static int manifest_text(struct pack *pack, char **ret, size_t *ret_n, struct error *err) {
        size_t n = json_array_size(pack->files);
        _cleanup_free_ const json_t **files = calloc(n + 1, sizeof(const json_t *));
        FILE *out = files ? open_memstream(ret, ret_n) : NULL;
        int r = 0;

        if (!out)
                return fail_memory(err);
        for (size_t i = 0; i < n; i++)
                files[i] = json_array_get(pack->files, i);
        qsort(files, n, sizeof(const json_t *), by_path);
        for (size_t i = 0; r == 0 && i < n; i++)
                r = manifest_line(pack, files[i], out, err);
        if (fclose(out) != 0 && r == 0)
                r = fail_memory(err);
        return r;
}

static int sign_manifest(struct pack *pack, struct error *err) {
        _cleanup_free_ char *text = NULL;
        _cleanup_free_ uint8_t *signature = NULL;
        size_t n = 0, signature_n;
        int r = manifest_text(pack, &text, &n, err);

        if (r == 0)
                r = sign_bytes(pack->seal_key, text, n, &signature, &signature_n, err);
        if (r == 0)
                r = pack_write(pack, "MANIFEST.sha256", text, n, err);
        if (r == 0)
                r = pack_write(pack, "MANIFEST.sig", (const char *) signature, signature_n, err);
        if (r == 0 && sha256_text(text, n, pack->manifest) < 0)
                r = fail_memory(err);
        return r;
}

static int write_verifier(struct pack *pack, struct error *err) {
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);

        if (!out)
                return fail_memory(err);
        for (size_t i = 0; pack_verifier[i]; i++)
                (void) fprintf(out, "%s\n", pack_verifier[i]);
        if (fclose(out) != 0)
                return fail_memory(err);
        return pack_write(pack, "verify.sh", text, n, err);
}

int pack_seal(struct pack *pack, struct error *err) {
        _cleanup_free_ char *lines = str_format("pack %lld\n%s", (long long) (act_now(pack->act) / SECOND),
                                                pack->signatures ? pack->signatures : "");
        int r = lines ? pack_write(pack, "verify.txt", lines, strlen(lines), err) : fail_memory(err);

        if (r == 0)
                r = write_verifier(pack, err);
        return r < 0 ? r : sign_manifest(pack, err);
}

/* --- as one file -----------------------------------------------------------------------------------------------
 */

static int tar_one(const struct pack *pack, const char *name, FILE *out, struct error *err) {
        static const char zeros[TAR_BLOCK];
        _cleanup_free_ char *path = str_format("%s/%s", pack->folder, name), *data = NULL;
        struct tar_member member = { .mode = 0640, .time = act_now(pack->act) / SECOND };
        uint8_t header[TAR_BLOCK];
        size_t n;
        int r = path ? file_read(path, FILE_BYTES, &data, &n, err) : fail_memory(err);

        if (r < 0)
                return r;
        member.size = n;
        if ((size_t) snprintf(member.name, sizeof member.name, "mpsi-pack/%s", name) >= sizeof member.name)
                return fail(err, ERR_FAILED, "El nombre «%.120s» es demasiado largo.", "Name “%.120s” is too long.",
                            name);
        r = tar_header(&member, header, err);
        if (r < 0)
                return r;
        if (fwrite(header, sizeof header, 1, out) != 1 || (n && fwrite(data, n, 1, out) != 1) ||
            (tar_padded(n) > n && fwrite(zeros, (size_t) tar_padded(n) - n, 1, out) != 1))
                return fail(err, ERR_FAILED, "No se puede escribir el archivo.", "The archive can't be written.");
        return 0;
}

int pack_to_tar(const struct pack *pack, const char *path, struct error *err) {
        static const char zeros[2 * TAR_BLOCK];
        FILE *out = fopen(path, "wxe");
        const json_t *file;
        size_t i;
        int r = out ? 0
                    : fail(err, ERR_FAILED, "No se puede escribir «%.300s».", "“%.300s” can't be written.", path);

        if (r < 0)
                return r;
        json_array_foreach(pack->files, i, file) {
                if (r == 0)
                        r = tar_one(pack, json_text_or_empty(file, "path"), out, err);
        }
        if (r == 0 && fwrite(zeros, sizeof zeros, 1, out) != 1)
                r = fail(err, ERR_FAILED, "No se puede escribir el archivo.", "The archive can't be written.");
        if (fclose(out) != 0 && r == 0)
                r = fail(err, ERR_FAILED, "No se puede escribir el archivo.", "The archive can't be written.");
        return r;
}
