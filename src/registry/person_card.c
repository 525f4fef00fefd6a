/* People who sign with a card (PKCS#11): the organisation certifies the card's own key, which never leaves it; here
 * is only a note of where it is, beside the keys of the others. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "registry/person.h"
#include "registry/registry.h"
#include "sign/card.h"

enum { CARD_NOTE_MAX = 4096 };

/* The certificate's fingerprint is in the name, as it is in a key's. */
static char *note_path(const struct act *act, const char *name, const char *fingerprint) {
        _cleanup_free_ char *file = str_format("%s-%.16s.card", name, fingerprint);

        return file ? act_path(act, "people", file) : NULL;
}

static int ask_pin(struct act *act, const char *name, const char *full_name, struct secret **ret,
                   struct error *err) {
        _cleanup_free_ char *purpose = str_format("pin:%s", name);
        _cleanup_free_ char *es = str_format("PIN de la tarjeta de %s: ", full_name),
                            *en = str_format("PIN of %s's card: ", full_name);

        return purpose && es && en ? act_ask_secret(act, purpose, (struct text){ es, en }, ret, err)
                                   : fail_memory(err);
}

static int read_place(const json_t *args, struct card_place *ret, struct error *err) {
        _cleanup_json_ json_t *place = json_pack("{s:s, s:s, s:s}", "module", json_text(args, "card-module"),
                                                 "token", json_text_or_empty(args, "card"), "id",
                                                 json_text_or_empty(args, "card-key"));

        if (!place)
                return fail_memory(err);
        if (!json_text(args, "card"))
                return fail(err, ERR_USAGE, "Con --card-module diga la tarjeta con --card.",
                            "With --card-module say the card with --card.");
        return card_place_from_json(place, ret, err);
}

static int keep_note(struct act *act, const char *name, const char *fingerprint, const struct card_place *place,
                     struct error *err) {
        _cleanup_free_ char *path = note_path(act, name, fingerprint), *text = NULL;
        _cleanup_json_ json_t *note = card_place_to_json(place);
        int r = path && note ? json_canonical(note, &text, err) : fail_memory(err);

        return r < 0 || act->dry_run ? r : file_write(path, text, strlen(text), 0600, err);
}

int person_card_enrol(struct act *act, const json_t *args, const struct identity_request *request, EVP_PKEY *ca_key,
                      X509 *ca_certificate, json_t **ret_data, struct error *err) {
        _cleanup_secret_ struct secret *pin = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_free_ char *pem = NULL;
        char fingerprint[SHA256_TEXT];
        struct card_place place;
        int r = read_place(args, &place, err);

        if (r == 0)
                r = ask_pin(act, request->account, request->common_name, &pin, err);
        if (r == 0)
                r = card_open(&place, pin, &key, err);
        if (r == 0)
                r = identity_certify(ca_key, ca_certificate, request, key, &certificate, err);
        if (r == 0)
                r = certificate_to_pem(certificate, &pem, err);
        if (r == 0)
                r = certificate_fingerprint(certificate, fingerprint, err);
        if (r == 0)
                r = keep_note(act, request->account, fingerprint, &place, err);
        if (r < 0)
                return r;
        *ret_data = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "certificate", pem, "fingerprint", fingerprint,
                              "algorithm",
                              strcmp(key_digest_name(key), "SHA384") == 0 ? "ECDSA-P384" : "ECDSA-P256", "card",
                              "token", place.token, "serial", place.serial, "key", place.id);
        return *ret_data ? 0 : fail_memory(err);
}

bool person_has_card(struct act *act, const struct person *person, const char *fingerprint) {
        _cleanup_free_ char *path = note_path(act, person->name, fingerprint);

        return path && access(path, F_OK) == 0;
}

int person_card_load(struct act *act, const struct person *person, const char *fingerprint, EVP_PKEY **ret,
                     struct error *err) {
        _cleanup_free_ char *path = note_path(act, person->name, fingerprint), *text = NULL;
        _cleanup_secret_ struct secret *pin = NULL;
        _cleanup_json_ json_t *note = NULL;
        struct card_place place;
        size_t n;
        int r = path ? file_read(path, CARD_NOTE_MAX, &text, &n, err) : fail_memory(err);

        if (r == 0)
                r = json_parse(text, n, &note, err);
        if (r == 0)
                r = card_place_from_json(note, &place, err);
        if (r == 0)
                r = ask_pin(act, person->name, *person->full_name ? person->full_name : person->name, &pin, err);
        return r < 0 ? r : card_open(&place, pin, ret, err);
}
