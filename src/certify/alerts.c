/* Wipes that no second person has answered for (S4.3), certificates that lack signatures (S9), destructions that
 * wait (S8), and providers' papers (S11). */
#include "act/alert.h"
#include "base/str.h"
#include "certify/internal.h"
#include "policy/provider.h"
#include "policy/verification.h"
#include "sanitize/sanitize.h"

static int unsigned_ones(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT number, issued, medium, signed FROM certificate AS c WHERE state = 'unsigned' AND "
                "issued <= ? AND review IS NULL AND NOT EXISTS (SELECT 1 FROM certificate WHERE supersedes = "
                "c.number AND state = 'unsigned') ORDER BY issued, number",
                "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 1), err,
                              "el certificado de %s tiene %lld de %d firmas",
                              "the certificate of %s has %lld of %d signatures", rows_text(rows, 2),
                              (long long) rows_int(rows, 3), SIGNATURES);
        return r;
}

/* S4.3: only a revocation says that it is no longer good to who has the file. */
static int doubted(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(alerts_act(alerts)->db, &rows, err,
                         "SELECT number, review, medium FROM certificate WHERE state IN ('unsigned', 'valid') AND "
                         "review <= ? ORDER BY review, number",
                         "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 1), err,
                              "el resultado que certifica, de %s, no se aceptó",
                              "the result that it certifies, of %s, was not accepted", rows_text(rows, 2));
        return r;
}

struct wipes {
        struct alerts *alerts;
        struct error *err;
};

/* S4.3: an act of its own, or the supervisor's signature on the certificate. */
static int wipe(void *context, const char *job, const char *medium, int64_t ended) {
        const struct wipes *wipes = context;
        int64_t certified = 0;
        int r = db_int(
                alerts_act(wipes->alerts)->db, &certified, wipes->err,
                "SELECT count(*) FROM certificate_covers AS c JOIN certificate USING (number) WHERE c.source = ? "
                "AND signed > 1",
                "s", job);

        if (r < 0 || certified)
                return r;
        return alert_due(wipes->alerts, medium, ended, wipes->err,
                         "del borrado %s no responde aún una segunda persona",
                         "no second person answers for wipe %s yet", job);
}

/* Of the year that second looks count too: what is older was certified long ago or never will be. */
static int validations(struct alerts *alerts, struct error *err) {
        struct wipes wipes = { alerts, err };
        struct act *act = alerts_act(alerts);

        return sanitization_each_unvalidated(act->db, act_now(act) - SECOND_LOOK_PERIOD, alert_horizon(alerts),
                                             wipe, &wipes, err);
}

static int waiting(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(alerts_act(alerts)->db, &rows, err,
                         "SELECT id, medium, requested FROM destruction WHERE state IN ('requested', 'approved') "
                         "AND requested "
                         "<= ? ORDER BY requested, id",
                         "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 2), err,
                              "la destrucción de %s sigue pendiente", "the destruction of %s is still to be done",
                              rows_text(rows, 1));
        return r;
}

static int papers(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char last[DATE_TEXT];
        int r;

        alert_horizon_day(alerts, last);
        r = db_query(alerts_act(alerts)->db, &rows, err,
                     "SELECT provider || ':' || kind, kind, provider, expires FROM provider_document JOIN provider "
                     "ON name = "
                     "provider WHERE withdrawn IS NULL AND expires <= ? ORDER BY expires, 1",
                     "s", last);
        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                int paper = term_parse(provider_paper_terms, PAPERS, rows_text(rows, 1));
                struct text name = provider_paper_terms[paper < 0 ? 0 : paper].name;

                r = alert_ends(alerts, rows_text(rows, 0), rows_text(rows, 3), err,
                               "«%s»%.0s de %s vale hasta el %s", "%.0s“%s” of %s is valid until %s", name.es,
                               name.en, rows_text(rows, 2), rows_text(rows, 3));
        }
        return r;
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "wipe-validation", "S4.3", { "borrado sin validar", "wipe not validated" },
          { "Emita y firme su certificado («mpsi certificate issue {}»), o valídelo otra persona con «mpsi wipe validate {}».",
            "Issue and sign its certificate (“mpsi certificate issue {}”), or have another person validate it." },
          ROLE_OPERATOR | ROLE_SECURITY, { 2, 14 }, DAY, validations },
        { "certificate-unsigned", "S9", { "certificado sin firmar", "certificate not signed" },
          { "Fírmelo con «mpsi certificate sign {}».", "Sign it with “mpsi certificate sign {}”." },
          ROLE_OPERATOR | ROLE_CUSTODIAN | ROLE_SECURITY, { 2, 7 }, DAY, unsigned_ones },
        { "certificate-review", "S9", { "certificado en revisión", "certificate under review" },
          { "Decida: «mpsi certificate revoke {}»; el soporte se borra de nuevo o se destruye.",
            "Decide: “mpsi certificate revoke {}”; the medium is wiped again or destroyed." },
          ROLE_SECURITY, { 0, 7 }, DAY, doubted },
        { "destruction-waiting", "K2", { "destrucción pendiente", "destruction still to be done" },
          { "Decídala y ejecútela: «mpsi destroy show {}».", "Decide it and carry it out: “mpsi destroy show {}”." },
          ROLE_OWNER | ROLE_OPERATOR, { 7, 14 }, DAY, waiting },
        { "provider-paper", "S11", { "documento de un proveedor que caduca", "provider's paper that expires" },
          { "Pida uno nuevo y anótelo con «mpsi provider document»; caducado, no se le encarga nada.",
            "Ask for a new one and record it; with an expired one nothing is given to them." },
          ROLE_SECURITY, { -PAPER_SOON_DAYS, 0 }, DAY, papers },
};
/* clang-format on */

const struct alert_family certify_alerts = { sources, COUNT(sources) };
