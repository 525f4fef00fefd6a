/* A receiver's or carrier's file, GPX or CSV: what is accepted is a track in the order of time, on this planet, and
 * its figures are sane. */
#include <stdint.h>
#include <stdlib.h>

#include "transport/gps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct gps_point way[] = { { 0, 40000000, -4000000 }, { 0, 41000000, -3000000 } };
        _cleanup_track_ struct gps_track track = { 0 };
        struct gps_summary summary;
        struct error err;

        if (gps_parse((const char *) data, size, &track, &err) < 0)
                return 0;
        if (track.n < 2 || track.n > GPS_POINTS_MAX)
                abort();
        for (size_t i = 0; i < track.n; i++)
                if (abs(track.points[i].lat) > 90000000 || abs(track.points[i].lon) > 180000000 ||
                    (i > 0 && track.points[i].time < track.points[i - 1].time))
                        abort();
        gps_measure(&track, way, 2, 5000, &summary);
        if (summary.metres < 0 || summary.seconds < 0 || summary.stopped > summary.seconds ||
            summary.outside > (int64_t) track.n || summary.deviation > 21000000)
                abort();
        return 0;
}
