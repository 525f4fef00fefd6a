/* The frames of the station's socket: good ones arrive whole, whatever pieces they come in; anything else is an
 * error and costs neither memory nor time beyond its limit. */
#include "unit/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "wire/wire.h"

static int near_end, far_end;

static int open_pair(void **state) {
        int pair[2];

        (void) state;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return -1;
        near_end = pair[0];
        far_end = pair[1];
        return 0;
}

static int close_pair(void **state) {
        (void) state;
        (void) close(near_end);
        (void) close(far_end);
        return 0;
}

static void send_raw(const void *bytes, size_t n) {
        assert_int_equal(write_all(far_end, bytes, n), 0);
}

static int receive(size_t max, struct wire_frame *frame) {
        struct error err = { 0 };
        int r = wire_receive(near_end, max, 200, frame, &err);

        if (r < 0) {
                assert_int_equal(err.code, r);
                assert_true(*err.what[LANG_ES] && *err.what[LANG_EN]);
        }
        return r;
}

static void a_frame_arrives_whole(void **state) {
        _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };
        _cleanup_json_ json_t *body = json_pack("{s:s}", "verb", "media list"), *got = NULL;

        (void) state;
        assert_int_equal(wire_send_json(far_end, WIRE_REQUEST, body, 100, NULL), 0);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), 0);
        assert_int_equal(frame.type, WIRE_REQUEST);
        assert_int_equal(frame.fd, -1);
        assert_int_equal(wire_json(&frame, &got, NULL), 0);
        assert_true(json_equal(body, got));
}

/* A body larger than the socket's buffer, byte by byte at its start: another process reads it meanwhile. */
static void a_large_frame_arrives_whole(void **state) {
        enum { N = 3 << 20 };
        char *bytes = calloc(1, N);
        pid_t child;
        int status;

        (void) state;
        assert_non_null(bytes);
        memset(bytes, ' ', N);
        memcpy(bytes, "{}", 2);
        child = fork();
        if (child == 0) {
                struct wire_frame frame;
                int r = wire_receive(near_end, N, 5000, &frame, NULL);

                _exit(r == 0 && frame.size == N && memcmp(frame.body, bytes, N) == 0 ? 0 : 1);
        }
        assert_int_equal(wire_send(far_end, WIRE_ANSWER, bytes, N, -1, 5000, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        free(bytes);
}

static void a_secret_comes_in_locked_memory(void **state) {
        _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };

        (void) state;
        assert_int_equal(wire_send(far_end, WIRE_SECRET, "hunter2", 7, -1, 100, NULL), 0);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), 0);
        assert_null(frame.body);
        assert_int_equal(frame.secret->size, 7);
        assert_memory_equal(frame.secret->data, "hunter2", 7);
}

static void a_file_comes_as_a_descriptor(void **state) {
        _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };
        _cleanup_close_ int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        struct stat here, there;

        (void) state;
        assert_true(fd >= 0);
        assert_int_equal(wire_send(far_end, WIRE_FILE, "{}", 2, fd, 100, NULL), 0);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), 0);
        assert_true(frame.fd >= 0);
        assert_int_equal(fstat(fd, &here), 0);
        assert_int_equal(fstat(frame.fd, &there), 0);
        assert_int_equal(here.st_ino, there.st_ino);
}

/* A descriptor where none belongs, and none where one does. */
static void descriptors_belong_to_files_only(void **state) {
        struct wire_frame frame;
        _cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        (void) state;
        assert_int_equal(wire_send(far_end, WIRE_REQUEST, "{}", 2, fd, 100, NULL), 0);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), ERR_USAGE);
        wire_frame_done(&frame);
        assert_int_equal(wire_send(far_end, WIRE_FILE, "{}", 2, -1, 100, NULL), 0);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), ERR_USAGE);
        wire_frame_done(&frame);
}

static void bad_headers_are_no_frames(void **state) {
        static const struct {
                uint8_t bytes[WIRE_HEADER];
                int code;
        } bad[] = {
                { { 'G', 'E', 'T', ' ', '/', ' ', 'H', 'T' }, ERR_USAGE },
                { { 'm', 'p', WIRE_VERSION, 0, 0, 0, 0, 2 }, ERR_USAGE },
                { { 'm', 'p', WIRE_VERSION, WIRE_TYPES, 0, 0, 0, 2 }, ERR_USAGE },
                { { 'm', 'p', WIRE_VERSION + 1, WIRE_REQUEST, 0, 0, 0, 2 }, ERR_USAGE },
                { { 'm', 'p', WIRE_VERSION, WIRE_REQUEST, 0x40, 0, 0, 0 }, ERR_USAGE }, /* a gigabyte */
                { { 'm', 'p', WIRE_VERSION, WIRE_REQUEST, 0xff, 0xff, 0xff, 0xff }, ERR_USAGE },
                { { 'm', 'p', WIRE_VERSION, WIRE_SECRET, 0, 0, 4, 1 }, ERR_USAGE }, /* 1025 */
                { { 'm', 'p', WIRE_VERSION, WIRE_SECRET, 0, 0, 0, 0 }, ERR_USAGE },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(bad); i++) {
                struct wire_frame frame;

                send_raw(bad[i].bytes, sizeof bad[i].bytes);
                assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), bad[i].code);
                wire_frame_done(&frame);
        }
}

static void half_a_message_is_waited_for_so_long(void **state) {
        struct wire_frame frame;

        (void) state;
        send_raw("mp\1", 3);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), ERR_BUSY);
        wire_frame_done(&frame);
        send_raw("\1\0\0\0\12{}}", 8);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), ERR_USAGE); /* the three bytes were read before */
        wire_frame_done(&frame);
}

static void the_end_is_told_from_breaking_off(void **state) {
        struct wire_frame frame;

        (void) state;
        send_raw("mp\1\1\0\0\0\12{}", 10);
        assert_int_equal(shutdown(far_end, SHUT_WR), 0);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), ERR_FAILED);
        wire_frame_done(&frame);
        assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), ERR_NOT_FOUND);
        wire_frame_done(&frame);
}

static void a_peer_that_does_not_read_is_not_waited_for(void **state) {
        enum { N = 8 << 20 };
        char *bytes = calloc(1, N);
        struct error err = { 0 };

        (void) state;
        assert_int_equal(wire_send(far_end, WIRE_ANSWER, bytes, N, -1, 100, &err), ERR_BUSY);
        free(bytes);
}

static void a_body_that_is_no_object_is_refused(void **state) {
        static const char *const bodies[] = { "", "[]", "1", "{", "{\"a\":1,\"a\":2}", "\xff", "{}x" };

        (void) state;
        for (size_t i = 0; i < COUNT(bodies); i++) {
                _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };
                json_t *body = NULL;

                assert_int_equal(wire_send(far_end, WIRE_REQUEST, bodies[i], strlen(bodies[i]), -1, 100, NULL), 0);
                assert_int_equal(receive(WIRE_REQUEST_MAX, &frame), 0);
                assert_int_equal(wire_json(&frame, &body, NULL), ERR_USAGE);
                assert_null(body);
        }
}

static void errors_cross_the_socket_unchanged(void **state) {
        struct error sent = { 0 }, got = { 0 };
        _cleanup_json_ json_t *body = NULL;

        (void) state;
        (void) fail(&sent, ERR_REFUSED, "no «%s»", "no “%s”", "más");
        (void) error_by_rule(&sent, "U3", "mp.si.3");
        (void) hint(&sent, "haga esto", "do this");
        body = error_to_json(&sent);
        wire_error(body, &got);
        assert_memory_equal(&sent, &got, sizeof sent);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, open_pair, close_pair)
        const struct CMUnitTest tests[] = {
                TEST(a_frame_arrives_whole),
                TEST(a_large_frame_arrives_whole),
                TEST(a_secret_comes_in_locked_memory),
                TEST(a_file_comes_as_a_descriptor),
                TEST(descriptors_belong_to_files_only),
                TEST(bad_headers_are_no_frames),
                TEST(half_a_message_is_waited_for_so_long),
                TEST(the_end_is_told_from_breaking_off),
                TEST(a_peer_that_does_not_read_is_not_waited_for),
                TEST(a_body_that_is_no_object_is_refused),
                TEST(errors_cross_the_socket_unchanged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
