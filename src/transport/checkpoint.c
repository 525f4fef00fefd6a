/* What the five checkpoints have in common (T4, T5). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/custody_environment.h"
#include "sign/algorithm.h"
#include "transport/internal.h"

int shipment_add_incident(struct act *act, const json_t *shipment, const json_t *media, enum incident_kind kind,
                          struct shipment_facts *facts, struct error *err, const char *es, const char *en, ...) {
        _cleanup_json_ json_t *ids = media ? NULL : json_array();
        char text[LANGS][INCIDENT_WHAT];
        struct fact fact;
        va_list args, again;
        const json_t *item;
        int r, at = 0, at_en = 0;
        size_t i;

        if (json_flag(shipment, "drill"))
                at = snprintf(text[LANG_ES], sizeof text[0], "SIMULACRO. "),
                at_en = snprintf(text[LANG_EN], sizeof text[0], "DRILL. ");
        va_start(args, en);
        va_copy(again, args);
        (void) vsnprintf(text[LANG_ES] + at, sizeof text[0] - (size_t) at, es, args);
        (void) vsnprintf(text[LANG_EN] + at_en, sizeof text[0] - (size_t) at_en, en, again);
        va_end(again);
        va_end(args);
        if (!media)
                json_array_foreach(json_object_get(shipment, "media"), i, item)(void)
                        json_array_append(ids, json_object_get(item, "medium"));
        const struct incident_draft draft = { kind, shipment_id(shipment), media ? media : ids };

        if (facts->n == facts->most)
                return fail_memory(err);
        r = incident_fact(act->db, facts->incidents, &draft, &fact, err, "%s%.0s", "%.0s%s", text[LANG_ES],
                          text[LANG_EN]);
        if (r < 0)
                return r;
        facts->facts[facts->n++] = fact;
        facts->incidents++;
        return 0;
}

/* T5: compares with the seals in force. */
bool shipment_seals_match(const json_t *shipment, const json_t *found) {
        const json_t *placed = json_object_get(shipment, "seals"), *item;
        const char *expected[100], *given[100];
        size_t i;

        if (json_array_size(placed) > COUNT(expected) || json_array_size(found) > COUNT(given))
                return false;
        json_array_foreach(placed, i, item) expected[i] = json_text(item, "plain");
        json_array_foreach(found, i, item) given[i] = json_string_value(item);
        return transport_seals_match(expected, json_array_size(placed), given, json_array_size(found));
}

/* The members that are said and signed; moments as ISO text. */
static int make_statement(struct act *act, const json_t *args, const json_t *shipment,
                          const struct checkpoint_call *call, json_t *seals, json_t *readings, json_t **ret,
                          struct error *err) {
        static const char *const said[] = { "place", "position", "note", "company", "courier", "waybill" };
        _cleanup_json_ json_t *statement = NULL, *media = json_array();
        char moment[TIME_TEXT];
        const json_t *item;
        bool failed = false;
        size_t i;

        json_array_foreach(json_object_get(shipment, "media"), i, item)
                failed |= json_array_append_new(media, json_pack("{s:s, s:s}", "id", json_text(item, "medium"),
                                                                 "digest", json_text_or_empty(item, "digest"))) !=
                          0;
        time_format(act_now(act), moment);
        statement = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:O}", "format", "mpsi-checkpoint-1",
                              "algorithm", signature_algorithm, "shipment", shipment_id(shipment), "point",
                              checkpoint_terms[call->point].code, "person", act->person, "signed", moment, "seals",
                              seals, "media", media);
        for (i = 0; i < COUNT(said) && !failed; i++)
                if (json_object_get(args, said[i]))
                        failed = json_object_set(statement, said[i], json_object_get(args, said[i])) != 0;
        for (i = 0; i < INDICATORS && !failed; i++)
                if (json_object_get(args, indicator_terms[i].code))
                        failed = json_object_set(statement, indicator_terms[i].code,
                                                 json_object_get(args, indicator_terms[i].code)) != 0;
        if (!failed && json_object_size(readings))
                failed = json_object_set(statement, "readings", readings) != 0;
        if (!statement || failed ||
            (call->extra && json_object_update(statement, (json_t *) (uintptr_t) call->extra)))
                return fail_memory(err);
        *ret = TAKE_PTR(statement);
        return 0;
}

static const char *event_of(enum checkpoint point, bool sound) {
        static const char *const events[CHECKPOINTS] = {
                [CHECKPOINT_ORIGIN] = "shipment.dispatched",      [CHECKPOINT_PICKUP] = "shipment.picked-up",
                [CHECKPOINT_TRANSIT] = "shipment.tracked",        [CHECKPOINT_DELIVERY] = "shipment.delivered",
                [CHECKPOINT_CONFIRMATION] = "shipment.confirmed",
        };

        return point == CHECKPOINT_ORIGIN && !sound ? "shipment.stopped" : events[point];
}

static int add_fact(struct act *act, const json_t *shipment, const struct checkpoint_call *call,
                    const json_t *statement, bool judged, bool match, bool sound, struct shipment_facts *facts,
                    struct error *err) {
        json_t *data = json_deep_copy(statement);
        int r = 0;

        if (!data)
                return fail_memory(err);
        /* These three are in the event itself. */
        (void) json_object_del(data, "format");
        (void) json_object_del(data, "shipment");
        (void) json_object_del(data, "person");
        if (judged)
                r = json_object_set_new(data, "seals_match", json_boolean(match)) ? fail_memory(err) : 0;
        if (r == 0 && call->sign)
                r = shipment_sign(act, statement, data, err);
        if (r < 0) {
                json_decref(data);
                return r;
        }
        return shipment_facts_add(facts, event_of(call->point, sound), shipment_id(shipment), data, err);
}

/* What tripped, with its value and limits where they are known. */
static int add_tripped(struct act *act, const json_t *shipment, enum checkpoint point, enum indicator indicator,
                       const json_t *readings, struct shipment_facts *facts, struct error *err) {
        const struct indicator_row *row = &transport_indicators[indicator];
        const json_t *limits = json_object_get(json_object_get(shipment, "indicators"), row->term.code);
        char value[24] = "-", least[24], most[24];

        if (json_object_get(readings, row->term.code))
                environment_format(json_int(readings, row->term.code, 0), value);
        environment_format(json_int(limits, "least", row->least), least);
        environment_format(json_int(limits, "most", row->most), most);
        return shipment_add_incident(
                act, shipment, NULL, INCIDENT_INDICATOR, facts, err,
                "Envío %s, punto «%s%.0s»: indicador de %s%.0s activado (marca %s, límites %s a %s %s).",
                "Shipment %s, checkpoint “%.0s%s”: indicator of %.0s%s tripped (it shows %s, limits %s to %s %s).",
                shipment_id(shipment), checkpoint_terms[point].name.es, checkpoint_terms[point].name.en,
                row->term.name.es, row->term.name.en, value, least, most, row->unit);
}

/* "S1011, S1012"; of many the first ones. */
static void name_seals(const json_t *seals, char *out, size_t size) {
        const json_t *seal;
        size_t i, at = 0;

        (void) snprintf(out, size, "–");
        json_array_foreach(seals, i, seal) if (at < size)
                at += (size_t) snprintf(out + at, size - at, "%s%s", i ? ", " : "", json_string_value(seal));
}

static int add_found_incidents(struct act *act, const json_t *shipment, enum checkpoint point, const json_t *seals,
                               bool match, unsigned tripped, const json_t *readings, struct shipment_facts *facts,
                               struct error *err) {
        char found[200];
        int r = 0;

        name_seals(seals, found, sizeof found);
        if (!match)
                r = shipment_add_incident(
                        act, shipment, NULL, INCIDENT_SEAL, facts, err,
                        "Envío %s, punto «%s%.0s»: los precintos hallados (%s) no son los colocados.",
                        "Shipment %s, checkpoint “%.0s%s”: the seals found (%s) are not those placed.",
                        shipment_id(shipment), checkpoint_terms[point].name.es, checkpoint_terms[point].name.en,
                        found);
        for (int i = 0; i < INDICATORS && r == 0; i++)
                if (tripped & 1U << i)
                        r = add_tripped(act, shipment, point, (enum indicator) i, readings, facts, err);
        return r;
}

/* Order, incidents that are still open, and what has to be looked at here. */
static int judge_point(struct act *act, const json_t *args, const json_t *shipment, enum checkpoint point,
                       json_t **ret_seals, json_t **ret_readings, unsigned *ret_tripped, struct error *err) {
        unsigned seen = 0;
        int r = transport_judge_order(shipment_state_of(shipment), point, err);

        if (r == 0 && point != CHECKPOINT_TRANSIT)
                r = incident_refuse_open(act->db, shipment_id(shipment), "T5", err);
        if (r == 0)
                r = shipment_seals(args, ret_seals, err);
        if (r == 0)
                r = shipment_readings(args, shipment, ret_readings, &seen, ret_tripped, err);
        if (r == 0 && point != CHECKPOINT_TRANSIT)
                r = transport_judge_indicators_read(shipment_indicators(shipment), seen, err);
        return r;
}

int shipment_checkpoint(struct act *act, const json_t *args, const json_t *shipment,
                        const struct checkpoint_call *call, struct shipment_facts *facts, bool *ret_sound,
                        struct error *err) {
        _cleanup_json_ json_t *seals = NULL, *statement = NULL, *readings = NULL;
        bool judged, match = true;
        unsigned tripped = 0;
        int r = judge_point(act, args, shipment, call->point, &seals, &readings, &tripped, err);

        if (r < 0)
                return r;
        judged = call->seals_demanded || json_array_size(seals) > 0;
        if (judged)
                match = shipment_seals_match(shipment, seals);
        r = make_statement(act, args, shipment, call, seals, readings, &statement, err);
        if (r == 0)
                r = add_fact(act, shipment, call, statement, judged, match, match && !tripped, facts, err);
        if (r == 0)
                r = add_found_incidents(act, shipment, call->point, seals, match, tripped, readings, facts, err);
        if (r < 0)
                return r;
        *ret_sound = match && !tripped;
        return 0;
}

/* Where it is now, and what comes next. */
static void say_state(struct act *act, const json_t *shipment) {
        static const char *const next[SHIPMENT_STATES] = {
                [SHIPMENT_DISPATCHED] = "ship pickup",
                [SHIPMENT_PICKED_UP] = "ship track",
                [SHIPMENT_IN_TRANSIT] = "ship deliver",
                [SHIPMENT_DELIVERED] = "ship confirm",
        };
        enum shipment_state state = shipment_state_of(shipment);
        const struct text name = shipment_state_terms[state].name;

        act_say(act, "Envío %s: %s%.0s.", "Shipment %s: %.0s%s.", shipment_id(shipment), name.es, name.en);
        if (next[state])
                act_say(act, "Siguiente: «%s %s».", "Next: “%s %s”.", next[state], shipment_id(shipment));
}

int shipment_answer(struct act *act, const char *id, const struct shipment_facts *facts, json_t **ret,
                    struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *incidents = json_array();
        int r;

        for (size_t i = 0; i < facts->n; i++) {
                if (strcmp(facts->facts[i].type, "incident.opened") != 0)
                        continue;
                act_say(act, "ATENCIÓN: incidencia %s abierta. %s%.0s", "ATTENTION: incident %s opened. %.0s%s",
                        facts->facts[i].subject, json_text_or_empty(facts->facts[i].data, "what_es"),
                        json_text_or_empty(facts->facts[i].data, "what_en"));
                if (json_array_append_new(incidents, json_string(facts->facts[i].subject)))
                        return fail_memory(err);
        }
        if (act->dry_run)
                return 0;
        r = shipment_load(act->db, id, &shipment, err);
        if (r < 0)
                return r;
        say_state(act, shipment);
        if (json_array_size(incidents) && json_object_set(shipment, "incidents", incidents))
                return fail_memory(err);
        *ret = TAKE_PTR(shipment);
        return 0;
}
