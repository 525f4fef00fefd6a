/* X1, A4, X4: every verb of the table, tried by every role and by those who may not act, against the table written
 * by hand in data/verb-roles.txt. */
#include "unit/peer.h"

#include "base/str.h"

enum { LINES = 300 };

static struct test_store store;
static struct line {
        char verb[40];
        unsigned roles;
        bool seen;
} lines[LINES];
static size_t lines_n;

static const struct {
        const char *name, *role;
        char letter;
} people[ROLES] = { { "olga", "owner", 'O' },    { "cus", "custodian", 'C' }, { "oto", "operator", 'P' },
                    { "susi", "security", 'S' }, { "uma", "user", 'U' },      { "aud", "auditor", 'A' } };
/* Each with every role that an account may hold at once. */
static const char *const powerless[] = { "blocked", "expired", "locked", "idle", "stranger" };

static void read_line(const char *text) {
        struct line *line = &lines[lines_n];
        size_t length;

        if (*text == '#' || *text == '\n')
                return;
        assert_true(lines_n < LINES && strlen(text) > 30);
        length = 30;
        while (length && text[length - 1] == ' ')
                length--;
        (void) snprintf(line->verb, sizeof line->verb, "%.*s", (int) length, text);
        for (size_t i = 0; i < ROLES; i++) {
                char c = text[30 + 2 * i];

                if (c != '-' && c != people[i].letter)
                        fail_msg("verb-roles.txt: “%s”: %c is neither - nor %c", line->verb, c, people[i].letter);
                line->roles |= c == '-' ? 0 : 1U << i;
        }
        for (size_t i = 0; i < lines_n; i++)
                if (strcmp(lines[i].verb, line->verb) == 0)
                        fail_msg("verb-roles.txt: “%s” twice", line->verb);
        lines_n++;
}

static void add(const char *name, const char *roles, const char *expires) {
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s, s:s, s:s*}", "name", name, "full-name",
                    name, "roles", roles, "os-user", name, "expires", expires);
}

static int group_setup(void **state) {
        char text[200], month[DATE_TEXT];
        FILE *file = fopen(TESTS_DIR "/data/verb-roles.txt", "re");

        (void) state;
        assert_non_null(file);
        while (fgets(text, sizeof text, file))
                read_line(text);
        (void) fclose(file);
        test_store_make(&store);
        add("idle", "owner,custodian,operator,security,user", NULL);
        store.now += 91 * DAY;
        for (size_t i = 0; i < 3; i++) /* made with the store, without an account at the station */
                test_expect(0, &store, "sara", "person", "account", "{s:s, s:s, s:s}", "name", people[i].name,
                            "os-user", people[i].name, "reason", "x");
        test_tamper(&store,
                    "UPDATE account SET seen = seen + 91 * 86400000000, granted = granted + 91 * 86400000000"
                    " WHERE name <> 'idle'"); /* nor does anybody lack training (A3) */
        date_of(store.now + 29 * DAY, month);
        add("susi", "security", NULL);
        add("uma", "user", NULL);
        add("aud", "auditor", month);
        add("blocked", "owner,custodian,operator,security,user", NULL);
        add("expired", "owner,custodian,operator,security,user", "2020-01-01");
        add("locked", "owner,custodian,operator,security,user", NULL);
        test_expect(0, &store, "sara", "person", "block", "{s:s, s:s}", "name", "blocked", "reason", "x");
        return 0;
}

static int group_teardown(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

/* What the session decides before it looks at what was asked: an argument that no verb knows is as far as it goes.
 */
static int decide(const char *os_user, const struct verb *verb, struct error *err) {
        const struct test_peer peer = { .os_user = os_user };

        return test_peer_call(&store, &peer, verb, json_pack("{s:s}", "no-verb-knows-this", "x"), NULL, err);
}

static int try_verb(void *context, const struct verb *verb) {
        _cleanup_free_ char *name = str_format("%s%s%s", verb->noun, *verb->name ? " " : "", verb->name);
        struct line *line = NULL;
        struct error err;

        (void) context;
        for (size_t i = 0; i < lines_n; i++)
                if (strcmp(lines[i].verb, name) == 0)
                        line = &lines[i];
        if (!line)
                fail_msg("“%s” has no line in tests/data/verb-roles.txt", name);
        line->seen = true;
        /* Or the failed attempts of one verb would lock the accounts for the next. */
        test_tamper(&store,
                    "UPDATE account SET failed = 0, failed_at = 0, locked = (name = 'locked'), cause = CASE "
                    "name WHEN 'locked' THEN 'attempts' ELSE 'none' END");
        for (size_t i = 0; i < ROLES; i++) {
                int r = decide(people[i].name, verb, &err), wanted = line->roles & 1U << i ? ERR_USAGE : ERR_DENIED;

                if (r != wanted)
                        fail_msg("%s: %s: %d instead of %d: [%s] %s", name, people[i].role, r, wanted, err.rule,
                                 err.what[LANG_EN]);
                if (r == ERR_DENIED && strcmp(err.rule, "X1") != 0 && strcmp(err.rule, "A4") != 0)
                        fail_msg("%s: %s: rule %s", name, people[i].role, err.rule);
        }
        for (size_t i = 0; i < COUNT(powerless); i++) {
                int r = decide(powerless[i], verb, &err);
                const char *rule = strcmp(powerless[i], "stranger") == 0 ? "X1" : "X4";

                if (r != ERR_DENIED || strcmp(err.rule, rule) != 0)
                        fail_msg("%s: %s: %d [%s] %s", name, powerless[i], r, err.rule, err.what[LANG_EN]);
        }
        return 0;
}

static void x1_a4_every_verb_by_everybody(void **state) {
        (void) state;
        assert_int_equal(verbs_each(try_verb, NULL), 0);
        for (size_t i = 0; i < lines_n; i++)
                if (!lines[i].seen)
                        fail_msg("verb-roles.txt: there is no verb “%s”", lines[i].verb);
        /* The refusals left the state that the events explain, but for what this test changed behind their back. */
        assert_int_equal(test_number(&store, "SELECT count(*) FROM refusal WHERE os_user = 'stranger'"),
                         (int64_t) lines_n);
}

static int reads_only(void *context, const struct verb *verb) {
        (void) context;
        if (verb->roles & ROLE_AUDITOR && verb->flags & VERB_WRITES && !(verb->flags & (VERB_BULK | VERB_NO_STORE)))
                fail_msg("%s %s writes, and its row lets auditors", verb->noun, verb->name);
        return 0;
}

static void a4_no_row_lets_an_auditor_write(void **state) {
        (void) state;
        assert_int_equal(verbs_each(reads_only, NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(x1_a4_every_verb_by_everybody),
                cmocka_unit_test(a4_no_row_lets_an_auditor_write),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
