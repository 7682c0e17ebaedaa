import type { SettingKey } from "../config/settings.ts";
import { formatDuration } from "../domain/duration.ts";
import { formatSize } from "../domain/size.ts";
import type { ScheduleRequest } from "../queue/schedule.ts";
import { type ScheduleJson, toScheduleJson } from "../queue/schedule-json.ts";
import type { ScheduleRecord } from "../store/schedule-store.ts";
import type { Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
import { readSetting } from "./context.ts";
import type { Io } from "./io.ts";
import { visible } from "./render/visible.ts";

/** The options of what is chosen of a schedule, by their fields. */
const CHOICES = {
  time_zone: "tz",
  overlap: "overlap",
  catch_up: "catch-up",
  queue: "queue",
  priority: "priority",
  timeout: "timeout",
  max_retries: "max-retries",
  backoff_base: "backoff-base",
  expires: "expires",
  key: "key",
  key_limit: "key-limit",
  unique: "unique",
  tags: "tag",
  env: "env",
  cwd: "cwd",
  stdin: "stdin",
} as const satisfies Partial<Record<keyof ScheduleJson, string>>;

type Choice = keyof typeof CHOICES;

/** What each run takes from a setting where its schedule is silent. */
const INHERITED: Partial<Record<Choice, SettingKey>> = {
  timeout: "job-timeout",
  max_retries: "max-retries",
  backoff_base: "backoff-base",
};

/** Says what went back to its default: somebody had chosen it, and whoever replaces it has perhaps only forgotten. */
export async function sayReset(
  store: Store,
  { from, to, request }: { from: ScheduleRecord; to: ScheduleRecord; request: ScheduleRequest },
  invocation: Invocation,
  io: Io,
): Promise<void> {
  const { overlap, catchUp, job } = request;
  const zone = invocation.options.text("tz");
  const given: Partial<Record<string, unknown>> = { time_zone: zone, overlap, catch_up: catchUp, ...job };
  const [before, after] = [toScheduleJson(from), toScheduleJson(to)];
  const reset: string[] = [];
  for (const [field, option] of Object.entries(CHOICES) as [Choice, string][]) {
    if (given[field] !== undefined || JSON.stringify(before[field]) === JSON.stringify(after[field]))
      continue;
    const setting = after[field] === null ? INHERITED[field] : undefined;
    const is =
      setting === undefined
        ? choiceText(field, after[field])
        : `${choiceText(field, await inherited(store, setting, invocation, io))} by the setting ${setting}`;
    reset.push(`--${option} ${is} (it was ${choiceText(field, before[field])})`);
  }
  if (reset.length > 0) io.stderr.write(`Not given, and back to the default: ${reset.join(", ")}.\n`);
}

/** As a field has it: durations in seconds. */
async function inherited(store: Store, setting: SettingKey, invocation: Invocation, io: Io): Promise<number> {
  const value = (await readSetting(store, setting, invocation, io)) as number;
  return setting === "job-timeout" ? value / 1_000 : value;
}

/** What each run reads, and the values of its variables, may be long or secret. */
function choiceText(field: Choice, value: ScheduleJson[Choice]): string {
  if (value === null || (field === "timeout" && value === 0)) return "none";
  if (field === "timeout" || field === "expires") return formatDuration((value as number) * 1_000);
  if (field === "stdin") return `of ${formatSize(Buffer.byteLength(value as string))}`;
  if (typeof value !== "object") return visible(String(value));
  return visible((Array.isArray(value) ? value : Object.keys(value)).join(",")) || "none";
}
