#include "registry/proposal.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "registry/registry.h"

/* The newest look counts; one that saw nothing leaves no proposal. */
static int apply_inspected(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        const char *classification = json_text_or_empty(d, "classification");
        int r = *classification
                        ? db_exec(db, err,
                                  "INSERT INTO proposal(subject, classification, health, tags, time) VALUES(?, ?, "
                                  "?, ?, "
                                  "?) ON CONFLICT(subject) DO UPDATE SET classification = excluded.classification, "
                                  "health = excluded.health, tags = excluded.tags, time = excluded.time",
                                  "ssisi", event->subject, classification, (int64_t) json_flag(d, "health"),
                                  json_text_or_empty(d, "tags"), event->time)
                        : db_exec(db, err, "DELETE FROM proposal WHERE subject = ?", "s", event->subject);

        return r < 0 ? r : 0;
}

static const struct event_type events[] = { { "medium.inspected", apply_inspected } };

const struct room proposal_room = { .events = events, .events_n = COUNT(events) };

int proposal_load(struct db *db, const char *subject, struct proposal *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct proposal proposal = { 0 };
        int r = db_query(db, &rows, err, "SELECT classification, health, tags FROM proposal WHERE subject = ?", "s",
                         subject);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r > 0) {
                int index = term_parse(classification_terms, CLASSIFICATIONS, rows_text(rows, 0));

                proposal.there = index >= 0;
                proposal.classification = index < 0 ? CLASS_PUBLICO : (enum classification) index;
                proposal.health = rows_int(rows, 1);
                (void) snprintf(proposal.tags, sizeof proposal.tags, "%s", rows_text(rows, 2));
        }
        *ret = proposal;
        return 0;
}

const char *proposal_subject(const struct device_facts *facts) {
        return *facts->serial ? facts->serial : facts->insertion;
}

int proposal_in_registration(struct act *act, const json_t *args, const struct device_facts *facts, json_t **ret,
                             struct error *err) {
        const char *said = json_text(args, "classification");
        struct proposal proposal = { 0 };
        json_t *effective;
        int r = facts ? proposal_load(act->db, proposal_subject(facts), &proposal, err) : 0;

        if (r < 0)
                return r;
        if (!said && !(json_flag(args, "proposed") && proposal.there)) {
                (void) fail(err, ERR_USAGE, "Falta --classification, y no hay propuesta que tomar con --proposed.",
                            "--classification is missing, and there is no proposal to take with --proposed.");
                return hint(err, "«media inspect DISPOSITIVO» propone una.",
                            "“media inspect DEVICE” proposes one.");
        }
        effective = json_copy((json_t *) (uintptr_t) args);
        if (!effective)
                return fail_memory(err);
        if (json_flag(args, "proposed") && proposal.there) {
                int least = (int) proposal.classification,
                    asked = said ? term_parse(classification_terms, CLASSIFICATIONS, said) : least;

                (void) json_object_set_new(effective, "classification",
                                           json_string(classification_terms[asked > least ? asked : least].code));
                if (proposal.health)
                        (void) json_object_set_new(effective, "health", json_true());
        } else if (proposal.there &&
                   term_parse(classification_terms, CLASSIFICATIONS, said) < (int) proposal.classification) {
                act_say(act, "Atención: el contenido (%s) hace proponer %s (L8).",
                        "Beware: the content (%s) makes %s the proposal (L8).", proposal.tags,
                        classification_terms[proposal.classification].code);
        }
        *ret = effective;
        return 0;
}
