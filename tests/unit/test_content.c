/* Tags from content (L8): signatures in raw bytes, over the borders of windows, and what they propose; what a label
 * printer says of itself (L5). */
#include "unit/test.h"

#include <string.h>

#include "content/reader.h"
#include "label/printer.h"

static struct content_report scanned(const void *data, size_t n) {
        uint8_t room[8192] = { 0 };
        struct content_report report = { 0 };

        assert_true(n <= sizeof room);
        memcpy(room, data, n);
        content_scan(&report, room, 4096, 4096, 0);
        return report;
}

static void expect_only(struct content_report report, int kind) {
        for (int i = 0; i < CONTENT_KINDS; i++)
                assert_int_equal(report.count[i] > 0, i == kind);
}

static void each_kind_is_known_by_its_signature(void **state) {
        static const struct {
                const char *bytes;
                size_t n;
                int kind;
        } cases[] = {
#define BYTES(text) text, sizeof(text) - 1
                { BYTES("%PDF-1.7\n"), CONTENT_PDF },
                { BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), CONTENT_OFFICE },
                { BYTES("PK\3\4\24\0\6\0\10\0\0\0!\0........................[Content_Types].xml"), -1 },
                { BYTES("PK\3\4\24\0\6\0\10\0\0\0!\0................[Content_Types].xml"), CONTENT_OFFICE },
                { BYTES("PK\3\4\24\0\0\0\0\0\0\0!\0................mimetypeapplication/"
                        "vnd.oasis.opendocument.text"),
                  CONTENT_OFFICE },
                { BYTES("PK\3\4\24\0\0\0\0\0\0\0!\0................readme.txt"), -1 },
                { BYTES("\x89PNG\r\n\x1a\n"), CONTENT_IMAGE },
                { BYTES("\xff\xd8\xff\xe0..JFIF"), CONTENT_IMAGE },
                { BYTES(".\xff\xd8\xff\xe0"), -1 },
                { BYTES("MSH|^~\\&|LAB|HQ"), CONTENT_HL7 },
                { BYTES("\x0bMSH|^~\\&|LAB|HQ"), CONTENT_HL7 },
                { BYTES("MSH|^~\\&|\0\0"), -1 },
                { BYTES("{ \"resourceType\" : \"Patient\", \"id\": 1"), CONTENT_FHIR },
                { BYTES("{\"resourceType\":\"DiagnosticReport\""), CONTENT_FHIR },
                { BYTES("{\"resourceType\":\"Disk\""), -1 },
                { BYTES("{\"resourceType\",\"Patient\""), -1 },
                { BYTES("<Patient xmlns=\"http://hl7.org/fhir\">"), CONTENT_FHIR },
                { BYTES("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">"), CONTENT_CDA },
                { BYTES("DICM of a text"), -1 },
                { BYTES("................DICM\2\0\0\0UL\4\0"), CONTENT_DICOM },
                { BYTES("nothing at all"), -1 },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++)
                expect_only(scanned(cases[i].bytes, cases[i].n), cases[i].kind);
}

/* What begins in a window is found though it ends in the next, and once. */
static void borders_hide_nothing_and_count_once(void **state) {
        static const char message[] = "MSH|^~\\&|LAB|HQ|HIS";
        uint8_t disk[2 * 4096 + CONTENT_OVERLAP] = { 0 };
        struct content_report report = { 0 };

        (void) state;
        for (size_t at = 4096 - sizeof message; at < 4096 + 8; at++) {
                memset(disk, 0, sizeof disk);
                memcpy(disk + at, message, sizeof message - 1);
                report = (struct content_report){ 0 };
                content_scan(&report, disk, 4096, CONTENT_OVERLAP, 0);
                content_scan(&report, disk + 4096, 4096, CONTENT_OVERLAP, 4096);
                assert_int_equal(report.count[CONTENT_HL7], 1);
                assert_int_equal(report.first[CONTENT_HL7], at);
                assert_int_equal(report.bytes, 8192);
        }
}

static void health_proposes_confidencial(void **state) {
        enum classification classification = CLASS_PUBLICO;
        struct content_report report = { 0 };
        bool health = true;

        (void) state;
        assert_false(content_propose(&report, &classification, &health));
        report.count[CONTENT_PDF] = 3;
        assert_true(content_propose(&report, &classification, &health));
        assert_int_equal(classification, CLASS_INTERNO);
        assert_false(health);
        report.count[CONTENT_DICOM] = 1;
        assert_true(content_propose(&report, &classification, &health));
        assert_int_equal(classification, CLASS_CONFIDENCIAL);
        assert_true(health);
}

/* All of a small medium in order; of a large one samples that lie within it and never twice. */
static void windows_cover_or_sample(void **state) {
        static const int64_t sizes[] = { 1,
                                         CONTENT_WINDOW,
                                         CONTENT_WINDOW + 1,
                                         10 * (int64_t) CONTENT_WINDOW,
                                         1000 * (int64_t) CONTENT_WINDOW - 7,
                                         (int64_t) 16 << 40 };

        (void) state;
        for (size_t s = 0; s < COUNT(sizes); s++)
                for (int64_t limit = CONTENT_WINDOW; limit <= 100 * (int64_t) CONTENT_WINDOW; limit *= 10) {
                        int64_t n = 1, last = -1, most = limit / CONTENT_WINDOW < 2 ? 2 : limit / CONTENT_WINDOW;

                        for (int64_t i = 0; i < n; i++) {
                                int64_t at = content_window(sizes[s], limit, i, &n);

                                assert_true(at > last && at < sizes[s] && at % CONTENT_SECTOR == 0);
                                last = at;
                        }
                        assert_true(n <= most);
                        if (sizes[s] <= most * CONTENT_WINDOW)
                                assert_int_equal(n, (sizes[s] + CONTENT_WINDOW - 1) / CONTENT_WINDOW);
                }
}

static void a_printer_tells_why_it_does_not_print(void **state) {
#define LINES(first, second)                                                                                       \
        "\x02" first "\x03\r\n\x02" second "\x03\r\n\x02"                                                          \
        "1234,0\x03\r\n"
        static const struct {
                const char *answer;
                unsigned faults;
        } cases[] = {
                { LINES("030,0,0,0296,000,0,0,0,000,0,0,0", "000,0,0,0,0,2,4,0,00000000,1,000"), 0 },
                { LINES("030,1,0,0296,000,0,0,0,000,0,0,0", "000,0,0,0,0,2,4,0,00000000,1,000"), FAULT_PAPER },
                { LINES("030,0,1,0296,000,0,0,0,000,0,0,0", "000,0,1,1,0,2,4,0,00000000,1,000"),
                  FAULT_PAUSE | FAULT_HEAD | FAULT_RIBBON },
                { "", 0 },
                { "\x02", 0 },
                { "\x02"
                  "030,1",
                  0 },
                { "HTTP/1.1 400 Bad Request\r\n", 0 },
                { "\x02\x03\x02\x03\x02\x03", 0 },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++)
                assert_int_equal(printer_status_parse(cases[i].answer, strlen(cases[i].answer)), cases[i].faults);
}

static void printers_are_named(void **state) {
        static const struct {
                const char *text, *host, *path;
                bool tcp;
                int port;
        } good[] = {
                { "tcp:zebra", "zebra", "", true, 9100 },
                { "tcp:10.0.0.7:6101", "10.0.0.7", "", true, 6101 },
                { "tcp:[fe80::1%eth0]:9100", "fe80::1%eth0", "", true, 9100 },
                { "cups:etiquetas-2", "localhost", "/printers/etiquetas-2", false, 0 },
                { "ipp://laser.local", "laser.local", "/ipp/print", false, 631 },
                { "ipp://laser.local:8631/ipp/faxout", "laser.local", "/ipp/faxout", false, 8631 },
        };
        struct printer printer;

        (void) state;
        for (size_t i = 0; i < COUNT(good); i++) {
                assert_int_equal(printer_parse(good[i].text, &printer, NULL), 0);
                assert_string_equal(printer.host, good[i].host);
                assert_string_equal(printer.path, good[i].path);
                assert_int_equal(printer.tcp, good[i].tcp);
                assert_int_equal(printer.port, good[i].port);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_kind_is_known_by_its_signature),
                cmocka_unit_test(borders_hide_nothing_and_count_once),
                cmocka_unit_test(health_proposes_confidencial),
                cmocka_unit_test(windows_cover_or_sample),
                cmocka_unit_test(a_printer_tells_why_it_does_not_print),
                cmocka_unit_test(printers_are_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
