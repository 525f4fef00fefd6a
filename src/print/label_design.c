#include <dirent.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "print/description.h"
#include "print/label_parts.h"

enum { ELEMENTS_MAX = 64, DESIGNS_MAX = 256 };

const struct element_kind *const element_kinds[] = { &element_text,   &element_qr,    &element_band,
                                                     &element_letter, &element_frame, NULL };

void label_design_free(struct label_design *design) {
        if (!design)
                return;
        for (size_t i = 0; i < design->elements_n; i++) {
                free(design->elements[i].section);
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
static int take_number(double *out, const char *value, double most, struct error *err) {
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

static int take_count(int *out, const char *value, int most, struct error *err) {
        double number = 0;
        int r = take_number(&number, value, most, err);

        if (r == 0)
                *out = (int) number;
        return r;
}

static int take_string(char **out, const char *value, struct error *err) {
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
                        return take_number(numbers[i].out, value, 297, err);
        if (strcmp(section, "sheet") == 0 && strcmp(key, "columns") == 0)
                return take_count(&design->columns, value, 50, err);
        if (strcmp(section, "sheet") == 0 && strcmp(key, "rows") == 0)
                return take_count(&design->rows, value, 50, err);
        if (strcmp(section, "label") == 0 && strcmp(key, "name.es") == 0)
                return take_string(&design->name[LANG_ES], value, err);
        if (strcmp(section, "label") == 0 && strcmp(key, "name.en") == 0)
                return take_string(&design->name[LANG_EN], value, err);
        return no_such_key(section, key, err);
}

/* "ALTA": from this category on; "epc": when the medium has one. */
static int take_when(struct label_element *element, const char *value, struct error *err) {
        int category = term_parse(category_terms, CATEGORIES, value);

        if (category >= 0) {
                element->when_category = category;
                return 0;
        }
        if (!label_field_exists(value, strlen(value)) || strlen(value) >= sizeof element->when_field)
                return fail(err, ERR_USAGE, "«%s» no es ni categoría ni campo.",
                            "“%s” is neither a category nor a field.", value);
        memcpy(element->when_field, value, strlen(value) + 1);
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
        };

        for (size_t i = 0; i < COUNT(numbers); i++)
                if (strcmp(key, numbers[i].key) == 0)
                        return take_number(numbers[i].out, value, 297, err);
        if (strcmp(key, "value.es") == 0)
                return take_string(&element->value[LANG_ES], value, err);
        if (strcmp(key, "value.en") == 0)
                return take_string(&element->value[LANG_EN], value, err);
        if (strcmp(key, "value") == 0) {
                int r = take_string(&element->value[LANG_ES], value, err);

                return r < 0 ? r : take_string(&element->value[LANG_EN], value, err);
        }
        if (strcmp(key, "lines") == 0)
                return take_count(&element->lines, value, 10, err);
        if (strcmp(key, "when") == 0)
                return take_when(element, value, err);
        if (strcmp(key, "align") == 0)
                return take_align(element, value, err);
        if (strcmp(key, "bold") == 0)
                element->bold = strcmp(value, "yes") == 0;
        else if (strcmp(key, "mono") == 0)
                element->mono_face = strcmp(value, "yes") == 0;
        else
                return no_such_key(element->section, key, err);
        return 0;
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
                *element = (struct label_element){ .kind = element_kinds[i],
                                                   .section = strdup(section),
                                                   .size = 7,
                                                   .lines = 1,
                                                   .when_category = -1 };
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

/* Black on white, never on the colour band: nothing may reach into the code's box. */
static int check_qr_is_alone(const struct label_design *design, const struct label_element *qr, struct error *err) {
        for (size_t i = 0; i < design->elements_n; i++) {
                const struct label_element *other = &design->elements[i];

                if (other != qr && other->kind != &element_frame && overlap(other->box, qr->box))
                        return fail(err, ERR_USAGE, "[%s] pisa el QR.", "[%s] overlaps the QR.", other->section);
        }
        return 0;
}

static int check_element(const struct label_design *design, const struct label_element *element,
                         struct error *err) {
        const struct box *box = &element->box;

        if (box->width <= 0.2 || box->height <= 0.2 || box->x + box->width > design->width + 0.001 ||
            box->y + box->height > design->height + 0.001)
                return fail(err, ERR_USAGE, "[%s] no cabe en la etiqueta.", "[%s] does not fit on the label.",
                            element->section);
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
        return element->kind == &element_qr ? check_qr_is_alone(design, element, err) : 0;
}

static int check_design(const struct label_design *design, struct error *err) {
        int r = 0;

        if (design->width < 10 || design->width > 210 || design->height < 5 || design->height > 297)
                return fail(err, ERR_USAGE, "Una etiqueta mide de 10 × 5 a 210 × 297 mm.",
                            "A label measures 10 × 5 to 210 × 297 mm.");
        if (str_empty(design->name[LANG_ES]) || design->elements_n == 0)
                return fail(err, ERR_USAGE, "Al diseño le falta «name.es» o un elemento.",
                            "The design lacks “name.es” or an element.");
        if (design->columns * design->rows > 0 &&
            (design->left + design->columns * (design->width + design->gap_x) - design->gap_x > 210.5 ||
             design->top + design->rows * (design->height + design->gap_y) - design->gap_y > 297.5))
                return fail(err, ERR_USAGE, "La hoja [sheet] no cabe en A4.", "The [sheet] does not fit on A4.");
        for (size_t i = 0; r == 0 && i < design->elements_n; i++)
                r = check_element(design, &design->elements[i], err);
        return r;
}

int label_design_parse(const char *id, const char *text, size_t n, struct label_design **ret, struct error *err) {
        _cleanup_(label_design_freep) struct label_design *design = calloc(1, sizeof *design);
        int r;

        if (!design || !(design->id = strdup(id)))
                return fail_memory(err);
        r = description_parse(text, n, take, design, err);
        if (r == 0)
                r = check_design(design, err);
        if (r == 0)
                *ret = TAKE_PTR(design);
        return r;
}

int label_design_load(const char *labels, const char *id, struct label_design **ret, struct error *err) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n;
        int r = description_find(labels, "labels", id, &path, err);

        if (r == ERR_NOT_FOUND)
                return hint(err, "«label designs» enumera los que hay.", "“label designs” lists those there are.");
        if (r == 0)
                r = file_read(path, DESCRIPTION_MAX, &text, &n, err);
        if (r == 0)
                r = label_design_parse(id, text, n, ret, err);
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

void label_names_free(char **names) {
        for (size_t i = 0; names && names[i]; i++)
                free(names[i]);
        free(names);
}

static int by_name(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool has_name(char **names, size_t n, const char *name, size_t length) {
        for (size_t i = 0; i < n; i++)
                if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
                        return true;
        return false;
}

/* Adds the NAME.ini of one folder; a folder that isn't there has none. */
static int add_names(const char *folder, char **names, size_t *n) {
        _cleanup_closedir_ DIR *dir = opendir(folder);
        const struct dirent *entry;

        while (dir && (entry = readdir(dir)) != NULL && *n < DESIGNS_MAX) {
                size_t length = strlen(entry->d_name);

                if (length <= 4 || strcmp(entry->d_name + length - 4, ".ini") != 0 ||
                    !file_name_safe(entry->d_name) || has_name(names, *n, entry->d_name, length - 4))
                        continue;
                names[*n] = strndup(entry->d_name, length - 4);
                if (!names[*n])
                        return ERR_FAILED;
                (*n)++;
        }
        return 0;
}

int label_design_list(const char *labels, char ***ret, struct error *err) {
        char **names = calloc(DESIGNS_MAX + 1, sizeof *names);
        size_t n = 0;

        if (!names || (labels && add_names(labels, names, &n) < 0) ||
            add_names(MPSI_DATA_DIR "/labels", names, &n) < 0 ||
            add_names(MPSI_SOURCE_DIR "/labels", names, &n) < 0) {
                label_names_free(names);
                return fail_memory(err);
        }
        qsort(names, n, sizeof *names, by_name);
        *ret = names;
        return 0;
}
