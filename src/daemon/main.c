#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/sender.h"

static const struct text usage = {
        .es = "mpsid [--config FICHERO] [--store CARPETA] [--socket RUTA] [--account CUENTA] [--devices PATRÓN]… "
              "[--audit-only]\n"
              "  --config FICHERO   configuración del puesto (" STATION_CONFIG ")\n"
              "  --store CARPETA    el almacén del puesto (" STATION_STORE ")\n"
              "  --socket RUTA      dónde atiende a los clientes, si systemd no le pasa un socket\n"
              "  --account CUENTA   quién es dueño del almacén (" STATION_USER ", si existe)\n"
              "  --devices PATRÓN   juzga también los dispositivos cuyo nombre casa, como loop* (repetible)\n"
              "  --audit-only       juzga y anota, pero no protege nada contra escritura\n"
              "  --foreground       no hace falta: nunca se va al fondo\n"
              "  --lang es|en       idioma de los mensajes\n",
        .en = "mpsid [--config FILE] [--store FOLDER] [--socket PATH] [--account NAME] [--devices PATTERN]… "
              "[--audit-only]\n"
              "  --config FILE      the station's configuration (" STATION_CONFIG ")\n"
              "  --store FOLDER     the station's store (" STATION_STORE ")\n"
              "  --socket PATH      where it serves clients, when systemd hands no socket over\n"
              "  --account NAME     who owns the store (" STATION_USER ", where it exists)\n"
              "  --devices PATTERN  also judges devices whose kernel name matches, such as loop* (repeatable)\n"
              "  --audit-only       judges and records, but makes nothing read-only\n"
              "  --foreground       not needed: it never goes to the background\n"
              "  --lang es|en       language of the messages\n",
};

enum long_option {
        OPTION_FOREGROUND = 256,
        OPTION_STORE,
        OPTION_CONFIG,
        OPTION_SOCKET,
        OPTION_ACCOUNT,
        OPTION_DEVICES,
        OPTION_AUDIT,
        OPTION_LANG,
        OPTION_ORDER,
        OPTION_VERSION
};

static const struct option long_options[] = {
        { "foreground", no_argument, NULL, OPTION_FOREGROUND },
        { "store", required_argument, NULL, OPTION_STORE },
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "socket", required_argument, NULL, OPTION_SOCKET },
        { "account", required_argument, NULL, OPTION_ACCOUNT },
        { "devices", required_argument, NULL, OPTION_DEVICES },
        { "audit-only", no_argument, NULL, OPTION_AUDIT },
        { "lang", required_argument, NULL, OPTION_LANG },
        { "order", no_argument, NULL, OPTION_ORDER }, /* for mpsid-order@.service */
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, OPTION_VERSION },
        { NULL, 0, NULL, 0 },
};

/* 1 to go on, 0 when all is said, ERR_USAGE. */
static int read_options(int argc, char **argv, struct daemon_options *options) {
        int c;

        while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0)
                switch (c) {
                case OPTION_FOREGROUND: break;
                case OPTION_CONFIG: options->config = optarg; break;
                case OPTION_SOCKET: options->socket = optarg; break;
                case OPTION_ACCOUNT: options->account = optarg; break;
                case OPTION_STORE: options->store = optarg; break;
                case OPTION_ORDER: options->order = true; break;
                case OPTION_AUDIT: options->audit_only = true; break;
                case OPTION_DEVICES:
                        if (options->patterns_n == DAEMON_PATTERNS)
                                return ERR_USAGE;
                        options->patterns[options->patterns_n++] = optarg;
                        break;
                case OPTION_LANG:
                        if (!log_lang_of_option(optarg, &options->lang))
                                return ERR_USAGE;
                        break;
                case 'h': (void) fputs(text_in(usage, options->lang), stdout); return 0;
                case OPTION_VERSION: (void) puts("mpsid " MPSI_VERSION); return 0;
                default: return ERR_USAGE;
                }
        return optind == argc ? 1 : ERR_USAGE;
}

int main(int argc, char **argv) {
        struct daemon_options options = { .lang = log_lang_of_locale() };
        struct error err = { 0 };
        int r = read_options(argc, argv, &options);

        log_start("mpsid", options.lang);
        if (r == ERR_USAGE)
                (void) fputs(text_in(usage, options.lang), stderr);
        if (r <= 0)
                return -r;
        if (options.order)
                return sender_serve(STDIN_FILENO);
        r = daemon_run(&options, &err);
        if (r < 0) {
                log_problem(LOG_ERR, "mpsid", &err);
                return -r;
        }
        return EXIT_SUCCESS;
}
