/* Forms R-110-0NN: text files under forms/ rendered to PDF, CSV and table rows. */
#pragma once

#include "base/error.h"
#include "base/json.h"

/* Renders form `id` ("R-110-021") in `lang` with `data` to `path` as PDF. data's members are what the form's
 * fields name; arrays feed its tables. `forms` is a folder to look in first (may be NULL). */
int form_to_pdf(const char *forms, const char *id, enum lang lang, const json_t *data, const char *path,
                struct error *err);
/* The form's table (its first, or named) as RFC 4180 CSV with a header row, UTF-8. */
int form_to_csv(const char *forms, const char *id, enum lang lang, const json_t *data, const char *path,
                struct error *err);
