/* Volume keys and their waivers (C5), and passphrases that somebody outside still has (C8). */
#include "act/alert.h"
#include "base/str.h"
#include "encrypt/rotation.h"

static int rotation_of(struct alerts *alerts, const char *id, struct error *err) {
        _cleanup_encryption_ struct encryption encryption = { 0 };
        struct act *act = alerts_act(alerts);
        struct rotation_state state;
        struct medium medium;
        char due[DATE_TEXT];
        int r = medium_load(act->db, id, &medium, err);

        if (r == 0)
                r = encryption_load(act->db, id, &encryption, err);
        if (r < 0 || medium.state == MEDIUM_DESTROYED || medium.state == MEDIUM_RETIRED)
                return r;
        rotation_state_of(act, &medium, &encryption, &state);
        if (state.standing != ROTATION_SOON && state.standing != ROTATION_OVERDUE)
                return 0;
        date_of(state.due, due);
        return alert_due(alerts, id, state.due, err, "su clave de volumen vence el %s; su sitio es %s",
                         "its volume key is due on %s; its place is %s", due,
                         *medium.location ? medium.location : "-");
}

static int rotation(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(alerts_act(alerts)->db, &rows, err,
                         "SELECT medium FROM encryption WHERE rekeyed <= ? AND rekeyed > 0 AND state IN ('done', "
                         "'rekeying') ORDER BY rekeyed, medium",
                         "i", (int64_t) (alert_horizon(alerts) - rotation_policy.volume_key_days * DAY));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = rotation_of(alerts, rows_text(rows, 0), err);
        return r;
}

/* A waiver that is over is no waiver: what it put off is the alert then. */
static int waivers(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct act *act = alerts_act(alerts);
        int r = db_query(
                act->db, &rows, err,
                "SELECT w.medium, w.until, w.person, e.rekeyed FROM rotation_waiver AS w JOIN encryption AS e "
                "USING (medium) WHERE w.until > ? AND w.until <= ? ORDER BY w.until, w.medium",
                "ii", act_now(act), alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                char until[DATE_TEXT];

                /* Renewed meanwhile. */
                if (rows_int(rows, 3) + rotation_policy.volume_key_days * DAY > act_now(act))
                        continue;
                date_of(rows_int(rows, 1), until);
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 1), err,
                              "%s aplazó su rotación hasta el %s", "%s put its rotation off until %s",
                              rows_text(rows, 2), until);
        }
        return r;
}

/* The medium is back, and its recipient's passphrase still opens it. */
static int handovers(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT medium, number, returned FROM handover WHERE state = 'live' AND returned <= ? ORDER BY "
                "returned, number",
                "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 2), err,
                              "ha vuelto y la frase de paso de la entrega %s sigue abriéndolo",
                              "is back and the passphrase of hand-over %s still opens it", rows_text(rows, 1));
        return r;
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "rotation", "C5", { "rotación de clave de volumen", "rotation of a volume key" },
          { "Conéctelo y use «mpsi encrypt rotate {} DISPOSITIVO --kind volume».",
            "Plug it in and use “mpsi encrypt rotate {} DEVICE --kind volume”." },
          ROLE_OPERATOR | ROLE_SECURITY, { -14, 0 }, DAY, rotation },
        { "waiver-ending", "C5", { "aplazamiento que acaba", "waiver that ends" },
          { "Conéctelo y use «mpsi encrypt rotate {} DISPOSITIVO --kind volume».",
            "Plug it in and use “mpsi encrypt rotate {} DEVICE --kind volume”." },
          ROLE_OPERATOR | ROLE_SECURITY, { -7, -2 }, DAY, waivers },
        { "handover-live", "C8", { "entrega sin revocar", "hand-over not revoked" },
          { "Revóquela con «mpsi encrypt revoke {} DISPOSITIVO».", "Take it away with “mpsi encrypt revoke {} DEVICE”." },
          ROLE_OPERATOR | ROLE_SECURITY, { 1, 7 }, DAY, handovers },
};
/* clang-format on */

const struct alert_family encrypt_alerts = { sources, COUNT(sources) };
