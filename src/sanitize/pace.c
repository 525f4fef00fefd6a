#include "sanitize/pace.h"

#include <math.h>

#define SMOOTH 15e6  /* microseconds that the rate is smoothed over */
#define LEAST 200000 /* nothing is learnt from less */

void pace_rest(struct pace *pace) {
        pace->at = 0;
}

void pace_note(struct pace *pace, const struct technique *technique, size_t pass, int64_t offset, int64_t now) {
        const enum pass_act act = technique->passes[pass].act;
        int64_t moved = offset - pace->offset, took = now - pace->at;

        if (pass != pace->pass) {
                pace->rate = 0; /* its speed is another one, most of all from writing to reading */
                moved = offset;
        }
        if (pace->at && took < LEAST && pass == pace->pass)
                return;
        if (pace->at && took > 0 && moved > 0) {
                double rate = (double) moved * 1e6 / (double) took, weight = 1 - exp(-(double) took / SMOOTH);

                pace->done[act].bytes += moved;
                pace->done[act].took += took;
                pace->rate = pace->rate > 0 ? pace->rate + weight * (rate - pace->rate) : rate;
        }
        pace->pass = pass;
        pace->offset = offset;
        pace->at = now;
}

static double mean_of(const struct pace *pace, enum pass_act act) {
        return pace->done[act].took > 0 ? (double) pace->done[act].bytes * 1e6 / (double) pace->done[act].took : 0;
}

/* Of this kind of pass; of the other kind where none has run yet. */
static double expected(const struct pace *pace, enum pass_act act) {
        double mean = mean_of(pace, act);

        return mean > 0 ? mean : mean_of(pace, act == PASS_WRITE ? PASS_VERIFY : PASS_WRITE);
}

static double rate_now(const struct pace *pace, const struct technique *technique) {
        return pace->rate > 0 ? pace->rate : expected(pace, technique->passes[pace->pass].act);
}

int64_t pace_rate(const struct pace *pace, const struct technique *technique) {
        return (int64_t) rate_now(pace, technique);
}

int64_t pace_mean(const struct pace *pace) {
        int64_t bytes = pace->done[PASS_WRITE].bytes + pace->done[PASS_VERIFY].bytes;
        int64_t took = pace->done[PASS_WRITE].took + pace->done[PASS_VERIFY].took;

        return took > 0 ? (int64_t) ((double) bytes * 1e6 / (double) took) : 0;
}

int64_t pace_eta(const struct pace *pace, const struct technique *technique, int64_t size) {
        double rate = rate_now(pace, technique), seconds;

        if (rate <= 0)
                return -1;
        seconds = (double) (size - pace->offset) / rate;
        for (size_t i = pace->pass + 1; i < technique->passes_n; i++)
                seconds += (double) size / expected(pace, technique->passes[i].act);
        return seconds < 1e9 ? (int64_t) ceil(seconds) : -1;
}
