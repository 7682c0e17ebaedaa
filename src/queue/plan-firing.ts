import type { NewJob } from "../domain/job.ts";
import { parseJobInput } from "../domain/job-input.ts";
import { decideCatchUp } from "../domain/schedule.ts";
import type { DueFiring, ScheduledRun, ScheduleRecord, StoppedSchedule } from "../store/schedule-store.ts";
import { readCalendar, type Timing } from "./calendar.ts";

/** What a worker asks about schedules. @param maxRetries what the setting says at the moment */
export function schedulePlanner(maxRetries: () => Promise<number>): {
  plan(schedule: ScheduleRecord, now: number): Promise<DueFiring>;
  prepare(): Promise<void>;
  nextAt(schedule: ScheduleRecord, after: number): Promise<number | null>;
} {
  return {
    prepare: async () => void (await readCalendar({ pattern: "@daily", zone: "UTC" })),
    plan: async (schedule, now) => await planFiring(schedule, { now, maxRetries: await maxRetries() }),
    nextAt: nextInstant,
  };
}

/** What the jobs of a schedule get where it says nothing itself. */
interface FiringContext {
  now: number;
  maxRetries: number;
}

/**
 * What is to be fired of a schedule that is due: which of its instants, and with which jobs. An instant whose job cannot be
 * made is refused, so that the schedule goes on.
 * @throws invalid_schedule when this program does not understand what another one, or a hand, has written
 */
async function planFiring(schedule: ScheduleRecord, context: FiringContext): Promise<DueFiring> {
  const { name, createdAt, nextAt, decidedUntil, catchUp } = schedule;
  const { now } = context;
  const decision = decideCatchUp(
    { nextAt: nextAt ?? now, decidedUntil, catchUp, now },
    await readCalendar(schedule),
  );
  const runs: ScheduledRun[] = [];
  const refused: DueFiring["refused"][number][] = [];
  for (const instant of decision.run) {
    try {
      runs.push({ instant, job: scheduledJob(schedule, instant, context) });
    } catch (error) {
      refused.push({ instant, note: error instanceof Error ? error.message : String(error) });
    }
  }
  const { missed, nextAt: next } = decision;
  return { kind: "due", name, createdAt, expectedNextAt: nextAt, nextAt: next, runs, refused, missed, now };
}

/** A schedule as it stands, to be stopped there: with the instants that have come and were not fired, as far as a history keeps them. */
export async function stoppedAt(schedule: ScheduleRecord, now: number): Promise<StoppedSchedule> {
  const { createdAt, nextAt, decidedUntil, isPaused } = schedule;
  if (isPaused || nextAt === null || nextAt > now) return { createdAt, nextAt, missed: [] };
  const calendar = await readCalendar(schedule).catch(() => null);
  if (calendar === null) return { createdAt, nextAt, missed: [] };
  const { missed, run } = decideCatchUp({ nextAt, decidedUntil, catchUp: "none", now }, calendar);
  return { createdAt, nextAt, missed: [...missed, ...run] };
}

/** The first instant of a schedule after this one; null when there is none. @throws invalid_schedule */
export async function nextInstant(schedule: Timing, after: number): Promise<number | null> {
  return (await readCalendar(schedule)).next(after) ?? null;
}

/** The job of one instant. What its id says keeps two programs from running the same instant, whatever they believe. */
export function scheduledJob(
  { name, job }: Pick<ScheduleRecord, "name" | "job">,
  instant: number,
  { now, maxRetries }: FiringContext,
): NewJob {
  const member = new Date(instant).toISOString();
  const defaults = { id: `${name}:${stampOf(member)}`, maxRetries, cwd: null, now };
  // Due at its instant: should the clock be set back, the job comes when its time does.
  const input = { ...(JSON.parse(job) as object), run_at: member };
  return { ...parseJobInput(input, defaults), group: { kind: "schedule", id: name, member } };
}

/** `20261126T020000Z`; with the milliseconds where there are any, as when a person starts it. */
function stampOf(iso: string): string {
  return iso.replace(/[-:]|\.000(?=Z)/g, "");
}
