/* The data of form R-110-019. Nothing secret is known here: the passphrase goes by another channel (C8). */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "base/str.h"
#include "print/form.h"
#include "registry/person.h"
#include "transport/form_parts.h"
#include "transport/internal.h"

/* Sets a member and takes the reference; a NULL value is left out, and prints as a line to fill in. */
static void put(json_t *object, const char *key, json_t *value) {
        if (value)
                (void) json_object_set_new(object, key, value);
}

static void put_text(json_t *object, const char *key, const json_t *from, const char *member) {
        const json_t *value = json_object_get(from, member);

        if (value)
                (void) json_object_set(object, key, (json_t *) (uintptr_t) value);
}

static json_t *bilingual(const struct term *terms, size_t n, const char *code) {
        int i = code ? term_parse(terms, n, code) : -1;

        return i < 0 ? NULL : json_pack("{s:s, s:s}", "es", terms[i].name.es, "en", terms[i].name.en);
}

static json_t *printed_name(struct act *act, const char *name, const char **ret_title, char title[128]) {
        _cleanup_person_ struct person person = { 0 };

        *ret_title = NULL;
        if (!name)
                return NULL;
        if (person_load(act->db, name, &person, NULL) < 0)
                return json_string(name);
        (void) snprintf(title, 128, "%s", person.title);
        *ret_title = title;
        return json_string(*person.full_name ? person.full_name : name);
}

static json_t *name_only(struct act *act, const char *name) {
        const char *title;
        char room[128];

        return printed_name(act, name, &title, room);
}

/* "LUKS2 AES-256-XTS": XTS halves the volume key. */
static json_t *encryption_words(const json_t *packed) {
        int64_t bits = json_int(packed, "key_bits", 0);
        char text[64];

        if (!json_flag(packed, "encrypted"))
                return bilingual(&(const struct term){ "no", { "sin cifrar", "not encrypted" } }, 1, "no");
        if (strcmp(json_text_or_empty(packed, "cipher"), "aes-xts-plain64") == 0)
                (void) snprintf(text, sizeof text, "LUKS2 AES-%lld-XTS", (long long) bits / 2);
        else
                (void) snprintf(text, sizeof text, "LUKS2 %.40s", json_text_or_empty(packed, "cipher"));
        return json_string(text);
}

static int add_media(struct act *act, const json_t *shipment, json_t *data, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        enum classification highest = CLASS_PUBLICO;
        enum category strictest = CATEGORY_BASICA;
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                struct medium medium;
                json_t *row;
                int r = medium_load(act->db, json_text(item, "medium"), &medium, err);

                if (r < 0)
                        return r;
                if (medium.classification > highest)
                        highest = medium.classification;
                if (medium.category > strictest)
                        strictest = medium.category;
                row = json_pack("{s:s, s:s, s:s, s:s}", "id", medium.id, "kind",
                                medium_kind_terms[medium.kind].code, "classification",
                                classification_terms[medium.classification].code, "serial", medium.serial);
                if (!row)
                        return fail_memory(err);
                if (json_text(item, "verified"))
                        put(row, "encryption", encryption_words(item));
                put_text(row, "verified", item, "verified");
                put_text(row, "label", item, "label_revision");
                put(row, "outcome", form_outcome(item));
                if (json_array_append_new(list, row))
                        return fail_memory(err);
        }
        put(data, "media", json_incref(list));
        put(data, "classification", json_string(classification_terms[highest].code));
        put(data, "category", json_string(category_terms[strictest].code));
        return 0;
}

/* The last checkpoint of a kind, or NULL. */
static const json_t *checkpoint_of(const json_t *shipment, enum checkpoint point) {
        const json_t *list = json_object_get(shipment, "checkpoints");

        for (size_t i = json_array_size(list); i-- > 0;)
                if (strcmp(json_text_or_empty(json_array_get(list, i), "point"), checkpoint_terms[point].code) == 0)
                        return json_array_get(list, i);
        return NULL;
}

static void add_seals(const json_t *shipment, json_t *data) {
        json_t *list = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "seals"), i, item)(void) json_array_append_new(
                list, json_pack("{s:O, s:{s:s, s:s}}", "number", json_object_get(item, "number"), "kind", "es",
                                "precinto tipo barrera", "en", "barrier seal"));
        form_add_indicators(shipment, list);
        put(data, "seals", list);
}

static void add_packaging(const json_t *shipment, json_t *data) {
        json_t *levels = json_object();
        const json_t *item;
        char key[24];
        size_t i;

        for (int level = 1; level <= PACKAGINGS; level++) {
                (void) snprintf(key, sizeof key, "level%d", level);
                put(levels, key, json_false());
        }
        json_array_foreach(json_object_get(shipment, "packaging"), i, item) {
                (void) snprintf(key, sizeof key, "level%d",
                                1 + term_parse(packaging_terms, PACKAGINGS, json_string_value(item)));
                put(levels, key, json_true());
        }
        put(data, "packaging", levels);
}

static json_t *seal_words(const json_t *checkpoint) {
        _cleanup_json_ json_t *list = json_array();
        const json_t *match = json_object_get(checkpoint, "seals_match"), *item;
        size_t i;

        if (!match)
                return NULL;
        json_array_foreach(json_object_get(checkpoint, "seals"), i, item)(void)
                json_array_append(list, (json_t *) (uintptr_t) item);
        if (!json_is_true(match))
                (void) json_array_append_new(list, json_string("≠"));
        return TAKE_PTR(list);
}

static json_t *joined(const json_t *object, const char *first, const char *second) {
        const char *a = json_text(object, first), *b = json_text(object, second);
        _cleanup_free_ char *text = NULL;

        if (!a && !b)
                return NULL;
        text = a && b ? str_format("%s · %s", a, b) : str_format("%s", a ? a : b);
        return text ? json_string(text) : NULL;
}

static void add_checkpoints(struct act *act, const json_t *shipment, json_t *data) {
        json_t *list = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "checkpoints"), i, item) {
                json_t *row = json_object();

                put_text(row, "point", item, "point");
                put_text(row, "time", item, "time");
                put(row, "person", name_only(act, json_text(item, "person")));
                put(row, "identity", joined(item, "company", "courier"));
                put(row, "seals", seal_words(item));
                put(row, "place", joined(item, "place", "position"));
                put(row, "indicators", form_readings(item));
                put_text(row, "note", item, "note");
                (void) json_array_append_new(list, row);
        }
        put(data, "checkpoints", list);
}

static void add_authorisation(struct act *act, const json_t *shipment, json_t *data) {
        const json_t *list = json_object_get(shipment, "authorisations"), *last;
        json_t *names = json_array(), *part = json_object();
        const char *title = NULL;
        const json_t *item;
        char room[128];
        size_t i;

        json_array_foreach(list, i, item)(void)
                json_array_append_new(names, printed_name(act, json_text(item, "person"), &title, room));
        last = json_array_get(list, json_array_size(list) - 1);
        if (last) {
                put(part, "name", json_incref(names));
                put(part, "title", title ? json_string(title) : NULL);
                put_text(part, "time", last, "time");
        }
        put_text(part, "reason", shipment, "reason");
        put(data, "authorisation", part);
        json_decref(names);
}

/* The person who made the last checkpoint of a kind, for the box of their signature. */
static void add_signature(struct act *act, const json_t *shipment, json_t *boxes, const char *box,
                          enum checkpoint point) {
        const json_t *checkpoint = checkpoint_of(shipment, point);
        const char *title;
        char room[128];
        json_t *one;

        if (!checkpoint)
                return;
        one = json_object();
        put(one, "name", printed_name(act, json_text(checkpoint, "person"), &title, room));
        put(one, "title", title ? json_string(title) : NULL);
        put_text(one, "date", checkpoint, "time");
        put_text(one, "place", checkpoint, "place");
        if (strcmp(shipment_verify(act, checkpoint), "valid") == 0)
                put(one, "note",
                    json_pack("{s:s, s:s}", "es", "Firma ECDSA válida en el libro", "en",
                              "Valid ECDSA signature in the ledger"));
        put(boxes, box, one);
}

/* The courier signs on paper, or with a key of their own. */
static void add_courier(struct act *act, const json_t *shipment, json_t *boxes) {
        const json_t *pickup = checkpoint_of(shipment, CHECKPOINT_PICKUP);
        json_t *one;

        if (!pickup)
                return;
        one = json_object();
        put_text(one, "name", shipment, "courier");
        put_text(one, "title", shipment, "company");
        put_text(one, "date", pickup, "time");
        put_text(one, "place", pickup, "place");
        put(one, "note", form_courier_signature(act, shipment));
        put(boxes, "courier", one);
}

static void add_times(struct act *act, const json_t *shipment, json_t *data) {
        int64_t dispatched;
        char limit[TIME_TEXT];

        put_text(data, "prepared", shipment, "packed");
        put_text(data, "eta", shipment, json_text(shipment, "expected") ? "expected" : "eta");
        put(data, "emergency", json_boolean(json_text(shipment, "emergency") != NULL));
        if (time_parse(json_text_or_empty(shipment, "dispatched"), &dispatched) == 0) {
                time_format(dispatched + json_int(shipment, "limit", 0) * 3600 * SECOND, limit);
                put(data, "limit", json_string(limit));
        }
        put(data, "issued", json_integer(act_now(act)));
        put(data, "issued_by", name_only(act, act->person));
}

int shipment_form_data(struct act *act, const json_t *shipment, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = json_object();
        json_t *origin = json_object(), *destination = json_object(), *carrier = json_object(),
               *boxes = json_object();
        int r;

        put(data, "organisation", json_string(act->organisation));
        put(data, "site", json_string(act->site));
        put(data, "station", json_string(act->station));
        put_text(data, "number", shipment, "shipment");
        put_text(data, "route", shipment, "route");
        put_text(data, "international", shipment, "international");
        put(data, "method", bilingual(transport_method_terms, TRANSPORT_METHODS, json_text(shipment, "method")));
        put(data, "protection",
            bilingual(transport_protection_terms, TRANSPORT_PROTECTIONS, json_text(shipment, "protection")));
        put(data, "tracking",
            bilingual(transport_tracking_terms, TRANSPORT_TRACKINGS, json_text(shipment, "tracking")));
        add_times(act, shipment, data);
        form_add_journey(act, shipment, data);
        put_text(origin, "place", shipment, "from");
        put(origin, "person", name_only(act, json_text(shipment, "packed_by")));
        put_text(destination, "place", shipment, "to");
        put(destination, "person", name_only(act, json_text(shipment, "recipient")));
        put_text(carrier, "company", shipment, "company");
        put_text(carrier, "courier", shipment, "courier");
        put_text(carrier, "waybill", shipment, "waybill");
        put(carrier, "signed", form_courier_signature(act, shipment));
        put(data, "origin", origin);
        put(data, "destination", destination);
        put(data, "carrier", carrier);
        add_authorisation(act, shipment, data);
        add_seals(shipment, data);
        add_packaging(shipment, data);
        add_checkpoints(act, shipment, data);
        add_signature(act, shipment, boxes, "origin", CHECKPOINT_ORIGIN);
        add_courier(act, shipment, boxes);
        add_signature(act, shipment, boxes, "recipient", CHECKPOINT_DELIVERY);
        add_signature(act, shipment, boxes, "confirmation", CHECKPOINT_CONFIRMATION);
        put(data, "signatures", boxes);
        r = add_media(act, shipment, data, err);
        if (r == 0)
                *ret = TAKE_PTR(data);
        return r;
}
