/* mpsi: the command line. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "api/session.h"
#include "cli/cli.h"

static int call(struct cli *cli, struct error *err) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *answer = NULL, *said = NULL;
        struct session_options options = {
                .folder = cli->store, .as = cli->as, .lang = cli->lang, .dry_run = cli->dry_run
        };
        struct act_ui ui;
        int r;

        cli_ui(cli, &ui);
        options.ui = &ui;
        if (remote_wanted(cli))
                r = remote_call(cli, &ui, &answer, &said, err);
        else
                r = session_open(&options, &session, err);
        if (r == 0 && session)
                r = session_call(session, cli->verb, cli->args, &answer, &said, err);
        if (r == 0)
                output_answer(cli, answer, said);
        else
                output_error(cli, err, answer, said);
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
