#include <stdlib.h>
#include <string.h>

#include "alert/news.h"
#include "base/str.h"

const char *const alert_channel_names[ALERT_CHANNELS] = { [CHANNEL_HOOK] = "hook", [CHANNEL_MAIL] = "mail" };

/* A mistyped key must not leave somebody waiting in silence. */
static int check_key(void *context, const char *section, const char *key, const char *value) {
        static const char *const known[] = { "hook", "mail", "from", "sendmail", "level" };

        (void) value;
        if (strcmp(section, "alert") != 0)
                return 0;
        for (size_t i = 0; i < COUNT(known); i++)
                if (strcmp(known[i], key) == 0)
                        return 0;
        return fail(context, ERR_USAGE, "[alert] %s: clave desconocida.", "[alert] %s: unknown key.", key);
}

bool alert_address_safe(const char *address) {
        static const char domain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
        static const char local[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-";
        size_t n = strspn(address, local);

        return n > 0 && *address != '-' && address[n] == '@' && address[n + 1] && address[n + 1] != '-' &&
               strspn(address + n + 1, domain) == strlen(address + n + 1) && strlen(address) <= 254;
}

static int read_addresses(const char *mail, struct alert_settings *settings, struct error *err) {
        char *at = NULL;

        settings->list = strdup(mail);
        if (!settings->list)
                return fail_memory(err);
        for (char *word = strtok_r(settings->list, " \t,", &at); word; word = strtok_r(NULL, " \t,", &at)) {
                if (!alert_address_safe(word))
                        return fail(err, ERR_USAGE, "[alert] mail: «%.80s» no es una dirección.",
                                    "[alert] mail: “%.80s” is no address.", word);
                if (settings->to_n == ALERT_ADDRESSES)
                        return fail(err, ERR_USAGE, "[alert] mail: más de %d direcciones.",
                                    "[alert] mail: over %d addresses.", ALERT_ADDRESSES);
                settings->to[settings->to_n++] = word;
        }
        if (!settings->from)
                return fail(err, ERR_USAGE, "[alert] mail: hace falta también from.",
                            "[alert] mail: from is needed too.");
        return 0;
}

static int check(const struct alert_settings *settings, struct error *err) {
        if (settings->hook && settings->hook[0] != '/')
                return fail(err, ERR_USAGE, "[alert] hook: hace falta la ruta completa de un programa.",
                            "[alert] hook: the full path of a program is needed.");
        if (settings->sendmail[0] != '/')
                return fail(err, ERR_USAGE, "[alert] sendmail: hace falta la ruta completa de un programa.",
                            "[alert] sendmail: the full path of a program is needed.");
        if (settings->from && !alert_address_safe(settings->from))
                return fail(err, ERR_USAGE, "[alert] from: «%.80s» no es una dirección.",
                            "[alert] from: “%.80s” is no address.", settings->from);
        if ((int) settings->least < GRAVITY_ALERT)
                return fail(err, ERR_USAGE, "[alert] level: tiene que ser alert o critical.",
                            "[alert] level: it must be alert or critical.");
        return 0;
}

int alert_settings_read(const struct config *config, struct alert_settings *ret, struct error *err) {
        const char *mail = config_text(config, "alert", "mail", NULL);
        struct alert_settings settings = {
                .hook = config_text(config, "alert", "hook", NULL),
                .from = config_text(config, "alert", "from", NULL),
                .sendmail = config_text(config, "alert", "sendmail", "/usr/sbin/sendmail"),
                .least = (enum gravity) term_parse(gravity_terms, GRAVITIES,
                                                   config_text(config, "alert", "level", "alert")),
        };
        int r = config_each(config, check_key, err);

        if (r == 0)
                r = check(&settings, err);
        if (r == 0 && mail)
                r = read_addresses(mail, &settings, err);
        if (r < 0) {
                alert_settings_done(&settings);
                return r;
        }
        *ret = settings;
        return 0;
}

void alert_settings_done(struct alert_settings *settings) {
        free(settings->list);
        settings->list = NULL;
        settings->to_n = 0;
}

bool alert_settings_have(const struct alert_settings *settings, enum alert_channel channel) {
        return channel == CHANNEL_HOOK ? settings->hook != NULL : settings->to_n > 0;
}
