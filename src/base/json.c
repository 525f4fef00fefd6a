#include "base/json.h"

#include <string.h>

static bool has_real(const json_t *value) {
        const char *key;
        json_t *member;
        size_t index;

        if (json_is_real(value))
                return true;
        json_object_foreach((json_t *) (uintptr_t) value, key, member) if (has_real(member)) return true;
        json_array_foreach(value, index, member) if (has_real(member)) return true;
        return false;
}

int json_canonical(const json_t *value, char **ret, struct error *err) {
        char *text;

        if (!value)
                return fail_memory(err);
        if (has_real(value))
                return fail(err, ERR_FAILED, "Un número con decimales no cabe en un hecho.",
                            "A real number can't be part of a fact.");
        text = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
        if (!text)
                return fail_memory(err);
        *ret = text;
        return 0;
}

int json_parse(const char *text, size_t length, json_t **ret, struct error *err) {
        json_error_t where;
        json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);

        if (!value)
                return fail(err, ERR_USAGE, "JSON no válido en la línea %d, columna %d: %s",
                            "Invalid JSON at line %d, column %d: %s", where.line, where.column, where.text);
        *ret = value;
        return 0;
}

const char *json_text(const json_t *object, const char *key) {
        return json_string_value(json_object_get(object, key));
}

const char *json_text_or_empty(const json_t *object, const char *key) {
        const char *text = json_text(object, key);

        return text ? text : "";
}

int64_t json_int(const json_t *object, const char *key, int64_t otherwise) {
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) ? (int64_t) json_integer_value(value) : otherwise;
}

bool json_flag(const json_t *object, const char *key) {
        return json_is_true(json_object_get(object, key));
}

json_t *error_to_json(const struct error *err) {
        return json_pack("{s:{s:s, s:i, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}}}", "error", "word",
                         error_word(err->code), "status", -err->code, "rule", err->rule, "ens", err->ens, "what",
                         "es", err->what[LANG_ES], "en", err->what[LANG_EN], "hint", "es", err->hint[LANG_ES], "en",
                         err->hint[LANG_EN]);
}
