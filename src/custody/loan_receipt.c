#include <string.h>

#include "custody/internal.h"
#include "print/form.h"
#include "registry/person.h"

/* {name, title} of a person as printed; the account's name when they are gone. New reference. */
static json_t *printed_person(struct act *act, const char *name) {
        _cleanup_person_ struct person person = { 0 };

        if (!name)
                return json_null();
        if (person_load(act->db, name, &person, NULL) < 0)
                return json_pack("{s:s}", "name", name);
        return json_pack("{s:s, s:s}", "name", *person.full_name ? person.full_name : name, "title", person.title);
}

static json_t *printed_name(struct act *act, const char *name) {
        _cleanup_json_ json_t *person = printed_person(act, name);

        return json_incref(json_object_get(person, "name"));
}

/* With `date` beside the name, for a signature's box; one that is in the ledger is said. */
static json_t *printed_signer(struct act *act, const char *name, const char *moment, bool is_signed) {
        json_t *person = printed_person(act, moment ? name : NULL);

        if (person && moment)
                (void) json_object_set_new(person, "date", json_string(moment));
        if (person && moment && is_signed)
                (void) json_object_set_new(person, "note",
                                           json_pack("{s:s, s:s}", "es", "Firma ECDSA válida en el libro", "en",
                                                     "Valid ECDSA signature in the ledger"));
        return person;
}

static json_t *medium_part(struct act *act, const struct medium *medium) {
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o*, s:s}", "id", medium->id, "kind",
                         medium_kind_terms[medium->kind].code, "classification",
                         classification_terms[medium->classification].code, "category",
                         category_terms[medium->category].code, "model", medium->model, "serial", medium->serial,
                         "location", medium->location, "owner", printed_name(act, medium->owner), "luks_uuid",
                         medium->luks_uuid);
}

int loan_receipt(struct act *act, const json_t *loan, const char *path, struct error *err) {
        _cleanup_free_ char *forms = act_path(act, NULL, "forms");
        _cleanup_json_ json_t *data = NULL;
        const char *returned = json_text(loan, "returned"), *handed = json_text(loan, "handed");
        const json_t *signatures = json_object_get(loan, "signatures");
        struct medium medium;
        int r;

        r = medium_load(act->db, json_text(loan, "medium"), &medium, err);
        if (r < 0)
                return r;
        data = json_pack(
                "{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:s, s:s, s:s, s:{s:o*, s:s*}, s:o*, s:{s:s*, s:o*}, "
                "s:s*, s:s*}",
                "organisation", act->organisation, "site", act->site, "station", act->station, "number",
                json_text(loan, "loan"), "issued", (json_int_t) act_now(act), "issued_by",
                printed_name(act, act->person), "medium", medium_part(act, &medium), "borrower",
                printed_person(act, json_text(loan, "borrower")), "due", json_text(loan, "due"), "reason",
                json_text(loan, "reason"), "requested", json_text(loan, "requested"), "approver", "name",
                printed_name(act, json_text(loan, "decided_by")), "time", json_text(loan, "decided"), "supervisor",
                printed_name(act, json_text(loan, "supervisor")), "handed", "time", handed, "by",
                printed_name(act, json_text(loan, "handed_by")), "seal", json_text(loan, "seal"), "header_digest",
                json_text(loan, "digest"));
        if (!data)
                return fail_memory(err);
        if (json_object_set_new(data, "returned",
                                json_pack("{s:s*, s:o*, s:s*, s:s*}", "time", returned, "to",
                                          printed_name(act, json_text(loan, "returned_to")), "integrity",
                                          json_text(loan, "integrity"), "condition",
                                          json_text(loan, "condition"))) ||
            json_object_set_new(data, "signatures",
                                json_pack("{s:o, s:o, s:o}", "custodian",
                                          printed_signer(act, json_text(loan, "handed_by"), handed, false),
                                          "borrower",
                                          printed_signer(act, json_text(loan, "borrower"), handed,
                                                         custody_signed(signatures, "handed-over")),
                                          "returned",
                                          printed_signer(act, json_text(loan, "returned_to"), returned,
                                                         custody_signed(signatures, "returned")))))
                return fail_memory(err);
        return form_to_pdf(forms, "loan-receipt", act->lang, data, path, err);
}
