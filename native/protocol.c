#include "protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SMALL_INBOX = 64 * 1024 };

/* Room for at least a piece. It grows with what has come, never with what a header claims. */
static void make_room(struct inbox *inbox) {
  size_t used = inbox->end - inbox->start;
  if (used > 0 && inbox->start > 0) memmove(inbox->bytes, inbox->bytes + inbox->start, used);
  inbox->start = 0;
  inbox->end = used;
  size_t wanted = used == 0 ? SMALL_INBOX : inbox->capacity;
  if (wanted - used < PIECE) wanted = 2 * wanted;
  if (wanted == inbox->capacity) return;
  inbox->bytes = realloc(inbox->bytes, wanted);
  inbox->capacity = wanted;
  if (inbox->bytes == NULL) _exit(1);
}

bool fill_inbox(struct inbox *inbox, int fd) {
  make_room(inbox);
  for (;;) {
    ssize_t got = recv(fd, inbox->bytes + inbox->end, inbox->capacity - inbox->end, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    inbox->end += (size_t)got;
    return true;
  }
}

bool next_frame(struct inbox *inbox, struct frame *frame) {
  size_t used = inbox->end - inbox->start;
  if (used < HEADER) return false;
  const uint8_t *at = inbox->bytes + inbox->start;
  *frame = (struct frame){get_number(at), get_number(at + 4), get_number(at + 8), at + HEADER};
  if (frame->length > LARGEST_BODY) _exit(MALFORMED);
  if (used - HEADER < frame->length) return false;
  inbox->start += HEADER + frame->length;
  return true;
}

uint32_t get_number(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void put_number(uint8_t *at, uint32_t number) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(number >> 8 * i);
}

void put_header(uint8_t *at, uint32_t length, uint32_t kind, uint32_t job) {
  put_number(at, length);
  put_number(at + 4, kind);
  put_number(at + 8, job);
}

size_t largest_message(int fd) {
  /* A message has its own cost (unix(7)); what the kernel is asked for it doubles. */
  enum { COST = 1024, WANTED = 2 * (HEADER + 4 + PIECE) + COST };
  int size = 0, wanted = WANTED;
  socklen_t length = sizeof size;
  if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size < WANTED) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length);
  }
  return size < WANTED ? (size_t)(size > 2 * COST ? size - COST : COST) : WANTED - COST;
}

bool send_all(int fd, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EMSGSIZE) _exit(MALFORMED);
    if (sent <= 0) return false;
    bytes += sent;
    length -= (size_t)sent;
  }
  return true;
}
