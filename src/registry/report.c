/* R-110-022: the inventory of media. */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "registry/medium_sql.h"
#include "registry/person.h"
#include "registry/registry.h"

struct summary {
        int64_t total, by_state[MEDIUM_STATES];
};

enum { ROW_MEMBERS = 9 };

/* The value of the row before when it is the same: an inventory of 100,000 repeats itself. */
static json_t *repeated(json_t **last, const char *text) {
        if (!*last || strcmp(json_string_value(*last), text) != 0) {
                json_decref(*last);
                *last = json_string(text);
        }
        return json_incref(*last);
}

/* Full names by account. */
static int read_names(struct db *db, json_t *names, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT name, full_name FROM person", "");

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = json_object_set_new(names, rows_text(rows, 0), json_string(rows_text(rows, 1)))
                            ? fail_memory(err)
                            : 0;
        return r;
}

static json_t *row_of(const struct medium *m, const json_t *names, json_t *last[ROW_MEMBERS]) {
        return json_pack("{s:s, s:O*, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "id", m->id, "owner_name",
                         json_object_get(names, m->owner), "kind",
                         repeated(&last[0], medium_kind_terms[m->kind].code), "classification",
                         repeated(&last[1], classification_terms[m->classification].code), "category",
                         repeated(&last[2], category_terms[m->category].code), "owner",
                         repeated(&last[3], m->owner), "location", repeated(&last[4], m->location), "state",
                         repeated(&last[5], medium_state_terms[m->state].code), "serial", m->serial, "expires",
                         repeated(&last[6], m->expires), "label", repeated(&last[7], m->label_state), "holder",
                         repeated(&last[8], m->holder));
}

static int read_media(struct act *act, const json_t *args, json_t *list, struct summary sums[CLASSIFICATIONS],
                      struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *names = json_object();
        json_t *last[ROW_MEMBERS] = { 0 };
        int r = names ? read_names(act->db, names, err) : fail_memory(err);

        if (r == 0)
                r = db_query(act->db, &rows, err,
                             "SELECT " MEDIUM_COLUMNS
                             " FROM medium WHERE (?1 IS NULL OR classification = ?1) AND (?2 IS NULL OR "
                             "category = ?2) AND (?3 OR state NOT IN ('destroyed', 'retired')) ORDER BY id",
                             "ssi", json_text(args, "classification"), json_text(args, "category"),
                             (int64_t) json_flag(args, "all"));
        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                struct medium m;

                r = medium_from_row(rows, &m, err);
                if (r < 0)
                        break;
                sums[m.classification].total++;
                sums[m.classification].by_state[m.state]++;
                if (json_array_append_new(list, row_of(&m, names, last)) < 0)
                        r = fail_memory(err);
        }
        for (size_t i = 0; i < ROW_MEMBERS; i++)
                json_decref(last[i]);
        return r;
}

static json_t *summary_to_json(const struct summary sums[CLASSIFICATIONS]) {
        json_t *list = json_array();

        for (size_t c = 0; c < CLASSIFICATIONS; c++) {
                const int64_t *s = sums[c].by_state;
                int64_t known = s[MEDIUM_IN_CUSTODY] + s[MEDIUM_ON_LOAN] + s[MEDIUM_IN_TRANSIT] + s[MEDIUM_LOST];

                (void) json_array_append_new(
                        list,
                        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "classification",
                                  classification_terms[c].code, "total", (json_int_t) sums[c].total, "in_custody",
                                  (json_int_t) s[MEDIUM_IN_CUSTODY], "on_loan", (json_int_t) s[MEDIUM_ON_LOAN],
                                  "in_transit", (json_int_t) s[MEDIUM_IN_TRANSIT], "lost",
                                  (json_int_t) s[MEDIUM_LOST], "other", (json_int_t) (sums[c].total - known)));
        }
        return list;
}

/* What the inventory is of: all media unless asked otherwise. */
static json_t *scope_words(const json_t *args) {
        const char *classification = json_text(args, "classification"), *category = json_text(args, "category");
        const bool all = json_flag(args, "all");
        char words[LANGS][96];

        for (enum lang lang = LANG_ES; lang < LANGS; lang++) {
                const bool en = lang == LANG_EN;

                (void) snprintf(words[lang], sizeof words[lang], "%s%s%s%s",
                                classification
                                        ? term_name(classification_terms, CLASSIFICATIONS, classification, lang)
                                        : "",
                                classification && category ? " · " : "",
                                category ? term_name(category_terms, CATEGORIES, category, lang) : "",
                                classification || category ? ""
                                : en                       ? "the whole inventory"
                                                           : "todo el inventario");
                (void) snprintf(
                        words[lang] + strlen(words[lang]), sizeof words[lang] - strlen(words[lang]), "%s",
                        all  ? (en ? ", destroyed and retired ones too" : ", también los destruidos y retirados")
                        : en ? ", without destroyed and retired ones"
                             : ", sin los destruidos ni retirados");
        }
        return json_pack("{s:s, s:s}", "es", words[LANG_ES], "en", words[LANG_EN]);
}

static int read_inventory(struct act *act, const json_t *args, struct report *report, struct error *err) {
        struct summary sums[CLASSIFICATIONS] = { 0 };
        _cleanup_json_ json_t *list = json_array();
        _cleanup_person_ struct person person = { 0 };
        const char *classification = json_text(args, "classification"), *category = json_text(args, "category");
        size_t media;
        int r = read_media(act, args, list, sums, err);

        if (r == 0)
                r = person_load(act->db, act->person, &person, err);
        if (r < 0)
                return r;
        media = json_array_size(list);
        report->data = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s++, s:o, s:I, s:s, s:o, s:O}", "number",
                                 report->number, "organisation", act->organisation, "site", act->site, "station",
                                 act->station, "date", (json_int_t) act_now(act), "scope",
                                 classification ? classification : "", classification && category ? " · " : "",
                                 category ? category : "", "scope_text", scope_words(args), "total",
                                 (json_int_t) media, "custodian", person.full_name, "summary",
                                 summary_to_json(sums), "media", list);
        report->record = json_pack("{s:I}", "media", (json_int_t) media);
        (void) snprintf(report->es, sizeof report->es, "Inventario de %zu soportes", media);
        (void) snprintf(report->en, sizeof report->en, "Inventory of %zu media", media);
        return report->data && report->record ? 0 : fail_memory(err);
}

static int run_inventory(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_report_ struct report report = { .form = "R-110-022", .lang = act->lang };
        int r = report_make(act, args, read_inventory, &report, err);

        if (r < 0)
                return r;
        if (json_object_set(report.data, "rows", json_object_get(report.data, "media")) ||
            json_object_del(report.data, "media"))
                return fail_memory(err);
        *ret = TAKE_PTR(report.data);
        return 0;
}

static const struct param params[] = {
        REPORT_PARAMS,
        { "classification", PARAM_TERM, 0, HELP("solo esta clasificación", "this classification only"), 0, 0,
          classification_terms, CLASSIFICATIONS },
        { "category", PARAM_TERM, 0, HELP("solo esta categoría", "this category only"), 0, 0, category_terms,
          CATEGORIES },
        { "all", PARAM_FLAG, 0, HELP("también los destruidos y retirados", "destroyed and retired ones too"), 0, 0,
          NULL, 0 },
};
static const struct column columns[] = {
        { "id", HELP("SOPORTE", "MEDIUM") },
        { "kind", CODES("TIPO", "KIND", medium_kind_terms) },
        { "classification", HELP("CLASIFICACIÓN", "CLASSIFICATION") },
        { "category", HELP("CATEGORÍA", "CATEGORY") },
        { "owner", HELP("PROPIETARIO", "OWNER") },
        { "location", HELP("UBICACIÓN", "LOCATION") },
        { "state", CODES("ESTADO", "STATE", medium_state_terms) },
        { "serial", HELP("SERIE", "SERIAL") },
        { "expires", HELP("CADUCA", "EXPIRES") },
        { "label", CODES("ETIQUETA", "LABEL", medium_label_terms) },
};
static const struct verb verbs[] = {
        { "report", "R-110-022", ROLE_CUSTODIAN | ROLE_SECURITY | ROLE_AUDITOR, VERB_WRITES | VERB_BULK,
          HELP("Inventario de soportes", "Inventory of media"), PARAMS(params), COLUMNS(columns),
          .run = run_inventory },
};

static const struct event_type events[] = { { "report.made", NULL } };

const struct room report_room = {
        .events = events, .events_n = COUNT(events), .verbs = verbs, .verbs_n = COUNT(verbs)
};
