#include "api/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "act/report.h"
#include "api/pack_parts.h"
#include "base/file.h"
#include "base/str.h"
#include "certify/certify.h"
#include "ledger/ledger.h"

enum { ROOM_LEAST = 32 << 20 };

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
        (void) st, (void) kind, (void) ftw;
        return remove(path);
}

static void pack_done(struct pack *pack) {
        if (pack->folder)
                (void) nftw(pack->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(pack->folder);
        free(pack->signatures);
        json_decref(pack->files);
        json_decref(pack->missing);
        EVP_PKEY_free(pack->seal_key);
        X509_free(pack->seal);
}

/* --- before anything is written --------------------------------------------------------------------------------
 */

/* The days asked for, or the last year. */
static int settle_period(struct pack *pack, const json_t *args, struct error *err) {
        int64_t from, to;

        date_of(act_now(pack->act) - 365 * DAY, pack->from);
        date_of(act_now(pack->act), pack->to);
        if (json_text(args, "from"))
                (void) snprintf(pack->from, sizeof pack->from, "%s", json_text(args, "from"));
        if (json_text(args, "to"))
                (void) snprintf(pack->to, sizeof pack->to, "%s", json_text(args, "to"));
        if (date_parse(pack->from, &from) < 0 || date_parse(pack->to, &to) < 0 || to < from)
                return fail(err, ERR_USAGE, "El periodo va de %s a %s.", "The period goes from %s to %s.",
                            pack->from, pack->to);
        time_format(from, pack->since);
        time_format(to + DAY, pack->until);
        return 0;
}

static int refuse_there(const char *out, struct error *err) {
        struct stat st;

        if (lstat(out, &st) < 0 && errno == ENOENT)
                return 0;
        (void) fail(err, ERR_CONFLICT, "Ya existe «%.300s».", "“%.300s” exists already.", out);
        return hint(err, "Un paquete no se escribe sobre nada: diga otro nombre con --out.",
                    "A pack is written over nothing: name another place with --out.");
}

/* Bytes of a file of the store, 0 when it is not there. */
static int64_t size_of(const struct act *act, const char *folder, const char *name) {
        _cleanup_free_ char *path = act_path(act, folder, name);
        struct stat st;

        return path && stat(path, &st) == 0 ? st.st_size : 0;
}

/* The forms say what the registry holds, some of it three times; the certificates are copied as they are. */
static int refuse_full(struct pack *pack, const char *parent, bool tar, struct error *err) {
        int64_t needed = ROOM_LEAST + 3 * size_of(pack->act, NULL, "registry.db"), there;
        struct statvfs fs;

        if (statvfs(parent, &fs) < 0)
                return fail_errno(err, errno, "No se puede usar «%s»", "“%s” can't be used", parent);
        if (tar)
                needed *= 2;
        there = (int64_t) (fs.f_bavail * fs.f_frsize);
        if (there >= needed)
                return 0;
        return fail(err, ERR_FAILED, "En «%.200s» quedan %lld MiB y el paquete necesita unos %lld.",
                    "“%.200s” has %lld MiB left and the pack needs some %lld.", parent, (long long) (there >> 20),
                    (long long) (needed >> 20));
}

/* A hidden name of its own in the same folder, so that the last step is one rename. */
static int make_folder(struct pack *pack, const char *out, bool tar, struct error *err) {
        _cleanup_free_ char *copy = strdup(out), *template = NULL;
        const char *parent = copy ? dirname(copy) : NULL;
        int r;

        if (!parent)
                return fail_memory(err);
        r = refuse_full(pack, parent, tar, err);
        if (r < 0)
                return r;
        template = str_format("%s/.mpsi-pack-XXXXXX", parent);
        if (!template)
                return fail_memory(err);
        if (!mkdtemp(template))
                return fail_errno(err, errno, "No se puede escribir en «%s»", "“%s” can't be written", parent);
        pack->folder = TAKE_PTR(template);
        return 0;
}

/* --- the end ----------------------------------------------------------------------------------------------------
 */

static int sync_folder(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -1 : syncfs(fd);
}

/* Whole and durable under its name, or not at all. */
static int put_in_place(struct pack *pack, const char *out, bool tar, struct error *err) {
        _cleanup_free_ char *archive = tar ? str_format("%s.tar", pack->folder) : NULL, *copy = strdup(out);
        const char *from = tar ? archive : pack->folder;
        int r = copy && from ? 0 : fail_memory(err);

        if (r == 0 && tar)
                r = pack_to_tar(pack, archive, err);
        if (r == 0 && (sync_folder(pack->folder) < 0 || (!tar && chmod(pack->folder, 0750) < 0) ||
                       renameat2(AT_FDCWD, from, AT_FDCWD, out, RENAME_NOREPLACE) < 0))
                r = fail_errno(err, errno, "No se puede escribir «%s»", "“%s” can't be written", out);
        if (r < 0 && archive)
                (void) unlink(archive);
        if (r < 0)
                return r;
        if (!tar) {
                free(pack->folder);
                pack->folder = NULL;
        }
        return dir_sync(dirname(copy), err);
}

static json_t *description(const struct pack *pack) {
        return json_pack("{s:s, s:s, s:s, s:s*}", "for", pack->reader, "from", pack->from, "to", pack->to,
                         "category", pack->category);
}

static int record_started(struct pack *pack, struct error *err) {
        _cleanup_json_ json_t *data = description(pack);
        int r = data ? act_record_one(pack->act, "pack.started", pack->act->person, data, err) : fail_memory(err);

        pack->started = r == 0 ? ledger_size(pack->act->ledger) : 0;
        return r;
}

/* Said before the rename: a pack that stands there is on record. */
static int record_made(struct pack *pack, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = description(pack);
        int r;

        if (!data || json_object_set_new(data, "manifest", json_string(pack->manifest)) ||
            json_object_set_new(data, "files", json_integer((json_int_t) json_array_size(pack->files))) ||
            json_object_set_new(data, "bytes", json_integer(pack->bytes)) ||
            json_object_set_new(data, "missing", json_integer((json_int_t) json_array_size(pack->missing))))
                return fail_memory(err);
        r = act_record_one(pack->act, "pack.made", pack->act->person, data, err);
        if (r == 0)
                *ret = TAKE_PTR(data);
        return r;
}

static void say(struct pack *pack, const char *out) {
        const json_t *one;
        size_t i;

        act_say(pack->act, "Paquete de %zu ficheros para %.100s en %.300s.",
                "Pack of %zu files for %.100s in %.300s.", json_array_size(pack->files), pack->reader, out);
        json_array_foreach(pack->missing, i, one) {
                const struct text name = pack_part_rows[json_int(one, "part", 0)].name;

                act_say(pack->act, "Falta: %s%.0s: %.200s%.0s", "Missing: %.0s%s: %.0s%.200s", name.es, name.en,
                        json_text_or_empty(one, "es"), json_text_or_empty(one, "en"));
        }
        act_say(pack->act,
                "Se comprueba con «sh verify.sh RAÍZ.pem»; entregue el certificado de la organización por otra "
                "vía.",
                "It is verified with “sh verify.sh ROOT.pem”; hand the organisation's certificate over by another "
                "way.");
}

/* All forms and lists are of one moment, and others write while they are drawn; the ledger's part comes after the
 * record of them. What is left is files. */
static int fill(struct pack *pack, struct error *err) {
        struct act *act = pack->act;
        int r = report_hold(act, pack->started, err), resumed;

        if (r == 0)
                r = pack_gather(pack, err);
        r = report_release(act, r, err);
        if (r == 0)
                r = pack_gather_ledger(pack, err);
        if (r < 0)
                return r;
        (void) act_pause(act, NULL);
        r = pack_write_index(pack, err);
        if (r == 0)
                r = pack_seal(pack, err);
        resumed = act_resume(act, r == 0 ? err : NULL);
        return r < 0 ? r : resumed;
}

static int make(struct pack *pack, const char *out, bool tar, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *answer = NULL;
        int r = certify_seal_load(pack->act, &pack->seal_key, &pack->seal, err);

        if (r == 0)
                r = make_folder(pack, out, tar, err);
        if (r == 0)
                r = record_started(pack, err);
        if (r == 0)
                r = fill(pack, err);
        if (r == 0)
                r = record_made(pack, &answer, err);
        if (r == 0)
                r = put_in_place(pack, out, tar, err);
        if (r < 0)
                return r;
        say(pack, out);
        *ret = TAKE_PTR(answer);
        return 0;
}

static int run_pack(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(pack_done) struct pack pack = { .act = act,
                                                  .files = json_array(),
                                                  .missing = json_array(),
                                                  .category = json_text(args, "category"),
                                                  .reader = json_text(args, "for") };
        const char *out = json_text(args, "out"), *dot = strrchr(out, '.');
        bool tar = dot && strcmp(dot, ".tar") == 0;
        int r = pack.files && pack.missing ? settle_period(&pack, args, err) : fail_memory(err);

        if (r == 0)
                r = refuse_there(out, err);
        return r < 0 || act->dry_run ? r : make(&pack, out, tar, ret, err);
}

static const struct param params[] = {
        { "out", PARAM_OUTPUT, PARAM_REQUIRED | PARAM_NEW | PARAM_FOLDER,
          HELP("carpeta nueva, o archivo .tar; por el puesto solo .tar",
               "new folder, or .tar file; over the station's socket .tar only"),
          0, 0, NULL, 0 },
        { "for", PARAM_TEXT, PARAM_REQUIRED,
          HELP("para quién: el auditor que lo pide", "whom it is for: the auditor who asks"), 0, 120, NULL, 0 },
        { "from", PARAM_DATE, 0,
          HELP("desde este día; hace un año si no se dice", "from this day; a year back unless said"), 0, 0, NULL,
          0 },
        { "to", PARAM_DATE, 0, HELP("hasta este día", "until this day"), 0, 0, NULL, 0 },
        { "category", PARAM_TERM, 0, HELP("solo soportes de esta categoría", "media of this category only"), 0, 0,
          category_terms, CATEGORIES },
};

static const struct column columns[] = {
        { "for", HELP("PARA", "FOR") },
        { "from", HELP("DESDE", "FROM") },
        { "to", HELP("HASTA", "TO") },
        { "files", HELP("FICHEROS", "FILES") },
        { "bytes", HELP("BYTES", "BYTES") },
        { "missing", HELP("FALTA", "MISSING") },
        { "manifest", HELP("SHA-256 DE LA LISTA", "SHA-256 OF THE LIST") },
};

/* A4: an auditor's role exports nothing in bulk; the administrator makes the pack for them, on record. */
static const struct verb verbs[] = {
        { "report", "pack", ROLE_SECURITY, VERB_WRITES | VERB_BULK,
          HELP("Todo lo que pide un auditor, por medidas, sellado y comprobable sin mpsi (A2, A4)",
               "All that an auditor asks for, by measure, sealed and verifiable without mpsi (A2, A4)"),
          PARAMS(params), COLUMNS(columns), .run = run_pack },
};

static const struct event_type events[] = { { "pack.started", NULL }, { "pack.made", NULL } };

const struct room pack_room = {
        .verbs = verbs, .verbs_n = COUNT(verbs), .events = events, .events_n = COUNT(events)
};
