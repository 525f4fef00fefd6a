/* What a time-stamping authority answers, and what stands where a token should: whatever comes, it is refused with
 * a message in both languages, or its token reads as one again. None may pass for these bytes under a trust of
 * nobody. */
#include <stdlib.h>
#include <string.h>

#include "sign/cms.h"
#include "sign/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static X509_STORE *nobody;
        _cleanup_free_ uint8_t *token = NULL, *stamped = NULL;
        _cleanup_cms_parts_ struct cms_parts parts = { 0 };
        struct timestamp stamp;
        struct error err = { 0 };
        size_t n, stamped_n;

        if (!nobody && !(nobody = X509_STORE_new()))
                abort();
        if (timestamp_token(NULL, 0, data, size, &token, &n, &err) < 0) {
                if (err.code != ERR_VERIFY || !err.what[LANG_ES][0] || !err.what[LANG_EN][0])
                        abort();
        } else {
                (void) timestamp_check(token, n, "signature", 9, NULL, &stamp, &err);
        }
        /* Untrusted, it may hold if the bytes are its own; trusted, never. */
        if (timestamp_check(data, size, "signature", 9, nobody, &stamp, &err) == 0)
                abort();
        if (err.code != ERR_VERIFY || !err.what[LANG_ES][0] || !err.what[LANG_EN][0])
                abort();
        if (cms_parts(data, size, &parts, &err) == 0 && !parts.token && token &&
            cms_stamp(data, size, token, n, &stamped, &stamped_n, &err) == 0 && stamped_n <= size)
                abort();
        return 0;
}
