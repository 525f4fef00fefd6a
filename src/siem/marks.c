#include "siem/marks.h"

#include <string.h>

/* Forgets the oldest acknowledged ones: they are not sent again. */
static void drop(struct marks *marks, size_t n) {
        if (n == 0)
                return;
        marks->base = marks->list[n - 1].end;
        memmove(marks->list, marks->list + n, (marks->n - n) * sizeof(struct mark));
        marks->n -= n;
        marks->acked -= n;
}

bool marks_add(struct marks *marks, const struct mark *mark) {
        if (marks->n == MARKS_MAX && marks->acked)
                drop(marks, 1 + marks->acked / 2);
        if (marks->n == MARKS_MAX)
                return false;
        marks->list[marks->n++] = *mark;
        return true;
}

static void keep_volume(struct marks *marks) {
        size_t bytes = 0, first = marks->acked;

        while (first > 0 && bytes <= AGAIN_BYTES)
                bytes += marks->list[--first].bytes;
        drop(marks, first);
}

bool marks_acknowledge(struct marks *marks, uint64_t offset, uint64_t now) {
        bool news = false;

        while (marks->acked < marks->n && marks->list[marks->acked].offset <= offset) {
                struct mark *mark = &marks->list[marks->acked++];

                mark->acked_at = now;
                news = true;
                if (mark->anew) {
                        marks->done = mark->end;
                        drop(marks, marks->acked - 1);
                        marks->base = (struct siem_place){ 0 };
                } else if (mark->end.seq > marks->done.seq ||
                           (mark->end.seq == marks->done.seq && mark->end.checkpoint != marks->done.checkpoint)) {
                        marks->done = mark->end;
                }
        }
        if (news)
                keep_volume(marks);
        return news;
}

struct siem_place marks_break(struct marks *marks, bool orderly, uint64_t now) {
        size_t old = orderly ? marks->acked : 0;

        while (old < marks->acked && now - marks->list[old].acked_at > AGAIN_TIME)
                old++;
        drop(marks, old);
        if (orderly)
                marks->base = marks->done;
        marks->n = marks->acked = 0;
        return marks->base;
}
