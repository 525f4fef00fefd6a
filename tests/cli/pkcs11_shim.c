/* A PKCS#11 module for tests: another one (MPSI_SHIM_MODULE) whose C_WrapKey does what the file MPSI_SHIM_STATE
 * says: hang, crash, lose-session (once). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CRYPTOKI_GNU 1
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
        *ret = &list;
        return CKR_OK;
}
