import { judgeGate } from "../../domain/gate.ts";
import type { QueueRecord } from "../../store/store.ts";
import { type ObservedWorker, seeWorkers } from "../../worker/observe-workers.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { queueState } from "../render/queue.ts";
import { type Column, renderTable } from "../render/table.ts";
import { timeFor } from "../render/time.ts";
import { foldLines, widthOf } from "../render/wrap.ts";
import { activeWorkersText, toWorkerJson } from "../worker-json.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  await using store = await openForReading(invocation, io);
  const workers = seeWorkers(await store.listWorkers());
  if (invocation.options.has("json")) writeJson(io, workers.map(toWorkerJson));
  else {
    const queues = await store.listQueues();
    const summary = foldLines(activeWorkersText(workers) + poolsText(workers), widthOf(io.stdout));
    io.stdout.write(summary + details(workers, queues, io));
  }
  return DONE;
}

/** A line a pool that is not whole. */
function poolsText(workers: readonly ObservedWorker[]): string {
  const places = workers.flatMap(({ pool, isAlive }) => (pool?.holdsPlace ? [{ id: pool.id, isAlive }] : []));
  const pools = Map.groupBy(places, ({ id }) => id);
  return [...pools].map(([id, members]) => poolText(id, members)).join("");
}

function poolText(id: string, members: readonly { isAlive: boolean }[]): string {
  const size = members.length;
  const alive = members.filter(({ isAlive }) => isAlive).length;
  if (alive === size) return "";
  const what =
    alive > 0
      ? "the dead are being replaced"
      : `nobody is left to replace them: queuectl worker start --count ${size}`;
  return `Pool ${id}: ${alive} of ${size} ${size === 1 ? "worker" : "workers"}; ${what}\n`;
}

const COLUMNS: readonly Column[] = [
  { title: "WORKER" },
  { title: "PID" },
  { title: "HOST", sparable: 5 },
  { title: "STATE" },
  { title: "SLOTS", sparable: 1 },
  { title: "QUEUES", sparable: 2 },
  { title: "STARTED", sparable: 6 },
  { title: "HEARTBEAT", sparable: 3 },
  { title: "DONE", sparable: 4 },
  { title: "JOBS", isFlexible: true },
];

function details(workers: readonly ObservedWorker[], queues: readonly QueueRecord[], io: Io): string {
  if (workers.length === 0) return "";
  const now = Date.now();
  const time = timeFor(io, now);
  const rows = workers.map((worker) =>
    [
      worker.id,
      String(worker.identity.pid),
      worker.host,
      worker.isAlive ? worker.state : "dead",
      `${worker.held.length}/${worker.concurrency}`,
      queuesText(worker, queues, { now, time }),
      time(worker.startedAt),
      time(worker.heartbeatAt),
      String(worker.jobsDone),
      worker.held.map(({ jobId }) => jobId).join(","),
    ].map((text) => ({ text })),
  );
  return `\n${renderTable(COLUMNS, rows, widthOf(io.stdout))}`;
}

/** How many closed queues are named of a worker that serves all. */
const MOST_NAMED = 3;

/** The queues it serves, and those of them of which nothing starts now. */
function queuesText(
  { queues: served }: ObservedWorker,
  queues: readonly QueueRecord[],
  clock: { now: number; time: (at: number) => string },
): string {
  const closed = new Map(
    queues
      .filter(({ gate }) => judgeGate(gate, clock.now))
      .map((queue) => [queue.gate.name, queueState(queue, clock)]),
  );
  const name = (queue: string) => (closed.has(queue) ? `${queue} (${closed.get(queue)})` : queue);
  if (served !== null) return served.map(name).join(",");
  const named = [...closed.keys()].slice(0, MOST_NAMED).map(name);
  const more = closed.size > MOST_NAMED ? ", …" : "";
  return named.length === 0 ? "all" : `all; ${named.join(", ")}${more}`;
}
