/* The programme on a store whose clock moves: what becomes due, and what the alerts are told. A1, X1. */
#include "unit/store.h"

#include "programme/programme.h"

static struct test_store store;

struct seen {
        struct audit_alert alerts[40];
        size_t n;
};

static int note(void *context, const struct audit_alert *alert) {
        struct seen *seen = context;

        assert_true(alert->es[0] && alert->en[0] && alert->due[0] && alert->key[0]);
        seen->alerts[seen->n++] = *alert;
        return 0;
}

static struct seen alerts_now(void) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct seen seen = { .n = 0 };
        struct error err;

        assert_int_equal(audit_due(act, store.now, note, &seen, &err), 0);
        return seen;
}

static const struct audit_alert *find(const struct seen *seen, const char *key) {
        for (size_t i = 0; i < seen->n; i++)
                if (strcmp(seen->alerts[i].key, key) == 0)
                        return &seen->alerts[i];
        return NULL;
}

#define done(person, name, ...) test_expect(0, &store, (person), "audit", (name), __VA_ARGS__)

/* The test's clock starts on 2026-11-18; the store's category is ALTA, and there are no media. */
static void the_calendar_fills_by_itself(void **state) {
        struct seen seen = alerts_now();

        (void) state;
        assert_int_equal(seen.n, 0);
        store.now += 24 * DAY; /* monthly ones are due on 18 December */
        seen = alerts_now();
        assert_int_equal(seen.n, 2);
        assert_int_equal(find(&seen, "labelling/ALTA")->gravity, GRAVITY_INFO);
        assert_string_equal(find(&seen, "encryption/ALTA")->due, "2026-12-18");
        store.now += 7 * DAY;
        seen = alerts_now();
        assert_int_equal(find(&seen, "labelling/ALTA")->gravity, GRAVITY_ALERT);
        store.now += 30 * DAY;
        seen = alerts_now();
        assert_int_equal(find(&seen, "labelling/ALTA")->gravity, GRAVITY_CRITICAL);
        assert_null(find(&seen, "inventory/ALTA"));
}

/* An audit that is closed moves the day; its findings stay and become overdue. */
static void findings_become_overdue_by_the_clock(void **state) {
        static const char *const criteria[] = { "procedures", "seals", "documents" };
        const struct audit_alert *alert;
        struct seen seen;
        char deadline[DATE_TEXT];

        (void) state;
        done("cus", "start", "{s:s, s:s}", "kind", "transport", "category", "ALTA");
        for (size_t i = 0; i < COUNT(criteria); i++)
                done("cus", "check", "{s:s, s:s, s:s}", "audit", "U000001", "subject", criteria[i], "result",
                     i == 1 ? "deficient" : "sound");
        date_of(store.now + 10 * DAY, deadline);
        done("cus", "finding", "{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "audit", "U000001", "subject", "seals",
             "severity", "major", "what", "Precintos sin numerar", "measure", "mp.si.4", "responsible", "oto",
             "deadline", deadline);
        done("cus", "close", "{s:s, s:s}", "audit", "U000001", "conclusion", "Un hallazgo");
        seen = alerts_now();
        assert_null(find(&seen, "H000001"));
        store.now += 4 * DAY;
        seen = alerts_now();
        assert_int_equal(find(&seen, "H000001")->gravity, GRAVITY_INFO);
        store.now += 7 * DAY;
        seen = alerts_now();
        alert = find(&seen, "H000001");
        assert_int_equal(alert->gravity, GRAVITY_CRITICAL);
        assert_true(alert->finding);
        assert_string_equal(alert->audit, "U000001");
        assert_string_equal(alert->responsible, "oto");
        /* Acted on is not settled; verified by another person is. */
        done("oto", "follow", "{s:s, s:s}", "finding", "H000001", "action", "Precintos nuevos");
        seen = alerts_now();
        assert_non_null(find(&seen, "H000001"));
        test_expect(ERR_DENIED, &store, "oto", "audit", "follow", "{s:s, s:s}", "finding", "H000001", "verified",
                    "x");
        done("tia", "follow", "{s:s, s:s}", "finding", "H000001", "verified", "Vistos");
        seen = alerts_now();
        assert_null(find(&seen, "H000001"));
        done("cus", "follow", "{s:s, s:s}", "finding", "H000001", "reopen", "Faltan otra vez");
        seen = alerts_now();
        assert_non_null(find(&seen, "H000001"));
        /* The next drill is three months after this one. */
        assert_null(find(&seen, "transport/ALTA"));
}

static void the_gravest_come_first(void **state) {
        struct seen seen = alerts_now();
        size_t calendar = 0;

        (void) state;
        for (size_t i = 0; i < seen.n; i++)
                calendar += !seen.alerts[i].finding;
        for (size_t i = 1; i < calendar; i++)
                assert_true(seen.alerts[i].gravity <= seen.alerts[i - 1].gravity);
        assert_true(calendar > 0 && calendar < seen.n);
}

static int stop(void *context, const struct audit_alert *alert) {
        (void) alert;
        return ++*(int *) context;
}

static void the_caller_may_stop(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct error err;
        int n = 0;

        (void) state;
        assert_int_equal(audit_due(act, store.now, stop, &n, &err), 1);
        assert_int_equal(n, 1);
}

static void the_events_give_the_state(void **state) {
        (void) state;
        test_expect(0, &store, "sara", "ledger", "replay", "{}");
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

static int make(void **state) {
        (void) state;
        test_store_make(&store);
        return 0;
}

static int drop(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_calendar_fills_by_itself),
                cmocka_unit_test(findings_become_overdue_by_the_clock),
                cmocka_unit_test(the_gravest_come_first),
                cmocka_unit_test(the_caller_may_stop),
                cmocka_unit_test(the_events_give_the_state),
        };

        return cmocka_run_group_tests(tests, make, drop);
}
