#include "encrypt/open.h"

#include <fcntl.h>
#include <libcryptsetup.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "device/gate.h"
#include "encrypt/internal.h"
#include "encrypt/mac.h"
#include "policy/rule.h"

struct encrypt_opening {
        struct luks_copy copy; /* both headers */
        int fd;                /* the device */
        struct encryption encryption;
        struct luks_verdict verdict;
        uint32_t machine_slots; /* bits: which ones the registry says the vault opens */
};

DEFINE_CLEANUP(struct crypt_device, crypt_free)

void encrypt_open_free(struct encrypt_opening *opening) {
        luks_copy_done(&opening->copy);
        encryption_done(&opening->encryption);
        close_fd(&opening->fd);
        free(opening);
}

const struct luks_facts *encrypt_open_facts(const struct encrypt_opening *opening) {
        return &opening->copy.facts;
}

bool encrypt_open_is_ours(const struct encrypt_opening *opening) {
        const struct encryption *encryption = &opening->encryption;

        return encryption->known && strcmp(encryption->state, "done") == 0 && encryption->key[0] &&
               opening->copy.facts.state == LUKS_VERSION_2 &&
               strcmp(encryption->header.uuid, opening->copy.facts.uuid) == 0;
}

const char *encrypt_open_key_ref(const struct encrypt_opening *opening) {
        return opening->encryption.key;
}

static int find_machine_slots(struct act *act, const char *medium, uint32_t *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err,
                         "SELECT json_extract(s.value, '$.slot') FROM encryption e, json_each(e.slots) s"
                         " WHERE e.medium = ? AND json_extract(s.value, '$.use') = 'machine'",
                         "s", medium);

        while (r == 0 && (r = rows_next(rows, err)) == 1) {
                int64_t slot = rows_int(rows, 0);

                if (slot >= 0 && slot < LUKS_SLOTS_MAX)
                        *ret |= 1U << slot;
                r = 0;
        }
        return r;
}

int encrypt_open_read(struct act *act, const struct medium *medium, const struct device_facts *approved,
                      struct encrypt_opening **ret, struct error *err) {
        _cleanup_(encrypt_open_freep) struct encrypt_opening *opening = calloc(1, sizeof *opening);
        int r;

        if (!opening)
                return fail_memory(err);
        opening->fd = -1;
        r = luks_open_direct(approved->path, O_RDONLY, &opening->fd, err);
        if (r == 0)
                r = device_check_fd(approved, opening->fd, err);
        /* The two headers only: sixteen megabytes of a slow stick would take longer than all the rest. */
        if (r == 0)
                r = luks_copy_read(opening->fd, false, &opening->copy, err);
        if (r == 0)
                r = encryption_load(act->db, medium->id, &opening->encryption, err);
        if (r == 0)
                r = find_machine_slots(act, medium->id, &opening->machine_slots, err);
        if (r < 0)
                return r;
        judge_copy(act, medium, &opening->encryption, &opening->copy, &opening->verdict);
        *ret = TAKE_PTR(opening);
        return 0;
}

/* A file in memory, as long as everything before the data: the headers that were judged, and the material of the
 * slots that the vault opens. */
static int to_memory(const struct encrypt_opening *opening, int *ret, struct error *err) {
        const struct luks_facts *facts = &opening->copy.facts;
        _cleanup_close_ int fd = memfd_create("luks-open", MFD_CLOEXEC);
        int r = fd < 0 || facts->data_offset > LUKS_AREA_MAX || ftruncate(fd, (off_t) facts->data_offset) < 0
                        ? ERR_FAILED
                        : 0;

        if (r == 0)
                r = pwrite_all(fd, opening->copy.bytes, opening->copy.n, 0);
        for (size_t i = 0; i < facts->slots_n && r == 0; i++) {
                const struct luks_slot *slot = &facts->slots[i];
                _cleanup_free_ uint8_t *area = NULL;
                ssize_t got;

                if (!(opening->machine_slots >> slot->number & 1))
                        continue;
                /* Row 6 holds: it lies inside the region, and that inside LUKS_AREA_MAX. */
                area = direct_buffer((size_t) slot->area_size);
                if (!area || slot->area_offset % DIRECT_BLOCK || slot->area_size % DIRECT_BLOCK)
                        return fail(err, ERR_FAILED, "No se puede leer la ranura %d.", "Slot %d can't be read.",
                                    slot->number);
                got = pread_all(opening->fd, area, (size_t) slot->area_size, (off_t) slot->area_offset);
                r = got == (ssize_t) slot->area_size ? pwrite_all(fd, area, (size_t) got, (off_t) slot->area_offset)
                                                     : ERR_FAILED;
        }
        if (r < 0)
                return fail(err, ERR_FAILED, "No se puede leer la cabecera del soporte.",
                            "The medium's header can't be read.");
        *ret = TAKE_FD(fd);
        return 0;
}

static void no_words(int level, const char *message, void *context) {
        (void) level, (void) message, (void) context;
}

/* libcryptsetup never sees the device. */
static int volume_key(const struct encrypt_opening *opening, const struct secret *machine, struct secret **ret,
                      struct error *err) {
        _cleanup_(crypt_freep) struct crypt_device *device = NULL;
        _cleanup_secret_ struct secret *key = NULL;
        _cleanup_close_ int fd = -1;
        char path[32];
        int r = to_memory(opening, &fd, err), size;

        if (r < 0)
                return r;
        crypt_set_log_callback(NULL, no_words, NULL);
        (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (crypt_init(&device, path) < 0 || crypt_load(device, CRYPT_LUKS2, NULL) < 0 ||
            crypt_get_iv_offset(device) != 0 || (size = crypt_get_volume_key_size(device)) <= 0)
                return fail(err, ERR_VERIFY, "La cabecera no se puede abrir.", "The header can't be opened.");
        r = secret_new((size_t) size, &key, err);
        if (r < 0)
                return r;
        r = -1;
        for (int slot = 0; slot < LUKS_SLOTS_MAX && r < 0; slot++) {
                size_t n = key->size;

                if (opening->machine_slots >> slot & 1)
                        r = crypt_volume_key_get(device, slot, (char *) key->data, &n, (const char *) machine->data,
                                                 machine->size);
        }
        if (r < 0)
                return refuse(err, ERR_VERIFY, "C2", "La clave de la bóveda no abre este soporte.",
                              "The vault's key does not open this medium.");
        *ret = TAKE_PTR(key);
        return 0;
}

int encrypt_open_key(struct encrypt_opening *opening, struct keys *keys, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *machine = NULL;
        int r;

        if (opening->verdict.decision == LUKS_REFUSE)
                return encrypt_refuse(&opening->verdict, err);
        if (!luks_key_size_allowed(opening->copy.facts.slots[0].key_size))
                return refuse(err, ERR_REFUSED, "C2", "La cabecera no se acepta.", "The header is not accepted.");
        r = keys_medium_secret(keys, opening->encryption.key, &machine, err);
        if (r < 0)
                return r;
        r = header_mac_verify(&opening->copy.facts, machine, err);
        /* Headers of before there were any have none, and the registry knows it. */
        if (r == ERR_NOT_FOUND && !opening->encryption.header.mac[0])
                r = 0;
        return r < 0 ? r : volume_key(opening, machine, ret, err);
}
