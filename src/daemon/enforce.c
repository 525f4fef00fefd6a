/* Putting a verdict into force: closed or open, and held against mounts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/device.h"
#include "daemon/hand.h"

static enum hand_does wanted(const struct device *device) {
        /* Whoever has it on loan has it open for writing (U3). */
        bool lent = device->verdict == GATE_READ_ONLY && mappings_writable(device->guard, device->name);

        return device->verdict == GATE_ACCEPT || lent ? HAND_OPEN : HAND_CLOSE;
}

void device_enforce_later(struct device *device) {
        device->judged = false;
        device_retry_later(device->guard, device);
}

/* Whether the insertion that was meant is there no more, which udev tells too. */
static bool is_gone(int result) {
        return result == ENODEV || result == ENOENT || result == ENXIO || result == ENOMEDIUM;
}

static void on_result(struct device *device, const struct hand *hand, int result) {
        if (result == 0) {
                device->guard->retry_after = 0;
                device->stuck = false;
                /* A verdict has come meanwhile, and this hand, the slower one, has undone what that one's did. */
                if (!device->opened_by && hand->does != wanted(device))
                        device_enforce(device);
                return;
        }
        if (is_gone(result))
                return;
        /* Else to be put into force when it is free. */
        if (result != EBUSY && !device->stuck)
                log_line(LOG_ERR, "%s: el veredicto no se puede aplicar: %s",
                         "%s: the verdict can't be enforced: %s", hand->path, strerror(result));
        device->stuck = device->stuck || result != EBUSY;
        device_enforce_later(device);
}

/* Against mounts, even read-only ones: what is refused, and what nobody registered. A registered medium is left to
 * the acts that make it fit. */
static bool is_held(const struct device *device) {
        return device->verdict == GATE_REFUSE || (device->verdict == GATE_READ_ONLY && !device->registered);
}

static void on_held(void *context, struct hand *hand, int result, int held) {
        struct guard *guard = context;
        struct device *device = NULL;

        for (struct device *each = guard->devices; each && !device; each = each->next)
                if (!each->gone && each->known && strcmp(each->path, hand->path) == 0 &&
                    each->facts.diskseq == hand->diskseq)
                        device = each;
        if (device && held >= 0 && device->hold < 0 && is_held(device) && !device->opened_by)
                device->hold = TAKE_FD(held);
        if (held >= 0) {
                const struct hand release = { .does = HAND_RELEASE };

                (void) hand_start(guard->event, &release, held, NULL);
                (void) close(held);
        }
        if (device)
                on_result(device, hand, result);
}

void device_enforce(struct device *device) {
        struct guard *guard = device->guard;
        struct hand hand = { .does = wanted(device),
                             .diskseq = device->facts.diskseq,
                             .hold = is_held(device) && device->hold < 0,
                             .spare_busy = true,
                             .done = on_held,
                             .context = guard };
        struct error err = { 0 };

        if (!guard->enforce || device->opened_by)
                return;
        if (!is_held(device))
                device_release_hold(device);
        (void) snprintf(hand.path, sizeof hand.path, "%s", device->path);
        if (hand_start(guard->event, &hand, -1, &err) < 0) {
                log_problem(LOG_ERR, device->path, &err);
                device_enforce_later(device);
        }
}
