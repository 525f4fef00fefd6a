/* Verbs on the ledger as a whole: they need the catalogue's schemas. */
#pragma once

#include "act/act.h"

extern const struct room ledger_room;
