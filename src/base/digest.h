/* SHA-256 of bytes and files, as raw bytes or lower-case hexadecimal. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SHA256_SIZE = 32, SHA256_TEXT = 65 };

/* 0 or ERR_FAILED (the cryptographic library failed). */
int sha256(const void *data, size_t n, uint8_t out[SHA256_SIZE]);
int sha256_text(const void *data, size_t n, char out[SHA256_TEXT]);
int sha256_file(const char *path, char out[SHA256_TEXT], struct error *err);
