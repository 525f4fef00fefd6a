/* Which of a store's files go into a backup: all but the few that are named here, so that what a later version adds
 * is not forgotten. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "backup/internal.h"
#include "base/file.h"
#include "base/str.h"

const char sums_name[] = "SHA256SUMS", manifest_name[] = "manifest.json", signature_name[] = "manifest.sig";

static const char *const left_out[] = {
        "work", /* may be lost without losing a fact */
        "lock",
        "registry.db*", /* added by name: from a snapshot */
        "vault.db*",    /* added by name, without its journal */
        "recovery/*.key" /* a backup that holds its own key protects nothing */,
        "*.tmp.*", /* being written now */
};

void entries_done(struct entries *entries) {
        for (size_t i = 0; i < entries->n; i++)
                free(entries->rows[i].name);
        free(entries->rows);
        *entries = (struct entries){ 0 };
}

int entries_add(struct entries *entries, const char *name, uint64_t size, unsigned mode, struct entry **ret,
                struct error *err) {
        struct entry *entry;

        if (entries->n == entries->room) {
                size_t room = entries->room ? 2 * entries->room : 64;
                struct entry *rows = reallocarray(entries->rows, room, sizeof *rows);

                if (!rows)
                        return fail_memory(err);
                entries->rows = rows;
                entries->room = room;
        }
        entry = &entries->rows[entries->n];
        *entry = (struct entry){ .name = strdup(name), .size = size, .mode = mode & 0770 };
        if (!entry->name)
                return fail_memory(err);
        entries->n++;
        if (ret)
                *ret = entry;
        return 0;
}

uint64_t entries_bytes(const struct entries *entries) {
        uint64_t bytes = 0;

        for (size_t i = 0; i < entries->n; i++)
                bytes += entries->rows[i].size;
        return bytes;
}

int entries_sums(const struct entries *entries, char **ret, size_t *ret_n, struct error *err) {
        size_t n = 0, used = 0;
        char *text;

        for (size_t i = 0; i < entries->n; i++)
                n += SHA256_TEXT + 2 + strlen(entries->rows[i].name);
        text = malloc(n + 1);
        if (!text)
                return fail_memory(err);
        text[0] = '\0';
        for (size_t i = 0; i < entries->n; i++) {
                const struct entry *entry = &entries->rows[i];

                used += (size_t) snprintf(text + used, n + 1 - used, "%.*s%s  %s\n",
                                          *entry->digest ? 0 : 2 * SHA256_SIZE,
                                          "0000000000000000000000000000000000000000000000000000000000000000",
                                          entry->digest, entry->name);
        }
        *ret = text;
        *ret_n = used;
        return 0;
}

static bool is_left_out(const char *name) {
        for (size_t i = 0; i < COUNT(left_out); i++)
                if (fnmatch(left_out[i], name, 0) == 0)
                        return true;
        return false;
}

/* A folder's files; `inside` is "" for the store itself. Folders in the store are read one level deep: that is how
 * deep a store is. */
static int collect(struct act *act, const char *inside, struct entries *entries, struct error *err) {
        _cleanup_free_ char *folder = str_format("%s/%s", act->folder, inside);
        struct dirent **found = NULL;
        int n = folder ? scandir(folder, &found, NULL, alphasort) : -1, r = 0;

        if (n < 0)
                return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", folder ? folder : "");
        for (int i = 0; i < n; i++) {
                const char *base = found[i]->d_name;
                _cleanup_free_ char *name = str_format("%s%s%s", inside, *inside ? "/" : "", base);
                _cleanup_free_ char *path = name ? str_format("%s/%s", act->folder, name) : NULL;
                struct stat st;

                if (!path)
                        r = fail_memory(err);
                if (r == 0 && strcmp(base, ".") != 0 && strcmp(base, "..") != 0 && !is_left_out(name) &&
                    stat(path, &st) == 0) {
                        struct entry *entry = NULL;

                        if (S_ISDIR(st.st_mode) && !*inside)
                                r = collect(act, base, entries, err);
                        else if (S_ISREG(st.st_mode) && file_name_safe(base))
                                r = entries_add(entries, name, (uint64_t) st.st_size, st.st_mode, &entry, err);
                        else
                                act_say(act, "No entra en la copia: %.300s.", "Not in the backup: %.300s.", name);
                        /* Attachments are named by what is in them: they never change. */
                        if (r == 0 && entry)
                                entry->later = strcmp(inside, "attachments") == 0;
                }
                free(found[i]);
        }
        free(found);
        return r;
}

/* What is read under the lock first, each half by name: the order in which they stand in the content. */
static int in_order(const void *a, const void *b) {
        const struct entry *left = a, *right = b;

        return left->later != right->later ? left->later - right->later : strcmp(left->name, right->name);
}

int entries_collect(struct act *act, uint64_t registry_size, struct entries *ret, struct error *err) {
        _cleanup_free_ char *vault = act_path(act, NULL, "vault.db");
        struct entry *registry = NULL;
        struct stat st;
        int r = 0;

        if (!vault)
                return fail_memory(err);
        if (stat(vault, &st) < 0)
                return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", vault);
        r = entries_add(ret, "registry.db", registry_size, 0640, &registry, err);
        if (r == 0)
                registry->later = true;
        if (r == 0)
                r = entries_add(ret, "vault.db", (uint64_t) st.st_size, 0600, NULL, err);
        if (r == 0)
                r = collect(act, "", ret, err);
        if (r == 0)
                qsort(ret->rows, ret->n, sizeof *ret->rows, in_order);
        return r;
}
