/* The measures that the signer writes and the verifier demands. */
#pragma once

enum {
        PADES_CONTENTS = 16384,    /* bytes kept for the CMS message and its time-stamp; a multiple of 1024 */
        PADES_CONTENTS_WAS = 8192, /* of documents signed before there were time-stamps */
        PADES_RANGE_WIDTH = 48,    /* characters of the /ByteRange array, padded with spaces */
};
