/* One order of labels: what is drawn, where it goes, and what is recorded of it. Private to the room. */
#pragma once

#include "act/act.h"
#include "label/label_room.h"
#include "label/label_state.h"
#include "label/printer.h"
#include "print/label.h"

enum { LABELS_MAX = 20000 };

struct label_job {
        struct label *labels;
        json_t **data;     /* of each label's events */
        const char **done; /* the event of each once it is out: "label.printed", "label.reprinted" */
        bool *prepared;    /* on record already */
        size_t n;
        struct label_design *design;
        char design_name[40];
        struct label_stock *stock;
        struct label_look look;
        bool to_printer;
        struct printer printer;
        enum label_format printer_format;
        int seconds;
        const char *process;
        char renew[DATE_TEXT];
};

/* Everything but the labels, from the arguments that `label print` and its like share. `design`: NULL for the one
 * asked for. */
int label_job_open(struct act *act, const json_t *args, const char *design, size_t n, struct label_job *job,
                   struct error *err);
/* Adds a label; data is taken. */
int label_job_add(struct label_job *job, const struct label *label, const char *done, bool prepared, json_t *data,
                  struct error *err);
/* Draws all, reads them back, writes the files, sends to the printer, and records what is out. ERR_FAILED when the
 * printer did not take all: what it took is on record, and so is the rest, as not sent. */
int label_job_deliver(struct act *act, const json_t *args, struct label_job *job, struct error *err);
/* The same for labels of no medium: `fact` reserves their codes and is recorded first when a printer is asked,
 * since a code that may be on paper is never given out again. */
int label_job_deliver_blank(struct act *act, const json_t *args, struct label_job *job, const struct fact *fact,
                            struct error *err);
void label_job_done(struct label_job *job);

/* The parameters in question. */
#define LABEL_JOB_PARAMS                                                                                           \
        { "format",                                                                                                \
          PARAM_TERM,                                                                                              \
          0,                                                                                                       \
          HELP("formato; si falta, el del nombre del fichero o el de la impresora",                                \
               "format; else the file name's or the printer's"),                                                   \
          0,                                                                                                       \
          0,                                                                                                       \
          label_format_terms,                                                                                      \
          LABEL_FORMATS },                                                                                         \
                { "dpi",                                                                                           \
                  PARAM_TERM,                                                                                      \
                  0,                                                                                               \
                  HELP("resolución de la impresora (la del diseño, o 203)",                                        \
                       "the printer's resolution (the design's, or 203)"),                                         \
                  0,                                                                                               \
                  0,                                                                                               \
                  label_resolutions,                                                                               \
                  LABEL_RESOLUTIONS },                                                                             \
                { "out",                                                                                           \
                  PARAM_OUTPUT,                                                                                    \
                  PARAM_REPEATED,                                                                                  \
                  HELP("fichero; varios salen de la misma revisión", "file; several are of one revision"),         \
                  0,                                                                                               \
                  0,                                                                                               \
                  NULL,                                                                                            \
                  0 },                                                                                             \
                { "printer",                                                                                       \
                  PARAM_TEXT,                                                                                      \
                  0,                                                                                               \
                  HELP("impresora: cups:COLA, ipp://HOST/RUTA o tcp:HOST[:PUERTO]",                                \
                       "printer: cups:QUEUE, ipp://HOST/PATH or tcp:HOST[:PORT]"),                                 \
                  0,                                                                                               \
                  255,                                                                                             \
                  NULL,                                                                                            \
                  0 },                                                                                             \
                { "timeout",                                                                                       \
                  PARAM_INT,                                                                                       \
                  0,                                                                                               \
                  HELP("segundos que se espera a la impresora (30)", "seconds to wait for the printer (30)"),      \
                  1,                                                                                               \
                  600,                                                                                             \
                  NULL,                                                                                            \
                  0 },                                                                                             \
                { "copies", PARAM_INT, 0, HELP("copias de cada una (1)", "copies of each (1)"), 1, 99, NULL, 0 },  \
                { "process",                                                                                       \
                  PARAM_TERM,                                                                                      \
                  0,                                                                                               \
                  HELP("cómo se imprime, que dice cuándo se renueva (ZPL: direct-thermal; si no, laser)",          \
                       "how it is printed, which tells when it is renewed (ZPL: direct-thermal; else laser)"),     \
                  0,                                                                                               \
                  0,                                                                                               \
                  label_process_terms,                                                                             \
                  LABEL_PROCESSES },                                                                               \
                { "mono", PARAM_FLAG, 0, HELP("solo blanco y negro", "black and white only"), 0, 0, NULL, 0 },     \
                { "sheet", PARAM_FLAG,                                                                             \
                  0,       HELP("en hojas A4 de pegatinas (PDF)", "on A4 sheets of stickers (PDF)"),               \
                  0,       0,                                                                                      \
                  NULL,    0 },                                                                                    \
                { "stock",                                                                                         \
                  PARAM_TEXT,                                                                                      \
                  0,                                                                                               \
                  HELP("hoja de pegatinas («label sheets»); implica --sheet",                                      \
                       "sheet of stickers (“label sheets”); implies --sheet"),                                     \
                  0,                                                                                               \
                  40,                                                                                              \
                  NULL,                                                                                            \
                  0 },                                                                                             \
                { "first", PARAM_INT,                                                                              \
                  0,       HELP("primera pegatina libre de la hoja", "first free sticker of the sheet"),           \
                  1,       2500,                                                                                   \
                  NULL,    0 },                                                                                    \
        {                                                                                                          \
                "offset", PARAM_TEXT, 0,                                                                           \
                        HELP("X,Y en mm que se desvía la impresora («label calibrate» lo mide)",                   \
                             "X,Y in mm by which the printer misses (“label calibrate” shows it)"),                \
                        0, 20, NULL, 0                                                                             \
        }

enum { LABEL_RESOLUTIONS = 3 };
extern const struct term label_resolutions[LABEL_RESOLUTIONS];
/* "1.5,-0.5" within ±20 mm. */
int label_offset_parse(const char *text, double *ret_x, double *ret_y, struct error *err);
