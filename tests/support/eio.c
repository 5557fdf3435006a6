/* For LD_PRELOAD: writes and syncs of the files whose path contains $EIO_FILES fail with EIO while the file $EIO_SWITCH
   exists. It holds the kinds of calls ("w" writes, "s" syncs) and N: one call in N fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned calls;

static int fails(int fd, char kind) {
    const char *files = getenv("EIO_FILES"), *name = getenv("EIO_SWITCH");
    if (!files || !name) return 0;
    char link[64], path[4096], text[64];
    FILE *file = fopen(name, "r");
    if (!file) return 0;
    char kinds[8] = "";
    unsigned one_in = 1;
    int read = fgets(text, sizeof text, file) && sscanf(text, "%7s %u", kinds, &one_in) == 2;
    fclose(file);
    if (!read || !one_in || !strchr(kinds, kind)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, files)) return 0;
    if (__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) % one_in) return 0;
    errno = EIO;
    return 1;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) { REAL(write); return fails(fd, 'w') ? -1 : real(fd, data, size); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { REAL(pwrite); return fails(fd, 'w') ? -1 : real(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { REAL(pwrite64); return fails(fd, 'w') ? -1 : real(fd, data, size, at); }
ssize_t pwritev(int fd, const struct iovec *data, int count, off_t at) { REAL(pwritev); return fails(fd, 'w') ? -1 : real(fd, data, count, at); }
ssize_t pwritev64(int fd, const struct iovec *data, int count, off64_t at) { REAL(pwritev64); return fails(fd, 'w') ? -1 : real(fd, data, count, at); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); return fails(fd, 'w') ? -1 : real(fd, size); }
int fsync(int fd) { REAL(fsync); return fails(fd, 's') ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fails(fd, 's') ? -1 : real(fd); }
