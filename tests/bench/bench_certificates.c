/* Signing certificates against what OpenSSL signs with the same key and nothing around it.
 *   bench_certificates [COUNT]      each has three signatures, as the certificate R-110-021 */
#include "bench.h"

#include <cairo/cairo-pdf.h>

#include "base/clock.h"
#include "base/file.h"
#include "sign/identity.h"
#include "sign/pades.h"
#include "sign/pdf_attach.h"

enum { SIGNATURES = 3, TWIN = 16384, PHOTO = 200000 };

static const char *const fields[SIGNATURES] = { "executor", "supervisor", "organisation" };

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned n) {
        return fwrite(data, 1, n, closure) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* Two pages with the boxes, a twin and a photo inside. */
static void draw(uint8_t **ret, size_t *ret_n) {
        static char twin[TWIN], photo[PHOTO];
        const struct pdf_attachment files[] = {
                { "twin.json", "twin", "application/json", "Alternative", twin, TWIN },
                { "photo.jpg", "photo", "image/jpeg", "Supplement", photo, PHOTO }
        };
        const struct pdf_finish wanted = {
                .lang = "es", .moment = SECOND, .attachments = files, .attachments_n = 2
        };
        char *plain = NULL;
        size_t plain_n;
        FILE *out = open_memstream(&plain, &plain_n);
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(collect, out, 595, 842);
        cairo_t *cr = cairo_create(surface);
        struct error err;

        for (int page = 0; page < 2; page++) {
                for (int line = 0; line < 50; line++) {
                        cairo_move_to(cr, 50, 50 + 14 * line);
                        cairo_show_text(cr, "Certificado de sanitización y destrucción 0123456789 abcdef");
                }
                for (int i = 0; page == 1 && i < SIGNATURES; i++) {
                        char *tag = str_format("name='sign:%s:150:48' x=%d y=760", fields[i], 50 + 165 * i);

                        cairo_tag_begin(cr, CAIRO_TAG_DEST, tag);
                        cairo_tag_end(cr, CAIRO_TAG_DEST);
                        free(tag);
                }
                cairo_show_page(cr);
        }
        cairo_destroy(cr);
        cairo_surface_destroy(surface);
        (void) fclose(out);
        if (pdf_finish(plain, plain_n, &wanted, ret, ret_n, &err) < 0)
                stop("finish", &err);
        free(plain);
}

static double sign_bare(EVP_PKEY *key, const char *text, int count) {
        double began = seconds();
        struct error err;

        for (int i = 0; i < count; i++) {
                uint8_t *signature;
                size_t n;

                if (sign_bytes(key, text, 200, &signature, &n, &err) < 0)
                        stop("sign", &err);
                free(signature);
        }
        return seconds() - began;
}

/* `folder` NULL: they are not written. */
static double sign_certificates(EVP_PKEY *key, X509 *certificate, const uint8_t *pdf, size_t n, int count,
                                const char *folder) {
        double began = seconds();
        struct error err;

        for (int i = 0; i < count; i++) {
                uint8_t *file = NULL;
                size_t file_n = n;

                for (int s = 0; s < SIGNATURES; s++) {
                        const struct pades_request request = { .key = key,
                                                               .certificate = certificate,
                                                               .field = fields[s],
                                                               .reason = "HQ-2026-000001",
                                                               .moment = SECOND * (s + 1) };
                        uint8_t *next;

                        if (pades_sign(file ? file : pdf, file_n, &request, &next, &file_n, &err) < 0)
                                stop("pades", &err);
                        free(file);
                        file = next;
                }
                if (folder) {
                        char *path = str_format("%s/%d.pdf", folder, i);

                        if (file_write(path, file, file_n, 0600, &err) < 0)
                                stop("write", &err);
                        (void) unlink(path);
                        free(path);
                }
                free(file);
        }
        return seconds() - began;
}

static void measure(enum key_curve curve, const char *name, int count, const uint8_t *pdf, size_t n) {
        const struct identity_request request = { .common_name = "Ana López",
                                                  .account = "ana",
                                                  .title = "Operadora",
                                                  .use = CERTIFICATE_PERSON,
                                                  .curve = curve,
                                                  .not_before = 0,
                                                  .not_after = 365 * DAY };
        char folder[] = "/var/tmp/mpsi-bench-XXXXXX", text[200] = "attributes";
        double bare, signing, written;
        EVP_PKEY *ca_key, *key;
        X509 *ca, *certificate;
        struct error err;

        if (!mkdtemp(folder) || identity_make_ca("Bench", 1, 0, &ca_key, &ca, &err) < 0 ||
            identity_issue(ca_key, ca, &request, &key, &certificate, &err) < 0)
                stop("identity", &err);
        (void) sign_bare(key, text, 100);
        bare = sign_bare(key, text, count * SIGNATURES);
        signing = sign_certificates(key, certificate, pdf, n, count, NULL);
        written = sign_certificates(key, certificate, pdf, n, count, folder);
        (void) printf("%s: %d certificates of %zu kB, three signatures each: %.0f/s; %.2f of OpenSSL's bare rate; "
                      "written and synced %.0f/s, %.2f\n",
                      name, count, n / 1000, count / signing, bare / signing, count / written, bare / written);
        (void) rmdir(folder);
        EVP_PKEY_free(ca_key);
        EVP_PKEY_free(key);
        X509_free(ca);
        X509_free(certificate);
}

int main(int argc, char **argv) {
        int count = argc > 1 ? atoi(argv[1]) : 1000;
        uint8_t *pdf;
        size_t n;

        draw(&pdf, &n);
        measure(CURVE_P384, "P-384", count, pdf, n);
        measure(CURVE_P256, "P-256", count, pdf, n);
        free(pdf);
        return 0;
}
