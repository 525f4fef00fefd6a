#include "sanitize/offers.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static json_t *offer(const struct act *act, const struct medium *medium, const struct device_facts *facts,
                     size_t id) {
        const struct technique *technique = techniques[id];
        const struct firmware_method *firmware = technique->firmware;
        struct error why = { 0 };
        bool offered = technique->offered(medium, facts, &why) == 0;
        int64_t seconds = facts && firmware && firmware->seconds ? firmware->seconds(facts) : 0;
        json_t *row = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:b}", "technique", technique->name,
                                "name", text_in(technique->says, act->lang), "offered", offered, "rule", why.rule,
                                "why", why.what[act->lang], "hint", why.hint[act->lang], "level",
                                sanitize_level_terms[technique->reaches[medium->kind]].code, "does_not_reach",
                                text_in(technique->does_not_reach, act->lang), "by_device", firmware != NULL);

        if (row && seconds > 0)
                (void) json_object_set_new(row, "seconds", json_integer(seconds));
        return row;
}

json_t *offers_to_json(const struct act *act, const struct medium *medium, const struct device_facts *facts) {
        json_t *list = json_array();

        for (size_t id = 0; list && id < TECHNIQUES; id++)
                (void) json_array_append_new(list, offer(act, medium, facts, id));
        return list;
}

static void say_offer(struct act *act, const struct medium *medium, const struct device_facts *facts,
                      const struct technique *technique) {
        int64_t seconds = technique->firmware->seconds ? technique->firmware->seconds(facts) : 0;
        const struct text level = sanitize_level_terms[technique->reaches[medium->kind]].name;

        char takes[LANGS][64] = { "no dice cuánto tarda", "does not say how long it takes" };

        if (seconds > 0) {
                (void) snprintf(takes[LANG_ES], sizeof takes[LANG_ES], "unos %lld s según él", (long long) seconds);
                (void) snprintf(takes[LANG_EN], sizeof takes[LANG_EN], "some %lld s by its own word",
                                (long long) seconds);
        }
        act_say(act, "Ofrece %s: nivel %s%.0s; %s%.0s. No alcanza: %s%.0s.",
                "Offers %s: level %.0s%s; %.0s%s. It does not reach: %.0s%s.", technique->name, level.es, level.en,
                takes[LANG_ES], takes[LANG_EN], technique->does_not_reach.es, technique->does_not_reach.en);
}

/* What a device lacks of a command set that it doesn't speak is no news. */
static bool is_spoken(const struct device_firmware *f, const char *name) {
        return f->gap == FIRMWARE_ANSWERED && ((f->ata_answers && strncmp(name, "ata-", 4) == 0) ||
                                               (f->scsi.answers && strncmp(name, "scsi-", 5) == 0) ||
                                               (f->nvme.answers && strncmp(name, "nvme-", 5) == 0));
}

void offers_say(struct act *act, const struct medium *medium, const struct device_facts *facts) {
        char missing[ERROR_TEXT_MAX - 100] = "";
        size_t at = 0;

        for (size_t id = 0; id < TECHNIQUES; id++) {
                const struct technique *technique = techniques[id];

                if (!technique->firmware)
                        continue;
                if (technique->offered(medium, facts, NULL) == 0)
                        say_offer(act, medium, facts, technique);
                else if (is_spoken(&facts->firmware, technique->name) && at < sizeof missing)
                        at += (size_t) snprintf(missing + at, sizeof missing - at, "%s%s", at ? ", " : "",
                                                technique->name);
        }
        if (*missing)
                act_say(act, "Sin ofrecer (el porqué, con --json): %s.", "Not offered (why: with --json): %s.",
                        missing);
}
