/* The rooms that have something to tell, one row each. */
#include <string.h>

#include "alert/internal.h"
#include "audit/audit.h"
#include "backup/backup.h"
#include "certify/certify.h"
#include "custody/custody.h"
#include "doctor/doctor.h"
#include "encrypt/encrypt.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "label/label_room.h"
#include "programme/programme.h"
#include "registry/registry.h"
#include "sanitize/sanitize.h"
#include "transport/transport.h"

/* clang-format off */
const struct alert_family *const alert_families[] = {
        &audit_alerts,
        &custody_alerts,
        &transport_alerts,
        &programme_alerts,
        &registry_alerts,
        &gate_alerts,
        &label_alerts,
        &encrypt_alerts,
        &keys_alerts,
        &sanitize_alerts,
        &certify_alerts,
        &doctor_alerts,
        &backup_alerts,
};
/* clang-format on */
const size_t alert_families_n = sizeof alert_families / sizeof *alert_families;

const struct alert_source *alert_source_find(const char *id) {
        for (size_t f = 0; f < alert_families_n; f++)
                for (size_t i = 0; i < alert_families[f]->n; i++)
                        if (strcmp(alert_families[f]->sources[i].id, id) == 0)
                                return &alert_families[f]->sources[i];
        return NULL;
}
