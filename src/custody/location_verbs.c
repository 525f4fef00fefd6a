#include <string.h>

#include "custody/internal.h"
#include "store/json.h"

static const struct param add_params[] = {
        { "code", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("código EDIFICIO-SALA-ARMARIO-ESTANTE-POSICION", "code BUILDING-ROOM-CABINET-SHELF-POSITION"), 0, 40,
          NULL, 0 },
        { "kind", PARAM_TERM, PARAM_REQUIRED, HELP("tipo de custodia", "kind of storage"), 0, 0, storage_terms,
          STORAGES },
        { "level", PARAM_TERM, PARAM_REQUIRED,
          HELP("categoría que admiten su acceso y su vigilancia", "category that its access and monitoring allow"),
          0, 0, category_terms, CATEGORIES },
        { "section", PARAM_TERM, PARAM_REQUIRED,
          HELP("clasificación de la sección", "classification of the section"), 0, 0, classification_terms,
          CLASSIFICATIONS },
        { "capacity", PARAM_INT, PARAM_REQUIRED, HELP("soportes que caben", "media that it holds"), 1, 100000, NULL,
          0 },
        { "note", PARAM_TEXT, 0, HELP("nota", "note"), 0, 200, NULL, 0 },
};

static const struct param show_params[] = {
        { "code", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("código de ubicación", "location code"), 0,
          40, NULL, 0 },
};

static const struct param list_params[] = {
        { "section", PARAM_TERM, 0, HELP("solo esta sección", "this section only"), 0, 0, classification_terms,
          CLASSIFICATIONS },
        { "level", PARAM_TERM, 0, HELP("solo este nivel o más", "this level or more only"), 0, 0, category_terms,
          CATEGORIES },
        { "free", PARAM_FLAG, 0, HELP("solo con sitio libre", "with room left only"), 0, 0, NULL, 0 },
};

static const struct param move_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "location", PARAM_TEXT, PARAM_REQUIRED, HELP("código de ubicación", "location code"), 0, 40, NULL, 0 },
        { "reason", PARAM_TEXT, 0, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};

static const struct column list_columns[] = {
        { "code", HELP("UBICACIÓN", "LOCATION") },
        { "kind", CODES("TIPO", "KIND", storage_terms) },
        { "level", HELP("NIVEL", "LEVEL") },
        { "section", HELP("SECCIÓN", "SECTION") },
        { "occupied", HELP("OCUPADO", "OCCUPIED") },
        { "capacity", HELP("CAPACIDAD", "CAPACITY") },
        { "note", HELP("NOTA", "NOTE") },
};

static const struct column show_columns[] = {
        { "code", HELP("UBICACIÓN", "LOCATION") },   { "kind", CODES("TIPO", "KIND", storage_terms) },
        { "level", HELP("NIVEL", "LEVEL") },         { "section", HELP("SECCIÓN", "SECTION") },
        { "occupied", HELP("OCUPADO", "OCCUPIED") }, { "capacity", HELP("CAPACIDAD", "CAPACITY") },
        { "access", HELP("ACCESO", "ACCESS") },      { "monitoring", HELP("VIGILANCIA", "MONITORING") },
        { "media", HELP("SOPORTES", "MEDIA") },      { "note", HELP("NOTA", "NOTE") },
};

static const struct column move_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "location", HELP("UBICACIÓN", "LOCATION") },
        { "from", HELP("ANTES", "BEFORE") },
};

static const char *const location_members[] = { "code",     "kind", "level", "section",
                                                "capacity", "note", "added", "added_by" };
#define LOCATION_TYPES "ssssists"
#define LOCATION_COLUMNS "code, storage, level, section, capacity, note, added, added_by"

/* Adds who is there. */
static int fill_occupancy(struct db *db, json_t *location, bool with_media, struct error *err) {
        _cleanup_json_ json_t *media = NULL;
        int r = medium_ids_at(db, json_text(location, "code"), &media, err);

        if (r < 0)
                return r;
        if (json_object_set_new(location, "occupied", json_integer((json_int_t) json_array_size(media))) ||
            (with_media && json_object_set(location, "media", media)))
                return fail_memory(err);
        return 0;
}

static int show(struct act *act, const char *code, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *location = NULL;
        _cleanup_rows_ struct rows *rows = NULL;
        const struct storage_demand *demand;
        int r;

        r = db_query(act->db, &rows, err, "SELECT " LOCATION_COLUMNS " FROM location WHERE code = ?", "s", code);
        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe la ubicación %s.", "There is no location %s.",
                                    code);
        location = rows_to_json(rows, location_members, LOCATION_TYPES);
        if (!location)
                return fail_memory(err);
        demand = &storage_demands[term_parse(category_terms, CATEGORIES, json_text(location, "level"))];
        if (json_object_set_new(location, "access", json_string(text_in(demand->access, act->lang))) ||
            json_object_set_new(location, "monitoring", json_string(text_in(demand->monitoring, act->lang))))
                return fail_memory(err);
        r = fill_occupancy(act->db, location, true, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(location);
        return 0;
}

static int run_add(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char code[LOCATION_CODE];
        struct place place;
        int64_t there;
        int r;

        r = location_code_parse(json_text(args, "code"), code, err);
        if (r < 0)
                return r;
        r = db_int(act->db, &there, err, "SELECT 1 FROM location WHERE code = ?", "s", code);
        if (r == 0)
                return fail(err, ERR_CONFLICT, "La ubicación %s ya existe.", "Location %s exists already.", code);
        if (r != ERR_NOT_FOUND)
                return r;
        place = (struct place){
                .code = code,
                .storage = (enum storage) term_parse(storage_terms, STORAGES, json_text(args, "kind")),
                .level = (enum category) term_parse(category_terms, CATEGORIES, json_text(args, "level")),
        };
        r = custody_judge_place(&place, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s, s:I, s:s*}", "storage", json_text(args, "kind"), "level",
                         json_text(args, "level"), "section", json_text(args, "section"), "capacity",
                         (json_int_t) json_int(args, "capacity", 1), "note", json_text(args, "note"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "location.added", code, data, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Ubicación %s creada.", "Location %s made.", code);
        return show(act, code, ret, err);
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        char code[LOCATION_CODE];
        int r = location_code_parse(json_text(args, "code"), code, err);

        return r < 0 ? r : show(act, code, ret, err);
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        const char *level = json_text(args, "level");
        int least = level ? term_parse(category_terms, CATEGORIES, level) : 0;
        int r;

        r = db_query(act->db, &rows, err,
                     "SELECT " LOCATION_COLUMNS " FROM location WHERE ?1 IS NULL OR section = ?1 ORDER BY code",
                     "s", json_text(args, "section"));
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                _cleanup_json_ json_t *location = rows_to_json(rows, location_members, LOCATION_TYPES);

                if (!location)
                        return fail_memory(err);
                if (term_parse(category_terms, CATEGORIES, json_text(location, "level")) < least)
                        continue;
                r = fill_occupancy(act->db, location, false, err);
                if (r < 0)
                        return r;
                if (json_flag(args, "free") &&
                    json_int(location, "occupied", 0) >= json_int(location, "capacity", 0))
                        continue;
                if (json_array_append(list, location))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

static int run_move(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char code[LOCATION_CODE];
        struct medium medium;
        int r;

        r = medium_load(act->db, json_text(args, "medium"), &medium, err);
        if (r < 0)
                return r;
        r = location_code_parse(json_text(args, "location"), code, err);
        if (r < 0)
                return r;
        if (!medium_is_here(medium.state))
                return fail(err, ERR_CONFLICT, "El soporte %s está en el estado «%s%.0s» y no se puede mover.",
                            "Medium %s is “%.0s%s” and can't be moved.", medium.id,
                            medium_state_terms[medium.state].name.es, medium_state_terms[medium.state].name.en);
        if (strcmp(medium.location, code) == 0)
                return fail(err, ERR_CONFLICT, "El soporte %s ya está en %s.", "Medium %s is at %s already.",
                            medium.id, code);
        r = custody_location_accepts(act->db, code, &medium, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s*}", "location", code, "from", medium.location, "reason",
                         json_text(args, "reason"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "medium.moved", medium.id, data, err);
        if (r < 0)
                return r;
        act_say(act, "Soporte %s en %s.", "Medium %s at %s.", medium.id, code);
        *ret = json_pack("{s:s, s:s, s:s}", "medium", medium.id, "location", code, "from", medium.location);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb location_verbs[] = {
        { .noun = "location",
          .name = "add",
          .roles = ROLE_CUSTODIAN | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Crea una ubicación de custodia (U1, U2)", "Makes a place of custody (U1, U2)"),
          PARAMS(add_params),
          .run = run_add },
        { .noun = "location",
          .name = "show",
          .roles = ROLE_ANY,
          .help = HELP("Muestra una ubicación y sus soportes", "Shows a location and its media"),
          PARAMS(show_params),
          COLUMNS(show_columns),
          .run = run_show },
        { .noun = "location",
          .name = "list",
          .roles = ROLE_ANY,
          .help = HELP("Lista las ubicaciones", "Lists the locations"),
          PARAMS(list_params),
          COLUMNS(list_columns),
          .run = run_list },
        { .noun = "media",
          .name = "move",
          .roles = ROLE_CUSTODIAN,
          .flags = VERB_WRITES,
          .help = HELP("Lleva un soporte a una ubicación (U1, U2)", "Takes a medium to a location (U1, U2)"),
          PARAMS(move_params),
          COLUMNS(move_columns),
          .run = run_move },
};

const struct room custody_room = {
        .schema = &custody_schema,
        .verbs = location_verbs,
        .verbs_n = COUNT(location_verbs),
        .events = location_events,
        .events_n = LOCATION_EVENTS,
};
