#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "forward/forward.h"
#include "siem/cursor.h"

static const struct text usage = {
        .es = "mpsi-siem [--store CARPETA] [--state CARPETA] [--config FICHERO]\n"
              "  --store CARPETA    el almacén del puesto (" STATION_STORE ")\n"
              "  --state CARPETA    dónde recuerda hasta dónde ha enviado (el almacén y «-siem»)\n"
              "  --config FICHERO   la configuración (" STATION_CONFIG "), sección [siem]\n"
              "  --lang es|en       idioma de sus propias líneas\n",
        .en = "mpsi-siem [--store FOLDER] [--state FOLDER] [--config FILE]\n"
              "  --store FOLDER     the station's store (" STATION_STORE ")\n"
              "  --state FOLDER     where it remembers how far it has sent (the store and “-siem”)\n"
              "  --config FILE      the configuration (" STATION_CONFIG "), section [siem]\n"
              "  --lang es|en       language of its own lines\n",
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
static int read_options(int argc, char **argv, struct forward_options *options, const char **config) {
        int c;

        while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0)
                switch (c) {
                case OPTION_STORE: options->store = optarg; break;
                case OPTION_STATE: options->state = optarg; break;
                case OPTION_CONFIG: *config = optarg; break;
                case OPTION_LANG:
                        if (!log_lang_of_option(optarg, &options->lang))
                                return ERR_USAGE;
                        break;
                case 'h': (void) fputs(text_in(usage, options->lang), stdout); return 0;
                case OPTION_VERSION: (void) puts("mpsi-siem " MPSI_VERSION); return 0;
                default: return ERR_USAGE;
                }
        return optind == argc ? 1 : ERR_USAGE;
}

static int run(struct forward_options *options, const char *path, struct error *err) {
        _cleanup_config_ struct config *config = NULL;
        _cleanup_free_ char *state = NULL;
        int r = secret_arena_start(err);

        if (r == 0)
                r = config_load(path, &config, err);
        if (r < 0)
                return r;
        if (!options->store)
                options->store = config_text(config, "station", "store", STATION_STORE);
        state = siem_state_folder(options->store);
        r = state ? 0 : fail_memory(err);
        if (r == 0)
                r = siem_settings_read(config, &options->settings, err);
        if (r < 0)
                return r;
        if (!options->settings.host && !options->settings.journal)
                return fail(err, ERR_USAGE, "[siem]: ni host ni journal; no hay nada que hacer.",
                            "[siem]: neither host nor journal; there is nothing to do.");
        if (!options->state)
                options->state = state;
        return forward_run(options, err);
}

int main(int argc, char **argv) {
        struct forward_options options = { .lang = log_lang_of_locale() };
        const char *config = STATION_CONFIG;
        struct error err = { 0 };
        int r = read_options(argc, argv, &options, &config);

        log_start("mpsi-siem", options.lang);
        if (r == ERR_USAGE)
                (void) fputs(text_in(usage, options.lang), stderr);
        if (r <= 0)
                return -r;
        r = run(&options, config, &err);
        if (r < 0) {
                log_problem(LOG_ERR, config, &err);
                return -r;
        }
        return EXIT_SUCCESS;
}
