/* A spreadsheet's inventory: every cell stays inside the text, and every row has the header's width. */
#include <stdint.h>
#include <string.h>

#include "base/csv.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct csv csv = { 0 };
        struct error err;

        if (csv_parse((const char *) data, size, &csv, &err) == 0)
                for (size_t row = 0; row < csv.rows; row++)
                        for (size_t column = 0; column < csv.columns; column++) {
                                const char *cell = csv_cell(&csv, row, column);

                                if (!utf8_valid(cell, strlen(cell)))
                                        __builtin_trap();
                        }
        csv_done(&csv);
        return 0;
}
