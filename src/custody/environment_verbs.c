/* `env ...` (U5): by hand, from a file, a maker's limits, and what there is. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/environment.h"

static int run_record(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct reading reading = { .time = act_now(act) };
        struct area there;
        bool any = false;
        int r = custody_area_parse(json_text(args, "location"), reading.area, NULL, err);

        if (r == 0)
                r = custody_area_load(act->db, reading.area, &there, err);
        if (r == 0 && json_text(args, "time"))
                r = reading_time_parse(json_text(args, "time"), NULL, &reading.time, err);
        for (int q = 0; r == 0 && q < QUANTITIES; q++) {
                if (json_text(args, quantity_terms[q].code))
                        r = reading_set(&reading, (enum quantity) q, json_text(args, quantity_terms[q].code), err);
                any |= reading.has[q];
        }
        if (r == 0 && reading.time > act_now(act))
                r = fail(err, ERR_USAGE, "El momento está en el futuro.", "The moment is in the future.");
        if (r == 0 && !any)
                r = fail(err, ERR_USAGE, "Diga --temperature, --humidity o --field.",
                         "Say --temperature, --humidity or --field.");
        if (r == 0)
                r = reading_known(act->db, &reading, err);
        if (r == 0)
                r = readings_record(act, &reading, 1, err);
        if (r < 0)
                return r;
        act_say(act, "Lectura de %s anotada.", "Reading of %s noted.", reading.area);
        *ret = json_pack("{s:s}", "location", reading.area);
        return *ret ? 0 : fail_memory(err);
}

/* "16..25": both ends, in either order of nothing but sense. */
static int parse_range(enum quantity quantity, const char *text, struct range *ret, struct error *err) {
        const char *dots = strstr(text, "..");
        char least[24];
        struct range range;

        if (!dots || dots == text || (size_t) (dots - text) >= sizeof least)
                return fail(err, ERR_USAGE, "«%.40s» no es un intervalo, como 16..25.",
                            "“%.40s” is no range, such as 16..25.", text);
        (void) snprintf(least, sizeof least, "%.*s", (int) (dots - text), text);
        if (!environment_parse(least, &range.least) || !environment_parse(dots + 2, &range.most) ||
            range.least > range.most || !environment_sane(quantity, range.least) ||
            !environment_sane(quantity, range.most))
                return fail(err, ERR_USAGE, "«%.40s» no es un intervalo, como 16..25.",
                            "“%.40s” is no range, such as 16..25.", text);
        *ret = range;
        return 0;
}

static int run_limits(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array(), *data = NULL;
        const char *model = json_text(args, "model");
        int r;

        for (int q = 0; q < QUANTITIES; q++) {
                const char *text = json_text(args, quantity_terms[q].code);
                struct range range;

                if (!text)
                        continue;
                r = parse_range((enum quantity) q, text, &range, err);
                if (r < 0)
                        return r;
                if (json_array_append_new(list,
                                          json_pack("{s:s, s:I, s:I}", "quantity", quantity_terms[q].code, "least",
                                                    (json_int_t) range.least, "most", (json_int_t) range.most)))
                        return fail_memory(err);
        }
        if (json_array_size(list) == 0)
                return fail(err, ERR_USAGE, "Diga --temperature, --humidity o --field.",
                            "Say --temperature, --humidity or --field.");
        data = json_pack("{s:O, s:s}", "limits", list, "source", json_text(args, "source"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "environment.limited", model, data, err);
        if (r < 0)
                return r;
        act_say(act, "Límites del fabricante de «%s» anotados.", "The maker's limits of “%s” noted.", model);
        *ret = json_pack("{s:s, s:O}", "model", model, "limits", list);
        return *ret ? 0 : fail_memory(err);
}

#define PLACE(flags)                                                                                               \
        {                                                                                                          \
                "location", PARAM_TEXT, flags,                                                                     \
                        HELP("sala, armario o posición: HQ-S03", "room, cabinet or position: HQ-S03"), 0, 40,      \
                        NULL, 0                                                                                    \
        }
#define MEASURES(spanish, english)                                                                                   \
        {                                                                                                            \
                "temperature", PARAM_TEXT, 0, HELP("temperatura, °C" spanish, "temperature, °C" english), 0, 40,     \
                NULL,          0                                                                                     \
        },                                                                                                           \
                { "humidity", PARAM_TEXT, 0,    HELP("humedad relativa, %" spanish, "relative humidity, %" english), \
                  0,          40,         NULL, 0 },                                                                 \
        {                                                                                                            \
                "field", PARAM_TEXT, 0, HELP("campo magnético, gauss" spanish, "magnetic field, gauss" english),     \
                        0, 40, NULL, 0                                                                               \
        }

static const struct param record_params[] = {
        PLACE(PARAM_REQUIRED | PARAM_POSITIONAL),
        MEASURES("", ""),
        { "time", PARAM_TEXT, 0,
          HELP("cuándo, si no es ahora: 2026-11-27T14:05:00Z", "when, if not now: "
                                                               "2026-11-27T14:05:00Z"),
          0, 40, NULL, 0 },
};
static const struct param import_params[] = {
        { "file", PARAM_INPUT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("CSV: momento, lugar, temperatura, humedad, campo",
               "CSV: time, location, temperature, humidity, field"),
          0, 0, NULL, 0 },
        PLACE(0),
        { "offset", PARAM_TEXT, 0,
          HELP("desfase de los momentos sin zona: +01:00", "offset of moments without a zone: +01:00"), 0, 10, NULL,
          0 },
        { "follow", PARAM_FLAG, 0,
          HELP("un sensor sigue escribiendo el fichero: lo nuevo, sin la línea a medias ni las que no valen",
               "a sensor goes on writing the file: what is new, without the unfinished line and the bad ones"),
          0, 0, NULL, 0 },
};
static const struct param limits_params[] = {
        { "model", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("modelo, como en el registro", "model, as in the register"), 0, 100, NULL, 0 },
        MEASURES(": 16..25", ": 16..25"),
        { "source", PARAM_TEXT, PARAM_REQUIRED, HELP("hoja de datos", "data sheet"), 0, 200, NULL, 0 },
};
static const struct param show_params[] = {
        { "location", PARAM_TEXT, PARAM_POSITIONAL,
          HELP("un lugar con su gráfica; sin él, lo último de cada uno",
               "a place with its chart; without it, the newest of each"),
          0, 40, NULL, 0 },
        { "from", PARAM_DATE, 0, HELP("desde este día", "from this day"), 0, 0, NULL, 0 },
        { "to", PARAM_DATE, 0, HELP("hasta este día", "until this day"), 0, 0, NULL, 0 },
        { "limit", PARAM_INT, 0,
          HELP("lecturas en la tabla, 24 si no se dice", "readings in the table, 24 unless "
                                                         "said"),
          1, 100000, NULL, 0 },
        { "png", PARAM_OUTPUT, 0, HELP("gráfica en PNG", "chart as PNG"), 0, 0, NULL, 0 },
        { "pdf", PARAM_OUTPUT, 0, HELP("gráfica en PDF", "chart as PDF"), 0, 0, NULL, 0 },
};
static const struct column show_columns[] = {
        { "location", HELP("LUGAR", "PLACE") },
        { "time", HELP("MOMENTO", "TIME") },
        { "temperature", HELP("°C", "°C") },
        { "humidity", HELP("% HR", "% RH") },
        { "field", HELP("GAUSS", "GAUSS") },
        { "gravity", CODES("GRAVEDAD", "GRAVITY", gravity_terms) },
        { "because", CODES("POR", "BECAUSE OF", quantity_terms) },
};
static const struct column import_columns[] = {
        { "new", HELP("NUEVAS", "NEW") },
        { "known", HELP("REGISTRADAS", "KNOWN") },
        { "bad", HELP("NO VALEN", "BAD") },
};
static const struct column record_columns[] = { { "location", HELP("LUGAR", "PLACE") } };
static const struct column limits_columns[] = { { "model", HELP("MODELO", "MODEL") },
                                                { "limits", HELP("LÍMITES", "LIMITS") } };

static const struct verb environment_verbs[] = {
        { "env", "record", ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_WRITES,
          HELP("Anota una lectura del ambiente (U5)", "Notes a reading of the environment (U5)"),
          PARAMS(record_params), COLUMNS(record_columns), .run = run_record },
        { "env", "import", ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_WRITES,
          HELP("Lecturas de un fichero CSV o de un sensor (U5)", "Readings from a CSV file or a sensor (U5)"),
          PARAMS(import_params), COLUMNS(import_columns), .run = environment_run_import },
        { "env", "limits", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Límites del fabricante de un modelo (U5)", "The maker's limits for a model (U5)"),
          PARAMS(limits_params), COLUMNS(limits_columns), .run = run_limits },
        { "env", "show", ROLE_ANY, VERB_READS,
          HELP("Muestra el ambiente y su gráfica (U5)", "Shows the environment and its chart (U5)"),
          PARAMS(show_params), COLUMNS(show_columns), .run = environment_run_show },
};

const struct room environment_room = {
        .verbs = environment_verbs,
        .verbs_n = COUNT(environment_verbs),
        .events = environment_events,
        .events_n = ENVIRONMENT_EVENTS,
};
