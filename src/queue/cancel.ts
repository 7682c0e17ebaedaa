import type { HeldClaim, Store } from "../store/store.ts";
import { changeNamed, findNamed } from "./change-jobs.ts";

/**
 * Cancels jobs, named by whole ids; see `Store.cancelJobs`, and `changeNamed` for what is large.
 * @returns the executions that still run: their workers have been asked to end them
 * @throws job_not_found, already_finished
 */
export async function cancelJobs(store: Store, ids: readonly string[], now: number): Promise<HeldClaim[]> {
  const change = "cancel";
  return (await changeNamed(store, await findNamed(store, ids, change), { change, now })).running;
}
