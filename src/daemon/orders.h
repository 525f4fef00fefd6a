/* Firmware commands for workers, which have no right to send any (S2, S6): a worker names a row of device/order.h,
 * and the guard has a process of its own send it, which is gone afterwards. What changes a device goes out only
 * while the judge has a job of that person on that insertion on record. */
#pragma once

#include "base/error.h"
#include "device/facts.h"
#include "device/order.h"

struct guard;
struct judge_reply;

/* What a worker asks. A password does not come with it, but in a pipe that the guard hands on unread. */
struct order_asks {
        char path[DEVICE_FIELD];
        int64_t diskseq; /* of the insertion that it means */
        struct order order;
};

/* What comes back: as the device said it. */
struct order_told {
        int32_t result; /* 0 or -errno: -EACCES by the guard's rules, -EBUSY when it is to be tried again */
        uint8_t status;
        uint8_t unused[3];
        uint16_t host, driver;
        uint32_t sense_n, got;
        uint16_t nvme_status, unused2;
        uint32_t nvme_result;
        uint8_t sense[SENSE_MAX];
        uint8_t data[ORDER_DATA];
};

/* How much a worker asks: a burst, and then so many a second. */
struct order_flow {
        uint64_t since; /* microseconds */
        unsigned spent;
        bool said;
};
bool order_flow_take(struct order_flow *flow, uint64_t now);

/* A worker may send anything. False: it is no request, and `ret` is undefined. */
bool order_asks_sane(const void *data, size_t n, struct order_asks *ret);
/* The same for what a worker believes of its answer. */
bool order_told_sane(const void *data, size_t n, struct order_told *ret);

/* `password` (or -1) belongs to the callee. `uid`: whose the client is, by the kernel's word; `medium`: whose job
 * is resumed without a client, or "". */
void orders_wish(struct guard *guard, const struct order_asks *asks, int password, uint64_t worker, uid_t uid,
                 const char *medium, struct order_flow *flow);
/* The judge's word on the job that one of them waits for; NULL: there is no judge any more. */
void orders_judged(struct guard *guard, const struct judge_reply *reply);
void orders_worker_ended(struct guard *guard, uint64_t worker);
void orders_done(struct guard *guard);

/* In a worker: from now on the guard sends its commands. `ask` sends one message with a descriptor (or -1) and
 * takes the answer; -errno. */
void orders_by_guard(int (*ask)(const void *asks, size_t n, int passed, void *told, size_t told_n));
