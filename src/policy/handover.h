/* C8: a recipient's passphrase, and the channel that it goes by. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/rule.h"
#include "policy/terms.h"

/* How the passphrase reaches the recipient: never with the medium. */
enum handover_channel { CHANNEL_IN_PERSON, CHANNEL_SEALED_LETTER, CHANNEL_TELEPHONE, CHANNELS };
extern const struct term handover_channel_terms[CHANNELS];

/* Least bits of a passphrase that a person is given. The key slot's cost (rows 7 and 8) comes on top of it. */
extern const int64_t handover_bits[CLASSIFICATIONS];

enum { HANDOVER_WORD_BITS = 11, HANDOVER_WORDS_MOST = 24 };

/* The fewest words that give those bits. */
int64_t handover_words(enum classification classification);

struct handover_wish {
        const char *medium;
        enum classification classification;
        bool in_custody;         /* the medium is here, not on its way */
        const char *actor;       /* who hands it over */
        const char *recipient;   /* an account's name, or any text */
        bool recipient_is_known; /* it is an account */
        const char *live;        /* number of a hand-over that is not revoked, or NULL */
        int64_t words;
        enum handover_channel channel;
        bool letter;
};
int handover_judge(const struct handover_wish *wish, struct error *err);
