/* Between card.c, which is the key here, and card_token.c, which runs beside the vendor's module. Private to the
 * room.
 */
#pragma once

#include "sign/card.h"

enum { CARD_BYTES = 256 };

/* One question or answer. The first answer, unasked, is the public key: an uncompressed point. */
struct card_message {
        int result;
        size_t n;
        uint8_t bytes[CARD_BYTES]; /* a digest; a raw signature; a point */
        struct card_place place;
        struct error err;
};

/* The child: opens the token and answers on descriptor `fd` until it is closed. Never returns. */
_Noreturn void card_serve(int fd, const struct card_place *place, const struct secret *pin);
