#include "device/nvme.h"

#include <string.h>

enum { ASK_MS = 10000, ORDER_MS = 60000, FORMAT_MS = 6 * 3600 * 1000 };

static uint32_t le(const uint8_t *at, size_t n) {
        uint32_t value = 0;

        while (n-- > 0)
                value = value << 8 | at[n];
        return value;
}

static void text(const uint8_t *at, size_t n, char *out) {
        while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\0'))
                n--;
        for (size_t i = 0; i < n; i++)
                out[i] = at[i] >= ' ' && at[i] < 127 ? (char) at[i] : ' ';
        out[n] = '\0';
}

bool nvme_controller_parse(const uint8_t data[NVME_PAGE], struct nvme_features *ret) {
        uint32_t can = le(data + 328, 4), optional = le(data + 256, 2);

        *ret = (struct nvme_features){ 0 };
        if (le(data, 2) == 0 && le(data + 516, 4) == 0) /* neither a vendor nor a namespace: nothing came */
                return false;
        ret->answers = true;
        text(data + 4, 20, ret->serial);
        text(data + 24, 40, ret->model);
        text(data + 64, 8, ret->firmware);
        ret->several_ports = data[76] & 1;
        ret->several_controllers = data[76] & 2;
        ret->format = optional & 2;
        ret->sanitize_crypto = can & 1;
        ret->sanitize_block = can & 2;
        ret->sanitize_overwrite = can & 4;
        ret->keeps_blocks = can & UINT32_C(1) << 29;
        ret->discard = data[520] & 4;
        ret->format_all = data[524] & 1;
        ret->erase_all = data[524] & 2;
        ret->format_crypto = data[524] & 4;
        return true;
}

void nvme_namespace_parse(const uint8_t data[NVME_PAGE], struct nvme_features *ret) {
        ret->lbaf = (uint8_t) ((data[26] & 0xf) | (data[26] >> 1 & 0x30)); /* bits 6:5 are its upper half */
        /* as CDW10 of a format wants them: MSET bit 4, PI bits 7:5, PIL bit 8 */
        ret->keep = (uint16_t) ((data[26] & 0x10) | (data[29] & 7) << 5 | (data[29] & 8) << 5);
        ret->shared = data[30] & 1;
        ret->discard_zeros = ret->discard && (data[33] & 7) == 1;
}

uint32_t nvme_list_count(const uint8_t data[NVME_PAGE]) {
        uint32_t n = 0;

        while (n < NVME_PAGE / 4 && le(data + (size_t) n * 4, 4) != 0)
                n++;
        return n;
}

static uint32_t seconds(const uint8_t *at) {
        uint32_t value = le(at, 4);

        return value == UINT32_MAX ? 0 : value;
}

struct nvme_sanitize_state nvme_sanitize_parse(const uint8_t *data, size_t n) {
        struct nvme_sanitize_state state = { 0 };

        if (n < 20)
                return state;
        state.progress = (uint16_t) le(data, 2);
        state.sstat = le(data + 2, 2);
        /* 5 to 7 are reserved: no success can be read out of them */
        state.status = (state.sstat & 7) > NVME_COMPLETED_NO_DEALLOCATE
                               ? NVME_FAILED
                               : (enum nvme_sanitize_status)(state.sstat & 7);
        state.seconds_overwrite = seconds(data + 8);
        state.seconds_block = seconds(data + 12);
        state.seconds_crypto = seconds(data + 16);
        return state;
}

struct nvme_command nvme_identify(uint8_t cns, uint32_t nsid, void *data) {
        return (struct nvme_command){ .opcode = NVME_IDENTIFY,
                                      .nsid = nsid,
                                      .cdw10 = cns,
                                      .direction = DATA_IN,
                                      .data = data,
                                      .size = NVME_PAGE,
                                      .timeout_ms = ASK_MS };
}

struct nvme_command nvme_sanitize_log(void *data) {
        return (struct nvme_command){ .opcode = NVME_GET_LOG,
                                      .nsid = UINT32_MAX,
                                      .cdw10 = 0x81 | (NVME_SANITIZE_LOG / 4 - 1) << 16,
                                      .direction = DATA_IN,
                                      .data = data,
                                      .size = NVME_SANITIZE_LOG,
                                      .timeout_ms = ASK_MS };
}

/* No AUSE: after a failure it stays shut until another one succeeds. One pass of an overwrite. */
struct nvme_command nvme_sanitize(enum nvme_sanitize_action action, uint32_t pattern) {
        return (struct nvme_command){ .opcode = NVME_SANITIZE,
                                      .cdw10 = (uint32_t) action |
                                               (action == NVME_SANITIZE_OVERWRITE ? UINT32_C(1) << 4 : 0),
                                      .cdw11 = action == NVME_SANITIZE_OVERWRITE ? pattern : 0,
                                      .timeout_ms = ORDER_MS };
}

struct nvme_command nvme_format(const struct nvme_features *features, uint32_t nsid, unsigned secure_erase) {
        return (struct nvme_command){ .opcode = NVME_FORMAT,
                                      .nsid = nsid,
                                      .cdw10 = (features->lbaf & 0xfU) | features->keep |
                                               (features->lbaf & 0x30U) << 8 | secure_erase << 9,
                                      .timeout_ms = FORMAT_MS };
}
