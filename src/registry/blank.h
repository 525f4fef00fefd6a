/* Codes that are reserved and printed before their media come. */
#pragma once

#include "act/act.h"
#include "registry/medium.h"

enum blank_state { BLANK_NONE, BLANK_RESERVED, BLANK_CLAIMED, BLANK_VOID };

/* What a code is, however it was scanned; BLANK_NONE when it was never reserved. ret_id: the code as an ID. */
int blank_find(struct db *db, const char *text, enum blank_state *ret, char ret_id[MEDIUM_ID_TEXT],
               struct error *err);
/* The same for codes that are reserved already, from `code` on. ERR_NOT_FOUND, ERR_CONFLICT. */
int blank_again(struct act *act, const char *code, int64_t count, char subject[MEDIUM_ID_TEXT], struct fact *ret,
                int64_t *ret_first, struct error *err);
int media_run_claim(struct act *act, const json_t *args, json_t **ret, struct error *err);
/* The fact that reserves `count` IDs from the next free one on; the caller releases its data. *ret_first: the
 * number of the first. subject: a buffer for its ID. */
int blank_reservation(struct act *act, int64_t count, char subject[MEDIUM_ID_TEXT], struct fact *ret,
                      int64_t *ret_first, struct error *err);
