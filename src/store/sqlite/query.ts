import { countsOf, type Job, type JobState } from "../../domain/job.ts";
import type { OutcomeKind } from "../../domain/outcome.ts";
import type { Activity, CapturedStream, ExecutionRecord, JobFilter, OutputMark } from "../store.ts";
import type { Database } from "./database.ts";
import { JOB_COLUMNS, type Row, readJson, toJob } from "./rows.ts";

export async function getJob(db: Database, id: string): Promise<Job | undefined> {
  const row = await db.read(() => db.prepare(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`).get(id));
  return row && toJob(row);
}

/** A range over the unique index: `substr` or LIKE would read every job. */
export async function findIds(db: Database, prefix: string, limit: number): Promise<string[]> {
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const rows = await db.read(() =>
    db
      .prepare("SELECT id, seq FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?")
      .all(prefix, end, limit),
  );
  return rows.sort((a, b) => (a["seq"] as number) - (b["seq"] as number)).map((row) => row["id"] as string);
}

const PAGE = 500;

/**
 * So many arrival numbers one query goes over when it looks for jobs of some queues, which no index has in order of arrival:
 * one for that alone would make each job dearer. However rare they are, no read is long.
 */
const SPAN = 20_000;

/** Page after page by arrival number: no long read transaction that would keep the WAL from being reset. */
export async function* listJobs(db: Database, filter: JobFilter = {}): AsyncGenerator<Job, void, undefined> {
  const first = filter.seqs?.first ?? 1;
  const last = filter.seqs?.last ?? Number.MAX_SAFE_INTEGER;
  let left = filter.newest ?? Number.MAX_SAFE_INTEGER;
  const found = listed(filter);
  if (filter.queues && (await countAtMost(db, filter)) === 0) return;
  let after = Math.max(first - 1, await beforeNewest(db, filter, last));
  const page = `SELECT ${JOB_COLUMNS} FROM ${found.rows} seq > ? AND seq <= ? ${found.among} ORDER BY seq LIMIT ?`;
  while (left > 0) {
    const limit = Math.min(PAGE, left);
    const end = filter.queues ? Math.min(last, after + SPAN) : last;
    const rows = await db.read(
      () => db.prepare(page).all(...found.values, after, end, ...found.queues, limit) as Row[],
    );
    for (const row of rows) yield toJob(row);
    left -= rows.length;
    const next = rows.length < limit ? await nextAfter(db, filter, end, last) : undefined;
    if (next === null) return;
    after = next === undefined ? (rows.at(-1)?.["seq"] as number) : next - 1;
  }
}

/**
 * The rows that a filter is about, up to the last condition, with an index that has them in order of arrival; `among`: which
 * of them it is about.
 */
function listed({ state, group, queues }: JobFilter): {
  rows: string;
  values: string[];
  among: string;
  queues: string[];
} {
  const among = queues ? "AND queue IN (SELECT value FROM json_each(?))" : "";
  const rest = { among, queues: queues ? [JSON.stringify(queues)] : [] };
  if (group !== undefined)
    return state === undefined
      ? { rows: "jobs INDEXED BY jobs_of_group WHERE group_id = ? AND", values: [group], ...rest }
      : {
          rows: "jobs INDEXED BY jobs_by_group WHERE group_id = ? AND state = ? AND",
          values: [group, state],
          ...rest,
        };
  return state === undefined
    ? { rows: "jobs WHERE", values: [], ...rest }
    : { rows: "jobs INDEXED BY jobs_by_state WHERE state = ? AND", values: [state], ...rest };
}

/** How many jobs of its queues a filter may find at most. */
async function countAtMost(db: Database, { queues, state }: JobFilter): Promise<number> {
  const byState = await counts(db, queues ?? null);
  return state === undefined ? Object.values(byState).reduce((sum, count) => sum + count, 0) : byState[state];
}

/** Beyond a stretch that was looked through: where the next row is that may be meant; null when there is none. */
async function nextAfter(db: Database, filter: JobFilter, end: number, last: number): Promise<number | null> {
  if (!filter.queues) return null;
  const { rows, values } = listed(filter);
  const sql = `SELECT min(seq) AS seq FROM ${rows} seq > ? AND seq <= ?`;
  const row = await db.read(() => db.prepare(sql).get(...values, end, last));
  return (row?.["seq"] as number | null | undefined) ?? null;
}

/** The arrival number just before the newest so many up to `last`; 0 when there are fewer. */
async function beforeNewest(db: Database, filter: JobFilter, last: number): Promise<number> {
  if (filter.newest === undefined) return 0;
  if (filter.queues) return await beforeNewestOfQueues(db, filter, last);
  const { rows, values } = listed(filter);
  const sql = `SELECT seq FROM ${rows} seq <= ? ORDER BY seq DESC LIMIT 1 OFFSET ?`;
  const row = await db.read(() => db.prepare(sql).get(...values, last, filter.newest ?? 0));
  return row ? (row["seq"] as number) : 0;
}

/** The same backwards, stretch by stretch. */
async function beforeNewestOfQueues(db: Database, filter: JobFilter, last: number): Promise<number> {
  let left = filter.newest ?? 0;
  if ((await countAtMost(db, filter)) <= left) return 0;
  const { rows, values, among, queues } = listed(filter);
  const top = `SELECT max(seq) AS seq FROM ${rows} seq <= ?`;
  const stretch = `SELECT seq FROM ${rows} seq > ? AND seq <= ? ${among} ORDER BY seq DESC LIMIT ?`;
  for (let below = last; left > 0; ) {
    const end = (await db.read(() => db.prepare(top).get(...values, below)))?.["seq"];
    if (typeof end !== "number") break;
    below = end - SPAN;
    const seqs = await db.read(() => db.prepare(stretch).all(...values, below, end, ...queues, left));
    left -= seqs.length;
    if (left === 0) return (seqs.at(-1)?.["seq"] as number) - 1;
  }
  return 0;
}

export async function listExecutions(db: Database, seq: number): Promise<ExecutionRecord[]> {
  const rows = await db.read(
    () =>
      db
        .prepare(`
          SELECT token, number, worker, started_at, finished_at, duration_ms, outcome, exit_code, signal, error,
                 late_outcome, late_at, cpu_ms, max_rss_kb, stdout_bytes, stderr_bytes, output_limit, marks, stdout,
                 stderr
          FROM executions WHERE job = ? ORDER BY number`)
        .all(seq) as Row[],
  );
  return rows.map(toExecution);
}

export async function counts(
  db: Database,
  queues: readonly string[] | null,
): Promise<Record<JobState, number>> {
  const rows = await db.read(() => db.prepare("SELECT queue, state, jobs FROM counters").all() as Row[]);
  const wanted = queues === null ? rows : rows.filter((row) => queues.includes(row["queue"] as string));
  return countsOf((state) =>
    wanted.filter((row) => row["state"] === state).reduce((total, row) => total + (row["jobs"] as number), 0),
  );
}

export async function activity(db: Database, now: number): Promise<Activity> {
  return await db.read(() => {
    const oldest = db
      .prepare(`
        SELECT due_at FROM jobs INDEXED BY jobs_due
        WHERE state = 'pending' AND due_at <= ? ORDER BY due_at LIMIT 1`)
      .get(now);
    const finishedWithin = (seconds: number) =>
      db
        .prepare("SELECT coalesce(sum(finished), 0) AS finished FROM throughput WHERE second > ?")
        .get(Math.floor(now / 1_000) - seconds)?.["finished"] as number;
    return {
      oldestPendingAt: oldest ? (oldest["due_at"] as number) : null,
      finishedLastMinute: finishedWithin(60),
      finishedLastHour: finishedWithin(3_600),
    };
  });
}

function toExecution(row: Row): ExecutionRecord {
  const outcome = row["outcome"] as OutcomeKind | null;
  return {
    token: row["token"] as number,
    number: row["number"] as number,
    worker: row["worker"] as string,
    startedAt: row["started_at"] as number,
    finishedAt: row["finished_at"] as number | null,
    durationMs: row["duration_ms"] as number | null,
    outcome,
    exitCode: row["exit_code"] as number | null,
    signal: row["signal"] as string | null,
    error: row["error"] as string | null,
    late:
      row["late_outcome"] === null
        ? null
        : { outcome: row["late_outcome"] as OutcomeKind, at: row["late_at"] as number },
    usage:
      row["cpu_ms"] === null
        ? null
        : { cpuMs: row["cpu_ms"] as number, maxRssKb: row["max_rss_kb"] as number },
    outputLimitBytes: row["output_limit"] as number,
    output:
      row["stdout_bytes"] === null
        ? null
        : {
            stdout: toStream(row, "stdout"),
            stderr: toStream(row, "stderr"),
            marks: toMarks(row),
          },
  };
}

function toStream(row: Row, name: "stdout" | "stderr"): CapturedStream {
  return {
    tail: (row[name] as Uint8Array | null) ?? new Uint8Array(),
    totalBytes: row[`${name}_bytes`] as number,
  };
}

function toMarks(row: Row): OutputMark[] {
  const marks = readJson<[OutputMark["stream"], number, number][] | null>(row, "marks") ?? [];
  return marks.map(([stream, offset, at]) => ({ stream, offset, at }));
}
