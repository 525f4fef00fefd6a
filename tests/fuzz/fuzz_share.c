/* Whatever is typed or scanned as a share: what is accepted is a whole share, and says itself again in text and
 * words. */
#include <stdlib.h>
#include <string.h>

#include "keys/shares.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct share *share, const struct secret *said) {
        _cleanup_share_ struct share back = { .value = NULL };
        unsigned claimed;
        struct error err;

        if (share_read((const char *) said->data, said->size, &back, &claimed, &err) < 0 ||
            back.index != share->index || back.threshold != share->threshold || back.total != share->total ||
            memcmp(back.ceremony, share->ceremony, SHARE_CEREMONY) != 0 || back.value->size != share->value->size ||
            memcmp(back.value->data, share->value->data, back.value->size) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_share_ struct share share = { .value = NULL };
        _cleanup_secret_ struct secret *text = NULL, *words = NULL;
        unsigned claimed;
        struct error err;

        if (share_read((const char *) data, size, &share, &claimed, &err) < 0) {
                if (share.value)
                        abort();
                return 0;
        }
        if (share.index == 0 || share.index > share.total || share.total > SHARES_MOST ||
            share.threshold < SHARES_LEAST || share.threshold > share.total)
                abort();
        if (share_to_text(&share, &text, &err) < 0 || share_to_words(&share, LANG_ES, &words, &err) < 0)
                abort();
        again(&share, text);
        again(&share, words);
        return 0;
}
