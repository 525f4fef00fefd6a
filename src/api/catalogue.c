/* What the rooms offer. The ledger and the dispatcher are handed this list and know no room by name. */
#include "api/init.h"
#include "api/ledger_verbs.h"
#include "api/verbs.h"
#include "encrypt/encrypt.h"
#include "keys/keys.h"
#include "registry/registry.h"

const struct room *const rooms[] = {
        &init_room,
        &keys_room,
        &people_room,
        &media_room,
        &encrypt_room,
        &ledger_room,
};
const size_t rooms_n = COUNT(rooms);
