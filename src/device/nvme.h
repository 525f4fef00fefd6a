/* NVMe replies (base specification 1.4 and 2.0): Identify, the sanitize log. Pure. */
#pragma once

#include "device/passthrough.h"

enum { NVME_PAGE = 4096, NVME_SANITIZE_LOG = 512 };
enum nvme_opcode { NVME_GET_LOG = 0x02, NVME_IDENTIFY = 0x06, NVME_FORMAT = 0x80, NVME_SANITIZE = 0x84 };
enum nvme_sanitize_action { NVME_SANITIZE_BLOCK = 2, NVME_SANITIZE_OVERWRITE = 3, NVME_SANITIZE_CRYPTO = 4 };

struct nvme_features {
        bool answers;
        char model[41], serial[21], firmware[9];
        bool sanitize_crypto, sanitize_block, sanitize_overwrite; /* SANICAP */
        bool keeps_blocks; /* NDI: asked not to deallocate afterwards, it does it all the same */
        bool format;       /* OACS bit 1 */
        bool format_all, erase_all, format_crypto; /* FNA: format and erase strike all namespaces; crypto erase */
        bool several_ports, several_controllers;   /* CMIC */
        uint32_t namespaces;                       /* active ones of the subsystem; 0 not known */
        bool shared;                               /* NMIC of this one */
        bool discard, discard_zeros;               /* ONCS, DLFEAT */
        uint8_t lbaf; /* of this namespace: its format, and what else a new format must keep (CDW10) */
        uint16_t keep;
};

bool nvme_controller_parse(const uint8_t data[NVME_PAGE], struct nvme_features *ret);
void nvme_namespace_parse(const uint8_t data[NVME_PAGE], struct nvme_features *ret);
/* How many numbers Identify's list of active namespaces holds. */
uint32_t nvme_list_count(const uint8_t data[NVME_PAGE]);

enum nvme_sanitize_status {
        NVME_NEVER,
        NVME_COMPLETED,
        NVME_IN_PROGRESS,
        NVME_FAILED,
        NVME_COMPLETED_NO_DEALLOCATE
};
struct nvme_sanitize_state {
        enum nvme_sanitize_status status;
        unsigned sstat;                                            /* as it came */
        uint16_t progress;                                         /* of 65536 */
        uint32_t seconds_overwrite, seconds_block, seconds_crypto; /* 0: not said */
};
struct nvme_sanitize_state nvme_sanitize_parse(const uint8_t *data, size_t n);

struct nvme_command nvme_identify(uint8_t cns, uint32_t nsid, void *data);
struct nvme_command nvme_sanitize_log(void *data);
struct nvme_command nvme_sanitize(enum nvme_sanitize_action action, uint32_t pattern);
struct nvme_command nvme_format(const struct nvme_features *features, uint32_t nsid, unsigned secure_erase);
