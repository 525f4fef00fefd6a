/* One connection, plain or TLS, that never blocks and knows what the peer's kernel has acknowledged. */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "siem/settings.h"

struct link {
        int fd; /* -1: none */
        SSL *ssl;
        uint64_t plain; /* bytes written without TLS */
        bool wants_write;
};

enum link_state { LINK_AGAIN, LINK_DONE, LINK_ENDED /* the peer's orderly end */ };

/* TLS 1.2 or later, AEAD ciphers, the peer's certificate and name verified; there is no way round it (X6). */
int link_tls_context(const struct siem_settings *settings, SSL_CTX **ret, struct error *err);

/* Starts to connect. */
int link_start(struct link *link, const struct sockaddr *address, socklen_t n, struct error *err);
/* Once it is writable: LINK_DONE or why not. */
int link_connected(struct link *link, struct error *err);
/* TLS on it, for this name or address. */
int link_tls_start(struct link *link, SSL_CTX *context, const char *host, struct error *err);
int link_handshake(struct link *link, struct error *err);

/* Bytes taken; 0: later (wants_write says which way), or an error. With TLS all or nothing, and the same bytes must
 * be given again. */
ssize_t link_write(struct link *link, const char *data, size_t n, struct error *err);
/* Reads and drops what the peer says, which syslog does not know: LINK_AGAIN, LINK_ENDED or an error. */
int link_drain(struct link *link, struct error *err);

/* Bytes on the wire so far, ciphertext with TLS, and how many of them the peer's kernel has acknowledged. */
uint64_t link_written(const struct link *link);
uint64_t link_acknowledged(const struct link *link);

/* After LINK_ENDED: our own good-bye, and nothing is sent any more. */
void link_good_bye(struct link *link);
/* Then: LINK_ENDED once the peer's kernel has ended the connection too, or an error when it reset it. */
int link_ended(struct link *link, struct error *err);

/* Says good-bye where the protocol has a word for it. */
void link_close(struct link *link);
