/* The fields that a design can name, and templates such as “Propietario: {owner}”. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "print/label_parts.h"

static const struct {
        const char *name;
        unsigned items; /* what a label shows by it */
} fields[] = {
        { "id", 1U << LABEL_ID },
        { "created", 1U << LABEL_CREATED },
        { "expires", 1U << LABEL_EXPIRES },
        { "owner", 1U << LABEL_OWNER },
        { "organisation", 0 },
        { "classification", 0 }, /* the word alone is no mark: L3 wants the band */
        { "letter", 0 },
        { "category", 0 },
        { "kind", 0 },
        { "model", 0 },
        { "serial", 0 },
        { "epc", 1U << LABEL_EPC },
        { "tamper", 1U << LABEL_TAMPER },
        { "signature", 1U << LABEL_SIGNATURE },
        { "revision", 0 },
};

static int field_index(const char *name, size_t n) {
        for (size_t i = 0; i < COUNT(fields); i++)
                if (strlen(fields[i].name) == n && memcmp(fields[i].name, name, n) == 0)
                        return (int) i;
        return -1;
}

bool label_field_exists(const char *name, size_t n) {
        return field_index(name, n) >= 0;
}

const char *label_field(const struct label *label, const char *name, enum lang lang, char buffer[64]) {
        const struct {
                const char *name, *text;
        } texts[] = {
                { "id", label->id },
                { "created", label->created },
                { "expires", label->expires },
                { "owner", label->owner },
                { "organisation", label->organisation },
                { "classification", text_in(classification_terms[label->classification].name, lang) },
                { "letter", classification_marks[label->classification].letter },
                { "category", text_in(category_terms[label->category].name, lang) },
                { "kind", text_in(medium_kind_terms[label->kind].name, lang) },
                { "model", label->model },
                { "serial", label->serial },
                { "epc", label->epc },
                { "tamper", label->tamper },
                { "signature", label->key_mark },
        };

        for (size_t i = 0; i < COUNT(texts); i++)
                if (strcmp(texts[i].name, name) == 0)
                        return texts[i].text;
        if (strcmp(name, "revision") != 0)
                return NULL;
        (void) snprintf(buffer, 64, "%lld", label->revision);
        return buffer;
}

unsigned label_template_items(const char *value) {
        unsigned items = 0;

        for (const char *p = value; (p = strchr(p, '{')) != NULL; p++) {
                int index = field_index(p + 1, strcspn(p + 1, "}"));

                items |= index < 0 ? 0 : fields[index].items;
        }
        return items;
}

/* Fills one part; *ret_empty says that it names fields and all of them are empty. */
static size_t fill_part(const struct label *label, const char *part, size_t n, enum lang lang, char *out,
                        size_t size, bool *ret_empty) {
        size_t used = 0, named = 0, filled = 0;
        char name[24], buffer[64];

        for (size_t i = 0; i < n && used + 1 < size;) {
                size_t length = part[i] == '{' ? strcspn(part + i + 1, "}") : 0;
                const char *text = NULL;

                if (part[i] == '{' && i + 1 + length < n && length < sizeof name) {
                        memcpy(name, part + i + 1, length);
                        name[length] = '\0';
                        text = label_field(label, name, lang, buffer);
                }
                if (text) {
                        size_t room = size - used - 1, fits = strlen(text) < room ? strlen(text) : room;

                        memcpy(out + used, text, fits);
                        used += fits;
                        named++;
                        filled += fits > 0;
                        i += length + 2;
                } else {
                        out[used++] = part[i++];
                }
        }
        *ret_empty = named > 0 && filled == 0;
        return used;
}

void label_template_fill(const struct label *label, const char *value, enum lang lang, char *out, size_t size) {
        static const char between[] = " · ";
        size_t used = 0;

        while (*value) {
                const char *end = strstr(value, between);
                size_t n = end ? (size_t) (end - value) : strlen(value), start = used, written;
                bool empty;

                if (used > 0 && used + sizeof between < size) {
                        memcpy(out + used, between, sizeof between - 1);
                        used += sizeof between - 1;
                }
                written = fill_part(label, value, n, lang, out + used, size - used, &empty);
                used = empty ? start : used + written;
                value += n + (end ? sizeof between - 1 : 0);
        }
        out[used] = '\0';
        utf8_trim(out);
}

unsigned label_known(const struct label *label) {
        const struct {
                enum label_item item;
                const char *text;
        } texts[] = {
                { LABEL_ID, label->id },         { LABEL_CREATED, label->created },
                { LABEL_OWNER, label->owner },   { LABEL_EXPIRES, label->expires },
                { LABEL_QR, label->code },       { LABEL_EPC, label->epc },
                { LABEL_TAMPER, label->tamper }, { LABEL_SIGNATURE, label->key_mark },
        };
        unsigned known = 1U << LABEL_CLASSIFICATION;

        for (size_t i = 0; i < COUNT(texts); i++)
                if (!str_empty(texts[i].text))
                        known |= 1U << texts[i].item;
        return known;
}
