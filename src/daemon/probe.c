#include "daemon/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "device/gate.h"
#include "device/hidden.h"
#include "device/probe.h"
#include "encrypt/encrypt.h"
#include "gate/gate.h"

/* Whether the gate of this station has a say on the device: udev's rule has taken it in, or the operator named it.
 */
static bool is_ours(const struct probe_order *order, const struct device_facts *facts) {
        bool taken_in = facts->gate[0] && strcmp(facts->gate, "out") != 0;

        return taken_in || order->named;
}

static bool in_scope(const struct probe_order *order, const struct device_facts *facts) {
        return is_ours(order, facts) && gate_concerns(facts);
}

/* A disk that was at a SANITIZE when the kernel last asked for its size shows none until it is asked again. An
 * empty reader or loop device is as it should be. */
static void ask_size(const struct probe_order *order, struct probe_outside *outside) {
        struct device_facts *facts = &outside->facts;
        _cleanup_close_ int fd = -1;

        if (facts->size > 0 || facts->removable || facts->partition || strncmp(facts->name, "loop", 4) == 0 ||
            !is_ours(order, facts))
                return;
        fd = open(facts->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        outside->empty = fd < 0 || device_rescan(fd, facts, NULL) < 0 || facts->size == 0;
}

/* A medium that is new here is closed before anybody reads it; a second look at the same insertion leaves it as the
 * verdict left it. */
static void close_new(const struct probe_order *order, struct probe_outside *outside) {
        /* One that is open is not new: mpsid is, which came back. */
        if (outside->facts.opened)
                return;
        if (!order->enforce || strcmp(order->insertion, outside->facts.insertion) == 0)
                return;
        outside->closed = gate_set(outside->facts.path, true, NULL) == 0;
        outside->failed = !outside->closed;
}

static void put_token(const struct luks_facts *header, struct probe_content *content) {
        _cleanup_free_ char *text = header->token ? json_dumps(header->token, JSON_COMPACT) : NULL;
        size_t n = text ? strlen(text) : 0;

        /* One that does not fit is no token of ours: none is then what the judge sees. */
        if (n == 0 || n >= sizeof content->token)
                return;
        memcpy(content->token, text, n);
        content->token_n = n;
}

static void read_content(int plain, int direct, struct probe_content *content) {
        struct luks_facts header = { 0 };

        probe_content(plain, &content->facts);
        content->unreadable = encrypt_read_header(direct, &header, NULL) < 0;
        if (content->unreadable)
                return;
        put_token(&header, content);
        content->header = header;
        content->header.token = NULL;
        luks_facts_done(&header);
}

int probe_run(const struct probe_order *order, int fd) {
        struct probe_outside outside = { .part = PROBE_OUTSIDE };
        struct probe_content *content = calloc(1,
                                               sizeof *content); /* too large for a stack; ends with the process */
        _cleanup_close_ int plain = -1, direct = -1;
        struct error err = { 0 };
        int r;

        if (!content)
                return 1;
        (void) alarm(PROBE_SECONDS); /* the guard can't end a process of another account */
        r = device_facts_outside(order->path, order->store, &outside.facts, &err);
        /* Unplugged meanwhile: udev tells that too. Anything else is tried again. */
        if (r < 0 && r != ERR_NOT_FOUND) {
                log_problem(LOG_ERR, order->path, &err);
                return 1;
        }
        outside.there = r == 0;
        if (outside.there)
                ask_size(order, &outside);
        outside.concerned = outside.there && in_scope(order, &outside.facts);
        if (outside.concerned)
                close_new(order, &outside);
        if (child_answer(fd, &outside, sizeof outside, -1) < 0 || !outside.concerned)
                return outside.concerned;
        content->part = PROBE_CONTENT;
        content->facts = outside.facts;
        plain = open(outside.facts.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        direct = open(outside.facts.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_DIRECT);
        content->unreadable = plain < 0 || direct < 0 || device_check_fd(&outside.facts, plain, NULL) < 0 ||
                              device_check_fd(&outside.facts, direct, NULL) < 0;
        if (privileges_drop(order->account, NULL) < 0 || privileges_confine_reader(NULL) < 0)
                return 1;
        if (!content->unreadable)
                read_content(plain, direct, content);
        return child_answer(fd, content, sizeof *content, -1) < 0;
}

/* --- for whoever takes it ------------------------------------------------------------------------------------- */

size_t probe_used(const void *data, size_t n) {
        const unsigned char *bytes = data;

        while (n && !bytes[n - 1])
                n--;
        return n;
}

/* Ends it, and says whether it is a text that may stand in a line of the journal, a fact or a query. */
#define END(text) ((text)[sizeof(text) - 1] = '\0', text_is_plain(text))

/* A byte that is neither 0 nor 1 is no bool. */
static bool is_bool(const bool *value) {
        unsigned char byte;

        memcpy(&byte, value, 1);
        return byte <= 1;
}

static bool bools_sane(const struct probe_content *content) {
        bool sane = is_bool(&content->unreadable) && is_bool(&content->header.mac.present);

        for (size_t i = 0; i < LUKS_SLOTS_MAX; i++)
                sane = sane && is_bool(&content->header.slots[i].bound) &&
                       is_bool(&content->header.segments[i].integrity);
        return sane;
}

/* They are indices and shifts to whoever judges. */
static bool numbers_sane(const struct luks_facts *header) {
        bool sane = true;

        for (size_t i = 0; i < header->slots_n; i++)
                sane = sane && (unsigned) header->slots[i].number < LUKS_SLOTS_MAX;
        for (size_t i = 0; i < header->segments_n; i++)
                sane = sane && (unsigned) header->segments[i].number < LUKS_SLOTS_MAX;
        return sane;
}

static bool end_header(struct luks_facts *header) {
        bool plain = END(header->damage);

        plain = END(header->uuid) && plain;
        plain = END(header->label) && plain;
        plain = END(header->subsystem) && plain;
        plain = END(header->checksum) && plain;
        plain = END(header->requirements) && plain;
        plain = END(header->body_digest) && plain;
        plain = END(header->canonical) && plain;
        plain = END(header->mac.algorithm) && plain;
        plain = END(header->mac.value) && plain;
        for (size_t i = 0; i < LUKS_SLOTS_MAX; i++) {
                struct luks_slot *slot = &header->slots[i];

                plain = END(slot->type) && plain;
                plain = END(slot->af_hash) && plain;
                plain = END(slot->area_type) && plain;
                plain = END(slot->area_cipher) && plain;
                plain = END(slot->kdf) && plain;
                plain = END(slot->kdf_hash) && plain;
                plain = END(slot->salt_digest) && plain;
                plain = END(header->segments[i].type) && plain;
                plain = END(header->segments[i].cipher) && plain;
                plain = END(header->digests[i].type) && plain;
                plain = END(header->digests[i].hash) && plain;
                plain = END(header->digests[i].value_digest) && plain;
                plain = END(header->tokens[i].type) && plain;
        }
        return plain;
}

static bool end_facts(struct device_facts *facts) {
        bool plain = END(facts->partition_table);

        plain = END(facts->partition_table_uuid) && plain;
        plain = END(facts->filesystem) && plain;
        plain = END(facts->filesystem_uuid) && plain;
        plain = END(facts->filesystem_label) && plain;
        return END(facts->luks_uuid) && plain;
}

void probe_merge(const struct probe_content *content, struct device_facts *facts) {
        const struct device_facts *inside = &content->facts;

        (void) snprintf(facts->partition_table, sizeof facts->partition_table, "%.*s",
                        (int) sizeof inside->partition_table - 1, inside->partition_table);
        (void) snprintf(facts->partition_table_uuid, sizeof facts->partition_table_uuid, "%.*s",
                        (int) sizeof inside->partition_table_uuid - 1, inside->partition_table_uuid);
        (void) snprintf(facts->filesystem, sizeof facts->filesystem, "%.*s", (int) sizeof inside->filesystem - 1,
                        inside->filesystem);
        (void) snprintf(facts->filesystem_uuid, sizeof facts->filesystem_uuid, "%.*s",
                        (int) sizeof inside->filesystem_uuid - 1, inside->filesystem_uuid);
        (void) snprintf(facts->filesystem_label, sizeof facts->filesystem_label, "%.*s",
                        (int) sizeof inside->filesystem_label - 1, inside->filesystem_label);
        (void) snprintf(facts->luks_uuid, sizeof facts->luks_uuid, "%.*s", (int) sizeof inside->luks_uuid - 1,
                        inside->luks_uuid);
        facts->luks_version = inside->luks_version;
        utf8_trim(facts->filesystem_label);
}

bool probe_content_sane(const void *data, size_t n, struct probe_content *ret) {
        if (n != sizeof *ret)
                return false;
        memcpy(ret, data, n);
        ret->header.token = NULL;
        if (ret->part != PROBE_CONTENT || (unsigned) ret->header.state > LUKS_VERSION_2 ||
            ret->header.slots_n > LUKS_SLOTS_MAX || ret->header.segments_n > LUKS_SLOTS_MAX ||
            ret->header.digests_n > LUKS_SLOTS_MAX || ret->header.tokens_n > LUKS_SLOTS_MAX ||
            ret->token_n >= sizeof ret->token || !bools_sane(ret) || !numbers_sane(&ret->header))
                return false;
        return end_header(&ret->header) && end_facts(&ret->facts);
}
