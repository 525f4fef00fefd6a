/* `label scan`: which medium, whether the station signed it, and whether the label is the current one. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "label/label_state.h"
#include "label/label_text.h"
#include "label/verbs.h"
#include "registry/blank.h"

enum { CERTIFICATE_MAX = 64 * 1024 };

/* What the registry says of the label that was scanned. */
enum standing { LABEL_CURRENT, LABEL_UNSENT, LABEL_VOID, LABEL_OLDER, LABEL_UNKNOWN, LABEL_NONE, STANDINGS };

static const struct {
        const char *code;
        struct text says;
} standings[STANDINGS] = {
        [LABEL_CURRENT] = { "current", { "la etiqueta es la vigente", "the label is the current one" } },
        [LABEL_VOID] = { "void",
                         { "la etiqueta está anulada: imprima otra (L10)",
                           "the label is void: print another (L10)" } },
        [LABEL_UNSENT] = { "unsent",
                           { "la impresora no confirmó esta etiqueta: repítala con «label reprint»",
                             "the printer did not confirm this label: repeat it with “label reprint”" } },
        [LABEL_OLDER] = { "superseded",
                          { "la etiqueta es anterior a la vigente: retírela (L10)",
                            "the label is older than the current one: remove it (L10)" } },
        [LABEL_UNKNOWN] = { "unknown",
                            { "nadie registró la impresión de esta etiqueta: investigue",
                              "nobody recorded the printing of this label: investigate" } },
        [LABEL_NONE] = { "unsigned",
                         { "el texto solo identifica: no dice qué etiqueta es",
                           "the text identifies only: it does not say which label it is" } },
};

static enum standing standing_of(const struct medium *medium, const struct label_row *row,
                                 const struct label_text *text) {
        if (!text->is_signed)
                return LABEL_NONE;
        if (row->there && row->state == LABEL_PREPARED && row->revision == text->revision)
                return LABEL_UNSENT;
        if (text->revision > medium->label_revision)
                return LABEL_UNKNOWN;
        if (text->revision < medium->label_revision)
                return LABEL_OLDER;
        return strcmp(medium->label_state, "valid") == 0 ? LABEL_CURRENT : LABEL_VOID;
}

/* Whether what the current label states is what the registry would print today. */
static int compare_content(struct act *act, const struct medium *medium, const struct label_text *text,
                           bool *ret_same, struct error *err) {
        struct label label;
        char digest[65];
        uint8_t check[2];
        int r = label_content(act, medium, text->revision, &label, digest, NULL, err);

        if (r < 0)
                return r;
        digest[4] = '\0';
        (void) hex_decode(digest, check, sizeof check);
        *ret_same = memcmp(check, text->check, sizeof check) == 0 &&
                    medium->classification == text->classification && medium->category == text->category &&
                    strcmp(medium->expires, text->expires) == 0;
        return 0;
}

static int check_signature(struct act *act, const json_t *args, const struct label_text *text, struct error *err) {
        const char *path = json_text(args, "certificate");
        _cleanup_free_ char *pem = NULL;
        size_t n;
        int r;

        if (!path && !act->station_certificate)
                return fail(err, ERR_USAGE, "No hay certificado con que comprobar la firma.",
                            "There is no certificate to check the signature with.");
        if (path) {
                r = file_read(path, CERTIFICATE_MAX, &pem, &n, err);
                if (r < 0)
                        return r;
        }
        r = label_text_verify(text, pem ? pem : act->station_certificate, err);
        if (r == ERR_VERIFY)
                (void) hint(err,
                            "Aparte el soporte y avise al administrador de seguridad; si la etiqueta es de otra "
                            "estación, "
                            "dé su certificado con «--certificate».",
                            "Set the medium aside and tell the security administrator; if the label is another "
                            "station's, give "
                            "its certificate with “--certificate”.");
        return r;
}

/* A code that was printed before its medium came is no error of the scanner's. */
static int reserved_error(struct act *act, const char *scanned, int r, struct error *err) {
        enum blank_state state = BLANK_NONE;
        char id[MEDIUM_ID_TEXT];

        if (blank_find(act->db, scanned, &state, id, NULL) < 0 || (state != BLANK_RESERVED && state != BLANK_VOID))
                return r;
        if (state == BLANK_VOID)
                return fail(err, r, "El código %s se anuló: destruya la etiqueta.",
                            "Code %s was made void: destroy the label.", id);
        (void) fail(err, r, "El código %s está reservado y todavía no es de ningún soporte.",
                    "Code %s is reserved and no medium's yet.", id);
        return hint(err, "Asígnelo con «media claim %s».", "Bind it with “media claim %s”.", id);
}

int label_run_scan(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct label_text text = { 0 };
        struct label_row row = { 0 };
        struct medium medium;
        char id[MEDIUM_ID_TEXT];
        const char *scanned = json_text(args, "text"), *how = "";
        bool is_label = label_text_parse(scanned, &text, NULL) == 0, same = true;
        enum standing standing;
        int r = 0;

        /* A long text is meant to be a label: damaged ones must not pass as the ID they begin with. */
        if (!is_label && str_scanned(scanned, (char[2]){ 0 }, 2) > MEDIUM_FIELD / 2)
                return label_text_parse(scanned, &text, err);
        if (text.is_signed)
                r = check_signature(act, args, &text, err);
        if (r == 0)
                r = medium_resolve(act->db, is_label ? text.id : scanned, id, &how, err);
        if (r == ERR_NOT_FOUND)
                r = reserved_error(act, scanned, r, err);
        if (r == 0)
                r = medium_load(act->db, id, &medium, err);
        if (r == 0)
                r = label_row_load(act->db, id, &row, err);
        standing = r == 0 ? standing_of(&medium, &row, &text) : LABEL_NONE;
        if (r == 0 && standing == LABEL_CURRENT)
                r = compare_content(act, &medium, &text, &same, err);
        if (r < 0)
                return r;
        act_say_text(act, standings[standing].says);
        if (!same)
                act_say(act, "Atención: lo que la etiqueta dice no es lo que consta en el registro.",
                        "Beware: what the label states is not what the registry holds.");
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:o, s:s, s:s, s:s, s:s, s:s}", "medium", id, "how", how,
                         "signature", text.is_signed ? "valid" : "absent", "label", standings[standing].code,
                         "revision", (json_int_t) (text.is_signed ? text.revision : medium.label_revision),
                         "content_same", same, "stated",
                         text.is_signed ? json_pack("{s:s, s:s, s:s}", "classification",
                                                    classification_terms[text.classification].code, "category",
                                                    category_terms[text.category].code, "expires", text.expires)
                                        : json_null(),
                         "classification", classification_terms[medium.classification].code, "category",
                         category_terms[medium.category].code, "expires", medium.expires, "state",
                         medium_state_terms[medium.state].code, "location", medium.location);
        return *ret ? 0 : fail_memory(err);
}

/* Without a store: only the text and the station's certificate. */
int label_run_verify(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct label_text text;
        int r = label_text_parse(json_text(args, "text"), &text, err);

        if (r == 0)
                r = check_signature(act, args, &text, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "medium", text.id, "signature", "valid", "revision",
                         (json_int_t) text.revision, "classification",
                         classification_terms[text.classification].code, "category",
                         category_terms[text.category].code, "expires", text.expires);
        return *ret ? 0 : fail_memory(err);
}
