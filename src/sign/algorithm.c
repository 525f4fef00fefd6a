#include "sign/algorithm.h"

#include <string.h>

#include "policy/rule.h"

const char signature_algorithm[] = "ecdsa";

int signature_algorithm_check(const char *id, struct error *err) {
        if (strcmp(id, signature_algorithm) == 0)
                return 0;
        return refuse(err, ERR_REFUSED, "C7", "La firma es de un algoritmo desconocido, «%.40s».",
                      "The signature is by an unknown algorithm, “%.40s”.", id);
}

int signature_algorithm_of(const json_t *signed_object, struct error *err) {
        const json_t *id = json_object_get(signed_object, "algorithm");

        if (!id)
                return 0;
        return signature_algorithm_check(json_is_string(id) ? json_string_value(id) : "", err);
}
