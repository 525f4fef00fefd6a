/* The counter's vocabulary: the printed codes of its commands, and what a person's card says. Letters and digits
 * only, so that a scanner of any keyboard gives them back. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum counter_command {
        COMMAND_OUT,
        COMMAND_IN,
        COMMAND_MOVE,
        COMMAND_LOCATE,
        COMMAND_STOCKTAKE,
        COMMAND_ENTER,
        COMMAND_LEAVE,
        COMMAND_DISPATCH,
        COMMAND_PICKUP,
        COMMAND_TRACK,
        COMMAND_DELIVER,
        COMMAND_CONFIRM,
        COMMAND_YES,
        COMMAND_NO,
        COMMAND_GOOD,
        COMMAND_DAMAGED,
        COMMAND_NO_SEAL,
        COMMAND_KEY,
        COMMAND_ELECTRONIC,
        COMMAND_BIOMETRIC,
        COMMAND_DONE,
        COMMAND_UNDO,
        COMMAND_CANCEL,
        COMMAND_HELP,
        COMMAND_QUIT,
        COMMANDS
};

struct counter_code {
        const char *code;  /* after the prefix; printed and scanned */
        struct text typed; /* the same for a hand at the keyboard, and as it is called on the sheet */
        struct text does;
};
extern const struct counter_code counter_codes[COMMANDS];

#define COUNTER_PREFIX "MPSI"
enum { COUNTER_CODE_TEXT = 32 };

/* The text of a command's printed code. */
void counter_code_text(enum counter_command command, char out[COUNTER_CODE_TEXT]);
/* The command of a text in upper case, [A-Z0-9] only; printed or typed, in either language. -1: none. */
int counter_command_of(const char *plain);
