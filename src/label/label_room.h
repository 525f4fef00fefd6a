/* Labels of registered media (mp.si.1): print, designs, scan. Below api, above registry and print. */
#pragma once

#include "act/act.h"
#include "print/label.h"
#include "registry/medium.h"

extern const struct alert_family label_alerts;
extern const struct room label_room;

/* What the label of a medium says at a revision: `ret` is filled but for the code. Gives the SHA-256 of its
 * content's canonical JSON, lower-case hexadecimal, and the content (new reference; may be NULL). */
int label_content(struct act *act, const struct medium *medium, int64_t revision, struct label *ret,
                  char ret_digest[65], json_t **ret_content, struct error *err);
