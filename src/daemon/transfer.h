/* Files over the socket. A verb reads and writes paths; the worker may not, and must not, reach the client's files.
 * So the client opens what is read and passes it; the worker keeps a copy in a folder of its own and hands the verb
 * that path. What the verb writes lands there too, and goes back as descriptors for the client to copy. In answers
 * and messages the client's own paths stand again. */
#pragma once

#include "act/act.h"
#include "wire/wire.h"

enum { TRANSFER_FILES = 128 };

struct transfer {
        char *folder; /* made when the first file comes, removed at the end */
        struct transfer_file {
                const struct param *param; /* NULL until the request names the verb */
                char parameter[64];
                int64_t index;
                bool output, secret; /* secret: in memory only, `fd` */
                int fd;              /* of what the client passed, or -1 */
                char *name;          /* what the client calls it */
                char *there;         /* the client's path, as it stands in the arguments */
                char *here;
        } files[TRANSFER_FILES];
        size_t n;
        int64_t bytes;
};

/* Where the clients' files of a store lie meanwhile: beside it, so that nothing of them is part of it. New string.
 */
char *transfer_folder(const char *store);
/* Removes what workers that died left there; for when there is none. */
void transfer_clean(const char *store);

/* A WIRE_FILE of the client's: keeps the descriptor, copies nothing yet. ERR_USAGE for one too many or what is no
 * plain file. */
int transfer_take(struct transfer *transfer, struct wire_frame *frame, struct error *err);
/* For somebody who may do `verb`: copies what it reads, and puts our paths where the arguments name files.
 * ERR_USAGE for what is missing or too large. Media are named by device nodes only: a file is no medium of this
 * station's. */
int transfer_arguments(struct transfer *transfer, const char *work, const struct verb *verb, json_t *arguments,
                       struct error *err);
/* Sends what the verb wrote. */
int transfer_send(struct transfer *transfer, int fd, int timeout_ms, struct error *err);
/* The client's paths instead of ours, in every text of a value. New reference. */
json_t *transfer_texts(const struct transfer *transfer, const json_t *value);
void transfer_done(struct transfer *transfer);
#define _cleanup_transfer_ _cleanup_(transfer_done)
