import type { ExpiredJobs, PrunedOutput, PruneOutputRequest, RemovedJobs } from "../store.ts";
import type { Database } from "./database.ts";
import { forgetEmptied } from "./groups.ts";

/** The last term is the index's own: without it SQLite does not see that the index holds all of them. */
const EXPIRED = `jobs INDEXED BY jobs_by_end
  WHERE state = ? AND updated_at < ? AND state IN ('completed', 'cancelled', 'dead')`;

export async function countExpired(db: Database, { state, before }: ExpiredJobs): Promise<number> {
  const row = await db.read(() => db.prepare(`SELECT count(*) AS jobs FROM ${EXPIRED}`).get(state, before));
  return row?.["jobs"] as number;
}

/**
 * The longest finished first; their executions go with them. One whose dependants have not all been told of its end stays for
 * the next time: with it their condition would go, and they would be free.
 */
export async function removeExpired(
  db: Database,
  { state, before }: ExpiredJobs,
  limit: number,
): Promise<RemovedJobs> {
  return await db.write(() => {
    const jobs = db
      .prepare(`SELECT seq, group_id FROM ${EXPIRED}
          AND NOT EXISTS (
            SELECT 1 FROM unsettled JOIN dependencies ON on_job = unsettled.seq WHERE unsettled.seq = jobs.seq)
        ORDER BY updated_at, seq LIMIT ?`)
      .all(state, before, limit);
    const executions = db.prepare("SELECT token FROM executions WHERE job = ?");
    const remove = db.prepare("DELETE FROM jobs WHERE seq = ?");
    const tokens = jobs.flatMap(({ seq = null }) => {
      const own = executions.all(seq).map((row) => row["token"] as number);
      remove.run(seq);
      return own;
    });
    forgetEmptied(db, new Set(jobs.flatMap((row) => (row["group_id"] as string | null) ?? [])));
    return { jobs: jobs.length, tokens };
  });
}

/** The totals stay: a row that says how much was printed and holds nothing of it was pruned. */
export async function pruneOutput(
  db: Database,
  { before, after, limit }: PruneOutputRequest,
): Promise<PrunedOutput> {
  return await db.write(() => {
    const rows = db
      .prepare(`
        SELECT token, finished_at FROM executions INDEXED BY executions_with_output
        WHERE (stdout IS NOT NULL OR stderr IS NOT NULL) AND finished_at < ? AND (finished_at, token) > (?, ?)
        ORDER BY finished_at, token LIMIT ?`)
      .all(before, after?.finishedAt ?? -1, after?.token ?? 0, limit)
      .map((row) => ({ token: row["token"] as number, finishedAt: row["finished_at"] as number }));
    const prune = db.prepare(`
      UPDATE executions SET stdout = NULL, stderr = NULL, marks = NULL
      WHERE token = ? AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.seq = executions.job AND jobs.state = 'dead')`);
    const tokens = rows.filter(({ token }) => prune.run(token).changes === 1).map(({ token }) => token);
    return { tokens, next: rows.length === limit ? (rows.at(-1) ?? null) : null };
  });
}

export async function findStrayOutput(
  db: Database,
  tokens: readonly number[],
  before: number | null,
): Promise<number[]> {
  const rows = await db.read(() =>
    db
      .prepare(`
        SELECT json_each.value AS token FROM json_each(?)
          LEFT JOIN executions ON executions.token = json_each.value
          LEFT JOIN jobs ON jobs.seq = executions.job
        WHERE executions.token IS NULL OR (executions.finished_at < ? AND jobs.state <> 'dead')`)
      .all(JSON.stringify(tokens), before),
  );
  return rows.map((row) => row["token"] as number);
}

/** Read first: most who ask are told no, and need no lock for that. A turn in the future was taken under a wrong clock. */
export async function takeRetentionTurn(db: Database, now: number, everyMs: number): Promise<boolean> {
  const isDue = "retained_at <= ? OR retained_at > ?";
  const due = await db.read(() => db.prepare(`SELECT 1 FROM store WHERE ${isDue}`).get(now - everyMs, now));
  if (!due) return false;
  return await db.write(() => {
    const { changes } = db
      .prepare(`UPDATE store SET retained_at = ? WHERE ${isDue}`)
      .run(now, now - everyMs, now);
    if (changes === 1) forgetUnused(db);
    return changes === 1;
  });
}

/** What was made by the way for jobs that are gone: groups, the gates of groups and keys, lanes. Queues stay as they were set. */
function forgetUnused(db: Database): void {
  db.exec(`
    DELETE FROM job_groups
    WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.group_id = job_groups.id)
      AND NOT EXISTS (SELECT 1 FROM schedules WHERE schedules.name = job_groups.id);
    DELETE FROM gates WHERE scope = 'group' AND NOT EXISTS (SELECT 1 FROM job_groups WHERE job_groups.id = gates.name);
    DELETE FROM gates WHERE scope = 'key' AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.limit_key = gates.name);
    DELETE FROM lanes WHERE asleep_until IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM counters WHERE counters.queue = lanes.queue AND state IN ('pending', 'failed') AND jobs > 0);`);
}
