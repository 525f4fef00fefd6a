/* `label legend`, `label sheets`, `label calibrate`. */
#include <string.h>

#include "base/cleanup.h"
#include "label/label_job.h"
#include "label/verbs.h"

static int save(const struct act *act, const json_t *args, const struct output *out, json_t **ret,
                struct error *err) {
        const char *path = json_text(args, "out");
        int r = output_save(out, act->dry_run ? NULL : path, err);

        if (r < 0)
                return r;
        *ret = json_pack("{s:s}", "file", path);
        return *ret ? 0 : fail_memory(err);
}

int label_run_legend(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(output_done) struct output out = { 0 };
        int r = label_legend(act->lang, act->organisation, &out, err);

        return r < 0 ? r : save(act, args, &out, ret, err);
}

int label_run_calibrate(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(label_stock_freep) struct label_stock *stock = NULL;
        _cleanup_free_ char *folder = act_path(act, NULL, "labels");
        _cleanup_(output_done) struct output out = { 0 };
        struct label_look look = { .lang = act->lang };
        int r = folder ? label_stock_load(folder, json_text(args, "stock"), &stock, err) : fail_memory(err);

        if (r == 0)
                r = label_offset_parse(json_text(args, "offset"), &look.offset_x, &look.offset_y, err);
        if (r == 0)
                r = label_calibration(stock, &look, &out, err);
        if (r < 0)
                return r;
        act_say(act,
                "Imprímala al 100 %% y póngala a contraluz sobre una hoja de pegatinas: lo que el borde se desvía "
                "a la "
                "derecha y abajo es --offset, con signo contrario.",
                "Print it at 100 %% and hold it on a sheet of stickers against the light: what the edge is off to "
                "the "
                "right and down is --offset, with the opposite sign.");
        return save(act, args, &out, ret, err);
}

int label_run_sheets(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_free_ char *folder = act_path(act, NULL, "labels");
        _cleanup_json_ json_t *rows = json_array();
        char **names = NULL;
        int r = folder ? label_stock_list(folder, &names, err) : fail_memory(err);

        (void) args;
        for (size_t i = 0; r == 0 && names[i]; i++) {
                _cleanup_(label_stock_freep) struct label_stock *stock = NULL;

                r = label_stock_load(folder, names[i], &stock, err);
                if (r == 0 &&
                    json_array_append_new(
                            rows, json_pack("{s:s, s:s, s:i, s:i, s:i}", "stock", names[i], "name",
                                            stock->name[act->lang] ? stock->name[act->lang] : stock->name[LANG_ES],
                                            "width_tenths_mm", (int) (stock->width * 10 + 0.5), "height_tenths_mm",
                                            (int) (stock->height * 10 + 0.5), "on_sheet",
                                            stock->columns * stock->rows)) < 0)
                        r = fail_memory(err);
        }
        label_names_free(names);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}
