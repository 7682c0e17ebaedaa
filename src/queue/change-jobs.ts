import { setTimeout as sleep } from "node:timers/promises";
import type { QueuectlError } from "../domain/errors.ts";
import type { GroupKind } from "../domain/group.ts";
import type { Job } from "../domain/job.ts";
import {
  CHANGEABLE,
  type Change,
  GROUP_CHANGEABLE,
  refuseChange,
  refuseGroupChange,
  refuseWithoutRuns,
} from "../domain/refuse-change.ts";
import type { GroupRecord, HeldClaim, Store } from "../store/store.ts";
import { requireJob } from "./find-job.ts";
import { stepIdsToRetry } from "./flow.ts";

/** What a verb that changes jobs has named: jobs, and groups with those of their jobs that can be changed so. */
export interface Named {
  jobs: string[];
  groups: { group: GroupRecord; count: number }[];
}

export type Members = ReadonlyMap<string, { kind: GroupKind; ids: readonly string[] }>;

export interface Changed {
  /** By the id of each group that was named, those of its jobs that were changed. */
  members: Members;
  /** Of a cancel: the executions that still run. */
  running: HeldClaim[];
  /** Of a removal: the executions that went with the jobs. */
  tokens: number[];
}

/** Up to so many jobs of groups change at once, all or none; beyond, so many to a transaction: a fifth of a second of the lock. */
const BATCH = 2_000;

/** Who waits for the store tries again sooner than this. */
const PAUSE_MS = 40;

/**
 * What is meant by whole ids: each must be exactly that of a job, or of a group. All are checked before anything changes.
 * @throws job_not_found, and the refusal of the first whose state does not allow the change
 */
export async function findNamed(store: Store, ids: readonly string[], change: Change): Promise<Named> {
  const named: Named = { jobs: [], groups: [] };
  for (const id of new Set(ids)) {
    const group = await store.getGroup(id);
    if (group) named.groups.push({ group, count: await countChangeable(store, group, change) });
    else named.jobs.push(await requireChangeable(store, id, change));
  }
  const empty = named.groups.find(({ count }) => count === 0);
  if (empty) throw refuseGroup(change, empty.group);
  return named;
}

async function requireChangeable(store: Store, id: string, change: Change): Promise<string> {
  const { state } = await requireJob(store, id);
  if (!CHANGEABLE[change].includes(state)) throw refuseChange(change, id, state);
  return id;
}

/** Only a schedule's group is there before its first job, and after its last. */
function refuseGroup(change: Change, { id, counts }: GroupRecord): QueuectlError {
  const hasJobs = Object.values(counts).some((count) => count > 0);
  return hasJobs ? refuseGroupChange(change, id) : refuseWithoutRuns(change, id);
}

/** Of a flow exactly: which of its steps would not be needed, its graph tells. */
async function countChangeable(store: Store, group: GroupRecord, change: Change): Promise<number> {
  const { counts, kind } = group;
  if (kind === "flow" && counts.dead + counts.cancelled > 0)
    return (await listMembers(store, group, change)).length;
  return GROUP_CHANGEABLE[change].reduce((sum, state) => sum + counts[state], 0);
}

/**
 * Changes what was named, all or none; but where arrays and the like have more jobs than may hold everyone up, first all the
 * rest, and then those batch by batch.
 * @param onBatch told how many jobs of a group are done, of how many
 */
export async function changeNamed(
  store: Store,
  { jobs, groups }: Named,
  { change, now }: { change: Change; now: number },
  onBatch?: (group: string, done: number, total: number) => void,
): Promise<Changed> {
  const arrays = groups.filter(({ group }) => group.kind !== "flow");
  // One that was named alone is all or none in one batch, too, which tells exactly what it has changed.
  const isAlone = jobs.length === 0 && groups.length === 1;
  const inBatches = isAlone || arrays.reduce((sum, { count }) => sum + count, 0) > BATCH;
  const members = new Map<string, { kind: GroupKind; ids: string[] }>();
  const atOnce = [...jobs];
  for (const { group } of inBatches ? groups.filter(({ group }) => group.kind === "flow") : groups) {
    const meant = await listMembers(store, group, change);
    members.set(group.id, { kind: group.kind, ids: meant });
    // By its id, where that means the same: what has ended since must not be refused.
    if (group.kind === "flow" && change !== "cancel" && change !== "removeDead") atOnce.push(...meant);
    else atOnce.push(group.id);
  }
  const { running, tokens } = await changeAtOnce(store, atOnce, { change, now });
  if (inBatches)
    for (const { group, count } of arrays) {
      const changed: string[] = [];
      members.set(group.id, { kind: group.kind, ids: changed });
      for (let after: number | null = 0; after !== null; ) {
        const batch = await store.changeMembers(group.id, { change, after, limit: BATCH, now });
        for (const id of batch.ids) changed.push(id);
        running.push(...batch.running);
        for (const token of batch.tokens) tokens.push(token);
        onBatch?.(group.id, changed.length, count);
        after = batch.next;
        if (after !== null) await sleep(PAUSE_MS);
      }
      if (changed.length === 0) throw refuseGroupChange(change, group.id);
    }
  return { members, running, tokens };
}

/** All jobs that are meant, each once. */
export async function listNamed(store: Store, { jobs, groups }: Named, change: Change): Promise<string[]> {
  const members = await Promise.all(groups.map(({ group }) => listMembers(store, group, change)));
  return [...new Set([...jobs, ...members.flat()])];
}

/** The jobs of a group that the change is for, in order of arrival. */
async function listMembers(store: Store, group: GroupRecord, change: Change): Promise<string[]> {
  if (group.kind === "flow" && (change === "retry" || change === "retryDead"))
    return await stepIdsToRetry(store, group, change);
  const jobs: Job[] = [];
  for (const state of GROUP_CHANGEABLE[change])
    for await (const job of store.listJobs({ group: group.id, state })) jobs.push(job);
  return jobs.sort((a, b) => a.seq - b.seq).map(({ id }) => id);
}

async function changeAtOnce(
  store: Store,
  ids: readonly string[],
  { change, now }: { change: Change; now: number },
): Promise<Pick<Changed, "running" | "tokens">> {
  const running: HeldClaim[] = [];
  if (ids.length === 0) return { running, tokens: [] };
  switch (change) {
    case "cancel":
      return { running: await store.cancelJobs(ids, now), tokens: [] };
    case "retry":
    case "retryDead":
      await store.retryJobs(ids, { change, now });
      return { running, tokens: [] };
    case "removeDead":
      return { running, tokens: await store.removeDead(ids, now) };
  }
}
