#include "policy/terms.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

const struct term category_terms[CATEGORIES] = {
        [CATEGORY_BASICA] = { "BASICA", { "BÁSICA", "BASIC" } },
        [CATEGORY_MEDIA] = { "MEDIA", { "MEDIA", "MEDIUM" } },
        [CATEGORY_ALTA] = { "ALTA", { "ALTA", "HIGH" } },
};

const struct term classification_terms[CLASSIFICATIONS] = {
        [CLASS_PUBLICO] = { "PUBLICO", { "PÚBLICO", "PUBLIC" } },
        [CLASS_INTERNO] = { "INTERNO", { "INTERNO", "INTERNAL" } },
        [CLASS_CONFIDENCIAL] = { "CONFIDENCIAL", { "CONFIDENCIAL", "CONFIDENTIAL" } },
        [CLASS_SECRETO] = { "SECRETO", { "SECRETO", "SECRET" } },
};

const struct term medium_kind_terms[MEDIUM_KINDS] = {
        [KIND_HDD] = { "hdd", { "disco duro", "hard disk" } },
        [KIND_SSD] = { "ssd", { "SSD o memoria flash", "SSD or flash" } },
        [KIND_TAPE] = { "tape", { "cinta", "tape" } },
        [KIND_OPTICAL] = { "optical", { "óptico", "optical" } },
        [KIND_PAPER] = { "paper", { "papel", "paper" } },
};

const struct term role_terms[ROLES] = {
        { "owner", { "propietario de la información", "information owner" } },
        { "custodian", { "custodio de soportes", "media custodian" } },
        { "operator", { "operador TI", "IT operator" } },
        { "security", { "administrador de seguridad", "security administrator" } },
        { "user", { "usuario", "user" } },
        { "auditor", { "auditor", "auditor" } },
};

/* Á, Ú written as two bytes of UTF-8 become A, U. */
static void without_accents(const char *text, char *out, size_t size) {
        size_t n = 0;

        for (const unsigned char *p = (const unsigned char *) text; *p && n + 1 < size; p++) {
                if (p[0] == 0xc3 && (p[1] == 0x81 || p[1] == 0xa1)) {
                        out[n++] = 'A';
                        p++;
                } else if (p[0] == 0xc3 && (p[1] == 0x9a || p[1] == 0xba)) {
                        out[n++] = 'U';
                        p++;
                } else {
                        out[n++] = (char) *p;
                }
        }
        out[n] = '\0';
}

int term_parse(const struct term *terms, size_t n, const char *code) {
        char plain[32];

        without_accents(code, plain, sizeof plain);
        for (size_t i = 0; i < n; i++)
                if (strcasecmp(terms[i].code, plain) == 0)
                        return (int) i;
        return ERR_USAGE;
}

void roles_format(unsigned roles, char out[64]) {
        size_t used = 0;

        out[0] = '\0';
        for (size_t i = 0; i < ROLES; i++)
                if (roles & 1U << i)
                        used += (size_t) snprintf(out + used, 64 - used, "%s%s", used ? "," : "",
                                                  role_terms[i].code);
}

int roles_parse(const char *text, unsigned *ret) {
        unsigned roles = 0;

        while (*text) {
                size_t length = strcspn(text, ",");
                char word[16];
                int index;

                if (length == 0 || length >= sizeof word)
                        return ERR_USAGE;
                memcpy(word, text, length);
                word[length] = '\0';
                index = term_parse(role_terms, ROLES, word);
                if (index < 0 || roles & 1U << index)
                        return ERR_USAGE;
                roles |= 1U << index;
                text += length;
                if (*text == ',' && !*++text)
                        return ERR_USAGE;
        }
        if (!roles)
                return ERR_USAGE;
        *ret = roles;
        return 0;
}
