/* Decrypts the data of a LUKS2 medium in user space, without device-mapper: an independent reader for tests.
 *
 *   luks_plain DEVICE KEYFILE   the data in clear on stdout; KEYFILE opens any slot */
#include <fcntl.h>
#include <libcryptsetup.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int decrypt(int fd, off_t from, size_t sector, const uint8_t *key, size_t key_size) {
        const EVP_CIPHER *cipher = key_size == 64 ? EVP_aes_256_xts() : EVP_aes_128_xts();
        EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
        uint8_t in[4096], out[4096], iv[16] = { 0 };
        uint64_t number = 0;
        int n, good = context != NULL;

        /* plain64: counted in 512 bytes whatever the sector's size. */
        for (off_t at = from; good && pread(fd, in, sector, at) == (ssize_t) sector; at += (off_t) sector) {
                number = (uint64_t) (at - from) / 512;
                memcpy(iv, &number, sizeof number);
                good = EVP_DecryptInit_ex(context, cipher, NULL, key, iv) == 1 &&
                       EVP_DecryptUpdate(context, out, &n, in, (int) sector) == 1 && n == (int) sector &&
                       fwrite(out, 1, sector, stdout) == sector;
        }
        EVP_CIPHER_CTX_free(context);
        return good ? 0 : 1;
}

int main(int argc, char **argv) {
        struct crypt_device *device = NULL;
        char secret[512], key[64];
        size_t secret_n = 0, key_n = sizeof key;
        FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
        int fd, r = 1;

        if (!file || (fd = open(argv[1], O_RDONLY | O_CLOEXEC)) < 0)
                return 2;
        secret_n = fread(secret, 1, sizeof secret, file);
        (void) fclose(file);
        if (crypt_init(&device, argv[1]) == 0 && crypt_load(device, CRYPT_LUKS2, NULL) == 0 &&
            crypt_volume_key_get(device, CRYPT_ANY_SLOT, key, &key_n, secret, secret_n) >= 0)
                r = decrypt(fd, (off_t) crypt_get_data_offset(device) * 512, (size_t) crypt_get_sector_size(device),
                            (const uint8_t *) key, key_n);
        crypt_free(device);
        return r;
}
