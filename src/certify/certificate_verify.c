/* `certificate verify`: offline, of a file, with the organisation's public certificate; with a store at hand,
 * against its registry too. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "certify/attachments.h"
#include "certify/tsa.h"
#include "ledger/ledger.h"
#include "policy/rule.h"

struct verification {
        char *pdf;
        size_t pdf_n;
        X509 *ca;
        json_t *report;
        char number[CERTIFICATE_NUMBER];
        char twin[SHA256_TEXT]; /* the digest that the signatures name */
        struct db *db;          /* NULL: no store */
        const char *twin_checked, *ledger_checked, *registry_checked;
        struct tsa *tsa;
        X509_STORE *trust;
        json_t *files;                        /* what the PDF embeds, by name */
        char replacement[CERTIFICATE_NUMBER]; /* that is to supersede it and is not signed yet, or "" */
        json_t *attachments; /* the report about them, or NULL: a document of before there were any */
};

static void verification_done(struct verification *v) {
        free(v->pdf);
        X509_free(v->ca);
        json_decref(v->report);
        json_decref(v->files);
        tsa_free(v->tsa);
        X509_STORE_free(v->trust);
        json_decref(v->attachments);
        db_close(v->db);
}
#define _cleanup_verification_ _cleanup_(verification_done)

/* The organisation's certificate: as given, else the store's own. */
static int load_ca(struct act *act, const json_t *args, struct verification *v, struct error *err) {
        _cleanup_free_ char *path = act->folder ? act_path(act, "org", "ca.crt") : NULL;

        if (json_text(args, "ca"))
                return certificate_load(json_text(args, "ca"), &v->ca, err);
        if (path && access(path, R_OK) == 0)
                return certificate_load(path, &v->ca, err);
        return fail(err, ERR_USAGE, "Sin almacén hace falta --ca: el certificado público de la organización.",
                    "Without a store --ca is needed: the organisation's public certificate.");
}

/* "HQ-2026-000001 · … · SHA-256 <twin>": all signatures name the same document. */
static int read_reasons(struct verification *v, struct error *err) {
        const json_t *signatures = json_object_get(v->report, "signatures");

        for (size_t i = 0; i < json_array_size(signatures); i++) {
                const char *reason = json_text_or_empty(json_array_get(signatures, i), "reason");
                size_t n = strcspn(reason, " "), length = strlen(reason);
                const char *digest = length > 64 ? reason + length - 64 : "";

                if (n == 0 || n >= CERTIFICATE_NUMBER || strlen(digest) != 64 ||
                    (i > 0 && (strncmp(v->number, reason, n) != 0 || v->number[n] || strcmp(v->twin, digest) != 0)))
                        return refuse(err, ERR_VERIFY, "S9", "Las firmas no nombran un mismo certificado.",
                                      "The signatures don't name one certificate.");
                memcpy(v->number, reason, n);
                v->number[n] = '\0';
                memcpy(v->twin, digest, sizeof v->twin);
        }
        return 0;
}

static int check_proof(const json_t *of, const char *pem, struct error *err) {
        return ledger_proof_verify(json_object_get(json_object_get(of, "ledger"), "proof"), pem, err);
}

/* The proofs that the evidence is in the ledger, one a medium, under the station's certificate, which the
 * organisation issued. */
static int check_proofs(struct verification *v, const json_t *twin, struct error *err) {
        const char *pem = json_text_or_empty(twin, "station_certificate");
        const json_t *media = json_object_get(twin, "media"), *one;
        _cleanup_(X509_freep) X509 *station = NULL;
        int64_t issued;
        size_t i;
        int r = certificate_from_pem(pem, &station, err);

        if (r == 0 && time_parse(json_text_or_empty(twin, "issued"), &issued) < 0)
                r = fail(err, ERR_VERIFY, "El gemelo no dice cuándo se emitió.",
                         "The twin does not say when it was issued.");
        if (r == 0)
                r = certificate_trusted(station, v->ca, CERTIFICATE_STATION, issued, err);
        if (r == 0 && !media)
                r = check_proof(twin, pem, err);
        json_array_foreach(media, i, one) {
                if (r == 0)
                        r = check_proof(one, pem, err);
        }
        return r;
}

static int check_twin_text(struct verification *v, const char *text, size_t n, struct error *err) {
        _cleanup_json_ json_t *twin = NULL;
        char digest[SHA256_TEXT];
        int r;

        if (sha256_text(text, n, digest) < 0)
                return fail_memory(err);
        if (strcmp(digest, v->twin) != 0)
                return refuse(err, ERR_VERIFY, "S9", "El gemelo JSON no es el de este certificado.",
                              "The JSON twin is not this certificate's.");
        r = json_parse(text, n, &twin, err);
        if (r < 0)
                return r;
        if (strcmp(json_text_or_empty(twin, "number"), v->number) != 0)
                return refuse(err, ERR_VERIFY, "S9", "El gemelo JSON tiene otro número.",
                              "The JSON twin has another number.");
        v->twin_checked = "valid";
        r = check_proofs(v, twin, err);
        if (r == 0)
                v->ledger_checked = "valid";
        if (r == 0 && json_object_size(v->files) && !v->attachments)
                r = certify_check_embedded(v->files, twin, v->number, &v->attachments, err);
        return r;
}

/* The twin inside the PDF, else the one that is given, else the store's. One that is given is looked at anyway. */
static int check_twin(struct act *act, const json_t *args, struct verification *v, struct error *err) {
        _cleanup_free_ char *inside = NULL, *text = NULL;
        size_t inside_n, n;
        int r = certify_embedded(v->pdf, v->pdf_n, v->number, &v->files, &inside, &inside_n, err);

        if (r < 0)
                return error_by_rule(err, "S9", "mp.si.5");
        if (!inside && json_object_size(v->files))
                return refuse(err, ERR_VERIFY, "S9", "El PDF lleva adjuntos y ningún gemelo.",
                              "The PDF holds attachments and no twin.");
        if (inside)
                r = check_twin_text(v, inside, inside_n, err);
        if (r < 0 || (inside && !json_text(args, "twin")))
                return r;
        if (json_text(args, "twin"))
                r = file_read(json_text(args, "twin"), CERTIFICATE_MAX_BYTES, &text, &n, err);
        else if (v->db)
                r = certify_attachment(act, v->twin, &text, &n, err);
        else
                return 0;
        return r < 0 ? r : check_twin_text(v, text, n, err);
}

static int check_registry(struct verification *v, struct error *err) {
        _cleanup_json_ json_t *certificate = NULL;
        const char *state;
        int r;

        if (!v->db)
                return 0;
        r = certify_load(v->db, v->number, &certificate, NULL);
        if (r == ERR_NOT_FOUND)
                return refuse(err, ERR_VERIFY, "S9", "El registro de este puesto no conoce el certificado %s.",
                              "This station's registry does not know certificate %s.", v->number);
        if (r < 0)
                return fail(err, r, "No se puede leer el registro.", "The registry can't be read.");
        state = json_text_or_empty(certificate, "state");
        if (strcmp(state, certificate_state_terms[CERTIFICATE_REVOKED].code) == 0)
                return refuse(err, ERR_VERIFY, "S9", "El certificado %s está revocado: %s.",
                              "Certificate %s is revoked: %s.", v->number,
                              json_text_or_empty(certificate, "revocation"));
        if (strcmp(state, certificate_state_terms[CERTIFICATE_SUPERSEDED].code) == 0)
                return refuse(err, ERR_VERIFY, "S9", "Al certificado %s lo sustituye %s: %s.",
                              "Certificate %s is superseded by %s: %s.", v->number,
                              json_text_or_empty(certificate, "superseded_by"),
                              json_text_or_empty(certificate, "revocation"));
        if (json_text(certificate, "review"))
                return refuse(
                        err, ERR_VERIFY, "S9",
                        "El certificado %s está en revisión desde el %.10s: el resultado del borrado no se aceptó.",
                        "Certificate %s is under review since %.10s: the result of the wipe was not accepted.",
                        v->number, json_text(certificate, "review"));
        (void) snprintf(v->replacement, sizeof v->replacement, "%s",
                        json_text_or_empty(certificate, "replacement"));
        if (strcmp(json_text_or_empty(certificate, "pdf"), json_text_or_empty(v->report, "digest")) != 0 ||
            strcmp(json_text_or_empty(certificate, "original"), json_text_or_empty(v->report, "original_digest")) !=
                    0 ||
            strcmp(json_text_or_empty(certificate, "twin"), v->twin) != 0)
                return refuse(err, ERR_VERIFY, "S9", "El fichero no es el que el registro tiene como %s.",
                              "The file is not the one that the registry has as %s.", v->number);
        v->registry_checked = "valid";
        return 0;
}

static int open_registry(struct act *act, struct verification *v, struct error *err) {
        _cleanup_free_ char *path = act->folder ? act_path(act, NULL, "registry.db") : NULL;

        if (!path || access(path, R_OK) < 0)
                return 0;
        return db_open(path, DB_READ, &v->db, err);
}

/* Whose time-stamps are trusted: as given, else as configured for the store's own certificates. */
static int load_trust(struct act *act, const json_t *args, struct verification *v, struct error *err) {
        if (json_text(args, "tsa-ca"))
                return timestamp_trust(json_text(args, "tsa-ca"), &v->trust, err);
        if (json_text(args, "ca"))
                return 0;
        if (tsa_load(act->folder, &v->tsa, NULL) == 0 && tsa_trust(v->tsa) && X509_STORE_up_ref(tsa_trust(v->tsa)))
                v->trust = tsa_trust(v->tsa);
        return 0;
}

/* For the table: the authority's time, and whether it is one that is trusted. */
static int add_stamps(struct act *act, struct verification *v, struct error *err) {
        json_t *row, *rows = json_object_get(v->report, "signatures");
        bool all = true, trusted = true;
        size_t i;

        json_array_foreach(rows, i, row) {
                const json_t *stamp = json_object_get(row, "timestamp");
                _cleanup_free_ char *text = json_is_object(stamp)
                                                    ? str_format("%s %s%s", json_text_or_empty(stamp, "time"),
                                                                 json_text_or_empty(stamp, "authority"),
                                                                 json_flag(stamp, "trusted") ? "" : " (?)")
                                                    : strdup("—");

                all = all && json_is_object(stamp);
                trusted = trusted && (!json_is_object(stamp) || json_flag(stamp, "trusted"));
                if (!text || json_object_set_new(row, "stamp", json_string(text)))
                        return fail_memory(err);
        }
        if (!trusted)
                act_say(act, "No se ha comprobado de quién son los sellos de tiempo (?): use --tsa-ca.",
                        "Whose the time-stamps are was not checked (?): use --tsa-ca.");
        if (!all)
                act_say(act, "Hay firmas sin sello de tiempo: su hora es la que dice el firmante.",
                        "Some signatures have no time-stamp: their time is what the signer says.");
        return 0;
}

int certificate_run_verify(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct pades_expected expected = { signature_fields, SIGNATURES, true, "organisation", NULL };
        _cleanup_verification_ struct verification v = { .twin_checked = "absent",
                                                         .ledger_checked = "absent",
                                                         .registry_checked = "absent" };
        int r = file_read(json_text(args, "file"), CERTIFICATE_MAX_BYTES, &v.pdf, &v.pdf_n, err);

        if (r == 0)
                r = load_ca(act, args, &v, err);
        if (r == 0)
                r = load_trust(act, args, &v, err);
        expected.tsa = v.trust;
        if (r == 0)
                r = pades_verify(v.pdf, v.pdf_n, v.ca, &expected, &v.report, err);
        if (r == 0)
                r = read_reasons(&v, err);
        /* Another organisation's document, or no store: the registry has nothing to say. */
        if (r == 0 && !json_text(args, "ca"))
                r = open_registry(act, &v, err);
        if (r == 0)
                r = check_registry(&v, err);
        if (r == 0)
                r = check_twin(act, args, &v, err);
        if (r == 0)
                r = add_stamps(act, &v, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:O*, s:O}", "number", v.number, "result", "valid",
                         "twin", v.twin_checked, "ledger", v.ledger_checked, "registry", v.registry_checked,
                         "sha256", json_text(v.report, "digest"), "replacement",
                         *v.replacement ? v.replacement : NULL, "attachments", v.attachments, "rows",
                         json_object_get(v.report, "signatures"));
        if (!*ret)
                return fail_memory(err);
        act_say(act, "%s es auténtico: las tres firmas son válidas y nada ha cambiado.",
                "%s is genuine: its three signatures are valid and nothing has changed.", v.number);
        if (*v.replacement)
                act_say(act, "Lo va a sustituir %s, que aún no está firmado: hasta entonces vale este.",
                        "It is to be superseded by %s, which is not signed yet: until then this one is good.",
                        v.replacement);
        if (strcmp(v.twin_checked, "absent") == 0)
                act_say(act, "No se ha comprobado el gemelo JSON ni su asiento: use --twin.",
                        "The JSON twin and its entry were not checked: use --twin.");
        return 0;
}
