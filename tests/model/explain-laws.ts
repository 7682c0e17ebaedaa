import { isFinished } from "../../src/domain/job.ts";
import { type Explanation, explainJob, type SeenWorker } from "../../src/queue/explain.ts";
import type { ClaimBatch, Store } from "../../src/store/store.ts";
import { must } from "./standing.ts";

/** What is said of each job that waits, by its id. */
type Said = ReadonlyMap<string, Explanation>;

/** As `explain` says it to somebody who sees these workers, all of them alive and with room. */
export async function explainAll(
  store: Store,
  now: number,
  sees: (worker: string) => boolean = () => true,
): Promise<Said> {
  const workers = (await store.listWorkers())
    .filter(({ id }) => sees(id))
    .map((worker): SeenWorker => ({ ...worker, isAlive: true, concurrency: Number.POSITIVE_INFINITY }));
  const said = new Map<string, Explanation>();
  for await (const job of store.listJobs())
    if (!isFinished(job.state)) said.set(job.id, await explainJob(store, job, { workers, now }));
  return said;
}

/**
 * What was handed out had nothing before it. One that was blocked may have been let go by this very claim; and with the first
 * one that it takes a worker may cease to be the one that makes room for a suspect.
 */
export function checkHandedOutAsSaid(claims: ClaimBatch["claims"], said: Said): void {
  for (const [index, { job: claimed }] of claims.entries()) {
    const explanation = said.get(claimed.id);
    if (explanation === undefined || explanation.job.state === "blocked") continue;
    const closed = closedOf(explanation).filter((kind) => index === 0 || kind !== "worker");
    must(closed.length === 0, `${claimed.id} was started, past ${closed}`);
  }
}

/** And what a claim has left behind, with room for more, has something before it. */
export function checkLeftAsSaid(said: Said): void {
  const unfinished = [...said.values()];
  // Who makes room for a suspect leaves others behind, and that is not to be seen from one worker.
  if (unfinished.some(({ job }) => job.suspicion !== null)) return;
  for (const explanation of unfinished.filter(({ job }) => job.state !== "processing"))
    must(
      closedOf(explanation).length > 0,
      `${explanation.job.id} was not started, and nothing is said to be before it`,
    );
}

function closedOf({ gates }: Explanation): string[] {
  return gates.filter(({ isClosed }) => isClosed).map(({ kind }) => kind);
}
