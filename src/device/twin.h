/* Devices that can't be told from each other: cheap ones share a serial number, and a disk with two cables is there
 * twice. */
#pragma once

#include "device/identity.h"

/* S6: refuses a device that was told to be the registered medium by its serial number or WWN alone, while another
 * one that is plugged in fits as well. What this insertion itself was registered as is beyond doubt. */
int device_refuse_twin(const struct device_facts *facts, const struct known_identity *known, enum identity identity,
                       struct error *err);
