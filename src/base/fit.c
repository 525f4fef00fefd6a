#include "base/fit.h"

#include <string.h>

#include "base/str.h"

void put_fitted(FILE *out, const char *text, int width, bool right) {
        int length = (int) utf8_length(text), shown = 0;
        bool cut = length > width;

        for (int i = length; right && !cut && i < width; i++)
                (void) fputc(' ', out);
        for (size_t at = 0, left = strlen(text), n; left > 0 && shown < width - cut; at += n, left -= n, shown++) {
                n = utf8_one(text + at, left);
                if (n == 0)
                        break;
                (void) fwrite(text + at, 1, n, out);
        }
        if (cut && width > 0)
                (void) fputs("…", out);
        for (shown += cut; !right && shown < width; shown++)
                (void) fputc(' ', out);
}
