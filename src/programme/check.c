/* `audit check`: what the auditor saw of one item, by scan, by the medium's real header, or typed; or of all that a
 * stocktake counted. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "certify/certify.h"
#include "custody/custody.h"
#include "ledger/ledger.h"
#include "programme/internal.h"

/* --- whose work it is (X1) ----------------------------------------------------------------------------------- */

struct own {
        const char *person, *prefix, *destruction; /* destruction: only events of this one; or NULL */
        bool found;
};

/* Stops at the first one. */
static int is_own(void *context, const struct event *event) {
        static const char *const people[] = { "supervisor", "executor", "signer", "person" };
        struct own *own = context;
        const char *destruction = json_text(event->data, "destruction");

        if (strncmp(event->type, own->prefix, strlen(own->prefix)) != 0 ||
            (own->destruction && destruction && strcmp(destruction, own->destruction) != 0))
                return 0;
        own->found = strcmp(event->actor, own->person) == 0;
        for (size_t i = 0; !own->found && i < COUNT(people); i++)
                own->found = strcmp(json_text_or_empty(event->data, people[i]), own->person) == 0;
        return own->found;
}

/* What the ledger knows a destruction by. */
static int medium_of_destruction(struct act *act, const char *id, char ret[MEDIUM_ID_TEXT], struct error *err) {
        _cleanup_json_ json_t *all = NULL;
        const json_t *one;
        size_t i;
        int r = certify_destroyed(act->db, 0, act_now(act), &all, err);

        if (r < 0)
                return r;
        json_array_foreach(all, i, one) {
                if (strcmp(json_text_or_empty(one, "subject"), id) == 0)
                        (void) snprintf(ret, MEDIUM_ID_TEXT, "%s",
                                        json_string_value(json_array_get(json_object_get(one, "media"), 0)));
        }
        return 0;
}

static int judge_own(struct act *act, enum audit_kind kind, const char *subject, bool *ret, struct error *err) {
        static const char *const prefixes[AUDIT_KINDS] = {
                [AUDIT_LABELLING] = "label.",
                [AUDIT_ENCRYPTION] = "encryption.",
                [AUDIT_TRANSPORT] = "shipment.",
                [AUDIT_DESTRUCTION] = "destruction.",
        };
        struct own own = { .person = act->person, .prefix = prefixes[kind] };
        char about[64];
        int r = 0;

        *ret = false;
        if (!own.prefix)
                return 0;
        (void) snprintf(about, sizeof about, "%s", subject);
        if (kind == AUDIT_DESTRUCTION) {
                own.destruction = subject;
                r = medium_of_destruction(act, subject, about, err);
        }
        if (r == 0)
                r = ledger_events(act->db, about, 0, INT64_MAX, is_own, &own, err);
        *ret = own.found;
        return r < 0 ? r : 0;
}

/* --- one item ------------------------------------------------------------------------------------------------- */

struct checking {
        json_t *audit;
        enum audit_kind kind;
        char subject[64];
        char how[40], seen[201], note[ERROR_TEXT_MAX];
        struct medium medium;
        bool is_medium;
        struct audit_check facts;
};

/* The item that is meant: as it stands there, or a medium by any of its names. */
static int find_item(struct act *act, const char *text, struct checking *c, struct error *err) {
        const char *id = json_text(c->audit, "audit");
        _cleanup_free_ char *what = NULL;
        char plain[64];
        int r;

        (void) snprintf(c->subject, sizeof c->subject, "%s", text);
        if (!audit_criterion_find(c->kind, text)) {
                (void) str_scanned(text, plain, sizeof plain);
                (void) snprintf(c->subject, sizeof c->subject, "%s", plain);
        }
        r = db_text(act->db, &what, err, "SELECT what FROM audit_item WHERE audit = ? AND subject = ?", "ss", id,
                    c->subject);
        if (r == ERR_NOT_FOUND && c->kind != AUDIT_TRANSPORT && c->kind != AUDIT_DESTRUCTION) {
                r = medium_resolve(act->db, text, c->medium.id, NULL, err);
                if (r < 0)
                        return r;
                (void) snprintf(c->subject, sizeof c->subject, "%s", c->medium.id);
                r = db_text(act->db, &what, err, "SELECT what FROM audit_item WHERE audit = ? AND subject = ?",
                            "ss", id, c->subject);
        }
        if (r == ERR_NOT_FOUND)
                return refuse(err, ERR_NOT_FOUND, "A1", "«%.60s» no está en la muestra de %s.",
                              "“%.60s” is not in the sample of %s.", text, id);
        if (r < 0)
                return r;
        c->facts.criterion = strcmp(what, "criterion") == 0;
        c->is_medium = strcmp(what, "medium") == 0;
        return c->is_medium ? medium_load(act->db, c->subject, &c->medium, err) : 0;
}

/* What was read on it names it, by which of its names; what names another medium is never sound. */
static int look_at_seen(struct act *act, const char *seen, struct checking *c, struct error *err) {
        char id[MEDIUM_ID_TEXT];
        const char *how = "typed";
        int r;

        (void) snprintf(c->how, sizeof c->how, "typed");
        if (!seen)
                return 0;
        (void) snprintf(c->seen, sizeof c->seen, "%s", seen);
        utf8_trim(c->seen);
        r = c->is_medium ? medium_resolve(act->db, seen, id, &how, NULL) : ERR_NOT_FOUND;
        if (r < 0)
                return 0;
        c->facts.seen = strcmp(id, c->subject) == 0;
        (void) snprintf(c->how, sizeof c->how, "scan: %.30s", how);
        if (!c->facts.seen && c->facts.result == AUDIT_SOUND)
                return refuse(err, ERR_REFUSED, "A1", "Lo leído es del soporte %s, no de %s.",
                              "What was read is medium %s's, not %s's.", id, c->subject);
        return 0;
}

/* The real header decides, whatever was typed. */
static int look_at_header(struct act *act, const json_t *args, struct checking *c, struct error *err) {
        const char *device = json_text(args, "device");
        struct custody_inspection found;
        int r;

        if (!device)
                return 0;
        if (!c->is_medium || c->kind != AUDIT_ENCRYPTION)
                return fail(err, ERR_USAGE, "--device es de la verificación de cifrado de un soporte.",
                            "--device is for a medium's encryption check.");
        r = custody_inspect(act, &c->medium, device, &found, err);
        if (r < 0)
                return r;
        c->facts.header = found.encrypted;
        if (!json_text(args, "result"))
                c->facts.result = found.encrypted ? AUDIT_SOUND : AUDIT_DEFICIENT;
        (void) snprintf(c->how, sizeof c->how, "header");
        (void) snprintf(c->seen, sizeof c->seen, "%s %s %lld bit %s", found.luks_uuid, found.cipher,
                        (long long) found.key_bits, found.digest);
        if (!found.encrypted && !*c->note)
                (void) snprintf(c->note, sizeof c->note, "%s",
                                found.refusal.code ? text_in((struct text){ found.refusal.what[LANG_ES],
                                                                            found.refusal.what[LANG_EN] },
                                                             act->lang)
                                                   : "LUKS: –");
        return 0;
}

static int gather(struct act *act, const json_t *args, struct checking *c, struct error *err) {
        const char *result = json_text(args, "result");
        int r;

        c->facts.auditor = act->person;
        c->facts.kind = c->kind;
        c->facts.result = result ? (enum audit_result) term_parse(audit_result_terms, AUDIT_RESULTS, result)
                                 : AUDIT_SOUND;
        if (json_text(args, "note"))
                (void) snprintf(c->note, sizeof c->note, "%s", json_text(args, "note"));
        r = find_item(act, json_text(args, "subject"), c, err);
        if (r < 0)
                return r;
        c->facts.subject = c->subject;
        c->facts.electronic = c->is_medium && (c->medium.kind == KIND_HDD || c->medium.kind == KIND_SSD);
        if (!c->facts.criterion)
                r = judge_own(act, c->kind, c->subject, &c->facts.own, err);
        if (r == 0)
                r = look_at_seen(act, json_text(args, "seen"), c, err);
        return r < 0 ? r : look_at_header(act, args, c, err);
}

static int check_one(struct act *act, const json_t *args, struct checking *c, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        int r;

        if (!json_text(args, "result") && !json_text(args, "device"))
                return fail(err, ERR_USAGE, "Diga qué se ha visto con --result, o lea el soporte con --device.",
                            "Say what was seen with --result, or read the medium with --device.");
        r = gather(act, args, c, err);
        if (r == 0)
                r = audit_judge_check(&c->facts, err);
        if (r < 0)
                return r;
        data = json_pack("{s:[{s:s, s:s, s:s, s:s*, s:s*}]}", "items", "subject", c->subject, "result",
                         audit_result_terms[c->facts.result].code, "how", c->how, "seen", *c->seen ? c->seen : NULL,
                         "note", *c->note ? c->note : NULL);
        r = data ? act_record_one(act, "audit.checked", json_text(c->audit, "audit"), data, err) : fail_memory(err);
        if (r == 0)
                act_say(act, "%s: %s%.0s.", "%s: %.0s%s.", c->subject, audit_result_terms[c->facts.result].name.es,
                        audit_result_terms[c->facts.result].name.en);
        return r;
}

/* --- all that a stocktake counted ------------------------------------------------------------------------------
 */

static const char *result_of_scan(const char *scan) {
        enum audit_result result = strcmp(scan, "found") == 0     ? AUDIT_SOUND
                                   : strcmp(scan, "missing") == 0 ? AUDIT_NOT_SEEN
                                                                  : AUDIT_DEFICIENT;

        return audit_result_terms[result].code;
}

static bool counted_in(const json_t *stocktake, const char *person) {
        const json_t *row;
        size_t i;

        if (strcmp(json_text_or_empty(stocktake, "started_by"), person) == 0 ||
            strcmp(json_text_or_empty(stocktake, "finished_by"), person) == 0)
                return true;
        json_array_foreach(json_object_get(stocktake, "rows"), i, row) {
                if (strcmp(json_text_or_empty(row, "person"), person) == 0)
                        return true;
        }
        return false;
}

/* Items that nobody has decided yet, and that the stocktake says something about. */
static int items_of(struct act *act, const json_t *audit, const json_t *stocktake, json_t **ret,
                    struct error *err) {
        _cleanup_json_ json_t *items = NULL, *open = json_object(), *list = json_array();
        const json_t *one;
        size_t i;
        int r = audit_items(act, json_text(audit, "audit"), &items, err);

        if (r < 0)
                return r;
        json_array_foreach(items, i, one) {
                if (!json_text(one, "result"))
                        (void) json_object_set_new(open, json_text_or_empty(one, "subject"), json_true());
        }
        json_array_foreach(json_object_get(stocktake, "rows"), i, one) {
                const char *medium = json_text_or_empty(one, "medium"), *scan = json_text_or_empty(one, "result");

                if (!json_object_get(open, medium))
                        continue;
                (void) json_object_del(open, medium);
                if (json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s*, s:s}", "subject", medium, "result",
                                                          result_of_scan(scan), "how", "stocktake", "seen",
                                                          json_text(one, "location"), "note", scan)))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static int record_bound(struct act *act, const json_t *audit, const json_t *stocktake, const json_t *items,
                        struct error *err) {
        size_t all = json_array_size(items), most = all / AUDIT_PIECE + 1, n = 0;
        _cleanup_free_ struct fact *facts = calloc(most, sizeof *facts);
        int r = facts ? 0 : fail_memory(err);

        for (size_t at = 0; r == 0 && (at < all || at == 0); at += AUDIT_PIECE) {
                json_t *piece = json_array();

                for (size_t i = at; i < all && i < at + AUDIT_PIECE; i++)
                        (void) json_array_append(piece, json_array_get(items, i));
                facts[n] = (struct fact){ "audit.bound", json_text(audit, "audit"),
                                          json_pack("{s:s, s:o}", "stocktake", json_text(stocktake, "stocktake"),
                                                    "items", piece) };
                if (!facts[n++].data)
                        r = fail_memory(err);
        }
        if (r == 0)
                r = act_record(act, facts, n, err);
        for (size_t i = 0; i < n; i++)
                json_decref(facts[i].data);
        return r;
}

static int bind_stocktake(struct act *act, const char *text, const json_t *audit, struct error *err) {
        _cleanup_json_ json_t *stocktake = NULL, *items = NULL;
        int64_t finished = 0, started = 0;
        int r = custody_stocktake(act, text, &stocktake, err);

        if (r < 0)
                return r;
        (void) time_parse(json_text_or_empty(stocktake, "finished"), &finished);
        (void) time_parse(json_text_or_empty(audit, "started"), &started);
        r = audit_judge_stocktake(audit_kind_of(audit), act->person, json_text(stocktake, "stocktake"),
                                  counted_in(stocktake, act->person), finished, started, err);
        if (r == 0)
                r = items_of(act, audit, stocktake, &items, err);
        if (r == 0)
                r = record_bound(act, audit, stocktake, items, err);
        if (r == 0)
                act_say(act, "El recuento %s decide %zu soportes.", "Stocktake %s decides %zu media.",
                        json_text(stocktake, "stocktake"), json_array_size(items));
        return r;
}

int audit_run_check(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *audit = NULL;
        struct checking c = { 0 };
        int r = audit_load_open(act, json_text(args, "audit"), &audit, err);

        if (r < 0)
                return r;
        if (!json_text(args, "subject") == !json_text(args, "stocktake"))
                return fail(err, ERR_USAGE, "Diga qué se comprueba, o el recuento con --stocktake.",
                            "Say what is checked, or the stocktake with --stocktake.");
        c.audit = audit;
        c.kind = audit_kind_of(audit);
        r = json_text(args, "stocktake") ? bind_stocktake(act, json_text(args, "stocktake"), audit, err)
                                         : check_one(act, args, &c, err);
        return r < 0 || act->dry_run ? r : audit_load(act, json_text(audit, "audit"), ret, err);
}
