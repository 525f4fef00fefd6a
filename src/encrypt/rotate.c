/* encrypt rotate: new secrets for a medium's slots (B), or a new volume key (C5). */
#include <stdio.h>
#include <string.h>

#include "encrypt/change.h"
#include "encrypt/rekey.h"
#include "policy/rule.h"

const struct term rotation_kind_terms[ROTATION_KINDS] = {
        [ROTATION_SLOT] = { "slot", { "secreto de las ranuras", "secret of the slots" } },
        [ROTATION_VOLUME] = { "volume", { "clave de volumen", "volume key" } },
};

struct rotation {
        struct act *act;
        struct target target;
        struct keys *keys;
        enum rotation_kind kind;
        struct rekey_progress progress;
};

static void rotation_done(struct rotation *rotation) {
        target_release(&rotation->target);
        keys_close(rotation->keys);
}

static int refuse_state(const struct rotation *rotation, struct error *err) {
        const struct medium *medium = &rotation->target.medium;

        if (medium->state != MEDIUM_IN_CUSTODY)
                return fail(err, ERR_CONFLICT, "El soporte %s está «%s%.0s»: sus claves se rotan en custodia.",
                            "Medium %s is “%.0s%s”: its keys are rotated in custody.", medium->id,
                            medium_state_terms[medium->state].name.es, medium_state_terms[medium->state].name.en);
        if (!medium->key_id[0])
                return refuse(err, ERR_REFUSED, "C2", "El soporte %s no está cifrado por este puesto.",
                              "Medium %s is not encrypted by this station.", medium->id);
        return 0;
}

/* Nobody here knows the passphrase, so nobody could give the person's slot the new volume key. */
static int refuse_people(const struct encryption *encryption, struct error *err) {
        for (size_t i = 0; i < encryption->header.slots_n; i++)
                if (encryption->header.slots[i].use == LUKS_USE_HUMAN) {
                        (void) refuse(err, ERR_REFUSED, "C5",
                                      "La ranura %d es de un destinatario, que dejaría de poder abrir el soporte.",
                                      "Slot %d is a recipient's, who could not open the medium any more.",
                                      encryption->header.slots[i].number);
                        return hint(err, "Revoque antes su entrega («mpsi encrypt handover»).",
                                    "Revoke the handover first (“mpsi encrypt handover”).");
                }
        return 0;
}

/* One change with a new key of the vault: a crash leaves a key that no header has, never a header without its key.
 */
static int change_key(struct rotation *rotation, const char *reason, struct error *err) {
        _cleanup_header_changed_ struct header_changed changed = { .added = -1 };
        _cleanup_medium_key_ struct medium_key key = { .ref = "" };
        const struct header_change change = { .reason = reason, .new_key = &key, .remove = -1 };
        int r = keys_medium_create(rotation->keys, rotation->target.medium.id, &key, err);

        return r == 0 ? header_change(&rotation->target, &change, &changed, err) : r;
}

static int destroy_old(struct rotation *rotation, struct error *err) {
        return keys_destroy_medium(rotation->keys, rotation->target.medium.id, rotation->target.medium.key_id,
                                   "rotated", NULL, err);
}

static int rotate_slot(struct rotation *rotation, const char *settled, struct error *err) {
        int r = strcmp(settled, CHANGE_SLOT) == 0 ? 0 : change_key(rotation, CHANGE_SLOT, err);

        if (r == 0)
                r = destroy_old(rotation, err);
        if (r < 0)
                return r;
        act_say(rotation->act,
                "Ranuras de %s renovadas (rotación B). No revoca una copia antigua de la cabecera: eso lo hace "
                "--kind volume.",
                "Slots of %s renewed (rotation B). It does not revoke an old copy of the header: --kind volume "
                "does.",
                rotation->target.medium.id);
        return 0;
}

/* --- the volume key --------------------------------------------------------------------------------------------
 */

static int record_stopped(struct rotation *rotation, const struct error *why) {
        const struct rekey_progress *progress = &rotation->progress;
        _cleanup_json_ json_t *data = json_pack("{s:I, s:I, s:s, s:{s:s, s:s}}", "done",
                                                (json_int_t) progress->done, "total", (json_int_t) progress->total,
                                                "outcome", error_word(why->code), "reason", "es",
                                                why->what[LANG_ES], "en", why->what[LANG_EN]);

        return data ? act_record_one(rotation->act, "encryption.rekey-stopped", rotation->target.medium.id, data,
                                     NULL)
                    : ERR_FAILED;
}

static int run_paused(struct rotation *rotation, struct error *err) {
        _cleanup_secret_ struct secret *machine = NULL;
        struct error lock_error;
        int resumed, r = keys_medium_secret(rotation->keys, rotation->target.medium.key_id, &machine, err);

        if (r == 0)
                r = act_pause(rotation->act, err);
        if (r < 0)
                return r;
        r = rekey_run(&rotation->target, machine, &rotation->progress, err);
        resumed = act_resume(rotation->act, &lock_error);
        if (resumed < 0) {
                if (r == 0)
                        *err = lock_error;
                return r < 0 ? r : resumed;
        }
        if (r < 0) {
                (void) record_stopped(rotation, err);
                return hint(err, "Repita «mpsi encrypt rotate»: sigue donde quedó.",
                            "Repeat “mpsi encrypt rotate”: it goes on where it stopped.");
        }
        return medium_load(rotation->act->db, rotation->target.medium.id, &rotation->target.medium, err);
}

static int end_volume(struct rotation *rotation, struct error *err) {
        _cleanup_header_changed_ struct header_changed changed = { .added = -1 };
        _cleanup_json_ json_t *more = json_pack("{s:I}", "bytes", (json_int_t) rotation->progress.total);
        const struct header_change change = { .reason = CHANGE_REKEYED, .remove = -1, .more = more };

        return more ? header_change(&rotation->target, &change, &changed, err) : fail_memory(err);
}

static int rotate_volume(struct rotation *rotation, const char *settled, struct error *err) {
        _cleanup_encryption_ struct encryption encryption = { 0 };
        int r = encryption_load(rotation->act->db, rotation->target.medium.id, &encryption, err);
        bool begun = encryption.header.reencrypting, ended = strcmp(settled, CHANGE_REKEYED) == 0;

        if (r == 0 && !begun && !ended)
                r = refuse_people(&encryption, err);
        if (r == 0 && !begun && !ended)
                r = change_key(rotation, CHANGE_REKEY, err);
        if (r == 0 && !ended)
                r = run_paused(rotation, err);
        if (r == 0 && !ended)
                r = end_volume(rotation, err);
        if (r == 0)
                r = destroy_old(rotation, err);
        if (r == 0)
                act_say(rotation->act, "La clave de volumen de %s es nueva (rotación C); la anterior, destruida.",
                        "The volume key of %s is new (rotation C); the one before is destroyed.",
                        rotation->target.medium.id);
        return r;
}

/* Between the look that found it cut off and the writer's lock whoever was at it may have come to its end: nobody
 * asked for another. */
static int refuse_ended(const struct rotation *rotation, struct error *err) {
        enum rotation_kind kind;
        char person[40];
        int r = rotation->act->resumes ? encrypt_rotation_unfinished(rotation->act->db, rotation->target.medium.id,
                                                                     person, &kind, err)
                                       : 0;

        if (r < 0 || !rotation->act->resumes || person[0])
                return r;
        return fail(err, ERR_CONFLICT, "La rotación ya terminó: no hay nada que reanudar.",
                    "The rotation has come to its end: there is nothing to go on with.");
}

/* --- the verb --------------------------------------------------------------------------------------------------
 */

static int refuse_unfinished(struct rotation *rotation, struct error *err) {
        _cleanup_encryption_ struct encryption encryption = { 0 };
        int r = encryption_load(rotation->act->db, rotation->target.medium.id, &encryption, err);

        if (r < 0 || rotation->kind == ROTATION_VOLUME || !encryption.header.reencrypting)
                return r;
        return refuse(err, ERR_CONFLICT, "C5", "El recifrado de %s no ha terminado.",
                      "The re-encryption of %s is not finished.", rotation->target.medium.id);
}

static int perform(struct rotation *rotation, struct error *err) {
        char settled[CHANGE_REASON];
        int r = target_hold(&rotation->target, err);

        rotation->target.keys = rotation->keys;
        if (r == 0)
                r = refuse_ended(rotation, err);
        if (r == 0)
                r = header_settle(&rotation->target, settled, err);
        if (r == 0)
                r = refuse_unfinished(rotation, err);
        if (r < 0)
                return r;
        return rotation->kind == ROTATION_SLOT ? rotate_slot(rotation, settled, err)
                                               : rotate_volume(rotation, settled, err);
}

int encrypt_rotate(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(rotation_done) struct rotation rotation = { .act = act, .target.fd = -1 };
        int r = target_load(act, json_text(args, "medium"), json_text(args, "device"), &rotation.target, err);

        rotation.kind = (enum rotation_kind) term_parse(rotation_kind_terms, ROTATION_KINDS,
                                                        json_text(args, "kind"));
        if (r == 0)
                r = refuse_state(&rotation, err);
        if (r == 0 && !act->dry_run)
                r = keys_open_unlocked(act, &rotation.keys, err);
        if (r == 0 && !act->dry_run)
                r = perform(&rotation, err);
        if (r < 0)
                return r;
        if (!act->dry_run)
                act_say(act,
                        "Haga una copia con «backup create»: las de antes no guardan la clave que %s tiene ahora.",
                        "Make a backup with “backup create”: those of before lack the key that %s has now.",
                        rotation.target.medium.id);
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:I}", "medium", rotation.target.medium.id, "device",
                         rotation.target.device.path, "kind", rotation_kind_terms[rotation.kind].code, "key",
                         rotation.target.medium.key_id, "uuid", rotation.target.medium.luks_uuid, "seqid",
                         (json_int_t) rotation.target.medium.luks_seqid, "digest",
                         rotation.target.medium.header_digest, "bytes", (json_int_t) rotation.progress.total);
        return *ret ? 0 : fail_memory(err);
}
