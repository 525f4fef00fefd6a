#include "certify/signing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "sign/card.h"

enum { HELPERS_MAX = 7, MANY = 4 /* fewer are done before a helper has begun */ };

struct helper {
        struct work *work;
        pthread_t thread;
        struct error err;
};

struct work {
        const struct signings *all;
        X509 *ca;
        atomic_size_t next;
        atomic_bool stop;
        struct helper helpers[HELPERS_MAX];
        size_t helpers_n;
        const struct signing *silent; /* the first whom the authority did not answer */
};

void signings_done(struct signings *signings) {
        for (size_t i = 0; i < signings->n; i++) {
                json_decref(signings->list[i].certificate);
                for (int lang = 0; lang < LANGS; lang++)
                        free(signings->list[i].unstamped[lang]);
        }
        free(signings->list);
        EVP_PKEY_free(signings->key);
        X509_free(signings->signer);
        tsa_free(signings->tsa);
}

static int verify(const struct work *work, const void *pdf, size_t n, struct error *err) {
        const struct pades_expected expected = { signature_fields, (size_t) work->all->position + 1, true,
                                                 signature_fields[SIGN_SEAL], NULL };
        _cleanup_json_ json_t *report = NULL;

        return pades_verify(pdf, n, work->ca, &expected, &report, err);
}

static int sign(const struct signings *all, const struct signing *one, const void *pdf, size_t n, uint8_t **ret,
                size_t *ret_n, struct error *err) {
        static const struct text whys[SIGNATURES] = {
                { "ejecución", "execution" },
                { "supervisión y validación", "supervision and validation" },
                { "sello", "seal" },
        };
        _cleanup_free_ char *reason = str_format("%s · %s · SHA-256 %s", json_text(one->certificate, "number"),
                                                 text_in(whys[all->position], all->lang),
                                                 json_text(one->certificate, "twin"));
        const struct pades_request request = { .key = all->key,
                                               .certificate = all->signer,
                                               .field = signature_fields[all->position],
                                               .reason = reason,
                                               .location = all->act->site,
                                               .moment = act_now(all->act),
                                               .lang = all->lang };

        return reason ? pades_sign(pdf, n, &request, ret, ret_n, err) : fail_memory(err);
}

static int say_unstamped(struct signing *one, const char *const why[LANGS], struct error *err) {
        for (int lang = 0; lang < LANGS; lang++)
                if (!(one->unstamped[lang] = strdup(why[lang])))
                        return fail_memory(err);
        return 0;
}

/* A signature without a time-stamp is one all the same. */
static int stamp(struct work *work, struct signing *one, uint8_t **pdf, size_t n, struct error *err) {
        struct error why = { 0 };
        uint8_t *stamped;

        if (!tsa_reachable(work->all->tsa) || work->all->act->dry_run)
                return 0;
        if (work->silent)
                return say_unstamped(one, (const char *const *) work->silent->unstamped, err);
        if (tsa_stamp(work->all->tsa, *pdf, n, &stamped, &one->stamp, &why) < 0) {
                work->silent = one;
                return say_unstamped(one, (const char *const[LANGS]){ why.what[LANG_ES], why.what[LANG_EN] }, err);
        }
        free(*pdf);
        *pdf = stamped;
        one->stamped = true;
        return verify(work, *pdf, n, err);
}

/* Which of them it is that fails. */
static void name(struct error *err, const char *number) {
        for (int lang = 0; lang < LANGS; lang++) {
                char what[ERROR_TEXT_MAX];

                memcpy(what, err->what[lang], sizeof what);
                (void) snprintf(err->what[lang], sizeof err->what[lang], "%s: %.*s", number,
                                ERROR_TEXT_MAX - CERTIFICATE_NUMBER - 3, what);
                utf8_trim(err->what[lang]);
        }
}

static int do_one(struct work *work, struct signing *one, struct error *err) {
        _cleanup_free_ uint8_t *signed_pdf = NULL;
        _cleanup_free_ char *pdf = NULL;
        size_t n, signed_n;
        int r = certify_attachment(work->all->act, json_text(one->certificate, "pdf"), &pdf, &n, err);

        if (r == 0)
                r = sign(work->all, one, pdf, n, &signed_pdf, &signed_n, err);
        if (r == 0)
                r = verify(work, signed_pdf, signed_n, err);
        if (r == 0)
                r = stamp(work, one, &signed_pdf, signed_n, err);
        if (r == 0)
                r = act_attach_loose(work->all->act, signed_pdf, signed_n, one->digest, err);
        if (r < 0 && work->all->n > 1)
                name(err, json_text_or_empty(one->certificate, "number"));
        return r;
}

static void work_on(struct work *work, struct error *err) {
        while (!atomic_load(&work->stop)) {
                size_t i = atomic_fetch_add(&work->next, 1);

                if (i >= work->all->n)
                        return;
                if (do_one(work, &work->all->list[i], err) < 0)
                        atomic_store(&work->stop, true);
        }
}

static void *help(void *context) {
        struct helper *helper = context;

        work_on(helper->work, &helper->err);
        return NULL;
}

/* A card and an authority are asked by one alone. */
static size_t helpers_wanted(const struct signings *all) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        size_t wanted = processors < 2 ? 0 : (size_t) processors - 1;

        if (all->n < MANY || tsa_reachable(all->tsa) || card_is(all->key))
                return 0;
        return wanted < HELPERS_MAX ? wanted : HELPERS_MAX;
}

int signings_run(struct signings *signings, struct error *err) {
        _cleanup_(X509_freep) X509 *ca = NULL;
        struct work work = { .all = signings };
        struct error own = { 0 }, *first = &own;
        size_t wanted = helpers_wanted(signings);
        int r = certificate_from_pem(signings->act->ca_certificate, &ca, err);
        _cleanup_close_ int folder = r < 0 ? r : act_attach_begin(signings->act, err);

        if (folder < 0)
                return folder;
        work.ca = ca;
        /* Fewer helpers than wished for only take longer. */
        for (struct helper *helper = work.helpers; work.helpers_n < wanted; helper++, work.helpers_n++) {
                helper->work = &work;
                if (pthread_create(&helper->thread, NULL, help, helper) != 0)
                        break;
        }
        work_on(&work, &own);
        for (size_t i = 0; i < work.helpers_n; i++) {
                (void) pthread_join(work.helpers[i].thread, NULL);
                if (first->code == 0)
                        first = &work.helpers[i].err;
        }
        if (first->code == 0)
                return signings->act->dry_run ? 0 : fs_sync(folder, err);
        if (err)
                *err = *first;
        return first->code;
}
