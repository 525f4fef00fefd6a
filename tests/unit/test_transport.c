/* Transport through the verbs, on a store and images of its own: T1 to T7, X1, X2, C8 and the answers to them. */
#include "unit/store.h"

#include "base/file.h"
#include "custody/custody.h"
#include "transport/transport.h"

static struct test_store store;
static char media_image[96], alta_image[96], clear_image[96], media[16], alta[16], clear_one[16];

#define must_refuse(code, rule_id, person, noun, name, ...)                                                        \
        do {                                                                                                       \
                struct error _e;                                                                                   \
                int _r = test_call(&store, (person), (noun), (name), NULL, &_e, __VA_ARGS__);                      \
                if (_r != (code) || strcmp(_e.rule, (rule_id)) != 0)                                               \
                        fail_msg("%s %s: %d [%s] instead of %d [%s]: %s", (noun), (name), _r, _e.rule, (code),     \
                                 (rule_id), _e.what[LANG_EN]);                                                     \
                assert_true(_e.what[LANG_ES][0] && _e.what[LANG_EN][0]);                                           \
        } while (0)

static json_t *show(const char *shipment) {
        json_t *answer = NULL;
        struct error err;

        if (test_call(&store, "sara", "ship", "show", &answer, &err, "{s:s}", "shipment", shipment) < 0)
                fail_msg("ship show: %s", err.what[LANG_EN]);
        return answer;
}

static void expect_state(const char *shipment, const char *state) {
        _cleanup_json_ json_t *answer = show(shipment);

        assert_string_equal(json_text(answer, "state"), state);
}

static void expect_medium(const char *id, const char *key, const char *value) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        assert_int_equal(test_call(&store, "sara", "media", "show", &answer, &err, "{s:s}", "medium", id), 0);
        assert_string_equal(json_text_or_empty(answer, key), value);
}

/* The open incidents of a kind. */
static size_t incidents(const char *kind, char ret_id[16]) {
        _cleanup_json_ json_t *answer = NULL;
        const json_t *row;
        struct error err;
        size_t i, n = 0;

        assert_int_equal(test_call(&store, "sara", "incident", "list", &answer, &err, "{s:b}", "open", 1), 0);
        json_array_foreach(json_object_get(answer, "rows"), i, row) {
                if (strcmp(json_text_or_empty(row, "kind"), kind) != 0)
                        continue;
                n++;
                (void) snprintf(ret_id, 16, "%s", json_text(row, "id"));
        }
        return n;
}

static void close_incident(const char *id) {
        test_expect(0, &store, "sara", "incident", "close", "{s:s, s:s, s:s}", "incident", id, "resolution",
                    "Revisado", "assessment", "Cifrado: sin riesgo");
}

/* As the label's verb leaves it; labels have their own tests. */
static void label(const char *id, const char *state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct error err;

        assert_int_equal(medium_apply_label(act->db, id, state, 1, &err), 0);
}

static int group_setup(void **state) {
        static const char *const signers[] = { "cus", "rec", "olga" };

        (void) state;
        test_store_make(&store);
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "rec", "full-name",
                    "Rosa Receptora", "roles", "user");
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "both", "full-name",
                    "Custodian and owner", "roles", "owner,custodian");
        for (size_t i = 0; i < COUNT(signers); i++)
                test_expect(0, &store, "sara", "person", "enrol", "{s:s}", "name", signers[i]);
        test_expect(0, &store, "sara", "route", "add", "{s:s, s:s, s:s, s:i, s:i, s:[s,s]}", "route", "a-4", "from",
                    "Hospital Norte", "to", "Hospital Sur", "usual", 6, "limit", 48, "via",
                    "Madrid@40.4168,-3.7038", "Sevilla@37.3891,-5.9845");
        test_expect(0, &store, "sara", "route", "add", "{s:s, s:s, s:s, s:i, s:i}", "route", "r", "from", "N", "to",
                    "S", "usual", 2, "limit", 24);
        test_image(&store, "media", 32 << 20, media_image);
        test_image(&store, "alta", 32 << 20, alta_image);
        test_image(&store, "clear", 32 << 20, clear_image);
        test_register(&store, media_image, "CONFIDENCIAL", "MEDIA", media);
        test_register(&store, alta_image, "SECRETO", "ALTA", alta);
        test_register(&store, clear_image, "CONFIDENCIAL", "BASICA", clear_one);
        test_expect(0, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s, s:b}", "medium", media, "device",
                    media_image, "confirm", media, "no-fill", 1);
        return 0;
}

static int group_teardown(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

/* Makes a shipment of one medium by a method. 0 or the error. */
static int create(const char *person, const char *medium, const char *method, char ret[16], struct error *err) {
        _cleanup_json_ json_t *answer = NULL;
        int r = test_call(&store, person, "ship", "create", &answer, err,
                          "{s:s, s:s, s:s, s:[s], s:s, s:s, s:i, s:s}", "from", "Hospital Norte", "to",
                          "Hospital Sur", "recipient", "rec", "media", medium, "method", method, "route", "A-4",
                          "limit", 24, "reason", "Segunda opinión");

        if (r == 0)
                (void) snprintf(ret, 16, "%s", json_text(answer, "shipment"));
        return r;
}

static void t1_t6_creation(void **state) {
        char shipment[16];
        struct error err;

        (void) state;
        assert_int_equal(create("cus", media, "standard-courier", shipment, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "T1");
        assert_int_equal(create("cus", alta, "certified-courier", shipment, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "T1");
        assert_int_equal(create("rec", media, "certified-courier", shipment, &err), ERR_DENIED);
        assert_int_equal(create("cus", "HQ99999999X", "certified-courier", shipment, &err), ERR_NOT_FOUND);
        /* A method that suffices with a protection that does not. */
        must_refuse(ERR_REFUSED, "T1", "cus", "ship", "create", "{s:s, s:s, s:s, s:[s], s:s, s:s, s:s, s:i, s:s}",
                    "from", "a", "to", "b", "recipient", "rec", "media", media, "method", "certified-courier",
                    "protection", "sealed-envelope", "route", "r", "limit", 24, "reason", "r");
        must_refuse(ERR_REFUSED, "T6", "cus", "ship", "create", "{s:s, s:s, s:s, s:[s], s:s, s:s, s:i, s:s, s:b}",
                    "from", "a", "to", "b", "recipient", "rec", "media", media, "method", "certified-courier",
                    "route", "r", "limit", 24, "reason", "r", "international", 1);
        assert_int_equal(create("cus", media, "certified-courier", shipment, &err), 0);
        assert_string_equal(shipment, "E000001");
        /* One journey at a time. */
        assert_int_equal(create("cus", media, "certified-courier", shipment, &err), ERR_CONFLICT);
        assert_string_equal(err.rule, "T2");
}

static const char pack_format[] = "{s:s, s:[s,s,s,s,s,s], s:[s,s], s:b, s:[s]}";
static const char with_indicators[] = "{s:s, s:[s,s,s,s,s,s], s:[s,s], s:b, s:[s], s:[s,s,s]}";
#define ALL_INDICATORS "indicator", "shock", "tilt", "temperature=2..25"
#define ALL_READ "shock", "ok", "tilt", "ok", "reading", "temperature=18.5"
#define ALL_LEVELS "encrypted-medium", "antistatic-bag", "foam", "rigid-container", "security-seal", "outer-pack"

static void device_of(const char *medium, const char *image, char out[128]) {
        (void) snprintf(out, 128, "%s=%s", medium, image);
}

static void t2_t5_packing(void **state) {
        char device[128], wrong[128];

        (void) state;
        device_of(media, media_image, device);
        device_of(media, alta_image, wrong);
        must_refuse(ERR_REFUSED, "T2", "cus", "ship", "pack", pack_format, "shipment", "E000001", "level",
                    ALL_LEVELS, "seal", "S-1001", "S-1002", "label-checked", 1, "device",
                    device); /* no label yet */
        label(media, "valid");
        must_refuse(ERR_REFUSED, "T2", "cus", "ship", "pack", pack_format, "shipment", "E000001", "level",
                    ALL_LEVELS, "seal", "S-1001", "S-1002", "label-checked", 0, "device", device);
        must_refuse(ERR_REFUSED, "T2", "cus", "ship", "pack", "{s:s, s:[s,s,s,s,s,s], s:[s], s:b}", "shipment",
                    "E000001", "level", ALL_LEVELS, "seal", "S-1001", "label-checked", 1); /* no device */
        must_refuse(ERR_REFUSED, "S6", "cus", "ship", "pack", pack_format, "shipment", "E000001", "level",
                    ALL_LEVELS, "seal", "S-1001", "S-1002", "label-checked", 1, "device", wrong);
        must_refuse(ERR_REFUSED, "T2", "cus", "ship", "pack", pack_format, "shipment", "E000001", "level",
                    "encrypted-medium", "antistatic-bag", "foam", "rigid-container", "security-seal", "foam",
                    "seal", "S-1001", "S-1002", "label-checked", 1, "device", device);
        must_refuse(ERR_USAGE, "", "cus", "ship", "pack", pack_format, "shipment", "E000001", "level", ALL_LEVELS,
                    "seal", "S-1001", "s1001", "label-checked", 1, "device", device);
        must_refuse(ERR_CONFLICT, "T3", "olga", "ship", "authorise", "{s:s}", "shipment", "E000001");
        must_refuse(ERR_CONFLICT, "T4", "cus", "ship", "dispatch", "{s:s, s:[s]}", "shipment", "E000001", "seal",
                    "S-1001");
        expect_state("E000001", "created");
        test_expect(0, &store, "cus", "ship", "pack", pack_format, "shipment", "E000001", "level", ALL_LEVELS,
                    "seal", "S-1001", "S-1002", "label-checked", 1, "device", device);
        expect_state("E000001", "packed");
        /* Packed again: new seals, since the old ones are spent. */
        must_refuse(ERR_REFUSED, "T5", "cus", "ship", "pack", pack_format, "shipment", "E000001", "level",
                    ALL_LEVELS, "seal", "S-1001", "S-1002", "label-checked", 1, "device", device);
}

static void t7_never_in_clear(void **state) {
        char shipment[16], device[128];
        struct error err;

        (void) state;
        label(clear_one, "valid");
        device_of(clear_one, clear_image, device);
        assert_int_equal(create("cus", clear_one, "standard-courier", shipment, &err), 0);
        must_refuse(ERR_REFUSED, "T7", "cus", "ship", "pack", pack_format, "shipment", shipment, "level",
                    ALL_LEVELS, "seal", "S-2001", "S-2002", "label-checked", 1, "device", device);
        expect_state(shipment, "created");
}

static void t3_x1_authorisation(void **state) {
        (void) state;
        must_refuse(ERR_DENIED, "T3", "both", "ship", "authorise", "{s:s}", "shipment", "E000001");
        must_refuse(ERR_DENIED, "T3", "sara", "ship", "authorise", "{s:s}", "shipment",
                    "E000001"); /* no emergency */
        must_refuse(ERR_DENIED, "X1", "cus", "ship", "authorise", "{s:s}", "shipment", "E000001");
        must_refuse(ERR_CONFLICT, "T4", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1001", "S-1002");
        test_expect(0, &store, "olga", "ship", "authorise", "{s:s, s:s}", "shipment", "e'000001", "note",
                    "Conforme");
        expect_state("E000001", "authorised");
        must_refuse(ERR_CONFLICT, "T3", "olga", "ship", "authorise", "{s:s}", "shipment", "E000001");
}

static void t2_verified_within_a_day(void **state) {
        char device[128];

        (void) state;
        device_of(media, media_image, device);
        store.now += DAY + SECOND;
        must_refuse(ERR_REFUSED, "T2", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1001", "S-1002");
        /* Verified again means packed, sealed and authorised again. */
        test_expect(0, &store, "cus", "ship", "pack", pack_format, "shipment", "E000001", "level", ALL_LEVELS,
                    "seal", "S-1003", "S-1004", "label-checked", 1, "device", device);
        must_refuse(ERR_CONFLICT, "T4", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1003", "S-1004");
        test_expect(0, &store, "olga", "ship", "authorise", "{s:s}", "shipment", "E000001");
}

/* T2: what was packed must still be what leaves. */
static void t2_changed_after_packing(void **state) {
        char due[DATE_TEXT], device[128];

        (void) state;
        device_of(media, media_image, device);
        label(media, "void");
        must_refuse(ERR_REFUSED, "T2", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1003", "S-1004");
        label(media, "valid");
        date_of(store.now + 7 * DAY, due);
        test_expect(0, &store, "rec", "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", media, "to", "rec",
                    "reason", "r", "due", due, "location", "x");
        test_expect(0, &store, "olga", "loan", "approve", "{s:s}", "loan", media);
        test_expect(0, &store, "cus", "loan", "out", "{s:s, s:s, s:s, s:s}", "loan", media, "seal", "S-9001",
                    "device", media_image, "supervisor", "sara");
        must_refuse(ERR_CONFLICT, "T2", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1003", "S-1004"); /* it is out */
        test_expect(0, &store, "cus", "loan", "in", "{s:s, s:s, s:s, s:s}", "loan", media, "condition", "bien",
                    "seal", "S-9001", "device", media_image);
        must_refuse(ERR_CONFLICT, "T2", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1003", "S-1004"); /* it was out */
        test_expect(0, &store, "cus", "ship", "pack", pack_format, "shipment", "E000001", "level", ALL_LEVELS,
                    "seal", "S-1013", "S-1014", "label-checked", 1, "device", device);
        test_expect(0, &store, "olga", "ship", "authorise", "{s:s}", "shipment", "E000001");
}

static void t5_origin_seals_differ(void **state) {
        char id[16];

        (void) state;
        must_refuse(ERR_VERIFY, "T5", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1013", "S-1015");
        expect_state("E000001", "authorised");
        expect_medium(media, "state", "in-custody");
        assert_int_equal(incidents("seal", id), 1);
        must_refuse(ERR_CONFLICT, "U9", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1013", "S-1014");
        close_incident(id);
}

/* Every checkpoint but the right one, tried in each state on the way. */
static void try_all_but(const char *right) {
        if (strcmp(right, "dispatch") != 0)
                must_refuse(ERR_CONFLICT, "T4", "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001",
                            "seal", "S-1013", "S-1014");
        if (strcmp(right, "pickup") != 0)
                must_refuse(ERR_CONFLICT, "T4", "cus", "ship", "pickup", "{s:s, s:[s,s], s:s, s:s}", "shipment",
                            "E000001", "seal", "S-1013", "S-1014", "company", "C", "courier", "c");
        if (strcmp(right, "track") != 0 && strcmp(right, "deliver") != 0)
                must_refuse(ERR_CONFLICT, "T4", "cus", "ship", "track", "{s:s, s:s}", "shipment", "E000001",
                            "event", "e");
        if (strcmp(right, "deliver") != 0)
                must_refuse(ERR_CONFLICT, "T4", "rec", "ship", "deliver", "{s:s, s:[s,s]}", "shipment", "E000001",
                            "seal", "S-1013", "S-1014");
        if (strcmp(right, "confirm") != 0)
                must_refuse(ERR_CONFLICT, "T4", "rec", "ship", "confirm", "{s:s, s:[s]}", "shipment", "E000001",
                            "media", media);
}

static void t4_five_checkpoints(void **state) {
        (void) state;
        try_all_but("dispatch");
        must_refuse(ERR_CONFLICT, "T4", "cus", "ship", "lost", "{s:s, s:s}", "shipment", "E000001", "circumstances",
                    "x");
        must_refuse(ERR_REFUSED, "T4", "both", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1013", "S-1014"); /* no signing key */
        test_expect(0, &store, "cus", "ship", "dispatch", "{s:s, s:[s,s], s:s}", "shipment", "E000001", "seal",
                    "s'1014", "S-1013", "place", "Custodia");
        expect_state("E000001", "dispatched");
        expect_medium(media, "state", "in-transit");
        expect_medium(media, "holder", "E000001");
        try_all_but("pickup");
        test_expect(0, &store, "cus", "ship", "pickup", "{s:s, s:[s,s], s:s, s:s, s:s}", "shipment", "E000001",
                    "seal", "S-1013", "S-1014", "company", "Mensajería Sur", "courier", "M-77", "waybill", "W1");
        try_all_but("track");
        test_expect(ERR_USAGE, &store, "cus", "ship", "track", "{s:s, s:s, s:s}", "shipment", "E000001", "event",
                    "x", "position", "91,0");
        test_expect(0, &store, "cus", "ship", "track", "{s:s, s:s, s:s}", "shipment", "E000001", "event", "En ruta",
                    "position", "37.3891,-5.9845");
        must_refuse(ERR_REFUSED, "T4", "rec", "ship", "deliver", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1013", "S-1014"); /* no point of the transit is signed */
        test_expect(0, &store, "cus", "ship", "track", "{s:s, s:s, s:b}", "shipment", "E000001", "event", "Peaje",
                    "sign", 1);
        try_all_but("deliver");
        must_refuse(ERR_DENIED, "T4", "cus", "ship", "deliver", "{s:s, s:[s,s]}", "shipment", "E000001", "seal",
                    "S-1013", "S-1014");
        test_expect(0, &store, "rec", "ship", "deliver", "{s:s, s:[s,s]}", "shipment", "E000001", "seal", "S-1013",
                    "S-1014");
        try_all_but("confirm");
}

static void t4_confirmation(void **state) {
        _cleanup_json_ json_t *shipment = NULL;
        const json_t *checkpoint;
        char device[128], id[16];
        size_t i, signatures = 0;

        (void) state;
        device_of(media, media_image, device);
        must_refuse(ERR_DENIED, "T4", "oto", "ship", "confirm", "{s:s, s:[s]}", "shipment", "E000001", "media",
                    media);
        test_expect(ERR_CONFLICT, &store, "rec", "ship", "confirm", "{s:s, s:[s]}", "shipment", "E000001", "media",
                    clear_one);
        test_expect(0, &store, "cus", "location", "add", "{s:s, s:s, s:s, s:s, s:i}", "code", "HQ-S03-A12-E04-P001",
                    "kind", "fire-cabinet", "level", "MEDIA", "section", "INTERNO", "capacity", 1);
        must_refuse(ERR_REFUSED, "U2", "rec", "ship", "confirm", "{s:s, s:[s], s:s}", "shipment", "E000001",
                    "media", media, "location", "HQ-S03-A12-E04-P001");
        test_expect(0, &store, "rec", "ship", "confirm", "{s:s, s:[s], s:[s]}", "shipment", "E000001", "media",
                    media, "device", device);
        expect_state("E000001", "confirmed");
        expect_medium(media, "state", "in-custody");
        try_all_but("");
        must_refuse(ERR_CONFLICT, "T4", "cus", "ship", "pack", pack_format, "shipment", "E000001", "level",
                    ALL_LEVELS, "seal", "S-3001", "S-3002", "label-checked", 1, "device", device);
        shipment = show("E000001");
        json_array_foreach(json_object_get(shipment, "checkpoints"), i, checkpoint)
                signatures += strcmp(json_text(checkpoint, "signed"), "valid") == 0;
        assert_int_equal(signatures, 6); /* with the one that stopped it at the origin; transit is signed once */
        assert_int_equal(incidents("header", id) + incidents("breach", id), 0);
}

/* A signature covers the checkpoint that it stands beside. */
static void t4_signature_of_another(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *shipment = NULL;
        struct act *act = test_act(&store, "sara", &session);
        const json_t *checkpoint;
        struct error err;
        size_t i, invalid = 0;

        (void) state;
        assert_true(db_exec(act->db, &err,
                            "UPDATE shipment_checkpoint SET person = 'olga' WHERE point = 'delivery'", "") > 0);
        assert_true(db_exec(act->db, &err,
                            "UPDATE shipment_checkpoint SET statement = replace(statement, 'M-77', 'M-78') WHERE "
                            "point = "
                            "'pickup'",
                            "") > 0);
        shipment = show("E000001");
        json_array_foreach(json_object_get(shipment, "checkpoints"), i, checkpoint)
                invalid += strcmp(json_text(checkpoint, "signed"), "invalid") == 0;
        assert_int_equal(invalid, 2);
        assert_true(db_exec(act->db, &err, "UPDATE shipment_checkpoint SET person = 'rec' WHERE point = 'delivery'",
                            "") > 0);
        assert_true(db_exec(act->db, &err,
                            "UPDATE shipment_checkpoint SET statement = replace(statement, 'M-78', 'M-77') WHERE "
                            "point = "
                            "'pickup'",
                            "") > 0);
}

/* From nothing to authorised, with two seals. */
static void prepare(const char *medium, const char *image, const char *method, const char *seal, const char *seal2,
                    char ret[16]) {
        char device[128];
        struct error err;

        device_of(medium, image, device);
        if (create("cus", medium, method, ret, &err) < 0)
                fail_msg("ship create: %s", err.what[LANG_EN]);
        test_expect(0, &store, "cus", "ship", "pack", pack_format, "shipment", ret, "level", ALL_LEVELS, "seal",
                    seal, seal2, "label-checked", 1, "device", device);
        test_expect(0, &store, "olga", "ship", "authorise", "{s:s}", "shipment", ret);
}

static void t5_t6_incidents_on_the_way(void **state) {
        char shipment[16], id[16];

        (void) state;
        prepare(media, media_image, "certified-courier", "S-4001", "S-4002", shipment);
        test_expect(0, &store, "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", shipment, "seal", "S-4001",
                    "S-4002");
        test_expect(0, &store, "cus", "ship", "pickup", "{s:s, s:[s], s:s, s:s}", "shipment", shipment, "seal",
                    "S-4001", "company", "C", "courier", "c");
        assert_int_equal(incidents("seal", id), 1);
        test_expect(0, &store, "cus", "ship", "track", "{s:s, s:s, s:s, s:b}", "shipment", shipment, "event",
                    "Golpe", "shock", "tripped", "sign", 1);
        must_refuse(ERR_CONFLICT, "T5", "rec", "ship", "deliver", "{s:s, s:[s,s]}", "shipment", shipment, "seal",
                    "S-4001", "S-4002");
        close_incident(id);
        assert_int_equal(incidents("indicator", id), 1);
        close_incident(id);
        store.now += 2 * DAY;
        test_expect(0, &store, "rec", "ship", "deliver", "{s:s, s:[s,s]}", "shipment", shipment, "seal", "S-4001",
                    "S-4002");
        assert_int_equal(incidents("late", id), 1);
        must_refuse(ERR_CONFLICT, "T5", "rec", "ship", "confirm", "{s:s, s:[s]}", "shipment", shipment, "media",
                    media);
        close_incident(id);
}

static void flip(const char *path, off_t offset) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        unsigned char byte = 0;

        assert_true(fd >= 0 && pread(fd, &byte, 1, offset) == 1);
        byte ^= 1;
        assert_true(pwrite(fd, &byte, 1, offset) == 1 && close(fd) == 0);
}

static void t4_contents_changed(void **state) {
        char device[128], id[16];

        (void) state;
        device_of(media, media_image, device);
        flip(media_image, 0x8000 + 100);
        test_expect(0, &store, "rec", "ship", "confirm", "{s:s, s:[s], s:[s]}", "shipment", "E000003", "media",
                    media, "device", device);
        flip(media_image, 0x8000 + 100);
        assert_int_equal(incidents("header", id), 1);
        expect_medium(media, "state", "in-custody");
        close_incident(id);
}

/* Into the register of couriers, with a document of its own. */
static void authorise_courier(const char *name, const char *expires, const char *person) {
        char file[96];
        struct error err;

        (void) snprintf(file, sizeof file, "%s/%s.txt", store.root, name);
        assert_int_equal(file_write(file, name, strlen(name), 0600, &err), 0);
        test_expect(0, &store, "sara", "courier", "authorise", "{s:s, s:s, s:s, s:s, s:s, s:s, s:s*}", "courier",
                    name, "full-name", name, "company", "Blindados SA", "document", "DNI …123Z", "file", file,
                    "expires", expires, "person", person);
}

static void t1_alta_by_gps_and_t7_loss(void **state) {
        _cleanup_json_ json_t *incident = NULL;
        char shipment[16], id[16], device[128];
        int64_t opened, deadline;
        struct error err;

        (void) state;
        test_expect(0, &store, "sara", "encrypt", "run", "{s:s, s:s, s:s, s:b, s:s}", "medium", alta, "device",
                    alta_image, "confirm", alta, "no-fill", 1, "waiver", "Ensayo sin HSM");
        label(alta, "valid");
        device_of(alta, alta_image, device);
        assert_int_equal(create("cus", alta, "secure-transport", shipment, &err), 0);
        must_refuse(ERR_REFUSED, "T5", "cus", "ship", "pack", pack_format, "shipment", shipment, "level",
                    ALL_LEVELS, "seal", "S-5001", "S-5002", "label-checked", 1, "device",
                    device); /* no indicators */
        test_expect(0, &store, "cus", "ship", "pack", with_indicators, "shipment", shipment, "level", ALL_LEVELS,
                    "seal", "S-5001", "S-5002", "label-checked", 1, "device", device, ALL_INDICATORS);
        test_expect(0, &store, "olga", "ship", "authorise", "{s:s}", "shipment", shipment);
        must_refuse(ERR_REFUSED, "T5", "cus", "ship", "dispatch", "{s:s, s:[s,s], s:s}", "shipment", shipment,
                    "seal", "S-5001", "S-5002", "shock", "ok"); /* the other two were not read */
        test_expect(0, &store, "cus", "ship", "dispatch", "{s:s, s:[s,s], s:s, s:s, s:[s]}", "shipment", shipment,
                    "seal", "S-5001", "S-5002", ALL_READ);
        must_refuse(ERR_REFUSED, "T4", "cus", "ship", "pickup", "{s:s, s:[s,s], s:s, s:s, s:s, s:s, s:[s]}",
                    "shipment", shipment, "seal", "S-5001", "S-5002", "company", "Blindados SA", "courier", "Eva",
                    ALL_READ); /* of no register */
        authorise_courier("eva", "2027-01-01", NULL);
        must_refuse(ERR_REFUSED, "T4", "cus", "ship", "pickup", "{s:s, s:[s,s], s:s, s:s, s:s, s:s, s:[s]}",
                    "shipment", shipment, "seal", "S-5001", "S-5002", "company", "Blindados SA", "courier", "Eva",
                    ALL_READ); /* who has not signed */
        test_expect(0, &store, "cus", "ship", "pickup", "{s:s, s:[s,s], s:s, s:s, s:s, s:s, s:s, s:[s]}",
                    "shipment", shipment, "seal", "S-5001", "S-5002", "company", "Blindados SA", "courier", "Eva",
                    "receipt", "R-77", ALL_READ);
        must_refuse(ERR_REFUSED, "T1", "cus", "ship", "track", "{s:s, s:s}", "shipment", shipment, "event",
                    "En ruta");
        test_expect(0, &store, "cus", "ship", "track", "{s:s, s:s, s:s}", "shipment", shipment, "event", "En ruta",
                    "position", "40.4,-3.7");
        test_expect(0, &store, "cus", "ship", "lost", "{s:s, s:s}", "shipment", shipment, "circumstances",
                    "Robo del vehículo");
        expect_state(shipment, "lost");
        expect_medium(alta, "state", "lost");
        assert_int_equal(incidents("breach", id), 1);
        assert_int_equal(test_call(&store, "sara", "incident", "show", &incident, &err, "{s:s}", "incident", id),
                         0);
        assert_int_equal(time_parse(json_text(incident, "opened"), &opened), 0);
        assert_int_equal(time_parse(json_text(incident, "deadline"), &deadline), 0);
        assert_true(deadline - opened == (int64_t) 72 * 3600 * SECOND);
        must_refuse(ERR_CONFLICT, "T4", "rec", "ship", "deliver", "{s:s, s:[s,s]}", "shipment", shipment, "seal",
                    "S-5001", "S-5002");
        assert_int_equal(create("cus", alta, "secure-transport", shipment, &err), ERR_CONFLICT);
}

static void t7_missing_on_arrival(void **state) {
        char shipment[16], id[16], second_image[96], second[16], devices[2][128];
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        test_image(&store, "second", 32 << 20, second_image);
        test_register(&store, second_image, "INTERNO", "MEDIA", second);
        test_expect(0, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s, s:b}", "medium", second, "device",
                    second_image, "confirm", second, "no-fill", 1);
        label(second, "valid");
        device_of(media, media_image, devices[0]);
        device_of(second, second_image, devices[1]);
        assert_int_equal(test_call(&store, "oto", "ship", "create", &answer, &err,
                                   "{s:s, s:s, s:s, s:[s,s], s:s, s:s, s:i, s:s}", "from", "N", "to", "S",
                                   "recipient", "rec", "media", media, second, "method", "certified-courier",
                                   "route", "r", "limit", 24, "reason", "r"),
                         0);
        (void) snprintf(shipment, sizeof shipment, "%s", json_text(answer, "shipment"));
        must_refuse(ERR_REFUSED, "T2", "cus", "ship", "pack", pack_format, "shipment", shipment, "level",
                    ALL_LEVELS, "seal", "S-6001", "S-6002", "label-checked", 1, "device", devices[0]);
        test_expect(0, &store, "cus", "ship", "pack", "{s:s, s:[s,s,s,s,s,s], s:[s], s:b, s:[s,s]}", "shipment",
                    shipment, "level", ALL_LEVELS, "seal", "S-6001", "label-checked", 1, "device", devices[0],
                    devices[1]);
        test_expect(0, &store, "olga", "ship", "authorise", "{s:s}", "shipment", shipment);
        test_expect(0, &store, "cus", "ship", "dispatch", "{s:s, s:[s]}", "shipment", shipment, "seal", "S-6001");
        test_expect(0, &store, "cus", "ship", "pickup", "{s:s, s:[s], s:s, s:s, s:s}", "shipment", shipment, "seal",
                    "S-6001", "company", "Blindados SA", "courier", "eva", "receipt", "R-78");
        test_expect(0, &store, "cus", "ship", "track", "{s:s, s:s, s:b}", "shipment", shipment, "event", "e",
                    "sign", 1);
        test_expect(0, &store, "rec", "ship", "deliver", "{s:s, s:[s]}", "shipment", shipment, "seal", "S-6001");
        test_expect(0, &store, "rec", "ship", "confirm", "{s:s, s:[s], s:[s]}", "shipment", shipment, "media",
                    second, "missing", media);
        expect_medium(second, "state", "in-custody");
        expect_medium(media, "state", "lost");
        assert_int_equal(incidents("breach", id), 2);
}

/* The fast path: security stands in for the owner, and a review stays open without barring the way. */
static void t6_emergency(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        char third_image[96], third[16], shipment[16], device[128], id[16];
        struct error err;

        (void) state;
        test_image(&store, "third", 32 << 20, third_image);
        test_register(&store, third_image, "INTERNO", "BASICA", third);
        label(third, "valid");
        device_of(third, third_image, device);
        assert_int_equal(test_call(&store, "cus", "ship", "create", &answer, &err,
                                   "{s:s, s:s, s:s, s:[s], s:s, s:s, s:i, s:s, s:s, s:s}", "from", "N", "to", "S",
                                   "recipient", "rec", "media", third, "method", "standard-courier", "route", "r",
                                   "limit", 4, "reason", "r", "emergency", "Trasplante", "eta", "2027-01-01"),
                         0);
        (void) snprintf(shipment, sizeof shipment, "%s", json_text(answer, "shipment"));
        test_expect(0, &store, "cus", "ship", "pack", pack_format, "shipment", shipment, "level", ALL_LEVELS,
                    "seal", "S-7001", "S-7002", "label-checked", 1, "device", device);
        test_expect(0, &store, "sara", "ship", "authorise", "{s:s}", "shipment", shipment);
        expect_state(shipment, "authorised");
        assert_int_equal(incidents("review", id), 0);
        test_expect(0, &store, "cus", "ship", "dispatch", "{s:s, s:[s,s]}", "shipment", shipment, "seal", "S-7001",
                    "S-7002");
}

static void t3_c8_form(void **state) {
        char pdf[96], csv[96];
        struct stat st;

        (void) state;
        (void) snprintf(pdf, sizeof pdf, "%s/ship.pdf", store.root);
        (void) snprintf(csv, sizeof csv, "%s/ship.csv", store.root);
        test_expect(0, &store, "cus", "report", "R-110-019", "{s:s, s:s, s:s}", "shipment", "E000001", "pdf", pdf,
                    "csv", csv);
        assert_true(stat(pdf, &st) == 0 && st.st_size > 5000);
        assert_true(stat(csv, &st) == 0 && st.st_size > 20);
        /* C8: no verb of transport takes a secret. */
        for (size_t r = 0; r < rooms_n; r++)
                for (size_t v = 0; v < rooms[r]->verbs_n; v++)
                        for (size_t p = 0; p < rooms[r]->verbs[v].params_n; p++)
                                if (strcmp(rooms[r]->verbs[v].noun, "ship") == 0)
                                        assert_null(strstr(rooms[r]->verbs[v].params[p].name, "pass"));
}

/* X2: every row is explained by the events, but for the labels that this test put there itself. */
static void x2_ledger_explains_state(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct error err;

        (void) state;
        assert_true(db_exec(act->db, &err, "UPDATE medium SET label_state = 'none', label_revision = 0", "") > 0);
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(t1_t6_creation),
                cmocka_unit_test(t2_t5_packing),
                cmocka_unit_test(t7_never_in_clear),
                cmocka_unit_test(t3_x1_authorisation),
                cmocka_unit_test(t2_verified_within_a_day),
                cmocka_unit_test(t2_changed_after_packing),
                cmocka_unit_test(t5_origin_seals_differ),
                cmocka_unit_test(t4_five_checkpoints),
                cmocka_unit_test(t4_confirmation),
                cmocka_unit_test(t4_signature_of_another),
                cmocka_unit_test(t5_t6_incidents_on_the_way),
                cmocka_unit_test(t4_contents_changed),
                cmocka_unit_test(t1_alta_by_gps_and_t7_loss),
                cmocka_unit_test(t7_missing_on_arrival),
                cmocka_unit_test(t6_emergency),
                cmocka_unit_test(t3_c8_form),
                cmocka_unit_test(x2_ledger_explains_state),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
