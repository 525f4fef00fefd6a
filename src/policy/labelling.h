/* Labelling (mp.si.1): what a label must show by category (L2), and how it marks the classification (L3). */
#pragma once

#include "policy/terms.h"

/* What a label can show; bits of a set. */
enum label_item {
        LABEL_ID,
        LABEL_CREATED,
        LABEL_OWNER,
        LABEL_CLASSIFICATION,
        LABEL_QR,
        LABEL_EXPIRES,
        LABEL_EPC,
        LABEL_TAMPER,
        LABEL_SIGNATURE,
        LABEL_ITEMS
};
extern const struct term label_item_terms[LABEL_ITEMS];

/* The set that the category demands. */
unsigned labelling_demands(enum category category);

/* "el propietario, el EPC" / "owner, EPC": the items of a set in one language. */
void labelling_list(unsigned items, enum lang lang, char *out, size_t size);

/* Whether a label of this medium may be printed: `known` is the set of items that the medium has, `shown` that of
 * the design shows whole. ERR_REFUSED by L2, naming exactly what is missing where. */
int labelling_judge(const char *id, enum category category, const char *design, unsigned known, unsigned shown,
                    struct error *err);

/* What the legend says of a classification: its colour in words, what it is, examples, what has to be kept. */
struct classification_guide {
        struct text colour, meaning, examples, keep;
};
extern const struct classification_guide classification_guides[CLASSIFICATIONS];

/* How a label gets onto its paper, and how long it is then read: direct thermal print fades by light and warmth. */
enum label_process { PROCESS_THERMAL, PROCESS_TRANSFER, PROCESS_LASER, PROCESS_INKJET, LABEL_PROCESSES };
extern const struct term label_process_terms[LABEL_PROCESSES];
/* Days until it is to be printed anew. */
int labelling_life(enum label_process process);

/* The mark that stands for a classification in black and white: a letter in a shape, and a band's pattern. */
enum mark_shape { SHAPE_CIRCLE, SHAPE_SQUARE, SHAPE_DIAMOND, SHAPE_OCTAGON };
enum mark_pattern { PATTERN_EMPTY, PATTERN_DOTS, PATTERN_STRIPES, PATTERN_SOLID };
struct classification_mark {
        double red, green, blue;
        char letter[2];
        enum mark_shape shape;
        enum mark_pattern pattern;
};
extern const struct classification_mark classification_marks[CLASSIFICATIONS];
