/* Many drives at once, a process each, as a station wipes them: 32 loop devices over memory, beside `dd` on the
 * same devices at the same moment, which is what the machine's memory and kernel let through. Prints ratios of
 * speed, the middle of several rounds; the processor time that is ours (user) and the memory that each drive costs.
 *
 *     bench_rack [drives [MiB each [rounds]]]      root; drives * MiB in /dev/shm */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "bench.h"
#include "device/gate.h"
#include "sanitize/engine.h"

enum { DRIVES_MAX = 64, ROUNDS_MAX = 21 };

enum work { WRITE_ZEROS, WRITE_STREAM, VERIFY_ZEROS, VERIFY_STREAM, DD_WRITE, DD_READ, WORKS };

struct rack {
        int drives, loops[DRIVES_MAX];
        char paths[DRIVES_MAX][32];
        struct device_facts facts[DRIVES_MAX];
        int64_t size;
        double cpu,
                memory; /* of the last run: user seconds in all, KiB of one process that it shares with nobody */
};

static _Noreturn void die(const char *what) {
        (void) fprintf(stderr, "bench_rack: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void attach(struct rack *rack, int i) {
        char image[] = "/dev/shm/mpsi-rack-XXXXXX";
        int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), file = mkstemp(image);
        struct loop_config config = { .info = { .lo_flags = LO_FLAGS_AUTOCLEAR } };

        if (control < 0 || file < 0)
                die("no image");
        (void) unlink(image); /* the loop device keeps it */
        if (posix_fallocate(file, 0, rack->size) != 0)
                die("no room in /dev/shm");
        config.fd = (uint32_t) file;
        for (int attempt = 0; attempt < 50; attempt++) {
                (void) snprintf(rack->paths[i], sizeof rack->paths[i], "/dev/loop%d",
                                ioctl(control, LOOP_CTL_GET_FREE));
                rack->loops[i] = open(rack->paths[i], O_RDWR | O_CLOEXEC);
                if (rack->loops[i] >= 0 && ioctl(rack->loops[i], LOOP_CONFIGURE, &config) == 0)
                        break;
                if (rack->loops[i] >= 0)
                        (void) close(rack->loops[i]);
                rack->loops[i] = -1;
        }
        if (rack->loops[i] < 0)
                die("no loop device");
        (void) close(file);
        (void) close(control);
        if (device_facts_read(rack->paths[i], NULL, &rack->facts[i], NULL) < 0)
                die(rack->paths[i]);
}

/* What this process does not share with its parent, read while it works. */
static double own_memory(void) {
        FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
        char line[128];
        double dirty = 0;
        long one;

        while (rollup && fgets(line, sizeof line, rollup))
                if (sscanf(line, "Private_Dirty: %ld", &one) == 1)
                        dirty = (double) one;
        if (rollup)
                (void) fclose(rollup);
        return dirty;
}

struct watched {
        double memory;
};

static int watch(void *context, int64_t offset, struct error *err) {
        struct watched *watched = context;

        (void) err;
        if (offset == 32 * (int64_t) ENGINE_BUFFER)
                watched->memory = own_memory();
        return 0;
}

static int with_engine(const struct rack *rack, int i, enum work work, int report) {
        const struct pattern pattern = { .stream = work == WRITE_STREAM || work == VERIFY_STREAM, .key = { 7 } };
        _cleanup_areas_ struct areas unreached = { 0 };
        struct watched watched = { 0 };
        struct error err = { 0 };
        struct engine engine = { .size = rack->size,
                                 .block = (size_t) rack->facts[i].logical_block,
                                 .context = &watched,
                                 .reached = watch };
        int r = device_open(&rack->facts[i], DEVICE_OPEN_WRITE | DEVICE_OPEN_DIRECT, &engine.fd, &err);

        if (r == 0)
                r = work == WRITE_ZEROS || work == WRITE_STREAM
                            ? engine_write(&engine, &pattern, 0, &unreached, &err)
                            : engine_verify(&engine, &pattern, 0, &unreached, &err);
        if (r < 0 || unreached.n > 0) {
                (void) fprintf(stderr, "bench_rack: %s\n", r < 0 ? err.what[LANG_EN] : "does not verify");
                return 1;
        }
        return write(report, &watched.memory, sizeof watched.memory) == sizeof watched.memory ? 0 : 1;
}

static void with_dd(const struct rack *rack, int i, enum work work) {
        char from[48], to[48], count[32];
        int null = open("/dev/null", O_RDWR);

        (void) snprintf(from, sizeof from, "if=%s", work == DD_WRITE ? "/dev/zero" : rack->paths[i]);
        (void) snprintf(to, sizeof to, "of=%s", work == DD_WRITE ? rack->paths[i] : "/dev/null");
        (void) snprintf(count, sizeof count, "count=%lld", (long long) (rack->size >> 20));
        (void) dup2(null, 2);
        (void) execlp("dd", "dd", from, to, count, "bs=1M", work == DD_WRITE ? "oflag=direct" : "iflag=direct",
                      work == DD_WRITE ? "conv=fsync,notrunc" : "conv=notrunc", (char *) NULL);
        _exit(127);
}

/* All drives at once; seconds until the last is done. */
static double run(struct rack *rack, enum work work) {
        struct rusage before, after;
        double start = seconds(), memory = 0;
        int report[2], status, bad = 0;

        if (pipe(report) < 0 || getrusage(RUSAGE_CHILDREN, &before) < 0)
                die("pipe");
        for (int i = 0; i < rack->drives; i++) {
                pid_t child = fork();

                if (child < 0)
                        die("fork");
                if (child == 0) {
                        if (work >= DD_WRITE)
                                with_dd(rack, i, work);
                        _exit(with_engine(rack, i, work, report[1]));
                }
        }
        for (int i = 0; i < rack->drives; i++)
                bad += wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        if (bad > 0)
                die("a drive failed");
        (void) close(report[1]);
        rack->memory = 0;
        while (read(report[0], &memory, sizeof memory) == sizeof memory)
                rack->memory = memory > rack->memory ? memory : rack->memory;
        (void) close(report[0]);
        (void) getrusage(RUSAGE_CHILDREN, &after);
        rack->cpu = (double) (after.ru_utime.tv_sec - before.ru_utime.tv_sec) +
                    (double) (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6;
        return seconds() - start;
}

int main(int argc, char **argv) {
        struct rack rack = { .drives = argc > 1 ? atoi(argv[1]) : 32,
                             .size = (argc > 2 ? atoll(argv[2]) : 128) << 20 };
        size_t rounds = argc > 3 ? (size_t) atoi(argv[3]) : 5;
        double ratio[WORKS][ROUNDS_MAX], cpu[WORKS][ROUNDS_MAX], memory = 0, moved;

        rack.drives = argc > 1 ? atoi(argv[1]) : 32;
        rack.size = (argc > 2 ? atoll(argv[2]) : 128) << 20;
        if (rack.drives < 1 || rack.drives > DRIVES_MAX || rounds < 1 || rounds > ROUNDS_MAX ||
            rack.size < 64 << 20)
                return 2;
        moved = (double) rack.drives * (double) rack.size;
        for (int i = 0; i < rack.drives; i++)
                attach(&rack, i);
        (void) run(&rack, DD_WRITE);
        for (size_t i = 0; i < rounds; i++) {
                for (enum work write = WRITE_ZEROS; write <= WRITE_STREAM; write++) {
                        const enum work verify = write + VERIFY_ZEROS;
                        double dd = run(&rack, DD_WRITE);

                        ratio[write][i] = dd / run(&rack, write);
                        cpu[write][i] = rack.cpu * 3e9 / moved;
                        memory = rack.memory > memory ? rack.memory : memory;
                        dd = run(&rack, DD_READ);
                        ratio[verify][i] = dd / run(&rack, verify);
                        cpu[verify][i] = rack.cpu * 3e9 / moved;
                        memory = rack.memory > memory ? rack.memory : memory;
                }
        }
        (void) printf("%d drives at once, zeros, speed by dd oflag=direct:             %.2f\n", rack.drives,
                      median(ratio[WRITE_ZEROS], rounds));
        (void) printf("%d drives at once, AES-256-CTR, speed by dd zeros:              %.2f\n", rack.drives,
                      median(ratio[WRITE_STREAM], rounds));
        (void) printf("%d drives at once, verifying zeros, speed by dd iflag=direct:   %.2f\n", rack.drives,
                      median(ratio[VERIFY_ZEROS], rounds));
        (void) printf("%d drives at once, verifying a stream, speed by dd iflag=direct: %.2f\n", rack.drives,
                      median(ratio[VERIFY_STREAM], rounds));
        (void) printf("cores for 3 GB/s (user): zeros %.2f, stream %.2f, verifying zeros %.2f, a stream %.2f\n",
                      median(cpu[WRITE_ZEROS], rounds), median(cpu[WRITE_STREAM], rounds),
                      median(cpu[VERIFY_ZEROS], rounds), median(cpu[VERIFY_STREAM], rounds));
        (void) printf("memory of one drive's process that is its own: %.1f MiB\n", memory / 1024);
        for (int i = 0; i < rack.drives; i++) {
                (void) ioctl(rack.loops[i], LOOP_CLR_FD);
                (void) close(rack.loops[i]);
        }
        return 0;
}
