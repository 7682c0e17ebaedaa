import { enoughFailed } from "../../domain/group.ts";
import type { Database } from "./database.ts";

/**
 * A group gives up once so many of its jobs are dead as may: what waits is cancelled, what runs is left to end, and what is
 * given back after it is cancelled, too. Triggers count the dead, from none again whenever somebody brings one back.
 */

/** So many are cancelled in one transaction. The others are not started meanwhile: `cancelInVain`. */
const CANCELLED_AT_MOST = 1_000;

/** Cancels what waits in groups that have given up. @returns how many */
export function giveUpStirred(db: Database, now: number): number {
  const groups = db
    .prepare("SELECT id, max_fails FROM job_groups INDEXED BY job_groups_stirred WHERE stirred = 1")
    .all() as { id: string; max_fails: number }[];
  let cancelled = 0;
  for (const { id, max_fails: maxFails } of groups) {
    if (cancelled >= CANCELLED_AT_MOST) break;
    const { changes } = db
      .prepare(`
        UPDATE jobs SET state = 'cancelled', error = ?, updated_at = ?
        WHERE seq IN (
          SELECT seq FROM jobs INDEXED BY jobs_by_group
          WHERE group_id = ? AND state IN ('pending', 'blocked', 'failed') LIMIT ${CANCELLED_AT_MOST})`)
      .run(enoughFailed({ id, maxFails }), now, id);
    cancelled += Number(changes);
    if (Number(changes) < CANCELLED_AT_MOST)
      db.prepare("UPDATE job_groups SET stirred = 0 WHERE id = ?").run(id);
  }
  return cancelled;
}

/** Cancels one that waits, if its group has given up. @returns true when it has */
export function cancelInVain(
  db: Database,
  { seq, group }: { seq: number; group: string | null },
  now: number,
): boolean {
  const maxFails = group === null ? null : reachedBy(db, group);
  if (group === null || maxFails === null) return false;
  db.prepare(`
    UPDATE jobs SET state = 'cancelled', error = ?, updated_at = ?
    WHERE seq = ? AND state IN ('pending', 'blocked', 'failed')`).run(
    enoughFailed({ id: group, maxFails }),
    now,
    seq,
  );
  return true;
}

export function hasGivenUp(db: Database, group: string | null): boolean {
  return group !== null && reachedBy(db, group) !== null;
}

/** How many failures a group bears, when there were so many. */
function reachedBy(db: Database, group: string): number | null {
  const row = db.prepare("SELECT max_fails FROM job_groups WHERE id = ? AND fails >= max_fails").get(group);
  return (row?.["max_fails"] as number | undefined) ?? null;
}
