#include "certify/tsa.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/str.h"

enum { WORDS_MAX = 16, ANSWER_MAX = 64 * 1024, WAIT_SECONDS = 30 };

struct tsa {
        char *words[WORDS_MAX + 1]; /* the program and its arguments */
        char *command;              /* what they point into */
        X509_STORE *trust;
};

void tsa_free(struct tsa *tsa) {
        if (!tsa)
                return;
        X509_STORE_free(tsa->trust);
        free(tsa->command);
        free(tsa);
}

bool tsa_reachable(const struct tsa *tsa) {
        return tsa && tsa->words[0];
}

X509_STORE *tsa_trust(const struct tsa *tsa) {
        return tsa ? tsa->trust : NULL;
}

/* --- configuration ------------------------------------------------------------------------------------------ */

static int check_key(void *context, const char *section, const char *key, const char *value) {
        static const char *const known[] = { "url", "command", "ca", "tls-ca" };

        (void) value;
        if (strcmp(section, "tsa") != 0)
                return 0;
        for (size_t i = 0; i < COUNT(known); i++)
                if (strcmp(known[i], key) == 0)
                        return 0;
        return fail(context, ERR_USAGE, "[tsa] %s: clave desconocida.", "[tsa] %s: unknown key.", key);
}

/* Beside this program in a build, else where it is installed. */
static char *own_program(void) {
        char path[4000];
        ssize_t n = readlink("/proc/self/exe", path, sizeof path - 16);
        char *slash;

        if (n > 0) {
                path[n] = '\0';
                slash = strrchr(path, '/');
                if (slash) {
                        memcpy(slash, "/mpsi-tsa", sizeof "/mpsi-tsa");
                        if (access(path, X_OK) == 0)
                                return strdup(path);
                }
        }
        return strdup(MPSI_LIBEXEC_DIR "/mpsi-tsa");
}

/* The command of the configuration as words, or mpsi-tsa with the URL. */
static int set_command(struct tsa *tsa, const struct config *config, struct error *err) {
        const char *url = config_text(config, "tsa", "url", NULL);
        const char *command = config_text(config, "tsa", "command", NULL);
        const char *tls = config_text(config, "tsa", "tls-ca", NULL);
        _cleanup_free_ char *own = url ? own_program() : NULL;
        char *at = NULL;
        size_t n = 0;

        if (!url && !command)
                return 0;
        if (url && command)
                return fail(err, ERR_USAGE, "[tsa]: url o command, no los dos.",
                            "[tsa]: url or command, not both.");
        if (url && (strchr(url, ' ') || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)))
                return fail(err, ERR_USAGE, "[tsa] url = %s: no es http ni https.",
                            "[tsa] url = %s: neither http nor https.", url);
        tsa->command = url ? str_format("%s %s%s%s", own ? own : "", url, tls ? " " : "", tls ? tls : "")
                           : strdup(command);
        if (!tsa->command)
                return fail_memory(err);
        for (char *word = strtok_r(tsa->command, " \t", &at); word; word = strtok_r(NULL, " \t", &at)) {
                if (n == WORDS_MAX)
                        return fail(err, ERR_USAGE, "[tsa] command: demasiadas palabras.",
                                    "[tsa] command: too many words.");
                tsa->words[n++] = word;
        }
        if (!n || tsa->words[0][0] != '/')
                return fail(err, ERR_USAGE, "[tsa] command: hace falta la ruta completa de un programa.",
                            "[tsa] command: the full path of a program is needed.");
        return 0;
}

int tsa_load(const char *folder, struct tsa **ret, struct error *err) {
        _cleanup_free_ char *own = folder ? str_format("%s/mpsi.conf", folder) : NULL;
        _cleanup_config_ struct config *config = NULL;
        _cleanup_tsa_ struct tsa *tsa = calloc(1, sizeof *tsa);
        const char *ca;
        int r = tsa ? config_load(own && access(own, R_OK) == 0 ? own : STATION_CONFIG, &config, err)
                    : fail_memory(err);

        if (r == 0)
                r = config_each(config, check_key, err);
        if (r == 0)
                r = set_command(tsa, config, err);
        ca = config_text(config, "tsa", "ca", NULL);
        if (r == 0 && ca)
                r = timestamp_trust(ca, &tsa->trust, err);
        if (r < 0)
                return r;
        if (tsa->words[0] || tsa->trust)
                *ret = TAKE_PTR(tsa);
        return 0;
}

/* --- asking --------------------------------------------------------------------------------------------------- */

/* What the program says on its standard output until it closes it, in the time that is left. */
static int read_answer(int fd, uint8_t *answer, size_t *ret_n) {
        struct timespec now, end;

        (void) clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_sec += WAIT_SECONDS;
        for (size_t n = 0;;) {
                struct pollfd wait = { .fd = fd, .events = POLLIN };
                ssize_t got;

                (void) clock_gettime(CLOCK_MONOTONIC, &now);
                if (now.tv_sec >= end.tv_sec || poll(&wait, 1, (int) (end.tv_sec - now.tv_sec) * 1000) == 0)
                        return -ETIMEDOUT;
                got = recv(fd, answer + n, ANSWER_MAX - n, MSG_DONTWAIT);
                if (got < 0 && errno != EAGAIN && errno != EINTR)
                        return -errno;
                if (got > 0)
                        n += (size_t) got;
                if (n == ANSWER_MAX)
                        return -EMSGSIZE;
                if (got == 0) {
                        *ret_n = n;
                        return 0;
                }
        }
}

/* With an environment of its own: nothing of the caller's reaches it. */
static int start(const struct tsa *tsa, int fd, pid_t *ret) {
        char *const environment[] = { (char *) (uintptr_t) "PATH=/usr/bin:/bin",
                                      (char *) (uintptr_t) "LC_ALL=C.UTF-8", NULL };
        posix_spawn_file_actions_t actions;
        int r = posix_spawn_file_actions_init(&actions);

        if (r != 0)
                return -r;
        r = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn(ret, tsa->words[0], &actions, NULL, tsa->words, environment);
        (void) posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int ask(const struct tsa *tsa, const uint8_t *query, size_t n, uint8_t *answer, size_t *ret_n,
               struct error *err) {
        int pair[2], status = -1, r;
        pid_t pid = -1;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return fail_errno(err, errno, "No se puede preguntar la hora", "The time can't be asked for");
        r = start(tsa, pair[1], &pid);
        (void) close(pair[1]);
        if (r == 0 && send(pair[0], query, n, MSG_NOSIGNAL) != (ssize_t) n)
                r = -EPIPE;
        if (r == 0) {
                (void) shutdown(pair[0], SHUT_WR);
                r = read_answer(pair[0], answer, ret_n);
        }
        (void) close(pair[0]);
        if (pid > 0) {
                if (r < 0)
                        (void) kill(pid, SIGKILL);
                while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                        ;
        }
        if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return fail(err, ERR_FAILED, "La autoridad de sellado de tiempo no responde (%s%s).",
                            "The time-stamping authority does not answer (%s%s).", tsa->words[0],
                            r < 0 ? "" : ": error");
        return 0;
}

int tsa_stamp(const struct tsa *tsa, const void *pdf, size_t n, uint8_t **ret, struct timestamp *ret_stamp,
              struct error *err) {
        _cleanup_free_ uint8_t *query = NULL, *answer = malloc(ANSWER_MAX);
        size_t query_n = 0, answer_n = 0;
        int r = answer ? pades_stamp_query(pdf, n, &query, &query_n, err) : fail_memory(err);

        if (r == 0)
                r = ask(tsa, query, query_n, answer, &answer_n, err);
        return r < 0 ? r : pades_stamp(pdf, n, query, query_n, answer, answer_n, tsa->trust, ret, ret_stamp, err);
}
