#include "keys/provider.h"

#include <string.h>

#include "keys/keys.h"
#include "policy/rule.h"

static const struct key_provider *const providers[] = {
        &key_provider_software,
        &key_provider_pkcs11,
};

int key_provider_find(const char *name, const struct key_provider **ret, struct error *err) {
        for (size_t i = 0; i < COUNT(providers); i++)
                if (strcmp(providers[i]->name, name) == 0) {
                        *ret = providers[i];
                        return 0;
                }
        return refuse(err, ERR_REFUSED, "C6", "Proveedor de claves desconocido «%.40s».",
                      "Unknown key provider “%.40s”.", name);
}
