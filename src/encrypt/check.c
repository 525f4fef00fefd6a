/* encrypt check: judges what stands on a device and compares it with the registry. Read only. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "device/facts.h"
#include "encrypt/internal.h"
#include "encrypt/token.h"
#include "registry/station.h"

struct check {
        struct act *act;
        const char *device;
        struct luks_copy copy;
        struct medium medium;
        bool registered;
        struct encryption encryption;
        enum category category;
        struct luks_verdict verdict;
        char digest[65]; /* "" without a whole header */
};

static void check_done(struct check *check) {
        luks_copy_done(&check->copy);
        encryption_done(&check->encryption);
}

static int find_medium(struct check *check, const json_t *args, struct error *err) {
        const char *named = json_text(args, "medium"), *category = json_text(args, "category");
        char id[MEDIUM_ID_TEXT];
        int r = 0;

        if (named)
                (void) snprintf(id, sizeof id, "%s", named);
        else {
                r = check->copy.facts.uuid[0]
                            ? medium_resolve(check->act->db, check->copy.facts.uuid, id, NULL, err)
                            : ERR_NOT_FOUND;
                if (r == ERR_NOT_FOUND)
                        r = medium_resolve(check->act->db, check->device, id, NULL, err);
        }
        if (r == 0) {
                check->registered = true;
                r = medium_load(check->act->db, id, &check->medium, err);
                check->category = check->medium.category;
                if (r == 0)
                        r = encryption_load(check->act->db, id, &check->encryption, err);
                return r;
        }
        if (r != ERR_NOT_FOUND)
                return r;
        if (!category)
                return hint(err, "Para juzgar un soporte sin registrar diga --category.",
                            "To judge an unregistered medium give --category.");
        check->category = (enum category) term_parse(category_terms, CATEGORIES, category);
        return 0;
}

static int judge(struct check *check, struct error *err) {
        int r;

        if (check->registered)
                judge_copy(check->act, &check->medium, &check->encryption, &check->copy, &check->verdict);
        else {
                struct luks_known known = { .foreign = true };

                r = station_crypto_profile(check->act->db, &known.profile, err);
                if (r < 0)
                        return r;
                luks_judge(&check->copy.facts, check->category, &known, &check->verdict);
                token_judge(&check->copy.facts, NULL, check->act->station_certificate, &check->verdict);
        }
        if (check->copy.whole) {
                r = copy_digest(&check->copy, check->digest, err);
                if (r < 0)
                        return r;
        }
        if (!check->registered)
                return 0;
        if (strcmp(check->encryption.state, "erased") == 0)
                act_say(check->act, "Las claves del soporte se borraron criptográficamente.",
                        "The medium was crypto-erased.");
        /* Same seqid, other bytes: somebody wrote past cryptsetup. A higher seqid says that a key slot or token was
         * changed with it; row 10 judges what. */
        if (check->medium.header_digest[0] && strcmp(check->medium.header_digest, check->digest) != 0)
                luks_verdict_add(&check->verdict, 0, "L7", -1,
                                 check->copy.facts.seqid == (uint64_t) check->medium.luks_seqid ? LUKS_REFUSE
                                                                                                : LUKS_WARN,
                                 "el resumen de la cabecera no es el registrado",
                                 "the header's digest is not the registered one");
        return 0;
}

static void say_summary(struct check *check) {
        const struct luks_verdict *verdict = &check->verdict;
        const struct term *decision = &luks_decision_terms[verdict->decision];
        const char *medium = check->registered ? check->medium.id : "-";

        act_say(check->act, "%s %s (%s): %s%.0s.", "%s %s (%s): %.0s%s.", check->device, medium,
                category_terms[check->category].code, decision->name.es, decision->name.en);
        if (check->copy.facts.state == LUKS_VERSION_2)
                act_say(check->act, "LUKS2 %s, seqid %llu, %s, clave de volumen de %lld bits.",
                        "LUKS2 %s, seqid %llu, %s, volume key of %lld bits.", verdict->uuid,
                        (unsigned long long) verdict->seqid, verdict->cipher, (long long) verdict->key_bits);
}

/* What to do next, once a row; of the row that decides it stands beside the refusal itself. */
static void say_remedy(struct check *check, size_t at) {
        const struct luks_finding *f = &check->verdict.findings[at], *worst = luks_verdict_worst(&check->verdict);
        struct text remedy = luks_finding_remedy(f);
        char es[ERROR_TEXT_MAX + 8], en[ERROR_TEXT_MAX + 8];

        if (worst && worst->row == f->row && strcmp(worst->rule, f->rule) == 0)
                return;
        for (size_t i = at + 1; i < check->verdict.findings_n; i++)
                if (check->verdict.findings[i].row == f->row &&
                    strcmp(check->verdict.findings[i].rule, f->rule) == 0)
                        return; /* after the last of them */
        (void) snprintf(es, sizeof es, "  → %s", remedy.es);
        (void) snprintf(en, sizeof en, "  → %s", remedy.en);
        act_say_text(check->act, (struct text){ es, en });
}

static void say_findings(struct check *check) {
        for (size_t i = 0; i < check->verdict.findings_n; i++) {
                const struct luks_finding *f = &check->verdict.findings[i];
                char slot[16] = "", es[LUKS_REASON + 64], en[LUKS_REASON + 64];

                if (f->slot >= 0)
                        (void) snprintf(slot, sizeof slot, " [%d]", f->slot);
                (void) snprintf(es, sizeof es, "%s, fila %d%s: %s.", f->rule, f->row, slot, f->es);
                (void) snprintf(en, sizeof en, "%s, row %d%s: %s.", f->rule, f->row, slot, f->en);
                act_say_text(check->act, (struct text){ es, en });
                say_remedy(check, i);
        }
}

static json_t *answer(const struct check *check) {
        json_t *object = luks_verdict_to_json(&check->verdict), *token = check->copy.facts.token;

        if (!object)
                return NULL;
        (void) json_object_set_new(object, "rows",
                                   luks_slots_to_json(&check->copy.facts, &check->verdict, check->act->lang));
        (void) json_object_set_new(object, "device", json_string(check->device));
        (void) json_object_set_new(object, "category", json_string(category_terms[check->category].code));
        (void) json_object_set_new(object, "digest", json_string(check->digest));
        (void) json_object_set_new(object, "label", json_string(check->copy.facts.label));
        (void) json_object_set_new(object, "subsystem", json_string(check->copy.facts.subsystem));
        if (check->registered)
                (void) json_object_set_new(object, "medium", json_string(check->medium.id));
        if (token)
                (void) json_object_set(object, "token", token);
        return object;
}

int encrypt_check(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(check_done) struct check check = { .act = act, .device = json_text(args, "device") };
        _cleanup_close_ int fd = -1;
        int r = luks_open_direct(check.device, O_RDONLY, &fd, err);

        if (r == 0)
                r = luks_copy_read(fd, true, &check.copy, err);
        if (r == 0)
                r = find_medium(&check, args, err);
        if (r == 0)
                r = judge(&check, err);
        if (r < 0)
                return r;
        say_summary(&check);
        say_findings(&check);
        *ret = answer(&check);
        if (!*ret)
                return fail_memory(err);
        return encrypt_refuse(&check.verdict, err);
}
