/* Keys that are opened while others write. */
#include <openssl/evp.h>
#include <string.h>

#include "act/act.h"
#include "ledger/ledger.h"
#include "sign/openssl.h"

struct act_key {
        struct act_key *next;
        char *name;
        EVP_PKEY *key;
};

void act_keys_forget(struct act *act) {
        struct act_key *next;

        for (struct act_key *one = act->keys; one; one = next) {
                next = one->next;
                EVP_PKEY_free(one->key);
                free(one->name);
                free(one);
        }
        act->keys = NULL;
}

static int keep(struct act *act, const char *name, EVP_PKEY *key, struct error *err) {
        struct act_key *one = calloc(1, sizeof *one);
        char *copy = strdup(name);

        if (!one || !copy || EVP_PKEY_up_ref(key) != 1) {
                free(one);
                free(copy);
                return fail_memory(err);
        }
        *one = (struct act_key){ act->keys, copy, key };
        act->keys = one;
        return 0;
}

static EVP_PKEY *kept(const struct act *act, const char *name) {
        for (const struct act_key *one = act->keys; one; one = one->next)
                if (strcmp(one->name, name) == 0 && EVP_PKEY_up_ref(one->key) == 1)
                        return one->key;
        return NULL;
}

/* Only a call that has done nothing yet can begin again. */
static bool lets_in(const struct act *act) {
        return act->lock && act->verb && act->verb->flags & VERB_WRITES && act->db && !act->recorded && !act->away;
}

/* Never seen by who calls: the session begins again. */
static int fail_again(struct error *err) {
        return fail(err, ERR_BUSY, "Otro acto ha escrito entretanto.", "Another act has written meanwhile.");
}

static int open_away(struct act *act, int (*open)(void *context, EVP_PKEY **ret, struct error *err), void *context,
                     EVP_PKEY **ret, struct error *err) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        struct error trouble = { 0 };
        int64_t before, after;
        int r = ledger_end(act->db, &before, err), resumed;

        if (r == 0 && act->lock->turn)
                r = act->lock->turn(act->lock->context, &act->again, err);
        if (r == 0 && act->again) /* the attempt before it may have locked the account */
                return fail_again(err);
        if (r < 0)
                return r;
        (void) act_pause(act, NULL);
        r = open(context, &key, err);
        /* An attempt that could not be counted has no result. */
        resumed = act_resume(act, r < 0 ? &trouble : err);
        if (resumed < 0 && r < 0 && err)
                *err = trouble;
        if (r == 0 || resumed < 0)
                r = resumed;
        if (r == 0)
                r = ledger_end(act->db, &after, err);
        if (r < 0)
                return r;
        act->again = after != before;
        *ret = TAKE_PTR(key);
        return 0;
}

int act_key(struct act *act, const char *name, int (*open)(void *context, EVP_PKEY **ret, struct error *err),
            void *context, EVP_PKEY **ret, struct error *err) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = kept(act, name);
        int r;

        if (key) {
                *ret = TAKE_PTR(key);
                return 0;
        }
        if (!lets_in(act)) {
                r = open(context, &key, err);
        } else {
                r = open_away(act, open, context, &key, err);
                if (r == 0)
                        r = keep(act, name, key, err);
                if (r == 0 && act->again)
                        r = fail_again(err);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(key);
        return 0;
}
