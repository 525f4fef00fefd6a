/* Who is told of alerts by themselves: what of a list is news, what is still to be delivered, and the message.
 * State is one JSON file that says what was told and what waits; it is written before anything is sent and after
 * each delivery, so that nothing is lost, and what a crash makes unsure is sent again under the same ID. */
#pragma once

#include "alert/alert.h"

enum alert_channel { CHANNEL_HOOK, CHANNEL_MAIL, ALERT_CHANNELS };
extern const char *const alert_channel_names[ALERT_CHANNELS];

enum { ALERT_ADDRESSES = 20 };

/* [alert] of the station's configuration; texts are borrowed from it, addresses from `list`. */
struct alert_settings {
        const char *hook; /* the path of a program, or NULL */
        const char *from, *sendmail;
        char *list;
        const char *to[ALERT_ADDRESSES + 1];
        size_t to_n; /* 0: no mail */
        enum gravity least;
};
int alert_settings_read(const struct config *config, struct alert_settings *ret, struct error *err);
void alert_settings_done(struct alert_settings *settings);
bool alert_settings_have(const struct alert_settings *settings, enum alert_channel channel);
/* One address of plain ASCII that no header and no option can be made of. */
bool alert_address_safe(const char *address);

/* An empty state, for a file that is not there. */
json_t *alert_state_new(void);
/* ERR_NOT_FOUND, ERR_VERIFY when it can't be understood. */
int alert_state_load(const char *path, json_t **ret, struct error *err);
int alert_state_save(const char *path, const json_t *state, struct error *err);

/* Compares the list with what was told and puts what is news to the channels that there are. *ret: in how much the
 * state differs from before, and wants to be saved. */
int alert_news_take(json_t *state, const json_t *list, const struct alert_settings *settings, int64_t now,
                    size_t *ret, struct error *err);
/* What waits for a channel: an array, borrowed; NULL while there is nothing or it is too early to try again. */
const json_t *alert_news_waiting(const json_t *state, enum alert_channel channel, int64_t now);
int alert_news_delivered(json_t *state, enum alert_channel channel, struct error *err);
/* Tried again after a minute, two, four ... at most an hour. */
int alert_news_failed(json_t *state, enum alert_channel channel, int64_t now, struct error *err);

/* For the hook: {station, organisation, news: [...]} on one line. */
int alert_news_json(const struct act *act, const json_t *news, char **ret, struct error *err);
/* For the mail program: headers and body. Whatever the station is called, it adds no header. */
int alert_news_mail(const struct act *act, const json_t *news, const struct alert_settings *settings, char **ret,
                    struct error *err);

/* Runs a program with this on its standard input and nothing of the caller's environment; no shell. One that is not
 * done in time is killed with all that it started. ERR_FAILED. */
int alert_run(const char *const *argv, const char *input, int seconds, struct error *err);

/* "STORE-alert", beside the store: the caller frees it. */
char *alert_state_folder(const char *store);
