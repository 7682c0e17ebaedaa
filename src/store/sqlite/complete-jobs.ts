import type { NewGroup } from "../../domain/group.ts";
import type { NewJob } from "../../domain/job.ts";
import type { EnqueueReceipt } from "../store.ts";
import { addGroup } from "./add-group.ts";
import type { Database } from "./database.ts";
import { addDependencies } from "./dependencies.ts";
import { setKeyLimit } from "./gates.ts";
import { insertRows, positionOf, refuseInserted } from "./insert-jobs.ts";
import { settle } from "./settle.ts";

/** Adds jobs with all that belongs to them, in the transaction of the caller. */
export function insertAll(db: Database, jobs: readonly NewJob[], group?: NewGroup): EnqueueReceipt {
  const extras = new Extras();
  for (const [index, job] of jobs.entries()) extras.note(job, index + 1);
  if (group) addGroup(db, group);
  const receipt = insertRows(db, jobs);
  complete(db, receipt, extras);
  return receipt;
}

/** What new jobs need besides their rows. Collected on the way: to look for it afterwards would be to read them all. */
export class Extras {
  /** The limits that were given for each key and may count: the last, and before it those whose jobs may be stood for. */
  readonly #limits = new Map<string, { position: number; limit: number }[]>();
  hasDependencies = false;
  createdAt = 0;

  note({ key, keyLimit, uniqueReturn, dependsOn, createdAt }: NewJob, position: number): void {
    if (key !== null && keyLimit !== null) {
      const given = this.#limits.get(key) ?? [];
      if (!uniqueReturn) given.length = 0;
      given.push({ position, limit: keyLimit });
      this.#limits.set(key, given);
    }
    if (dependsOn.length > 0) this.hasDependencies = true;
    this.createdAt = createdAt;
  }

  /** Each key that was given a limit, and its limit from now on. */
  *limits(existing: EnqueueReceipt["existing"]): Generator<[string, number], void, undefined> {
    const stoodFor = new Set(existing.map(({ position }) => position));
    for (const [key, given] of this.#limits) {
      const last = given.findLast(({ position }) => !stoodFor.has(position));
      if (last) yield [key, last.limit];
    }
  }
}

/** Refuses what was inserted and may not be; gives its keys their limits, and ties it to the jobs that it waits for. */
export function complete(db: Database, receipt: EnqueueReceipt, extras: Extras): void {
  if (receipt.count === 0) return;
  refuseInserted(db, receipt);
  for (const [key, limit] of extras.limits(receipt.existing)) setKeyLimit(db, key, limit);
  if (!extras.hasDependencies) return;
  addDependencies(db, { ...receipt, createdAt: extras.createdAt }, (seq) => positionOf(seq, receipt));
  settle(db, extras.createdAt);
}
