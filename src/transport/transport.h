/* Transport (mp.si.4): shipments, from their preparation through the five checkpoints to the acknowledgement. */
#pragma once

#include "act/act.h"

extern const struct alert_family transport_alerts;
extern const struct room transport_room;  /* the tables; `ship create`, `pack`, `authorise` */
extern const struct room checkpoint_room; /* `ship dispatch`, `pickup`, `track`, `deliver`, `confirm`, `lost` */
extern const struct room shipment_room;   /* `ship show`, `list`; `report R-110-019` */
