/* The verbs about accounts: blocking, the operating-system account, groups that give roles, whoami. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "registry/account.h"
#include "registry/registry.h"

static int change_blocked(struct act *act, const json_t *args, bool blocked, struct error *err) {
        const char *name = json_text(args, "name");
        _cleanup_json_ json_t *data = json_pack("{s:b, s:s, s:b}", "blocked", blocked, "reason",
                                                json_text_or_empty(args, "reason"), "lifts", !blocked);
        int r = access_judge_not_oneself(act->person, name, err);

        return r < 0 ? r : act_record_one(act, "person.blocked-changed", name, data, err);
}

static int run_block(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        (void) ret;
        return change_blocked(act, args, true, err);
}

static int run_unblock(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        (void) ret;
        return change_blocked(act, args, false, err);
}

static int run_account(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "name"), *os_user = json_text(args, "os-user");
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s}", "os_user", os_user, "reason",
                                                json_text(args, "reason"));
        int r = access_judge_not_oneself(act->person, name, err);

        if (r == 0)
                r = person_os_user_free(act->db, os_user, err);
        if (r == 0)
                r = act_record_one(act, "person.account-changed", name, data, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s}", "name", name, "os_user", os_user);
        return 0;
}

static bool of_ones_own(const struct act *act, const char *group) {
        for (size_t i = 0; i < act->os_groups_n; i++)
                if (strcmp(act->os_groups[i], group) == 0)
                        return true;
        return false;
}

static int run_map_group(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *group = json_text(args, "group");
        _cleanup_json_ json_t *data = NULL;
        unsigned roles;
        char text[64];
        int r = person_roles_argument(args, &roles, err);

        if (r == 0)
                r = access_judge_group(roles, of_ones_own(act, group), err);
        if (r < 0)
                return r;
        roles_format(roles, text);
        data = json_pack("{s:s, s:s}", "roles", text, "reason", json_text(args, "reason"));
        r = act_record_one(act, "group.mapped", group, data, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s}", "group", group, "roles", text);
        return 0;
}

static int run_unmap_group(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *group = json_text(args, "group");
        _cleanup_json_ json_t *data = json_pack("{s:s}", "reason", json_text(args, "reason"));
        unsigned roles = 0;
        int r = group_roles(act->db, &group, 1, &roles, err);

        (void) ret;
        if (r < 0)
                return r;
        if (!roles)
                return fail(err, ERR_NOT_FOUND, "El grupo «%s» no da ningún rol.", "Group “%s” gives no role.",
                            group);
        r = access_judge_group(0, of_ones_own(act, group), err);
        return r < 0 ? r : act_record_one(act, "group.unmapped", group, data, err);
}

static int run_groups(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(act->db, &rows, err, "SELECT name, roles FROM role_group ORDER BY name", "");

        (void) args;
        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = json_array_append_new(list, json_pack("{s:s, s:s}", "group", rows_text(rows, 0), "roles",
                                                          rows_text(rows, 1))) < 0
                            ? fail_memory(err)
                            : 0;
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return 0;
}

/* op.acc.6: the person sees whether somebody else has been here. */
static int run_whoami(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        char roles[64], last[TIME_TEXT], failed[TIME_TEXT];
        _cleanup_person_ struct person person = { 0 };
        struct account account;
        int r = person_load(act->db, act->person, &person, err);

        (void) args;
        if (r == 0)
                r = account_load(act->db, act->person, &account, err);
        if (r < 0)
                return r;
        roles_format(act->roles, roles);
        account_time(account.noted, last);
        account_time(account.failed_at, failed);
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:I}", "name", person.name, "full_name",
                         person.full_name, "os_user", act->os_user, "roles", roles, "last_access", last,
                         "last_failed", failed, "failed", (json_int_t) account.failed, "expires", person.expires,
                         "session_minutes", (json_int_t) access_limits[LIMIT_SESSION_MINUTES].value,
                         "session_warning_minutes",
                         (json_int_t) access_limits[LIMIT_SESSION_WARNING_MINUTES].value);
        return *ret ? 0 : fail_memory(err);
}

#define WHO                                                                                                        \
        { "name", PARAM_PERSON, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("persona", "person"), 0, 0, NULL, 0 }
#define REASON                                                                                                     \
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 }
#define GROUP                                                                                                      \
        {                                                                                                          \
                "group", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,                                            \
                        HELP("grupo del sistema operativo", "operating-system group"), 0, 64, NULL, 0              \
        }
static const struct param block_params[] = { WHO, REASON };
static const struct param account_params[] = {
        WHO,
        { "os-user", PARAM_TEXT, PARAM_REQUIRED, HELP("cuenta del sistema operativo", "operating-system account"),
          0, 32, NULL, 0 },
        REASON,
};
static const struct param map_params[] = {
        GROUP,
        { "roles", PARAM_TEXT, PARAM_REQUIRED, ROLES_HELP, 0, 60, NULL, 0 },
        REASON,
};
static const struct param unmap_params[] = { GROUP, REASON };
static const struct column group_columns[] = { { "group", HELP("GRUPO", "GROUP") },
                                               { "roles", CODES("ROLES", "ROLES", role_words) } };
static const struct column whoami_columns[] = {
        { "name", HELP("CUENTA", "ACCOUNT") },
        { "full_name", HELP("NOMBRE", "NAME") },
        { "os_user", HELP("USUARIO SO", "OS USER") },
        { "roles", CODES("ROLES", "ROLES", role_words) },
        { "last_access", HELP("ÚLTIMO ACCESO", "LAST ACCESS") },
        { "last_failed", HELP("ÚLTIMO INTENTO FALLIDO", "LAST FAILED ATTEMPT") },
        { "failed", HELP("INTENTOS FALLIDOS", "FAILED ATTEMPTS") },
        { "expires", HELP("CADUCA", "EXPIRES") },
        { "session_minutes", HELP("MINUTOS DE SESIÓN", "SESSION MINUTES") },
        { "session_warning_minutes", HELP("AVISO A LOS MINUTOS", "WARNED AFTER MINUTES") },
};

static const struct verb verbs[] = {
        { "person", "whoami", ROLE_ANY, VERB_READS,
          HELP("Quién actúa, con qué roles, y los últimos accesos de la cuenta",
               "Who acts, with which roles, and the account's last accesses"),
          COLUMNS(whoami_columns), .run = run_whoami },
        { "person", "block", ROLE_SECURITY, VERB_WRITES, HELP("Bloquea una cuenta", "Blocks an account"),
          PARAMS(block_params), .run = run_block },
        { "person", "unblock", ROLE_SECURITY, VERB_WRITES,
          HELP("Desbloquea una cuenta y pone a cero sus intentos fallidos",
               "Unblocks an account and starts its failed attempts again"),
          PARAMS(block_params), .run = run_unblock },
        { "person", "account", ROLE_SECURITY, VERB_WRITES,
          HELP("Cambia la cuenta del sistema operativo de una persona",
               "Changes a person's operating-system account"),
          PARAMS(account_params), .run = run_account },
        { "person", "map-group", ROLE_SECURITY, VERB_WRITES,
          HELP("Da roles a las personas de un grupo del sistema operativo",
               "Gives roles to the people of an operating-system group"),
          PARAMS(map_params), COLUMNS(group_columns), .run = run_map_group },
        { "person", "unmap-group", ROLE_SECURITY, VERB_WRITES,
          HELP("Un grupo deja de dar roles", "A group gives no more roles"), PARAMS(unmap_params),
          .run = run_unmap_group },
        { "person", "groups", ROLE_ANY, VERB_READS,
          HELP("Lista los grupos que dan roles", "Lists the groups that give roles"), COLUMNS(group_columns),
          .run = run_groups },
};

const struct room accounts_room = {
        .verbs = verbs, .verbs_n = COUNT(verbs), .events = account_events, .events_n = ACCOUNT_EVENTS
};
