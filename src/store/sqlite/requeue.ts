import type { JobState } from "../../domain/job.ts";
import { CHANGEABLE, type Change, refuseChange } from "../../domain/refuse-change.ts";
import type { Database } from "./database.ts";

/** Brings jobs back, all or none. `run_at` is past; they are due now. */
export async function retryJobs(
  db: Database,
  ids: readonly string[],
  { change, now }: { change: "retry" | "retryDead"; now: number },
): Promise<void> {
  await db.write(() => {
    requireChangeable(db, ids, change);
    const update = db.prepare(`
      UPDATE jobs
      SET state = 'pending', reason = NULL, attempts = CASE state WHEN 'failed' THEN attempts ELSE 0 END, due_at = ?,
          exit_code = NULL, error = NULL, updated_at = ?
      WHERE id = ? AND state IN ('failed', 'completed', 'dead', 'cancelled')`);
    for (const id of ids) update.run(now, now, id);
  });
}

/** Deletes dead jobs, all or none; their executions go with them. Returns the tokens of those executions. */
export async function removeDead(db: Database, ids: readonly string[]): Promise<number[]> {
  return await db.write(() => {
    requireChangeable(db, ids, "removeDead");
    const executions = db.prepare(
      "SELECT token FROM executions JOIN jobs ON jobs.seq = executions.job WHERE jobs.id = ?",
    );
    const remove = db.prepare("DELETE FROM jobs WHERE id = ? AND state = 'dead'");
    return ids.flatMap((id) => {
      const tokens = executions.all(id).map((row) => row["token"] as number);
      remove.run(id);
      return tokens;
    });
  });
}

/** Refuses the first job that cannot be changed in this way, before any is. To be called in the transaction of the change. */
export function requireChangeable(db: Database, ids: readonly string[], change: Change): void {
  const select = db.prepare("SELECT state FROM jobs WHERE id = ?");
  for (const id of ids) {
    const state = select.get(id)?.["state"] as JobState | undefined;
    if (state === undefined || !CHANGEABLE[change].includes(state)) throw refuseChange(change, id, state);
  }
}
