/* S6: what may never be written. */
#include "device/facts.h"
#include "policy/rule.h"

int device_refuse_in_use(const struct device_facts *facts, struct error *err) {
        const char *path = facts->path, *holder = facts->holder;

        if (facts->system)
                return refuse(err, ERR_REFUSED, "S6", "«%s» sostiene el sistema de este puesto o su almacén.%s%s",
                              "“%s” holds this station's system or its store.%s%s", path, *holder ? " → " : "",
                              holder);
        if (facts->swap)
                return refuse(err, ERR_REFUSED, "S6", "«%s» se usa como intercambio (%s).",
                              "“%s” is in use as swap (%s).", path, holder);
        if (facts->opened) {
                (void) refuse(err, ERR_REFUSED, "S6", "«%s» está abierto por «encrypt unlock» (%s).",
                              "“%s” is open by “encrypt unlock” (%s).", path, holder);
                return hint(err, "Ciérrelo antes con «mpsi encrypt lock».",
                            "Lock it first with “mpsi encrypt lock”.");
        }
        if (facts->mounted)
                return refuse(err, ERR_REFUSED, "S6", "«%s» está montado en «%s».", "“%s” is mounted at “%s”.",
                              path, holder);
        if (facts->held)
                return refuse(err, ERR_REFUSED, "S6", "«%s» lo tiene tomado «%s».", "“%s” is held by “%s”.", path,
                              holder);
        if (facts->partition)
                return refuse(err, ERR_REFUSED, "S6", "«%s» es una partición: se trata el disco entero.",
                              "“%s” is a partition: the whole disk is dealt with.", path);
        if (facts->read_only) {
                (void) refuse(err, ERR_REFUSED, "S6", "«%s» está protegido contra escritura.", "“%s” is read-only.",
                              path);
                return hint(err, "Si lo protege mpsid, permítalo en esta inserción con «mpsi device allow %s».",
                            "If mpsid protects it, allow it for this insertion with “mpsi device allow %s”.", path);
        }
        return 0;
}
