/* The bytes of a medium, as the look at its content gets them: nothing is read outside them, counts and places are
 * sane. And what a printer answers when it is asked how it is. */
#include <stdlib.h>
#include <string.h>

#include "content/scan.h"
#include "label/printer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct content_report report = { 0 };
        enum classification classification;
        size_t cut = size ? data[0] % (size + 1) : 0;
        uint8_t *exact = malloc(size + 1);
        bool health;

        if (!exact)
                return 0;
        memcpy(exact, data, size);
        exact = realloc(exact, size ? size : 1);
        if (!exact)
                return 0;
        cut -= cut % CONTENT_SECTOR;
        content_scan(&report, exact, cut, size - cut, 0);
        content_scan(&report, exact + cut, size - cut, 0, (int64_t) cut);
        if (report.bytes != (int64_t) size)
                abort();
        for (int i = 0; i < CONTENT_KINDS; i++)
                if (report.count[i] < 0 || (report.count[i] && report.first[i] >= (int64_t) size))
                        abort();
        (void) content_propose(&report, &classification, &health);
        if (printer_status_parse((const char *) exact, size) >
            (FAULT_PAPER | FAULT_PAUSE | FAULT_HEAD | FAULT_RIBBON))
                abort();
        free(exact);
        return 0;
}
