/* A backup from a stranger. Its outside is read before anything is known about it; its inside is as little to be
 * believed, since whoever has the public certificate can seal anything to it: such content is sealed here. Nothing
 * is accepted, and nothing is written outside the folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/backup.h"
#include "backup/container.h"
#include "base/clock.h"
#include "base/file.h"
#include "sign/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static EVP_PKEY *key;
static X509 *recovery;

static void make_recipient(void) {
        const int64_t now = (int64_t) 1795000000 * SECOND;
        const struct identity_request request = { .common_name = "F",
                                                  .use = CERTIFICATE_RECOVERY,
                                                  .curve = CURVE_P384,
                                                  .not_before = now,
                                                  .not_after = now + DAY };
        EVP_PKEY *ca_key = NULL;
        X509 *ca = NULL;

        if (identity_make_ca("F", 1, now, &ca_key, &ca, NULL) < 0 ||
            identity_issue(ca_key, ca, &request, &key, &recovery, NULL) < 0)
                abort();
        EVP_PKEY_free(ca_key);
        X509_free(ca);
}

static void headers(const uint8_t *data, size_t size) {
        for (; size >= TAR_BLOCK; data += TAR_BLOCK, size -= TAR_BLOCK) {
                struct tar_member member;
                uint8_t again[TAR_BLOCK];

                if (tar_parse(data, &member) == 1 &&
                    (tar_header(&member, again, NULL) < 0 || memcmp(again, data, TAR_BLOCK) != 0))
                        abort();
        }
}

static void outside(const uint8_t *data, size_t size) {
        struct opened *opened = NULL;
        char digest[SHA256_TEXT];
        struct error err;
        int64_t n;

        if (file_write("outside", data, size, 0600, &err) == 0 &&
            opened_start("outside", recovery, key, &opened, digest, &n, &err) == 0)
                abort();
}

static void inside(const uint8_t *data, size_t size) {
        const struct act act = { .folder = ".", .clock = &clock_system };
        struct sealing *sealing = NULL;
        struct backup backup = { 0 };
        char digest[SHA256_TEXT];
        struct error err;
        int64_t n;

        (void) unlink("sealed");
        if (sealing_start("sealed", "mpsi-backup/1\n", 17, recovery, size, &sealing, &err) == 0 &&
            sealing_write(sealing, data, size, &err) == 0 && sealing_finish(sealing, digest, &n, &err) == 0 &&
            mkdir("into", 0700) == 0 &&
            backup_unpack((struct act *) (uintptr_t) &act, "sealed", key, recovery, "into", true, &backup, &err) ==
                    0)
                abort();
        sealing_free(sealing);
        backup_done(&backup);
        (void) private_folder_wipe("into", NULL);
}

/* The fuzzer can't make checksums: each header that starts where one may is made good for it. */
static void inside_made_good(const uint8_t *data, size_t size) {
        uint8_t *content = calloc(1, size + 3 * TAR_BLOCK);
        size_t at = 0, n = size / TAR_BLOCK * TAR_BLOCK;

        if (!content)
                return;
        memcpy(content, data, size);
        while (at + TAR_BLOCK <= n) {
                struct tar_member member = { .size = content[at + 124], .mode = 0600, .time = 17 };

                memcpy(member.name, content + at, 40);
                if (tar_header(&member, content + at, NULL) < 0)
                        break;
                at += TAR_BLOCK + tar_padded(member.size);
        }
        memset(content + (at < n ? at : n), 0, (size_t) (size + 3 * TAR_BLOCK - (at < n ? at : n)));
        inside(content, (at < n ? at : n) + 2 * TAR_BLOCK);
        free(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (!key)
                make_recipient();
        if (!size)
                return 0;
        switch (data[0] % 4) {
        case 0: headers(data + 1, size - 1); break;
        case 1: outside(data + 1, size - 1); break;
        case 2: inside(data + 1, size - 1); break;
        default: inside_made_good(data + 1, size - 1);
        }
        return 0;
}
