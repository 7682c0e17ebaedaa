/*
 * The launcher: starts the jobs of one worker, hands over what they print, and leaves nothing behind (protocol.h). It is
 * cheap to fork, where the worker is not. Each job that runs has a keeper (keeper.h), a fork of this process; an idle keeper
 * takes the next job. This process only passes frames between the worker and the keepers, and watches over both:
 *
 * - the worker is gone: the sockets of the keepers are closed, they kill their trees and exit;
 * - a keeper is gone: its job is LOST, and what it leaves comes to this process, which kills it;
 * - a keeper does not do what it should (`kill -STOP $PPID`): it is killed a while after it should have killed its tree;
 * - this process is gone: its sockets close by themselves, so the keepers do the same, and the worker sees it.
 *
 * So of worker, launcher and keeper any one may be killed, and no process of a job outlives that.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "processes.h"
#include "protocol.h"

enum {
  LOOK_AGAIN_MS = 10,
  GIVE_UP_MS = 5000,
  /* A keeper may wait so long for its first process, and then for what else is left. */
  KEEPER_GIVES_UP_MS = 2 * GIVE_UP_MS,
};

struct keeper {
  int fd;
  size_t longest;
  pid_t pid;
  uint32_t job;
  bool is_busy;
  /* When it should long have killed its tree; 0 while nobody asked it to. */
  int64_t overdue_at;
};

static struct keeper *keepers;
static struct pollfd *fds;
static size_t count;
/* Until when children that are no keepers are looked for. */
static int64_t strays_until;

static bool is_keeper(pid_t child) {
  for (size_t i = 0; i < count; i++)
    if (keepers[i].pid == child) return true;
  return false;
}

/* While its end was not taken note of, nobody else can have its pid. */
static void kill_keeper(const struct keeper *keeper) {
  siginfo_t ended;
  if (waitid(P_PID, (id_t)keeper->pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0) kill(keeper->pid, SIGKILL);
}

static bool keepers_live(void) {
  for (size_t i = 0; i < count; i++)
    if (kill(keepers[i].pid, 0) == 0) return true;
  return false;
}

/* Whoever is still there after a while cannot be killed by us. */
static _Noreturn void end(int status) {
  for (size_t i = 0; i < count; i++) close(keepers[i].fd);
  int64_t overdue_at = monotonic_ms() + KEEPER_GIVES_UP_MS;
  for (int64_t now; (now = monotonic_ms()) < overdue_at + GIVE_UP_MS;) {
    pid_t pid;
    for (size_t i = 0; now >= overdue_at && i < count; i++) kill_keeper(&keepers[i]);
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) continue;
    if (pid < 0 || (kill_children(is_keeper) == 0 && !keepers_live())) break;
    wait_for(NULL, 0, LOOK_AGAIN_MS);
  }
  _exit(status);
}

static void tell_worker(uint32_t kind, uint32_t job, uint32_t number) {
  uint8_t frame[HEADER + 4];
  put_header(frame, 4, kind, job);
  put_number(frame + HEADER, number);
  if (!send_all(WORKER_FD, frame, sizeof frame)) end(0);
}

static _Noreturn void become_keeper(int channel) {
  /* Nobody else's socket may stay open here, or its end would not be seen. */
  dup3(channel, WORKER_FD, O_CLOEXEC);
  closefrom(WORKER_FD + 1);
  count = 0;
  become_parent_of_orphans();
  keep(WORKER_FD);
}

/* NULL, with errno, when the system refuses one. */
static struct keeper *add_keeper(void) {
  struct keeper *more = realloc(keepers, (count + 1) * sizeof *keepers);
  if (more == NULL) return NULL;
  keepers = more;
  struct pollfd *more_fds = realloc(fds, (count + 2) * sizeof *fds);
  if (more_fds == NULL) return NULL;
  fds = more_fds;
  /* In messages, so that what a keeper says arrives frame by whole frame. */
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return NULL;
  pid_t pid = fork();
  if (pid == 0) become_keeper(pair[1]);
  int fault = errno;
  close(pair[1]);
  if (pid < 0) close(pair[0]);
  errno = fault;
  if (pid < 0) return NULL;
  keepers[count] = (struct keeper){.fd = pair[0], .longest = largest_message(pair[0]), .pid = pid};
  /* It has said nothing yet. */
  fds[count + 1] = (struct pollfd){.fd = pair[0]};
  return &keepers[count++];
}

static struct keeper *find_keeper(bool is_busy, uint32_t job) {
  for (size_t i = 0; i < count; i++)
    if (keepers[i].is_busy == is_busy && (!is_busy || keepers[i].job == job)) return &keepers[i];
  return NULL;
}

static void pass_down(const struct frame *frame) {
  struct keeper *keeper = find_keeper(true, frame->job);
  if (frame->kind == SPAWN) {
    if (keeper != NULL) end(MALFORMED);
    keeper = find_keeper(false, 0);
    if (keeper == NULL) keeper = add_keeper();
    if (keeper == NULL) return tell_worker(REFUSED, frame->job, (uint32_t)errno);
    keeper->is_busy = true;
    keeper->job = frame->job;
    keeper->overdue_at = 0;
  } else if (frame->kind < SPAWN || frame->kind > KILL) {
    end(MALFORMED);
  }
  if (keeper == NULL) return;
  if (frame->kind == KILL && keeper->overdue_at == 0) keeper->overdue_at = monotonic_ms() + KEEPER_GIVES_UP_MS;
  const uint8_t *bytes = frame->body - HEADER;
  size_t piece = keeper->longest < PIECE ? keeper->longest : PIECE;
  for (size_t left = HEADER + frame->length; left > 0; bytes += piece, left -= piece) {
    if (piece > left) piece = left;
    if (send_all(keeper->fd, bytes, piece)) continue;
    /* It is gone, or has half a frame: that it has ended is seen when it is read from. */
    kill_keeper(keeper);
    return;
  }
}

/* @return whether the keeper lives */
static bool pass_up(struct keeper *keeper) {
  static uint8_t message[3 * PIECE];
  ssize_t length;
  while ((length = recv(keeper->fd, message, sizeof message, 0)) < 0 && errno == EINTR) continue;
  if (length <= 0) return false;
  /* Whoever speaks gets on: the output that is left may be taken slowly. */
  if (keeper->overdue_at > 0) keeper->overdue_at = monotonic_ms() + KEEPER_GIVES_UP_MS;
  for (size_t at = 0; at < (size_t)length; at += HEADER + get_number(message + at)) {
    uint32_t kind = get_number(message + at + 4);
    if (kind != GONE && kind != REFUSED) continue;
    keeper->is_busy = false;
    keeper->overdue_at = 0;
  }
  if (!send_all(WORKER_FD, message, (size_t)length)) end(0);
  return true;
}

/* How a keeper ended. */
static void heed(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == MALFORMED) end(MALFORMED);
}

static void bury(struct keeper *keeper) {
  struct keeper dead = *keeper;
  int status = 0;
  *keeper = keepers[--count];
  close(dead.fd);
  waitpid(dead.pid, &status, 0);
  heed(status);
  strays_until = monotonic_ms() + GIVE_UP_MS;
  if (dead.is_busy) tell_worker(LOST, dead.job, 0);
}

/* Keepers that are gone, and their orphans. */
static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    if (is_keeper(pid)) heed(status);
  if (strays_until > 0 && (kill_children(is_keeper) == 0 || monotonic_ms() > strays_until)) strays_until = 0;
}

/* @return until when nothing need be looked at; -1: for ever */
static int hurry_keepers(void) {
  int timeout = strays_until > 0 ? LOOK_AGAIN_MS : -1;
  for (size_t i = 0; i < count; i++) {
    if (keepers[i].overdue_at == 0) continue;
    int64_t left = keepers[i].overdue_at - monotonic_ms();
    if (left <= 0) kill_keeper(&keepers[i]);
    int patience = left > LOOK_AGAIN_MS ? (int)left : LOOK_AGAIN_MS;
    if (timeout < 0 || patience < timeout) timeout = patience;
  }
  return timeout;
}

static void watch(void) {
  fds[0] = (struct pollfd){WORKER_FD, POLLIN, 0};
  for (size_t i = 0; i < count; i++) fds[i + 1] = (struct pollfd){keepers[i].fd, POLLIN, 0};
  wait_for(fds, count + 1, hurry_keepers());
}

int main(void) {
  closefrom(WORKER_FD + 1);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || fcntl(WORKER_FD, F_SETFD, FD_CLOEXEC) < 0) return 1;
  for (int fd = 0; fd <= 1; fd++) dup2(null, fd);
  if (null > 2) close(null);
  fds = malloc(sizeof *fds);
  if (fds == NULL) return 1;
  become_parent_of_orphans();
  tell_worker(HELLO, 0, VERSION);
  struct inbox inbox = {0};
  for (;;) {
    watch();
    if (fds[0].revents != 0) {
      if (!fill_inbox(&inbox, WORKER_FD)) end(0);
      for (struct frame frame; next_frame(&inbox, &frame);) pass_down(&frame);
    }
    /* From the last on: the place of one that is buried is taken by one that was looked at. */
    for (size_t i = count; i-- > 0;)
      if (fds[i + 1].revents != 0 && !pass_up(&keepers[i])) bury(&keepers[i]);
    reap();
  }
}
