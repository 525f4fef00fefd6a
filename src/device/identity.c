#include "device/identity.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/str.h"
#include "device/text.h"
#include "policy/rule.h"

const struct term identity_terms[IDENTITIES] = {
        [IDENTITY_NONE] = { "none", { "ninguna", "none" } },
        [IDENTITY_INSERTION] = { "insertion", { "esta misma inserción", "this same insertion" } },
        [IDENTITY_SERIAL] = { "serial", { "número de serie", "serial number" } },
        [IDENTITY_WWN] = { "wwn", { "WWN", "WWN" } },
        [IDENTITY_LUKS_UUID] = { "luks-uuid", { "UUID de LUKS", "LUKS UUID" } },
};

enum { IDENTITY_DIGEST = 32 };

static bool both_know(const char *a, const char *b) {
        return !str_empty(a) && !str_empty(b);
}

/* In this file, not beside device_text(): mpsi-gate, which uses that one, does without libcrypto. */
void device_text_identity(const char *said, char *out, size_t size) {
        char digest[SHA256_TEXT] = "";

        device_text(said, out, size);
        /* device_text() makes a plain text shorter by spaces only. */
        if (str_empty(said) || (text_is_plain(said) && strlen(said) < size))
                return;
        if (sha256_text(said, strlen(said), digest) < 0) {
                out[0] = '\0'; /* nothing is known rather than something that others may share */
                return;
        }
        digest[IDENTITY_DIGEST] = '\0';
        out[size - IDENTITY_DIGEST - 2] = '\0';
        utf8_trim(out);
        (void) snprintf(out + strlen(out), size - strlen(out), "~%s", digest);
}

int identity_match(const struct device_facts *facts, const struct known_identity *known, enum identity *ret,
                   struct error *err) {
        /* Strongest first. An insertion that differs proves nothing: it changes at every plug-in. */
        const struct {
                enum identity identity;
                const char *device, *registered;
                bool must_agree;
        } signs[] = {
                { IDENTITY_LUKS_UUID, facts->luks_uuid, known->luks_uuid, true },
                { IDENTITY_WWN, facts->wwn, known->wwn, true },
                { IDENTITY_SERIAL, facts->serial, known->serial, true },
                { IDENTITY_INSERTION, facts->insertion, known->insertion, false },
        };
        enum identity strongest = IDENTITY_NONE;

        if (known->size > 0 && facts->size != known->size &&
            (known->whole_size == 0 || facts->size != known->whole_size))
                return refuse(err, ERR_REFUSED, "S6", "«%s» mide %lld bytes y el soporte registrado %lld.",
                              "“%s” holds %lld bytes and the registered medium %lld.", facts->path,
                              (long long) facts->size, (long long) known->size);
        for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
                if (!both_know(signs[i].device, signs[i].registered))
                        continue;
                if (strcasecmp(signs[i].device, signs[i].registered) == 0) {
                        if (strongest == IDENTITY_NONE)
                                strongest = signs[i].identity;
                } else if (signs[i].must_agree) {
                        return refuse(err, ERR_REFUSED, "S6",
                                      "La identidad de «%s» no es la registrada: dice «%s», se esperaba «%s».",
                                      "“%s” is not the registered medium: it says “%s”, “%s” was expected.",
                                      facts->path, signs[i].device, signs[i].registered);
                }
        }
        if (strongest == IDENTITY_NONE)
                return refuse(err, ERR_REFUSED, "S6", "Nada demuestra que «%s» sea el soporte registrado.",
                              "Nothing shows that “%s” is the registered medium.", facts->path);
        *ret = strongest;
        return 0;
}
