/* IPP by libcups, which is loaded when somebody prints: a station without a queue needs neither it nor its
 * libraries, and no other program of ours has them in its process. */
#include <cups/cups.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "label/printer.h"

enum { CONNECT_MS = 10000, WATCH_SECONDS = 10 };

#define CALLS(call)                                                                                                \
        call(httpConnect2) call(httpSetTimeout) call(httpClose) call(httpAssembleURI) call(ippNewRequest)          \
                call(ippAddString) call(ippAddInteger) call(ippDelete) call(ippLength) call(ippFindAttribute)      \
                        call(ippGetInteger) call(ippGetBoolean) call(ippGetString) call(ippGetStatusCode)          \
                                call(ippErrorString) call(cupsSendRequest) call(cupsWriteRequestData)              \
                                        call(cupsGetResponse) call(cupsDoRequest) call(cupsLastErrorString)        \
                                                call(cupsServer) call(ippPort) call(cupsUser)

static struct {
#define DECLARE(name) __typeof__(name) *name;
        CALLS(DECLARE)
#undef DECLARE
} cups;

static int load(struct error *err) {
        void *library = dlopen("libcups.so.2", RTLD_NOW | RTLD_LOCAL);

        if (!library) {
                (void) fail(err, ERR_FAILED, "No está libcups: no se puede imprimir en una cola.",
                            "There is no libcups: a queue can't be printed on.");
                return hint(err, "Instale el paquete libcups2, o use tcp:HOST o un fichero.",
                            "Install package libcups2, or use tcp:HOST or a file.");
        }
#define FIND(name)                                                                                                 \
        *(void **) &cups.name = dlsym(library, #name);                                                             \
        if (!cups.name)                                                                                            \
                return fail(err, ERR_FAILED, "A libcups le falta %s.", "libcups lacks %s.", #name);
        CALLS(FIND)
#undef FIND
        return 0;
}

struct link {
        http_t *http;
        char uri[PRINTER_TEXT * 2];
        const struct printer *printer;
        time_t until;
        bool stopped; /* the queue keeps its jobs until somebody sees to the printer */
};

static int go_on(http_t *http, void *context) {
        const struct link *link = context;

        (void) http;
        return time(NULL) < link->until;
}

static int open_link(struct link *link, struct error *err) {
        const struct printer *printer = link->printer;
        const char *host = printer->local ? cups.cupsServer() : printer->host;
        int port = printer->local ? cups.ippPort() : printer->port;

        (void) cups.httpAssembleURI(HTTP_URI_CODING_ALL, link->uri, sizeof link->uri, "ipp", NULL, printer->host,
                                    port, printer->path);
        link->http = cups.httpConnect2(host, port, NULL, AF_UNSPEC, HTTP_ENCRYPTION_IF_REQUESTED, 1, CONNECT_MS,
                                       NULL);
        if (!link->http) {
                (void) fail(err, ERR_FAILED, "No se llega a %s: %s.", "%s can't be reached: %s.", printer->text,
                            cups.cupsLastErrorString());
                return printer->local ? hint(err, "Mire si CUPS está en marcha: «lpstat -r».",
                                             "See whether CUPS is running: “lpstat -r”.")
                                      : hint(err, "Mire si está encendida y conectada.",
                                             "See whether it is on and connected.");
        }
        cups.httpSetTimeout(link->http, 2, go_on, link);
        return 0;
}

static ipp_t *request_of(const struct link *link, ipp_op_t operation) {
        ipp_t *request = cups.ippNewRequest(operation);

        cups.ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, link->uri);
        cups.ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, cups.cupsUser());
        return request;
}

static int complain(const struct link *link, ipp_t *response, struct error *err) {
        const char *why = response ? cups.ippErrorString(cups.ippGetStatusCode(response))
                                   : cups.cupsLastErrorString();

        return fail(err, ERR_FAILED, "%s no toma el trabajo: %.120s.", "%s does not take the job: %.120s.",
                    link->printer->text, why);
}

static bool is_good(ipp_t *response) {
        return response && cups.ippGetStatusCode(response) < IPP_STATUS_REDIRECTION_OTHER_SITE;
}

static int integer_of(ipp_t *response, const char *name) {
        ipp_attribute_t *attribute = response ? cups.ippFindAttribute(response, name, IPP_TAG_ZERO) : NULL;

        return attribute ? cups.ippGetInteger(attribute, 0) : 0;
}

static const char *text_of(ipp_t *response, const char *name) {
        ipp_attribute_t *attribute = response ? cups.ippFindAttribute(response, name, IPP_TAG_ZERO) : NULL;
        const char *text = attribute ? cups.ippGetString(attribute, 0, NULL) : NULL;

        return text ? text : "";
}

/* One that takes no jobs is found out before the job is made. */
static int check_printer(struct link *link, struct error *err) {
        ipp_t *request = request_of(link, IPP_OP_GET_PRINTER_ATTRIBUTES), *response;
        ipp_attribute_t *accepts;
        int r = 0;

        response = cups.cupsDoRequest(link->http, request, link->printer->path);
        accepts = response ? cups.ippFindAttribute(response, "printer-is-accepting-jobs", IPP_TAG_BOOLEAN) : NULL;
        link->stopped = integer_of(response, "printer-state") == IPP_PSTATE_STOPPED;
        if (!is_good(response))
                r = complain(link, response, err);
        else if (accepts && !cups.ippGetBoolean(accepts, 0))
                r = fail(err, ERR_FAILED, "%s no acepta trabajos.", "%s accepts no jobs.", link->printer->text);
        cups.ippDelete(response);
        return r;
}

static ipp_t *print_request(const struct link *link, const struct print_job *job) {
        static const char *const types[LABEL_FORMATS] = { [LABEL_PDF] = "application/pdf",
                                                          [LABEL_SVG] = "image/svg+xml",
                                                          [LABEL_PNG] = "image/png",
                                                          [LABEL_ZPL] = "application/octet-stream" };
        ipp_t *request = request_of(link, IPP_OP_PRINT_JOB);
        char media[96];

        cups.ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, job->title);
        cups.ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL,
                          types[job->format]);
        /* True size (L5): a driver that shrinks a label to its margins spoils the code. */
        cups.ippAddString(request, IPP_TAG_JOB, IPP_TAG_KEYWORD, "print-scaling", NULL, "none");
        if (job->format != LABEL_ZPL) {
                (void) snprintf(media, sizeof media, "custom_%.4gx%.4gmm_%.4gx%.4gmm", job->width, job->height,
                                job->width, job->height);
                cups.ippAddString(request, IPP_TAG_JOB, IPP_TAG_KEYWORD, "media", NULL,
                                  job->width == 210 && job->height == 297 ? "iso_a4_210x297mm" : media);
        }
        return request;
}

/* Until the job is done, or has waited a while in the queue: it is the queue's then. */
static int watch(const struct link *link, int number, struct printed *ret, struct error *err) {
        time_t until = time(NULL) + WATCH_SECONDS;
        int state = 0;

        if (until > link->until)
                until = link->until;
        (void) snprintf(ret->state, sizeof ret->state, "queued");
        while (!link->stopped && state < IPP_JSTATE_CANCELED && time(NULL) <= until) {
                ipp_t *request = request_of(link, IPP_OP_GET_JOB_ATTRIBUTES), *response;
                char why[100];

                cups.ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", number);
                response = cups.cupsDoRequest(link->http, request, link->printer->path);
                state = integer_of(response, "job-state");
                (void) snprintf(why, sizeof why, "%.99s", text_of(response, "job-state-reasons"));
                cups.ippDelete(response);
                if (state == IPP_JSTATE_CANCELED || state == IPP_JSTATE_ABORTED) {
                        ret->taken = 0;
                        (void) snprintf(ret->state, sizeof ret->state, "aborted");
                        return fail(err, ERR_FAILED, "%s abandonó el trabajo %d: %s.", "%s gave job %d up: %s.",
                                    link->printer->text, number, text_is_plain(why) ? why : "?");
                }
                if (state == IPP_JSTATE_COMPLETED)
                        (void) snprintf(ret->state, sizeof ret->state, "completed");
                else
                        (void) usleep(200000);
        }
        return 0;
}

static int hand_over(const struct link *link, const struct print_job *job, int *ret_number, struct error *err) {
        ipp_t *request = print_request(link, job), *response = NULL;
        http_status_t status = cups.cupsSendRequest(link->http, request, link->printer->path,
                                                    cups.ippLength(request) + job->n);
        int r = 0;

        if (status == HTTP_STATUS_CONTINUE)
                status = cups.cupsWriteRequestData(link->http, job->data, job->n);
        response = cups.cupsGetResponse(link->http, link->printer->path);
        *ret_number = integer_of(response, "job-id");
        if (!is_good(response) || *ret_number == 0)
                r = complain(link, response, err);
        cups.ippDelete(request);
        cups.ippDelete(response);
        return r;
}

int printer_send_ipp(const struct printer *printer, const struct print_job *job, struct printed *ret,
                     struct error *err) {
        struct link link = { .printer = printer, .until = time(NULL) + job->seconds };
        int number = 0, r = load(err);

        if (r == 0)
                r = open_link(&link, err);
        if (r == 0)
                r = check_printer(&link, err);
        if (r == 0)
                r = hand_over(&link, job, &number, err);
        if (r == 0) {
                ret->taken = job->n;
                (void) snprintf(ret->job, sizeof ret->job, "%d", number);
                r = watch(&link, number, ret, err);
        }
        if (link.http)
                cups.httpClose(link.http);
        return r;
}
