/* What each of mpsid's processes gives up before it does its work. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct account {
        bool set; /* false: stays who it is (not root, or there is no such account) */
        uid_t uid;
        gid_t gid;
};

/* The account that owns the store. `name` NULL: STATION_USER, where it exists. ERR_NOT_FOUND for a name that does
 * not exist. */
int account_find(const char *name, struct account *ret, struct error *err);

/* Becomes the account, for good: no other group, no capability, no new privileges (PR_SET_NO_NEW_PRIVS). */
int privileges_drop(const struct account *account, struct error *err);

/* For a process that reads a medium: from here on it may read what it has open, answer on what it has open, and
 * end. Opening, ioctls that change something, sockets and processes are refused by the kernel. */
int privileges_confine_reader(struct error *err);

/* Makes the filter of privileges_confine_reader() ahead of time, so that nobody waits for it. */
int privileges_prepare_reader(struct error *err);
