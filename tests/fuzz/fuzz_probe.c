/* What a process that a medium has taken over may answer: either it is no message, or judging it ends, whatever it
 * says, and every text in it ends too. */
#include <stdlib.h>
#include <string.h>

#include "daemon/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct probe_content said, got;
        static struct luks_verdict verdict;
        static const struct luks_known known = { .uuid = "u", .seqid = 3, .canonical = "c", .mac = "m" };
        struct device_facts facts = { .name = "sdz" };

        if (size < 8)
                return 0;
        memset(&said, 0, sizeof said);
        said.part = PROBE_CONTENT;
        /* The seed's bytes over and over, from a place that it names, so that all of the message is reached. */
        for (size_t at = (size_t) (data[0] << 8 | data[1]) % sizeof said, i = 2; at < sizeof said; at++)
                ((uint8_t *) &said)[at] = data[i = i + 1 < size ? i + 1 : 2];
        if (data[2] & 1)
                memcpy(&said.header, data + 3, size - 3 < sizeof said.header ? size - 3 : sizeof said.header);
        if (!probe_content_sane(&said, sizeof said, &got))
                return 0;
        probe_merge(&got, &facts);
        if (strlen(facts.filesystem_label) >= sizeof facts.filesystem_label)
                abort();
        for (enum category category = CATEGORY_BASICA; category < CATEGORIES; category++)
                luks_judge(&got.header, category, category == CATEGORY_MEDIA ? NULL : &known, &verdict);
        if (verdict.findings_n > LUKS_FINDINGS_MAX)
                abort();
        return 0;
}
