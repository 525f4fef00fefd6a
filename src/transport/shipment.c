#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#include "registry/person.h"
#include "store/json.h"
#include "transport/internal.h"

enum shipment_state shipment_state_of(const json_t *shipment) {
        return (enum shipment_state) term_parse(shipment_state_terms, SHIPMENT_STATES,
                                                json_text_or_empty(shipment, "state"));
}

int64_t shipment_moment(const json_t *object, const char *key) {
        int64_t moment = 0;

        (void) time_parse(json_text_or_empty(object, key), &moment);
        return moment;
}

bool json_array_names(const json_t *list, const char *text) {
        const json_t *item;
        size_t i;

        json_array_foreach(list, i, item) if (strcmp(json_string_value(item), text) == 0) return true;
        return false;
}

int shipment_strictest(struct db *db, const json_t *shipment, enum category *ret, struct error *err) {
        const json_t *item;
        size_t i;

        *ret = CATEGORY_BASICA;
        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                struct medium medium;
                int r = medium_load(db, json_text(item, "medium"), &medium, err);

                if (r < 0)
                        return r;
                if (medium.category > *ret)
                        *ret = medium.category;
        }
        return 0;
}

static int load_array(struct db *db, json_t *shipment, const char *key, const char *sql, const char *const *names,
                      const char *types, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, sql, "s", shipment_id(shipment));

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, names, types)))
                        return fail_memory(err);
        if (r < 0)
                return r;
        return json_object_set(shipment, key, list) ? fail_memory(err) : 0;
}

static int load_packaging(json_t *shipment, struct error *err) {
        _cleanup_json_ json_t *levels = json_array();
        int64_t bits = json_int(shipment, "packaging", 0);

        for (int i = 0; i < PACKAGINGS; i++)
                if (bits & (int64_t) 1 << i && json_array_append_new(levels, json_string(packaging_terms[i].code)))
                        return fail_memory(err);
        return json_object_set(shipment, "packaging", levels) ? fail_memory(err) : 0;
}

/* What is kept as canonical JSON text becomes what it says. */
static int open_text(json_t *object, const char *key, struct error *err) {
        const char *text = json_text(object, key);
        json_t *value = NULL;
        int r = text ? json_parse(text, strlen(text), &value, err) : 0;

        if (r < 0 || !text)
                return r;
        return json_object_set_new(object, key, value) ? fail_memory(err) : 0;
}

static int open_texts(json_t *shipment, struct error *err) {
        json_t *item;
        size_t i;
        int r = open_text(shipment, "indicators", err);

        json_array_foreach(json_object_get(shipment, "checkpoints"), i, item) {
                if (r == 0)
                        r = open_text(item, "seals", err);
                if (r == 0)
                        r = open_text(item, "readings", err);
        }
        json_array_foreach(json_object_get(shipment, "gps"), i, item) if (r == 0)
                r = open_text(item, "summary", err);
        return r;
}

static int load_parts(struct db *db, json_t *shipment, struct error *err) {
        static const char *const media[] = { "medium",         "owner",   "encrypted", "cipher",
                                             "key_bits",       "digest",  "luks_uuid", "verified",
                                             "label_revision", "outcome", "recovered", "doubts" };
        static const char *const seals[] = { "number", "plain" };
        static const char *const authorisations[] = { "owner", "person", "time", "note" };
        static const char *const checkpoints[] = { "point",       "time",        "person",    "place",
                                                   "position",    "note",        "company",   "courier",
                                                   "seals",       "seals_match", "shock",     "tilt",
                                                   "temperature", "statement",   "signature", "certificate",
                                                   "readings" };
        static const char *const papers[] = { "kind", "reference", "sha256", "time", "person" };
        static const char *const tracks[] = { "sha256", "time", "person", "summary" };
        int r;

        r = load_array(
                db, shipment, "media",
                "SELECT medium, owner, encrypted, cipher, key_bits, digest, luks_uuid, verified, "
                "label_revision, outcome, recovered, doubts FROM shipment_medium WHERE shipment = ? ORDER BY "
                "medium",
                media, "ssfsisstisti", err);
        if (r == 0)
                r = load_array(
                        db, shipment, "seals",
                        "SELECT number, plain FROM shipment_seal WHERE shipment = ? AND void = 0 ORDER BY plain",
                        seals, "ss", err);
        if (r == 0)
                r = load_array(db, shipment, "authorisations",
                               "SELECT owner, person, time, note FROM shipment_authorisation WHERE shipment = ? "
                               "ORDER BY time",
                               authorisations, "ssts", err);
        if (r == 0)
                r = load_array(
                        db, shipment, "checkpoints",
                        "SELECT point, time, person, place, position, note, company, courier, seals, seals_match, "
                        "shock, tilt, temperature, statement, signature, certificate, readings FROM "
                        "shipment_checkpoint WHERE shipment = ? ORDER BY number",
                        checkpoints, "stsssssssfsssssss", err);
        if (r == 0)
                r = load_array(db, shipment, "papers",
                               "SELECT kind, reference, sha256, time, person FROM shipment_document WHERE shipment "
                               "= ? ORDER BY number",
                               papers, "sssts", err);
        if (r == 0)
                r = load_array(db, shipment, "gps",
                               "SELECT sha256, time, person, summary FROM shipment_gps WHERE shipment = ? ORDER BY "
                               "time",
                               tracks, "stss", err);
        return r < 0 ? r : open_texts(shipment, err);
}

int shipment_load(struct db *db, const char *text, json_t **ret, struct error *err) {
        static const char *const members[] = {
                "shipment",   "from",      "to",          "recipient",     "method",    "protection",    "tracking",
                "route",      "limit",     "reason",      "international", "documents", "state",         "creator",
                "created",    "packed",    "packed_by",   "packaging",     "company",   "courier",       "waybill",
                "dispatched", "delivered", "confirmed",   "lost",          "eta",       "emergency",     "expected",
                "usual",      "country",   "transfer",    "drill",         "returns",   "indicators",    "noticed",
                "review_due", "reviewed",  "reviewed_by", "review",        "cancelled", "circumstances",
        };
        _cleanup_json_ json_t *shipment = NULL;
        _cleanup_rows_ struct rows *rows = NULL;
        char id[SHIPMENT_ID];
        int r;

        if (!custody_number_parse(text, 'E', id))
                return fail(err, ERR_USAGE, "«%s» no es el número de un envío, como E000001.",
                            "“%s” is not the number of a shipment, such as E000001.", text);
        r = db_query(
                db, &rows, err,
                "SELECT id, origin, destination, recipient, method, protection, tracking, route, limit_hours, "
                "reason, international, documents, state, creator, created, packed, packed_by, packaging, company, "
                "courier, waybill, dispatched, delivered, confirmed, lost, eta, emergency, expected, "
                "usual_hours, country, transfer, drill, returns, indicators, noticed, review_due, reviewed, "
                "reviewed_by, review, cancelled, circumstances FROM shipment WHERE id = ?",
                "s", id);
        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe el envío %s.", "There is no shipment %s.", id);
        shipment = rows_to_json(rows, members,
                                "ssssssss"
                                "isfsss"
                                "ttsisss"
                                "ttttss"
                                "tissfsstttssts");
        if (!shipment)
                return fail_memory(err);
        r = load_packaging(shipment, err);
        if (r == 0)
                r = load_parts(db, shipment, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(shipment);
        return 0;
}

int shipment_refuse_other(struct db *db, const char *medium, const char *except, struct error *err) {
        _cleanup_free_ char *other = NULL;
        int r = db_text(
                db, &other, err,
                "SELECT s.id FROM shipment s JOIN shipment_medium m ON m.shipment = s.id WHERE m.medium = ? AND "
                "s.state NOT IN ('confirmed', 'lost', 'cancelled') AND s.id IS NOT ?",
                "ss", medium, except);

        if (r == ERR_NOT_FOUND)
                return 0;
        if (r < 0)
                return r;
        return refuse(err, ERR_CONFLICT, "T2", "El soporte %s ya va en el envío %s.",
                      "Medium %s is in shipment %s already.", medium, other);
}

int shipment_devices(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *devices = json_object();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(args, "device"), i, item) {
                const char *text = json_string_value(item), *equals = strchr(text, '=');
                _cleanup_free_ char *name = equals ? strndup(text, (size_t) (equals - text)) : NULL;
                char id[MEDIUM_ID_TEXT];
                int r;

                if (!equals || equals == text || !equals[1])
                        return fail(err, ERR_USAGE, "«%s» no es SOPORTE=DISPOSITIVO, como HQ00000042K=/dev/sdb.",
                                    "“%s” is not MEDIUM=DEVICE, such as HQ00000042K=/dev/sdb.", text);
                if (!name)
                        return fail_memory(err);
                r = medium_resolve(act->db, name, id, NULL, err);
                if (r < 0)
                        return r;
                if (json_object_get(devices, id))
                        return fail(err, ERR_USAGE, "El soporte %s se indica dos veces.",
                                    "Medium %s is named twice.", id);
                if (json_object_set_new(devices, id, json_string(equals + 1)))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(devices);
        return 0;
}

int shipment_refuse_addressee(struct act *act, const char *recipient, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        char today[DATE_TEXT];
        int r = person_load(act->db, recipient, &person, err);

        date_of(act_now(act), today);
        return r < 0 ? r : transport_judge_addressee(recipient, person.blocked, person.expires, today, err);
}

int shipment_seals(const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *seals = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(args, "seal"), i, item) {
                char plain[SEAL_TEXT];
                int r = transport_seal_plain(json_string_value(item), plain, err);

                if (r < 0)
                        return r;
                if (json_array_names(seals, plain))
                        return fail(err, ERR_USAGE, "El precinto %s se indica dos veces.",
                                    "Seal %s is named twice.", plain);
                if (json_array_append_new(seals, json_string(plain)))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(seals);
        return 0;
}

/* --- facts of one act --------------------------------------------------------------------------------------- */

int shipment_facts_new(size_t most, struct shipment_facts *ret, struct error *err) {
        struct fact *facts = calloc(most, sizeof *facts);

        if (!facts)
                return fail_memory(err);
        *ret = (struct shipment_facts){ facts, 0, most, 0 };
        return 0;
}

void shipment_facts_done(struct shipment_facts *facts) {
        for (size_t i = 0; i < facts->n; i++)
                json_decref(facts->facts[i].data);
        free(facts->facts);
        *facts = (struct shipment_facts){ 0 };
}

int shipment_facts_add(struct shipment_facts *facts, const char *type, const char *subject, json_t *data,
                       struct error *err) {
        if (!data || facts->n == facts->most) {
                json_decref(data);
                return fail_memory(err);
        }
        facts->facts[facts->n++] = (struct fact){ type, subject, data };
        return 0;
}

int transport_dispatched(struct db *db, int64_t from, int64_t to, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        json_t *one = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT id, medium FROM shipment JOIN shipment_medium ON shipment = id WHERE dispatched >= ? "
                "AND dispatched < ? ORDER BY number, medium",
                "ii", from, to);

        while (r >= 0 && (r = rows_next(rows, err)) > 0) {
                if (!one || strcmp(json_text_or_empty(one, "subject"), rows_text(rows, 0)) != 0) {
                        one = json_pack("{s:s, s:[]}", "subject", rows_text(rows, 0), "media");
                        if (json_array_append_new(list, one))
                                return fail_memory(err);
                }
                if (json_array_append_new(json_object_get(one, "media"), json_string(rows_text(rows, 1))))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}
