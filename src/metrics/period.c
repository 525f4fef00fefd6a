#include <stdio.h>
#include <stdlib.h>

#include "metrics/internal.h"
#include "policy/rule.h"

void day_format(int64_t day, char out[DATE_TEXT]) {
        date_of(day * DAY, out);
}

/* A day's calendar month as months since the year 0. */
static int64_t month_of(int64_t day) {
        char text[DATE_TEXT];

        day_format(day, text);
        return strtol(text, NULL, 10) * 12 + strtol(text + 5, NULL, 10) - 1;
}

static int64_t first_of_month(int64_t month) {
        char text[DATE_TEXT + 16];
        int64_t moment = 0;

        (void) snprintf(text, sizeof text, "%04lld-%02lld-01", (long long) month / 12, (long long) month % 12 + 1);
        (void) date_parse(text, &moment);
        return moment / DAY;
}

static int64_t day_of(const json_t *args, const char *key, int64_t otherwise) {
        const char *text = json_text(args, key);
        int64_t moment;

        return text && date_parse(text, &moment) == 0 ? moment / DAY : otherwise;
}

int period_of(const struct act *act, const json_t *args, const struct period_demand *demand, struct period *ret,
              struct error *err) {
        const int64_t today = act_now(act) / DAY;
        char from[DATE_TEXT], to[DATE_TEXT];
        struct period period = { .to = day_of(args, "to", today) };
        int64_t start = demand->months ? first_of_month(month_of(period.to) - demand->months + 1)
                                       : period.to - demand->days + 1;

        period.from = day_of(args, "from", start < 0 ? 0 : start);
        day_format(period.from, from);
        day_format(period.to, to);
        if (period.to > today)
                return refuse(err, ERR_USAGE, "K1", "El %s todavía no ha llegado.", "%s has not come yet.", to);
        if (period.from > period.to)
                return refuse(err, ERR_USAGE, "K1", "El periodo del %s al %s termina antes de empezar.",
                              "The period from %s to %s ends before it begins.", from, to);
        if (demand->most && period.to - period.from >= demand->most)
                return refuse(err, ERR_USAGE, "K1", "El periodo del %s al %s pasa de %d días.",
                              "The period from %s to %s is over %d days.", from, to, demand->most);
        period.current = period.to == today;
        period.moment = period.current ? act_now(act) : (period.to + 1) * DAY - 1;
        *ret = period;
        return 0;
}

size_t period_pieces(const struct period *period, struct period pieces[PIECES_MAX]) {
        const bool days = period->to - period->from < PIECES_OF_DAYS;
        int64_t first = days ? period->from : month_of(period->from),
                last = days ? period->to : month_of(period->to);
        size_t n = 0;

        if (last - first >= PIECES_MAX)
                first = last - PIECES_MAX + 1;
        for (int64_t i = first; i <= last; i++) {
                struct period piece = { .from = days ? i : first_of_month(i),
                                        .to = days ? i : first_of_month(i + 1) - 1 };

                if (piece.from < period->from)
                        piece.from = period->from;
                if (piece.to > period->to)
                        piece.to = period->to;
                piece.current = period->current && piece.to == period->to;
                piece.moment = piece.current ? period->moment : (piece.to + 1) * DAY - 1;
                pieces[n++] = piece;
        }
        return n;
}
