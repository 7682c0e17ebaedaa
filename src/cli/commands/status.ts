import { JOB_STATES, type JobState } from "../../domain/job.ts";
import { type QueueJson, toQueueJson } from "../../queue/queue-json.ts";
import type { Activity, QueueRecord, Store } from "../../store/store.ts";
import { type ObservedWorker, seeWorkers } from "../../worker/observe-workers.ts";
import { pause } from "../../worker/timer.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { hintWhenJobsWaitInVain, unservedQueues } from "../no-worker-hint.ts";
import { writeJson } from "../render/json.ts";
import { painter, STATE_COLOURS } from "../render/style.ts";
import { isoTime, timeFor } from "../render/time.ts";
import { MOST_BEHIND_KEYS, waitsText } from "../render/waits.ts";
import { foldLines, widthOf } from "../render/wrap.ts";
import { activeWorkersText, toWorkerJson, type WorkerJson } from "../worker-json.ts";

interface Status {
  counts: Record<JobState, number>;
  workers: ObservedWorker[];
  activity: Activity;
  queues: QueueRecord[];
  /** Due jobs stand at a gate that opens by itself. */
  isHeldBack: boolean;
  /** Counted up to `MOST_BEHIND_KEYS`. */
  behindKeys: number;
}

/** The answer of `status --json`. */
export interface StatusJson {
  counts: Readonly<Record<JobState, number>>;
  workers: readonly WorkerJson[];
  queues: readonly QueueJson[];
  behind_keys: number;
  oldest_pending_at: string | null;
  throughput: ThroughputJson;
}

export interface ThroughputJson {
  last_minute: number;
  last_hour: number;
}

const WATCH_EVERY_MS = 1_000;
const CLEAR_SCREEN = "\u001b[H\u001b[2J";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  await using store = await openForReading(invocation, io);
  for (;;) {
    const status = await readStatus(store);
    if (options.has("watch") && io.stdout.isTerminal) io.stdout.write(CLEAR_SCREEN);
    if (options.has("json")) writeJson(io, toJson(status));
    else io.stdout.write(toText(status, invocation, io));
    if (!options.has("watch")) break;
    await pause(WATCH_EVERY_MS);
  }
  await hintWhenJobsWaitInVain(store, invocation, io);
  return DONE;
}

async function readStatus(store: Store): Promise<Status> {
  return {
    counts: await store.counts(null),
    workers: seeWorkers(await store.listWorkers()),
    activity: await store.activity(Date.now()),
    queues: await store.listQueues(),
    isHeldBack: await store.isHeldBack(null),
    behindKeys: await store.countBehindKeys(MOST_BEHIND_KEYS),
  };
}

function toJson({ counts, workers, activity, queues, behindKeys }: Status): StatusJson {
  const now = Date.now();
  return {
    counts,
    workers: workers.map(toWorkerJson),
    queues: queues.map((queue) => toQueueJson(queue, now)),
    behind_keys: behindKeys,
    oldest_pending_at: activity.oldestPendingAt === null ? null : isoTime(activity.oldestPendingAt),
    throughput: { last_minute: activity.finishedLastMinute, last_hour: activity.finishedLastHour },
  };
}

/** Names stand right, so that `completed : 8` is the same text whatever the longest name. */
const NAME_WIDTH = Math.max(...JOB_STATES.map((state) => state.length));

function toText(status: Status, { options }: Invocation, io: Io): string {
  const { counts, workers, activity } = status;
  const paint = painter(io, options);
  const now = Date.now();
  const time = timeFor(io, now);
  const lines = JOB_STATES.map((state) => {
    const line = `${state.padStart(NAME_WIDTH)} : ${counts[state]}`;
    return counts[state] > 0 ? paint(STATE_COLOURS[state], line) : line;
  });
  const { oldestPendingAt, finishedLastMinute, finishedLastHour } = activity;
  const oldest = oldestPendingAt === null ? "" : `Oldest pending: ${time(oldestPendingAt)}\n`;
  const width = widthOf(io.stdout);
  // Where none runs at all, that is said apart.
  const names = workers.some(({ isAlive }) => isAlive) ? status.queues.map(({ gate }) => gate.name) : [];
  const unserved = unservedQueues(workers, names);
  const waits = waitsText({ ...status, unserved }, { now, time, width, paint });
  const ended = `Executions ended: ${finishedLastMinute} in the last minute, ${finishedLastHour} in the last hour\n`;
  const facts = foldLines(`${activeWorkersText(workers)}${oldest}${ended}`, width);
  return `Queue Status Summary:\n${lines.join("\n")}\n\n${facts}${waits}`;
}
