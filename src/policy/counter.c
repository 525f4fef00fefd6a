#include "policy/counter.h"

#include <stdio.h>
#include <string.h>

const struct counter_code counter_codes[COMMANDS] = {
        [COMMAND_OUT] = { "OUT", { "SALIDA", "OUT" }, { "prestar un soporte", "lend a medium" } },
        [COMMAND_IN] = { "IN", { "ENTRADA", "IN" }, { "recibir lo prestado", "take back what was lent" } },
        [COMMAND_MOVE] = { "MOVE", { "MOVER", "MOVE" }, { "llevar soportes a un lugar", "take media to a place" } },
        [COMMAND_LOCATE] = { "LOCATE", { "BUSCAR", "LOCATE" }, { "buscar un soporte", "look for a medium" } },
        [COMMAND_STOCKTAKE] = { "STOCKTAKE",
                                { "RECUENTO", "STOCKTAKE" },
                                { "recontar un lugar", "count a place" } },
        [COMMAND_ENTER] = { "ENTER",
                            { "ENTRAR", "ENTER" },
                            { "alguien entra en custodia", "somebody enters custody" } },
        [COMMAND_LEAVE] = { "LEAVE",
                            { "SALIR", "LEAVE" },
                            { "alguien sale de custodia", "somebody leaves custody" } },
        [COMMAND_YES] = { "YES", { "SI", "YES" }, { "sí a lo que se pregunta", "yes to what is asked" } },
        [COMMAND_NO] = { "NO", { "NO", "NO" }, { "no a lo que se pregunta", "no to what is asked" } },
        [COMMAND_GOOD] = { "GOOD",
                           { "BIEN", "GOOD" },
                           { "vuelve en buen estado", "it is back in good condition" } },
        [COMMAND_DAMAGED] = { "DAMAGED", { "ROTO", "DAMAGED" }, { "vuelve dañado", "it is back damaged" } },
        [COMMAND_NO_SEAL] = { "NOSEAL",
                              { "SINPRECINTO", "NOSEAL" },
                              { "vuelve sin precinto o roto", "it is back without its seal, or broken" } },
        [COMMAND_KEY] = { "KEY", { "LLAVE", "KEY" }, { "se abrió con llave", "opened with a key" } },
        [COMMAND_ELECTRONIC] = { "ELOCK",
                                 { "CERRADURA", "ELOCK" },
                                 { "se abrió con cerradura electrónica", "opened with an electronic lock" } },
        [COMMAND_BIOMETRIC] = { "BIOCARD",
                                { "BIOMETRIA", "BIOCARD" },
                                { "se abrió con biometría y tarjeta", "opened with biometrics and card" } },
        [COMMAND_DONE] = { "DONE",
                           { "FIN", "DONE" },
                           { "terminar el recuento o la tanda", "end the count or the row" } },
        [COMMAND_UNDO] = { "UNDO", { "DESHACER", "UNDO" }, { "anular el último acto", "counter the last act" } },
        [COMMAND_CANCEL] = { "CANCEL", { "CANCELAR", "CANCEL" }, { "dejarlo sin hacer", "leave it undone" } },
        [COMMAND_HELP] = { "HELP", { "AYUDA", "HELP" }, { "qué se puede leer", "what can be scanned" } },
        [COMMAND_QUIT] = { "QUIT", { "CERRAR", "QUIT" }, { "cerrar el mostrador", "close the counter" } },
};

void counter_code_text(enum counter_command command, char out[COUNTER_CODE_TEXT]) {
        (void) snprintf(out, COUNTER_CODE_TEXT, "%s%s", COUNTER_PREFIX, counter_codes[command].code);
}

int counter_command_of(const char *plain) {
        const size_t n = sizeof COUNTER_PREFIX - 1;
        const char *code = strncmp(plain, COUNTER_PREFIX, n) == 0 ? plain + n : NULL;

        for (int i = 0; i < COMMANDS; i++)
                if ((code && strcmp(code, counter_codes[i].code) == 0) ||
                    strcmp(plain, counter_codes[i].typed.es) == 0 || strcmp(plain, counter_codes[i].typed.en) == 0)
                        return i;
        return -1;
}
