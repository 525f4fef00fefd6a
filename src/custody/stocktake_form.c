/* `report stocktake`: the record of a stocktake as a form and its data (U6). */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "base/str.h"
#include "custody/stocktake.h"
#include "registry/person.h"

/* The rows with their results in words. */
static json_t *printed_items(const json_t *rows) {
        static const struct text missing = { "SIN LOCALIZAR", "NOT LOCATED" };
        json_t *list = json_array();
        const json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                json_t *item = json_copy((json_t *) (uintptr_t) row);
                int result = term_parse(scan_result_terms, SCAN_RESULTS, json_text_or_empty(row, "result"));
                const struct text word = result < 0 ? missing : scan_result_terms[result].name;

                (void) json_object_set_new(item, "result", json_pack("{s:s, s:s}", "es", word.es, "en", word.en));
                (void) json_array_append_new(list, item);
        }
        return list;
}

static json_t *signature_box(struct act *act, const json_t *stocktake) {
        const json_t *signatures = json_object_get(stocktake, "signatures"), *one = json_array_get(signatures, 0);
        json_t *box = json_object();
        json_t *name = person_printed(act->db, json_text(one, "person"));

        if (!one || !name)
                return box;
        (void) json_object_set_new(box, "name", name);
        (void) json_object_set(box, "date", json_object_get(one, "time"));
        if (custody_signed(signatures, "finish"))
                (void) json_object_set_new(box, "note",
                                           json_pack("{s:s, s:s}", "es", "Firma ECDSA válida en el libro", "en",
                                                     "Valid ECDSA signature in the ledger"));
        else if (json_text(one, "paper"))
                (void) json_object_set(box, "note", json_object_get(one, "paper"));
        return box;
}

static int form_data(struct act *act, const json_t *stocktake, const json_t *rows, json_t **ret,
                     struct error *err) {
        json_t *data = json_copy((json_t *) (uintptr_t) stocktake), *more;

        more = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:{s:o}, s:o*, s:o*}", "number",
                         json_text(stocktake, "stocktake"), "organisation", act->organisation, "site", act->site,
                         "station", act->station, "issued", (json_int_t) act_now(act), "issued_by",
                         person_printed(act->db, act->person), "items", printed_items(rows), "signatures",
                         "custodian", signature_box(act, stocktake), "started_by",
                         person_printed(act->db, json_text(stocktake, "started_by")), "finished_by",
                         person_printed(act->db, json_text(stocktake, "finished_by")));
        if (!data || !more || json_object_update_new(data, more)) {
                json_decref(data);
                return fail_memory(err);
        }
        *ret = data;
        return 0;
}

static int read_stocktake(struct act *act, const json_t *args, struct report *report, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        int r = stocktake_load(act, json_text(args, "stocktake"), &report->answer, err);

        if (r == 0 && strcmp(json_text_or_empty(report->answer, "state"), "finished") != 0)
                r = refuse(err, ERR_CONFLICT, "U6", "El recuento %s sigue abierto.", "Stocktake %s is still open.",
                           json_text(report->answer, "stocktake"));
        if (r == 0)
                r = stocktake_items(act, json_text(report->answer, "stocktake"), rows, err);
        if (r == 0)
                r = form_data(act, report->answer, rows, &report->data, err);
        if (r < 0)
                return r;
        (void) snprintf(report->number, sizeof report->number, "%s", json_text_or_empty(report->data, "number"));
        (void) snprintf(report->es, sizeof report->es, "Acta del recuento %.16s", report->number);
        (void) snprintf(report->en, sizeof report->en, "Record of stocktake %.16s", report->number);
        return json_object_set(report->answer, "rows", rows) ? fail_memory(err) : 0;
}

int stocktake_run_report(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_report_ struct report report = { .form = "stocktake", .lang = act->lang };
        int r = report_make(act, args, read_stocktake, &report, err);

        if (r == 0)
                *ret = TAKE_PTR(report.answer);
        return r;
}
