import type { NewGroup } from "../domain/group.ts";
import { JOB_ID_LENGTH, randomId } from "../domain/id.ts";
import { throwFault } from "../domain/job-fields.ts";
import { type JobDefaults, parseJobInput } from "../domain/job-input.ts";
import { fillShellText, fillWords } from "../domain/placeholder.ts";
import type { PlacedInput } from "./enqueue.ts";

/** What holds for an array as a whole. */
export interface ArrayRules {
  maxRunning: number | null;
  maxFails: number | null;
}

/** One job of an array: its index, and what stands for `{}` in its command. */
export interface ArrayMember {
  index: number;
  value: string;
  /** As in `PlacedInput`. */
  place: string;
}

/** An array, and how its jobs are made of the one job that was given. */
export interface ArrayPlan {
  group: NewGroup;
  toInput(member: ArrayMember): PlacedInput;
}

/**
 * Makes an array of one job input, whose id, if it has one, becomes that of the array.
 * @throws invalid_job naming the field, dependency_cycle
 */
export function planArray(
  template: unknown,
  { maxRunning, maxFails }: ArrayRules,
  context: Pick<JobDefaults, "cwd" | "now" | "words">,
): ArrayPlan {
  const newId = randomId(JOB_ID_LENGTH, Math.random);
  const job = parseJobInput(template, { ...context, id: newId, maxRetries: 0 });
  if (job.unique !== null)
    throwFault({
      message: "The jobs of an array cannot be unique: each would exclude the others",
      hint: "Leave it out; or let a unique job enqueue the array when it runs.",
      fields: ["unique"],
    });
  const { id, command, argv } = job;
  const fill = (value: string) =>
    argv === null
      ? { command: fillShellText(command, value) }
      : { command: null, argv: fillWords(argv, value) };
  return {
    group: { id, kind: "array", name: command, maxRunning, maxFails, createdAt: context.now },
    toInput: ({ index, value, place }) => ({
      input: { ...(template as object), ...fill(value), id: `${id}.${index}` },
      place,
      member: String(index),
      hasNewId: id === newId,
    }),
  };
}
