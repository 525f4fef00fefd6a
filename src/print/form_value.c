#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "policy/terms.h"
#include "print/form_parts.h"

static const char *const show_words[SHOWS] = {
        [SHOW_TEXT] = "text",
        [SHOW_DATE] = "date",
        [SHOW_MOMENT] = "moment",
        [SHOW_FLAG] = "flag",
        [SHOW_SIZE] = "size",
        [SHOW_CLASSIFICATION] = "classification",
        [SHOW_CATEGORY] = "category",
        [SHOW_KIND] = "kind",
        [SHOW_STATE] = "state",
        [SHOW_LABEL] = "label",
        [SHOW_CHECKPOINT] = "checkpoint",
        [SHOW_OUTCOME] = "outcome",
};

/* As printed on forms; the codes are those of the rooms that feed them. */
static const struct term states[] = {
        { "in-custody", { "en custodia", "in custody" } },
        { "on-loan", { "en préstamo", "on loan" } },
        { "in-transit", { "en tránsito", "in transit" } },
        { "lost", { "sin localizar", "not located" } },
        { "sanitized", { "sanitizado", "sanitized" } },
        { "unsanitized", { "no sanitizado", "not sanitized" } },
        { "destroyed", { "destruido", "destroyed" } },
        { "retired", { "retirado", "retired" } },
        { "quarantined", { "en cuarentena", "quarantined" } },
};
static const struct term labels[] = {
        { "none", { "sin etiqueta", "none" } },
        { "valid", { "vigente", "valid" } },
        { "void", { "anulada", "void" } },
};
static const struct term checkpoints[] = {
        { "origin", { "Origen", "Origin" } },
        { "pickup", { "Recogida", "Pick-up" } },
        { "transit", { "Tránsito", "Transit" } },
        { "delivery", { "Entrega", "Delivery" } },
        { "confirmation", { "Confirmación", "Confirmation" } },
};
static const struct term outcomes[] = {
        { "passed", { "CONFORME", "PASSED" } },     { "failed", { "NO CONFORME", "FAILED" } },
        { "partial", { "PARCIAL", "PARTIAL" } },    { "pending", { "PENDIENTE", "PENDING" } },
        { "approved", { "APROBADA", "APPROVED" } }, { "refused", { "DENEGADA", "REFUSED" } },
        { "accepted", { "ACEPTADA", "ACCEPTED" } }, { "repeat", { "REPETIR", "REPEAT" } },
        { "intact", { "ÍNTEGRO", "INTACT" } },      { "changed", { "ALTERADO", "CHANGED" } },
};

static const struct {
        const struct term *terms;
        size_t n;
} vocabularies[SHOWS] = {
        [SHOW_CLASSIFICATION] = { classification_terms, CLASSIFICATIONS },
        [SHOW_CATEGORY] = { category_terms, CATEGORIES },
        [SHOW_KIND] = { medium_kind_terms, MEDIUM_KINDS },
        [SHOW_STATE] = { states, COUNT(states) },
        [SHOW_LABEL] = { labels, COUNT(labels) },
        [SHOW_CHECKPOINT] = { checkpoints, COUNT(checkpoints) },
        [SHOW_OUTCOME] = { outcomes, COUNT(outcomes) },
};

int form_show_parse(const char *word) {
        for (int i = 0; i < SHOWS; i++)
                if (strcmp(show_words[i], word) == 0)
                        return i;
        return -1;
}

const json_t *form_member(const json_t *object, const char *path) {
        char key[64];

        for (;;) {
                size_t length = strcspn(path, ".");

                if (length >= sizeof key)
                        return NULL;
                memcpy(key, path, length);
                key[length] = '\0';
                object = json_object_get(object, key);
                if (!path[length])
                        return object;
                path += length + 1;
        }
}

bool form_present(const json_t *value) {
        if (!value || json_is_null(value))
                return false;
        if (json_is_string(value))
                return json_string_length(value) > 0;
        if (json_is_array(value))
                return json_array_size(value) > 0;
        return !json_is_object(value) || json_object_size(value) > 0;
}

/* 16 GB (16.008.609.792 bytes): decimal units, as on the medium's own case. */
static const char *show_size(int64_t bytes, enum lang lang, char buffer[FORM_TEXT]) {
        static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
        const char *comma = lang == LANG_EN ? "." : ",";
        int64_t scale = 1000;
        size_t unit = 0;

        if (bytes < 1000) {
                (void) snprintf(buffer, FORM_TEXT, "%" PRId64 " bytes", bytes);
                return buffer;
        }
        while (unit + 1 < COUNT(units) && bytes / scale >= 1000) {
                scale *= 1000;
                unit++;
        }
        (void) snprintf(buffer, FORM_TEXT, "%" PRId64 "%s%" PRId64 " %s", bytes / scale, comma,
                        bytes % scale * 10 / scale, units[unit]);
        return buffer;
}

static const char *show_number(int64_t number, enum form_show show, enum lang lang, char buffer[FORM_TEXT]) {
        char moment[TIME_TEXT];

        if (show == SHOW_SIZE)
                return number > 0 ? show_size(number, lang, buffer) : "";
        if (show == SHOW_MOMENT) {
                time_format_local(number, moment);
                (void) snprintf(buffer, FORM_TEXT, "%s", number > 0 ? moment : "");
        } else {
                (void) snprintf(buffer, FORM_TEXT, "%" PRId64, number);
        }
        return buffer;
}

static const char *show_text(const char *text, enum form_show show, enum lang lang, char buffer[FORM_TEXT]) {
        int64_t moment;
        char local[TIME_TEXT];
        int index;

        if (show == SHOW_MOMENT && time_parse(text, &moment) == 0) {
                time_format_local(moment, local);
                (void) snprintf(buffer, FORM_TEXT, "%s", local);
                return buffer;
        }
        if (!vocabularies[show].terms)
                return text;
        index = term_parse(vocabularies[show].terms, vocabularies[show].n, text);
        return index < 0 ? text : text_in(vocabularies[show].terms[index].name, lang);
}

static const char *show_array(const json_t *array, enum form_show show, enum lang lang, char buffer[FORM_TEXT]) {
        char *one = malloc(FORM_TEXT);
        size_t used = 0, i;
        const json_t *element;

        buffer[0] = '\0';
        json_array_foreach(array, i, element) {
                /* Arrays in arrays have no place on paper. */
                const char *text = !one || json_is_array(element) ? "" : form_value(element, show, lang, one);

                if (!*text || used + 3 >= FORM_TEXT)
                        continue;
                used += (size_t) snprintf(buffer + used, FORM_TEXT - used, "%s%s", used ? "; " : "", text);
                if (used >= FORM_TEXT)
                        used = FORM_TEXT - 1;
        }
        utf8_trim(buffer);
        free(one);
        return buffer;
}

const char *form_value(const json_t *value, enum form_show show, enum lang lang, char buffer[FORM_TEXT]) {
        const char *text;

        switch (value ? json_typeof(value) : JSON_NULL) {
        case JSON_STRING: return show_text(json_string_value(value), show, lang, buffer);
        case JSON_INTEGER: return show_number(json_integer_value(value), show, lang, buffer);
        case JSON_TRUE: return lang == LANG_EN ? "yes" : "sí";
        case JSON_FALSE: return "no";
        case JSON_ARRAY: return show_array(value, show, lang, buffer);
        case JSON_OBJECT: text = json_text(value, lang == LANG_EN ? "en" : "es"); return text ? text : "";
        default: return "";
        }
}
