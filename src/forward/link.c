#include "forward/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sign/openssl.h"

/* A peer that is gone is found out by the kernel, without a timer of ours. */
enum { KEEP_IDLE_S = 60, KEEP_INTERVAL_S = 15, KEEP_COUNT = 4, UNACKNOWLEDGED_MS = 180000, DRAIN_MAX = 64 };

static inline void ssl_ctx_freep(SSL_CTX **context) {
        SSL_CTX_free(*context);
}

/* The key is a secret in a file: only its owner and group may read it. */
static int use_own_certificate(SSL_CTX *context, const struct siem_settings *settings, struct error *err) {
        struct stat st;

        if (stat(settings->key, &st) < 0)
                return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", settings->key);
        if (st.st_mode & S_IRWXO)
                return fail(err, ERR_USAGE, "Cualquiera puede leer la clave «%s»: póngala en modo 0640.",
                            "Anybody can read the key “%s”: make its mode 0640.", settings->key);
        if (SSL_CTX_use_certificate_chain_file(context, settings->certificate) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, settings->key, SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(context) != 1)
                return fail_openssl(err, "No se puede usar el certificado de cliente",
                                    "The client's certificate can't be used");
        return 0;
}

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *out, int size, int writing, void *context) {
        (void) out, (void) size, (void) writing, (void) context;
        return 0;
}

int link_tls_context(const struct siem_settings *settings, SSL_CTX **ret, struct error *err) {
        _cleanup_(ssl_ctx_freep) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        int r;

        if (!context)
                return fail_memory(err);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_security_level(context, 2);
        SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_default_passwd_cb(context, no_passphrase);
        (void) SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
        if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
            SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM") != 1 ||
            SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256") != 1)
                return fail_openssl(err, "OpenSSL no admite los algoritmos de TLS",
                                    "OpenSSL does not take the algorithms of TLS");
        r = settings->ca ? SSL_CTX_load_verify_file(context, settings->ca)
                         : SSL_CTX_set_default_verify_paths(context);
        if (r != 1)
                return fail_openssl(err, "No se puede leer la autoridad del SIEM",
                                    "The SIEM's authority can't be read");
        r = settings->certificate ? use_own_certificate(context, settings, err) : 0;
        if (r == 0)
                *ret = TAKE_PTR(context);
        return r;
}

static void set_option(int fd, int level, int option, int value) {
        (void) setsockopt(fd, level, option, &value, sizeof value);
}

int link_start(struct link *link, const struct sockaddr *address, socklen_t n, struct error *err) {
        *link = (struct link){ .fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) };
        if (link->fd >= 0) {
                set_option(link->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
                set_option(link->fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
                set_option(link->fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
                set_option(link->fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
                set_option(link->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS);
                set_option(link->fd, IPPROTO_TCP, TCP_NODELAY, 1);
                if (connect(link->fd, address, n) == 0 || errno == EINPROGRESS)
                        return 0;
        }
        return fail_errno(err, errno, "No se puede conectar", "It can't be connected to");
}

int link_connected(struct link *link, struct error *err) {
        int trouble = 0;
        socklen_t n = sizeof trouble;

        if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &trouble, &n) < 0)
                trouble = errno;
        return trouble ? fail_errno(err, trouble, "No se puede conectar", "It can't be connected to") : LINK_DONE;
}

int link_tls_start(struct link *link, SSL_CTX *context, const char *host, struct error *err) {
        unsigned char address[sizeof(struct in6_addr)];
        bool is_address = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
        char name[256]; /* OpenSSL's macro takes no const */
        int named;

        (void) snprintf(name, sizeof name, "%s", host);
        link->ssl = SSL_new(context);
        if (!link->ssl)
                return fail_memory(err);
        SSL_set_hostflags(link->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        if (is_address)
                named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(link->ssl), host);
        else
                named = SSL_set1_host(link->ssl, host) == 1 && SSL_set_tlsext_host_name(link->ssl, name) == 1;
        if (named != 1 || SSL_set_fd(link->ssl, link->fd) != 1)
                return fail_openssl(err, "No se puede preparar TLS", "TLS can't be prepared");
        SSL_set_connect_state(link->ssl);
        return 0;
}

/* What OpenSSL says about a call that did not do it all. */
static int tls_trouble(struct link *link, int result, struct error *err) {
        int no = errno;

        switch (SSL_get_error(link->ssl, result)) {
        case SSL_ERROR_WANT_READ: link->wants_write = false; return LINK_AGAIN;
        case SSL_ERROR_WANT_WRITE: link->wants_write = true; return LINK_AGAIN;
        case SSL_ERROR_ZERO_RETURN: return LINK_ENDED;
        case SSL_ERROR_SYSCALL:
                ERR_clear_error();
                return fail_errno(err, no ? no : ECONNRESET, "Se ha roto la conexión", "The connection broke");
        default: return fail_openssl(err, "TLS ha fallado", "TLS failed");
        }
}

int link_handshake(struct link *link, struct error *err) {
        long verdict;
        int r;

        ERR_clear_error();
        errno = 0;
        r = SSL_do_handshake(link->ssl);
        if (r == 1)
                return LINK_DONE;
        r = tls_trouble(link, r, err);
        verdict = SSL_get_verify_result(link->ssl);
        if (r < 0 && verdict != X509_V_OK) {
                (void) fail(err, ERR_VERIFY, "El certificado del SIEM no vale: %s.",
                            "The SIEM's certificate does not hold: %s.", X509_verify_cert_error_string(verdict));
                return hint(err, "Revise [siem] host y ca; no hay forma de saltarse la comprobación.",
                            "Look at [siem] host and ca; the check can't be skipped.");
        }
        if (r == LINK_ENDED)
                return fail(err, ERR_FAILED, "El SIEM ha cerrado la conexión.", "The SIEM closed the connection.");
        return r;
}

ssize_t link_write(struct link *link, const char *data, size_t n, struct error *err) {
        ssize_t done;
        size_t taken;
        int r;

        link->wants_write = true;
        if (!link->ssl) {
                done = send(link->fd, data, n, MSG_NOSIGNAL);
                if (done < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (done < 0)
                        return fail_errno(err, errno, "Se ha roto la conexión", "The connection broke");
                link->plain += (uint64_t) done;
                return done;
        }
        ERR_clear_error();
        errno = 0;
        r = SSL_write_ex(link->ssl, data, n, &taken);
        if (r == 1)
                return (ssize_t) taken;
        r = tls_trouble(link, r, err);
        if (r == LINK_ENDED)
                return fail(err, ERR_FAILED, "El SIEM ha cerrado la conexión.", "The SIEM closed the connection.");
        return r;
}

static int drain_plain(struct link *link, struct error *err) {
        char bytes[4096];

        for (int i = 0; i < DRAIN_MAX; i++) {
                ssize_t n = recv(link->fd, bytes, sizeof bytes, 0);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return LINK_AGAIN;
                if (n == 0)
                        return LINK_ENDED;
                if (n < 0)
                        return fail_errno(err, errno, "Se ha roto la conexión", "The connection broke");
        }
        return LINK_AGAIN;
}

int link_drain(struct link *link, struct error *err) {
        char bytes[4096];
        size_t n;

        if (!link->ssl) {
                int r = drain_plain(link, err);

                /* Without TLS an end tells nothing: a killed receiver's looks the same. */
                return r == LINK_ENDED ? fail(err, ERR_FAILED, "El SIEM ha cerrado la conexión.",
                                              "The SIEM closed the connection.")
                                       : r;
        }
        for (int i = 0; i < DRAIN_MAX; i++) {
                int r;

                ERR_clear_error();
                errno = 0;
                r = SSL_read_ex(link->ssl, bytes, sizeof bytes, &n);
                if (r != 1) {
                        bool wanted = link->wants_write;

                        r = tls_trouble(link, r, err);
                        link->wants_write = wanted;
                        return r;
                }
        }
        return LINK_AGAIN;
}

uint64_t link_written(const struct link *link) {
        return link->ssl ? BIO_number_written(SSL_get_wbio(link->ssl)) : link->plain;
}

/* tcp(7): SIOCOUTQ is what the peer has not acknowledged, sent or not. */
uint64_t link_acknowledged(const struct link *link) {
        uint64_t written = link_written(link);
        int waiting = 0;

        if (ioctl(link->fd, SIOCOUTQ, &waiting) < 0 || waiting < 0 || (uint64_t) waiting > written)
                return 0;
        return written - (uint64_t) waiting;
}

void link_good_bye(struct link *link) {
        (void) SSL_shutdown(link->ssl);
        ERR_clear_error();
        (void) shutdown(link->fd, SHUT_WR);
}

int link_ended(struct link *link, struct error *err) {
        return drain_plain(link, err);
}

void link_close(struct link *link) {
        if (link->ssl) {
                if (SSL_is_init_finished(link->ssl))
                        (void) SSL_shutdown(link->ssl);
                ERR_clear_error();
                SSL_free(link->ssl);
        }
        if (link->fd >= 0)
                (void) close(link->fd);
        *link = (struct link){ .fd = -1 };
}
