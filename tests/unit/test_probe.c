/* The process that reads a medium (C3, C10): it sees what an unconfined reader sees, can do nothing else, and what
 * it says is believed only as far as it makes sense. */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/probe.h"
#include "device/gate.h"
#include "encrypt/encrypt.h"
#include "unit/loop.h"

static const struct account nobody = { .set = true, .uid = 65534, .gid = 65534 };

/* Runs it as the guard does, and takes both messages. False when the second one did not come. */
static bool probe(const char *path, const char *insertion, bool enforce, struct probe_outside *outside,
                  struct probe_content *content) {
        struct probe_order order = { .path = path, .account = &nobody, .enforce = enforce, .named = true };
        int pair[2], status;
        bool both;
        pid_t child;

        (void) snprintf(order.insertion, sizeof order.insertion, "%s", insertion);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        child = fork();
        if (child == 0) {
                (void) close(pair[0]);
                _exit(probe_run(&order, pair[1]));
        }
        (void) close(pair[1]);
        assert_int_equal(recv(pair[0], outside, sizeof *outside, 0), sizeof *outside);
        both = recv(pair[0], content, sizeof *content, 0) == sizeof *content &&
               probe_content_sane(content, sizeof *content, content);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        (void) close(pair[0]);
        return both;
}

static void sees_the_same(const char *prepare) {
        struct probe_outside *outside = calloc(1, sizeof *outside);
        struct probe_content *content = calloc(1, sizeof *content);
        struct luks_facts *header = calloc(1, sizeof *header);
        struct device_facts facts, merged;
        struct loop loop;
        int fd;

        loop_make(&loop, "/tmp", 64 << 20, NULL);
        assert_int_equal(setenv("DEVICE", loop.device, 1), 0);
        assert_int_equal(system(prepare), 0);
        assert_true(probe(loop.device, "", false, outside, content));
        assert_true(outside->there && outside->concerned && !outside->closed && !outside->failed);
        assert_false(content->unreadable);
        assert_int_equal(device_facts_read(loop.device, NULL, &facts, NULL), 0);
        merged = outside->facts;
        probe_merge(content, &merged);
        assert_string_equal(merged.filesystem, facts.filesystem);
        assert_string_equal(merged.filesystem_uuid, facts.filesystem_uuid);
        assert_string_equal(merged.filesystem_label, facts.filesystem_label);
        assert_string_equal(merged.partition_table, facts.partition_table);
        assert_string_equal(merged.luks_uuid, facts.luks_uuid);
        assert_int_equal(merged.luks_version, facts.luks_version);
        fd = open(loop.device, O_RDONLY | O_CLOEXEC);
        assert_int_equal(encrypt_read_header(fd, header, NULL), 0);
        assert_int_equal(content->header.state, header->state);
        assert_string_equal(content->header.uuid, header->uuid);
        assert_int_equal(content->header.slots_n, header->slots_n);
        assert_int_equal(content->header.seqid, header->seqid);
        luks_facts_done(header);
        (void) close(fd);
        loop_done(&loop);
        free(outside);
        free(content);
        free(header);
}

static void it_sees_a_blank_medium(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        sees_the_same("test -b $DEVICE");
}
static void it_sees_a_file_system(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        sees_the_same("mkfs.ext4 -q -L pacientes $DEVICE");
}
static void it_sees_a_partition_table(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        sees_the_same("printf 'label: gpt\\n,20M\\n' | sfdisk -q --no-reread --no-tell-kernel $DEVICE");
}
static void it_sees_a_luks_header(void **state) {
        (void) state;
        LOOP_OR_SKIP();
        sees_the_same(
                "printf secret | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations "
                "1000 $DEVICE -");
}

/* C3: a new insertion is closed before the first byte is read; one that was seen is left as the verdict left it. */
static void it_closes_what_is_new(void **state) {
        struct probe_outside *outside = calloc(1, sizeof *outside);
        struct probe_content *content = calloc(1, sizeof *content);
        char insertion[DEVICE_FIELD];
        struct loop loop;
        bool closed;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 8 << 20, NULL);
        assert_true(probe(loop.device, "", true, outside, content));
        assert_true(outside->closed);
        assert_int_equal(gate_get(loop.device, &closed, NULL), 0);
        assert_true(closed);
        (void) snprintf(insertion, sizeof insertion, "%s", outside->facts.insertion);
        assert_int_equal(gate_set(loop.device, false, NULL), 0);
        assert_true(probe(loop.device, insertion, true, outside, content));
        assert_false(outside->closed);
        assert_int_equal(gate_get(loop.device, &closed, NULL), 0);
        assert_false(closed);
        loop_done(&loop);
        free(outside);
        free(content);
}

/* A device that somebody works on, or that is not there, is none of its business. */
static void it_leaves_alone_what_is_in_use(void **state) {
        struct probe_outside *outside = calloc(1, sizeof *outside);
        struct probe_content *content = calloc(1, sizeof *content);
        struct loop loop;
        int fd;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 8 << 20, NULL);
        fd = open(loop.device, O_RDWR | O_CLOEXEC);
        assert_int_equal(flock(fd, LOCK_EX), 0);
        assert_false(probe(loop.device, "", true, outside, content));
        assert_true(outside->there && !outside->concerned && !outside->closed);
        (void) close(fd);
        loop_done(&loop);
        assert_false(probe("/dev/no-such-disk", "", true, outside, content));
        assert_false(outside->there);
        free(outside);
        free(content);
}

/* What a reader that a medium has taken over could still do. */
static void it_can_do_nothing_else(void **state) {
        struct loop loop;
        int status, node, *said;
        pid_t child;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", 8 << 20, NULL);
        node = open(loop.device, O_RDONLY | O_CLOEXEC);
        said = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(said, MAP_FAILED);
        child = fork();
        if (child == 0) {
                int value = 0, size = 0;
                char byte;

                if (privileges_drop(&nobody, NULL) < 0 || privileges_confine_reader(NULL) < 0)
                        _exit(2);
                said[0] = open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
                said[1] = socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0;
                said[2] = ioctl(node, BLKROSET, &value) < 0 ? errno : 0;
                said[3] = fork() < 0 ? errno : 0;
                said[4] = execl("/bin/true", "true", (char *) NULL) < 0 ? errno : 0;
                said[5] = kill(getppid(), 0) < 0 ? errno : 0;
                said[6] = setuid(0) < 0 ? errno : 0;
                said[7] = ioctl(node, BLKSSZGET, &size) < 0 ? errno : size;
                said[8] = pread(node, &byte, 1, 0) < 0 ? errno : 1;
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        for (int i = 0; i < 7; i++)
                assert_int_equal(said[i], EPERM);
        assert_int_equal(said[7], 512);
        assert_int_equal(said[8], 1);
        (void) close(node);
        (void) munmap(said, 4096);
        loop_done(&loop);
}

static void root_by_another_name_is_refused(void **state) {
        struct account account = { 0 };

        (void) state;
        LOOP_OR_SKIP(); /* root */
        assert_int_equal(account_find("nobody", &account, NULL), 0);
        assert_true(account.set && account.uid == 65534);
        assert_int_equal(account_find("no-such-account", &account, NULL), ERR_NOT_FOUND);
        assert_int_equal(account_find("sync", &account, NULL), 0); /* of group nogroup */
        assert_int_equal(account_find("root", &account, NULL), 0);
        assert_false(account.set);
}

/* Counts, states, bools and texts out of their range. */
static void nonsense_is_not_believed(void **state) {
        struct probe_content *sound = calloc(1, sizeof *sound), *got = calloc(1, sizeof *got);
        struct probe_content *bad = calloc(1, sizeof *bad);

        (void) state;
        sound->part = PROBE_CONTENT;
        assert_true(probe_content_sane(sound, sizeof *sound, got));
        assert_false(probe_content_sane(sound, sizeof *sound - 1, got));
#define BREAK(member, value)                                                                                       \
        *bad = *sound;                                                                                             \
        bad->member = (value);                                                                                     \
        assert_false(probe_content_sane(bad, sizeof *bad, got))
        BREAK(part, PROBE_OUTSIDE);
        BREAK(header.slots_n, LUKS_SLOTS_MAX + 1);
        BREAK(header.segments_n, SIZE_MAX);
        BREAK(header.digests_n, LUKS_SLOTS_MAX + 1);
        BREAK(header.tokens_n, LUKS_SLOTS_MAX + 1);
        BREAK(header.state, (enum luks_state) 77);
        BREAK(token_n, PROBE_TOKEN_MAX);
        *bad = *sound;
        memset(&bad->header.slots[3].bound, 7, 1);
        assert_false(probe_content_sane(bad, sizeof *bad, got));
        *bad = *sound;
        memset(bad->header.uuid, 'x', sizeof bad->header.uuid);
        assert_true(probe_content_sane(bad, sizeof *bad, got));
        assert_int_equal(strlen(got->header.uuid), sizeof got->header.uuid - 1);
        /* What is no plain text stands in no line of the journal, no fact and no query. */
        BREAK(facts.filesystem_label[0], '\n');
        BREAK(facts.luks_uuid[0], '\x1b');
        BREAK(header.damage[0], '\xff');
        BREAK(header.tokens[LUKS_SLOTS_MAX - 1].type[0], '\x01');
        free(sound);
        free(got);
        free(bad);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nonsense_is_not_believed),  cmocka_unit_test(root_by_another_name_is_refused),
                cmocka_unit_test(it_sees_a_blank_medium),    cmocka_unit_test(it_sees_a_file_system),
                cmocka_unit_test(it_sees_a_partition_table), cmocka_unit_test(it_sees_a_luks_header),
                cmocka_unit_test(it_closes_what_is_new),     cmocka_unit_test(it_leaves_alone_what_is_in_use),
                cmocka_unit_test(it_can_do_nothing_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
