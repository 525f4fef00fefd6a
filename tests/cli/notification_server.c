/* Stands in for a desktop: org.freedesktop.Notifications on the session's bus, one line a pop-up into a file. */
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static FILE *out;

static int on_notify(sd_bus_message *message, void *context, sd_bus_error *error) {
        const char *name, *icon, *title, *body, *key;
        uint32_t replaces, number;
        uint8_t urgency = 255;
        int r = sd_bus_message_read(message, "susss", &name, &replaces, &icon, &title, &body);

        (void) context, (void) error;
        if (r >= 0)
                r = sd_bus_message_skip(message, "as");
        if (r >= 0)
                r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r >= 0 && sd_bus_message_enter_container(message, 'e', "sv") > 0 &&
            sd_bus_message_read(message, "s", &key) > 0)
                r = sd_bus_message_read(message, "v", "y", &urgency);
        if (r < 0)
                return r;
        number = replaces ? replaces : (uint32_t) rand() % 1000 + 1;
        (void) fprintf(out, "%u %s|%s|%s\n", urgency, replaces ? "again" : "new", title, body);
        (void) fflush(out);
        return sd_bus_reply_method_return(message, "u", number);
}

static int on_close(sd_bus_message *message, void *context, sd_bus_error *error) {
        (void) context, (void) error;
        (void) fprintf(out, "closed\n");
        (void) fflush(out);
        return sd_bus_reply_method_return(message, "");
}

static const sd_bus_vtable table[] = { SD_BUS_VTABLE_START(0),
                                       SD_BUS_METHOD("Notify", "susssasa{sv}i", "u", on_notify, 0),
                                       SD_BUS_METHOD("CloseNotification", "u", "", on_close, 0),
                                       SD_BUS_VTABLE_END };

int main(int argc, char **argv) {
        sd_bus *bus = NULL;
        int r;

        if (argc != 2 || !(out = fopen(argv[1], "ae")))
                return 2;
        for (int i = 0; (r = sd_bus_open_user(&bus)) < 0 && i < 50;
             i++) /* its socket may be there before it listens */
                (void) usleep(100000);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/Notifications",
                                             "org.freedesktop.Notifications", table, NULL);
        if (r >= 0)
                r = sd_bus_request_name(bus, "org.freedesktop.Notifications", 0);
        if (r >= 0) {
                (void) fprintf(out, "ready\n");
                (void) fflush(out);
        }
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        return 1;
}
