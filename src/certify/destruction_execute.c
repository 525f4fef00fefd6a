/* `destroy execute`: everything that the certificate will state is gathered, read and signed before one fact is
 * recorded. */
#include <libgen.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/str.h"
#include "certify/internal.h"
#include "policy/rule.h"
#include "sign/algorithm.h"

struct execution {
        json_t *destruction;
        struct medium medium;
        enum destruction_method method;
        struct person supervisor;
        int64_t area;
        const char *seen_as;
        json_t *photos;
        char report[SHA256_TEXT]; /* of the forensic report, or "" */
};

static void execution_done(struct execution *e) {
        json_decref(e->destruction);
        json_decref(e->photos);
        person_done(&e->supervisor);
}
#define _cleanup_execution_ _cleanup_(execution_done)

/* JPEG, PNG, WebP, TIFF, HEIF/AVIF: what a camera or telephone leaves. */
static bool is_picture(const char *data, size_t n) {
        static const struct {
                size_t at, n;
                const char *bytes;
        } marks[] = {
                { 0, 3, "\xff\xd8\xff" }, { 0, 8, "\x89PNG\r\n\x1a\n" }, { 8, 4, "WEBP" },     { 0, 4, "II*\0" },
                { 0, 4, "MM\0*" },        { 4, 8, "ftypheic" },          { 4, 8, "ftypheix" }, { 4, 8, "ftypmif1" },
                { 4, 8, "ftypavif" },
        };

        for (size_t i = 0; i < COUNT(marks); i++)
                if (n > 64 && memcmp(data + marks[i].at, marks[i].bytes, marks[i].n) == 0)
                        return true;
        return false;
}

static int read_photo(struct act *act, const char *path, const char *moment, json_t *into, struct error *err) {
        _cleanup_free_ char *data = NULL, *copy = strdup(path), *used = NULL;
        char digest[SHA256_TEXT];
        const char *name;
        size_t n;
        int r = copy ? file_read(path, PHOTO_MAX_BYTES, &data, &n, err) : fail_memory(err);

        if (r < 0)
                return r;
        if (!is_picture(data, n))
                return refuse(err, ERR_REFUSED, "S8", "%s no es una foto.", "%s is no photo.", path);
        r = act_attach(act, data, n, digest, err);
        if (r < 0)
                return r;
        r = db_text(act->db, &used, err, "SELECT destruction FROM destruction_photo WHERE sha256 = ?", "s", digest);
        if (r == 0)
                return refuse(err, ERR_REFUSED, "S8", "%s ya es prueba de la destrucción %s.",
                              "%s is evidence of destruction %s already.", path, used);
        if (r != ERR_NOT_FOUND)
                return r;
        name = basename(copy);
        return json_array_append_new(into, json_pack("{s:s, s:s, s:s}", "moment", moment, "name",
                                                     text_is_plain(name) ? name : "photo", "sha256", digest))
                       ? fail_memory(err)
                       : 0;
}

static int read_photos(struct act *act, const json_t *args, struct execution *e, struct error *err) {
        static const char *const moments[] = { "before", "after" };
        const char *digests[2 * PHOTOS_MAX];
        size_t counts[2];
        int r = 0;

        e->photos = json_array();
        for (int m = 0; m < 2; m++) {
                const json_t *paths = json_object_get(args, moments[m]);

                counts[m] = json_array_size(paths);
                if (counts[m] > PHOTOS_MAX)
                        return fail(err, ERR_USAGE, "Demasiadas fotos (%d como mucho).",
                                    "Too many photos (%d at most).", PHOTOS_MAX);
                for (size_t i = 0; r == 0 && i < counts[m]; i++)
                        r = read_photo(act, json_string_value(json_array_get(paths, i)), moments[m], e->photos,
                                       err);
        }
        if (r < 0)
                return r;
        for (size_t i = 0; i < counts[0] + counts[1]; i++)
                digests[i] = json_text(json_array_get(e->photos, i), "sha256");
        return destruction_judge_photos(digests, counts[0], counts[1], err);
}

/* S8: the medium in hand is the approved one. Its serial number when it has one; else its label. */
static int check_seen(struct act *act, const char *seen, struct execution *e, struct error *err) {
        const struct medium *medium = &e->medium;
        char id[MEDIUM_ID_TEXT];
        const char *how;
        int r;

        if (*medium->serial || *medium->wwn) {
                bool serial = *medium->serial && strcasecmp(seen, medium->serial) == 0;

                if (!serial && (!*medium->wwn || strcasecmp(seen, medium->wwn) != 0))
                        return refuse(err, ERR_REFUSED, "S8", "En el soporte se lee «%s» y el de %s es «%s».",
                                      "The medium reads “%s” and that of %s is “%s”.", seen, medium->id,
                                      *medium->serial ? medium->serial : medium->wwn);
                e->seen_as = serial ? "serial" : "wwn";
                return 0;
        }
        r = medium_resolve(act->db, seen, id, &how, err);
        if (r < 0)
                return r;
        if (strcmp(id, medium->id) != 0)
                return refuse(err, ERR_REFUSED, "S8", "En el soporte se lee %s y el aprobado es %s.",
                              "The medium reads %s and the approved one is %s.", id, medium->id);
        e->seen_as = "label";
        return 0;
}

static int check_remains(const json_t *args, struct execution *e, struct error *err) {
        const char *text = json_text(args, "remains");

        e->area = AREA_NONE;
        if (text && area_parse(text, &e->area) < 0)
                return fail(err, ERR_USAGE, "«%s» no es una superficie en mm².", "“%s” is no area in mm².", text);
        return destruction_judge_remains(e->medium.kind, e->medium.classification, e->method, e->area, err);
}

/* S4: the report is kept like the photos, by its digest. */
static int read_report(struct act *act, const json_t *args, struct execution *e, struct error *err) {
        const char *path = json_text(args, "report");
        int r = path ? act_attach_file(act, path, PHOTO_MAX_BYTES, e->report, err) : 0;

        return r < 0 ? r
                     : destruction_judge_forensic(e->medium.classification, e->method,
                                                  json_int(args, "fragments", 0), path != NULL, err);
}

static int decide(struct act *act, const json_t *args, struct execution *e, struct error *err) {
        _cleanup_free_ char *shown_es = NULL, *shown_en = NULL;
        int r = destruction_find(act, json_text(args, "destruction"), &e->destruction, err);

        if (r == 0)
                r = destruction_demand_state(e->destruction, DESTRUCTION_APPROVED, err);
        if (r == 0)
                r = medium_load(act->db, json_text(e->destruction, "medium"), &e->medium, err);
        if (r == 0)
                r = person_load(act->db, json_text(args, "supervisor"), &e->supervisor, err);
        if (r == 0)
                r = destruction_judge_execution(act->person, json_text_or_empty(e->destruction, "decided_by"),
                                                e->supervisor.name, e->supervisor.roles, err);
        if (r == 0 && e->supervisor.blocked)
                r = refuse(err, ERR_DENIED, "X4", "%s está bloqueado.", "%s is blocked.", e->supervisor.name);
        if (r < 0)
                return r;
        e->method = (enum destruction_method) term_parse(destruction_method_terms, DESTRUCTION_METHODS,
                                                         json_text(e->destruction, "method"));
        /* The classification may have risen since the approval. */
        r = destruction_judge_method(e->medium.kind, e->medium.classification, e->method, err);
        if (r == 0)
                r = check_remains(args, e, err);
        if (r == 0)
                r = check_seen(act, json_text(args, "seen"), e, err);
        if (r < 0)
                return r;
        shown_es = str_format("%s, %s %s, serie %s: teclee su identificador: ", e->medium.id, e->medium.vendor,
                              e->medium.model, e->medium.serial);
        shown_en = str_format("%s, %s %s, serial %s: type its ID: ", e->medium.id, e->medium.vendor,
                              e->medium.model, e->medium.serial);
        if (!shown_es || !shown_en)
                return fail_memory(err);
        return act_confirm(act, json_text(args, "confirm"), e->medium.id, (struct text){ shown_es, shown_en }, err);
}

/* What the supervisor signs: the whole of what was seen, as canonical JSON. */
static int draft_statement(struct act *act, const json_t *args, const struct execution *e, json_t **ret_data,
                           char **ret_text, struct error *err) {
        char now[TIME_TEXT], area[AREA_TEXT] = "";
        json_t *data;
        int r;

        time_format(act_now(act), now);
        if (e->area != AREA_NONE)
                area_format(e->area, area);
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s*, s:I, s:s*, s:O}",
                         "algorithm", signature_algorithm, "destruction", json_text(e->destruction, "destruction"),
                         "medium", e->medium.id, "method", destruction_method_terms[e->method].code, "executor",
                         act->person, "supervisor", e->supervisor.name, "equipment", json_text(args, "equipment"),
                         "place", json_text(args, "place"), "seen", json_text(args, "seen"), "seen_as", e->seen_as,
                         "complete", 1, "when", now, "area", *area ? area : NULL, "fragments",
                         (json_int_t) json_int(args, "fragments", 0), "report", *e->report ? e->report : NULL,
                         "photos", e->photos);
        if (!data)
                return fail_memory(err);
        r = json_canonical(data, ret_text, err);
        if (r < 0) {
                json_decref(data);
                return r;
        }
        *ret_data = data;
        return 0;
}

/* The supervisor's PIN opens their key: they are present, and this is what they saw. */
static int supervisor_signs(struct act *act, const struct execution *e, const char *statement, json_t *data,
                            struct error *err) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_free_ uint8_t *signature = NULL;
        _cleanup_free_ char *text = NULL;
        char fingerprint[SHA256_TEXT];
        size_t n;
        int r = person_key_load(act, &e->supervisor, &key, &certificate, err);

        if (r == 0)
                r = certificate_fingerprint(certificate, fingerprint, err);
        if (r == 0)
                r = sign_bytes(key, statement, strlen(statement), &signature, &n, err);
        if (r < 0)
                return r;
        text = base64_encode(signature, n);
        if (!text || json_object_set_new(data, "statement", json_string(statement)) ||
            json_object_set_new(data, "signature", json_string(text)) ||
            json_object_set_new(data, "fingerprint", json_string(fingerprint)))
                return fail_memory(err);
        return 0;
}

int destroy_run_execute(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_execution_ struct execution e = { 0 };
        _cleanup_json_ json_t *data = NULL;
        _cleanup_free_ char *statement = NULL;
        int r = decide(act, args, &e, err);

        if (r == 0)
                r = read_photos(act, args, &e, err);
        if (r == 0)
                r = read_report(act, args, &e, err);
        if (r == 0)
                r = draft_statement(act, args, &e, &data, &statement, err);
        if (r == 0)
                r = supervisor_signs(act, &e, statement, data, err);
        if (r == 0)
                r = act_record_one(act, "destruction.executed", e.medium.id, data, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Destruido. Siguiente: «mpsi certificate issue %s».",
                "Destroyed. Next: “mpsi certificate issue %s”.", e.medium.id);
        return destruction_find(act, json_text(e.destruction, "destruction"), ret, err);
}
