#include "policy/keys.h"

const struct key_limit_row key_limits[KEY_LIMITS] = {
        [KEY_UNLOCK_MINUTES] = { 480,
                                 "C9",
                                 "OP.EXP.2",
                                 { "minutos que la bóveda queda abierta",
                                   "minutes that the vault stays unlocked" } },
        [KEY_UNLOCK_MINUTES_MOST] = { 1440,
                                      "C9",
                                      "OP.EXP.2",
                                      { "minutos que puede quedar abierta como mucho",
                                        "minutes that it may stay unlocked at most" } },
};
