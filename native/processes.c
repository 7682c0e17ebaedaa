#include "processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "protocol.h"

/* A list of `count` texts from `*at`; NULL when they do not all end before `end`. */
static char **read_texts(const uint8_t **at, const uint8_t *end, uint32_t count) {
  if (count > (size_t)(end - *at)) return NULL;
  char **texts = calloc((size_t)count + 1, sizeof *texts);
  for (uint32_t i = 0; texts != NULL && i < count; i++) {
    const uint8_t *stop = memchr(*at, 0, (size_t)(end - *at));
    if (stop == NULL) {
      free(texts);
      return NULL;
    }
    texts[i] = (char *)*at;
    *at = stop + 1;
  }
  return texts;
}

bool read_program(const uint8_t *body, size_t length, struct program *program) {
  *program = (struct program){0};
  if (length < 12) return false;
  uint32_t argc = get_number(body), envc = get_number(body + 4), has_input = get_number(body + 8);
  const uint8_t *at = body + 12, *end = body + length;
  char **directory = argc > 0 && has_input <= 1 ? read_texts(&at, end, 1) : NULL;
  if (directory == NULL) return false;
  program->directory = directory[0];
  free(directory);
  program->argv = read_texts(&at, end, argc);
  program->env = program->argv == NULL ? NULL : read_texts(&at, end, envc);
  program->input = at;
  program->input_length = (size_t)(end - at);
  program->has_input = has_input == 1;
  if (program->env != NULL && (program->has_input || at == end)) return true;
  free_program(program);
  return false;
}

void free_program(struct program *program) {
  free(program->argv);
  free(program->env);
}

/* Set by the child of a vfork, which shares this memory until it has become the program. */
static volatile int refusal;

/* Runs in the child, on the parent's memory: system calls only, and nothing that the parent would miss. */
static _Noreturn void become(const struct program *program, int input, int output, int error) {
  setsid();
  if (input >= 0) dup2(input, 0);
  dup2(output, 1);
  dup2(error, 2);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (program->directory[0] == 0 || chdir(program->directory) == 0) {
    /* The program is looked for on its own PATH, not on ours. */
    environ = program->env;
    execvp(program->argv[0], program->argv);
  }
  refusal = errno;
  _exit(127);
}

pid_t start_program(const struct program *program, int input, int output, int error) {
  sigset_t all, before;
  sigfillset(&all);
  /* A handler that ran in the child would run on our memory. */
  sigprocmask(SIG_BLOCK, &all, &before);
  refusal = 0;
  char **own = environ;
  pid_t pid = vfork();
  if (pid == 0) become(program, input, output, error);
  int fault = pid < 0 ? errno : refusal;
  environ = own;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (fault == 0) return pid;
  if (pid > 0) waitpid(pid, NULL, 0);
  return -fault;
}

/* proc_pid_stat(5): the name, in parentheses, may hold anything; state and parent follow its end. */
static bool is_living_child(const char *pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = 0;
  const char *rest = strrchr(text, ')');
  char state = 0;
  int parent = 0;
  if (rest == NULL || sscanf(rest + 1, " %c %d", &state, &parent) != 2) return false;
  return parent == getpid() && state != 'Z' && state != 'X';
}

/* A worker that a job starts in the background says by an empty marker that it belongs to no execution. */
static bool is_free(const char *pid) {
  char path[64], *entry = NULL;
  size_t room = 0;
  bool found = false;
  snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
  FILE *environment = fopen(path, "re");
  if (environment == NULL) return false;
  while (!found && getdelim(&entry, &room, 0, environment) > 0) found = strcmp(entry, "QUEUECTL_TREE=") == 0;
  free(entry);
  fclose(environment);
  return found;
}

int kill_children(bool (*spares)(pid_t child)) {
  DIR *table = opendir("/proc");
  /* Out of descriptors for a moment: nobody knows. */
  int found = table == NULL && errno != ENOENT;
  for (struct dirent *entry; table != NULL && (entry = readdir(table)) != NULL;) {
    if (!isdigit((unsigned char)entry->d_name[0]) || !is_living_child(entry->d_name)) continue;
    pid_t child = (pid_t)atoi(entry->d_name);
    if (spares(child) || is_free(entry->d_name)) continue;
    kill(child, SIGKILL);
    found++;
  }
  if (table != NULL) closedir(table);
  if (found > 0) return found;
  siginfo_t ended = {0};
  waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT);
  return ended.si_pid != 0;
}

static void take_note(int signal_number) { (void)signal_number; }

void become_parent_of_orphans(void) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  static const int passed_by[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2};
  for (size_t i = 0; i < sizeof passed_by / sizeof *passed_by; i++) signal(passed_by[i], SIG_IGN);
  /* Not ignored, else ends of children would not be kept; blocked but for `wait_for`, so that none is missed before it. */
  signal(SIGCHLD, take_note);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child, NULL);
}

int wait_for(struct pollfd *fds, size_t count, int timeout_ms) {
  struct timespec limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
  sigset_t none;
  sigemptyset(&none);
  int ready = ppoll(fds, (nfds_t)count, timeout_ms < 0 ? NULL : &limit, &none);
  /* After a signal nothing is said of the descriptors. */
  for (size_t i = 0; ready <= 0 && i < count; i++) fds[i].revents = 0;
  return ready;
}

int64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
