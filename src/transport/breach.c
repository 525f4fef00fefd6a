/* The draft of the notification of a loss to the authority (GDPR art. 33, T7): every datum that the AEPD's form
 * asks for, with what is on record, and what is not marked as unknown. Sent to nobody. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "print/form.h"
#include "registry/person.h"
#include "transport/internal.h"

static json_t *pair(const char *es, const char *en) {
        return json_pack("{s:s, s:s}", "es", es, "en", en);
}

static json_t *unknown(void) {
        return pair("DESCONOCIDO", "UNKNOWN");
}

struct affected {
        size_t media, health, clear; /* clear: not seen encrypted when it was packed */
        char recovered[200];         /* those that turned up since */
        json_t *list;
};

static int add_affected(struct act *act, const json_t *packed, struct affected *ret, struct error *err) {
        const bool encrypted = json_flag(packed, "encrypted");
        struct medium medium;
        char words[2][96];
        json_t *row;
        int r = medium_load(act->db, json_text(packed, "medium"), &medium, err);

        if (r < 0)
                return r;
        (void) snprintf(words[0], sizeof words[0], "LUKS2 %.40s, %lld bits", json_text_or_empty(packed, "cipher"),
                        (long long) json_int(packed, "key_bits", 0));
        (void) snprintf(words[1], sizeof words[1], "%s", words[0]);
        row = json_pack("{s:s, s:s, s:s, s:b, s:o, s:O*}", "id", medium.id, "kind",
                        medium_kind_terms[medium.kind].code, "classification",
                        classification_terms[medium.classification].code, "health", (int) medium.health,
                        "encryption",
                        encrypted ? pair(words[0], words[1])
                                  : pair("no consta que esté cifrado", "not known to be encrypted"),
                        "verified", json_object_get(packed, "verified"));
        if (json_text(packed, "recovered")) {
                size_t at = strlen(ret->recovered);
                char moment[TIME_TEXT];

                time_format_local(shipment_moment(packed, "recovered"), moment);
                (void) snprintf(ret->recovered + at, sizeof ret->recovered - at, "%s%s (%s)", at ? ", " : "",
                                medium.id, moment);
        }
        ret->media++;
        ret->health += medium.health;
        ret->clear += !encrypted;
        return json_array_append_new(ret->list, row) ? fail_memory(err) : 0;
}

/* All of a lost shipment, or what was missing from one that arrived. */
static int gather(struct act *act, const json_t *shipment, struct affected *ret, struct error *err) {
        const bool all = shipment_state_of(shipment) == SHIPMENT_LOST;
        const json_t *item;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(shipment, "media"), i,
                           item) if (r == 0 && (all || json_text(item, "recovered") ||
                                                strcmp(json_text_or_empty(item, "outcome"), "missing") == 0))
                r = add_affected(act, item, ret, err);
        if (r == 0 && ret->media == 0)
                return refuse(err, ERR_CONFLICT, "T7", "Al envío %s no le falta ningún soporte.",
                              "Shipment %s lacks no medium.", shipment_id(shipment));
        return r;
}

/* --- the fields --------------------------------------------------------------------------------------------- */

struct draft {
        struct act *act;
        const json_t *shipment;
        const struct affected *affected;
        json_t *rows;
        int64_t aware;
        bool failed;
};

static void add(struct draft *draft, const char *part_es, const char *part_en, const char *es, const char *en,
                json_t *value) {
        draft->failed |= json_array_append_new(draft->rows,
                                               json_pack("{s:o, s:o, s:o}", "part", pair(part_es, part_en), "label",
                                                         pair(es, en), "value", value ? value : unknown())) != 0;
}

static void add_parties(struct draft *draft) {
        const json_t *shipment = draft->shipment;
        const char *company = json_text(shipment, "company");
        static const char es[] = "1 · Responsable", en[] = "1 · Controller";

        add(draft, es, en, "Tipo de notificación", "Kind of notification",
            pair("inicial (RGPD 33.4)", "initial (GDPR 33.4)"));
        add(draft, es, en, "Responsable del tratamiento", "Controller", json_string(draft->act->organisation));
        add(draft, es, en, "NIF, dirección y sector", "Tax number, address and sector", NULL);
        add(draft, es, en, "Delegado de protección de datos y contacto", "Data protection officer and contact",
            NULL);
        add(draft, es, en, "Otros implicados (transportista)", "Others involved (carrier)",
            company ? json_string(company) : NULL);
        add(draft, es, en, "¿Actúa el transportista como encargado?", "Does the carrier act as processor?", NULL);
}

static void add_event(struct draft *draft) {
        static const char es[] = "2 · Brecha", en[] = "2 · Breach";
        const int64_t left = shipment_moment(draft->shipment, "dispatched");
        char dispatched[TIME_TEXT], aware[TIME_TEXT], when[2][160];
        const bool late = act_now(draft->act) > draft->aware + BREACH_NOTICE;

        time_format_local(left, dispatched);
        time_format_local(draft->aware, aware);
        (void) snprintf(when[0], sizeof when[0], "entre %s y %s", dispatched, aware);
        (void) snprintf(when[1], sizeof when[1], "between %s and %s", dispatched, aware);
        add(draft, es, en, "Fecha de detección", "Date of detection", json_string(aware));
        add(draft, es, en, "Medio de detección", "How it was detected",
            pair("cadena de custodia del envío", "the shipment's chain of custody"));
        add(draft, es, en, "Cuándo ocurrió", "When it happened", pair(when[0], when[1]));
        add(draft, es, en, "Motivo del retraso si pasan 72 h", "Reason for the delay beyond 72 h",
            late ? NULL : pair("no procede: el plazo no ha pasado", "none: the term has not passed"));
        add(draft, es, en, "Origen", "Origin", NULL);
        add(draft, es, en, "Tipo", "Type",
            pair("disponibilidad (pérdida); confidencialidad si se lee el soporte",
                 "availability (loss); confidentiality if the medium is read"));
        add(draft, es, en, "Cómo se materializó", "How it came about",
            pair("soporte perdido o robado en su transporte", "medium lost or stolen in transport"));
        add(draft, es, en, "Circunstancias", "Circumstances",
            json_text(draft->shipment, "circumstances")
                    ? json_string(json_text(draft->shipment, "circumstances"))
                    : pair("faltaban al abrir el envío", "missing when the shipment was opened"));
        add(draft, es, en, "Envío: de, a, ruta", "Shipment: from, to, route",
            json_sprintf("%s — %s — %s", json_text_or_empty(draft->shipment, "from"),
                         json_text_or_empty(draft->shipment, "to"), json_text_or_empty(draft->shipment, "route")));
}

static void add_data(struct draft *draft) {
        static const char es[] = "3 · Datos e interesados", en[] = "3 · Data and data subjects";
        const struct affected *affected = draft->affected;

        add(draft, es, en, "Categorías especiales (RGPD 9)", "Special categories (GDPR 9)",
            affected->health ? pair("datos de salud", "health data")
                             : pair("no consta que haya datos de salud", "none known on these media"));
        add(draft, es, en, "Otras categorías de datos", "Other categories of data", NULL);
        add(draft, es, en, "Número aproximado de registros", "Approximate number of records", NULL);
        add(draft, es, en, "Interesados: perfil y número", "Data subjects: profile and number", NULL);
        add(draft, es, en, "¿Hay menores o vulnerables?", "Minors or vulnerable people?", NULL);
        add(draft, es, en, "¿Era ilegible para terceros?", "Unintelligible to others (art. 34.3.a)?",
            affected->clear == 0
                    ? pair("sí: cifrado comprobado en cada soporte al embalar; la contraseña no viajaba",
                           "yes: encryption seen on each medium when packed; the passphrase did not travel")
                    : pair("no de todos: vea la tabla de soportes", "not all: see the table of media"));
}

static void add_measures(struct draft *draft) {
        static const char es[] = "4 · Consecuencias y medidas", en[] = "4 · Consequences and measures";
        const char *country = json_text(draft->shipment, "country");

        add(draft, es, en, "Consecuencias probables", "Likely consequences", NULL);
        add(draft, es, en, "Gravedad para los interesados", "Severity for data subjects", NULL);
        add(draft, es, en, "Medidas que ya había", "Measures in place before",
            pair("embalaje por niveles, precintos numerados, cadena de custodia firmada, transporte de su "
                 "categoría",
                 "layered packaging, numbered seals, a signed chain of custody, transport of its category"));
        add(draft, es, en, "Medidas tomadas después", "Measures taken since",
            pair("soportes dados por perdidos e incidencia abierta; lo demás, por completar",
                 "media marked as lost and incident opened; the rest is to be filled in"));
        add(draft, es, en, "Soportes que han aparecido después", "Media that turned up since",
            *draft->affected->recovered ? json_string(draft->affected->recovered)
                                        : pair("ninguno consta", "none on record"));
        add(draft, es, en, "¿Se comunicó a los interesados (RGPD 34)?", "Were data subjects told (GDPR 34)?", NULL);
        add(draft, es, en, "Otros países afectados", "Other countries concerned",
            country && strcmp(country, "ES") != 0 ? json_string(country) : NULL);
        add(draft, es, en, "¿Se avisó a la policía u otras autoridades?", "Were police or other authorities told?",
            NULL);
}

static int make_data(struct act *act, const json_t *shipment, const struct affected *affected, json_t **ret,
                     struct error *err) {
        const int64_t lost = shipment_moment(shipment, "lost");
        struct draft draft = {
                act, shipment, affected, json_array(), lost ? lost : shipment_moment(shipment, "confirmed"), false
        };
        char incident[INCIDENT_ID] = "", aware[TIME_TEXT], deadline[TIME_TEXT];
        struct error none;

        add_parties(&draft);
        add_event(&draft);
        add_data(&draft);
        add_measures(&draft);
        time_format(draft.aware, aware);
        time_format(draft.aware + BREACH_NOTICE, deadline);
        if (incident_open_about(act->db, shipment_id(shipment), incident, &none) < 0)
                (void) snprintf(incident, sizeof incident, "—");
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:b, s:s, s:s, s:s, s:s, s:o, s:O}", "organisation",
                         act->organisation, "site", act->site, "station", act->station, "number",
                         shipment_id(shipment), "issued", (json_int_t) act_now(act), "issued_by",
                         person_printed(act->db, act->person), "draft", 1, "aware", aware, "deadline", deadline,
                         "incident", incident, "shipment", shipment_id(shipment), "fields", draft.rows, "media",
                         affected->list);
        return *ret && !draft.failed ? 0 : fail_memory(err);
}

/* --- the files ---------------------------------------------------------------------------------------------- */

static const char *said(const struct act *act, const json_t *value) {
        const char *text = json_string_value(value);

        return text ? text : json_text_or_empty(value, act->lang == LANG_EN ? "en" : "es");
}

static int write_text(struct act *act, const json_t *data, const char *path, struct error *err) {
        _cleanup_free_ char *text = NULL;
        char deadline[TIME_TEXT];
        const char *part = "";
        const json_t *row;
        size_t n = 0, i;
        FILE *out = open_memstream(&text, &n);

        if (!out)
                return fail_memory(err);
        time_format_local(shipment_moment(data, "deadline"), deadline);
        (void) fprintf(out, "%s\n%s: %s\n%s: %s\n%s: %s\n",
                       act->lang == LANG_EN ? "DRAFT notification of a personal data breach (GDPR 33)"
                                            : "BORRADOR de notificación de violación de la seguridad (RGPD 33)",
                       act->lang == LANG_EN ? "Shipment" : "Envío", json_text_or_empty(data, "shipment"),
                       act->lang == LANG_EN ? "Incident" : "Incidencia", json_text_or_empty(data, "incident"),
                       act->lang == LANG_EN ? "Notify by" : "Notificar antes de", deadline);
        json_array_foreach(json_object_get(data, "fields"), i, row) {
                if (strcmp(part, said(act, json_object_get(row, "part"))) != 0)
                        (void) fprintf(out, "\n%s\n", part = said(act, json_object_get(row, "part")));
                (void) fprintf(out, "  %s: %s\n", said(act, json_object_get(row, "label")),
                               said(act, json_object_get(row, "value")));
        }
        (void) fprintf(out, "\n%s\n", act->lang == LANG_EN ? "Media" : "Soportes");
        json_array_foreach(json_object_get(data, "media"), i, row)(void)
                fprintf(out, "  %s: %s, %s; %s\n", json_text_or_empty(row, "id"), json_text_or_empty(row, "kind"),
                        json_text_or_empty(row, "classification"), said(act, json_object_get(row, "encryption")));
        if (fclose(out) != 0)
                return fail_memory(err);
        return act->dry_run ? 0 : file_write(path, text, n, 0600, err);
}

static int write_one(struct act *act, const json_t *data, const char *path, struct error *err) {
        _cleanup_free_ char *forms = act_path(act, NULL, "forms");
        const char *dot = strrchr(path, '.');

        if (!forms)
                return fail_memory(err);
        if (dot && strcmp(dot, ".pdf") == 0)
                return form_to_pdf(forms, "breach-notification", act->lang, data, path, err);
        if (dot && strcmp(dot, ".txt") == 0)
                return write_text(act, data, path, err);
        return fail(err, ERR_USAGE, "«%.100s» no acaba en .pdf ni en .txt.",
                    "“%.100s” ends neither in .pdf nor in .txt.", path);
}

static int run_breach(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *data = NULL, *list = json_array();
        struct affected affected = { .list = list };
        const json_t *out;
        size_t i;
        int r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);

        if (r == 0)
                r = transport_judge_act(shipment_id(shipment), shipment_state_of(shipment), SHIP_BREACH, err);
        if (r == 0)
                r = gather(act, shipment, &affected, err);
        if (r == 0)
                r = make_data(act, shipment, &affected, &data, err);
        json_array_foreach(json_object_get(args, "out"), i, out) if (r == 0)
                r = write_one(act, data, json_string_value(out), err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(data);
        return 0;
}

static const struct param breach_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        { "out", PARAM_OUTPUT, PARAM_REPEATED,
          HELP("fichero .pdf o .txt; puede repetirse", "file .pdf or .txt; may be repeated"), 0, 0, NULL, 0 },
};
static const struct column breach_columns[] = {
        { "shipment", HELP("ENVÍO", "SHIPMENT") },
        { "incident", HELP("INCIDENCIA", "INCIDENT") },
        { "aware", HELP("CONSTANCIA DESDE", "AWARE SINCE") },
        { "deadline", HELP("NOTIFICAR ANTES DE", "NOTIFY BY") },
};

static const struct verb breach_verbs[] = {
        { "ship", "breach", ROLE_OWNER | ROLE_CUSTODIAN | ROLE_SECURITY, VERB_READS,
          HELP("Borrador de la notificación de una pérdida a la autoridad (T7, RGPD 33)",
               "Draft of the notification of a loss to the authority (T7, GDPR 33)"),
          PARAMS(breach_params), COLUMNS(breach_columns), .run = run_breach },
};

const struct room shipment_breach_room = { .verbs = breach_verbs, .verbs_n = COUNT(breach_verbs) };
