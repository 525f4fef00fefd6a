#include "api/verbs.h"

#include <string.h>

int verbs_each(int (*each)(void *context, const struct verb *verb), void *context) {
        for (size_t i = 0; i < rooms_n; i++)
                for (size_t v = 0; v < rooms[i]->verbs_n; v++) {
                        int r = each(context, &rooms[i]->verbs[v]);

                        if (r)
                                return r;
                }
        return 0;
}

const struct verb *verb_find(const char *noun, const char *name) {
        for (size_t i = 0; i < rooms_n; i++)
                for (size_t v = 0; v < rooms[i]->verbs_n; v++) {
                        const struct verb *verb = &rooms[i]->verbs[v];

                        if (strcmp(verb->noun, noun) == 0 && strcmp(verb->name, name ? name : "") == 0)
                                return verb;
                }
        return NULL;
}

const struct param *param_find(const struct verb *verb, const char *name) {
        for (size_t i = 0; i < verb->params_n; i++)
                if (strcmp(verb->params[i].name, name) == 0)
                        return &verb->params[i];
        return NULL;
}

static const char *const param_type_names[] = {
        [PARAM_TEXT] = "text",     [PARAM_INT] = "integer",   [PARAM_FLAG] = "flag",     [PARAM_DATE] = "date",
        [PARAM_TERM] = "term",     [PARAM_MEDIUM] = "medium", [PARAM_PERSON] = "person", [PARAM_NAME] = "name",
        [PARAM_DEVICE] = "device", [PARAM_INPUT] = "input",   [PARAM_OUTPUT] = "output",
};

static json_t *param_schema(const struct param *param) {
        json_t *schema = json_pack("{s:s, s:s, s:b, s:b, s:b, s:{s:s, s:s}}", "name", param->name, "type",
                                   param_type_names[param->type], "required", param->flags & PARAM_REQUIRED,
                                   "positional", param->flags & PARAM_POSITIONAL, "repeated",
                                   param->flags & PARAM_REPEATED, "help", "es", param->help.es, "en",
                                   param->help.en);

        if (schema && param->type == PARAM_INT) {
                (void) json_object_set_new(schema, "min", json_integer(param->min));
                (void) json_object_set_new(schema, "max", json_integer(param->max));
        }
        if (schema && param->type == PARAM_TERM) {
                json_t *terms = json_array();

                for (size_t i = 0; i < param->terms_n; i++)
                        (void) json_array_append_new(terms, json_string(param->terms[i].code));
                (void) json_object_set_new(schema, "terms", terms);
        }
        return schema;
}

json_t *verb_schema(const struct verb *verb) {
        json_t *params = json_array(), *columns = json_array();
        char roles[64];

        for (size_t i = 0; i < verb->params_n; i++)
                (void) json_array_append_new(params, param_schema(&verb->params[i]));
        for (size_t i = 0; i < verb->columns_n; i++)
                (void) json_array_append_new(columns,
                                             json_pack("{s:s, s:s, s:s}", "key", verb->columns[i].key, "es",
                                                       verb->columns[i].title.es, "en", verb->columns[i].title.en));
        roles_format(verb->roles, roles);
        return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:b, s:o, s:o}", "noun", verb->noun, "name", verb->name,
                         "roles", verb->roles == ROLE_ANY ? "any" : roles, "help", "es", verb->help.es, "en",
                         verb->help.en, "writes", verb->flags & VERB_WRITES, "parameters", params, "answer",
                         columns);
}

static int add_schema(void *list, const struct verb *verb) {
        return json_array_append_new(list, verb_schema(verb));
}

json_t *verbs_schema(void) {
        json_t *list = json_array();

        (void) verbs_each(add_schema, list);
        return list;
}
