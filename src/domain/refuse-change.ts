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
