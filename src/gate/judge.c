#include "audit/incident.h"
#include "base/str.h"
#include "device/gate.h"
#include "encrypt/encrypt.h"
#include "gate/internal.h"

/* Devices that are made of others or of memory: what counts is what they stand on. */
static const char *const made_by_kernel[] = { "dm-", "md", "zram", "ram", "nbd", "fd" };

bool gate_concerns(const struct device_facts *facts) {
        if (facts->image || facts->partition || facts->size == 0)
                return false;
        if (facts->system || facts->swap || ((facts->mounted || facts->held) && !facts->opened))
                return false;
        for (size_t i = 0; i < COUNT(made_by_kernel); i++)
                if (strncmp(facts->name, made_by_kernel[i], strlen(made_by_kernel[i])) == 0)
                        return false;
        return !device_is_locked(facts->path); /* a wipe or an encryption is at work on it */
}

enum gate_standing gate_standing_of(enum medium_state state) {
        static const enum gate_standing standings[MEDIUM_STATES] = {
                [MEDIUM_IN_CUSTODY] = GATE_IN_CUSTODY,   [MEDIUM_ON_LOAN] = GATE_ON_LOAN,
                [MEDIUM_IN_TRANSIT] = GATE_IN_TRANSIT,   [MEDIUM_LOST] = GATE_LOST,
                [MEDIUM_SANITIZED] = GATE_IN_CUSTODY,    [MEDIUM_UNSANITIZED] = GATE_UNSANITIZED,
                [MEDIUM_DESTROYED] = GATE_DESTROYED,     [MEDIUM_RETIRED] = GATE_RETIRED,
                [MEDIUM_QUARANTINED] = GATE_QUARANTINED,
        };

        return standings[state];
}

static void set_detail(struct gate_judgement *judgement, const char *es, const char *en) {
        (void) snprintf(judgement->detail[LANG_ES], GATE_DETAIL, "%s", es);
        (void) snprintf(judgement->detail[LANG_EN], GATE_DETAIL, "%s", en);
        utf8_trim(judgement->detail[LANG_ES]);
        utf8_trim(judgement->detail[LANG_EN]);
}

/* The strongest sign that the registry knows decides which medium it claims to be. 1 found, 0 none. */
static int find_medium(struct act *act, const struct device_facts *facts, struct medium *ret,
                       struct gate_judgement *judgement, bool *ret_differs, struct error *err) {
        struct error problem = { 0 };
        struct medium medium;
        char id[MEDIUM_ID_TEXT];
        int r = medium_of_device(act->db, facts, id, NULL, &problem);

        if (r == ERR_NOT_FOUND)
                return 0;
        if (r == ERR_CONFLICT || r == ERR_REFUSED) { /* several media, or signs of different ones */
                set_detail(judgement, problem.what[LANG_ES], problem.what[LANG_EN]);
                *ret_differs = true;
                return 0;
        }
        if (r == 0)
                r = medium_load(act->db, id, &medium, &problem);
        if (r < 0) {
                if (err)
                        *err = problem;
                return r;
        }
        r = identity_match(facts,
                           &(struct known_identity){ .luks_uuid = medium.luks_uuid,
                                                     .wwn = medium.wwn,
                                                     .serial = medium.serial,
                                                     .insertion = medium.insertion,
                                                     .size = medium.size,
                                                     .whole_size = medium.whole_size },
                           &judgement->identity, &problem);
        if (r < 0) {
                set_detail(judgement, problem.what[LANG_ES], problem.what[LANG_EN]);
                *ret_differs = true;
        }
        *ret = medium;
        return 1;
}

/* The verdict on the header; the finding that decided it is the detail. */
static int judge_header(struct act *act, const struct device_facts *facts, const struct gate_content *content,
                        const struct medium *medium, struct gate_case *ret, struct gate_judgement *judgement,
                        struct error *err) {
        const struct luks_finding *worst;
        struct luks_verdict verdict;
        int r;

        ret->luks = facts->luks_version > 0 || medium->luks_uuid[0];
        if (!ret->luks)
                return 0;
        r = content && content->header ? encrypt_judge_facts(act, medium, content->header, &verdict, err)
                                       : encrypt_judge_medium(act, medium, facts->path, &verdict, err);
        if (r < 0)
                return r;
        ret->header = verdict.decision;
        ret->overdue = verdict.overdue;
        ret->unfinished = verdict.unfinished;
        judgement->header_incident = verdict.incident;
        worst = luks_verdict_worst(&verdict);
        if (worst) {
                char es[GATE_DETAIL], en[GATE_DETAIL];

                (void) snprintf(es, sizeof es, "fila %d: %s", worst->row, worst->es);
                (void) snprintf(en, sizeof en, "row %d: %s", worst->row, worst->en);
                set_detail(judgement, worst->row ? es : worst->es, worst->row ? en : worst->en);
        }
        return 0;
}

int gate_judge(struct act *act, const struct device_facts *facts, const struct gate_content *content,
               struct gate_judgement *ret, struct error *err) {
        struct gate_judgement judgement = { 0 };
        struct gate_case question = { 0 };
        struct medium medium = { 0 };
        char today[DATE_TEXT];
        int found = find_medium(act, facts, &medium, &judgement, &question.identity_differs, err);

        if (found < 0)
                return found;
        date_of(act_now(act), today);
        question.today = today;
        question.unreadable = content && content->unreadable;
        if (found) {
                int r;

                (void) snprintf(judgement.medium, sizeof judgement.medium, "%s", medium.id);
                question.registered = true;
                question.category = medium.category;
                question.standing = gate_standing_of(medium.state);
                question.expires = medium.expires;
                if (!question.identity_differs && !question.unreadable) {
                        r = judge_header(act, facts, content, &medium, &question, &judgement, err);
                        if (r < 0)
                                return r;
                }
        }
        gate_decide(&question, &judgement.answer);
        if (question.standing == GATE_ON_LOAN)
                question.standing = GATE_IN_CUSTODY;
        gate_decide(&question, &judgement.but_loan);
        if (judgement.answer.verdict != GATE_ACCEPT) {
                int r = gate_allowed(act->db, facts, &judgement, err);

                if (r < 0)
                        return r;
        }
        *ret = judgement;
        return 0;
}

/* C2: an older or changed header of an ALTA medium is an incident; one that is open is enough. 1 when ret is to be
 * recorded; the caller releases its data. */
static int incident_about_header(struct act *act, const struct gate_judgement *judgement, struct fact *ret,
                                 struct error *err) {
        _cleanup_json_ json_t *media = json_pack("[s]", judgement->medium);
        const struct incident_draft draft = { INCIDENT_HEADER, judgement->medium, media };
        char open[INCIDENT_ID];
        int r = incident_open_about(act->db, judgement->medium, open, err);

        if (r != ERR_NOT_FOUND)
                return r;
        if (!media)
                return fail_memory(err);
        r = incident_fact(act->db, 0, &draft, ret, err, "Al conectar el soporte %s: %s%.0s.",
                          "When medium %s was plugged in: %.0s%s.", judgement->medium, judgement->detail[LANG_ES],
                          judgement->detail[LANG_EN]);
        return r < 0 ? r : 1;
}

int gate_record(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement,
                bool enforced, struct error *err) {
        _cleanup_json_ json_t *data = gate_judgement_to_json(facts, judgement), *incident = NULL;
        struct fact record[2] = { { "device.judged", judgement->medium[0] ? judgement->medium : "-", data } };
        size_t n = 1;
        int r = 0;

        if (!data || json_object_set_new(data, "enforced", json_boolean(enforced)) < 0)
                return fail_memory(err);
        if (judgement->header_incident)
                r = incident_about_header(act, judgement, &record[n], err);
        if (r < 0)
                return r;
        if (r > 0)
                incident = record[n++].data;
        return act_record(act, record, n, err);
}

json_t *gate_judgement_to_json(const struct device_facts *facts, const struct gate_judgement *judgement) {
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:{s:s, s:s}, s:{s:s, s:s}}", "device",
                         facts->path, "insertion", facts->insertion, "medium", judgement->medium, "identity",
                         identity_terms[judgement->identity].code, "verdict",
                         gate_verdict_terms[judgement->answer.verdict].code, "rule", judgement->answer.rule,
                         "model", facts->model, "serial", facts->serial, "size", (json_int_t) facts->size,
                         "luks_uuid", facts->luks_uuid, "why", "es", judgement->answer.why.es, "en",
                         judgement->answer.why.en, "detail", "es", judgement->detail[LANG_ES], "en",
                         judgement->detail[LANG_EN]);
}
