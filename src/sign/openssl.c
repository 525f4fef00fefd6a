#include "sign/openssl.h"

#include <openssl/err.h>

int fail_openssl(struct error *err, const char *es, const char *en) {
        unsigned long code = ERR_peek_last_error();
        const char *reason = code ? ERR_reason_error_string(code) : NULL;

        ERR_clear_error();
        /* %.0s takes an argument and prints nothing: both formats need the same arguments. */
        return fail(err, ERR_FAILED, "%s%.0s: %s.", "%.0s%s: %s.", es, en, reason ? reason : "OpenSSL");
}
