/* Readable text among bytes that should hold none (S4). What it says is never kept: only where, how long and of
 * which kind, since it may be a patient's. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "policy/terms.h"

enum string_class {
        STRING_TEXT,        /* 32 or more printable characters, not all the same few */
        STRING_WIDE,        /* 16 or more of them in UTF-16 */
        STRING_EMAIL,       /* an address of electronic mail */
        STRING_NATIONAL_ID, /* a Spanish DNI or NIE whose letter is right */
        STRING_DICOM_UID,   /* an identifier under 1.2.840 */
        STRING_IBAN,        /* a Spanish bank account */
        STRING_CLASSES
};
extern const struct term string_class_terms[STRING_CLASSES];

/* Tells of every run, by its strongest class. Runs that the end of the block cuts count as what they are there. */
void strings_find(const uint8_t *block, size_t n,
                  void (*found)(void *context, size_t at, size_t length, enum string_class what), void *context);
