/* A design that an organisation wrote: refused with a reason, or drawn without leaving the label. */
#include <stdlib.h>
#include <string.h>

#include "print/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct label sample(void) {
        return (struct label){
                .classification = CLASS_CONFIDENCIAL,
                .category = CATEGORY_BASICA,
                .kind = KIND_SSD,
                .id = "HQ00000042K",
                .created = "2026-01-15",
                .expires = "2028-01-15",
                .owner = "Carmen Núñez",
                .epc = "3034257BF7194E4000001A85",
                .code = "HQ00000042K",
        };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(label_design_freep) struct label_design *design = NULL;
        _cleanup_(label_stock_freep) struct label_stock *stock = NULL;
        struct label_look look = { .lang = LANG_ES, .dpi = 203, .first = 1 };
        struct error err = { 0 };
        double width, height;
        const char *name;
        char *text;
        int sheet, r;

        text = malloc(size + 1);
        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        /* The same text as a sheet of stickers: refused, or one whose stickers lie on its paper. */
        if (label_stock_parse("fuzz", text, size, &stock, NULL) == 0 &&
            stock->left + stock->columns * (stock->width + stock->gap_x) - stock->gap_x > stock->paper_width + 1)
                abort();
        r = label_design_parse("fuzz", text, size, &design, &err);
        free(text);
        if (r < 0) {
                if (!*err.what[LANG_ES] || !*err.what[LANG_EN])
                        abort();
                return 0;
        }
        label_design_describe(design, LANG_EN, &name, &width, &height, &sheet);
        if (!name || width > 210 || height > 297)
                abort();
        if (width * height <= 3000) { /* drawing large ones only takes longer */
                struct label label = sample();

                (void) labels_write(design, &label, 1, LABEL_PNG, &look, NULL, &err);
                labels_done(&label, 1);
        }
        return 0;
}
