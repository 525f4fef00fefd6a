/* Labels a second: signed, encoded, read back by libzbar, and drawn into one PDF by one process; against qrencode,
 * one process for each label's bare code, in the same run. Prints JSON. */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "label/label_text.h"
#include "print/form.h"
#include "print/label.h"
#include "registry/medium_id.h"
#include "sign/identity.h"

enum { LABELS = 10000, PROCESSES = 300, ROWS = 10000 };

extern char **environ;

static double now(void) {
        struct timespec time;

        (void) clock_gettime(CLOCK_MONOTONIC, &time);
        return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

/* Processor time of all threads: what the load of the machine does not change. */
static double spent(void) {
        struct timespec time;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

static void fill(struct label *label, size_t i, EVP_PKEY *key) {
        struct label_text text = { .classification = (enum classification)(i % CLASSIFICATIONS),
                                   .category = CATEGORY_ALTA,
                                   .expires = "2030-01-01",
                                   .revision = 1 };

        *label = (struct label){ .classification = text.classification,
                                 .category = CATEGORY_ALTA,
                                 .kind = KIND_SSD,
                                 .created = "2026-01-15",
                                 .expires = "2030-01-01",
                                 .owner = "Dra. Carmen Núñez de Arce",
                                 .organisation = "Hospital Universitario Quirós",
                                 .model = "PSSD T7 Shield",
                                 .epc = "3034257BF7194E4000001A85",
                                 .key_mark = "3F2A91C0",
                                 .revision = 1 };
        medium_id_format("HQ", (int64_t) i + 1, label->id);
        (void) snprintf(label->serial, sizeof label->serial, "S%09zu", i * 7919);
        (void) snprintf(label->tamper, sizeof label->tamper, "TE-%06zu", i);
        memcpy(text.id, label->id, sizeof text.id);
        if (label_text_make(&text, key, label->code, NULL) < 0)
                abort();
}

/* Seconds for `count` codes by `qrencode`, one process each, as a script of labels would do. */
static double by_qrencode(const struct label *labels, size_t count, const char *path) {
        double start = now();

        for (size_t i = 0; i < count; i++) {
                char name[] = "qrencode", level[] = "-lH", out[] = "-o", text[sizeof labels->code], target[256];
                char *argv[] = { name, level, out, target, text, NULL };
                pid_t child;
                int status;

                (void) snprintf(target, sizeof target, "%s", path);
                memcpy(text, labels[i].code, sizeof text);
                if (posix_spawnp(&child, name, NULL, NULL, argv, environ) != 0 || waitpid(child, &status, 0) < 0 ||
                    status != 0)
                        return 0;
        }
        return now() - start;
}

static double inventory(const char *path) {
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s, s:i}", "organisation", "Hospital Universitario Quirós",
                                                "number", "2026-000001", "total", ROWS);
        json_t *media = json_array();
        double start;

        for (size_t i = 0; i < ROWS; i++) {
                char id[MEDIUM_ID_TEXT], serial[32], location[32];

                medium_id_format("HQ", (int64_t) i + 1, id);
                (void) snprintf(serial, sizeof serial, "WD-WX12D%07zu", i * 31);
                (void) snprintf(location, sizeof location, "HQ-S03-A%02zu-E%02zu-P%03zu", i / 1000, i / 50 % 20,
                                i % 50);
                (void) json_array_append_new(
                        media, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "kind",
                                         medium_kind_terms[i % 4].code, "classification",
                                         classification_terms[i % 4].code, "category", category_terms[i % 3].code,
                                         "owner", "carmen.nunez", "location", location, "state", "in-custody",
                                         "serial", serial, "expires", "2030-01-01", "label", "valid"));
        }
        (void) json_object_set_new(data, "media", media);
        start = now();
        return form_to_pdf(NULL, "R-110-022", LANG_ES, data, path, NULL) < 0 ? 0 : now() - start;
}

int main(void) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
        _cleanup_(label_design_freep) struct label_design *design = NULL;
        const struct label_look look = { .lang = LANG_ES, .dpi = 203 },
                                sheets = { .lang = LANG_ES, .dpi = 203, .sheet = true, .first = 1 };
        _cleanup_free_ struct label *labels = calloc(LABELS, sizeof *labels);
        char folder[] = "/tmp/mpsi-bench-XXXXXX", pdf[64], png[64], form[64];
        double start, sign, draw, sheet, spawned, report, processor;
        struct error err = { 0 };
        struct stat st = { 0 };

        if (!key || !labels || !mkdtemp(folder) || label_design_load(NULL, "standard", &design, &err) < 0)
                return 1;
        (void) snprintf(pdf, sizeof pdf, "%s/labels.pdf", folder);
        (void) snprintf(png, sizeof png, "%s/one.png", folder);
        (void) snprintf(form, sizeof form, "%s/form.pdf", folder);
        start = now();
        for (size_t i = 0; i < LABELS; i++)
                fill(&labels[i], i, key);
        sign = now() - start;
        processor = spent();
        start = now();
        if (labels_write(design, labels, LABELS, LABEL_PDF, &look, pdf, &err) < 0) {
                (void) fprintf(stderr, "%s\n", err.what[LANG_EN]);
                return 1;
        }
        draw = now() - start;
        processor = spent() - processor;
        labels_done(labels, LABELS);
        start = now();
        if (labels_write(design, labels, LABELS, LABEL_PDF, &sheets, pdf, &err) < 0)
                return 1;
        sheet = now() - start;
        (void) stat(pdf, &st);
        spawned = by_qrencode(labels, PROCESSES, png);
        report = inventory(form);
        labels_done(labels, LABELS);
        (void) printf(
                "{\"labels\": %d, \"labels_per_second\": %.0f, \"on_sheets_per_second\": %.0f, "
                "\"processor_us_per_label\": %.0f, \"sign_us\": %.0f, "
                "\"bytes_per_label\": %.0f, \"qrencode_processes_per_second\": %.0f, \"ratio_to_qrencode\": %.1f, "
                "\"inventory_rows\": %d, \"inventory_seconds\": %.2f}\n",
                LABELS, LABELS / (sign + draw), LABELS / (sign + sheet), processor / LABELS * 1e6,
                sign / LABELS * 1e6, (double) st.st_size / LABELS, spawned > 0 ? PROCESSES / spawned : 0,
                spawned > 0 ? LABELS / (sign + draw) / (PROCESSES / spawned) : 0, ROWS, report);
        (void) unlink(pdf);
        (void) unlink(png);
        (void) unlink(form);
        (void) rmdir(folder);
        return 0;
}
