#include "sign/pkcs11_module.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int pkcs11_module_check(const char *path, struct error *err) {
        _cleanup_free_ char *real = path && *path == '/' ? realpath(path, NULL) : NULL;
        struct stat st;

        if (!path || *path != '/')
                return fail(err, ERR_USAGE, "El módulo PKCS#11 se da con su camino absoluto.",
                            "The PKCS#11 module is given by its absolute path.");
        if (!real || stat(real, &st) < 0)
                return fail_errno(err, errno, "No está el módulo PKCS#11 «%s»",
                                  "The PKCS#11 module “%s” is not there", path);
        for (char *end = real; end;) { /* the file and every folder above it */
                if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX)))
                        return fail(err, ERR_REFUSED,
                                    "El módulo PKCS#11 «%s» o su carpeta no son de root o puede cambiarlos otro.",
                                    "The PKCS#11 module “%s” or its folder is not root's or others can change it.",
                                    path);
                end = strrchr(real, '/');
                if (end)
                        *end = '\0';
                if (end && stat(*real ? real : "/", &st) < 0)
                        return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", real);
        }
        return 0;
}

int pkcs11_module_load(const char *path, CK_FUNCTION_LIST **ret_calls, struct error *err) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
        CK_C_GetFunctionList list = NULL;
        CK_FUNCTION_LIST *calls = NULL;

        memcpy(&list, &symbol, sizeof list);
        if (!list || list(&calls) != CKR_OK || !calls)
                return fail(err, ERR_FAILED, "«%s» no es un módulo PKCS#11 que se pueda cargar.",
                            "“%s” is no PKCS#11 module that can be loaded.", path);
        *ret_calls = calls;
        return 0;
}

bool pkcs11_padded_equal(const CK_UTF8CHAR *field, size_t size, const char *text) {
        size_t n = strlen(text);

        if (n > size || memcmp(field, text, n) != 0)
                return false;
        while (n < size)
                if (field[n++] != ' ')
                        return false;
        return true;
}
