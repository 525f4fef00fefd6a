#include "keys/tpm2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "keys/wrap.h"

enum { PCRS = 24 };

struct tpm {
        TSS2_TCTI_CONTEXT *tcti;
        ESYS_CONTEXT *esys;
        ESYS_TR primary, session, object;
        TPML_PCR_SELECTION pcrs;
};

static int trouble(struct error *err, TSS2_RC rc, const char *call) {
        const TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
        const TPM2_RC code = rc & 0xffff;
        const TPM2_RC format1 = code & TPM2_RC_FMT1 ? code & 0xbf : code;

        if (layer == 0 && code == TPM2_RC_LOCKOUT)
                (void) fail(err, ERR_CONFLICT, "El TPM está bloqueado por intentos fallidos.",
                            "The TPM is locked out after failed attempts.");
        else if (layer == 0 && (format1 == TPM2_RC_POLICY_FAIL || code == TPM2_RC_PCR_CHANGED))
                (void) fail(err, ERR_CONFLICT, "El arranque de este equipo ha cambiado: el TPM no da la clave.",
                            "This machine's boot has changed: the TPM does not give the key.");
        else if (layer == 0 && (format1 == TPM2_RC_INTEGRITY || format1 == TPM2_RC_HANDLE))
                (void) fail(err, ERR_CONFLICT, "El TPM se ha borrado o es otro: no conoce la clave.",
                            "The TPM was cleared or is another one: it does not know the key.");
        else
                (void) fail(err, ERR_FAILED, "El TPM falla (%s: 0x%x).", "The TPM failed (%s: 0x%x).", call, rc);
        return hint(err,
                    "Abra la bóveda con la frase de recuperación, «mpsi key unlock», y selle de nuevo con «mpsi "
                    "key reseal».",
                    "Unlock the vault by the recovery passphrase, “mpsi key unlock”, and seal anew with “mpsi key "
                    "reseal”.");
}

static void tpm_done(struct tpm *tpm) {
        const ESYS_TR *const loaded[] = { &tpm->object, &tpm->session, &tpm->primary };

        for (size_t i = 0; tpm->esys && i < COUNT(loaded); i++)
                if (*loaded[i] != ESYS_TR_NONE)
                        (void) Esys_FlushContext(tpm->esys, *loaded[i]);
        if (tpm->esys)
                Esys_Finalize(&tpm->esys);
        if (tpm->tcti)
                Tss2_TctiLdr_Finalize(&tpm->tcti);
}

/* "7" or "0,2,7". */
static int select_pcrs(const char *text, TPML_PCR_SELECTION *ret, struct error *err) {
        TPMS_PCR_SELECTION bank = { .hash = TPM2_ALG_SHA256, .sizeofSelect = 3 };
        const char *p = text;

        while (*p) {
                char *end;
                unsigned long pcr = strtoul(p, &end, 10);

                if (end == p || pcr >= PCRS || (*end && *end != ',') || (*end == ',' && !end[1]))
                        break;
                bank.pcrSelect[pcr / 8] |= (BYTE) (1u << pcr % 8);
                p = *end ? end + 1 : end;
        }
        if (*p || p == text)
                return fail(err, ERR_USAGE, "Los registros del TPM son números de 0 a 23, separados por comas.",
                            "TPM registers are numbers from 0 to 23, separated by commas.");
        *ret = (TPML_PCR_SELECTION){ .count = 1, .pcrSelections = { bank } };
        return 0;
}

/* The storage primary that the same TPM always makes anew from the owner hierarchy's seed. */
static int make_primary(struct tpm *tpm, struct error *err) {
        static const TPM2B_SENSITIVE_CREATE no_auth;
        static const TPM2B_DATA no_data;
        static const TPML_PCR_SELECTION no_pcrs;
        const TPM2B_PUBLIC template = { .publicArea = {
                                                .type = TPM2_ALG_ECC,
                                                .nameAlg = TPM2_ALG_SHA256,
                                                .objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT |
                                                                    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                                                    TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                                                    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA,
                                                .parameters.eccDetail = { .symmetric = { .algorithm = TPM2_ALG_AES,
                                                                                         .keyBits.aes = 128,
                                                                                         .mode.aes = TPM2_ALG_CFB },
                                                                          .scheme.scheme = TPM2_ALG_NULL,
                                                                          .curveID = TPM2_ECC_NIST_P256,
                                                                          .kdf.scheme = TPM2_ALG_NULL } } };
        TSS2_RC rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                        &no_auth, &template, &no_data, &no_pcrs, &tpm->primary, NULL, NULL, NULL,
                                        NULL);

        return rc == TSS2_RC_SUCCESS ? 0 : trouble(err, rc, "CreatePrimary");
}

static int connect_tpm(const json_t *options, struct tpm *tpm, struct error *err) {
        const char *tcti = json_text(options, "tcti"), *pcrs = json_text(options, "pcrs");
        TSS2_RC rc;
        int r;

        *tpm = (struct tpm){ .primary = ESYS_TR_NONE, .session = ESYS_TR_NONE, .object = ESYS_TR_NONE };
        r = select_pcrs(pcrs ? pcrs : "7", &tpm->pcrs, err);
        if (r < 0)
                return r;
        rc = Tss2_TctiLdr_Initialize(tcti ? tcti : "device:/dev/tpmrm0", &tpm->tcti);
        if (rc == TSS2_RC_SUCCESS)
                rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
        if (rc != TSS2_RC_SUCCESS) {
                (void) fail(err, ERR_FAILED, "No hay TPM en «%s».", "There is no TPM at “%s”.",
                            tcti ? tcti : "device:/dev/tpmrm0");
                return hint(err, "Abra la bóveda con la frase de recuperación: mpsi key unlock.",
                            "Unlock the vault by the recovery passphrase: mpsi key unlock.");
        }
        return make_primary(tpm, err);
}

/* Salted by the primary key: what crosses the bus is encrypted (AES-128-CFB). */
static int start_session(struct tpm *tpm, TPM2_SE type, struct error *err) {
        const TPMT_SYM_DEF cipher = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB };
        /* Unseal has no parameter to encrypt, and the TPM refuses to be asked to. */
        const TPMA_SESSION sent = type == TPM2_SE_HMAC ? TPMA_SESSION_DECRYPT : 0,
                           flags = sent | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
        TSS2_RC rc = Esys_StartAuthSession(tpm->esys, tpm->primary, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, NULL, type, &cipher, TPM2_ALG_SHA256, &tpm->session);

        if (rc == TSS2_RC_SUCCESS)
                rc = Esys_TRSess_SetAttributes(tpm->esys, tpm->session, flags, 0xff);
        return rc == TSS2_RC_SUCCESS ? 0 : trouble(err, rc, "StartAuthSession");
}

static int policy(struct tpm *tpm, struct error *err) {
        static const TPM2B_DIGEST as_they_are;
        TSS2_RC rc = Esys_PolicyPCR(tpm->esys, tpm->session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &as_they_are,
                                    &tpm->pcrs);

        return rc == TSS2_RC_SUCCESS ? 0 : trouble(err, rc, "PolicyPCR");
}

static int policy_digest(struct tpm *tpm, TPM2B_DIGEST *ret, struct error *err) {
        TPM2B_DIGEST *digest = NULL;
        TSS2_RC rc;
        int r = start_session(tpm, TPM2_SE_TRIAL, err);

        if (r == 0)
                r = policy(tpm, err);
        if (r < 0)
                return r;
        rc = Esys_PolicyGetDigest(tpm->esys, tpm->session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest);
        if (rc != TSS2_RC_SUCCESS)
                return trouble(err, rc, "PolicyGetDigest");
        *ret = *digest;
        Esys_Free(digest);
        (void) Esys_FlushContext(tpm->esys, tpm->session);
        tpm->session = ESYS_TR_NONE;
        return 0;
}

static int describe(const json_t *options, const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private, json_t **ret,
                    struct error *err) {
        const char *tcti = json_text(options, "tcti"), *pcrs = json_text(options, "pcrs");
        uint8_t area[sizeof *public];
        char public_text[2 * sizeof area + 1], private_text[2 * sizeof private->buffer + 1];
        size_t n = 0;
        TSS2_RC rc = Tss2_MU_TPM2B_PUBLIC_Marshal(public, area, sizeof area, &n);

        if (rc != TSS2_RC_SUCCESS)
                return trouble(err, rc, "Marshal");
        hex_encode(area, n, public_text);
        hex_encode(private->buffer, private->size, private_text);
        *ret = json_pack("{s:s, s:s, s:s, s:s}", "tcti", tcti ? tcti : "device:/dev/tpmrm0", "pcrs",
                         pcrs ? pcrs : "7", "public", public_text, "private", private_text);
        return *ret ? 0 : fail_memory(err);
}

static int seal(struct tpm *tpm, const json_t *options, const struct secret *key, json_t **ret, struct error *err) {
        static const TPM2B_DATA no_data;
        static const TPML_PCR_SELECTION no_pcrs;
        _cleanup_secret_ struct secret *room = NULL;
        TPM2B_PUBLIC template = { .publicArea = { .type = TPM2_ALG_KEYEDHASH,
                                                  .nameAlg = TPM2_ALG_SHA256,
                                                  .objectAttributes = TPMA_OBJECT_FIXEDTPM |
                                                                      TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA,
                                                  .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL } };
        TPM2B_SENSITIVE_CREATE *content;
        TPM2B_PUBLIC *public = NULL;
        TPM2B_PRIVATE *private = NULL;
        TSS2_RC rc;
        int r = policy_digest(tpm, &template.publicArea.authPolicy, err);

        if (r == 0)
                r = start_session(tpm, TPM2_SE_HMAC, err);
        if (r == 0)
                r = secret_new(sizeof *content, &room, err);
        if (r < 0)
                return r;
        content = (TPM2B_SENSITIVE_CREATE *) (void *) room->data;
        content->sensitive.data.size = (UINT16) key->size;
        memcpy(content->sensitive.data.buffer, key->data, key->size);
        rc = Esys_Create(tpm->esys, tpm->primary, ESYS_TR_PASSWORD, tpm->session, ESYS_TR_NONE, content, &template,
                         &no_data, &no_pcrs, &private, &public, NULL, NULL, NULL);
        if (rc != TSS2_RC_SUCCESS)
                return trouble(err, rc, "Create");
        r = describe(options, public, private, ret, err);
        Esys_Free(public);
        Esys_Free(private);
        return r;
}

int tpm2_seal(const json_t *options, const struct secret *key, json_t **ret, struct error *err) {
        struct tpm tpm;
        int r = connect_tpm(options, &tpm, err);

        if (r == 0)
                r = seal(&tpm, options, key, ret, err);
        tpm_done(&tpm);
        return r;
}

static int load(struct tpm *tpm, const json_t *sealed, struct error *err) {
        const char *public_text = json_text_or_empty(sealed, "public"),
                   *private_text = json_text_or_empty(sealed, "private");
        const size_t public_n = strlen(public_text) / 2, private_n = strlen(private_text) / 2;
        TPM2B_PRIVATE private = { .size = (UINT16) private_n };
        TPM2B_PUBLIC public = { .size = 0 };
        uint8_t area[sizeof public];
        size_t at = 0;
        TSS2_RC rc;

        if (public_n > sizeof area || private_n > sizeof private.buffer ||
            hex_decode(public_text, area, public_n) < 0 ||
            hex_decode(private_text, private.buffer, private_n) < 0 ||
            Tss2_MU_TPM2B_PUBLIC_Unmarshal(area, public_n, &at, &public) != TSS2_RC_SUCCESS)
                return fail(err, ERR_VERIFY, "La clave maestra guardada está dañada.",
                            "The stored master key is damaged.");
        rc = Esys_Load(tpm->esys, tpm->primary, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &private, &public,
                       &tpm->object);
        return rc == TSS2_RC_SUCCESS ? 0 : trouble(err, rc, "Load");
}

int tpm2_unseal(const json_t *sealed, struct secret **ret, struct error *err) {
        TPM2B_SENSITIVE_DATA *data = NULL;
        struct tpm tpm;
        TSS2_RC rc;
        int r = connect_tpm(sealed, &tpm, err);

        if (r == 0)
                r = load(&tpm, sealed, err);
        if (r == 0)
                r = start_session(&tpm, TPM2_SE_POLICY, err);
        if (r == 0)
                r = policy(&tpm, err);
        if (r == 0) {
                rc = Esys_Unseal(tpm.esys, tpm.object, tpm.session, ESYS_TR_NONE, ESYS_TR_NONE, &data);
                r = rc == TSS2_RC_SUCCESS ? 0 : trouble(err, rc, "Unseal");
        }
        if (r == 0 && data->size != WRAP_KEY)
                r = fail(err, ERR_VERIFY, "La clave maestra guardada está dañada.",
                         "The stored master key is damaged.");
        if (r == 0)
                r = secret_copy(data->buffer, data->size, ret, err);
        if (data) {
                explicit_bzero(data, sizeof *data);
                Esys_Free(data);
        }
        tpm_done(&tpm);
        return r;
}
