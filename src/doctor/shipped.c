/* What this build installs, with its digest; the list is made when the build is configured. */
#include "doctor/internal.h"

const struct shipped shipped_files[] = {
#include "shipped.inc"
        { NULL, NULL },
};
