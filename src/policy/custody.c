#include "policy/custody.h"

#include <string.h>

#include "base/str.h"
#include "policy/families.h"

static const struct rule rules[] = {
        { "U1",
          "mp.si.3",
          { "Cada categoría exige su custodia y su cierre: BÁSICA armario con llave, MEDIA armario ignífugo con "
            "cerradura electrónica, ALTA cámara acorazada con biometría y tarjeta.",
            "Each category demands its storage and its lock: BASICA a locked cabinet with a key, MEDIA a "
            "fire-resistant cabinet with an electronic lock, ALTA a vault with biometrics and card." },
          { "Elija una ubicación del nivel necesario con «location list»; se abre con lo que su nivel exige.",
            "Choose a location of the needed level with “location list”; it is opened with what its level "
            "demands." } },
        { "U2",
          "mp.si.3",
          { "Cada posición tiene código, capacidad y una sección de una sola clasificación.",
            "Each position has a code, a capacity and a section of one classification only." },
          { "Elija una posición libre de la sección adecuada con «location list».",
            "Choose a free position of the right section with “location list”." } },
        { "U3",
          "mp.si.3",
          { "A custodia se entra, y de ella sale un soporte, con solicitud motivada, aprobación del propietario de "
            "la información, firma, supervisión desde CONFIDENCIAL e integridad comprobada.",
            "Custody is entered, and a medium leaves it, with a reasoned request, the information owner's "
            "approval, "
            "a signature, supervision from CONFIDENCIAL up and integrity checked." },
          { "Siga el orden: «loan request», «loan approve» (propietario), «loan out», «loan in»; o los de "
            "«access».",
            "Follow the order: “loan request”, “loan approve” (owner), “loan out”, “loan in”; or those of "
            "“access”." } },
        { "U4",
          "mp.si.3",
          { "Un préstamo tiene fecha de devolución; quien tiene un préstamo vencido o la formación caducada no "
            "recibe más.",
            "A loan has a due date; who has an overdue loan or expired training gets no more." },
          { "Devuelva lo vencido con «loan in», renueve la formación con «person train» o corrija la fecha.",
            "Return what is overdue with “loan in”, renew the training with “person train”, or correct the "
            "date." } },
        { "U5",
          "mp.si.3, mp.if.3",
          { "La sala de custodia está a 18-22 °C y 40-60 % de humedad, con menos de 50 G de campo magnético.",
            "The custody room is at 18-22 °C and 40-60 % humidity, with less than 50 G of magnetic field." },
          { "Corrija el ambiente o traslade los soportes con «media move», y anote otra lectura con «env record».",
            "Correct the environment or take the media elsewhere with “media move”, and note another reading with "
            "“env record”." } },
        { "U6",
          "mp.si.3",
          { "El inventario se verifica cada día y se recuenta leyendo primero el lugar y después sus soportes.",
            "The inventory is verified every day, and taken stock of by scanning a place first and then its "
            "media." },
          { "Vea «stocktake show»; empiece uno con «stocktake start» y lea con «stocktake scan».",
            "See “stocktake show”; begin one with “stocktake start” and scan with “stocktake scan”." } },
        { "U7",
          "mp.si.3, op.acc.2",
          { "Cada acceso a custodia se registra: quién, cuándo, a qué lugar y soporte, por qué, quién lo aprobó y "
            "quién supervisó.",
            "Every access to custody is on record: who, when, which place and medium, why, who approved and who "
            "supervised." },
          { "Siga el orden: «access request», «access approve», «access enter», «access leave».",
            "Follow the order: “access request”, “access approve”, “access enter”, “access leave”." } },
        { "U8",
          "mp.si.3",
          { "Cualquier soporte se localiza en menos de 1 hora, 30 minutos o 10 minutos, según su categoría.",
            "Any medium is located in less than 1 hour, 30 minutes or 10 minutes, by its category." },
          { "Léalo donde aparezca con «media scan»; si no aparece, abra una incidencia.",
            "Scan it where it turns up with “media scan”; if it does not, open an incident." } },
        { "U9",
          "mp.si.3, op.exp.7",
          { "Las incidencias se registran, se investigan y las cierra el administrador de seguridad con su "
            "resolución.",
            "Incidents are recorded, investigated and closed by the security administrator with their "
            "resolution." },
          { "Pida al administrador de seguridad que la investigue y la cierre con «incident close».",
            "Ask the security administrator to investigate it and close it with “incident close”." } },
};

const struct rule_family custody_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term storage_terms[STORAGES] = {
        [STORAGE_LOCKED_CABINET] = { "locked-cabinet", { "armario con llave", "locked cabinet" } },
        [STORAGE_FIRE_CABINET] = { "fire-cabinet", { "armario ignífugo", "fire-resistant cabinet" } },
        [STORAGE_VAULT] = { "vault", { "cámara acorazada", "vault" } },
};

const struct storage_demand storage_demands[CATEGORIES] = {
        [CATEGORY_BASICA] = { STORAGE_LOCKED_CABINET,
                              { "llave física", "physical key" },
                              { "registro manual", "manual record" } },
        [CATEGORY_MEDIA] = { STORAGE_FIRE_CABINET,
                             { "cerradura electrónica", "electronic lock" },
                             { "CCTV y registros", "CCTV and logs" } },
        [CATEGORY_ALTA] = { STORAGE_VAULT,
                            { "biometría y tarjeta", "biometrics and card" },
                            { "24/7 y alarmas", "24/7 and alarms" } },
};

int custody_judge_place(const struct place *place, struct error *err) {
        enum storage least = storage_demands[place->level].storage;

        if (place->storage >= least)
                return 0;
        return refuse(err, ERR_REFUSED, "U1", "%s: el nivel %s exige %s%.0s y es %s%.0s.",
                      "%s: level %s demands %.0s%s and it is %.0s%s.", place->code,
                      category_terms[place->level].code, storage_terms[least].name.es, storage_terms[least].name.en,
                      storage_terms[place->storage].name.es, storage_terms[place->storage].name.en);
}

int custody_judge_placement(const struct place *place, const char *medium, enum category category,
                            enum classification classification, struct error *err) {
        if (place->level < category || place->storage < storage_demands[category].storage)
                return refuse(err, ERR_REFUSED, "U1",
                              "El soporte %s es de categoría %s y %s es %s%.0s de nivel %s.",
                              "Medium %s is of category %s and %s is a %.0s%s of level %s.", medium,
                              category_terms[category].code, place->code, storage_terms[place->storage].name.es,
                              storage_terms[place->storage].name.en, category_terms[place->level].code);
        if (place->section != classification)
                return refuse(err, ERR_REFUSED, "U2", "El soporte %s está clasificado %s y %s es de la sección %s.",
                              "Medium %s is classified %s and %s belongs to section %s.", medium,
                              classification_terms[classification].code, place->code,
                              classification_terms[place->section].code);
        if (place->occupied >= place->capacity)
                return refuse(err, ERR_REFUSED, "U2", "%s no admite el soporte %s: tiene %lld de %lld.",
                              "%s has no room for medium %s: it holds %lld of %lld.", place->code, medium,
                              (long long) place->occupied, (long long) place->capacity);
        return 0;
}

int custody_judge_borrower(const struct borrower *borrower, const char *today, struct error *err) {
        if (borrower->blocked)
                return refuse(err, ERR_REFUSED, "X4", "La cuenta de %s está bloqueada: no recibe préstamos.",
                              "The account of %s is blocked: it gets no loans.", borrower->name);
        if (!str_empty(borrower->expires) && strcmp(borrower->expires, today) < 0)
                return refuse(err, ERR_REFUSED, "X4", "La cuenta de %s caducó el %s: no recibe préstamos.",
                              "The account of %s expired on %s: it gets no loans.", borrower->name,
                              borrower->expires);
        if (!str_empty(borrower->trained_until) && strcmp(borrower->trained_until, today) < 0)
                return refuse(err, ERR_REFUSED, "U4", "La formación de %s caducó el %s.",
                              "The training of %s expired on %s.", borrower->name, borrower->trained_until);
        if (borrower->overdue_loan)
                return refuse(err, ERR_REFUSED, "U4", "%s tiene vencido el préstamo %s.",
                              "%s has the overdue loan %s.", borrower->name, borrower->overdue_loan);
        return 0;
}

int custody_judge_supervisor(const struct borrower *person, const char *today, struct error *err) {
        if (person->blocked)
                return refuse(err, ERR_REFUSED, "X4", "La cuenta de %s está bloqueada: no supervisa.",
                              "The account of %s is blocked: it supervises nothing.", person->name);
        if (!str_empty(person->expires) && strcmp(person->expires, today) < 0)
                return refuse(err, ERR_REFUSED, "X4", "La cuenta de %s caducó el %s: no supervisa.",
                              "The account of %s expired on %s: it supervises nothing.", person->name,
                              person->expires);
        if (!str_empty(person->trained_until) && strcmp(person->trained_until, today) < 0)
                return refuse(err, ERR_REFUSED, "U4", "La formación de %s caducó el %s: no supervisa.",
                              "The training of %s expired on %s: they supervise nothing.", person->name,
                              person->trained_until);
        return 0;
}

int custody_judge_due(const char *due, const char *today, struct error *err) {
        if (strcmp(due, today) >= 0)
                return 0;
        return refuse(err, ERR_REFUSED, "U4", "La fecha de devolución %s ya pasó (hoy es %s).",
                      "The due date %s is past (today is %s).", due, today);
}

int custody_judge_extension(const char *due, const char *until, const char *today, struct error *err) {
        if (strcmp(until, due) <= 0)
                return refuse(err, ERR_REFUSED, "U4", "La prórroga hasta %s no pasa del vencimiento %s.",
                              "The extension to %s does not go beyond the due date %s.", until, due);
        return custody_judge_due(until, today, err);
}

int custody_judge_decision(const char *decider, const char *owner, const char *requester, const char *borrower,
                           struct error *err) {
        if (strcmp(decider, owner) != 0)
                return refuse(err, ERR_DENIED, "U3", "Decide el propietario de la información, %s, no %s.",
                              "The information owner, %s, decides, not %s.", owner, decider);
        if (strcmp(decider, requester) == 0 || strcmp(decider, borrower) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s solicitó el préstamo o lo recibe y no puede decidirlo.",
                              "%s requested the loan or receives it and may not decide it.", decider);
        return 0;
}

int custody_judge_handover(const char *custodian, const char *borrower, const char *supervisor, struct error *err) {
        if (strcmp(custodian, borrower) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s recibe el préstamo y no puede entregárselo.",
                              "%s receives the loan and may not hand it over.", custodian);
        if (supervisor && (strcmp(supervisor, custodian) == 0 || strcmp(supervisor, borrower) == 0))
                return refuse(err, ERR_DENIED, "X1", "%s entrega o recibe y no puede supervisarlo.",
                              "%s hands over or receives and may not supervise it.", supervisor);
        return 0;
}

unsigned custody_compare_integrity(const struct integrity *out, const struct integrity *in) {
        unsigned changes = INTEGRITY_SAME;

        if (strcmp(out->digest, in->digest) != 0 || strcmp(out->luks_uuid, in->luks_uuid) != 0)
                changes |= INTEGRITY_HEADER;
        if (strcmp(out->seal, in->seal) != 0)
                changes |= INTEGRITY_SEAL;
        return changes;
}

int custody_judge_closing(unsigned roles, bool breach, bool assessed, struct error *err) {
        if (!(roles & ROLE_SECURITY))
                return refuse(err, ERR_DENIED, "U9", "Esta persona no es administrador de seguridad.",
                              "This person is not a security administrator.");
        if (breach && !assessed)
                return refuse(err, ERR_REFUSED, "U9",
                              "Una brecha se cierra con su evaluación (notificada, o por qué no).",
                              "A breach is closed with its assessment (notified, or why not).");
        return 0;
}
