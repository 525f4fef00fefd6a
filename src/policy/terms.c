#include "policy/terms.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
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

const struct term role_words[ROLES] = {
        { "owner", { "propietario", "owner" } },
        { "custodian", { "custodio", "custodian" } },
        { "operator", { "operador TI", "operator" } },
        { "security", { "seguridad", "security" } },
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

/* The next character of a name as it is compared: lower case, a space as "-", a letter of Spanish without its
 * accent. */
static char plain(const char **text) {
        static const char *const accented[] = { "áÁ", "éÉ", "íÍ", "óÓ", "úÚ", "üÜ", "ñÑ" };
        const char *at = *text;

        if ((unsigned char) *at == 0xc3)
                for (size_t i = 0; i < COUNT(accented); i++)
                        for (const char *one = accented[i]; *one; one += 2)
                                if (one[1] == at[1]) {
                                        *text = at + 2;
                                        return "aeiouun"[i];
                                }
        *text = at + 1;
        return *at == ' ' ? '-' : (char) tolower((unsigned char) *at);
}

bool term_alike(const char *a, const char *b) {
        while (*a && *b)
                if (plain(&a) != plain(&b))
                        return false;
        return !*a && !*b;
}

int term_find(const struct term *terms, size_t n, const char *text) {
        int found = term_parse(terms, n, text);

        if (found >= 0)
                return found;
        for (size_t i = 0; i < n; i++)
                if (term_alike(terms[i].name.es, text) || term_alike(terms[i].name.en, text)) {
                        if (found >= 0)
                                return ERR_USAGE;
                        found = (int) i;
                }
        return found;
}

/* A code as it is written, not as somebody may type it. */
static int term_of(const struct term *terms, size_t n, const char *code) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(terms[i].code, code) == 0)
                        return (int) i;
        return ERR_USAGE;
}

const char *term_name(const struct term *terms, size_t n, const char *code, enum lang lang) {
        int i = term_of(terms, n, code);

        return i < 0 ? code : text_in(terms[i].name, lang);
}

char *terms_named(const struct term *terms, size_t n, const char *text, enum lang lang) {
        static const char between[] = ", :()";
        char *named = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&named, &size);
        bool known = out;

        for (const char *at = text; known && *at;) {
                size_t length = strcspn(at, between), gap = strspn(at + length, between);
                _cleanup_free_ char *word = strndup(at, length);
                int i = word && length ? term_of(terms, n, word) : -1;

                known = i >= 0 || (word && length == 0);
                if (known)
                        (void) fprintf(out, "%s%.*s%s", i < 0 ? "" : text_in(terms[i].name, lang), (int) gap,
                                       at + length, gap == 1 && at[length] == ',' ? " " : "");
                at += length + gap;
        }
        if (out && fclose(out) != 0)
                known = false;
        if (known)
                return named;
        free(named);
        return strdup(text);
}

void roles_format(unsigned roles, char out[64]) {
        size_t used = 0;

        out[0] = '\0';
        for (size_t i = 0; i < ROLES; i++)
                if (roles & 1U << i)
                        used += (size_t) snprintf(out + used, 64 - used, "%s%s", used ? "," : "",
                                                  role_terms[i].code);
}

void roles_named(unsigned roles, enum lang lang, char out[ROLES_TEXT]) {
        size_t used = 0;

        out[0] = '\0';
        for (size_t i = 0; i < ROLES; i++)
                if (roles & 1U << i)
                        used += (size_t) snprintf(out + used, ROLES_TEXT - used, "%s%s", used ? ", " : "",
                                                  text_in(role_words[i].name, lang));
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
                index = term_find(role_words, ROLES, word);
                if (index < 0 || roles & 1U << index)
                        return ERR_USAGE;
                roles |= 1U << index;
                text += length;
                if (*text == ',' && !*++text)
                        return ERR_USAGE;
                text += strspn(text, " ");
        }
        if (!roles)
                return ERR_USAGE;
        *ret = roles;
        return 0;
}
