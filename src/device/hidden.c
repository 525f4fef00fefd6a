#include "device/hidden.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "policy/rule.h"

enum { ORDER_MS = 60000, LBA = 0x40 };

int device_rescan(int fd, struct device_facts *facts, struct error *err) {
        uint64_t size = 0;
        int r = passthrough()->rescan(fd);

        if (r < 0 || ioctl(fd, BLKGETSIZE64, &size) < 0)
                return fail_errno(err, r < 0 ? -r : errno, "El núcleo no vuelve a leer el tamaño de «%s»",
                                  "The kernel does not read the size of “%s” anew", facts->path);
        facts->size = (int64_t) size;
        return 0;
}

static int send(int fd, const struct device_facts *facts, const struct ata_taskfile *task, const char *name,
                char status[HIDDEN_STATUS]) {
        struct ata_registers registers = { 0 };
        int r = ata_command(fd, &facts->firmware, task, DATA_NONE, NULL, ORDER_MS, &registers);

        (void) snprintf(status, HIDDEN_STATUS, "%s: STATUS=%02x ERROR=%02x LBA=%012llx", name, registers.status,
                        registers.error, (unsigned long long) registers.lba);
        return r;
}

/* A new end is taken only right after the real one was asked for (ACS-2: SET MAX ADDRESS EXT). */
static int set_end(int fd, const struct device_facts *facts, bool ama, bool for_good, char status[HIDDEN_STATUS]) {
        const struct ata_taskfile ask = { .command = ama ? ATA_ACCESSIBLE_MAX : ATA_READ_NATIVE_MAX_EXT,
                                          .feature = ama ? ATA_GET_NATIVE_MAX : 0,
                                          .device = LBA,
                                          .extended = true };
        const struct ata_taskfile set = { .command = ama ? ATA_ACCESSIBLE_MAX : ATA_SET_MAX_EXT,
                                          .feature = ama ? ATA_SET_ACCESSIBLE_MAX : 0,
                                          .count = for_good && !ama, /* V V: kept when the power goes */
                                          .lba = facts->firmware.hidden.native - 1,
                                          .device = LBA,
                                          .extended = true };
        int r = send(fd, facts, &ask, "READ NATIVE MAX", status);

        return r < 0 ? r : send(fd, facts, &set, ama ? "SET ACCESSIBLE MAX" : "SET MAX", status);
}

static int refuse_it(const struct device_facts *facts, const char *status, struct error *err) {
        (void) refuse(
                err, ERR_REFUSED, "S5",
                "«%s» no deja abrir lo que oculta (%s): lo tiene congelado, o ya se cambió en este encendido.",
                "“%s” does not let what it hides be opened (%s): it is frozen, or was changed since power-on "
                "already.",
                facts->path, status);
        return hint(err, "Apague y encienda el disco (o conéctelo a otro equipo) y repita; si no, destrúyalo.",
                    "Power the disk off and on (or connect it to another machine) and try again; else destroy it.");
}

int device_hidden_open(int fd, struct device_facts *facts, struct hidden_opening *ret, struct error *err) {
        static const struct ata_taskfile restore = { .command = ATA_DEVICE_CONFIGURATION,
                                                     .feature = ATA_CONFIGURATION_RESTORE };
        struct hidden_opening opening = { .status = "" };
        const struct device_firmware *f = &facts->firmware;
        int r = 0;

        if (f->hidden.native > f->hidden.current) {
                opening.ama = f->ata.ama;
                opening.hpa = !opening.ama;
                r = set_end(fd, facts, opening.ama, false, opening.status);
        }
        /* DCO comes after: it is not restored while the end is another one than its own. */
        if (r == 0 && f->hidden.configured > f->hidden.native && f->hidden.configured > f->hidden.current) {
                opening.dco = true;
                r = send(fd, facts, &restore, "DEVICE CONFIGURATION RESTORE", opening.status);
        }
        if (r == -ECANCELED)
                return fail(err, ERR_BUSY, "mpsid se detiene.", "mpsid is stopping.");
        if (r < 0)
                return refuse_it(facts, opening.status, err);
        r = device_rescan(fd, facts, err);
        if (r < 0)
                return r;
        device_firmware_ask(fd, facts);
        if (device_hidden_bytes(f) > 0 || facts->size != (int64_t) f->ata.sectors * f->ata.logical_block)
                return refuse_it(facts, opening.status, err);
        *ret = opening;
        return 0;
}

int device_hidden_keep(int fd, const struct device_facts *facts, struct error *err) {
        char status[HIDDEN_STATUS] = "";

        return set_end(fd, facts, false, true, status) < 0 ? refuse_it(facts, status, err) : 0;
}
