/* The acceptance table of docs/cryptography.md, row by row. Pure. */
#include "encrypt/luks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "encrypt/mac.h"
#include "policy/rule.h"

static const char *rule_of_row(int row) {
        const struct luks_row *found = luks_row_find(row);

        return found ? found->rule : "C2";
}

/* A new finding that makes the verdict at least as strict; NULL when the list is full (a header of 32 bad slots can
 * break every row for each: the decision counts, the list is cut). */
static struct luks_finding *finding_new(struct luks_verdict *verdict, int row, const char *rule, int slot,
                                        enum luks_decision decision) {
        struct luks_finding *finding;

        if (decision > verdict->decision)
                verdict->decision = decision;
        if (verdict->decision >= LUKS_READ_ONLY)
                verdict->encrypted = false;
        if (slot >= 0 && slot < LUKS_SLOTS_MAX && decision > verdict->slots[slot].decision)
                verdict->slots[slot].decision = decision;
        if (verdict->findings_n == LUKS_FINDINGS_MAX)
                return NULL;
        finding = &verdict->findings[verdict->findings_n++];
        *finding = (struct luks_finding){ .row = row, .rule = rule, .slot = slot, .decision = decision };
        return finding;
}

void luks_verdict_add(struct luks_verdict *verdict, int row, const char *rule, int slot,
                      enum luks_decision decision, const char *es, const char *en, ...) {
        struct luks_finding *finding = finding_new(verdict, row, rule, slot, decision);
        va_list args, again;

        if (!finding)
                return;
        va_start(args, en);
        va_copy(again, args);
        (void) vsnprintf(finding->es, sizeof finding->es, es, args);
        (void) vsnprintf(finding->en, sizeof finding->en, en, again);
        va_end(again);
        va_end(args);
        utf8_trim(finding->es);
        utf8_trim(finding->en);
}

/* "what «name»: why", where what and why are texts in both languages. */
static void add_named(struct luks_verdict *verdict, int row, int slot, struct text what, const char *name,
                      struct text why) {
        struct luks_finding *finding = finding_new(verdict, row, rule_of_row(row), slot, LUKS_REFUSE);

        if (!finding)
                return;
        (void) snprintf(finding->es, sizeof finding->es, "%s «%s»%s%s", what.es, name, *why.es ? ": " : "", why.es);
        (void) snprintf(finding->en, sizeof finding->en, "%s “%s”%s%s", what.en, name, *why.en ? ": " : "", why.en);
}

#define ADD(verdict, row, slot, decision, ...)                                                                     \
        luks_verdict_add((verdict), (row), rule_of_row(row), (slot), (decision), __VA_ARGS__)

static const struct luks_forbidden *forbidden_cipher(const char *cipher) {
        for (size_t i = 0; i < luks_forbidden_n; i++) {
                const struct luks_forbidden *f = &luks_forbidden[i];

                if ((f->where == FORBIDDEN_CIPHER_PREFIX && strncmp(cipher, f->name, strlen(f->name)) == 0) ||
                    (f->where == FORBIDDEN_CIPHER_PART && strstr(cipher, f->name)) ||
                    (f->where == FORBIDDEN_CIPHER_EXACT && strcmp(cipher, f->name) == 0))
                        return f;
        }
        return NULL;
}

static const struct luks_forbidden *forbidden_name(enum luks_forbidden_where where, const char *name) {
        for (size_t i = 0; i < luks_forbidden_n; i++)
                if (luks_forbidden[i].where == where && strcmp(luks_forbidden[i].name, name) == 0)
                        return &luks_forbidden[i];
        return NULL;
}

static const struct text no_more = { "", "" };

/* A cipher of a segment (row 3) or of a slot's area (row 5); row 12 is told instead when it names the fault. */
static void judge_cipher(struct luks_verdict *verdict, int row, int slot, const char *cipher) {
        static const struct text what = { "cifrado", "cipher" };
        const struct luks_forbidden *f = forbidden_cipher(cipher);

        if (f)
                add_named(verdict, 12, slot, what, cipher, f->why);
        else if (strcmp(cipher, luks_cipher) != 0)
                ADD(verdict, row, slot, LUKS_REFUSE, "cifrado «%s» en vez de %s", "cipher “%s” instead of %s",
                    cipher, luks_cipher);
}

static void judge_hash(struct luks_verdict *verdict, int slot, const char *hash, struct text what) {
        if (!luks_hash_allowed(hash))
                add_named(verdict, forbidden_name(FORBIDDEN_HASH, hash) ? 12 : 5, slot, what, hash, no_more);
}

static const struct text hash_of_af = { "resumen del difusor", "hash of the anti-forensic splitter" };
static const struct text hash_of_pbkdf2 = { "resumen de PBKDF2", "hash of PBKDF2" };
static const struct text hash_of_digest = { "resumen de la clave de volumen", "hash of the volume key's digest" };

static const struct text hash_of_luks1 = { "resumen", "hash" };

/* Row 1 is about its age, row 12 about what it is encrypted with. */
static void judge_luks1(const struct luks_facts *facts, const struct luks_demand *demand,
                        struct luks_verdict *verdict) {
        static const struct text what = { "cifrado", "cipher" };

        ADD(verdict, 1, -1, demand->luks1, "LUKS1 en vez de LUKS2: copie los datos y vuelva a cifrar",
            "LUKS1 instead of LUKS2: copy the data off and encrypt again");
        if (facts->segments_n && forbidden_cipher(facts->segments[0].cipher))
                add_named(verdict, 12, -1, what, facts->segments[0].cipher,
                          forbidden_cipher(facts->segments[0].cipher)->why);
        if (facts->slots_n && forbidden_name(FORBIDDEN_HASH, facts->slots[0].af_hash))
                add_named(verdict, 12, -1, hash_of_luks1, facts->slots[0].af_hash, no_more);
}

static void judge_state(const struct luks_facts *facts, const struct luks_demand *demand,
                        struct luks_verdict *verdict) {
        switch (facts->state) {
        case LUKS_NONE:
                if (demand->required)
                        ADD(verdict, 1, -1, LUKS_REFUSE, "no hay cabecera LUKS: el soporte no está cifrado",
                            "there is no LUKS header: the medium is not encrypted");
                break;
        case LUKS_VERSION_1: judge_luks1(facts, demand, verdict); break;
        case LUKS_DAMAGED:
                ADD(verdict, 1, -1, LUKS_REFUSE, "cabecera LUKS dañada (%s)", "damaged LUKS header (%s)",
                    facts->damage);
                break;
        case LUKS_COPIES_DIFFER:
                ADD(verdict, 1, -1, LUKS_REFUSE, "las dos copias de la cabecera no coinciden",
                    "the header's two copies disagree");
                break;
        case LUKS_VERSION_2: break;
        }
}

static void judge_segment(const struct luks_segment *segment, struct luks_verdict *verdict) {
        if (strcmp(segment->type, "crypt") != 0) {
                ADD(verdict, 2, -1, LUKS_REFUSE, "segmento de tipo «%s»", "segment of type “%s”", segment->type);
                return;
        }
        if (segment->sector_size < 512 || segment->sector_size > 4096 ||
            segment->sector_size & (segment->sector_size - 1))
                ADD(verdict, 2, -1, LUKS_REFUSE, "sectores de %lld bytes", "sectors of %lld bytes",
                    (long long) segment->sector_size);
        else if (segment->offset % (uint64_t) segment->sector_size)
                ADD(verdict, 2, -1, LUKS_REFUSE, "el segmento no empieza donde un sector",
                    "the segment does not begin where a sector does");
        if (segment->integrity)
                ADD(verdict, 3, -1, LUKS_REFUSE, "segmento con integridad, fuera de perfil",
                    "segment with integrity, outside the profile");
        judge_cipher(verdict, 3, -1, segment->cipher);
}

/* While its key is changed, a medium has old and new segments side by side, and copies of both. */
static void judge_ours_in_between(const struct luks_facts *facts, struct luks_verdict *verdict) {
        ADD(verdict, 2, -1, LUKS_WARN, "el recifrado de este puesto no ha terminado",
            "this station's re-encryption is not finished");
        for (size_t i = 0; i < facts->segments_n; i++)
                judge_segment(&facts->segments[i], verdict);
}

static void judge_segments(const struct luks_facts *facts, const struct luks_known *known,
                           struct luks_verdict *verdict) {
        bool between = strcmp(facts->requirements, luks_reencryption) == 0;

        if (between && facts->segments_n && known && known->reencrypting) {
                judge_ours_in_between(facts, verdict);
                return;
        }
        if (facts->requirements[0])
                ADD(verdict, 2, -1, LUKS_REFUSE, "requisitos «%s» que no son nuestros",
                    "requirements “%s” not ours", facts->requirements);
        if (facts->segments_n != 1) {
                ADD(verdict, 2, -1, LUKS_REFUSE, "%zu segmentos en vez de uno", "%zu segments instead of one",
                    facts->segments_n);
                return;
        }
        if (facts->segments[0].size != 0)
                ADD(verdict, 2, -1, LUKS_REFUSE, "el segmento no llega al final del soporte",
                    "the segment does not reach the end of the medium");
        judge_segment(&facts->segments[0], verdict);
}

/* Row 4 asks for the volume key itself: the slots bound to the segment hold it. */
static void judge_key_size(struct luks_verdict *verdict, const struct luks_demand *demand, int row, int slot,
                           int64_t bytes) {
        if (bytes < demand->volume_key)
                ADD(verdict, row, slot, LUKS_REFUSE, "clave de %lld bits; se piden %lld",
                    "key of %lld bits; %lld wanted", (long long) bytes * 8, (long long) demand->volume_key * 8);
        else if (!luks_key_size_allowed(bytes))
                ADD(verdict, row, slot, LUKS_REFUSE, "clave de %lld bits: AES-XTS lleva 256 o 512",
                    "key of %lld bits: AES-XTS takes 256 or 512", (long long) bytes * 8);
}

static void judge_slot(const struct luks_slot *slot, const struct luks_demand *demand,
                       const struct luks_known *known, struct luks_verdict *verdict) {
        int n = slot->number;

        if (strcmp(slot->type, "reencrypt") == 0 && known && known->reencrypting)
                return; /* where a re-encryption of ours keeps its state: it holds no key */
        if (strcmp(slot->type, "luks2") != 0 && strcmp(slot->type, "reencrypt") != 0) {
                luks_verdict_add(verdict, 10, "C7", n, LUKS_REFUSE, "ranura de tipo desconocido «%s»",
                                 "slot of unknown type “%s”", slot->type);
                return;
        }
        if (strcmp(slot->type, "luks2") != 0 || strcmp(slot->area_type, "raw") != 0) {
                ADD(verdict, 2, n, LUKS_REFUSE, "ranura de tipo «%s/%s»: recifrado a medias",
                    "slot of type “%s/%s”: unfinished re-encryption", slot->type, slot->area_type);
                return;
        }
        judge_key_size(verdict, demand, 4, n, slot->key_size);
        judge_cipher(verdict, 5, n, slot->area_cipher);
        judge_key_size(verdict, demand, 5, n, slot->area_key_size);
        judge_hash(verdict, n, slot->af_hash, hash_of_af);
        if (slot->af_stripes != LUKS_AF_STRIPES)
                ADD(verdict, 5, n, LUKS_REFUSE, "difusor de %lld bandas en vez de %d",
                    "splitter of %lld stripes instead of %d", (long long) slot->af_stripes, LUKS_AF_STRIPES);
        if (forbidden_name(FORBIDDEN_KDF, slot->kdf))
                ADD(verdict, 12, n, LUKS_REFUSE, "derivación «%s»", "key derivation “%s”", slot->kdf);
        else if (strcmp(slot->kdf, "pbkdf2") == 0)
                judge_hash(verdict, n, slot->kdf_hash, hash_of_pbkdf2);
        else if (strcmp(slot->kdf, "argon2id") != 0)
                ADD(verdict, 5, n, LUKS_REFUSE, "derivación «%s» desconocida", "unknown key derivation “%s”",
                    slot->kdf);
}

static void judge_digests(const struct luks_facts *facts, struct luks_verdict *verdict) {
        bool bound = false;

        for (size_t i = 0; i < facts->digests_n; i++) {
                const struct luks_digest *digest = &facts->digests[i];

                judge_hash(verdict, -1, digest->hash, hash_of_digest);
                if (strcmp(digest->type, "pbkdf2") != 0)
                        ADD(verdict, 5, -1, LUKS_REFUSE, "resumen de clave de tipo «%s»", "key digest of type “%s”",
                            digest->type);
                if (facts->segments_n == 1 && digest->segments >> facts->segments[0].number & 1)
                        bound = true;
        }
        if (forbidden_name(FORBIDDEN_HASH, facts->checksum))
                ADD(verdict, 12, -1, LUKS_REFUSE, "suma de la cabecera con «%s»", "header checksum by “%s”",
                    facts->checksum);
        if (facts->segments_n == 1 && !bound)
                ADD(verdict, 5, -1, LUKS_REFUSE, "ningún resumen cubre la clave del segmento",
                    "no digest covers the segment's key");
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size) {
        return a < b + b_size && b < a + a_size;
}

static void judge_areas(const struct luks_facts *facts, struct luks_verdict *verdict) {
        uint64_t from = 2 * facts->header_size, to = from + facts->keyslots_size;

        if (facts->segments_n && facts->data_offset == 0)
                ADD(verdict, 6, -1, LUKS_REFUSE, "cabecera separada: sus datos estarían en otro sitio",
                    "detached header: its data would be elsewhere");
        else if (facts->segments_n && facts->data_offset < to)
                ADD(verdict, 6, -1, LUKS_REFUSE, "los datos pisan la zona de ranuras",
                    "the data overlap the key-slot region");
        for (size_t i = 0; i < facts->slots_n; i++) {
                const struct luks_slot *slot = &facts->slots[i];

                if (slot->area_offset < from || slot->area_size == 0 || slot->area_size > to - from ||
                    slot->area_offset > to - slot->area_size)
                        ADD(verdict, 6, slot->number, LUKS_REFUSE, "la ranura sale de su zona",
                            "the slot lies outside its region");
                else if (strcmp(slot->type, "luks2") == 0 &&
                         (uint64_t) (slot->key_size * slot->af_stripes) > slot->area_size)
                        ADD(verdict, 6, slot->number, LUKS_REFUSE, "la ranura no cabe en su hueco",
                            "the slot does not fit into its area");
                for (size_t k = 0; k < i; k++)
                        if (overlap(slot->area_offset, slot->area_size, facts->slots[k].area_offset,
                                    facts->slots[k].area_size))
                                ADD(verdict, 6, slot->number, LUKS_REFUSE, "la ranura pisa la %d",
                                    "the slot overlaps slot %d", facts->slots[k].number);
        }
}

/* Row 7 or 8: a passphrase is only as good as what guessing it costs. */
static void judge_cost(const struct luks_slot *slot, const struct luks_demand *demand, enum crypto_profile profile,
                       struct luks_verdict *verdict) {
        bool argon2 = strcmp(slot->kdf, "argon2id") == 0;

        if (argon2 && profile == PROFILE_STRICT_807)
                ADD(verdict, 7, slot->number, LUKS_REFUSE,
                    "Argon2id, que no está en CCN-STIC 807: el perfil pide PBKDF2",
                    "Argon2id, which is not in CCN-STIC 807: the profile demands PBKDF2");
        else if (argon2 && (slot->kdf_memory < demand->argon2_memory || slot->kdf_time < demand->argon2_time))
                ADD(verdict, 7, slot->number, LUKS_REFUSE, "Argon2id t=%lld, %lld KiB; se piden t=%lld, %lld KiB",
                    "Argon2id t=%lld, %lld KiB; t=%lld, %lld KiB wanted", (long long) slot->kdf_time,
                    (long long) slot->kdf_memory, (long long) demand->argon2_time,
                    (long long) demand->argon2_memory);
        if (strcmp(slot->kdf, "pbkdf2") == 0 && slot->kdf_time < demand->pbkdf2_iterations)
                ADD(verdict, 8, slot->number, LUKS_REFUSE, "PBKDF2 con %lld iteraciones; se piden %lld",
                    "PBKDF2 with %lld iterations; %lld wanted", (long long) slot->kdf_time,
                    (long long) demand->pbkdf2_iterations);
}

/* What the registry says of a slot's number, whether or not the salt is the same. */
static enum luks_use registered_use(const struct luks_slot *slot, const struct luks_known *known, bool *ret_same) {
        for (size_t i = 0; i < known->slots_n; i++)
                if (known->slots[i].number == slot->number) {
                        *ret_same = strcmp(known->slots[i].salt_digest, slot->salt_digest) == 0;
                        return known->slots[i].use;
                }
        *ret_same = false;
        return LUKS_USE_UNKNOWN;
}

/* Rows 7 to 10. A machine's slot that was made by us from a random secret may cost anything; a person's may not;
 * one that nobody registered is a person's until shown otherwise. */
static void judge_slot_use(const struct luks_slot *slot, const struct luks_demand *demand,
                           const struct luks_known *known, struct luks_verdict *verdict) {
        bool same, machine;
        enum luks_use use = registered_use(slot, known, &same);

        machine = use == LUKS_USE_MACHINE || use == LUKS_USE_RECOVERY;
        if (same)
                verdict->slots[slot->number].use = use;
        if (same && machine)
                return;
        if (machine) {
                ADD(verdict, 9, slot->number, LUKS_REFUSE,
                    "no es la ranura de %s%.0s que se registró: su sal es otra",
                    "not the %.0s%s slot that was registered: its salt is another one", luks_use_terms[use].name.es,
                    luks_use_terms[use].name.en);
                return;
        }
        judge_cost(slot, demand, known->profile, verdict);
        if (!same && !known->foreign)
                ADD(verdict, 10, slot->number, demand->unknown, "ranura que el registro no conoce",
                    "slot that the registry does not know");
}

/* Ours, each once. */
static void judge_tokens(const struct luks_facts *facts, const struct luks_demand *demand,
                         struct luks_verdict *verdict) {
        static const char *const ours[] = { "mpsi", HEADER_MAC_TOKEN };
        bool seen[COUNT(ours)] = { false };

        for (size_t i = 0; i < facts->tokens_n; i++) {
                bool known = false;

                for (size_t k = 0; k < COUNT(ours); k++)
                        if (strcmp(facts->tokens[i].type, ours[k]) == 0 && !seen[k])
                                known = seen[k] = true;
                if (!known)
                        ADD(verdict, 10, -1, demand->unknown, "testigo de tipo «%s»", "token of type “%s”",
                            facts->tokens[i].type);
        }
}

/* Row 11. One finding, the one that says most: a lower seqid is a header of before, whatever else it says. Gives
 * whether the header is not the one that is on record. */
static bool judge_age(const struct luks_facts *facts, const struct luks_demand *demand,
                      const struct luks_known *known, struct luks_verdict *verdict) {
        unsigned long long seqid = facts->seqid, registered = known->seqid;

        if (seqid < registered)
                ADD(verdict, 11, -1, demand->rollback, "cabecera anterior: seqid %llu, registrado %llu",
                    "older header: seqid %llu, registered %llu", seqid, registered);
        else if (!known->uuid[0] || known->reencrypting)
                return false; /* nothing is on record, or libcryptsetup is rewriting it step by step */
        else if (!known->mac[0]) {
                ADD(verdict, 11, -1, LUKS_WARN, "no hay autenticación registrada: se cifró antes de haberla",
                    "no authentication is registered: it was encrypted before there was any");
                return false;
        } else if (strcmp(facts->canonical, known->canonical) != 0)
                ADD(verdict, 11, -1, demand->rollback,
                    "la cabecera no es la registrada (seqid %llu, registrado %llu)",
                    "the header is not the registered one (seqid %llu, registered %llu)", seqid, registered);
        else if (!facts->mac.present)
                ADD(verdict, 11, -1, demand->rollback, "falta la autenticación de la cabecera",
                    "the header's authentication is missing");
        else if (strcmp(facts->mac.value, known->mac) != 0)
                ADD(verdict, 11, -1, demand->rollback, "la autenticación de la cabecera no es la registrada",
                    "the header's authentication is not the registered one");
        else
                return false;
        return true;
}

static void judge_known(const struct luks_facts *facts, const struct luks_demand *demand,
                        const struct luks_known *known, struct luks_verdict *verdict) {
        for (size_t i = 0; i < facts->slots_n; i++)
                if (strcmp(facts->slots[i].type, "luks2") == 0)
                        judge_slot_use(&facts->slots[i], demand, known, verdict);
        if (!known->foreign)
                judge_tokens(facts, demand, verdict);
}

void luks_judge(const struct luks_facts *facts, enum category category, const struct luks_known *known,
                struct luks_verdict *ret) {
        const struct luks_demand *demand = &luks_demands[category];

        *ret = (struct luks_verdict){ .encrypted = facts->state == LUKS_VERSION_2, .seqid = facts->seqid };
        (void) snprintf(ret->uuid, sizeof ret->uuid, "%s", facts->uuid);
        if (facts->segments_n)
                (void) snprintf(ret->cipher, sizeof ret->cipher, "%s", facts->segments[0].cipher);
        if (facts->slots_n)
                ret->key_bits = facts->slots[0].key_size * 8;
        judge_state(facts, demand, ret);
        if (facts->state != LUKS_VERSION_2)
                return;
        judge_segments(facts, known, ret);
        if (facts->slots_n == 0)
                ADD(ret, 5, -1, LUKS_REFUSE, "no queda ninguna ranura: nadie puede abrirlo",
                    "no key slot is left: nobody can open it");
        for (size_t i = 0; i < facts->slots_n; i++)
                judge_slot(&facts->slots[i], demand, known, ret);
        judge_digests(facts, ret);
        judge_areas(facts, ret);
        /* C7: neither compared nor computed, whatever it is. */
        if (facts->mac.present && strcmp(facts->mac.algorithm, header_mac_algorithm) != 0)
                luks_verdict_add(ret, 11, "C7", -1, LUKS_REFUSE,
                                 "la autenticación de la cabecera es de un algoritmo desconocido, «%s»",
                                 "the header's authentication is by an unknown algorithm, “%s”",
                                 facts->mac.algorithm);
        else if (known && !known->foreign)
                ret->incident = judge_age(facts, demand, known, ret) && demand->incident;
        if (known)
                judge_known(facts, demand, known, ret);
}

/* --- for people and programs ---------------------------------------------------------------------------------- */

const struct luks_finding *luks_verdict_worst(const struct luks_verdict *verdict) {
        for (size_t i = 0; i < verdict->findings_n && verdict->decision >= LUKS_READ_ONLY; i++)
                if (verdict->findings[i].decision == verdict->decision)
                        return &verdict->findings[i];
        return NULL;
}

/* A row may speak by another rule than its own (C7 of an algorithm): then that rule says what to do. */
struct text luks_finding_remedy(const struct luks_finding *finding) {
        const struct luks_row *row = luks_row_find(finding->row);
        const struct rule *rule = rule_find(finding->rule);

        if (row && strcmp(row->rule, finding->rule) == 0)
                return row->remedy;
        return rule ? rule->remedy : (struct text){ "", "" };
}

static json_t *finding_to_json(const struct luks_finding *f) {
        struct text remedy = luks_finding_remedy(f);
        json_t *item = json_pack("{s:i, s:s, s:s, s:s, s:s}", "row", f->row, "rule", f->rule, "decision",
                                 luks_decision_terms[f->decision].code, "es", f->es, "en", f->en);

        if (f->slot >= 0)
                (void) json_object_set_new(item, "slot", json_integer(f->slot));
        (void) json_object_set_new(item, "remedy", json_pack("{s:s, s:s}", "es", remedy.es, "en", remedy.en));
        return item;
}

json_t *luks_verdict_to_json(const struct luks_verdict *verdict) {
        json_t *findings = json_array();

        for (size_t i = 0; i < verdict->findings_n; i++)
                (void) json_array_append_new(findings, finding_to_json(&verdict->findings[i]));
        return json_pack("{s:s, s:b, s:s, s:I, s:s, s:I, s:o}", "decision",
                         luks_decision_terms[verdict->decision].code, "encrypted", verdict->encrypted, "uuid",
                         verdict->uuid, "seqid", (json_int_t) verdict->seqid, "cipher", verdict->cipher, "key_bits",
                         (json_int_t) verdict->key_bits, "findings", findings);
}

/* "sha256, 1000" or "t=4, 64 MiB". */
static void cost_text(const struct luks_slot *slot, char *out, size_t size) {
        if (strcmp(slot->kdf, "pbkdf2") == 0)
                (void) snprintf(out, size, "%s, %lld", slot->kdf_hash, (long long) slot->kdf_time);
        else if (slot->kdf[0] && slot->kdf_memory % 1024 == 0)
                (void) snprintf(out, size, "t=%lld, %lld MiB", (long long) slot->kdf_time,
                                (long long) slot->kdf_memory / 1024);
        else if (slot->kdf[0])
                (void) snprintf(out, size, "t=%lld, %lld KiB", (long long) slot->kdf_time,
                                (long long) slot->kdf_memory);
}

json_t *luks_slots_to_json(const struct luks_facts *facts, const struct luks_verdict *verdict, enum lang lang) {
        json_t *rows = json_array();

        for (size_t i = 0; i < facts->slots_n && facts->state == LUKS_VERSION_2; i++) {
                const struct luks_slot *slot = &facts->slots[i];
                const struct term *use = &luks_use_terms[verdict->slots[slot->number].use];
                const struct term *decision = &luks_decision_terms[verdict->slots[slot->number].decision];
                char cost[LUKS_NAME + 48] = "";

                cost_text(slot, cost, sizeof cost);
                (void) json_array_append_new(
                        rows, json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "slot", slot->number,
                                        "use", use->code, "use_text", text_in(use->name, lang), "kdf",
                                        slot->kdf[0] ? slot->kdf : slot->type, "cost", cost, "cipher",
                                        slot->area_cipher, "key_bits", (json_int_t) slot->key_size * 8, "decision",
                                        decision->code, "decision_text", text_in(decision->name, lang)));
        }
        return rows;
}
