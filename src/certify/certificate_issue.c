/* `certificate issue`: the twin, the form, and one fact that binds them to a number without gaps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "certify/attachments.h"
#include "certify/tsa.h"
#include "policy/rule.h"
#include "print/form.h"

struct issue {
        json_t *twin;
        char number[CERTIFICATE_NUMBER];
        int64_t year, ordinal;
        char twin_digest[SHA256_TEXT], pdf_digest[SHA256_TEXT];
        const json_t *supersedes; /* the certificate whose place it takes, or NULL */
};

/* One of the acts, as the twin has it. */
static const json_t *act_of(const json_t *twin, size_t index) {
        const json_t *media = json_object_get(twin, "media");

        return media ? json_array_get(media, index) : twin;
}

static size_t acts_n(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media");

        return media ? json_array_size(media) : 1;
}

/* An act has one certificate, unless that one is the one to be superseded. */
static int refuse_second(struct act *act, const struct issue *issue, struct error *err) {
        for (size_t i = 0; i < acts_n(issue->twin); i++) {
                _cleanup_free_ char *other = NULL;
                const char *source = json_text(act_of(issue->twin, i), "source");
                int r = db_text(act->db, &other, err,
                                "SELECT c.number FROM certificate c JOIN certificate_covers m USING (number) "
                                "WHERE m.source = ? AND c.state IN ('unsigned', 'valid') AND c.number IS NOT ?",
                                "ss", source, json_text(issue->supersedes, "number"));

                if (r == 0)
                        return refuse(err, ERR_CONFLICT, "S9", "%s ya tiene el certificado %s.",
                                      "%s has certificate %s already.", source, other);
                if (r != ERR_NOT_FOUND)
                        return r;
        }
        return 0;
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

/* mp.si.5 R1: a certified product with its reference, or why there is none. Never a claim that mpsi is one. And
 * what it replaces, with that one's digest. */
static int add_details(const json_t *args, struct issue *issue, struct error *err) {
        static const char *const details[] = { "product", "catalogue", "exception" };

        if (json_text(args, "product") && json_text(args, "exception"))
                return fail(err, ERR_USAGE, "--product o --exception, no los dos.",
                            "--product or --exception, not both.");
        if (!json_text(args, "product") != !json_text(args, "catalogue"))
                return fail(err, ERR_USAGE, "--product va con --catalogue.", "--product goes with --catalogue.");
        for (size_t i = 0; i < COUNT(details); i++)
                if (json_text(args, details[i]) &&
                    json_object_set(issue->twin, details[i], json_object_get(args, details[i])))
                        return fail_memory(err);
        if (!issue->supersedes)
                return 0;
        return json_object_set_new(issue->twin, "supersedes",
                                   json_pack("{s:O, s:O, s:O, s:O}", "number",
                                             json_object_get(issue->supersedes, "number"), "issued",
                                             json_object_get(issue->supersedes, "issued"), "twin",
                                             json_object_get(issue->supersedes, "twin"), "reason",
                                             json_object_get(args, "reason")))
                       ? fail_memory(err)
                       : 0;
}

static int complete_twin(struct act *act, const json_t *args, struct issue *issue, struct error *err) {
        char now[TIME_TEXT], policy[64];
        const char *destination = json_text(args, "destination");
        bool destroyed = strcmp(json_text_or_empty(issue->twin, "kind"), "destruction") == 0;
        int r = certify_policy_version(policy, err);
        _cleanup_json_ json_t *head = NULL, *issuer = NULL;
        _cleanup_tsa_ struct tsa *tsa = NULL;

        if (r < 0)
                return r;
        time_format(act_now(act), now);
        r = tsa_load(act->folder, &tsa, err);
        if (r == 0)
                r = certify_person(act, act->person, &issuer, err);
        if (r < 0)
                return r;
        head = json_pack("{s:b, s:s, s:s, s:s, s:s, s:O, s:s, s:s, s:s, s:s, s:s, s:s*, s:s}", "time_stamping",
                         tsa_reachable(tsa), "format", "mpsi-certificate/2", "number", issue->number, "issued", now,
                         "issued_by", act->person, "issuer", issuer, "organisation", act->organisation, "site",
                         act->site, "station", act->station, "policy", policy, "tool", "mpsi " MPSI_VERSION,
                         "destination",
                         destination ? destination
                         : destroyed ? "—"
                                     : NULL,
                         "station_certificate", act->station_certificate);
        if (!head || json_object_update(issue->twin, head))
                return fail_memory(err);
        return add_details(args, issue, err);
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
        const json_t *people = json_object_get(issue->twin, "people"), *first = act_of(issue->twin, 0);

        return json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s*}", "number", issue->number,
                         "year", (json_int_t) issue->year, "ordinal", (json_int_t) issue->ordinal, "kind",
                         json_text(issue->twin, "kind"), "source", json_text(first, "source"), "source_seq",
                         (json_int_t) json_int(json_object_get(first, "ledger"), "seq", 0), "executor",
                         json_text(json_object_get(people, "executor"), "account"), "supervisor",
                         json_text(json_object_get(people, "supervisor"), "account"), "twin", issue->twin_digest,
                         "pdf", issue->pdf_digest, "supersedes", json_text(issue->supersedes, "number"));
}

static const char *medium_of(const struct issue *issue, size_t index) {
        return json_text(json_object_get(act_of(issue->twin, index), "medium"), "id");
}

/* The certificate, then each further medium. What it supersedes stands until it is signed. */
static int draft_facts(const struct issue *issue, struct fact *facts, size_t *ret_n, struct error *err) {
        size_t n = 0;

        facts[n++] = (struct fact){ "certificate.issued", medium_of(issue, 0), fact_of(issue) };
        for (size_t i = 1; i < acts_n(issue->twin); i++) {
                const json_t *one = act_of(issue->twin, i);

                facts[n++] = (struct fact){
                        "certificate.covered", medium_of(issue, i),
                        json_pack("{s:s, s:I, s:O, s:I}", "number", issue->number, "position", (json_int_t) i + 1,
                                  "source", json_object_get(one, "source"), "source_seq",
                                  (json_int_t) json_int(json_object_get(one, "ledger"), "seq", 0))
                };
        }
        *ret_n = n;
        for (size_t i = 0; i < n; i++)
                if (!facts[i].data)
                        return fail_memory(err);
        return 0;
}

static int record(struct act *act, const struct issue *issue, struct error *err) {
        _cleanup_free_ struct fact *facts = calloc(acts_n(issue->twin), sizeof *facts);
        size_t n = 0;
        int r = facts ? draft_facts(issue, facts, &n, err) : fail_memory(err);

        if (r == 0)
                r = act_record(act, facts, n, err);
        for (size_t i = 0; i < n; i++)
                json_decref(facts[i].data);
        return r;
}

static int issue_for(struct act *act, const json_t *args, struct issue *issue, json_t **ret, struct error *err) {
        const json_t *people = json_object_get(issue->twin, "people");
        int r = refuse_second(act, issue, err);

        if (r == 0)
                r = next_number(act, issue, err);
        if (r == 0)
                r = complete_twin(act, args, issue, err);
        if (r < 0 || act->dry_run)
                return r;
        r = write_documents(act, issue, err);
        if (r == 0)
                r = record(act, issue, err);
        if (r == 0 && json_text(args, "out"))
                r = certify_export(act, issue->pdf_digest, json_text(args, "out"), err);
        if (r < 0)
                return r;
        act_say(act,
                "Certificado %s emitido. Firman, en este orden: %s, %s y el sello («mpsi certificate sign %s»).",
                "Certificate %s issued. They sign in this order: %s, %s and the seal (“mpsi certificate sign %s”).",
                issue->number, json_text(json_object_get(people, "executor"), "account"),
                json_text(json_object_get(people, "supervisor"), "account"), issue->number);
        if (issue->supersedes)
                act_say(act, "%s sigue en vigor hasta que %s tenga sus tres firmas.",
                        "%s stands until %s has its three signatures.", json_text(issue->supersedes, "number"),
                        issue->number);
        return certify_load(act->db, issue->number, ret, err);
}

static int demand_once(const json_t *media, struct error *err) {
        if (json_array_size(media) > CERTIFICATE_MEDIA_MAX)
                return fail(err, ERR_USAGE, "Un certificado es de %d soportes como mucho.",
                            "A certificate is of %d media at most.", CERTIFICATE_MEDIA_MAX);
        for (size_t i = 0; i < json_array_size(media); i++)
                for (size_t j = 0; j < i; j++)
                        if (json_equal(json_array_get(media, i), json_array_get(media, j)))
                                return fail(err, ERR_USAGE, "El soporte %s está dos veces.",
                                            "Medium %s is there twice.",
                                            json_string_value(json_array_get(media, i)));
        return 0;
}

int certificate_run_issue(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *twin = NULL, *media = NULL;
        struct issue issue = { 0 };
        int r = certify_media(act, json_object_get(args, "medium"), &media, err);

        if (r == 0)
                r = demand_once(media, err);
        if (r == 0)
                r = certify_gather(act, media, json_text(args, "supervisor"), &twin, err);
        issue.twin = twin;
        return r < 0 ? r : issue_for(act, args, &issue, ret, err);
}

/* One replacement at a time, of what stands: one that waits for its signatures is given up before another. */
static int refuse_waiting(struct act *act, const json_t *old, struct error *err) {
        const char *number = json_text(old, "number"), *waiting = json_text(old, "replacement"),
                   *replaces = json_text(old, "supersedes");
        _cleanup_json_ json_t *before = NULL;
        int r;

        if (waiting)
                return refuse(err, ERR_CONFLICT, "S9", "A %s ya lo va a sustituir %s: fírmelo, o revóquelo antes.",
                              "%s is to be superseded by %s already: sign that one, or revoke it first.", number,
                              waiting);
        r = replaces ? certify_load(act->db, replaces, &before, err) : 0;
        if (r < 0 || !json_text(before, "replacement"))
                return r;
        return refuse(
                err, ERR_CONFLICT, "S9", "%s no está firmado y va a sustituir a %s: revóquelo y sustituya %s.",
                "%s is not signed and is to supersede %s: revoke it and supersede %s.", number, replaces, replaces);
}

/* The same acts, looked at again, under the next number. */
int certificate_run_supersede(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *old = NULL, *twin = NULL, *media = json_array();
        const json_t *covered, *one;
        struct issue issue = { 0 };
        const char *supervisor;
        size_t i;
        int r = media ? certify_find(act, json_text(args, "certificate"), &old, err) : fail_memory(err);

        if (r == 0)
                r = certify_demand_live(old, err);
        if (r == 0)
                r = refuse_waiting(act, old, err);
        if (r < 0)
                return r;
        covered = json_object_get(old, "media");
        json_array_foreach(covered, i, one) {
                if (json_array_append(media, json_object_get(one, "medium")))
                        return fail_memory(err);
        }
        supervisor = json_text(args, "supervisor") ? json_text(args, "supervisor") : json_text(old, "supervisor");
        r = certify_gather(act, media, supervisor, &twin, err);
        if (r < 0)
                return r;
        /* A medium that was wiped again since then has another act, which is not what the old one certifies. */
        for (i = 0; i < acts_n(twin); i++)
                if (!json_equal(json_object_get(act_of(twin, i), "source"),
                                json_object_get(json_array_get(covered, i), "source")))
                        return refuse(err, ERR_CONFLICT, "S9", "El soporte %s ya no está como lo certificó %s.",
                                      "Medium %s is no longer as %s certified it.",
                                      json_string_value(json_array_get(media, i)), json_text(old, "number"));
        issue.twin = twin;
        issue.supersedes = old;
        return issue_for(act, args, &issue, ret, err);
}
