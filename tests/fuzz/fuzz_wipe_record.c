/* What mpsi-verify-wipe is given as a certificate's twin or a wipe's record: what is accepted is whole, and bound
 * to its commitment. */
#include <stdlib.h>
#include <string.h>

#include "verifier/verifier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct expected expected;
        struct says why = { "", "" };
        int r = record_parse((const char *) data, size, &expected, &why);

        if (r != 0) {
                if (!*why.es || !*why.en || (r != EXIT_USAGE && r != EXIT_CONFLICT && r != EXIT_DIFFERS))
                        abort();
                return 0;
        }
        if (expected.size <= 0 || !*expected.job || !*expected.medium || strlen(expected.commitment) != 64 ||
            !*expected.technique)
                abort();
        return 0;
}
