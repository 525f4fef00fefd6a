/* The room's tables, which events it follows, and how it catches up with those of before it was there. */
#include <string.h>

#include "base/str.h"
#include "ledger/ledger.h"
#include "metrics/follow.h"

static const char *const scripts[] = {
        "CREATE TABLE metric_medium ("
        "  medium TEXT PRIMARY KEY, category TEXT NOT NULL, bits INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE metric_day ("
        "  figure TEXT NOT NULL, category TEXT NOT NULL, day INTEGER NOT NULL, cases INTEGER NOT NULL,"
        "  good INTEGER NOT NULL, bad INTEGER NOT NULL, total INTEGER NOT NULL, least INTEGER, most INTEGER,"
        "  PRIMARY KEY (figure, category, day)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE metric_case ("
        "  figure TEXT NOT NULL, time INTEGER NOT NULL, seq INTEGER NOT NULL, category TEXT NOT NULL,"
        "  subject TEXT NOT NULL, about TEXT NOT NULL, value INTEGER NOT NULL, mark INTEGER NOT NULL,"
        "  PRIMARY KEY (figure, time, seq)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE metric_search ("
        "  search TEXT PRIMARY KEY, medium TEXT NOT NULL, category TEXT NOT NULL, time INTEGER NOT NULL,"
        "  target INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE metric_shipment (shipment TEXT PRIMARY KEY, category TEXT NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE metric_destruction ("
        "  destruction TEXT PRIMARY KEY, medium TEXT NOT NULL, category TEXT NOT NULL, requested INTEGER NOT NULL,"
        "  executed INTEGER, certified INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX metric_destruction_executed ON metric_destruction (executed) WHERE executed IS NOT NULL;"
        "CREATE TABLE metric_certificate ("
        "  number TEXT NOT NULL, source TEXT NOT NULL, valid INTEGER NOT NULL, PRIMARY KEY (number, source)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE metric_reading ("
        "  area TEXT NOT NULL, time INTEGER NOT NULL, temperature INTEGER NOT NULL, PRIMARY KEY (area, time)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE metric_area (area TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;"
        /* No state: whether all events that are older than these tables were followed. */
        "CREATE TABLE metric_followed (id INTEGER PRIMARY KEY CHECK (id = 1), done INTEGER NOT NULL) STRICT;"
        "INSERT INTO metric_followed VALUES (1, 0);",
};

static const char *const state_tables[] = {
        "metric_medium",      "metric_day",         "metric_case",    "metric_search", "metric_shipment",
        "metric_destruction", "metric_certificate", "metric_reading", "metric_area",   NULL,
};

const struct schema metrics_schema = {
        .room = "metrics", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

const struct event_type metrics_events[METRICS_EVENTS] = {
        { "medium.registered", follow_registered },
        { "medium.changed", follow_changed },
        { "medium.retired", follow_retired },
        { "label.printed", follow_printed },
        { "label.voided", follow_changed },
        { "encryption.started", follow_encrypting },
        { "encryption.finished", follow_encrypted },
        { "encryption.changed", follow_header },
        { "encryption.erased", follow_encrypting },
        { "tape.joined", follow_joined },
        { "tape.key-destroyed", follow_encrypting },
        { "sanitization.started", follow_wiping },
        { "sanitization.finished", follow_wiped },
        { "sanitization.verified", follow_looked },
        { "sanitization.validated", follow_validated },
        { "stocktake.missed", follow_missed },
        { "stocktake.scanned", follow_scanned },
        { "medium.moved", follow_seen },
        { "loan.handed-over", follow_seen },
        { "loan.returned", follow_seen },
        { "medium.received", follow_seen },
        { "medium.lost-in-transit", follow_lost },
        { "medium.recovered", follow_seen },
        { "medium.put-back", follow_put_back },
        { "medium.sought", follow_sought },
        { "medium.located", follow_located },
        { "shipment.created", follow_shipment },
        { "shipment.dispatched", follow_dispatched },
        { "incident.opened", follow_incident },
        { "act.refused", follow_act_refused },
        { "encryption.open-failed", follow_open_failed },
        { "environment.measured", follow_measured },
        { "baseline.checked", follow_baseline },
        { "destruction.requested", follow_requested },
        { "destruction.refused", follow_request_refused },
        { "destruction.executed", follow_executed },
        { "certificate.issued", follow_certificate },
        { "certificate.covered", follow_certificate },
        { "certificate.signed", follow_signed },
        { "certificate.superseded", follow_withdrawn },
        { "certificate.revoked", follow_withdrawn },
};

/* --- catching up --------------------------------------------------------------------------------------------- */

int metrics_is_caught_up(struct db *db, bool *ret, struct error *err) {
        int64_t done = 0;
        int r = db_int(db, &done, err, "SELECT done FROM metric_followed", "");

        if (r < 0)
                return r;
        *ret = done != 0;
        return 0;
}

struct catching {
        struct db *db;
        struct error *err;
};

static int follow_event(void *context, const struct event *event) {
        struct catching *catching = context;

        for (size_t i = 0; i < COUNT(metrics_events); i++)
                if (strcmp(metrics_events[i].name, event->type) == 0)
                        return metrics_events[i].apply(catching->db, event, catching->err);
        return 0;
}

int metrics_catch_up(struct db *db, struct error *err) {
        struct catching catching = { db, err };
        bool done = false;
        int r = db_begin(db, err);

        if (r < 0)
                return r;
        /* Another process may have been quicker. */
        r = metrics_is_caught_up(db, &done, err);
        if (r == 0 && !done)
                r = ledger_events(db, NULL, 0, INT64_MAX, follow_event, &catching, err);
        if (r == 0 && !done)
                r = db_exec(db, err, "UPDATE metric_followed SET done = 1", "");
        if (r >= 0)
                return db_commit(db, err);
        db_rollback(db);
        return r;
}
