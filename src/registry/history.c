/* What happened to a medium, told to people: media history. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ledger/ledger.h"
#include "policy/destruction.h"
#include "policy/handover.h"
#include "policy/opening.h"
#include "policy/sanitization.h"
#include "policy/terms.h"
#include "policy/verification.h"
#include "registry/history.h"
#include "siem/level.h"

/* Which members of an event's data tell a person something, in the order of the telling: digests, device facts and
 * the rest are for --json. The first row that fits a member speaks. */
struct telling {
        const char *pattern; /* of the event's type, as fnmatch(3) */
        const char *member;
        struct text title;
        const struct term *terms; /* NULL: the value itself */
        size_t terms_n;
};

#define TITLE(spanish, english)                                                                                    \
        { .es = (spanish), .en = (english) }
#define TERMS(table) (table), sizeof(table) / sizeof((table)[0])

static const struct telling tellings[] = {
        { "medium.registered", "kind", TITLE("tipo", "kind"), TERMS(medium_kind_terms) },
        { "medium.*", "classification", TITLE("clasificación", "classification"), TERMS(classification_terms) },
        { "medium.*", "category", TITLE("categoría", "category"), TERMS(category_terms) },
        { "medium.*", "model", TITLE("modelo", "model"), NULL, 0 },
        { "medium.*", "serial", TITLE("serie", "serial"), NULL, 0 },
        { "medium.*", "owner", TITLE("propietario", "owner"), NULL, 0 },
        { "medium.*", "expires", TITLE("caduca", "expires"), NULL, 0 },
        { "certificate.*", "number", TITLE("certificado", "certificate"), NULL, 0 },
        { "certificate.signed", "name", TITLE("firma", "signed by"), NULL, 0 },
        { "destruction.*", "destruction", TITLE("destrucción", "destruction"), NULL, 0 },
        { "destruction.*", "method", TITLE("método", "method"), TERMS(destruction_method_terms) },
        { "sanitization.*", "job", TITLE("trabajo", "job"), NULL, 0 },
        { "sanitization.*", "scheme", TITLE("método", "method"), TERMS(scheme_terms) },
        { "sanitization.started", "demanded_level", TITLE("nivel exigido", "demanded level"),
          TERMS(sanitize_level_terms) },
        { "sanitization.*", "reached_level", TITLE("nivel alcanzado", "reached level"),
          TERMS(sanitize_level_terms) },
        { "sanitization.validated", "decision", TITLE("decisión", "decision"), TERMS(validation_terms) },
        { "encryption.started", "cipher", TITLE("cifrado", "cipher"), NULL, 0 },
        { "encryption.opened", "mode", TITLE("modo", "mode"), TERMS(opening_mode_terms) },
        { "encryption.closed", "reason", TITLE("motivo", "reason"), TERMS(opening_end_terms) },
        { "label.*", "revision", TITLE("revisión", "revision"), NULL, 0 },
        { "label.*", "design", TITLE("diseño", "design"), NULL, 0 },
        { "act.refused", "verb", TITLE("acto", "act"), NULL, 0 },
        { "encryption.*", "recipient", TITLE("destinatario", "recipient"), NULL, 0 },
        { "encryption.*", "channel", TITLE("por", "by"), TERMS(handover_channel_terms) },
        { "medium.inspected", "tags", TITLE("contiene", "holds"), NULL, 0 },
        { "destruction.*", "provider", TITLE("proveedor", "provider"), NULL, 0 },
        { "tape.*", "set", TITLE("juego", "set"), NULL, 0 },
        { "*", "loan", TITLE("préstamo", "loan"), NULL, 0 },
        { "*", "shipment", TITLE("envío", "shipment"), NULL, 0 },
        { "*", "access", TITLE("acceso", "access"), NULL, 0 },
        { "*", "search", TITLE("búsqueda", "search"), NULL, 0 },
        { "*", "stocktake", TITLE("recuento", "stocktake"), NULL, 0 },
        { "*", "incident", TITLE("incidencia", "incident"), NULL, 0 },
        { "*", "borrower", TITLE("prestatario", "borrower"), NULL, 0 },
        { "*", "person", TITLE("persona", "person"), NULL, 0 },
        { "*", "executor", TITLE("ejecuta", "done by"), NULL, 0 },
        { "*", "supervisor", TITLE("supervisa", "supervised by"), NULL, 0 },
        { "loan.extended", "from", TITLE("vencía", "was due"), NULL, 0 },
        { "*", "due", TITLE("vence", "due"), NULL, 0 },
        { "*", "from", TITLE("desde", "from"), NULL, 0 },
        { "*", "to", TITLE("a", "to"), NULL, 0 },
        { "*", "location", TITLE("lugar", "place"), NULL, 0 },
        { "*", "place", TITLE("lugar", "place"), NULL, 0 },
        { "*", "seal", TITLE("precinto", "seal"), NULL, 0 },
        { "*", "condition", TITLE("estado", "condition"), NULL, 0 },
        { "*", "rule", TITLE("regla", "rule"), NULL, 0 },
        { "*", "why", TITLE("porque", "because"), NULL, 0 },
        { "encryption.change*", "reason", TITLE(NULL, NULL), NULL, 0 },
        { "key.destroyed", "reason", TITLE(NULL, NULL), NULL, 0 },
        { "*", "reason", TITLE("motivo", "reason"), NULL, 0 },
        { "*", "note", TITLE("nota", "note"), NULL, 0 },
};

static const struct telling *telling_of(const char *type, const char *member) {
        for (size_t i = 0; i < COUNT(tellings); i++)
                if (strcmp(tellings[i].member, member) == 0 && fnmatch(tellings[i].pattern, type, 0) == 0)
                        return &tellings[i];
        return NULL;
}

/* The value for people; the caller frees it. NULL: it says nothing. */
static char *value_told(const struct telling *telling, const json_t *value, enum lang lang) {
        const char *text = json_is_object(value) ? json_text(value, lang == LANG_EN ? "en" : "es")
                                                 : json_string_value(value);
        char *name;

        if (json_is_integer(value))
                return str_format("%lld", (long long) json_integer_value(value));
        if (!text || !*text)
                return NULL;
        name = telling->terms ? terms_named(telling->terms, telling->terms_n, text, lang) : NULL;
        return name ? name : strdup(text);
}

static char *detail(const struct event *event, enum lang lang) {
        char *told = NULL;
        size_t n;
        FILE *out = open_memstream(&told, &n);

        if (!out)
                return NULL;
        for (size_t i = 0; i < COUNT(tellings); i++) {
                const struct telling *telling = &tellings[i];
                _cleanup_free_ char *value = NULL;

                if (!telling->title.es || telling_of(event->type, telling->member) != telling)
                        continue;
                value = value_told(telling, json_object_get(event->data, telling->member), lang);
                if (value)
                        (void) fprintf(out, "%s%s: %s", ftell(out) > 0 ? "; " : "", text_in(telling->title, lang),
                                       value);
        }
        if (fclose(out) != 0) {
                free(told);
                return NULL;
        }
        return told;
}

static int add_event(void *context, const struct event *event) {
        const struct text *name = &siem_level(event->type, event->data)->name;
        _cleanup_free_ char *es = detail(event, LANG_ES), *en = detail(event, LANG_EN);
        char time[TIME_TEXT];

        time_format(event->time, time);
        return json_array_append_new(context,
                                     json_pack("{s:I, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:O}", "seq",
                                               (json_int_t) event->seq, "time", time, "actor", event->actor, "type",
                                               event->type, "name", "es", name->es ? name->es : event->type, "en",
                                               name->en ? name->en : event->type, "detail", "es", es, "en", en,
                                               "data", event->data)) < 0
                       ? ERR_FAILED
                       : 0;
}

int media_run_history(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        int64_t limit = json_int(args, "limit", 200);
        int r = ledger_events(act->db, json_text(args, "medium"), json_int(args, "after", 0), limit, add_event,
                              list, err);

        if (r < 0)
                return r;
        if ((int64_t) json_array_size(list) == limit)
                act_say(act, "Hay más: --after %lld", "There is more: --after %lld",
                        (long long) json_int(json_array_get(list, json_array_size(list) - 1), "seq", 0));
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}
