/* What is written on a device: partition table, file system, LUKS (libblkid, by probing the descriptor itself and
 * never by its cache file). Private to the room. */
#pragma once

#include "device/facts.h"

/* Fills the members about content. A device that can't be read, or is ambiguous, leaves them empty. */
void probe_content(int fd, struct device_facts *facts);
