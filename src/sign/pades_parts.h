/* The measures that the signer writes and the verifier demands. */
#pragma once

enum {
        PADES_CONTENTS = 8192,  /* bytes kept for the CMS message: 16 KiB of digits */
        PADES_RANGE_WIDTH = 48, /* characters of the /ByteRange array, padded with spaces */
};
