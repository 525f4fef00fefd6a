/* `wipe batch`: many media, each by a `mpsi wipe run` of its own (at a station: by a worker of the guard's of its
 * own). They start one after the other, each when the one before is on its way, and from then on know nothing of
 * each other: one that fails, is cancelled or is unplugged ends alone, and if this process dies they go on. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "device/facts.h"
#include "policy/rule.h"

enum {
        AT_ONCE = 64,
        TICK_MS = 500,
        PATIENCE = 15,
        CHUNK = 4096,
        CONFIRM_MAX = 1 << 20,
        ARGUMENTS = 2 * SECRET_SOURCES_MAX + 32
};

struct text_kept {
        char *data;
        size_t n;
};

/* One medium and the process that wipes it. */
struct drive {
        const char *medium, *device; /* of the row */
        json_t *row;
        pid_t pid; /* 0: waits for its turn, or has ended */
        bool on_its_way, ended;
        int64_t began; /* seconds of a clock that nobody sets */
        int out, err;  /* its answer; its progress, a line of JSON each. -1 closed */
        struct text_kept answer, line;
        json_t *progress; /* the last */
};

struct batch {
        struct cli *cli;
        const struct act_ui *ui;
        struct drive *drives;
        size_t n, at_once;
        const char *method, *pattern;
        bool resume, told; /* ^C was passed on */
};

/* --- what was typed ---------------------------------------------------------------------------------------------
 */

static bool same_id(const char *typed, const char *id) {
        char plain[64];

        return str_scanned(typed, plain, sizeof plain) < sizeof plain && strcmp(plain, id) == 0;
}

static int read_confirm_file(struct cli *cli, json_t *ids, struct error *err) {
        const char *path = json_text(cli->args, "confirm-file");
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r = path ? file_read(path, CONFIRM_MAX, &text, &n, err) : 0;
        char *rest = NULL;

        if (r < 0 || !path)
                return r;
        for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
                if (json_array_append_new(ids, json_string(line)) < 0)
                        return fail(err, ERR_USAGE, "«%s» no es UTF-8.", "“%s” is not UTF-8.", path);
        return 0;
}

static bool is_typed(const json_t *ids, const char *medium) {
        const json_t *id;
        size_t i;

        json_array_foreach(ids, i, id) if (same_id(json_string_value(id), medium)) return true;
        return false;
}

/* S6, on the terminal: what each ID is about to destroy. */
/* As `wipe run` describes a disk. */
static char *describe(const json_t *row, enum lang lang) {
        struct device_facts facts = { .size = json_int(row, "size", 0) };

        (void) snprintf(facts.vendor, sizeof facts.vendor, "%s", json_text_or_empty(row, "vendor"));
        (void) snprintf(facts.model, sizeof facts.model, "%s", json_text_or_empty(row, "model"));
        (void) snprintf(facts.serial, sizeof facts.serial, "%s", json_text_or_empty(row, "serial"));
        return device_facts_described(&facts, lang);
}

static int type_one(const struct batch *batch, const struct drive *drive, struct error *err) {
        _cleanup_free_ char *typed = NULL, *es = NULL, *en = NULL;
        _cleanup_free_ char *disk_es = describe(drive->row, LANG_ES), *disk_en = describe(drive->row, LANG_EN);
        const char *label = json_text_or_empty(drive->row, "label");
        int r;

        if (!disk_es || !disk_en)
                return fail_memory(err);
        es = str_format("Se va a BORRAR %s: %s%s%s%s, en %s.\nTeclee el identificador: ", drive->medium, disk_es,
                        *label ? ", etiqueta «" : "", label, *label ? "»" : "", drive->device);
        en = str_format("About to WIPE %s: %s%s%s%s, at %s.\nType its ID: ", drive->medium, disk_en,
                        *label ? ", label “" : "", label, *label ? "”" : "", drive->device);
        if (!es || !en)
                return fail_memory(err);
        r = batch->ui->ask_line(batch->ui->context, (struct text){ es, en }, &typed, err);
        if (r < 0)
                return r;
        return same_id(typed, drive->medium)
                       ? 0
                       : refuse(err, ERR_REFUSED, "S6", "Se ha tecleado «%.40s» y el soporte es %s.",
                                "“%.40s” was typed and the medium is %s.", typed, drive->medium);
}

/* All before the first byte of any: what was typed too much is a slip, and nothing begins. */
static int confirm(const struct batch *batch, struct error *err) {
        _cleanup_json_ json_t *ids = json_deep_copy(json_object_get(batch->cli->args, "confirm"));
        const json_t *id;
        size_t i;
        int r;

        if (!ids && !(ids = json_array()))
                return fail_memory(err);
        r = read_confirm_file(batch->cli, ids, err);
        json_array_foreach(ids, i, id) {
                bool known = false;

                for (size_t k = 0; k < batch->n; k++)
                        known = known || same_id(json_string_value(id), batch->drives[k].medium);
                if (r == 0 && !known)
                        r = refuse(err, ERR_REFUSED, "S6", "«%.40s» no es ninguno de los soportes del lote.",
                                   "“%.40s” is none of the batch's media.", json_string_value(id));
        }
        for (i = 0; r == 0 && i < batch->n; i++)
                if (!is_typed(ids, batch->drives[i].medium))
                        r = type_one(batch, &batch->drives[i], err);
        return r;
}

/* --- a process --------------------------------------------------------------------------------------------------
 */

/* `mpsi wipe run`, as anybody could type it. Strings in `made` are the caller's to free. */
static size_t arguments(const struct batch *batch, const struct drive *drive, const char **out, char **made,
                        size_t *ret_made) {
        const struct cli *cli = batch->cli;
        size_t n = 0;

        out[n++] = "mpsi";
        if (cli->socket)
                out[n++] = "--socket", out[n++] = cli->socket;
        if (cli->store_given)
                out[n++] = "--store", out[n++] = cli->store;
        if (cli->as)
                out[n++] = "--as", out[n++] = cli->as;
        for (size_t i = 0; i < cli->secrets_n; i++) {
                const struct secret_source *source = &cli->secrets[i];
                char *text = source->path ? str_format("%s=file:%s", source->purpose, source->path)
                                          : str_format("%s=fd:%d", source->purpose, source->fd);

                if (text)
                        out[n++] = "--secret", out[n++] = made[(*ret_made)++] = text;
        }
        out[n++] = "--lang", out[n++] = cli->lang == LANG_EN ? "en" : "es";
        out[n++] = "--json", out[n++] = "--progress=json";
        out[n++] = "wipe", out[n++] = batch->resume ? "resume" : "run";
        out[n++] = drive->medium;
        out[n++] = "--device", out[n++] = drive->device;
        out[n++] = "--confirm", out[n++] = drive->medium;
        if (batch->method && !batch->resume)
                out[n++] = "--method", out[n++] = batch->method;
        if (batch->pattern && !batch->resume)
                out[n++] = "--pattern", out[n++] = batch->pattern;
        out[n] = NULL;
        return n;
}

/* A session of its own: no terminal that could be asked by many at once, and ^C comes by way of us. */
static void become(const struct batch *batch, const struct drive *drive, int out, int err) {
        const char *argv[ARGUMENTS];
        char *made[SECRET_SOURCES_MAX];
        int null = open("/dev/null", O_RDONLY);
        size_t made_n = 0;

        (void) arguments(batch, drive, argv, made, &made_n);
        (void) setsid();
        (void) signal(SIGINT, SIG_DFL);
        (void) signal(SIGTERM, SIG_DFL);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
            dup2(err, STDERR_FILENO) < 0)
                _exit(1);
        (void) execv("/proc/self/exe", (char *const *) (uintptr_t) argv);
        _exit(127);
}

static int64_t seconds(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec;
}

static int start(struct batch *batch, struct drive *drive, struct error *err) {
        int out[2] = { -1, -1 }, progress[2] = { -1, -1 };
        int r = 0;

        if (pipe2(out, O_CLOEXEC) < 0 || pipe2(progress, O_CLOEXEC) < 0)
                r = fail_errno(err, errno, "No se puede abrir una tubería", "A pipe can't be opened");
        (void) fflush(NULL);
        drive->pid = r == 0 ? fork() : -1;
        if (drive->pid == 0)
                become(batch, drive, out[1], progress[1]);
        if (r == 0 && drive->pid < 0)
                r = fail_errno(err, errno, "No se puede crear un proceso", "A process can't be made");
        close_fd(&out[1]);
        close_fd(&progress[1]);
        drive->began = seconds();
        drive->out = TAKE_FD(out[0]);
        drive->err = TAKE_FD(progress[0]);
        if (r < 0)
                drive->pid = 0;
        return r;
}

/* --- what they say ----------------------------------------------------------------------------------------------
 */

static int keep(struct text_kept *kept, const char *data, size_t n) {
        char *more = realloc(kept->data, kept->n + n + 1);

        if (!more)
                return -1;
        memcpy(more + kept->n, data, n);
        kept->data = more;
        kept->n += n;
        more[kept->n] = '\0';
        return 0;
}

static void on_line(struct batch *batch, struct drive *drive, const char *line, size_t n) {
        json_t *says = NULL;

        drive->on_its_way = true;
        if (batch->cli->progress_json) {
                (void) write_all(STDERR_FILENO, line, n);
                (void) write_all(STDERR_FILENO, "\n", 1);
        }
        if (json_parse(line, n, &says, NULL) < 0)
                return;
        json_decref(drive->progress);
        drive->progress = says;
}

static void take_lines(struct batch *batch, struct drive *drive) {
        char *at = drive->line.data, *end;
        size_t left = drive->line.n;

        while (left > 0 && (end = memchr(at, '\n', left))) {
                on_line(batch, drive, at, (size_t) (end - at));
                left -= (size_t) (end - at) + 1;
                at = end + 1;
        }
        if (left > 0)
                memmove(drive->line.data, at, left);
        drive->line.n = left;
}

/* False when that end is closed. */
static bool drain(int *fd, struct text_kept *kept) {
        char chunk[CHUNK];
        ssize_t n = read(*fd, chunk, sizeof chunk);

        if (n < 0 && errno == EINTR)
                return true;
        if (n > 0 && keep(kept, chunk, (size_t) n) == 0)
                return true;
        close_fd(fd);
        *fd = -1;
        return false;
}

/* "stopped" may be resumed, unless it was cancelled: unplugged, or at a durable point. */
static const char *ended_as(const json_t *error, int code) {
        if (!error)
                return "killed";
        return code == -ERR_VERIFY                                                    ? "not-sanitized"
               : code == -ERR_BUSY || code == -ERR_CONFLICT || code == -ERR_NOT_FOUND ? "stopped"
                                                                                      : "failed";
}

/* Its answer or error becomes the medium's row. */
static void conclude(struct drive *drive, int status) {
        _cleanup_json_ json_t *answer = NULL;
        const json_t *error;
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;

        (void) json_parse(drive->answer.data ? drive->answer.data : "", drive->answer.n, &answer, NULL);
        error = json_object_get(answer, "error");
        (void) json_object_set_new(drive->row, "status", json_integer(code));
        (void) json_object_set_new(
                drive->row, "result",
                json_string(code == 0 ? json_text_or_empty(answer, "result") : ended_as(error, code)));
        if (json_object_get(answer, "job"))
                (void) json_object_set(drive->row, "job", json_object_get(answer, "job"));
        if (error) {
                (void) json_object_set(drive->row, "error", json_object_get(answer, "error"));
                (void) json_object_set(drive->row, "rule", json_object_get(error, "rule"));
        }
}

static void clear_line(const struct batch *batch) {
        if (!batch->cli->progress_json && isatty(STDERR_FILENO))
                (void) fputs("\r\033[K", stderr);
}

static void tell_end(const struct batch *batch, const struct drive *drive) {
        const enum lang lang = batch->cli->lang;
        const json_t *error = json_object_get(drive->row, "error");
        const char *what = json_text_or_empty(json_object_get(error, "what"), lang == LANG_EN ? "en" : "es");

        if (batch->cli->json || batch->cli->progress_json)
                return;
        clear_line(batch);
        if (json_int(drive->row, "status", 1) == 0)
                (void) fprintf(stderr,
                               lang == LANG_EN ? "%s: sanitized and verified\n" : "%s: saneado y verificado\n",
                               drive->medium);
        else
                (void) fprintf(stderr, "%s: %s%s%s\n", drive->medium,
                               lang == LANG_EN ? "NOT SANITIZED. " : "NO SANEADO. ", what,
                               *what ? "" : json_text_or_empty(drive->row, "result"));
}

static void end(struct batch *batch, struct drive *drive) {
        int status = 0;

        while (waitpid(drive->pid, &status, 0) < 0 && errno == EINTR)
                ;
        drive->pid = 0;
        drive->ended = drive->on_its_way = true;
        conclude(drive, status);
        tell_end(batch, drive);
}

static void tell_progress(const struct batch *batch) {
        size_t working = 0, ended = 0, waiting = 0;
        int64_t eta = -1, rate = 0;
        char speed[32];

        if (batch->cli->progress_json || batch->cli->json || !isatty(STDERR_FILENO))
                return;
        for (size_t i = 0; i < batch->n; i++) {
                const struct drive *drive = &batch->drives[i];
                int64_t left = json_int(drive->progress, "eta", -1);

                ended += drive->ended;
                working += drive->pid != 0;
                waiting += !drive->pid && !drive->ended;
                if (drive->pid) {
                        rate += json_int(drive->progress, "rate", 0);
                        eta = left > eta ? left : eta;
                }
        }
        human_size((uint64_t) rate, speed);
        clear_line(batch);
        (void) fprintf(stderr,
                       batch->cli->lang == LANG_EN ? "working: %zu · waiting: %zu · ended: %zu · %s/s"
                                                   : "en marcha: %zu · en espera: %zu · terminados: %zu · %s/s",
                       working, waiting, ended, speed);
        if (eta >= 0)
                (void) fprintf(stderr, " · %lld:%02lld:%02lld", (long long) eta / 3600, (long long) eta / 60 % 60,
                               (long long) eta % 60);
        (void) fflush(stderr);
}

/* --- all of them ------------------------------------------------------------------------------------------------
 */

/* The next one, when there is room and the one before is on its way: they would only wait for each other's facts to
 * be recorded. */
static int start_next(struct batch *batch, struct error *err) {
        size_t working = 0;

        for (size_t i = 0; i < batch->n; i++) {
                struct drive *drive = &batch->drives[i];

                if (drive->pid && !drive->on_its_way && seconds() - drive->began < PATIENCE)
                        return 0; /* one that hangs keeps nobody else */
                working += drive->pid != 0;
                if (drive->pid || drive->ended)
                        continue;
                return working < batch->at_once && !batch->told ? start(batch, drive, err) : 0;
        }
        return 0;
}

/* ^C: each comes to a durable point (at a station: goes on), and those that wait do not begin. */
static void pass_on_interrupt(struct batch *batch) {
        if (batch->told || !batch->ui->cancelled(batch->ui->context))
                return;
        batch->told = true;
        for (size_t i = 0; i < batch->n; i++)
                if (batch->drives[i].pid)
                        (void) kill(batch->drives[i].pid, SIGINT);
}

static int wait_for_words(struct batch *batch, struct error *err) {
        _cleanup_free_ struct pollfd *fds = calloc(2 * batch->n, sizeof *fds);

        if (!fds)
                return fail_memory(err);
        for (size_t i = 0; i < batch->n; i++) {
                fds[2 * i] = (struct pollfd){ .fd = batch->drives[i].out, .events = POLLIN };
                fds[2 * i + 1] = (struct pollfd){ .fd = batch->drives[i].err, .events = POLLIN };
        }
        if (poll(fds, 2 * batch->n, TICK_MS) <= 0)
                return 0;
        for (size_t i = 0; i < batch->n; i++) {
                struct drive *drive = &batch->drives[i];

                if (fds[2 * i].revents)
                        (void) drain(&drive->out, &drive->answer);
                if (fds[2 * i + 1].revents && drain(&drive->err, &drive->line))
                        take_lines(batch, drive);
                if (drive->pid && drive->out < 0 && drive->err < 0)
                        end(batch, drive);
        }
        return 0;
}

static bool is_over(const struct batch *batch) {
        for (size_t i = 0; i < batch->n; i++)
                if (batch->drives[i].pid || (!batch->drives[i].ended && !batch->told))
                        return false;
        return true;
}

static int run_all(struct batch *batch, struct error *err) {
        int r = 0;

        while (!is_over(batch)) {
                if (r == 0)
                        r = start_next(batch, err);
                if (r < 0)
                        batch->told = true; /* no more begin; those under way come to their end */
                if (wait_for_words(batch, err) < 0)
                        return ERR_FAILED;
                pass_on_interrupt(batch);
                tell_progress(batch);
        }
        clear_line(batch);
        return r;
}

/* The batch is as well as the worst of its media. */
static int sum_up(const struct batch *batch, struct error *err) {
        size_t well = 0;
        int code = 0;

        for (size_t i = 0; i < batch->n; i++) {
                int status = (int) json_int(batch->drives[i].row, "status", -ERR_BUSY);

                well += status == 0;
                if (!batch->drives[i].ended)
                        (void) json_object_set_new(batch->drives[i].row, "result", json_string("not-begun"));
                if (code == 0)
                        code = -status;
        }
        if (well == batch->n)
                return 0;
        (void) fail(err, code, "Soportes que NO quedan saneados: %zu de %zu.",
                    "Media that are NOT sanitized: %zu of %zu.", batch->n - well, batch->n);
        return hint(
                err, "«mpsi wipe rack» dice cómo está cada uno; lo interrumpido sigue con «wipe batch --resume».",
                "“mpsi wipe rack” says how each stands; what was interrupted goes on with “wipe batch --resume”.");
}

/* Whether all may be wiped, and what each is; nothing has begun when one may not. */
static int check(struct batch *batch, json_t **ret_answer, json_t **ret_said, struct error *err) {
        struct cli asked = *batch->cli;
        json_t *rows;
        int r;

        asked.args = json_pack("{s:O}", "media", json_object_get(batch->cli->args, "media"));
        asked.dry_run = true;
        if (!asked.args)
                return fail(err, ERR_USAGE, "Diga qué soportes: SOPORTE=DISPOSITIVO.",
                            "Say which media: MEDIUM=DEVICE.");
        if (batch->method)
                (void) json_object_set_new(asked.args, "method", json_string(batch->method));
        if (batch->pattern)
                (void) json_object_set_new(asked.args, "pattern", json_string(batch->pattern));
        if (batch->resume)
                (void) json_object_set_new(asked.args, "resume", json_true());
        r = cli_request(&asked, batch->ui, ret_answer, ret_said, err);
        json_decref(asked.args);
        if (r < 0 || batch->cli->dry_run)
                return r;
        rows = json_object_get(*ret_answer, "rows");
        batch->n = json_array_size(rows);
        batch->drives = calloc(batch->n ? batch->n : 1, sizeof *batch->drives);
        for (size_t i = 0; batch->drives && i < batch->n; i++) {
                json_t *row = json_array_get(rows, i);

                batch->drives[i] = (struct drive){ .row = row,
                                                   .medium = json_text_or_empty(row, "medium"),
                                                   .device = json_text_or_empty(row, "device"),
                                                   .out = -1,
                                                   .err = -1 };
        }
        return batch->drives ? 0 : fail_memory(err);
}

static void batch_done(struct batch *batch) {
        for (size_t i = 0; batch->drives && i < batch->n; i++) {
                struct drive *drive = &batch->drives[i];

                close_fd(&drive->out);
                close_fd(&drive->err);
                free(drive->answer.data);
                free(drive->line.data);
                json_decref(drive->progress);
        }
        free(batch->drives);
}

int batch_run(struct cli *cli, const struct act_ui *ui, json_t **ret_answer, json_t **ret_said, struct error *err) {
        _cleanup_(batch_done) struct batch batch = { .cli = cli,
                                                     .ui = ui,
                                                     .method = json_text(cli->args, "method"),
                                                     .pattern = json_text(cli->args, "pattern"),
                                                     .resume = json_flag(cli->args, "resume") };
        const char *at_once = json_text(cli->args, "at-once");
        struct error trouble = { 0 };
        int r;

        batch.at_once = at_once ? (size_t) strtoul(at_once, NULL, 10) : AT_ONCE;
        if (batch.at_once == 0 || batch.at_once > 256)
                return fail(err, ERR_USAGE, "--at-once va de 1 a 256.", "--at-once is from 1 to 256.");
        r = check(&batch, ret_answer, ret_said, err);
        if (r < 0 || cli->dry_run)
                return r;
        r = confirm(&batch, err);
        if (r < 0) {
                json_decref(*ret_answer); /* nothing has begun: there is nothing to tell row by row */
                *ret_answer = NULL;
                return r;
        }
        r = run_all(&batch, &trouble);
        if (r == 0)
                return sum_up(&batch, err);
        *err = trouble;
        return r;
}
