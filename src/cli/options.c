#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"

/* The language of messages: --lang, else the first locale that names one; Spanish where none does. */
static enum lang lang_of_locale(void) {
        static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

        for (size_t i = 0; i < COUNT(names); i++) {
                const char *value = getenv(names[i]);

                if (str_empty(value) || strncmp(value, "C", 1) == 0 || strncmp(value, "POSIX", 5) == 0)
                        continue;
                return strncmp(value, "en", 2) == 0 ? LANG_EN : LANG_ES;
        }
        return LANG_ES;
}

static char *default_store(void) {
        const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

        if (!str_empty(data))
                return str_format("%s/mpsi", data);
        return str_format("%s/.local/share/mpsi", str_empty(home) ? "/root" : home);
}

static int take_secret(struct cli *cli, const char *text, struct error *err) {
        const char *equals = strchr(text, '=');
        struct secret_source *source = &cli->secrets[cli->secrets_n];

        if (!equals || equals == text || cli->secrets_n == SECRET_SOURCES_MAX)
                goto bad;
        source->fd = -1;
        if (strncmp(equals + 1, "file:", 5) == 0) {
                source->path = strdup(equals + 6);
        } else if (strncmp(equals + 1, "fd:", 3) == 0) {
                char *end;

                source->fd = (int) strtol(equals + 4, &end, 10);
                if (*end || end == equals + 4)
                        goto bad;
        } else {
                goto bad;
        }
        source->purpose = strndup(text, (size_t) (equals - text));
        cli->secrets_n++;
        return source->purpose ? 0 : fail_memory(err);
bad:
        /* The text is not repeated: somebody may have typed the secret itself. */
        (void) fail(err, ERR_USAGE, "--secret no se entiende.", "--secret is not understood.");
        return hint(
                err,
                "Escriba --secret PROPÓSITO=file:RUTA o PROPÓSITO=fd:N; el secreto mismo nunca va en los "
                "argumentos.",
                "Write --secret PURPOSE=file:PATH or PURPOSE=fd:N; the secret itself never goes into arguments.");
}

enum global { G_STORE, G_SOCKET, G_AS, G_LANG, G_JSON, G_DRY, G_SECRET, G_PROGRESS, G_VERSION, G_HELP, GLOBALS };
static const struct {
        const char *name;
        bool value;
} globals[GLOBALS] = {
        [G_STORE] = { "store", true },   [G_SOCKET] = { "socket", true },     [G_AS] = { "as", true },
        [G_LANG] = { "lang", true },     [G_JSON] = { "json", false },        [G_DRY] = { "dry-run", false },
        [G_SECRET] = { "secret", true }, [G_PROGRESS] = { "progress", true }, [G_VERSION] = { "version", false },
        [G_HELP] = { "help", false },
};

static int take_global(struct cli *cli, enum global which, const char *value, struct error *err) {
        switch (which) {
        case G_STORE:
                free(cli->store);
                cli->store = strdup(value);
                cli->store_given = true;
                return cli->store ? 0 : fail_memory(err);
        case G_SOCKET: cli->socket = value; return 0;
        case G_AS: cli->as = value; return 0;
        case G_LANG:
                if (strcmp(value, "es") != 0 && strcmp(value, "en") != 0)
                        return fail(err, ERR_USAGE, "--lang es o en.", "--lang es or en.");
                cli->lang = strcmp(value, "en") == 0 ? LANG_EN : LANG_ES;
                return 0;
        case G_JSON: cli->json = true; return 0;
        case G_DRY: cli->dry_run = true; return 0;
        case G_SECRET: return take_secret(cli, value, err);
        case G_PROGRESS:
                if (strcmp(value, "json") != 0)
                        return fail(err, ERR_USAGE, "--progress solo admite json.", "--progress takes json only.");
                cli->progress_json = true;
                return 0;
        case G_VERSION: cli->version = true; return 0;
        default: cli->help = true; return 0;
        }
}

/* A value for a parameter: repeated ones become an array. */
static int put(struct cli *cli, const struct param *param, json_t *value, struct error *err) {
        json_t *there = json_object_get(cli->args, param->name);

        if (!value)
                return fail(err, ERR_USAGE, "El valor de --%s no es UTF-8.", "The value of --%s is not UTF-8.",
                            param->name);
        if (param->flags & PARAM_REPEATED) {
                if (!there && json_object_set_new(cli->args, param->name, json_array()) == 0)
                        there = json_object_get(cli->args, param->name);
                return json_array_append_new(there, value) < 0 ? fail_memory(err) : 0;
        }
        if (there) {
                json_decref(value);
                return fail(err, ERR_USAGE, "--%s está dos veces.", "--%s is there twice.", param->name);
        }
        return json_object_set_new(cli->args, param->name, value) < 0 ? fail_memory(err) : 0;
}

static int put_positional(struct cli *cli, const char *text, struct error *err) {
        for (size_t i = 0; i < cli->verb->params_n; i++) {
                const struct param *param = &cli->verb->params[i];

                if (param->flags & PARAM_POSITIONAL &&
                    (param->flags & PARAM_REPEATED || !json_object_get(cli->args, param->name)))
                        return put(cli, param, json_string(text), err);
        }
        (void) fail(err, ERR_USAGE, "«%s %s» no espera «%.60s».", "“%s %s” does not expect “%.60s”.",
                    cli->verb->noun, cli->verb->name, text);
        return hint(err, "Vea «mpsi %s %s --help».", "See “mpsi %s %s --help”.", cli->verb->noun, cli->verb->name);
}

static int unknown_option(const struct cli *cli, const char *name, struct error *err) {
        (void) fail(err, ERR_USAGE, "Opción desconocida: --%.60s.", "Unknown option: --%.60s.", name);
        return cli->verb ? hint(err, "Vea «mpsi %s %s --help».", "See “mpsi %s %s --help”.", cli->verb->noun,
                                cli->verb->name)
                         : hint(err, "Vea «mpsi --help».", "See “mpsi --help”.");
}

/* One --name, --name=value or --name value; *at moves on when the next word is its value. */
static int take_option(struct cli *cli, char **argv, int argc, int *at, struct error *err) {
        const char *word = argv[*at] + 2, *equals = strchr(word, '=');
        _cleanup_free_ char *name = equals ? strndup(word, (size_t) (equals - word)) : strdup(word);
        const struct param *param = NULL;
        size_t g = 0;
        bool takes;
        const char *value;

        if (!name)
                return fail_memory(err);
        while (g < GLOBALS && strcmp(globals[g].name, name) != 0)
                g++;
        if (g == GLOBALS) {
                param = cli->verb ? param_find(cli->verb, name) : NULL;
                if (!param)
                        return unknown_option(cli, name, err);
        }
        takes = param ? param->type != PARAM_FLAG : globals[g].value;
        if (takes && !equals && *at + 1 >= argc)
                return fail(err, ERR_USAGE, "--%.60s necesita un valor.", "--%.60s needs a value.", name);
        value = equals ? equals + 1 : takes ? argv[++*at] : NULL;
        if (!takes && equals)
                return fail(err, ERR_USAGE, "--%.60s no lleva valor.", "--%.60s takes no value.", name);
        if (!param)
                return take_global(cli, (enum global) g, value, err);
        return put(cli, param, takes ? json_string(value) : json_true(), err);
}

static bool is_noun(const char *word) {
        for (size_t i = 0; i < rooms_n; i++)
                for (size_t v = 0; v < rooms[i]->verbs_n; v++)
                        if (strcmp(rooms[i]->verbs[v].noun, word) == 0)
                                return true;
        return false;
}

static int no_such_verb(const char *noun, const char *name, struct error *err) {
        if (!is_noun(noun)) {
                (void) fail(err, ERR_USAGE, "«%.40s» no es nada que mpsi conozca.",
                            "“%.40s” is nothing that mpsi knows.", noun);
                return hint(err, "Vea «mpsi --help».", "See “mpsi --help”.");
        }
        if (name)
                (void) fail(err, ERR_USAGE, "«%.40s» no tiene el verbo «%.40s».", "“%.40s” has no verb “%.40s”.",
                            noun, name);
        else
                (void) fail(err, ERR_USAGE, "Falta el verbo de «%.40s».", "The verb of “%.40s” is missing.", noun);
        return hint(err, "Vea «mpsi %.40s --help».", "See “mpsi %.40s --help”.", noun);
}

/* Finds the verb in the first one or two words that are no options of ours, and remembers where they are. */
static int find_verb(struct cli *cli, int argc, char **argv, int words[2], struct error *err) {
        int n = 0;

        words[0] = words[1] = -1;
        for (int i = 1; i < argc && n < 2; i++) {
                if (strcmp(argv[i], "--") == 0)
                        break;
                if (strncmp(argv[i], "--", 2) != 0) {
                        words[n++] = i;
                        continue;
                }
                for (size_t g = 0; g < GLOBALS; g++)
                        if (globals[g].value && strcmp(argv[i] + 2, globals[g].name) == 0)
                                i++;
        }
        if (n == 0)
                return 0;
        if (n == 2)
                cli->verb = verb_find(argv[words[0]], argv[words[1]]);
        if (!cli->verb)
                cli->verb = verb_find(argv[words[0]], NULL);
        if (cli->verb && !*cli->verb->name)
                words[1] = -1;
        (void) err;
        return 0;
}

static int help_asked(struct cli *cli, int argc, char **argv, const int words[2], struct error *err) {
        const char *noun = words[0] >= 0 ? argv[words[0]] : NULL, *name = words[1] >= 0 ? argv[words[1]] : NULL;

        (void) argc;
        cli->help = true;
        if (cli->verb)
                help_verb(cli->verb, cli->lang);
        else if (!noun || strcmp(noun, "help") == 0)
                name &&is_noun(name) ? help_noun(name, cli->lang) : help_all(cli->lang);
        else if (is_noun(noun) && !name)
                help_noun(noun, cli->lang);
        else
                return no_such_verb(noun, name, err);
        return 0;
}

/* help, completion, man, schema: made from the table of verbs. */
static bool about(struct cli *cli, const char *word) {
        if (strcmp(word, "completion") == 0)
                help_completion();
        else if (strcmp(word, "man") == 0)
                help_man();
        else if (strcmp(word, "reference") == 0)
                help_reference(cli->lang);
        else if (strcmp(word, "rules") == 0)
                help_rules(cli->lang);
        else if (strcmp(word, "schema") == 0) {
                _cleanup_json_ json_t *schema = verbs_schema();

                (void) json_dumpf(schema, stdout, JSON_INDENT(2));
                (void) putchar('\n');
        } else if (strcmp(word, "version") == 0)
                (void) puts("mpsi " MPSI_VERSION);
        else
                return false;
        cli->help = true;
        return true;
}

int cli_parse(struct cli *cli, int argc, char **argv, struct error *err) {
        bool options = true;
        int words[2], r = 0;

        cli->lang = lang_of_locale();
        cli->store = default_store();
        cli->args = json_object();
        if (!cli->store || !cli->args)
                return fail_memory(err);
        r = find_verb(cli, argc, argv, words, err);
        for (int i = 1; r == 0 && i < argc; i++) {
                if (i == words[0] || i == words[1])
                        continue;
                if (options && strcmp(argv[i], "--") == 0)
                        options = false;
                else if (options && strncmp(argv[i], "--", 2) == 0)
                        r = take_option(cli, argv, argc, &i, err);
                else if (options && strcmp(argv[i], "-h") == 0)
                        cli->help = true;
                else if (cli->verb)
                        r = put_positional(cli, argv[i], err);
        }
        if (r < 0)
                return r;
        if (cli->version) {
                (void) about(cli, "version");
                return 0;
        }
        if (cli->help || argc == 1 || (words[0] >= 0 && strcmp(argv[words[0]], "help") == 0))
                return help_asked(cli, argc, argv, words, err);
        if (!cli->verb && words[0] >= 0 && about(cli, argv[words[0]]))
                return 0;
        if (!cli->verb)
                return words[0] < 0 ? help_asked(cli, argc, argv, words, err)
                                    : no_such_verb(argv[words[0]], words[1] >= 0 ? argv[words[1]] : NULL, err);
        return 0;
}

void cli_done(struct cli *cli) {
        for (size_t i = 0; i < cli->secrets_n; i++) {
                free(cli->secrets[i].purpose);
                free(cli->secrets[i].path);
        }
        free(cli->store);
        json_decref(cli->args);
}
