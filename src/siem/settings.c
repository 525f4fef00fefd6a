#include "siem/settings.h"

#include <stdlib.h>
#include <string.h>

#include "siem/message.h"

static const char *const known[] = { "host",     "port", "transport",          "format",
                                     "facility", "ca",   "client-certificate", "client-key",
                                     "journal" };

/* A mistyped key must not leave a SIEM waiting in silence. */
static int check_key(void *context, const char *section, const char *key, const char *value) {
        (void) value;
        if (strcmp(section, "siem") != 0)
                return 0;
        for (size_t i = 0; i < COUNT(known); i++)
                if (strcmp(known[i], key) == 0)
                        return 0;
        return fail(context, ERR_USAGE, "[siem] %s: clave desconocida.", "[siem] %s: unknown key.", key);
}

/* One of two words. */
static int choose(const struct config *config, const char *key, const char *yes, const char *no, bool *ret,
                  struct error *err) {
        const char *value = config_text(config, "siem", key, yes);

        *ret = strcmp(value, yes) == 0;
        if (*ret || strcmp(value, no) == 0)
                return 0;
        return fail(err, ERR_USAGE, "[siem] %s = %s: tiene que ser %s o %s.",
                    "[siem] %s = %s: it must be %s or %s.", key, value, yes, no);
}

static int check(const struct siem_settings *settings, struct error *err) {
        char *end;
        long port = strtol(settings->port, &end, 10);

        if (*end || port < 1 || port > 65535)
                return fail(err, ERR_USAGE, "[siem] port = %s: no es un puerto.", "[siem] port = %s: not a port.",
                            settings->port);
        if (!settings->certificate != !settings->key)
                return fail(err, ERR_USAGE, "[siem]: client-certificate y client-key van juntas.",
                            "[siem]: client-certificate and client-key go together.");
        if (!settings->tls && (settings->ca || settings->certificate))
                return fail(err, ERR_USAGE, "[siem]: con transport = tcp no hay certificados.",
                            "[siem]: with transport = tcp there are no certificates.");
        return 0;
}

int siem_settings_read(const struct config *config, struct siem_settings *ret, struct error *err) {
        struct siem_settings settings = {
                .host = config_text(config, "siem", "host", NULL),
                .port = config_text(config, "siem", "port", "6514"),
                .ca = config_text(config, "siem", "ca", NULL),
                .certificate = config_text(config, "siem", "client-certificate", NULL),
                .key = config_text(config, "siem", "client-key", NULL),
        };
        const char *facility = config_text(config, "siem", "facility", "audit");
        bool plain_format;
        int r = config_each(config, check_key, err);

        if (r == 0)
                r = choose(config, "transport", "tls", "tcp", &settings.tls, err);
        if (r == 0)
                r = choose(config, "format", "rfc5424", "cef", &plain_format, err);
        if (r == 0)
                r = choose(config, "journal", "yes", "no", &settings.journal, err);
        if (r < 0)
                return r;
        settings.cef = !plain_format;
        settings.facility = siem_facility(facility);
        if (settings.facility < 0)
                return fail(err, ERR_USAGE, "[siem] facility = %s: no existe.", "[siem] facility = %s: unknown.",
                            facility);
        r = check(&settings, err);
        if (r == 0)
                *ret = settings;
        return r;
}
