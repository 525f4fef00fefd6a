#include "content/scan.h"

#include <string.h>

const struct term content_terms[CONTENT_KINDS] = {
        [CONTENT_DICOM] = { "dicom", { "imagen médica (DICOM)", "medical image (DICOM)" } },
        [CONTENT_HL7] = { "hl7", { "mensaje clínico (HL7 v2)", "clinical message (HL7 v2)" } },
        [CONTENT_FHIR] = { "fhir", { "recurso clínico (FHIR)", "clinical resource (FHIR)" } },
        [CONTENT_CDA] = { "cda", { "documento clínico (HL7 v3, CDA)", "clinical document (HL7 v3, CDA)" } },
        [CONTENT_OFFICE] = { "office", { "documento de oficina", "office document" } },
        [CONTENT_PDF] = { "pdf", { "PDF", "PDF" } },
        [CONTENT_IMAGE] = { "image", { "imagen", "picture" } },
};

bool content_is_health(enum content_kind kind) {
        return kind <= CONTENT_CDA;
}

static void note(struct content_report *report, enum content_kind kind, int64_t offset) {
        if (report->count[kind]++ == 0)
                report->first[kind] = offset;
}

/* --- at the start of a sector: where file systems put files ------------------------------------------------- */

static const struct {
        enum content_kind kind;
        size_t n;
        char bytes[16];
} heads[] = {
        { CONTENT_PDF, 5, "%PDF-" },
        { CONTENT_OFFICE, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" }, /* OLE 2 */
        { CONTENT_OFFICE, 5, "{\\rtf" },
        { CONTENT_IMAGE, 8, "\x89PNG\r\n\x1a\n" },
        { CONTENT_IMAGE, 4, "\xff\xd8\xff\xe0" },
        { CONTENT_IMAGE, 4, "\xff\xd8\xff\xe1" },
        { CONTENT_IMAGE, 4, "\xff\xd8\xff\xdb" },
        { CONTENT_IMAGE, 4, "II*\0" },
        { CONTENT_IMAGE, 4, "MM\0*" },
};

/* The first names in the ZIP containers of OOXML and OpenDocument. */
static bool is_office_zip(const uint8_t *data, size_t n) {
        static const char *const names[] = {
                "[Content_Types].xml",          "_rels/", "docProps/", "word/", "xl/", "ppt/",
                "mimetypeapplication/vnd.oasis"
        };

        if (n < 64 || memcmp(data, "PK\3\4", 4) != 0)
                return false;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                if (memcmp(data + 30, names[i], strlen(names[i])) == 0)
                        return true;
        return false;
}

static void look_at_sector(struct content_report *report, const uint8_t *data, size_t n, int64_t offset) {
        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
                if (n >= heads[i].n && memcmp(data, heads[i].bytes, heads[i].n) == 0) {
                        note(report, heads[i].kind, offset);
                        return;
                }
        if (is_office_zip(data, n))
                note(report, CONTENT_OFFICE, offset);
}

/* --- anywhere --------------------------------------------------------------------------------------------- */

/* FHIR's JSON: "resourceType" : "Patient" and its like; nothing else of that name is meant. */
static bool is_fhir_json(const uint8_t *at, size_t n) {
        static const char *const types[] = { "Patient",      "Bundle",       "Observation", "DiagnosticReport",
                                             "Encounter",    "Condition",    "Procedure",   "Medication",
                                             "ImagingStudy", "Immunization", "Allergy",     "Document",
                                             "Composition",  "Specimen",     "CarePlan" };
        size_t i = strlen("\"resourceType\""), colons = 0;

        while (i < n && (at[i] == ' ' || at[i] == '\t' || at[i] == '\r' || at[i] == '\n' || at[i] == ':'))
                colons += at[i++] == ':';
        if (colons != 1 || i >= n || at[i++] != '"')
                return false;
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
                if (n - i > strlen(types[t]) && memcmp(at + i, types[t], strlen(types[t])) == 0)
                        return true;
        return false;
}

/* A segment separator, encoding characters, and then a field of text. */
static bool is_hl7(const uint8_t *at, size_t n) {
        return n > 9 && at[9] >= ' ' && at[9] < 0x7f;
}

/* Behind the preamble of 128 bytes comes the file meta group, 0002, little-endian (PS3.10). */
static bool is_dicom(const uint8_t *at, size_t n) {
        return n > 8 && at[4] == 2 && at[5] == 0;
}

static bool always(const uint8_t *at, size_t n) {
        (void) at;
        (void) n;
        return true;
}

static const struct {
        enum content_kind kind;
        const char *bytes;
        bool (*is)(const uint8_t *at, size_t n);
} words[] = {
        { CONTENT_DICOM, "DICM", is_dicom },
        { CONTENT_HL7, "MSH|^~\\&|", is_hl7 },
        { CONTENT_FHIR, "\"resourceType\"", is_fhir_json },
        { CONTENT_FHIR, "xmlns=\"http://hl7.org/fhir\"", always },
        { CONTENT_CDA, "urn:hl7-org:v3", always },
};

static void look_for_word(struct content_report *report, size_t word, const uint8_t *data, size_t n, size_t more,
                          int64_t offset) {
        size_t length = strlen(words[word].bytes), all = n + more;

        for (size_t at = 0; at < n;) {
                const uint8_t *found = memmem(data + at, all - at, words[word].bytes, length);
                size_t where;

                if (!found)
                        return;
                where = (size_t) (found - data);
                if (where >= n)
                        return;
                if (words[word].is(found, all - where))
                        note(report, words[word].kind, offset + (int64_t) where);
                at = where + length;
        }
}

void content_scan(struct content_report *report, const uint8_t *data, size_t n, size_t more, int64_t offset) {
        report->bytes += (int64_t) n;
        for (size_t at = 0; at < n; at += CONTENT_SECTOR)
                look_at_sector(report, data + at, n + more - at, offset + (int64_t) at);
        for (size_t word = 0; word < sizeof words / sizeof words[0]; word++)
                look_for_word(report, word, data, n, more, offset);
}

bool content_propose(const struct content_report *report, enum classification *ret, bool *ret_health) {
        bool health = false, any = false;

        for (int kind = 0; kind < CONTENT_KINDS; kind++) {
                any = any || report->count[kind] > 0;
                health = health || (report->count[kind] > 0 && content_is_health((enum content_kind) kind));
        }
        if (!any)
                return false;
        *ret = health ? CLASS_CONFIDENCIAL : CLASS_INTERNO;
        *ret_health = health;
        return true;
}
