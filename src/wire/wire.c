#include "wire/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

void wire_frame_done(struct wire_frame *frame) {
        free(frame->body);
        secret_free(frame->secret);
        close_fd(&frame->fd);
        *frame = (struct wire_frame){ .fd = -1 };
}

static int64_t now_ms(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int too_slow(struct error *err) {
        return fail(err, ERR_BUSY, "El otro extremo del socket no responde a tiempo.",
                    "The other end of the socket does not answer in time.");
}

static int broken(struct error *err) {
        return fail(err, ERR_FAILED, "La conexión se cortó a mitad de un mensaje.",
                    "The connection broke off in the middle of a message.");
}

static int no_frame(struct error *err) {
        return fail(err, ERR_USAGE, "Lo recibido no es un mensaje de mpsi.",
                    "What was received is no message of mpsi.");
}

/* Until `deadline` (-1: for ever). */
static int wait_for(int fd, short events, int64_t deadline, struct error *err) {
        for (;;) {
                struct pollfd poll_fd = { .fd = fd, .events = events };
                int64_t left = deadline < 0 ? -1 : deadline - now_ms();
                int n;

                if (deadline >= 0 && left <= 0)
                        return too_slow(err);
                n = poll(&poll_fd, 1, (int) left);
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return fail_errno(err, errno, "El socket ha fallado", "The socket failed");
        }
}

/* --- sending -------------------------------------------------------------------------------------------------- */

static ssize_t send_some(int fd, const struct iovec *parts, size_t n, int passed) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct msghdr message = { .msg_iov = (struct iovec *) (uintptr_t) parts, .msg_iovlen = n };

        if (passed >= 0) {
                struct cmsghdr *header;

                message.msg_control = &control;
                message.msg_controllen = sizeof control;
                header = CMSG_FIRSTHDR(&message);
                *header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                            .cmsg_type = SCM_RIGHTS,
                                            .cmsg_len = CMSG_LEN(sizeof(int)) };
                memcpy(CMSG_DATA(header), &passed, sizeof passed);
        }
        return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int wire_send(int fd, enum wire_type type, const void *body, size_t size, int passed, int timeout_ms,
              struct error *err) {
        uint8_t header[WIRE_HEADER] = { 'm',
                                        'p',
                                        WIRE_VERSION,
                                        (uint8_t) type,
                                        (uint8_t) (size >> 24),
                                        (uint8_t) (size >> 16),
                                        (uint8_t) (size >> 8),
                                        (uint8_t) size };
        int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
        size_t sent = 0, all = size + sizeof header;

        if (size > WIRE_ANSWER_MAX)
                return fail(err, ERR_FAILED, "La respuesta es demasiado grande.", "The answer is too large.");
        while (sent < all) {
                size_t into = sent < sizeof header ? 0 : sent - sizeof header;
                const struct iovec parts[2] = {
                        { .iov_base = header + (sent < sizeof header ? sent : sizeof header),
                          .iov_len = sent < sizeof header ? sizeof header - sent : 0 },
                        { .iov_base = (uint8_t *) (uintptr_t) body + into, .iov_len = size - into }
                };
                ssize_t n = send_some(fd, parts, size ? 2 : 1, sent == 0 ? passed : -1);
                int r = 0;

                if (n > 0)
                        sent += (size_t) n;
                else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        r = wait_for(fd, POLLOUT, deadline, err);
                else if (n < 0 && errno != EINTR)
                        return fail_errno(err, errno, "El socket ha fallado", "The socket failed");
                if (r < 0)
                        return r;
        }
        return 0;
}

int wire_send_json(int fd, enum wire_type type, const json_t *body, int timeout_ms, struct error *err) {
        _cleanup_free_ char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

        if (!text)
                return fail_memory(err);
        return wire_send(fd, type, text, strlen(text), -1, timeout_ms, err);
}

/* --- receiving ------------------------------------------------------------------------------------------------ */

/* Takes the descriptor that may come with the bytes; a second one is closed at once. */
static ssize_t receive_some(int fd, void *out, size_t n, int *passed) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int) * 4)];
        } control = { 0 };
        struct iovec part = { .iov_base = out, .iov_len = n };
        struct msghdr message = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
        };
        ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

        if (got < 0)
                return got;
        for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
                size_t fds = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < fds; i++) {
                        int one;

                        memcpy(&one, CMSG_DATA(header) + i * sizeof one, sizeof one);
                        if (*passed < 0)
                                *passed = one;
                        else
                                (void) close(one);
                }
        }
        return got;
}

/* All n bytes. `between`: nothing has come yet, so that an end here is a good end. */
static int receive_all(int fd, void *out, size_t n, bool between, int64_t deadline, int *passed,
                       struct error *err) {
        size_t done = 0;

        while (done < n) {
                ssize_t got = receive_some(fd, (uint8_t *) out + done, n - done, passed);
                int r = 0;

                if (got > 0)
                        done += (size_t) got;
                else if (got == 0 || errno == ECONNRESET)
                        return between && done == 0 ? fail(err, ERR_NOT_FOUND, "La conexión se cerró.",
                                                           "The connection was closed.")
                                                    : broken(err);
                else if (errno == EAGAIN || errno == EWOULDBLOCK)
                        r = wait_for(fd, POLLIN, deadline, err);
                else if (errno != EINTR)
                        return fail_errno(err, errno, "El socket ha fallado", "The socket failed");
                if (r < 0)
                        return r;
        }
        return 0;
}

static size_t limit_of(enum wire_type type, size_t max) {
        return type == WIRE_SECRET && max > WIRE_SECRET_MAX ? WIRE_SECRET_MAX : max;
}

static int receive_body(int fd, int64_t deadline, struct wire_frame *frame, struct error *err) {
        int r = 0;

        if (frame->type == WIRE_SECRET) {
                r = frame->size ? secret_new(frame->size, &frame->secret, err) : no_frame(err);
                return r < 0 ? r
                             : receive_all(fd, frame->secret->data, frame->size, false, deadline, &frame->fd, err);
        }
        frame->body = malloc(frame->size + 1);
        if (!frame->body)
                return fail_memory(err);
        frame->body[frame->size] = '\0';
        return receive_all(fd, frame->body, frame->size, false, deadline, &frame->fd, err);
}

int wire_receive(int fd, size_t max, int timeout_ms, struct wire_frame *ret, struct error *err) {
        int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
        struct wire_frame *frame = ret;
        uint8_t header[WIRE_HEADER];
        int r;

        *frame = (struct wire_frame){ .fd = -1 };
        r = receive_all(fd, header, sizeof header, true, deadline, &frame->fd, err);
        if (r < 0)
                return r;
        if (header[0] != 'm' || header[1] != 'p' || header[3] == 0 || header[3] >= WIRE_TYPES)
                return no_frame(err);
        if (header[2] != WIRE_VERSION)
                return fail(err, ERR_USAGE, "El otro extremo habla la versión %d del protocolo y no la %d.",
                            "The other end speaks version %d of the protocol, not %d.", header[2], WIRE_VERSION);
        frame->type = (enum wire_type) header[3];
        frame->size = (size_t) header[4] << 24 | (size_t) header[5] << 16 | (size_t) header[6] << 8 | header[7];
        if (frame->size > limit_of(frame->type, max))
                return fail(err, ERR_USAGE, "El mensaje pasa de %zu bytes.", "The message is over %zu bytes.",
                            limit_of(frame->type, max));
        r = receive_body(fd, deadline, frame, err);
        if (r == 0 && (frame->fd >= 0) != (frame->type == WIRE_FILE))
                r = no_frame(err);
        return r;
}

int wire_json(const struct wire_frame *frame, json_t **ret, struct error *err) {
        json_t *object = NULL;
        int r = json_parse((const char *) frame->body, frame->size, &object, err);

        if (r == 0 && !json_is_object(object)) {
                json_decref(object);
                r = no_frame(err);
        }
        if (r == 0)
                *ret = object;
        return r;
}

void wire_error(const json_t *body, struct error *err) {
        const json_t *said = json_object_get(body, "error");
        int64_t status = json_int(said, "status", 1);
        struct error error = { .code = status > 0 && status < 256 ? (int) -status : ERR_FAILED };

        (void) snprintf(error.rule, sizeof error.rule, "%s", json_text_or_empty(said, "rule"));
        (void) snprintf(error.ens, sizeof error.ens, "%s", json_text_or_empty(said, "ens"));
        for (enum lang lang = LANG_ES; lang < LANGS; lang++) {
                const char *key = lang == LANG_ES ? "es" : "en";

                (void) snprintf(error.what[lang], ERROR_TEXT_MAX, "%s",
                                json_text_or_empty(json_object_get(said, "what"), key));
                (void) snprintf(error.hint[lang], ERROR_TEXT_MAX, "%s",
                                json_text_or_empty(json_object_get(said, "hint"), key));
                utf8_trim(error.what[lang]);
                utf8_trim(error.hint[lang]);
        }
        if (err)
                *err = error;
}
