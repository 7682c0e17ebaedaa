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
  throw new QueuectlError("invalid_usage", `--${name} cannot be "${text}"`, {
    hint: `It takes a whole number from ${min} to ${max}.`,
  });
}

/** A duration that was given as an option, in milliseconds. @throws invalid_usage */
export function readDuration(options: Options, name: string): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  throw new QueuectlError("invalid_usage", `--${name} cannot be "${text}"`, {
    hint: "It takes a duration such as 30s, 5m, 2h, or seconds.",
  });
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
  throw new QueuectlError("invalid_usage", `--${name} cannot be "${text}"`, {
    hint: `It is one of ${choices.join(", ")}.`,
  });
}
