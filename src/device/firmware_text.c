/* What a device's firmware said, as JSON and as lines for a person. */
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "device/facts.h"

static const char *const gap_words[] = {
        [FIRMWARE_NOT_ASKED] = "not-asked", [FIRMWARE_ANSWERED] = "answered", [FIRMWARE_NONE] = "none",
        [FIRMWARE_NO_RIGHTS] = "no-rights", [FIRMWARE_SILENT] = "silent",
};
static const struct term sanitize_states[] = {
        [NVME_NEVER] = { "never", { "nunca hecho", "never done" } },
        [NVME_COMPLETED] = { "completed", { "terminado", "completed" } },
        [NVME_IN_PROGRESS] = { "running", { "en marcha", "running" } },
        [NVME_FAILED] = { "failed", { "fallido", "failed" } },
        [NVME_COMPLETED_NO_DEALLOCATE] = { "completed", { "terminado", "completed" } },
};
static const struct term ata_states[] = {
        { "unknown", { "no lo dice", "not said" } }, { "running", { "en marcha", "running" } },
        { "failed", { "fallido", "failed" } },       { "frozen", { "congelado", "frozen" } },
        { "idle", { "en reposo", "idle" } },
};

/* --- JSON ------------------------------------------------------------------------------------------------ */

static const struct term *ata_state(const struct device_firmware *f) {
        return &ata_states[!f->ata_state_known        ? 0
                           : f->ata_state.in_progress ? 1
                           : f->ata_state.failed      ? 2
                           : f->ata_state.frozen      ? 3
                                                      : 4];
}

static json_t *ata_json(const struct device_firmware *f) {
        const struct ata_features *a = &f->ata;
        json_t *security = json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:i, s:i}", "supported", a->security,
                                     "enabled", a->security_enabled, "locked", a->security_locked, "frozen",
                                     a->security_frozen, "count_expired", a->security_expired, "enhanced",
                                     a->security_enhanced, "erase_minutes", a->erase_minutes, "enhanced_minutes",
                                     a->enhanced_minutes);

        return json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:i, s:b, s:b, s:b, s:b, s:s, s:b, s:b, s:b, s:o}", "form",
                         f->ata_twelve ? "12" : "16", "model", a->model, "serial", a->serial, "firmware",
                         a->firmware, "sectors", (json_int_t) a->sectors, "logical_block", (int) a->logical_block,
                         "rotation", a->rotation, "sanitize", a->sanitize, "sanitize_crypto", a->sanitize_crypto,
                         "sanitize_overwrite", a->sanitize_overwrite, "sanitize_block", a->sanitize_block,
                         "sanitize_state", ata_state(f)->code, "trim", a->trim, "trim_zeros", a->trim_zeros,
                         "checksum_missing", a->checksum_missing, "security", security);
}

static json_t *hidden_json(const struct device_firmware *f) {
        const struct firmware_hidden *h = &f->hidden;

        return json_pack("{s:b, s:b, s:b, s:b, s:b, s:I, s:I, s:I, s:I}", "hpa", f->ata.hpa, "dco", f->ata.dco,
                         "ama", f->ata.ama, "native_known", h->asked_native, "configuration_known",
                         h->asked_configuration, "sectors", (json_int_t) h->current, "native_sectors",
                         (json_int_t) h->native, "configuration_sectors", (json_int_t) h->configured,
                         "hidden_bytes", (json_int_t) device_hidden_bytes(f));
}

static json_t *scsi_json(const struct scsi_features *s) {
        return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:i}", "ata_page", s->ata_page, "lists_commands",
                         s->lists_commands, "format", s->format, "sanitize_overwrite", s->sanitize_overwrite,
                         "sanitize_block", s->sanitize_block, "sanitize_crypto", s->sanitize_crypto, "unmap",
                         s->unmap, "unmap_zeros", s->unmap_zeros, "rotation", s->rotation);
}

static json_t *nvme_json(const struct device_firmware *f) {
        const struct nvme_features *n = &f->nvme;

        return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:I, s:b, s:s, s:i}", "model",
                         n->model, "serial", n->serial, "firmware", n->firmware, "sanitize_crypto",
                         n->sanitize_crypto, "sanitize_block", n->sanitize_block, "sanitize_overwrite",
                         n->sanitize_overwrite, "format", n->format, "format_crypto", n->format_crypto,
                         "format_strikes_all", n->format_all, "erase_strikes_all", n->erase_all,
                         "several_controllers", n->several_controllers, "namespaces", (json_int_t) n->namespaces,
                         "shared", n->shared, "sanitize_state", sanitize_states[f->nvme_log.status].code, "sstat",
                         (int) f->nvme_log.sstat);
}

static json_t *rotation_json(const struct firmware_rotation *r) {
        return json_pack("{s:i, s:i, s:i, s:i, s:b}", "kernel", r->kernel, "vpd_b1", r->vpd, "identify_217",
                         r->identify, "name", r->name, "contradiction", device_rotation_contradicts(r));
}

json_t *device_firmware_to_json(const struct device_facts *facts) {
        const struct device_firmware *f = &facts->firmware;
        json_t *all = json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:o}", "answer", gap_words[f->gap], "by",
                                f->kind == PASSTHROUGH_SCSI   ? "scsi"
                                : f->kind == PASSTHROUGH_NVME ? "nvme"
                                                              : "",
                                "bridge", f->bridge, "ata_passes", f->ata_answers, "discard", f->discard,
                                "discard_zeros", f->discard_zeros, "rotation", rotation_json(&f->rotation));

        if (all && f->ata_answers) {
                (void) json_object_set_new(all, "ata", ata_json(f));
                (void) json_object_set_new(all, "hidden", hidden_json(f));
        }
        if (all && f->scsi.answers)
                (void) json_object_set_new(all, "scsi", scsi_json(&f->scsi));
        if (all && f->nvme.answers)
                (void) json_object_set_new(all, "nvme", nvme_json(f));
        return all;
}

/* --- lines ----------------------------------------------------------------------------------------------- */

struct saying {
        void *context;
        void (*say)(void *context, struct text line);
};

static void __attribute__((format(printf, 2, 4), format(printf, 3, 4)))
say(const struct saying *to, const char *es, const char *en, ...) {
        char line[LANGS][ERROR_TEXT_MAX];
        va_list arguments;

        va_start(arguments, en);
        (void) vsnprintf(line[LANG_ES], sizeof line[LANG_ES], es, arguments);
        va_end(arguments);
        va_start(arguments, en);
        (void) vsnprintf(line[LANG_EN], sizeof line[LANG_EN], en, arguments);
        va_end(arguments);
        utf8_trim(line[LANG_ES]);
        utf8_trim(line[LANG_EN]);
        to->say(to->context, (struct text){ line[LANG_ES], line[LANG_EN] });
}

static void say_gap(const struct saying *to, const struct device_facts *facts) {
        switch (facts->firmware.gap) {
        case FIRMWARE_NONE:
                say(to,
                    "Firmware: «%s» no admite que se le pregunte nada (no es un disco ATA, SCSI ni NVMe): no "
                    "ofrece "
                    "ningún borrado propio, y de zonas ocultas no se sabe nada.",
                    "Firmware: “%s” can't be asked anything (it is no ATA, SCSI or NVMe disk): it offers no erase "
                    "of "
                    "its own, and of hidden areas nothing is known.",
                    facts->path);
                return;
        case FIRMWARE_NO_RIGHTS:
                say(to, "Firmware: no se ha podido preguntar a «%s»: el núcleo solo se lo permite a root.",
                    "Firmware: “%s” could not be asked: the kernel lets only root do so.", facts->path);
                return;
        case FIRMWARE_SILENT:
                say(to, "Firmware: «%s» no contesta a lo que se le pregunta.",
                    "Firmware: “%s” does not answer what it is asked.", facts->path);
                return;
        case FIRMWARE_NOT_ASKED:
        case FIRMWARE_ANSWERED: return;
        }
}

/* The commands' own names: the same in every language. */
static const char *offered(bool crypto, bool overwrite, bool block) {
        static const char *const lists[] = {
                "-",
                "CRYPTO",
                "OVERWRITE",
                "CRYPTO, OVERWRITE",
                "BLOCK ERASE",
                "CRYPTO, BLOCK ERASE",
                "OVERWRITE, BLOCK ERASE",
                "CRYPTO, OVERWRITE, BLOCK ERASE",
        };

        return lists[(crypto ? 1 : 0) | (overwrite ? 2 : 0) | (block ? 4 : 0)];
}

/* "%s%.0s" takes the first, "%.0s%s" the second. */
static struct text yes(bool value) {
        return value ? (struct text){ "sí", "yes" } : (struct text){ "no", "no" };
}
#define YES(value) yes(value).es, yes(value).en

static struct text sign(int value) {
        return value > 0   ? (struct text){ "sí", "yes" }
               : value < 0 ? (struct text){ "no", "no" }
                           : (struct text){ "-", "-" };
}
#define SIGN(value) sign(value).es, sign(value).en

static void say_security(const struct saying *to, const struct ata_features *a) {
        if (!a->security) {
                say(to, "Seguridad ATA: no la tiene.", "ATA security: none.");
                return;
        }
        say(to,
            "Seguridad ATA: contraseña puesta: %s%.0s; bloqueada: %s%.0s; congelada: %s%.0s; intentos agotados: "
            "%s%.0s; "
            "borrado mejorado: %s%.0s.",
            "ATA security: password set: %.0s%s; locked: %.0s%s; frozen: %.0s%s; attempts used up: %.0s%s; "
            "enhanced "
            "erase: %.0s%s.",
            YES(a->security_enabled), YES(a->security_locked), YES(a->security_frozen), YES(a->security_expired),
            YES(a->security_enhanced));
        if (a->erase_minutes || a->enhanced_minutes)
                say(to, "Duración que dice el disco (0: no la dice): borrado %d min, mejorado %d min.",
                    "Time that the disk says (0: not said): erase %d min, enhanced %d min.", a->erase_minutes,
                    a->enhanced_minutes);
        if (a->security_frozen)
                say(to,
                    "Congelada por el arranque: suspenda el equipo y despiértelo, o desconecte y reconecte el "
                    "disco en "
                    "caliente, y repita.",
                    "Frozen at boot: suspend the machine and wake it, or unplug and replug the disk, and try "
                    "again.");
}

static void say_ata(const struct saying *to, const struct device_firmware *f) {
        const struct ata_features *a = &f->ata;

        say(to, "ATA%s: %s, serie «%s», firmware %s. SANITIZE: %s (estado: %s%.0s).",
            "ATA%s: %s, serial “%s”, firmware %s. SANITIZE: %s (state: %.0s%s).", f->ata_twelve ? " (12)" : "",
            a->model, a->serial, a->firmware, offered(a->sanitize_crypto, a->sanitize_overwrite, a->sanitize_block),
            ata_state(f)->name.es, ata_state(f)->name.en);
        if (f->ata_twelve && a->sanitize)
                say(to, "El puente solo pasa órdenes de 28 bits: SANITIZE no llega al disco.",
                    "The bridge passes only 28-bit commands: SANITIZE does not get to the disk.");
        say_security(to, a);
}

static void say_hidden(const struct saying *to, const struct device_firmware *f) {
        const struct firmware_hidden *h = &f->hidden;
        int64_t bytes = device_hidden_bytes(f);

        if (bytes > 0)
                say(to,
                    "Zonas ocultas: %lld bytes (muestra %llu sectores; nativos %llu, de fábrica %llu). Ningún "
                    "borrado lo dará "
                    "por saneado mientras estén (S5).",
                    "Hidden areas: %lld bytes (shows %llu sectors; native %llu, from the factory %llu). No wipe "
                    "makes it "
                    "sanitized while they are there (S5).",
                    (long long) bytes, (unsigned long long) h->current, (unsigned long long) h->native,
                    (unsigned long long) h->configured);
        else if (device_hidden_unknown(f))
                say(to, "Zonas ocultas: no se sabe, no ha contestado sobre HPA, AMA o DCO, que sí tiene.",
                    "Hidden areas: not known, it did not answer about HPA, AMA or DCO, which it has.");
        else
                say(to, "Zonas ocultas: ninguna, según lo que contesta.",
                    "Hidden areas: none, by what it answers.");
}

static void say_scsi(const struct saying *to, const struct device_firmware *f) {
        const struct scsi_features *s = &f->scsi;

        if (f->bridge && !f->ata_answers)
                say(to, "El puente USB no deja pasar órdenes ATA (probado con IDENTIFY DEVICE).",
                    "The USB bridge lets no ATA commands through (tried with IDENTIFY DEVICE).");
        if (!s->lists_commands)
                say(to, "SCSI: no dice qué órdenes admite; no se le supone ninguna.",
                    "SCSI: it does not say which commands it takes; none is assumed.");
        else
                say(to, "SCSI: FORMAT UNIT: %s%.0s; SANITIZE: %s.", "SCSI: FORMAT UNIT: %.0s%s; SANITIZE: %s.",
                    YES(s->format), offered(s->sanitize_crypto, s->sanitize_overwrite, s->sanitize_block));
}

static void say_nvme(const struct saying *to, const struct device_firmware *f) {
        const struct nvme_features *n = &f->nvme;

        say(to, "NVMe: %s, serie «%s», firmware %s. Sanitize: %s (estado: %s%.0s).",
            "NVMe: %s, serial “%s”, firmware %s. Sanitize: %s (state: %.0s%s).", n->model, n->serial, n->firmware,
            offered(n->sanitize_crypto, n->sanitize_overwrite, n->sanitize_block),
            sanitize_states[f->nvme_log.status].name.es, sanitize_states[f->nvme_log.status].name.en);
        say(to, "NVMe Format: %s%.0s; criptográfico: %s%.0s. Espacios de nombres: %u.",
            "NVMe Format: %.0s%s; crypto erase: %.0s%s. Namespaces: %u.", YES(n->format), YES(n->format_crypto),
            n->namespaces);
}

static void say_common(const struct saying *to, const struct device_firmware *f) {
        if (f->discard)
                say(to, "TRIM/UNMAP: sí; promete ceros después: %s%.0s.",
                    "TRIM/UNMAP: yes; promises zeros afterwards: %.0s%s.", YES(f->discard_zeros));
        if (device_rotation_contradicts(&f->rotation))
                say(to,
                    "Señales contradictorias sobre si gira: núcleo %s%.0s, página B1 %s%.0s, palabra 217 %s%.0s, "
                    "nombre "
                    "%s%.0s.",
                    "Signs contradict each other on whether it rotates: kernel %.0s%s, page B1 %.0s%s, word 217 "
                    "%.0s%s, "
                    "name %.0s%s.",
                    SIGN(f->rotation.kernel), SIGN(f->rotation.vpd), SIGN(f->rotation.identify),
                    SIGN(f->rotation.name));
}

void device_firmware_say(const struct device_facts *facts, void *context,
                         void (*tell)(void *context, struct text line)) {
        const struct device_firmware *f = &facts->firmware;
        const struct saying to = { context, tell };

        say_gap(&to, facts);
        if (f->ata_answers) {
                say_ata(&to, f);
                say_hidden(&to, f);
        }
        if (f->scsi.answers)
                say_scsi(&to, f);
        if (f->nvme.answers)
                say_nvme(&to, f);
        say_common(&to, f);
}
