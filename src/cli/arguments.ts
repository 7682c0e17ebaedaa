import { describeValue } from "../domain/describe.ts";
import { parseDurationMs } from "../domain/duration.ts";
import { QueuectlError } from "../domain/errors.ts";
import { ID_RULE, isId } from "../domain/id.ts";
import type { Options } from "./command.ts";

/** A whole number that was given as an option. @throws invalid_usage naming option, value and range */
export function readCount(
  options: Options,
  name: string,
  { min, max }: { min: number; max: number },
): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  // Nobody has to know where numbers end, but who went beyond it.
  const isOpen = max === Number.MAX_SAFE_INTEGER && !(value > max);
  const range = isOpen ? `of at least ${min}` : `from ${min} to ${max}`;
  throw refuseOption(name, `a whole number ${range}`, text);
}

/** A duration that was given as an option, in milliseconds. @throws invalid_usage */
export function readDuration(options: Options, name: string): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  throw refuseOption(name, "seconds or a duration such as 30s, 5m, 1h30m", text);
}

/** One word of a few. @throws invalid_usage naming them */
export function readChoice<Choice extends string>(
  options: Options,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw refuseOption(name, `one of ${choices.join(", ")}`, text);
}

/** The queues of a repeatable `--queue`; null when none was given. @throws invalid_usage */
export function readQueues(options: Options): string[] | null {
  const queues = options.all("queue");
  const bad = queues.find((queue) => !isId(queue));
  if (bad !== undefined)
    throw new QueuectlError("invalid_usage", `--queue cannot be "${bad}"`, {
      hint: `A queue's name has ${ID_RULE}.`,
    });
  return queues.length === 0 ? null : [...queues];
}

/** Said as the flags of a job say it: see `job-flags.ts`. */
export function refuseOption(name: string, rule: string, text: string): QueuectlError {
  return new QueuectlError(
    "invalid_usage",
    `The option --${name} must be ${rule}, not ${describeValue(text)}`,
  );
}
