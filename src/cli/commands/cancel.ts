import { refuseChange } from "../../domain/refuse-change.ts";
import type { HeldClaim, Store } from "../../store/store.ts";
import { recoverOrphans, recoverWorker } from "../../worker/maintenance.ts";
import { seeWorkers } from "../../worker/observe-workers.ts";
import { changeJobs, showWhatWouldChange } from "../change-jobs.ts";
import type { Invocation } from "../command.ts";
import { openForReading, readSetting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { type ChangeText, showChanged } from "../render/job.ts";
import { sayWhileWaiting } from "../wait.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  await using store = await openForReading(invocation, io);
  const ids = [...new Set(args)];
  if (options.has("dry-run")) return await showWhatWouldChange(store, ids, "cancel", invocation, io);
  const changed = await changeJobs(store, ids, "cancel", invocation, io);
  if (changed === undefined) return DONE;
  const { running, members } = changed;
  if (options.has("no-wait")) {
    const asked = await idsAndGroups(store, running);
    await showChanged(store, { ids, members }, (id) => (asked.has(id) ? ASKED : CANCELLED), invocation, io);
    return DONE;
  }
  await waitForEnds(store, running, invocation, io);
  // Of a cancel and an end at the same time one wins; when it was the end, that is said.
  const completed = await findCompleted(store, running);
  const isCancelled = (id: string) => !completed.has(id);
  const cancelled = {
    ids: ids.filter(isCancelled),
    members: new Map([...members].map(([id, { kind, ids }]) => [id, { kind, ids: ids.filter(isCancelled) }])),
  };
  if (cancelled.ids.length > 0) await showChanged(store, cancelled, () => CANCELLED, invocation, io);
  // Of a group some jobs may well be quicker.
  const quicker = ids.find((id) => completed.has(id));
  if (quicker !== undefined) throw refuseChange("cancel", quicker, "completed");
  return DONE;
}

/** Returns when executions that are to be cancelled have ended. */
export async function waitForEnds(
  store: Store,
  running: readonly HeldClaim[],
  invocation: Invocation,
  io: Io,
): Promise<void> {
  if (running.length === 0) return;
  const crashLimit = (await readSetting(store, "crash-limit", invocation, io)) as number;
  await sayWhileWaiting(() => describeWait(store, running, crashLimit), invocation, io);
}

const CANCELLED: ChangeText = { one: "has been cancelled", many: "have been cancelled" };
const ASKED: ChangeText = { one: "is being cancelled", many: "are being cancelled" };

async function idsAndGroups(store: Store, running: readonly HeldClaim[]): Promise<Set<string>> {
  const jobs = await Promise.all(running.map(({ jobId }) => store.getJob(jobId)));
  return new Set(jobs.flatMap((job) => [job?.id ?? "", job?.group?.id ?? ""]));
}

/**
 * What is still waited for; undefined when nothing is. A worker that is seen to be dead ends nothing any more: its jobs
 * are taken back here, for there may be no other worker to do it.
 */
async function describeWait(
  store: Store,
  running: readonly HeldClaim[],
  crashLimit: number,
): Promise<string | undefined> {
  const tokens = running.map(({ token }) => token);
  const workers = seeWorkers(await store.listWorkers());
  const waits: string[] = [];
  for (const worker of workers) {
    const held = worker.held.filter(({ token }) => tokens.includes(token));
    if (held.length === 0) continue;
    const jobs = held.map(({ jobId }) => jobId).join(", ");
    waits.push(`${jobs} to end, of worker ${worker.id} (PID ${worker.identity.pid} on ${worker.host})`);
    if (!worker.isAlive) await recoverWorker(store, worker, crashLimit);
  }
  await recoverOrphans(store, crashLimit);
  return waits.length === 0 ? undefined : `Waiting for ${waits.join("; ")}`;
}

async function findCompleted(store: Store, running: readonly HeldClaim[]): Promise<Set<string>> {
  const jobs = await Promise.all(running.map(({ jobId }) => store.getJob(jobId)));
  return new Set(jobs.flatMap((job) => (job?.state === "completed" ? [job.id] : [])));
}
