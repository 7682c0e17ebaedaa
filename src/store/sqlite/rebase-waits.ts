import type { Database } from "./database.ts";

/**
 * Jobs that were last touched later than now: the wall clock was set back since. What they wait for was counted from that
 * instant and is counted from now instead, else a retry after 2 s would take as long as the step. An instant that a
 * person gave (`run_at`) stays what it is.
 */
const TOUCHED_LATER = `state IN ('pending', 'blocked', 'failed') AND updated_at > ?
  AND (state = 'failed' OR due_at IS NOT run_at)`;

/** @param waitedMs how long the turn at the store was waited for: what others did meanwhile is not of the future */
export async function rebaseWaits(db: Database, now: number, waitedMs: () => number): Promise<number> {
  // Looked at without the lock first: as a rule there are none, and a long queue is long to look through.
  const any = await db.read(() => db.prepare(`SELECT 1 FROM jobs WHERE ${TOUCHED_LATER} LIMIT 1`).get(now));
  const anyStart = await db.read(() => db.prepare("SELECT 1 FROM gate_starts WHERE at > ? LIMIT 1").get(now));
  if (any === undefined && anyStart === undefined) return 0;
  return await db.write(() => {
    const { changes } = db
      .prepare(
        `UPDATE jobs SET due_at = ? + max(0, due_at - updated_at), updated_at = ? WHERE ${TOUCHED_LATER}`,
      )
      .run(now, now, now);
    rebaseStarts(db, now + Math.ceil(waitedMs()));
    return Number(changes);
  });
}

/** Starts that would lie in the future count as of now: the rate holds, and its queue is closed for one period at most. */
function rebaseStarts(db: Database, now: number): void {
  const { changes } = db.prepare("UPDATE gate_starts SET at = ?1 WHERE at > ?1").run(now);
  if (changes > 0)
    db.prepare("UPDATE gates SET stirred = 1, opens_at = NULL WHERE opens_at IS NOT NULL").run();
}
