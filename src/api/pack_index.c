/* The pack's table of contents by measure: a page that any browser shows, in both languages, and a table. */
#include <stdio.h>
#include <string.h>

#include "api/pack_parts.h"
#include "base/str.h"

/* Annex II of Real Decreto 311/2022. */
static const struct {
        const char *code;
        struct text name;
} measures[] = {
        { "mp.si.1", { "Marcado de soportes", "Marking of media" } },
        { "mp.si.2", { "Criptografía", "Cryptography" } },
        { "mp.si.3", { "Custodia", "Custody" } },
        { "mp.si.4", { "Transporte", "Transport" } },
        { "mp.si.5", { "Borrado y destrucción", "Erasure and destruction" } },
        { "mp.per.4", { "Formación", "Training" } },
        { "mp.info.3", { "Firma electrónica", "Electronic signature" } },
        { "op.acc.3", { "Segregación de funciones y tareas", "Separation of duties" } },
        { "op.exp.2", { "Configuración de seguridad", "Security configuration" } },
        { "op.exp.7", { "Gestión de incidentes", "Incident management" } },
        { "op.exp.8", { "Registro de la actividad", "Record of activity" } },
        { "op.exp.10", { "Protección de claves criptográficas", "Protection of cryptographic keys" } },
        { "op.mon.2", { "Sistema de métricas", "Metrics" } },
};

static void escaped(FILE *out, const char *text) {
        for (; *text; text++)
                switch (*text) {
                case '<': (void) fputs("&lt;", out); break;
                case '>': (void) fputs("&gt;", out); break;
                case '&': (void) fputs("&amp;", out); break;
                case '"': (void) fputs("&quot;", out); break;
                default: (void) fputc(*text, out);
                }
}

/* Codes stand between spaces, so that mp.si.1 is no part of another. */
static bool has_measure(enum pack_part part, const char *code) {
        char list[128], one[24];

        (void) snprintf(list, sizeof list, " %s ", pack_part_rows[part].measures);
        (void) snprintf(one, sizeof one, " %s ", code);
        return strstr(list, one) != NULL;
}

static void html_files(FILE *out, const struct pack *pack, enum pack_part part) {
        const json_t *file;
        size_t i, n = 0;

        json_array_foreach(pack->files, i, file) {
                const char *path = json_text_or_empty(file, "path"), *slash = strchr(path, '/');

                if (json_int(file, "part", -1) != (int64_t) part)
                        continue;
                (void) fputs(n++ ? " · <a href=\"" : "<a href=\"", out);
                escaped(out, path);
                (void) fputs("\">", out);
                escaped(out, slash ? slash + 1 : path);
                (void) fputs("</a>", out);
        }
        if (n == 0)
                (void) fputs("–", out);
}

static void html_measures(FILE *out, const struct pack *pack, enum lang lang) {
        for (size_t m = 0; m < COUNT(measures); m++) {
                (void) fprintf(out, "<h3>%s · %s</h3>\n<p class=\"ref\">%s %s</p>\n<table>\n", measures[m].code,
                               text_in(measures[m].name, lang),
                               lang == LANG_EN ? "ENS, Real Decreto 311/2022, annex II,"
                                               : "ENS, Real Decreto 311/2022, anexo II,",
                               measures[m].code);
                for (int p = 0; p < PACK_PARTS; p++) {
                        if (!has_measure((enum pack_part) p, measures[m].code))
                                continue;
                        (void) fputs("<tr><th>", out);
                        escaped(out, text_in(pack_part_rows[p].name, lang));
                        (void) fputs("</th><td>", out);
                        html_files(out, pack, (enum pack_part) p);
                        (void) fputs("</td></tr>\n", out);
                }
                (void) fputs("</table>\n", out);
        }
}

static void html_missing(FILE *out, const struct pack *pack, enum lang lang) {
        const json_t *one;
        size_t i;

        if (json_array_size(pack->missing) == 0)
                return;
        (void) fprintf(out, "<h3>%s</h3>\n<ul>\n", lang == LANG_EN ? "What is missing" : "Lo que falta");
        json_array_foreach(pack->missing, i, one) {
                (void) fputs("<li>", out);
                escaped(out, text_in(pack_part_rows[json_int(one, "part", 0)].name, lang));
                (void) fputs(": ", out);
                escaped(out, json_text_or_empty(one, lang == LANG_EN ? "en" : "es"));
                (void) fputs("</li>\n", out);
        }
        (void) fputs("</ul>\n", out);
}

static void html_section(FILE *out, const struct pack *pack, enum lang lang) {
        bool en = lang == LANG_EN;

        (void) fprintf(out, "<section lang=\"%s\" id=\"%s\">\n<h2>%s</h2>\n<p>", en ? "en" : "es", en ? "en" : "es",
                       en ? "Evidence by measure" : "Evidencias por medida");
        escaped(out, pack->act->organisation);
        (void) fprintf(out, " · %s · %s – %s · %s</p>\n<p>%s: ", pack->act->site, pack->from, pack->to,
                       pack->category ? pack->category
                       : en           ? "all categories"
                                      : "todas las categorías",
                       en ? "Made for" : "Hecho para");
        escaped(out, pack->reader);
        (void) fprintf(out, ". %s <code>sh verify.sh ROOT.pem</code></p>\n",
                       en ? "To verify it, with the organisation's certificate obtained by another way:"
                          : "Para comprobarlo, con el certificado de la organización obtenido por otra vía:");
        html_missing(out, pack, lang);
        html_measures(out, pack, lang);
        (void) fputs("</section>\n", out);
}

static int write_html(struct pack *pack, struct error *err) {
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);

        if (!out)
                return fail_memory(err);
        (void) fputs("<!DOCTYPE html>\n<html lang=\"es\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                     "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
                     out);
        escaped(out, pack->act->organisation);
        (void) fputs(
                " · mp.si</title>\n<style>body{font:15px/1.45 sans-serif;max-width:62em;margin:2em auto;padding:0 "
                "1em;color:#1a1a1a}h1{font-size:1.5em}h2{margin-top:2em;border-bottom:2px solid "
                "#333}h3{margin:1.4em 0 "
                "0}.ref{margin:.1em "
                "0;color:#555;font-size:.9em}table{border-collapse:collapse;width:100%}th,td{border:1px "
                "solid #bbb;padding:.3em .6em;text-align:left;vertical-align:top}th{width:34%;font-weight:600;"
                "background:#f3f3f3}td{overflow-wrap:anywhere}</style>\n</head>\n<body>\n<h1>",
                out);
        escaped(out, pack->act->organisation);
        (void) fputs(" · ENS mp.si</h1>\n<p><a href=\"#es\">Español</a> · <a href=\"#en\">English</a></p>\n", out);
        html_section(out, pack, LANG_ES);
        html_section(out, pack, LANG_EN);
        (void) fputs("</body>\n</html>\n", out);
        if (fclose(out) != 0)
                return fail_memory(err);
        return pack_write(pack, "index.html", text, n, err);
}

/* One line a measure and file; what is missing has no file. Names of files and codes hold no quotes. */
static int write_csv(struct pack *pack, struct error *err) {
        _cleanup_free_ char *text = NULL;
        const json_t *one;
        size_t n = 0, i;
        FILE *out = open_memstream(&text, &n);

        if (!out)
                return fail_memory(err);
        (void) fputs("\"measure\",\"medida\",\"reference\",\"contenido\",\"content\",\"file\"\r\n", out);
        for (size_t m = 0; m < COUNT(measures); m++)
                json_array_foreach(pack->files, i, one) {
                        int64_t part = json_int(one, "part", -1);

                        if (part >= 0 && has_measure((enum pack_part) part, measures[m].code))
                                (void) fprintf(out,
                                               "\"%s\",\"%s\",\"RD 311/2022 anexo II %s\",\"%s\",\"%s\",\"%s\"\r\n",
                                               measures[m].code, measures[m].name.es, measures[m].code,
                                               pack_part_rows[part].name.es, pack_part_rows[part].name.en,
                                               json_text_or_empty(one, "path"));
                }
        if (fclose(out) != 0)
                return fail_memory(err);
        return pack_write(pack, "index.csv", text, n, err);
}

int pack_write_index(struct pack *pack, struct error *err) {
        int r = write_csv(pack, err);

        return r < 0 ? r : write_html(pack, err);
}
