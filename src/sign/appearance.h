/* What a signature looks like inside its box: a PDF content stream with the standard Helvetica. It depends on
 * nothing but what is signed, so that the verifier can draw it again and compare. */
#pragma once

#include "sign/identity.h"

/* The stream for a box of this size in thousandths of a point, and "" for a size of 0; the caller frees. */
int appearance_draw(X509 *certificate, int64_t moment, enum lang lang, int64_t width, int64_t height, char **ret,
                    size_t *ret_n, struct error *err);
/* The form's dictionary without /Length, as written between << and >>. */
char *appearance_dictionary(int64_t width, int64_t height);
/* "123.456" from thousandths. */
void thousandths_format(int64_t value, char out[24]);
