/* Headers for tests of the acceptance table: good ones, made by the product's own code, and what makes bad ones of
 * them with right checksums, as an attacker would. */
#pragma once

#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "encrypt/copy.h"
#include "encrypt/format.h"
#include "encrypt/luks.h"

enum { IMAGE_SIZE = 24 << 20, HEADER = 16384, JSON_AT = 4096 };

static struct luks_copy good[CATEGORIES]; /* made once by the product's own code */
static struct secret *machine, *recovery;

static inline int plain_token(void *context, const struct luks_facts *facts, json_t **ret, struct error *err) {
        (void) context;
        (void) err;
        *ret = json_pack("{s:s, s:[], s:s}", "type", "mpsi", "keyslots", "uuid", facts->uuid);
        return 0;
}

static inline int make_headers(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(secret_random(64, &machine, &err), 0);
        assert_int_equal(secret_random(64, &recovery, &err), 0);
        for (int category = CATEGORY_MEDIA; category <= CATEGORY_ALTA; category++) {
                const struct luks_plan plan = { .device_size = IMAGE_SIZE,
                                                .sector_size = 512,
                                                .key_bytes = luks_demands[category].format_key,
                                                .label = "HQ00000042K",
                                                .subsystem = "mpsi:CONFIDENCIAL",
                                                .machine = machine,
                                                .recovery = recovery };

                if (luks_build(&plan, plain_token, NULL, &good[category], &err) < 0)
                        fail_msg("%s", err.what[LANG_EN]);
        }
        return 0;
}

static inline int drop_headers(void **state) {
        (void) state;
        for (int category = 0; category < CATEGORIES; category++)
                luks_copy_done(&good[category]);
        secret_free(machine);
        secret_free(recovery);
        return 0;
}

/* --- making bad headers from a good one ---------------------------------------------------------------------- */

static inline void seal(uint8_t *header) {
        uint8_t sum[SHA256_SIZE];

        memset(header + 448, 0, 64);
        assert_int_equal(sha256(header, HEADER, sum), 0);
        memcpy(header + 448, sum, sizeof sum);
}

/* Puts a text into the JSON areas of both copies and recomputes both checksums, as an attacker would. */
static inline void put_json(uint8_t *bytes, const char *text) {
        assert_true(strlen(text) < HEADER - JSON_AT);
        for (int copy = 0; copy < 2; copy++) {
                memset(bytes + copy * HEADER + JSON_AT, 0, HEADER - JSON_AT);
                memcpy(bytes + copy * HEADER + JSON_AT, text, strlen(text));
                seal(bytes + copy * HEADER);
        }
}

/* Sets root[a][b][c] ... to a value given as JSON; "" for a path's unused rest. */
struct change {
        const char *path[5];
        const char *value; /* NULL deletes */
};

static inline void change_json(json_t *root, const struct change *change) {
        json_t *at = root, *value;
        size_t i = 0;

        for (; i < 4 && change->path[i + 1]; i++) {
                at = json_object_get(at, change->path[i]);
                assert_non_null(at);
        }
        if (!change->value) {
                assert_int_equal(json_object_del(at, change->path[i]), 0);
                return;
        }
        value = json_loads(change->value, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        assert_int_equal(json_object_set_new(at, change->path[i], value), 0);
}

static inline uint8_t *changed(enum category category, const struct change *changes, size_t n) {
        uint8_t *bytes = malloc(2 * HEADER);
        _cleanup_json_ json_t *root = NULL;
        _cleanup_free_ char *text = NULL;

        assert_non_null(bytes);
        memcpy(bytes, good[category].bytes, 2 * HEADER);
        root = json_loads((const char *) bytes + JSON_AT, 0, NULL);
        assert_non_null(root);
        for (size_t i = 0; i < n; i++)
                change_json(root, &changes[i]);
        text = json_dumps(root, JSON_COMPACT);
        put_json(bytes, text);
        return bytes;
}

static inline struct luks_verdict judge(const uint8_t *bytes, size_t n, enum category category,
                                        const struct luks_known *known) {
        _cleanup_luks_facts_ struct luks_facts facts = { 0 };
        struct luks_verdict verdict;
        struct error err;

        assert_int_equal(luks_parse(bytes, n, &facts, &err), 0);
        luks_judge(&facts, category, known, &verdict);
        return verdict;
}

static inline void expect_row(const struct luks_verdict *verdict, const char *name, int row,
                              enum luks_decision decision) {
        if (row == 0) {
                if (verdict->findings_n)
                        fail_msg("%s: row %d: %s", name, verdict->findings[0].row, verdict->findings[0].en);
                assert_true(verdict->encrypted);
        }
        if (row && !verdict->findings_n)
                fail_msg("%s: accepted, row %d expected", name, row);
        for (size_t i = 0; i < verdict->findings_n; i++)
                if (verdict->findings[i].row != row)
                        fail_msg("%s: row %d (%s), expected %d", name, verdict->findings[i].row,
                                 verdict->findings[i].en, row);
        assert_int_equal(verdict->decision, decision);
        if (decision >= LUKS_READ_ONLY)
                assert_false(verdict->encrypted);
}
