/* `device allow`: one insertion of one device may be written in spite of its verdict, by whom and why on record. It
 * is how a registered medium gets past the gate to be encrypted or wiped. */
#include "base/str.h"
#include "device/gate.h"
#include "gate/internal.h"

static const char *const scripts[] = {
        "CREATE TABLE device_allowed ("
        "  insertion TEXT PRIMARY KEY, medium TEXT NOT NULL, rule TEXT NOT NULL, person TEXT NOT NULL,"
        "  reason TEXT NOT NULL, time INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;",
        /* Stores of before have their verdicts in the events only. */
        "CREATE TABLE device_verdict ("
        "  device TEXT PRIMARY KEY, insertion TEXT NOT NULL, medium TEXT NOT NULL, verdict TEXT NOT NULL,"
        "  rule TEXT NOT NULL, why_es TEXT NOT NULL, why_en TEXT NOT NULL, detail_es TEXT NOT NULL,"
        "  detail_en TEXT NOT NULL, time INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "INSERT INTO device_verdict SELECT json_extract(data, '$.device'), json_extract(data, '$.insertion'),"
        "  json_extract(data, '$.medium'), json_extract(data, '$.verdict'), json_extract(data, '$.rule'),"
        "  json_extract(data, '$.why.es'), json_extract(data, '$.why.en'), json_extract(data, '$.detail.es'),"
        "  json_extract(data, '$.detail.en'), time FROM event WHERE seq IN (SELECT max(seq) FROM event"
        "  WHERE type = 'device.judged' GROUP BY json_extract(data, '$.device'));",
};
static const char *const state_tables[] = { "device_allowed", "device_verdict", NULL };

const struct schema gate_schema = {
        .room = "gate",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};

int gate_apply_allowed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO device_allowed(insertion, medium, rule, person, reason, time) VALUES(?, ?, ?, "
                        "?, ?, ?) "
                        "ON CONFLICT(insertion) DO UPDATE SET medium = excluded.medium, rule = excluded.rule, "
                        "person = excluded.person, reason = excluded.reason, time = excluded.time",
                        "sssssi", json_text(event->data, "insertion"), json_text(event->data, "medium"),
                        json_text(event->data, "rule"), event->actor, json_text(event->data, "reason"),
                        event->time);

        return r < 0 ? r : 0;
}

int gate_allowed(struct db *db, const struct device_facts *facts, struct gate_judgement *judgement,
                 struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r;

        if (str_empty(facts->insertion)) /* nothing names this insertion: nothing can have allowed it */
                return 0;
        r = db_query(db, &rows, err, "SELECT medium, person, reason, rule FROM device_allowed WHERE insertion = ?",
                     "s", facts->insertion);
        if (r == 0)
                r = rows_next(rows, err);
        /* It was given to the medium that it was then, against the rule that spoke then: another medium behind the
         * same node, or another rule, is not meant. */
        if (r <= 0 || strcmp(rows_text(rows, 0), judgement->medium) != 0 ||
            strcmp(rows_text(rows, 3), judgement->answer.rule) != 0)
                return r < 0 ? r : 0;
        judgement->allowed = true;
        judgement->answer.verdict = GATE_ACCEPT;
        (void) snprintf(judgement->detail[LANG_ES], GATE_DETAIL, "Permitido por %s: %s", rows_text(rows, 1),
                        rows_text(rows, 2));
        (void) snprintf(judgement->detail[LANG_EN], GATE_DETAIL, "Allowed by %s: %s", rows_text(rows, 1),
                        rows_text(rows, 2));
        return 0;
}

/* C3: a refused or unregistered device is for the security administrator to let in. */
static int may_allow(const struct act *act, const struct device_facts *facts,
                     const struct gate_judgement *judgement, struct error *err) {
        if (act->roles & ROLE_SECURITY)
                return 0;
        if (!judgement->medium[0] || judgement->answer.verdict == GATE_REFUSE)
                return refuse(err, ERR_DENIED, "C3", "«%s» solo lo puede permitir el administrador de seguridad.",
                              "Only the security administrator may allow “%s”.", facts->path);
        return 0;
}

int gate_run_allow(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        struct gate_judgement judgement;
        struct device_facts facts;
        int r = gate_read_device(act, args, &facts, err);

        if (r == 0)
                r = gate_judge(act, &facts, NULL, &judgement, err);
        if (r == 0 && judgement.answer.verdict == GATE_ACCEPT)
                r = fail(err, ERR_CONFLICT, "«%s» ya está aceptado.", "“%s” is accepted already.", facts.path);
        if (r == 0)
                r = may_allow(act, &facts, &judgement, err);
        if (r == 0 && str_empty(facts.insertion))
                r = fail(err, ERR_CONFLICT, "El núcleo no distingue esta inserción de «%s».",
                         "The kernel does not tell this insertion of “%s” apart.", facts.path);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "device", facts.path, "insertion", facts.insertion,
                         "medium", judgement.medium, "verdict", gate_verdict_terms[judgement.answer.verdict].code,
                         "rule", judgement.answer.rule, "reason", json_text(args, "reason"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "device.allowed", judgement.medium[0] ? judgement.medium : "-", data, err);
        if (r == 0 && !act->dry_run)
                r = gate_set(facts.path, false, err);
        if (r < 0)
                return r;
        act_say(act, "«%s» se puede escribir hasta que se desconecte.",
                "“%s” can be written until it is unplugged.", facts.path);
        *ret = TAKE_PTR(data);
        return 0;
}
