import { MAX_DURATION_MS, parseDurationMs } from "../domain/duration.ts";
import { QueuectlError } from "../domain/errors.ts";
import { parseSizeBytes } from "../domain/size.ts";
import { suggest } from "../domain/suggest.ts";

/**
 * What kind of value a setting has. Inside, durations are milliseconds and sizes bytes; outside (the store's `config`
 * table, `config get`, JSON) they are seconds and bytes. `optionalDuration` may also be `none` (null inside).
 */
type SettingType = "count" | "number" | "duration" | "optionalDuration" | "size" | "path";

/** One setting, described once: validation, help, documentation and `config list` are made from this. */
export interface Setting {
  key: SettingKey;
  aliases: readonly string[];
  type: SettingType;
  /** In inner units; null for "none" and for a path without a default of its own. */
  default: number | null;
  min: number;
  max: number;
  /** Where a flag may override it: on `worker start`, or nowhere but in the store. */
  flagOf: "worker" | null;
  sentence: string;
}

export type SettingKey =
  | "max-retries"
  | "backoff-base"
  | "max-backoff"
  | "backoff-jitter"
  | "poll-interval"
  | "job-timeout"
  | "kill-grace"
  | "stop-grace"
  | "lease-timeout"
  | "crash-limit"
  | "output-limit"
  | "retain-completed"
  | "retain-cancelled"
  | "retain-logs"
  | "db-path";

/** A value in inner units. */
export type SettingValue = number | string | null;

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

export const SETTINGS: readonly Setting[] = [
  setting(
    "max-retries",
    "count",
    3,
    { max: 1_000_000 },
    "how often a failed job is run again before it is dead; copied into a job at enqueue",
  ),
  setting(
    "backoff-base",
    "number",
    2,
    { max: 1_000_000, aliases: ["exp-backoff-base"], flagOf: "worker" },
    "after failure n a job waits base ^ n seconds",
  ),
  setting(
    "max-backoff",
    "duration",
    300 * SECOND,
    { flagOf: "worker" },
    "the longest wait between two executions",
  ),
  setting(
    "backoff-jitter",
    "number",
    0,
    { max: 1, flagOf: "worker" },
    "share of the wait that is added at random, 0 to 1",
  ),
  setting(
    "poll-interval",
    "duration",
    2 * SECOND,
    { min: 10, flagOf: "worker" },
    "how often an idle worker looks by itself; the safety net behind the doorbell",
  ),
  setting(
    "job-timeout",
    "duration",
    300 * SECOND,
    { aliases: ["timeout"], flagOf: "worker" },
    "how long a job may run when it has no timeout of its own; 0 = no limit",
  ),
  setting("kill-grace", "duration", 5 * SECOND, { flagOf: "worker" }, "the time between TERM and KILL"),
  setting(
    "stop-grace",
    "optionalDuration",
    null,
    { flagOf: "worker" },
    "how long a stopping worker waits for its jobs; none = until they end",
  ),
  setting(
    "lease-timeout",
    "duration",
    15 * SECOND,
    { min: SECOND, max: 86_400 * SECOND, flagOf: "worker" },
    "how long a worker may be silent before its jobs are taken; it beats three times as often",
  ),
  setting(
    "crash-limit",
    "count",
    3,
    { min: 1, max: 1_000_000, flagOf: "worker" },
    "how often in a row a job may be lost with its worker while it runs alone, before it is dead",
  ),
  setting(
    "output-limit",
    "size",
    10 * 1_048_576,
    { min: 1_024, max: 1_099_511_627_776, flagOf: "worker" },
    "how much of each output stream of an execution is kept: head and tail",
  ),
  setting(
    "retain-completed",
    "optionalDuration",
    30 * DAY,
    {},
    "how long a completed job is kept, with its history; 0 = until the next hourly look, none = for ever",
  ),
  setting(
    "retain-cancelled",
    "optionalDuration",
    30 * DAY,
    {},
    "how long a cancelled job is kept, with its history; 0 = until the next hourly look, none = for ever",
  ),
  setting(
    "retain-logs",
    "optionalDuration",
    30 * DAY,
    {},
    "how long the output of an execution is kept (a dead job's: as long as the job); 0 = until the next hourly look, none = for ever",
  ),
  setting(
    "db-path",
    "path",
    null,
    {},
    "the store that is used when neither --db nor QUEUECTL_DB names one; kept in config.json in the home",
  ),
];

function setting(
  key: SettingKey,
  type: SettingType,
  initial: number | null,
  more: { min?: number; max?: number; aliases?: readonly string[]; flagOf?: "worker" },
  sentence: string,
): Setting {
  const max = more.max ?? MAX_DURATION_MS;
  return {
    key,
    type,
    default: initial,
    sentence,
    min: more.min ?? 0,
    max,
    aliases: more.aliases ?? [],
    flagOf: more.flagOf ?? null,
  };
}

/**
 * The setting of that name: key or alias, written with hyphens or underscores.
 * @throws setting_not_found with the nearest keys
 */
export function findSetting(name: string): Setting {
  const wanted = name.replaceAll("_", "-");
  const found = SETTINGS.find((setting) => setting.key === wanted || setting.aliases.includes(wanted));
  if (found) return found;
  const near = suggest(
    wanted,
    SETTINGS.flatMap(({ key, aliases }) => [key, ...aliases]),
  );
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(" or ")}?`
      : `The keys are: ${SETTINGS.map(({ key }) => key).join(", ")}.`;
  throw new QueuectlError("setting_not_found", `Unknown setting "${name}"`, { hint });
}

/**
 * Reads a value as it is typed, stored or set in the environment: `5m` or `300`, `10MiB` or `10485760`, `none`.
 * @param place ends the sentence of a refusal: where the text was found
 * @throws invalid_setting naming key, value and rule
 */
export function parseSettingValue(setting: Setting, text: string, place = ""): SettingValue {
  const value = readValue(setting, text.trim());
  if (value === undefined || (typeof value === "number" && (value < setting.min || value > setting.max))) {
    throw new QueuectlError("invalid_setting", `Cannot set ${setting.key} to "${text}"${place}`, {
      hint: `It must be ${ruleOf(setting)}.`,
    });
  }
  return value;
}

function readValue({ type }: Setting, text: string): SettingValue | undefined {
  switch (type) {
    case "count":
      return /^\d+$/.test(text) ? Number(text) : undefined;
    case "number":
      // With an exponent too: that is how a tiny number reads once it has been stored.
      return /^(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
    case "duration":
      return parseDurationMs(text);
    case "optionalDuration":
      return text === "none" ? null : parseDurationMs(text);
    case "size":
      return parseSizeBytes(text);
    case "path":
      return text === "" || text.includes("\0") ? undefined : text;
  }
}

/** What its values must be, as a phrase. */
export function ruleOf(setting: Setting): string {
  switch (setting.type) {
    case "count":
      return `a whole number from ${setting.min} to ${setting.max}`;
    case "number":
      return `a number from ${setting.min} to ${setting.max}`;
    case "duration":
      return `a duration such as 30s, 5m, 1h30m or seconds${rangeOf(setting)}`;
    case "optionalDuration":
      return "a duration such as 30s, 5m, 1h30m or seconds, or none";
    case "size":
      return `a size such as 512KiB, 10MiB, 1GB or bytes, at least ${setting.min} bytes`;
    case "path":
      return "a path";
  }
}

/** The bounds that are worth saying. */
function rangeOf({ min, max }: Setting): string {
  const least = min > 0 ? `, at least ${min / SECOND} s` : "";
  return max < MAX_DURATION_MS ? `${least}, at most ${max / SECOND} s` : least;
}

/** A value in outer units: seconds, bytes, a plain number, a path; null for "none". */
export function outerValue(setting: Setting, value: SettingValue): SettingValue {
  const isDuration = setting.type === "duration" || setting.type === "optionalDuration";
  return isDuration && typeof value === "number" ? value / SECOND : value;
}

/** The bare text of a value, as `config get` prints it and the store keeps it; `parseSettingValue` reads it back. */
export function formatSettingValue(setting: Setting, value: SettingValue): string {
  const outer = outerValue(setting, value);
  return outer === null ? "none" : String(outer);
}

/** The environment variable that overrides the setting for one command or worker. */
export function settingEnvName(setting: Setting): string {
  return `QUEUECTL_CONFIG_${setting.key.replaceAll("-", "_").toUpperCase()}`;
}
