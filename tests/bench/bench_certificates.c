/* Signing certificates against what OpenSSL signs with the same key and nothing around it.
 *   bench_certificates [COUNT]      each has three signatures, as the certificate R-110-021; written under TMPDIR
 */
#include "bench.h"

#include <cairo/cairo-pdf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "certify/signing.h"
#include "sign/identity.h"
#include "sign/pdf_attach.h"

enum { TWIN = 16384, FONTS_AND_PROOF = 48000 /* what a wipe's certificate holds besides */, PHOTO = 150000 };

static const char *const fields[SIGNATURES] = { "executor", "supervisor", "organisation" };

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned n) {
        return fwrite(data, 1, n, closure) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* Two pages with the boxes, a twin and other files inside: `more` bytes of them. */
static void draw(size_t more, uint8_t **ret, size_t *ret_n) {
        static char twin[TWIN], photo[FONTS_AND_PROOF + PHOTO];
        const struct pdf_attachment files[] = { { "twin.json", "twin", "application/json", "Alternative", twin,
                                                  TWIN },
                                                { "photo.jpg", "photo", "image/jpeg", "Supplement", photo, more } };
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

/* --- signing alone -----------------------------------------------------------------------------------------------
 */

struct lot {
        EVP_PKEY *key;
        X509 *certificate;
        const uint8_t *pdf;
        size_t n;
        const char *folder; /* NULL: they are not written */
        int count;
        atomic_int next;
};

static void sign_one(const struct lot *lot, int number) {
        uint8_t *file = NULL;
        size_t file_n = lot->n;
        struct error err;

        for (int s = 0; s < SIGNATURES; s++) {
                const struct pades_request request = { .key = lot->key,
                                                       .certificate = lot->certificate,
                                                       .field = fields[s],
                                                       .reason = "HQ-2026-000001",
                                                       .moment = SECOND * (s + 1) };
                uint8_t *next;

                if (pades_sign(file ? file : lot->pdf, file_n, &request, &next, &file_n, &err) < 0)
                        stop("pades", &err);
                free(file);
                file = next;
                if (lot->folder) {
                        char *path = str_format("%s/%d.%d.pdf", lot->folder, number, s);

                        if (file_write_loose(path, file, file_n, 0600, &err) < 0)
                                stop("write", &err);
                        free(path);
                }
        }
        free(file);
}

static void *sign_some(void *context) {
        struct lot *lot = context;

        for (int i; (i = atomic_fetch_add(&lot->next, 1)) < lot->count;)
                sign_one(lot, i);
        return NULL;
}

static double sign_alone(struct lot *lot, int threads) {
        pthread_t others[16];
        double began = seconds();
        struct error err;
        int folder = lot->folder ? fs_open(lot->folder, &err) : -1;

        atomic_store(&lot->next, 0);
        for (int i = 1; i < threads; i++)
                if (pthread_create(&others[i], NULL, sign_some, lot) != 0)
                        stop("thread", NULL);
        (void) sign_some(lot);
        for (int i = 1; i < threads; i++)
                (void) pthread_join(others[i], NULL);
        if (folder >= 0 && fs_sync(folder, &err) < 0)
                stop("sync", &err);
        if (folder >= 0)
                (void) close(folder);
        return seconds() - began;
}

/* --- as `certificate sign` does it ---------------------------------------------------------------------------- */

struct signer {
        EVP_PKEY *key;
        X509 *certificate;
};

/* Certificates without a signature, in attachments/; `count` of them, which differ. */
static json_t *make_drafts(struct act *act, const uint8_t *pdf, size_t n, int count) {
        json_t *list = json_array();
        uint8_t *copy = malloc(n);
        struct error err;

        memcpy(copy, pdf, n);
        for (int i = 0; i < count; i++) {
                char digest[SHA256_TEXT], number[32];
                uint8_t *photo = memmem(copy, n, (const char[16]){ 0 }, 16); /* no reader parses it */

                (void) snprintf(number, sizeof number, "photo-%05d", i);
                memcpy(photo, number, 11); /* "photo-00000" */
                (void) snprintf(number, sizeof number, "HQ-2026-%06d", i);
                if (act_attach(act, copy, n, digest, &err) < 0)
                        stop("attach", &err);
                (void) json_array_append_new(
                        list, json_pack("{s:s, s:s, s:s}", "number", number, "twin", digest, "pdf", digest));
                memset(photo, 0, 11);
        }
        free(copy);
        return list;
}

static double sign_as_product(struct act *act, const struct signer signers[SIGNATURES], json_t *drafts) {
        double took = 0;
        struct error err;

        for (int s = 0; s < SIGNATURES; s++) {
                struct signings all = {
                        .act = act, .position = s, .key = signers[s].key, .signer = signers[s].certificate
                };
                double began = seconds();

                all.n = json_array_size(drafts);
                all.list = calloc(all.n, sizeof *all.list);
                for (size_t i = 0; i < all.n; i++)
                        all.list[i].certificate = json_incref(json_array_get(drafts, i));
                (void) EVP_PKEY_up_ref(all.key);
                (void) X509_up_ref(all.signer);
                began = seconds();
                if (signings_run(&all, &err) < 0)
                        stop("sign", &err);
                took += seconds() - began;
                for (size_t i = 0; i < all.n; i++)
                        (void) json_object_set_new(json_array_get(drafts, i), "pdf",
                                                   json_string(all.list[i].digest));
                signings_done(&all);
        }
        return took;
}

static void issue(EVP_PKEY *ca_key, X509 *ca, enum key_curve curve, int position, struct signer *ret) {
        static const char *const names[SIGNATURES] = { "Ana López", "Berta Gil", "Hospital" };
        static const char *const accounts[SIGNATURES] = { "ana", "berta", NULL };
        const struct identity_request request = { .common_name = names[position],
                                                  .account = accounts[position],
                                                  .title = "Operadora",
                                                  .use = accounts[position] ? CERTIFICATE_PERSON : CERTIFICATE_SEAL,
                                                  .curve = curve,
                                                  .not_before = clock_now(&clock_system) - DAY,
                                                  .not_after = clock_now(&clock_system) + 365 * DAY };
        struct error err;

        if (identity_issue(ca_key, ca, &request, &ret->key, &ret->certificate, &err) < 0)
                stop("identity", &err);
}

static void measure(enum key_curve curve, const char *name, int count, const uint8_t *pdf, size_t n) {
        const char *under = getenv("TMPDIR");
        char folder[128], text[200] = "attributes", command[160];
        struct signer signers[SIGNATURES];
        struct act act = { .folder = folder, .site = "HQ", .clock = &clock_system };
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        double bare, alone, written, whole;
        struct lot lot = { .pdf = pdf, .n = n, .count = count };
        char *attachments, *pem;
        json_t *drafts;
        EVP_PKEY *ca_key;
        X509 *ca;
        struct error err;

        (void) snprintf(folder, sizeof folder, "%s/mpsi-bench-XXXXXX", under ? under : "/var/tmp");
        if (!mkdtemp(folder) || identity_make_ca("Bench", 1, clock_now(&clock_system), &ca_key, &ca, &err) < 0 ||
            certificate_to_pem(ca, &pem, &err) < 0)
                stop("identity", &err);
        attachments = str_format("%s/attachments", folder);
        if (mkdir(attachments, 0700) < 0)
                stop("folder", &err);
        act.ca_certificate = pem;
        for (int s = 0; s < SIGNATURES; s++)
                issue(ca_key, ca, curve, s, &signers[s]);
        drafts = make_drafts(&act, pdf, n, count);
        (void) sign_bare(signers[0].key, text, 100);
        bare = sign_bare(signers[0].key, text, count * SIGNATURES);
        lot.key = signers[0].key;
        lot.certificate = signers[0].certificate;
        alone = sign_alone(&lot, 1);
        lot.folder = folder;
        written = sign_alone(&lot, processors < 16 ? (int) processors : 16);
        whole = sign_as_product(&act, signers, drafts);
        (void) printf("%s, %d certificates of %zu kB, three signatures each, rate by OpenSSL's bare one (%.0f "
                      "signatures/s "
                      "on one processor): signing alone, on one, %.2f; signed and written, on "
                      "%ld, %.2f; "
                      "read, signed, verified as a whole and written, on %ld, %.2f\n",
                      name, count, n / 1000, count * SIGNATURES / bare, bare / alone, processors, bare / written,
                      processors, bare / whole);
        (void) snprintf(command, sizeof command, "rm -rf '%s'", folder);
        if (system(command) != 0)
                stop("the folder stays", NULL);
        json_decref(drafts);
        free(attachments);
        free(pem);
        EVP_PKEY_free(ca_key);
        X509_free(ca);
        for (int s = 0; s < SIGNATURES; s++) {
                EVP_PKEY_free(signers[s].key);
                X509_free(signers[s].certificate);
        }
}

int main(int argc, char **argv) {
        int count = argc > 1 ? atoi(argv[1]) : 1000;
        uint8_t *pdf;
        size_t n;

        draw(FONTS_AND_PROOF, &pdf, &n);
        measure(CURVE_P384, "P-384", count, pdf, n);
        measure(CURVE_P256, "P-256", count, pdf, n);
        free(pdf);
        draw(FONTS_AND_PROOF + PHOTO, &pdf, &n);
        measure(CURVE_P384, "P-384", count, pdf, n);
        free(pdf);
        return 0;
}
