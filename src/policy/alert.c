#include "policy/alert.h"

enum gravity alert_level(const struct alert_levels *levels, int64_t measure) {
        if (levels->critical != ALERT_NEVER && measure >= levels->critical)
                return GRAVITY_CRITICAL;
        return levels->alert != ALERT_NEVER && measure >= levels->alert ? GRAVITY_ALERT : GRAVITY_NONE;
}

int64_t alert_past(int64_t due, int64_t now, int64_t unit) {
        int64_t past = now - due;

        return past >= 0 ? past / unit : -((unit - 1 - past) / unit);
}

int64_t alert_since(int64_t due, int64_t unit, const struct alert_levels *levels, enum gravity level) {
        return due + unit * (level == GRAVITY_CRITICAL ? levels->critical : levels->alert);
}

int alert_day_over(const char *date, int64_t *ret) {
        int64_t start;
        int r = date_parse(date, &start);

        if (r == 0)
                *ret = start + DAY;
        return r;
}

const int64_t alert_quiet_days[GRAVITIES] = { [GRAVITY_ALERT] = 14, [GRAVITY_CRITICAL] = 2 };

bool alert_quiet(const struct alert_acknowledgement *acknowledgement, enum gravity level, int64_t since,
                 int64_t now) {
        return acknowledgement->level == level && since <= acknowledgement->time && now < acknowledgement->until;
}

const struct term alert_news_terms[ALERT_NEWS] = {
        [NEWS_NONE] = { "none", { "nada", "nothing" } },
        [NEWS_NEW] = { "new", { "nueva", "new" } },
        [NEWS_RISEN] = { "risen", { "más grave", "graver" } },
        [NEWS_ENDED] = { "ended", { "terminada", "ended" } },
};

enum alert_news alert_news(enum gravity told, enum gravity now, enum gravity least) {
        if (now == GRAVITY_NONE)
                return told > GRAVITY_NONE ? NEWS_ENDED : NEWS_NONE;
        if (now < least || now <= told)
                return NEWS_NONE;
        return told > GRAVITY_NONE ? NEWS_RISEN : NEWS_NEW;
}
