/* Asking the person: on the terminal with echo off, or from where --secret says. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number) {
        (void) signal_number;
        interrupted = 1;
}

static bool cancelled(void *context) {
        (void) context;
        return interrupted;
}

static int from_file(const char *path, struct secret **ret, struct error *err) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return fail_errno(err, errno, "No se puede leer el secreto de «%s»",
                                  "The secret can't be read from “%s”", path);
        if (S_ISREG(st.st_mode) && st.st_mode & (S_IRWXG | S_IRWXO)) {
                (void) fail(err, ERR_USAGE, "«%s» lo pueden leer otros (C10).", "“%s” can be read by others (C10).",
                            path);
                return hint(err, "Ejecute chmod 600 sobre él.", "Run chmod 600 on it.");
        }
        return secret_read_line(fd, ret, err);
}

static int from_terminal(struct text prompt, enum lang lang, struct secret **ret, struct error *err) {
        _cleanup_close_ int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
        const char *text = text_in(prompt, lang);
        struct termios before, silent;
        int r;

        if (tty < 0 || tcgetattr(tty, &before) < 0) {
                (void) fail(err, ERR_USAGE, "Hace falta un secreto y no hay terminal donde pedirlo.",
                            "A secret is needed and there is no terminal to ask on.");
                return hint(err, "Déselo con --secret PROPÓSITO=file:RUTA o PROPÓSITO=fd:N.",
                            "Give it with --secret PURPOSE=file:PATH or PURPOSE=fd:N.");
        }
        (void) write_all(tty, text, strlen(text));
        silent = before;
        silent.c_lflag &= ~(tcflag_t) (ECHO | ECHOE | ECHOK);
        (void) tcsetattr(tty, TCSAFLUSH, &silent);
        r = secret_read_line(tty, ret, err);
        (void) tcsetattr(tty, TCSAFLUSH, &before);
        (void) write_all(tty, "\n", 1);
        return r;
}

static int ask_secret(void *context, const char *purpose, struct text prompt, struct secret **ret,
                      struct error *err) {
        struct cli *cli = context;

        for (size_t i = 0; i < cli->secrets_n; i++) {
                struct secret_source *source = &cli->secrets[i];

                if (strcmp(source->purpose, purpose) != 0)
                        continue;
                if (source->path)
                        return from_file(source->path, ret, err);
                return secret_read_line(source->fd, ret, err);
        }
        return from_terminal(prompt, cli->lang, ret, err);
}

/* False on the terminal's end, or ^C. */
static bool await_enter(int tty) {
        char c = 0;

        while (c != '\n' && c != '\r')
                if (read(tty, &c, 1) != 1)
                        return false;
        return true;
}

/* On the terminal's other screen, which it forgets when the person has noted the secret: neither the scroll-back
 * nor what a later command prints shows it. */
static int show_secret(void *context, const struct secret *secret, struct error *err) {
        static const struct text head = { "\033[?1049h\033[H\033[2JSe muestra una sola vez y no se guarda:\n\n    ",
                                          "\033[?1049h\033[H\033[2JShown this once and kept nowhere:\n\n    " },
                                 foot = { "\n\nPulse Intro cuando la tenga. ",
                                          "\n\nPress Enter when you have it. " };
        static const char leave[] = "\033[H\033[2J\033[?1049l";
        const struct cli *cli = context;
        _cleanup_close_ int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
        const char *before = text_in(head, cli->lang), *after = text_in(foot, cli->lang);
        bool noted;
        int r;

        if (tty < 0) {
                (void) fail(err, ERR_USAGE, "No hay terminal donde mostrar la frase.",
                            "There is no terminal to show the passphrase on.");
                return hint(err, "Imprímala en una carta con --letter FICHERO.pdf.",
                            "Print it on a letter with --letter FILE.pdf.");
        }
        r = write_all(tty, before, strlen(before));
        if (r == 0)
                r = write_all(tty, secret->data, secret->size);
        if (r == 0)
                r = write_all(tty, after, strlen(after));
        if (r < 0)
                return fail_errno(err, -r, "No se puede escribir en el terminal",
                                  "The terminal can't be written to");
        noted = await_enter(tty);
        (void) write_all(tty, leave, sizeof leave - 1);
        return noted ? 0 : fail(err, ERR_USAGE, "Nadie ha dicho que la tenga.", "Nobody said that they have it.");
}

static int ask_line(void *context, struct text prompt, char **ret, struct error *err) {
        const struct cli *cli = context;
        _cleanup_fclose_ FILE *tty = fopen("/dev/tty", "r+");
        char line[256];

        if (!tty) {
                (void) fail(err, ERR_USAGE, "Hace falta una confirmación y no hay terminal donde pedirla.",
                            "A confirmation is needed and there is no terminal to ask on.");
                return hint(err, "Tecléela con --confirm IDENTIFICADOR.", "Give it with --confirm ID.");
        }
        (void) fputs(text_in(prompt, cli->lang), tty);
        (void) fflush(tty);
        if (!fgets(line, sizeof line, tty))
                return fail(err, ERR_USAGE, "No se ha tecleado nada.", "Nothing was typed.");
        line[strcspn(line, "\r\n")] = '\0';
        *ret = strdup(line);
        return *ret ? 0 : fail_memory(err);
}

void cli_ui(struct cli *cli, struct act_ui *ret) {
        const struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = (int) SA_RESETHAND };

        /* The first ^C asks a long job to stop at a durable point; the second one kills. */
        (void) sigaction(SIGINT, &action, NULL);
        (void) sigaction(SIGTERM, &action, NULL);
        *ret = (struct act_ui){ .context = cli,
                                .ask_secret = ask_secret,
                                .ask_line = ask_line,
                                .show_secret = show_secret,
                                .progress = output_progress,
                                .cancelled = cancelled };
}
