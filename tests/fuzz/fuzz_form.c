/* A form that an organisation edited, and the data that feed it: the first NUL parts them. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "print/form_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every value of every section, in both languages, as the sections read them. */
static void read_values(const struct form *form, const json_t *data) {
        char buffer[FORM_TEXT];

        for (size_t b = 0; b < form->blocks_n; b++)
                for (size_t i = 0; i < form->blocks[b].items_n; i++)
                        for (int lang = 0; lang < LANGS; lang++) {
                                const struct form_item *item = &form->blocks[b].items[i];
                                const char *text = form_value(form_member(data, item->member), item->show,
                                                              (enum lang) lang, buffer);

                                if (!text)
                                        abort();
                        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const uint8_t *nul = memchr(data, 0, size);
        size_t n = nul ? (size_t) (nul - data) : size;
        _cleanup_(form_freep) struct form *form = NULL;
        _cleanup_json_ json_t *values = NULL;
        struct error err = { 0 };
        char *text = strndup((const char *) data, n);

        if (!text)
                return 0;
        if (nul)
                (void) json_parse((const char *) nul + 1, size - n - 1, &values, NULL);
        if (form_parse(text, n, &form, &err) == 0)
                read_values(form, values);
        else if (!*err.what[LANG_ES])
                abort();
        free(text);
        return 0;
}
