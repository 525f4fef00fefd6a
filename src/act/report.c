#include "act/report.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "print/form.h"

/* The last attempt draws with the writer's lock held, so that there always is an end. */
enum { FORMATS = 3, ATTEMPTS = 3 };

static const char *const formats[FORMATS] = { "pdf", "csv", "data" };

/* One document on its way. */
struct drawing {
        struct act *act;
        const json_t *args;
        struct report *report;
        int64_t moment;       /* how many events there were */
        char number[64];      /* that it was given */
        bool taken;           /* by a document that was recorded meanwhile */
        char *drawn[FORMATS]; /* files beside those that were asked for */
        json_t *digests;
};

static void drawing_done(struct drawing *d) {
        for (size_t i = 0; i < FORMATS; i++) {
                if (d->drawn[i])
                        (void) unlink(d->drawn[i]);
                free(d->drawn[i]);
        }
        json_decref(d->digests);
}
#define _cleanup_drawing_ _cleanup_(drawing_done)

static void empty(struct report *report) {
        json_decref(report->data);
        json_decref(report->answer);
        json_decref(report->record);
        report->data = report->answer = report->record = NULL;
}

void report_done(struct report *report) {
        empty(report);
}

int report_to_json(const json_t *data, const char *path, struct error *err) {
        _cleanup_free_ char *text = NULL;
        int r = json_canonical(data, &text, err);

        return r < 0 ? r : file_write(path, text, strlen(text), 0640, err);
}

/* --- the moment ------------------------------------------------------------------------------------------------
 */

/* SQLite fixes a snapshot at its first read, which is this one: whoever gives the lock up after it goes on seeing
 * what the number says. */
static int fix_moment(struct act *act, int64_t *ret, struct error *err) {
        db_look(act->db);
        return ledger_end(act->db, ret, err);
}

static void number_of(struct drawing *d, char out[64]) {
        const struct act *act = d->act;
        char day[DATE_TEXT];
        int n;

        date_of(act_now(act), day);
        n = snprintf(out, 64, "%s-%.4s%.2s%.2s-%06lld", act->site, day, day + 5, day + 8,
                     (long long) (act->held ? act->held_seq : d->moment + 1));
        if (act->held && n > 0 && n < 64)
                (void) snprintf(out + n, 64 - (size_t) n, "-%zu", json_array_size(act->held) + 1);
}

static int note_taken(void *context, const struct event *event) {
        bool *taken = context;

        *taken = *taken || strcmp(event->type, "report.made") == 0;
        return *taken;
}

/* Whoever began at the same moment has the same number: who is recorded first keeps it. */
static int look_taken(struct drawing *d, struct error *err) {
        int r = strcmp(d->report->number, d->number) == 0
                        ? ledger_events(d->act->db, d->number, d->moment, 1, note_taken, &d->taken, err)
                        : 0;

        return r < 0 ? r : 0;
}

/* --- files -----------------------------------------------------------------------------------------------------
 */

/* A hidden name beside the one that was asked for, so that the last step is a rename. */
static char *name_beside(const char *path) {
        const char *slash = strrchr(path, '/');
        int folder = slash ? (int) (slash - path) + 1 : 0;

        return str_format("%.*s.mpsi-%ld-%s", folder, path, (long) getpid(), path + folder);
}

static int draw_one(struct drawing *d, const char *forms, size_t format, struct error *err) {
        const struct report *report = d->report;
        char *path = d->drawn[format] = name_beside(json_text(d->args, formats[format]));
        char digest[SHA256_TEXT];
        int r;

        if (!path)
                return fail_memory(err);
        if (strcmp(formats[format], "pdf") == 0)
                r = form_to_pdf(forms, report->form, report->lang, report->data, path, err);
        else if (strcmp(formats[format], "csv") == 0)
                r = form_to_csv(forms, report->form, report->lang, report->data, path, err);
        else
                r = report_to_json(report->data, path, err);
        if (r == 0)
                r = sha256_file(path, digest, err);
        if (r < 0)
                return r;
        return json_array_append_new(d->digests, json_string(digest)) ? fail_memory(err) : 0;
}

static int draw(struct drawing *d, struct error *err) {
        _cleanup_free_ char *forms = act_path(d->act, NULL, "forms");
        int r = forms && d->digests ? 0 : fail_memory(err);

        for (size_t i = 0; r == 0 && !d->act->dry_run && i < FORMATS; i++)
                if (json_text(d->args, formats[i]))
                        r = draw_one(d, forms, i, err);
        return r;
}

static int put_in_place(struct drawing *d, struct error *err) {
        for (size_t i = 0; i < FORMATS; i++) {
                const char *path = json_text(d->args, formats[i]);
                _cleanup_free_ char *copy = NULL;
                int r;

                if (!d->drawn[i])
                        continue;
                copy = strdup(path);
                if (!copy)
                        return fail_memory(err);
                if (rename(d->drawn[i], path) < 0)
                        return fail_errno(err, errno, "No se puede escribir «%s»", "“%s” can't be written", path);
                free(d->drawn[i]);
                d->drawn[i] = NULL;
                r = dir_sync(dirname(copy), err);
                if (r < 0)
                        return r;
                act_say(d->act, "%s%.0s en %.300s.", "%.0s%s in %.300s.", d->report->es, d->report->en, path);
        }
        return 0;
}

/* --- the record ------------------------------------------------------------------------------------------------
 */

int report_record(struct act *act, const char *number, json_t *data, struct error *err) {
        if (!act->held)
                return act_record_one(act, "report.made", number, data, err);
        return json_array_append_new(act->held, json_pack("{s:s, s:O}", "number", number, "data", data))
                       ? fail_memory(err)
                       : 0;
}

/* On record before a file has its name: what leaves is always told of. */
static int record(struct drawing *d, struct error *err) {
        const struct report *report = d->report;
        _cleanup_json_ json_t *data = NULL;

        if (json_array_size(d->digests) == 0)
                return 0;
        data = json_pack("{s:s, s:s, s:O}", "form", report->form, "number", report->number, "files", d->digests);
        if (!data || (report->record && json_object_update(data, report->record)))
                return fail_memory(err);
        return report_record(d->act, report->number, data, err);
}

static int make_once(struct drawing *d, report_reader read, bool away, struct error *err) {
        struct act *act = d->act;
        int r = act->held ? 0 : fix_moment(act, &d->moment, err), resumed = 0;

        if (r == 0 && away)
                r = act_pause(act, err);
        number_of(d, d->number);
        (void) snprintf(d->report->number, sizeof d->report->number, "%s", d->number);
        if (r == 0)
                r = read(act, d->args, d->report, err);
        if (r == 0)
                r = draw(d, err);
        if (!act->held)
                db_look_end(act->db);
        if (away)
                resumed = act_resume(act, r == 0 ? err : NULL);
        if (r == 0)
                r = resumed;
        if (r == 0 && away)
                r = look_taken(d, err);
        if (r == 0 && !d->taken)
                r = record(d, err);
        return r < 0 || d->taken ? r : put_in_place(d, err);
}

int report_make(struct act *act, const json_t *args, report_reader read, struct report *report, struct error *err) {
        for (int attempt = 1;; attempt++) {
                _cleanup_drawing_ struct drawing d = {
                        .act = act, .args = args, .report = report, .digests = json_array()
                };
                int r = make_once(&d, read, !act->held && attempt < ATTEMPTS, err);

                if (r < 0 || !d.taken)
                        return r;
                empty(report);
        }
}

/* --- many at once ----------------------------------------------------------------------------------------------
 */

int report_hold(struct act *act, int64_t seq, struct error *err) {
        int64_t moment;
        int r = fix_moment(act, &moment, err);

        if (r < 0)
                return r;
        act->held_seq = seq;
        act->held = json_array();
        return act->held ? act_pause(act, err) : fail_memory(err);
}

static int record_held(struct act *act, const json_t *held, struct error *err) {
        size_t n = json_array_size(held);
        _cleanup_free_ struct fact *facts = calloc(n + 1, sizeof *facts);

        if (!facts)
                return fail_memory(err);
        for (size_t i = 0; i < n; i++) {
                const json_t *one = json_array_get(held, i);

                facts[i] = (struct fact){ "report.made", json_text(one, "number"), json_object_get(one, "data") };
        }
        return n > 0 ? act_record(act, facts, n, err) : 0;
}

int report_release(struct act *act, int result, struct error *err) {
        _cleanup_json_ json_t *held = act->held;
        int r;

        if (!held)
                return result;
        act->held = NULL;
        db_look_end(act->db);
        r = act_resume(act, result == 0 ? err : NULL);
        if (result < 0 || r < 0)
                return result < 0 ? result : r;
        return record_held(act, held, err);
}
