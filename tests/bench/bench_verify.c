/* How fast a wiped medium is read back and compared, beside `dd iflag=direct` that only reads the same loop device
 * in the same run: by mpsi's own verification, by mpsi-verify-wipe, and by samples. Ratios only, the middle of
 * several rounds, interleaved so that a busy machine slows all alike.
 *
 *     bench_verify PROGRAM [MiB [rounds]]      root; a loop device over /dev/shm; PROGRAM is mpsi-verify-wipe */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/str.h"
#include "device/gate.h"
#include "sanitize/overwrite.h"

enum { ROUNDS_MAX = 21 };

static char device[32], image[] = "/dev/shm/mpsi-bench-XXXXXX", record[] = "/dev/shm/mpsi-bench-record-XXXXXX";

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void die(const char *what) {
        (void) fprintf(stderr, "bench_verify: %s: %s\n", what, strerror(errno));
        (void) unlink(image);
        (void) unlink(record);
        exit(1);
}

static int attach(int64_t size) {
        int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), file = mkstemp(image), loop;
        struct loop_config config = { .info = { .lo_flags = LO_FLAGS_AUTOCLEAR } };

        if (control < 0 || file < 0 || posix_fallocate(file, 0, size) != 0)
                die("no image");
        (void) snprintf(device, sizeof device, "/dev/loop%d", ioctl(control, LOOP_CTL_GET_FREE));
        loop = open(device, O_RDWR | O_CLOEXEC);
        config.fd = (uint32_t) file;
        if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config) < 0)
                die("no loop device");
        (void) unlink(image); /* the loop device keeps it */
        (void) close(file);
        (void) close(control);
        return loop;
}

static double run(char *const argv[]) {
        double start = now();
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
                int null = open("/dev/null", O_RDWR);

                (void) dup2(null, 0);
                (void) dup2(null, 1);
                (void) execvp(argv[0], argv);
                _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                die(argv[0]);
        return now() - start;
}

static double with_dd(void) {
        char source[48];
        char *argv[] = { (char[]){ "dd" },
                         source,
                         (char[]){ "of=/dev/null" },
                         (char[]){ "bs=4M" },
                         (char[]){ "iflag=direct" },
                         (char[]){ "status=none" },
                         NULL };

        (void) snprintf(source, sizeof source, "if=%s", device);
        return run(argv);
}

static double with_program(char *program, bool sample) {
        char *argv[] = { program, (char[]){ "--record" },
                         record,  (char[]){ "--device" },
                         device,  sample ? (char[]){ "--sample" } : NULL,
                         NULL };

        return run(argv);
}

static void prepare(struct overwrite *o, const struct device_facts *facts, unsigned flags) {
        struct error err = { 0 };

        *o = (struct overwrite){ .technique = &technique_complement,
                                 .seed = { 42 },
                                 .size = facts->size,
                                 .block = (size_t) facts->logical_block };
        if (device_open(facts, flags | DEVICE_OPEN_DIRECT, &o->fd, &err) < 0)
                die(err.what[LANG_EN]);
}

static double with_engine(const struct device_facts *facts, bool sample) {
        struct overwrite o;
        struct error err = { 0 };
        double start;

        prepare(&o, facts, 0);
        o.sampled = sample;
        start = now();
        if (overwrite_verify(&o, &err) < 0 || o.unverified.n > 0)
                die("verification");
        start = now() - start;
        (void) close(o.fd);
        overwrite_done(&o);
        return start;
}

/* The medium as a wipe leaves it, and its record. */
static void wipe(const struct device_facts *facts) {
        char seed[2 * SEED_SIZE + 1], commitment[SHA256_TEXT];
        struct error err = { 0 };
        struct overwrite o;
        FILE *file;
        int fd = mkstemp(record);

        prepare(&o, facts, DEVICE_OPEN_WRITE);
        if (overwrite_run(&o, &err) < 0 || sha256_text(o.seed, SEED_SIZE, commitment) < 0)
                die(err.what[LANG_EN]);
        hex_encode(o.seed, SEED_SIZE, seed);
        (void) close(o.fd);
        overwrite_done(&o);
        file = fd < 0 ? NULL : fdopen(fd, "w");
        if (!file ||
            fprintf(file,
                    "{\"format\":\"mpsi-sanitization/"
                    "1\",\"job\":\"B-W1\",\"medium\":\"B\",\"finished\":{\"seed\":\"%s\","
                    "\"seed_commitment\":\"%s\",\"techniques\":[\"overwrite-complement\"],\"device\":{\"size\":%"
                    "lld}}}",
                    seed, commitment, (long long) facts->size) < 0 ||
            fclose(file) != 0)
                die("record");
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
        int64_t size = (argc > 2 ? atoll(argv[2]) : 1024) << 20;
        int rounds = argc > 3 ? atoi(argv[3]) : 7;
        double engine[ROUNDS_MAX], program[ROUNDS_MAX], samples[ROUNDS_MAX], other[ROUNDS_MAX];
        struct device_facts facts;
        struct error err = { 0 };
        int loop;

        if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX || size < ENGINE_BUFFER)
                return 2;
        loop = attach(size);
        if (device_facts_read(device, NULL, &facts, &err) < 0)
                die(err.what[LANG_EN]);
        wipe(&facts);
        for (int i = 0; i < rounds; i++) {
                double dd = with_dd();

                engine[i] = dd / with_engine(&facts, false);
                program[i] = dd / with_program(argv[1], false);
                dd = with_dd();
                samples[i] = dd / with_engine(&facts, true);
                other[i] = dd / with_program(argv[1], true);
        }
        (void) printf("full verification, speed by dd iflag=direct:        %.2f\n", middle(engine, rounds));
        (void) printf("mpsi-verify-wipe, whole, speed by dd iflag=direct:  %.2f\n", middle(program, rounds));
        (void) printf("verification by samples, time of dd over its own:   %.2f\n", middle(samples, rounds));
        (void) printf("mpsi-verify-wipe --sample, time of dd over its own: %.2f\n", middle(other, rounds));
        (void) unlink(record);
        (void) ioctl(loop, LOOP_CLR_FD);
        (void) close(loop);
        return 0;
}
