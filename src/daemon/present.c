#include "daemon/present.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct present *present_find(struct present *list, const char *name) {
        while (list && strcmp(list->name, name) != 0)
                list = list->next;
        return list;
}

struct present *present_get(struct present **list, const char *name) {
        struct present *entry = present_find(*list, name);

        if (entry)
                return entry;
        entry = calloc(1, sizeof *entry);
        if (!entry)
                return NULL;
        (void) snprintf(entry->name, sizeof entry->name, "%s", name);
        entry->hold_fd = -1;
        entry->next = *list;
        *list = entry;
        return entry;
}

void present_remove(struct present **list, const char *name) {
        for (struct present **at = list; *at; at = &(*at)->next) {
                struct present *entry = *at;

                if (strcmp(entry->name, name) != 0)
                        continue;
                *at = entry->next;
                if (entry->hold_fd >= 0)
                        (void) close(entry->hold_fd);
                free(entry);
                return;
        }
}

void present_free(struct present **list) {
        while (*list)
                present_remove(list, (*list)->name);
}

bool present_same(const struct present *entry, const struct device_facts *facts,
                  const struct gate_judgement *judgement) {
        return strcmp(entry->insertion, facts->insertion) == 0 &&
               strcmp(entry->judgement.medium, judgement->medium) == 0 &&
               entry->judgement.answer.verdict == judgement->answer.verdict &&
               strcmp(entry->judgement.answer.rule, judgement->answer.rule) == 0 &&
               strcmp(entry->judgement.detail[LANG_ES], judgement->detail[LANG_ES]) == 0;
}
