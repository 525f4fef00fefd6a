/* Every event to the system's journal, with fields, and a cursor of its own. */
#pragma once

#include "forward/keeper.h"
#include "forward/reader.h"

struct journal;

int journal_new(sd_event *event, const char *state, const struct siem_origin *origin, struct reader *reader,
                struct journal **ret, struct error *err);
/* Sends what there is. *ret_more: there is more. */
int journal_pump(struct journal *journal, bool *ret_more, struct error *err);
void journal_free(struct journal *journal);
