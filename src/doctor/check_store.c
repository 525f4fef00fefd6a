/* The store: who can read it, what is in it, and whether it is whole enough to go on. */
#include <dirent.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup.h"
#include "base/str.h"
#include "doctor/internal.h"
#include "encrypt/encrypt.h"
#include "keys/keys.h"
#include "ledger/ledger.h"
#include "registry/person.h"
#include "registry/station.h"
#include "sanitize/sanitize.h"
#include "sign/identity.h"
#include "sign/openssl.h"

/* --- ownership and modes ------------------------------------------------------------------------------------- */

struct reading {
        const struct doctor *doctor;
        uid_t owner;
        unsigned open, foreign;     /* how many */
        char first_open[ROOT_PATH]; /* an example */
        char first_foreign[ROOT_PATH];
};

static void look_at(struct reading *reading, const char *path, const struct stat *st) {
        if (!S_ISLNK(st->st_mode) && (st->st_mode & 07) && reading->open++ == 0)
                (void) snprintf(reading->first_open, ROOT_PATH, "%s", path);
        if (st->st_uid != reading->owner && reading->foreign++ == 0)
                (void) snprintf(reading->first_foreign, ROOT_PATH, "%s", path);
}

/* Links are not followed. Attachments may be a million; what is wrong with their modes shows in the first of them.
 */
enum { NAMES_MAX = 10000 };

static void look_in(struct reading *reading, const char *folder, int depth) {
        _cleanup_closedir_ DIR *dir = opendir(folder);
        const struct dirent *entry;

        for (int n = 0; dir && n < NAMES_MAX && (entry = readdir(dir)); n++) {
                char path[ROOT_PATH];
                struct stat st;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= ROOT_PATH ||
                    lstat(path, &st) < 0)
                        continue;
                look_at(reading, path, &st);
                if (S_ISDIR(st.st_mode) && depth > 1)
                        look_in(reading, path, depth - 1);
        }
}

/* The installed station's store is the station's account's; a store elsewhere is whoever's folder it is. */
static void check_owner(struct doctor *d, const struct stat *folder) {
        _cleanup_fclose_ FILE *accounts = NULL;
        const struct passwd *account = NULL;
        char path[ROOT_PATH];

        if (strcmp(d->act->folder, d->context->store) != 0)
                return;
        if (root_path(d->context, "/etc/passwd", path))
                accounts = fopen(path, "re");
        while (accounts && (account = fgetpwent(accounts)))
                if (strcmp(account->pw_name, STATION_USER) == 0)
                        break;
        if (!account)
                found(d, SEVERITY_FAIL, "no existe la cuenta «%s», dueña del almacén",
                      "there is no account “%s”, which owns the store", STATION_USER);
        else if (account->pw_uid != folder->st_uid)
                found(d, SEVERITY_FAIL, "el almacén no es de la cuenta «%s»", "the store is not account “%s”'s own",
                      STATION_USER);
}

void check_store(struct doctor *d) {
        struct reading reading = { .doctor = d };
        struct stat st;

        if (stat(d->act->folder, &st) < 0) {
                found(d, SEVERITY_FAIL, "no se puede leer «%s»", "“%s” can't be read", d->act->folder);
                return;
        }
        reading.owner = st.st_uid;
        check_owner(d, &st);
        look_at(&reading, d->act->folder, &st);
        look_in(&reading, d->act->folder, 3);
        if (reading.open)
                found(d, SEVERITY_FAIL, "%u ficheros del almacén están abiertos a cualquiera, como «%.200s»",
                      "%u files of the store are open to anybody, such as “%.200s”", reading.open,
                      reading.first_open);
        if (reading.foreign)
                found(d, SEVERITY_FAIL, "%u ficheros del almacén son de otra cuenta, como «%.200s»",
                      "%u files of the store are another account's, such as “%.200s”", reading.foreign,
                      reading.first_foreign);
        if (!(st.st_mode & 07) && (st.st_mode & 070))
                found(d, SEVERITY_WARN, "el grupo %u entra en el almacén sin pasar por mpsid",
                      "group %u enters the store without going through mpsid", (unsigned) st.st_gid);
}

void check_recovery(struct doctor *d) {
        _cleanup_free_ char *path = act_path(d->act, "recovery", "recovery.key");

        if (path && access(path, F_OK) == 0)
                found(d, SEVERITY_WARN, "la clave de recuperación sigue en «%s»",
                      "the recovery key is still in “%s”", path);
}

void check_space(struct doctor *d) {
        for (size_t i = 0; i < space_demands_n; i++) {
                const struct space_demand *demand = &space_demands[i];
                int64_t room = 0, total = 0;
                enum severity severity;
                char path[ROOT_PATH];
                int r;

                if (demand->path ? !root_path(d->context, demand->path, path)
                                 : snprintf(path, sizeof path, "%s", d->act->folder) >= ROOT_PATH)
                        continue;
                r = d->context->space(path, &room, &total);
                if (r < 0) {
                        found(d, SEVERITY_WARN, "no se sabe cuánto sitio queda en «%s»: %s",
                              "how much room is left in “%s” can't be told: %s", path, strerror(-r));
                        continue;
                }
                severity = space_judge(demand, room, total);
                if (severity != SEVERITY_OK)
                        found(d, severity, "quedan %lld MB en «%s»", "%lld MB are left in “%s”",
                              (long long) (room / 1000000), path);
        }
}

void check_vault(struct doctor *d) {
        _cleanup_free_ char *path = act_path(d->act, NULL, "vault.db");
        int64_t there = 0, live = 0;
        struct error err = { 0 };
        struct stat st;

        if (!path || stat(path, &st) < 0) {
                found(d, SEVERITY_FAIL, "falta la bóveda de claves", "the vault is missing");
                return;
        }
        if (st.st_mode & 077)
                found(d, SEVERITY_FAIL, "otros pueden leer la bóveda de claves (%04o)",
                      "others can read the vault (%04o)", (unsigned) (st.st_mode & 07777));
        if (keys_count(d->act, &there, &live, &err) < 0)
                found_error(d, SEVERITY_FAIL, &err);
        else if (there < live)
                found(d, SEVERITY_FAIL, "faltan %lld claves vivas en la bóveda",
                      "%lld live keys are missing from the vault", (long long) (live - there));
}

void check_key_age(struct doctor *d) {
        enum master_age age = MASTER_FRESH;
        int64_t due = 0, soon = 0, overdue = 0;
        struct error err = { 0 };
        char day[DATE_TEXT];

        if (keys_master_age(d->act, &age, &due, &err) < 0 || encrypt_count_due(d->act, &soon, &overdue, &err) < 0) {
                found_error(d, SEVERITY_FAIL, &err);
                return;
        }
        date_of(due, day);
        if (age == MASTER_OVERDUE)
                found(d, SEVERITY_FAIL, "la clave maestra debía renovarse el %s",
                      "the master key was due for renewal on %s", day);
        else if (age == MASTER_DUE_SOON)
                found(d, SEVERITY_WARN, "la clave maestra debe renovarse antes del %s",
                      "the master key is due for renewal on %s", day);
        if (overdue)
                found(d, SEVERITY_WARN, "%lld soportes tienen vencida su clave de volumen: solo se leen",
                      "the volume keys of %lld media are overdue: they are read-only", (long long) overdue);
        if (soon)
                found(d, SEVERITY_INFO, "la clave de volumen de %lld soportes vence pronto",
                      "the volume keys of %lld media are due soon", (long long) soon);
}

/* --- certificates -------------------------------------------------------------------------------------------- */

static void check_certificate(struct doctor *d, const char *pem, struct text whose, const char *person) {
        _cleanup_(X509_freep) X509 *certificate = NULL;
        int64_t from = 0, to = 0, now = act_now(d->act);
        enum severity severity;
        struct error err = { 0 };
        char date[DATE_TEXT];

        if (certificate_from_pem(pem, &certificate, &err) < 0 ||
            certificate_validity(certificate, &from, &to, &err) < 0) {
                found(d, SEVERITY_FAIL, "el certificado %s%s%.0s%.0s no se entiende",
                      "the certificate %.0s%.0s%s%s can't be understood", whose.es, person, whose.en, person);
                return;
        }
        severity = term_judge_left(TERM_CERTIFICATE, to - now);
        date_of(to, date);
        if (severity != SEVERITY_OK)
                found(d, severity, "el certificado %s%s%.0s%.0s vale hasta el %s",
                      "the certificate %.0s%.0s%s%s is valid until %s", whose.es, person, whose.en, person, date);
}

/* Those who can't act need no certificate. */
static int check_person(void *context, const struct person *person) {
        struct doctor *d = context;
        char today[DATE_TEXT];

        date_of(act_now(d->act), today);
        if (person->certificate && !person->blocked && (!*person->expires || strcmp(person->expires, today) >= 0))
                check_certificate(d, person->certificate, (struct text){ "de ", "of " }, person->name);
        return 0;
}

void check_certificates(struct doctor *d) {
        struct station station;
        struct error err = { 0 };
        int r = station_load(d->act->db, &station, &err);

        if (r == 0) {
                check_certificate(d, station.certificate, (struct text){ "del puesto", "of the station" }, "");
                check_certificate(d, station.seal_certificate, (struct text){ "del sello", "of the seal" }, "");
                check_certificate(d, station.ca_certificate,
                                  (struct text){ "de la organización", "of the organisation" }, "");
                check_certificate(d, station.recovery_certificate,
                                  (struct text){ "de recuperación", "of recovery" }, "");
                station_done(&station);
                r = person_each(d->act->db, check_person, d, &err);
        }
        if (r < 0)
                found_error(d, SEVERITY_FAIL, &err);
}

/* --- the ledger and what is due ------------------------------------------------------------------------------ */

void check_ledger(struct doctor *d) {
        struct error err = { 0 };

        if (ledger_check_head(d->act->ledger, &err) < 0)
                found_error(d, SEVERITY_FAIL, &err);
}

void check_clock_back(struct doctor *d) {
        enum { STEP = 2 }; /* seconds that a clock is put right by without being set back */
        int64_t newest = 0, now = act_now(d->act);
        struct error err = { 0 };
        char moment[TIME_TEXT];
        int r = ledger_newest(d->act->db, &newest, &err);

        if (r < 0 && r != ERR_NOT_FOUND) {
                found_error(d, SEVERITY_FAIL, &err);
        } else if (r == 0 && newest > now + STEP * SECOND) {
                time_format_local(newest, moment);
                found(d, SEVERITY_FAIL, "el reloj se ha atrasado: el último evento es de %s",
                      "the clock was set back: the newest event is of %s", moment);
        }
}

void check_backup(struct doctor *d) {
        int64_t last = 0;
        struct error err = { 0 };
        enum severity severity;
        char date[DATE_TEXT];
        int r = backup_newest_sound(d->act->db, &last, &err);

        if (r < 0) {
                found_error(d, SEVERITY_FAIL, &err);
                return;
        }
        if (last == 0) {
                found(d, SEVERITY_WARN, "no consta ninguna copia de seguridad comprobada",
                      "no verified backup is on record");
                return;
        }
        severity = term_judge_age(TERM_BACKUP, act_now(d->act) - last);
        date_of(last, date);
        if (severity != SEVERITY_OK)
                found(d, severity, "la última copia comprobada es del %s", "the last verified backup is of %s",
                      date);
}

void check_jobs(struct doctor *d) {
        struct error err = { 0 };
        int64_t n = 0;

        if (sanitization_unfinished(d->act->db, &n, &err) < 0)
                found_error(d, SEVERITY_FAIL, &err);
        else if (n > 0)
                found(d, SEVERITY_WARN, "%lld borrados están en curso o interrumpidos",
                      "%lld wipes are running or interrupted", (long long) n);
}
