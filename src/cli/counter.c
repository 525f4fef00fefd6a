/* `counter` on a terminal: bytes to the desk, its calls to the verbs, its screen to the terminal. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "api/session.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "counter/draw.h"
#include "registry/badge.h"

enum { CLOCK_MS = 1000, BELL_MS = 160, BYTES = 4096, PIN_MAX = 128, PIN_PAUSE_MS = 150, DAYS = 7 };

struct desk {
        struct cli *cli;
        const struct act_ui *outer;
        struct act_ui ui;
        struct counter counter;
        struct scan_input input;
        struct counter_look look;
        json_t *who;
        struct session *session; /* on a local store: opening one takes longer than a verb */
        int64_t ring;            /* when the next bell is due */
        bool quiet, no_pin;
};

/* Only so that poll() ends. */
static void on_resize(int signal_number) {
        (void) signal_number;
}

static void say(const char *text) {
        (void) write_all(STDOUT_FILENO, text, strlen(text));
}

static int64_t now(void) {
        return clock_now(&clock_system);
}

static void draw(struct desk *desk) {
        _cleanup_free_ char *text = NULL;
        struct counter_look look = desk->look;
        struct winsize size = { 0 };
        char typed[SCAN_MAX + 1];

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
                size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
        (void) snprintf(typed, sizeof typed, "%.*s", (int) desk->input.n, desk->input.line);
        look.width = size.ws_col;
        look.height = size.ws_row;
        look.now = now();
        look.typed = typed;
        text = counter_draw(&desk->counter, &look);
        if (!text)
                return;
        say("\033[H");
        say(text);
        say("\033[J");
}

/* One bell at once, the others one after another: what is refused is heard without looking. */
static void ring(struct desk *desk) {
        if (desk->counter.bells == 0 || now() < desk->ring)
                return;
        desk->counter.bells--;
        desk->ring = now() + BELL_MS * 1000;
        if (!desk->quiet)
                say("\a");
}

/* --- the verbs --------------------------------------------------------------------------------------------------
 */

static void run_call(struct desk *desk) {
        const struct counter_call *call = &desk->counter.call;
        _cleanup_json_ json_t *answer = NULL, *said = NULL, *args = json_incref(call->args);
        struct cli one = *desk->cli;
        struct error err = { 0 };
        int r;

        one.verb = verb_find(call->noun, call->name);
        one.args = args;
        one.kept = &desk->session;
        desk->no_pin = false;
        r = cli_request(&one, &desk->ui, &answer, &said, &err);
        counter_answer(&desk->counter, r, answer, said, &err, desk->no_pin, now());
}

static void run_calls(struct desk *desk) {
        while (desk->counter.call.noun && !desk->counter.quit)
                run_call(desk);
}

/* --- a PIN ------------------------------------------------------------------------------------------------------
 */

enum typed { TYPED_MORE, TYPED_WHOLE, TYPED_NONE };

/* A code that is scanned while a PIN is asked for is no PIN: it must not count as a wrong one. */
static enum typed end_pin(struct desk *desk, struct secret *pin, size_t *n, bool entered) {
        static _Thread_local struct scan scan;
        enum typed typed = entered ? (*n > 0 ? TYPED_WHOLE : TYPED_NONE) : TYPED_MORE;

        pin->data[*n] = '\0';
        if (scan_read((const char *) pin->data, &scan) && scan_is_code(&scan, entered)) {
                bool cancels = scan.kind == SCAN_COMMAND &&
                               (scan.command == COMMAND_CANCEL || scan.command == COMMAND_NO);

                *n = 0;
                say("\a");
                desk->look.prompt = desk->cli->lang == LANG_EN
                                            ? "That is a code, not a PIN: type the PIN and Enter."
                                            : "Eso es un código, no el PIN: teclee el PIN e Intro.";
                typed = cancels ? TYPED_NONE : TYPED_MORE;
        }
        explicit_bzero(&scan, sizeof scan); /* it held what was typed */
        return typed;
}

static enum typed pin_byte(struct desk *desk, struct secret *pin, size_t *n, char byte) {
        if (byte == '\r' || byte == '\n' || byte == '\t')
                return end_pin(desk, pin, n, true);
        if (byte == '\033' || byte == 0x03)
                return TYPED_NONE;
        if (byte == 0x7f || byte == 0x08)
                *n -= *n > 0;
        else if (*n + 1 < PIN_MAX)
                pin->data[(*n)++] = (uint8_t) byte;
        return TYPED_MORE;
}

/* Byte by byte, so that none of it is left in a buffer. */
static enum typed read_pin(struct desk *desk, struct secret *pin, size_t *n) {
        enum typed typed = TYPED_MORE;

        while (typed == TYPED_MORE && !desk->outer->cancelled(desk->outer->context)) {
                struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
                int ready = poll(&key, 1, PIN_PAUSE_MS);
                char byte;

                draw(desk);
                if (ready == 0)
                        typed = end_pin(desk, pin, n, false);
                else if (ready > 0)
                        typed = read(STDIN_FILENO, &byte, 1) == 1 ? pin_byte(desk, pin, n, byte) : TYPED_NONE;
        }
        return typed;
}

/* What becomes of an act that is not signed here: a checkpoint of a shipment is not done (T4). */
static struct text without_pin(const struct counter *counter) {
        if (counter->call.noun && strcmp(counter->call.noun, "ship") == 0)
                return (struct text){ "(Intro solo: se deja sin hacer)", "(Enter alone: it is left undone)" };
        return (struct text){ "(Intro solo: se firma en papel)", "(Enter alone: signed on paper)" };
}

static int ask_secret(void *context, const char *purpose, struct text prompt, struct secret **ret,
                      struct error *err) {
        struct desk *desk = context;
        _cleanup_secret_ struct secret *pin = NULL;
        enum typed typed;
        char line[300];
        size_t n = 0;
        int r;

        for (size_t i = 0; i < desk->cli->secrets_n; i++)
                if (strcmp(desk->cli->secrets[i].purpose, purpose) == 0)
                        return desk->outer->ask_secret(desk->outer->context, purpose, prompt, ret, err);
        r = secret_new(PIN_MAX, &pin, err);
        if (r < 0)
                return r;
        (void) snprintf(line, sizeof line, "%s%s", text_in(prompt, desk->cli->lang),
                        text_in(without_pin(&desk->counter), desk->cli->lang));
        desk->look.prompt = line;
        say("\a");
        draw(desk);
        typed = read_pin(desk, pin, &n);
        desk->look.prompt = NULL;
        if (typed == TYPED_WHOLE)
                return secret_copy(pin->data, n, ret, err);
        desk->no_pin = true;
        return fail(err, ERR_USAGE, "No se ha dado el PIN.", "No PIN was given.");
}

static int ask_line(void *context, struct text prompt, char **ret, struct error *err) {
        (void) context;
        (void) prompt;
        (void) ret;
        return fail(err, ERR_USAGE, "Eso no se hace en el mostrador.", "That is not done at the counter.");
}

/* The desk is in sight of whoever stands before it. */
static int show_secret(void *context, const struct secret *secret, struct error *err) {
        (void) context;
        (void) secret;
        return fail(err, ERR_USAGE, "En el mostrador no se muestran secretos.",
                    "No secret is shown at the counter.");
}

static void no_progress(void *context, const struct progress *progress) {
        (void) context;
        (void) progress;
}

static bool is_cancelled(void *context) {
        const struct desk *desk = context;

        return desk->outer->cancelled(desk->outer->context);
}

/* --- the terminal ------------------------------------------------------------------------------------------------
 */

static void on_key(struct desk *desk, enum scan_key key) {
        char line[SCAN_MAX + 1];
        enum scan_fault fault;

        switch (key) {
        case KEY_LINE:
                fault = scan_input_take(&desk->input, line);
                counter_scan(&desk->counter, line, fault, now());
                run_calls(desk);
                break;
        case KEY_ESCAPE: counter_escape(&desk->counter, now()); break;
        case KEY_INTERRUPT:
        case KEY_END: desk->counter.quit = true; break;
        case KEY_REDRAW: say("\033[2J"); break;
        default: break;
        }
}

static void on_bytes(struct desk *desk) {
        unsigned char bytes[BYTES];
        ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);

        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
                desk->counter.quit = true;
        for (ssize_t i = 0; i < n && !desk->counter.quit; i++)
                on_key(desk, scan_input_byte(&desk->input, bytes[i], now()));
}

static int wait_ms(const struct desk *desk) {
        int scan = scan_input_wait(&desk->input, now()), wait = CLOCK_MS;

        if (desk->counter.bells > 0)
                wait = BELL_MS / 4;
        return scan >= 0 && scan < wait ? scan : wait;
}

static void serve(struct desk *desk) {
        while (!desk->counter.quit && !is_cancelled(desk)) {
                struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };

                ring(desk);
                draw(desk);
                if (poll(&key, 1, wait_ms(desk)) > 0)
                        on_bytes(desk);
                else
                        on_key(desk, scan_input_pause(&desk->input, now()));
                (void) counter_tick(&desk->counter, now());
        }
}

static int open_desk(struct desk *desk, struct error *err) {
        _cleanup_json_ json_t *said = NULL;
        struct cli one = *desk->cli;
        int r = cli_request(&one, &desk->ui, &desk->who, &said, err);

        if (r < 0)
                return r;
        desk->look.desk = desk->who;
        counter_begin(&desk->counter, desk->cli->lang, json_int(desk->cli->args, "days", DAYS), now());
        return 0;
}

bool counter_is_live(const struct cli *cli) {
        return !cli->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* Nothing that a scanner sends may end the program or stop its screen, so the terminal turns no byte into a signal.
 */
int counter_run(struct cli *cli, const struct act_ui *ui, struct error *err) {
        const struct sigaction action = { .sa_handler = on_resize };
        struct desk desk = { .cli = cli,
                             .outer = ui,
                             .look = { .lang = cli->lang, .colour = output_colour(STDOUT_FILENO) },
                             .quiet = json_flag(cli->args, "quiet") };
        struct termios before, raw;
        int r;

        desk.ui = (struct act_ui){ .context = &desk,
                                   .ask_secret = ask_secret,
                                   .ask_line = ask_line,
                                   .show_secret = show_secret,
                                   .progress = no_progress,
                                   .cancelled = is_cancelled };
        if (tcgetattr(STDIN_FILENO, &before) < 0)
                return fail_errno(err, errno, "No hay terminal", "There is no terminal");
        r = open_desk(&desk, err);
        if (r < 0)
                return r;
        (void) sigaction(SIGWINCH, &action, NULL);
        raw = before;
        raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO | ISIG | IEXTEN);
        raw.c_iflag &= ~(tcflag_t) (ICRNL | INLCR | IXON | ISTRIP);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
        say("\033[?1049h\033[?25l\033[?7l");
        serve(&desk);
        say("\033[?7h\033[?25h\033[?1049l");
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        counter_end(&desk.counter);
        session_close(desk.session);
        json_decref(desk.who);
        return 0;
}
