/* mpsi-tsa: one question to a time-stamping authority over HTTP (RFC 3161 3.4). The question comes on standard
 * input, the answer goes to standard output, unjudged: whoever asks checks it. It holds no key and opens no store.
 *   mpsi-tsa URL [CA-FILE]      CA-FILE: whom TLS trusts, instead of the system's authorities */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { QUERY_MAX = 4096, ANSWER_MAX = 64 * 1024, CONNECT_SECONDS = 8, WHOLE_SECONDS = 20, REDIRECTS = 3 };

struct answer {
        char bytes[ANSWER_MAX];
        size_t n;
};

static size_t take(char *data, size_t size, size_t n, void *context) {
        struct answer *answer = context;

        if (size * n > sizeof answer->bytes - answer->n)
                return 0; /* ends the transfer */
        memcpy(answer->bytes + answer->n, data, size * n);
        answer->n += size * n;
        return size * n;
}

static size_t read_query(char *query) {
        size_t n = fread(query, 1, QUERY_MAX, stdin);

        return ferror(stdin) || !feof(stdin) ? 0 : n;
}

/* TLS 1.2 at least (X6), and no way from https to http. */
static CURLcode ask(CURL *curl, const char *url, const char *ca, const char *query, size_t n,
                    struct answer *answer) {
        struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/timestamp-query");
        const char *type = NULL;
        CURLcode r;

        (void) curl_easy_setopt(curl, CURLOPT_URL, url);
        (void) curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        (void) curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
        (void) curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
        (void) curl_easy_setopt(curl, CURLOPT_POSTREDIR, (long) CURL_REDIR_POST_ALL);
        (void) curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long) REDIRECTS);
        (void) curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
        (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
        if (ca)
                (void) curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
        (void) curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long) CONNECT_SECONDS);
        (void) curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long) WHOLE_SECONDS);
        (void) curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
        (void) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        (void) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, query);
        (void) curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long) n);
        (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
        (void) curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        r = curl_easy_perform(curl);
        curl_slist_free_all(headers);
        if (r != CURLE_OK)
                return r;
        (void) curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
        return type && strncmp(type, "application/timestamp-reply", 27) == 0 ? CURLE_OK : CURLE_WEIRD_SERVER_REPLY;
}

int main(int argc, char **argv) {
        static struct answer answer;
        static char query[QUERY_MAX];
        size_t n;
        CURL *curl;
        CURLcode r;

        if (argc == 2 && strcmp(argv[1], "--version") == 0) {
                (void) puts("mpsi-tsa " MPSI_VERSION);
                return EXIT_SUCCESS;
        }
        if (argc < 2 || argc > 3 || argv[1][0] == '-') {
                (void) fputs("mpsi-tsa URL [CA-FILE] < query > reply\n", stderr);
                return 2;
        }
        n = read_query(query);
        curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
        if (!n || !curl) {
                (void) fputs("mpsi-tsa: no query\n", stderr);
                return EXIT_FAILURE;
        }
        r = ask(curl, argv[1], argc == 3 ? argv[2] : NULL, query, n, &answer);
        curl_easy_cleanup(curl);
        curl_global_cleanup();
        if (r != CURLE_OK) {
                (void) fprintf(stderr, "mpsi-tsa: %s\n", curl_easy_strerror(r));
                return EXIT_FAILURE;
        }
        return fwrite(answer.bytes, 1, answer.n, stdout) == answer.n && fflush(stdout) == 0 ? EXIT_SUCCESS
                                                                                            : EXIT_FAILURE;
}
