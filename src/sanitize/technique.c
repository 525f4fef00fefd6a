#include "sanitize/technique.h"

#include <string.h>

#include "policy/rule.h"

const struct technique *const techniques[TECHNIQUES] = {
        [TECHNIQUE_SINGLE] = &technique_single,
        [TECHNIQUE_DOD] = &technique_dod,
        [TECHNIQUE_ECE] = &technique_ece,
        [TECHNIQUE_COMPLEMENT] = &technique_complement,
        [TECHNIQUE_CRYPTO_ERASE] = &technique_crypto_erase,
        [TECHNIQUE_ATA_ERASE] = &technique_ata_erase,
        [TECHNIQUE_ATA_ERASE_ENHANCED] = &technique_ata_erase_enhanced,
        [TECHNIQUE_ATA_SANITIZE_OVERWRITE] = &technique_ata_sanitize_overwrite,
        [TECHNIQUE_ATA_SANITIZE_BLOCK] = &technique_ata_sanitize_block,
        [TECHNIQUE_ATA_SANITIZE_CRYPTO] = &technique_ata_sanitize_crypto,
        [TECHNIQUE_SCSI_SANITIZE_OVERWRITE] = &technique_scsi_sanitize_overwrite,
        [TECHNIQUE_SCSI_SANITIZE_BLOCK] = &technique_scsi_sanitize_block,
        [TECHNIQUE_SCSI_SANITIZE_CRYPTO] = &technique_scsi_sanitize_crypto,
        [TECHNIQUE_SCSI_FORMAT] = &technique_scsi_format,
        [TECHNIQUE_NVME_SANITIZE_OVERWRITE] = &technique_nvme_sanitize_overwrite,
        [TECHNIQUE_NVME_SANITIZE_BLOCK] = &technique_nvme_sanitize_block,
        [TECHNIQUE_NVME_SANITIZE_CRYPTO] = &technique_nvme_sanitize_crypto,
        [TECHNIQUE_NVME_FORMAT] = &technique_nvme_format,
        [TECHNIQUE_NVME_FORMAT_CRYPTO] = &technique_nvme_format_crypto,
        [TECHNIQUE_DISCARD] = &technique_discard,
};

/* ATA, SCSI, NVMe. */
static const enum technique_id same[][3] = {
        { TECHNIQUE_ATA_SANITIZE_OVERWRITE, TECHNIQUE_SCSI_SANITIZE_OVERWRITE, TECHNIQUE_NVME_SANITIZE_OVERWRITE },
        { TECHNIQUE_ATA_SANITIZE_BLOCK, TECHNIQUE_SCSI_SANITIZE_BLOCK, TECHNIQUE_NVME_SANITIZE_BLOCK },
        { TECHNIQUE_ATA_SANITIZE_CRYPTO, TECHNIQUE_SCSI_SANITIZE_CRYPTO, TECHNIQUE_NVME_SANITIZE_CRYPTO },
        { TECHNIQUE_SCSI_FORMAT, TECHNIQUE_SCSI_FORMAT, TECHNIQUE_NVME_FORMAT },
};

enum technique_id technique_on(enum technique_id id, const struct medium *medium,
                               const struct device_facts *facts) {
        for (size_t i = 0; facts && i < sizeof same / sizeof same[0]; i++) {
                if (same[i][0] != id)
                        continue;
                for (size_t j = 0; j < 3; j++)
                        if (techniques[same[i][j]]->offered(medium, facts, NULL) == 0)
                                return same[i][j];
                return same[i][facts->firmware.kind == PASSTHROUGH_NVME ? 2 : facts->firmware.ata_answers ? 0 : 1];
        }
        return id;
}

const struct technique *technique_named(const char *name) {
        const struct technique *custom;

        for (size_t i = 0; i < TECHNIQUES; i++)
                if (strcmp(techniques[i]->name, name) == 0)
                        return techniques[i];
        if (strncmp(name, CUSTOM_PREFIX, strlen(CUSTOM_PREFIX)) != 0 ||
            technique_custom(name + strlen(CUSTOM_PREFIX), &custom, NULL) < 0)
                return NULL;
        return custom;
}

/* Both end by verifying what they wrote last, which may differ. */
bool technique_includes(const struct technique *technique, const struct technique *other) {
        size_t at = 0;

        if (other->passes_n == 0)
                return false;
        if (other == &technique_single)
                return technique->passes_n > 0;
        for (size_t i = 0; i < technique->passes_n && at < other->passes_n - 1; i++)
                at += technique->passes[i].act == other->passes[at].act &&
                      technique->passes[i].fill == other->passes[at].fill &&
                      technique->passes[i].byte == other->passes[at].byte;
        return at == other->passes_n - 1;
}

int technique_overwrite_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        if (medium->kind != KIND_HDD && medium->kind != KIND_SSD)
                return refuse(err, ERR_REFUSED, "S2",
                              "Un soporte de tipo «%s%.0s» no se sobrescribe con este programa.",
                              "A medium of kind “%.0s%s” is not overwritten by this program.",
                              medium_kind_terms[medium->kind].name.es, medium_kind_terms[medium->kind].name.en);
        if (facts && (facts->size <= 0 || facts->read_only))
                return refuse(err, ERR_REFUSED, "S2", "«%s» no admite escrituras.", "“%s” takes no writes.",
                              facts->path);
        return 0;
}
