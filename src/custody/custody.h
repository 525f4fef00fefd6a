/* Custody (mp.si.3): locations, seals and loans; what the rooms above may use of it. */
#pragma once

#include "act/act.h"
#include "device/identity.h"
#include "policy/custody.h"
#include "policy/custody_access.h"
#include "policy/transport.h"
#include "registry/medium.h"

extern const struct alert_family custody_alerts;
extern const struct room custody_room;         /* the tables; verbs `location ...`, `media move` */
extern const struct room loan_room;            /* verbs `loan ...` */
extern const struct room access_register_room; /* verbs `access ...` */
extern const struct room access_report_room;   /* verb `report R-110-023` */
extern const struct room stocktake_room;       /* verbs `stocktake ...` */
extern const struct room search_room;          /* verbs `media locate`, `media scan` */
extern const struct room environment_room;     /* verbs `env ...` */
extern const struct room custody_check_room;   /* verb `custody check` */

enum { LOCATION_CODE = 32 };

/* HQ-S03-A12-E04-P023 (building, room, cabinet, shelf, position), also as a scanner leaves it. ERR_USAGE by U2. */
int location_code_parse(const char *text, char ret[LOCATION_CODE], struct error *err);

/* U1, U2: whether the medium may be kept there. ERR_NOT_FOUND when there is no such place. `code` as parsed. */
int custody_location_accepts(struct db *db, const char *code, const struct medium *medium, struct error *err);

/* U2: whether that many more media fit there. */
int custody_location_has_room(struct db *db, const char *code, int64_t more, struct error *err);

/* T5: numbered seals, unique for ever, whatever they were used for. `plain` as transport_seal_plain makes it. */
int custody_seal_refuse_used(struct db *db, const char *plain, struct error *err);
/* For apply functions: the number is used now. */
int custody_apply_seal(struct db *db, const char *plain, const char *number, const char *subject, int64_t time,
                       struct error *err);

/* A medium that is present, as its device shows it now. */
struct custody_inspection {
        bool encrypted;     /* a LUKS2 header that no row of the acceptance table refuses */
        char luks_uuid[48]; /* "" without LUKS */
        char digest[65];    /* of the LUKS header, or "" */
        char cipher[64];    /* "aes-xts-plain64", or "" */
        int64_t key_bits;
        enum identity identity;
        struct error refusal; /* why it does not count as encrypted; code 0 without LUKS */
};

/* Whether electronic media of this kind must be present for their hand-overs: C3 by category, and whatever we
 * encrypted. */
bool custody_needs_device(const struct medium *medium);
/* Reads the device and judges it; S6 when it is another medium. An encryption that is refused is no error here:
 * `encrypted` is false then. */
int custody_inspect(struct act *act, const struct medium *medium, const char *device,
                    struct custody_inspection *ret, struct error *err);

/* C3, with the row of the acceptance table when there is a header; 0 when it is encrypted. */
int custody_refuse_unencrypted(const char *medium, const struct custody_inspection *inspection, struct error *err);

/* C8: says when a passphrase that somebody outside has still opens a medium that is back, and what to do. */
int custody_say_handover(struct act *act, const char *medium, struct error *err);

/* ERR_CONFLICT by T2 when the medium was lent after that moment: what was packed then is no longer what is there.
 */
int custody_refuse_lent_since(struct db *db, const char *medium, int64_t moment, struct error *err);

/* "p 1", "P000001" or what a scanner made of it, to "P000001", for numbers of one letter. False when it is none. */
bool custody_number_parse(const char *text, char letter, char ret[16]);

/* A place or the beginning of its code: HQ, HQ-S03, HQ-S03-A12, also as a scanner leaves it. What is entered there
 * (ret_level may be NULL). ERR_USAGE by U2. */
int custody_area_parse(const char *text, char ret[LOCATION_CODE], enum access_level *ret_level, struct error *err);

/* A stocktake with `rows`, an array of {result, medium, location, person}. ERR_USAGE, ERR_NOT_FOUND. */
int custody_stocktake(struct act *act, const char *text, json_t **ret, struct error *err);
