/* The facts of one act, gathered before they are recorded in one transaction. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "custody/internal.h"

int custody_facts_new(size_t most, struct custody_facts *ret, struct error *err) {
        *ret = (struct custody_facts){ .facts = calloc(most, sizeof *ret->facts),
                                       .subjects = calloc(most, sizeof *ret->subjects),
                                       .most = most };
        if (ret->facts && ret->subjects)
                return 0;
        custody_facts_done(ret);
        return fail_memory(err);
}

void custody_facts_done(struct custody_facts *facts) {
        for (size_t i = 0; i < facts->n; i++)
                json_decref(facts->facts[i].data);
        free(facts->facts);
        free(facts->subjects);
        *facts = (struct custody_facts){ 0 };
}

int custody_facts_add(struct custody_facts *facts, const char *type, const char *subject, json_t *data,
                      struct error *err) {
        if (!data || facts->n == facts->most) {
                json_decref(data);
                return fail_memory(err);
        }
        (void) snprintf(facts->subjects[facts->n], sizeof facts->subjects[0], "%s", subject);
        facts->facts[facts->n] = (struct fact){ type, facts->subjects[facts->n], data };
        facts->n++;
        return 0;
}

int custody_facts_incident(struct act *act, struct custody_facts *facts, const struct incident_draft *draft,
                           struct error *err, const char *es, const char *en, ...) {
        char text[LANGS][INCIDENT_WHAT];
        struct fact fact;
        va_list args, again;
        int r;

        va_start(args, en);
        va_copy(again, args);
        (void) vsnprintf(text[LANG_ES], sizeof text[0], es, args);
        (void) vsnprintf(text[LANG_EN], sizeof text[0], en, again);
        va_end(again);
        va_end(args);
        r = incident_fact(act->db, facts->incidents, draft, &fact, err, "%s%.0s", "%.0s%s", text[LANG_ES],
                          text[LANG_EN]);
        if (r < 0)
                return r;
        r = custody_facts_add(facts, fact.type, fact.subject, fact.data, err);
        if (r == 0)
                facts->incidents++;
        return r;
}

void custody_facts_say(struct act *act, const struct custody_facts *facts) {
        for (size_t i = 0; i < facts->n && !act->dry_run; i++)
                if (strcmp(facts->facts[i].type, "incident.opened") == 0)
                        act_say(act, "ATENCIÓN: incidencia %s abierta. %s%.0s",
                                "ATTENTION: incident %s opened. %.0s%s", facts->facts[i].subject,
                                json_text_or_empty(facts->facts[i].data, "what_es"),
                                json_text_or_empty(facts->facts[i].data, "what_en"));
}

int custody_pairs(struct act *act, const json_t *args, const char *param, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *pairs = json_object();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(args, param), i, item) {
                const char *text = json_string_value(item), *equals = strchr(text, '=');
                char name[256], id[MEDIUM_ID_TEXT];
                int r;

                if (!equals || equals == text || !equals[1] || (size_t) (equals - text) >= sizeof name)
                        return fail(err, ERR_USAGE, "«%.60s» no es SOPORTE=VALOR.", "“%.60s” is not MEDIUM=VALUE.",
                                    text);
                (void) snprintf(name, sizeof name, "%.*s", (int) (equals - text), text);
                r = medium_resolve(act->db, name, id, NULL, err);
                if (r < 0)
                        return r;
                if (json_object_get(pairs, id))
                        return fail(err, ERR_USAGE, "El soporte %s se indica dos veces.",
                                    "Medium %s is named twice.", id);
                if (json_object_set_new(pairs, id, json_string(equals + 1)))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(pairs);
        return 0;
}
