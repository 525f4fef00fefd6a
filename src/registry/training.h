/* The training register (A3): courses of people, and how they stand. */
#pragma once

#include "act/act.h"
#include "policy/training.h"

extern const struct room training_room; /* verbs `person train`, `person training`, `report awareness` */

/* How a person stands with one training now. ERR_NOT_FOUND when there is no such person. */
int training_standing(struct act *act, const char *person, enum training training, struct training_result *ret,
                      struct error *err);
/* Calls each() for every training that every person who can act needs or has, until it returns non-zero, and gives
 * that. `person` NULL: of everybody. */
int training_each(struct act *act, const char *person,
                  int (*each)(void *context, const char *person, unsigned roles, enum training training,
                              const struct training_result *result),
                  void *context, struct error *err);
/* Applies person.trained here. */
int training_apply(struct db *db, const struct event *event, struct error *err);
