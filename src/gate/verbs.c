#include "base/str.h"
#include "device/gate.h"
#include "gate/internal.h"

static const struct param device_params[] = {
        { "device", PARAM_DEVICE, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("dispositivo", "device"), 0, 0, NULL, 0 },
};

static const struct param allow_params[] = {
        { "device", PARAM_DEVICE, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("dispositivo", "device"), 0, 0, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};

static const struct column columns[] = {
        { "device", HELP("Dispositivo", "Device") },
        { "medium", HELP("Soporte", "Medium") },
        { "identity", CODES("Reconocido por", "Known by", identity_terms) },
        { "verdict", CODES("Veredicto", "Verdict", gate_verdict_terms) },
        { "rule", HELP("Regla", "Rule") },
        { "model", HELP("Modelo", "Model") },
        { "serial", HELP("Nº de serie", "Serial") },
        { "size", HELP("Bytes", "Bytes") },
        { "luks_uuid", HELP("UUID de LUKS", "LUKS UUID") },
};

static void say_verdict(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement) {
        const struct gate_answer *answer = &judgement->answer;
        char line[LANGS][ERROR_TEXT_MAX];

        for (enum lang lang = LANG_ES; lang < LANGS; lang++) {
                const char *rule = answer->rule, *between = rule[0] ? " · " : "";

                (void) snprintf(line[lang], sizeof line[lang], "%s %s: %s%s%s%s%s", facts->path, judgement->medium,
                                text_in(gate_verdict_terms[answer->verdict].name, lang), between, rule, between,
                                text_in(answer->why, lang));
                utf8_trim(line[lang]);
        }
        act_say_text(act, (struct text){ line[LANG_ES], line[LANG_EN] });
        if (judgement->detail[LANG_ES][0])
                act_say_text(act, (struct text){ judgement->detail[LANG_ES], judgement->detail[LANG_EN] });
}

int gate_read_device(struct act *act, const json_t *args, struct device_facts *ret, struct error *err) {
        int r = device_facts_read(json_text(args, "device"), act->folder, ret, err);

        if (r < 0)
                return r;
        if (!gate_concerns(ret))
                return fail(err, ERR_CONFLICT,
                            "«%s» no es un soporte que juzgar: está en uso, vacío, o es parte del sistema.",
                            "“%s” is not a medium to judge: it is in use, empty, or part of the system.",
                            ret->path);
        return 0;
}

static void tell(void *context, struct text line) {
        act_say_text(context, line);
}

static int device_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct gate_judgement judgement;
        struct device_facts facts;
        json_t *answer;
        int r = gate_read_device(act, args, &facts, err);

        if (r == 0)
                r = gate_judge(act, &facts, NULL, &judgement, err);
        if (r < 0)
                return r;
        answer = gate_judgement_to_json(&facts, &judgement);
        device_firmware_read(&facts);
        if (!answer || json_object_set_new(answer, "facts", device_facts_to_json(&facts)) < 0 ||
            json_object_set_new(answer, "firmware", device_firmware_to_json(&facts)) < 0) {
                json_decref(answer);
                return fail_memory(err);
        }
        say_verdict(act, &facts, &judgement);
        device_firmware_say(&facts, act, tell);
        *ret = answer;
        return 0;
}

/* Closed before it is on record, opened only after. */
static int enforce(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement,
                   struct error *err) {
        bool closes = judgement->answer.verdict != GATE_ACCEPT;
        int r = closes && !act->dry_run ? gate_set(facts->path, true, err) : 0;

        if (r == 0)
                r = gate_record(act, facts, judgement, true, err);
        if (r == 0 && !closes && !act->dry_run)
                r = gate_set(facts->path, false, err);
        return r;
}

static int device_judge(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct gate_judgement judgement;
        struct device_facts facts;
        json_t *answer;
        int r = gate_read_device(act, args, &facts, err);

        if (r == 0)
                r = gate_judge(act, &facts, NULL, &judgement, err);
        if (r == 0)
                r = enforce(act, &facts, &judgement, err);
        if (r < 0)
                return r;
        answer = gate_judgement_to_json(&facts, &judgement);
        if (!answer)
                return fail_memory(err);
        say_verdict(act, &facts, &judgement);
        *ret = answer;
        return 0;
}

static const struct verb verbs[] = {
        { "device", "show", ROLE_ANY, VERB_READS,
          HELP("Dice qué es un dispositivo, qué soporte registrado es y qué haría la compuerta con él",
               "Says what a device is, which registered medium it is and what the gate would do with it"),
          PARAMS(device_params), COLUMNS(columns), device_show },
        { "device", "judge", ROLE_OPERATOR | ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Juzga un dispositivo, lo protege contra escritura si no es aceptable y lo anota",
               "Judges a device, makes it read-only unless it is acceptable, and records it"),
          PARAMS(device_params), COLUMNS(columns), device_judge },
        { "device", "allow", ROLE_OPERATOR | ROLE_SECURITY, VERB_WRITES,
          HELP("Permite escribir un dispositivo en esta inserción, con su motivo",
               "Lets a device be written during this insertion, with the reason"),
          PARAMS(allow_params), COLUMNS(columns), gate_run_allow },
};

static const struct event_type events[] = {
        { "device.judged", gate_apply_judged },
        { "device.allowed", gate_apply_allowed },
};

const struct room gate_room = {
        .schema = &gate_schema, .verbs = verbs, .verbs_n = COUNT(verbs), .events = events, .events_n = COUNT(events)
};
