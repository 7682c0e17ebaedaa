import type { DeadReason, JobState } from "./job.ts";

/**
 * Where a job goes when an execution ends. Built by the named functions below only, so that a wrong mix of fields
 * (a dead job with a retry time, a completed one with a reason) cannot be written.
 */
export type Transition =
  | { to: "completed" }
  | { to: "failed"; attempts: number; dueAt: number }
  | { to: "dead"; attempts: number; reason: DeadReason }
  | { to: "pending" }
  | { to: "cancelled" };

export function toCompleted(): Transition {
  return { to: "completed" };
}

/** Waits for its next execution at `dueAt`, without anyone's help. */
export function toRetry(after: { attempts: number; dueAt: number }): Transition {
  return { to: "failed", ...after };
}

export function toDead(after: { attempts: number; reason: DeadReason }): Transition {
  return { to: "dead", ...after };
}

/** Back to the queue with nothing spent. Its old place in the order is kept, so it is claimed again at once. */
export function toPendingAgain(): Transition {
  return { to: "pending" };
}

/** Stopped by a person. */
export function toCancelled(): Transition {
  return { to: "cancelled" };
}

/**
 * Where a job goes that was to be cancelled when its execution ended: what completed in time stays completed, and nothing
 * else is run again. A cancel that a retry could undo would be none.
 */
export function afterCancelRequest(transition: Transition): Transition {
  return transition.to === "completed" ? transition : toCancelled();
}

/** The state machine: what may follow what. Everything else is a fault, in whichever writer it happens. */
const NEXT_STATES: Readonly<Record<JobState, readonly JobState[]>> = {
  pending: ["processing", "cancelled", "dead"],
  blocked: ["pending", "cancelled", "dead"],
  processing: ["completed", "failed", "dead", "pending", "cancelled"],
  failed: ["processing", "pending", "blocked", "cancelled"],
  completed: ["pending", "blocked"],
  dead: ["pending", "blocked"],
  cancelled: ["pending", "blocked"],
};

/** True when the state machine knows the step. */
export function canMove(from: JobState, to: JobState): boolean {
  return NEXT_STATES[from].includes(to);
}
