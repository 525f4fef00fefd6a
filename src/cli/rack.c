/* `wipe rack` on a terminal: the verb's answer again and again, on the terminal's other screen. It only looks: a
 * job neither knows of it nor ends with it. */
#include "cli/rack.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"

enum { REFRESH_MS = 1000, KEYS = 32 };

/* Only so that poll() ends. */
static void on_resize(int signal_number) {
        (void) signal_number;
}

/* --- lines of JSON for programs ---------------------------------------------------------------------------------
 */

static int print_lines(struct cli *cli, const struct act_ui *ui, struct error *err) {
        while (!ui->cancelled(ui->context)) {
                _cleanup_json_ json_t *answer = NULL, *said = NULL;
                int r = cli_request(cli, ui, &answer, &said, err);

                if (r < 0)
                        return r;
                if (json_dumpf(answer, stdout, JSON_COMPACT | JSON_SORT_KEYS) < 0 || putchar('\n') == EOF ||
                    fflush(stdout) == EOF)
                        return 0; /* whoever read it has enough */
                (void) poll(NULL, 0, REFRESH_MS);
        }
        return 0;
}

/* --- the screen -------------------------------------------------------------------------------------------------
 */

struct screen {
        struct cli *cli;
        const struct act_ui *ui;
        struct termios before;
        struct rack_look look;
        json_t *answer; /* the last one that came */
        char trouble[ERROR_TEXT_MAX];
        bool quit;
};

static void measure(struct rack_look *look) {
        struct winsize size = { 0 };

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
                size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
        look->width = size.ws_col;
        look->height = size.ws_row;
}

static void say(const char *text) {
        (void) write_all(STDOUT_FILENO, text, strlen(text));
}

static void draw(struct screen *screen) {
        _cleanup_free_ char *text = NULL;
        int scroll = 0;

        measure(&screen->look);
        screen->look.now = clock_now(&clock_system);
        screen->look.trouble = *screen->trouble ? screen->trouble : NULL;
        text = rack_draw(screen->answer, &screen->look, &scroll);
        if (!text)
                return;
        screen->look.scroll = scroll;
        say("\033[H");
        say(text);
        say("\033[J");
}

/* What came last stays when the station does not answer, and the screen says so. */
static int ask(struct screen *screen, struct error *err) {
        _cleanup_json_ json_t *answer = NULL, *said = NULL;
        struct error why = { 0 };
        int r = cli_request(screen->cli, screen->ui, &answer, &said, &why);

        screen->trouble[0] = '\0';
        if (r == 0) {
                json_decref(screen->answer);
                screen->answer = TAKE_PTR(answer);
                return 0;
        }
        if (!screen->answer || r == ERR_DENIED || r == ERR_REFUSED) {
                *err = why;
                return r;
        }
        (void) snprintf(screen->trouble, sizeof screen->trouble, "%s", why.what[screen->cli->lang]);
        return 0;
}

static void on_keys(struct screen *screen) {
        char keys[KEYS];
        ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
        int page = screen->look.height / 2;

        if (n == 0)
                screen->quit = true;
        for (ssize_t i = 0; i < n; i++) {
                bool arrow = i + 2 < n && keys[i] == '\033' && (keys[i + 1] == '[' || keys[i + 1] == 'O');
                char key = arrow ? keys[i + 2] : keys[i];

                if (arrow)
                        i += 2;
                if (!arrow && (key == 'q' || key == 'Q'))
                        screen->quit = true;
                else if (arrow ? key == 'A' : key == 'k')
                        screen->look.scroll--;
                else if (arrow ? key == 'B' : key == 'j')
                        screen->look.scroll++;
                else if (arrow ? key == '5' : key == 'b')
                        screen->look.scroll -= page;
                else if (arrow ? key == '6' : key == ' ')
                        screen->look.scroll += page;
        }
}

static int watch(struct screen *screen, struct error *err) {
        int64_t next = 0;

        while (!screen->quit && !screen->ui->cancelled(screen->ui->context)) {
                struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
                int64_t now = clock_now(&clock_system);
                int wait;

                if (now >= next || next - now > REFRESH_MS * 1000) {
                        int r = ask(screen, err);

                        if (r < 0)
                                return r;
                        next = clock_now(&clock_system) + REFRESH_MS * 1000;
                }
                draw(screen);
                wait = (int) ((next - clock_now(&clock_system)) / 1000);
                if (poll(&key, 1, wait > 0 ? wait : 0) > 0)
                        on_keys(screen);
        }
        return 0;
}

static int on_terminal(struct cli *cli, const struct act_ui *ui, struct error *err) {
        const struct sigaction action = { .sa_handler = on_resize };
        struct screen screen = { .cli = cli,
                                 .ui = ui,
                                 .look = { .lang = cli->lang, .colour = output_colour(STDOUT_FILENO) } };
        struct termios raw;
        int r;

        if (tcgetattr(STDIN_FILENO, &screen.before) < 0)
                return fail_errno(err, errno, "No hay terminal", "There is no terminal");
        (void) sigaction(SIGWINCH, &action, NULL); /* poll() ends, and it is drawn anew */
        raw = screen.before;
        raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
        say("\033[?1049h\033[?25l\033[?7l");
        r = watch(&screen, err);
        say("\033[?7h\033[?25h\033[?1049l");
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen.before);
        json_decref(screen.answer);
        return r;
}

bool rack_is_live(const struct cli *cli) {
        if (json_flag(cli->args, "once"))
                return false;
        return cli->json || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
}

int rack_run(struct cli *cli, const struct act_ui *ui, struct error *err) {
        return cli->json ? print_lines(cli, ui, err) : on_terminal(cli, ui, err);
}
