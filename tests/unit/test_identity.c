/* Keys and certificates (C6), their files (C10) and the escrow envelope (C4); OpenSSL's own programs read them. */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "sign/algorithm.h"
#include "sign/envelope.h"
#include "sign/identity.h"

static const int64_t NOW = INT64_C(1795000000) * SECOND; /* 2026-11-18 */
static char folder[] = "/tmp/mpsi-identity-XXXXXX";

struct fixture {
        EVP_PKEY *ca_key, *key;
        X509 *ca, *certificate;
};

static void make(struct fixture *f, enum certificate_use use, enum key_curve curve) {
        const struct identity_request request = {
                .common_name = "Ana López Núñez",
                .account = "ana",
                .organisation = "Hospital Quirónsalud",
                .title = "Técnica de sistemas",
                .use = use,
                .curve = curve,
                .not_before = NOW,
                .not_after = NOW + 365 * DAY,
        };
        struct error err = { 0 };

        assert_int_equal(identity_make_ca("Hospital Quirónsalud", 10, NOW, &f->ca_key, &f->ca, &err), 0);
        assert_int_equal(identity_issue(f->ca_key, f->ca, &request, &f->key, &f->certificate, &err), 0);
}

static void done(struct fixture *f) {
        EVP_PKEY_free(f->ca_key);
        EVP_PKEY_free(f->key);
        X509_free(f->ca);
        X509_free(f->certificate);
}

static char *in_folder(const char *name) {
        char *path = str_format("%s/%s", folder, name);

        assert_non_null(path);
        return path;
}

/* Runs a program in the test's folder; its exit status. */
static int run(const char *command) {
        _cleanup_free_ char *line = str_format("cd %s && (%s) >out 2>&1", folder, command);

        return system(line);
}

static void the_authority_is_trusted_by_openssl(void **state) {
        struct fixture f = { 0 };
        _cleanup_free_ char *ca = in_folder("ca.pem"), *person = in_folder("person.pem");
        struct error err;

        (void) state;
        make(&f, CERTIFICATE_PERSON, CURVE_P384);
        assert_int_equal(certificate_save(ca, f.ca, &err), 0);
        assert_int_equal(certificate_save(person, f.certificate, &err), 0);
        assert_int_equal(run("openssl verify -x509_strict -purpose smimesign -attime 1795000100 -CAfile ca.pem "
                             "person.pem"),
                         0);
        assert_int_equal(run("openssl x509 -in ca.pem -noout -text | grep -q 'CA:TRUE, pathlen:0'"), 0);
        done(&f);
}

static void trust_has_a_time_a_use_and_an_issuer(void **state) {
        struct fixture f = { 0 }, other = { 0 }, station = { 0 };
        char text[64];
        struct error err;

        (void) state;
        make(&f, CERTIFICATE_PERSON, CURVE_P256);
        make(&other, CERTIFICATE_PERSON, CURVE_P256);
        make(&station, CERTIFICATE_STATION, CURVE_P256);
        assert_int_equal(certificate_trusted(f.certificate, f.ca, CERTIFICATE_PERSON, NOW, &err), 0);
        assert_int_equal(certificate_trusted(f.certificate, f.ca, CERTIFICATE_PERSON, NOW - SECOND, &err),
                         ERR_VERIFY);
        assert_int_equal(certificate_trusted(f.certificate, f.ca, CERTIFICATE_PERSON, NOW + 366 * DAY, &err),
                         ERR_VERIFY);
        assert_int_equal(certificate_trusted(f.certificate, other.ca, CERTIFICATE_PERSON, NOW, &err), ERR_VERIFY);
        assert_int_equal(certificate_trusted(station.certificate, station.ca, CERTIFICATE_PERSON, NOW, &err),
                         ERR_VERIFY);
        assert_int_equal(certificate_trusted(station.certificate, station.ca, CERTIFICATE_STATION, NOW, &err), 0);
        assert_int_equal(certificate_trusted(f.ca, f.ca, CERTIFICATE_PERSON, NOW, &err), ERR_VERIFY);
        certificate_subject(f.certificate, "userId", text, sizeof text);
        assert_string_equal(text, "ana");
        certificate_subject(f.certificate, "commonName", text, sizeof text);
        assert_string_equal(text, "Ana López Núñez");
        done(&f);
        done(&other);
        done(&station);
}

static void a_key_file_needs_its_pin(void **state) {
        struct fixture f = { 0 };
        _cleanup_free_ char *path = in_folder("key.pem");
        _cleanup_secret_ struct secret *pin = NULL, *wrong = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *again = NULL;
        struct error err;

        (void) state;
        make(&f, CERTIFICATE_PERSON, CURVE_P384);
        assert_int_equal(secret_copy("246810", 6, &pin, &err), 0);
        assert_int_equal(secret_copy("246811", 6, &wrong, &err), 0);
        assert_int_equal(identity_key_save(path, f.key, pin, &err), 0);
        assert_int_equal(identity_key_load(path, wrong, &again, &err), ERR_DENIED);
        assert_int_equal(identity_key_load(path, NULL, &again, &err), ERR_DENIED);
        assert_null(again);
        assert_int_equal(identity_key_load(path, pin, &again, &err), 0);
        assert_true(certificate_matches(f.certificate, again));
        assert_int_equal(run("test $(stat -c %a key.pem) = 600"), 0);
        assert_int_equal(run("openssl pkey -in key.pem -passin pass:246810 -noout"), 0);
        assert_int_equal(run("openssl asn1parse -in key.pem | grep -q scrypt"), 0);
        assert_int_not_equal(run("openssl pkey -in key.pem -passin pass:246811 -noout"), 0);
        done(&f);
}

static void keys_outside_c6_are_refused(void **state) {
        struct error err;
        EVP_PKEY *key = NULL;
        static const char *const makers[] = {
                "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out k.pem",
                "openssl genpkey -algorithm ed25519 -out k.pem",
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp521r1 -out k.pem",
                "echo nothing > k.pem",
        };
        _cleanup_free_ char *path = in_folder("k.pem");

        (void) state;
        for (size_t i = 0; i < COUNT(makers); i++) {
                assert_int_equal(run(makers[i]), 0);
                assert_int_equal(identity_key_load(path, NULL, &key, &err), ERR_VERIFY);
        }
        assert_int_equal(run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem"), 0);
        assert_int_equal(identity_key_load(path, NULL, &key, &err), 0);
        EVP_PKEY_free(key);
}

static void signatures_hold_and_convert(void **state) {
        static const char data[] = "HQ00000042K";

        (void) state;
        for (int curve = CURVE_P384; curve <= CURVE_P256; curve++) {
                struct fixture f = { 0 };
                uint8_t raw[96];
                _cleanup_free_ uint8_t *der = NULL, *again = NULL;
                size_t n, again_n;
                struct error err;

                make(&f, CERTIFICATE_STATION, (enum key_curve) curve);
                assert_int_equal(signature_raw_size(f.key), curve == CURVE_P256 ? 64 : 96);
                assert_int_equal(sign_bytes(f.key, data, sizeof data, &der, &n, &err), 0);
                assert_int_equal(verify_bytes_with(f.certificate, data, sizeof data, der, n, &err), 0);
                assert_int_equal(verify_bytes_with(f.certificate, data, sizeof data - 1, der, n, &err), ERR_VERIFY);
                assert_int_equal(verify_bytes_with(f.ca, data, sizeof data, der, n, &err), ERR_VERIFY);
                assert_int_equal(signature_to_raw(der, n, raw, signature_raw_size(f.key), &err), 0);
                assert_int_equal(signature_from_raw(raw, signature_raw_size(f.key), &again, &again_n, &err), 0);
                assert_int_equal(again_n, n);
                assert_memory_equal(again, der, n);
                assert_int_equal(signature_to_raw(der, n - 1, raw, signature_raw_size(f.key), &err), ERR_VERIFY);
                done(&f);
        }
}

static void a_name_too_long_is_said(void **state) {
        struct fixture f = { 0 };
        struct identity_request request = { .use = CERTIFICATE_PERSON, .not_before = NOW, .not_after = NOW + DAY };
        char name[80];
        EVP_PKEY *key = NULL;
        X509 *certificate = NULL;
        struct error err;

        (void) state;
        make(&f, CERTIFICATE_PERSON, CURVE_P256);
        memset(name, 'x', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        request.common_name = name;
        assert_int_equal(identity_issue(f.ca_key, f.ca, &request, &key, &certificate, &err), ERR_USAGE);
        assert_non_null(strstr(err.what[LANG_EN], "64"));
        request.common_name = "a\nb";
        assert_int_equal(identity_issue(f.ca_key, f.ca, &request, &key, &certificate, &err), ERR_USAGE);
        request.common_name = "a";
        request.not_after = NOW;
        assert_int_equal(identity_issue(f.ca_key, f.ca, &request, &key, &certificate, &err), ERR_USAGE);
        assert_null(key);
        done(&f);
}

static void envelopes_open_with_openssl_too(void **state) {
        struct fixture f = { 0 }, other = { 0 };
        _cleanup_secret_ struct secret *content = NULL, *back = NULL;
        _cleanup_free_ uint8_t *der = NULL;
        _cleanup_free_ char *certificate = in_folder("r.pem"), *key = in_folder("r.key"),
                            *file = in_folder("e.der"), *plain = in_folder("plain");
        size_t n;
        struct error err;

        (void) state;
        make(&f, CERTIFICATE_RECOVERY, CURVE_P384);
        make(&other, CERTIFICATE_RECOVERY, CURVE_P384);
        assert_int_equal(secret_random(64, &content, &err), 0);
        assert_int_equal(envelope_seal(f.certificate, content, &der, &n, &err), 0);
        assert_int_equal(envelope_open(f.certificate, f.key, der, n, &back, &err), 0);
        assert_int_equal(back->size, 64);
        assert_memory_equal(back->data, content->data, 64);
        assert_int_equal(certificate_save(certificate, f.certificate, &err), 0);
        assert_int_equal(identity_key_save(key, f.key, NULL, &err), 0);
        assert_int_equal(file_write(file, der, n, 0600, &err), 0);
        assert_int_equal(file_write(plain, content->data, content->size, 0600, &err), 0);
        assert_int_equal(
                run("openssl cms -decrypt -inform DER -in e.der -recip r.pem -inkey r.key -binary -out d && "
                    "cmp d plain"),
                0);
        assert_int_equal(run("openssl cms -cmsout -print -inform DER -in e.der | "
                             "grep -q 'dhSinglePass-stdDH-sha384kdf-scheme'"),
                         0);
        secret_free(TAKE_PTR(back));
        assert_int_equal(envelope_open(other.certificate, other.key, der, n, &back, &err), ERR_VERIFY);
        for (size_t i = 0; i < n; i += 7) {
                der[i] ^= 1;
                if (envelope_open(f.certificate, f.key, der, n, &back, &err) == 0) {
                        /* Only bytes that name the recipient may change: what opens is the content, always. */
                        assert_memory_equal(back->data, content->data, 64);
                        secret_free(TAKE_PTR(back));
                }
                der[i] ^= 1;
        }
        assert_int_equal(envelope_open(f.certificate, f.key, der, n - 1, &back, &err), ERR_VERIFY);
        done(&f);
        done(&other);
}

/* C6, C7: what another program sealed by other means is refused by name of the rule, not called damaged. */
static void envelopes_of_other_algorithms_are_refused(void **state) {
        static const char *const others[] = { "-aes128",
                                              "-aes256",
                                              "-des3",
                                              "-aes-128-gcm",
                                              "-aes-256-gcm -keyopt ecdh_kdf_md:sha1",
                                              "-aes-256-gcm -keyopt ecdh_kdf_md:sha256" };
        struct fixture f = { 0 };
        _cleanup_free_ char *certificate = in_folder("r.pem"), *file = in_folder("e.der");
        _cleanup_secret_ struct secret *content = NULL, *back = NULL;
        struct error err;

        (void) state;
        make(&f, CERTIFICATE_RECOVERY, CURVE_P384);
        assert_int_equal(secret_random(64, &content, &err), 0);
        assert_int_equal(certificate_save(certificate, f.certificate, &err), 0);
        for (size_t i = 0; i < COUNT(others); i++) {
                _cleanup_free_ char *command = str_format(
                        "head -c 64 /dev/urandom > plain && openssl cms -encrypt "
                        "-binary -in plain -outform DER -out e.der -recip r.pem %s",
                        others[i]);
                _cleanup_free_ char *der = NULL;
                size_t n;

                assert_int_equal(run(command), 0);
                assert_int_equal(file_read(file, 1 << 16, &der, &n, &err), 0);
                if (envelope_open(f.certificate, f.key, (const uint8_t *) der, n, &back, &err) != ERR_REFUSED)
                        fail_msg("%s: %s", others[i], err.what[LANG_EN]);
                assert_string_equal(err.rule, "C7");
                assert_null(back);
        }
        done(&f);
}

/* A cipher of tomorrow: the OID of AES-256-GCM made into one that nobody has given yet. */
static void an_envelope_of_an_unknown_cipher_is_refused(void **state) {
        static const uint8_t gcm[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e };
        struct fixture f = { 0 };
        _cleanup_secret_ struct secret *content = NULL, *back = NULL;
        _cleanup_free_ uint8_t *der = NULL;
        struct error err;
        uint8_t *at;
        size_t n;

        (void) state;
        make(&f, CERTIFICATE_RECOVERY, CURVE_P384);
        assert_int_equal(secret_random(64, &content, &err), 0);
        assert_int_equal(envelope_seal(f.certificate, content, &der, &n, &err), 0);
        at = memmem(der, n, gcm, sizeof gcm);
        assert_non_null(at);
        at[sizeof gcm - 1] = 0x7f;
        assert_int_equal(envelope_open(f.certificate, f.key, der, n, &back, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "C7");
        done(&f);
}

/* C7: "ecdsa" and nothing else, yet. */
static void signatures_of_tomorrow_are_told_from_forgeries(void **state) {
        static const char *const others[] = { "ecdsa+ml-dsa-65", "ml-dsa-65", "ECDSA", "ecdsa ", "rsa", "" };
        _cleanup_json_ json_t *without = json_object(), *number = json_pack("{s:i}", "algorithm", 1);
        struct error err;

        (void) state;
        assert_int_equal(signature_algorithm_check(signature_algorithm, &err), 0);
        for (size_t i = 0; i < COUNT(others); i++) {
                _cleanup_json_ json_t *said = json_pack("{s:s}", "algorithm", others[i]);

                assert_int_equal(signature_algorithm_of(said, &err), ERR_REFUSED);
                assert_string_equal(err.rule, "C7");
        }
        assert_int_equal(signature_algorithm_of(without, &err), 0);
        assert_int_equal(signature_algorithm_of(number, &err), ERR_REFUSED);
}

static int setup(void **state) {
        (void) state;
        return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
        _cleanup_free_ char *line = str_format("rm -rf %s", folder);

        (void) state;
        return system(line);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_authority_is_trusted_by_openssl),
                cmocka_unit_test(trust_has_a_time_a_use_and_an_issuer),
                cmocka_unit_test(a_key_file_needs_its_pin),
                cmocka_unit_test(keys_outside_c6_are_refused),
                cmocka_unit_test(signatures_hold_and_convert),
                cmocka_unit_test(a_name_too_long_is_said),
                cmocka_unit_test(envelopes_open_with_openssl_too),
                cmocka_unit_test(envelopes_of_other_algorithms_are_refused),
                cmocka_unit_test(an_envelope_of_an_unknown_cipher_is_refused),
                cmocka_unit_test(signatures_of_tomorrow_are_told_from_forgeries),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
