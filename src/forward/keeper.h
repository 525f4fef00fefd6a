/* A cursor and its file: written at once when it is quiet, at most once a second when it is busy. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "siem/cursor.h"

struct keeper {
        struct siem_cursor cursor;
        char *path;
        sd_event_source *timer;
        uint64_t saved_at; /* CLOCK_BOOTTIME, microseconds */
        bool dirty, failing;
        bool lost; /* there was one that could not be read: everything is sent again, and that is said */
};

uint64_t now_boottime(void);

/* Loads `name` in the folder; one that is not there is made, so that `siem status` knows this receiver. */
int keeper_open(struct keeper *keeper, sd_event *event, const char *folder, const char *name, struct error *err);
/* The cursor has changed. Trouble with the disk is said once; it is tried again. */
void keeper_changed(struct keeper *keeper);
void keeper_close(struct keeper *keeper);
