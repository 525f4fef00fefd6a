/* Hand-over and return at the custody desk (U3): seal, header digest, and what happens when they differ. */
#include <stdio.h>
#include <string.h>

#include "audit/incident.h"
#include "base/str.h"
#include "custody/internal.h"
#include "encrypt/encrypt.h"

/* The PDF comes after the fact: that it could not be written changes nothing of what happened. */
static int write_receipt(struct act *act, const json_t *args, const char *id, struct error *err) {
        _cleanup_json_ json_t *loan = NULL;
        int r;

        if (!json_text(args, "receipt") || act->dry_run)
                return 0;
        r = loan_load(act->db, id, act_now(act), &loan, err);
        if (r == 0)
                r = loan_add_signatures(act, loan, err);
        if (r == 0)
                r = loan_receipt(act, loan, json_text(args, "receipt"), err);
        if (r < 0)
                return hint(err, "El préstamo %s quedó registrado; pida el recibo con «loan show %s --receipt».",
                            "Loan %s was recorded; ask for the receipt with “loan show %s --receipt”.", id, id);
        return 0;
}

/* U3: signed in person, with a key or on a numbered sheet: by the borrower what they take, by the custodian what
 * they take back. What neither signed has its receipt, to be signed by hand. */
static int sign_step(struct act *act, const json_t *args, const char *loan, const char *step, const char *signer,
                     json_t *data, struct error *err) {
        const char *paper = json_text(args, "paper");
        _cleanup_json_ json_t *statement = NULL;
        int r;

        if (!json_flag(args, "sign") && !paper)
                return 0;
        if (json_object_set_new(data, "signer", json_string(signer)))
                return fail_memory(err);
        if (!json_flag(args, "sign"))
                return json_object_set_new(data, "paper", json_string(paper)) ? fail_memory(err) : 0;
        if (act->dry_run)
                return 0;
        r = custody_statement(act, "mpsi-loan-1", loan, step, signer, &statement, err);
        if (r < 0)
                return r;
        if (json_object_update_missing(statement, data))
                return fail_memory(err);
        return custody_sign(act, signer, "U3", statement, data, err);
}

/* --- out --------------------------------------------------------------------------------------------------- */

static int refuse_handover(struct act *act, const json_t *args, const json_t *loan, const struct medium *medium,
                           const char *seal, struct error *err) {
        const char *borrower = json_text(loan, "borrower");
        char today[DATE_TEXT];
        int r;

        if (medium->state != MEDIUM_IN_CUSTODY)
                return refuse(err, ERR_CONFLICT, "U3", "El soporte %s no está en custodia (%s%.0s).",
                              "Medium %s is not in custody (%.0s%s).", medium->id,
                              medium_state_terms[medium->state].name.es, medium_state_terms[medium->state].name.en);
        r = incident_refuse_open(act->db, medium->id, "U9", err);
        if (r == 0)
                r = medium_refuse_doomed(medium, err);
        if (r == 0)
                r = custody_judge_handover(act->person, borrower, json_text(args, "supervisor"), err);
        if (r == 0)
                r = loan_judge_supervision(medium->classification, json_text(args, "supervisor"), err);
        if (r == 0 && json_text(args, "supervisor"))
                r = loan_refuse_supervisor(act, json_text(args, "supervisor"), err);
        if (r == 0)
                r = loan_refuse_borrower(act, borrower, err);
        if (r < 0)
                return r;
        date_of(act_now(act), today);
        r = custody_judge_due(json_text(loan, "due"), today, err);
        return r < 0 ? r : custody_seal_refuse_used(act->db, seal, err);
}

/* C3: what must be encrypted is looked at before it leaves. */
static int inspect_leaving(struct act *act, const json_t *args, const struct medium *medium,
                           struct custody_inspection *ret, struct error *err) {
        const char *device = json_text(args, "device");
        int r;

        if (!device && !custody_needs_device(medium)) {
                *ret = (struct custody_inspection){ 0 };
                return 0;
        }
        if (!device)
                return refuse(err, ERR_REFUSED, "U3", "Conecte el soporte %s e indíquelo con --device.",
                              "Connect medium %s and name it with --device.", medium->id);
        r = custody_inspect(act, medium, device, ret, err);
        if (r < 0 || !custody_needs_device(medium))
                return r;
        return custody_refuse_unencrypted(medium->id, ret, err);
}

int loan_run_out(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *loan = NULL, *data = NULL;
        struct custody_inspection found;
        char seal[SEAL_TEXT];
        struct medium medium;
        const char *id;
        int r;

        r = loan_find(act, json_text(args, "loan"), LOAN_APPROVED, &loan, err);
        if (r == 0)
                r = medium_load(act->db, json_text(loan, "medium"), &medium, err);
        if (r == 0)
                r = transport_seal_plain(json_text(args, "seal"), seal, err);
        if (r == 0)
                r = refuse_handover(act, args, loan, &medium, seal, err);
        if (r == 0)
                r = inspect_leaving(act, args, &medium, &found, err);
        if (r < 0)
                return r;
        id = json_text(loan, "loan");
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*}", "loan", id, "borrower",
                         json_text(loan, "borrower"), "due", json_text(loan, "due"), "location",
                         json_text(loan, "location"), "seal", json_text(args, "seal"), "seal_plain", seal, "digest",
                         found.digest, "luks_uuid", found.luks_uuid, "identity",
                         identity_terms[found.identity].code, "supervisor", json_text(args, "supervisor"));
        if (!data)
                return fail_memory(err);
        r = sign_step(act, args, id, "handed-over", json_text(loan, "borrower"), data, err);
        if (r == 0)
                r = act_record_one(act, "loan.handed-over", medium.id, data, err);
        if (r == 0)
                r = write_receipt(act, args, id, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Soporte %s entregado a %s con el precinto %s; vuelve a más tardar el %s.",
                "Medium %s handed to %s with seal %s; due back by %s.", medium.id, json_text(loan, "borrower"),
                seal, json_text(loan, "due"));
        r = loan_load(act->db, id, act_now(act), ret, err);
        return r < 0 ? r : loan_add_signatures(act, *ret, err);
}

/* --- in ---------------------------------------------------------------------------------------------------- */

struct homecoming {
        struct custody_inspection found;
        struct error stranger; /* code not 0: what is connected is not the medium that left */
        bool unreadable;
        char seal[SEAL_TEXT];
        unsigned changes; /* enum integrity_change */
        bool late;
};

/* What comes back may be anything: a header that was destroyed makes it a stranger, and is recorded, not refused.
 */
static int inspect_returning(struct act *act, const json_t *args, const json_t *loan, const struct medium *medium,
                             struct homecoming *home, struct error *err) {
        const char *device = json_text(args, "device");
        int r;

        home->unreadable = json_flag(args, "unreadable");
        if (str_empty(json_text(loan, "digest")) || home->unreadable)
                return 0;
        if (!device)
                return refuse(err, ERR_REFUSED, "U3",
                              "Conecte el soporte %s e indíquelo con --device, o diga --unreadable.",
                              "Connect medium %s and name it with --device, or say --unreadable.", medium->id);
        r = custody_inspect(act, medium, device, &home->found, &home->stranger);
        if (r == ERR_REFUSED)
                return 0;
        if (r < 0 && err)
                *err = home->stranger;
        return r;
}

static int compare(struct act *act, const json_t *args, const json_t *loan, struct homecoming *home,
                   struct error *err) {
        const struct integrity out = { json_text_or_empty(loan, "digest"), json_text_or_empty(loan, "luks_uuid"),
                                       json_text_or_empty(loan, "seal_plain") };
        const struct integrity in = { home->found.digest, home->found.luks_uuid, home->seal };
        char today[DATE_TEXT];
        int r;

        if (!json_text(args, "seal") && !json_flag(args, "no-seal"))
                return fail(err, ERR_USAGE, "Diga qué precinto trae con --seal, o --no-seal.",
                            "Say which seal it has with --seal, or --no-seal.");
        if (json_text(args, "seal") && !json_flag(args, "no-seal")) {
                r = transport_seal_plain(json_text(args, "seal"), home->seal, err);
                if (r < 0)
                        return r;
        }
        home->changes = custody_compare_integrity(&out, &in);
        date_of(act_now(act), today);
        home->late = strcmp(json_text_or_empty(loan, "due"), today) < 0;
        return 0;
}

static int open_incident(struct act *act, const json_t *loan, const struct homecoming *home, struct fact *ret,
                         struct error *err) {
        _cleanup_json_ json_t *media = json_pack("[s]", json_text(loan, "medium"));
        const struct incident_draft draft = { home->changes & INTEGRITY_HEADER ? INCIDENT_HEADER : INCIDENT_SEAL,
                                              json_text(loan, "loan"), media };
        const char *medium = json_text(loan, "medium"), *seal = *home->seal ? home->seal : "-";

        if (home->unreadable)
                return incident_fact(act->db, 0, &draft, ret, err,
                                     "El soporte %s volvió y no se puede leer. Precinto %s, se esperaba %s.",
                                     "Medium %s came back and can't be read. Seal %s, %s was expected.", medium,
                                     seal, json_text(loan, "seal_plain"));
        if (home->changes == INTEGRITY_SEAL)
                return incident_fact(act->db, 0, &draft, ret, err,
                                     "El soporte %s volvió con el precinto %s y se esperaba %s.",
                                     "Medium %s came back with seal %s and %s was expected.", medium, seal,
                                     json_text(loan, "seal_plain"));
        return incident_fact(act->db, 0, &draft, ret, err,
                             "La cabecera de cifrado del soporte %s cambió durante el préstamo (%.16s…, se entregó "
                             "con %.16s…). Precinto %s, se esperaba %s.",
                             "The encryption header of medium %s changed during the loan (%.16s…, it left with "
                             "%.16s…). Seal %s, %s was expected.",
                             medium, *home->found.digest ? home->found.digest : "-",
                             json_text_or_empty(loan, "digest"), seal, json_text(loan, "seal_plain"));
}

/* What was destroyed or lost meanwhile does not come back by a loan's return. */
static int refuse_not_lent(const struct medium *medium, struct error *err) {
        if (medium->state == MEDIUM_ON_LOAN)
                return 0;
        return refuse(err, ERR_CONFLICT, "U3", "El soporte %s no está prestado (%s%.0s).",
                      "Medium %s is not on loan (%.0s%s).", medium->id, medium_state_terms[medium->state].name.es,
                      medium_state_terms[medium->state].name.en);
}

/* One transaction: the return, and the incident when something differs (U3). */
static int record_return(struct act *act, const json_t *args, const json_t *loan, const struct homecoming *home,
                         char incident[INCIDENT_ID], struct error *err) {
        _cleanup_json_ json_t *data = NULL, *trouble = NULL;
        struct fact facts[2];
        size_t n = 1;
        int r;

        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b}", "loan", json_text(loan, "loan"),
                         "condition", json_text(args, "condition"), "digest", home->found.digest, "luks_uuid",
                         home->found.luks_uuid, "seal", home->seal, "integrity",
                         home->changes ? "changed" : "intact", "late", (int) home->late, "unreadable",
                         (int) home->unreadable, "stranger", (int) (home->stranger.code != 0));
        if (!data)
                return fail_memory(err);
        r = sign_step(act, args, json_text(loan, "loan"), "returned", act->person, data, err);
        if (r < 0)
                return r;
        facts[0] = (struct fact){ "loan.returned", json_text(loan, "medium"), data };
        if (home->changes) {
                r = open_incident(act, loan, home, &facts[1], err);
                if (r < 0)
                        return r;
                trouble = facts[1].data;
                (void) snprintf(incident, INCIDENT_ID, "%s", facts[1].subject);
                n = 2;
        }
        return act_record(act, facts, n, err);
}

/* C8: what the borrower was told ends when the medium is back. One that changed is left as it is: it is evidence.
 */
static int end_handover(struct act *act, const json_t *args, const char *medium, bool changed, struct error *err) {
        const char *device = json_text(args, "device");
        char recipient[128];
        int r = encrypt_handover_open(act->db, medium, recipient, err);

        if (r < 0 || !*recipient)
                return r;
        if (!json_flag(args, "revoke") || !device || changed)
                return custody_say_handover(act, medium, err);
        r = encrypt_revoke(act, medium, device, "returned", err);
        if (r < 0)
                return hint(err, "La devolución quedó registrada; repita «encrypt revoke %s %s».",
                            "The return was recorded; repeat “encrypt revoke %s %s”.", medium, device);
        act_say(act, "La frase de paso de %s ya no abre el soporte %s.",
                "The passphrase of %s no longer opens medium %s.", recipient, medium);
        return 0;
}

int loan_run_in(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *loan = NULL, *answer = NULL;
        struct homecoming home = { 0 };
        char incident[INCIDENT_ID] = "";
        struct medium medium;
        const char *id;
        int r;

        r = loan_find(act, json_text(args, "loan"), LOAN_OUT, &loan, err);
        if (r == 0)
                r = medium_load(act->db, json_text(loan, "medium"), &medium, err);
        if (r == 0)
                r = refuse_not_lent(&medium, err);
        if (r == 0)
                r = inspect_returning(act, args, loan, &medium, &home, err);
        if (r == 0)
                r = compare(act, args, loan, &home, err);
        if (r == 0)
                r = record_return(act, args, loan, &home, incident, err);
        if (r < 0)
                return r;
        id = json_text(loan, "loan");
        r = write_receipt(act, args, id, err);
        if (r < 0 || act->dry_run)
                return r;
        if (*incident)
                act_say(act, "ATENCIÓN: el soporte %s no volvió como salió; incidencia %s abierta.",
                        "ATTENTION: medium %s did not come back as it left; incident %s opened.", medium.id,
                        incident);
        else
                act_say(act, "Soporte %s devuelto, intacto.", "Medium %s is back, intact.", medium.id);
        r = end_handover(act, args, medium.id, *incident != '\0', err);
        if (r < 0)
                return r;
        r = loan_load(act->db, id, act_now(act), &answer, err);
        if (r == 0)
                r = loan_add_signatures(act, answer, err);
        if (r < 0)
                return r;
        if (*incident && json_object_set_new(answer, "incident", json_string(incident)))
                return fail_memory(err);
        *ret = TAKE_PTR(answer);
        return 0;
}
