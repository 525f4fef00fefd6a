/* encrypt run: the guards, the events around the work, and the work itself. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "device/gate.h"
#include "device/twin.h"
#include "encrypt/fill.h"
#include "encrypt/internal.h"
#include "encrypt/mac.h"
#include "encrypt/token.h"
#include "keys/keys.h"
#include "policy/rule.h"
#include "sign/openssl.h"

struct job {
        struct act *act;
        struct medium medium;
        struct device_facts device;
        const struct luks_demand *demand;
        const char *waiver; /* or NULL */
        bool fill, replace;
        int fd;      /* of the device, held from before the first event to after the last */
        bool lifted; /* the read-only gate was taken off it */
        struct medium_key key;
        char uuid[37];           /* of the header to be made: on record before it is on the device */
        bool touched;            /* something was written to the device */
        const char *stage;       /* what was under way: a word of the event encryption.failed */
        struct luks_copy header; /* as read back */
        struct luks_verdict verdict;
        char digest[65];
};

static void job_done(struct job *job) {
        medium_key_done(&job->key);
        luks_copy_done(&job->header);
        close_fd(&job->fd);
}

/* --- may it be done? -------------------------------------------------------------------------------------------
 */

static int refuse_state(const struct job *job, struct error *err) {
        const struct medium *medium = &job->medium;

        if (medium->kind != KIND_HDD && medium->kind != KIND_SSD)
                return fail(err, ERR_CONFLICT, "El soporte %s es de tipo %s%.0s: LUKS2 es para discos y memorias.",
                            "Medium %s is of kind %.0s%s: LUKS2 is for disks and flash.", medium->id,
                            medium_kind_terms[medium->kind].name.es, medium_kind_terms[medium->kind].name.en);
        if (medium->state != MEDIUM_IN_CUSTODY && medium->state != MEDIUM_SANITIZED)
                return fail(err, ERR_CONFLICT, "El soporte %s está «%s%.0s»: se cifra en custodia.",
                            "Medium %s is “%.0s%s”: it is encrypted in custody.", medium->id,
                            medium_state_terms[medium->state].name.es, medium_state_terms[medium->state].name.en);
        if (*medium->destruction)
                return medium_refuse_doomed(medium, err);
        if (medium->luks_uuid[0] && !job->replace) {
                (void) fail(err, ERR_CONFLICT, "El soporte %s ya está cifrado.", "Medium %s is encrypted already.",
                            medium->id);
                return hint(err, "Para destruir lo que contiene y cifrarlo de nuevo use --replace.",
                            "To destroy what it holds and encrypt it anew use --replace.");
        }
        if (job->device.size < LUKS_DEVICE_LEAST)
                return fail(err, ERR_CONFLICT, "«%s» tiene %lld bytes; hacen falta %d.",
                            "“%s” has %lld bytes; %d are needed.", job->device.path, (long long) job->device.size,
                            (int) LUKS_DEVICE_LEAST);
        if (job->device.size % 512)
                return fail(err, ERR_CONFLICT, "El tamaño de «%s» no es múltiplo de 512.",
                            "The size of “%s” is no multiple of 512.", job->device.path);
        return 0;
}

/* C1: ALTA wants the keys under an HSM. Without one, only the security administrator, and with a reason on record.
 */
static int refuse_weak_provider(const struct job *job, struct error *err) {
        _cleanup_keys_ struct keys *keys = NULL;
        int r;

        if (job->medium.category != CATEGORY_ALTA)
                return 0;
        r = keys_open(job->act, &keys, err);
        if (r < 0)
                return r;
        if (keys_provider_is_hsm(keys))
                return 0;
        if (!job->waiver)
                return refuse(err, ERR_REFUSED, "C1", "La clave maestra de este almacén es de software (%s).",
                              "This store's master key is a software one (%s).", keys_provider(keys));
        if (!(job->act->roles & ROLE_SECURITY))
                return refuse(err, ERR_DENIED, "C1",
                              "%s no es administrador de seguridad y no puede dar la excepción.",
                              "%s is no security administrator and can't give the exception.", job->act->person);
        return 0;
}

/* C3 keeps an unencrypted medium read-only; being encrypted is how it gets out of that, so the gate is no reason to
 * refuse. What the medium itself write-protects shows when the gate is taken off. */
static int refuse_in_use(const struct device_facts *device, struct error *err) {
        struct device_facts open = *device;

        if (!device->image)
                open.read_only = false;
        return device_refuse_in_use(&open, err);
}

/* A run that was cut off may have left its header, whose UUID its first event named, and the registry knows none.
 */
static int check_identity(const struct job *job, struct error *err) {
        const struct medium *medium = &job->medium;
        _cleanup_encryption_ struct encryption before = { 0 };
        struct known_identity known = { .luks_uuid = medium->luks_uuid,
                                        .wwn = medium->wwn,
                                        .serial = medium->serial,
                                        .insertion = medium->insertion,
                                        .size = medium->size,
                                        .whole_size = medium->whole_size };
        enum identity identity;
        int r = encryption_load(job->act->db, medium->id, &before, err);

        if (r < 0)
                return r;
        if (!medium->luks_uuid[0] && strcmp(before.header.uuid, job->device.luks_uuid) == 0)
                known.luks_uuid = before.header.uuid;
        r = identity_match(&job->device, &known, &identity, err);
        return r < 0 ? r : device_refuse_twin(&job->device, &known, identity, err);
}

static int load(struct job *job, const json_t *args, struct error *err) {
        int r = medium_load(job->act->db, json_text(args, "medium"), &job->medium, err);

        if (r == 0)
                r = device_facts_read(json_text(args, "device"), job->act->folder, &job->device, err);
        if (r == 0)
                r = refuse_in_use(&job->device, err);
        if (r == 0)
                r = check_identity(job, err);
        job->demand = &luks_demands[job->medium.category];
        job->waiver = json_text(args, "waiver");
        job->fill = !json_flag(args, "no-fill");
        job->replace = json_flag(args, "replace");
        if (r == 0)
                r = refuse_state(job, err);
        return r == 0 ? refuse_weak_provider(job, err) : r;
}

static int confirm(const struct job *job, const char *typed, struct error *err) {
        const struct device_facts *d = &job->device;
        const char *content = d->filesystem[0] ? d->filesystem : d->partition_table;
        _cleanup_free_ char *disk_es = device_facts_described(d, LANG_ES);
        _cleanup_free_ char *disk_en = device_facts_described(d, LANG_EN);
        _cleanup_free_ char *es = str_format(
                "Se destruirá todo lo que contiene «%s» (%s%s%s).\nTeclee el identificador: ", d->path,
                disk_es ? disk_es : "", *content ? ", contenido: " : "", content);
        _cleanup_free_ char *en = str_format(
                "All that “%s” holds (%s%s%s) will be destroyed.\nType the medium's ID: ", d->path,
                disk_en ? disk_en : "", *content ? ", content: " : "", content);
        const struct text shown = { es, en };

        return disk_es && disk_en && es && en ? act_confirm(job->act, typed, job->medium.id, shown, err)
                                              : fail_memory(err);
}

/* --- the work --------------------------------------------------------------------------------------------------
 */

static int64_t sector_size(const struct device_facts *device) {
        bool large = device->logical_block >= 4096 || device->physical_block >= 4096;

        return large && device->size % 4096 == 0 ? 4096 : 512;
}

static int build(struct job *job, struct luks_copy *ret, struct error *err) {
        char subsystem[49];
        const struct luks_plan plan = { .device_size = job->device.size,
                                        .sector_size = sector_size(&job->device),
                                        .key_bytes = job->demand->format_key,
                                        .uuid = job->uuid,
                                        .label = job->medium.id,
                                        .subsystem = subsystem,
                                        .machine = job->key.secret,
                                        .recovery = job->key.recovery };
        struct token_context token = { job->act, &job->medium, job->key.ref };

        (void) snprintf(subsystem, sizeof subsystem, "mpsi:%s",
                        classification_terms[job->medium.classification].code);
        return luks_build(&plan, token_make, &token, ret, err);
}

/* What stands on the device, not what we meant to write: read, compared, judged and opened with both secrets. */
static int read_back(struct job *job, const struct luks_copy *meant, struct error *err) {
        int r = luks_copy_read(job->fd, true, &job->header, err);

        if (r < 0)
                return r;
        if (!job->header.whole || job->header.n != meant->n ||
            memcmp(job->header.bytes, meant->bytes, meant->n) != 0)
                return fail(err, ERR_VERIFY, "El soporte no devuelve la cabecera que se escribió.",
                            "The medium does not give back the header that was written.");
        luks_judge(&job->header.facts, job->medium.category, NULL, &job->verdict);
        token_judge(&job->header.facts, &job->medium, job->act->station_certificate, &job->verdict);
        r = encrypt_refuse(&job->verdict, err);
        if (r == 0)
                r = header_mac_verify(&job->header.facts, job->key.secret, err);
        if (r == 0)
                r = luks_try_slot(&job->header, SLOT_MACHINE, job->key.secret, err);
        if (r == 0)
                r = luks_try_slot(&job->header, SLOT_RECOVERY, job->key.recovery, err);
        return r == 0 ? copy_digest(&job->header, job->digest, err) : r;
}

static int work(struct job *job, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy header = { 0 };
        int r;

        job->stage = "build";
        r = build(job, &header, err);
        if (r == 0 && job->fill) {
                job->stage = "fill";
                job->touched = true;
                r = luks_fill(job->act, job->fd, job->device.size, job->medium.id, err);
        }
        if (r == 0)
                r = device_check_fd(&job->device, job->fd, err);
        if (r == 0) {
                job->stage = "write";
                job->touched = true;
                r = luks_write(job->fd, &header, err);
        }
        if (r == 0) {
                job->stage = "verify";
                r = read_back(job, &header, err);
        }
        return r;
}

/* --- the events around it --------------------------------------------------------------------------------------
 */

/* RFC 9562, version 4. */
static int make_uuid(char out[37], struct error *err) {
        uint8_t b[16];

        if (RAND_bytes(b, sizeof b) != 1)
                return fail_openssl(err, "El generador aleatorio no responde", "The random generator failed");
        b[6] = (uint8_t) ((b[6] & 0x0f) | 0x40);
        b[8] = (uint8_t) ((b[8] & 0x3f) | 0x80);
        (void) snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                        b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
        return 0;
}

static int record_started(struct job *job, struct error *err) {
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:I, s:b, s:s*}", "uuid", job->uuid,
                                                "device", job->device.path, "insertion", job->device.insertion,
                                                "gated", job->device.read_only, "key", job->key.ref, "cipher",
                                                luks_cipher, "key_bits", (json_int_t) job->demand->format_key * 8,
                                                "fill", job->fill, "waiver", job->waiver);
        const struct fact facts[] = {
                { "key.created", job->medium.id, job->key.fact_data },
                { "encryption.started", job->medium.id, data },
        };

        return data ? act_record(job->act, facts, COUNT(facts), err) : fail_memory(err);
}

static int record_finished(struct job *job, struct error *err) {
        _cleanup_json_ json_t *data = json_pack(
                "{s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:s, s:b, s:o, s:s, s:s}", "key", job->key.ref, "uuid",
                job->header.facts.uuid, "seqid", (json_int_t) job->header.facts.seqid, "cipher",
                job->verdict.cipher, "key_bits", (json_int_t) job->verdict.key_bits, "sector_size",
                (json_int_t) job->header.facts.segments[0].sector_size, "data_offset",
                (json_int_t) job->header.facts.data_offset, "digest", job->digest, "filled", job->fill, "slots",
                slots_to_json(&job->header.facts), "canonical", job->header.facts.canonical, "mac",
                job->header.facts.mac.value);

        return data ? act_record_one(job->act, "encryption.finished", job->medium.id, data, err) : fail_memory(err);
}

static int record_failed(struct job *job, const struct error *why) {
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s, s:b, s:s, s:{s:s, s:s}}", "key", job->key.ref, "stage",
                                                job->stage, "touched", job->touched, "outcome",
                                                error_word(why->code), "reason", "es", why->what[LANG_ES], "en",
                                                why->what[LANG_EN]);

        return data ? act_record_one(job->act, "encryption.failed", job->medium.id, data, NULL) : ERR_FAILED;
}

static int perform(struct job *job, struct keys *keys, struct error *err) {
        struct error lock_error;
        int r, resumed;

        /* Durable in the vault, then in the ledger, and only then on the device: a crash can leave a key without a
         * header, never a header without its key. */
        r = make_uuid(job->uuid, err);
        if (r == 0)
                r = keys_medium_create(keys, job->medium.id, &job->key, err);
        if (r == 0)
                r = record_started(job, err);
        if (r == 0)
                r = act_pause(job->act, err);
        if (r < 0)
                return r;
        r = work(job, err);
        resumed = act_resume(job->act, &lock_error);
        if (resumed < 0) {
                if (r == 0)
                        *err = lock_error;
                return r < 0 ? r : resumed;
        }
        if (r < 0) {
                (void) record_failed(job, err);
                return r;
        }
        r = record_finished(job, err);
        /* Keys of headers that are no longer there. */
        return r == 0 ? keys_destroy_medium(keys, job->medium.id, job->key.ref, "superseded", NULL, err) : r;
}

/* The device is ours before anything is recorded: what is in use or held leaves no event behind but its refusal. */
static int hold_and_perform(struct job *job, struct keys *keys, struct error *err) {
        int r = device_open_lifted(&job->device, &job->lifted, &job->fd, err);

        if (r == 0)
                r = perform(job, keys, err);
        if (r < 0 && job->lifted)
                (void) gate_set(job->device.path, true, NULL);
        return r;
}

static json_t *answer(const struct job *job) {
        return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:s, s:s, s:b, s:s*}", "medium", job->medium.id,
                         "device", job->device.path, "uuid", job->header.facts.uuid, "cipher", job->verdict.cipher,
                         "key_bits", (json_int_t) job->verdict.key_bits, "key", job->key.ref, "data_offset",
                         (json_int_t) job->header.facts.data_offset, "digest", job->digest, "decision",
                         luks_decision_terms[job->verdict.decision].code, "filled", job->fill, "waiver",
                         job->waiver);
}

int encrypt_run(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(job_done) struct job job = { .act = act, .stage = "start", .fd = -1 };
        _cleanup_keys_ struct keys *keys = NULL;
        int r = load(&job, args, err);

        if (r < 0)
                return r;
        if (act->dry_run) {
                *ret = json_pack("{s:s, s:s, s:s, s:I, s:b}", "medium", job.medium.id, "device", job.device.path,
                                 "cipher", luks_cipher, "key_bits", (json_int_t) job.demand->format_key * 8,
                                 "filled", job.fill);
                return *ret ? 0 : fail_memory(err);
        }
        r = confirm(&job, json_text(args, "confirm"), err);
        if (r == 0)
                r = keys_open_unlocked(act, &keys, err);
        if (r == 0)
                r = hold_and_perform(&job, keys, err);
        if (r < 0)
                return r;
        act_say(act, "El soporte %s está cifrado: %s, clave de volumen de %lld bits.",
                "Medium %s is encrypted: %s, volume key of %lld bits.", job.medium.id, job.verdict.cipher,
                (long long) job.verdict.key_bits);
        *ret = answer(&job);
        return *ret ? 0 : fail_memory(err);
}
