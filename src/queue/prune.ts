import { opendir, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Retention } from "../domain/retention.ts";
import { dataFile, outputFile, outputFolder } from "../store/data-files.ts";
import type { ExpiringState, OutputCursor, Store } from "../store/store.ts";
import { STREAMS } from "./read-output.ts";

/** What was removed. */
export interface Pruned {
  jobs: Record<ExpiringState, number>;
  /** Executions that stay in the history without their output. */
  outputs: number;
}

/** Workers apply retention about so often, one of them for the whole store. */
const RETAIN_EVERY_MS = 3_600_000;

/** What one transaction removes: a few milliseconds of the write lock. */
const BATCH = 200;

/**
 * Applies retention when this caller's turn has come, which for most is not so.
 * @param signal ends it between two batches
 */
export async function retainInTurn(
  store: Store,
  loadRetention: () => Promise<Retention>,
  signal: AbortSignal,
): Promise<void> {
  if (await store.takeRetentionTurn(Date.now(), RETAIN_EVERY_MS))
    await applyRetention(store, await loadRetention(), signal);
}

/** Removes all that is older than it is to be kept. */
export async function applyRetention(
  store: Store,
  { completedMs, cancelledMs, logsMs }: Retention,
  signal?: AbortSignal,
): Promise<Pruned> {
  const now = Date.now();
  const completed = await removeJobs(store, { state: "completed", olderMs: completedMs, now }, signal);
  const cancelled = await removeJobs(store, { state: "cancelled", olderMs: cancelledMs, now }, signal);
  const outputs = logsMs === null ? 0 : await pruneOutput(store, now - logsMs, signal);
  await removeStrayFiles(store, logsMs === null ? null : now - logsMs, signal);
  return { jobs: { completed, cancelled, dead: 0 }, outputs };
}

export interface OldJobs {
  state: ExpiringState;
  /** How long ago they must have ended; null: none is that old. */
  olderMs: number | null;
  now: number;
}

/** Removes finished jobs with their history and output; gives their number. */
export async function removeJobs(
  store: Store,
  { state, olderMs, now }: OldJobs,
  signal?: AbortSignal,
): Promise<number> {
  if (olderMs === null) return 0;
  let removed = 0;
  await inBatches(async () => {
    const { jobs, tokens } = await store.removeExpired({ state, before: now - olderMs }, BATCH);
    // After the commit: a file without a job is litter, which is found again; a job without its file would be a loss.
    await removeOutputFiles(store, tokens);
    removed += jobs;
    return jobs === BATCH;
  }, signal);
  return removed;
}

async function pruneOutput(store: Store, before: number, signal?: AbortSignal): Promise<number> {
  let pruned = 0;
  let after: OutputCursor | undefined;
  await inBatches(async () => {
    const { tokens, next } = await store.pruneOutput({ before, after, limit: BATCH });
    await removeOutputFiles(store, tokens);
    pruned += tokens.length;
    after = next ?? undefined;
    return next !== null;
  }, signal);
  return pruned;
}

/**
 * Removes output files that no history leads to any more (a crash came between a removal and its files), and those of
 * executions that were lost long ago, whose rows never had output to prune.
 */
async function removeStrayFiles(store: Store, before: number | null, signal?: AbortSignal): Promise<void> {
  let tokens = new Set<number>();
  const remove = async () => {
    await removeOutputFiles(store, await store.findStrayOutput([...tokens], before));
    tokens = new Set();
  };
  const folder = await opendir(dataFile(store.name, outputFolder(store))).catch(() => undefined);
  for await (const { name } of folder ?? []) {
    if (signal?.aborted) return;
    const [, token] = /^(\d+)\.(stdout|stderr)$/.exec(name) ?? [];
    if (token !== undefined) tokens.add(Number(token));
    if (tokens.size === BATCH) await remove();
  }
  await remove();
}

/** To be called after the commit that made these executions' files litter. */
export async function removeOutputFiles(store: Store, tokens: readonly number[]): Promise<void> {
  for (const token of tokens)
    for (const stream of STREAMS) await rm(outputFile({ store, token, stream }), { force: true });
}

/** Others come to the store for as long as each batch took. */
async function inBatches(work: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const startedMs = performance.now();
    if (!(await work()) || signal?.aborted) return;
    await sleep(performance.now() - startedMs);
  }
}
