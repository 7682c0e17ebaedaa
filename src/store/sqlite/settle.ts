import { CONDITIONS, type Condition, decideDependant, judgeDependency } from "../../domain/dependency.ts";
import type { JobState } from "../../domain/job.ts";
import { type Database, isUniqueViolation } from "./database.ts";

/**
 * What follows from changes. Triggers note jobs that finished or came back, whoever changed them, and gates at which
 * something has moved; here it is decided what becomes of those that waited for it. Runs at the end of every transaction
 * that moves jobs, and at the beginning of every claim for what was changed by hand.
 * @returns true when something may be claimed now that could not before
 */
export function settle(db: Database, now: number): boolean {
  let hasReleased = false;
  for (;;) {
    const notes = db.prepare("SELECT seq FROM unsettled ORDER BY seq LIMIT 1000").all();
    if (notes.length === 0) break;
    const seqs = notes.map((row) => row["seq"] as number);
    const forget = db.prepare("DELETE FROM unsettled WHERE seq = ?");
    for (const seq of seqs) forget.run(seq);
    if (settleJobs(db, seqs, now)) hasReleased = true;
  }
  return openStirredGates(db) || hasReleased;
}

/** Judges the dependants of jobs, and the groups of those that failed. What moves thereby is noted in its turn. */
function settleJobs(db: Database, seqs: readonly number[], now: number): boolean {
  const toJudge = new Set<number>();
  const mayBeFree = new Set<number>();
  for (const seq of seqs) {
    const job = db.prepare("SELECT state, group_id FROM jobs WHERE seq = ?").get(seq) as
      | { state: JobState; group_id: string | null }
      | undefined;
    if (job === undefined) continue;
    if (job.state === "blocked") toJudge.add(seq);
    if (job.group_id !== null && (job.state === "dead" || job.state === "failed"))
      applyMaxFails(db, job.group_id, now);
    for (const condition of CONDITIONS) {
      const judgement = judgeDependency(condition, job.state);
      const isMet = judgement === "met" ? 1 : 0;
      // Who died of a dependency comes back with one that was brought back, and by nothing that ends elsewhere.
      const revives = judgement === "waiting" ? 1 : 0;
      db.prepare("UPDATE dependencies SET met = ?1 WHERE on_job = ?2 AND condition = ?3 AND met <> ?1").run(
        isMet,
        seq,
        condition,
      );
      const dependants = db.prepare(`
        SELECT job, state FROM dependencies JOIN jobs ON jobs.seq = dependencies.job
        WHERE on_job = ? AND condition = ? AND (state = 'blocked' OR (? AND state = 'dead' AND reason = 'dependency'))`);
      for (const row of dependants.all(seq, condition, revives)) {
        const isSimple = isMet === 1 && row["state"] === "blocked";
        (isSimple ? mayBeFree : toJudge).add(row["job"] as number);
      }
    }
  }
  // Who waits for ten thousand jobs is asked ten thousand times: only whether any is left, unless one of them has failed.
  const hasUnmet = db.prepare("SELECT 1 FROM dependencies WHERE job = ? AND met = 0 LIMIT 1");
  for (const seq of mayBeFree) if (hasUnmet.get(seq) === undefined) toJudge.add(seq);
  const moved = [...toJudge].map((seq) => moveDependant(db, seq, now));
  return moved.includes("pending");
}

/**
 * Puts a job that is blocked where it belongs by its conditions, and brings one back that would not die of them any more.
 * @returns its new state; undefined when it stays where it is
 */
export function moveDependant(db: Database, seq: number, now: number): JobState | undefined {
  const unmet = db
    .prepare(`
      SELECT on_jobs.id, on_jobs.state, condition
      FROM dependencies JOIN jobs AS on_jobs ON on_jobs.seq = dependencies.on_job
      WHERE dependencies.job = ? AND met = 0 ORDER BY on_jobs.seq`)
    .all(seq) as { id: string; state: JobState; condition: Condition }[];
  const move = decideDependant(unmet.map(({ id, state, condition }) => ({ on: id, state, condition })));
  try {
    const { changes } = db
      .prepare(`
        UPDATE jobs SET state = ?1, reason = ?2, error = ?3, updated_at = ?4
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

/** Once so many jobs of a group are dead, the rest need not be tried. Those that run are left to end. */
function applyMaxFails(db: Database, group: string, now: number): void {
  const row = db.prepare("SELECT max_fails FROM job_groups WHERE id = ?").get(group);
  const maxFails = (row?.["max_fails"] as number | null | undefined) ?? null;
  if (maxFails === null) return;
  const dead = db
    .prepare("SELECT 1 FROM jobs INDEXED BY jobs_by_group WHERE group_id = ? AND state = 'dead' LIMIT ?")
    .all(group, maxFails);
  if (dead.length < maxFails) return;
  db.prepare(`
    UPDATE jobs SET state = 'cancelled', error = ?, updated_at = ?
    WHERE group_id = ? AND state IN ('pending', 'blocked', 'failed')`).run(
    `${maxFails} of "${group}" failed, which is as many as may`,
    now,
    group,
  );
}

/** Lets go on what waits at gates at which something has moved: as many as there is room for, the first in the order. */
function openStirredGates(db: Database): boolean {
  const gates = db
    .prepare("SELECT scope, name, max_running, running FROM gates INDEXED BY gates_stirred WHERE stirred = 1")
    .all() as { scope: string; name: string; max_running: number | null; running: number }[];
  let hasReleased = false;
  for (const { scope, name, max_running: maxRunning, running } of gates) {
    db.prepare("UPDATE gates SET stirred = 0 WHERE scope = ? AND name = ?").run(scope, name);
    const room = maxRunning === null ? Number.MAX_SAFE_INTEGER : maxRunning - running;
    if (room <= 0) continue;
    if (scope === "queue" ? wakeHeldBack(db, name) : unpark(db, `${scope}:${name}`, room)) hasReleased = true;
  }
  return hasReleased;
}

function wakeHeldBack(db: Database, queue: string): boolean {
  const { changes } = db
    .prepare("UPDATE lanes SET asleep_until = NULL, held_back = 0 WHERE queue = ? AND held_back = 1")
    .run(queue);
  return Number(changes) > 0;
}

/**
 * The first parked jobs of each queue: which of the queues will claim first nobody knows, and one that is paused must not
 * keep the others from the room there is. One too many is turned away again by the claim.
 */
function unpark(db: Database, gate: string, room: number): boolean {
  let queue = "";
  let hasReleased = false;
  for (;;) {
    const next = db.prepare(`SELECT min(queue) AS queue FROM ${PARKED} AND queue > ?`).get(gate, queue);
    if (typeof next?.["queue"] !== "string") return hasReleased;
    queue = next["queue"];
    db.prepare(`
      UPDATE jobs SET parked_by = NULL
      WHERE seq IN (SELECT seq FROM ${PARKED} AND queue = ? ORDER BY priority DESC, due_at, seq LIMIT ?)`).run(
      gate,
      queue,
      room,
    );
    hasReleased = true;
  }
}

const PARKED = `jobs INDEXED BY jobs_parked
  WHERE state IN ('pending', 'failed') AND parked_by IS NOT NULL AND parked_by = ?`;
