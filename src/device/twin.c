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
};

/* Empty readers, and mappings and arrays, whose parts are looked at themselves. */
static bool is_no_medium(const char *folder) {
        const char *name = sysfs_name(folder);

        return strncmp(name, "dm-", 3) == 0 || strncmp(name, "md", 2) == 0 || strncmp(name, "loop", 4) == 0 ||
               sysfs_int(folder, "size", 0) == 0 || sysfs_int(folder, "hidden", 0) == 1;
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
        if (device_facts_outside(path, NULL, &other, NULL) < 0 ||
            identity_match(&other, &search->known, &identity, NULL) < 0)
                return true;
        (void) snprintf(search->twin, sizeof search->twin, "%s", path);
        return false;
}

int device_refuse_twin(const struct device_facts *facts, const struct known_identity *known, enum identity identity,
                       struct error *err) {
        struct search search = { facts, { "", known->wwn, known->serial, "", known->size }, "" };

        if (facts->image || (identity != IDENTITY_SERIAL && identity != IDENTITY_WWN))
                return 0;
        if (!str_empty(facts->insertion) && !str_empty(known->insertion) &&
            strcasecmp(facts->insertion, known->insertion) == 0)
                return 0;
        sysfs_each_disk(look, &search);
        if (!search.twin[0])
                return 0;
        return refuse(err, ERR_REFUSED, "S6",
                      "«%s» y «%s» dicen ser el mismo soporte (serie «%s»): desconecte el que no sea.",
                      "“%s” and “%s” claim to be the same medium (serial “%s”): unplug the one that is not.",
                      facts->path, search.twin, facts->serial);
}
