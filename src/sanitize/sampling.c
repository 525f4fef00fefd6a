#include "sanitize/sampling.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "sanitize/pattern.h"

static int64_t blocks_of(int64_t size, size_t block) {
        return (size + (int64_t) block - 1) / (int64_t) block;
}

bool sampling_fits(int64_t size, size_t block) {
        return blocks_of(size, block) >= 2 * SAMPLING_SECTIONS;
}

/* 64 bits modulo a number far smaller: the bias is below 2^-20 for any medium that exists. */
static int64_t draw(const uint64_t *numbers, int64_t i, int64_t choices) {
        return (int64_t) (numbers[i] % (uint64_t) choices);
}

static int add_blocks(struct areas *places, int64_t first, int64_t n, int64_t size, size_t block,
                      struct error *err) {
        int64_t start = first * (int64_t) block, end = (first + n) * (int64_t) block;

        return areas_add(places, start, (end < size ? end : size) - start, err);
}

/* Two numbers drawn from what is left beside both samples, in order: the first sample starts at the smaller one,
 * the second as far behind the larger one as the first is long, so they never overlap. */
static int add_section(struct areas *places, const uint64_t *numbers, int64_t section, int64_t size, size_t block,
                       struct error *err) {
        int64_t total = blocks_of(size, block);
        int64_t from = total * section / SAMPLING_SECTIONS, to = total * (section + 1) / SAMPLING_SECTIONS;
        int64_t sample = ((to - from) * SAMPLING_SAMPLE_PERCENT + 99) / 100, left = to - from - 2 * sample;
        int64_t a = draw(numbers, 2 * section, left + 1), b = draw(numbers, 2 * section + 1, left + 1);
        int r = add_blocks(places, from + (a < b ? a : b), sample, size, block, err);

        return r < 0 ? r : add_blocks(places, from + (a < b ? b : a) + sample, sample, size, block, err);
}

/* The draws are a key stream of their own under the seed, so the same seed gives the same places anywhere. */
static int make_numbers(const uint8_t seed[SAMPLING_SEED], uint64_t *numbers, size_t n, struct error *err) {
        static const char label[16] = "mpsi sampling";
        uint8_t material[sizeof label + SAMPLING_SEED];
        struct pattern pattern = { .stream = true };
        struct generator *generator = NULL;
        int r;

        memcpy(material, label, sizeof label);
        memcpy(material + sizeof label, seed, SAMPLING_SEED);
        if (sha256(material, sizeof material, pattern.key) < 0)
                return fail(err, ERR_FAILED, "Falló SHA-256.", "SHA-256 failed.");
        r = generator_new(&pattern, &generator, err);
        if (r == 0 && generator_fill(generator, 0, (uint8_t *) numbers, n * sizeof *numbers) < 0)
                r = fail(err, ERR_FAILED, "Falló el generador.", "The generator failed.");
        generator_free(generator);
        return r;
}

int sampling_places(int64_t size, size_t block, const uint8_t seed[SAMPLING_SEED], struct areas *ret,
                    struct error *err) {
        _cleanup_free_ uint64_t *numbers = calloc(2 * SAMPLING_SECTIONS, sizeof *numbers);
        _cleanup_areas_ struct areas places = { 0 };
        int r = numbers ? 0 : fail_memory(err);

        if (r == 0 && !sampling_fits(size, block))
                r = areas_add(&places, 0, size, err);
        else if (r == 0) {
                r = make_numbers(seed, numbers, 2 * SAMPLING_SECTIONS, err);
                if (r == 0)
                        r = add_blocks(&places, 0, 1, size, block, err);
                for (int64_t i = 0; r == 0 && i < SAMPLING_SECTIONS; i++)
                        r = add_section(&places, numbers, i, size, block, err);
                if (r == 0)
                        r = add_blocks(&places, blocks_of(size, block) - 1, 1, size, block, err);
        }
        if (r < 0)
                return r;
        *ret = places;
        places = (struct areas){ 0 };
        return 0;
}

/* --- what they would have shown ----------------------------------------------------------------------------------
 */

/* Calls `each` for every stretch between samples. */
static void for_gaps(const struct areas *places, int64_t size, void (*each)(void *context, int64_t length),
                     void *context) {
        int64_t end = 0;

        for (size_t i = 0; i < places->n; i++) {
                if (places->list[i].start > end)
                        each(context, places->list[i].start - end);
                end = places->list[i].start + places->list[i].length;
        }
        if (end < size)
                each(context, size - end);
}

struct missed {
        int64_t block, stretch, starts; /* in blocks */
};

static void count_missed(void *context, int64_t length) {
        struct missed *missed = context;
        int64_t gap = length / missed->block;

        if (gap >= missed->stretch)
                missed->starts += gap - missed->stretch + 1;
}

int64_t sampling_detection(const struct areas *places, int64_t size, size_t block, int64_t bytes) {
        struct missed missed = { (int64_t) block, blocks_of(bytes, block), 0 };
        int64_t total = blocks_of(size, block), starts = total - missed.stretch + 1;

        if (bytes <= 0)
                return 0;
        if (starts <= 0)
                return places->n ? 1000000 : 0;
        for_gaps(places, size, count_missed, &missed);
        return (int64_t) ((double) (starts - missed.starts) * 1e6 / (double) starts);
}

static void keep_longest(void *context, int64_t length) {
        int64_t *longest = context;

        *longest = length > *longest ? length : *longest;
}

int64_t sampling_longest_gap(const struct areas *places, int64_t size) {
        int64_t longest = 0;

        for_gaps(places, size, keep_longest, &longest);
        return longest;
}

static int by_length(const void *a, const void *b) {
        int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

        return (x > y) - (x < y);
}

/* Of one block, and of lengths that people think in, in rising order. */
static json_t *detection_to_json(const struct areas *places, int64_t size, size_t block) {
        int64_t stretches[] = { (int64_t) block, 64 << 10, 1 << 20, size / SAMPLING_SECTIONS,
                                2 * size / SAMPLING_SECTIONS };
        json_t *list = json_array();

        for (size_t i = 0; i < COUNT(stretches); i++)
                stretches[i] = blocks_of(stretches[i], block) * (int64_t) block;
        qsort(stretches, COUNT(stretches), sizeof *stretches, by_length);
        for (size_t i = 0; list && i < COUNT(stretches); i++)
                if (stretches[i] >= (int64_t) block && stretches[i] <= size &&
                    (i == 0 || stretches[i] > stretches[i - 1]))
                        (void) json_array_append_new(
                                list,
                                json_pack("{s:I, s:I}", "bytes", (json_int_t) stretches[i], "ppm",
                                          (json_int_t) sampling_detection(places, size, block, stretches[i])));
        return list;
}

json_t *sampling_to_json(const struct areas *places, int64_t size, size_t block,
                         const uint8_t seed[SAMPLING_SEED]) {
        char text[2 * SAMPLING_SEED + 1];

        hex_encode(seed, SAMPLING_SEED, text);
        return json_pack("{s:i, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "sections", SAMPLING_SECTIONS,
                         "sample_percent", SAMPLING_SAMPLE_PERCENT, "seed", text, "block", (json_int_t) block,
                         "places", (json_int_t) places->n, "bytes", (json_int_t) places->bytes, "permille",
                         (json_int_t) (size > 0 ? (int64_t) ((double) places->bytes * 1000 / (double) size) : 0),
                         "longest_unread", (json_int_t) sampling_longest_gap(places, size), "detection",
                         detection_to_json(places, size, block));
}
