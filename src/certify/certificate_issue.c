/* `certificate issue`: the twin, the form, and one fact that binds them to a number without gaps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "certify/attachments.h"
#include "policy/rule.h"
#include "print/form.h"

struct issue {
        json_t *twin;
        char number[CERTIFICATE_NUMBER];
        int64_t year, ordinal;
        char twin_digest[SHA256_TEXT], pdf_digest[SHA256_TEXT];
};

static int refuse_second(struct act *act, const char *source, struct error *err) {
        _cleanup_free_ char *other = NULL;
        int r = db_text(act->db, &other, err,
                        "SELECT number FROM certificate WHERE source = ? AND state <> 'revoked'", "s", source);

        if (r == ERR_NOT_FOUND)
                return 0;
        return r < 0 ? r
                     : refuse(err, ERR_CONFLICT, "S9", "%s ya tiene el certificado %s.",
                              "%s has certificate %s already.", source, other);
}

/* HQ-2026-000001: the next of the year. The writer's lock is held, so nobody takes it meanwhile. */
static int next_number(struct act *act, struct issue *issue, struct error *err) {
        char today[DATE_TEXT];
        int r;

        date_of(act_now(act), today);
        issue->year = strtoll(today, NULL, 10);
        r = db_int(act->db, &issue->ordinal, err,
                   "SELECT coalesce(max(ordinal), 0) + 1 FROM certificate WHERE year = ?", "i", issue->year);
        if (r < 0)
                return r;
        (void) snprintf(issue->number, sizeof issue->number, "%s-%04lld-%06lld", act->site, (long long) issue->year,
                        (long long) issue->ordinal);
        return 0;
}

static int complete_twin(struct act *act, const json_t *args, struct issue *issue, struct error *err) {
        char now[TIME_TEXT], policy[64];
        const char *destination = json_text(args, "destination");
        bool destroyed = strcmp(json_text_or_empty(issue->twin, "kind"), "destruction") == 0;
        int r = certify_policy_version(policy, err);
        _cleanup_json_ json_t *head = NULL;

        if (r < 0)
                return r;
        time_format(act_now(act), now);
        head = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:s}", "format", "mpsi-certificate/2",
                         "number", issue->number, "issued", now, "issued_by", act->person, "organisation",
                         act->organisation, "site", act->site, "station", act->station, "policy", policy, "tool",
                         "mpsi " MPSI_VERSION, "destination",
                         destination ? destination
                         : destroyed ? "—"
                                     : NULL,
                         "station_certificate", act->station_certificate);
        return head && json_object_update(issue->twin, head) == 0 ? 0 : fail_memory(err);
}

/* The PDF goes through a file, since the form engine writes one; its bytes end in attachments/ by digest. */
static int draw_form(struct act *act, struct issue *issue, const char *twin, struct error *err) {
        _cleanup_free_ char *forms = act_path(act, NULL, "forms"), *path = act_path(act, "work", "certificate.pdf");
        _cleanup_json_ json_t *data = NULL;
        int r = certify_form_data(issue->twin, issue->twin_digest, &data, err);

        if (r == 0)
                r = form_to_pdf(forms, "R-110-021", certify_lang(act), data, path, err);
        if (r == 0)
                r = certify_pdf(act, issue->twin, twin, path, issue->pdf_digest, err);
        if (path)
                (void) unlink(path);
        return r;
}

static int write_documents(struct act *act, struct issue *issue, struct error *err) {
        _cleanup_free_ char *text = NULL;
        int r = certify_attachments(act, issue->twin, err);

        if (r == 0)
                r = json_canonical(issue->twin, &text, err);
        if (r == 0)
                r = act_attach(act, text, strlen(text), issue->twin_digest, err);
        return r < 0 ? r : draw_form(act, issue, text, err);
}

static json_t *fact_of(const struct issue *issue) {
        const json_t *people = json_object_get(issue->twin, "people");

        return json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "number", issue->number, "year",
                         (json_int_t) issue->year, "ordinal", (json_int_t) issue->ordinal, "kind",
                         json_text(issue->twin, "kind"), "source", json_text(issue->twin, "source"), "source_seq",
                         (json_int_t) json_int(json_object_get(issue->twin, "ledger"), "seq", 0), "executor",
                         json_text(json_object_get(people, "executor"), "account"), "supervisor",
                         json_text(json_object_get(people, "supervisor"), "account"), "twin", issue->twin_digest,
                         "pdf", issue->pdf_digest);
}

int certificate_run_issue(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *twin = NULL, *data = NULL;
        struct issue issue = { 0 };
        struct medium medium;
        int r = medium_load(act->db, json_text(args, "medium"), &medium, err);

        if (r == 0)
                r = certify_gather(act, &medium, json_text(args, "supervisor"), &twin, err);
        if (r == 0)
                r = refuse_second(act, json_text(twin, "source"), err);
        if (r == 0)
                r = next_number(act, &issue, err);
        issue.twin = twin;
        if (r == 0)
                r = complete_twin(act, args, &issue, err);
        if (r < 0 || act->dry_run)
                return r;
        r = write_documents(act, &issue, err);
        if (r < 0)
                return r;
        data = fact_of(&issue);
        r = data ? act_record_one(act, "certificate.issued", medium.id, data, err) : fail_memory(err);
        if (r == 0 && json_text(args, "out"))
                r = certify_export(act, issue.pdf_digest, json_text(args, "out"), err);
        if (r < 0)
                return r;
        act_say(act,
                "Certificado %s emitido. Firman, en este orden: %s, %s y el sello («mpsi certificate sign %s»).",
                "Certificate %s issued. They sign in this order: %s, %s and the seal (“mpsi certificate sign %s”).",
                issue.number, json_text(data, "executor"), json_text(data, "supervisor"), issue.number);
        return certify_load(act->db, issue.number, ret, err);
}
