/* The JSON of a request and of an event: whatever comes in, reading it fails with a message or gives a value
 * whose canonical form reads back as the same value and is its own canonical form. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_json_ json_t *value = NULL, *again = NULL;
        _cleanup_free_ char *canonical = NULL, *second = NULL;
        struct error err = { 0 };

        if (json_parse((const char *) data, size, &value, &err) < 0) {
                if (err.code != ERR_USAGE || !err.what[LANG_ES][0] || !err.what[LANG_EN][0])
                        abort();
                return 0;
        }
        if (json_canonical(value, &canonical, &err) < 0)
                return 0;
        if (json_parse(canonical, strlen(canonical), &again, &err) < 0 || !json_equal(value, again))
                abort();
        if (json_canonical(again, &second, &err) < 0 || strcmp(canonical, second) != 0)
                abort();
        return 0;
}
