import type { NewJob } from "../domain/job.ts";
import { readJobInput } from "../domain/job-input.ts";
import type { CatchUpPolicy, OverlapPolicy } from "../domain/schedule.ts";
import { maskSecrets } from "../domain/secrets.ts";
import type { FiredInstant, FiringOutcome, ScheduleRecord } from "../store/schedule-store.ts";

/** A schedule as every `--json` answer shows it. Stable. */
export interface ScheduleJson {
  name: string;
  pattern: string;
  time_zone: string;
  overlap: OverlapPolicy;
  catch_up: CatchUpPolicy;
  paused: boolean;
  next_at: string | null;
  last: FiringJson | null;
  command: string;
  argv?: readonly string[];
  queue: string;
  priority: number;
  tags: readonly string[];
  cwd: string | null;
  timeout: number | null;
  max_retries: number | null;
  backoff_base: number | null;
  expires: number | null;
  expires_at: string | null;
  unique: string | null;
  unique_return: boolean;
  key: string | null;
  key_limit: number | null;
  env: Readonly<Record<string, string>>;
  stdin: string | null;
  fault: string | null;
  created_at: string;
}

/** What became of one instant of a schedule. */
export interface FiringJson {
  instant: string;
  outcome: FiringOutcome;
  job_id: string | null;
  note: string | null;
  decided_at: string;
}

export function toScheduleJson(schedule: ScheduleRecord): ScheduleJson {
  const job = jobOf(schedule);
  return {
    name: schedule.name,
    pattern: schedule.pattern,
    time_zone: schedule.zone,
    overlap: schedule.overlap,
    catch_up: schedule.catchUp,
    paused: schedule.isPaused,
    next_at: nextAt(schedule),
    last: schedule.last && toFiringJson(schedule.last),
    command: job.command,
    ...(job.argv === null ? {} : { argv: job.argv }),
    queue: job.queue,
    priority: job.priority,
    tags: job.tags,
    cwd: job.cwd,
    timeout: job.timeoutMs === null ? null : job.timeoutMs / 1_000,
    max_retries: job.maxRetries,
    backoff_base: job.backoffBase,
    expires: job.expiresMs === null ? null : job.expiresMs / 1_000,
    expires_at: job.expiresAt === null ? null : toIso(job.expiresAt),
    unique: job.unique,
    unique_return: job.uniqueReturn,
    key: job.key,
    key_limit: job.keyLimit,
    env: maskSecrets(job.env),
    stdin: job.stdin,
    fault: job.fault,
    created_at: toIso(schedule.createdAt),
  };
}

export function toFiringJson({ instant, outcome, jobId, note, at }: FiredInstant): FiringJson {
  return { instant: toIso(instant), outcome, job_id: jobId, note, decided_at: toIso(at) };
}

/** The job of each run, as far as it is known before one: what it inherits is null. */
interface ScheduledJob extends Omit<NewJob, "maxRetries"> {
  maxRetries: number | null;
  /** From each instant on. */
  expiresMs: number | null;
  /** Why no run can be made of what another program, or a hand, has written; what is wrong in it is left out. */
  fault: string | null;
}

/** In place of a number of retries, where none is given. */
const INHERITED = -1;

/** Whatever is stored is shown: one that cannot be read must not hide the others. */
export function jobOf({ job }: Pick<ScheduleRecord, "job">): ScheduledJob {
  const faults: string[] = [];
  const input = JSON.parse(job) as Partial<Record<string, unknown>>;
  const defaults = { id: "x", maxRetries: INHERITED, cwd: null, now: 0 };
  const read = readJobInput(input, defaults, ({ message }) => faults.push(message));
  const isAbsolute = (input["expires_at"] ?? null) !== null;
  return {
    ...read,
    maxRetries: read.maxRetries === INHERITED ? null : read.maxRetries,
    expiresMs: isAbsolute ? null : read.expiresAt,
    expiresAt: isAbsolute ? read.expiresAt : null,
    fault: faults[0] ?? null,
  };
}

function nextAt({ isPaused, nextAt: at }: ScheduleRecord): string | null {
  return isPaused || at === null ? null : toIso(at);
}

function toIso(at: number): string {
  return new Date(at).toISOString();
}
