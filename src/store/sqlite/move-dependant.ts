import {
  CONDITIONS,
  decideDependant,
  type Judgement,
  judgeDependency,
  type StandingDependency,
} from "../../domain/dependency.ts";
import { JOB_STATES, type JobState } from "../../domain/job.ts";
import { type Database, isUniqueViolation } from "./database.ts";

/**
 * Puts a job that is blocked where it belongs by its conditions, and brings one back that would not die of them any more;
 * when it was to expire is past by then.
 * @param state in which it was last seen
 * @param isFree it is known that all its conditions are met
 * @returns its new state; undefined when it stays where it is
 */
export function moveDependant(
  db: Database,
  { seq, state, isFree = false }: { seq: number; state: JobState; isFree?: boolean },
  now: number,
): JobState | undefined {
  const decisive = isFree ? undefined : decisiveOf(db, seq, state);
  const move = decideDependant(decisive ? [decisive] : []);
  if (move.to === "pending" && isWaitedForAgain(db, seq)) return undefined;
  try {
    const { changes } = db
      .prepare(`
        UPDATE jobs SET state = ?1, reason = ?2, error = ?3, updated_at = ?4 ${state === "dead" ? ", expires_at = NULL" : ""}
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
 * The one that decides: the first that cannot be met, or else any that is waited for, of which one is as good as a hundred
 * thousand. Of a dead job the last comes first: a large array is brought back in order of arrival, and as long as its last
 * job is not, all before it need not be read.
 */
function decisiveOf(db: Database, seq: number, state: JobState): StandingDependency | undefined {
  const order = state === "dead" ? "DESC" : "";
  const impossible = db.prepare(`${UNMET} AND (${IMPOSSIBLE}) ORDER BY dependencies.on_job ${order} LIMIT 1`);
  const waiting = db.prepare(`${UNMET} AND (${WAITING}) LIMIT 1`);
  return (impossible.get(seq) ?? waiting.get(seq)) as StandingDependency | undefined;
}

const UNMET = `
  SELECT on_jobs.id AS "on", on_jobs.state, condition
  FROM dependencies JOIN jobs AS on_jobs ON on_jobs.seq = dependencies.on_job
  WHERE dependencies.job = ? AND met = 0`;
const IMPOSSIBLE = whereJudged("impossible");
const WAITING = whereJudged("waiting");

function whereJudged(judgement: Judgement): string {
  return CONDITIONS.map((condition) => {
    const states = JOB_STATES.filter((state) => judgeDependency(condition, state) === judgement);
    return `(condition = '${condition}' AND on_jobs.state IN (${states.map((state) => `'${state}'`).join(", ")}))`;
  }).join(" OR ");
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
