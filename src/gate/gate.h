/* The gate (C3): which registered medium a device is, whether it is acceptable, and the read-only state that
 * follows. mpsid asks it for each device that comes; `device show` and `device judge` ask it for one. */
#pragma once

#include "act/act.h"
#include "device/facts.h"
#include "device/identity.h"
#include "policy/gate.h"
#include "registry/medium.h"

extern const struct room gate_room; /* verbs `device ...`, event type device.judged */

enum { GATE_DETAIL = ERROR_TEXT_MAX };

struct gate_judgement {
        char medium[MEDIUM_ID_TEXT]; /* "" when it is not registered */
        enum identity identity;      /* what it was recognised by */
        struct gate_answer answer;
        bool allowed;                    /* accepted by `device allow` alone */
        char detail[LANGS][GATE_DETAIL]; /* the finding behind it: a header's row, the identity that differs */
};

/* Whether the gate has a say: a whole disk with something in it that nobody uses yet, and that is neither part of
 * this station's system nor a device that the kernel makes (device-mapper, md, zram, ram). */
bool gate_concerns(const struct device_facts *facts);

/* Judges without changing anything. A device that can't be told from its name in the registry is not an error. */
int gate_judge(struct act *act, const struct device_facts *facts, struct gate_judgement *ret, struct error *err);

/* Puts a judgement into force and records it. The device is closed before it is recorded and opened only after: a
 * crash between the two leaves a medium that can't be written, which the next judgement mends. With `audit_only`
 * the device stays as it is. */
int gate_record(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement,
                bool audit_only, struct error *err);

/* What `device show` answers and device.judged records. New reference. */
json_t *gate_judgement_to_json(const struct device_facts *facts, const struct gate_judgement *judgement);
