/* R-110-020: the request as the ledger knows it. */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "certify/internal.h"
#include "policy/sanitization.h"
#include "print/form.h"
#include "registry/person.h"

static json_t *text_pair(struct text text) {
        return json_pack("{s:s, s:s}", "es", text.es, "en", text.en);
}

static json_t *medium_part(const struct medium *medium) {
        return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:I}", "id",
                         medium->id, "kind", medium_kind_terms[medium->kind].code, "size",
                         (json_int_t) medium->size, "vendor", medium->vendor, "model", medium->model, "serial",
                         medium->serial, "wwn", medium->wwn, "location", medium->location, "owner", medium->owner,
                         "classification", classification_terms[medium->classification].code, "category",
                         category_terms[medium->category].code, "health", medium->health, "created",
                         medium->created, "expires", medium->expires, "retention",
                         (json_int_t) medium->retention_days);
}

/* One medium of the form's table, with whoever decides about it, and what they decided. */
static int medium_row(struct act *act, const json_t *destruction, json_t **ret, struct error *err) {
        int state = term_parse(destruction_state_terms, DESTRUCTION_STATES,
                               json_text_or_empty(destruction, "state"));
        _cleanup_json_ json_t *owner = NULL, *row = NULL;
        struct medium medium;
        int r = medium_load(act->db, json_text(destruction, "medium"), &medium, err);

        if (r == 0)
                r = certify_person(act, medium.owner, &owner, err);
        if (r < 0)
                return r;
        row = medium_part(&medium);
        if (!row || json_object_set(row, "owner", json_object_get(owner, "name")) ||
            json_object_set(row, "destruction", json_object_get(destruction, "destruction")) ||
            (state >= 0 && json_object_set_new(row, "state", text_pair(destruction_state_terms[state].name))))
                return fail_memory(err);
        *ret = TAKE_PTR(row);
        return 0;
}

/* All that were asked for together: in the table when there are several, else in the fields of the one. */
static int add_media(struct act *act, const json_t *destruction, json_t *data, struct error *err) {
        _cleanup_json_ json_t *together = NULL;
        json_t *list = json_array();
        const json_t *one;
        size_t i;
        int r = destruction_together(act, destruction, &together, err);

        if (!list || json_object_set_new(data, "media", list))
                return fail_memory(err);
        json_array_foreach(together, i, one) {
                json_t *row = NULL;

                if (r == 0)
                        r = medium_row(act, one, &row, err);
                if (r == 0 && json_array_append_new(list, row))
                        r = fail_memory(err);
        }
        if (r < 0)
                return r;
        if (json_array_size(list) > 1)
                return json_object_set_new(data, "batch", json_integer((json_int_t) json_array_size(list)))
                               ? fail_memory(err)
                               : 0;
        return json_object_set(data, "medium", json_array_get(list, 0)) ? fail_memory(err) : 0;
}

static int add_people(struct act *act, const json_t *destruction, json_t *data, struct error *err) {
        _cleanup_json_ json_t *requester = NULL, *approver = NULL;
        const char *decided_by = json_text(destruction, "decided_by");
        int r = certify_person(act, json_text(destruction, "requester"), &requester, err);

        if (r == 0 && decided_by)
                r = certify_person(act, decided_by, &approver, err);
        if (r < 0)
                return r;
        if (json_object_set_new(requester, "time", json_string(json_text(destruction, "requested"))) ||
            json_object_set_new(requester, "date", json_string(json_text(destruction, "requested"))) ||
            json_object_set(data, "requester", requester))
                return fail_memory(err);
        if (approver &&
            (json_object_set_new(approver, "date", json_string(json_text(destruction, "decided"))) ||
             json_object_set_new(
                     data, "decision",
                     json_pack("{s:s, s:O, s:s, s:s*}", "result",
                               destruction_is(destruction, DESTRUCTION_REFUSED) ? "refused" : "approved", "name",
                               json_object_get(approver, "name"), "time", json_text(destruction, "decided"),
                               "comment", json_text(destruction, "note")))))
                return fail_memory(err);
        return json_object_set_new(data, "signatures",
                                   json_pack("{s:O, s:O*}", "requester", requester, "approver", approver))
                       ? fail_memory(err)
                       : 0;
}

static int form_data(struct act *act, const json_t *destruction, json_t **ret, struct error *err) {
        int method = term_parse(destruction_method_terms, DESTRUCTION_METHODS, json_text(destruction, "method"));
        _cleanup_json_ json_t *data = NULL;
        char limit[AREA_TEXT] = "", particle[64];
        struct medium medium;
        int64_t most;
        int r = medium_load(act->db, json_text(destruction, "medium"), &medium, err);

        if (r < 0)
                return r;
        most = destruction_area_limit(medium.kind, medium.classification, (enum destruction_method) method);
        if (most != AREA_NONE)
                area_format(most, limit);
        (void) snprintf(particle, sizeof particle, "≤ %s mm²", limit);
        data = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:s, s:o, s:s, s:s*, s:s*, s:o}", "organisation",
                         act->organisation, "site", act->site, "station", act->station, "number",
                         json_text(destruction, "destruction"), "issued", (json_int_t) act_now(act), "issued_by",
                         person_printed(act->db, act->person), "reason", json_text(destruction, "reason"), "method",
                         text_pair(destruction_method_terms[method].name), "level", "Destroy", "planned",
                         json_text(destruction, "planned"), "particle", *limit ? particle : NULL, "minimum",
                         text_pair(sanitize_demand(medium.kind, medium.classification)->method));
        if (!data)
                return fail_memory(err);
        r = add_media(act, destruction, data, err);
        if (r == 0)
                r = add_people(act, destruction, data, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(data);
        return 0;
}

int destruction_form(struct act *act, const json_t *destruction, const char *path, struct error *err) {
        _cleanup_free_ char *forms = act_path(act, NULL, "forms");
        _cleanup_json_ json_t *data = NULL;
        int r = forms ? form_data(act, destruction, &data, err) : fail_memory(err);

        return r < 0 ? r : form_to_pdf(forms, "R-110-020", certify_lang(act), data, path, err);
}

static int read_request(struct act *act, const json_t *args, struct report *report, struct error *err) {
        int r = destruction_find(act, json_text(args, "destruction"), &report->answer, err);

        if (r == 0)
                r = form_data(act, report->answer, &report->data, err);
        if (r < 0)
                return r;
        (void) snprintf(report->number, sizeof report->number, "%s",
                        json_text_or_empty(report->answer, "destruction"));
        (void) snprintf(report->es, sizeof report->es, "Solicitud de destrucción %.40s", report->number);
        (void) snprintf(report->en, sizeof report->en, "Destruction request %.40s", report->number);
        return 0;
}

int destruction_run_report(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_report_ struct report report = { .form = "R-110-020", .lang = certify_lang(act) };
        int r = report_make(act, args, read_request, &report, err);

        if (r == 0)
                *ret = TAKE_PTR(report.answer);
        return r;
}
