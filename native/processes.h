/* Starting processes, and finding those that are left. */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct program {
  const char *directory;
  char **argv;
  char **env;
  const uint8_t *input;
  size_t input_length;
  bool has_input;
};

/* Reads the body of a SPAWN; the texts stay where they are. False when it is malformed. `free_program` frees the lists. */
bool read_program(const uint8_t *body, size_t length, struct program *program);
void free_program(struct program *program);

/*
 * Starts a program in a session and group of its own, with these descriptors as 0, 1, 2 (input -1: /dev/null) and no other,
 * no signal blocked or ignored. @return its pid, or minus the errno of whatever refused it, a missing directory included.
 */
pid_t start_program(const struct program *program, int input, int output, int error);

/*
 * Kills every child of this process that `spares` does not spare and that is not free (QUEUECTL_TREE is empty in its
 * environment), and says how many there were. Not 0 either when one ended during the look: what it left may have come to
 * where had been looked already. Only children: nobody else can have their pids, since only this process can take note of
 * their end.
 */
int kill_children(bool (*spares)(pid_t child));

/* This process becomes the parent of every descendant that loses its own. Signals of terminals and stops pass it by. */
void become_parent_of_orphans(void);

/* Waits for descriptors, or the end of a child. */
struct pollfd;
int wait_for(struct pollfd *fds, size_t count, int timeout_ms);

int64_t monotonic_ms(void);

#endif
