/* A LUKS header from a stranger's medium: whatever the bytes are, reading them ends with facts and a verdict, and
 * no header is accepted that is not whole, in both copies. The fuzzer can't make checksums, so they are made good
 * for it: its first two bytes say where its bytes go. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "encrypt/mac.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 16384, FIELDS = 512, JSON_AT = 4096 };

/* What a registry may say: nothing, of another station's medium, of the very header that is there, of one that is
 * being re-encrypted. */
static const struct luks_known *registered(int how, const struct luks_facts *facts, struct luks_known *known) {
        *known = (struct luks_known){ .seqid = 3, .foreign = how == 1, .reencrypting = how == 3 };
        if (how < 2)
                return how ? known : NULL;
        known->profile = how == 3 ? PROFILE_STRICT_807 : PROFILE_STANDARD;
        memcpy(known->uuid, facts->uuid, sizeof known->uuid);
        memcpy(known->canonical, facts->canonical, sizeof known->canonical);
        memcpy(known->mac, facts->mac.value, sizeof known->mac);
        for (; known->slots_n < facts->slots_n; known->slots_n++) {
                known->slots[known->slots_n].number = facts->slots[known->slots_n].number;
                known->slots[known->slots_n].use = (enum luks_use)(known->slots_n % LUKS_USES);
                memcpy(known->slots[known->slots_n].salt_digest, facts->slots[known->slots_n].salt_digest, 65);
        }
        return known;
}

static void judge_as(const struct luks_facts *facts, enum category category, const struct luks_known *known) {
        static struct luks_verdict verdict;
        _cleanup_json_ json_t *value = NULL, *slots = NULL;

        luks_judge(facts, category, known, &verdict);
        if (verdict.encrypted && (facts->state != LUKS_VERSION_2 || verdict.decision >= LUKS_READ_ONLY))
                abort();
        if (verdict.encrypted && facts->mac.present && strcmp(facts->mac.algorithm, header_mac_algorithm) != 0)
                abort();
        if (verdict.findings_n > LUKS_FINDINGS_MAX)
                abort();
        value = luks_verdict_to_json(&verdict);
        slots = luks_slots_to_json(facts, &verdict, LANG_ES);
        if (!value || !slots)
                abort();
}

static void judge(const uint8_t *bytes, size_t n) {
        static struct luks_facts facts;
        static struct luks_known known;
        struct error err;

        if (luks_parse(bytes, n, &facts, &err) < 0)
                abort();
        if (facts.state == LUKS_VERSION_2 && (!facts.body_digest[0] || !facts.canonical[0]))
                abort();
        for (int category = 0; category < CATEGORIES; category++)
                for (int how = 0; how < 4; how++)
                        judge_as(&facts, (enum category) category, registered(how, &facts, &known));
        luks_facts_done(&facts);
}

/* Both copies with the same fuzzed JSON and binary fields, and right checksums. */
static void judge_made_good(const uint8_t *data, size_t size) {
        static uint8_t bytes[2 * HEADER];
        size_t fields = size < 64 ? 0 : 64, json = size - fields;

        memset(bytes, 0, sizeof bytes);
        for (int copy = 0; copy < 2; copy++) {
                uint8_t *header = bytes + copy * HEADER;

                /* seqid, label and the beginning of what follows come from the fuzzer. */
                memcpy(header + 16, data, fields);
                memcpy(header, copy ? "SKUL\xba\xbe\0\2" : "LUKS\xba\xbe\0\2", 8);
                memcpy(header + 8, "\0\0\0\0\0\0\x40\0", 8);
                memset(header + 72, 0, 32);
                memcpy(header + 72, "sha256", 6);
                memcpy(header + 168, "00000000-0000-4000-8000-000000000000", 37);
                header[256 + 6] = copy ? 0x40 : 0;
                memcpy(header + JSON_AT, data + fields, json < HEADER - JSON_AT ? json : HEADER - JSON_AT);
                memset(header + 448, 0, 64);
                if (sha256(header, HEADER, header + 448) < 0)
                        abort();
        }
        judge(bytes, sizeof bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size && data[0] & 1)
                judge(data + 1, size - 1);
        else if (size)
                judge_made_good(data + 1, size - 1);
        return 0;
}
