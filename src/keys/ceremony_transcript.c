/* The transcript (C5): what was done before whom, with the commitments, signed by all who were there. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "keys/ceremony_parts.h"
#include "policy/ceremony.h"
#include "print/form.h"
#include "sign/pades.h"

enum { TRANSCRIPT_MAX = 16 << 20 };

static json_t *signer(const struct ceremony *c, const struct person *person) {
        return json_pack("{s:s, s:s, s:I, s:s}", "name", person->full_name, "title", person->title, "date",
                         (json_int_t) c->made, "place", c->act->site);
}

static int add_people(const struct ceremony *c, json_t *data, struct error *err) {
        json_t *rows = json_object_get(data, "custodians"), *signatures = json_object_get(data, "signatures");
        char field[SIGN_FIELD];
        int bad = json_object_set_new(signatures, "administrator",
                                      c->administrator_apart ? signer(c, &c->administrator.person) : json_false());

        for (unsigned i = 0; i < CEREMONY_MAX; i++) {
                const struct custodian *custodian = &c->custodians[i];

                (void) snprintf(field, sizeof field, "custodian-%u", i + 1);
                bad |= json_object_set_new(signatures, field,
                                           i < c->total ? signer(c, &custodian->person) : json_false());
                if (i < c->total)
                        bad |= json_array_append_new(rows, json_pack("{s:i, s:s, s:s, s:s}", "index", (int) i + 1,
                                                                     "name", custodian->person.full_name, "title",
                                                                     custodian->person.title, "commitment",
                                                                     custodian->commitment));
        }
        return bad ? fail_memory(err) : 0;
}

static int transcript_data(const struct ceremony *c, json_t **ret, struct error *err) {
        _cleanup_free_ char *master = str_format("master.%lld", (long long) c->version),
                            *previous = str_format("master.%lld", (long long) c->previous);
        _cleanup_json_ json_t *data = NULL;
        int64_t due;
        int r;

        if (!master || !previous)
                return fail_memory(err);
        (void) master_judge_age(c->made, c->made, &due);
        data = json_pack(
                "{s:s, s:s, s:s, s:s, s:I, s:o, s:s, s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:s, s:s, s:[], s:{}}",
                "organisation", c->act->organisation, "site", c->act->site, "station", c->act->station, "number",
                c->id_text, "issued", (json_int_t) c->made, "issued_by", person_printed(c->act->db, c->act->person),
                "master", master, "previous", previous, "provider", c->provider, "ceremony", c->id_text, "made",
                (json_int_t) c->made, "due", (json_int_t) due, "threshold", (int) c->threshold, "total",
                (int) c->total, "algorithm", shares_algorithm, "commitment", c->commitment, "custodians",
                "signatures");
        r = data ? add_people(c, data, err) : fail_memory(err);
        if (r == 0)
                *ret = TAKE_PTR(data);
        return r;
}

static int draw(const struct ceremony *c, uint8_t **ret, size_t *ret_n, struct error *err) {
        _cleanup_free_ char *forms = act_path(c->act, NULL, "forms"),
                            *path = act_path(c->act, "work", "ceremony.pdf");
        _cleanup_json_ json_t *data = NULL;
        int r = path ? transcript_data(c, &data, err) : fail_memory(err);

        if (r == 0)
                r = form_to_pdf(forms, "key-ceremony", c->lang, data, path, err);
        if (r == 0)
                r = file_read(path, TRANSCRIPT_MAX, (char **) ret, ret_n, err);
        if (path)
                (void) unlink(path);
        return r;
}

/* One more signature; *pdf becomes the signed file. */
static int sign(const struct ceremony *c, const struct custodian *who, const char *field, uint8_t **pdf, size_t *n,
                struct error *err) {
        _cleanup_free_ char *reason = str_format("%s %s", c->lang == LANG_EN ? "ceremony" : "ceremonia",
                                                 c->id_text);
        const struct pades_request request = { .key = who->key,
                                               .certificate = who->certificate,
                                               .field = field,
                                               .reason = reason,
                                               .location = c->act->site,
                                               .moment = c->made,
                                               .lang = c->lang };
        _cleanup_free_ uint8_t *signed_pdf = NULL;
        size_t signed_n;
        int r = reason ? pades_sign(*pdf, *n, &request, &signed_pdf, &signed_n, err) : fail_memory(err);

        if (r < 0)
                return r;
        free(*pdf);
        *pdf = TAKE_PTR(signed_pdf);
        *n = signed_n;
        return 0;
}

int ceremony_transcript(struct ceremony *c, struct error *err) {
        const struct pades_expected expected = { .fields_n = c->total + c->administrator_apart, .distinct = true };
        _cleanup_(X509_freep) X509 *ca = NULL;
        _cleanup_free_ uint8_t *pdf = NULL;
        _cleanup_json_ json_t *report = NULL;
        char field[SIGN_FIELD];
        size_t n = 0;
        int r = draw(c, &pdf, &n, err);

        for (unsigned i = 0; r == 0 && i < c->total; i++) {
                (void) snprintf(field, sizeof field, "custodian-%u", i + 1);
                r = sign(c, &c->custodians[i], field, &pdf, &n, err);
        }
        if (r == 0 && c->administrator_apart)
                r = sign(c, &c->administrator, "administrator", &pdf, &n, err);
        if (r == 0)
                r = certificate_from_pem(c->act->ca_certificate, &ca, err);
        if (r == 0)
                r = pades_verify(pdf, n, ca, &expected, &report, err);
        return r < 0 ? r : act_attach(c->act, pdf, n, c->transcript, err);
}
