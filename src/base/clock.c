#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

static int64_t system_now(void *context) {
        struct timespec ts;

        (void) context;
        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (int64_t) ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

const struct clock clock_system = { .now = system_now };

void time_format(int64_t moment, char out[TIME_TEXT]) {
        time_t seconds = (time_t) (moment / SECOND);
        struct tm tm;
        char day[24];

        (void) gmtime_r(&seconds, &tm);
        (void) strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
        (void) snprintf(out, TIME_TEXT, "%.20s.%06dZ", day, (int) (moment % SECOND));
}

void time_format_local(int64_t moment, char out[TIME_TEXT]) {
        time_t seconds = (time_t) (moment / SECOND);
        struct tm tm;

        (void) localtime_r(&seconds, &tm);
        (void) strftime(out, TIME_TEXT, "%Y-%m-%d %H:%M", &tm);
}

static int digits(const char *s, int n, int *ret) {
        int value = 0;

        for (int i = 0; i < n; i++) {
                if (s[i] < '0' || s[i] > '9')
                        return ERR_USAGE;
                value = value * 10 + (s[i] - '0');
        }
        *ret = value;
        return 0;
}

int date_parse(const char *text, int64_t *ret) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int year, month, day, last;
        struct tm tm = { 0 };

        if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || digits(text, 4, &year) < 0 ||
            digits(text + 5, 2, &month) < 0 || digits(text + 8, 2, &day) < 0)
                return ERR_USAGE;
        if (year < 1970 || month < 1 || month > 12)
                return ERR_USAGE;
        last = days[month - 1] + (month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
        if (day < 1 || day > last)
                return ERR_USAGE;
        tm.tm_year = year - 1900;
        tm.tm_mon = month - 1;
        tm.tm_mday = day;
        *ret = (int64_t) timegm(&tm) * SECOND;
        return 0;
}

bool date_valid(const char *text) {
        int64_t ignored;

        return date_parse(text, &ignored) == 0;
}

void date_of(int64_t moment, char out[DATE_TEXT]) {
        time_t seconds = (time_t) (moment / SECOND);
        struct tm tm;

        (void) gmtime_r(&seconds, &tm);
        (void) strftime(out, DATE_TEXT, "%Y-%m-%d", &tm);
}

int time_parse(const char *text, int64_t *ret) {
        int hour, minute, second, micro = 0;
        char date[11];
        int64_t day;
        size_t length = strlen(text);

        if ((length != 20 && length != 27) || text[10] != 'T' || text[length - 1] != 'Z')
                return ERR_USAGE;
        memcpy(date, text, 10);
        date[10] = '\0';
        if (date_parse(date, &day) < 0 || text[13] != ':' || text[16] != ':' || digits(text + 11, 2, &hour) < 0 ||
            digits(text + 14, 2, &minute) < 0 || digits(text + 17, 2, &second) < 0)
                return ERR_USAGE;
        if (length == 27 && (text[19] != '.' || digits(text + 20, 6, &micro) < 0))
                return ERR_USAGE;
        if (hour > 23 || minute > 59 || second > 59)
                return ERR_USAGE;
        *ret = day + ((int64_t) hour * 3600 + minute * 60 + second) * SECOND + micro;
        return 0;
}
