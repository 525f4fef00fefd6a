#include <string.h>

#include "certify/internal.h"
#include "policy/rule.h"
#include "print/form.h"
#include "store/json.h"

#define CERTIFICATE_PARAM                                                                                          \
        {                                                                                                          \
                "certificate", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,                                      \
                        HELP("número de certificado, o cualquier nombre de su soporte",                            \
                             "number of the certificate, or any name of its medium"),                              \
                        0, 200, NULL, 0                                                                            \
        }

/* mp.si.5 R1: what was used is a certified product, or why it is not. */
#define PRODUCT_PARAMS                                                                                             \
        { "product",                                                                                               \
          PARAM_TEXT,                                                                                              \
          0,                                                                                                       \
          HELP("producto certificado usado y su versión", "certified product that was used, and its version"),     \
          0,                                                                                                       \
          120,                                                                                                     \
          NULL,                                                                                                    \
          0 },                                                                                                     \
                { "catalogue",                                                                                     \
                  PARAM_TEXT,                                                                                      \
                  0,                                                                                               \
                  HELP("su referencia en el catálogo (CPSTIC u otro)",                                             \
                       "its reference in the catalogue (CPSTIC or other)"),                                        \
                  0,                                                                                               \
                  120,                                                                                             \
                  NULL,                                                                                            \
                  0 },                                                                                             \
        {                                                                                                          \
                "exception", PARAM_TEXT, 0,                                                                        \
                        HELP("por qué no se usó un producto certificado", "why no certified product was used"), 0, \
                        300, NULL, 0                                                                               \
        }

static const struct param issue_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("soporte; varios de un mismo método y personas",
               "medium; several of one method and the same people"),
          0, 0, NULL, 0 },
        PRODUCT_PARAMS,
        { "supervisor", PARAM_PERSON, 0,
          HELP("quién valida un saneamiento (una destrucción ya tiene su supervisor)",
               "who validates a sanitization (a destruction has its supervisor already)"),
          0, 0, NULL, 0 },
        { "destination", PARAM_TEXT, 0, HELP("destino del soporte", "the medium's destination"), 0, 120, NULL, 0 },
        { "out", PARAM_OUTPUT, 0, HELP("PDF, aún sin firmas", "PDF, without signatures yet"), 0, 0, NULL, 0 },
};

static const struct param sign_params[] = {
        { "certificate", PARAM_TEXT, PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("número de certificado, o cualquier nombre de su soporte; varios: todos o ninguno",
               "number of the certificate, or any name of its medium; several: all of them or none"),
          0, 200, NULL, 0 },
        { "pending", PARAM_FLAG, 0,
          HELP("todos los que esperan esta firma suya (1.000 como mucho)",
               "all that wait for this signature of yours (1,000 at most)"),
          0, 0, NULL, 0 },
        { "confirm", PARAM_TEXT, 0,
          HELP("con --pending: cuántos son, si nadie puede teclearlo",
               "with --pending: how many they are, where nobody can type it"),
          0, 8, NULL, 0 },
        { "role", PARAM_TERM, PARAM_REQUIRED, HELP("en calidad de qué firma", "as what you sign"), 0, 0,
          signature_terms, SIGNATURES },
        { "out", PARAM_OUTPUT, 0, HELP("el PDF firmado, de uno solo", "the signed PDF, of one alone"), 0, 0, NULL,
          0 },
};

static const struct param supersede_params[] = {
        CERTIFICATE_PARAM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("qué se corrige", "what is corrected"), 0, 300, NULL, 0 },
        { "supervisor", PARAM_PERSON, 0,
          HELP("quién valida, si es otra persona", "who validates, if it is somebody else"), 0, 0, NULL, 0 },
        { "destination", PARAM_TEXT, 0, HELP("destino del soporte", "the medium's destination"), 0, 120, NULL, 0 },
        PRODUCT_PARAMS,
        { "out", PARAM_OUTPUT, 0, HELP("PDF, aún sin firmas", "PDF, without signatures yet"), 0, 0, NULL, 0 },
};

static const struct param timestamp_params[] = {
        CERTIFICATE_PARAM,
        { "query", PARAM_OUTPUT, 0,
          HELP("escribir la petición, para llevarla a la autoridad",
               "write the query, to be taken to the authority"),
          0, 0, NULL, 0 },
        { "reply", PARAM_INPUT, 0, HELP("su respuesta, traída de vuelta", "its reply, brought back"), 0, 0, NULL,
          0 },
        { "out", PARAM_OUTPUT, 0, HELP("el PDF con su sello de tiempo", "the PDF with its time-stamp"), 0, 0, NULL,
          0 },
};

static const struct param verify_params[] = {
        { "file", PARAM_INPUT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("certificado en PDF", "certificate as PDF"),
          0, 0, NULL, 0 },
        { "ca", PARAM_INPUT, 0,
          HELP("certificado público de la organización (PEM); sin él, el del almacén",
               "the organisation's public certificate (PEM); without it, the store's"),
          0, 0, NULL, 0 },
        { "tsa-ca", PARAM_INPUT, 0,
          HELP("certificados (PEM) de las autoridades de sellado de tiempo en que se confía",
               "certificates (PEM) of the time-stamping authorities that are trusted"),
          0, 0, NULL, 0 },
        { "twin", PARAM_INPUT, 0, HELP("gemelo JSON, para comprobarlo también", "JSON twin, to be checked too"), 0,
          0, NULL, 0 },
};

static const struct param show_params[] = { CERTIFICATE_PARAM };

static const struct param export_params[] = {
        CERTIFICATE_PARAM,
        { "out", PARAM_OUTPUT, 0, HELP("PDF", "PDF"), 0, 0, NULL, 0 },
        { "twin", PARAM_OUTPUT, 0,
          HELP("gemelo JSON, con la prueba del registro", "JSON twin, with the ledger's proof"), 0, 0, NULL, 0 },
        { "csv", PARAM_OUTPUT, 0, HELP("sus soportes en CSV", "its media as CSV"), 0, 0, NULL, 0 },
};

static const struct param revoke_params[] = {
        CERTIFICATE_PARAM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 300, NULL, 0 },
};

static const struct param list_params[] = {
        { "state", PARAM_TERM, 0, HELP("solo este estado", "this state only"), 0, 0, certificate_state_terms,
          CERTIFICATE_STATES },
        { "medium", PARAM_MEDIUM, 0, HELP("solo de este soporte", "of this medium only"), 0, 0, NULL, 0 },
};

static const struct term certificate_kind_terms[] = {
        { "sanitization", { "saneamiento", "sanitization" } },
        { "destruction", { "destrucción", "destruction" } },
};
static const struct column show_columns[] = {
        { "number", HELP("Número", "Number") },
        { "medium", HELP("Soporte", "Medium") },
        { "kind", CODES("Clase", "Kind", certificate_kind_terms) },
        { "state", CODES("Estado", "State", certificate_state_terms) },
        { "source", HELP("Acto", "Act") },
        { "executor", HELP("Ejecutor", "Executor") },
        { "supervisor", HELP("Supervisor", "Supervisor") },
        { "signed", CODES("Firmas", "Signatures", signature_terms) },
        { "issued", HELP("Emitido", "Issued") },
        { "issued_by", HELP("Por", "By") },
        { "pdf", HELP("SHA-256 del PDF", "SHA-256 of the PDF") },
        { "twin", HELP("SHA-256 del gemelo", "SHA-256 of the twin") },
        { "revoked", HELP("Revocado", "Revoked") },
        { "revocation", HELP("Motivo", "Reason") },
        { "supersedes", HELP("Sustituye a", "Supersedes") },
        { "superseded_by", HELP("Sustituido por", "Superseded by") },
        { "replacement", HELP("Lo sustituirá", "To be superseded by") },
        { "review", HELP("En revisión desde", "Under review since") },
};

static const struct column list_columns[] = {
        { "number", HELP("Número", "Number") },
        { "medium", HELP("Soporte", "Medium") },
        { "kind", CODES("Clase", "Kind", certificate_kind_terms) },
        { "state", CODES("Estado", "State", certificate_state_terms) },
        { "signed", CODES("Firmas", "Signatures", signature_terms) },
        { "executor", HELP("Ejecutor", "Executor") },
        { "supervisor", HELP("Supervisor", "Supervisor") },
        { "issued", HELP("Emitido", "Issued") },
        { "review", HELP("En revisión desde", "Under review since") },
};

static const struct term field_terms[] = {
        { "executor", { "ejecutor", "executor" } },
        { "supervisor", { "supervisor", "supervisor" } },
        { "organisation", { "sello", "seal" } },
};
static const struct column verify_columns[] = {
        { "field", CODES("Firma", "Signature", field_terms) },
        { "name", HELP("Firmante", "Signer") },
        { "title", HELP("Cargo", "Title") },
        { "time", HELP("Cuándo", "When") },
        { "stamp", HELP("Sello de tiempo", "Time-stamp") },
        { "algorithm", HELP("Algoritmo", "Algorithm") },
        { "reason", HELP("Motivo", "Reason") },
};

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return certify_find(act, json_text(args, "certificate"), ret, err);
}

/* The form's table of media; of one medium too. */
static int export_csv(struct act *act, const json_t *certificate, const char *path, struct error *err) {
        _cleanup_free_ char *forms = act_path(act, NULL, "forms"), *text = NULL;
        _cleanup_json_ json_t *twin = NULL, *data = NULL;
        const char *digest = json_text_or_empty(certificate, "twin");
        size_t n;
        int r = forms ? certify_attachment(act, digest, &text, &n, err) : fail_memory(err);

        if (r == 0)
                r = json_parse(text, n, &twin, err);
        if (r == 0)
                r = certify_form_data(twin, digest, &data, err);
        if (r < 0)
                return r;
        if (!json_object_get(data, "media") &&
            json_object_set_new(data, "media", json_pack("[O]", json_object_get(data, "medium"))))
                return fail_memory(err);
        return form_to_csv(forms, "R-110-021", certify_lang(act), data, path, err);
}

static int run_export(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const char *const documents[][2] = { { "out", "pdf" }, { "twin", "twin" } };
        _cleanup_json_ json_t *certificate = NULL;
        bool any = false;
        int r = certify_find(act, json_text(args, "certificate"), &certificate, err);

        for (size_t i = 0; r == 0 && i < COUNT(documents); i++)
                if (json_text(args, documents[i][0])) {
                        any = true;
                        r = certify_export(act, json_text(certificate, documents[i][1]),
                                           json_text(args, documents[i][0]), err);
                }
        if (r == 0 && json_text(args, "csv")) {
                any = true;
                r = export_csv(act, certificate, json_text(args, "csv"), err);
        }
        if (r < 0)
                return r;
        if (!any)
                return fail(err, ERR_USAGE, "Diga qué exportar: --out, --twin o --csv.",
                            "Say what to export: --out, --twin or --csv.");
        *ret = TAKE_PTR(certificate);
        return 0;
}

static int run_revoke(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *certificate = NULL, *data = NULL;
        int r = certify_find(act, json_text(args, "certificate"), &certificate, err);

        if (r < 0)
                return r;
        r = certify_demand_live(certificate, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s}", "number", json_text(certificate, "number"), "reason",
                         json_text(args, "reason"));
        r = data ? act_record_one(act, "certificate.revoked", json_text(certificate, "medium"), data, err)
                 : fail_memory(err);
        return r < 0 || act->dry_run ? r : certify_load(act->db, json_text(certificate, "number"), ret, err);
}

#define OF_MEDIUM "number IN (SELECT number FROM certificate_covers WHERE medium = ?2)"
/* `first` is the filter that an index serves. */
#define CERTIFICATES(first)                                                                                        \
        "SELECT number, medium, kind, state, signed, executor, supervisor, issued, review FROM certificate "       \
        "WHERE " first " AND (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR " OF_MEDIUM ") ORDER BY year, ordinal"

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const char *const names[] = { "number",   "medium",     "kind",   "state", "signed",
                                             "executor", "supervisor", "issued", "review" };
        const char *state = json_text(args, "state"), *medium = json_text(args, "medium");
        const char *sql = medium ? CERTIFICATES(OF_MEDIUM) : state ? CERTIFICATES("state = ?1") : CERTIFICATES("1");
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(act->db, &rows, err, sql, "ss", state, medium);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, names, "ssssisstt")))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

const struct verb certificate_verbs[] = {
        { .noun = "certificate",
          .name = "issue",
          .roles = ROLE_OPERATOR | ROLE_CUSTODIAN | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("emitir el certificado R-110-021 de un soporte saneado o destruido",
                       "issue the certificate R-110-021 of a medium sanitized or destroyed"),
          PARAMS(issue_params),
          COLUMNS(show_columns),
          .run = certificate_run_issue },
        { .noun = "certificate",
          .name = "sign",
          .roles = ROLE_ANY & ~(unsigned) ROLE_AUDITOR,
          .flags = VERB_WRITES,
          .help = HELP("firmar uno o muchos: ejecutor, supervisor y sello, en este orden",
                       "sign one or many: executor, supervisor and seal, in this order"),
          PARAMS(sign_params),
          COLUMNS(show_columns),
          .run = certificate_run_sign },
        { .noun = "certificate",
          .name = "verify",
          .roles = ROLE_ANY,
          .flags = VERB_NO_STORE,
          .help = HELP("comprobar un certificado, también sin almacén ni conexión",
                       "verify a certificate, without a store or a connection too"),
          PARAMS(verify_params),
          COLUMNS(verify_columns),
          .run = certificate_run_verify },
        { .noun = "certificate",
          .name = "show",
          .roles = ROLE_ANY,
          .help = HELP("ver un certificado", "show a certificate"),
          PARAMS(show_params),
          COLUMNS(show_columns),
          .run = run_show },
        { .noun = "certificate",
          .name = "list",
          .roles = ROLE_ANY,
          .help = HELP("certificados", "certificates"),
          PARAMS(list_params),
          COLUMNS(list_columns),
          .run = run_list },
        { .noun = "certificate",
          .name = "export",
          .roles = ROLE_ANY,
          .help = HELP("escribir el PDF y el gemelo JSON", "write the PDF and the JSON twin"),
          PARAMS(export_params),
          COLUMNS(show_columns),
          .run = run_export },
        { .noun = "certificate",
          .name = "timestamp",
          .roles = ROLE_CUSTODIAN | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("ponerle el sello de tiempo que le falta a su última firma",
                       "give its last signature the time-stamp that it lacks"),
          PARAMS(timestamp_params),
          COLUMNS(show_columns),
          .run = certificate_run_timestamp },
        { .noun = "certificate",
          .name = "supersede",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("emitir otro en su lugar, que lo dice", "issue another in its place, which says so"),
          PARAMS(supersede_params),
          COLUMNS(show_columns),
          .run = certificate_run_supersede },
        { .noun = "certificate",
          .name = "revoke",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("revocarlo; nada se borra", "revoke it; nothing is deleted"),
          PARAMS(revoke_params),
          COLUMNS(show_columns),
          .run = run_revoke },
};
_Static_assert(COUNT(certificate_verbs) == CERTIFICATE_VERBS, "all verbs are offered");
