/* A vendor's PKCS#11 module, of a person's card or of an HSM: whether it may be loaded, and loading it. */
#pragma once

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Absolute, root's, and nobody else's to change: it runs with keys and PINs at hand. ERR_USAGE, ERR_REFUSED. */
int pkcs11_module_check(const char *path, struct error *err);
/* Loads it, in a process apart, which ends with it. ret_calls is not initialised yet (C_Initialize). */
int pkcs11_module_load(const char *path, CK_FUNCTION_LIST **ret_calls, struct error *err);
/* A field of PKCS#11 is padded with blanks and has no end. */
bool pkcs11_padded_equal(const CK_UTF8CHAR *field, size_t size, const char *text);
