/* Parts of form R-110-019 that say how it went: indicators, country, GPS, outcome. New references, or NULL for
 * nothing to say. */
#pragma once

#include "transport/internal.h"

/* T5: what is stuck on the package, with its limits, as it was when it left. */
void form_add_indicators(const json_t *shipment, json_t *list);
json_t *form_readings(const json_t *checkpoint);
enum { MEDIA_OUTCOMES = 6 };
extern const struct term media_outcome_terms[MEDIA_OUTCOMES];
json_t *form_outcome(const json_t *medium);
json_t *form_courier_signature(struct act *act, const json_t *shipment);
/* Country, papers, review, drill, what it returns, GPS. */
void form_add_journey(struct act *act, const json_t *shipment, json_t *data);
