/* R-110-023: the register of accesses to custody, loans among them (U7). */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "base/str.h"
#include "custody/internal.h"
#include "registry/person.h"

static json_t *both(const struct term *terms, size_t n, const char *code) {
        int i = code ? term_parse(terms, n, code) : -1;

        return i < 0 ? NULL : json_pack("{s:s, s:s}", "es", terms[i].name.es, "en", terms[i].name.en);
}

static void put(json_t *object, const char *key, json_t *value) {
        if (value)
                (void) json_object_set_new(object, key, value);
}

/* "key / key", "H-12 / –": what was signed on the way in and out. */
static json_t *signature_words(const json_t *signatures, const char *const steps[2]) {
        char es[100] = "", en[100] = "";

        for (size_t s = 0; s < 2; s++) {
                const char *words[LANGS] = { "–", "–" };
                const json_t *one;
                size_t i;

                json_array_foreach(signatures, i, one) {
                        const char *standing = json_text_or_empty(one, "standing");

                        if (strcmp(json_text_or_empty(one, "step"), steps[s]) != 0)
                                continue;
                        words[LANG_ES] = words[LANG_EN] = json_text(one, "paper");
                        if (!words[LANG_ES]) {
                                words[LANG_ES] = strcmp(standing, "valid") == 0 ? "clave" : "NO VÁLIDA";
                                words[LANG_EN] = strcmp(standing, "valid") == 0 ? "key" : "INVALID";
                        }
                }
                (void) snprintf(es + strlen(es), sizeof es - strlen(es), "%s%.40s", s ? " / " : "", words[LANG_ES]);
                (void) snprintf(en + strlen(en), sizeof en - strlen(en), "%s%.40s", s ? " / " : "", words[LANG_EN]);
        }
        utf8_trim(es);
        utf8_trim(en);
        return json_pack("{s:s, s:s}", "es", es, "en", en);
}

enum { FORM_PLACES = 1200 };

/* The place, and the media that were taken in hand there. */
static void places_of(const json_t *access, char out[FORM_PLACES]) {
        const json_t *item;
        size_t used, i;

        used = (size_t) snprintf(out, FORM_PLACES, "%s", json_text(access, "area"));
        json_array_foreach(json_object_get(access, "media"), i, item) {
                used += (size_t) snprintf(out + used, FORM_PLACES - used, "; %s", json_text(item, "medium"));
        }
}

static json_t *access_row(struct act *act, const json_t *access) {
        static const char *const steps[2] = { "entry", "exit" };
        static const char *const copied[] = { "entered", "left", "reason", "state" };
        json_t *row = json_object();
        char places[FORM_PLACES];
        size_t i;

        put(row, "number", json_string(json_text(access, "access")));
        for (i = 0; i < COUNT(copied); i++)
                if (json_object_get(access, copied[i]))
                        (void) json_object_set(row, copied[i], json_object_get(access, copied[i]));
        places_of(access, places);
        put(row, "place", json_string(places));
        put(row, "person", person_printed(act->db, json_text(access, "person")));
        put(row, "approver", person_printed(act->db, json_text(access, "decided_by")));
        put(row, "supervisor", person_printed(act->db, json_text(access, "supervisor")));
        put(row, "level", both(access_level_terms, ACCESS_LEVELS, json_text(access, "level")));
        put(row, "credential", both(credential_terms, CREDENTIALS, json_text(access, "credential")));
        if (strcmp(json_text_or_empty(access, "integrity"), "missing") == 0)
                put(row, "integrity", json_string(act->lang == LANG_EN ? "MISSING" : "FALTA"));
        else if (json_text(access, "integrity"))
                put(row, "integrity", json_string(json_text(access, "integrity")));
        put(row, "signed", signature_words(json_object_get(access, "signatures"), steps));
        return row;
}

/* A loan is an access to one medium: it is in the register with its own number. */
static json_t *loan_row(struct act *act, const json_t *loan) {
        static const char *const steps[2] = { "handed-over", "returned" };
        json_t *row = json_object();

        put(row, "number", json_string(json_text(loan, "loan")));
        put(row, "entered", json_string(json_text(loan, "handed")));
        if (json_text(loan, "returned"))
                put(row, "left", json_string(json_text(loan, "returned")));
        put(row, "place", json_string(json_text(loan, "medium")));
        put(row, "state", json_string(json_text(loan, "state")));
        put(row, "reason", json_string(json_text(loan, "reason")));
        put(row, "person", person_printed(act->db, json_text(loan, "borrower")));
        put(row, "approver", person_printed(act->db, json_text(loan, "decided_by")));
        put(row, "supervisor", person_printed(act->db, json_text(loan, "supervisor")));
        put(row, "level", both(access_level_terms, ACCESS_LEVELS, "medium"));
        if (json_text(loan, "integrity"))
                put(row, "integrity", json_string(json_text(loan, "integrity")));
        put(row, "signed", signature_words(json_object_get(loan, "signatures"), steps));
        return row;
}

/* Both kinds in the order in which they happened. */
static int read_rows(struct act *act, const char *area, int64_t from, int64_t to, json_t *list, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                act->db, &rows, err,
                "SELECT id, entered AS at FROM custody_access WHERE entered >= ?1 AND entered < ?2 AND (?3 = '' OR "
                "area = ?3 OR (area > ?3 || '-' AND area < ?3 || '.')) UNION ALL SELECT id, handed FROM loan WHERE "
                "?3 = '' AND handed >= ?1 AND handed < ?2 ORDER BY at",
                "iis", from, to, area);

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                bool is_loan = *rows_text(rows, 0) == 'P';
                _cleanup_json_ json_t *one = NULL;

                r = is_loan ? loan_load(act->db, rows_text(rows, 0), act_now(act), &one, err)
                            : access_load(act, rows_text(rows, 0), &one, err);
                if (r == 0 && is_loan)
                        r = loan_add_signatures(act, one, err);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, is_loan ? loan_row(act, one) : access_row(act, one)))
                        return fail_memory(err);
        }
        return r;
}

/* The days asked for, or the last thirty. */
static int period(struct act *act, const json_t *args, char from[DATE_TEXT], char to[DATE_TEXT], int64_t ret[2],
                  struct error *err) {
        date_of(act_now(act) - 30 * DAY, from);
        date_of(act_now(act), to);
        if (json_text(args, "from"))
                (void) snprintf(from, DATE_TEXT, "%s", json_text(args, "from"));
        if (json_text(args, "to"))
                (void) snprintf(to, DATE_TEXT, "%s", json_text(args, "to"));
        if (date_parse(from, &ret[0]) < 0 || date_parse(to, &ret[1]) < 0 || ret[1] < ret[0])
                return fail(err, ERR_USAGE, "El periodo va de %s a %s.", "The period goes from %s to %s.", from,
                            to);
        ret[1] += DAY;
        return 0;
}

static int read_register(struct act *act, const json_t *args, struct report *report, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        char from[DATE_TEXT], to[DATE_TEXT], area[LOCATION_CODE] = "";
        int64_t moments[2];
        size_t accesses;
        int r = period(act, args, from, to, moments, err);

        if (r == 0 && json_text(args, "area"))
                r = custody_area_parse(json_text(args, "area"), area, NULL, err);
        if (r == 0)
                r = read_rows(act, area, moments[0], moments[1], list, err);
        if (r < 0)
                return r;
        accesses = json_array_size(list);
        report->data = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:s, s:s, s:s, s:I, s:O}", "number",
                                 report->number, "organisation", act->organisation, "site", act->site, "station",
                                 act->station, "issued", (json_int_t) act_now(act), "issued_by",
                                 person_printed(act->db, act->person), "from", from, "to", to, "scope",
                                 *area ? area : act->site, "total", (json_int_t) accesses, "accesses", list);
        report->record = json_pack("{s:I}", "accesses", (json_int_t) accesses);
        (void) snprintf(report->es, sizeof report->es, "Registro de %zu accesos", accesses);
        (void) snprintf(report->en, sizeof report->en, "Register of %zu accesses", accesses);
        return report->data && report->record ? 0 : fail_memory(err);
}

static int run_report(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_report_ struct report report = { .form = "R-110-023", .lang = act->lang };
        int r = report_make(act, args, read_register, &report, err);

        if (r < 0)
                return r;
        if (json_object_set(report.data, "rows", json_object_get(report.data, "accesses")) ||
            json_object_del(report.data, "accesses"))
                return fail_memory(err);
        *ret = TAKE_PTR(report.data);
        return 0;
}

static const struct param params[] = {
        REPORT_PARAMS,
        { "from", PARAM_DATE, 0,
          HELP("desde este día; 30 antes si no se dice", "from this day; 30 back unless said"), 0, 0, NULL, 0 },
        { "to", PARAM_DATE, 0, HELP("hasta este día", "until this day"), 0, 0, NULL, 0 },
        { "area", PARAM_TEXT, 0, HELP("solo este lugar, sin préstamos", "this place only, without loans"), 0, 40,
          NULL, 0 },
};
static const struct column columns[] = {
        { "number", HELP("N.º", "NO.") },
        { "entered", HELP("ENTRADA", "ENTRY") },
        { "person", HELP("QUIÉN", "WHO") },
        { "place", HELP("LUGAR", "PLACE") },
        { "reason", HELP("MOTIVO", "REASON") },
        { "approver", HELP("APRUEBA", "APPROVED BY") },
        { "supervisor", HELP("SUPERVISA", "SUPERVISED BY") },
        { "left", HELP("SALIDA", "EXIT") },
        { "integrity", CODES("INTEGRIDAD", "INTEGRITY", integrity_terms) },
};

static const struct verb report_verbs[] = {
        { "report", "R-110-023", ROLE_CUSTODIAN | ROLE_SECURITY | ROLE_AUDITOR, VERB_WRITES | VERB_BULK,
          HELP("Registro de accesos a custodia (U7)", "Custody access register (U7)"), PARAMS(params),
          COLUMNS(columns), .run = run_report },
};

const struct room access_report_room = { .verbs = report_verbs, .verbs_n = COUNT(report_verbs) };
