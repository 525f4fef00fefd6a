/* libcryptsetup as this room uses it: on a descriptor, silent, its words kept for the error. Private to the room.
 */
#pragma once

#include <libcryptsetup.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "encrypt/format.h"

DEFINE_CLEANUP(struct crypt_device, crypt_free)
#define _cleanup_crypt_ _cleanup_(crypt_freep)

/* libcryptsetup's own words about a failure; they hold no secret. */
struct crypt_words {
        char text[160];
};

/* For a slot that is opened by 64 random bytes. */
extern const struct crypt_pbkdf_type luks_slot_pbkdf;

/* What crypt_init() gives: 0 or -errno. The words must live as long as the device. */
int luks_device_init(int fd, struct crypt_words *words, struct crypt_device **ret);
/* `what` could not be done, and why, in the library's words. ERR_FAILED. */
int luks_device_fail(struct error *err, int r, const struct crypt_words *words, struct text what);

/* Adds the token that `make` gives for the header so far; fd is the device's. */
int luks_put_token(struct crypt_device *device, int fd, luks_token_make make, void *context, struct error *err);
/* The same for the header's MAC under the machine secret. It comes last: writing it raises seqid once more. */
int luks_put_mac(struct crypt_device *device, int fd, const struct secret *machine, struct error *err);
