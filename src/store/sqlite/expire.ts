import { describeExpiry } from "../../domain/expiry.ts";
import type { Database } from "./database.ts";
import type { Row } from "./rows.ts";

/** One claim ends no more than so many; it asks to be called again. */
const EXPIRED_AT_MOST = 500;

/** Those that may expire, in an index of their own. */
export const EXPIRING: string = `jobs INDEXED BY jobs_expiring
  WHERE expires_at IS NOT NULL AND executions = 0 AND state IN ('pending', 'blocked')`;

/**
 * Ends the jobs that were not started in time, whatever they stand before.
 * @returns true when there may be more
 */
export function expireJobs(db: Database, now: number): boolean {
  const expired = db
    .prepare(
      `SELECT seq, expires_at FROM ${EXPIRING} AND expires_at <= ? ORDER BY expires_at LIMIT ${EXPIRED_AT_MOST}`,
    )
    .all(now);
  for (const row of expired) endExpired(db, row, now);
  return expired.length === EXPIRED_AT_MOST;
}

/** Ends one that was not started in time; a row with seq and expires_at. */
export function endExpired(db: Database, row: Row, now: number): void {
  db.prepare(
    "UPDATE jobs SET state = 'dead', reason = 'expired', error = ?, updated_at = ? WHERE seq = ?",
  ).run(describeExpiry(row["expires_at"] as number), now, row["seq"] as number);
}

export function nextExpiry(db: Database): number | null {
  const row = db.prepare(`SELECT min(expires_at) AS at FROM ${EXPIRING}`).get();
  return (row?.["at"] as number | null | undefined) ?? null;
}
