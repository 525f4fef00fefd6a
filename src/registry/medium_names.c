/* L1: what names a medium names no other. */
#include "base/str.h"
#include "registry/registry.h"

/* The conditions say `<> ''` for the sake of the indexes, which are of those that have one. */
static const struct {
        const char *name;
        const char *sql;
        struct text what;
} names[] = {
        { "serial",
          "SELECT id FROM medium WHERE serial = ? AND serial <> '' AND id <> ? LIMIT 1",
          { "El número de serie", "Serial number" } },
        /* A tag is written anew once its medium is no more. */
        { "epc",
          "SELECT id FROM medium WHERE epc = ? AND epc <> '' AND id <> ? AND state NOT IN ('destroyed', 'retired') "
          "LIMIT 1",
          { "El EPC", "EPC" } },
        { "tamper",
          "SELECT id FROM medium WHERE tamper = ? AND tamper <> '' AND id <> ? LIMIT 1",
          { "El indicador de manipulación", "Tamper indicator" } },
};

/* Within one file. */
static int note(json_t *seen, const char *name, const char *text, struct text what, struct error *err) {
        _cleanup_free_ char *key = str_format("%s %s", name, text);

        if (!key)
                return fail_memory(err);
        if (json_object_get(seen, key))
                return fail(err, ERR_CONFLICT, "%s%.0s «%.60s» está dos veces.", "%.0s%s “%.60s” is there twice.",
                            what.es, what.en, text);
        return json_object_set_new(seen, key, json_true()) < 0 ? fail_memory(err) : 0;
}

int medium_names_new(struct db *db, const char *medium, const json_t *args, json_t *seen, struct error *err) {
        for (size_t i = 0; i < COUNT(names); i++) {
                const char *text = json_text(args, names[i].name);
                _cleanup_free_ char *other = NULL;
                int r;

                /* Makers do give one number to many sticks: who has both in hand may say so. */
                if (str_empty(text) || (i == 0 && json_flag(args, "twin")))
                        continue;
                r = db_text(db, &other, err, names[i].sql, "ss", text, medium);
                if (r == 0) {
                        (void) fail(err, ERR_CONFLICT, "%s%.0s «%.60s» ya está registrado: es de %s.",
                                    "%.0s%s “%.60s” is registered already: it is %s's.", names[i].what.es,
                                    names[i].what.en, text, other);
                        return i == 0 ? hint(err,
                                             "Vea «mpsi media show %s»; si es otro con el mismo número, añada "
                                             "--twin.",
                                             "See “mpsi media show %s”; if it is another one with the same number, "
                                             "add "
                                             "--twin.",
                                             other)
                                      : hint(err, "Vea «mpsi media show %s».", "See “mpsi media show %s”.", other);
                }
                if (r != ERR_NOT_FOUND)
                        return r;
                r = seen ? note(seen, names[i].name, text, names[i].what, err) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}
