/* What a worker that was taken over asks the guard to send, and what a process of the guard's might answer:
 * whatever is taken for a request is a row of the table, and the command built from it is that row again. */
#include <stdlib.h>
#include <string.h>

#include "daemon/orders.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void build(const struct order *order) {
        static const struct nvme_features none = { 0 };
        static const uint8_t password[ATA_PASSWORD];
        uint8_t room[ORDER_DATA], taken[ATA_PASSWORD];
        struct scsi_command scsi;
        struct nvme_command nvme;
        struct order again;

        if (order->id == ORDER_RESCAN)
                return; /* no command of the device's */
        memset(room, 0, sizeof room);
        if (order_is_nvme(order) ? !order_nvme(order, &none, 1, room, &nvme) || !order_of_nvme(&nvme, &again)
                                 : !order_scsi(order, password, room, &scsi) || scsi.size > sizeof room ||
                                           !order_of_scsi(&scsi, &again, taken))
                abort();
        if (memcmp(&again, order, sizeof again) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct order_asks asks = { .path = "/dev/sda", .diskseq = 1 }, got;
        struct order_told told;
        uint8_t room[ORDER_DATA] = { 0 }, taken[ATA_PASSWORD];
        struct scsi_command command = { .cdb_n = 16, .data = room, .size = ATA_BLOCK, .direction = DATA_OUT };
        struct order order;

        if (order_asks_sane(data, size, &got))
                build(&got.order);
        if (order_told_sane(data, size, &told) && (told.got > sizeof told.data || told.sense_n > sizeof told.sense))
                abort();
        /* The shorter half of a request alone, so that most of what comes is about its parameters. */
        if (size >= sizeof asks.order) {
                memcpy(&asks.order, data, sizeof asks.order);
                asks.order.id %= ORDERS + 2;
                memset(asks.order.unused, 0, sizeof asks.order.unused);
                if (order_asks_sane(&asks, sizeof asks, &got))
                        build(&got.order);
        }
        memcpy(command.cdb, data, size < 16 ? size : 16);
        if (order_of_scsi(&command, &order, taken))
                build(&order);
        return 0;
}
