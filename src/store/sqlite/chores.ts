import type { Database } from "./database.ts";
import { EXPIRING } from "./expire.ts";
import { HAS_TO_SETTLE } from "./settle.ts";

/** What a claim has to see to before it picks. */
export interface Chores {
  /**
   * A worker that was declared dead, or never registered, may hold nothing: nobody would take its jobs back. One that runs
   * a suspect holds enough.
   */
  mayClaim: boolean;
  /** Something has changed of which it has not been decided what follows. */
  isUnsettled: boolean;
  hasSuspects: boolean;
  /** When the first job expires, the first lane wakes, the first rate lets go on whom it holds back; infinity for never. */
  expiryAt: number;
  wakingAt: number;
  openingAt: number;
}

/** One statement, a seek in an index for each question: as a rule there is nothing of all this. */
export function readChores(db: Database, worker: string): Chores {
  const row = db.prepare(CHORES).get(worker) as Record<string, number | null>;
  return {
    mayClaim: row["may_claim"] === 1,
    isUnsettled: row["is_unsettled"] === 1,
    hasSuspects: row["has_suspects"] === 1,
    expiryAt: row["expiry_at"] ?? Number.POSITIVE_INFINITY,
    wakingAt: row["waking_at"] ?? Number.POSITIVE_INFINITY,
    openingAt: row["opening_at"] ?? Number.POSITIVE_INFINITY,
  };
}

const CHORES = `
  SELECT
    EXISTS (
      SELECT 1 FROM workers WHERE id = ? AND state = 'running' AND NOT EXISTS (
        SELECT 1 FROM jobs INDEXED BY jobs_suspect_held
        WHERE jobs.worker = workers.id AND jobs.state = 'processing' AND jobs.suspicion IS NOT NULL)) AS may_claim,
    ${HAS_TO_SETTLE} AS is_unsettled,
    EXISTS (
      SELECT 1 FROM jobs INDEXED BY jobs_suspect
      WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL) AS has_suspects,
    (SELECT min(expires_at) FROM ${EXPIRING}) AS expiry_at,
    (SELECT min(asleep_until) FROM lanes INDEXED BY lanes_asleep WHERE asleep_until IS NOT NULL) AS waking_at,
    (SELECT min(opens_at) FROM gates INDEXED BY gates_opening WHERE opens_at IS NOT NULL) AS opening_at`;
