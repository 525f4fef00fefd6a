/* The release helpers, named once: `_cleanup_(freep) char *name = NULL;`. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Hands a pointer (or descriptor) over and forgets it here. */
#define TAKE_PTR(p)                                                                                                \
        __extension__({                                                                                            \
                __typeof__(p) _taken = (p);                                                                        \
                (p) = NULL;                                                                                        \
                _taken;                                                                                            \
        })
#define TAKE_FD(fd)                                                                                                \
        __extension__({                                                                                            \
                int _taken = (fd);                                                                                 \
                (fd) = -1;                                                                                         \
                _taken;                                                                                            \
        })

#define DEFINE_CLEANUP(type, function)                                                                             \
        static inline void function##p(type **p) {                                                                 \
                if (*p)                                                                                            \
                        function(*p);                                                                              \
        }

static inline void freep(void *p) {
        free(*(void **) p);
}
/* Forgets it too: a number that is closed twice may be another file's by then. */
static inline void close_fd(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
        *fd = -1;
}
static inline void fclosep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}
static inline void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(close_fd)
#define _cleanup_fclose_ _cleanup_(fclosep)
#define _cleanup_closedir_ _cleanup_(closedirp)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
