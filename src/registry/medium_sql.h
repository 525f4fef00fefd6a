/* The medium's columns in the order in which medium_from_row() reads them; within the registry only. */
#pragma once

#include "registry/medium.h"

#define MEDIUM_COLUMNS                                                                                             \
        "id, kind, classification, category, state, health, owner, created, expires, retention_days, location, "   \
        "holder, model, vendor, serial, wwn, insertion, size, luks_uuid, luks_seqid, header_digest, key_id, "      \
        "filled, "                                                                                                 \
        "epc, tamper, label_state, label_revision, note, whole_size, destruction"

struct rows;
int medium_from_row(const struct rows *rows, struct medium *ret, struct error *err);
