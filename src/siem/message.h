/* What a SIEM is told, in the forms it can read. Pure functions: no clock, no host, no files. */
#pragma once

#include "ledger/ledger.h"
#include "siem/level.h"

/* The fields of a message; message.c's table says what each output calls them. */
enum siem_field {
        SIEM_STATION,
        SIEM_SEQ,
        SIEM_HASH,
        SIEM_ACTOR,
        SIEM_OS_USER,
        SIEM_SUBJECT,
        SIEM_VERB,
        SIEM_OUTCOME,
        SIEM_RULE,
        SIEM_SIZE,
        SIEM_CHECKPOINT,
        SIEM_FIELDS
};

struct siem_field_names {
        const char *sd;        /* RFC 5424, SD-PARAM of mpsi@32473 */
        const char *cef;       /* CEF's key */
        const char *cef_label; /* for cs1 … and cn1, what is in it */
        const char *journal;
};
extern const struct siem_field_names siem_fields[SIEM_FIELDS];

struct siem_record {
        const char *type;
        int64_t time; /* microseconds */
        const struct siem_level *level;
        const char *value[SIEM_FIELDS]; /* NULL: not there */
        struct text why;                /* a sentence for people; NULL: none */
        const char *data;               /* canonical JSON; NULL: none */
        char seq[24], hash[SHA256_TEXT];
};

/* Of an event; data is its parsed text or NULL. What is borrowed is the entry's and data's. */
void siem_record_event(struct siem_record *record, const struct ledger_entry *entry, const json_t *data);

/* What is the same for all messages of a run. */
struct siem_origin {
        const char *host;
        long pid;
        int facility; /* 0 to 23 */
        enum lang lang;
};

/* RFC 5424, section 6.5: SIEM_MESSAGE_MAX bytes are what every receiver over TLS should take (RFC 5425, 4.3.1).
 * What is cut ends in a marker, and the whole event is in the ledger. */
enum { SIEM_MESSAGE_MAX = 8192 };

/* One message without framing: one line of valid UTF-8 without control characters. A new string. 0 or ERR_FAILED.
 */
int siem_format_rfc5424(const struct siem_origin *origin, const struct siem_record *record, char **ret,
                        size_t *ret_n, struct error *err);
/* The same header, without structured data, around "CEF:0|…". */
int siem_format_cef(const struct siem_origin *origin, const struct siem_record *record, char **ret, size_t *ret_n,
                    struct error *err);
/* The line for people: "name: subject, actor: why". A new string. */
int siem_format_line(enum lang lang, const struct siem_record *record, char **ret, size_t *ret_n,
                     struct error *err);

/* The number of a facility's name ("audit", "local0" …), or ERR_USAGE. */
int siem_facility(const char *name);
