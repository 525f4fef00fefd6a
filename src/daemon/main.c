#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "daemon/daemon.h"
#include "daemon/log.h"

static enum lang lang_of_locale(void) {
        static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const char *value = getenv(names[i]);

                if (value && *value)
                        return strncmp(value, "en", 2) == 0 ? LANG_EN : LANG_ES;
        }
        return LANG_ES;
}

static const struct text usage = {
        .es = "mpsid --foreground --store CARPETA [--devices PATRÓN]… [--audit-only]\n"
              "  --foreground       se queda en primer plano (quien lo lanza lo supervisa)\n"
              "  --store CARPETA    el almacén del puesto\n"
              "  --devices PATRÓN   mira solo los dispositivos cuyo nombre casa, como sd* (repetible)\n"
              "  --audit-only       juzga y anota, pero no protege nada contra escritura\n"
              "  --lang es|en       idioma de los mensajes\n",
        .en = "mpsid --foreground --store FOLDER [--devices PATTERN]… [--audit-only]\n"
              "  --foreground       stays in the foreground (whoever starts it watches over it)\n"
              "  --store FOLDER     the station's store\n"
              "  --devices PATTERN  looks only at devices whose kernel name matches, such as sd* (repeatable)\n"
              "  --audit-only       judges and records, but makes nothing read-only\n"
              "  --lang es|en       language of the messages\n",
};

enum long_option {
        OPTION_FOREGROUND = 256,
        OPTION_STORE,
        OPTION_DEVICES,
        OPTION_AUDIT,
        OPTION_LANG,
        OPTION_VERSION
};

static const struct option long_options[] = {
        { "foreground", no_argument, NULL, OPTION_FOREGROUND }, { "store", required_argument, NULL, OPTION_STORE },
        { "devices", required_argument, NULL, OPTION_DEVICES }, { "audit-only", no_argument, NULL, OPTION_AUDIT },
        { "lang", required_argument, NULL, OPTION_LANG },       { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, OPTION_VERSION },       { NULL, 0, NULL, 0 },
};

/* 1 to go on, 0 when all is said, ERR_USAGE. */
static int read_options(int argc, char **argv, struct daemon_options *options) {
        bool foreground = false;
        int c;

        while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0)
                switch (c) {
                case OPTION_FOREGROUND: foreground = true; break;
                case OPTION_STORE: options->store = optarg; break;
                case OPTION_AUDIT: options->audit_only = true; break;
                case OPTION_DEVICES:
                        if (options->patterns_n == DAEMON_PATTERNS)
                                return ERR_USAGE;
                        options->patterns[options->patterns_n++] = optarg;
                        break;
                case OPTION_LANG:
                        if (strcmp(optarg, "es") != 0 && strcmp(optarg, "en") != 0)
                                return ERR_USAGE;
                        options->lang = strcmp(optarg, "en") == 0 ? LANG_EN : LANG_ES;
                        break;
                case 'h': (void) fputs(text_in(usage, options->lang), stdout); return 0;
                case OPTION_VERSION: (void) puts("mpsid " MPSI_VERSION); return 0;
                default: return ERR_USAGE;
                }
        return foreground && options->store && optind == argc ? 1 : ERR_USAGE;
}

int main(int argc, char **argv) {
        struct daemon_options options = { .lang = lang_of_locale() };
        struct error err = { 0 };
        int r = read_options(argc, argv, &options);

        log_lang(options.lang);
        if (r == ERR_USAGE)
                (void) fputs(text_in(usage, options.lang), stderr);
        if (r <= 0)
                return -r;
        r = secret_arena_start(&err);
        if (r == 0)
                r = daemon_run(&options, &err);
        if (r < 0) {
                log_problem(LOG_ERR, options.store, &err);
                return -r;
        }
        return EXIT_SUCCESS;
}
