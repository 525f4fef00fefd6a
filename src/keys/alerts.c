/* The yearly ceremony of the master key (C5). */
#include "act/alert.h"
#include "base/str.h"
#include "keys/internal.h"
#include "policy/ceremony.h"

static int ceremony(struct alerts *alerts, struct error *err) {
        enum master_age age = MASTER_FRESH;
        int64_t due = 0;
        char day[DATE_TEXT];
        int r = keys_master_age(alerts_act(alerts), &age, &due, err);

        if (r < 0)
                return r == ERR_NOT_FOUND ? 0 : r; /* a store without a vault has no master key */
        date_of(due, day);
        return alert_raise(alerts, "master", age,
                           age == MASTER_OVERDUE ? due : due - ceremony_limits[CEREMONY_WARNING_DAYS].value * DAY,
                           err, "la clave maestra debe renovarse antes del %s",
                           "the master key is due for renewal by %s", day);
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "key-ceremony", "C5", { "ceremonia de claves", "key ceremony" },
          { "Convoque a los custodios de claves: «mpsi key ceremony».", "Call the key custodians together: “mpsi key ceremony”." },
          ROLE_SECURITY, { MASTER_DUE_SOON, MASTER_OVERDUE }, ALERT_GRADE, ceremony },
};
/* clang-format on */

const struct alert_family keys_alerts = { sources, COUNT(sources) };
