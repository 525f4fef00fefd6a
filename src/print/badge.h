/* What is scanned at the counter: people's cards, ten on a sheet of A4 in the size of a bank card (ISO/IEC 7810
 * ID-1), and the sheet with the commands. No code leaves that does not read back. */
#pragma once

#include "base/error.h"
#include "print/output.h"

struct badge_face {
        const char *full_name, *number;
        const char *text; /* what the code says */
};

int badges_to_pdf(const struct badge_face *faces, size_t n, const char *organisation, enum lang lang,
                  struct output *out, struct error *err);
int counter_sheet_to_pdf(const char *organisation, enum lang lang, struct output *out, struct error *err);
