/* mpsi-gate: udev runs it while its rules are evaluated (PROGRAM), before any mounter or listener hears of the
 * disk. It prints one word for the rule and is gone in milliseconds: no cryptography, no database, no byte of the
 * medium. */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>

#include "base/log.h"
#include "device/gate.h"
#include "device/mapping.h"
#include "device/scope.h"
#include "device/sysfs.h"

/* udev waits for us, 180 s for all of a device's rules; a program that hangs is ended, and the rule then has no
 * word and asks once more. Short of that a machine under heavy load has to get there: a disk inside the machine
 * that no word came about is left open. */
enum { SECONDS_MAX = 60 };

/* In the rules' words, beside those of the decision: it should be closed and is not; it is unplugged already. The
 * next disk may have the node by then, and udev still gives it to whom the word says: to nobody, until that one's
 * own word.
 */
#define WORD_FAILED "failed"
#define WORD_GONE "gone"

/* udev keeps a PROGRAM's stderr to itself, so what went wrong goes to the journal. */
static void complain(const char *subject, const struct error *err, enum lang lang) {
        syslog(LOG_ERR, "%s: %s", subject, err->what[lang]);
        (void) fprintf(stderr, "mpsi-gate: %s: %s\n", subject, err->what[lang]);
}

static int64_t number_in(const char *text) {
        char *end = NULL;
        long long value;

        if (!text || !*text)
                return 0;
        errno = 0;
        value = strtoll(text, &end, 10);
        return errno || *end || value < 0 ? 0 : value;
}

/* The device that udev speaks of; by hand the node's own. 0: none. */
static dev_t device_of(const char *node) {
        const char *major_text = getenv("MAJOR"), *minor_text = getenv("MINOR");
        struct stat st;

        if (major_text && minor_text)
                return makedev((unsigned) number_in(major_text), (unsigned) number_in(minor_text));
        return stat(node, &st) == 0 && S_ISBLK(st.st_mode) ? st.st_rdev : 0;
}

/* Sets the state and reads it back. A node that belongs to another device by now is not touched. */
static int close_disk(const char *node, dev_t device, struct error *err) {
        bool read_only = false;
        struct stat st;
        int r;

        if (stat(node, &st) < 0)
                return fail_errno(err, errno, "No se puede mirar", "It can't be looked at");
        if (!S_ISBLK(st.st_mode) || st.st_rdev != device)
                return fail(err, ERR_FAILED, "El nodo es de otro dispositivo.", "The node is another device's.");
        r = gate_set(node, true, err);
        if (r == 0)
                r = gate_get(node, &read_only, err);
        if (r == 0 && !read_only)
                r = fail(err, ERR_FAILED, "Sigue admitiendo escritura.", "It can still be written.");
        return r;
}

/* The word for the rule, or NULL when not even that can be said: then nobody knows whether the disk is the
 * system's own. */
static const char *gate(const char *node, const struct scope_rules *rules, enum lang lang) {
        const char *place = getenv("ID_PATH");
        dev_t device = device_of(node);
        struct scope_facts facts;
        struct error err = { 0 };
        char folder[SYSFS_PATH];
        enum scope_answer answer;
        int r = scope_facts_read(device, rules, &facts, &err);

        if (r == ERR_NOT_FOUND)
                return WORD_GONE;
        if (r < 0) {
                complain(node, &err, lang);
                return NULL;
        }
        (void) snprintf(facts.place, sizeof facts.place, "%s", place ? place : "");
        facts.diskseq = number_in(getenv("DISKSEQ"));
        facts.closed_diskseq = number_in(getenv("MPSI_DISKSEQ"));
        answer = scope_decide(rules, &facts).answer;
        if (answer != SCOPE_CLOSE || close_disk(node, device, &err) == 0)
                return scope_words[answer];
        if (!sysfs_folder(device, folder) && errno == ENOENT)
                return WORD_GONE;
        complain(node, &err, lang);
        return WORD_FAILED;
}

/* A disk's name in /dev/disk/by-path, once udev has made it. */
static void find_place(const char *name, char *out, size_t size) {
        static const char folder[] = "/dev/disk/by-path";
        _cleanup_closedir_ DIR *dir = opendir(folder);
        struct dirent *entry;

        out[0] = '\0';
        while (dir && (entry = readdir(dir))) {
                char target[SYSFS_PATH];
                ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

                if (n < 0)
                        continue;
                target[n] = '\0';
                if (strcmp(sysfs_name(target), name) == 0)
                        (void) snprintf(out, size, "%.127s", entry->d_name);
        }
}

struct list {
        const struct scope_rules *rules;
        enum lang lang;
};

/* What would become of each disk if it were plugged in now. */
static bool list_disk(void *context, const char *folder) {
        const struct list *list = context;
        struct scope_facts facts;
        struct scope_decision decision;
        struct error err = { 0 };

        if (scope_facts_read(sysfs_devno(folder), list->rules, &facts, &err) < 0) {
                complain(sysfs_name(folder), &err, list->lang);
                return true;
        }
        find_place(facts.name, facts.place, sizeof facts.place);
        decision = scope_decide(list->rules, &facts);
        (void) printf("%-10s %-11s %-6s  %s; %s %s %s\n", facts.name, scope_bus_word(facts.buses),
                      scope_words[decision.answer], text_in(decision.why, list->lang),
                      *facts.place ? facts.place : "-", *facts.serial ? facts.serial : "-",
                      *facts.wwid ? facts.wwid : "-");
        return true;
}

/* Whose a mapping is: its number, by the UUID that udev has of it; its name, by its node, for polkit. */
static int print_owner(const char *uuid) {
        uid_t uid;

        if (!mapping_uuid_user(uuid, &uid))
                return EXIT_FAILURE;
        (void) printf("%u\n", (unsigned) uid);
        return EXIT_SUCCESS;
}

static int print_mapping_user(const char *node) {
        char folder[SYSFS_PATH];
        struct mapping mapping;
        const struct passwd *entry;
        struct stat st;

        if (stat(node, &st) < 0 || !S_ISBLK(st.st_mode) || !sysfs_folder(st.st_rdev, folder) ||
            !mapping_of_folder(folder, &mapping))
                return EXIT_FAILURE;
        entry = getpwuid(mapping.uid);
        (void) printf("%s\n", entry ? entry->pw_name : "0");
        return EXIT_SUCCESS;
}

static const struct text usage = {
        .es = "mpsi-gate [--config FICHERO] NODO   decide sobre un disco; lo usa udev, con sus variables\n"
              "mpsi-gate [--config FICHERO] --list  dice qué haría con cada disco, y no toca ninguno\n"
              "mpsi-gate --owner UUID, --mapping NODO   de quién es un soporte abierto; para udev y polkit\n",
        .en = "mpsi-gate [--config FILE] NODE      decides about a disk; udev uses it, with its variables\n"
              "mpsi-gate [--config FILE] --list    says what it would do with each disk, and touches none\n"
              "mpsi-gate --owner UUID, --mapping NODE  whose an open medium is; for udev and polkit\n",
};

enum long_option { OPTION_CONFIG = 256, OPTION_LIST, OPTION_OWNER, OPTION_MAPPING, OPTION_VERSION };

static const struct option long_options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "list", no_argument, NULL, OPTION_LIST },
        { "owner", required_argument, NULL, OPTION_OWNER },
        { "mapping", required_argument, NULL, OPTION_MAPPING },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, OPTION_VERSION },
        { NULL, 0, NULL, 0 },
};

struct options {
        const char *config, *node, *owner, *mapping;
        bool list;
        enum lang lang;
};

/* 1 to go on, 0 when all is said, ERR_USAGE. */
static int read_options(int argc, char **argv, struct options *options) {
        int c;

        while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0)
                switch (c) {
                case OPTION_CONFIG: options->config = optarg; break;
                case OPTION_LIST: options->list = true; break;
                case OPTION_OWNER: options->owner = optarg; return 1;
                case OPTION_MAPPING: options->mapping = optarg; return 1;
                case 'h': (void) fputs(text_in(usage, options->lang), stdout); return 0;
                case OPTION_VERSION: (void) puts("mpsi-gate " MPSI_VERSION); return 0;
                default: return ERR_USAGE;
                }
        if (!options->list && optind < argc)
                options->node = argv[optind++];
        return optind == argc && (options->list || options->node) ? 1 : ERR_USAGE;
}

static int answer(const struct options *options, const struct scope_rules *rules) {
        const char *word;

        if (options->list) {
                struct list list = { rules, options->lang };

                sysfs_each_disk(list_disk, &list);
                return EXIT_SUCCESS;
        }
        word = gate(options->node, rules, options->lang);
        if (!word)
                return EXIT_FAILURE;
        (void) puts(word);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
        struct options options = { .config = STATION_CONFIG, .lang = log_lang_of_locale() };
        _cleanup_config_ struct config *config = NULL;
        struct scope_rules rules;
        struct error err = { 0 };
        int r = read_options(argc, argv, &options);

        if (r == ERR_USAGE)
                (void) fputs(text_in(usage, options.lang), stderr);
        if (r <= 0)
                return -r;
        (void) alarm(SECONDS_MAX);
        if (options.owner || options.mapping)
                return options.owner ? print_owner(options.owner) : print_mapping_user(options.mapping);
        openlog("mpsi-gate", LOG_PID, LOG_DAEMON);
        /* A configuration that can't be read or understood is no reason to leave a disk open. */
        if (config_load(options.config, &config, &err) < 0)
                complain(options.config, &err, options.lang);
        if (scope_rules_read(config, &rules, &err) < 0)
                complain(options.config, &err, options.lang);
        return answer(&options, &rules);
}
