/* Destruction (mp.si.5): which methods are enough for a medium, how small the remains must be (S10), and who may
 * take part (S8, X1). Verdicts are pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/rule.h"
#include "policy/terms.h"

enum destruction_method {
        DESTRUCTION_SHRED,
        DESTRUCTION_DISINTEGRATE,
        DESTRUCTION_INCINERATE,
        DESTRUCTION_MELT,
        DESTRUCTION_METHODS
};
extern const struct term destruction_method_terms[DESTRUCTION_METHODS];

enum { AREA_NONE = -1, AREA_TEXT = 24 };

/* The largest remains that are still allowed, in hundredths of mm²; AREA_NONE when the method leaves nothing to
 * measure. */
int64_t destruction_area_limit(enum medium_kind kind, enum classification classification,
                               enum destruction_method method);
/* S1: whether the method is one for this medium. */
int destruction_judge_method(enum medium_kind kind, enum classification classification,
                             enum destruction_method method, struct error *err);
/* S10: `area` as measured, in hundredths of mm², or AREA_NONE when nothing was measured. */
int destruction_judge_remains(enum medium_kind kind, enum classification classification,
                              enum destruction_method method, int64_t area, struct error *err);

/* "1.5", "1,50" or "2" mm² to hundredths; an area between two hundredths counts as the larger. ERR_USAGE. */
int area_parse(const char *text, int64_t *ret);
/* "1.50" */
void area_format(int64_t area, char out[AREA_TEXT]);

/* S8 and X1: the medium's information owner decides, never who requested. */
int destruction_judge_decision(const char *decider, const char *owner, const char *requester, struct error *err);
/* S8 and X1: who executes is neither the supervisor nor who approved; the supervisor holds custodian or security.
 */
int destruction_judge_execution(const char *executor, const char *approver, const char *supervisor,
                                unsigned supervisor_roles, struct error *err);
/* S4: from CONFIDENCIAL on, fragments taken at random (where the method leaves any) are examined, and a technical
 * report says that nothing can be recovered. */
int destruction_judge_forensic(enum classification classification, enum destruction_method method,
                               int64_t fragments, bool report, struct error *err);
/* S8: photographs before and after, all different. `digests` holds first the ones before. */
int destruction_judge_photos(const char *const *digests, size_t before, size_t after, struct error *err);
