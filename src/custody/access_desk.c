/* Entry and exit at the custody desk (U3): signature, supervision, and the media's integrity on the way out. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/internal.h"
#include "registry/person.h"

/* Signed with the visitor's key, or on a sheet of paper with its number. */
static int sign_step(struct act *act, const json_t *args, const json_t *access, const char *step,
                     const json_t *said, json_t *data, struct error *err) {
        const char *person = json_text(access, "person"), *paper = json_text(args, "paper");
        _cleanup_json_ json_t *statement = NULL;
        int r;

        if (json_object_set_new(data, "signer", json_string(person)))
                return fail_memory(err);
        if (!json_flag(args, "sign"))
                return paper && json_object_set_new(data, "paper", json_string(paper)) ? fail_memory(err) : 0;
        if (act->dry_run)
                return 0;
        r = custody_statement(act, "mpsi-access-1", json_text(access, "access"), step, person, &statement, err);
        if (r < 0)
                return r;
        if (json_object_set(statement, "area", json_object_get(access, "area")) ||
            json_object_set(statement, "reason", json_object_get(access, "reason")) ||
            json_object_update_missing(statement, (json_t *) (uintptr_t) said))
                return fail_memory(err);
        return custody_sign(act, person, "U3", statement, data, err);
}

/* --- enter ------------------------------------------------------------------------------------------------- */

static int judge_entry(struct act *act, const json_t *args, const json_t *access, struct error *err) {
        char today[DATE_TEXT];
        struct access_entry entry = {
                .visitor = json_text(access, "person"),
                .desk = act->person,
                .supervisor = json_text(args, "supervisor"),
                .section = (enum classification) term_parse(classification_terms, CLASSIFICATIONS,
                                                            json_text(access, "section")),
                .level = (enum category) term_parse(category_terms, CATEGORIES, json_text(access, "category")),
                .credential = (enum credential) term_parse(credential_terms, CREDENTIALS,
                                                           json_text(args, "credential")),
                .until = json_text(access, "until"),
                .today = today,
                .is_signed = json_flag(args, "sign") || json_text(args, "paper"),
        };
        int r = access_refuse_visitor(act, entry.visitor, err);

        if (r == 0 && entry.supervisor)
                r = access_refuse_visitor(act, entry.supervisor, err);
        if (r < 0)
                return r;
        date_of(act_now(act), today);
        return access_judge_entry(&entry, err);
}

/* What is known of the media when they are taken in hand. */
static int media_as_they_are(struct act *act, const json_t *access, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(access, "media"), i, item) {
                struct medium medium;
                int r = medium_load(act->db, json_text(item, "medium"), &medium, err);

                if (r < 0)
                        return r;
                if (medium.state == MEDIUM_ON_LOAN || medium.state == MEDIUM_IN_TRANSIT ||
                    medium.state == MEDIUM_DESTROYED || medium.state == MEDIUM_RETIRED)
                        return refuse(err, ERR_CONFLICT, "U3", "El soporte %s no está en custodia (%s%.0s).",
                                      "Medium %s is not in custody (%.0s%s).", medium.id,
                                      medium_state_terms[medium.state].name.es,
                                      medium_state_terms[medium.state].name.en);
                if (json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "medium", medium.id, "digest",
                                                          medium.header_digest, "luks_uuid", medium.luks_uuid,
                                                          "tamper", medium.tamper)))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static int add_medium_facts(const json_t *access, const char *type, const json_t *media,
                            struct custody_facts *facts, struct error *err) {
        const json_t *item;
        size_t i;

        json_array_foreach(media, i, item) {
                json_t *data = json_pack("{s:s, s:s, s:s*}", "access", json_text(access, "access"), "person",
                                         json_text(access, "person"), "returned", json_text(item, "returned"));
                int r = custody_facts_add(facts, type, json_text(item, "medium"), data, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

int access_run_enter(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *access = NULL, *media = NULL, *data = NULL;
        _cleanup_custody_facts_ struct custody_facts facts = { 0 };
        const char *id;
        int r;

        r = access_load_in(act, json_text(args, "access"), ACCESS_APPROVED, &access, err);
        if (r == 0)
                r = judge_entry(act, args, access, err);
        if (r == 0)
                r = media_as_they_are(act, access, &media, err);
        if (r == 0)
                r = custody_facts_new(1 + json_array_size(media), &facts, err);
        if (r < 0)
                return r;
        id = json_text(access, "access");
        data = json_pack("{s:s, s:s, s:s*, s:O}", "person", json_text(access, "person"), "credential",
                         json_text(args, "credential"), "supervisor", json_text(args, "supervisor"), "media",
                         media);
        if (!data)
                return fail_memory(err);
        r = sign_step(act, args, access, "entry", data, data, err);
        if (r == 0)
                r = custody_facts_add(&facts, "custody.entered", id, TAKE_PTR(data), err);
        if (r == 0)
                r = add_medium_facts(access, "medium.accessed", media, &facts, err);
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "%s entra en %s; al salir: «access leave %s».",
                "%s enters %s; on the way out: “access leave %s”.", json_text(access, "person"),
                json_text(access, "area"), id);
        return access_load(act, id, ret, err);
}

/* --- leave ------------------------------------------------------------------------------------------------- */

struct exit_check {
        json_t *devices, *tampers, *seen; /* by medium */
        const char *worst;                /* "intact", "changed", "missing", or NULL without media */
};

static bool is_seen(const struct exit_check *check, const char *id) {
        const json_t *item;
        size_t i;

        json_array_foreach(check->seen, i, item) {
                if (strcmp(json_string_value(item), id) == 0)
                        return true;
        }
        return json_object_get(check->devices, id) || json_object_get(check->tampers, id);
}

/* U3: header digest and UUID as at the entry, and the number of the tamper indicator. */
static int check_one(struct act *act, const struct exit_check *check, const json_t *item, const char **ret,
                     struct error *err) {
        const char *id = json_text(item, "medium"), *device = json_text(check->devices, id);
        const char *tamper = json_text(check->tampers, id), *verdict = "intact";
        struct custody_inspection found = { 0 };
        struct error stranger = { 0 };
        struct medium medium;
        int r;

        if (!is_seen(check, id)) {
                *ret = "missing";
                return 0;
        }
        if (!device && !tamper && (*json_text_or_empty(item, "luks_uuid") || *json_text_or_empty(item, "tamper")))
                return refuse(err, ERR_REFUSED, "U3",
                              "Compruebe el soporte %s: --device %s=DISPOSITIVO, o --tamper %s=NÚMERO.",
                              "Check medium %s: --device %s=DEVICE, or --tamper %s=NUMBER.", id, id, id);
        if (tamper && strcmp(tamper, json_text_or_empty(item, "tamper")) != 0)
                verdict = "changed";
        if (device) {
                r = medium_load(act->db, id, &medium, err);
                if (r < 0)
                        return r;
                r = custody_inspect(act, &medium, device, &found, &stranger);
                if (r < 0 && r != ERR_REFUSED) {
                        if (err)
                                *err = stranger;
                        return r;
                }
                if (r == ERR_REFUSED || strcmp(found.digest, json_text_or_empty(item, "digest")) != 0 ||
                    strcmp(found.luks_uuid, json_text_or_empty(item, "luks_uuid")) != 0)
                        verdict = "changed";
        }
        *ret = verdict;
        return 0;
}

static int check_media(struct act *act, const json_t *access, struct exit_check *check, json_t **ret,
                       struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(access, "media"), i, item) {
                const char *verdict = NULL;
                int r = check_one(act, check, item, &verdict, err);

                if (r < 0)
                        return r;
                /* "missing" is graver than "changed", and that than "intact": so stands the alphabet, but for one.
                 */
                if (!check->worst || strcmp(verdict, "missing") == 0 ||
                    (strcmp(verdict, "changed") == 0 && strcmp(check->worst, "missing") != 0))
                        check->worst = verdict;
                if (json_array_append_new(list, json_pack("{s:s, s:s}", "medium", json_text(item, "medium"),
                                                          "returned", verdict)))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(list);
        return 0;
}

/* One incident for what is missing and one for what changed. */
static int add_incidents(struct act *act, const json_t *access, const json_t *media, struct custody_facts *facts,
                         struct error *err) {
        static const struct {
                const char *verdict;
                enum incident_kind kind;
                struct text what;
        } kinds[] = {
                { "missing", INCIDENT_NOT_LOCATED, { "no se devolvió", "was not put back" } },
                { "changed", INCIDENT_HEADER, { "no está como al entrar", "is not as it was at the entry" } },
        };

        for (size_t k = 0; k < COUNT(kinds); k++) {
                _cleanup_json_ json_t *ids = json_array();
                const struct incident_draft draft = { kinds[k].kind, json_text(access, "access"), ids };
                const json_t *item;
                size_t i;
                int r;

                json_array_foreach(media, i, item) {
                        if (strcmp(json_text(item, "returned"), kinds[k].verdict) == 0 &&
                            json_array_append(ids, json_object_get(item, "medium")))
                                return fail_memory(err);
                }
                if (json_array_size(ids) == 0)
                        continue;
                r = custody_facts_incident(act, facts, &draft, err, "Acceso %s de %s: soportes: %zu (%s…): %s%.0s.",
                                           "Access %s of %s: media: %zu (%s…): %.0s%s.",
                                           json_text(access, "access"), json_text(access, "person"),
                                           json_array_size(ids), json_string_value(json_array_get(ids, 0)),
                                           kinds[k].what.es, kinds[k].what.en);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int record_exit(struct act *act, const json_t *args, const json_t *access, const struct exit_check *check,
                       const json_t *media, struct custody_facts *facts, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        int r = custody_facts_new(3 + json_array_size(media), facts, err);

        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s*, s:s*, s:O}", "person", json_text(access, "person"), "integrity", check->worst,
                         "note", json_text(args, "note"), "media", media);
        if (!data)
                return fail_memory(err);
        r = sign_step(act, args, access, "exit", data, data, err);
        if (r == 0)
                r = custody_facts_add(facts, "custody.left", json_text(access, "access"), TAKE_PTR(data), err);
        if (r == 0)
                r = add_medium_facts(access, "medium.put-back", media, facts, err);
        if (r == 0)
                r = add_incidents(act, access, media, facts, err);
        return r < 0 ? r : act_record(act, facts->facts, facts->n, err);
}

int access_run_leave(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *access = NULL, *media = NULL, *devices = NULL, *tampers = NULL;
        _cleanup_custody_facts_ struct custody_facts facts = { 0 };
        struct exit_check check = { .seen = json_object_get(args, "medium") };
        int r;

        r = access_load_in(act, json_text(args, "access"), ACCESS_INSIDE, &access, err);
        if (r == 0 && strcmp(act->person, json_text_or_empty(access, "person")) == 0)
                r = refuse(err, ERR_DENIED, "X1", "%s no puede registrar su propia salida.",
                           "%s may not record their own exit.", act->person);
        if (r == 0 && !json_flag(args, "sign") && !json_text(args, "paper"))
                r = refuse(err, ERR_REFUSED, "U3",
                           "La salida se firma: --sign, o --paper con el número de la hoja.",
                           "An exit is signed: --sign, or --paper with the sheet's number.");
        if (r == 0)
                r = custody_pairs(act, args, "device", &devices, err);
        if (r == 0)
                r = custody_pairs(act, args, "tamper", &tampers, err);
        if (r < 0)
                return r;
        check.devices = devices;
        check.tampers = tampers;
        r = check_media(act, access, &check, &media, err);
        if (r == 0)
                r = record_exit(act, args, access, &check, media, &facts, err);
        if (r < 0 || act->dry_run)
                return r;
        custody_facts_say(act, &facts);
        act_say(act, "%s sale de %s.", "%s leaves %s.", json_text(access, "person"), json_text(access, "area"));
        return access_load(act, json_text(access, "access"), ret, err);
}
