/* Sends one firmware command: the only place with the right to (CAP_SYS_RAWIO, CAP_SYS_ADMIN). The guard's own unit
 * does without the first: there, each command goes to an instance of mpsid-order@.service, which listens to root
 * alone, sees no network, can become nobody else, and ends with its command. */
#pragma once

#include "daemon/orders.h"

#define SENDER_SOCKET "/run/mpsi/order"

/* The command, and the device as the guard knows it. */
struct order_job {
        struct order order;
        int64_t diskseq;
        char path[DEVICE_FIELD], insertion[DEVICE_FIELD], serial[DEVICE_FIELD], wwn[DEVICE_FIELD], store[512];
};

/* `password`: a pipe that holds it, or the device as its claimant has it open (a rescan), or -1. Here when this
 * process may, else by the unit. */
void sender_run(const struct order_job *job, int password, struct order_told *ret);
/* The unit's process: one job from `fd`, and its end. Gives the exit status. */
int sender_serve(int fd);
bool order_job_sane(const void *data, size_t n, struct order_job *ret);
