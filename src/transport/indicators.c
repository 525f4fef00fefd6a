/* Indicators of shock, tilt and temperature on a package: their limits, and what they show (T5). */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "transport/internal.h"

unsigned shipment_indicators(const json_t *shipment) {
        unsigned placed = 0;

        for (int i = 0; i < INDICATORS; i++)
                if (json_object_get(json_object_get(shipment, "indicators"), indicator_terms[i].code))
                        placed |= 1U << i;
        return placed;
}

static bool beyond(const json_t *shipment, enum indicator indicator, int64_t value) {
        const struct indicator_row *row = &transport_indicators[indicator];
        const json_t *limits = json_object_get(json_object_get(shipment, "indicators"), row->term.code);

        return value < json_int(limits, "least", row->least) || value > json_int(limits, "most", row->most);
}

static int add_reading(const char *text, const json_t *shipment, json_t *readings, unsigned *read,
                       unsigned *tripped, struct error *err) {
        const char *equals = strchr(text, '=');
        char code[16];
        int64_t value;
        int i, r;

        (void) snprintf(code, sizeof code, "%.*s", equals ? (int) (equals - text) : 0, text);
        i = term_parse(indicator_terms, INDICATORS, code);
        if (i < 0)
                return fail(err, ERR_USAGE, "«%.40s» no es INDICADOR=VALOR, como temperature=18.5.",
                            "“%.40s” is not INDICATOR=VALUE, such as temperature=18.5.", text);
        r = transport_indicator_value((enum indicator) i, equals + 1, &value, err);
        if (r < 0)
                return r;
        if (json_object_get(readings, indicator_terms[i].code))
                return fail(err, ERR_USAGE, "El indicador «%s%.0s» se lee dos veces.",
                            "Indicator “%.0s%s” is read twice.", indicator_terms[i].name.es,
                            indicator_terms[i].name.en);
        if (json_object_set_new(readings, indicator_terms[i].code, json_integer(value)))
                return fail_memory(err);
        *read |= 1U << i;
        if (beyond(shipment, (enum indicator) i, value))
                *tripped |= 1U << i;
        return 0;
}

int shipment_readings(const json_t *args, const json_t *shipment, json_t **ret, unsigned *ret_read,
                      unsigned *ret_tripped, struct error *err) {
        _cleanup_json_ json_t *readings = json_object();
        unsigned read = 0, tripped = 0;
        const json_t *item;
        size_t n;

        json_array_foreach(json_object_get(args, "reading"), n, item) {
                int r = add_reading(json_string_value(item), shipment, readings, &read, &tripped, err);

                if (r < 0)
                        return r;
        }
        for (int i = 0; i < INDICATORS; i++) {
                const char *standing = json_text(args, indicator_terms[i].code);

                if (standing)
                        read |= 1U << i;
                if (standing && strcmp(standing, "tripped") == 0)
                        tripped |= 1U << i;
        }
        *ret = TAKE_PTR(readings);
        *ret_read = read;
        *ret_tripped = tripped;
        return 0;
}
