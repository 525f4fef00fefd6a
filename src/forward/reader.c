#include "forward/reader.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

enum { BATCH = 256, BATCH_BYTES = 256 << 10, TRIES = 3 };

/* What is read is kept until the transaction is over: each() may wait for a journal. */
struct kept {
        struct ledger_entry entries[BATCH];
        char *texts[BATCH];
        size_t n, bytes;
        char *checkpoint;
        struct error *err;
};

static void kept_done(struct kept *kept) {
        for (size_t i = 0; i < kept->n; i++)
                free(kept->texts[i]);
        free(kept->checkpoint);
        free(kept);
}
DEFINE_CLEANUP(struct kept, kept_done)

static int keep(void *context, const struct ledger_entry *entry) {
        struct kept *kept = context;
        const struct event *event = &entry->event;
        const char *from[] = { event->station, event->actor,   event->os_user,
                               event->type,    event->subject, entry->data };
        const char *to[COUNT(from)];
        size_t size = 0;
        char *at;

        for (size_t i = 0; i < COUNT(from); i++)
                size += strlen(from[i]) + 1;
        at = malloc(size);
        if (!at)
                return fail_memory(kept->err);
        kept->texts[kept->n] = at;
        for (size_t i = 0; i < COUNT(from); i++) {
                to[i] = at;
                at = stpcpy(at, from[i]) + 1;
        }
        kept->entries[kept->n++] = (struct ledger_entry){
                .event = { event->seq, event->time, to[0], to[1], to[2], to[3], to[4], NULL },
                .data = to[5],
                .sound = entry->sound,
        };
        memcpy(kept->entries[kept->n - 1].hash, entry->hash, SHA256_SIZE);
        kept->bytes += size;
        return kept->n == BATCH || kept->bytes >= BATCH_BYTES;
}

static bool wal_is_empty(const struct reader *reader) {
        _cleanup_free_ char *path = str_format("%s/registry.db-wal", reader->folder);
        struct stat st;

        return !path || stat(path, &st) < 0 || st.st_size == 0;
}

static bool stat_file(const struct reader *reader, struct stat *ret) {
        _cleanup_free_ char *path = str_format("%s/registry.db", reader->folder);

        return path && stat(path, ret) == 0;
}

int reader_open(struct reader *reader, struct error *err) {
        if (reader->store.db)
                return 0;
        reader->bare = wal_is_empty(reader);
        (void) stat_file(reader, &reader->file);
        return store_open(reader->folder, &clock_system, false, &reader->store, err);
}

void reader_close(struct reader *reader) {
        if (reader->store.db)
                store_close(&reader->store);
}

/* Where the store is mounted read-only for this program and its WAL is empty, SQLite reads the file alone and takes
 * no lock: what was read holds only if nobody wrote meanwhile. */
static bool read_holds(const struct reader *reader) {
        struct stat now;

        return !reader->bare ||
               (wal_is_empty(reader) && stat_file(reader, &now) && now.st_ino == reader->file.st_ino &&
                now.st_size == reader->file.st_size && now.st_mtim.tv_sec == reader->file.st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == reader->file.st_mtim.tv_nsec);
}

/* Why the ledger is not the one that was read up to `place`; es NULL when it is. */
static int compare(struct reader *reader, const struct siem_place *place, struct text *ret, struct error *err) {
        uint8_t hash[SHA256_SIZE];
        int r;

        if (place->seq == 0 || ret->es)
                return 0;
        r = ledger_hash(reader->store.db, place->seq, hash, err);
        if (r == ERR_NOT_FOUND)
                *ret = (struct text){ "el libro acaba antes del último evento enviado",
                                      "the ledger ends before the last event that was sent" };
        else if (r == 0 && memcmp(hash, place->hash, sizeof hash) != 0)
                *ret = (struct text){ "el último evento enviado es ahora otro",
                                      "the last event that was sent is another one now" };
        return r == ERR_NOT_FOUND ? 0 : r;
}

struct giving {
        const struct reader *reader;
        int (*each)(void *context, const struct siem_record *record);
        void *context;
        struct siem_place place;
        size_t n;
};

static int give(struct giving *giving, const struct siem_record *record) {
        int r = giving->each(giving->context, record);

        giving->n++;
        return r;
}

static void record_own(const struct reader *reader, const char *type, struct text why, struct siem_record *ret) {
        *ret = (struct siem_record){
                .type = type,
                .time = clock_now(&clock_system),
                .level = siem_level(type, NULL),
                .why = why,
        };
        ret->value[SIEM_STATION] = reader->store.station.name;
}

void reader_resent(struct reader *reader, struct siem_record *ret) {
        record_own(reader, "ledger.resent",
                   (struct text){ "no se sabe hasta dónde se envió", "how far it was sent is not known" }, ret);
}

static int give_alarm(struct giving *giving, struct text why, int64_t seq, const uint8_t *hash) {
        struct siem_record record;

        record_own(giving->reader, "ledger.tampered", why, &record);
        (void) snprintf(record.seq, sizeof record.seq, "%lld", (long long) seq);
        hex_encode(hash, SHA256_SIZE, record.hash);
        record.value[SIEM_SEQ] = record.seq;
        record.value[SIEM_HASH] = record.hash;
        return give(giving, &record);
}

static int give_event(struct giving *giving, const struct ledger_entry *entry) {
        _cleanup_json_ json_t *data = json_loads(entry->data, 0, NULL);
        struct siem_record record;
        int r = 0;

        if (entry->event.seq != giving->place.seq + 1)
                r = give_alarm(
                        giving,
                        (struct text){ "faltan eventos antes de este", "events before this one are missing" },
                        entry->event.seq, entry->hash);
        if (r == 0 && !entry->sound)
                r = give_alarm(
                        giving,
                        (struct text){ "el evento no es el de su hash", "the event is not that of its hash" },
                        entry->event.seq, entry->hash);
        siem_record_event(&record, entry, data);
        if (r == 0)
                r = give(giving, &record);
        giving->place.seq = entry->event.seq;
        memcpy(giving->place.hash, entry->hash, SHA256_SIZE);
        return r;
}

/* The size stands on the second line. */
static int give_checkpoint(struct giving *giving, const char *text) {
        const char *second = strchr(text, '\n');
        int64_t size = second ? strtoll(second + 1, NULL, 10) : 0;
        _cleanup_free_ char *base64 = base64_encode(text, strlen(text));
        struct siem_record record;

        if (!base64)
                return fail_memory(NULL);
        if (size == giving->place.checkpoint)
                return 0;
        record_own(giving->reader, "ledger.checkpoint", (struct text){ NULL, NULL }, &record);
        (void) snprintf(record.seq, sizeof record.seq, "%lld", (long long) size);
        record.value[SIEM_SIZE] = record.seq;
        record.value[SIEM_CHECKPOINT] = base64;
        giving->place.checkpoint = size;
        return give(giving, &record);
}

static int read_batch(struct reader *reader, const char *station, const struct siem_place *known,
                      const struct siem_place *place, struct text *why, struct kept *kept, struct error *err) {
        int r = reader_open(reader, err);

        *why = (struct text){ NULL, NULL };
        if (r == 0 && *station && strcmp(station, reader->store.station.name) != 0)
                *why = (struct text){ "el almacén es de otro puesto", "the store is another station's" };
        if (r == 0)
                r = compare(reader, known, why, err);
        if (r == 0)
                r = compare(reader, place, why, err);
        if (r == 0)
                r = ledger_entries(reader->store.ledger, why->es ? 0 : place->seq, BATCH, keep, kept, err);
        if (r == 0)
                r = ledger_checkpoint(reader->store.ledger, &kept->checkpoint, err);
        if (r == ERR_NOT_FOUND)
                r = 0;
        if (r == 0 && !read_holds(reader))
                r = fail(err, ERR_BUSY, "El registro cambió durante la lectura.",
                         "The registry changed while it was read.");
        if (r < 0)
                reader_close(reader);
        return r;
}

int reader_read(struct reader *reader, const char *station, const struct siem_place *known,
                struct siem_place *place, int (*each)(void *context, const struct siem_record *record),
                void *context, struct reading *ret, struct error *err) {
        struct giving giving = { .reader = reader, .each = each, .context = context, .place = *place };
        _cleanup_(kept_donep) struct kept *kept = NULL;
        struct text why;
        int r = ERR_BUSY;

        for (int i = 0; r == ERR_BUSY && i < TRIES; i++) {
                if (kept)
                        kept_done(kept);
                kept = calloc(1, sizeof *kept);
                if (!kept)
                        return fail_memory(err);
                kept->err = err;
                r = read_batch(reader, station, known, place, &why, kept, err);
        }
        if (r == 0 && why.es) {
                r = give_alarm(&giving, why, known->seq, known->hash);
                giving.place = (struct siem_place){ 0 };
        }
        for (size_t i = 0; r == 0 && i < kept->n; i++)
                r = give_event(&giving, &kept->entries[i]);
        if (r == 0 && kept->checkpoint)
                r = give_checkpoint(&giving, kept->checkpoint);
        if (r < 0)
                return r;
        *place = giving.place;
        *ret = (struct reading){ .n = giving.n,
                                 .more = kept->n == BATCH || kept->bytes >= BATCH_BYTES,
                                 .anew = why.es };
        return 0;
}
