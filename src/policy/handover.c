#include "policy/handover.h"

#include <string.h>

#include "policy/families.h"

static const struct rule rules[] = {
        { "C8",
          "mp.si.2, op.exp.10",
          { "La frase de paso de un destinatario va por otro canal que el soporte, no se imprime en el envío ni "
            "queda "
            "en ningún registro, y su entrega consta.",
            "A recipient's passphrase goes by another channel than the medium, is printed on no shipping form and "
            "kept "
            "in no log, and its hand-over is on record." },
          { "Entréguela con «encrypt handover» y, cuando vuelva el soporte, quítela con «encrypt revoke».",
            "Hand it over with “encrypt handover” and, once the medium is back, take it away with “encrypt "
            "revoke”." } },
};

const struct rule_family handover_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term handover_channel_terms[CHANNELS] = {
        [CHANNEL_IN_PERSON] = { "in-person", { "en persona", "in person" } },
        [CHANNEL_SEALED_LETTER] = { "sealed-letter", { "carta cerrada", "sealed letter" } },
        [CHANNEL_TELEPHONE] = { "telephone", { "por teléfono", "by telephone" } },
};

/* The house's numbers: words alone, before the slot's cost (rows 7 and 8) slows down each guess. SECRETO: the least
 * strength that NIST SP 800-131A Rev. 2 allows a key, 112 bits. */
const int64_t handover_bits[CLASSIFICATIONS] = {
        [CLASS_PUBLICO] = 80,
        [CLASS_INTERNO] = 80,
        [CLASS_CONFIDENCIAL] = 80,
        [CLASS_SECRETO] = 112,
};

int64_t handover_words(enum classification classification) {
        return (handover_bits[classification] + HANDOVER_WORD_BITS - 1) / HANDOVER_WORD_BITS;
}

int handover_judge(const struct handover_wish *wish, struct error *err) {
        const int64_t bits = wish->words * HANDOVER_WORD_BITS;

        if (!wish->in_custody)
                return refuse(err, ERR_CONFLICT, "C8", "El soporte %s no está en custodia.",
                              "Medium %s is not in custody.", wish->medium);
        if (strcmp(wish->actor, wish->recipient) == 0)
                return refuse(err, ERR_REFUSED, "C8", "%s no se entrega la frase a sí mismo.",
                              "%s does not hand the passphrase to themselves.", wish->actor);
        if (wish->classification >= CLASS_CONFIDENCIAL && !wish->recipient_is_known) {
                (void) refuse(err, ERR_REFUSED, "C8", "El soporte %s es %s y «%.60s» no es una persona registrada.",
                              "Medium %s is %s and “%.60s” is no registered person.", wish->medium,
                              classification_terms[wish->classification].code, wish->recipient);
                return hint(err, "Dé de alta a esa persona con «person add», o entréguela a otra.",
                            "Add that person with “person add”, or hand it to another.");
        }
        if (wish->classification == CLASS_SECRETO && wish->channel == CHANNEL_TELEPHONE)
                return refuse(err, ERR_REFUSED, "C8", "La frase de un soporte SECRETO no se dice por teléfono.",
                              "The passphrase of a SECRETO medium is not told by telephone.");
        if (wish->live)
                return refuse(err, ERR_CONFLICT, "C8", "El soporte %s ya tiene entregada la frase %s.",
                              "Medium %s has the passphrase %s handed over already.", wish->medium, wish->live);
        if (wish->letter != (wish->channel == CHANNEL_SEALED_LETTER))
                return fail(err, ERR_USAGE, "Una carta cerrada lleva --letter, y los demás canales no.",
                            "A sealed letter goes with --letter, and the other channels without.");
        if (bits < handover_bits[wish->classification])
                return refuse(err, ERR_REFUSED, "C8", "%lld palabras dan %lld bits y se piden %lld.",
                              "%lld words give %lld bits and %lld are demanded.", (long long) wish->words,
                              (long long) bits, (long long) handover_bits[wish->classification]);
        return 0;
}
