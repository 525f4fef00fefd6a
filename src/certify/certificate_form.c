/* The twin as the form R-110-021 prints it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "certify/attachments.h"
#include "certify/certificate_parts.h"
#include "ledger/tree.h"

/* A member under another name; null is left out. */
static int carry(json_t *into, const char *key, const json_t *from, const char *name) {
        json_t *value = json_object_get(from, name);

        return value && !json_is_null(value) ? json_object_set(into, key, value) : 0;
}

/* The act that stands for a member: of many media the first, which all agree with where the form prints one. */
static const json_t *act_of(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media");

        return media ? json_array_get(media, 0) : twin;
}

static json_t *level_name(const json_t *twin) {
        const char *method = json_text_or_empty(twin, "method");

        return json_string(strcmp(method, "clear") == 0   ? "Clear"
                           : strcmp(method, "purge") == 0 ? "Purge"
                                                          : "Destroy");
}

/* All that was read back, of all media. */
static int64_t bytes_read(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media"), *one;
        int64_t bytes = media ? 0 : json_int(json_object_get(twin, "verification"), "bytes", 0);
        size_t i;

        json_array_foreach(media, i, one) {
                bytes += json_int(json_object_get(one, "verification"), "bytes", 0);
        }
        return bytes;
}

/* The device's own bytes: a word, or what a firmware command left, as it was recorded. */
static json_t *status_part(const json_t *status) {
        _cleanup_free_ char *text = NULL;

        if (json_is_string(status) && strcmp(json_string_value(status), "no-firmware-command") == 0)
                return part_pair("sin órdenes de firmware", "no firmware command");
        if (json_is_string(status))
                return json_string(json_string_value(status));
        if (!status || json_is_null(status) || json_canonical(status, &text, NULL) < 0)
                return NULL;
        return json_string(text);
}

/* How it was looked at, in words; one that this program does not know, as it is recorded. */
static json_t *verification_method(const char *kind) {
        if (strcmp(kind, "full") == 0)
                return part_pair("lectura completa", "full read-back");
        if (strcmp(kind, "header") == 0)
                return part_pair("cabecera y claves", "header and keys");
        if (strcmp(kind, "sample") == 0)
                return part_pair("muestra representativa (NIST SP 800-88 Rev. 1)",
                                 "representative sample (NIST SP 800-88 Rev. 1)");
        if (strcmp(kind, "markers") == 0)
                return part_pair("relectura de marcas escritas antes", "read-back of markers written before");
        return json_string(kind);
}

/* The last pass reads back: whoever ended the wipe verified it. */
static json_t *verifier(const json_t *twin) {
        const json_t *people = json_object_get(twin, "people");
        const char *executor = json_text_or_empty(json_object_get(people, "executor"), "name"),
                   *finisher = json_text(json_object_get(people, "finisher"), "name");
        _cleanup_free_ char *es = NULL, *en = NULL;

        if (!finisher)
                return json_string(executor);
        es = str_format("%s, que terminó lo que empezó %s", finisher, executor);
        en = str_format("%s, who ended what %s began", finisher, executor);
        return part_pair(es, en);
}

static json_t *verification_part(const json_t *twin) {
        const json_t *of = act_of(twin);
        bool destroyed = strcmp(json_text_or_empty(twin, "kind"), "destruction") == 0, many = of != twin;
        const char *kind = json_text_or_empty(json_object_get(of, "verification"), "kind");
        json_t *part = json_object(), *status = many ? NULL : status_part(json_object_get(of, "device_status"));

        if (!part)
                return NULL;
        (void) json_object_set_new(part, "method",
                                   destroyed ? part_pair("inspección de los restos", "inspection of the remains")
                                             : verification_method(kind));
        if (!destroyed)
                (void) json_object_set_new(part, "bytes", json_integer(bytes_read(twin)));
        (void) json_object_set_new(part, "result", json_string("passed"));
        (void) json_object_set_new(part, "person", verifier(twin));
        if (many && !destroyed) {
                (void) json_object_set_new(part, "seed",
                                           part_pair("por soporte, en el gemelo", "by medium, in the twin"));
                status = part_pair("por soporte, en el gemelo", "by medium, in the twin");
        } else if (strcmp(kind, "sample") == 0) {
                (void) carry(part, "seed", json_object_get(json_object_get(of, "verification"), "sampling"),
                             "seed");
        } else {
                (void) carry(part, "seed", of, "seed");
        }
        if (status)
                (void) json_object_set_new(part, "status", status);
        return part;
}

static json_t *validation_part(const json_t *twin) {
        const json_t *supervisor = json_object_get(json_object_get(twin, "people"), "supervisor");
        const json_t *validation = json_object_get(twin, "validation");

        if (validation)
                return json_pack("{s:o, s:s, s:s}", "result",
                                 part_pair("aceptada, con firma propia", "accepted, under their own signature"),
                                 "person", json_text_or_empty(validation, "name"), "time",
                                 json_text_or_empty(validation, "time"));
        return json_pack("{s:o, s:s, s:o}", "result",
                         part_pair("aceptada; vale con su firma", "accepted; valid with their signature"), "person",
                         json_text_or_empty(supervisor, "name"), "time",
                         part_pair("la de su firma", "as they signed"));
}

static json_t *forensic_part(const json_t *twin) {
        const json_t *f = json_object_get(twin, "forensic");
        _cleanup_free_ char *es = NULL, *en = NULL;
        int64_t samples, bytes, entropy;

        if (act_of(twin) != twin && !f && json_is_object(json_object_get(act_of(twin), "forensic")))
                return part_pair("superada en cada soporte; los números de cada una, en el gemelo",
                                 "passed on each medium; the figures of each are in the twin");
        if (!json_is_object(f))
                return NULL;
        if (json_text(f, "report") && !json_int(f, "fragments", 0)) {
                es = str_format("Nada es recuperable. Informe técnico, SHA-256 %s", json_text(f, "report"));
                en = str_format("Nothing can be recovered. Technical report, SHA-256 %s", json_text(f, "report"));
                return part_pair(es, en);
        }
        if (json_text(f, "report")) {
                es = str_format("%" PRId64 " fragmentos tomados al azar y examinados: nada es recuperable. Informe "
                                "técnico, SHA-256 %s",
                                json_int(f, "fragments", 0), json_text(f, "report"));
                en = str_format("%" PRId64 " fragments taken at random and examined: nothing can be recovered. "
                                "Technical report, SHA-256 %s",
                                json_int(f, "fragments", 0), json_text(f, "report"));
                return es && en ? part_pair(es, en) : NULL;
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
        return es && en ? part_pair(es, en) : NULL;
}

/* The end of the last step is the act's; of passes whose end was not kept there is none. */
static json_t *steps_part(const json_t *twin) {
        json_t *steps = json_deep_copy(json_object_get(act_of(twin), "steps"));
        size_t n = json_array_size(steps);

        for (size_t i = 0; i < n; i++) {
                json_t *step = json_array_get(steps, i);

                if (i + 1 == n || !json_text(step, "finished"))
                        (void) json_object_set_new(
                                step, "finished",
                                json_string(i + 1 == n ? json_text_or_empty(twin, "finished") : "—"));
        }
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

/* The hash of the entry and the root it is under, from the proof. Of many media: from which entry to which. */
static json_t *ledger_part(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media"), *ledger = json_object_get(act_of(twin), "ledger");
        const json_t *last = json_object_get(json_array_get(media, json_array_size(media) - 1), "ledger");
        const json_t *proof = json_object_get(ledger, "proof");
        const char *event = json_text_or_empty(proof, "event"),
                   *checkpoint = json_text_or_empty(proof, "checkpoint");
        const char *size = strchr(checkpoint, '\n'), *root = size ? strchr(size + 1, '\n') : NULL;
        uint8_t leaf[SHA256_SIZE];
        char hex[SHA256_TEXT], root_hex[SHA256_TEXT], seq[64];
        _cleanup_free_ char *root_text = root ? strndup(root + 1, strcspn(root + 1, "\n")) : NULL;
        _cleanup_free_ uint8_t *root_bytes = NULL;
        size_t root_n;

        if (!root_text || base64_decode(root_text, &root_bytes, &root_n) < 0 || root_n != SHA256_SIZE ||
            leaf_of(event, leaf) < 0)
                return NULL;
        hex_encode(root_bytes, root_n, root_hex);
        hex_encode(leaf, sizeof leaf, hex);
        (void) snprintf(seq, sizeof seq, last ? "%" PRId64 " … %" PRId64 : "%" PRId64, json_int(ledger, "seq", 0),
                        json_int(last, "seq", 0));
        return json_pack("{s:s, s:I, s:o, s:s}", "seq", seq, "size", (json_int_t) strtoll(size + 1, NULL, 10),
                         "leaf",
                         media ? part_pair("una por soporte: anexos ledger-proof-*.json",
                                           "one a medium: attachments ledger-proof-*.json")
                               : json_string(hex),
                         "root", root_hex);
}

static json_t *photos_part(const json_t *twin) {
        const json_t *photos = json_object_get(twin, "photos");
        json_t *list = json_array();

        for (size_t i = 0; list && i < json_array_size(photos); i++) {
                const json_t *photo = json_array_get(photos, i);
                bool before = strcmp(json_text_or_empty(photo, "moment"), "before") == 0;

                (void) json_array_append_new(
                        list, json_pack("{s:o, s:s, s:s}", "moment",
                                        before ? part_pair("antes", "before") : part_pair("después", "after"),
                                        "name", json_text_or_empty(photo, "name"), "sha256",
                                        json_text_or_empty(photo, "sha256")));
        }
        return list;
}

/* The twin first, with the digest that everything else hangs on. */
static json_t *attachments_part(const json_t *twin, const char *digest) {
        const json_t *list = json_object_get(twin, "attachments"), *item;
        json_t *rows = json_array();
        char name[TWIN_NAME];
        size_t i;

        certify_twin_name(json_text_or_empty(twin, "number"), name);
        if (json_array_append_new(rows, json_pack("{s:s, s:o, s:s}", "name", name, "what",
                                                  part_pair("Gemelo legible por máquina", "Machine-readable twin"),
                                                  "sha256", digest)))
                return NULL;
        json_array_foreach(list, i, item) {
                bool inside = json_flag(item, "embedded");
                const char *es = json_text_or_empty(item, "es"), *en = json_text_or_empty(item, "en");
                _cleanup_free_ char *es_text = str_format("%s%s", es, inside ? "" : " (aparte, por su tamaño)"),
                                    *en_text = str_format("%s%s", en, inside ? "" : " (kept apart for its size)");

                if (!es_text || !en_text ||
                    json_array_append_new(rows, json_pack("{s:s, s:o, s:I, s:s}", "name",
                                                          json_text_or_empty(item, "name"), "what",
                                                          part_pair(es_text, en_text), "bytes",
                                                          (json_int_t) json_int(item, "bytes", 0), "sha256",
                                                          json_text_or_empty(item, "sha256"))))
                        return NULL;
        }
        return rows;
}

static json_t *signer(const json_t *person, const char *place) {
        const char *title = json_text(person, "title");

        return json_pack("{s:s*, s:s, s:o, s:s*}", "name", json_text(person, "name"), "title",
                         str_empty(title) ? "—" : title, "date", part_pair("la de la firma", "as signed"), "place",
                         place);
}

static json_t *signatures_part(const json_t *twin) {
        const json_t *people = json_object_get(twin, "people");
        const char *place = json_text(twin, "place") ? json_text(twin, "place") : json_text(twin, "site");

        return json_pack("{s:o, s:o, s:o}", "executor", signer(json_object_get(people, "executor"), place),
                         "supervisor", signer(json_object_get(people, "supervisor"), place), "organisation",
                         json_pack("{s:s*, s:s, s:o, s:s*}", "name", json_text(twin, "organisation"), "title", "—",
                                   "date", part_pair("la de la firma", "as signed"), "place", place));
}

static json_t *unreached_part(const json_t *twin) {
        const json_t *limits = json_object_get(act_of(twin), "limits");
        json_t *list = json_array();

        if (strcmp(json_text_or_empty(twin, "kind"), "destruction") == 0) {
                (void) json_array_append_new(list, part_pair("ninguna", "none"));
                return list;
        }
        (void) json_array_append_new(list,
                                     part_pair("Ninguna de las direccionables", "None of the addressable ones"));
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
        return es && en ? part_pair(es, en) : NULL;
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
        const json_t *erase = json_object_get(act_of(twin), "keys"), *keys = json_object_get(erase, "keys");
        _cleanup_free_ char *es = NULL, *en = NULL;

        if (!json_is_object(erase))
                return NULL;
        if (act_of(twin) != twin)
                return part_pair("las de cada soporte, en el gemelo", "those of each medium, in the twin");
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
        return es && en ? part_pair(es, en) : NULL;
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
                { NULL, "provider", false },
        };

        for (size_t i = 0; i < COUNT(blanks); i++) {
                json_t *section = blanks[i].section ? json_object_get(data, blanks[i].section) : data;
                const json_t *value = json_object_get(section, blanks[i].key);

                if (!section)
                        continue; /* many media have no section of one */
                if (value && !json_is_null(value) && (!json_is_string(value) || json_string_length(value)))
                        continue;
                if (json_object_set_new(section, blanks[i].key,
                                        blanks[i].unknown ? json_string("—")
                                                          : part_pair("no procede", "not applicable")))
                        return ERR_FAILED;
        }
        return 0;
}

/* What may have nothing to say. */
static int add_optional(json_t *data, const json_t *twin) {
        static const struct {
                const char *key;
                json_t *(*part)(const json_t *twin);
        } parts[] = {
                { "forensic", forensic_part },
                { "keys", keys_part },
                { "particle", part_particle },
                { "provider", part_provider },
                { "product", part_product },
                { "supersedes", part_supersedes },
                { "not_applied", part_not_applied },
                { "time", part_time },
                { "media", part_media },
                { "batch", part_batch },
        };

        for (size_t i = 0; i < COUNT(parts); i++) {
                json_t *value = parts[i].part(twin);

                if (value && json_object_set_new(data, parts[i].key, value))
                        return ERR_FAILED;
        }
        return 0;
}

static int add_medium(json_t *data, const json_t *twin) {
        const json_t *medium = json_object_get(twin, "medium");
        json_t *copy = json_deep_copy(medium);

        if (!medium)
                return 0;
        if (json_object_set_new(data, "medium", copy) || carry(copy, "owner", medium, "owner_name"))
                return ERR_FAILED;
        return json_int(medium, "size", 0) ? 0 : json_object_set_new(copy, "size", json_string("—"));
}

static int add_parts(json_t *data, const json_t *twin, const char *digest) {
        static const char *const same[] = { "number",   "issued",    "organisation", "site",
                                            "station",  "statement", "result",       "technique",
                                            "standard", "started",   "finished",     "equipment",
                                            "place",    "request",   "destination",  "policy" };
        _cleanup_free_ char *tool = str_format("%s %s", "mpsi", json_text_or_empty(twin, "tool_version"));
        _cleanup_json_ json_t *unreached = unreached_part(twin);
        bool wiped = strcmp(json_text_or_empty(twin, "kind"), "sanitization") == 0;

        for (size_t i = 0; i < COUNT(same); i++)
                if (carry(data, same[i], twin, same[i]))
                        return ERR_FAILED;
        if (!tool || !unreached || add_medium(data, twin) || add_optional(data, twin) < 0)
                return ERR_FAILED;
        if (wiped && (json_object_set_new(data, "tool", json_string(tool)) ||
                      json_object_set_new(data, "steps", steps_part(twin))))
                return ERR_FAILED;
        if (json_object_set_new(data, "method", level_name(twin)) ||
            json_object_set_new(data, "verification", verification_part(twin)) ||
            json_object_set_new(data, "validation", validation_part(twin)) ||
            json_object_set_new(
                    data, "concurrence",
                    part_pair("con su firma, ejecutor y supervisor declaran su conformidad; quien no está "
                              "conforme no firma",
                              "by signing, executor and supervisor concur; who does not concur does not "
                              "sign")) ||
            json_object_set_new(data, "unreached", joined(unreached)) ||
            json_object_set_new(data, "ledger", ledger_part(twin)) ||
            json_object_set_new(data, "photos", photos_part(twin)) ||
            json_object_set_new(data, "attachments", attachments_part(twin, digest)) ||
            json_object_set_new(data, "signatures", signatures_part(twin)))
                return ERR_FAILED;
        return 0;
}

int certify_form_data(const json_t *twin, const char *digest, json_t **ret, struct error *err) {
        /* Older twins have the account alone. */
        const char *name = json_text(json_object_get(twin, "issuer"), "name"),
                   *by = name ? name : json_text_or_empty(twin, "issued_by");
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s}", "digest", digest, "issued_by", by);

        if (!data || add_parts(data, twin, digest) < 0 || fill_blanks(data) < 0)
                return fail_memory(err);
        *ret = TAKE_PTR(data);
        return 0;
}
