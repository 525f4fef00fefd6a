/* Whether what is open may stay so, and what is on record as open but is not. */
#include "device/mapping.h"
#include "gate/opening_internal.h"
#include "registry/person.h"

static int person_may_act(struct db *db, const char *name, bool *ret, struct error *err) {
        _cleanup_person_ struct person person = { .certificate = NULL };
        int r = person_load(db, name, &person, err);

        *ret = r == 0 && !person.blocked;
        return r == ERR_NOT_FOUND ? 0 : r;
}

int opening_stands(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement,
                   enum opening_standing *ret, struct error *err) {
        struct opening_answer answer;
        struct opening_row row;
        struct medium medium;
        bool may = false;
        int r = judgement->medium[0] ? opening_load(act->db, judgement->medium, &row, err) : 0;

        if (r <= 0 || strcmp(row.insertion, facts->insertion) != 0) {
                *ret = OPENING_NONE;
                return r < 0 ? r : 0;
        }
        r = medium_load(act->db, row.medium, &medium, err);
        if (r == 0)
                r = person_may_act(act->db, row.person, &may, err);
        if (r < 0)
                return r;
        opening_decide(&(struct opening_case){ .person = row.person,
                                               .roles = row.roles,
                                               .ours = medium.key_id[0],
                                               .standing = gate_standing_of(medium.state),
                                               .holder = medium.holder,
                                               .gate = judgement->answer,
                                               .but_loan = judgement->but_loan },
                       &answer);
        *ret = may && answer.mode >= row.mode ? OPENING_STAYS : OPENING_ENDS_NOW;
        return 0;
}

int opening_closed(struct act *act, const char *medium, enum opening_end why, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        struct opening_row row;
        int r = opening_load(act->db, medium, &row, err);

        /* Whoever opens holds the writer's lock from the record to the mapping, so that neither is without the
         * other here. */
        if (r <= 0 || mapping_find(medium, NULL))
                return r < 0 ? r : 0;
        data = json_pack("{s:s, s:s, s:s}", "reason", opening_end_terms[why].code, "device", row.device, "person",
                         row.person);
        return data ? act_record_one(act, "encryption.closed", medium, data, err) : fail_memory(err);
}

struct names {
        char (*names)[MEDIUM_ID_TEXT];
        size_t n;
};

static int add_name(void *context, const struct opening_row *row) {
        struct names *names = context;
        char(*more)[MEDIUM_ID_TEXT] = realloc(names->names, (names->n + 1) * sizeof *more);

        if (!more)
                return ERR_FAILED;
        names->names = more;
        memcpy(more[names->n++], row->medium, MEDIUM_ID_TEXT);
        return 0;
}

int opening_reconcile(struct act *act, struct error *err) {
        struct names names = { .n = 0 };
        int r = opening_each(act->db, add_name, &names, err);

        for (size_t i = 0; i < names.n && r == 0; i++)
                r = opening_closed(act, names.names[i], END_LOST, err);
        free(names.names);
        return r;
}
