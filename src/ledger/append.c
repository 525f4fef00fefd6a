/* Recording facts: insert, hash, apply, sign, commit: one transaction. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ledger/internal.h"

/* A JSON string as jansson writes it. Returns the end. */
static char *put_string(char *out, const char *text) {
        static const char digits[] = "0123456789ABCDEF";

        *out++ = '"';
        for (const unsigned char *p = (const unsigned char *) text; *p; p++) {
                if (*p == '"' || *p == '\\') {
                        *out++ = '\\';
                        *out++ = (char) *p;
                } else if (*p >= 0x20) {
                        *out++ = (char) *p;
                } else {
                        const char *at = strchr("\bb\ff\nn\rr\tt", *p);

                        *out++ = '\\';
                        if (at) {
                                *out++ = at[1];
                        } else {
                                memcpy(out, "u00", 3);
                                out[3] = digits[*p >> 4];
                                out[4] = digits[*p & 15];
                                out += 5;
                        }
                }
        }
        *out++ = '"';
        return out;
}

static char *put_raw(char *out, const char *text, size_t n) {
        memcpy(out, text, n);
        return out + n;
}

static char *put_number(char *out, int64_t number) {
        return out + sprintf(out, "%lld", (long long) number);
}

#define PUT(out, literal) put_raw(out, literal, sizeof(literal) - 1)

int event_text(const struct event *event, const char *data, char **ret, size_t *ret_n, struct error *err) {
        size_t data_n = strlen(data);
        /* A byte becomes at most six ("\u001F"). */
        char *text = malloc(data_n +
                            6 * (strlen(event->actor) + strlen(event->os_user) + strlen(event->station) +
                                 strlen(event->subject) + strlen(event->type)) +
                            200);
        char *out = text;

        if (!text)
                return fail_memory(err);
        out = put_string(PUT(out, "{\"actor\":"), event->actor);
        out = put_raw(PUT(out, ",\"data\":"), data, data_n);
        out = put_string(PUT(out, ",\"os_user\":"), event->os_user);
        out = put_number(PUT(out, ",\"seq\":"), event->seq);
        out = put_string(PUT(out, ",\"station\":"), event->station);
        out = put_string(PUT(out, ",\"subject\":"), event->subject);
        out = put_number(PUT(out, ",\"time\":"), event->time);
        out = put_string(PUT(out, ",\"type\":"), event->type);
        out = PUT(out, "}");
        *out = '\0';
        *ret = text;
        *ret_n = (size_t) (out - text);
        return 0;
}

struct tiles {
        struct db *db;
        struct error *err;
};

static int keep_tile(void *context, int level, uint64_t index, const uint8_t hash[SHA256_SIZE]) {
        const struct tiles *tiles = context;
        int r = 0;

        if (TILE_LEVEL(level))
                r = db_exec(tiles->db, tiles->err, "INSERT INTO tile(level, idx, hash) VALUES(?, ?, ?)", "iib",
                            (int64_t) level, (int64_t) index, (const void *) hash, (size_t) SHA256_SIZE);
        return r < 0 ? r : 0;
}

static int append_one(struct ledger *ledger, struct tree *tree, const struct event *event, struct error *err) {
        struct tiles tiles = { ledger->db, err };
        _cleanup_free_ char *data = NULL, *text = NULL;
        uint8_t leaf[SHA256_SIZE];
        size_t n;
        int r;

        r = json_canonical(event->data, &data, err);
        if (r == 0)
                r = event_text(event, data, &text, &n, err);
        if (r < 0)
                return r;
        if (hash_leaf(ledger->hasher, text, n, leaf) < 0)
                return fail_memory(err);
        r = db_exec(ledger->db, err,
                    "INSERT INTO event(seq, time, station, actor, os_user, type, subject, data, hash) "
                    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    "iissssssb", event->seq, event->time, event->station, event->actor, event->os_user, event->type,
                    event->subject, data, (const void *) leaf, (size_t) SHA256_SIZE);
        if (r >= 0)
                r = tree_add(tree, ledger->hasher, leaf, keep_tile, &tiles);
        if (r < 0)
                return r;
        return event_apply(ledger, ledger->db, event, err);
}

/* Signs the new head inside the transaction. ret_text is for the witness. */
static int sign_head(struct ledger *ledger, const struct tree *tree, char **ret_text, struct error *err) {
        int64_t now = clock_now(ledger->clock);
        _cleanup_free_ uint8_t *signature = NULL;
        uint8_t root[SHA256_SIZE];
        char body[CHECKPOINT_BODY];
        size_t n;
        int r;

        if (tree_root(tree, ledger->hasher, root) < 0)
                return fail_memory(err);
        checkpoint_body(ledger->station, tree->size, root, now, body);
        r = ledger_checkpoint_sign(ledger->key, body, &signature, &n, err);
        if (r == 0)
                r = db_exec(ledger->db, err,
                            "INSERT INTO checkpoint(size, time, root, signature) VALUES(?, ?, ?, ?)", "iibb",
                            (int64_t) tree->size, now, (const void *) root, (size_t) SHA256_SIZE,
                            (const void *) signature, n);
        if (r < 0)
                return r;
        *ret_text = checkpoint_text(body, signature, n);
        return *ret_text ? 0 : fail_memory(err);
}

/* The newest checkpoint outside the database: written after the commit and not synced, so that it may lag behind
 * after a power cut but never runs ahead. Losing it loses no fact, so trouble here is no failure of the act. */
static void write_witness(const struct ledger *ledger, const char *text) {
        _cleanup_close_ int fd = -1;
        char page[512];
        size_t n = strlen(text);

        if (!ledger->witness || n >= sizeof page)
                return;
        memset(page, '\n', sizeof page);
        memcpy(page, text, n);
        fd = open(ledger->witness, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (fd >= 0)
                (void) pwrite_all(fd, page, sizeof page, 0);
}

static int append_all(struct ledger *ledger, struct tree *tree, const char *actor, const char *os_user,
                      const struct fact *facts, size_t n, char **ret_text, struct error *err) {
        int64_t now = clock_now(ledger->clock);

        for (size_t i = 0; i < n; i++) {
                _cleanup_json_ json_t *none = facts[i].data ? NULL : json_object();
                const struct event event = {
                        .seq = (int64_t) tree->size + 1,
                        .time = now,
                        .station = ledger->station,
                        .actor = actor,
                        .os_user = os_user,
                        .type = facts[i].type,
                        .subject = facts[i].subject,
                        .data = facts[i].data ? facts[i].data : none,
                };
                int r = append_one(ledger, tree, &event, err);

                if (r < 0)
                        return r;
        }
        return sign_head(ledger, tree, ret_text, err);
}

int ledger_append(struct ledger *ledger, const char *actor, const char *os_user, const struct fact *facts, size_t n,
                  bool dry_run, struct error *err) {
        struct tree tree;
        _cleanup_free_ char *text = NULL;
        int r;

        if (!ledger->key)
                return fail(err, ERR_FAILED, "El libro está abierto solo para lectura.",
                            "The ledger is open for reading only.");
        r = db_begin(ledger->db, err);
        if (r < 0)
                return r;
        /* Another writer may have been here since: the head is read again under the transaction's lock. */
        r = ledger_refresh(ledger, err);
        tree = ledger->tree;
        if (r == 0)
                r = append_all(ledger, &tree, actor, os_user, facts, n, &text, err);
        if (r < 0 || dry_run) {
                db_rollback(ledger->db);
                return r;
        }
        r = db_commit(ledger->db, err);
        if (r < 0)
                return r;
        ledger->tree = tree;
        write_witness(ledger, text);
        return 0;
}
