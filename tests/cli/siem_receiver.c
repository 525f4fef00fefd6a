/* What stands in for a SIEM and for journald in siem.bats.
 *
 *   siem_receiver --port PORT|0 --port-file FILE --log FILE [--certificate FILE --key FILE [--client-ca FILE]]
 *                 [--delay MICROSECONDS] [--end-after N]
 * accepts one connection after the other and reads octet-counted messages as strictly as RFC 6587 (3.4.1) and RFC
 * 5425 (4.3) allow: what is none ends it with status 3. Each whole message becomes a line "CONNECTION message".
 * --end-after closes each connection in order after N messages.
 *
 *   siem_receiver --journal SOCKET --log FILE
 * reads journald's native protocol: a line of JSON an entry. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX = 65536 };

static struct {
        const char *port, *port_file, *log, *certificate, *key, *client_ca, *journal;
        useconds_t delay;
        long end_after;
} options = { .port = "0" };

static int log_fd, connection;

static void die(const char *why) {
        perror(why);
        exit(1);
}

static void log_line(const char *text, size_t n) {
        char *line = malloc(n + 32);
        int start = line ? snprintf(line, 32, "%d ", connection) : 0;

        if (!line)
                die("malloc");
        memcpy(line + start, text, n);
        line[(size_t) start + n] = '\n';
        /* One write a line: whoever kills this program finds whole lines. */
        if (write(log_fd, line, (size_t) start + n + 1) < 0)
                die("write");
        free(line);
}

static void bad(const char *why) {
        char text[64];

        log_line(text, (size_t) snprintf(text, sizeof text, "BAD %s", why));
        exit(3);
}

/* The bytes that are there; 0 at the end of the connection. */
static size_t receive(int fd, SSL *ssl, char *out, size_t n) {
        size_t done = 0;
        ssize_t got;

        if (ssl)
                return SSL_read_ex(ssl, out, n, &done) == 1 ? done : 0;
        got = read(fd, out, n);
        return got > 0 ? (size_t) got : 0;
}

/* One whole message at the front of the buffer: its length with the count, or 0 when it is not all there. */
static size_t take_message(const char *data, size_t n) {
        size_t digits = 0, length = 0;

        while (digits < n && data[digits] >= '0' && data[digits] <= '9') {
                length = length * 10 + (size_t) (data[digits] - '0');
                if (++digits > 5)
                        bad("count too long");
        }
        if (digits == n)
                return 0;
        if (digits == 0 || data[0] == '0' || data[digits] != ' ' || length > MESSAGE_MAX)
                bad("count");
        if (n < digits + 1 + length)
                return 0;
        if (data[digits + 1] != '<' || memchr(data + digits + 1, '\n', length) || memchr(data, '\0', length))
                bad("message");
        log_line(data + digits + 1, length);
        return digits + 1 + length;
}

static void serve(int fd, SSL *ssl) {
        static char buffer[2 * MESSAGE_MAX];
        size_t n = 0, got, taken;
        long messages = 0;

        while ((got = receive(fd, ssl, buffer + n, sizeof buffer - n)) > 0) {
                n += got;
                while ((taken = take_message(buffer, n)) > 0) {
                        n -= taken;
                        memmove(buffer, buffer + taken, n);
                        if (options.delay)
                                (void) usleep(options.delay);
                        if (++messages == options.end_after)
                                return;
                }
        }
}

static SSL_CTX *tls_context(void) {
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());

        if (!context || SSL_CTX_use_certificate_chain_file(context, options.certificate) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, options.key, SSL_FILETYPE_PEM) != 1)
                die("certificate");
        if (options.client_ca) {
                if (SSL_CTX_load_verify_file(context, options.client_ca) != 1)
                        die("client CA");
                SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        }
        return context;
}

static void accept_one(int listener, SSL_CTX *context) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        SSL *ssl = NULL;

        if (fd < 0)
                die("accept");
        connection++;
        if (context) {
                ssl = SSL_new(context);
                if (!ssl || SSL_set_fd(ssl, fd) != 1)
                        die("SSL");
                if (SSL_accept(ssl) == 1) {
                        serve(fd, ssl);
                        (void) SSL_shutdown(ssl);
                } else {
                        log_line("TLS refused", strlen("TLS refused"));
                }
                SSL_free(ssl);
        } else {
                serve(fd, NULL);
        }
        (void) close(fd);
}

static void listen_and_serve(void) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                       .sin_port = htons((uint16_t) atoi(options.port)) };
        SSL_CTX *context = options.certificate ? tls_context() : NULL;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
        socklen_t n = sizeof address;
        char name[4096];
        FILE *file;

        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, (struct sockaddr *) &address, n) < 0 || listen(fd, 8) < 0 ||
            getsockname(fd, (struct sockaddr *) &address, &n) < 0)
                die("listen");
        /* Whoever waits for the file finds the port in it. */
        (void) snprintf(name, sizeof name, "%s.new", options.port_file);
        file = fopen(name, "we");
        if (!file || fprintf(file, "%d\n", ntohs(address.sin_port)) < 0 || fclose(file) != 0 ||
            rename(name, options.port_file) < 0)
                die("port file");
        for (;;)
                accept_one(fd, context);
}

/* NAME=value, or NAME, eight bytes of length, and the value. */
static void log_entry(const char *data, size_t n) {
        json_t *entry = json_object();
        const char *at = data, *end = data + n;
        char *text;

        while (at < end) {
                const char *line = memchr(at, '\n', (size_t) (end - at));
                const char *equals = line ? memchr(at, '=', (size_t) (line - at)) : NULL;
                const char *value = equals ? equals + 1 : line + 1;
                char name[64];
                uint64_t length;

                if (!line)
                        bad("entry");
                (void) snprintf(name, sizeof name, "%.*s", (int) ((equals ? equals : line) - at), at);
                if (equals) {
                        length = (uint64_t) (line - value);
                } else {
                        memcpy(&length, value, 8);
                        value += 8;
                        if (length > (uint64_t) (end - value))
                                bad("length");
                }
                (void) json_object_set_new(entry, name, json_stringn(value, length));
                at = value + length + 1;
        }
        text = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
        log_line(text, strlen(text));
        free(text);
        json_decref(entry);
}

/* What is too long for a datagram comes as a file in memory. */
static void receive_entry(int fd) {
        static char data[1 << 20];
        struct iovec part = { data, sizeof data };
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control;
        struct msghdr message = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
        };
        ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
        const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        struct stat st;
        void *map;
        int file;

        if (n < 0)
                die("recvmsg");
        if (!header) {
                log_entry(data, (size_t) n);
                return;
        }
        memcpy(&file, CMSG_DATA(header), sizeof file);
        if (fstat(file, &st) < 0)
                die("fstat");
        map = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (map == MAP_FAILED)
                die("mmap");
        log_entry(map, (size_t) st.st_size);
        (void) munmap(map, (size_t) st.st_size);
        (void) close(file);
}

static void be_journal(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", options.journal);
        (void) unlink(options.journal);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof address) < 0)
                die("journal");
        for (;;)
                receive_entry(fd);
}

int main(int argc, char **argv) {
        static const struct option names[] = {
                { "port", required_argument, NULL, 'p' },    { "port-file", required_argument, NULL, 'f' },
                { "log", required_argument, NULL, 'l' },     { "certificate", required_argument, NULL, 'c' },
                { "key", required_argument, NULL, 'k' },     { "client-ca", required_argument, NULL, 'a' },
                { "delay", required_argument, NULL, 'd' },   { "end-after", required_argument, NULL, 'e' },
                { "journal", required_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0)
                switch (c) {
                case 'p': options.port = optarg; break;
                case 'f': options.port_file = optarg; break;
                case 'l': options.log = optarg; break;
                case 'c': options.certificate = optarg; break;
                case 'k': options.key = optarg; break;
                case 'a': options.client_ca = optarg; break;
                case 'd': options.delay = (useconds_t) atoi(optarg); break;
                case 'e': options.end_after = atol(optarg); break;
                case 'j': options.journal = optarg; break;
                default: return 2;
                }
        if (!options.log || (!options.port_file && !options.journal))
                return 2;
        (void) signal(SIGPIPE, SIG_IGN);
        log_fd = open(options.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0)
                die("log");
        if (options.journal)
                be_journal();
        listen_and_serve();
        return 0;
}
