import { type Condition, decideDependant } from "../../domain/dependency.ts";
import type { JobState } from "../../domain/job.ts";
import { type Database, isUniqueViolation } from "./database.ts";

/**
 * Puts a job that is blocked where it belongs by its conditions, and brings one back that would not die of them any more;
 * when it was to expire is past by then.
 * @param state in which it was last seen
 * @returns its new state; undefined when it stays where it is
 */
export function moveDependant(
  db: Database,
  { seq, state }: { seq: number; state: JobState },
  now: number,
): JobState | undefined {
  const move = decideDependant(unmetOf(db, seq, state));
  if (move.to === "pending" && isWaitedForAgain(db, seq)) return undefined;
  try {
    const { changes } = db
      .prepare(`
        UPDATE jobs SET state = ?1, reason = ?2, error = ?3, updated_at = ?4,
                        expires_at = CASE state WHEN 'dead' THEN NULL ELSE expires_at END
        WHERE seq = ?5 AND state <> ?1
          AND (state = 'blocked' OR (state = 'dead' AND reason = 'dependency' AND ?1 IN ('pending', 'blocked')))`)
      .run(move.to, "reason" in move ? move.reason : null, "error" in move ? move.error : null, now, seq);
    return changes === 1 ? move.to : undefined;
  } catch (error) {
    // Revived by the way, while another job has its unique name: it stays dead.
    if (isUniqueViolation(error)) return undefined;
    throw error;
  }
}

/**
 * One by one: the first that cannot be met decides. Of a dead job the last ones come first: a large array is brought back in
 * order of arrival, and as long as its last job is not, all before it need not be read.
 */
function* unmetOf(
  db: Database,
  seq: number,
  state: JobState,
): Generator<{ on: string; state: JobState; condition: Condition }, void, undefined> {
  const rows = db
    .prepare(`
      SELECT on_jobs.id AS "on", on_jobs.state, condition
      FROM dependencies JOIN jobs AS on_jobs ON on_jobs.seq = dependencies.on_job
      WHERE dependencies.job = ? AND met = 0 ORDER BY dependencies.on_job ${state === "dead" ? "DESC" : ""}`)
    .iterate(seq);
  for (const row of rows) yield row as { on: string; state: JobState; condition: Condition };
}

/** One that was met was brought back, which is noted but has not come to this job yet. */
function isWaitedForAgain(db: Database, seq: number): boolean {
  const row = db
    .prepare(`
      SELECT 1 FROM dependencies JOIN unsettled ON unsettled.seq = dependencies.on_job
      WHERE dependencies.job = ? AND is_back = 1 AND settled < dependencies.job LIMIT 1`)
    .get(seq);
  return row !== undefined;
}
