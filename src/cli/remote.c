/* A verb by way of the station's guard. The files that it reads and writes are opened here, with the person's own
 * rights; the station sees their content and never their paths. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "wire/wire.h"

enum { SEND_MS = 30000 };

struct remote {
        struct cli *cli;
        const struct act_ui *ui;
        int fd;
        bool asked; /* the request is the station's: before that it can't have acted */
};

bool remote_wanted(const struct cli *cli) {
        const unsigned flags = cli->verb->flags;

        if (cli->socket)
                return true;
        if (cli->store_given || flags & VERB_LOCAL || (flags & VERB_NO_STORE && !(flags & VERB_WRITES)))
                return false;
        return access(STATION_SOCKET, F_OK) == 0;
}

static int connect_to(const char *path, int *ret, struct error *err) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof address.sun_path)
                return fail(err, ERR_USAGE, "La ruta del socket es demasiado larga.",
                            "The socket's path is too long.");
        (void) strncpy(address.sun_path, path, sizeof address.sun_path - 1);
        if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof address) < 0) {
                (void) fail_errno(err, errno, "El puesto no atiende en «%s»", "The station does not answer at “%s”",
                                  path);
                return hint(err, "Mire «systemctl status mpsid», o trabaje sobre otro almacén con --store.",
                            "See “systemctl status mpsid”, or work on another store with --store.");
        }
        *ret = TAKE_FD(fd);
        return 0;
}

/* What became of the connection: whoever has asked and gets no answer can't know whether the act was done. */
static int kept(const struct remote *remote, int r, struct error *err) {
        if (r != ERR_FAILED && r != ERR_NOT_FOUND)
                return r;
        (void) fail(err, ERR_FAILED, "El puesto ha dejado de atender sin contestar.",
                    "The station stopped serving without an answer.");
        if (remote->asked && remote->cli->verb->flags & VERB_WRITES && !remote->cli->dry_run)
                return hint(err, "Puede haberlo hecho: mire cómo ha quedado antes de repetirlo.",
                            "It may have done it: see how things stand before you repeat it.");
        return hint(err, "Nada ha cambiado: repítalo en un momento, o mire «systemctl status mpsid».",
                    "Nothing was changed: repeat it in a moment, or see “systemctl status mpsid”.");
}

/* --- files
 * -------------------------------------------------------------------------------------------------------- */

static int pass_file(struct remote *remote, const struct param *param, size_t index, const char *path,
                     struct error *err) {
        const char *slash = strrchr(path, '/');
        _cleanup_json_ json_t *says = json_pack("{s:s, s:I, s:s}", "parameter", param->name, "index",
                                                (json_int_t) index, "name", slash ? slash + 1 : path);
        _cleanup_free_ char *text = says ? json_dumps(says, JSON_COMPACT) : NULL;
        _cleanup_close_ int content = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        if (!text)
                return fail_memory(err);
        if (content < 0)
                return errno == ENOENT
                               ? fail(err, ERR_NOT_FOUND, "No existe «%s».", "“%s” does not exist.", path)
                               : fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", path);
        return kept(remote, wire_send(remote->fd, WIRE_FILE, text, strlen(text), content, SEND_MS, err), err);
}

/* The station can't see what is there. */
static int check_new(const json_t *args, const struct param *param, struct error *err) {
        const char *path = param->flags & PARAM_NEW ? json_text(args, param->name) : NULL;
        struct stat st;

        if (path && stat(path, &st) == 0 && st.st_size > 0)
                return fail(err, ERR_CONFLICT, "Ya existe «%s».", "“%s” exists already.", path);
        return 0;
}

static int pass_inputs(struct remote *remote, struct error *err) {
        const struct verb *verb = remote->cli->verb;

        for (size_t i = 0; i < verb->params_n; i++) {
                const struct param *param = &verb->params[i];
                const json_t *value = json_object_get(remote->cli->args, param->name);
                size_t n = json_is_array(value) ? json_array_size(value) : value ? 1 : 0;
                int fresh = check_new(remote->cli->args, param, err);

                if (fresh < 0)
                        return fresh;
                for (size_t k = 0; param->type == PARAM_INPUT && k < n; k++) {
                        const json_t *one = json_is_array(value) ? json_array_get(value, k) : value;
                        int r = pass_file(remote, param, k, json_string_value(one), err);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* Only into the folder of a path that the person gave for this parameter, and only a plain name in it. */
static bool was_asked_for(const struct remote *remote, const char *parameter, const char *folder) {
        const json_t *value = json_object_get(remote->cli->args, parameter);
        const struct param *param = param_find(remote->cli->verb, parameter);
        size_t n = json_is_array(value) ? json_array_size(value) : value ? 1 : 0;

        for (size_t k = 0; param && param->type == PARAM_OUTPUT && k < n; k++) {
                const char *path = json_string_value(json_is_array(value) ? json_array_get(value, k) : value);
                const char *slash = path ? strrchr(path, '/') : NULL;
                size_t length = slash ? (size_t) (slash - path + 1) : 0;

                if (path && strlen(folder) == length && strncmp(path, folder, length) == 0)
                        return true;
        }
        return false;
}

static int take_output(struct remote *remote, const struct wire_frame *frame, struct error *err) {
        _cleanup_json_ json_t *says = NULL;
        _cleanup_free_ char *path = NULL;
        const char *folder, *name;
        int r = wire_json(frame, &says, err);

        if (r < 0)
                return r;
        folder = json_text_or_empty(says, "folder");
        name = json_text_or_empty(says, "name");
        if (!was_asked_for(remote, json_text_or_empty(says, "parameter"), folder) || !*name || strchr(name, '/') ||
            strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return fail(err, ERR_FAILED, "El puesto manda un fichero que nadie pidió.",
                            "The station sends a file that nobody asked for.");
        path = str_format("%s%s", folder, name);
        if (!path)
                return fail_memory(err);
        return file_copy(frame->fd, path,
                         param_find(remote->cli->verb, json_text(says, "parameter"))->flags & PARAM_SECRET ? 0600
                                                                                                           : 0640,
                         err);
}

/* --- the conversation
 * --------------------------------------------------------------------------------------------- */

static int send_nothing(struct remote *remote, const struct error *why, struct error *err) {
        _cleanup_json_ json_t *body = error_to_json(why);

        return kept(remote, wire_send_json(remote->fd, WIRE_NOTHING, body, SEND_MS, err), err);
}

static struct text prompt_of(const json_t *asks) {
        const json_t *prompt = json_object_get(asks, "prompt");

        return (struct text){ json_text_or_empty(prompt, "es"), json_text_or_empty(prompt, "en") };
}

static int answer_secret(struct remote *remote, const json_t *asks, struct error *err) {
        _cleanup_secret_ struct secret *secret = NULL;
        struct error why = { 0 };

        if (remote->ui->ask_secret(remote->ui->context, json_text_or_empty(asks, "purpose"), prompt_of(asks),
                                   &secret, &why) < 0)
                return send_nothing(remote, &why, err);
        return kept(remote, wire_send(remote->fd, WIRE_SECRET, secret->data, secret->size, -1, SEND_MS, err), err);
}

static int answer_line(struct remote *remote, const json_t *asks, struct error *err) {
        _cleanup_free_ char *line = NULL;
        _cleanup_json_ json_t *body = NULL;
        struct error why = { 0 };

        if (remote->ui->ask_line(remote->ui->context, prompt_of(asks), &line, &why) < 0)
                return send_nothing(remote, &why, err);
        body = json_pack("{s:s}", "line", line);
        return kept(remote, wire_send_json(remote->fd, WIRE_LINE, body, SEND_MS, err), err);
}

/* A secret from the station goes to the terminal and nowhere else; what is answered says that it was noted. */
static int show_secret(struct remote *remote, const struct secret *secret, struct error *err) {
        _cleanup_json_ json_t *body = NULL;
        struct error why = { 0 };

        if (remote->ui->show_secret(remote->ui->context, secret, &why) < 0)
                return send_nothing(remote, &why, err);
        body = json_pack("{s:s}", "line", "");
        return kept(remote, wire_send_json(remote->fd, WIRE_LINE, body, SEND_MS, err), err);
}

static void show_progress(struct remote *remote, const json_t *says) {
        const json_t *step = json_object_get(says, "step");
        const struct progress progress = { .subject = json_text_or_empty(says, "subject"),
                                           .step = { json_text_or_empty(step, "es"),
                                                     json_text_or_empty(step, "en") },
                                           .done = (uint64_t) json_int(says, "done", 0),
                                           .total = (uint64_t) json_int(says, "total", 0),
                                           .rate = (uint64_t) json_int(says, "rate", 0),
                                           .eta = json_int(says, "eta", -1),
                                           .part = (unsigned) json_int(says, "part", 0),
                                           .parts = (unsigned) json_int(says, "parts", 0),
                                           .temperature = (int) json_int(says, "temperature", 0),
                                           .errors = (uint64_t) json_int(says, "errors", 0),
                                           .waiting = json_flag(says, "waiting") };

        remote->ui->progress(remote->ui->context, &progress);
}

static int detached(struct error *err) {
        (void) fail(err, ERR_BUSY, "Interrumpido aquí; lo que el puesto ya empezó, sigue.",
                    "Interrupted here; what the station has begun goes on.");
        return hint(err, "«mpsi wipe status» dice cómo va; «mpsi wipe cancel SOPORTE» lo abandona.",
                    "“mpsi wipe status” says how it is doing; “mpsi wipe cancel MEDIUM” gives it up.");
}

/* 1 when it is over. */
static int on_frame(struct remote *remote, const struct wire_frame *frame, json_t **ret_answer, json_t **ret_said,
                    struct error *err) {
        _cleanup_json_ json_t *body = NULL;
        int r;

        if (frame->type == WIRE_FILE)
                return take_output(remote, frame, err);
        if (frame->type == WIRE_SECRET)
                return show_secret(remote, frame->secret, err);
        r = wire_json(frame, &body, err);
        if (r < 0)
                return r;
        switch (frame->type) {
        case WIRE_ASK_SECRET: return answer_secret(remote, body, err);
        case WIRE_ASK_LINE: return answer_line(remote, body, err);
        case WIRE_PROGRESS: show_progress(remote, body); return 0;
        case WIRE_ANSWER:
        case WIRE_ERROR: break;
        default: return fail(err, ERR_FAILED, "El puesto dice otra cosa.", "The station says something else.");
        }
        *ret_said = json_incref(json_object_get(body, "said"));
        *ret_answer = json_incref(json_object_get(body, "answer"));
        if (frame->type == WIRE_ERROR) {
                wire_error(body, err);
                return err->code ? err->code : ERR_FAILED;
        }
        return 1;
}

static int talk(struct remote *remote, json_t **ret_answer, json_t **ret_said, struct error *err) {
        int r = 0;

        while (r == 0) {
                _cleanup_wire_frame_ struct wire_frame frame = { .fd = -1 };
                struct pollfd waiting = { .fd = remote->fd, .events = POLLIN };

                if (poll(&waiting, 1, -1) < 0) {
                        if (errno == EINTR && remote->ui->cancelled(remote->ui->context))
                                return detached(err);
                        continue;
                }
                r = wire_receive(remote->fd, WIRE_ANSWER_MAX, SEND_MS, &frame, err);
                r = kept(remote, r, err);
                if (r == 0)
                        r = on_frame(remote, &frame, ret_answer, ret_said, err);
        }
        return r < 0 ? r : 0;
}

int remote_call(struct cli *cli, const struct act_ui *ui, json_t **ret_answer, json_t **ret_said,
                struct error *err) {
        struct remote remote = { .cli = cli, .ui = ui };
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *name = str_format("%s%s%s", cli->verb->noun, *cli->verb->name ? " " : "",
                                               cli->verb->name);
        _cleanup_json_ json_t *request = NULL;
        int r;

        if (cli->as) {
                (void) fail(err, ERR_USAGE,
                            "En un puesto actúa la cuenta con la que se ha entrado: --as es para un "
                            "almacén propio.",
                            "On a station the account that is logged in acts: --as is for a store of one's own.");
                return hint(err, "Quite --as, o diga el almacén con --store.",
                            "Leave --as out, or name the store with --store.");
        }
        request = json_pack("{s:s, s:O, s:s, s:b}", "verb", name, "arguments", cli->args, "lang",
                            cli->lang == LANG_EN ? "en" : "es", "dry_run", cli->dry_run);
        if (!request)
                return fail_memory(err);
        r = connect_to(cli->socket ? cli->socket : STATION_SOCKET, &fd, err);
        remote.fd = fd;
        if (r == 0)
                r = pass_inputs(&remote, err);
        if (r == 0)
                r = kept(&remote, wire_send_json(fd, WIRE_REQUEST, request, SEND_MS, err), err);
        remote.asked = r == 0;
        return r < 0 ? r : talk(&remote, ret_answer, ret_said, err);
}
