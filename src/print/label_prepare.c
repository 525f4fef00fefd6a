/* Codes are made and read back on all processors: that is nearly all the work of a roll of labels. */
#include <pthread.h>
#include <stdatomic.h>

#include "print/label.h"

enum { THREADS_MAX = 8, CHUNK = 16 };

struct work {
        struct label *labels;
        size_t n;
        atomic_size_t next;
        atomic_int failed;
};

struct worker {
        struct work *work;
        pthread_t thread;
        struct error err;
};

static int prepare_one(struct label *label, struct qr_reader *reader, struct error *err) {
        _cleanup_(qr_freep) struct qr *qr = NULL;
        int r;

        if (label->symbol || !*label->code)
                return 0;
        r = qr_encode(label->code, &qr, err);
        if (r == 0)
                r = qr_verify(reader, qr, label->code, err);
        if (r == 0)
                label->symbol = TAKE_PTR(qr);
        return r;
}

static void *run(void *context) {
        struct worker *worker = context;
        struct work *work = worker->work;
        _cleanup_(qr_reader_freep) struct qr_reader *reader = NULL;
        int r = qr_reader_new(&reader, &worker->err);

        while (r == 0 && !atomic_load(&work->failed)) {
                size_t first = atomic_fetch_add(&work->next, CHUNK);

                if (first >= work->n)
                        break;
                for (size_t i = first; r == 0 && i < work->n && i < first + CHUNK; i++)
                        r = prepare_one(&work->labels[i], reader, &worker->err);
        }
        if (r < 0)
                atomic_store(&work->failed, r);
        return NULL;
}

int labels_prepare(struct label *labels, size_t n, struct error *err) {
        struct work work = { .labels = labels, .n = n };
        struct worker workers[THREADS_MAX] = { 0 };
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        size_t wanted = processors < 1             ? 1
                        : processors > THREADS_MAX ? THREADS_MAX
                                                   : (size_t) processors,
               started = 0;

        if (wanted > n / CHUNK + 1)
                wanted = n / CHUNK + 1;
        for (size_t i = 0; i < wanted; i++)
                workers[i].work = &work;
        /* This thread is one of them; fewer helpers than wished for only take longer. */
        while (started + 1 < wanted &&
               pthread_create(&workers[started + 1].thread, NULL, run, &workers[started + 1]) == 0)
                started++;
        (void) run(&workers[0]);
        for (size_t i = 1; i <= started; i++)
                (void) pthread_join(workers[i].thread, NULL);
        for (size_t i = 0; i <= started; i++)
                if (workers[i].err.code < 0) {
                        if (err)
                                *err = workers[i].err;
                        return workers[i].err.code;
                }
        return atomic_load(&work.failed);
}

void labels_done(struct label *labels, size_t n) {
        for (size_t i = 0; i < n; i++) {
                qr_free(labels[i].symbol);
                labels[i].symbol = NULL;
        }
}
