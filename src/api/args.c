/* Checking what a request says before any handler sees it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/verbs.h"
#include "base/clock.h"
#include "base/str.h"
#include "registry/medium.h"
#include "registry/person.h"

enum { TEXT_DEFAULT_MAX = 200, PATH_TEXT_MAX = 4000, REPEATED_MAX = 1000 };

static int bad(struct error *err, const struct param *param, const char *es, const char *en) {
        struct error said;

        (void) fail(&said, ERR_USAGE, "Parámetro «%s»: ", "Parameter “%s”: ", param->name);
        if (!err)
                return ERR_USAGE;
        *err = said;
        (void) strncat(err->what[LANG_ES], es, ERROR_TEXT_MAX - strlen(err->what[LANG_ES]) - 1);
        (void) strncat(err->what[LANG_EN], en, ERROR_TEXT_MAX - strlen(err->what[LANG_EN]) - 1);
        (void) snprintf(err->hint[LANG_ES], ERROR_TEXT_MAX, "%s", param->help.es);
        (void) snprintf(err->hint[LANG_EN], ERROR_TEXT_MAX, "%s", param->help.en);
        return ERR_USAGE;
}

static int check_int(const struct param *param, const json_t *value, json_t **ret, struct error *err) {
        int64_t number;

        if (json_is_integer(value)) {
                number = json_integer_value(value);
        } else {
                const char *text = json_string_value(value);
                char *end;

                errno = 0;
                number = text ? strtoll(text, &end, 10) : 0;
                if (!text || !*text || *end || errno)
                        return bad(err, param, "no es un número entero.", "not an integer.");
        }
        if (number < param->min || number > param->max) {
                (void) fail(err, ERR_USAGE, "Parámetro «%s»: va de %lld a %lld.",
                            "Parameter “%s”: from %lld to %lld.", param->name, (long long) param->min,
                            (long long) param->max);
                return ERR_USAGE;
        }
        *ret = json_integer(number);
        return *ret ? 0 : fail_memory(err);
}

static int check_flag(const struct param *param, const json_t *value, json_t **ret, struct error *err) {
        const char *text = json_string_value(value);

        if (!json_is_boolean(value) && !(text && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)))
                return bad(err, param, "es un sí o no: true o false.", "is a yes or no: true or false.");
        *ret = json_boolean(text ? strcmp(text, "true") == 0 : json_is_true(value));
        return 0;
}

static int check_term(const struct param *param, const char *text, json_t **ret, struct error *err) {
        int index = term_find(param->terms, param->terms_n, text);
        char list[256] = "";

        if (index >= 0) {
                *ret = json_string(param->terms[index].code);
                return *ret ? 0 : fail_memory(err);
        }
        for (size_t i = 0; i < param->terms_n; i++) {
                size_t used = strlen(list);

                (void) snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", param->terms[i].code);
        }
        return fail(err, ERR_USAGE, "Parámetro «%s»: «%.40s» no es ninguno de: %s.",
                    "Parameter “%s”: “%.40s” is none of: %s.", param->name, text, list);
}

static int check_medium(const char *text, struct db *db, json_t **ret, struct error *err) {
        char id[MEDIUM_ID_TEXT];
        int r = 0;

        if (db)
                r = medium_resolve(db, text, id, NULL, err);
        if (r < 0)
                return r;
        *ret = json_string(db ? id : text);
        return *ret ? 0 : fail_memory(err);
}

static int check_person(const char *text, struct db *db, json_t **ret, struct error *err) {
        if (db) {
                _cleanup_person_ struct person person = { 0 };
                int r = person_load(db, text, &person, err);

                if (r < 0)
                        return r;
        }
        *ret = json_string(text);
        return *ret ? 0 : fail_memory(err);
}

static bool name_valid(const char *text) {
        size_t n = strlen(text);

        return n >= 1 && n <= 32 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n &&
               text[0] >= 'a' && text[0] <= 'z';
}

static int check_text(const struct param *param, const char *text, struct db *db, json_t **ret, struct error *err) {
        size_t max = param->max ? (size_t) param->max : TEXT_DEFAULT_MAX;

        if (!text_is_plain(text))
                return bad(err, param, "no es texto UTF-8 de una línea sin caracteres de control.",
                           "not UTF-8 text of one line without control characters.");
        if (strspn(text, " ") == strlen(text))
                return bad(err, param, "está vacío.", "is empty.");
        switch (param->type) {
        case PARAM_INPUT:
        case PARAM_OUTPUT:
        case PARAM_DEVICE:
                if (strlen(text) > PATH_TEXT_MAX)
                        return bad(err, param, "la ruta es demasiado larga.", "the path is too long.");
                break;
        case PARAM_DATE:
                if (!date_valid(text))
                        return bad(err, param, "no es una fecha AAAA-MM-DD.", "not a date YYYY-MM-DD.");
                break;
        case PARAM_NAME:
                if (!name_valid(text))
                        return bad(err, param,
                                   "1 a 32 letras minúsculas, cifras, «.», «_» o «-»; empieza por letra.",
                                   "1 to 32 lower-case letters, digits, “.”, “_” or “-”; starts with a letter.");
                break;
        case PARAM_TERM: return check_term(param, text, ret, err);
        case PARAM_MEDIUM:
                if (strlen(text) > 1000)
                        return bad(err, param, "es demasiado largo.", "is too long.");
                return check_medium(text, db, ret, err);
        case PARAM_PERSON: return check_person(text, db, ret, err);
        default:
                if (utf8_length(text) > max)
                        return fail(err, ERR_USAGE, "Parámetro «%s»: pasa de %zu caracteres.",
                                    "Parameter “%s”: over %zu characters.", param->name, max);
        }
        *ret = json_string(text);
        return *ret ? 0 : fail_memory(err);
}

static int check_one(const struct param *param, const json_t *value, struct db *db, json_t **ret,
                     struct error *err) {
        if (param->type == PARAM_INT)
                return check_int(param, value, ret, err);
        if (param->type == PARAM_FLAG)
                return check_flag(param, value, ret, err);
        if (!json_is_string(value))
                return bad(err, param, "debe ser un texto.", "must be a text.");
        /* A text with NUL inside would look shorter to every C function after us. */
        if (json_string_length(value) != strlen(json_string_value(value)))
                return bad(err, param, "contiene un carácter nulo.", "contains a NUL character.");
        return check_text(param, json_string_value(value), db, ret, err);
}

/* A medium that a call names twice, by whatever names, is a slip of the scanner. */
static int add_once(const struct param *param, json_t *list, json_t *checked, struct error *err) {
        const json_t *other;
        size_t i;

        json_array_foreach(list, i, other) {
                if (param->type == PARAM_MEDIUM && json_equal(other, checked)) {
                        (void) fail(err, ERR_USAGE, "El soporte %s se indica dos veces.",
                                    "Medium %s is named twice.", json_string_value(checked));
                        json_decref(checked);
                        return ERR_USAGE;
                }
        }
        return json_array_append_new(list, checked) < 0 ? fail_memory(err) : 0;
}

static int check_param(const struct param *param, const json_t *value, struct db *db, json_t **ret,
                       struct error *err) {
        _cleanup_json_ json_t *list = NULL;
        const json_t *item;
        size_t i;

        if (!(param->flags & PARAM_REPEATED))
                return check_one(param, value, db, ret, err);
        list = json_array();
        if (!list)
                return fail_memory(err);
        if (json_is_array(value) && json_array_size(value) > REPEATED_MAX)
                return bad(err, param, "demasiados valores.", "too many values.");
        for (i = 0; i < (json_is_array(value) ? json_array_size(value) : 1); i++) {
                json_t *checked = NULL;
                int r;

                item = json_is_array(value) ? json_array_get(value, i) : value;
                r = check_one(param, item, db, &checked, err);
                if (r == 0)
                        r = add_once(param, list, checked, err);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(list);
        return 0;
}

int args_check(const struct verb *verb, const json_t *args, struct db *db, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *checked = json_object();
        const char *key;
        json_t *value;

        if (!checked)
                return fail_memory(err);
        if (args && !json_is_object(args))
                return fail(err, ERR_USAGE, "Los argumentos no son un objeto JSON.",
                            "The arguments are no JSON object.");
        json_object_foreach((json_t *) (uintptr_t) args, key, value) {
                const struct param *param = param_find(verb, key);
                json_t *one = NULL;
                int r;

                if (!param) {
                        (void) fail(err, ERR_USAGE, "«%s %s» no tiene el parámetro «%.40s».",
                                    "“%s %s” has no parameter “%.40s”.", verb->noun, verb->name, key);
                        return hint(err, "Vea «mpsi %s %s --help».", "See “mpsi %s %s --help”.", verb->noun,
                                    verb->name);
                }
                if (json_is_null(value))
                        continue;
                r = check_param(param, value, db, &one, err);
                if (r < 0)
                        return r;
                if (json_object_set_new(checked, key, one) < 0)
                        return fail_memory(err);
        }
        for (size_t i = 0; i < verb->params_n; i++)
                if (verb->params[i].flags & PARAM_REQUIRED && !json_object_get(checked, verb->params[i].name))
                        return bad(err, &verb->params[i], "falta.", "is missing.");
        *ret = TAKE_PTR(checked);
        return 0;
}
