import { QueuectlError } from "../../domain/errors.ts";
import { newPlace, type PoolPlace, placeClaimed, placeTaken } from "../../domain/pool.ts";
import type { PoolMembership } from "../store.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";

/** How many dead members of a pool are still shown: one that cannot live must not fill the table. */
const DEAD_SHOWN = 20;

/**
 * The right to start a replacement. Two siblings see the same death; the place's opening time, moved in the same
 * transaction in which it was found to have come, lets one of them pass. Whoever was asked to stop starts nobody.
 */
export async function claimReplacement(
  db: Database,
  clock: Clock,
  claim: { dead: string; by: string },
): Promise<boolean> {
  return await db.write(() => {
    const row = db
      .prepare(`
        SELECT dead.place_failures, dead.place_opens_at FROM workers AS dead JOIN workers AS sibling USING (pool)
        WHERE dead.id = ? AND dead.state = 'dead' AND dead.holds_place = 1
          AND sibling.id = ? AND sibling.state = 'running' AND sibling.stop_requested = 0`)
      .get(claim.dead, claim.by);
    const place = row && placeClaimed(toPlace(row), clock.monotonicMs());
    if (!place) return false;
    db.prepare("UPDATE workers SET place_failures = ?, place_opens_at = ? WHERE id = ?").run(
      place.failures,
      place.opensAtMs,
      claim.dead,
    );
    return true;
  });
}

/**
 * Gives a worker that registers its place, within that transaction. A predecessor's place is handed over once, and not
 * at all after a stop: a replacement that was started just before it ends here.
 */
export function joinPool(db: Database, worker: string, pool: PoolMembership, nowMs: number): void {
  const place = pool.inPlaceOf === null ? newPlace(nowMs) : takeOver(db, pool.id, pool.inPlaceOf, nowMs);
  db.prepare(
    "UPDATE workers SET pool = ?, holds_place = 1, place_failures = ?, place_opens_at = ? WHERE id = ?",
  ).run(pool.id, place.failures, place.opensAtMs, worker);
  db.prepare(`
    DELETE FROM workers WHERE id IN (
      SELECT id FROM workers
      WHERE pool = ? AND state = 'dead' AND holds_place = 0
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.state = 'processing' AND jobs.worker = workers.id)
      ORDER BY started_at DESC LIMIT -1 OFFSET ?)`).run(pool.id, DEAD_SHOWN);
}

function takeOver(db: Database, pool: string, predecessor: string, nowMs: number): PoolPlace {
  const row = db
    .prepare(`
      UPDATE workers SET holds_place = 0 WHERE id = ? AND pool = ? AND state = 'dead' AND holds_place = 1
      RETURNING place_failures, place_opens_at`)
    .get(predecessor, pool);
  if (row) return placeTaken(toPlace(row), nowMs);
  throw new QueuectlError(
    "place_taken",
    `The place of worker ${predecessor} in its pool is taken, or the pool was stopped`,
    { hint: "Nothing is wrong: this worker is not needed." },
  );
}

function toPlace(row: Record<string, unknown>): PoolPlace {
  return { failures: row["place_failures"] as number, opensAtMs: row["place_opens_at"] as number };
}
