/*
 * firmware_disk NODE IMAGE CONFIG LOG: serves the SCSI commands of one device of target_core_user (NODE is its
 * /dev/uioN) from the file IMAGE; IMAGE.state keeps what survives the power. SIGHUP: the power was off.
 */
#include "firmware_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/target_core_user.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 4 << 20 };

static volatile sig_atomic_t cut;

static void on_cut(int number) {
        (void) number;
        cut = 1;
}

bool power_was_cut(void) {
        return cut;
}

int64_t now_ms(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void disk_log(struct disk *disk, const char *format, ...) {
        char line[200];
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vsnprintf(line, sizeof line - 1, format, arguments);
        va_end(arguments);
        line[n++] = '\n';
        (void) !write(disk->log, line, (size_t) n);
}

static void die(const char *what) {
        perror(what);
        exit(1);
}

/* --- what it is like ----------------------------------------------------------------------------------------- */

static unsigned abilities(const char *list) {
        return (strstr(list, "overwrite") ? CAN_OVERWRITE : 0) | (strstr(list, "block") ? CAN_BLOCK : 0) |
               (strstr(list, "crypto") ? CAN_CRYPTO : 0);
}

static enum mode mode_named(const char *name) {
        static const char *const names[MODES] = { "honest", "lies", "leaves", "fails", "aborts" };

        for (int i = 0; i < MODES; i++)
                if (strcmp(names[i], name) == 0)
                        return (enum mode) i;
        fprintf(stderr, "no mode %s\n", name);
        exit(2);
}

static bool set_flag(struct config *c, const char *name, bool value) {
        const struct {
                const char *name;
                bool *flag;
        } flags[] = {
                { "forgets", &c->forgets },
                { "drops", &c->drops },
                { "alters", &c->alters },
                { "bricks", &c->bricks },
                { "hangs", &c->hangs },
                { "format", &c->format },
                { "lists-commands", &c->lists_commands },
                { "ata", &c->ata },
                { "only-twelve", &c->only_twelve },
                { "fixed-sense", &c->fixed_sense },
                { "security", &c->security },
                { "enhanced", &c->enhanced },
                { "frozen", &c->frozen },
                { "sanitize-frozen", &c->sanitize_frozen },
                { "hpa", &c->hpa },
                { "ama", &c->ama },
                { "dco", &c->dco },
                { "dco-frozen", &c->dco_frozen },
                { "hpa-frozen", &c->hpa_frozen },
        };

        for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
                if (strcmp(flags[i].name, name) == 0) {
                        *flags[i].flag = value;
                        return true;
                }
        return false;
}

static void set(struct config *c, const char *name, const char *value) {
        if (set_flag(c, name, strcmp(value, "1") == 0))
                return;
        if (strcmp(name, "serial") == 0)
                (void) snprintf(c->serial, sizeof c->serial, "%s", value);
        else if (strcmp(name, "model") == 0)
                (void) snprintf(c->model, sizeof c->model, "%s", value);
        else if (strcmp(name, "vendor") == 0)
                (void) snprintf(c->vendor, sizeof c->vendor, "%s", value);
        else if (strcmp(name, "wwn") == 0)
                c->wwn = strtoull(value, NULL, 16);
        else if (strcmp(name, "rotation") == 0)
                c->rotation = (unsigned) atoi(value);
        else if (strcmp(name, "seconds") == 0)
                c->seconds = (unsigned) atoi(value);
        else if (strcmp(name, "mode") == 0)
                c->mode = mode_named(value);
        else if (strcmp(name, "sanitize") == 0)
                c->sanitize = abilities(value);
        else if (strcmp(name, "ata-sanitize") == 0)
                c->ata_sanitize = abilities(value);
        else if (strcmp(name, "hpa-hides") == 0)
                c->hpa_hides = strtoull(value, NULL, 10);
        else if (strcmp(name, "dco-hides") == 0)
                c->dco_hides = strtoull(value, NULL, 10);
        else {
                fprintf(stderr, "no setting %s\n", name);
                exit(2);
        }
}

static void read_config(struct disk *disk) {
        struct config config = { .vendor = "LAB",
                                 .model = "FIRMWARE DISK",
                                 .serial = "LAB0",
                                 .rotation = 7200,
                                 .lists_commands = true };
        FILE *file = fopen(disk->config_path, "re");
        char line[200];

        if (!file)
                die(disk->config_path);
        while (fgets(line, sizeof line, file)) {
                char *value = strchr(line, '=');

                line[strcspn(line, "\n")] = '\0';
                if (!value)
                        continue;
                *value++ = '\0';
                set(&config, line, value);
        }
        (void) fclose(file);
        disk->config = config;
}

void disk_save(struct disk *disk) {
        int fd = open(disk->state_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 || write(fd, &disk->state, sizeof disk->state) != (ssize_t) sizeof disk->state)
                die(disk->state_path);
        (void) close(fd);
}

static void read_state(struct disk *disk, uint64_t sectors) {
        int fd = open(disk->state_path, O_RDONLY | O_CLOEXEC);

        if (fd >= 0 && read(fd, &disk->state, sizeof disk->state) == (ssize_t) sizeof disk->state) {
                (void) close(fd);
                return;
        }
        disk->state = (struct state){ .sectors = sectors, .configured = sectors - disk->config.dco_hides };
        disk->state.shown = disk->state.kept = disk->state.configured - disk->config.hpa_hides;
        disk_save(disk);
}

static void power_on(struct disk *disk) {
        read_config(disk);
        disk->locked = disk->state.security_enabled;
        disk->frozen = disk->config.frozen;
        disk->sanitize_frozen = disk->config.sanitize_frozen;
        disk->prepared = disk->native_read = disk->end_kept = false;
        disk->state.shown = disk->state.kept;
        disk->tries = 5;
        disk->attention = true;
        disk->began = now_ms();
        disk_log(disk, "power on%s%s", disk->locked ? ", locked" : "", disk->frozen ? ", frozen" : "");
}

static void power_cycle(struct disk *disk) {
        erase_cut(disk);
        cut = 0;
        power_on(disk);
}

/* --- the ring --------------------------------------------------------------------------------------------------
 */

/* Copies between the pieces of the ring and one buffer. */
static size_t copy(struct tcmu_mailbox *box, const struct tcmu_cmd_entry *entry, uint8_t *buffer, size_t n,
                   bool out) {
        size_t done = 0;

        for (uint32_t i = 0; i < entry->req.iov_cnt && done < n; i++) {
                struct iovec piece;
                size_t length;

                memcpy(&piece, &entry->req.iov[i], sizeof piece); /* it is packed */
                length = piece.iov_len < n - done ? piece.iov_len : n - done;
                if (out)
                        memcpy(buffer + done, (uint8_t *) box + (size_t) piece.iov_base, length);
                else
                        memcpy((uint8_t *) box + (size_t) piece.iov_base, buffer + done, length);
                done += length;
        }
        return done;
}

static void serve(struct disk *disk, struct tcmu_mailbox *box, struct tcmu_cmd_entry *entry, uint8_t *buffer) {
        uint8_t *cdb = (uint8_t *) box + entry->req.cdb_off;
        struct command command = { .cdb = cdb, .data = buffer };
        struct reply reply = { 0 };
        bool out = scsi_has_data_out(cdb);

        for (uint32_t i = 0; i < entry->req.iov_cnt; i++) {
                struct iovec piece;

                memcpy(&piece, &entry->req.iov[i], sizeof piece);
                command.size += piece.iov_len;
        }
        if (command.size > BUFFER)
                command.size = BUFFER;
        if (out)
                (void) copy(box, entry, buffer, command.size, true);
        scsi_answer(disk, &command, &reply);
        if (!out && reply.got > 0)
                (void) copy(box, entry, buffer, reply.got < command.size ? reply.got : command.size, false);
        memset(&entry->rsp, 0, sizeof entry->rsp);
        entry->rsp.scsi_status = reply.status;
        memcpy(entry->rsp.sense_buffer, reply.sense, SENSE);
        if (!out && box->flags & TCMU_MAILBOX_FLAG_CAP_READ_LEN && reply.status == 0 && reply.got < command.size) {
                entry->rsp.read_len = (uint32_t) reply.got;
                entry->hdr.uflags |= TCMU_UFLAG_READ_LEN;
        }
}

static void serve_ring(struct disk *disk, struct tcmu_mailbox *box, uint8_t *buffer) {
        while (box->cmd_tail != __atomic_load_n(&box->cmd_head, __ATOMIC_ACQUIRE)) {
                struct tcmu_cmd_entry *entry = (void *) ((uint8_t *) box + box->cmdr_off + box->cmd_tail);
                uint32_t length = tcmu_hdr_get_len(entry->hdr.len_op);

                if (cut)
                        power_cycle(disk);
                if (tcmu_hdr_get_op(entry->hdr.len_op) == TCMU_OP_CMD)
                        serve(disk, box, entry, buffer);
                else if (tcmu_hdr_get_op(entry->hdr.len_op) != TCMU_OP_PAD)
                        entry->hdr.uflags |= TCMU_UFLAG_UNKNOWN_OP;
                __atomic_store_n(&box->cmd_tail, (box->cmd_tail + length) % box->cmdr_size, __ATOMIC_RELEASE);
        }
}

static struct tcmu_mailbox *map_ring(const char *node, int fd) {
        char path[100], text[32] = "";
        struct tcmu_mailbox *box;
        FILE *file;

        (void) snprintf(path, sizeof path, "/sys/class/uio/%s/maps/map0/size", strrchr(node, '/') + 1);
        file = fopen(path, "re");
        if (!file || !fgets(text, sizeof text, file))
                die(path);
        (void) fclose(file);
        box = mmap(NULL, strtoull(text, NULL, 0), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (box == MAP_FAILED)
                die("mmap");
        return box;
}

static void run(struct disk *disk, const char *node) {
        int fd = open(node, O_RDWR | O_CLOEXEC);
        uint8_t *buffer = malloc(BUFFER);
        struct tcmu_mailbox *box;

        if (fd < 0 || !buffer)
                die(node);
        box = map_ring(node, fd);
        for (;;) {
                uint32_t word;

                serve_ring(disk, box, buffer);
                word = 1;
                if (write(fd, &word, sizeof word) < 0)
                        die("write");
                if (read(fd, &word, sizeof word) < 0 && errno != EINTR)
                        exit(errno == EIO || errno == ENODEV ? 0 : 1); /* it was taken away */
                if (cut)
                        power_cycle(disk);
        }
}

int main(int argc, char **argv) {
        struct sigaction action = { .sa_handler = on_cut };
        static char state_path[300];
        struct disk disk = { 0 };
        struct stat st;
        int fd;

        if (argc != 5)
                return 2;
        (void) snprintf(state_path, sizeof state_path, "%s.state", argv[2]);
        disk.state_path = state_path;
        disk.config_path = argv[3];
        disk.log = open(argv[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        fd = open(argv[2], O_RDWR | O_CLOEXEC);
        if (disk.log < 0 || fd < 0 || fstat(fd, &st) < 0)
                die(argv[2]);
        disk.data = mmap(NULL, (size_t) st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (disk.data == MAP_FAILED)
                die("mmap");
        (void) sigaction(SIGHUP, &action, NULL);
        read_config(&disk);
        read_state(&disk, (uint64_t) st.st_size / SECTOR);
        power_on(&disk);
        run(&disk, argv[1]);
}
