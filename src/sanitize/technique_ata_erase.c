/* ATA SECURITY ERASE UNIT, normal and enhanced. It wants a password, which is random, kept before it is set, and
 * gone when the erase has ended. On flash it is only a Clear (SP 800-88 Rev. 1, table A-8); on a magnetic disk the
 * enhanced one, which takes reallocated sectors too, is a Purge. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/secret.h"
#include "base/str.h"
#include "policy/rule.h"
#include "sanitize/technique.h"

enum { ORDER_MS = 60000, MINUTE_MS = 60000, LONGEST_MINUTES = 20000 /* the timeout is 32 bits of milliseconds */ };

static int offered(const struct medium *medium, const struct device_facts *facts, bool enhanced,
                   struct error *err) {
        const struct ata_features *a = facts ? &facts->firmware.ata : NULL;
        int r = firmware_offered(medium, facts, PASSTHROUGH_SCSI,
                                 facts && facts->firmware.ata_answers && a->security &&
                                         (!enhanced || a->security_enhanced),
                                 enhanced ? "ATA SECURITY ERASE UNIT (enhanced)" : "ATA SECURITY ERASE UNIT", err);

        if (r < 0 || !facts)
                return r;
        if (a->security_frozen) {
                (void) refuse(err, ERR_REFUSED, "S2", "«%s» tiene la seguridad ATA congelada desde el arranque.",
                              "“%s” has its ATA security frozen since boot.", facts->path);
                return hint(
                        err,
                        "Suspenda el equipo y despiértelo, o desconecte y reconecte el disco en caliente; luego "
                        "repita.",
                        "Suspend the machine and wake it, or unplug and replug the disk; then try again.");
        }
        if (a->security_expired) {
                (void) refuse(err, ERR_REFUSED, "S2", "«%s» ha agotado sus intentos de contraseña.",
                              "“%s” has used up its password attempts.", facts->path);
                return hint(err, "Apague y encienda el disco y repita.",
                            "Power the disk off and on, and try again.");
        }
        return 0;
}

static int normal_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, false, err);
}

static int enhanced_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, true, err);
}

static void tell_status(struct firmware_run *run, const char *command, const struct ata_registers *registers) {
        (void) snprintf(run->status, sizeof run->status, "%s: STATUS=%02x ERROR=%02x", command, registers->status,
                        registers->error);
}

static int send_block(struct firmware_run *run, uint8_t opcode, const char *name,
                      const uint8_t password[ATA_PASSWORD], bool enhanced, unsigned timeout_ms) {
        const struct ata_taskfile task = { .command = opcode, .count = 1 };
        struct ata_registers registers = { 0 };
        uint8_t block[ATA_BLOCK];
        int r;

        ata_security_block(password, enhanced, block);
        r = ata_command(run->fd, &run->facts->firmware, &task, DATA_OUT, block, timeout_ms, &registers);
        explicit_bzero(block, sizeof block);
        tell_status(run, name, &registers);
        return r;
}

static int ask(struct firmware_run *run, struct ata_features *ret, struct error *err) {
        int r = ata_identify(run->fd, &run->facts->firmware, ret);

        if (r == -ENODEV || r == -ENXIO)
                return fail(err, ERR_NOT_FOUND, "El dispositivo desapareció.", "The device went away.");
        if (r < 0)
                return fail_errno(err, -r, "«%s» no contesta a IDENTIFY DEVICE",
                                  "“%s” does not answer IDENTIFY DEVICE", run->facts->path);
        run->facts->firmware.ata = *ret;
        return 0;
}

int firmware_release(struct firmware_run *run, const uint8_t password[ATA_PASSWORD], bool *ret_was,
                     struct error *err) {
        struct ata_features a;
        int r = ask(run, &a, err);

        if (r < 0)
                return r;
        *ret_was = a.security_enabled;
        if (a.security_enabled && a.security_locked)
                (void) send_block(run, ATA_SECURITY_UNLOCK, "SECURITY UNLOCK", password, false, ORDER_MS);
        if (a.security_enabled)
                (void) send_block(run, ATA_SECURITY_DISABLE_PASSWORD, "SECURITY DISABLE PASSWORD", password, false,
                                  ORDER_MS);
        r = ask(run, &a, err); /* its own word, not the command's */
        if (r < 0)
                return r;
        if (a.security_enabled) {
                (void) fail(
                        err, ERR_CONFLICT,
                        "«%s» conserva la contraseña ATA que le puso un borrado nuestro, y no se la deja quitar "
                        "(%s%s).",
                        "“%s” keeps the ATA password that an erase of ours set, and does not let it be taken away "
                        "(%s%s).",
                        run->facts->path, run->status, a.security_frozen ? ", frozen" : "");
                return hint(err,
                            "Apague y encienda el disco (o suspenda y despierte el equipo) y repita: la contraseña "
                            "sigue "
                            "guardada en el almacén.",
                            "Power the disk off and on (or suspend and wake the machine) and try again: the "
                            "password is "
                            "still kept in the store.");
        }
        if (run->forget_password)
                run->forget_password(run->context);
        return 0;
}

/* 32 hexadecimal digits: a person can type it into another tool if it ever comes to that. */
static int make_password(uint8_t password[ATA_PASSWORD], struct error *err) {
        uint8_t random[ATA_PASSWORD / 2];
        char text[ATA_PASSWORD + 1];

        if (getrandom(random, sizeof random, 0) != (ssize_t) sizeof random)
                return fail_errno(err, errno, "El núcleo no da números aleatorios",
                                  "The kernel gives no random bytes");
        hex_encode(random, sizeof random, text);
        memcpy(password, text, ATA_PASSWORD);
        explicit_bzero(text, sizeof text);
        return 0;
}

static unsigned timeout_of(int minutes) {
        int most = minutes > 0 && minutes < 508 ? minutes * 2 + 60 : LONGEST_MINUTES; /* 508 and up: "more than" */

        return (unsigned) (most < LONGEST_MINUTES ? most : LONGEST_MINUTES) * MINUTE_MS;
}

static int failed(struct firmware_run *run, struct error *err) {
        return fail(err, ERR_VERIFY, "«%s» rechazó o no terminó el borrado de seguridad (%s).",
                    "“%s” refused or did not finish the security erase (%s).", run->facts->path, run->status);
}

static int order(struct firmware_run *run, const uint8_t password[ATA_PASSWORD], bool enhanced, struct error *err) {
        static const struct ata_taskfile prepare = { .command = ATA_SECURITY_ERASE_PREPARE };
        struct ata_registers registers = { 0 };
        struct ata_features a;
        int r, minutes = enhanced ? run->facts->firmware.ata.enhanced_minutes
                                  : run->facts->firmware.ata.erase_minutes;

        (void) send_block(run, ATA_SECURITY_SET_PASSWORD, "SECURITY SET PASSWORD", password, false, ORDER_MS);
        r = ask(run, &a, err);
        if (r < 0)
                return r;
        if (!a.security_enabled)
                return failed(run, err);
        /* A bridge that brings no registers back is no refusal: without it the device aborts what follows. */
        if (ata_command(run->fd, &run->facts->firmware, &prepare, DATA_NONE, NULL, ORDER_MS, &registers) < 0 &&
            registers.status & ATA_STATUS_ERR) {
                tell_status(run, "SECURITY ERASE PREPARE", &registers);
                return failed(run, err);
        }
        r = send_block(run, ATA_SECURITY_ERASE_UNIT, "SECURITY ERASE UNIT", password, enhanced,
                       timeout_of(minutes));
        return r < 0 ? failed(run, err) : 0;
}

static int start(struct firmware_run *run, bool enhanced, struct error *err) {
        uint8_t password[ATA_PASSWORD];
        struct error trouble = { 0 };
        struct ata_features a;
        bool was;
        int r = ask(run, &a, err), end;

        if (r < 0)
                return r;
        if (a.security_enabled)
                return refuse(err, ERR_REFUSED, "S2", "«%s» tiene ya una contraseña ATA que no es de este borrado.",
                              "“%s” already has an ATA password that is not of this wipe.", run->facts->path);
        r = make_password(password, err);
        if (r == 0 && run->keep_password)
                r = run->keep_password(run->context, password, err);
        if (r < 0)
                return r;
        r = order(run, password, enhanced, err);
        /* A device takes the password off by itself when the erase has ended; one that didn't is made to. */
        end = r == ERR_NOT_FOUND ? 0 : firmware_release(run, password, &was, r < 0 ? &trouble : err);
        explicit_bzero(password, sizeof password);
        /* A command with data brings no registers when all went well: what the device says afterwards does. */
        if (r == 0)
                (void) snprintf(run->status, sizeof run->status, "SECURITY ERASE UNIT: SCSI=00 WORD128=%04x",
                                run->facts->firmware.ata.security_word);
        return r < 0 ? r : end;
}

static int start_normal(struct firmware_run *run, struct error *err) {
        return start(run, false, err);
}

static int start_enhanced(struct firmware_run *run, struct error *err) {
        return start(run, true, err);
}

static int64_t seconds_normal(const struct device_facts *facts) {
        return (int64_t) facts->firmware.ata.erase_minutes * 60;
}

static int64_t seconds_enhanced(const struct device_facts *facts) {
        return (int64_t) facts->firmware.ata.enhanced_minutes * 60;
}

static const struct firmware_method normal = {
        .leaves = LEAVES_BYTE, .waits = true, .seconds = seconds_normal, .start = start_normal
};
static const struct firmware_method enhanced = {
        .leaves = LEAVES_CHANGED, .waits = true, .seconds = seconds_enhanced, .start = start_enhanced
};

const struct technique technique_ata_erase = {
        .name = "ata-security-erase",
        .says = { "ATA SECURITY ERASE UNIT (lo hace el dispositivo)", "ATA SECURITY ERASE UNIT (by the device)" },
        .does_not_reach = { "sectores reasignados y, en flash, bloques fuera de lo direccionable: no los promete",
                            "reallocated sectors and, on flash, blocks outside of what can be addressed: not "
                            "promised" },
        .reaches = { [KIND_HDD] = LEVEL_CLEAR, [KIND_SSD] = LEVEL_CLEAR },
        .firmware = &normal,
        .offered = normal_offered,
};

const struct technique technique_ata_erase_enhanced = {
        .name = "ata-security-erase-enhanced",
        .says = { "ATA SECURITY ERASE UNIT mejorado (lo hace el dispositivo)",
                  "ATA SECURITY ERASE UNIT, enhanced (by the device)" },
        .does_not_reach = { "lo que el fabricante no haya incluido: escribe un patrón suyo, que no se puede "
                            "comprobar byte a "
                            "byte",
                            "what its maker left out: it writes a pattern of its own, which can't be checked byte "
                            "by byte" },
        .reaches = { [KIND_HDD] = LEVEL_PURGE, [KIND_SSD] = LEVEL_CLEAR },
        .firmware = &enhanced,
        .offered = enhanced_offered,
};
