/* mpsi-alert: what a timer runs every minute. It reads the store and tells of what is news. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "alert/news.h"
#include "api/store.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"

enum { PROGRAM_SECONDS = 30 };

static const struct text usage = {
        .es = "mpsi-alert [--store CARPETA] [--state CARPETA] [--config FICHERO]\n"
              "  --store CARPETA    el almacén del puesto (" STATION_STORE ")\n"
              "  --state CARPETA    dónde recuerda de qué ha avisado (el almacén y «-alert»)\n"
              "  --config FICHERO   la configuración (" STATION_CONFIG "), sección [alert]\n"
              "  --lang es|en       idioma de sus propias líneas; los avisos van en el del almacén\n",
        .en = "mpsi-alert [--store FOLDER] [--state FOLDER] [--config FILE]\n"
              "  --store FOLDER     the station's store (" STATION_STORE ")\n"
              "  --state FOLDER     where it remembers what it has told (the store and “-alert”)\n"
              "  --config FILE      the configuration (" STATION_CONFIG "), section [alert]\n"
              "  --lang es|en       language of its own lines; what it sends is in the store's\n",
};

struct options {
        const char *store, *state, *config;
        enum lang lang;
};

enum long_option { OPTION_STORE = 256, OPTION_STATE, OPTION_CONFIG, OPTION_LANG, OPTION_VERSION };

static const struct option long_options[] = {
        { "store", required_argument, NULL, OPTION_STORE },
        { "state", required_argument, NULL, OPTION_STATE },
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "lang", required_argument, NULL, OPTION_LANG },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, OPTION_VERSION },
        { NULL, 0, NULL, 0 },
};

/* 1 to go on, 0 when all is said, ERR_USAGE. */
static int read_options(int argc, char **argv, struct options *options) {
        int c;

        while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0)
                switch (c) {
                case OPTION_STORE: options->store = optarg; break;
                case OPTION_STATE: options->state = optarg; break;
                case OPTION_CONFIG: options->config = optarg; break;
                case OPTION_LANG:
                        if (!log_lang_of_option(optarg, &options->lang))
                                return ERR_USAGE;
                        break;
                case 'h': (void) fputs(text_in(usage, options->lang), stdout); return 0;
                case OPTION_VERSION: (void) puts("mpsi-alert " MPSI_VERSION); return 0;
                default: return ERR_USAGE;
                }
        return optind == argc ? 1 : ERR_USAGE;
}

/* --- state ------------------------------------------------------------------------------------------------- */

/* One at a time: a second one would tell everything twice. -1 when another is at work. */
static int lock(const char *folder, int *ret, struct error *err) {
        _cleanup_free_ char *path = str_format("%s/lock", folder);
        int fd, r = dir_make(folder, 0700, err);

        if (r < 0 || !path)
                return r < 0 ? r : fail_memory(err);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede escribir en «%s»", "“%s” can't be written", folder);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                (void) close(fd);
                return fail(err, ERR_BUSY, "Otro mpsi-alert está avisando.", "Another mpsi-alert is at work.");
        }
        *ret = fd;
        return 0;
}

/* What can't be understood is kept aside and everything is told again: too much rather than nothing. */
static int load_state(const char *path, json_t **ret, struct error *err) {
        _cleanup_free_ char *aside = str_format("%s.bad", path);
        struct error trouble = { 0 };
        int r = alert_state_load(path, ret, &trouble);

        if (r == ERR_VERIFY) {
                log_problem(LOG_WARNING, path, &trouble);
                if (!aside || rename(path, aside) < 0)
                        return fail_errno(err, errno, "No se puede apartar «%s»", "“%s” can't be put aside", path);
        }
        if (r == ERR_VERIFY || r == ERR_NOT_FOUND) {
                *ret = alert_state_new();
                return *ret ? 0 : fail_memory(err);
        }
        if (r < 0)
                *err = trouble;
        return r;
}

/* --- telling ----------------------------------------------------------------------------------------------- */

static int deliver(const struct act *act, const struct alert_settings *settings, enum alert_channel channel,
                   const json_t *news, struct error *err) {
        const char *argv[ALERT_ADDRESSES + 6] = { channel == CHANNEL_HOOK ? settings->hook : settings->sendmail };
        _cleanup_free_ char *message = NULL;
        size_t n = 1;
        int r;

        if (channel == CHANNEL_HOOK) {
                r = alert_news_json(act, news, &message, err);
        } else {
                argv[n++] = "-i";
                argv[n++] = "-f";
                argv[n++] = settings->from;
                argv[n++] = "--";
                for (size_t i = 0; i < settings->to_n; i++)
                        argv[n++] = settings->to[i];
                r = alert_news_mail(act, news, settings, &message, err);
        }
        return r < 0 ? r : alert_run(argv, message, PROGRAM_SECONDS, err);
}

/* A channel that fails is tried again later, and keeps the other one waiting for nothing. */
static int deliver_all(const struct act *act, const struct alert_settings *settings, const char *path,
                       json_t *state, struct error *err) {
        int failed = 0;

        for (int c = 0; c < ALERT_CHANNELS; c++) {
                const json_t *news = alert_news_waiting(state, (enum alert_channel) c, act_now(act));
                struct error trouble = { 0 };
                int r;

                if (!news || !alert_settings_have(settings, (enum alert_channel) c))
                        continue;
                r = deliver(act, settings, (enum alert_channel) c, news, &trouble);
                if (r == 0)
                        log_line(LOG_INFO, "%zu avisos enviados por %s", "%zu notices sent by %s",
                                 json_array_size(news), alert_channel_names[c]);
                else
                        log_problem(LOG_ERR, alert_channel_names[c], &trouble);
                failed |= r < 0;
                r = r == 0 ? alert_news_delivered(state, (enum alert_channel) c, err)
                           : alert_news_failed(state, (enum alert_channel) c, act_now(act), err);
                if (r == 0)
                        r = alert_state_save(path, state, err);
                if (r < 0)
                        return r;
        }
        return failed;
}

static int tell(const struct store *store, const char *folder, const struct alert_settings *settings,
                const char *state_folder, struct error *err) {
        struct act act = { .folder = folder,
                           .db = store->db,
                           .ledger = store->ledger,
                           .clock = &clock_system,
                           .station = store->station.name,
                           .site = store->station.site,
                           .organisation = store->station.organisation,
                           .station_certificate = store->station.certificate,
                           .ca_certificate = store->station.ca_certificate,
                           .recovery_certificate = store->station.recovery_certificate,
                           .lang = store->station.lang };
        _cleanup_json_ json_t *list = NULL, *state = NULL;
        _cleanup_free_ char *path = str_format("%s/state.json", state_folder);
        size_t changes = 0;
        int r = path ? load_state(path, &state, err) : fail_memory(err);

        if (r == 0)
                r = alerts_list(&act, &list, err);
        if (r == 0)
                r = alert_news_take(state, list, settings, act_now(&act), &changes, err);
        if (r == 0 && changes)
                r = alert_state_save(path, state, err);
        return r < 0 ? r : deliver_all(&act, settings, path, state, err);
}

static int run(struct options *options, struct error *err) {
        _cleanup_config_ struct config *config = NULL;
        _cleanup_free_ char *own = NULL;
        struct alert_settings settings = { 0 };
        struct store store = { 0 };
        int fd = -1, r = secret_arena_start(err);

        if (r == 0)
                r = config_load(options->config, &config, err);
        if (r == 0)
                r = alert_settings_read(config, &settings, err);
        if (r < 0 || (!settings.hook && !settings.to_n)) {
                alert_settings_done(&settings);
                return r;
        }
        if (!options->store)
                options->store = config_text(config, "station", "store", STATION_STORE);
        own = alert_state_folder(options->store);
        if (!options->state)
                options->state = own;
        r = options->state ? lock(options->state, &fd, err) : fail_memory(err);
        if (r == 0)
                r = store_open(options->store, &clock_system, false, &store, err);
        if (r == 0)
                r = tell(&store, options->store, &settings, options->state, err);
        store_close(&store);
        if (fd >= 0)
                (void) close(fd);
        alert_settings_done(&settings);
        return r;
}

int main(int argc, char **argv) {
        struct options options = { .config = STATION_CONFIG, .lang = log_lang_of_locale() };
        struct error err = { 0 };
        int r = read_options(argc, argv, &options);

        log_start("mpsi-alert", options.lang);
        if (r == ERR_USAGE)
                (void) fputs(text_in(usage, options.lang), stderr);
        if (r <= 0)
                return -r;
        r = run(&options, &err);
        if (r < 0) {
                log_problem(LOG_ERR, options.config, &err);
                return -r;
        }
        return r; /* 1 when a delivery failed */
}
