/* `person card`, `person cards`, `person scan-card`, `person revoke-card`. The ledger knows a card's number and the
 * digest of its text: whoever reads the ledger can't print a card. So a card can't be printed again, only a new
 * one. */
#include "registry/badge.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "print/badge.h"
#include "registry/medium_id.h"
#include "registry/person.h"
#include "store/json.h"

enum { SECRET_DIGITS = 8, CARDS_MOST = 200 };

bool badge_text_valid(const char *plain) {
        char body[BADGE_TEXT];

        if (strlen(plain) != BADGE_TEXT - 1 || *plain != 'K' || strspn(plain + 1, "0123456789") < 6)
                return false;
        memcpy(body, plain, BADGE_TEXT - 2);
        body[BADGE_TEXT - 2] = '\0';
        return medium_id_check(body) == plain[BADGE_TEXT - 2];
}

/* --- events ------------------------------------------------------------------------------------------------ */

/* Who gets a new card has no other one. */
static int apply_issued(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE badge SET state = 'replaced', ended = ?, ended_by = ? WHERE person = ? AND state = "
                        "'valid'",
                        "iss", event->time, event->actor, event->subject);

        if (r >= 0)
                r = db_exec(db, err,
                            "INSERT INTO badge(number, serial, person, digest, state, issued, issued_by, ended, "
                            "ended_by, "
                            "reason) VALUES(?, ?, ?, ?, 'valid', ?, ?, NULL, '', '')",
                            "sissis", json_text(event->data, "number"), json_int(event->data, "serial", 0),
                            event->subject, json_text(event->data, "digest"), event->time, event->actor);
        return r < 0 ? r : 0;
}

static int apply_revoked(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE badge SET state = 'revoked', ended = ?, ended_by = ?, reason = ? WHERE number = ?",
                        "isss", event->time, event->actor, json_text_or_empty(event->data, "reason"),
                        json_text(event->data, "number"));

        return r < 0 ? r : 0;
}

static const struct event_type badge_events[] = {
        { "badge.issued", apply_issued },
        { "badge.revoked", apply_revoked },
};

/* --- reading ----------------------------------------------------------------------------------------------- */

static const char *const members[] = { "card",      "person", "full_name", "state", "issued",
                                       "issued_by", "ended",  "ended_by",  "reason" };
#define COLUMNS_SQL                                                                                                \
        "SELECT number, badge.person, full_name, state, issued, issued_by, ended, ended_by, reason FROM badge "    \
        "JOIN "                                                                                                    \
        "person ON person.name = badge.person "

static int load_card(struct db *db, const char *number, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, COLUMNS_SQL "WHERE number = ?", "s", number);

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe la tarjeta %s.", "There is no card %s.", number);
        *ret = rows_to_json(rows, members, "sssststss");
        return *ret ? 0 : fail_memory(err);
}

/* A number as printed, or what a scanner read. */
static int card_number(const char *text, char ret[BADGE_NUMBER], struct error *err) {
        char plain[BADGE_TEXT + 1];
        size_t n = str_scanned(text, plain, sizeof plain);

        if ((n != BADGE_NUMBER - 1 || *plain != 'K' || strspn(plain + 1, "0123456789") != 6) &&
            !badge_text_valid(plain))
                return fail(err, ERR_USAGE, "«%.40s» no es el número de una tarjeta, como K000001.",
                            "“%.40s” is not the number of a card, such as K000001.", text);
        (void) snprintf(ret, BADGE_NUMBER, "%.7s", plain);
        return 0;
}

static int judge_card(struct act *act, const char *plain, const json_t *card, struct error *err) {
        const char *number = json_text(card, "card");
        _cleanup_free_ char *digest = NULL;
        char own[SHA256_TEXT];
        int r = db_text(act->db, &digest, err, "SELECT digest FROM badge WHERE number = ?", "s", number);

        if (r < 0)
                return r;
        if (sha256_text(plain, strlen(plain), own) < 0)
                return fail_memory(err);
        if (strcmp(own, digest) != 0) {
                (void) fail(err, ERR_VERIFY, "La tarjeta que dice ser la %s no la imprimió esta estación.",
                            "The card that says it is %s was not printed by this station.", number);
                return hint(err, "Reténgala y avise al administrador de seguridad.",
                            "Keep it and tell the security administrator.");
        }
        if (strcmp(json_text_or_empty(card, "state"), "valid") == 0)
                return 0;
        (void) fail(err, ERR_CONFLICT, "La tarjeta %s está anulada.", "Card %s is void.", number);
        return hint(err, "Reténgala; el administrador de seguridad imprime otra con «person card».",
                    "Keep it; the security administrator prints another with “person card”.");
}

static int run_scan(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        _cleanup_json_ json_t *card = NULL;
        char number[BADGE_NUMBER], plain[BADGE_TEXT + 1], roles[64];
        int r;

        (void) str_scanned(json_text(args, "text"), plain, sizeof plain);
        if (!badge_text_valid(plain))
                return fail(err, ERR_USAGE, "El texto no es de una tarjeta, o se leyó a medias.",
                            "The text is not of a card, or was read by half.");
        r = card_number(plain, number, err);
        if (r == 0)
                r = load_card(act->db, number, &card, err);
        if (r == 0)
                r = judge_card(act, plain, card, err);
        if (r == 0)
                r = person_load(act->db, json_text(card, "person"), &person, err);
        if (r < 0)
                return r;
        roles_format(person.roles, roles);
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:b}", "card", number, "name", person.name,
                         "full_name", person.full_name, "roles", roles, "blocked", person.blocked, "expires",
                         person.expires, "trained_until", person.trained_until, "enrolled",
                         person.certificate != NULL);
        return *ret ? 0 : fail_memory(err);
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err,
                         COLUMNS_SQL
                         "WHERE (?1 IS NULL OR badge.person = ?1) AND (?2 OR state = 'valid') ORDER BY serial",
                         "si", json_text(args, "person"), (int64_t) json_flag(args, "all"));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = json_array_append_new(list, rows_to_json(rows, members, "sssststss")) ? fail_memory(err) : 0;
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

/* --- issuing ----------------------------------------------------------------------------------------------- */

struct issue {
        char number[BADGE_NUMBER], text[BADGE_TEXT], digest[SHA256_TEXT];
        int64_t serial;
        struct person person;
        json_t *data;
};

static int make_card(struct issue *issue, int64_t serial, struct error *err) {
        static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        _cleanup_secret_ struct secret *random = NULL;
        uint64_t number = 0;
        int r = secret_random(sizeof number, &random, err);

        if (r < 0)
                return r;
        if (serial > 999999)
                return fail(err, ERR_CONFLICT, "No quedan números de tarjeta.", "There are no card numbers left.");
        memcpy(&number, random->data, sizeof number);
        issue->serial = serial;
        (void) snprintf(issue->number, sizeof issue->number, "K%06d", (int) serial);
        memcpy(issue->text, issue->number, BADGE_NUMBER);
        for (size_t i = 0; i < SECRET_DIGITS; i++, number /= 36)
                issue->text[BADGE_NUMBER - 1 + i] = digits[number % 36];
        issue->text[BADGE_TEXT - 2] = medium_id_check(issue->text);
        if (sha256_text(issue->text, strlen(issue->text), issue->digest) < 0)
                return fail_memory(err);
        issue->data = json_pack("{s:s, s:I, s:s}", "number", issue->number, "serial", (json_int_t) serial, "digest",
                                issue->digest);
        return issue->data ? 0 : fail_memory(err);
}

static int make_cards(struct act *act, const json_t *names, struct issue *issues, size_t n, struct error *err) {
        int64_t serial;
        int r = db_int(act->db, &serial, err, "SELECT coalesce(max(serial), 0) + 1 FROM badge", "");

        for (size_t i = 0; r == 0 && i < n; i++) {
                const char *name = json_string_value(json_array_get(names, i));

                for (size_t k = 0; k < i; k++)
                        if (strcmp(issues[k].person.name, name) == 0)
                                return fail(err, ERR_USAGE, "%s está dos veces.", "%s is there twice.", name);
                r = person_load(act->db, name, &issues[i].person, err);
                if (r == 0)
                        r = make_card(&issues[i], serial + (int64_t) i, err);
        }
        return r;
}

static int draw_cards(struct act *act, const struct issue *issues, size_t n, struct output *out,
                      struct error *err) {
        struct badge_face faces[CARDS_MOST];

        for (size_t i = 0; i < n; i++)
                faces[i] = (struct badge_face){ issues[i].person.full_name, issues[i].number, issues[i].text };
        return badges_to_pdf(faces, n, act->organisation, act->lang, out, err);
}

static int answer_cards(const struct issue *issues, size_t n, const char *file, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "card", issues[i].number,
                                                          "person", issues[i].person.name, "full_name",
                                                          issues[i].person.full_name, "state", "valid")))
                        return fail_memory(err);
        *ret = json_pack("{s:O, s:s}", "rows", rows, "file", file);
        return *ret ? 0 : fail_memory(err);
}

/* Read back before anything is on record: a card that no scanner reads is never issued. */
static int issue_cards(struct act *act, const json_t *args, struct issue *issues, size_t n, json_t **ret,
                       struct error *err) {
        _cleanup_(output_done) struct output out = { 0 };
        struct fact facts[CARDS_MOST];
        const char *path = json_text(args, "out");
        int r = make_cards(act, json_object_get(args, "name"), issues, n, err);

        if (r == 0)
                r = draw_cards(act, issues, n, &out, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                facts[i] = (struct fact){ "badge.issued", issues[i].person.name, issues[i].data };
        r = act_record(act, facts, n, err);
        if (r < 0)
                return r;
        r = output_save(&out, act->dry_run ? NULL : path, err);
        if (r < 0)
                return hint(err, "Las tarjetas constan como emitidas: emítalas de nuevo, y estas quedan anuladas.",
                            "The cards are on record as issued: issue them again, and these are void.");
        act_say(act, "Tarjetas emitidas: %zu. Las anteriores de estas personas quedan anuladas.",
                "Cards issued: %zu. The earlier ones of these people are void.", n);
        return answer_cards(issues, n, path, ret, err);
}

static int run_card(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        size_t n = json_array_size(json_object_get(args, "name"));
        struct issue *issues;
        int r;

        if (n > CARDS_MOST)
                return fail(err, ERR_USAGE, "Más de %d tarjetas de una vez.", "Over %d cards at once.", CARDS_MOST);
        issues = calloc(n, sizeof *issues);
        r = issues ? issue_cards(act, args, issues, n, ret, err) : fail_memory(err);
        for (size_t i = 0; issues && i < n; i++) {
                person_done(&issues[i].person);
                json_decref(issues[i].data);
                explicit_bzero(issues[i].text, sizeof issues[i].text);
        }
        free(issues);
        return r;
}

static int run_revoke(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *card = NULL, *data = NULL;
        char number[BADGE_NUMBER];
        int r = card_number(json_text(args, "card"), number, err);

        if (r == 0)
                r = load_card(act->db, number, &card, err);
        if (r == 0 && strcmp(json_text_or_empty(card, "state"), "valid") != 0)
                r = fail(err, ERR_CONFLICT, "La tarjeta %s ya está anulada.", "Card %s is void already.", number);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s}", "number", number, "reason", json_text(args, "reason"));
        r = data ? act_record_one(act, "badge.revoked", json_text(card, "person"), data, err) : fail_memory(err);
        if (r < 0)
                return r;
        act_say(act, "Tarjeta %s de %s anulada.", "Card %s of %s is void.", number, json_text(card, "full_name"));
        *ret = json_pack("{s:s, s:s, s:s}", "card", number, "person", json_text(card, "person"), "state",
                         "revoked");
        return *ret ? 0 : fail_memory(err);
}

/* --- the table --------------------------------------------------------------------------------------------- */

static const struct param card_params[] = {
        { "name", PARAM_PERSON, PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("persona (repetible)", "person (repeatable)"), 0, 0, NULL, 0 },
        { "out", PARAM_OUTPUT, PARAM_REQUIRED, HELP("fichero PDF", "PDF file"), 0, 0, NULL, 0 },
};
static const struct param list_params[] = {
        { "person", PARAM_PERSON, 0, HELP("solo de esta persona", "of this person only"), 0, 0, NULL, 0 },
        { "all", PARAM_FLAG, 0, HELP("también las anuladas", "void ones too"), 0, 0, NULL, 0 },
};
static const struct param scan_params[] = {
        { "text", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("texto leído", "scanned text"), 0, 200, NULL,
          0 },
};
static const struct param revoke_params[] = {
        { "card", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("su número, o el texto leído", "its number, or the scanned text"), 0, 200, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct term card_state_terms[] = {
        { "valid", { "vigente", "valid" } },
        { "replaced", { "sustituida", "replaced" } },
        { "revoked", { "anulada", "void" } },
};
static const struct column card_columns[] = {
        { "card", HELP("TARJETA", "CARD") },        { "person", HELP("CUENTA", "ACCOUNT") },
        { "full_name", HELP("NOMBRE", "NAME") },    { "state", CODES("ESTADO", "STATE", card_state_terms) },
        { "issued", HELP("EMITIDA", "ISSUED") },    { "issued_by", HELP("POR", "BY") },
        { "ended", HELP("ANULADA", "VOID SINCE") }, { "ended_by", HELP("POR", "BY") },
        { "reason", HELP("MOTIVO", "REASON") },
};
static const struct column scan_columns[] = {
        { "card", HELP("TARJETA", "CARD") },
        { "name", HELP("CUENTA", "ACCOUNT") },
        { "full_name", HELP("NOMBRE", "NAME") },
        { "roles", CODES("ROLES", "ROLES", role_words) },
        { "blocked", HELP("BLOQUEADA", "BLOCKED") },
        { "expires", HELP("CADUCA", "EXPIRES") },
        { "trained_until", HELP("FORMACIÓN", "TRAINED") },
        { "enrolled", HELP("FIRMA", "SIGNS") },
};

static const struct verb badge_verbs[] = {
        { "person", "card", ROLE_SECURITY, VERB_WRITES,
          HELP("Emite tarjetas para el mostrador; las anteriores quedan anuladas",
               "Issues cards for the counter; earlier ones become void"),
          PARAMS(card_params), COLUMNS(card_columns), .run = run_card },
        { "person", "cards", ROLE_CUSTODIAN | ROLE_SECURITY | ROLE_AUDITOR, VERB_READS,
          HELP("Lista las tarjetas", "Lists the cards"), PARAMS(list_params), COLUMNS(card_columns),
          .run = run_list },
        { "person", "scan-card", ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_READS,
          HELP("De quién es una tarjeta leída", "Whose a scanned card is"), PARAMS(scan_params),
          COLUMNS(scan_columns), .run = run_scan },
        { "person", "revoke-card", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Anula una tarjeta perdida o robada", "Makes a lost or stolen card void"), PARAMS(revoke_params),
          COLUMNS(card_columns), .run = run_revoke },
};

const struct room badge_room = {
        .verbs = badge_verbs,
        .verbs_n = COUNT(badge_verbs),
        .events = badge_events,
        .events_n = COUNT(badge_events),
};
