#include "encrypt/format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "encrypt/crypt.h"
#include "encrypt/mac.h"

static int format_and_add_slots(struct crypt_device *device, const struct luks_plan *plan) {
        struct crypt_params_luks2 params = { .pbkdf = &luks_slot_pbkdf,
                                             .sector_size = (uint32_t) plan->sector_size,
                                             .label = plan->label,
                                             .subsystem = plan->subsystem };
        const struct secret *const secrets[] = { [SLOT_MACHINE] = plan->machine, [SLOT_RECOVERY] = plan->recovery };
        int r = crypt_set_pbkdf_type(device, &luks_slot_pbkdf);

        if (r == 0)
                r = crypt_set_data_offset(device, LUKS_DATA_OFFSET / 512);
        if (r == 0)
                r = crypt_format(device, CRYPT_LUKS2, "aes", "xts-plain64", plan->uuid, NULL,
                                 (size_t) plan->key_bytes, &params);
        for (int slot = 0; slot < (int) COUNT(secrets) && r >= 0; slot++)
                r = crypt_keyslot_add_by_volume_key(device, slot, NULL, 0, (const char *) secrets[slot]->data,
                                                    secrets[slot]->size);
        return r < 0 ? r : 0;
}

int luks_build(const struct luks_plan *plan, luks_token_make token, void *context, struct luks_copy *ret,
               struct error *err) {
        static const struct text what = { "No se puede formar la cabecera LUKS2",
                                          "The LUKS2 header can't be made" };
        _cleanup_crypt_ struct crypt_device *device = NULL;
        _cleanup_luks_copy_ struct luks_copy header = { 0 };
        /* A file in memory as long as the device, nearly all of it a hole: the format then comes out as on the
         * device itself, without the device being touched. */
        _cleanup_close_ int fd = memfd_create("luks-format", MFD_CLOEXEC);
        struct crypt_words words = { "" };
        int r;

        if (fd < 0 || ftruncate(fd, plan->device_size) < 0)
                return fail_errno(err, errno, "No se puede formar la cabecera en memoria",
                                  "The header can't be made in memory");
        r = luks_device_init(fd, &words, &device);
        if (r == 0)
                r = format_and_add_slots(device, plan);
        if (r < 0)
                return luks_device_fail(err, r, &words, what);
        r = luks_put_token(device, fd, token, context, err);
        if (r == 0)
                r = luks_put_mac(device, fd, plan->machine, err);
        if (r == 0)
                r = luks_copy_read(fd, true, &header, err);
        if (r < 0)
                return r;
        if (header.facts.state != LUKS_VERSION_2 || !header.whole)
                return fail(err, ERR_VERIFY, "La cabecera formada no es válida: %s.",
                            "The header made is not valid: %s.", header.facts.damage);
        r = header_mac_verify(&header.facts, plan->machine, err);
        if (r < 0)
                return r;
        *ret = header;
        header = (struct luks_copy){ 0 };
        return 0;
}

static int write_part(int fd, const uint8_t *bytes, size_t from, size_t to, struct error *err) {
        int r = pwrite_all(fd, bytes + from, to - from, (off_t) from);

        if (r == 0 && fdatasync(fd) < 0)
                r = -errno;
        return r < 0 ? fail_errno(err, -r, "No se puede escribir la cabecera en el soporte",
                                  "The header can't be written to the medium")
                     : 0;
}

int luks_write(int fd, const struct luks_copy *header, struct error *err) {
        size_t first = (size_t) header->facts.header_size;
        _cleanup_free_ uint8_t *nothing = direct_buffer(first);
        int r;

        if (!nothing)
                return fail_memory(err);
        memset(nothing, 0, first);
        /* An older header goes first; then all that the new one refers to; the first header comes last. */
        r = write_part(fd, nothing, 0, first, err);
        if (r == 0)
                r = write_part(fd, header->bytes, first, header->n, err);
        if (r == 0)
                r = write_part(fd, header->bytes, 0, first, err);
        return r;
}

static int try_slot(const struct luks_copy *header, int slot, const struct secret *secret, uint32_t flags,
                    struct error *err) {
        static const struct text what = { "No se puede abrir la cabecera", "The header can't be opened" };
        _cleanup_crypt_ struct crypt_device *device = NULL;
        _cleanup_close_ int fd = -1;
        struct crypt_words words = { "" };
        int r = luks_copy_to_memory(header, &fd, err);

        if (r < 0)
                return r;
        r = luks_device_init(fd, &words, &device);
        if (r == 0)
                r = crypt_load(device, CRYPT_LUKS2, NULL);
        if (r < 0)
                return luks_device_fail(err, r, &words, what);
        /* Without a name nothing is activated: the key is only tried. */
        r = crypt_activate_by_passphrase(device, NULL, slot, (const char *) secret->data, secret->size, flags);
        if (r == slot)
                return 0;
        if (r == -EPERM || r == -ENOENT)
                return fail(err, ERR_VERIFY, "El secreto no abre la ranura %d.",
                            "The secret does not open slot %d.", slot);
        return luks_device_fail(err, r, &words, what);
}

int luks_try_slot(const struct luks_copy *header, int slot, const struct secret *secret, struct error *err) {
        return try_slot(header, slot, secret, 0, err);
}

int luks_try_unbound_slot(const struct luks_copy *header, int slot, const struct secret *secret,
                          struct error *err) {
        return try_slot(header, slot, secret, CRYPT_ACTIVATE_ALLOW_UNBOUND_KEY, err);
}
