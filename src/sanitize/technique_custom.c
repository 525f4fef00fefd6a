/* S3: overwriting by passes of the house's own. Its name is its passes, so that a record, a certificate and whoever
 * reads the medium again need nothing else to know what it left. A Clear, like every overwriting. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/rule.h"
#include "sanitize/technique.h"

struct custom {
        struct custom *next;
        struct technique technique;
        struct pass passes[CUSTOM_PASSES];
        size_t n;
        char name[CUSTOM_NAME], says[LANGS][64], writes[CUSTOM_PASSES][LANGS][32];
};

static struct custom *known;

static int refuse_word(const char *word, struct error *err) {
        (void) fail(err, ERR_USAGE, "«%.20s» no es ninguna pasada, o no puede ir ahí.",
                    "“%.20s” is no pass, or can't stand there.", word);
        return hint(
                err,
                "Una pasada es dos cifras hexadecimales, random, complement (justo tras random) o verify, hasta "
                "40.",
                "A pass is two hexadecimal digits, random, complement (right after random) or verify, up to "
                "40.");
}

/* A constant byte, and its name in words. */
static bool add_byte(struct custom *custom, const char *word) {
        struct pass *pass = &custom->passes[custom->n];
        uint8_t byte;

        if (strlen(word) != 2 || hex_decode(word, &byte, 1) < 0)
                return false;
        (void) snprintf(custom->writes[custom->n][LANG_ES], sizeof custom->writes[0][0], "escritura de 0x%02X",
                        byte);
        (void) snprintf(custom->writes[custom->n][LANG_EN], sizeof custom->writes[0][0], "write 0x%02X", byte);
        *pass = (struct pass){ PASS_WRITE,
                               FILL_BYTE,
                               byte,
                               { custom->writes[custom->n][LANG_ES], custom->writes[custom->n][LANG_EN] } };
        return true;
}

static bool add_pass(struct custom *custom, const char *word) {
        struct pass *pass = &custom->passes[custom->n];
        const struct pass *before = custom->n > 0 ? pass - 1 : NULL;
        bool after_random = before && before->act == PASS_WRITE && before->fill == FILL_STREAM;

        if (custom->n == CUSTOM_PASSES)
                return false;
        if (strcmp(word, "random") == 0)
                *pass = (struct pass){ PASS_WRITE, FILL_STREAM, 0, SAYS_RANDOM };
        else if (strcmp(word, "complement") == 0 && after_random)
                *pass = (struct pass){ PASS_WRITE, FILL_COMPLEMENT, 0, SAYS_COMPLEMENT };
        else if (strcmp(word, "verify") == 0 && before && before->act == PASS_WRITE)
                *pass = (struct pass){ PASS_VERIFY, before->fill, before->byte, SAYS_VERIFY };
        else if (!add_byte(custom, word))
                return false;
        custom->n++;
        return strlen(custom->name) + strlen(word) + 2 < sizeof custom->name;
}

static void add_name(struct custom *custom, const char *word) {
        size_t at = strlen(custom->name);

        (void) snprintf(custom->name + at, sizeof custom->name - at, "%s%s", custom->name[at - 1] == ':' ? "" : ",",
                        word);
}

/* The next word in small letters; its length, 0 at the end. One that is too long is cut, and is no pass. */
static size_t next_word(const char **text, char word[16]) {
        size_t n = 0;

        while (**text == ',' || isspace((unsigned char) **text))
                (*text)++;
        for (; **text && **text != ',' && !isspace((unsigned char) **text); (*text)++)
                if (n < 15)
                        word[n++] = (char) tolower((unsigned char) **text);
        word[n] = '\0';
        return n;
}

static int read_passes(struct custom *custom, const char *text, struct error *err) {
        const struct pass *last;
        char word[16];

        (void) snprintf(custom->name, sizeof custom->name, CUSTOM_PREFIX);
        while (next_word(&text, word) > 0) {
                if (!add_pass(custom, word))
                        return refuse_word(word, err);
                add_name(custom, word);
        }
        last = custom->n > 0 ? &custom->passes[custom->n - 1] : NULL;
        if (last && last->act == PASS_WRITE) {
                if (!add_pass(custom, "verify"))
                        return refuse_word("verify", err);
                add_name(custom, "verify");
        }
        if (!last)
                return refuse_word("", err);
        if (last->fill == FILL_BYTE && last->byte == 0)
                return refuse(err, ERR_REFUSED, "S4",
                              "La última escritura es de ceros, que algunos dispositivos solo dicen escribir.",
                              "The last write is of zeros, which some devices only claim to write.");
        return 0;
}

static void describe(struct custom *custom) {
        size_t writes = 0;

        for (size_t i = 0; i < custom->n; i++)
                writes += custom->passes[i].act == PASS_WRITE;
        (void) snprintf(custom->says[LANG_ES], sizeof custom->says[0], "sobrescritura de la casa (%zu pasada%s)",
                        writes, writes == 1 ? "" : "s");
        (void) snprintf(custom->says[LANG_EN], sizeof custom->says[0], "overwrite of the house's own (%zu pass%s)",
                        writes, writes == 1 ? "" : "es");
        custom->technique = (struct technique){ .name = custom->name,
                                                .says = { custom->says[LANG_ES], custom->says[LANG_EN] },
                                                .does_not_reach = OVERWRITE_LEAVES,
                                                .reaches = { [KIND_HDD] = LEVEL_CLEAR, [KIND_SSD] = LEVEL_CLEAR },
                                                .passes = custom->passes,
                                                .passes_n = custom->n,
                                                .offered = technique_overwrite_offered };
}

int technique_custom(const char *passes, const struct technique **ret, struct error *err) {
        struct custom *custom = calloc(1, sizeof *custom);
        int r = custom ? read_passes(custom, passes, err) : fail_memory(err);

        for (struct custom *each = known; r == 0 && each; each = each->next)
                if (strcmp(each->name, custom->name) == 0) {
                        free(custom);
                        *ret = &each->technique;
                        return 0;
                }
        if (r < 0) {
                free(custom);
                return r;
        }
        describe(custom);
        custom->next = known;
        known = custom;
        *ret = &custom->technique;
        return 0;
}
