/* `key recover`: the master key from shares, or one medium by its escrow envelope, on any machine and without a
 * vault (C4). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "encrypt/encrypt.h"
#include "encrypt/format.h"
#include "keys/ceremony.h"
#include "keys/keys.h"
#include "policy/rule.h"
#include "sign/envelope.h"

enum { ENVELOPE_MOST = 128 * 1024, CERTIFICATE_MOST = 64 * 1024 };

static int open_envelope(struct act *act, const json_t *args, struct secret **ret, char digest[SHA256_TEXT],
                         struct error *err) {
        static const struct text prompt = { "Frase de la clave de recuperación: ",
                                            "Passphrase of the recovery key: " };
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_secret_ struct secret *passphrase = NULL;
        _cleanup_free_ char *der = NULL;
        size_t n;
        int r = file_read(json_text(args, "envelope"), ENVELOPE_MOST, &der, &n, err);

        if (r == 0 && sha256_text(der, n, digest) < 0)
                return fail_memory(err);
        if (r == 0)
                r = certificate_load(json_text(args, "recovery-certificate"), &certificate, err);
        if (r == 0)
                r = act_ask_secret(act, "recovery", prompt, &passphrase, err);
        if (r == 0)
                r = identity_key_load(json_text(args, "recovery-key"), passphrase, &key, err);
        if (r == 0 && !certificate_matches(certificate, key))
                return fail(err, ERR_VERIFY, "La clave de recuperación no es la de ese certificado.",
                            "The recovery key is not that certificate's.");
        return r < 0 ? r : envelope_open(certificate, key, (const uint8_t *) der, n, ret, err);
}

/* The header is read once, and the slot tried on that copy: the medium is not written to. */
static int try_device(const char *device, const struct secret *secret, struct luks_copy *copy, struct error *err) {
        _cleanup_close_ int fd = -1;
        int r = luks_open_direct(device, O_RDONLY, &fd, err);

        if (r == 0)
                r = luks_copy_read(fd, true, copy, err);
        if (r == 0 && !copy->whole)
                return refuse(err, ERR_REFUSED, "C2", "En %s no hay una cabecera LUKS2 entera.",
                              "There is no whole LUKS2 header on %s.", device);
        if (r == 0)
                r = luks_try_slot(copy, SLOT_RECOVERY, secret, err);
        if (r == ERR_VERIFY)
                return hint(
                        err,
                        "El sobre es de otro soporte o de una clave anterior: mire su referencia en el acta de "
                        "entrega.",
                        "The envelope is of another medium or of an earlier key: see its reference where it was "
                        "handed over.");
        return r;
}

/* What is there is never written over: it may be another medium's key. */
static int write_key(const char *path, const struct secret *secret, struct error *err) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int r;

        if (fd < 0 && errno == EEXIST)
                return fail(err, ERR_CONFLICT, "«%s» ya está.", "“%s” is there already.", path);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede crear «%s»", "“%s” can't be made", path);
        r = write_all(fd, secret->data, secret->size);
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r == 0)
                return 0;
        (void) unlink(path);
        return fail_errno(err, -r, "No se puede escribir «%s»", "“%s” can't be written", path);
}

static int recover_medium(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *device = json_text(args, "device"), *out = json_text(args, "out-key");
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        _cleanup_secret_ struct secret *secret = NULL;
        char digest[SHA256_TEXT];
        int r = access(out, F_OK) == 0 ? fail(err, ERR_CONFLICT, "«%s» ya está.", "“%s” is there already.", out)
                                       : 0;

        if (r == 0)
                r = open_envelope(act, args, &secret, digest, err);
        if (r == 0)
                r = try_device(device, secret, &copy, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:i, s:s, s:s}", "device", device, "uuid", copy.facts.uuid, "slot",
                         SLOT_RECOVERY, "envelope", digest, "out", out);
        if (!*ret)
                return fail_memory(err);
        /* On record before the key is out. */
        if (act->db) {
                _cleanup_json_ json_t *fact = json_pack("{s:s, s:s, s:i}", "uuid", copy.facts.uuid, "envelope",
                                                        digest, "slot", SLOT_RECOVERY);

                r = fact ? act_record_one(act, "key.medium-recovered", copy.facts.uuid, fact, err)
                         : fail_memory(err);
        }
        if (r == 0 && !act->dry_run)
                r = write_key(out, secret, err);
        if (r < 0)
                return r;
        act_say(act,
                "La clave abre la ranura %d. Ábralo con: cryptsetup open --key-slot %d --key-file «%s» %s NOMBRE",
                "The key opens slot %d. Open it with: cryptsetup open --key-slot %d --key-file “%s” %s NAME",
                SLOT_RECOVERY, SLOT_RECOVERY, out, device);
        act_say(act, "Borre después «%s»: quien lo tenga abre el soporte.",
                "Delete “%s” afterwards: whoever has it opens the medium.", out);
        return 0;
}

/* --- the verb ----------------------------------------------------------------------------------------------------
 */

static int need(const json_t *args, const char *const *names, size_t n, struct error *err) {
        for (size_t i = 0; i < n; i++)
                if (!json_text(args, names[i]))
                        return fail(err, ERR_USAGE, "Falta --%s.", "--%s is missing.", names[i]);
        return 0;
}

static int run_recover(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const char *const names[] = { "envelope", "recovery-key", "recovery-certificate", "device",
                                             "out-key" };
        bool rehearse = json_flag(args, "rehearse"), restore = json_flag(args, "restore"),
             medium = json_text(args, "envelope") != NULL;
        int r;

        if (rehearse + restore + medium != 1)
                return fail(err, ERR_USAGE, "Diga una cosa: --rehearse, --restore o --envelope SOBRE.",
                            "Say one thing: --rehearse, --restore or --envelope ENVELOPE.");
        if (medium) {
                r = need(args, names, COUNT(names), err);
                return r < 0 ? r : recover_medium(act, args, ret, err);
        }
        if (!act->db)
                return fail(err, ERR_NOT_FOUND, "Aquí no hay almacén.", "There is no store here.");
        return rehearse ? ceremony_rehearse(act, json_text(args, "ceremony"), ret, err)
                        : ceremony_restore(act, args, ret, err);
}

static const struct param params[] = {
        { .name = "rehearse",
          .type = PARAM_FLAG,
          .help = HELP("rehace la clave maestra de sus partes, sin cambiar nada",
                       "makes the master key again from its shares, and changes nothing") },
        { .name = "restore",
          .type = PARAM_FLAG,
          .help = HELP(
                  "pone la clave maestra rehecha bajo una frase nueva, o en el HSM o TPM que se diga",
                  "sets the master key made again under a new passphrase, or in the HSM or TPM that is named") },
        { .name = "ceremony",
          .type = PARAM_TEXT,
          .help = HELP("la ceremonia, si no es la última", "the ceremony, unless it is the last one") },
        { .name = "envelope",
          .type = PARAM_INPUT,
          .help = HELP("sobre de un soporte (CMS en DER)", "a medium's envelope (CMS in DER)") },
        { .name = "recovery-key",
          .type = PARAM_INPUT,
          .help = HELP("clave privada de recuperación", "private recovery key") },
        { .name = "recovery-certificate",
          .type = PARAM_INPUT,
          .help = HELP("certificado de recuperación", "recovery certificate") },
        { .name = "device",
          .type = PARAM_DEVICE,
          .help = HELP("el dispositivo del soporte", "the medium's device") },
        { .name = "out-key",
          .type = PARAM_OUTPUT,
          .flags = PARAM_NEW,
          .help = HELP("fichero para la clave de la ranura 1", "file for the key of slot 1") },
        KEY_PROVIDER_PARAMS,
};

static const struct column columns[] = {
        { "ceremony", HELP("Ceremonia", "Ceremony") },
        { "version", HELP("Clave maestra", "Master key") },
        { "shares", HELP("Partes", "Shares") },
        { "device", HELP("Dispositivo", "Device") },
        { "uuid", HELP("UUID", "UUID") },
        { "out", HELP("Clave", "Key") },
};

/* VERB_LOCAL: neither shares nor the recovery key are the station's to see. */
static const struct verb verbs[] = {
        { .noun = "key",
          .name = "recover",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES | VERB_ANY_STORE | VERB_LOCAL,
          .help = HELP("Rehace la clave maestra de sus partes, o la clave de un soporte de su sobre",
                       "Makes the master key again from its shares, or a medium's key from its envelope"),
          PARAMS(params),
          COLUMNS(columns),
          .run = run_recover },
};

const struct room recover_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
