#include <stdio.h>

#include "base/str.h"
#include "custody/custody.h"
#include "encrypt/encrypt.h"

bool custody_needs_device(const struct medium *medium) {
        return transport_is_electronic(medium->kind) &&
               (medium->category >= CATEGORY_MEDIA || !str_empty(medium->luks_uuid));
}

int custody_inspect(struct act *act, const struct medium *medium, const char *device,
                    struct custody_inspection *ret, struct error *err) {
        const struct known_identity known = { medium->luks_uuid, medium->wwn,  medium->serial,
                                              medium->insertion, medium->size, medium->whole_size };
        struct custody_inspection found = { 0 };
        struct device_facts facts;
        struct luks_verdict verdict;
        int r;

        r = device_facts_read(device, act->folder, &facts, err);
        if (r < 0)
                return r;
        r = identity_match(&facts, &known, &found.identity, err);
        if (r < 0)
                return r;
        r = encrypt_judge_medium(act, medium, device, &verdict, err);
        if (r < 0)
                return r;
        found.encrypted = verdict.encrypted;
        if (facts.luks_version == 2) {
                r = encrypt_header_digest(device, found.digest, err);
                if (r < 0)
                        return r;
                (void) snprintf(found.luks_uuid, sizeof found.luks_uuid, "%s", verdict.uuid);
                (void) snprintf(found.cipher, sizeof found.cipher, "%s", verdict.cipher);
                found.key_bits = verdict.key_bits;
                if (!verdict.encrypted)
                        (void) encrypt_refuse(&verdict, &found.refusal);
        }
        *ret = found;
        return 0;
}

int custody_say_handover(struct act *act, const char *medium, struct error *err) {
        char recipient[128];
        int r = encrypt_handover_open(act->db, medium, recipient, err);

        if (r == 0 && *recipient)
                act_say(act,
                        "La frase de paso de %s sigue abriendo el soporte %s: «encrypt revoke %s DISPOSITIVO».",
                        "The passphrase of %s still opens medium %s: “encrypt revoke %s DEVICE”.", recipient,
                        medium, medium);
        return r;
}

int custody_refuse_unencrypted(const char *medium, const struct custody_inspection *inspection, struct error *err) {
        if (inspection->encrypted)
                return 0;
        if (inspection->refusal.code) {
                if (err)
                        *err = inspection->refusal;
                return inspection->refusal.code;
        }
        return refuse(err, ERR_REFUSED, "C3", "El soporte %s no está cifrado.", "Medium %s is not encrypted.",
                      medium);
}
