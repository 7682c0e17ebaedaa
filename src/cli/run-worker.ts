import { closeSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { resolveSetting, resolveSettings } from "../config/resolve.ts";
import { toRetention } from "../config/retention.ts";
import { toWorkerSettings } from "../config/worker-settings.ts";
import { randomId } from "../domain/id.ts";
import { schedulePlanner } from "../queue/plan-firing.ts";
import { retainInTurn } from "../queue/prune.ts";
import { createDataDirectory, workerLogFiles } from "../store/data-files.ts";
import { chooseLauncher } from "../worker/choose-launcher.ts";
import type { WorkerEvent } from "../worker/events.ts";
import { identifySelf } from "../worker/process-identity.ts";
import { commandRunner } from "../worker/run-command.ts";
import { Worker } from "../worker/supervisor.ts";
import { readCount, readQueues } from "./arguments.ts";
import type { Invocation } from "./command.ts";
import { givenSettings, openForReading, openForWriting } from "./context.ts";
import { DONE } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { isoTime } from "./render/time.ts";
import { hintAtUnknown } from "./show-queues.ts";
import { IN_PLACE_OF, startReplacement } from "./start-replacement.ts";
import { workerEventJson, workerLine } from "./worker-lines.ts";
import { WorkerLog } from "./worker-log.ts";

/** One worker in this process, until it is stopped or drained. */
export async function runWorker(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const announceTo = readCount(options, "announce-fd", { min: 3, max: 1_000 });
  const queues = readQueues(invocation.options);
  const concurrency = readCount(options, "concurrency", { min: 1, max: 1_000 }) ?? 1;
  const inPlaceOf = options.text(IN_PLACE_OF) ?? null;
  // A replacement belongs to a store that is there: it must not make one where it was taken away.
  await using store = await (inPlaceOf === null ? openForWriting : openForReading)(invocation, io);
  // At the start, where somebody sees it; later it would cost the output of each job.
  if (inPlaceOf === null) createDataDirectory(store.name);
  if (announceTo === undefined && inPlaceOf === null)
    await hintAtUnknown(store, queues ?? [], invocation, io);
  const given = givenSettings(invocation, io);
  const readSettings = async () => resolveSettings({ ...given, store: await store.readSettings() });
  // In the background by the log's path, which leads to a new file when the log is full; stdout goes on to the old one.
  const log = announceTo === undefined ? undefined : new WorkerLog(workerLogFiles(store.name));
  const out = log ?? io.stdout;
  const print = printer(invocation, (line) => out.post(line));
  let id = "";
  const poolId = options.text("pool");
  const replace = (deadWorker: string) =>
    startReplacement(deadWorker, io, (error) => print({ kind: "trouble", error }, id));
  const worker = await Worker.start({
    store,
    runClaim: commandRunner({
      store,
      launcher: await chooseLauncher(import.meta.dirname, io.env),
      // A copy: each look into `process.env` asks the C library, and every job's environment begins with all of it.
      env: { ...io.env },
    }),
    identity: identifySelf(),
    host: hostname(),
    concurrency,
    queues,
    drain: options.has("drain"),
    pool: poolId === undefined ? null : { id: poolId, inPlaceOf, startReplacement: replace },
    newId: () => {
      id = `w-${randomId(6, Math.random)}`;
      return id;
    },
    loadSettings: async () => toWorkerSettings(await readSettings()),
    retain: (signal) => retainInTurn(store, async () => toRetention(await readSettings()), signal),
    planner: schedulePlanner(async () => {
      const settings = { ...given, store: await store.readSettings() };
      return resolveSetting("max-retries", settings).value as number;
    }),
    onEvent: (event) => print(event, id),
  });
  obeySignals(worker);
  // Whoever is told that it is up may look for it in the log.
  await log?.flush();
  // Nobody waits for a replacement's word, and that descriptor is something else in it.
  if (announceTo !== undefined && inPlaceOf === null) announce(announceTo, worker.id);
  try {
    await worker.run();
    return DONE;
  } finally {
    await out.flush();
    await log?.close();
  }
}

/** The same trouble is met again and again, several times a second; it is said once in a while. */
const SAY_AGAIN_AFTER_MS = 10_000;

/** Prints what happens. In the background the lines of many workers share one file, and get the time. */
function printer(
  { options }: Invocation,
  post: (line: string) => void,
): (event: WorkerEvent, id: string) => void {
  let trouble = { text: "", saidAtMs: Number.NEGATIVE_INFINITY };
  return (event, id) => {
    const now = Date.now();
    if (event.kind === "trouble") {
      const text = String(event.error);
      if (text === trouble.text && performance.now() - trouble.saidAtMs < SAY_AGAIN_AFTER_MS) return;
      trouble = { text, saidAtMs: performance.now() };
    }
    if (options.has("json")) {
      post(`${JSON.stringify(workerEventJson(event, id, now))}\n`);
    } else if (!options.has("quiet")) {
      const time = options.has("announce-fd") ? `${isoTime(now)} ` : "";
      post(`${time}[Worker ${id}] ${workerLine(event, now)}\n`);
    }
  };
}

/** Tells the starter, which waits at the other end, that this worker is up. */
function announce(descriptor: number, id: string): void {
  writeSync(descriptor, `${id}\n`);
  closeSync(descriptor);
}

/** A Ctrl-C reaches a whole group at once, and a launcher may pass it on besides: only a later one is meant as a second. */
const SECOND_SIGNAL_AFTER_MS = 500;

/**
 * The first signal lets the jobs finish; a second one interrupts them. Obeyed to the end of the process: one that is
 * passed on late must not kill a worker that is just signing off.
 */
function obeySignals(worker: Worker): void {
  let firstAt: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      worker.stop();
    } else if (now - firstAt >= SECOND_SIGNAL_AFTER_MS) {
      worker.stop(0);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
}
