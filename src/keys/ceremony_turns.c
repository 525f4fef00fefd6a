/* One custodian at a time (C4): they say who they are, prove it by their PIN, get their share, and type back two of
 * its words, so that what is locked away can be read. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "keys/ceremony_parts.h"
#include "keys/words.h"
#include "policy/ceremony.h"
#include "sign/identity.h"

const char screen_clear[] = "\033[2J\033[3J\033[H";

void line_free(char *line) {
        if (line)
                OPENSSL_cleanse(line, strlen(line));
        free(line);
}

int ceremony_ask(struct act *act, const char *es, const char *en, char **ret, struct error *err) {
        if (!es || !en)
                return fail_memory(err);
        if (!act->ui || !act->ui->ask_line) {
                (void) fail(err, ERR_USAGE, "Una ceremonia necesita un terminal.", "A ceremony needs a terminal.");
                return hint(err, "Reúna a los custodios ante el equipo.", "Gather the custodians at the machine.");
        }
        return act->ui->ask_line(act->ui->context, (struct text){ es, en }, ret, err);
}

static int say_who(struct ceremony *c, unsigned i, struct error *err) {
        const struct person *person = &c->custodians[i].person;
        const int64_t tries = ceremony_limits[CEREMONY_TRIES].value;
        _cleanup_free_ char *es = str_format("%sCustodio %u de %u: %s\n\nQue nadie más vea la pantalla. Teclee su "
                                             "cuenta para empezar: ",
                                             screen_clear, i + 1, c->total, person->full_name),
                            *en = str_format(
                                    "%sCustodian %u of %u: %s\n\nLet nobody else see the screen. Type your "
                                    "account's name to begin: ",
                                    screen_clear, i + 1, c->total, person->full_name);

        for (int64_t attempt = 0; attempt < tries; attempt++) {
                _cleanup_line_ char *typed = NULL;
                int r = ceremony_ask(c->act, es, en, &typed, err);

                if (r < 0 || strcmp(typed, person->name) == 0)
                        return r;
        }
        return refuse(err, ERR_REFUSED, "C5.1", "Se esperaba a %s.", "%s was expected.", person->name);
}

static int prove(struct ceremony *c, struct custodian *custodian, struct error *err) {
        _cleanup_(X509_freep) X509 *ca = NULL;
        int r = certificate_from_pem(c->act->ca_certificate, &ca, err);

        if (r == 0)
                r = person_key_load(c->act, &custodian->person, &custodian->key, &custodian->certificate, err);
        if (r == 0)
                r = certificate_trusted(custodian->certificate, ca, CERTIFICATE_PERSON, act_now(c->act), err);
        return r < 0 ? r : certificate_fingerprint(custodian->certificate, custodian->fingerprint, err);
}

/* --- the share ----------------------------------------------------------------------------------------------- */

/* Words as numbered lines, five of them a line. */
static int numbered(const char *words, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *text = NULL;
        size_t used = 0, number = 0;
        int r = secret_new(4096, &text, err);

        if (r < 0)
                return r;
        for (const char *at = words; *at;) {
                size_t n = strcspn(at, " "), pad = 0;

                for (size_t k = 0; k < n; k++)
                        pad += (at[k] & 0xc0) == 0x80;
                used += (size_t) snprintf((char *) text->data + used, text->size - used, "%3zu. %-*.*s%s",
                                          number + 1, (int) (11 + pad), (int) n, at, (number + 1) % 5 ? "" : "\n");
                at += n + (at[n] == ' ');
                number++;
        }
        *ret = TAKE_PTR(text);
        return 0;
}

static int show_words(struct ceremony *c, const char *words, struct error *err) {
        _cleanup_secret_ struct secret *lines = NULL, *es = NULL, *en = NULL;
        _cleanup_line_ char *typed = NULL;
        int r = numbered(words, &lines, err);

        if (r == 0)
                r = secret_new(8192, &es, err);
        if (r == 0)
                r = secret_new(8192, &en, err);
        if (r < 0)
                return r;
        (void) snprintf((char *) es->data, es->size,
                        "%sEscriba estas palabras en papel, con sus números. Se muestran una sola vez.\n\n%s\n\n"
                        "Pulse Intro cuando las haya escrito: ",
                        screen_clear, (const char *) lines->data);
        (void) snprintf((char *) en->data, en->size,
                        "%sWrite these words on paper, with their numbers. They are shown once only.\n\n%s\n\n"
                        "Press Enter when you have written them: ",
                        screen_clear, (const char *) lines->data);
        return ceremony_ask(c->act, (const char *) es->data, (const char *) en->data, &typed, err);
}

static int hand_over(struct ceremony *c, unsigned i, const char *words, struct error *err) {
        struct custodian *custodian = &c->custodians[i];

        if (!c->folder)
                return show_words(c, words, err);
        custodian->sheet = str_format("%s/share-%s-%u-%s.pdf", c->folder, c->id_text, i + 1,
                                      custodian->person.name);
        return custodian->sheet ? ceremony_sheet(c, i, custodian->sheet, err) : fail_memory(err);
}

/* --- two words back ------------------------------------------------------------------------------------------ */

static int two_places(size_t words, size_t out[2], struct error *err) {
        uint8_t random[4];

        do {
                if (RAND_bytes(random, sizeof random) != 1)
                        return fail(err, ERR_FAILED, "El generador aleatorio no responde.",
                                    "The random generator failed.");
                for (size_t k = 0; k < 2; k++)
                        out[k] = ((size_t) random[2 * k] << 8 | random[2 * k + 1]) % words;
        } while (out[0] == out[1]);
        return 0;
}

/* The word at a place of the text, as its number in the list. */
static int word_at(enum lang lang, const char *words, size_t place) {
        for (; place > 0; place--)
                words += strcspn(words, " ") + 1;
        return words_find(lang, words, strcspn(words, " "));
}

static int ask_word(struct ceremony *c, unsigned i, size_t place, bool first, char **ret, struct error *err) {
        const char *sheet = c->custodians[i].sheet;
        _cleanup_free_ char *where_es = sheet ? str_format("Su hoja es «%s»: ábrala, imprímala y bórrela.\n", sheet)
                                              : strdup(""),
                            *where_en = sheet ? str_format("Your sheet is “%s”: open it, print it and delete it.\n",
                                                           sheet)
                                              : strdup("");
        _cleanup_free_ char *es = str_format("%s%s%sPalabra %zu: ", first ? screen_clear : "",
                                             first && where_es ? where_es : "",
                                             first ? "Para confirmar que la tiene, teclee dos palabras.\n\n" : "",
                                             place + 1),
                            *en = str_format("%s%s%sWord %zu: ", first ? screen_clear : "",
                                             first && where_en ? where_en : "",
                                             first ? "To confirm that you have it, type two words.\n\n" : "",
                                             place + 1);

        return ceremony_ask(c->act, es, en, ret, err);
}

static int confirm(struct ceremony *c, unsigned i, const char *words, struct error *err) {
        const int64_t tries = ceremony_limits[CEREMONY_TRIES].value;

        for (int64_t attempt = 0; attempt < tries; attempt++) {
                size_t places[2];
                bool right = true;
                int r = two_places(words_in(words, strlen(words)), places, err);

                for (size_t k = 0; r == 0 && k < 2; k++) {
                        _cleanup_line_ char *typed = NULL;

                        r = ask_word(c, i, places[k], k == 0, &typed, err);
                        right = right && r == 0 &&
                                words_find(c->lang, typed, strlen(typed)) == word_at(c->lang, words, places[k]);
                }
                if (r < 0 || right)
                        return r;
        }
        return refuse(err, ERR_REFUSED, "C5.1", "%s no ha podido repetir dos palabras de su parte.",
                      "%s could not repeat two words of their share.", c->custodians[i].person.name);
}

static int turn(struct ceremony *c, unsigned i, struct error *err) {
        _cleanup_secret_ struct secret *words = NULL;
        int r = say_who(c, i, err);

        if (r == 0)
                r = prove(c, &c->custodians[i], err);
        if (r == 0)
                r = share_to_words(&c->custodians[i].share, c->lang, &words, err);
        if (r == 0)
                r = hand_over(c, i, (const char *) words->data, err);
        if (r == 0)
                r = confirm(c, i, (const char *) words->data, err);
        return r;
}

static int last_screen(struct ceremony *c, struct error *err) {
        _cleanup_free_ char *es = str_format(
                                    "%sTodos los custodios tienen su parte. Teclee su cuenta (%s) para firmar "
                                    "el acta y poner la clave nueva: ",
                                    screen_clear, c->act->person),
                            *en = str_format(
                                    "%sAll custodians have their share. Type your account's name (%s) to sign "
                                    "the transcript and put the new key in place: ",
                                    screen_clear, c->act->person);
        _cleanup_line_ char *typed = NULL;
        int r = ceremony_ask(c->act, es, en, &typed, err);

        if (r == 0 && strcmp(typed, c->act->person) != 0)
                return refuse(err, ERR_REFUSED, "C5.1", "La ceremonia se deja sin terminar.",
                              "The ceremony is left unfinished.");
        if (r == 0 && c->administrator_apart)
                r = prove(c, &c->administrator, err);
        return r;
}

int ceremony_turns(struct ceremony *c, struct error *err) {
        int r = 0;

        for (unsigned i = 0; r == 0 && i < c->total; i++)
                r = turn(c, i, err);
        return r < 0 ? r : last_screen(c, err);
}
