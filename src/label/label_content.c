#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/str.h"
#include "label/label_room.h"
#include "registry/person.h"
#include "sign/identity.h"

#define COPY(target, source) (void) snprintf(target, sizeof(target), "%s", source)

/* The owner as a person reads it: the full name, or the account when there is none. */
static int owner_name(struct act *act, const struct medium *medium, struct label *label, struct error *err) {
        _cleanup_person_ struct person owner = { 0 };
        int r = person_load(act->db, medium->owner, &owner, err);

        if (r == 0)
                COPY(label->owner, *owner.full_name ? owner.full_name : medium->owner);
        return r;
}

/* The first digits of the certificate that checks the signature, to find it among several stations'. */
static int key_mark(const char *certificate, struct label *label, struct error *err) {
        _cleanup_(X509_freep) X509 *x509 = NULL;
        char fingerprint[SHA256_TEXT];
        int r = certificate_from_pem(certificate, &x509, err);

        if (r == 0)
                r = certificate_fingerprint(x509, fingerprint, err);
        for (size_t i = 0; r == 0 && i < 8; i++)
                label->key_mark[i] = (char) toupper((unsigned char) fingerprint[i]);
        return r;
}

int label_content(struct act *act, const struct medium *medium, int64_t revision, struct label *ret,
                  char ret_digest[65], json_t **ret_content, struct error *err) {
        struct label label = {
                .classification = medium->classification,
                .category = medium->category,
                .kind = medium->kind,
                .revision = revision,
        };
        _cleanup_json_ json_t *content = NULL;
        _cleanup_free_ char *canonical = NULL;
        int r = owner_name(act, medium, &label, err);

        if (r == 0 && act->station_certificate)
                r = key_mark(act->station_certificate, &label, err);
        if (r < 0)
                return r;
        COPY(label.id, medium->id);
        COPY(label.created, medium->created);
        COPY(label.expires, medium->expires);
        COPY(label.organisation, act->organisation ? act->organisation : "");
        COPY(label.model, medium->model);
        COPY(label.serial, medium->serial);
        COPY(label.epc, medium->epc);
        COPY(label.tamper, medium->tamper);
        /* What did not fit ends in a whole character. */
        utf8_trim(label.owner);
        utf8_trim(label.organisation);
        utf8_trim(label.model);
        utf8_trim(label.serial);
        utf8_trim(label.tamper);
        content = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "id", label.id, "kind",
                            medium_kind_terms[label.kind].code, "classification",
                            classification_terms[label.classification].code, "category",
                            category_terms[label.category].code, "created", label.created, "expires", label.expires,
                            "owner", medium->owner, "serial", label.serial, "epc", label.epc, "tamper",
                            label.tamper, "revision", (json_int_t) revision);
        if (!content)
                return fail_memory(err);
        r = json_canonical(content, &canonical, err);
        if (r == 0 && sha256_text(canonical, strlen(canonical), ret_digest) < 0)
                r = fail(err, ERR_FAILED, "No se puede calcular una huella.", "A digest can't be made.");
        if (r < 0)
                return r;
        *ret = label;
        if (ret_content)
                *ret_content = TAKE_PTR(content);
        return 0;
}
