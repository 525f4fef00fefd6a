#include "base/config.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

enum { FILE_MAX = 1 << 20, LINE_MAX_BYTES = 4000 };

struct entry {
        struct entry *next;
        char *section, *key, *value;
};

struct config {
        struct entry *first, **end;
        bool out_of_memory, twice;
};

static int take(void *context, const char *section, const char *key, const char *value) {
        struct config *config = context;
        struct entry *entry;

        if (config_text(config, section, key, NULL)) {
                config->twice = true;
                return 0;
        }
        entry = calloc(1, sizeof *entry);
        if (entry) {
                *config->end = entry;
                config->end = &entry->next;
                entry->section = strdup(section);
                entry->key = strdup(key);
                entry->value = strdup(value);
        }
        config->out_of_memory = !entry || !entry->section || !entry->key || !entry->value;
        return !config->out_of_memory;
}

/* inih cuts long lines at its buffer without a word, so length is checked first. */
static int check_lines(const char *text, size_t n, struct error *err) {
        int number = 1;

        if (!utf8_valid(text, n))
                return fail(err, ERR_USAGE, "La configuración no es UTF-8 válido.",
                            "The configuration is not valid UTF-8.");
        for (size_t start = 0, i = 0; i <= n; i++) {
                if (i < n && text[i] != '\n')
                        continue;
                if (i - start > LINE_MAX_BYTES)
                        return fail(err, ERR_USAGE, "La línea %d de la configuración pasa de %d bytes.",
                                    "Line %d of the configuration is over %d bytes.", number, LINE_MAX_BYTES);
                start = i + 1;
                number++;
        }
        return 0;
}

int config_parse(const char *text, size_t n, struct config **ret, struct error *err) {
        _cleanup_config_ struct config *config = calloc(1, sizeof *config);
        int r = check_lines(text, n, err);

        if (!config)
                return fail_memory(err);
        if (r < 0)
                return r;
        config->end = &config->first;
        r = ini_parse_string(text, take, config);
        if (config->out_of_memory || r < 0)
                return fail_memory(err);
        if (r > 0)
                return config->twice ? fail(err, ERR_USAGE, "La línea %d de la configuración repite una clave.",
                                            "Line %d of the configuration repeats a key.", r)
                                     : fail(err, ERR_USAGE, "La línea %d de la configuración no se entiende.",
                                            "Line %d of the configuration can't be understood.", r);
        *ret = TAKE_PTR(config);
        return 0;
}

int config_load(const char *path, struct config **ret, struct error *err) {
        _cleanup_free_ char *text = NULL;
        struct error trouble = { 0 };
        size_t n = 0;
        int r = file_read(path, FILE_MAX, &text, &n, &trouble);

        if (r == ERR_NOT_FOUND)
                return config_parse("", 0, ret, err);
        if (r < 0) {
                if (err)
                        *err = trouble;
                return r;
        }
        return config_parse(text, n, ret, err);
}

void config_free(struct config *config) {
        if (!config)
                return;
        for (struct entry *entry = config->first, *next; entry; entry = next) {
                next = entry->next;
                free(entry->section);
                free(entry->key);
                free(entry->value);
                free(entry);
        }
        free(config);
}

const char *config_text(const struct config *config, const char *section, const char *key, const char *otherwise) {
        for (const struct entry *entry = config ? config->first : NULL; entry; entry = entry->next)
                if (strcmp(entry->section, section) == 0 && strcmp(entry->key, key) == 0)
                        return *entry->value ? entry->value : otherwise;
        return otherwise;
}

int config_each(const struct config *config,
                int (*each)(void *context, const char *section, const char *key, const char *value),
                void *context) {
        int r = 0;

        for (const struct entry *entry = config ? config->first : NULL; entry && r == 0; entry = entry->next)
                r = each(context, entry->section, entry->key, entry->value);
        return r;
}
