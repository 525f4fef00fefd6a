/* Providers of destruction (S11): which papers they have to hold, and until when each is worth something. Pure. */
#pragma once

#include "policy/rule.h"
#include "policy/terms.h"

enum provider_paper { PAPER_ISO27001, PAPER_EN15713, PAPER_INSURANCE, PAPER_TRANSPORT, PAPER_CERTIFICATES, PAPERS };
extern const struct term provider_paper_terms[PAPERS];

/* How long before its end a paper is told to end soon. */
enum { PAPER_SOON_DAYS = 60 };

enum paper_standing { STANDING_MISSING, STANDING_EXPIRED, STANDING_SOON, STANDING_VALID, STANDINGS };
extern const struct term paper_standing_terms[STANDINGS];

/* `expires` and `today` are dates; expires may be NULL: there is none. The day itself still counts. */
enum paper_standing paper_judge(const char *expires, const char *today);
/* The worst of all. */
enum paper_standing provider_standing(const char *const expires[PAPERS], const char *today);
/* ERR_REFUSED by S11, naming the first paper that fails. */
int provider_judge(const char *provider, const char *const expires[PAPERS], const char *today, struct error *err);
