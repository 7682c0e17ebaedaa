import { type ErrorCode, QueuectlError } from "./errors.ts";
import type { JobState } from "./job.ts";
import type { Refusal } from "./refusal.ts";

/** What a person may want to do to a job in one state and not in another. */
export type Change = "cancel" | "retry" | "retryDead" | "removeDead";

/** The states in which a job can be changed in this way. */
export const CHANGEABLE: Readonly<Record<Change, readonly JobState[]>> = {
  cancel: ["pending", "blocked", "failed", "processing"],
  retry: ["failed", "completed", "dead", "cancelled"],
  retryDead: ["dead"],
  removeDead: ["dead"],
};

/** Of a group, only the jobs in these states are meant: nobody who retries an array wants its good jobs again. */
export const GROUP_CHANGEABLE: Readonly<Record<Change, readonly JobState[]>> = {
  ...CHANGEABLE,
  retry: ["dead", "cancelled"],
};

/** The refusal of a change for which a group has no job. */
export function refuseGroupChange(change: Change, group: string): QueuectlError {
  const refusal: Refusal = { kind: "no_member", change, group };
  const why = {
    cancel: "all its jobs are finished",
    retry: "none of its jobs is dead or cancelled",
    retryDead: "none of its jobs is dead",
    removeDead: "none of its jobs is dead",
  }[change];
  return new QueuectlError(CODES[change], `Cannot ${VERBS[change]} "${group}": ${why}`, { refusal });
}

/** The refusal of a change to a schedule that has no jobs. */
export function refuseWithoutRuns(change: Change, schedule: string): QueuectlError {
  const message = `Cannot ${VERBS[change]} "${schedule}": this schedule has no jobs`;
  return new QueuectlError(CODES[change], message, { refusal: { kind: "no_run", schedule } });
}

/** The refusal of the return of a job that would die again at once. */
export function refuseHopeless(id: string, dependency: { id: string; state: JobState }): QueuectlError {
  return new QueuectlError(
    "dependency_failed",
    `Cannot retry the job "${id}": the job "${dependency.id}", which it waits for, is ${dependency.state}`,
    { refusal: { kind: "hopeless", on: dependency.id } },
  );
}

/** The refusal of a change that the job's state does not allow; `state` undefined when there is no such job. */
export function refuseChange(change: Change, id: string, state: JobState | undefined): QueuectlError {
  const tried = `Cannot ${VERBS[change]} the job "${id}"`;
  if (state === undefined)
    return new QueuectlError("job_not_found", `${tried}: there is no such job`, {
      refusal: { kind: "no_such_job", id },
    });
  const why = {
    cancel: `it is ${state} already`,
    retry: `it is ${state}`,
    retryDead: `it is ${state}, not dead`,
    removeDead: `it is ${state}, not dead`,
  }[change];
  const refusal: Refusal = { kind: "wrong_state", change, id, state };
  return new QueuectlError(CODES[change], `${tried}: ${why}`, { refusal });
}

const VERBS: Readonly<Record<Change, string>> = {
  cancel: "cancel",
  retry: "retry",
  retryDead: "retry",
  removeDead: "remove",
};

const CODES: Readonly<Record<Change, ErrorCode>> = {
  cancel: "already_finished",
  retry: "not_finished",
  retryDead: "not_dead",
  removeDead: "not_dead",
};
