/* mpsi-popup: in a desktop's session, says what the station has decided about a disk that was plugged in, and what
 * to do, where the person is looking: org.freedesktop.Notifications. It knows no more than `mpsi device list` tells
 * whoever's session it is, and decides nothing. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "device/monitor.h"
#include "policy/gate.h"
#include "policy/rule.h"

/* A verdict takes some milliseconds; a slow disk some seconds. */
enum { FIRST_MS = 1000, AGAIN_MS = 2000, LOOKS = 8, DISKS = 64, ANSWER_MAX = 4 << 20 };

struct disk {
        char path[DEVICE_FIELD]; /* "": free */
        char told[128];          /* insertion and verdict that were shown last */
        uint32_t notification;   /* its number, or 0 */
        int64_t due;             /* when it is looked at; 0: not again */
        int looks;
};

struct popup {
        const char *mpsi, *socket;
        enum lang lang;
        sd_bus *bus;
        struct disk disks[DISKS];
};

static int64_t now_ms(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what the station says ---------------------------------------------------------------------------------------
 */

static char *read_all(int fd) {
        size_t n = 0, size = 1 << 16;
        char *text = malloc(size);

        for (ssize_t got; text && (got = read(fd, text + n, size - n - 1)) > 0;) {
                n += (size_t) got;
                if (size - n < 2 && size < ANSWER_MAX) {
                        char *more = realloc(text, size *= 2);

                        if (!more)
                                break;
                        text = more;
                }
        }
        if (text)
                text[n] = '\0';
        return text;
}

/* The answer of `mpsi device list`, also when it is an error; NULL when there is none. New reference. */
static json_t *ask(const struct popup *popup) {
        const char *argv[] = { popup->mpsi,   "--json", "device", "list", popup->socket ? "--socket" : NULL,
                               popup->socket, NULL };
        _cleanup_free_ char *text = NULL;
        posix_spawn_file_actions_t actions;
        json_t *answer = NULL;
        int ends[2], status;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return NULL;
        (void) posix_spawn_file_actions_init(&actions);
        (void) posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        if (posix_spawn(&pid, popup->mpsi, &actions, NULL, (char *const *) (uintptr_t) argv, environ) == 0) {
                (void) close(ends[1]);
                text = read_all(ends[0]);
                (void) close(ends[0]); /* first: one with more to say than is read would wait for ever */
                (void) waitpid(pid, &status, 0);
                if (text)
                        (void) json_parse(text, strlen(text), &answer, NULL);
        } else {
                (void) close(ends[1]);
                (void) close(ends[0]);
        }
        (void) posix_spawn_file_actions_destroy(&actions);
        return answer;
}

/* --- what the person sees ----------------------------------------------------------------------------------------
 */

static void show(struct popup *popup, struct disk *disk, int urgency, const char *title, const char *body) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        uint8_t level = (uint8_t) urgency;
        int r = sd_bus_message_new_method_call(popup->bus, &call, "org.freedesktop.Notifications",
                                               "/org/freedesktop/Notifications", "org.freedesktop.Notifications",
                                               "Notify");

        if (r >= 0)
                r = sd_bus_message_append(call, "susssasa{sv}i", "mpsi", disk->notification,
                                          urgency ? "dialog-warning" : "drive-removable-media", title, body, 0, 1,
                                          "urgency", "y", level, -1);
        if (r >= 0)
                r = sd_bus_call(popup->bus, call, 0, NULL, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "u", &disk->notification);
        if (r < 0)
                (void) fprintf(stderr, "mpsi-popup: %s\n", strerror(-r));
}

static void take_back(struct popup *popup, const struct disk *disk) {
        if (disk->notification)
                (void) sd_bus_call_method(popup->bus, "org.freedesktop.Notifications",
                                          "/org/freedesktop/Notifications", "org.freedesktop.Notifications",
                                          "CloseNotification", NULL, NULL, "u", disk->notification);
}

/* Text of a disk's own making goes into a body that desktops read as markup. */
static char *escaped(const char *text) {
        char *out = malloc(5 * strlen(text) + 1), *at = out;

        for (; out && *text; text++)
                at += sprintf(at,
                              *text == '&'   ? "&amp;"
                              : *text == '<' ? "&lt;"
                              : *text == '>' ? "&gt;"
                                             : "%c",
                              *text);
        if (out)
                *at = '\0';
        return out;
}

static void show_verdict(struct popup *popup, struct disk *disk, const json_t *row) {
        const char *key = popup->lang == LANG_EN ? "en" : "es";
        const struct rule *rule = rule_find(json_text_or_empty(row, "rule"));
        const char *detail = json_text_or_empty(json_object_get(row, "detail"), key);
        bool accepted = strcmp(json_text_or_empty(row, "verdict"), gate_verdict_terms[GATE_ACCEPT].code) == 0;
        bool refused = strcmp(json_text_or_empty(row, "verdict"), gate_verdict_terms[GATE_REFUSE].code) == 0;
        const char *medium = json_text_or_empty(row, "medium");
        _cleanup_free_ char *title = str_format("%s: %s", *medium ? medium : disk->path,
                                                json_text_or_empty(row, "verdict_text"));
        const char *model = json_text_or_empty(row, "model");
        _cleanup_free_ char *what = str_format("%s%s%s", model, *model ? ", " : "", disk->path);
        _cleanup_free_ char *plain = accepted || !rule || !what
                                             ? str_format("%s", what ? what : disk->path)
                                             : str_format("%s: %s. %s%s[%s · ENS %s]\n→ %s", what,
                                                          json_text_or_empty(json_object_get(row, "why"), key),
                                                          detail, *detail ? " " : "", rule->id, rule->ens,
                                                          text_in(rule->remedy, popup->lang));
        _cleanup_free_ char *body = plain ? escaped(plain) : NULL;

        if (title && body)
                show(popup, disk, refused ? 2 : accepted ? 0 : 1, title, body);
}

/* The station does not know whoever's session this is, or does not answer: that is said too. */
static void show_error(struct popup *popup, struct disk *disk, const json_t *error) {
        const char *key = popup->lang == LANG_EN ? "en" : "es";
        _cleanup_free_ char *plain = str_format("%s\n→ %s", json_text_or_empty(json_object_get(error, "what"), key),
                                                json_text_or_empty(json_object_get(error, "hint"), key));
        _cleanup_free_ char *body = plain ? escaped(plain) : NULL;
        _cleanup_free_ char *title = str_format(popup->lang == LANG_EN ? "%s was plugged in" : "Se ha conectado %s",
                                                disk->path);

        if (title && body)
                show(popup, disk, 1, title, body);
}

/* False while there is nothing new to say. */
static bool tell(struct popup *popup, struct disk *disk) {
        _cleanup_json_ json_t *answer = ask(popup);
        const json_t *rows = json_object_get(answer, "rows"), *error = json_object_get(answer, "error"), *row;
        char key[sizeof disk->told];
        size_t i;

        if (error) {
                (void) snprintf(key, sizeof key, "error %s", json_text_or_empty(error, "word"));
                if (strcmp(key, disk->told) != 0)
                        show_error(popup, disk, error);
                memcpy(disk->told, key, sizeof key);
                return true;
        }
        json_array_foreach(rows, i, row) {
                if (strcmp(json_text_or_empty(row, "path"), disk->path) != 0 || !json_text(row, "verdict"))
                        continue;
                (void) snprintf(key, sizeof key, "%.60s %s %s", json_text_or_empty(row, "insertion"),
                                json_text_or_empty(row, "verdict"), json_text_or_empty(row, "rule"));
                if (strcmp(key, disk->told) == 0)
                        return false; /* a station that is busy judges the change later */
                show_verdict(popup, disk, row);
                memcpy(disk->told, key, sizeof key);
                return true;
        }
        return false;
}

/* --- the disks ---------------------------------------------------------------------------------------------------
 */

static struct disk *disk_of(struct popup *popup, const char *path) {
        struct disk *empty = NULL;

        for (size_t i = 0; i < DISKS; i++) {
                if (strcmp(popup->disks[i].path, path) == 0)
                        return &popup->disks[i];
                if (!popup->disks[i].path[0] && !empty)
                        empty = &popup->disks[i];
        }
        return empty;
}

static void on_event(struct popup *popup, const struct monitor_event *event) {
        char path[DEVICE_FIELD];
        struct disk *disk;

        if (event->action == MONITOR_OVERFLOW)
                return; /* `device list` shows all of them */
        (void) snprintf(path, sizeof path, "/dev/%.60s", event->name);
        disk = disk_of(popup, path);
        if (!disk)
                return;
        if (event->action == MONITOR_REMOVED) {
                take_back(popup, disk);
                *disk = (struct disk){ .due = 0 };
                return;
        }
        (void) snprintf(disk->path, sizeof disk->path, "%s", path);
        disk->due = now_ms() + FIRST_MS;
        disk->looks = 0;
}

static void look(struct popup *popup) {
        for (size_t i = 0; i < DISKS; i++) {
                struct disk *disk = &popup->disks[i];

                if (!disk->path[0] || !disk->due || disk->due > now_ms())
                        continue;
                /* What is none of the gate's business never has a verdict. */
                disk->due = tell(popup, disk) || ++disk->looks == LOOKS ? 0 : now_ms() + AGAIN_MS;
        }
}

static int wait_ms(const struct popup *popup) {
        int64_t next = -1;

        for (size_t i = 0; i < DISKS; i++)
                if (popup->disks[i].path[0] && popup->disks[i].due && (next < 0 || popup->disks[i].due < next))
                        next = popup->disks[i].due;
        if (next < 0)
                return -1;
        next -= now_ms();
        return next > 0 ? (int) next : 0;
}

/* Until the session's bus is gone. */
static int run(struct popup *popup, struct monitor *monitor) {
        for (;;) {
                struct pollfd fds[] = { { .fd = monitor_fd(monitor), .events = POLLIN },
                                        { .fd = sd_bus_get_fd(popup->bus), .events = POLLIN } };
                struct monitor_event event;
                struct error err;
                int r;

                if (poll(fds, COUNT(fds), wait_ms(popup)) < 0 && errno != EINTR)
                        return EXIT_FAILURE;
                while ((r = sd_bus_process(popup->bus, NULL)) > 0)
                        ;
                if (r < 0)
                        return EXIT_SUCCESS;
                while (monitor_next(monitor, &event, &err) == 1)
                        on_event(popup, &event);
                look(popup);
        }
}

int main(int argc, char **argv) {
        static const struct option options[] = { { "mpsi", required_argument, NULL, 'm' },
                                                 { "socket", required_argument, NULL, 's' },
                                                 { NULL, 0, NULL, 0 } };
        static struct popup popup = { .mpsi = MPSI_BIN_DIR "/mpsi" };
        _cleanup_(monitor_freep) struct monitor *monitor = NULL;
        struct error err = { 0 };
        int option, r;

        popup.lang = log_lang_of_locale();
        while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (option == 'm')
                        popup.mpsi = optarg;
                else if (option == 's')
                        popup.socket = optarg;
                else
                        return -ERR_USAGE;
        }
        if (optind < argc)
                return -ERR_USAGE;
        r = sd_bus_open_user(&popup.bus);
        if (r < 0) {
                (void) fprintf(stderr, "mpsi-popup: D-Bus: %s\n", strerror(-r));
                return EXIT_FAILURE;
        }
        if (monitor_new(&monitor, &err) < 0) {
                (void) fprintf(stderr, "mpsi-popup: %s\n", err.what[popup.lang]);
                return EXIT_FAILURE;
        }
        r = run(&popup, monitor);
        sd_bus_flush_close_unref(popup.bus);
        return r;
}
