#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "verifier/verifier.h"

enum { LINES = 10 };

struct options {
        const char *record, *device, *out, *seed, *by;
        bool sample, json, english;
};

static const char help_es[] =
        "mpsi-verify-wipe --record FICHERO --device DISPOSITIVO [opciones]\n\n"
        "Relee un soporte borrado con mpsi y lo compara con lo que su registro dice que\n"
        "debe contener. No necesita almacén ni red, y no escribe en el soporte.\n\n"
        "  --record FICHERO   gemelo JSON del certificado, o lo que da «mpsi wipe show --out»\n"
        "  --device NODO      dispositivo de bloques o imagen\n"
        "  --sample           solo la muestra de NIST SP 800-88 Rev. 1 (si no, entero)\n"
        "  --seed HEX         semilla de la muestra (si no, una nueva)\n"
        "  --out FICHERO      resultado para «mpsi wipe verify --import»; no puede existir\n"
        "  --by TEXTO         quién lo ejecuta (si no, la cuenta)\n"
        "  --json             el resultado por la salida\n"
        "  --lang es|en       idioma\n"
        "  --version, --help\n\n"
        "Termina con 0 si se mantiene, 6 si algo difiere o no se puede leer, 2 uso, 4 no\n"
        "existe, 7 otro soporte o nada que comparar, 75 en uso, 1 otro fallo.\n";
static const char help_en[] =
        "mpsi-verify-wipe --record FILE --device DEVICE [options]\n\n"
        "Reads a medium that mpsi wiped again and compares it with what its record says\n"
        "it must hold. It needs neither store nor network, and writes nothing to it.\n\n"
        "  --record FILE      a certificate's JSON twin, or what “mpsi wipe show --out” gives\n"
        "  --device NODE      a block device or an image\n"
        "  --sample           only the sample of NIST SP 800-88 Rev. 1 (else all of it)\n"
        "  --seed HEX         the sample's seed (else a new one)\n"
        "  --out FILE         result for “mpsi wipe verify --import”; must not exist\n"
        "  --by TEXT          who runs it (else the account)\n"
        "  --json             the result on standard output\n"
        "  --lang es|en       language\n"
        "  --version, --help\n\n"
        "Ends with 0 when it holds, 6 when anything differs or can't be read, 2 usage, 4\n"
        "not found, 7 another medium or nothing to compare, 75 in use, 1 other failures.\n";

static const char *in(const struct options *options, const char *es, const char *en) {
        return options->english ? en : es;
}

/* As mpsi chooses it: the first locale that names a language; Spanish where none does. */
static bool locale_is_english(void) {
        static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const char *value = getenv(names[i]);

                if (value && *value && strncmp(value, "C", 1) != 0 && strncmp(value, "POSIX", 5) != 0)
                        return strncmp(value, "en", 2) == 0;
        }
        return false;
}

static int64_t now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_REALTIME, &t);
        return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* 0 go on, else the exit status + 1. */
static int read_options(int argc, char **argv, struct options *options) {
        static const struct option longs[] = {
                { "record", required_argument, NULL, 'r' },
                { "device", required_argument, NULL, 'd' },
                { "sample", no_argument, NULL, 's' },
                { "seed", required_argument, NULL, 'S' },
                { "out", required_argument, NULL, 'o' },
                { "by", required_argument, NULL, 'b' },
                { "json", no_argument, NULL, 'j' },
                { "lang", required_argument, NULL, 'l' },
                { "version", no_argument, NULL, 'v' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        options->english = locale_is_english();
        while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0)
                switch (c) {
                case 'r': options->record = optarg; break;
                case 'd': options->device = optarg; break;
                case 's': options->sample = true; break;
                case 'S': options->seed = optarg; break;
                case 'o': options->out = optarg; break;
                case 'b': options->by = optarg; break;
                case 'j': options->json = true; break;
                case 'l':
                        if (strcmp(optarg, "es") != 0 && strcmp(optarg, "en") != 0)
                                return EXIT_USAGE + 1;
                        options->english = strcmp(optarg, "en") == 0;
                        break;
                case 'v': (void) printf("mpsi-verify-wipe %s\n", MPSI_VERSION); return 1;
                case 'h': (void) fputs(in(options, help_es, help_en), stdout); return 1;
                default: return EXIT_USAGE + 1;
                }
        if (optind < argc || !options->record || !options->device || (options->seed && !options->sample)) {
                (void) fputs(in(options, help_es, help_en), stderr);
                return EXIT_USAGE + 1;
        }
        return 0;
}

static int read_record(const char *path, char **ret, size_t *ret_n, struct says *why) {
        FILE *file = fopen(path, "re");
        struct stat st;
        char *text;
        size_t n;

        if (!file)
                return say(why, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED, "No se puede leer «%s»: %s.",
                           "“%s” can't be read: %s.", path, strerror(errno));
        if (fstat(fileno(file), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > RECORD_MAX) {
                (void) fclose(file);
                return say(why, EXIT_USAGE, "«%s» no es un registro.", "“%s” is no record.", path);
        }
        text = malloc((size_t) st.st_size + 1);
        n = text ? fread(text, 1, (size_t) st.st_size, file) : 0;
        (void) fclose(file);
        if (!text)
                return say(why, EXIT_FAILED, "Sin memoria.", "Out of memory.");
        *ret = text;
        *ret_n = n;
        return 0;
}

static void to_hex(const uint8_t *bytes, size_t n, char *out) {
        for (size_t i = 0; i < n; i++)
                (void) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static int digest_of(const char *text, size_t n, char out[65], struct says *why) {
        uint8_t digest[32];

        if (EVP_Digest(text, n, digest, NULL, EVP_sha256(), NULL) != 1)
                return say(why, EXIT_FAILED, "Falló SHA-256.", "SHA-256 failed.");
        to_hex(digest, sizeof digest, out);
        return 0;
}

/* The sample's seed: the one that was given, or one that nobody knew before. */
static int choose_seed(const struct options *options, uint8_t seed[SEED_BYTES], char text[65], struct says *why) {
        const char *given = options->seed;

        if (!given) {
                if (getrandom(seed, SEED_BYTES, 0) != SEED_BYTES)
                        return say(why, EXIT_FAILED, "No hay números aleatorios.", "There are no random numbers.");
        } else {
                if (strlen(given) != (size_t) 2 * SEED_BYTES || strspn(given, "0123456789abcdef") != strlen(given))
                        return say(why, EXIT_USAGE, "La semilla son 64 cifras hexadecimales en minúscula.",
                                   "A seed is 64 lower-case hexadecimal digits.");
                for (size_t i = 0; i < SEED_BYTES; i++) {
                        const char pair[3] = { given[2 * i], given[2 * i + 1], 0 };

                        seed[i] = (uint8_t) strtoul(pair, NULL, 16);
                }
        }
        to_hex(seed, SEED_BYTES, text);
        return 0;
}

static void show(void *context, int64_t done, int64_t total) {
        int *last = context, percent = total > 0 ? (int) ((double) done * 100 / (double) total) : 100;

        if (percent == *last)
                return;
        *last = percent;
        (void) fprintf(stderr, "\r%3d %%", percent);
        if (percent == 100)
                (void) fputs("\r     \r", stderr);
}

static int compare(const struct options *options, const struct expected *expected, struct look *look,
                   char sample_seed[65], struct says *why) {
        struct place *places = NULL;
        uint8_t seed[SEED_BYTES];
        size_t n = 0;
        int r;

        if (!options->sample)
                return look_whole(look, expected, why);
        r = choose_seed(options, seed, sample_seed, why);
        if (r == 0)
                r = sample_places(look->size, look->block, seed, &places, &n, why);
        if (r == 0)
                r = look_places(look, expected, places, n, why);
        free(places);
        return r;
}

/* A result is a piece of evidence: no other file is written over. */
static int write_result(const struct options *options, const char *text, struct says *why) {
        int fd = open(options->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
        FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

        if (!file || fprintf(file, "%s\n", text) < 0 || fflush(file) != 0 || fsync(fd) < 0) {
                int no = errno;

                if (file)
                        (void) fclose(file);
                return say(why, EXIT_FAILED, "No se puede escribir «%s»: %s.", "“%s” can't be written: %s.",
                           options->out, strerror(no));
        }
        return fclose(file) == 0 ? 0
                                 : say(why, EXIT_FAILED, "No se puede escribir «%s».", "“%s” can't be written.",
                                       options->out);
}

static int hand_out(const struct options *options, const struct result *result, struct says *why) {
        json_t *json = result_to_json(result);
        char *text = json ? json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
        int r = text ? 0 : say(why, EXIT_FAILED, "Sin memoria.", "Out of memory.");

        if (r == 0 && options->out)
                r = write_result(options, text, why);
        if (r == 0 && options->json)
                (void) printf("%s\n", text);
        free(text);
        json_decref(json);
        return r;
}

static void line(const struct options *options, const char *es, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

static void line(const struct options *options, const char *es, const char *en, ...) {
        va_list arguments;

        va_start(arguments, en);
        if (options->english)
                (void) vprintf(en, arguments);
        else
                (void) vprintf(es, arguments);
        va_end(arguments);
        (void) putchar('\n');
}

static void tell(const struct options *options, const struct result *result) {
        const struct look *look = result->look;
        const struct expected *expected = result->expected;

        if (options->json)
                return;
        line(options, "Soporte %s, trabajo %s, técnica %s.", "Medium %s, job %s, technique %s.", expected->medium,
             expected->job, expected->technique);
        line(options, "Leídos %lld de %lld bytes de %s.", "Read %lld of %lld bytes of %s.", (long long) look->bytes,
             (long long) look->size, result->device);
        if (result->sample_seed)
                line(options, "Muestra con la semilla %s.", "Sample with the seed %s.", result->sample_seed);
        for (size_t i = 0; i < look->listed_n && i < LINES; i++)
                line(options, "  difiere: byte %lld, %lld bytes", "  differs: byte %lld, %lld bytes",
                     (long long) look->listed[i].start, (long long) look->listed[i].length);
        if (look->listed_n > LINES)
                line(options, "  y otras zonas", "  and other areas");
        if (look->unreadable > 0)
                line(options, "Ilegibles: %lld bytes.", "Unreadable: %lld bytes.", (long long) look->unreadable);
        if (!look->direct)
                line(options, "Leído a través de la caché: ese sistema de ficheros no da otra cosa.",
                     "Read through the page cache: that file system gives nothing else.");
        if (look->differing == 0)
                line(options, "SE MANTIENE: contiene exactamente lo que dejó el borrado.",
                     "HOLDS: it contains exactly what the wipe left.");
}

static const char *account(void) {
        const struct passwd *user = getpwuid(getuid());

        return user ? user->pw_name : "";
}

static int verify(const struct options *options, const char *text, size_t n, struct says *why) {
        struct look look = { .fd = -1 };
        char digest[65], sample_seed[65] = "";
        struct expected expected;
        struct result result = { .expected = &expected, .look = &look, .device = options->device };
        int last = -1, verdict, r = record_parse(text, n, &expected, why);

        if (r == 0)
                r = digest_of(text, n, digest, why);
        if (r == 0)
                r = look_open(options->device, &expected, &look, why);
        if (r)
                return r;
        look.context = &last;
        look.progress = isatty(2) ? show : NULL;
        result.started = now();
        verdict = compare(options, &expected, &look, sample_seed, why);
        (void) close(look.fd);
        if (verdict != EXIT_HOLDS && verdict != EXIT_DIFFERS)
                return verdict;
        result.finished = now();
        result.record_sha256 = digest;
        result.sample_seed = options->sample ? sample_seed : NULL;
        result.ran_by = options->by ? options->by : account();
        tell(options, &result);
        r = hand_out(options, &result, why);
        (void) fflush(stdout); /* before what is said of it on the other one */
        return r ? r : verdict;
}

int main(int argc, char **argv) {
        struct options options = { 0 };
        struct says why = { "", "" };
        char *text = NULL;
        size_t n = 0;
        int r = read_options(argc, argv, &options);

        if (r)
                return r - 1;
        r = read_record(options.record, &text, &n, &why);
        if (r == 0)
                r = verify(&options, text, n, &why);
        free(text);
        if (r)
                (void) fprintf(stderr, "mpsi-verify-wipe: %s\n", in(&options, why.es, why.en));
        return r;
}
