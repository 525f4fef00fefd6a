#include "registry/station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/event.h"

static int take(char **out, const char *text, struct error *err) {
        *out = strdup(text ? text : "");
        return *out ? 0 : fail_memory(err);
}

/* A name that this program does not know is the strict one. */
static enum crypto_profile profile_of(const char *code) {
        int r = term_parse(crypto_profile_terms, CRYPTO_PROFILES, code);

        return r < 0 ? PROFILE_STRICT_807 : (enum crypto_profile) r;
}

int station_crypto_profile(struct db *db, enum crypto_profile *ret, struct error *err) {
        _cleanup_free_ char *code = NULL;
        int r = db_text(db, &code, err, "SELECT profile FROM station", "");

        if (r < 0)
                return r;
        *ret = profile_of(code);
        return 0;
}

int station_load(struct db *db, struct station *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct station station = { 0 };
        int r = db_query(
                db, &rows, err,
                "SELECT name, site, organisation, category, lang, certificate, ca_certificate, seal_certificate, "
                "recovery_certificate, profile FROM station",
                "");

        if (r == 0)
                r = rows_next(rows, err);
        if (r == 0)
                return fail(err, ERR_CONFLICT, "El almacén no llegó a crearse: falta su primer evento.",
                            "The store was never finished: its first event is missing.");
        if (r < 0)
                return r;
        (void) snprintf(station.name, sizeof station.name, "%s", rows_text(rows, 0));
        (void) snprintf(station.site, sizeof station.site, "%s", rows_text(rows, 1));
        (void) snprintf(station.organisation, sizeof station.organisation, "%s", rows_text(rows, 2));
        r = term_parse(category_terms, CATEGORIES, rows_text(rows, 3));
        station.category = r < 0 ? CATEGORY_ALTA : (enum category) r;
        station.lang = strcmp(rows_text(rows, 4), "en") == 0 ? LANG_EN : LANG_ES;
        station.profile = profile_of(rows_text(rows, 9));
        r = take(&station.certificate, rows_text(rows, 5), err);
        if (r == 0)
                r = take(&station.ca_certificate, rows_text(rows, 6), err);
        if (r == 0)
                r = take(&station.seal_certificate, rows_text(rows, 7), err);
        if (r == 0)
                r = take(&station.recovery_certificate, rows_text(rows, 8), err);
        if (r < 0) {
                station_done(&station);
                return r;
        }
        *ret = station;
        return 0;
}

void station_done(struct station *station) {
        free(station->certificate);
        free(station->ca_certificate);
        free(station->seal_certificate);
        free(station->recovery_certificate);
        station->certificate = station->ca_certificate = station->seal_certificate = station->recovery_certificate =
                NULL;
}

int station_apply_created(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(
                db, err,
                "INSERT INTO station(id, name, site, organisation, category, lang, certificate, ca_certificate, "
                "seal_certificate, recovery_certificate, profile) VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                "coalesce(?, 'standard'))",
                "ssssssssss", event->station, json_text(data, "site"), json_text(data, "organisation"),
                json_text(data, "category"), json_text(data, "lang"), json_text(data, "certificate"),
                json_text(data, "ca_certificate"), json_text(data, "seal_certificate"),
                json_text(data, "recovery_certificate"), json_text(data, "profile"));

        return r < 0 ? r : 0;
}

int station_apply_profile(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE station SET profile = ?", "s", json_text(event->data, "profile"));

        return r < 0 ? r : 0;
}
