#include "policy/shipping.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "policy/custody_environment.h"

/* --- acts by state ------------------------------------------------------------------------------------------ */

#define IN(state) (1U << SHIPMENT_##state)
#define UNPACKED_OR_WAITING (IN(CREATED) | IN(PACKED) | IN(AUTHORISED))
#define ON_THE_WAY (IN(DISPATCHED) | IN(PICKED_UP) | IN(IN_TRANSIT))

const struct shipment_act_row shipment_acts[SHIPMENT_ACTS] = {
        [SHIP_PACK] = { "pack", "T4", UNPACKED_OR_WAITING },
        [SHIP_AUTHORISE] = { "authorise", "T3", IN(PACKED) },
        [SHIP_DISPATCH] = { "dispatch", "T4", IN(AUTHORISED) },
        [SHIP_PICKUP] = { "pickup", "T4", IN(DISPATCHED) },
        [SHIP_TRACK] = { "track", "T4", IN(PICKED_UP) | IN(IN_TRANSIT) },
        [SHIP_DELIVER] = { "deliver", "T4", IN(IN_TRANSIT) },
        [SHIP_CONFIRM] = { "confirm", "T4", IN(DELIVERED) },
        [SHIP_LOST] = { "lost", "T4", ON_THE_WAY | IN(DELIVERED) },
        [SHIP_CANCEL] = { "cancel", "T4", UNPACKED_OR_WAITING },
        [SHIP_DOCUMENT] = { "document", "T6", UNPACKED_OR_WAITING | ON_THE_WAY },
        [SHIP_NOTICE] = { "notice", "T6", IN(AUTHORISED) | ON_THE_WAY },
        [SHIP_GPS] = { "gps", "T4", ON_THE_WAY | IN(DELIVERED) | IN(CONFIRMED) | IN(LOST) },
        [SHIP_REVIEW] = { "review", "T6",
                          IN(AUTHORISED) | ON_THE_WAY | IN(DELIVERED) | IN(CONFIRMED) | IN(LOST) | IN(CANCELLED) },
        [SHIP_BREACH] = { "breach", "T4", IN(CONFIRMED) | IN(LOST) },
};

int transport_judge_act(const char *shipment, enum shipment_state state, enum shipment_act act, struct error *err) {
        const struct shipment_act_row *row = &shipment_acts[act];

        if (row->from & 1U << state)
                return 0;
        return refuse(err, ERR_CONFLICT, row->rule, "El envío %s está «%s%.0s» y no admite «ship %s».",
                      "Shipment %s is “%.0s%s” and does not allow “ship %s”.", shipment,
                      shipment_state_terms[state].name.es, shipment_state_terms[state].name.en, row->verb);
}

enum shipment_act transport_act_of(enum checkpoint checkpoint) {
        static const enum shipment_act acts[CHECKPOINTS] = {
                [CHECKPOINT_ORIGIN] = SHIP_DISPATCH,      [CHECKPOINT_PICKUP] = SHIP_PICKUP,
                [CHECKPOINT_TRANSIT] = SHIP_TRACK,        [CHECKPOINT_DELIVERY] = SHIP_DELIVER,
                [CHECKPOINT_CONFIRMATION] = SHIP_CONFIRM,
        };

        return acts[checkpoint];
}

/* --- routes ------------------------------------------------------------------------------------------------- */

int transport_judge_route(enum category strictest, const struct route_facts *route, int64_t limit,
                          struct error *err) {
        if (route->closed)
                return refuse(err, ERR_REFUSED, "T6", "La ruta %s está cerrada.", "Route %s is closed.",
                              route->name);
        if (route->known && limit > route->limit)
                return refuse(err, ERR_REFUSED, "T6", "La ruta %s admite %lld horas, no %lld.",
                              "Route %s allows %lld hours, not %lld.", route->name, (long long) route->limit,
                              (long long) limit);
        if (route->known || route->emergency || (!route->kept && strictest < CATEGORY_ALTA))
                return 0;
        return refuse(err, ERR_REFUSED, "T6", "«%.60s» no es una ruta predefinida.",
                      "“%.60s” is no predefined route.", route->name);
}

/* --- couriers ----------------------------------------------------------------------------------------------- */

bool transport_courier_registered(enum category strictest, bool kept) {
        return kept || strictest == CATEGORY_ALTA;
}

int transport_judge_courier(enum category strictest, const struct courier_facts *courier, const char *today,
                            struct error *err) {
        if (!transport_courier_registered(strictest, courier->kept))
                return 0;
        if (!courier->known)
                return refuse(err, ERR_REFUSED, "T4", "%.60s no es un mensajero autorizado.",
                              "%.60s is no authorised courier.", courier->name);
        if (courier->withdrawn)
                return refuse(err, ERR_REFUSED, "T4", "La autorización del mensajero %.60s se retiró.",
                              "The authorisation of courier %.60s was withdrawn.", courier->name);
        if (strcmp(courier->expires, today) < 0)
                return refuse(err, ERR_REFUSED, "T4", "La autorización del mensajero %.60s venció el %s.",
                              "The authorisation of courier %.60s expired on %s.", courier->name, courier->expires);
        if (strcmp(courier->company, courier->shown) != 0)
                return refuse(err, ERR_REFUSED, "T4", "El mensajero %.60s es de «%.60s», no de «%.60s».",
                              "Courier %.60s is of “%.60s”, not of “%.60s”.", courier->name, courier->company,
                              courier->shown);
        if (!courier->is_signed)
                return refuse(err, ERR_REFUSED, "T4", "Falta la firma del mensajero: su clave, o el recibo.",
                              "The courier's signature is missing: their key, or the receipt.");
        return 0;
}

int transport_judge_transit_signed(enum transport_tracking tracking, bool any_signed, struct error *err) {
        if (tracking < TRACKING_SIGNED || any_signed)
                return 0;
        return refuse(err, ERR_REFUSED, "T4", "Ningún punto del tránsito está firmado: «ship track … --sign».",
                      "No point of the transit is signed: “ship track … --sign”.");
}

/* --- indicators --------------------------------------------------------------------------------------------- */

const struct term indicator_terms[INDICATORS] = {
        [INDICATOR_SHOCK] = { "shock", { "golpe", "shock" } },
        [INDICATOR_TILT] = { "tilt", { "vuelco", "tilt" } },
        [INDICATOR_TEMPERATURE] = { "temperature", { "temperatura", "temperature" } },
};

/* 25 g and 80° are the mildest of the usual labels; 25 °C is what the handling instructions say. */
const struct indicator_row transport_indicators[INDICATORS] = {
        [INDICATOR_SHOCK] = { { "shock", { "golpe", "shock" } }, "g", 0, 2500, 0, 100000 },
        [INDICATOR_TILT] = { { "tilt", { "vuelco", "tilt" } }, "°", 0, 8000, 0, 36000 },
        [INDICATOR_TEMPERATURE] = { { "temperature", { "temperatura", "temperature" } },
                                    "°C",
                                    500,
                                    2500,
                                    -8000,
                                    12000 },
};

const unsigned transport_indicators_demanded[CATEGORIES] = {
        [CATEGORY_BASICA] = 0,
        [CATEGORY_MEDIA] = 0,
        [CATEGORY_ALTA] = 1U << INDICATOR_SHOCK | 1U << INDICATOR_TILT | 1U << INDICATOR_TEMPERATURE,
};

int transport_indicator_value(enum indicator indicator, const char *text, int64_t *ret, struct error *err) {
        const struct indicator_row *row = &transport_indicators[indicator];
        int64_t value;

        if (!environment_parse(text, &value))
                return fail(err, ERR_USAGE, "«%.40s» no es un valor de %s%.0s.", "“%.40s” is no value of %.0s%s.",
                            text, row->term.name.es, row->term.name.en);
        if (value < row->possible_least || value > row->possible_most)
                return refuse(err, ERR_REFUSED, "T5", "Ningún indicador marca %.20s %s.",
                              "No indicator shows %.20s %s.", text, row->unit);
        *ret = value;
        return 0;
}

int transport_indicator_limits(const char *text, enum indicator *ret, int64_t *ret_least, int64_t *ret_most,
                               struct error *err) {
        const char *equals = strchr(text, '='), *dots = equals ? strstr(equals, "..") : NULL;
        char code[16], least[16];
        int i, r;

        (void) snprintf(code, sizeof code, "%.*s", equals ? (int) (equals - text) : 15, text);
        i = !equals || dots ? term_parse(indicator_terms, INDICATORS, code) : -1;
        if (i < 0)
                return fail(err, ERR_USAGE, "«%.60s» no es un indicador, como shock o temperature=2..8.",
                            "“%.60s” is no indicator, such as shock or temperature=2..8.", text);
        *ret_least = transport_indicators[i].least;
        *ret_most = transport_indicators[i].most;
        *ret = (enum indicator) i;
        if (!equals)
                return 0;
        (void) snprintf(least, sizeof least, "%.*s", (int) (dots - equals - 1), equals + 1);
        r = transport_indicator_value(*ret, least, ret_least, err);
        if (r == 0)
                r = transport_indicator_value(*ret, dots + 2, ret_most, err);
        if (r == 0 && *ret_least >= *ret_most)
                return fail(err, ERR_USAGE, "«%.60s» acaba donde empieza.", "“%.60s” ends where it begins.", text);
        return r;
}

static int refuse_missing(unsigned missing, const char *es, const char *en, struct error *err) {
        for (int i = 0; i < INDICATORS; i++)
                if (missing & 1U << i)
                        return refuse(err, ERR_REFUSED, "T5", "Indicador de %s%.0s: %s%.0s.",
                                      "Indicator of %.0s%s: %.0s%s.", indicator_terms[i].name.es,
                                      indicator_terms[i].name.en, es, en);
        return 0;
}

int transport_judge_indicators(enum category strictest, unsigned placed, struct error *err) {
        return refuse_missing(transport_indicators_demanded[strictest] & ~placed,
                              "esta categoría lo exige en el bulto (--indicator)",
                              "this category demands it on the package (--indicator)", err);
}

int transport_judge_indicators_read(unsigned placed, unsigned read, struct error *err) {
        return refuse_missing(placed & ~read, "va en el bulto y no se ha leído",
                              "it is on the package and was not read", err);
}

/* --- across a frontier -------------------------------------------------------------------------------------- */

const struct term transfer_terms[TRANSFERS] = {
        [TRANSFER_HOME] = { "home", { "dentro de España", "within Spain" } },
        [TRANSFER_UNION] = { "union", { "Unión Europea", "European Union" } },
        [TRANSFER_EEA] = { "eea", { "Espacio Económico Europeo", "European Economic Area" } },
        [TRANSFER_ADEQUATE] = { "adequate", { "decisión de adecuación (RGPD 45)", "adequacy decision (GDPR 45)" } },
        [TRANSFER_PARTLY] = { "partly-adequate",
                              { "adecuación solo de algunos destinatarios (RGPD 45)",
                                "adequacy of some recipients only (GDPR 45)" } },
        [TRANSFER_OTHER] = { "other", { "garantías adecuadas (RGPD 46)", "appropriate safeguards (GDPR 46)" } },
};

#define UNION(code)                                                                                                \
        { code, TRANSFER_UNION, "" }
/* The Commission's adequacy decisions in force in the autumn of 2026; the United Kingdom's was renewed until
 * December 2031. */
const struct country_row transport_countries[] = {
        { "ES", TRANSFER_HOME, "" },
        UNION("AT"),
        UNION("BE"),
        UNION("BG"),
        UNION("HR"),
        UNION("CY"),
        UNION("CZ"),
        UNION("DK"),
        UNION("EE"),
        UNION("FI"),
        UNION("FR"),
        UNION("DE"),
        UNION("GR"),
        UNION("HU"),
        UNION("IE"),
        UNION("IT"),
        UNION("LV"),
        UNION("LT"),
        UNION("LU"),
        UNION("MT"),
        UNION("NL"),
        UNION("PL"),
        UNION("PT"),
        UNION("RO"),
        UNION("SK"),
        UNION("SI"),
        UNION("SE"),
        { "IS", TRANSFER_EEA, "" },
        { "LI", TRANSFER_EEA, "" },
        { "NO", TRANSFER_EEA, "" },
        { "AD", TRANSFER_ADEQUATE, "2010/625/UE" },
        { "AR", TRANSFER_ADEQUATE, "2003/490/CE" },
        { "BR", TRANSFER_ADEQUATE, "(UE) 2026/179" },
        { "CA", TRANSFER_PARTLY, "2002/2/CE" },
        { "CH", TRANSFER_ADEQUATE, "2000/518/CE" },
        { "FO", TRANSFER_ADEQUATE, "2010/146/UE" },
        { "GB", TRANSFER_ADEQUATE, "(UE) 2021/1772" },
        { "GG", TRANSFER_ADEQUATE, "2003/821/CE" },
        { "IL", TRANSFER_ADEQUATE, "2011/61/UE" },
        { "IM", TRANSFER_ADEQUATE, "2004/411/CE" },
        { "JE", TRANSFER_ADEQUATE, "2008/393/CE" },
        { "JP", TRANSFER_ADEQUATE, "(UE) 2019/419" },
        { "KR", TRANSFER_ADEQUATE, "(UE) 2022/254" },
        { "NZ", TRANSFER_ADEQUATE, "2013/65/UE" },
        { "US", TRANSFER_PARTLY, "(UE) 2023/1795" },
        { "UY", TRANSFER_ADEQUATE, "2012/484/UE" },
};
const size_t transport_countries_n = COUNT(transport_countries);

int transport_country(const char *text, char ret[3], enum transfer *ret_transfer, const char **ret_reference,
                      struct error *err) {
        char code[8];

        if (strlen(text) != 2 || str_scanned(text, code, sizeof code) != 2 || strcspn(code, "0123456789") != 2)
                return fail(err, ERR_USAGE, "«%.40s» no es un país de dos letras (ISO 3166-1), como FR.",
                            "“%.40s” is no country of two letters (ISO 3166-1), such as FR.", text);
        memcpy(ret, code, 3);
        *ret_transfer = TRANSFER_OTHER;
        *ret_reference = "";
        for (size_t i = 0; i < transport_countries_n; i++)
                if (strcmp(transport_countries[i].code, code) == 0) {
                        *ret_transfer = transport_countries[i].transfer;
                        *ret_reference = transport_countries[i].reference;
                }
        return 0;
}

const struct term transfer_paper_terms[TRANSFER_PAPERS] = {
        [PAPER_CUSTOMS] = { "customs", { "declaración de aduana", "customs declaration" } },
        [PAPER_ADEQUACY] = { "adequacy",
                             { "registro de la transferencia (RGPD 45)", "record of the transfer (GDPR 45)" } },
        [PAPER_CERTIFICATION] = { "certification",
                                  { "prueba de que la decisión alcanza al destinatario",
                                    "proof that the decision covers the recipient" } },
        [PAPER_CLAUSES] = { "clauses",
                            { "cláusulas contractuales tipo ((UE) 2021/914)",
                              "standard contractual clauses ((EU) 2021/914)" } },
        [PAPER_ASSESSMENT] = { "assessment",
                               { "evaluación de impacto de la transferencia", "transfer impact assessment" } },
        [PAPER_OTHER] = { "other", { "otro documento", "another document" } },
};

const unsigned transport_papers_demanded[TRANSFERS] = {
        [TRANSFER_EEA] = 1U << PAPER_CUSTOMS,
        [TRANSFER_ADEQUATE] = 1U << PAPER_CUSTOMS | 1U << PAPER_ADEQUACY,
        [TRANSFER_PARTLY] = 1U << PAPER_CUSTOMS | 1U << PAPER_ADEQUACY | 1U << PAPER_CERTIFICATION,
        [TRANSFER_OTHER] = 1U << PAPER_CUSTOMS | 1U << PAPER_CLAUSES | 1U << PAPER_ASSESSMENT,
};

int transport_judge_papers(const char *country, enum transfer transfer, unsigned there, struct error *err) {
        for (int i = 0; i < TRANSFER_PAPERS; i++)
                if (transport_papers_demanded[transfer] & ~there & 1U << i)
                        return refuse(err, ERR_REFUSED, "T6", "Hacia %s falta «%s» (%s%.0s): «ship document».",
                                      "For %s “%s” is missing (%.0s%s): “ship document”.", country,
                                      transfer_paper_terms[i].code, transfer_paper_terms[i].name.es,
                                      transfer_paper_terms[i].name.en);
        return 0;
}

/* --- emergencies -------------------------------------------------------------------------------------------- */

const int64_t transport_review_hours[CATEGORIES] = {
        [CATEGORY_BASICA] = 72,
        [CATEGORY_MEDIA] = 48,
        [CATEGORY_ALTA] = 24,
};

int transport_judge_review(const char *reviewer, const char *creator, bool authorised, struct error *err) {
        if (strcmp(reviewer, creator) != 0 && !authorised)
                return 0;
        return refuse(err, ERR_DENIED, "X1", "%s creó o autorizó el envío: lo revisa otra persona.",
                      "%s made or authorised the shipment: somebody else reviews it.", reviewer);
}

/* --- what is due -------------------------------------------------------------------------------------------- */

const struct term due_kind_terms[DUE_KINDS] = {
        [DUE_NOTICE] = { "notice", { "falta el aviso de llegada", "notice of arrival not given" } },
        [DUE_ETA] = { "eta", { "pasó la llegada prevista", "expected arrival has passed" } },
        [DUE_LIMIT] = { "limit", { "pasó el límite en tránsito", "transit limit has passed" } },
        [DUE_ACKNOWLEDGEMENT] = { "acknowledgement", { "falta el acuse de recibo", "not acknowledged" } },
        [DUE_GPS] = { "gps", { "falta el recorrido GPS", "GPS track missing" } },
        [DUE_REVIEW] = { "review", { "falta revisar la emergencia", "emergency not reviewed" } },
};

bool transport_due(enum due_kind kind, const struct due_facts *facts, int64_t *ret_by) {
        const bool on_the_way = ON_THE_WAY & 1U << facts->state;

        switch (kind) {
        case DUE_NOTICE:
                *ret_by = facts->dispatched + NOTICE_HOURS * 3600 * SECOND;
                return on_the_way && !facts->noticed;
        case DUE_ETA: *ret_by = facts->expected; return on_the_way && facts->expected;
        case DUE_LIMIT: *ret_by = facts->dispatched + facts->limit_hours * 3600 * SECOND; return on_the_way;
        case DUE_ACKNOWLEDGEMENT:
                *ret_by = facts->delivered + ACKNOWLEDGE_HOURS * 3600 * SECOND;
                return facts->state == SHIPMENT_DELIVERED;
        case DUE_GPS:
                *ret_by = facts->delivered;
                return facts->delivered && facts->tracking == TRACKING_GPS && !facts->traced;
        case DUE_REVIEW: *ret_by = facts->review_due; return facts->review_due && !facts->reviewed;
        case DUE_KINDS: break;
        }
        return false;
}

/* --- the way that was gone ---------------------------------------------------------------------------------- */

int transport_judge_track_time(int64_t first, int64_t last, int64_t dispatched, int64_t end, struct error *err) {
        const int64_t slack = TRACK_SLACK_MINUTES * 60 * SECOND;
        char text[2][TIME_TEXT];

        if (first >= dispatched - slack && last <= end + slack)
                return 0;
        time_format(first < dispatched - slack ? first : last, text[0]);
        time_format(first < dispatched - slack ? dispatched : end, text[1]);
        return refuse(err, ERR_REFUSED, "T4", "El recorrido tiene un punto de %s, fuera del viaje (%s).",
                      "The track has a point of %s, outside the journey (%s).", text[0], text[1]);
}
