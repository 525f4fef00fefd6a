/* encrypt handover, encrypt revoke: a recipient's passphrase into the header and out of it (C8). */
#include "encrypt/handover.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "encrypt/change.h"
#include "keys/words.h"
#include "policy/handover.h"
#include "policy/rule.h"
#include "print/letter.h"
#include "registry/person.h"
#include "registry/station.h"

struct job {
        struct act *act;
        const json_t *args;
        struct target target;
        struct keys *keys;
        struct handover before;
        char number[HANDOVER_NUMBER];
        char recipient[128], title[128]; /* as printed */
        const char *person;              /* the account, or NULL */
        const char *letter;              /* path, or NULL */
        enum handover_channel channel;
        int64_t words;
        struct luks_kdf kdf;
        struct secret *passphrase;
        struct output pdf;
};

static void job_done(struct job *job) {
        target_release(&job->target);
        keys_close(job->keys);
        secret_free(job->passphrase);
        letter_wipe(&job->pdf);
}

/* --- may it be done? -------------------------------------------------------------------------------------------
 */

/* --to is an account's name, or any text. */
static int find_recipient(struct job *job, struct error *err) {
        const char *to = json_text(job->args, "to");
        _cleanup_person_ struct person person = { 0 };
        int r = person_load(job->act->db, to, &person, err);

        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        if (r == ERR_NOT_FOUND) {
                (void) snprintf(job->recipient, sizeof job->recipient, "%s", to);
                utf8_trim(job->recipient);
                return 0;
        }
        if (person.blocked)
                return refuse(err, ERR_REFUSED, "C8", "La cuenta de %s está bloqueada.", "%s's account is blocked.",
                              to);
        job->person = to;
        (void) snprintf(job->recipient, sizeof job->recipient, "%s", *person.full_name ? person.full_name : to);
        (void) snprintf(job->title, sizeof job->title, "%s", person.title);
        return 0;
}

/* E000001 of a shipment, P000001 of a loan; what they are of is for the rooms above to know. */
static int check_reference(const json_t *args, const char *name, char letter, struct error *err) {
        const char *text = json_text(args, name);
        char plain[16];
        size_t n = text ? str_scanned(text, plain, sizeof plain) : 0;

        if (!text || (n == 7 && plain[0] == letter && strspn(plain + 1, "0123456789") == 6))
                return 0;
        return fail(err, ERR_USAGE, "«%.40s» no es un número como %c000001.",
                    "“%.40s” is no number such as %c000001.", text, letter);
}

static int check(struct job *job, struct error *err) {
        const struct medium *medium = &job->target.medium;
        const char *channel = json_text(job->args, "channel");
        struct handover_wish wish = { .medium = medium->id,
                                      .classification = medium->classification,
                                      .in_custody = medium->state == MEDIUM_IN_CUSTODY,
                                      .actor = job->act->person,
                                      .recipient = json_text(job->args, "to") };
        enum crypto_profile profile = PROFILE_STANDARD;
        int r = find_recipient(job, err);

        if (r == 0)
                r = medium_refuse_doomed(medium, err);
        if (r == 0)
                r = check_reference(job->args, "shipment", 'E', err);
        if (r == 0)
                r = check_reference(job->args, "loan", 'P', err);
        if (r == 0)
                r = handover_load(job->act->db, medium->id, &job->before, err);
        if (r == 0)
                r = station_crypto_profile(job->act->db, &profile, err);
        if (r < 0)
                return r;
        job->letter = json_text(job->args, "letter");
        job->channel = channel       ? (enum handover_channel) term_parse(handover_channel_terms, CHANNELS, channel)
                       : job->letter ? CHANNEL_SEALED_LETTER
                                     : CHANNEL_IN_PERSON;
        job->words = json_int(job->args, "words", handover_words(medium->classification));
        job->kdf = luks_human_kdf(profile, medium->category);
        wish.recipient_is_known = job->person != NULL;
        wish.live = job->before.open ? job->before.number : NULL;
        wish.words = job->words;
        wish.channel = job->channel;
        wish.letter = job->letter != NULL;
        return handover_judge(&wish, err);
}

/* --- the passphrase --------------------------------------------------------------------------------------------
 */

/* In memory: the file is written when the medium has taken the passphrase. */
static int make_letter(struct job *job, struct error *err) {
        const char *reference = json_text(job->args, "shipment");
        char date[DATE_TEXT];
        struct letter letter = { .organisation = job->act->organisation,
                                 .site = job->act->site,
                                 .number = job->number,
                                 .recipient = job->recipient,
                                 .title = job->title,
                                 .medium = job->target.medium.id,
                                 .date = date,
                                 .secret = job->passphrase,
                                 .lang = job->act->lang };

        date_of(act_now(job->act), date);
        letter.reference = reference ? reference : json_text_or_empty(job->args, "loan");
        return job->letter ? letter_to_pdf(&letter, &job->pdf, err) : 0;
}

/* To the recipient's letter or the person's terminal, while others may write: who notes down eight words takes
 * time. */
static int deliver(struct job *job, struct error *err) {
        struct error why;
        int r = act_pause(job->act, err), resumed;

        if (r < 0)
                return r;
        r = job->letter ? file_write_new(job->letter, job->pdf.data, job->pdf.size, err)
                        : act_show_secret(job->act, job->passphrase, err);
        resumed = act_resume(job->act, &why);
        if (r == 0 && resumed < 0 && err)
                *err = why;
        return r < 0 ? r : resumed;
}

static const struct luks_slot *slot_of(const struct luks_facts *facts, int number) {
        for (size_t i = 0; i < facts->slots_n; i++)
                if (facts->slots[i].number == number)
                        return &facts->slots[i];
        return NULL;
}

static int record_handed(struct job *job, const struct luks_slot *slot, struct error *err) {
        _cleanup_free_ char *kdf =
                strcmp(slot->kdf, "argon2id") == 0
                        ? str_format("argon2id,%lld,%lld", (long long) slot->kdf_time, (long long) slot->kdf_memory)
                        : str_format("pbkdf2-%s,%lld", slot->kdf_hash, (long long) slot->kdf_time);
        _cleanup_json_ json_t *data = json_pack(
                "{s:s, s:s, s:s*, s:s, s:b, s:s*, s:s*, s:i, s:s, s:s, s:I, s:I}", "number", job->number,
                "recipient", job->recipient, "person", job->person, "channel",
                handover_channel_terms[job->channel].code, "letter", (int) (job->letter != NULL), "shipment",
                json_text(job->args, "shipment"), "loan", json_text(job->args, "loan"), "slot", slot->number,
                "salt", slot->salt_digest, "kdf", kdf ? kdf : "", "words", (json_int_t) job->words, "bits",
                (json_int_t) job->words * HANDOVER_WORD_BITS);

        return data && kdf ? act_record_one(job->act, "encryption.handed-over", job->target.medium.id, data, err)
                           : fail_memory(err);
}

/* libcryptsetup takes less memory than it is told where the machine has little: such a slot would be refused at the
 * next look. */
static int check_cost(const struct job *job, const struct luks_slot *slot, struct error *err) {
        if (slot && slot->kdf_time >= job->kdf.time && slot->kdf_memory >= job->kdf.memory)
                return 0;
        return fail(err, ERR_FAILED, "Este equipo no tiene memoria para %lld KiB de Argon2id.",
                    "This machine has no memory for %lld KiB of Argon2id.", (long long) job->kdf.memory);
}

/* --- the acts --------------------------------------------------------------------------------------------------
 */

static int open_target(struct job *job, struct error *err) {
        char settled[CHANGE_REASON];
        int r = keys_open_unlocked(job->act, &job->keys, err);

        if (r == 0)
                r = target_hold(&job->target, err);
        job->target.keys = job->keys;
        /* What a cut left comes to its end first: then the registry says which slots there are. */
        if (r == 0)
                r = header_settle(&job->target, settled, err);
        return r == 0 ? handover_load(job->act->db, job->target.medium.id, &job->before, err) : r;
}

static int record_revoked(struct job *job, const char *reason, struct error *err) {
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s, s:s}", "number", job->before.number, "recipient",
                                                job->before.recipient, "reason", reason);

        if (!*job->before.number)
                return 0;
        return data ? act_record_one(job->act, "encryption.handover-revoked", job->target.medium.id, data, err)
                    : fail_memory(err);
}

static int hand_over(struct job *job, struct error *err) {
        const struct luks_human human = { .passphrase = job->passphrase,
                                          .argon2 = strcmp(job->kdf.type, "argon2id") == 0,
                                          .time = job->kdf.time,
                                          .memory = job->kdf.memory,
                                          .lanes = job->kdf.parallelism };
        _cleanup_json_ json_t *more = json_pack("{s:s}", "handover", job->number);
        /* One that nobody was given goes: a hand-over that did not come to its end is repeated. */
        const struct header_change change = {
                .reason = CHANGE_HANDOVER, .add = &human, .remove = job->before.slot, .more = more
        };
        _cleanup_header_changed_ struct header_changed changed = { .added = -1 };
        const struct luks_slot *slot;
        int r = header_change(&job->target, &change, &changed, err);

        if (r < 0)
                return r;
        slot = slot_of(&changed.header.facts, changed.added);
        r = check_cost(job, slot, err);
        if (r == 0)
                r = deliver(job, err);
        if (r == 0)
                return record_handed(job, slot, err);
        return hint(
                err,
                "La frase nueva no se entregó a nadie: repita «encrypt handover», o quítela con «encrypt revoke».",
                "The new passphrase was handed to nobody: repeat “encrypt handover”, or take it away with “encrypt "
                "revoke”.");
}

int encrypt_run_handover(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(job_done) struct job job = { .act = act, .args = args, .target.fd = -1 };
        int r = target_load(act, json_text(args, "medium"), json_text(args, "device"), &job.target, err);

        if (r == 0)
                r = check(&job, err);
        if (r < 0 || act->dry_run)
                return r;
        r = open_target(&job, err);
        if (r == 0 && *job.before.number && !job.before.open)
                r = record_revoked(&job, "superseded", err);
        if (r == 0)
                r = handover_next(act->db, job.number, err);
        if (r == 0)
                r = words_passphrase((size_t) job.words, act->lang, &job.passphrase, err);
        if (r == 0)
                r = make_letter(&job, err);
        if (r == 0)
                r = hand_over(&job, err);
        if (r < 0)
                return r;
        act_say(act, "Frase %s del soporte %s entregada a %s (%s%.0s). Va aparte del soporte.",
                "Passphrase %s of medium %s handed to %s (%.0s%s). It goes apart from the medium.", job.number,
                job.target.medium.id, job.recipient, handover_channel_terms[job.channel].name.es,
                handover_channel_terms[job.channel].name.en);
        return handover_to_json(act->db, job.number, ret, err);
}

static int revoke_slot(struct job *job, const char *device, const char *medium, const char *reason,
                       struct error *err) {
        struct header_change change = { .reason = CHANGE_REVOCATION, .remove = -1 };
        _cleanup_header_changed_ struct header_changed changed = { .added = -1 };
        int r = target_load(job->act, medium, device, &job->target, err);

        if (r == 0)
                r = open_target(job, err);
        if (r == 0 && job->before.slot < 0 && !*job->before.number)
                return refuse(err, ERR_CONFLICT, "C8", "El soporte %s no tiene entregada ninguna frase.",
                              "Medium %s has no passphrase handed over.", medium);
        if (r == 0 && job->before.slot >= 0) {
                change.remove = job->before.slot;
                r = header_change(&job->target, &change, &changed, err);
        }
        return r == 0 ? record_revoked(job, reason, err) : r;
}

int encrypt_revoke(struct act *act, const char *medium, const char *device, const char *reason, struct error *err) {
        _cleanup_(job_done) struct job job = { .act = act, .target.fd = -1 };

        return revoke_slot(&job, device, medium, reason, err);
}

int encrypt_run_revoke(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(job_done) struct job job = { .act = act, .args = args, .target.fd = -1 };
        const char *reason = json_text(args, "reason");
        int r;

        if (act->dry_run)
                return target_load(act, json_text(args, "medium"), json_text(args, "device"), &job.target, err);
        r = revoke_slot(&job, json_text(args, "device"), json_text(args, "medium"), reason ? reason : "returned",
                        err);
        if (r < 0)
                return r;
        act_say(act,
                "Ninguna frase de persona abre ya el soporte %s. Una copia antigua de su cabecera sí: si pudo "
                "hacerse, "
                "«encrypt rotate» con una clave de volumen nueva.",
                "No person's passphrase opens medium %s any more. An old copy of its header does: if one may have "
                "been made, "
                "“encrypt rotate” with a new volume key.",
                job.target.medium.id);
        *ret = json_pack("{s:s, s:s, s:s, s:i}", "medium", job.target.medium.id, "number", job.before.number,
                         "recipient", job.before.recipient, "slot", job.before.slot);
        return *ret ? 0 : fail_memory(err);
}
