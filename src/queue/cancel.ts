import type { HeldClaim, Store } from "../store/store.ts";
import { requireJobs } from "./find-job.ts";

/**
 * Cancels jobs, named by whole ids, all or none; see `Store.cancelJobs`.
 * @returns the executions that still run: their workers have been asked to end them
 * @throws job_not_found, already_finished
 */
export async function cancelJobs(store: Store, ids: readonly string[], now: number): Promise<HeldClaim[]> {
  await requireJobs(store, ids);
  return await store.cancelJobs(ids, now);
}
