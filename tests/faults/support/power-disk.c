/*
 * A disk as a power cut leaves it, preloaded into a program: beside a database stands a copy of its files that holds what
 * was synced, and nothing that was only written. A copy is replaced whole, as soon as fsync or fdatasync has returned, under
 * a lock that whoever pulls the plug takes too: so the copies are of one moment.
 *
 * POWER_FILE is the database; POWER_DISK is the directory of the copies. The -shm file is left out: SQLite makes it anew.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char *const SUFFIXES[] = {"", "-wal", "-journal"};

/* A copy that is not true would prove anything. */
static void die(const char *what) {
  perror(what);
  abort();
}

/* The name of a file's copy; NULL for a file that is none of the database's. */
static const char *copy_of(const char *path) {
  static __thread char copy[4096];
  const char *file = getenv("POWER_FILE"), *disk = getenv("POWER_DISK");
  if (!file || !disk || strncmp(path, file, strlen(file)) != 0) return NULL;
  for (size_t i = 0; i < sizeof SUFFIXES / sizeof *SUFFIXES; i++) {
    if (strcmp(path + strlen(file), SUFFIXES[i]) != 0) continue;
    snprintf(copy, sizeof copy, "%s/queue.db%s", disk, SUFFIXES[i]);
    return copy;
  }
  return NULL;
}

static int lock_disk(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/lock", getenv("POWER_DISK"));
  int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX) != 0) die("lock");
  return lock;
}

/*
 * Reads by the descriptor that was synced: to open the file once more, and to close it, would drop the program's locks on it.
 */
static void keep(int descriptor, const char *copy) {
  char fresh[4200], bytes[65536];
  int lock = lock_disk();
  snprintf(fresh, sizeof fresh, "%s.fresh", copy);
  int out = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) die("open");
  ssize_t got;
  for (off_t at = 0; (got = pread(descriptor, bytes, sizeof bytes, at)) > 0; at += got)
    if (write(out, bytes, (size_t)got) != got) die("write");
  if (got < 0) die("pread");
  close(out);
  if (rename(fresh, copy) != 0) die("rename");
  close(lock);
}

static void synced(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = '\0';
  const char *copy = copy_of(path);
  if (copy) keep(descriptor, copy);
}

int fsync(int descriptor) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  int result = next(descriptor);
  if (result == 0) synced(descriptor);
  return result;
}

int fdatasync(int descriptor) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  int result = next(descriptor);
  if (result == 0) synced(descriptor);
  return result;
}

int unlink(const char *path) {
  int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
  const char *copy = copy_of(path);
  if (!copy) return next(path);
  int lock = lock_disk();
  int result = next(path), error = errno;
  if (result == 0) next(copy);
  close(lock);
  errno = error;
  return result;
}
