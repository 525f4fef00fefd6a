/* [siem] of the station's configuration. */
#pragma once

#include <stdbool.h>

#include "base/config.h"

struct siem_settings {
        const char *host; /* NULL: no network, the journal only */
        const char *port;
        bool tls, cef, journal;
        const char *ca;          /* PEM; NULL: the system's authorities */
        const char *certificate; /* of this client, PEM; NULL: none */
        const char *key;
        int facility;
};

/* Texts are borrowed from the configuration. ERR_USAGE names the key. */
int siem_settings_read(const struct config *config, struct siem_settings *ret, struct error *err);
