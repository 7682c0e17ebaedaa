import { type QueuectlError, restate } from "../domain/errors.ts";
import { GROUP_KINDS } from "../domain/group.ts";
import { didYouMean, suggest } from "../domain/suggest.ts";
import type { Store } from "../store/store.ts";
import { newestIds } from "./find-job.ts";

/** Among how many groups of a kind a mistyped id is looked for. */
const MOST_LOOKED_AT = 200;

/** The refusal of a job that would wait for what is not there, with what may have been meant. */
export async function withNearDependencies(store: Store, error: QueuectlError): Promise<QueuectlError> {
  const { refusal } = error;
  if (refusal?.kind !== "unknown_dependency") return error;
  const groups = (
    await Promise.all(GROUP_KINDS.map((kind) => store.listGroups({ kind, newest: MOST_LOOKED_AT })))
  ).flat();
  // A flow is known by the name in its file, and waited for by its id: the last one of that name is meant.
  const named = groups.filter(({ kind, name }) => kind === "flow" && name === refusal.on);
  const near = named.length > 0 ? named.slice(-1).map(({ id }) => id) : [];
  const ids = [...(await newestIds(store)), ...groups.map(({ id }) => id)];
  const question = didYouMean(near.length > 0 ? near : suggest(refusal.on, ids));
  return question === undefined ? error : restate(error, error.message, `${question} Nothing was enqueued.`);
}
