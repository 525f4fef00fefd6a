#include "sanitize/hidden.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ledger/ledger.h"
#include "sanitize/job.h"

static const char *ways(const struct hidden_opening *how) {
        if (how->dco)
                return how->hpa ? "HPA, DCO" : how->ama ? "AMA, DCO" : "DCO";
        return how->ama ? "AMA" : "HPA";
}

/* What the disk would show: its ways and sizes, from its own words. */
static struct hidden_job foreseen(const struct job *job) {
        const struct device_firmware *f = &job->facts.firmware;
        bool end = f->hidden.native > f->hidden.current;

        return (struct hidden_job){ .shown = job->facts.size,
                                    .whole = job->facts.size + device_hidden_bytes(f),
                                    .how = { .hpa = end && !f->ata.ama,
                                             .ama = end && f->ata.ama,
                                             .dco = f->hidden.configured > f->hidden.native &&
                                                    f->hidden.configured > f->hidden.current } };
}

static int record(struct job *job, const char *type, const struct hidden_job *h, struct error *err) {
        _cleanup_json_ json_t *data = json_pack("{s:s, s:I, s:I, s:b, s:b, s:b, s:s}", "job", job->id,
                                                "shown_bytes", (json_int_t) h->shown, "whole_bytes",
                                                (json_int_t) h->whole, "hpa", h->how.hpa, "ama", h->how.ama, "dco",
                                                h->how.dco, "status", h->how.status);

        return data ? act_record_one(job->act, type, job->medium.id, data, err) : fail_memory(err);
}

static int note_opening(void *context, const struct event *event) {
        struct job *job = context;
        const json_t *data = event->data;

        if (strcmp(event->type, "sanitization.opening") != 0 ||
            strcmp(json_text_or_empty(data, "job"), job->id) != 0)
                return 0;
        job->hidden = (struct hidden_job){ .shown = json_int(data, "shown_bytes", 0),
                                           .whole = json_int(data, "whole_bytes", 0),
                                           .how = { .hpa = json_flag(data, "hpa"),
                                                    .ama = json_flag(data, "ama"),
                                                    .dco = json_flag(data, "dco") } };
        return 0;
}

/* An earlier process of this job has opened it, for good or while the power was on. */
static int take_over(struct job *job, struct error *err) {
        int r = ledger_events(job->act->db, job->medium.id, 0, INT64_MAX, note_opening, job, err);

        job->hidden.opened = r == 0 && job->hidden.whole > 0 && job->facts.size == job->hidden.whole;
        job->hidden.kept = job->hidden.opened && !job->hidden.how.hpa;
        return r;
}

static int open_it(struct job *job, struct error *err) {
        struct error trouble = { 0 };
        int r = act_pause(job->act, err);

        if (r < 0)
                return r;
        r = device_hidden_open(job->fd, &job->facts, &job->hidden.how, err);
        if (watch_lock(job, &trouble) < 0) {
                if (r == 0 && err)
                        *err = trouble;
                return trouble.code;
        }
        return r;
}

int job_hidden_open(struct job *job, struct error *err) {
        int r;

        if (device_hidden_bytes(&job->facts.firmware) == 0)
                return job->medium.whole_size > 0 ? take_over(job, err) : 0;
        if (!sanitize_opens_hidden(job->medium.classification))
                return 0;
        job->hidden = foreseen(job);
        r = record(job, "sanitization.opening", &job->hidden, err);
        if (r == 0)
                r = open_it(job, err);
        if (r < 0)
                return r;
        job->hidden.opened = true;
        job->hidden.kept = !job->hidden.how.hpa;
        job->hidden.whole = job->facts.size;
        act_say(job->act, "%s: abiertos %lld bytes que ocultaba (%s); se borran con el resto.",
                "%s: %lld bytes that it hid (%s) are open; they are wiped with the rest.", job->facts.path,
                (long long) (job->hidden.whole - job->hidden.shown), ways(&job->hidden.how));
        return record(job, "sanitization.opened", &job->hidden, err);
}

void job_hidden_keep(struct job *job) {
        struct error trouble = { 0 };

        if (!job->hidden.opened || job->hidden.kept || !job->hidden.how.hpa)
                return;
        job->hidden.kept = device_hidden_keep(job->fd, &job->facts, &trouble) == 0;
        if (!job->hidden.kept)
                act_say(job->act, "%s: la zona que ocultaba HPA, ya borrada, volverá a ocultarse al apagarlo.",
                        "%s: the area that HPA hid, which is wiped, will be hidden again when it is powered off.",
                        job->facts.path);
}

static int add_line(const struct job *job, json_t *limits, struct error *err) {
        const struct hidden_job *h = &job->hidden;
        long long bytes = h->whole - h->shown;
        _cleanup_free_ char *es = str_format(
                "no queda nada oculto por %s: se abrieron %lld bytes y se trataron como los demás; %s",
                ways(&h->how), bytes, h->kept ? "quedan abiertos" : "se ocultan de nuevo al apagar el disco");
        _cleanup_free_ char *en = str_format(
                "nothing is left hidden by %s: %lld bytes were opened and dealt with like the rest; %s",
                ways(&h->how), bytes,
                h->kept ? "they stay open" : "they are hidden again when the disk is powered off");

        if (!es || !en || json_array_append_new(limits, json_pack("{s:s, s:s}", "es", es, "en", en)) < 0)
                return fail_memory(err);
        return 0;
}

int job_hidden_describe(const struct job *job, json_t *data, struct error *err) {
        const struct hidden_job *h = &job->hidden;
        json_t *hidden = NULL;

        if (!h->opened)
                return 0;
        hidden = json_pack("{s:s, s:I, s:I, s:s, s:s}", "ways", ways(&h->how), "shown_bytes", (json_int_t) h->shown,
                           "whole_bytes", (json_int_t) h->whole, "afterwards", h->kept ? "open" : "until-power-off",
                           "status", h->how.status);
        if (!hidden || json_object_set_new(data, "hidden", hidden) < 0)
                return fail_memory(err);
        return add_line(job, json_object_get(data, "limits"), err);
}
