#include "policy/tapes.h"

#include <string.h>

int tape_judge_recipient(const struct tape_recipient *recipient, struct error *err) {
        if (!recipient->valid_now)
                return refuse(err, ERR_REFUSED, "C6", "El certificado de «%.80s» no está en vigor.",
                              "The certificate of “%.80s” is not in force.", recipient->name);
        if (!recipient->may_encrypt)
                return refuse(err, ERR_REFUSED, "C6", "El certificado de «%.80s» no es para cifrar claves.",
                              "The certificate of “%.80s” is not for encrypting keys.", recipient->name);
        if (recipient->rsa && recipient->bits < TAPE_RSA_LEAST)
                return refuse(err, ERR_REFUSED, "C6", "La clave RSA de «%.80s» tiene %lld bits.",
                              "The RSA key of “%.80s” has %lld bits.", recipient->name,
                              (long long) recipient->bits);
        if (!recipient->rsa && strcmp(recipient->curve, "P-256") != 0 && strcmp(recipient->curve, "P-384") != 0)
                return refuse(err, ERR_REFUSED, "C6", "El certificado de «%.80s» no es RSA ni ECC P-256 o P-384.",
                              "The certificate of “%.80s” is neither RSA nor ECC P-256 or P-384.", recipient->name);
        return 0;
}

int tape_judge_member(const char *medium, enum medium_kind kind, const char *set, struct error *err) {
        if (kind != KIND_TAPE)
                return refuse(err, ERR_REFUSED, "C4", "El soporte %s es de tipo %s%.0s, y un juego es de cintas.",
                              "Medium %s is of kind %.0s%s, and a set is of tapes.", medium,
                              medium_kind_terms[kind].name.es, medium_kind_terms[kind].name.en);
        if (set)
                return refuse(err, ERR_CONFLICT, "C4", "La cinta %s ya está en el juego «%.40s».",
                              "Tape %s is in the set “%.40s” already.", medium, set);
        return 0;
}
