#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "print/description.h"
#include "print/label_parts.h"

enum { ELEMENTS_MAX = 64 };

const struct element_kind *const element_kinds[] = {
        &element_text,   &element_qr,    &element_datamatrix, &element_code128, &element_band,
        &element_letter, &element_frame, &element_box,        &element_image,   NULL
};

void label_design_free(struct label_design *design) {
        if (!design)
                return;
        for (size_t i = 0; i < design->elements_n; i++) {
                free(design->elements[i].section);
                free(design->elements[i].file);
                cairo_surface_destroy(design->elements[i].picture);
                for (int lang = 0; lang < LANGS; lang++)
                        free(design->elements[i].value[lang]);
        }
        free(design->elements);
        free(design->id);
        for (int lang = 0; lang < LANGS; lang++)
                free(design->name[lang]);
        free(design);
}

/* "12" or "12.5", whatever the locale thinks of decimal points. */
int design_number(double *out, const char *value, double most, struct error *err) {
        double number = 0, scale = 1;
        const char *p = value;
        bool fraction = false;

        for (; *p && p - value < 12; p++) {
                if (*p == '.' && !fraction && p > value) {
                        fraction = true;
                        continue;
                }
                if (*p < '0' || *p > '9')
                        break;
                number = number * 10 + (*p - '0');
                scale *= fraction ? 10 : 1;
        }
        if (*p || p == value || number / scale > most)
                return fail(err, ERR_USAGE, "«%s» no es un número de 0 a %d.", "“%s” is no number from 0 to %d.",
                            value, (int) most);
        *out = number / scale;
        return 0;
}

int design_count(int *out, const char *value, int most, struct error *err) {
        double number = 0;
        int r = design_number(&number, value, most, err);

        if (r == 0)
                *out = (int) number;
        return r;
}

int design_string(char **out, const char *value, struct error *err) {
        char *joined = *out ? str_format("%s %s", *out, value) : strdup(value);

        if (!joined)
                return fail_memory(err);
        free(*out);
        *out = joined;
        return 0;
}

static int no_such_key(const char *section, const char *key, struct error *err) {
        return fail(err, ERR_USAGE, "No existe la clave «%s» en [%s].", "There is no key “%s” in [%s].", key,
                    section);
}

static int take_design(struct label_design *design, const char *section, const char *key, const char *value,
                       struct error *err) {
        const struct {
                const char *section, *key;
                double *out;
        } numbers[] = {
                { "label", "width", &design->width }, { "label", "height", &design->height },
                { "sheet", "left", &design->left },   { "sheet", "top", &design->top },
                { "sheet", "gap_x", &design->gap_x }, { "sheet", "gap_y", &design->gap_y },
        };

        for (size_t i = 0; i < COUNT(numbers); i++)
                if (strcmp(section, numbers[i].section) == 0 && strcmp(key, numbers[i].key) == 0)
                        return design_number(numbers[i].out, value, 297, err);
        if (strcmp(section, "sheet") == 0 && strcmp(key, "columns") == 0)
                return design_count(&design->columns, value, 50, err);
        if (strcmp(section, "sheet") == 0 && strcmp(key, "rows") == 0)
                return design_count(&design->rows, value, 50, err);
        if (strcmp(section, "label") == 0 && strcmp(key, "dpi") == 0)
                return design_count(&design->dpi, value, 1200, err);
        if (strcmp(section, "label") == 0 && strcmp(key, "name.es") == 0)
                return design_string(&design->name[LANG_ES], value, err);
        if (strcmp(section, "label") == 0 && strcmp(key, "name.en") == 0)
                return design_string(&design->name[LANG_EN], value, err);
        return no_such_key(section, key, err);
}

static int take_condition(struct label_element *element, const char *word, size_t n, struct error *err) {
        struct condition *when = &element->when[element->when_n];
        bool negated = n > 0 && word[0] == '!';
        char name[sizeof when->field];
        int category, classification;

        if (negated) {
                word++;
                n--;
        }
        if (element->when_n == CONDITIONS_MAX)
                return fail(err, ERR_USAGE, "Son más de %d condiciones.", "That is over %d conditions.",
                            CONDITIONS_MAX);
        (void) snprintf(name, sizeof name, "%.*s", (int) n, word);
        category = term_parse(category_terms, CATEGORIES, name);
        classification = term_parse(classification_terms, CLASSIFICATIONS, name);
        if (n >= sizeof name || (category < 0 && classification < 0 && !label_field_exists(word, n)))
                return fail(err, ERR_USAGE, "«%.*s» no es categoría, clasificación ni campo.",
                            "“%.*s” is no category, classification or field.", (int) n, word);
        *when = (struct condition){ category >= 0         ? WHEN_CATEGORY
                                    : classification >= 0 ? WHEN_CLASSIFICATION
                                                          : WHEN_FIELD,
                                    negated, category >= 0 ? category : classification, "" };
        memcpy(when->field, name, sizeof name);
        element->when_n++;
        return 0;
}

/* "ALTA": from this category on; "CONFIDENCIAL": from this classification on; "epc": when the medium has one;
 * "!ALTA": below it. All of several have to hold. */
static int take_when(struct label_element *element, const char *value, struct error *err) {
        int r = 0;

        for (const char *p = value; r == 0 && *p;) {
                size_t n = strcspn(p, " ");

                if (n > 0)
                        r = take_condition(element, p, n, err);
                p += n + (p[n] == ' ');
        }
        return r;
}

static int take_choice(bool *out, const char *value, const char *no, const char *yes, struct error *err) {
        if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
                return fail(err, ERR_USAGE, "«%s» no es %s ni %s.", "“%s” is neither %s nor %s.", value, no, yes);
        *out = strcmp(value, yes) == 0;
        return 0;
}

static int take_align(struct label_element *element, const char *value, struct error *err) {
        static const char *const words[] = {
                [ALIGN_LEFT] = "left", [ALIGN_CENTRE] = "centre", [ALIGN_RIGHT] = "right"
        };

        for (size_t i = 0; i < COUNT(words); i++)
                if (strcmp(value, words[i]) == 0) {
                        element->align = (enum align) i;
                        return 0;
                }
        return fail(err, ERR_USAGE, "«%s» no es left, centre ni right.", "“%s” is not left, centre or right.",
                    value);
}

static int take_element(struct label_element *element, const char *key, const char *value, struct error *err) {
        const struct {
                const char *key;
                double *out;
        } numbers[] = {
                { "x", &element->box.x },           { "y", &element->box.y },   { "width", &element->box.width },
                { "height", &element->box.height }, { "size", &element->size }, { "least", &element->least },
                { "line", &element->line },
        };

        for (size_t i = 0; i < COUNT(numbers); i++)
                if (strcmp(key, numbers[i].key) == 0)
                        return design_number(numbers[i].out, value, 297, err);
        if (strcmp(key, "value.es") == 0)
                return design_string(&element->value[LANG_ES], value, err);
        if (strcmp(key, "value.en") == 0)
                return design_string(&element->value[LANG_EN], value, err);
        if (strcmp(key, "value") == 0) {
                int r = design_string(&element->value[LANG_ES], value, err);

                return r < 0 ? r : design_string(&element->value[LANG_EN], value, err);
        }
        if (strcmp(key, "lines") == 0)
                return design_count(&element->lines, value, 10, err);
        if (strcmp(key, "when") == 0)
                return take_when(element, value, err);
        if (strcmp(key, "align") == 0)
                return take_align(element, value, err);
        if (strcmp(key, "bold") == 0)
                return take_choice(&element->bold, value, "no", "yes", err);
        if (strcmp(key, "mono") == 0)
                return take_choice(&element->mono_face, value, "no", "yes", err);
        if (strcmp(key, "content") == 0)
                return take_choice(&element->signed_content, value, "id", "signed", err);
        if (strcmp(key, "fill") == 0)
                return take_choice(&element->filled, value, "none", "black", err);
        if (strcmp(key, "file") == 0)
                return design_string(&element->file, value, err);
        return no_such_key(element->section, key, err);
}

static int new_element(struct label_design *design, const char *section, struct label_element **ret,
                       struct error *err) {
        size_t length = strcspn(section, " ");
        struct label_element *grown, *element;

        if (design->elements_n >= ELEMENTS_MAX)
                return fail(err, ERR_USAGE, "El diseño pasa de %d elementos.", "The design has over %d elements.",
                            ELEMENTS_MAX);
        for (size_t i = 0; element_kinds[i]; i++) {
                if (strlen(element_kinds[i]->name) != length ||
                    memcmp(element_kinds[i]->name, section, length) != 0)
                        continue;
                grown = reallocarray(design->elements, design->elements_n + 1, sizeof *grown);
                if (!grown)
                        return fail_memory(err);
                design->elements = grown;
                element = &grown[design->elements_n++];
                *element = (struct label_element){
                        .kind = element_kinds[i], .section = strdup(section), .size = 7, .lines = 1
                };
                *ret = element;
                return element->section ? 0 : fail_memory(err);
        }
        return fail(err, ERR_USAGE, "No existe la clase de elemento «%s».", "There is no kind of element “%s”.",
                    section);
}

static int take(void *context, const char *section, const char *key, const char *value, struct error *err) {
        struct label_design *design = context;
        struct label_element *element = design->elements_n ? &design->elements[design->elements_n - 1] : NULL;
        int r;

        if (strcmp(section, "label") == 0 || strcmp(section, "sheet") == 0)
                return take_design(design, section, key, value, err);
        if (!element || strcmp(element->section, section) != 0) {
                r = new_element(design, section, &element, err);
                if (r < 0)
                        return r;
        }
        return take_element(element, key, value, err);
}

static bool overlap(struct box a, struct box b) {
        return a.x < b.x + b.width - 0.001 && b.x < a.x + a.width - 0.001 && a.y < b.y + b.height - 0.001 &&
               b.y < a.y + a.height - 0.001;
}

static bool is_outline(const struct label_element *element) {
        return element->kind == &element_frame || (element->kind == &element_box && !element->filled);
}

/* Black on white, never on the colour band: nothing may reach into a code's box. */
static int check_code_is_alone(const struct label_design *design, const struct label_element *code,
                               struct error *err) {
        for (size_t i = 0; i < design->elements_n; i++) {
                const struct label_element *other = &design->elements[i];

                if (other != code && !is_outline(other) && overlap(other->box, code->box))
                        return fail(err, ERR_USAGE, "[%s] pisa el código de [%s].",
                                    "[%s] overlaps the code of [%s].", other->section, code->section);
        }
        return 0;
}

static int check_element(const struct label_design *design, const struct label_element *element,
                         struct error *err) {
        const struct box *box = &element->box;

        if (box->width <= 0.2 || box->height <= 0.2 || box->x + box->width > design->width + 0.001 ||
            box->y + box->height > design->height + 0.001)
                return fail(err, ERR_USAGE,
                            "[%s] no cabe: x + width = %.4g, y + height = %.4g, y la etiqueta mide %.4g × %.4g mm.",
                            "[%s] does not fit: x + width = %.4g, y + height = %.4g, and the label measures %.4g × "
                            "%.4g mm.",
                            element->section, box->x + box->width, box->y + box->height, design->width,
                            design->height);
        if (element->kind == &element_text &&
            (!element->value[LANG_ES] || element->lines < 1 || element->size < 3 || element->size > 100))
                return fail(err, ERR_USAGE, "[%s] necesita «value» y un tamaño de 3 a 100 puntos.",
                            "[%s] needs “value” and a size of 3 to 100 points.", element->section);
        for (int lang = 0; lang < LANGS; lang++)
                for (const char *p = element->value[lang]; p && (p = strchr(p, '{')) != NULL; p++)
                        if (!label_field_exists(p + 1, strcspn(p + 1, "}")) || !strchr(p, '}'))
                                return fail(err, ERR_USAGE, "[%s] nombra un campo que no existe: «%.24s».",
                                            "[%s] names a field that does not exist: “%.24s”.", element->section,
                                            p);
        if (element->kind == &element_image && (str_empty(element->file) || !file_name_safe(element->file)))
                return fail(err, ERR_USAGE, "[%s] necesita «file», el nombre de un PNG de la carpeta «labels».",
                            "[%s] needs “file”, the name of a PNG in the folder “labels”.", element->section);
        return element_is_code(element) ? check_code_is_alone(design, element, err) : 0;
}

static int check_design(const struct label_design *design, struct error *err) {
        int r = 0;

        if (design->width < 10 || design->width > 210 || design->height < 5 || design->height > 297)
                return fail(err, ERR_USAGE,
                            "[label] width × height es %.4g × %.4g: una etiqueta mide de 10 × 5 a 210 × 297 mm.",
                            "[label] width × height is %.4g × %.4g: a label measures 10 × 5 to 210 × 297 mm.",
                            design->width, design->height);
        if (str_empty(design->name[LANG_ES]) || design->elements_n == 0)
                return fail(err, ERR_USAGE, "Al diseño le falta «name.es» o un elemento.",
                            "The design lacks “name.es” or an element.");
        if (design->columns * design->rows > 0 &&
            (design->left + design->columns * (design->width + design->gap_x) - design->gap_x > 210.5 ||
             design->top + design->rows * (design->height + design->gap_y) - design->gap_y > 297.5))
                return fail(err, ERR_USAGE, "La hoja [sheet] no cabe en A4.", "The [sheet] does not fit on A4.");
        for (size_t i = 0; r == 0 && i < design->elements_n; i++) {
                r = check_element(design, &design->elements[i], err);
                if (r == ERR_USAGE)
                        r = description_blame(design->elements[i].source, "", err);
        }
        return r;
}

/* The line on which an element's section begins: what is wrong with it as a whole is told by that. */
static int line_of(const char *text, size_t n, const char *section) {
        size_t length = strlen(section);
        int number = 1;

        for (size_t i = 0; i < n; i++) {
                if ((i == 0 || text[i - 1] == '\n') && text[i] == '[' && n - i > length + 1 &&
                    memcmp(text + i + 1, section, length) == 0 && text[i + 1 + length] == ']')
                        return number;
                number += text[i] == '\n';
        }
        return 1;
}

int label_design_parse(const char *id, const char *text, size_t n, struct label_design **ret, struct error *err) {
        _cleanup_(label_design_freep) struct label_design *design = calloc(1, sizeof *design);
        int r;

        if (!design || !(design->id = strdup(id)))
                return fail_memory(err);
        r = description_parse(text, n, take, design, err);
        for (size_t i = 0; i < design->elements_n; i++)
                design->elements[i].source = line_of(text, n, design->elements[i].section);
        if (r == 0)
                r = check_design(design, err);
        if (r == 0)
                *ret = TAKE_PTR(design);
        return r;
}

int label_design_load(const char *labels, const char *id, struct label_design **ret, struct error *err) {
        _cleanup_(label_design_freep) struct label_design *design = NULL;
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n;
        int r = description_find(labels, "labels", id, &path, err);

        if (r == ERR_NOT_FOUND)
                return hint(err, "«label designs» enumera los que hay.", "“label designs” lists those there are.");
        if (r == 0)
                r = file_read(path, DESCRIPTION_MAX, &text, &n, err);
        if (r == 0)
                r = label_design_parse(id, text, n, &design, err);
        for (size_t i = 0; r == 0 && i < design->elements_n; i++)
                if (design->elements[i].kind == &element_image)
                        r = label_image_load(labels, &design->elements[i], err);
        if (r == 0)
                *ret = TAKE_PTR(design);
        if (r == ERR_USAGE && path)
                (void) hint(err, "Corrija «%s» (véase docs/labels.md).", "Mend “%s” (see docs/labels.md).", path);
        return r;
}

void label_design_describe(const struct label_design *design, enum lang lang, const char **ret_name,
                           double *ret_width, double *ret_height, int *ret_on_sheet) {
        *ret_name = design->name[lang] ? design->name[lang] : design->name[LANG_ES];
        *ret_width = design->width;
        *ret_height = design->height;
        *ret_on_sheet = design->columns * design->rows;
}

int label_design_dpi(const struct label_design *design) {
        return design->dpi;
}
