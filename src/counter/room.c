#include "counter/room.h"

#include "policy/counter.h"
#include "print/badge.h"
#include "registry/person.h"

/* What stands above the desk. The desk itself is the client's. */
static int run_counter(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        char roles[64];
        int r = person_load(act->db, act->person, &person, err);

        (void) args;
        if (r < 0)
                return r;
        roles_format(act->roles, roles);
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "person", person.name, "full_name", person.full_name,
                         "roles", roles, "organisation", act->organisation, "station", act->station, "site",
                         act->site);
        return *ret ? 0 : fail_memory(err);
}

static int run_sheet(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(output_done) struct output out = { 0 };
        const char *path = json_text(args, "out");
        int r = counter_sheet_to_pdf(act->organisation, act->lang, &out, err);

        if (r == 0)
                r = output_save(&out, act->dry_run ? NULL : path, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s}", "file", path);
        return *ret ? 0 : fail_memory(err);
}

static const struct param counter_params[] = {
        { "days", PARAM_INT, 0,
          HELP("días de los préstamos que se piden aquí (7)", "days of loans asked for here (7)"), 1, 365, NULL,
          0 },
        { "quiet", PARAM_FLAG, 0, HELP("sin sonido", "without sound"), 0, 0, NULL, 0 },
};
static const struct param sheet_params[] = {
        { "out", PARAM_OUTPUT, PARAM_REQUIRED, HELP("fichero PDF", "PDF file"), 0, 0, NULL, 0 },
};
static const struct column counter_columns[] = {
        { "person", HELP("CUENTA", "ACCOUNT") },          { "full_name", HELP("NOMBRE", "NAME") },
        { "roles", CODES("ROLES", "ROLES", role_words) }, { "organisation", HELP("ORGANIZACIÓN", "ORGANISATION") },
        { "station", HELP("PUESTO", "STATION") },         { "site", HELP("SEDE", "SITE") },
};
static const struct column sheet_columns[] = { { "file", HELP("FICHERO", "FILE") } };

static const struct verb verbs[] = {
        { "counter", "", ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_READS,
          HELP("El mostrador de custodia: basta un lector de códigos. Sin terminal dice quién atiende",
               "The custody counter: a scanner is enough. Without a terminal it says who serves"),
          PARAMS(counter_params), COLUMNS(counter_columns), .run = run_counter },
        { "counter", "sheet", ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_READS,
          HELP("La hoja con los códigos del mostrador, leídos de vuelta",
               "The sheet with the counter's codes, read back"),
          PARAMS(sheet_params), COLUMNS(sheet_columns), .run = run_sheet },
};

const struct room counter_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
