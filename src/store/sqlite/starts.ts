import type { Rate } from "../../domain/gate.ts";
import { boundForgotten } from "../../domain/rate.ts";
import type { Database } from "./database.ts";

/**
 * The starts of a queue with a rate: the times of the newest, as many as its rate counts, or counted before it was lowered;
 * numbered from when it was given one.
 */
export function recordStart(db: Database, queue: string, now: number): void {
  const row = db
    .prepare(`
      UPDATE gates SET started = started + 1
      WHERE scope = 'queue' AND name = ? AND rate_starts IS NOT NULL
      RETURNING started, max(rate_starts, coalesce(starts_kept, 0)) AS kept`)
    .get(queue) as { started: number; kept: number } | undefined;
  if (row === undefined) return;
  db.prepare("INSERT INTO gate_starts (queue, number, at) VALUES (?, ?, ?)").run(queue, row.started, now);
  db.prepare("DELETE FROM gate_starts WHERE queue = ? AND number <= ?").run(queue, row.started - row.kept);
}

/** Gives a queue a rate, another rate, or none. What started under the old rate counts for the new one. */
export function changeRate(db: Database, queue: string, rate: Rate | null): void {
  if (rate === null) {
    db.prepare("DELETE FROM gate_starts WHERE queue = ?").run(queue);
    db.prepare(`
      UPDATE gates SET rate_starts = NULL, rate_period_ms = NULL, started = 0, starts_kept = NULL
      WHERE scope = 'queue' AND name = ?`).run(queue);
    return;
  }
  noteForgotten(db, queue, rate);
  db.prepare(`
    UPDATE gates SET rate_starts = ?1, rate_period_ms = ?2, starts_kept = max(coalesce(starts_kept, 0), ?1)
    WHERE scope = 'queue' AND name = ?3`).run(rate.starts, rate.periodMs, queue);
}

/** Where the new rate counts more starts than are kept, and there were more: it gets the latest that they can have been. */
function noteForgotten(db: Database, queue: string, { starts }: Rate): void {
  const was = db
    .prepare(`
      SELECT started, starts_kept, rate_starts AS starts, rate_period_ms AS periodMs FROM gates
      WHERE scope = 'queue' AND name = ? AND rate_starts IS NOT NULL`)
    .get(queue) as ({ started: number; starts_kept: number | null } & Rate) | undefined;
  if (was === undefined || was.started <= (was.starts_kept ?? was.starts)) return;
  const kept = db
    .prepare("SELECT at FROM gate_starts WHERE queue = ? ORDER BY number")
    .all(queue)
    .map((row) => row["at"] as number);
  // Fewer than it counts: none was forgotten. What an older queuectl had set anew began to count without a reset.
  if (kept.length < was.starts) return;
  const count = Math.min(starts, was.started);
  const insert = db.prepare("INSERT INTO gate_starts (queue, number, at) VALUES (?, ?, ?)");
  for (const [index, at] of boundForgotten(kept, was, count).slice(0, -kept.length).entries())
    insert.run(queue, was.started - count + 1 + index, at);
}
