import type { Store } from "../../store/store.ts";
import { type ObservedWorker, seeWorkers } from "../../worker/observe-workers.ts";
import { identifySelf, processState } from "../../worker/process-identity.ts";
import { readDuration } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading, readSetting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { sayWhileWaiting } from "../wait.ts";
import { type WorkerNameJson, workerNotFound } from "../worker-json.ts";

/** The answer of `worker stop --json`: the workers that were asked. */
export interface StoppedJson {
  stopped: readonly WorkerNameJson[];
}

/**
 * Asks through the store, not by signals: that reaches workers of other pid namespaces, and can never hit a stranger
 * who got a dead worker's pid.
 */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options, args } = invocation;
  await using store = await openForReading(invocation, io);
  const workers = seeWorkers(await store.listWorkers());
  const targets = findTargets(
    workers.filter(({ isAlive }) => isAlive),
    args[0],
  );
  // With nobody left alive, a replacement may still be on its way, and one that is only paused comes back.
  if (workers.length > 0) {
    const ids = args[0] === undefined ? null : targets.map(({ id }) => id);
    await store.requestStop(ids, { graceMs: await readGrace(store, invocation, io) });
  }
  say(targets, invocation, io);
  if (!options.has("no-wait")) await waitUntilGone(store, targets, invocation, io);
  if (options.has("json"))
    writeJson(io, {
      stopped: targets.map(({ id, identity }) => ({ id, pid: identity.pid })),
    } satisfies StoppedJson);
  return DONE;
}

async function livingWorkers(store: Store): Promise<ObservedWorker[]> {
  return seeWorkers(await store.listWorkers()).filter(({ isAlive }) => isAlive);
}

function findTargets(living: ObservedWorker[], wanted: string | undefined): ObservedWorker[] {
  if (wanted === undefined) return living;
  const found = living.filter(({ id, identity }) => id === wanted || String(identity.pid) === wanted);
  if (found.length > 0) return found;
  throw workerNotFound(
    wanted,
    living.map(({ id }) => id),
  );
}

async function readGrace(store: Store, invocation: Invocation, io: Io): Promise<number | null> {
  if (invocation.options.has("force")) return 0;
  const grace = readDuration(invocation.options, "grace");
  return grace ?? ((await readSetting(store, "stop-grace", invocation, io)) as number | null);
}

function say(targets: readonly ObservedWorker[], { options, args }: Invocation, io: Io): void {
  if (options.has("json") || options.has("quiet")) return;
  if (targets.length === 0) io.stdout.write("No workers are running.\n");
  else if (args[0] === undefined) io.stdout.write("Signal sent to all workers to stop gracefully.\n");
  else
    io.stdout.write(`Signal sent to worker ${targets.map(({ id }) => id).join(", ")} to stop gracefully.\n`);
}

async function waitUntilGone(
  store: Store,
  targets: readonly ObservedWorker[],
  invocation: Invocation,
  io: Io,
): Promise<void> {
  const { options } = invocation;
  const signedOffAtMs = new Map<string, number>();
  const look = async () => describeWait(await stillThere(store, targets, signedOffAtMs));
  await sayWhileWaiting(look, invocation, io);
  if (targets.length > 0 && !options.has("quiet") && !options.has("json"))
    io.stdout.write("All of them have stopped.\n");
}

/**
 * A worker signs off a moment before its process ends; until then its files may not be taken away. Longer than this, it is
 * a program that the worker was only a part of (the library), and lives on.
 */
const SIGNED_OFF_MS = 2_000;

async function stillThere(
  store: Store,
  targets: readonly ObservedWorker[],
  signedOffAtMs: Map<string, number>,
): Promise<ObservedWorker[]> {
  const self = identifySelf();
  const living = await livingWorkers(store);
  const now = performance.now();
  return targets.flatMap((target) => {
    const worker = living.find(({ id }) => id === target.id);
    if (worker) return [worker];
    const sinceMs = signedOffAtMs.get(target.id) ?? now;
    signedOffAtMs.set(target.id, sinceMs);
    const isEnding = now - sinceMs < SIGNED_OFF_MS && processState(target.identity, self) === "alive";
    return isEnding ? [{ ...target, held: [] }] : [];
  });
}

function describeWait(workers: readonly ObservedWorker[]): string | undefined {
  if (workers.length === 0) return undefined;
  const parts = workers.map(({ id, identity, held }) => {
    const jobs = held.map(({ jobId }) => jobId).join(", ");
    return `${id} (PID ${identity.pid})${jobs === "" ? "" : ` for ${jobs}`}`;
  });
  return `Waiting for ${parts.join("; ")}`;
}
