/* The overwriting techniques on real loop devices and images. Proves S3 (patterns and order), S4 (read-back), S5
 * (areas that are not reached), S7 (durable points, resume after a kill). */
#include "unit/loop.h"

#include <errno.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "device/gate.h"
#include "sanitize/overwrite.h"

enum { MIB = 1 << 20 };
static const char marker[] = "HISTORIA-CLINICA"; /* what must not survive; 16 characters */

static struct overwrite prepare(const char *path, const struct technique *technique) {
        struct overwrite overwrite = { .technique = technique, .seed = { 7 }, .durable_every = 1000 };
        struct device_facts facts;
        struct error err = { 0 };

        assert_int_equal(device_facts_read(path, NULL, &facts, &err), 0);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE | DEVICE_OPEN_DIRECT, &overwrite.fd, &err), 0);
        overwrite.size = facts.size;
        overwrite.block = (size_t) facts.logical_block;
        return overwrite;
}

static void finish(struct overwrite *overwrite) {
        close(overwrite->fd);
        overwrite_done(overwrite);
}

/* Whether the marker is anywhere in the file. */
static bool holds_marker(const char *path, int64_t size) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        char *bytes = mmap(NULL, (size_t) size, PROT_READ, MAP_SHARED, fd, 0);
        bool found;

        assert_true(fd >= 0 && bytes != MAP_FAILED);
        found = memmem(bytes, (size_t) size, marker, strlen(marker)) != NULL;
        munmap(bytes, (size_t) size);
        close(fd);
        return found;
}

static void test_patterns(void **state) {
        const struct technique *const all[] = { &technique_single, &technique_dod, &technique_ece,
                                                &technique_complement };
        static const uint8_t seed[SEED_SIZE] = { 1, 2, 3 };
        static const struct {
                enum pass_act act;
                int byte; /* -1 random */
        } ece[] = { { PASS_WRITE, 0 }, { PASS_WRITE, 255 }, { PASS_WRITE, -1 }, { PASS_VERIFY, -1 },
                    { PASS_WRITE, 0 }, { PASS_WRITE, 255 }, { PASS_WRITE, -1 }, { PASS_VERIFY, -1 } };
        struct pattern first, second;
        struct error err = { 0 };

        (void) state;
        assert_int_equal(technique_ece.passes_n, COUNT(ece));
        for (size_t i = 0; i < COUNT(ece); i++) {
                assert_int_equal(technique_ece.passes[i].act, ece[i].act);
                assert_int_equal(overwrite_pattern(&technique_ece, seed, i, &first, &err), 0);
                assert_int_equal(first.stream, ece[i].byte < 0);
                if (ece[i].byte >= 0)
                        assert_int_equal(first.byte, ece[i].byte);
        }
        assert_int_equal(technique_dod.passes_n, 4);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(technique_dod.passes[i].act, ece[i].act);
        /* The two random passes differ; a verification expects what the write before it left. */
        assert_int_equal(overwrite_pattern(&technique_ece, seed, 2, &first, &err), 0);
        assert_int_equal(overwrite_pattern(&technique_ece, seed, 6, &second, &err), 0);
        assert_memory_not_equal(first.key, second.key, PATTERN_KEY);
        assert_int_equal(overwrite_pattern(&technique_ece, seed, 7, &first, &err), 0);
        assert_memory_equal(first.key, second.key, PATTERN_KEY);
        /* Every technique ends by reading back bytes that aren't zeros: elided writes can't pass. */
        for (size_t i = 0; i < COUNT(all); i++) {
                size_t last = all[i]->passes_n - 1;

                assert_int_equal(all[i]->passes[last].act, PASS_VERIFY);
                assert_int_equal(overwrite_pattern(all[i], seed, last, &first, &err), 0);
                assert_true(first.stream || first.byte != 0);
        }
}

/* A stream is the same bytes whichever way it is cut; its complement is each bit inverted. */
static void test_generator(void **state) {
        struct pattern pattern = { .stream = true, .key = { 9 } };
        _cleanup_free_ uint8_t *whole = malloc(256 << 10), *part = malloc(256 << 10);
        struct generator *generator;
        struct error err = { 0 };

        (void) state;
        assert_int_equal(generator_new(&pattern, &generator, &err), 0);
        assert_int_equal(generator_fill(generator, 5 * MIB, whole, 256 << 10), 0);
        assert_int_equal(generator_fill(generator, 5 * MIB + 4096, part, 1000), 0);
        assert_memory_equal(part, whole + 4096, 1000);
        generator_free(generator);
        pattern.complement = true;
        assert_int_equal(generator_new(&pattern, &generator, &err), 0);
        assert_int_equal(generator_fill(generator, 5 * MIB, part, 256 << 10), 0);
        for (size_t i = 0; i < 256 << 10; i++)
                assert_int_equal(part[i], (uint8_t) ~whole[i]);
        generator_free(generator);
}

/* Every technique on a loop device: nothing of the old data is left, everything verifies. */
static void test_no_byte_survives(void **state) {
        const struct technique *const all[] = { &technique_single, &technique_dod, &technique_ece,
                                                &technique_complement };
        struct error err = { 0 };

        (void) state;
        LOOP_OR_SKIP();
        for (size_t i = 0; i < COUNT(all); i++) {
                struct overwrite overwrite;
                struct loop loop;

                loop_make(&loop, "/tmp", 9 * MIB + 512, marker); /* not a multiple of the buffer */
                assert_true(holds_marker(loop.image, 9 * MIB));
                overwrite = prepare(loop.device, all[i]);
                assert_true(fcntl(overwrite.fd, F_GETFL) & O_DIRECT);
                assert_int_equal(overwrite_run(&overwrite, &err), 0);
                assert_int_equal(overwrite.unwritten.n, 0);
                assert_int_equal(overwrite.unverified.n, 0);
                assert_int_equal(overwrite.verified, 9 * MIB + 512);
                finish(&overwrite);
                assert_false(holds_marker(loop.image, 9 * MIB + 512));
                loop_done(&loop);
        }
}

/* An image file whose size is no multiple of a block. */
static void test_odd_image(void **state) {
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;

        (void) state;
        loop_image(&loop, "/tmp", 5 * MIB + 333, marker);
        overwrite = prepare(loop.image, &technique_complement);
        assert_int_equal(overwrite_run(&overwrite, &err), 0);
        assert_int_equal(overwrite.unwritten.n + overwrite.unverified.n, 0);
        finish(&overwrite);
        assert_false(holds_marker(loop.image, 5 * MIB + 333));
        loop_done(&loop);
}

/* --- a byte that changes behind our back ------------------------------------------------------------------------
 */

struct flip {
        const char *image;
        bool done;
};

static int flip_before_verification(void *context, const struct overwrite *overwrite, struct error *err) {
        struct flip *flip = context;

        (void) err;
        if (overwrite->pass == overwrite->technique->passes_n - 1 && overwrite->offset == 0 && !flip->done) {
                int fd = open(flip->image, O_RDWR | O_CLOEXEC);
                uint8_t byte;

                assert_int_equal(pread(fd, &byte, 1, 4 * MIB + 1000), 1);
                byte ^= 1;
                assert_int_equal(pwrite(fd, &byte, 1, 4 * MIB + 1000), 1);
                fsync(fd);
                close(fd);
                flip->done = true;
        }
        return 0;
}

static void test_flipped_byte_is_found(void **state) {
        struct overwrite overwrite;
        struct error err = { 0 };
        struct flip flip = { 0 };
        struct loop loop;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 6 * MIB, marker);
        overwrite = prepare(loop.device, &technique_dod);
        flip.image = loop.image;
        overwrite.context = &flip;
        overwrite.save = flip_before_verification;
        assert_int_equal(overwrite_run(&overwrite, &err), 0);
        assert_true(flip.done);
        assert_int_equal(overwrite.unwritten.n, 0);
        assert_int_equal(overwrite.unverified.n, 1);
        assert_int_equal(overwrite.unverified.list[0].start, 4 * MIB + 512); /* the block of byte 1000 */
        assert_int_equal(overwrite.unverified.list[0].length, 512);
        finish(&overwrite);
        loop_done(&loop);
}

/* --- areas that fail
 * ---------------------------------------------------------------------------------------------- */

/* Somebody's udev may still look at the loop device that was on it. */
static void unmount(const char *under) {
        for (int i = 0; i < 100 && umount(under) < 0; i++) {
                assert_int_equal(errno, EBUSY);
                assert_int_not_equal(i, 99);
                usleep(100000);
        }
}

/* A sparse image on a file system too small for it: the kernel answers writes past the room with an error. The
 * failing stretch is found to the block, the rest is written. */
static void test_failing_area(void **state) {
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;
        char under[] = "/tmp/mpsi-small-XXXXXX";

        (void) state;
        LOOP_OR_SKIP();
        assert_non_null(mkdtemp(under));
        assert_int_equal(mount("tmpfs", under, "tmpfs", 0, "size=6m,mode=0700"), 0);
        loop_make(&loop, under, 8 * MIB, NULL);
        overwrite = prepare(loop.device, &technique_complement);
        assert_int_equal(overwrite_run(&overwrite, &err), 0);
        assert_true(overwrite.unwritten.n >= 1);
        assert_true(overwrite.unwritten.bytes >= 2 * MIB && overwrite.unwritten.bytes < 3 * MIB);
        assert_int_equal(overwrite.unwritten.list[0].start % 512, 0);
        assert_true(overwrite.unverified.bytes >= 2 * MIB); /* holes read as zeros, not as the pattern */
        finish(&overwrite);
        loop_done(&loop);
        unmount(under);
        (void) rmdir(under);
}

/* What failed before a crash is tried again after it, and reached when the device has come to its senses. */
static int stop_after_failing(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        (void) context;
        return overwrite->pass == 0 && done == overwrite->size && overwrite->later.n > 0
                       ? fail(err, ERR_BUSY, "alto", "stop")
                       : 0;
}

static void test_passed_by_and_resumed(void **state) {
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;
        char under[] = "/tmp/mpsi-small-XXXXXX";

        (void) state;
        LOOP_OR_SKIP();
        assert_non_null(mkdtemp(under));
        assert_int_equal(mount("tmpfs", under, "tmpfs", 0, "size=6m,mode=0700"), 0);
        loop_make(&loop, under, 8 * MIB, NULL);
        overwrite = prepare(loop.device, &technique_complement);
        overwrite.progress = stop_after_failing;
        assert_int_equal(overwrite_run(&overwrite, &err), ERR_BUSY);
        assert_int_equal(overwrite.pass, 0);
        assert_true(overwrite.later.bytes >= 2 * MIB);
        assert_int_equal(overwrite.unwritten.n, 0); /* not given up yet */
        assert_int_equal(mount("tmpfs", under, "tmpfs", MS_REMOUNT, "size=16m,mode=0700"), 0);
        overwrite.offset = overwrite.size; /* as the checkpoint at the pass's end */
        overwrite.progress = NULL;
        assert_int_equal(overwrite_run(&overwrite, &err), 0);
        assert_int_equal(overwrite.later.n + overwrite.unwritten.n + overwrite.unverified.n, 0);
        assert_int_equal(overwrite.verified, 8 * MIB);
        finish(&overwrite);
        loop_done(&loop);
        unmount(under);
        (void) rmdir(under);
}

/* Half of it is another device, and nothing that is wrong with blocks. */
static int shrink(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        struct loop *loop = context;

        (void) err;
        if (overwrite->pass == 0 && done == 4 * MIB) {
                assert_int_equal(truncate(loop->image, 6 * MIB), 0);
                assert_int_equal(ioctl(loop->control, LOOP_SET_CAPACITY), 0);
        }
        return 0;
}

static void test_size_changes_in_the_middle(void **state) {
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 12 * MIB, marker);
        overwrite = prepare(loop.device, &technique_complement);
        overwrite.context = &loop;
        overwrite.progress = shrink;
        assert_int_equal(overwrite_run(&overwrite, &err), ERR_CONFLICT);
        assert_non_null(strstr(err.what[LANG_EN], "size"));
        assert_int_equal(overwrite.unwritten.n, 0);
        finish(&overwrite);
        loop_done(&loop);
}

static void test_read_only_device(void **state) {
        struct overwrite overwrite = { .technique = &technique_single, .seed = { 7 }, .block = 512, .size = MIB };
        struct error err = { 0 };
        struct loop loop;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", MIB, marker);
        overwrite.fd = open(loop.device, O_RDWR | O_DIRECT | O_CLOEXEC);
        assert_true(overwrite.fd >= 0);
        assert_int_equal(gate_set(loop.device, true, &err), 0); /* after it was opened: writes fail from now on */
        assert_int_equal(overwrite_run(&overwrite, &err), ERR_CONFLICT);
        assert_int_equal(overwrite.pass, 0);
        assert_int_equal(overwrite.offset, 0);
        finish(&overwrite);
        assert_int_equal(gate_set(loop.device, false, &err), 0);
        assert_true(holds_marker(loop.image, MIB));
        loop_done(&loop);
}

/* An image cut short in the middle of the work: what is missing does not verify, and the identity check says so. */
static int truncate_image(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        const char *image = context;

        (void) err;
        if (overwrite->pass == 1 && done == 8 * MIB)
                assert_int_equal(truncate(image, 6 * MIB), 0);
        return 0;
}

static void test_truncated_image(void **state) {
        struct device_facts facts;
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;

        (void) state;
        loop_image(&loop, "/tmp", 8 * MIB, marker);
        assert_int_equal(device_facts_read(loop.image, NULL, &facts, &err), 0);
        overwrite = prepare(loop.image, &technique_complement);
        overwrite.context = loop.image;
        overwrite.progress = truncate_image;
        assert_int_equal(overwrite_run(&overwrite, &err), 0);
        assert_int_equal(overwrite.unverified.bytes, 2 * MIB);
        assert_int_equal(overwrite.unverified.list[0].start, 6 * MIB);
        assert_int_equal(device_check_fd(&facts, overwrite.fd, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S6");
        finish(&overwrite);
        loop_done(&loop);
}

/* Unplugged: the loop device is detached under the open descriptor. */
static int detach(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        struct loop *loop = context;

        (void) overwrite;
        (void) err;
        if (done == 4 * MIB) {
                assert_int_equal(truncate(loop->image, 0), 0);
                assert_int_equal(ioctl(loop->control, LOOP_SET_CAPACITY), 0);
        }
        return 0;
}

static void test_vanished_device(void **state) {
        struct device_facts facts;
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 12 * MIB, marker);
        assert_int_equal(device_facts_read(loop.device, NULL, &facts, &err), 0);
        overwrite = prepare(loop.device, &technique_complement);
        overwrite.context = &loop;
        overwrite.progress = detach;
        /* A capacity of 0 answers ENOSPC: either everything is reported as not reached, or the job ends. */
        if (overwrite_run(&overwrite, &err) == 0)
                assert_true(overwrite.unwritten.bytes >= 8 * MIB);
        assert_int_equal(device_check_fd(&facts, overwrite.fd, &err), ERR_REFUSED);
        finish(&overwrite);
        loop_done(&loop);
}

/* --- stop, kill, resume
 * ------------------------------------------------------------------------------------------- */

static int stop(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        (void) context;
        return overwrite->pass == 1 && done >= 4 * MIB ? fail(err, ERR_BUSY, "alto", "stop") : 0;
}

static void test_stop_and_resume(void **state) {
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 12 * MIB, marker);
        overwrite = prepare(loop.device, &technique_dod);
        overwrite.progress = stop;
        assert_int_equal(overwrite_run(&overwrite, &err), ERR_BUSY);
        assert_int_equal(overwrite.pass, 1);
        overwrite.progress = NULL;
        assert_int_equal(overwrite_run(&overwrite, &err), 0);
        assert_int_equal(overwrite.unverified.n + overwrite.unwritten.n, 0);
        finish(&overwrite);
        assert_false(holds_marker(loop.image, 12 * MIB));
        loop_done(&loop);
}

/* Memory shared with a child that dies: its last durable point. */
struct point {
        size_t pass;
        int64_t offset;
        unsigned saves;
};

static int save_point(void *context, const struct overwrite *overwrite, struct error *err) {
        struct point *point = context;

        (void) err;
        point->pass = overwrite->pass;
        point->offset = overwrite->offset;
        point->saves++;
        return 0;
}

static int die_in_mid_pass(void *context, const struct overwrite *overwrite, int64_t done, struct error *err) {
        (void) err;
        (void) context;
        if (overwrite->pass == 2 && done == 12 * MIB)
                (void) kill(getpid(), SIGKILL);
        return 0;
}

static void test_resume_after_kill(void **state) {
        struct point *point = mmap(NULL, sizeof *point, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;
        int status;
        pid_t child;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 24 * MIB, marker);
        child = fork();
        if (child == 0) {
                overwrite = prepare(loop.device, &technique_dod);
                overwrite.durable_every = 1;
                overwrite.context = point;
                overwrite.save = save_point;
                overwrite.progress = die_in_mid_pass;
                (void) overwrite_run(&overwrite, &err);
                _exit(0);
        }
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(point->pass, 2);
        assert_true(point->offset >= 4 * MIB && point->offset <= 12 * MIB);
        assert_true(point->saves > 4);
        overwrite = prepare(loop.device, &technique_dod);
        overwrite.pass = point->pass;
        overwrite.offset = point->offset;
        assert_int_equal(overwrite_run(&overwrite, &err), 0);
        assert_int_equal(overwrite.unverified.n + overwrite.unwritten.n, 0);
        assert_int_equal(overwrite.verified, 24 * MIB);
        finish(&overwrite);
        assert_false(holds_marker(loop.image, 24 * MIB));
        loop_done(&loop);
        munmap(point, sizeof *point);
}

static void test_areas(void **state) {
        _cleanup_areas_ struct areas areas = { 0 }, again = { 0 };
        _cleanup_json_ json_t *list = NULL;
        struct error err = { 0 };

        (void) state;
        assert_int_equal(areas_add(&areas, 1024, 512, &err), 0);
        assert_int_equal(areas_add(&areas, 4096, 512, &err), 0);
        assert_int_equal(areas_add(&areas, 0, 512, &err), 0);
        assert_int_equal(areas.n, 3);
        assert_int_equal(areas_add(&areas, 512, 512, &err), 0); /* closes the gap */
        assert_int_equal(areas.n, 2);
        assert_int_equal(areas.list[0].start, 0);
        assert_int_equal(areas.list[0].length, 1536);
        assert_int_equal(areas_add(&areas, 1000, 8000, &err), 0); /* swallows */
        assert_int_equal(areas.n, 1);
        assert_int_equal(areas.bytes, 9000);
        list = areas_to_json(&areas, 10);
        assert_int_equal(areas_from_json(list, &again, &err), 0);
        assert_int_equal(again.bytes, 9000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_areas),
                cmocka_unit_test(test_patterns),
                cmocka_unit_test(test_generator),
                cmocka_unit_test(test_no_byte_survives),
                cmocka_unit_test(test_odd_image),
                cmocka_unit_test(test_flipped_byte_is_found),
                cmocka_unit_test(test_failing_area),
                cmocka_unit_test(test_read_only_device),
                cmocka_unit_test(test_truncated_image),
                cmocka_unit_test(test_vanished_device),
                cmocka_unit_test(test_passed_by_and_resumed),
                cmocka_unit_test(test_size_changes_in_the_middle),
                cmocka_unit_test(test_stop_and_resume),
                cmocka_unit_test(test_resume_after_kill),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
