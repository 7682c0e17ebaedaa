import { QueuectlError } from "./errors.ts";
import { didYouMean, suggest } from "./suggest.ts";

/** The refusal of a schedule that is not there. @param names those that are */
export function scheduleNotFound(name: string, names: readonly string[] = []): QueuectlError {
  return new QueuectlError("schedule_not_found", `There is no schedule "${name}"`, {
    hint: didYouMean(suggest(name, names)),
    refusal: { kind: "no_such_schedule" },
  });
}

/** The refusal of a second schedule of one name. */
export function duplicateSchedule(name: string): QueuectlError {
  return new QueuectlError("duplicate_schedule", `There is a schedule "${name}" already`, {
    refusal: { kind: "duplicate_schedule" },
  });
}

/** The refusal of a schedule that is called like a job or a group: its runs make a group, and ids are never shared. */
export function scheduleNamedLikeId(name: string): QueuectlError {
  return new QueuectlError(
    "duplicate_id",
    `A schedule cannot be called "${name}": a job or a group has this id`,
    {
      hint: "Choose another name.",
    },
  );
}
