#include "label/label_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "policy/labelling.h"

const struct term label_resolutions[LABEL_RESOLUTIONS] = {
        { "203", { "203 ppp", "203 dpi" } },
        { "300", { "300 ppp", "300 dpi" } },
        { "600", { "600 ppp", "600 dpi" } },
};

void label_job_done(struct label_job *job) {
        if (job->labels)
                labels_done(job->labels, job->n);
        for (size_t i = 0; job->data && i < job->n; i++)
                json_decref(job->data[i]);
        free(job->labels);
        free(job->data);
        free(job->done);
        free(job->prepared);
        label_design_free(job->design);
        label_stock_free(job->stock);
}

/* --- the order -------------------------------------------------------------------------------------------- */

static bool take_mm(const char **text, double *ret) {
        const char *p = *text;
        bool minus = *p == '-', any = false;
        double number = 0, scale = 1;

        p += minus || *p == '+';
        for (bool fraction = false; *p && *p != ','; p++) {
                if (*p == '.' && !fraction) {
                        fraction = true;
                        continue;
                }
                if (*p < '0' || *p > '9' || scale > 1e4)
                        return false;
                number = number * 10 + (*p - '0');
                scale *= fraction ? 10 : 1;
                any = true;
        }
        *ret = (minus ? -number : number) / scale;
        *text = p;
        return any && fabs(*ret) <= 20;
}

int label_offset_parse(const char *text, double *ret_x, double *ret_y, struct error *err) {
        const char *p = text ? text : "0,0";
        double x, y;

        if (!take_mm(&p, &x) || *p++ != ',' || !take_mm(&p, &y) || *p)
                return fail(err, ERR_USAGE, "«%.40s» no es X,Y en milímetros, de -20 a 20: «1.5,-0.5».",
                            "“%.40s” is not X,Y in millimetres, -20 to 20: “1.5,-0.5”.", text);
        *ret_x = x;
        *ret_y = y;
        return 0;
}

static int open_printer(const json_t *args, struct label_job *job, struct error *err) {
        const char *printer = json_text(args, "printer"), *format = json_text(args, "format");
        int r;

        if (!printer && json_array_size(json_object_get(args, "out")) == 0)
                return fail(err, ERR_USAGE, "Falta adónde: --out FICHERO o --printer IMPRESORA.",
                            "Where to is missing: --out FILE or --printer PRINTER.");
        if (!printer)
                return 0;
        r = printer_parse(printer, &job->printer, err);
        if (r < 0)
                return r;
        job->to_printer = true;
        job->seconds = (int) json_int(args, "timeout", PRINTER_SECONDS);
        job->printer_format = format ? (enum label_format) term_parse(label_format_terms, LABEL_FORMATS, format)
                                     : printer_format(&job->printer);
        if (job->printer_format == LABEL_SVG || (job->look.sheet && job->printer_format != LABEL_PDF))
                return fail(err, ERR_USAGE, "A una impresora se envía PDF, PNG o ZPL, y las hojas solo en PDF.",
                            "A printer is sent PDF, PNG or ZPL, and sheets as PDF only.");
        return 0;
}

/* When this print is to be renewed: by how it is printed. */
static void set_life(const struct act *act, const json_t *args, struct label_job *job) {
        const char *process = json_text(args, "process"), *format = json_text(args, "format");
        bool zpl = job->to_printer ? job->printer_format == LABEL_ZPL : format && strcmp(format, "zpl") == 0;
        int which = process ? term_parse(label_process_terms, LABEL_PROCESSES, process)
                            : (int) (zpl ? PROCESS_THERMAL : PROCESS_LASER);

        job->process = label_process_terms[which].code;
        date_of(act_now(act) + labelling_life((enum label_process) which) * DAY, job->renew);
}

int label_job_open(struct act *act, const json_t *args, const char *design, size_t n, struct label_job *job,
                   struct error *err) {
        const char *dpi = json_text(args, "dpi"), *stock = json_text(args, "stock");
        _cleanup_free_ char *folder = act_path(act, NULL, "labels");
        int r;

        if (n > LABELS_MAX)
                return fail(err, ERR_USAGE, "Son más de %d etiquetas.", "That is over %d labels.", LABELS_MAX);
        job->labels = calloc(n + 1, sizeof *job->labels);
        job->data = calloc(n + 1, sizeof *job->data);
        job->done = calloc(n + 1, sizeof *job->done);
        job->prepared = calloc(n + 1, sizeof *job->prepared);
        if (!folder || !job->labels || !job->data || !job->done || !job->prepared)
                return fail_memory(err);
        (void) snprintf(job->design_name, sizeof job->design_name, "%s", design);
        r = label_design_load(folder, design, &job->design, err);
        if (r == 0 && stock)
                r = label_stock_load(folder, stock, &job->stock, err);
        if (r < 0)
                return r;
        job->look = (struct label_look){ .lang = act->lang,
                                         .dpi = dpi                             ? atoi(dpi)
                                                : label_design_dpi(job->design) ? label_design_dpi(job->design)
                                                                                : 203,
                                         .mono = json_flag(args, "mono"),
                                         .sheet = json_flag(args, "sheet") || stock,
                                         .first = (int) json_int(args, "first", 1),
                                         .copies = (int) json_int(args, "copies", 1),
                                         .stock = job->stock };
        r = label_offset_parse(json_text(args, "offset"), &job->look.offset_x, &job->look.offset_y, err);
        if (r == 0)
                r = open_printer(args, job, err);
        if (r == 0)
                set_life(act, args, job);
        return r;
}

int label_job_add(struct label_job *job, const struct label *label, const char *done, bool prepared, json_t *data,
                  struct error *err) {
        if (!data)
                return fail_memory(err);
        job->labels[job->n] = *label;
        job->data[job->n] = data;
        job->done[job->n] = done;
        job->prepared[job->n++] = prepared;
        return 0;
}

/* --- files ------------------------------------------------------------------------------------------------ */

/* The format asked for, else what the file's name ends in, else PDF. */
static enum label_format format_of(const json_t *args, const char *path) {
        const char *asked = json_text(args, "format"), *dot = strrchr(path, '.');
        int format = term_parse(label_format_terms, LABEL_FORMATS, asked ? asked : dot ? dot + 1 : "pdf");

        return format < 0 ? LABEL_PDF : (enum label_format) format;
}

static void remove_files(const json_t *files) {
        const json_t *file;
        size_t i;

        json_array_foreach(files, i, file)(void) unlink(json_string_value(file));
}

static int write_files(const struct act *act, const json_t *args, struct label_job *job, struct error *err) {
        const json_t *files = json_object_get(args, "out"), *file;
        size_t i;
        int r = 0;

        json_array_foreach(files, i, file) {
                const char *path = json_string_value(file);

                if (r == 0)
                        r = labels_write(job->design, job->labels, job->n, format_of(args, path), &job->look,
                                         act->dry_run ? NULL : path, err);
        }
        return r;
}

/* --- what is recorded ------------------------------------------------------------------------------------- */

/* Facts of type(i), for those of which it gives one; adds what all have in common. */
static int record(struct act *act, struct label_job *job, const char *(*type)(const struct label_job *, size_t),
                  const json_t *more, struct error *err) {
        _cleanup_free_ struct fact *facts = calloc(job->n + 1, sizeof *facts);
        size_t n = 0;

        if (!facts)
                return fail_memory(err);
        for (size_t i = 0; i < job->n; i++) {
                if (!type(job, i))
                        continue;
                if (more && json_object_update(job->data[i], (json_t *) (uintptr_t) more) < 0)
                        return fail_memory(err);
                facts[n++] = (struct fact){ type(job, i), job->labels[i].id, job->data[i] };
        }
        return n ? act_record(act, facts, n, err) : 0;
}

static const char *out_now(const struct label_job *job, size_t i) {
        return job->done[i];
}

static const char *to_prepare(const struct label_job *job, size_t i) {
        return strcmp(job->done[i], "label.printed") == 0 && !job->prepared[i] ? "label.prepared" : NULL;
}

/* --- the printer ------------------------------------------------------------------------------------------ */

struct sending {
        struct output out;
        size_t *ends; /* of ZPL: where each label ends */
        struct printed printed;
        struct error err;
        int r;
};

static void sending_done(struct sending *sending) {
        output_done(&sending->out);
        free(sending->ends);
}

/* A label is out when all of it was taken: of ZPL each for itself, of a document all or none. */
static bool is_out(const struct label_job *job, const struct sending *sending, size_t i) {
        size_t end = job->printer_format == LABEL_ZPL ? sending->ends[i] : sending->out.size;

        return sending->r == 0 || (sending->printed.taken > 0 && sending->printed.taken >= end);
}

static int record_unsent(struct act *act, struct label_job *job, const struct sending *sending, size_t i,
                         struct fact *fact, struct error *err) {
        fact->type = "label.unsent";
        fact->subject = job->labels[i].id;
        fact->data = json_pack("{s:I, s:s, s:s, s:s}", "revision", (json_int_t) job->labels[i].revision, "printer",
                               job->printer.text, "cause",
                               sending->err.what[act->lang == LANG_EN ? LANG_EN : LANG_ES], "event", job->done[i]);
        return fact->data ? 0 : fail_memory(err);
}

/* A change that came while it printed has made it void already (L10). */
static bool changed_meanwhile(struct act *act, const struct label_job *job, size_t i) {
        struct medium medium;
        struct label label;
        char digest[65];

        return medium_load(act->db, job->labels[i].id, &medium, NULL) == 0 &&
               label_content(act, &medium, job->labels[i].revision, &label, digest, NULL, NULL) == 0 &&
               strcmp(digest, json_text_or_empty(job->data[i], "content")) != 0;
}

static int record_outcome(struct act *act, struct label_job *job, const struct sending *sending,
                          struct error *err) {
        _cleanup_free_ struct fact *facts = calloc(2 * job->n + 1, sizeof *facts);
        size_t n = 0;
        int r = facts ? 0 : fail_memory(err);

        for (size_t i = 0; r == 0 && i < job->n; i++) {
                json_t *data = job->data[i];

                if (!is_out(job, sending, i)) {
                        r = record_unsent(act, job, sending, i, &facts[n++], err);
                        continue;
                }
                (void) json_object_set_new(data, "printer", json_string(job->printer.text));
                (void) json_object_set_new(data, "job", json_string(sending->printed.job));
                (void) json_object_set_new(data, "job_state", json_string(sending->printed.state));
                facts[n++] = (struct fact){ job->done[i], job->labels[i].id, json_incref(data) };
                if (changed_meanwhile(act, job, i))
                        facts[n++] = (struct fact){ "label.voided", job->labels[i].id,
                                                    json_pack("{s:I, s:s}", "revision",
                                                              (json_int_t) job->labels[i].revision, "reason",
                                                              "changed while it printed") };
        }
        if (r == 0)
                r = act_record(act, facts, n, err);
        for (size_t i = 0; facts && i < n; i++)
                json_decref(facts[i].data);
        return r;
}

static int send_now(struct act *act, const struct label_job *job, struct sending *sending, struct error *err) {
        double width = 0, height = 0;
        const char *name;
        int on_sheet, r;
        struct print_job work = { .data = sending->out.data,
                                  .n = sending->out.size,
                                  .format = job->printer_format,
                                  .title = job->labels[0].id,
                                  .seconds = job->seconds };

        label_design_describe(job->design, act->lang, &name, &width, &height, &on_sheet);
        work.width = job->look.sheet ? 210 : width;
        work.height = job->look.sheet ? 297 : height;
        r = act_pause(act, err);
        if (r < 0)
                return r;
        sending->r = printer_send(&job->printer, &work, &sending->printed, &sending->err);
        return act_resume(act, err);
}

static int unsent_error(const struct label_job *job, const struct sending *sending, struct error *err) {
        size_t out = 0;

        for (size_t i = 0; i < job->n; i++)
                out += is_out(job, sending, i);
        if (err)
                *err = sending->err;
        return hint(
                err,
                "Salieron %zu de %zu; nada se ha perdido: «label reprint» con los que faltan las repite, con el "
                "mismo código.",
                "%zu of %zu are out; nothing is lost: “label reprint” with the others repeats them, with the same "
                "code.",
                out, job->n);
}

static int to_printer(struct act *act, struct label_job *job, struct error *err) {
        _cleanup_(sending_done) struct sending sending = { .ends = calloc(job->n, sizeof(size_t)) };
        _cleanup_json_ json_t *named = json_pack("{s:s}", "printer", job->printer.text);
        int r = sending.ends && named ? labels_render(job->design, job->labels, job->n, job->printer_format,
                                                      &job->look, &sending.out, sending.ends, err)
                                      : fail_memory(err);

        if (r == 0)
                r = record(act, job, to_prepare, named, err);
        if (r < 0 || act->dry_run)
                return r;
        r = send_now(act, job, &sending, err);
        if (r == 0)
                r = record_outcome(act, job, &sending, err);
        if (r == 0 && sending.r < 0)
                return unsent_error(job, &sending, err);
        if (r == 0 && strcmp(sending.printed.state, "queued") == 0)
                act_say(act, "El trabajo %s espera en la cola de %s.", "Job %s waits in the queue of %s.",
                        sending.printed.job, job->printer.text);
        return r;
}

/* The files come first: a label that nobody recorded shows at its scan as unknown, never as valid. What goes to a
 * printer is on record as prepared before, and as printed once the printer has taken it. */
int label_job_deliver(struct act *act, const json_t *args, struct label_job *job, struct error *err) {
        int r = write_files(act, args, job, err);

        if (r == 0)
                r = job->to_printer ? to_printer(act, job, err) : record(act, job, out_now, NULL, err);
        if (r < 0 && !act->dry_run)
                remove_files(json_object_get(args, "out"));
        return r;
}

int label_job_deliver_blank(struct act *act, const json_t *args, struct label_job *job, const struct fact *fact,
                            struct error *err) {
        _cleanup_(sending_done) struct sending sending = { 0 };
        int r = write_files(act, args, job, err);

        if (r == 0 && job->to_printer)
                r = labels_render(job->design, job->labels, job->n, job->printer_format, &job->look, &sending.out,
                                  NULL, err);
        if (r == 0)
                r = act_record(act, fact, 1, err);
        if (r < 0 && !act->dry_run)
                remove_files(json_object_get(args, "out"));
        if (r < 0 || !job->to_printer || act->dry_run)
                return r;
        r = send_now(act, job, &sending, err);
        if (r < 0 || sending.r == 0)
                return r;
        if (err)
                *err = sending.err;
        return hint(
                err,
                "Los códigos de %s a %s quedan reservados; «media preprint --again» los repite y «label void» los "
                "anula.",
                "Codes %s to %s stay reserved; “media preprint --again” repeats them, and “label void” ends them.",
                job->labels[0].id, job->labels[job->n - 1].id);
}
