#include "certify/certificate_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/provider.h"
#include "sanitize/timing.h"

json_t *part_pair(const char *es, const char *en) {
        return es && en ? json_pack("{s:s, s:s}", "es", es, "en", en) : NULL;
}

json_t *part_particle(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media");
        const json_t *of = media ? json_array_get(media, 0) : twin, *level = json_object_get(of, "iso21964");
        const char *area = json_text(of, "remains_mm2"), *class = json_text_or_empty(level, "class");
        bool confirmed = json_flag(level, "confirmed");
        _cleanup_free_ char *es = NULL, *en = NULL;

        if (!area)
                return NULL;
        if (!level)
                return json_string(area);
        es = str_format("≤ %s mm² (límite %s) · ISO/IEC 21964 %s-%" PRId64 ", exigido %s-%" PRId64 "%s", area,
                        json_text_or_empty(level, "limit_mm2"), class, json_int(level, "level", 0), class,
                        json_int(level, "demanded", 0), confirmed ? "" : " (tabla sin confirmar)");
        en = str_format("≤ %s mm² (limit %s) · ISO/IEC 21964 %s-%" PRId64 ", demanded %s-%" PRId64 "%s", area,
                        json_text_or_empty(level, "limit_mm2"), class, json_int(level, "level", 0), class,
                        json_int(level, "demanded", 0), confirmed ? "" : " (table unconfirmed)");
        return part_pair(es, en);
}

/* "Destrucsa S.L. (B12345678): ISO/IEC 27001 …-123 until 2027-01-31; …" */
json_t *part_provider(const json_t *twin) {
        const json_t *provider = json_object_get(twin, "provider"), *paper;
        const json_t *papers = json_object_get(provider, "papers");
        _cleanup_free_ char *es = NULL, *en = NULL;
        size_t i;

        if (!provider)
                return NULL;
        es = str_format("%s (NIF %s)", json_text_or_empty(provider, "full_name"),
                        json_text_or_empty(provider, "tax_id"));
        en = str_format("%s (tax no. %s)", json_text_or_empty(provider, "full_name"),
                        json_text_or_empty(provider, "tax_id"));
        json_array_foreach(papers, i, paper) {
                int kind = term_parse(provider_paper_terms, PAPERS, json_text_or_empty(paper, "kind"));
                char *more_es, *more_en;

                if (kind < 0 || !es || !en)
                        continue;
                more_es = str_format("%s; %s %s, hasta %s", es, provider_paper_terms[kind].name.es,
                                     json_text_or_empty(paper, "reference"), json_text_or_empty(paper, "expires"));
                more_en = str_format("%s; %s %s, until %s", en, provider_paper_terms[kind].name.en,
                                     json_text_or_empty(paper, "reference"), json_text_or_empty(paper, "expires"));
                free(es);
                free(en);
                es = more_es;
                en = more_en;
        }
        return part_pair(es, en);
}

json_t *part_product(const json_t *twin) {
        _cleanup_free_ char *es = NULL, *en = NULL;

        if (json_text(twin, "product")) {
                es = str_format("%s, catálogo: %s (según el emisor)", json_text(twin, "product"),
                                json_text_or_empty(twin, "catalogue"));
                en = str_format("%s, catalogue: %s (as the issuer states)", json_text(twin, "product"),
                                json_text_or_empty(twin, "catalogue"));
                return part_pair(es, en);
        }
        if (json_text(twin, "exception")) {
                es = str_format("ninguno; excepción justificada: %s", json_text(twin, "exception"));
                en = str_format("none; justified exception: %s", json_text(twin, "exception"));
                return part_pair(es, en);
        }
        return part_pair("no consta ninguno (mpsi no es un producto certificado)",
                         "none on record (mpsi is not a certified product)");
}

json_t *part_supersedes(const json_t *twin) {
        const json_t *old = json_object_get(twin, "supersedes");
        _cleanup_free_ char *es = NULL, *en = NULL;

        if (!old)
                return NULL;
        es = str_format(
                "Sustituye al certificado %s, emitido el %.10s, que deja de valer. Motivo: %s. SHA-256 de su "
                "gemelo: %s",
                json_text_or_empty(old, "number"), json_text_or_empty(old, "issued"),
                json_text_or_empty(old, "reason"), json_text_or_empty(old, "twin"));
        en = str_format(
                "Supersedes certificate %s, issued on %.10s, which is no longer valid. Reason: %s. SHA-256 of "
                "its twin: %s",
                json_text_or_empty(old, "number"), json_text_or_empty(old, "issued"),
                json_text_or_empty(old, "reason"), json_text_or_empty(old, "twin"));
        return part_pair(es, en);
}

/* Without any command of the device's own: the keys of all that it held were destroyed. */
static bool purged_by_key(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media");

        return strcmp(json_text_or_empty(media ? json_array_get(media, 0) : twin, "device_status"),
                      "no-firmware-command") == 0;
}

static json_t *standards_not_applied(const json_t *twin) {
        const char *method = json_text_or_empty(twin, "method"), *standard = json_text_or_empty(twin, "standard");

        if (strcmp(json_text_or_empty(twin, "kind"), "destruction") == 0)
                return part_pair(
                        "NSA/CSS EPL (no se exige equipo listado). El tamaño lo midió quien ejecutó, sin "
                        "laboratorio acreditado.",
                        "NSA/CSS EPL (no listed equipment is demanded). The size was measured by the executor, "
                        "not by an accredited laboratory.");
        if (strcmp(method, "purge") == 0 && purged_by_key(twin))
                return part_pair(
                        "IEEE 2883: no aplicado. El nivel Purge es el de la destrucción de la clave (NIST SP "
                        "800-88 "
                        "Rev. 1, 2.6); la sobrescritura no lo da, y DoD 5220.22-M es norma de la casa, hoy un "
                        "Clear.",
                        "IEEE 2883: not applied. Purge is the level of the key's destruction (NIST SP 800-88 Rev. "
                        "1, "
                        "2.6); overwriting does not give it, and DoD 5220.22-M is a house rule, today a Clear.");
        if (strcmp(method, "purge") == 0)
                return part_pair(
                        "La orden la cumplió el propio dispositivo; su informe no lo comprobó un laboratorio.",
                        "The device itself carried out the command; no laboratory checked its report.");
        return strstr(standard, "DoD")
                       ? part_pair(
                                 "Purge de NIST SP 800-88 e IEEE 2883: no aplicados. DoD 5220.22-M es norma de la "
                                 "casa, hoy un Clear.",
                                 "Purge of NIST SP 800-88 and IEEE 2883: not applied. DoD 5220.22-M is a house "
                                 "rule, today a Clear.")
                       : part_pair("Purge de NIST SP 800-88 e IEEE 2883: no aplicados.",
                                   "Purge of NIST SP 800-88 and IEEE 2883: not applied.");
}

/* The medium whose clock was changed most, in seconds; also of an act whose end is before its start without anybody
 * having noticed. */
static int64_t clock_jump(const json_t *act) {
        const char *started = json_text_or_empty(act, "started"), *finished = json_text_or_empty(act, "finished");
        int64_t jump = json_int(json_object_get(act, "clock"), "jump_seconds", 0), from, to;

        if (!jump && time_parse(started, &from) == 0 && time_parse(finished, &to) == 0 && to < from)
                return (to - from) / SECOND;
        return jump;
}

json_t *part_not_applied(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media"), *one;
        json_t *said = standards_not_applied(twin);
        _cleanup_free_ char *es = NULL, *en = NULL;
        int64_t jump = clock_jump(twin);
        char text[TIMING_TEXT];
        size_t i;

        json_array_foreach(media, i, one) {
                if (llabs(clock_jump(one)) > llabs(jump))
                        jump = clock_jump(one);
        }
        if (!said || !jump)
                return said;
        timing_text(jump, text);
        es = str_format("%s El reloj del puesto cambió durante el acto (%s): las horas de inicio y fin son las que "
                        "marcaba.",
                        json_text_or_empty(said, "es"), text);
        en = str_format(
                "%s The station's clock was changed during the act (%s): its start and end are what it said.",
                json_text_or_empty(said, "en"), text);
        json_decref(said);
        return part_pair(es, en);
}

json_t *part_time(const json_t *twin) {
        return json_flag(twin, "time_stamping")
                       ? part_pair(
                                 "autoridad RFC 3161 configurada: cada firma lleva su sello, o el registro dice "
                                 "por "
                                 "qué no",
                                 "RFC 3161 authority configured: each signature has its stamp, or the record says "
                                 "why not")
                       : part_pair("sin autoridad de sellado: la hora de cada firma es la del puesto",
                                   "no time-stamping authority: the time of each signature is the station's");
}

json_t *part_media(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media"), *one;
        json_t *rows = media ? json_array() : NULL;
        size_t i;

        json_array_foreach(media, i, one) {
                json_t *row = json_deep_copy(json_object_get(one, "medium"));

                if (!row || json_array_append_new(rows, row) ||
                    json_object_set_new(row, "seq",
                                        json_integer(json_int(json_object_get(one, "ledger"), "seq", 0))) ||
                    json_object_set(row, "source", json_object_get(one, "source"))) {
                        json_decref(rows);
                        return NULL;
                }
                if (!json_int(row, "size", 0))
                        (void) json_object_set_new(row, "size", json_string("—"));
                for (size_t k = 0; k < 3; k++) {
                        static const char *const keys[] = { "vendor", "model", "serial" };

                        if (str_empty(json_text(row, keys[k])))
                                (void) json_object_set_new(row, keys[k], json_string("—"));
                }
        }
        return rows;
}

/* Whose the media are, at most four of them by name. */
static char *owners_of(const json_t *media) {
        _cleanup_json_ json_t *seen = json_object();
        char *text = strdup("");
        const json_t *one;
        size_t i;

        json_array_foreach(media, i, one) {
                const json_t *medium = json_object_get(one, "medium");
                const char *name = json_text(medium, "owner_name") ? json_text(medium, "owner_name")
                                                                   : json_text_or_empty(medium, "owner");
                char *more;

                if (!text || json_object_get(seen, name) || json_object_size(seen) >= 5)
                        continue;
                (void) json_object_set_new(seen, name, json_true());
                more = json_object_size(seen) == 5 ? str_format("%s; …", text)
                                                   : str_format("%s%s%s", text, *text ? "; " : "", name);
                free(text);
                text = more;
        }
        return text;
}

json_t *part_batch(const json_t *twin) {
        const json_t *media = json_object_get(twin, "media"), *one;
        _cleanup_free_ char *owners = owners_of(media);
        int64_t bytes = 0;
        size_t i;

        if (!media || !owners)
                return NULL;
        json_array_foreach(media, i, one) {
                bytes += json_int(json_object_get(one, "medium"), "size", 0);
        }
        return json_pack(
                "{s:I, s:I, s:s, s:O, s:O}", "count", (json_int_t) json_array_size(media), "bytes",
                (json_int_t) bytes, "owners", owners, "after",
                json_object_get(json_object_get(json_array_get(media, 0), "medium"), "classification_after"),
                "source", json_object_get(json_array_get(media, 0), "source"));
}
