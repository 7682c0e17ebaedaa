import { describeValue } from "../domain/describe.ts";
import { MAX_DURATION_MS } from "../domain/duration.ts";
import { QueuectlError } from "../domain/errors.ts";
import { ID_RULE, isId } from "../domain/id.ts";
import { isJobState, JOB_STATES } from "../domain/job.ts";

/** What an option may be, and how a refusal says it. */
export interface OptionRule {
  allows(value: unknown): boolean;
  text: string;
}

/**
 * Refuses an option that is not known or has a wrong value. What is undefined was not given.
 * @param call what was called, as its caller writes it
 * @throws invalid_usage naming the option
 */
export function checkOptions(
  call: string,
  given: unknown,
  rules: Readonly<Record<string, OptionRule>>,
): void {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw usage(`The options of ${call} must be an object, not ${describeValue(given)}`);
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule)
      throw usage(
        `${call} has no option ${describeValue(name)}`,
        `Its options: ${Object.keys(rules).join(", ")}.`,
      );
    if (value !== undefined && !rule.allows(value))
      throw usage(
        `The option ${describeValue(name)} of ${call} must be ${rule.text}, not ${describeValue(value)}`,
      );
  }
}

/** @param of what it is the id of. @throws invalid_usage for anything but a text */
export function checkId(
  call: string,
  id: unknown,
  of: "job" | "flow" | "group" = "job",
): asserts id is string {
  if (typeof id !== "string") throw usage(`${call} takes a ${of}'s id, not ${describeValue(id)}`);
}

/** One id or several, as a list. @throws invalid_usage */
export function checkIds(call: string, ids: unknown): string[] {
  const list: unknown[] = Array.isArray(ids) ? ids : [ids];
  for (const id of list) checkId(call, id);
  return list as string[];
}

export function usage(message: string, hint?: string): QueuectlError {
  return new QueuectlError("invalid_usage", message, { hint });
}

export function wholeNumber(min: number, max: number): OptionRule {
  return {
    allows: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    text: `a whole number from ${min} to ${max}`,
  };
}

const milliseconds: OptionRule = {
  allows: (value) => typeof value === "number" && value >= 0 && value <= MAX_DURATION_MS,
  text: "milliseconds from 0 to 100 years",
};

export const millisecondsOrNull: OptionRule = {
  allows: (value) => value === null || milliseconds.allows(value),
  text: `${milliseconds.text}, or null`,
};

export const abortSignal: OptionRule = {
  allows: (value) => value instanceof AbortSignal,
  text: "an AbortSignal",
};

export const yesOrNo: OptionRule = { allows: (value) => typeof value === "boolean", text: "true or false" };

export const numberOrNull: OptionRule = {
  allows: (value) => value === null || typeof value === "number",
  text: "a number, or null",
};

export const textOrNull: OptionRule = {
  allows: (value) => value === null || typeof value === "string",
  text: "a text, or null",
};

export const callback: OptionRule = { allows: (value) => typeof value === "function", text: "a function" };

/** Not `:memory:` nor a `file:` URI, which mean something else to SQLite: a file of such a name would be a surprise. */
export const databaseFile: OptionRule = {
  allows: (value) =>
    typeof value === "string" && value !== "" && !value.includes("\0") && !/^(:memory:$|file:)/.test(value),
  text: "the path of a file",
};

export const idText: OptionRule = {
  allows: (value) => typeof value === "string" && isId(value),
  text: `an id: ${ID_RULE}`,
};

export const jobState: OptionRule = {
  allows: (value) => typeof value === "string" && isJobState(value),
  text: `one of ${JOB_STATES.join(", ")}`,
};

export const queueName: OptionRule = {
  allows: (value) => typeof value === "string" && isId(value),
  text: `a name of ${ID_RULE}`,
};

export const queueNames: OptionRule = {
  allows: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((name) => queueName.allows(name)),
  text: `one or more names of ${ID_RULE}`,
};

export const text: OptionRule = { allows: (value) => typeof value === "string", text: "a text" };

export function oneOf(choices: readonly string[]): OptionRule {
  return {
    allows: (value) => choices.some((choice) => choice === value),
    text: `one of ${choices.join(", ")}`,
  };
}

/** The options of every wait. */
export const WAIT_RULES: Readonly<Record<string, OptionRule>> = {
  timeoutMs: milliseconds,
  signal: abortSignal,
};
