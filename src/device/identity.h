/* Which registered medium a device is: the strongest identity that both know. */
#pragma once

#include "device/facts.h"

enum identity {
        IDENTITY_NONE,
        IDENTITY_INSERTION, /* only "this same insertion": a blank medium just registered */
        IDENTITY_SERIAL,
        IDENTITY_WWN,
        IDENTITY_LUKS_UUID,
        IDENTITIES
};
extern const struct term identity_terms[IDENTITIES];

/* What the registry knows of a medium's identity; "" for unknown. */
struct known_identity {
        const char *luks_uuid, *wwn, *serial, *insertion;
        int64_t size;
        int64_t whole_size; /* which it may have instead, 0: none (a disk whose hidden areas were opened, S5) */
};

/* The strongest identity on which both agree. ERR_REFUSED by S6 when any identity that both know differs, when the
 * size differs, or when they have nothing in common. */
int identity_match(const struct device_facts *facts, const struct known_identity *known, enum identity *ret,
                   struct error *err);
