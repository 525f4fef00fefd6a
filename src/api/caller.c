#include "api/caller.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "policy/access.h"
#include "policy/rule.h"
#include "registry/training.h"

enum { ARGUMENTS_MAX = 1000 };

void caller_done(struct caller *caller) {
        person_done(&caller->person);
        caller->person = (struct person){ 0 };
        caller->account = (struct account){ 0 };
        caller->known = caller->able = caller->only_one = false;
}

/* op.acc.6: through the socket one who is not known learns nothing of those who are. */
static int unknown(const struct caller *caller, const char *name, struct error *err) {
        if (caller->peer) {
                (void) fail(err, ERR_DENIED, "Esta cuenta no puede actuar en el puesto.",
                            "This account may not act at the station.");
                (void) error_by_rule(err, "X1", "op.acc.3");
                return hint(err, "Pida el alta al administrador de seguridad.",
                            "Ask the security administrator to be added.");
        }
        (void) fail(err, ERR_DENIED, "Nadie registrado actúa como «%s».", "Nobody registered acts as “%s”.", name);
        (void) error_by_rule(err, "X1", "op.acc.3");
        return hint(err, "Diga quién actúa con --as NOMBRE, o pida el alta al administrador de seguridad.",
                    "Say who acts with --as NAME, or ask the security administrator to be added.");
}

int caller_identify(struct caller *caller, struct act *act, const char *as, struct error *err) {
        unsigned of_groups = 0;
        int64_t newest = 0;
        int r;

        caller_done(caller);
        act->person = NULL;
        act->roles = 0;
        r = as ? person_load(act->db, as, &caller->person, err)
               : person_by_os_user(act->db, act->os_user, &caller->person, err);
        if (r == ERR_NOT_FOUND)
                return unknown(caller, as ? as : act->os_user, err);
        if (r == 0)
                r = account_load(act->db, caller->person.name, &caller->account, err);
        if (r == 0 && caller->peer)
                r = group_roles(act->db, act->os_groups, act->os_groups_n, &of_groups, err);
        if (r == 0)
                r = ledger_newest(act->db, &newest, err);
        if (r < 0)
                return r;
        caller->known = true;
        caller->sure = act_now(act);
        if (newest > caller->sure)
                caller->sure = newest;
        if (caller->account.known > caller->sure)
                caller->sure = caller->account.known;
        act->person = caller->person.name;
        act->roles = access_roles(caller->person.roles, of_groups);
        return 0;
}

/* --- authorising ------------------------------------------------------------------------------------------ */

static struct access_account account_facts(const struct caller *caller, const struct act *act) {
        return (struct access_account){ .name = caller->person.name,
                                        .roles = act->roles,
                                        .blocked = caller->account.blocked,
                                        .expires = caller->person.expires,
                                        .granted = caller->account.granted,
                                        .locked = caller->account.locked,
                                        .cause = caller->account.cause,
                                        .seen = caller->account.seen,
                                        .noted = caller->peer,
                                        .only_one = caller->only_one };
}

/* Asked only where it makes a difference. */
static int ask_only_one(struct caller *caller, const struct act *act, struct error *err) {
        struct access_account facts;

        caller->only_one = false;
        facts = account_facts(caller, act);
        if (!(act->roles & ROLE_SECURITY) || (!facts.locked && !access_is_idle(&facts, act_now(act))))
                return 0;
        return account_only_security(act->db, caller->person.name, act_now(act), &caller->only_one, err);
}

static bool asks_for_a_file(const struct verb *verb, const json_t *args) {
        for (size_t i = 0; i < verb->params_n; i++)
                if (verb->params[i].type == PARAM_OUTPUT && json_object_get(args, verb->params[i].name))
                        return true;
        return false;
}

/* A3: whoever may do an act by their role needs its training too. */
static int judge_training(const struct caller *caller, struct act *act, const struct verb *verb,
                          struct error *err) {
        int training = training_of_act(verb->noun, verb->name);
        struct training_result result;
        int r;

        if (training < 0)
                return 0;
        r = training_standing(act, caller->person.name, (enum training) training, &result, err);
        return r < 0 ? r : training_refuse(caller->person.name, (enum training) training, &result, err);
}

int caller_authorise(struct caller *caller, struct act *act, const struct verb *verb, const json_t *args,
                     struct error *err) {
        const struct access_act asked = { .noun = verb->noun,
                                          .name = verb->name,
                                          .roles = verb->roles,
                                          .writes = verb->flags & VERB_WRITES,
                                          .bulk = verb->flags & VERB_BULK,
                                          .export = asks_for_a_file(verb, args),
                                          .makes_store = verb->flags & VERB_NO_STORE && verb->flags & VERB_WRITES };
        struct access_account facts;
        int r = ask_only_one(caller, act, err);

        if (r < 0)
                return r;
        facts = account_facts(caller, act);
        r = access_judge_account(&facts, act_now(act), caller->sure, err);
        caller->able = r == 0;
        if (r == 0)
                r = access_judge_act(caller->person.name, act->roles, &asked, err);
        return r < 0 ? r : judge_training(caller, act, verb, err);
}

/* --- refusals --------------------------------------------------------------------------------------------- */

/* As real as in earnest: a dry run must not be a way to try PINs, or to read unseen. */
static int record_really(struct act *act, const struct fact *facts, size_t n, struct error *err) {
        bool dry_run = act->dry_run;
        int r;

        act->dry_run = false;
        r = act_record(act, facts, n, err);
        act->dry_run = dry_run;
        return r;
}

/* What a stranger sends is not repeated. */
static void subject_of(const struct caller *caller, const struct act *act, const json_t *args, char out[64]) {
        const char *medium = caller->peer && !caller->known ? NULL : json_text(args, "medium");

        (void) snprintf(out, 64, "%s", medium ? medium : act->person ? act->person : "-");
        utf8_trim(out);
}

static json_t *refusal(const char *verb, const struct error *why) {
        return json_pack("{s:s, s:s, s:s, s:s}", "verb", verb, "outcome", error_word(why->code), "rule", why->rule,
                         "why", why->what[LANG_ES]);
}

/* K2, X4: one more failed attempt of a person who may act; the alert and the lock are facts beside it. */
static int record_failure(const struct caller *caller, struct act *act, const char *subject, json_t *data,
                          struct error *err) {
        const char *name = caller->person.name;
        _cleanup_json_ json_t *alert = NULL, *lock = NULL;
        struct access_failure failure;
        struct account account;
        struct fact facts[3];
        size_t n = 0;
        int r = account_load(act->db, name, &account, err);

        if (r < 0)
                return r;
        failure = access_fail(account.failed, account.failed_at, act_now(act), caller->category);
        alert = json_pack("{s:I, s:s}", "failed", (json_int_t) failure.failed, "rule", "K2");
        lock = json_pack("{s:s, s:I, s:s}", "cause", access_cause_terms[CAUSE_ATTEMPTS].code, "failed",
                         (json_int_t) failure.failed, "rule", "X4");
        if (!alert || !lock || json_object_set_new(data, "failed", json_integer(failure.failed)) < 0)
                return fail_memory(err);
        facts[n++] = (struct fact){ "act.refused", subject, data };
        if (failure.alert)
                facts[n++] = (struct fact){ "access.alert", name, alert };
        if (failure.lock)
                facts[n++] = (struct fact){ "access.locked", name, lock };
        return record_really(act, facts, n, err);
}

/* X2 without letting whoever may not act fill the ledger: the same refusal a few times an hour, with the number of
 * those left out. An account that fell into disuse is locked with it. */
static int record_flood(const struct caller *caller, struct act *act, const char *verb, const char *subject,
                        json_t *data, struct error *err) {
        const struct access_account account = account_facts(caller, act);
        _cleanup_json_ json_t *lock = json_pack("{s:s, s:s}", "cause", access_cause_terms[CAUSE_IDLE].code, "rule",
                                                "X4");
        bool idle = caller->known && !account.blocked && !account.locked && access_is_idle(&account, act_now(act));
        const struct fact facts[] = { { "act.refused", subject, data },
                                      { "access.locked", caller->person.name, lock } };
        struct refusals before;
        int64_t since;
        int r = refusals_load(act->db, act->os_user, verb, &before, err);

        if (r < 0)
                return r;
        if (!access_flood_record(before.recorded, before.since, act_now(act), &since) && !idle)
                return refusals_suppress(act->db, act->os_user, verb, err);
        if (!lock || json_object_set_new(data, "since", json_integer(since)) < 0 ||
            json_object_set_new(data, "suppressed", json_integer(before.suppressed)) < 0)
                return fail_memory(err);
        return record_really(act, facts, idle ? 2 : 1, err);
}

/* Under the writer's lock, so that attempts from many connections at once are counted one by one. */
static int record_at_station(const struct caller *caller, struct act *act, const char *verb, const char *subject,
                             json_t *data, struct error *err) {
        int r = act_resume(act, err);

        if (r < 0)
                return r;
        r = caller->able ? record_failure(caller, act, subject, data, err)
                         : record_flood(caller, act, verb, subject, data, err);
        (void) act_pause(act, NULL);
        return r;
}

int caller_refused(struct caller *caller, struct act *act, const struct verb *verb, const json_t *args,
                   const struct error *why, struct error *err) {
        _cleanup_free_ char *name = str_format("%s%s%s", verb->noun, *verb->name ? " " : "", verb->name);
        _cleanup_json_ json_t *data = name ? refusal(name, why) : NULL;
        char subject[64];

        if (!data)
                return fail_memory(err);
        subject_of(caller, act, args, subject);
        if (caller->peer && why->code == ERR_DENIED)
                return record_at_station(caller, act, name, subject, data, err);
        return act->dry_run ? 0 : act_record_one(act, "act.refused", subject, data, err);
}

/* --- auditors --------------------------------------------------------------------------------------------- */

/* A4: no more rows than this at once; how many there are is said. */
static int cut_rows(struct act *act, json_t *answer, size_t *ret_rows, struct error *err) {
        const size_t most = (size_t) access_limits[LIMIT_AUDITOR_ROWS].value;
        json_t *rows = json_object_get(answer, "rows");
        size_t n = json_array_size(rows);

        *ret_rows = n;
        if (n <= most)
                return 0;
        while (json_array_size(rows) > most)
                (void) json_array_remove(rows, json_array_size(rows) - 1);
        if (json_object_set_new(answer, "total", json_integer((json_int_t) n)) < 0)
                return fail_memory(err);
        act_say(act, "A4: se muestran %zu filas de %zu; acote la consulta para ver las demás.",
                "A4: %zu rows of %zu are shown; narrow the query to see the others.", most, n);
        return 0;
}

/* The arguments themselves, or their digest when they are long. No verb takes a secret as an argument (C10). */
static json_t *arguments_of(const json_t *args) {
        _cleanup_free_ char *text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
        char digest[SHA256_TEXT];

        if (!text || strlen(text) <= ARGUMENTS_MAX)
                return text ? json_deep_copy(args) : NULL;
        return sha256_text(text, strlen(text), digest) < 0 ? NULL : json_pack("{s:s}", "sha256", digest);
}

int caller_audited(struct act *act, const struct verb *verb, const json_t *args, json_t *answer,
                   struct error *err) {
        _cleanup_free_ char *name = str_format("%s%s%s", verb->noun, *verb->name ? " " : "", verb->name);
        const char *medium = json_text(args, "medium");
        _cleanup_json_ json_t *data = NULL;
        size_t rows;
        int r = name ? cut_rows(act, answer, &rows, err) : fail_memory(err);

        if (r < 0)
                return r;
        data = json_pack("{s:s, s:o, s:I}", "verb", name, "arguments", arguments_of(args), "rows",
                         (json_int_t) rows);
        if (!data)
                return fail_memory(err);
        return record_really(act, &(struct fact){ "audit.accessed", medium ? medium : act->person, data }, 1, err);
}

/* --- accesses --------------------------------------------------------------------------------------------- */

static bool settles(const struct caller *caller, const struct act *act) {
        return act->proved && (caller->account.failed || caller->account.locked);
}

bool caller_has_news(const struct caller *caller, const struct act *act) {
        return caller->peer && caller->able && !act->dry_run &&
               (settles(caller, act) || access_is_news(caller->account.noted, act_now(act)));
}

int caller_noted(const struct caller *caller, struct act *act, struct error *err) {
        struct fact facts[2];
        size_t n = 0;

        if (access_is_news(caller->account.noted, act_now(act)))
                facts[n++] = (struct fact){ "access.noted", caller->person.name, NULL };
        if (settles(caller, act))
                facts[n++] = (struct fact){ "access.proved", caller->person.name, NULL };
        return act_record(act, facts, n, err);
}
