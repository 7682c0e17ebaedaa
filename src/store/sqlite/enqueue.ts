import type { NewGroup } from "../../domain/group.ts";
import type { NewJob } from "../../domain/job.ts";
import type { EnqueueReceipt } from "../store.ts";
import type { Database } from "./database.ts";
import { insertRows, refuseInserted } from "./insert-jobs.ts";

/** So many jobs go straight in. */
const DIRECTLY_AT_MOST = 500;

/**
 * Adds jobs, all or none. A short list goes straight in; what still has to be read is staged first (`enqueue-staged.ts`),
 * and so is a long list: in one transaction a statement for each job journals every page that it touches, in a file as soon
 * as one statement has touched many. Of 100,000 jobs that is most of the time.
 *
 * What only jobs with limits for their keys, dependencies or a group need is loaded for those: one plain job is the case that must be quick.
 */
export async function enqueue(
  db: Database,
  jobs: Iterable<NewJob> | AsyncIterable<NewJob>,
  group?: NewGroup,
): Promise<EnqueueReceipt> {
  if (Symbol.asyncIterator in jobs) return await staged(db, jobs, group);
  const list = Array.isArray(jobs) ? (jobs as NewJob[]) : [...jobs];
  if (list.length > DIRECTLY_AT_MOST) return await staged(db, list, group);
  if (group === undefined && list.every(isPlain))
    return await db.write(() => {
      const receipt = insertRows(db, list);
      refuseInserted(db, receipt);
      return receipt;
    });
  const { insertAll } = await import("./complete-jobs.ts");
  return await db.write(() => insertAll(db, list, group));
}

function isPlain({ keyLimit, dependsOn }: NewJob): boolean {
  return keyLimit === null && dependsOn.length === 0;
}

async function staged(
  db: Database,
  jobs: Iterable<NewJob> | AsyncIterable<NewJob>,
  group: NewGroup | undefined,
): Promise<EnqueueReceipt> {
  return await (await import("./enqueue-staged.ts")).enqueueStaged(db, jobs, group);
}
