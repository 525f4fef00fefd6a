#include "forward/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/str.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal {
        struct keeper keeper;
        const struct siem_origin *origin;
        struct reader *reader;
        struct siem_place place;
        struct error *err; /* of the pump that is going on */
};

enum { ENTRIES = SIEM_FIELDS + 8 };

struct entry {
        struct iovec fields[ENTRIES];
        char *texts[ENTRIES];
        int n;
        bool out_of_memory;
};

static void add(struct entry *entry, const char *name, const char *value) {
        char *text = str_format("%s=%s", name, value);

        if (!text) {
                entry->out_of_memory = true;
                return;
        }
        entry->texts[entry->n] = text;
        entry->fields[entry->n++] = (struct iovec){ text, strlen(text) };
}

static void add_own(struct entry *entry, const struct siem_record *record, const char *line) {
        char priority[2] = { (char) ('0' + record->level->severity), '\0' }, time[TIME_TEXT];

        time_format(record->time, time);
        add(entry, "MESSAGE", line);
        add(entry, "PRIORITY", priority);
        add(entry, "SYSLOG_IDENTIFIER", "mpsi");
        add(entry, "MPSI_EVENT", record->type);
        add(entry, "MPSI_TIME", time);
        if (record->data)
                add(entry, "MPSI_DATA", record->data);
}

static int send_record(void *context, const struct siem_record *record) {
        struct journal *journal = context;
        struct entry entry = { .n = 0 };
        _cleanup_free_ char *line = NULL;
        size_t n;
        int r = siem_format_line(journal->origin->lang, record, &line, &n, journal->err);

        if (r < 0)
                return r;
        add_own(&entry, record, line);
        for (size_t i = 0; i < SIEM_FIELDS; i++)
                if (!str_empty(record->value[i]))
                        add(&entry, siem_fields[i].journal, record->value[i]);
        r = entry.out_of_memory ? -ENOMEM : sd_journal_sendv(entry.fields, entry.n);
        for (int i = 0; i < entry.n; i++)
                free(entry.texts[i]);
        return r < 0 ? fail_errno(journal->err, -r, "El diario no admite el evento",
                                  "The journal does not take the event")
                     : 0;
}

int journal_pump(struct journal *journal, bool *ret_more, struct error *err) {
        struct siem_cursor *cursor = &journal->keeper.cursor;
        struct siem_record record;
        struct reading reading = { .n = 0 };
        int r;

        *ret_more = false;
        /* sd_journal_sendv() keeps quiet about a journal that is not there. */
        if (access(JOURNAL_SOCKET, W_OK) < 0)
                return fail_errno(err, errno, "No hay diario", "There is no journal");
        journal->err = err;
        r = reader_open(journal->reader, err);
        if (r == 0 && journal->keeper.lost) {
                reader_resent(journal->reader, &record);
                r = send_record(journal, &record);
                journal->keeper.lost = r < 0;
        }
        if (r == 0)
                r = reader_read(journal->reader, cursor->station, &cursor->done, &journal->place, send_record,
                                journal, &reading, err);
        if (r < 0 || reading.n == 0)
                return r;
        *ret_more = reading.more;
        cursor->done = cursor->again = journal->place;
        cursor->time = clock_now(&clock_system);
        (void) snprintf(cursor->station, sizeof cursor->station, "%s", journal->reader->store.station.name);
        keeper_changed(&journal->keeper);
        return 0;
}

int journal_new(sd_event *event, const char *state, const struct siem_origin *origin, struct reader *reader,
                struct journal **ret, struct error *err) {
        struct journal *journal = calloc(1, sizeof *journal);
        int r;

        if (!journal)
                return fail_memory(err);
        journal->origin = origin;
        journal->reader = reader;
        r = keeper_open(&journal->keeper, event, state, SIEM_CURSOR_JOURNAL, err);
        if (r < 0) {
                journal_free(journal);
                return r;
        }
        journal->place = journal->keeper.cursor.done;
        *ret = journal;
        return 0;
}

void journal_free(struct journal *journal) {
        if (!journal)
                return;
        keeper_close(&journal->keeper);
        free(journal);
}
