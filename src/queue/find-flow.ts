import { QueuectlError } from "../domain/errors.ts";
import { MIN_PREFIX_LENGTH } from "../domain/id.ts";
import { didYouMean, suggest } from "../domain/suggest.ts";
import type { GroupRecord, Store } from "../store/store.ts";
import { ambiguous } from "./find-job.ts";

/** Among how many flows a reference is looked for, the newest first. */
const MOST_LOOKED_AT = 1_000;

/**
 * The flow that a reading verb means: by its exact id, by a unique prefix of at least four characters, or the newest one
 * (`@last`). An exact match always wins.
 * @throws flow_not_found, ambiguous_id with the candidates
 */
export async function findFlow(store: Store, reference: string): Promise<GroupRecord> {
  const exact = await getFlow(store, reference);
  if (exact) return exact;
  const flows = await newestFlows(store);
  const last = flows.at(-1);
  if (reference === "@last" && last) return last;
  const meant =
    reference.length >= MIN_PREFIX_LENGTH ? flows.filter(({ id }) => id.startsWith(reference)) : [];
  const [only, ...others] = meant;
  if (only === undefined) throw flowNotFound(reference, flows);
  if (others.length === 0) return only;
  throw ambiguous(
    reference,
    meant.map(({ id }) => id),
  );
}

/**
 * The flow of exactly this id, which a changing verb must not guess.
 * @throws flow_not_found naming what might have been meant
 */
export async function requireFlow(store: Store, id: string): Promise<GroupRecord> {
  const flow = await getFlow(store, id);
  if (flow) return flow;
  const flows = await newestFlows(store);
  const last = flows.at(-1);
  if (id !== "@last" || !last) throw flowNotFound(id, flows);
  throw new QueuectlError("flow_not_found", 'There is no flow "@last"', {
    hint: `A verb that changes something takes whole ids only. The last flow: ${last.id}`,
  });
}

/** The flow of exactly this id. */
export async function getFlow(store: Store, id: string): Promise<GroupRecord | undefined> {
  const group = await store.getGroup(id);
  return group?.kind === "flow" ? group : undefined;
}

async function newestFlows(store: Store): Promise<GroupRecord[]> {
  return await store.listGroups({ kind: "flow", newest: MOST_LOOKED_AT });
}

function flowNotFound(reference: string, flows: readonly GroupRecord[]): QueuectlError {
  const ids = flows.map(({ id }) => id);
  const longer = reference.length >= MIN_PREFIX_LENGTH ? ids.filter((id) => id.startsWith(reference)) : [];
  const near = longer.length > 0 ? longer.slice(-3) : suggest(reference, ids);
  return new QueuectlError("flow_not_found", `There is no flow "${reference}"`, {
    hint: didYouMean(near),
    refusal: { kind: "no_such_flow" },
  });
}
