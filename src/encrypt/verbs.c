#include <string.h>

#include "encrypt/rotation.h"
#include "registry/station.h"

static const struct param run_params[] = {
        { .name = "medium",
          .type = PARAM_MEDIUM,
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
          .help = HELP("el soporte", "the medium") },
        { .name = "device",
          .type = PARAM_DEVICE,
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
          .help = HELP("dónde está conectado", "where it is connected") },
        { .name = "confirm",
          .type = PARAM_TEXT,
          .help = HELP("identificador del soporte, tecleado", "the medium's ID, typed") },
        { .name = "no-fill",
          .type = PARAM_FLAG,
          .help = HELP("no rellenar antes con datos aleatorios (el borrado criptográfico no contará)",
                       "do not fill with random data first (a later crypto erase will not count)") },
        { .name = "replace",
          .type = PARAM_FLAG,
          .help = HELP("cifrar de nuevo un soporte ya cifrado, destruyendo lo que contiene",
                       "encrypt an encrypted medium anew, destroying what it holds") },
        { .name = "waiver",
          .type = PARAM_TEXT,
          .help = HELP("motivo por el que un soporte ALTA se cifra sin HSM (administrador de seguridad)",
                       "why an ALTA medium is encrypted without an HSM (security administrator)") },
};

static const struct column run_columns[] = {
        { "medium", HELP("Soporte", "Medium") },
        { "device", HELP("Dispositivo", "Device") },
        { "uuid", HELP("UUID de LUKS", "LUKS UUID") },
        { "cipher", HELP("Cifrado", "Cipher") },
        { "key_bits", HELP("Clave de volumen (bits)", "Volume key (bits)") },
        { "key", HELP("Clave", "Key") },
        { "digest", HELP("Resumen de la cabecera", "Header digest") },
        { "filled", HELP("Rellenado", "Filled") },
};

static const struct param check_params[] = {
        { .name = "device",
          .type = PARAM_DEVICE,
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
          .help = HELP("el dispositivo o la imagen", "the device or image") },
        { .name = "medium",
          .type = PARAM_MEDIUM,
          .help = HELP("con qué soporte compararlo", "which medium to compare it with") },
        { .name = "category",
          .type = PARAM_TERM,
          .help = HELP("categoría con que juzgar un soporte sin registrar",
                       "category to judge an unregistered medium by"),
          .terms = category_terms,
          .terms_n = CATEGORIES },
};

static const struct column check_columns[] = {
        { "slot", HELP("N.º", "NO.") },
        { "use_text", HELP("USO", "USE") },
        { "kdf", HELP("KDF", "KDF") },
        { "cost", HELP("COSTE", "COST") },
        { "cipher", HELP("CIFRADO", "CIPHER") },
        { "key_bits", HELP("BITS", "BITS") },
        { "decision_text", HELP("VEREDICTO", "VERDICT") },
};

static const struct param profile_params[] = {
        { .name = "profile",
          .type = PARAM_TERM,
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
          .help = HELP("strict-807: solo derivaciones de CCN-STIC 807 (PBKDF2)",
                       "strict-807: key derivations of CCN-STIC 807 only (PBKDF2)"),
          .terms = crypto_profile_terms,
          .terms_n = CRYPTO_PROFILES },
        { .name = "reason",
          .type = PARAM_TEXT,
          .flags = PARAM_REQUIRED,
          .help = HELP("motivo", "reason"),
          .max = 200 },
};

static const struct column profile_columns[] = { { "profile", CODES("Perfil", "Profile", crypto_profile_terms) } };

/* It is the store's; the gate judges what is plugged in again. */
static int encrypt_profile(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *wanted = json_text(args, "profile");
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s}", "profile", wanted, "reason",
                                                json_text(args, "reason"));
        enum crypto_profile now = PROFILE_STANDARD;
        int r = station_crypto_profile(act->db, &now, err);

        if (r < 0)
                return r;
        if (!data)
                return fail_memory(err);
        if (strcmp(wanted, crypto_profile_terms[now].code) == 0)
                return fail(err, ERR_CONFLICT, "El perfil ya es «%s».", "The profile is “%s” already.", wanted);
        r = act_record_one(act, "store.profile-changed", act->site, data, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s}", "profile", wanted);
        return *ret ? 0 : fail_memory(err);
}

static const struct param rotate_params[] = {
        { .name = "medium",
          .type = PARAM_MEDIUM,
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
          .help = HELP("el soporte", "the medium") },
        { .name = "device",
          .type = PARAM_DEVICE,
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
          .help = HELP("dónde está conectado", "where it is connected") },
        { .name = "kind",
          .type = PARAM_TERM,
          .flags = PARAM_REQUIRED,
          .help = HELP("slot: secretos nuevos en las ranuras; volume: recifrar los datos con otra clave de volumen",
                       "slot: new secrets in the slots; volume: re-encrypt the data under another volume key"),
          .terms = rotation_kind_terms,
          .terms_n = ROTATION_KINDS },
};

static const struct column rotate_columns[] = {
        { "medium", HELP("Soporte", "Medium") },
        { "device", HELP("Dispositivo", "Device") },
        { "kind", CODES("Rotación", "Rotation", rotation_kind_terms) },
        { "key", HELP("Clave", "Key") },
        { "seqid", HELP("seqid", "seqid") },
        { "digest", HELP("Resumen de la cabecera", "Header digest") },
        { "bytes", HELP("Bytes recifrados", "Bytes re-encrypted") },
};

static const struct param due_params[] = {
        { .name = "all",
          .type = PARAM_FLAG,
          .help = HELP("también los que están al día", "those that are current too") },
};

static const struct column due_columns[] = {
        { "medium", HELP("Soporte", "Medium") },
        { "standing_text", HELP("Rotación", "Rotation") },
        { "age_days", HELP("Días", "Days") },
        { "due", HELP("Vence", "Due") },
        { "device", HELP("Dispositivo", "Device") },
        { "location", HELP("Ubicación", "Location") },
        { "waived_until", HELP("Aplazada hasta", "Put off until") },
};

static const struct param waive_params[] = {
        { .name = "medium",
          .type = PARAM_MEDIUM,
          .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
          .help = HELP("el soporte", "the medium") },
        { .name = "until",
          .type = PARAM_DATE,
          .flags = PARAM_REQUIRED,
          .help = HELP("hasta qué día (30 como mucho)", "until which day (30 at most)") },
        { .name = "reason",
          .type = PARAM_TEXT,
          .flags = PARAM_REQUIRED,
          .help = HELP("motivo", "reason"),
          .max = 200 },
};

static const struct column waive_columns[] = {
        { "medium", HELP("Soporte", "Medium") },
        { "until", HELP("Hasta", "Until") },
        { "reason", HELP("Motivo", "Reason") },
};

static const struct verb verbs[] = {
        { .noun = "encrypt",
          .name = "run",
          .roles = ROLE_OPERATOR | ROLE_SECURITY,
          .flags = VERB_WRITES | VERB_DESTRUCTIVE,
          .help = HELP("Cifra un soporte entero con LUKS2 según su categoría",
                       "Encrypts a whole medium with LUKS2 as its category demands"),
          PARAMS(run_params),
          COLUMNS(run_columns),
          .run = encrypt_run },
        { .noun = "encrypt",
          .name = "profile",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Cambia el perfil criptográfico de las ranuras de persona, con su motivo",
                       "Changes the cryptographic profile of people's key slots, with the reason"),
          PARAMS(profile_params),
          COLUMNS(profile_columns),
          .run = encrypt_profile },
        { .noun = "encrypt",
          .name = "rotate",
          .roles = ROLE_OPERATOR | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP(
                  "Cambia los secretos de las ranuras de un soporte o su clave de volumen, sin perder los datos",
                  "Changes the secrets of a medium's slots or its volume key, its data kept"),
          PARAMS(rotate_params),
          COLUMNS(rotate_columns),
          .run = encrypt_rotate },
        { .noun = "encrypt",
          .name = "due",
          .roles = ROLE_ANY,
          .flags = VERB_READS,
          .help = HELP("Dice qué claves de volumen vencen o han vencido, y si su soporte está conectado",
                       "Says which volume keys are due or overdue, and whether their medium is plugged in"),
          PARAMS(due_params),
          COLUMNS(due_columns),
          .run = encrypt_due },
        { .noun = "encrypt",
          .name = "waive",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Aplaza la rotación de un soporte, con motivo, plazo y firma",
                       "Puts a medium's rotation off, with a reason, an end and a signature"),
          PARAMS(waive_params),
          COLUMNS(waive_columns),
          .run = encrypt_waive },
        { .noun = "encrypt",
          .name = "check",
          .roles = ROLE_ANY,
          .flags = VERB_READS,
          .help = HELP("Juzga la cabecera LUKS de un dispositivo y dice qué fila falla",
                       "Judges a device's LUKS header and says which row fails"),
          PARAMS(check_params),
          COLUMNS(check_columns),
          .run = encrypt_check },
};

const struct room encrypt_room = { .schema = &encrypt_schema,
                                   .verbs = verbs,
                                   .verbs_n = COUNT(verbs),
                                   .events = encrypt_events,
                                   .events_n = COUNT(encrypt_events) };
