/* `access ...`: the access register (U3, U7). */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/internal.h"

enum { MEDIA_MAX = 50, DEFAULT_DAYS = 7, LIST_LIMIT = 200 };

/* --- request ----------------------------------------------------------------------------------------------- */

/* What is entered, and the strictest that lies there. */
struct wanted {
        char area[LOCATION_CODE];
        enum access_level level;
        struct area demands;
        char owner[40]; /* of the media; "" without media */
};

/* Cut back at a dash until it holds that place too. */
static void widen(char area[LOCATION_CODE], const char *code) {
        while (*area && !custody_area_holds(area, code)) {
                char *dash = strrchr(area, '-');

                *(dash ? dash : area) = '\0';
        }
}

static int want_medium(struct act *act, const char *id, bool whole_area, struct wanted *wanted, struct error *err) {
        struct medium medium;
        int r = medium_load(act->db, id, &medium, err);

        if (r < 0)
                return r;
        if (!*medium.location)
                return refuse(err, ERR_CONFLICT, "U3", "El soporte %s no tiene ubicación.",
                              "Medium %s has no location.", medium.id);
        if (*wanted->owner && strcmp(wanted->owner, medium.owner) != 0)
                return refuse(err, ERR_USAGE, "U3", "Los soportes son de %s y de %s: pida un acceso a cada uno.",
                              "The media are %s's and %s's: ask each for an access.", wanted->owner, medium.owner);
        if (whole_area && !custody_area_holds(wanted->area, medium.location))
                return refuse(err, ERR_CONFLICT, "U3", "El soporte %s está en %s y no en %s.",
                              "Medium %s is at %s and not in %s.", medium.id, medium.location, wanted->area);
        if (!*wanted->area)
                (void) snprintf(wanted->area, sizeof wanted->area, "%.*s", LOCATION_CODE - 1, medium.location);
        widen(wanted->area, medium.location);
        (void) snprintf(wanted->owner, sizeof wanted->owner, "%s", medium.owner);
        if (medium.category > wanted->demands.level)
                wanted->demands.level = medium.category;
        if (medium.classification > wanted->demands.section)
                wanted->demands.section = medium.classification;
        return 0;
}

static int want(struct act *act, const json_t *args, struct wanted *ret, struct error *err) {
        const char *area = json_text(args, "area");
        const json_t *media = json_object_get(args, "medium"), *item;
        struct wanted wanted = { .level = LEVEL_MEDIUM };
        struct area there;
        size_t i;
        int r;

        if (!area && json_array_size(media) == 0)
                return fail(err, ERR_USAGE, "Diga a qué lugar, o a qué soporte con --medium.",
                            "Say which place, or which medium with --medium.");
        if (json_array_size(media) > MEDIA_MAX)
                return fail(err, ERR_USAGE, "Más de %d soportes en un acceso.", "Over %d media in one access.",
                            MEDIA_MAX);
        if (area) {
                r = custody_area_parse(area, wanted.area, &wanted.level, err);
                if (r < 0)
                        return r;
        }
        json_array_foreach(media, i, item) {
                r = want_medium(act, json_string_value(item), area != NULL, &wanted, err);
                if (r < 0)
                        return r;
        }
        if (!*wanted.area)
                return refuse(err, ERR_USAGE, "U3",
                              "Los soportes están en edificios distintos: un acceso a cada uno.",
                              "The media are in different buildings: one access to each.");
        if (json_array_size(media) > 0)
                wanted.level = LEVEL_MEDIUM;
        r = custody_area_load(act->db, wanted.area, &there, err);
        if (r < 0)
                return r;
        if (there.level > wanted.demands.level)
                wanted.demands.level = there.level;
        if (there.section > wanted.demands.section)
                wanted.demands.section = there.section;
        *ret = wanted;
        return 0;
}

static int run_request(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *person = json_text(args, "for") ? json_text(args, "for") : act->person;
        char id[16], today[DATE_TEXT], until[DATE_TEXT];
        _cleanup_json_ json_t *data = NULL;
        struct wanted wanted;
        int64_t number;
        int r;

        r = want(act, args, &wanted, err);
        if (r == 0)
                r = access_refuse_visitor(act, person, err);
        if (r < 0)
                return r;
        date_of(act_now(act), today);
        date_of(act_now(act) + DEFAULT_DAYS * DAY, until);
        if (json_text(args, "until"))
                (void) snprintf(until, sizeof until, "%s", json_text(args, "until"));
        r = access_judge_days(until, today, err);
        if (r == 0)
                r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM custody_access", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "A%06lld", (long long) number);
        data = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:O*}", "number", (json_int_t) number, "person",
                         person, "area", wanted.area, "level", access_level_terms[wanted.level].code, "section",
                         classification_terms[wanted.demands.section].code, "category",
                         category_terms[wanted.demands.level].code, "reason", json_text(args, "reason"), "until",
                         until, "media", json_object_get(args, "medium"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "custody.access-requested", id, data, err);
        if (r < 0 || act->dry_run)
                return r;
        if (*wanted.owner)
                act_say(act, "Acceso %s a %s solicitado: lo decide %s («access approve %s»).",
                        "Access %s to %s requested: %s decides (“access approve %s”).", id, wanted.area,
                        wanted.owner, id);
        else
                act_say(act, "Acceso %s a %s solicitado: lo decide un propietario de lo que se guarda allí.",
                        "Access %s to %s requested: an owner of what is kept there decides.", id, wanted.area);
        return access_load(act, id, ret, err);
}

/* --- decide ------------------------------------------------------------------------------------------------ */

struct ownership {
        const char *name;
        bool any, own;
};

static int is_mine(void *context, const struct medium *medium) {
        struct ownership *ownership = context;

        ownership->any = true;
        ownership->own = strcmp(medium->owner, ownership->name) == 0;
        return ownership->own;
}

/* U3: of the media; of what is kept there; any information owner where nothing is kept. */
static int owner_for(struct act *act, const json_t *access, char ret[40], struct error *err) {
        const json_t *first = json_array_get(json_object_get(access, "media"), 0);
        struct ownership ownership = { .name = act->person };
        struct medium medium;
        int r;

        if (first) {
                r = medium_load(act->db, json_text(first, "medium"), &medium, err);
                if (r < 0)
                        return r;
                (void) snprintf(ret, 40, "%s", medium.owner);
                return 0;
        }
        r = medium_each_in(act->db, json_text(access, "area"), is_mine, &ownership, err);
        if (r < 0)
                return r;
        if (ownership.any && !ownership.own)
                return refuse(err, ERR_DENIED, "U3", "%s no es propietario de nada de lo que se guarda en %s.",
                              "%s owns nothing of what is kept in %s.", act->person, json_text(access, "area"));
        (void) snprintf(ret, 40, "%s", act->person);
        return 0;
}

static int decide(struct act *act, const json_t *args, const char *event, const char *note, bool withdraw,
                  json_t **ret, struct error *err) {
        _cleanup_json_ json_t *access = NULL, *data = NULL;
        char owner[40];
        int r;

        r = access_load_in(act, json_text(args, "access"), ACCESS_REQUESTED, &access, err);
        if (r == ERR_CONFLICT && withdraw)
                r = access_load_in(act, json_text(args, "access"), ACCESS_APPROVED, &access, err);
        if (r == 0)
                r = owner_for(act, access, owner, err);
        if (r == 0)
                r = access_judge_decision(act->person, owner, json_text(access, "requester"),
                                          json_text(access, "person"), err);
        if (r < 0)
                return r;
        data = json_pack("{s:s*}", "note", note);
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, event, json_text(access, "access"), data, err);
        return r < 0 ? r : access_load(act, json_text(access, "access"), ret, err);
}

static int run_approve(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int r = decide(act, args, "custody.access-approved", json_text(args, "note"), false, ret, err);

        if (r == 0)
                act_say(act, "Acceso %s aprobado: el custodio abre con «access enter».",
                        "Access %s approved: the custodian lets in with “access enter”.",
                        json_text(*ret, "access"));
        return r;
}

static int run_refuse(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return decide(act, args, "custody.access-denied", json_text(args, "reason"), true, ret, err);
}

/* --- looking ----------------------------------------------------------------------------------------------- */

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return access_load(act, json_text(args, "access"), ret, err);
}

#define OF_MEDIUM "id IN (SELECT access FROM custody_access_medium WHERE medium = ?3)"
/* `first` is the filter that an index serves. */
#define ACCESSES(first)                                                                                            \
        "SELECT id FROM custody_access WHERE " first " AND (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR person "  \
        "= ?2) AND (?3 IS NULL OR " OF_MEDIUM ") AND (?4 = '' OR area = ?4 OR (area > ?4 || '-' AND area < ?4 "    \
        "|| '.')) ORDER BY number DESC LIMIT ?5"

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *state = json_text(args, "state"), *medium = json_text(args, "medium");
        const char *sql = medium ? ACCESSES(OF_MEDIUM) : state ? ACCESSES("state = ?1") : ACCESSES("1");
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        char area[LOCATION_CODE] = "";
        int r = 0;

        if (json_text(args, "area"))
                r = custody_area_parse(json_text(args, "area"), area, NULL, err);
        if (r == 0)
                r = db_query(act->db, &rows, err, sql, "ssssi", state, json_text(args, "person"), medium, area,
                             json_int(args, "limit", LIST_LIMIT));
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                json_t *access = NULL;

                r = access_load(act, rows_text(rows, 0), &access, err);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, access))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

/* --- the table --------------------------------------------------------------------------------------------- */

#define ACCESS_PARAM                                                                                               \
        {                                                                                                          \
                "access", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,                                           \
                        HELP("número del acceso", "number of the access"), 0, 40, NULL, 0                          \
        }
#define SIGNATURE_PARAMS                                                                                           \
        { "sign", PARAM_FLAG, 0,    HELP("quien entra firma con su PIN", "the visitor signs with their PIN"),      \
          0,      0,          NULL, 0 },                                                                           \
        {                                                                                                          \
                "paper", PARAM_TEXT, 0,                                                                            \
                        HELP("firmó en papel: número de la hoja", "signed on paper: the sheet's number"), 0, 40,   \
                        NULL, 0                                                                                    \
        }

static const struct param request_params[] = {
        { "area", PARAM_TEXT, PARAM_POSITIONAL,
          HELP("edificio, sala, armario o posición: HQ-S03", "building, room, cabinet or position: HQ-S03"), 0, 40,
          NULL, 0 },
        { "medium", PARAM_MEDIUM, PARAM_REPEATED, HELP("soporte (repetible)", "medium (repeatable)"), 0, 0, NULL,
          0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
        { "for", PARAM_PERSON, 0, HELP("quién entra, si no es quien lo pide", "who enters, if not who asks"), 0, 0,
          NULL, 0 },
        { "until", PARAM_DATE, 0, HELP("último día; 7 días si no se dice", "last day; 7 days unless said"), 0, 0,
          NULL, 0 },
};
static const struct param approve_params[] = {
        ACCESS_PARAM,
        { "note", PARAM_TEXT, 0, HELP("condiciones", "conditions"), 0, 200, NULL, 0 },
};
static const struct param refuse_params[] = {
        ACCESS_PARAM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct param enter_params[] = {
        ACCESS_PARAM,
        { "credential", PARAM_TERM, PARAM_REQUIRED, HELP("con qué se abrió", "what it was opened with"), 0, 0,
          credential_terms, CREDENTIALS },
        { "supervisor", PARAM_PERSON, 0, HELP("quién supervisa", "who supervises"), 0, 0, NULL, 0 },
        SIGNATURE_PARAMS,
};
static const struct param leave_params[] = {
        ACCESS_PARAM,
        { "medium", PARAM_MEDIUM, PARAM_REPEATED,
          HELP("soporte devuelto (repetible)", "medium put back (repeatable)"), 0, 0, NULL, 0 },
        { "device", PARAM_TEXT, PARAM_REPEATED,
          HELP("SOPORTE=DISPOSITIVO conectado (repetible)", "MEDIUM=DEVICE connected (repeatable)"), 0, 300, NULL,
          0 },
        { "tamper", PARAM_TEXT, PARAM_REPEATED,
          HELP("SOPORTE=NÚMERO de su indicador de manipulación (repetible)",
               "MEDIUM=NUMBER of its tamper indicator (repeatable)"),
          0, 300, NULL, 0 },
        { "note", PARAM_TEXT, 0, HELP("observaciones", "remarks"), 0, 200, NULL, 0 },
        SIGNATURE_PARAMS,
};
static const struct param show_params[] = { ACCESS_PARAM };
static const struct param list_params[] = {
        { "state", PARAM_TERM, 0, HELP("solo este estado", "this state only"), 0, 0, access_state_terms,
          ACCESS_STATES },
        { "person", PARAM_PERSON, 0, HELP("solo de esta persona", "of this person only"), 0, 0, NULL, 0 },
        { "medium", PARAM_MEDIUM, 0, HELP("solo de este soporte", "of this medium only"), 0, 0, NULL, 0 },
        { "area", PARAM_TEXT, 0, HELP("solo en este lugar", "in this place only"), 0, 40, NULL, 0 },
        { "limit", PARAM_INT, 0, HELP("cuántos, 200 si no se dice", "how many, 200 unless said"), 1, 10000, NULL,
          0 },
};
static const struct column list_columns[] = {
        { "access", HELP("ACCESO", "ACCESS") },
        { "person", HELP("QUIÉN", "WHO") },
        { "area", HELP("LUGAR", "PLACE") },
        { "level", CODES("NIVEL", "LEVEL", access_level_terms) },
        { "state", CODES("ESTADO", "STATE", access_state_terms) },
        { "until", HELP("HASTA", "UNTIL") },
        { "decided_by", HELP("APRUEBA", "APPROVED BY") },
        { "entered", HELP("ENTRÓ", "ENTERED") },
        { "supervisor", HELP("SUPERVISA", "SUPERVISED BY") },
        { "left", HELP("SALIÓ", "LEFT") },
        { "integrity", CODES("INTEGRIDAD", "INTEGRITY", integrity_terms) },
        { "reason", HELP("MOTIVO", "REASON") },
};
static const struct column show_columns[] = {
        { "access", HELP("ACCESO", "ACCESS") },
        { "person", HELP("QUIÉN", "WHO") },
        { "area", HELP("LUGAR", "PLACE") },
        { "level", CODES("NIVEL", "LEVEL", access_level_terms) },
        { "section", HELP("SECCIÓN", "SECTION") },
        { "category", HELP("CATEGORÍA", "CATEGORY") },
        { "state", CODES("ESTADO", "STATE", access_state_terms) },
        { "reason", HELP("MOTIVO", "REASON") },
        { "until", HELP("HASTA", "UNTIL") },
        { "requester", HELP("SOLICITA", "REQUESTED BY") },
        { "decided_by", HELP("DECIDE", "DECIDED BY") },
        { "decision", HELP("CONDICIONES", "CONDITIONS") },
        { "entered", HELP("ENTRÓ", "ENTERED") },
        { "desk", HELP("ABRE", "LET IN BY") },
        { "credential", CODES("CREDENCIAL", "CREDENTIAL", credential_terms) },
        { "supervisor", HELP("SUPERVISA", "SUPERVISED BY") },
        { "left", HELP("SALIÓ", "LEFT") },
        { "left_to", HELP("CIERRA", "LET OUT BY") },
        { "integrity", CODES("INTEGRIDAD", "INTEGRITY", integrity_terms) },
        { "note", HELP("NOTA", "NOTE") },
};

#define ACCESS_VERB(verb_name, verb_roles, verb_flags, spanish, english, params_table, function)                   \
        {                                                                                                          \
                .noun = "access", .name = (verb_name), .roles = (verb_roles), .flags = (verb_flags),               \
                .help = HELP(spanish, english), PARAMS(params_table), COLUMNS(show_columns), .run = (function)     \
        }

static const struct verb access_verbs[] = {
        ACCESS_VERB("request", ROLE_ANY & ~(unsigned) ROLE_AUDITOR, VERB_WRITES, "Solicita entrar en custodia (U3)",
                    "Asks to enter custody (U3)", request_params, run_request),
        ACCESS_VERB("approve", ROLE_OWNER, VERB_WRITES, "El propietario aprueba un acceso (U3)",
                    "The owner approves an access (U3)", approve_params, run_approve),
        ACCESS_VERB("refuse", ROLE_OWNER, VERB_WRITES, "El propietario deniega un acceso, o retira su aprobación",
                    "The owner refuses an access, or withdraws the approval", refuse_params, run_refuse),
        ACCESS_VERB("enter", ROLE_CUSTODIAN, VERB_WRITES, "Registra una entrada, firmada y supervisada (U3, U7)",
                    "Records an entry, signed and supervised (U3, U7)", enter_params, access_run_enter),
        ACCESS_VERB("leave", ROLE_CUSTODIAN, VERB_WRITES,
                    "Registra una salida, con los soportes comprobados (U3, U7)",
                    "Records an exit, with the media checked (U3, U7)", leave_params, access_run_leave),
        ACCESS_VERB("show", ROLE_ANY, VERB_READS, "Muestra un acceso y sus firmas",
                    "Shows an access and its signatures", show_params, run_show),
        { .noun = "access",
          .name = "list",
          .roles = ROLE_ANY,
          .help = HELP("Lista los accesos y quién está dentro (U7)", "Lists the accesses and who is inside (U7)"),
          PARAMS(list_params),
          COLUMNS(list_columns),
          .run = run_list },
};

const struct room access_register_room = {
        .verbs = access_verbs,
        .verbs_n = COUNT(access_verbs),
        .events = custody_access_events,
        .events_n = CUSTODY_ACCESS_EVENTS,
};
