import type { Store } from "../store/store.ts";
import { changeNamed, findNamed } from "./change-jobs.ts";

/**
 * Deletes dead jobs, named by whole ids; see `Store.removeDead`, and `changeNamed` for what is large.
 * @returns the tokens of the executions that went with them
 * @throws job_not_found, not_dead
 */
export async function removeDead(store: Store, ids: readonly string[], now: number): Promise<number[]> {
  const change = "removeDead";
  return (await changeNamed(store, await findNamed(store, ids, change), { change, now })).tokens;
}
