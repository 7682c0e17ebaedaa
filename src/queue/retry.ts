import type { Store } from "../store/store.ts";
import { getFlow } from "./find-flow.ts";
import { requireJobs } from "./find-job.ts";
import { stepIdsToRetry } from "./flow.ts";

/**
 * Brings jobs back, named by whole ids, all or none; see `Store.retryJobs`.
 * @throws job_not_found, not_dead, not_finished
 */
export async function retryJobs(
  store: Store,
  ids: readonly string[],
  options: { change: "retry" | "retryDead"; now: number },
): Promise<void> {
  await requireJobs(store, ids);
  const jobs = await Promise.all(ids.map((id) => expandFlow(store, id, options.change)));
  await store.retryJobs(jobs.flat(), options);
}

/** Of a flow, not every dead or cancelled step is meant: some are not needed, and would be refused. */
async function expandFlow(store: Store, id: string, change: "retry" | "retryDead"): Promise<string[]> {
  const flow = await getFlow(store, id);
  return flow ? await stepIdsToRetry(store, flow, change) : [id];
}
