/* Form R-110-024: the audit as it is kept. */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "custody/signature.h"
#include "programme/internal.h"
#include "registry/person.h"

static json_t *both(struct text text) {
        return json_pack("{s:s, s:s}", "es", text.es, "en", text.en);
}

static json_t *word_of(const struct term *terms, size_t n, const char *code) {
        int i = code ? term_parse(terms, n, code) : -1;

        return i < 0 ? json_string(code ? code : "–") : both(terms[i].name);
}

/* Codes in their names, "scan: serial" too; what a person typed as it is. */
static json_t *words_of(const struct term *terms, size_t n, const char *codes) {
        _cleanup_free_ char *es = terms_named(terms, n, codes ? codes : "", LANG_ES),
                            *en = terms_named(terms, n, codes ? codes : "", LANG_EN);

        return es && en ? both((struct text){ es, en }) : NULL;
}

static int split_items(const json_t *items, json_t *data, struct error *err) {
        json_t *sample = json_array(), *criteria = json_array();
        const json_t *item;
        size_t i;

        if (json_object_set_new(data, "sample_items", sample) || json_object_set_new(data, "criteria", criteria))
                return fail_memory(err);
        json_array_foreach(items, i, item) {
                json_t *row = json_copy((json_t *) (uintptr_t) item);
                bool of_process = strcmp(json_text_or_empty(item, "what"), "criterion") == 0;

                if (!row ||
                    json_object_set_new(row, "result",
                                        word_of(audit_result_terms, AUDIT_RESULTS, json_text(item, "result"))) ||
                    json_object_set_new(row, "how",
                                        words_of(audit_way_terms, AUDIT_WAYS, json_text(item, "how"))) ||
                    json_object_set_new(row, "note",
                                        words_of(audit_note_terms, AUDIT_NOTES, json_text(item, "note"))) ||
                    json_array_append_new(of_process ? criteria : sample, row))
                        return fail_memory(err);
        }
        return 0;
}

static int add_findings(struct act *act, const json_t *audit, json_t *data, struct error *err) {
        _cleanup_json_ json_t *findings = NULL;
        json_t *one;
        size_t i;
        int r = finding_rows(act, json_text(audit, "audit"), false, &findings, err);

        if (r < 0)
                return r;
        json_array_foreach(findings, i, one) {
                if (json_object_set_new(
                            one, "severity",
                            word_of(finding_severity_terms, FINDING_SEVERITIES, json_text(one, "severity"))) ||
                    json_object_set_new(one, "state",
                                        word_of(finding_state_terms, FINDING_STATES, json_text(one, "state"))) ||
                    json_object_set_new(one, "responsible", person_printed(act->db, json_text(one, "responsible"))))
                        return fail_memory(err);
        }
        return json_object_set(data, "finding_list", findings) ? fail_memory(err) : 0;
}

static json_t *signature_box(struct act *act, const json_t *audit) {
        const json_t *signatures = json_object_get(audit, "signatures"), *one = json_array_get(signatures, 0);
        json_t *box = json_object(), *name = person_printed(act->db, json_text(one, "person"));

        if (!one || !name)
                return box;
        (void) json_object_set_new(box, "name", name);
        (void) json_object_set(box, "date", json_object_get(one, "time"));
        if (custody_signed(signatures, "close"))
                (void) json_object_set_new(box, "note",
                                           both((struct text){ "Firma ECDSA válida en el libro",
                                                               "Valid ECDSA signature in the ledger" }));
        else if (json_text(one, "paper"))
                (void) json_object_set(box, "note", json_object_get(one, "paper"));
        return box;
}

/* "95 % de confianza de que menos del 1,0 % es deficiente, si no hay ninguno en la muestra". */
static json_t *rule_words(const json_t *audit) {
        int64_t confidence = json_int(audit, "confidence", 0), tolerated = json_int(audit, "tolerated", 0);
        char es[160], en[160];

        if (tolerated == 0)
                return both((struct text){ "Se comprueba todo.", "Everything is checked." });
        (void) snprintf(
                es, sizeof es,
                "Si en la muestra no hay ninguno deficiente, con un %lld %% de confianza lo es como mucho el "
                "%lld,%lld %%.",
                (long long) confidence, (long long) (tolerated / 10), (long long) (tolerated % 10));
        (void) snprintf(
                en, sizeof en,
                "If none in the sample is deficient, then with %lld %% confidence at most %lld.%lld %% are.",
                (long long) confidence, (long long) (tolerated / 10), (long long) (tolerated % 10));
        return both((struct text){ es, en });
}

static int form_data(struct act *act, const json_t *audit, const json_t *items, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = json_copy((json_t *) (uintptr_t) audit), *more = NULL;
        const char *scope = json_text_or_empty(audit, "scope");
        int r;

        more = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o*, s:o*, s:s, s:s, s:{s:o}}", "number",
                         json_text(audit, "audit"), "organisation", act->organisation, "site", act->site, "station",
                         act->station, "issued", (json_int_t) act_now(act), "issued_by",
                         person_printed(act->db, act->person), "what",
                         word_of(audit_kind_terms, AUDIT_KINDS, json_text(audit, "kind")), "rule",
                         rule_words(audit), "auditor", person_printed(act->db, json_text(audit, "started_by")),
                         "closer", person_printed(act->db, json_text(audit, "closed_by")), "place",
                         *scope ? scope : act->site, "measure", audit_programme[audit_kind_of(audit)].measure,
                         "signatures", "auditor", signature_box(act, audit));
        /* The paper's digest is of all of it; the population's has its own member. */
        if (!data || !more || json_object_update(data, more) ||
            json_object_set(data, "population_digest", json_object_get(audit, "digest")) ||
            json_object_del(data, "digest"))
                return fail_memory(err);
        r = split_items(items, data, err);
        if (r == 0)
                r = add_findings(act, audit, data, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(data);
        return 0;
}

static int read_audit(struct act *act, const json_t *args, struct report *report, struct error *err) {
        _cleanup_json_ json_t *items = NULL;
        int r = audit_load(act, json_text(args, "audit"), &report->answer, err);

        if (r == 0)
                r = audit_items(act, json_text(report->answer, "audit"), &items, err);
        if (r == 0)
                r = audit_name_criteria(report->answer, items, err);
        if (r == 0)
                r = form_data(act, report->answer, items, &report->data, err);
        if (r < 0)
                return r;
        (void) snprintf(report->number, sizeof report->number, "%s", json_text_or_empty(report->answer, "audit"));
        (void) snprintf(report->es, sizeof report->es, "Auditoría %.40s", report->number);
        (void) snprintf(report->en, sizeof report->en, "Audit %.40s", report->number);
        return json_object_set(report->answer, "rows", items) ||
                               json_object_set(report->answer, "finding_list",
                                               json_object_get(report->data, "finding_list"))
                       ? fail_memory(err)
                       : 0;
}

int audit_run_report(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_report_ struct report report = { .form = "R-110-024", .lang = act->lang };
        int r = report_make(act, args, read_audit, &report, err);

        if (r == 0)
                *ret = TAKE_PTR(report.answer);
        return r;
}
