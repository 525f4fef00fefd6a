#include "sanitize/forensic.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"

enum { BLOCK = 4096, MARKERS = 64, SAMPLES = 1024, EDGE = 1 << 20, SIGNATURES_MAX = 32 };

/* A block of 4096 random bytes has 7.955 bits a byte on average, with a deviation of 0.004. */
enum { RANDOM_MILLIBITS = 7800 };

static const struct signature {
        const char *what;
        size_t offset; /* in a sector */
        size_t length;
        const char *bytes;
} signatures[] = {
        { "LUKS", 0, 6, "LUKS\xba\xbe" },
        { "LUKS2 (2)", 0, 6, "SKUL\xba\xbe" },
        { "DICOM", 128, 4, "DICM" },
        { "PDF", 0, 5, "%PDF-" },
        { "ZIP/OOXML", 0, 4, "PK\x03\x04" },
        { "OLE/DOC", 0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" },
        { "PNG", 0, 8, "\x89PNG\r\n\x1a\n" },
        { "JPEG", 0, 4, "\xff\xd8\xff\xe0" },
        { "JPEG/Exif", 0, 4, "\xff\xd8\xff\xe1" },
        { "SQLite", 0, 15, "SQLite format 3" },
        { "GPT", 0, 8, "EFI PART" },
        { "NTFS", 3, 8, "NTFS    " },
        { "exFAT", 3, 8, "EXFAT   " },
        { "FAT32", 82, 5, "FAT32" },
        { "XFS", 0, 4, "XFSB" },
        { "GZIP", 0, 4, "\x1f\x8b\x08\x00" },
        { "7z", 0, 6, "7z\xbc\xaf\x27\x1c" },
        { "ELF", 0, 4,
          "\x7f"
          "ELF" },
        { "HL7", 0, 8, "MSH|^~\\&" },
        { "XML", 0, 5, "<?xml" },
};

struct check {
        json_t *found;
        uint64_t entropy_sum, entropy_min, samples, bytes;
};

/* Reads at whole blocks, as direct I/O wants it; short at the end of an image. */
static ssize_t read_block(int fd, uint8_t *block, int64_t size, int64_t offset) {
        ssize_t n = pread_all(fd, block, BLOCK, offset / BLOCK * BLOCK);

        if (n < 0 || offset / BLOCK * BLOCK + n > size)
                return n < 0 ? n : (ssize_t) (size - offset / BLOCK * BLOCK);
        return n;
}

int forensic_markers(int fd, int64_t size, char ret_digest[65], struct error *err) {
        _cleanup_free_ uint8_t *blocks = aligned_alloc(BLOCK, MARKERS * BLOCK);

        if (!blocks)
                return fail_memory(err);
        memset(blocks, 0, MARKERS * BLOCK);
        for (int64_t i = 0; i < MARKERS; i++) {
                int64_t last = size > BLOCK ? (size - 1) / BLOCK : 0;

                /* What can't be read counts as zeros: it is reported by the passes, not here. */
                (void) read_block(fd, blocks + i * BLOCK, size, last * i / (MARKERS - 1) * BLOCK);
        }
        return sha256_text(blocks, MARKERS * BLOCK, ret_digest) < 0
                       ? fail(err, ERR_FAILED, "Falló SHA-256.", "SHA-256 failed.")
                       : 0;
}

static uint64_t entropy_millibits(const uint8_t *bytes, size_t n) {
        size_t counts[256] = { 0 };
        double bits = 0;

        for (size_t i = 0; i < n; i++)
                counts[bytes[i]]++;
        for (size_t i = 0; i < 256; i++)
                if (counts[i] > 0)
                        bits -= (double) counts[i] / (double) n * log2((double) counts[i] / (double) n);
        return (uint64_t) (bits * 1000);
}

static void look_for_signatures(struct check *check, const uint8_t *block, size_t n, int64_t offset) {
        for (size_t sector = 0; sector + 512 <= n; sector += 512)
                for (size_t i = 0; i < COUNT(signatures); i++)
                        if (memcmp(block + sector + signatures[i].offset, signatures[i].bytes,
                                   signatures[i].length) == 0 &&
                            json_array_size(check->found) < SIGNATURES_MAX)
                                (void) json_array_append_new(check->found,
                                                             json_pack("{s:I, s:s}", "offset",
                                                                       (json_int_t) (offset + (int64_t) sector),
                                                                       "what", signatures[i].what));
}

static int look_at(struct check *check, int fd, int64_t size, int64_t offset, uint8_t *block, struct error *err) {
        ssize_t n = read_block(fd, block, size, offset);
        uint64_t entropy;

        if (n < 0)
                return fail_errno(err, (int) -n, "No se puede leer la muestra en el byte %lld",
                                  "The sample at byte %lld can't be read", (long long) offset);
        check->bytes += (uint64_t) n;
        look_for_signatures(check, block, (size_t) n, offset / BLOCK * BLOCK);
        if (n < BLOCK)
                return 0;
        entropy = entropy_millibits(block, (size_t) n);
        check->entropy_sum += entropy;
        check->entropy_min = check->samples == 0 || entropy < check->entropy_min ? entropy : check->entropy_min;
        check->samples++;
        return 0;
}

static int take_samples(struct check *check, int fd, int64_t size, const uint8_t seed[PATTERN_KEY],
                        struct error *err) {
        _cleanup_free_ uint8_t *block = aligned_alloc(BLOCK, BLOCK);
        struct pattern pattern = { .stream = true };
        struct generator *generator = NULL;
        uint64_t places[SAMPLES];
        int r;

        if (!block)
                return fail_memory(err);
        memcpy(pattern.key, seed, PATTERN_KEY);
        r = generator_new(&pattern, &generator, err);
        if (r == 0 && generator_fill(generator, INT64_C(1) << 62, (uint8_t *) places, sizeof places) < 0)
                r = fail(err, ERR_FAILED, "Falló el generador.", "The generator failed.");
        generator_free(generator);
        for (int64_t at = 0; r == 0 && at < EDGE && at < size; at += BLOCK)
                r = look_at(check, fd, size, at, block, err);
        for (int64_t at = size > EDGE ? size - EDGE : 0; r == 0 && at < size; at += BLOCK)
                r = look_at(check, fd, size, at, block, err);
        for (size_t i = 0; r == 0 && i < SAMPLES && size > 2 * EDGE; i++)
                r = look_at(check, fd, size, (int64_t) (places[i] % (uint64_t) size), block, err);
        return r;
}

int forensic_check(int fd, const struct device_facts *facts, const uint8_t seed[PATTERN_KEY], bool random,
                   json_t **ret, bool *ret_passed, struct error *err) {
        _cleanup_json_ json_t *found = json_array();
        struct check check = { .found = found };
        struct device_facts now;
        char seed_text[2 * PATTERN_KEY + 1];
        const char *recognised;
        json_t *report;
        bool passed;
        int r;

        if (!found)
                return fail_memory(err);
        r = take_samples(&check, fd, facts->size, seed, err);
        if (r == 0)
                r = device_facts_read(facts->path, NULL, &now, err);
        if (r < 0)
                return r;
        recognised = now.filesystem[0] ? now.filesystem : now.partition_table;
        passed = json_array_size(found) == 0 && !*recognised && (!random || check.entropy_min >= RANDOM_MILLIBITS);
        hex_encode(seed, PATTERN_KEY, seed_text);
        report = json_pack("{s:I, s:I, s:s, s:I, s:I, s:s, s:O, s:s, s:b}", "samples", (json_int_t) check.samples,
                           "sample_bytes", (json_int_t) check.bytes, "seed", seed_text, "entropy_min_millibits",
                           (json_int_t) check.entropy_min, "entropy_mean_millibits",
                           (json_int_t) (check.samples ? check.entropy_sum / check.samples : 0), "expected",
                           random ? "random" : "constant", "signatures", found, "filesystem", recognised, "passed",
                           passed);
        if (!report)
                return fail_memory(err);
        *ret = report;
        *ret_passed = passed;
        return 0;
}
