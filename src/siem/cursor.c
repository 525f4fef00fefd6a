#include "siem/cursor.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

enum { CURSOR_FILE_MAX = 4096 };

static json_t *place_json(const struct siem_place *place) {
        char hash[SHA256_TEXT];

        hex_encode(place->hash, SHA256_SIZE, hash);
        return json_pack("{s:I, s:s, s:I}", "seq", (json_int_t) place->seq, "hash", hash, "checkpoint",
                         (json_int_t) place->checkpoint);
}

static bool place_read(const json_t *json, struct siem_place *ret) {
        const char *hash = json_text(json, "hash");

        ret->seq = json_int(json, "seq", -1);
        ret->checkpoint = json_int(json, "checkpoint", -1);
        return ret->seq >= 0 && ret->checkpoint >= 0 && hash && strlen(hash) == 2 * SHA256_SIZE &&
               hex_decode(hash, ret->hash, SHA256_SIZE) == 0;
}

int siem_cursor_load(const char *path, struct siem_cursor *ret, struct error *err) {
        _cleanup_free_ char *text = NULL;
        _cleanup_json_ json_t *json = NULL;
        struct siem_cursor cursor = { 0 };
        const char *station;
        size_t n;
        int r = file_read(path, CURSOR_FILE_MAX, &text, &n, err);

        if (r == ERR_NOT_FOUND || r == ERR_FAILED)
                return r;
        station = r == 0 && json_parse(text, n, &json, NULL) == 0 ? json_text(json, "station") : NULL;
        cursor.time = json_int(json, "time", -1);
        cursor.broken = json_flag(json, "broken");
        if (!station || strlen(station) >= sizeof cursor.station || cursor.time < 0 ||
            !place_read(json_object_get(json, "done"), &cursor.done) ||
            !place_read(json_object_get(json, "again"), &cursor.again) || cursor.again.seq > cursor.done.seq)
                return fail(err, ERR_VERIFY, "«%s» no se entiende.", "“%s” can't be understood.", path);
        (void) snprintf(cursor.station, sizeof cursor.station, "%s", station);
        *ret = cursor;
        return 0;
}

int siem_cursor_save(const char *path, const struct siem_cursor *cursor, struct error *err) {
        _cleanup_json_ json_t *json = json_pack("{s:s, s:o, s:o, s:b, s:I}", "station", cursor->station, "done",
                                                place_json(&cursor->done), "again", place_json(&cursor->again),
                                                "broken", (int) cursor->broken, "time", (json_int_t) cursor->time);
        _cleanup_free_ char *text = NULL;
        int r = json ? json_canonical(json, &text, err) : fail_memory(err);

        return r < 0 ? r : file_write(path, text, strlen(text), 0640, err);
}

char *siem_state_folder(const char *store) {
        size_t n = strlen(store);

        while (n > 1 && store[n - 1] == '/')
                n--;
        return str_format("%.*s-siem", (int) n, store);
}
