/* Transport (mp.si.4): what is demanded of a journey: acts by state, routes, couriers, indicators, frontiers,
 * reviews. Rows of data and pure verdicts. */
#pragma once

#include "policy/transport.h"

/* --- what may be done in which state (T4) ------------------------------------------------------------------- */

enum shipment_act {
        SHIP_PACK,
        SHIP_AUTHORISE,
        SHIP_DISPATCH,
        SHIP_PICKUP,
        SHIP_TRACK,
        SHIP_DELIVER,
        SHIP_CONFIRM,
        SHIP_LOST,
        SHIP_CANCEL,
        SHIP_DOCUMENT,
        SHIP_NOTICE,
        SHIP_GPS,
        SHIP_REVIEW,
        SHIP_BREACH,
        SHIPMENT_ACTS
};
struct shipment_act_row {
        const char *verb; /* of the noun `ship` */
        const char *rule;
        unsigned from; /* bits 1 << enum shipment_state */
};
extern const struct shipment_act_row shipment_acts[SHIPMENT_ACTS];
/* ERR_CONFLICT by the row's rule. */
int transport_judge_act(const char *shipment, enum shipment_state state, enum shipment_act act, struct error *err);
/* The act that makes a checkpoint. */
enum shipment_act transport_act_of(enum checkpoint checkpoint);

/* --- routes (T6) -------------------------------------------------------------------------------------------- */

struct route_facts {
        const char *name;
        bool known, closed; /* it is in the register; it is there and no longer used */
        bool kept;          /* some route is in use: the register is kept */
        bool emergency;     /* the fast path may go by any way */
        int64_t limit;      /* the route's own, hours */
};
/* Media of category ALTA go by a predefined route; the others too once there are any. */
int transport_judge_route(enum category strictest, const struct route_facts *route, int64_t limit,
                          struct error *err);

/* --- couriers (T4) ------------------------------------------------------------------------------------------ */

struct courier_facts {
        const char *name;
        bool known, withdrawn;
        bool kept;           /* some courier was ever authorised: the register is kept */
        const char *expires; /* date, that day included */
        const char *company; /* as registered */
        const char *shown;   /* as they said now */
        bool is_signed;      /* with their own key, or on the receipt whose number is noted */
};
/* Whether the register decides: for ALTA always, for the others once it is kept. */
bool transport_courier_registered(enum category strictest, bool kept);
int transport_judge_courier(enum category strictest, const struct courier_facts *courier, const char *today,
                            struct error *err);
/* T4: with tracking and signature, and with GPS, some point of the transit was signed before the delivery. */
int transport_judge_transit_signed(enum transport_tracking tracking, bool any_signed, struct error *err);

/* --- indicators (T5) ---------------------------------------------------------------------------------------- */

enum indicator { INDICATOR_SHOCK, INDICATOR_TILT, INDICATOR_TEMPERATURE, INDICATORS };
struct indicator_row {
        struct term term;
        const char *unit;
        int64_t least, most;                   /* sound, when the packing says no other; hundredths */
        int64_t possible_least, possible_most; /* what such a thing can show */
};
extern const struct indicator_row transport_indicators[INDICATORS];
extern const struct term indicator_terms[INDICATORS];
/* "18.5" to hundredths. ERR_USAGE; ERR_REFUSED by T5 for what no indicator can show. */
int transport_indicator_value(enum indicator indicator, const char *text, int64_t *ret, struct error *err);
/* "temperature=2..8": ERR_USAGE. Without "=…" the row's limits. */
int transport_indicator_limits(const char *text, enum indicator *ret, int64_t *ret_least, int64_t *ret_most,
                               struct error *err);
/* Those that must be on the package; bits 1 << enum indicator. */
extern const unsigned transport_indicators_demanded[CATEGORIES];
int transport_judge_indicators(enum category strictest, unsigned placed, struct error *err);
/* Each that was placed is read at each sealed checkpoint. */
int transport_judge_indicators_read(unsigned placed, unsigned read, struct error *err);

/* --- across a frontier (T6, GDPR 44 to 49) ------------------------------------------------------------------- */

enum transfer {
        TRANSFER_HOME,
        TRANSFER_UNION,
        TRANSFER_EEA,
        TRANSFER_ADEQUATE,
        TRANSFER_PARTLY,
        TRANSFER_OTHER,
        TRANSFERS
};
extern const struct term transfer_terms[TRANSFERS];
struct country_row {
        char code[3];
        enum transfer transfer;
        const char *reference; /* the decision that found it adequate; "" for none */
};
extern const struct country_row transport_countries[];
extern const size_t transport_countries_n;
/* Two letters of ISO 3166-1; ERR_USAGE. A country without a row is TRANSFER_OTHER. */
int transport_country(const char *text, char ret[3], enum transfer *ret_transfer, const char **ret_reference,
                      struct error *err);

enum transfer_paper {
        PAPER_CUSTOMS,
        PAPER_ADEQUACY,
        PAPER_CERTIFICATION,
        PAPER_CLAUSES,
        PAPER_ASSESSMENT,
        PAPER_OTHER,
        TRANSFER_PAPERS
};
extern const struct term transfer_paper_terms[TRANSFER_PAPERS];
extern const unsigned transport_papers_demanded[TRANSFERS]; /* bits 1 << enum transfer_paper */
/* Before it leaves. */
int transport_judge_papers(const char *country, enum transfer transfer, unsigned there, struct error *err);

/* --- emergencies (T6) --------------------------------------------------------------------------------------- */

/* Hours in which the fast path is reviewed, from its authorisation. */
extern const int64_t transport_review_hours[CATEGORIES];
/* X1: reviewed by somebody who neither made nor authorised it. */
int transport_judge_review(const char *reviewer, const char *creator, bool authorised, struct error *err);

/* --- what is due (T6) --------------------------------------------------------------------------------------- */

enum due_kind { DUE_NOTICE, DUE_ETA, DUE_LIMIT, DUE_ACKNOWLEDGEMENT, DUE_GPS, DUE_REVIEW, DUE_KINDS };
extern const struct term due_kind_terms[DUE_KINDS];
struct due_facts {
        enum shipment_state state;
        enum transport_tracking tracking;
        int64_t dispatched, expected, delivered, noticed, review_due, reviewed; /* 0: not */
        int64_t limit_hours;
        bool traced; /* a GPS track is on record */
};
enum { ACKNOWLEDGE_HOURS = 24, NOTICE_HOURS = 1 };
/* Whether that is due now, and by when it was or is to be done. */
bool transport_due(enum due_kind kind, const struct due_facts *facts, int64_t *ret_by);

/* --- the way that was gone (T1, T6) -------------------------------------------------------------------------- */

enum {
        TRACK_SLACK_MINUTES = 5, /* clocks of the desk and of the receiver */
        TRACK_GAP_MINUTES = 15,
        TRACK_STOP_MINUTES = 10,
        TRACK_STOP_METRES = 150,
        TRACK_SPEED_MOST = 200, /* km/h: no van does that */
};
/* Points of the track outside dispatch to delivery are no part of the journey. */
int transport_judge_track_time(int64_t first, int64_t last, int64_t dispatched, int64_t end, struct error *err);
