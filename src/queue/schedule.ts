import { QueuectlError } from "../domain/errors.ts";
import { ID_RULE, isId } from "../domain/id.ts";
import { isFinished, JOB_STATES } from "../domain/job.ts";
import { DEPENDENCY_FIELDS } from "../domain/job-conditions.ts";
import { type JobWords, PLAIN_WORDS } from "../domain/job-fields.ts";
import { parseJobInput } from "../domain/job-input.ts";
import { refuseEnqueue } from "../domain/refuse-enqueue.ts";
import { scheduleNotFound } from "../domain/refuse-schedule.ts";
import type { CatchUpPolicy, OverlapPolicy } from "../domain/schedule.ts";
import { spellZone } from "../domain/time-zone.ts";
import type { FiredInstant, NewSchedule, ScheduleRecord } from "../store/schedule-store.ts";
import type { Store } from "../store/store.ts";
import { readCalendar, requireInstants } from "./calendar.ts";
import { nextInstant, scheduledJob, stoppedAt } from "./plan-firing.ts";

export const OVERLAPS: readonly OverlapPolicy[] = ["skip", "queue", "replace", "allow"];
export const CATCH_UPS: readonly CatchUpPolicy[] = ["one", "all", "none"];

/** So that the name, a colon and an instant make an id. */
const LONGEST_NAME = 100;

/** A schedule as it is asked for. */
export interface ScheduleRequest {
  name: string;
  pattern: string;
  /** A name of the tz database. */
  zone: string;
  /** Unless given, `skip`; but `queue` where all instants are caught up, for they come at once then. */
  overlap?: OverlapPolicy | undefined;
  /** Unless given, `one`. */
  catchUp?: CatchUpPolicy | undefined;
  /** As for `enqueue`; without an id, an instant, and dependencies of its own. */
  job: object;
  /** An existing one of the name is put out of its place. */
  replace?: boolean | undefined;
}

/** Where a schedule is added. */
interface AddContext {
  now: number;
  cwd: string;
  /** As in `JobDefaults`. */
  words?: JobWords | undefined;
}

/**
 * Adds a schedule. Its job is checked now, and made anew at each instant.
 * @throws invalid_schedule, invalid_job, duplicate_schedule, duplicate_id
 */
export async function addSchedule(
  store: Store,
  request: ScheduleRequest,
  context: AddContext,
): Promise<ScheduleRecord> {
  await checkSchedule(request, context);
  const { name, pattern, catchUp = "one", job, replace = false } = request;
  const zone = spellZone(request.zone) ?? request.zone;
  const { overlap = catchUp === "all" ? "queue" : "skip" } = request;
  const { now } = context;
  const { cwd } = parseScheduledJob(job, context);
  const nextAt = await nextInstant({ pattern, zone }, now);
  const schedule = { name, pattern, zone, overlap, catchUp, job: JSON.stringify({ ...job, cwd }), nextAt };
  if (!replace) await store.schedules.put({ ...schedule, createdAt: now }, null);
  else while (!(await putInPlace(store, schedule, now)));
  return await requireSchedule(store, name);
}

/** @returns false when somebody else was faster */
async function putInPlace(
  store: Store,
  schedule: Omit<NewSchedule, "createdAt">,
  now: number,
): Promise<boolean> {
  const old = await store.schedules.get(schedule.name);
  // By this instant a firing knows the schedule that it was planned for: it is never the same for two.
  const createdAt = Math.max(now, (old?.createdAt ?? 0) + 1);
  try {
    return await store.schedules.put({ ...schedule, createdAt }, old ? await stoppedAt(old, now) : null);
  } catch (error) {
    if (error instanceof QueuectlError && error.code === "duplicate_schedule") return false;
    throw error;
  }
}

/** Throws what `addSchedule` would throw of the request itself. */
export async function checkSchedule(request: ScheduleRequest, context: AddContext): Promise<void> {
  const { name, pattern, zone, job } = request;
  if (!isId(name) || name.length > LONGEST_NAME)
    throw new QueuectlError("invalid_schedule", `A schedule cannot be called ${JSON.stringify(name)}`, {
      hint: `A name has ${ID_RULE.replace("128", String(LONGEST_NAME))}.`,
    });
  await requireInstants({ pattern, zone });
  parseScheduledJob(job, context);
}

/** @throws invalid_job */
function parseScheduledJob(
  job: object,
  { now, cwd, words = PLAIN_WORDS }: AddContext,
): { cwd: string | null } {
  const given = job as Partial<Record<string, unknown>>;
  const own = ["id", "run_at", "delay"].find((field) => Object.hasOwn(job, field));
  if (own !== undefined)
    throw new QueuectlError("invalid_job", `The job of a schedule has no "${words.nameOf(own)}" of its own`, {
      hint: "Each run gets an id and an instant from its schedule. Leave it out.",
    });
  if ((given["expires_at"] ?? null) !== null)
    throw new QueuectlError(
      "invalid_job",
      `The job of a schedule cannot have "${words.nameOf("expires_at")}"`,
      {
        hint: `Give "${words.nameOf("expires")}" instead: a time from each run's own instant on.`,
      },
    );
  const waits = Object.values(DEPENDENCY_FIELDS).find((field) => {
    const ids = given[field];
    return Array.isArray(ids) && ids.length > 0;
  });
  if (waits !== undefined)
    throw new QueuectlError("invalid_job", `The job of a schedule cannot have "${words.nameOf(waits)}"`, {
      hint: "Each run would wait for the same jobs. Leave it out.",
    });
  return parseJobInput(job, { id: "x", maxRetries: 0, cwd, now, words });
}

/**
 * The schedule of this name.
 * @throws schedule_not_found naming what might have been meant
 */
export async function requireSchedule(store: Store, name: string): Promise<ScheduleRecord> {
  const schedule = await store.schedules.get(name);
  if (schedule) return schedule;
  const others = await store.schedules.list();
  throw scheduleNotFound(
    name,
    others.map((other) => other.name),
  );
}

/** The next instants of a schedule, paused or not; fewer where there are fewer. @throws schedule_not_found */
export async function nextInstants(
  store: Store,
  name: string,
  { count, now }: { count: number; now: number },
): Promise<number[]> {
  const calendar = await readCalendar(await requireSchedule(store, name));
  const instants: number[] = [];
  for (let at = calendar.next(now); at !== undefined && instants.length < count; at = calendar.next(at))
    instants.push(at);
  return instants;
}

/**
 * Pauses a schedule, or resumes it: from now on, for what would have come during a pause was not missed. What had come
 * before it, and was not fired, was.
 * @throws schedule_not_found
 */
export async function pauseSchedule(
  store: Store,
  name: string,
  { isPaused, now }: { isPaused: boolean; now: number },
): Promise<ScheduleRecord> {
  for (;;) {
    const schedule = await requireSchedule(store, name);
    if (schedule.isPaused === isPaused) return schedule;
    // A pause needs none, and so one that nobody understands can be paused too.
    const nextAt = isPaused ? schedule.nextAt : await nextInstant(schedule, now);
    const change = { was: await stoppedAt(schedule, now), isPaused, nextAt, now };
    if (await store.schedules.setPaused(name, change)) return await requireSchedule(store, name);
    // A worker has fired it meanwhile, or somebody has replaced it.
  }
}

/** @throws schedule_not_found */
export async function removeSchedule(store: Store, name: string): Promise<void> {
  await requireSchedule(store, name);
  await store.schedules.remove(name);
}

/**
 * Runs a schedule's job now, paused or not. It is a run like any other: the overlap policy holds, and the history tells.
 * @returns the id of the job; it is not new where another one of its unique name stands for it
 * @throws schedule_not_found; not_finished when an earlier run stands in its way; what `enqueue` throws
 */
export async function runSchedule(
  store: Store,
  name: string,
  { now, maxRetries }: { now: number; maxRetries: number },
): Promise<{ id: string; isNew: boolean }> {
  let schedule = await requireSchedule(store, name);
  // Never a whole second: those are the schedule's own.
  for (let instant = now % 1_000 === 0 ? now + 1 : now; ; instant += 1) {
    const run = { instant, job: scheduledJob(schedule, instant, { now, maxRetries }) };
    const { createdAt } = schedule;
    const fired = await store.schedules
      .fire({ kind: "by_hand", name, createdAt, run, now })
      .catch((error: unknown) => {
        throw asRun(error);
      });
    if (fired === null) {
      // Another one stands in its place, or none.
      schedule = await requireSchedule(store, name);
      continue;
    }
    const [own] = fired;
    if (own?.jobId) return { id: own.jobId, isNew: own.outcome === "fired" };
    // Without an answer the instant was another's: two have run it within the same millisecond.
    if (own) throw notRun(name, own, await firstUnfinished(store, name));
  }
}

/** Who runs a schedule has enqueued nothing of their own, and cannot say of it what `enqueue` lets them say. */
function asRun(error: unknown): unknown {
  const refusal = error instanceof QueuectlError ? error.refusal : undefined;
  return refusal?.kind === "not_unique" ? refuseEnqueue({ ...refusal, verb: "run" }) : error;
}

async function firstUnfinished(store: Store, name: string): Promise<string | null> {
  // State by state: of all that is kept of a schedule, almost everything is finished.
  for (const state of JOB_STATES.filter((each) => !isFinished(each)))
    for await (const { id } of store.listJobs({ group: name, state })) return id;
  return null;
}

/** @param other the id of what stands in its way, unless it has ended by now */
function notRun(name: string, { note }: FiredInstant, other: string | null): QueuectlError {
  return new QueuectlError("not_finished", `Cannot run the schedule "${name}" now: ${note}`, {
    refusal: { kind: "run_in_the_way", other },
  });
}

/** The newest firings, oldest of them first. @throws schedule_not_found */
export async function scheduleHistory(store: Store, name: string, limit: number): Promise<FiredInstant[]> {
  await requireSchedule(store, name);
  return await store.schedules.history(name, limit);
}
