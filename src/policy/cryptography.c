#include "policy/cryptography.h"

#include <string.h>

#include "policy/families.h"

static const struct rule rules[] = {
        { "C1",
          "mp.si.2",
          { "MEDIA exige AES-128 o más; ALTA, AES-256 con claves bajo un HSM.",
            "MEDIA demands AES-128 or more; ALTA demands AES-256 with keys under an HSM." },
          { "Cifre con «mpsi encrypt run»; sin HSM, el administrador de seguridad puede dar una excepción motivada "
            "con --waiver.",
            "Encrypt with “mpsi encrypt run”; without an HSM the security administrator may give a reasoned "
            "exception with --waiver." } },
        { "C2",
          "mp.si.2",
          { "Un soporte cifrado se juzga por su cabecera LUKS2 real: cifrado, clave, ranuras y resúmenes.",
            "An encrypted medium is judged by its real LUKS2 header: cipher, key, slots and hashes." },
          { "Vea qué fila falla con «mpsi encrypt check» y vuelva a cifrar el soporte con «mpsi encrypt run».",
            "See which row fails with “mpsi encrypt check” and encrypt the medium again with “mpsi encrypt "
            "run”." } },
        { "C4",
          "mp.si.2, op.exp.10",
          { "Cada soporte, o juego de cintas, tiene su clave, envuelta por la KEK; una clave destruida no vuelve.",
            "Each medium, or set of tapes, has its own key, wrapped by the KEK; a destroyed key never comes "
            "back." },
          { "Vea las claves con «mpsi key status»; un soporte sin clave se cifra de nuevo.",
            "See the keys with “mpsi key status”; a medium without a key is encrypted anew." } },
        { "C6",
          "op.exp.10, CCN-STIC 807",
          { "Solo se usan algoritmos aprobados por la guía CCN-STIC 807.",
            "Only algorithms approved by the guide CCN-STIC 807 are used." },
          { "Use AES, SHA-2, RSA de 3072 bits o más, o ECC P-256/P-384.",
            "Use AES, SHA-2, RSA of 3072 bits or more, or ECC P-256/P-384." } },
        { "C7",
          "op.exp.10, CCN-STIC 807",
          { "Junto a cada clave y firma consta su algoritmo; el que este programa no conoce se rechaza.",
            "Beside every key and signature stands its algorithm; one that this program does not know is "
            "refused." },
          { "Use la versión de mpsi que lo escribió, o vuelva a cifrar el soporte con esta.",
            "Use the version of mpsi that wrote it, or encrypt the medium again with this one." } },
        { "L7",
          "mp.si.1",
          { "La cabecera lleva un testigo firmado con la identidad y la clasificación del soporte.",
            "The header carries a signed token with the medium's identity and classification." },
          { "Aparte el soporte, abra una incidencia y compárelo con el registro.",
            "Set the medium aside, open an incident and compare it with the registry." } },
};

const struct rule_family cryptography_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term luks_decision_terms[LUKS_DECISIONS] = {
        [LUKS_ACCEPT] = { "accept", { "se acepta", "accepted" } },
        [LUKS_WARN] = { "warn", { "se acepta con aviso", "accepted with a warning" } },
        [LUKS_READ_ONLY] = { "read-only", { "solo lectura", "read only" } },
        [LUKS_REFUSE] = { "refuse", { "se rechaza", "refused" } },
};

const struct term crypto_profile_terms[CRYPTO_PROFILES] = {
        [PROFILE_STANDARD] = { "standard", { "normal", "standard" } },
        [PROFILE_STRICT_807] = { "strict-807", { "CCN-STIC 807 estricto", "strict CCN-STIC 807" } },
};

const struct term luks_use_terms[LUKS_USES] = {
        [LUKS_USE_UNKNOWN] = { "unknown", { "desconocida", "unknown" } },
        [LUKS_USE_MACHINE] = { "machine", { "máquina", "machine" } },
        [LUKS_USE_RECOVERY] = { "recovery", { "rescate", "recovery" } },
        [LUKS_USE_HUMAN] = { "human", { "persona", "person" } },
};

/* AES-128-XTS has a volume key of 256 bits, AES-256-XTS one of 512 (IEEE 1619). Key-slot costs: the house's rows 7
 * and 8. In BASICA encryption is optional (C1); a header that is there is held to MEDIA's demands. */
const struct luks_demand luks_demands[CATEGORIES] = {
        [CATEGORY_BASICA] = { .required = false,
                              .luks1 = LUKS_READ_ONLY,
                              .volume_key = 32,
                              .argon2_memory = 64 * 1024,
                              .argon2_time = 4,
                              .pbkdf2_iterations = 600000,
                              .unknown = LUKS_WARN,
                              .rollback = LUKS_READ_ONLY,
                              .format_key = 32 },
        [CATEGORY_MEDIA] = { .required = true,
                             .luks1 = LUKS_READ_ONLY,
                             .volume_key = 32,
                             .argon2_memory = 64 * 1024,
                             .argon2_time = 4,
                             .pbkdf2_iterations = 600000,
                             .unknown = LUKS_WARN,
                             .rollback = LUKS_READ_ONLY,
                             .format_key = 32 },
        [CATEGORY_ALTA] = { .required = true,
                            .luks1 = LUKS_REFUSE,
                            .volume_key = 64,
                            .argon2_memory = 256 * 1024,
                            .argon2_time = 4,
                            .pbkdf2_iterations = 600000,
                            .unknown = LUKS_REFUSE,
                            .rollback = LUKS_REFUSE,
                            .incident = true,
                            .format_key = 64 },
};

const char luks_cipher[] = "aes-xts-plain64";
const char luks_reencryption[] = "online-reencrypt-v2";

const struct luks_row luks_rows[] = {
        { 1,
          "C2",
          "mp.si.2; LUKS2 On-Disk Format 1.1.1",
          { "El soporte tiene una cabecera LUKS2 íntegra.", "The medium has a whole LUKS2 header." },
          { "Sin cifrar, cífrelo con «mpsi encrypt run». LUKS1: copie antes los datos. Dañado: apártelo y abra una "
            "incidencia.",
            "Not encrypted: encrypt it with “mpsi encrypt run”. LUKS1: copy the data off first. Damaged: set it "
            "aside and open an incident." },
          { "", "" } },
        { 2,
          "C2",
          "LUKS2 On-Disk Format §3.3, §3.6",
          { "Hay un único segmento, de tipo crypt, hasta el final; ningún requisito desconocido.",
            "There is one segment, of type crypt, to the end; no unknown requirement." },
          { "Copie los datos y cífrelo de nuevo con «mpsi encrypt run --replace».",
            "Copy the data off and encrypt it again with “mpsi encrypt run --replace”." },
          { "Deje que este puesto termine el recifrado antes de llevarse el soporte.",
            "Let this station finish the re-encryption before the medium goes anywhere." } },
        { 3,
          "C2",
          "CCN-STIC 807; IEEE 1619",
          { "El segmento se cifra con aes-xts-plain64.", "The segment's cipher is aes-xts-plain64." },
          { "El cifrado no se cambia en su sitio: copie los datos y cífrelo de nuevo con «mpsi encrypt run "
            "--replace».",
            "A cipher is not changed in place: copy the data off and encrypt it again with “mpsi encrypt run "
            "--replace”." },
          { "", "" } },
        { 4,
          "C1",
          "mp.si.2; XTS lleva dos claves / XTS holds two keys",
          { "La clave de volumen tiene la longitud que pide la categoría.",
            "The volume key is as long as the category demands." },
          { "Una clave corta no se alarga: copie los datos y cífrelo de nuevo con «mpsi encrypt run --replace».",
            "A short key is not lengthened: copy the data off and encrypt it again with “mpsi encrypt run "
            "--replace”." },
          { "", "" } },
        { 5,
          "C2",
          "CCN-STIC 807",
          { "Cada ranura se cifra con aes-xts-plain64 y una clave no menor; sus resúmenes son SHA-2.",
            "Each slot's area has aes-xts-plain64 and no smaller key; its hashes are SHA-2." },
          { "Copie los datos y cífrelo de nuevo con «mpsi encrypt run --replace», que hace ranuras de este perfil.",
            "Copy the data off and encrypt it again with “mpsi encrypt run --replace”, whose slots are of this "
            "profile." },
          { "", "" } },
        { 6,
          "C2",
          "LUKS2 On-Disk Format §3.2",
          { "Las ranuras caben en su zona y no se pisan.", "Slot areas lie in their region and don't overlap." },
          { "Ningún programa correcto escribe esto: no lo abra, apártelo y abra una incidencia.",
            "No sound program writes this: do not open it, set it aside and open an incident." },
          { "", "" } },
        { 7,
          "C2",
          "RFC 9106",
          { "Una ranura de persona usa Argon2id con coste suficiente.",
            "A person's slot uses Argon2id at sufficient cost." },
          { "Ponga de nuevo la contraseña con más coste: «cryptsetup luksConvertKey --pbkdf argon2id», o PBKDF2 "
            "(fila 8).",
            "Set the passphrase anew at a higher cost: “cryptsetup luksConvertKey --pbkdf argon2id”, or PBKDF2 "
            "(row 8)." },
          { "", "" } },
        { 8,
          "C2",
          "CCN-STIC 807; NIST SP 800-132",
          { "O PBKDF2-SHA-256 con 600 000 iteraciones o más.",
            "Or PBKDF2-SHA-256 with 600,000 iterations or more." },
          { "Ponga de nuevo la contraseña con más coste: «cryptsetup luksConvertKey --pbkdf pbkdf2».",
            "Set the passphrase anew at a higher cost: “cryptsetup luksConvertKey --pbkdf pbkdf2”." },
          { "", "" } },
        { 9,
          "C2",
          "mp.si.2",
          { "Una ranura de máquina es la que el registro conoce.",
            "A machine slot is the one the registry knows." },
          { "Alguien cambió la ranura fuera de mpsi: aparte el soporte y abra una incidencia.",
            "Somebody changed the slot outside mpsi: set the medium aside and open an incident." },
          { "", "" } },
        { 10,
          "C2",
          "mp.si.2",
          { "No hay ranuras ni testigos desconocidos.", "There are no unknown slots or tokens." },
          { "Averigüe quién la añadió; si nadie responde de ella, aparte el soporte y abra una incidencia.",
            "Find out who added it; if nobody answers for it, set the medium aside and open an incident." },
          { "", "" } },
        { 11,
          "C2",
          "LUKS2 On-Disk Format §2.1",
          { "La cabecera no es anterior a la registrada.", "The header is no older than the registered one." },
          { "No lo abra: apártelo, abra una incidencia y compárelo con su última custodia.",
            "Do not open it: set it aside, open an incident and compare it with its last custody." },
          { "Puede seguir en uso; la llevará cuando se vuelva a cifrar con «mpsi encrypt run --replace».",
            "It may stay in use; it gets one when it is encrypted again with “mpsi encrypt run --replace”." } },
        { 12,
          "C6",
          "CCN-STIC 807; CVE-2025-58356",
          { "Ni ECB, ni CBC simple, ni cifrado nulo, ni capi:, ni Argon2i, ni SHA-1.",
            "No ECB, plain CBC, null cipher, capi:, Argon2i or SHA-1." },
          { "No protege lo que guarda: copie los datos en un equipo aislado y cífrelo de nuevo con «mpsi encrypt "
            "run».",
            "It does not protect what it holds: copy the data off on an isolated machine and encrypt it again with "
            "“mpsi encrypt run”." },
          { "", "" } },
};
const size_t luks_rows_n = sizeof luks_rows / sizeof luks_rows[0];

const struct luks_row *luks_row_find(int row) {
        for (size_t i = 0; i < luks_rows_n; i++)
                if (luks_rows[i].row == row)
                        return &luks_rows[i];
        return NULL;
}

/* RFC 9106, second choice: 4 lanes. */
struct luks_kdf luks_human_kdf(enum crypto_profile profile, enum category category) {
        const struct luks_demand *demand = &luks_demands[category];

        if (profile == PROFILE_STRICT_807)
                return (struct luks_kdf){ .type = "pbkdf2", .hash = "sha256", .time = demand->pbkdf2_iterations };
        return (struct luks_kdf){ .type = "argon2id",
                                  .hash = "",
                                  .time = demand->argon2_time,
                                  .memory = demand->argon2_memory,
                                  .parallelism = 4 };
}

const struct luks_forbidden luks_forbidden[] = {
        { FORBIDDEN_CIPHER_PREFIX, "capi:", { "cifrado descrito en bruto", "raw kernel cipher specification" } },
        { FORBIDDEN_CIPHER_PREFIX, "cipher_null", { "cifrado nulo", "null cipher" } },
        { FORBIDDEN_CIPHER_PREFIX, "null", { "cifrado nulo", "null cipher" } },
        { FORBIDDEN_CIPHER_EXACT, "", { "cifrado nulo", "null cipher" } },
        { FORBIDDEN_CIPHER_PART, "-ecb", { "modo ECB", "ECB mode" } },
        { FORBIDDEN_CIPHER_PART, "-cbc-plain", { "CBC con vector previsible", "CBC with a predictable vector" } },
        { FORBIDDEN_CIPHER_PART, "-cbc-null", { "CBC con vector nulo", "CBC with a null vector" } },
        { FORBIDDEN_HASH, "sha1", { "SHA-1", "SHA-1" } },
        { FORBIDDEN_HASH, "md5", { "MD5", "MD5" } },
        { FORBIDDEN_KDF, "argon2i", { "Argon2i", "Argon2i" } },
};
const size_t luks_forbidden_n = sizeof luks_forbidden / sizeof luks_forbidden[0];

bool luks_hash_allowed(const char *hash) {
        static const char *const allowed[] = { "sha256", "sha384", "sha512" };

        for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
                if (strcmp(hash, allowed[i]) == 0)
                        return true;
        return false;
}

bool luks_key_size_allowed(int64_t bytes) {
        return bytes == 32 || bytes == 64;
}
