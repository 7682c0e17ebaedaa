import { QueuectlError } from "./errors.ts";
import type { JobState } from "./job.ts";

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
export function refuseGroupChange(change: Change, id: string): QueuectlError {
  const hint = `Its jobs: queuectl list --of ${id}`;
  switch (change) {
    case "cancel":
      return new QueuectlError("already_finished", `Cannot cancel "${id}": all its jobs are finished`, {
        hint,
      });
    case "retry":
      return new QueuectlError(
        "not_finished",
        `Cannot retry "${id}": none of its jobs is dead or cancelled`,
        {
          hint,
        },
      );
    case "retryDead":
    case "removeDead":
      return new QueuectlError(
        "not_dead",
        `Cannot ${change === "retryDead" ? "retry" : "remove"} "${id}": none of its jobs is dead`,
        { hint },
      );
  }
}

/** The refusal of the return of a job that would die again at once. */
export function refuseHopeless(id: string, dependency: { id: string; state: JobState }): QueuectlError {
  return new QueuectlError(
    "dependency_failed",
    `Cannot retry the job "${id}": the job "${dependency.id}", which it waits for, is ${dependency.state}`,
    { hint: `Bring that one back, and this comes with it: queuectl retry ${dependency.id}` },
  );
}

/** The refusal of a second unfinished job of one unique name. */
export function refuseSecond(
  verb: "enqueue" | "retry",
  { id, unique, other }: { id: string; unique: string; other: string },
  position?: number,
): QueuectlError {
  return new QueuectlError(
    "not_unique",
    `Cannot ${verb} the job "${id}": the job "${other}" of the unique name "${unique}" is unfinished`,
    {
      hint: `Wait for it, or cancel it: queuectl cancel ${other}${verb === "enqueue" ? ". To get its id instead of this refusal: --unique-return" : ""}`,
      position,
    },
  );
}

/** The refusal of a change that the job's state does not allow; `state` undefined when there is no such job. */
export function refuseChange(change: Change, id: string, state: JobState | undefined): QueuectlError {
  const verb = change === "cancel" ? "cancel" : change === "removeDead" ? "remove" : "retry";
  const tried = `Cannot ${verb} the job "${id}"`;
  if (state === undefined)
    return new QueuectlError("job_not_found", `${tried}: there is no such job`, {
      hint: "All jobs: queuectl list",
    });
  switch (change) {
    case "cancel":
      return new QueuectlError("already_finished", `${tried}: it is ${state} already`, {
        hint: `Nothing of it runs or will run. To run it again: queuectl retry ${id}`,
      });
    case "retry":
      return new QueuectlError("not_finished", `${tried}: it is ${state}`, {
        hint:
          state === "processing"
            ? `Cancel it first: queuectl cancel ${id}`
            : `It will be run anyway: queuectl info ${id}`,
      });
    case "retryDead":
    case "removeDead":
      return new QueuectlError("not_dead", `${tried}: it is ${state}, not dead`, {
        hint: `Only jobs in the dead letter queue can be ${verb === "retry" ? "retried" : "removed"} here: queuectl dlq list`,
      });
  }
}
