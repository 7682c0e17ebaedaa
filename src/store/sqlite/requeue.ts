import { QueuectlError } from "../../domain/errors.ts";
import type { Database } from "./database.ts";

/** Brings dead jobs back, all or none. `run_at` is past; they are due now. */
export async function retryDead(db: Database, ids: readonly string[], now: number): Promise<void> {
  await db.write(() => {
    requireDead(db, ids, "retry");
    const update = db.prepare(`
      UPDATE jobs
      SET state = 'pending', reason = NULL, attempts = 0, due_at = ?, exit_code = NULL, error = NULL, updated_at = ?
      WHERE id = ? AND state = 'dead'`);
    for (const id of ids) update.run(now, now, id);
  });
}

/** Deletes dead jobs, all or none; their executions go with them. Returns the tokens of those executions. */
export async function removeDead(db: Database, ids: readonly string[]): Promise<number[]> {
  return await db.write(() => {
    requireDead(db, ids, "remove");
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

function requireDead(db: Database, ids: readonly string[], verb: "retry" | "remove"): void {
  const select = db.prepare("SELECT state FROM jobs WHERE id = ?");
  for (const id of ids) {
    const row = select.get(id);
    if (!row)
      throw new QueuectlError("job_not_found", `Cannot ${verb} the job "${id}": there is no such job`, {
        hint: "The dead jobs: queuectl dlq list",
      });
    if (row["state"] !== "dead") {
      throw new QueuectlError("not_dead", `Cannot ${verb} the job "${id}": it is ${row["state"]}, not dead`, {
        hint: `Only jobs in the dead letter queue can be ${verb === "retry" ? "retried" : "removed"} here: queuectl dlq list`,
      });
    }
  }
}
