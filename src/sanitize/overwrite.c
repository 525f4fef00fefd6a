#include "sanitize/overwrite.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/digest.h"
#include "sanitize/sampled.h"

/* The writing pass whose bytes pass number `pass` leaves or expects. */
static size_t source_of(const struct technique *technique, size_t pass) {
        while (pass > 0 && technique->passes[pass].act == PASS_VERIFY)
                pass--;
        return pass;
}

int overwrite_pattern(const struct technique *technique, const uint8_t seed[SEED_SIZE], size_t pass,
                      struct pattern *ret, struct error *err) {
        size_t source = source_of(technique, pass);
        const struct pass *writes = &technique->passes[source];
        uint8_t material[16 + SEED_SIZE + 1] = "mpsi overwrite";
        struct pattern pattern = { .byte = writes->byte };

        if (writes->fill != FILL_BYTE) {
                pattern.stream = true;
                pattern.complement = writes->fill == FILL_COMPLEMENT;
                memcpy(material + 16, seed, SEED_SIZE);
                material[sizeof material - 1] = (uint8_t) (pattern.complement ? source - 1 : source);
                if (sha256(material, sizeof material, pattern.key) < 0)
                        return fail(err, ERR_FAILED, "Falló SHA-256.", "SHA-256 failed.");
        }
        *ret = pattern;
        return 0;
}

int64_t overwrite_work(const struct technique *technique, int64_t size) {
        return (int64_t) technique->passes_n * size;
}

static int reached(void *context, int64_t offset, struct error *err) {
        struct overwrite *overwrite = context;

        return overwrite->progress ? overwrite->progress(overwrite->context, overwrite, offset, err) : 0;
}

static int durable(void *context, int64_t offset, struct error *err) {
        struct overwrite *overwrite = context;

        overwrite->offset = offset;
        return overwrite->save ? overwrite->save(overwrite->context, overwrite, err) : 0;
}

static struct engine engine_of(struct overwrite *overwrite) {
        return (struct engine){ .fd = overwrite->fd,
                                .size = overwrite->size,
                                .block = overwrite->block,
                                .durable_every = overwrite->durable_every,
                                .later = &overwrite->later,
                                .context = overwrite,
                                .reached = reached,
                                .durable = durable };
}

static int run_samples(struct overwrite *overwrite, const struct engine *engine, const struct pattern *pattern,
                       struct error *err) {
        int r;

        areas_done(&overwrite->samples);
        r = sampling_places(overwrite->size, overwrite->block, overwrite->sample_seed, &overwrite->samples, err);
        if (r == 0)
                r = sampled_verify(engine, pattern, &overwrite->samples, &overwrite->unverified, err);
        if (r == 0)
                overwrite->verified = overwrite->samples.bytes;
        return r;
}

static int run_pass(struct overwrite *overwrite, struct error *err) {
        struct engine engine = engine_of(overwrite);
        struct pattern pattern;
        int r = overwrite_pattern(overwrite->technique, overwrite->seed, overwrite->pass, &pattern, err);

        if (r < 0)
                return r;
        if (overwrite->technique->passes[overwrite->pass].act == PASS_WRITE)
                return engine_write(&engine, &pattern,
                                    overwrite->offset == overwrite->size
                                            ? overwrite->offset
                                            : overwrite->offset / ENGINE_BUFFER * ENGINE_BUFFER,
                                    &overwrite->unwritten, err);
        /* A verification that was cut off starts anew: it must have seen the whole medium in one go. */
        engine.durable = NULL;
        areas_done(&overwrite->later);
        if (overwrite->sampled && overwrite->pass + 1 == overwrite->technique->passes_n)
                return run_samples(overwrite, &engine, &pattern, err);
        r = engine_verify(&engine, &pattern, 0, &overwrite->unverified, err);
        if (r == 0)
                overwrite->verified = overwrite->size;
        return r;
}

int overwrite_run(struct overwrite *overwrite, struct error *err) {
        while (overwrite->pass < overwrite->technique->passes_n) {
                int r = run_pass(overwrite, err);

                if (r < 0)
                        return r;
                overwrite->pass++;
                overwrite->offset = 0;
                if (overwrite->save)
                        r = overwrite->save(overwrite->context, overwrite, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int overwrite_verify(struct overwrite *overwrite, struct error *err) {
        overwrite->pass = overwrite->technique->passes_n - 1;
        return run_pass(overwrite, err);
}

void overwrite_done(struct overwrite *overwrite) {
        areas_done(&overwrite->later);
        areas_done(&overwrite->unwritten);
        areas_done(&overwrite->unverified);
        areas_done(&overwrite->samples);
}
