#include "certify/combine.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "policy/rule.h"

/* What has to be the same of all, and stands once. */
static const char *const common[] = { "kind",       "method",   "technique",   "standard",  "result",
                                      "people",     "place",    "photos",      "equipment", "supervision",
                                      "supervisor", "provider", "tool_version" };
/* What is each medium's own. Destruction's forensic report is the batch's. */
static const char *const own[] = { "medium",
                                   "source",
                                   "request",
                                   "started",
                                   "finished",
                                   "ledger",
                                   "remains_mm2",
                                   "iso21964",
                                   "techniques",
                                   "steps",
                                   "verification",
                                   "unreached",
                                   "bytes_not_reached",
                                   "limits",
                                   "clock",
                                   "device",
                                   "device_status",
                                   "seed",
                                   "seed_commitment",
                                   "markers_before",
                                   "markers_after",
                                   "forensic",
                                   "keys",
                                   "files" };

static int demand_same(const json_t *first, const json_t *other, struct error *err) {
        for (size_t i = 0; i < COUNT(common); i++) {
                const json_t *a = json_object_get(first, common[i]), *b = json_object_get(other, common[i]);

                if (a == b || (a && b && json_equal(a, b)))
                        continue;
                (void) refuse(err, ERR_REFUSED, "S9", "%s y %s no son del mismo acto: difieren en «%s».",
                              "%s and %s are not of the same act: they differ in “%s”.",
                              json_text_or_empty(json_object_get(first, "medium"), "id"),
                              json_text_or_empty(json_object_get(other, "medium"), "id"), common[i]);
                return hint(err, "Emita un certificado para cada uno.", "Issue a certificate for each.");
        }
        return 0;
}

static json_t *statement_of(const json_t *first, size_t n) {
        const json_t *technique = json_object_get(first, "technique");
        bool destroyed = strcmp(json_text_or_empty(first, "kind"), "destruction") == 0;
        _cleanup_free_ char *es = NULL, *en = NULL;

        if (destroyed) {
                es = str_format(
                        "Los %zu soportes relacionados han sido destruidos físicamente por %s, en presencia "
                        "de un supervisor, y se comprobó que la destrucción es completa.",
                        n, json_text_or_empty(technique, "es"));
                en = str_format(
                        "The %zu media listed have been physically destroyed by %s, before a supervisor, and "
                        "the destruction was checked to be complete.",
                        n, json_text_or_empty(technique, "en"));
        } else {
                es = str_format(
                        "Los %zu soportes relacionados han sido saneados en todas sus zonas direccionables "
                        "mediante %s. La verificación de cada uno, leída del propio dispositivo, no encontró "
                        "ninguna diferencia.",
                        n, json_text_or_empty(technique, "es"));
                en = str_format("The %zu media listed have been sanitized in all of their addressable areas by %s. "
                                "The verification of each, read from the device itself, found no difference.",
                                n, json_text_or_empty(technique, "en"));
        }
        return es && en ? json_pack("{s:s, s:s}", "es", es, "en", en) : NULL;
}

/* From the first start to the last end. */
static int take_times(json_t *twin, const json_t *one) {
        const char *started = json_text_or_empty(one, "started"), *finished = json_text_or_empty(one, "finished");
        const char *from = json_text(twin, "started"), *to = json_text(twin, "finished");

        return ((!from || strcmp(started, from) < 0) &&
                json_object_set_new(twin, "started", json_string(started))) ||
                               ((!to || strcmp(finished, to) > 0) &&
                                json_object_set_new(twin, "finished", json_string(finished)))
                       ? ERR_FAILED
                       : 0;
}

static int add_one(json_t *twin, json_t *media, const json_t *one) {
        json_t *part = json_object();

        if (!part || json_array_append_new(media, part))
                return ERR_FAILED;
        for (size_t i = 0; i < COUNT(own); i++) {
                json_t *value = json_object_get(one, own[i]);

                if (value && json_object_set(part, own[i], value))
                        return ERR_FAILED;
        }
        return take_times(twin, one);
}

int certify_combine(const json_t *acts, json_t **ret, struct error *err) {
        const json_t *first = json_array_get(acts, 0), *one;
        json_t *media = json_array();
        _cleanup_json_ json_t *twin = json_object();
        size_t i;
        int r;

        if (json_array_size(acts) == 1) {
                json_decref(media);
                *ret = json_incref((json_t *) (uintptr_t) first);
                return 0;
        }
        if (!twin || json_object_set_new(twin, "media", media))
                return fail_memory(err);
        for (i = 0; i < COUNT(common); i++) {
                json_t *value = json_object_get(first, common[i]);

                if (value && json_object_set_new(twin, common[i], json_deep_copy(value)))
                        return fail_memory(err);
        }
        json_array_foreach(acts, i, one) {
                r = demand_same(first, one, err);
                if (r < 0)
                        return r;
                if (add_one(twin, media, one) < 0)
                        return fail_memory(err);
        }
        if (json_object_set(twin, "source", json_object_get(first, "source")) ||
            json_object_set_new(twin, "statement", statement_of(first, json_array_size(acts))))
                return fail_memory(err);
        if (strcmp(json_text_or_empty(first, "kind"), "destruction") == 0 && json_object_get(first, "forensic") &&
            json_object_set(twin, "forensic", json_object_get(first, "forensic")))
                return fail_memory(err);
        *ret = TAKE_PTR(twin);
        return 0;
}

int certify_media(struct act *act, const json_t *media, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *destruction = NULL, *together = NULL, *list = json_array();
        const char *first = json_string_value(json_array_get(media, 0));
        struct medium medium;
        const json_t *one;
        size_t i;
        int r = medium_load(act->db, first, &medium, err);

        if (r < 0)
                return r;
        if (!list)
                return fail_memory(err);
        if (json_array_size(media) > 1 || medium.state != MEDIUM_DESTROYED) {
                *ret = json_incref((json_t *) (uintptr_t) media);
                return 0;
        }
        r = destruction_find(act, first, &destruction, err);
        if (r == 0)
                r = destruction_together(act, destruction, &together, err);
        if (r < 0)
                return r;
        /* One act of several has one certificate: its one statement was signed about all of them. */
        json_array_foreach(together, i, one) {
                if (json_equal(json_object_get(one, "signature"), json_object_get(destruction, "signature")) &&
                    json_array_append(list, json_object_get(one, "medium")))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(list);
        return 0;
}
