/* Certificates of sanitization and destruction, and the destruction procedure (S8, S9). */
#pragma once

#include "act/act.h"

extern const struct alert_family certify_alerts;
extern const struct room destruction_room; /* the tables of both; verbs `destroy ...` */
extern const struct room provider_room;    /* verbs `provider ...` */
extern const struct room certificate_room; /* verbs `certificate ...` */
