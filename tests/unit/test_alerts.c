/* Every source of alerts at each of its levels and at its end, with a clock that the test moves; news, and the
 * messages that leave the house: K2, U3 to U6, T6, T7, C5, C8, C9, L1, L10, S4, S7, S9, S11, X4, X5, X7. */
#include "unit/store.h"

#include <time.h>

#include "alert/internal.h"
#include "alert/news.h"
#include "base/str.h"

static struct test_store store;

/* --- policy ------------------------------------------------------------------------------------------------ */

static int64_t moment(const char *text) {
        int64_t m;

        assert_int_equal(time_parse(text, &m), 0);
        return m;
}

static void levels_are_the_least_measure(void **state) {
        const struct alert_levels both = { -14, 0 }, only = { ALERT_NEVER, 3 };

        (void) state;
        assert_int_equal(alert_level(&both, -15), GRAVITY_NONE);
        assert_int_equal(alert_level(&both, -14), GRAVITY_ALERT);
        assert_int_equal(alert_level(&both, -1), GRAVITY_ALERT);
        assert_int_equal(alert_level(&both, 0), GRAVITY_CRITICAL);
        assert_int_equal(alert_level(&only, 2), GRAVITY_NONE);
        assert_int_equal(alert_level(&only, INT64_MAX), GRAVITY_CRITICAL);
}

static void time_past_is_whole_units_rounded_down(void **state) {
        (void) state;
        assert_int_equal(alert_past(100 * DAY, 100 * DAY - 1, DAY), -1);
        assert_int_equal(alert_past(100 * DAY, 99 * DAY, DAY), -1);
        assert_int_equal(alert_past(100 * DAY, 99 * DAY - 1, DAY), -2);
        assert_int_equal(alert_past(100 * DAY, 100 * DAY, DAY), 0);
        assert_int_equal(alert_past(100 * DAY, 101 * DAY - 1, DAY), 0);
        assert_int_equal(alert_past(100 * DAY, 101 * DAY, DAY), 1);
}

/* Spain's nights of 23 and 25 hours in 2026 and 2027, and 29 February 2028: a day is a day. */
static void nights_of_23_and_25_hours_change_nothing(void **state) {
        static const char *const days[] = { "2026-10-25", "2027-03-28", "2028-02-28", "2028-02-29", "2027-12-31" };

        (void) state;
        assert_int_equal(setenv("TZ", "Europe/Madrid", 1), 0);
        tzset();
        for (size_t i = 0; i < COUNT(days); i++) {
                int64_t start, over;

                assert_int_equal(date_parse(days[i], &start), 0);
                assert_int_equal(alert_day_over(days[i], &over), 0);
                assert_int_equal(over - start, DAY);
                assert_int_equal(alert_past(over, over - 1, DAY), -1);
                assert_int_equal(alert_past(over, over + 30 * DAY, DAY), 30);
        }
        assert_int_equal(alert_day_over("2028-02-28", &(int64_t){ 0 }), 0);
        assert_true(alert_day_over("2027-02-29", &(int64_t){ 0 }) < 0);
        assert_int_equal(unsetenv("TZ"), 0);
        tzset();
}

static void an_acknowledgement_ends_with_time_level_and_recurrence(void **state) {
        const struct alert_acknowledgement a = { GRAVITY_ALERT, 100, 200 };

        (void) state;
        assert_true(alert_quiet(&a, GRAVITY_ALERT, 100, 199));
        assert_false(alert_quiet(&a, GRAVITY_ALERT, 100, 200));
        assert_false(alert_quiet(&a, GRAVITY_CRITICAL, 100, 150));
        assert_false(alert_quiet(&a, GRAVITY_ALERT, 101, 150));
}

static void news_is_what_is_new_graver_or_over(void **state) {
        (void) state;
        assert_int_equal(alert_news(GRAVITY_NONE, GRAVITY_ALERT, GRAVITY_ALERT), NEWS_NEW);
        assert_int_equal(alert_news(GRAVITY_ALERT, GRAVITY_ALERT, GRAVITY_ALERT), NEWS_NONE);
        assert_int_equal(alert_news(GRAVITY_ALERT, GRAVITY_CRITICAL, GRAVITY_ALERT), NEWS_RISEN);
        assert_int_equal(alert_news(GRAVITY_CRITICAL, GRAVITY_ALERT, GRAVITY_ALERT), NEWS_NONE);
        assert_int_equal(alert_news(GRAVITY_CRITICAL, GRAVITY_NONE, GRAVITY_ALERT), NEWS_ENDED);
        assert_int_equal(alert_news(GRAVITY_NONE, GRAVITY_NONE, GRAVITY_ALERT), NEWS_NONE);
        assert_int_equal(alert_news(GRAVITY_NONE, GRAVITY_ALERT, GRAVITY_CRITICAL), NEWS_NONE);
        assert_int_equal(alert_news(GRAVITY_NONE, GRAVITY_CRITICAL, GRAVITY_CRITICAL), NEWS_NEW);
}

/* --- sources ----------------------------------------------------------------------------------------------- */

/* Facts as rows, a moment before which there is no alert, the moments of both levels, and what ends it. Moments are
 * offsets from `zero`; sources that count things have two sets of facts. */
struct source_case {
        const char *source, *object;
        const char *facts; /* {zero} is the moment, {day} its date */
        int64_t before, alert, critical;
        const char *more; /* what makes it critical, when time does not */
        const char *end;
};
#define M "HQ00000001V"
#define NEVER INT64_MIN

static const struct source_case cases[] = {
        { "loan-overdue", "P1",
          "INSERT INTO loan (id, number, medium, borrower, requester, reason, due, place, state, requested) VALUES "
          "('P1', 1, '" M "', 'oto', 'oto', 'r', '{day}', '', 'out', 1)",
          3 * DAY - 1, 3 * DAY, 7 * DAY, NULL, "UPDATE loan SET state = 'returned'" },
        { "visit-open", "E1",
          "INSERT INTO custody_access (id, number, person, requester, area, level, section, category, reason, "
          "until, "
          "state, requested, entered) VALUES ('E1', 1, 'oto', 'oto', 'HQ', '', '', '', '', '', 'inside', 1, "
          "{zero})",
          8 * HOUR - 1, 8 * HOUR, DAY, NULL, "UPDATE custody_access SET state = 'left'" },
        { "not-located", "media", "INSERT INTO not_located VALUES ('A', {zero}, 'I1'), ('B', {zero}, 'I1')", NEVER,
          0, 0, "INSERT INTO not_located VALUES ('C', {zero}, 'I1'), ('D', {zero}, 'I1')",
          "DELETE FROM not_located" },
        { "stocktake-open", "I1",
          "INSERT INTO stocktake (id, number, area, state, started, started_by) VALUES ('I1', 1, 'HQ', 'open', "
          "{zero}, "
          "'cus')",
          DAY - 1, DAY, 3 * DAY, NULL, "UPDATE stocktake SET state = 'finished'" },
        { "daily-check", "HQ", "INSERT INTO custody_check VALUES ('HQ', {zero})", DAY - 1, DAY, 3 * DAY, NULL,
          "UPDATE custody_check SET time = time + 10 * 86400000000" },
        { "environment", "HQ-S03", "INSERT INTO environment_reading VALUES ('HQ-S03', {zero}, 2550, NULL, NULL)",
          NEVER, 0, 0, "INSERT INTO environment_reading VALUES ('HQ-S03', {zero} + 1, 3001, NULL, NULL)",
          "INSERT INTO environment_reading VALUES ('HQ-S03', {zero} + 2, 2000, NULL, NULL)" },
        { "environment-silent", "HQ-S03",
          "INSERT INTO environment_reading VALUES ('HQ-S03', {zero}, 2000, NULL, NULL)", DAY - 1, DAY, 3 * DAY,
          NULL, "DELETE FROM environment_reading" },
        { "transit-limit", "S1",
          "INSERT INTO shipment (id, number, origin, destination, recipient, method, protection, tracking, route, "
          "limit_hours, reason, international, documents, state, creator, created, dispatched) VALUES ('S1', 1, "
          "'', "
          "'Lab', 'ana', '', '', '', '', 48, '', 0, '', 'in-transit', 'cus', 1, {zero})",
          48 * HOUR - 1, 48 * HOUR, 60 * HOUR, NULL, "UPDATE shipment SET state = 'delivered'" },
        { "shipment-late", "S1",
          "INSERT INTO shipment (id, number, origin, destination, recipient, method, protection, tracking, route, "
          "limit_hours, reason, international, documents, state, creator, created, dispatched, expected, noticed) "
          "VALUES ('S1', 1, '', "
          "'Lab', 'ana', '', '', '', '', 48, '', 0, '', 'in-transit', 'cus', 1, {zero} - 86400000000, {zero}, 1)",
          -1, 0, DAY, NULL, "UPDATE shipment SET state = 'delivered'" },
        { "shipment-notice", "S1",
          "INSERT INTO shipment (id, number, origin, destination, recipient, method, protection, tracking, route, "
          "limit_hours, reason, international, documents, state, creator, created, dispatched) VALUES ('S1', 1, "
          "'', "
          "'Lab', 'ana', '', '', '', '', 48, '', 0, '', 'dispatched', 'cus', 1, {zero})",
          HOUR - 1, HOUR, 25 * HOUR, NULL, "UPDATE shipment SET noticed = 1" },
        { "shipment-unconfirmed", "S1",
          "INSERT INTO shipment (id, number, origin, destination, recipient, method, protection, tracking, route, "
          "limit_hours, reason, international, documents, state, creator, created, dispatched, delivered) VALUES "
          "('S1', 1, '', "
          "'Lab', 'ana', '', '', '', '', 48, '', 0, '', 'delivered', 'cus', 1, {zero}, {zero})",
          DAY - 1, DAY, 2 * DAY, NULL, "UPDATE shipment SET state = 'confirmed'" },
        { "shipment-gps", "S1",
          "INSERT INTO shipment (id, number, origin, destination, recipient, method, protection, tracking, route, "
          "limit_hours, reason, international, documents, state, creator, created, dispatched, delivered) VALUES "
          "('S1', 1, '', "
          "'Lab', 'ana', '', '', 'gps-escort', '', 48, '', 0, '', 'confirmed', 'cus', 1, {zero}, {zero})",
          DAY - 1, DAY, 3 * DAY, NULL, "UPDATE shipment SET tracking = 'signed'" },
        { "emergency-review", "S1",
          "INSERT INTO shipment (id, number, origin, destination, recipient, method, protection, tracking, route, "
          "limit_hours, reason, international, documents, state, creator, created, dispatched, review_due) VALUES "
          "('S1', 1, '', "
          "'Lab', 'ana', '', '', '', '', 48, '', 0, '', 'confirmed', 'cus', 1, {zero}, {zero})",
          -1, 0, DAY, NULL, "UPDATE shipment SET reviewed = 1" },
        { "audit-due", "labelling/MEDIA",
          "INSERT INTO audit (id, number, kind, category, scope, state, started, started_by, population, digest, "
          "seed, sample, "
          "confidence, tolerated, closed) VALUES ('A1', 1, 'labelling', 'MEDIA', '', 'closed', 1, 'sara', 0, '', "
          "'', 0, 95, 20, {zero})",
          93 * DAY - 1, 93 * DAY, 138 * DAY, NULL, "UPDATE audit SET closed = closed + 200 * 86400000000" },
        { "audit-finding", "H000001",
          "INSERT INTO audit (id, number, kind, category, scope, state, started, started_by, population, digest, "
          "seed, sample, "
          "confidence, tolerated, closed) VALUES ('A1', 1, 'labelling', 'MEDIA', '', 'closed', 1, 'sara', 0, '', "
          "'', 0, 95, 20, {zero}); "
          "INSERT INTO finding (id, number, audit, severity, subject, what, measure, responsible, deadline, state, "
          "opened, opened_by) "
          "VALUES ('H000001', 1, 'A1', 'major', '', 'x', 'mp.si.1', 'cus', '{day}', 'open', 1, 'sara')",
          DAY - 1, NEVER, DAY, NULL, "UPDATE finding SET state = 'closed'" },
        { "medium-expiry", M, "UPDATE medium SET expires = '{day}'", -29 * DAY - 1, -29 * DAY, DAY, NULL,
          "UPDATE medium SET state = 'destroyed'" },
        { "account-ending", "oto", "UPDATE person SET expires = '{day}' WHERE name = 'oto'", -13 * DAY - 1,
          -13 * DAY, -2 * DAY, NULL, "UPDATE person SET blocked = 1 WHERE name = 'oto'" },
        { "training", "oto:it", "UPDATE account SET granted = {zero} WHERE name = 'oto'", 17 * DAY - 1, 17 * DAY,
          31 * DAY, NULL,
          "INSERT INTO training VALUES (1, 'oto', 'it', '', 4, '2027-01-01', '2040-01-01', 'sara')" },
        { "failed-attempts", "oto", "UPDATE account SET failed = 4, failed_at = {zero} WHERE name = 'oto'", NEVER,
          0, 0, "UPDATE account SET failed = 6 WHERE name = 'oto'",
          "UPDATE account SET failed = 3 WHERE name = 'oto'" },
        { "failed-openings", M, "INSERT INTO opening_failure VALUES ('" M "', 4, {zero})", NEVER, 0, 0,
          "UPDATE opening_failure SET failed = 6", "DELETE FROM opening_failure" },
        { "breach", "N000001",
          "INSERT INTO incident (id, number, kind, subject, what_es, what_en, state, opened, opened_by, deadline) "
          "VALUES "
          "('N000001', 1, 'breach', 'S1', 'x', 'x', 'open', {zero}, 'ana', {zero} + 72 * 3600000000)",
          NEVER, 0, 48 * HOUR, NULL, "UPDATE incident SET state = 'closed'" },
        { "unauthorised-access", "N000001",
          "INSERT INTO incident (id, number, kind, subject, what_es, what_en, state, opened, opened_by) VALUES "
          "('N000001', 1, 'access', '', 'x', 'x', 'open', {zero}, 'ana')",
          NEVER, NEVER, 0, NULL, "UPDATE incident SET state = 'closed'" },
        { "incident-open", "N000001",
          "INSERT INTO incident (id, number, kind, subject, what_es, what_en, state, opened, opened_by) VALUES "
          "('N000001', 1, 'seal', 'S1', 'x', 'x', 'open', {zero}, 'ana')",
          NEVER, 0, 7 * DAY, NULL, "UPDATE incident SET state = 'closed'" },
        { "label-due", M, "INSERT INTO label VALUES ('" M "', 1, 'printed', '', '', '', 1, '', '', '', 1, '{day}')",
          -29 * DAY - 1, -29 * DAY, 31 * DAY, NULL, "UPDATE label SET state = 'void'" },
        { "label-unsent", M,
          "INSERT INTO label VALUES ('" M "', 1, 'prepared', '', '', '', 1, '', '', '', {zero}, '')", DAY - 1, DAY,
          7 * DAY, NULL, "UPDATE label SET state = 'printed'" },
        { "rotation", M,
          "UPDATE medium SET key_id = 'k', category = 'ALTA'; INSERT INTO encryption (medium, state, key, cipher, "
          "key_bits, filled, uuid, seqid, data_offset, digest, slots, started, rekeyed) VALUES ('" M
          "', 'done', 'k', "
          "'c', 512, 1, 'u', 1, 1, 'd', '[]', 1, {zero})",
          76 * DAY - 1, 76 * DAY, 90 * DAY, NULL, "UPDATE encryption SET rekeyed = rekeyed + 90 * 86400000000" },
        { "waiver-ending", M,
          "INSERT INTO encryption (medium, state, key, cipher, key_bits, filled, uuid, seqid, data_offset, digest, "
          "slots, "
          "started, rekeyed) VALUES ('" M "', 'done', 'k', 'c', 512, 1, 'u', 1, 1, 'd', '[]', 1, 1); INSERT INTO "
          "rotation_waiver VALUES ('" M "', {zero} + 30 * 86400000000, 'sara', '', '', '', 1)",
          23 * DAY - 1, 23 * DAY, 28 * DAY, NULL, "UPDATE encryption SET rekeyed = {zero}" },
        { "handover-live", M,
          "INSERT INTO handover (number, medium, recipient, channel, letter, slot, salt, kdf, words, state, "
          "handed, "
          "handed_by, returned) VALUES ('F1', '" M
          "', 'ana', 'telephone', 0, 1, '', '', 8, 'live', 1, 'oto', {zero})",
          DAY - 1, DAY, 7 * DAY, NULL, "UPDATE handover SET state = 'revoked'" },
        { "key-ceremony", "master", "UPDATE crypto_key SET created = {zero} WHERE id = 'master'", 335 * DAY - 1,
          335 * DAY, 365 * DAY, NULL,
          "UPDATE crypto_key SET created = {zero} + 365 * 86400000000 WHERE id = 'master'" },
        { "wipe-interrupted", M,
          "INSERT INTO sanitization (job, medium, number, state, scheme, demanded, reached, classification, kind, "
          "operator, started, started_seq, started_data) VALUES ('W1', '" M
          "', 1, 'interrupted', 'single', 'clear', "
          "'none', 'INTERNO', 'hdd', 'oto', {zero}, 1, '{}')",
          DAY - 1, DAY, 7 * DAY, NULL, "UPDATE sanitization SET state = 'cancelled'" },
        { "wipe-validation", M,
          "INSERT INTO sanitization (job, medium, number, state, scheme, demanded, reached, classification, kind, "
          "operator, started, started_seq, started_data, ended, ended_data) VALUES ('W1', '" M "', 1, 'sanitized', "
          "'single', 'clear', 'clear', 'SECRETO', 'hdd', 'oto', 1, 1, '{}', {zero}, '{}')",
          2 * DAY - 1, 2 * DAY, 14 * DAY, NULL,
          "INSERT INTO sanitization_validation VALUES ('W1', 'accept', '', 'sara', '', '', '', 1)" },
        { "wipe-second-look", "wipes",
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO sanitization "
          "(job, "
          "medium, number, state, scheme, demanded, reached, classification, kind, operator, started, started_seq, "
          "started_data, ended, ended_data) SELECT 'W' || i, CASE i WHEN 1 THEN '" M "' ELSE 'X' || i END, 1, "
          "'sanitized', 'single', 'clear', 'clear', 'INTERNO', 'hdd', 'oto', 1, 1, '{}', {zero}, "
          "'{\"result\":\"sanitized\",\"seed\":\"00000000000000000000000000000000\"}' FROM n WHERE i < 11; UPDATE "
          "medium "
          "SET state = 'sanitized'",
          NEVER, 0, 0,
          "WITH RECURSIVE n(i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO sanitization "
          "(job, "
          "medium, number, state, scheme, demanded, reached, classification, kind, operator, started, started_seq, "
          "started_data, ended, ended_data) SELECT 'W' || i, 'X' || i, 1, 'sanitized', 'single', 'clear', 'clear', "
          "'INTERNO', 'hdd', 'oto', 1, 1, '{}', {zero}, "
          "'{\"result\":\"sanitized\",\"seed\":\"00000000000000000000000000000000\"}' FROM n",
          "DELETE FROM sanitization" },
        { "certificate-unsigned", "MPSI-1",
          "INSERT INTO certificate (number, year, ordinal, medium, kind, source, source_seq, state, executor, "
          "supervisor, "
          "issued, issued_by, issued_seq, twin, original, pdf) VALUES ('MPSI-1', 2026, 1, '" M
          "', '', '', 1, 'unsigned', "
          "'oto', 'sara', {zero}, 'oto', 1, '', '', '')",
          2 * DAY - 1, 2 * DAY, 7 * DAY, NULL, "UPDATE certificate SET state = 'valid'" },
        { "certificate-review", "MPSI-1",
          "INSERT INTO certificate (number, year, ordinal, medium, kind, source, source_seq, state, executor, "
          "supervisor, issued, issued_by, issued_seq, twin, original, pdf, review) VALUES ('MPSI-1', 2026, 1, '" M
          "', '', '', 1, 'valid', 'oto', 'sara', 1, 'oto', 1, '', '', '', {zero})",
          -1, 0, 7 * DAY, NULL, "UPDATE certificate SET state = 'revoked'" },
        { "destruction-waiting", "D1",
          "INSERT INTO destruction (id, number, medium, state, reason, method, requester, requested) VALUES ('D1', "
          "1, '" M "', 'approved', '', '', 'cus', {zero})",
          7 * DAY - 1, 7 * DAY, 14 * DAY, NULL, "UPDATE destruction SET state = 'executed'" },
        { "provider-paper", "acme:insurance",
          "INSERT INTO provider VALUES ('acme', 'Acme', '', '', 1, 'sara', NULL, NULL); INSERT INTO "
          "provider_document "
          "VALUES ('acme', 'insurance', '', '', '{day}', '', 1)",
          -59 * DAY - 1, -59 * DAY, DAY, NULL, "UPDATE provider SET withdrawn = 2" },
        { "drift", "B000001",
          "INSERT INTO baseline (id, number, digest, keys, reason, state, recorded, recorded_by, checked) VALUES "
          "('B000001', 1, '', 9, '', 'in-force', 1, 'sara', {zero}); INSERT INTO baseline_check VALUES (1, "
          "'B000001', "
          "{zero}, 'alert', 9, 8, 1, 0, 0, 0)",
          NEVER, 0, 0, "UPDATE baseline_check SET level = 'critical'", "UPDATE baseline_check SET level = 'none'" },
        { "baseline-unchecked", "B000001",
          "INSERT INTO baseline (id, number, digest, keys, reason, state, recorded, recorded_by, checked) VALUES "
          "('B000001', 1, '', 9, '', 'in-force', 1, 'sara', {zero})",
          2 * DAY - 1, 2 * DAY, 30 * DAY, NULL, "UPDATE baseline SET checked = checked + 30 * 86400000000" },
        { "backup-age", "store",
          "INSERT INTO backup VALUES (1, {zero}, 'sara', '', 1, 1, '', '', {zero}, 'sara', 'whole')", 8 * DAY - 1,
          8 * DAY, 30 * DAY, NULL, "UPDATE backup SET created = created + 30 * 86400000000" },
};

static struct db *open_db(void) {
        _cleanup_free_ char *path = str_format("%s/registry.db", store.folder);
        struct db *db = NULL;
        struct error err = { 0 };

        assert_int_equal(db_open(path, DB_WRITE, &db, &err), 0);
        return db;
}

/* Statements are kept by their texts' address, so each lives as long as the test. */
static char *texts[256];
static size_t texts_n;

static char *text_keep(char *text) {
        assert_non_null(text);
        assert_true(texts_n < COUNT(texts));
        texts[texts_n++] = text;
        return text;
}

static int texts_free(void **state) {
        (void) state;
        while (texts_n > 0)
                free(texts[--texts_n]);
        return 0;
}

/* One statement after the other, with its moments filled in. */
static void facts(struct db *db, const char *text, int64_t zero) {
        char day[DATE_TEXT], number[32];
        struct error err = { 0 };
        char *sql = text_keep(calloc(1, 8192)), *at = sql, *one, *rest = NULL;

        date_of(zero, day);
        (void) snprintf(number, sizeof number, "%lld", (long long) zero);
        for (const char *from = text; *from;) {
                if (strncmp(from, "{zero}", 6) == 0) {
                        at = stpcpy(at, number);
                        from += 6;
                } else if (strncmp(from, "{day}", 5) == 0) {
                        at = stpcpy(at, day);
                        from += 5;
                } else {
                        *at++ = *from++;
                }
        }
        for (one = strtok_r(sql, ";", &rest); one; one = strtok_r(NULL, ";", &rest))
                if (db_exec(db, &err, text_keep(strdup(one)), "") < 0)
                        fail_msg("%s: %s", one, err.what[LANG_EN]);
}

/* The level of an alert of the list at a moment; what any other source says does not matter. */
static enum gravity level_at(struct act *act, const struct source_case *c, int64_t when) {
        _cleanup_free_ char *key = str_format("%s/%s", c->source, c->object);
        _cleanup_json_ json_t *list = NULL;
        enum gravity level = GRAVITY_NONE;
        struct error err = { 0 };
        const json_t *row;
        size_t i;

        store.now = when;
        assert_int_equal(alerts_list(act, &list, &err), 0);
        json_array_foreach(list, i, row) {
                if (strcmp(json_text_or_empty(row, "object"), "-") == 0)
                        fail_msg("%s: %s", json_text(row, "key"), json_text(row, "what_en"));
                if (strcmp(json_text_or_empty(row, "key"), key) != 0)
                        continue;
                level = (enum gravity) term_parse(gravity_terms, GRAVITIES, json_text(row, "level"));
                /* The moment since which it has this level, not in the future, and not before it can be. */
                assert_true(moment(json_text(row, "since")) <= store.now);
                assert_true(*json_text(row, "what_es") && *json_text(row, "todo_es") && *json_text(row, "for"));
        }
        return level;
}

static void run_case(struct db *db, const struct source_case *c) {
        const int64_t zero = moment("2027-06-15T00:00:00Z");
        struct act act = { .folder = store.folder, .db = db, .clock = &store.clock, .site = "HQ", .lang = LANG_EN };

        assert_int_equal(db_begin(db, NULL), 0); /* the next case finds nothing of it */
        facts(db, c->facts, zero);
        if (c->before != NEVER && level_at(&act, c, zero + c->before - 1000) != GRAVITY_NONE)
                fail_msg("%s: too early", c->source);
        if (c->alert != NEVER && level_at(&act, c, zero + c->alert) != GRAVITY_ALERT)
                fail_msg("%s: no alert", c->source);
        if (c->critical > c->alert && c->alert != NEVER &&
            level_at(&act, c, zero + c->critical - 1000) != GRAVITY_ALERT)
                fail_msg("%s: critical too early", c->source);
        if (c->more)
                facts(db, c->more, zero);
        if (level_at(&act, c, zero + c->critical + (c->more ? 10 : 0)) != GRAVITY_CRITICAL)
                fail_msg("%s: not critical", c->source);
        facts(db, c->end, zero);
        if (level_at(&act, c, zero + c->critical + 20) != GRAVITY_NONE)
                fail_msg("%s: does not end", c->source);
        db_rollback(db);
}

static void make(void) {
        test_store_make(&store);
        test_expect(0, &store, "cus", "media", "register", "{s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "kind", "hdd",
                    "classification", "INTERNO", "category", "MEDIA", "owner", "olga", "expires", "2040-01-01",
                    "retention", 3650, "serial", "S1");
}

static void each_source_rises_and_ends(void **state) {
        struct db *db;

        (void) state;
        make();
        db = open_db();
        for (size_t i = 0; i < COUNT(cases); i++)
                run_case(db, &cases[i]);
        db_close(db);
        test_store_drop(&store);
}

static void no_source_is_without_a_case(void **state) {
        size_t n = 0;

        (void) state;
        for (size_t f = 0; f < alert_families_n; f++)
                for (size_t i = 0; i < alert_families[f]->n; i++, n++) {
                        const struct alert_source *source = &alert_families[f]->sources[i];
                        bool found = false;

                        for (size_t k = 0; k < COUNT(cases); k++)
                                found |= strcmp(cases[k].source, source->id) == 0;
                        if (!found)
                                fail_msg("%s has no case", source->id);
                        assert_true(source->roles && *source->what.es && *source->what.en && *source->todo.es &&
                                    *source->todo.en);
                        assert_ptr_equal(alert_source_find(source->id), source);
                }
        assert_int_equal(n, COUNT(cases));
}

/* A list that would be endless is cut, and says so; what it lacks is not told as ended. */
static void a_long_list_is_cut(void **state) {
        const struct alert_settings settings = { .hook = "/bin/true", .least = GRAVITY_ALERT };
        _cleanup_json_ json_t *list = NULL, *news = alert_state_new();
        struct error err = { 0 };
        struct db *db;
        size_t changes = 0;
        json_t *gone;

        (void) state;
        make();
        db = open_db();
        facts(db,
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150) INSERT INTO "
              "opening_failure "
              "SELECT 'M' || i, 6, {zero} FROM n",
              store.now);
        {
                struct act act = { .folder = store.folder, .db = db, .clock = &store.clock, .site = "HQ" };

                assert_int_equal(alerts_list(&act, &list, &err), 0);
        }
        assert_int_equal(json_array_size(list), ALERTS_A_SOURCE + 1);
        gone = json_pack("{s:s, s:s, s:s, s:s}", "key", "failed-openings/M999", "source", "failed-openings",
                         "level", "critical", "object", "M999");
        assert_int_equal(json_object_set_new(json_object_get(news, "told"), "failed-openings/M999", gone), 0);
        assert_int_equal(alert_news_take(news, list, &settings, store.now, &changes, &err), 0);
        assert_int_equal(changes, ALERTS_A_SOURCE + 1);
        assert_non_null(json_object_get(json_object_get(news, "told"), "failed-openings/M999"));
        db_close(db);
        test_store_drop(&store);
}

/* --- news -------------------------------------------------------------------------------------------------- */

static json_t *row_of(const char *key, const char *level) {
        return json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}]", "key", key, "source",
                         "loan-overdue", "object", "P1", "rule", "U4", "level", level, "since",
                         "2027-01-01T00:00:00.000000Z", "what_es", "vencido", "what_en", "overdue", "todo_es",
                         "reclame", "todo_en", "ask", "for", "custodian");
}

static size_t take(json_t *state, const struct alert_settings *settings, json_t *list, int64_t now) {
        struct error err = { 0 };
        size_t changes = 0;

        assert_non_null(list);
        assert_int_equal(alert_news_take(state, list, settings, now, &changes, &err), 0);
        json_decref(list);
        return changes;
}

static void each_news_is_told_once_and_kept_until_it_is_delivered(void **state) {
        const struct alert_settings settings = { .hook = "/bin/true", .least = GRAVITY_ALERT };
        _cleanup_json_ json_t *s = alert_state_new();
        struct error err = { 0 };
        const json_t *waiting;

        (void) state;
        assert_int_equal(take(s, &settings, row_of("loan-overdue/P1", "alert"), 1000), 1);
        assert_int_equal(take(s, &settings, row_of("loan-overdue/P1", "alert"), 2000), 0);
        waiting = alert_news_waiting(s, CHANNEL_HOOK, 2000);
        assert_int_equal(json_array_size(waiting), 1);
        assert_null(alert_news_waiting(s, CHANNEL_MAIL, 2000));
        /* It fails: not at once again, a minute later, then two. */
        assert_int_equal(alert_news_failed(s, CHANNEL_HOOK, 2000, &err), 0);
        assert_null(alert_news_waiting(s, CHANNEL_HOOK, 2000 + 59 * SECOND));
        assert_non_null(alert_news_waiting(s, CHANNEL_HOOK, 2000 + 60 * SECOND));
        assert_int_equal(alert_news_failed(s, CHANNEL_HOOK, 0, &err), 0);
        assert_null(alert_news_waiting(s, CHANNEL_HOOK, 119 * SECOND));
        assert_non_null(alert_news_waiting(s, CHANNEL_HOOK, 120 * SECOND));
        /* A clock that was set back by years does not silence it. */
        assert_non_null(alert_news_waiting(s, CHANNEL_HOOK, -1000 * DAY));
        /* It rises before it was delivered: one item, the newest. */
        assert_int_equal(take(s, &settings, row_of("loan-overdue/P1", "critical"), 3000), 1);
        waiting = json_object_get(json_object_get(s, "hook"), "waiting");
        assert_int_equal(json_array_size(waiting), 1);
        assert_string_equal(json_text(json_array_get(waiting, 0), "news"), "risen");
        assert_int_equal(alert_news_delivered(s, CHANNEL_HOOK, &err), 0);
        assert_null(alert_news_waiting(s, CHANNEL_HOOK, 4000));
        assert_int_equal(take(s, &settings, row_of("loan-overdue/P1", "alert"), 5000),
                         1); /* it fell: to be saved */
        assert_null(alert_news_waiting(s, CHANNEL_HOOK, 5000));
        assert_int_equal(take(s, &settings, json_array(), 6000), 1);
        waiting = alert_news_waiting(s, CHANNEL_HOOK, 6000);
        assert_string_equal(json_text(json_array_get(waiting, 0), "news"), "ended");
        assert_string_equal(json_text(json_array_get(waiting, 0), "what_es"), "vencido");
}

static void mail_addresses_are_no_headers_and_no_options(void **state) {
        static const char *const bad[] = { "",      "a",       "a@",       "@b",          "-f@b.c",  "a b@c",
                                           "a@b c", "a@b\nX:", "a@b\r\nX", "a\n@b",       "a@b,c@d", "<a@b>",
                                           "a@-b",  "á@b.c",   "a@b;c",    "\"a b\"@c.d", "a@b(c)" };

        (void) state;
        assert_true(alert_address_safe("seguridad@hospital.example"));
        assert_true(alert_address_safe("a.b+c_d@x-y.es"));
        for (size_t i = 0; i < COUNT(bad); i++)
                if (alert_address_safe(bad[i]))
                        fail_msg("“%s” passes", bad[i]);
}

/* Whatever texts there are, the message has its ten headers, in ASCII lines. */
static void no_text_becomes_a_header(void **state) {
        struct act act = { .station = "desk\r\nBcc: x@y.z\r\n\r\nñ",
                           .organisation = "H\r\n.\r\nBcc: q@q.q",
                           .clock = &store.clock,
                           .lang = LANG_ES };
        const struct alert_settings settings = { .from = "mpsi@h.es", .to = { "a@h.es", "b@h.es" }, .to_n = 2 };
        _cleanup_json_ json_t *s = alert_state_new();
        const struct alert_settings hook = { .hook = "/x", .least = GRAVITY_ALERT };
        _cleanup_free_ char *mail = NULL, *again = NULL;
        struct error err = { 0 };
        char *end;

        (void) state;
        store.clock = (struct clock){ .now = test_store_now, .context = &store };
        store.now = moment("2028-02-29T12:00:00Z");
        assert_int_equal(take(s, &hook, row_of("loan-overdue/P\r\nBcc: z@z.z", "critical"), 1000), 1);
        assert_int_equal(alert_news_mail(&act, alert_news_waiting(s, CHANNEL_HOOK, 1000), &settings, &mail, &err),
                         0);
        assert_int_equal(alert_news_mail(&act, alert_news_waiting(s, CHANNEL_HOOK, 1000), &settings, &again, &err),
                         0);
        assert_string_equal(mail, again); /* and so its Message-ID */
        end = strstr(mail, "\r\n\r\n");
        assert_non_null(end);
        assert_null(strstr(mail, "Bcc"));
        assert_non_null(strstr(mail, "\r\nDate: Tue, 29 Feb 2028 12:00:00 +0000\r\n"));
        assert_non_null(strstr(mail, "\r\nSubject: =?UTF-8?B?"));
        for (const char *c = mail; *c; c++)
                assert_true((*c >= 32 && *c < 127) || *c == '\r' || *c == '\n');
        for (const char *line = mail; *line; line = strchr(line, '\n') + 1)
                assert_true(strcspn(line, "\n") < 79);
}

static void a_program_is_fed_and_one_that_hangs_is_ended(void **state) {
        static const char *const reads[] = { "/bin/sh", "-c", "test \"$(cat)\" = hola && test -z \"$HOME\"", NULL };
        static const char *const hangs[] = { "/bin/sh", "-c", "sleep 100 & sleep 100", NULL };
        static const char *const deaf[] = { "/bin/true", NULL }, *const fails[] = { "/bin/false", NULL };
        static const char *const none[] = { "/nonexistent/program", NULL };
        _cleanup_free_ char *long_text = malloc(4 << 20);
        struct error err = { 0 };

        (void) state;
        assert_non_null(long_text);
        memset(long_text, 'x', (4 << 20) - 1);
        long_text[(4 << 20) - 1] = '\0';
        assert_int_equal(alert_run(reads, "hola", 10, &err), 0);
        assert_int_equal(alert_run(deaf, long_text, 10, &err), 0);
        assert_int_equal(alert_run(fails, "", 10, &err), ERR_FAILED);
        assert_int_equal(alert_run(none, "", 10, &err), ERR_FAILED);
        assert_int_equal(alert_run(hangs, long_text, 1, &err), ERR_FAILED);
        assert_non_null(strstr(err.what[LANG_EN], "did not end"));
}

static void settings_say_what_is_wrong_with_them(void **state) {
        static const struct {
                const char *text;
                int code;
        } cases_of[] = {
                { "[alert]\nhook = /usr/bin/x\nlevel = critical\n", 0 },
                { "[alert]\nmail = a@b.es, c@d.es\nfrom = m@b.es\n", 0 },
                { "[alert]\nhok = /usr/bin/x\n", ERR_USAGE },
                { "[alert]\nhook = x\n", ERR_USAGE },
                { "[alert]\nmail = a@b.es\n", ERR_USAGE },
                { "[alert]\nmail = a@b.es -oX/tmp/x\nfrom = m@b.es\n", ERR_USAGE },
                { "[alert]\nmail = a@b.es\nfrom = -t\n", ERR_USAGE },
                { "[alert]\nmail = a@b.es\nfrom = m@b.es\nsendmail = sendmail -t\n", ERR_USAGE },
                { "[alert]\nlevel = info\n", ERR_USAGE },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(cases_of); i++) {
                _cleanup_config_ struct config *config = NULL;
                struct alert_settings settings = { 0 };
                struct error err = { 0 };

                assert_int_equal(config_parse(cases_of[i].text, strlen(cases_of[i].text), &config, &err), 0);
                if (alert_settings_read(config, &settings, &err) != cases_of[i].code)
                        fail_msg("%s", cases_of[i].text);
                alert_settings_done(&settings);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(levels_are_the_least_measure),
                cmocka_unit_test(time_past_is_whole_units_rounded_down),
                cmocka_unit_test(nights_of_23_and_25_hours_change_nothing),
                cmocka_unit_test(an_acknowledgement_ends_with_time_level_and_recurrence),
                cmocka_unit_test(news_is_what_is_new_graver_or_over),
                cmocka_unit_test(no_source_is_without_a_case),
                cmocka_unit_test(each_source_rises_and_ends),
                cmocka_unit_test(a_long_list_is_cut),
                cmocka_unit_test(each_news_is_told_once_and_kept_until_it_is_delivered),
                cmocka_unit_test(mail_addresses_are_no_headers_and_no_options),
                cmocka_unit_test(no_text_becomes_a_header),
                cmocka_unit_test(a_program_is_fed_and_one_that_hangs_is_ended),
                cmocka_unit_test(settings_say_what_is_wrong_with_them),
        };

        return cmocka_run_group_tests(tests, NULL, texts_free);
}
