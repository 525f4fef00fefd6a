/* Providers of destruction and their papers (S11): who was checked, by whom, with which documents. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "certify/internal.h"
#include "policy/provider.h"
#include "policy/rule.h"
#include "store/json.h"

enum { DOCUMENT_MAX_BYTES = 32 * 1024 * 1024 };

/* --- events ------------------------------------------------------------------------------------------------- */

static int apply_added(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(db, err,
                        "INSERT INTO provider (name, full_name, tax_id, contact, added, added_by) "
                        "VALUES (?, ?, ?, ?, ?, ?)",
                        "ssssis", event->subject, json_text(d, "full_name"), json_text(d, "tax_id"),
                        json_text(d, "contact"), event->time, event->actor);

        return r < 0 ? r : 0;
}

/* The newest paper of a kind counts; the events keep the others. */
static int apply_documented(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(db, err,
                        "INSERT OR REPLACE INTO provider_document (provider, kind, reference, issued, expires, "
                        "sha256, added) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        "ssssssi", event->subject, json_text(d, "kind"), json_text(d, "reference"),
                        json_text(d, "issued"), json_text(d, "expires"), json_text(d, "sha256"), event->time);

        return r < 0 ? r : 0;
}

static int apply_withdrawn(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE provider SET withdrawn = ?, withdrawal = ? WHERE name = ? AND withdrawn IS NULL",
                        "iss", event->time, json_text(event->data, "reason"), event->subject);

        if (r < 0)
                return r;
        return r == 1 ? 0
                      : fail(err, ERR_CONFLICT, "El proveedor %s ya está retirado.",
                             "Provider %s is withdrawn already.", event->subject);
}

const struct event_type provider_events[] = {
        { "provider.added", apply_added },
        { "provider.documented", apply_documented },
        { "provider.withdrawn", apply_withdrawn },
};
_Static_assert(COUNT(provider_events) == PROVIDER_EVENTS, "all events are offered");

/* --- reading ------------------------------------------------------------------------------------------------ */

static int days_left(const char *expires, const char *today, int64_t *ret) {
        int64_t end, now;

        if (date_parse(expires, &end) < 0 || date_parse(today, &now) < 0)
                return ERR_FAILED;
        *ret = (end - now) / DAY;
        return 0;
}

/* A row for each kind that S11 asks for, missing ones too: what is to be done is seen at once. */
static int read_documents(struct db *db, const char *name, const char *today, json_t *into,
                          const char *ret_expires[PAPERS], struct error *err) {
        static const char *const names[] = { "reference", "issued", "expires", "sha256" };
        json_t *list = json_array();

        if (!list || json_object_set_new(into, "rows", list))
                return fail_memory(err);
        for (int i = 0; i < PAPERS; i++) {
                _cleanup_rows_ struct rows *rows = NULL;
                json_t *document = NULL;
                int64_t left;
                int r = db_query(db, &rows, err,
                                 "SELECT reference, issued, expires, sha256 FROM provider_document "
                                 "WHERE provider = ? AND kind = ?",
                                 "ss", name, provider_paper_terms[i].code);

                if (r == 0)
                        r = rows_next(rows, err);
                if (r < 0)
                        return r;
                document = r > 0 ? rows_to_json(rows, names, "ssss") : json_object();
                ret_expires[i] = json_text(document, "expires");
                if (!document || json_array_append_new(list, document) ||
                    json_object_set_new(document, "kind", json_string(provider_paper_terms[i].code)) ||
                    json_object_set_new(document, "standing",
                                        json_string(paper_standing_terms[paper_judge(ret_expires[i], today)].code)))
                        return fail_memory(err);
                if (ret_expires[i] && days_left(ret_expires[i], today, &left) == 0)
                        (void) json_object_set_new(document, "days", json_integer(left));
        }
        return 0;
}

/* With its papers as "rows"; ret_expires is borrowed from them. */
static int load(struct act *act, const char *name, json_t **ret, const char *ret_expires[PAPERS],
                struct error *err) {
        static const char *const names[] = { "name",  "full_name", "tax_id",    "contact",
                                             "added", "added_by",  "withdrawn", "withdrawal" };
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *provider = NULL;
        char today[DATE_TEXT];
        int r = db_query(act->db, &rows, err,
                         "SELECT name, full_name, tax_id, contact, added, added_by, withdrawn, withdrawal "
                         "FROM provider WHERE name = ?",
                         "s", name);

        if (r == 0)
                r = rows_next(rows, err);
        if (r == 0) {
                (void) fail(err, ERR_NOT_FOUND, "No hay ningún proveedor «%.40s».", "There is no provider “%.40s”.",
                            name);
                return hint(err, "Vea «mpsi provider list».", "See “mpsi provider list”.");
        }
        if (r < 0)
                return r;
        provider = rows_to_json(rows, names, "sssststs");
        if (!provider)
                return fail_memory(err);
        date_of(act_now(act), today);
        r = read_documents(act->db, name, today, provider, ret_expires, err);
        if (r == 0 &&
            json_object_set_new(
                    provider, "standing",
                    json_string(json_text(provider, "withdrawn")
                                        ? "withdrawn"
                                        : paper_standing_terms[provider_standing(ret_expires, today)].code)))
                r = fail_memory(err);
        if (r == 0)
                *ret = TAKE_PTR(provider);
        return r;
}

int provider_find(struct act *act, const char *name, json_t **ret, struct error *err) {
        const char *expires[PAPERS];

        return load(act, name, ret, expires, err);
}

int provider_demand(struct act *act, const char *name, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *provider = NULL;
        const char *expires[PAPERS];
        char today[DATE_TEXT];
        int r = load(act, name, &provider, expires, err);

        if (r < 0)
                return r;
        if (json_text(provider, "withdrawn"))
                return refuse(err, ERR_REFUSED, "S11", "El proveedor %s está retirado: %s.",
                              "Provider %s is withdrawn: %s.", name, json_text_or_empty(provider, "withdrawal"));
        date_of(act_now(act), today);
        r = provider_judge(name, expires, today, err);
        if (r == 0)
                *ret = TAKE_PTR(provider);
        return r;
}

/* --- verbs -------------------------------------------------------------------------------------------------- */

#define PROVIDER_PARAM                                                                                             \
        { "provider", PARAM_NAME, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("proveedor", "provider"), 0, 0, NULL, 0 }

static const struct param add_params[] = {
        PROVIDER_PARAM,
        { "full-name", PARAM_TEXT, PARAM_REQUIRED, HELP("razón social", "registered name"), 0, 120, NULL, 0 },
        { "tax-id", PARAM_TEXT, PARAM_REQUIRED, HELP("NIF", "tax number"), 0, 30, NULL, 0 },
        { "contact", PARAM_TEXT, 0, HELP("dirección y contacto", "address and contact"), 0, 200, NULL, 0 },
};

static const struct param document_params[] = {
        PROVIDER_PARAM,
        { "kind", PARAM_TERM, PARAM_REQUIRED, HELP("qué acredita", "what it shows"), 0, 0, provider_paper_terms,
          PAPERS },
        { "reference", PARAM_TEXT, PARAM_REQUIRED, HELP("número y quién lo expide", "its number and who issued it"),
          0, 120, NULL, 0 },
        { "issued", PARAM_DATE, PARAM_REQUIRED, HELP("desde", "from"), 0, 0, NULL, 0 },
        { "expires", PARAM_DATE, PARAM_REQUIRED, HELP("hasta, incluido", "until, that day included"), 0, 0, NULL,
          0 },
        { "file", PARAM_INPUT, PARAM_REQUIRED, HELP("el documento", "the document"), 0, 0, NULL, 0 },
};

static const struct param withdraw_params[] = {
        PROVIDER_PARAM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 300, NULL, 0 },
};

static const struct param show_params[] = { PROVIDER_PARAM };

static const struct column show_columns[] = {
        { "kind", CODES("Acredita", "Shows", provider_paper_terms) },
        { "reference", HELP("Referencia", "Reference") },
        { "issued", HELP("Desde", "From") },
        { "expires", HELP("Hasta", "Until") },
        { "days", HELP("Días", "Days") },
        { "standing", CODES("Situación", "Standing", paper_standing_terms) },
        { "sha256", HELP("SHA-256", "SHA-256") },
};

static const struct column list_columns[] = {
        { "name", HELP("Proveedor", "Provider") },
        { "full_name", HELP("Razón social", "Registered name") },
        { "tax_id", HELP("NIF", "Tax number") },
        { "standing", CODES("Situación", "Standing", paper_standing_terms) },
        { "expires", HELP("Primera caducidad", "First expiry") },
        { "days", HELP("Días", "Days") },
        { "missing", CODES("Falta", "Missing", provider_paper_terms) },
};

static int run_add(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "provider");
        _cleanup_json_ json_t *there = NULL, *data = NULL;
        int r;

        if (provider_find(act, name, &there, NULL) == 0)
                return fail(err, ERR_CONFLICT, "Ya hay un proveedor «%s».", "There is a provider “%s” already.",
                            name);
        data = json_pack("{s:s, s:s, s:s}", "full_name", json_text(args, "full-name"), "tax_id",
                         json_text(args, "tax-id"), "contact", json_text_or_empty(args, "contact"));
        r = data ? act_record_one(act, "provider.added", name, data, err) : fail_memory(err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Proveedor %s dado de alta. Faltan sus cinco documentos: «mpsi provider document %s».",
                "Provider %s added. Its five papers are missing: “mpsi provider document %s”.", name, name);
        return provider_find(act, name, ret, err);
}

static int run_document(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "provider");
        _cleanup_json_ json_t *there = NULL, *data = NULL;
        char digest[SHA256_TEXT];
        int r = provider_find(act, name, &there, err);

        if (r < 0)
                return r;
        if (strcmp(json_text(args, "expires"), json_text(args, "issued")) < 0)
                return fail(err, ERR_USAGE, "El documento acabaría antes de empezar.",
                            "The document would end before it starts.");
        r = act_attach_file(act, json_text(args, "file"), DOCUMENT_MAX_BYTES, digest, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", json_text(args, "kind"), "reference",
                         json_text(args, "reference"), "issued", json_text(args, "issued"), "expires",
                         json_text(args, "expires"), "sha256", digest);
        r = data ? act_record_one(act, "provider.documented", name, data, err) : fail_memory(err);
        return r < 0 || act->dry_run ? r : provider_find(act, name, ret, err);
}

static int run_withdraw(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "provider");
        _cleanup_json_ json_t *there = NULL, *data = NULL;
        int r = provider_find(act, name, &there, err);

        if (r < 0)
                return r;
        data = json_pack("{s:s}", "reason", json_text(args, "reason"));
        r = data ? act_record_one(act, "provider.withdrawn", name, data, err) : fail_memory(err);
        return r < 0 || act->dry_run ? r : provider_find(act, name, ret, err);
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return provider_find(act, json_text(args, "provider"), ret, err);
}

/* One row of the list: the first paper to end, and those that aren't there. */
static int add_row(struct act *act, const char *name, json_t *list, int *soon, struct error *err) {
        _cleanup_json_ json_t *provider = NULL;
        _cleanup_free_ char *missing = strdup("");
        const json_t *first = NULL;
        const char *standing;
        int r = provider_find(act, name, &provider, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < PAPERS; i++) {
                const json_t *paper = json_array_get(json_object_get(provider, "rows"), i);

                if (!json_text(paper, "expires")) {
                        char *more = missing ? str_format("%s%s%s", missing, *missing ? ", " : "",
                                                          json_text_or_empty(paper, "kind"))
                                             : NULL;

                        free(missing);
                        missing = more;
                } else if (!first || strcmp(json_text(paper, "expires"), json_text(first, "expires")) < 0)
                        first = paper;
        }
        if (!missing)
                return fail_memory(err);
        standing = json_text(provider, "standing");
        *soon += strcmp(standing, "soon") == 0 || strcmp(standing, "expired") == 0;
        return json_array_append_new(list, json_pack("{s:O, s:O, s:O, s:O, s:O*, s:O*, s:s}", "name",
                                                     json_object_get(provider, "name"), "full_name",
                                                     json_object_get(provider, "full_name"), "tax_id",
                                                     json_object_get(provider, "tax_id"), "standing",
                                                     json_object_get(provider, "standing"), "expires",
                                                     json_object_get(first, "expires"), "days",
                                                     json_object_get(first, "days"), "missing", missing))
                       ? fail_memory(err)
                       : 0;
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int soon = 0, r = db_query(act->db, &rows, err, "SELECT name FROM provider ORDER BY name", "");

        (void) args;
        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                r = add_row(act, rows_text(rows, 0), list, &soon, err);
        if (r < 0)
                return r;
        if (soon)
                act_say(act, "%d con algún documento caducado o a menos de %d días de caducar.",
                        "%d with a paper that has expired or ends in less than %d days.", soon, PAPER_SOON_DAYS);
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

const struct verb provider_verbs[] = {
        { .noun = "provider",
          .name = "add",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("dar de alta un proveedor de destrucción", "add a provider of destruction"),
          PARAMS(add_params),
          COLUMNS(show_columns),
          .run = run_add },
        { .noun = "provider",
          .name = "document",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("guardar un documento que lo acredita, con su vigencia",
                       "keep a paper that it holds, with its validity"),
          PARAMS(document_params),
          COLUMNS(show_columns),
          .run = run_document },
        { .noun = "provider",
          .name = "withdraw",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("retirarlo: ya no destruye", "withdraw it: it destroys no more"),
          PARAMS(withdraw_params),
          COLUMNS(show_columns),
          .run = run_withdraw },
        { .noun = "provider",
          .name = "show",
          .roles = ROLE_ANY,
          .help = HELP("ver un proveedor y sus documentos", "show a provider and its papers"),
          PARAMS(show_params),
          COLUMNS(show_columns),
          .run = run_show },
        { .noun = "provider",
          .name = "list",
          .roles = ROLE_ANY,
          .help = HELP("proveedores, y qué caduca", "providers, and what expires"),
          COLUMNS(list_columns),
          .run = run_list },
};
_Static_assert(COUNT(provider_verbs) == PROVIDER_VERBS, "all verbs are offered");
