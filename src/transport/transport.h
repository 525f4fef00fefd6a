/* Transport (mp.si.4): shipments, from their preparation through the five checkpoints to the acknowledgement. */
#pragma once

#include "act/act.h"

extern const struct room transport_room;  /* the tables; `ship create`, `cancel` */
extern const struct room prepare_room;    /* `ship pack`, `authorise` */
extern const struct room route_room;      /* `route …` */
extern const struct room courier_room;    /* `courier …` */
extern const struct room seal_room;       /* `seal …` */
extern const struct room checkpoint_room; /* `ship dispatch`, `pickup`, `track`, `deliver`, `confirm`, `lost` */
extern const struct room shipment_room;   /* `ship show`, `list`; `report R-110-019` */
