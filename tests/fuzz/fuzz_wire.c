/* What a client may send to the station's socket: whatever it is, each receiving ends in a frame within its limit
 * or in an error that says why, and the connection's end is always reached. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "wire/wire.h"

enum { LIMIT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        int pair[2], r = 0;

        if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return 0;
        if (write_all(pair[1], data, size) < 0 || shutdown(pair[1], SHUT_WR) < 0)
                abort();
        while (r == 0) {
                _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };
                struct error err = { 0 };

                r = wire_receive(pair[0], LIMIT, 1000, &frame, &err);
                if (r < 0 && (err.code != r || !err.what[LANG_ES][0] || !err.what[LANG_EN][0] || r == ERR_BUSY))
                        abort();
                if (r == 0 && (frame.size > LIMIT || frame.fd >= 0))
                        abort();
                if (r == 0 && frame.body) {
                        json_t *body = NULL;

                        if (wire_json(&frame, &body, &err) == 0) {
                                struct error said;

                                wire_error(body, &said);
                                if (said.code >= 0 || !utf8_valid(said.what[LANG_ES], strlen(said.what[LANG_ES])))
                                        abort();
                        }
                        json_decref(body);
                }
        }
        (void) close(pair[0]);
        (void) close(pair[1]);
        return 0;
}
