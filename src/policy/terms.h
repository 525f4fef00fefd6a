/* The vocabulary of the field: categories, classifications, kinds of media and roles, each with its code (as
 * stored, typed and put into JSON) and its printed name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* ENS category of the system that the medium belongs to (RD 311/2022, annex I). */
enum category { CATEGORY_BASICA, CATEGORY_MEDIA, CATEGORY_ALTA, CATEGORIES };

/* Classification of what the medium holds, in rising order. */
enum classification { CLASS_PUBLICO, CLASS_INTERNO, CLASS_CONFIDENCIAL, CLASS_SECRETO, CLASSIFICATIONS };

/* Kinds in the sanitization matrix S1. */
enum medium_kind { KIND_HDD, KIND_SSD, KIND_TAPE, KIND_OPTICAL, KIND_PAPER, MEDIUM_KINDS };

/* Roles are bits: a person may hold several, but never auditor with another one (op.acc.3). */
enum role {
        ROLE_OWNER = 1 << 0,     /* propietario de la información */
        ROLE_CUSTODIAN = 1 << 1, /* custodio */
        ROLE_OPERATOR = 1 << 2,  /* operador TI */
        ROLE_SECURITY = 1 << 3,  /* administrador de seguridad */
        ROLE_USER = 1 << 4,
        ROLE_AUDITOR = 1 << 5,
        ROLE_ANY = (1 << 6) - 1,
};
enum { ROLES = 6 };

struct term {
        const char *code; /* stable, ASCII, lower or upper case as the source document writes it */
        struct text name; /* as printed */
};

extern const struct term category_terms[CATEGORIES];
extern const struct term classification_terms[CLASSIFICATIONS];
extern const struct term medium_kind_terms[MEDIUM_KINDS];
extern const struct term role_terms[ROLES]; /* index = bit number */
extern const struct term role_words[ROLES]; /* the same in one word, for tables and lists */

/* The index of a code, case-insensitive and with or without the accent of PÚBLICO/BÁSICA; ERR_USAGE if none. */
int term_parse(const struct term *terms, size_t n, const char *code);

/* Whether two names are the same to whoever types them: case, accents, and "-" for a space do not matter. */
bool term_alike(const char *a, const char *b);
/* The index of what a person typed: a code, or the name in either language, "-" for a space too. ERR_USAGE when it
 * is none, or the name of more than one. */
int term_find(const struct term *terms, size_t n, const char *text);
/* The name of a code; the code itself when it is none of the table. */
const char *term_name(const struct term *terms, size_t n, const char *code, enum lang lang);
/* Both names, where a message takes one in each of its formats: "%s%.0s" and "%.0s%s". */
#define TERM_NAMES(terms, code)                                                                                    \
        term_name(terms, sizeof(terms) / sizeof((terms)[0]), code, LANG_ES),                                       \
                term_name(terms, sizeof(terms) / sizeof((terms)[0]), code, LANG_EN)
/* A text of codes, such as "owner,custodian" or "origin (valid)", in their names; one that holds anything else
 * stays as it is. New string or NULL. */
char *terms_named(const struct term *terms, size_t n, const char *text, enum lang lang);

/* "owner,custodian" from role bits, in table order; out holds 64 bytes. */
void roles_format(unsigned roles, char out[64]);
/* The same in words, "propietario, custodio"; out holds ROLES_TEXT bytes. */
enum { ROLES_TEXT = 96 };
void roles_named(unsigned roles, enum lang lang, char out[ROLES_TEXT]);
/* The inverse of both. 0 or ERR_USAGE (unknown or repeated role). */
int roles_parse(const char *text, unsigned *ret);
