#include "forward/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

struct answer {
        int code; /* of getaddrinfo() */
        struct addrinfo *list;
};

struct question {
        char *host, *port;
        int fd; /* where the answer goes */
};

static void *look_up(void *context) {
        struct question *question = context;
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct answer answer = { .list = NULL };

        answer.code = getaddrinfo(question->host, question->port, &hints, &answer.list);
        /* A pipe takes so few bytes whole; nobody at its other end means nobody wants them. */
        if (write(question->fd, &answer, sizeof answer) != sizeof answer && answer.list)
                freeaddrinfo(answer.list);
        (void) close(question->fd);
        free(question->host);
        free(question->port);
        free(question);
        return NULL;
}

int resolve_start(const char *host, const char *port, int *ret_fd, struct error *err) {
        struct question *question = calloc(1, sizeof *question);
        pthread_attr_t attributes;
        pthread_t thread;
        int ends[2], r;

        if (!question)
                return fail_memory(err);
        question->host = strdup(host);
        question->port = strdup(port);
        if (pipe2(ends, O_CLOEXEC) < 0) {
                ends[0] = ends[1] = -1;
                r = errno;
        } else {
                question->fd = ends[1];
                (void) pthread_attr_init(&attributes);
                (void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
                r = question->host && question->port ? pthread_create(&thread, &attributes, look_up, question)
                                                     : ENOMEM;
                (void) pthread_attr_destroy(&attributes);
        }
        if (r == 0) {
                *ret_fd = ends[0];
                return 0;
        }
        for (int i = 0; i < 2; i++)
                if (ends[i] >= 0)
                        (void) close(ends[i]);
        free(question->host);
        free(question->port);
        free(question);
        return fail_errno(err, r, "No se puede buscar «%s»", "“%s” can't be looked up", host);
}

int resolve_finish(int fd, struct addrinfo **ret, struct error *err) {
        struct answer answer = { .code = EAI_AGAIN };
        ssize_t n = read(fd, &answer, sizeof answer);

        (void) close(fd);
        if (n != sizeof answer || answer.code != 0)
                return fail(err, ERR_FAILED, "No se encuentra el SIEM: %s.", "The SIEM is not found: %s.",
                            gai_strerror(answer.code));
        *ret = answer.list;
        return 0;
}
