#include "policy/counter.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

const struct counter_code counter_codes[COMMANDS] = {
        [COMMAND_OUT] = { "OUT", { "SALIDA", "OUT" }, { "prestar un soporte", "lend a medium" } },
        [COMMAND_IN] = { "IN", { "ENTRADA", "IN" }, { "recibir lo prestado", "take back what was lent" } },
        [COMMAND_MOVE] = { "MOVE", { "MOVER", "MOVE" }, { "llevar a un lugar", "take media to a place" } },
        [COMMAND_LOCATE] = { "LOCATE", { "BUSCAR", "LOCATE" }, { "buscar un soporte", "look for a medium" } },
        [COMMAND_STOCKTAKE] = { "STOCKTAKE",
                                { "RECUENTO", "STOCKTAKE" },
                                { "recontar un lugar", "count a place" } },
        [COMMAND_ENTER] = { "ENTER", { "ENTRAR", "ENTER" }, { "alguien entra", "somebody enters custody" } },
        [COMMAND_LEAVE] = { "LEAVE", { "SALIR", "LEAVE" }, { "alguien sale", "somebody leaves custody" } },
        [COMMAND_DISPATCH] = { "DISPATCH", { "EXPEDIR", "DISPATCH" }, { "un envío sale", "a shipment leaves" } },
        [COMMAND_PICKUP] = { "PICKUP",
                             { "RECOGER", "PICKUP" },
                             { "el mensajero se lo lleva", "the courier takes it" } },
        [COMMAND_TRACK] = { "TRACK", { "PASO", "TRACK" }, { "un punto del tránsito", "a point of its way" } },
        [COMMAND_DELIVER] = { "DELIVER", { "LLEGADA", "DELIVER" }, { "un envío llega", "a shipment arrives" } },
        [COMMAND_CONFIRM] = { "CONFIRM",
                              { "CONFIRMAR", "CONFIRM" },
                              { "qué trae un envío", "what a shipment holds" } },
        [COMMAND_YES] = { "YES", { "SÍ", "YES" }, { "sí a lo que se pregunta", "yes to what is asked" } },
        [COMMAND_NO] = { "NO", { "NO", "NO" }, { "no a lo que se pregunta", "no to what is asked" } },
        [COMMAND_GOOD] = { "GOOD", { "BIEN", "GOOD" }, { "en buen estado; sin activar", "in good condition" } },
        [COMMAND_DAMAGED] = { "DAMAGED", { "ROTO", "DAMAGED" }, { "dañado; activado", "damaged; tripped" } },
        [COMMAND_NO_SEAL] = { "NOSEAL",
                              { "SIN PRECINTO", "NO SEAL" },
                              { "vuelve sin él, o roto", "no seal, or a broken one" } },
        [COMMAND_KEY] = { "KEY", { "LLAVE", "KEY" }, { "abierto con llave", "opened with a key" } },
        [COMMAND_ELECTRONIC] = { "ELOCK",
                                 { "CERRADURA", "ELOCK" },
                                 { "cerradura electrónica", "electronic lock" } },
        [COMMAND_BIOMETRIC] = { "BIOCARD",
                                { "BIOMETRÍA", "BIOCARD" },
                                { "biometría y tarjeta", "biometrics and card" } },
        [COMMAND_DONE] = { "DONE", { "FIN", "DONE" }, { "no hay más", "there is no more" } },
        [COMMAND_UNDO] = { "UNDO", { "DESHACER", "UNDO" }, { "anular el último acto", "counter the last act" } },
        [COMMAND_CANCEL] = { "CANCEL", { "CANCELAR", "CANCEL" }, { "dejarlo sin hacer", "leave it undone" } },
        [COMMAND_HELP] = { "HELP", { "AYUDA", "HELP" }, { "qué se puede leer", "what can be scanned" } },
        [COMMAND_QUIT] = { "QUIT", { "CERRAR", "QUIT" }, { "cerrar el mostrador", "close the counter" } },
};

void counter_code_text(enum counter_command command, char out[COUNTER_CODE_TEXT]) {
        (void) snprintf(out, COUNTER_CODE_TEXT, "%s%s", COUNTER_PREFIX, counter_codes[command].code);
}

/* A word as it is typed, with its accents, spaces or without them: as a scanner's texts are matched. */
static bool is_word(const char *plain, const char *word) {
        char scanned[COUNTER_CODE_TEXT];

        (void) str_scanned(word, scanned, sizeof scanned);
        return strcmp(plain, scanned) == 0;
}

int counter_command_of(const char *plain) {
        static const struct {
                const char *word;
                enum counter_command command;
        } unaccented[] = { { "SI", COMMAND_YES }, { "BIOMETRIA", COMMAND_BIOMETRIC } };
        const size_t n = sizeof COUNTER_PREFIX - 1;
        const char *code = strncmp(plain, COUNTER_PREFIX, n) == 0 ? plain + n : NULL;

        for (int i = 0; i < COMMANDS; i++)
                if ((code && strcmp(code, counter_codes[i].code) == 0) ||
                    is_word(plain, counter_codes[i].typed.es) || is_word(plain, counter_codes[i].typed.en))
                        return i;
        for (size_t i = 0; i < COUNT(unaccented); i++)
                if (strcmp(plain, unaccented[i].word) == 0)
                        return (int) unaccented[i].command;
        return -1;
}
