#include "encrypt/change.h"

#include <stdio.h>
#include <string.h>

#include "device/gate.h"
#include "encrypt/mac.h"
#include "encrypt/token.h"
#include "policy/rule.h"

void header_changed_done(struct header_changed *changed) {
        luks_copy_done(&changed->header);
}

/* What one change has at hand. */
struct work {
        struct target *target;
        const struct header_change *change;
        struct encryption before;
        struct secret *machine; /* as it stands */
        const char *key;        /* reference afterwards */
        struct luks_copy old, new;
        int added;
        bool touched;
        json_t *slots; /* [{slot, use, salt}] of the new header */
};

static void work_done(struct work *work) {
        encryption_done(&work->before);
        secret_free(work->machine);
        luks_copy_done(&work->old);
        luks_copy_done(&work->new);
        json_decref(work->slots);
}

/* --- the header as it stands -----------------------------------------------------------------------------------
 */

static int refuse_slots(const struct work *work, struct error *err) {
        const struct luks_facts *facts = &work->old.facts;
        const struct luks_known *known = &work->before.header;

        for (size_t i = 0; i < facts->slots_n; i++) {
                bool registered = false;

                for (size_t k = 0; k < known->slots_n; k++)
                        registered = registered ||
                                     (known->slots[k].number == facts->slots[i].number &&
                                      strcmp(known->slots[k].salt_digest, facts->slots[i].salt_digest) == 0);
                /* It would be on record as ours from then on. */
                if (!registered)
                        return refuse(err, ERR_REFUSED, "C2", "El registro no conoce la ranura %d de la cabecera.",
                                      "The registry does not know slot %d of the header.", facts->slots[i].number);
        }
        return 0;
}

/* Nothing but the registered header is changed: what an old copy or a stranger's hand brought is not taken over. */
static int check_old(const struct work *work, struct error *err) {
        const struct luks_known *known = &work->before.header;
        const struct luks_facts *facts = &work->old.facts;
        char digest[65] = "";
        bool same;
        int r;

        if (facts->state != LUKS_VERSION_2 || !work->old.whole)
                return refuse(err, ERR_REFUSED, "C2", "No hay una cabecera LUKS2 entera.",
                              "There is no whole LUKS2 header.");
        r = refuse_slots(work, err);
        if (r < 0)
                return r;
        if (known->reencrypting && strcmp(work->change->reason, CHANGE_REKEYED) == 0)
                return facts->segments_n == 1 && !facts->requirements[0]
                               ? 0
                               : fail(err, ERR_CONFLICT, "El recifrado no ha terminado.",
                                      "The re-encryption is not finished.");
        r = copy_digest(&work->old, digest, err);
        if (r < 0)
                return r;
        same = known->canonical[0] ? strcmp(known->canonical, facts->canonical) == 0
                                   : strcmp(work->target->medium.header_digest, digest) == 0;
        if (strcmp(known->uuid, facts->uuid) != 0 || !same)
                return refuse(err, ERR_REFUSED, "C2", "La cabecera no es la registrada (seqid %llu).",
                              "The header is not the registered one (seqid %llu).",
                              (unsigned long long) facts->seqid);
        return known->mac[0] ? header_mac_verify(facts, work->machine, err) : 0;
}

/* --- the new one, in memory ------------------------------------------------------------------------------------
 */

static enum luks_use use_after(const struct work *work, const struct luks_slot *slot) {
        const struct luks_known *known = &work->before.header;
        bool rekey = strcmp(work->change->reason, CHANGE_REKEY) == 0;

        if (slot->number == SLOT_MACHINE || (rekey && slot->number == SLOT_OLD_MACHINE))
                return LUKS_USE_MACHINE;
        if (slot->number == SLOT_RECOVERY || (rekey && slot->number == SLOT_OLD_RECOVERY))
                return LUKS_USE_RECOVERY;
        for (size_t i = 0; i < known->slots_n; i++)
                if (known->slots[i].number == slot->number)
                        return known->slots[i].use;
        return LUKS_USE_HUMAN;
}

static json_t *slots_after(const struct work *work) {
        const struct luks_facts *facts = &work->new.facts;
        json_t *slots = json_array();

        for (size_t i = 0; i < facts->slots_n; i++)
                (void) json_array_append_new(slots,
                                             json_pack("{s:i, s:s, s:s}", "slot", facts->slots[i].number, "use",
                                                       luks_use_terms[use_after(work, &facts->slots[i])].code,
                                                       "salt", facts->slots[i].salt_digest));
        return slots;
}

static int make_new(struct work *work, struct error *err) {
        const struct header_change *change = work->change;
        const struct luks_edit edit = {
                .machine = work->machine,
                .new_machine = change->new_key ? change->new_key->secret : NULL,
                .new_recovery = change->new_key ? change->new_key->recovery : NULL,
                .add = change->add,
                .remove = change->remove,
                .new_volume_key = strcmp(change->reason, CHANGE_REKEY) == 0,
        };
        struct token_context token = { work->target->act, &work->target->medium, work->key };
        int r = luks_edit(&work->old, &edit, token_make, &token, &work->new, &work->added, err);

        if (r == 0)
                work->slots = slots_after(work);
        return r < 0 || work->slots ? r : fail_memory(err);
}

/* --- on record -------------------------------------------------------------------------------------------------
 */

static json_t *started_data(const struct work *work) {
        const struct luks_facts *old = &work->old.facts, *new = &work->new.facts;
        json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:O}", "reason",
                                 work->change->reason, "device", work->target->device.path, "key", work->key,
                                 "uuid", new->uuid, "old", old->canonical, "seqid", (json_int_t) new->seqid,
                                 "canonical", new->canonical, "mac", new->mac.value, "old_key", work->before.key,
                                 "slots", work->slots);

        if (data && work->change->more && json_object_update_missing(data, work->change->more) < 0) {
                json_decref(data);
                return NULL;
        }
        return data;
}

static int record_started(const struct work *work, struct error *err) {
        const char *id = work->target->medium.id;
        const struct medium_key *key = work->change->new_key;
        _cleanup_json_ json_t *data = started_data(work);
        const struct fact facts[] = {
                { "encryption.change-started", id, data },
                { "key.created", id, key ? key->fact_data : NULL },
        };

        return data ? act_record(work->target->act, facts, key ? 2 : 1, err) : fail_memory(err);
}

/* `started`: the data of encryption.change-started; the rest from what stands on the device. */
static int record_changed(struct target *target, const json_t *started, const struct luks_copy *header, bool mended,
                          char ret_digest[65], struct error *err) {
        _cleanup_json_ json_t *data = json_copy((json_t *) (uintptr_t) started);
        int r = copy_digest(header, ret_digest, err);

        if (r < 0)
                return r;
        if (!data || json_object_set_new(data, "digest", json_string(ret_digest)) < 0 ||
            json_object_set_new(data, "mended", json_boolean(mended)) < 0)
                return fail_memory(err);
        (void) json_object_del(data, "device");
        return act_record_one(target->act, "encryption.changed", target->medium.id, data, err);
}

static int record_failed(struct target *target, const char *reason, bool touched, const struct error *why) {
        _cleanup_json_ json_t *data = json_pack("{s:s, s:b}", "reason", reason, "touched", touched);

        if (!data)
                return ERR_FAILED;
        if (why)
                (void) json_object_set_new(
                        data, "why", json_pack("{s:s, s:s}", "es", why->what[LANG_ES], "en", why->what[LANG_EN]));
        return act_record_one(target->act, "encryption.change-failed", target->medium.id, data, NULL);
}

/* --- do the slots open? ----------------------------------------------------------------------------------------
 */

/* Between two volume keys each secret opens both: the old one under the second pair of numbers. */
static int try_machine(const struct luks_copy *header, bool rekey, const struct secret *secret, struct error *err) {
        int r = luks_try_slot(header, rekey ? SLOT_OLD_MACHINE : SLOT_MACHINE, secret, err);

        return r == 0 && rekey ? luks_try_unbound_slot(header, SLOT_MACHINE, secret, err) : r;
}

static int try_recovery(const struct luks_copy *header, bool rekey, const struct secret *secret,
                        struct error *err) {
        int r = luks_try_slot(header, rekey ? SLOT_OLD_RECOVERY : SLOT_RECOVERY, secret, err);

        return r == 0 && rekey ? luks_try_unbound_slot(header, SLOT_RECOVERY, secret, err) : r;
}

/* --- after a cut -----------------------------------------------------------------------------------------------
 */

/* The new header is on the device: all that the change still had to do is done, and it goes on record. */
static int finish(struct target *target, const json_t *started, struct luks_copy *header, struct error *err) {
        _cleanup_secret_ struct secret *machine = NULL;
        char digest[65];
        int r = keys_medium_secret(target->keys, json_text_or_empty(started, "key"), &machine, err);

        if (r == 0)
                r = header_mac_verify(&header->facts, machine, err);
        if (r == 0)
                r = try_machine(header, strcmp(json_text_or_empty(started, "reason"), CHANGE_REKEY) == 0, machine,
                                err);
        if (r == 0)
                r = luks_mend(target->fd, header, err);
        if (r == 0)
                r = luks_wipe_free(target->fd, header, err);
        return r == 0 ? record_changed(target, started, header, true, digest, err) : r;
}

int header_settle(struct target *target, char ret_reason[CHANGE_REASON], struct error *err) {
        _cleanup_encryption_ struct encryption encryption = { 0 };
        _cleanup_luks_copy_ struct luks_copy header = { 0 };
        const json_t *started;
        int r = encryption_load(target->act->db, target->medium.id, &encryption, err);

        ret_reason[0] = '\0';
        started = encryption.change;
        if (r < 0 || !started)
                return r;
        r = luks_recover(target->fd, LUKS_DATA_OFFSET, &header, err);
        if (r < 0)
                return r;
        if (strcmp(header.facts.canonical, json_text_or_empty(started, "canonical")) == 0) {
                r = finish(target, started, &header, err);
                if (r == 0)
                        (void) snprintf(ret_reason, CHANGE_REASON, "%s", json_text_or_empty(started, "reason"));
        } else if (strcmp(header.facts.canonical, json_text_or_empty(started, "old")) == 0) {
                r = luks_mend(target->fd, &header, err);
                if (r == 0)
                        r = luks_wipe_free(target->fd, &header, err);
                if (r == 0)
                        r = record_failed(target, json_text_or_empty(started, "reason"), false, NULL);
        } else {
                r = refuse(err, ERR_REFUSED, "C2", "La cabecera no es ni la de antes del cambio ni la de después.",
                           "The header is neither the one before the change nor the one after it.");
        }
        return r == 0 ? medium_load(target->act->db, target->medium.id, &target->medium, err) : r;
}

/* --- the change ------------------------------------------------------------------------------------------------
 */

static int read_back(struct work *work, struct luks_copy *ret, struct error *err) {
        const struct header_change *change = work->change;
        const struct secret *machine = change->new_key ? change->new_key->secret : work->machine;
        struct luks_verdict verdict;
        int r = luks_copy_read(work->target->fd, true, ret, err);

        if (r < 0)
                return r;
        if (!ret->whole || ret->n != work->new.n || memcmp(ret->bytes, work->new.bytes, ret->n) != 0)
                return fail(err, ERR_VERIFY, "El soporte no devuelve la cabecera que se escribió.",
                            "The medium does not give back the header that was written.");
        luks_judge(&ret->facts, work->target->medium.category, NULL, &verdict);
        r = encrypt_refuse(&verdict, err);
        if (r == 0)
                r = try_machine(ret, strcmp(change->reason, CHANGE_REKEY) == 0, machine, err);
        if (r == 0 && change->new_key)
                r = try_recovery(ret, strcmp(change->reason, CHANGE_REKEY) == 0, change->new_key->recovery, err);
        if (r == 0 && change->add)
                r = luks_try_slot(ret, work->added, change->add->passphrase, err);
        return r;
}

static int perform(struct work *work, struct header_changed *ret, struct error *err) {
        struct target *target = work->target;
        _cleanup_json_ json_t *started = started_data(work);
        int r = started ? record_started(work, err) : fail_memory(err);

        if (r < 0)
                return r;
        r = device_check_fd(&target->device, target->fd, err);
        if (r == 0) {
                work->touched = true;
                r = luks_rewrite(target->fd, &work->old, &work->new, err);
        }
        if (r == 0)
                r = read_back(work, &ret->header, err);
        if (r < 0) {
                /* Once something was written only the next look at the device can say which header it has. */
                (void) record_failed(target, work->change->reason, work->touched, err);
                return r;
        }
        ret->added = work->added;
        r = record_changed(target, started, &ret->header, false, ret->digest, err);
        return r == 0 ? medium_load(target->act->db, target->medium.id, &target->medium, err) : r;
}

static int load_work(struct work *work, struct error *err) {
        struct target *target = work->target;
        int r = encryption_load(target->act->db, target->medium.id, &work->before, err);

        if (r < 0)
                return r;
        if (!work->before.header.uuid[0] || !target->medium.key_id[0])
                return refuse(err, ERR_REFUSED, "C2", "El soporte %s no está cifrado por este puesto.",
                              "Medium %s is not encrypted by this station.", target->medium.id);
        if (work->before.header.reencrypting && strcmp(work->change->reason, CHANGE_REKEYED) != 0)
                return refuse(err, ERR_CONFLICT, "C5", "El recifrado de %s no ha terminado.",
                              "The re-encryption of %s is not finished.", target->medium.id);
        work->key = work->change->new_key ? work->change->new_key->ref : target->medium.key_id;
        r = keys_medium_secret(target->keys, target->medium.key_id, &work->machine, err);
        if (r == 0)
                r = luks_copy_read(target->fd, true, &work->old, err);
        return r == 0 ? check_old(work, err) : r;
}

int header_change(struct target *target, const struct header_change *change, struct header_changed *ret,
                  struct error *err) {
        _cleanup_(work_done) struct work work = { .target = target, .change = change, .added = -1 };
        _cleanup_header_changed_ struct header_changed changed = { .added = -1 };
        char settled[CHANGE_REASON];
        int r = header_settle(target, settled, err);

        if (r < 0)
                return r;
        if (strcmp(settled, change->reason) == 0)
                return fail(err, ERR_CONFLICT, "El mismo cambio quedó a medias y se acaba de terminar.",
                            "The same change was left unfinished and has just been finished.");
        r = load_work(&work, err);
        if (r == 0)
                r = make_new(&work, err);
        if (r == 0)
                r = perform(&work, &changed, err);
        if (r < 0)
                return r;
        *ret = changed;
        changed = (struct header_changed){ 0 };
        return 0;
}
