#include "policy/custody_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const struct term quantity_terms[QUANTITIES] = {
        [QUANTITY_TEMPERATURE] = { "temperature", { "temperatura", "temperature" } },
        [QUANTITY_HUMIDITY] = { "humidity", { "humedad relativa", "relative humidity" } },
        [QUANTITY_FIELD] = { "field", { "campo magnético", "magnetic field" } },
};

/* MP.SI gives a best range and a critical limit for each; for the temperature its metrics (K2) make an alert of
 * that limit and set the critical one further out. What has no alert of its own is critical at once. */
const struct environment_demand environment_demands[QUANTITIES] = {
        [QUANTITY_TEMPERATURE] = { "°C",
                                   { 1800, 2200 },
                                   { 1500, 2500 },
                                   { 1000, 3000 },
                                   { -6000, 10000 },
                                   "MP.SI" },
        [QUANTITY_HUMIDITY] = { "%", { 4000, 6000 }, { 3000, 7000 }, { 3000, 7000 }, { 0, 10000 }, "MP.SI" },
        [QUANTITY_FIELD] = { "G", { 0, 4999 }, { 0, 10000 }, { 0, 10000 }, { 0, 100000000 }, "MP.SI" },
};

static bool inside(const struct range *range, int64_t value) {
        return value >= range->least && value <= range->most;
}

enum gravity environment_gravity(enum quantity quantity, int64_t value) {
        const struct environment_demand *demand = &environment_demands[quantity];

        if (!inside(&demand->critical, value))
                return GRAVITY_CRITICAL;
        if (!inside(&demand->alert, value))
                return GRAVITY_ALERT;
        return inside(&demand->best, value) ? GRAVITY_NONE : GRAVITY_INFO;
}

enum gravity environment_gravity_of_model(const struct range *limits, int64_t value) {
        return inside(limits, value) ? GRAVITY_NONE : GRAVITY_ALERT;
}

bool environment_sane(enum quantity quantity, int64_t value) {
        return inside(&environment_demands[quantity].sane, value);
}

enum { WHOLE_DIGITS = 9 };

bool environment_parse(const char *text, int64_t *ret) {
        bool negative = *text == '-';
        int64_t value = 0;
        size_t digits;

        text += *text == '-' || *text == '+';
        digits = strspn(text, "0123456789");
        if (digits == 0 || digits > WHOLE_DIGITS)
                return false;
        for (size_t i = 0; i < digits; i++)
                value = value * 10 + (text[i] - '0');
        text += digits;
        value *= 100;
        if (*text == '.' || *text == ',') {
                digits = strspn(++text, "0123456789");
                if (digits == 0)
                        return false;
                value += (text[0] - '0') * 10 + (digits > 1 ? text[1] - '0' : 0);
                text += digits;
        }
        if (*text)
                return false;
        *ret = negative ? -value : value;
        return true;
}

void environment_format(int64_t value, char out[24]) {
        int64_t size = llabs(value);
        const char *sign = value < 0 ? "-" : "";

        if (size % 100 == 0)
                (void) snprintf(out, 24, "%s%lld", sign, (long long) size / 100);
        else if (size % 10 == 0)
                (void) snprintf(out, 24, "%s%lld.%lld", sign, (long long) size / 100, (long long) size % 100 / 10);
        else
                (void) snprintf(out, 24, "%s%lld.%02lld", sign, (long long) size / 100, (long long) size % 100);
}
