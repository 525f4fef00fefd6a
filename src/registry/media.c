/* Verbs and events of media: register, classify, show, list, find, retire. */
#include <string.h>

#include "base/str.h"
#include "device/facts.h"
#include "ledger/ledger.h"
#include "policy/rule.h"
#include "registry/blank.h"
#include "registry/history.h"
#include "registry/medium_id.h"
#include "registry/medium_sql.h"
#include "registry/person.h"
#include "registry/proposal.h"
#include "registry/registry.h"

/* --- events ----------------------------------------------------------------------------------------------- */

static int apply_registered(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(
                db, err,
                "INSERT INTO medium(id, number, kind, classification, category, state, health, owner, created, "
                "expires, "
                "retention_days, location, holder, model, vendor, serial, wwn, insertion, size, luks_uuid, "
                "luks_seqid, "
                "header_digest, key_id, filled, epc, tamper, label_state, label_revision, note) VALUES(?, ?, ?, ?, "
                "?, "
                "'in-custody', ?, ?, ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?, '', 0, '', '', 0, ?, ?, 'none', 0, ?)",
                "sisssisssisssssisss", event->subject, json_int(d, "number", 0), json_text(d, "kind"),
                json_text(d, "classification"), json_text(d, "category"), (int64_t) json_flag(d, "health"),
                json_text(d, "owner"), json_text(d, "created"), json_text(d, "expires"),
                json_int(d, "retention_days", 0), json_text(d, "model"), json_text(d, "vendor"),
                json_text(d, "serial"), json_text(d, "wwn"), json_text(d, "insertion"), json_int(d, "size", 0),
                json_text(d, "epc"), json_text(d, "tamper"), json_text(d, "note"));

        return r < 0 ? r : 0;
}

/* L10: what changes on the label makes the old one void. */
static int apply_changed(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(
                db, err,
                "UPDATE medium SET classification = coalesce(?, classification), owner = coalesce(?, owner), "
                "expires = coalesce(?, expires), health = max(health, ?), epc = coalesce(?, epc), "
                "tamper = coalesce(?, tamper), "
                "label_state = CASE label_state WHEN 'valid' THEN 'void' ELSE label_state END WHERE id = ?",
                "sssisss", json_text(d, "classification"), json_text(d, "owner"), json_text(d, "expires"),
                (int64_t) json_flag(d, "health"), json_text(d, "epc"), json_text(d, "tamper"), event->subject);

        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "No hay ningún soporte «%.60s».", "There is no medium “%.60s”.",
                            event->subject);
        return r < 0 ? r : 0;
}

static int apply_retired(struct db *db, const struct event *event, struct error *err) {
        return medium_apply_state(db, event->subject, MEDIUM_RETIRED, "", err);
}

static const struct event_type events[] = {
        { "medium.registered", apply_registered },
        { "medium.changed", apply_changed },
        { "medium.retired", apply_retired },
};

/* --- register --------------------------------------------------------------------------------------------- */

/* L4 as a verdict on what is asked for. */
static int classification_allowed(enum classification classification, bool health, struct error *err) {
        if (health && classification < CLASS_CONFIDENCIAL)
                return refuse(err, ERR_REFUSED, "L4", "El soporte lleva datos de salud y se pide %s.",
                              "The medium holds health data and %s is asked for.",
                              classification_terms[classification].code);
        return 0;
}

/* An EPC is written to the tag as 16-bit words (EPC Tag Data Standard), so it is whole words of hexadecimal. */
static int epc_valid(const char *epc, struct error *err) {
        size_t n = epc ? strlen(epc) : 0;

        if (n % 4 == 0 && (n == 0 || strspn(epc, "0123456789ABCDEF") == n))
                return 0;
        (void) fail(err, ERR_USAGE, "El EPC «%.40s» no son palabras de 4 cifras hexadecimales en mayúsculas.",
                    "EPC “%.40s” is not words of 4 upper-case hexadecimal digits.", epc);
        return hint(err, "Lo habitual son 24 cifras (96 bits).", "24 digits (96 bits) are usual.");
}

/* A device that is registered already must not get a second ID. */
static int not_yet_registered(struct act *act, const struct device_facts *facts, struct error *err) {
        char id[MEDIUM_ID_TEXT];
        int r = medium_resolve(act->db, facts->path, id, NULL, NULL);

        if (r == 0) {
                (void) fail(err, ERR_CONFLICT, "%s ya está registrado: es %s.",
                            "%s is registered already: it is %s.", facts->path, id);
                return hint(err, "Vea «mpsi media show %s».", "See “mpsi media show %s”.", id);
        }
        return r == ERR_CONFLICT ? fail(err, ERR_CONFLICT, "Varios soportes registrados coinciden con %s.",
                                        "Several registered media match %s.", facts->path)
                                 : 0;
}

/* Tape, optical and paper have no block device: their kind is said. A device's is judged, unless it is said. */
static int judge_kind(const json_t *args, const struct device_facts *facts, enum medium_kind *ret,
                      struct error *err) {
        const char *said = json_text(args, "kind");

        if (!said && !*facts->path)
                return fail(err, ERR_USAGE, "Sin dispositivo hace falta --kind.",
                            "Without a device, --kind is needed.");
        *ret = said ? (enum medium_kind) term_parse(medium_kind_terms, MEDIUM_KINDS, said) : facts->kind;
        return 0;
}

static json_t *registered_data(const struct act *act, const json_t *args, const struct device_facts *facts,
                               enum medium_kind kind, int64_t number) {
        const char *serial = json_text(args, "serial"), *model = json_text(args, "model");
        char today[DATE_TEXT];
        json_t *data, *more;

        date_of(act_now(act), today);
        data = json_pack("{s:I, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:I}", "number", (json_int_t) number, "kind",
                         medium_kind_terms[kind].code, "classification", json_text(args, "classification"),
                         "category", json_text(args, "category"), "health", json_flag(args, "health"), "owner",
                         json_text(args, "owner"), "created", today, "expires", json_text(args, "expires"),
                         "retention_days", (json_int_t) json_int(args, "retention", 0));
        more = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "model", model ? model : facts->model,
                         "vendor", facts->vendor, "serial", serial ? serial : facts->serial, "wwn", facts->wwn,
                         "insertion", facts->insertion, "size", (json_int_t) facts->size, "epc",
                         json_text_or_empty(args, "epc"), "tamper", json_text_or_empty(args, "tamper"), "note",
                         json_text_or_empty(args, "note"));
        if (!data || !more || json_object_update_new(data, more) < 0) {
                json_decref(data);
                return NULL;
        }
        /* What the device said of itself, whole, as evidence. */
        if (*facts->path)
                (void) json_object_set_new(data, "device", device_facts_to_json(facts));
        return data;
}

static int owner_is_owner(struct act *act, const char *name, struct error *err) {
        _cleanup_person_ struct person owner = { 0 };
        char today[DATE_TEXT];
        int r = person_load(act->db, name, &owner, err);

        if (r < 0)
                return r;
        if (!(owner.roles & ROLE_OWNER))
                return refuse(err, ERR_REFUSED, "L1", "%s no tiene el rol de propietario de la información.",
                              "%s does not hold the role of information owner.", name);
        date_of(act_now(act), today);
        if (owner.blocked || (*owner.expires && strcmp(owner.expires, today) < 0))
                return refuse(err, ERR_REFUSED, "X4",
                              "La cuenta de %s no puede actuar: nadie decidiría sobre el soporte.",
                              "The account of %s can't act: nobody would decide on the medium.", name);
        return 0;
}

/* L1 */
static int expires_later(const char *expires, const char *today, struct error *err) {
        if (strcmp(expires, today) > 0)
                return 0;
        return refuse(err, ERR_REFUSED, "L1", "La caducidad %s no es futura.",
                      "The expiry date %s is not in the future.", expires);
}

int media_next_number(struct act *act, int64_t *ret, struct error *err) {
        return db_int(
                act->db, ret, err,
                "SELECT 1 + max(coalesce((SELECT max(number) FROM medium), 0), coalesce((SELECT max(number) FROM "
                "blank), 0))",
                "");
}

int media_registration(struct act *act, const json_t *args, const struct device_facts *facts, int64_t number,
                       json_t *seen, struct fact *ret, struct error *err) {
        const struct device_facts none = { 0 };
        const char *expires = json_text(args, "expires");
        char id[MEDIUM_ID_TEXT], today[DATE_TEXT];
        enum medium_kind kind;
        json_t *data;
        int r;

        if (!json_text(args, "classification"))
                return fail(err, ERR_USAGE, "Falta el parámetro «classification».",
                            "Parameter “classification” is missing.");
        r = classification_allowed((enum classification) term_parse(classification_terms, CLASSIFICATIONS,
                                                                    json_text(args, "classification")),
                                   json_flag(args, "health"), err);
        if (r == 0)
                r = owner_is_owner(act, json_text(args, "owner"), err);
        if (r == 0)
                r = epc_valid(json_text(args, "epc"), err);
        date_of(act_now(act), today);
        if (r == 0)
                r = expires_later(expires, today, err);
        if (r == 0)
                r = judge_kind(args, facts ? facts : &none, &kind, err);
        if (r == 0)
                r = medium_names_new(act->db, "", args, seen, err);
        if (r < 0)
                return r;
        medium_id_format(act->site, number, id);
        data = registered_data(act, args, facts ? facts : &none, kind, number);
        *ret = (struct fact){ "medium.registered", strdup(id), data };
        return ret->subject && data ? 0 : fail_memory(err);
}

int media_device(struct act *act, const char *device, struct device_facts *ret, struct error *err) {
        int r = device_facts_read(device, act->folder, ret, err);

        if (r == 0 && (ret->system || ret->partition))
                r = refuse(err, ERR_REFUSED, "S6", "%s es del sistema o una partición.",
                           "%s belongs to the system or is a partition.", device);
        return r < 0 ? r : not_yet_registered(act, ret, err);
}

static int run_register(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *device = json_text(args, "device");
        struct device_facts facts = { 0 };
        _cleanup_json_ json_t *effective = NULL;
        struct fact fact = { 0 };
        int64_t number;
        int r = media_next_number(act, &number, err);

        if (r == 0 && device)
                r = media_device(act, device, &facts, err);
        if (r == 0)
                r = proposal_in_registration(act, args, device ? &facts : NULL, &effective, err);
        if (r == 0)
                r = media_registration(act, effective, device ? &facts : NULL, number, NULL, &fact, err);
        if (r == 0)
                r = act_record(act, &fact, 1, err);
        if (r == 0) {
                act_say(act, "Soporte %s registrado: %s%.0s, %s, categoría %s.",
                        "Medium %s registered: %.0s%s, %s, category %s.", fact.subject,
                        TERM_NAMES(medium_kind_terms, json_text_or_empty(fact.data, "kind")),
                        json_text(fact.data, "classification"), json_text(fact.data, "category"));
                *ret = json_pack("{s:s}", "id", fact.subject);
        }
        free((char *) (uintptr_t) fact.subject);
        json_decref(fact.data);
        return r;
}

/* --- classify --------------------------------------------------------------------------------------------- */

/* Owners classify what is theirs; the register is the custodian's, with the administrator in their stead. A medium
 * is given to somebody, never taken: who could take it could lower it next (X1, L4). */
static int change_allowed(const struct act *act, const struct medium *medium, const char *owner,
                          struct error *err) {
        if (!(act->roles & (ROLE_CUSTODIAN | ROLE_SECURITY)) && strcmp(act->person, medium->owner) != 0)
                return refuse(err, ERR_DENIED, "X1", "El soporte %s es de %s, no de %s.",
                              "Medium %s is %s's, not %s's.", medium->id, medium->owner, act->person);
        if (owner && strcmp(owner, act->person) == 0 && strcmp(owner, medium->owner) != 0)
                return refuse(err, ERR_DENIED, "X1",
                              "%s no puede hacerse propietario de %s: lo nombra otra persona.",
                              "%s can't make themselves the owner of %s: somebody else names them.", act->person,
                              medium->id);
        return 0;
}

/* L4: lowering needs the information owner and a reason. */
static int lowering_allowed(const struct act *act, const struct medium *medium, enum classification wanted,
                            struct error *err) {
        if (wanted < medium->classification && strcmp(act->person, medium->owner) != 0)
                return refuse(err, ERR_DENIED, "L4", "Solo %s, propietario de la información, puede rebajar %s.",
                              "Only %s, the information owner, may lower %s.", medium->owner, medium->id);
        return 0;
}

/* L8: what was proposed and is more than the medium has; a proposal never lowers. */
static int take_proposal(struct act *act, const json_t *args, const struct medium *medium, json_t *data,
                         struct error *err) {
        struct proposal proposal;
        int r;

        if (!json_flag(args, "proposed"))
                return 0;
        if (json_text(args, "classification"))
                return fail(err, ERR_USAGE, "O --classification o --proposed.",
                            "Either --classification or --proposed.");
        r = proposal_load(act->db, medium->id, &proposal, err);
        if (r < 0)
                return r;
        if (!proposal.there ||
            (proposal.classification <= medium->classification && (medium->health || !proposal.health)))
                return fail(err, ERR_CONFLICT, "No hay para %s una propuesta mayor que lo que consta.",
                            "There is no proposal for %s that is more than what is registered.", medium->id);
        if (proposal.classification > medium->classification)
                (void) json_object_set_new(data, "classification",
                                           json_string(classification_terms[proposal.classification].code));
        if (proposal.health)
                (void) json_object_set_new(data, "health", json_true());
        (void) json_object_set_new(data, "proposed", json_string(proposal.tags));
        return 0;
}

/* What is asked for and is not so yet: the same once more changes nothing, and makes no label void. */
static int take_changes(const json_t *args, const struct medium *medium, json_t *data, struct error *err) {
        const struct {
                const char *name, *now;
        } members[] = {
                { "classification", classification_terms[medium->classification].code },
                { "owner", medium->owner },
                { "expires", medium->expires },
                { "epc", medium->epc },
                { "tamper", medium->tamper },
        };

        for (size_t i = 0; i < COUNT(members); i++) {
                const char *wanted = json_text(args, members[i].name);

                if (wanted && strcmp(wanted, members[i].now) != 0)
                        (void) json_object_set_new(data, members[i].name, json_string(wanted));
        }
        if (json_flag(args, "health") && !medium->health)
                (void) json_object_set_new(data, "health", json_true());
        if (json_object_size(data) == 0)
                return fail(err, ERR_CONFLICT, "%s ya es como se pide: no cambia nada.",
                            "%s is as asked for already: nothing changes.", medium->id);
        (void) json_object_set_new(data, "reason", json_string(json_text(args, "reason")));
        return 0;
}

static int run_classify(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *wanted = json_text(args, "classification");
        _cleanup_json_ json_t *data = json_object();
        char today[DATE_TEXT];
        struct medium medium;
        int r = medium_load(act->db, json_text(args, "medium"), &medium, err);

        if (r < 0)
                return r;
        r = take_proposal(act, args, &medium, data, err);
        if (r < 0)
                return r;
        if (!wanted)
                wanted = json_text(data, "classification");
        enum classification classification = wanted ? (enum classification) term_parse(classification_terms,
                                                                                       CLASSIFICATIONS, wanted)
                                                    : medium.classification;
        bool health = medium.health || json_flag(args, "health") || json_flag(data, "health");

        r = change_allowed(act, &medium, json_text(args, "owner"), err);
        if (r == 0)
                r = lowering_allowed(act, &medium, classification, err);
        if (r == 0)
                r = classification_allowed(classification, health, err);
        if (r == 0 && json_text(args, "owner"))
                r = owner_is_owner(act, json_text(args, "owner"), err);
        if (r == 0)
                r = epc_valid(json_text(args, "epc"), err);
        if (r == 0 && (medium.state == MEDIUM_DESTROYED || medium.state == MEDIUM_RETIRED))
                r = fail(err, ERR_CONFLICT, "%s está %s%.0s.", "%s is %.0s%s.", medium.id,
                         medium_state_terms[medium.state].name.es, medium_state_terms[medium.state].name.en);
        date_of(act_now(act), today);
        if (r == 0 && json_text(args, "expires"))
                r = expires_later(json_text(args, "expires"), today, err);
        if (r == 0)
                r = medium_names_new(act->db, medium.id, args, NULL, err);
        if (r == 0)
                r = take_changes(args, &medium, data, err);
        if (r < 0)
                return r;
        r = act_record_one(act, "medium.changed", medium.id, data, err);
        if (r < 0)
                return r;
        if (strcmp(medium.label_state, "valid") == 0)
                act_say(act, "La etiqueta de %s queda anulada: imprima otra (L10).",
                        "The label of %s is void now: print another (L10).", medium.id);
        *ret = json_pack("{s:s, s:s}", "id", medium.id, "label_state",
                         strcmp(medium.label_state, "valid") == 0 ? "void" : medium.label_state);
        return 0;
}

/* --- looking ---------------------------------------------------------------------------------------------- */

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct medium medium;
        int r = medium_load(act->db, json_text(args, "medium"), &medium, err);

        if (r == 0)
                *ret = medium_to_json(&medium);
        return r;
}

static int run_find(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        char id[MEDIUM_ID_TEXT];
        const char *how = "";
        struct medium medium;
        int r = medium_resolve(act->db, json_text(args, "text"), id, &how, err);

        if (r == 0)
                r = medium_load(act->db, id, &medium, err);
        if (r < 0)
                return r;
        *ret = medium_to_json(&medium);
        return json_object_set_new(*ret, "found_by", json_string(how)) < 0 ? fail_memory(err) : 0;
}

/* `first` is the filter that an index serves. */
#define MEDIA(first)                                                                                               \
        "SELECT " MEDIUM_COLUMNS " FROM medium WHERE " first " AND id > ?1 AND (?2 IS NULL OR state = ?2) AND "    \
        "(?3 IS NULL OR classification = ?3) AND (?4 IS NULL OR category = ?4) AND (?5 IS NULL OR owner = ?5) "    \
        "AND (?6 IS NULL OR location = ?6) ORDER BY id LIMIT ?7"

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const char *const filters[] = { "state", "classification", "category", "owner", "location" };
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        const char *after = json_text_or_empty(args, "after"), *f[COUNT(filters)];
        int64_t limit = json_int(args, "limit", 50);
        int r;

        for (size_t i = 0; i < COUNT(filters); i++)
                f[i] = json_text(args, filters[i]);
        r = db_query(act->db, &rows, err,
                     f[4]   ? MEDIA("location = ?6 AND location <> ''")
                     : f[0] ? MEDIA("state = ?2")
                            : MEDIA("1"),
                     "ssssssi", after, f[0], f[1], f[2], f[3], f[4], limit);
        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                struct medium medium;

                r = medium_from_row(rows, &medium, err);
                if (r == 0 && json_array_append_new(list, medium_to_json(&medium)) < 0)
                        r = fail_memory(err);
        }
        if (r < 0)
                return r;
        if ((int64_t) json_array_size(list) == limit)
                act_say(act, "Hay más: --after %s", "There is more: --after %s",
                        json_text(json_array_get(list, json_array_size(list) - 1), "id"));
        *ret = json_pack("{s:O}", "rows", list);
        return 0;
}

static int run_retire(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = json_pack("{s:s}", "reason", json_text(args, "reason"));
        struct medium medium;
        int r = medium_load(act->db, json_text(args, "medium"), &medium, err);

        if (r < 0)
                return r;
        if (medium.state != MEDIUM_SANITIZED && medium.state != MEDIUM_DESTROYED) {
                (void) refuse(err, ERR_REFUSED, "S5", "%s no está saneado ni destruido.",
                              "%s is neither sanitized nor destroyed.", medium.id);
                return ERR_REFUSED;
        }
        r = medium_refuse_doomed(&medium, err);
        if (r < 0)
                return r;
        r = act_record_one(act, "medium.retired", medium.id, data, err);
        if (r == 0)
                *ret = json_pack("{s:s}", "id", medium.id);
        return r;
}

/* --- the table -------------------------------------------------------------------------------------------- */

#define MEDIUM                                                                                                     \
        {                                                                                                          \
                "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL,                                         \
                        HELP("soporte: identificador, serie, WWN, UUID, EPC o dispositivo",                        \
                             "medium: ID, serial, WWN, UUID, EPC or device"),                                      \
                        0, 0, NULL, 0                                                                              \
        }
#define CLASSIFICATION(flags)                                                                                      \
        {                                                                                                          \
                "classification", PARAM_TERM, flags, HELP("clasificación", "classification"), 0, 0,                \
                        classification_terms, CLASSIFICATIONS                                                      \
        }
#define CATEGORY(flags)                                                                                            \
        {                                                                                                          \
                "category", PARAM_TERM, flags, HELP("categoría ENS del sistema", "ENS category of the system"), 0, \
                        0, category_terms, CATEGORIES                                                              \
        }

/* Of `media claim`; without the first of `media register`. */
static const struct param claim_params[] = {
        { "code", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("código reservado, como se lee o se teclea", "reserved code, as scanned or typed"), 0, 160, NULL,
          0 },
        { "device", PARAM_DEVICE, PARAM_POSITIONAL,
          HELP("dispositivo de bloques o imagen; sin él, --kind", "block device or image; without one, --kind"), 0,
          0, NULL, 0 },
        CLASSIFICATION(0),
        CATEGORY(PARAM_REQUIRED),
        { "owner", PARAM_PERSON, PARAM_REQUIRED, HELP("propietario de la información", "information owner"), 0, 0,
          NULL, 0 },
        { "expires", PARAM_DATE, PARAM_REQUIRED, HELP("fecha de caducidad", "expiry date"), 0, 0, NULL, 0 },
        { "retention", PARAM_INT, PARAM_REQUIRED,
          HELP("periodo de conservación en días", "retention period in days"), 1, 36500, NULL, 0 },
        { "kind", PARAM_TERM, 0, HELP("tipo de soporte", "kind of medium"), 0, 0, medium_kind_terms, MEDIUM_KINDS },
        { "health", PARAM_FLAG, 0, HELP("contiene datos de salud", "holds health data"), 0, 0, NULL, 0 },
        { "twin", PARAM_FLAG, 0,
          HELP("es otro soporte, aunque lleve un número de serie ya registrado",
               "it is another medium, though its serial number is registered already"),
          0, 0, NULL, 0 },
        { "serial", PARAM_TEXT, 0,
          HELP("número de serie, si no lo dice el dispositivo", "serial number, where the device does not say"), 0,
          100, NULL, 0 },
        { "model", PARAM_TEXT, 0, HELP("modelo", "model"), 0, 100, NULL, 0 },
        { "epc", PARAM_TEXT, 0,
          HELP("EPC de la etiqueta RFID, en hexadecimal", "EPC of the RFID tag, in hexadecimal"), 0, 31, NULL, 0 },
        { "tamper", PARAM_TEXT, 0, HELP("número del indicador de manipulación", "number of the tamper indicator"),
          0, 60, NULL, 0 },
        { "note", PARAM_TEXT, 0, HELP("nota", "note"), 0, 120, NULL, 0 },
        { "proposed", PARAM_FLAG, 0,
          HELP("al menos la clasificación que propuso «media inspect»",
               "at least the classification that “media inspect” proposed"),
          0, 0, NULL, 0 },
};
static const struct param classify_params[] = {
        MEDIUM,
        CLASSIFICATION(0),
        { "owner", PARAM_PERSON, 0, HELP("nuevo propietario", "new owner"), 0, 0, NULL, 0 },
        { "expires", PARAM_DATE, 0, HELP("nueva caducidad", "new expiry date"), 0, 0, NULL, 0 },
        { "health", PARAM_FLAG, 0, HELP("contiene datos de salud", "holds health data"), 0, 0, NULL, 0 },
        { "epc", PARAM_TEXT, 0, HELP("EPC de la etiqueta RFID", "EPC of the RFID tag"), 0, 31, NULL, 0 },
        { "tamper", PARAM_TEXT, 0, HELP("número del indicador de manipulación", "number of the tamper indicator"),
          0, 60, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
        { "proposed", PARAM_FLAG, 0,
          HELP("la clasificación que propuso «media inspect», si es mayor",
               "the classification that “media inspect” proposed, when it is higher"),
          0, 0, NULL, 0 },
};
static const struct param medium_params[] = { MEDIUM };
static const struct param find_params[] = {
        { "text", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("cualquier nombre del soporte", "any name of the medium"), 0, 1000, NULL, 0 },
};
static const struct param list_params[] = {
        { "state", PARAM_TERM, 0, HELP("estado", "state"), 0, 0, medium_state_terms, MEDIUM_STATES },
        CLASSIFICATION(0),
        CATEGORY(0),
        { "owner", PARAM_PERSON, 0, HELP("propietario", "owner"), 0, 0, NULL, 0 },
        { "location", PARAM_TEXT, 0, HELP("ubicación", "location"), 0, 60, NULL, 0 },
        { "after", PARAM_TEXT, 0, HELP("desde el siguiente a este identificador", "from the one after this ID"), 0,
          15, NULL, 0 },
        { "limit", PARAM_INT, 0, HELP("cuántos, 50 si no se dice", "how many, 50 unless said"), 1, 1000, NULL, 0 },
};
static const struct param history_params[] = {
        MEDIUM,
        { "after", PARAM_INT, 0, HELP("desde el siguiente a este evento", "from the one after this event"), 0,
          INT64_MAX, NULL, 0 },
        { "limit", PARAM_INT, 0, HELP("cuántos, 200 si no se dice", "how many, 200 unless said"), 1, 10000, NULL,
          0 },
};
static const struct param retire_params[] = {
        MEDIUM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct column medium_columns[] = {
        { "id", HELP("SOPORTE", "MEDIUM") },
        { "kind", CODES("TIPO", "KIND", medium_kind_terms) },
        { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
        { "category", HELP("CATEGORÍA", "CATEGORY") },
        { "state", CODES("ESTADO", "STATE", medium_state_terms) },
        { "owner", HELP("PROPIETARIO", "OWNER") },
        { "location", HELP("UBICACIÓN", "LOCATION") },
        { "holder", HELP("LO TIENE", "HOLDER") },
        { "expires", HELP("CADUCA", "EXPIRES") },
        { "label_state", CODES("ETIQUETA", "LABEL", medium_label_terms) },
        { "model", HELP("MODELO", "MODEL") },
        { "serial", HELP("SERIE", "SERIAL") },
        { "size", HELP("BYTES", "BYTES") },
        { "luks_uuid", HELP("LUKS", "LUKS") },
};
static const struct column history_columns[] = {
        { "seq", HELP("N.º", "NO.") },           { "time", HELP("MOMENTO", "TIME") },
        { "actor", HELP("QUIÉN", "WHO") },       { "name", HELP("HECHO", "FACT") },
        { "detail", HELP("DETALLE", "DETAIL") },
};
static const struct column id_columns[] = { { "id", HELP("SOPORTE", "MEDIUM") } };

static const struct verb verbs[] = {
        { "media", "register", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Registra un soporte", "Registers a medium"), .params = claim_params + 1,
          .params_n = COUNT(claim_params) - 1, COLUMNS(id_columns), .run = run_register },
        { "media", "claim", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Registra un soporte con un código impreso de antemano",
               "Registers a medium under a code printed before"),
          PARAMS(claim_params), COLUMNS(id_columns), .run = media_run_claim },
        { "media", "show", ROLE_ANY, VERB_READS, HELP("Muestra un soporte", "Shows a medium"),
          PARAMS(medium_params), COLUMNS(medium_columns), .run = run_show },
        { "media", "list", ROLE_ANY, VERB_READS, HELP("Lista soportes", "Lists media"), PARAMS(list_params),
          COLUMNS(medium_columns), .run = run_list },
        { "media", "find", ROLE_ANY, VERB_READS,
          HELP("Busca un soporte por cualquiera de sus nombres", "Finds a medium by any of its names"),
          PARAMS(find_params), COLUMNS(medium_columns), .run = run_find },
        { "media", "classify", ROLE_OWNER | ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Cambia clasificación, propietario o caducidad", "Changes classification, owner or expiry"),
          PARAMS(classify_params), COLUMNS(id_columns), .run = run_classify },
        { "media", "history", ROLE_ANY, VERB_READS,
          HELP("Todo lo que le ha pasado a un soporte; los datos completos, con --json",
               "All that happened to a medium; the whole data with --json"),
          PARAMS(history_params), COLUMNS(history_columns), .run = media_run_history },
        { "media", "retire", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Da de baja un soporte saneado o destruido", "Retires a sanitized or destroyed medium"),
          PARAMS(retire_params), COLUMNS(id_columns), .run = run_retire },
};

const struct room media_room = {
        .verbs = verbs, .verbs_n = COUNT(verbs), .events = events, .events_n = COUNT(events)
};
