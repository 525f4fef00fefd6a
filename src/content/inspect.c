/* `media inspect`: a read-only look at the bytes of a device or image, and what they propose. Nothing is mounted.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "content/content.h"
#include "content/reader.h"
#include "registry/proposal.h"

enum { MEBIBYTE = 1 << 20, LIMIT_DEFAULT = 512 };

struct look {
        struct act *act;
        struct device_facts facts;
        char medium[MEDIUM_ID_TEXT]; /* "" when it is not registered */
        struct content_report report;
        enum classification classification;
        bool any, health;
        char tags[128];
};

static void show_progress(void *context, int64_t done, int64_t total) {
        const struct look *look = context;
        const struct progress progress = { .subject = *look->medium ? look->medium : look->facts.path,
                                           .step = { "mirando el contenido", "looking at the content" },
                                           .done = (uint64_t) done,
                                           .total = (uint64_t) total,
                                           .eta = -1 };

        act_progress(look->act, &progress);
}

static bool is_cancelled(void *context) {
        return act_cancelled(((const struct look *) context)->act);
}

static void put_tags(struct look *look) {
        size_t used = 0;

        for (size_t i = 0; i < CONTENT_KINDS; i++)
                if (look->report.count[i] > 0)
                        used += (size_t) snprintf(look->tags + used, sizeof look->tags - used, "%s%s",
                                                  used ? "," : "", content_terms[i].code);
}

/* Without the writer's lock: it may take minutes. */
static int read_paused(struct look *look, int64_t limit, struct error *err) {
        const struct reading reading = { limit, show_progress, is_cancelled, look };
        int r = act_pause(look->act, err), resumed;

        if (r < 0)
                return r;
        r = content_read(&look->facts, &reading, &look->report, err);
        act_progress_end(look->act);
        resumed = act_resume(look->act, r == 0 ? err : NULL);
        return r == 0 ? resumed : r;
}

static int find_medium(struct look *look, struct error *err) {
        int r = medium_of_device(look->act->db, &look->facts, look->medium, NULL, err);

        if (r == ERR_NOT_FOUND)
                look->medium[0] = '\0';
        return r == ERR_NOT_FOUND ? 0 : r;
}

static json_t *rows_of(const struct look *look) {
        json_t *rows = json_array();

        for (size_t i = 0; i < CONTENT_KINDS; i++)
                if (look->report.count[i] > 0)
                        (void) json_array_append_new(
                                rows, json_pack("{s:s, s:s, s:I, s:I}", "tag", content_terms[i].code, "name",
                                                text_in(content_terms[i].name, look->act->lang), "count",
                                                (json_int_t) look->report.count[i], "first",
                                                (json_int_t) look->report.first[i]));
        return rows;
}

static int record(struct look *look, struct error *err) {
        const struct device_facts *facts = &look->facts;
        const char *subject = *look->medium ? look->medium : proposal_subject(facts);
        _cleanup_json_ json_t *data = json_pack(
                "{s:s, s:s, s:b, s:I, s:I, s:s, s:s, s:o}", "tags", look->tags, "classification",
                look->any ? classification_terms[look->classification].code : "", "health", look->health, "read",
                (json_int_t) look->report.bytes, "size", (json_int_t) facts->size, "device", facts->path, "serial",
                facts->serial, "found", rows_of(look));

        return data ? act_record_one(look->act, "medium.inspected", subject, data, err) : fail_memory(err);
}

static void say_what(struct look *look) {
        struct act *act = look->act;

        if (look->facts.luks_version)
                act_say(act, "El soporte está cifrado: de lo que hay dentro no se ve nada.",
                        "The medium is encrypted: nothing of what is inside shows.");
        if (look->report.bytes < look->facts.size)
                act_say(act, "Se leyeron muestras, %lld de %lld MiB: lo que no se ve puede estar en el resto.",
                        "Samples were read, %lld of %lld MiB: what does not show may be in the rest.",
                        (long long) (look->report.bytes / MEBIBYTE), (long long) (look->facts.size / MEBIBYTE));
        if (look->any)
                act_say(act,
                        "Se propone %s%s: «media register» y «media classify» lo toman con --proposed (L4, L8).",
                        "%s is proposed%s: “media register” and “media classify” take it with --proposed (L4, L8).",
                        classification_terms[look->classification].code, look->health ? " + health" : "");
        else
                act_say(act, "No se reconoce nada: eso no prueba que no haya nada.",
                        "Nothing is recognised: that is no proof that nothing is there.");
}

static int run_inspect(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int64_t limit = json_int(args, "limit", LIMIT_DEFAULT) * MEBIBYTE;
        struct look look = { .act = act };
        int r = device_facts_read(json_text(args, "device"), act->folder, &look.facts, err);

        if (r == 0 && json_flag(args, "all"))
                limit = look.facts.size + CONTENT_WINDOW;
        if (r == 0)
                r = find_medium(&look, err);
        if (r == 0)
                r = read_paused(&look, limit, err);
        if (r < 0)
                return r;
        look.any = content_propose(&look.report, &look.classification, &look.health);
        put_tags(&look);
        r = record(&look, err);
        if (r < 0)
                return r;
        say_what(&look);
        *ret = json_pack("{s:o, s:s, s:s, s:I, s:I, s:b, s:s, s:b}", "rows", rows_of(&look), "medium", look.medium,
                         "device", look.facts.path, "read", (json_int_t) look.report.bytes, "size",
                         (json_int_t) look.facts.size, "encrypted", look.facts.luks_version > 0, "proposed",
                         look.any ? classification_terms[look.classification].code : "", "health", look.health);
        return *ret ? 0 : fail_memory(err);
}

static const struct param inspect_params[] = {
        { "device", PARAM_DEVICE, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("dispositivo de bloques o imagen; solo se lee", "block device or image; it is only read"), 0, 0,
          NULL, 0 },
        { "limit", PARAM_INT, 0, HELP("MiB que se leen como mucho (512)", "MiB that are read at most (512)"), 2,
          1 << 24, NULL, 0 },
        { "all", PARAM_FLAG, 0, HELP("leerlo entero", "read all of it"), 0, 0, NULL, 0 },
};
static const struct column inspect_columns[] = {
        { "tag", HELP("ETIQUETA", "TAG") },
        { "name", HELP("QUÉ PARECE", "WHAT IT LOOKS LIKE") },
        { "count", HELP("VECES", "TIMES") },
        { "first", HELP("PRIMER BYTE", "FIRST BYTE") },
};

static const struct verb verbs[] = {
        { "media", "inspect", ROLE_OWNER | ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_WRITES,
          HELP("Mira qué parece haber en un soporte y propone su clasificación",
               "Looks at what seems to be on a medium and proposes its classification"),
          PARAMS(inspect_params), COLUMNS(inspect_columns), .run = run_inspect },
};

const struct room content_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
