#include "api/backup_verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/store.h"
#include "backup/backup.h"
#include "base/file.h"
#include "base/str.h"
#include "keys/keys.h"
#include "ledger/ledger.h"
#include "registry/person.h"
#include "sign/identity.h"

/* --- what both verbs check ----------------------------------------------------------------------------------- */

static int first_problem(const struct ledger_report *report, struct error *err) {
        const json_t *first = json_array_get(report->problems, 0);

        if (!first)
                return 0;
        return fail(err, ERR_VERIFY, "El libro de la copia no está íntegro: %s%.0s",
                    "The backup's ledger is not whole: %.0s%s", json_text_or_empty(first, "es"),
                    json_text_or_empty(first, "en"));
}

/* The ledger that was unpacked: every event and every row, and its head is the one that the manifest names. */
static int check_ledger(struct store *store, const struct backup *backup, int64_t *ret_events, struct error *err) {
        const struct schema *schemas[STORE_SCHEMAS_MAX];
        size_t n = store_schemas(schemas);
        struct ledger_report report = { 0 };
        uint8_t root[SHA256_SIZE];
        uint64_t size = 0;
        int r = ledger_checkpoint_verify(backup->checkpoint, store->public_key, &size, root, err);

        if (r == 0)
                r = ledger_verify_events(store->ledger, backup->checkpoint, &report, err);
        if (r == 0)
                r = ledger_verify_state(store->ledger, schemas, n, &report, err);
        if (r == 0)
                r = first_problem(&report, err);
        if (r == 0 && report.events != (int64_t) size)
                r = fail(err, ERR_VERIFY, "El libro de la copia tiene %lld eventos y su manifiesto dice %lld.",
                         "The backup's ledger has %lld events and its manifest says %lld.",
                         (long long) report.events, (long long) size);
        ledger_report_done(&report);
        *ret_events = (int64_t) size;
        return r;
}

/* Whether the station in the registry is the one whose certificate and key lie beside it. */
static int check_station(const struct store *store, const struct backup *backup, struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL;
        int r = certificate_from_pem(store->station.certificate, &certificate, err);

        if (r == 0 && (X509_cmp(certificate, backup->station_certificate) != 0 ||
                       strcmp(store->station.name, backup->station) != 0))
                r = fail(err, ERR_VERIFY, "El registro de la copia es de otro puesto.",
                         "The registry in the backup is another station's.");
        return r;
}

static int check_store(struct act *act, const char *folder, struct backup *backup, struct error *err) {
        struct store store = { 0 };
        int r = store_open(folder, act->clock, false, &store, err);

        if (r == 0)
                r = db_check(store.db, err);
        if (r == 0)
                r = check_station(&store, backup, err);
        if (r == 0)
                r = check_ledger(&store, backup, &backup->events, err);
        if (r == 0)
                r = keys_vault_check(folder, store.db, err);
        store_close(&store);
        /* What can't be opened is as wrong as what can be opened and differs. */
        if (r == ERR_CONFLICT || r == ERR_NOT_FOUND) {
                err->code = ERR_VERIFY;
                r = ERR_VERIFY;
        }
        return r;
}

static int unpack_and_check(struct act *act, const json_t *args, const char *folder, bool all,
                            struct backup *backup, struct error *err) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_(X509_freep) X509 *recovery = NULL;
        int r = backup_recovery_load(act, json_text(args, "key"), json_text(args, "certificate"), &key, &recovery,
                                     err);

        if (r == 0)
                r = backup_unpack(act, json_text(args, "file"), key, recovery, folder, all, backup, err);
        return r == 0 ? check_store(act, folder, backup, err) : r;
}

/* On record in the store that is open, if any; a file that is none of its backups has no number. */
static int record_verified(struct act *act, const struct backup *backup, const char *purpose, const char *prefix,
                           int64_t newer, const struct error *why, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char subject[24] = "-";

        if (!act->db)
                return 0;
        data = backup_verified_data(backup, purpose, prefix, newer, why);
        if (backup->number)
                (void) snprintf(subject, sizeof subject, "%lld", (long long) backup->number);
        return data ? act_record_one(act, "backup.verified", subject, data, err) : fail_memory(err);
}

/* A check that failed is a fact too; trouble in recording it must not hide it. Needs the writer's lock. */
static void record_failed(struct act *act, const struct backup *backup, const char *purpose,
                          const struct error *why) {
        if (why->code == ERR_VERIFY && *backup->sha256)
                (void) record_verified(act, backup, purpose, "", 0, why, NULL);
}

static json_t *answer(const struct backup *backup, const char *prefix, int64_t newer) {
        char when[TIME_TEXT];

        time_format(backup->created, when);
        return json_pack("{s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:I}", "number", (json_int_t) backup->number,
                         "station", backup->station, "created", when, "files", (json_int_t) backup->files, "size",
                         (json_int_t) backup->size, "events", (json_int_t) backup->events, "sha256", backup->sha256,
                         "prefix", prefix, "newer", (json_int_t) newer);
}

/* --- verify -------------------------------------------------------------------------------------------------- */

/* Today's ledger must go on from the backup's. *ret_prefix: "proved", or why it was not compared. */
static int compare_prefix(struct act *act, const struct backup *backup, const char **ret_prefix, int64_t *ret_newer,
                          struct error *err) {
        int r;

        if (!act->db) {
                *ret_prefix = "no-store";
                act_say(act, "Aquí no hay almacén: no se ha comparado con el libro de hoy.",
                        "There is no store here: it was not compared with today's ledger.");
                return 0;
        }
        if (strcmp(act->station, backup->station) != 0) {
                *ret_prefix = "other-station";
                act_say(act, "La copia es del puesto %s: no se ha comparado con el libro de este.",
                        "The backup is station %s's: it was not compared with this one's ledger.", backup->station);
                return 0;
        }
        r = ledger_contains(act->ledger, backup->checkpoint, ret_newer, err);
        if (r < 0)
                return r;
        *ret_prefix = "proved";
        r = backup_registered(act->db, backup, err);
        if (r == 0)
                act_say(act, "El registro no conoce este fichero: su creación se cortó antes de anotarla.",
                        "The register does not know this file: its making was cut off before it was recorded.");
        return r < 0 ? r : 0;
}

static int verify_in(struct act *act, const json_t *args, const char *folder, json_t **ret, struct error *err) {
        _cleanup_backup_ struct backup backup = { 0 };
        const char *prefix = "";
        struct error trouble = { 0 };
        int64_t newer = 0;
        int r = unpack_and_check(act, args, folder, false, &backup, &trouble);

        if (act->db && act_resume(act, r == 0 ? &trouble : NULL) < 0 && r == 0)
                r = trouble.code;
        if (r == 0)
                r = compare_prefix(act, &backup, &prefix, &newer, &trouble);
        if (r == 0)
                r = record_verified(act, &backup, "verify", prefix, newer, NULL, &trouble);
        else
                record_failed(act, &backup, "verify", &trouble);
        if (r < 0) {
                *err = trouble;
                return r;
        }
        act_say(act,
                "La copia %lld está íntegra y se puede restaurar: %lld ficheros, %lld eventos; desde entonces hay "
                "%lld.",
                "Backup %lld is whole and restores: %lld files, %lld events; %lld came since.",
                (long long) backup.number, (long long) backup.files, (long long) backup.events, (long long) newer);
        *ret = answer(&backup, prefix, newer);
        return *ret ? 0 : fail_memory(err);
}

static int run_verify(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_free_ char *folder = NULL;
        _cleanup_close_ int lock_fd = -1;
        struct error trouble;
        int r = private_folder_make(act, &folder, &lock_fd, err);

        if (r < 0)
                return r;
        if (act->db)
                r = act_pause(act, err);
        if (r == 0)
                r = verify_in(act, args, folder, ret, err);
        if (private_folder_wipe(folder, &trouble) < 0 && r == 0) {
                *err = trouble;
                return trouble.code;
        }
        return r;
}

/* --- restore ------------------------------------------------------------------------------------------------- */

struct restoring {
        struct act *act;
        const char *to;
        char *folder;       /* built beside the final name, then renamed */
        char *later_folder; /* the store that may know more, or NULL */
        struct store later; /* pinned */
        int later_lock;     /* its writer's lock, where it is not the session's own */
        struct store store; /* the restored one */
        struct backup backup;
        int64_t missing; /* events that the later ledger has and the backup has not; -1 unknown */
        int64_t newest;  /* the highest number of a backup */
        json_t *barred;  /* facts of keys that were destroyed since */
        bool keep;
};

static void restoring_done(struct restoring *g) {
        store_close(&g->store);
        store_close(&g->later);
        backup_done(&g->backup);
        json_decref(g->barred);
        if (g->folder && !g->keep)
                (void) private_folder_wipe(g->folder, NULL);
        free(g->folder);
        free(g->later_folder);
        close_fd(&g->later_lock);
}

static int check_target(const char *to, struct error *err) {
        struct stat st;

        if (lstat(to, &st) < 0 && errno == ENOENT)
                return 0;
        (void) fail(err, ERR_CONFLICT, "Ya existe «%s»: solo se restaura en una carpeta nueva.",
                    "“%s” exists already: a backup is restored into a new folder only.", to);
        return hint(err, "Diga otra con --to y, comprobada, póngala en su lugar.",
                    "Name another one with --to and, once checked, put it in its place.");
}

/* Two folders of one name are one store. */
static bool same_folder(const char *a, const char *b) {
        struct stat one, other;

        return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
               one.st_ino == other.st_ino;
}

static int lock_later(struct restoring *g, struct error *err) {
        _cleanup_free_ char *path = str_format("%s/lock", g->later_folder);

        if (!path)
                return fail_memory(err);
        g->later_lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (g->later_lock < 0 && errno == ENOENT)
                return 0; /* nobody ever wrote it */
        if (g->later_lock < 0)
                return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", path);
        if (flock(g->later_lock, LOCK_SH | LOCK_NB) == 0)
                return 0;
        (void) fail(err, ERR_BUSY, "Otro proceso está escribiendo en «%s».", "Another process is writing “%s”.",
                    g->later_folder);
        return hint(err, "Pare el puesto mientras se restaura.", "Stop the station while restoring.");
}

/* The store of --ledger, else the one that is open; it must be whole, of this station, and go on from the backup.
 */
static int open_later(struct restoring *g, const char *named, struct error *err) {
        struct ledger_report report = { 0 };
        struct act *act = g->act;
        int64_t size;
        int r;

        g->missing = -1;
        if (!named && !act->db)
                return 0;
        g->later_folder = strdup(named ? named : act->folder);
        if (!g->later_folder)
                return fail_memory(err);
        r = act->db && same_folder(g->later_folder, act->folder) ? 0 : lock_later(g, err);
        if (r == 0)
                r = store_open(g->later_folder, act->clock, false, &g->later, err);
        if (r == 0)
                r = db_pin(g->later.db, &size, err);
        if (r == 0 && strcmp(g->later.station.name, g->backup.station) != 0)
                return fail(err, ERR_CONFLICT, "«%s» es del puesto %s y la copia de %s.",
                            "“%s” is station %s's and the backup %s's.", g->later_folder, g->later.station.name,
                            g->backup.station);
        if (r == 0)
                r = ledger_verify_events(g->later.ledger, NULL, &report, err);
        if (r == 0)
                r = first_problem(&report, err);
        ledger_report_done(&report);
        if (r == 0)
                r = ledger_contains(g->later.ledger, g->backup.checkpoint, &g->missing, err);
        if (r == ERR_VERIFY)
                (void) hint(err, "Si ese libro está perdido, restaure con --store en una carpeta sin almacén.",
                            "If that ledger is lost, restore with --store on a folder without a store.");
        return r;
}

static int bar_destroyed(struct restoring *g, struct error *err) {
        int r;

        if (!g->later.db) {
                g->barred = json_array();
                return backup_newest(g->store.db, &g->newest, err);
        }
        r = keys_bar_destroyed(g->folder, g->store.db, g->later.db, &g->barred, err);
        return r == 0 ? backup_newest(g->later.db, &g->newest, err) : r;
}

static json_t *restored_data(const struct restoring *g) {
        const struct backup *b = &g->backup;
        json_t *keys = json_array(), *fact, *data;
        size_t i;

        json_array_foreach(g->barred, i, fact) {
                const json_t *key = json_object_get(fact, "data");
                char *ref = str_format("%s.%lld", json_text(key, "id"), (long long) json_int(key, "version", 0));

                (void) json_array_append_new(keys, json_string(ref ? ref : ""));
                free(ref);
        }
        data = json_pack("{s:I, s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:o}", "number", (json_int_t) b->number,
                         "sha256", b->sha256, "size", (json_int_t) b->size, "files", (json_int_t) b->files,
                         "recipient", b->recipient, "checkpoint", b->checkpoint, "taken", (json_int_t) b->created,
                         "events", (json_int_t) b->events, "newest",
                         (json_int_t) (g->newest > b->number ? g->newest : b->number), "keys_dropped", keys);
        if (data && g->missing >= 0)
                (void) json_object_set_new(data, "missing", json_integer(g->missing));
        return data;
}

/* The first facts of the restored store: which backup it is, and the keys that must not come back with it. */
static int record_restored(struct restoring *g, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        _cleanup_json_ json_t *data = restored_data(g);
        const size_t keys = json_array_size(g->barred);
        struct fact *facts = calloc(keys + 1, sizeof *facts);
        struct act inner = *g->act;
        char subject[24];
        int r;

        (void) snprintf(subject, sizeof subject, "%lld", (long long) g->backup.number);
        if (!data || !facts) {
                free(facts);
                return fail_memory(err);
        }
        facts[0] = (struct fact){ "backup.restored", subject, data };
        for (size_t i = 0; i < keys; i++) {
                const json_t *fact = json_array_get(g->barred, i);

                facts[i + 1] = (struct fact){ json_text(fact, "type"), json_text(fact, "subject"),
                                              json_object_get(fact, "data") };
        }
        inner.folder = g->folder;
        inner.db = g->store.db;
        inner.ledger = g->store.ledger;
        if (!inner.person && person_by_os_user(g->store.db, inner.os_user, &person, NULL) == 0)
                inner.person = person.name;
        r = act_record(&inner, facts, keys + 1, err);
        free(facts);
        return r;
}

static int put_in_place(struct restoring *g, struct error *err) {
        _cleanup_free_ char *copy = strdup(g->to);
        _cleanup_close_ int fd = open(g->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        store_close(&g->store);
        if (!copy)
                return fail_memory(err);
        if (fd < 0 || syncfs(fd) < 0 || renameat2(AT_FDCWD, g->folder, AT_FDCWD, g->to, RENAME_NOREPLACE) < 0)
                return fail_errno(err, errno, "No se puede crear «%s»", "“%s” can't be created", g->to);
        g->keep = true;
        return dir_sync(dirname(copy), err);
}

static int build(struct restoring *g, const json_t *args, struct error *err) {
        int r;

        g->folder = str_format("%s.new.%ld", g->to, (long) getpid());
        if (!g->folder)
                return fail_memory(err);
        if (mkdir(g->folder, 0700) < 0) {
                r = fail_errno(err, errno, "No se puede crear «%s»", "“%s” can't be created", g->folder);
                free(TAKE_PTR(g->folder)); /* not ours to remove */
                return r;
        }
        r = unpack_and_check(g->act, args, g->folder, true, &g->backup, err);
        if (r == 0)
                r = store_make_folders(g->folder, err);
        return r;
}

/* With the live store's lock from here on: a key destroyed meanwhile would be missed. */
static int finish(struct restoring *g, const json_t *args, struct error *err) {
        int r = open_later(g, json_text(args, "ledger"), err);

        if (r == 0)
                r = store_open(g->folder, g->act->clock, true, &g->store, err);
        if (r == 0)
                r = bar_destroyed(g, err);
        if (r == 0 && !g->act->dry_run)
                r = record_restored(g, err);
        if (r == 0)
                r = record_verified(g->act, &g->backup, "restore", g->later.db ? "proved" : "no-store",
                                    g->missing < 0 ? 0 : g->missing, NULL, err);
        return r == 0 && !g->act->dry_run ? put_in_place(g, err) : r;
}

static void tell(const struct restoring *g) {
        struct act *act = g->act;
        const size_t keys = json_array_size(g->barred);

        act_say(act, "Restaurada la copia %lld en %.300s: %lld eventos.",
                "Backup %lld restored in %.300s: %lld events.", (long long) g->backup.number, g->to,
                (long long) g->backup.events);
        if (g->missing > 0)
                act_say(act, "Le faltan %lld eventos que el libro de «%.300s» tiene: consérvelo.",
                        "It lacks %lld events that the ledger of “%.300s” has: keep that.", (long long) g->missing,
                        g->later_folder);
        if (g->missing < 0)
                act_say(act, "Sin un libro posterior (--ledger) no se sabe qué se hizo o destruyó después.",
                        "Without a later ledger (--ledger) what was done or destroyed since is not known.");
        if (keys)
                act_say(act, "%zu claves destruidas desde entonces no se han restaurado.",
                        "%zu keys destroyed since were not restored.", keys);
}

static int run_restore(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(
                restoring_done) struct restoring g = { .act = act, .to = json_text(args, "to"), .later_lock = -1 };
        struct error trouble = { 0 };
        int r = check_target(g.to, err);

        if (r < 0)
                return r;
        if (act->db)
                r = act_pause(act, err);
        if (r == 0)
                r = build(&g, args, &trouble);
        if (act->db && act_resume(act, r == 0 ? &trouble : NULL) < 0 && r == 0)
                r = trouble.code;
        if (r == 0)
                r = finish(&g, args, &trouble);
        if (r < 0) {
                record_failed(act, &g.backup, "restore", &trouble);
                *err = trouble;
                return r;
        }
        tell(&g);
        *ret = answer(&g.backup, g.later.db ? "proved" : "no-store", g.missing);
        if (!*ret)
                return fail_memory(err);
        (void) json_object_set_new(*ret, "to", json_string(g.to));
        (void) json_object_set_new(*ret, "keys_dropped", json_integer((json_int_t) json_array_size(g.barred)));
        return 0;
}

/* --- the table ----------------------------------------------------------------------------------------------- */

#define RECOVERY                                                                                                   \
        { .name = "file",                                                                                          \
          .type = PARAM_INPUT,                                                                                     \
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,                                                              \
          .help = HELP("la copia", "the backup") },                                                                \
                { .name = "key",                                                                                   \
                  .type = PARAM_INPUT,                                                                             \
                  .help = HELP("clave de recuperación (por defecto, recovery/recovery.key del almacén)",           \
                               "recovery key (default: the store's recovery/recovery.key)") },                     \
        {                                                                                                          \
                .name = "certificate", .type = PARAM_INPUT,                                                        \
                .help = HELP("su certificado (por defecto, junto a la clave, .crt)",                               \
                             "its certificate (default: beside the key, .crt)")                                    \
        }

static const struct param verify_params[] = { RECOVERY };

static const struct param restore_params[] = {
        RECOVERY,
        { .name = "to",
          .type = PARAM_OUTPUT,
          .flags = PARAM_REQUIRED,
          .help = HELP("carpeta nueva del almacén restaurado", "new folder of the restored store") },
        { .name = "ledger",
          .type = PARAM_INPUT,
          .help = HELP("almacén posterior, cuyas claves destruidas no se restauran (por defecto, el abierto)",
                       "a later store, whose destroyed keys are not restored (default: the open one)") },
};

#define CHECKED                                                                                                    \
        { "number", HELP("COPIA", "BACKUP") }, { "station", HELP("PUESTO", "STATION") },                           \
                { "created", HELP("HECHA", "CREATED") }, { "files", HELP("FICHEROS", "FILES") },                   \
                { "size", HELP("BYTES", "BYTES") }, { "events", HELP("EVENTOS", "EVENTS") },                       \
                { "prefix", HELP("LIBRO DE HOY", "TODAY'S LEDGER") }, { "newer", HELP("POSTERIORES", "NEWER") }, { \
                "sha256", HELP("SHA-256", "SHA-256")                                                               \
        }

static const struct column verify_columns[] = { CHECKED };
static const struct column restore_columns[] = { CHECKED,
                                                 { "to", HELP("CARPETA", "FOLDER") },
                                                 { "keys_dropped",
                                                   HELP("CLAVES NO RESTAURADAS", "KEYS NOT RESTORED") } };

/* X1: both take the recovery key out of its safe and the vault out of its encryption. */
static const struct verb verbs[] = {
        { .noun = "backup",
          .name = "verify",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES | VERB_ANY_STORE,
          .help = HELP("Comprueba que una copia se puede restaurar y que el libro de hoy la continúa",
                       "Checks that a backup restores and that today's ledger goes on from it"),
          PARAMS(verify_params),
          COLUMNS(verify_columns),
          .run = run_verify },
        { .noun = "backup",
          .name = "restore",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES | VERB_ANY_STORE | VERB_LOCAL,
          .help = HELP("Restaura una copia en una carpeta nueva", "Restores a backup into a new folder"),
          PARAMS(restore_params),
          COLUMNS(restore_columns),
          .run = run_restore },
};

const struct room backup_check_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
