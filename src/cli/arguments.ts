import { describeValue } from "../domain/describe.ts";
import { parseDurationMs } from "../domain/duration.ts";
import { QueuectlError } from "../domain/errors.ts";
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

/** Said as the flags of a job say it: see `job-flags.ts`. */
export function refuseOption(name: string, rule: string, text: string): QueuectlError {
  return new QueuectlError(
    "invalid_usage",
    `The option --${name} must be ${rule}, not ${describeValue(text)}`,
  );
}
