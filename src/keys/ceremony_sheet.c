/* A custodian's sheet: their share as a QR and as words. It is a secret on paper. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "keys/ceremony_parts.h"
#include "print/form.h"

enum { COLUMNS = 5 };

/* Word k of the text, with its number. */
static int cell(json_t *row, const char *column, const char *words, size_t k, struct error *err) {
        char text[64];
        int bad;

        for (size_t i = 0; i < k; i++)
                words += strcspn(words, " ") + 1;
        (void) snprintf(text, sizeof text, "%2zu %.*s", k + 1, (int) strcspn(words, " "), words);
        bad = json_object_set_new(row, column, json_string(text));
        OPENSSL_cleanse(text, sizeof text);
        return bad ? fail_memory(err) : 0;
}

/* Columns are read downwards. */
static int word_rows(const char *words, size_t n, json_t *rows, struct error *err) {
        static const char *const columns[COLUMNS] = { "a", "b", "c", "d", "e" };
        size_t height = (n + COLUMNS - 1) / COLUMNS;
        int r = 0;

        for (size_t y = 0; r == 0 && y < height; y++) {
                json_t *row = json_object();

                if (json_array_append_new(rows, row) < 0)
                        return fail_memory(err);
                for (size_t x = 0; r == 0 && x < COLUMNS && x * height + y < n; x++)
                        r = cell(row, columns[x], words, x * height + y, err);
        }
        return r;
}

/* jansson's memory is the ordinary heap: what was secret in it is wiped. */
static void wipe(json_t *value) {
        const char *key;
        json_t *member;
        size_t i;

        if (json_is_string(value))
                OPENSSL_cleanse((char *) (uintptr_t) json_string_value(value), json_string_length(value));
        json_object_foreach(value, key, member) wipe(member);
        json_array_foreach(value, i, member) wipe(member);
}

static json_t *sheet_data(const struct ceremony *c, unsigned i, const char *text) {
        const struct custodian *custodian = &c->custodians[i];
        _cleanup_free_ char *place_es = str_format("%u de %u", i + 1, c->total),
                            *place_en = str_format("%u of %u", i + 1, c->total),
                            *master = str_format("master.%lld", (long long) c->version);

        if (!place_es || !place_en || !master)
                return NULL;
        return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:i, s:s, s:I, s:s, s:s, "
                         "s:{s:s, s:s}, s:s, s:s, s:[]}",
                         "organisation", c->act->organisation, "site", c->act->site, "station", c->act->station,
                         "number", c->id_text, "issued", (json_int_t) c->made, "issued_by",
                         person_printed(c->act->db, c->act->person), "digest", custodian->commitment, "holder",
                         "name", custodian->person.full_name, "title", custodian->person.title, "place", "es",
                         place_es, "en", place_en, "needed", (int) c->threshold, "master", master, "made",
                         (json_int_t) c->made, "ceremony", c->id_text, "algorithm", shares_algorithm, "language",
                         "es", c->lang == LANG_EN ? "inglés (BIP-0039)" : "español (BIP-0039)", "en",
                         c->lang == LANG_EN ? "English (BIP-0039)" : "Spanish (BIP-0039)", "commitment",
                         custodian->commitment, "share", text, "words");
}

int ceremony_sheet(const struct ceremony *c, unsigned i, const char *path, struct error *err) {
        const struct custodian *custodian = &c->custodians[i];
        _cleanup_free_ char *forms = act_path(c->act, NULL, "forms");
        _cleanup_secret_ struct secret *text = NULL, *words = NULL;
        json_t *data = NULL;
        int r = share_to_text(&custodian->share, &text, err);

        if (r == 0)
                r = share_to_words(&custodian->share, c->lang, &words, err);
        if (r == 0) {
                data = sheet_data(c, i, (const char *) text->data);
                r = data ? 0 : fail_memory(err);
        }
        if (r == 0) {
                const char *said = (const char *) words->data;
                size_t n = 1;

                for (const char *p = said; *p; p++)
                        n += *p == ' ';
                r = word_rows(said, n, json_object_get(data, "words"), err);
        }
        /* The folder is the caller's own (ceremony.c), so nobody looks before the mode is set. */
        if (r == 0)
                r = form_to_pdf(forms, "share-sheet", c->lang, data, path, err);
        if (r == 0 && chmod(path, 0600) < 0)
                r = fail_errno(err, errno, "No se puede proteger «%s»", "“%s” can't be protected", path);
        wipe(data);
        json_decref(data);
        return r;
}
