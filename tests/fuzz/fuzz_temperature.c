/* Whatever a disk's sensor says: what is accepted is a temperature that a disk can have. */
#include <stdlib.h>

#include "device/temperature.h"
#include "policy/heat.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
        const struct heat_limit limit = heat_limit(KIND_HDD, 0, 0, 0);
        int celsius = 1000;

        if (!temperature_parse((const char *) data, size, &celsius)) {
                if (celsius != 1000)
                        abort();
                return 0;
        }
        if (celsius < -60 || celsius > 200 || heat_waits(false, celsius, limit) != (celsius >= limit.celsius))
                abort();
        return 0;
}
