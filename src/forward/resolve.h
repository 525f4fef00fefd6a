/* A look-up of a name that does not hold the loop up: in a thread of its own, as the C library's only waits. */
#pragma once

#include <netdb.h>

#include "base/error.h"

/* The descriptor becomes readable when it is done. */
int resolve_start(const char *host, const char *port, int *ret_fd, struct error *err);
/* Closes the descriptor and gives the addresses, for freeaddrinfo(). */
int resolve_finish(int fd, struct addrinfo **ret, struct error *err);
