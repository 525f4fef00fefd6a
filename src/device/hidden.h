/* Opening what HPA, AMA and DCO hide (S5), so that it can be written and read like the rest. */
#pragma once

#include "device/facts.h"

enum { HIDDEN_STATUS = 96 };

struct hidden_opening {
        bool hpa, ama, dco;
        char status[HIDDEN_STATUS]; /* of the last command, as the device told it */
};

/* Shows all sectors, by what the device has: the host protected area for this power cycle only, the other two for
 * good. The kernel reads its size anew, and the facts with it. ERR_REFUSED by S5 when the device doesn't let it be
 * done. */
int device_hidden_open(int fd, struct device_facts *facts, struct hidden_opening *ret, struct error *err);
/* The host protected area stays open when the power goes, too. */
int device_hidden_keep(int fd, const struct device_facts *facts, struct error *err);
/* Has the kernel ask the device for its size again. */
int device_rescan(int fd, struct device_facts *facts, struct error *err);
