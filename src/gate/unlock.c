/* encrypt unlock: decided by policy on the very header that is opened, recorded, and only then mapped. The volume
 * key goes from locked memory into the kernel's keyring, and nowhere else. */
#include "base/str.h"
#include "device/mapping.h"
#include "encrypt/open.h"
#include "gate/opening_internal.h"

struct unlock {
        struct act *act;
        struct medium medium;
        struct device_facts facts;
        struct encrypt_opening *opening;
        struct gate_judgement judgement;
        struct opening_answer answer;
        enum opening_mode mode;
        bool recorded; /* as open */
};

static void unlock_done(struct unlock *job) {
        if (job->opening)
                encrypt_open_free(job->opening);
}

/* --- before it --------------------------------------------------------------------------------------------------
 */

/* What the registry has as open and is not, or the other way round, is put right first. */
static int refuse_open(struct unlock *job, struct error *err) {
        struct opening_row row;
        struct mapping mapping;
        char node[MAPPING_NODE];
        int r = opening_load(job->act->db, job->medium.id, &row, err);

        if (r < 0)
                return r;
        if (!mapping_find(job->medium.id, &mapping))
                return r == 1 ? opening_closed(job->act, job->medium.id, END_LOST, err) : 0;
        mapping_node(job->medium.id, node);
        if (r == 1 && strcmp(row.person, job->act->person) == 0)
                return fail(err, ERR_CONFLICT, "Ya lo tiene abierto en «%s».", "You have it open already, at “%s”.",
                            node);
        return fail(err, ERR_CONFLICT, "Ya está abierto por %s.", "It is open already, by %s.",
                    r == 1 ? row.person : "?");
}

/* The gate's read-only state is no reason not to open: what it leaves is decided below. */
static int refuse_in_use(const struct unlock *job, struct error *err) {
        struct device_facts facts = job->facts;

        if (facts.image)
                return fail(err, ERR_USAGE, "«%s» no es un disco.", "“%s” is no disk.", facts.path);
        facts.read_only = false;
        return device_refuse_in_use(&facts, err);
}

static int judge(struct unlock *job, struct error *err) {
        const struct gate_content content = { .header = encrypt_open_facts(job->opening) };
        int r = gate_judge(job->act, &job->facts, &content, &job->judgement, err);

        if (r < 0)
                return r;
        if (strcmp(job->judgement.medium, job->medium.id) != 0)
                return refuse(err, ERR_REFUSED, "S6", "«%s» no es el soporte %s.", "“%s” is not medium %s.",
                              job->facts.path, job->medium.id);
        opening_decide(&(struct opening_case){ .person = job->act->person,
                                               .roles = job->act->roles,
                                               .ours = encrypt_open_is_ours(job->opening),
                                               .standing = gate_standing_of(job->medium.state),
                                               .holder = job->medium.holder,
                                               .gate = job->judgement.answer,
                                               .but_loan = job->judgement.but_loan },
                       &job->answer);
        return 0;
}

static int refuse_unfit(const struct unlock *job, struct error *err) {
        struct error english;

        if (job->answer.mode != OPENING_REFUSED)
                return 0;
        /* Each language has its own reason: both are said, then the English one is taken over. */
        (void) refuse(&english, ERR_REFUSED, job->answer.rule, "%s: %s. %s", "%s: %s. %s", job->medium.id,
                      job->answer.why.en, job->judgement.detail[LANG_EN]);
        (void) refuse(err, ERR_REFUSED, job->answer.rule, "%s: %s. %s", "%s: %s. %s", job->medium.id,
                      job->answer.why.es, job->judgement.detail[LANG_ES]);
        if (err)
                memcpy(err->what[LANG_EN], english.what[LANG_EN], sizeof err->what[LANG_EN]);
        return ERR_REFUSED;
}

/* --- the opening itself -----------------------------------------------------------------------------------------
 */

static int record_opened(struct unlock *job, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char roles[64];
        int r;

        roles_format(job->act->roles, roles);
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "device", job->facts.path, "insertion",
                         job->facts.insertion, "key", encrypt_open_key_ref(job->opening), "mode",
                         opening_mode_terms[job->mode].code, "rule", job->answer.rule, "roles", roles);
        r = data ? act_record_one(job->act, "encryption.opened", job->medium.id, data, err) : fail_memory(err);
        job->recorded = r == 0 && !job->act->dry_run;
        return r;
}

static void plan_for(const struct unlock *job, struct mapping_plan *ret) {
        const struct luks_facts *header = encrypt_open_facts(job->opening);
        struct mapping_plan plan = { .diskseq = job->facts.diskseq,
                                     .offset = (int64_t) header->data_offset,
                                     .sector_size = (int32_t) header->segments[0].sector_size,
                                     .read_only = job->mode == OPENING_READ_ONLY,
                                     .lift = job->mode == OPENING_READ_WRITE && job->facts.read_only,
                                     .uid = getuid() };

        (void) snprintf(plan.medium, sizeof plan.medium, "%s", job->medium.id);
        (void) snprintf(plan.path, sizeof plan.path, "%s", job->facts.path);
        *ret = plan;
}

static int map(struct unlock *job, const struct secret *key, struct error *err) {
        struct mapping_plan plan;
        int32_t serial = 0;
        int r;

        plan_for(job, &plan);
        plan.key_bytes = (int32_t) key->size;
        r = mapping_key_put(key, job->medium.id, plan.key, &serial, err);
        if (r == 0)
                r = mapping_check(&plan, job->facts.size, err);
        if (r == 0)
                r = record_opened(job, err);
        if (r == 0)
                r = mapping_open(&plan, err);
        mapping_key_forget(serial);
        return r;
}

static int open_it(struct unlock *job, bool read_only, struct error *err) {
        _cleanup_secret_ struct secret *key = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        int r = refuse_in_use(job, err);

        if (r == 0)
                r = encrypt_open_read(job->act, &job->medium, &job->facts, &job->opening, err);
        if (r == 0)
                r = judge(job, err);
        if (r == 0)
                r = refuse_unfit(job, err);
        job->mode = read_only && job->answer.mode == OPENING_READ_WRITE ? OPENING_READ_ONLY : job->answer.mode;
        if (r < 0 || job->act->dry_run)
                return r;
        r = keys_open_unlocked(job->act, &keys, err);
        if (r == 0)
                r = encrypt_open_key(job->opening, keys, &key, err);
        return r == 0 ? map(job, key, err) : r;
}

/* --- failures ---------------------------------------------------------------------------------------------------
 */

/* Nobody was kept out by what is only busy, misspelt, or open already. */
static bool counts(const struct unlock *job, int r) {
        return job->recorded || (r != ERR_BUSY && r != ERR_USAGE && r != ERR_CONFLICT && r != ERR_NOT_FOUND);
}

static void record_failed(struct unlock *job, const struct error *why) {
        _cleanup_json_ json_t *data = NULL;
        const char *level;
        int64_t failed, at;

        if (opening_failures(job->act->db, job->medium.id, &failed, &at, NULL) < 0)
                return;
        failed = opening_fail(failed, at, act_now(job->act), &level);
        data = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:I, s:s, s:b}", "device", job->facts.path,
                         "insertion", job->facts.insertion, "outcome", error_word(why->code), "rule", why->rule,
                         "why", "es", why->what[LANG_ES], "en", why->what[LANG_EN], "failed", (json_int_t) failed,
                         "level", level, "opened", job->recorded);
        if (data)
                (void) act_record_one(job->act, "encryption.open-failed", job->medium.id, data, NULL);
}

int opening_run_unlock(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(unlock_done) struct unlock job = { .act = act };
        struct error trouble = { 0 };
        char node[MAPPING_NODE];
        int r = medium_load(act->db, json_text(args, "medium"), &job.medium, err);

        if (r == 0)
                r = device_facts_read(json_text(args, "device"), act->folder, &job.facts, err);
        if (r == 0)
                r = refuse_open(&job, err);
        if (r < 0)
                return r;
        r = open_it(&job, json_flag(args, "read-only"), &trouble);
        if (r < 0) {
                if (counts(&job, r) && !act->dry_run)
                        record_failed(&job, &trouble);
                if (err)
                        *err = trouble;
                return r;
        }
        mapping_node(job.medium.id, node);
        if (!act->dry_run)
                act_say(act, "%s está abierto en «%s» (%s).", "%s is open at “%s” (%s).", job.medium.id, node,
                        text_in(opening_mode_terms[job.mode].name, act->lang));
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s}", "medium", job.medium.id, "device", job.facts.path, "node",
                         node, "mode", opening_mode_terms[job.mode].code, "rule", job.answer.rule);
        return *ret ? 0 : fail_memory(err);
}
