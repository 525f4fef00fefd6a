/* mpsi: the command line. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "api/session.h"
#include "cli/cli.h"

int cli_request(struct cli *cli, const struct act_ui *ui, json_t **ret_answer, json_t **ret_said,
                struct error *err) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct session_options options = {
                .folder = cli->store, .as = cli->as, .lang = cli->lang, .dry_run = cli->dry_run, .ui = ui
        };
        int r;

        if (remote_wanted(cli))
                return remote_call(cli, ui, ret_answer, ret_said, err);
        r = cli->kept && *cli->kept ? 0 : session_open(&options, cli->kept ? cli->kept : &session, err);
        return r < 0 ? r
                     : session_call(cli->kept ? *cli->kept : session, cli->verb, cli->args, ret_answer, ret_said,
                                    err);
}

static bool is_verb(const struct cli *cli, const char *noun, const char *name) {
        return cli->verb == verb_find(noun, name);
}

static int call(struct cli *cli, struct error *err) {
        _cleanup_json_ json_t *answer = NULL, *said = NULL;
        bool counter = is_verb(cli, "counter", "") && counter_is_live(cli),
             live = counter || (is_verb(cli, "wipe", "rack") && rack_is_live(cli));
        struct act_ui ui;
        int r;

        cli_ui(cli, &ui);
        if (counter)
                r = counter_run(cli, &ui, err);
        else if (live)
                r = rack_run(cli, &ui, err);
        else if (is_verb(cli, "wipe", "batch"))
                r = batch_run(cli, &ui, &answer, &said, err);
        else
                r = cli_request(cli, &ui, &answer, &said, err);
        if (r < 0)
                output_error(cli, err, answer, said);
        else if (!live)
                output_answer(cli, answer, said);
        return r;
}

int main(int argc, char **argv) {
        struct error err = { 0 };
        struct cli cli = { 0 };
        int r;

        (void) setlocale(LC_ALL, "");
        (void) umask(027); /* what we write is for the owner and their group */
        (void) signal(SIGPIPE, SIG_IGN);
        r = secret_arena_start(&err);
        if (r == 0)
                r = cli_parse(&cli, argc, argv, &err);
        if (r < 0)
                output_error(&cli, &err, NULL, NULL);
        else if (!cli.help)
                r = call(&cli, &err);
        cli_done(&cli);
        return r < 0 ? -r : 0;
}
