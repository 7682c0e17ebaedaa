import { judgeDependency } from "../../domain/dependency.ts";
import type { JobState } from "../../domain/job.ts";
import {
  CHANGEABLE,
  type Change,
  refuseChange,
  refuseHopeless,
  refuseSecond,
} from "../../domain/refuse-change.ts";
import { type Database, isUniqueViolation } from "./database.ts";
import { readDependencies } from "./dependencies.ts";
import { findChangeable } from "./groups.ts";
import { moveDependant, settle } from "./settle.ts";

/**
 * Brings jobs back, all or none. `run_at` is past; they are due now. Those that depend on others are blocked first and
 * judged when all of them are back, and those that died of them: a job and what it waits for may come back together.
 */
export async function retryJobs(
  db: Database,
  ids: readonly string[],
  { change, now }: { change: "retry" | "retryDead"; now: number },
): Promise<void> {
  await db.write(() => {
    const jobs = requireChangeable(db, ids, change);
    for (const id of jobs) bringBack(db, id, now);
    settle(db, now);
    for (const id of jobs) letGoOrRefuse(db, id, now);
  });
}

function bringBack(db: Database, id: string, now: number): void {
  try {
    db.prepare(`
      UPDATE jobs
      SET state = CASE WHEN EXISTS (SELECT 1 FROM dependencies WHERE job = jobs.seq) THEN 'blocked' ELSE 'pending' END,
          reason = NULL, attempts = CASE state WHEN 'failed' THEN attempts ELSE 0 END, due_at = ?, expires_at = NULL,
          exit_code = NULL, error = NULL, updated_at = ?
      WHERE id = ? AND state IN ('failed', 'completed', 'dead', 'cancelled')`).run(now, now, id);
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
  return refuseSecond("retry", {
    id,
    unique: row?.["unique_name"] as string,
    other: row?.["other"] as string,
  });
}

/** Whoever brings back a job that waits for a dead one would see it die again at once. */
function letGoOrRefuse(db: Database, id: string, now: number): void {
  const seq = db.prepare("SELECT seq FROM jobs WHERE id = ?").get(id)?.["seq"] as number;
  const hopeless = readDependencies(db, seq).find(
    ({ condition, state }) => judgeDependency(condition, state) === "impossible",
  );
  if (hopeless) throw refuseHopeless(id, { id: hopeless.on, state: hopeless.state });
  moveDependant(db, seq, now);
}

/** Deletes dead jobs, all or none; their executions go with them. Returns the tokens of those executions. */
export async function removeDead(db: Database, ids: readonly string[]): Promise<number[]> {
  return await db.write(() => {
    const jobs = requireChangeable(db, ids, "removeDead");
    const executions = db.prepare(
      "SELECT token FROM executions JOIN jobs ON jobs.seq = executions.job WHERE jobs.id = ?",
    );
    const remove = db.prepare("DELETE FROM jobs WHERE id = ? AND state = 'dead'");
    return jobs.flatMap((id) => {
      const tokens = executions.all(id).map((row) => row["token"] as number);
      remove.run(id);
      return tokens;
    });
  });
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
