/* `certificate timestamp`: a time-stamp for the last signature when there was none at the time of signing. A
 * station without a network takes the query out to a machine that has one, and the reply back. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "certify/tsa.h"
#include "policy/rule.h"

enum { REPLY_MAX_BYTES = 64 * 1024 };

struct stamping {
        json_t *certificate;
        struct tsa *tsa;
        char *pdf;
        size_t pdf_n;
        uint8_t *stamped;
        struct timestamp stamp;
};

static void stamping_done(struct stamping *s) {
        json_decref(s->certificate);
        tsa_free(s->tsa);
        free(s->pdf);
        free(s->stamped);
}
#define _cleanup_stamping_ _cleanup_(stamping_done)

static int load(struct act *act, const json_t *args, struct stamping *s, struct error *err) {
        int r = certify_find(act, json_text(args, "certificate"), &s->certificate, err);

        if (r == 0 && json_int(s->certificate, "signed", 0) < 1)
                r = refuse(err, ERR_CONFLICT, "S9", "El certificado %s no tiene firmas.",
                           "Certificate %s has no signatures.", json_text(s->certificate, "number"));
        if (r == 0)
                r = certify_attachment(act, json_text(s->certificate, "pdf"), &s->pdf, &s->pdf_n, err);
        return r < 0 ? r : tsa_load(act->folder, &s->tsa, err);
}

static int write_query(const struct stamping *s, const char *path, struct error *err) {
        _cleanup_free_ uint8_t *query = NULL;
        size_t n;
        int r = pades_stamp_query(s->pdf, s->pdf_n, &query, &n, err);

        return r < 0 ? r : file_write(path, query, n, 0640, err);
}

static int take_reply(struct stamping *s, const char *path, struct error *err) {
        _cleanup_free_ char *reply = NULL;
        size_t n;
        int r = file_read(path, REPLY_MAX_BYTES, &reply, &n, err);

        return r < 0 ? r
                     : pades_stamp(s->pdf, s->pdf_n, NULL, 0, (const uint8_t *) reply, n, tsa_trust(s->tsa),
                                   &s->stamped, &s->stamp, err);
}

static int ask(struct act *act, struct stamping *s, struct error *err) {
        int r, resumed;

        if (!tsa_reachable(s->tsa)) {
                (void) fail(err, ERR_USAGE, "No hay autoridad de sellado de tiempo configurada.",
                            "No time-stamping authority is configured.");
                return hint(err, "Ponga «url» en [tsa] de mpsi.conf, o use --query y después --reply.",
                            "Set “url” in [tsa] of mpsi.conf, or use --query and then --reply.");
        }
        r = act_pause(act, err);
        if (r < 0)
                return r;
        r = tsa_stamp(s->tsa, s->pdf, s->pdf_n, &s->stamped, &s->stamp, err);
        resumed = act_resume(act, NULL);
        return r < 0 ? r : resumed;
}

static int record(struct act *act, const struct stamping *s, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char digest[SHA256_TEXT], when[TIME_TEXT];
        int r = act_attach(act, s->stamped, s->pdf_n, digest, err);

        if (r < 0)
                return r;
        time_format(s->stamp.moment, when);
        data = json_pack("{s:O, s:I, s:s, s:s, s:s, s:s}", "number", json_object_get(s->certificate, "number"),
                         "position", (json_int_t) json_int(s->certificate, "signed", 0), "pdf", digest, "stamped",
                         when, "authority", s->stamp.authority, "fingerprint", s->stamp.fingerprint);
        return data ? act_record_one(act, "certificate.timestamped", json_text(s->certificate, "medium"), data, err)
                    : fail_memory(err);
}

int certificate_run_timestamp(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_stamping_ struct stamping s = { 0 };
        const char *query = json_text(args, "query"), *reply = json_text(args, "reply");
        int r = load(act, args, &s, err);

        if (r == 0 && query && reply)
                r = fail(err, ERR_USAGE, "--query o --reply, no los dos.", "--query or --reply, not both.");
        if (r == 0 && query)
                r = write_query(&s, query, err);
        else if (r == 0)
                r = reply ? take_reply(&s, reply, err) : ask(act, &s, err);
        if (r == 0 && !query)
                r = record(act, &s, err);
        if (r == 0 && !query && json_text(args, "out"))
                r = file_write(json_text(args, "out"), s.stamped, s.pdf_n, 0640, err);
        if (r < 0)
                return r;
        if (query)
                act_say(act, "Lleve la petición a la autoridad y traiga la respuesta con --reply.",
                        "Take the query to the authority and bring the answer back with --reply.");
        return certify_load(act->db, json_text(s.certificate, "number"), ret, err);
}
