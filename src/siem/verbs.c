#include <string.h>

#include "base/str.h"
#include "ledger/ledger.h"
#include "siem/cursor.h"
#include "siem/siem.h"

static const char *const receivers[] = { SIEM_CURSOR_NETWORK, SIEM_CURSOR_JOURNAL };

/* ok, behind, ahead (the ledger lost what was sent) or damaged (the cursor can't be read). */
static const char *state_of(struct act *act, const char *path, int loaded, const struct siem_cursor *cursor,
                            int64_t end) {
        if (loaded == ERR_VERIFY) {
                act_say(act, "«%s» está dañado: mpsi-siem enviará todo otra vez.",
                        "“%s” is damaged: mpsi-siem will send everything again.", path);
                return "damaged";
        }
        if (cursor->done.seq > end) {
                act_say(act, "Se enviaron eventos que el libro ya no tiene: ejecute «mpsi ledger verify».",
                        "Events were sent that the ledger no longer has: run “mpsi ledger verify”.");
                return "ahead";
        }
        return cursor->done.seq < end || cursor->broken ? "behind" : "ok";
}

/* One receiver: {to, state, acknowledged, behind, at}. */
static int add_receiver(struct act *act, const char *name, const char *folder, int64_t end, json_t *rows,
                        struct error *err) {
        _cleanup_free_ char *path = str_format("%s/%s", folder, name);
        struct siem_cursor cursor = { 0 };
        char at[TIME_TEXT] = "";
        json_t *row;
        int64_t done;
        int r = path ? siem_cursor_load(path, &cursor, err) : fail_memory(err);

        if (r == ERR_NOT_FOUND)
                return 0;
        if (r < 0 && r != ERR_VERIFY)
                return r;
        if (cursor.time)
                time_format(cursor.time, at);
        done = cursor.broken ? cursor.again.seq : cursor.done.seq;
        row = json_pack("{s:s, s:s, s:I, s:I, s:s}", "to", name, "state", state_of(act, path, r, &cursor, end),
                        "acknowledged", (json_int_t) done, "behind", (json_int_t) (end > done ? end - done : 0),
                        "at", at);
        return json_array_append_new(rows, row) < 0 ? fail_memory(err) : 0;
}

static int run_status(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_free_ char *folder = siem_state_folder(act->folder);
        _cleanup_json_ json_t *rows = json_array();
        int64_t end = 0;
        int r = folder && rows ? ledger_end(act->db, &end, err) : fail_memory(err);

        (void) args;
        for (size_t i = 0; r == 0 && i < COUNT(receivers); i++)
                r = add_receiver(act, receivers[i], folder, end, rows, err);
        if (r < 0)
                return r;
        if (json_array_size(rows) == 0)
                act_say(act, "mpsi-siem no ha trabajado nunca con este almacén (%s).",
                        "mpsi-siem has never worked with this store (%s).", folder);
        *ret = json_pack("{s:I, s:O}", "events", (json_int_t) end, "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

static const struct term state_terms[] = {
        { "ok", { "al día", "up to date" } },
        { "behind", { "con retraso", "behind" } },
        { "ahead", { "por delante del libro", "ahead of the ledger" } },
        { "damaged", { "dañado", "damaged" } },
};
static const struct column columns[] = {
        { "to", HELP("DESTINO", "TO") },
        { "state", CODES("ESTADO", "STATE", state_terms) },
        { "acknowledged", HELP("CONFIRMADO HASTA", "ACKNOWLEDGED UP TO") },
        { "behind", HELP("FALTAN", "BEHIND") },
        { "at", HELP("ÚLTIMA CONFIRMACIÓN", "LAST ACKNOWLEDGED") },
};

static const struct verb verbs[] = {
        { "siem", "status", ROLE_ANY, VERB_READS,
          HELP("Hasta dónde han recibido los eventos el SIEM y el diario",
               "How far the SIEM and the journal have got the events"),
          COLUMNS(columns), .run = run_status },
};

const struct room siem_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
