/* Backups that are too old (X7). */
#include "act/alert.h"
#include "backup/internal.h"
#include "base/str.h"
#include "registry/person.h"

/* A store that never had one counts from its first person. */
static int age(struct alerts *alerts, struct error *err) {
        struct db *db = alerts_act(alerts)->db;
        int64_t last = 0, since = 0;
        char day[DATE_TEXT];
        int r = backup_newest_sound(db, &last, err);

        if (r == 0)
                r = people_since(db, &since, err);
        if (r < 0)
                return r;
        if (last == 0)
                return alert_due(alerts, "store", since, err, "no consta ninguna copia de seguridad comprobada",
                                 "no verified backup is on record");
        date_of(last, day);
        return alert_due(alerts, "store", last, err, "la última copia de seguridad comprobada es del %s",
                         "the newest verified backup is of %s", day);
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "backup-age", "X7", { "copia de seguridad antigua", "backup too old" },
          { "Haga una con «mpsi backup create» y compruébela con «mpsi backup verify».",
            "Make one with “mpsi backup create” and verify it with “mpsi backup verify”." },
          ROLE_SECURITY, { 8, 30 }, DAY, age },
};
/* clang-format on */

const struct alert_family backup_alerts = { sources, COUNT(sources) };
