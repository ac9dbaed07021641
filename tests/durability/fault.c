/* A disk that loses what was not synchronised, for one process: preloaded, it watches the files below a folder.
 *
 * What the process writes goes to the real files, as into a page cache. What would be left after a power cut is kept in a
 * second folder, the shadow, and changes only when the process asks for it:
 *   fsync, fdatasync of a file    what was written to it since goes to  SHADOW/files/INODE
 *   fsync of a folder             the names in it, with their inodes, go to  SHADOW/folders/INODE
 * Each watched file is also linked as SHADOW/pins/INODE, so that no inode number is used twice.
 * Memory maps are not followed: what is written through one (SQLite's -shm) is lost.
 *
 * The file CONTROL holds two 64-bit numbers that its owner may change at any time: the error (0, or an errno such as
 * ENOSPC or EROFS) that changes of the folder meet, and how many bytes may be written before they do.
 *
 * Environment: ASSAY_FAULT_FOLDER, ASSAY_FAULT_SHADOW, ASSAY_FAULT_CONTROL; all absolute, without symbolic links. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BUCKETS = 4096, PATH = 4352 };

struct range { off_t from, to; };

struct file { /* a watched inode, and what was written to it since it was last synchronised */
    ino_t inode;
    dev_t device;
    struct range *dirty;
    size_t count, room;
    struct file *next;
};

static struct file *table[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[4096], shadow[4096];
static volatile int64_t *control;

static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);

static void die(const char *what) { /* a check that cannot be trusted must not go on */
    fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    real_openat = dlsym(RTLD_NEXT, "openat64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    const char *f = getenv("ASSAY_FAULT_FOLDER"), *s = getenv("ASSAY_FAULT_SHADOW"), *c = getenv("ASSAY_FAULT_CONTROL");
    if (!f || !s || !c) return; /* preloaded, and nothing to watch */
    snprintf(folder, sizeof folder, "%s", f);
    snprintf(shadow, sizeof shadow, "%s", s);
    int fd = real_openat(AT_FDCWD, c, O_RDWR | O_CLOEXEC);
    if (fd < 0) die(c);
    control = mmap(NULL, 2 * sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED) die(c);
    close(fd);
}

static int below(const char *path) {
    size_t n = strlen(folder);
    return n && !strncmp(path, folder, n) && (path[n] == 0 || path[n] == '/');
}

static int watched_path(int at, const char *path) { /* good for what need not exist yet; links are not followed */
    char here[PATH], whole[2 * PATH];
    if (path[0] == '/') return below(path);
    char name[64];
    snprintf(name, sizeof name, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
    ssize_t n = readlink(name, here, sizeof here - 1);
    if (n < 0) return 0;
    here[n] = 0;
    snprintf(whole, sizeof whole, "%s/%s", here, path);
    return below(whole);
}

static struct file *find(const struct stat *st) { /* under the lock */
    for (struct file *f = table[st->st_ino % BUCKETS]; f; f = f->next)
        if (f->inode == st->st_ino && f->device == st->st_dev) return f;
    return NULL;
}

static struct file *watched(int fd, struct stat *st) { /* under the lock */
    return control && !fstat(fd, st) ? find(st) : NULL;
}

static void watch(int fd) {
    struct stat st;
    char name[64], path[PATH], pin[PATH];
    if (!control || fd < 0 || fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(name, path, sizeof path - 1);
    if (n < 0) return;
    path[n] = 0;
    if (!below(path)) return;
    pthread_mutex_lock(&lock);
    if (!find(&st)) {
        snprintf(pin, sizeof pin, "%s/pins/%llu", shadow, (unsigned long long)st.st_ino);
        if (S_ISREG(st.st_mode) && linkat(AT_FDCWD, name, AT_FDCWD, pin, AT_SYMLINK_FOLLOW) && errno != EEXIST) die(pin);
        struct file *f = calloc(1, sizeof *f);
        if (!f) die("memory");
        f->inode = st.st_ino;
        f->device = st.st_dev;
        f->next = table[f->inode % BUCKETS];
        table[f->inode % BUCKETS] = f;
    }
    pthread_mutex_unlock(&lock);
}

static int refused(void) {
    if (!control || !control[0]) return 0;
    errno = (int)control[0];
    return 1;
}

/* How many of so many bytes may be written to this descriptor; -1 with errno if none. */
static ssize_t granted(int fd, size_t n) {
    struct stat st;
    if (!control || !control[0]) return (ssize_t)n;
    pthread_mutex_lock(&lock);
    ssize_t grant = (ssize_t)n;
    if (watched(fd, &st)) {
        if (control[1] <= 0) {
            errno = (int)control[0];
            grant = -1;
        } else if ((int64_t)n > control[1]) {
            grant = (ssize_t)control[1];
            control[1] = 0;
        } else {
            control[1] -= (int64_t)n;
        }
    }
    pthread_mutex_unlock(&lock);
    return grant;
}

static void mark(struct file *f, off_t from, off_t to) { /* under the lock */
    if (f->count && f->dirty[f->count - 1].to == from) {
        f->dirty[f->count - 1].to = to;
        return;
    }
    if (f->count == f->room) {
        f->room = f->room ? 2 * f->room : 16;
        f->dirty = realloc(f->dirty, f->room * sizeof *f->dirty);
        if (!f->dirty) die("memory");
    }
    f->dirty[f->count++] = (struct range){from, to};
}

/* Only after the write itself: a sync of another thread between the two must not take the mark without the bytes. */
static ssize_t written(int fd, off_t at, ssize_t n) {
    struct stat st;
    int kept = errno;
    if (n > 0 && control) {
        pthread_mutex_lock(&lock);
        struct file *f = watched(fd, &st);
        if (f && S_ISREG(st.st_mode)) {
            if (at < 0) at = lseek(fd, 0, SEEK_CUR) - n;
            mark(f, at, at + n);
        }
        pthread_mutex_unlock(&lock);
    }
    errno = kept;
    return n;
}

static int any_open(int at, const char *path, int flags, mode_t mode) {
    if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC))
        if (control && control[0] && control[1] <= 0 && watched_path(at, path) && (control[0] == EROFS || flags & O_CREAT)) {
            struct stat st;
            if ((control[0] == EROFS || fstatat(at, path, &st, 0)) && refused()) return -1;
        }
    int fd = real_openat(at, path, flags, mode);
    int kept = errno;
    watch(fd);
    errno = kept;
    return fd;
}

#define MODE(last) mode_t mode = 0; if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) { \
    va_list more; va_start(more, last); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE(flags) return any_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return any_open(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return any_open(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return any_open(at, path, flags, mode); }
int __open_2(const char *path, int flags) { return any_open(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return any_open(AT_FDCWD, path, flags, 0); }

ssize_t write(int fd, const void *data, size_t n) {
    ssize_t grant = granted(fd, n);
    return grant < 0 ? -1 : written(fd, -1, real_write(fd, data, (size_t)grant));
}

ssize_t pwrite64(int fd, const void *data, size_t n, off_t at) {
    ssize_t grant = granted(fd, n);
    return grant < 0 ? -1 : written(fd, at, real_pwrite(fd, data, (size_t)grant, at));
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return pwrite64(fd, data, n, at); }

static size_t total(const struct iovec *parts, int count) {
    size_t sum = 0;
    for (int i = 0; i < count; i++) sum += parts[i].iov_len;
    return sum;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return granted(fd, total(parts, count)) < 0 ? -1 : written(fd, -1, real_writev(fd, parts, count));
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) {
    return granted(fd, total(parts, count)) < 0 ? -1 : written(fd, at, real_pwritev(fd, parts, count, at));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

int ftruncate64(int fd, off_t size) {
    struct stat st;
    pthread_mutex_lock(&lock);
    struct file *f = watched(fd, &st);
    int result = f && refused() ? -1 : real_ftruncate(fd, size);
    if (f && !result) mark(f, st.st_size < size ? st.st_size : size, st.st_size < size ? size : st.st_size);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int readable(int fd) {
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY) return fd; /* a second one's close would drop fcntl's locks */
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    return real_openat(AT_FDCWD, self, O_RDONLY | O_CLOEXEC);
}

static void keep_bytes(int fd, struct file *f) { /* under the lock */
    static char buffer[1 << 20];
    char path[PATH];
    struct stat st;
    snprintf(path, sizeof path, "%s/files/%llu", shadow, (unsigned long long)f->inode);
    int to = real_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int from = readable(fd);
    if (to < 0 || from < 0) die(path);
    for (size_t i = 0; i < f->count; i++)
        for (off_t at = f->dirty[i].from; at < f->dirty[i].to;) {
            size_t want = (size_t)(f->dirty[i].to - at) < sizeof buffer ? (size_t)(f->dirty[i].to - at) : sizeof buffer;
            ssize_t n = pread(from, buffer, want, at);
            if (n < 0) die(path);
            if (n == 0) break; /* truncated since */
            if (real_pwrite(to, buffer, (size_t)n, at) != n) die(path);
            at += n;
        }
    f->count = 0;
    if (fstat(from, &st) || real_ftruncate(to, st.st_size)) die(path);
    if (from != fd) close(from);
    close(to);
}

static void keep_names(int fd, struct file *f) { /* under the lock */
    char path[PATH], part[PATH], self[64];
    snprintf(path, sizeof path, "%s/folders/%llu", shadow, (unsigned long long)f->inode);
    snprintf(part, sizeof part, "%s.part", path);
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int to = real_openat(AT_FDCWD, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    DIR *names = opendir(self);
    FILE *out = to < 0 ? NULL : fdopen(to, "w");
    if (!out || !names) die(path);
    for (struct dirent *entry; (entry = readdir(names));) {
        struct stat st;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (fstatat(dirfd(names), entry->d_name, &st, AT_SYMLINK_NOFOLLOW)) continue; /* gone since */
        fprintf(out, "%llu %o %s\n", (unsigned long long)st.st_ino, (unsigned)st.st_mode, entry->d_name);
    }
    if (fclose(out) || real_rename(part, path)) die(path);
    closedir(names);
}

static int synced(int fd, int (*real)(int)) {
    struct stat st;
    pthread_mutex_lock(&lock);
    struct file *f = watched(fd, &st);
    if (f && S_ISDIR(st.st_mode)) keep_names(fd, f);
    else if (f) keep_bytes(fd, f);
    pthread_mutex_unlock(&lock);
    return f ? 0 : real(fd); /* the shadow is the disk: the real one need not be waited for */
}

int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }

static int barred(const char *path) {
    return control && control[0] && control[1] <= 0 && watched_path(AT_FDCWD, path) && refused();
}

int mkdir(const char *path, mode_t mode) { return barred(path) ? -1 : real_mkdir(path, mode); }
int rename(const char *from, const char *to) {
    return control && control[0] == EROFS && barred(to) ? -1 : real_rename(from, to);
}
int unlink(const char *path) { return control && control[0] == EROFS && barred(path) ? -1 : real_unlink(path); }
