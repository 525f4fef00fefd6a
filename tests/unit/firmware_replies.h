/* Replies as devices give them, put together word by word. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "device/ata.h"

static inline void put_word(uint8_t *data, size_t i, unsigned value) {
        data[2 * i] = (uint8_t) value;
        data[2 * i + 1] = (uint8_t) (value >> 8);
}

static inline void put_words(uint8_t *data, size_t i, size_t n, uint64_t value) {
        for (size_t j = 0; j < n; j++)
                put_word(data, i + j, (unsigned) (value >> (16 * j)) & 0xffff);
}

static inline void put_text(uint8_t *data, size_t first, size_t n, const char *text) {
        size_t length = strlen(text);

        for (size_t i = 0; i < n; i++) {
                unsigned a = 2 * i < length ? (uint8_t) text[2 * i] : ' ';
                unsigned b = 2 * i + 1 < length ? (uint8_t) text[2 * i + 1] : ' ';

                put_word(data, first + i, a << 8 | b);
        }
}

static inline void put_checksum(uint8_t data[ATA_BLOCK]) {
        uint8_t sum = 0;

        data[510] = 0xa5;
        for (size_t i = 0; i < 511; i++)
                sum = (uint8_t) (sum + data[i]);
        data[511] = (uint8_t) -sum;
}

enum { SANITIZE_ALL = 0xf000, SECURITY_READY = 0x21 };

/* A disk of this many sectors: 48-bit, HPA, DCO, security and sanitize words as given. */
static inline void identify(uint8_t data[ATA_BLOCK], uint64_t sectors, unsigned sanitize, unsigned security,
                            unsigned rotation) {
        memset(data, 0, ATA_BLOCK);
        put_word(data, 0, 0x0040);
        put_text(data, 10, 10, "WD-WX11A0000001");
        put_text(data, 23, 4, "01.01A01");
        put_text(data, 27, 20, "WDC WD10EZEX-00BN5A0");
        put_word(data, 59, sanitize);
        put_words(data, 60, 2, sectors > 0xfffffff ? 0xfffffff : sectors);
        put_word(data, 80, 0x03fe);
        put_word(data, 82, 0x746b | 1 << 10 | 1 << 1);
        put_word(data, 83, 0x4000 | 1 << 10 | 1 << 11);
        put_word(data, 84, 0x4163);
        put_word(data, 85, 0x7469);
        put_word(data, 86, 0xbc41);
        put_word(data, 87, 0x4163);
        put_word(data, 89, 50);
        put_word(data, 90, 0x8000 | 300);
        put_words(data, 100, 4, sectors);
        put_word(data, 106, 0x6003);
        put_word(data, 119, 0x401c);
        put_word(data, 128, security);
        put_word(data, 217, rotation);
        put_word(data, 222, 0x107f);
        put_checksum(data);
}
