/* The public library over a session. */
#include "mpsi.h"

#include <openssl/crypto.h>
#include <string.h>

#include "api/session.h"

struct mpsi {
        struct session *session;
        struct act_ui ui;
        char *folder, *person;
        mpsi_secret_function secret;
        void *secret_context;
        bool dry_run;
};

static int ask_secret(void *context, const char *purpose, struct text prompt, struct secret **ret,
                      struct error *err) {
        struct mpsi *mpsi = context;
        _cleanup_secret_ struct secret *room = NULL;
        int n, r;

        (void) prompt;
        if (!mpsi->secret)
                return fail(err, ERR_USAGE, "Falta el secreto «%s».", "Secret “%s” is missing.", purpose);
        r = secret_new(1024, &room, err);
        if (r < 0)
                return r;
        n = mpsi->secret(mpsi->secret_context, purpose, room->data, room->size);
        if (n <= 0 || (size_t) n > room->size)
                return fail(err, ERR_USAGE, "Falta el secreto «%s».", "Secret “%s” is missing.", purpose);
        return secret_copy(room->data, (size_t) n, ret, err);
}

int mpsi_open(const char *folder, const char *person, struct mpsi **ret) {
        struct mpsi *mpsi = calloc(1, sizeof *mpsi);
        int r = secret_arena_start(NULL);

        if (!mpsi || r < 0) {
                free(mpsi);
                return r < 0 ? r : ERR_FAILED;
        }
        mpsi->folder = strdup(folder);
        mpsi->person = person ? strdup(person) : NULL;
        mpsi->ui = (struct act_ui){ .context = mpsi, .ask_secret = ask_secret };
        if (!mpsi->folder || (person && !mpsi->person)) {
                mpsi_close(mpsi);
                return ERR_FAILED;
        }
        *ret = mpsi;
        return 0;
}

void mpsi_on_secret(struct mpsi *mpsi, mpsi_secret_function function, void *context) {
        mpsi->secret = function;
        mpsi->secret_context = context;
}

void mpsi_set_dry_run(struct mpsi *mpsi, int dry_run) {
        if (mpsi->dry_run != !!dry_run) {
                session_close(mpsi->session);
                mpsi->session = NULL;
        }
        mpsi->dry_run = dry_run;
}

static int open_session(struct mpsi *mpsi, struct error *err) {
        const struct session_options options = {
                .folder = mpsi->folder, .as = mpsi->person, .dry_run = mpsi->dry_run, .ui = &mpsi->ui
        };

        return mpsi->session ? 0 : session_open(&options, &mpsi->session, err);
}

static int find(const char *name, const struct verb **ret, struct error *err) {
        _cleanup_free_ char *noun = strdup(name);
        char *space = noun ? strchr(noun, ' ') : NULL;
        const struct verb *verb;

        if (!noun)
                return fail_memory(err);
        if (space)
                *space++ = '\0';
        verb = verb_find(noun, space);
        if (!verb)
                return fail(err, ERR_USAGE, "No hay verbo «%.60s».", "There is no verb “%.60s”.", name);
        *ret = verb;
        return 0;
}

int mpsi_call(struct mpsi *mpsi, const char *name, const char *arguments, char **ret_answer) {
        _cleanup_json_ json_t *args = NULL, *answer = NULL;
        const struct verb *verb = NULL;
        struct error err = { 0 };
        int r = find(name, &verb, &err);

        if (r == 0 && arguments)
                r = json_parse(arguments, strlen(arguments), &args, &err);
        if (r == 0)
                r = open_session(mpsi, &err);
        if (r == 0)
                r = session_call(mpsi->session, verb, args, &answer, NULL, &err);
        if (r < 0) {
                _cleanup_json_ json_t *error = error_to_json(&err);

                /* ERR_VERIFY and ERR_REFUSED may come with the findings: the error stands beside them. */
                if (!answer)
                        answer = TAKE_PTR(error);
                else
                        (void) json_object_update(answer, error);
        }
        *ret_answer = answer ? json_dumps(answer, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
        return *ret_answer || r < 0 ? r : ERR_FAILED;
}

int mpsi_schema(char **ret) {
        _cleanup_json_ json_t *schema = verbs_schema();
        char *text = schema ? json_dumps(schema, JSON_SORT_KEYS | JSON_INDENT(2)) : NULL;

        if (!text)
                return ERR_FAILED;
        *ret = text;
        return 0;
}

const char *mpsi_version(void) {
        return MPSI_VERSION;
}

void mpsi_free(char *text) {
        free(text);
}

void mpsi_close(struct mpsi *mpsi) {
        if (!mpsi)
                return;
        session_close(mpsi->session);
        free(mpsi->folder);
        free(mpsi->person);
        free(mpsi);
}
