#include "sanitize/plan.h"

#include "policy/rule.h"

const struct technique *plan_overwrites(const struct plan *plan) {
        for (size_t i = 0; i < plan->steps_n; i++)
                if (plan->steps[i]->passes_n > 0)
                        return plan->steps[i];
        return NULL;
}

bool plan_erases_keys(const struct plan *plan) {
        for (size_t i = 0; i < plan->steps_n; i++)
                if (plan->steps[i] == &technique_crypto_erase)
                        return true;
        return false;
}

int64_t plan_work(const struct plan *plan, int64_t size) {
        const struct technique *technique = plan_overwrites(plan);

        int64_t work = technique ? overwrite_work(technique, size) : 0;

        for (size_t i = 0; i < plan->steps_n; i++) {
                const struct firmware_method *firmware = plan->steps[i]->firmware;

                work += firmware && firmware->leaves != LEAVES_CHANGED ? size : 0; /* its read-back */
        }
        return work;
}

bool plan_uses_firmware(const struct plan *plan) {
        for (size_t i = 0; i < plan->steps_n; i++)
                if (plan->steps[i]->firmware)
                        return true;
        return false;
}

int64_t plan_firmware_seconds(const struct plan *plan, const struct device_facts *facts) {
        int64_t seconds = 0;

        for (size_t i = 0; i < plan->steps_n; i++) {
                const struct firmware_method *firmware = plan->steps[i]->firmware;
                int64_t says = firmware && firmware->seconds ? firmware->seconds(facts) : 0;

                if (firmware && says <= 0)
                        return -1;
                seconds += says;
        }
        return seconds;
}

static int refuse_cell(const struct medium *medium, const struct sanitize_demand *demand, struct error *err) {
        return refuse(
                err, ERR_REFUSED, "S1",
                "%s: un soporte «%s%.0s» clasificado %s exige un método físico («%s» / “%s”), que ningún programa "
                "puede hacer.",
                "%s: a “%.0s%s” medium classified %s demands a physical method (“%s” / “%s”), which no program can "
                "do.",
                medium->id, medium_kind_terms[medium->kind].name.es, medium_kind_terms[medium->kind].name.en,
                classification_terms[medium->classification].code, demand->method.es, demand->method.en);
}

/* The wished steps; a medium whose key we hold loses it in every scheme: what was overwritten may survive elsewhere
 * as ciphertext. ERR_REFUSED by S2 when the device doesn't offer one. */
static int choose_steps(const struct medium *medium, const struct device_facts *facts,
                        const struct technique *const *wished, size_t wished_n, struct plan *plan,
                        struct error *err) {
        for (size_t i = 0; i < wished_n; i++) {
                int r = wished[i]->offered(medium, facts, err);

                if (r < 0)
                        return r;
        }
        if (wished[0] != &technique_crypto_erase && technique_crypto_erase.offered(medium, facts, NULL) == 0)
                plan->steps[plan->steps_n++] = &technique_crypto_erase;
        for (size_t i = 0; i < wished_n; i++)
                plan->steps[plan->steps_n++] = wished[i];
        return 0;
}

static int judge_level(const struct medium *medium, struct plan *plan, struct error *err) {
        for (size_t i = 0; i < plan->steps_n; i++) {
                enum sanitize_level level = plan->steps[i]->reaches[medium->kind];

                if (plan->steps[i] == &technique_crypto_erase && !technique_crypto_erase_counts(medium))
                        continue;
                if (level > plan->reaches)
                        plan->reaches = level;
        }
        if (plan->reaches >= plan->demand->level)
                return 0;
        if (plan_erases_keys(plan) && !technique_crypto_erase_counts(medium))
                return refuse(
                        err, ERR_REFUSED, "S1",
                        "El borrado criptográfico de %s no cuenta como Purge: no consta que todo lo guardado se "
                        "cifrara desde el principio.",
                        "A crypto erase of %s does not count as Purge: nothing shows that all that was stored was "
                        "encrypted from the start.",
                        medium->id);
        return refuse(err, ERR_REFUSED, "S1", "El método «%s%.0s» alcanza el nivel «%s%.0s» y se exige «%s%.0s».",
                      "Method “%.0s%s” reaches level “%.0s%s” and “%.0s%s” is demanded.",
                      scheme_terms[plan->scheme].name.es, scheme_terms[plan->scheme].name.en,
                      sanitize_level_terms[plan->reaches].name.es, sanitize_level_terms[plan->reaches].name.en,
                      sanitize_level_terms[plan->demand->level].name.es,
                      sanitize_level_terms[plan->demand->level].name.en);
}

static int refuse_weak(const struct medium *medium, const struct sanitize_demand *demand, const char *method,
                       struct error *err) {
        return refuse(err, ERR_REFUSED, "S1", "%s: el método «%s» es más débil que «%s%.0s».",
                      "%s: method “%s” is weaker than “%.0s%s”.", medium->id, method,
                      scheme_terms[demand->preferred].name.es, scheme_terms[demand->preferred].name.en);
}

int plan_scheme(const struct medium *medium, const struct device_facts *facts, enum scheme_id scheme,
                struct plan *ret, struct error *err) {
        struct plan plan = { .demand = sanitize_demand(medium->kind, medium->classification), .scheme = scheme };
        const struct technique *wished[COUNT(schemes[scheme].techniques)];
        int r;

        if (plan.demand->schemes == 0)
                return refuse_cell(medium, plan.demand, err);
        if (!sanitize_scheme_enough(plan.demand, scheme))
                return refuse_weak(medium, plan.demand, scheme_terms[scheme].code, err);
        for (size_t i = 0; i < schemes[scheme].techniques_n; i++)
                wished[i] = techniques[technique_on(schemes[scheme].techniques[i], medium, facts)];
        r = choose_steps(medium, facts, wished, schemes[scheme].techniques_n, &plan, err);
        if (r == 0)
                r = judge_level(medium, &plan, err);
        if (r == 0)
                *ret = plan;
        return r;
}

bool plan_custom_enough(const struct sanitize_demand *demand, const struct technique *technique) {
        for (int scheme = 0; scheme < SCHEMES; scheme++)
                if (sanitize_scheme_enough(demand, (enum scheme_id) scheme) && schemes[scheme].techniques_n == 1 &&
                    technique_includes(technique, techniques[schemes[scheme].techniques[0]]))
                        return true;
        return false;
}

int plan_custom(const struct medium *medium, const struct device_facts *facts, const char *passes, struct plan *ret,
                struct error *err) {
        struct plan plan = { .demand = sanitize_demand(medium->kind, medium->classification),
                             .scheme = SCHEME_CUSTOM };
        const struct technique *technique;
        int r = technique_custom(passes, &technique, err);

        if (r < 0)
                return r;
        if (plan.demand->schemes == 0)
                return refuse_cell(medium, plan.demand, err);
        if (!plan_custom_enough(plan.demand, technique))
                return refuse_weak(medium, plan.demand, technique->name, err);
        r = choose_steps(medium, facts, &technique, 1, &plan, err);
        if (r == 0)
                r = judge_level(medium, &plan, err);
        if (r == 0)
                *ret = plan;
        return r;
}

int plan_make(const struct medium *medium, const struct device_facts *facts, const char *code, struct plan *ret,
              struct error *err) {
        const struct sanitize_demand *demand = sanitize_demand(medium->kind, medium->classification);
        int scheme = code ? term_parse(scheme_terms, SCHEMES, code) : (int) demand->preferred;

        if (demand->schemes == 0)
                return refuse_cell(medium, demand, err);
        if (scheme < 0)
                return fail(err, ERR_USAGE, "No hay ningún método «%s».", "There is no method “%s”.", code);
        return plan_scheme(medium, facts, (enum scheme_id) scheme, ret, err);
}

static json_t *passes_to_json(const struct technique *technique) {
        json_t *list = json_array();

        for (size_t i = 0; list && i < technique->passes_n; i++)
                (void) json_array_append_new(
                        list, json_pack("{s:i, s:s, s:s, s:s}", "pass", (int) i + 1, "act",
                                        technique->passes[i].act == PASS_WRITE ? "write" : "verify", "es",
                                        technique->passes[i].says.es, "en", technique->passes[i].says.en));
        return list;
}

json_t *plan_to_json(const struct plan *plan, int64_t size) {
        json_t *steps = json_array();

        for (size_t i = 0; steps && i < plan->steps_n; i++) {
                const struct technique *technique = plan->steps[i];

                (void) json_array_append_new(
                        steps, json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:s}}", "technique", technique->name, "es",
                                         technique->says.es, "en", technique->says.en, "passes",
                                         passes_to_json(technique), "does_not_reach", "es",
                                         technique->does_not_reach.es, "en", technique->does_not_reach.en));
        }
        return json_pack("{s:s, s:s*, s:s, s:s, s:s, s:s, s:I, s:o}", "scheme", scheme_terms[plan->scheme].code,
                         "pattern", plan->pattern[0] ? plan->pattern : NULL, "demanded_method_es",
                         plan->demand->method.es, "demanded_method_en", plan->demand->method.en, "demanded_level",
                         sanitize_level_terms[plan->demand->level].code, "level",
                         sanitize_level_terms[plan->reaches].code, "work_bytes", (json_int_t) plan_work(plan, size),
                         "steps", steps);
}
