/* What the rooms offer. The ledger and the dispatcher are handed this list and know no room by name. */
#include "alert/alert.h"
#include "api/backup_verbs.h"
#include "api/device_verbs.h"
#include "api/import.h"
#include "api/init.h"
#include "api/job_verbs.h"
#include "api/ledger_verbs.h"
#include "api/pack.h"
#include "api/store.h"
#include "api/verbs.h"
#include "audit/audit.h"
#include "backup/backup.h"
#include "certify/certify.h"
#include "content/content.h"
#include "counter/room.h"
#include "custody/custody.h"
#include "doctor/doctor.h"
#include "encrypt/encrypt.h"
#include "gate/gate.h"
#include "gate/opening.h"
#include "keys/ceremony.h"
#include "keys/keys.h"
#include "label/label_room.h"
#include "metrics/metrics.h"
#include "programme/programme.h"
#include "registry/badge.h"
#include "registry/registry.h"
#include "registry/training.h"
#include "sanitize/sanitize.h"
#include "siem/siem.h"
#include "transport/transport.h"

/* Tables that others refer to come first. A room of several families of verbs has a row for each.
 * One row each, so that two hands can add one. */
/* clang-format off */
const struct room *const rooms[] = {
        &init_room,
        &keys_room,
        &ceremony_room,
        &people_room,
        &accounts_room,
        &training_room,
        &badge_room,
        &media_room,
        &blank_room,
        &proposal_room,
        &import_room,
        &report_room,
        &tape_set_room,
        &encrypt_room,
        &handover_room,
        &recover_room,
        &audit_room,
        &custody_room,
        &loan_room,
        &access_register_room,
        &access_report_room,
        &stocktake_room,
        &search_room,
        &environment_room,
        &custody_check_room,
        &counter_room,
        &transport_room,
        &prepare_room,
        &route_room,
        &courier_room,
        &seal_room,
        &checkpoint_room,
        &shipment_room,
        &shipment_paper_room,
        &shipment_due_room,
        &shipment_gps_room,
        &shipment_breach_room,
        &recovery_room,
        &sanitize_room,
        &destruction_room,
        &provider_room,
        &certificate_room,
        &programme_room,
        &finding_room,
        &device_room,
        &job_room,
        &ledger_room,
        &pack_room,
        &label_room,
        &content_room,
        &gate_room,
        &opening_room,
        &siem_room,
        &backup_room,
        &backup_check_room,
        &baseline_room,
        &doctor_room,
        &metrics_room,
        &alert_room,
};
/* clang-format on */
const size_t rooms_n = COUNT(rooms);
_Static_assert(COUNT(rooms) < STORE_SCHEMAS_MAX,
               "each room's tables and events, and the ledger's, have their place");
