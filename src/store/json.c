#include "store/json.h"

#include "base/clock.h"

json_t *rows_to_json(const struct rows *rows, const char *const *names, const char *types) {
        _cleanup_json_ json_t *object = json_object();

        for (int i = 0; types[i]; i++) {
                char moment[TIME_TEXT];
                json_t *value;

                if (rows_null(rows, i))
                        continue;
                switch (types[i]) {
                case 'i': value = json_integer(rows_int(rows, i)); break;
                case 'f': value = json_boolean(rows_int(rows, i)); break;
                case 't':
                        time_format(rows_int(rows, i), moment);
                        value = json_string(moment);
                        break;
                default: value = json_string(rows_text(rows, i)); break;
                }
                if (json_object_set_new(object, names[i], value))
                        return NULL;
        }
        return TAKE_PTR(object);
}
