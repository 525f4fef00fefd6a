/*
 * The kernel short of memory, as far as a few programs are concerned: pager NAME… has all that processes of these
 * names have in memory written to the swap disk, again and again until SIGTERM. What the kernel may not write
 * stays.
 * Prints how often it took something to write, and how many bytes it was offered.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static volatile sig_atomic_t over;
static unsigned long taken, offered;

static void stop(int number) {
        (void) number;
        over = 1;
}

/* Private and writable: what a program reads from its files is on disks already. */
static void page_out(int pid) {
        char path[64], line[512];
        FILE *maps;
        int process = (int) syscall(SYS_pidfd_open, pid, 0);

        (void) snprintf(path, sizeof path, "/proc/%d/maps", pid);
        maps = process < 0 ? NULL : fopen(path, "re");
        while (maps && fgets(line, sizeof line, maps)) {
                unsigned long from, to;
                char rights[8];
                struct iovec area;

                if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || rights[1] != 'w' || rights[3] != 'p')
                        continue;
                area = (struct iovec){ .iov_base = (void *) from, .iov_len = to - from };
                if (syscall(SYS_process_madvise, process, &area, 1, MADV_PAGEOUT, 0) > 0) {
                        taken++;
                        offered += to - from;
                }
        }
        if (maps)
                (void) fclose(maps);
        if (process >= 0)
                (void) close(process);
}

static int is_named(const char *pid, char **names) {
        char path[300], name[32] = "";
        FILE *comm;

        (void) snprintf(path, sizeof path, "/proc/%s/comm", pid);
        comm = fopen(path, "re");
        if (!comm)
                return 0;
        if (fgets(name, sizeof name, comm))
                name[strcspn(name, "\n")] = '\0';
        (void) fclose(comm);
        for (; *names; names++)
                if (strncmp(name, *names, strlen(*names)) == 0)
                        return 1;
        return 0;
}

int main(int argc, char **argv) {
        (void) argc;
        (void) signal(SIGTERM, stop);
        while (!over) {
                DIR *dir = opendir("/proc");
                struct dirent *entry;

                while (dir && !over && (entry = readdir(dir)))
                        if (atoi(entry->d_name) > 1 && is_named(entry->d_name, argv + 1))
                                page_out(atoi(entry->d_name));
                if (dir)
                        (void) closedir(dir);
                (void) usleep(2000); /* they are to get on, too */
        }
        (void) printf("%lu %lu\n", taken, offered);
        return 0;
}
