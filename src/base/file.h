/* Files: whole reads with a limit, writes that are all or nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Reads a whole regular file of at most `limit` bytes and adds a NUL that is not counted. The caller frees. */
int file_read(const char *path, size_t limit, char **ret, size_t *ret_n, struct error *err);

/* Writes a temporary file beside `path`, syncs it, renames it over `path`, syncs the folder. */
int file_write(const char *path, const void *data, size_t n, mode_t mode, struct error *err);
/* The same without the syncs: it is durable once fs_sync() of its folder has ended. For many files at once. */
int file_write_loose(const char *path, const void *data, size_t n, mode_t mode, struct error *err);
/* A descriptor of a folder, opened before the first of them is written: fs_sync() then tells of every write on its
 * file system that failed meanwhile. The caller closes it. */
int fs_open(const char *folder, struct error *err);
/* Makes durable all that was written to that file system. */
int fs_sync(int folder, struct error *err);
/* A new file that nobody else can read, never one that is there, written in place: no other name ever holds what is
 * in it. An open file of this process may be named too (/proc/self/fd/N). */
int file_write_new(const char *path, const void *data, size_t n, struct error *err);
/* The same with all that an open file holds, in pieces. */
int file_copy(int from, const char *path, mode_t mode, struct error *err);

/* Makes a folder if it isn't there, with this mode; an existing one must be a folder. */
int dir_make(const char *path, mode_t mode, struct error *err);
/* Syncs a folder, so that the names in it are durable. */
int dir_sync(const char *path, struct error *err);

/* Writes all bytes at an offset, and again after short writes and EINTR. -errno on failure. */
int write_all(int fd, const void *data, size_t n);
int pwrite_all(int fd, const void *data, size_t n, off_t offset);
/* Reads n bytes at an offset: the number read (less only at the end of the file) or -errno. */
ssize_t pread_all(int fd, void *data, size_t n, off_t offset);

/* A name that can be one file of ours: [A-Za-z0-9._-], not starting with a dot, 1 to 128 characters. */
bool file_name_safe(const char *name);
