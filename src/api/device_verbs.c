#include "api/device_verbs.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "device/identity.h"
#include "device/monitor.h"
#include "encrypt/encrypt.h"
#include "gate/gate.h"
#include "policy/rule.h"
#include "registry/medium.h"

static const struct param list_params[] = {
        { "all", PARAM_FLAG, 0, HELP("también los discos del sistema", "system disks too"), 0, 0, NULL, 0 },
};

static const struct column list_columns[] = {
        { "path", HELP("Dispositivo", "Device") },
        { "kind", CODES("Tipo", "Kind", medium_kind_terms) },
        { "size", HELP("Bytes", "Bytes") },
        { "model", HELP("Modelo", "Model") },
        { "serial", HELP("Serie", "Serial") },
        { "filesystem", HELP("Contenido", "Content") },
        { "holder", HELP("En uso por", "In use by") },
        { "medium", HELP("Soporte", "Medium") },
        { "verdict_text", HELP("Veredicto", "Verdict") },
        { "rule", HELP("Regla", "Rule") },
};

static void set(json_t *object, const char *key, const char *text) {
        (void) json_object_set_new(object, key, json_string(text));
}

/* What the person at the desk reads below the table: why a device is not let in, and what to do. */
static void say_verdict(struct act *act, const struct device_facts *facts, const json_t *verdict) {
        const struct rule *rule = rule_find(json_text_or_empty(verdict, "rule"));
        char line[LANGS][ERROR_TEXT_MAX];

        if (strcmp(json_text_or_empty(verdict, "verdict"), gate_verdict_terms[GATE_ACCEPT].code) == 0 || !rule)
                return;
        for (enum lang lang = LANG_ES; lang < LANGS; lang++) {
                const char *key = lang == LANG_ES ? "es" : "en";
                const char *detail = json_text_or_empty(json_object_get(verdict, "detail"), key);

                (void) snprintf(line[lang], sizeof line[lang], "%s: %s [%s · ENS %s]. %s%s→ %s", facts->path,
                                json_text_or_empty(json_object_get(verdict, "why"), key), rule->id, rule->ens,
                                detail, *detail ? " " : "", text_in(rule->remedy, lang));
                utf8_trim(line[lang]);
        }
        act_say_text(act, (struct text){ line[LANG_ES], line[LANG_EN] });
}

/* The gate's verdict of this insertion, where there is one. */
static int add_verdict(struct act *act, const struct device_facts *facts, json_t *row, struct error *err) {
        _cleanup_json_ json_t *verdict = NULL;
        int r = gate_recorded(act->db, facts, &verdict, err), code;

        if (r < 0 || !verdict)
                return r;
        say_verdict(act, facts, verdict);
        code = term_parse(gate_verdict_terms, GATE_VERDICTS, json_text_or_empty(verdict, "verdict"));
        set(row, "verdict_text", code < 0 ? "" : text_in(gate_verdict_terms[code].name, act->lang));
        return json_object_update(row, verdict) < 0 ? fail_memory(err) : 0;
}

/* C5: it is here, so its key can be changed now. */
static int say_rotation(struct act *act, const struct device_facts *facts, const struct medium *medium, json_t *row,
                        struct error *err) {
        enum rotation_standing standing;
        char date[DATE_TEXT];
        int64_t due;
        int r = encrypt_rotation_standing(act, medium, &standing, &due, err);

        if (r < 0 || standing == ROTATION_EXEMPT)
                return r;
        date_of(due, date);
        set(row, "rotation", rotation_standing_terms[standing].code);
        set(row, "rotation_due", date);
        if (standing == ROTATION_SOON || standing == ROTATION_OVERDUE)
                act_say(act,
                        "%s: la clave de volumen de %s vence el %s [C5]. → «mpsi encrypt rotate %s %s --kind "
                        "volume»",
                        "%s: the volume key of %s is due on %s [C5]. → “mpsi encrypt rotate %s %s --kind volume”",
                        facts->path, medium->id, date, medium->id, facts->path);
        return 0;
}

/* Which medium it is and by what, or why it is none; and whether a destructive act could begin (S6). */
static int describe(struct act *act, const struct device_facts *facts, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *row = device_facts_to_json(facts);
        struct error why = { 0 };
        char id[MEDIUM_ID_TEXT];
        struct medium medium;
        enum identity identity = IDENTITY_NONE;
        int r;

        if (!row)
                return fail_memory(err);
        r = medium_of_device(act->db, facts, id, NULL, &why);
        if (r == 0)
                r = medium_load(act->db, id, &medium, err);
        else if (r != ERR_NOT_FOUND && r != ERR_CONFLICT)
                return r;
        set(row, "medium", r == 0 ? id : "");
        if (r == 0) {
                const struct known_identity known = { medium.luks_uuid, medium.wwn,  medium.serial,
                                                      medium.insertion, medium.size, medium.whole_size };

                set(row, "medium_state", medium_state_terms[medium.state].code);
                r = identity_match(facts, &known, &identity, &why);
        }
        if (r == 0)
                r = device_refuse_in_use(facts, &why);
        set(row, "matched_by", identity_terms[identity].code);
        set(row, "barred", r < 0 ? why.what[act->lang] : "");
        set(row, "barred_by", r < 0 ? why.rule : "");
        (void) json_object_set_new(row, "writable", json_boolean(r == 0));
        r = *json_text_or_empty(row, "medium") ? say_rotation(act, facts, &medium, row, err) : 0;
        if (r == 0)
                r = add_verdict(act, facts, row, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(row);
        return 0;
}

struct listing {
        struct act *act;
        json_t *rows;
        bool all;
        struct error *err;
        int r;
};

/* A sound disk that sleeps takes some seconds to spin up. */
enum { PATIENCE_MS = 5000 };

static void say_silent(struct act *act, const char *path) {
        act_say(act, "%s: no responde; se muestra lo que se sabe sin leerlo.",
                "%s: does not answer; what is known without reading it is shown.", path);
}

/* A device that goes away while it is looked at is just not listed. */
static void add(void *context, const char *path) {
        struct listing *listing = context;
        struct device_facts facts;
        bool silent;
        json_t *row;

        if (listing->r < 0 ||
            device_facts_patient(path, listing->act->folder, PATIENCE_MS, &facts, &silent, NULL) < 0 ||
            facts.size <= 0 || (facts.system && !listing->all))
                return;
        if (silent)
                say_silent(listing->act, facts.path);
        listing->r = describe(listing->act, &facts, &row, listing->err);
        if (listing->r < 0)
                return;
        (void) json_object_set_new(row, "silent", json_boolean(silent));
        (void) json_array_append_new(listing->rows, row);
}

static int list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        struct listing listing = { .act = act, .rows = rows, .all = json_flag(args, "all"), .err = err };
        int r = rows ? monitor_enumerate(add, &listing, err) : fail_memory(err);

        if (r == 0)
                r = listing.r;
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb verbs[] = {
        { "device", "list", ROLE_ANY, VERB_READS,
          HELP("discos presentes y qué soporte es cada uno", "disks that are present, and which medium each is"),
          PARAMS(list_params), COLUMNS(list_columns), list },
};

const struct room device_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
