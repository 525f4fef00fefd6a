/* Population and sample: what is looked at is not the auditor's choice, and anybody can draw it again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "certify/certify.h"
#include "programme/internal.h"
#include "transport/transport.h"

enum { POPULATION_MAX_BYTES = 256 << 20 };

struct gathering {
        enum audit_kind kind;
        enum category category;
        json_t *list;
        struct error *err;
};

/* Whether a medium of the category belongs to what this audit is about. */
static bool concerns(enum audit_kind kind, const struct medium *medium) {
        bool here = medium_is_here(medium->state);

        switch (kind) {
        case AUDIT_INVENTORY: return here;
        case AUDIT_LABELLING: return here || medium->state == MEDIUM_ON_LOAN;
        case AUDIT_ENCRYPTION:
                return (medium->state == MEDIUM_IN_CUSTODY || medium->state == MEDIUM_ON_LOAN) &&
                       medium->kind != KIND_PAPER && medium->kind != KIND_OPTICAL;
        default: return false;
        }
}

static int gather_medium(void *context, const struct medium *medium) {
        const struct gathering *g = context;

        if (medium->category != g->category || !concerns(g->kind, medium))
                return 0;
        return json_array_append_new(g->list, json_string(medium->id)) ? fail_memory(g->err) : 0;
}

/* Of shipments and destructions those that had a medium of the category. */
static int gather_cases(struct act *act, const struct gathering *g, const json_t *cases) {
        const json_t *one, *medium;
        size_t i, k;

        json_array_foreach(cases, i, one) {
                json_array_foreach(json_object_get(one, "media"), k, medium) {
                        struct medium m;
                        int r = medium_load(act->db, json_string_value(medium), &m, g->err);

                        if (r < 0)
                                return r;
                        if (m.category != g->category)
                                continue;
                        if (json_array_append(g->list, json_object_get(one, "subject")))
                                return fail_memory(g->err);
                        break;
                }
        }
        return 0;
}

static int by_bytes(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* In the order of their bytes, as `LC_ALL=C sort` has it. */
static int sorted(const json_t *list, json_t **ret, struct error *err) {
        size_t n = json_array_size(list);
        _cleanup_free_ const char **texts = calloc(n + 1, sizeof *texts);
        _cleanup_json_ json_t *made = json_array();

        if (!texts || !made)
                return fail_memory(err);
        for (size_t i = 0; i < n; i++)
                texts[i] = json_string_value(json_array_get(list, i));
        qsort(texts, n, sizeof *texts, by_bytes);
        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(made, json_string(texts[i])))
                        return fail_memory(err);
        *ret = TAKE_PTR(made);
        return 0;
}

int audit_population(struct act *act, enum audit_kind kind, enum category category, const char *area, int64_t from,
                     json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array(), *cases = NULL;
        struct gathering g = { kind, category, list, err };
        int r;

        if (!list)
                return fail_memory(err);
        if (kind == AUDIT_TRANSPORT)
                r = transport_dispatched(act->db, from, act_now(act), &cases, err);
        else if (kind == AUDIT_DESTRUCTION)
                r = certify_destroyed(act->db, from, act_now(act), &cases, err);
        else
                r = medium_each_in(act->db, area, gather_medium, &g, err);
        if (r == 0)
                r = gather_cases(act, &g, cases);
        return r < 0 ? r : sorted(list, ret, err);
}

int audit_population_text(const json_t *population, char **ret, struct error *err) {
        _cleanup_free_ char *text = NULL;
        const json_t *one;
        size_t n = 0, i;
        FILE *out = open_memstream(&text, &n);

        if (!out)
                return fail_memory(err);
        json_array_foreach(population, i, one) {
                (void) fprintf(out, "%s\n", json_string_value(one));
        }
        if (fclose(out) != 0)
                return fail_memory(err);
        *ret = TAKE_PTR(text);
        return 0;
}

struct ranked {
        char rank[SHA256_TEXT];
        const char *subject;
};

static int by_rank(const void *a, const void *b) {
        return strcmp(((const struct ranked *) a)->rank, ((const struct ranked *) b)->rank);
}

int audit_draw(const char *seed, const json_t *population, int64_t n, json_t **ret, struct error *err) {
        size_t all = json_array_size(population);
        _cleanup_free_ struct ranked *ranked = calloc(all + 1, sizeof *ranked);
        _cleanup_json_ json_t *drawn = json_array();

        if (!ranked || !drawn)
                return fail_memory(err);
        for (size_t i = 0; i < all; i++) {
                char text[256];

                ranked[i].subject = json_string_value(json_array_get(population, i));
                (void) snprintf(text, sizeof text, "%s:%s", seed, ranked[i].subject);
                if (sha256_text(text, strlen(text), ranked[i].rank) < 0)
                        return fail_memory(err);
        }
        qsort(ranked, all, sizeof *ranked, by_rank);
        for (size_t i = 0; i < all && (int64_t) i < n; i++)
                if (json_array_append_new(drawn, json_string(ranked[i].subject)))
                        return fail_memory(err);
        *ret = TAKE_PTR(drawn);
        return 0;
}

/* --- what is kept --------------------------------------------------------------------------------------------- */

static int read_population(struct act *act, const json_t *audit, char **ret, size_t *ret_n, struct error *err) {
        _cleanup_free_ char *path = act_path(act, "attachments", json_text_or_empty(audit, "digest")), *text = NULL;
        char digest[SHA256_TEXT];
        size_t n;
        int r = path ? file_read(path, POPULATION_MAX_BYTES, &text, &n, err) : fail_memory(err);

        if (r < 0)
                return r;
        if (sha256_text(text, n, digest) < 0)
                return fail_memory(err);
        if (strcmp(digest, json_text_or_empty(audit, "digest")) != 0)
                return refuse(err, ERR_VERIFY, "A1", "La población guardada de %s no es la de su resumen.",
                              "The kept population of %s is not its digest's.", json_text_or_empty(audit, "audit"));
        *ret = TAKE_PTR(text);
        *ret_n = n;
        return 0;
}

int audit_export_population(struct act *act, const json_t *audit, const char *path, struct error *err) {
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r = read_population(act, audit, &text, &n, err);

        return r < 0 ? r : file_write(path, text, n, 0640, err);
}

int audit_redraw(struct act *act, const json_t *audit, const json_t *items, bool *ret_same, struct error *err) {
        _cleanup_json_ json_t *population = json_array(), *drawn = NULL;
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        size_t n;
        int r = read_population(act, audit, &text, &n, err);

        if (r < 0)
                return r;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                if (json_array_append_new(population, json_string(line)))
                        return fail_memory(err);
        r = audit_draw(json_text_or_empty(audit, "seed"), population, json_int(audit, "sample", 0), &drawn, err);
        if (r < 0)
                return r;
        *ret_same = (int64_t) json_array_size(drawn) == json_int(audit, "sample", 0) &&
                    (int64_t) json_array_size(population) == json_int(audit, "population", 0);
        for (size_t i = 0; *ret_same && i < json_array_size(drawn); i++)
                *ret_same = strcmp(json_string_value(json_array_get(drawn, i)),
                                   json_text_or_empty(json_array_get(items, i), "subject")) == 0;
        return 0;
}
