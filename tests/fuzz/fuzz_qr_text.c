/* Whatever a scanner types: what is accepted is a valid ID, and its signed part packs again into the same text. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "label/label_text.h"
#include "registry/medium_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size);
        struct label_text label;
        char plain[LABEL_TEXT_SIZE];
        struct error err;
        size_t n;

        if (!text || label_text_parse(text, &label, &err) < 0)
                return 0;
        if (!medium_id_valid(label.id))
                abort();
        n = str_scanned(text, plain, sizeof plain);
        if (strncmp(plain, label.id, strlen(label.id)) != 0)
                abort();
        if (n != strlen(label.id) + (label.is_signed ? LABEL_SIGNED_TEXT : 0U))
                abort();
        if (label.is_signed &&
            (label.classification >= CLASSIFICATIONS || label.category >= CATEGORIES ||
             label.revision > LABEL_REVISION_MAX || (*label.expires && !date_valid(label.expires))))
                abort();
        /* The text says nothing without a certificate, and no certificate is no proof. */
        if (label_text_verify(&label, "", &err) == 0)
                abort();
        return 0;
}
