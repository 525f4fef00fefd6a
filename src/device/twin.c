#include "device/twin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "device/sysfs.h"
#include "policy/rule.h"

struct search {
        const struct device_facts *facts;
        struct known_identity known;
        char twin[DEVICE_FIELD]; /* "" none */
        char path[DEVICE_FIELD]; /* another way to the same disk; "" none */
};

/* Empty readers, and mappings and arrays, whose parts are looked at themselves. */
static bool is_no_medium(const char *folder) {
        const char *name = sysfs_name(folder);

        return strncmp(name, "dm-", 3) == 0 || strncmp(name, "md", 2) == 0 || strncmp(name, "loop", 4) == 0 ||
               sysfs_int(folder, "size", 0) == 0 || sysfs_int(folder, "hidden", 0) == 1;
}

static bool same(const char *a, const char *b) {
        return !str_empty(a) && strcasecmp(a, b) == 0;
}

/* Two ports of a SAS disk, or two ways through a fabric: the name of the logical unit (VPD 83) is the same one on
 * both, and so is everything else. Sticks on USB that share a name are copies of one another. Nothing is read of
 * it: a way that is dead would keep whoever asks. */
static bool is_way_to(const struct device_facts *a, const struct device_facts *b) {
        return strcmp(a->bus, "usb") != 0 && strcmp(b->bus, "usb") != 0 && same(a->wwn, b->wwn) &&
               strcmp(a->serial, b->serial) == 0 && strcmp(a->model, b->model) == 0 && a->size == b->size;
}

static bool look(void *context, const char *folder) {
        struct search *search = context;
        char path[DEVICE_FIELD];
        struct device_facts other;
        enum identity identity;

        if (strcmp(sysfs_name(folder), search->facts->name) == 0 || is_no_medium(folder) ||
            snprintf(path, sizeof path, "/dev/%s", sysfs_name(folder)) >= (int) sizeof path)
                return true;
        for (char *c = path; (c = strchr(c, '!'));)
                *c = '/';
        /* From outside: a dead disk must not keep this one waiting. */
        if (device_facts_outside(path, NULL, &other, NULL) < 0)
                return true;
        if (is_way_to(search->facts, &other)) {
                (void) snprintf(search->path, sizeof search->path, "%s", path);
                return false;
        }
        if (identity_match(&other, &search->known, &identity, NULL) == 0)
                (void) snprintf(search->twin, sizeof search->twin, "%s", path);
        return true;
}

static int refuse_way(const struct search *search, struct error *err) {
        const struct device_facts *facts = search->facts;

        (void) refuse(err, ERR_REFUSED, "S6", "«%s» y «%s» son dos caminos al mismo disco (WWN «%s»).",
                      "“%s” and “%s” are two paths to the same disk (WWN “%s”).", facts->path, search->path,
                      facts->wwn);
        return hint(err,
                    "Deje un solo camino: saque el disco de multipath y desconecte el otro, o quítelo con «echo 1 "
                    ">/sys/block/%s/device/delete».",
                    "Leave one path only: take the disk out of multipath and unplug the other, or remove it with "
                    "“echo 1 "
                    ">/sys/block/%s/device/delete”.",
                    strrchr(search->path, '/') + 1);
}

int device_refuse_twin(const struct device_facts *facts, const struct known_identity *known, enum identity identity,
                       struct error *err) {
        struct search search = {
                facts, { "", known->wwn, known->serial, "", known->size, known->whole_size }, "", ""
        };

        if (facts->image)
                return 0;
        sysfs_each_disk(look, &search);
        if (search.path[0])
                return refuse_way(&search, err);
        if (!search.twin[0] || (identity != IDENTITY_SERIAL && identity != IDENTITY_WWN))
                return 0;
        if (!str_empty(facts->insertion) && same(known->insertion, facts->insertion))
                return 0;
        return refuse(err, ERR_REFUSED, "S6",
                      "«%s» y «%s» dicen ser el mismo soporte (serie «%s»): desconecte el que no sea.",
                      "“%s” and “%s” claim to be the same medium (serial “%s”): unplug the one that is not.",
                      facts->path, search.twin, facts->serial);
}
