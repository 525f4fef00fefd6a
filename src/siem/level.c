#include "siem/level.h"

#include <fnmatch.h>
#include <string.h>
#include <syslog.h>

#define NAME(spanish, english)                                                                                     \
        { .es = (spanish), .en = (english) }
#define ANY NULL, NULL

/* Order matters: what is special comes before what is general. Refusals, incidents, what the gate keeps out and
 * lock-outs are warnings or more; what threatens the record itself is critical. */
/* clang-format off */
const struct siem_level siem_levels[] = {
        { "ledger.tampered",          ANY, LOG_CRIT,    10, NAME("Libro manipulado o restaurado", "Ledger tampered with or restored") },
        { "ledger.resent",            ANY, LOG_NOTICE,   5, NAME("Se envía otra vez todo el libro", "The whole ledger is sent again") },
        { "ledger.checkpoint",        ANY, LOG_INFO,     1, NAME("Punto de control firmado del libro", "Signed checkpoint of the ledger") },
        { "shipment.lost",            ANY, LOG_CRIT,    10, NAME("Envío perdido", "Shipment lost") },
        { "incident.opened",          ANY, LOG_ERR,      8, NAME("Incidencia abierta", "Incident opened") },
        { "incident.noted",           ANY, LOG_NOTICE,   5, NAME("Incidencia: anotación", "Incident: note") },
        { "incident.closed",          ANY, LOG_NOTICE,   5, NAME("Incidencia cerrada", "Incident closed") },
        { "incident.*",               ANY, LOG_WARNING,  6, NAME(NULL, NULL) },
        { "act.refused",              ANY, LOG_WARNING,  6, NAME("Acto rechazado", "Act refused") },
        { "*.locked",                 ANY, LOG_ERR,      8, NAME("Cuenta bloqueada", "Account locked") },
        { "access.alert",             ANY, LOG_WARNING,  7, NAME("Alerta de accesos fallidos", "Alert of failed access") },
        { "group.*",                  ANY, LOG_NOTICE,   5, NAME("Cambio de roles de un grupo", "Roles of a group changed") },
        { "*.lost*",                  ANY, LOG_CRIT,    10, NAME(NULL, NULL) },
        { "*.blocked",                ANY, LOG_WARNING,  7, NAME(NULL, NULL) },
        { "baseline.drift", "level", "critical",   LOG_CRIT,    9, NAME("Desvío crítico de la configuración", "Critical drift of the configuration") },
        { "*drift*",                  ANY, LOG_WARNING,  7, NAME(NULL, NULL) },
        { "*tamper*",                 ANY, LOG_CRIT,    10, NAME(NULL, NULL) },
        { "device.judged", "verdict", "accept",    LOG_INFO,    2, NAME("Soporte admitido", "Medium let in") },
        { "device.judged", "verdict", "read-only", LOG_WARNING, 6, NAME("Soporte dejado en solo lectura", "Medium kept read-only") },
        { "device.judged",            ANY, LOG_WARNING,  7, NAME("Soporte rechazado", "Medium refused") },
        { "device.allowed",           ANY, LOG_WARNING,  6, NAME("Excepción para un soporte", "Exception for a medium") },
        { "destruction.requested",    ANY, LOG_NOTICE,   4, NAME("Destrucción solicitada", "Destruction requested") },
        { "destruction.approved",     ANY, LOG_NOTICE,   4, NAME("Destrucción aprobada", "Destruction approved") },
        { "destruction.executed",     ANY, LOG_NOTICE,   5, NAME("Destrucción ejecutada", "Destruction executed") },
        { "sanitization.started",     ANY, LOG_NOTICE,   4, NAME("Borrado iniciado", "Sanitization started") },
        { "sanitization.finished",    ANY, LOG_NOTICE,   4, NAME("Borrado terminado", "Sanitization finished") },
        { "sanitization.interrupted", ANY, LOG_WARNING,  6, NAME("Borrado interrumpido", "Sanitization interrupted") },
        { "sanitization.temperature", ANY, LOG_NOTICE,   4, NAME("Temperatura del soporte que se borra", "Temperature of a medium being wiped") },
        { "sanitization.cancelled",   ANY, LOG_WARNING,  5, NAME("Borrado cancelado", "Sanitization cancelled") },
        { "sanitization.validated", "decision", "accept", LOG_NOTICE, 4, NAME("Borrado aceptado", "Sanitization accepted") },
        { "sanitization.validated",   ANY, LOG_WARNING,  6, NAME("Borrado no aceptado", "Sanitization not accepted") },
        { "sanitization.verified",    ANY, LOG_NOTICE,   4, NAME("Borrado releído", "Sanitization read again") },
        { "sanitization.calibrated",  ANY, LOG_INFO,     2, NAME("Escritura de ceros medida", "Writing of zeros measured") },
        { "encryption.open-failed", "level", "critical", LOG_CRIT, 9, NAME("Muchas aperturas fallidas de un soporte", "Many failed openings of a medium") },
        { "encryption.open-failed", "level", "alert", LOG_ERR, 8, NAME("Alerta de aperturas fallidas de un soporte", "Alert of failed openings of a medium") },
        { "encryption.open-failed",   ANY, LOG_WARNING,  6, NAME("Apertura fallida de un soporte", "Failed opening of a medium") },
        { "encryption.opened",        ANY, LOG_NOTICE,   4, NAME("Soporte abierto", "Medium opened") },
        { "encryption.closed",        ANY, LOG_INFO,     3, NAME("Soporte cerrado", "Medium closed") },
        { "encryption.erased",        ANY, LOG_NOTICE,   5, NAME("Borrado criptográfico", "Crypto erase") },
        { "encryption.erase-started", ANY, LOG_NOTICE,   5, NAME("Borrado criptográfico iniciado", "Crypto erase started") },
        { "encryption.finished",      ANY, LOG_INFO,     3, NAME("Soporte cifrado", "Medium encrypted") },
        { "encryption.rotation-due", "standing", "overdue", LOG_WARNING, 7, NAME("Clave de volumen vencida", "Volume key overdue") },
        { "encryption.rotation-due",  ANY, LOG_NOTICE,   5, NAME("Clave de volumen por vencer", "Volume key due soon") },
        { "encryption.rotation-waived", ANY, LOG_WARNING, 6, NAME("Rotación aplazada", "Rotation put off") },
        { "encryption.rekey-stopped", ANY, LOG_WARNING,  5, NAME("Recifrado interrumpido", "Re-encryption stopped") },
        { "encryption.change-failed", ANY, LOG_WARNING,  6, NAME("Cambio de cabecera fallido", "Change of a header failed") },
        { "encryption.change*",       ANY, LOG_NOTICE,   4, NAME("Cambio de cabecera", "Change of a header") },
        { "shipment.stopped",         ANY, LOG_WARNING,  6, NAME("Envío detenido", "Shipment stopped") },
        { "shipment.dispatched",      ANY, LOG_NOTICE,   4, NAME("Envío despachado", "Shipment dispatched") },
        { "shipment.confirmed",       ANY, LOG_NOTICE,   4, NAME("Envío confirmado", "Shipment confirmed") },
        { "certificate.issued",       ANY, LOG_NOTICE,   4, NAME("Certificado emitido", "Certificate issued") },
        { "certificate.superseded",   ANY, LOG_WARNING,  5, NAME("Certificado sustituido", "Certificate superseded") },
        { "provider.withdrawn",       ANY, LOG_NOTICE,   4, NAME("Proveedor retirado", "Provider withdrawn") },
        { "certificate.revoked",      ANY, LOG_WARNING,  6, NAME("Certificado revocado", "Certificate revoked") },
        { "key.destroyed",            ANY, LOG_NOTICE,   5, NAME("Clave destruida", "Key destroyed") },
        { "key.created",              ANY, LOG_NOTICE,   4, NAME("Clave creada", "Key created") },
        { "key.*",                    ANY, LOG_NOTICE,   4, NAME(NULL, NULL) },
        { "person.added",             ANY, LOG_NOTICE,   5, NAME("Alta de persona", "Person added") },
        { "person.changed",           ANY, LOG_NOTICE,   5, NAME("Cambio de persona o de roles", "Person or roles changed") },
        { "person.trained",           ANY, LOG_INFO,     2, NAME("Formación de una persona", "Person trained") },
        { "badge.issued",             ANY, LOG_NOTICE,   4, NAME("Tarjeta emitida", "Card issued") },
        { "badge.revoked",            ANY, LOG_NOTICE,   5, NAME("Tarjeta anulada", "Card made void") },
        { "person.*",                 ANY, LOG_NOTICE,   5, NAME(NULL, NULL) },
        { "loan.requested",           ANY, LOG_INFO,     3, NAME("Préstamo solicitado", "Loan requested") },
        { "loan.approved",            ANY, LOG_INFO,     3, NAME("Préstamo aprobado", "Loan approved") },
        { "loan.handed-over",         ANY, LOG_INFO,     3, NAME("Soporte entregado", "Medium handed over") },
        { "loan.returned",            ANY, LOG_INFO,     3, NAME("Soporte devuelto", "Medium returned") },
        { "custody.access-requested", ANY, LOG_INFO,     3, NAME("Acceso a custodia solicitado", "Access to custody requested") },
        { "custody.access-approved",  ANY, LOG_INFO,     3, NAME("Acceso a custodia aprobado", "Access to custody approved") },
        { "custody.access-denied",    ANY, LOG_NOTICE,   4, NAME("Acceso a custodia denegado", "Access to custody denied") },
        { "custody.entered",          ANY, LOG_NOTICE,   4, NAME("Entrada en custodia", "Custody entered") },
        { "custody.left",             ANY, LOG_NOTICE,   4, NAME("Salida de custodia", "Custody left") },
        { "custody.checked",          ANY, LOG_INFO,     3, NAME("Verificación diaria de la custodia", "Daily verification of custody") },
        { "environment.alert", "level", "critical", LOG_CRIT, 9, NAME("Ambiente crítico en custodia", "Critical environment in custody") },
        { "environment.alert",        ANY, LOG_WARNING,  7, NAME("Alerta del ambiente en custodia", "Alert of the environment in custody") },
        { "environment.measured",     ANY, LOG_INFO,     1, NAME("Lecturas del ambiente", "Readings of the environment") },
        { "stocktake.missed",         ANY, LOG_WARNING,  7, NAME("Soportes no hallados en un recuento", "Media not found by a stocktake") },
        { "stocktake.finished",       ANY, LOG_NOTICE,   4, NAME("Recuento cerrado", "Stocktake finished") },
        { "alert.not-located", "level", "critical", LOG_CRIT, 9, NAME("Soportes sin localizar: crítico", "Media not located: critical") },
        { "alert.not-located",        ANY, LOG_WARNING,  7, NAME("Soportes sin localizar: alerta", "Media not located: alert") },
        { "label.unsent",             ANY, LOG_NOTICE,   4, NAME("Etiqueta que no salió de la impresora", "Label that did not leave the printer") },
        { "label.voided",             ANY, LOG_NOTICE,   4, NAME("Etiqueta anulada", "Label made void") },
        { "label.*",                  ANY, LOG_INFO,     2, NAME("Etiqueta impresa", "Label printed") },
        { "medium.inspected", "classification", "CONFIDENCIAL", LOG_NOTICE, 5, NAME("Datos de salud en un soporte", "Health data on a medium") },
        { "medium.inspected",         ANY, LOG_INFO,     3, NAME("Contenido de un soporte mirado", "Content of a medium looked at") },
        { "blank.voided",             ANY, LOG_NOTICE,   4, NAME("Código reservado anulado", "Reserved code made void") },
        { "blank.*",                  ANY, LOG_INFO,     2, NAME("Códigos reservados o asignados", "Codes reserved or claimed") },
        { "medium.registered",        ANY, LOG_INFO,     3, NAME("Soporte registrado", "Medium registered") },
        { "medium.changed",           ANY, LOG_NOTICE,   4, NAME("Soporte modificado", "Medium changed") },
        { "medium.retired",           ANY, LOG_NOTICE,   4, NAME("Soporte dado de baja", "Medium retired") },
        { "medium.moved",             ANY, LOG_INFO,     3, NAME("Soporte cambiado de lugar", "Medium moved") },
        { "report.made",              ANY, LOG_INFO,     3, NAME("Informe generado", "Report made") },
        { "store.profile-changed",    ANY, LOG_NOTICE,   5, NAME("Perfil criptográfico cambiado", "Cryptographic profile changed") },
        { "store.created",            ANY, LOG_NOTICE,   5, NAME("Almacén creado", "Store created") },
        { "*.refused",                ANY, LOG_WARNING,  6, NAME(NULL, NULL) },
        { "*.failed",                 ANY, LOG_WARNING,  6, NAME(NULL, NULL) },
        { "*.revoked",                ANY, LOG_NOTICE,   5, NAME(NULL, NULL) },
        { "alert.*",                  ANY, LOG_WARNING,  6, NAME(NULL, NULL) },
        { "*",                        ANY, LOG_INFO,     3, NAME(NULL, NULL) },
};
/* clang-format on */
const size_t siem_levels_n = sizeof siem_levels / sizeof siem_levels[0];

const struct siem_level *siem_level(const char *type, const json_t *data) {
        for (size_t i = 0; i < siem_levels_n; i++) {
                const struct siem_level *level = &siem_levels[i];

                if (fnmatch(level->pattern, type, 0) != 0)
                        continue;
                if (!level->member || strcmp(json_text_or_empty(data, level->member), level->value) == 0)
                        return level;
        }
        return &siem_levels[siem_levels_n - 1];
}
