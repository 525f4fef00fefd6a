/* Mappings of dm-crypt: an encrypted disk as another one, in clear, for one user (C9). One cipher, bounds that the
 * disk itself gives, and a key that this process never has: the kernel takes it from its keyring by name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/secret.h"
#include "device/facts.h"

enum { MAPPING_MEDIUM = 16, MAPPING_KEY = 64, MAPPING_NODE = 64 };

/* Plain data: it crosses from one process to another. */
struct mapping_plan {
        char medium[MAPPING_MEDIUM]; /* its ID: [A-Z0-9], names the mapping */
        char path[DEVICE_FIELD];     /* the disk */
        char key[MAPPING_KEY];       /* a logon key in the session's keyring: "mpsi:..." */
        int64_t diskseq;             /* of the insertion that is meant; 0: any */
        int64_t offset;              /* bytes before the data */
        int32_t key_bytes;           /* 32 or 64 */
        int32_t sector_size;         /* 512 or 4096 */
        bool read_only;
        bool lift; /* the disk may be read-only by the gate, which is taken off */
        uid_t uid; /* whose the mapping's node becomes */
};

/* Whether it is a plan that these functions would carry out on a disk of so many bytes. ERR_USAGE. */
int mapping_check(const struct mapping_plan *plan, int64_t disk_bytes, struct error *err);

/* Makes it and waits for udev, who gives the node to its user (91-mpsi-mapping.rules). ERR_CONFLICT when there is
 * one of that medium, ERR_BUSY when somebody holds the disk, ERR_REFUSED by S6 when it is not the one that is
 * meant.
 */
int mapping_open(const struct mapping_plan *plan, struct error *err);

enum mapping_cut {
        MAPPING_ASK,   /* ERR_BUSY while it is open or mounted */
        MAPPING_FLUSH, /* what is written is brought to the disk; then whoever has it open gets errors */
        MAPPING_DROP,  /* the disk is gone: errors at once */
};
/* The key is wiped from the kernel when this returns 0. ERR_NOT_FOUND when there is no such mapping. */
int mapping_close(const char *medium, enum mapping_cut cut, struct error *err);

/* Have somebody with the power for it do both, from now on in this process. */
struct mapping_power {
        int (*open)(const struct mapping_plan *plan, struct error *err);
        int (*close)(const char *medium, enum mapping_cut cut, struct error *err);
};
void mapping_by(const struct mapping_power *power);

/* "/dev/mapper/mpsi-ID". */
void mapping_node(const char *medium, char ret[MAPPING_NODE]);

/* The volume key into the session's keyring under a fresh name; nobody can read it there but the kernel. It is for
 * mapping_open(), and taken away by mapping_key_forget(), or by time. */
int mapping_key_put(const struct secret *key, const char *medium, char ret_name[MAPPING_KEY], int32_t *ret_serial,
                    struct error *err);
void mapping_key_forget(int32_t serial);

/* A mapping that is there, as sysfs shows it: no call on any device. */
struct mapping {
        char medium[MAPPING_MEDIUM];
        char name[64]; /* "dm-3" */
        char disk[64]; /* "sdb", or "" when the disk is gone */
        uid_t uid;
        bool read_only;
        uint64_t work; /* changes with every request, and while one is under way */
};
void mapping_each(bool (*found)(void *context, const struct mapping *mapping), void *context);
bool mapping_find(const char *medium, struct mapping *ret);
/* Whether this folder of sysfs is one of ours that is not cut off. ret may be NULL. */
bool mapping_of_folder(const char *folder, struct mapping *ret);
/* The user that a mapping's UUID names; false when it is none of ours. */
bool mapping_uuid_user(const char *uuid, uid_t *ret);
