#include <stdio.h>
#include <time.h>

#include "verifier/verifier.h"

static json_t *moment(int64_t microseconds) {
        time_t seconds = (time_t) (microseconds / 1000000);
        char text[48], whole[32];
        struct tm tm;

        (void) gmtime_r(&seconds, &tm);
        (void) strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &tm);
        (void) snprintf(text, sizeof text, "%s.%06dZ", whole, (int) (microseconds % 1000000));
        return json_string(text);
}

static json_t *areas(const struct look *look) {
        json_t *list = json_array();

        for (size_t i = 0; list && i < look->listed_n; i++)
                (void) json_array_append_new(list, json_pack("[I, I]", (json_int_t) look->listed[i].start,
                                                             (json_int_t) look->listed[i].length));
        return list;
}

json_t *result_to_json(const struct result *result) {
        const struct expected *expected = result->expected;
        const struct look *look = result->look;

        return json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:b, "
                "s:b, s:s, s:s, s:o, s:o}",
                "format", "mpsi-verification/1", "tool", "mpsi-verify-wipe", "tool_version", MPSI_VERSION, "job",
                expected->job, "medium", expected->medium, "certificate", expected->certificate, "record_sha256",
                result->record_sha256, "seed_commitment", expected->commitment, "technique", expected->technique,
                "size", (json_int_t) expected->size, "kind", result->sample_seed ? "sample" : "full", "sample_seed",
                result->sample_seed ? result->sample_seed : "", "block", (json_int_t) look->block, "bytes",
                (json_int_t) look->bytes, "differing_bytes", (json_int_t) look->differing, "unreadable_bytes",
                (json_int_t) look->unreadable, "areas", areas(look), "holds", look->differing == 0, "direct",
                look->direct, "device", result->device, "ran_by", result->ran_by, "started",
                moment(result->started), "finished", moment(result->finished));
}
