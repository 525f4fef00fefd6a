#include "forward/keeper.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"

#define SAVE_INTERVAL ((uint64_t) 1000000)
#define FAILING_INTERVAL (60 * SAVE_INTERVAL)

uint64_t now_boottime(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

static void arm(struct keeper *keeper, uint64_t delay) {
        (void) sd_event_source_set_time_relative(keeper->timer, delay);
        (void) sd_event_source_set_enabled(keeper->timer, SD_EVENT_ONESHOT);
}

/* Without it nothing is lost: after a restart some is sent twice. */
static void save(struct keeper *keeper) {
        struct error err = { 0 };

        keeper->saved_at = now_boottime();
        if (siem_cursor_save(keeper->path, &keeper->cursor, &err) == 0) {
                keeper->dirty = keeper->failing = false;
                return;
        }
        if (!keeper->failing)
                log_problem(LOG_ERR, keeper->path, &err);
        keeper->failing = true;
        arm(keeper, FAILING_INTERVAL);
}

static int on_time(sd_event_source *source, uint64_t now, void *context) {
        struct keeper *keeper = context;

        (void) source, (void) now;
        if (keeper->dirty)
                save(keeper);
        return 0;
}

void keeper_changed(struct keeper *keeper) {
        uint64_t since = now_boottime() - keeper->saved_at;

        keeper->dirty = true;
        if (since >= SAVE_INTERVAL) {
                save(keeper);
                return;
        }
        if (!keeper->failing)
                arm(keeper, SAVE_INTERVAL - since);
}

int keeper_open(struct keeper *keeper, sd_event *event, const char *folder, const char *name, struct error *err) {
        int r;

        keeper->path = str_format("%s/%s", folder, name);
        if (!keeper->path)
                return fail_memory(err);
        r = sd_event_add_time_relative(event, &keeper->timer, CLOCK_BOOTTIME, SAVE_INTERVAL, 0, on_time, keeper);
        if (r >= 0)
                r = sd_event_source_set_enabled(keeper->timer, SD_EVENT_OFF);
        if (r < 0)
                return fail_errno(err, -r, "No arranca el bucle de sucesos", "The event loop does not start");
        r = siem_cursor_load(keeper->path, &keeper->cursor, err);
        if (r == ERR_VERIFY) {
                log_problem(LOG_WARNING, keeper->path, err);
                log_line(LOG_WARNING, "%s: se enviará todo otra vez", "%s: everything will be sent again", name);
                keeper->lost = true;
                r = 0;
        } else if (r == ERR_NOT_FOUND) {
                r = siem_cursor_save(keeper->path, &keeper->cursor, err);
        }
        return r;
}

void keeper_close(struct keeper *keeper) {
        if (keeper->dirty)
                save(keeper);
        (void) sd_event_source_disable_unref(keeper->timer);
        free(keeper->path);
        *keeper = (struct keeper){ 0 };
}
