/* `destroy execute`: everything that the certificate will state is gathered, read and signed before one fact is
 * recorded. */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/str.h"
#include "certify/internal.h"
#include "policy/rule.h"
#include "sign/algorithm.h"

/* One of the media that are destroyed together, and as what it was known. */
struct destroyed {
        const json_t *destruction; /* borrowed */
        struct medium medium;
        const char *seen, *seen_as;
};

struct execution {
        json_t *destruction; /* the one that was named */
        json_t *together;    /* all that were asked for with it */
        struct destroyed *media;
        size_t n;
        enum destruction_method method;
        struct person supervisor;
        int64_t area;
        json_t *photos;
        json_t *provider;
        char report[SHA256_TEXT];   /* of the forensic report, or "" */
        char provided[SHA256_TEXT]; /* of the provider's own certificate, or "" */
};

static void execution_done(struct execution *e) {
        json_decref(e->destruction);
        json_decref(e->together);
        json_decref(e->photos);
        json_decref(e->provider);
        free(e->media);
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
        r = db_text(act->db, &used, err, "SELECT destruction FROM destruction_photo WHERE sha256 = ? LIMIT 1", "s",
                    digest);
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

/* How a text names a medium: by the serial number or WWN that it has; else by its label. NULL: it does not. */
static const char *known_as(struct act *act, const struct medium *medium, const char *seen) {
        char id[MEDIUM_ID_TEXT];
        const char *how;

        if (*medium->serial && strcasecmp(seen, medium->serial) == 0)
                return "serial";
        if (*medium->wwn && strcasecmp(seen, medium->wwn) == 0)
                return "wwn";
        if (*medium->serial || *medium->wwn || medium_resolve(act->db, seen, id, &how, NULL) < 0)
                return NULL;
        return strcmp(id, medium->id) == 0 ? "label" : NULL;
}

static int refuse_seen(struct act *act, const struct medium *medium, const char *seen, struct error *err) {
        char id[MEDIUM_ID_TEXT];
        const char *how;
        int r;

        if (*medium->serial || *medium->wwn)
                return refuse(err, ERR_REFUSED, "S8", "En el soporte se lee «%s» y el de %s es «%s».",
                              "The medium reads “%s” and that of %s is “%s”.", seen, medium->id,
                              *medium->serial ? medium->serial : medium->wwn);
        r = medium_resolve(act->db, seen, id, &how, err);
        return r < 0 ? r
                     : refuse(err, ERR_REFUSED, "S8", "En el soporte se lee %s y el aprobado es %s.",
                              "The medium reads %s and the approved one is %s.", id, medium->id);
}

/* S8: the media in hand are the approved ones, each of them once and no other. */
static int check_seen(struct act *act, const json_t *args, struct execution *e, struct error *err) {
        const json_t *list = json_object_get(args, "seen"), *text;
        size_t i;

        json_array_foreach(list, i, text) {
                const char *seen = json_string_value(text);
                size_t m = 0;

                while (m < e->n &&
                       (e->media[m].seen_as || !(e->media[m].seen_as = known_as(act, &e->media[m].medium, seen))))
                        m++;
                if (m == e->n && e->n == 1)
                        return refuse_seen(act, &e->media[0].medium, seen, err);
                if (m == e->n)
                        return refuse(err, ERR_REFUSED, "S8", "«%s» no es de ningún soporte que falte en el lote.",
                                      "“%s” is of no medium that is still missing in the batch.", seen);
                e->media[m].seen = seen;
        }
        for (size_t m = 0; m < e->n; m++)
                if (!e->media[m].seen_as)
                        return refuse(err, ERR_REFUSED, "S8", "No se ha leído el soporte %s del lote.",
                                      "Medium %s of the batch was not read.", e->media[m].medium.id);
        return 0;
}

static int check_remains(const json_t *args, struct execution *e, struct error *err) {
        const char *text = json_text(args, "remains");
        int r = 0;

        e->area = AREA_NONE;
        if (text && area_parse(text, &e->area) < 0)
                return fail(err, ERR_USAGE, "«%s» no es una superficie en mm².", "“%s” is no area in mm².", text);
        for (size_t i = 0; r == 0 && i < e->n; i++)
                r = destruction_judge_remains(e->media[i].medium.kind, e->media[i].medium.classification, e->method,
                                              e->area, err);
        return r;
}

/* S4: the report is kept like the photos, by its digest. */
static int read_report(struct act *act, const json_t *args, struct execution *e, struct error *err) {
        const char *path = json_text(args, "report"), *provided = json_text(args, "provider-certificate");
        int r = path ? act_attach_file(act, path, PHOTO_MAX_BYTES, e->report, err) : 0;

        if (r == 0 && provided)
                r = act_attach_file(act, provided, PHOTO_MAX_BYTES, e->provided, err);
        for (size_t i = 0; r == 0 && i < e->n; i++)
                r = destruction_judge_forensic(e->media[i].medium.classification, e->method,
                                               json_int(args, "fragments", 0), path != NULL, err);
        return r;
}

/* Those that were approved; one that nobody decided on yet keeps the batch waiting, a refused one is left out. */
static int gather_media(struct act *act, struct execution *e, struct error *err) {
        const json_t *one;
        size_t i;
        bool batch = json_array_size(e->together) > 1;
        int r = 0;

        e->media = calloc(json_array_size(e->together) + 1, sizeof *e->media);
        if (!e->media)
                return fail_memory(err);
        json_array_foreach(e->together, i, one) {
                struct destroyed *item = &e->media[e->n];

                if (batch && destruction_is(one, DESTRUCTION_REFUSED))
                        continue;
                r = destruction_demand_state(one, DESTRUCTION_APPROVED, err);
                if (r == 0)
                        r = medium_load(act->db, json_text(one, "medium"), &item->medium, err);
                /* It may have been lent or sent since the approval. */
                if (r == 0)
                        r = destruction_refuse_absent(&item->medium, err);
                if (r == 0)
                        r = destruction_judge_execution(act->person, json_text_or_empty(one, "decided_by"),
                                                        e->supervisor.name, e->supervisor.roles, err);
                /* The classification may have risen since the approval. */
                if (r == 0)
                        r = destruction_judge_method(item->medium.kind, item->medium.classification, e->method,
                                                     err);
                if (r < 0)
                        return r;
                item->destruction = one;
                e->n++;
        }
        return e->n ? 0 : destruction_demand_state(e->destruction, DESTRUCTION_APPROVED, err);
}

static int check_provider(struct act *act, const json_t *args, struct execution *e, struct error *err) {
        if (json_text(args, "provider"))
                return provider_demand(act, json_text(args, "provider"), &e->provider, err);
        if (json_text(args, "provider-certificate"))
                return fail(err, ERR_USAGE, "--provider-certificate va con --provider.",
                            "--provider-certificate goes with --provider.");
        return 0;
}

static int confirm(struct act *act, const json_t *args, const struct execution *e, struct error *err) {
        const struct medium *medium = &e->media[0].medium;
        const char *batch = json_text_or_empty(e->destruction, "batch");
        _cleanup_free_ char *es = NULL, *en = NULL;

        if (e->n == 1) {
                es = str_format("%s, %s %s, serie %s: teclee su identificador: ", medium->id, medium->vendor,
                                medium->model, medium->serial);
                en = str_format("%s, %s %s, serial %s: type its ID: ", medium->id, medium->vendor, medium->model,
                                medium->serial);
        } else {
                es = str_format("%zu soportes de la destrucción %s: teclee %s: ", e->n, batch, batch);
                en = str_format("%zu media of destruction %s: type %s: ", e->n, batch, batch);
        }
        if (!es || !en)
                return fail_memory(err);
        return act_confirm(act, json_text(args, "confirm"), e->n == 1 ? medium->id : batch, (struct text){ es, en },
                           err);
}

static int decide(struct act *act, const json_t *args, struct execution *e, struct error *err) {
        int r = destruction_find(act, json_text(args, "destruction"), &e->destruction, err);

        if (r == 0)
                r = destruction_together(act, e->destruction, &e->together, err);
        if (r == 0)
                r = person_load(act->db, json_text(args, "supervisor"), &e->supervisor, err);
        if (r < 0)
                return r;
        e->method = (enum destruction_method) term_parse(destruction_method_terms, DESTRUCTION_METHODS,
                                                         json_text(e->destruction, "method"));
        r = gather_media(act, e, err);
        if (r == 0 && e->supervisor.blocked)
                r = refuse(err, ERR_DENIED, "X4", "%s está bloqueado.", "%s is blocked.", e->supervisor.name);
        if (r == 0)
                r = check_provider(act, args, e, err);
        if (r == 0)
                r = check_remains(args, e, err);
        if (r == 0)
                r = check_seen(act, args, e, err);
        return r < 0 ? r : confirm(act, args, e, err);
}

/* The papers that the provider showed, as they were that day. */
static json_t *papers_of(const json_t *provider) {
        const json_t *rows = json_object_get(provider, "rows"), *row;
        json_t *list = provider ? json_array() : NULL;
        size_t i;

        json_array_foreach(rows, i, row) {
                (void) json_array_append_new(
                        list, json_pack("{s:O, s:O, s:O, s:O, s:O}", "kind", json_object_get(row, "kind"),
                                        "reference", json_object_get(row, "reference"), "issued",
                                        json_object_get(row, "issued"), "expires", json_object_get(row, "expires"),
                                        "sha256", json_object_get(row, "sha256")));
        }
        return list;
}

/* Which media: of one, its own members; of several, a list. */
static int add_media(const struct execution *e, json_t *data, struct error *err) {
        json_t *list;

        if (e->n == 1)
                return json_object_set(data, "destruction",
                                       json_object_get(e->media[0].destruction, "destruction")) ||
                                       json_object_set_new(data, "medium", json_string(e->media[0].medium.id)) ||
                                       json_object_set_new(data, "seen", json_string(e->media[0].seen)) ||
                                       json_object_set_new(data, "seen_as", json_string(e->media[0].seen_as))
                               ? fail_memory(err)
                               : 0;
        list = json_array();
        if (!list || json_object_set_new(data, "media", list) ||
            json_object_set(data, "batch", json_object_get(e->destruction, "batch")))
                return fail_memory(err);
        for (size_t i = 0; i < e->n; i++)
                if (json_array_append_new(list, json_pack("{s:O, s:s, s:s, s:s}", "destruction",
                                                          json_object_get(e->media[i].destruction, "destruction"),
                                                          "medium", e->media[i].medium.id, "seen", e->media[i].seen,
                                                          "seen_as", e->media[i].seen_as)))
                        return fail_memory(err);
        return 0;
}

/* What the supervisor signs: the whole of what was seen, as canonical JSON. */
static int draft_statement(struct act *act, const json_t *args, const struct execution *e, json_t **ret_data,
                           char **ret_text, struct error *err) {
        char now[TIME_TEXT], area[AREA_TEXT] = "";
        _cleanup_json_ json_t *data = NULL;
        int r;

        time_format(act_now(act), now);
        if (e->area != AREA_NONE)
                area_format(e->area, area);
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s*, s:I, s:s*, s:O, s:s*, s:o*, s:s*}",
                         "algorithm", signature_algorithm, "method", destruction_method_terms[e->method].code,
                         "executor", act->person, "supervisor", e->supervisor.name, "equipment",
                         json_text(args, "equipment"), "place", json_text(args, "place"), "complete", 1, "when",
                         now, "area", *area ? area : NULL, "fragments", (json_int_t) json_int(args, "fragments", 0),
                         "report", *e->report ? e->report : NULL, "photos", e->photos, "provider",
                         json_text(args, "provider"), "provider_papers", papers_of(e->provider),
                         "provider_certificate", *e->provided ? e->provided : NULL);
        r = data ? add_media(e, data, err) : fail_memory(err);
        if (r == 0)
                r = json_canonical(data, ret_text, err);
        if (r == 0)
                *ret_data = TAKE_PTR(data);
        return r;
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

/* A fact for each medium: what was signed, and what of it is this medium's. */
static int record(struct act *act, const struct execution *e, const json_t *data, struct error *err) {
        _cleanup_free_ struct fact *facts = calloc(e->n + 1, sizeof *facts);
        int r = facts ? 0 : fail_memory(err);

        for (size_t i = 0; r == 0 && i < e->n; i++) {
                const struct destroyed *item = &e->media[i];
                json_t *own = json_copy((json_t *) (uintptr_t) data);

                facts[i] = (struct fact){ "destruction.executed", item->medium.id, own };
                (void) json_object_del(own, "media");
                if (!own ||
                    json_object_set(own, "destruction", json_object_get(item->destruction, "destruction")) ||
                    json_object_set_new(own, "medium", json_string(item->medium.id)) ||
                    json_object_set_new(own, "seen", json_string(item->seen)) ||
                    json_object_set_new(own, "seen_as", json_string(item->seen_as)))
                        r = fail_memory(err);
        }
        if (r == 0)
                r = act_record(act, facts, e->n, err);
        for (size_t i = 0; facts && i < e->n; i++)
                json_decref(facts[i].data);
        return r;
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
                r = record(act, &e, data, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Destruido. Siguiente: «mpsi certificate issue %s».",
                "Destroyed. Next: “mpsi certificate issue %s”.", e.media[0].medium.id);
        return destruction_find(act, json_text(e.destruction, "destruction"), ret, err);
}
