/* Crypto erase of a LUKS2 medium of ours: key slots, header and every stored key. SP 800-88 Rev. 1, 2.6: it is a
 * Purge when all data was encrypted before it was stored, the key was strong and every copy of it is destroyed. */
#include "policy/rule.h"
#include "sanitize/technique.h"

bool technique_crypto_erase_counts(const struct medium *medium) {
        return medium->key_id[0] && medium->filled;
}

static int offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        if (!medium->key_id[0])
                return refuse(
                        err, ERR_REFUSED, "S2",
                        "El soporte %s no está cifrado con una clave de este almacén: no hay clave que destruir.",
                        "Medium %s is not encrypted with a key of this store: there is no key to destroy.",
                        medium->id);
        if (facts && facts->luks_version != 2)
                return refuse(err, ERR_REFUSED, "S2", "«%s» no tiene cabecera LUKS2.", "“%s” has no LUKS2 header.",
                              facts->path);
        return 0;
}

const struct technique technique_crypto_erase = {
        .name = "crypto-erase",
        .says = { "borrado criptográfico: ranuras, cabecera y toda clave guardada",
                  "crypto erase: key slots, header and every stored key" },
        .does_not_reach = { "bloques antiguos de la cabecera que la memoria flash conserve fuera de lo "
                            "direccionable",
                            "stale blocks of the header that flash may keep outside of what can be addressed" },
        .reaches = { [KIND_HDD] = LEVEL_PURGE, [KIND_SSD] = LEVEL_PURGE },
        .offered = offered,
};
