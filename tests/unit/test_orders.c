/* S2, S6, X1: the table of firmware commands that a worker may have sent for it, and what the guard makes of what a
 * worker that was taken over writes. */
#include <string.h>

#include "unit/test.h"

#include "daemon/orders.h"

static const uint8_t password[ATA_PASSWORD] = "0123456789abcdef0123456789abcdef";

/* A sane order of this row. */
static struct order order_of(uint32_t id) {
        struct order order = { .id = id };

        if (id == ORDER_INQUIRY_PAGE)
                order.page = VPD_CHARACTERISTICS;
        else if (id == ORDER_SUPPORTED)
                order.page = SCSI_FORMAT_UNIT;
        else if (id == ORDER_SUPPORTED_ACTION)
                order.page = SCSI_SANITIZE_CRYPTO;
        else if (id == ORDER_ATA_ERASE || id == ORDER_ATA_ERASE_ENHANCED)
                order.timeout_ms = 7200000;
        else if (id == ORDER_ATA_SET_MAX || id == ORDER_ATA_KEEP_MAX || id == ORDER_ATA_SET_ACCESSIBLE_MAX)
                order.lba = UINT64_C(0x123456789abc);
        return order;
}

static void s2_each_row_is_told_from_its_command(void **state) {
        const struct nvme_features features = { .lbaf = 2, .keep = 0x10 };

        (void) state;
        for (uint32_t id = 1; id < ORDERS; id++) {
                const struct order order = order_of(id);
                uint8_t data[ORDER_DATA] = { 0 }, taken[ATA_PASSWORD] = { 0 };
                struct scsi_command scsi;
                struct nvme_command nvme;
                struct order again = { 0 };

                assert_true(order_sane(&order));
                assert_non_null(order_name(&order));
                if (id == ORDER_RESCAN) { /* is no command of the device's */
                        assert_false(order_scsi(&order, password, data, &scsi));
                        assert_false(order_nvme(&order, &features, 1, data, &nvme));
                        continue;
                }
                if (order_is_nvme(&order)) {
                        assert_true(order_nvme(&order, &features, 1, data, &nvme));
                        assert_false(order_scsi(&order, password, data, &scsi));
                        assert_true(order_of_nvme(&nvme, &again));
                } else {
                        assert_true(order_scsi(&order, password, data, &scsi));
                        assert_false(order_nvme(&order, &features, 1, data, &nvme));
                        assert_true(scsi.size <= ORDER_DATA && scsi.timeout_ms < order_timeout_ms(&order));
                        assert_true(order_of_scsi(&scsi, &again, taken));
                        assert_int_equal(memcmp(taken, password, ATA_PASSWORD) == 0, order_wants_password(&order));
                }
                assert_memory_equal(&again, &order, sizeof order);
        }
}

/* One byte of it changed is another command, and in no table, or it is the other row that it then is. */
static void s2_nothing_else_is(void **state) {
        (void) state;
        for (uint32_t id = 1; id < ORDERS; id++) {
                const struct order order = order_of(id);
                uint8_t data[ORDER_DATA] = { 0 }, built[ORDER_DATA] = { 0 }, taken[ATA_PASSWORD];
                struct scsi_command command, other;
                struct order found;

                if (!order_scsi(&order, password, data, &command))
                        continue;
                for (size_t i = 0; i < command.cdb_n; i++)
                        for (unsigned bit = 0; bit < 8; bit++) {
                                command.cdb[i] ^= (uint8_t) (1U << bit);
                                if (order_of_scsi(&command, &found, taken)) {
                                        assert_true(order_sane(&found));
                                        assert_true(order_scsi(&found, taken, built, &other));
                                        assert_memory_equal(other.cdb, command.cdb, command.cdb_n);
                                }
                                command.cdb[i] ^= (uint8_t) (1U << bit);
                        }
                command.size += 1;
                assert_false(order_of_scsi(&command, &found, taken));
        }
}

static void s2_what_it_never_sends(void **state) {
        static const uint8_t commands[][16] = {
                { 0x2a },                                                         /* WRITE(10) */
                { 0x3b, 5 },                                                      /* WRITE BUFFER: new firmware */
                { 0x48, 0x9f },                                                   /* EXIT FAILURE MODE */
                { 0x85, 3 << 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf5 },    /* SECURITY FREEZE LOCK */
                { 0x85, 5 << 1, 0x06, 0, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x92 },    /* DOWNLOAD MICROCODE */
                { 0x85, 3 << 1, 0x20, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb1 }, /* DCO FREEZE LOCK */
        };
        struct nvme_command nvme = { .opcode = 0x10 }; /* Firmware Commit */
        uint8_t data[ORDER_DATA] = { 0 }, taken[ATA_PASSWORD];
        struct order found;

        (void) state;
        for (size_t i = 0; i < COUNT(commands); i++) {
                struct scsi_command command = { .cdb_n = i < 3 ? 10 : 16, .data = data };

                memcpy(command.cdb, commands[i], 16);
                assert_false(order_of_scsi(&command, &found, taken));
        }
        assert_false(order_of_nvme(&nvme, &found));
        nvme = (struct nvme_command){ .opcode = NVME_FORMAT, .nsid = 1 }; /* without an erase */
        assert_false(order_of_nvme(&nvme, &found));
}

static void x1_a_request_is_believed_no_further_than_it_has_to(void **state) {
        const struct order_asks sound = { .path = "/dev/sda", .diskseq = 7, .order = order_of(ORDER_ATA_ERASE) };
        struct order_asks asks = sound, got;

        (void) state;
        assert_true(order_asks_sane(&asks, sizeof asks, &got));
        assert_false(order_asks_sane(&asks, sizeof asks - 1, &got));
#define REFUSES(change)                                                                                            \
        do {                                                                                                       \
                asks = sound;                                                                                      \
                change;                                                                                            \
                assert_false(order_asks_sane(&asks, sizeof asks, &got));                                           \
        } while (0)
        REFUSES(asks.diskseq = 0);
        REFUSES(asks.diskseq = -1);
        REFUSES(memset(asks.path, 'a', sizeof asks.path));
        REFUSES(memcpy(asks.path, "/etc/sda", 9));
        REFUSES(asks.order.id = 0);
        REFUSES(asks.order.id = ORDERS);
        REFUSES(asks.order.id = UINT32_MAX);
        REFUSES(asks.order.timeout_ms = 0);
        REFUSES(asks.order.timeout_ms = ORDER_LONGEST_MS + 1);
        REFUSES(asks.order.lba = 1);
        REFUSES(asks.order.page = 1);
        REFUSES(asks.order.twelve = 2);
        REFUSES(asks.order.unused[5] = 1);
        REFUSES(asks.order = order_of(ORDER_ATA_SET_MAX); asks.order.lba = UINT64_C(1) << 48);
        REFUSES(asks.order = order_of(ORDER_ATA_SET_MAX); asks.order.twelve = 1);
        REFUSES(asks.order = order_of(ORDER_INQUIRY_PAGE); asks.order.page = 0xde);
        REFUSES(asks.order = order_of(ORDER_SUPPORTED); asks.order.page = 0x2a);
        REFUSES(asks.order = order_of(ORDER_NVME_FORMAT); asks.order.timeout_ms = 1);
}

static void x1_so_is_an_answer(void **state) {
        struct order_told told = { .result = 0, .sense_n = SENSE_MAX, .got = ORDER_DATA }, got;

        (void) state;
        assert_true(order_told_sane(&told, sizeof told, &got));
        told.sense_n = SENSE_MAX + 1;
        assert_false(order_told_sane(&told, sizeof told, &got));
        told = (struct order_told){ .got = ORDER_DATA + 1 };
        assert_false(order_told_sane(&told, sizeof told, &got));
        told = (struct order_told){ .result = 1 };
        assert_false(order_told_sane(&told, sizeof told, &got));
}

/* A burst, then so many a second; who rests has a burst again. */
static void x1_a_flood_is_cut_down(void **state) {
        struct order_flow flow = { 0 };
        const uint64_t second = 1000000;
        uint64_t now = 5 * second;
        unsigned burst = 0, steady = 0;

        (void) state;
        while (order_flow_take(&flow, now))
                burst++;
        assert_in_range(burst, 50, 200);
        for (uint64_t at = now; at < now + 10 * second; at += 1000)
                steady += order_flow_take(&flow, at);
        assert_in_range(steady, 190, 210);
        now += 1000 * second;
        for (unsigned i = 0; i < burst; i++)
                assert_true(order_flow_take(&flow, now));
        assert_false(order_flow_take(&flow, now));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(s2_each_row_is_told_from_its_command),
                cmocka_unit_test(s2_nothing_else_is),
                cmocka_unit_test(s2_what_it_never_sends),
                cmocka_unit_test(x1_a_request_is_believed_no_further_than_it_has_to),
                cmocka_unit_test(x1_so_is_an_answer),
                cmocka_unit_test(x1_a_flood_is_cut_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
