/* Shared by the files of this room only. */
#pragma once

#include "audit/incident.h"
#include "custody/custody.h"
#include "policy/shipping.h"
#include "policy/transport.h"
#include "transport/transport.h"

extern const struct schema transport_schema;

enum { TRANSPORT_EVENTS = 19 };
extern const struct event_type transport_events[];

enum { SHIPMENT_ID = 16, SHIPMENT_FILE_MAX = 32 * 1024 * 1024, CORRIDOR_KM = 5 };

/* A shipment is read as one JSON object: the members of docs/verbs with the arrays `media`, `seals` (those in
 * force), `authorisations`, `checkpoints`, `papers` (documents of a transfer) and `gps` (tracks, newest last);
 * moments as ISO text. ERR_USAGE, ERR_NOT_FOUND. */
int shipment_load(struct db *db, const char *text, json_t **ret, struct error *err);
enum shipment_state shipment_state_of(const json_t *shipment);
static inline const char *shipment_id(const json_t *shipment) {
        return json_text(shipment, "shipment");
}

/* The moment of a member, or 0. */
int64_t shipment_moment(const json_t *object, const char *key);
/* The strictest category among its media. */
int shipment_strictest(struct db *db, const json_t *shipment, enum category *ret, struct error *err);
/* Whether an array of texts holds it. */
bool json_array_names(const json_t *list, const char *text);

/* The route of that name, or NULL in *ret; whether any is in use. */
int route_find(struct db *db, const char *name, json_t **ret, struct error *err);
int route_kept(struct db *db, bool *ret, struct error *err);

/* T5: ERR_REFUSED for a seal of no batch, where batches are kept. */
int seal_refuse_stranger(struct db *db, const char *plain, struct error *err);

/* T4: the courier whom a pickup names, judged by the register; *ret stays NULL for one who need not be in it. */
int courier_demand(struct act *act, const json_t *args, enum category strictest, json_t **ret, struct error *err);

/* X4: the recipient may act, since they are to sign. */
int shipment_refuse_addressee(struct act *act, const char *recipient, struct error *err);

/* Whether a live shipment other than `except` (may be NULL) holds the medium. ERR_CONFLICT by T2. */
int shipment_refuse_other(struct db *db, const char *medium, const char *except, struct error *err);

/* The verbs' parameter "device", a repeated "MEDIUM=/dev/…" with any name of a medium: an object from ID to path.
 */
int shipment_devices(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* The verbs' parameter "seal" as plain numbers: a new array of texts. ERR_USAGE also for one that is there twice: a
 * slip of whoever types or scans, and no seal that differs. */
int shipment_seals(const json_t *args, json_t **ret, struct error *err);

/* T5: whether those are the seals in force, all of them and no other. */
bool shipment_seals_match(const json_t *shipment, const json_t *plain);

/* T5: the verbs' parameter "reading", a repeated "KIND=VALUE", with the three "ok" or "tripped": an object of
 * values in hundredths, and bits 1 << enum indicator of those read and of those that tripped or are beyond the
 * limits. */
int shipment_readings(const json_t *args, const json_t *shipment, json_t **ret, unsigned *ret_read,
                      unsigned *ret_tripped, struct error *err);
/* Bits of those placed on the package. */
unsigned shipment_indicators(const json_t *shipment);

/* --- checkpoints -------------------------------------------------------------------------------------------- */

/* Facts of one act, with the references that they need. */
struct shipment_facts {
        struct fact *facts;
        size_t n, most;
        unsigned incidents;
};
int shipment_facts_new(size_t most, struct shipment_facts *ret, struct error *err);
void shipment_facts_done(struct shipment_facts *facts);
/* The courier's own signature of a pickup, or the receipt's number: its fact. Nothing when neither was asked for.
 */
int courier_sign(struct act *act, const json_t *args, const json_t *courier, const json_t *shipment,
                 struct shipment_facts *facts, struct error *err);
#define _cleanup_facts_ _cleanup_(shipment_facts_done)
/* Takes the reference `data` over, also on failure. */
int shipment_facts_add(struct shipment_facts *facts, const char *type, const char *subject, json_t *data,
                       struct error *err);

/* The person's own signature (ECDSA) over a checkpoint's statement: {shipment, point, person, time, seals, media,
 * ...}. Adds the members statement, signature (base64) and certificate (PEM) to `data`. Asks for pin:NAME. T4 when
 * the person is not enrolled. */
int shipment_sign(struct act *act, const json_t *statement, json_t *data, struct error *err);
/* "valid", "invalid", "unknown-algorithm" (C7) or "none": for one element of `checkpoints`, by the certificate that
 * it carries and the organisation's authority. */
const char *shipment_verify(const struct act *act, const json_t *checkpoint);

struct checkpoint_call {
        enum checkpoint point;
        bool sign;           /* T4 */
        bool seals_demanded; /* T5; judged whenever they are given */
        const json_t *extra; /* members of the event beside the common ones, signed too; may be NULL */
};
/* Judges order, open incidents, seals and indicators, signs, and adds the checkpoint's fact and the incidents that
 * it finds. *ret_sound says whether the seals were those placed and no indicator tripped; at the origin, where that
 * is not so, the fact is "shipment.stopped". */
int shipment_checkpoint(struct act *act, const json_t *args, const json_t *shipment,
                        const struct checkpoint_call *call, struct shipment_facts *facts, bool *ret_sound,
                        struct error *err);
/* Adds an incident about the shipment with these media (NULL: all of it). */
int shipment_add_incident(struct act *act, const json_t *shipment, const json_t *media, enum incident_kind kind,
                          struct shipment_facts *facts, struct error *err, const char *es, const char *en, ...)
        __attribute__((format(printf, 7, 9), format(printf, 8, 9)));

/* What form R-110-019 prints of a shipment: a new object. */
int shipment_form_data(struct act *act, const json_t *shipment, json_t **ret, struct error *err);

/* A page with the newest GPS track over the route (may be NULL). ERR_NOT_FOUND without a track. */
int shipment_map(struct act *act, const json_t *shipment, const json_t *route, const char *path, struct error *err);
/* What a track's summary says, as nine lines. */
void shipment_gps_facts(const struct act *act, const json_t *summary, char facts[][120]);

int shipment_run_deliver(struct act *act, const json_t *args, json_t **ret, struct error *err);
int shipment_run_confirm(struct act *act, const json_t *args, json_t **ret, struct error *err);
int shipment_run_lost(struct act *act, const json_t *args, json_t **ret, struct error *err);
/* Says what was found, and answers with the shipment. */
int shipment_answer(struct act *act, const char *id, const struct shipment_facts *facts, json_t **ret,
                    struct error *err);
