#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "doctor/internal.h"

const struct check station_checks[] = {
        { "udev-rules",
          "C3",
          { "las reglas de udev de la puerta están instaladas, sin cambios",
            "the gate's udev rules are installed and unchanged" },
          { "Instale de nuevo el paquete mpsi y ejecute «udevadm control --reload».",
            "Install the mpsi package again and run “udevadm control --reload”." },
          check_udev_rules },
        { "udev-overrides",
          "C3",
          { "ninguna otra regla de udev las tapa ni toca lo que ponen",
            "no other udev rule masks them or touches what they set" },
          { "Quite esas reglas y ejecute «udevadm control --reload».",
            "Remove those rules and run “udevadm control --reload”." },
          check_udev_overrides },
        { "gate-program",
          "C3",
          { "mpsi-gate está donde lo llama udev, es de root y responde",
            "mpsi-gate is where udev calls it, root's own, and answers" },
          { "Instale de nuevo el paquete mpsi; nadie más que root puede escribir en su carpeta.",
            "Install the mpsi package again; nobody but root may write to its folder." },
          check_gate_program },
        { "gate-mode",
          "C3",
          { "la puerta cierra lo que no es aceptable", "the gate closes what is not acceptable" },
          { "Ponga «mode = enforce» en la sección [gate] de " STATION_CONFIG ".",
            "Set “mode = enforce” in section [gate] of " STATION_CONFIG "." },
          check_gate_mode },
        { "udevd",
          "C3",
          { "systemd-udevd está en marcha", "systemd-udevd is running" },
          { "Ejecute «systemctl start systemd-udevd».", "Run “systemctl start systemd-udevd”." },
          check_udevd },
        { "mpsid",
          "C3",
          { "mpsid responde", "mpsid answers" },
          { "Ejecute «systemctl enable --now mpsid» y vea «journalctl -u mpsid».",
            "Run “systemctl enable --now mpsid” and see “journalctl -u mpsid”." },
          check_mpsid },
        { "units",
          "X5",
          { "las unidades de systemd son las del paquete", "the systemd units are the package's" },
          { "Vea «systemctl cat mpsid»; «systemctl revert mpsid» quita lo añadido.",
            "See “systemctl cat mpsid”; “systemctl revert mpsid” removes what was added." },
          check_units },
        { "programs",
          "X5",
          { "los programas son de root y nadie más los escribe",
            "the programs are root's and nobody else can write them" },
          { "Instale de nuevo el paquete mpsi.", "Install the mpsi package again." },
          check_programs },
        { "baseline",
          "X5",
          { "la configuración es la de la base vigente", "the configuration is that of the baseline in force" },
          { "Vea «mpsi baseline check»; deshaga el cambio, o regístrelo con «mpsi baseline record».",
            "See “mpsi baseline check”; undo the change, or record it with “mpsi baseline record”." },
          check_baseline },
        { "automounters",
          "C3",
          { "no hay montadores automáticos que se salten la puerta", "no automounter goes past the gate" },
          { "Desinstálelo, o instale las reglas de udev que le ocultan los soportes.",
            "Remove it, or install the udev rules that hide media from it." },
          check_automounters },
        { "foreign-mounts",
          "C3",
          { "ningún soporte ajeno está montado en escritura", "no foreign medium is mounted for writing" },
          { "Desmóntelo y retírelo; vea «mpsi device list» y dé parte de una incidencia.",
            "Unmount and remove it; see “mpsi device list” and open an incident." },
          check_foreign_mounts },
        { "usb-authorized",
          "C3",
          { "ningún bus USB autoriza por sí solo lo que se conecta",
            "no USB bus authorises by itself what is plugged in" },
          { "", "" },
          check_usb },
        { "store",
          "C10",
          { "nadie más que su dueño lee el almacén", "nobody but its owner reads the store" },
          { "chown -R mpsi:mpsi " STATION_STORE " && chmod -R go-rwx " STATION_STORE,
            "chown -R mpsi:mpsi " STATION_STORE " && chmod -R go-rwx " STATION_STORE },
          check_store },
        { "recovery-key",
          "C4",
          { "la clave de recuperación no está en el puesto", "the recovery key is not on the station" },
          { "Lleve la carpeta recovery/ a un soporte guardado aparte y bórrela del puesto.",
            "Take folder recovery/ to a medium that is kept elsewhere, and delete it from the station." },
          check_recovery },
        { "vault",
          "C4",
          { "la bóveda de claves se abre y guarda las claves vivas", "the vault opens and holds the live keys" },
          { "Restaure la copia de seguridad; vea «mpsi key status».",
            "Restore the backup; see “mpsi key status”." },
          check_vault },
        { "key-age",
          "C5",
          { "ni la clave maestra ni las de los soportes están por renovar",
            "neither the master key nor the media's keys are due" },
          { "La maestra se renueva con «mpsi key ceremony»; vea los soportes con «mpsi encrypt due».",
            "The master key is renewed with “mpsi key ceremony”; see the media with “mpsi encrypt due”." },
          check_key_age },
        { "certificates",
          "C6",
          { "los certificados valen más de 60 días", "certificates are valid for more than 60 days" },
          { "Emita uno nuevo («mpsi person enrol») antes de esa fecha.",
            "Issue a new one (“mpsi person enrol”) before that date." },
          check_certificates },
        { "ledger",
          "X2",
          { "la cabeza del libro es la que firmó el puesto", "the ledger's head is what the station signed" },
          { "No registre nada más; ejecute «mpsi ledger verify» y avise al administrador de seguridad.",
            "Record nothing more; run “mpsi ledger verify” and tell the security administrator." },
          check_ledger },
        { "clock-back",
          "X2",
          { "el reloj va por delante del último evento", "the clock is ahead of the newest event" },
          { "Ponga el reloj en hora antes de registrar nada.", "Set the clock right before anything is recorded." },
          check_clock_back },
        { "clock",
          "X2",
          { "el reloj está sincronizado", "the clock is synchronised" },
          { "Ejecute «timedatectl set-ntp true», o instale chrony.",
            "Run “timedatectl set-ntp true”, or install chrony." },
          check_clock },
        { "backup",
          "X7",
          { "hay una copia reciente que se comprobó", "there is a recent backup that was verified" },
          { "Haga y compruebe una copia: «mpsi backup create», «mpsi backup verify».",
            "Make and verify a backup: “mpsi backup create”, “mpsi backup verify”." },
          check_backup },
        { "siem",
          "X3",
          { "el SIEM lo ha recibido todo", "the SIEM has received everything" },
          { "Vea «mpsi siem status» y «journalctl -u mpsi-siem».",
            "See “mpsi siem status” and “journalctl -u mpsi-siem”." },
          check_siem },
        { "jobs",
          "S7",
          { "no hay borrados a medias", "no wipe is unfinished" },
          { "Vea «mpsi wipe status» y siga con «mpsi wipe resume».",
            "See “mpsi wipe status” and go on with “mpsi wipe resume”." },
          check_jobs },
        { "space",
          "X2",
          { "hay sitio en los discos", "there is room on the disks" },
          { "Libere espacio: sin sitio no se registra nada.", "Make room: without it nothing can be recorded." },
          check_space },
        { "swap",
          "C10",
          { "el intercambio está cifrado, o no hay", "swap is encrypted, or there is none" },
          { "Cífrelo en /etc/crypttab, o quítelo con «swapoff -a».",
            "Encrypt it in /etc/crypttab, or remove it with “swapoff -a”." },
          check_swap },
        { "core-dumps",
          "C10",
          { "los volcados de memoria no van a otro programa", "core dumps do not go to another program" },
          { "Ponga kernel.core_pattern=core en /etc/sysctl.d.", "Set kernel.core_pattern=core in /etc/sysctl.d." },
          check_core_dumps },
        { "kernel",
          "X5",
          { "los parámetros del núcleo son los que se quieren", "the kernel's parameters are as wanted" },
          { "Póngalos en /etc/sysctl.d/mpsi.conf y ejecute «sysctl --system».",
            "Set them in /etc/sysctl.d/mpsi.conf and run “sysctl --system”." },
          check_kernel },
        { "secure-boot",
          "C7",
          { "el arranque seguro está activo", "Secure Boot is on" },
          { "", "" },
          check_secure_boot },
        { "tpm", "C7", { "hay un TPM 2.0", "there is a TPM 2.0" }, { "", "" }, check_tpm },
};
const size_t station_checks_n = COUNT(station_checks);

static void add(struct doctor *d, enum severity severity, struct text what) {
        bool mend = severity >= SEVERITY_WARN;
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s}", "check", d->check->id, "severity",
                                severity_terms[severity].code, "rule", d->check->rule, "what",
                                text_in(what, d->act->lang), "remedy",
                                mend ? text_in(d->check->remedy, d->act->lang) : "");

        d->counts[severity]++;
        if (json_array_append_new(d->rows, row) < 0)
                d->no_memory = true;
        if (mend)
                act_say(d->act, "%s %.300s%.0s [%s]\n  → %s%.0s", "%s %.0s%.300s [%s]\n  → %.0s%s",
                        severity == SEVERITY_FAIL ? "✗" : "!", what.es, what.en, d->check->rule,
                        d->check->remedy.es, d->check->remedy.en);
}

void found(struct doctor *d, enum severity severity, const char *es, const char *en, ...) {
        char text[LANGS][ERROR_TEXT_MAX];
        va_list args, again;

        va_start(args, en);
        va_copy(again, args);
        (void) vsnprintf(text[LANG_ES], ERROR_TEXT_MAX, es, args);
        (void) vsnprintf(text[LANG_EN], ERROR_TEXT_MAX, en, again);
        va_end(again);
        va_end(args);
        for (int lang = 0; lang < LANGS; lang++)
                utf8_trim(text[lang]);
        d->found++;
        add(d, severity, (struct text){ text[LANG_ES], text[LANG_EN] });
}

void found_error(struct doctor *d, enum severity severity, const struct error *err) {
        found(d, severity, "%s%.0s", "%.0s%s", err->what[LANG_ES], err->what[LANG_EN]);
}

int doctor_run(struct act *act, const struct doctor_context *context, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        struct doctor doctor = { .act = act, .context = context, .rows = rows };
        enum severity worst = SEVERITY_OK;

        for (size_t i = 0; i < station_checks_n && rows; i++) {
                doctor.check = &station_checks[i];
                doctor.found = 0;
                station_checks[i].run(&doctor);
                if (doctor.found == 0)
                        add(&doctor, SEVERITY_OK, station_checks[i].sound);
        }
        for (int severity = 0; severity < SEVERITIES; severity++)
                if (doctor.counts[severity])
                        worst = (enum severity) severity;
        if (doctor.no_memory || !rows)
                return fail_memory(err);
        *ret = json_pack("{s:s, s:i, s:i, s:i, s:i, s:O}", "verdict", severity_terms[worst].code, "ok",
                         (int) doctor.counts[SEVERITY_OK], "info", (int) doctor.counts[SEVERITY_INFO], "warn",
                         (int) doctor.counts[SEVERITY_WARN], "fail", (int) doctor.counts[SEVERITY_FAIL], "rows",
                         rows);
        if (!*ret)
                return fail_memory(err);
        if (worst < SEVERITY_FAIL)
                return 0;
        (void) fail(err, ERR_VERIFY, "El puesto no está en orden: %u fallos, %u avisos.",
                    "The station is not in order: %u failures, %u warnings.", doctor.counts[SEVERITY_FAIL],
                    doctor.counts[SEVERITY_WARN]);
        return hint(err, "Empiece por el primer fallo de la lista.", "Start with the first failure of the list.");
}

static int run_doctor(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        (void) args;
        return doctor_run(act, &doctor_station, ret, err);
}

static const struct column columns[] = {
        { "check", HELP("COMPROBACIÓN", "CHECK") },
        { "severity", CODES("ESTADO", "STATUS", severity_terms) },
        { "rule", HELP("REGLA", "RULE") },
        { "what", HELP("QUÉ", "WHAT") },
};

/* Its weaknesses are not for everybody to read (X1). */
static const struct verb verbs[] = {
        { .noun = "doctor",
          .name = "",
          .roles = ROLE_OPERATOR | ROLE_SECURITY | ROLE_AUDITOR,
          .flags = VERB_READS,
          .help = HELP("Comprueba el puesto: qué está mal, qué regla lo dice y cómo se arregla",
                       "Checks the station: what is wrong, which rule says so and how to mend it"),
          COLUMNS(columns),
          .run = run_doctor },
};

const struct room doctor_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
