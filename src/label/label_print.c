/* `label print`: judged, signed, drawn, read back, put out, recorded. `label reprint`: the same label once more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "label/label_job.h"
#include "label/label_text.h"
#include "label/verbs.h"
#include "policy/rule.h"

/* The code: ID and signature by the station; the ID alone where no key is at hand. */
static int put_code(struct act *act, struct label *label, const char *digest, struct error *err) {
        struct label_text text = {
                .classification = label->classification,
                .category = label->category,
                .revision = label->revision,
        };

        if (!act->station_key) {
                label->key_mark[0] = '\0';
                memcpy(label->code, label->id, sizeof label->id);
                return 0;
        }
        memcpy(text.id, label->id, sizeof text.id);
        memcpy(text.expires, label->expires, sizeof text.expires);
        (void) hex_decode((char[]){ digest[0], digest[1], digest[2], digest[3], '\0' }, text.check,
                          sizeof text.check);
        return label_text_make(&text, act->station_key, label->code, err);
}

static int load_labelled(struct act *act, const char *id, struct medium *ret, struct label_row *ret_row,
                         struct error *err) {
        int r = medium_load(act->db, id, ret, err);

        if (r == 0)
                r = label_row_load(act->db, id, ret_row, err);
        if (r == 0 && (ret->state == MEDIUM_DESTROYED || ret->state == MEDIUM_RETIRED))
                r = fail(err, ERR_CONFLICT, "%s está %s%.0s: ya no lleva etiqueta.",
                         "%s is %.0s%s: it takes no label.", id, medium_state_terms[ret->state].name.es,
                         medium_state_terms[ret->state].name.en);
        return r;
}

static json_t *label_data(const struct label_job *job, const struct label *label, const char *digest) {
        return json_pack("{s:I, s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "revision", (json_int_t) label->revision,
                         "content", digest, "design", job->design_name, "classification",
                         classification_terms[label->classification].code, "code", label->code, "copies",
                         job->look.copies, "process", job->process, "renew", job->renew);
}

static int prepare_one(struct act *act, const char *id, struct label_job *job, struct error *err) {
        struct label_row row;
        struct medium medium;
        struct label label;
        char digest[65];
        int64_t revision;
        int r = load_labelled(act, id, &medium, &row, err);

        if (r < 0)
                return r;
        revision = (row.revision > medium.label_revision ? row.revision : medium.label_revision) + 1;
        r = label_content(act, &medium, revision, &label, digest, NULL, err);
        if (r == 0)
                r = labelling_judge(id, label.category, job->design_name,
                                    label_known(&label) | 1U << LABEL_QR |
                                            (act->station_key ? 1U << LABEL_SIGNATURE : 0),
                                    ~0U, err);
        if (r == 0)
                r = put_code(act, &label, digest, err);
        return r < 0 ? r : label_job_add(job, &label, "label.printed", false, label_data(job, &label, digest), err);
}

/* L10: only what the registry would print today is printed again, with the code that is on record. */
static int prepare_again(struct act *act, const char *id, const char *reason, struct label_job *job,
                         struct error *err) {
        struct label_row row;
        struct medium medium;
        struct label label;
        char digest[65];
        bool prepared;
        json_t *data;
        int r = load_labelled(act, id, &medium, &row, err);

        if (r < 0)
                return r;
        prepared = row.there && row.state == LABEL_PREPARED;
        if (!row.there || row.state == LABEL_VOIDED || (!prepared && strcmp(medium.label_state, "valid") != 0)) {
                (void) refuse(err, ERR_REFUSED, "L10", "%s no tiene ninguna etiqueta que repetir.",
                              "%s has no label to repeat.", id);
                return ERR_REFUSED;
        }
        r = label_content(act, &medium, row.revision, &label, digest, NULL, err);
        if (r == 0 && strcmp(digest, row.content) != 0)
                r = refuse(err, ERR_REFUSED, "L10", "Lo que dice la revisión %lld de %s ya no es lo que consta.",
                           "What revision %lld of %s says is no longer what is registered.",
                           (long long) row.revision, id);
        if (r < 0)
                return r;
        if (!row.is_signed)
                label.key_mark[0] = '\0';
        memcpy(label.code, row.code, sizeof label.code);
        data = label_data(job, &label, digest);
        if (data && reason)
                (void) json_object_set_new(data, "reason", json_string(reason));
        return label_job_add(job, &label, prepared ? "label.printed" : "label.reprinted", prepared, data, err);
}

static bool repeated(const struct label_job *job, const char *id) {
        for (size_t i = 0; i < job->n; i++)
                if (strcmp(job->labels[i].id, id) == 0)
                        return true;
        return false;
}

static int answer(const struct label_job *job, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array(), *files = json_incref(json_object_get(args, "out"));

        if (!files)
                files = json_array();
        for (size_t i = 0; i < job->n; i++) {
                const struct label *label = &job->labels[i];

                if (json_array_append_new(
                            rows, json_pack("{s:s, s:I, s:s, s:s, s:s, s:i, s:s, s:s, s:s}", "medium", label->id,
                                            "revision", (json_int_t) label->revision, "classification",
                                            classification_terms[label->classification].code, "code", label->code,
                                            "content", json_text_or_empty(job->data[i], "content"), "copies",
                                            job->look.copies, "renew", job->renew, "job",
                                            json_text_or_empty(job->data[i], "job"), "job_state",
                                            json_text_or_empty(job->data[i], "job_state"))) < 0)
                        return fail_memory(err);
        }
        *ret = json_pack("{s:O, s:O}", "rows", rows, "files", files);
        return *ret ? 0 : fail_memory(err);
}

static void say_where(struct act *act, const json_t *args, const struct label_job *job, struct text after) {
        const json_t *files = json_object_get(args, "out");
        const char *file = json_string_value(json_array_get(files, 0));

        act_say(act, "%zu etiqueta(s) en %s%s; %s%.0s", "%zu label(s) in %s%s; %.0s%s",
                job->n * (size_t) job->look.copies, job->to_printer ? job->printer.text : file,
                json_array_size(files) > (size_t) !job->to_printer ? ", …" : "", after.es, after.en);
}

int label_run_print(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(label_job_done) struct label_job job = { 0 };
        const json_t *media = json_object_get(args, "medium"), *id;
        const char *design = json_text(args, "design") ? json_text(args, "design") : "standard";
        size_t i;
        int r = label_job_open(act, args, design, json_array_size(media), &job, err);

        json_array_foreach(media, i, id) {
                if (r == 0 && !repeated(&job, json_string_value(id)))
                        r = prepare_one(act, json_string_value(id), &job, err);
        }
        if (r == 0)
                r = label_job_deliver(act, args, &job, err);
        if (r < 0)
                return r;
        if (!act->dry_run)
                say_where(act, args, &job,
                          (struct text){ "las anteriores de esos soportes quedan anuladas.",
                                         "the earlier ones of these media are void." });
        return answer(&job, args, ret, err);
}

/* The design of the label that is repeated, unless another is asked for. */
static int design_of(struct act *act, const json_t *args, char ret[40], struct error *err) {
        const char *design = json_text(args, "design"),
                   *id = json_string_value(json_array_get(json_object_get(args, "medium"), 0));
        struct label_row row;
        int r = label_row_load(act->db, id, &row, err);

        if (r == 0)
                (void) snprintf(ret, 40, "%s", design ? design : row.there ? row.design : "standard");
        return r;
}

int label_run_reprint(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(label_job_done) struct label_job job = { 0 };
        const json_t *media = json_object_get(args, "medium"), *id;
        char design[40];
        size_t i;
        int r = design_of(act, args, design, err);

        if (r == 0)
                r = label_job_open(act, args, design, json_array_size(media), &job, err);
        json_array_foreach(media, i, id) {
                if (r == 0 && !repeated(&job, json_string_value(id)))
                        r = prepare_again(act, json_string_value(id), json_text(args, "reason"), &job, err);
        }
        if (r == 0)
                r = label_job_deliver(act, args, &job, err);
        if (r < 0)
                return r;
        if (!act->dry_run)
                say_where(act, args, &job,
                          (struct text){ "la revisión y el código son los mismos.",
                                         "revision and code are the same." });
        return answer(&job, args, ret, err);
}
