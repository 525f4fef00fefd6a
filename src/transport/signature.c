/* "Each signed" (T4): the person's own ECDSA signature over the canonical statement of a checkpoint. */
#include <string.h>

#include "custody/signature.h"
#include "transport/internal.h"

int shipment_sign(struct act *act, const json_t *statement, json_t *data, struct error *err) {
        return custody_sign(act, act->person, "T4", statement, data, err);
}

/* The statement must also say what the row says, or a good signature would cover another checkpoint. */
static bool statement_agrees(const json_t *checkpoint, const json_t *statement) {
        return strcmp(json_text_or_empty(statement, "point"), json_text_or_empty(checkpoint, "point")) == 0 &&
               json_equal(json_object_get(statement, "seals"), json_object_get(checkpoint, "seals"));
}

const char *shipment_verify(const struct act *act, const json_t *checkpoint) {
        _cleanup_json_ json_t *statement = NULL;
        const char *standing = custody_signature_check(act, checkpoint, &statement);

        return statement && !statement_agrees(checkpoint, statement) ? "invalid" : standing;
}
