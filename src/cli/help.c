/* Help, completion, man page and reference: all from the table of verbs. */
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/str.h"
#include "cli/cli.h"
#include "policy/rule.h"

static const char *value_name(const struct param *param, enum lang lang) {
        static const struct text names[] = {
                [PARAM_TEXT] = { "TEXTO", "TEXT" },
                [PARAM_INT] = { "N", "N" },
                [PARAM_FLAG] = { "", "" },
                [PARAM_DATE] = { "AAAA-MM-DD", "YYYY-MM-DD" },
                [PARAM_TERM] = { "", "" },
                [PARAM_MEDIUM] = { "SOPORTE", "MEDIUM" },
                [PARAM_PERSON] = { "PERSONA", "PERSON" },
                [PARAM_NAME] = { "NOMBRE", "NAME" },
                [PARAM_DEVICE] = { "DISPOSITIVO", "DEVICE" },
                [PARAM_INPUT] = { "FICHERO", "FILE" },
                [PARAM_OUTPUT] = { "FICHERO", "FILE" },
        };

        return text_in(names[param->type], lang);
}

enum { VALUE_TEXT = 1024 };

/* Whether a reader of the language would not know a code by itself. */
static bool named(const struct param *param, enum lang lang) {
        for (size_t i = 0; i < param->terms_n; i++)
                if (!term_alike(param->terms[i].code, text_in(param->terms[i].name, lang)))
                        return true;
        return false;
}

/* What the codes mean, a line each: what a table shows can be typed too. */
static void put_names(const struct param *param, enum lang lang) {
        for (size_t i = 0; i < param->terms_n && named(param, lang); i++)
                (void) printf("  %-22s%-20s %s\n", "", param->terms[i].code, text_in(param->terms[i].name, lang));
}

/* "a|b|c" or the kind of value. */
static void value_text(const struct param *param, enum lang lang, char out[VALUE_TEXT]) {
        size_t used = 0;

        out[0] = '\0';
        if (param->type != PARAM_TERM) {
                (void) snprintf(out, VALUE_TEXT, "%s", value_name(param, lang));
                return;
        }
        for (size_t i = 0; i < param->terms_n && used < VALUE_TEXT - 1; i++)
                used += (size_t) snprintf(out + used, VALUE_TEXT - used, "%s%s", used ? "|" : "",
                                          param->terms[i].code);
}

static void usage_line(const struct verb *verb, enum lang lang, FILE *out) {
        char value[VALUE_TEXT];

        (void) fprintf(out, "mpsi %s%s%s", verb->noun, *verb->name ? " " : "", verb->name);
        for (size_t i = 0; i < verb->params_n; i++) {
                const struct param *param = &verb->params[i];
                bool needed = param->flags & PARAM_REQUIRED;

                value_text(param, lang, value);
                (void) fputs(needed ? " " : " [", out);
                if (param->flags & PARAM_POSITIONAL)
                        (void) fputs(param->type == PARAM_TEXT ? param->name : value, out);
                else
                        (void) fprintf(out, "--%s%s%s", param->name, *value ? " " : "", value);
                (void) fprintf(out, "%s%s", param->flags & PARAM_REPEATED ? "…" : "", needed ? "" : "]");
        }
        (void) fputc('\n', out);
}

void help_verb(const struct verb *verb, enum lang lang) {
        char roles[ROLES_TEXT], value[VALUE_TEXT];

        usage_line(verb, lang, stdout);
        (void) printf("\n  %s.\n", text_in(verb->help, lang));
        roles_named(verb->roles, lang, roles);
        if (verb->roles != ROLE_ANY)
                (void) printf("  %s: %s\n", "Roles", roles);
        if (verb->params_n)
                (void) putchar('\n');
        for (size_t i = 0; i < verb->params_n; i++) {
                const struct param *param = &verb->params[i];

                value_text(param, lang, value);
                if (named(param, lang))
                        *value = '\0';
                (void) printf("  %s%-18s %s%s%s%s\n", param->flags & PARAM_POSITIONAL ? "  " : "--", param->name,
                              text_in(param->help, lang), *value ? " (" : "", value, *value ? ")" : "");
                put_names(param, lang);
        }
}

struct listing {
        enum lang lang;
        const char *noun, *last;
};

static int list_verb(void *context, const struct verb *verb) {
        struct listing *listing = context;
        _cleanup_free_ char *name = str_format("%s%s%s", verb->noun, *verb->name ? " " : "", verb->name);

        if (listing->noun && strcmp(listing->noun, verb->noun) != 0)
                return 0;
        if (!listing->noun && listing->last && strcmp(listing->last, verb->noun) != 0)
                (void) putchar('\n');
        listing->last = verb->noun;
        (void) printf("  %-24s %s\n", name ? name : "", text_in(verb->help, listing->lang));
        return 0;
}

void help_noun(const char *noun, enum lang lang) {
        struct listing listing = { .lang = lang, .noun = noun };

        (void) verbs_each(list_verb, &listing);
        (void) printf("\n%s\n", lang == LANG_EN ? "mpsi NOUN VERB --help says all of one."
                                                : "mpsi NOMBRE VERBO --help lo dice todo de uno.");
}

static const struct {
        const char *option;
        struct text help;
} global_help[] = {
        { "--store CARPETA", { "almacén (si no, $XDG_DATA_HOME/mpsi)", "store (else $XDG_DATA_HOME/mpsi)" } },
        { "--socket RUTA",
          { "el puesto que lo hace (si no, " STATION_SOCKET " donde exista)",
            "the station that does it (else " STATION_SOCKET " where there is one)" } },
        { "--as PERSONA", { "quién actúa", "who acts" } },
        { "--lang es|en", { "idioma", "language" } },
        { "--json", { "respuesta en JSON", "answer as JSON" } },
        { "--dry-run", { "decide y dice, sin cambiar nada", "decides and says, changes nothing" } },
        { "--secret P=file:RUTA|fd:N",
          { "de dónde leer un secreto: master, organisation, recovery, pin:NOMBRE",
            "where to read a secret from: master, organisation, recovery, pin:NAME" } },
        { "--progress=json", { "avance en líneas JSON por stderr", "progress as JSON lines on stderr" } },
        { "--version", { "qué versión es", "which version it is" } },
        { "--help", { "ayuda de lo que haya delante", "help on what is before it" } },
};

void help_all(enum lang lang) {
        struct listing listing = { .lang = lang };

        (void) printf(
                "%s\n\n",
                lang == LANG_EN
                        ? "mpsi NOUN VERB [OBJECT…] [--option value…]\nThe life of storage media under ENS mp.si."
                        : "mpsi NOMBRE VERBO [OBJETO…] [--opción valor…]\nLa vida de los soportes de información "
                          "según ENS mp.si.");
        (void) verbs_each(list_verb, &listing);
        (void) printf("\n  %-24s %s\n\n", "completion, man, schema, reference, rules, version",
                      lang == LANG_EN ? "made from the table of verbs" : "salen de la tabla de verbos");
        for (size_t i = 0; i < COUNT(global_help); i++)
                (void) printf("  %-26s %s\n", global_help[i].option, text_in(global_help[i].help, lang));
        (void) printf("\n%s\n", lang == LANG_EN ? "Exit: 0 done, 1 failed, 2 usage, 3 not allowed, 4 not found, 5 "
                                                  "refused by policy, 6 not verified, 7 conflict, 75 busy."
                                                : "Salida: 0 hecho, 1 fallo, 2 uso, 3 no permitido, 4 no existe, 5 "
                                                  "lo impide una regla, 6 no verificado, 7 conflicto, 75 ocupado.");
}

static int complete_verb(void *context, const struct verb *verb) {
        (void) context;
        (void) printf("    '%s%s%s') words='", verb->noun, *verb->name ? " " : "", verb->name);
        for (size_t i = 0; i < verb->params_n; i++)
                if (!(verb->params[i].flags & PARAM_POSITIONAL))
                        (void) printf("--%s ", verb->params[i].name);
        (void) puts("';;");
        return 0;
}

struct nouns {
        const char *of; /* NULL: nouns; else the verbs of this noun */
        const char *last;
};

static int complete_word(void *context, const struct verb *verb) {
        struct nouns *nouns = context;

        if (nouns->of && strcmp(nouns->of, verb->noun) == 0)
                (void) printf("%s ", verb->name);
        if (!nouns->of && !(nouns->last && strcmp(nouns->last, verb->noun) == 0))
                (void) printf("%s ", verb->noun);
        nouns->last = verb->noun;
        return 0;
}

static int complete_noun(void *context, const struct verb *verb) {
        struct nouns *seen = context, of = { .of = verb->noun };

        if (seen->last && strcmp(seen->last, verb->noun) == 0)
                return 0;
        seen->last = verb->noun;
        (void) printf("    %s) words='", verb->noun);
        (void) verbs_each(complete_word, &of);
        (void) puts("';;");
        return 0;
}

void help_completion(void) {
        struct nouns nouns = { 0 }, seen = { 0 };

        (void) puts("# bash completion of mpsi, made by `mpsi completion`\n_mpsi() {\n  local words='' "
                    "cur=${COMP_WORDS[COMP_CWORD]}\n"
                    "  if ((COMP_CWORD == 1)); then");
        (void) printf("    words='");
        (void) verbs_each(complete_word, &nouns);
        (void) puts("'\n  elif ((COMP_CWORD == 2)); then\n    case ${COMP_WORDS[1]} in");
        (void) verbs_each(complete_noun, &seen);
        (void) puts("    esac\n  else\n    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in");
        (void) verbs_each(complete_verb, NULL);
        (void) puts("    esac\n    words+=' --store --socket --as --lang --json --dry-run --secret --progress=json "
                    "--version --help'\n  fi\n"
                    "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                    "  ((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n}\ncomplete -F "
                    "_mpsi mpsi");
}

/* A list of choices may be longer than a line: it may be broken after each of them. */
static void man_usage(const struct verb *verb) {
        _cleanup_free_ char *line = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&line, &n);

        if (!out)
                return;
        usage_line(verb, LANG_EN, out);
        (void) fclose(out);
        for (const char *c = line; c && *c; c++) {
                (void) putchar(*c);
                if (*c == '|')
                        (void) fputs("\\:", stdout);
        }
}

static int man_verb(void *context, const struct verb *verb) {
        char value[VALUE_TEXT];

        (void) context;
        (void) printf(".TP\n.B ");
        man_usage(verb);
        (void) printf("%c%s.\n", verb->help.en[0] - ('a' <= verb->help.en[0] && verb->help.en[0] <= 'z' ? 32 : 0),
                      verb->help.en + 1);
        for (size_t i = 0; i < verb->params_n; i++) {
                value_text(&verb->params[i], LANG_EN, value);
                (void) printf(".br\n\\fI%s\\fR %s\n", verb->params[i].name, verb->params[i].help.en);
        }
        return 0;
}

void help_man(void) {
        (void) puts(
                ".TH MPSI 1 \"\" \"mpsi " MPSI_VERSION
                "\" \"\"\n.SH NAME\nmpsi \\- life of storage media under ENS mp.si\n.SH SYNOPSIS\n"
                ".B mpsi\n.I NOUN VERB\n[\\fIOBJECT\\fR...] [\\fB--option\\fR \\fIvalue\\fR...]\n.SH VERBS\n.ad l");
        (void) verbs_each(man_verb, NULL);
        (void) puts(".SH OPTIONS");
        for (size_t i = 0; i < COUNT(global_help); i++)
                (void) printf(".TP\n.B %s\n%s\n", global_help[i].option, global_help[i].help.en);
        (void) puts(".SH EXIT STATUS\n0 done, 1 failed, 2 usage, 3 not allowed, 4 not found, 5 refused by policy, "
                    "6 verification failed,\n"
                    "7 conflict with the present state, 75 busy.");
}

static int reference_verb(void *context, const struct verb *verb) {
        const enum lang lang = *(const enum lang *) context;
        char roles[ROLES_TEXT], value[VALUE_TEXT];

        roles_named(verb->roles, lang, roles);
        (void) printf("\n## %s%s%s\n\n%s. %s: %s.\n\n    ", verb->noun, *verb->name ? " " : "", verb->name,
                      text_in(verb->help, lang), "Roles",
                      verb->roles == ROLE_ANY ? (lang == LANG_EN ? "any" : "cualquiera") : roles);
        usage_line(verb, lang, stdout);
        if (verb->params_n)
                (void) puts(lang == LANG_EN ? "\n| parameter | value | meaning |\n| --- | --- | --- |"
                                            : "\n| parámetro | valor | significado |\n| --- | --- | --- |");
        for (size_t i = 0; i < verb->params_n; i++) {
                value_text(&verb->params[i], lang, value);
                (void) printf("| %s | ", verb->params[i].name);
                for (const char *p = value; *p; p++)
                        (void) printf(*p == '|' ? "\\|" : "%c", *p);
                (void) printf(" | %s |\n", text_in(verb->params[i].help, lang));
        }
        return 0;
}

void help_reference(enum lang lang) {
        (void) puts(lang == LANG_EN ? "# Verbs of mpsi\n\nMade by `mpsi reference`."
                                    : "# Verbos de mpsi\n\nHecho con `mpsi reference`.");
        (void) verbs_each(reference_verb, &lang);
}

void help_rules(enum lang lang) {
        (void) puts(lang == LANG_EN ? "# Rules of policy\n\nMade by `mpsi rules`. Each refusal names its "
                                      "rule.\n\n| ID | ENS | rule | what to do |\n| --- | --- | --- | --- |"
                                    : "# Reglas\n\nHecho con `mpsi rules`. Cada negativa nombra su regla.\n\n| ID "
                                      "| ENS | regla | qué hacer |\n| --- | --- | --- | --- |");
        for (size_t f = 0; f < rule_families_n; f++)
                for (size_t i = 0; i < rule_families[f]->n; i++) {
                        const struct rule *rule = &rule_families[f]->rules[i];

                        (void) printf("| %s | %s | %s | %s |\n", rule->id, rule->ens, text_in(rule->says, lang),
                                      text_in(rule->remedy, lang));
                }
}
