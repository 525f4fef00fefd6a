/* The techniques that this program carries out on a device, one file and one row each. */
#pragma once

#include "device/facts.h"
#include "policy/sanitization.h"
#include "registry/medium.h"
#include "sanitize/firmware.h"

enum pass_act { PASS_WRITE, PASS_VERIFY };
enum pass_fill { FILL_BYTE, FILL_STREAM, FILL_COMPLEMENT };

/* One pass over the whole medium. A verifying pass reads back what the writing pass before it left; a complement is
 * that of the stream of the pass before it. */
struct pass {
        enum pass_act act;
        enum pass_fill fill;
        uint8_t byte;
        struct text says;
};

struct technique {
        const char *name; /* as in events and JSON */
        struct text says;
        struct text does_not_reach;
        enum sanitize_level reaches[MEDIUM_KINDS]; /* SP 800-88, when it ends without an area left out */
        const struct pass *passes;                 /* overwriting techniques: the last pass verifies */
        size_t passes_n;                           /* 0: it works on keys, not on sectors */
        const struct firmware_method *firmware;    /* the device does it itself; NULL: we do */
        /* ERR_REFUSED by S2 when this medium on this device doesn't offer it. `facts` may be NULL: not present. */
        int (*offered)(const struct medium *medium, const struct device_facts *facts, struct error *err);
};

/* Indexed by enum technique_id. */
extern const struct technique *const techniques[TECHNIQUES];
extern const struct technique technique_single, technique_dod, technique_ece, technique_complement,
        technique_crypto_erase, technique_ata_erase, technique_ata_erase_enhanced, technique_ata_sanitize_overwrite,
        technique_ata_sanitize_block, technique_ata_sanitize_crypto, technique_scsi_sanitize_overwrite,
        technique_scsi_sanitize_block, technique_scsi_sanitize_crypto, technique_scsi_format,
        technique_nvme_sanitize_overwrite, technique_nvme_sanitize_block, technique_nvme_sanitize_crypto,
        technique_nvme_format, technique_nvme_format_crypto, technique_discard;

/* S3: a technique of the house's own, by its passes in words, with commas or spaces between them: two hexadecimal
 * digits, "random", "complement" (of the random pass right before it), "verify". A last verification is added when
 * it is missing (S4). Two wordings of the same passes give the same technique, which stays until the program ends.
 * ERR_USAGE for what is no pass, ERR_REFUSED by S4 for one that would end with zeros, which some devices only claim
 * to write. */
enum { CUSTOM_PASSES = 40, CUSTOM_NAME = 480 };
#define CUSTOM_PREFIX "custom:"
int technique_custom(const char *passes, const struct technique **ret, struct error *err);
/* The technique with this name, as events have it; NULL: this program knows none. */
const struct technique *technique_named(const char *name);
/* Whether a technique makes all the passes of the other one, in their order, whatever it does in between. Any
 * writing is as much as the single pass. */
bool technique_includes(const struct technique *technique, const struct technique *other);

/* A method such as SANITIZE BLOCK ERASE is the same one in ATA, SCSI and NVMe: the technique of the command set by
 * which this device offers it, or, when by none, of the one that it speaks. */
enum technique_id technique_on(enum technique_id id, const struct medium *medium, const struct device_facts *facts);

/* What the overwriting techniques ask of a device: blocks that can be written. */
int technique_overwrite_offered(const struct medium *medium, const struct device_facts *facts, struct error *err);
/* Whether a crypto erase would count as Purge: all that was ever stored was ciphertext of our own key. */
bool technique_crypto_erase_counts(const struct medium *medium);

#define OVERWRITE_LEAVES                                                                                           \
        {                                                                                                          \
                "zonas ocultas (HPA, DCO), sectores reasignados y sobreaprovisionamiento: no son direccionables",  \
                        "hidden areas (HPA, DCO), remapped sectors and over-provisioning: they can't be addressed" \
        }
#define SANITIZE_LEAVES                                                                                            \
        {                                                                                                          \
                "lo que el firmware no borre aunque diga que sí: solo se puede releer lo direccionable",           \
                        "what the firmware leaves although it says otherwise: only what can be addressed is read"  \
        }
#define SCRAMBLE_LEAVES                                                                                            \
        {                                                                                                          \
                "copias de la clave que el fabricante guarde: la generó el dispositivo y nadie puede comprobarla", \
                        "copies of the key that its maker may keep: the device made it and nobody can check it"    \
        }
#define FORMAT_LEAVES                                                                                              \
        {                                                                                                          \
                "bloques fuera de lo direccionable: puede ser una purga, pero no lo promete",                      \
                        "blocks outside of what can be addressed: it may be a purge, but does not promise to"      \
        }
#define SAYS_ZEROS                                                                                                 \
        { "escritura de 0x00", "write 0x00" }
#define SAYS_ONES                                                                                                  \
        { "escritura de 0xFF", "write 0xFF" }
#define SAYS_RANDOM                                                                                                \
        { "escritura de patrón aleatorio", "write a random pattern" }
#define SAYS_COMPLEMENT                                                                                            \
        { "escritura de su complemento", "write its complement" }
#define SAYS_VERIFY                                                                                                \
        { "verificación completa leyendo del dispositivo", "full verification read from the device" }
#define SAYS_SAMPLE                                                                                                \
        { "verificación por muestreo leyendo del dispositivo", "sampled verification read from the device" }
