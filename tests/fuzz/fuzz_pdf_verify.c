/* The PDF reader and the verifier of signatures: whatever comes in, verifying fails with a message in both
 * languages. The seeds are signed by an authority that is gone, so nothing may ever verify under the one made here;
 * what can be signed must still open afterwards, one revision longer. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sign/identity.h"
#include "sign/pades.h"
#include "sign/pdf_attach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t NOW = INT64_C(1795000000) * SECOND;

static int touch(void *context, const char *name, const void *data, size_t n, struct error *err) {
        const uint8_t *bytes = data;

        (void) err;
        for (size_t i = 0; i < n; i++)
                *(uint8_t *) context ^= bytes[i];
        *(uint8_t *) context ^= (uint8_t) name[0];
        return 0;
}

/* What is embedded lies within the file, and has a name that is safe to write. */
static void read_attachments(const uint8_t *data, size_t size) {
        _cleanup_(pdf_closep) struct pdf *pdf = NULL;
        struct error err = { 0 };
        uint8_t sum = 0;

        if (pdf_open(data, size, &pdf, &err) == 0 && pdf_attachments(pdf, touch, &sum, &err) < 0 &&
            (err.code != ERR_VERIFY || !err.what[LANG_ES][0] || !err.what[LANG_EN][0]))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static EVP_PKEY *ca_key, *key;
        static X509 *ca, *certificate;
        static const struct pades_expected expected = { NULL, 1, false, NULL, NULL };
        const struct identity_request person = { .common_name = "Ana",
                                                 .account = "ana",
                                                 .use = CERTIFICATE_PERSON,
                                                 .curve = CURVE_P256,
                                                 .not_before = NOW,
                                                 .not_after = NOW + DAY };
        struct pades_request request = { .field = "executor", .moment = NOW };
        _cleanup_json_ json_t *report = NULL;
        _cleanup_free_ uint8_t *out = NULL;
        struct error err = { 0 };
        size_t n;
        int count;

        if (!ca && (identity_make_ca("Fuzz", 1, NOW, &ca_key, &ca, &err) < 0 ||
                    identity_issue(ca_key, ca, &person, &key, &certificate, &err) < 0))
                abort();
        if (pades_verify(data, size, ca, &expected, &report, &err) == 0)
                abort();
        if (err.code != ERR_VERIFY || !err.what[LANG_ES][0] || !err.what[LANG_EN][0])
                abort();
        read_attachments(data, size);
        count = pades_count(data, size, &err);
        if (count < 0)
                return 0;
        request.key = key;
        request.certificate = certificate;
        if (pades_sign(data, size, &request, &out, &n, &err) == 0 &&
            (memcmp(out, data, size) != 0 || pades_count(out, n, &err) != count + 1))
                abort();
        return 0;
}
