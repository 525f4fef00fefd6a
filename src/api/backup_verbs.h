/* Verbs that open the store in a backup: backup verify, backup restore. */
#pragma once

#include "act/act.h"

extern const struct room backup_check_room;
