/* What is due, of the programme and of the findings (A1). */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ledger/ledger.h"
#include "programme/internal.h"
#include "registry/station.h"

static int first_event(void *context, const struct event *event) {
        *(int64_t *) context = event->time;
        return 0;
}

/* The last one that was closed; without one the programme runs from the day on which the store was made. */
static int last_of(struct act *act, struct audit_slot *slot, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t since = act_now(act);
        int r = db_query(act->db, &rows, err,
                         "SELECT id, closed FROM audit WHERE kind = ? AND category = ? AND scope = '' AND state = "
                         "'closed' ORDER BY closed DESC LIMIT 1",
                         "ss", audit_kind_terms[slot->kind].code, category_terms[slot->category].code);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r > 0) {
                (void) snprintf(slot->last_audit, sizeof slot->last_audit, "%s", rows_text(rows, 0));
                since = rows_int(rows, 1);
        } else {
                r = ledger_events(act->db, NULL, 0, 1, first_event, &since, err);
                if (r < 0)
                        return r;
        }
        date_of(since, slot->last);
        return 0;
}

int audit_slot_load(struct act *act, enum audit_kind kind, enum category category, const char *today,
                    struct audit_slot *ret, struct error *err) {
        struct audit_slot slot = { .kind = kind, .category = category };
        _cleanup_free_ char *open = NULL;
        int r = last_of(act, &slot, err);

        if (r == 0)
                r = db_text(
                        act->db, &open, err,
                        "SELECT id FROM audit WHERE kind = ? AND category = ? AND scope = '' AND state = 'open' "
                        "ORDER BY number LIMIT 1",
                        "ss", audit_kind_terms[kind].code, category_terms[category].code);
        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        (void) snprintf(slot.open_audit, sizeof slot.open_audit, "%s", open ? open : "");
        slot.standing = audit_judge_due(kind, category, slot.last, today, slot.due);
        *ret = slot;
        return 0;
}

int audit_slots_each(struct act *act, const char *today, int (*each)(void *context, const struct audit_slot *slot),
                     void *context, struct error *err) {
        struct station station;
        bool there[CATEGORIES];
        int r = medium_categories(act->db, there, err);

        if (r == 0)
                r = station_load(act->db, &station, err);
        if (r < 0)
                return r;
        there[station.category] = true;
        station_done(&station);
        for (int c = CATEGORIES - 1; r == 0 && c >= 0; c--)
                for (int k = 0; r == 0 && there[c] && k < AUDIT_KINDS; k++) {
                        struct audit_slot slot;

                        r = audit_slot_load(act, (enum audit_kind) k, (enum category) c, today, &slot, err);
                        if (r == 0)
                                r = each(context, &slot);
                }
        return r;
}

/* --- the verb ------------------------------------------------------------------------------------------------ */

struct listing {
        json_t *list;
        enum lang lang;
        int only_category; /* or -1 */
        bool due_only;
};

static int add_slot(void *context, const struct audit_slot *slot) {
        struct listing *listing = context;
        bool due = slot->standing == AUDIT_SOON || slot->standing == AUDIT_OVERDUE;

        if ((listing->only_category >= 0 && (int) slot->category != listing->only_category) ||
            (listing->due_only && !due))
                return 0;
        return json_array_append_new(
                listing->list, json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kind",
                                         audit_kind_terms[slot->kind].code, "name",
                                         text_in(audit_kind_terms[slot->kind].name, listing->lang), "category",
                                         category_terms[slot->category].code, "months",
                                         (json_int_t) audit_programme[slot->kind].months[slot->category], "last",
                                         slot->last, "last_audit", slot->last_audit, "open_audit", slot->open_audit,
                                         "due", slot->due, "standing", audit_standing_terms[slot->standing].code,
                                         "word", text_in(audit_standing_terms[slot->standing].name, listing->lang),
                                         "measure", audit_programme[slot->kind].measure));
}

int audit_run_calendar(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array(), *findings = NULL;
        const char *category = json_text(args, "category");
        struct listing listing = { list, act->lang,
                                   category ? term_parse(category_terms, CATEGORIES, category) : -1,
                                   json_flag(args, "due") };
        char today[DATE_TEXT];
        size_t late = 0, i;
        const json_t *one;
        int r;

        date_of(act_now(act), today);
        r = audit_slots_each(act, today, add_slot, &listing, err);
        if (r == 0)
                r = finding_rows(act, NULL, true, &findings, err);
        if (r < 0)
                return r;
        json_array_foreach(findings, i, one) {
                late += json_flag(one, "overdue");
        }
        if (json_array_size(findings))
                act_say(act, "Hallazgos sin cerrar: %zu, vencidos %zu («mpsi audit findings»).",
                        "Findings not closed: %zu, overdue %zu (“mpsi audit findings”).", json_array_size(findings),
                        late);
        *ret = json_pack("{s:s, s:O, s:I, s:I}", "today", today, "rows", list, "findings",
                         (json_int_t) json_array_size(findings), "findings_overdue", (json_int_t) late);
        return *ret ? 0 : fail_memory(err);
}

/* --- alerts -------------------------------------------------------------------------------------------------- */

struct alerting {
        const char *today;
        enum gravity now; /* only these: the gravest come first */
        int (*each)(void *context, const struct audit_alert *alert);
        void *context;
};

static int alert_slot(void *context, const struct audit_slot *slot) {
        const struct alerting *alerting = context;
        const struct text name = audit_kind_terms[slot->kind].name;
        const char *category = category_terms[slot->category].code;
        bool over = slot->standing == AUDIT_OVERDUE;
        struct audit_alert alert = { .gravity = GRAVITY_NONE };

        if (over || slot->standing == AUDIT_SOON)
                alert.gravity = audit_due_gravity(slot->kind, slot->category, slot->due, alerting->today);
        if (alert.gravity != alerting->now)
                return 0;
        (void) snprintf(alert.key, sizeof alert.key, "%s/%s", audit_kind_terms[slot->kind].code, category);
        memcpy(alert.due, slot->due, sizeof alert.due);
        memcpy(alert.audit, slot->open_audit, sizeof alert.audit);
        (void) snprintf(alert.es, sizeof alert.es, "Auditoría %s: %s de categoría %s, para el %s.",
                        over ? "vencida" : "próxima", name.es, category, slot->due);
        (void) snprintf(alert.en, sizeof alert.en, "Audit %s: %s of category %s, by %s.",
                        over ? "overdue" : "due soon", name.en, category, slot->due);
        return alerting->each(alerting->context, &alert);
}

enum { FINDING_NOTICE_DAYS = 7 };

/* A major one that is overdue is critical. */
static enum gravity finding_gravity(const json_t *finding, int64_t left) {
        bool major = strcmp(json_text_or_empty(finding, "severity"), finding_severity_terms[FINDING_MAJOR].code) ==
                     0;

        if (left < 0)
                return major ? GRAVITY_CRITICAL : GRAVITY_ALERT;
        return left <= FINDING_NOTICE_DAYS ? GRAVITY_INFO : GRAVITY_NONE;
}

static int alert_findings(const struct alerting *alerting, const json_t *findings) {
        const json_t *one;
        size_t i;

        json_array_foreach(findings, i, one) {
                const char *id = json_text_or_empty(one, "finding"), *due = json_text_or_empty(one, "deadline");
                struct audit_alert alert = { .finding = true };
                int64_t now = 0, end = 0;
                int r;

                (void) date_parse(alerting->today, &now);
                (void) date_parse(due, &end);
                alert.gravity = finding_gravity(one, (end - now) / DAY);
                if (alert.gravity != alerting->now)
                        continue;
                (void) snprintf(alert.key, sizeof alert.key, "%s", id);
                (void) snprintf(alert.due, sizeof alert.due, "%s", due);
                (void) snprintf(alert.audit, sizeof alert.audit, "%s", json_text_or_empty(one, "audit"));
                (void) snprintf(alert.responsible, sizeof alert.responsible, "%s",
                                json_text_or_empty(one, "responsible"));
                (void) snprintf(alert.es, sizeof alert.es, "Hallazgo %s %s, para el %s: %.100s", id,
                                end < now ? "vencido" : "por vencer", due, json_text_or_empty(one, "what"));
                (void) snprintf(alert.en, sizeof alert.en, "Finding %s %s, by %s: %.100s", id,
                                end < now ? "overdue" : "due soon", due, json_text_or_empty(one, "what"));
                utf8_trim(alert.es);
                utf8_trim(alert.en);
                r = alerting->each(alerting->context, &alert);
                if (r)
                        return r;
        }
        return 0;
}

int audit_due(struct act *act, int64_t now, int (*each)(void *context, const struct audit_alert *alert),
              void *context, struct error *err) {
        _cleanup_json_ json_t *findings = NULL;
        struct alerting alerting = { .each = each, .context = context };
        char today[DATE_TEXT];
        int r = finding_rows(act, NULL, true, &findings, err);

        date_of(now, today);
        alerting.today = today;
        for (int g = GRAVITY_CRITICAL; r == 0 && g >= GRAVITY_INFO; g--) {
                alerting.now = (enum gravity) g;
                r = audit_slots_each(act, today, alert_slot, &alerting, err);
        }
        for (int g = GRAVITY_CRITICAL; r == 0 && g >= GRAVITY_INFO; g--) {
                alerting.now = (enum gravity) g;
                r = alert_findings(&alerting, findings);
        }
        return r;
}
