/* Every technique against one medium and device, for `wipe plan`. Private to the room. */
#pragma once

#include "sanitize/job.h"

/* [{technique, name, offered, rule, why, hint, level, order, does_not_reach, by_device, seconds}] in table order;
 * `facts` may be NULL. New reference. */
json_t *offers_to_json(const struct act *act, const struct medium *medium, const struct device_facts *facts);
/* A line for each technique of the device's own that it offers, and one that names those it doesn't. */
void offers_say(struct act *act, const struct medium *medium, const struct device_facts *facts);
