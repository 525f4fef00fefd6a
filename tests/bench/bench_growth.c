/* Which verbs get slower as a store grows? Every verb that only reads, and the common acts, on two stores with the
 * same present and pasts of 1,000 and of 100,000 media, one after the other: how many more steps SQLite takes for
 * one call (which a busy machine doesn't change), its CPU time, and the rows of each answer. What grows without its
 * answer searches where it should find. Usage: bench_growth [--check] [small, default 1000] [large, default 100000]
 * [folder, default /var/tmp]; --check: fails when a verb grows that is not among those that read the whole store.
 */
#include <glob.h>
#include <sqlite3.h>

#include "past.h"

#include "api/verbs.h"
#include "sign/identity.h"

enum { ROUNDS = 9, STORES = 2, ROWS_MAX = 300, PEOPLE = 5 };

static const double LIMIT = 1.5;  /* of steps, times */
static const double ENOUGH = 0.3; /* s: what takes longer is called once */
static const char *const people[PEOPLE] = { "sara", "ana", "carlos", "oto", "uli" };

struct store {
        char *folder;
        struct session *sessions[PEOPLE];
        char *kept; /* what the last act that makes something called it */
};

/* One act of a chain. In its arguments @M is this round's medium, @N the round's number, @K what was kept, @F the
 * store's folder. `keep`: the member of the answer that is @K from now on. */
struct step {
        const char *who, *noun, *name, *args, *keep;
};

static const struct step chain[] = {
        { "carlos", "media", "register",
          "{'kind':'tape','classification':'INTERNO','category':'BASICA','owner':'ana','expires':'2035-01-01',"
          "'retention':3650,'serial':'NEW@N'}",
          NULL },
        { "carlos", "media", "move", "{'medium':'@M','location':'HQ-S99-A01-E01-P001'}", NULL },
        { "ana", "media", "classify", "{'medium':'@M','expires':'2036-01-1@N','reason':'r'}", NULL },
        { "carlos", "label", "print", "{'medium':['@M'],'out':['@F/label-@N.svg']}", NULL },
        { "carlos", "label", "reprint", "{'medium':['@M'],'reason':'r','out':['@F/again-@N.svg']}", NULL },
        { "uli", "media", "locate", "{'medium':'@M'}", NULL },
        { "uli", "media", "scan", "{'text':'@M'}", NULL },
        { "uli", "loan", "request", "{'medium':'@M','to':'uli','reason':'r','due':'2039-01-01','location':'x'}",
          "loan" },
        { "ana", "loan", "approve", "{'loan':'@K'}", NULL },
        { "carlos", "loan", "out", "{'loan':'@K','seal':'GROW-@N'}", NULL },
        { "ana", "loan", "extend", "{'loan':'@K','due':'2039-01-10','reason':'r'}", NULL },
        { "carlos", "loan", "in", "{'loan':'@K','seal':'GROW-@N','condition':'c'}", NULL },
        { "uli", "access", "request", "{'area':'HQ-S99','reason':'r','for':'uli'}", "access" },
        { "ana", "access", "approve", "{'access':'@K'}", NULL },
        { "carlos", "access", "enter", "{'access':'@K','credential':'electronic-lock','paper':'H'}", NULL },
        { "carlos", "access", "leave", "{'access':'@K','paper':'H'}", NULL },
        { "carlos", "ship", "create",
          "{'from':'x','to':'y','recipient':'carlos','media':['@M'],'method':'certified-courier','limit':24,"
          "'route':'r','reason':'r'}",
          "shipment" },
        { "carlos", "ship", "pack",
          "{'shipment':'@K','level':['foam','rigid-container','security-seal','outer-pack'],'seal':['SHIP-@N'],"
          "'label-checked':true}",
          NULL },
        { "ana", "ship", "authorise", "{'shipment':'@K'}", NULL },
        { "carlos", "ship", "dispatch", "{'shipment':'@K','seal':['SHIP-@N']}", NULL },
        { "carlos", "ship", "pickup", "{'shipment':'@K','seal':['SHIP-@N'],'company':'c','courier':'c'}", NULL },
        { "carlos", "ship", "track", "{'shipment':'@K','event':'e','sign':true}", NULL },
        { "carlos", "ship", "deliver", "{'shipment':'@K','seal':['SHIP-@N']}", NULL },
        { "carlos", "ship", "confirm", "{'shipment':'@K','media':['@M'],'location':'HQ-S99-A01-E01-P001'}", NULL },
        { "uli", "incident", "open", "{'kind':'damage','what':'w','media':['@M']}", "id" },
        { "uli", "incident", "note", "{'incident':'@K','text':'t'}", NULL },
        { "sara", "incident", "close", "{'incident':'@K','resolution':'r'}", NULL },
        { "carlos", "env", "record", "{'location':'HQ-S99','temperature':'20.5','humidity':'50'}", NULL },
        { "carlos", "stocktake", "start", "{'area':'HQ-S99'}", "stocktake" },
        { "carlos", "stocktake", "scan", "{'stocktake':'@K','text':['HQ-S99-A01-E01-P001','@M']}", NULL },
        { "carlos", "stocktake", "finish", "{'stocktake':'@K'}", NULL },
        { "uli", "destroy", "request", "{'medium':['@M'],'reason':'r','method':'incinerate'}", "destruction" },
        { "ana", "destroy", "refuse", "{'destruction':'@K','reason':'r'}", NULL },
        { "sara", "person", "train", "{'name':'uli','course':'c','training':'general','hours':8}", NULL },
        { "carlos", "custody", "check", "{'area':'HQ-S99'}", NULL },
};

/* What a verb that only reads has to be told. One that needs more, and isn't here, is named and left out. */
static const struct step readers[] = {
        { "sara", "person", "show", "{'name':'uli'}", NULL },
        { "sara", "media", "show", "{'medium':'@M'}", NULL },
        { "sara", "media", "list", "{'state':'on-loan'}", NULL },
        { "sara", "media", "list", "{'location':'HQ-S99'}", NULL },
        { "sara", "media", "find", "{'text':'NEW1'}", NULL },
        { "sara", "media", "history", "{'medium':'@M'}", NULL },
        { "sara", "incident", "show", "{'incident':'N000001'}", NULL },
        { "sara", "incident", "list", "{'open':true}", NULL },
        { "sara", "location", "show", "{'code':'HQ-S99-A01-E01-P001'}", NULL },
        { "sara", "loan", "show", "{'loan':'P000002'}", NULL },
        { "sara", "loan", "list", "{'state':'out'}", NULL },
        { "sara", "loan", "list", "{'medium':'@M'}", NULL },
        { "sara", "access", "show", "{'access':'A000001'}", NULL },
        { "sara", "access", "list", "{'state':'inside'}", NULL },
        { "sara", "access", "list", "{'medium':'@M'}", NULL },
        { "sara", "stocktake", "show", "{'stocktake':'R000002'}", NULL },
        { "sara", "report", "stocktake", "{'stocktake':'R000002'}", NULL },
        { "sara", "ship", "show", "{'shipment':'E000001'}", NULL },
        { "sara", "ship", "list", "{'state':'in-transit'}", NULL },
        { "sara", "ship", "list", "{'medium':'@M'}", NULL },
        { "sara", "env", "show", "{'location':'HQ-S99'}", NULL },
        { "sara", "wipe", "plan", "{'medium':'@M'}", NULL },
        { "sara", "wipe", "status", "{'medium':'@M'}", NULL },
        { "sara", "destroy", "show", "{'destruction':'D000001'}", NULL },
        { "sara", "destroy", "list", "{'state':'approved'}", NULL },
        { "sara", "destroy", "list", "{'medium':'@M'}", NULL },
        { "sara", "certificate", "list", "{'medium':'@M'}", NULL },
        { "sara", "certificate", "list", "{'state':'unsigned'}", NULL },
        { "sara", "audit", "findings", "{'audit':'U000100'}", NULL },
        { "sara", "audit", "list", "{'open':true}", NULL },
        { "sara", "label", "scan", "{'text':'@M'}", NULL },
        { "sara", "encrypt", "handovers", "{'medium':'@M'}", NULL },
        { "sara", "ledger", "prove", "{'seq':1}", NULL },
        { "sara", "report", "R-110-019", "{'shipment':'E000001'}", NULL },
        { "sara", "report", "R-110-020", "{'destruction':'D000001'}", NULL },
        { "sara", "report", "R-110-023", "{'area':'HQ-S99'}", NULL },
        { "sara", "report", "R-110-024", "{'audit':'U000100'}", NULL },
        { "sara", "report", "R-110-022", "{'classification':'SECRETO'}", NULL },
        { "sara", "report", "kpi", "{'behind':'labelled'}", NULL },
        { "sara", "report", "metrics", "{'behind':'not-located'}", NULL },
};

/* These look at the machine's devices and files and not at the store. */
static const char *const elsewhere[] = { "device list", "encrypt due", "doctor ", "wipe rack" };

/* They read everything: it is what they are for. Audits are few, some hundreds in ten years. */
static const char *const whole[] = {
        "ledger verify",    "ledger replay",        "key status",
        "report R-110-022", "report kpi {'behind'", "report metrics {'behind'",
        "audit list",       "audit findings",
};

struct timed {
        char what[120];
        double took[STORES][ROUNDS], steps[STORES][ROUNDS];
        size_t n;
        size_t rows[STORES];
};

static struct timed lines[ROWS_MAX];
static size_t lines_n;

static int rounds = ROUNDS;
static double steps; /* of SQLite's virtual machine, in all connections */

static int step(void *context) {
        (void) context;
        steps++;
        return 0;
}

static int watch(sqlite3 *db, char **message, const struct sqlite3_api_routines *api) {
        (void) message;
        (void) api;
        sqlite3_progress_handler(db, 1, step, NULL);
        return SQLITE_OK;
}

static double cpu(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static struct session *session_of(const struct store *store, const char *who) {
        for (size_t i = 0; i < PEOPLE; i++)
                if (strcmp(people[i], who) == 0)
                        return store->sessions[i];
        stop(who, NULL);
}

/* --- the stores -------------------------------------------------------------------------------------------- */

/* A PIN costs 0.2 s by intention, which would hide what grows: carlos's key lies open. */
static void enrol(const struct store *store) {
        _cleanup_free_ char *pattern = str_format("%s/people/carlos-*.key", store->folder);
        _cleanup_secret_ struct secret *pin = NULL;
        EVP_PKEY *key = NULL;
        struct error err;
        glob_t found;

        json_decref(bench_call(store->sessions[0], "person", "enrol", json_pack("{s:s}", "name", "carlos")));
        if (!pattern || glob(pattern, 0, NULL, &found) != 0)
                stop("no key", NULL);
        if (bench_secret(NULL, "", (struct text){ 0 }, &pin, &err) < 0 ||
            identity_key_load(found.gl_pathv[0], pin, &key, &err) < 0 ||
            identity_key_save(found.gl_pathv[0], key, NULL, &err) < 0)
                stop("enrol", &err);
        EVP_PKEY_free(key);
        globfree(&found);
}

static void open_sessions(struct store *store) {
        static const struct act_ui ui = { .ask_secret = bench_secret };
        struct error err;

        for (size_t i = 0; i < PEOPLE; i++) {
                const struct session_options options = { .folder = store->folder, .as = people[i], .ui = &ui };

                if (session_open(&options, &store->sessions[i], &err) < 0)
                        stop("open", &err);
        }
}

static void make(struct store *store, int64_t media) {
        struct session *session = bench_store(store->folder, "carlos");
        struct error err;
        struct act *act;

        if (session_act(session, &act, &err) < 0)
                stop("act", &err);
        media_history(act, media, 4 * media);
        past_of(act);
        session_close(session);
        open_sessions(store);
        json_decref(bench_call(store->sessions[0], "person", "add",
                               json_pack("{s:s, s:s, s:s}", "name", "uli", "full-name", "Uli", "roles", "user")));
        json_decref(
                bench_call(store->sessions[0], "person", "add",
                           json_pack("{s:s, s:s, s:s}", "name", "oto", "full-name", "Oto", "roles", "operator")));
        json_decref(
                bench_call(store->sessions[2], "location", "add",
                           json_pack("{s:s, s:s, s:s, s:s, s:i}", "code", "HQ-S99-A01-E01-P001", "kind",
                                     "fire-cabinet", "level", "MEDIA", "section", "INTERNO", "capacity", 1000)));
        enrol(store);
}

/* --- one call ---------------------------------------------------------------------------------------------- */

/* `text` with its marks replaced, as JSON. */
static json_t *arguments(const char *text, const struct store *store, int round) {
        _cleanup_free_ char *medium = media_id(round + 1), *number = str_format("%d", round);
        char *out = NULL;
        json_t *json;
        size_t n;
        FILE *file = open_memstream(&out, &n);

        for (; *text; text++)
                if (*text == '@')
                        switch (*++text) {
                        case 'M': (void) fputs(medium, file); break;
                        case 'N': (void) fputs(number, file); break;
                        case 'K': (void) fputs(store->kept ? store->kept : "", file); break;
                        default: (void) fputs(store->folder, file);
                        }
                else
                        (void) fputc(*text == '\'' ? '"' : *text, file);
        (void) fclose(file);
        json = json_loads(out, 0, NULL);
        free(out);
        return json;
}

/* False when it was refused: then `line` has no time. */
static bool call(struct store *store, const struct step *step, int round, struct timed *line, size_t which) {
        _cleanup_json_ json_t *args = arguments(step->args, store, round), *answer = NULL;
        struct error err = { 0 };
        double start = cpu(), before = steps;
        int r = session_call(session_of(store, step->who), verb_find(step->noun, step->name), args, &answer, NULL,
                             &err);

        line->took[which][round] = cpu() - start;
        line->steps[which][round] = steps - before;
        line->n = (size_t) round + 1;
        if (r < 0 && r != ERR_VERIFY) {
                (void) printf("not called: %s %s %s: %s\n", step->noun, step->name, step->args, err.what[LANG_EN]);
                return false;
        }
        line->rows[which] = json_array_size(json_object_get(answer, "rows"));
        if (step->keep) {
                free(store->kept);
                store->kept = strdup(json_text_or_empty(answer, step->keep));
        }
        return true;
}

static struct timed *line_of(const struct step *step) {
        struct timed *line = &lines[lines_n++];

        if (lines_n == ROWS_MAX)
                stop("more verbs than there is room for", NULL);
        (void) snprintf(line->what, sizeof line->what, "%s %s %s", step->noun, step->name,
                        strcmp(step->args, "{}") == 0 ? "" : step->args);
        return line;
}

static void act_out(struct store stores[STORES]) {
        struct timed *first = &lines[lines_n];

        for (size_t i = 0; i < COUNT(chain); i++)
                (void) line_of(&chain[i]);
        for (int round = 0; round < rounds; round++)
                for (size_t i = 0; i < COUNT(chain); i++)
                        for (size_t s = 0; s < STORES; s++)
                                if (!call(&stores[s], &chain[i], round, &first[i], s))
                                        exit(1);
}

/* --- everything that reads --------------------------------------------------------------------------------- */

static void look(struct store stores[STORES], const struct step *step) {
        struct timed *line = line_of(step);

        for (int round = 0; round < rounds && (round == 0 || line->took[1][0] < ENOUGH); round++)
                for (size_t s = 0; s < STORES; s++)
                        if (!call(&stores[s], step, round, line, s)) {
                                lines_n--;
                                return;
                        }
}

/* Called without arguments, unless it writes, needs what is not there, or has its row above. */
static bool by_itself(const struct verb *verb) {
        char name[80];

        if ((verb->flags & (VERB_WRITES | VERB_NO_STORE | VERB_ANY_STORE | VERB_LOCAL)) != 0 &&
            (verb->flags & VERB_BULK) == 0)
                return false;
        (void) snprintf(name, sizeof name, "%s %s", verb->noun, verb->name);
        for (size_t i = 0; i < COUNT(elsewhere); i++)
                if (strcmp(elsewhere[i], name) == 0)
                        return false;
        for (size_t i = 0; i < verb->params_n; i++)
                if (verb->params[i].flags & PARAM_REQUIRED) {
                        for (size_t n = 0; n < COUNT(readers); n++)
                                if (strcmp(readers[n].noun, verb->noun) == 0 &&
                                    strcmp(readers[n].name, verb->name) == 0)
                                        return false;
                        (void) printf("not called: %s: needs %s\n", name, verb->params[i].name);
                        return false;
                }
        return true;
}

static int look_by_itself(void *context, const struct verb *verb) {
        const struct step step = { "sara", verb->noun, verb->name, "{}", NULL };

        if (by_itself(verb))
                look(context, &step);
        return 0;
}

/* --- what it says ------------------------------------------------------------------------------------------ */

static int64_t sizes[STORES] = { 1000, 100000 };

/* Steps for each medium more. How many hashes of the ledger's tree an act reads goes by its size's bits, and with
 * so few media looks like growth in a ratio. */
static double growth(const struct timed *line) {
        struct timed copy = *line;

        return (median(copy.steps[1], copy.n) - median(copy.steps[0], copy.n)) / (double) (sizes[1] - sizes[0]);
}

static int by_growth(const void *a, const void *b) {
        double x = growth(a), y = growth(b);

        return (x < y) - (x > y);
}

/* How many grow that needn't. */
static int tell(void) {
        int wrong = 0;

        qsort(lines, lines_n, sizeof *lines, by_growth);
        (void) printf("%9s | CPU time of a call, ms  | rows of its answer\n%9s %12lld %12lld %8lld %8lld\n",
                      "steps for", "a medium", (long long) sizes[0], (long long) sizes[1], (long long) sizes[0],
                      (long long) sizes[1]);
        for (size_t i = 0; i < lines_n; i++) {
                struct timed *line = &lines[i];
                double more = growth(line);
                bool bad = more > LIMIT && line->rows[1] < 2 * line->rows[0] + 2;

                for (size_t n = 0; n < COUNT(whole) && bad; n++)
                        bad = strncmp(line->what, whole[n], strlen(whole[n])) != 0;
                wrong += bad;
                (void) printf("%9.2f %12.3f %12.3f %8zu %8zu  %s%s\n", more, median(line->took[0], line->n) * 1e3,
                              median(line->took[1], line->n) * 1e3, line->rows[0], line->rows[1], line->what,
                              bad ? " GROWS" : "");
        }
        (void) printf("%d of %zu grow that need not\n", wrong, lines_n);
        return wrong;
}

static char *new_folder(const char *where) {
        char *folder = str_format("%s/mpsi-bench-XXXXXX", where);

        if (!folder || !mkdtemp(folder))
                stop("folder", NULL);
        return folder;
}

int main(int argc, char **argv) {
        static const char memory[] = "/dev/shm"; /* a disk's syncs are not what is checked */
        const bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
        char **words = argv + check;
        const int n = argc - check;
        _cleanup_free_ char *folder = new_folder(n > 3                                ? words[3]
                                                 : check && access(memory, W_OK) == 0 ? memory
                                                                                      : "/var/tmp"),
                            *command = NULL;
        struct store stores[STORES] = { 0 };
        int wrong;

        for (int i = 0; i < STORES && i + 1 < n; i++)
                sizes[i] = atoll(words[i + 1]);
        if (check)
                rounds = 3; /* the steps are the same in each */
        (void) sqlite3_auto_extension((void (*)(void)) watch);
        for (size_t s = 0; s < STORES; s++) {
                stores[s].folder = str_format("%s/%zu", folder, s);
                make(&stores[s], sizes[s]);
        }
        act_out(stores);
        for (size_t i = 0; i < COUNT(readers); i++)
                look(stores, &readers[i]);
        (void) verbs_each(look_by_itself, stores);
        wrong = tell();
        for (size_t s = 0; s < STORES; s++) {
                for (size_t i = 0; i < PEOPLE; i++)
                        session_close(stores[s].sessions[i]);
                free(stores[s].folder);
                free(stores[s].kept);
        }
        command = str_format("rm -rf %s", folder);
        return system(command) != 0 || (check && wrong > 0);
}
