#include "act/act.h"

#include <ctype.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "policy/rule.h"

int act_record(struct act *act, const struct fact *facts, size_t n, struct error *err) {
        int r;

        if (act->held)
                return fail(err, ERR_FAILED, "Mientras se reúnen informes no se escribe en el libro.",
                            "While reports are gathered the ledger is not written.");
        if (!act->ledger)
                return fail(err, ERR_FAILED, "Este acto no puede escribir en el libro.",
                            "This act can't write the ledger.");
        r = ledger_append(act->ledger, act->person ? act->person : "-", act->os_user, facts, n, act->dry_run, err);
        act->recorded = act->recorded || (r == 0 && !act->dry_run);
        return r;
}

void act_say_text(struct act *act, struct text line) {
        if (!act->said)
                act->said = json_array();
        (void) json_array_append_new(act->said, json_pack("{s:s, s:s}", "es", line.es, "en", line.en));
}

void act_say(struct act *act, const char *es, const char *en, ...) {
        struct error said = { 0 };
        va_list args, again;

        va_start(args, en);
        va_copy(again, args);
        (void) vsnprintf(said.what[LANG_ES], ERROR_TEXT_MAX, es, args);
        (void) vsnprintf(said.what[LANG_EN], ERROR_TEXT_MAX, en, again);
        va_end(again);
        va_end(args);
        for (int lang = 0; lang < LANGS; lang++)
                utf8_trim(said.what[lang]);
        act_say_text(act, (struct text){ said.what[LANG_ES], said.what[LANG_EN] });
}

int act_ask_secret(struct act *act, const char *purpose, struct text prompt, struct secret **ret,
                   struct error *err) {
        if (act->ui && act->ui->ask_secret)
                return act->ui->ask_secret(act->ui->context, purpose, prompt, ret, err);
        (void) fail(err, ERR_USAGE, "Falta el secreto «%s» y no hay a quién pedirlo.",
                    "Secret “%s” is missing and there is nobody to ask.", purpose);
        return hint(err, "Use un terminal, o --secret %s=file:RUTA.", "Use a terminal, or --secret %s=file:PATH.",
                    purpose);
}

int act_ask_new_secret(struct act *act, const char *purpose, struct text prompt, size_t min, struct secret **ret,
                       struct error *err) {
        _cleanup_secret_ struct secret *first = NULL, *second = NULL;
        int r = act_ask_secret(act, purpose, prompt, &first, err);

        if (r == 0 && first->size < min)
                return fail(err, ERR_USAGE, "El secreto «%s» tiene menos de %zu caracteres.",
                            "Secret “%s” has fewer than %zu characters.", purpose, min);
        if (r == 0)
                r = act_ask_secret(act, purpose, (struct text){ "Repítalo: ", "Again: " }, &second, err);
        if (r < 0)
                return r;
        if (first->size != second->size || CRYPTO_memcmp(first->data, second->data, first->size) != 0)
                return fail(err, ERR_USAGE, "No coinciden.", "They differ.");
        *ret = TAKE_PTR(first);
        return 0;
}

int act_show_secret(struct act *act, const struct secret *secret, struct error *err) {
        if (act->ui && act->ui->show_secret)
                return act->ui->show_secret(act->ui->context, secret, err);
        return fail(err, ERR_USAGE, "No hay terminal donde mostrar el secreto.",
                    "There is no terminal to show the secret on.");
}

/* A scanner upper-cases, and may have put other characters where the layouts differ: only [A-Z0-9] count. */
static bool same_id(const char *typed, const char *id) {
        for (; *typed; typed++) {
                if (!isalnum((unsigned char) *typed))
                        continue;
                if (toupper((unsigned char) *typed) != *id)
                        return false;
                id++;
        }
        return !*id;
}

int act_confirm(struct act *act, const char *confirm, const char *id, struct text shown, struct error *err) {
        _cleanup_free_ char *typed = NULL;
        int r;

        if (!confirm) {
                if (!act->ui || !act->ui->ask_line)
                        return refuse(err, ERR_REFUSED, "S6", "Falta confirmar el soporte %s.",
                                      "Medium %s was not confirmed.", id);
                r = act->ui->ask_line(act->ui->context, shown, &typed, err);
                if (r < 0)
                        return r;
                confirm = typed;
        }
        if (!same_id(confirm, id))
                return refuse(err, ERR_REFUSED, "S6", "Se ha tecleado «%.40s» y el soporte es %s.",
                              "“%.40s” was typed and the medium is %s.", confirm, id);
        return 0;
}

bool act_cancelled(const struct act *act) {
        return act->ui && act->ui->cancelled && act->ui->cancelled(act->ui->context);
}

int act_pause(struct act *act, struct error *err) {
        (void) err;
        if (act->lock)
                act->lock->give(act->lock->context);
        act->away = true;
        return 0;
}

int act_resume(struct act *act, struct error *err) {
        act->away = false;
        return act->lock ? act->lock->take(act->lock->context, err) : 0;
}

char *act_path(const struct act *act, const char *folder, const char *name) {
        if (!folder)
                return str_format("%s/%s", act->folder, name);
        return str_format("%s/%s/%s", act->folder, folder, name);
}

typedef int file_writer(const char *path, const void *data, size_t n, mode_t mode, struct error *err);

static int attach(const struct act *act, const void *data, size_t n, file_writer *write, char ret_digest[65],
                  struct error *err) {
        _cleanup_free_ char *path = NULL;
        char digest[SHA256_TEXT];

        if (sha256_text(data, n, digest) < 0)
                return fail_memory(err);
        path = act_path(act, "attachments", digest);
        if (!path)
                return fail_memory(err);
        /* The name is the content: a file that is there and whole need not be written again. */
        if (!act->dry_run) {
                char there[SHA256_TEXT];

                if (access(path, F_OK) < 0 || sha256_file(path, there, NULL) < 0 || strcmp(there, digest) != 0) {
                        int r = write(path, data, n, 0640, err);

                        if (r < 0)
                                return r;
                }
        }
        memcpy(ret_digest, digest, sizeof digest);
        return 0;
}

int act_attach(struct act *act, const void *data, size_t n, char ret_digest[65], struct error *err) {
        return attach(act, data, n, file_write, ret_digest, err);
}

int act_attach_loose(const struct act *act, const void *data, size_t n, char ret_digest[65], struct error *err) {
        return attach(act, data, n, file_write_loose, ret_digest, err);
}

int act_attach_begin(const struct act *act, struct error *err) {
        _cleanup_free_ char *folder = act_path(act, NULL, "attachments");

        return folder ? fs_open(folder, err) : fail_memory(err);
}

int act_attach_file(struct act *act, const char *path, size_t limit, char ret_digest[65], struct error *err) {
        _cleanup_free_ char *data = NULL;
        size_t n;
        int r = file_read(path, limit, &data, &n, err);

        return r < 0 ? r : act_attach(act, data, n, ret_digest, err);
}
