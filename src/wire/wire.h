/* How `mpsi` and mpsid talk over the station's socket: frames on a stream. docs/protocol.md is its description.
 *
 * A frame is eight bytes, "mp", the version, its type and the length of what follows (32 bits, big-endian), and
 * then that many bytes: JSON, except a secret, which is the bare bytes so that no parser copies it. Whoever
 * receives names the largest body it takes and until when it waits: a peer that sends garbage, half a frame, a
 * gigabyte or nothing costs its own connection and nothing else. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/secret.h"

enum {
        WIRE_VERSION = 1,
        WIRE_HEADER = 8,
        WIRE_REQUEST_MAX = 1 << 20,  /* of what a client sends */
        WIRE_ANSWER_MAX = 512 << 20, /* of what the station answers: a listing of a million media */
        WIRE_SECRET_MAX = 1024,
};

enum wire_type {
        /* from the client */
        WIRE_REQUEST = 1, /* {verb, arguments, lang, dry_run}; the files that it reads were sent before it */
        WIRE_SECRET, /* the answer to WIRE_ASK_SECRET: bare bytes. From the station: to be shown to the person once,
                        and answered by WIRE_LINE when they have noted it, or WIRE_NOTHING */
        WIRE_LINE,   /* the answer to WIRE_ASK_LINE: {line} */
        WIRE_NOTHING, /* there is nobody to ask: {error} */
        /* from the station */
        WIRE_ANSWER, /* {answer, said} */
        WIRE_ERROR,  /* {error, said} */
        WIRE_ASK_SECRET,
        WIRE_ASK_LINE, /* {purpose?, prompt: {es, en}} */
        WIRE_PROGRESS, /* {subject, step: {es, en}, done, total, rate, eta} */
        /* both ways, with one descriptor: a file's content */
        WIRE_FILE, /* {parameter, index, name} */
        WIRE_TYPES
};

struct wire_frame {
        enum wire_type type;
        uint8_t *body; /* ends in a NUL that is not counted; NULL for a secret */
        size_t size;
        struct secret *secret; /* of WIRE_SECRET */
        int fd;                /* of WIRE_FILE, else -1 */
};
void wire_frame_done(struct wire_frame *frame);
#define _cleanup_wire_frame_ _cleanup_(wire_frame_done)

/* Both give ERR_BUSY when the peer is slower than timeout_ms (negative: waits for ever), ERR_NOT_FOUND when it
 * closed the connection between two frames, ERR_FAILED when it broke off in the middle, ERR_USAGE for what is no
 * frame. The frame is to be released whatever the result. */
int wire_send(int fd, enum wire_type type, const void *body, size_t size, int passed, int timeout_ms,
              struct error *err);
int wire_receive(int fd, size_t max, int timeout_ms, struct wire_frame *ret, struct error *err);

int wire_send_json(int fd, enum wire_type type, const json_t *body, int timeout_ms, struct error *err);
/* The body as an object. */
int wire_json(const struct wire_frame *frame, json_t **ret, struct error *err);

/* {error: …, said: …} as a struct error: what the other side says went wrong. */
void wire_error(const json_t *body, struct error *err);
