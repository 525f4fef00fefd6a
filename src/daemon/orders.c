#include "daemon/orders.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/guard.h"
#include "daemon/sender.h"
#include "device/sysfs.h"

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

/* A look at a disk is some twenty commands, and following one at work is at most twenty a second. */
enum { BURST = 100, EACH_US = 50000, AT_ONCE = 64 };
enum { TRY_AGAIN_MS = 100, TRIES = 50 };

/* One command on its way: at the judge's, or with the process that sends it. */
struct errand {
        struct errand *next;
        struct guard *guard;
        struct order_asks asks;
        struct device_facts facts; /* as the guard knows the device */
        uint64_t worker;
        int password;
        bool sent;
        struct order_told told;
};

/* --- pure
 * ---------------------------------------------------------------------------------------------------------
 */

bool order_flow_take(struct order_flow *flow, uint64_t now) {
        uint64_t back = now > flow->since ? (now - flow->since) / EACH_US : 0;

        flow->spent = back < flow->spent ? flow->spent - (unsigned) back : 0;
        flow->since = flow->spent ? flow->since + back * EACH_US : now;
        if (flow->spent >= BURST)
                return false;
        flow->spent++;
        return true;
}

bool order_asks_sane(const void *data, size_t n, struct order_asks *ret) {
        if (n != sizeof *ret)
                return false;
        memcpy(ret, data, n);
        return strnlen(ret->path, sizeof ret->path) < sizeof ret->path && strncmp(ret->path, "/dev/", 5) == 0 &&
               ret->diskseq > 0 && order_sane(&ret->order);
}

bool order_told_sane(const void *data, size_t n, struct order_told *ret) {
        if (n != sizeof *ret)
                return false;
        memcpy(ret, data, n);
        return ret->result <= 0 && ret->sense_n <= sizeof ret->sense && ret->got <= sizeof ret->data;
}

/* --- the process of the guard's
 * -----------------------------------------------------------------------------------
 */

static int run(void *context, int fd, int extra) {
        struct errand *errand = context;
        struct order_job job = { .order = errand->asks.order, .diskseq = errand->facts.diskseq };

        (void) snprintf(job.path, sizeof job.path, "%s", errand->facts.path);
        (void) snprintf(job.insertion, sizeof job.insertion, "%s", errand->facts.insertion);
        (void) snprintf(job.serial, sizeof job.serial, "%s", errand->facts.serial);
        (void) snprintf(job.wwn, sizeof job.wwn, "%s", errand->facts.wwn);
        (void) snprintf(job.store, sizeof job.store, "%s", errand->guard->store);
        sender_run(&job, extra, &errand->told);
        return child_answer(fd, &errand->told, sizeof errand->told, -1) < 0;
}

/* --- the guard ---------------------------------------------------------------------------------------------------
 */

static void forget(struct errand *errand) {
        struct errand **at = &errand->guard->errands;

        while (*at && *at != errand)
                at = &(*at)->next;
        if (*at)
                *at = errand->next;
        close_fd(&errand->password);
        free(errand);
}

static void answer(struct guard *guard, uint64_t worker, const struct order_told *told) {
        desk_say(guard, worker, told, sizeof *told);
}

static void refuse_it(struct guard *guard, uint64_t worker, const char *path, const struct order *order, int result,
                      struct text why) {
        const struct order_told told = { .result = result };

        if (result != -EBUSY)
                log_line(LOG_WARNING, "%s: no se envía «%s»: %s", "%s: “%s” is not sent: %s", path,
                         order_name(order), text_in(why, guard->options->lang));
        answer(guard, worker, &told);
}

static void on_message(void *context, struct child *child, const void *data, size_t n, int passed) {
        struct errand *errand = context;

        (void) child;
        close_fd(&passed);
        if (!order_told_sane(data, n, &errand->told))
                errand->told = (struct order_told){ .result = -EPROTO };
}

static void on_end(void *context, struct child *child, int status) {
        struct errand *errand = context;
        const struct order *order = &errand->asks.order;

        (void) child;
        if (status) {
                errand->told = (struct order_told){ .result = -ETIMEDOUT };
                log_line(LOG_WARNING, "%s: «%s» no vuelve (%d)", "%s: “%s” does not come back (%d)",
                         errand->facts.path, order_name(order), status);
        }
        if (order_class(order) != ORDER_ASKS || errand->told.result == -EACCES)
                log_line(errand->told.result ? LOG_WARNING : LOG_NOTICE, "%s: %s (%d)", "%s: %s (%d)",
                         errand->facts.path, order_name(order), (int) errand->told.result);
        answer(errand->guard, errand->worker, &errand->told);
        forget(errand);
}

static void outlived(void *context) {
        struct errand *errand = context;

        close_fd(&errand->password);
        free(errand);
}

#define ORDER_KIND(limit)                                                                                          \
        {                                                                                                          \
                .name = "mpsid-order", .run = run, .message = on_message, .ended = on_end, .outlived = outlived,   \
                .limit_ms = (limit), .message_max = sizeof(struct order_told)                                      \
        }
/* One that hangs is let go of when the kernel should long have given it up; an erase has days. */
static const struct child_kind kinds[] = { ORDER_KIND(70000), ORDER_KIND(6 * 3600000 + 10000),
                                           ORDER_KIND(ORDER_LONGEST_MS + 10000ULL) };

static const struct child_kind *kind_of(const struct order *order) {
        size_t i = 0;

        while (i + 1 < COUNT(kinds) && kinds[i].limit_ms < order_timeout_ms(order))
                i++;
        return &kinds[i];
}

static void send_out(struct errand *errand) {
        struct guard *guard = errand->guard;
        struct error err = { 0 };
        struct child *child;

        errand->sent = true;
        if (child_start(guard->event, kind_of(&errand->asks.order), errand, errand->password, &child, &err) == 0) {
                close_fd(&errand->password);
                return;
        }
        log_problem(LOG_ERR, errand->facts.path, &err);
        errand->told.result = -EAGAIN;
        answer(guard, errand->worker, &errand->told);
        forget(errand);
}

/* One command at a time on a device, and one of a worker's; the rest is told to come again. */
static bool is_busy(const struct guard *guard, const char *path, uint64_t worker) {
        size_t n = 0;

        for (const struct errand *each = guard->errands; each; each = each->next) {
                if (each->worker == worker || strcmp(each->facts.path, path) == 0)
                        return true;
                n++;
        }
        return n >= AT_ONCE;
}

static struct errand *errand_new(struct guard *guard, const struct order_asks *asks, int password,
                                 uint64_t worker) {
        struct errand *errand = calloc(1, sizeof *errand);

        if (!errand)
                return NULL;
        errand->guard = guard;
        errand->asks = *asks;
        errand->worker = worker;
        errand->password = password;
        errand->next = guard->errands;
        guard->errands = errand;
        return errand;
}

static uint64_t now_of(struct guard *guard) {
        uint64_t now = 0;

        (void) sd_event_now(guard->event, CLOCK_MONOTONIC, &now);
        return now;
}

void orders_wish(struct guard *guard, const struct order_asks *asks, int password, uint64_t worker, uid_t uid,
                 const char *medium, struct order_flow *flow) {
        _cleanup_close_ int pipe = password;
        struct device_facts facts;
        struct errand *errand;

        if (!order_flow_take(flow, now_of(guard))) {
                if (!flow->said)
                        log_line(LOG_WARNING, "%s: un proceso de cliente pide órdenes sin parar",
                                 "%s: a client's process asks for commands without end", asks->path);
                flow->said = true;
                refuse_it(guard, worker, asks->path, &asks->order, -EBUSY, (struct text){ "", "" });
                return;
        }
        if (is_busy(guard, asks->path, worker)) {
                refuse_it(guard, worker, asks->path, &asks->order, -EBUSY, (struct text){ "", "" });
                return;
        }
        if (devices_for_order(guard, asks->path, asks->order.id == ORDER_RESCAN, &facts, NULL) < 0) {
                refuse_it(
                        guard, worker, asks->path, &asks->order, -EACCES,
                        (struct text){ "no está al alcance de la compuerta", "it is not within the gate's reach" });
                return;
        }
        if (facts.diskseq && facts.diskseq != asks->diskseq) {
                refuse_it(guard, worker, asks->path, &asks->order, -ESTALE,
                          (struct text){ "hay otra inserción", "there is another insertion" });
                return;
        }
        errand = errand_new(guard, asks, TAKE_FD(pipe), worker);
        if (!errand) {
                refuse_it(guard, worker, asks->path, &asks->order, -ENOMEM, (struct text){ "memoria", "memory" });
                return;
        }
        errand->facts = facts;
        errand->facts.diskseq = asks->diskseq;
        if (order_class(&asks->order) == ORDER_ASKS)
                send_out(errand);
        else if (!devices_ask_job(guard, &facts, uid, medium, worker)) {
                refuse_it(guard, worker, asks->path, &asks->order, -EAGAIN,
                          (struct text){ "nadie puede juzgarlo ahora", "nobody can judge it now" });
                forget(errand);
        }
}

static bool is_granted(const struct errand *errand, const struct judge_reply *reply) {
        if (reply->error || strcmp(reply->insertion, errand->facts.insertion) != 0)
                return false;
        return order_class(&errand->asks.order) == ORDER_RELEASES ? reply->job >= JOB_BEFORE
                                                                  : reply->job == JOB_HERE;
}

void orders_judged(struct guard *guard, const struct judge_reply *reply) {
        for (struct errand *errand = guard->errands, *next; errand; errand = next) {
                next = errand->next;
                if (errand->sent || order_class(&errand->asks.order) == ORDER_ASKS ||
                    (reply && errand->worker != reply->worker))
                        continue;
                if (reply && is_granted(errand, reply)) {
                        send_out(errand);
                        continue;
                }
                refuse_it(guard, errand->worker, errand->facts.path, &errand->asks.order, reply ? -EACCES : -EAGAIN,
                          (struct text){ "no consta ningún borrado suyo en curso sobre este soporte",
                                         "no wipe of theirs on this medium is on record as running" });
                forget(errand);
        }
}

/* What was sent is sent. */
void orders_worker_ended(struct guard *guard, uint64_t worker) {
        for (struct errand *errand = guard->errands, *next; errand; errand = next) {
                next = errand->next;
                if (errand->worker == worker && !errand->sent)
                        forget(errand);
        }
}

/* Those that are sent belong to their processes. */
void orders_done(struct guard *guard) {
        for (struct errand *errand = guard->errands, *next; errand; errand = next) {
                next = errand->next;
                if (!errand->sent)
                        forget(errand);
        }
        guard->errands = NULL;
}

/* --- the worker
 * ---------------------------------------------------------------------------------------------------
 */

static int (*ask_guard)(const void *asks, size_t n, int passed, void *told, size_t told_n);

static const struct passthrough *kernel; /* what needs no right */

static bool name_of(int fd, char path[DEVICE_FIELD], int64_t *ret_diskseq) {
        char folder[SYSFS_PATH];
        uint64_t diskseq = 0;
        struct stat st;

        if (fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode) || !sysfs_folder(st.st_rdev, folder) ||
            ioctl(fd, BLKGETDISKSEQ, &diskseq) < 0)
                return false;
        *ret_diskseq = (int64_t) diskseq;
        return snprintf(path, DEVICE_FIELD, "/dev/%s", sysfs_name(folder)) < DEVICE_FIELD;
}

/* The pipe holds it until the other process has read it, or nobody. */
static int put_password(const uint8_t password[ATA_PASSWORD], int *ret) {
        _cleanup_close_ int from = -1, to = -1;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        from = ends[0];
        to = ends[1];
        if (write(to, password, ATA_PASSWORD) != ATA_PASSWORD)
                return -EIO;
        *ret = TAKE_FD(from);
        return 0;
}

static int pass_along(int fd, const struct order *order, const uint8_t password[ATA_PASSWORD], int *ret) {
        if (order->id == ORDER_RESCAN)
                *ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return order_wants_password(order) ? put_password(password, ret) : 0;
}

static int exchange(int fd, const struct order *order, const uint8_t password[ATA_PASSWORD],
                    struct order_told *told) {
        const struct timespec again = { 0, TRY_AGAIN_MS * 1000000L };
        struct order_asks asks = { .order = *order };
        int r = 0;

        if (!name_of(fd, asks.path, &asks.diskseq))
                return -ENODEV;
        for (int i = 0; i < TRIES; i++) {
                _cleanup_close_ int passed = -1;

                r = pass_along(fd, order, password, &passed);
                if (r == 0)
                        r = ask_guard(&asks, sizeof asks, passed, told, sizeof *told);
                if (r == 0 && !order_told_sane(told, sizeof *told, told))
                        r = -EPROTO;
                if (r == 0)
                        r = told->result;
                if (r != -EBUSY)
                        break;
                (void) nanosleep(&again, NULL);
        }
        return r;
}

static int rescan_by_guard(int fd) {
        const struct order order = { .id = ORDER_RESCAN };
        struct order_told told;

        return exchange(fd, &order, NULL, &told);
}

static int scsi_by_guard(int fd, struct scsi_command *command) {
        uint8_t password[ATA_PASSWORD] = { 0 };
        struct order_told told;
        struct order order;
        int r;

        if (!order_of_scsi(command, &order, password))
                return kernel->scsi(fd, command);
        r = exchange(fd, &order, password, &told);
        explicit_bzero(password, sizeof password);
        if (r < 0)
                return r;
        command->status = told.status;
        command->host = told.host;
        command->driver = told.driver;
        memcpy(command->sense, told.sense, sizeof command->sense);
        command->sense_n = told.sense_n;
        command->got = command->direction == DATA_IN ? told.got : command->size;
        if (command->direction == DATA_IN)
                memcpy(command->data, told.data, command->size < told.got ? command->size : told.got);
        return 0;
}

static int nvme_by_guard(int fd, struct nvme_command *command) {
        struct order_told told;
        struct order order;
        int r;

        if (!order_of_nvme(command, &order))
                return kernel->nvme(fd, command);
        r = exchange(fd, &order, NULL, &told);
        if (r < 0)
                return r;
        command->status = told.nvme_status;
        command->result = told.nvme_result;
        if (command->direction == DATA_IN)
                memcpy(command->data, told.data, command->size < told.got ? command->size : told.got);
        return 0;
}

void orders_by_guard(int (*ask)(const void *asks, size_t n, int passed, void *told, size_t told_n)) {
        static struct passthrough power;

        passthrough_by(NULL);
        kernel = passthrough();
        power = *kernel;
        power.scsi = scsi_by_guard;
        power.nvme = nvme_by_guard;
        power.rescan = rescan_by_guard;
        ask_guard = ask;
        passthrough_by(&power);
}
