/* The small readers of texts that people, scanners and sensors give: dates, times, numbers, places, hexadecimal,
 * base64, UTF-8. What one accepts must survive a round trip. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "custody/environment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_time(const char *text) {
        char again[TIME_TEXT];
        int64_t moment, same;

        if (time_parse(text, &moment) < 0)
                return;
        time_format(moment, again);
        if (time_parse(again, &same) < 0 || same != moment)
                abort();
}

static void check_date(const char *text) {
        char again[DATE_TEXT];
        int64_t moment;

        if ((date_parse(text, &moment) == 0) != date_valid(text))
                abort();
        if (!date_valid(text))
                return;
        date_of(moment, again);
        if (strcmp(again, text) != 0)
                abort();
}

/* What sensors and scanners say of places and readings. */
static void check_reading(const char *text) {
        char code[LOCATION_CODE], again[LOCATION_CODE], shown[24];
        int64_t value, same;
        int offset;

        if (environment_parse(text, &value)) {
                environment_format(value, shown);
                if (!environment_parse(shown, &same) || same != value)
                        abort();
        }
        if (reading_offset_parse(text, &offset) && (offset < -899 || offset > 899))
                abort();
        offset = 0;
        (void) reading_time_parse(text, &offset, &value, NULL);
        if (custody_area_parse(text, code, NULL, NULL) == 0 &&
            (custody_area_parse(code, again, NULL, NULL) < 0 || strcmp(code, again) != 0))
                abort();
}

static void check_base64(const char *text) {
        _cleanup_free_ uint8_t *bytes = NULL;
        _cleanup_free_ char *again = NULL;
        size_t n;

        if (base64_decode(text, &bytes, &n) < 0)
                return;
        again = base64_encode(bytes, n);
        if (!again || strcmp(again, text) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size), *hex = NULL;
        _cleanup_free_ uint8_t *bytes = NULL;
        size_t n;

        if (!text)
                return 0;
        n = strlen(text);
        check_time(text);
        check_date(text);
        check_base64(text);
        check_reading(text);
        if (utf8_valid(text, n) && utf8_length(text) > n)
                abort();
        if (text_is_plain(text) && !utf8_valid(text, n))
                abort();
        hex = malloc(2 * n + 1);
        bytes = malloc(n + 1);
        if (!hex || !bytes)
                return 0;
        hex_encode(text, n, hex);
        if (hex_decode(hex, bytes, n) < 0 || memcmp(bytes, text, n) != 0)
                abort();
        utf8_trim(text);
        return 0;
}
