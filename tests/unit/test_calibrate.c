/* Constants that a device acknowledges without writing them (S4): the measurement, against writes that take their
 * time here and elide what they are told to. */
#include "unit/loop.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/cleanup.h"
#include "sanitize/calibrate.h"

enum { MIB = 1 << 20, WRITE_TAKES = 5000000 /* ns */ };

/* What the device behind this descriptor does: bytes of this one value cost nothing and are dropped. */
static struct {
        int fd, elides;      /* elides: -1 nothing, 256 every constant */
        int64_t least, most; /* offsets written */
        int failing;
} device = { .fd = -1 };

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t offset);

/* In the program itself, so it comes before the library's. */
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t offset) {
        const uint8_t *bytes = data;
        const struct timespec pause = { 0, WRITE_TAKES };
        bool constant = n > 1 && memcmp(bytes, bytes + 1, n - 1) == 0;

        if (fd == device.fd) {
                if (device.failing) {
                        errno = EIO;
                        return -1;
                }
                device.least = offset < device.least ? offset : device.least;
                device.most = offset + (int64_t) n > device.most ? offset + (int64_t) n : device.most;
                if (constant && (device.elides == 256 || bytes[0] == device.elides))
                        return (ssize_t) n;
                (void) nanosleep(&pause, NULL);
        }
        return syscall(SYS_pwrite64, fd, data, n, offset);
}

static int run(int elides, int64_t size, struct calibration *ret) {
        struct error err = { 0 };
        struct loop loop;
        int r;

        loop_image(&loop, "/dev/shm", size, NULL);
        device.fd = open(loop.image, O_RDWR | O_CLOEXEC);
        device.elides = elides;
        device.least = INT64_MAX;
        device.most = 0;
        r = calibrate(device.fd, size, 0xff, ret, &err);
        close(device.fd);
        device.fd = -1;
        loop_done(&loop);
        return r;
}

static void test_honest(void **state) {
        struct calibration c;

        (void) state;
        assert_int_equal(run(-1, 64 * MIB, &c), 0);
        assert_false(calibration_suspects(c.zeros, c.randoms));
        assert_false(calibration_suspects(c.constants, c.randoms));
        assert_int_equal(c.bytes, 2 * MIB);
        assert_int_equal(device.least, c.offset);
        assert_int_equal(device.most, c.offset + c.bytes);
}

static void test_elided(void **state) {
        _cleanup_json_ json_t *json = NULL;
        struct calibration c;

        (void) state;
        assert_int_equal(run(0, 64 * MIB, &c), 0);
        assert_true(calibration_suspects(c.zeros, c.randoms));
        assert_false(calibration_suspects(c.constants, c.randoms));
        json = calibration_to_json(&c);
        assert_true(json_flag(json, "zeros_elided"));
        assert_false(json_flag(json, "constant_elided"));
        assert_int_equal(json_array_size(json_object_get(json, "random_us")), CALIBRATION_ROUNDS);
        assert_int_equal(run(256, 64 * MIB, &c), 0);
        assert_true(calibration_suspects(c.zeros, c.randoms) && calibration_suspects(c.constants, c.randoms));
}

static void test_edges(void **state) {
        struct calibration c;

        (void) state;
        assert_int_equal(run(-1, 100 << 10, &c), ERR_NOT_FOUND);
        assert_int_equal(device.most, 0); /* nothing was written */
        assert_int_equal(run(-1, 1 * MIB + 333, &c), 0);
        assert_int_equal(c.bytes, 128 << 10);
        device.failing = 1;
        assert_int_equal(run(-1, 64 * MIB, &c), ERR_FAILED);
        device.failing = 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_honest),
                cmocka_unit_test(test_elided),
                cmocka_unit_test(test_edges),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
