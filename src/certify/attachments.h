/* Files inside a certificate's PDF. Private to the room. */
#pragma once

#include "certify/internal.h"

enum { EMBEDDED_MAX_BYTES = 24 * 1024 * 1024, TWIN_NAME = 64 };

/* Adds "attachments" to the twin: [{name, sha256, bytes, media_type, relation, es, en, embedded}]. What goes beyond
 * EMBEDDED_MAX_BYTES is named by its digest only. */
int certify_attachments(struct act *act, json_t *twin, struct error *err);
/* "R-110-021-HQ-2026-000001.json": the twin's own name inside the PDF. */
void certify_twin_name(const char *number, char out[TWIN_NAME]);
/* The form in file `form` with the twin's text and its attachments inside, kept among the attachments. */
int certify_pdf(struct act *act, const json_t *twin, const char *text, const char *form, char ret_digest[65],
                struct error *err);

/* What a PDF holds: {name: {sha256, bytes}}, and the twin's text, NULL when there is none. The caller frees. */
int certify_embedded(const void *pdf, size_t n, const char *number, json_t **ret_files, char **ret_twin,
                     size_t *ret_n, struct error *err);
/* Whether it holds what the twin names and nothing else: [{name, sha256, result}]. ERR_VERIFY by S9. */
int certify_check_embedded(const json_t *files, const json_t *twin, const char *number, json_t **ret,
                           struct error *err);
