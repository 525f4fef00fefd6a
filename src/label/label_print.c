/* `label print`: judged, signed, drawn, read back, written, recorded. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "label/label_text.h"
#include "label/verbs.h"

enum { LABELS_MAX = 20000 };

struct job {
        struct label *labels;
        struct fact *facts;
        size_t n;
        struct label_design *design;
        struct label_look look;
};

static void job_done(struct job *job) {
        if (job->labels)
                labels_done(job->labels, job->n);
        for (size_t i = 0; job->facts && i < job->n; i++)
                json_decref(job->facts[i].data);
        free(job->labels);
        free(job->facts);
        label_design_free(job->design);
}

/* The format asked for, else what the file's name ends in, else PDF. */
static enum label_format format_of(const json_t *args, const char *path) {
        const char *asked = json_text(args, "format"), *dot = strrchr(path, '.');
        int format = term_parse(label_format_terms, LABEL_FORMATS, asked ? asked : dot ? dot + 1 : "pdf");

        return format < 0 ? LABEL_PDF : (enum label_format) format;
}

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

static int prepare_one(struct act *act, const char *id, const char *design, struct label *label, struct fact *fact,
                       struct error *err) {
        struct medium medium;
        char digest[65];
        int r = medium_load(act->db, id, &medium, err);

        if (r < 0)
                return r;
        if (medium.state == MEDIUM_DESTROYED || medium.state == MEDIUM_RETIRED)
                return fail(err, ERR_CONFLICT, "%s está %s%.0s: ya no lleva etiqueta.",
                            "%s is %.0s%s: it takes no label.", id, medium_state_terms[medium.state].name.es,
                            medium_state_terms[medium.state].name.en);
        r = label_content(act, &medium, medium.label_revision + 1, label, digest, NULL, err);
        if (r == 0)
                r = labelling_judge(id, label->category, design,
                                    label_known(label) | 1U << LABEL_QR |
                                            (act->station_key ? 1U << LABEL_SIGNATURE : 0),
                                    ~0U, err);
        if (r == 0)
                r = put_code(act, label, digest, err);
        if (r < 0)
                return r;
        *fact = (struct fact){ .type = "label.printed", .subject = label->id };
        fact->data = json_pack("{s:I, s:s, s:s, s:s, s:s}", "revision", (json_int_t) label->revision, "content",
                               digest, "design", design, "classification",
                               classification_terms[label->classification].code, "code", label->code);
        return fact->data ? 0 : fail_memory(err);
}

static bool repeated(const struct job *job, const char *id) {
        for (size_t i = 0; i < job->n; i++)
                if (strcmp(job->labels[i].id, id) == 0)
                        return true;
        return false;
}

static int prepare_all(struct act *act, const json_t *args, struct job *job, struct error *err) {
        const json_t *media = json_object_get(args, "medium"), *id;
        const char *design = json_text(args, "design") ? json_text(args, "design") : "standard";
        _cleanup_free_ char *folder = act_path(act, NULL, "labels");
        size_t i, n = json_array_size(media);
        int r;

        if (n > LABELS_MAX)
                return fail(err, ERR_USAGE, "Son más de %d etiquetas.", "That is over %d labels.", LABELS_MAX);
        job->labels = calloc(n + 1, sizeof *job->labels);
        job->facts = calloc(n + 1, sizeof *job->facts);
        if (!folder || !job->labels || !job->facts)
                return fail_memory(err);
        r = label_design_load(folder, design, &job->design, err);
        json_array_foreach(media, i, id) {
                if (r == 0 && !repeated(job, json_string_value(id))) {
                        r = prepare_one(act, json_string_value(id), design, &job->labels[job->n],
                                        &job->facts[job->n], err);
                        job->n += r == 0;
                }
        }
        return r;
}

static int answer(const struct job *job, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();

        for (size_t i = 0; i < job->n; i++) {
                const struct label *label = &job->labels[i];

                if (json_array_append_new(
                            rows, json_pack("{s:s, s:I, s:s, s:s, s:s}", "medium", label->id, "revision",
                                            (json_int_t) label->revision, "classification",
                                            classification_terms[label->classification].code, "code", label->code,
                                            "content", json_text_or_empty(job->facts[i].data, "content"))) < 0)
                        return fail_memory(err);
        }
        *ret = json_pack("{s:O, s:O}", "rows", rows, "files", json_object_get(args, "out"));
        return *ret ? 0 : fail_memory(err);
}

static void remove_files(const json_t *files) {
        const json_t *file;
        size_t i;

        json_array_foreach(files, i, file)(void) unlink(json_string_value(file));
}

/* The files come first: a label that nobody recorded shows at its scan as unknown, never as valid. */
static int write_and_record(struct act *act, const json_t *args, struct job *job, struct error *err) {
        const json_t *files = json_object_get(args, "out"), *file;
        size_t i;
        int r = 0;

        json_array_foreach(files, i, file) {
                const char *path = json_string_value(file);

                if (r == 0)
                        r = labels_write(job->design, job->labels, job->n, format_of(args, path), &job->look,
                                         act->dry_run ? NULL : path, err);
        }
        if (r == 0)
                r = act_record(act, job->facts, job->n, err);
        if (r < 0 && !act->dry_run)
                remove_files(files);
        return r;
}

int label_run_print(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(job_done) struct job job = { 0 };
        const char *dpi = json_text(args, "dpi");
        int r = prepare_all(act, args, &job, err);

        if (r < 0)
                return r;
        job.look = (struct label_look){ .lang = act->lang,
                                        .dpi = dpi ? atoi(dpi) : 203,
                                        .mono = json_flag(args, "mono"),
                                        .sheet = json_flag(args, "sheet"),
                                        .first = (int) json_int(args, "first", 1) };
        r = write_and_record(act, args, &job, err);
        if (r < 0)
                return r;
        if (!act->dry_run)
                act_say(act, "%zu etiqueta(s) en %s%s; las anteriores de esos soportes quedan anuladas.",
                        "%zu label(s) in %s%s; the earlier ones of these media are void.", job.n,
                        json_string_value(json_array_get(json_object_get(args, "out"), 0)),
                        json_array_size(json_object_get(args, "out")) > 1 ? ", …" : "");
        return answer(&job, args, ret, err);
}
