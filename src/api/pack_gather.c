/* What goes into a pack is what the verbs answer and write: nothing is said here that they would not say. */
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "act/report.h"
#include "api/pack_parts.h"
#include "api/verbs.h"
#include "base/file.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "registry/medium.h"
#include "registry/station.h"

const struct pack_part_row pack_part_rows[PACK_PARTS] = {
        [PACK_SHIPMENTS] = { "R-110-019", { "Envíos de soportes", "Shipments of media" }, "mp.si.4" },
        [PACK_REQUESTS] = { "R-110-020", { "Solicitudes de destrucción", "Destruction requests" }, "mp.si.5" },
        [PACK_CERTIFICATES] = { "R-110-021",
                                { "Certificados de borrado y destrucción, con gemelo y prueba",
                                  "Certificates of erasure and destruction, with twin and proof" },
                                "mp.si.5" },
        [PACK_INVENTORY] = { "R-110-022", { "Inventario de soportes", "Inventory of media" }, "mp.si.1 mp.si.3" },
        [PACK_ACCESSES] = { "R-110-023",
                            { "Registro de accesos a custodia", "Custody access register" },
                            "mp.si.3 op.acc.3" },
        [PACK_AUDITS] = { "R-110-024",
                          { "Auditorías de soportes", "Media audits" },
                          "mp.si.1 mp.si.2 mp.si.3 mp.si.4 mp.si.5" },
        [PACK_KPI] = { "kpi",
                       { "Indicadores y métricas", "Indicators and metrics" },
                       "mp.si.1 mp.si.2 mp.si.3 mp.si.4 mp.si.5 op.mon.2" },
        [PACK_FINDINGS] = { "findings",
                            { "Hallazgos de auditoría y su seguimiento", "Audit findings and what became of them" },
                            "mp.si.1 mp.si.2 mp.si.3 mp.si.4 mp.si.5" },
        [PACK_INCIDENTS] = { "incidents", { "Incidencias", "Incidents" }, "op.exp.7 mp.si.4" },
        [PACK_TRAINING] = { "training",
                            { "Personas, roles y formación", "People, roles and training" },
                            "mp.per.4 op.acc.3" },
        [PACK_KEYS] = { "keys",
                        { "Claves de cifrado: estado y rotación", "Encryption keys: state and rotation" },
                        "mp.si.2 op.exp.10" },
        [PACK_PROVIDERS] = { "providers", { "Proveedores de destrucción", "Destruction providers" }, "mp.si.5" },
        [PACK_BASELINE] = { "configuration",
                            { "Configuración de referencia y desvíos", "Configuration baseline and drift" },
                            "op.exp.2" },
        [PACK_LEDGER] = { "ledger",
                          { "Punto de control del libro y prueba de este paquete",
                            "Checkpoint of the ledger and proof of this pack" },
                          "op.exp.8" },
        [PACK_TRUST] = { "certificates", { "Certificados públicos", "Public certificates" }, "op.exp.8 mp.info.3" },
};

char *pack_path(struct pack *pack, enum pack_part part, const char *name) {
        _cleanup_free_ char *folder = str_format("%s/%s", pack->folder, pack_part_rows[part].folder);
        _cleanup_free_ char *shown = str_format("%s/%s", pack_part_rows[part].folder, name);

        if (!folder || !shown || dir_make(folder, 0750, NULL) < 0 ||
            json_array_append_new(pack->files, json_pack("{s:s, s:i}", "path", shown, "part", (int) part)))
                return NULL;
        return str_format("%s/%s", folder, name);
}

int pack_write(struct pack *pack, const char *name, const char *text, size_t n, struct error *err) {
        _cleanup_free_ char *path = str_format("%s/%s", pack->folder, name);

        if (!path || json_array_append_new(pack->files, json_pack("{s:s, s:i}", "path", name, "part", -1)))
                return fail_memory(err);
        return file_write(path, text, n, 0640, err);
}

/* --- other verbs -----------------------------------------------------------------------------------------------
 */

/* Calls a verb in this act, for whoever makes the pack; what it says to people is not the pack's. Takes `args`
 * over.
 */
static int call(struct pack *pack, const struct verb *verb, json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *given = args, *checked = NULL;
        struct act *act = pack->act;
        const struct verb *outer = act->verb;
        json_t *said = act->said;
        int r = given ? args_check(verb, given, act->db, &checked, err) : fail_memory(err);

        if (r < 0)
                return r;
        act->said = NULL;
        act->verb = verb;
        r = verb->run(act, checked, ret, err);
        json_decref(act->said);
        act->said = said;
        act->verb = outer;
        return r;
}

static int call_named(struct pack *pack, const char *noun, const char *name, json_t *args, json_t **ret,
                      struct error *err) {
        const struct verb *verb = verb_find(noun, name);

        if (verb)
                return call(pack, verb, args, ret, err);
        json_decref(args);
        return fail(err, ERR_NOT_FOUND, "Esta versión no tiene «%s %s».", "This version has no “%s %s”.", noun,
                    name);
}

static int miss(struct pack *pack, enum pack_part part, const struct error *why, struct error *err) {
        return json_array_append_new(pack->missing, json_pack("{s:i, s:s, s:s}", "part", (int) part, "es",
                                                              why->what[LANG_ES], "en", why->what[LANG_EN]))
                       ? fail_memory(err)
                       : 0;
}

/* --- answers as files ------------------------------------------------------------------------------------------
 */

static void csv_text(FILE *out, const char *text) {
        /* A spreadsheet would take it for a formula. */
        bool formula = *text && strchr("=+@-\t\r", *text);

        (void) fputs(formula ? "\"'" : "\"", out);
        for (; *text; text++) {
                if (*text == '"')
                        (void) fputc('"', out);
                (void) fputc(*text, out);
        }
        (void) fputc('"', out);
}

static void csv_value(FILE *out, const json_t *value) {
        _cleanup_free_ char *text = NULL;

        if (json_is_string(value)) {
                csv_text(out, json_string_value(value));
                return;
        }
        if (json_is_integer(value)) {
                (void) fprintf(out, "\"%lld\"", (long long) json_integer_value(value));
                return;
        }
        if (value && !json_is_null(value))
                text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        csv_text(out, text ? text : "");
}

/* The answer's rows (or the answer itself) in the columns of the verb. */
static int write_csv(const struct verb *verb, const json_t *answer, enum lang lang, const char *path,
                     struct error *err) {
        const json_t *rows = json_object_get(answer, "rows"), *row;
        _cleanup_free_ char *text = NULL;
        size_t n = 0, i;
        FILE *out = open_memstream(&text, &n);

        if (!out)
                return fail_memory(err);
        for (size_t c = 0; c < verb->columns_n; c++) {
                if (c)
                        (void) fputc(',', out);
                csv_text(out, column_title(&verb->columns[c], lang));
        }
        (void) fputs("\r\n", out);
        json_array_foreach(rows, i, row) {
                for (size_t c = 0; c < verb->columns_n; c++) {
                        if (c)
                                (void) fputc(',', out);
                        csv_value(out, json_object_get(row, verb->columns[c].key));
                }
                (void) fputs("\r\n", out);
        }
        if (fclose(out) != 0)
                return fail_memory(err);
        return file_write(path, text, n, 0640, err);
}

/* Every verb's answer is JSON; what has rows is a table too. */
static int write_answer(struct pack *pack, enum pack_part part, const struct verb *verb, const char *name,
                        const json_t *answer, struct error *err) {
        _cleanup_free_ char *json = str_format("%s.json", name), *csv = str_format("%s.csv", name), *path = NULL;
        _cleanup_free_ char *table = NULL, *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
        int r;

        path = json && csv ? pack_path(pack, part, json) : NULL;
        r = path && text ? file_write(path, text, strlen(text), 0640, err) : fail_memory(err);
        if (r < 0 || !json_is_array(json_object_get(answer, "rows")))
                return r;
        table = pack_path(pack, part, csv);
        return table ? write_csv(verb, answer, pack->act->lang, table, err) : fail_memory(err);
}

/* A list as the verb gives it. What fails is said to be missing, where others' work is not the pack's to require.
 */
static int list_part(struct pack *pack, enum pack_part part, const char *noun, const char *name, json_t *args,
                     const char *file, struct error *err) {
        _cleanup_json_ json_t *answer = NULL;
        const struct verb *verb = verb_find(noun, name);
        struct error why = { 0 };
        int r = call_named(pack, noun, name, args, &answer, &why);

        if (r == 0)
                return write_answer(pack, part, verb, file, answer, err);
        return miss(pack, part, &why, err);
}

/* --- forms -----------------------------------------------------------------------------------------------------
 */

/* The form's parameters pdf, csv and data, as NAME.pdf, NAME.csv and NAME.json. Takes `args` over. */
static int form_part(struct pack *pack, enum pack_part part, const char *form, const char *name, json_t *args,
                     struct error *err) {
        static const char *const formats[][2] = { { "pdf", "pdf" }, { "csv", "csv" }, { "data", "json" } };
        _cleanup_json_ json_t *given = args, *answer = NULL;

        for (size_t i = 0; given && i < COUNT(formats); i++) {
                _cleanup_free_ char *file = str_format("%s.%s", name, formats[i][1]);
                _cleanup_free_ char *path = file ? pack_path(pack, part, file) : NULL;

                if (!path || json_object_set_new(given, formats[i][0], json_string(path)))
                        return fail_memory(err);
        }
        return call_named(pack, "report", form, TAKE_PTR(given), &answer, err);
}

static bool in_period(const struct pack *pack, const char *moment) {
        return !str_empty(moment) && strcmp(moment, pack->since) >= 0 && strcmp(moment, pack->until) < 0;
}

static int of_category(struct pack *pack, const char *medium, bool *ret, struct error *err) {
        struct medium m;
        int r;

        *ret = true;
        if (!pack->category || str_empty(medium))
                return 0;
        r = medium_load(pack->act->db, medium, &m, err);
        *ret = r == 0 && strcmp(category_terms[m.category].code, pack->category) == 0;
        return r;
}

static int rows_of(struct pack *pack, const char *noun, const char *name, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *answer = NULL;
        int r = call_named(pack, noun, name, json_object(), &answer, err);

        if (r == 0)
                *ret = json_incref(json_object_get(answer, "rows"));
        return r;
}

static int shipment_part(struct pack *pack, const json_t *row, struct error *err) {
        const char *id = json_text_or_empty(row, "shipment");
        _cleanup_free_ char *pdf = str_format("%s.pdf", id), *csv = str_format("%s.csv", id),
                            *json = str_format("%s.json", id);
        _cleanup_free_ char *a = pdf ? pack_path(pack, PACK_SHIPMENTS, pdf) : NULL,
                            *b = csv ? pack_path(pack, PACK_SHIPMENTS, csv) : NULL,
                            *c = json ? pack_path(pack, PACK_SHIPMENTS, json) : NULL;
        _cleanup_json_ json_t *answer = NULL;

        if (!a || !b || !c)
                return fail_memory(err);
        return call_named(pack, "report", "R-110-019",
                          json_pack("{s:s, s:s, s:s, s:s}", "shipment", id, "pdf", a, "csv", b, "data", c), &answer,
                          err);
}

static int gather_shipments(struct pack *pack, struct error *err) {
        _cleanup_json_ json_t *rows = NULL;
        const json_t *row, *medium;
        size_t i, k;
        int r = rows_of(pack, "ship", "list", &rows, err);

        json_array_foreach(rows, i, row) {
                bool mine = !pack->category;

                json_array_foreach(json_object_get(row, "media"), k, medium) {
                        if (r == 0 && !mine)
                                r = of_category(pack, json_text(medium, "medium"), &mine, err);
                }
                if (r == 0 && mine && in_period(pack, json_text(row, "dispatched")))
                        r = shipment_part(pack, row, err);
                if (r < 0)
                        return r;
        }
        return r;
}

/* Of a batch, one form has them all. */
static int gather_requests(struct pack *pack, struct error *err) {
        _cleanup_json_ json_t *rows = NULL;
        const json_t *row;
        size_t i;
        int r = rows_of(pack, "destroy", "list", &rows, err);

        json_array_foreach(rows, i, row) {
                const char *id = json_text_or_empty(row, "destruction"), *batch = json_text(row, "batch");
                bool mine = false;

                if (r == 0)
                        r = of_category(pack, json_text(row, "medium"), &mine, err);
                if (r == 0 && mine && in_period(pack, json_text(row, "requested")) &&
                    (!batch || strcmp(batch, id) == 0))
                        r = form_part(pack, PACK_REQUESTS, "R-110-020", id, json_pack("{s:s}", "destruction", id),
                                      err);
                if (r < 0)
                        return r;
        }
        return r;
}

static int certificate_part(struct pack *pack, const json_t *row, struct error *err) {
        const char *number = json_text_or_empty(row, "number");
        _cleanup_free_ char *pdf = str_format("%s.pdf", number), *csv = str_format("%s.csv", number),
                            *json = str_format("%s.json", number);
        _cleanup_free_ char *a = pdf ? pack_path(pack, PACK_CERTIFICATES, pdf) : NULL,
                            *b = csv ? pack_path(pack, PACK_CERTIFICATES, csv) : NULL,
                            *c = json ? pack_path(pack, PACK_CERTIFICATES, json) : NULL;
        _cleanup_json_ json_t *answer = NULL;
        int r;

        if (!a || !b || !c)
                return fail_memory(err);
        r = call_named(pack, "certificate", "export",
                       json_pack("{s:s, s:s, s:s, s:s}", "certificate", number, "out", a, "csv", b, "twin", c),
                       &answer, err);
        return r < 0 ? r : pack_note_signatures(pack, a, pdf, answer, err);
}

static int gather_certificates(struct pack *pack, struct error *err) {
        _cleanup_json_ json_t *rows = NULL;
        const json_t *row;
        size_t i;
        int r = rows_of(pack, "certificate", "list", &rows, err);

        json_array_foreach(rows, i, row) {
                bool mine = false;

                if (r == 0)
                        r = of_category(pack, json_text(row, "medium"), &mine, err);
                if (r == 0 && mine && in_period(pack, json_text(row, "issued")))
                        r = certificate_part(pack, row, err);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : list_part(pack, PACK_CERTIFICATES, "certificate", "list", json_object(), "list", err);
}

static int gather_audits(struct pack *pack, struct error *err) {
        _cleanup_json_ json_t *rows = NULL;
        const json_t *row;
        size_t i;
        int r = rows_of(pack, "audit", "list", &rows, err);

        json_array_foreach(rows, i, row) {
                const char *id = json_text_or_empty(row, "audit");
                bool mine = !pack->category || strcmp(json_text_or_empty(row, "category"), pack->category) == 0;

                if (r == 0 && mine && (in_period(pack, json_text(row, "closed")) || !json_text(row, "closed")))
                        r = form_part(pack, PACK_AUDITS, "R-110-024", id, json_pack("{s:s}", "audit", id), err);
                if (r < 0)
                        return r;
        }
        if (r == 0)
                r = list_part(pack, PACK_AUDITS, "audit", "calendar", json_object(), "calendar", err);
        return r < 0 ? r
                     : list_part(pack, PACK_FINDINGS, "audit", "findings", json_pack("{s:b}", "all", 1), "findings",
                                 err);
}

/* What a verb that failed had already written is no part of the pack. */
static void forget_since(struct pack *pack, size_t before) {
        while (json_array_size(pack->files) > before) {
                const size_t last = json_array_size(pack->files) - 1;
                _cleanup_free_ char *path = str_format("%s/%s", pack->folder,
                                                       json_text(json_array_get(pack->files, last), "path"));

                if (path)
                        (void) unlink(path);
                (void) json_array_remove(pack->files, last);
        }
}

/* As a report with its charts, and as figures. A period that the figures refuse is no reason to have no pack. */
static int report_part(struct pack *pack, enum pack_part part, const char *noun, const char *name, const char *file,
                       json_t *args, struct error *err) {
        const struct verb *verb = verb_find(noun, name);
        _cleanup_json_ json_t *given = args, *answer = NULL;
        _cleanup_free_ char *pdf = str_format("%s.pdf", file), *path = NULL;
        struct error why = { 0 };
        const size_t before = json_array_size(pack->files);
        int r;

        path = pdf ? pack_path(pack, part, pdf) : NULL;
        if (!given || !path || json_object_set_new(given, "pdf", json_string(path)))
                return fail_memory(err);
        r = call_named(pack, noun, name, TAKE_PTR(given), &answer, &why);
        if (r == 0)
                return write_answer(pack, part, verb, file, answer, err);
        forget_since(pack, before);
        return miss(pack, part, &why, err);
}

static int gather_figures(struct pack *pack, struct error *err) {
        int r = report_part(
                pack, PACK_KPI, "report", "kpi", "kpi",
                json_pack("{s:s, s:s, s:s*}", "from", pack->from, "to", pack->to, "category", pack->category), err);

        if (r == 0)
                r = report_part(pack, PACK_KPI, "report", "metrics", "metrics",
                                json_pack("{s:s, s:s}", "from", pack->from, "to", pack->to), err);
        return r < 0 ? r : report_part(pack, PACK_TRAINING, "person", "training", "training", json_object(), err);
}

/* --- the ledger and whom to trust ------------------------------------------------------------------------------
 */

int pack_gather_ledger(struct pack *pack, struct error *err) {
        _cleanup_free_ char *checkpoint = pack_path(pack, PACK_LEDGER, "checkpoint.txt"),
                            *proof = pack_path(pack, PACK_LEDGER, "proof.json");
        _cleanup_json_ json_t *first = NULL, *second = NULL;
        int r;

        if (!checkpoint || !proof)
                return fail_memory(err);
        r = call_named(pack, "ledger", "checkpoint", json_pack("{s:s}", "out", checkpoint), &first, err);
        return r < 0 ? r
                     : call_named(pack, "ledger", "prove",
                                  json_pack("{s:I, s:s}", "seq", (json_int_t) pack->started, "out", proof), &second,
                                  err);
}

static int gather_trust(struct pack *pack, struct error *err) {
        struct station station;
        int r = station_load(pack->act->db, &station, err);
        const struct {
                const char *name, *pem;
        } certificates[] = { { "organisation.pem", station.ca_certificate },
                             { "seal.pem", station.seal_certificate },
                             { "station.pem", station.certificate } };

        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < COUNT(certificates); i++) {
                _cleanup_free_ char *path = pack_path(pack, PACK_TRUST, certificates[i].name);

                r = path ? file_write(path, certificates[i].pem, strlen(certificates[i].pem), 0640, err)
                         : fail_memory(err);
        }
        station_done(&station);
        return r;
}

static int gather_registers(struct pack *pack, struct error *err) {
        json_t *args = json_pack("{s:b, s:s*}", "all", 1, "category", pack->category);
        int r = form_part(pack, PACK_INVENTORY, "R-110-022", "inventory", args, err);

        if (r == 0)
                r = form_part(pack, PACK_ACCESSES, "R-110-023", "accesses",
                              json_pack("{s:s, s:s}", "from", pack->from, "to", pack->to), err);
        if (r == 0)
                r = list_part(pack, PACK_INCIDENTS, "incident", "list", json_object(), "incidents", err);
        if (r == 0)
                r = list_part(pack, PACK_TRAINING, "person", "list", json_object(), "people", err);
        if (r == 0)
                r = list_part(pack, PACK_KEYS, "key", "status", json_object(), "status", err);
        if (r == 0)
                r = list_part(pack, PACK_PROVIDERS, "provider", "list", json_object(), "providers", err);
        if (r == 0)
                r = list_part(pack, PACK_BASELINE, "baseline", "show", json_object(), "baseline", err);
        return r;
}

int pack_gather(struct pack *pack, struct error *err) {
        int r = gather_shipments(pack, err);

        if (r == 0)
                r = gather_requests(pack, err);
        if (r == 0)
                r = gather_certificates(pack, err);
        if (r == 0)
                r = gather_audits(pack, err);
        if (r == 0)
                r = gather_registers(pack, err);
        if (r == 0)
                r = gather_figures(pack, err);
        return r < 0 ? r : gather_trust(pack, err);
}
