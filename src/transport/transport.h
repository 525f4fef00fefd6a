/* Transport (mp.si.4): shipments, from their preparation through the five checkpoints to the acknowledgement. */
#pragma once

#include "act/act.h"

extern const struct alert_family transport_alerts;
extern const struct room transport_room;  /* the tables; `ship create`, `pack`, `authorise` */
extern const struct room checkpoint_room; /* `ship dispatch`, `pickup`, `track`, `deliver`, `confirm`, `lost` */
extern const struct room shipment_room;   /* `ship show`, `list`; `report R-110-019` */

/* Shipments that left in [from, to): an array of {subject, media: [IDs]} in their order. */
int transport_dispatched(struct db *db, int64_t from, int64_t to, json_t **ret, struct error *err);
