import type { Store } from "../store/store.ts";
import { requireJobs } from "./find-job.ts";

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
  await store.retryJobs(ids, options);
}
