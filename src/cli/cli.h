/* The command line: argv becomes a request, the answer a table or JSON. */
#pragma once

#include "act/act.h"
#include "api/verbs.h"

enum { SECRET_SOURCES_MAX = 16 };

/* --secret PURPOSE=file:PATH or PURPOSE=fd:N. */
struct secret_source {
        char *purpose;
        char *path; /* or NULL */
        int fd;
};

struct session;

struct cli {
        char *store;
        bool store_given;
        const char *socket; /* --socket, or NULL */
        const char *as;
        enum lang lang;
        bool json, dry_run, progress_json, help, version, yes_tty;
        struct secret_source secrets[SECRET_SOURCES_MAX];
        size_t secrets_n;
        const struct verb *verb;
        json_t *args;
        struct session **kept; /* what calls many verbs keeps its session on a local store here, or NULL */
};

/* options.c: global options anywhere, then noun, verb, objects and --name value. 0 or ERR_USAGE. */
int cli_parse(struct cli *cli, int argc, char **argv, struct error *err);
void cli_done(struct cli *cli);

/* help.c */
void help_all(enum lang lang);
void help_noun(const char *noun, enum lang lang);
void help_verb(const struct verb *verb, enum lang lang);
void help_completion(void);
void help_man(void);
void help_reference(enum lang lang);
void help_rules(enum lang lang);

/* ask.c: the person at the terminal, or --secret. */
extern const struct act_ui cli_ui_template;
void cli_ui(struct cli *cli, struct act_ui *ret);

/* remote.c: the station's guard does it, for the account that we are. False when the verb is for this process: a
 * store was named, or nothing but the program is needed, or this machine is no station. */
bool remote_wanted(const struct cli *cli);
int remote_call(struct cli *cli, const struct act_ui *ui, json_t **ret_answer, json_t **ret_said,
                struct error *err);

/* main.c: one verb, here or at the station. ret_said may be set on failure too. */
int cli_request(struct cli *cli, const struct act_ui *ui, json_t **ret_answer, json_t **ret_said,
                struct error *err);

/* rack.c: `wipe rack` that goes on until somebody has seen enough. */
bool rack_is_live(const struct cli *cli);
int rack_run(struct cli *cli, const struct act_ui *ui, struct error *err);

/* counter.c: `counter` on a terminal. */
bool counter_is_live(const struct cli *cli);
int counter_run(struct cli *cli, const struct act_ui *ui, struct error *err);

/* batch.c: `wipe batch`. ret_answer has a row for each medium, also on failure. */
int batch_run(struct cli *cli, const struct act_ui *ui, json_t **ret_answer, json_t **ret_said, struct error *err);

/* output.c */
bool output_colour(int fd);
void human_size(uint64_t bytes, char out[32]);
void output_answer(const struct cli *cli, const json_t *answer, const json_t *said);
/* answer: the findings that come with ERR_VERIFY, or NULL. */
void output_error(const struct cli *cli, const struct error *err, const json_t *answer, const json_t *said);
void output_progress(void *context, const struct progress *progress);
