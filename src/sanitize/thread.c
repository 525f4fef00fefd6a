#include "sanitize/thread.h"

#include <signal.h>

enum { STACK = 64 << 10 }; /* 32 drives are 32 of these, and none needs more */

int thread_start(pthread_t *ret, void *(*run)(void *), void *context, struct error *err) {
        pthread_attr_t attributes;
        sigset_t all, before;
        int r = pthread_attr_init(&attributes);

        if (r == 0)
                r = pthread_attr_setstacksize(&attributes, STACK);
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        if (r == 0)
                r = pthread_create(ret, &attributes, run, context);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void) pthread_attr_destroy(&attributes);
        return r == 0 ? 0
                      : fail(err, ERR_FAILED, "No se puede crear un hilo auxiliar.",
                             "A helper thread can't be created.");
}
