#include "device/monitor.h"

#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A hub with sixteen docks sends some hundred messages of about 1 KiB at once when it is plugged in. */
enum { BUFFER = 8 << 20 };

struct monitor {
        struct udev *udev;
        struct udev_monitor *messages;
};

static inline void device_unrefp(struct udev_device **device) {
        udev_device_unref(*device);
}
static inline void enumerate_unrefp(struct udev_enumerate **list) {
        udev_enumerate_unref(*list);
}
static inline void udev_unrefp(struct udev **udev) {
        udev_unref(*udev);
}

static int no_udev(int no, struct error *err) {
        return fail_errno(err, no < 0 ? -no : no, "No se pueden recibir los avisos de udev",
                          "Messages of udev can't be received");
}

int monitor_new(struct monitor **ret, struct error *err) {
        _cleanup_(monitor_freep) struct monitor *monitor = calloc(1, sizeof *monitor);
        int r;

        if (!monitor)
                return fail_memory(err);
        monitor->udev = udev_new();
        if (!monitor->udev)
                return fail_memory(err);
        /* Group "udev": after the rules, so that the properties are there and the node exists. */
        monitor->messages = udev_monitor_new_from_netlink(monitor->udev, "udev");
        if (!monitor->messages)
                return no_udev(errno, err);
        r = udev_monitor_filter_add_match_subsystem_devtype(monitor->messages, "block", NULL);
        /* Without privilege the buffer stays as it is; an overflow is noticed either way. */
        (void) udev_monitor_set_receive_buffer_size(monitor->messages, BUFFER);
        if (r >= 0)
                r = udev_monitor_enable_receiving(monitor->messages);
        if (r < 0)
                return no_udev(r, err);
        *ret = TAKE_PTR(monitor);
        return 0;
}

void monitor_free(struct monitor *monitor) {
        if (!monitor)
                return;
        udev_monitor_unref(monitor->messages);
        udev_unref(monitor->udev);
        free(monitor);
}

int monitor_fd(const struct monitor *monitor) {
        return udev_monitor_get_fd(monitor->messages);
}

/* Borrowed from `device`: itself, or the disk that it is a partition of. NULL: the disk is gone already. */
static struct udev_device *whole_disk(struct udev_device *device) {
        const char *type = udev_device_get_devtype(device);

        if (type && strcmp(type, "partition") == 0)
                return udev_device_get_parent_with_subsystem_devtype(device, "block", "disk");
        return device;
}

/* False when the message says nothing of a whole disk. */
static bool event_from(struct udev_device *device, struct monitor_event *ret) {
        const char *action = udev_device_get_action(device), *path, *name;
        struct udev_device *disk = whole_disk(device);
        bool removed = action && strcmp(action, "remove") == 0;
        struct monitor_event event = { 0 };

        if (!disk || (removed && disk != device))
                return false;
        path = udev_device_get_devnode(disk);
        name = udev_device_get_sysname(disk);
        if (!path || !name)
                return false;
        event.action = removed ? MONITOR_REMOVED : MONITOR_CHANGED;
        (void) snprintf(event.path, sizeof event.path, "%s", path);
        (void) snprintf(event.name, sizeof event.name, "%s", name);
        *ret = event;
        return true;
}

int monitor_next(struct monitor *monitor, struct monitor_event *ret, struct error *err) {
        for (;;) {
                _cleanup_(device_unrefp) struct udev_device *device = NULL;
                int no;

                errno = 0;
                device = udev_monitor_receive_device(monitor->messages);
                no = errno;
                if (device) {
                        if (event_from(device, ret))
                                return 1;
                        continue;
                }
                /* netlink(7): the kernel dropped messages for want of room; it says so once. */
                if (no == ENOBUFS) {
                        *ret = (struct monitor_event){ .action = MONITOR_OVERFLOW };
                        return 1;
                }
                if (no == 0 || no == EAGAIN || no == EINTR)
                        return 0;
                return no_udev(no, err);
        }
}

int monitor_enumerate(void (*found)(void *context, const char *path), void *context, struct error *err) {
        _cleanup_(udev_unrefp) struct udev *udev = udev_new();
        _cleanup_(enumerate_unrefp) struct udev_enumerate *list = udev ? udev_enumerate_new(udev) : NULL;
        struct udev_list_entry *entry;
        int r;

        if (!list)
                return fail_memory(err);
        r = udev_enumerate_add_match_subsystem(list, "block");
        if (r >= 0)
                r = udev_enumerate_scan_devices(list);
        if (r < 0)
                return no_udev(r, err);
        udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(list)) {
                _cleanup_(device_unrefp) struct udev_device *device = udev_device_new_from_syspath(
                        udev, udev_list_entry_get_name(entry));
                const char *type = device ? udev_device_get_devtype(device) : NULL;
                const char *path = device ? udev_device_get_devnode(device) : NULL;

                if (path && type && strcmp(type, "disk") == 0)
                        found(context, path);
        }
        return 0;
}
