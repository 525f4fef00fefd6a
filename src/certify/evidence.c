/* What a certificate states is a view on events: here they are gathered into its machine-readable twin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "certify/combine.h"
#include "ledger/ledger.h"
#include "policy/families.h"
#include "policy/shredding.h"
#include "registry/station.h"
#include "sanitize/sanitize.h"
#include "sanitize/technique.h"

static json_t *text_pair(struct text text) {
        return json_pack("{s:s, s:s}", "es", text.es, "en", text.en);
}

int certify_person(struct act *act, const char *name, json_t **ret, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        int r = person_load(act->db, name, &person, err);

        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:s}", "account", person.name, "name",
                         *person.full_name ? person.full_name : person.name, "title", person.title);
        return *ret ? 0 : fail_memory(err);
}

enum lang certify_lang(struct act *act) {
        struct station station;
        enum lang lang;

        if (station_load(act->db, &station, NULL) < 0)
                return act->lang;
        lang = station.lang;
        station_done(&station);
        return lang;
}

int certify_attachment(struct act *act, const char *digest, char **ret, size_t *ret_n, struct error *err) {
        _cleanup_free_ char *path = act_path(act, "attachments", digest), *data = NULL;
        char found[SHA256_TEXT];
        size_t n;
        int r = path ? file_read(path, CERTIFICATE_MAX_BYTES, &data, &n, err) : fail_memory(err);

        if (r < 0)
                return r;
        if (sha256_text(data, n, found) < 0)
                return fail_memory(err);
        if (strcmp(found, digest) != 0)
                return refuse(err, ERR_VERIFY, "S9", "El fichero %s de este puesto ha cambiado.",
                              "The file %s of this station has changed.", digest);
        *ret = TAKE_PTR(data);
        *ret_n = n;
        return 0;
}

int certify_export(struct act *act, const char *digest, const char *path, struct error *err) {
        _cleanup_free_ char *data = NULL;
        size_t n;
        int r = certify_attachment(act, digest, &data, &n, err);

        return r < 0 ? r : file_write(path, data, n, 0640, err);
}

static int add_rules(FILE *out) {
        for (size_t f = 0; f < rule_families_n; f++)
                for (size_t i = 0; i < rule_families[f]->n; i++) {
                        const struct rule *rule = &rule_families[f]->rules[i];

                        (void) fprintf(out, "%s\t%s\t%s\n", rule->id, rule->ens, rule->says.es);
                }
        return fclose(out);
}

int certify_policy_version(char out[64], struct error *err) {
        _cleanup_free_ char *text = NULL;
        char digest[SHA256_TEXT];
        size_t n = 0;
        FILE *stream = open_memstream(&text, &n);

        if (!stream || add_rules(stream) != 0 || sha256_text(text, n, digest) < 0)
                return fail_memory(err);
        (void) snprintf(out, 64, "mpsi %s, SHA-256 %.16s", MPSI_VERSION, digest);
        return 0;
}

int certify_proof(struct act *act, int64_t seq, json_t **ret, struct error *err) {
        return ledger_prove(act->ledger, seq, ret, err);
}

/* SP 800-88 Rev. 2 section 4.6: manufacturer, model, serial, property number, kind, source, classification. */
static json_t *medium_part(const struct medium *medium, enum classification classification, struct text after) {
        return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:b}", "id", medium->id, "kind",
                         medium_kind_terms[medium->kind].code, "size", (json_int_t) medium->size, "vendor",
                         medium->vendor, "model", medium->model, "serial", medium->serial, "wwn", medium->wwn,
                         "owner", medium->owner, "classification", classification_terms[classification].code,
                         "classification_after", text_pair(after), "category",
                         category_terms[medium->category].code, "health", medium->health);
}

static json_t *moment_text(int64_t moment) {
        char text[TIME_TEXT];

        time_format(moment, text);
        return json_string(text);
}

/* The passes of a technique in words: a job that ended sanitized has made them all. */
static int add_passes(const struct technique *technique, const json_t *ended, int64_t size, int64_t header,
                      json_t *steps) {
        for (size_t i = 0; i < technique->passes_n; i++)
                if (json_array_append_new(steps,
                                          json_pack("{s:s, s:o, s:I, s:s, s:s*}", "technique", technique->name,
                                                    "step", text_pair(technique->passes[i].says), "bytes",
                                                    (json_int_t) size, "result", "passed", "finished",
                                                    json_string_value(json_array_get(ended, i)))))
                        return ERR_FAILED;
        if (technique->passes_n)
                return 0;
        return json_array_append_new(steps, json_pack("{s:s, s:o, s:I, s:s}", "technique", technique->name, "step",
                                                      text_pair(technique->says), "bytes",
                                                      (json_int_t) (technique->firmware ? size : header), "result",
                                                      "passed"))
                       ? ERR_FAILED
                       : 0;
}

static int add_steps(json_t *twin, const json_t *ended, struct error *err) {
        const json_t *names = json_object_get(ended, "techniques");
        int64_t size = json_int(json_object_get(twin, "medium"), "size", 0);
        int64_t header = json_int(json_object_get(ended, "evidence"), "area_bytes", 0);
        const json_t *verification = json_object_get(ended, "verification");
        json_t *steps = json_array(), *last;

        if (!steps || json_object_set_new(twin, "steps", steps))
                return fail_memory(err);
        for (size_t i = 0; i < json_array_size(names); i++) {
                const char *name = json_string_value(json_array_get(names, i));
                const struct technique *technique = name ? technique_named(name) : NULL;

                if (technique &&
                    add_passes(technique, json_object_get(ended, "passes_ended"), size, header, steps) < 0)
                        return fail_memory(err);
        }
        last = json_array_get(steps, json_array_size(steps) - 1);
        if (last && strcmp(json_text_or_empty(verification, "kind"), "sample") == 0 &&
            (json_object_set_new(last, "step", text_pair((struct text) SAYS_SAMPLE)) ||
             json_object_set_new(last, "bytes", json_integer(json_int(verification, "bytes", 0)))))
                return fail_memory(err);
        return 0;
}

/* What the sanitization recorded of itself, as it recorded it. */
static int take_members(json_t *twin, const json_t *ended, struct error *err) {
        static const struct {
                const char *in_twin, *in_event;
        } members[] = {
                { "techniques", "techniques" },
                { "verification", "verification" },
                { "unreached", "areas_not_reached" },
                { "bytes_not_reached", "bytes_not_reached" },
                { "limits", "limits" },
                { "clock", "clock" },
                { "hidden", "hidden" },
                { "device", "device" },
                { "device_status", "device_status" },
                { "seed", "seed" },
                { "seed_commitment", "seed_commitment" },
                { "markers_before", "markers_before" },
                { "markers_after", "markers_after" },
                { "forensic", "forensic" },
                { "attachments", "attachments" },
                { "calibration", "calibration" },
                { "keys", "evidence" },
                { "tool_version", "tool_version" },
                { "files", "attachments" },
        };

        for (size_t i = 0; i < COUNT(members); i++) {
                json_t *value = json_object_get(ended, members[i].in_event);

                if (json_object_set_new(twin, members[i].in_twin, value ? json_incref(value) : json_null()))
                        return fail_memory(err);
        }
        return 0;
}

/* "HQ00000042K (Acme Turbo 2, S/N 123)", as much of it as is known. */
static char *describe(const struct medium *medium) {
        bool model = *medium->model || *medium->vendor;

        if (!model && !*medium->serial)
                return strdup(medium->id);
        return str_format("%s (%s%s%s%s%s%s)", medium->id, medium->vendor,
                          *medium->vendor && *medium->model ? " " : "", medium->model,
                          model && *medium->serial ? ", " : "", *medium->serial ? "S/N " : "", medium->serial);
}

/* --- sanitization ------------------------------------------------------------------------------------------ */

/* S5: only what was reached whole, and verified, is certified. */
static int demand_sanitized(const struct medium *medium, const struct sanitization_record *record,
                            struct error *err) {
        const json_t *ended = record->ended_data;

        if (record->state != SANITIZATION_SANITIZED || medium->state != MEDIUM_SANITIZED)
                return refuse(err, ERR_REFUSED, "S5", "El trabajo %s terminó «%s%.0s» y el soporte está «%s%.0s».",
                              "Job %s ended “%.0s%s” and the medium is “%.0s%s”.", record->job,
                              sanitization_state_terms[record->state].name.es,
                              sanitization_state_terms[record->state].name.en,
                              medium_state_terms[medium->state].name.es, medium_state_terms[medium->state].name.en);
        if (json_int(ended, "bytes_not_reached", 0) != 0 ||
            json_array_size(json_object_get(ended, "areas_not_reached")) != 0 ||
            json_int(json_object_get(ended, "verification"), "differing_bytes", 0) != 0)
                return refuse(err, ERR_REFUSED, "S5", "El trabajo %s dejó zonas sin alcanzar o sin verificar.",
                              "Job %s left areas unreached or unverified.", record->job);
        if (record->reached < record->demanded ||
            !sanitization_enough(record, medium->kind, medium->classification))
                return refuse(err, ERR_REFUSED, "S1",
                              "El método del trabajo %s no basta para el nivel del soporte.",
                              "The method of job %s is not enough for the medium's level.", record->job);
        if (sanitize_demand(medium->kind, medium->classification)->forensic &&
            !json_flag(json_object_get(ended, "forensic"), "passed"))
                return refuse(err, ERR_REFUSED, "S4", "Falta superar la comprobación forense del trabajo %s.",
                              "The forensic check of job %s was not passed.", record->job);
        return 0;
}

/* The method's name, and the house's own word for a pattern of theirs; the steps say what it does. */
static json_t *method_name(const struct sanitization_record *record) {
        const struct text name = scheme_terms[record->scheme].name;
        const char *pattern = json_text(record->started_data, "pattern");
        _cleanup_free_ char *es = pattern ? str_format("%s «%s»", name.es, pattern) : strdup(name.es);
        _cleanup_free_ char *en = pattern ? str_format("%s “%s”", name.en, pattern) : strdup(name.en);

        return es && en ? text_pair((struct text){ es, en }) : NULL;
}

static json_t *sanitization_statement(const struct medium *medium, const struct sanitization_record *record) {
        _cleanup_json_ json_t *method = method_name(record);
        _cleanup_free_ char *what = describe(medium);
        _cleanup_free_ char *es = str_format(
                "El soporte %s ha sido saneado en todas sus zonas direccionables mediante %s. La verificación, "
                "leída del propio dispositivo, no encontró ninguna diferencia.",
                what, json_text_or_empty(method, "es"));
        _cleanup_free_ char *en = str_format(
                "Medium %s has been sanitized in all of its addressable areas by %s. The verification, read "
                "from the device itself, found no difference.",
                what, json_text_or_empty(method, "en"));

        return method && what && es && en ? json_pack("{s:s, s:s}", "es", es, "en", en) : NULL;
}

static json_t *standard_of(const struct sanitization_record *record) {
        bool dod = record->scheme == SCHEME_DOD || record->scheme == SCHEME_ECE;
        bool by_key = record->reached == LEVEL_PURGE && json_object_get(record->ended_data, "evidence");
        /* What DoD's passes reach is never called Purge. */
        _cleanup_free_ char *text = str_format("NIST SP 800-88 · %s%s%s",
                                               sanitize_level_terms[record->reached].name.en,
                                               by_key ? " (crypto erase)" : "", dod ? " · DoD 5220.22-M" : "");

        return text ? json_string(text) : NULL;
}

/* Who validated, as printed; the account alone when they are gone. */
static int name_validator(struct act *act, json_t *validation, struct error *err) {
        const char *account = json_text_or_empty(validation, "person");
        _cleanup_json_ json_t *person = NULL;

        if (validation && certify_person(act, account, &person, NULL) < 0)
                return json_object_set_new(validation, "name", json_string(account)) ? fail_memory(err) : 0;
        if (validation && json_object_set(validation, "name", json_object_get(person, "name")))
                return fail_memory(err);
        return 0;
}

/* Whoever ended what another began: they saw the result. */
static int add_finisher(struct act *act, const struct sanitization_record *record, json_t *twin,
                        struct error *err) {
        const char *account = json_text(record->ended_data, "finished_by");
        json_t *person;
        int r;

        if (!account || strcmp(account, record->operator) == 0)
                return 0;
        r = certify_person(act, account, &person, err);
        if (r < 0)
                return r;
        return json_object_set_new(json_object_get(twin, "people"), "finisher", person) ? fail_memory(err) : 0;
}

static int gather_sanitization(struct act *act, const struct medium *medium, json_t **ret, struct error *err) {
        static const struct text after = { "reutilizable (sin información)", "reusable (no information)" };
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        _cleanup_json_ json_t *executor = NULL, *proof = NULL, *validation = NULL;
        int r = sanitization_last(act->db, medium->id, &record, err);

        if (r == 0)
                r = sanitization_demand_validation(act->db, &record, &validation, err);
        if (r == 0)
                r = name_validator(act, validation, err);
        if (r == 0)
                r = demand_sanitized(medium, &record, err);
        if (r == 0)
                r = certify_person(act, record.operator, & executor, err);
        if (r == 0)
                r = certify_proof(act, record.ended_seq, &proof, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:{s:O}, s:{s:I, s:O}}", "kind",
                         "sanitization", "source", record.job, "statement", sanitization_statement(medium, &record),
                         "medium", medium_part(medium, record.classification, after), "method",
                         sanitize_level_terms[record.reached].code, "technique", method_name(&record), "standard",
                         standard_of(&record), "started", moment_text(record.started), "finished",
                         moment_text(record.ended), "result", "passed", "people", "executor", executor, "ledger",
                         "seq", (json_int_t) record.ended_seq, "proof", proof);
        if (!*ret || (validation && json_object_set(*ret, "validation", validation)) ||
            json_object_set_new(*ret, "place", json_string(act->site)) ||
            json_object_set_new(*ret, "equipment", json_string(act->station)))
                return fail_memory(err);
        r = add_finisher(act, &record, *ret, err);
        if (r == 0)
                r = take_members(*ret, record.ended_data, err);
        return r < 0 ? r : add_steps(*ret, record.ended_data, err);
}

/* --- destruction ------------------------------------------------------------------------------------------- */

static json_t *destruction_statement(const struct medium *medium, struct text method) {
        _cleanup_free_ char *what = describe(medium);
        _cleanup_free_ char *es = str_format(
                "El soporte %s ha sido destruido físicamente por %s, en presencia de un "
                "supervisor, y se comprobó que la destrucción es completa.",
                what, method.es);
        _cleanup_free_ char *en = str_format(
                "Medium %s has been physically destroyed by %s, before a supervisor, and the "
                "destruction was checked to be complete.",
                what, method.en);

        return what && es && en ? json_pack("{s:s, s:s}", "es", es, "en", en) : NULL;
}

/* S10: what the remains are by ISO/IEC 21964, beside the house's limit. */
static int add_level(const struct medium *medium, const char *area, json_t *twin, struct error *err) {
        char class[2] = { shred_class(medium->kind), '\0' }, limit[AREA_TEXT];
        int64_t measured, most;

        if (!area || area_parse(area, &measured) < 0)
                return 0;
        most = destruction_area_limit(medium->kind, medium->classification, DESTRUCTION_SHRED);
        area_format(most, limit);
        return json_object_set_new(twin, "iso21964",
                                   json_pack("{s:s, s:i, s:i, s:b, s:s}", "class", class, "level",
                                             shred_level(medium->kind, measured), "demanded",
                                             shred_demanded(medium->kind, medium->classification), "confirmed",
                                             !shred_unconfirmed(medium->kind), "limit_mm2", limit))
                       ? fail_memory(err)
                       : 0;
}

/* S11: who destroyed, with the papers as they were that day, from what the supervisor signed. */
static int add_provider(struct act *act, const json_t *d, json_t *twin, struct error *err) {
        const char *name = json_text(d, "provider"), *text = json_text_or_empty(d, "statement");
        _cleanup_json_ json_t *provider = NULL, *statement = NULL;
        int r;

        if (!name)
                return 0;
        r = provider_find(act, name, &provider, err);
        if (r == 0)
                r = json_parse(text, strlen(text), &statement, err);
        if (r < 0)
                return r;
        return json_object_set_new(twin, "provider",
                                   json_pack("{s:s, s:O, s:O, s:O*, s:O*}", "name", name, "full_name",
                                             json_object_get(provider, "full_name"), "tax_id",
                                             json_object_get(provider, "tax_id"), "papers",
                                             json_object_get(statement, "provider_papers"), "certificate",
                                             json_object_get(d, "provider_certificate")))
                       ? fail_memory(err)
                       : 0;
}

static json_t *destruction_part(const json_t *d, const struct medium *medium, struct text method) {
        static const struct text after = { "destruido", "destroyed" };

        return json_pack(
                "{s:s, s:s, s:o, s:o, s:s, s:o, s:s, s:O, s:O, s:s, s:O, s:O, s:O, s:s, s:O*, s:{s:O, s:O, s:O}, "
                "s:s}",
                "kind", "destruction", "source", json_text(d, "destruction"), "statement",
                destruction_statement(medium, method), "medium", medium_part(medium, medium->classification, after),
                "method", "destroy", "technique", text_pair(method), "standard", "NIST SP 800-88 · Destroy",
                "started", json_object_get(d, "executed"), "finished", json_object_get(d, "executed"), "result",
                "passed", "photos", json_object_get(d, "photos"), "equipment", json_object_get(d, "equipment"),
                "place", json_object_get(d, "place"), "request", json_text(d, "destruction"), "remains_mm2",
                json_object_get(d, "area"), "supervision", "statement", json_object_get(d, "statement"),
                "signature", json_object_get(d, "signature"), "fingerprint", json_object_get(d, "fingerprint"),
                "supervisor", json_text(d, "supervisor"));
}

static int gather_destruction(struct act *act, const struct medium *medium, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *d = NULL, *executor = NULL, *proof = NULL, *twin = NULL;
        struct text method;
        int r = destruction_find(act, medium->id, &d, err);

        if (r == 0)
                r = destruction_demand_state(d, DESTRUCTION_EXECUTED, err);
        if (r == 0)
                r = certify_person(act, json_text(d, "executor"), &executor, err);
        if (r == 0)
                r = certify_proof(act, json_int(d, "executed_seq", 0), &proof, err);
        if (r < 0)
                return r;
        method = destruction_method_terms[term_parse(destruction_method_terms, DESTRUCTION_METHODS,
                                                     json_text(d, "method"))]
                         .name;
        twin = destruction_part(d, medium, method);
        if (!twin || json_object_set_new(twin, "people", json_pack("{s:O}", "executor", executor)) ||
            json_object_set_new(
                    twin, "ledger",
                    json_pack("{s:I, s:O}", "seq", (json_int_t) json_int(d, "executed_seq", 0), "proof", proof)) ||
            (json_text(d, "report") &&
             json_object_set_new(twin, "forensic",
                                 json_pack("{s:I, s:s}", "fragments", (json_int_t) json_int(d, "fragments", 0),
                                           "report", json_text(d, "report")))))
                return fail_memory(err);
        r = add_level(medium, json_text(d, "area"), twin, err);
        if (r == 0)
                r = add_provider(act, d, twin, err);
        if (r == 0)
                *ret = TAKE_PTR(twin);
        return r;
}

/* The information owner as printed; the account alone when they are gone. */
static int name_owner(struct act *act, const struct medium *medium, json_t *twin, struct error *err) {
        _cleanup_json_ json_t *owner = NULL;

        if (certify_person(act, medium->owner, &owner, NULL) < 0)
                return 0;
        return json_object_set(json_object_get(twin, "medium"), "owner_name", json_object_get(owner, "name")) == 0
                       ? 0
                       : fail_memory(err);
}

static int gather_one(struct act *act, const char *id, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *twin = NULL;
        struct medium medium;
        int r = medium_load(act->db, id, &medium, err);

        if (r == 0)
                r = medium.state == MEDIUM_DESTROYED ? gather_destruction(act, &medium, &twin, err)
                                                     : gather_sanitization(act, &medium, &twin, err);
        if (r == 0)
                r = name_owner(act, &medium, twin, err);
        if (r == 0)
                *ret = TAKE_PTR(twin);
        return r;
}

/* A destruction had its supervisor; a wipe gets one now (S8, X1). */
static int add_supervisor(struct act *act, const char *supervisor, json_t *twin, struct error *err) {
        static const char *const executors[] = { "executor", "finisher" };
        const char *present = json_text(twin, "supervisor"), *executor;
        _cleanup_json_ json_t *person = NULL;
        int r;

        if (present && supervisor && strcmp(present, supervisor) != 0)
                return refuse(err, ERR_REFUSED, "S8", "La destrucción la supervisó %s, no %s.",
                              "%s supervised the destruction, not %s.", present, supervisor);
        if (!present && !supervisor)
                return fail(err, ERR_USAGE,
                            "Falta --supervisor: quién valida el resultado y firma después del ejecutor.",
                            "--supervisor is missing: who validates the result and signs after the executor.");
        r = certify_person(act, present ? present : supervisor, &person, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < COUNT(executors); i++) {
                executor = json_text(json_object_get(json_object_get(twin, "people"), executors[i]), "account");
                if (executor && strcmp(executor, json_text(person, "account")) == 0)
                        return refuse(err, ERR_DENIED, "X1", "%s ejecutó y no puede supervisar.",
                                      "%s executed and can't supervise.", executor);
        }
        if (json_object_set(json_object_get(twin, "people"), "supervisor", person))
                return fail_memory(err);
        (void) json_object_del(twin, "supervisor");
        return 0;
}

int certify_gather(struct act *act, const json_t *media, const char *supervisor, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *acts = json_array(), *twin = NULL;
        const json_t *id;
        size_t i;
        int r = acts ? 0 : fail_memory(err);

        json_array_foreach(media, i, id) {
                json_t *one;

                if (r == 0)
                        r = gather_one(act, json_string_value(id), &one, err);
                if (r == 0 && json_array_append_new(acts, one))
                        r = fail_memory(err);
        }
        if (r == 0)
                r = certify_combine(acts, &twin, err);
        if (r == 0)
                r = add_supervisor(act, supervisor, twin, err);
        if (r == 0)
                *ret = TAKE_PTR(twin);
        return r;
}
