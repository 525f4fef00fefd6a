#include "api/ledger_verbs.h"

#include <stdio.h>

#include <string.h>

#include "api/store.h"
#include "base/file.h"
#include "ledger/ledger.h"

static int run_verify(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *path = json_text(args, "checkpoint");
        const struct schema *schemas[STORE_SCHEMAS_MAX];
        size_t n = store_schemas(schemas), length;
        struct ledger_report report = { 0 };
        _cleanup_free_ char *published = NULL;
        int r = path ? file_read(path, 4096, &published, &length, err) : 0;

        if (r == 0)
                r = ledger_verify_events(act->ledger, published, &report, err);
        if (r == 0 && !json_flag(args, "events-only"))
                r = ledger_verify_state(act->ledger, schemas, n, &report, err);
        if (r == 0 && json_array_size(report.problems) == 0) {
                act_say(act,
                        "El libro está íntegro: %lld eventos, %lld puntos de control, %lld firmas comprobadas.",
                        "The ledger is whole: %lld events, %lld checkpoints, %lld signatures checked.",
                        (long long) report.events, (long long) report.checkpoints, (long long) report.signatures);
                *ret = json_pack("{s:b, s:I, s:I, s:I, s:O}", "whole", 1, "events", (json_int_t) report.events,
                                 "checkpoints", (json_int_t) report.checkpoints, "signatures",
                                 (json_int_t) report.signatures, "rows", report.problems);
        } else if (r == 0) {
                const json_t *first = json_array_get(report.problems, 0);
                json_t *row;
                size_t i;

                json_array_foreach(report.problems, i, row) {
                        if (i == 20)
                                break;
                        act_say(act, "✗ %.480s", "✗ %.480s", json_text(row, "es"));
                        json_t *said = json_array_get(act->said, json_array_size(act->said) - 1);

                        (void) json_object_set(said, "en", json_object_get(row, "en"));
                }
                (void) fail(err, ERR_VERIFY, "El libro no está íntegro (%zu hallazgos). %s",
                            "The ledger is not whole (%zu findings).%.0s", json_array_size(report.problems),
                            json_text_or_empty(first, "es"));
                r = hint(err, "No siga registrando; avise al administrador de seguridad y conserve los ficheros.",
                         "Record nothing more; tell the security administrator and keep the files.");
        }
        ledger_report_done(&report);
        return r;
}

static int run_replay(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const struct schema *schemas[STORE_SCHEMAS_MAX];
        size_t n = store_schemas(schemas);
        char live[SHA256_TEXT], replayed[SHA256_TEXT];
        int r = ledger_replay(act->ledger, schemas, n, live, replayed, err);

        (void) args;
        if (r < 0)
                return r;
        if (strcmp(live, replayed) != 0)
                return fail(err, ERR_VERIFY, "El estado no es el que dan los eventos: %.16s… y %.16s….",
                            "The state is not what the events give: %.16s… and %.16s….", live, replayed);
        act_say(act, "Los eventos reproducen el estado, byte a byte: %s",
                "The events reproduce the state, byte for byte: %s", live);
        *ret = json_pack("{s:s, s:s}", "live", live, "replayed", replayed);
        return 0;
}

static int run_checkpoint(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *out = json_text(args, "out");
        _cleanup_free_ char *text = NULL;
        int r = ledger_checkpoint(act->ledger, &text, err);

        if (r == 0 && out)
                r = file_write(out, text, strlen(text), 0644, err);
        if (r == 0)
                *ret = json_pack("{s:s}", "checkpoint", text);
        return r;
}

static int run_prove(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *out = json_text(args, "out");
        _cleanup_json_ json_t *proof = NULL;
        int r = ledger_prove(act->ledger, json_int(args, "seq", 0), &proof, err);

        if (r == 0 && out) {
                _cleanup_free_ char *text = NULL;

                r = json_canonical(proof, &text, err);
                if (r == 0)
                        r = file_write(out, text, strlen(text), 0644, err);
        }
        if (r == 0)
                *ret = TAKE_PTR(proof);
        return r;
}

struct exporting {
        char *text;
        size_t n;
        FILE *file;
        struct error *err;
};

static int export_event(void *context, const struct event *event) {
        struct exporting *exporting = context;
        _cleanup_free_ char *data = NULL, *text = NULL;
        size_t n;
        int r = json_canonical(event->data, &data, exporting->err);

        if (r == 0)
                r = event_text(event, data, &text, &n, exporting->err);
        if (r == 0 && fprintf(exporting->file, "%s\n", text) < 0)
                r = fail_memory(exporting->err);
        return r;
}

static int run_export(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct exporting exporting = { .err = err };
        int r;

        exporting.file = open_memstream(&exporting.text, &exporting.n);
        if (!exporting.file)
                return fail_memory(err);
        r = ledger_events(act->db, NULL, json_int(args, "after", 0), json_int(args, "limit", 1000000), export_event,
                          &exporting, err);
        if (fclose(exporting.file) != 0 && r == 0)
                r = fail_memory(err);
        if (r == 0)
                r = file_write(json_text(args, "out"), exporting.text, exporting.n, 0640, err);
        free(exporting.text);
        if (r == 0)
                *ret = json_pack("{s:s}", "out", json_text(args, "out"));
        return r;
}

#define OUT(flags)                                                                                                 \
        { "out", PARAM_OUTPUT, flags, HELP("fichero que se escribe", "file to write"), 0, 0, NULL, 0 }
static const struct param verify_params[] = {
        { "checkpoint", PARAM_INPUT, 0,
          HELP("punto de control guardado fuera del almacén", "checkpoint kept outside the store"), 0, 0, NULL, 0 },
        { "events-only", PARAM_FLAG, 0, HELP("sin comparar el estado", "without comparing the state"), 0, 0, NULL,
          0 },
};
static const struct param checkpoint_params[] = { OUT(0) };
static const struct param prove_params[] = {
        { "seq", PARAM_INT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("número del evento", "the event's number"), 1,
          INT64_MAX, NULL, 0 },
        OUT(0),
};
static const struct param export_params[] = {
        OUT(PARAM_REQUIRED),
        { "after", PARAM_INT, 0, HELP("desde el siguiente a este evento", "from the one after this event"), 0,
          INT64_MAX, NULL, 0 },
        { "limit", PARAM_INT, 0, HELP("cuántos como mucho", "how many at most"), 1, 100000000, NULL, 0 },
};
static const struct column verify_columns[] = { { "kind", HELP("HALLAZGO", "FINDING") },
                                                { "seq", HELP("EVENTO", "EVENT") },
                                                { "es", HELP("QUÉ", "WHAT") } };
static const struct column replay_columns[] = { { "live", HELP("ESTADO", "STATE") },
                                                { "replayed", HELP("REPRODUCIDO", "REPLAYED") } };
static const struct column checkpoint_columns[] = { { "checkpoint", HELP("PUNTO DE CONTROL", "CHECKPOINT") } };
static const struct column prove_columns[] = { { "event", HELP("EVENTO", "EVENT") },
                                               { "checkpoint", HELP("PUNTO DE CONTROL", "CHECKPOINT") },
                                               { "path", HELP("CAMINO", "PATH") } };

/* X1: whole-ledger export is not for the auditor's role (A4: no bulk export). */
static const struct verb verbs[] = {
        { "ledger", "verify", ROLE_ANY, VERB_READS,
          HELP("Comprueba todo el libro y el estado", "Checks the whole ledger and the state"),
          PARAMS(verify_params), COLUMNS(verify_columns), .run = run_verify },
        { "ledger", "replay", ROLE_ANY, VERB_READS,
          HELP("Reproduce el estado desde los eventos", "Replays the state from the events"),
          COLUMNS(replay_columns), .run = run_replay },
        { "ledger", "checkpoint", ROLE_ANY, VERB_READS,
          HELP("Da el último punto de control firmado", "Gives the newest signed checkpoint"),
          PARAMS(checkpoint_params), COLUMNS(checkpoint_columns), .run = run_checkpoint },
        { "ledger", "prove", ROLE_ANY, VERB_READS,
          HELP("Prueba que un evento está en el libro", "Proves that an event is in the ledger"),
          PARAMS(prove_params), COLUMNS(prove_columns), .run = run_prove },
        { "ledger", "export", ROLE_SECURITY, VERB_READS | VERB_BULK,
          HELP("Exporta los eventos, uno por línea", "Exports the events, one a line"), PARAMS(export_params),
          .run = run_export },
};

const struct room ledger_room = { .schema = NULL, .verbs = verbs, .verbs_n = COUNT(verbs) };
