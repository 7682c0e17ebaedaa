import { formatDuration } from "../domain/duration.ts";
import { allowedExecutions, type Job, type JobState } from "../domain/job.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import type { RecoveredJob } from "../store/store.ts";
import type { WorkerEvent } from "../worker/events.ts";
import { isoTime } from "./render/time.ts";
import { visible } from "./render/visible.ts";

/** What a worker's event is called in its log: one line. */
export function workerLine(event: WorkerEvent, now: number): string {
  switch (event.kind) {
    case "started":
      return `Starting up (PID: ${event.pid})...`;
    case "polling":
      return "Polling for jobs...";
    case "claimed":
      return `Claimed job ${event.job.id}: ${shorten(visible(event.job.command))}`;
    case "finished":
      return finishedLine(event, now);
    case "stale_result":
      return `stale_result: job ${event.job.id} ended here (${event.outcome.kind}) after its claim was lost; it counts for nothing`;
    case "recovered":
      return recoveredLine(event);
    case "replacing":
      return `Worker ${event.deadWorker} of this pool is dead; another is started in its place.`;
    case "taken_for_dead":
      return `This worker was silent for longer than its lease and was taken for dead. It goes on as ${event.newId}.`;
    case "stopping":
      return `Shutting down gracefully...${event.running === 0 ? "" : waitingFor(event.running, event.graceMs)}`;
    case "trouble":
      return `${event.error instanceof Error ? event.error.message : event.error}. Trying again.`;
    case "drained":
      return `No job is left to do.${event.waiting === 0 ? "" : leftWaiting(event.waiting)}`;
    case "held_back":
      return heldBackLine(event);
    case "stopped":
      return "Stopped.";
  }
}

/** A command may be a megabyte; a log line need not. */
function shorten(text: string): string {
  return text.length > LONGEST_COMMAND_SHOWN ? `${text.slice(0, LONGEST_COMMAND_SHOWN)}…` : text;
}

const LONGEST_COMMAND_SHOWN = 2_000;

type EventKind = WorkerEvent["kind"];

/** What every event of a worker tells. */
interface EventJson<Kind extends EventKind> {
  at: string;
  worker: string;
  event: Kind;
}

/** The events of `worker start --json`, by kind. */
export interface WorkerEventsJson extends Record<EventKind, EventJson<EventKind>> {
  started: EventJson<"started"> & { pid: number };
  polling: EventJson<"polling">;
  claimed: EventJson<"claimed"> & { job: string; execution: number };
  finished: EventJson<"finished"> & {
    job: string;
    outcome: OutcomeKind;
    state: JobState;
    error: string | null;
  };
  stale_result: EventJson<"stale_result"> & { job: string; outcome: OutcomeKind };
  recovered: EventJson<"recovered"> & {
    dead_worker: string | null;
    /** Pending again. */
    jobs: readonly string[];
    dead: readonly string[];
    cancelled: readonly string[];
  };
  replacing: EventJson<"replacing"> & { dead_worker: string };
  taken_for_dead: EventJson<"taken_for_dead">;
  stopping: EventJson<"stopping">;
  trouble: EventJson<"trouble"> & { error: string };
  held_back: EventJson<"held_back"> & { queue: string | null; until: string | null };
  drained: EventJson<"drained"> & { waiting: number };
  stopped: EventJson<"stopped">;
}

/** The same for programs: one object a line. */
export function workerEventJson(
  event: WorkerEvent,
  worker: string,
  now: number,
): WorkerEventsJson[EventKind] {
  const common = <Kind extends EventKind>(kind: Kind): EventJson<Kind> => ({
    at: isoTime(now),
    worker,
    event: kind,
  });
  switch (event.kind) {
    case "claimed":
      return { ...common(event.kind), job: event.job.id, execution: event.number };
    case "finished":
      return {
        ...common(event.kind),
        job: event.job.id,
        outcome: event.outcome.kind,
        state: event.transition.to,
        error: event.error,
      };
    case "stale_result":
      return { ...common(event.kind), job: event.job.id, outcome: event.outcome.kind };
    case "recovered":
      return {
        ...common(event.kind),
        dead_worker: event.deadWorker,
        jobs: jobsGone(event.jobs, "pending"),
        dead: jobsGone(event.jobs, "dead"),
        cancelled: jobsGone(event.jobs, "cancelled"),
      };
    case "started":
      return { ...common(event.kind), pid: event.pid };
    case "replacing":
      return { ...common(event.kind), dead_worker: event.deadWorker };
    case "trouble":
      return {
        ...common(event.kind),
        error: event.error instanceof Error ? event.error.message : String(event.error),
      };
    case "held_back": {
      const { queue, until } = event;
      return { ...common(event.kind), queue, until: until === null ? null : isoTime(until) };
    }
    case "drained":
      return { ...common(event.kind), waiting: event.waiting };
    case "polling":
    case "taken_for_dead":
    case "stopping":
    case "stopped":
      return common(event.kind);
  }
}

function leftWaiting(count: number): string {
  return ` ${count} ${count === 1 ? "waits" : "wait"} for a time, for other jobs, or in a paused queue: queuectl status`;
}

function heldBackLine({ queue, until }: Extract<WorkerEvent, { kind: "held_back" }>): string {
  if (until !== null)
    return `Waiting until ${isoTime(until)}: the rate of queue ${queue} lets none start before.`;
  return queue === null
    ? "Waiting for a job that holds the key or the group of another."
    : `Waiting for room in queue ${queue}, which runs as many as it may.`;
}

function finishedLine(
  { job, transition, error }: Extract<WorkerEvent, { kind: "finished" }>,
  now: number,
): string {
  const why = visible(error ?? "");
  switch (transition.to) {
    case "completed":
      return `Job ${job.id} completed successfully.`;
    case "failed": {
      // To the tenth of a second: the commit has taken a few milliseconds of a wait of 2 s.
      const wait = formatDuration(Math.round(Math.max(0, transition.dueAt - now) / 100) * 100);
      return `Job ${job.id} failed (${why}). Retrying in ${wait}: ${tally(transition.attempts, job)} executions failed.`;
    }
    case "dead":
      return `Job ${job.id} failed (${why}). ${tally(transition.attempts, job)} executions failed: moved to the dead letter queue.`;
    case "pending":
      return `Job ${job.id} was interrupted (${why}). It is pending again; no retry was spent.`;
    case "cancelled":
      return `Job ${job.id} was cancelled.`;
  }
}

function recoveredLine({ deadWorker, jobs }: Extract<WorkerEvent, { kind: "recovered" }>): string {
  const who = deadWorker === null ? "A worker is not registered any more" : `Worker ${deadWorker} is dead`;
  const more = [
    ["killed it again and again, and are dead (crash_loop)", jobsGone(jobs, "dead")],
    ["were cancelled", jobsGone(jobs, "cancelled")],
  ] as const;
  const others = more.map(([what, ids]) => (ids.length === 0 ? "" : `; these ${what}: ${ids.join(", ")}`));
  return `${who}; its jobs are pending again: ${jobsGone(jobs, "pending").join(", ") || "none"}${others.join("")}`;
}

/** The ids of the jobs that went there. */
function jobsGone(jobs: readonly RecoveredJob[], to: JobState): string[] {
  return jobs.filter((job) => job.to === to).map(({ jobId }) => jobId);
}

/** Failed of allowed executions. */
function tally(failed: number, job: Job): string {
  return `${failed}/${allowedExecutions(job)}`;
}

function waitingFor(running: number, graceMs: number | null): string {
  const jobs = running === 1 ? "1 job" : `${running} jobs`;
  return graceMs === null ? ` Waiting for ${jobs} to end.` : ` ${jobs} may take ${formatDuration(graceMs)}.`;
}
