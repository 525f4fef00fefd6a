#include "daemon/transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/verbs.h"
#include "base/file.h"
#include "base/str.h"

enum { BYTES_MAX = 512 << 20, CHUNK = 64 << 10 };

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
        (void) st, (void) kind, (void) ftw;
        return remove(path);
}

char *transfer_folder(const char *store) {
        return str_format("%s-clients", store);
}

void transfer_clean(const char *store) {
        _cleanup_free_ char *folder = transfer_folder(store);

        if (folder)
                (void) nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int make_folder(struct transfer *transfer, const char *work, struct error *err) {
        _cleanup_free_ char *template = NULL;

        if (transfer->folder)
                return 0;
        template = str_format("%s/client-XXXXXX", work);
        if (!template)
                return fail_memory(err);
        if (dir_make(work, 0700, err) < 0)
                return ERR_FAILED;
        if (!mkdtemp(template))
                return fail_errno(err, errno, "No se puede usar «%s»", "“%s” can't be used", work);
        transfer->folder = TAKE_PTR(template);
        return 0;
}

static const char *last_part(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* One folder a file, so that names can't meet and what is written beside an output is found. */
static int make_place(struct transfer *transfer, struct transfer_file *file, const char *name, struct error *err) {
        _cleanup_free_ char *folder = str_format("%s/%zu", transfer->folder, (size_t) (file - transfer->files));
        const char *base = last_part(name);

        if (!folder)
                return fail_memory(err);
        if (mkdir(folder, 0700) < 0)
                return fail_errno(err, errno, "No se puede usar «%s»", "“%s” can't be used", folder);
        if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
                return fail(err, ERR_USAGE, "«%.200s» no es el nombre de un fichero.",
                            "“%.200s” is no file's name.", name);
        file->here = str_format("%s/%s", folder, base);
        return file->here ? 0 : fail_memory(err);
}

static int copy(struct transfer *transfer, int from, const char *to, struct error *err) {
        _cleanup_close_ int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        _cleanup_free_ uint8_t *buffer = malloc(CHUNK);
        ssize_t n;

        if (!buffer)
                return fail_memory(err);
        if (out < 0)
                return fail_errno(err, errno, "No se puede escribir «%s»", "“%s” can't be written", to);
        while ((n = read(from, buffer, CHUNK)) > 0) {
                int r = write_all(out, buffer, (size_t) n);

                transfer->bytes += n;
                if (r < 0)
                        return fail_errno(err, -r, "No se puede escribir «%s»", "“%s” can't be written", to);
                if (transfer->bytes > BYTES_MAX)
                        return fail(err, ERR_USAGE, "Los ficheros pasan de %d MiB.", "The files are over %d MiB.",
                                    BYTES_MAX >> 20);
        }
        return n < 0 ? fail_errno(err, errno, "No se puede leer el fichero", "The file can't be read") : 0;
}

int transfer_take(struct transfer *transfer, struct wire_frame *frame, struct error *err) {
        struct transfer_file *file = &transfer->files[transfer->n];
        _cleanup_json_ json_t *says = NULL;
        struct stat st;
        int r = wire_json(frame, &says, err);

        if (r < 0)
                return r;
        if (transfer->n == TRANSFER_FILES)
                return fail(err, ERR_USAGE, "Más de %d ficheros.", "Over %d files.", TRANSFER_FILES);
        if (fstat(frame->fd, &st) < 0 || !S_ISREG(st.st_mode))
                return fail(err, ERR_USAGE, "Lo que se ha pasado no es un fichero.", "What was passed is no file.");
        (void) strncpy(file->parameter, json_text_or_empty(says, "parameter"), sizeof file->parameter - 1);
        file->index = json_int(says, "index", 0);
        file->name = strdup(json_text_or_empty(says, "name"));
        file->fd = TAKE_FD(frame->fd);
        transfer->n++;
        return file->name ? 0 : fail_memory(err);
}

/* --- arguments --------------------------------------------------------------------------------------------------
 */

static struct transfer_file *taken(struct transfer *transfer, const char *parameter, int64_t index) {
        for (size_t i = 0; i < transfer->n; i++)
                if (strcmp(transfer->files[i].parameter, parameter) == 0 && transfer->files[i].index == index &&
                    !transfer->files[i].output)
                        return &transfer->files[i];
        return NULL;
}

/* What holds a secret never lies on the station's disk: it is a file in memory that goes with this process. */
static int place_in_memory(struct transfer_file *file, struct error *err) {
        file->secret = true;
        file->fd = memfd_create("mpsi-output", MFD_CLOEXEC);
        if (file->fd < 0)
                return fail_errno(err, errno, "No hay memoria para el fichero", "There is no memory for the file");
        file->here = str_format("/proc/self/fd/%d", file->fd);
        return file->here ? 0 : fail_memory(err);
}

static int place_output(struct transfer *transfer, const char *work, const struct param *param, const char *text,
                        struct transfer_file **ret, struct error *err) {
        struct transfer_file *file = &transfer->files[transfer->n];
        const char *dot = strrchr(text, '.');
        int r;

        if (transfer->n == TRANSFER_FILES)
                return fail(err, ERR_USAGE, "Más de %d ficheros.", "Over %d files.", TRANSFER_FILES);
        if (param->flags & PARAM_FOLDER && (!dot || strcmp(dot, ".tar") != 0))
                return fail(err, ERR_USAGE, "Una carpeta no pasa por el puesto: diga un fichero .tar.",
                            "A folder does not cross the station's socket: name a .tar file.");
        r = param->flags & PARAM_SECRET ? 0 : make_folder(transfer, work, err);
        if (r < 0)
                return r;
        transfer->n++;
        file->fd = -1;
        file->output = true;
        (void) strncpy(file->parameter, param->name, sizeof file->parameter - 1);
        *ret = file;
        return param->flags & PARAM_SECRET ? place_in_memory(file, err) : make_place(transfer, file, text, err);
}

static int place_input(struct transfer *transfer, const char *work, struct transfer_file *file, struct error *err) {
        int r = make_folder(transfer, work, err);

        if (r == 0 && file->here)
                r = fail(err, ERR_USAGE, "«%.200s» está dos veces.", "“%.200s” is there twice.", file->name);
        if (r == 0)
                r = make_place(transfer, file, file->name, err);
        return r < 0 ? r : copy(transfer, file->fd, file->here, err);
}

static int no_image(const char *text, struct error *err) {
        struct stat st;

        if (stat(text, &st) == 0 && S_ISBLK(st.st_mode))
                return 0;
        if (strncmp(text, "/dev/", 5) == 0)
                return 0; /* the verb says what is wrong with it */
        (void) fail(err, ERR_USAGE, "«%.200s» no es un dispositivo de este puesto.",
                    "“%.200s” is no device of this station.", text);
        return hint(err, "Por el socket solo se tratan dispositivos de bloques (/dev/…); vea «mpsi device list».",
                    "Only block devices (/dev/…) are dealt with over the socket; see “mpsi device list”.");
}

static int one(struct transfer *transfer, const char *work, const struct param *param, size_t index, json_t *value,
               struct error *err) {
        const char *text = json_string_value(value);
        struct transfer_file *file = NULL;
        int r = 0;

        if (!text) /* the verb's own check says so */
                return 0;
        if (param->type == PARAM_DEVICE)
                return no_image(text, err);
        if (param->type == PARAM_OUTPUT) {
                r = place_output(transfer, work, param, text, &file, err);
        } else {
                file = taken(transfer, param->name, (int64_t) index);
                if (!file)
                        return fail(err, ERR_USAGE, "Falta el contenido de «%.200s».",
                                    "The content of “%.200s” is missing.", text);
                r = place_input(transfer, work, file, err);
        }
        if (r < 0)
                return r;
        file->param = param;
        file->there = strdup(text);
        if (!file->there || json_string_set(value, file->here) < 0)
                return fail_memory(err);
        return 0;
}

int transfer_arguments(struct transfer *transfer, const char *work, const struct verb *verb, json_t *arguments,
                       struct error *err) {
        for (size_t i = 0; i < verb->params_n; i++) {
                const struct param *param = &verb->params[i];
                json_t *value = json_object_get(arguments, param->name);
                size_t count = json_is_array(value) ? json_array_size(value) : value ? 1 : 0;

                if (param->type != PARAM_INPUT && param->type != PARAM_OUTPUT && param->type != PARAM_DEVICE)
                        continue;
                for (size_t k = 0; k < count; k++) {
                        int r = one(transfer, work, param, k,
                                    json_is_array(value) ? json_array_get(value, k) : value, err);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* --- the way back -----------------------------------------------------------------------------------------------
 */

static char *folder_of(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? strndup(path, (size_t) (slash - path + 1)) : strdup("");
}

static int send_one(const struct transfer_file *file, const char *folder, const char *name, int fd, int timeout_ms,
                    struct error *err) {
        _cleanup_free_ char *path = str_format("%s%s", folder, name), *away = folder_of(file->there), *text = NULL;
        _cleanup_close_ int content = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
        _cleanup_json_ json_t *says = NULL;

        if (!path || !away)
                return fail_memory(err);
        if (content < 0)
                return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", path);
        says = json_pack("{s:s, s:s, s:s}", "parameter", file->parameter, "folder", away, "name", name);
        text = says ? json_dumps(says, JSON_COMPACT) : NULL;
        return text ? wire_send(fd, WIRE_FILE, text, strlen(text), content, timeout_ms, err) : fail_memory(err);
}

static int send_secret(const struct transfer_file *file, int fd, int timeout_ms, struct error *err) {
        _cleanup_free_ char *away = folder_of(file->there), *text = NULL;
        _cleanup_json_ json_t *says = NULL;
        struct stat st;

        if (fstat(file->fd, &st) < 0 || lseek(file->fd, 0, SEEK_SET) < 0)
                return fail_errno(err, errno, "No se puede leer el fichero", "The file can't be read");
        if (st.st_size == 0) /* the verb did not write it */
                return 0;
        says = json_pack("{s:s, s:s*, s:s}", "parameter", file->parameter, "folder", away, "name",
                         last_part(file->there));
        text = says ? json_dumps(says, JSON_COMPACT) : NULL;
        return text ? wire_send(fd, WIRE_FILE, text, strlen(text), file->fd, timeout_ms, err) : fail_memory(err);
}

int transfer_send(struct transfer *transfer, int fd, int timeout_ms, struct error *err) {
        for (size_t i = 0; i < transfer->n; i++) {
                const struct transfer_file *file = &transfer->files[i];
                bool there = file->output && file->here && file->there;
                _cleanup_free_ char *folder = there && !file->secret ? folder_of(file->here) : NULL;
                int sent = there && file->secret ? send_secret(file, fd, timeout_ms, err) : 0;
                _cleanup_closedir_ DIR *dir = folder ? opendir(folder) : NULL;
                const struct dirent *entry;

                if (sent < 0)
                        return sent;
                while (dir && (entry = readdir(dir))) {
                        int r;

                        if (entry->d_type != DT_REG)
                                continue;
                        r = send_one(file, folder, entry->d_name, fd, timeout_ms, err);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* One text with every `from` in it made `to`. */
static char *replaced(const char *text, const char *from, const char *to) {
        const char *at = strstr(text, from);
        _cleanup_free_ char *rest = at ? replaced(at + strlen(from), from, to) : NULL;

        return at ? str_format("%.*s%s%s", (int) (at - text), text, to, rest ? rest : "") : strdup(text);
}

static json_t *their_text(const struct transfer *transfer, const char *text) {
        _cleanup_free_ char *now = strdup(text);

        for (size_t i = 0; now && i < transfer->n; i++) {
                const struct transfer_file *file = &transfer->files[i];
                _cleanup_free_ char *here = !file->here    ? NULL
                                            : file->secret ? strdup(file->here)
                                                           : folder_of(file->here);
                _cleanup_free_ char *there = !file->there   ? NULL
                                             : file->secret ? strdup(file->there)
                                                            : folder_of(file->there);
                char *next = here && there ? replaced(now, here, there) : strdup(now);

                free(now);
                now = next;
        }
        return now ? json_string(now) : NULL;
}

json_t *transfer_texts(const struct transfer *transfer, const json_t *value) {
        json_t *made, *item;
        const char *key;
        size_t i;

        if (json_is_string(value))
                return transfer->n ? their_text(transfer, json_string_value(value))
                                   : json_incref((json_t *) (uintptr_t) value);
        if (json_is_array(value)) {
                made = json_array();
                json_array_foreach(value, i, item)(void)
                        json_array_append_new(made, transfer_texts(transfer, item));
                return made;
        }
        if (json_is_object(value)) {
                made = json_object();
                json_object_foreach((json_t *) (uintptr_t) value, key, item)(void)
                        json_object_set_new(made, key, transfer_texts(transfer, item));
                return made;
        }
        return json_incref((json_t *) (uintptr_t) value);
}

void transfer_done(struct transfer *transfer) {
        if (transfer->folder)
                (void) nftw(transfer->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        for (size_t i = 0; i < transfer->n; i++) {
                close_fd(&transfer->files[i].fd);
                free(transfer->files[i].name);
                free(transfer->files[i].there);
                free(transfer->files[i].here);
        }
        free(transfer->folder);
        *transfer = (struct transfer){ 0 };
}
