/* A store with a lively history of half a year (2023-10 to 2024-04: two changes of the clock, month ends, a leap
 * day), drawn from a seed: metrics_history STORE SEED. Facts go through the ledger and every room's apply
 * functions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/session.h"
#include "base/str.h"
#include "registry/medium_id.h"

enum { MEDIA = 60, TURNS = 900, SHIPMENTS = 40, DESTRUCTIONS = 40 };

static int64_t moment;
static unsigned seed;
static struct act *act;
static int64_t searches, shipments, incidents, destructions, certificates, jobs;
static bool joined[MEDIA + 1], sought[MEDIA + 1], gone[MEDIA + 1];
static int asked[MEDIA + 1];

static int64_t history_now(void *context) {
        (void) context;
        return moment;
}

static int pick(int n) {
        return (int) ((unsigned) rand_r(&seed) % (unsigned) n);
}

static const char *id_of(int medium) {
        static char texts[4][MEDIUM_ID_TEXT];
        static int next;
        char *text = texts[next++ % 4];

        medium_id_format("HQ", medium, text);
        return text;
}

/* A fact; data is consumed. */
static void fact(const char *type, const char *subject, json_t *data) {
        struct error err = { 0 };

        if (!data || act_record_one(act, type, subject, data, &err) < 0) {
                (void) fprintf(stderr, "%s of %s: %s\n", type, subject, data ? err.what[LANG_EN] : "no data");
                exit(1);
        }
        json_decref(data);
}

static char *numbered(const char *letter, int64_t number) {
        static char texts[4][24];
        static int next;
        char *text = texts[next++ % 4];

        (void) snprintf(text, sizeof texts[0], "%s%06lld", letter, (long long) number);
        return text;
}

static void register_medium(int i) {
        static const char *const kinds[] = { "hdd", "ssd", "tape", "optical", "paper" };
        static const char *const categories[] = { "BASICA", "MEDIA", "ALTA" };

        fact("medium.registered", id_of(i),
             json_pack("{s:i, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s}",
                       "number", i, "kind", kinds[pick(12) < 9 ? i % 3 : 3 + i % 2], "classification", "INTERNO",
                       "category", categories[i % 3], "health", 0, "owner", "ana", "created", "2023-10-01",
                       "expires", "2040-01-01", "retention_days", 3650, "model", "", "vendor", "", "serial",
                       numbered("S", i), "wwn", "", "insertion", "", "size", 0, "epc", "", "tamper", "", "note",
                       ""));
}

static void incident(const char *kind, const char *subject) {
        const char *id = numbered("N", ++incidents);

        fact("incident.opened", id,
             json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:[]}", "id", id, "number", (json_int_t) incidents, "kind",
                       kind, "subject", subject, "what_es", "x", "what_en", "x", "media"));
}

/* --- turns: what happens to one medium, or to nobody's ------------------------------------------------------- */

static void label(int m) {
        if (pick(4))
                fact("label.printed", id_of(m), json_pack("{s:i}", "revision", 1));
        else if (pick(2))
                fact("label.voided", id_of(m), json_pack("{s:i, s:s}", "revision", 1, "reason", "r"));
        else
                fact("medium.changed", id_of(m),
                     json_pack("{s:s, s:s}", "classification", "CONFIDENCIAL", "reason", "r"));
}

static void encrypt(int m) {
        const char *uuid = "8c7d0000-0000-4000-8000-000000000000";

        fact("encryption.started", id_of(m),
             json_pack("{s:s, s:s, s:i, s:s}", "key", "k", "cipher", "aes", "key_bits", 512, "uuid", uuid));
        moment += pick(3000) * SECOND;
        if (pick(5) == 0) {
                fact("encryption.failed", id_of(m), json_object());
                return;
        }
        fact("encryption.finished", id_of(m), json_pack("{s:[], s:s, s:s}", "slots", "uuid", uuid, "key", "k"));
        if (pick(3) == 0)
                fact("encryption.changed", id_of(m),
                     json_pack("{s:[], s:s, s:s, s:s}", "slots", "uuid", uuid, "key", "k", "reason", "slots"));
        if (pick(6) == 0)
                fact("encryption.erased", id_of(m), json_object());
}

static void wipe(int m) {
        const char *job = numbered("W", ++jobs);

        fact("sanitization.started", id_of(m),
             json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "job", job, "number", (json_int_t) jobs, "scheme", "zero",
                       "demanded_level", "clear", "classification", "INTERNO", "kind", "hdd"));
        moment += pick(90000) * SECOND;
        fact("sanitization.finished", id_of(m), /* its certificate is no destruction's */
             json_pack("{s:s, s:s, s:s}", "job", job, "result", pick(4) ? "sanitized" : "not-sanitized",
                       "reached_level", "clear"));
        if (pick(3) == 0)
                fact("sanitization.verified", id_of(m), json_pack("{s:s, s:b}", "job", job, "holds", pick(2)));
        if (pick(3) == 0)
                fact("sanitization.validated", id_of(m),
                     json_pack("{s:s, s:s, s:s, s:{}, s:s, s:s}", "job", job, "decision",
                               pick(2) ? "accept" : "reject", "reason", "r", "statement", "signature", "s",
                               "certificate", "c"));
}

static void stocktake(int m) {
        static int64_t number;
        const char *id = numbered("R", ++number);

        fact("stocktake.started", id, json_pack("{s:I, s:s}", "number", (json_int_t) number, "area", "HQ-S03"));
        fact("stocktake.scanned", id,
             json_pack("{s:[{s:s, s:s, s:s}, {s:s, s:s, s:s, s:s}, {s:s, s:s, s:s}]}", "scans", "result",
                       "location", "location", "HQ-S03-A12-E04-P001", "text", "p", "result", "found", "location",
                       "HQ-S03-A12-E04-P001", "text", "t", "medium", id_of(m), "result", "unknown", "location",
                       "HQ-S03-A12-E04-P001", "text", numbered("Q", number)));
        fact("stocktake.missed", id,
             json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "media", "medium", id_of(m % MEDIA + 1), "location", "L",
                       "medium", id_of((m + 7) % MEDIA + 1), "location", "L"));
}

static void seen(int m) {
        switch (pick(5)) {
        case 0: fact("medium.moved", id_of(m), json_pack("{s:s}", "location", "HQ-S03-A12-E04-P001")); break;
        case 1:
                fact("medium.put-back", id_of(m),
                     json_pack("{s:s, s:s, s:s}", "access", "A000001", "person", "ana", "returned",
                               pick(2) ? "missing" : "intact"));
                break;
        case 2:
                fact("medium.lost-in-transit", id_of(m),
                     json_pack("{s:s, s:b}", "shipment", "E000001", "drill", pick(3) == 0));
                break;
        case 3:
                fact("medium.received", id_of(m),
                     json_pack("{s:s, s:s, s:s}", "shipment", "E000001", "integrity", "intact", "location", ""));
                break;
        default: fact("medium.located", id_of(m), json_pack("{s:s}", "location", ""));
        }
}

/* Out and back; the first event of the two is that of being seen. */
static void lend(int m) {
        static int64_t number;
        const char *id = numbered("P", ++number);

        fact("loan.requested", id_of(m),
             json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "loan", id, "number", (json_int_t) number, "borrower",
                       "ana", "reason", "r", "due", "2040-01-01", "location", ""));
        fact("loan.handed-over", id_of(m),
             json_pack("{s:s, s:s, s:s, s:s}", "loan", id, "borrower", "ana", "seal", numbered("SEAL-", number),
                       "seal_plain", numbered("SEAL", number)));
        moment += pick(86400) * SECOND;
        fact("loan.returned", id_of(m),
             json_pack("{s:s, s:s, s:s}", "loan", id, "integrity", "intact", "condition", ""));
}

/* A tape in a set has that set's key, once. */
static void tape(int m) {
        static bool made;

        if (!made)
                fact("tapeset.created", "S1",
                     json_pack("{s:s, s:s, s:s, s:s}", "set", "S1", "key", "tapeset-S1", "category", "ALTA", "note",
                               ""));
        made = true;
        if (joined[m])
                fact("tape.key-destroyed", id_of(m), json_pack("{s:s}", "set", "S1"));
        else
                fact("tape.joined", id_of(m), json_pack("{s:s, s:s}", "set", "S1", "category", "ALTA"));
        joined[m] = true;
}

static void search(int m) {
        static const int targets[] = { 3600, 1800, 600 };
        const char *id;
        int seconds = pick(4) ? pick(targets[m % 3]) : targets[m % 3] + pick(3) - 1;

        if (sought[m])
                return;
        id = numbered("B", ++searches);
        fact("medium.sought", id_of(m),
             json_pack("{s:s, s:I, s:i}", "search", id, "number", (json_int_t) searches, "target", targets[m % 3]));
        if (pick(20) == 0) {
                sought[m] = true; /* nobody finds it */
                return;
        }
        moment += seconds * SECOND;
        fact("medium.located", id_of(m),
             json_pack("{s:s, s:s, s:i, s:i, s:b}", "search", id, "location", "", "seconds", seconds, "target",
                       targets[m % 3], "met", seconds < targets[m % 3]));
}

static void ship(int m) {
        const char *id;

        if (shipments == SHIPMENTS)
                return;
        id = numbered("E", ++shipments);
        fact("shipment.created", id,
             json_pack("{s:I, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:[{s:s, s:s}, {s:s, s:s}]}",
                       "number", (json_int_t) shipments, "drill", shipments % 4 == 0, "from", "HQ", "to", "MD",
                       "recipient", "r", "method", "secure", "protection", "armoured", "tracking", "gps", "route",
                       "r", "limit", 24, "reason", "r", "media", "id", id_of(m), "owner", "ana", "id",
                       id_of((m + pick(MEDIA - 1)) % MEDIA + 1), "owner", "ana"));
        if (pick(8) == 0)
                return;
        fact("shipment.dispatched", id, json_pack("{s:[], s:s}", "seals", "place", "HQ"));
        if (pick(5) == 0)
                incident("seal", id);
        if (pick(9) == 0)
                incident("review", id);
}

static void destroy(int m) {
        const char *id;

        if (destructions == DESTRUCTIONS || gone[m] || asked[m])
                return;
        asked[m] = (int) ++destructions;
        id = numbered("D", asked[m]);
        fact("destruction.requested", id_of(m),
             json_pack("{s:s, s:I, s:s, s:s}", "destruction", id, "number", (json_int_t) asked[m], "reason", "r",
                       "method", "shredding"));
        if (pick(8) == 0) {
                fact("destruction.refused", id_of(m), json_pack("{s:s, s:s}", "destruction", id, "note", "n"));
                asked[m] = 0;
        }
}

static const char *issue(int m, const char *kind, const char *source) {
        const char *number = numbered("C", ++certificates);

        fact("certificate.issued", id_of(m),
             json_pack("{s:s, s:i, s:I, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "number", number, "year", 2024,
                       "ordinal", (json_int_t) certificates, "kind", kind, "source", source, "source_seq", 1,
                       "executor", "ana", "supervisor", "sara", "twin", "t", "pdf", "p"));
        return number;
}

static void sign(int m, const char *number, int signatures) {
        static const char *const fields[] = { "executor", "supervisor", "organisation" };

        for (int i = 0; i < signatures; i++)
                fact("certificate.signed", id_of(m),
                     json_pack("{s:s, s:i, s:s, s:s, s:s, s:s}", "number", number, "position", i + 1, "field",
                               fields[i], "name", "n", "pdf", "p", "fingerprint", "f"));
}

/* Some of what was destroyed earlier is on the next one's certificate too, or only there. */
static void certify(int m, const char *id) {
        static int earlier;
        const char *number = issue(m, "destruction", id);

        if (earlier && pick(2))
                fact("certificate.covered", id_of(earlier),
                     json_pack("{s:s, s:i, s:s, s:i}", "number", number, "position", 2, "source",
                               numbered("D", asked[earlier]), "source_seq", 1));
        earlier = m;
        sign(m, number, pick(5) ? 3 : pick(3));
        if (pick(5) == 0) {
                fact("certificate.superseded", id_of(m),
                     json_pack("{s:s, s:s, s:s}", "number", number, "by", "C", "reason", "r"));
                sign(m, issue(m, "destruction", id), 1 + 2 * pick(2));
        } else if (pick(6) == 0) {
                fact("certificate.revoked", id_of(m), json_pack("{s:s, s:s}", "number", number, "reason", "r"));
        }
}

/* The next medium from here on that somebody asked to destroy. */
static void execute(int from) {
        const char *id;
        int m = from;

        for (int n = 0; n < MEDIA && (!asked[m] || gone[m]); n++)
                m = m % MEDIA + 1;
        if (!asked[m] || gone[m])
                return;
        id = numbered("D", asked[m]);
        fact("destruction.approved", id_of(m), json_pack("{s:s}", "destruction", id));
        fact("destruction.executed", id_of(m),
             json_pack("{s:s, s:s, s:s}", "destruction", id, "supervisor", "ana", "area", "x"));
        gone[m] = true;
        if (pick(4) == 0)
                return;
        moment += pick(4 * 86400) * SECOND;
        certify(m, id);
}

static void environment(int m) {
        static const int degrees[] = { 2000, 2150, 1900, 1500, 1499, 2500, 2501, 990, 1000, 3000, 3001 };
        static const char *const areas[] = { "HQ-S03", "HQ-S04", "HQ-S05" };

        fact("environment.measured", areas[m % 3],
             json_pack("{s:[[I, i, n, n], [I, n, i, n], [I, i, n, n]]}", "readings",
                       (json_int_t) (moment - 7200 * SECOND), degrees[pick(COUNT(degrees))],
                       (json_int_t) (moment - 3600 * SECOND), 5000, (json_int_t) (moment - 1800 * SECOND),
                       degrees[pick(COUNT(degrees))]));
}

static void attempt(int m) {
        static const char *const outcomes[] = { "denied", "denied", "refused", "denied" };

        for (int n = pick(6); n >= 0; n--) {
                if (pick(3) == 0)
                        fact("encryption.open-failed", id_of(m), json_pack("{s:i}", "failed", 1));
                else
                        fact("act.refused", id_of(m),
                             json_pack("{s:s, s:s, s:s, s:s, s:i}", "verb", "encrypt unlock", "outcome",
                                       outcomes[pick(4)], "rule", "X1", "why", "w", "suppressed",
                                       pick(10) ? 0 : 2));
                moment += pick(600) * SECOND;
        }
        if (pick(4) == 0)
                incident("access", "HQ-S03");
}

static void compare(int m) {
        static int64_t number;
        static const char *const levels[] = { "none", "alert", "critical" };
        int changed = pick(3), added = pick(2);

        (void) m;
        if (number++ == 0)
                fact("baseline.recorded", numbered("K", number),
                     json_pack("{s:I, s:s, s:i, s:b}", "number", (json_int_t) number, "digest", "d", "keys", 40,
                               "in_force", 1));
        fact("baseline.checked", "K000001",
             json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "level",
                       changed + added ? levels[1 + pick(2)] : levels[0], "keys", 40, "present", 40 + added,
                       "missing", 0, "changed", changed, "added", added, "critical", 0));
}

static void (*const turns[])(int m) = { label,   label,   label,     lend,        tape,    label,  encrypt,
                                        encrypt, wipe,    stocktake, seen,        seen,    search, search,
                                        ship,    destroy, execute,   environment, attempt, compare };

/* Moments at which a day, a month or the summer begins or ends, in UTC and in Madrid. */
static const char *const moments[] = {
        "2023-10-28T21:59:59.999999Z", "2023-10-28T22:00:00.000000Z", "2023-10-28T23:59:59.999999Z",
        "2023-10-29T00:00:00.000000Z", "2023-10-29T00:59:59.999999Z", "2023-10-29T01:00:00.000000Z",
        "2023-10-29T23:00:00.000000Z", "2023-10-31T23:59:59.999999Z", "2023-11-01T00:00:00.000000Z",
        "2023-12-31T22:59:59.999999Z", "2023-12-31T23:59:59.999999Z", "2024-01-01T00:00:00.000000Z",
        "2024-02-28T23:59:59.999999Z", "2024-02-29T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z",
        "2024-03-01T00:00:00.000000Z", "2024-03-30T23:00:00.000000Z", "2024-03-31T00:59:59.999999Z",
        "2024-03-31T01:00:00.000000Z", "2024-03-31T21:59:59.999999Z", "2024-03-31T23:59:59.999999Z",
        "2024-04-01T00:00:00.000000Z",
};

static void live(void) {
        size_t next = 0;

        for (int i = 0; i < TURNS && next < COUNT(moments); i++) {
                int64_t fixed = 0;
                int m = pick(MEDIA) + 1;

                moment += pick(8 * 3600) * SECOND + pick(1000000);
                if (time_parse(moments[next], &fixed) == 0 && moment >= fixed - 3600 * SECOND) {
                        if (moment < fixed)
                                moment = fixed;
                        next++;
                }
                if (!gone[m])
                        turns[pick(COUNT(turns))](m);
        }
}

static int secret(void *context, const char *purpose, struct text prompt, struct secret **ret, struct error *err) {
        (void) context, (void) purpose, (void) prompt;
        return secret_copy("a-long-enough-secret", 20, ret, err);
}

static void call(struct session *session, const char *noun, const char *name, json_t *args) {
        json_t *answer = NULL;
        struct error err = { 0 };

        if (session_call(session, verb_find(noun, name), args, &answer, NULL, &err) < 0) {
                (void) fprintf(stderr, "%s %s: %s\n", noun, name, err.what[LANG_EN]);
                exit(1);
        }
        json_decref(args);
        json_decref(answer);
}

int main(int argc, char **argv) {
        static const struct clock clock = { .now = history_now };
        static const struct act_ui ui = { .ask_secret = secret };
        struct session_options options = {
                .folder = argc > 2 ? argv[1] : "", .as = "sara", .ui = &ui, .clock = &clock
        };
        struct session *session;
        struct error err = { 0 };

        if (argc != 3 || session_open(&options, &session, &err) < 0)
                return 2;
        seed = (unsigned) strtoul(argv[2], NULL, 10);
        (void) time_parse("2023-10-03T08:00:00Z", &moment);
        call(session, "init", "",
             json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "organisation", "Hospital \"Ñ\\\"", "site", "HQ",
                       "category", "ALTA", "station", "desk", "language", "es", "admin", "sara", "admin-name",
                       "Sara"));
        call(session, "person", "add",
             json_pack("{s:s, s:s, s:s}", "name", "ana", "full-name", "Ana", "roles", "owner"));
        if (session_act(session, &act, &err) < 0)
                return 1;
        for (int i = 1; i <= MEDIA; i++)
                register_medium(i);
        live();
        for (int i = 1; i < MEDIA; i += 9)
                if (!gone[i])
                        fact("medium.retired", id_of(i), json_pack("{s:s}", "reason", "r"));
        session_close(session);
        return 0;
}
