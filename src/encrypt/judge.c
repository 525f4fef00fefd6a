/* Judging what stands on a device, for this room and the others. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "encrypt/change.h"
#include "encrypt/handover.h"
#include "encrypt/internal.h"
#include "encrypt/rotation.h"
#include "encrypt/token.h"
#include "policy/rule.h"

static int read_copy(const char *device, bool whole, struct luks_copy *ret, struct error *err) {
        _cleanup_close_ int fd = -1;
        int r = luks_open_direct(device, O_RDONLY, &fd, err);

        return r < 0 ? r : luks_copy_read(fd, whole, ret, err);
}

int copy_digest(const struct luks_copy *copy, char ret_digest[65], struct error *err) {
        if (!copy->whole)
                return refuse(err, ERR_REFUSED, "C2", "No hay una cabecera LUKS2 entera.",
                              "There is no whole LUKS2 header.");
        return sha256_text(copy->bytes, copy->n, ret_digest) < 0 ? fail_memory(err) : 0;
}

int encrypt_header_digest(const char *device, char ret_digest[65], struct error *err) {
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        int r = read_copy(device, true, &copy, err);

        return r < 0 ? r : copy_digest(&copy, ret_digest, err);
}

int encrypt_judge_device(const char *device, enum category category, struct luks_verdict *ret, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        int r = read_copy(device, false, &copy, err);

        if (r == 0)
                luks_judge(&copy.facts, category, NULL, ret);
        return r;
}

/* What an interrupted or failed act left is not encryption until it was done again, whatever the header looks like.
 */
static void judge_history(const struct encryption *encryption, struct luks_verdict *verdict) {
        if (strcmp(encryption->state, "erasing") == 0)
                luks_verdict_add(verdict, 0, "C4", -1, LUKS_REFUSE,
                                 "el borrado criptográfico quedó a medias: repita el borrado",
                                 "the crypto erase was left unfinished: repeat the wipe");
        else if (strcmp(encryption->state, "running") == 0 || strcmp(encryption->state, "failed") == 0)
                luks_verdict_add(verdict, 0, "C2", -1, LUKS_REFUSE,
                                 "el cifrado con la clave %s no terminó: repita «encrypt run»",
                                 "the encryption with key %s did not finish: repeat “encrypt run”",
                                 encryption->key);
}

/* After a cut the device may have the new header although the registry does not say so yet. */
static void take_changed(const struct encryption *encryption, const struct luks_facts *facts,
                         struct luks_known *known) {
        const json_t *change = encryption->change;

        if (!change || strcmp(json_text_or_empty(change, "canonical"), facts->canonical) != 0)
                return;
        known->seqid = (uint64_t) json_int(change, "seqid", 0);
        (void) snprintf(known->canonical, sizeof known->canonical, "%s", facts->canonical);
        (void) snprintf(known->mac, sizeof known->mac, "%s", json_text_or_empty(change, "mac"));
        slots_from_json(json_object_get(change, "slots"), known);
}

/* What was begun is finished before the medium is written, by the verb that began it. */
static void judge_unfinished(const struct encryption *encryption, struct luks_verdict *verdict) {
        const char *reason = json_text_or_empty(encryption->change, "reason");
        bool handing = strcmp(reason, CHANGE_HANDOVER) == 0, revoking = strcmp(reason, CHANGE_REVOCATION) == 0;
        bool volume = encryption->header.reencrypting || strcmp(reason, CHANGE_REKEY) == 0;

        verdict->unfinished = true;
        if (handing || revoking)
                luks_verdict_add(verdict, 0, "C8", -1, LUKS_READ_ONLY,
                                 "un cambio de quién abre el soporte quedó a medias: repita «encrypt %s»",
                                 "a change of who opens the medium was left unfinished: repeat “encrypt %s”",
                                 handing ? "handover" : "revoke");
        else
                luks_verdict_add(verdict, 0, "C5", -1, LUKS_READ_ONLY,
                                 "su rotación quedó a medias: repita «encrypt rotate --kind %s»",
                                 "its rotation was left unfinished: repeat “encrypt rotate --kind %s”",
                                 volume ? "volume" : "slot");
}

/* C5: no key lives for ever. */
static void judge_rotation(struct act *act, const struct medium *medium, const struct encryption *encryption,
                           struct luks_verdict *verdict) {
        struct rotation_state state;
        char due[DATE_TEXT];

        if (encryption->change || encryption->header.reencrypting)
                judge_unfinished(encryption, verdict);
        rotation_state_of(act, medium, encryption, &state);
        date_of(state.due, due);
        verdict->overdue = state.standing == ROTATION_OVERDUE;
        if (state.standing == ROTATION_OVERDUE)
                luks_verdict_add(verdict, 0, "C5", -1, LUKS_READ_ONLY, "su clave de volumen venció el %s",
                                 "its volume key has been overdue since %s", due);
        else if (state.standing == ROTATION_SOON)
                luks_verdict_add(verdict, 0, "C5", -1, LUKS_WARN, "su clave de volumen vence el %s",
                                 "its volume key is due on %s", due);
        else if (state.standing == ROTATION_WAIVED)
                luks_verdict_add(verdict, 0, "C5", -1, LUKS_WARN, "su clave de volumen venció el %s; lo aplazó %s",
                                 "its volume key has been overdue since %s; put off by %s", due, state.waived_by);
}

static bool is_ours(const struct encryption *encryption) {
        return encryption->known && encryption->header.uuid[0] &&
               (strcmp(encryption->state, "done") == 0 || strcmp(encryption->state, "rekeying") == 0);
}

static void judge_facts(struct act *act, const struct medium *medium, const struct encryption *encryption,
                        const struct luks_facts *facts, struct luks_verdict *ret) {
        /* No slot of a header that we did not make is known: each is a person's, with the cost that asks for. */
        const struct luks_known nothing = { .profile = encryption->header.profile };
        struct luks_known known = encryption->header;

        take_changed(encryption, facts, &known);
        luks_judge(facts, medium->category, is_ours(encryption) ? &known : &nothing, ret);
        if (encryption->known)
                judge_history(encryption, ret);
        if (is_ours(encryption)) {
                handover_judge_facts(act->db, medium->id, facts, ret);
                judge_rotation(act, medium, encryption, ret);
        }
        if (facts->state != LUKS_VERSION_2)
                return;
        if (medium->luks_uuid[0] && strcmp(medium->luks_uuid, facts->uuid) != 0)
                luks_verdict_add(ret, 0, "C2", -1, LUKS_REFUSE, "la cabecera es otra: UUID %s, registrado %s",
                                 "the header is another one: UUID %s, registered %s", facts->uuid,
                                 medium->luks_uuid);
        token_judge(facts, medium, act->station_certificate, ret);
}

void judge_copy(struct act *act, const struct medium *medium, const struct encryption *encryption,
                const struct luks_copy *copy, struct luks_verdict *ret) {
        judge_facts(act, medium, encryption, &copy->facts, ret);
}

int encrypt_read_header(int fd, struct luks_facts *ret, struct error *err) {
        struct luks_copy copy = { 0 };
        int r = luks_copy_read(fd, false, &copy, err);

        if (r < 0)
                return r;
        free(copy.bytes);
        *ret = copy.facts;
        return 0;
}

int encrypt_judge_facts(struct act *act, const struct medium *medium, const struct luks_facts *facts,
                        struct luks_verdict *ret, struct error *err) {
        _cleanup_encryption_ struct encryption encryption = { 0 };
        int r = encryption_load(act->db, medium->id, &encryption, err);

        if (r == 0)
                judge_facts(act, medium, &encryption, facts, ret);
        return r;
}

int encrypt_judge_medium(struct act *act, const struct medium *medium, const char *device, struct luks_verdict *ret,
                         struct error *err) {
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        int r = read_copy(device, false, &copy, err);

        return r < 0 ? r : encrypt_judge_facts(act, medium, &copy.facts, ret, err);
}

int encrypt_refuse(const struct luks_verdict *verdict, struct error *err) {
        const struct luks_finding *worst = luks_verdict_worst(verdict);
        struct text remedy;
        struct error english;
        char row_es[32] = "", row_en[32] = "";

        if (verdict->decision < LUKS_READ_ONLY)
                return 0;
        if (!worst)
                return refuse(err, ERR_REFUSED, "C2", "La cabecera no se acepta.", "The header is not accepted.");
        if (worst->row) {
                (void) snprintf(row_es, sizeof row_es, "Fila %d: ", worst->row);
                (void) snprintf(row_en, sizeof row_en, "Row %d: ", worst->row);
        }
        /* Each language has its own reason: both are said, then the English one is taken over. */
        (void) refuse(&english, ERR_REFUSED, worst->rule, "%s%s.", "%s%s.", row_en, worst->en);
        (void) refuse(err, ERR_REFUSED, worst->rule, "%s%s.", "%s%s.", row_es, worst->es);
        if (err)
                memcpy(err->what[LANG_EN], english.what[LANG_EN], sizeof err->what[LANG_EN]);
        remedy = luks_finding_remedy(worst);
        (void) hint(err, "%s", "%s", remedy.es);
        if (err)
                (void) snprintf(err->hint[LANG_EN], ERROR_TEXT_MAX, "%s", remedy.en);
        return ERR_REFUSED;
}
