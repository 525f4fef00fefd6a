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
                            .format_key = 64 },
};

const char luks_cipher[] = "aes-xts-plain64";

const struct luks_row luks_rows[] = {
        { 1,
          "C2",
          "mp.si.2; LUKS2 On-Disk Format 1.1.1",
          { "El soporte tiene una cabecera LUKS2 íntegra.", "The medium has a whole LUKS2 header." } },
        { 2,
          "C2",
          "LUKS2 On-Disk Format §3.3, §3.6",
          { "Hay un único segmento, de tipo crypt, hasta el final; ningún requisito desconocido.",
            "There is one segment, of type crypt, to the end; no unknown requirement." } },
        { 3,
          "C2",
          "CCN-STIC 807; IEEE 1619",
          { "El segmento se cifra con aes-xts-plain64.", "The segment's cipher is aes-xts-plain64." } },
        { 4,
          "C1",
          "mp.si.2; XTS lleva dos claves / XTS holds two keys",
          { "La clave de volumen tiene la longitud que pide la categoría.",
            "The volume key is as long as the category demands." } },
        { 5,
          "C2",
          "CCN-STIC 807",
          { "Cada ranura se cifra con aes-xts-plain64 y una clave no menor; sus resúmenes son SHA-2.",
            "Each slot's area has aes-xts-plain64 and no smaller key; its hashes are SHA-2." } },
        { 6,
          "C2",
          "LUKS2 On-Disk Format §3.2",
          { "Las ranuras caben en su zona y no se pisan.", "Slot areas lie in their region and don't overlap." } },
        { 7,
          "C2",
          "RFC 9106",
          { "Una ranura de persona usa Argon2id con coste suficiente.",
            "A person's slot uses Argon2id at sufficient cost." } },
        { 8,
          "C2",
          "CCN-STIC 807; NIST SP 800-132",
          { "O PBKDF2-SHA-256 con 600 000 iteraciones o más.",
            "Or PBKDF2-SHA-256 with 600,000 iterations or more." } },
        { 9,
          "C2",
          "mp.si.2",
          { "Una ranura de máquina es la que el registro conoce.",
            "A machine slot is the one the registry knows." } },
        { 10,
          "C2",
          "mp.si.2",
          { "No hay ranuras ni testigos desconocidos.", "There are no unknown slots or tokens." } },
        { 11,
          "C2",
          "LUKS2 On-Disk Format §2.1",
          { "La cabecera no es anterior a la registrada.", "The header is no older than the registered one." } },
        { 12,
          "C6",
          "CCN-STIC 807; CVE-2025-58356",
          { "Ni ECB, ni CBC simple, ni cifrado nulo, ni capi:, ni Argon2i, ni SHA-1.",
            "No ECB, plain CBC, null cipher, capi:, Argon2i or SHA-1." } },
};
const size_t luks_rows_n = sizeof luks_rows / sizeof luks_rows[0];

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
