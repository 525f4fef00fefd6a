/* A large registry, made in bulk through the same apply code as every act. */
#pragma once

#include "bench.h"

#include "registry/medium_id.h"

enum { MEDIA_BATCH = 2000, MEDIA_SECRET = 10000 };

/* The facts' data and subjects are consumed. */
static inline void media_append(struct act *act, struct fact *facts, size_t *n) {
        struct error err;

        if (*n && act_record(act, facts, *n, &err) < 0)
                stop("record", &err);
        for (size_t i = 0; i < *n; i++) {
                json_decref(facts[i].data);
                free((void *) (uintptr_t) facts[i].subject);
        }
        *n = 0;
}

static inline char *media_id(int64_t number) {
        char id[MEDIUM_ID_TEXT];

        medium_id_format("HQ", number, id);
        return strdup(id);
}

static inline json_t *media_registered(int64_t i, int64_t media) {
        _cleanup_free_ char *serial = str_format("S%010lld", (long long) i),
                            *wwn = str_format("0x5000%012llx", (long long) i);
        const char *classification = i % (media / MEDIA_SECRET ? media / MEDIA_SECRET : 1) == 0 ? "SECRETO"
                                                                                                : "CONFIDENCIAL";

        return json_pack(
                "{s:I, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}",
                "number", (json_int_t) i, "kind", "ssd", "classification", classification, "category", "ALTA",
                "health", 1, "owner", "ana", "created", "2026-11-23", "expires", "2030-01-01", "retention_days",
                3650, "model", "Model 870", "vendor", "Vendor", "serial", serial, "wwn", wwn, "insertion", "",
                "size", (json_int_t) 1000204886016, "epc", "", "tamper", "", "note", "");
}

static inline void media_generate(struct act *act, int64_t media) {
        struct fact facts[MEDIA_BATCH];
        size_t n = 0;

        for (int64_t i = 1; i <= media; i++) {
                facts[n++] = (struct fact){ "medium.registered", media_id(i), media_registered(i, media) };
                if (n == MEDIA_BATCH)
                        media_append(act, facts, &n);
        }
        media_append(act, facts, &n);
}

/* Media, and as many events in all. */
static inline void media_history(struct act *act, int64_t media, int64_t events) {
        struct fact facts[MEDIA_BATCH];
        size_t n = 0;

        media_generate(act, media);
        for (int64_t i = media; i < events; i++) {
                facts[n++] = (struct fact){ "medium.changed", media_id(i % media + 1),
                                            json_pack("{s:s, s:s}", "expires", "2031-01-01", "reason", "renewed") };
                if (n == MEDIA_BATCH)
                        media_append(act, facts, &n);
        }
        media_append(act, facts, &n);
}
