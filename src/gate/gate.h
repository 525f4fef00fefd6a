/* The gate (C3): which registered medium a device is, whether it is acceptable, and the read-only state that
 * follows. mpsid asks it for each device that comes; `device show` and `device judge` ask it for one. */
#pragma once

#include "act/act.h"
#include "device/facts.h"
#include "device/identity.h"
#include "policy/gate.h"
#include "registry/medium.h"

extern const struct alert_family gate_alerts;
extern const struct room gate_room; /* verbs `device ...`, event type device.judged */

enum { GATE_DETAIL = ERROR_TEXT_MAX };

struct gate_judgement {
        char medium[MEDIUM_ID_TEXT]; /* "" when it is not registered */
        enum identity identity;      /* what it was recognised by */
        struct gate_answer answer;
        bool header_incident;            /* ALTA, row 11: an older or changed header (C2) */
        struct gate_answer but_loan;     /* the same were the medium not on loan (U3): for who has it */
        bool allowed;                    /* accepted by `device allow` alone */
        char detail[LANGS][GATE_DETAIL]; /* the finding behind it: a header's row, the identity that differs */
};

/* Whether the gate has a say: a whole disk with something in it that nobody uses yet, or that is open by `encrypt
 * unlock` alone, and that is neither part of this station's system nor a device that the kernel makes
 * (device-mapper, md, zram, ram). */
bool gate_concerns(const struct device_facts *facts);

/* What was read on a device, once, by somebody who need not be the judge. */
struct gate_content {
        const struct luks_facts
                *header; /* NULL: nobody looked for one yet, and the judge reads the device itself */
        bool unreadable; /* it did not answer, or reading failed */
};

enum gate_standing gate_standing_of(enum medium_state state);

/* Judges without changing anything. A device that can't be told from its name in the registry is not an error.
 * Without content (NULL) the header is read from the device. */
int gate_judge(struct act *act, const struct device_facts *facts, const struct gate_content *content,
               struct gate_judgement *ret, struct error *err);

/* 1 when the newest recorded verdict of this device is this one, for this insertion; 0 when it is to be recorded.
 */
int gate_on_record(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement,
                   struct error *err);
/* Records a judgement. Whoever enforces it closes the device before and opens it only after: a crash between the
 * two leaves a medium that can't be written, which the next judgement mends. `enforced` false: only looked at
 * (audit). */
int gate_record(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement,
                bool enforced, struct error *err);

/* The newest recorded verdict on a device in its present insertion, as {verdict, rule, why: {es, en}, detail: {es,
 * en}}: *ret stays NULL when there is none. */
int gate_recorded(struct db *db, const struct device_facts *facts, json_t **ret, struct error *err);

/* What `device show` answers and device.judged records. New reference. */
json_t *gate_judgement_to_json(const struct device_facts *facts, const struct gate_judgement *judgement);
