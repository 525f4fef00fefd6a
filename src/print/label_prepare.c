/* Codes are made and read back on all processors, ahead of the thread that draws: that is most of the work of a
 * roll of labels. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "print/label_parts.h"

enum { THREADS_MAX = 8, CHUNK = 8 };

struct readers {
        struct qr_reader *qr;
        struct symbol_reader *symbol;
};

struct worker {
        struct preparing *all;
        pthread_t thread;
        struct error err;
};

struct preparing {
        struct label *labels;
        size_t n;
        atomic_size_t next;
        atomic_bool stop;
        atomic_bool *done; /* of each label, well or badly */
        struct worker helpers[THREADS_MAX];
        size_t helpers_n;
        struct worker self;     /* the thread that waits works too */
        struct readers readers; /* its readers */
        unsigned codes;         /* beside the QR */
};

static int readers_new(struct readers *readers, struct error *err) {
        int r = qr_reader_new(&readers->qr, err);

        return r < 0 ? r : symbol_reader_new(&readers->symbol, err);
}

static void readers_done(struct readers *readers) {
        qr_reader_free(readers->qr);
        symbol_reader_free(readers->symbol);
}

static int prepare_code(struct label *label, enum label_code code, struct readers *readers, struct error *err) {
        const char *text = label_code_text(label, code);
        _cleanup_(symbol_freep) struct symbol *symbol = NULL;
        int r;

        if (label->codes[code] || !*text)
                return 0;
        r = symbol_encode(code == CODE_128_ID ? SYMBOL_CODE128 : SYMBOL_DATAMATRIX, text, &symbol, err);
        if (r == 0)
                r = symbol_verify(readers->symbol, symbol, text, err);
        if (r == 0)
                label->codes[code] = TAKE_PTR(symbol);
        return r;
}

static int prepare_one(struct label *label, unsigned codes, struct readers *readers, struct error *err) {
        _cleanup_(qr_freep) struct qr *qr = NULL;
        int r = 0;

        for (unsigned i = 0; r == 0 && i < LABEL_CODES; i++)
                if (codes & 1U << i)
                        r = prepare_code(label, (enum label_code) i, readers, err);
        if (r < 0 || label->symbol || !*label->code || !(codes & LABEL_CODE_QR))
                return r;
        r = qr_encode(label->code, &qr, err);
        if (r == 0)
                r = qr_verify(readers->qr, qr, label->code, err);
        if (r == 0)
                label->symbol = TAKE_PTR(qr);
        return r;
}

/* Takes the next few labels; false when none is left. */
static bool work(struct preparing *all, struct readers *readers, struct error *err) {
        size_t first = atomic_fetch_add(&all->next, CHUNK);

        for (size_t i = first; i < all->n && i < first + CHUNK; i++) {
                if (err->code == 0 && prepare_one(&all->labels[i], all->codes, readers, err) < 0)
                        atomic_store(&all->stop, true);
                atomic_store(&all->done[i], true);
        }
        return first < all->n;
}

static void *help(void *context) {
        struct worker *worker = context;
        _cleanup_(readers_done) struct readers readers = { 0 };

        if (readers_new(&readers, NULL) == 0)
                while (!atomic_load(&worker->all->stop) && work(worker->all, &readers, &worker->err))
                        continue;
        return NULL;
}

int preparing_start(struct label *labels, size_t n, unsigned codes, struct preparing **ret, struct error *err) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        size_t wanted = processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (size_t) processors;
        _cleanup_(preparing_endp) struct preparing *all = calloc(1, sizeof *all);
        int r;

        if (!all || !(all->done = calloc(n, sizeof *all->done)))
                return fail_memory(err);
        all->labels = labels;
        all->n = n;
        all->codes = codes;
        r = readers_new(&all->readers, err);
        if (r < 0)
                return r;
        /* Fewer helpers than wished for only take longer. */
        while (all->helpers_n < wanted && all->helpers_n * CHUNK * 2 < n) {
                struct worker *helper = &all->helpers[all->helpers_n];

                helper->all = all;
                if (pthread_create(&helper->thread, NULL, help, helper) != 0)
                        break;
                all->helpers_n++;
        }
        *ret = TAKE_PTR(all);
        return 0;
}

/* What stopped the work; the helpers rest when this is asked. */
static int failure(struct preparing *all, struct error *err) {
        const struct error *found = &all->self.err;

        for (size_t i = 0; i < all->helpers_n; i++)
                (void) pthread_join(all->helpers[i].thread, NULL);
        for (size_t i = 0; i < all->helpers_n && found->code == 0; i++)
                found = &all->helpers[i].err;
        all->helpers_n = 0;
        if (err)
                *err = *found;
        return found->code;
}

int preparing_wait(struct preparing *all, size_t i, struct error *err) {
        while (!atomic_load(&all->done[i]) && !atomic_load(&all->stop))
                if (!work(all, &all->readers, &all->self.err))
                        (void) sched_yield();
        return atomic_load(&all->stop) ? failure(all, err) : 0;
}

void preparing_end(struct preparing *all) {
        if (!all)
                return;
        atomic_store(&all->stop, true);
        for (size_t i = 0; i < all->helpers_n; i++)
                (void) pthread_join(all->helpers[i].thread, NULL);
        readers_done(&all->readers);
        free(all->done);
        free(all);
}

void labels_done(struct label *labels, size_t n) {
        for (size_t i = 0; i < n; i++) {
                qr_free(labels[i].symbol);
                labels[i].symbol = NULL;
                for (size_t code = 0; code < LABEL_CODES; code++)
                        symbol_free(TAKE_PTR(labels[i].codes[code]));
        }
}
