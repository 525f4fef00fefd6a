/* A client of mpsid that does what `mpsi` never does. wire_client SOCKET WHAT [ARGUMENT]; it prints what the
 * station answered (the frames' bodies) and gives 0 when the station answered or hung up, 1 when it did neither in
 * time.
 *
 *   slowly            a request byte by byte
 *   nested N          arguments that are nested N levels deep
 *   file KIND         passes a folder, device, pipe, socket or write-only file where a file is expected
 *   crowd             253 descriptors at once
 *   stray             a descriptor with a frame that has none
 *   named NAME        a good file with this name; \n and the like as printf has them
 *   many N            N connections that say nothing, until a byte comes on stdin
 *   deaf VERB         asks for VERB and does not read until a byte comes on stdin */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CROWD = 253, HEADER = 8, REQUEST = 1, FILE_FRAME = 10, PATIENCE_MS = 20000, STEP_US = 20000 };

static int station;

static void die(const char *what) {
        perror(what);
        exit(2);
}

static void send_frame(int type, const void *body, size_t n, const int *fds, size_t fds_n) {
        unsigned char header[HEADER] = { 'm',
                                         'p',
                                         1,
                                         (unsigned char) type,
                                         (unsigned char) (n >> 24),
                                         (unsigned char) (n >> 16),
                                         (unsigned char) (n >> 8),
                                         (unsigned char) n };
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * CROWD)] = { 0 };
        struct iovec parts[2] = { { header, sizeof header }, { (void *) (size_t) body, n } };
        struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
        ssize_t sent;

        if (fds_n) {
                struct cmsghdr *first = (struct cmsghdr *) control;

                message.msg_control = control;
                message.msg_controllen = CMSG_SPACE(sizeof(int) * fds_n);
                first->cmsg_level = SOL_SOCKET;
                first->cmsg_type = SCM_RIGHTS;
                first->cmsg_len = CMSG_LEN(sizeof(int) * fds_n);
                memcpy(CMSG_DATA(first), fds, sizeof(int) * fds_n);
        }
        sent = sendmsg(station, &message, MSG_NOSIGNAL);
        if (sent < 0)
                return; /* hung up: what it said is read all the same */
        for (size_t done = (size_t) sent < HEADER ? 0 : (size_t) sent - HEADER; done < n;) {
                ssize_t more = send(station, (const char *) body + done, n - done, MSG_NOSIGNAL);

                if (more < 0)
                        return;
                done += (size_t) more;
        }
}

static void request(const char *text) {
        send_frame(REQUEST, text, strlen(text), NULL, 0);
}

static void slowly(void) {
        static const char body[] = "{\"verb\":\"person list\",\"arguments\":{}}";
        char frame[HEADER + sizeof body - 1] = { 'm', 'p', 1, REQUEST, 0, 0, 0, sizeof body - 1 };

        memcpy(frame + HEADER, body, sizeof body - 1);
        for (size_t i = 0; i < sizeof frame; i++) {
                (void) usleep(STEP_US);
                if (send(station, frame + i, 1, MSG_NOSIGNAL) != 1)
                        die("send");
        }
}

static void nested(size_t levels) {
        static const char before[] = "{\"verb\":\"person list\",\"arguments\":";
        char *text = malloc(sizeof before + 8 * levels + 2), *at = text;

        if (!text)
                die("malloc");
        at = stpcpy(at, before);
        for (size_t i = 0; i < levels; i++)
                at = stpcpy(at, "{\"a\":");
        *at++ = '1';
        memset(at, '}', levels + 1);
        at[levels + 1] = '\0';
        request(text);
        free(text);
}

static int of_kind(const char *kind) {
        int pair[2];

        if (strcmp(kind, "folder") == 0)
                return open("/", O_RDONLY | O_DIRECTORY);
        if (strcmp(kind, "device") == 0)
                return open("/dev/zero", O_RDONLY);
        if (strcmp(kind, "write-only") == 0)
                return open("/tmp", O_WRONLY | O_TMPFILE, 0600);
        if (strcmp(kind, "path") == 0)
                return open("/etc/passwd", O_PATH);
        if (strcmp(kind, "pipe") == 0 ? pipe(pair) < 0 : socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                die("pipe");
        return pair[0];
}

/* The file and then the request that reads it. */
static void pass(const char *name, int fd) {
        char body[1024];

        (void) snprintf(body, sizeof body, "{\"parameter\":\"file\",\"index\":0,\"name\":\"%s\"}", name);
        send_frame(FILE_FRAME, body, strlen(body), &fd, 1);
        (void) snprintf(body, sizeof body, "{\"verb\":\"media import\",\"arguments\":{\"file\":\"%s\"}}", name);
        request(body);
}

static void crowd(void) {
        static const char body[] = "{\"parameter\":\"file\",\"index\":0,\"name\":\"x\"}";
        int fds[CROWD];

        for (size_t i = 0; i < CROWD; i++)
                fds[i] = of_kind("device");
        send_frame(FILE_FRAME, body, sizeof body - 1, fds, CROWD);
}

/* Everything until it hangs up or has answered. */
static int print_answer(void) {
        char buffer[65536];
        struct pollfd wait = { .fd = station, .events = POLLIN };
        size_t all = 0;

        (void) shutdown(station, SHUT_WR);
        while (poll(&wait, 1, PATIENCE_MS) > 0) {
                ssize_t n = recv(station, buffer, sizeof buffer, 0);

                if (n <= 0)
                        return n == 0 || all > 0 || errno == ECONNRESET ? 0 : 1;
                all += (size_t) n;
                (void) fwrite(buffer, 1, (size_t) n, stdout);
        }
        return 1;
}

static void many(const struct sockaddr_un *address, int n) {
        char byte;

        for (int i = 1; i < n; i++) {
                int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

                if (fd < 0 || connect(fd, (const struct sockaddr *) address, sizeof *address) < 0)
                        die("connect");
        }
        (void) puts("there");
        (void) fflush(stdout);
        if (read(STDIN_FILENO, &byte, 1) < 0)
                die("stdin");
}

int main(int argc, char **argv) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *what = argc > 2 ? argv[2] : "", *argument = argc > 3 ? argv[3] : "";

        if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path)
                return 2;
        strcpy(address.sun_path, argv[1]);
        station = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (station < 0 || connect(station, (const struct sockaddr *) &address, sizeof address) < 0)
                die(argv[1]);
        if (strcmp(what, "slowly") == 0) {
                slowly();
        } else if (strcmp(what, "nested") == 0) {
                nested(strtoul(argument, NULL, 10));
        } else if (strcmp(what, "file") == 0) {
                pass("list.csv", of_kind(argument));
        } else if (strcmp(what, "named") == 0) {
                pass(argument, open("/etc/passwd", O_RDONLY | O_CLOEXEC));
        } else if (strcmp(what, "many") == 0) {
                many(&address, atoi(argument));
        } else if (strcmp(what, "crowd") == 0) {
                crowd();
        } else if (strcmp(what, "stray") == 0) {
                int fd = of_kind("device");

                send_frame(REQUEST, "{}", 2, &fd, 1);
        } else if (strcmp(what, "deaf") == 0) {
                char body[256], byte;

                (void) snprintf(body, sizeof body, "{\"verb\":\"%s\",\"arguments\":{}}", argument);
                for (int i = 0; i < 400; i++)
                        request(body);
                if (read(STDIN_FILENO, &byte, 1) < 0)
                        die("stdin");
        } else {
                return 2;
        }
        return print_answer();
}
