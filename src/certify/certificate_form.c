/* The twin as the form R-110-021 prints it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "certify/internal.h"
#include "ledger/tree.h"

/* A member under another name; null is left out. */
static int carry(json_t *into, const char *key, const json_t *from, const char *name) {
        json_t *value = json_object_get(from, name);

        return value && !json_is_null(value) ? json_object_set(into, key, value) : 0;
}

static json_t *pair(const char *es, const char *en) {
        return json_pack("{s:s, s:s}", "es", es, "en", en);
}

static json_t *level_name(const json_t *twin) {
        const char *method = json_text_or_empty(twin, "method");

        return json_string(strcmp(method, "clear") == 0   ? "Clear"
                           : strcmp(method, "purge") == 0 ? "Purge"
                                                          : "Destroy");
}

static json_t *verification_part(const json_t *twin) {
        const json_t *verification = json_object_get(twin, "verification");
        const char *kind = json_text_or_empty(verification, "kind");
        json_t *part = json_object();

        if (!part)
                return NULL;
        if (strcmp(json_text_or_empty(twin, "kind"), "destruction") == 0) {
                (void) json_object_set_new(part, "method",
                                           pair("inspección de los restos", "inspection of the remains"));
        } else {
                (void) json_object_set_new(
                        part, "method",
                        strcmp(kind, "header") == 0 ? pair("cabecera y claves", "header and keys")
                        : strcmp(kind, "markers") == 0
                                ? pair("relectura de marcas escritas antes", "read-back of markers written before")
                                : pair("lectura completa", "full read-back"));
                (void) carry(part, "bytes", verification, "bytes");
        }
        (void) json_object_set_new(part, "result", json_string("passed"));
        (void) carry(part, "person", json_object_get(json_object_get(twin, "people"), "executor"), "name");
        (void) carry(part, "seed", twin, "seed");
        if (strcmp(json_text_or_empty(twin, "device_status"), "no-firmware-command") == 0)
                (void) json_object_set_new(part, "status", pair("sin órdenes de firmware", "no firmware command"));
        else
                (void) carry(part, "status", twin, "device_status");
        return part;
}

static json_t *validation_part(const json_t *twin) {
        const json_t *supervisor = json_object_get(json_object_get(twin, "people"), "supervisor");

        return json_pack("{s:o, s:s, s:o}", "result",
                         pair("aceptada; vale con su firma", "accepted; valid with their signature"), "person",
                         json_text_or_empty(supervisor, "name"), "time", pair("la de su firma", "as they signed"));
}

static json_t *forensic_part(const json_t *twin) {
        const json_t *f = json_object_get(twin, "forensic");
        _cleanup_free_ char *es = NULL, *en = NULL;
        int64_t samples, bytes, entropy;

        if (!json_is_object(f))
                return NULL;
        if (json_text(f, "report")) {
                es = str_format("%" PRId64 " fragmentos tomados al azar y examinados: nada es recuperable. Informe "
                                "técnico, SHA-256 %s",
                                json_int(f, "fragments", 0), json_text(f, "report"));
                en = str_format("%" PRId64 " fragments taken at random and examined: nothing can be recovered. "
                                "Technical report, SHA-256 %s",
                                json_int(f, "fragments", 0), json_text(f, "report"));
                return es && en ? pair(es, en) : NULL;
        }
        samples = json_int(f, "samples", 0);
        bytes = json_int(f, "sample_bytes", 0);
        entropy = json_int(f, "entropy_min_millibits", 0);
        es = str_format("%" PRId64 " muestras (%" PRId64
                        " bytes) leídas al azar del dispositivo; ninguna firma de fichero, "
                        "sistema de ficheros ni tabla de particiones; entropía mínima %" PRId64 ",%03" PRId64
                        " bits por byte.",
                        samples, bytes, entropy / 1000, entropy % 1000);
        en = str_format("%" PRId64 " samples (%" PRId64
                        " bytes) read at random from the device; no file signature, file system "
                        "or partition table; least entropy %" PRId64 ".%03" PRId64 " bits a byte.",
                        samples, bytes, entropy / 1000, entropy % 1000);
        return es && en ? pair(es, en) : NULL;
}

/* Only the end of the last step has its time in the ledger. */
static json_t *steps_part(const json_t *twin) {
        json_t *steps = json_deep_copy(json_object_get(twin, "steps"));
        size_t n = json_array_size(steps);

        for (size_t i = 0; i < n; i++)
                (void) json_object_set_new(json_array_get(steps, i), "finished",
                                           json_string(i + 1 == n ? json_text_or_empty(twin, "finished") : "—"));
        return steps;
}

static int leaf_of(const char *event, uint8_t out[SHA256_SIZE]) {
        struct hasher *hasher;
        int r = hasher_new(&hasher, NULL);

        if (r < 0)
                return r;
        r = hash_leaf(hasher, event, strlen(event), out);
        hasher_free(hasher);
        return r;
}

/* The hash of the entry and the root it is under, from the proof. */
static json_t *ledger_part(const json_t *twin) {
        const json_t *ledger = json_object_get(twin, "ledger"), *proof = json_object_get(ledger, "proof");
        const char *event = json_text_or_empty(proof, "event"),
                   *checkpoint = json_text_or_empty(proof, "checkpoint");
        const char *size = strchr(checkpoint, '\n'), *root = size ? strchr(size + 1, '\n') : NULL;
        uint8_t leaf[SHA256_SIZE];
        char hex[SHA256_TEXT];
        _cleanup_free_ char *root_text = root ? strndup(root + 1, strcspn(root + 1, "\n")) : NULL;
        _cleanup_free_ uint8_t *root_bytes = NULL;
        char root_hex[SHA256_TEXT];
        size_t root_n;

        if (!root_text || base64_decode(root_text, &root_bytes, &root_n) < 0 || root_n != SHA256_SIZE ||
            leaf_of(event, leaf) < 0)
                return NULL;
        hex_encode(root_bytes, root_n, root_hex);
        hex_encode(leaf, sizeof leaf, hex);
        return json_pack("{s:I, s:I, s:s, s:s}", "seq", (json_int_t) json_int(ledger, "seq", 0), "size",
                         (json_int_t) strtoll(size + 1, NULL, 10), "leaf", hex, "root", root_hex);
}

static json_t *photos_part(const json_t *twin) {
        const json_t *photos = json_object_get(twin, "photos");
        json_t *list = json_array();

        for (size_t i = 0; list && i < json_array_size(photos); i++) {
                const json_t *photo = json_array_get(photos, i);
                bool before = strcmp(json_text_or_empty(photo, "moment"), "before") == 0;

                (void) json_array_append_new(list,
                                             json_pack("{s:o, s:s, s:s}", "moment",
                                                       before ? pair("antes", "before") : pair("después", "after"),
                                                       "name", json_text_or_empty(photo, "name"), "sha256",
                                                       json_text_or_empty(photo, "sha256")));
        }
        return list;
}

static json_t *signer(const json_t *person, const char *place) {
        const char *title = json_text(person, "title");

        return json_pack("{s:s*, s:s, s:o, s:s*}", "name", json_text(person, "name"), "title",
                         str_empty(title) ? "—" : title, "date", pair("la de la firma", "as signed"), "place",
                         place);
}

static json_t *signatures_part(const json_t *twin) {
        const json_t *people = json_object_get(twin, "people");
        const char *place = json_text(twin, "place") ? json_text(twin, "place") : json_text(twin, "site");

        return json_pack("{s:o, s:o, s:o}", "executor", signer(json_object_get(people, "executor"), place),
                         "supervisor", signer(json_object_get(people, "supervisor"), place), "organisation",
                         json_pack("{s:s*, s:s, s:o, s:s*}", "name", json_text(twin, "organisation"), "title", "—",
                                   "date", pair("la de la firma", "as signed"), "place", place));
}

static json_t *unreached_part(const json_t *twin) {
        const json_t *limits = json_object_get(twin, "limits");
        json_t *list = json_array();

        if (strcmp(json_text_or_empty(twin, "kind"), "destruction") == 0) {
                (void) json_array_append_new(list, pair("ninguna", "none"));
                return list;
        }
        (void) json_array_append_new(list, pair("Ninguna de las direccionables", "None of the addressable ones"));
        for (size_t i = 0; i < json_array_size(limits); i++)
                (void) json_array_append(list, json_array_get(limits, i));
        return list;
}

/* One text a language from an array of pairs or texts. */
static json_t *joined(const json_t *list) {
        _cleanup_free_ char *es = strdup(""), *en = strdup("");

        for (size_t i = 0; es && en && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                char *more_es = str_format("%s%s%s", es, *es ? "; " : "", json_text_or_empty(item, "es"));
                char *more_en = str_format("%s%s%s", en, *en ? "; " : "", json_text_or_empty(item, "en"));

                free(es);
                free(en);
                es = more_es;
                en = more_en;
        }
        return es && en ? pair(es, en) : NULL;
}

/* " (3, 4)": the numbers of the backups that were made while the key existed, or "". The caller frees. */
static char *backup_numbers(const json_t *copy) {
        const json_t *numbers = json_object_get(copy, "numbers"), *number;
        char *text = strdup("");
        size_t i;

        json_array_foreach(numbers, i, number) {
                char *more = text ? str_format("%s%s%" JSON_INTEGER_FORMAT, text, i ? ", " : " (",
                                               json_integer_value(number))
                                  : NULL;

                free(text);
                text = more;
        }
        if (text && *text) {
                char *more = str_format("%s)", text);

                free(text);
                text = more;
        }
        return text;
}

/* Which copies of a key exist or existed elsewhere, in words (keys/destroy.c lists them). */
static void add_copies(const json_t *key, char **es, char **en) {
        static const struct {
                const char *what, *state;
                struct text text;
        } words[] = {
                { "escrow-envelope", "destroyed", { "sobre de custodia destruido", "escrow envelope destroyed" } },
                { "escrow-envelope",
                  "destroyed-here-exported-before",
                  { "sobre de custodia destruido aquí, exportado antes",
                    "escrow envelope destroyed here, exported before" } },
                { "vault-backups",
                  "barred-by-ledger",
                  { "las copias de la bóveda no la devuelven", "backups of the vault don't bring it back" } },
                { "header-backups",
                  "unknown",
                  { "copias de la cabecera hechas fuera: no constan", "header backups made outside: none known" } },
        };
        const json_t *copies = json_object_get(key, "copies");

        for (size_t i = 0; *es && *en && i < json_array_size(copies); i++)
                for (size_t w = 0; w < COUNT(words); w++) {
                        const json_t *copy = json_array_get(copies, i);
                        _cleanup_free_ char *numbers = backup_numbers(copy);
                        char *more_es, *more_en;

                        if (strcmp(json_text_or_empty(copy, "what"), words[w].what) != 0 ||
                            strcmp(json_text_or_empty(copy, "state"), words[w].state) != 0)
                                continue;
                        more_es = str_format("%s; %s%s", *es, words[w].text.es, numbers ? numbers : "");
                        more_en = str_format("%s; %s%s", *en, words[w].text.en, numbers ? numbers : "");
                        free(*es);
                        free(*en);
                        *es = more_es;
                        *en = more_en;
                }
}

static json_t *keys_part(const json_t *twin) {
        const json_t *erase = json_object_get(twin, "keys"), *keys = json_object_get(erase, "keys");
        _cleanup_free_ char *es = NULL, *en = NULL;

        if (!json_is_object(erase))
                return NULL;
        es = str_format("Cabecera LUKS2 %s: %" PRId64 " ranuras y %" PRId64 " bytes destruidos y releídos",
                        json_text_or_empty(erase, "uuid"), json_int(erase, "slots_destroyed", 0),
                        json_int(erase, "area_bytes", 0));
        en = str_format("LUKS2 header %s: %" PRId64 " slots and %" PRId64 " bytes destroyed and read back",
                        json_text_or_empty(erase, "uuid"), json_int(erase, "slots_destroyed", 0),
                        json_int(erase, "area_bytes", 0));
        for (size_t i = 0; es && en && i < json_array_size(keys); i++) {
                const json_t *key = json_array_get(keys, i);
                char *more_es = str_format("%s. Clave %s.%" PRId64 " borrada de la bóveda", es,
                                           json_text_or_empty(key, "id"), json_int(key, "version", 0));
                char *more_en = str_format("%s. Key %s.%" PRId64 " deleted from the vault", en,
                                           json_text_or_empty(key, "id"), json_int(key, "version", 0));

                free(es);
                free(en);
                es = more_es;
                en = more_en;
                add_copies(key, &es, &en);
        }
        return es && en ? pair(es, en) : NULL;
}

/* What does not apply, or nobody knows, is said: a line left blank in a signed document could be filled in later.
 */
static int fill_blanks(json_t *data) {
        static const struct {
                const char *section, *key;
                bool unknown; /* else it does not apply */
        } blanks[] = {
                { "medium", "vendor", true },
                { "medium", "model", true },
                { "medium", "serial", true },
                { "medium", "wwn", true },
                { "medium", "source", true },
                { "medium", "owner", true },
                { NULL, "request", false },
                { NULL, "destination", true },
                { NULL, "tool", false },
                { NULL, "equipment", true },
                { NULL, "particle", false },
                { NULL, "place", true },
                { "verification", "bytes", false },
                { "verification", "seed", false },
                { "verification", "status", false },
                { NULL, "keys", false },
                { NULL, "forensic", false },
        };

        for (size_t i = 0; i < COUNT(blanks); i++) {
                json_t *section = blanks[i].section ? json_object_get(data, blanks[i].section) : data;
                const json_t *value = json_object_get(section, blanks[i].key);

                if (value && !json_is_null(value) && (!json_is_string(value) || json_string_length(value)))
                        continue;
                if (json_object_set_new(section, blanks[i].key,
                                        blanks[i].unknown ? json_string("—")
                                                          : pair("no procede", "not applicable")))
                        return ERR_FAILED;
        }
        return 0;
}

static int add_parts(json_t *data, const json_t *twin) {
        static const char *const same[] = { "number",      "issued",   "organisation", "site",      "station",
                                            "statement",   "result",   "medium",       "technique", "standard",
                                            "started",     "finished", "equipment",    "place",     "request",
                                            "destination", "policy" };
        _cleanup_free_ char *tool = str_format("%s %s", "mpsi", json_text_or_empty(twin, "tool_version"));
        _cleanup_free_ char *particle = str_format("%s mm²", json_text_or_empty(twin, "remains_mm2"));
        _cleanup_json_ json_t *unreached = unreached_part(twin);
        bool wiped = strcmp(json_text_or_empty(twin, "kind"), "sanitization") == 0;

        for (size_t i = 0; i < COUNT(same); i++)
                if (carry(data, same[i], twin, same[i]))
                        return ERR_FAILED;
        if (json_object_set_new(data, "medium", json_deep_copy(json_object_get(twin, "medium"))) ||
            carry(json_object_get(data, "medium"), "owner", json_object_get(twin, "medium"), "owner_name"))
                return ERR_FAILED;
        if (!tool || !particle || !unreached)
                return ERR_FAILED;
        if (wiped && json_object_set_new(data, "tool", json_string(tool)))
                return ERR_FAILED;
        if (json_text(twin, "remains_mm2") && json_object_set_new(data, "particle", json_string(particle)))
                return ERR_FAILED;
        if (wiped && json_object_set_new(data, "steps", steps_part(twin)))
                return ERR_FAILED;
        if (json_object_set_new(data, "method", level_name(twin)) ||
            json_object_set_new(data, "verification", verification_part(twin)) ||
            json_object_set_new(data, "validation", validation_part(twin)) ||
            json_object_set_new(data, "unreached", joined(unreached)) ||
            json_object_set_new(data, "ledger", ledger_part(twin)) ||
            json_object_set_new(data, "photos", photos_part(twin)) ||
            json_object_set_new(data, "signatures", signatures_part(twin)))
                return ERR_FAILED;
        return 0;
}

int certify_form_data(const json_t *twin, const char *digest, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s}", "digest", digest, "issued_by",
                                                json_text_or_empty(twin, "issued_by"));
        json_t *forensic = forensic_part(twin), *keys = keys_part(twin);

        if (forensic)
                (void) json_object_set_new(data, "forensic", forensic);
        if (keys)
                (void) json_object_set_new(data, "keys", keys);
        if (!data || add_parts(data, twin) < 0 || fill_blanks(data) < 0)
                return fail_memory(err);
        *ret = TAKE_PTR(data);
        return 0;
}
