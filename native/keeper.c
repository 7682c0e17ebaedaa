#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processes.h"
#include "protocol.h"

enum {
  /* Most jobs are over sooner, and nobody asks for their pid. */
  SAY_STARTED_AFTER_MS = 5,
  /* A killed process needs a moment; one that hangs in the kernel, or became another user's, is not waited for for ever. */
  LOOK_AGAIN_MS = 10,
  GIVE_UP_MS = 5000,
};

struct stream {
  int fd;
  uint32_t not_taken;
  /* What may still be read; -1 while its writers live. */
  int left;
};

struct job {
  uint32_t id;
  pid_t pid;
  bool is_announced, is_terminating, is_killed, has_exited, is_empty, was_given_up;
  int64_t announce_at, give_up_at;
  struct stream streams[2];
  int input;
  uint8_t *input_bytes;
  size_t input_length, input_done;
};

/* What is to be sent before the next wait: at most a piece of each stream and the small frames. */
static uint8_t outbox[2 * (HEADER + 4 + PIECE) + 256];
static size_t outbox_length;
static bool is_alone;
/* Less than the outbox where the system keeps the buffers of sockets small. */
static size_t longest;

static uint8_t *add_frame(const struct job *job, uint32_t kind, uint32_t length) {
  uint8_t *at = outbox + outbox_length;
  put_header(at, length, kind, job->id);
  outbox_length += HEADER + length;
  return at + HEADER;
}

static size_t end_of_frame(size_t at) { return at + HEADER + get_number(outbox + at); }

/* In as few messages of whole frames as the socket takes. */
static void flush_outbox(int channel) {
  for (size_t from = 0, to; from < outbox_length && !is_alone; from = to) {
    to = end_of_frame(from);
    while (to < outbox_length && end_of_frame(to) - from <= longest) to = end_of_frame(to);
    if (!send_all(channel, outbox + from, to - from)) is_alone = true;
  }
  outbox_length = 0;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void announce(struct job *job) {
  if (job->is_announced || job->has_exited || monotonic_ms() < job->announce_at) return;
  job->is_announced = true;
  put_number(add_frame(job, STARTED, 4), (uint32_t)job->pid);
}

static void kill_tree(struct job *job) {
  /* Its end may never come: it may have become another user's, or hang in the kernel. */
  if (!job->is_killed) job->give_up_at = monotonic_ms() + GIVE_UP_MS;
  job->is_killed = true;
  /* The first process is not waited for before its group was killed: so long the number is nobody else's. */
  if (!job->has_exited) kill(-job->pid, SIGKILL);
}

static void end_first_process(struct job *job) {
  int status = 0;
  struct rusage usage = {0};
  kill(-job->pid, SIGKILL);
  while (wait4(job->pid, &status, 0, &usage) < 0 && errno == EINTR) continue;
  job->has_exited = true;
  job->give_up_at = monotonic_ms() + GIVE_UP_MS;
  long microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  uint8_t *body = add_frame(job, EXITED, 16);
  put_number(body, (uint32_t)status);
  put_number(body + 4, (uint32_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + microseconds / 1000000));
  put_number(body + 8, (uint32_t)(microseconds % 1000000));
  put_number(body + 12, (uint32_t)usage.ru_maxrss);
}

/* Takes note of every child that has ended, the orphans that came to us among them. */
static void reap(struct job *job) {
  for (;;) {
    siginfo_t ended = {0};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) < 0) {
      job->is_empty = errno == ECHILD;
      return;
    }
    if (ended.si_pid == 0) return;
    if (ended.si_pid != job->pid || job->has_exited) waitpid(ended.si_pid, NULL, 0);
    /* Its group has a grace, and needs its number until the end of it. */
    else if (job->is_terminating && !job->is_killed) return;
    else end_first_process(job);
  }
}

static bool spares_none(pid_t child) {
  (void)child;
  return false;
}

/* After the first process nothing may stay. Each round brings up the children of those whom the last one killed. */
static void clear_tree(struct job *job) {
  if (job->is_empty || !(job->has_exited || job->is_killed)) return;
  if (job->has_exited && kill_children(spares_none) == 0) {
    /* Only free ones are left. */
    job->is_empty = true;
  } else if (monotonic_ms() >= job->give_up_at) {
    job->is_empty = job->was_given_up = true;
  }
}

/* The writers are gone: what they wrote is in the pipe, and whoever else may hold it is not waited for. */
static void measure_rest(struct job *job) {
  for (int i = 0; i < 2; i++) {
    struct stream *stream = &job->streams[i];
    if (stream->fd < 0 || stream->left >= 0) continue;
    if (ioctl(stream->fd, FIONREAD, &stream->left) < 0) stream->left = 0;
  }
}

static void read_stream(struct job *job, int index) {
  struct stream *stream = &job->streams[index];
  size_t room = WINDOW - stream->not_taken;
  if (room > PIECE) room = PIECE;
  if (room > longest - HEADER - 4) room = longest - HEADER - 4;
  if (stream->left >= 0 && room > (size_t)stream->left) room = (size_t)stream->left;
  uint8_t *body = outbox + outbox_length + HEADER;
  ssize_t got = read(stream->fd, body + 4, room);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) return close_fd(&stream->fd);
  add_frame(job, OUTPUT, 4 + (uint32_t)got);
  put_number(body, (uint32_t)index + 1);
  stream->not_taken += (uint32_t)got;
  if (stream->left >= 0) stream->left -= (int)got;
}

static void feed_input(struct job *job) {
  ssize_t done = write(job->input, job->input_bytes + job->input_done, job->input_length - job->input_done);
  if (done < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (done > 0) job->input_done += (size_t)done;
  /* A job that does not read its input closes the pipe: EPIPE is nobody's fault. */
  if (done <= 0 || job->input_done == job->input_length) close_fd(&job->input);
}

static void obey(struct job *job, const struct frame *frame) {
  /* It crossed the end of an earlier job. */
  if (frame->kind != SPAWN && frame->job != job->id) return;
  if (frame->kind == TAKEN && frame->length == 8) {
    uint32_t stream = get_number(frame->body), bytes = get_number(frame->body + 4);
    if (stream < 1 || stream > 2 || bytes > job->streams[stream - 1].not_taken) _exit(MALFORMED);
    job->streams[stream - 1].not_taken -= bytes;
  } else if (frame->kind == TERMINATE && frame->length == 0) {
    if (job->is_killed || job->has_exited) return;
    job->is_terminating = true;
    kill(-job->pid, SIGTERM);
    /* A stopped process would not see its TERM. */
    kill(-job->pid, SIGCONT);
  } else if (frame->kind == KILL && frame->length == 0) {
    kill_tree(job);
  } else {
    _exit(MALFORMED);
  }
}

/* Without the worker there is nobody to run for. */
static void abandon(struct job *job) {
  for (int i = 0; i < 2; i++) close_fd(&job->streams[i].fd);
  close_fd(&job->input);
  kill_tree(job);
}

enum { CHANNEL, STREAMS, INPUT = STREAMS + 2, WATCHED };

static void wait_for_job(struct job *job, int channel, struct pollfd fds[WATCHED]) {
  fds[CHANNEL] = (struct pollfd){is_alone ? -1 : channel, POLLIN, 0};
  for (int i = 0; i < 2; i++) {
    const struct stream *stream = &job->streams[i];
    fds[STREAMS + i] = (struct pollfd){stream->not_taken < WINDOW ? stream->fd : -1, POLLIN, 0};
  }
  fds[INPUT] = (struct pollfd){job->input, POLLOUT, 0};
  int timeout = (job->has_exited || job->is_killed) && !job->is_empty ? LOOK_AGAIN_MS : -1;
  if (timeout < 0 && !job->is_announced) timeout = SAY_STARTED_AFTER_MS;
  wait_for(fds, WATCHED, timeout);
}

static void follow(struct job *job, int channel, struct inbox *inbox) {
  for (struct pollfd fds[WATCHED];;) {
    if (is_alone) abandon(job);
    reap(job);
    clear_tree(job);
    if (job->is_empty) {
      measure_rest(job);
      for (int i = 0; i < 2; i++)
        if (job->streams[i].left == 0) close_fd(&job->streams[i].fd);
      if (job->streams[0].fd < 0 && job->streams[1].fd < 0) return;
    }
    announce(job);
    flush_outbox(channel);
    /* Its first process may have ended long ago, and would not wake us again. */
    if (is_alone && !job->is_killed) continue;
    wait_for_job(job, channel, fds);
    for (int i = 0; i < 2; i++)
      if (fds[STREAMS + i].revents != 0) read_stream(job, i);
    if (fds[INPUT].revents != 0) feed_input(job);
    if (fds[CHANNEL].revents == 0) continue;
    if (!fill_inbox(inbox, channel)) is_alone = true;
    for (struct frame frame; next_frame(inbox, &frame);) obey(job, &frame);
  }
}

static void run(struct job *job, const struct program *program, int channel, struct inbox *inbox) {
  int out[2] = {-1, -1}, error[2] = {-1, -1}, in[2] = {-1, -1};
  int refusal = 0;
  if (pipe2(out, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0) refusal = errno;
  else if (program->has_input && pipe2(in, O_CLOEXEC) < 0) refusal = errno;
  if (refusal == 0) job->pid = start_program(program, in[0], out[1], error[1]);
  if (job->pid < 0) refusal = -job->pid;
  close_fd(&out[1]);
  close_fd(&error[1]);
  close_fd(&in[0]);
  job->streams[0] = (struct stream){out[0], 0, -1};
  job->streams[1] = (struct stream){error[0], 0, -1};
  job->input = in[1];
  /* A job may take its own output out of the pipe (`head -c1 </dev/stdout`) after we were told that there is some. */
  if (out[0] >= 0) fcntl(out[0], F_SETFL, O_NONBLOCK);
  if (error[0] >= 0) fcntl(error[0], F_SETFL, O_NONBLOCK);
  if (refusal != 0) {
    put_number(add_frame(job, REFUSED, 4), (uint32_t)refusal);
  } else {
    if (in[1] >= 0) fcntl(in[1], F_SETFL, O_NONBLOCK);
    job->announce_at = monotonic_ms() + SAY_STARTED_AFTER_MS;
    follow(job, channel, inbox);
    /* Of one that was given up something is left: this process exits, and so the job is LOST. */
    if (!job->was_given_up) add_frame(job, GONE, 0);
  }
  for (int i = 0; i < 2; i++) close_fd(&job->streams[i].fd);
  close_fd(&job->input);
}

static void serve(const struct frame *frame, int channel, struct inbox *inbox) {
  struct program program;
  if (frame->kind != SPAWN) return;
  if (!read_program(frame->body, frame->length, &program)) _exit(MALFORMED);
  struct job job = {.id = frame->job, .input_length = program.input_length};
  if (program.has_input) {
    /* The inbox moves while the job runs. */
    job.input_bytes = malloc(program.input_length + 1);
    if (job.input_bytes == NULL) _exit(1);
    memcpy(job.input_bytes, program.input, program.input_length);
  }
  run(&job, &program, channel, inbox);
  free(job.input_bytes);
  free_program(&program);
  flush_outbox(channel);
  /* What could not be killed would be the next job's. */
  if (is_alone || job.was_given_up) _exit(0);
}

_Noreturn void keep(int channel) {
  struct inbox inbox = {0};
  longest = largest_message(channel);
  for (;;) {
    struct frame frame;
    while (!next_frame(&inbox, &frame))
      if (!fill_inbox(&inbox, channel)) _exit(0);
    serve(&frame, channel, &inbox);
  }
}
