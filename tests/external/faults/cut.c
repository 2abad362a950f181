/* Preloaded into the server: records what it does to the files below $CUT_DIR, in order, so that the disk after a power
 * cut can be made from the record; and lets calls fail.
 *
 *   CUT_DIR     only files below it are looked at
 *   CUT_LOG     where the record goes, appended
 *   CUT_BLIND   files whose names end so are never said to be synced (what synchronous=NORMAL does to commits)
 *   CUT_FAIL    the n-th call fails, and with CUT_STICKY each one after it, with the errno CUT_ERRNO (5, EIO)
 *   CUT_COUNT   where the number of calls goes at the end
 *   CUT_TRIGGER while this file is there syncs of the write-ahead log fail; where it is empty, one does, and it goes
 *
 * Memory maps are not seen: SQLite maps nothing but the index of its log, which no crash outlives. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
static char *names[FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int record = -1;
static long calls, fail_at;
static int fail_errno = EIO, sticky;
static const char *home, *blind, *trigger;

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int (*open_really)(const char *, int, ...);
static ssize_t (*write_really)(int, const void *, size_t);

__attribute__((constructor)) static void begin(void) {
  open_really = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  write_really = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  home = getenv("CUT_DIR");
  blind = getenv("CUT_BLIND");
  trigger = getenv("CUT_TRIGGER");
  sticky = getenv("CUT_STICKY") != NULL;
  if (getenv("CUT_FAIL")) fail_at = atol(getenv("CUT_FAIL"));
  if (getenv("CUT_ERRNO")) fail_errno = atoi(getenv("CUT_ERRNO"));
  if (getenv("CUT_LOG")) record = open_really(getenv("CUT_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("CUT_COUNT");
  if (!path) return;
  char text[32];
  int length = snprintf(text, sizeof text, "%ld\n", calls);
  int fd = open_really(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd >= 0 && write_really(fd, text, (size_t)length) == length) close(fd);
}

static int ends(const char *text, const char *tail) {
  size_t a = strlen(text), b = strlen(tail);
  return a >= b && !strcmp(text + a - b, tail);
}

/* The path as it is recorded, if it is one of ours; it is allocated. */
static char *ours(const char *path) {
  if (!home || !path) return NULL;
  char *whole = NULL;
  if (path[0] == '/') {
    whole = strdup(path);
  } else {
    char here[4096];
    if (!getcwd(here, sizeof here) || asprintf(&whole, "%s/%s", here, path) < 0) return NULL;
  }
  size_t length = strlen(home);
  if (whole && !strncmp(whole, home, length) && (whole[length] == '/' || !whole[length]) && !ends(whole, "-shm")) return whole;
  free(whole);
  return NULL;
}

static const char *name_of(int fd) { return fd >= 0 && fd < FDS ? names[fd] : NULL; }

/* Whether this call is to fail. */
static int fails(void) {
  calls++;
  if (fail_at && (calls == fail_at || (sticky && calls > fail_at))) {
    errno = fail_errno;
    return 1;
  }
  return 0;
}

static void note(char op, uint64_t file, uint64_t at, const char *one, const char *two, const void *data, size_t length) {
  if (record < 0) return;
  struct __attribute__((packed)) { char op; uint64_t file, at; uint32_t one, two, data; } head =
    { op, file, at, one ? (uint32_t)strlen(one) : 0, two ? (uint32_t)strlen(two) : 0, (uint32_t)length };
  struct iovec parts[] = { { &head, sizeof head }, { (void *)one, head.one }, { (void *)two, head.two }, { (void *)data, length } };
  int saved = errno;
  if (writev(record, parts, 4) < 0) abort();
  errno = saved;
}

static uint64_t inode(int fd) {
  struct stat found;
  return fstat(fd, &found) ? 0 : found.st_ino;
}

static int opened(const char *path, int flags, mode_t mode) {
  char *name = ours(path);
  if (!name) return open_really(path, flags, mode);
  pthread_mutex_lock(&lock);
  struct stat found;
  int fd = -1, there = !lstat(path, &found);
  if (!fails()) fd = open_really(path, flags, mode);
  if (fd >= 0 && fd < FDS) {
    if (!there && (flags & O_CREAT)) note('C', inode(fd), 0, name, NULL, NULL, 0);
    if (there && (flags & O_TRUNC)) note('T', inode(fd), 0, NULL, NULL, NULL, 0);
    free(names[fd]);
    names[fd] = name;
  } else {
    free(name);
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPEN(symbol) \
  int symbol(const char *path, int flags, ...) { \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
    return opened(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  REAL(close);
  if (name_of(fd)) {
    pthread_mutex_lock(&lock);
    free(names[fd]);
    names[fd] = NULL;
    pthread_mutex_unlock(&lock);
  }
  return real(fd);
}

#define TRACKED(type, symbol, parameters, arguments, noted) \
  type symbol parameters { \
    static type(*real) parameters; \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #symbol); \
    if (!name_of(fd)) return real arguments; \
    pthread_mutex_lock(&lock); \
    type done = -1; \
    if (!fails()) done = real arguments; \
    if (done >= 0) { noted; } \
    pthread_mutex_unlock(&lock); \
    return done; \
  }
TRACKED(ssize_t, pwrite, (int fd, const void *data, size_t length, off_t at), (fd, data, length, at), note('W', inode(fd), (uint64_t)at, NULL, NULL, data, (size_t)done))
TRACKED(ssize_t, pwrite64, (int fd, const void *data, size_t length, off64_t at), (fd, data, length, at), note('W', inode(fd), (uint64_t)at, NULL, NULL, data, (size_t)done))
TRACKED(ssize_t, write, (int fd, const void *data, size_t length), (fd, data, length), note('W', inode(fd), (uint64_t)(lseek(fd, 0, SEEK_CUR) - done), NULL, NULL, data, (size_t)done))
TRACKED(ssize_t, pread, (int fd, void *data, size_t length, off_t at), (fd, data, length, at), (void)0)
TRACKED(ssize_t, pread64, (int fd, void *data, size_t length, off64_t at), (fd, data, length, at), (void)0)
TRACKED(ssize_t, read, (int fd, void *data, size_t length), (fd, data, length), (void)0)
TRACKED(int, ftruncate, (int fd, off_t length), (fd, length), note('T', inode(fd), (uint64_t)length, NULL, NULL, NULL, 0))
TRACKED(int, ftruncate64, (int fd, off64_t length), (fd, length), note('T', inode(fd), (uint64_t)length, NULL, NULL, NULL, 0))

static int synced(int fd, int (*real)(int)) {
  const char *name = name_of(fd);
  if (!name) return real(fd);
  pthread_mutex_lock(&lock);
  int done = -1;
  struct stat found;
  if (trigger && ends(name, "-wal") && !lstat(trigger, &found)) {
    if (!found.st_size) unlink(trigger);
    errno = EIO;
  } else if (!fails()) {
    done = real(fd);
  }
  if (!done && !fstat(fd, &found)) {
    if (S_ISDIR(found.st_mode)) note('D', 0, 0, name, NULL, NULL, 0);
    else if (!blind || !ends(name, blind)) note('S', found.st_ino, 0, NULL, NULL, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  return done;
}
int fsync(int fd) { REAL(fsync); return synced(fd, real); }
int fdatasync(int fd) { REAL(fdatasync); return synced(fd, real); }

/* A change of an entry, of one path or two. */
#define ENTRY(symbol, parameters, arguments, op, path, other) \
  int symbol parameters { \
    REAL(symbol); \
    char *one = ours(path), *two = ours(other); \
    if (!one && !two) return real arguments; \
    pthread_mutex_lock(&lock); \
    int done = -1; \
    if (!fails()) done = real arguments; \
    if (!done) note(op, 0, 0, one, two, NULL, 0); \
    pthread_mutex_unlock(&lock); \
    free(one); \
    free(two); \
    return done; \
  }
ENTRY(rename, (const char *from, const char *to), (from, to), 'R', from, to)
ENTRY(unlink, (const char *path), (path), 'U', path, NULL)
ENTRY(mkdir, (const char *path, mode_t mode), (path, mode), 'M', path, NULL)
ENTRY(link, (const char *from, const char *to), (from, to), 'L', from, to)
ENTRY(linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), 'L', from, to)
