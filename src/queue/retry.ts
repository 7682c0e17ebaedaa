import type { Store } from "../store/store.ts";
import { changeNamed, findNamed } from "./change-jobs.ts";

/**
 * Brings jobs back, named by whole ids; see `Store.retryJobs`, and `changeNamed` for what is large.
 * @throws job_not_found, not_dead, not_finished
 */
export async function retryJobs(
  store: Store,
  ids: readonly string[],
  options: { change: "retry" | "retryDead"; now: number },
): Promise<void> {
  await changeNamed(store, await findNamed(store, ids, options.change), options);
}
