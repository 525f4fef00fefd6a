#include "api/import.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/verbs.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/str.h"
#include "registry/registry.h"

enum { IMPORT_BYTES_MAX = 64 << 20, IMPORT_ROWS_MAX = 200000, PROBLEMS_SHOWN = 50 };

/* A column's headings, as an inventory may name it in either language. */
static const struct {
        const char *param;
        const char *headings[4];
} headings[] = {
        { "kind", { "kind", "tipo", "tipo de soporte" } },
        { "classification", { "classification", "clasificación", "clasificacion", "nivel" } },
        { "category", { "category", "categoría", "categoria", "categoría ens" } },
        { "owner", { "owner", "propietario" } },
        { "expires", { "expires", "caducidad", "fecha de caducidad" } },
        { "retention", { "retention", "conservación", "conservacion", "días de conservación" } },
        { "health", { "health", "datos de salud", "salud" } },
        { "serial", { "serial", "serie", "número de serie", "nº de serie" } },
        { "model", { "model", "modelo" } },
        { "epc", { "epc" } },
        { "tamper", { "tamper", "precinto" } },
        { "note", { "note", "nota", "observaciones" } },
};

static const char *param_of_heading(const char *heading) {
        for (size_t i = 0; i < COUNT(headings); i++)
                for (size_t h = 0; h < COUNT(headings[i].headings) && headings[i].headings[h]; h++)
                        if (strcasecmp(headings[i].headings[h], heading) == 0)
                                return headings[i].param;
        return NULL;
}

static int map_columns(const struct csv *csv, const char *ret[CSV_COLUMNS_MAX], struct error *err) {
        for (size_t c = 0; c < csv->columns; c++) {
                const char *heading = csv_cell(csv, 0, c);

                ret[c] = param_of_heading(heading);
                if (!ret[c]) {
                        (void) fail(err, ERR_USAGE, "Columna desconocida: «%.40s».", "Unknown column: “%.40s”.",
                                    heading);
                        return hint(err,
                                    "Valen: tipo, clasificación, categoría, propietario, caducidad, conservación, "
                                    "salud, serie, "
                                    "modelo, epc, precinto, nota.",
                                    "These will do: kind, classification, category, owner, expires, retention, "
                                    "health, serial, model, "
                                    "epc, tamper, note.");
                }
                for (size_t other = 0; other < c; other++)
                        if (ret[other] == ret[c])
                                return fail(err, ERR_USAGE, "La columna «%.40s» está dos veces.",
                                            "Column “%.40s” is there twice.", heading);
        }
        return 0;
}

/* 31/12/2030 as 2030-12-31; anything else as it is. */
static void iso_date(const char *text, char out[32]) {
        unsigned day, month, year;
        char rest;

        if (sscanf(text, "%2u/%2u/%4u%c", &day, &month, &year, &rest) == 3)
                (void) snprintf(out, 32, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
        else
                (void) snprintf(out, 32, "%.31s", text);
}

static int put_cell(json_t *args, const char *param, const char *cell, struct error *err) {
        static const char *const yes[] = { "sí", "si", "yes", "true", "1", "x" }, *const no[] = { "no", "false",
                                                                                                  "0" };
        char date[32];

        if (strcmp(param, "expires") == 0) {
                iso_date(cell, date);
                return json_object_set_new(args, param, json_string(date)) < 0 ? fail_memory(err) : 0;
        }
        if (strcmp(param, "health") == 0) {
                for (size_t i = 0; i < COUNT(yes); i++)
                        if (strcasecmp(yes[i], cell) == 0)
                                return json_object_set_new(args, param, json_true()) < 0 ? fail_memory(err) : 0;
                for (size_t i = 0; i < COUNT(no); i++)
                        if (strcasecmp(no[i], cell) == 0)
                                return 0;
                return fail(err, ERR_USAGE, "«%.40s» no es sí ni no.", "“%.40s” is neither yes nor no.", cell);
        }
        return json_object_set_new(args, param, json_string(cell)) < 0 ? fail_memory(err) : 0;
}

/* The row as arguments of `media register`, checked as those are. */
static int check_row(struct act *act, const struct csv *csv, const char *const columns[], size_t row, json_t **ret,
                     struct error *err) {
        _cleanup_json_ json_t *args = json_object();

        for (size_t c = 0; c < csv->columns; c++) {
                const char *cell = csv_cell(csv, row, c);
                int r = *cell ? put_cell(args, columns[c], cell, err) : 0;

                if (r < 0)
                        return r;
        }
        return args_check(verb_find("media", "register"), args, act->db, ret, err);
}

/* ret_n facts; each bad row is added to problems. */
static int check_rows(struct act *act, const struct csv *csv, struct fact *facts, json_t *problems,
                      struct error *err) {
        const char *columns[CSV_COLUMNS_MAX];
        _cleanup_json_ json_t *serials = json_object();
        int64_t number;
        int r = map_columns(csv, columns, err);

        if (r == 0)
                r = media_next_number(act, &number, err);
        for (size_t row = 1; r == 0 && row < csv->rows; row++) {
                _cleanup_json_ json_t *args = NULL;
                struct error why = { 0 };
                struct fact *fact = &facts[row - 1];
                int bad = check_row(act, csv, columns, row, &args, &why);

                if (bad == 0)
                        bad = media_registration(act, args, NULL, number, serials, fact, &why);
                number++;
                if (bad < 0 &&
                    json_array_append_new(problems, json_pack("{s:I, s:s, s:s, s:s}", "line",
                                                              (json_int_t) csv->lines[row], "rule", why.rule, "es",
                                                              why.what[LANG_ES], "en", why.what[LANG_EN])) < 0)
                        r = fail_memory(err);
        }
        return r;
}

static void say_problems(struct act *act, const json_t *problems) {
        const json_t *row;
        size_t i;

        json_array_foreach(problems, i, row) {
                if (i == PROBLEMS_SHOWN)
                        break;
                act_say(act, "Línea %lld: %s%.0s", "Line %lld: %.0s%s", (long long) json_int(row, "line", 0),
                        json_text(row, "es"), json_text(row, "en"));
        }
}

static int import_all(struct act *act, const struct csv *csv, struct fact *facts, size_t n, json_t **ret,
                      struct error *err) {
        _cleanup_json_ json_t *problems = json_array();
        int r = problems ? check_rows(act, csv, facts, problems, err) : fail_memory(err);

        if (r < 0)
                return r;
        if (json_array_size(problems) > 0) {
                say_problems(act, problems);
                (void) fail(err, ERR_USAGE, "%zu filas no valen; no se ha registrado ninguna.",
                            "%zu rows are bad; none was registered.", json_array_size(problems));
                return hint(err, "Corríjalas y repita; con --dry-run solo se comprueban.",
                            "Correct them and run it again; --dry-run only checks.");
        }
        r = act_record(act, facts, n, err);
        if (r < 0)
                return r;
        act_say(act, "%zu soportes registrados: %s a %s.", "%zu media registered: %s to %s.", n, facts[0].subject,
                facts[n - 1].subject);
        *ret = json_pack("{s:I, s:s, s:s}", "media", (json_int_t) n, "first", facts[0].subject, "last",
                         facts[n - 1].subject);
        return 0;
}

static int run_import(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_free_ char *data = NULL;
        _cleanup_csv_ struct csv csv = { 0 };
        struct fact *facts;
        size_t n;
        int r = file_read(json_text(args, "file"), IMPORT_BYTES_MAX, &data, &n, err);

        if (r == 0)
                r = csv_parse(data, n, &csv, err);
        if (r < 0)
                return r;
        if (csv.rows < 2 || csv.rows > IMPORT_ROWS_MAX)
                return fail(err, ERR_USAGE, "El fichero tiene %zu filas; se admiten de 1 a %d.",
                            "The file has %zu rows; 1 to %d will do.", csv.rows - 1, IMPORT_ROWS_MAX - 1);
        facts = calloc(csv.rows, sizeof *facts);
        if (!facts)
                return fail_memory(err);
        r = import_all(act, &csv, facts, csv.rows - 1, ret, err);
        for (size_t i = 0; i + 1 < csv.rows; i++) {
                free((char *) (uintptr_t) facts[i].subject);
                json_decref(facts[i].data);
        }
        free(facts);
        return r;
}

static const struct param params[] = {
        { "file", PARAM_INPUT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("CSV con cabecera", "CSV with a header"), 0,
          0, NULL, 0 },
};
static const struct column columns[] = { { "media", HELP("SOPORTES", "MEDIA") },
                                         { "first", HELP("PRIMERO", "FIRST") },
                                         { "last", HELP("ÚLTIMO", "LAST") } };
static const struct verb verbs[] = {
        { "media", "import", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Registra el inventario de una hoja de cálculo (CSV): todo o nada",
               "Registers a spreadsheet's inventory (CSV): all or nothing"),
          PARAMS(params), COLUMNS(columns), .run = run_import },
};

const struct room import_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
