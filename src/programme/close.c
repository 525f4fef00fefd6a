/* `audit close`: everything decided, what is deficient found, signed by who closes it. */
#include <string.h>

#include "custody/signature.h"
#include "programme/internal.h"

static int first_without_finding(struct act *act, const char *id, char **ret, struct error *err) {
        int r = db_text(act->db, ret, err,
                        "SELECT subject FROM audit_item WHERE audit = ?1 AND result <> 'sound' AND subject NOT IN "
                        "(SELECT subject FROM finding WHERE audit = ?1) ORDER BY position LIMIT 1",
                        "s", id);

        return r == ERR_NOT_FOUND ? 0 : r;
}

/* What is signed: the audit as it stands, its items by their digest-free canonical form. */
static int sign(struct act *act, const json_t *args, const json_t *audit, json_t *data, struct error *err) {
        static const char *const signed_members[] = { "kind",      "category",  "scope",    "population",
                                                      "digest",    "seed",      "sample",   "confidence",
                                                      "tolerated", "deficient", "not_seen", "findings" };
        _cleanup_json_ json_t *statement = NULL, *items = NULL;
        int r;

        if (json_object_set_new(data, "signer", json_string(act->person)) ||
            (json_text(args, "paper") && json_object_set(data, "paper", json_object_get(args, "paper"))))
                return fail_memory(err);
        if (!json_flag(args, "sign") || act->dry_run)
                return 0;
        r = custody_statement(act, "mpsi-audit-1", json_text(audit, "audit"), "close", act->person, &statement,
                              err);
        if (r == 0)
                r = audit_items(act, json_text(audit, "audit"), &items, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < COUNT(signed_members); i++)
                if (json_object_set(statement, signed_members[i], json_object_get(audit, signed_members[i])))
                        return fail_memory(err);
        if (json_object_set(statement, "items", items) ||
            json_object_set(statement, "conclusion", json_object_get(args, "conclusion")))
                return fail_memory(err);
        return custody_sign(act, act->person, "A1", statement, data, err);
}

int audit_run_close(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *audit = NULL, *data = NULL;
        _cleanup_free_ char *without = NULL;
        const char *id;
        int r = audit_load_open(act, json_text(args, "audit"), &audit, err);

        if (r < 0)
                return r;
        id = json_text(audit, "audit");
        r = first_without_finding(act, id, &without, err);
        if (r == 0)
                r = audit_judge_close(id, json_int(audit, "items", 0) - json_int(audit, "decided", 0), without,
                                      err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:I, s:I}", "conclusion", json_text(args, "conclusion"), "deficient",
                         (json_int_t) json_int(audit, "deficient", 0), "not_seen",
                         (json_int_t) json_int(audit, "not_seen", 0));
        r = data ? sign(act, args, audit, data, err) : fail_memory(err);
        if (r == 0)
                r = act_record_one(act, "audit.closed", id, data, err);
        if (r < 0 || act->dry_run)
                return r;
        if (json_int(audit, "findings_open", 0))
                act_say(act, "Auditoría %s cerrada; quedan %lld hallazgos abiertos.",
                        "Audit %s closed; %lld findings stay open.", id,
                        (long long) json_int(audit, "findings_open", 0));
        else
                act_say(act, "Auditoría %s cerrada.", "Audit %s closed.", id);
        return audit_load(act, id, ret, err);
}
