/* Text in a terminal's cells. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Appends `text` in just `width` characters: cut with "…", or filled with spaces. */
void put_fitted(FILE *out, const char *text, int width, bool right);
