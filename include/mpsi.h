/* mpsi: the life of storage media under ENS mp.si, as a library.
 *
 * One store, one person at a time, verbs called with JSON. The verbs, their parameters, roles and answers are those
 * of the command line: mpsi_schema() describes them. Texts are UTF-8. A handle is used by one thread at a time.
 *
 * Every function that can fail returns 0 or a negative number whose absolute value is the exit status of the
 * command line: 1 failed, 2 usage, 3 not allowed, 4 not found, 5 refused by policy, 6 verification failed, 7
 * conflict, 75 busy. */
#ifndef MPSI_H
#define MPSI_H

#ifdef __cplusplus
extern "C" {
#endif

struct mpsi;

/* Opens the store in `folder` for `person` (NULL: found by the process's operating-system account). Nothing is read
 * yet. */
int mpsi_open(const char *folder, const char *person, struct mpsi **ret);

/* Where secrets come from: called with a purpose ("master", "organisation", "recovery", "pin:NAME"); writes at most
 * `size` bytes to `out` and returns their number, or a negative number when it has none. Without it, verbs that
 * need a secret fail (2). */
typedef int (*mpsi_secret_function)(void *context, const char *purpose, unsigned char *out, unsigned long size);
void mpsi_on_secret(struct mpsi *mpsi, mpsi_secret_function function, void *context);

/* Decide and say, but change nothing, in the calls that follow. */
void mpsi_set_dry_run(struct mpsi *mpsi, int dry_run);

/* Calls the verb "noun verb" ("loan out", "init") with `arguments`, a JSON object (NULL: none). *ret_answer is JSON
 * on success, and on failure {"error": {word, status, rule, ens, what: {es, en}, hint: {es, en}}}; where
 * verification failed (6) or policy refused (5) the findings may stand beside "error", as the answer's members. Release it with
 * mpsi_free(). */
int mpsi_call(struct mpsi *mpsi, const char *verb, const char *arguments, char **ret_answer);

/* All verbs as JSON: an array of {noun, name, roles, help, parameters, answer}. Release it with mpsi_free(). */
int mpsi_schema(char **ret);

const char *mpsi_version(void);
void mpsi_free(char *text);
/* NULL is fine. */
void mpsi_close(struct mpsi *mpsi);

#ifdef __cplusplus
}
#endif

#endif
