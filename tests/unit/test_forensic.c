/* What is left to find on a wiped medium (S4): entropy map, signatures, strings without their content, the picture.
 */
#include "unit/loop.h"

#include "base/cleanup.h"
#include "device/gate.h"
#include "sanitize/forensic.h"
#include "sanitize/signatures.h"

enum { MIB = 1 << 20, BLOCK = 4096 };
static const uint8_t seed[PATTERN_KEY] = { 5 };

/* --- strings -----------------------------------------------------------------------------------------------------
 */

struct seen {
        int n, what;
        size_t at, length;
};

static void note(void *context, size_t at, size_t length, enum string_class what) {
        struct seen *seen = context;

        if (seen->n++ == 0) {
                seen->what = (int) what;
                seen->at = at;
                seen->length = length;
        }
}

static void test_strings(void **state) {
        static const struct {
                const char *text;
                int what; /* -1: nothing */
        } rows[] = {
                { "Paciente ingresada con fiebre y tos seca", STRING_TEXT },
                { "Paciente ingresada", -1 },
                { "UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU", -1 },
                { "12345678Z", STRING_NATIONAL_ID },
                { "12345678A", -1 },
                { "DNI 12345678Z.", STRING_NATIONAL_ID },
                { "X1234567L", STRING_NATIONAL_ID },
                { "X1234567M", -1 },
                { "912345678Z", -1 },
                { "12345678ZZ", -1 },
                { "ana.lopez@hospital.es", STRING_EMAIL },
                { "a@b.es", -1 },
                { "ana.lopez@hospital", -1 },
                { "1.2.840.10008.1.2", STRING_DICOM_UID },
                { "ES9121000418450200051332", STRING_IBAN },
                { "carta a ana.lopez@hospital.es de 12345678Z", STRING_NATIONAL_ID },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                uint8_t block[512] = { 0 };
                struct seen seen = { .what = -1 };

                memcpy(block + 100, rows[i].text, strlen(rows[i].text));
                strings_find(block, sizeof block, note, &seen);
                if (seen.what != rows[i].what)
                        fail_msg("“%s”: class %d instead of %d", rows[i].text, seen.what, rows[i].what);
                if (rows[i].what >= 0) {
                        assert_int_equal(seen.n, 1);
                        assert_int_equal(seen.at, 100);
                        assert_int_equal(seen.length, strlen(rows[i].text));
                }
        }
}

static void test_wide_strings(void **state) {
        static const char text[] = "Historia clínica electrónica";
        uint8_t block[512] = { 0 };
        struct seen seen = { .what = -1 };

        (void) state;
        for (size_t i = 0; i < sizeof text - 1; i++)
                block[40 + 2 * i] = (uint8_t) (text[i] & 0x80 ? 'i' : text[i]);
        strings_find(block, sizeof block, note, &seen);
        assert_int_equal(seen.what, STRING_WIDE);
        assert_int_equal(seen.at, 40);
}

/* Neither random bytes nor a pattern are taken for text or for files: 16 MiB of them. */
static void found_nothing(void *context, size_t at, const char *what) {
        int *n = context;

        (void) at;
        (void) what;
        (*n)++;
}

static void test_random_holds_nothing(void **state) {
        struct pattern pattern = { .stream = true, .key = { 3 } };
        _cleanup_free_ uint8_t *block = malloc(MIB);
        struct seen seen = { 0 };
        struct generator *generator;
        struct error err;
        int signatures = 0;

        (void) state;
        assert_int_equal(generator_new(&pattern, &generator, &err), 0);
        for (int64_t i = 0; i < 16; i++) {
                assert_int_equal(generator_fill(generator, i * MIB, block, MIB), 0);
                strings_find(block, MIB, note, &seen);
                signatures_find(block, MIB, found_nothing, &signatures);
        }
        generator_free(generator);
        assert_int_equal(seen.n, 0);
        assert_int_equal(signatures, 0);
}

/* --- the check on crafted images ---------------------------------------------------------------------------------
 */

struct subject {
        struct loop loop;
        struct device_facts facts;
        int fd;
};

static void make(struct subject *s, int64_t size, bool random) {
        struct pattern pattern = { .stream = random, .byte = 0x55, .key = { 9 } };
        _cleanup_free_ uint8_t *bytes = malloc((size_t) size);
        struct generator *generator;
        struct error err = { 0 };

        loop_image(&s->loop, "/tmp", size, NULL);
        s->fd = open(s->loop.image, O_RDWR | O_CLOEXEC);
        assert_int_equal(generator_new(&pattern, &generator, &err), 0);
        assert_int_equal(generator_fill(generator, 0, bytes, (size_t) size), 0);
        generator_free(generator);
        assert_int_equal(pwrite(s->fd, bytes, (size_t) size, 0), size);
        assert_int_equal(device_facts_read(s->loop.image, NULL, &s->facts, &err), 0);
}

static void put(struct subject *s, int64_t offset, const void *bytes, size_t n) {
        assert_int_equal(pwrite(s->fd, bytes, n, offset), n);
}

static void done(struct subject *s) {
        close(s->fd);
        loop_done(&s->loop);
}

static void test_clean(void **state) {
        static const int64_t sizes[] = { 16 * MIB + 700, 3 * MIB, 40960, 512 };

        (void) state;
        for (size_t i = 0; i < COUNT(sizes); i++) {
                _cleanup_forensic_ struct forensic f = { 0 };
                _cleanup_json_ json_t *json = NULL;
                _cleanup_free_ char *text = NULL;
                int64_t classes[ENTROPY_CLASSES];
                struct error err = { 0 };
                struct subject s;

                make(&s, sizes[i], true);
                assert_int_equal(forensic_check(s.fd, &s.facts, seed, LEFT_RANDOM, &f, &err), 0);
                assert_int_equal(f.passed, sizes[i] >= BLOCK); /* less is too little to judge by */
                assert_int_equal(f.strings_n + f.signatures_n, 0);
                forensic_classes(&f, classes);
                /* The last part may have no whole block. */
                assert_true(classes[ENTROPY_RANDOM] >= f.cells_n - 1);
                json = forensic_to_json(&f);
                assert_int_equal(json_canonical(json, &text, &err), 0);
                assert_true(strlen(text) < 64 << 10);
                done(&s);
        }
}

/* A part that wasn't wiped shows at its place: with a sample in every part it can't hide. */
static void test_leftovers(void **state) {
        static const char letter[] = "Informe de alta de Ana López, 12345678Z, Hospital de Prueba";
        _cleanup_free_ uint8_t *zeros = calloc(1, 64 << 10);
        _cleanup_forensic_ struct forensic f = { 0 };
        _cleanup_json_ json_t *json = NULL;
        _cleanup_free_ char *text = NULL;
        int64_t classes[ENTROPY_CLASSES];
        struct error err = { 0 };
        struct subject s;

        (void) state;
        make(&s, 32 * MIB, true); /* 1024 parts of 32 KiB */
        put(&s, 8 * MIB, zeros, 64 << 10);
        put(&s, 4096, letter, sizeof letter - 1);
        put(&s, 32 * MIB - 512, "EFI PART", 8);
        assert_int_equal(forensic_check(s.fd, &s.facts, seed, LEFT_RANDOM, &f, &err), 0);
        assert_false(f.passed);
        forensic_classes(&f, classes);
        assert_int_equal(classes[ENTROPY_CONSTANT], 2);
        assert_int_equal(classes[ENTROPY_RANDOM], 1022);
        assert_int_equal(entropy_class_of(f.cells[256].least), ENTROPY_CONSTANT);
        assert_int_equal(f.strings_by_class[STRING_NATIONAL_ID], f.strings_n);
        assert_true(f.strings_n >= 1 && f.signatures_n >= 1);
        assert_true(f.cells[0].strings >= 1 && f.cells[1023].signatures >= 1);
        json = forensic_to_json(&f);
        assert_int_equal(json_canonical(json, &text, &err), 0);
        assert_null(strstr(text, "Ana")); /* where and what, never the words */
        assert_null(strstr(text, "12345678Z"));
        done(&s);
}

static void test_file_system(void **state) {
        char command[256];
        struct error err = { 0 };
        struct subject s;

        (void) state;
        for (int i = 0; i < 2; i++) {
                _cleanup_forensic_ struct forensic f = { 0 };

                make(&s, 16 * MIB, true);
                (void) snprintf(command, sizeof command, i ? "mkswap -q %s" : "mkfs.ext4 -q -F -b 1024 %s",
                                s.loop.image);
                assert_int_equal(system(command), 0);
                assert_int_equal(device_facts_read(s.loop.image, NULL, &s.facts, &err), 0);
                assert_int_equal(forensic_check(s.fd, &s.facts, seed, LEFT_RANDOM, &f, &err), 0);
                assert_false(f.passed);
                assert_string_equal(f.recognised, i ? "swap" : "ext4");
                assert_true(f.signatures_n >= 1);
                done(&s);
        }
}

static void test_picture(void **state) {
        _cleanup_forensic_ struct forensic f = { 0 };
        _cleanup_free_ uint8_t *zeros = calloc(1, 3 * MIB), *png = NULL;
        const char *keep = getenv("MPSI_KEEP_PICTURE");
        struct error err = { 0 };
        struct subject s;
        size_t n = 0;

        (void) state;
        make(&s, 24 * MIB, true);
        put(&s, 8 * MIB, zeros, 3 * MIB);
        for (int i = 0; i < 40; i++)
                put(&s, 14 * MIB + i * BLOCK, "%PDF-1.7 Informe de alta de la paciente, planta tercera", 54);
        assert_int_equal(forensic_check(s.fd, &s.facts, seed, LEFT_RANDOM, &f, &err), 0);
        assert_int_equal(forensic_picture(&f, "HQ00000042K-W1", &png, &n, &err), 0);
        assert_true(n > 10000 && n < 512 << 10);
        assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
        if (keep) {
                FILE *file = fopen(keep, "we");

                assert_non_null(file);
                assert_int_equal(fwrite(png, 1, n, file), n);
                (void) fclose(file);
        }
        done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_strings),
                cmocka_unit_test(test_wide_strings),
                cmocka_unit_test(test_random_holds_nothing),
                cmocka_unit_test(test_clean),
                cmocka_unit_test(test_leftovers),
                cmocka_unit_test(test_file_system),
                cmocka_unit_test(test_picture),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
