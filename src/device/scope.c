#include "device/scope.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

static const struct {
        const char *word;
        unsigned bus;
} bus_words[] = {
        { "usb", BUS_USB },           { "mmc", BUS_MMC },           { "thunderbolt", BUS_THUNDERBOLT },
        { "firewire", BUS_FIREWIRE }, { "memstick", BUS_MEMSTICK }, { "nvme", BUS_NVME },
        { "ata", BUS_ATA },           { "scsi", BUS_SCSI },         { "virtio", BUS_VIRTIO },
        { "loop", BUS_LOOP },
};

/* Disks that are no medium of their own, by the beginning of their kernel name: a mapping's or an array's members
 * are gated. An optical drive burns by commands that the read-only state does not stop, so it would promise too
 * much. */
static const char *const never_media[] = { "dm-", "md",   "zram", "ram", "nbd",   "sr",
                                           "fd",  "drbd", "rbd",  "zd",  "bcache" };

const char *const scope_words[SCOPE_ANSWERS] = {
        [SCOPE_OUT] = "out",
        [SCOPE_AUDIT] = "audit",
        [SCOPE_KEPT] = "kept",
        [SCOPE_CLOSE] = "closed",
};

const char *scope_bus_word(unsigned buses) {
        for (size_t i = 0; i < COUNT(bus_words); i++)
                if (buses & bus_words[i].bus)
                        return bus_words[i].word;
        return "-";
}

/* The next word of a list; its length, 0 at the end. */
static size_t next_word(const char **list) {
        size_t n = 0;

        while (isspace((unsigned char) **list))
                (*list)++;
        while ((*list)[n] && !isspace((unsigned char) (*list)[n]))
                n++;
        return n;
}

static unsigned bus_of_word(const char *word, size_t n) {
        for (size_t i = 0; i < COUNT(bus_words); i++)
                if (strlen(bus_words[i].word) == n && strncmp(bus_words[i].word, word, n) == 0)
                        return bus_words[i].bus;
        return 0;
}

int scope_rules_read(const struct config *config, struct scope_rules *ret, struct error *err) {
        const char *mode = config_text(config, "gate", "mode", "enforce");
        const char *list = config_text(config, "gate", "buses", "");
        bool named = *list;
        int r = 0;

        *ret = (struct scope_rules){
                .never = config_text(config, "gate", "never", ""),
                .store = config_text(config, "station", "store", STATION_STORE),
        };
        for (size_t n; (n = next_word(&list)) > 0; list += n) {
                unsigned bus = bus_of_word(list, n);

                if (!bus)
                        r = fail(err, ERR_USAGE, "[gate] buses: no hay ningún bus «%.*s».",
                                 "[gate] buses: there is no bus “%.*s”.", (int) n, list);
                ret->buses |= bus;
        }
        if (strcmp(mode, "enforce") != 0 && strcmp(mode, "audit") != 0)
                r = fail(err, ERR_USAGE, "[gate] mode: «%s» no es ni enforce ni audit.",
                         "[gate] mode: “%s” is neither enforce nor audit.", mode);
        ret->audit = r == 0 && strcmp(mode, "audit") == 0;
        if (!named || r < 0)
                ret->buses |= BUS_DEFAULT;
        return r;
}

static bool is_listed(const char *list, const char *value) {
        size_t length = strlen(value);

        for (size_t n; (n = next_word(&list)) > 0; list += n)
                if (n == length && strncmp(list, value, n) == 0)
                        return true;
        return false;
}

/* A place is where somebody put the cable; a serial number is what the device says, so it counts only inside. */
static bool is_fixed(const struct scope_rules *rules, const struct scope_facts *facts) {
        if (is_listed(rules->never, facts->place))
                return true;
        return !(facts->buses & BUS_EXTERNAL) &&
               (is_listed(rules->never, facts->serial) || is_listed(rules->never, facts->wwid));
}

static bool is_never_a_medium(const char *name) {
        for (size_t i = 0; i < COUNT(never_media); i++)
                if (strncmp(name, never_media[i], strlen(never_media[i])) == 0)
                        return true;
        return false;
}

static struct scope_decision decided(enum scope_answer answer, const char *es, const char *en) {
        return (struct scope_decision){ answer, { es, en } };
}

struct scope_decision scope_decide(const struct scope_rules *rules, const struct scope_facts *facts) {
        if (facts->partition)
                return decided(SCOPE_OUT, "es una partición", "it is a partition");
        if (is_never_a_medium(facts->name))
                return decided(SCOPE_OUT, "no es un soporte", "it is not a medium");
        if (!(facts->buses & rules->buses))
                return decided(SCOPE_OUT, "su bus no se vigila", "its bus is not watched");
        if (facts->system)
                return decided(SCOPE_OUT, "sostiene el sistema o el almacén", "it holds the system or the store");
        if (is_fixed(rules, facts))
                return decided(SCOPE_OUT, "está en [gate] never", "it is in [gate] never");
        /* In use before the gate ever saw it: at the installation, or mounted by root in early boot. A reader that
         * was closed once may still have the last card mounted; the next card is closed all the same. */
        if (facts->used && !facts->closed_diskseq)
                return decided(SCOPE_OUT, "ya estaba en uso", "it was in use already");
        if (rules->audit)
                return decided(SCOPE_AUDIT, "[gate] mode = audit", "[gate] mode = audit");
        if (facts->diskseq && facts->diskseq == facts->closed_diskseq)
                return decided(SCOPE_KEPT, "esta inserción ya se cerró", "this insertion was closed before");
        return decided(SCOPE_CLOSE, "inserción nueva", "a new insertion");
}
