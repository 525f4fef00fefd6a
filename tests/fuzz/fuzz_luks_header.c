/* A LUKS header from a stranger's medium: whatever the bytes are, reading them ends with facts and a verdict, and
 * no header is accepted that is not whole, in both copies. The fuzzer can't make checksums, so they are made good
 * for it: its first two bytes say where its bytes go. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "encrypt/luks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 16384, FIELDS = 512, JSON_AT = 4096 };

static void judge(const uint8_t *bytes, size_t n) {
        static struct luks_facts facts;
        static struct luks_verdict verdict;
        const struct luks_known known = { .seqid = 3, .slots_n = 0 };
        struct error err;

        if (luks_parse(bytes, n, &facts, &err) < 0)
                abort();
        for (int category = 0; category < CATEGORIES; category++) {
                _cleanup_json_ json_t *value = NULL;

                luks_judge(&facts, (enum category) category, category == CATEGORY_ALTA ? &known : NULL, &verdict);
                if (verdict.encrypted && (facts.state != LUKS_VERSION_2 || verdict.decision >= LUKS_READ_ONLY))
                        abort();
                if (verdict.findings_n > LUKS_FINDINGS_MAX)
                        abort();
                value = luks_verdict_to_json(&verdict);
                if (!value)
                        abort();
        }
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
