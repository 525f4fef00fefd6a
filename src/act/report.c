#include "act/report.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "print/form.h"

void report_number(const struct act *act, char out[64]) {
        char day[DATE_TEXT];

        date_of(act_now(act), day);
        (void) snprintf(out, 64, "%s-%.4s%.2s%.2s-%06lld", act->site, day, day + 5, day + 8,
                        (long long) ledger_size(act->ledger) + 1);
}

int report_to_json(const json_t *data, const char *path, struct error *err) {
        _cleanup_free_ char *text = NULL;
        int r = json_canonical(data, &text, err);

        return r < 0 ? r : file_write(path, text, strlen(text), 0640, err);
}

static int write_one(struct act *act, const char *forms, const struct report *report, const char *format,
                     const char *path, json_t *files, struct error *err) {
        char digest[SHA256_TEXT];
        int r;

        if (strcmp(format, "pdf") == 0)
                r = form_to_pdf(forms, report->form, report->lang, report->data, path, err);
        else if (strcmp(format, "csv") == 0)
                r = form_to_csv(forms, report->form, report->lang, report->data, path, err);
        else
                r = report_to_json(report->data, path, err);
        if (r == 0)
                r = sha256_file(path, digest, err);
        if (r < 0)
                return r;
        act_say(act, "%s%.0s en %.300s.", "%.0s%s in %.300s.", report->name.es, report->name.en, path);
        return json_array_append_new(files, json_string(digest)) ? fail_memory(err) : 0;
}

int report_write(struct act *act, const json_t *args, const struct report *report, struct error *err) {
        static const char *const formats[] = { "pdf", "csv", "data" };
        _cleanup_free_ char *forms = act_path(act, NULL, "forms");
        _cleanup_json_ json_t *files = json_array(), *record = NULL;
        int r = forms && files ? 0 : fail_memory(err);

        for (size_t i = 0; r == 0 && !act->dry_run && i < COUNT(formats); i++)
                if (json_text(args, formats[i]))
                        r = write_one(act, forms, report, formats[i], json_text(args, formats[i]), files, err);
        if (r < 0 || json_array_size(files) == 0)
                return r;
        record = json_pack("{s:s, s:s, s:O}", "form", report->form, "number", report->number, "files", files);
        if (!record || (report->record && json_object_update(record, (json_t *) (uintptr_t) report->record)))
                return fail_memory(err);
        return act_record_one(act, "report.made", report->number, record, err);
}
