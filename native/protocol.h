/*
 * What a worker and its launcher say to each other, over one stream socket, descriptor 3 of the launcher.
 *
 * A frame is three little-endian 32-bit numbers (length of the body, kind, job) and the body. The worker numbers its
 * jobs; a number may come again once its job is GONE. All numbers in bodies are little-endian and 32 bits wide.
 *
 *   worker to launcher
 *     SPAWN      argc, envc, has_stdin; then texts that each end with a zero byte: the directory (empty: the
 *                launcher's own), the arguments, the variables; what is left is the standard input
 *     TAKEN      stream, bytes: so much of its output has been dealt with, and as much may be sent again
 *     TERMINATE  TERM, then CONT, to the group. From now on the ending is the worker's: nothing is killed before KILL
 *     KILL       the whole tree, now
 *   launcher to worker
 *     HELLO      version; once, first
 *     STARTED    pid; only of a job that lasts or prints
 *     REFUSED    errno; the job never ran, and is over
 *     OUTPUT     stream (1 or 2), then the bytes
 *     EXITED     wait status, CPU seconds, CPU microseconds, greatest resident size in KiB, of the first process and those
 *                it waited for
 *     GONE       nothing is left of the job, and all its output was sent; it is over
 *     LOST       the keeper of the job was killed by somebody, or could not kill what is left of the job; the job is over, and
 *                its end unknown unless it EXITED
 *
 * Of each stream at most WINDOW bytes are under way and not TAKEN; then its pipe is not read, and the job waits. Frames for
 * a job that is over are ignored: they crossed its end. Anything else that does not fit ends the launcher and every tree.
 * So does the end of the socket: it means that the worker is dead.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VERSION = 1, WORKER_FD = 3 };

enum { SPAWN = 1, TAKEN, TERMINATE, KILL };
enum { HELLO = 101, STARTED, REFUSED, OUTPUT, EXITED, GONE, LOST };

enum {
  HEADER = 12,
  /* One read of a pipe. */
  PIECE = 64 * 1024,
  WINDOW = 256 * 1024,
  /* A command with its environment and its standard input. */
  LARGEST_BODY = 64 * 1024 * 1024,
};

/* Exit status of a launcher or a keeper that was told nonsense. */
enum { MALFORMED = 2 };

struct frame {
  uint32_t length, kind, job;
  const uint8_t *body;
};

/* Bytes that came in and are not yet read as frames. */
struct inbox {
  uint8_t *bytes;
  size_t start, end, capacity;
};

/* Receives what is there, or waits for it. False at the end of the socket. */
bool fill_inbox(struct inbox *inbox, int fd);

/* The next whole frame, its body valid until the next fill; false when it is not all there. Exits when it is too long. */
bool next_frame(struct inbox *inbox, struct frame *frame);

uint32_t get_number(const uint8_t *at);
void put_number(uint8_t *at, uint32_t number);
void put_header(uint8_t *at, uint32_t length, uint32_t kind, uint32_t job);

/* The longest message that the socket between launcher and keeper takes; makes it long enough where the system lets us. */
size_t largest_message(int fd);

/* False when the other side is gone, or the system refuses. Exits when a message is longer than the socket takes. */
bool send_all(int fd, const uint8_t *bytes, size_t length);

#endif
