import { judgeDependency } from "../../domain/dependency.ts";
import type { JobState } from "../../domain/job.ts";
import { CHANGEABLE, type Change, refuseChange, refuseHopeless } from "../../domain/refuse-change.ts";
import { refuseEnqueue } from "../../domain/refuse-enqueue.ts";
import { type Database, isUniqueViolation } from "./database.ts";
import { readDependencies } from "./dependencies.ts";
import { findChangeable, forgetEmptied } from "./groups.ts";
import { moveDependant } from "./move-dependant.ts";
import { settle } from "./settle.ts";

/**
 * Brings jobs back, all or none. `run_at` is past; they are due now. Those that depend on others are blocked first and
 * judged when all of them are back, and those that died of them: a job and what it waits for may come back together.
 */
export async function retryJobs(
  db: Database,
  ids: readonly string[],
  { change, now }: { change: "retry" | "retryDead"; now: number },
): Promise<void> {
  await db.write(() => bringBackAll(db, requireChangeable(db, ids, change), now));
}

/** Of jobs that can be brought back. */
export function bringBackAll(db: Database, ids: readonly string[], now: number): void {
  try {
    bringBack(db, ids, now);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    // Which one it was, the statement for all does not say.
    for (const id of ids) bringBackOne(db, id, now);
  }
  settle(db, now);
  const dependants = db
    .prepare(`
      SELECT jobs.id, jobs.seq FROM json_each(?) AS ids CROSS JOIN jobs ON jobs.id = ids.value
      WHERE EXISTS (SELECT 1 FROM dependencies WHERE job = jobs.seq) ORDER BY ids.key`)
    .all(JSON.stringify(ids)) as { id: string; seq: number }[];
  for (const dependant of dependants) letGoOrRefuse(db, dependant, now);
}

/** One statement for all of them: one for each is twice the time under the lock. */
function bringBack(db: Database, ids: readonly string[], now: number): void {
  db.prepare(`
    UPDATE jobs
    SET state = CASE WHEN EXISTS (SELECT 1 FROM dependencies WHERE job = jobs.seq) THEN 'blocked' ELSE 'pending' END,
        reason = NULL, attempts = CASE state WHEN 'failed' THEN attempts ELSE 0 END, due_at = ?1, expires_at = NULL,
        exit_code = NULL, error = NULL, updated_at = ?1
    WHERE id IN (SELECT value FROM json_each(?2)) AND state IN ('failed', 'completed', 'dead', 'cancelled')`).run(
    now,
    JSON.stringify(ids),
  );
}

function bringBackOne(db: Database, id: string, now: number): void {
  try {
    bringBack(db, [id], now);
  } catch (error) {
    throw isUniqueViolation(error) ? secondOfItsName(db, id) : error;
  }
}

function secondOfItsName(db: Database, id: string): Error {
  const row = db
    .prepare(`
      SELECT jobs.unique_name, others.id AS other
      FROM jobs JOIN jobs AS others ON others.unique_name = jobs.unique_name
      WHERE jobs.id = ? AND others.state IN ('pending', 'blocked', 'processing', 'failed')`)
    .get(id);
  return refuseEnqueue({
    kind: "not_unique",
    verb: "retry",
    id,
    unique: row?.["unique_name"] as string,
    other: row?.["other"] as string,
    isOfList: false,
  });
}

/** Whoever brings back a job that waits for a dead one would see it die again at once. */
function letGoOrRefuse(db: Database, { id, seq }: { id: string; seq: number }, now: number): void {
  const hopeless = readDependencies(db, seq).find(
    ({ condition, state }) => judgeDependency(condition, state) === "impossible",
  );
  if (hopeless) throw refuseHopeless(id, { id: hopeless.on, state: hopeless.state });
  moveDependant(db, { seq, state: "blocked" }, now);
}

/** Deletes dead jobs, all or none; their executions go with them. Returns the tokens of those executions. */
export async function removeDead(db: Database, ids: readonly string[], now: number): Promise<number[]> {
  for (;;) {
    const tokens = await db.write(() => removeAll(db, requireChangeable(db, ids, "removeDead"), now));
    if (tokens !== undefined) return tokens;
  }
}

/**
 * Of jobs that are dead. Their conditions go with them: of whom it is not decided yet that he died of one, he would be free.
 * @returns undefined when that is still being decided and nothing was deleted: the caller comes again
 */
export function removeAll(db: Database, ids: readonly string[], now: number): number[] | undefined {
  const list = JSON.stringify(ids);
  if (isAnyUnsettled(db, list)) settle(db, now);
  if (isAnyUnsettled(db, list)) return undefined;
  const executions = db
    .prepare(`
      SELECT token FROM json_each(?) AS ids CROSS JOIN jobs ON jobs.id = ids.value
        CROSS JOIN executions ON executions.job = jobs.seq ORDER BY ids.key, token`)
    .all(list);
  const groups = db
    .prepare(`
      SELECT DISTINCT group_id FROM jobs WHERE id IN (SELECT value FROM json_each(?)) AND group_id IS NOT NULL`)
    .all(list);
  db.prepare("DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?)) AND state = 'dead'").run(list);
  forgetEmptied(
    db,
    groups.map((row) => row["group_id"] as string),
  );
  return executions.map((row) => row["token"] as number);
}

function isAnyUnsettled(db: Database, ids: string): boolean {
  const row = db
    .prepare(`
      SELECT 1 FROM json_each(?) AS ids CROSS JOIN jobs ON jobs.id = ids.value
        CROSS JOIN unsettled ON unsettled.seq = jobs.seq LIMIT 1`)
    .get(ids);
  return row !== undefined;
}

/**
 * Refuses the first job that cannot be changed in this way, before any is. To be called in the transaction of the change.
 * @returns the ids of the jobs that are meant, each once
 */
export function requireChangeable(db: Database, ids: readonly string[], change: Change): string[] {
  const select = db.prepare("SELECT state FROM jobs WHERE id = ?");
  const jobs = ids.flatMap((id) => {
    const members = findChangeable(db, id, change);
    if (members) return members;
    const state = select.get(id)?.["state"] as JobState | undefined;
    if (state === undefined || !CHANGEABLE[change].includes(state)) throw refuseChange(change, id, state);
    return [id];
  });
  return [...new Set(jobs)];
}
