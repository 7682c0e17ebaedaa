import { capitalised } from "./describe.ts";
import { type ErrorCode, QueuectlError, restate } from "./errors.ts";
import type { EnqueueRefusal } from "./refusal.ts";

const CODES: Readonly<Record<EnqueueRefusal["kind"], ErrorCode>> = {
  duplicate_id: "duplicate_id",
  not_unique: "not_unique",
  unknown_dependency: "unknown_dependency",
  no_run_to_await: "unknown_dependency",
  too_many_dependencies: "invalid_job",
  queue_draining: "queue_draining",
};

/** The refusal of a new job. @param position its place in the list, from 1 */
export function refuseEnqueue(refusal: EnqueueRefusal, position?: number): QueuectlError {
  const message = sentence(refusal, `the job "${refusal.id}"`);
  return new QueuectlError(CODES[refusal.kind], message, { refusal, position });
}

/**
 * The same refusal, for whoever does not know the job by its id.
 * @param called the job, as its author calls it: `the job`, `the step "test"`
 */
export function callJob(error: QueuectlError, called: string): QueuectlError {
  const { refusal } = error;
  return refusal && Object.hasOwn(CODES, refusal.kind)
    ? restate(error, sentence(refusal as EnqueueRefusal, called))
    : error;
}

function sentence(refusal: EnqueueRefusal, job: string): string {
  switch (refusal.kind) {
    case "duplicate_id":
      // Its id is what has to be known of it, however it is called.
      return `Cannot enqueue the ${refusal.of} "${refusal.id}": ${
        refusal.holder === undefined
          ? `this id ${refusal.isOfList ? "stands twice in the list" : "exists already"}`
          : `${refusal.holder === "array" ? "an" : "a"} ${refusal.holder} has this id`
      }`;
    case "not_unique":
      return `Cannot ${refusal.verb} ${job}: ${
        refusal.isOfList
          ? `the unique name "${refusal.unique}" stands twice in the list`
          : `the job "${refusal.other}" of the unique name "${refusal.unique}" is unfinished`
      }`;
    case "unknown_dependency":
      return `${capitalised(job)} cannot wait for "${refusal.on}": there is no such job, array or flow`;
    case "no_run_to_await":
      return `${capitalised(job)} cannot wait for the schedule "${refusal.on}": it has no job yet`;
    case "too_many_dependencies":
      return `With ${job} there are too many dependencies: jobs that wait for several others may have 50,000 in all`;
    case "queue_draining":
      return `Cannot enqueue ${job}: the queue "${refusal.queue}" is draining and takes no new jobs`;
  }
}
