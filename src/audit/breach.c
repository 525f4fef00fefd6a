/* The draft of a notification to the authority (GDPR art. 33(3)): what mpsi knows is filled in, the rest is asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/internal.h"
#include "base/file.h"
#include "base/str.h"
#include "registry/medium.h"

static const char *in(const struct act *act, const char *es, const char *en) {
        return act->lang == LANG_EN ? en : es;
}

/* Whether the data can be read by who holds the medium is what art. 34(3)(a) turns on. */
static void write_medium(const struct act *act, FILE *out, const char *id) {
        struct medium medium;

        if (medium_load(act->db, id, &medium, NULL) < 0) {
                (void) fprintf(out, "- %s\n", id);
                return;
        }
        (void) fprintf(out, "- %s: %s, %s, %s; ", id, text_in(medium_kind_terms[medium.kind].name, act->lang),
                       text_in(classification_terms[medium.classification].name, act->lang),
                       text_in(category_terms[medium.category].name, act->lang));
        if (*medium.luks_uuid)
                (void) fprintf(out, "%s (LUKS2 %s, %s %s)\n", in(act, "cifrado", "encrypted"), medium.luks_uuid,
                               in(act, "clave", "key"), medium.key_id);
        else
                (void) fprintf(out, "%s\n", in(act, "no consta que esté cifrado", "not known to be encrypted"));
        if (medium.health)
                (void) fprintf(out, "  %s\n",
                               in(act, "Contiene datos de salud (RGPD 9).", "Holds health data (GDPR 9)."));
}

static void write_draft(const struct act *act, FILE *out, const json_t *incident) {
        static const struct text asked[] = {
                { "Interesados y registros afectados, categorías y número aproximado",
                  "Data subjects and records concerned, categories and approximate number" },
                { "Delegado de protección de datos o punto de contacto",
                  "Data protection officer or contact point" },
                { "Consecuencias probables", "Likely consequences" },
                { "Medidas adoptadas o propuestas", "Measures taken or proposed" },
                { "Si se notifica después de 72 horas, motivo del retraso",
                  "If notified after 72 hours, the reason for the delay" },
        };
        const json_t *id;
        size_t i;

        (void) fprintf(out, "# %s\n\n%s: %s\n%s: %s\n%s: %s\n%s: %s\n\n## %s\n\n%s\n\n## %s\n\n",
                       in(act, "BORRADOR de notificación de violación de la seguridad (RGPD 33)",
                          "DRAFT notification of a personal data breach (GDPR 33)"),
                       in(act, "Responsable", "Controller"), act->organisation, in(act, "Incidencia", "Incident"),
                       json_text_or_empty(incident, "id"), in(act, "Constancia desde", "Aware since"),
                       json_text_or_empty(incident, "opened"), in(act, "Notificar antes de", "Notify by"),
                       json_text_or_empty(incident, "deadline"), in(act, "Naturaleza", "Nature"),
                       json_text_or_empty(incident, in(act, "what_es", "what_en")), in(act, "Soportes", "Media"));
        json_array_foreach(json_object_get(incident, "media"), i, id) {
                write_medium(act, out, json_string_value(id));
        }
        for (i = 0; i < COUNT(asked); i++)
                (void) fprintf(out, "\n## %s\n\n%s\n", text_in(asked[i], act->lang),
                               in(act, "[complete]", "[fill in]"));
}

int incident_write_draft(const struct act *act, const json_t *incident, const char *path, struct error *err) {
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        FILE *out;

        if (strcmp(json_text_or_empty(incident, "kind"), incident_kind_terms[INCIDENT_BREACH].code) != 0)
                return fail(err, ERR_CONFLICT, "La incidencia %s no es una brecha: no se notifica.",
                            "Incident %s is no breach: it is not notified.", json_text_or_empty(incident, "id"));
        out = open_memstream(&text, &n);
        if (!out)
                return fail_memory(err);
        write_draft(act, out, incident);
        if (fclose(out) != 0)
                return fail_memory(err);
        return file_write(path, text, n, 0600, err);
}
