/* How fast one pass of our AES-256-CTR overwrite is, beside what else could fill the same loop device in the same
 * run: `dd` of zeros, and nwipe with the fastest of its cryptographic generators. Prints ratios only: each of our
 * times by each of theirs, the middle of several rounds, interleaved so that a busy machine slows all alike.
 *
 *     bench_overwrite [MiB [rounds [NWIPE [GENERATOR]]]]      root; a loop device over /dev/shm */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "device/gate.h"
#include "sanitize/engine.h"

enum { ROUNDS_MAX = 21 };

static char device[32], image[] = "/dev/shm/mpsi-bench-XXXXXX";

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void die(const char *what) {
        (void) fprintf(stderr, "bench_overwrite: %s: %s\n", what, strerror(errno));
        (void) unlink(image);
        exit(1);
}

/* Every page of the image is there before the first round: nobody pays for the memory. */
static int attach(int64_t size) {
        int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), file = mkstemp(image), loop, number;
        struct loop_config config = { .info = { .lo_flags = LO_FLAGS_AUTOCLEAR } };

        if (control < 0 || file < 0 || posix_fallocate(file, 0, size) != 0)
                die("no image");
        number = ioctl(control, LOOP_CTL_GET_FREE);
        (void) snprintf(device, sizeof device, "/dev/loop%d", number);
        loop = open(device, O_RDWR | O_CLOEXEC);
        config.fd = (uint32_t) file;
        if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config) < 0)
                die("no loop device");
        (void) close(file);
        (void) close(control);
        return loop;
}

/* What the one before left in the page cache is not the next one's to drop. */
static void empty_cache(void) {
        int fd = open(device, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || ioctl(fd, BLKFLSBUF, 0) < 0)
                die("the cache stays");
        (void) close(fd);
}

static double run(char *const argv[]) {
        double start;
        pid_t child;
        int status = 0;

        empty_cache();
        start = now();
        child = fork();
        if (child == 0) {
                int null = open("/dev/null", O_RDWR);

                (void) dup2(null, 0);
                (void) dup2(null, 1);
                (void) dup2(null, 2);
                (void) execvp(argv[0], argv);
                _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
                return -1;
        return now() - start;
}

static double with_dd(void) {
        char target[48];
        char *argv[] = { (char[]){ "dd" },           (char[]){ "if=/dev/zero" }, target, (char[]){ "bs=4M" },
                         (char[]){ "oflag=direct" }, (char[]){ "conv=fsync" },   NULL };

        (void) snprintf(target, sizeof target, "of=%s", device);
        return run(argv);
}

static char nwipe_program[256] = "nwipe", nwipe_prng[64] = "--prng=isaac64";

static double with_nwipe(bool verify) {
        char *argv[] = { nwipe_program,
                         (char[]){ "--autonuke" },
                         (char[]){ "--nogui" },
                         (char[]){ "--method=random" },
                         nwipe_prng,
                         (char[]){ "--rounds=1" },
                         verify ? (char[]){ "--verify=last" } : (char[]){ "--verify=off" },
                         (char[]){ "--noblank" },
                         device,
                         NULL };

        return run(argv);
}

/* *ret_both: writing and reading back together. */
static double with_engine(const struct device_facts *facts, bool verify, double *ret_both) {
        _cleanup_areas_ struct areas unreached = { 0 };
        struct pattern pattern = { .stream = true };
        _cleanup_close_ int fd = -1;
        struct engine engine = { .size = facts->size, .block = (size_t) facts->logical_block };
        struct error err = { 0 };
        double start, began;
        int r;

        empty_cache();
        start = began = now();
        if (getrandom(pattern.key, sizeof pattern.key, 0) < 0)
                die("no random bytes");
        r = device_open(facts, DEVICE_OPEN_WRITE | DEVICE_OPEN_DIRECT, &fd, &err);
        engine.fd = fd;
        if (r == 0)
                r = engine_write(&engine, &pattern, 0, &unreached, &err);
        if (r == 0 && verify) {
                start = now();
                r = engine_verify(&engine, &pattern, 0, &unreached, &err);
        }
        if (r < 0 || unreached.bytes != 0) {
                (void) fprintf(stderr, "bench_overwrite: %s\n", err.what[LANG_EN]);
                exit(1);
        }
        *ret_both = now() - began;
        return now() - start;
}

/* What nwipe takes before and after its writing (it scans the machine and waits): not its speed. */
static double nwipe_overhead(void) {
        char full[32], full_image[sizeof image];
        double seconds;
        int loop;

        memcpy(full, device, sizeof full);
        memcpy(full_image, image, sizeof full_image);
        memcpy(image, "/dev/shm/mpsi-bench-XXXXXX", sizeof image);
        loop = attach(64 << 10);
        (void) unlink(image);
        seconds = with_nwipe(false);
        (void) ioctl(loop, LOOP_CLR_FD);
        (void) close(loop);
        memcpy(device, full, sizeof full);
        memcpy(image, full_image, sizeof full_image);
        return seconds;
}

static int by_value(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

static double middle(double *values, int n) {
        qsort(values, (size_t) n, sizeof *values, by_value);
        return values[n / 2];
}

int main(int argc, char **argv) {
        int64_t size = (argc > 1 ? atoll(argv[1]) : 1024) << 20;
        int rounds = argc > 2 ? atoi(argv[2]) : 7;
        double dd[ROUNDS_MAX], nwipe[ROUNDS_MAX], verified[ROUNDS_MAX], read_back[ROUNDS_MAX];
        struct device_facts facts;
        struct error err = { 0 };
        double overhead;
        bool has_nwipe;
        int loop;

        if (argc > 3)
                (void) snprintf(nwipe_program, sizeof nwipe_program, "%s", argv[3]);
        if (argc > 4)
                (void) snprintf(nwipe_prng, sizeof nwipe_prng, "--prng=%s", argv[4]);
        if (rounds < 1 || rounds > ROUNDS_MAX || size < ENGINE_BUFFER)
                return 2;
        loop = attach(size);
        (void) unlink(image); /* the loop device keeps it */
        if (device_facts_read(device, NULL, &facts, &err) < 0)
                die(err.what[LANG_EN]);
        overhead = nwipe_overhead();
        has_nwipe = overhead >= 0;
        (void) with_dd();
        for (int i = 0; i < rounds; i++) {
                double both, ours = with_engine(&facts, false, &both), theirs;

                dd[i] = with_dd() / ours;
                theirs = has_nwipe ? with_nwipe(false) - overhead : -1;
                nwipe[i] = theirs / ours;
                read_back[i] = ours / with_engine(&facts, true, &both);
                theirs = has_nwipe ? with_nwipe(true) - overhead : -1;
                verified[i] = theirs / both;
        }
        (void) printf("overwrite AES-256-CTR, speed by dd zeros:           %.2f\n", middle(dd, rounds));
        if (has_nwipe) {
                (void) printf("overwrite AES-256-CTR, speed by %s %s: %.2f\n", nwipe_program, nwipe_prng,
                              middle(nwipe, rounds));
                (void) printf("the same with full verification, both: %.2f\n", middle(verified, rounds));
        } else
                (void) printf("nwipe: not installed\n");
        (void) printf("full verification, speed by our own overwrite:      %.2f\n", middle(read_back, rounds));
        (void) ioctl(loop, LOOP_CLR_FD);
        (void) close(loop);
        return 0;
}
