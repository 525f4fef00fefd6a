/* A medium at a device that is to be written: the guards (S6), the gate, the hold. */
#include "base/file.h"
#include "device/gate.h"
#include "device/twin.h"
#include "encrypt/change.h"

/* C3 may keep it read-only; that is lifted, and shows what the medium itself write-protects. */
static int refuse_in_use(const struct device_facts *device, struct error *err) {
        struct device_facts open = *device;

        if (!device->image)
                open.read_only = false;
        return device_refuse_in_use(&open, err);
}

int target_load(struct act *act, const char *medium, const char *device, struct target *ret, struct error *err) {
        struct known_identity known;
        enum identity identity;
        int r;

        *ret = (struct target){ .act = act, .fd = -1 };
        r = medium_load(act->db, medium, &ret->medium, err);
        if (r == 0)
                r = device_facts_read(device, act->folder, &ret->device, err);
        if (r == 0)
                r = refuse_in_use(&ret->device, err);
        if (r < 0)
                return r;
        /* A header that a cut damaged names no UUID: then the weaker signs must agree. */
        known = (struct known_identity){ .luks_uuid = ret->device.luks_uuid[0] ? ret->medium.luks_uuid : "",
                                         .wwn = ret->medium.wwn,
                                         .serial = ret->medium.serial,
                                         .insertion = ret->medium.insertion,
                                         .size = ret->medium.size,
                                         .whole_size = ret->medium.whole_size };
        r = identity_match(&ret->device, &known, &identity, err);
        return r < 0 ? r : device_refuse_twin(&ret->device, &known, identity, err);
}

int target_hold(struct target *target, struct error *err) {
        return device_open_lifted(&target->device, &target->lifted, &target->fd, err);
}

void target_release(struct target *target) {
        close_fd(&target->fd);
        if (target->lifted)
                (void) gate_set(target->device.path, true, NULL);
        target->lifted = false;
}
