/* mpsid under load, with a large registry: the verdict on a medium that is plugged in, many media at once, many
 * clients at once, and nothing to do. Limits wanted: verdict < 10 ms p99 after udev's event; 500 devices: no
 * verdict lost, < 100 MB; 200 clients: < 50 ms p99 for reads; idle: no wake-up beyond the watchdog.
 *
 * By hand, as root:  tests/cli/with-udev build/release/tests/bench/bench_station [media, default 1000000] [devices,
 * default 500] [clients, default 200] [folder]. A folder that is named is kept, and used again the next time. */
#include "media.h"
#include "station.h"

#include <ctype.h>
#include <math.h>

#include "wire/wire.h"

enum {
        ARRIVALS = 200,
        SYNCS = 200,
        PATIENCE = 20,
        READ_SECONDS = 5,
        FRESH_ROUNDS = 5,
        IDLE_DEVICES = 10,
        IDLE_SECONDS = 20,
        MIB = 1 << 20
};

static struct station station;

static void percentiles(const char *what, double *values, size_t n, double limit_ms) {
        double p50, p99;

        if (!n)
                stop(what, NULL);
        qsort(values, n, sizeof *values, by_value);
        p50 = values[n / 2] * 1e3;
        p99 = values[(size_t) ceil((double) n * 0.99) - 1] * 1e3;
        (void) printf("%s: p50 %.2f ms, p99 %.2f ms, most %.2f ms of %zu", what, p50, p99, values[n - 1] * 1e3, n);
        if (limit_ms > 0)
                (void) printf(" (limit %.0f ms p99: %.2f of it)", limit_ms, p99 / limit_ms);
        (void) putchar('\n');
        (void) fflush(stdout);
}

/* --- the store ---------------------------------------------------------------------------------------------------
 */

static void call_as(const char *as, const char *noun, const char *name, json_t *args) {
        static const struct act_ui ui = { .ask_secret = bench_secret };
        const struct session_options options = { .folder = station.store, .as = as, .ui = &ui };
        struct session *session;
        struct error err;

        if (session_open(&options, &session, &err) < 0)
                stop("open", &err);
        json_decref(bench_call(session, noun, name, args));
        session_close(session);
}

/* The one medium that is let in: registered and encrypted through the acts themselves. */
static void make_medium(int64_t media, int image) {
        _cleanup_free_ char *path = loop_path(0), *id = media_id(media + 1);

        loop_attach(0, image);
        call_as("sara", "person", "add",
                json_pack("{s:s, s:s, s:s, s:s}", "name", "rosa", "full-name", "Rosa", "roles",
                          "operator,custodian", "os-user", "root"));
        call_as("carlos", "media", "register",
                json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "device", path, "classification", "CONFIDENCIAL",
                          "category", "MEDIA", "owner", "ana", "expires", "2040-01-01", "retention", 400));
        call_as("rosa", "encrypt", "run",
                json_pack("{s:s, s:s, s:s}", "medium", id, "device", path, "confirm", id));
        loop_detach(0);
}

static void make_store(int64_t media) {
        _cleanup_free_ char *command = str_format("chown -R nobody: '%s'", station.store),
                            *path = str_format("%s/medium", station.folder);
        _cleanup_close_ int image = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        double start = seconds();
        struct session *session;
        struct act *act;
        struct error err;

        session = bench_store(station.store, "carlos");
        if (session_act(session, &act, &err) < 0)
                stop("act", &err);
        media_generate(act, media);
        session_close(session);
        if (image < 0 || ftruncate(image, 64 * MIB) < 0)
                stop(path, NULL);
        make_medium(media, image);
        if (system(command) != 0)
                stop(command, NULL);
        (void) printf("made a store of %lld media in %.0f s\n", (long long) media, seconds() - start);
        (void) fflush(stdout);
}

/* Copied into memory, where the medium's own speed plays no part. */
static int open_medium(void) {
        _cleanup_free_ char *path = str_format("%s/medium", station.folder), *block = malloc(MIB);
        _cleanup_close_ int from = open(path, O_RDONLY | O_CLOEXEC);
        int to = image_make("medium", 64 * MIB);
        ssize_t n;

        while (from >= 0 && block && (n = read(from, block, MIB)) > 0)
                if (write(to, block, (size_t) n) != n)
                        stop("copy", NULL);
        return to;
}

/* In a store that is used again older runs' verdicts stand too: only events after `after` count. */
static int64_t ask_registry(const char *sql, int64_t after) {
        _cleanup_free_ char *path = str_format("%s/registry.db", station.store);
        struct db *db;
        struct error err;
        int64_t n = 0;

        if (db_open(path, DB_READ, &db, &err) < 0 || db_int(db, &n, &err, sql, "i", after) < 0)
                stop("registry", &err);
        db_close(db);
        return n;
}

static int64_t newest_event(void) {
        return ask_registry("SELECT max(seq) FROM event WHERE seq > ?", 0);
}

static int64_t judged(int64_t after) {
        return ask_registry("SELECT count(DISTINCT json_extract(data, '$.insertion')) FROM event WHERE seq > ? AND "
                            "type = 'device.judged'",
                            after);
}

/* --- 1: one medium after the other -------------------------------------------------------------------------------
 */

struct arrival {
        double event, closed, recorded, enforced; /* 0: not yet */
};

/* The verdict's line in the log stands for its record: it is written when that is done. */
static bool is_line_of(const char *line, int number) {
        _cleanup_free_ char *path = loop_path(number);
        const char *at = strstr(line, path);

        return at && !isdigit((unsigned char) at[strlen(path)]);
}

static void look(struct arrival *arrival, int number, bool let_in) {
        struct monitor_event event;
        const char *line;
        bool read_only;

        while (monitor_next(station.monitor, &event, NULL) > 0)
                if (!arrival->event && loop_number(event.name) == number)
                        arrival->event = seconds();
        read_only = loop_is_read_only(number);
        if (read_only && !arrival->closed)
                arrival->closed = seconds();
        while ((line = station_line(&station, 0)))
                if (is_line_of(line, number))
                        arrival->recorded = seconds();
        if (arrival->recorded && read_only != let_in)
                arrival->enforced = seconds();
}

/* Looks again when something was said, or a fifth of a millisecond later: nothing tells of BLKROSET. */
static bool arrive(struct arrival *arrival, int number, int image, bool let_in) {
        const struct timespec step = { 0, 200000 };
        double until = seconds() + PATIENCE;

        *arrival = (struct arrival){ 0 };
        loop_attach(number, image);
        while ((!arrival->enforced || !arrival->event) && seconds() < until) {
                struct pollfd fds[2] = { { .fd = monitor_fd(station.monitor), .events = POLLIN },
                                         { .fd = station.log, .events = POLLIN } };

                look(arrival, number, let_in);
                (void) ppoll(fds, 2, &step, NULL);
        }
        station_calm(&station, 20);
        loop_detach(number);
        station_calm(&station, 150); /* the judge's own pause is over too */
        return arrival->enforced > 0 && arrival->event > 0;
}

static void verdicts(const char *what, int image, bool let_in) {
        double closed[ARRIVALS], recorded[ARRIVALS], enforced[ARRIVALS];
        struct arrival arrival;
        size_t n = 0;

        (void) arrive(&arrival, 0, image, let_in); /* whoever is first waits for the judge to open the store */
        for (int i = 0; i < ARRIVALS; i++) {
                if (!arrive(&arrival, 0, image, let_in))
                        continue;
                closed[n] = arrival.closed - arrival.event;
                recorded[n] = arrival.recorded - arrival.event;
                enforced[n++] = arrival.enforced - arrival.event;
        }
        (void) printf("%s, after udev's event (%zu of %d had no verdict in %d s)\n", what, ARRIVALS - n, ARRIVALS,
                      PATIENCE);
        percentiles("  closed, before it is read", closed, n, 10);
        percentiles("  verdict on record", recorded, n, 10);
        percentiles("  verdict in force", enforced, n, 10);
}

/* What the store's disk itself takes for what every record waits for. */
static void syncs(void) {
        _cleanup_free_ char *path = str_format("%s/sync", station.folder);
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        double times[SYNCS];
        char page[4096] = "";

        for (int i = 0; i < SYNCS; i++) {
                double start = seconds();

                if (pwrite(fd, page, sizeof page, i * (off_t) sizeof page) < 0 || fdatasync(fd) < 0)
                        stop(path, NULL);
                times[i] = seconds() - start;
                (void) usleep(20000);
        }
        (void) unlink(path);
        percentiles("for comparison, 4 KiB and fdatasync on the store's disk", times, SYNCS, 0);
}

/* --- 2: many at once ---------------------------------------------------------------------------------------------
 */

/* Every device's line once; `peak` NULL: only the time is of interest. */
static double burst(int n, const int *images, struct memory *peak) {
        bool *seen = calloc((size_t) n, sizeof *seen);
        double start = seconds(), until = start + 120;
        int left = n;

        for (int i = 0; i < n; i++)
                loop_attach(i, images[i]);
        while (left > 0 && seconds() < until) {
                const char *line = station_line(&station, 20);
                const char *at = line ? strstr(line, "/dev/loop") : NULL;
                int number = at ? loop_number(at + strlen("/dev/")) : -1;

                if (number >= 0 && strstr(line, " C3 ") && !seen[number]) {
                        seen[number] = true;
                        left--;
                }
                if (peak && (!line || left % 10 == 0))
                        memory_peak(&station, peak);
        }
        if (left)
                (void) printf("  %d verdicts LOST\n", left);
        free(seen);
        return seconds() - start;
}

static void together(int n) {
        int *images = calloc((size_t) n, sizeof *images), open_ones = 0;
        struct memory peak = { 0 };
        int64_t before;
        double took;

        station_calm(&station, 1000);
        for (int i = 0; i < n; i++)
                images[i] = image_make("stick", 4 * MIB);
        before = newest_event();
        took = burst(n, images, NULL);
        for (int i = 0; i < n; i++)
                open_ones += !loop_is_read_only(i);
        (void) printf("%d devices at once: %lld verdicts on record, %d left writable, %.2f s, %.1f ms each\n", n,
                      (long long) judged(before), open_ones, took, took / n * 1e3);
        station_calm(&station, 1000);
        for (int i = 0; i < n; i++)
                loop_detach(i);
        station_calm(&station, 1000);
        (void) burst(n, images, &peak);
        (void) printf("  at most %d processes, PSS %.0f MB (limit 100 MB: %.2f of it), sum of RSS %.0f MB, guard "
                      "%.1f MB\n",
                      peak.processes, peak.pss, peak.pss / 100, peak.rss,
                      (double) proc_int(station.guard, "status", "VmHWM") / 1024);
        station_calm(&station, 1000);
        for (int i = 0; i < n; i++) {
                loop_detach(i);
                (void) close(images[i]);
        }
        (void) fflush(stdout);
        free(images);
}

/* --- 3: clients --------------------------------------------------------------------------------------------------
 */

struct client {
        int fd;
        double sent, due; /* due: when it asks again; 0: it waits for an answer */
};

static void ask(struct client *client, int64_t media, unsigned *seed) {
        _cleanup_free_ char *id = media_id((int64_t) (rand_r(seed) % media) + 1);
        _cleanup_json_ json_t *request = json_pack("{s:s, s:{s:s}, s:s}", "verb", "media show", "arguments",
                                                   "medium", id, "lang", "en");
        struct error err;

        client->sent = seconds();
        client->due = 0;
        if (wire_send_json(client->fd, WIRE_REQUEST, request, 10000, &err) < 0)
                stop("request", &err);
}

static double answer(struct client *client) {
        _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };
        struct error err;

        if (wire_receive(client->fd, WIRE_ANSWER_MAX, 10000, &frame, &err) < 0)
                stop("answer", &err);
        if (frame.type != WIRE_ANSWER) {
                (void) fprintf(stderr, "%s\n", frame.body ? (const char *) frame.body : "");
                stop("no answer", NULL);
        }
        return seconds() - client->sent;
}

static void client_connect(struct client *client) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void) strncpy(address.sun_path, station.socket, sizeof address.sun_path - 1);
        client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (client->fd < 0 || connect(client->fd, (const struct sockaddr *) &address, sizeof address) < 0)
                stop("connect", NULL);
}

/* Takes whatever has come until `until`; gives how many answers. Each client asks again `pause` after an answer, or
 * never when it is negative. */
static size_t serve(struct client *clients, int n, double until, double pause, int64_t media, double *times,
                    size_t room) {
        struct pollfd *fds = calloc((size_t) n, sizeof *fds);
        unsigned seed = 7;
        size_t done = 0;

        for (int i = 0; i < n; i++)
                fds[i] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
        while (done < room && seconds() < until && poll(fds, (nfds_t) n, pause > 0 ? 1 : 100) >= 0)
                for (int i = 0; i < n && done < room; i++) {
                        if (fds[i].revents) {
                                times[done++] = answer(&clients[i]);
                                fds[i].revents = 0;
                                clients[i].due = seconds() + pause;
                        }
                        if (pause >= 0 && clients[i].due > 0 && seconds() >= clients[i].due)
                                ask(&clients[i], media, &seed);
                }
        free(fds);
        return done;
}

static void persistent(struct client *clients, int n, double pause, int64_t media) {
        enum { ROOM = 2000000 };
        double *times = calloc(ROOM, sizeof *times), start;
        unsigned seed = 1;
        size_t done;

        for (int i = 0; i < n; i++) {
                clients[i].due = pause > 0 ? seconds() + pause * i / n : 0;
                if (pause <= 0)
                        ask(&clients[i], media, &seed);
        }
        start = seconds();
        done = serve(clients, n, start + READ_SECONDS, pause, media, times, ROOM);
        (void) printf("%d clients connected, media show of any, %s: %.0f answers/s\n", n,
                      pause > 0 ? "each once every 100 ms" : "each again at once",
                      (double) done / (seconds() - start));
        percentiles("  answer", times, done, 50);
        for (int i = 0; i < n; i++)
                if (!clients[i].due)
                        (void) answer(&clients[i]);
        free(times);
}

static void fresh(struct client *clients, int n, int64_t media) {
        double *times = calloc((size_t) n * FRESH_ROUNDS, sizeof *times), start, took = 0;
        unsigned seed = 3;
        size_t done = 0;

        for (int round = 0; round < FRESH_ROUNDS; round++) {
                start = seconds();
                for (int i = 0; i < n; i++) {
                        client_connect(&clients[i]);
                        ask(&clients[i], media, &seed);
                }
                done += serve(clients, n, seconds() + 60, -1, media, times + done, (size_t) n);
                took += seconds() - start;
                for (int i = 0; i < n; i++)
                        (void) close(clients[i].fd);
                (void) usleep(500000);
        }
        (void) printf("%d connections at once, one read each: %.1f ms of this machine for one\n", n,
                      took / (double) done * 1e3);
        percentiles("  connected and answered", times, done, 50);
        free(times);
}

/* One after the other: what one person who types a command waits. */
static void alone(int64_t media) {
        double times[ARRIVALS];
        unsigned seed = 5;

        for (int i = 0; i < ARRIVALS; i++) {
                struct client client;
                double start = seconds();

                client_connect(&client);
                ask(&client, media, &seed);
                (void) answer(&client);
                times[i] = seconds() - start;
                (void) close(client.fd);
                (void) usleep(5000);
        }
        percentiles("one connection at a time, one read", times, ARRIVALS, 50);
}

static void clients(int n, int64_t media) {
        struct client *all = calloc((size_t) n, sizeof *all);
        struct memory peak = { 0 };
        unsigned seed = 9;

        for (int i = 0; i < n; i++)
                client_connect(&all[i]);
        for (int i = 0; i < n; i++) {
                ask(&all[i], media, &seed);
                (void) answer(&all[i]);
        }
        persistent(all, n, 0, media);
        persistent(all, n, 0.1, media);
        memory_peak(&station, &peak);
        (void) printf("  %d processes, PSS %.0f MB, %.2f MB a client\n", peak.processes, peak.pss, peak.pss / n);
        for (int i = 0; i < n; i++)
                (void) close(all[i].fd);
        (void) usleep(500000);
        alone(media);
        fresh(all, n, media);
        free(all);
}

/* --- 4: nothing to do --------------------------------------------------------------------------------------------
 */

static void add_switches(void *context, pid_t pid) {
        *(int64_t *) context += proc_int(pid, "status", "voluntary_ctxt_switches");
}

static void idle(void) {
        int images[IDLE_DEVICES], events = 0;
        int64_t before = 0, after = 0;
        struct monitor_event event;

        for (int i = 0; i < IDLE_DEVICES; i++) {
                images[i] = image_make("stick", 4 * MIB);
                loop_attach(i, images[i]);
        }
        station_calm(&station, 3000);
        station_processes(&station, add_switches, &before);
        (void) sleep(IDLE_SECONDS);
        station_processes(&station, add_switches, &after);
        while (monitor_next(station.monitor, &event, NULL) > 0)
                events++;
        (void) printf(
                "idle with %d devices: %lld wake-ups in %d s (limit 0: no watchdog is set), while udev told of "
                "%d events on this machine\n",
                IDLE_DEVICES, (long long) (after - before), IDLE_SECONDS, events);
        for (int i = 0; i < IDLE_DEVICES; i++) {
                loop_detach(i);
                (void) close(images[i]);
        }
}

/* -----------------------------------------------------------------------------------------------------------------
 */

static void prepare(const char *self, const char *folder, int64_t media) {
        _cleanup_free_ char *registry = NULL;
        struct error err;

        station.folder = folder ? strdup(folder) : str_format("/var/tmp/mpsi-bench-XXXXXX");
        if (folder ? mkdir(folder, 0755) < 0 && errno != EEXIST : !mkdtemp(station.folder))
                stop("folder", NULL);
        (void) chmod(station.folder, 0755);
        station.store = str_format("%s/store", station.folder);
        station.socket = str_format("%s/socket", station.folder);
        station.program = str_format("%.*s/../../mpsid", (int) (strrchr(self, '/') - self), self);
        registry = str_format("%s/registry.db", station.store);
        if (access(registry, F_OK) < 0)
                make_store(media);
        if (monitor_new(&station.monitor, &err) < 0)
                stop("udev", &err);
}

int main(int argc, char **argv) {
        int64_t media = argc > 1 ? atoll(argv[1]) : 1000000;
        int devices = argc > 2 ? atoi(argv[2]) : 500, connections = argc > 3 ? atoi(argv[3]) : 200, image, blank;

        if (!getenv("MPSI_UDEV") || geteuid() != 0 || !strchr(argv[0], '/')) {
                (void) puts("skipped: run it in tests/cli/with-udev, as root");
                return 0;
        }
        (void) atexit(loops_remove);
        loops_make(IDLE_DEVICES);
        prepare(argv[0], argc > 4 ? argv[4] : NULL, media);
        image = open_medium();
        blank = image_make("blank", 64 * MIB);
        station_start(&station);
        station_calm(&station, 1000);
        syncs();
        verdicts("unregistered medium, read only", blank, false);
        verdicts("registered and encrypted medium, accepted", image, true);
        loops_make(devices);
        together(devices);
        clients(connections, media);
        idle();
        station_stop(&station);
        if (argc <= 4) {
                _cleanup_free_ char *command = str_format("rm -rf '%s'", station.folder);

                if (system(command) != 0)
                        stop(command, NULL);
        }
        return 0;
}
