#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/signature.h"
#include "policy/custody_environment.h"
#include "transport/form_parts.h"

static void put(json_t *object, const char *key, json_t *value) {
        if (value)
                (void) json_object_set_new(object, key, value);
}

static json_t *pair(const char *es, const char *en) {
        return json_pack("{s:s, s:s}", "es", es, "en", en);
}

static const json_t *origin_of(const json_t *shipment) {
        const json_t *list = json_object_get(shipment, "checkpoints");

        for (size_t i = json_array_size(list); i-- > 0;)
                if (strcmp(json_text_or_empty(json_array_get(list, i), "point"),
                           checkpoint_terms[CHECKPOINT_ORIGIN].code) == 0)
                        return json_array_get(list, i);
        return NULL;
}

/* "18.5 °C, sin activar", or what there is of it. */
static json_t *reading(const json_t *checkpoint, enum indicator indicator) {
        const char *code = indicator_terms[indicator].code, *standing = json_text(checkpoint, code);
        const json_t *value = json_object_get(json_object_get(checkpoint, "readings"), code);
        const bool tripped = standing && strcmp(standing, "tripped") == 0;
        char number[24] = "", es[64], en[64];

        if (!standing && !value)
                return NULL;
        if (value)
                environment_format(json_integer_value(value), number);
        (void) snprintf(es, sizeof es, "%s%s%s%s", number, value ? " " : "",
                        value ? transport_indicators[indicator].unit : "",
                        !standing ? ""
                        : tripped ? value ? ", activado" : "activado"
                        : value   ? ", sin activar"
                                  : "sin activar");
        (void) snprintf(en, sizeof en, "%s%s%s%s", number, value ? " " : "",
                        value ? transport_indicators[indicator].unit : "",
                        !standing ? ""
                        : tripped ? value ? ", tripped" : "tripped"
                        : value   ? ", not tripped"
                                  : "not tripped");
        return pair(es, en);
}

void form_add_indicators(const json_t *shipment, json_t *list) {
        const json_t *placed = json_object_get(shipment, "indicators"), *origin = origin_of(shipment);

        for (int i = 0; i < INDICATORS; i++) {
                const json_t *limits = json_object_get(placed, indicator_terms[i].code);
                json_t *state = origin ? reading(origin, (enum indicator) i) : NULL, *row;
                char least[24], most[24], es[80], en[80];

                if (!limits && !state)
                        continue;
                environment_format(json_int(limits, "least", transport_indicators[i].least), least);
                environment_format(json_int(limits, "most", transport_indicators[i].most), most);
                (void) snprintf(es, sizeof es, "indicador de %s, %s a %s %s", indicator_terms[i].name.es, least,
                                most, transport_indicators[i].unit);
                (void) snprintf(en, sizeof en, "%s indicator, %s to %s %s", indicator_terms[i].name.en, least, most,
                                transport_indicators[i].unit);
                row = json_pack("{s:o}", "kind", pair(es, en));
                put(row, "state", state);
                (void) json_array_append_new(list, row);
        }
}

/* One short text for a narrow column: "golpe ✓; 18.5 °C; vuelco ✗". */
json_t *form_readings(const json_t *checkpoint) {
        char es[160] = "", en[160] = "";
        bool any = false;

        for (int i = 0; i < INDICATORS; i++) {
                const char *code = indicator_terms[i].code, *standing = json_text(checkpoint, code);
                const json_t *value = json_object_get(json_object_get(checkpoint, "readings"), code);
                const char *mark = !standing ? "" : strcmp(standing, "tripped") == 0 ? " ≠" : " ok";
                char number[24] = "", tail[64];

                if (!standing && !value)
                        continue;
                if (value)
                        environment_format(json_integer_value(value), number);
                (void) snprintf(tail, sizeof tail, "%s%s%s%s%s", value ? " " : "", number, value ? " " : "",
                                value ? transport_indicators[i].unit : "", mark);
                (void) snprintf(es + strlen(es), sizeof es - strlen(es), "%s%s%s", any ? "; " : "",
                                indicator_terms[i].name.es, tail);
                (void) snprintf(en + strlen(en), sizeof en - strlen(en), "%s%s%s", any ? "; " : "",
                                indicator_terms[i].name.en, tail);
                any = true;
        }
        return any ? pair(es, en) : NULL;
}

const struct term media_outcome_terms[MEDIA_OUTCOMES] = {
        { "intact", { "íntegro", "intact" } },           { "changed", { "cambiado", "changed" } },
        { "damaged", { "dañado", "damaged" } },          { "missing", { "FALTA", "MISSING" } },
        { "not-inspected", { "recibido", "received" } }, { "recovered", { "recuperado", "recovered" } },
};

json_t *form_outcome(const json_t *medium) {
        const char *outcome = json_text(medium, "outcome");
        int i = outcome ? term_parse(media_outcome_terms, MEDIA_OUTCOMES, outcome) : -1;

        return i < 0 ? NULL : pair(media_outcome_terms[i].name.es, media_outcome_terms[i].name.en);
}

json_t *form_courier_signature(struct act *act, const json_t *shipment) {
        _cleanup_json_ json_t *signatures = NULL;
        const json_t *last;
        const char *paper;
        char es[96], en[96];

        if (custody_signatures(act, shipment_id(shipment), &signatures, NULL) < 0 ||
            json_array_size(signatures) == 0)
                return NULL;
        last = json_array_get(signatures, json_array_size(signatures) - 1);
        paper = json_text(last, "paper");
        if (!paper)
                return strcmp(json_text_or_empty(last, "standing"), "valid") == 0
                               ? pair("Firma ECDSA válida en el libro", "Valid ECDSA signature in the ledger")
                               : pair("firma NO válida", "signature NOT valid");
        (void) snprintf(es, sizeof es, "recibo n.º %.60s", paper);
        (void) snprintf(en, sizeof en, "receipt no. %.60s", paper);
        return pair(es, en);
}

/* "ES", or the country with why its papers are demanded. */
static json_t *country_words(const json_t *shipment) {
        const char *country = json_text(shipment, "country");
        int i = term_parse(transfer_terms, TRANSFERS, json_text_or_empty(shipment, "transfer"));
        char es[120], en[120];

        if (!country || i < 0)
                return NULL;
        (void) snprintf(es, sizeof es, "%s · %s", country, transfer_terms[i].name.es);
        (void) snprintf(en, sizeof en, "%s · %s", country, transfer_terms[i].name.en);
        return pair(es, en);
}

static json_t *papers_words(const struct act *act, const json_t *shipment) {
        json_t *list = json_array();
        const json_t *item;
        size_t i;

        if (json_text(shipment, "documents") && *json_text(shipment, "documents"))
                (void) json_array_append(list, json_object_get(shipment, "documents"));
        json_array_foreach(json_object_get(shipment, "papers"), i, item) {
                int kind = term_parse(transfer_paper_terms, TRANSFER_PAPERS, json_text_or_empty(item, "kind"));

                (void) json_array_append_new(
                        list,
                        json_sprintf("%s: %s", kind < 0 ? "" : text_in(transfer_paper_terms[kind].name, act->lang),
                                     json_text_or_empty(item, "reference")));
        }
        if (json_array_size(list) > 0)
                return list;
        json_decref(list);
        return NULL;
}

static json_t *review_words(const json_t *shipment) {
        const char *by = json_text(shipment, "reviewed_by"), *due = json_text(shipment, "review_due");
        char es[120], en[120];

        if (!due)
                return NULL;
        if (by) {
                const bool justified = strcmp(json_text_or_empty(shipment, "review"), "justified") == 0;

                (void) snprintf(es, sizeof es, "%s, por %s", justified ? "justificada" : "NO justificada", by);
                (void) snprintf(en, sizeof en, "%s, by %s", justified ? "justified" : "NOT justified", by);
                return pair(es, en);
        }
        (void) snprintf(es, sizeof es, "pendiente, antes de %.16sZ", due);
        (void) snprintf(en, sizeof en, "pending, before %.16sZ", due);
        return pair(es, en);
}

/* The newest track's figures in one paragraph. */
static json_t *gps_words(struct act *act, const json_t *shipment) {
        const json_t *tracks = json_object_get(shipment, "gps"),
                     *newest = json_array_get(tracks, json_array_size(tracks) - 1);
        char facts[9][120], text[1200] = "";

        if (!newest)
                return NULL;
        shipment_gps_facts(act, json_object_get(newest, "summary"), facts);
        for (size_t i = 0; i < COUNT(facts); i++)
                (void) snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " · " : "", facts[i]);
        return json_sprintf("%s. SHA-256 %s", text, json_text_or_empty(newest, "sha256"));
}

void form_add_journey(struct act *act, const json_t *shipment, json_t *data) {
        put(data, "country", country_words(shipment));
        put(data, "documents", papers_words(act, shipment));
        put(data, "review", review_words(shipment));
        if (json_text(shipment, "returns"))
                put(data, "returns", json_string(json_text(shipment, "returns")));
        if (json_flag(shipment, "drill"))
                put(data, "drill",
                    json_string(act->lang == LANG_EN
                                        ? "DRILL: a rehearsal of the transport; it is no real shipment."
                                        : "SIMULACRO: ensayo del transporte; no es un envío real."));
        put(data, "gps", gps_words(act, shipment));
}
