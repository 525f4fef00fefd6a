/* What the SIEM has not acknowledged yet (X3). The ledger is the queue, so nothing is lost while it is away; but
 * nobody outside sees it either. */
#include "base/str.h"
#include "doctor/internal.h"
#include "ledger/ledger.h"
#include "siem/cursor.h"
#include "siem/settings.h"

static void judge_cursor(struct doctor *d, const struct siem_cursor *cursor) {
        int64_t end = 0;
        enum severity severity;
        struct error err = { 0 };

        if (ledger_end(d->act->db, &end, &err) < 0) {
                found_error(d, SEVERITY_FAIL, &err);
        } else if (cursor->done.seq > end) {
                found(d, SEVERITY_FAIL, "el SIEM tiene eventos que el libro ya no tiene",
                      "the SIEM has events that the ledger no longer has");
        } else if (cursor->done.seq < end) {
                severity = term_judge_age(TERM_SIEM, cursor->time ? act_now(d->act) - cursor->time : -1);
                found(d, severity == SEVERITY_OK ? SEVERITY_INFO : severity, "%lld eventos esperan al SIEM",
                      "%lld events wait for the SIEM", (long long) (end - cursor->done.seq));
        }
}

void check_siem(struct doctor *d) {
        _cleanup_free_ char *folder = siem_state_folder(d->act->folder);
        _cleanup_free_ char *path = folder ? str_format("%s/%s", folder, SIEM_CURSOR_NETWORK) : NULL;
        _cleanup_config_ struct config *config = NULL;
        struct siem_settings settings;
        struct siem_cursor cursor = { 0 };
        struct error err = { 0 };
        char file[ROOT_PATH];
        int r;

        if (!path || !root_path(d->context, STATION_CONFIG, file)) {
                d->no_memory = true;
                return;
        }
        r = config_load(file, &config, &err);
        if (r == 0)
                r = siem_settings_read(config, &settings, &err);
        if (r < 0) {
                found_error(d, SEVERITY_FAIL, &err);
                return;
        }
        if (!settings.host) {
                found(d, SEVERITY_INFO, "no hay SIEM configurado: los eventos solo van al diario",
                      "no SIEM is configured: events go to the journal only");
                return;
        }
        r = siem_cursor_load(path, &cursor, &err);
        if (r == ERR_NOT_FOUND)
                found(d, SEVERITY_WARN, "no se ha enviado nada al SIEM", "nothing was ever sent to the SIEM");
        else if (r < 0)
                found_error(d, SEVERITY_WARN, &err);
        else
                judge_cursor(d, &cursor);
}
