/* Transport (mp.si.4): shipments, from their preparation through the five checkpoints to the acknowledgement. */
#pragma once

#include "act/act.h"
#include "policy/shipping.h"

extern const struct alert_family transport_alerts;
extern const struct room transport_room;      /* the tables; `ship create`, `cancel` */
extern const struct room prepare_room;        /* `ship pack`, `authorise` */
extern const struct room route_room;          /* `route …` */
extern const struct room courier_room;        /* `courier …` */
extern const struct room seal_room;           /* `seal …` */
extern const struct room checkpoint_room;     /* `ship dispatch`, `pickup`, `track`, `deliver`, `confirm`, `lost` */
extern const struct room shipment_room;       /* `ship show`, `list`; `report R-110-019` */
extern const struct room shipment_paper_room; /* `ship document`, `notice`, `review` */
extern const struct room shipment_due_room;   /* `ship due`, `reconcile` */
extern const struct room shipment_gps_room;   /* `ship gps`, `map` */
extern const struct room shipment_breach_room; /* `ship breach` */
extern const struct room recovery_room;        /* `media recover` */

/* What is due of shipments (T6), for whoever alerts. Calls each() for every thing that is still to be done, in the
 * order of shipments, whether its moment has passed (`overdue`) or not, until it returns non-zero, and gives that.
 *   DUE_NOTICE           on its way and the recipient has no notice; by one hour after dispatch
 *   DUE_ETA              on its way, with an expected arrival; by that moment: overdue is "late"
 *   DUE_LIMIT            on its way; by its limit in transit: overdue is an alarm
 *   DUE_ACKNOWLEDGEMENT  delivered and not confirmed; by 24 hours after delivery
 *   DUE_GPS              delivered, tracked by GPS, and no track on record; by its delivery
 *   DUE_REVIEW           went by the emergency path and nobody reviewed it; by the hours of its category
 * A drill's things are due too; they carry its flag. It reads only, and what `due` points to ends with the call. */
struct shipment_due {
        enum due_kind kind;
        const char *shipment;
        int64_t by; /* microseconds */
        bool overdue, drill;
};
int shipment_due(struct db *db, int64_t now, int (*each)(void *context, const struct shipment_due *due),
                 void *context, struct error *err);

/* Whether that is a shipment made as a drill (A1): its incidents and losses are no figures of any indicator. False
 * for what is no shipment. */
int shipment_is_drill(struct db *db, const char *id, bool *ret, struct error *err);

/* Shipments that left in [from, to): an array of {subject, media: [IDs]} in their order. */
int transport_dispatched(struct db *db, int64_t from, int64_t to, json_t **ret, struct error *err);
