#include "daemon/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/child.h"

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

static bool is_meant(int node, int64_t diskseq) {
        uint64_t now = 0;

        return ioctl(node, BLKGETDISKSEQ, &now) == 0 && now == (uint64_t) diskseq;
}

/* The device is looked at again, from outside: it is the one that was judged, nothing stands on it, and what
 * changes it comes while a job has it locked, as every job does for as long as it works. */
static int check(const struct order_job *job, int node) {
        struct device_facts now;

        if (!is_meant(node, job->diskseq) || device_facts_outside(job->path, job->store, &now, NULL) < 0)
                return -ESTALE;
        if (job->order.id == ORDER_RESCAN)
                return now.system || now.partition || passthrough()->kind(&now) == PASSTHROUGH_NONE ? -EACCES : 0;
        if (strcmp(now.insertion, job->insertion) != 0 || strcmp(now.serial, job->serial) != 0 ||
            strcmp(now.wwn, job->wwn) != 0)
                return -ESTALE;
        if (passthrough()->kind(&now) != (order_is_nvme(&job->order) ? PASSTHROUGH_NVME : PASSTHROUGH_SCSI))
                return -EACCES;
        now.read_only = false; /* the gate's own */
        if (order_class(&job->order) == ORDER_ASKS)
                return now.system || now.partition ? -EACCES : 0;
        if (device_refuse_in_use(&now, NULL) < 0)
                return -EACCES;
        return flock(node, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK ? 0 : -EACCES;
}

static int send_nvme(int node, const struct order *order, struct order_told *told) {
        struct nvme_features features = { 0 };
        struct nvme_command command;
        uint32_t nsid = 0;
        int r = passthrough()->nvme_namespace(node, &nsid);

        if (r < 0)
                return r;
        command = nvme_identify(0, nsid, told->data);
        if (order_class(order) == ORDER_CHANGES) { /* a format keeps what the namespace is */
                r = passthrough()->nvme(node, &command);
                if (r < 0 || command.status != 0)
                        return r < 0 ? r : -EIO;
                nvme_namespace_parse(told->data, &features);
                memset(told->data, 0, sizeof told->data);
        }
        if (!order_nvme(order, &features, nsid, told->data, &command))
                return -EINVAL;
        r = passthrough()->nvme(node, &command);
        told->nvme_status = command.status;
        told->nvme_result = command.result;
        told->got = command.direction == DATA_IN && r == 0 ? (uint32_t) command.size : 0;
        return r;
}

/* A new end of the disk is taken only right after its real one was asked for: what came in between would undo it.
 */
static int ask_end_first(int node, const struct order *order) {
        const struct order first = { .id = order->id == ORDER_ATA_SET_ACCESSIBLE_MAX ? ORDER_ATA_ACCESSIBLE_MAX
                                                                                     : ORDER_ATA_NATIVE_MAX };
        uint8_t data[ORDER_DATA];
        struct scsi_command command;

        if (order->lba == 0)
                return 0;
        return order_scsi(&first, NULL, data, &command) ? passthrough()->scsi(node, &command) : -EINVAL;
}

static int send_scsi(int node, const struct order *order, int from, struct order_told *told) {
        uint8_t password[ATA_PASSWORD] = { 0 };
        struct scsi_command command;
        int r = order_wants_password(order) &&
                                (from < 0 || read(from, password, sizeof password) != sizeof password)
                        ? -EINVAL
                        : 0;

        if (r == 0 && !order_scsi(order, password, told->data, &command))
                r = -EINVAL;
        explicit_bzero(password, sizeof password);
        if (r == 0)
                r = ask_end_first(node, order);
        if (r == 0) {
                r = passthrough()->scsi(node, &command);
                told->status = command.status;
                told->host = command.host;
                told->driver = command.driver;
                told->sense_n = (uint32_t) command.sense_n;
                memcpy(told->sense, command.sense, sizeof told->sense);
                told->got = command.direction == DATA_IN && r == 0 ? (uint32_t) command.got : 0;
        }
        if (r < 0 || command.direction != DATA_IN)
                explicit_bzero(told->data, sizeof told->data);
        return r;
}

/* By the descriptor of whoever has claimed the device: the kernel lets no other one. */
static int rescan(int node, int theirs) {
        struct stat mine, other;

        if (theirs < 0 || fstat(node, &mine) < 0 || fstat(theirs, &other) < 0 || !S_ISBLK(other.st_mode) ||
            mine.st_rdev != other.st_rdev)
                return -EINVAL;
        return passthrough()->rescan(theirs);
}

static void send_it(const struct order_job *job, int password, struct order_told *told) {
        _cleanup_close_ int node = open(job->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        told->result = node < 0 ? -errno : check(job, node);
        if (told->result == 0 && job->order.id == ORDER_RESCAN)
                told->result = rescan(node, password);
        else if (told->result == 0)
                told->result = order_is_nvme(&job->order) ? send_nvme(node, &job->order, told)
                                                          : send_scsi(node, &job->order, password, told);
}

/* --- by a unit of its own
 * -----------------------------------------------------------------------------------------
 */

/* It comes back when the command does. */
static int by_unit(const struct order_job *job, int password, struct order_told *told) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SENDER_SOCKET };
        struct order_told got;
        ssize_t n;

        if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof address) < 0)
                return -errno;
        if (child_answer(fd, job, sizeof *job, password) < 0)
                return -EPIPE;
        do
                n = recv(fd, &got, sizeof got, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0 || !order_told_sane(&got, (size_t) n, told))
                return -EPROTO;
        return 0;
}

void sender_run(const struct order_job *job, int password, struct order_told *ret) {
        struct order_told told = { .result = 0 };

        if (prctl(PR_CAPBSET_READ, CAP_SYS_RAWIO, 0, 0, 0) == 1) {
                send_it(job, password, &told);
        } else {
                int r = by_unit(job, password, &told);

                if (r < 0)
                        told = (struct order_told){ .result = r };
        }
        *ret = told;
}

bool order_job_sane(const void *data, size_t n, struct order_job *ret) {
        if (n != sizeof *ret)
                return false;
        memcpy(ret, data, n);
        return strnlen(ret->path, sizeof ret->path) < sizeof ret->path && strncmp(ret->path, "/dev/", 5) == 0 &&
               strnlen(ret->insertion, sizeof ret->insertion) < sizeof ret->insertion &&
               strnlen(ret->serial, sizeof ret->serial) < sizeof ret->serial &&
               strnlen(ret->wwn, sizeof ret->wwn) < sizeof ret->wwn &&
               strnlen(ret->store, sizeof ret->store) < sizeof ret->store && ret->diskseq > 0 &&
               order_sane(&ret->order);
}

int sender_serve(int fd) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        uint8_t data[sizeof(struct order_job)];
        struct iovec part = { .iov_base = data, .iov_len = sizeof data };
        struct msghdr message = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
        };
        struct order_told told = { .result = -EPERM };
        const struct cmsghdr *header;
        struct order_job job;
        struct ucred peer;
        socklen_t size = sizeof peer;
        _cleanup_close_ int password = -1;
        ssize_t n;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != 0)
                return 1;
        n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
        header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
        if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
                memcpy(&password, CMSG_DATA(header), sizeof password);
        if (n > 0 && order_job_sane(data, (size_t) n, &job)) {
                told.result = 0;
                send_it(&job, password, &told);
        }
        return child_answer(fd, &told, sizeof told, -1) < 0;
}
