#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "print/description.h"
#include "print/form_parts.h"

enum { BLOCKS_MAX = 64, ITEMS_MAX = 64 };

const struct form_kind *const form_kinds[] = { &form_kind_fields, &form_kind_table,   &form_kind_checks,
                                               &form_kind_text,   &form_kind_verdict, &form_kind_signatures,
                                               &form_kind_qr,     &form_kind_charts,  NULL };

static void block_done(struct form_block *block) {
        for (int lang = 0; lang < LANGS; lang++) {
                free(block->title[lang]);
                free(block->text[lang]);
        }
        free(block->section);
        free(block->rows);
        free(block->when);
        free(block->member);
        free(block->result);
        for (size_t i = 0; i < block->items_n; i++) {
                free(block->items[i].member);
                for (int lang = 0; lang < LANGS; lang++)
                        free(block->items[i].label[lang]);
        }
        free(block->items);
}

void form_free(struct form *form) {
        if (!form)
                return;
        for (size_t i = 0; i < form->blocks_n; i++)
                block_done(&form->blocks[i]);
        free(form->blocks);
        free(form->id);
        free(form->measure);
        for (int lang = 0; lang < LANGS; lang++) {
                free(form->title[lang]);
                free(form->mark[lang]);
        }
        free(form);
}

/* Sets a text, or adds a continued line to it. */
static int add_text(char **text, const char *value, struct error *err) {
        char *joined = *text ? str_format("%s %s", *text, value) : strdup(value);

        if (!joined)
                return fail_memory(err);
        free(*text);
        *text = joined;
        return 0;
}

static int set_number(int *out, const char *value, int most, struct error *err) {
        char *end;
        long number = strtol(value, &end, 10);

        if (!*value || *end || number < 0 || number > most)
                return fail(err, ERR_USAGE, "«%s» no es un número de 0 a %d.", "“%s” is no number from 0 to %d.",
                            value, most);
        *out = (int) number;
        return 0;
}

static bool is_yes(const char *value) {
        return strcmp(value, "yes") == 0;
}

/* The text between bars, without the spaces around it. */
static char *part_of(const char *value, int index) {
        const char *end;

        for (; index > 0; index--) {
                value = strchr(value, '|');
                if (!value)
                        return strdup("");
                value++;
        }
        value += strspn(value, " \t");
        end = value + strcspn(value, "|");
        while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                end--;
        return strndup(value, (size_t) (end - value));
}

static int set_options(struct form_item *item, char *options, struct error *err) {
        char *rest = NULL;

        for (char *word = strtok_r(options, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
                int show = form_show_parse(word);

                if (show >= 0)
                        item->show = (enum form_show) show;
                else if (strcmp(word, "mono") == 0)
                        item->mono = true;
                else if (strcmp(word, "wide") == 0)
                        item->wide = true;
                else if (strcmp(word, "right") == 0)
                        item->right = true;
                else if (strcmp(word, "swatch") == 0)
                        item->swatch = true;
                else
                        return fail(err, ERR_USAGE, "No existe la opción «%s».", "There is no option “%s”.", word);
        }
        return 0;
}

/* member | es | en [| width] [| options] */
static int add_item(struct form_block *block, const char *value, struct error *err) {
        bool column = strcmp(block->kind->item_key, "column") == 0;
        _cleanup_free_ char *width = part_of(value, 3), *options = part_of(value, column ? 4 : 3);
        struct form_item *grown, *item;

        if (block->items_n >= ITEMS_MAX)
                return fail(err, ERR_USAGE, "La sección «%s» pasa de %d elementos.",
                            "Section “%s” has over %d items.", block->section, ITEMS_MAX);
        if (!width || !options)
                return fail_memory(err);
        grown = reallocarray(block->items, block->items_n + 1, sizeof *grown);
        if (!grown)
                return fail_memory(err);
        block->items = grown;
        item = &grown[block->items_n++];
        *item = (struct form_item){ 0 };
        item->member = part_of(value, 0);
        item->label[LANG_ES] = part_of(value, 1);
        item->label[LANG_EN] = part_of(value, 2);
        if (!item->member || !item->label[LANG_ES] || !item->label[LANG_EN])
                return fail_memory(err);
        if (!*item->member || !*item->label[LANG_ES])
                return fail(err, ERR_USAGE, "Falta el miembro o el nombre en «%s».",
                            "Member or name is missing in “%s”.", value);
        if (column) {
                int whole;
                int r = set_number(&whole, width, 500, err);

                if (r < 0)
                        return r;
                item->width = whole > 0 ? whole : 1;
        }
        return set_options(item, options, err);
}

static int take_form(struct form *form, const char *key, const char *value, struct error *err) {
        if (strcmp(key, "id") == 0)
                return add_text(&form->id, value, err);
        if (strcmp(key, "measure") == 0)
                return add_text(&form->measure, value, err);
        if (strcmp(key, "title.es") == 0)
                return add_text(&form->title[LANG_ES], value, err);
        if (strcmp(key, "title.en") == 0)
                return add_text(&form->title[LANG_EN], value, err);
        if (strcmp(key, "mark.es") == 0)
                return add_text(&form->mark[LANG_ES], value, err);
        if (strcmp(key, "mark.en") == 0)
                return add_text(&form->mark[LANG_EN], value, err);
        if (strcmp(key, "revision") == 0)
                return set_number(&form->revision, value, 99999, err);
        if (strcmp(key, "scale") == 0)
                return set_number(&form->scale, value, 200, err);
        if (strcmp(key, "orientation") == 0)
                form->landscape = strcmp(value, "landscape") == 0;
        else if (strcmp(key, "qr") == 0)
                form->qr = is_yes(value);
        else if (strcmp(key, "numbered") == 0)
                form->unnumbered = !is_yes(value);
        else if (strcmp(key, "tagged") == 0)
                form->tagged = is_yes(value);
        else
                return fail(err, ERR_USAGE, "No existe la clave «%s» en [form].", "There is no key “%s” in [form].",
                            key);
        return 0;
}

static int take_block(struct form_block *block, const char *key, const char *value, struct error *err) {
        const struct {
                const char *key;
                char **text;
        } texts[] = {
                { "title.es", &block->title[LANG_ES] },
                { "title.en", &block->title[LANG_EN] },
                { "text.es", &block->text[LANG_ES] },
                { "text.en", &block->text[LANG_EN] },
                { "rows", &block->rows },
                { "when", &block->when },
                { "member", &block->member },
                { "result", &block->result },
        };
        int height, r;

        for (size_t i = 0; i < COUNT(texts); i++)
                if (strcmp(key, texts[i].key) == 0)
                        return add_text(texts[i].text, value, err);
        if (block->kind->item_key && strcmp(key, block->kind->item_key) == 0)
                return add_item(block, value, err);
        if (strcmp(key, "columns") == 0)
                return set_number(&block->columns, value, 4, err);
        if (strcmp(key, "min_rows") == 0)
                return set_number(&block->min_rows, value, 100, err);
        if (strcmp(key, "row_height") == 0) {
                r = set_number(&height, value, 100, err);
                block->row_height = r == 0 ? height : 0;
                return r;
        }
        if (strcmp(key, "main") == 0)
                block->main = is_yes(value);
        else if (strcmp(key, "together") == 0)
                block->together = is_yes(value);
        else
                return fail(err, ERR_USAGE, "No existe la clave «%s» en [%s].", "There is no key “%s” in [%s].",
                            key, block->section);
        return 0;
}

static int new_block(struct form *form, const char *section, struct form_block **ret, struct error *err) {
        size_t length = strcspn(section, " ");
        struct form_block *grown, *block;

        if (form->blocks_n >= BLOCKS_MAX)
                return fail(err, ERR_USAGE, "El formulario pasa de %d secciones.", "The form has over %d sections.",
                            BLOCKS_MAX);
        for (size_t i = 0; form_kinds[i]; i++) {
                if (strlen(form_kinds[i]->name) != length || memcmp(form_kinds[i]->name, section, length) != 0)
                        continue;
                grown = reallocarray(form->blocks, form->blocks_n + 1, sizeof *grown);
                if (!grown)
                        return fail_memory(err);
                form->blocks = grown;
                block = &grown[form->blocks_n++];
                *block = (struct form_block){ .kind = form_kinds[i], .columns = 2, .section = strdup(section) };
                *ret = block;
                return block->section ? 0 : fail_memory(err);
        }
        return fail(err, ERR_USAGE, "No existe la clase de sección «%s».", "There is no kind of section “%s”.",
                    section);
}

static int take(void *context, const char *section, const char *key, const char *value, struct error *err) {
        struct form *form = context;
        struct form_block *block = form->blocks_n ? &form->blocks[form->blocks_n - 1] : NULL;
        int r;

        if (strcmp(section, "form") == 0)
                return take_form(form, key, value, err);
        if (!block || strcmp(block->section, section) != 0) {
                r = new_block(form, section, &block, err);
                if (r < 0)
                        return r;
        }
        return take_block(block, key, value, err);
}

static int check_form(const struct form *form, struct error *err) {
        if (str_empty(form->id) || str_empty(form->title[LANG_ES]))
                return fail(err, ERR_USAGE, "Al formulario le falta «id» o «title.es» en [form].",
                            "The form lacks “id” or “title.es” in [form].");
        for (size_t i = 0; i < form->blocks_n; i++) {
                const struct form_block *block = &form->blocks[i];

                if (block->columns < 1)
                        return fail(err, ERR_USAGE, "[%s] necesita al menos una columna.",
                                    "[%s] needs one column at least.", block->section);
                if (block->kind->item_key && block->items_n == 0)
                        return fail(err, ERR_USAGE, "[%s] está vacía.", "[%s] is empty.", block->section);
        }
        return 0;
}

int form_parse(const char *text, size_t n, struct form **ret, struct error *err) {
        _cleanup_(form_freep) struct form *form = calloc(1, sizeof *form);
        int r;

        if (!form)
                return fail_memory(err);
        r = description_parse(text, n, take, form, err);
        if (r == 0)
                r = check_form(form, err);
        if (r == 0)
                *ret = TAKE_PTR(form);
        return r;
}

int form_load(const char *forms, const char *id, struct form **ret, struct error *err) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n;
        int r = description_find(forms, "forms", id, &path, err);

        if (r == 0)
                r = file_read(path, DESCRIPTION_MAX, &text, &n, err);
        if (r == 0)
                r = form_parse(text, n, ret, err);
        if (r == ERR_USAGE && path)
                (void) hint(err, "Corrija «%s» (véase docs/forms.md).", "Mend “%s” (see docs/forms.md).", path);
        return r;
}
