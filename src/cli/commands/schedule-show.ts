import { formatDuration } from "../../domain/duration.ts";
import { maskSecrets } from "../../domain/secrets.ts";
import { formatSize } from "../../domain/size.ts";
import { requireSchedule } from "../../queue/schedule.ts";
import { jobOf, toScheduleJson } from "../../queue/schedule-json.ts";
import type { ScheduleRecord } from "../../store/schedule-store.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { type Facts, renderFacts } from "../render/facts.ts";
import { writeJson } from "../render/json.ts";
import { timeText } from "../render/time.ts";
import { visible } from "../render/visible.ts";
import { widthOf } from "../render/wrap.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  await using store = await openForReading(invocation, io);
  const schedule = await requireSchedule(store, args[0] ?? "");
  if (options.has("json")) writeJson(io, toScheduleJson(schedule));
  else {
    const facts = [...ofSchedule(schedule, io), ...ofJob(schedule, io)];
    io.stdout.write(`${renderFacts(facts, widthOf(io.stdout)).join("\n")}\n`);
  }
  return DONE;
}

function ofSchedule(schedule: ScheduleRecord, io: Io): Facts {
  const { name, pattern, zone, overlap, catchUp, isPaused, nextAt, last, createdAt } = schedule;
  const next = nextAt === null ? "never" : timeText(nextAt, io);
  return [
    ["Name", visible(name)],
    ["Pattern", visible(pattern)],
    ["Time zone", visible(zone)],
    ["Overlap", overlap],
    ["Catch-up", catchUp],
    ["Next", isPaused ? "paused" : next],
    ["Last", last && `${last.outcome} ${timeText(last.instant, io)}`],
    ["Last job", last?.jobId ? visible(last.jobId) : null],
    ["Note", last?.note ? visible(last.note) : null],
    ["Added", timeText(createdAt, io)],
  ];
}

/** Of each run, as `info` tells them. */
function ofJob(schedule: ScheduleRecord, io: Io): Facts {
  const job = jobOf(schedule);
  const text = (value: string | null) => (value === null ? null : visible(value));
  const number = (value: number | null) => (value === null ? null : String(value));
  const env = Object.entries(maskSecrets(job.env)).map(([name, value]) => `${name}=${value}`);
  const limit = job.keyLimit === null ? "" : `, at most ${job.keyLimit} at once`;
  const unique = job.uniqueReturn ? ", or the job that is there" : "";
  return [
    [
      "Broken",
      job.fault === null ? null : `${visible(job.fault)}. Put another in its place: schedule add --replace`,
    ],
    ["Command", visible(job.command)],
    ["Queue", job.queue],
    ["Priority", number(job.priority)],
    ["Tags", job.tags.length === 0 ? null : visible(job.tags.join(", "))],
    ["Directory", text(job.cwd)],
    ["Environment", env.length === 0 ? null : visible(env.join(" "))],
    ["Timeout", job.timeoutMs === null ? null : job.timeoutMs === 0 ? "none" : formatDuration(job.timeoutMs)],
    ["Max retries", number(job.maxRetries)],
    ["Backoff base", number(job.backoffBase)],
    ["Expires", job.expiresMs === null ? null : `after ${formatDuration(job.expiresMs)}`],
    ["Expires at", job.expiresAt === null ? null : timeText(job.expiresAt, io)],
    ["Unique", job.unique === null ? null : `${visible(job.unique)}${unique}`],
    ["Key", job.key === null ? null : `${visible(job.key)}${limit}`],
    ["Stdin", job.stdin === null ? null : formatSize(Buffer.byteLength(job.stdin))],
  ];
}
