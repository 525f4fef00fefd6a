/* A PKCS#11 module for tests: another one (MPSI_SHIM_MODULE) that does what the file MPSI_SHIM_STATE says: in
 * C_WrapKey hang, crash, lose-session (once); in C_GetTokenInfo final-try, locked; foreign: keys have another
 * label. MPSI_SHIM_LOGINS gets a byte for each C_Login. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST list;
static CK_FUNCTION_LIST *inner;

static void state(char out[32]) {
        const char *path = getenv("MPSI_SHIM_STATE");
        FILE *file = path ? fopen(path, "r") : NULL;

        *out = '\0';
        if (file) {
                if (!fgets(out, 32, file))
                        *out = '\0';
                (void) fclose(file);
        }
        out[strcspn(out, "\n")] = '\0';
}

static CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
                      CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *n) {
        char now[32];
        FILE *file;

        state(now);
        if (strcmp(now, "hang") == 0)
                for (;;)
                        (void) pause();
        if (strcmp(now, "crash") == 0)
                _exit(139);
        if (strcmp(now, "lose-session") == 0) {
                file = fopen(getenv("MPSI_SHIM_STATE"), "w");
                if (file) {
                        (void) fputs("lost\n", file);
                        (void) fclose(file);
                }
                (void) inner->C_CloseSession(session);
        }
        return inner->C_WrapKey(session, mechanism, wrapping, key, out, n);
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
        CK_RV rv = inner->C_GetTokenInfo(slot, info);
        char now[32];

        state(now);
        if (strcmp(now, "final-try") == 0)
                info->flags |= CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
        if (strcmp(now, "locked") == 0)
                info->flags |= CKF_USER_PIN_LOCKED;
        return rv;
}

static CK_RV attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes,
                             CK_ULONG n) {
        CK_RV rv = inner->C_GetAttributeValue(session, object, attributes, n);
        char now[32];

        state(now);
        if (rv == CKR_OK && strcmp(now, "foreign") == 0 && attributes->type == CKA_LABEL && attributes->pValue)
                memset(attributes->pValue, 'x', attributes->ulValueLen);
        return rv;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG n) {
        const char *path = getenv("MPSI_SHIM_LOGINS");
        FILE *file = path ? fopen(path, "a") : NULL;

        if (file) {
                (void) fputc('x', file);
                (void) fclose(file);
        }
        return inner->C_Login(session, user, pin, n);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret) {
        const char *path = getenv("MPSI_SHIM_MODULE");
        void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
        CK_C_GetFunctionList get = NULL;

        memcpy(&get, &symbol, sizeof get);
        if (!get || get(&inner) != CKR_OK)
                return CKR_GENERAL_ERROR;
        list = *inner;
        list.C_WrapKey = wrap_key;
        list.C_GetTokenInfo = token_info;
        list.C_GetAttributeValue = attribute_value;
        list.C_Login = login;
        *ret = &list;
        return CKR_OK;
}
